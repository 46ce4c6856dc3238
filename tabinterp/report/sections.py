"""The sections of the report, in order. To add one: a function from the document to blocks, and a line here."""

from __future__ import annotations

from collections.abc import Callable

from tabinterp.report.blocks import Block, Paragraph, Section
from tabinterp.report.document import Document
from tabinterp.report.parts.agreement import agreement
from tabinterp.report.parts.coefficients import coefficients
from tabinterp.report.parts.data import data
from tabinterp.report.parts.effects import effects
from tabinterp.report.parts.evidence import evidence, use
from tabinterp.report.parts.findings import findings
from tabinterp.report.parts.gain import disagreeing, gain
from tabinterp.report.parts.gradients import gradients
from tabinterp.report.parts.groups import groups
from tabinterp.report.parts.importance import importance
from tabinterp.report.parts.interactions import interactions
from tabinterp.report.parts.method import method, not_assessed
from tabinterp.report.parts.neurons import neurons
from tabinterp.report.parts.offdata import off_data
from tabinterp.report.parts.performance import performance
from tabinterp.report.parts.reasons import reasons
from tabinterp.report.parts.shapley import shapley
from tabinterp.report.parts.together import together
from tabinterp.report.parts.trust import trust
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
