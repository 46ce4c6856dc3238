"""How often does an audit raise a false alarm? Clean tables are audited, so every finding that is raised is false.

    python -m benchmarks.alarms [--tables 200] [--jobs 2] [--cells binary-400-0.03 ...] [--part all]
                               [--kept FILE] [--out docs/faults.md]

A cell is a combination of a task, a number of rows and a share of the positive class; `tables` describes how its tables are
made. Limits: at most 5% of the audits raise any finding of severity `act`, and at most 15% raise any finding of severity
`check`. A cell fails if the entire exact 95% interval of its share lies above the limit.

The kept file (by default `kept.jsonl` in this folder) has one line for each audited table and part. A run can therefore be
stopped and continued, and new checks can be run on tables that were audited before. The lines are results of the code that wrote
them, so start a new file after a check has changed. The section of the page between the marks is rewritten. The command exits
with 1 if a cell fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import torch
from scipy.stats import beta

from benchmarks.faults.audits import audited, other_seeds_say_so
from benchmarks.faults.planted import EVERY
from benchmarks.marked import rewrite
from tabinterp.errors import TabinterpError

from .tables import CELLS, FEWEST, Cell, drawn

LIMITS = {"act": 0.05, "check": 0.15}
TABLES, TURN = 200, 5  # tables of each cell, and how many of one cell are read before those of the next
OUT = Path(__file__).parents[2] / "docs" / "faults.md"
VALIDATION = frozenset({"overfitting", "perturbation", "conformal"})
PARTS = {"all": EVERY - VALIDATION | {"shapley_values", "boosted_trees"}, "validation": VALIDATION}  # what checks read
Line = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alarms")
    parser.add_argument("--tables", type=int, default=TABLES)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--cells", nargs="*", default=[cell.slug for cell in CELLS], choices=[cell.slug for cell in CELLS]
    )
    parser.add_argument("--part", default="all", choices=[*PARTS])
    parser.add_argument("--kept", type=Path, default=Path(__file__).with_name("kept.jsonl"))
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    kept = read(asked.kept)
    done = {(line["cell"], line["table"]) for line in kept if part_of(line) == asked.part}
    open_ = [(*one, asked.part) for one in order(asked.cells, asked.tables) if one not in done]
    # `concurrent.futures` of Python 3.11 hangs when thousands of tasks are submitted at once (CPython issue 105829).
    with Pool(asked.jobs) as pool, asked.kept.open("a", encoding="utf-8") as file:
        for line in pool.imap_unordered(_look, open_):
            kept.append(line)
            file.write(json.dumps(line) + "\n")
            file.flush()
            print(f"{line['cell']} {line['table']}: {line['raised'] or '-'} {line['refused'] or ''}", flush=True)
    text, passed = told(kept)
    print(text)
    rewrite(asked.out, "alarms", text)
    return 0 if passed else 1


def read(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def order(cells: Iterable[str], tables: int) -> list[tuple[str, int]]:
    """Some tables of every cell, small tables first, then some more: a run that is stopped has read as many of each."""
    wanted = set(cells)
    slugs = [cell.slug for cell in CELLS if cell.slug in wanted]
    return [
        (slug, number)
        for first in range(0, tables, TURN)
        for slug in slugs
        for number in range(first, min(first + TURN, tables))
    ]


def part_of(line: Line) -> str:
    return str(line.get("part", "all"))


def joined(kept: list[Line]) -> list[Line]:
    """One line for each table, with what each part raised; tables of which only the validation is known are left out."""
    more = {(line["cell"], line["table"]): line for line in kept if part_of(line) == "validation"}
    lines = []
    for line in kept:
        if part_of(line) == "all":
            other = more.get((line["cell"], line["table"]), {"raised": {}, "true": [], "seconds": 0.0})
            both = {"raised": line["raised"] | other["raised"], "true": [*line["true"], *other["true"]]}
            lines.append(line | both | {"seconds": line["seconds"] + other["seconds"]})
    return lines


def look(slug: str, number: int, part: str) -> Line:
    """What the audit of one table raises: slug -> severity; and what of it is true, since other seeds raise it as well."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    cell, start = next(cell for cell in CELLS if cell.slug == slug), time.process_time()
    raised: dict[str, str] = {}
    true: list[str] = []
    refused = None
    try:
        rows, model = drawn(cell, number)
        found = audited(rows, model, PARTS[part], {}).findings
        raised = {one.slug: one.severity for one in found.values() if one.status == "raised"}
        true = other_seeds_say_so(raised, rows, model, PARTS[part], {})
    except TabinterpError as error:
        refused = str(error)
    seconds = round(time.process_time() - start, 2)
    named = {} if part == "all" else {"part": part}
    return {
        "cell": slug,
        "table": number,
        **named,
        "raised": raised,
        "true": true,
        "refused": refused,
        "seconds": seconds,
    }


def _look(one: tuple[str, int, str]) -> Line:
    return look(*one)


def told(kept: list[Line]) -> tuple[str, bool]:
    """The table, and whether every cell is within the limits."""
    validated = {(line["cell"], line["table"]) for line in kept if part_of(line) == "validation"}
    kept, rows, passed = joined(kept), list[str](), True
    for cell in CELLS:
        lines = [line for line in kept if line["cell"] == cell.slug]
        if not lines:
            continue
        cells = []
        for severity, limit in LIMITS.items():
            hits = sum(severity in false_alarms(line).values() for line in lines)
            low, high = exact(hits, len(lines))
            passed &= low <= limit
            mark = "" if low <= limit else " **above the limit**"
            cells.append(f"{hits} ({low:.1%} to {high:.1%}){mark}")
        refused = sum(line["refused"] is not None for line in lines)
        true = Counter(slug for line in lines for slug in line["true"])
        rows.append(
            f"| {_name(cell)} | {len(lines)} | {cells[0]} | {cells[1]} | {refused or '–'} "
            f"| {_which(Counter(one for line in lines for one in false_alarms(line)))} | {_which(true)} |"
        )
    text = "\n".join(
        [
            "| tables | audits | any `act` (95% interval) | any `check` (95% interval) | refused | false alarms "
            "| true findings |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    )
    seconds = sum(line["seconds"] for line in kept)
    both = sum((line["cell"], line["table"]) in validated for line in kept)
    took = f"The {len(kept):,} audits took {seconds:,.0f} CPU seconds."
    those = "All" if both == len(kept) else f"{both:,}"
    return f"{text}\n\n{took} {those} of them included the checks `overfit`, `fragile` and `undercovered`.\n", passed


def exact(hits: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a share."""
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, of - hits + 1))
    return low, 1.0 if hits == of else float(beta.ppf(1 - tail, hits + 1, of - hits))


def _name(cell: Cell) -> str:
    what = {
        "binary": f"{cell.share or 0:.0%} positives",
        "multiclass": "classes of 95%, 3.5%, 1.5%",
        "count": "counts",
        "regression": "numbers, heavy tails",
    }[cell.task]
    return f"n = {cell.rows:,}, {what}" + ("" if cell.rare >= FEWEST else f" (fewer than {FEWEST} events)")


def false_alarms(line: Line) -> dict[str, str]:
    """Findings of severity act or check, less those that are true: slug -> severity."""
    return {
        slug: severity for slug, severity in line["raised"].items() if severity in LIMITS and slug not in line["true"]
    }


def _which(counts: Counter[str]) -> str:
    return ", ".join(f"`{slug}` {hits}" for slug, hits in counts.most_common()) or "–"


if __name__ == "__main__":
    sys.exit(main())
