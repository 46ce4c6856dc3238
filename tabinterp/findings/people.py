"""Are groups of rows treated alike, is the network weak in one of them, and does it keep what was declared?"""

from __future__ import annotations

from typing import Literal

from tabinterp.analyses.groups.types import ConstraintRow, HeldPart, ImpactPair, ImpactRow, ProxyPart, WeakPart
from tabinterp.document.document import Document, Interval, Message, Power

from .outcome import Limits, Outcome, above, cleared, not_applicable, raised
from .power import beyond, of_counts, share_beyond, smallest_effect, with_power

FIFTHS = 0.8  # a rule of thumb of United States employment guidelines; withheld groups are judged at it by the audit
PROXY_AUC, PROXY_R2 = 0.7, 0.3
EXCESS, BEYOND = 0.05, 0.1  # of what knowing nothing costs
AGAINST = 0.01  # share of rows against a declared direction
NOISY = (
    0.15  # share of lists of reasons that another seed changes: one in eight where the fourth of them weighs nothing
)
UNLIKE = 0.5  # Jaccard index of lists from the two references: half of what they name is not common


def disparate_impact(d: Document, at: Limits) -> Outcome:
    """Ratio of the least to the most selected group of a column: its interval over all pairs of groups below the limit, or the
    flag of a group whose share is withheld."""
    table = d.groups.table if d.groups is not None else None
    part = table.impact if table is not None else None
    if part is None or d.data.adverse is None:
        way = "_task" if d.data.task != "binary" else "" if table is None else "_adverse"
        return not_applicable(f"not_applicable{way}")
    known = [row for row in part.network if row.headline is not None or row.withheld in ("raised", "not_raised")]
    if not known:
        return not_applicable("not_applicable_few")
    found = [row for row in known if _far(row, at["ratio"], part.limit)]
    values: dict[str, object] = {"limit": at["ratio"], "adverse": d.data.adverse, "compared": part.compared}
    values |= {"of": len(known), "count": len(found)}
    values["also"] = sum(_far(row, at["ratio"], part.limit) for row in part.linear)
    status: Literal["raised", "cleared"] = "raised" if found else "cleared"
    told = [pair for row in known if (pair := _told_pair(row, at["ratio"])) is not None]
    told = [pair for pair in told if (_below(pair, at["ratio"]) if found else pair.detectable is not None)]
    if not found and not told and all(row.withheld not in ("raised", "not_raised") for row in known):
        return not_applicable("not_applicable_power")
    if not told:
        columns = list(dict.fromkeys(column for row in found or known for column in row.columns))
        return Outcome(status, f"{status}_withheld", values | {"columns": columns, "limit": part.limit})
    pair = min(told, key=lambda pair: (len(pair.least), (pair.high if found else pair.ratio.value) or 0.0))
    values |= {"least": _name(pair.least), "most": _name(pair.most), "ratio": pair.ratio.value}
    values |= {"low": pair.ratio.low, "high": pair.ratio.high}
    return Outcome(status, status, values if found else values | {"detectable": pair.detectable})


def _told_pair(row: ImpactRow, limit: float) -> ImpactPair | None:
    """The least and the most selected group of a column; the surest pair where it alone lies below the limit."""
    return row.surest if _below(row.surest, limit) and not _below(row.headline, limit) else row.headline


def _below(pair: ImpactPair | None, limit: float) -> bool:
    return pair is not None and pair.high is not None and pair.high < limit


def _far(row: ImpactRow, limit: float, judged_at: float) -> bool:
    """A flag that was raised at one limit holds at every limit above it, and says nothing of those below."""
    return _below(row.surest, limit) or (row.withheld == "raised" and limit >= judged_at)


def _name(group: list[Message]) -> Message:
    """A group of one column or two as a name among the values of a sentence."""
    return group[0] if len(group) == 1 else Message(key="group.both", values={"first": group[0], "second": group[1]})


def proxy(d: Document, at: Limits) -> Outcome:
    """A column that tells a protected one that is no input, and on which the gap between its groups rests."""
    known = d.groups.proxies if d.groups is not None else []
    if not known:
        return not_applicable()
    found = [(one, columns) for one in known if (columns := _carrying(one, at))]
    if not found:
        best = max(known, key=lambda one: _best(one).value or 0.0)
        passed = Outcome("cleared", f"cleared_{best.metric}", {"protected": best.column, "value": _best(best).value})
        probed = [p.power for p in best.probes if p.place == "column" and p.power.stderr is not None]
        effects = [beyond(at[best.metric], part) for part in probed]
        seen = smallest_effect(best.metric, max(effects), best.rows) if effects else None
        return with_power(passed, seen, 1.0)
    one, columns = max(found, key=lambda pair: _best(pair[0]).value or 0.0)
    power, gap = _best(one), one.network
    moved = next(row for row in gap.ablated if row.columns == [columns[0]]) if gap is not None else None
    values = {"protected": one.column, "column": columns[0], "columns": columns, "value": power.value, "low": power.low}
    if gap is not None and moved is not None:
        values |= {"high": power.high, "gap": gap.gap.value, "left": moved.left.value, "loss": moved.loss.value}
        values["change"] = moved.gap.value
    held = "_held_back" if gap is not None and gap.gap.value is None else ""
    return Outcome("raised", f"raised_{one.metric}{held}", {k: v for k, v in values.items() if v is not None})


def _best(one: ProxyPart) -> Interval:
    return max((p.power for p in one.probes if p.place == "column"), key=lambda p: p.value or 0.0, default=Interval())


def _carrying(one: ProxyPart, at: Limits) -> list[str]:
    """Columns that tell it well, without which the network's gap is smaller."""
    strong = {p.name for p in one.probes if p.place == "column" and above(p.power, at[one.metric])}
    rows = [] if one.network is None else one.network.ablated
    return [r.columns[0] for r in rows if len(r.columns) == 1 and r.columns[0] in strong and (r.gap.high or 0.0) < 0]


def weak_subgroup(d: Document, at: Limits) -> Outcome:
    """A group whose loss is above its own noise: above what the network's probabilities let expect, or what trees lose there."""
    part = d.groups.weak if d.groups is not None else None
    if part is None:
        return not_applicable()
    if not part.found:
        return not_applicable("few")
    counted: dict[str, object] = {"searched": part.searched, "tested": len(part.found)}
    above_noise = [
        (key, row, size)
        for key, name in (("raised", "beyond"), ("raised_sure", "excess"))
        for row in part.found
        if above(size := getattr(row, name), at[name] / 100 * part.null)
    ]
    if not above_noise:
        return with_power(cleared(**counted), _least_excess(part, at), part.null)
    key, row, size = max(above_noise, key=lambda one: one[2].value or 0.0)
    values = counted | {"group": _name(row.group), "rows": row.rows, "loss": row.loss, "rest": row.rest}
    values |= {"value": size.value, "low": size.low, "high": size.high}
    return Outcome("raised", key, values | {"count": len({str(row.group) for _, row, _ in above_noise})})


def _least_excess(part: WeakPart, at: Limits) -> Power | None:
    """Of the group in which the least could be detected; intervals are of the level that all groups together ask for."""
    tested = [
        (beyond(at[name] / 100 * part.null, size), row.rows)
        for name in ("beyond", "excess")
        for row in part.found
        if (size := getattr(row, name)).stderr is not None
    ]
    return smallest_effect("loss", *min(tested)) if tested else None


def constraint_violated(d: Document, at: Limits) -> Outcome:
    table = d.groups.constraints if d.groups is not None else None
    if table is None or not table.columns:
        return not_applicable()
    wrong = [row for row in table.columns if _against(row.network, at)]
    outside = [row for row in table.columns if row.outside or row.few_outside]
    names = [row.column for row in table.columns if row in wrong or row in outside]
    if not names:
        passed = cleared(count=len(table.columns))
        directed = any(row.network is not None for row in table.columns)
        return with_power(
            passed,
            of_counts(d, "share", share_beyond(at["percent"] / 100, table.rows), table.rows) if directed else None,
        )
    if not wrong:
        return Outcome("raised", "raised_domain", {"columns": names, "rows": sum(row.outside or 0 for row in outside)})
    first = max(wrong, key=_percent)
    values: dict[str, object] = {
        "columns": names,
        "column": first.column,
        "percent": _percent(first),
        "direction": first.direction,
    }
    return Outcome(
        "raised", "raised", values | {"linear": sum(_against(row.linear, at) for row in wrong), "count": len(wrong)}
    )


def _percent(row: ConstraintRow) -> float:
    return 0.0 if row.network is None else 100 * (row.network.share.value or 0.0)


def _against(held: HeldPart | None, at: Limits) -> bool:
    """More rows against the direction than a few, or a fall of the curve, beyond their errors."""
    return held is not None and (above(held.share, at["percent"] / 100) or above(held.fall, 1e-12))


def reason_codes_unstable(d: Document, at: Limits) -> Outcome:
    """Lists of reasons that the estimator's own noise changes, or of which the two customary references name others."""
    if d.data.task == "binary" and d.data.adverse is None and d.reasons is None:
        return not_applicable("not_applicable_adverse")
    rows = {row.of: row for row in (d.reasons.alike if d.reasons is not None else [])}
    seed, reference = rows.get("seed"), rows.get("reference")
    changed = Interval() if seed is None else seed.changed
    alike = Interval() if reference is None else reference.jaccard
    if changed.low is None and changed.high is None and alike.low is None and alike.high is None:
        return not_applicable()
    noisy = above(changed, at["percent"] / 100)
    unlike = alike.high is not None and alike.high <= at["jaccard"]
    rows_read = d.reasons.rows if d.reasons else 0
    values = {"changed": _amount(changed, 100), "alike": _amount(alike), "rows": rows_read}
    seen = of_counts(d, "share", share_beyond(at["percent"] / 100, rows_read), rows_read) if rows_read else None
    return raised(**values) if noisy or unlike else with_power(cleared(**values), seen, 1.0)


def _amount(part: Interval, scale: float = 1) -> float | Message | None:
    """A number, or its one end where too few rows make it."""
    ends = {"exact": part.value, "at_most": part.high, "at_least": part.low}
    way, value = next(((way, value) for way, value in ends.items() if value is not None), ("exact", None))
    if value is None or way == "exact":
        return None if value is None else scale * value
    return Message(key=f"amount.{way}", values={"value": scale * value})
