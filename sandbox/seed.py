"""Fills a new pretend account: members, jobs with pipelines, and candidates with a past."""

from collections.abc import Iterator
from random import Random

from sandbox.account import Account
from sandbox.model import AccountInfo, Activity, Candidate, Counters, Job, JobState, Member, Stage
from sandbox.people import AWKWARD, FIRST, HEADLINES, LAST, TITLES, TOWNS, address, phone
from sandbox.stamps import hex_id, iso_ms

DAY = 86400
HISTORY_DAYS = 120
ANONYMIZED_EVERY = 150
PIPELINE = ("Sourced", "Applied", "Shortlisted", "Assessment", "Phone Screen", "Interview", "Offer", "Hired")
WEIGHTS = (14, 34, 12, 12, 10, 10, 4, 4)
SOURCES = (
    ("indeed.com", None, "indeed.com", "Job boards"),
    ("linkedin.com", None, "linkedin.com", "Job boards"),
    ("workable.com", None, "Careers page", "Company marketing"),
    ("google.com", None, "google.com", "Other"),
    (None, "SPI", "Unknown", "Other"),
)
REASONS = (
    ("Too little experience", False),
    ("Other place of work", False),
    ("Position filled", False),
    ("Unsuccessful interview", False),
    ("Found another position", True),
    ("No longer reachable", True),
)  # fmt: skip


def new_info(subdomain: str, number: int) -> tuple[AccountInfo, Counters]:
    """An empty account; ids begin so that candidate and activity ids soon get one hex digit longer."""
    first_stage = 5_270_000 + number * 1000
    pipeline = [
        Stage(first_stage + place, name.lower().replace(" ", "-"), name, name.lower().replace(" ", "-"))
        for place, name in enumerate(PIPELINE)
    ]
    info = AccountInfo(
        id=0xB4000 + number,
        name=f"{subdomain.title()} Ltd",
        subdomain=subdomain,
        website_url=f"https://{subdomain}.example.com",
        pipeline=pipeline,
        reasons=[
            {
                "id": hex_id(0xB29000 + place),
                "description": text,
                "candidate_withdrew": withdrew,
                "position": place,
            }
            for place, (text, withdrew) in enumerate(REASONS, start=1)
        ],
        departments=[
            {"id": hex_id(0x92B00 + place), "name": name, "parent_id": None, "sample": False}
            for place, name in enumerate(("Finance", "Operations", "Sales"))
        ],
        legal_entities=[_legal_entity(subdomain)],
        recruiters=[{"id": "a1f0", "name": "Rita Agency", "email": f"rita.{subdomain}@example.com"}],
        custom_attributes=[],
        events=[],
    )
    base = 0x1F3900 + number * 0x100
    return info, Counters(0, 0, 0x5B5C00 + number * 0x400, first_stage + 99, base, 104_000, 0x660000)


def _legal_entity(subdomain: str) -> dict[str, object]:
    name = f"{subdomain.title()} Ltd"
    return {
        "id": f"00000000-0000-4000-8000-{int.from_bytes(subdomain.encode()[:6].ljust(6)):012x}",
        "name": name,
        "legal_name": name,
        "type": "entity",
        "parent_id": None,
        "display_name": name,
        "sample": False,
        "timezone": None,
        "geofencing_settings": None,
    }


def populate(account: Account, *, jobs: int, candidates: int, seed: int) -> None:
    """The same numbers and seed give the same people and the same pipelines."""
    random = Random(f"{seed} {account.subdomain}")
    account.counters.candidate = 0x10000000 - 2 * candidates  # half of the ids have seven digits
    account.counters.activity = 0x10000000 - 2 * candidates
    with account.context.guard:
        members = _add_members(account)
        for place in range(jobs):
            account.save_job(_make_job(account, place, members, random))
        made = list(_candidates(account, candidates, random))
        account.adopt(made)
        for candidate in made:
            account.save_candidate(candidate)
        account.info.events = _events(account, made[:12], members)
        account.save_info()
        account.note("life", "seeded", jobs=jobs, candidates=candidates)


def _add_members(account: Account) -> list[Member]:
    staff = (
        ("Olivia Root", "superadmin"),
        ("Integration Bot", "admin"),
        ("Sam Hiring", "simple"),
        ("Petra Screens", "simple"),
        ("Ravi Reviews", "reviewer"),
        ("Gone Before", "simple"),
    )  # fmt: skip
    return [
        account.add_member(
            name,
            f"{name.lower().replace(' ', '.')}@{account.subdomain}.example.com",
            role,
            cause="life",
            active=name != "Gone Before",
        )
        for name, role in staff
    ]


def _make_job(account: Account, place: int, members: list[Member], random: Random) -> Job:
    states: tuple[JobState, ...] = ("published", "published", "closed", "published", "archived", "draft")
    now = account.context.now()
    created = now - now % DAY - (HISTORY_DAYS + 5) * DAY
    number = account.new_number("job")
    title = TITLES[place % len(TITLES)] + (f" {place // len(TITLES) + 1}" if place >= len(TITLES) else "")
    job = Job(
        id=number,
        shortcode=f"{(number * 0x9E3779B1) & 0xFFFFFFFFFF:010X}",
        title=title,
        code=f"JB/{place + 1:02d}" if place % 2 else None,
        state=states[place % len(states)],
        created_at=created,
        updated_at=now - random.randrange(1, 30) * DAY,
        number=5_000_000 + number,
        place=("Lisbon", "Portugal", "PT"),
        workplace_type=("on_site", "hybrid", "remote")[place % 3],
        department=None if place % 3 == 0 else ("Finance", "Operations", "Sales")[place % 3],
        sample=True if place == 2 else (False if place % 2 else None),
        salary=(30_000 + 1000 * place, 45_000 + 1000 * place, "eur") if place % 2 == 0 else None,
        stages=list(account.info.pipeline),
        team={hex_id(members[2].id): "hiring_manager", hex_id(members[4].id): "reviewer"},
        questions=_questions(place),
        texts={
            "description": f"<p>{title}</p>",
            "requirements": "<ul><li>Care</li></ul>",
            "benefits": "<p>Tea</p>",
        },
    )
    if place % 4 == 3:
        job.stages.insert(
            5, Stage(account.new_number("stage"), "video-screening", "Video Screening", "interview")
        )
    return job


def _questions(place: int) -> list[dict[str, object]]:
    """Every other job asks something."""
    if place % 2 == 0:
        return []
    choices = [{"body": "Yes", "id": "60ce01"}, {"body": "No", "id": "60ce02"}]
    return [
        {"body": "Why this work?", "type": "free_text", "required": True, "id": "b99001"},
        {
            "body": "May we call?",
            "type": "dropdown",
            "required": False,
            "single_answer": True,
            "choices": choices,
            "id": "b99002",
        },
    ]


def _candidates(account: Account, count: int, random: Random) -> Iterator[Candidate]:
    jobs: list[Job | None] = [job for job in account.jobs.values() if job.state != "draft"]
    jobs = jobs or [None]
    now = account.context.now()
    persons: list[Candidate] = []
    for place in range(count):
        job = jobs[min(random.randrange(len(jobs)), random.randrange(len(jobs)))]
        created = now - random.randrange(DAY, HISTORY_DAYS * DAY)
        candidate = _candidate(account, job, created, place, random)
        if persons and place % 20 == 19:  # one person, two jobs
            _same_person(candidate, persons[random.randrange(len(persons))])
        elif len(persons) < 500:
            persons.append(candidate)
        _past(account, candidate, now, random)
        if place % ANONYMIZED_EVERY == ANONYMIZED_EVERY - 1:
            _anonymize(candidate)
        yield candidate


def _candidate(account: Account, job: Job | None, created: int, place: int, random: Random) -> Candidate:
    account.counters.candidate += random.randrange(1, 4)
    number = account.counters.candidate
    first, last = AWKWARD[place] if place < len(AWKWARD) else (random.choice(FIRST), random.choice(LAST))
    domain, outlet, source, category = SOURCES[random.randrange(len(SOURCES))]
    stages = job.stages if job else account.info.pipeline
    stage = stages[min(random.choices(range(len(WEIGHTS)), WEIGHTS)[0], len(stages) - 1)]
    return Candidate(
        id=number,
        job=job.shortcode if job else None,
        stage=stage.id,
        name=f"{first} {last}",
        firstname=first,
        lastname=last,
        email=address(f"p{place}", "awkward", number)
        if place < len(AWKWARD)
        else address(first, last, number),
        created_at=created,
        updated_at=created,
        headline=random.choice(HEADLINES),
        phone=phone(random) if place % 3 else None,
        address=random.choice(TOWNS) if place % 2 else None,
        domain=domain,
        outlet=outlet,
        common_source=source,
        common_source_category=category,
        sourced=stage.kind == "sourced",
        resume=f"cv_{number:x}.pdf" if place % 4 else None,
        activities=[],
    )


def _same_person(candidate: Candidate, other: Candidate) -> None:
    if candidate.job != other.job:
        candidate.name, candidate.email, candidate.phone = other.name, other.email, other.phone
        candidate.firstname, candidate.lastname = other.firstname, other.lastname


def _anonymize(candidate: Candidate) -> None:
    candidate.anonymized = True
    candidate.name = candidate.firstname = candidate.lastname = candidate.email = None
    candidate.headline = candidate.phone = candidate.address = candidate.resume = None


def _past(account: Account, candidate: Candidate, now: int, random: Random) -> None:
    """Moves along the pipeline up to the present stage, and how some of them ended."""
    moment = candidate.created_at * 1000 + random.randrange(1000)
    action = "uploaded" if candidate.sourced else "applied"
    stages = account.stages_of(candidate.job)
    at = 0 if candidate.sourced else 1
    last = next(place for place, stage in enumerate(stages) if stage.id == candidate.stage)
    candidate.activities.append(_activity(account, action, stages[at].id, moment))
    while at < last:
        target = min(last, at + 1 + (random.random() < 0.5))
        moment += int(random.random() * (now * 1000 - moment) / (2 * (last - at)))
        candidate.activities.append(
            _activity(account, stages[target].slug, stages[at].id, moment, stages[target].id)
        )
        at = target
    candidate.updated_at = moment // 1000
    if stages[last].kind == "hired":
        candidate.hired_at = candidate.updated_at
    elif random.random() < 0.06:
        _reject(account, candidate, moment, random)


def _activity(account: Account, action: str, stage: int, moment: int, target: int | None = None) -> Activity:
    account.counters.activity += 1
    member = None if target is None else account.counters.member - 4  # the bot moved them
    return Activity(account.counters.activity, action, stage, moment, moment, target, member)


def _reject(account: Account, candidate: Candidate, moment: int, random: Random) -> None:
    text, withdrew = random.choice(REASONS)
    candidate.disqualified, candidate.disqualified_at = True, moment
    candidate.reason, candidate.withdrew = text, withdrew
    activity = _activity(account, "disqualified", candidate.stage, moment)
    activity.body = text
    candidate.activities.append(activity)


def _events(account: Account, candidates: list[Candidate], members: list[Member]) -> list[dict[str, object]]:
    return [
        {
            "id": hex_id(0x10E0D00 + place),
            "title": f"Call with {candidate.name}",
            "description": None if place % 2 else "By telephone",
            "type": "InterviewEvent" if place % 3 else "CallEvent",
            "starts_at": iso_ms(candidate.updated_at * 1000),
            "ends_at": iso_ms((candidate.updated_at + 1800) * 1000),
            "cancelled": place == 5,
            "job": {"shortcode": candidate.job, "title": account.jobs[candidate.job].title},
            "members": [
                {"id": hex_id(members[1].id), "name": members[1].name, "type": "Member", "status": "accepted"}
            ],
            "candidate": {"id": hex_id(candidate.id), "name": candidate.name},
        }
        for place, candidate in enumerate(candidates)
        if candidate.job is not None
    ]
