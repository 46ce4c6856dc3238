"""Baselines of integrated gradients in the audit document: attributions for the mean, the median and real rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import fill, number
from tabinterp.document.base import Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Baselines as BaselinesResult

STARTS = ("mean", "median", "rows")


class StartRow(Part):
    """A baseline that is a single point, and how atypical this point is."""

    baseline: Literal["mean", "median"]
    neighbours: float  # percentile (0 to 1), among real rows, of the distance to the fifth nearest row
    unlike: list[str]  # columns in which no row has the same encoded value as the baseline
    reference: int


class StartGap(Part):
    baseline: Literal["mean", "median", "rows"]
    network: float | None
    linear: float | None


class BaselineRow(Part):
    """The mean absolute attribution of a column for each baseline, summed over outputs (biased upward by sampling error)."""

    column: str
    network: dict[str, float | None]
    linear: dict[str, float | None]


class BaselinePair(Part):
    first: Literal["mean", "median", "rows"]
    second: Literal["mean", "median", "rows"]
    top: int
    network: float | None  # rank correlation of the columns' mean absolute attributions (summed over outputs)
    network_overlap: float | None  # share of the `top` most important columns that both baselines have in common
    linear: float | None
    linear_overlap: float | None


class Baselines(Part):
    """Integrated gradients with three baselines: the mean, the median and real rows."""

    rows: int
    background_rows: int
    tolerance: float
    seed: int
    starts: list[StartRow]
    gaps: list[StartGap]
    pairs: list[BaselinePair]
    columns: list[BaselineRow]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        rows_of, draws = evaluated(document), self.background_rows
        yield used_rows("baselines", "both", self.rows, rows_of, self.seed, background=draws)


def build(r: Results) -> Baselines | None:
    """Return the attributions for each baseline, or None if they were not computed."""
    both = r[ANALYSIS]
    if both is None:
        return None
    network, linear = both
    rows = network["rows"]
    return Baselines(
        rows=len(rows.values),
        background_rows=rows.settings["background_rows"],
        tolerance=rows.tolerance or 0.0,
        seed=r.seed,
        starts=[fill(StartRow, start) for start in network.starts],
        gaps=[
            StartGap(baseline=name, network=number(network[name].gap), linear=number(linear[name].gap))
            for name in STARTS
        ],
        pairs=[
            fill(
                BaselinePair,
                a,
                network=number(a.spearman),
                network_overlap=number(a.overlap),
                linear=number(b.spearman),
                linear_overlap=number(b.overlap),
            )
            for a, b in zip(network.agreement, linear.agreement, strict=True)
        ],
        columns=_sizes(network, linear),
    )


def _sizes(network: BaselinesResult, linear: BaselinesResult) -> list[BaselineRow]:
    sizes = [{name: model[name].size().value.sum(axis=1) for name in STARTS} for model in (network, linear)]
    return [
        BaselineRow(
            column=column,
            network={name: number(sizes[0][name][j]) for name in STARTS},
            linear={name: number(sizes[1][name][j]) for name in STARTS},
        )
        for j, column in enumerate(network["mean"].columns)
    ]
