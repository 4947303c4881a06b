"""Why a candidate was invited, or was not: the answer first, then everything that led to it."""

from collections.abc import Iterable
from datetime import datetime

import streamlit as st

from dashboard import access, ui, words
from dashboard import interview_words as told
from dashboard.customer import interview_dialogs
from storage import interview_reads
from storage.explanations import Explanation
from storage.ledger.decisions import Decision
from storage.ledger.invites import Invite
from storage.ledger.outbox import EffectState

Line = tuple[datetime, str, str]  # when, an icon, Markdown


@st.fragment
def show(account_id: str) -> None:
    with access.explained():
        with st.container(horizontal=True, vertical_alignment="bottom"):
            typed = st.text_input(
                told.ASK,
                key=ui.WHY,
                type="search",
                live="400ms",
                placeholder=told.ASK_HINT,
                bind="query-params",
                width=420,
                autocomplete="off",
            )
        candidate_id = (typed or "").strip().casefold()
        if not candidate_id:
            st.caption(told.ASK_INTRO)
            return
        with access.ledger().read() as tx:
            found = interview_reads.explain(tx, account_id, candidate_id)
            names = {t.template_id: t.name for t in interview_reads.templates(tx)}
        _answer(account_id, found, names)
        _timeline(found, names)


def _answer(account_id: str, found: Explanation, names: dict[str, str]) -> None:
    st.info(ui.plain(found.answer), icon=":material/help:")
    facts = []
    if found.job_shortcode:
        facts.append(f"In {ui.plain(found.job_title)}, stage {ui.plain(found.stage_name)}.")
        facts.append(ui.plain(_rule(found, names)))
    if len(found.known_as) > 1:
        facts.append(f"Also known as {', '.join(f'`{ui.plain(one)}`' for one in found.known_as[1:])}.")
    with st.container(horizontal=True, vertical_alignment="center"):
        if facts:
            st.caption(" ".join(facts))
        if (facts or found.invites) and st.button(
            "Invite again", icon=":material/forward_to_inbox:", key="why_again"
        ):
            interview_dialogs.reinvite(account_id, found.candidate_id)


def _rule(found: Explanation, names: dict[str, str]) -> str:
    rule, job = found.rule, found.job_title or ""
    if rule is None or rule.stage is None:
        return told.NO_RULE.format(job=job)
    template = names.get(rule.template_id or "", rule.template_id) or told.NO_INTERVIEW
    since = words.utc(rule.active_from)
    return told.RULE.format(job=job, template=template, stage=rule.stage.name, since=since)


def _timeline(found: Explanation, names: dict[str, str]) -> None:
    lines = [*_seen(found), *_decided(found.decisions), *_invited(found.invites, names), *_pushed(found)]
    for at, icon, text in sorted(lines, key=lambda line: line[0]):
        with st.container(horizontal=True, gap="small", wrap=False):
            st.markdown(f":gray[{words.utc(at)}]", width=190)
            st.markdown(f":material/{icon}: {text}", width="stretch")


def _seen(found: Explanation) -> Iterable[Line]:
    for event in found.events:
        text = told.EVENTS.get(event.kind, words.humanised(event.kind))
        yield (
            event.occurred_at,
            "visibility",
            text.format(to=ui.plain(event.to_stage), from_=ui.plain(event.from_stage)),
        )
    if found.look is not None:
        tries = f" Tried so far: {found.look.tries}." if found.look.tries else ""
        error = f" {ui.plain(found.look.last_error)}" if found.look.last_error else ""
        yield found.look.noticed_at, "schedule", f"**The timeline is to be read**.{tries}{error}"


def _decided(found: Iterable[Decision]) -> Iterable[Line]:
    for one in found:
        reached = f"reached “{ui.plain(one.stage_name)}” on {words.utc(one.entered_at)}"
        yield (
            one.decided_at,
            "gavel",
            f"**{told.OUTCOMES[one.outcome]}**: {ui.plain(one.sentence)} :gray[{reached}]",
        )


def _invited(found: Iterable[Invite], names: dict[str, str]) -> Iterable[Line]:
    for invite in found:
        template = ui.plain(names.get(invite.template_id, invite.template_id))
        for name, text in told.INVITE_STEPS.items():
            at: datetime | None = getattr(invite, name)
            if at is not None:
                yield at, "mail", f"{text} :gray[{template}]"
        if invite.ended_at is not None:
            label, color = told.INVITE_STATES[invite.state]
            score = "" if invite.score is None else f", score {invite.score}"
            yield invite.ended_at, "flag", f"Interview :{color}-badge[{label}]{score} :gray[{template}]"


def _pushed(found: Explanation) -> Iterable[Line]:
    kinds = {effect.effect_id: effect.kind for effect in found.effects}
    for effect in found.effects:
        label, color = told.PUSH_STATES[effect.state]
        why = f" — {ui.plain(effect.sentence)}" if effect.sentence else ""
        by = f" :gray[{effect.mark}, caused by {ui.plain(effect.actor)}]"
        yield effect.planned_at, "outbox", f"**{told.push(effect.kind)}** :{color}-badge[{label}]{why}{by}"
    for send in found.attempts:
        label, color = told.PUSH_STATES[EffectState(send.outcome)] if send.outcome else told.NO_ANSWER
        status = f" · HTTP {send.status}" if send.status else ""
        what = f"{told.push(kinds[send.effect_id])}, try {send.number}"
        yield send.sent_at, "send", f"{what}: :{color}-badge[{label}]{status}"
