"""The questions asked before something is done for a customer; each says what will happen."""

from datetime import date, timedelta

import streamlit as st

from dashboard import access, actions, ui, words
from storage.health import span
from storage.ledger.requests import Kind
from storage.reads import Customer

PAGE = 100
WINDOW_SECONDS = 10
DAYS_OFFERED = 30


def _close(kind: Kind, *, is_new: bool) -> None:
    if not is_new:
        st.toast(words.ALREADY_OPEN.format(kind=words.KINDS[kind]))
    st.rerun()


@st.dialog("Run a test sync", icon=":material/science:")
def test_sync(customer: Customer) -> None:
    st.markdown(words.TEST_SYNC_DIALOG.format(name=ui.plain(customer.name)))
    if st.button("Run test sync", type="primary", key="do_test_sync", icon=":material/play_arrow:"):
        _close(Kind.TEST_SYNC, is_new=actions.test_sync(customer.account_id))


@st.dialog("Backfill", icon=":material/history:")
def backfill(customer: Customer) -> None:
    st.markdown(words.BACKFILL_DIALOG.format(name=ui.plain(customer.name)))
    everything = st.segmented_control(
        "What to read",
        [words.BACKFILL_ALL, words.BACKFILL_SINCE],
        default=words.BACKFILL_ALL,
        required=True,
        key="backfill_what",
    )
    since = None if everything == words.BACKFILL_ALL else _since()
    st.caption(_cost(customer, is_part=since is not None))
    if st.button("Start backfill", type="primary", key="do_backfill", icon=":material/play_arrow:"):
        _close(Kind.BACKFILL, is_new=actions.backfill(customer.account_id, since))


def _since() -> date:
    today = access.now().date()
    return st.date_input(
        "Candidates created since",
        value=today - timedelta(days=DAYS_OFFERED),
        max_value=today,
        format="YYYY-MM-DD",
        key="backfill_since",
    )


def _cost(customer: Customer, *, is_part: bool) -> str:
    if not customer.candidates or not customer.rate_allowed:
        return words.BACKFILL_COST_UNKNOWN
    requests = -(-customer.candidates // PAGE) + customer.jobs
    time = span(max(WINDOW_SECONDS, requests / customer.rate_allowed * WINDOW_SECONDS))
    sentence = words.BACKFILL_COST_SINCE if is_part else words.BACKFILL_COST
    return sentence.format(requests=requests, time=time)


@st.dialog("Confirm deletions", icon=":material/delete_sweep:")
def confirm_deletions(customer: Customer) -> None:
    st.markdown(words.CONFIRM_DELETIONS_DIALOG.format(name=ui.plain(customer.name)))
    if st.button("They are really gone", type="primary", key="do_confirm", icon=":material/check:"):
        _close(Kind.CONFIRM_DELETIONS, is_new=actions.confirm_deletions(customer.account_id))


@st.dialog("Revoke token", icon=":material/key_off:")
def revoke(customer: Customer) -> None:
    title = words.REVOKE_TITLE.format(name=ui.plain(customer.name))
    st.error(words.REVOKE_DIALOG, title=title, icon=":material/warning:")
    st.markdown(words.REVOKE_LAST_STEP)
    label = words.REVOKE_CONFIRM.format(account=customer.account_id)
    typed = st.text_input(label, key="revoke_typed", live=True, autocomplete="off")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep token", key="keep_token"):
            st.rerun()
        may = (typed or "").strip() == customer.account_id
        if st.button(
            "Revoke token", type="primary", disabled=not may, key="do_revoke", icon=":material/key_off:"
        ):
            _close(Kind.REVOKE, is_new=actions.revoke(customer.account_id, typed or ""))
