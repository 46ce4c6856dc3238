"""Optima in the document: rows at which a hidden unit or an output is largest or smallest, and how atypical they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import fill, number
from tabinterp.document.base import Part

from .shown_values import Place, ShownValues

if TYPE_CHECKING:
    from tabinterp.analyses.hidden_units.audited_units import Optima

LEVEL = 0.01  # share of real rows that count as atypical
MEASURES = ("mahalanobis", "neighbours", "forest", "residual")


End = Literal[
    "mahalanobis", "neighbours", "forest", "residual",
    "mahalanobis_near", "neighbours_near", "forest_near", "residual_near",
]  # fmt: skip


class Optimum(Part):
    """Row of the domain at which an output, or the pre-activation of a hidden unit, is largest."""

    value: float
    mean: float  # mean over rows
    sd: float
    tenth: float | None  # tenth largest value over rows
    bound: float | None  # upper bound over the domain
    proof: Literal["closed form", "integer programme", "bound propagation"] | None
    reached: float | None  # (value - mean) / (bound - mean)
    within: float  # share of starts that end close to `value`: within 1% of (value - mean)
    optima: int  # number of different rows at which the starts in `within` end
    cosine: float | None  # median, over pairs of starts, of the cosine between the encoded rows at which they end
    mahalanobis: float  # percentile among real rows, as are `neighbours` and `forest`; high values are atypical
    neighbours: float
    forest: float
    residual: float  # percentile of the largest conditional residual in a numeric column
    residual_of: str | None  # the numeric column with this residual; None if no column is numeric
    out: int  # number of columns in which the value lies outside the range of the rows
    oddness: float  # share of real rows that are less atypical, over all measures and both ends
    beyond: list[End]  # measures by which the optimum is more atypical than the share `Inside.far` of real rows
    unreadable: bool  # whether `beyond` names any measure
    places: list[Place]


class PathPoint(Part):
    """Optimum within the Mahalanobis ball that contains a given share of the rows."""

    share: float
    value: float
    tenth: float | None  # the tenth largest value over the rows in the ball
    oddness: float
    out: int
    unreadable: bool


class Plausible(Part):
    """Of the optima on a path (see `PathPoint`) that are not atypical, the one with the largest value."""

    share: float
    value: float
    oddness: float
    places: list[Place]


class OutputCard(Part):
    output: str | None
    lowest: bool  # optimum at which the output is smallest; all its numbers describe the negative of the output
    optimum: Optimum


def build_outputs(units_shown: int, optima: Optima, values: ShownValues) -> list[OutputCard]:
    """Return the optimum of every output."""
    start = 2 * units_shown
    return [
        OutputCard(output=name, lowest=sign < 0, optimum=build_optimum(optima, start + k, values))
        for k, (name, sign) in enumerate(optima.outputs)
    ]


def build_optimum(optima: Optima, k: int, values: ShownValues) -> Optimum:
    """Return the record of one optimum."""
    maxima = optima.maxima
    typicality = maxima.typicality
    return fill(
        Optimum,
        maxima,
        k,
        **{name: float(getattr(typicality, name)[k]) for name in (*MEASURES, "oddness")},
        residual_of=typicality.column[k],
        tenth=number(optima.tenth[k]),
        proof=maxima.proof[k],
        out=int(typicality.out[k]),
        beyond=list(typicality.beyond[k]),
        unreadable=bool(typicality.unreadable[k]),
        places=values.places(maxima.rows.iloc[k]),
    )


def build_path(optima: Optima, k: int) -> list[PathPoint]:
    """Return the optima of a unit within balls that contain a growing share of the rows."""
    paths = optima.paths
    assert paths is not None
    start = k * len(paths.budgets)
    return [
        PathPoint(
            share=float(share or 1.0),
            value=float(paths.value[k, b]),
            tenth=number(paths.real[k, b, 1]),
            oddness=float(paths.typicality.oddness[start + b]),
            out=int(paths.typicality.out[start + b]),
            unreadable=bool(paths.typicality.unreadable[start + b]),
        )
        for b, share in enumerate(paths.budgets)
    ]


def build_plausible(optima: Optima, k: int, values: ShownValues) -> Plausible | None:
    """Return, of the optima on a unit's path that are not atypical, the one with the largest value; None if there is none.

    Also return None if the unrestricted optimum is not atypical, because that optimum is already shown.
    """
    points, paths = build_path(optima, k), optima.paths
    typical = [b for b, point in enumerate(points) if not point.unreadable]
    if paths is None or not typical or not optima.maxima.typicality.unreadable[k]:
        return None
    best = max(typical, key=lambda b: points[b].value)
    point = points[best]
    places = values.places(paths.rows.iloc[k * len(points) + best])
    return Plausible(share=point.share, value=point.value, oddness=point.oddness, places=places)
