"""What the mirror knows of the members who write and of the jobs that are written to."""

from collections.abc import Sequence

from storage.mirror import Transaction


def inactive_members(tx: Transaction, account_id: str, member_ids: Sequence[str]) -> set[str]:
    """Of these the ones who are known to have left or to be switched off."""
    rows = tx.rows(
        "SELECT member_id FROM workable.members WHERE account_id = ? AND (is_deleted OR NOT is_active)"
        " AND member_id IN (SELECT unnest(?::VARCHAR[]))",
        [account_id, list(member_ids)],
    )
    return {member_id for (member_id,) in rows}


def active_members(tx: Transaction, account_id: str, member_ids: Sequence[str]) -> set[str]:
    """Of these the ones who are known to be active."""
    rows = tx.rows(
        "SELECT member_id FROM workable.members WHERE account_id = ? AND NOT is_deleted AND is_active"
        " AND member_id IN (SELECT unnest(?::VARCHAR[]))",
        [account_id, list(member_ids)],
    )
    return {member_id for (member_id,) in rows}


def job_states(tx: Transaction, account_id: str) -> dict[str, str]:
    """The state of each job that Workable has, by shortcode."""
    rows = tx.rows(
        "SELECT job_shortcode, state FROM workable.jobs WHERE account_id = ? AND NOT is_deleted", [account_id]
    )
    return dict(rows)


def present_jobs(tx: Transaction, account_id: str, candidate_ids: Sequence[str]) -> dict[str, str]:
    """The job in which each of these candidates is, for those who are in one."""
    rows = tx.rows(
        "SELECT candidate_id, job_shortcode FROM workable.candidates"
        " WHERE account_id = ? AND NOT is_deleted AND job_shortcode IS NOT NULL"
        " AND candidate_id IN (SELECT unnest(?::VARCHAR[]))",
        [account_id, list(candidate_ids)],
    )
    return dict(rows)
