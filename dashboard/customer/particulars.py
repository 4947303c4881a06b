"""The form for how an interview goes: of the account default, or of a job with a stage of its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import Connection

from dashboard import interview_words as told
from dashboard import rules, stages
from dashboard.rules import NONE, Known, Values
from storage.ledger import mappings
from storage.ledger.mappings import DEFAULT, GRADES, ROLES

Drafts = dict[str, Values]


class Form:
    """Draws fields of one job's particulars; what is changed goes to the draft at once and stays there."""

    def __init__(self, key: str, saved: Values, draft: Values) -> None:
        self._key = key
        self._saved = saved
        self._draft = draft

    def value(self, name: str) -> Any:
        return self._draft.get(name, self._saved[name])

    def _kept(self, name: str, variant: str = "") -> dict[str, Any]:
        key = f"{self._key}_{name}{variant}"

        def keep() -> None:
            self._draft[name] = st.session_state[key]

        return {"key": key, "on_change": keep}

    def choice(self, name: str, labels: Mapping[str, str], hint: str | None = None) -> None:
        value = self.value(name)
        options = list(labels) if value in labels else [*labels, value]
        st.selectbox(
            told.FIELDS[name],
            options,
            index=options.index(value),
            format_func=lambda option: labels.get(option) or told.GONE.format(name=option),
            help=hint,
            **self._kept(name),
        )

    def thresholds(self, hint: str) -> None:
        """Those of another scale mean nothing, so with a scale the field begins anew."""
        scale = self.value("scale")
        shown = (
            self.value("thresholds") if scale == self._saved["scale"] else self._draft.get("thresholds", "")
        )
        st.text_input(
            told.FIELDS["thresholds"],
            value=shown,
            placeholder=told.USUAL,
            help=hint,
            autocomplete="off",
            **self._kept("thresholds", f"_{scale}"),
        )

    def score(self, name: str, hint: str) -> None:
        st.number_input(
            told.FIELDS[name],
            min_value=0,
            max_value=100,
            value=self.value(name),
            placeholder=told.AS_GRADED,
            help=hint,
            **self._kept(name),
        )

    def several(self, name: str, options: Sequence[str], hint: str) -> None:
        st.multiselect(
            told.FIELDS[name],
            options,
            default=self.value(name),
            format_func=told.ROLES.__getitem__,
            placeholder=told.USUAL_ROLES,
            help=hint,
            **self._kept(name),
        )

    def switch(self, name: str, hint: str) -> None:
        st.toggle(told.FIELDS[name], value=self.value(name), help=hint, **self._kept(name))


def show(
    account_id: str,
    found: stages.Pipelines,
    known: Known,
    drafts: Drafts,
    *,
    chosen: Sequence[str],
    revision: int,
) -> None:
    """`chosen` are the jobs with a stage of their own, saved or not; the default is always offered."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            st.markdown(f"**{told.HOW}**", width="content")
            job = _job(account_id, found, chosen)
        pipeline = found.stages.get(job, []) or found.stages.get(DEFAULT, [])
        saved = rules.saved(known, job, pipeline)
        form = Form(f"rule_{account_id}_{job}_{revision}", saved, drafts.setdefault(job, {}))
        _fields(form, known, {s["stage_id"]: s["name"] for s in pipeline})


def _job(account_id: str, found: stages.Pipelines, chosen: Sequence[str]) -> str:
    job: str = st.selectbox(
        told.FOR,
        [DEFAULT, *chosen],
        key=f"rule_scope_{account_id}",
        format_func=lambda code: found.title(code) if code else told.ACCOUNT_DEFAULT,
        help=told.ONLY_JOBS_WITH_STAGE,
        width=360,
    )
    return job


def _fields(form: Form, known: Known, stage_names: dict[str, str]) -> None:
    moves = {NONE: told.NO_MOVE} | stage_names
    grades = GRADES[form.value("scale")]
    # Row after row, so that on a narrow screen, where columns stand below each other, the order stays.
    rows: list[list[Callable[[], None]]] = [
        [
            lambda: form.choice("template_id", _templates(known, form.value("template_id"))),
            lambda: form.choice("trigger", told.TRIGGERS, told.TRIGGER_HELP),
            lambda: form.choice("applicants", told.APPLICANT_CHOICES),
        ],
        [
            lambda: form.choice("member_id", _acting(known), told.MEMBER_HELP),
            lambda: form.choice("fallback_member_id", _fallbacks(known), told.FALLBACK_HELP),
            lambda: form.several("visibility", ROLES, told.VISIBILITY_HELP),
        ],
        [
            lambda: form.choice("scale", told.SCALES),
            lambda: form.thresholds(told.THRESHOLDS_HELP.format(count=grades - 1)),
            lambda: form.score("pass_score", told.SCORE_HELP),
        ],
        [
            lambda: form.choice("pass_stage", moves),
            lambda: form.choice("fail_stage", moves),
            lambda: form.switch("notes_ends", told.NOTES_HELP),
        ],
    ]
    for row in rows:
        for column, draw in zip(st.columns(len(row), vertical_alignment="bottom"), row, strict=True):
            with column:
                draw()


def _templates(known: Known, chosen: str) -> dict[str, str]:
    """Those that are gone are offered only while one of them is chosen."""
    labels = {NONE: told.NO_TEMPLATE}
    for template in known.templates:
        if template.gone_at is None:
            labels[template.template_id] = template.name
        elif template.template_id == chosen:
            labels[template.template_id] = told.GONE.format(name=template.name)
    return labels


def _acting(known: Known) -> dict[str, str]:
    if known.member_id is None:
        return {NONE: told.NO_MEMBER} | _members(known)
    return {NONE: told.ACCOUNTS_MEMBER.format(name=known.member_name(known.member_id))} | _members(known)


def _fallbacks(known: Known) -> dict[str, str]:
    if known.fallback_member_id is None:
        return {NONE: told.NO_FALLBACK} | _members(known)
    name = known.member_name(known.fallback_member_id)
    return {NONE: told.ACCOUNTS_MEMBER.format(name=name)} | _members(known)


def _members(known: Known) -> dict[str, str]:
    """Active ones first."""
    active = {m.member_id: m.name for m in known.members if m.is_active}
    return active | {m.member_id: told.INACTIVE.format(name=m.name) for m in known.members if not m.is_active}


def versions(tx: Connection, account_id: str, known: Known) -> None:
    """Who saved what and when, of the job that the form shows."""
    job = st.session_state.get(f"rule_scope_{account_id}", DEFAULT)
    rows = rules.history(mappings.history(tx, account_id, job), known)
    if not rows:
        st.caption(told.NO_HISTORY)
        return
    c = st.column_config
    st.dataframe(
        pd.DataFrame(rows),
        key=f"versions_{account_id}",
        hide_index=True,
        height="content" if len(rows) <= 8 else 300,
        alt="Versions of this mapping, the newest first",
        column_config={
            "version": c.NumberColumn("Version", width=70),
            "at": c.DatetimeColumn("Saved (UTC)", format="DD MMM YYYY HH:mm", timezone="UTC", width=150),
            "by": c.TextColumn("By", width=150),
            "stage": c.TextColumn("Starts at", width=150),
            "what": c.TextColumn("What changed", width=600),
        },
    )
