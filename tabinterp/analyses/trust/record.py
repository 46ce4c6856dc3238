"""Record classes for the trust checks: null models, deletion curves, and stability over background rows and seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import Field

from tabinterp.analyses.record_values import fill, interval, rows_of
from tabinterp.arrays import FloatArray
from tabinterp.document.base import Interval, LeftOut, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document
    from tabinterp.stats.estimates import Estimates

    from .estimator import Stability
    from .estimator import Trust as TrustResult
    from .seed_ensemble import Networks as NetworksResult

Null = Literal["random weights", "shuffled labels"]

METHODS = (
    "permutation_importance",
    "saliency",
    "integrated_gradients",
    "expected_gradients",
    "shapley",
)  # in the order of the document


class Drawn(Part):
    """Mean, minimum and maximum of a rank correlation, or of the overlap of the top columns, over several comparisons.

    The mean has an interval only if there are at least six comparisons and these are independent.
    """

    mean: Interval = Interval()
    least: float | None = None
    largest: float | None = None
    count: int = 0


class NullRow(Part):
    """Rank correlation between a method's ranking for the model and its rankings for null models.

    Null models are networks with random weights, or networks trained on permuted labels. With fewer than six null models, there
    is no interval. For the linear model, only random weights are used.
    """

    null: Null = "random weights"
    method: str
    network: Drawn
    linear: Drawn


class CurveRow(Part):
    """Area between the curve for a method's order and the curve for random orders, in units of the score.

    If it is positive, the method's order is better than random orders.
    """

    method: str
    curve: Literal["deletion", "insertion"]
    network: Interval
    linear: Interval


class StabilityRow(Part):
    """Similarity of the rankings that one method gives with different background rows, or for networks with different seeds."""

    method: str
    over: Literal["backgrounds", "networks"]
    top: int
    network_ranks: Drawn
    network_tops: Drawn
    linear_ranks: Drawn
    linear_tops: Drawn


class NetworkRow(Part):
    column: str
    importance: float | None  # importance for the network of this audit
    low: float | None  # smallest importance over the networks within the tolerance
    high: float | None


class Networks(Part):
    """Losses of networks that differ only in their seed, and the range of each column's importance over these networks."""

    count: int
    within: int  # number of networks whose loss is at most `tolerance` above the lowest
    metric: Metric
    loss: float  # loss of the network of this audit
    sd: float  # standard deviation of the losses
    least: float
    largest: float
    tolerance: float
    loss_rows: int
    rows: int  # rows on which importance was computed
    columns: list[NetworkRow]


class Trust(Part):
    rows_of: Literal["held-out", "all"]
    rows: int
    background_rows: int
    donors: int  # background rows whose values replace a row's columns
    draws: int  # number of networks with random weights
    orders: int  # number of random orders per row
    backgrounds: int
    seed: int
    nulls: list[NullRow]
    curves: list[CurveRow]
    left_out: list[LeftOut] = Field(default_factory=list)  # methods without curves
    stability: list[StabilityRow]
    networks: Networks | None

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("trust", "both", self.rows, self.rows_of, self.seed, background=self.background_rows)


def build(r: Results) -> Trust | None:
    """Return the trust checks of both models; None if they were not run."""
    both = r[ANALYSIS]
    if both is None:
        return None
    network, linear = both
    settings = network.settings
    return Trust(
        rows_of=rows_of(r),
        **{name: settings[name] for name in ("rows", "background_rows", "donors", "draws", "orders")},
        backgrounds=settings["backgrounds"],
        seed=settings["seed"],
        nulls=[
            NullRow(null=null, method=method, network=_null(network, null, method), linear=_null(linear, null, method))
            for null in get_args(Null)
            for method in METHODS
            if any((row.null, row.method) == (null, method) for model in both for row in model.nulls)
        ],
        curves=[
            CurveRow(
                method=method,
                curve=curve,
                network=_curve(network, method, curve),
                linear=_curve(linear, method, curve),
            )
            for method in METHODS
            if any(method in model.curves for model in both)
            for curve in ("deletion", "insertion")
        ],
        left_out=[
            LeftOut(model=model, method=method, gap=ranking.gap or 0.0, tolerance=ranking.tolerance or 0.0)
            for model, result in (("network", network), ("linear", linear))
            for method, ranking in result.incomplete.items()
        ],
        stability=_stability(network, linear),
        networks=None if network.networks is None else _networks(network.networks),
    )


def _null(result: TrustResult, null: Null, method: str) -> Drawn:
    row = next((row for row in result.nulls if (row.null, row.method) == (null, method)), None)
    return Drawn() if row is None else _drawn(row.values, row.mean)


def _drawn(values: FloatArray, mean: Estimates | None = None) -> Drawn:
    known = values[values == values]  # noqa: PLR0124  # omits NaN
    if not len(known):
        return Drawn()
    average = Interval(value=float(known.mean())) if mean is None else _interval(mean)
    return Drawn(mean=average, least=float(known.min()), largest=float(known.max()), count=len(known))


def _interval(estimate: Estimates) -> Interval:
    return interval(estimate.value, estimate.stderr, estimate.low, estimate.high)


def _curve(result: TrustResult, method: str, curve: Literal["deletion", "insertion"]) -> Interval:
    if method not in result.curves:
        return Interval()
    return _interval(result.curves[method].deleted if curve == "deletion" else result.curves[method].inserted)


def _stability(network: TrustResult, linear: TrustResult) -> list[StabilityRow]:
    places: dict[tuple[Any, str], dict[str, Stability]] = {}
    for name, result in (("network", network), ("linear", linear)):
        for stability in result.stability:
            places.setdefault((stability.over, stability.method), {})[name] = stability
    rows = []
    for (over, method), both in places.items():
        drawn = {
            f"{name}_{measure}": _drawn(values)
            for name, stability in both.items()
            for measure, values in (("ranks", stability.spearman), ("tops", stability.overlap))
        }
        empty = {f"{name}_{measure}": Drawn() for name in ("network", "linear") for measure in ("ranks", "tops")}
        top = next(iter(both.values())).top
        rows.append(StabilityRow(method=method, over=over, top=top, **(empty | drawn)))
    return rows


def _networks(result: NetworksResult) -> Networks:
    frame = result.frame().sort_values("importance", ascending=False, kind="stable")
    return fill(
        Networks,
        result,
        count=len(result.loss),
        within=int(result.within.sum()),
        loss=float(result.loss[0]),
        least=float(result.loss.min()),
        largest=float(result.loss.max()),
        columns=[fill(NetworkRow, row) for row in frame.itertuples()],
    )
