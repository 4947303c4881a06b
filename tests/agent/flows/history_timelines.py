"""What should stand on the timelines at the end of histories: each note once, results in their order."""

import re
from collections import Counter
from collections.abc import Iterator

from sandbox.model import Activity
from sandbox.platform_model import Interview
from tests.agent.flows.history_oracle import Application, Oracle

MARK = re.compile(r"Ref (IVW-\w{4}-\w{4})$")
SCORE = re.compile(r"AI interview(?: is complete)?: (\d+) of 100")


def wrong_timelines(oracle: Oracle) -> Iterator[str]:
    marks: Counter[str] = Counter()
    for application in oracle.applications:
        if application.gone_at is not None:
            continue
        timeline = oracle.timeline(application)
        marks.update(match[1] for a in timeline if (match := MARK.search(a.body or "")))
        if not application.is_anonymized:
            yield from _wrong_results(oracle, application, timeline)
    yield from (f"{mark} stands {count} times" for mark, count in marks.items() if count > 1)


def _wrong_results(oracle: Oracle, application: Application, timeline: list[Activity]) -> Iterator[str]:
    """Held against the interview, where it is plain whose it is."""
    mine = [one for one in oracle.interviews if one.candidate["email"] == application.email]
    is_alone = sum(one.email == application.email for one in oracle.applications) == 1
    if len(mine) != 1 or not is_alone or not oracle.is_written_to(application):
        return
    (interview,) = mine
    comments = [a for a in timeline if a.action == "comment" and MARK.search(a.body or "")]
    ratings = [a for a in timeline if a.action == "rating"]
    told = [match[1] for a in comments if (match := SCORE.search(a.body or ""))]
    invites = [a for a in comments if "was invited to" in (a.body or "")]
    if len(invites) != 1:
        yield f"{application.ids}: {len(invites)} notes about the invite {interview.id}"
    is_rateable = oracle.has_all_stages(application)
    yield from _wrong_scores(application, interview, told, ratings, is_rateable=is_rateable)


def _wrong_scores(
    application: Application,
    interview: Interview,
    told: list[str],
    ratings: list[Activity],
    *,
    is_rateable: bool,
) -> Iterator[str]:
    who = f"{application.ids}, {interview.id} ({interview.status}, revision {interview.revision})"
    if interview.result is None:
        if told or ratings:
            yield f"{who}: there is no result, and {told} was told"
        return
    final = str(interview.result["score"])
    if not told or told[-1] != final or len(told) > interview.revision:
        yield f"{who}: comments tell {told}, and the result is {final}"
    if not is_rateable:
        return
    newest = max(ratings, key=lambda a: a.updated_at, default=None)
    match = SCORE.search(newest.body or "") if newest else None
    if match is None or match[1] != final:
        yield f"{who}: the rating is {newest}, and the result is {final}"
