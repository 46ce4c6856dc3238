"""The chapters and sections of the report, in order. To add a section, add a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from tabinterp.analyses.ablation import section as ablation
from tabinterp.analyses.agreement import section as agreement
from tabinterp.analyses.alternatives import section as alternatives
from tabinterp.analyses.baselines import section as baselines
from tabinterp.analyses.boosted_trees import section as boosted_trees
from tabinterp.analyses.calibration import section as calibration
from tabinterp.analyses.coefficients import section as coefficients
from tabinterp.analyses.conditional_importance import section as conditional_importance
from tabinterp.analyses.conductance import section as conductance
from tabinterp.analyses.constraints import section as constraints
from tabinterp.analyses.data_quality import section as data_quality
from tabinterp.analyses.decision_curve import section as decision_curve
from tabinterp.analyses.decomposition import section as decomposition
from tabinterp.analyses.disagreement import section as disagreement
from tabinterp.analyses.drop_column import section as drop_column
from tabinterp.analyses.effects import section as effects
from tabinterp.analyses.extrapolation import section as extrapolation
from tabinterp.analyses.gradients import section as gradients
from tabinterp.analyses.groups import section as groups
from tabinterp.analyses.hidden_units import first_layer_section as first_layer
from tabinterp.analyses.hidden_units import section as hidden_units
from tabinterp.analyses.interactions import section as interactions
from tabinterp.analyses.ladder import section as ladder
from tabinterp.analyses.linear_regions import section as linear_regions
from tabinterp.analyses.maximisation import section as maximisation
from tabinterp.analyses.mechanism import section as mechanism
from tabinterp.analyses.off_support import section as off_support
from tabinterp.analyses.path_weights import section as path_weights
from tabinterp.analyses.performance import section as performance
from tabinterp.analyses.permutation_importance import section as permutation_importance
from tabinterp.analyses.proxies import section as proxies
from tabinterp.analyses.reason_codes import section as reason_codes
from tabinterp.analyses.recalibration import section as recalibration
from tabinterp.analyses.shapley_values import section as shapley_values
from tabinterp.analyses.slices import section as slices
from tabinterp.analyses.subgroup_gaps import section as subgroup_gaps
from tabinterp.analyses.trust import section as trust
from tabinterp.analyses.unit_correlations import section as unit_correlations
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Paragraph, Section
from tabinterp.report.layout import arranged
from tabinterp.report.numbering import numbered
from tabinterp.report.sections.evidence import evidence, use
from tabinterp.report.sections.findings import findings, findings_about
from tabinterp.report.sections.method import method, not_assessed
from tabinterp.report.words import t

Build = Callable[[Document], list[Block]]


@dataclass(frozen=True)
class Chapter:
    """A numbered part of the report.

    Parameters
    ----------
    anchor : its identifier on the page; `report.chapter.ANCHOR` is its title.
    sections : the anchor of each section, and what builds its blocks, in order; nothing: the record of the analysis that has
        the anchor for a name.
    folded : whether the chapter is closed until somebody opens it.
    """

    anchor: str
    sections: tuple[tuple[str, tuple[Build, ...]], ...]
    folded: bool = False


FOLDED = frozenset({"together", "shapley", "gradients"})  # sections that are closed until somebody opens them
CHAPTERS = (
    Chapter(
        "performance-chapter",
        (
            ("performance", (performance.build,)),
            ("discrimination", ()),
            ("residuals", ()),
            ("calibration", (calibration.build, decision_curve.build, recalibration.build)),
            ("gain", (ladder.build, decomposition.build, boosted_trees.build)),
            ("disagreeing", (disagreement.build, slices.build)),
        ),
    ),
    Chapter(
        "importance-chapter",
        (
            ("importance", (permutation_importance.build,)),
            ("agreement", (agreement.build,)),
            ("together", (conditional_importance.build, drop_column.build, conditional_importance.grouped)),
            ("shapley", (shapley_values.build,)),
            ("gradients", (gradients.build, baselines.build)),
        ),
    ),
    Chapter(
        "effects-chapter",
        (
            ("coefficients", (coefficients.build,)),
            ("effects", (effects.build,)),
            ("interactions", (interactions.build,)),
        ),
    ),
    Chapter("robustness", (("trust", (trust.build,)), ("off-data", (off_support.build, extrapolation.build)))),
    Chapter(
        "people",
        (
            ("groups", (groups.build, proxies.build, alternatives.build, constraints.build, subgroup_gaps.build)),
            ("reasons", (reason_codes.build,)),
        ),
    ),
    Chapter("data-chapter", (("data", (data_quality.build,)),), folded=True),
    Chapter(
        "inside",
        (
            (
                "neurons",
                (
                    hidden_units.health,
                    unit_correlations.build,
                    first_layer.build,
                    unit_correlations.every_unit,
                    hidden_units.build,
                    maximisation.build,
                ),
            ),
            (
                "mechanism",
                (
                    mechanism.build,
                    linear_regions.build,
                    conductance.build,
                    path_weights.build,
                    ablation.build,
                    mechanism.absent,
                    unit_correlations.dropped,
                ),
            ),
        ),
        folded=True,
    ),
    Chapter(
        "method-chapter",
        (
            ("findings", (findings,)),
            ("use", (use,)),
            ("method", (method,)),
            ("not-assessed", (not_assessed,)),
            ("evidence", (evidence,)),
        ),
        folded=True,
    ),
)
OTHERS = "robustness"  # the chapter of analyses with a record of their own, which no chapter names
ANCHORS = frozenset(anchor for chapter in CHAPTERS for anchor, _ in chapter.sections)


def chapters(document: Document) -> list[Section]:
    """Return the numbered chapters; a section with nothing to show gives the reasons."""
    return numbered(_chapter(document, chapter) for chapter in CHAPTERS)


def _chapter(document: Document, chapter: Chapter) -> Section:
    anchors = dict(chapter.sections)
    if chapter.anchor == OTHERS:
        anchors |= {name: () for name in document.analyses if name not in ANCHORS}
    sections = [
        _section(anchor, [block for build in builders for block in build(document)] or _own(document, anchor))
        for anchor, builders in anchors.items()
        if builders or anchor in document.analyses
    ]
    return Section(
        chapter.anchor,
        t(f"report.chapter.{chapter.anchor}"),
        [],
        findings=findings_about(document, [section.anchor for section in sections]),
        sections=sections,
        summary=t(f"report.chapter.{chapter.anchor}.summary") if chapter.folded else "",
    )


def _own(document: Document, anchor: str) -> list[Block]:
    """The blocks of an analysis with a record of its own."""
    if anchor not in document.analyses:
        return []
    build = import_module(f"tabinterp.analyses.{anchor}.section").build
    return cast("list[Block]", build(document.analyses[anchor], document))


def _section(anchor: str, blocks: list[Block]) -> Section:
    empty = Paragraph(t("report.empty", section=t("report.section.not-assessed")))
    title = t(f"report.section.{anchor}")
    summary = t(f"report.section.{anchor}.summary") if anchor in FOLDED else ""
    return Section(anchor, title, arranged(blocks, title) or [empty], summary=summary)
