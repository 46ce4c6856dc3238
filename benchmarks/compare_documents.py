"""Compare two audit documents entry by entry: python -m benchmarks.compare_documents OLD.json NEW.json

Words, decisions and counts must be equal, and numbers must agree within a relative tolerance of 1e-9 (`--tolerance`). Entries
that differ by design between versions are left out (`IGNORED`), and entries that have moved are looked up under their new name
(`RENAMED`). The command prints every difference, addition and removal. It exits with 1 if it finds anything but additions.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

IGNORED = {
    "method.version",
    "method.code_digest",
    "method.configuration_digest",
    "method.libraries",
    "network.library",
    "linear.library",
}
RENAMED: dict[str, str] = {"method.settings.rows": "settings.rows"}  # old place (or its beginning) -> new place

Place = str


def places(value: Any, at: Place = "") -> Iterator[tuple[Place, Any]]:
    """Yield every leaf of a document with its place, such as `performance.metrics.0.network.value`."""
    if at in IGNORED:
        return
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from places(inner, f"{at}.{key}" if at else key)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from places(inner, f"{at}.{index}")
    else:
        yield at, value


def renamed(place: Place) -> Place:
    """Return the place under its new name."""
    for old, new in RENAMED.items():
        if place == old or place.startswith(f"{old}."):
            return new + place[len(old) :]
    return place


def equal(old: Any, new: Any, tolerance: float) -> bool:
    """Whether two leaves are equal: numbers within the tolerance, all else exactly."""
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (old, new))
    if numbers and (isinstance(old, float) or isinstance(new, float)):
        return math.isclose(old, new, rel_tol=tolerance, abs_tol=tolerance)
    return bool(old == new)


def differences(old: Any, new: Any, tolerance: float) -> Iterator[str]:
    """Yield a line for every place that differs or is gone, then one for every addition."""
    before, after = {renamed(place): value for place, value in places(old)}, dict(places(new))
    for place, value in before.items():
        if place not in after:
            yield f"gone: {place} = {value!r}"
        elif not equal(value, after[place], tolerance):
            yield f"differs: {place}: {value!r} -> {after[place]!r}"
    for place in after.keys() - before.keys():
        yield f"added: {place} = {after[place]!r}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare_documents")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-9)
    arguments = parser.parse_args()
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in (arguments.old, arguments.new)]
    lines = list(differences(*documents, arguments.tolerance))
    print("\n".join(lines) if lines else "equal")
    return 1 if any(not line.startswith("added: ") for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
