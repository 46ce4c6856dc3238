"""Calibration of both models on held-out rows: calibration slope, calibration in the large, and the reliability curve.

Recalibration (Cox 1958; Miller, Hui & Tierney 1991; Van Calster et al. 2019) regresses the outcome on the model's own score. The
regression is logistic for classes, least squares for numbers, and Poisson for counts. With several classes, each class is
compared with all others, and its score is the log-odds of its predicted probability.

Calibrated predictions have slope 1 and intercept 0. A slope below 1 means that scores are too extreme. The intercept is the
recalibrated score for a score of 0. It is not informative if no row has a score near 0 (for log-odds, a probability near one
half). Calibration in the large is therefore reported as well. It is the intercept of a second fit with the slope fixed at 1, and
shows by how much predictions are too low or too high on average. A joint test with two degrees of freedom tests whether the slope
is 1 and the intercept is 0.

Profile-likelihood intervals and a likelihood-ratio test are used if the target is a class and the rows are independent and
equally weighted. For a rare class, the Wald interval of the slope would be far too narrow. In all other cases, intervals use
robust (sandwich) standard errors and Student's t distribution. The standard errors are clustered if rows come in groups. For
numbers and counts without weights or groups, HC3 standard errors are used.

If there are at least `CURVE_EVENTS` events and `CURVE_EVENTS` non-events, a natural cubic spline is also fitted. It shows
departures from calibration that slope and intercept miss.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from tabinterp.analyses.base import Stream
from tabinterp.analyses.clustered_means import mean_of, share_of
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, both_names
from tabinterp.analyses.performance.estimator import FEWEST, Estimate
from tabinterp.analyses.plot_specs import Reliability
from tabinterp.analyses.settings import AuditSettings
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel
from tabinterp.models.scores import CLIP, probabilities
from tabinterp.stats.newton import newton
from tabinterp.table import Table
from tabinterp.table.class_counts import EVENTS, enough, events
from tabinterp.table.schema import GOALS
from tabinterp.table.suppression import countless

from .reliability_curve import Bin, Bins
from .reliability_curve import finish as finish_bins
from .reliability_curve import merge as merge_bins
from .reliability_curve import start as start_bins
from .reliability_curve import update as update_bins

FLAT = 1e-12  # a curvature of the likelihood below this share of the mean variance is rounding error
CERTAIN = 1e-8  # if the mean predicted variance of the outcomes is smaller than this, fitting stops before the optimum
CURVE_EVENTS = 10 * EVENTS  # minimum number of events, and of non-events, for a smooth curve (Van Calster et al. 2016)
KNOTS = (0.05, 0.35, 0.65, 0.95)  # quantiles of the score (Harrell 2015)
CERTAINTY = 40.0  # if a logit is larger than this in absolute value, its probability is 0 or 1 in double precision
NONE = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Recalibration:
    """Calibration slope, intercept, and calibration in the large (the intercept with the slope fixed at 1).

    The intercept and calibration in the large are in units of the score. `p` is the p-value of the joint test that the slope is 1
    and the intercept is 0. Values that cannot be estimated from the rows are NaN.
    """

    slope: Estimate = NONE
    intercept: Estimate = NONE
    large: Estimate = NONE
    p: float = np.nan


@dataclass(frozen=True)
class Bend:
    """The largest departure of a smooth recalibration curve from the predictions, within the middle 90% of the predictions.

    `predicted` is the prediction at which the departure is largest, and `observed` is the value of the curve there. `p` is the
    p-value of a likelihood-ratio test of the curve against a straight line (slope and intercept only).
    """

    predicted: float
    observed: float
    p: float


@dataclass(frozen=True)
class Calibrated(Recalibration):
    """Calibration of one output: slope, intercept and reliability curve.

    `bend` is the largest departure of a smooth recalibration curve from the predictions, or None if no curve was fitted. `bins`
    are the points of the reliability curve. For a class, each point compares the mean predicted probability in a bin with the
    share of rows in the class. For numbers and counts, it compares means in units of the target.
    """

    output: str | None = None
    bend: Bend | None = None
    bins: tuple[Bin, ...] = ()


@dataclass(frozen=True)
class Calibration(Display):
    """Calibration of one model on its held-out rows."""

    outputs: tuple[Calibrated, ...]
    rows: int

    def picture(self, output: str | None) -> Reliability:
        """Return the reliability curve of an output for plotting."""
        found = next(one for one in self.outputs if one.output == output)
        columns = ["predicted", "observed", "low", "high", "rows"]
        bins = pd.DataFrame([[getattr(one, name) for name in columns] for one in found.bins], columns=columns)
        axis = text("plot.axis.observed")
        named = axis if output is None else text("plot.output", {"axis": axis, "output": output})
        return Reliability((("network", both_names()[0], bins),), named)

    def _outputs(self) -> list[str | None]:
        return [one.output for one in self.outputs]

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output: slope, intercept, calibration in the large and joint p-value.

        Slope, intercept and calibration in the large have standard errors and intervals.
        """
        parts, rows = ("", "_stderr", "_low", "_high"), []
        for one in self.outputs:
            row: dict[str, object] = {"output": one.output}
            for name in ("slope", "intercept", "large"):
                row |= {name + part: value for part, value in zip(parts, getattr(one, name), strict=True)}
            rows.append(row | {"p": one.p})
        return pd.DataFrame(rows)


def calibration(bound: BoundModel) -> Calibration:
    """Estimate the calibration of a model on the held-out rows of its table.

    Raises
    ------
    NotApplicableError
        If it is unknown which rows the model was not trained on.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.random.default_rng(0).normal(size=2000)
    >>> table = ti.read_table(pd.DataFrame({"x": x, "y": 2 * x}), target="y", split=0.5)
    >>> layer = torch.nn.Linear(1, 1, bias=False)
    >>> _ = layer.weight.data.fill_(4.0)
    >>> bound = ti.models.bind(ti.wrap(layer, encoder="passthrough", task="regression"), table)
    >>> calibration(bound).frame()["slope"].round(6).tolist()
    [0.5]
    """
    return _calibration(bound)


def _calibration(bound: BoundModel, sums: list[Bins | None] | None = None) -> Calibration:
    """Estimate the calibration of a model on the held-out rows of its table.

    If `sums` is given, reliability curves are computed from these sums, which may include rows that are not in the table.
    """
    if bound.table.held_out is None:
        raise NotApplicableError(
            why("whether predictions come true is seen on rows that the models were not trained on")
        )
    rows = bound.take(bound.table.held_out)
    table = rows.table
    found, classes = [], table.schema.goal.classes
    for i, (output, score, prediction, y, told) in enumerate(_outputs(rows)):
        whole = sums[i] if sums is not None else None
        bins = () if whole is None else finish_bins(whole, classes)
        if classes and countless(int(y.sum()), len(y)):  # the intercept would reveal the number of events
            found.append(Calibrated(output=output, bins=bins))
            continue
        fitted, bend = (_recalibrated(score, y, table), _bend(score, y, table)) if told else (Recalibration(), None)
        if sums is None:
            bins = _curve(prediction, y, table.row_weights, classes, table.groups)
        found.append(Calibrated(**vars(fitted), output=output, bend=bend, bins=bins))
    return Calibration(tuple(found), len(table))


def recalibrations(rows: BoundModel) -> list[tuple[Estimate, Estimate]]:
    """Return the intercept and slope of each output, estimated on all rows that the model is bound to.

    Intercept and slope are NaN for an output with too few events.
    """
    found = [
        _recalibrated(score, y, rows.table) if told else Recalibration() for _, score, _, y, told in _outputs(rows)
    ]
    return [(one.intercept, one.slope) for one in found]


def _outputs(rows: BoundModel) -> list[tuple[str | None, FloatArray, FloatArray, FloatArray, bool]]:
    """Return the results of `outputs_of`, and for each output whether it has enough events to estimate a slope."""
    table = rows.table
    if table.schema.task == "count":
        told = [bool(events(table)[1] >= EVENTS)]
    else:
        told = [True] if table.schema.task == "regression" else enough(table).tolist()[-len(outputs_of(rows)) :]
    return [(*one, ok) for one, ok in zip(outputs_of(rows), told, strict=True)]


def outputs_of(rows: BoundModel) -> list[tuple[str | None, FloatArray, FloatArray, FloatArray]]:
    """Return, for each output, the name, the scores (n,) to recalibrate, the predictions (n,) and the outcomes (n,)."""
    table, scores = rows.table, rows.scores
    if not table.schema.goal.classes:
        values = np.exp(scores[:, 0]) if table.schema.task == "count" else scores[:, 0]
        return [(None, scores[:, 0], values, table.y)]
    p = probabilities(scores)
    if scores.shape[1] == 1:
        return [(None, scores[:, 0], p[:, 1], table.y)]
    clipped = np.clip(p, CLIP, 1 - CLIP)
    odds = np.log(clipped) - np.log1p(-clipped)
    return [(label, odds[:, k], p[:, k], (table.y == k).astype(float)) for k, label in enumerate(table.schema.labels)]


# ---- slope and intercept


def recalibrate(
    score: FloatArray, y: FloatArray, task: str, weights: FloatArray | None = None, groups: IntArray | None = None
) -> Recalibration:
    """Regress outcomes (n,) on scores (n,): 0/1 outcomes on log-odds, counts on log rates, numbers on predictions.

    Without `weights`, all rows have equal weight. Rows with the same value of `groups` (n,) may be dependent; without `groups`,
    all rows are assumed to be independent. All results are NaN if slope and intercept cannot be estimated from the rows.
    """
    from statsmodels.genmod.families import Binomial, Gaussian, Poisson  # noqa: PLC0415
    from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415

    alone, classes = weights is None and groups is None, GOALS[task].classes
    weights = np.ones(len(y)) if weights is None else weights
    used = weights > 0
    group = (np.arange(len(y)) if groups is None else groups)[used]
    score, y, weights = score[used], y[used], weights[used]
    count = len(np.unique(group))
    if count < FEWEST or not _determined(score, y, classes):
        return Recalibration()
    family = Binomial() if classes else Poisson() if task == "count" else Gaussian()
    centre, spread = float(np.average(score, weights=weights)), float(score.std())
    x = np.column_stack([np.ones(len(y)), (score - centre) / spread])
    share = weights / weights.mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fits that did not converge are detected below
        fitted = GLM(y, x, family=family, var_weights=share).fit()
        fixed = GLM(y, x[:, :1], family=family, offset=score, var_weights=share).fit()
        robust, fixed_robust = (
            _sandwich(
                x[:, :k], y, one.fittedvalues, family.variance(one.fittedvalues), weights, group, alone and not classes
            )
            for k, one in ((2, fitted), (1, fixed))
        )
    if not fitted.converged or robust is None:
        return Recalibration()
    back = np.array([[0.0, 1 / spread], [1.0, -centre / spread]])  # standardised score -> intercept and slope
    value, covariance = back @ fitted.params, back @ robust @ back.T
    level = float(fixed.params[0]) if fixed.converged and fixed_robust is not None else np.nan
    if alone and classes:
        return _by_likelihood(score, y, value, level)
    off = value - np.array([1.0, 0.0])
    joint = float(stats.f.sf(off @ np.linalg.solve(covariance, off) / 2, 2, max(1, count - 2)))
    stderr = np.sqrt(np.diag(covariance))
    slope, intercept = (_by_student(v, e, count - 1) for v, e in zip(value, stderr, strict=True))
    large = NONE if fixed_robust is None else _by_student(level, float(np.sqrt(fixed_robust[0, 0])), count - 1)
    return Recalibration(slope, intercept, large, joint)


def _recalibrated(score: FloatArray, y: FloatArray, table: Table) -> Recalibration:
    return recalibrate(score, y, table.schema.task, table.weights, table.groups)


def _alone(table: Table) -> bool:
    """Return whether rows are independent and have equal weights."""
    return table.weights is None and table.groups is None


def _by_student(value: float, stderr: float, df: int) -> Estimate:
    half = float(stats.t.ppf(0.975, df)) * stderr
    return float(value), float(stderr), float(value - half), float(value + half)


def _by_likelihood(score: FloatArray, y: FloatArray, value: FloatArray, level: float) -> Recalibration:
    """Return a logistic recalibration with profile-likelihood intervals.

    `value` contains the estimated slope and intercept, and `level` is the estimated calibration in the large. `level` is NaN if
    it cannot be estimated because some predicted probabilities are 0 or 1.
    """
    ones = np.ones(len(y))

    def loss(slope: float, intercept: float) -> float:
        logit = slope * score + intercept
        return float((np.logaddexp(0, logit) - y * logit).sum())

    p = special.expit(value[0] * score + value[1])
    x = np.column_stack([score, ones])
    slope_error, intercept_error = np.sqrt(np.diag(np.linalg.inv((x.T * (p * (1 - p))) @ x)))
    p = special.expit(score + level)
    best = loss(*value)
    return Recalibration(
        slope=_profiled(
            float(value[0]), float(slope_error), best, lambda b: loss(b, _free(b * score, ones, y, value[1]))
        ),
        intercept=_profiled(
            float(value[1]), float(intercept_error), best, lambda a: loss(_free(a * ones, score, y, value[0]), a)
        ),
        large=NONE
        if np.isnan(level)
        else _profiled(level, float((p * (1 - p)).sum() ** -0.5), loss(1.0, level), lambda a: loss(1.0, a)),
        p=float(stats.chi2.sf(2 * (loss(1.0, 0.0) - best), 2)),
    )


def _profiled(value: float, stderr: float, best: float, loss: Callable[[float], float]) -> Estimate:
    """Return the estimate `value` with its profile-likelihood interval.

    At both ends of the interval, the negative log likelihood exceeds its minimum `best` by half the 95% quantile of the
    chi-squared distribution with one degree of freedom.
    """
    rise = float(stats.chi2.ppf(0.95, 1)) / 2

    def end(sign: int) -> float:
        step = 2 * stderr
        while loss(value + sign * step) - best < rise:
            step *= 1.5
        found = optimize.brentq(
            lambda at: loss(value + sign * at) - best - rise, 0.0, step, xtol=1e-9 * stderr, rtol=1e-9
        )
        return value + sign * float(found)

    return value, stderr, end(-1), end(1)


def _free(offset: FloatArray, x: FloatArray, y: FloatArray, start: float) -> float:
    """Return the maximum-likelihood coefficient of `x` in a logistic regression with an offset.

    The likelihood has no curvature where all probabilities are 0 or 1. The length of a Newton step is therefore limited.
    """
    widest = np.abs(x).max()

    def evaluate(b: FloatArray) -> tuple[float, FloatArray]:
        logit = offset + b * x
        p = special.expit(logit)
        curvature = float((p * (1 - p)) @ (x * x))
        most = (np.abs(logit).max() + CERTAINTY) / widest
        step = np.clip(float((y - p) @ x) / max(curvature, sys.float_info.min), -most, most)
        return float((np.logaddexp(0, logit) - y * logit).sum()), np.array([step])

    found, _ = newton(
        np.array([float(start)]), evaluate, lambda step, b: bool(abs(step[0]) <= 1e-10 * max(1.0, abs(b[0])))
    )
    return float(found[0])


def _determined(score: FloatArray, y: FloatArray, classes: bool) -> bool:
    """Return whether slope and intercept can be estimated.

    This is the case if scores and outcomes vary, and if the scores do not separate the classes perfectly.
    """
    if np.ptp(score) <= 1e-12 * max(1.0, float(np.abs(score).max())) or np.ptp(y) == 0:
        return False
    if not classes:
        return True
    low, high = score[y == 0], score[y == 1]
    return bool(low.max() > high.min() and high.max() > low.min())


def _sandwich(
    x: FloatArray,
    y: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    weights: FloatArray,
    group: IntArray,
    leverage: bool,
) -> FloatArray | None:
    """Return the robust (sandwich) covariance (Huber 1967), clustered by groups (Liang & Zeger 1986).

    With `leverage`, each residual is divided by one minus the leverage of its row (HC3, MacKinnon & White 1985). If practically
    all rows are predicted with certainty, the curvature of the likelihood is only rounding error, and the result is None. The
    formula holds for canonical links. Unlike the implementation in statsmodels, this function does not lose precision if a mean
    is near 0 or 1.
    """
    share = weights / weights.sum()
    information = (x.T * (share * variance)) @ x
    if np.linalg.eigvalsh(information)[0] <= FLAT * variance @ share or variance @ share <= CERTAIN:
        return None
    bread = np.linalg.inv(information)
    own = share * variance * ((x @ bread) * x).sum(axis=1) if leverage else np.zeros(len(y))
    scores = np.zeros((int(group.max()) + 1, x.shape[1]))
    np.add.at(scores, group, x * (share * (y - mean) / np.maximum(1 - own, FLAT))[:, None])
    apart = len(np.unique(group))
    correction = 1.0 if apart == len(y) else apart / (apart - 1) * (len(y) - 1) / (len(y) - x.shape[1])
    return np.asarray(correction * bread @ scores.T @ scores @ bread)


# ---- a smooth curve


def _bend(score: FloatArray, y: FloatArray, table: Table) -> Bend | None:
    """Return the largest departure of a smooth recalibration curve (a natural cubic spline of the score) from the predictions.

    It is None unless the task is classification, rows are independent and have equal weights, and there are enough events.
    """
    if not (_alone(table) and table.schema.goal.classes) or min(y.sum(), len(y) - y.sum()) < CURVE_EVENTS:
        return None
    knots = np.unique(np.quantile(score, KNOTS))
    if len(knots) < len(KNOTS) or not _determined(score, y, True):
        return None
    line = np.column_stack([np.ones(len(y)), (score - score.mean()) / score.std()])
    curve = np.column_stack([line, spline(score, knots)])
    straight, bent = (_likelihood(x, y) for x in (line, curve))
    if straight is None or bent is None:
        return None
    smooth, predicted = special.expit(curve @ bent[0]), special.expit(score)
    low, high = np.quantile(score, [0.05, 0.95])
    middle = np.flatnonzero((score >= low) & (score <= high))
    at = middle[np.argmax(np.abs(smooth - predicted)[middle])]
    p = float(stats.chi2.sf(2 * (straight[1] - bent[1]), curve.shape[1] - 2))
    return Bend(float(predicted[at]), float(smooth[at]), p)


def spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Return the nonlinear basis functions (n, knots - 2) of a natural cubic spline (Harrell 2015).

    These functions are linear beyond the outer knots.

    >>> bent = spline(np.array([0.0, 1, 2, 3, 4, 5]), np.array([1.0, 2, 3, 4]))
    >>> bool(np.allclose(np.diff(bent[4:], axis=0), np.diff(spline(np.array([7.0, 8]), np.array([1.0, 2, 3, 4])), axis=0)))
    True
    """

    def cubed(at: float) -> FloatArray:
        return np.asarray(np.maximum(x - at, 0.0) ** 3)

    before, last = float(knots[-2]), float(knots[-1])
    width = last - before
    made = [
        cubed(at) - cubed(before) * (last - at) / width + cubed(last) * (before - at) / width
        for at in knots[:-2].tolist()
    ]
    return np.column_stack(made) / float(last - knots[0]) ** 2


def _likelihood(x: FloatArray, y: FloatArray) -> tuple[FloatArray, float] | None:
    """Return the coefficients of a logistic regression and the negative log likelihood, or None if there is no optimum."""
    from statsmodels.genmod.families import Binomial  # noqa: PLC0415
    from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fits that did not converge are detected below
        fitted = GLM(y, x, family=Binomial()).fit(maxiter=50)
    return (np.asarray(fitted.params), -float(fitted.llf)) if fitted.converged else None


def _curve(
    prediction: FloatArray, y: FloatArray, weights: FloatArray, classes: bool, groups: IntArray | None
) -> tuple[Bin, ...]:
    """Return the bins of the reliability curve.

    If rows come in groups, the interval of a bin allows for dependence within groups. A bin with fewer than ten groups has no
    interval.
    """
    edges = start_bins(prediction, weights)
    if edges is None:
        return ()
    bins = finish_bins(update_bins(edges, prediction, y, weights), classes)
    if groups is None:
        return bins
    used = weights > 0
    at, mean = np.searchsorted(edges, prediction, side="right"), share_of if classes else mean_of
    inside = [rows for i in range(len(edges) + 1) if (rows := used & (at == i)).any()]
    found = [mean(y[rows], weights[rows], groups[rows]) for rows in inside]
    return tuple(replace(one, low=low, high=high) for one, (_, _, low, high) in zip(bins, found, strict=True))


# ---- the curve over all rows of a scan

Edges = list[FloatArray | None]  # for each output, the edges of the bins of predictions
Counted = list[Bins | None]  # for each output, the sums over the rows in each bin


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> tuple[Edges, Edges]:
    """Choose the bins of the reliability curves of both models."""
    return edges_of(network), edges_of(linear)


def edges_of(bound: BoundModel) -> Edges:
    return [start_bins(prediction, bound.table.row_weights) for _, _, prediction, _ in outputs_of(bound)]


def update(plan: tuple[Edges, Edges], network: BoundModel, linear: BoundModel) -> tuple[Counted, Counted]:
    return _counted(plan[0], network), _counted(plan[1], linear)


def _counted(edges: Edges, bound: BoundModel) -> Counted:
    weights, found = bound.table.row_weights, outputs_of(bound)
    return [
        None if cut is None else update_bins(cut, prediction, y, weights)
        for cut, (_, _, prediction, y) in zip(edges, found, strict=True)
    ]


def merge(a: tuple[Counted, Counted], b: tuple[Counted, Counted]) -> tuple[Counted, Counted]:
    network, linear = (
        [None if x is None or y is None else merge_bins(x, y) for x, y in zip(*model, strict=True)]
        for model in zip(a, b, strict=True)
    )
    return network, linear


def finish(
    context: Context, plan: tuple[Edges, Edges], counted: tuple[Counted, Counted]
) -> tuple[Calibration, Calibration]:
    """Compute the reliability curves from the sums over all rows, and slopes and intercepts from a sample of rows."""
    return _calibration(context.network, counted[0]), _calibration(context.linear, counted[1])


STREAM = Stream(start, update, merge, finish)


def run(context: Context) -> tuple[Calibration, Calibration]:
    """Estimate the calibration of both models of an audit."""
    return calibration(context.network), calibration(context.linear)
