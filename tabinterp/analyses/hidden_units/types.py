"""Parts of the document that say what the network's hidden units do, what excites them, and what the loss is without them."""

from __future__ import annotations

from typing import Literal

from tabinterp.document.base import Interval, Metric, Part

Health = Literal["sound", "dead", "constant", "saturated", "duplicate", "redundant"]


class LayerHealth(Part):
    layer: str
    units: int
    dead: int  # 0 on every row
    constant: int
    saturated: int  # at an end of its range in 95% of the rows
    duplicate: int  # another unit up to scale and shift
    redundant: int  # a linear function of others
    effective_rank: float | None


class UnitRow(Part):
    layer: str
    index: int
    health: Health
    same_as: int | None  # of a duplicate: the unit of its layer that it repeats
    ends: float | None  # share of rows at an end of a bounded range
    ablation: Interval  # rise of the loss with the unit's mean in its place


class ProfileLine(Part):
    """What the rows that excite a unit, and those that inhibit it, are like; ten rows at least.

    Of a number (no level) the difference of means in standard deviations of all rows, of a level its lift: its share among these
    rows over its share among all. A level that all but one to nine of these rows hold has no lift, and excites or inhibits.
    """

    column: str
    level: str | None
    excite: Interval
    excites: bool  # by more than chance, adjusted over the lines of the unit
    inhibit: Interval
    inhibits: bool


class WeightLine(Part):
    column: str
    level: str | None  # None: a number, for one standard deviation
    weight: float


class LevelWeights(Part):
    """What each level of a category, of ten rows at least, adds to a unit of the first layer, less the mean over rows."""

    column: str
    levels: list[str]  # the greatest weight first, the least last
    weights: list[float]


class Template(Part):
    """What the weights of each column bring into a unit of the first layer; lists follow `Inside.template_columns`.

    `shares` are of the sum over columns of the variance of each one's part, None where the encoder mixes it; `levels` of a
    category the one of the greatest weight; `signs` of that weight or the number's, 0 where there is no line and no level.
    """

    index: int
    shares: list[float | None]
    signs: list[Literal[-1, 0, 1]]
    levels: list[str | None]


class Place(Part):
    """Where a column stands at an optimum.

    A number is rounded so that it is not the value of fewer than ten rows: "at" is exact, "about" is rounded, "at_least" and
    "at_most" stand for a number beyond all but nine rows.
    """

    column: str
    at: str | float | None
    how: Literal["at", "about", "at_least", "at_most", "missing", "rare"]


End = Literal[
    "mahalanobis", "neighbours", "forest", "residual",
    "mahalanobis_near", "neighbours_near", "forest_near", "residual_near",
]  # fmt: skip


class Optimum(Part):
    """The row of the domain at which a unit, ahead of its activation, or an output is greatest."""

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


class PanelColumn(Part):
    """A column in the four panels of real rows: rounded means of a number, or the most frequent level and its
    share."""

    column: str
    levels: list[str | None] | None  # None: a number
    values: list[float | None]


class RealPanels(Part):
    """Real rows by activation: the least tenth, those just below and just above the middle, the greatest tenth."""

    about: float  # the middle
    values: list[float | None]  # means
    rows: list[int]  # 0: too few to be told
    columns: list[PanelColumn]


class PathPoint(Part):
    """The optimum within the ball, of numbers and levels, that holds a share of the rows."""

    share: float
    value: float
    tenth: float | None  # the tenth greatest over the rows in the ball
    oddness: float
    out: int
    unreadable: bool


class Plausible(Part):
    """The greatest optimum of a path that is no farther out than real rows are."""

    share: float
    value: float
    oddness: float
    places: list[Place]


class Card(Part):
    """A unit up close. `quantiles` are ahead of the activation, at `Inside.shares`."""

    layer: str
    index: int
    quantiles: list[float | None]
    ablation_zero: Interval
    excited: int  # rows
    inhibited: int
    profile: list[ProfileLine]  # the strongest of those that excite by more than chance, then of those that inhibit
    weights: list[WeightLine]  # the strongest; none beyond the first layer
    bars: list[LevelWeights]  # of the categories that bring most into it; none beyond the first layer
    panels: RealPanels
    optimum: Optimum | None
    lowest: Optimum | None  # where the unit is least: every number is of the unit with its sign turned
    path: list[PathPoint]  # from plausible rows outwards; its end is the optimum
    plausible: Plausible | None  # None: the optimum itself is, or nothing on the path


class OutputCard(Part):
    output: str | None
    lowest: bool  # where the output is least: every number of the optimum is of the output with its sign turned
    optimum: Optimum


class Inside(Part):
    rows: int
    rows_of: Literal["held-out", "all"]
    ablation_rows: int
    loss: Metric
    shares: list[float]
    layers: list[LayerHealth]
    units: list[UnitRow]  # those of `neurons.units`, in their order
    template_columns: list[str]
    templates: list[Template]  # of units of the first layer, the dearest first; none where it is no affine function
    cards: list[Card]  # the units that the loss misses most, the dearest first
    outputs: list[OutputCard]
    starts: int | None
    reference: int | None  # rows that optima are set beside
    far: float  # oddness from which on an optimum is no row to read
    seed: int
