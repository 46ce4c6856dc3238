"""From results to the document: every number goes to its field, every sentence becomes a message."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from tabinterp.analyses import ANALYSES
from tabinterp.analyses.agreement import record as agreement
from tabinterp.analyses.calibration import record as calibration
from tabinterp.analyses.coefficients import record as coefficients
from tabinterp.analyses.conditional_importance import record as conditional_importance
from tabinterp.analyses.data_quality import record as data_quality
from tabinterp.analyses.disagreement import record as disagreement
from tabinterp.analyses.effects import record as effects
from tabinterp.analyses.extrapolation import record as extrapolation
from tabinterp.analyses.gradients import record as gradients
from tabinterp.analyses.groups import record as groups
from tabinterp.analyses.hidden_units import record as hidden_units
from tabinterp.analyses.interactions import record as interactions
from tabinterp.analyses.ladder import record as ladder
from tabinterp.analyses.mechanism import record as mechanism
from tabinterp.analyses.off_support import record as off_support
from tabinterp.analyses.performance import record as performance
from tabinterp.analyses.permutation_importance import record as permutation_importance
from tabinterp.analyses.reason_codes import record as reason_codes
from tabinterp.analyses.results import Results
from tabinterp.analyses.shapley_values import record as shapley_values
from tabinterp.analyses.slices import record as slices
from tabinterp.analyses.trust import record as trust
from tabinterp.analyses.unit_correlations import record as unit_correlations
from tabinterp.document import document as doc
from tabinterp.document.base import Part

from .data_and_models import data, method, model_info, notes
from .not_assessed import unassessed
from .run_record import configuration_digest, readings

__all__ = ["Results", "document"]


def document(r: Results) -> doc.Document:
    """The audit's document, without its findings."""
    importance = permutation_importance.build(r)
    table = data(r)
    made = doc.Document(
        data=table,
        network=model_info(r.network),
        linear=model_info(r.linear),
        verdict=performance.build_verdict(r, importance),
        performance=performance.build_performance(r),
        judged=performance.build_judged(r),
        calibration=calibration.build(r),
        gain=ladder.build(r),
        disagreement=disagreement.build(r),
        slices=slices.build(r),
        reasons=reason_codes.build(r),
        groups=groups.build(r),
        importance=importance,
        together=conditional_importance.build(r, [row.column for row in importance.columns]),
        coefficients=coefficients.build(r),
        gradients=gradients.build(r),
        shapley=shapley_values.build(r),
        effects=effects.build(r),
        interactions=interactions.build(r),
        agreement=agreement.build(r),
        agreement_left_out=agreement.build_left_out(r),
        trust=trust.build(r),
        neurons=unit_correlations.build(r),
        table=data_quality.build(r),
        off_support=off_support.build(r),
        extrapolation=extrapolation.build(r),
        inside=hidden_units.build(r),
        mechanism=mechanism.build(r),
        analyses={name: record for name in r.answers if (record := _record(name, r)) is not None},
        findings=[],
        evidence=[],
        not_assessed=notes(r),
        method=method(r, table),
        settings=r.settings,
    )
    known = {"readings": readings(made), "configuration_digest": configuration_digest(made)}
    told = [*made.not_assessed, *unassessed(made)]
    return made.model_copy(update={"method": made.method.model_copy(update=known), "not_assessed": told})


def _record(name: str, results: Results) -> Part | None:
    """The record of an analysis that has no field of its own in the document; None where it does not apply."""
    analysis = next(one for one in ANALYSES if one.name == name)
    if analysis.place is not None or results[analysis] is None:
        return None
    return cast("Part | None", import_module(f"tabinterp.analyses.{name}.record").build(results))
