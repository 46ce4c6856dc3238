"""An audit of the readings that a check asks for: the audit's own list of steps, settings and document, less the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tabinterp as ti
from tabinterp import messages
from tabinterp.analyses.context import Asked
from tabinterp.analyses.performance.estimator import compare
from tabinterp.auditing.assemble import Results, document
from tabinterp.auditing.steps import STEPS, Reading
from tabinterp.document.document import Finding
from tabinterp.errors import NotApplicableError
from tabinterp.findings.checks import judge
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import Bound, bind

NEEDED = (
    "coefficients",
    "importance",
    "gradients",
    "shapley",
    "effects",
    "interactions",
    "neurons",
)  # `Results` asks for them


@dataclass(frozen=True)
class Audited:
    """Slug -> what the check found; the models, and field -> reading."""

    findings: dict[str, Finding]
    network: Bound
    linear: Bound
    found: dict[str, Any]

    def status(self, slug: str) -> str:
        return self.findings[slug].status

    def words(self, slug: str) -> str:
        claim = self.findings[slug].claim
        return messages.text(claim.key, claim.values)


def audited(
    table: ti.Table, model: ti.Model, fields: frozenset[str], declared: Mapping[str, str], seed: int = 0
) -> Audited:
    """What the checks say that read `fields` and the performance; others do not apply."""
    network = bind(model, table)
    linear = bind(fit_counterpart(network, table, seed=seed), table)
    found = dict.fromkeys(NEEDED)
    asked = Asked(
        network,
        linear,
        others=(),
        null=None,
        seed=seed,
        rows=len(table),
        control={},
        constraints=declared,
        margin=None,
        policy=None,
        found=found,
        within=lambda share: None,
    )
    found["performance"] = compare(*asked.both(asked.evaluated), seed=seed, held_out=True)
    for reading in (reading for step in STEPS for reading in step.readings if reading.field in fields):
        found[reading.field] = _optional(reading, asked)
    made = document(Results(network, linear, True, seed, limit=len(table), notes=(), **found))
    return Audited({finding.slug: finding for finding in judge(made)}, network, linear, found)


def _optional(reading: Reading, asked: Asked) -> object:
    try:
        return reading.read(asked)
    except NotApplicableError:
        return None
