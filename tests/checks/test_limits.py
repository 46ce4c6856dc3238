"""A policy moves a check's own limits: the numbers of a saved audit are judged again at them, and at no others."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

import tabinterp as ti
from tabinterp import messages
from tabinterp.checks import CHECKS
from tabinterp.checks.gate.exporters import FORMATS
from tabinterp.checks.gate.gate import decide
from tabinterp.checks.gate.policy import Policy, read_policy
from tabinterp.checks.judge import explain_checks, judge, run_check
from tabinterp.document.canonical import to_bytes
from tabinterp.errors import PolicyError
from tests.checks import test_checks as rows
from tests.checks import test_people as people
from tests.honest import honest
from tests.report.samples import binary, regression

part, column = rows.part, rows.column
LEVELS = {"unseen_levels": 1, "unseen_rows": 12}


def linear(r2):
    surrogates = [one.model_copy(update={"r2": r2}) for one in binary().coefficients.surrogates]
    return rows.with_part(binary(), "coefficients", surrogates=surrogates)


def agreeing(spearman):
    orders = {"ordered": 10, "opposed": round(5 - 5 * spearman)}
    pair = binary().agreement[0].model_copy(update={"spearman": spearman, "overlap": 0.0} | orders)
    readings = {"first": "network.integrated_gradients", "second": "network.expected_gradients"}
    return binary().model_copy(update={"agreement": [pair.model_copy(update=readings)]})


# Slug -> a document that is cleared, limits at which it is raised; a document that is raised, limits at which it is cleared.
MOVED = {
    "secretly-linear": (lambda: linear(0.9), {"r2": 0.9}, lambda: linear(0.9995), {"r2": 1}),
    "no-signal": (
        lambda: rows.metric("auc", 0.6, binary(), -0.1), {"auc": 0.9},
        lambda: rows.metric("auc", 0.59, binary(), -0.1), {"auc": 0.5},
    ),
    "miscalibrated": (
        lambda: rows.calibrated(part(0.8), part(0)), {"low": 0.9},
        lambda: rows.calibrated(part(1.0), part(0.5)), {"intercept": 0.6},
    ),
    "methods-disagree": (lambda: agreeing(0.5), {"rank": 1}, lambda: agreeing(0.0), {"rank": -1}),
    "unstable-ranking": (lambda: rows.tied(4), {"tied": 4}, lambda: rows.tied(5), {"tied": 6}),
    "interaction-only": (
        lambda: rows.hidden_pair(0.5, 0.04), {"percent": 4},
        lambda: rows.hidden_pair(0.5), {"p": 1},
    ),
    "suppressor": (lambda: rows.suppressed(-3.9, 0.5), {"z": 3}, lambda: rows.suppressed(-4, 0.5), {"r": 0}),
    "extrapolates": (lambda: rows.far(1.9), {"ranges": 1.9}, lambda: rows.far(2), {"ranges": 1e9}),
    "off-support-behaviour": (
        lambda: rows.with_part(binary(), "off_support", gap=part(0.1), real=part(0.9)), {"share": 0.1},
        lambda: rows.with_part(binary(), "off_support", gap=part(0.3), real=part(0.9)), {"share": 1},
    ),
    "saturated": (
        lambda: rows.with_part(binary(), "gradients", saturation=0.1), {"share": 0.5},
        lambda: rows.with_part(binary(), "gradients", saturation=0.001), {"share": 0},
    ),
    "label-leak": (
        lambda: column(held_out=part(0.95)), {"auc": 0.95},
        lambda: column(held_out=part(0.995)), {"auc": 1},
    ),
    "near-leak": (
        lambda: column(held_out=part(0.85)), {"auc": 0.85},
        lambda: column(held_out=part(0.95)), {"auc": 0.96},
    ),
    "shortcut": (
        lambda: column(fall=part(0.05), fall_q=0.001), {"fall": 0.05},
        lambda: column(fall=part(0.1), fall_q=0.001), {"sure": 0.2},
    ),
    "train-test-shift": (
        lambda: column(psi=0.1, drift_q=0.001), {"psi": 0.1},
        lambda: column(psi=0.3, drift_q=0.001), {"q": 0},
    ),
    "row-overlap": (lambda: rows.overlap(39), {"percent": 0.5}, lambda: rows.overlap(40), {"rows": 41}),
    "target-capped": (
        lambda: rows.target(heap_high=rows.heap(times=2.5)), {"times": 2},
        lambda: rows.target(heap_low=rows.heap(share=0.02)), {"percent": 3},
    ),
    "unseen-level": (
        lambda: column(rows.LEVELS, unseen_levels=0, unseen_rows=0), None,  # fewer than ten rows are not in the document
        lambda: column(rows.LEVELS, **LEVELS), {"rows": 13},
    ),
    "disparate-impact": (
        lambda: people.ratio(0.5, 0.8), {"ratio": 0.9},
        lambda: people.flagged("raised"), {"ratio": 0.7},  # at which withheld groups were not judged
    ),
    "proxy": (lambda: people.told(0.6, -0.1), {"auc": 0.6}, lambda: people.told(0.3, -0.1, "r2"), {"r2": 0.5}),
    "weak-subgroup": (
        lambda: people.weak(excess=part(0.02)), {"excess": 2},
        lambda: people.weak(beyond=part(0.07)), {"beyond": 20},
    ),
    "constraint-violated": (
        lambda: people.kept(0.005, -0.1), {"percent": 0.4},
        lambda: people.kept(0.01, -0.1), {"percent": 50},
    ),
    "reason-codes-unstable": (
        lambda: rows.listed("seed", changed=part(0.05)), {"percent": 5},
        lambda: rows.listed("reference", jaccard=part(0.5)), {"jaccard": 0},
    ),
    "overfit": (
        lambda: rows.overfitted(0.06, 0.05), {"gap": 5},
        lambda: rows.overfitted(0.2, 0.15), {"gap": 20},
    ),
    "fragile": (
        lambda: rows.perturbed(part(0.06, 0.05), part(1.2, 1.1)), {"rise": 5},
        lambda: rows.perturbed(part(0.2, 0.15), part(1.2, 1.1)), {"rise": 20},
    ),
    "undercovered": (
        lambda: rows.covered(part(0.82, 0.78, 0.86)), {"short": 4},
        lambda: rows.covered(part(0.8, 0.76, 0.84)), {"short": 7},
    ),
    "no-recourse": (
        lambda: rows.turned(rows.told(0.45, 0.02)), {"percent": 40},
        lambda: rows.turned(rows.told(0.6, 0.02)), {"percent": 65},
    ),
    "protected-reasons": (
        lambda: rows.named(part(0.049, 0.04)), {"percent": 4},
        lambda: rows.named(part(0.1, 0.05)), {"percent": 6},
    ),
}  # fmt: skip
BY_SLUG = {check.slug: check for check in CHECKS}


def test_every_check_with_limits_is_here():
    assert set(MOVED) == {check.slug for check in CHECKS if check.limits}


@pytest.mark.parametrize("slug", MOVED)
def test_a_moved_limit_raises_what_was_cleared_and_clears_what_was_raised(slug):
    check, (quiet, raising, loud, clearing) = BY_SLUG[slug], MOVED[slug]
    assert run_check(check, quiet()).status == "cleared"
    assert raising is None or run_check(check, quiet(), raising).status == "raised"
    assert run_check(check, loud()).status == "raised"
    assert run_check(check, loud(), clearing).status == "cleared"
    for document, limits in ((quiet(), raising or {}), (loud(), clearing)):
        claim = run_check(check, document, limits).claim
        assert messages.text(claim.key, claim.values)


def test_limits_that_are_the_usual_ones_change_nothing():
    for document in (binary(), regression()):
        usual = {found.slug: found for found in judge(document)}
        assert all(run_check(check, document, check.default_limits) == usual[check.slug] for check in CHECKS)


def moving(slug, limits):
    return Policy.model_validate(tomllib.loads(f'[[finding]]\nfinding = "{slug}"\nowner = "Risk"\nlimits = {limits}\n'))


def test_a_saved_audit_is_judged_again_at_the_limits_of_a_policy():
    document = column(held_out=part(0.85))
    saved = ti.Audit.from_json(to_bytes(honest(document)))
    day = date(2027, 1, 1)
    (usual,) = saved.check(moving("near-leak", "{}"), day).gates
    decision = saved.check(moving("near-leak", "{ auc = 0.85 }"), day)
    (moved,) = decision.gates
    assert (usual.status, moved.status) == ("passed", "failed")
    assert moved.demand.values["limits"] == ["auc 0.85"]
    assert moved.found.key == "finding.near-leak.raised_auc"
    assert all("auc 0.85" in ti.format_decision(decision, form).replace("\\", "") for form in FORMATS)
    (both,) = decide(saved.document, moving("near-leak", "{ auc = 0.95, r2 = 0.1 }"), day).gates
    assert both.status == "passed"


@pytest.mark.parametrize(
    ("slug", "limits", "said"),
    [
        (
            "near-leak",
            "{ area = 0.9 }",
            r"has no limit 'area'; the limits of this check are auc \(from 0.5 to 0.99\), r2",
        ),
        (
            "near-leak",
            "{ auc = 1.2 }",
            r"the limit 'auc' of the check 'near-leak' is 1\.2, .*; the limits .* are auc \(from 0.5 to 0.99\)",
        ),
        (
            "dead-units",
            "{ count = 3 }",
            "'dead-units' has no limit 'count'; this check has no limits that a policy can change",
        ),
        ("near-leak", "{ auc = true }", "must be a number; received True"),
        ("near-leak", '{ auc = "0.9" }', "must be a number; received '0.9'"),
        ("rare-level", "{ rows = 5 }", "no limit 'rows'"),  # what is rare was settled when the levels were counted
    ],
)
def test_a_limit_that_there_is_not_or_out_of_its_range_is_refused(tmp_path, slug, limits, said):
    path = tmp_path / "policy.toml"
    path.write_text(f'[[finding]]\nfinding = "{slug}"\nowner = "Risk"\nlimits = {limits}\n')
    with pytest.raises(PolicyError, match=said):
        read_policy(path)


def test_usual_limits_lie_in_their_ranges_and_are_listed():
    for check, told in zip(CHECKS, explain_checks(), strict=True):
        assert all(limit.least <= limit.value <= limit.most for limit in check.limits.values())
        assert all(
            f"{name} = {limit.value:g} ({limit.means};" in told["limits"] for name, limit in check.limits.items()
        )
