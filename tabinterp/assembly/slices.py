"""Groups in which one model is much better, in words and as a table of those that were found."""

from __future__ import annotations

from ..comparison.slices import Group, Slice, Slices
from ..report import sliced as parts
from ..report.document import Message
from .results import Results, interval, number

SHOWN = 12
NAMED = 3


def slices(r: Results) -> parts.Slices | None:
    if r.slices is None:
        return None
    found = r.slices
    notable = [one for one in found.slices if one.status == "worse" or one.unlike]
    return parts.Slices(
        metric=found.loss,
        margin=found.margin,
        rows=found.rows,
        smallest=found.smallest,
        groups=len(found.slices),
        sentences=_sentences(found, r.linear.model.name),
        found=[_row(one) for one in _extremes(notable)],
        hidden=max(0, len(notable) - SHOWN),
    )


def _extremes(found: list[Slice]) -> list[Slice]:
    """From both ends of the order, which is by difference."""
    if len(found) <= SHOWN:
        return found
    return [*found[: SHOWN // 2], *found[-(SHOWN - SHOWN // 2) :]]


def _sentences(found: Slices, linear: str) -> list[Message]:
    counted = {"groups": len(found.slices), "smallest": found.smallest}
    if not found.slices:
        return [Message(key="slices.few", values=counted)]
    worse = [one for one in found.slices if one.status == "worse"]
    better = sum(one.status == "better" for one in found.slices)
    unlike = sum(one.unlike for one in found.slices)
    values = counted | {
        "better": better,
        "worse": len(worse),
        "linear": linear,
        "margin": found.margin,
        "unlike": unlike,
    }
    told = [Message(key="slices.found" if better or worse or unlike else "slices.none", values=values)]
    if worse:
        name = worse[0].difference
        values = {"linear": linear, "value": name[0], "low": name[2], "high": name[3], "rows": worse[0].rows}
        told.append(Message(key=f"slices.worst.{worse[0].group.kind}", values=values | _named(worse[0].group)))
    return told


def _named(group: Group) -> dict[str, str | float]:
    found = {"column": group.column, "level": group.level, "low_end": group.low, "high_end": group.high}
    return {name: value for name, value in found.items() if value is not None}


def _row(one: Slice) -> parts.SliceRow:
    return parts.SliceRow(
        group=Message(key=f"group.{one.group.kind}", values=_named(one.group)),
        protected=one.group.protected,
        rows=one.rows,
        difference=interval(*one.difference),
        q=number(one.q),
        against_rest=interval(*one.against_rest),
        rest_q=number(one.rest_q),
        status=one.status,
        unlike=one.unlike,
    )
