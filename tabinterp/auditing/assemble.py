"""From results to the document: every number goes to its field, every sentence becomes a message."""

from __future__ import annotations

from tabinterp.analyses.calibration.record import calibration
from tabinterp.analyses.coefficients.record import coefficients
from tabinterp.analyses.conditional_importance.record import baselines, together
from tabinterp.analyses.data_quality.record import extrapolation, off_support, rows_alone
from tabinterp.analyses.disagreement.record import disagreement
from tabinterp.analyses.effects.record import effects, interactions
from tabinterp.analyses.groups.record import grouped
from tabinterp.analyses.hidden_units.record import inside
from tabinterp.analyses.ladder.record import gain
from tabinterp.analyses.mechanism.record import mechanism
from tabinterp.analyses.performance.record import judged
from tabinterp.analyses.readings_record import agreement, gradients, importance, left_out, neurons
from tabinterp.analyses.reason_codes.record import reasons
from tabinterp.analyses.results import Results
from tabinterp.analyses.shapley_values.record import shapley
from tabinterp.analyses.slices.record import slices
from tabinterp.analyses.trust.record import trust
from tabinterp.document import document as doc

from .not_assessed import unassessed
from .overview import data, method, model_info, notes, performance, verdict
from .run_record import configuration_digest, readings

__all__ = ["Results", "document"]


def document(r: Results) -> doc.Document:
    """The audit's document, without its findings."""
    columns = importance(r)
    table = data(r)
    made = doc.Document(
        data=table,
        network=model_info(r.network),
        linear=model_info(r.linear),
        verdict=verdict(r, columns),
        performance=performance(r.performance),
        judged=judged(r),
        calibration=calibration(r),
        gain=gain(r),
        disagreement=disagreement(r),
        slices=slices(r),
        reasons=reasons(r),
        groups=grouped(r),
        importance=columns,
        together=together(r, [row.column for row in columns.columns]),
        coefficients=coefficients(r),
        gradients=gradients(r).model_copy(update={"baselines": baselines(r)}),
        shapley=shapley(r),
        effects=effects(r),
        interactions=interactions(r),
        agreement=agreement(r),
        agreement_left_out=left_out(r),
        trust=trust(r),
        neurons=neurons(r),
        table=rows_alone(r),
        off_support=off_support(r),
        extrapolation=extrapolation(r),
        inside=inside(r),
        mechanism=mechanism(r),
        findings=[],
        evidence=[],
        not_assessed=notes(r),
        method=method(r, table),
    )
    known = {"readings": readings(made), "configuration_digest": configuration_digest(made)}
    told = [*made.not_assessed, *unassessed(made)]
    return made.model_copy(update={"method": made.method.model_copy(update=known), "not_assessed": told})
