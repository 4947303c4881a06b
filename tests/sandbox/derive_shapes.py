"""Derives shapes.json (key names, types, nullability; no values) from a folder of recorded answers.

python tests/sandbox/derive_shapes.py SAMPLES_FOLDER > tests/sandbox/shapes.json
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

Shape = dict[str, Any]  # types: names seen; keys: name -> shape, with `always`; items: shape of the rows
PLACES = (
    (r"^(/spi/v3)?/", "/"),
    (r"^/candidates/[0-9a-f]+", "/candidates/:id"),
    (r"^/jobs/[0-9A-F]+", "/jobs/:shortcode"),
    (r"^/members/(?!invite)[0-9a-f]+", "/members/:id"),
    (r"^/events/[0-9a-f]+", "/events/:id"),
    (r"^/subscriptions/\d+", "/subscriptions/:id"),
    (r"^/accounts/\w+", "/accounts/:subdomain"),
    (r"^/departments/\w+", "/departments/:id"),
)


def name_of(method: str, path: str) -> str:
    """The endpoint behind a concrete path."""
    for pattern, general in PLACES:
        path = re.sub(pattern, general, path)
    return f"{method} {path}"


def shape_of(value: Any) -> Shape:
    found: Shape = {"types": [type(value).__name__]}
    if isinstance(value, dict):
        found["keys"] = {key: {"always": True, **shape_of(inner)} for key, inner in value.items()}
    if isinstance(value, list) and value:
        found["items"] = merged([shape_of(row) for row in value])
    return found


def merged(shapes: list[Shape]) -> Shape:
    """One shape that fits all; a key is `always` there only when every object has it."""
    result: Shape = {"types": sorted({name for shape in shapes for name in shape["types"]})}
    objects = [shape["keys"] for shape in shapes if "keys" in shape]
    if objects:
        names = sorted({name for keys in objects for name in keys})
        result["keys"] = {name: _merged_key(name, objects) for name in names}
    rows = [shape["items"] for shape in shapes if "items" in shape]
    if rows:
        result["items"] = merged(rows)
    return result


def _merged_key(name: str, objects: list[dict[str, Shape]]) -> Shape:
    having = [keys[name] for keys in objects if name in keys]
    always = len(having) == len(objects) and all(shape["always"] for shape in having)
    return {"always": always, **merged(having)}


def derive(folder: Path) -> dict[str, Shape]:
    """Only answers that were no errors; the candidate list is taken from its full walk."""
    found: dict[str, list[Shape]] = {}
    for path in sorted(folder.glob("*.json")):
        for exchange in json.loads(path.read_text()):
            if exchange["status"] < 300:
                name = name_of(exchange["method"], exchange["path"])
                found.setdefault(name, []).append(shape_of(exchange["response"]))
    return {name: merged(shapes) for name, shapes in sorted(found.items())}


if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(shape)}" for name, shape in derive(Path(sys.argv[1])).items()]
    sys.stdout.write("{" + ",\n".join(lines) + "}\n")
