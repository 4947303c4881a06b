"""Which stage starts an interview and how it goes: the account's default, and jobs that differ from it."""

import zlib
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import access, rules, stages, ui, words
from dashboard import interview_words as told
from dashboard.customer import particulars
from dashboard.customer.particulars import Drafts
from dashboard.rules import Known
from dashboard.ui import Columns
from storage import interview_reads
from storage.ledger.mappings import DEFAULT, MappingProblem

ROW_HEIGHT = 36
ROWS_WITHOUT_SCROLLING = 14
NOTICES = 4


@st.fragment
def show(account_id: str) -> None:
    with access.explained():
        with access.ledger().read() as tx:
            found, known = stages.load(tx, account_id), rules.load(tx, account_id)
        if not found.stages:
            st.caption(words.NO_STAGES_YET)
            return
        draft, drafts = _draft(account_id), _drafts(account_id)
        _forget_saved(found, known, draft, drafts)
        _notices(found, known)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _default(account_id, found, draft)
            jobs = _chosen_jobs(found)
        _editor(account_id, found, jobs, draft)
        chosen = stages.with_own_stage(found, draft)
        particulars.show(account_id, found, known, drafts, chosen=chosen, revision=_revision(account_id))
        _reach(account_id, found, draft, drafts)
        _buttons(account_id, found, draft, drafts)
        _history(account_id, known)


def _draft(account_id: str) -> dict[str, str]:
    """What was chosen and not saved, by job ('' the default); it survives filters, tabs and pages."""
    drafts: dict[str, dict[str, str]] = st.session_state.setdefault("mapping_drafts", {})
    return drafts.setdefault(account_id, {})


def _drafts(account_id: str) -> Drafts:
    """The same for how interviews go: what was changed, by job."""
    drafts: dict[str, Drafts] = st.session_state.setdefault("rule_drafts", {})
    return drafts.setdefault(account_id, {})


def _forget_saved(found: stages.Pipelines, known: Known, draft: dict[str, str], drafts: Drafts) -> None:
    for shortcode in [s for s, choice in draft.items() if choice == stages.saved_choice(found, s)]:
        del draft[shortcode]
    own = {DEFAULT, *stages.with_own_stage(found, draft)}
    for job in list(drafts):
        pipeline = found.stages.get(job, []) or found.stages.get(DEFAULT, [])
        rules.forget_saved(drafts[job], rules.saved(known, job, pipeline))
        if job not in own or not drafts[job]:
            del drafts[job]


def _notices(found: stages.Pipelines, known: Known) -> None:
    st.caption(words.MAPPING_INTRO)
    titles = {job["shortcode"]: words.job_title(job) for job in found.jobs}
    notices = stages.notices(found) + rules.notices(known, titles)
    if trouble := [notice.sentence for notice in notices if notice.is_trouble]:
        st.warning(_listed(trouble), icon=":material/link_off:")
    if news := [notice.sentence for notice in notices if not notice.is_trouble]:
        st.info(_listed(news), icon=":material/edit_note:")


def _listed(sentences: list[str]) -> str:
    """A paragraph each, and no more than a few: the table marks every one."""
    shown = [ui.plain(sentence) for sentence in sentences[:NOTICES]]
    if len(sentences) > NOTICES:
        shown.append(words.MORE_NOTICES.format(count=len(sentences) - NOTICES))
    return "\n\n".join(shown)


def _default(account_id: str, found: stages.Pipelines, draft: dict[str, str]) -> None:
    saved = stages.saved_choice(found, DEFAULT)
    known = [stages.NOBODY, *stages.labels(found.stages.get(DEFAULT, []))]
    choices = known if saved in known else [*known, saved]
    chosen = draft.get(DEFAULT, saved)
    key = f"default_{account_id}_{_revision(account_id)}"

    def keep() -> None:
        draft[DEFAULT] = st.session_state[key]

    st.selectbox(
        words.DEFAULT_LABEL,
        choices,
        index=choices.index(chosen) if chosen in choices else 0,
        key=key,
        on_change=keep,
        width=360,
    )


def _chosen_jobs(found: stages.Pipelines) -> list[dict[str, Any]]:
    text = st.text_input(
        "Find a job", key="mapping_search", type="search", live="250ms", placeholder="Job title", width=220
    )
    others = st.toggle("Draft and archived jobs", key="mapping_others")
    return [
        job
        for job in found.jobs
        if (others or job["state"] in stages.LIVE) and (text or "").casefold() in job["title"].casefold()
    ]


def _revision(account_id: str) -> int:
    """Grows when the draft is saved or dropped: a new key makes the editor and the select box begin anew."""
    return int(st.session_state.get(f"mapping_revision_{account_id}", 0))


def _editor(
    account_id: str, found: stages.Pipelines, jobs: list[dict[str, Any]], draft: dict[str, str]
) -> None:
    if not jobs:
        st.caption(words.NO_JOBS if not found.jobs else "No job matches.")
        return
    codes = [job["shortcode"] for job in jobs]
    # Edits are kept by position, so other rows need another key; the same rows must keep theirs.
    shown = zlib.crc32("|".join(codes).encode())
    key = f"mapping_{account_id}_{shown:x}_{_revision(account_id)}"

    def keep() -> None:
        for row, edit in st.session_state[key]["edited_rows"].items():
            if edit.get("choice"):
                draft[codes[row]] = edit["choice"]

    st.data_editor(
        _frame(found, jobs, draft),
        key=key,
        on_change=keep,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height="content" if len(jobs) <= ROWS_WITHOUT_SCROLLING else ROW_HEIGHT * 15,
        placeholder=words.NOTHING,
        alt="The stage of each job that starts an interview",
        disabled=["title", "rule", "department", "candidates"],
        column_config=_columns(found, codes, draft),
    )


def _frame(found: stages.Pipelines, jobs: list[dict[str, Any]], draft: dict[str, str]) -> pd.DataFrame:
    lacking = set(stages.without_default(found))
    rows = []
    for job in jobs:
        code = job["shortcode"]
        choice = draft.get(code) or stages.saved_choice(found, code)
        rows.append(
            {
                "title": words.job_title(job),
                "choice": choice,
                "rule": _rules(found, code, draft, is_lacking=code in lacking),
                "department": job["department"],
                "candidates": job["candidates"],
            }
        )
    return pd.DataFrame(rows)


def _rules(found: stages.Pipelines, code: str, draft: dict[str, str], *, is_lacking: bool) -> list[str]:
    if code in draft:
        return [words.RULE_UNSAVED]
    if stages.is_gone(found, code):
        return [words.RULE_GONE]
    if is_lacking:
        return [words.RULE_MISSING]
    return [words.RULE_OVERRIDE] if code in found.saved else []


def _columns(found: stages.Pipelines, codes: list[str], draft: dict[str, str]) -> Columns:
    c = st.column_config
    default = draft.get(DEFAULT) or stages.saved_choice(found, DEFAULT)
    follows = words.FOLLOWS.format(stage=words.NOT_CHOSEN if default == stages.NOBODY else default)
    rules = [words.RULE_OVERRIDE, words.RULE_UNSAVED, words.RULE_GONE, words.RULE_MISSING]
    return {
        "title": c.TextColumn("Job", width=300),
        "choice": c.SelectboxColumn(
            "Interview starts at",
            options=stages.options(found, codes),
            required=True,
            width=280,
            format_func=lambda choice: follows if choice == stages.FOLLOW else str(choice),
        ),
        "rule": c.MultiselectColumn(
            "Rule", options=rules, color=["violet", "orange", "red", "red"], width=120
        ),
        "department": c.TextColumn("Department", width=140),
        "candidates": c.NumberColumn("Candidates", format="localized", width=100),
    }


def _reach(account_id: str, found: stages.Pipelines, draft: dict[str, str], drafts: Drafts) -> None:
    """Before it is saved: whom it concerns."""
    sentences = []
    now = access.now()
    with access.ledger().read() as tx:
        for job, choice in sorted(draft.items())[:NOTICES]:
            where = told.where(job, found.title(job))
            if choice in (stages.FOLLOW, stages.NOBODY):
                kind = told.FOLLOWS_AGAIN if choice == stages.FOLLOW else told.STOPS
                sentences.append(kind.format(where=where[:1].upper() + where[1:]))
                continue
            name = stages.stage_name(found, job, choice)
            reach = interview_reads.reach(tx, account_id, job, name, now)
            sentences.append(told.reach(reach, name, job, found.title(job)))
    if len(draft) > NOTICES:
        sentences.append(words.MORE_NOTICES.format(count=len(draft) - NOTICES))
    if any(drafts.values()):
        sentences.append(told.COUNTS_FROM_SAVING)
    if sentences:
        st.info("\n\n".join(map(ui.plain, sentences)), icon=":material/groups:")


def _buttons(account_id: str, found: stages.Pipelines, draft: dict[str, str], drafts: Drafts) -> None:
    problem = st.session_state.pop(f"mapping_problem_{account_id}", None)
    if problem:
        st.error(ui.plain(problem), icon=":material/error:")
    count = len(draft) + sum(map(len, drafts.values()))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Save {words.plural(count, 'change')}" if count else "Save",
            type="primary",
            disabled=not count,
            on_click=_save,
            args=(account_id, found),
            key="save_mapping",
        )
        st.button(
            "Discard",
            disabled=not count,
            on_click=_begin_anew,
            args=(account_id,),
            key="discard_mapping",
            type="tertiary",
        )
        st.caption(_summary(account_id, found, is_changed=count > 0))


def _summary(account_id: str, found: stages.Pipelines, *, is_changed: bool) -> str:
    if is_changed:
        return "Nothing is saved yet."
    own = sum(1 for job in found.jobs if job["shortcode"] in found.saved)
    counted = f"{own} of {words.plural(len(found.jobs), 'job')} with a stage of their own."
    return f"{words.SAVED} {counted}" if _revision(account_id) else counted


def _history(account_id: str, known: Known) -> None:
    shown = st.expander(
        told.HISTORY, icon=":material/history:", on_change="rerun", key=f"history_{account_id}"
    )
    if shown.open:
        with shown, access.ledger().read() as tx:
            particulars.versions(tx, account_id, known)


def _save(account_id: str, found: stages.Pipelines) -> None:
    draft, drafts = _draft(account_id), _drafts(account_id)
    try:
        changes = {job: rules.changes(values) for job, values in drafts.items() if values}
        with access.ledger().write() as tx:
            stages.save(tx, account_id, found, draft, actor=words.OPERATOR, now=access.now(), changes=changes)
    except MappingProblem as problem:
        st.session_state[f"mapping_problem_{account_id}"] = str(problem)
        return
    _begin_anew(account_id)


def _begin_anew(account_id: str) -> None:
    _draft(account_id).clear()
    _drafts(account_id).clear()
    st.session_state[f"mapping_revision_{account_id}"] = _revision(account_id) + 1
