"""No count from 1 to 9 stands in a document, and none follows by subtraction from those that do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.document.document import Document
from tests.resamples import few_resamples
from tests.shared import once_per_run

# Analyses whose records have counts that `margins` reads.
COUNTED = [
    "data_quality", "extrapolation", "effects", "groups", "constraints", "subgroup_gaps", "slices", "disagreement",
    "linear_regions", "reason_codes", "overfitting", "conformal", "resilience", "recourse",
]  # fmt: skip
Margin = tuple[str, float, list[float | None]]  # where, a total, the parts of it that are shown
N = 400


def people() -> pd.DataFrame:
    """Held out: a level of 3 rows, a group of 5, one missing cell, 4 rows out of the domain, 4 copies of other rows."""
    draw = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "age": draw.normal(40, 10, N).round(1),
            "job": draw.choice(["cook", "clerk", "guard"], N, p=[0.5, 0.3, 0.2]),
            "origin": draw.choice(["north", "south", "west"], N, p=[0.5, 0.3, 0.2]),
            "debt": draw.integers(0, 60, N).astype(float),
            "part": np.repeat(["train", "test"], N // 2),
        }
    )
    frame.loc[[210, 250, 290], "job"] = "Zunftmeister"
    frame.loc[[211, 221, 231, 241, 251], "origin"] = "atoll"
    frame.loc[260, "age"] = np.nan
    frame.loc[[270, 271, 272, 273], "debt"] = 60.0
    frame.loc[[300, 301, 302, 303], ["age", "job", "origin", "debt"]] = frame.loc[
        [0, 1, 2, 3], ["age", "job", "origin", "debt"]
    ].values
    drive = frame["age"].fillna(40) / 10 + (frame["job"] == "clerk") * 2 - frame["debt"] / 20 + draw.logistic(size=N)
    return frame.assign(y=np.where(drive > drive.median(), "yes", "no"))


def audited(frame: pd.DataFrame, analyses: list[str] | None = None, **settings: object) -> Document:
    adverse = "no" if frame["y"].nunique() == 2 else None
    table = ti.read_table(frame, target="y", split="part", protected=["origin"], adverse=adverse, **settings)
    numbers = [name for name in ("age", "debt") if name in table.schema.inputs]
    levels = [name for name in ("job", "origin") if name in table.schema.inputs]
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder = make_column_transformer((make_pipeline(SimpleImputer(), StandardScaler()), numbers), (one_hot, levels))
    encoder.fit(table.inputs)
    torch.manual_seed(0)
    width, outputs = encoder.transform(table.inputs[:2]).shape[1], len(table.schema.classes)
    module = nn.Sequential(nn.Linear(width, 4), nn.ReLU(), nn.Linear(4, 1 if outputs == 2 else outputs))
    with torch.no_grad():
        module[0].weight *= 3
    limits: dict[str, object] = {
        "debt": {"low": 0.0, "high": 59.0, "changeable": "-"},
        "age": "+",
        "job": {"changeable": True},
    }
    limits = {name: one for name, one in limits.items() if name in table.schema.inputs and outputs == 2}
    model = ti.wrap(module, encoder=encoder, classes=table.schema.classes)
    with few_resamples():
        audit = ti.audit(model, table, constraints=limits, analyses=analyses)
    assert len(audit.to_html()) > 10_000
    assert len(audit.to_markdown(lang="ja")) > 10_000
    audit.check()
    return ti.Audit.from_json(audit.to_json()).document


@once_per_run
def audit_of_people() -> Document:
    return audited(people(), COUNTED, positive="yes")


@pytest.fixture(scope="module")
def document() -> Document:
    return audit_of_people()


# ---- the attack: every total less the parts of it that are shown


def margins(d: Document) -> Iterator[Margin]:
    yield from of_table(d)
    yield from of_effects(d)
    yield from of_people(d)
    yield from of_models(d)
    yield from of_sets(d)
    yield from of_hard_rows(d)
    yield from of_recourse(d)


def of_recourse(d: Document) -> Iterator[Margin]:
    """Rows without recourse under either model, by column and by group; and those that only the network declines."""
    record = d.analyses["recourse"]
    both = record.both_rows
    for name, model, rows in (("network", record.network, record.rows), ("linear", record.linear, both)):
        if rows is None:
            continue
        without, implausible = (share_of(one.value, rows) for one in (model.without, model.only_implausible))
        yield f"without {name}", rows, [without]
        yield f"implausible {name}", rows, [implausible]
        if without is not None:
            yield f"no valid change {name}", without, [implausible]
            found = rows - without
            columns = [share_of(getattr(row, name).value, found) for row in record.columns]
            yield from ((f"changed {name} {i}", found, [one]) for i, one in enumerate(columns))
            yield f"one column {name}", found, [share_of(model.one_column.value, found)]
    if both is not None:
        yield "both", record.rows, [both]
        some, every = share_of(record.network_on_both.value, both), share_of(record.network.without.value, record.rows)
        yield "without, of both", both, [some]
        if some is not None and every is not None:
            yield "without, of one", record.rows - both, [every - some]
    declined = {
        str(row.group): row.rows - share_of(row.network.rate.value, row.rows)
        for row in d.groups.table.columns
        if row.rows is not None and row.network is not None and row.network.rate.value is not None
    }
    by_column: dict[str, list[tuple[float, float]]] = {}
    for row in record.groups:
        rows = declined[str(row.group)]  # those of a group whose share is not told there are not told here
        by_column.setdefault(str(row.group[0].values["column"]), []).append((rows, share_of(row.share.value, rows)))
    for name, parts in by_column.items():
        yield f"declined {name}", record.rows, [rows for rows, _ in parts]
        yield f"without {name}", share_of(record.network.without.value, record.rows) or 0.0, [part for _, part in parts]
        yield from ((f"without {name} {i}", rows, [part]) for i, (rows, part) in enumerate(parts))


def of_table(d: Document) -> Iterator[Margin]:
    yield from (
        (f"rate {i}", d.data.rows, [None if r is None else r * d.data.rows]) for i, r in enumerate(d.data.rates)
    )
    yield "rates", d.data.rows, [None if r is None else r * d.data.rows for r in d.data.rates]
    if d.data.events is not None:
        yield "events", d.data.held_out_rows or d.data.rows, [d.data.events]
        yield "events elsewhere", min(r * d.data.rows for r in d.data.rates if r is not None), [d.data.events]
    for column in d.data.columns:
        yield f"missing {column.name}", d.data.rows, [column.missing]
    copies = d.table.copies
    for name, outer, inner, rows in (
        ("repeated", copies.repeated_inputs, copies.repeated_whole, d.data.rows),
        ("across", copies.across_inputs, copies.across_whole, copies.held_out_rows),
    ):
        yield f"{name} inputs", rows, [outer]
        yield f"{name} whole", rows, [inner]
        if outer is not None:
            yield f"{name} both", outer, [inner]
    yield "copies in training", d.table.rows - copies.held_out_rows, [copies.training_whole]
    for column in d.table.columns:
        yield f"unseen {column.column}", d.data.held_out_rows, [column.unseen_rows]
        for heap in (column.spike, column.heap_low, column.heap_high):
            if heap is not None:
                yield f"heap {column.column}", d.data.rows, [heap.rows]
                yield f"known {column.column}", d.data.rows, [heap.rows / heap.share]
    for row in [] if d.extrapolation is None else d.extrapolation.columns:
        yield f"outside {row.column}", d.data.held_out_rows, [share_of(row.outside, d.data.held_out_rows)]


def of_effects(d: Document) -> Iterator[Margin]:
    rows = d.effects.rows
    for curve in d.effects.curves:
        parts = [point.rows for point in curve.points] + [share_of(curve.off_grid, rows)]
        yield f"effect {curve.column}", rows, parts
        yield from ((f"effect {curve.column} {i}", rows, [part]) for i, part in enumerate(parts))


def of_people(d: Document) -> Iterator[Margin]:
    table = d.groups.table
    columns: dict[str, list[float | None]] = {}
    for row in table.columns:
        columns.setdefault(str(row.group[0].values["column"]), []).append(row.rows)
        for model in (row.network, row.linear):
            if model is not None and row.rows is not None:
                yield f"rate of {row.group}", row.rows, [share_of(model.rate.value, row.rows)]
    yield from ((f"groups {name}", table.rows, parts) for name, parts in columns.items())
    for row in d.groups.constraints.columns:
        yield f"constraint {row.column}", d.data.held_out_rows, [row.rows]
        if row.rows is not None:
            yield f"domain {row.column}", row.rows, [row.outside]
    for row in [] if d.groups.weak is None else d.groups.weak.found:
        yield f"weak {row.group}", d.groups.weak.rows, [row.rows]
    found: dict[str, list[float | None]] = {}
    for row in [] if d.slices is None else d.slices.found:
        found.setdefault(str(row.group.values["column"]), []).append(row.rows)
    yield from ((f"slices {name}", d.slices.rows, parts) for name, parts in found.items())
    yield from of_both_sides(d)


def of_both_sides(d: Document) -> Iterator[Margin]:
    """Slices of training and of held-out rows, and those of held-out rows together with the slices of another table."""
    held_out: dict[str, dict[str, float | None]] = {}
    training: dict[str, list[float | None]] = {}
    gaps = d.analyses["overfitting"]
    for row in gaps.slices:
        column = str(row.group.values["column"])
        held_out.setdefault(column, {})[str(row.group)] = row.rows
        training.setdefault(column, []).append(row.training_rows)
    yield from ((f"gaps {name}", gaps.rows, [*parts.values()]) for name, parts in held_out.items())
    yield from ((f"gaps in training {name}", gaps.training_rows, parts) for name, parts in training.items())
    for row in [] if d.slices is None else d.slices.found:
        held_out.setdefault(str(row.group.values["column"]), {})[str(row.group)] = row.rows
    yield from ((f"gaps and slices {name}", gaps.rows, [*parts.values()]) for name, parts in held_out.items())


def of_models(d: Document) -> Iterator[Margin]:
    differ = d.disagreement
    yield "differ", differ.rows, [differ.count]
    if differ.leaves:
        yield "leaves", differ.scored_rows, [leaf.rows for leaf in differ.leaves]
        yield from (
            (f"leaf {i}", leaf.rows, [share_of(leaf.share.value, leaf.rows)]) for i, leaf in enumerate(differ.leaves)
        )
    regions = d.mechanism.regions
    yield "regions", regions.rows, [share_of(regions.share_told, regions.rows)]
    if regions.told == len(regions.tables):
        yield "tables of regions", regions.rows, [one.rows for one in regions.tables]
    reasons = d.reasons
    for model in ("network", "linear"):
        firsts = [share_of(getattr(row, f"{model}_first").value, reasons.rows) for row in reasons.columns]
        yield f"first {model}", reasons.rows, firsts
        named = [share_of(getattr(row, model).value, reasons.rows) for row in reasons.columns]
        yield f"named {model}", 4 * reasons.rows, named  # four reasons a row, where as many count against it
        yield from ((f"first {model} {i}", reasons.rows, [part]) for i, part in enumerate(firsts))
        yield from ((f"named {model} {i}", reasons.rows, [part]) for i, part in enumerate(named))


def of_sets(d: Document) -> Iterator[Margin]:
    """Rows of slices, outcomes that a slice's sets do not cover, and, where a column's slices are all rows, those of the rest."""
    sets = d.analyses["conformal"]
    columns: dict[str, list[tuple[int, float]]] = {}
    for one in sets.slices:
        missed = one.rows * (1 - one.coverage.value)
        yield f"covered {one.group}", one.rows, [missed]
        columns.setdefault(str(one.group.values["column"]), []).append((one.rows, missed))
    whole = [sum(missed for _, missed in parts) for parts in columns.values() if sum(n for n, _ in parts) == sets.rows]
    for name, parts in columns.items():
        yield f"conformal {name}", sets.rows, [rows for rows, _ in parts]
        yield from ((f"missed {name}", total, [missed for _, missed in parts]) for total in whole)


def of_hard_rows(d: Document) -> Iterator[Margin]:
    """Shares of the rows that hold each other, and the levels of a cluster."""
    record = d.analyses["resilience"]
    for kind in ("hardest", "outer"):
        wider = record.rows
        for one in reversed([one for one in record.subsets if one.kind == kind]):
            yield f"{kind} {one.share}", wider, [one.rows]
            wider = one.rows
    for one in record.subsets:
        if one.kind not in ("all", "drift"):  # as many as say the same, not a count
            yield f"rows {one.kind}", record.rows, [one.rows]
    if record.cluster is not None:
        inside, outside = record.cluster.rows, record.rows - record.cluster.rows
        yield "cluster", record.rows, [inside]
        for trait in record.cluster.traits:
            if trait.is_share:
                yield f"cluster {trait.of}", inside, [trait.inside * inside]
                yield f"other rows {trait.of}", outside, [trait.outside * outside]


def share_of(share: float | None, rows: int | None) -> float | None:
    return None if share is None or rows is None else share * rows


def told(found: Iterator[Margin]) -> list[tuple[str, int]]:
    """Counts from 1 to 9 that the document tells: a part of a total, or what is left of it."""
    counts = []
    for where, total, parts in found:
        shown = [part for part in parts if part is not None]
        left = [total - sum(shown)] if shown else []
        counts += [(where, round(count)) for count in [*shown, *left] if 0 < round(count) < 10]
    return counts


def test_no_small_count_follows_from_those_that_are_shown(document):
    found = [*margins(document)]
    assert told(iter(found)) == []
    assert sum(part is not None for _, _, parts in found for part in parts) > 30  # there is something to subtract


@once_per_run
def audit_of_a_rare_level() -> Document:
    """Four rows of a column of two values hold the other one, two of them held out."""
    frame = people().drop(columns=["job"])
    frame["job"] = np.where(np.isin(np.arange(N), [20, 40, 220, 240]), "guard", "clerk")
    return audited(frame, COUNTED, positive="yes")


@pytest.fixture(scope="module")
def rare() -> Document:
    return audit_of_a_rare_level()


def test_an_effect_and_its_error_do_not_tell_of_a_hidden_point(rare):
    """With p of the rows at the hidden one of two points, (effect / stderr)^2 / (n - 1) of the other was p / (1 - p)."""
    (curve,) = [curve for curve in rare.effects.curves if curve.column == "job"]
    points = [point for point in curve.points if point.is_printed]
    assert [point.value for point in points] == ["clerk"]
    for side in (points[0].network, points[0].linear):
        assert side.effect.value == pytest.approx(0, abs=1e-12)
        assert side.effect.stderr == pytest.approx(0, abs=1e-12)


def test_effects_do_not_tell_how_many_rows_lie_at_the_points_beside_a_hidden_one(document):
    """A curve that is centred on all its rows has sum(rows * effect) = 0, which gives the one number of rows that is not shown.

    It is centred on the points whose numbers are shown, so that this number could be any.
    """
    (curve,) = [curve for curve in document.effects.curves if curve.column == "job"]
    points = [point for point in curve.points if point.is_printed]
    assert len(points) == 3
    counted = [point for point in points if point.rows is not None]
    assert len(counted) == 2
    for side in ("network", "linear"):
        assert sum(point.rows * getattr(point, side).effect.value for point in counted) == pytest.approx(0, abs=1e-9)
    assert (
        max(point.linear.effect.stderr for point in points) < 1e-7
    )  # the root of the rounding of a variance that is 0


def test_the_power_of_a_column_does_not_tell_the_outcomes_of_few_rows(rare):
    """The AUC of a column that two held-out rows set apart follows from their outcomes alone."""
    columns = {column.column: column for column in rare.table.columns}
    assert columns["job"].held_out.value is columns["job"].training.value is columns["job"].fall.value is None
    assert columns["age"].held_out.value is not None


def test_what_is_hidden_beside_a_small_level_keeps_its_numbers(document):
    """A point without a number of rows has an effect all the same, and the small level has nothing, not even its name."""
    points = {curve.column: curve.points for curve in document.effects.curves}["job"]
    uncounted = [point for point in points if point.rows is None]
    assert sorted(point.value is None for point in uncounted) == [False, True]
    assert {point.value for point in points if point.network.effect.value is not None} == {"cook", "clerk", "guard"}


def test_performance_of_fewer_than_ten_held_out_rows_is_withheld(undrawn_but_named):
    frame = people().iloc[140:206]  # six of them held out
    document = audited(frame, positive="yes")
    assert document.data.held_out_rows == 6
    withheld(document)
    assert document.importance.columns == []
    assert document.effects is document.disagreement is document.shapley is None
    assert len(document.verdict.sentence.values["reason"].values) == 2
    assert ti.messages.text(document.verdict.sentence.key, document.verdict.sentence.values) == (
        "Not assessed: performance on 6 rows could disclose individual outcomes; hold out at least 10 rows."
    )


def test_performance_on_a_class_of_four_held_out_rows_is_withheld(undrawn_but_named):
    """AUC, net benefit, calibration and the margin would tell how many rows there are of the class, and where they rank."""
    frame = people()
    frame["y"] = "no"
    frame.loc[[10, 20, 30, 40, 50, 215, 225, 235, 245], "y"] = "yes"  # nine of all rows, four of them held out
    document = audited(frame, positive="yes")
    withheld(document)
    assert document.data.rates == [None, None]
    assert document.effects is not None
    assert told(of_effects(document)) == []


def withheld(document: Document) -> None:
    for row in document.performance.metrics:
        assert {row.network.value, row.linear.value, row.difference.value, row.network.low, row.difference.low} == {
            None
        }
    assert document.verdict.status == "not_assessed"
    assert (document.verdict.margin, document.method.settings["margin"]) == (None, None)
    judged = document.judged
    assert judged is None or (judged.recalibration, judged.decisions, judged.reference) == (None, None, None)
    assert document.calibration is document.slices is None
    assert document.gain is None or document.gain.ladder is None
    assert document.groups.weak is None
    reasons = [note.values["reason"] for note in document.not_assessed if note.key == "not_assessed.reading"]
    assert any(getattr(reason, "key", "").startswith(("why.performance.", "why.events")) for reason in reasons)


@pytest.mark.parametrize("few", [1, 9])
def test_the_number_of_values_does_not_tell_how_many_rows_lack_one(few):
    """Where all rows that have a value have another one, the others are those that are missing."""
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"size": draw.normal(size=N), "debt": draw.normal(size=N), "code": [f"c{i}" for i in range(N)]}
    )
    frame["y"] = np.where(frame["size"] + draw.logistic(size=N) > 0, "yes", "no")
    frame.loc[:few, "debt"] = frame["debt"][0]  # so many rows share the value of another
    frame.loc[: few - 1, "size"], frame.loc[: few - 1, "code"] = np.nan, None
    table = ti.read_table(frame, target="y", positive="yes", kinds={"code": "categorical"})
    numbers = ["size", "debt"]
    encoder = make_column_transformer((make_pipeline(SimpleImputer(), StandardScaler()), numbers)).fit(table.inputs)
    torch.manual_seed(0)
    model = ti.wrap(nn.Sequential(nn.Linear(2, 1)), encoder=encoder, classes=table.schema.classes)
    found = ti.audit(model, table, analyses=["data_quality"]).document
    assert found.table is not None
    told = {column.column: column.distinct for column in found.table.columns}
    assert told == {"size": N - 10, "debt": N - 10, "code": N - 10, "y": 2}
    assert next(column.levels for column in found.data.columns if column.name == "code") == N - 10
