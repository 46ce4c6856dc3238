"""Groups in which one model is much better, in words and as a table of those that were found."""

from __future__ import annotations

from collections.abc import Mapping

from tabinterp.analyses.results import Results, interval, number
from tabinterp.document.document import Message

from . import types as parts
from .estimator import Group, Slice

SHOWN = 12
NAMED = 3


def slices(r: Results) -> parts.Slices | None:
    if r.slices is None:
        return None
    found = r.slices
    notable = [one for one in found.slices if one.status == "worse" or one.unlike]
    part = parts.Slices(
        metric=found.loss,
        margin=found.margin,
        rows=found.rows,
        smallest=found.smallest,
        groups=len(found.slices),
        sentences=[],
        found=[_row(one) for one in _extremes(notable)],
        hidden=max(0, len(notable) - SHOWN),
    )
    counts = {status: sum(one.status == status for one in found.slices) for status in ("better", "worse")}
    counts["unlike"] = sum(one.unlike for one in found.slices)
    return part.model_copy(update={"sentences": slices_sentences(part, counts, r.linear.model.name)})


def slices_sentences(part: parts.Slices, counts: Mapping[str, int], linear: str) -> list[Message]:
    """Return how many groups are better, worse and unlike the others, and the worst of those that are shown."""
    counted = {"groups": part.groups, "smallest": part.smallest}
    if not part.groups:
        return [Message(key="slices.few", values=counted)]
    values = {**counted, **counts, "linear": linear, "margin": part.margin}
    told = [Message(key="slices.found" if any(counts.values()) else "slices.none", values=values)]
    worst = next((row for row in part.found if row.status == "worse"), None)
    if worst is not None:
        gap = worst.difference
        values = {"linear": linear, "value": gap.value, "low": gap.low, "high": gap.high, "rows": worst.rows}
        told.append(
            Message(key=f"slices.worst.{worst.group.key.removeprefix('group.')}", values=values | worst.group.values)
        )
    return told


def _extremes(found: list[Slice]) -> list[Slice]:
    """From both ends of the order, which is by difference."""
    if len(found) <= SHOWN:
        return found
    return [*found[: SHOWN // 2], *found[-(SHOWN - SHOWN // 2) :]]


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
