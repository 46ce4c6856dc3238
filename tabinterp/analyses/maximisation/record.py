"""Optima in the document: the rows at which a hidden unit or an output is largest or smallest, and how atypical they are."""

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
    """The row of the domain at which a unit (before its activation) or an output is largest."""

    value: float
    mean: float  # over rows
    sd: float
    tenth: float | None  # the tenth greatest over rows
    bound: float | None  # no row of the domain is above it
    proof: Literal["closed form", "integer programme", "bound propagation"] | None
    reached: float | None  # (value - mean) / (bound - mean)
    within: float  # share of starts that end within 1% of it
    optima: int  # different rows among these
    cosine: float | None  # median over pairs of starts
    mahalanobis: float  # percentiles among real rows, high: far out
    neighbours: float
    forest: float
    residual: float  # of the largest conditional residual of a number
    residual_of: str | None  # that number; None where no column is one
    out: int  # columns out of the range of the rows
    oddness: float  # share of real rows that are less odd, over the measures and both of their ends
    beyond: list[End]  # by which it is odder than `Inside.far` of them
    unreadable: bool  # it is
    places: list[Place]


class PathPoint(Part):
    """The optimum within the Mahalanobis ball that contains a given share of the rows."""

    share: float
    value: float
    tenth: float | None  # the tenth greatest over the rows in the ball
    oddness: float
    out: int
    unreadable: bool


class Plausible(Part):
    """The largest optimum of a path that is no farther out than real rows."""

    share: float
    value: float
    oddness: float
    places: list[Place]


class OutputCard(Part):
    output: str | None
    lowest: bool  # where the output is least: every number of the optimum is of the output with its sign turned
    optimum: Optimum


def build_outputs(units_shown: int, optima: Optima, values: ShownValues) -> list[OutputCard]:
    """Return the optimum of every output."""
    start = 2 * units_shown
    return [
        OutputCard(output=name, lowest=sign < 0, optimum=build_optimum(optima, start + k, values))
        for k, (name, sign) in enumerate(optima.outputs)
    ]


def build_optimum(optima: Optima, k: int, values: ShownValues) -> Optimum:
    """Return one of the optima."""
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
    """Return the optima of a unit within balls that contain more and more of the rows."""
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
    """Return the largest optimum that is not atypical; None if that is the optimum itself, or there is none."""
    points, paths = build_path(optima, k), optima.paths
    typical = [b for b, point in enumerate(points) if not point.unreadable]
    if paths is None or not typical or not optima.maxima.typicality.unreadable[k]:
        return None
    best = max(typical, key=lambda b: points[b].value)
    point = points[best]
    places = values.places(paths.rows.iloc[k * len(points) + best])
    return Plausible(share=point.share, value=point.value, oddness=point.oddness, places=places)
