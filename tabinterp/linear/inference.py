"""Statistical inference for the unpenalised linear counterpart: estimates with standard errors, or the reasons why they are
missing.

Logistic, multinomial logistic and Poisson regression are fitted by maximum likelihood, and linear regression by least squares.
All fits use an orthogonal basis of the design (`tabinterp.linear.design`). Coefficients are reported per unit of the original
column. If a term is constant, aliased or separated, a reason is reported instead of an interval. If the estimates of some terms
are infinite (separated), the estimates of the other terms are their limits in the maximum-likelihood fit
(`tabinterp.linear.separation`).

If rows are grouped, the score contributions of the rows are summed within each group before they are squared (covariance
"cluster"). Weights are sampling weights by default: estimates maximise the pseudo-likelihood, and standard errors come from the
sandwich estimator (Huber 1967; White 1980; Binder 1983). With `covariance="model"`, weights are frequency weights: a row of
weight 3 counts as three rows. Multinomial coefficients are centred over the classes: b_c - mean b compares a class with the
average class.
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
    """The estimate of a coefficient in original units, or of an intercept if `term` is None.

    A number that cannot be computed is None, and `reason` states why. `z` is estimate / stderr. It follows a t distribution with
    `Inference.df_residual` degrees of freedom, or the normal distribution if `df_residual` is None.

    `ratio` contains the exponentials of the estimate and of the ends of its interval. An exponential that overflows is None. For
    two classes, `ratio` is an odds ratio. For more than two classes, it is an odds ratio relative to the geometric mean of all
    classes. For counts, it is a rate ratio, and for regression it is None.
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
    """The joint Wald test of the hypothesis that all `df` estimated coefficients of a column are zero.

    `left_out` is the number of coefficients of the column that are not tested, because they have no standard error. If `output`
    is None, the coefficients of all classes are tested together. `vif` is the variance inflation factor in the weighted design,
    GVIF ** (1 / df). It is None if there is only one column.
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

    Estimates are ordered by output and then by term, and each output has one intercept. Tests are ordered by output and then by
    column. With more than two classes, `outputs` is the number of classes. Otherwise it is 1, and the output is the log-odds of
    class 1, the value or the log rate. `covariance_matrix` (outputs * terms, outputs * terms) has the same order as `estimates`,
    with NaN for missing values.

    `rows` is the number of rows in the fit. If classes are separated, `rows_separated` of these rows are fitted without error in
    the limit and carry no further information. `df_residual` is None if intervals are based on the normal distribution. `r2` is
    None except for regression. If `covariance` is "own", the estimates and their covariance were supplied with the linear model,
    and `own` names the type of covariance.
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
    """Fit an unpenalised linear model to `y`, and estimate the standard error of every coefficient.

    Rows of weight zero are left out.

    Parameters
    ----------
    y : (n,) Targets: 0 and 1 for two classes, 0 to `n_classes` - 1 for more than two classes, and numbers or counts for other
        tasks. For other tasks, `n_classes` is ignored.
    covariance : optional
        "model", "robust" or "cluster". With `groups`, the default is "cluster". With `weights`, the default is "robust". It is
        also "robust" for counts, because their variance rarely equals their mean. Otherwise, the default is "model". The sandwich
        estimator is HC0 for maximum likelihood and HC1 for least squares.
    weights : (n,), optional
        Weights of the rows.
    groups : (n,), optional
        Group of each row; rows of the same group are dependent. Scores are summed within the G groups, and the sandwich estimator
        is multiplied by G/(G-1) (n-1)/(n-k). Intervals are Student's t intervals with G - 1 degrees of freedom (Liang & Zeger
        1986; Cameron & Miller 2015). With fewer than ten groups, there are estimates but no standard errors.

    Raises
    ------
    NotApplicableError
        If inference is impossible because there is only one class, there are no degrees of freedom for the error, the target is
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

    Standard errors are HC1 (MacKinnon and White 1985), or clustered if `groups` are given. The result includes `r2`.
    """
    kind: Covariance = "robust" if groups is None else "cluster"
    return infer(design, score, task="regression", n_classes=0, weights=weights, covariance=kind, groups=groups)


def wald(
    estimate: Floats, covariance: Floats, df_residual: float | None = None
) -> tuple[float | None, int, float | None]:
    """Return the Wald statistic b' V^-1 b, its degrees of freedom (the rank of V) and its p-value. If a variance in V is zero, or
    there are no coefficients, the statistic and the p-value are None.

    With `df_residual`, the p-value is based on the F distribution of statistic / df. Otherwise it is based on the chi-squared
    distribution.

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
    """The estimates of a fit, arranged by output. For each output, the intercept comes first, followed by the terms.

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
        """Return the coefficients in original units, with standard errors and tests, or the reasons why these are missing."""
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
        """Return the estimates in original units (outputs * width,), their covariance, and a mask (width,) of infinite
        estimates. The mask marks the terms (or intercept) whose estimate is infinite for at least one output.

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
        """Return the estimate at one `place` of an output. The place is 0 for the intercept, and j + 1 for term j."""
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
        """Return the reason why term `j` (-1 for the intercept) has an infinite estimate.

        If the rows at the term's level are separated, the reason refers to this level. Otherwise, if the rows at the column's
        reference level are separated, the reason refers to the reference level. If neither level is separated, the reason names
        all columns involved.
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
    """Return a copy of the estimate `empty` with its numbers filled in, including the 95% interval.

    If the variance is NaN, there is no interval. If the value is NaN, `empty` is returned unchanged.
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
    """Yield a test for each column and output. If there are several outputs, also yield a joint test for each column over all
    outputs.
    """
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
    """Return a mask of the rows of `units` with a component along the orthonormal `directions` that is too large to be a rounding
    error.
    """
    return np.asarray(np.linalg.norm(units @ directions, axis=1) > SEEN * np.linalg.norm(units, axis=1))


def _exp(value: float) -> float | None:
    """Return the exponential of a number, or None if it overflows."""
    return float(np.exp(value)) if value < 709 else None
