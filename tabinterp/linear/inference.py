"""Inference for the unpenalised linear counterpart: estimates with standard errors, or the reason why there are none.

Logistic, multinomial logistic and Poisson regression are fitted by maximum likelihood, and linear regression by least squares.
All fits use an orthogonal basis of the design (`tabinterp.linear.design`); results are reported per unit of the columns. A term
that is constant, aliased or separated has a reason instead of an interval. The estimates of the other terms are then the limit of
the maximum-likelihood fit (`tabinterp.linear.separation`).

If rows come in groups, scores are summed within each group before they are squared ("cluster"). Weights are sampling weights by
default: estimates maximise the pseudo-likelihood, and errors come from the sandwich estimator (Huber 1967; White 1980; Binder
1983). With `covariance="model"`, weights are frequency weights: a row of weight 3 counts as three rows. Multinomial
coefficients are centred over the classes: b_c - mean b compares a class with the average class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.stats.estimates import FEWEST_GROUPS, units_of
from tabinterp.table.schema import GOALS, Task

from .design import Basis, Bools, Design, Floats, Ints, Reason, Term, inflation, orthogonal_basis
from .poisson import poisson
from .unpenalised_fits import Covariance, Fit, least_squares, maximum_likelihood

__all__ = ["ColumnTest", "Design", "Estimate", "Inference", "Reason", "Term", "infer", "linear_surrogate", "wald"]


SEEN = 1e-6  # a component in undetermined directions may be rounding error if it is a smaller share of the coefficient


@dataclass(frozen=True)
class Estimate:
    """One coefficient per unit, or the intercept (`term` None).

    A number that cannot be computed is None, and `reason` explains why. `z` is estimate / stderr. It follows a t
    distribution with `Inference.df_residual` degrees of freedom, or the normal distribution if that is None.

    `ratio` holds the exponentials of the estimate and of the ends of its interval; an end that overflows is None. For classes it
    is an odds ratio (with several classes, against the geometric mean of all classes), and for counts a rate ratio. It is None
    for regression.
    """

    output: int
    term: Term | None
    estimate: float | None = None
    stderr: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    z: float | None = None
    p: float | None = None
    ratio: tuple[float | None, float | None, float | None] | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class ColumnTest:
    """The joint Wald test that the `df` estimated coefficients of a column are zero.

    `left_out` is the number of the column's coefficients that have no estimate. If `output` is None, all classes are
    tested together. `vif` is GVIF ** (1 / df) of the weighted design; it is None if there is only one column.
    """

    output: int | None
    column: str
    statistic: float | None
    df: int
    p: float | None
    vif: float | None
    left_out: int


@dataclass(frozen=True)
class Inference:
    """Estimates and tests of a linear model.

    Estimates are ordered by output and then by term, with one intercept for each output. Tests are ordered by output and then by
    column. `outputs` is the number of classes for several classes; otherwise it is 1, for the log-odds of class 1, the value or
    the log rate. `covariance_matrix` (outputs * terms, outputs * terms) has the order of `estimates`, with NaN for missing
    values.

    `rows` is the number of rows in the fit. In the limit, `rows_separated` of them are fitted without error and carry no further
    information. `df_residual` is None if the normal distribution is used. `r2` exists only for regression. If `covariance` is
    "own", the linear model, of kind `own`, supplied its own estimates and covariance.
    """

    task: Task
    outputs: int
    estimates: tuple[Estimate, ...]
    intercepts: tuple[Estimate, ...]
    tests: tuple[ColumnTest, ...]
    covariance: Covariance | Literal["own"]
    covariance_matrix: Floats
    converged: bool
    rows: int
    rows_separated: int
    df_residual: float | None
    r2: float | None
    own: str | None = None


def infer(
    design: Design,
    y: Floats | Ints,
    *,
    task: Task,
    n_classes: int,
    weights: Floats | None = None,
    covariance: Covariance | None = None,
    groups: Ints | None = None,
) -> Inference:
    """Fit the design to `y`, and estimate the standard error of every coefficient.

    Rows of weight zero are left out.

    Parameters
    ----------
    y : (n,)
        0 and 1 for two classes, 0 to `n_classes` - 1 for several classes, and numbers or counts otherwise (`n_classes`
        is ignored).
    covariance : optional
        "model", "robust" or "cluster". By default it is "cluster" with `groups`; "robust" with `weights`, and for counts, whose
        variance rarely equals their mean; and "model" otherwise. The sandwich is HC0 for likelihoods and HC1 for least squares.
    weights : (n,), optional
        Weights of the rows.
    groups : (n,), optional
        Groups of dependent rows. Scores are then summed within groups, and the sandwich is multiplied by G/(G-1) (n-1)/(n-k).
        Intervals are Student's t intervals with G - 1 degrees of freedom (Liang & Zeger 1986; Cameron & Miller 2015).
        With fewer than ten groups, there are estimates but no errors.

    Raises
    ------
    NotApplicableError
        If inference is impossible: there is only one class, there are no degrees of freedom for the error, the target is
        constant, or some values are not finite.
    """
    design, y, weights, groups = _rows(design, y, weights, groups)
    plain: Covariance = "model" if weights is None and task != "count" else "robust"
    kind: Covariance = covariance or (plain if groups is None else "cluster")
    basis = orthogonal_basis(design, weights)
    unit = np.ones(len(y)) if weights is None else weights
    units = None if groups is None else units_of(len(y), groups)
    if task == "regression":
        return _Table(task, design, basis, least_squares(basis, y, unit, kind, groups), [0], 1, units).report(kind)
    if task == "count":
        return _Table(task, design, basis, poisson(design, basis, y, unit, kind, groups), [0], 1, units).report(kind)
    n_classes = 2 if task == "binary" else n_classes
    classes, codes = np.unique(y, return_inverse=True)
    labels = [int(c) for c in classes]
    if not set(classes.tolist()) <= set(range(n_classes)):
        raise ValueError(f"classes must be whole numbers from 0 to {n_classes - 1}; got {classes[:10].tolist()}")
    if len(labels) < 2:
        raise NotApplicableError(why("inference.class", rows=len(y)))
    fit = maximum_likelihood(design, basis, codes, unit, kind, centred=task == "multiclass", groups=groups)
    fit = replace(fit, causes=[replace(c, classes=tuple(labels[i] for i in c.classes)) for c in fit.causes])
    present, outputs = ([0], 1) if task == "binary" else (labels, n_classes)
    return _Table(task, design, basis, fit, present, outputs, units).report(kind)


def linear_surrogate(
    design: Design, score: Floats, weights: Floats | None = None, groups: Ints | None = None
) -> Inference:
    """Regress a network's score (n,) on the design matrix by least squares.

    Standard errors are HC1 (MacKinnon and White 1985), clustered if rows come in groups. The result includes `r2`.
    """
    kind: Covariance = "robust" if groups is None else "cluster"
    return infer(design, score, task="regression", n_classes=0, weights=weights, covariance=kind, groups=groups)


def wald(
    estimate: Floats, covariance: Floats, df_residual: float | None = None
) -> tuple[float | None, int, float | None]:
    """Return the Wald statistic b' V^-1 b, its degrees of freedom (the rank of V) and its p-value; NaN if V is zero.

    With `df_residual`, the p-value comes from the F distribution of statistic / df; otherwise it comes from chi-squared.

    >>> wald(np.array([3.0]), np.array([[4.0]]))
    (2.25, 1, 0.133...)
    """
    scale = np.sqrt(np.diag(covariance))
    if not len(scale) or not (scale > 0).all():
        return None, len(scale), None
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    used = values > 1e-12 * values[-1]
    turned = vectors[:, used].T @ (estimate / scale)
    statistic, df = float((turned**2 / values[used]).sum()), int(used.sum())
    p = stats.chi2.sf(statistic, df) if df_residual is None else stats.f.sf(statistic / df, df, df_residual)
    return statistic, df, float(p)


def _rows(
    design: Design, y: Floats | Ints, weights: Floats | None, groups: Ints | None
) -> tuple[Design, Floats, Floats | None, Ints | None]:
    """Validate the rows, leave out rows of weight zero, and number the groups from 0."""
    design = replace(design, matrix=np.asarray(design.matrix, dtype=np.float64))
    y = np.asarray(y, dtype=np.float64)
    if y.shape != (len(design.matrix),):
        raise ValueError(
            f"y must have one value for each row of the design matrix; got y of shape {y.shape} and a matrix "
            f"of shape {design.matrix.shape}"
        )
    if not np.isfinite(y).all():
        raise NotApplicableError(why("no inference: the target has values that are not finite numbers"))
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)
        if weights.shape != y.shape:
            raise ValueError(
                f"weights must have one value for each row; got weights of shape {weights.shape} and y of shape "
                f"{y.shape}"
            )
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise NotApplicableError(why("no inference: weights must be finite and not negative"))
        used = weights > 0
        if not used.all():
            design, y, weights = replace(design, matrix=design.matrix[used]), y[used], weights[used]
            groups = None if groups is None else groups[used]
    if not len(y):
        raise NotApplicableError(why("no inference: there are no rows"))
    return design, y, weights, None if groups is None else np.unique(groups, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class _Table:
    """The layout of the estimates: for each output, the intercept and then the terms.

    Only the outputs in `present` have estimates.
    """

    task: Task
    design: Design
    basis: Basis
    fit: Fit
    present: list[int]
    outputs: int
    units: int | None = None  # number of groups, if rows have groups

    @property
    def few_groups(self) -> bool:
        return self.units is not None and self.units < FEWEST_GROUPS

    @property
    def width(self) -> int:
        return len(self.design.terms) + 1

    def report(self, kind: Covariance) -> Inference:
        """Return the coefficients per unit with their errors, tests and reasons."""
        value, covariance, lost = self._per_unit()
        places = [(output, place) for output in range(self.outputs) for place in range(self.width)]
        estimates = [
            self._estimate(output, place, float(value[at]), float(covariance[at, at]), lost)
            for at, (output, place) in enumerate(places)
        ]
        terms = np.flatnonzero(np.arange(len(places)) % self.width)
        value, covariance = value[terms], covariance[np.ix_(terms, terms)]
        return Inference(
            task=self.task,
            outputs=self.outputs,
            estimates=tuple(e for e in estimates if e.term is not None),
            intercepts=tuple(e for e in estimates if e.term is None),
            tests=tuple(column_tests(self.design, self.basis, self.outputs, value, covariance, self.fit.df_residual)),
            covariance=kind,
            covariance_matrix=covariance,
            converged=self.fit.converged,
            rows=len(self.design.matrix),
            rows_separated=self.fit.rows_separated,
            df_residual=self.fit.df_residual,
            r2=self.fit.r2,
        )

    def _per_unit(self) -> tuple[Floats, Floats, Bools]:
        """Return the values and their covariance, indexed by (output, place), and which places (width,) are separated.

        Missing values are NaN.
        """
        size = self.outputs * self.width
        kept = np.array([0, *(j + 1 for j in self.basis.kept)])
        at = np.concatenate([kept + output * self.width for output in self.present])
        units: Floats = np.kron(self.fit.view, self.basis.to_units).astype(np.float64)
        value, covariance, lost = np.full(size, np.nan), np.full((size, size), np.nan), np.zeros(size, dtype=bool)
        value[at] = units @ self.fit.parameters
        if self.fit.covariance is not None and not self.few_groups:
            covariance[np.ix_(at, at)] = units @ self.fit.covariance @ units.T
        if self.fit.null is not None:
            lost[at] = _along(units, self.fit.null)
        without = lost.copy()
        if self.fit.unsure is not None:
            without[at] |= _along(units, self.fit.unsure)
        value[lost], covariance[without], covariance[:, without] = np.nan, np.nan, np.nan
        return value, covariance, np.asarray(lost.reshape(self.outputs, self.width).any(axis=0))

    def _estimate(self, output: int, place: int, value: float, variance: float, lost: Bools) -> Estimate:
        """Return the estimate at a place of an output."""
        term, reason = self.design.terms[place - 1] if place else None, self._reason(output, place, lost)
        variance = variance if variance > 0 else np.nan  # rounding can make a zero variance negative
        if np.isnan(variance) and not np.isnan(value) and reason is None:
            reason = Reason("single_row" if self.units is None else "single_group")
        empty = Estimate(output, term, reason=reason)
        return with_numbers(empty, value, variance, self.fit.df_residual, ratio=GOALS[self.task].ratio is not None)

    def _reason(self, output: int, place: int, lost: Bools) -> Reason | None:
        if place - 1 in self.basis.left_out:
            return self.basis.left_out[place - 1]
        if output not in self.present:
            return Reason("absent")
        if lost[place]:
            return self._separated(place - 1, lost)
        if self.few_groups:
            return Reason("few_groups")
        if self.fit.covariance is None:
            return Reason("exact" if self.task == "regression" else "not_converged")
        return None

    def _separated(self, j: int, lost: Bools) -> Reason:
        """Return the reason why a term is separated; j = -1 is the intercept.

        The reason names the term's level, the reference level of its column or, failing both, all columns involved.
        """
        column = self.design.terms[j].column if j >= 0 else None
        code: Literal["separated", "never_counted"] = "never_counted" if self.task == "count" else "separated"
        for cause in self.fit.causes:
            if j >= 0 and cause.term == j:
                return Reason(code, (self.design.terms[j].column,), "level", cause.rows, cause.classes)
        for cause in self.fit.causes:
            if cause.term is None and cause.column is not None and column in (cause.column, None):
                return Reason(code, (cause.column,), "reference", cause.rows, cause.classes)
        involved = dict.fromkeys(t.column for t, out in zip(self.design.terms, lost[1:], strict=True) if out)
        classes = sorted({c for cause in self.fit.causes for c in cause.classes})
        return Reason(code, tuple(involved), "combination", self.fit.rows_separated, tuple(classes))


def with_numbers(empty: Estimate, value: float, variance: float, df_residual: float | None, *, ratio: bool) -> Estimate:
    """Return an estimate with its 95% interval.

    The interval is missing if the variance is NaN, and all numbers are missing if the value is NaN.
    """
    if np.isnan(value):
        return empty
    if np.isnan(variance):
        return replace(empty, estimate=value, ratio=(_exp(value), None, None) if ratio else None)
    law = stats.norm if df_residual is None else stats.t(df_residual)
    stderr = float(np.sqrt(variance))
    half = float(law.ppf(0.975)) * stderr
    low, high, z = value - half, value + half, value / stderr
    return replace(
        empty,
        estimate=value,
        stderr=stderr,
        ci_low=low,
        ci_high=high,
        z=z,
        p=2 * float(law.sf(abs(z))),
        ratio=(_exp(value), _exp(low), _exp(high)) if ratio else None,
    )


def column_tests(
    design: Design, basis: Basis, outputs: int, value: Floats, covariance: Floats, df_residual: float | None
) -> Iterator[ColumnTest]:
    """Yield one test for each column and output and, if there are several outputs, one for each column over all outputs."""
    columns: dict[str, list[int]] = {}
    for j, term in enumerate(design.terms):
        columns.setdefault(term.column, []).append(j)
    factors = inflation(design, basis)
    for output in [*range(outputs), *([None] if outputs > 1 else [])]:
        shifts = range(outputs) if output is None else [output]
        for column, terms in columns.items():
            at = np.array([shift * len(design.terms) + j for shift in shifts for j in terms])
            used = at[~np.isnan(np.diag(covariance)[at])]
            statistic, df, p = wald(value[used], covariance[np.ix_(used, used)], df_residual)
            yield ColumnTest(output, column, statistic, df, p, factors.get(column), len(at) - len(used))


def _along(units: Floats, directions: Floats) -> Bools:
    """Return which rows of `units` have a component along the orthonormal `directions` that rounding does not explain."""
    return np.asarray(np.linalg.norm(units @ directions, axis=1) > SEEN * np.linalg.norm(units, axis=1))


def _exp(value: float) -> float | None:
    """Return the exponential, or None if it overflows."""
    return float(np.exp(value)) if value < 709 else None
