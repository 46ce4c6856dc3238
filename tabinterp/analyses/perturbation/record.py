"""Record classes for robustness: the performance of both models under perturbation, and the columns with the largest effect."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, training, used_rows
from tabinterp.errors import DocumentError

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


OF_NUMBERS = 0.05  # size at which only numbers are perturbed
FEWEST = 100  # minimum number of columns that are perturbed individually, unless there are fewer


class AtSize(Part):
    """Performance of both models at one size of perturbation; differences are network minus linear model."""

    size: float  # largest shift of a numeric value, as a share of the number of donors, and probability that a level is replaced
    network: Interval
    linear: Interval
    difference: Interval
    rise: Interval  # rise in the network's loss from size 0 minus the rise in the linear model's; empty at size 0
    network_auc: Interval  # for two classes
    linear_auc: Interval
    auc_difference: Interval


class OfColumn(Part):
    """The rise in each model's loss when a single column is perturbed, and the difference (network minus linear model)."""

    column: str
    network: Interval
    linear: Interval
    difference: Interval


class Record(Part):
    metric: Metric
    null: float  # loss on all evaluated rows if every prediction is the base rate, or the mean
    rows: int
    draws: int
    seed: int
    donors: int  # number of donor rows
    donors_of: Literal["training", "all"]  # "all": donors are the evaluated rows; no rows are known to be held out
    sizes: list[AtSize]  # size 0 first, increasing
    numbers: AtSize | None  # results when only numeric columns are perturbed; None if no input is numeric
    # smallest size from which on the network is not significantly better; None: not better at size 0, or better at the largest
    lost_at: float | None
    # smallest size from which on it is significantly worse; None: worse at size 0, or not worse at the largest size
    worse_from: float | None
    column_size: float
    # largest rise in the network's loss first; of many inputs, only those that change the network's score most
    columns: list[OfColumn]

    def check_claims(self, document: Document) -> None:
        """Check that the order of sizes and columns, the differences, `lost_at` and `worse_from` are consistent."""
        sizes = [one.size for one in self.sizes]
        if not (sizes and sizes[0] == 0 and sizes[-1] <= 1 and all(one < other for one, other in pairwise(sizes))):
            raise DocumentError(
                f"analyses.perturbation.sizes must start at 0, increase strictly, and not exceed 1; got {sizes}."
            )
        lost, worse = turns([(one.size, one.difference.low, one.difference.high) for one in self.sizes])
        for name, claimed, implied in (("lost_at", self.lost_at, lost), ("worse_from", self.worse_from, worse)):
            if claimed != implied:
                raise DocumentError(
                    f"analyses.perturbation.{name} is {claimed}, but the intervals in analyses.perturbation.sizes imply "
                    f"{implied}."
                )
        if self.donors_of != training(document):
            raise DocumentError(
                f"analyses.perturbation.donors_of is {self.donors_of}, but the split implies {training(document)}."
            )
        inputs = {one.name: one.kind for one in document.data.columns if one.role == "input"}
        if (self.numbers is None) == ("numeric" in inputs.values()):
            raise DocumentError(
                "analyses.perturbation.numbers must be given if at least one input is numeric, and must be null otherwise."
            )
        if self.numbers is not None:
            kept = [one for one in self.sizes if one.size == OF_NUMBERS and {*inputs.values()} == {"numeric"}]
            if self.numbers.size != OF_NUMBERS or any(one != self.numbers for one in kept):
                raise DocumentError(
                    f"analyses.perturbation.numbers.size must be {OF_NUMBERS}; got {self.numbers.size}. If all inputs are "
                    "numeric, analyses.perturbation.numbers must also equal the entry for this size in "
                    "analyses.perturbation.sizes."
                )
        given = [one.column for one in self.columns]
        if len({*given}) < len(given) or {*given} - {*inputs} or len(given) < min(len(inputs), FEWEST):
            raise DocumentError(
                f"analyses.perturbation.columns must list at least {min(len(inputs), FEWEST)} of the {len(inputs)} inputs, each "
                f"only once, and nothing else; it lists {given}."
            )
        rises = [one.network.value for one in self.columns if one.network.value is not None]  # None: overflow
        if any(one < other for one, other in pairwise(rises)):
            raise DocumentError(
                "analyses.perturbation.columns must be sorted by the rise in the network's loss, largest first."
            )
        parts: list[AtSize | OfColumn] = [*self.sizes, *self.columns, *([] if self.numbers is None else [self.numbers])]
        for part in parts:
            _check_differences(part, self.sizes[0])

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("perturbation", "both", self.rows, evaluated(document), self.seed, perturbed=self.draws)
        if self.donors_of == "training":
            yield used_rows("perturbation_donors", "none", self.donors, self.donors_of, self.seed)


def turns(differences: Sequence[tuple[float, float | None, float | None]]) -> tuple[float | None, float | None]:
    """Return the perturbation size at and above which the network is not significantly better than the linear model, and the size
    at and above which it is significantly worse.

    Parameters
    ----------
    differences : (size, low, high) for each size, starting with size 0. `low` and `high` are the ends of the interval of the
        difference in loss, network minus linear model. They are None or NaN if there is no interval.

    Returns
    -------
    lost_at : smallest size at and above which the network is not significantly better. None if there is no such size, or if the
        network is not significantly better at size 0.
    worse_from : smallest size at and above which the network is significantly worse. None if there is no such size, or if the
        network is already significantly worse at size 0.

    >>> turns([(0.0, -2.0, -1.0), (0.1, -1.0, 1.0), (0.2, -2.0, -1.0), (0.3, -1.0, 1.0), (0.4, 1.0, 2.0)])
    (0.3, 0.4)
    """
    sizes = [size for size, _, _ in differences]
    better = [high is not None and high < 0 for _, _, high in differences]
    worse = [low is not None and low > 0 for _, low, _ in differences]
    return (
        _from(sizes, [not one for one in better]) if better[0] else None,
        None if worse[0] else _from(sizes, worse),
    )


def _from(sizes: Sequence[float], holds: Sequence[bool]) -> float | None:
    """Return the smallest size at and above which a condition holds; None if it does not hold at the largest size.

    `holds` states for each size whether the condition holds.
    """
    first = max((i + 1 for i, one in enumerate(holds) if not one), default=0)
    return sizes[first] if first < len(sizes) else None


def _check_differences(part: AtSize | OfColumn, none: AtSize) -> None:
    """Check that differences between the models, and the excess rise, follow from the values of the two models. `none` contains
    the values at size 0.
    """
    found = [("difference", part.difference, part.network, part.linear)]
    if isinstance(part, AtSize):
        found += [
            ("auc_difference", part.auc_difference, part.network_auc, part.linear_auc),
            ("rise", part.rise, part.difference, none.difference),
        ]
    for name, difference, one, other in found:
        if difference.value is None or one.value is None or other.value is None:
            continue
        if not math.isclose(difference.value, one.value - other.value, rel_tol=1e-6, abs_tol=1e-6 * abs(one.value)):
            raise DocumentError(
                f"analyses.perturbation: {name} is {difference.value}, but the two values from which it is computed differ by "
                f"{one.value - other.value}."
            )


def build(results: Results) -> Record | None:
    """Return the record of robustness; None if it was not computed."""
    result = results[ANALYSIS]
    return None if result is None else fill(Record, result, metric=result.loss)
