"""Documents to render: made up, seeded, and as awkward as real ones get."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tabinterp import messages
from tabinterp.report.compared import (
    Calibrated,
    Calibration,
    CalibrationBin,
    CalibrationRow,
    Disagreement,
    Gain,
    Ladder,
    Leaf,
    RestRow,
    Rung,
    ShareRow,
    Shares,
)
from tabinterp.report.document import (
    Agreement,
    CoefficientRow,
    Coefficients,
    ColumnInfo,
    Data,
    Document,
    Effect,
    EffectCurve,
    EffectPoint,
    Effects,
    Finding,
    GradientMethod,
    GradientRow,
    Gradients,
    Importance,
    ImportanceRow,
    InteractionRow,
    Interactions,
    Interval,
    Message,
    Method,
    MetricRow,
    ModelInfo,
    Neurons,
    Performance,
    Shapley,
    ShapleyModel,
    ShapleyRow,
    Surrogate,
    Unit,
    UnitColumn,
    Verdict,
    WaldRow,
)
from tabinterp.report.evidenced import Card, EvidenceRow

# The sentences of findings and readings belong to those who write them; samples bring their own.
messages.ENGLISH.update(
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
    "javascript:alert(5)",
]

NONE = Interval()
RATIO = {"log-odds": "odds_ratio", "log-rate": "rate_ratio"}
SCALE = {"regression": "target", "count": "log-rate"}
METRICS = {
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
                missing=index * 3,
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
        values = [*range(12)] if numeric else [f"level {i}" for i in range(levels)]
        made = [
            EffectPoint(
                value=float(value) if numeric else value,
                missing=False,
                rows=20 if i == 2 else 300 + i,
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
                off_grid=0.0 if info.kind == "numeric" else 0.02,
                points=points(info),
            )
            for info in inputs[: 5 if len(classes) > 1 else 8]
            for output in classes
        ],
    )


def interactions(make: Maker, names: list[str], classes: list[str | None]) -> Interactions:
    return Interactions(
        rows_of="held-out",
        rows=2048,
        blocks=32,
        background=64,
        seed=0,
        screened=len(names) * (len(names) - 1) // 2,
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


def findings(names: list[str]) -> list[Finding]:
    statuses = ("raised", "raised", "raised", "raised", "raised", "raised", "cleared", "cleared", "not_applicable")
    anchors = ("performance", "#coefficients", "importance", "gradients", "elsewhere", "agreement", "neurons")
    return [
        Finding(
            code=f"TI-{index:02}",
            slug=f"finding-{index}",
            severity=("note", "act", "check")[index % 3],
            status=status,
            claim=Message(
                key="sample.claim", values={"column": names[index % len(names)], "value": 0.25, "names": names[:3]}
            ),
            evidence=anchors[index % len(anchors)],
        )
        for index, status in enumerate(statuses)
    ]


def card(name: str) -> Card:
    return Card(intended_use=f"To rank applications by {name}.", limits="Not for renewals.", reviewer="A. Reviewer")


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
    names = METRICS.get(task, ("log_loss", "auc", "brier", "accuracy"))
    rows = []
    for index, name in enumerate(names):
        network = make.interval(0.3 + make.share() * 0.5, 0.02)
        difference = make.interval((0.05, -0.002, -0.04, -0.07)[index], 0.01)
        linear = make.interval(network.value - difference.value, 0.02)
        higher = name in {"auc", "accuracy", "r2"}
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
            )
        )
    return rows


RUNGS = ("intercept", "linear", "curvature", "pairs", "network")


def ladder(make: Maker, loss: str, gain: str, pairs: list[str]) -> Ladder:
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
        ladder=ladder(make, loss, gain, pairs),
        shares=shares(make, names, classes, task),
        recovery=Message(key="ladder.pairs.reached.gain" if better else "ladder.linear.reached", values=values),
        agreement=Message(key="gain.open" if better else "gain.no_gain", values=told),
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
    return Disagreement(
        rows=4000,
        count=200,
        share=Interval(value=0.05, low=0.0437, high=0.0572),
        network_right=Interval(value=0.6, low=0.53, high=0.67),
        linear_right=Interval(value=0.4, low=0.33, high=0.47),
        neither=Interval(value=0.0, low=0.0, high=0.0188),
        threshold=None if task not in SCALE else 0.7,
        sentences=[
            Message(key="disagreement.classes", values={"count": 200, "rows": 4000, **percent}),
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
        return Calibrated(slope=make.interval(0.9, 0.05), intercept=make.interval(0.1, 0.05), bins=bins)

    rows = [CalibrationRow(output=output, network=one(), linear=one()) for output in classes]
    return Calibration(rows=4000, outputs=rows)


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
    return Document(
        data=Data(
            name=name,
            rows=20000,
            held_out_rows=4000,
            training_rows=16000,
            target="outcome",
            task=task,
            classes=classes,
            rates=[1 / len(classes) for _ in classes],
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
        performance=Performance(held_out=True, rows=4000, resamples=1000, seed=0, metrics=rows),
        calibration=calibration(Maker(seed + 100), outputs, task),
        gain=gain_of(Maker(seed + 200), names, classes, task, loss),
        disagreement=disagreement(names, task),
        importance=importance(make, names, loss),
        coefficients=coefficients(make, found, outputs, SCALE.get(task, "log-odds")),
        gradients=gradients(make, names, outputs),
        shapley=shapley(make, names, outputs),
        effects=effects(make, found, outputs, levels),
        interactions=interactions(make, names, outputs),
        agreement=agreement(make),
        neurons=neurons(make, found, units),
        findings=findings(names),
        not_assessed=[sentence("calibration"), sentence("groups")],
        card=card(names[0]),
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
            data_digest="cd" * 32,
        ),
    )


def binary() -> Document:
    return document(names=NAMES)


def multiclass() -> Document:
    return document(
        "multiclass",
        names=[f"spectral_band_{index}" for index in range(36)],
        classes=["red soil", "cotton crop", "grey soil", "damp grey soil", "stubble", "very damp grey soil"],
        levels=12,
        units=192,
        seed=1,
        name="satellite",
    )


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
            "effects": found.effects.model_copy(update={"curves": curves}),
            "interactions": found.interactions.model_copy(update={"linear_adds": False}),
            "verdict": found.verdict.model_copy(update={"margin": None}),
            "importance": found.importance.model_copy(update={"columns": rows}),
            "gradients": found.gradients.model_copy(update={"methods": methods}),
            "neurons": found.neurons.model_copy(update={"units": units}),
        }
    )


def count() -> Document:
    return document("count", names=[f"column_{index}" for index in range(6)], units=8, seed=5, name="claims")


def hostile() -> Document:
    found = document(names=HOSTILE, classes=HOSTILE[:2], units=8, seed=3, name=HOSTILE[0])
    terms = [
        row.model_copy(update={"level": HOSTILE[index % 7], "reference": HOSTILE[1]}) if row.level else row
        for index, row in enumerate(found.coefficients.terms)
    ]
    parts = found.coefficients.model_copy(update={"terms": terms})
    network = found.network.model_copy(update={"name": HOSTILE[1], "library": HOSTILE[6]})
    return found.model_copy(update={"coefficients": parts, "network": network})


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
            "calibration": None,
            "gain": None,
            "disagreement": None,
            "importance": found.importance.model_copy(update={"columns": []}),
            "coefficients": found.coefficients.model_copy(
                update={"terms": [], "tests": [], "surrogates": [], "notes": []}
            ),
            "gradients": Gradients(rows_of="all", saturation=None, methods=[]),
            "shapley": None,
            "effects": None,
            "interactions": found.interactions.model_copy(update={"pairs": [], "screened": 0}),
            "agreement": [],
            "neurons": found.neurons.model_copy(update={"units": []}),
            "findings": [],
            "not_assessed": [],
        }
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
            "data": found.data.model_copy(update={"rates": [], "held_out_rows": None, "training_rows": None}),
            "verdict": nothing_found.verdict,
            "performance": Performance(held_out=False, rows=20000, resamples=0, seed=0, metrics=rows),
            "calibration": Calibration(
                rows=5, outputs=[CalibrationRow(output=None, network=undetermined, linear=undetermined)]
            ),
            "gain": blank_gain(found.gain),
            "disagreement": None,
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
