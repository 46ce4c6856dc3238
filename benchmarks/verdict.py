"""The verdict on tables whose answer is known, over several splits, data sets and networks: it must never be the opposite.

    python -m benchmarks.verdict [--seeds 20] [--only NAME] [--write]

Each seed draws the data (if they are simulated), the split and the initial weights of the network. The network is the reference
network of `ti.train`, and the linear model is its counterpart. Both are as in an audit, and the verdict is that of an audit.
`--write` writes the table into docs/verdict.md. The command exits with 1 in three cases: a verdict is ruled out by the table's
answer, a verdict is *inconclusive* although the rows could give a conclusive one, or another claim of a line is not met.

*When could the rows give one?* The mean difference over the seeds is taken as the true difference. A conclusive verdict is
required if an interval with the verdict's own standard error would be conclusive about this difference (beyond zero and the
margin, or within the margin) in 99 of 100 tables.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.datasets import make_friedman1

import tabinterp as ti
from tabinterp.analyses.performance.estimator import Performance, compare
from tabinterp.models import BoundModel, bind

ROOT = Path(__file__).parents[1]
SURE = 1.96 + 2.33  # standard errors within which an interval excludes a number in 99 of 100 tables
SPLIT = 0.25
FRESH = 60_000
CHANCE = 0.02  # distance from .5 of the mean AUC of a linear model that knows nothing

Draw = Callable[[int], ti.Table]
Fresh = Callable[[int], tuple[ti.Table, np.ndarray]]  # by seed: rows, and the probability of the positive class in each


@dataclass(frozen=True)
class Case:
    """A table by seed, the verdicts its answer allows beside "inconclusive", and what else is asked of it."""

    name: str
    answer: str
    allowed: tuple[str, ...]
    draw: Draw
    also: str = ""  # "auc": the linear model's is .5; "ladder": it stops at "linear"
    fresh: Fresh | None = (
        None  # other rows of the same source, from which the true difference of the two models is taken
    )


@dataclass(frozen=True)
class Outcome:
    """What one seed gave."""

    status: str
    value: float
    stderr: float
    margin: float
    rows: int
    auc: float
    shortest: str | None
    true: float  # difference of the expected losses; NaN where the source is not known


# ---- the tables


def bundled(file: str, **asked: Any) -> Draw:
    """All rows; only the split is drawn."""
    return lambda seed: read(pd.read_csv(ROOT / "datasets" / file), seed, **asked)


def read(frame: pd.DataFrame, seed: int, **asked: Any) -> ti.Table:
    """A quarter of the rows held out, drawn by the seed."""
    held_out = np.zeros(len(frame), dtype=bool)
    held_out[np.random.default_rng([seed, 1]).permutation(len(frame))[: round(SPLIT * len(frame))]] = True
    return ti.read_table(frame.assign(part=np.where(held_out, "test", "train")), split="part", **asked)


def friedman(seed: int) -> ti.Table:
    x, y = make_friedman1(4000, n_features=10, noise=1.0, random_state=seed)
    return read(pd.DataFrame(x, columns=[f"x{i}" for i in range(1, 11)]).assign(y=y), seed, target="y")


def xor(seed: int) -> ti.Table:
    """y is whether two of five numbers have one sign, and the other way round in a tenth of the rows."""
    draw = np.random.default_rng([seed, 2])
    x = draw.normal(size=(4000, 5))
    same = (x[:, 0] * x[:, 1] > 0) ^ (draw.random(4000) < 0.1)
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(1, 6)])
    return read(frame.assign(y=np.where(same, "same", "other")), seed, target="y", positive="same")


def logistic_rows(rows: int, *seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Six numbers and three levels, a target drawn from a logistic model of them, and its probability."""
    draw = np.random.default_rng(seed)
    x, level = draw.normal(size=(rows, 6)), draw.integers(0, 3, rows)
    score = x @ [1.0, -0.8, 0.5, 0.3, 0.0, 0.0] + np.array([0.0, 0.7, -0.5])[level] - 0.4
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(1, 7)]).assign(level=np.array(["a", "b", "c"])[level])
    return frame.assign(y=np.where(draw.random(rows) < expit(score), "yes", "no")), expit(score)


def logistic(seed: int) -> ti.Table:
    return read(logistic_rows(12_000, seed, 3)[0], seed, target="y", positive="yes")


def fresh_logistic(seed: int) -> tuple[ti.Table, np.ndarray]:
    frame, p = logistic_rows(FRESH, seed, 4)
    return ti.read_table(frame, target="y", positive="yes"), p


CODES = dict.fromkeys(("SEX", "EDUCATION", "MARRIAGE"), "categorical")
CASES = (
    Case("Taiwan, 30,000 rows", "better", ("better",), bundled(
        "default_of_credit_card_clients.csv.gz", target="default payment next month", positive=1, drop=["ID"], kinds=CODES)),
    Case("California, 20,640 rows", "better", ("better",), bundled(
        "california_housing.csv.gz", target="MedHouseVal")),
    Case("German, 1,000 rows", "no gain", ("equivalent", "worse"), bundled(
        "german_credit.csv", target="credit_risk", positive="bad")),
    Case("Friedman-1, 4,000 rows", "better", ("better",), friedman),
    Case("XOR, 4,000 rows", "better", ("better",), xor, "auc"),
    Case("logistic model, 12,000 rows", "equivalent", ("equivalent",), logistic, "ladder", fresh_logistic),
)  # fmt: skip


# ---- one seed, and all of them


def one(case: Case, seed: int) -> Outcome:
    trained = ti.train(case.draw(seed), seed=seed)
    network, linear = (bind(model, trained.table) for model in (trained.networks[0], trained.counterpart))
    found = judged(network, linear, seed)
    value, stderr, _, _ = found.metrics[0].difference
    auc = next((m.linear[0] for m in found.metrics if m.name == "auc"), np.nan)
    shortest = ti.ladder(network, network.table, seed=seed).shortest if case.also == "ladder" else None
    true = np.nan if case.fresh is None else true_difference(network, linear, *case.fresh(seed))
    return Outcome(found.status, value, stderr, found.margin, found.rows, auc, shortest, true)


def true_difference(network: BoundModel, linear: BoundModel, table: ti.Table, p: np.ndarray) -> float:
    """Expected log loss of the network less that of the linear model, where each row's probability is known."""
    scores = [bind(bound.model, table).scores[:, 0] for bound in (network, linear)]
    one, other = (float(np.mean(p * np.logaddexp(0, -s) + (1 - p) * np.logaddexp(0, s))) for s in scores)
    return one - other


def judged(network: BoundModel, linear: BoundModel, seed: int) -> Performance:
    """As `ti.audit` does it."""
    rows = np.flatnonzero(network.table.held_out)
    return compare(network.take(rows), linear.take(rows), seed=seed, held_out=True)


def resolvable(outcome: Outcome, true: float) -> bool:
    """Would rows like these give a conclusive verdict on a difference of this size in 99 of 100 tables?"""
    reach = SURE * outcome.stderr
    return abs(true) > max(reach, outcome.margin) or abs(true) + reach < outcome.margin


def contradicted(case: Case, outcome: Outcome) -> bool:
    """By the true difference of these two models where it is known, otherwise by the table's answer."""
    if np.isnan(outcome.true):
        return outcome.status not in (*case.allowed, "not_resolved")
    ruled_out = {
        "better": outcome.true >= 0,
        "worse": outcome.true <= 0,
        "equivalent": abs(outcome.true) >= outcome.margin,
    }
    return bool(ruled_out.get(outcome.status, False))


def violations(case: Case, found: list[Outcome]) -> list[str]:
    true = float(np.mean([o.value for o in found]))
    told = []
    wrong = Counter(o.status for o in found if contradicted(case, o))
    told += [f"{count} times {status!r}" for status, count in wrong.items()]
    open_ = sum(o.status == "not_resolved" and resolvable(o, true) for o in found)
    told += [f"{open_} times inconclusive on rows that could give a conclusive verdict"] if open_ else []
    auc = float(np.mean([o.auc for o in found]))
    if case.also == "auc" and abs(auc - 0.5) > CHANCE:
        told.append(f"mean AUC of the linear model {auc:.3f}")
    if case.also == "ladder":
        other = Counter(str(o.shortest) for o in found if o.shortest != "linear")
        told += [f"{count} times the ladder stops at {name!r}" for name, count in other.items()]
    return told


def line(case: Case, found: list[Outcome], wrong: list[str]) -> str:
    counts = Counter(o.status for o in found)
    value, margin, stderr = (
        float(np.mean([getattr(o, name) for o in found])) for name in ("value", "margin", "stderr")
    )
    also = {
        "auc": f"; mean AUC of the linear model {np.mean([o.auc for o in found]):.3f}",
        "ladder": f"; the ladder stops at linear in {sum(o.shortest == 'linear' for o in found)} of {len(found)}",
    }.get(case.also, "")
    other = [o for o in found if not np.isnan(o.true) and o.status not in (*case.allowed, "not_resolved")]
    if other:
        gaps = ", ".join(f"{o.true:+.4f}" for o in other)
        also += f"; where the verdict is {other[0].status}, the true difference is {gaps}"
    cells = [
        case.name,
        f"{found[0].rows:,}",
        case.answer,
        *(str(counts[status]) for status in ("better", "equivalent", "worse", "not_resolved")),
        f"{value:+.4f} ({stderr:.4f})",
        f"{margin:.4f}",
        ("**" + "; ".join(wrong) + "**" if wrong else "holds") + also,
    ]
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| table | held out | answer | better | equivalent | worse | inconclusive | mean difference (standard error) | margin | |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)
WORDS = """# The verdict on tables with known answers

`python -m benchmarks.verdict --write` writes this page. Each line of the table summarises {seeds} seeds. A seed determines the
split (a quarter of the rows is held out), the initial weights of the network and, for simulated tables, the data. The network is
the reference network of `ti.train`, and the linear model is the linear counterpart of this network.

The difference is the loss of the network minus that of the linear model. The loss is the squared error for California and
Friedman-1, and the log loss for the other tables. The number in parentheses is the standard error of the difference, averaged
over the seeds. This standard error reflects the sampling of the held-out rows.

A line *holds* if two conditions are met. First, no verdict contradicts the known answer. Second, if the table is large enough for
a conclusive verdict, no verdict is *inconclusive*. A table is large enough if 99 of 100 tables of its size would give a
conclusive verdict, assuming that the true difference equals the mean difference. For German credit, the known answer is that the
network brings no gain, so the verdict "worse" does not contradict this answer.

The last table was generated by a logistic model. For this simulated table, the true difference between the network and the linear
model is computed from 60,000 new rows with known probabilities, and each verdict is compared with this true difference. Some
verdicts on this simulated table may be "worse", because a flexible network that was trained on 9,000 rows is slightly worse than
the model that generated the table.

{table}
"""


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seeds", type=int, default=20)
    ask.add_argument("--only", default="")
    ask.add_argument("--write", action="store_true")
    asked = ask.parse_args()
    lines, failed = [HEAD], False
    print(HEAD)
    for case in CASES:
        if asked.only.lower() not in case.name.lower():
            continue
        start = time.perf_counter()
        found = [one(case, seed) for seed in range(asked.seeds)]
        wrong = violations(case, found)
        failed |= bool(wrong)
        lines.append(line(case, found, wrong))
        print(lines[-1], flush=True)
        print(f"{case.name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    if asked.write:
        text = WORDS.format(seeds=asked.seeds, table="\n".join(lines))
        (ROOT / "docs" / "verdict.md").write_text(text, encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
