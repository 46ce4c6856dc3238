"""Trust checks of both models as part of the document."""

from __future__ import annotations

from typing import Any, Literal, get_args

from tabinterp.analyses.results import Results, interval, number, rows_of
from tabinterp.arrays import FloatArray
from tabinterp.document.document import Interval, LeftOut
from tabinterp.stats.estimates import Estimates

from . import types as parts
from .estimator import Null, Stability, Trust
from .rankings import METHODS
from .seed_ensemble import Networks


def trust(r: Results) -> parts.Trust | None:
    if r.trust is None:
        return None
    network, linear = r.trust
    settings = network.settings
    return parts.Trust(
        rows_of=rows_of(r),
        **{name: settings[name] for name in ("rows", "background_rows", "donors", "draws", "orders")},
        backgrounds=settings["backgrounds"],
        seed=settings["seed"],
        nulls=[
            parts.NullRow(
                null=null, method=method, network=_null(network, null, method), linear=_null(linear, null, method)
            )
            for null in get_args(Null)
            for method in METHODS
            if any((one.null, one.method) == (null, method) for found in r.trust for one in found.nulls)
        ],
        curves=[
            parts.CurveRow(
                method=method,
                curve=curve,
                network=_curve(network, method, curve),
                linear=_curve(linear, method, curve),
            )
            for method in METHODS
            if any(method in found.curves for found in r.trust)
            for curve in ("deletion", "insertion")
        ],
        left_out=[
            LeftOut(model=model, method=method, gap=one.gap or 0.0, tolerance=one.tolerance or 0.0)
            for model, found in (("network", network), ("linear", linear))
            for method, one in found.incomplete.items()
        ],
        stability=_stability(network, linear),
        networks=None if network.networks is None else _networks(network.networks),
    )


def _null(found: Trust, null: Null, method: str) -> parts.Drawn:
    one = next((one for one in found.nulls if (one.null, one.method) == (null, method)), None)
    return parts.Drawn() if one is None else _drawn(one.values, one.mean)


def _drawn(values: FloatArray, mean: Estimates | None = None) -> parts.Drawn:
    known = values[values == values]  # noqa: PLR0124  # without what is no number
    if not len(known):
        return parts.Drawn()
    told = Interval(value=float(known.mean())) if mean is None else _interval(mean)
    return parts.Drawn(mean=told, least=float(known.min()), largest=float(known.max()), count=len(known))


def _interval(part: Estimates) -> Interval:
    return interval(part.value, part.stderr, part.low, part.high)


def _curve(found: Trust, method: str, curve: Literal["deletion", "insertion"]) -> Interval:
    if method not in found.curves:
        return Interval()
    return _interval(found.curves[method].deleted if curve == "deletion" else found.curves[method].inserted)


def _stability(network: Trust, linear: Trust) -> list[parts.StabilityRow]:
    places: dict[tuple[Any, str], dict[str, Stability]] = {}
    for name, found in (("network", network), ("linear", linear)):
        for one in found.stability:
            places.setdefault((one.over, one.method), {})[name] = one
    rows = []
    for (over, method), both in places.items():
        drawn = {
            f"{name}_{measure}": _drawn(values)
            for name, one in both.items()
            for measure, values in (("ranks", one.spearman), ("tops", one.overlap))
        }
        empty = {f"{name}_{measure}": parts.Drawn() for name in ("network", "linear") for measure in ("ranks", "tops")}
        top = next(iter(both.values())).top
        rows.append(parts.StabilityRow(method=method, over=over, top=top, **(empty | drawn)))
    return rows


def _networks(found: Networks) -> parts.Networks:
    frame = found.frame().sort_values("importance", ascending=False, kind="stable")
    metric: Any = found.metric
    return parts.Networks(
        count=len(found.loss),
        within=int(found.within.sum()),
        metric=metric,
        loss=float(found.loss[0]),
        sd=found.sd,
        least=float(found.loss.min()),
        largest=float(found.loss.max()),
        tolerance=found.tolerance,
        loss_rows=found.loss_rows,
        rows=found.rows,
        columns=[
            parts.NetworkRow(
                column=row.column, importance=number(row.importance), low=number(row.low), high=number(row.high)
            )
            for row in frame.itertuples()
        ],
    )
