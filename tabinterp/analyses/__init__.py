"""The analyses of an audit: one package for each question, listed in the order in which they run.

To add an analysis, write its package and add a line to `ANALYSES`. This list determines which analyses an audit runs. It also
defines the fields of the document, their schema, and the sections of the report.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from tabinterp.errors import TabinterpError
from tabinterp.messages import english

from .ablation import ANALYSIS as ABLATION
from .alternatives import ANALYSIS as ALTERNATIVES
from .base import Analysis, Field
from .baselines import ANALYSIS as BASELINES
from .boosted_trees import ANALYSIS as BOOSTED_TREES
from .calibration import ANALYSIS as CALIBRATION
from .coefficients import ANALYSIS as COEFFICIENTS
from .conditional_importance import ANALYSIS as CONDITIONAL_IMPORTANCE
from .conductance import ANALYSIS as CONDUCTANCE
from .conformal import ANALYSIS as CONFORMAL
from .constraints import ANALYSIS as CONSTRAINTS
from .data_quality import ANALYSIS as DATA_QUALITY
from .decision_curve import ANALYSIS as DECISION_CURVE
from .decomposition import ANALYSIS as DECOMPOSITION
from .disagreement import ANALYSIS as DISAGREEMENT
from .discrimination import ANALYSIS as DISCRIMINATION
from .effects import ANALYSIS as EFFECTS
from .extrapolation import ANALYSIS as EXTRAPOLATION
from .gradients import ANALYSIS as GRADIENTS
from .groups import ANALYSIS as GROUPS
from .hidden_units import ANALYSIS as HIDDEN_UNITS
from .interactions import ANALYSIS as INTERACTIONS
from .ladder import ANALYSIS as LADDER
from .linear_regions import ANALYSIS as LINEAR_REGIONS
from .maximisation import ANALYSIS as MAXIMISATION
from .monotonicity import ANALYSIS as MONOTONICITY
from .off_support import ANALYSIS as OFF_SUPPORT
from .overfitting import ANALYSIS as OVERFITTING
from .path_weights import ANALYSIS as PATH_WEIGHTS
from .permutation_importance import ANALYSIS as PERMUTATION_IMPORTANCE
from .perturbation import ANALYSIS as PERTURBATION
from .proxies import ANALYSIS as PROXIES
from .reason_codes import ANALYSIS as REASON_CODES
from .recalibration import ANALYSIS as RECALIBRATION
from .recourse import ANALYSIS as RECOURSE
from .regional_effects import ANALYSIS as REGIONAL_EFFECTS
from .residuals import ANALYSIS as RESIDUALS
from .resilience import ANALYSIS as RESILIENCE
from .scorecard import ANALYSIS as SCORECARD
from .shapley_values import ANALYSIS as SHAPLEY_VALUES
from .slices import ANALYSIS as SLICES
from .subgroup_gaps import ANALYSIS as SUBGROUP_GAPS
from .trust import ANALYSIS as TRUST
from .unit_correlations import ANALYSIS as UNIT_CORRELATIONS

ANALYSES: tuple[Analysis[Any], ...] = (
    RECALIBRATION,
    DECISION_CURVE,
    BOOSTED_TREES,
    DISCRIMINATION,
    RESIDUALS,
    CALIBRATION,
    LADDER,
    DECOMPOSITION,
    SCORECARD,
    DISAGREEMENT,
    SLICES,
    OVERFITTING,
    REASON_CODES,
    GROUPS,
    PROXIES,
    ALTERNATIVES,
    SUBGROUP_GAPS,
    CONSTRAINTS,
    MONOTONICITY,
    RECOURSE,
    PERMUTATION_IMPORTANCE,
    CONDITIONAL_IMPORTANCE,
    COEFFICIENTS,
    GRADIENTS,
    BASELINES,
    SHAPLEY_VALUES,
    EFFECTS,
    INTERACTIONS,
    REGIONAL_EFFECTS,
    TRUST,
    UNIT_CORRELATIONS,
    HIDDEN_UNITS,
    MAXIMISATION,
    LINEAR_REGIONS,
    CONDUCTANCE,
    PATH_WEIGHTS,
    ABLATION,
    DATA_QUALITY,
    OFF_SUPPORT,
    EXTRAPOLATION,
    PERTURBATION,
    CONFORMAL,
    RESILIENCE,
)

FUNCTIONS = {  # public function: its analysis, if the two have different names
    "ablate": "ablation",
    "decompose": "decomposition",
    "describe_data": "data_quality",
    "explain_row": "shapley_values",
    "gradient_importance": "gradients",
    "maximise": "maximisation",
    "neuron_correlations": "unit_correlations",
    "neurons": "hidden_units",
    "read_constraints": "constraints",
    "robustness": "perturbation",
}

# Fields of the document that each have the records of several analyses.
SHARED = {
    "judged": Field("performance", "Judged"),
    "gain": Field("ladder", "Gain"),
    "mechanism": Field("mechanism", "Mechanism"),
}


def fields() -> dict[str, Field]:
    """Return the document fields that contain records of analyses, keyed by name, in the order of `ANALYSES`."""
    found = {}
    for analysis in ANALYSES:
        if analysis.place is not None:
            field, _, part = analysis.place.partition(".")
            if not part and analysis.record is not None:
                found[field] = Field(analysis.name, analysis.record, analysis.always)
            elif field not in found:
                found[field] = SHARED[field]
    return found


def own_records() -> dict[str, Field]:
    """Return a mapping from each analysis with a record in `document.analyses` to the field of this record."""
    return {one.name: Field(one.name, str(one.record)) for one in ANALYSES if one.place is None}


def arguments_used(names: Iterable[str] | None) -> set[str]:
    """Return the arguments of `ti.audit` that are specific to the named analyses; None stands for all analyses."""
    return {argument for analysis in chosen(names) for argument in analysis.uses}


def chosen(names: Iterable[str] | None) -> tuple[Analysis[Any], ...]:
    """Return the named analyses and all analyses that they need, in the order in which they run; None stands for all analyses.

    `names` may be empty, because performance and the verdict are always computed.

    Raises
    ------
    TabinterpError
        If one of the names is not the name of an analysis.
    """
    if names is None:
        return ANALYSES
    known = {analysis.name: analysis for analysis in ANALYSES}
    wanted = [names] if isinstance(names, str) else list(names)
    for name in wanted:
        if name not in known:
            raise TabinterpError(
                f"unknown analysis {name!r}.{_hint(str(name))} The available analyses are {', '.join(known)}"
            )
    for analysis in reversed(ANALYSES):  # Each analysis comes after the analyses that it needs.
        if analysis.name in wanted:
            wanted += analysis.needs
    return tuple(analysis for analysis in ANALYSES if analysis.name in wanted)


def _hint(given: str) -> str:
    """Return a sentence that suggests analyses for an unknown name, or an empty string.

    The name is compared with the names of the analyses, with their functions, and with the titles in the report. For the title of
    a section or chapter that contains several analyses, all of them are suggested.
    """
    if given == "performance":
        return " Performance and the verdict are part of every audit, so they need not be named."
    meant: dict[str, list[str]] = {}
    for analysis in ANALYSES:
        for part in analysis.on_page:
            for key in (f"report.section.{part.section}", f"report.chapter.{part.chapter}"):
                meant.setdefault(english()[key].casefold(), []).append(analysis.name)
    meant |= {english()[f"step.{analysis.title}"].casefold(): [analysis.name] for analysis in ANALYSES}
    meant |= {function: [name] for function, name in FUNCTIONS.items()}
    meant |= {analysis.name: [analysis.name] for analysis in ANALYSES}
    near = get_close_matches(given.casefold(), meant, 1)
    return f" Did you mean {' or '.join(map(repr, dict.fromkeys(meant[near[0]])))}?" if near else ""
