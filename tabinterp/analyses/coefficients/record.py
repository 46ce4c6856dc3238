"""Coefficients in the audit document: regression coefficients, average derivatives of the network, and conflicts of sign.

The name and the numbers of a level with fewer than ten rows are withheld, because they would reveal individual people. The two
models are reported to conflict in the sign of a term only if all estimates for the term support this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tabinterp.analyses.gradients.record import contradicted
from tabinterp.analyses.record_values import at, interval, number
from tabinterp.document.base import Interval, Message, Part, side
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, training, used_rows
from tabinterp.errors import DocumentError
from tabinterp.stats.multiple_testing import benjamini_hochberg
from tabinterp.table.schema import GOALS

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document
    from tabinterp.linear.inference import Estimate, Inference
    from tabinterp.linear.terms import AnyTerm

    from .estimator import Coefficients as CoefficientsResult
    from .surrogate import Surrogate as SurrogateResult

SMALLEST_CELL = 10  # minimum number of rows of a level that is shown
FLIPS = 1 / 3  # if this share of rows (or more) has the opposite sign, the sign of the average is not used
LEVEL = 0.05  # a coefficient conflicts with the network only if its adjusted p-value is at most this
LINEAR_R2 = 0.999  # a score is called linear if a linear function explains at least this share of its variance


class CoefficientRow(Part):
    """The estimates for one term: a column (per unit), or one level compared with the reference level."""

    output: str | None  # class label if there are several outputs
    column: str
    level: str | None
    reference: str | None
    unit: str | None  # None for one unit of the column; otherwise, a description of the unit
    sd: float | None  # standard deviation of the column, to convert "per unit" to "per standard deviation"
    linear: Interval  # estimate of the unpenalised fit; without an interval if no valid interval exists
    z: float | None
    p: float | None
    odds_ratio: Interval = Interval()  # if the scale is log-odds
    rate_ratio: Interval = Interval()  # if the scale is log-rate
    penalised: float | None  # coefficient of the same term in the penalised linear model
    network: Interval  # average derivative, or average contrast with the reference level
    network_rows: int | None  # number of rows on which the network's number is based; None if there is no number
    sign_flip: float | None  # share of rows in which the derivative has the opposite sign to the average
    surrogate: float | None  # coefficient of the same term in the linear surrogate of the network's score
    conflict: bool  # whether the signs of the coefficient and of the average derivative conflict
    reason: Message | None  # why a number is missing


class WaldRow(Part):
    """The joint test of the hypothesis that all coefficients of one original column are zero."""

    output: str | None
    column: str
    statistic: float | None
    df: int
    p: float | None
    vif: float | None  # generalised variance inflation factor to the power 1/df


class Surrogate(Part):
    output: str | None
    r2: float | None  # share of the variance of the network's score explained by a linear function of the columns
    low: float | None = None
    high: float | None = None
    rows_fitted: int = 0
    rows_scored: int = 0
    held_out: bool = False  # whether the surrogate was fitted on training rows and evaluated on held-out rows


class Coefficients(Part):
    scale: Literal["log-odds", "target", "log-rate"]
    rows_inference: int
    rows_network: int
    method: Message
    terms: list[CoefficientRow]
    tests: list[WaldRow]
    surrogates: list[Surrogate]
    notes: list[Message]

    def check_claims(self, document: Document) -> None:
        """Check that a term is marked as conflicting only if the intervals of the two models are on opposite sides of zero."""
        for index, term in enumerate(self.terms):
            if term.conflict and side(term.linear) * side(term.network) >= 0:
                raise DocumentError(
                    f"coefficients.terms.{index}.conflict is true, but it must be false, because the intervals of the network "
                    "and of the linear model are not on opposite sides of zero."
                )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("coefficients_linear", "linear", self.rows_inference, training(document))
        yield used_rows("coefficients_network", "network", self.rows_network, evaluated(document))


def build(r: Results) -> Coefficients:
    """Return the terms of both models, or no terms if the analysis does not apply."""
    goal = r.network.table.schema.goal
    both = r[ANALYSIS]
    if both is None:
        return Coefficients(
            scale=goal.scale,
            rows_inference=0,
            rows_network=0,
            method=Message(key="coefficients.none"),
            terms=[],
            tests=[],
            surrogates=[],
            notes=[],
        )
    linear, network = both
    surrogate = network.surrogate
    assert linear.inference is not None
    assert surrogate is not None
    return Coefficients(
        scale=goal.scale,
        rows_inference=linear.inference.rows,
        rows_network=network.rows,
        method=Message(key=f"coefficients.method.{linear.inference.covariance}.{goal.fitted}"),
        terms=_terms(_Both(linear, network, linear.inference, surrogate)),
        tests=[
            WaldRow(
                output=None if t.output is None else linear.outputs[t.output],
                column=t.column,
                statistic=number(t.statistic),
                df=t.df,
                p=number(t.p),
                vif=number(t.vif),
            )
            for t in linear.inference.tests
        ],
        surrogates=[
            Surrogate(
                output=output,
                r2=number(surrogate.r2.value[k]),
                low=number(surrogate.r2.low[k]),
                high=number(surrogate.r2.high[k]),
                rows_fitted=surrogate.fits[k].rows,
                rows_scored=network.rows,
                held_out=r.held_out,
            )
            for k, output in enumerate(network.outputs)
        ],
        notes=_notes(linear, linear.inference) + _contradicted(network),
    )


def _notes(linear: CoefficientsResult, inference: Inference) -> list[Message]:
    notes = []
    if inference.own:
        notes.append(Message(key="coefficients.note.own", values={"kind": inference.own, "rows": inference.rows}))
    if linear.penalised:
        notes.append(Message(key="coefficients.note.penalised" + (".rates" if inference.task == "count" else "")))
    lost = "never_counted" if inference.task == "count" else "separated"
    if 0 < inference.rows_separated < SMALLEST_CELL:
        notes.append(Message(key=f"coefficients.note.{lost}.few", values={"rows": SMALLEST_CELL}))
    elif inference.rows_separated:
        notes.append(Message(key=f"coefficients.note.{lost}", values={"rows": inference.rows_separated}))
    if not inference.converged:
        notes.append(Message(key="coefficients.note.not_converged"))
    if any(e.reason is not None and e.reason.code == "target_encoded" for e in inference.estimates):
        notes.append(Message(key="coefficients.note.target_encoded"))
    mixed = [column for column in linear.left_out if column not in linear.abrupt]
    if mixed:
        notes.append(Message(key="coefficients.note.mixed", values={"columns": mixed}))
    if linear.abrupt:
        notes.append(Message(key="coefficients.note.abrupt", values={"columns": list(linear.abrupt)}))
    if linear.differences:
        notes.append(Message(key="coefficients.note.differences", values={"columns": list(linear.differences)}))
    return notes


def _contradicted(network: CoefficientsResult) -> list[Message]:
    if not contradicted(network.disagreement):
        return []
    return [Message(key="coefficients.note.disagreement", values={"share": number(network.disagreement)})]


@dataclass(frozen=True)
class _Both:
    linear: CoefficientsResult
    network: CoefficientsResult
    inference: Inference
    surrogate: SurrogateResult

    def reference(self, term: AnyTerm) -> str | None:
        """Return the name of the reference level, or "…" if it has so few rows that the name would reveal individuals."""
        if not term.term.dummy:
            return term.term.reference
        others = sum(t.values.sum() for t in self.linear.terms if t.term.dummy and t.term.column == term.term.column)
        return term.term.reference if len(term.values) - others >= SMALLEST_CELL else "…"


def _terms(both: _Both) -> list[CoefficientRow]:
    places = {t.term: i for i, t in enumerate(both.network.terms)}
    rows = [
        _term(both, term, i, places.get(term.term), k)
        for k, _ in enumerate(both.linear.outputs)
        for i, term in enumerate(both.linear.terms)
    ]
    adjusted = benjamini_hochberg(np.array([np.nan if row.p is None else row.p for row in rows]))
    collinear = _collinear(both.inference)
    judged = [
        row.model_copy(update={"conflict": _contradicts(row, q) and row.column not in collinear})
        for row, q in zip(rows, adjusted, strict=True)
    ]
    each = len(both.linear.terms)
    return [
        row
        for k, _ in enumerate(both.linear.outputs)
        for row in [*judged[k * each : (k + 1) * each], *_curves(both, k)]
    ]


def _curves(both: _Both, k: int) -> list[CoefficientRow]:
    """Return a record for each numeric column that the encoder transforms nonlinearly or mixes with others.

    These records contain mean derivatives of both models, but no coefficients.
    """
    network, linear = both.network.curves, both.linear.curves
    own = {column: number(linear.estimates.value[i, k]) for i, column in enumerate(linear.columns)}
    return [
        CoefficientRow(
            output=both.linear.outputs[k],
            column=column,
            level=None,
            reference=None,
            unit=None,
            sd=network.sds[i],
            linear=Interval(),
            z=None,
            p=None,
            penalised=own.get(column),
            network=at(network.estimates, i, k),
            network_rows=both.network.rows,
            sign_flip=number(network.sign_flip[i, k]),
            surrogate=None,
            conflict=False,
            reason=Message(key="reason.curve"),
        )
        for i, column in enumerate(network.columns)
    ]


def _term(both: _Both, term: AnyTerm, i: int, place: int | None, k: int) -> CoefficientRow:
    if term.level_rows is not None and term.level_rows < SMALLEST_CELL:
        return _suppressed(both, term, k)
    fit = both.inference.estimates[k * len(both.linear.terms) + i]
    ratio = fit.ratio or (None, None, None)
    return CoefficientRow(
        output=both.linear.outputs[k],
        column=term.term.column,
        level=term.term.level,
        reference=both.reference(term),
        unit=term.term.unit,
        sd=term.sd,
        linear=interval(fit.estimate, fit.stderr, fit.ci_low, fit.ci_high),
        z=number(fit.z),
        p=number(fit.p),
        **{GOALS[both.inference.task].ratio or "odds_ratio": interval(ratio[0], None, ratio[1], ratio[2])},
        penalised=number(both.linear.estimates.value[i, k]),
        network=Interval() if place is None else at(both.network.estimates, place, k),
        network_rows=None if place is None else both.network.term_rows[place],
        sign_flip=None if place is None else number(both.network.sign_flip[place, k]),
        surrogate=number(both.surrogate.fits[k].estimates[i].estimate),
        conflict=False,
        reason=_reason(fit),
    )


def _suppressed(both: _Both, term: AnyTerm, k: int) -> CoefficientRow:
    nothing = Interval()
    return CoefficientRow(
        output=both.linear.outputs[k],
        column=term.term.column,
        level="…",
        reference=both.reference(term),
        unit=None,
        sd=None,
        linear=nothing,
        z=None,
        p=None,
        penalised=None,
        network=nothing,
        network_rows=None,
        sign_flip=None,
        surrogate=None,
        conflict=False,
        reason=Message(key="reason.small_cell", values={"rows": SMALLEST_CELL}),
    )


def _reason(fit: Estimate) -> Message | None:
    reason = fit.reason
    if reason is None:
        return None
    key = f"reason.{reason.code}" + (f".{reason.by}" if reason.by else "")
    if reason.rows is not None and reason.rows < SMALLEST_CELL:
        return Message(key=f"{key}.few", values={"columns": list(reason.columns), "rows": SMALLEST_CELL})
    return Message(key=key, values={"columns": list(reason.columns), "rows": reason.rows})


def _contradicts(row: CoefficientRow, q: Any) -> bool:
    """Return whether the coefficient and the network's average derivative have conflicting signs.

    All of the following must be true:

    - the intervals of the unpenalised coefficient and of the derivative are on opposite sides of zero;
    - the unpenalised coefficient is still significant after correction for multiple testing;
    - the penalised coefficient has the same sign as the unpenalised one;
    - the surrogate's coefficient has the same sign as the average derivative;
    - in most rows, the derivative has the same sign as the average derivative.
    """
    linear, network = side(row.linear), side(row.network)
    return bool(
        linear * network < 0
        and q <= LEVEL
        and (row.penalised or 0.0) * linear > 0
        and (row.surrogate or 0.0) * network > 0
        and row.sign_flip is not None
        and row.sign_flip < FLIPS
    )


def _collinear(inference: Inference) -> set[str]:
    """Return the columns that are linear combinations of other columns.

    Coefficients of these columns cannot be compared with the network's contrasts, because the coefficients and the contrasts hold
    different columns fixed.
    """
    columns: set[str] = set()
    for estimate in inference.estimates:
        if estimate.reason is not None and estimate.reason.code == "aliased" and estimate.term is not None:
            columns |= {estimate.term.column, *estimate.reason.columns}
    return columns
