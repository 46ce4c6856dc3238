"""Audits of planted faults, which run only the analyses that a check reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tabinterp as ti
from tabinterp import messages
from tabinterp.document.document import Finding
from tabinterp.models import BoundModel, bind


@dataclass(frozen=True)
class Audited:
    """Slug -> what the check found; and the network, bound to the table."""

    findings: dict[str, Finding]
    network: BoundModel

    def status(self, slug: str) -> str:
        return self.findings[slug].status

    def words(self, slug: str) -> str:
        claim = self.findings[slug].claim
        return messages.text(claim.key, claim.values)


# What these say is about the estimator's noise on the given table: it is true, and no false alarm, if two other seeds say it too.
OF_THE_ESTIMATOR, OTHER_SEEDS = ("reason-codes-unstable", "unstable-ranking"), (1, 2)


def audited(
    table: ti.Table, model: ti.Model, analyses: Iterable[str], declared: Mapping[str, Any], seed: int = 0
) -> Audited:
    """Return what the checks say that read these analyses and the performance; others do not apply."""
    network = bind(model, table)
    audit = ti.audit(network, table, seed=seed, rows=len(table), constraints=declared, analyses=analyses)
    return Audited({finding.slug: finding for finding in audit.document.findings}, network)


def other_seeds_say_so(
    slugs: Iterable[str], table: ti.Table, model: ti.Model, analyses: Iterable[str], declared: Mapping[str, Any]
) -> list[str]:
    """Which of these findings are about the estimator's noise and raised with two other seeds as well."""
    true = [slug for slug in slugs if slug in OF_THE_ESTIMATOR]
    for seed in OTHER_SEEDS if true else ():
        again = audited(table, model, analyses, declared, seed)
        true = [slug for slug in true if again.status(slug) == "raised"]
    return true
