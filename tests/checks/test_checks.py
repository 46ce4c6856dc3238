"""Checks of the rows, of what is off them and of calibration: raised at their limits, cleared below, not applicable without."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from tabinterp import messages
from tabinterp.analyses.calibration.record import Calibrated, CalibrationBend
from tabinterp.analyses.conformal.record import Record as Sets
from tabinterp.analyses.conformal.record import SliceCoverage
from tabinterp.analyses.data_quality.record import Heap
from tabinterp.analyses.overfitting.record import Record as Gaps
from tabinterp.analyses.overfitting.record import SliceGap
from tabinterp.analyses.performance.record import Swapped
from tabinterp.analyses.perturbation.record import AtSize
from tabinterp.analyses.perturbation.record import Record as Perturbed
from tabinterp.analyses.recourse.record import OfGroup
from tabinterp.auditing.not_assessed import unassessed
from tabinterp.checks import CHECKS, label_leak
from tabinterp.checks.judge import explain_checks, judge
from tabinterp.cli.commands import app
from tabinterp.document.document import Document, Grouping, Interval, Message
from tabinterp.document.message import why
from tabinterp.errors import TabinterpError
from tabinterp.messages.language import speaking
from tests.report.samples import binary, multiclass, regression

FIRST = "age"  # the first column of the sample: numeric, read by the network


def part(value: float, low: float | None = None, high: float | None = None) -> Interval:
    return Interval(value=value, low=value if low is None else low, high=value if high is None else high)


def with_part(document: Document, name: str, **update: Any) -> Document:
    return document.model_copy(update={name: getattr(document, name).model_copy(update=update)})


def quiet(document: Document) -> Document:
    """A sample whose rows are in order: nothing of them is raised."""
    plain = {"identifier": None, "spike": None, "heap_low": None, "heap_high": None, "rare_levels": 0, "psi": 0.01}
    plain |= {"unseen_levels": 0, "unseen_rows": 0, "correlation": 0.3, "p": 1e-9, "drift_q": 0.5}
    alone = {"training": part(0.6), "held_out": part(0.6), "fall": part(0.0)}
    columns = [c.model_copy(update=plain | ({} if c.target else alone)) for c in document.table.columns]
    copies = document.table.copies.model_copy(update={"across_whole": 0})
    return with_part(document, "table", columns=columns, copies=copies, equal=[], whole=part(0.5, 0.49, 0.51))


def column(name: str = FIRST, document: Document | None = None, **update: Any) -> Document:
    """The quiet sample with one column of its table changed."""
    base = quiet(document or binary())
    changed = [c.model_copy(update=update) if c.column == name else c for c in base.table.columns]
    return with_part(base, "table", columns=changed)


def target(**update: Any) -> Document:
    return column("the target", regression(), **update)


def without(name: str) -> Callable[[], Document]:
    return lambda: binary().model_copy(update={name: None})


def heap(**update: Any) -> Heap:
    return Heap(value=999.0, rows=40, share=0.02, outside=True, gap=1.0, times=5.0).model_copy(update=update)


def overlap(count: int | None, rows: int | None = 4000, training: int | None = 0, copied: bool = True) -> Document:
    base = quiet(binary())
    update = {"across_whole": count, "held_out_rows": rows, "training_whole": training, "copied": copied}
    return with_part(base, "table", rows=20_000, copies=base.table.copies.model_copy(update=update))


def grouped(shared: int | None) -> Document:
    """Persons, so many of whom stand on both sides."""
    sides = {} if shared is None else {"training": 60 + shared, "held_out": 20}
    part = Grouping(column="person", groups=80, **{"training": None, "held_out": None} | sides, shared=shared)
    return with_part(binary(), "data", grouping=part)


def whole(value: float, low: float) -> Document:
    return with_part(quiet(binary()), "table", whole=part(value, low, 1.0))


def metric(name: str, low: float, document: Document, skill: float = 0.1) -> Document:
    """`skill`: the lower end of how much the loss is below that of knowing nothing."""
    rows = [m.model_copy(update={"network": part(low + 0.05, low)}) for m in document.performance.metrics]
    return with_part(
        document, "performance", metrics=[m for m in rows if m.metric == name], skill=part(skill + 0.1, skill)
    )


def wide(name: str, low: float, high: float, document: Document) -> Document:
    """A metric, or the skill, with this interval; the loss of knowing nothing is 1."""
    found, skill = part((low + high) / 2, low, high), part(0.05, 0.04, 0.06)
    loss = part(1 - (low + high) / 2)
    rows = [m.model_copy(update={"network": found if m.metric == name else loss}) for m in document.performance.metrics]
    kept = [m for m in rows if m.metric == name] or [m for m in rows if m.metric != "macro_auc"]
    return with_part(document, "performance", metrics=kept, skill=found if name == "skill" else skill)


def ranking_of_classes(low: float, high: float) -> Document:
    """Three classes, no reduction in loss that is worth having, and this interval of the mean AUC."""
    return with_part(wide("macro_auc", low, high, multiclass()), "performance", skill=part(0.0, -0.05, 0.05))


def ranked(value: float, stderr: float) -> Document:
    found = Interval(value=value, stderr=stderr, low=value - 2 * stderr, high=value + 2 * stderr)
    rows = [m.model_copy(update={"network": found}) for m in binary().performance.metrics if m.metric == "auc"]
    return with_part(binary(), "performance", metrics=rows)


def swapped() -> Document:
    moved = Swapped(predicted=["a", "b"], happened=["b", "a"], gain=part(0.2, 0.1, 0.3))
    return with_part(multiclass(), "performance", swapped=moved)


def few_events(document: Document | None = None) -> Document:
    """Performance was withheld, and the power of single columns on held-out rows."""
    advice = Message(key="events.advice.more")
    what = Message(key="events.class", values={"label": "yes"})
    reason = why("events", amount=12, unit="rows", what=what, side="held_out", least=20, advice=advice)
    made = document or quiet(binary())
    sentence = Message(key="verdict.not_assessed.few", values={"reason": reason})
    alone = {"training": Interval(), "held_out": Interval(), "fall": Interval(), "fall_q": None}
    table = {"columns": [c.model_copy(update=alone) for c in made.table.columns], "withheld": reason}
    made = with_part(made, "verdict", status="not_assessed", sentence=sentence)
    return with_part(made, "table", **table)


def calibrated(slope: Interval, large: Interval, document: Document | None = None, **more: Any) -> Document:
    document = document or binary()
    one = Calibrated(**{"slope": slope, "intercept": part(9.0), "large": large, "p": 1e-4, "bins": []} | more)
    first, *others = document.calibration.outputs
    outputs = [first.model_copy(update={"network": one}), *others]
    return with_part(document, "calibration", outputs=outputs)


def beaten(value: float | None, low: float | None) -> Document:
    """Network less trees differ by so much; the margin is 0.05."""
    document = with_part(binary(), "verdict", margin=0.05)
    gap = Interval() if low is None else Interval(value=value, low=low, high=2 * abs(value) + 0.1)
    status = "worse" if (low or 0.0) > 0 else "not_resolved"
    return with_part(
        document, "judged", reference=document.judged.reference.model_copy(update={"difference": gap, "status": status})
    )


def overfitted(
    value: float,
    low: float,
    of_slice: Interval | None = None,
    null: float = 1.0,
    own: float = 0.01,
    slice_own: float = 0.01,
) -> Document:
    """The network's gap in loss exceeds the linear model's by so much; the loss of a constant prediction is 1.

    `own`, `slice_own`: lower ends of the network's own gap.
    """
    group = Message(key="group.level", values={"column": "city", "level": "a"})
    excess = part(0.0) if of_slice is None else of_slice
    found = SliceGap(
        group=group, rows=80, training_rows=200, network=part(0.3, slice_own), linear=part(0.1), excess=excess, q=0.001
    )
    gaps = {"network": part(value + 0.1, own), "linear": part(0.1), "excess": part(value, low)}
    record = Gaps(
        metric="log_loss", null=null, rows=900, training_rows=900, smallest=50, tested=20, slices=[found], **gaps
    )
    document = binary()
    return document.model_copy(update={"analyses": document.analyses | {"overfitting": record}})


def without_interval(name: str) -> Document:
    document = overfitted(0.2, 0.1)
    record = document.analyses["overfitting"].model_copy(update={name: Interval(value=0.2)})
    return document.model_copy(update={"analyses": document.analyses | {"overfitting": record}})


def perturbed(rise: Interval, loss: Interval | None, null: float = 1.0) -> Document:
    """The excess rise in loss, and the network's loss (None: there are no numbers), when numbers alone are perturbed; of all
    columns both are large."""
    same = {name: part(0.5) for name in ("network", "linear", "network_auc", "linear_auc", "auc_difference")}
    same |= {"difference": part(-0.1, -0.2, 0.1), "rise": part(0.9)}
    record = Perturbed(
        metric="log_loss", null=null, rows=900, draws=10, seed=0, donors=900, donors_of="training", lost_at=None,
        worse_from=None, column_size=0.1, columns=[], sizes=[AtSize(size=size, **same) for size in (0.0, 0.05)],
        numbers=None if loss is None else AtSize(size=0.05, **same | {"rise": rise, "network": loss}),
    )  # fmt: skip
    document = binary()
    return document.model_copy(update={"analyses": document.analyses | {"perturbation": record}})


def turned(without: Interval, *groups: tuple[Interval, float | None], rows: int = 400) -> Document:
    """This share of the declined rows has no recourse; `groups`: difference from all others, and its p."""
    document = binary()
    record = document.analyses["recourse"]
    condition = Message(key="group.level", values={"column": "city", "level": "a"})
    made = [OfGroup(group=[condition], share=part(0.5), difference=one, p=p) for one, p in groups]
    model = record.network.model_copy(update={"without": without})
    record = record.model_copy(update={"network": model, "groups": made, "rows": rows})
    return document.model_copy(update={"analyses": document.analyses | {"recourse": record}})


def told(value: float, stderr: float) -> Interval:
    """A share with a normal interval."""
    return Interval(value=value, stderr=stderr, low=value - 1.96 * stderr, high=value + 1.96 * stderr)


def covered(coverage: Interval | None, tested: int = 20, kind: str = "interval") -> Document:
    """The intervals or sets, made for 90%, cover so many outcomes of a slice; None: of no slice this may be told."""
    group = Message(key="group.level", values={"column": "city", "level": "a"})
    slices = (
        [] if coverage is None else [SliceCoverage(group=group, rows=150, coverage=coverage, q=0.01, width=part(2.0))]
    )
    record = Sets(
        kind=kind, level=0.9, rows=900, seed=0, network=part(2.0), linear=part(2.0), difference=part(0.0), tested=tested,
        slices=slices,
    )  # fmt: skip
    document = binary()
    return document.model_copy(update={"analyses": document.analyses | {"conformal": record}})


def far(low: float) -> Document:
    rows = [c.model_copy(update={"change": part(low + 1, low)}) for c in binary().extrapolation.columns]
    return with_part(binary(), "extrapolation", columns=rows)


def tied(count: int) -> Document:
    rows = [row.model_copy(update={"network_tied": i < count}) for i, row in enumerate(binary().shapley.columns)]
    return with_part(binary(), "shapley", columns=rows)


def hidden_pair(p: float, share: float = 0.05) -> Document:
    """The first pair of the sample is strong; its columns have this p, and no power alone."""
    base = binary()
    pairs = [row.model_copy(update={"share": part(0.1, share)}) for row in base.interactions.pairs[:1]]
    names = {pairs[0].first, pairs[0].second}
    tests = [t.model_copy(update={"p": p if t.column in names else 0.0}) for t in base.coefficients.tests]
    base = with_part(with_part(base, "interactions", pairs=pairs), "coefficients", tests=tests)
    base = quiet(base)
    columns = [
        c.model_copy(update={"held_out": part(0.51), "correlation": 0.0}) if c.column in names else c
        for c in base.table.columns
    ]
    return with_part(base, "table", columns=columns)


def suppressed(z: float, p: float) -> Document:
    base = column(correlation=0.01, p=p)
    terms = [t.model_copy(update={"z": z if t.column == FIRST else 1.0}) for t in base.coefficients.terms]
    return with_part(base, "coefficients", terms=terms)


def rare(saturation: float, rate: float | None) -> Document:
    """The median of p(1-p) of a class with this share of the rows."""
    rates = [None, None] if rate is None else [1 - rate, rate]
    return with_part(with_part(binary(), "gradients", saturation=saturation), "data", rates=rates)


LEVELS = "workclass"  # of the sample: a column of levels


def listed(of, **numbers):
    """Lists of reasons that are stable but for one comparison."""
    document = binary()
    calm = {"seed": {"changed": part(0.0, 0.0, 0.01)}, "reference": {"jaccard": part(0.9, 0.8, 0.95)}, of: numbers}
    rows = [row.model_copy(update=calm.get(row.of, {})) for row in document.reasons.alike]
    return with_part(document, "reasons", alike=rows)


def named(share):
    """Lists of reasons that name a protected column for this share of the rows."""
    return with_part(binary(), "reasons", protected_network=share)


OUTCOMES: dict[str, dict[str, list[Callable[[], Document]]]] = {
    "label-leak": {
        "raised": [lambda: column(held_out=part(0.995, 0.99)), lambda: column(held_out=Interval(), training=part(1.0))],
        "cleared": [lambda: column(held_out=part(0.995, 0.989)), lambda: quiet(regression())],
        "not_applicable": [without("table"), few_events],
    },
    "near-leak": {
        "raised": [
            lambda: column(held_out=part(0.95, 0.9)),
            lambda: column("column_0", regression(), held_out=part(0.8)),
        ],
        "cleared": [lambda: column(held_out=part(0.995, 0.99)), lambda: column(held_out=part(0.95, 0.899))],
        "not_applicable": [without("table")],
    },
    "row-identifier": {
        "raised": [lambda: column(identifier="ordered")],
        "cleared": [lambda: quiet(binary())],
        "not_applicable": [without("table")],
    },
    "shortcut": {
        "raised": [lambda: column(fall=part(0.1, 0.04), fall_q=0.009)],
        "cleared": [
            lambda: column(fall=part(0.1, 0.03), fall_q=0.009),
            lambda: column(fall=part(0.09, 0.08), fall_q=0.009),
            lambda: column(fall=part(0.1, 0.04), fall_q=0.01),
        ],
        "not_applicable": [without("table"), few_events],
    },
    "duplicate-columns": {
        "raised": [binary],
        "cleared": [lambda: quiet(binary())],
        "not_applicable": [without("table")],
    },
    "train-test-shift": {
        "raised": [lambda: column(psi=0.2, drift_q=0.009), lambda: whole(0.6, 0.524)],  # p = .0099
        "cleared": [
            lambda: column(psi=0.2, drift_q=0.02),
            lambda: whole(0.59, 0.55),
            lambda: whole(0.7, 0.49),
            lambda: whole(0.6, 0.523),  # p = .0109
        ],
        "not_applicable": [without("table")],
    },
    "groups-split": {
        "raised": [lambda: grouped(1), lambda: grouped(20)],
        "cleared": [lambda: grouped(0)],
        "not_applicable": [binary, lambda: grouped(None)],
    },
    "row-overlap": {
        "raised": [
            lambda: overlap(40),
            lambda: overlap(50, training=None),
            lambda: overlap(441, training=1600),
            lambda: overlap(10, 100),
        ],
        "cleared": [
            lambda: overlap(39),
            lambda: overlap(None),
            lambda: overlap(0),
            lambda: overlap(400, copied=False),
            lambda: overlap(42, training=None),
            lambda: overlap(438, training=1600),
        ],
        "not_applicable": [without("table"), lambda: overlap(None, None)],
    },
    "sentinel-value": {
        "raised": [lambda: column(spike=heap())],
        "cleared": [lambda: quiet(binary())],
        "not_applicable": [without("table")],
    },
    "target-capped": {
        "raised": [lambda: target(heap_high=heap(times=3.0, share=0.01)), lambda: target(heap_low=heap())],
        "cleared": [lambda: target(heap_high=heap(times=2.9)), lambda: target(heap_low=heap(share=0.009))],
        "not_applicable": [lambda: quiet(binary())],
    },
    "unseen-level": {
        "raised": [lambda: column(LEVELS, unseen_levels=1, unseen_rows=10)],
        "cleared": [lambda: column(LEVELS, unseen_levels=None, unseen_rows=None)],
        "not_applicable": [without("table")],
    },
    "rare-level": {
        "raised": [lambda: column(LEVELS, rare_levels=1)],
        "cleared": [lambda: quiet(binary())],
        "not_applicable": [without("table")],
    },
    "no-signal": {
        "raised": [
            lambda: metric("auc", 0.5, binary()),
            lambda: metric("accuracy", 0.9, multiclass(), 0.0),
            lambda: metric("macro_auc", 0.59, multiclass(), -0.1),
            lambda: metric("r2", 0.0, regression()),
            lambda: metric("auc", 0.59, binary(), -0.01),
            lambda: wide("auc", 0.45, 0.69, binary()),
            lambda: wide("r2", -0.1, 0.09, regression()),
            lambda: wide("skill", -0.1, 0.09, multiclass()),
            lambda: ranking_of_classes(0.45, 0.69),
        ],
        "cleared": [
            lambda: metric("auc", 0.59, binary(), 0.01),
            lambda: metric("auc", 0.6, binary(), -0.01),
            lambda: metric("accuracy", 0.0, multiclass(), 0.01),
            lambda: metric("macro_auc", 0.6, multiclass(), -0.1),
        ],
        "not_applicable": [
            lambda: with_part(binary(), "performance", held_out=False),
            few_events,
            lambda: ranked(0.3, 0.01),
            swapped,
            lambda: wide("auc", 0.45, 0.71, binary()),
            lambda: ranking_of_classes(0.45, 0.71),
            lambda: wide("r2", -0.1, 0.11, regression()),
            lambda: wide("skill", -0.1, 0.11, multiclass()),
        ],
    },
    "classes-swapped": {
        "raised": [lambda: ranked(0.474, 0.01), swapped],
        "cleared": [lambda: ranked(0.475, 0.01), lambda: ranked(0.9, 0.01), multiclass],
        "not_applicable": [regression, few_events, lambda: with_part(binary(), "performance", held_out=False)],
    },
    "miscalibrated": {
        "raised": [
            lambda: calibrated(part(0.7, 0.6, 0.749), part(0.0)),
            lambda: calibrated(part(1.5, 1.36, 1.6), part(0.0)),
            lambda: calibrated(part(1.0), part(0.4, 0.36, 0.5)),
            lambda: calibrated(part(0.5), part(0.0), multiclass()),
            lambda: calibrated(part(1.0), part(0.0), bend=CalibrationBend(predicted=0.5, observed=0.61, p=9e-4)),
            lambda: calibrated(
                part(1.0), part(0.0), multiclass(), bend=CalibrationBend(predicted=0.5, observed=0.7, p=1e-4)
            ),
        ],
        "cleared": [
            lambda: calibrated(part(0.7, 0.6, 0.76), part(0.4, 0.3, 0.5)),
            lambda: calibrated(part(0.7, 0.6, 0.749), part(0.0), p=0.01),
            lambda: calibrated(part(1.0), part(9.0), regression()),  # in the unit of the target
            lambda: calibrated(part(1.0), part(0.0), multiclass()),
            lambda: calibrated(part(0.5), part(0.0), multiclass(), p=0.003),  # four classes
            lambda: calibrated(part(1.0), part(0.0), bend=CalibrationBend(predicted=0.5, observed=0.61, p=1e-3)),
            lambda: calibrated(part(1.0), part(0.0), bend=CalibrationBend(predicted=0.5, observed=0.59, p=0.0)),
        ],
        "not_applicable": [without("calibration"), lambda: calibrated(Interval(), Interval()), few_events],
    },
    "saturated": {
        "raised": [lambda: rare(0.009 * 0.01 * 0.99, 0.01), lambda: rare(0.0024, 0.5)],
        "cleared": [lambda: rare(0.011 * 0.01 * 0.99, 0.01), lambda: rare(0.0026, 0.5)],
        "not_applicable": [multiclass, lambda: rare(0.01, None)],
    },
    "trees-win": {
        "raised": [lambda: beaten(0.05, 0.05)],
        "cleared": [
            lambda: beaten(0.05, 0.049),  # significantly better, but perhaps by less than the margin
            lambda: beaten(-0.1, -0.2),
        ],
        "not_applicable": [without("judged"), lambda: beaten(None, None)],
    },
    "overfit": {
        "raised": [lambda: overfitted(0.2, 0.1), lambda: overfitted(0.05, 0.0, part(0.3, 0.1))],
        "cleared": [
            lambda: overfitted(0.2, 0.099),
            lambda: overfitted(0.05, 0.0, part(0.3, 0.099)),
            lambda: overfitted(0.2, 0.1, own=0.0),  # the linear model finds held-out rows easier
            lambda: overfitted(0.05, 0.0, part(0.3, 0.1), slice_own=0.0),
            lambda: overfitted(0.1, 0.0, null=0.05),  # only a gap above the null loss is detected, which is possible
        ],
        "not_applicable": [
            lambda: binary().model_copy(update={"analyses": {}}),
            lambda: without_interval("excess"),
            lambda: without_interval("network"),
        ],
    },
    "no-recourse": {
        "raised": [
            lambda: turned(told(0.6, 0.05)),  # p 0.046
            lambda: turned(told(0.6, 0.04), (part(0.1), 0.9)),  # p 0.012, of two tests
            lambda: turned(told(0.1, 0.02), (part(0.3), 0.016), (part(0.1), 0.5)),  # of three tests
            lambda: turned(told(0.1, 0.02), (part(-0.3), 0.024), (part(0.1), None)),  # of two: a small group is none
            lambda: turned(told(0.6, 0.04), (part(0.3), 0.04)),  # Holm's second test is at 5%
            lambda: turned(Interval(low=0.97)),  # all but one to nine rows
        ],
        "cleared": [
            lambda: turned(told(0.6, 0.05), (part(0.1), 0.9)),  # no longer significant
            lambda: turned(told(0.4, 0.01)),
            lambda: turned(told(0.1, 0.02), (part(0.3), 0.017), (part(0.1), 0.5)),
            lambda: turned(told(0.1, 0.02), (part(0.3), 0.026)),
            lambda: turned(told(0.1, 0.02), (part(0.3), None)),
            lambda: turned(Interval(high=0.1)),
            lambda: turned(Interval(low=0.55), rows=20),  # of twenty rows, eleven or more
        ],
        "not_applicable": [
            lambda: binary().model_copy(update={"analyses": {}}),
            lambda: turned(Interval()),
            lambda: turned(Interval(value=0.0, low=0.0, high=0.56), rows=3),  # no share could be found
        ],
    },
    "fragile": {
        "raised": [
            lambda: perturbed(part(0.2, 0.1), part(1.2, 1.0)),
            lambda: perturbed(part(4.0), part(5.0), null=0.02),
        ],
        "cleared": [
            lambda: perturbed(part(0.2, 0.099), part(1.2, 1.0)),
            lambda: perturbed(part(0.2, 0.1), part(1.2, 0.999)),  # perhaps no worse than a constant prediction
            lambda: perturbed(part(-0.5), part(1.2, 1.0)),
            lambda: perturbed(part(0.001), part(0.01), null=0.02),  # a rise has no upper limit
        ],
        "not_applicable": [
            lambda: binary().model_copy(update={"analyses": {}}),
            lambda: perturbed(Interval(value=0.2), part(1.2)),
            lambda: perturbed(part(0.2), Interval(value=1.2)),
            lambda: perturbed(part(0.0), part(0.0), null=0.0),  # one value of the target
            lambda: perturbed(part(0.2), None),
        ],
    },
    "undercovered": {
        "raised": [lambda: covered(part(0.8, 0.76, 0.85)), lambda: covered(part(0.8, 0.76, 0.85), kind="set")],
        "cleared": [
            lambda: covered(part(0.8, 0.76, 0.851)),
            lambda: covered(part(0.95)),
            lambda: covered(None),
            lambda: covered(None, kind="set"),
        ],
        "not_applicable": [
            lambda: binary().model_copy(update={"analyses": {}}),
            lambda: covered(None, tested=0),
        ],
    },
    "unstable-ranking": {
        "raised": [lambda: tied(5)],
        "cleared": [lambda: tied(4)],
        "not_applicable": [without("shapley")],
    },
    "interaction-only": {
        "raised": [lambda: hidden_pair(0.5)],
        "cleared": [lambda: hidden_pair(0.01), lambda: hidden_pair(0.5, 0.009)],  # a pair, and no pair
        "not_applicable": [without("interactions")],
    },
    "suppressor": {
        "raised": [lambda: suppressed(-4.0, 0.011)],
        "cleared": [lambda: suppressed(-3.9, 0.011), lambda: suppressed(-4.0, 0.009)],
        "not_applicable": [without("table")],
    },
    "extrapolates": {
        "raised": [lambda: far(2.0)],
        "cleared": [lambda: far(1.9)],
        "not_applicable": [without("extrapolation")],
    },
    "reason-codes-unstable": {
        "raised": [
            lambda: listed("seed", changed=part(0.2, 0.15)),
            lambda: listed("seed", changed=Interval(low=0.87)),  # of seventy lists all but a few
            lambda: listed("reference", jaccard=part(0.4, 0.3, 0.5)),
        ],
        "cleared": [
            lambda: listed("seed", changed=part(0.2, 0.149)),
            lambda: listed("seed", changed=Interval(high=0.13)),  # a few of seventy
            lambda: listed("reference", jaccard=part(0.4, 0.3, 0.51)),
        ],
        "not_applicable": [without("reasons"), multiclass],
    },
    "protected-reasons": {
        "raised": [lambda: named(part(0.1, 0.05)), lambda: named(Interval(low=0.87))],  # of seventy rows all but a few
        "cleared": [lambda: named(part(0.1, 0.049)), lambda: named(Interval(high=0.13))],
        "not_applicable": [without("reasons"), multiclass, lambda: named(Interval())],
    },
    "off-support-behaviour": {
        "raised": [
            lambda: with_part(binary(), "off_support", gap=part(0.3, 0.15), real=part(1.0)),
            lambda: with_part(binary(), "off_support", gap=part(0.3, 0.06), real=part(0.4)),
        ],
        "cleared": [
            lambda: with_part(binary(), "off_support", gap=part(0.3, 0.149), real=part(1.0)),
            lambda: with_part(binary(), "off_support", gap=part(0.0, -0.01), real=part(-0.2)),
        ],
        "not_applicable": [without("off_support")],
    },
}
CASES = [
    (slug, status, make) for slug, outcomes in OUTCOMES.items() for status, made in outcomes.items() for make in made
]


@pytest.mark.parametrize(
    ("without", "groups", "key"),
    [
        (0.6, (), "raised"),
        (0.1, (0.001,), "raised_groups"),
        (0.6, (0.001,), "raised_both"),
        (0.6, (0.04,), "raised_both"),  # Holm's second test is at 5%
        (0.6, (0.04, 0.04), "raised"),
        (None, (), "raised_nearly"),
        (None, (0.001, 0.9), "raised_nearly_both"),
    ],
)
def test_recourse_of_all_rows_and_of_each_group_are_one_family(without, groups, key):
    share = Interval(low=0.97) if without is None else told(without, 0.04)
    document = turned(share, *((part(0.3), p) for p in groups))
    (found,) = (one for one in judge(document) if one.slug == "no-recourse")
    assert found.claim.key == f"finding.no-recourse.{key}"
    assert found.claim.values["tests"] == 1 + len(groups)
    assert found.claim.values.get("count", 0) == (1 if "groups" in key or "both" in key else 0)


@pytest.mark.parametrize(("slug", "status", "make"), CASES, ids=[f"{slug}-{status}" for slug, status, _ in CASES])
def test_a_check_is_raised_at_its_limit_and_not_before(slug, status, make):
    document = make()
    (found,) = [f for f in judge(document) if f.slug == slug]
    assert found.status == status
    assert messages.text(found.claim.key, found.claim.values)


def counts() -> Document:
    return with_part(regression(), "data", task="count")


def surrogates(*r2: float) -> Document:
    first = binary().coefficients.surrogates[0]
    return with_part(binary(), "coefficients", surrogates=[first.model_copy(update={"r2": one}) for one in r2])


def attributions(spearman: float, ordered: int, opposed: int, overlap: float = 0.0) -> Document:
    """Two attributions of one score, of the many columns of the sample."""
    names = {"first": "network.shapley", "second": "network.expected_gradients"}
    numbers = {"spearman": spearman, "ordered": ordered, "opposed": opposed, "overlap": overlap}
    return binary().model_copy(update={"agreement": [binary().agreement[0].model_copy(update=names | numbers)]})


CLAIMS: dict[str, Callable[[], Document]] = {  # sentences that no outcome above says
    "label-leak.raised_r2": lambda: column("column_0", regression(), held_out=part(0.96)),
    "no-signal.cleared_macro_auc": lambda: metric("macro_auc", 0.6, multiclass(), -0.1),
    "no-signal.unclear_macro_auc": lambda: ranking_of_classes(0.45, 0.71),
    "no-signal.raised_count": lambda: wide("skill", -0.1, 0.09, counts()),
    "no-signal.unclear_count": lambda: wide("skill", -0.1, 0.11, counts()),
    "no-signal.cleared_count": lambda: wide("skill", 0.1, 0.2, counts()),
    "no-signal.few": lambda: with_part(multiclass(), "performance", skill=Interval()),
    "secretly-linear.raised_exact": lambda: with_part(binary(), "network", linear=True),
    "secretly-linear.raised_classes": lambda: surrogates(0.9995, 0.9999),
    "secretly-linear.cleared_classes": lambda: surrogates(0.9, 0.9999),
    "methods-disagree.raised": lambda: attributions(0.1, 10, 8),
    "methods-disagree.cleared_error": lambda: attributions(0.1, 10, 1),
    "methods-disagree.cleared_first": lambda: attributions(0.1, 10, 8, overlap=0.8),
    "methods-disagree.few": lambda: attributions(0.1, 4, 4),
    "worse-than-linear.few": lambda: with_part(binary(), "verdict", difference=Interval(value=0.1)),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_shows_the_numbers_of_its_outcome(claim):
    document = CLAIMS[claim]()
    (found,) = [f for f in judge(document) if claim.startswith(f"{f.slug}.")]
    assert found.claim.key == f"finding.{claim}"
    assert messages.text(found.claim.key, found.claim.values)


def test_a_column_that_the_network_does_not_read_cannot_mislead_it():
    document = column(held_out=part(1.0), identifier="ordered", spike=heap(), fall=part(0.4), fall_q=0.0)
    unread = [c.model_copy(update={"read_by_network": c.name != FIRST}) for c in document.data.columns]
    raised = {f.slug for f in judge(with_part(document, "data", columns=unread)) if f.status == "raised"}
    assert raised.isdisjoint({"label-leak", "row-identifier", "sentinel-value", "shortcut"})
    assert {"label-leak", "row-identifier", "shortcut"} <= {f.slug for f in judge(document) if f.status == "raised"}


def test_every_check_is_explained_once():
    found = explain_checks()
    assert [one["slug"] for one in found] == [check.slug for check in CHECKS]
    assert all(
        len(one[aspect]) > 3 and "{" not in one[aspect] for one in found for aspect in ("title", "threshold", "next")
    )


def test_the_command_lists_every_check_with_its_limits():
    text = CliRunner().invoke(app, ["checks"])
    assert text.exit_code == 0
    assert all(f"{check.code}  {check.slug}" in text.output for check in CHECKS)
    assert "0.999" in text.output
    listed = json.loads(CliRunner().invoke(app, ["checks", "--json"]).output)
    assert [one["code"] for one in listed] == [check.code for check in CHECKS]


def test_the_command_shows_the_manual_page_of_one_check():
    """It is the check's own module: its sentences, with its own limits in them."""
    page = " ".join(CliRunner().invoke(app, ["checks", "label-leak"]).output.split())
    sentences = label_leak.CHECK.text
    for sentence in (sentences.title, sentences.measures, sentences.limitations, sentences.next):
        assert sentence in page
    limits = {"auc": messages.number(label_leak.LEAK_AUC), "r2": messages.number(label_leak.LEAK_R2)}
    assert sentences.raised_when.format(**limits) in page
    assert page.count("TI-") == 1
    two = json.loads(CliRunner().invoke(app, ["checks", "near-leak", "label-leak", "--json"]).output)
    assert [one["slug"] for one in two] == ["label-leak", "near-leak"]
    with pytest.raises(TabinterpError, match=r"unknown check 'lable-leak'\. Did you mean 'label-leak'\?"):
        explain_checks(["lable-leak"])
    for name in (sentences.title, sentences.title.upper(), label_leak.CHECK.code, "Label-Leak"):
        assert [one["slug"] for one in explain_checks([name])] == ["label-leak"]
    with speaking("ja"):
        assert [one["slug"] for one in explain_checks([messages.text("check.label-leak.title")])] == ["label-leak"]
    with pytest.raises(TabinterpError, match=f"Did you mean '{sentences.title.casefold()}'"):
        explain_checks([sentences.title[:-1]])
    assert isinstance(CliRunner().invoke(app, ["checks", "lable-leak"]).exception, TabinterpError)


def test_a_pair_of_hidden_columns_needs_two_of_them():
    for p, key in ((0.5, "cleared"), (0.009, "cleared_none")):
        found = next(one for one in judge(hidden_pair(p, 0.01)) if one.slug == "interaction-only")
        assert found.claim.key == f"finding.interaction-only.{key}"


@pytest.mark.parametrize(("kind", "key"), [("interval", ""), ("set", "_sets")])
def test_coverage_is_that_of_intervals_or_of_sets(kind, key):
    (check,) = (one for one in CHECKS if one.slug == "undercovered")
    for name, coverage in (("raised", part(0.8, 0.76, 0.85)), ("cleared", part(0.9))):
        outcome = check.evaluate(covered(coverage, kind=kind), check.default_limits)
        assert outcome.key == name + key
        assert ("conformal sets" in check.text.claims[outcome.key][0]) == (kind == "set")


def test_robustness_counts_as_not_assessed_only_where_no_values_were_perturbed():
    bare = binary().model_copy(update={"analyses": {}})
    for document, told in ((bare, True), (perturbed(part(0.0), part(0.5)), False)):
        assert ("not_assessed.robustness" in [note.key for note in unassessed(document)]) is told
