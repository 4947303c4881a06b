"""Writes records as the JSON objects that the recordings show, list rows and details apart."""

from typing import Any

import msgspec

from sandbox.account import Account
from sandbox.model import Activity, Candidate, Job, Member, Stage, Subscription, Token
from sandbox.stamps import hex_id, iso, iso_ms

JSON = msgspec.json.Encoder()
PLACE_KEYS = ("location_str", "country", "country_code", "region", "region_code", "city", "zip_code")
Row = dict[str, Any]


def _moment(seconds: int | None) -> str | None:
    return None if seconds is None else iso(seconds)


def candidate_row(account: Account, candidate: Candidate) -> Row:
    """What lists show."""
    row = _shared(account, candidate)
    del row["image_url"], row["disqualified_at"], row["outbound_mailbox"], row["uploader_id"]
    if not account.context.switches.withdrew_in_list:
        del row["withdrew"]
    if candidate.resume:
        row["resume_metadata"] = {
            "filename": candidate.resume,
            "filetype": candidate.resume.rsplit(".", 1)[-1],
            "created_at": iso(candidate.created_at),
            "updated_at": iso(candidate.created_at),
        }
    return row


def candidate_json(account: Account, candidate: Candidate) -> bytes:
    """The list row, encoded once until the candidate changes."""
    found = account.rows.get(candidate.id)
    if found is None:
        found = account.rows[candidate.id] = JSON.encode(candidate_row(account, candidate))
    return found


def candidate_detail(account: Account, candidate: Candidate) -> Row:
    extra = candidate.extra or {}
    row = _shared(account, candidate)
    row |= {
        "cover_letter": extra.get("cover_letter"),
        "summary": extra.get("summary"),
        "education_entries": extra.get("education_entries", []),
        "experience_entries": extra.get("experience_entries", []),
        "skills": extra.get("skills", []),
        "answers": extra.get("answers", []),
        "resume_url": extra.get("resume_url"),
        "tags": extra.get("tags", []),
        "location": dict.fromkeys(PLACE_KEYS),
        "originating_candidate_id": None if candidate.originating is None else hex_id(candidate.originating),
    }
    row["image_url"] = extra.get("image_url")
    if "social_profiles" in extra:
        row["social_profiles"] = extra["social_profiles"]
    return row


def _shared(account: Account, c: Candidate) -> Row:
    stage = account.stage(c.job, c.stage)
    host = f"https://{account.subdomain}.workable.com/backend"
    row: Row = {
        "id": hex_id(c.id),
        "name": c.name,
        "firstname": c.firstname,
        "lastname": c.lastname,
        "headline": c.headline,
        "image_url": None,
        "account": {"subdomain": account.subdomain, "name": account.info.name},
    }
    if c.job is None:
        row["talent_pool"] = {"talent_pool_id": account.info.id, "identifier": hex_id(account.info.id)}
        profile = f"{host}/talent_pool/browser/{c.id * 7 % 10**9}"
    else:
        job = account.jobs[c.job]
        row["job"] = {"shortcode": c.job, "title": job.title}
        profile = f"{host}/jobs/{job.number}/candidates/{c.id * 7 % 10**9}"
    return row | {
        "stage": stage.name,
        "stage_kind": stage.kind,
        "disqualified": c.disqualified,
        "disqualified_at": None if c.disqualified_at is None else iso_ms(c.disqualified_at),
        "withdrew": c.withdrew,
        "anonymized": c.anonymized,
        "disqualification_reason": c.reason,
        "hired_at": _moment(c.hired_at),
        "moved_to_offer_at": _moment(c.moved_to_offer_at),
        "sourced": c.sourced,
        "profile_url": profile,
        "address": c.address,
        "phone": c.phone,
        "email": c.email,
        "outbound_mailbox": f"{hex_id(c.id * 31)}@outbound.example.com",
        "domain": c.domain,
        "outlet": c.outlet,
        "common_source": c.common_source,
        "common_source_category": c.common_source_category,
        "uploader_id": None,
        "created_at": iso(c.created_at),
        "updated_at": iso(c.updated_at),
    }


def _actor(account: Account, number: int) -> Row:
    member = account.members[number]
    return {"id": hex_id(member.id), "name": member.name, "type": "Member"}


def _stage_ref(stage: Stage) -> Row:
    return {"id": stage.id, "identifier": identifier(stage), "name": stage.name, "slug": stage.slug}


def identifier(stage: Stage) -> str:
    """The hex twin of a stage's id, which is not its hex notation."""
    return hex_id(stage.id + 0x4D2)


def activity_row(account: Account, candidate: Candidate, activity: Activity) -> Row:
    at = account.stage(candidate.job, activity.stage)
    target = None if activity.target is None else account.stage(candidate.job, activity.target)
    row: Row = {
        "id": hex_id(activity.id),
        "action": activity.action,
        "stage_name": at.name,
        "action_stage": _stage_ref(at),
        "target_stage": None if target is None else _stage_ref(target),
        "created_at": iso_ms(activity.created_at),
        "updated_at": iso_ms(activity.updated_at),
    }
    if activity.member is not None:
        row["member"] = _actor(account, activity.member)
    row["body"] = activity.body
    if activity.rating is not None:
        row["rating"] = msgspec.structs.asdict(activity.rating)
    if activity.visible_to is not None:
        row["visibility_roles"] = activity.visible_to
    return row


def job_activity_row(account: Account, candidate: Candidate, activity: Activity) -> Row:
    """The shorter form of a job's feed, which names the candidate."""
    target = None if activity.target is None else account.stage(candidate.job, activity.target)
    row: Row = {
        "id": hex_id(activity.id),
        "action": activity.action,
        "stage_name": None if target is None else target.name,
        "created_at": iso_ms(activity.created_at),
        "candidate": {"id": hex_id(candidate.id), "name": candidate.name},
    }
    if activity.member is not None:
        row["member"] = _actor(account, activity.member)
    row["body"] = activity.body
    if activity.rating is not None:
        row["rating"] = {"score": activity.rating.score}
    return row


def job_row(account: Account, job: Job) -> Row:
    row = _job_shared(account, job)
    row["location"] = {"location_str": f"{job.place[0]}, {job.place[1]}", **row["location"]}
    if job.sample is not None:
        row["sample"] = job.sample
    return row


def job_detail(account: Account, job: Job) -> Row:
    """Without a wrapper, without `sample`, with the texts."""
    row = _job_shared(account, job)
    full = "".join(job.texts.get(part, "") for part in ("description", "requirements", "benefits"))
    return row | {
        "full_description": full,
        "description": job.texts.get("description", ""),
        "requirements": job.texts.get("requirements", ""),
        "benefits": job.texts.get("benefits", ""),
        "employment_type": "Full-time",
        "industry": None,
        "function": None,
        "experience": None,
        "education": None,
    }


def _job_shared(account: Account, job: Job) -> Row:
    host = f"https://{account.subdomain}.workable.com/jobs/{job.number}"
    departments = [d for d in account.info.departments if d["name"] == job.department]
    row: Row = {
        "id": hex_id(job.id),
        "title": job.title,
        "full_title": f"{job.title} - {job.code}" if job.code else job.title,
        "shortcode": job.shortcode,
        "code": job.code,
        "state": job.state,
        "confidential": job.confidential,
        "department": job.department,
        "department_hierarchy": [{"id": d["id"], "name": d["name"]} for d in departments],
        "url": host,
        "application_url": f"{host}/candidates/new",
        "shortlink": f"https://apply.workable.com/j/{job.shortcode}",
        "workplace_type": job.workplace_type,
        "location": _location(job),
        "locations": [_office(job)] if job.state in ("published", "closed") else [],
        "created_at": iso(job.created_at),
        "updated_at": iso(job.updated_at),
        "keywords": None,
    }
    if job.salary is not None:
        row["salary"] = dict(zip(("salary_from", "salary_to", "salary_currency"), job.salary, strict=True))
    return row


def _location(job: Job) -> Row:
    city, country, code = job.place
    return {
        "country": country,
        "country_code": code,
        "region": None,
        "region_code": None,
        "city": city,
        "zip_code": None,
        "telecommuting": job.workplace_type == "remote",
        "workplace_type": job.workplace_type,
    }


def _office(job: Job) -> Row:
    city, country, code = job.place
    return {
        "shortcode": f"J{job.id:010X}",
        "country_code": code,
        "country_name": country,
        "state_code": None,
        "subregion": None,
        "zip_code": None,
        "city": city,
        "coords": "38.7223, -9.1393",
        "hidden": False,
    }


def stage_rows(account: Account, stages: list[Stage]) -> list[Row]:
    first = account.context.switches.positions_from
    return [
        {
            "id": stage.id,
            "identifier": identifier(stage),
            "slug": stage.slug,
            "name": stage.name,
            "kind": stage.kind,
            "position": place,
        }
        for place, stage in enumerate(stages, start=first)
    ]


def member_row(member: Member) -> Row:
    return {
        "id": hex_id(member.id),
        "name": member.name,
        "headline": member.headline,
        "email": member.email,
        "role": member.role,
        "type": "Member",
        "hris_role": member.hris_role,
        "roles": member.roles,
        "active": member.active,
        "collaboration_rules": member.collaboration_rules,
        "hris_member_scope": None,
    }


def job_member_row(member: Member, role: str) -> Row:
    keys = ("id", "name", "headline", "email", "role", "type")
    row = member_row(member)
    return {key: row[key] for key in keys} | {"collaboration_role": role}


def account_row(account: Account) -> Row:
    info = account.info
    return {
        "id": hex_id(info.id),
        "name": info.name,
        "subdomain": info.subdomain,
        "description": None,
        "summary": None,
        "website_url": info.website_url,
    }


def subscription_row(subscription: Subscription) -> Row:
    """Employee hooks were recorded without the two filter keys."""
    row: Row = {
        "id": subscription.id,
        "event": subscription.event,
        "target": subscription.target,
        "valid_until": None,
        "created_at": iso_ms(subscription.created_at),
    }
    if subscription.event.startswith("candidate_"):
        row |= {"stage_slug": subscription.stage_slug, "job_shortcode": subscription.job_shortcode}
    return row


def token_row(token: Token) -> Row:
    return {"label": token.label, "kind": token.kind, "scopes": token.scopes, "revoked": token.revoked}
