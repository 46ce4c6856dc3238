"""Interactions between columns: the strongest pairs, their strength, and their joint effects without main effects.

All pairs are screened by second differences between real rows (`screening`). The strongest pairs are evaluated in full
(`pair_effects`). Three variances are estimated for each pair, in squared units of the score:

- `variance` is the numerator of the squared H statistic (Friedman & Popescu 2008). It is the variance of the pair's partial
  dependence after the partial dependence of each of the two columns is subtracted. `share` is this variance divided by the
  variance of the score. `h2` is this variance divided by the variance of the pair's partial dependence.
- `purified` is the variance of the pair's effect on a grid, after main effects are removed (Lengerich et al. 2020). The grid
  cells are weighted by their shares of the rows. New values within the grid cells are drawn for each block of rows. The standard
  error therefore includes the variation due to the background rows and to the values within each cell.
- `shapley` is the variance over rows of the Shapley interaction index (Grabisch & Roubens 1999).

The three variances are equal if columns are independent and the score contains no interaction of three or more columns. All three
are computed from combinations of values that may not occur in the data. `empty`, the share of grid cells without rows, shows how
often this is the case. The estimates are unbiased and can therefore be negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, by_pair
from tabinterp.analyses.effects.grids import Grid, checked_columns, grid_of, with_points
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates
from tabinterp.table import Table
from tabinterp.table.hash_sampling import row_hash

from . import pair_effects as of_pair
from .screening import Progress, Screen, screen

AUDITED_PAIRS = 5

ROWS = 2048  # total number of rows in all blocks
BLOCKS = 8  # minimum number of blocks
ESTIMAND = (
    "variance of the joint partial dependence of two columns, after the partial dependence of each column is subtracted"
)
INDEPENDENT = "standard errors treat the rows as independent, although they come in groups"
BACKGROUND = 64
FEWEST = 4  # minimum number of rows of a block, because its sums are over four different rows
POINTS = 8  # number of points of each column of a table


@dataclass(frozen=True, eq=False)
class Pair:
    """One pair evaluated in full: its estimates (outputs,), as defined in the module docstring, and its effect on a grid."""

    columns: tuple[str, str]
    variance: Estimates
    share: Estimates
    h2: Estimates
    shapley: Estimates
    table: of_pair.PairTable

    @property
    def empty(self) -> float:
        """The share of grid cells that contain no rows."""
        return float((self.table.rows == 0).mean())


@dataclass(frozen=True, eq=False)
class Interactions(Display):
    """The strongest pairs, in descending order of `variance` summed over outputs, and the results of screening all pairs.

    Standard errors come from `blocks` independent blocks of `background` rows each. Intervals are Student's t intervals. If
    `shapley_exact` is True, the Shapley interaction index is computed over all coalitions of the other columns; otherwise
    coalitions are sampled.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.interactions",
        {"network": ("share", "share_low", "share_high")},
        by_pair,
        order="share",
        other="pairs",
    )

    pairs: tuple[Pair, ...]
    screen: Screen
    outputs: tuple[str | None, ...]
    total: Estimates  # (k,) variance of the score
    shapley_exact: bool
    rows: int
    blocks: int
    background: int
    seed: int
    estimand: str

    def __getitem__(self, columns: tuple[str, str]) -> Pair:
        return next(pair for pair in self.pairs if set(pair.columns) == set(columns))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output and each pair that was evaluated in full."""
        rows = [
            {"output": output, "first": pair.columns[0], "second": pair.columns[1]}
            | _numbers(pair, k)
            | {"empty": pair.empty}
            for k, output in enumerate(self.outputs)
            for pair in self.pairs
        ]
        return pd.DataFrame(rows)

    @any_backend
    def effect(self, columns: tuple[str, str]) -> pd.DataFrame:
        """Return a data frame with the purified effect of a pair, in units of the score, in each cell and for each output."""
        pair = self[columns]
        return pd.concat([_cells(pair, k, output) for k, output in enumerate(self.outputs)], ignore_index=True)


def _cells(pair: Pair, k: int, output: str | None) -> pd.DataFrame:
    table = pair.table
    places = np.indices(table.rows.shape).reshape(2, -1)
    values = [pd.Series([of[i] for i in at], dtype=object) for of, at in zip(table.values, places, strict=True)]
    numbers = {
        name: getattr(table.effect, of)[:, :, k].ravel()
        for name, of in (("effect", "value"), ("stderr", "stderr"), ("ci_low", "low"), ("ci_high", "high"))
    }
    named = {"output": output, pair.columns[0]: values[0], pair.columns[1]: values[1], "rows": table.rows.ravel()}
    return pd.DataFrame(named | numbers | {"small": table.small.ravel()})


def _numbers(pair: Pair, k: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    told = {name: getattr(pair, name) for name in ("variance", "share", "h2", "shapley")}
    for name, one in (told | {"purified": pair.table.variance}).items():
        parts = {"": one.value, "_stderr": one.stderr, "_low": one.low, "_high": one.high}
        made |= {f"{name}{end}": values[k] for end, values in parts.items()}
    return made


def interactions(
    model: Model | BoundModel,
    table: Table,
    *,
    columns: Sequence[str] | None = None,
    top: int = 10,
    background: int = BACKGROUND,
    seed: int = 0,
    progress: Progress | None = None,
) -> Interactions:
    """Screen all pairs of `columns` (default: all columns) for interactions, and evaluate the `top` strongest pairs in full.

    Scores are log-odds, centred logits, log rates, or values in units of the target. The first round of screening scores at most
    two million modified rows. With more than a hundred columns, only pairs among the hundred columns that change the score most
    are screened. `screen.passed` lists the other columns.

    Parameters
    ----------
    background : number of rows in a block. Partial dependence is evaluated at the values of these rows and averaged over the same
        rows. The number of blocks is 2,048 divided by `background`, but at least eight. If the table has few rows, the blocks are
        smaller.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> x = pd.DataFrame(np.random.default_rng(0).uniform(-1, 1, (500, 3)), columns=["a", "b", "c"])
    >>> table = ti.read_table(x.assign(y=x["c"]), target="y", task="regression")
    >>> model = ti.wrap(lambda rows: (3 * rows["a"] * rows["b"] + rows["c"]).to_numpy(), task="regression")
    >>> found = interactions(model, table, top=1)
    >>> found.pairs[0].columns, bool(found.pairs[0].variance.low < 1 < found.pairs[0].variance.high)
    (('a', 'b'), True)
    """
    if top < 1 or background < FEWEST:
        raise NotApplicableError(
            f"top must be at least 1, and background must be at least {FEWEST} rows; got {argument('top', top)} and "
            f"{argument('background', background)}"
        )
    bound = bind(model, table)
    names = checked_columns(columns, bound.columns)
    if len(names) < 2:
        raise NotApplicableError(why("interactions.pair", column=names[0]))
    bound = _in_order(bound, seed)
    cut = _cut(bound, background)
    found = screen(bound, names, top, progress)
    kept = [found.pairs[i] for i in np.lexsort((-found.strength, ~found.kept))[: int(found.kept.sum())]]
    blocks = of_pair.Blocks.of(bound, cut, sorted({c for pair in kept for c in pair}))
    grids = {c: grid_of(bound, c, POINTS, ends=False) for c in blocks.single}
    points = with_points(bound, grids.values())
    total, read = blocks.total(), []
    for i, pair in enumerate(kept):
        read.append(_read(blocks, points, pair, total, (grids[pair[0]], grids[pair[1]]), seed))
        if progress is not None:
            progress("interactions", (i + 1) / len(kept))
    return Interactions(
        pairs=tuple(sorted(read, key=lambda pair: -pair.variance.value.sum())),
        screen=found,
        outputs=bound.outputs,
        total=mean_over_rows(total),
        shapley_exact=of_pair.is_exact(bound),
        rows=sum(map(len, blocks.rows)),
        blocks=len(blocks.rows),
        background=len(blocks.rows[0]),
        seed=seed,
        estimand=ESTIMAND if bound.table.groups is None else f"{ESTIMAND}; {INDEPENDENT}",
    )


def _read(
    blocks: of_pair.Blocks,
    points: BoundModel,
    pair: tuple[str, str],
    total: FloatArray,
    grids: tuple[Grid, Grid],
    seed: int,
) -> Pair:
    pure, whole = of_pair.joint(blocks, pair)
    return Pair(
        columns=pair,
        variance=mean_over_rows(pure),
        share=of_pair.ratio(pure, total),
        h2=of_pair.ratio(pure, whole),
        shapley=mean_over_rows(of_pair.index_variance(blocks, pair, seed)),
        table=of_pair.pair_table(blocks, points, grids, seed),
    )


def _in_order(bound: BoundModel, seed: int) -> BoundModel:
    """Return the model, bound to the rows with positive weight in hash order."""
    order = np.argsort(row_hash(bound.table.numbers, seed), kind="stable").astype(np.int64)
    weights = bound.table.weights
    return bound.take(order if weights is None else order[weights[order] > 0])


def _cut(bound: BoundModel, background: int) -> list[IntArray]:
    """Return blocks of consecutive rows, all of the same size, starting with the first row.

    Rows after the last block are not used.
    """
    n = len(bound.table)
    size = min(background, n // BLOCKS)
    if size < FEWEST:
        raise NotApplicableError(why("interactions.few", least=BLOCKS * FEWEST, rows=n))
    count = max(BLOCKS, min(ROWS, n) // size)
    return [np.arange(i * size, (i + 1) * size) for i in range(count)]


def run(context: Context) -> Interactions:
    """Find the interactions in the audited network."""
    network = context.network.take(context.subsample)
    return interactions(network, network.table, top=AUDITED_PAIRS, seed=context.seed, progress=context.part(0, 1))
