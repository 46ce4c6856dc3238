"""Checks of the reliability of explanations: null models, deletion compared with chance, and stability.

Every method that ranks columns is checked in four ways, on the same small sample of rows.

- *Random weights* (Adebayo et al. 2018): rank correlation between the ranking for the model and rankings for networks with random
  weights. If the correlation is high, the ranking comes from the data and the encoder rather than from training.
- *Permuted labels* (Adebayo et al. 2018): rank correlation between the ranking for the model and rankings for models trained on
  permuted labels. The user passes either a function that trains these models or a model that has already been trained.
- *Deletion and insertion*: see `deletion.py`.
- *Stability*: rank correlation between explanations, and overlap of their top columns. The explanations differ in their
  background rows or in the seed of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from tabinterp.analyses.agreement.estimator import Agreement, Reading, agreements
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, named
from tabinterp.analyses.interactions.screening import WIDE
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import Message, why
from tabinterp.errors import NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.remembered_split import check_unseen
from tabinterp.models.weight_randomisation import randomised
from tabinterp.stats.estimates import Estimates
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

from .deletion import Curves, by_chance, curves
from .rankings import METHODS, Ask, Ranking, rankings
from .record import Null
from .seed_ensemble import Networks, networks

ROWS, BACKGROUND = 200, 25
FEW_ROWS, FEW_BACKGROUND = 40, 10  # if changes encode whole rows again, or with more than a hundred columns
DRAWS, ORDERS, BACKGROUNDS = 6, 8, 5
FEWEST_DRAWS = 6  # minimum draws for an interval; with five draws and four columns, its coverage was 93.0% or less
FEW_ORDERS = 2  # number of random orders if the budget is limited
ASKED_WHOLE, ASKED_FEW = 540, 240  # rows scored per explained row and column: by default, and if the budget is limited
DONORS = 10  # background rows whose values replace a row's columns
REFITS = 3

Refit = Callable[[Table], Model]
Other = Literal["backgrounds", "networks"]


@dataclass(frozen=True)
class Correlation:
    """Rank correlations between a method's ranking for the model and its rankings for null models (draws,).

    A correlation is NaN if all columns tie. The standard error of `mean` is computed over draws. With six or more draws,
    `mean` also has a Student's t interval, which is truncated to the range from -1 to 1.
    """

    null: Null
    method: str
    values: FloatArray

    @property
    def mean(self) -> Estimates:
        known = self.values[~np.isnan(self.values)]
        if len(known) < 2:
            return Estimates.of(known.mean() if len(known) else np.nan, np.nan)
        freedom = len(known) - 1 if len(known) >= FEWEST_DRAWS else np.nan
        found = Estimates.of(known.mean(), known.std(ddof=1) / np.sqrt(len(known)), freedom)
        return Estimates(found.value, found.stderr, np.maximum(found.low, -1.0), np.minimum(found.high, 1.0))


@dataclass(frozen=True)
class Stability:
    """Rank correlation and overlap of the top columns for every pair of rankings by the same method.

    `count` is the number of rankings, and `top` the number of top columns. Values are NaN if all columns tie. Different pairs
    have rankings in common, so the mean over pairs has no simple standard error. Therefore, only the mean and the minimum are
    reported.
    """

    over: Other
    method: str
    count: int
    top: int
    spearman: FloatArray
    overlap: FloatArray


@dataclass(frozen=True, eq=False)
class Trust(Display):
    """Results of the reliability checks for every explanation method.

    Attributes
    ----------
    networks : comparison of networks with different seeds; None if there is only one network.
    skipped : checks that do not apply, with the reasons.
    incomplete : gradient methods with attributions that do not add up to the score. They have no deletion or insertion curves.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.trust",
        dict.fromkeys((*get_args(Null), *get_args(Other)), ("value", "low", "high")),
        named("method", "reading"),
        by="check",
        other="rows",
    )

    columns: tuple[str, ...]
    unit: str
    nulls: tuple[Correlation, ...]
    curves: dict[str, Curves]
    stability: tuple[Stability, ...]
    networks: Networks | None
    skipped: dict[str, Message]
    incomplete: dict[str, Ranking] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def _numbers(self) -> pd.DataFrame:
        """Return the rank correlations, which are plotted; other measures are not plotted because their units differ."""
        frame = self.frame()
        return frame[frame["measure"] == "rank correlation"]

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each check, method and measure.

        `low` and `high` are the smallest and the largest value over all comparisons of the check.
        """
        rows = [_null_row(one) for one in self.nulls]
        for method, found in self.curves.items():
            for check, part in (("deletion", found.deleted), ("insertion", found.inserted)):
                rows.append(_row(check, method, "area against chance", part, unit=self.unit))
        for one in self.stability:
            rows += [
                _range_row(one, "rank correlation", one.spearman),
                _range_row(one, f"overlap of the top {one.top}", one.overlap),
            ]
        return pd.DataFrame(rows)


def trust(
    model: Model | BoundModel,
    table: Table,
    *,
    others: Sequence[Model | BoundModel] = (),
    refit: Refit | None = None,
    null: Model | BoundModel | None = None,
    rows: int | None = None,
    background: int | None = None,
    draws: int = DRAWS,
    orders: int = ORDERS,
    backgrounds: int = BACKGROUNDS,
    seed: int = 0,
) -> Trust:
    """Check the reliability of a model's explanations on a sample of rows of `table`.

    Parameters
    ----------
    others : networks that differ from the model only in their seed, such as those of `train(seeds=5)`.
    refit : function that takes a table and trains a model on it in the same way as the audited model. It is called three times,
        each time with a different permutation of the training rows' targets. If it is None, no models are trained.
    null : a network that was trained on permuted labels in the same way as the audited model, for example by
        `train(null=True)`. It can be passed instead of `refit`. With only one such network, correlations have no standard error.
    rows : number of rows to explain, sampled by a hash of their row numbers from the rows with positive weight. The default is
        200, or 40 if there are more than a hundred columns or if columns cannot be encoded one at a time.
    background : number of rows in each set of background rows. The default is 25, or 10 where the default of `rows` is 40.
    draws : number of networks with random weights.
    orders : number of random orders of the columns for each row.
    backgrounds : number of disjoint sets of background rows.

    Raises
    ------
    NotApplicableError
        If there are fewer than two columns or rows, if one of the arguments from `rows` to `backgrounds` is too small, or if both
        `refit` and `null` are given.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame(draw.normal(size=(200, 4)), columns=list("abcd"))
    >>> frame["y"] = 4 * frame["a"] + 2 * frame["b"] + frame["c"]
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> layer = torch.nn.Linear(4, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[4.0, 2.0, 1.0, 0.0]]))
    >>> found = trust(ti.wrap(layer, encoder="passthrough", task="regression"), table)
    >>> bool(found.frame().query("check == 'deletion'")["ci_low"].gt(0).all())  # every method's order beats chance
    True
    """
    bound = bind(model, table)
    quick = bound.is_local(bound.columns) and len(bound.columns) <= WIDE
    usual = (ROWS, BACKGROUND) if quick else (FEW_ROWS, FEW_BACKGROUND)
    rows, background = (usual[i] if n is None else n for i, n in enumerate((rows, background)))
    _check(rows, background, draws, orders, backgrounds)
    if refit is not None and null is not None:
        raise NotApplicableError(
            f"the arguments {argument('refit')} and {argument('null')} cannot both be given, because each supplies networks "
            "trained on permuted labels. Leave out one of them"
        )
    if len(bound.columns) < 2 or len(table) < 2:
        raise NotApplicableError(why("trust checks compare rankings: they need two columns and two rows at least"))
    places = _Places.drawn(table, rows, background, backgrounds, seed)
    ask, skipped = places.ask(bound, seed), dict[str, Message]()
    real = rankings(ask)
    nulls = _optional("random weights", skipped, lambda: _random_weights(ask, real, draws)) or []
    drawn = [null] if null is not None else [] if refit is None else _refits(table, refit, seed)
    if drawn:
        ranked = [rankings(places.ask(bind(one, table), seed)) for one in drawn]
        nulls += _correlations("shuffled labels", real, ranked)
    else:
        skipped["shuffled labels"] = why("nothing is trained unless refit= says how, and no null= was")
    few = replace(ask, backs=ask.backs[:DONORS])
    chance = by_chance(few, orders)
    found = {method: curves(few, ranking.rows, chance) for method, ranking in real.items() if ranking.complete}
    stability = _backgrounds(ask, real, places.backgrounds)
    several = None
    if others:
        bounds = [bound, *(bind(other, table) for other in others)]
        several = networks(bounds, seed)
        stability += _networks([real, *(rankings(places.ask(one, seed)) for one in bounds[1:])])
    return Trust(
        columns=bound.columns,
        unit=table.schema.goal.scale,
        nulls=tuple(nulls),
        curves=found,
        stability=tuple(stability),
        networks=several,
        skipped=skipped,
        incomplete={method: ranking for method, ranking in real.items() if not ranking.complete},
        settings={
            "rows": len(places.rows),
            "background_rows": len(ask.backs),
            "donors": len(few.backs),
            "draws": draws,
            "orders": orders,
            "backgrounds": len(places.backgrounds),
            "seed": seed,
        },
    )


def _check(rows: int, background: int, draws: int, orders: int, backgrounds: int) -> None:
    named = {"rows": rows, "background": background, "draws": draws, "orders": orders, "backgrounds": backgrounds}
    least = {"rows": 2, "background": 1, "draws": 2, "orders": 1, "backgrounds": 2}
    for name, value in named.items():
        if value < least[name]:
            raise NotApplicableError(f"{name} must be at least {least[name]}; got {value}")


def _optional(check: str, skipped: dict[str, Message], make: Callable[[], list[Correlation]]) -> list[Correlation]:
    try:
        return make()
    except NotApplicableError as error:
        skipped[check] = error.reason
        return []


# ---- which rows


@dataclass(frozen=True, eq=False)
class _Places:
    """Indices of the rows to explain, and of several disjoint sets of background rows. Rows with weight 0 are excluded."""

    rows: IntArray
    backgrounds: tuple[IntArray, ...]

    @classmethod
    def drawn(cls, table: Table, rows: int, background: int, backgrounds: int, seed: int) -> _Places:
        able = np.flatnonzero(table.row_weights > 0)
        drawn = able[chosen(table.numbers[able], rows, seed)]
        size = max(1, min(background, len(able) // backgrounds))
        backs = able[chosen(table.numbers[able], size * backgrounds, seed + 1)]
        return cls(drawn, tuple(backs[i : i + size] for i in range(0, len(backs), size)))

    def ask(self, bound: BoundModel, seed: int) -> Ask:
        """Return the model bound to the explained rows and all background rows. Explanations use the first background set."""
        both = bound.take(np.concatenate([self.rows, *self.backgrounds]))
        rows = np.arange(len(self.rows))
        return Ask(both, rows, len(rows) + np.arange(len(self.backgrounds[0])), seed)


# ---- null models


def _random_weights(ask: Ask, real: Mapping[str, Ranking], draws: int) -> list[Correlation]:
    found = [rankings(replace(ask, bound=randomised(ask.bound, ask.seed, draw))) for draw in range(draws)]
    return _correlations("random weights", real, found)


def _refits(table: Table, refit: Refit, seed: int) -> list[Model]:
    return [refit(table.shuffled(seed + draw)) for draw in range(REFITS)]


def _correlations(null: Null, real: Mapping[str, Ranking], found: Sequence[Mapping[str, Ranking]]) -> list[Correlation]:
    return [
        Correlation(
            null, method, _measure([_agreement(method, own, one[method]) for one in found if method in one], "spearman")
        )
        for method, own in real.items()
    ]


# ---- stability


def _backgrounds(ask: Ask, real: Mapping[str, Ranking], backgrounds: Sequence[IntArray]) -> list[Stability]:
    if len(backgrounds) < 2:
        return []
    size = len(ask.backs)  # The sets of background rows follow one another in the bound model.
    again = [rankings(replace(ask, backs=ask.backs + size * i), background=True) for i in range(1, len(backgrounds))]
    own = {method: ranking for method, ranking in real.items() if METHODS[method].background}
    return _stability("backgrounds", [own, *again])


def _networks(found: Sequence[Mapping[str, Ranking]]) -> list[Stability]:
    return _stability("networks", found)


def _stability(over: Other, found: Sequence[Mapping[str, Ranking]]) -> list[Stability]:
    result = []
    for method in found[0]:
        same = [one[method] for one in found if method in one]
        pairs = [_agreement(method, a, b) for a, b in combinations(same, 2)]
        if pairs:
            top = pairs[0].top
            result.append(
                Stability(over, method, len(same), top, _measure(pairs, "spearman"), _measure(pairs, "overlap"))
            )
    return result


def _agreement(method: str, a: Ranking, b: Ranking) -> Agreement:
    return agreements([Reading(method, a.sizes), Reading(method, b.sizes)])[0]


def _measure(pairs: Sequence[Agreement], name: str) -> FloatArray:
    values = [getattr(pair, name) for pair in pairs]
    return np.array([np.nan if value is None else value for value in values])


# ---- the frame


def _null_row(one: Correlation) -> dict[str, Any]:
    return _row(one.null, one.method, "rank correlation", one.mean, one.values)


def _range_row(one: Stability, measure: str, values: FloatArray) -> dict[str, Any]:
    mean = Estimates.of(np.nanmean(values) if np.isfinite(values).any() else np.nan, np.nan)
    return _row(one.over, one.method, measure, mean, values)


def _row(
    check: str, method: str, measure: str, value: Estimates, drawn: FloatArray | None = None, unit: str = ""
) -> dict[str, Any]:
    known = np.array([]) if drawn is None else drawn[~np.isnan(drawn)]
    return {
        "check": check,
        "method": method,
        "measure": measure,
        "value": float(value.value),
        "stderr": float(value.stderr),
        "ci_low": float(value.low),
        "ci_high": float(value.high),
        "low": float(known.min()) if len(known) else np.nan,
        "high": float(known.max()) if len(known) else np.nan,
        "count": len(known) if drawn is not None else 0,
        "unit": unit,
    }


def run(context: Context) -> tuple[Trust, Trust]:
    """Check the explanations of both models of an audit.

    If the audit includes networks trained with other seeds or a network trained on permuted labels, the checks use them.
    """
    if len(context.evaluated) < SMALL:
        raise NotApplicableError(why("trust.few", least=SMALL))
    for other in context.others if context.null is None else [*context.others, context.null]:
        if other.split is not None:
            check_unseen(context.network.table, other.split)
    network, linear = context.both(context.evaluated)
    size: dict[str, Any] = {"seed": context.seed}
    columns = len(network.columns)
    if context.share < ASKED_WHOLE * columns * ROWS:
        context.is_limited()
        rows = min(ROWS, int(context.share / (ASKED_FEW * columns)))
        if rows < FEW_BACKGROUND:
            raise NotApplicableError(why("budget.rows", least=FEW_BACKGROUND))
        size |= {"rows": rows, "background": FEW_BACKGROUND, "orders": FEW_ORDERS}
    return (
        trust(network, network.table, others=context.others, null=context.null, **size),
        trust(linear, linear.table, **size),
    )
