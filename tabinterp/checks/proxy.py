"""Check whether an input column is a proxy for a protected column that is not an input. A proxy predicts the protected column,
and permuting it makes the network's predictions differ less between the protected groups.
"""

from __future__ import annotations

from tabinterp.analyses.groups.record import Groups
from tabinterp.analyses.proxies.record import ProxyPart
from tabinterp.checks.shared.power import with_power_of_intervals
from tabinterp.document.document import Document, Interval

from .base import Check, Limit, Limits, Outcome, Text, above, not_applicable

PROXY_AUC, PROXY_R2 = 0.7, 0.3
CLEARED = {"auc": "cleared_auc", "r2": "cleared_r2"}
RAISED = {"auc": "raised_auc", "r2": "raised_r2"}
RAISED_HELD_BACK = {"auc": "raised_auc_held_back", "r2": "raised_r2_held_back"}


def evaluate(document: Document, limits: Limits) -> Outcome:
    groups = document.get(Groups)
    known = [] if groups is None else groups.proxies
    if not known:
        return _unassessed(document)
    carried = [(one, columns) for one in known if (columns := _carrying(one, limits))]
    if not carried:
        best = max(known, key=lambda one: _best_power(one).value or 0.0)
        passed = Outcome("cleared", CLEARED[best.metric], {"protected": best.column, "value": _best_power(best).value})
        powers = [probe.power for probe in best.probes if probe.place == "column"]
        return with_power_of_intervals(passed, best.metric, limits[best.metric], powers, best.rows, 1.0)
    one, columns = max(carried, key=lambda pair: _power_of(*pair).value or 0.0)
    power, gap = _power_of(one, columns), one.network
    permuted = next(row for row in gap.ablated if row.columns == [columns[0]]) if gap is not None else None
    values: dict[str, object] = {"protected": one.column, "column": columns[0], "columns": columns}
    values |= {"value": power.value, "low": power.low}
    if gap is not None and permuted is not None:
        values |= {"high": power.high, "gap": gap.gap.value, "left": permuted.left.value, "loss": permuted.loss.value}
        values["change"] = permuted.gap.value
    keys = RAISED_HELD_BACK if gap is not None and gap.gap.value is None else RAISED
    return Outcome("raised", keys[one.metric], {name: value for name, value in values.items() if value is not None})


def _unassessed(document: Document) -> Outcome:
    roles = {column.role for column in document.data.columns if column.protected}
    if not roles:
        return not_applicable()
    return not_applicable("not_applicable_few" if roles - {"input", "target"} else "not_applicable_inputs")


def _best_power(one: ProxyPart) -> Interval:
    """Return the AUC or R² of the best single input column as a predictor of the protected column."""
    powers = (probe.power for probe in one.probes if probe.place == "column")
    return max(powers, key=lambda power: power.value or 0.0, default=Interval())


def _power_of(one: ProxyPart, columns: list[str]) -> Interval:
    """Return the AUC or R² of the first of `columns` as a predictor of the protected column. The finding names this column."""
    return next(probe.power for probe in one.probes if probe.place == "column" and probe.name == columns[0])


def _carrying(one: ProxyPart, limits: Limits) -> list[str]:
    """Return the input columns that predict the protected column well and contribute to the network's gap between groups. A
    column contributes if permuting it makes the gap significantly smaller.
    """
    strong = {p.name for p in one.probes if p.place == "column" and above(p.power, limits[one.metric])}
    rows = [] if one.network is None else one.network.ablated
    alone = [row for row in rows if len(row.columns) == 1 and row.columns[0] in strong]
    return [row.columns[0] for row in alone if (row.gap.high or 0.0) < 0]


CHECK = Check(
    code="TI-G02",
    slug="proxy",
    severity="check",
    section="groups",
    evaluate=evaluate,
    limits={
        "auc": Limit(PROXY_AUC, least=0.5, means="AUC when the protected column is predicted from the input column"),
        "r2": Limit(PROXY_R2, means="R² when the protected column is predicted from the input column"),
    },
    text=Text(
        title="Proxy for a protected column",
        measures=(
            "how well each input column predicts a protected column that is not an input, and how the gap in "
            "selection rate (or mean prediction) between the protected groups changes when the input column is "
            "permuted."
        ),
        limitations=(
            "Does not detect proxies formed by several columns, or relations that a linear probe of binned "
            "values and levels cannot capture."
        ),
        raised_when=(
            "an input column predicts the protected column so well that the lower end of the 95% interval is at "
            "least {auc} for the AUC, or at least {r2} for R², and permuting the input column significantly reduces "
            "the gap in selection rate (or mean prediction) between the protected groups."
        ),
        next=(
            "Find out why the proxy column is used. Train a network without the proxy column. Compare the two "
            "networks by loss and by the gap in selection rate (or mean prediction) between the protected groups."
        ),
        claims={
            "raised_auc": (
                (
                    "{column} is a proxy for {protected}, which is not an input: on its own, it predicts {protected} with an "
                    "AUC of {value} (95% CI {low} to {high}). The network's gap in selection rate or mean prediction between "
                    "the groups of {protected} is {gap}. When {column} is permuted, the gap is {left} and the loss changes by "
                    "{loss}. Columns that contribute to the gap: {columns}."
                ),
                (
                    "column: an input column; protected: the protected one; value, low, high: AUC or R² "
                    "and the ends of its interval; left: the gap that remains; loss: a difference in "
                    "loss; columns: names"
                ),
            ),
            "raised_r2": (
                (
                    "{column} is a proxy for {protected}, which is not an input: on its own, it predicts {protected} with an "
                    "R² of {value} (95% CI {low} to {high}). The network's gap in selection rate or mean prediction between "
                    "the groups of {protected} is {gap}. When {column} is permuted, the gap is {left} and the loss changes by "
                    "{loss}. Columns that contribute to the gap: {columns}."
                ),
                (
                    "column: an input column; protected: the protected one; value, low, high: AUC or R² "
                    "and the ends of its interval; left: the gap that remains; loss: a difference in "
                    "loss; columns: names"
                ),
            ),
            "raised_auc_held_back": (
                (
                    "{column} is a proxy for {protected}, which is not an input: on its own, it predicts {protected} with an "
                    "AUC of {value} (95% CI {low} to {high}). The network's gap in selection rate or mean prediction between "
                    "the groups of {protected} is withheld because it would disclose a count below ten. Permuting {column} "
                    "changes the gap by {change} and the loss by {loss}. Columns that contribute to the gap: {columns}."
                ),
                (
                    "column: an input column; protected: the protected one; value, low, high: AUC or R² "
                    "and the ends of its interval; change: a change of the gap; loss: a difference in "
                    "loss; columns: names"
                ),
            ),
            "raised_r2_held_back": (
                (
                    "{column} is a proxy for {protected}, which is not an input: on its own, it predicts {protected} with an "
                    "R² of {value} (95% CI {low} to {high}). The network's gap in selection rate or mean prediction between "
                    "the groups of {protected} is withheld because it would disclose a count below ten. Permuting {column} "
                    "changes the gap by {change} and the loss by {loss}. Columns that contribute to the gap: {columns}."
                ),
                (
                    "column: an input column; protected: the protected one; value, low, high: AUC or R² "
                    "and the ends of its interval; change: a change of the gap; loss: a difference in "
                    "loss; columns: names"
                ),
            ),
            "cleared_auc": (
                (
                    "No single input column was found that both predicts a protected column (one that is not an "
                    "input) and contributes to the gap in selection rate or mean prediction between the protected "
                    "groups. The single input column that best predicts {protected} has an AUC of {value}."
                ),
                "protected: a protected column",
            ),
            "cleared_r2": (
                (
                    "No single input column was found that both predicts a protected column (one that is not an "
                    "input) and contributes to the gap in selection rate or mean prediction between the protected "
                    "groups. The single input column that best predicts {protected} has an R² of {value}."
                ),
                "protected: a protected column",
            ),
            "not_applicable": "Not applicable: no column was declared protected.",
            "not_applicable_inputs": (
                "Not applicable: every protected column is an input or the target, and this check covers only protected columns "
                "that are neither."
            ),
            "not_applicable_few": (
                "Not applicable: there are too few rows to assess a protected column that is neither an input nor the target."
            ),
        },
    ),
)
