"""Are groups of rows treated alike, is the network weak in one of them, and does it keep what was declared?"""

from __future__ import annotations

from typing import Literal

from ..report.document import Document, Interval, Message, Power
from ..report.grouped import ConstraintRow, GroupRow, HeldPart, ProxyPart, Treated, WeakPart
from .outcome import Limits, Outcome, above, cleared, not_applicable, raised
from .power import beyond, share_beyond, smallest_effect, with_power

FIFTHS = 0.8  # a rule of thumb of United States employment guidelines
PROXY_AUC, PROXY_R2 = 0.7, 0.3
EXCESS, BEYOND = 0.05, 0.1  # of what knowing nothing costs
AGAINST = 0.01  # share of rows against a declared direction
NOISY = (
    0.15  # share of lists of reasons that another seed changes: one in eight where the fourth of them weighs nothing
)
UNLIKE = 0.5  # Jaccard index of lists from the two references: half of what they name is not common


def disparate_impact(d: Document, at: Limits) -> Outcome:
    """Ratio of a group's selection rate to that of its control group: the whole interval below four fifths, or above five
    fourths."""
    table = d.groups.table if d.groups is not None else None
    known = [row for row in (table.columns + table.pairs if table else []) if _known(_ratio(row))]
    if table is None or not known:
        return not_applicable() if d.data.task == "binary" else not_applicable("not_applicable_task")
    found = [row for row in known if _apart(row.network, at["ratio"])]
    first = min(
        found or known, key=lambda row: (len(row.group), _ratio(row).value is None, _surely(_ratio(row)))
    )  # of one column, where there is one
    part = _ratio(first)
    values = {"group": _name(first.group), "ratio": part.value, "low": part.low, "high": part.high, "of": len(known)}
    values |= {"count": len(found), "also": sum(_apart(row.linear, at["ratio"]) for row in found)}
    status: Literal["raised", "cleared"] = "raised" if found else "cleared"
    end = "" if part.value is not None else "_at_most" if part.high is not None else "_at_least"
    return Outcome(status, status + end, {name: value for name, value in values.items() if value is not None})


def _known(part: Interval) -> bool:
    """Of a ratio made by fewer than ten rows there is one end."""
    return part.low is not None or part.high is not None


def _ratio(row: GroupRow) -> Interval:
    return Interval() if row.network is None else row.network.ratio


def _surely(ratio: Interval) -> float:
    """The smaller rate over the larger one at the end of the interval that is nearer to one: small groups come last."""
    if ratio.high is not None and ratio.high < 1:
        return ratio.high
    return 1 / ratio.low if ratio.low is not None and ratio.low > 1 else 1.0


def _apart(one: Treated | None, limit: float) -> bool:
    part = Interval() if one is None else one.ratio
    return (part.high is not None and part.high < limit) or (part.low is not None and part.low * limit > 1)


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
            smallest_effect("share", share_beyond(at["percent"] / 100, table.rows), table.rows) if directed else None,
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
    seen = smallest_effect("share", share_beyond(at["percent"] / 100, rows_read), rows_read) if rows_read else None
    return raised(**values) if noisy or unlike else with_power(cleared(**values), seen, 1.0)


def _amount(part: Interval, scale: float = 1) -> float | Message | None:
    """A number, or its one end where too few rows make it."""
    ends = {"exact": part.value, "at_most": part.high, "at_least": part.low}
    way, value = next(((way, value) for way, value in ends.items() if value is not None), ("exact", None))
    if value is None or way == "exact":
        return None if value is None else scale * value
    return Message(key=f"amount.{way}", values={"value": scale * value})
