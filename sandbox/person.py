"""Turns the `candidate` object of a write into the fields of a candidate record."""

from typing import Any

from sandbox.errors import Refused, missing

PLAIN = ("headline", "phone", "address", "domain")
DETAIL = (
    "cover_letter", "summary", "education_entries", "experience_entries", "answers",
    "image_url", "social_profiles", "tags", "texting_consent", "resume_url",
)  # fmt: skip
LISTS = ("education_entries", "experience_entries", "answers", "social_profiles", "tags", "skills")


def required_names(given: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """Name, first and last name; Workable takes either the whole or both parts."""
    first, last = given.get("firstname"), given.get("lastname")
    if first and last:
        return f"{first} {last}", str(first), str(last)
    name = given.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refused(422, "Validation failed", {"name": ["can't be blank"]})
    head, _, tail = name.strip().partition(" ")
    return name.strip(), head, tail or None


def required_email(given: dict[str, Any]) -> str:
    email = given.get("email")
    if not email:
        raise Refused(422, "Validation failed", {"email": ["can't be blank"]})
    if not isinstance(email, str) or "@" not in email.strip("@"):
        raise Refused(422, "Validation failed", {"email": ["is invalid"]})
    return email


def detail_fields(given: dict[str, Any]) -> dict[str, Any]:
    """The keys that only the detail shows; a list that is not a list is refused."""
    for key in LISTS:
        if key in given and not isinstance(given[key], list):
            raise Refused(422, "Validation failed", {key: ["is invalid"]})
    found = {key: given[key] for key in DETAIL if key in given}
    if "skills" in given:
        found["skills"] = [{"name": str(skill)} for skill in given["skills"]]
    return found


def resume_name(given: dict[str, Any]) -> str | None:
    resume = given.get("resume")
    if isinstance(resume, dict):
        if not resume.get("name"):
            raise missing("resume.name")
        return str(resume["name"])
    return str(given["resume_url"]).rsplit("/", 1)[-1] if given.get("resume_url") else None
