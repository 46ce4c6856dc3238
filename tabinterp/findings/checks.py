"""What a reader must know: each check reads the document and is raised, cleared, or not applicable because.

One literal list; a check is a function from the document to an outcome, and one line below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..report.claims import LINEAR_R2
from ..report.document import CoefficientRow, Document, Finding, Message

SATURATED = 0.01  # median p(1-p), of at most 0.25
SIZES = {  # readings of how much a column matters; an average derivative may cancel, and asks another question
    "network.permutation_importance",
    "network.saliency",
    "network.integrated_gradients",
    "network.expected_gradients",
}
AGREE = 0.5  # rank correlation below which two readings of the network disagree


@dataclass(frozen=True)
class Outcome:
    status: Literal["raised", "cleared", "not_applicable"]
    key: str
    values: dict[str, object] | None = None


@dataclass(frozen=True)
class Check:
    """`code` and `slug` are stable; `evidence` is the anchor of the section that holds the numbers."""

    code: str
    slug: str
    severity: Literal["act", "check", "note"]
    evidence: str
    look: Callable[[Document], Outcome]


def judge(document: Document) -> list[Finding]:
    """Every check of the list, once, the most severe first."""
    rank = {"act": 0, "check": 1, "note": 2}
    outcomes = [(check, check.look(document)) for check in CHECKS]
    raised_first = sorted(outcomes, key=lambda pair: (pair[1].status != "raised", rank[pair[0].severity]))
    return [
        Finding(
            code=check.code,
            slug=check.slug,
            severity=check.severity,
            status=outcome.status,
            claim=Message(key=f"finding.{check.slug}.{outcome.key}", values=outcome.values or {}),
            evidence=check.evidence,
        )
        for check, outcome in raised_first
    ]


def _raised(**values: object) -> Outcome:
    return Outcome("raised", "raised", values)


def _cleared(**values: object) -> Outcome:
    return Outcome("cleared", "cleared", values)


def _not_applicable(why: str = "not_applicable") -> Outcome:
    return Outcome("not_applicable", why)


def _worse_than_linear(d: Document) -> Outcome:
    if d.verdict.status == "not_assessed":
        return _not_applicable()
    gap = d.verdict.difference
    if d.verdict.status == "worse":
        return _raised(linear=d.linear.name, value=gap.value, low=gap.low, high=gap.high)
    if gap.high is not None and gap.high > 0:
        return Outcome("cleared", "cleared_open", {"linear": d.linear.name, "high": gap.high})
    return _cleared(linear=d.linear.name)


def _secretly_linear(d: Document) -> Outcome:
    if d.network.linear:
        return Outcome("raised", "raised_exact", {"linear": d.linear.name})
    shares = [s.r2 for s in d.coefficients.surrogates if s.r2 is not None]
    if not shares:
        return _not_applicable()
    status: Literal["raised", "cleared"] = "raised" if min(shares) >= LINEAR_R2 else "cleared"
    values: dict[str, object] = {"percent": 100 * min(shares), "threshold": 100 * LINEAR_R2}
    if len(shares) == 1:
        return Outcome(status, status, values)
    return Outcome(status, f"{status}_classes", {**values, "most": 100 * max(shares)})


def _sign_conflict(d: Document) -> Outcome:
    if not d.coefficients.terms:
        return _not_applicable()
    terms = len(d.coefficients.terms)
    names = [_name(t) for t in d.coefficients.terms if t.conflict]
    return _raised(names=names, count=len(names), terms=terms) if names else _cleared(count=terms)


def _name(term: CoefficientRow) -> str:
    level = "" if term.level is None else f": {term.level}"
    return f"{term.column}{level}" + ("" if term.output is None else f" ({term.output})")


def _saturated(d: Document) -> Outcome:
    value = d.gradients.saturation
    if value is None:
        return _not_applicable()
    return (_raised if value < SATURATED else _cleared)(value=value)


def _dead_units(d: Document) -> Outcome:
    units = d.neurons.units
    if not units:
        return _not_applicable()
    dead = [u for u in units if u.sd == 0]
    return _raised(count=len(dead), units=len(units)) if dead else _cleared(units=len(units), rows=d.neurons.rows)


def _redundant_units(d: Document) -> Outcome:
    """Units that say nothing of their own; dead and constant ones are another finding's."""
    if d.inside is None:
        return _not_applicable()
    layers = d.inside.layers
    twins, sums = (sum(getattr(layer, kind) for layer in layers) for kind in ("duplicate", "redundant"))
    units = sum(layer.units for layer in layers)
    if twins + sums == 0:
        return _cleared(units=units, rows=d.inside.rows)
    return _raised(count=twins + sums, units=units, duplicate=twins, redundant=sums, rows=d.inside.rows)


def _unused_column(d: Document) -> Outcome:
    if not d.importance.columns:
        return _not_applicable()
    unread = {c.name for c in d.data.columns if c.role == "input" and not c.read_by_network}
    silent = [r.column for r in d.importance.columns if r.network.value == 0 or r.column in unread]
    included = sum(not ((r.network.low or 0.0) > 0 or (r.network.high or 0.0) < 0) for r in d.importance.columns)
    return _raised(columns=silent) if silent else _cleared(open=included, count=len(d.importance.columns))


def _constant_column(d: Document) -> Outcome:
    constant = [c.name for c in d.data.columns if c.role == "input" and c.constant]
    return _raised(columns=constant) if constant else _cleared()


def _not_converged(d: Document) -> Outcome:
    if d.network.converged is None:
        return _not_applicable()
    return _cleared() if d.network.converged else _raised(network=d.network.name)


def _methods_disagree(d: Document) -> Outcome:
    found = [(a.spearman, a) for a in d.agreement if {a.first, a.second} <= SIZES and a.spearman is not None]
    if not found:
        return _not_applicable()
    value, pair = min(found, key=lambda one: one[0])
    names = {"first": _reading(pair.first), "second": _reading(pair.second)}
    return (_raised if value < AGREE else _cleared)(value=value, threshold=AGREE, **names)


def _reading(name: str) -> str:
    return name.removeprefix("network.").replace("_", " ")


def _penalised_inference(d: Document) -> Outcome:
    penalised = any(note.key.startswith("coefficients.note.penalised") for note in d.coefficients.notes)
    given = d.method.settings.get("counterpart") == "given"
    return _raised(linear=d.linear.name) if penalised and given else _cleared()


def _unsafe_model_file(d: Document) -> Outcome:
    ran = [m.name for m in (d.network, d.linear) if any(note.key == "model.unsafe" for note in m.notes)]
    return _raised(models=ran) if ran else _cleared()


CHECKS: tuple[Check, ...] = (
    Check("TI-P01", "worse-than-linear", "act", "performance", _worse_than_linear),
    Check("TI-P02", "secretly-linear", "check", "coefficients", _secretly_linear),
    Check("TI-E01", "sign-conflict", "check", "coefficients", _sign_conflict),
    Check("TI-E02", "methods-disagree", "check", "agreement", _methods_disagree),
    Check("TI-E03", "unused-column", "note", "importance", _unused_column),
    Check("TI-F01", "not-converged", "check", "method", _not_converged),
    Check("TI-F02", "saturated", "check", "gradients", _saturated),
    Check("TI-F03", "dead-units", "note", "neurons", _dead_units),
    Check("TI-F04", "penalised-inference", "note", "coefficients", _penalised_inference),
    Check("TI-F05", "unsafe-model-file", "act", "method", _unsafe_model_file),
    Check("TI-F06", "redundant-units", "note", "neurons", _redundant_units),
    Check("TI-D01", "constant-column", "note", "method", _constant_column),
)
