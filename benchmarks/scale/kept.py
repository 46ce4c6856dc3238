"""The last results of the benchmarks in this folder, for docs/scale.md: one table each, with the load of the machine."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("measured.json")


def keep(name: str, head: Sequence[str], lines: Sequence[Sequence[str]], key: int = 1) -> None:
    """A table's lines; one whose first `key` cells are known takes the place of that line."""
    load = f"{os.getloadavg()[0]:.0f}"
    known = {tuple(line[:key]): line for line in read().get(name, {"lines": []})["lines"]}
    known |= {tuple(line[:key]): [*line, load] for line in lines}
    replace(name, [*head, "load"], [*known.values()])


def replace(name: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A whole table."""
    kept = {**read(), name: {"head": head, "lines": lines}}
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read() -> dict[str, dict[str, Any]]:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def table(name: str) -> str:
    """In Markdown."""
    found = read()[name]
    rows = [found["head"], ["---"] * len(found["head"]), *found["lines"]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
