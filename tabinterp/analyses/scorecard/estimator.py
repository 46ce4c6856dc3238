"""Conversion of the simplest refit that predicts as well as the network (`ladder.best()`) to a scorecard with whole points.

The refit's functions of single columns and of pairs of columns are converted to step functions (`binning`). In each bin, the
function is replaced by its mean over the training rows. The intercept is then fitted again. The points of a column therefore
follow the refit's curve. A logistic regression on the bins would instead fit the same outcomes a second time and undo the
shrinkage due to the refit's penalty. In experiments with small tables, such a regression also predicted worse
than the bin means.

The score of a row is a linear function of its log-odds of the favourable to the adverse class: points + pdo / ln 2 (log-odds - ln
odds). The score increases as the adverse class becomes less likely. An increase of pdo points doubles the odds (Siddiqi 2006,
Credit Risk Scorecards). For each column, the bin with the most training rows is the reference bin and has 0 points. A row that is
in the reference bins of all columns has the base points as its score. The score of any other row is the sum of the base points
and the points of its bins. Base points and the points of bins are rounded to whole numbers.

On the held-out rows, log loss, AUC and the Kolmogorov-Smirnov statistic are computed for the rounded scores, which are first
converted back to log-odds. These metrics are compared with those of the network, of the logistic regression and of the unrounded
scores. The differences are paired by row. Log loss and AUC have Student's t intervals based on influence-function values, summed
within groups of rows. The Kolmogorov-Smirnov statistic has bootstrap intervals. `performance` and `discrimination` use the same
methods.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.dummy import DummyClassifier

from tabinterp.analyses.context import Context
from tabinterp.analyses.discrimination.estimator import Ranking
from tabinterp.analyses.display import Display, Drawn
from tabinterp.analyses.ladder import ANALYSIS as LADDER
from tabinterp.analyses.ladder.penalised_fits import rows_to_fit
from tabinterp.analyses.performance.estimator import RESAMPLES, Estimate, Status, groups, judged, resampled
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError, TableError, argument
from tabinterp.frames import any_backend
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.losses import loss_for
from tabinterp.stats.discrimination import Power, auc, mean
from tabinterp.stats.estimates import resampled as bootstrapped
from tabinterp.table import Table
from tabinterp.table.coerce import as_frame, shown
from tabinterp.table.hash_sampling import row_hash
from tabinterp.table.suppression import SMALL, parts_shown

from . import exports
from .binning import Cut, complete, cut_terms, terms_of
from .record import bin_message

if TYPE_CHECKING:
    from tabinterp.analyses.ladder.estimator import Ladder

POINTS, ODDS, PDO = 600, 50, 20
LARGEST = 1_000_000  # maximum of the scale's points, odds and pdo
METRICS = ("log_loss", "auc", "ks")


class Scaling(NamedTuple):
    """The scale of a score.

    The score is `points` if the odds of the favourable to the adverse class are `odds`. Each increase by `pdo` points doubles
    the odds.
    """

    points: float
    odds: float
    pdo: float

    @property
    def factor(self) -> float:
        """The number of points per unit of the log-odds."""
        return self.pdo / math.log(2)

    def log_odds(self, score: FloatArray) -> FloatArray:
        """Convert scores in points to the log-odds of the favourable to the adverse class."""
        return (score - self.points) / self.factor + math.log(self.odds)

    def score(self, log_odds: float) -> float:
        """Convert log-odds to a score in points."""
        return self.points + self.factor * (log_odds - math.log(self.odds))


@dataclass(frozen=True, eq=False)
class Term:
    """Points for the bins of one column, or for the cells of a two-way table of two columns.

    Parameters
    ----------
    cuts : bins of the column, or of the two columns.
    unrounded : points before rounding (cells,). In a two-way table, cell i, j has the index i * (bins of the second column) + j.
    rows : number of training rows in each cell (cells,).
    """

    cuts: tuple[Cut, ...]
    unrounded: FloatArray
    rows: IntArray

    @property
    def points(self) -> IntArray:
        """The rounded points of each cell (cells,)."""
        return np.rint(self.unrounded).astype(np.int64)

    @property
    def reference(self) -> int:
        """The index of the reference cell, which has the most training rows and 0 points."""
        return int(np.argmax(self.rows))

    def cell(self, frame: pd.DataFrame) -> IntArray:
        """Return the index of the cell of each row (rows,)."""
        at = np.zeros(len(frame), dtype=np.int64)
        for cut in self.cuts:
            at = at * len(cut.bins) + cut.place(frame[cut.column])
        return at


@dataclass(frozen=True)
class CardMetric:
    """One metric on the held-out rows, for the rounded scorecard, the network and the logistic regression.

    Parameters
    ----------
    against_network : the scorecard's metric minus the network's.
    against_linear : the scorecard's metric minus that of the logistic regression.
    rounding : the metric of the rounded scores minus that of the unrounded scores.
    """

    name: str
    card: Estimate
    network: Estimate
    linear: Estimate
    against_network: Estimate
    against_linear: Estimate
    rounding: Estimate


@dataclass(frozen=True, eq=False)
class Scorecard(Display):
    """Scorecard: a whole number of points for each bin of a column or pair of columns. The points add up to a score, which
    increases as the adverse class becomes less likely.

    Parameters
    ----------
    scaling : scale of the score.
    adverse : the adverse class, as text.
    favourable : the favourable class, as text.
    rung : the model of the ladder from which the scorecard was made.
    unrounded_base : base points before rounding: the score of a row that is in the reference bins of all columns.
    terms : columns and pairs of columns with their points.
    metrics : log loss in nats, AUC and Kolmogorov-Smirnov statistic on the held-out rows.
    status : result of comparing the scorecard's log loss with the network's: better, worse, equivalent or not resolved.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.scorecard",
        {"points": ("points", None, None)},
        lambda row: str(row["label"]),
        other="bins",
    )

    scaling: Scaling
    adverse: str
    favourable: str
    rung: str
    unrounded_base: float
    terms: tuple[Term, ...]
    metrics: tuple[CardMetric, ...]
    status: Status
    margin: float
    rows: int
    training_rows: int
    resamples: int
    seed: int

    @property
    def base(self) -> int:
        """The base points: the score of a row that is in the reference bins of all columns."""
        return int(np.rint(self.unrounded_base))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for the base points, for each bin of a column, and for each cell of a two-way table.

        A bin of a numeric `column` contains the values low < value <= high. A bin of any other column contains the values in
        `levels`. `missing` is true if the bin includes missing values, and `other` if it includes levels not listed in any bin.
        For a two-way table, `second` is the second column and `second_bin` its bin. `rows` is the number of training rows. It is
        NaN if it is 1 to 9, or if such a small number could be calculated from it. The reference bin of a column has 0 points.
        """
        base = {"column": None, "points": self.base, "unrounded": self.unrounded_base, "rows": self.training_rows}
        found = [base, *(row for term in self.terms for row in _rows(term))]
        names = (
            "column", "bin", "second", "second_bin", "low", "high", "levels", "missing", "other", "points", "unrounded",
            "reference", "rows",
        )  # fmt: skip
        return pd.DataFrame(found, columns=names)

    def points(self, rows: pd.DataFrame | Table) -> IntArray:
        """Return the score of each row in points (rows,).

        Parameters
        ----------
        rows : a table, or a dataframe that contains the scorecard's columns with the same types as in the audited table. All
            other columns are ignored.

        Raises
        ------
        TableError
            If a column is missing, if a numeric column has values that are not numbers, or if the levels of a column differ in
            type from the scorecard's levels.
        """
        frame = self._checked(rows)
        return np.asarray(self.base + sum(term.points[term.cell(frame)] for term in self.terms), dtype=np.int64)

    def unrounded(self, rows: pd.DataFrame | Table) -> FloatArray:
        """Return the unrounded score of each row in points (rows,): the log-odds of the binned refit, rescaled to points."""
        frame = self._checked(rows)
        return np.asarray(self.unrounded_base + sum(term.unrounded[term.cell(frame)] for term in self.terms))

    def to_sql(self, table: str = "applicants") -> str:
        """Return an SQL statement that selects the rows of a database table and adds the column `scorecard_points`.

        The database table must have columns with the same names as the columns of the scorecard. The statement runs in DuckDB,
        PostgreSQL and SQLite. NULL and NaN are treated as missing values.

        Parameters
        ----------
        table : name of the database table, or "schema.name".

        Raises
        ------
        TabinterpError
            If the table name is empty, or if a name or a level contains a character that SQL strings cannot represent.
        """
        return exports.sql(self, table)

    def to_python(self) -> str:
        """Return the Python source code of a function `points(row)`, which computes the score of one row without any library.

        `row` is a dict from the names of the columns to their values. None and NaN are treated as missing values.
        """
        return exports.python(self)

    def to_csv(self, path: str | Path) -> Path:
        """Write a CSV file with one line for each bin and its points, and return the path.

        Text that a spreadsheet would interpret as a formula is preceded by an apostrophe.
        """
        return exports.write_csv(self, Path(path))

    def _checked(self, rows: Any) -> pd.DataFrame:
        frame = rows.frame if isinstance(rows, Table) else as_frame(rows)
        cuts = {cut.column: cut for term in self.terms for cut in term.cuts}
        absent = [name for name in cuts if name not in frame]
        if absent:
            raise TableError(
                f"the rows lack {len(absent)} of the scorecard's columns ({', '.join(map(repr, absent[:8]))}). The columns of "
                f"the rows are {list(frame.columns)}. Give rows with all {len(cuts)} columns of the scorecard"
            )
        for name, cut in cuts.items():
            _check_values(frame[name], cut)
        return frame

    def _numbers(self) -> pd.DataFrame:
        frame = self.frame().iloc[1:]
        label = [" × ".join(f"{c}: {b}" for c, b in _named(row)) for row in frame.to_dict("records")]
        return frame.assign(label=label)


def _named(row: dict[Any, Any]) -> list[tuple[str, str]]:
    pairs = [(row["column"], row["bin"]), (row["second"], row["second_bin"])]
    return [(c, b) for c, b in pairs if isinstance(c, str)]


def _rows(term: Term) -> list[dict[str, Any]]:
    told, made = parts_shown(term.rows), []
    names = [[text(m.key, m.values) for m in map(bin_message, cut.bins)] for cut in term.cuts]
    for cell, points in enumerate(term.points.tolist()):
        first, second = divmod(cell, len(term.cuts[1].bins)) if len(term.cuts) > 1 else (cell, None)
        one = term.cuts[0].bins[first]
        row: dict[str, Any] = {"column": term.cuts[0].column, "bin": names[0][first], "low": one.low, "high": one.high}
        row |= {"levels": list(one.levels) or None, "missing": one.missing, "other": one.other}
        if second is not None:
            row |= {"second": term.cuts[1].column, "second_bin": names[1][second]}
        row |= {"points": points, "unrounded": float(term.unrounded[cell]), "reference": cell == term.reference}
        made.append(row | {"rows": float(term.rows[cell]) if told[cell] else np.nan})
    return made


def _check_values(values: pd.Series, cut: Cut) -> None:
    """Raise a TableError if the values of a column differ in type from the values in the column's bins."""
    if cut.numeric:
        try:
            values.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise TableError(
                f"column {cut.column!r} of the scorecard is numeric, but not all of its values are numbers ({error}). "
                "Convert the values to numbers"
            ) from None
        return
    known = {_type(level): level for one in cut.bins for level in one.levels}
    for value in values.dropna().unique():
        if known and _type(value) not in known:
            example = next(iter(known.values()))
            raise TableError(
                f"column {cut.column!r} has the value {shown(value)}, but the levels of this column in the scorecard are "
                f"{_type(example)}, such as {example!r}. Convert the values of the column to this type"
            )


def _type(level: Any) -> str:
    if isinstance(level, (bool, np.bool_)):
        return "true or false"
    return "text" if isinstance(level, str) else "numbers"


# ---- from the ladder


def scorecard(
    ladder: Ladder,
    network: BoundModel,
    counterpart: Model | BoundModel | None = None,
    *,
    points: float = POINTS,
    odds: float = ODDS,
    pdo: float = PDO,
) -> Scorecard:
    """Convert the simplest refit of a ladder that predicts as well as the network to a scorecard; used by `Ladder.scorecard`.

    Parameters
    ----------
    ladder : the ladder of refits.
    network : the network with which the refits of the ladder are compared, bound to its table.
    counterpart : the logistic regression; by default, one is fitted, as in an audit.
    points, odds, pdo : scale of the score, as in `Scaling`.

    Raises
    ------
    NotApplicableError
        If the target does not have two classes, if the adverse class was not declared, or if the refit uses no column.
    """
    scaling, table = _scaling(points, odds, pdo), network.table
    if table.schema.task != "binary":
        raise NotApplicableError(why("scorecard.task"))
    if table.schema.adverse is None:
        raise NotApplicableError(why("adverse.unstated"))
    best = ladder.best()
    if isinstance(best[-1], DummyClassifier):
        raise NotApplicableError(why("scorecard.intercept"))
    # The log-odds of the favourable class are `side` times the log-odds of the positive class.
    side = 1.0 if table.schema.compared == 1 else -1.0
    training = rows_to_fit(table, ladder.seed)
    steps = _steps(ladder, training)
    if not steps:
        raise NotApplicableError(why("scorecard.flat"))
    favours = 1.0 if best.classes_[1] == table.schema.classes[table.schema.compared] else -1.0
    base, terms = _binned(steps, training, favours, scaling)
    linear = bind(fit_counterpart(network, table, seed=ladder.seed) if counterpart is None else counterpart, table)
    held = table.evaluated
    held = held[np.argsort(row_hash(table.numbers[held], ladder.seed), kind="stable")]
    rows = table.take(held)
    card = Scorecard(
        scaling=scaling,
        adverse=str(table.schema.adverse),
        favourable=table.schema.labels[table.schema.compared],
        rung=ladder.rungs[[one is best for one in ladder.models].index(True)],
        unrounded_base=base,
        terms=terms,
        metrics=(),
        status="not_resolved",
        margin=ladder.margin,
        rows=len(rows),
        training_rows=len(training),
        resamples=RESAMPLES,
        seed=ladder.seed,
    )
    both = [side * scaling.log_odds(one) for one in (card.points(rows).astype(np.float64), card.unrounded(rows))]
    metrics = _metrics(np.stack([*both, network.scores[held, 0], linear.scores[held, 0]]), rows, ladder.seed)
    _, _, low, high = metrics[0].against_network
    return replace(card, metrics=metrics, status=judged(low, high, ladder.margin))


def _scaling(points: float, odds: float, pdo: float) -> Scaling:
    for name, value in (("points", points), ("odds", odds), ("pdo", pdo)):
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and math.isfinite(value)
        if not (number and abs(value) <= LARGEST and (name == "points" or value > 0)):
            lowest = f"at least -{LARGEST:,}" if name == "points" else "greater than 0"
            raise TabinterpError(
                f"the scorecard's {name} must be a number that is {lowest} and at most {LARGEST:,}; got {argument(name, value)}"
            )
    return Scaling(float(points), float(odds), float(pdo))


def _steps(ladder: Ladder, training: Table) -> list[Term]:
    """Return the terms of the refit as step functions, in log-odds.

    `Term.unrounded` contains each step minus the step of the reference cell.
    """
    frame = training.inputs
    kinds = {name: training.schema[name].kind for name in training.schema.inputs}
    chosen, curvature = cut_terms(frame, kinds, terms_of(ladder.best(), frame), training.row_weights, ladder.margin)
    return [_step(one.cuts, one.function, curvature, frame) for one in chosen]


def _step(cuts: tuple[Cut, ...], function: FloatArray, curvature: FloatArray, frame: pd.DataFrame) -> Term:
    """Return a term that contains, for each cell, the function's mean in the cell minus its mean in the reference cell.

    Cells with fewer than ten rows have the value 0. Missing values and unlisted levels that have no bin of their own are assigned
    to the bin with the most rows.
    """
    whole = []
    for cut in cuts:
        rows = np.bincount(cut.place(frame[cut.column]), minlength=len(cut.bins))
        whole.append(complete(cut, int(np.argmax(rows))))
    size = math.prod(len(cut.bins) for cut in whole)
    term = Term(tuple(whole), np.zeros(size), np.zeros(size, dtype=np.int64))
    at = term.cell(frame)
    term = replace(term, rows=np.bincount(at, minlength=size))
    weight, total = (np.bincount(at, part, size) for part in (curvature, curvature * function))
    mean = total / np.maximum(weight, np.finfo(float).tiny)
    return replace(term, unrounded=np.where(term.rows >= SMALL, mean - mean[term.reference], 0.0))


def _binned(steps: list[Term], training: Table, side: float, scaling: Scaling) -> tuple[float, tuple[Term, ...]]:
    """Return the unrounded base points, and the terms converted from log-odds to points.

    The base points come from the intercept, which is fitted by maximum likelihood. `side` is 1 if the steps are in log-odds of
    the favourable class, and -1 if they are in log-odds of the adverse class.
    """
    log_odds = sum(side * term.unrounded[term.cell(training.inputs)] for term in steps)
    favourable, weights = training.y == training.schema.compared, training.row_weights
    most = 100 + float(np.abs(log_odds).max())
    intercept = brentq(lambda shift: float(weights @ (expit(log_odds + shift) - favourable)), -most, most)
    return scaling.score(intercept), tuple(
        replace(term, unrounded=side * scaling.factor * term.unrounded + 0.0) for term in steps
    )


# ---- on the held-out rows


def _metrics(log_odds: FloatArray, rows: Table, seed: int) -> tuple[CardMetric, ...]:
    """Return the metrics of the scorecard, compared with those of the network and of the logistic regression.

    `log_odds` (4, rows) contains the log-odds of the positive class under the scorecard, the unrounded scorecard, the network and
    the logistic regression, in this order.
    """
    y, weights = rows.y, rows.row_weights
    losses = loss_for(None, "binary").each(log_odds[:, :, None], y, "cpu")
    measured = {
        "log_loss": [mean(one, weights, rows.groups) for one in losses],
        "auc": [auc(one, y, weights, rows.groups) for one in log_odds],
    }
    return (*(_metric(name, four) for name, four in measured.items()), _ks(log_odds, rows, seed))


def _metric(name: str, four: list[Power]) -> CardMetric:
    card, unrounded, network, linear = four
    most = 1.0 if name == "auc" else np.inf
    own = (one.student(0.0, most) for one in (card, network, linear))
    return CardMetric(name, *own, *((card - one).student() for one in (network, linear, unrounded)))


def _ks(log_odds: FloatArray, rows: Table, seed: int) -> CardMetric:
    weights, group = rows.row_weights, groups(rows)
    rankings = [Ranking(one, rows.y == 1) for one in log_odds]
    point = np.array([one.ks(weights) for one in rankings])
    drawn = np.array([[one.ks(w) for one in rankings] for w in resampled(weights, group, RESAMPLES, seed)])
    own = bootstrapped(point, drawn, rows.group_count, 0.0, 1.0)
    less = bootstrapped(point[0] - point, drawn[:, :1] - drawn, rows.group_count, -1.0, 1.0)
    first, second = ([tuple(float(part) for part in vars(e[i]).values()) for i in range(4)] for e in (own, less))
    return CardMetric("ks", first[0], first[2], first[3], second[2], second[3], second[1])  # type: ignore[arg-type]


def run(context: Context) -> Scorecard | None:
    """Convert the simplest refit of an audit's ladder to a scorecard; None if the target does not have two classes."""
    if context.network.table.schema.task != "binary":
        return None
    ladder = context[LADDER]
    if ladder is None:
        raise NotApplicableError(why("scorecard.ladder"))
    return scorecard(ladder, context.network, context.linear)
