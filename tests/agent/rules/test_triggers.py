"""Stage entries out of activities: each one, only those of the present job, and who must not be invited."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.triggers import CREATIONS, Entry, entries, is_into, refusal
from storage.ledger.mappings import MappedStage
from storage.records import Activity, Candidate, Stage, StageRef

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOURCED = StageRef("11", "sourced", "Sourced")
APPLIED = StageRef("12", "applied", "Applied")
CALL = StageRef("13", "phone-screen", "Phone Screen")
# Stages that somebody named like what else happens on a timeline.
ODD = [
    StageRef(str(n), word, word.title())
    for n, word in enumerate(("comment", "moved", "rating", "copied"), 20)
]
PLACES = [SOURCED, APPLIED, CALL, *ODD]
NO_ENTRIES = (
    "comment", "rating", "message", "event", "disqualified", "reverted",
    "assessment-requested", "assessment-completed", "video-interview-completed",
)  # fmt: skip

LEE = Candidate(
    candidate_id="2727030b", job_shortcode="9CD658E13E", name="Lee Example", firstname="Lee", lastname="Example",
    headline=None, email="lee@example.com", phone=None, address=None, stage_name="Phone Screen",
    stage_kind="phone-screen", is_disqualified=False, disqualification_reason=None, is_anonymized=False,
    is_sourced=False, domain=None, outlet=None, common_source=None, common_source_category=None, profile_url=None,
    has_resume=False, hired_at=None, moved_to_offer_at=None, created_at=AT, updated_at=AT, raw="{}",
)  # fmt: skip


@dataclass
class Timeline:
    """A candidate's activities as Workable tells them, and the entries that really happened in the job."""

    activities: list[Activity] = field(default_factory=list)
    truth: list[StageRef] = field(default_factory=list)
    stands: StageRef = SOURCED

    def note(self, action: str, stage: StageRef | None = None, target: StageRef | None = None) -> "Timeline":
        number = len(self.activities)
        at = AT + timedelta(seconds=number // 3)  # some of them in the same second
        self.activities.append(
            Activity(f"{0x9FFFFFFE + number:x}", action, stage, target, at, at, "1f395d", None, None)
        )
        return self

    def create(self, action: str, stage: StageRef) -> "Timeline":
        self.stands, self.truth = stage, [stage]
        return self.note(action, stage)

    def move(self, target: StageRef) -> "Timeline":
        if target != self.stands:
            self.truth.append(target)
        self.note(target.slug, self.stands, target)
        self.stands = target
        return self

    def happen(self, action: str) -> "Timeline":
        return self.note(action, self.stands)

    def entries(self) -> list[Entry]:
        return entries(self.activities, msgspec.structs.replace(LEE, stage_name=self.stands.name))


def slugs(found: list[Entry]) -> list[tuple[str, str]]:
    return [(entry.kind, entry.stage.slug) for entry in found]


def test_b04_there_and_back_within_one_second_are_entries_of_their_own_in_order() -> None:
    timeline = Timeline().create("applied", APPLIED).move(CALL).move(APPLIED).move(CALL)

    assert slugs(timeline.entries()) == [
        ("created", "applied"),
        ("moved", "phone-screen"),
        ("moved", "applied"),
        ("moved", "phone-screen"),
    ]


def test_an_entry_carries_the_activity_its_time_and_who_did_it() -> None:
    timeline = Timeline().create("applied", APPLIED).move(CALL)
    did = timeline.activities[1]

    assert timeline.entries()[1] == Entry(did.activity_id, "moved", CALL, did.created_at, "1f395d")


@pytest.mark.parametrize("action", sorted(CREATIONS))
def test_every_way_in_is_an_entry_into_the_landing_stage(action: str) -> None:
    assert slugs(Timeline().create(action, APPLIED).entries()) == [("created", "applied")]


@pytest.mark.parametrize("action", NO_ENTRIES)
def test_what_else_happens_enters_no_stage(action: str) -> None:
    timeline = Timeline().create("applied", APPLIED).happen(action).move(CALL).happen(action)

    assert [entry.stage for entry in timeline.entries()] == timeline.truth


def test_a_move_to_where_the_candidate_stands_enters_nothing() -> None:
    assert slugs(Timeline().create("applied", APPLIED).move(APPLIED).entries()) == [("created", "applied")]


def test_a_move_that_does_not_say_where_from_is_an_entry() -> None:
    timeline = Timeline().create("applied", APPLIED).note("phone-screen", None, CALL)

    assert slugs(timeline.entries()) == [("created", "applied"), ("moved", "phone-screen")]


def test_two_moves_to_one_stage_are_two_entries_when_the_second_came_from_elsewhere() -> None:
    timeline = Timeline().note("phone-screen", APPLIED, CALL).note("phone-screen", APPLIED, CALL)

    assert slugs(timeline.entries()) == [("moved", "phone-screen"), ("moved", "phone-screen")]


@pytest.mark.parametrize("stage", ODD, ids=lambda stage: stage.slug)
def test_a_stage_named_like_an_action_is_entered_like_any_other(stage: StageRef) -> None:
    timeline = Timeline().create("applied", APPLIED).move(stage).move(CALL)

    assert [entry.stage for entry in timeline.entries()] == [APPLIED, stage, CALL]


def test_b06_what_came_before_a_relocation_belongs_to_another_job() -> None:
    timeline = Timeline().create("applied", APPLIED).move(CALL).create("moved", SOURCED).move(APPLIED)

    assert slugs(timeline.entries()) == [("created", "sourced"), ("moved", "applied")]


def test_b06_relocated_straight_into_a_stage_is_one_entry() -> None:
    timeline = Timeline().create("uploaded", SOURCED).create("moved", CALL).move(CALL)

    assert slugs(timeline.entries()) == [("created", "phone-screen")]


def test_b06_only_the_last_of_several_relocations_counts() -> None:
    timeline = Timeline().create("moved", CALL).create("moved", APPLIED).create("moved", SOURCED)

    assert slugs(timeline.entries()) == [("created", "sourced")]


def test_being_referred_and_then_uploaded_to_the_same_stage_is_one_entry() -> None:
    timeline = Timeline().create("referral", SOURCED).note("uploaded", SOURCED)

    assert timeline.entries() == [Entry("9ffffffe", "created", SOURCED, AT, "1f395d")]


def test_who_applies_after_having_been_sourced_enters_the_second_stage_too() -> None:
    timeline = Timeline().create("uploaded", SOURCED).note("applied", APPLIED)

    assert slugs(timeline.entries()) == [("created", "sourced"), ("created", "applied")]


def test_a_creation_without_a_stage_lands_where_the_candidate_has_stayed() -> None:
    [entry] = entries(Timeline().note("applied").activities, LEE)

    assert (entry.activity_id, entry.stage) == ("9ffffffe", StageRef("", "", "Phone Screen"))


def test_a_creation_without_a_stage_is_left_out_once_the_candidate_was_moved() -> None:
    timeline = Timeline().note("applied").note("phone-screen", APPLIED, CALL)

    assert slugs(timeline.entries()) == [("moved", "phone-screen")]


def test_without_a_creation_the_present_stage_is_the_landing_of_who_was_never_moved() -> None:
    found = entries(Timeline().note("comment", CALL).activities, LEE)

    assert found == [Entry("created:2727030b", "created", StageRef("", "", "Phone Screen"), AT, None)]


@pytest.mark.parametrize("missing", ["stage_name", "created_at"])
def test_without_a_creation_nothing_is_made_up_that_workable_did_not_tell(missing: str) -> None:
    assert entries([], msgspec.structs.replace(LEE, **{missing: None})) == []


def test_without_a_creation_the_moves_are_all_there_is() -> None:
    assert slugs(Timeline().note("phone-screen", APPLIED, CALL).entries()) == [("moved", "phone-screen")]


steps = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(PLACES)),
    st.tuples(st.just("relocate"), st.sampled_from(PLACES)),
    st.tuples(st.sampled_from(NO_ENTRIES), st.just(SOURCED)),
)


@given(st.sampled_from(sorted(CREATIONS)), st.sampled_from(PLACES), st.lists(steps, max_size=12))
def test_b04_of_any_history_the_entries_are_the_landing_and_each_change_of_stage(
    action: str, landing: StageRef, history: list[tuple[str, StageRef]]
) -> None:
    timeline = Timeline().create(action, landing)
    for step, stage in history:
        if step == "move":
            timeline.move(stage)
        elif step == "relocate":
            timeline.create("moved", stage)
        else:
            timeline.happen(step)
    found = timeline.entries()

    assert [entry.stage for entry in found] == timeline.truth
    assert [entry.kind for entry in found] == ["created", *["moved"] * (len(found) - 1)]


MAPPED = MappedStage("13", "phone-screen", "phone-screen", "Phone Screen")


def entered(stage: StageRef) -> Entry:
    return Entry("9ffffffe", "moved", stage, AT, None)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (StageRef("13", "phone-screen", "Phone Screen"), True),
        (StageRef("13", "renamed", "Renamed"), True),
        (StageRef("99", "phone-screen", "Phone Screen"), False),
        (StageRef("", "phone-screen", "Renamed"), True),
        (StageRef("phone-screen", "phone-screen", "Renamed"), True),
        (StageRef("", "interview", "Phone Screen"), False),
        (StageRef("", "", "Phone Screen"), True),
        (StageRef("", "", "Interview"), False),
        (StageRef("", "", ""), False),
    ],
)
def test_the_id_decides_then_the_slug_and_the_name_only_when_nothing_else_is_told(
    stage: StageRef, *, expected: bool
) -> None:
    assert is_into(entered(stage), MAPPED, None) is expected


def test_b08_an_entry_is_compared_with_the_stage_as_it_is_now() -> None:
    now = Stage("77", "first-talk", "First Talk", "phone-screen", 2)

    assert is_into(entered(StageRef("77", "first-talk", "First Talk")), MAPPED, now)
    assert is_into(entered(StageRef("", "", "First Talk")), MAPPED, now)
    assert not is_into(entered(CALL), MAPPED, now)


def test_an_id_that_cannot_be_compared_does_not_make_the_name_decide() -> None:
    without_id = MappedStage("phone-screen", "phone-screen", "phone-screen", "Phone Screen")

    assert not is_into(entered(StageRef("99", "", "Phone Screen")), without_id, None)


def test_an_entry_without_any_name_is_not_into_a_stage_without_one() -> None:
    assert not is_into(entered(StageRef("", "", "")), MappedStage("13", "x", "x", ""), None)


def why(job_state: str | None = "published", *, is_sample: bool = False, **changes: object) -> str | None:
    found = refusal(msgspec.structs.replace(LEE, **changes), job_state=job_state, is_sample=is_sample)
    return None if found is None else found.reason


@pytest.mark.parametrize("job_state", ["published", "closed"])
def test_b07_who_is_in_a_live_job_and_has_an_address_may_be_invited(job_state: str) -> None:
    assert why(job_state) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_anonymized": True}, "anonymized"),
        ({"is_sample": True}, "sample_job"),
        ({"job_state": "draft"}, "job_not_live"),
        ({"job_state": "archived"}, "job_not_live"),
        ({"job_state": None}, "job_unknown"),
        ({"job_state": "on-hold"}, "job_unknown"),
        ({"job_shortcode": None, "job_state": None}, "no_job"),
        ({"hired_at": AT}, "hired"),
        ({"stage_kind": "hired"}, "hired"),
        ({"is_disqualified": True}, "disqualified"),
        ({"email": None}, "no_email"),
        ({"email": " "}, "no_email"),
        ({"email": "not given"}, "no_email"),
    ],
)
def test_b07_who_is_not_invited_is_told_why(changes: dict[str, object], reason: str) -> None:
    assert why(**changes) == reason  # type: ignore[arg-type] # the table holds the arguments of each case


def test_b07_of_several_reasons_the_first_is_told() -> None:
    everything: dict[str, object] = {
        "is_anonymized": True, "hired_at": AT, "is_disqualified": True, "email": None
    }  # fmt: skip
    told = []
    for name, cleared in (
        ("is_anonymized", False),
        ("hired_at", None),
        ("is_disqualified", False),
        ("email", "a@example.com"),
    ):
        told.append(why(**everything))  # type: ignore[arg-type] # fields of a candidate by name
        everything[name] = cleared

    assert told == ["anonymized", "hired", "disqualified", "no_email"]


def test_b07_the_sentences_hold_nothing_of_the_person() -> None:
    told = msgspec.structs.replace(
        LEE, is_disqualified=True, disqualification_reason="Moved to Mars", email="not-an-address"
    )
    found = refusal(told, job_state="published", is_sample=False)

    assert found is not None
    assert found.sentence == "The candidate was disqualified or has withdrawn."
