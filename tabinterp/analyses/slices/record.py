"""Record classes for slices: groups of rows in which the linear model is better or the difference in loss is unusual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tabinterp.analyses.groups.group_names import condition_message
from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Message, Metric, Part, Status, side, within
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import SMALL

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Slice

SHOWN = 12


class SliceRow(Part):
    group: Message
    protected: bool
    rows: int  # at least fifty
    difference: Interval  # difference in loss, network minus linear; false coverage rate of the intervals: 5%
    q: float | None  # p-value of `difference`, Benjamini-Hochberg over all groups
    against_rest: Interval  # `difference` minus the same difference in all other rows
    rest_q: float | None
    status: Status  # comparison of the network with the linear model in this group
    unlike: bool  # whether the interval of `against_rest` excludes zero


class Slices(Part):
    metric: Metric
    margin: float
    rows: int
    smallest: int
    groups: int  # number of groups that were tested
    sentences: list[Message]
    found: list[SliceRow]  # most extreme groups in which the linear model is better, or which differ from other rows
    hidden: int  # number of such groups that are not in `found`

    def check_claims(self, document: Document) -> None:
        """Check that the status of each group follows from its interval, and that no groups are listed if there are no held-out
        rows.
        """
        if self.found and not document.performance.held_out:
            raise DocumentError(
                f"slices.found lists {len(self.found)} groups of rows, but it must be empty, because there are no held-out "
                "rows."
            )
        for index, row in enumerate(self.found):
            place = f"slices.found.{index}"
            if row.rows < SMALL:
                raise DocumentError(f"{place} has {row.rows} rows, but every group must have at least {SMALL} rows.")
            expected: Status = {1: "worse", -1: "better", 0: "not_resolved"}[side(row.difference)]  # type: ignore[assignment]
            if row.status not in ("equivalent", expected):
                raise DocumentError(
                    f"{place}.status is {row.status!r}, but the interval of {place}.difference implies {expected!r}."
                )
            if row.status == "equivalent" and not within(row.difference, self.margin):
                raise DocumentError(
                    f"{place}.status is 'equivalent', but the interval of {place}.difference is not within the margin."
                )
            if row.unlike != (side(row.against_rest) != 0):
                raise DocumentError(
                    f"{place}.unlike is {str(row.unlike).lower()}, but the interval of {place}.against_rest implies "
                    f"{str(not row.unlike).lower()}."
                )

    def sentences_follow(self, document: Document) -> bool:
        """Return whether the sentences about groups are consistent with the listed groups and the number of unlisted groups."""
        counts: Any = {name: self.sentences[0].values.get(name, 0) for name in ("better", "worse", "unlike")}
        shown = {name: sum(row.status == name for row in self.found) for name in ("better", "worse")}
        shown["unlike"] = sum(row.unlike for row in self.found)
        possible = all(shown[name] <= counts[name] <= self.groups for name in counts)
        if not self.hidden:
            possible &= all(counts[name] == shown[name] for name in ("worse", "unlike"))
        return possible and self.sentences == slices_sentences(self, counts, document.linear.name)

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("slices", "both", self.rows, evaluated(document))


def build(r: Results) -> Slices | None:
    """Return the record of slices that favour the linear model or have an unusual difference in loss; None if not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    notable = [slice_ for slice_ in result.slices if slice_.status == "worse" or slice_.unlike]
    part = fill(
        Slices,
        result,
        metric=result.loss,
        groups=len(result.slices),
        sentences=[],
        found=[_row(slice_) for slice_ in _extremes(notable)],
        hidden=max(0, len(notable) - SHOWN),
    )
    counts = {status: sum(slice_.status == status for slice_ in result.slices) for status in ("better", "worse")}
    counts["unlike"] = sum(slice_.unlike for slice_ in result.slices)
    return part.model_copy(update={"sentences": slices_sentences(part, counts, r.linear.model.name)})


def slices_sentences(part: Slices, counts: Mapping[str, int], linear: str) -> list[Message]:
    """Return a sentence that counts groups by result, and a sentence on the listed group that most favours the linear model."""
    counted = {"groups": part.groups, "smallest": part.smallest}
    if not part.groups:
        return [Message(key="slices.few", values=counted)]
    values = {**counted, **counts, "linear": linear, "margin": part.margin}
    sentences = [Message(key="slices.found" if any(counts.values()) else "slices.none", values=values)]
    worst = next((row for row in part.found if row.status == "worse"), None)
    if worst is not None:
        gap = worst.difference
        values = {"linear": linear, "value": gap.value, "low": gap.low, "high": gap.high, "rows": worst.rows}
        sentences.append(
            Message(key=f"slices.worst.{worst.group.key.removeprefix('group.')}", values=values | worst.group.values)
        )
    return sentences


def _extremes(slices: list[Slice]) -> list[Slice]:
    """Return the first and the last groups in a list that is sorted by the difference in loss."""
    if len(slices) <= SHOWN:
        return slices
    return [*slices[: SHOWN // 2], *slices[-(SHOWN - SHOWN // 2) :]]


def _row(slice_: Slice) -> SliceRow:
    return fill(SliceRow, slice_, group=condition_message(slice_.group), protected=slice_.group.protected)
