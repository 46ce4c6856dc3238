"""Coefficients of a linear model with standard errors and tests, and average derivatives of a network, per original column.

For a linear model, the estimates come from a new fit by maximum likelihood (or least squares) on the model's own encoding. This
fit has no penalty, because a penalised fit has no valid Wald interval. The model's own coefficients, which may be penalised, are
reported as well. For models from statsmodels, no new fit is needed. Their own estimates and covariance are used, transformed to
the original columns.

For a network, each term has an average derivative (for a number) or an average contrast (for a level), with a standard error
that accounts for the sampling of rows. The share of rows in which the derivative has the opposite sign to the average is reported
as well. The linear surrogate is a least-squares fit of the network's score on the same terms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.analyses.base import Stream
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, by_term, scaled
from tabinterp.analyses.gradients.streaming import finish_derivatives, mean_derivatives, update_slopes
from tabinterp.analyses.settings import AuditSettings
from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.linear.design import Reason, Term
from tabinterp.linear.inference import Estimate, Inference, infer
from tabinterp.linear.supplied_inference import own_inference
from tabinterp.linear.terms import AnyTerm, Basis, Slope, design, find_terms
from tabinterp.models import Block, BoundModel, Model, bind
from tabinterp.models.column_lineage import target_encoders
from tabinterp.models.gradient_check import gradient_disagreement
from tabinterp.models.through_encoder import by_differences, through, without_slope
from tabinterp.stats.accumulators import Means, mean_over_rows, merge
from tabinterp.stats.estimates import Estimates
from tabinterp.table import Table
from tabinterp.table.schema import GOALS

from .encoder_derivatives import Curves, curves
from .marginal_effects import row_derivatives
from .surrogate import Surrogate, surrogate


@dataclass(frozen=True, eq=False)
class Coefficients(Display):
    """Coefficients or average derivatives of a model, one for each term and output, in units of the score per unit of the column.

    Depending on the task, the score is the log-odds, the centred logit of a class, a value in units of the target, or a log rate.

    Parameters
    ----------
    estimates : (terms, outputs) the model's own coefficients, or the average derivatives of a network.
    sign_flip : (terms, outputs) share of rows in which the derivative has the opposite sign to the average.
    inference : unpenalised fit of a linear model to the target; None for a network.
    surrogate : linear fits of a network's score; None for a linear model.
    term_rows : number of rows on which the estimate of each term is based.
    left_out : columns that the encoder mixes with others. If the values before mixing are known, the terms of these columns refer
        to those values. The unpenalised fit has no coefficients for these columns.
    differences : columns that the encoder mixes in steps that are not affine. Derivatives with respect to these columns are not
        exact; they are computed by central differences.
    abrupt : columns without derivatives, because the encoder is not smooth in them.
    curves : mean derivatives with respect to numeric columns that the encoder transforms. These derivatives differ between rows
        even in a linear model.
    disagreement : share of rows in which the gradient of a network differs from finite differences of the score; None if the two
        were not compared.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.coefficients", {"network": ("estimate", "ci_low", "ci_high")}, by_term, order="size", other="terms"
    )

    terms: tuple[AnyTerm, ...]
    outputs: tuple[str | None, ...]
    estimates: Estimates
    sign_flip: FloatArray
    inference: Inference | None
    surrogate: Surrogate | None
    penalised: bool | None
    rows: int
    term_rows: tuple[int, ...]
    left_out: tuple[str, ...]
    curves: Curves
    estimand: str
    differences: tuple[str, ...] = ()
    abrupt: tuple[str, ...] = ()
    disagreement: float | None = None

    def _numbers(self) -> pd.DataFrame:
        return scaled(self.frame(), "estimate", "ci_low", "ci_high")

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output and term.

        A numeric column that the encoder transforms nonlinearly or mixes with others has an additional row with only the mean
        derivative. For a linear model, `estimate` and its standard error, interval and tests come from the unpenalised fit, and
        `model` is the model's own coefficient. For a network, `estimate` is the average derivative or contrast, and `surrogate`
        is the coefficient of the linear surrogate.
        """
        return pd.concat([self._output(k) for k in range(len(self.outputs))], ignore_index=True)

    @any_backend
    def tests(self) -> pd.DataFrame:
        """Return the joint Wald test and the variance inflation factor of each original column (linear models only)."""
        if self.inference is None:
            raise NotApplicableError(
                "Wald tests are available only for linear models, because the estimated average derivatives of a network are "
                "not jointly normally distributed. Compute the tests from the coefficients of the linear counterpart"
            )
        return pd.DataFrame(
            [
                {
                    "output": None if t.output is None else self.outputs[t.output],
                    "column": t.column,
                    "statistic": t.statistic,
                    "df": t.df,
                    "p": t.p,
                    "vif": t.vif,
                }
                for t in self.inference.tests
            ]
        )

    def _output(self, k: int) -> pd.DataFrame:
        base = {
            "output": [self.outputs[k]] * len(self.terms),
            "column": [t.term.column for t in self.terms],
            "level": [t.term.level for t in self.terms],
            "reference": [t.term.reference for t in self.terms],
            "unit": [t.term.unit for t in self.terms],
            "sd": [t.sd if isinstance(t, Slope) else np.nan for t in self.terms],
        }
        own = {"value": self.estimates.value[:, k], "stderr": self.estimates.stderr[:, k]}
        if self.inference is None:
            more: dict[str, Any] = {
                "estimate": own["value"],
                "stderr": own["stderr"],
                "ci_low": self.estimates.low[:, k],
                "ci_high": self.estimates.high[:, k],
                "sign_flip": self.sign_flip[:, k],
                "surrogate": None if self.surrogate is None else [e.estimate for e in self.surrogate.fits[k].estimates],
            }
        else:
            fits = self.inference.estimates[k * len(self.terms) : (k + 1) * len(self.terms)]
            ratios = [e.ratio or (None, None, None) for e in fits]
            named = GOALS[self.inference.task].ratio or "odds_ratio"
            more = {
                **{
                    name: [getattr(e, name) for e in fits]
                    for name in ("estimate", "stderr", "ci_low", "ci_high", "z", "p")
                },
                named: [r[0] for r in ratios],
                f"{named}_low": [r[1] for r in ratios],
                f"{named}_high": [r[2] for r in ratios],
                "model": own["value"],
                "reason": [None if e.reason is None else e.reason.code for e in fits],
            }
        frame = self._with_curves(pd.DataFrame(base | more), k)
        frame.insert(len(base) + 1, "per_sd", frame["estimate"].astype(float) * frame["sd"])
        return frame

    def _with_curves(self, frame: pd.DataFrame, k: int) -> pd.DataFrame:
        found = self.curves.estimates
        rows = [
            {"output": self.outputs[k], "column": column, "sd": self.curves.sds[i]}
            | (
                {"model": found.value[i, k], "reason": "curve"}
                if self.inference is not None
                else {
                    "estimate": found.value[i, k],
                    "stderr": found.stderr[i, k],
                    "ci_low": found.low[i, k],
                    "ci_high": found.high[i, k],
                    "sign_flip": self.curves.sign_flip[i, k],
                }
            )
            for i, column in enumerate(self.curves.columns)
        ]
        if not rows:
            return frame
        whole = frame.astype(object).to_dict("records") + rows
        return pd.DataFrame(whole, columns=frame.columns).infer_objects()


def coefficients(model: Model | BoundModel, table: Table) -> Coefficients:
    """Return the coefficients of a linear model, or the average derivatives of a network.

    If the table has a split, the unpenalised fit and the surrogate of a network are fitted to the training rows. The derivatives
    of a network are computed on the held-out rows. Without a split, all rows are used for both purposes.

    Examples
    --------
    >>> import pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LogisticRegression
    >>> frame = pd.DataFrame({"dose": [0, 1, 2, 3, 4, 5, 6, 7], "ill": [0, 0, 1, 0, 1, 0, 1, 1]})
    >>> fitted = LogisticRegression().fit(frame[["dose"]], frame["ill"])
    >>> result = coefficients(ti.wrap(fitted), ti.read_table(frame, target="ill", positive=1))
    >>> result.frame()[["column", "estimate", "stderr", "model"]].round(2).values.tolist()
    [['dose', 0.59, 0.43, 0.51]]
    """
    bound = bind(model, table)
    terms = find_terms(through(bound))
    if not terms:
        raise NotApplicableError(
            f"{bound.model.name} has no coefficients per column, because its encoder combines all columns. "
            "Use an encoder that encodes at least one column separately"
        )
    return of_linear(bound, terms) if bound.is_linear else of_network(bound, terms, terms)


def of_linear(bound: BoundModel, terms: list[AnyTerm]) -> Coefficients:
    """Return the coefficients of a linear model.

    They include the unpenalised fit to the target (or the inference supplied with the model) and the model's own coefficients.
    """
    table = bound.table
    training = np.ones(len(table), dtype=bool) if table.held_out is None else ~table.held_out
    inference = _inference(bound, terms, training)
    head = through(bound)
    evaluated = head if table.held_out is None else head.take(table.held_out)
    own = _own(evaluated if by_differences(bound) else head, terms)
    nothing = np.full_like(own, np.nan)
    return Coefficients(
        terms=tuple(terms),
        outputs=bound.outputs,
        estimates=Estimates(own, nothing, nothing, nothing),
        sign_flip=np.zeros_like(own),
        inference=inference,
        surrogate=None,
        penalised=bound.model.penalised,
        rows=(rows := inference.rows if inference.own else int(training.sum())),
        term_rows=(rows,) * len(terms),
        left_out=_left_out(bound),
        curves=curves(evaluated, terms),
        differences=by_differences(bound),
        abrupt=without_slope(bound),
        estimand="coefficient in the linear model's own fit, with the covariance matrix of this fit"
        if inference.own
        else "coefficient in an unpenalised fit of the linear model to the target",
    )


def _inference(bound: BoundModel, terms: list[AnyTerm], training: NDArray[np.bool_]) -> Inference:
    """Return the estimates of `terms` from the model's own inference or from an unpenalised fit on all encoded columns.

    Columns that the encoder mixes have no estimate.
    """
    fitted = [*find_terms(bound), *_mixed(bound)]
    table, matrix = bound.table, design(fitted, training)
    weights = None if table.weights is None else table.weights[training]
    if bound.model.own is not None:
        return _only(own_inference(bound, bound.model.own, fitted, matrix, weights), bound, fitted, terms)
    inference = infer(
        matrix,
        table.y[training],
        task=table.schema.task,
        n_classes=len(table.schema.classes),
        weights=weights,
        groups=None if table.groups is None else table.groups[training],
    )
    inference = _only(inference, bound, fitted, terms)
    return _without_errors(inference) if target_encoders(bound.model.encoder) else inference


def _mixed(bound: BoundModel) -> list[AnyTerm]:
    """Return a term for each encoded column that depends on several columns. The unpenalised fit adjusts for these terms."""
    owner = {int(e): c for c in bound.columns if not bound.encoding.local[c] for e in bound.encoding.blocks[c]}
    alone = {int(e) for c in bound.columns if bound.encoding.local[c] for e in bound.encoding.blocks[c]}
    return [Basis(Term(c, unit=f"encoded column {e}"), bound.x[:, e], e) for e, c in owner.items() if e not in alone]


def _only(inference: Inference, bound: BoundModel, fitted: list[AnyTerm], terms: list[AnyTerm]) -> Inference:
    """Return the inference for `terms`, in the order of `terms`. Terms that were not fitted have no estimate."""
    place = {t.term: j for j, t in enumerate(fitted)}
    found = [(k, t.term, place.get(t.term)) for k in range(len(bound.outputs)) for t in terms]
    known = [(i, k * len(fitted) + j) for i, (k, _, j) in enumerate(found) if j is not None]
    new, old = np.array(known, dtype=np.int64).reshape(-1, 2).T
    covariance = np.full((len(found), len(found)), np.nan)
    covariance[np.ix_(new, new)] = inference.covariance_matrix[np.ix_(old, old)]
    return replace(
        inference,
        estimates=tuple(
            Estimate(k, term, reason=Reason("mixed")) if j is None else inference.estimates[k * len(fitted) + j]
            for k, term, j in found
        ),
        tests=tuple(t for t in inference.tests if bound.encoding.local[t.column]),
        covariance_matrix=covariance,
    )


def _without_errors(inference: Inference) -> Inference:
    """Return the inference with all estimates removed.

    A target encoder has already used the targets, so standard errors of a fit on the encoded columns would not be valid. The
    model's own coefficients are still reported.
    """
    reason, nothing = Reason("target_encoded"), np.full_like(inference.covariance_matrix, np.nan)
    empty = tuple(Estimate(e.output, e.term, reason=reason) for e in inference.estimates)
    return replace(inference, estimates=empty, tests=(), covariance_matrix=nothing)


def of_network(
    bound: BoundModel, terms: list[AnyTerm], surrogate_terms: list[AnyTerm], summed: Summed | None = None
) -> Coefficients:
    """Return the average derivatives and contrasts of a network, and the linear surrogate of every output on `surrogate_terms`.

    `summed` optionally contains terms and the sums of their derivatives over all rows. The average derivatives of these terms are
    computed from the sums.
    """
    rows = np.ones(len(bound.table), dtype=bool) if bound.table.held_out is None else bound.table.held_out
    held_out = through(bound).take(rows)
    estimates, flips, counts = _derivatives(terms, held_out, summed)
    return Coefficients(
        terms=tuple(terms),
        outputs=bound.outputs,
        estimates=estimates,
        sign_flip=flips,
        inference=None,
        surrogate=surrogate(bound, surrogate_terms),
        penalised=None,
        rows=len(held_out.table),
        term_rows=counts,
        left_out=_left_out(bound),
        curves=curves(held_out, terms),
        differences=by_differences(bound),
        abrupt=without_slope(bound),
        disagreement=gradient_disagreement(bound),
        estimand="mean over rows of the derivative of the score with respect to a numeric column, or of the contrast between a "
        "level and the reference level",
    )


Summed = tuple[list[Slope], Means]  # slope terms, and sums of their derivatives over rows


def _derivatives(
    terms: list[AnyTerm], bound: BoundModel, summed: Summed | None
) -> tuple[Estimates, FloatArray, tuple[int, ...]]:
    """Return the mean derivatives (terms, k), the shares of rows with a derivative of the opposite sign to the mean (terms, k),
    and the number of rows for each term.

    The terms in `summed` are computed from the sums, and all other terms from the rows of `bound`.
    """
    slopes, sums = summed or ([], None)
    known = {one.term for one in slopes}
    others = [one for one in terms if one.term not in known]
    mean, flips = mean_derivatives(others, bound)
    if sums is None:
        return mean, flips, (len(bound.table),) * len(terms)
    whole, whole_flips = finish_derivatives(sums)
    place = {one.term: i for i, one in enumerate([*slopes, *others])}
    order = [place[one.term] for one in terms]
    parts = [(getattr(whole, name), getattr(mean, name)) for name in ("value", "stderr", "low", "high")]
    value, stderr, low, high, flips = (np.concatenate(pair)[order] for pair in [*parts, (whole_flips, flips)])
    rows = tuple(sums.rows if one.term in known else len(bound.table) for one in terms)
    return Estimates(value, stderr, low, high), flips, rows


def _own(bound: BoundModel, terms: list[AnyTerm]) -> FloatArray:
    """Return a linear model's own coefficients (terms, k).

    The coefficients are the derivatives of the score, which are the same in every row. If the encoder has steps that are not
    affine, the derivatives differ between rows. Their means are then returned.
    """
    if bound.is_linear:
        rows = {
            *range(min(len(bound.table), 1000)),
            *(int(np.argmax(t.present)) for t in terms if isinstance(t, Slope)),
        }
        bound = bound.take(np.array(sorted(rows)))
    own = mean_over_rows(row_derivatives(bound, terms), None if bound.is_linear else bound.table.weights).value
    basis = [(j, term.encoded) for j, term in enumerate(terms) if isinstance(term, Basis)]
    if basis:
        gradient = bound.gradients(bound.x[:1] if bound.is_linear else bound.x)
        mean = np.average(gradient, axis=0, weights=None if bound.is_linear else bound.table.weights)
        for j, encoded in basis:
            own[j] = mean[encoded]
    return own


def encoded_terms(found: Coefficients, bound: BoundModel) -> tuple[AnyTerm, ...]:
    """Return the terms of the columns that the encoder does not mix with others, expressed in the encoded columns of `bound`."""
    return tuple(find_terms(bound)) if found.left_out else found.terms


def _left_out(bound: BoundModel) -> tuple[str, ...]:
    return tuple(c for c in bound.columns if not bound.encoding.local[c])


def run(context: Context) -> tuple[Coefficients, Coefficients]:
    """Compute the coefficients of an audit's linear model and the average derivatives of its network."""
    return _of_both(context, None)


def _of_both(context: Context, summed: Summed | None) -> tuple[Coefficients, Coefficients]:
    terms = find_terms(through(context.linear))
    if not terms:
        raise NotApplicableError(why("the encoder mixes all columns, so that none has a coefficient of its own"))
    shared = context.network.encoding is context.linear.encoding
    own = terms if shared else find_terms(through(context.network))
    network = of_network(context.network, own, terms, summed)
    return of_linear(context.linear, terms), network


# ---- derivatives of the network over all rows of a scan


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> list[Slope] | None:
    """Return the terms that are slopes, which can be computed from gradients of the network; None if there are none."""
    return [term for term in find_terms(network) if isinstance(term, Slope)] or None


def update(slopes: list[Slope], network: BoundModel, linear: BoundModel) -> Callable[[Block], Means]:
    return update_slopes(slopes, network)


def finish(context: Context, slopes: list[Slope], sums: Means) -> tuple[Coefficients, Coefficients]:
    """Compute derivatives of numeric columns from sums over all rows, and everything else from a sample of rows."""
    return _of_both(context, (slopes, sums))


STREAM = Stream(start, update, merge, finish, of="derivatives")
