"""Hidden units in the document: their health, what activates them, their weights, and their ablation loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tabinterp.analyses.maximisation import ANALYSIS as MAXIMISATION
from tabinterp.analyses.maximisation.record import (
    LEVEL,
    Optimum,
    OutputCard,
    PathPoint,
    Plausible,
    build_optimum,
    build_outputs,
    build_path,
    build_plausible,
)
from tabinterp.analyses.maximisation.shown_values import ShownValues
from tabinterp.analyses.record_values import at, number, rows_of
from tabinterp.analyses.unit_correlations.record import MOST_UNITS
from tabinterp.document.base import Interval, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows
from tabinterp.errors import DocumentError

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .activating_rows import Profiles
    from .audited_units import Inside as InsideResult
    from .audited_units import Optima
    from .first_layer_weights import Incoming

MOST_COLUMNS = 40  # maximum number of columns in the panels of real rows
MOST_TEMPLATES = 20  # maximum number of units of the first layer
MOST_BARS, MOST_LEVELS = 3, 40  # maximum number of columns shown as bars for a unit, and of levels of each column
LINES = 5  # number of lines of a template, and of each side of a profile
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)  # quantiles of a unit's pre-activation


Health = Literal["sound", "dead", "constant", "saturated", "duplicate", "redundant"]


class LayerHealth(Part):
    layer: str
    units: int
    dead: int  # units whose output is 0 on every row
    constant: int
    saturated: int  # units at an end of their range in at least 95% of the rows
    duplicate: int  # units equal to another unit up to scale and shift
    redundant: int  # units that are a linear function of other units
    effective_rank: float | None


class UnitRow(Part):
    layer: str
    index: int
    health: Health
    same_as: int | None  # for a duplicate: the unit in the same layer that it duplicates
    ends: float | None  # share of rows at an end of a bounded range
    ablation: Interval  # rise in loss if the output is replaced by its mean


class ProfileLine(Part):
    """Differences between all rows and the rows that activate or inhibit a unit most, in one column or level.

    There are at least ten activating rows and at least ten inhibiting rows. For a numeric column (`level` is null), a difference
    is the mean over the activating or inhibiting rows minus the mean over all rows, in standard deviations over all rows. For a
    level, it is the lift: the share of the level among the activating or inhibiting rows divided by its share among all rows. If
    only one to nine of the activating or inhibiting rows do not have the level, the lift is withheld, and only its significance
    is given.
    """

    column: str
    level: str | None
    excite: Interval
    excites: bool  # whether the difference is significant after adjustment over the lines of the unit
    inhibit: Interval
    inhibits: bool


class WeightLine(Part):
    column: str
    level: str | None  # None for a numeric column, whose weight is for one standard deviation
    weight: float


class LevelWeights(Part):
    """Contribution of each level of a categorical column to a unit of the first layer, minus the mean over rows.

    Only levels with at least ten rows are listed.
    """

    column: str
    levels: list[str]  # in descending order of the weight
    weights: list[float]


class Template(Part):
    """Contributions of the columns to the input of a unit of the first layer.

    The lists are in the order of `Inside.template_columns`. `shares` contains the variance of each column's contribution, divided
    by the sum of these variances over columns; null if the encoder mixes the column with others. For a categorical column,
    `levels` contains the level with the largest absolute weight. `signs` contains the sign of this weight, or of the weight of a
    numeric column; 0 if there is no such weight.
    """

    index: int
    shares: list[float | None]
    signs: list[Literal[-1, 0, 1]]
    levels: list[str | None]


class PanelColumn(Part):
    """One column in the four panels of real rows: rounded means, or the most frequent level in each panel and its share."""

    column: str
    levels: list[str | None] | None  # None for a numeric column
    values: list[float | None]


class RealPanels(Part):
    """Four panels of real rows by activation: lowest 10%, just below the middle, just above the middle, and highest 10%."""

    about: float  # the middle of the activations: the median, or 0
    values: list[float | None]  # mean activations
    rows: list[int]  # 0: too few to be shown
    columns: list[PanelColumn]


class Card(Part):
    """Details of one hidden unit. `quantiles` are quantiles of its pre-activation, at the levels in `Inside.shares`."""

    layer: str
    index: int
    quantiles: list[float | None]
    ablation_zero: Interval
    excited: int  # number of rows that activate the unit most
    inhibited: int
    profile: list[ProfileLine]  # most significant lines of the activating rows, then of the inhibiting rows
    weights: list[WeightLine]  # the largest weights; empty after the first layer
    bars: list[LevelWeights]  # weights of the categories that contribute most; empty after the first layer
    panels: RealPanels
    optimum: Optimum | None
    lowest: Optimum | None  # the optimum at which the unit is smallest; all numbers are for the negative of the unit
    path: list[PathPoint]  # from plausible rows outward, up to the optimum
    plausible: Plausible | None  # None: the optimum itself is plausible, or no point on the path is


class Inside(Part):
    rows: int
    rows_of: Literal["held-out", "all"]
    ablation_rows: int
    loss: Metric
    shares: list[float]
    layers: list[LayerHealth]
    units: list[UnitRow]  # the same units as in `neurons.units`, in the same order
    template_columns: list[str]
    templates: list[Template]  # for units of the first layer, most important first; empty if the layer is not affine
    cards: list[Card]  # units with the highest ablation loss, highest first
    outputs: list[OutputCard]
    starts: int | None
    reference: int | None  # number of rows with which optima are compared
    far: float  # atypicality from which an optimum must not be interpreted as a row
    seed: int

    def check_claims(self, document: Document) -> None:
        """Check that no optimum is marked as plausible if it is more atypical than the limit allows."""
        for i, card in enumerate(self.cards):
            for name in ("optimum", "lowest"):
                found = getattr(card, name)
                if found is not None:
                    _optimum(f"cards.{i}.{name}", found, self.far)
            for j, point in enumerate(card.path):
                _readable(f"cards.{i}.path.{j}", point.oddness, point.unreadable, self.far)
            if card.plausible is not None:
                _readable(f"cards.{i}.plausible", card.plausible.oddness, False, self.far)
        for i, one in enumerate(self.outputs):
            _optimum(f"outputs.{i}.optimum", one.optimum, self.far)

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("inside", "network", self.rows, self.rows_of, self.seed)
        yield used_rows("ablation", "network", self.ablation_rows, self.rows_of, self.seed)


def build(r: Results) -> Inside | None:
    """Return a row for every hidden unit, and details of the most important ones; None if there are no hidden units."""
    result = r[ANALYSIS]
    if result is None:
        return None
    units = result.units
    kept = min(MOST_UNITS, len(units.layer))
    values, optima = ShownValues(r), r[MAXIMISATION]
    return Inside(
        rows=units.rows,
        rows_of=rows_of(r),
        ablation_rows=units.ablation_rows,
        loss=r.performance.metrics[0].name,
        shares=list(QUANTILES),
        layers=[_layer(result, name) for name in dict.fromkeys(units.layer)],
        units=[
            UnitRow(
                layer=units.layer[u],
                index=units.index[u],
                health=units.health[u],
                same_as=units.same_as[u],
                ends=number(units.ends[u]),
                ablation=at(units.ablation_mean, u),
            )
            for u in range(kept)
        ],
        template_columns=values.columns,
        templates=_templates(result, values),
        cards=[_card(result, optima, k, values) for k in range(len(result.shown))],
        outputs=[] if optima is None else build_outputs(len(result.shown), optima, values),
        starts=None if optima is None else optima.maxima.starts,
        reference=None if optima is None else optima.maxima.typicality.reference,
        far=1 - LEVEL if optima is None else optima.maxima.typicality.far,
        seed=r.seed,
    )


def _layer(result: InsideResult, name: str) -> LayerHealth:
    health = [h for layer, h in zip(result.units.layer, result.units.health, strict=True) if layer == name]
    counts = {kind: health.count(kind) for kind in ("dead", "constant", "saturated", "duplicate", "redundant")}
    rank = number(result.units.effective_rank[name])
    return LayerHealth(layer=name, units=len(health), effective_rank=rank, **counts)


def _card(result: InsideResult, optima: Optima | None, k: int, values: ShownValues) -> Card:
    units, u = result.units, result.shown[k]
    assert result.excite is not None
    assert result.inhibit is not None
    return Card(
        layer=units.layer[u],
        index=units.index[u],
        quantiles=[number(value) for value in result.quantiles[k]],
        ablation_zero=at(units.ablation_zero, u),
        excited=int(result.excite.excited[k]),
        inhibited=int(result.inhibit.excited[k]),
        profile=_profile(result.excite, result.inhibit, k),
        weights=_weights(result, u, values),
        bars=_bars(result, u, values),
        panels=_panels(result, k, values),
        optimum=None if optima is None else build_optimum(optima, k, values),
        lowest=None if optima is None else build_optimum(optima, len(result.shown) + k, values),
        path=[] if optima is None else build_path(optima, k),
        plausible=None if optima is None else build_plausible(optima, k, values),
    )


def _panels(result: InsideResult, k: int, values: ShownValues) -> RealPanels:
    assert result.panels is not None
    panels = result.panels
    lines = panels.profiles.take(slice(4 * k, 4 * k + 4))
    shares = np.where(np.isnan(lines.lift.value), -1.0, lines.share * lines.lift.value)
    columns = []
    for column in values.columns[:MOST_COLUMNS]:
        own = [i for i, name in enumerate(lines.columns) if name == column]
        if lines.levels[own[0]] is None:
            rounding = values.rounding(column)
            rounded_means = [number(rounding.mean(float(value))) for value in panels.means[4 * k : 4 * k + 4, own[0]]]
            columns.append(PanelColumn(column=column, levels=None, values=rounded_means))
            continue
        best = [own[int(row[own].argmax())] for row in shares]
        shown_shares = [float(row[line]) if row[line] > 0 else None for row, line in zip(shares, best, strict=True)]
        levels = [None if v is None else str(lines.levels[line]) for v, line in zip(shown_shares, best, strict=True)]
        columns.append(PanelColumn(column=column, levels=levels, values=shown_shares))
    return RealPanels(
        about=float(panels.about[k]),
        values=[number(value) for value in panels.value[k]],
        rows=[int(rows) for rows in panels.rows[k]],
        columns=columns,
    )


def _profile(excite: Profiles, inhibit: Profiles, k: int) -> list[ProfileLine]:
    significant = [profiles.strongest(k).tolist() for profiles in (excite, inhibit)]
    lines = dict.fromkeys([*significant[0][:LINES], *significant[1][:LINES]])
    return [
        ProfileLine(
            column=excite.columns[line],
            level=None if excite.levels[line] is None else str(excite.levels[line]),
            excite=_line(excite, k, line),
            excites=line in significant[0],
            inhibit=_line(inhibit, k, line),
            inhibits=line in significant[1],
        )
        for line in lines
    ]


def _line(profiles: Profiles, k: int, line: int) -> Interval:
    return at(profiles.difference if profiles.levels[line] is None else profiles.lift, k, line)


def _templates(result: InsideResult, values: ShownValues) -> list[Template]:
    """Return the contributions of the columns to the most important units of the first layer."""
    incoming, units = result.units.incoming, result.units
    if incoming is None:
        return []
    first = [u for u, name in enumerate(units.layer) if name == units.layer[0]]
    cost = np.nan_to_num(units.ablation_mean.value[first], nan=-np.inf)
    lines = {column: [i for i, name in enumerate(incoming.columns) if name == column] for column in values.columns}
    power = np.array([incoming.strength[:, places[0]] ** 2 for places in lines.values()])
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = power / np.nansum(power, axis=0)
    templates = []
    for k in np.argsort(-cost, kind="stable")[:MOST_TEMPLATES].tolist():
        u = units.index[first[k]]
        greatest = [_greatest(incoming, u, places, values) for places in lines.values()]
        templates.append(
            Template(
                index=u,
                shares=[number(share) for share in shares[:, k]],
                signs=[sign for sign, _ in greatest],
                levels=[level for _, level in greatest],
            )
        )
    return templates


def _greatest(incoming: Incoming, u: int, lines: list[int], values: ShownValues) -> tuple[Any, str | None]:
    """Return the sign of the weight with the largest absolute value, and the level with this weight (None for a numeric column).

    Levels with fewer than ten rows are ignored.
    """
    weight = incoming.weight[u]
    shown = [i for i in lines if np.isfinite(weight[i]) and values.enough(incoming.columns[i], incoming.levels[i])]
    if not shown:
        return 0, None
    best = max(shown, key=lambda i: abs(weight[i]))
    level = incoming.levels[best]
    return int(np.sign(weight[best])), None if level is None else str(level)


def _weights(result: InsideResult, u: int, values: ShownValues) -> list[WeightLine]:
    """Return the largest weights of a unit of the first layer, ignoring levels with fewer than ten rows."""
    incoming = result.units.incoming
    if incoming is None or result.units.layer[u] != result.units.layer[0]:
        return []
    weight = incoming.weight[result.units.index[u]]
    lines = [
        line
        for line in np.argsort(-np.abs(weight), kind="stable").tolist()
        if np.isfinite(weight[line]) and values.enough(incoming.columns[line], incoming.levels[line])
    ]
    return [
        WeightLine(
            column=incoming.columns[line],
            level=None if incoming.levels[line] is None else str(incoming.levels[line]),
            weight=float(weight[line]),
        )
        for line in lines[:LINES]
    ]


def _bars(result: InsideResult, u: int, values: ShownValues) -> list[LevelWeights]:
    """Return the weights of the levels with at least ten rows, for the categorical columns that contribute most."""
    incoming = result.units.incoming
    if incoming is None or result.units.layer[u] != result.units.layer[0]:
        return []
    u_in_layer = result.units.index[u]
    lines: dict[str, list[int]] = {}
    for i, (column, level) in enumerate(zip(incoming.columns, incoming.levels, strict=True)):
        if level is not None and np.isfinite(incoming.weight[u_in_layer, i]) and values.enough(column, level):
            lines.setdefault(column, []).append(i)
    lines = {column: places for column, places in lines.items() if not values.is_number(column) and len(places) > 1}
    strongest = sorted(lines, key=lambda column: -np.nan_to_num(incoming.strength[u_in_layer, lines[column][0]]))
    bars = []
    for column in strongest[:MOST_BARS]:
        kept = sorted(lines[column], key=lambda i: -abs(incoming.weight[u_in_layer, i]))[:MOST_LEVELS]
        kept.sort(key=lambda i: -incoming.weight[u_in_layer, i])
        bars.append(
            LevelWeights(
                column=column,
                levels=[str(incoming.levels[i]) for i in kept],
                weights=[float(incoming.weight[u_in_layer, i]) for i in kept],
            )
        )
    return bars


def _optimum(place: str, found: Optimum, far: float) -> None:
    _readable(place, found.oddness, found.unreadable, far)
    if found.unreadable != bool(found.beyond):
        raise DocumentError(
            f"inside.{place}.unreadable is {str(found.unreadable).lower()}, but the number of measures beyond their limits is "
            f"{len(found.beyond)}. The field must be true if this number is at least 1, and false otherwise."
        )


def _readable(place: str, oddness: float, unreadable: bool, far: float) -> None:
    if unreadable != (oddness >= far):
        raise DocumentError(
            f"inside.{place}.unreadable is {str(unreadable).lower()}, but the value of oddness is {oddness:.4g}. The field must "
            f"be true if oddness is at least {far:.4g}, and false otherwise."
        )
