"""Documents to render: made up, seeded, and as awkward as real ones get. Each is made once: nobody changes one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from tabinterp import messages
from tabinterp.analyses.ablation.record import UnitGroup, UnitGroups
from tabinterp.analyses.agreement.record import Agreement
from tabinterp.analyses.alternatives.record import AlternativeRow, Alternatives
from tabinterp.analyses.baselines.record import BaselinePair, BaselineRow, Baselines, StartGap, StartRow
from tabinterp.analyses.boosted_trees.record import Reference
from tabinterp.analyses.calibration.record import Calibrated, Calibration, CalibrationBin, CalibrationRow
from tabinterp.analyses.coefficients.record import CoefficientRow, Coefficients, Surrogate, WaldRow
from tabinterp.analyses.conditional_importance.record import ConditionalRow, FamilyRow, Together
from tabinterp.analyses.conductance.record import Conductance, ConductanceLayer, ConductanceRow
from tabinterp.analyses.conformal import record as conformed
from tabinterp.analyses.constraints.record import ConstraintRow, ConstraintTable, HeldPart
from tabinterp.analyses.data_quality.record import BeyondRow, Heap, RowCopies, TableColumn, TableReadings
from tabinterp.analyses.decision_curve.record import BenefitPoint, Decisions, Policy
from tabinterp.analyses.decomposition.record import RestRow, ShareRow, Shares
from tabinterp.analyses.disagreement.record import Disagreement, Leaf
from tabinterp.analyses.discrimination import record as discriminated
from tabinterp.analyses.effects.estimator import POINTS
from tabinterp.analyses.effects.record import Effect, EffectCurve, EffectPoint, Effects
from tabinterp.analyses.extrapolation.record import BeyondRange, Extrapolation
from tabinterp.analyses.gradients.record import GradientMethod, GradientRow, Gradients
from tabinterp.analyses.groups.record import (
    Fitted,
    FittedRow,
    GroupRow,
    Groups,
    GroupTable,
    Impact,
    ImpactPair,
    ImpactRow,
    Treated,
)
from tabinterp.analyses.hidden_units.record import (
    Card,
    Inside,
    LayerHealth,
    LevelWeights,
    PanelColumn,
    ProfileLine,
    RealPanels,
    Template,
    UnitRow,
    WeightLine,
)
from tabinterp.analyses.interactions.record import InteractionRow, Interactions
from tabinterp.analyses.ladder.record import Gain, Ladder, Rung
from tabinterp.analyses.linear_regions.record import Region, Regions, RegionTerm
from tabinterp.analyses.maximisation.record import Optimum, OutputCard, PathPoint, Plausible
from tabinterp.analyses.maximisation.shown_values import Place
from tabinterp.analyses.mechanism.record import Mechanism
from tabinterp.analyses.monotonicity import record as monotone
from tabinterp.analyses.off_support.record import OffSupport, SwapRow
from tabinterp.analyses.overfitting import record as overfitted
from tabinterp.analyses.path_weights.record import PathColumn, PathLine, Paths, PathTerm
from tabinterp.analyses.performance.record import ClassRow, Judged, Performance, Training, TrainingRow, Verdict
from tabinterp.analyses.permutation_importance.record import Importance, ImportanceRow
from tabinterp.analyses.perturbation import record as perturbed
from tabinterp.analyses.proxies.record import AblatedRow, GapPart, ProbeRow, ProxyPart
from tabinterp.analyses.reason_codes.record import Alike, Flip, ReasonRow, Reasons
from tabinterp.analyses.recalibration.record import Recalibration
from tabinterp.analyses.recourse import record as recoursed
from tabinterp.analyses.regional_effects import record as regional
from tabinterp.analyses.residuals import record as residual
from tabinterp.analyses.resilience import record as resilient
from tabinterp.analyses.scorecard import record as carded
from tabinterp.analyses.shapley_values.record import Shapley, ShapleyModel, ShapleyRow
from tabinterp.analyses.slices.record import SliceRow, Slices
from tabinterp.analyses.subgroup_gaps.record import WeakPart, WeakRow
from tabinterp.analyses.trust.record import CurveRow, Drawn, NetworkRow, Networks, NullRow, StabilityRow, Trust
from tabinterp.analyses.unit_correlations.record import Neurons, Unit, UnitColumn
from tabinterp.auditing.run_record import readings
from tabinterp.document.claims import HIGHER_IS_BETTER
from tabinterp.document.document import (
    ColumnInfo,
    Data,
    Document,
    Finding,
    Interval,
    Message,
    Method,
    MetricRow,
    ModelInfo,
)
from tabinterp.document.evidence_rows import Card as AuthorCard
from tabinterp.document.evidence_rows import EvidenceRow

# The sentences of findings and readings belong to those who write them; samples bring their own.
messages.english().update(
    {
        "sample.sentence": "A sentence about {name}.",
        "sample.gap": "Log loss differs by {difference} (95% interval {low} to {high}).",
        "sample.claim": "{column} needs a look: {value} of {names}.",
        "sample.reason": "Separated: {level} occurs with one class only, so no interval is valid.",
    }
)

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "日本語の列の名前はとても長いことがあります本当に",
    "🧪 emoji 👩‍🔬",
    "{{7*7}}",
    "x" * 120,
    "$\\alpha$ & </text></svg><script>alert(2)</script>",
    "line\nbreak\ttab",
    "'; alert(3); '",
    "=cmd|' /C calc'!A0",
    "\u202eright to left",
    "",
    "</title><script>alert(4)</script>",
    "@0@",
    "الدخل السنوي للأسرة (2026) 5",
]

NONE = Interval()
RATIO = {"log-odds": "odds_ratio", "log-rate": "rate_ratio"}
SCALE = {"regression": "target", "count": "log-rate"}
METRICS = {
    "multiclass": ("log_loss", "macro_auc", "brier", "accuracy", "balanced_accuracy"),
    "regression": ("squared_error", "r2"),
    "count": ("poisson_deviance", "squared_error", "absolute_error"),
}


def sentence(name: object = "the rows") -> Message:
    return Message(key="sample.sentence", values={"name": str(name)})


class Maker:
    """Draws for one document."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def real(self, scale: float = 1.0) -> float:
        return float(self.rng.normal(0, scale))

    def share(self) -> float:
        return float(self.rng.uniform())

    def interval(self, centre: float, stderr: float) -> Interval:
        return Interval(value=centre, stderr=stderr, low=centre - 1.96 * stderr, high=centre + 1.96 * stderr)

    def pair(self, network: float, linear: float, stderr: float, of: str = "") -> dict[str, Interval]:
        """Both models and their difference; `of` is the metric in their names."""
        values = zip(named(of), (network, linear, network - linear), strict=True)
        return {name: self.interval(value, stderr) for name, value in values}


def named(of: str = "") -> tuple[str, str, str]:
    return (f"network_{of}", f"linear_{of}", f"{of}_difference") if of else ("network", "linear", "difference")


def columns(names: list[str], levels: int) -> list[ColumnInfo]:
    found = []
    for index, name in enumerate(names):
        categorical = index % 4 == 1
        found.append(
            ColumnInfo(
                name=name,
                kind=("categorical", "boolean", "ordinal")[index // 4 % 3] if categorical else "numeric",
                role="input",
                protected=index == 1,
                levels=levels if categorical else None,
                missing=None if 0 < index < 4 else index * 3,
                read_by_network=True,
                fast=index != 2,
            )
        )
    for role in ("target", "weight", "group", "split", "dropped"):
        found.append(
            ColumnInfo(
                name=f"the {role}",
                kind="numeric",
                role=role,
                protected=False,
                levels=None,
                missing=0,
                read_by_network=False,
                fast=False,
            )
        )
    return found


def importance(make: Maker, names: list[str], loss: str) -> Importance:
    sizes = np.sort(make.rng.exponential(0.03, len(names)))[::-1]
    rows = [
        ImportanceRow(
            column=name,
            network=make.interval(float(size), 0.004 + make.share() * 0.004),
            linear=make.interval(float(size) * make.share(), 0.005),
            off_support=make.share() * 0.3,
            exact=index % 4 == 1,
        )
        for index, (name, size) in enumerate(zip(names, sizes, strict=True))
    ]
    return Importance(
        loss=loss, rows=4000, repeats=10, seed=1234567, off_support_rows=1000, rows_of="held-out", columns=rows
    )


def term(make: Maker, column: str, level: str | None, output: str | None, scale: str) -> CoefficientRow:
    linear = make.interval(make.real(), 0.1 + make.share() * 0.5)
    network = make.interval(linear.value + make.real(0.4), 0.1 + make.share() * 0.2)
    separated = level is not None and make.share() < 0.1
    conflict = (linear.low > 0 and network.high < 0) or (linear.high < 0 and network.low > 0)
    odds = {name: float(np.exp(getattr(linear, name))) for name in ("value", "low", "high")}
    return CoefficientRow(
        output=output,
        column=column,
        level=level,
        reference=None if level is None else "the reference",
        unit=None,
        sd=None if level is not None else 0.5 + make.share(),
        linear=Interval(value=linear.value) if separated else linear,
        z=None if separated else linear.value / linear.stderr,
        p=0.0 if make.share() < 0.1 else make.share() ** 6,
        **({} if scale == "target" or separated else {RATIO[scale]: Interval(**odds)}),
        penalised=linear.value * 0.8,
        network=network,
        network_rows=4000,
        sign_flip=make.share() * 0.4,
        surrogate=network.value * 0.9,
        conflict=conflict and not separated,
        reason=Message(key="sample.reason", values={"level": level or ""}) if separated else None,
    )


def coefficients(make: Maker, found: list[ColumnInfo], classes: list[str | None], scale: str) -> Coefficients:
    inputs = [column for column in found if column.role == "input"]
    terms, tests = [], []
    for output in classes:
        for column in inputs:
            levels = [None] if column.levels is None else [f"level {index}" for index in range(1, column.levels)]
            terms.extend(term(make, column.name, level, output, scale) for level in levels)
            tests.append(
                WaldRow(
                    output=output,
                    column=column.name,
                    statistic=make.share() * 90,
                    df=len(levels),
                    p=make.share() ** 5,
                    vif=1 + make.share(),
                )
            )
    terms[0] = terms[0].model_copy(
        update={"linear": make.interval(0.4, 0.1), "network": make.interval(-0.3, 0.05), "conflict": True}
    )
    last = max(i for i, one in enumerate(terms) if one.level is None)
    terms[last] = terms[last].model_copy(update={"unit": "basis 2 of 5"})
    return Coefficients(
        scale=scale,
        rows_inference=16000,
        rows_network=4000,
        method=sentence("the unpenalised fit"),
        terms=terms,
        tests=tests,
        surrogates=[
            Surrogate(
                output=output,
                r2=0.5,
                low=0.25,
                high=0.75,
                rows_fitted=900,
                rows_scored=300,
                held_out=index % 2 == 0,
            )
            for index, output in enumerate(classes)
        ],
        notes=[sentence("the notes")],
    )


def gradients(make: Maker, names: list[str], classes: list[str | None]) -> Gradients:
    def rows() -> list[GradientRow]:
        return [
            GradientRow(
                output=output,
                column=name,
                network=make.interval(make.real(0.2), 0.05),
                network_size=Interval(value=make.share()),
                linear=make.interval(make.real(0.2), 0.05),
                linear_size=Interval(value=make.share()),
            )
            for output in classes
            for name in names
        ]

    gaps = {
        "saliency": None,
        "gradient_x_input": None,
        "smoothgrad": None,
        "integrated_gradients": 0.002,
        "expected_gradients": 0.07,
    }
    settings = {"smoothgrad": {"samples": 32}, "expected_gradients": {"background_rows": 100}}
    methods = [
        GradientMethod(
            method=name,
            estimand=Message(key="sample.sentence", values={"name": name, **settings.get(name, {})}),
            rows=4000,
            steps={"saliency": 1, "gradient_x_input": None, "smoothgrad": 32}.get(name, 2048),
            gap_network=gap,
            gap_linear=None if gap is None else 0.02 if gap < 0.01 else 1e-9,
            tolerance=None if gap is None or gap > 0.05 else 0.01,
            columns=rows(),
        )
        for name, gap in gaps.items()
    ]
    return Gradients(rows_of="held-out", saturation=0.0123, methods=methods)


def together(make: Maker, names: list[str], loss: str) -> Together:
    """Every third column has no relatives; one family of two columns and one of three."""

    def numbers() -> dict[str, Interval]:
        size = 0.02 * make.share()
        named = ("network", "linear", "difference", "dropped")
        return {name: make.interval(size * (1 + i), 0.002) for i, name in enumerate(named)}

    return Together(
        loss=loss,
        rows_of="held-out",
        rows=4000,
        repeats=5,
        seed=1234567,
        associated=0.2,
        fewest=20,
        threshold=0.5,
        association_rows=5000,
        refit_rows=10000,
        refit_scored_rows=4000,
        columns=[
            ConditionalRow(
                column=name,
                conditioned=[] if index % 3 == 0 else [other for other in names[:5] if other != name],
                strata=1 if index % 3 == 0 else 120,
                smallest=4000 if index % 3 == 0 else 20,
                off_support=make.share() * 0.1,
                **numbers(),
            )
            for index, name in enumerate(names)
        ],
        families=[FamilyRow(columns=names[i : i + 2 + i], weakest=0.4 + 0.1 * i, **numbers()) for i in range(2)],
    )


def baselines(make: Maker, names: list[str]) -> Baselines:
    starts = ("mean", "median", "rows")
    return Baselines(
        rows=500,
        background_rows=10,
        tolerance=0.001,
        seed=0,
        starts=[
            StartRow(baseline="mean", neighbours=0.168, unlike=names[1:3], reference=500),
            StartRow(baseline="median", neighbours=0.004, unlike=[], reference=500),
        ],
        gaps=[StartGap(baseline=start, network=0.0008, linear=1e-7) for start in starts],
        pairs=[
            BaselinePair(
                first=first,
                second=second,
                top=5,
                network=make.share(),
                network_overlap=0.8,
                linear=make.share(),
                linear_overlap=1.0,
            )
            for first, second in (("mean", "median"), ("mean", "rows"), ("median", "rows"))
        ],
        columns=[
            BaselineRow(
                column=name,
                network={start: make.share() for start in starts},
                linear={start: make.share() for start in starts},
            )
            for name in names
        ],
    )


def shapley(make: Maker, names: list[str], classes: list[str | None]) -> Shapley:
    def row(index: int, name: str, output: str | None) -> ShapleyRow:
        size = 1 / (1 + index)
        return ShapleyRow(
            output=output,
            column=name,
            network=make.interval(make.real(0.01), 0.02),
            network_size=make.interval(size, 0.03),
            network_tied=index % 3 > 0,
            linear=make.interval(make.real(0.01), 0.02),
            linear_size=make.interval(size * make.share(), 0.03),
            linear_tied=False,
        )

    return Shapley(
        rows_of="held-out",
        rows=500,
        background_rows=100,
        tolerance=0.005,
        seed=0,
        network=ShapleyModel(method="auto", exact=False, converged=0.998, residual=3e-7),
        linear=ShapleyModel(method="closed form", exact=True, converged=1.0, residual=2e-15),
        columns=[row(index, name, output) for output in classes for index, name in enumerate(names)],
    )


def effects(make: Maker, found: list[ColumnInfo], classes: list[str | None], levels: int) -> Effects:
    """Numbers with a sparse point, one that is not printed and missing values; levels, one of them not printed."""
    inputs = [info for info in found if info.role == "input"]

    def curve(steep: float, ale: bool) -> EffectCurve:
        effect = make.interval(steep, 0.1)
        return EffectCurve(
            effect=effect,
            ale=make.interval(steep * 0.9, 0.1) if ale else NONE,
            ice_low=effect.value - 0.5,
            ice_high=effect.value + 0.4,
        )

    def points(info: ColumnInfo) -> list[EffectPoint]:
        numeric = info.kind == "numeric"
        values = [*range(12)] if numeric else [f"level {i}" for i in range(min(levels, POINTS))]
        made = [
            EffectPoint(
                value=float(value) if numeric else value,
                missing=False,
                rows=(20 if numeric else None) if i == 2 else 300 + i,
                sparse=i == 2,
                network=curve(np.sin(i / 3) + make.real(0.05), numeric),
                linear=curve(i / 9 - 0.6, numeric),
            )
            for i, value in enumerate(values)
        ]
        if numeric:
            missing = {"network": curve(0.3, False), "linear": curve(-0.2, False)}
            made.append(EffectPoint(value=None, missing=True, rows=40, sparse=False, **missing))
        return [*made, EffectPoint(value=None, missing=False, rows=None, sparse=True)]

    return Effects(
        rows_of="held-out",
        rows=4000,
        ice_rows=2000,
        seed=0,
        columns=len(inputs),
        curves=[
            Effect(
                output=output,
                column=info.name,
                kind=info.kind,
                off_grid=0.0 if info.kind == "numeric" else None if info.kind == "boolean" else 0.02,
                points=points(info),
            )
            for info in inputs[: 5 if len(classes) > 1 else 8]
            for output in classes
        ],
    )


WIDE = 30  # columns among which pairs are looked for, so that a sample has more


def interactions(make: Maker, names: list[str], classes: list[str | None]) -> Interactions:
    return Interactions(
        rows_of="held-out",
        rows=2048,
        blocks=32,
        background=64,
        seed=0,
        screened=min(len(names), WIDE) * (min(len(names), WIDE) - 1) // 2,
        passed=max(0, len(names) - WIDE),
        passed_most=0.003 if len(names) > WIDE else None,
        linear_adds=True,
        pairs=[
            InteractionRow(
                output=output,
                first=first,
                second=second,
                variance=make.interval(0.2 * make.share(), 0.01),
                share=make.interval(0.1 * make.share(), 0.01),
                h2=make.interval(0.1 * make.share(), 0.01),
                shapley=make.interval(0.2 * make.share(), 0.02),
            )
            for output in classes
            for first, second in pairwise(names[:6])
        ],
    )


def agreement(make: Maker) -> list[Agreement]:
    names = [
        f"{model}: {reading}"
        for reading in ("permutation", "integrated gradients", "coefficients")
        for model in ("network", "linear")
    ]
    return [
        Agreement(
            first=first,
            second=second,
            spearman=make.share() * 2 - 1,
            top=5,
            overlap=make.share(),
            signs=make.share(),
        )
        for index, first in enumerate(names)
        for second in names[index + 1 :]
    ]


def neurons(make: Maker, found: list[ColumnInfo], units: int) -> Neurons:
    def column(info: ColumnInfo) -> UnitColumn:
        value = float(np.tanh(make.real(0.5)))
        if info.kind == "categorical":
            return UnitColumn(
                column=info.name, pearson=None, spearman=None, distance=None, ratio=abs(value), q=make.share() ** 3
            )
        return UnitColumn(
            column=info.name,
            pearson=value,
            spearman=value,
            distance=min(1.0, abs(value) + 0.3 * make.share()),
            ratio=None,
            q=make.share() ** 3,
        )

    inputs = [info for info in found if info.role == "input"]
    return Neurons(
        rows=4000,
        rows_ranks=4000,
        rows_distance=1000,
        seed=7,
        rows_of="held-out",
        dropped_units=64 if units > 100 else 0,
        units=[
            Unit(
                layer="hidden 1" if index < 128 else "hidden 2",
                index=index % 128,
                active=make.share(),
                mean=make.share(),
                sd=make.share(),
                columns=[column(info) for info in inputs],
            )
            for index in range(units)
        ],
    )


ENDS = [f"{name}{end}" for end in ("", "_near") for name in ("mahalanobis", "neighbours", "forest", "residual")]


def optimum(make: Maker, names: list[str], place: int) -> Optimum:
    """In turn: proved and out of range, bounded, and of unknown distance to the maximum; one is odd by every measure."""
    proof = ("closed form", "bound propagation", "integer programme", None)[place % 4]
    hows = ("at", "at_least", "at", "at_most", "missing", "rare", "about")
    places = [
        Place(
            column=name,
            at=None if hows[i % 7] in ("missing", "rare") else f"level {i}" if i % 7 == 2 else 10.0 * make.real(),
            how=hows[i % 7],
        )
        for i, name in enumerate(names)
    ]
    return Optimum(
        value=3.5,
        mean=0.1,
        sd=0.4,
        tenth=None if place == 3 else 2.9,
        bound=None if proof is None else 3.6,
        proof=proof,
        reached=None if proof is None else 0.97,
        within=0.9,
        optima=1 + place,
        cosine=None if place == 3 else 0.8,
        mahalanobis=1.0 if place == 2 else 0.001 if place == 1 else 0.99,
        neighbours=1.0 if place == 2 else 0.4 * make.share(),
        forest=1.0 if place == 2 else 0.5,
        residual=1.0 if place in (2, 6) else 0.9,
        residual_of=None if place == 5 else names[0],
        out=1 if place in (0, 2) else 0,
        oddness=0.9995 if place in (0, 2, 6) else 0.75,
        beyond=ENDS if place == 2 else ["residual"] if place in (0, 6) else [],
        unreadable=place in (0, 2, 6),
        places=places,
    )


def panels(make: Maker, names: list[str]) -> RealPanels:
    """Numbers and levels in turn; one panel of too few rows."""
    columns = [
        PanelColumn(
            column=name,
            levels=None if i % 2 else [None, "level 1", "level 2", "level 2"],
            values=[None, *(make.share() for _ in range(3))],
        )
        for i, name in enumerate(names)
    ]
    return RealPanels(about=0.0, values=[None, -0.1, 0.1, 2.4], rows=[0, 400, 400, 400], columns=columns)


def card(make: Maker, unit: Unit, names: list[str], place: int) -> Card:
    levels = [None, "level 1", None, "level 2"]
    lines = [
        ProfileLine(
            column=name,
            level=levels[i % 4],
            excite=Interval(value=0.0) if i == 1 else make.interval((-1) ** i * 1.5 if i % 2 == 0 else 2.0, 0.1),
            excites=i != 1 and place != 2,
            inhibit=NONE if i == 3 else make.interval(0.7, 0.2),
            inhibits=i < 2,
        )
        for i, name in enumerate(names[:6])
    ]
    return Card(
        layer=unit.layer,
        index=unit.index,
        quantiles=[None, -0.1, 0.2, 0.3, None] if place else [-0.3, -0.1, 0.2, 0.3, 0.7],
        ablation_zero=make.interval(0.004, 0.001),
        excited=400,
        inhibited=400,
        profile=[] if place == 3 else lines,
        weights=[]
        if place == 1
        else [WeightLine(column=n, level=levels[i % 4], weight=0.3) for i, n in enumerate(names[:5])],
        bars=[]
        if place in (1, 3)
        else [
            LevelWeights(
                column=name, levels=[f"level {i}" for i in range(14)], weights=[0.7 - 0.1 * i for i in range(14)]
            )
            for name in names[1:4]
        ],
        panels=panels(make, names),
        optimum=(found := None if place == 4 else optimum(make, names, place)),
        lowest=None if place == 4 else optimum(make, names, place + 1),
        path=[] if found is None else path(),
        plausible=None
        if found is None or place != 2
        else Plausible(share=0.5, value=1.4, oddness=0.97, places=found.places),
    )


def template(names: list[str], place: int) -> Template:
    """Shares that fall, with and without a sign or a level; one column is mixed."""
    count = range(len(names))
    return Template(
        index=place,
        shares=[None if i == 3 else 0.5**i for i in count],
        signs=[(-1, 0, 1)[(i + place) % 3] for i in count],
        levels=["a level of a long name" if i % 2 else None for i in count],
    )


def path() -> list[PathPoint]:
    return [
        PathPoint(share=share, value=value, tenth=tenth, oddness=odd, out=0, unreadable=odd > 0.99)
        for share, value, tenth, odd in ((0.1, 0.9, None, 0.7), (0.5, 1.4, 1.2, 0.97), (0.9, 2.5, 1.9, 0.999))
    ]


def inside(make: Maker, found: Neurons, names: list[str], classes: list[str | None], loss: str) -> Inside:
    """Rises above, around and below zero; every state of health in turn."""
    kinds = ("sound", "sound", "dead", "constant", "saturated", "duplicate", "redundant")
    units = [
        UnitRow(
            layer=unit.layer,
            index=unit.index,
            health=kinds[i % 7],
            same_as=0 if kinds[i % 7] == "duplicate" else None,
            ends=0.0,
            ablation=make.interval(0.03 - 0.02 * min(i, 3), 0.007),
        )
        for i, unit in enumerate(found.units)
    ]
    layers = [
        LayerHealth(
            layer=name,
            units=len(own),
            effective_rank=12.3,
            **{kind: own.count(kind) for kind in kinds[2:]},
        )
        for name in dict.fromkeys(unit.layer for unit in units)
        if (own := [unit.health for unit in units if unit.layer == name])
    ]
    outputs = [(name, False) for name in classes] if len(classes) > 1 else [(None, False), (None, True)]
    return Inside(
        rows=4000,
        rows_of="held-out",
        ablation_rows=4000,
        loss=loss,
        shares=[0.1, 0.25, 0.5, 0.75, 0.9],
        layers=layers,
        units=units,
        template_columns=names,
        templates=[template(names, i) for i in range(3)],
        cards=[card(make, unit, names, i) for i, unit in enumerate(found.units[:12])],
        outputs=[OutputCard(output=name, lowest=low, optimum=optimum(make, names, 1)) for name, low in outputs],
        starts=64,
        reference=2000,
        far=0.99,
        seed=7,
    )


def mechanism(make: Maker, found: Neurons, terms: Coefficients, names: list[str]) -> Mechanism:
    """Terms are those of the coefficients; a group of many units and one of two; a column that is mixed."""
    classes = list(dict.fromkeys(row.output for row in terms.terms))
    own = [
        {name: getattr(row, name) for name in ("output", "column", "level", "reference", "sd")} for row in terms.terms
    ]
    regions = Regions(
        rows=4000,
        visited=1234,
        told=20,
        share_told=0.45,
        largest=0.06,
        terms=[
            RegionTerm(
                **row,
                unit="basis 1 of 3" if i == 2 else None,
                mean=make.interval(make.real(), 0.1),
                spread=make.share(),
                sign_flip=make.share(),
                linear=None if i == 1 else make.real(),
            )
            for i, row in enumerate(own)
        ],
        tables=[Region(rows=240 - i, share=0.06, coefficients=[make.real() for _ in own]) for i in range(5)],
        left_out=names[2:3],
    )
    layers = list(dict.fromkeys(unit.layer for unit in found.units))
    conductance = Conductance(
        rows=1000,
        tolerance=1e-3,
        layers=[ConductanceLayer(layer=name, gap=3e-4, around=0.0) for name in layers],
        units=len(found.units),
        rows_told=[
            ConductanceRow(
                output=output,
                layer=unit.layer,
                index=unit.index,
                mean=make.interval(make.real(), 0.1),
                size=make.interval(1.0, 0.1),
            )
            for output in classes
            for unit in found.units[:64]
        ],
    )
    paths = Paths(
        rows=2000,
        columns=[
            PathColumn(
                output=output,
                column=name,
                size=None if i == 2 else make.share(),
                garson=None if i == 2 else make.share(),
            )
            for output in classes
            for i, name in enumerate(names)
        ],
        terms=[PathTerm(**row, unit=None, path=make.real(), gradient=make.real()) for row in own],
        lines=[
            PathLine(output=output, path_gradient=0.9, path_optimum=0.5, gradient_optimum=None, straight=0.6)
            for output in classes
        ],
        path_ranks=0.4,
        garson_ranks=None,
        failures=[Message(key=f"paths.{name}") for name in ("olden", "garson", "scale", "garson.deep", "garson.mixed")],
    )
    groups = [
        UnitGroup(
            layer=layers[0],
            units=list(range(units)),
            resample=make.interval(0.1, 0.01),
            mean=make.interval(0.04, 0.01),
            zero=make.interval(0.05, 0.01),
            alone=0.02,
        )
        for units in (40, *[2] * 11)
    ]
    why = {"reading": "hidden units", "reason": Message(key="why.mechanism.few", values={"least": 10})}
    return Mechanism(
        seed=7,
        regions=regions,
        conductance=conductance,
        paths=paths,
        groups=UnitGroups(rows=4000, repeats=5, together=0.8, groups=groups),
        absent=[Message(key="not_assessed.reading", values=why)],
    )


def findings(names: list[str]) -> list[Finding]:
    statuses = ("raised", "raised", "raised", "raised", "raised", "raised", "cleared", "cleared", "not_applicable")
    anchors = ("performance", "#coefficients", "importance", "gradients", "elsewhere", "agreement", "neurons")
    return [
        Finding(
            code=f"TI-{index:02}",
            slug=f"finding-{index}" if index else "label-leak",  # one that the catalogue knows
            severity=("note", "act", "check")[index % 3],
            status=status,
            claim=Message(
                key="sample.claim", values={"column": names[index % len(names)], "value": 0.25, "names": names[:3]}
            ),
            evidence=anchors[index % len(anchors)],
        )
        for index, status in enumerate(statuses)
    ]


def selection_rates(status: str, key: str) -> Finding:
    """What the check of selection rates says."""
    least, most = (Message(key="group.level", values={"column": "sex", "level": level}) for level in ("female", "male"))
    values = {"least": least, "most": most, "ratio": 0.9, "low": 0.8, "high": 0.99, "limit": 0.8, "adverse": "no"}
    values |= {"compared": 1, "of": 1, "count": 1, "also": 0, "detectable": 0.4}
    return Finding(
        code="TI-G01",
        slug="disparate-impact",
        severity="check",
        status=status,
        claim=Message(key=f"finding.disparate-impact.{key}", values=values),
        evidence="groups",
    )


def author(name: str) -> AuthorCard:
    return AuthorCard(
        intended_use=f"To rank applications by {name}.", limits="Not for renewals.", reviewer="A. Reviewer"
    )


def clauses() -> list[EvidenceRow]:
    return [
        EvidenceRow(
            section="method",
            instrument="An instrument",
            version="2026",
            applies=None if status == "supplied" else "2027-01-01",
            clause=f"Annex {index}",
            mark="S",
            status=status,
            missing=[] if status == "supplied" else ["groups", "card.limits"],
        )
        for index, status in enumerate(("supplied", "partial", "not_supplied"))
    ]


def metrics(make: Maker, task: str) -> list[MetricRow]:
    names = METRICS.get(task, ("log_loss", "auc", "average_precision", "brier", "accuracy"))
    rows = []
    for index, name in enumerate(names):
        network = make.interval(0.3 + make.share() * 0.5, 0.02)
        difference = make.interval((0.05, -0.002, -0.04, -0.07, 0.03)[index], 0.01)
        linear = make.interval(network.value - difference.value, 0.02)
        higher = name in HIGHER_IS_BETTER
        better = "better" if (difference.value > 0) == higher else "worse"
        resolved = "no" if difference.low <= 0 <= difference.high else better
        rows.append(
            MetricRow(
                metric=name,
                higher_is_better=higher,
                network=network,
                linear=linear,
                difference=difference,
                resolved=resolved,
                method="delong" if name == "auc" else "bootstrap",
            )
        )
    return rows


RUNGS = ("intercept", "linear", "curvature", "pairs", "network")


def ladder(make: Maker, loss: str, gain: str, pairs: list[str], passed: int) -> Ladder:
    """With a gain: curves do not resolve it, pairs reach it. Without one: the linear rung is as good, the pairs are better."""
    away = {"better": (0.3, 0.05, 0.001, 0.001, 0.0), "equivalent": (0.3, 0.001, 0.04, -0.03, 0.0)}[gain]
    errors = {"better": (0.02, 0.01, 0.02, 0.001, 0.0), "equivalent": (0.02, 0.001, 0.001, 0.001, 0.0)}[gain]
    status = {"better": ("worse", "worse", "not_resolved", "equivalent", None)}.get(
        gain, ("worse", "equivalent", "worse", "better", None)
    )
    rungs = [
        Rung(
            rung=name,
            parameters=(1, 20, 300, 4200, 23456)[index],
            loss=make.interval(0.4 + away[index], 0.02),
            against_below=NONE if index == 0 else make.interval(away[index] - away[index - 1], 0.01),
            against_network=NONE if name == "network" else make.interval(away[index], errors[index]),
            recovered=make.interval(1 - away[index] / away[1], 0.1) if gain == "better" and index else NONE,
            status=status[index],
        )
        for index, name in enumerate(RUNGS)
    ]
    return Ladder(
        metric=loss,
        margin=0.005,
        gain=gain,
        rungs=rungs,
        shortest="pairs" if gain == "better" else "linear",
        passed=passed,
        pairs=pairs,
        rows=4000,
        training_rows=16000,
        resamples=1000,
        seed=1234567,
    )


def shares(make: Maker, names: list[str], classes: list[str], task: str) -> Shares:
    weighting = {"regression": None, "count": "rate"}.get(task, "p(1-p)")

    def row(output: str | None, component: str, of: str, value: float) -> ShareRow:
        weighted = make.interval(value * 0.9, 0.02) if weighting else NONE
        return ShareRow(output=output, component=component, of=of, share=make.interval(value, 0.01), weighted=weighted)

    parts = (("linear", 0.7), ("curvature", 0.2), ("interactions", 0.1))
    outputs = [None, *classes] if task == "multiclass" else [None]
    return Shares(
        passed=max(0, len(names) - WIDE),
        weighting=weighting,
        whole=[row(output, name, "", value) for output in outputs for name, value in parts],
        parts=[
            row(None, "linear", names[0], 0.5),
            row(None, "curvature", names[1], 0.1),
            row(None, "interactions", f"{names[0]} × {names[2]}", -0.04),
            row(None, "interactions", "other", 0.03),
        ],
        rest=[RestRow(component="linear", count=len(names) - 1, share=0.2, weighted=0.2 if weighting else None)],
        rows=4000,
        fitted_rows=20000,
        folds=5,
        resamples=1000,
        seed=0,
        rows_of="held-out",
    )


def gain_of(make: Maker, names: list[str], classes: list[str], task: str, loss: str) -> Gain:
    gain = "better" if task in ("binary", "multiclass") else "equivalent"
    pairs = [f"{names[0]} × {names[2]}", f"{names[1]} × {names[3]}"]
    values = {"percent": 98, "low": 90, "high": 105, "pairs": pairs}
    told = {"ladder": 40, "score": 30, "low": -20, "high": 30}
    better = gain == "better"
    return Gain(
        ladder=ladder(make, loss, gain, pairs, max(0, len(names) - WIDE)),
        shares=shares(make, names, classes, task),
        recovery=Message(key="ladder.pairs.reached.gain" if better else "ladder.linear.reached", values=values),
        agreement=Message(key="gain.open" if better else "gain.no_gain", values=told),
    )


def trust(make: Maker, names: list[str], loss: str) -> Trust:
    """A ranking that survives random weights, one that is open, and curves that do not beat chance."""

    def drawn(mean: float, spread: float | None = None) -> Drawn:
        told = Interval(value=mean) if spread is None else make.interval(mean, spread)
        return Drawn(mean=told, least=mean - 0.1, largest=min(1.0, mean + 0.05), count=5)

    methods = ["permutation_importance", "saliency", "integrated_gradients", "expected_gradients", "shapley"]
    once = Drawn(mean=Interval(value=-0.25), least=-0.25, largest=-0.25, count=1)
    rows = zip(methods, (0.1, 0.95, 0.7, 0.3, 0.2), (0.05, 0.01, 0.1, 0.05, 0.05), strict=True)
    return Trust(
        rows_of="held-out",
        rows=200,
        background_rows=25,
        donors=10,
        draws=5,
        orders=8,
        backgrounds=5,
        seed=0,
        nulls=[
            *(NullRow(method=name, network=drawn(mean, error), linear=drawn(0.0, 0.2)) for name, mean, error in rows),
            *(NullRow(null="shuffled labels", method=name, network=once, linear=Drawn()) for name in methods),
        ],
        curves=[
            CurveRow(
                method=name,
                curve=curve,
                network=make.interval(0.5 if name != "saliency" else 0.01, 0.02),
                linear=make.interval(0.4, 0.02),
            )
            for name in methods
            for curve in ("deletion", "insertion")
        ],
        stability=[
            StabilityRow(
                method=name,
                over=over,
                top=5,
                network_ranks=drawn(0.9),
                network_tops=drawn(0.8),
                linear_ranks=drawn(0.95) if over == "backgrounds" else Drawn(),
                linear_tops=drawn(0.9) if over == "backgrounds" else Drawn(),
            )
            for over in ("backgrounds", "networks")
            for name in methods[3:]
        ],
        networks=Networks(
            count=5,
            within=4,
            metric=loss,
            loss=0.31,
            sd=0.002,
            least=0.305,
            largest=0.32,
            tolerance=0.005,
            loss_rows=4000,
            rows=2000,
            columns=[
                NetworkRow(column=name, importance=1 / (2 + j), low=0.9 / (2 + j), high=1.2 / (2 + j))
                for j, name in enumerate(names)
            ],
        ),
    )


def disagreement(names: list[str], task: str) -> Disagreement:
    def condition(kind: str, **values: object) -> Message:
        return Message(key=f"condition.{kind}", values=values)

    rules = [
        [condition("at_most", column=names[0], threshold=12.5), condition("is", column=names[1], level="level 1")],
        [condition("above", column=names[0], threshold=12.5), condition("missing", column=names[2])],
        [condition("above", column=names[0], threshold=12.5), condition("not_rare", column=names[1])],
    ]
    percent = {"percent": 5.0, "percent_low": 4.37, "percent_high": 5.72}
    tree = {"depth": 3, "rows": 2000, "value": 0.8, "low": 0.75, "high": 0.85, "balanced": 0.7}
    higher = {"percent": 70.0, "percent_low": 63.3, "percent_high": 75.9}
    which_way = {
        "binary": [
            Message(key="disagreement.positive", values={**higher, "label": "yes", "model": "logistic regression"})
        ],
        "multiclass": [],
    }.get(task, [Message(key="disagreement.larger", values=higher)])
    return Disagreement(
        rows=4000,
        count=200,
        share=Interval(value=0.05, low=0.0437, high=0.0572),
        network_right=Interval(value=0.6, low=0.53, high=0.67),
        linear_right=Interval(value=0.4, low=0.33, high=0.47),
        neither=Interval(value=0.0, low=0.0, high=0.0188),
        network_higher=Interval() if task == "multiclass" else Interval(value=0.7, low=0.633, high=0.759),
        threshold=None if task not in SCALE else 0.7,
        decision_threshold=0.5 if task == "binary" else None,
        sentences=[
            Message(key="disagreement.classes", values={"count": 200, "rows": 4000, **percent}),
            *which_way,
            Message(key="disagreement.tree.apart", values=tree),
        ],
        auc=Interval(value=0.8, stderr=0.025, low=0.75, high=0.85),
        balanced_accuracy=Interval(value=0.7, stderr=0.02, low=0.66, high=0.74),
        fitted_rows=2000,
        scored_rows=2000,
        hidden_rows=4,
        leaves=[
            Leaf(
                conditions=rule,
                rows=(20, 400, 1576)[index],
                share=Interval(value=0.3 - 0.1 * index, low=0.05, high=0.4),
            )
            for index, rule in enumerate(rules)
        ],
    )


def sliced(names: list[str], loss: str) -> Slices:
    def row(kind: str, low: float, status: str, **values: object) -> SliceRow:
        return SliceRow(
            group=Message(key=f"group.{kind}", values={"column": names[0], **values}),
            protected=kind == "level",
            rows=120,
            difference=Interval(value=low + 0.02, stderr=0.005, low=low, high=low + 0.04),
            q=0.01,
            against_rest=Interval(value=low + 0.03, stderr=0.006, low=low, high=low + 0.06),
            rest_q=0.02,
            status=status,
            unlike=low > 0,
        )

    counted = {"groups": 60, "smallest": 50, "better": 12, "worse": 2, "linear": "logistic regression", "unlike": 2}
    worst = {"column": names[0], "low_end": 12.5, "high_end": 20.0, "linear": "logistic regression"}
    return Slices(
        metric=loss,
        margin=0.005,
        rows=4000,
        smallest=50,
        groups=60,
        sentences=[
            Message(key="slices.found", values={**counted, "margin": 0.005}),
            Message(
                key="slices.worst.between", values={**worst, "value": 0.05, "low": 0.03, "high": 0.07, "rows": 120}
            ),
        ],
        found=[
            row("between", 0.03, "worse", low_end=12.5, high_end=20.0),
            row("level", 0.01, "worse", level="level <1>"),
            row("above", -0.02, "not_resolved", low_end=20.0),
        ],
        hidden=3,
    )


def treated(make: Maker, task: str) -> Treated:
    binary = task == "binary"
    return Treated(
        rate=make.interval(0.3, 0.02),
        ratio=Interval(value=0.7, stderr=0.03, low=0.64, high=0.76) if binary else NONE,
        ratio_most=make.interval(0.7, 0.03) if binary else NONE,
        difference=make.interval(-0.1, 0.01),
        p=1e-20,
        smd=make.interval(-0.4, 0.02),
        tpr=0.6 if binary else None,
        tpr_difference=make.interval(-0.1, 0.02) if binary else NONE,
        fpr=0.1 if binary else None,
        fpr_difference=make.interval(-0.05, 0.01) if binary else NONE,
        intercept=make.interval(0.0, 0.1),
        slope=make.interval(1.0, 0.1),
        ece=0.02,
    )


def group_table(make: Maker, names: list[str], task: str) -> GroupTable:
    def row(kind: str, rows: int | None, control: bool = False, **values: object) -> GroupRow:
        one = Message(key=f"group.{kind}", values={"column": names[0], **values})
        two = Message(key="group.level", values={"column": names[1], "level": "female"})
        told = (
            {"network": treated(make, task), "linear": treated(make, task)}
            if rows
            else {"network": None, "linear": None}
        )
        return GroupRow(group=[one, two] if kind == "others" else [one], control=control, rows=rows, **told)

    def few(level: str, **end: float) -> GroupRow:
        """Fewer than ten rows are selected, or are not."""
        base = row("level", 300, level=level)
        names = ("rate", "ratio_most", "difference", "tpr_difference", "fpr_difference")
        held = dict.fromkeys(names, NONE) | dict.fromkeys(("p", "tpr", "fpr")) | {"ratio": Interval(**end)}
        both = {model: getattr(base, model).model_copy(update=held) for model in ("network", "linear")}
        return base.model_copy(update=both)

    return GroupTable(
        rows=4000,
        rows_of="held-out",
        threshold=0.5,
        favourable="yes" if task == "binary" else None,
        compared="yes" if task == "binary" else None,
        control={},
        columns=[
            row("at_most", 2000, True, high_end=37.0).model_copy(update={"fit_rows": 500}),
            row("between", 900, low_end=37.0, high_end=48.0),
            row("above", None, low_end=48.0),
            row("missing", None),
            *([few("a", high=0.9), few("b", low=1.1)] if task == "binary" else []),
        ],
        pairs=[row("others", 120)],
        pairs_left=7,
        pairs_held_back=12,
        impact=impact(names) if task == "binary" else None,
    )


def impact(names: list[str]) -> Impact:
    """One column whose groups are told, one whose groups are partly withheld, and one of which nothing may be said."""
    first, second = names[:2]
    least, most = (
        [Message(key="group.level", values={"column": first, "level": level})] for level in ("female", "male")
    )
    pair = ImpactPair(
        least=least,
        most=most,
        ratio=Interval(value=0.9, stderr=0.05, low=0.82, high=0.98),
        low=0.8,
        high=1.0,
        detectable=0.6,
    )
    told = ImpactRow(columns=[first], headline=pair, surest=pair, withheld=None)
    rows = [
        told,
        ImpactRow(columns=[second], headline=None, surest=None, withheld="not_raised"),
        ImpactRow(columns=[first, second], headline=pair, surest=pair, withheld="untold"),
    ]
    return Impact(limit=0.8, compared=12, network=rows, linear=rows)


def grouped(make: Maker, names: list[str], task: str, loss: str) -> Groups:
    first, second = names[:2]
    group = [Message(key="group.level", values={"column": first, "level": "a"})]
    moved = [
        AblatedRow(columns=columns, loss=part(0.01, 0.002), gap=part(-0.1, 0.01), left=part(0.1, 0.01))
        for columns in ([first], [first, second])
    ]
    gap = GapPart(
        most=Message(key="group.level", values={"column": "sex", "level": "male"}),
        least=Message(key="group.level", values={"column": "sex", "level": "female"}),
        gap=part(0.2, 0.01),
        ablated=moved,
    )
    places = (("inputs", "inputs", 0.9), ("layer", "layer 1", 0.85), ("score", "score", 0.7), ("column", first, 0.84))
    proxy = ProxyPart(
        column="sex",
        metric="r2" if task == "regression" else "auc",
        rows=3000,
        probes=[ProbeRow(place=place, name=name, power=part(value, 0.01)) for place, name, value in places],
        network=gap,
        linear=gap.model_copy(update={"gap": NONE}) if task == "binary" else gap,
    )
    weak = WeakRow(
        group=group,
        rows=60,
        loss=0.6,
        rest=0.3,
        difference=part(0.3, 0.02),
        skill=0.4,
        beyond=part(-0.1, 0.02),
        excess=part(0.01, 0.01) if task in ("binary", "multiclass") else NONE,
    )
    held = HeldPart(share=Interval(value=0.002, low=0.001, high=0.004), fall=part(-0.1, 0.01), start=17.0, end="high")
    kept = {"network": held, "linear": held, "few_outside": False, "outside": None, "low": None, "high": None}
    free = {"direction": None, "rows": 4000, "network": None, "linear": None}
    constraints = [
        ConstraintRow(column=first, direction="+", rows=4000, **kept),
        ConstraintRow(column=second, low=0.0, high=None, outside=0, few_outside=False, **free),
    ]
    fitted = Fitted(
        accuracy=part(0.8, 0.02), accuracy_difference=part(0.1, 0.03), accuracy_p=0.01,
        loss=part(0.5, 0.02), loss_difference=part(-0.1, 0.03), loss_p=0.02,
    )  # fmt: skip
    versions = [
        AlternativeRow(
            model=model, how=how, without=without, auc=part(0.9 - i / 50, 0.01),
            ratios=[part(0.5 + i / 10, 0.05), NONE], frontier=[i % 2 == 0, False],
        )
        for i, (model, how, without) in enumerate(
            (("network", "whole", []), ("network", "held", [first]), ("linear", "whole", []), ("linear", "refitted", [first]))
        )
    ]  # fmt: skip
    return Groups(
        table=None if task == "multiclass" else group_table(make, names, task),
        classes=[
            group_table(make, names, "binary").model_copy(
                update={"threshold": None, "favourable": None, "compared": label, "impact": None}
            )
            for label in ("first", "second")
        ]
        if task == "multiclass"
        else [],
        fits=[
            FittedRow(group=group, control=True, rows=120, network=fitted, linear=fitted),
            FittedRow(group=group, control=False, rows=None, network=None, linear=None),
        ]
        if task == "multiclass"
        else [],
        proxies=[] if task == "multiclass" else [proxy],
        alternatives=Alternatives(rows=2000, seed=0, columns=[first, "sex"], versions=versions)
        if task == "binary"
        else None,
        weak=WeakPart(metric=loss, mean=0.35, null=0.6, rows=2000, searched=900, found=[weak]),
        constraints=ConstraintTable(rows=2000, seed=0, columns=constraints),
    )


def part(value: float, stderr: float) -> Interval:
    return Interval(value=value, stderr=stderr, low=value - 2 * stderr, high=value + 2 * stderr)


def reasons(make: Maker, names: list[str], classes: list[str]) -> Reasons:
    def share(value: float) -> Interval:
        return Interval(value=value, stderr=0.02, low=max(0.0, value - 0.04), high=min(1.0, value + 0.04))

    def percents(**values: float) -> dict[str, float]:
        ends = {"": 0.0, "_low": -4.0, "_high": 4.0}
        return {f"{name}{end}": value + by for name, value in values.items() for end, by in ends.items()}

    lists = (
        "linear",
        "linear_agree",
        "linear_reference",
        "reference",
        "seed",
        "scale",
        "baseline",
        "integrated_gradients",
    )
    said = {
        "alike": percents(common=70.0, first=80.0),
        "stable": percents(seed=5.0, scale=20.0),
        "reference": percents(changed=60.0),
        "flip.more": percents(named=60.0, random=20.0),
        "omitted": percents(omitted=30.0),
        "protected": percents(network=40.0, other=30.0),
    }
    return Reasons(
        rows_of="held-out",
        declined=classes[0],
        threshold=0.5,
        declined_rows=3000,
        rows=500,
        reference_rows=100,
        most=4,
        seed=0,
        sentences=[
            Message(key=f"reasons.{key}", values={**values, "linear": "logistic regression"})
            for key, values in said.items()
        ],
        alike=[Alike(of=of, rows=500, jaccard=share(0.7), changed=share(0.3), first=share(0.8)) for of in lists]
        + [Alike(of="linear_differ", rows=None, jaccard=Interval(), changed=Interval(), first=Interval())],
        flips=[
            Flip(model=model, rows=500, named=share(0.6), random=share(0.2), gain=share(0.4))
            for model in ("network", "linear")
        ],
        omitted=share(0.3),
        protected_network=share(0.4),
        protected_linear=share(0.3),
        columns=[
            ReasonRow(
                column=name,
                protected=index == 1,
                proxy_of=names[-1:] if index == 0 else [],
                network=share(1 - index / len(names)),
                linear=share(index / len(names)),
                network_first=share(0.1),
                linear_first=share(0.1),
            )
            for index, name in enumerate(names)
        ],
    )


def calibration(make: Maker, classes: list[str | None], task: str) -> Calibration:
    def one() -> Calibrated:
        bins = [
            CalibrationBin(
                rows=400,
                predicted=index / 10 + 0.05,
                observed=Interval(value=index / 10 + 0.05, low=index / 10 + 0.01, high=index / 10 + 0.09),
            )
            for index in range(10)
        ]
        numbers = {"slope": make.interval(0.9, 0.05), "intercept": make.interval(0.1, 0.05)}
        return Calibrated(**numbers, large=make.interval(0.05, 0.04), p=0.04, bins=bins)

    rows = [CalibrationRow(output=output, network=one(), linear=one()) for output in classes]
    return Calibration(rows=4000, outputs=rows)


def benefit(make: Maker, at: float) -> BenefitPoint:
    told = at < 0.9
    difference = make.interval(0.3 - at, 0.02)
    return BenefitPoint(
        threshold=at,
        network=make.interval(0.2 - 0.2 * at, 0.02) if told else NONE,
        linear=make.interval(0.18 - 0.18 * at, 0.02),
        difference=difference if told else NONE,
        treat_all=make.interval(0.2 - 0.8 * at / (1 - at), 0.01),
    )


BESIDE = (  # difference and status of the reference, and of the recalibrated models; what the user said
    ((0.05, 0.01, "worse"), (0.001, 0.001, "equivalent"), "costs"),
    ((-0.05, 0.01, "better"), (0.04, 0.01, "worse"), None),
    ((0.0, 0.02, "not_resolved"), (0.0, 0.02, "not_resolved"), None),
    ((0.0, 0.001, "equivalent"), (-0.04, 0.01, "better"), "both"),
)
SIDE = {"worse": "worse", "better": "better"}


def judged(make: Maker, classes: list[str], task: str, rows: list[MetricRow], which: int) -> Judged:
    """The verdict may be another after recalibration; costs of two classes."""
    (gap, error, status), (after, its, again), given = BESIDE[which % 4]
    difference = make.interval(after, its)
    recalibrated = rows[0].model_copy(update={"difference": difference, "resolved": SIDE.get(again, "no")})
    policy = Policy(
        given=given or "costs",
        false_positive=1.0,
        false_negative=5.0,
        threshold=1 / 6,
        metrics=[rows[0].model_copy(update={"metric": "expected_cost"})]
        + [rows[4].model_copy(update={"metric": name}) for name in ("sensitivity", "specificity") if len(rows) > 4],
        all_cost=make.interval(0.7, 0.02),
        none_cost=make.interval(1.5, 0.1),
    )
    curve = [benefit(make, at) for at in (0.05, 1 / 6, 0.3, 0.5, 0.7, 0.95)]
    reference = {"network": make.interval(0.4, 0.02), "trees": make.interval(0.4 - gap, 0.02)}
    counts = {"rounds": 101, "rows": 4000, "training_rows": 16000}
    of_class = rows[0], rows[1].model_copy(update={"metric": "auc"})
    single = [ClassRow(output=label, row=row) for label in classes for row in of_class]
    return Judged(
        classes=single if len(classes) > 2 else [],
        recalibration=Recalibration(row=recalibrated, status=again, folds=5, rows=4000),
        decisions=Decisions(rows=4000, policy=policy, curve=curve) if task == "binary" else None,
        reference=Reference(
            metric=rows[0].metric, difference=make.interval(gap, error), status=status, **reference, **counts
        ),
    )


def blank_judged(found: Judged) -> Judged:
    """A threshold was given, and no number came of it."""
    none = {"network": NONE, "linear": NONE, "difference": NONE}
    policy = found.decisions.policy
    rows = [row.model_copy(update={**none, "resolved": "no"}) for row in policy.metrics]
    update = {"given": "threshold", "metrics": rows, "all_cost": NONE, "none_cost": NONE}
    curve = [point.model_copy(update={**none, "treat_all": NONE}) for point in found.decisions.curve]
    decisions = Decisions(rows=5, policy=policy.model_copy(update=update), curve=curve)
    return Judged(classes=[], recalibration=None, decisions=decisions, reference=None)


def table_readings(make: Maker, found: list[ColumnInfo], task: str) -> TableReadings:
    """A heap at each end, a code, an identifier of each kind, unseen levels of few and of many rows."""

    def column(index: int, info: ColumnInfo) -> TableColumn:
        target = info.role == "target"
        numeric = info.kind == "numeric"
        heap = Heap(value=99999.0, rows=244, share=0.005, outside=True, gap=1.4)
        alone = {
            "training": make.interval(0.6 + 0.3 * make.share(), 0.01),
            "held_out": make.interval(0.6, 0.02),
            "fall": make.interval(0.05, 0.02),
            "correlation": make.real(0.3) if numeric else None,
            "p": 0.01,
            "q": 0.02,
        }
        return TableColumn(
            column=info.name,
            target=target,
            distinct=20000 if index == 3 else 12,
            identifier=(None, None, None, "ordered", "counts rows", "one each", None)[index % 7],
            spike=heap if index == 2 else None,
            heap_low=heap.model_copy(update={"value": 0.0, "times": 12.0}) if index == 4 else None,
            heap_high=heap.model_copy(update={"times": 5.0}) if target else None,
            rare_levels=0 if numeric else 3,
            unseen_levels=0 if numeric else None if index % 2 else 2,
            unseen_rows=0 if numeric else None if index % 2 else 25,
            psi=make.share() / 10,
            drift_df=9,
            drift_p=make.share(),
            drift_q=make.share() ** 9,
            **({} if target else alone),
        )

    kept = [info for info in found if info.role in ("input", "target")]
    inputs = [info.name for info in kept if info.role == "input"]
    return TableReadings(
        rows=20000,
        metric="r2" if task in SCALE else "auc",
        seed=0,
        columns=[column(index, info) for index, info in enumerate(kept)],
        copies=RowCopies(
            repeated_inputs=3000,
            repeated_whole=None,
            training_whole=0,
            copied=False,
            across_inputs=700,
            across_whole=0,
            held_out_rows=4000,
        ),
        equal=[inputs[:2], inputs[2:5]],
        drift_rows=1_000_000 if task == "binary" else None,
        whole=make.interval(0.52, 0.01),
        whole_rows=6000,
        beyond=[
            BeyondRow(
                column=name,
                every=make.interval(0.9, 0.01),
                without=make.interval(0.88, 0.01),
                gain=make.interval(0.02, 0.002),
            )
            for name in inputs[:2]
        ],
    )


def off_support(make: Maker, names: list[str], classes: list[str | None]) -> OffSupport:
    return OffSupport(
        rows=2000,
        swap_rows=400,
        seed=0,
        output=classes[0],
        auc=make.interval(0.8, 0.01),
        real=make.interval(0.9, 0.01),
        perturbed=make.interval(0.85, 0.01),
        gap=make.interval(0.05, 0.005),
        columns=[
            SwapRow(column=name, permuted=make.interval(0.3, 0.01), swapped=make.interval(0.2, 0.01)) for name in names
        ],
    )


def extrapolation(make: Maker, names: list[str]) -> Extrapolation:
    return Extrapolation(
        rows=200,
        seed=0,
        skipped=names[:1],
        columns=[
            BeyondRange(column=name, change=make.interval(0.3, 0.01), outside=None if index % 2 else 0.01)
            for index, name in enumerate(names[1:])
        ],
    )


def document(
    task: str = "binary",
    *,
    names: list[str] | None = None,
    classes: list[str] | None = None,
    levels: int = 4,
    units: int = 48,
    seed: int = 0,
    name: str = "loans",
) -> Document:
    make = Maker(seed)
    names = names or [f"column_{index}" for index in range(23)]
    classes = classes if classes is not None else [] if task in SCALE else ["repaid", "default"]
    outputs: list[str | None] = list(classes) if task == "multiclass" else [None]
    found = columns(names, levels)
    linear = {"regression": "linear regression", "count": "Poisson regression"}.get(task, "logistic regression")
    rows = metrics(make, task)
    loss = rows[0].metric
    hidden = neurons(make, found, units)
    made = Document(
        data=Data(
            adverse=classes[0] if task == "binary" else None,
            name=name,
            rows=20000,
            held_out_rows=4000,
            training_rows=16000,
            target="outcome",
            task=task,
            classes=classes,
            rates=[1 / len(classes) for _ in classes],
            events=4000 // len(classes) if classes else None,
            weighted=False,
            split=sentence("the split"),
            columns=found,
        ),
        network=ModelInfo(
            name="MLPClassifier 128-64",
            library="scikit-learn 1.7",
            parameters=23456,
            hidden=[128, 64],
            notes=[sentence("the network")],
        ),
        linear=ModelInfo(name=linear, library="statsmodels 0.14", parameters=24, hidden=[], notes=[]),
        verdict=Verdict(
            status="worse",
            metric=loss,
            difference=rows[0].difference,
            margin=0.005,
            sentence=Message(key="verdict.worse", values={"linear": linear}),
            lines=[
                Message(key="sample.gap", values={"difference": 0.05, "low": 0.0304, "high": 0.0696}),
                sentence("label disagreement"),
            ],
        ),
        performance=Performance(
            held_out=True,
            rows=4000,
            resamples=1000,
            seed=0,
            threshold=0.5 if task == "binary" else None,
            metrics=rows,
            skill=Interval(value=0.2, stderr=0.01, low=0.18, high=0.22),
            training=trained(Maker(seed + 600), rows),
        ),
        judged=judged(Maker(seed + 300), classes, task, rows, seed),
        calibration=calibration(Maker(seed + 100), outputs, task),
        gain=gain_of(Maker(seed + 200), names, classes, task, loss),
        disagreement=disagreement(names, task),
        slices=sliced(names, loss),
        reasons=reasons(make, names, classes) if task == "binary" else None,
        groups=grouped(make, names, task, loss),
        importance=importance(make, names, loss),
        together=together(Maker(seed + 400), names, loss),
        coefficients=(weighed := coefficients(make, found, outputs, SCALE.get(task, "log-odds"))),
        gradients=gradients(make, names, outputs).model_copy(update={"baselines": baselines(Maker(seed + 300), names)}),
        shapley=shapley(make, names, outputs),
        effects=effects(make, found, outputs, levels),
        interactions=interactions(make, names, outputs),
        agreement=agreement(make),
        trust=trust(Maker(seed + 300), names, loss),
        neurons=hidden,
        inside=inside(Maker(seed + 400), hidden, names, outputs, loss),
        mechanism=mechanism(Maker(seed + 500), hidden, weighed, names),
        table=table_readings(Maker(seed + 700), found, task),
        off_support=off_support(Maker(seed + 800), names, outputs),
        extrapolation=extrapolation(Maker(seed + 900), names),
        findings=findings(names),
        not_assessed=[sentence("calibration"), sentence("groups")],
        card=author(names[0]),
        evidence=clauses(),
        method=Method(
            version="0.1.0",
            seed=0,
            libraries={"torch": "2.9.0", "numpy": "2.3.1"},
            settings={
                "rows": 4000,
                "margin": 0.0051234567,
                "scale": 2.0,
                "huge": 1e17,
                "loss": None,
                "exact": True,
                "top": 5,
                "resamples": 1000,
                "counterpart": "fitted",
            },
            model_digest="ab" * 32,
            linear_digest="b" * 64,
            null_digest="c" * 64,
            other_digests=["d" * 64],
            data_digest="cd" * 32,
            digest_key="0123456789abcdef",
            configuration_digest="ef" * 32,
            code_digest="12" * 32,
            device="cpu",
        ),
    )
    if classes:
        own = {"discrimination": discrimination(make, classes, task)}
    else:
        own = {"residuals": residuals(Maker(seed + 650), full=task == "regression")}
    own |= {
        "overfitting": overfitting(Maker(seed + 660), made, names),
        "perturbation": perturbation(Maker(seed + 670), names, loss, task),
        **({"recourse": recourse(Maker(seed + 720), names, classes, seed)} if task == "binary" else {}),
        **({"scorecard": scorecard(Maker(seed + 730), names, classes, seed)} if task == "binary" else {}),
        **({"monotonicity": monotonicity(names, seed)} if task == "regression" else {}),
        "conformal": conformal(Maker(seed + 680), names, task),
        "resilience": resilience(Maker(seed + 690), names, loss, task),
        "regional_effects": regional_effects(Maker(seed + 710), found, outputs[-1]),
    }
    made = made.model_copy(update={"analyses": own})
    return made.model_copy(update={"method": made.method.model_copy(update={"readings": readings(made)})})


def trained(make: Maker, rows: list[MetricRow]) -> Training:
    """Metrics on training rows; the gap of the last one has no interval."""
    known = [
        TrainingRow(
            metric=row.metric,
            network=row.network,
            linear=row.linear,
            network_gap=make.interval(0.03, 0.01),
            linear_gap=make.interval(-0.01, 0.01),
        )
        for row in rows
    ]
    known[-1] = known[-1].model_copy(update={"network_gap": Interval(value=0.02)})
    return Training(rows=16000, held_out_rows=4000, metrics=known)


def residuals(make: Maker, full: bool) -> residual.Record:
    """Bins of both models; outer quantiles, and all quantiles of the absolute error, where the rows are enough (`full`)."""

    def bins(slope: float) -> list[residual.ResidualBin]:
        return [
            residual.ResidualBin(
                rows=400,
                at=float(place),
                mean=make.interval(slope * place + 0.1 * make.real(), 0.1) if place else NONE,
                q10=slope * place - 2 if full or place > 1 else None,
                q25=slope * place - 1,
                q75=slope * place + 1,
                q90=slope * place + 2 if full or place > 1 else None,
            )
            for place in range(10)
        ]

    def model() -> residual.ModelResiduals:
        return residual.ModelResiduals(by_prediction=bins(0.0), by_observed=bins(0.8))

    edges = [None, -1.0, 0.0, 1.0, None]
    return residual.Record(
        rows=4000,
        resamples=1000,
        seed=0,
        network=model(),
        linear=model(),
        distribution=[
            residual.ErrorBin(low=low, high=high, network=None if low is None else 0.3, linear=0.25)
            for low, high in pairwise(edges)
        ],
        absolute=[
            residual.ErrorQuantile(
                quantile=share,
                network=make.interval(share, 0.01),
                linear=make.interval(2 * share, 0.01),
                difference=make.interval(-share, 0.01),
            )
            if full or share < 0.9
            else residual.ErrorQuantile(quantile=share, network=NONE, linear=NONE, difference=NONE)
            for share in residual.ERRORS
        ],
    )


def discrimination(make: Maker, classes: list[str], task: str) -> discriminated.Record:
    binary = task == "binary"

    def points(xs: Sequence[float], height: float) -> list[discriminated.RatePoint]:
        return [
            discriminated.RatePoint(
                x=x,
                network=make.interval(float(height + (1 - height) * x), 0.02),
                linear=make.interval(float(x), 0.02),
            )
            for x in xs
        ]

    def confusion() -> discriminated.Confusion:
        return discriminated.Confusion(
            true_negatives=1800,
            false_positives=200,
            false_negatives=None,
            true_positives=None,
            precision=NONE,
            **{name: make.interval(0.7, 0.02) for name in ("sensitivity", "specificity", "negative_predictive_value")},
        )

    def gain(part: int) -> discriminated.GainRow:
        rates = {f"{model}_rate": make.interval(1 / part, 0.02) for model in ("network", "linear")}
        others = {
            f"{model}_{name}": make.interval(part / 10, 0.02)
            for model in ("network", "linear")
            for name in ("captured", "lift")
        }
        return discriminated.GainRow(part=part, **rates, **others)

    def rates() -> discriminated.Rates:
        names = ("sensitivity", "specificity", "precision", "negative_predictive_value")
        return discriminated.Rates(**{name: make.interval(0.7, 0.02) for name in names})

    counts = [[500 if row == column else None for column in range(len(classes))] for row in range(len(classes))]
    kinds = ("network_positive", "network_negative", "linear_positive", "linear_negative")
    return discriminated.Record(
        rows=4000,
        resamples=1000,
        seed=0,
        threshold=0.5 if binary else None,
        classes=[
            discriminated.ClassRecord(
                output=name,
                roc=points(discriminated.FALSE_POSITIVE_RATES, 0.5),
                precision_recall=points(discriminated.RECALLS, 0.2),
                network_ks=make.interval(0.4, 0.02),
                linear_ks=make.interval(0.3, 0.02),
                ks_difference=make.interval(0.1, 0.01),
                distribution=[
                    discriminated.ScoreBin(
                        low=i / 20, high=(i + 1) / 20, **{kind: None if i == 19 else make.share() for kind in kinds}
                    )
                    for i in range(20)
                ],
            )
            for name in (classes[-1:] if binary else classes)
        ],
        network_confusion=confusion() if binary else None,
        linear_confusion=confusion() if binary else None,
        gains=[gain(part) for part in range(1, 11)] if binary else [],
        macro=None
        if binary
        else discriminated.MacroRecord(
            roc=points(discriminated.FALSE_POSITIVE_RATES, 0.5),
            precision_recall=points(discriminated.RECALLS, 0.2),
            network_ks=make.interval(0.4, 0.02),
            linear_ks=make.interval(0.3, 0.02),
            ks_difference=make.interval(0.1, 0.01),
        ),
        class_rates=[]
        if binary
        else [discriminated.ClassRates(output=name, network=rates(), linear=rates()) for name in (*classes, None)],
        network_counts=[] if binary else counts,
        linear_counts=[] if binary else counts,
    )


def group(kind: str, column: str, **values: object) -> Message:
    return Message(key=f"group.{kind}", values={"column": column, **values})


def subgroups(names: list[str], task: str) -> list[Message]:
    """Of each kind; of counts none has enough rows."""
    return [] if task == "count" else [
        group("level", names[1], level="level <1>"),
        group("between", names[0], low_end=12.5, high_end=20.0),
        group("above", names[0], low_end=20.0),
        group("at_most", names[2], high_end=-0.5),
        group("missing", names[2]),
    ]  # fmt: skip


def overfitting(make: Maker, made: Document, names: list[str]) -> overfitted.Record:
    training = made.performance.training
    first = training.metrics[0]
    slices = [
        overfitted.SliceGap(
            group=one,
            rows=300 - 50 * index,
            training_rows=1200,
            q=0.01 * index,
            network=make.interval(0.2 - 0.03 * index, 0.02),
            linear=make.interval(0.01 * index, 0.02),
            excess=make.interval(0.2 - 0.04 * index, 0.02),
        )
        for index, one in enumerate(subgroups(names, made.data.task))
    ]
    return overfitted.Record(
        metric=first.metric,
        null=0.69,
        rows=training.held_out_rows,
        training_rows=training.rows,
        smallest=50,
        network=first.network_gap,
        linear=first.linear_gap,
        excess=make.interval(first.network_gap.value - first.linear_gap.value, 0.01),
        tested=40 * bool(slices),
        slices=slices,
    )


def recourse(make: Maker, names: list[str], classes: list[str], seed: int) -> recoursed.Record:
    """More rows without recourse under the network, or so few that the share is withheld; one group that was compared, and one
    that is too small."""

    def of_model(without: float) -> recoursed.OfModel:
        return recoursed.OfModel(
            without=make.interval(without, 0.02),
            only_implausible=make.interval(0.05, 0.01),
            cost=make.interval(30.0, 1.5),
            quartiles=[10.0, 25.0, None],
            one_column=make.interval(0.6, 0.03),
            is_exact=seed > 0 or without < 0.2,
        )

    def group(level: str, difference: Interval, p: float | None) -> recoursed.OfGroup:
        condition = Message(key="group.level", values={"column": names[-1], "level": level})
        return recoursed.OfGroup(group=[condition], share=make.interval(0.4, 0.05), difference=difference, p=p)

    few = {"without": Interval(high=0.02), "only_implausible": NONE, "cost": NONE}
    network, linear, on_both = of_model(0.3), of_model(0.1), make.interval(0.25, 0.02)
    difference = (on_both.value or 0.0) - (linear.without.value or 0.0)
    return recoursed.Record(
        rows_of="held-out",
        declined=classes[0],
        threshold=0.5,
        declined_rows=3000,
        rows=500,
        both_rows=400,
        values=100,
        training_rows=10000,
        level_cost=50,
        seed=7,
        network=network if seed == 0 else network.model_copy(update=few),
        linear=linear,
        network_on_both=on_both,
        difference=Interval(value=difference, stderr=0.02, low=difference - 0.04, high=difference + 0.04),
        columns=[
            recoursed.Changeable(
                column=name,
                changeable=("+", "-", "any")[index % 3],
                low=0.0 if index % 2 else None,
                high=None,
                network=make.interval(0.3, 0.02),
                linear=make.interval(0.2, 0.02),
            )
            for index, name in enumerate(names[:3])
        ],
        groups=[group("a", make.interval(0.15, 0.05), 0.003), group("b", NONE, None)],
    )


def scorecard(make: Maker, names: list[str], classes: list[str], seed: int) -> carded.Record:
    """As good as the network, better, worse or undecided by the seed; with a pair, or of single columns alone."""
    margin = 0.005
    difference, reach = ((0.001, 0.002), (-0.02, 0.002), (0.02, 0.002), (0.004, 0.006))[seed % 4]

    def metric(name: str) -> carded.CardMetric:
        away = difference if name == "log_loss" else 0.01
        narrow = Interval(value=away, stderr=reach / 2, low=away - reach, high=away + reach)
        more = {model: make.interval(0.4, 0.01) for model in ("card", "network", "linear")}
        return carded.CardMetric(
            name=name, **more, against_network=narrow, against_linear=narrow, rounding=make.interval(0.001, 0.001)
        )

    def bins(index: int) -> list[carded.CardBin]:
        def one(**more: object) -> carded.CardBin:
            return carded.CardBin(
                **({"low": None, "high": None, "levels": [], "missing": False, "other": False} | more)
            )

        if index % 2:
            return [one(levels=["a", "b"]), one(levels=["c"], other=True), one(missing=True)]
        return [one(high=1.5), one(low=1.5, high=3.0), one(low=3.0), one(missing=True, other=True)]

    cuts = [(name, bins(index)) for index, name in enumerate(names[-3:])]
    first, second = (carded.CutColumn(column=name, bins=made) for name, made in cuts[:2])
    points = [[(-7) ** row % 11 for _ in second.bins] for row in range(len(first.bins))]
    return carded.Record(
        points=600.0,
        odds=50.0,
        pdo=20.0,
        adverse=classes[-1],
        favourable=classes[0],
        rung="curvature" if seed % 2 else "pairs",
        base=510,
        columns=[
            carded.ColumnPoints(column=name, bins=made, points=[0, -12, 34, 5][: len(made)], reference_bin=0)
            for name, made in cuts
        ],
        pairs=[] if seed % 2 else [carded.PairPoints(first=first, second=second, points=points)],
        metrics=[metric("log_loss"), metric("auc"), metric("ks")],
        status=("equivalent", "better", "worse", "not_resolved")[seed % 4],
        margin=margin,
        rows=4000,
        training_rows=16000,
        resamples=1000,
        seed=7,
    )


def monotonicity(names: list[str], seed: int) -> monotone.Record:
    """Proved, refuted with and without values, open with and without a move, and without an attempt."""

    def answer(kind: str, **more: object) -> monotone.Answer:
        given = {"fall": 0.0, "start": None, "end": None, "bound": None, "reason": None} | more
        return monotone.Answer(answer=kind, **given)

    answers = [
        answer("proved", bound=0.0005),
        answer("refuted", fall=0.3, start=1.0, end="b" if seed else 2.0),
        answer("refuted", fall=0.3, bound=0.9),
        answer("open", fall=0.0002, bound=0.4),
        answer("open", bound=0.4),
        answer("open", reason=Message(key="why.monotonicity.function", values={})),
    ]
    return monotone.Record(
        rows=20000,
        seed=7,
        network_least=0.001,
        linear_least=0.001,
        columns=[
            monotone.DirectionRow(
                column=names[index % len(names)],
                direction="+-"[index % 2],
                network=found,
                linear=answer("proved", bound=0.0),
            )
            for index, found in enumerate(answers)
        ],
    )


def perturbation(make: Maker, names: list[str], loss: str, task: str) -> perturbed.Record:
    """Better as in the ladder, then not, then worse; or equivalent, then worse."""
    better = task in ("binary", "multiclass")
    away = (-0.05, -0.04, -0.03, -0.005, 0.01, 0.04) if better else (0.0, 0.0, 0.001, 0.005, 0.01, 0.04)

    def at(size: float, away_from_linear: float) -> perturbed.AtSize:
        auc = make.pair(0.8 - size / 2, 0.78 - size / 3, 0.01, "auc") if task == "binary" else {}
        linear = 0.4 + 0.2 * size
        return perturbed.AtSize(
            size=size,
            **make.pair(linear + away_from_linear, linear, 0.01),
            rise=make.interval(away_from_linear - away[0], 0.01) if size else NONE,
            **dict.fromkeys(named("auc"), NONE) | auc,
        )

    return perturbed.Record(
        metric=loss,
        null=0.69,
        rows=4000,
        draws=10,
        seed=7,
        donors=16000,
        donors_of="training",
        sizes=[at(size, by) for size, by in zip((0.0, 0.01, 0.05, 0.1, 0.2, 0.5), away, strict=True)],
        numbers=at(perturbed.OF_NUMBERS, away[0] + 0.01),
        lost_at=0.1 if better else None,
        worse_from=0.5,
        column_size=0.1,
        columns=[
            perturbed.OfColumn(column=name, **make.pair(0.1 / (1 + index), 0.05 * make.share(), 0.004))
            for index, name in enumerate(names)
        ],
    )


def conformal(make: Maker, names: list[str], task: str) -> conformed.Record:
    interval = task in SCALE
    slices = [
        conformed.SliceCoverage(
            group=one,
            rows=900 - 200 * index,
            coverage=make.interval(0.75 + 0.03 * index, 0.02),
            q=0.001 * 5**index,
            width=make.interval(1.4 + 0.1 * index, 0.05),
        )
        for index, one in enumerate(subgroups(names, task)[:4])
    ]
    return conformed.Record(
        kind="interval" if interval else "set",
        level=0.9,
        rows=4000,
        seed=7,
        **make.pair(1.4, 1.5, 0.03),
        tested=30 * bool(slices),
        slices=slices,
    )


def resilience(make: Maker, names: list[str], loss: str, task: str) -> resilient.Record:
    """Drift: found, in rows that are too few (of a number), not found (of more classes), not measured (of counts)."""
    power = {"binary": "auc", "regression": "r2"}.get(task)
    drift = {"binary": 0.6, "regression": 0.9, "multiclass": 0.51}.get(task)

    def on(kind: str, share: float | None, rows: int) -> resilient.OnRows:
        away = 0.1 * (1 - (share or 0.0))
        told = make.pair(0.8 - away, 0.75, 0.02, "power") if power and kind != "hardest" else {}
        return resilient.OnRows(
            kind=kind,
            share=share,
            rows=rows,
            **make.pair(0.45 + 3 * away, 0.4 + 2 * away, 0.02),
            rise=NONE if kind in ("all", "drift") else make.interval(away, 0.01),
            **dict.fromkeys(named("power"), NONE) | told,
        )

    mean = Message(key="resilience.mean", values={"column": names[0]})
    traits = [
        resilient.Trait(of=group("level", names[1], level="level <1>"), is_share=True, inside=0.8, outside=0.1),
        resilient.Trait(of=mean, is_share=False, inside=-40.0, outside=2.5),
    ]
    return resilient.Record(
        metric=loss,
        power=power,
        rows=4000,
        training_rows=16000,
        seed=7,
        subsets=[
            on("all", 1.0, 4000),
            *(on("hardest", i / 10, 400 * i) for i in range(1, 10)),
            *(on(kind, 0.1, 400) for kind in ("network", "linear")),
            *(on("outer", i / 10, 400 * i) for i in range(1, 10)),
            *([] if task == "count" else [on("cluster", None, 120)]),
            *([on("drift", None, 900)] if task == "binary" else []),
        ],
        cluster=None if task == "count" else resilient.Cluster(rows=240, traits=traits),
        drift=NONE if drift is None else make.interval(drift, 0.02),
    )


def regional_effects(make: Maker, found: list[ColumnInfo], output: str | None) -> regional.Record:
    """Numbers and levels whose split is found; one without values to tell a change between; splits not found, or not sought."""
    inputs = [info for info in found if info.role == "input"][:5]

    def curves(info: ColumnInfo, place: int) -> regional.RegionalCurves:
        numeric = info.kind == "numeric"
        values = [*map(float, range(9)), None] if numeric else [f"level {i}" for i in range(min(info.levels, POINTS))]

        def side(steep: float, i: int) -> Interval:
            return make.interval(steep * (i - 4), 0.1)

        return regional.RegionalCurves(
            output=output,
            start=None if place == 2 else values[1],
            end=None if place == 2 else values[-2],
            inside=make.interval(1.2, 0.1) if place else make.interval(-1.2, 0.1),
            outside=make.interval(0.05, 0.1),
            points=[
                regional.RegionalPoint(
                    value=value, inside=NONE if i == 3 else side(0.2, i), outside=side(0.01, i), everywhere=side(0.1, i)
                )
                for i, value in enumerate(values)
            ],
        )

    def effect(place: int, info: ColumnInfo) -> regional.RegionalEffect:
        other = inputs[place - 1].name
        splits = (
            group("level", inputs[1].name, level="level 1"),
            group("at_most", other, high_end=2000.0),
            group("missing", other),
            group("above", other, low_end=-0.5),
            None,
        )
        split = splits[place]
        return regional.RegionalEffect(
            column=info.name,
            kind=info.kind,
            heterogeneity=make.interval(0.8 - 0.15 * place, 0.05),
            share=make.interval(0.6 - 0.14 * place, 0.02),
            split=split,
            rows_share=None if split is None else 0.3,
            explained=NONE if split is None else make.interval(0.5 - 0.12 * place, 0.05),
            q=None if split is None else 0.001 * 6**place,
            curves=curves(info, place) if place < 3 else None,
        )

    return regional.Record(
        rows=1000, seed=7, columns=sum(info.role == "input" for info in found), least=0.1,
        effects=[effect(place, info) for place, info in enumerate(inputs)],
    )  # fmt: skip


@cache
def binary() -> Document:
    return document(names=NAMES)


@cache
def multiclass() -> Document:
    return document(
        "multiclass",
        names=[f"spectral_band_{index}" for index in range(18)],
        classes=["red soil", "cotton crop", "grey soil", "very damp grey soil"],
        levels=6,
        units=48,
        seed=1,
        name="satellite",
    )


@cache
def regression() -> Document:
    """No margin; the linear side without importances and one curve; a gap for one model only; a unit without rank
    correlations; every coalition; an encoder that mixes columns."""
    found = document("regression", names=[f"column_{index}" for index in range(8)], units=16, seed=2, name="housing")
    rows = [row.model_copy(update={"linear": NONE}) for row in found.importance.columns]
    unit, *units = found.neurons.units
    unranked = [column.model_copy(update={"pearson": None, "spearman": None, "q": None}) for column in unit.columns]
    units = [unit.model_copy(update={"columns": unranked}), *units]
    first, *others = found.gradients.methods
    methods = [first.model_copy(update={"gap_network": 0.001, "tolerance": 0.01}), *others]
    ways = {
        "network": found.shapley.network.model_copy(update={"method": "exact", "exact": True}),
        "linear": found.shapley.linear.model_copy(update={"method": "permutation", "exact": False}),
    }
    one, *curves = found.effects.curves
    points = [point.model_copy(update={"linear": EffectCurve()}) for point in one.points]
    curves = [one.model_copy(update={"points": points}), *curves]
    columns = [row.model_copy(update={"network_tied": row.column == "column_2"}) for row in found.shapley.columns]
    return found.model_copy(
        update={
            "shapley": found.shapley.model_copy(update={**ways, "columns": columns}),
            "trust": found.trust.model_copy(update={"nulls": [], "networks": None}),
            "effects": found.effects.model_copy(update={"curves": curves}),
            "interactions": found.interactions.model_copy(update={"linear_adds": False}),
            "verdict": found.verdict.model_copy(update={"margin": None}),
            "importance": found.importance.model_copy(update={"columns": rows}),
            "gradients": found.gradients.model_copy(update={"methods": methods}),
            "neurons": found.neurons.model_copy(update={"units": units}),
        }
    )


@cache
def count() -> Document:
    return document("count", names=[f"column_{index}" for index in range(6)], units=8, seed=5, name="claims")


@cache
def hostile() -> Document:
    found = document(names=HOSTILE, classes=HOSTILE[:2], units=8, seed=3, name=HOSTILE[0])
    terms = [
        row.model_copy(update={"level": HOSTILE[index % 7], "reference": HOSTILE[1]}) if row.level else row
        for index, row in enumerate(found.coefficients.terms)
    ]
    parts = found.coefficients.model_copy(update={"terms": terms})
    network = found.network.model_copy(update={"name": HOSTILE[1], "library": HOSTILE[6]})
    metrics = [row.model_copy(update={"method": "bootstrap"}) for row in found.performance.metrics]
    performance = found.performance.model_copy(update={"metrics": metrics})
    return found.model_copy(update={"coefficients": parts, "network": network, "performance": performance})


@cache
def crowded() -> Document:
    """As much as one page may be asked to hold: names of 120 characters, long sentences, twenty raised findings."""
    found = document(names=[f"{'a_long_name_' * 9}{i:03}" for i in range(12)], units=8, seed=9, name="t" * 120)
    raised = [
        found.findings[i % 6].model_copy(update={"code": f"TI-{i:02}", "status": "raised", "severity": "act"})
        for i in range(20)
    ]
    models = {name: getattr(found, name).model_copy(update={"name": "layers_" * 17}) for name in ("network", "linear")}
    lines = [sentence("the rows, " * 40)] * 8
    told = found.verdict.sentence.model_copy(update={"values": {"linear": "a linear model " * 20}})
    verdict = found.verdict.model_copy(update={"sentence": told, "lines": lines})
    data = found.data.model_copy(update={"target": "target " * 20})
    return found.model_copy(update={"findings": raised, "verdict": verdict, "data": data, **models})


WIDEST = [
    "household_income_before_taxes_and_transfers_{}",
    "年間世帯収入（税引前・手当を含む）第{}回調査",
    "الدخل السنوي للأسرة {}",
    "הכנסה שנתית של משק הבית {}",
    "x" * 116 + "_{:03d}",
    "rate [{}] (5) −3",
]


@cache
def widest() -> Document:
    """200 columns, categories of 60 levels, names of 120 characters and of three scripts, one class at 0.1%."""
    names = [WIDEST[index % len(WIDEST)].format(index) for index in range(200)]
    found = document(names=names, classes=["いいえ", "نعم"], levels=60, units=192, seed=9, name="قروض 2026")
    return found.model_copy(update={"data": found.data.model_copy(update={"rates": [0.999, 0.001]})})


def blank_together(found: Together) -> Together:
    """Nothing measured, no family, no refit."""
    none = {"network": NONE, "linear": NONE, "difference": NONE, "dropped": NONE, "off_support": None}
    columns = [row.model_copy(update=none) for row in found.columns]
    return found.model_copy(
        update={"columns": columns, "families": [], "refit_rows": None, "refit_scored_rows": None, "rows_of": "all"}
    )


@cache
def nothing() -> Document:
    """No held-out rows, no reading: only what was asked for."""
    found = regression()
    return found.model_copy(
        update={
            "data": found.data.model_copy(update={"held_out_rows": None, "training_rows": None, "columns": []}),
            "verdict": Verdict(
                status="not_assessed",
                metric="log_loss",
                difference=NONE,
                margin=None,
                sentence=Message(key="verdict.not_assessed"),
                lines=[],
            ),
            "performance": Performance(held_out=False, rows=20000, resamples=0, seed=0, metrics=[]),
            "judged": None,
            "calibration": None,
            "gain": None,
            "disagreement": None,
            "slices": None,
            "reasons": None,
            "groups": None,
            "importance": found.importance.model_copy(update={"columns": []}),
            "coefficients": found.coefficients.model_copy(
                update={"terms": [], "tests": [], "surrogates": [], "notes": []}
            ),
            "gradients": Gradients(rows_of="all", saturation=None, methods=[]),
            "together": blank_together(found.together),
            "shapley": None,
            "effects": None,
            "interactions": found.interactions.model_copy(update={"pairs": [], "screened": 0}),
            "agreement": [],
            "trust": None,
            "neurons": found.neurons.model_copy(update={"units": []}),
            "table": None,
            "off_support": None,
            "extrapolation": None,
            "inside": None,
            "mechanism": None,
            "analyses": {},
            "findings": [],
            "not_assessed": [],
        }
    )


def blank_trust(found: Trust) -> Trust:
    nulls = [row.model_copy(update={"network": Drawn(), "linear": Drawn()}) for row in found.nulls]
    curves = [row.model_copy(update={"network": NONE, "linear": NONE}) for row in found.curves]
    none = {f"{model}_{name}": Drawn() for model in ("network", "linear") for name in ("ranks", "tops")}
    stability = [row.model_copy(update=none) for row in found.stability]
    columns = [NetworkRow(column=row.column, importance=None, low=None, high=None) for row in found.networks.columns]
    networks = found.networks.model_copy(update={"columns": columns})
    return found.model_copy(
        update={"rows_of": "all", "nulls": nulls, "curves": curves, "stability": stability, "networks": networks}
    )


def blank_gain(found: Gain) -> Gain:
    none = {"loss": NONE, "against_below": NONE, "against_network": NONE, "recovered": NONE}
    rungs = [row.model_copy(update={**none, "status": row.status and "not_resolved"}) for row in found.ladder.rungs]
    update = {"rungs": rungs, "gain": "not_resolved", "shortest": None, "pairs": []}
    whole = [row.model_copy(update={"share": NONE, "weighted": NONE}) for row in found.shares.whole]
    return Gain(
        ladder=found.ladder.model_copy(update=update),
        shares=found.shares.model_copy(update={"whole": whole, "parts": [], "rest": [], "rows_of": "all"}),
        recovery=Message(key="ladder.intercept.short"),
        agreement=Message(key="gain.no_gain"),
    )


def unread(found: TableReadings) -> TableReadings:
    """No split, and rows too few for any number."""
    none = dict.fromkeys(("training", "held_out", "fall"), NONE)
    gone = dict.fromkeys(("psi", "drift_p", "drift_q", "correlation", "p", "q"))
    copies = found.copies.model_copy(update={"across_inputs": None, "across_whole": None, "held_out_rows": None})
    columns = [column.model_copy(update={**none, **gone}) for column in found.columns]
    update = {"columns": columns, "copies": copies, "whole": NONE, "whole_rows": None, "beyond": [], "equal": []}
    return found.model_copy(update=update)


def unmeasured(found: dict[str, Any]) -> dict[str, Any]:
    """What needs no held-out rows: values from the evaluated rows, without intervals, and no split sought."""
    values = found["perturbation"]

    def without(part: Any) -> Any:
        withheld = {name: Interval(value=one.value) for name, one in part if isinstance(one, Interval)}
        return part.model_copy(update=withheld)

    effects = [
        row.model_copy(
            update={
                **dict.fromkeys(("heterogeneity", "share", "explained"), NONE),
                **dict.fromkeys(("split", "rows_share", "q", "curves")),
            }
        )
        for row in found["regional_effects"].effects
    ]
    update = {
        "donors_of": "all",
        "donors": values.rows,
        "sizes": [without(one) for one in values.sizes],
        "numbers": without(values.numbers),
        "lost_at": None,
        "worse_from": None,
        "columns": [without(row) for row in values.columns],
    }
    return {
        "perturbation": values.model_copy(update=update),
        "regional_effects": found["regional_effects"].model_copy(update={"effects": effects}),
        **({"recourse": without_shares(found["recourse"])} if "recourse" in found else {}),
    }


def without_shares(found: recoursed.Record) -> recoursed.Record:
    """Rows so few that no share is told."""
    network = found.network.model_copy(update={"without": NONE, "only_implausible": NONE})
    return found.model_copy(update={"network": network, "network_on_both": NONE, "difference": NONE, "groups": []})


@cache
def all_none() -> Document:
    """Every reading was tried, and none gave a number."""
    found = document(names=[f"column_{index}" for index in range(5)], units=3, seed=4)
    blank = {"network": NONE, "linear": NONE}
    absent = dict.fromkeys(("z", "p", "penalised", "sign_flip", "surrogate", "sd"))
    terms = [
        row.model_copy(
            update={**blank, **absent, "odds_ratio": NONE, "conflict": False, "reason": sentence(row.column)}
        )
        for row in found.coefficients.terms
    ]
    terms[0] = terms[0].model_copy(update={"unit": "10 years"})
    sizes = {"network_size": NONE, "linear_size": NONE}
    methods = [
        method.model_copy(update={"columns": [row.model_copy(update={**blank, **sizes}) for row in method.columns]})
        for method in found.gradients.methods
    ]
    empty = dict.fromkeys(("pearson", "spearman", "distance", "ratio", "q"))
    units = [
        unit.model_copy(update={"columns": [column.model_copy(update=empty) for column in unit.columns]})
        for unit in found.neurons.units
    ]
    rows = [row.model_copy(update={**blank, "difference": NONE, "resolved": "no"}) for row in found.performance.metrics]
    nothing_found = nothing()
    undetermined = Calibrated(slope=NONE, intercept=NONE, bins=[])
    return found.model_copy(
        update={
            "analyses": unmeasured(found.analyses),
            "together": blank_together(found.together),
            "method": found.method.model_copy(update={"data_digest": "", "digest_key": ""}),
            "data": found.data.model_copy(update={"rates": [], "held_out_rows": None, "training_rows": None}),
            "verdict": nothing_found.verdict,
            "performance": Performance(held_out=False, rows=20000, resamples=0, seed=0, metrics=rows),
            "judged": blank_judged(found.judged),
            "calibration": Calibration(
                rows=5, outputs=[CalibrationRow(output=None, network=undetermined, linear=undetermined)]
            ),
            "gain": blank_gain(found.gain),
            "disagreement": None,
            "slices": None,
            "reasons": None,
            "groups": blank_groups(found.groups),
            "importance": found.importance.model_copy(
                update={
                    "rows_of": "all",
                    "columns": [
                        row.model_copy(update={**blank, "off_support": None}) for row in found.importance.columns
                    ],
                }
            ),
            "coefficients": found.coefficients.model_copy(
                update={
                    "terms": terms,
                    "tests": [
                        row.model_copy(update={"statistic": None, "p": None, "vif": None})
                        for row in found.coefficients.tests
                    ],
                    "surrogates": [],
                }
            ),
            "gradients": found.gradients.model_copy(update={"methods": methods, "rows_of": "all"}),
            "shapley": found.shapley.model_copy(
                update={
                    "rows_of": "all",
                    "columns": [row.model_copy(update={**blank, **sizes}) for row in found.shapley.columns],
                }
            ),
            "effects": found.effects.model_copy(
                update={
                    "rows_of": "all",
                    "curves": [_unknown(curve, of) for curve, of in zip(found.effects.curves, (None, 1), strict=False)],
                }
            ),
            "trust": blank_trust(found.trust),
            "interactions": found.interactions.model_copy(
                update={
                    "rows_of": "all",
                    "pairs": [
                        row.model_copy(update=dict.fromkeys(("variance", "share", "h2", "shapley"), NONE))
                        for row in found.interactions.pairs
                    ],
                }
            ),
            "agreement": [
                row.model_copy(update={"spearman": None, "overlap": None, "signs": None}) for row in found.agreement
            ],
            "neurons": found.neurons.model_copy(update={"units": units, "rows_of": "all"}),
            "table": unread(found.table),
            "off_support": found.off_support.model_copy(
                update={**dict.fromkeys(("auc", "real", "perturbed", "gap"), NONE), "output": None}
            ),
            "extrapolation": found.extrapolation.model_copy(
                update={"columns": [row.model_copy(update={"change": NONE}) for row in found.extrapolation.columns]}
            ),
            "mechanism": unmoved(found.mechanism),
            "inside": found.inside.model_copy(
                update={
                    "units": [unit.model_copy(update={"ablation": NONE}) for unit in found.inside.units],
                    "cards": [],
                    "outputs": [],
                    "rows_of": "all",
                    "starts": None,
                    "reference": None,
                }
            ),
        }
    )


def unmoved(found: Mechanism) -> Mechanism:
    """No region of ten rows, no terms, a layer that is led past, no group; not one cosine."""
    regions = found.regions.model_copy(
        update={"told": 0, "share_told": 0.0, "largest": None, "terms": [], "tables": []}
    )
    lines = [
        row.model_copy(update=dict.fromkeys(("path_gradient", "path_optimum", "straight"))) for row in found.paths.lines
    ]
    paths = found.paths.model_copy(
        update={
            "columns": [row.model_copy(update={"size": None, "garson": None}) for row in found.paths.columns],
            "terms": [],
            "lines": lines,
            "path_ranks": None,
        }
    )
    rows = [row.model_copy(update={"mean": NONE, "size": NONE}) for row in found.conductance.rows_told]
    conductance = found.conductance.model_copy(update={"rows_told": rows})
    return found.model_copy(update={"regions": regions, "paths": paths, "conductance": conductance, "groups": None})


def blank_groups(found: Groups) -> Groups:
    """All held back, and no number of the others."""
    gone = {"rows": None, "network": None, "linear": None}
    rows = [row.model_copy(update=gone) for row in found.table.columns]
    proxy = found.proxies[0]
    probes = [row.model_copy(update={"power": NONE}) for row in proxy.probes]
    weak = found.weak.found[0].model_copy(
        update={"skill": None, **dict.fromkeys(("difference", "beyond", "excess"), NONE)}
    )
    held = HeldPart(share=NONE, fall=NONE, start=None, end=None)
    none = {"network": held, "linear": held, "outside": None, "few_outside": True}
    return found.model_copy(
        update={
            "table": found.table.model_copy(
                update={
                    "columns": rows,
                    "pairs": [],
                    "rows_of": "all",
                    "favourable": None,
                    "compared": None,
                    "impact": None,
                }
            ),
            "proxies": [proxy.model_copy(update={"probes": probes, "network": None, "linear": None})],
            "weak": found.weak.model_copy(update={"found": [weak]}),
            "constraints": found.constraints.model_copy(
                update={"columns": [row.model_copy(update=none) for row in found.constraints.columns]}
            ),
        }
    )


def _unknown(curve: Effect, rows: int | None) -> Effect:
    """A curve without any number, or without any point that is printed."""
    blank = {"network": EffectCurve(), "linear": EffectCurve(), "value": None}
    gone = {"rows": None, "sparse": True}
    points = [point.model_copy(update=blank if rows else {**blank, **gone}) for point in curve.points]
    return curve.model_copy(update={"points": points})


NAMES = [
    "age", "workclass", "fnlwgt", "education_years", "marital status", "occupation", "relationship", "race", "sex",
    "capital gain", "capital loss", "hours per week", "native country", "limit balance", "bill amount in September",
    "amount of the previous payment made in August", "pay status", "tenure", "rooms", "distance to centre", "income",
    "dependants", "credit history",
]  # fmt: skip

SAMPLES = {
    "binary": binary,
    "multiclass": multiclass,
    "regression": regression,
    "count": count,
    "hostile": hostile,
    "nothing": nothing,
    "all_none": all_none,
}
