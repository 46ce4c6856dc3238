"""Do predictions mean what they say? Recalibration and a reliability curve, of held-out rows.

Recalibration (Cox 1958; Van Calster et al. 2019): the outcome is regressed on the model's own score, by the task's
likelihood: logistic for classes (several: each class against the others, on the log-odds of its probability), least squares
for numbers, Poisson for counts. A calibrated model has slope 1 and intercept 0; a slope below 1 says that its scores are too
extreme. Standard errors are from the sandwich (HC0; over groups of rows where there are any), so that they hold with weights and
where the recalibrated model is not quite right either.

Beside them the reliability curve (see `reliability`).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import NotApplicableError
from ..messages import text
from ..models import Bound
from ..models.scores import CLIP, probabilities
from ..readouts.display import Display, both_names
from ..readouts.pictures import Reliability
from ..sentence import why
from ..table import Table
from ..table.draws import FloatArray, IntArray
from ..table.suppression import countless
from .performance import FEWEST, Estimate, groups
from .reliability import Bin, Bins, finish, merge, start, update

FLAT = 1e-12  # share of the likelihood's curvature that is rounding
CERTAIN = 1e-8  # variance of a row's outcome below which a fit ends before its optimum
NONE = (np.nan, np.nan, np.nan, np.nan)


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
        raise NotApplicableError(
            why("whether predictions come true is seen on rows that the models were not trained on")
        )
    rows = bound.take(bound.table.held_out)
    table = rows.table
    found = []
    for output, score, prediction, y in outputs_of(rows):
        classes = table.schema.goal.classes
        if classes and countless(int(y.sum()), len(y)):  # the intercept would tell how many they are
            found.append(Calibrated(output, NONE, NONE, ()))
            continue
        slope, intercept = _recalibrated(score, y, table)
        found.append(Calibrated(output, slope, intercept, _curve(prediction, y, table.row_weights, classes)))
    return Calibration(tuple(found), len(table))


def recalibrations(rows: Bound) -> list[tuple[Estimate, Estimate]]:
    """Intercept and slope of each output, of all rows that the model is bound to."""
    return [_recalibrated(score, y, rows.table)[::-1] for _, score, _, y in outputs_of(rows)]


def outputs_of(rows: Bound) -> list[tuple[str | None, FloatArray, FloatArray, FloatArray]]:
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


def _curve(prediction: FloatArray, y: FloatArray, weights: FloatArray, classes: bool) -> tuple[Bin, ...]:
    edges = start(prediction, weights)
    return () if edges is None else finish(update(edges, prediction, y, weights), classes)


# ---- the curve over all rows of a table that is read in batches


def start_curves(bound: Bound) -> list[FloatArray | None]:
    """Where each output's predictions are cut."""
    return [start(prediction, bound.table.row_weights) for _, _, prediction, _ in outputs_of(bound)]


def update_curves(edges: list[FloatArray | None], bound: Bound) -> list[Bins | None]:
    """These rows in the bins of each output."""
    weights, found = bound.table.row_weights, outputs_of(bound)
    return [
        None if cut is None else update(cut, prediction, y, weights)
        for cut, (_, _, prediction, y) in zip(edges, found, strict=True)
    ]


def merge_curves(a: list[Bins | None], b: list[Bins | None]) -> list[Bins | None]:
    return [None if x is None or y is None else merge(x, y) for x, y in zip(a, b, strict=True)]


def finish_curves(sums: list[Bins | None], drawn: Calibration, classes: bool) -> Calibration:
    """The calibration of drawn rows, with curves over all rows."""
    outputs = [
        replace(o, bins=() if s is None else finish(s, classes)) for o, s in zip(drawn.outputs, sums, strict=True)
    ]
    return replace(drawn, outputs=tuple(outputs))
