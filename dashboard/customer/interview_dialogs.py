"""The questions asked before anything is done about invites, pushes and the team; each says what happens."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import access, actions, ui, words
from dashboard import interview_words as told
from dashboard.customer import outcome
from storage import reads
from storage.interview_reads import InviteRow, Push
from storage.ledger.outbox import EffectKind
from storage.ledger.requests import Kind
from storage.reads import Customer

Done = tuple[list[str], list[str]]


def _filed(kind: Kind, *, is_new: bool) -> None:
    if not is_new:
        st.toast(words.ALREADY_OPEN.format(kind=words.KINDS[kind]))
    st.rerun()


def _act(place: str, act: Callable[[], Done]) -> None:
    outcome.keep(place, *act())
    st.rerun()


@st.dialog("Cancel invite", icon=":material/event_busy:")
def cancel(place: str, invite: InviteRow, job: str) -> None:
    st.markdown(told.CANCEL_DIALOG.format(candidate=ui.plain(invite.candidate_id), job=ui.plain(job)))
    if st.button("Cancel the interview", type="primary", key="do_cancel"):
        _act(place, lambda: actions.cancel_invite(invite.invite_id))


@st.dialog("Send the invite", icon=":material/send:")
def approve(place: str, invite: InviteRow, job: str) -> None:
    """Only for an invite that waits for a person, or that failed."""
    st.markdown(told.APPROVE_DIALOG.format(candidate=ui.plain(invite.candidate_id), job=ui.plain(job)))
    if invite.problem:
        st.caption(ui.plain(invite.problem))
    if st.button("Send it", type="primary", key="do_send") and invite.asks is not None:
        push = invite.asks
        _act(place, lambda: actions.retry([push]))


@st.dialog("Invite again", icon=":material/forward_to_inbox:")
def reinvite(account_id: str, candidate_id: str) -> None:
    st.markdown(told.REINVITE_DIALOG.format(candidate=ui.plain(candidate_id)))
    if st.button("Send a new invite", type="primary", key="do_reinvite"):
        _filed(Kind.REINVITE, is_new=actions.reinvite(account_id, candidate_id))


@st.dialog("Try again", icon=":material/refresh:")
def retry(place: str, chosen: Sequence[Push]) -> None:
    st.markdown(told.RETRY_DIALOG.format(count=told.pushes_are(len(chosen))))
    if any(push.kind == EffectKind.INVITE for push in chosen):
        st.markdown(told.RETRY_INVITES)
    st.markdown(_named(chosen))
    if st.button("Try again", type="primary", key="do_retry"):
        _act(place, lambda: actions.retry([push.effect_id for push in chosen]))


@st.dialog("Drop", icon=":material/delete:")
def drop(place: str, chosen: Sequence[Push]) -> None:
    st.markdown(told.DROP_DIALOG.format(count=told.pushes_are(len(chosen))))
    st.markdown(_named(chosen))
    if st.button("Drop", type="primary", key="do_drop"):
        _act(place, lambda: actions.drop([push.effect_id for push in chosen]))


def _named(chosen: Sequence[Push]) -> str:
    shown = [
        f"- {told.push(push.kind)} · `{ui.plain(push.candidate_id or push.mark)}`" for push in chosen[:8]
    ]
    more = [f"- {words.MORE_NOTICES.format(count=len(chosen) - 8)}"] * (len(chosen) > 8)
    return "\n".join(shown + more)


@st.dialog("Check what was written", icon=":material/fact_check:")
def verify(customer: Customer) -> None:
    st.markdown(told.VERIFY_DIALOG.format(name=ui.plain(customer.name)))
    if st.button("Check now", type="primary", key="do_verify", icon=":material/play_arrow:"):
        _filed(Kind.VERIFY, is_new=actions.verify(customer.account_id))


@st.dialog("Write a sample note", icon=":material/sticky_note_2:")
def sample_card(customer: Customer) -> None:
    """Nothing is chosen beforehand: a note on a real candidate is for a person to decide."""
    st.markdown(told.CARD_DIALOG)
    with access.ledger().read() as tx:
        samples = reads.sample_candidates(tx, customer.account_id)
    picked = None
    if samples:
        picked = st.selectbox(
            told.CARD_CANDIDATE,
            list(samples),
            index=None,
            format_func=lambda one: f"{one} · {samples[one]}",
            placeholder=told.CARD_PLACEHOLDER,
            key="card_sample",
        )
    else:
        st.caption(told.CARD_NO_SAMPLES)
    typed = st.text_input(
        told.CARD_OTHER, key="card_other", live=True, autocomplete="off", help=told.CARD_AGREED
    )
    candidate_id = (typed or "").strip().casefold() or picked
    if st.button("Write the note", type="primary", key="do_card", disabled=not candidate_id) and candidate_id:
        _filed(Kind.SAMPLE_CARD, is_new=actions.sample_card(customer.account_id, candidate_id))


@st.dialog("Give access to the platform", icon=":material/group_add:")
def provision(customer: Customer, *, recruiters: bool) -> None:
    st.markdown(told.PROVISION_DIALOG.format(name=ui.plain(customer.name)))
    st.markdown(told.RECRUITERS_GET_IT if recruiters else told.RECRUITERS_DO_NOT)
    if st.button("Give access", type="primary", key="do_provision"):
        _filed(Kind.PROVISION, is_new=actions.provision(customer.account_id, recruiters=recruiters))
