"""Checks of groups, proxies, weak groups and constraints: raised at their limits, cleared below, not applicable without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tabinterp import messages
from tabinterp.analyses.constraints.record import HeldPart
from tabinterp.analyses.groups.record import ImpactRow
from tabinterp.checks.judge import judge
from tabinterp.document.document import Document, Interval
from tests.report.samples import binary, multiclass, regression


def interval(low: float, high: float) -> Interval:
    return Interval(value=(low + high) / 2, low=low, high=high)


def with_groups(document: Document | None = None, **update: Any) -> Document:
    document = document or binary()
    return document.model_copy(update={"groups": document.groups.model_copy(update=update)})


def impact(*rows: ImpactRow, document: Document | None = None) -> Document:
    """The network treats the groups of the columns so."""
    table = (document or binary()).groups.table
    part = table.impact.model_copy(update={"network": list(rows)})
    return with_groups(document, table=table.model_copy(update={"impact": part}))


def ratio(low: float, high: float, withheld: str | None = None) -> Document:
    """The least to the most selected group of one column, with this interval over all pairs of groups."""
    told = binary().groups.table.impact.network[0]
    pair = told.headline.model_copy(update={"ratio": interval(low, high), "low": low, "high": high})
    return impact(told.model_copy(update={"headline": pair, "surest": pair, "withheld": withheld}))


def flagged(withheld: str) -> Document:
    """One column, whose groups' shares are withheld."""
    return impact(hidden(withheld))


def hidden(withheld: str) -> ImpactRow:
    return ImpactRow(columns=["sex"], headline=None, surest=None, withheld=withheld)


def unstated() -> Document:
    """Nobody said which class is the adverse one."""
    document = binary()
    table = document.groups.table.model_copy(update={"impact": None, "favourable": None})
    data = document.data.model_copy(update={"adverse": None})
    return with_groups(document.model_copy(update={"data": data, "reasons": None}), table=table)


def test_the_power_of_a_proxy_is_that_of_the_column_that_is_named():
    """A stronger column that carries nothing of the gap lends the named one no AUC."""
    proxy = told(0.75, -0.05).groups.proxies[0]
    named = next(probe for probe in proxy.probes if probe.place == "column")
    stronger = named.model_copy(update={"name": "stronger", "power": interval(0.9, 0.95)})
    document = with_groups(proxies=[proxy.model_copy(update={"probes": [*proxy.probes, stronger]})])
    (finding,) = [one for one in judge(document) if one.slug == "proxy"]
    assert finding.status == "raised"
    assert finding.claim.values["column"] == named.name
    assert (finding.claim.values["value"], finding.claim.values["low"]) == (named.power.value, named.power.low)


def told(low: float, change: float, metric: str = "auc") -> Document:
    """A proxy whose best column tells the protected one so well, and carries so much of the gap."""
    proxy = binary().groups.proxies[0]
    probes = [p.model_copy(update={"power": interval(low, low + 0.02)}) for p in proxy.probes]
    rows = [r.model_copy(update={"gap": interval(change - 0.02, change)}) for r in proxy.network.ablated]
    network = proxy.network.model_copy(update={"ablated": rows})
    return with_groups(proxies=[proxy.model_copy(update={"probes": probes, "network": network, "metric": metric})])


def weak(document: Document | None = None, **update: Any) -> Document:
    """Losses 0.6 beside 0.3, of 0.35 in all; knowing nothing costs 0.6."""
    part = (document or binary()).groups.weak
    row = part.found[0].model_copy(update=update)
    return with_groups(document, weak=part.model_copy(update={"found": [row]}))


def kept(share: float, fall: float, outside: int | None = 0, few: bool = False) -> Document:
    table = binary().groups.constraints
    held = HeldPart(share=interval(share, share + 0.01), fall=interval(fall, fall + 0.1), start=1.0, end=2.0)
    first, second = table.columns
    first = first.model_copy(update={"network": held})
    second = second.model_copy(update={"outside": outside, "few_outside": few})
    return with_groups(constraints=table.model_copy(update={"columns": [first, second]}))


OUTCOMES: dict[str, dict[str, list[Callable[[], Document]]]] = {
    "disparate-impact": {
        "raised": [lambda: ratio(0.5, 0.79), lambda: flagged("raised"), lambda: ratio(0.9, 1.0, "raised")],
        "cleared": [lambda: ratio(0.5, 0.8), lambda: flagged("not_raised"), lambda: ratio(0.9, 1.0, "untold")],
        "not_applicable": [
            lambda: with_groups(table=None), regression, multiclass, unstated, lambda: flagged("untold"), impact
        ],
    },
    "proxy": {
        "raised": [lambda: told(0.7, -0.01), lambda: told(0.3, -0.01, "r2")],
        "cleared": [lambda: told(0.69, -0.01), lambda: told(0.7, 0.0), lambda: told(0.29, -0.01, "r2")],
        "not_applicable": [lambda: with_groups(proxies=[])],
    },
    "weak-subgroup": {
        "raised": [
            lambda: weak(beyond=interval(0.061, 0.1)),
            lambda: weak(excess=interval(0.031, 0.1)),
            lambda: weak(regression(), beyond=interval(0.061, 0.1)),
        ],
        "cleared": [
            binary,
            lambda: weak(beyond=interval(0.059, 0.1)),
            lambda: weak(excess=interval(0.029, 0.1)),
            lambda: weak(loss=3.0, rest=0.1, difference=interval(2.0, 4.0)),  # hard, and no failure
        ],
        "not_applicable": [
            lambda: with_groups(weak=None),
            lambda: with_groups(weak=binary().groups.weak.model_copy(update={"found": []})),
        ],
    },
    "constraint-violated": {
        "raised": [
            lambda: kept(0.01, -0.1), lambda: kept(0.0, 0.001), lambda: kept(0.0, -0.1, 12),
            lambda: kept(0.0, -0.1, None, True),
        ],
        "cleared": [lambda: kept(0.009, -0.1), lambda: kept(0.0, 0.0), lambda: kept(0.0, -0.1, None)],
        "not_applicable": [lambda: with_groups(constraints=None)],
    },
}  # fmt: skip
CASES = [
    (slug, status, make) for slug, outcomes in OUTCOMES.items() for status, made in outcomes.items() for make in made
]


@pytest.mark.parametrize(("slug", "status", "make"), CASES, ids=[f"{slug}-{status}" for slug, status, _ in CASES])
def test_a_check_is_raised_at_its_limit_and_not_before(slug, status, make):
    (found,) = [f for f in judge(make()) if f.slug == slug]
    assert found.status == status
    assert messages.text(found.claim.key, found.claim.values)


def held_back(low: float, metric: str) -> Document:
    """A proxy of which the gap between the groups would disclose a small count."""
    document = told(low, -0.01, metric)
    proxy = document.groups.proxies[0]
    network = proxy.network.model_copy(update={"gap": Interval()})
    return with_groups(document, proxies=[proxy.model_copy(update={"network": network})])


def powerless() -> Document:
    """A column whose groups are too small for any ratio to be detected."""
    row = binary().groups.table.impact.network[0]
    pair = row.headline.model_copy(update={"ratio": interval(0.9, 1.1), "low": 0.9, "high": 1.1, "detectable": None})
    return impact(row.model_copy(update={"headline": pair, "surest": pair, "withheld": None}))


CLAIMS: dict[str, Callable[[], Document]] = {  # sentences that no outcome above says
    "proxy.raised_auc_held_back": lambda: held_back(0.7, "auc"),
    "proxy.raised_r2_held_back": lambda: held_back(0.3, "r2"),
    "disparate-impact.not_applicable_power": powerless,
    "disparate-impact.cleared_partly": lambda: ratio(0.9, 1.0, "untold"),
    "disparate-impact.cleared_withheld_partly": lambda: impact(hidden("untold"), hidden("not_raised")),
    "disparate-impact.not_applicable_untold": lambda: flagged("untold"),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_shows_the_numbers_of_its_outcome(claim):
    document = CLAIMS[claim]()
    (found,) = [f for f in judge(document) if claim.startswith(f"{f.slug}.")]
    assert found.claim.key == f"finding.{claim}"
    assert messages.text(found.claim.key, found.claim.values)


def test_a_pass_says_that_the_result_for_withheld_groups_is_not_given():
    (found,) = [f for f in judge(ratio(0.9, 1.0, "untold")) if f.slug == "disparate-impact"]
    said = messages.text(found.claim.key, found.claim.values)
    assert said.startswith("Among the groups whose results can be disclosed, no group's selection rate")
    untold = sum(row.withheld == "untold" for row in ratio(0.9, 1.0, "untold").groups.table.impact.network)
    assert (
        f"For {untold} columns or pairs of columns, results that would reveal a withheld rate are not disclosed."
        in said
    )
    (whole,) = [f for f in judge(ratio(0.5, 0.8)) if f.slug == "disparate-impact"]
    assert whole.claim.key == "finding.disparate-impact.cleared"


def test_what_depends_on_the_adverse_class_says_which_option_states_it():
    for slug in ("disparate-impact", "reason-codes-unstable"):
        (found,) = [f for f in judge(unstated()) if f.slug == slug]
        assert found.status == "not_applicable"
        assert "--adverse CLASS" in messages.text(found.claim.key, found.claim.values)
