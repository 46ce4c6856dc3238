"""Check for a numeric column that is not correlated with the target on its own, but has a clear coefficient given the other
columns.
"""

from __future__ import annotations

from tabinterp.analyses.coefficients.record import Coefficients
from tabinterp.analyses.data_quality.record import TableReadings
from tabinterp.document.document import Document

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, cleared, not_applicable, raised

CLEAR_Z = 4.0  # z of a coefficient, p = 6e-5: fifty columns of noise raise the check once in three hundred tables
WEAK_P = 0.01  # p-value of a column alone: requiring 0.05 would miss one column without effect in twenty, and one pair in ten
WEAK_CORRELATION = 0.1  # correlation with the target


def evaluate(document: Document, limits: Limits) -> Outcome:
    table = document.get(TableReadings)
    columns = [] if table is None else table.columns
    known = {one.column: one for one in columns if one.correlation is not None and not one.target}
    terms = [t for t in document[Coefficients].terms if t.level is None and t.z is not None and t.column in known]
    if not terms:
        return not_applicable()
    suppressing = [
        term
        for term in terms
        if abs(term.z or 0.0) >= limits["z"]
        and (known[term.column].p or 0.0) > limits["p"]
        and abs(known[term.column].correlation or 0.0) < limits["r"]
    ]
    if not suppressing:
        return cleared(count=len(known))
    first = max(suppressing, key=lambda term: abs(term.z or 0.0))
    names = list(dict.fromkeys(term.column for term in suppressing))
    return raised(columns=names, column=first.column, correlation=known[first.column].correlation, z=first.z)


CHECK = Check(
    code="TI-E06",
    slug="suppressor",
    severity="note",
    section="data",
    evaluate=evaluate,
    limits={
        "z": Limit(CLEAR_Z, most=UNBOUNDED, means="absolute z statistic of the column's coefficient"),
        "p": Limit(WEAK_P, means="p-value of the column's correlation with the target"),
        "r": Limit(WEAK_CORRELATION, means="absolute correlation of the column with the target"),
    },
    text=Text(
        title="Suppressor columns",
        measures=(
            "the correlation of each numeric column with the target, compared with the z statistic of the column's "
            "coefficient in the unpenalised linear fit."
        ),
        limitations="Does not cover categorical columns or targets with several classes.",
        raised_when=(
            (
                "a column's coefficient has |z| of at least {z}, while its correlation with the target is below {r} in "
                "absolute value and has a p-value above {p}."
            ),
            "z: standard errors; r: a correlation; p: a p-value",
        ),
        next=(
            "Do not interpret the coefficient of a suppressor column as an effect: it corrects for another column. "
            "To find that other column, refit the linear counterpart without each of the other columns in turn, and "
            "see which removal changes the coefficient most."
        ),
        claims={
            "raised": (
                (
                    "Suppressor columns: {columns}. They are nearly uncorrelated with the target but have highly significant "
                    "coefficients when all columns are included. The correlation of {column} with the target is {correlation}, "
                    "and its coefficient has z = {z}."
                ),
                ("columns: names; column: the one with the largest z; z: its coefficient in standard errors"),
            ),
            "cleared": (
                (
                    "None of the {count} numeric columns has both a highly significant coefficient and a near-zero "
                    "correlation with the target (as defined by the limits of this check)."
                ),
                "count: the number of numeric columns",
            ),
            "not_applicable": (
                "Not applicable: no numeric column has both a coefficient and a correlation with the target. "
                "(For a target with more than two classes, no correlation is computed.)"
            ),
        },
    ),
)
