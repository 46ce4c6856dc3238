"""Checks of groups, proxies, weak groups and constraints: raised at their limits, cleared below, not applicable without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tabinterp import messages
from tabinterp.findings.checks import judge
from tabinterp.report.document import Document, Interval
from tabinterp.report.grouped import HeldPart
from tests.report.samples import binary, multiclass, regression


def interval(low: float, high: float) -> Interval:
    return Interval(value=(low + high) / 2, low=low, high=high)


def with_groups(document: Document | None = None, **update: Any) -> Document:
    document = document or binary()
    return document.model_copy(update={"groups": document.groups.model_copy(update=update)})


def ratio(low: float, high: float) -> Document:
    """Of the one group beside the control group that is told, and of one of two columns that is equal."""
    table = binary().groups.table

    def row(one: Any, part: Interval) -> Any:
        return one.model_copy(update={"network": one.network.model_copy(update={"ratio": part})})

    control, other = (row(one, interval(low, high)) for one in table.columns[:2])
    pair = row(table.pairs[0], interval(0.9, 1.1))
    return with_groups(table=table.model_copy(update={"columns": [control, other], "pairs": [pair]}))


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
        "raised": [lambda: ratio(0.5, 0.79), lambda: ratio(1.26, 2.0)],
        "cleared": [lambda: ratio(0.5, 0.8), lambda: ratio(1.25, 2.0)],
        "not_applicable": [lambda: with_groups(table=None), regression, multiclass],
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
