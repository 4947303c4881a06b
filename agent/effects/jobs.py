"""Tells whether the job that is written to is live, as far as the mirror knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from agent.work import Work
from storage import mirror_acting
from storage.ledger.outbox import EffectKind

LIVE = ("published", "closed")


@dataclass(frozen=True)
class Jobs:
    """`states` by shortcode, `present` the jobs of candidates."""

    states: dict[str, str]
    present: dict[str, str]

    @classmethod
    def of(cls, work: Work, candidate_ids: Iterable[str]) -> Self:
        with work.tools.mirror.transaction() as tx:
            states = mirror_acting.job_states(tx, work.account_id)
            return cls(states, mirror_acting.present_jobs(tx, work.account_id, list(candidate_ids)))

    def is_shut(self, kind: EffectKind, candidate_id: str | None, job_shortcode: str | None) -> bool:
        """True when the job is known to be a draft or archived.

        An invite is for the job it was planned for; all else goes to where the candidate is now.
        """
        job = job_shortcode
        if kind != EffectKind.INVITE and candidate_id:
            job = self.present.get(candidate_id, job_shortcode)
        state = self.states.get(job or "")
        return state is not None and state not in LIVE
