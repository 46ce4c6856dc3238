"""Six panels of a hidden unit: its minimum, four sets of real rows, and its maximum (Olah, Mordvintsev & Schubert 2017).

The outer panels are optima: inputs at which the value of the unit is smallest and largest. The four inner panels contain the real
rows with the smallest activation, those just below the middle, those just above the middle, and those with the largest
activation. Each inner panel contains rows with about 10% of the total weight, and at least 10 rows. A panel shows means and
shares of its rows, compared with those of all rows (`profiles`), and never a single row. The middle is 0 if there are at least 10
rows on each side of 0, and otherwise the median. Optima are not rows of the table. Their `typicality` states whether they are too
atypical to be interpreted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.display import Display, Drawn, named
from tabinterp.analyses.maximisation.estimator import Maxima, maximise
from tabinterp.analyses.maximisation.objective_values import readers_of
from tabinterp.analyses.maximisation.objectives import Objective
from tabinterp.arrays import FloatArray, HashArray, IntArray
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.layers import layers_of
from tabinterp.stats.weights import deviation, quantile, unit
from tabinterp.table import Table
from tabinterp.table.hash_sampling import row_hash
from tabinterp.table.suppression import SMALL

from .activating_rows import SHARE, Profiles, compared

PANELS = ("negative optimum", "minimum", "slightly negative", "slightly positive", "maximum", "positive optimum")


@dataclass(frozen=True, eq=False)
class Card(Display):
    """Six panels of one objective, such as a hidden unit or an output.

    Parameters
    ----------
    value : (6,) the objective at the optima, and its mean over the rows of each inner panel; NaN for an empty panel.
    rows : (4,) number of rows in each inner panel; 0 if there are fewer than 10.
    about : the middle of the activations, which is 0 or the median.
    profiles : comparison of the rows of each inner panel with all rows.
    means : (4, lines) means of numeric columns in their own units.
    optima : results of the search for the minimum (with negated values) and for the maximum.
    """

    drawn: ClassVar[Drawn] = Drawn("plot.axis.panels", {"network": ("value", None, None)}, named("panel"), at=None)

    objective: Objective
    value: FloatArray
    rows: IntArray
    about: float
    profiles: Profiles
    means: FloatArray
    optima: Maxima

    def _numbers(self) -> pd.DataFrame:
        return pd.DataFrame({"panel": PANELS, "value": self.value})

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each panel and column (or level).

        For an optimum, `at` is its value in the column. For real rows, `mean` is the mean of a numeric column, and `share` is the
        share of a level.
        """
        parts = [self._optimum(0), *(self._between(p) for p in range(4)), self._optimum(1)]
        return pd.concat([part for part in parts if len(part)], ignore_index=True)

    def _optimum(self, which: int) -> pd.DataFrame:
        row = self.optima.rows.iloc[which]
        columns = list(self.optima.rows.columns)
        place = 5 * which
        return _lines(
            {
                "panel": PANELS[place],
                "value": self.value[place],
                "column": columns,
                "at": [row[c] for c in columns],
                "unreadable": bool(self.optima.typicality.unreadable[which]),
            }
        )

    def _between(self, p: int) -> pd.DataFrame:
        made = self.profiles
        if self.rows[p] == 0:
            return _lines({"panel": [PANELS[p + 1]], "rows": 0})
        return _lines(
            {
                "panel": PANELS[p + 1],
                "value": self.value[p + 1],
                "rows": int(self.rows[p]),
                "column": list(made.columns),
                "level": [None if one is None else str(one) for one in made.levels],
                "mean": self.means[p],
                "share": made.share * made.lift.value[p],
                "difference": made.difference.value[p],
                "difference_low": made.difference.low[p],
                "difference_high": made.difference.high[p],
                "lift": made.lift.value[p],
                "lift_low": made.lift.low[p],
                "lift_high": made.lift.high[p],
                "q": made.q[p],
            }
        )


NAMES = (
    "panel", "value", "rows", "column", "level", "at", "mean", "share", "difference", "difference_low", "difference_high", "lift",
    "lift_low", "lift_high", "q", "unreadable",
)  # fmt: skip
TEXTS = ("column", "level", "at", "rows", "unreadable")


def _lines(made: dict[str, Any]) -> pd.DataFrame:
    size = max((len(one) for one in made.values() if isinstance(one, (list, np.ndarray))), default=1)
    full = {}
    for name in NAMES:
        given = made.get(name, None if name in TEXTS else np.nan)
        given = list(given) if isinstance(given, (list, np.ndarray)) else [given] * size
        full[name] = pd.Series(given, dtype=object if name in (*TEXTS, "panel") else np.float64)
    return pd.DataFrame(full)


def card(model: Model | BoundModel, table: Table, *, objective: Objective, seed: int = 0) -> Card:
    """Compute the six panels of an objective: a unit, a direction, an output, or a sum of these.

    Raises
    ------
    NotApplicableError
        If the objective names a layer, unit or class that does not exist.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> frame = pd.DataFrame({"a": np.linspace(-1, 1, 200), "y": np.arange(200.0)})
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU(), torch.nn.Linear(1, 1))
    >>> _ = net[0].weight.data.fill_(1.0), net[0].bias.data.zero_()
    >>> found = card(ti.wrap(net, encoder="passthrough", task="regression"), table, objective=ti.unit(1, 0))
    >>> found.value.round(1).tolist(), found.rows.tolist()
    ([-0.9, -0.9, -0.1, 0.1, 0.9, 0.9], [20, 20, 20, 20])
    """
    bound = bind(model, table)
    optima = maximise(bound, table, objective=[-objective, objective], seed=seed)
    ((_, reader),) = readers_of(bound, layers_of(bound), [objective])
    made = panels(bound, reader.every(bound.z))
    return Card(
        objective=objective,
        value=np.array([-optima.value[0], *made.value[0], optima.value[1]]),
        rows=made.rows[0],
        about=float(made.about[0]),
        profiles=made.profiles,
        means=made.means,
        optima=optima,
    )


@dataclass(frozen=True, eq=False)
class Panels:
    """Four inner panels of real rows for each of K objectives.

    `value` and `rows` have the shape (K, 4). `about` (K,) contains the middle of each objective, which is 0 or the median.
    `profiles` and `means` (4 K, lines) contain the four panels of the first objective, then those of the second, and so on.
    """

    value: FloatArray
    rows: IntArray
    about: FloatArray
    profiles: Profiles
    means: FloatArray


def panels(bound: BoundModel, scores: FloatArray) -> Panels:
    """Return the four inner panels of real rows for K objectives, from their values `scores` (n, K)."""
    w = unit(bound.table.weights, len(bound.table))
    hashes = row_hash(bound.table.numbers, 0)
    about = np.array([_middle(score, w) for score in scores.T])
    top = np.concatenate([_panels(score, w, hashes, at) for score, at in zip(scores.T, about, strict=True)], axis=1)
    made = compared(bound, top)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = ((w[:, None] * np.repeat(scores, 4, axis=1)) * top).sum(axis=0) / (w @ top)
    return Panels(
        value=value.reshape(-1, 4),
        rows=top.sum(axis=0).astype(np.int64).reshape(-1, 4),
        about=about,
        profiles=made,
        means=_means(bound, made, w),
    )


def _middle(score: FloatArray, w: FloatArray) -> float:
    sides = [int(((score < 0) & (w > 0)).sum()), int(((score > 0) & (w > 0)).sum())]
    return 0.0 if min(sides) >= SMALL else quantile(score, 0.5, w)


def _panels(score: FloatArray, w: FloatArray, hashes: HashArray, about: float) -> Any:
    """Return a mask (n, 4) of the rows in each inner panel."""
    made = np.zeros((len(score), 4), dtype=bool)
    known = w > 0
    if known.sum() < 2 * SMALL or np.ptp(score[known]) == 0:
        return made
    sides = [known, known & (score < about), known & (score > about), known]
    for p, (side, sign) in enumerate(zip(sides, (-1, 1, -1, 1), strict=True)):
        rows = np.flatnonzero(side)
        order = rows[np.lexsort((hashes[rows], -sign * score[rows]))]
        mass = np.cumsum(w[order])
        size = max(SMALL, int(np.searchsorted(mass, SHARE * w.sum() * (1 - 1e-12))) + 1)
        made[order[:size], p] = len(order) >= SMALL
    return made


def _means(bound: BoundModel, made: Profiles, w: FloatArray) -> FloatArray:
    """Return the mean of each numeric column over each set of rows, in the column's own units (sets, lines).

    The lines are those of `Profiles`. A mean is NaN if it cannot be shown, or if its line describes a level and not a column.
    """
    result = np.full(made.difference.value.shape, np.nan)
    for i, (column, level) in enumerate(zip(made.columns, made.levels, strict=True)):
        if level is None:
            x = bound.table.numeric(column)
            known = ~np.isnan(x)
            if known.any():
                spread = float(deviation(x[known], w[known]))
                result[:, i] = np.average(x[known], weights=w[known]) + made.difference.value[:, i] * spread
    return result
