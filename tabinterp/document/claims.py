"""Validation of the claims in a document: every flag of significance must follow from its interval.

An audit can be saved, edited and rendered again. A report is refused rather than let a sentence or a flag say more than
the numbers next to it.
"""

from __future__ import annotations

from tabinterp.analyses.coefficients.record import LINEAR_R2
from tabinterp.analyses.disagreement.record import Disagreement
from tabinterp.analyses.groups.record import FittedRow, GroupRow, Groups
from tabinterp.analyses.hidden_units.record import Inside
from tabinterp.analyses.ladder.record import Gain, Ladder
from tabinterp.analyses.maximisation.record import Optimum
from tabinterp.analyses.performance.record import Judged, Verdict
from tabinterp.analyses.slices.record import Slices
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import SMALL

from .document import Document, Interval, Message, MetricRow, Status

HIGHER_IS_BETTER = {
    "auc", "average_precision", "macro_auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "r2",
}  # fmt: skip
CHANCE = 0.5
BEHIND: dict[Status, Status] = {"worse": "better", "better": "worse"}  # what a refit's place says of the network
REACHED: dict[str, Status] = {"reached": "equivalent", "better": "better"}


def check(document: Document) -> None:
    """Raise `DocumentError` at the first claim that its own interval does not support."""
    _sentence(document.verdict)
    _verdict(document)
    for index, row in enumerate(document.performance.metrics):
        _metric(row, f"performance.metrics.{index}")
    for index, term in enumerate(document.coefficients.terms):
        sides = side(term.linear) * side(term.network)
        if term.conflict and sides >= 0:
            raise DocumentError(
                f"coefficients.terms.{index}.conflict: true, but the two intervals are not on opposite sides of "
                "zero. Allowed: false."
            )
    if document.judged is not None:
        _judged(document.judged, document)
    _lines(document)
    if document.gain is not None:
        _gain(document.gain)
    if document.disagreement is not None:
        _disagreement(document.disagreement)
    if document.slices is not None:
        _slices(document.slices, document.performance.held_out)
    ladder = None if document.gain is None else document.gain.ladder
    if (
        ladder is not None
        and not document.performance.held_out
        and any(r.status != "not_resolved" for r in ladder.rungs[:-1])
    ):
        raise DocumentError(
            "gain.ladder: the refits have a status, although there are no held-out rows. Allowed: 'not_resolved'."
        )
    if document.groups is not None:
        _groups(document.groups)
    if document.inside is not None:
        _inside(document.inside)
    _linear(document)
    told = [line.key for line in document.verdict.lines if line.key.startswith("ladder.")]
    if told and (ladder is None or ladder.gain != "better"):
        raise DocumentError(
            f"verdict.lines: {told[0]!r} requires a significant gain. Allowed: only where gain.ladder.gain is 'better'."
        )


def _linear(document: Document) -> None:
    """Check that a network is only called linear if it is, or if a linear surrogate explains it."""
    keys = {line.key for line in document.verdict.lines}
    one_value = document.verdict.status == "not_resolved" and (
        document.verdict.margin_given or not document.verdict.margin
    )
    if "verdict.one_value" in keys and not one_value:
        raise DocumentError(
            "verdict.lines: 'verdict.one_value' is only allowed if the verdict is 'not_resolved' and the margin "
            "is 0 or was given."
        )
    if "verdict.linear.exact" in keys and not document.network.linear:
        raise DocumentError("verdict.lines: 'verdict.linear.exact', but the network is not linear. Allowed: none.")
    shares = [row.r2 for row in document.coefficients.surrogates]
    if "verdict.linear.score" in keys and not (shares and all(r2 is not None and r2 >= LINEAR_R2 for r2 in shares)):
        raise DocumentError(
            f"verdict.lines: 'verdict.linear.score', but a linear surrogate explains less than {LINEAR_R2} of the "
            "variance of a score. Allowed: none."
        )


def _inside(part: Inside) -> None:
    """Check that an optimum is only marked as plausible if its oddness allows it."""
    for i, card in enumerate(part.cards):
        for name in ("optimum", "lowest"):
            found = getattr(card, name)
            if found is not None:
                _optimum(f"cards.{i}.{name}", found, part.far)
        for j, point in enumerate(card.path):
            _readable(f"cards.{i}.path.{j}", point.oddness, point.unreadable, part.far)
        if card.plausible is not None:
            _readable(f"cards.{i}.plausible", card.plausible.oddness, False, part.far)
    for i, one in enumerate(part.outputs):
        _optimum(f"outputs.{i}.optimum", one.optimum, part.far)


def _optimum(place: str, found: Optimum, far: float) -> None:
    _readable(place, found.oddness, found.unreadable, far)
    if found.unreadable != bool(found.beyond):
        raise DocumentError(
            f"inside.{place}: unreadable is {str(found.unreadable).lower()}, but {len(found.beyond)} measures are "
            "beyond their limit. Allowed: true with at least one such measure, false with none."
        )


def _readable(place: str, oddness: float, unreadable: bool, far: float) -> None:
    if unreadable != (oddness >= far):
        raise DocumentError(
            f"inside.{place}: unreadable is {str(unreadable).lower()}, but the oddness is {oddness:.4g}. Allowed: "
            f"true from {far:.4g} upwards, false below."
        )


def side(part: Interval) -> int:
    """Return on which side of zero the whole interval lies; 0 if it includes zero or does not exist."""
    if part.low is None or part.high is None:
        return 0
    return int(part.low > 0) - int(part.high < 0)


def _sentence(verdict: Verdict) -> None:
    allowed = f"verdict.{verdict.status}"
    if verdict.sentence.key != allowed and not verdict.sentence.key.startswith(f"{allowed}."):
        raise DocumentError(
            f"verdict.sentence: the key {verdict.sentence.key!r} does not match the status {verdict.status!r}. "
            f"Allowed: {allowed!r}."
        )


def _verdict(document: Document) -> None:
    verdict = document.verdict
    if verdict.status != "not_assessed" and not document.performance.held_out:
        raise DocumentError(
            f"verdict.status: {verdict.status!r}, although there are no held-out rows. Allowed: 'not_assessed', "
            "because the network may have been trained on the rows."
        )
    better = side(verdict.difference) * (1 if verdict.metric in HIGHER_IS_BETTER else -1)
    if (verdict.status == "better" and better <= 0) or (verdict.status == "worse" and better >= 0):
        raise DocumentError(
            f"verdict.status: {verdict.status!r}, but the interval of verdict.difference is not on that side of "
            "zero. Allowed: 'not_resolved', or 'equivalent' within the margin."
        )
    if verdict.status == "equivalent" and not _within(verdict.difference, verdict.margin):
        raise DocumentError(
            "verdict.status: 'equivalent', but the interval of verdict.difference is not within verdict.margin "
            f"({verdict.margin}). Allowed: 'not_resolved'."
        )


def _judged(part: Judged, document: Document) -> None:
    """Check that every other flag follows from its interval, the verdict's margin and held-out rows."""
    rows = {f"classes.{i}.row": one.row for i, one in enumerate(part.classes)}
    statuses: dict[str, tuple[Status, Interval]] = {}
    if part.decisions is not None and part.decisions.policy is not None:
        rows |= {f"decisions.policy.metrics.{i}": row for i, row in enumerate(part.decisions.policy.metrics)}
    if part.recalibration is not None:
        rows["recalibration.row"] = part.recalibration.row
        statuses["recalibration"] = part.recalibration.status, part.recalibration.row.difference
    if part.reference is not None:
        statuses["reference"] = part.reference.status, part.reference.difference
    for place, row in rows.items():
        _metric(row, f"judged.{place}")
    for place, (status, difference) in statuses.items():
        expected = status_of(difference, document.verdict.margin or 0.0)
        if not document.performance.held_out or status != expected:
            raise DocumentError(
                f"judged.{place}.status: {status!r}, but its interval and the margin imply {expected!r}, and "
                "held-out rows are required."
            )


def _lines(document: Document) -> None:
    """Check that the sentences below the verdict follow from the document."""
    part, verdict = document.judged, document.verdict
    told: dict[str, str | None] = {"rows_needed": None, "recalibrated": None, "cost": None, "reference": None}
    if verdict.status == "not_resolved" and verdict.rows_needed is not None:
        told["rows_needed"] = ""
    if part is not None and part.recalibration is not None and part.recalibration.status != verdict.status:
        told["recalibrated"] = f".{part.recalibration.status}"
    if part is not None and part.decisions is not None and part.decisions.policy is not None:
        told["cost"] = f".{part.decisions.policy.metrics[0].resolved}"
    if part is not None and part.reference is not None:
        told["reference"] = f".{part.reference.status}"
    told |= {"gap": f".{verdict.metric}.{_gap(verdict.difference)}", "others": _others(document)}
    for line in verdict.lines:
        if line.key == "verdict.only_network":
            _only_network(line, document)
        _, _, rest = line.key.partition("verdict.")
        name, dot, end = rest.partition(".")
        if name in told and f"{dot}{end}" != told[name]:
            raise DocumentError(
                f"verdict.lines: {line.key!r} does not match the numbers in the document. Allowed: {told[name]!r}."
            )


def _gap(part: Interval) -> str:
    """Return the allowed sentence on the difference in the primary metric."""
    if part.low is None or part.high is None:
        return "few"
    return {1: "higher", 0: "open", -1: "lower"}[side(part)]


def _others(document: Document) -> str | None:
    """Return the allowed sentence on the other metrics; R2 repeats the squared error."""
    found = {row.resolved for row in document.performance.metrics[1:] if row.metric != "r2"}
    if len(found) != 1:
        return ".mixed" if found else None
    return {"better": ".better", "worse": ".worse"}.get(next(iter(found)), ".open")


def _only_network(line: Message, document: Document) -> None:
    """Check that a column "only the network uses" is significant for the network, not for the linear model, and in the
    difference.
    """
    rows = {row.column: row for row in document.importance.columns}
    columns = line.values.get("columns")
    for name in columns if isinstance(columns, list) else [columns]:
        row = rows.get(str(name))
        if row is None or not (side(row.network) > 0 >= side(row.linear) and side(row.difference) > 0):
            raise DocumentError(
                f"verdict.lines: 'verdict.only_network' names {name!r}, which is not significant for the network "
                "only. Allowed: columns whose importance is significant for the network, not for the linear "
                "model, and in the difference."
            )


def _within(part: Interval, margin: float | None) -> bool:
    if margin is None or part.low is None or part.high is None:
        return False
    return -margin <= part.low and part.high <= margin


def _metric(row: MetricRow, place: str) -> None:
    if row.higher_is_better != (row.metric in HIGHER_IS_BETTER):
        raise DocumentError(
            f"{place}.higher_is_better: {str(row.higher_is_better).lower()} for {row.metric}. "
            f"Allowed: {str(not row.higher_is_better).lower()}."
        )
    better = side(row.difference) * (1 if row.higher_is_better else -1)
    expected = {1: "better", 0: "no", -1: "worse"}[better]
    if row.resolved != expected:
        raise DocumentError(
            f"{place}.resolved: {row.resolved!r}, but the interval of the difference in {row.metric} implies "
            f"{expected!r}."
        )


def _gain(gain: Gain) -> None:
    """Check that the gain is only decomposed if it is significant, and that the status of each refit follows from its
    interval.
    """
    ladder = gain.ladder
    if ladder is not None:
        _ladder(ladder)
    resolved = ladder is not None and ladder.gain == "better"
    if gain.recovery is not None:
        _recovery(gain.recovery.key, ladder)
    if gain.agreement is not None and not resolved and gain.agreement.key != "gain.no_gain":
        raise DocumentError(
            f"gain.agreement: {gain.agreement.key!r} requires a significant gain. Allowed: 'gain.no_gain'."
        )


def _ladder(ladder: Ladder) -> None:
    for index, rung in enumerate(ladder.rungs):
        place = f"gain.ladder.rungs.{index}"
        if rung.status is not None and rung.status != (placed := status_of(rung.against_network, ladder.margin)):
            raise DocumentError(f"{place}.status: {rung.status!r}, but its interval and the margin imply {placed!r}.")
        if ladder.gain != "better" and rung.recovered.value is not None:
            raise DocumentError(f"{place}.recovered: a share is given, but the gain is not significant. Allowed: null.")
    linear = next((rung.status for rung in ladder.rungs if rung.rung == "linear"), None)
    expected = None if linear is None else BEHIND.get(linear, linear)
    if ladder.gain != expected:
        raise DocumentError(
            f"gain.ladder.gain: {ladder.gain!r}, but the linear model in the ladder implies {expected!r}."
        )


def status_of(part: Interval, margin: float) -> Status:
    """Return the status of the first model from the interval of a difference in loss (first minus second)."""
    if not margin > 0:
        return "not_resolved"
    if part.low is not None and part.high is not None and -margin < part.low and part.high < margin:
        return "equivalent"
    return {1: "worse", -1: "better", 0: "not_resolved"}[side(part)]  # type: ignore[return-value]


def _recovery(key: str, ladder: Ladder | None) -> None:
    _, name, told, *shared = key.split(".")
    status = None if ladder is None else next((r.status for r in ladder.rungs if r.rung == name), None)
    if told in REACHED and status != REACHED[told]:
        raise DocumentError(
            f"gain.recovery: {key!r}, but the status of that model is {status!r}. Allowed: {REACHED[told]!r}."
        )
    if shared and (ladder is None or ladder.gain != "better"):
        raise DocumentError(f"gain.recovery: {key!r} requires a significant gain. Allowed: a sentence without a share.")


def _disagreement(part: Disagreement) -> None:
    apart = bool(part.leaves) or any(told.key == "disagreement.tree.apart" for told in part.sentences)
    if apart and not (part.auc.low is not None and part.auc.low > CHANCE):
        raise DocumentError(
            "disagreement: rules are given, but the AUC of the tree is not above chance. Allowed: none."
        )
    if any(leaf.rows < SMALL for leaf in part.leaves):
        raise DocumentError(f"disagreement.leaves: a leaf has fewer than {SMALL} rows. Allowed: none.")


def _slices(part: Slices, held_out: bool) -> None:
    """Check that the status of each group follows from its interval, on held-out rows."""
    if part.found and not held_out:
        raise DocumentError("slices.found: groups are compared, although there are no held-out rows. Allowed: none.")
    for index, row in enumerate(part.found):
        place = f"slices.found.{index}"
        if row.rows < SMALL:
            raise DocumentError(f"{place}: a group has fewer than {SMALL} rows. Allowed: none.")
        expected: Status = {1: "worse", -1: "better", 0: "not_resolved"}[side(row.difference)]  # type: ignore[assignment]
        if row.status not in ("equivalent", expected):
            raise DocumentError(f"{place}.status: {row.status!r}, but its interval implies {expected!r}.")
        if row.status == "equivalent" and not _within(row.difference, part.margin):
            raise DocumentError(f"{place}.status: 'equivalent', but its interval is not within the margin.")
        if row.unlike != (side(row.against_rest) != 0):
            raise DocumentError(f"{place}.unlike: {row.unlike}, but its interval implies {not row.unlike}.")


def _groups(part: Groups) -> None:
    """Check that nothing is shown for a withheld group, and for no group of fewer than ten rows."""
    rows: list[GroupRow | FittedRow] = [*part.fits]
    for table in part.tables:
        rows += [*table.columns, *table.pairs]
    for index, row in enumerate(rows):
        numbers = row.network is not None or row.linear is not None
        if numbers != (row.rows is not None) or (row.rows is not None and row.rows < SMALL):
            raise DocumentError(
                f"groups.table: group {index} shows numbers for {row.rows} rows. Allowed: at least {SMALL}."
            )
    if part.weak is not None and any(row.rows < SMALL for row in part.weak.found):
        raise DocumentError(f"groups.weak: a group has fewer than {SMALL} rows. Allowed: none.")
    for held in [] if part.constraints is None else part.constraints.columns:
        if held.outside is not None and 0 < held.outside < SMALL:
            raise DocumentError(f"groups.constraints: {held.column} counts fewer than {SMALL} rows. Allowed: null.")
