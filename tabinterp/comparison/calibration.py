"""Do predictions mean what they say? Recalibration and a reliability curve, of held-out rows.

Recalibration (Cox 1958; Van Calster et al. 2019): the outcome is regressed on the model's own score, by the task's
likelihood: logistic for classes (several: each class against the others, on the log-odds of its probability), least squares
for numbers, Poisson for counts. A calibrated model has slope 1 and intercept 0; a slope below 1 says that its scores are too
extreme. Standard errors are from the sandwich (HC0; over groups of rows where there are any), so that they hold with weights and
where the recalibrated model is not quite right either.

Reliability curve: rows in ten quantile bins of the prediction; in each the mean prediction, and the mean outcome with a 95%
interval: Wilson (1927) for a share, Student's t for a mean of numbers or counts.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import NotApplicableError
from ..messages import text
from ..models import Bound
from ..models.scores import CLIP, probabilities
from ..readouts.display import Display, both_names
from ..readouts.pictures import Reliability
from ..table import Table
from ..table.draws import FloatArray, IntArray
from .performance import FEWEST, Estimate, groups

BINS = 10
FLAT = 1e-12  # share of the likelihood's curvature that is rounding
CERTAIN = 1e-8  # variance of a row's outcome below which a fit ends before its optimum
NONE = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Bin:
    """Rows of neighbouring predictions: their (weighted) mean prediction and outcome, with a 95% interval of the second."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibrated:
    """Of one output: slope and intercept (NaN where the rows determine none), on the scale of the score, and the curve.

    Predictions and outcomes of the curve are probabilities and shares for classes, else values or counts of the target.
    """

    output: str | None
    slope: Estimate
    intercept: Estimate
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Calibration(Display):
    """One model on its held-out rows."""

    outputs: tuple[Calibrated, ...]
    rows: int

    def picture(self, output: str | None) -> Reliability:
        """The reliability curve of an output."""
        found = next(one for one in self.outputs if one.output == output)
        columns = ["predicted", "observed", "low", "high", "rows"]
        bins = pd.DataFrame([[getattr(one, name) for name in columns] for one in found.bins], columns=columns)
        axis = text("plot.axis.observed")
        named = axis if output is None else text("plot.output", {"axis": axis, "output": output})
        return Reliability((("network", both_names()[0], bins),), named)

    def _outputs(self) -> list[str | None]:
        return [one.output for one in self.outputs]

    def frame(self) -> pd.DataFrame:
        """One row an output: slope and intercept with standard error and interval."""
        parts = ("", "_stderr", "_low", "_high")
        return pd.DataFrame(
            [
                {"output": o.output}
                | {f"slope{part}": value for part, value in zip(parts, o.slope, strict=True)}
                | {f"intercept{part}": value for part, value in zip(parts, o.intercept, strict=True)}
                for o in self.outputs
            ]
        )


def calibration(bound: Bound) -> Calibration:
    """Recalibrate a model on the held-out rows of the table it is bound to.

    Raises
    ------
    NotApplicableError
        when it is not known which rows the model was not trained on.

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
    if bound.table.held_out is None:
        raise NotApplicableError("whether predictions come true is seen on rows that the models were not trained on")
    rows = bound.take(bound.table.held_out)
    table = rows.table
    found = []
    for output, score, prediction, y in _outputs(rows):
        slope, intercept = _recalibrated(score, y, table)
        found.append(Calibrated(output, slope, intercept, _curve(prediction, y, table)))
    return Calibration(tuple(found), len(table))


def _outputs(rows: Bound) -> list[tuple[str | None, FloatArray, FloatArray, FloatArray]]:
    """Of each output its name, scores to recalibrate, predictions and outcomes, (n,) each."""
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


def _recalibrated(score: FloatArray, y: FloatArray, table: Table) -> tuple[Estimate, Estimate]:
    """Slope and intercept; none where the rows do not determine them."""
    from statsmodels.genmod.families import Binomial, Gaussian, Poisson  # noqa: PLC0415
    from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415

    weights = table.row_weights
    used = weights > 0
    score, y, weights, group = score[used], y[used], weights[used], groups(table)[used]
    if len(np.unique(group)) < FEWEST or not _determined(score, y, table.schema.goal.classes):
        return NONE, NONE
    family = Binomial() if table.schema.goal.classes else Poisson() if table.schema.task == "count" else Gaussian()
    centre, spread = float(np.average(score, weights=weights)), float(score.std())
    x = np.column_stack([np.ones(len(y)), (score - centre) / spread])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a fit has not converged is seen below
        fitted = GLM(y, x, family=family, var_weights=weights / weights.mean()).fit()
    covariance = _sandwich(x, y, fitted.fittedvalues, family.variance(fitted.fittedvalues), weights, group)
    if not fitted.converged or covariance is None:
        return NONE, NONE
    back = np.array([[0.0, 1 / spread], [1.0, -centre / spread]])  # of the centred score -> slope and intercept
    value = back @ fitted.params
    stderr = np.sqrt(np.diag(back @ covariance @ back.T))
    z = stats.norm.ppf(0.975)
    slope, intercept = (
        (float(v), float(s), float(v - z * s), float(v + z * s)) for v, s in zip(value, stderr, strict=True)
    )
    return slope, intercept


def _determined(score: FloatArray, y: FloatArray, classes: bool) -> bool:
    """Scores and outcomes vary, and scores do not separate the classes."""
    if np.ptp(score) <= 1e-12 * max(1.0, float(np.abs(score).max())) or np.ptp(y) == 0:
        return False
    if not classes:
        return True
    low, high = score[y == 0], score[y == 1]
    return bool(low.max() > high.min() and high.max() > low.min())


def _sandwich(
    x: FloatArray, y: FloatArray, mean: FloatArray, variance: FloatArray, weights: FloatArray, group: IntArray
) -> FloatArray | None:
    """Covariance that holds though the model's variance is wrong (Huber 1967), over groups (Liang & Zeger 1986).

    None where all the weight is on rows that are predicted with certainty: what is left of the likelihood is rounding.
    statsmodels' own is lost to rounding where a mean is near 0 or 1; this form of it, for canonical links, is not.
    """
    share = weights / weights.sum()
    information = (x.T * (share * variance)) @ x
    if np.linalg.eigvalsh(information)[0] <= FLAT * variance @ share or variance @ share <= CERTAIN:
        return None
    scores = np.zeros((int(group.max()) + 1, 2))
    np.add.at(scores, group, x * (share * (y - mean))[:, None])
    apart = len(np.unique(group))
    correction = 1.0 if apart == len(y) else apart / (apart - 1) * (len(y) - 1) / (len(y) - 2)
    bread = np.linalg.inv(information)
    return np.asarray(correction * bread @ scores.T @ scores @ bread)


# ---- the reliability curve


def _curve(prediction: FloatArray, y: FloatArray, table: Table) -> tuple[Bin, ...]:
    weights = table.row_weights
    order = np.argsort(prediction, kind="stable").astype(np.int64)
    order = order[weights[order] > 0]
    edges = cuts(prediction[order])
    return tuple(
        _bin(prediction[rows], y[rows], weights[rows], table.schema.goal.classes)
        for rows in (order[a:b] for a, b in pairwise(edges))
    )


def cuts(ordered: FloatArray) -> IntArray:
    """Where to cut sorted predictions into at most ten bins of equal size: ties stay together, ten rows at least in each."""
    n = len(ordered)
    if n < FEWEST:
        return np.zeros(1, dtype=np.int64)
    wanted = np.linspace(0, n, min(BINS, n // FEWEST) + 1)[1:-1].round().astype(int)
    kept = [0]
    for at in np.searchsorted(ordered, ordered[wanted], side="left"):
        if at - kept[-1] >= FEWEST and n - at >= FEWEST:
            kept.append(int(at))
    return np.array([*kept, n], dtype=np.int64)


def _bin(prediction: FloatArray, y: FloatArray, weights: FloatArray, classes: bool) -> Bin:
    observed = float(np.average(y, weights=weights))
    size = float(weights.sum() ** 2 / (weights**2).sum())  # as many rows of equal weight say as much (Kish 1965)
    if classes:
        low, high = wilson(observed, size)
    else:
        spread = float(np.average((y - observed) ** 2, weights=weights)) * size / max(size - 1, 1e-9)
        half = float(stats.t.ppf(0.975, max(size - 1, 1))) * np.sqrt(spread / size)
        low, high = observed - half, observed + half
    return Bin(len(y), float(np.average(prediction, weights=weights)), observed, float(low), float(high))


def wilson(share: float, size: float) -> tuple[float, float]:
    """95% interval of a share among `size` rows (Wilson 1927).

    >>> [round(end, 4) for end in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    z = float(stats.norm.ppf(0.975))
    middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * float(np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2)))
    return 0.0 if share == 0 else middle - half, 1.0 if share == 1 else middle + half
