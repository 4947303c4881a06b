"""Rows into records: lenient with fields, strict about ids, and counting what is not as it was known."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import parsing
from agent.jsontext import split_rows
from agent.parsing import Parsed, Reader
from storage.records import Candidate, Stage

ROW: dict[str, Any] = {
    "id": "2727030b",
    "name": "Lee Example",
    "firstname": "Lee",
    "lastname": "Example",
    "headline": None,
    "account": {"subdomain": "acme", "name": "Acme"},
    "job": {"shortcode": "9CD658E13E", "title": "Engineer"},
    "stage": "Phone Screen",
    "stage_kind": "phone-screen",
    "disqualified": True,
    "anonymized": False,
    "disqualification_reason": "Position filled",
    "hired_at": None,
    "moved_to_offer_at": None,
    "sourced": False,
    "profile_url": "https://acme.workable.com/backend/jobs/1/candidates/2",
    "address": None,
    "phone": "+1 555 0100",
    "email": "lee@example.com",
    "domain": None,
    "outlet": "SPI",
    "common_source": "Unknown",
    "common_source_category": "Other",
    "created_at": "2026-04-11T03:36:38Z",
    "updated_at": "2026-07-23T18:58:15Z",
    "resume_metadata": {"filename": "cv.pdf", "filetype": "pdf"},
}


def read(reader: Reader[Any, Any], *rows: Any) -> Parsed[Any]:
    texts = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    return reader.read([msgspec.Raw(text) for text in texts])


def candidate(**changes: Any) -> Candidate:
    [found] = read(parsing.CANDIDATES, ROW | changes).records
    assert isinstance(found, Candidate)
    return found


def drift(**changes: Any) -> dict[str, int]:
    return dict(read(parsing.CANDIDATES, ROW | changes).drift)


def test_a_row_as_recorded_gives_every_field_and_its_own_text() -> None:
    found = candidate()

    assert found == Candidate(
        candidate_id="2727030b",
        job_shortcode="9CD658E13E",
        name="Lee Example",
        firstname="Lee",
        lastname="Example",
        headline=None,
        email="lee@example.com",
        phone="+1 555 0100",
        address=None,
        stage_name="Phone Screen",
        stage_kind="phone-screen",
        is_disqualified=True,
        disqualification_reason="Position filled",
        is_anonymized=False,
        is_sourced=False,
        domain=None,
        outlet="SPI",
        common_source="Unknown",
        common_source_category="Other",
        profile_url="https://acme.workable.com/backend/jobs/1/candidates/2",
        has_resume=True,
        hired_at=None,
        moved_to_offer_at=None,
        created_at=datetime(2026, 4, 11, 3, 36, 38, tzinfo=UTC),
        updated_at=datetime(2026, 7, 23, 18, 58, 15, tzinfo=UTC),
        raw=json.dumps(ROW),
    )
    assert drift() == {}


def test_a_candidate_of_the_talent_pool_has_no_job() -> None:
    row = {key: value for key, value in ROW.items() if key != "job"}
    [found] = read(parsing.CANDIDATES, row | {"talent_pool": {"talent_pool_id": 1}}).records

    assert found.job_shortcode is None
    assert candidate(job=None).job_shortcode is None


def test_a_resume_is_seen_in_lists_and_in_the_detail() -> None:
    assert not candidate(resume_metadata=None).has_resume
    assert candidate(resume_metadata=None, resume_url="https://files.example.com/cv.pdf").has_resume


def test_b22_unknown_keys_and_values_are_kept_and_counted() -> None:
    row = ROW | {"shiny": {"a": [1]}, "stage_kind": "never-seen"}
    parsed = read(parsing.CANDIDATES, row, ROW | {"shiny": 2})

    assert parsed.drift == {"unknown:shiny": 2, "value:stage_kind": 1}
    assert parsed.records[0].stage_kind == "never-seen"
    assert '"shiny"' in parsed.records[0].raw
    assert parsed.bad_rows == 0


@pytest.mark.parametrize("key", [key for key in ROW if key not in ("id", "account", "resume_metadata")])
def test_a_field_of_the_wrong_type_is_empty_and_counted_and_the_row_stays(key: str) -> None:
    wrong: Any = 12 if key != "job" else "9CD658E13E"
    spoiled, whole = candidate(**{key: wrong}), candidate(**{key: None})

    assert msgspec.structs.replace(spoiled, raw="") == msgspec.structs.replace(whole, raw="")
    assert drift(**{key: wrong}) == {f"type:{key}": 1}


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": ""}, {"id": []}, {"id": True}, 7, None, [], "x"])
def test_a_row_without_a_usable_id_is_counted_and_nothing_breaks(row: Any) -> None:
    parsed = read(parsing.CANDIDATES, row, ROW)

    assert parsed.bad_rows == 1
    assert len(parsed.records) == 1


def test_an_id_that_came_as_a_number_is_taken_as_text() -> None:
    assert candidate(id=27273038).candidate_id == "27273038"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-23T18:58:15Z", datetime(2026, 7, 23, 18, 58, 15, tzinfo=UTC)),
        ("2026-07-23T18:58:15.581Z", datetime(2026, 7, 23, 18, 58, 15, 581_000, tzinfo=UTC)),
        ("2026-07-23T20:58:15+02:00", datetime(2026, 7, 23, 18, 58, 15, tzinfo=UTC)),
    ],
)
def test_times_are_utc_with_or_without_fractions(text: str, moment: datetime) -> None:
    found = candidate(updated_at=text).updated_at

    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-07-23T18:58:15", "2026-07-23", "", "now", "2026-07-23T18:58:60Z"])
def test_a_time_without_a_zone_or_meaning_is_empty_and_counted(text: str) -> None:
    assert candidate(updated_at=text).updated_at is None
    assert drift(updated_at=text) == {"type:updated_at": 1}


def test_a_time_beyond_the_calendar_is_empty() -> None:
    assert candidate(updated_at="9999-12-31T23:59:59-01:00").updated_at is None


def test_nul_characters_are_dropped_from_fields_and_kept_in_the_raw_text() -> None:
    found = candidate(name="a\0b \\u0000", email="lee\0@example.com")

    assert (found.name, found.email) == ("ab \\u0000", "lee@example.com")
    assert r"a\u0000b" in found.raw


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    row = json.dumps(ROW).replace("Lee Example", r"Lee \ud800 \ud83d\ude00").encode()
    parsed = read(parsing.CANDIDATES, row)

    assert parsed.records[0].name == "Lee \ufffd \N{GRINNING FACE}"
    assert parsed.records[0].raw == row.decode()
    assert parsed.drift == {}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ODD_TIMES = st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "-1"])


@given(st.dictionaries(st.sampled_from(sorted(ROW)) | st.text(), ANYTHING | ODD_TIMES, max_size=12))
def test_whatever_a_row_holds_it_is_a_record_or_a_bad_row(changes: dict[str, Any]) -> None:
    body = json.dumps({"candidates": [ROW | changes]}).encode()
    rows, _ = split_rows(body, "candidates")
    parsed = parsing.CANDIDATES.read(rows)

    assert len(parsed.records) + parsed.bad_rows == 1
    for found in parsed.records:
        assert json.loads(found.raw) == ROW | changes
        assert "\0" not in "".join(v for v in msgspec.structs.asdict(found).values() if isinstance(v, str))


@given(st.binary(max_size=40))
def test_bytes_that_are_no_json_never_break_a_reader(noise: bytes) -> None:
    text = noise.decode("utf-8", "ignore").encode()

    assert read(parsing.CANDIDATES, text).bad_rows in (0, 1)


@pytest.mark.parametrize(
    ("row", "stage_id"),
    [
        ({"id": 5272269, "identifier": "50779f", "slug": "sourced"}, "5272269"),
        ({"identifier": "50779f", "slug": "sourced"}, "50779f"),
        ({"slug": "sourced"}, "sourced"),
    ],
)
def test_a_stage_is_known_by_its_id_else_its_identifier_else_its_slug(
    row: dict[str, Any], stage_id: str
) -> None:
    [stage] = read(parsing.STAGES, row | {"name": "Sourced", "kind": "sourced", "position": 1}).records

    assert stage == Stage(stage_id, "sourced", "Sourced", "sourced", 1)


def test_stages_are_counted_from_nought_or_one_as_they_come() -> None:
    rows = [{"slug": "a", "position": 0}, {"slug": "b", "position": 1}, {"slug": "c"}]

    assert [stage.position for stage in read(parsing.STAGES, *rows).records] == [0, 1, 2]


def test_a_job_is_known_by_its_shortcode() -> None:
    parsed = read(
        parsing.JOBS,
        {"id": "5b5c01", "shortcode": "9CD658E13E", "title": "Engineer", "state": "closed", "sample": True},
        {"id": "5b5c02", "title": "No shortcode"},
        {"id": "5b5c03", "shortcode": "A1", "state": "frozen"},
    )

    assert [(job.job_id, job.shortcode, job.is_sample) for job in parsed.records] == [
        ("5b5c01", "9CD658E13E", True),
        ("5b5c03", "A1", False),
    ]
    assert (parsed.bad_rows, dict(parsed.drift)) == (1, {"value:state": 1})


def test_a_member_is_active_unless_workable_says_otherwise() -> None:
    rows = [{"id": "1", "roles": ["ats.admin"], "active": False}, {"id": "2", "active": True}, {"id": "3"}]
    members = read(parsing.MEMBERS, *rows).records

    assert [member.is_active for member in members] == [False, True, True]
    assert [member.roles for member in members] == [("ats.admin",), (), ()]
