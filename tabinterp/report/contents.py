"""The sections of the report, in order: each of one or of several analyses. To add one, add a line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from tabinterp.analyses import ANALYSES
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
from tabinterp.report.sections.evidence import evidence, use
from tabinterp.report.sections.findings import findings
from tabinterp.report.sections.method import method, not_assessed
from tabinterp.report.words import t

Build = Callable[[Document], list[Block]]

# The anchor of each section, and what builds its blocks, in order.
SECTIONS: tuple[tuple[str, tuple[Build, ...]], ...] = (
    ("findings", (findings,)),
    (
        "performance",
        (
            performance.build,
            recalibration.build,
            boosted_trees.build,
            decision_curve.build,
            calibration.build,
        ),
    ),
    ("gain", (ladder.build, decomposition.build)),
    ("importance", (permutation_importance.build,)),
    ("together", (conditional_importance.build, drop_column.build, conditional_importance.grouped)),
    ("shapley", (shapley_values.build,)),
    ("gradients", (gradients.build, baselines.build)),
    ("agreement", (agreement.build,)),
    ("trust", (trust.build,)),
    ("coefficients", (coefficients.build,)),
    ("effects", (effects.build,)),
    ("interactions", (interactions.build,)),
    ("disagreeing", (disagreement.build, slices.build)),
    ("groups", (groups.build, proxies.build, alternatives.build, constraints.build, subgroup_gaps.build)),
    ("reasons", (reason_codes.build,)),
    (
        "neurons",
        (
            hidden_units.health,
            unit_correlations.build,
            first_layer.build,
            unit_correlations.every_unit,
            hidden_units.build,
            maximisation.build,
            mechanism.build,
            linear_regions.build,
            conductance.build,
            path_weights.build,
            ablation.build,
            mechanism.absent,
            unit_correlations.dropped,
        ),
    ),
    ("data", (data_quality.build,)),
    ("off-data", (off_support.build, extrapolation.build)),
    ("use", (use,)),
    ("method", (method,)),
    ("not-assessed", (not_assessed,)),
    ("evidence", (evidence,)),
)


def blocks(document: Document, anchor: str) -> list[Block]:
    """What a section holds; nothing where none of its analyses has a result."""
    if anchor in document.analyses:
        build = import_module(f"tabinterp.analyses.{anchor}.section").build
        return cast("list[Block]", build(document.analyses[anchor], document))
    return [block for build in dict(SECTIONS)[anchor] for block in build(document)]


def sections(document: Document) -> list[Section]:
    """Every section, in order; one with nothing to show points to the reasons instead of vanishing."""
    empty = Paragraph(t("report.empty", section=t("report.section.not-assessed")))
    anchors: list[str] = []
    for anchor, _ in SECTIONS:
        if anchor == "use":  # before it: analyses with a record of their own, which `SECTIONS` does not name
            anchors += [analysis.name for analysis in ANALYSES if analysis.name in document.analyses]
        anchors.append(anchor)
    return [Section(anchor, t(f"report.section.{anchor}"), blocks(document, anchor) or [empty]) for anchor in anchors]
