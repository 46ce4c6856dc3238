"""Agreement in the audit document: how similarly two explanation methods rank the columns, and how often their signs match."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tabinterp.analyses.coefficients import ANALYSIS as COEFFICIENTS
from tabinterp.analyses.gradients import ANALYSIS as GRADIENTS
from tabinterp.analyses.permutation_importance import ANALYSIS as PERMUTATION_IMPORTANCE
from tabinterp.analyses.record_values import number
from tabinterp.analyses.shapley_values import ANALYSIS as SHAPLEY_VALUES
from tabinterp.arrays import FloatArray
from tabinterp.document.base import LeftOut, Part
from tabinterp.stats.weights import deviation

from .estimator import Reading, agreements

if TYPE_CHECKING:
    from tabinterp.analyses.coefficients.estimator import Coefficients
    from tabinterp.analyses.results import Results
    from tabinterp.stats.estimates import Estimates

RANKED = ("saliency", "integrated_gradients", "expected_gradients")  # gradient methods that rank columns


class Agreement(Part):
    """Agreement between two explanation methods on the ranking of the columns and the signs of the terms."""

    first: str  # such as "network.saliency"; the display name is the message "reading." + this name
    second: str
    spearman: float | None
    top: int  # number of most important columns compared by `overlap`
    overlap: float | None  # share of these columns that both methods have in common
    signs: float | None  # share of terms with the same sign under both methods
    ordered: int | None = None  # column pairs that differ significantly under both; None without standard errors
    opposed: int | None = None  # number of these pairs that the two methods rank in opposite order


def build(r: Results) -> list[Agreement]:
    """Compare every pair of explanation methods by rank correlation, overlap of the top columns, and agreement in sign."""
    return [Agreement(**vars(pair)) for pair in agreements(_readings(r))]


def build_left_out(r: Results) -> list[LeftOut]:
    """Return the network's gradient methods whose attributions do not add up to the score within the tolerance."""
    return [
        LeftOut(
            model="network",
            method=gradients.method,
            gap=number(gradients.gap) or 0.0,
            tolerance=gradients.tolerance or 0.0,
        )
        for gradients, _ in r[GRADIENTS] or []
        if gradients.method in RANKED and not gradients.complete
    ]


def _readings(r: Results) -> list[Reading]:
    columns, weights = r.network.columns, r.network.table.weights
    readings = []
    importance, shapley, terms = r[PERMUTATION_IMPORTANCE], r[SHAPLEY_VALUES], r[COEFFICIENTS]
    if importance is not None:
        readings.append(Reading("network.permutation_importance", importance[0].importance))
    for network, _ in r[GRADIENTS] or []:
        if network.method in RANKED and network.complete:
            readings.append(_sizes(f"network.{network.method}", network.size()))
    if shapley is not None:
        readings.append(_sizes("network.shapley", shapley[0].mean_absolute()))
    if terms is not None:
        linear, network_terms = terms
        same = [t.term for t in linear.terms] == [t.term for t in network_terms.terms]
        slopes = network_terms.estimates.value
        readings.append(
            Reading(
                "network.average_derivative", _spread(network_terms, slopes, columns, weights), slopes if same else None
            )
        )
        fitted = linear.estimates.value
        readings.append(
            Reading("linear.coefficients", _spread(linear, fitted, columns, weights), fitted if same else None)
        )
    if importance is not None:
        readings.append(Reading("linear.permutation_importance", importance[1].importance))
    if shapley is not None:
        readings.append(Reading("linear.shapley", shapley[1].mean_absolute().value.mean(axis=1)))
    return readings


def _sizes(name: str, sizes: Estimates) -> Reading:
    """Return the mean absolute attribution of each column, averaged over outputs, with its standard error.

    The standard errors are conservative: they are averaged over outputs, as if the sampling errors were perfectly correlated.
    """
    return Reading(name, sizes.value.mean(axis=1), stderr=sizes.stderr.mean(axis=1))


def _spread(
    coefficients: Coefficients, slopes: FloatArray, columns: tuple[str, ...], weights: FloatArray | None
) -> FloatArray:
    """Return the standard deviation, over rows, of each column's contribution to the score, averaged over outputs."""
    result = np.full(len(columns), np.nan)
    for j, column in enumerate(columns):
        members = [i for i, t in enumerate(coefficients.terms) if t.term.column == column]
        if members and not np.isnan(slopes[members]).any():
            values = np.array([coefficients.terms[i].values for i in members], dtype=np.float64).T
            result[j] = deviation(values @ slopes[members], weights).mean()
    return result
