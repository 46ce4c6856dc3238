"""What an audit computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tabinterp.analyses import ANALYSES
from tabinterp.analyses.ablation.estimator import Ablations
from tabinterp.analyses.alternatives.estimator import Alternatives
from tabinterp.analyses.baselines.estimator import Baselines
from tabinterp.analyses.boosted_trees.estimator import Reference
from tabinterp.analyses.calibration.estimator import Calibration
from tabinterp.analyses.coefficients.estimator import Coefficients
from tabinterp.analyses.conditional_importance.estimator import Together
from tabinterp.analyses.conductance.estimator import Conductances
from tabinterp.analyses.constraints.estimator import Constraints
from tabinterp.analyses.data_quality.estimator import DataReadings
from tabinterp.analyses.decision_curve.estimator import Decisions
from tabinterp.analyses.decomposition.estimator import Decomposition
from tabinterp.analyses.disagreement.estimator import Disagreement
from tabinterp.analyses.effects.estimator import Effects
from tabinterp.analyses.extrapolation.estimator import Extrapolation
from tabinterp.analyses.gradients.estimator import GradientImportance
from tabinterp.analyses.groups.estimator import Groups
from tabinterp.analyses.hidden_units.audited_units import Inside, Optima
from tabinterp.analyses.interactions.estimator import Interactions
from tabinterp.analyses.ladder.estimator import Ladder
from tabinterp.analyses.linear_regions.estimator import LinearRegions
from tabinterp.analyses.off_support.estimator import OffSupport
from tabinterp.analyses.path_weights.estimator import PathWeights
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.performance.estimator import Performance
from tabinterp.analyses.permutation_importance.estimator import PermutationImportance
from tabinterp.analyses.proxies.estimator import Proxies
from tabinterp.analyses.reason_codes.estimator import ReasonCodes
from tabinterp.analyses.recalibration.estimator import Recalibrated
from tabinterp.analyses.shapley_values.estimator import ShapleyValues
from tabinterp.analyses.slices.estimator import Slices
from tabinterp.analyses.subgroup_gaps.estimator import WeakGroups
from tabinterp.analyses.trust.estimator import Trust
from tabinterp.analyses.unit_correlations.estimator import NeuronCorrelations
from tabinterp.document.base import Message
from tabinterp.models import BoundModel, Model
from tabinterp.provenance.digest_key import DigestKey
from tabinterp.table.summary import Census

from .base import Analysis, Result
from .context import Context
from .settings import AuditSettings


@dataclass(frozen=True)
class Results:
    """Everything an audit computed. Pairs are (network, linear); None where a reading does not apply."""

    network: BoundModel
    linear: BoundModel
    held_out: bool
    settings: AuditSettings
    performance: Performance
    coefficients: tuple[Coefficients, Coefficients] | None = None  # linear, network
    permutation_importance: tuple[PermutationImportance, PermutationImportance] | None = None
    gradients: list[tuple[GradientImportance, GradientImportance]] | None = None
    shapley_values: tuple[ShapleyValues, ShapleyValues] | None = None
    effects: tuple[Effects, Effects] | None = None
    interactions: Interactions | None = None
    unit_correlations: NeuronCorrelations | None = None
    notes: tuple[Message, ...] = ()
    others: Sequence[Model] = ()  # networks of other seeds
    null: Model | None = None  # a network trained on shuffled labels
    digest_key: DigestKey | None = None  # None: no digests of columns are written
    recalibration: Recalibrated | None = None
    decision_curve: Decisions | None = None
    boosted_trees: Reference | None = None
    calibration: tuple[Calibration, Calibration] | None = None
    ladder: Ladder | None = None
    decomposition: Decomposition | None = None
    disagreement: Disagreement | None = None
    data_quality: DataReadings | None = None
    off_support: OffSupport | None = None
    extrapolation: Extrapolation | None = None
    conditional_importance: Together | None = None
    baselines: tuple[Baselines, Baselines] | None = None
    trust: tuple[Trust, Trust] | None = None
    hidden_units: Inside | None = None
    maximisation: Optima | None = None
    linear_regions: LinearRegions | None = None
    conductance: Conductances | None = None
    path_weights: PathWeights | None = None
    ablation: Ablations | None = None
    slices: Slices | None = None
    reason_codes: ReasonCodes | None = None
    groups: Groups | None = None
    proxies: Proxies | None = None
    alternatives: Alternatives | None = None
    subgroup_gaps: WeakGroups | None = None
    constraints: Constraints | None = None
    census: Census | None = None  # of all rows, where these are more than the models are bound to
    summed: tuple[str, ...] = ()  # what is summed over all these rows (`Analysis.summed`)
    answers: Mapping[str, Any] = field(default_factory=dict)  # name of an analysis that ran -> its result

    def __getitem__(self, analysis: Analysis[Result]) -> Result | None:
        """Return the result of an analysis; None where it does not apply or was not requested."""
        return cast("Result | None", self.answers.get(analysis.name))

    @property
    def seed(self) -> int:
        return self.settings.seed

    @classmethod
    def of(cls, context: Context, **rest: Any) -> Results:
        """Return the results of a finished audit."""
        placed = {analysis.name for analysis in ANALYSES if analysis.place is not None}
        found = {name: result for name, result in context.results.items() if name in placed}
        return cls(
            network=context.network,
            linear=context.linear,
            held_out=context.held_out,
            settings=context.settings,
            performance=context.performance,
            others=context.others,
            null=context.null,
            answers=context.results,
            summed=tuple(one.summed for one in (PERFORMANCE, *ANALYSES) if one.summed and one.name in context.sums),
            **found,
            **rest,
        )
