"""What a reader must know: each check reads the document and is raised, cleared, or not applicable because.

One literal list; a check is a function from the document and its limits to an outcome, one line below, and its sentences in
`messages/checks.py` (what it is) and `messages/findings.py` (what it found).
"""

from __future__ import annotations

import textwrap

from tabinterp import messages
from tabinterp.document.claims import LINEAR_R2
from tabinterp.document.document import Document, Finding, Message

from . import explanation as e
from . import fitting as f
from . import people as g
from . import rows as r
from .outcome import ASPECTS, Check, Limit, Limits

MANY = 1e9  # as good as never

CHECKS: tuple[Check, ...] = (
    # performance
    Check("TI-P01", "worse-than-linear", "act", "performance", f.worse_than_linear, lesser="check"),
    Check("TI-P02", "secretly-linear", "check", "coefficients", f.secretly_linear, {"r2": Limit(LINEAR_R2)}),
    Check(
        "TI-P03", "no-signal", "act", "performance", f.no_signal,
        {"auc": Limit(f.WEAK_AUC, least=0.5), "r2": Limit(f.WEAK_R2)},
        fixed={"useful": f.USEFUL_AUC, "share": f.USEFUL_SHARE, "percent": 100 * f.USEFUL_SHARE},
    ),
    Check(
        "TI-P04", "miscalibrated", "check", "performance", f.miscalibrated,
        {
            "low": Limit(f.SLOPE[0]), "high": Limit(f.SLOPE[1], 1, MANY), "intercept": Limit(f.INTERCEPT, most=MANY),
            "p": Limit(f.JOINT), "bend": Limit(f.BEND), "bend_p": Limit(f.BEND_P),
        },
    ),
    Check("TI-P05", "classes-swapped", "act", "performance", f.classes_swapped, voids=True),
    Check("TI-P06", "trees-win", "check", "performance", f.trees_win),
    # explanation
    Check("TI-E01", "sign-conflict", "check", "coefficients", e.sign_conflict),
    Check(
        "TI-E02", "methods-disagree", "check", "agreement", e.methods_disagree,
        {"rank": Limit(e.AGREE, least=-1), "percent": Limit(100 * e.SHARED, most=100)},
    ),
    Check("TI-E03", "unused-column", "note", "importance", e.unused_column),
    Check(
        "TI-E04", "unstable-ranking", "check", "shapley", e.unstable_ranking,
        {"tied": Limit(e.TIED, 1, MANY), "top": Limit(e.TOP, 1, MANY)},
    ),
    Check(
        "TI-E05", "interaction-only", "note", "interactions", e.interaction_only,
        {
            "percent": Limit(100 * e.PAIR, most=100), "p": Limit(e.ALONE),
            "auc": Limit(e.WEAK_AUC, least=0.5), "r2": Limit(e.WEAK_R2),
        },
    ),
    Check(
        "TI-E06", "suppressor", "note", "data", e.suppressor,
        {"z": Limit(e.Z, most=MANY), "p": Limit(e.ALONE), "r": Limit(e.WEAK)},
    ),
    Check("TI-E07", "extrapolates", "check", "off-data", e.extrapolates, {"ranges": Limit(e.RANGES, most=MANY)}),
    Check("TI-E08", "off-support-behaviour", "act", "off-data", e.off_support_behaviour, {"share": Limit(e.APART)}),
    # fit
    Check("TI-F01", "not-converged", "check", "method", f.not_converged),
    Check("TI-F02", "saturated", "check", "gradients", f.saturated, {"share": Limit(f.SATURATED)}),
    Check("TI-F03", "dead-units", "note", "neurons", f.dead_units),
    Check("TI-F04", "penalised-inference", "note", "coefficients", f.penalised_inference),
    Check("TI-F05", "unsafe-model-file", "act", "method", f.unsafe_model_file),
    Check("TI-F06", "redundant-units", "note", "neurons", f.redundant_units),
    # data
    Check("TI-D01", "constant-column", "note", "method", r.constant_column),
    Check(
        "TI-D02", "label-leak", "act", "data", r.label_leak,
        {"auc": Limit(r.LEAK_AUC, least=0.5), "r2": Limit(r.LEAK_R2)}, voids=True,
    ),
    Check(
        "TI-D03", "near-leak", "check", "data", r.near_leak,
        {"auc": Limit(r.NEAR_AUC, 0.5, r.LEAK_AUC), "r2": Limit(r.NEAR_R2, most=r.LEAK_R2)},
    ),
    Check("TI-D04", "row-identifier", "check", "data", r.row_identifier),
    Check(
        "TI-D05", "shortcut", "act", "data", r.shortcut,
        {"fall": Limit(r.FALL), "sure": Limit(r.FALL_SURE), "q": Limit(r.FALL_Q)}, voids=True,
    ),
    Check("TI-D06", "duplicate-columns", "check", "data", r.duplicate_columns),
    Check(
        "TI-D07", "train-test-shift", "act", "data", r.train_test_shift,
        {"psi": Limit(r.PSI, most=MANY), "q": Limit(r.SHIFT_P), "auc": Limit(r.TOLD, least=0.5)},
    ),
    Check(
        "TI-D08", "row-overlap", "act", "data", r.row_overlap,
        {"percent": Limit(100 * r.OVERLAP, most=100), "rows": Limit(r.SMALL, r.SMALL, MANY)}, voids=True,
    ),
    Check("TI-D09", "sentinel-value", "check", "data", r.sentinel_value),
    Check(
        "TI-D10", "target-capped", "check", "data", r.target_capped,
        {"percent": Limit(100 * r.CAPPED, most=100), "times": Limit(r.CAP_TIMES, most=MANY)},
    ),
    Check("TI-D11", "unseen-level", "check", "data", r.unseen_level, {"rows": Limit(r.SMALL, r.SMALL, MANY)}),
    Check("TI-D12", "rare-level", "note", "data", r.rare_level, fixed={"rows": r.SMALL}),
    Check("TI-D13", "groups-split", "act", "method", r.groups_split, voids=True),
    # groups
    Check("TI-G01", "disparate-impact", "check", "groups", g.disparate_impact, {"ratio": Limit(g.FIFTHS)}),
    Check(
        "TI-G02", "proxy", "check", "groups", g.proxy, {"auc": Limit(g.PROXY_AUC, least=0.5), "r2": Limit(g.PROXY_R2)}
    ),
    Check(
        "TI-G03", "weak-subgroup", "check", "groups", g.weak_subgroup,
        {"excess": Limit(100 * g.EXCESS, most=100), "beyond": Limit(100 * g.BEYOND, most=100)},
    ),
    Check(
        "TI-G04", "constraint-violated", "act", "groups", g.constraint_violated, {"percent": Limit(100 * g.AGAINST, most=100)}
    ),
    Check(
        "TI-G05", "reason-codes-unstable", "check", "reasons", g.reason_codes_unstable,
        {"percent": Limit(100 * g.NOISY, most=100), "jaccard": Limit(g.UNLIKE)},
    ),
)  # fmt: skip


def judge(document: Document) -> list[Finding]:
    """Every check of the list, once, the most severe first."""
    rank = {"act": 0, "check": 1, "note": 2}
    found = [found_by(check, document) for check in CHECKS]
    return sorted(found, key=lambda one: (one.status != "raised", rank[one.severity]))


def found_by(check: Check, document: Document, moved: Limits | None = None) -> Finding:
    """What one check finds, with other limits where they are given."""
    outcome = check.look(document, check.usual | dict(moved or {}))
    key = f"finding.{outcome.key}" if "." in outcome.key else f"finding.{check.slug}.{outcome.key}"
    return Finding(
        code=check.code,
        slug=check.slug,
        severity=check.lesser if outcome.lesser and check.lesser else check.severity,
        status=outcome.status,
        voids=check.voids and outcome.status == "raised",
        claim=Message(key=key, values=dict(outcome.values or {})),
        power=outcome.power,
        evidence=check.evidence,
    )


def explain_checks() -> list[dict[str, str]]:
    """Every check in words: code, slug, severity, title, what it measures, cannot see, when it is raised, what to do next.

    `limits` are what a policy may move: usual values and ranges.
    """
    return [
        {"code": check.code, "slug": check.slug, "severity": check.severity, "evidence": check.evidence}
        | {"limits": "; ".join(_range(*one) for one in check.limits.items())}
        | {aspect: messages.text(f"check.{check.slug}.{aspect}", check.usual | dict(check.fixed)) for aspect in ASPECTS}
        for check in CHECKS
    ]


def _range(name: str, limit: Limit) -> str:
    most = "any number" if limit.most == MANY else f"{limit.most:g}"
    return f"{name} = {limit.value:g} ({limit.least:g} to {most})"


def list_checks() -> str:
    """The same as text, a paragraph a check."""
    return "\n".join(
        f"{one['code']}  {one['slug']}  ({one['severity']})  {one['title']}\n"
        + "\n".join(
            textwrap.fill(f"{aspect + ':':<11}{one[aspect]}", 100, initial_indent="  ", subsequent_indent=" " * 13)
            for aspect in (*ASPECTS[1:], "limits")
            if one[aspect]
        )
        for one in explain_checks()
    )
