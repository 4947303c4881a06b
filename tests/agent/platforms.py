"""What the platform tests share: a row as the contract has it, and pages of such rows."""

import json
from typing import Any

ROW: dict[str, Any] = {
    "interview_id": "int-1",
    "external_id": "ivw-1",
    "status": "completed",
    "updated_at": "2026-11-02T10:00:00.250Z",
    "revision": 2,
    "invite": {"delivered_at": "2026-11-01T10:00:00Z", "opened_at": "2026-11-02T09:00:00+01:00"},
    "result": {
        "score": 81,
        "grade": "passed",
        "summary": "Clear and calm.",
        "results_url": "https://interviews.example.com/r/1",
        "duration_seconds": 900,
        "rubric": [
            {"trait": "Clarity", "score": 90, "note": "Specific."},
            {"trait": "Reasoning", "score": 72},
        ],
        "transcript": [{"speaker": "candidate", "at_seconds": 12.5, "text": "Good morning."}],
        "attachments": [],
        "completed_at": "2026-11-02T10:00:00Z",
    },
}


def page(*rows: Any, key: str = "interviews", cursor: str | None = None) -> bytes:
    return json.dumps({key: rows} | ({"next_cursor": cursor} if cursor else {})).encode()
