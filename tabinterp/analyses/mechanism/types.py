"""Parts of the document that say how the network computes its score: regions, conductance, path products, groups of units."""

from __future__ import annotations

from tabinterp.document.base import Interval, Message, Part


class TermRow(Part):
    """A term of a linear function: a column per unit, or one level against the reference level."""

    column: str
    level: str | None
    reference: str | None
    unit: str | None
    sd: float | None  # of the column, to turn "per unit" into "per standard deviation"


class RegionTerm(TermRow):
    """How the coefficient varies over rows, in units of the score."""

    output: str | None
    mean: Interval
    spread: float | None  # standard deviation over rows
    sign_flip: float | None  # share of rows whose coefficient has the other sign than the mean
    linear: float | None  # the counterpart's; None where it has no such term


class Region(Part):
    """One of at least ten rows; `coefficients` follow `Regions.terms`."""

    rows: int
    share: float
    coefficients: list[float]


class Regions(Part):
    rows: int
    visited: int
    told: int  # that hold ten rows or more
    share_told: float  # of the rows, in these
    largest: float | None  # share of the rows in the largest; None where it holds fewer than ten
    terms: list[RegionTerm]
    tables: list[Region]  # the largest
    left_out: list[str]  # columns that the encoder mixes with others


class ConductanceLayer(Part):
    layer: str
    gap: float  # largest over rows: abs(sum over the layer + around - rise of the score) / mean abs(rise)
    around: float  # mean absolute value, over rows and outputs, of what leads past the layer


class ConductanceRow(Part):
    """In units of the score."""

    output: str | None
    layer: str
    index: int
    mean: Interval  # signed
    size: Interval  # absolute value (biased upward by noise)


class Conductance(Part):
    rows: int
    tolerance: float  # of the gap
    layers: list[ConductanceLayer]
    units: int
    rows_told: list[ConductanceRow]  # the largest of each output first


class PathTerm(TermRow):
    output: str | None
    path: float
    gradient: float  # mean over rows


class PathColumn(Part):
    output: str | None
    column: str
    size: float | None  # standard deviation over rows of what the column adds along its path products
    garson: float | None  # share


class PathLine(Part):
    """Cosines of directions, per standard deviation; None where one has no length."""

    output: str | None
    path_gradient: float | None
    path_optimum: float | None
    gradient_optimum: float | None
    straight: float | None  # the last one for a line of the mean gradient


class Paths(Part):
    rows: int
    columns: list[PathColumn]
    terms: list[PathTerm]
    lines: list[PathLine]
    path_ranks: float | None  # rank correlation over columns with permutation importance
    garson_ranks: float | None
    failures: list[Message]  # that are known of path products and of Garson's shares


class UnitGroup(Part):
    """Units of a layer whose outputs are correlated; rises of the loss when their outputs no longer depend on the row."""

    layer: str
    units: list[int]
    resample: Interval  # outputs of another row, all of the same
    mean: Interval
    zero: Interval
    alone: float | None  # sum of what its members cost alone, by resampling


class UnitGroups(Part):
    rows: int
    repeats: int
    together: float  # absolute correlation from which units are one group, on average over its pairs
    groups: list[UnitGroup]  # the dearest first


class Mechanism(Part):
    """None where a reading does not apply; `absent` says why."""

    seed: int
    regions: Regions | None
    conductance: Conductance | None
    paths: Paths | None
    groups: UnitGroups | None
    absent: list[Message]
