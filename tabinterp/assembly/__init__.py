"""From results to the document: every number goes to its field, every sentence becomes a message."""

from __future__ import annotations

from ..report import document as doc
from .calibration import calibration
from .coefficients import coefficients
from .context import data, method, model_info, notes, performance, verdict
from .disagreement import disagreement
from .effects import effects, interactions
from .gain import gain
from .grouped import grouped
from .inside import inside
from .judged import judged
from .mechanism import mechanism
from .provenance import configuration_digest, readings
from .readings import agreement, gradients, importance, left_out, neurons
from .reasons import reasons
from .results import Results
from .shapley import shapley
from .slices import slices
from .tabled import extrapolation, off_support, rows_alone
from .together import baselines, together
from .trust import trust
from .unassessed import unassessed

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
