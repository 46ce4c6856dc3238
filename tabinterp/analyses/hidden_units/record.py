"""What was read inside the network as part of the document: nothing that fewer than ten rows show or reach."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.analyses.maximisation.typicality import LEVEL, MEASURES
from tabinterp.analyses.readings_record import MOST_UNITS
from tabinterp.analyses.results import Results, at, number, rows_of
from tabinterp.document.document import Interval
from tabinterp.messages import text
from tabinterp.table.disclosure import Rounding
from tabinterp.table.suppression import SMALL

from . import types as parts
from .activating_rows import Profiles, strongest
from .first_layer_weights import Incoming
from .overview import QUANTILES, Inside, Optima

MOST_COLUMNS = 40  # of the panels of real rows
MOST_TEMPLATES = 20  # units of the first layer
MOST_BARS, MOST_LEVELS = 3, 40  # categories of a template, and levels of each
LINES = 5  # of a template, and of each side of a profile
MISSING = text("level.missing")


def inside(r: Results) -> parts.Inside | None:
    found = r.inside
    if found is None:
        return None
    units = found.units
    kept = min(MOST_UNITS, len(units.layer))
    held = _Held(r)
    return parts.Inside(
        rows=units.rows,
        rows_of=rows_of(r),
        ablation_rows=units.ablation_rows,
        loss=r.performance.metrics[0].name,
        shares=list(QUANTILES),
        layers=[_layer(found, name) for name in dict.fromkeys(units.layer)],
        units=[
            parts.UnitRow(
                layer=units.layer[u],
                index=units.index[u],
                health=units.health[u],
                same_as=units.same_as[u],
                ends=number(units.ends[u]),
                ablation=at(units.ablation_mean, u),
            )
            for u in range(kept)
        ],
        template_columns=held.columns,
        templates=_templates(found, held),
        cards=[_card(found, r.optima, k, held) for k in range(len(found.shown))],
        outputs=[] if r.optima is None else _outputs(found, r.optima, held),
        starts=None if r.optima is None else r.optima.maxima.starts,
        reference=None if r.optima is None else r.optima.maxima.typicality.reference,
        far=1 - LEVEL if r.optima is None else r.optima.maxima.typicality.far,
        seed=r.seed,
    )


def _layer(found: Inside, name: str) -> parts.LayerHealth:
    health = [h for layer, h in zip(found.units.layer, found.units.health, strict=True) if layer == name]
    counts = {kind: health.count(kind) for kind in ("dead", "constant", "saturated", "duplicate", "redundant")}
    rank = number(found.units.effective_rank[name])
    return parts.LayerHealth(layer=name, units=len(health), effective_rank=rank, **counts)


# ---- a unit up close


def _card(found: Inside, optima: Optima | None, k: int, held: _Held) -> parts.Card:
    units, u = found.units, found.shown[k]
    assert found.excite is not None
    assert found.inhibit is not None
    return parts.Card(
        layer=units.layer[u],
        index=units.index[u],
        quantiles=[number(value) for value in found.quantiles[k]],
        ablation_zero=at(units.ablation_zero, u),
        excited=int(found.excite.excited[k]),
        inhibited=int(found.inhibit.excited[k]),
        profile=_profile(found.excite, found.inhibit, k),
        weights=_weights(found, u, held),
        bars=_bars(found, u, held),
        panels=_panels(found, k, held),
        optimum=None if optima is None else _optimum(optima, k, held),
        lowest=None if optima is None else _optimum(optima, len(found.shown) + k, held),
        path=[] if optima is None else _path(optima, k),
        plausible=None if optima is None else _plausible(optima, k, held),
    )


def _panels(found: Inside, k: int, held: _Held) -> parts.RealPanels:
    assert found.panels is not None
    made = found.panels
    lines = made.profiles.take(slice(4 * k, 4 * k + 4))
    shares = np.where(np.isnan(lines.lift.value), -1.0, lines.share * lines.lift.value)
    columns = []
    for column in held.columns[:MOST_COLUMNS]:
        own = [i for i, name in enumerate(lines.columns) if name == column]
        if lines.levels[own[0]] is None:
            rounding = held.rounding(column)
            values = [number(rounding(float(value))) for value in made.means[4 * k : 4 * k + 4, own[0]]]
            columns.append(parts.PanelColumn(column=column, levels=None, values=values))
            continue
        best = [own[int(row[own].argmax())] for row in shares]
        told = [float(row[line]) if row[line] > 0 else None for row, line in zip(shares, best, strict=True)]
        levels = [None if v is None else str(lines.levels[line]) for v, line in zip(told, best, strict=True)]
        columns.append(parts.PanelColumn(column=column, levels=levels, values=told))
    return parts.RealPanels(
        about=float(made.about[k]),
        values=[number(value) for value in made.value[k]],
        rows=[int(rows) for rows in made.rows[k]],
        columns=columns,
    )


def _profile(excite: Profiles, inhibit: Profiles, k: int) -> list[parts.ProfileLine]:
    sure = [strongest(made, k).tolist() for made in (excite, inhibit)]
    lines = dict.fromkeys([*sure[0][:LINES], *sure[1][:LINES]])
    return [
        parts.ProfileLine(
            column=excite.columns[line],
            level=None if excite.levels[line] is None else str(excite.levels[line]),
            excite=_line(excite, k, line),
            excites=line in sure[0],
            inhibit=_line(inhibit, k, line),
            inhibits=line in sure[1],
        )
        for line in lines
    ]


def _line(made: Profiles, k: int, line: int) -> Interval:
    return at(made.difference if made.levels[line] is None else made.lift, k, line)


def _templates(found: Inside, held: _Held) -> list[parts.Template]:
    """The shares of the columns in what comes into the dearest units of the first layer."""
    made, units = found.units.incoming, found.units
    if made is None:
        return []
    first = [u for u, name in enumerate(units.layer) if name == units.layer[0]]
    cost = np.nan_to_num(units.ablation_mean.value[first], nan=-np.inf)
    lines = {column: [i for i, name in enumerate(made.columns) if name == column] for column in held.columns}
    power = np.array([made.strength[:, own[0]] ** 2 for own in lines.values()])
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = power / np.nansum(power, axis=0)
    result = []
    for k in np.argsort(-cost, kind="stable")[:MOST_TEMPLATES].tolist():
        u = units.index[first[k]]
        told = [_greatest(made, u, own, held) for own in lines.values()]
        result.append(
            parts.Template(
                index=u,
                shares=[number(share) for share in shares[:, k]],
                signs=[sign for sign, _ in told],
                levels=[level for _, level in told],
            )
        )
    return result


def _greatest(made: Incoming, u: int, lines: list[int], held: _Held) -> tuple[Any, str | None]:
    """Sign and level (None: of a number) of the greatest weight that ten rows hold."""
    weight = made.weight[u]
    told = [i for i in lines if np.isfinite(weight[i]) and held.enough(made.columns[i], made.levels[i])]
    if not told:
        return 0, None
    best = max(told, key=lambda i: abs(weight[i]))
    level = made.levels[best]
    return int(np.sign(weight[best])), None if level is None else str(level)


def _weights(found: Inside, u: int, held: _Held) -> list[parts.WeightLine]:
    """The greatest of a unit of the first layer, but none of a level that fewer than ten rows hold."""
    made = found.units.incoming
    if made is None or found.units.layer[u] != found.units.layer[0]:
        return []
    weight = made.weight[found.units.index[u]]
    lines = [
        line
        for line in np.argsort(-np.abs(weight), kind="stable").tolist()
        if np.isfinite(weight[line]) and held.enough(made.columns[line], made.levels[line])
    ]
    return [
        parts.WeightLine(
            column=made.columns[line],
            level=None if made.levels[line] is None else str(made.levels[line]),
            weight=float(weight[line]),
        )
        for line in lines[:LINES]
    ]


def _bars(found: Inside, u: int, held: _Held) -> list[parts.LevelWeights]:
    """Of the categories with the greatest parts, every level that ten rows hold."""
    made = found.units.incoming
    if made is None or found.units.layer[u] != found.units.layer[0]:
        return []
    own = found.units.index[u]
    lines: dict[str, list[int]] = {}
    for i, (column, level) in enumerate(zip(made.columns, made.levels, strict=True)):
        if level is not None and np.isfinite(made.weight[own, i]) and held.enough(column, level):
            lines.setdefault(column, []).append(i)
    lines = {column: places for column, places in lines.items() if not held.is_number(column) and len(places) > 1}
    strongest = sorted(lines, key=lambda column: -np.nan_to_num(made.strength[own, lines[column][0]]))
    result = []
    for column in strongest[:MOST_BARS]:
        kept = sorted(lines[column], key=lambda i: -abs(made.weight[own, i]))[:MOST_LEVELS]
        kept.sort(key=lambda i: -made.weight[own, i])
        result.append(
            parts.LevelWeights(
                column=column,
                levels=[str(made.levels[i]) for i in kept],
                weights=[float(made.weight[own, i]) for i in kept],
            )
        )
    return result


# ---- optima


def _outputs(found: Inside, optima: Optima, held: _Held) -> list[parts.OutputCard]:
    start = 2 * len(found.shown)
    return [
        parts.OutputCard(output=name, lowest=way < 0, optimum=_optimum(optima, start + k, held))
        for k, (name, way) in enumerate(optima.outputs)
    ]


def _optimum(optima: Optima, k: int, held: _Held) -> parts.Optimum:
    made = optima.maxima
    odd = made.typicality
    return parts.Optimum(
        **{name: float(getattr(made, name)[k]) for name in ("value", "mean", "sd", "within")},
        **{name: number(getattr(made, name)[k]) for name in ("bound", "reached", "cosine")},
        **{name: float(getattr(odd, name)[k]) for name in MEASURES},
        residual_of=odd.column[k],
        tenth=number(optima.tenth[k]),
        proof=made.proof[k],
        optima=int(made.optima[k]),
        out=int(odd.out[k]),
        oddness=float(odd.oddness[k]),
        beyond=list(odd.beyond[k]),
        unreadable=bool(odd.unreadable[k]),
        places=held.places(made.rows.iloc[k]),
    )


def _path(optima: Optima, k: int) -> list[parts.PathPoint]:
    made = optima.paths
    assert made is not None
    start = k * len(made.budgets)
    return [
        parts.PathPoint(
            share=float(share or 1.0),
            value=float(made.value[k, b]),
            tenth=number(made.real[k, b, 1]),
            oddness=float(made.typicality.oddness[start + b]),
            out=int(made.typicality.out[start + b]),
            unreadable=bool(made.typicality.unreadable[start + b]),
        )
        for b, share in enumerate(made.budgets)
    ]


def _plausible(optima: Optima, k: int, held: _Held) -> parts.Plausible | None:
    """None where the optimum is plausible itself, or nothing on the path is."""
    points, made = _path(optima, k), optima.paths
    able = [b for b, point in enumerate(points) if not point.unreadable]
    if made is None or not able or not optima.maxima.typicality.unreadable[k]:
        return None
    best = max(able, key=lambda b: points[b].value)
    point = points[best]
    places = held.places(made.rows.iloc[k * len(points) + best])
    return parts.Plausible(share=point.share, value=point.value, oddness=point.oddness, places=places)


class _Held:
    """What at least ten rows of the table hold, or go beyond."""

    def __init__(self, r: Results) -> None:
        self.table = r.network.table
        self.columns = [c for c in r.network.columns if len(r.network.encoding.blocks[c])]
        self._counts: dict[str, dict[str, int]] = {}
        self._roundings: dict[str, Rounding] = {}

    def enough(self, column: str, level: Any) -> bool:
        """Whether ten rows are at a level, or missing; a number as such (`level` None) is everybody's."""
        if level is None:
            return True
        if column not in self._counts:
            values = self.table.frame[column]
            self._counts[column] = Counter(map(str, values.dropna()))
            self._counts[column][MISSING] = int(values.isna().sum()) or self._counts[column].get(MISSING, 0)
        return self._counts[column].get(str(level), 0) >= SMALL

    def is_number(self, column: str) -> bool:
        return self.table.schema[column].kind == "numeric"

    def rounding(self, column: str) -> Rounding:
        """How a number of the column is rounded."""
        if column not in self._roundings:
            self._roundings[column] = Rounding(self.table.frame[column].to_numpy(dtype=np.float64, na_value=np.nan))
        return self._roundings[column]

    def places(self, row: pd.Series) -> list[parts.Place]:
        return [self.place(column, row[column]) for column in self.columns]

    def place(self, column: str, value: Any) -> parts.Place:
        if pd.isna(value):
            return parts.Place(column=column, at=None, how="missing" if self.enough(column, MISSING) else "rare")
        if not self.is_number(column):
            told = self.enough(column, value)
            return parts.Place(column=column, at=str(value) if told else None, how="at" if told else "rare")
        rounding = self.rounding(column)
        low, high = rounding.ends(-np.inf, np.inf)
        if np.isnan(low):
            return parts.Place(column=column, at=None, how="rare")
        if not low <= value <= high:
            return parts.Place(
                column=column, at=min(max(float(value), low), high), how="at_least" if value > high else "at_most"
            )
        shown = rounding(float(value))
        return parts.Place(column=column, at=shown, how="at" if shown == value else "about")
