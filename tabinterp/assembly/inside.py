"""What was read inside the network as part of the document: nothing that fewer than ten rows show or reach."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from ..messages import text
from ..readouts.grids import SMALL
from ..readouts.inside import QUANTILES, Inside, Optima
from ..readouts.profiles import Profiles, strongest
from ..report import inside as parts
from ..report.document import Interval
from .readings import MOST_UNITS
from .results import Results, at, number, rows_of

LINES = 5  # of a template, and of each side of a profile
MISSING = text("units.missing")


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
        cards=[_card(found, r.optima, k, held) for k in range(len(found.shown))],
        outputs=[] if r.optima is None else _outputs(found, r.optima, held),
        starts=None if r.optima is None else r.optima.maxima.starts,
        reference=None if r.optima is None else r.optima.maxima.typicality.reference,
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
        optimum=None if optima is None else _optimum(optima, k, held),
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


# ---- optima


def _outputs(found: Inside, optima: Optima, held: _Held) -> list[parts.OutputCard]:
    start = len(found.shown)
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
        **{name: float(getattr(odd, name)[k]) for name in ("mahalanobis", "neighbours", "forest")},
        tenth=number(optima.tenth[k]),
        proof=made.proof[k],
        optima=int(made.optima[k]),
        out=int(odd.out[k]),
        unreadable=bool(odd.unreadable[k]),
        places=[held.place(column, made.rows[column].iloc[k]) for column in held.columns],
    )


class _Held:
    """What at least ten rows of the table hold, or go beyond."""

    def __init__(self, r: Results) -> None:
        self.table = r.network.table
        self.columns = [c for c in r.network.columns if len(r.network.encoding.blocks[c])]
        self._counts: dict[str, dict[str, int]] = {}

    def enough(self, column: str, level: Any) -> bool:
        """Whether ten rows are at a level, or missing; a number as such (`level` None) is everybody's."""
        if level is None:
            return True
        if column not in self._counts:
            values = self.table.frame[column]
            self._counts[column] = Counter(map(str, values.dropna()))
            self._counts[column][MISSING] = int(values.isna().sum()) or self._counts[column].get(MISSING, 0)
        return self._counts[column].get(str(level), 0) >= SMALL

    def place(self, column: str, value: Any) -> parts.Place:
        if pd.isna(value):
            return parts.Place(column=column, at=None, how="missing" if self.enough(column, MISSING) else "rare")
        if self.table.schema[column].kind != "numeric":
            told = self.enough(column, value)
            return parts.Place(column=column, at=str(value) if told else None, how="at" if told else "rare")
        x = np.sort(self.table.frame[column].dropna().to_numpy(dtype=np.float64))
        if len(x) < SMALL:
            return parts.Place(column=column, at=None, how="rare")
        low, high = float(x[SMALL - 1]), float(x[-SMALL])
        how: Any = "at_least" if value > high else "at_most" if value < low else "at"
        return parts.Place(column=column, at=min(max(float(value), low), high), how=how)
