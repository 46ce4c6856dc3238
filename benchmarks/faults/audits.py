"""Audits of planted faults: only the analyses that a check reads are run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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


def audited(
    table: ti.Table, model: ti.Model, analyses: Iterable[str], declared: Mapping[str, str], seed: int = 0
) -> Audited:
    """Return what the checks say that read these analyses and the performance; others do not apply."""
    network = bind(model, table)
    audit = ti.audit(network, table, seed=seed, rows=len(table), constraints=declared, analyses=analyses)
    return Audited({finding.slug: finding for finding in audit.document.findings}, network)
