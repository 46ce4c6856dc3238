"""The sections of the report, in order. To add one: a function from the document to blocks, and a line here."""

from __future__ import annotations

from collections.abc import Callable

from tabinterp.analyses.agreement.section import agreement
from tabinterp.analyses.coefficients.section import coefficients
from tabinterp.analyses.conditional_importance.section import together
from tabinterp.analyses.data_quality.section import data
from tabinterp.analyses.effects.section import effects
from tabinterp.analyses.gradients.section import gradients
from tabinterp.analyses.groups.section import groups
from tabinterp.analyses.interactions.section import interactions
from tabinterp.analyses.ladder.section import disagreeing, gain
from tabinterp.analyses.off_support.section import off_data
from tabinterp.analyses.performance.section import performance
from tabinterp.analyses.permutation_importance.section import importance
from tabinterp.analyses.reason_codes.section import reasons
from tabinterp.analyses.shapley_values.section import shapley
from tabinterp.analyses.trust.section import trust
from tabinterp.analyses.unit_correlations.section import neurons
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Paragraph, Section
from tabinterp.report.sections.evidence import evidence, use
from tabinterp.report.sections.findings import findings
from tabinterp.report.sections.method import method, not_assessed
from tabinterp.report.words import t

SECTIONS: tuple[tuple[str, Callable[[Document], list[Block]]], ...] = (
    ("findings", findings),
    ("performance", performance),
    ("gain", gain),
    ("importance", importance),
    ("together", together),
    ("shapley", shapley),
    ("gradients", gradients),
    ("agreement", agreement),
    ("trust", trust),
    ("coefficients", coefficients),
    ("effects", effects),
    ("interactions", interactions),
    ("disagreeing", disagreeing),
    ("groups", groups),
    ("reasons", reasons),
    ("neurons", neurons),
    ("data", data),
    ("off-data", off_data),
    ("use", use),
    ("method", method),
    ("not-assessed", not_assessed),
    ("evidence", evidence),
)


def sections(document: Document) -> list[Section]:
    """Every section, in order; one with nothing to show points to the reasons instead of vanishing."""
    empty = Paragraph(t("report.empty", section=t("report.section.not-assessed")))
    return [Section(anchor, t(f"report.section.{anchor}"), build(document) or [empty]) for anchor, build in SECTIONS]
