"""What an audit computed, and how a number goes into the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..comparison.alternatives import Alternatives
from ..comparison.baselines import Baselines
from ..comparison.boosted import Reference
from ..comparison.calibration import Calibration
from ..comparison.constraints import Constraints
from ..comparison.decisions import Decisions
from ..comparison.decomposition import Decomposition
from ..comparison.disagreement import Disagreement
from ..comparison.groups import Groups
from ..comparison.ladder import Ladder
from ..comparison.performance import Performance
from ..comparison.proxies import Proxies
from ..comparison.reasons import ReasonCodes
from ..comparison.recalibration import Recalibrated
from ..comparison.slices import Slices
from ..comparison.together import Together
from ..comparison.trust import Trust
from ..comparison.weak import WeakGroups
from ..digest_key import DigestKey
from ..models import Bound, Model
from ..readouts.ablation import Ablations
from ..readouts.coefficients import Coefficients
from ..readouts.data import DataReadings
from ..readouts.effects import Effects
from ..readouts.extrapolation import Extrapolation
from ..readouts.gradients import GradientImportance
from ..readouts.inside import Inside, Optima
from ..readouts.interactions import Interactions
from ..readouts.mechanism import Conductances
from ..readouts.neurons import NeuronCorrelations
from ..readouts.offsupport import OffSupport
from ..readouts.paths import PathWeights
from ..readouts.permutation import PermutationImportance
from ..readouts.regions import LinearRegions
from ..readouts.result import Estimates
from ..readouts.shapley import ShapleyValues
from ..report.document import Interval, Message
from ..table.census import Census


@dataclass(frozen=True)
class Results:
    """Everything an audit computed. Pairs are (network, linear); None where a reading does not apply."""

    network: Bound
    linear: Bound
    held_out: bool
    seed: int
    limit: int  # rows that readings of many passes use at most
    performance: Performance
    coefficients: tuple[Coefficients, Coefficients] | None  # linear, network
    importance: tuple[PermutationImportance, PermutationImportance] | None
    gradients: list[tuple[GradientImportance, GradientImportance]] | None
    shapley: tuple[ShapleyValues, ShapleyValues] | None
    effects: tuple[Effects, Effects] | None
    interactions: Interactions | None
    neurons: NeuronCorrelations | None
    notes: tuple[Message, ...]
    others: Sequence[Model] = ()  # networks of other seeds
    null: Model | None = None  # a network trained on shuffled labels
    digest_key: DigestKey | None = None  # None: no digests of columns are written
    recalibrated: Recalibrated | None = None
    decisions: Decisions | None = None
    reference: Reference | None = None
    calibration: tuple[Calibration, Calibration] | None = None
    ladder: Ladder | None = None
    decomposition: Decomposition | None = None
    disagreement: Disagreement | None = None
    table: DataReadings | None = None
    off_support: OffSupport | None = None
    extrapolation: Extrapolation | None = None
    together: Together | None = None
    baselines: tuple[Baselines, Baselines] | None = None
    trust: tuple[Trust, Trust] | None = None
    inside: Inside | None = None
    optima: Optima | None = None
    regions: LinearRegions | None = None
    conductance: Conductances | None = None
    paths: PathWeights | None = None
    unit_groups: Ablations | None = None
    slices: Slices | None = None
    reasons: ReasonCodes | None = None
    groups: Groups | None = None
    proxies: Proxies | None = None
    alternatives: Alternatives | None = None
    weak: WeakGroups | None = None
    constraints: Constraints | None = None
    census: Census | None = None  # of all rows, where these are more than the models are bound to
    summed: tuple[Any, ...] = ()  # fields that are of all these rows


def number(value: Any) -> float | None:
    """A finite float, or None."""
    return None if value is None or not np.isfinite(value) else float(value)


def interval(value: Any, stderr: Any, low: Any, high: Any) -> Interval:
    return Interval(value=number(value), stderr=number(stderr), low=number(low), high=number(high))


def at(estimates: Estimates, *place: int) -> Interval:
    return interval(*(getattr(estimates, part)[place] for part in ("value", "stderr", "low", "high")))


def rows_of(r: Results) -> Any:
    return "held-out" if r.held_out else "all"
