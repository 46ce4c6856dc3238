"""Can what is read of the network be believed, and what does it say that a coefficient would not?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tabinterp.document.document import Agreement, CoefficientRow, Document, Interval

from .outcome import Limits, Outcome, above, cleared, either, not_applicable, raised
from .power import beyond, smallest_effect, with_power

# Readings of one estimand: what each column adds to the score, compared with a background. Permutation importance is of the loss,
# and saliency and the average derivative are slopes: that these rank columns otherwise is no disagreement.
ATTRIBUTIONS = {"network.integrated_gradients", "network.expected_gradients", "network.shapley"}
ORDERED = 5  # pairs of columns whose order is significant under both: with fewer, sampling error hides a disagreement
ROUNDING = 1e-7  # of the loss: moving a column there and back in single precision leaves less
AGREE = 0.2  # rank correlation below which two readings disagree; columns of no weight, ranked by noise, pull it down to 0.25
SHARED = 0.4  # of the first five columns: two, as many as chance gives of a dozen
TOP, TIED = (
    5,
    5,
)  # of the first places, those inside the noise: with many columns of one family most are, and rightly so
PAIR = 0.05  # share of the score's variance: below it a pair is no news
ALONE = 0.01  # p above which a column is not seen alone: above 0.05 one of no effect in twenty would be missed, a pair in ten
WEAK_AUC, WEAK_R2 = 0.55, 0.02  # of a column alone
Z = 4.0  # of a coefficient: 6e-5, so that fifty columns of noise raise one in three hundred
WEAK = 0.1  # correlation with the target
RANGES = 2.0  # ranges of the score: a linear model stays below 1, because all its columns together make one range
APART = 0.15  # of the R2 that real rows teach: ordinary networks are below 0.13, and scaffolds above 0.18


def sign_conflict(d: Document, at: Limits) -> Outcome:
    if not d.coefficients.terms:
        return not_applicable()
    terms = len(d.coefficients.terms)
    names = [_name(t) for t in d.coefficients.terms if t.conflict]
    return raised(names=names, count=len(names), terms=terms) if names else cleared(count=terms)


def _name(term: CoefficientRow) -> str:
    level = "" if term.level is None else f": {term.level}"
    return f"{term.column}{level}" + ("" if term.output is None else f" ({term.output})")


def unused_column(d: Document, at: Limits) -> Outcome:
    if not d.importance.columns:
        return not_applicable()
    unread = {c.name for c in d.data.columns if c.role == "input" and not c.read_by_network}
    loss = next((m.network.value for m in d.performance.metrics if m.metric == d.importance.loss), None) or 1.0
    silent = [r.column for r in d.importance.columns if _silent(r.network, abs(loss)) or r.column in unread]
    included = sum(not ((r.network.low or 0.0) > 0 or (r.network.high or 0.0) < 0) for r in d.importance.columns)
    return raised(columns=silent) if silent else cleared(open=included, count=len(d.importance.columns))


def _silent(importance: Interval, loss: float) -> bool:
    """Nothing but rounding of single precision."""
    ends = [v for v in (importance.value, importance.low, importance.high) if v is not None]
    return importance.value is not None and all(abs(v) <= ROUNDING * loss for v in ends)


def methods_disagree(d: Document, at: Limits) -> Outcome:
    """Attributions of one score that rank columns otherwise, by more than sampling error gives."""
    pairs = [a for a in d.agreement if {a.first, a.second} <= ATTRIBUTIONS and a.spearman is not None]
    if not pairs:
        return not_applicable()
    known = [(a.spearman, a) for a in pairs if a.spearman is not None and (a.ordered or 0) >= ORDERED]
    if not known:
        most = max(a.ordered or 0 for a in pairs)
        return Outcome("not_applicable", "few", {"ordered": most, "least": ORDERED})
    apart = [
        (value, pair)
        for value, pair in known
        if value < at["rank"] and _order(pair) < at["rank"] and not _same_first(d, pair, at["percent"] / 100)
    ]
    value, pair = min(apart or known, key=lambda one: one[0])
    values: dict[str, object] = {"value": value, "threshold": at["rank"]}
    values |= {"first": _reading(pair.first), "second": _reading(pair.second)}
    values |= {"ordered": pair.ordered, "opposed": pair.opposed}
    if value < at["rank"] and not apart:
        if _order(pair) >= at["rank"]:
            return Outcome("cleared", "cleared_error", values)
        return Outcome("cleared", "cleared_first", {**values, "percent": 100 * (pair.overlap or 0.0), "top": pair.top})
    return either(bool(apart), **values)


def _order(pair: Agreement) -> float:
    """Kendall's rank correlation over the pairs of columns whose order is significant under both readings."""
    ordered = pair.ordered or 0
    return (ordered - 2 * (pair.opposed or 0)) / max(ordered, 1)


def _same_first(d: Document, pair: Agreement, shared: float) -> bool:
    """The first columns are much the same, of many: then it is columns of no weight that are ranked otherwise."""
    return len(d.importance.columns) > 2 * pair.top and (pair.overlap or 0.0) > shared


def _reading(name: str) -> str:
    return name.removeprefix("network.").replace("_", " ")


def unstable_ranking(d: Document, at: Limits) -> Outcome:
    """Of the first places of the Shapley ranking, those that the next one may take; the worst output."""
    if d.shapley is None or not d.shapley.columns:
        return not_applicable()
    outputs, top = dict.fromkeys(row.output for row in d.shapley.columns), int(at["top"])
    worst = max(
        sum(row.network_tied for row in [r for r in d.shapley.columns if r.output == output][:top])
        for output in outputs
    )
    return either(worst >= at["tied"], count=worst, top=top, rows=d.shapley.rows)


def interaction_only(d: Document, at: Limits) -> Outcome:
    """Pairs that the network uses together, of columns that neither a coefficient nor a correlation shows."""
    if d.interactions is None or not d.interactions.pairs or d.table is None:
        return not_applicable()
    hidden = {c.column for c in d.table.columns if not c.target and _weak_alone(d, c.column, at)}
    found = [
        (row.first, row.second, row.share.value)
        for row in d.interactions.pairs
        if above(row.share, at["percent"] / 100) and {row.first, row.second} <= hidden
    ]
    if not found:
        passed = cleared(pairs=len(d.interactions.pairs), hidden=len(hidden))
        return _seen(
            passed, "variance", at["percent"] / 100, [r.share for r in d.interactions.pairs], d.interactions.rows, 1.0
        )
    names = list(dict.fromkeys(f"{first} × {second}" for first, second, _ in found))
    return raised(pairs=names, percent=100 * max(share or 0.0 for *_, share in found))


def _weak_alone(d: Document, column: str, at: Limits) -> bool:
    tests = [t.p for t in d.coefficients.tests if t.column == column and t.p is not None]
    if not tests or min(tests) * len(tests) <= at["p"] or d.table is None:
        return False
    one = next(c for c in d.table.columns if c.column == column)
    weak = at["auc" if d.table.metric == "auc" else "r2"]
    alone = one.held_out if one.held_out.value is not None else one.training
    return alone.value is not None and alone.value < weak and (one.correlation is None or abs(one.correlation) < WEAK)


def suppressor(d: Document, at: Limits) -> Outcome:
    """A number that does not go with the target alone, and does beside the others."""
    known = {c.column: c for c in d.table.columns if c.correlation is not None and not c.target} if d.table else {}
    terms = [t for t in d.coefficients.terms if t.level is None and t.z is not None and t.column in known]
    if not terms:
        return not_applicable()
    found = [
        t
        for t in terms
        if abs(t.z or 0.0) >= at["z"]
        and (known[t.column].p or 0.0) > at["p"]
        and abs(known[t.column].correlation or 0.0) < at["r"]
    ]
    if not found:
        return cleared(count=len(known))
    first = max(found, key=lambda t: abs(t.z or 0.0))
    names = list(dict.fromkeys(t.column for t in found))
    return raised(columns=names, column=first.column, correlation=known[first.column].correlation, z=first.z)


def extrapolates(d: Document, at: Limits) -> Outcome:
    if d.extrapolation is None or not d.extrapolation.columns:
        return not_applicable()
    far = [c for c in d.extrapolation.columns if above(c.change, at["ranges"])]
    first = (far or d.extrapolation.columns)[0]
    values = {"column": first.column, "value": first.change.value, "threshold": at["ranges"]}
    if not far:
        passed = cleared(count=len(d.extrapolation.columns), **values)
        changes = [c.change for c in d.extrapolation.columns]
        return _seen(passed, "ranges", at["ranges"], changes, d.extrapolation.rows)
    return raised(columns=[c.column for c in far], low=first.change.low, high=first.change.high, **values)


def off_support_behaviour(d: Document, at: Limits) -> Outcome:
    part = d.off_support
    if part is None or part.gap.low is None:
        return not_applicable()
    values = {
        "auc": part.auc.value,
        "real": part.real.value,
        "perturbed": part.perturbed.value,
        "gap": part.gap.value,
        "low": part.gap.low,
        "high": part.gap.high,
    }
    limit = max(at["share"] * (part.real.value or 0.0), 1e-12)
    return _seen(either(above(part.gap, limit), **values), "gap", limit, [part.gap], part.rows, 1.0)


def _seen(
    outcome: Outcome, of: str, limit: float, tested: Sequence[Interval], rows: int, most: float = math.inf
) -> Outcome:
    """The pass of a check that asks whether an interval lies above a limit: the effect that it detects in any of those tested."""
    effects = [beyond(limit, part) for part in tested if part.stderr is not None]
    return with_power(outcome, smallest_effect(of, max(effects), rows), most) if effects else outcome
