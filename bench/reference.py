"""The plain loop to compare with: read every page, then one bulk insert. It remembers nothing between runs.

`python -m bench.reference BASE_URL FILE`, the token on standard input.
"""

import json
import sys
from typing import Any

import duckdb
import httpx
import pyarrow as pa


def main() -> None:
    base_url, path = sys.argv[1:]
    rows = _rows(f"{base_url}/candidates?limit=100", sys.stdin.read().strip())
    with duckdb.connect(path) as connection:
        connection.register("rows", pa.Table.from_pylist(rows))
        connection.execute("CREATE TABLE candidates AS SELECT * FROM rows")
    sys.stdout.write(f"{len(rows)}\n")


def _rows(url: str | None, token: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        while url:
            answer = client.get(url)
            answer.raise_for_status()
            page = json.loads(answer.content)
            rows += page["candidates"]
            url = page.get("paging", {}).get("next")
    return rows


if __name__ == "__main__":
    main()
