"""What a reader must know: each check reads the document and is raised, cleared, or not applicable because.

One literal list; a check is a function from the document to an outcome, one line below, and its sentences in
`messages/checks.py` (what it is) and `messages/findings.py` (what it found).
"""

from __future__ import annotations

import textwrap

from .. import messages
from ..report.claims import LINEAR_R2
from ..report.document import Document, Finding, Message
from . import explanation as e
from . import fitting as f
from . import people as g
from . import rows as r
from .outcome import ASPECTS, Check

CHECKS: tuple[Check, ...] = (
    # performance
    Check("TI-P01", "worse-than-linear", "act", "performance", f.worse_than_linear),
    Check("TI-P02", "secretly-linear", "check", "coefficients", f.secretly_linear, {"r2": LINEAR_R2}),
    Check("TI-P03", "no-signal", "act", "performance", f.no_signal, {"auc": f.WEAK_AUC, "r2": f.WEAK_R2}),
    Check(
        "TI-P04", "miscalibrated", "check", "performance", f.miscalibrated,
        {"low": f.SLOPE[0], "high": f.SLOPE[1], "intercept": f.INTERCEPT},
    ),
    # explanation
    Check("TI-E01", "sign-conflict", "check", "coefficients", e.sign_conflict),
    Check("TI-E02", "methods-disagree", "check", "agreement", e.methods_disagree, {"rank": e.AGREE, "percent": 100 * e.SHARED}),
    Check("TI-E03", "unused-column", "note", "importance", e.unused_column),
    Check("TI-E04", "unstable-ranking", "check", "shapley", e.unstable_ranking, {"tied": e.TIED, "top": e.TOP}),
    Check(
        "TI-E05", "interaction-only", "note", "interactions", e.interaction_only,
        {"percent": 100 * e.PAIR, "p": e.ALONE, "auc": e.WEAK_AUC, "r2": e.WEAK_R2},
    ),
    Check("TI-E06", "suppressor", "note", "data", e.suppressor, {"z": e.Z, "p": e.ALONE, "r": e.WEAK}),
    Check("TI-E07", "extrapolates", "check", "off-data", e.extrapolates, {"ranges": e.RANGES}),
    Check("TI-E08", "off-support-behaviour", "act", "off-data", e.off_support_behaviour, {"gap": e.GAP}),
    # fit
    Check("TI-F01", "not-converged", "check", "method", f.not_converged),
    Check("TI-F02", "saturated", "check", "gradients", f.saturated, {"value": f.SATURATED}),
    Check("TI-F03", "dead-units", "note", "neurons", f.dead_units),
    Check("TI-F04", "penalised-inference", "note", "coefficients", f.penalised_inference),
    Check("TI-F05", "unsafe-model-file", "act", "method", f.unsafe_model_file),
    Check("TI-F06", "redundant-units", "note", "neurons", f.redundant_units),
    # data
    Check("TI-D01", "constant-column", "note", "method", r.constant_column),
    Check("TI-D02", "label-leak", "act", "data", r.label_leak, {"auc": r.LEAK_AUC, "r2": r.LEAK_R2}),
    Check("TI-D03", "near-leak", "check", "data", r.near_leak, {"auc": r.NEAR_AUC, "r2": r.NEAR_R2}),
    Check("TI-D04", "row-identifier", "check", "data", r.row_identifier),
    Check("TI-D05", "shortcut", "act", "data", r.shortcut, {"fall": r.FALL, "sure": r.FALL_SURE}),
    Check("TI-D06", "duplicate-columns", "check", "data", r.duplicate_columns),
    Check("TI-D07", "train-test-shift", "act", "data", r.train_test_shift, {"psi": r.PSI, "q": r.SHIFT_P, "auc": r.TOLD}),
    Check("TI-D08", "row-overlap", "act", "data", r.row_overlap, {"percent": 100 * r.OVERLAP, "rows": r.SMALL}),
    Check("TI-D09", "sentinel-value", "check", "data", r.sentinel_value),
    Check("TI-D10", "target-capped", "check", "data", r.target_capped, {"percent": 100 * r.CAPPED, "times": r.CAP_TIMES}),
    Check("TI-D11", "unseen-level", "check", "data", r.unseen_level, {"rows": r.SMALL}),
    Check("TI-D12", "rare-level", "note", "data", r.rare_level, {"rows": r.SMALL}),
    # groups
    Check("TI-G01", "disparate-impact", "check", "groups", g.disparate_impact, {"ratio": g.FIFTHS}),
    Check("TI-G02", "proxy", "check", "groups", g.proxy, {"auc": g.PROXY_AUC, "r2": g.PROXY_R2}),
    Check(
        "TI-G03", "weak-subgroup", "check", "groups", g.weak_subgroup,
        {"percent": 100 * g.SKILL, "far": g.FAR, "excess": 100 * g.EXCESS, "beyond": 100 * g.BEYOND},
    ),
    Check("TI-G04", "constraint-violated", "act", "groups", g.constraint_violated, {"percent": 100 * g.AGAINST}),
    Check(
        "TI-G05", "reason-codes-unstable", "check", "reasons", g.reason_codes_unstable,
        {"percent": 100 * g.NOISY, "jaccard": g.UNLIKE},
    ),
)  # fmt: skip


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
            claim=Message(key=f"finding.{check.slug}.{outcome.key}", values=dict(outcome.values or {})),
            evidence=check.evidence,
        )
        for check, outcome in raised_first
    ]


def explain_checks() -> list[dict[str, str]]:
    """Every check in words: code, slug, severity, title, what it measures, cannot see, when it is raised, what to do next."""
    return [
        {"code": check.code, "slug": check.slug, "severity": check.severity, "evidence": check.evidence}
        | {aspect: messages.text(f"check.{check.slug}.{aspect}", check.limits) for aspect in ASPECTS}
        for check in CHECKS
    ]


def list_checks() -> str:
    """The same as text, a paragraph a check."""
    return "\n".join(
        f"{one['code']}  {one['slug']}  ({one['severity']})  {one['title']}\n"
        + "\n".join(
            textwrap.fill(f"{aspect + ':':<11}{one[aspect]}", 100, initial_indent="  ", subsequent_indent=" " * 13)
            for aspect in ASPECTS[1:]
        )
        for one in explain_checks()
    )
