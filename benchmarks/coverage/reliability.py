"""Intervals of overfitting, perturbation, prediction sets, hard rows and regional effects.

The public functions are called on each set of rows. Some estimands depend on choices that a set makes for itself, such as its
hardest rows. The true value is then the mean over fresh rows with these choices held fixed. No part of the true value is computed
by the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import expit
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.neighbors import NearestNeighbors

import tabinterp as ti
from benchmarks.truth.functions import named
from tabinterp.analyses.effects.estimator import start
from tabinterp.analyses.regional_effects.estimator import POINTS, ROWS_OF_A_POINT
from tabinterp.analyses.resilience import estimator as resilience
from tabinterp.analyses.slices.estimator import Group
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.small_trees import few_trees, in_bins, unless_equal
from tabinterp.table.folds import dealt
from tabinterp.table.hash_sampling import row_hash

from .designs import COLUMNS, DESIGNS, EFFECT, Design, Rows, World, _asked, _metrics, beside, drawn, sets
from .readings import Found, Told

TRAINED = 400  # training rows that stand beside every set
SIZES = (0.05, 0.3)  # of perturbations
FRESH = 20_000  # rows on which the choices of a set are judged
NONE = (np.nan,) * 4
ADJUSTED = "the interval is adjusted for all {}"
WIDE = "the interval is wide if a few rows have large weights or if events are rare"
LUCKY = "with rare events, an interval is given only for the few data sets that happen to have 20 events"
SUBSET = (
    "with rare events, an interval is given only if the subset has 20 events; with weights, coverage is up to one percentage "
    "point too low"
)
FIRST = "the slice was selected for its interval, and the adjustment is for the selected slices together"


@dataclass(frozen=True)
class RelianceReading:
    """`read` takes the number of a set of rows, and the population."""

    slug: str
    read: Callable[[Design, int, World], list[Found]]
    lines: tuple[Told, ...]
    share: float = 0.2
    block: int = 20
    designs: tuple[Design, ...] = DESIGNS


def _found(estimates: list[tuple[float, ...]], truths: list[float]) -> Found:
    """Numbers with their standard errors and both ends."""
    return Estimates(*np.array(estimates, dtype=float).T), np.array(truths)


def withheld(lines: int, numbers: int = 1) -> list[Found]:
    return [_found([NONE] * numbers, [np.nan] * numbers)] * lines


def within(one: Group, rows: Rows) -> np.ndarray:
    """(n,) whether rows are in a level or range of a column."""
    if one.column == "people":
        return rows.people == one.level
    x = rows.x[:, named(COLUMNS).index(one.column)]
    return (x > (-np.inf if one.low is None else one.low)) & (x <= (np.inf if one.high is None else one.high))


@cache
def trained(made: World) -> Rows:
    """Training rows that are the same for all sets."""
    return made.population(np.random.default_rng(96), TRAINED)


def bound(design: Design, number: int, made: World) -> tuple[BoundModel, BoundModel]:
    return beside(design, trained(made), [sets(design, number, 1)[0][0]])


def losses(made: World, rows: Rows) -> np.ndarray:
    """(2, n) log loss of network and linear model."""
    scores = np.stack([_asked(made.network, rows.x), _asked(made.linear, rows.x)])
    return np.logaddexp(0, scores) - rows.y * scores


# ---- overfitting


@cache
def _both_sides(made: World) -> tuple[tuple[Rows, np.ndarray], tuple[Rows, np.ndarray]]:
    """Rows like held-out rows and rows like training rows, each with the losses of both models."""
    seen = made.population(np.random.default_rng(97), len(made.whole.y), fitted=True)
    return (made.whole, losses(made, made.whole)), (seen, losses(made, seen))


def gaps(made: World, one: Group | None = None) -> tuple[float, float]:
    """Gap of the network, and its excess over that of the linear model."""
    masks = [np.ones(len(rows.y)) if one is None else 1.0 * within(one, rows) for rows, _ in _both_sides(made)]
    unseen, seen = (lost @ mask / mask.sum() for (_, lost), mask in zip(_both_sides(made), masks, strict=True))
    ours, theirs = unseen - seen
    return float(ours), float(ours - theirs)


def overfitting(design: Design, number: int, made: World) -> list[Found]:
    """Training rows are as many as held-out rows, and another draw for each set."""
    seen = made.sample(design, np.random.default_rng([8, number]), fitted=True)
    network, linear = beside(design, seen, [sets(design, number, 1)[0][0]])
    try:
        found = ti.overfitting(network, network.table, linear)
    except NotApplicableError:
        return withheld(4)
    ours, excess = gaps(made)
    made_of = [_found([found.excess], [excess]), _found([found.network], [ours])]
    if not found.slices:
        return [*made_of, *withheld(2)]
    largest = max(found.slices, key=lambda one: one.rows)
    return [*made_of, *(_found([one.excess], [gaps(made, one.group)[1]]) for one in (largest, found.slices[0]))]


# ---- perturbation


@cache
def moved(made: World, size: float) -> np.ndarray:
    """Network minus linear model at a size: loss, rise of the loss, AUC. One draw for each row."""
    rows, donors = made.whole, np.sort(trained(made).x, axis=0)
    rng, x = np.random.default_rng(95), np.empty_like(rows.x)
    for values, known, out in zip(donors.T, rows.x.T, x.T, strict=True):
        place = np.searchsorted(values, known) + rng.uniform(-size, size, len(known)) * len(values)
        place = np.abs(place)
        place = np.minimum(place, 2 * len(values) - place)
        out[:] = values[np.minimum(place.astype(np.int64), len(values) - 1)]
    none, at = (
        [_metrics(rows.y, _asked(module, columns)) for module in (made.network, made.linear)] for columns in (rows.x, x)
    )
    loss, before, area = (a[name] - b[name] for (a, b), name in ((at, "log_loss"), (none, "log_loss"), (at, "auc")))
    return np.array([loss, loss - before, area])


def perturbation(design: Design, number: int, made: World) -> list[Found]:
    network, linear = bound(design, number, made)
    try:
        found = ti.robustness(network, network.table, linear, sizes=SIZES, seed=number)
    except NotApplicableError:
        return [*withheld(1, 2), *withheld(2)]
    at = [one for one in found.sizes if one.size > 0]
    assert found.numbers is not None
    return [
        _found([one.difference for one in at], [moved(made, size)[0] for size in SIZES]),
        _found([found.numbers.rise], [moved(made, SIZES[0])[1]]),
        _found([at[0].auc_difference], [moved(made, SIZES[0])[2]]),
    ]


# ---- prediction sets


@cache
def _sets_of(made: World) -> tuple[np.ndarray, np.ndarray]:
    """Mean size of the sets of both models, and which rows (n,) those of the network cover: at the thresholds of all
    rows.
    """
    y, drawn_share = made.whole.y, np.random.default_rng(94).random(len(made.whole.y))
    found, covers = [], []
    for scores in made.scores:
        p = expit(np.abs(scores))  # of the likelier class
        strange = np.where((scores > 0) == (y > 0), drawn_share * p, p + drawn_share * (1 - p))
        most = np.quantile(strange, 0.9)
        covers.append(strange <= most)
        found.append((np.clip(most / p, 0, 1) + np.clip((most - p) / (1 - p), 0, 1)).mean())
    return np.array(found), covers[0]


def conformal(design: Design, number: int, made: World) -> list[Found]:
    network, linear = bound(design, number, made)
    try:
        found = ti.conformal(network, network.table, linear, seed=number)
    except NotApplicableError:
        return [*withheld(1, 2), *withheld(2)]
    sizes, covers = _sets_of(made)
    told = [
        _found([found.network, found.linear], list(sizes)),
        _found([found.difference], [float(sizes[0] - sizes[1])]),
    ]
    if not found.slices:
        return [*told, *withheld(1)]
    largest = max(found.slices, key=lambda one: one.rows)
    return [*told, _found([largest.coverage], [float(covers[within(largest.group, made.whole)].mean())])]


# ---- hard and outer rows


@cache
def _fresh(made: World) -> tuple[np.ndarray, np.ndarray]:
    """Columns (m, d) of fresh rows, and the loss (2, m) of both models that their chance of a positive outcome implies."""
    x = made.whole.x[:FRESH]
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    chance = expit(made.log_odds(x)[:, None] + EFFECT * made.is_grouped * nodes) @ (weights / weights.sum())
    scores = np.stack([_asked(made.network, x), _asked(made.linear, x)])
    return x, np.logaddexp(0, scores) - chance * scores


class Choices:
    """The hardest and the outermost rows of a set and its worst cluster, and means over fresh rows that are chosen likewise.

    Parameters
    ----------
    network, linear : bound to the training rows, followed by the held-out rows.
    x, lost : columns (m, d) of fresh rows, and the losses (2, m) of both models.
    """

    def __init__(
        self, network: BoundModel, linear: BoundModel, seed: int, x: np.ndarray, lost: np.ndarray, modules: World
    ) -> None:
        table = network.table
        held, self._learnt = table.evaluated, network.x[~table.held_out]
        self._x, self._new, self._lost, self._seed = network.x[held], x, lost, seed
        rows = network.take(held)
        self.table, self.asked = rows.table, resilience._Asked(rows, linear.take(held, rows.table), seed)
        self._weights, self._ties = self.table.row_weights, row_hash(self.table.numbers, seed)
        self._modules = modules.network, modules.linear

    def predicted(self, model: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """For each part after the first: its rows, and the losses that trees of earlier parts predict for them and fresh rows."""
        fold, w = dealt(self.table, self._seed + 1, resilience.FOLDS), self._weights
        x, new = (np.column_stack([x, _asked(self._modules[model], x)]) for x in (self._x, self._new))
        for k in range(1, resilience.FOLDS):
            earlier, rows = fold < k, np.flatnonzero(fold == k)
            weights = unless_equal(w[earlier])
            cut = in_bins(np.concatenate([x, new]), np.flatnonzero(earlier), weights)
            trees = HistGradientBoostingRegressor(**few_trees(resilience.TREES, resilience.LEAVES, self._seed))
            trees.fit(cut[: len(x)][earlier], self.asked._lost[model][earlier], weights)
            yield rows, trees.predict(cut[rows]), trees.predict(cut[len(x) :])

    def hardest(self, model: int, share: float) -> tuple[np.ndarray, np.ndarray]:
        """(n,) the hardest rows for a model, and (2,) the mean loss of both models on rows that are as hard by the same trees.

        Each part has its own threshold; of rows at the threshold, as large a part is taken as in the set.
        """
        w, place, parts = self._weights, np.full(len(self._x), np.inf), [*self.predicted(model)]
        for rows, ours, _ in parts:
            order = rows[np.lexsort((self._ties[rows], -ours))]
            place[order] = (np.cumsum(w[order]) - w[order] / 2) / w[order].sum()
        known = int(np.isfinite(place).sum())
        chosen, means, masses = self.asked._told(np.lexsort((self._ties, place))[:known])[share] > 0, [], []
        for rows, ours, new in parts:
            own, inside = w[rows], chosen[rows]
            if inside.any():
                level = ours == ours[inside].min()
                weights = (new > ours[inside].min()) + (new == ours[inside].min()) * own[level & inside].sum() / own[
                    level
                ].sum()
                means.append(np.average(self._lost, axis=1, weights=weights))
                masses.append(own[inside].sum())
        return chosen, np.average(means, axis=0, weights=masses)

    def outermost(self, share: float) -> np.ndarray:
        """(2,) mean loss of both models on rows that lie as far out as those of a set."""
        centre, spread = self._learnt.mean(axis=0), self._learnt.std(axis=0)
        near = NearestNeighbors(n_neighbors=resilience.NEIGHBOURS).fit((self._learnt - centre) / spread)
        ours, new = (near.kneighbors((x - centre) / spread)[0].mean(axis=1) for x in (self._x, self._new))
        chosen = self.asked._told(np.lexsort((self._ties, -ours)))[share] > 0
        return self._lost[:, new >= ours[chosen].min()].mean(axis=1)

    def cluster(self) -> np.ndarray:
        """(2,) mean loss of both models in the worst cluster."""
        centre, spread = self._learnt.mean(axis=0), self._learnt.std(axis=0)
        count = min(resilience.CLUSTERS, len(self._x) // resilience.PER_CLUSTER)
        means = KMeans(count, n_init=3, random_state=self._seed).fit((self._learnt - centre) / spread)
        worst = self.asked.worst_cluster(means.predict((self._x - centre) / spread))
        return self._lost[:, means.predict((self._new - centre) / spread) == worst].mean(axis=1)


def hard(design: Design, number: int, made: World) -> list[Found]:
    network, linear = bound(design, number, made)
    try:
        found = ti.resilience(network, network.table, linear, seed=number).subsets
    except NotApplicableError:
        return withheld(3, 2)
    x, lost = _fresh(made)
    choices, all_rows = Choices(network, linear, number, x, lost, made), lost.mean(axis=1)
    means: dict[str, Callable[[float], np.ndarray]] = {
        "hardest": lambda share: np.array([choices.hardest(model, share)[1][model] for model in (0, 1)]),
        "outer": choices.outermost,
        "cluster": lambda share: choices.cluster(),
    }
    told = []
    for kind, mean in means.items():
        one = next((one for one in found if one.kind == kind), None)  # smaller shares come first
        if one is None:
            told += withheld(1, 2)
            continue
        ours, theirs = mean(one.share)
        rise = ours - theirs - (all_rows[0] - all_rows[1])
        told.append(_found([one.difference, one.rise], [float(ours - theirs), float(rise)]))
    return told


# ---- regional effects


def regional(design: Design, number: int, made: World) -> list[Found]:
    ((network, _),) = drawn(design, number, 1)
    table = network.table
    try:
        found = ti.regional_effects(network, table, seed=number)
    except NotApplicableError:
        return [*withheld(2, COLUMNS), *withheld(1)]
    fresh = Rows(
        *(
            part[:FRESH]
            for part in (made.whole.x, made.whole.y, made.whole.people, made.whole.weights, made.whole.group)
        )
    )
    points = int(np.clip(len(table) // ROWS_OF_A_POINT, 2, POINTS))
    sizes, parts, explained = [], [], withheld(1)[0]
    first = next((one.column for one in found.effects if one.split is not None), None)
    for j, grid in enumerate(start(network, grid=points, seed=number).grids):
        spread = table.row_weights @ grid.spread(np.arange(len(table)))
        curves = centred(made, fresh.x, j, np.array(grid.values, dtype=float), grid.centre(spread / spread.sum())[0])
        whole, one = _scatter(curves), found[named(COLUMNS)[j]]
        sizes.append((one.heterogeneity, np.sqrt(whole)))
        parts.append((one.share, whole / (curves**2).sum(axis=1).mean()))
        if one.column == first:
            inside = within(one.split, fresh)
            left = sum(side.mean() * _scatter(curves[side]) for side in (inside, ~inside))
            explained = _found([one.explained], [1 - left / whole])
    return [*(_found(*map(list, zip(*told, strict=True))) for told in (sizes, parts)), explained]


def centred(made: World, x: np.ndarray, j: int, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(m, points) the network's scores of rows with a column at each value, less their mean by the shares `at` of the points,
    and times the root of these.
    """
    rows = x.repeat(len(values), axis=0)
    rows[:, j] = np.tile(values, len(x))
    scores = _asked(made.network, rows).reshape(len(x), len(values))
    return (scores - scores @ at[:, None]) * np.sqrt(at)


def _scatter(curves: np.ndarray) -> float:
    return float(curves.var(axis=0).sum())


HELD = "network minus linear model: loss on new rows {}, and the rise of this loss relative to all rows"
RELIANCE_READINGS = (
    RelianceReading(
        "overfitting",
        overfitting,
        (
            Told(
                "overfitting: excess of the gap",
                "network's gap minus the linear model's gap, in the population",
                less=LUCKY,
            ),
            Told(
                "overfitting: gap of the network",
                "loss on held-out rows minus loss on training rows, in the population",
            ),
            Told(
                "overfitting: excess in the largest slice",
                "network's gap minus the linear model's gap in this slice, with the slice fixed",
                more=ADJUSTED.format("slices"),
            ),
            Told(
                "overfitting: excess in the slice listed first",
                "network's gap minus the linear model's gap in this slice, with the slice fixed",
                less=FIRST,
                more=ADJUSTED.format("slices"),
            ),
        ),
        1,
        50,
    ),
    RelianceReading(
        "conformal",
        conformal,
        (
            Told("prediction sets: mean size, both models", "mean size at the population's threshold"),
            Told(
                "prediction sets: difference in size",
                "network minus linear model, at the population's thresholds",
                more=WIDE,
            ),
            Told(
                "prediction sets: coverage in the largest slice",
                "coverage at the population's threshold, with the slice fixed",
                more=ADJUSTED.format("slices"),
            ),
        ),
        1,
        50,
    ),
    RelianceReading(
        "perturbation",
        perturbation,
        (
            Told(
                "perturbation: difference in loss at 5% and 30%",
                "network minus linear model, with the training rows fixed",
                less=LUCKY,
            ),
            Told(
                "perturbation: excess rise in loss at 5%, numeric columns only",
                "the network's rise in loss minus the linear model's, with the training rows fixed",
            ),
            Told("perturbation: difference in AUC at 5%", "network minus linear model, with the training rows fixed"),
        ),
    ),
    RelianceReading(
        "resilience",
        hard,
        (
            Told(
                "resilience: hardest rows, difference in loss and excess rise",
                HELD.format("that are at least as hard according to the same trees"),
            ),
            Told(
                "resilience: outermost rows, difference in loss and excess rise",
                HELD.format("at least as far from the training rows"),
                less=SUBSET,
            ),
            Told(
                "resilience: worst cluster, difference in loss and excess rise",
                HELD.format("in the same cluster"),
                less=SUBSET,
            ),
        ),
    ),
    RelianceReading(
        "regional",
        regional,
        (
            Told("regional effects: heterogeneity", "on new rows, with the grid fixed"),
            Told(
                "regional effects: share due to interactions",
                "on new rows, with the grid fixed",
                less="for one column, coverage is two percentage points too low",
            ),
            Told(
                "regional effects: explained share",
                "for the first column that interacts, on new rows, with the grid and the split fixed",
                more=ADJUSTED.format("columns"),
            ),
        ),
        designs=tuple(design for design in DESIGNS if not design.rare),  # whose curves are the same
    ),
)
