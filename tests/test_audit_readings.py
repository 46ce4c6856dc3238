"""Shapley values, effect curves and interactions in an audit: the numbers of the readings, and no rows of data."""

from __future__ import annotations

import functools
import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp.analyses.effects.estimator import POINTS
from tabinterp.document.message import Message
from tabinterp.models import bind
from tabinterp.table.hash_sampling import chosen
from tests.shared import every_nth, once_per_run, published_schema
from tests.test_languages import words

TASKS = ("binary", "multiclass", "regression", "count")
RARE = "one-of-three-people"


def rows(n: int = 700) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({"a": draw.normal(size=n), "b": draw.normal(size=n), "job": draw.choice(["u", "v", "w"], n)})
    frame.loc[:2, "job"] = RARE
    score = frame["a"] * frame["b"] + frame["a"] + (frame["job"] == "u")
    frame["binary"] = np.where(score + draw.logistic(size=n) > 0, "yes", "no")
    frame["multiclass"] = np.select([score > 1, score < -1], ["high", "low"], "middle")
    frame["regression"] = score + draw.normal(size=n)
    frame["count"] = draw.poisson(np.exp(0.3 * score.clip(-3, 3)))
    return frame


def encoder():
    return make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(handle_unknown="ignore"), ["job"]))


def table(task: str) -> ti.Table:
    others = [t for t in TASKS if t != task]
    # every row is audited, so that the rare level has three of them whatever the split
    return ti.read_table(rows(), target=task, task=task, drop=others, name="people")


def network(task: str, read: ti.Table) -> ti.Model:
    if task == "count":
        torch.manual_seed(0)
        module = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        return ti.wrap(module, encoder=encoder().fit(read.inputs), task="count")
    kind = MLPRegressor if task == "regression" else MLPClassifier
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ti.wrap(
            make_pipeline(encoder(), kind(hidden_layer_sizes=(8,), max_iter=30, random_state=0)).fit(
                read.inputs, read.frame[task]
            )
        )


READINGS = [
    "shapley_values", "effects", "interactions", "conditional_importance", "baselines", "gradients", "permutation_importance",
]  # fmt: skip


@functools.cache
def models(task: str):
    read = table(task)
    model = network(task, read)
    return read, model, ti.fit_counterpart(model, read)


@once_per_run
def audit_of(task: str) -> ti.Audit:
    read, model, linear = models(task)
    return ti.audit(model, read, counterpart=linear, analyses=None if task == "count" else READINGS)


@functools.cache
def audited(task: str):
    read, model, linear = models(task)
    return read, bind(model, read), bind(linear, read), audit_of(task)


def same(interval, estimates, *place):
    for part in ("value", "stderr", "low", "high"):
        expected = getattr(estimates, part)[place]
        found = getattr(interval, part)
        assert (found is None and not np.isfinite(expected)) or found == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("task", [*TASKS[:2], *(pytest.param(task, marks=pytest.mark.nightly) for task in TASKS[2:])])
class TestNumbersAreThoseOfTheReadings:
    def test_the_document_is_valid_and_its_report_names_the_sections(self, task, undrawn):
        audit = audited(task)[3]
        published_schema().validate(json.loads(audit.to_json()))
        assert ti.Audit.from_json(audit.to_json()) == audit
        page = audit.to_html()
        assert all(f'<section id="{name}"' in page for name in ("together", "shapley", "effects", "interactions"))

    def test_shapley_values(self, task):
        read, bound, linear, audit = audited(task)
        part = audit.document.shapley
        at = np.sort(chosen(read.numbers, 500, 0))
        assert (part.rows, part.background_rows) == (500, 100)
        by_hand = [_values(b, at) for b in (bound, linear)]
        assert part.network.residual < 1e-6
        assert part.network.converged == by_hand[0].converged.mean()
        assert part.linear.method == "closed form"
        assert len(part.columns) == 3 * len(bound.outputs)
        for row in part.columns:
            j, k = bound.columns.index(row.column), bound.outputs.index(row.output)
            for values, mean, size, tied in (
                (by_hand[0], row.network, row.network_size, row.network_tied),
                (by_hand[1], row.linear, row.linear_size, row.linear_tied),
            ):
                same(mean, values.mean(), j, k)
                same(size, values.mean_absolute(), j, k)
                assert tied == values.tied()[j, k]

    def test_columns_that_move_together(self, task):
        read, bound, linear, audit = audited(task)
        part = audit.document.together
        assert (part.rows, part.repeats, part.fewest, part.refit_rows) == (len(read), 5, 20, None)
        assert [row.column for row in part.columns] == [row.column for row in audit.document.importance.columns]
        for model, name in ((bound, "network"), (linear, "linear")):
            found = ti.permutation_importance(model, read, n_repeats=5, conditional=True)
            for row in part.columns:
                i = found.players.index(row.column)
                assert getattr(row, name).value == pytest.approx(found.importance[i], rel=1e-9, abs=1e-15)
                assert getattr(row, name).low == pytest.approx(found.ci_low[i], rel=1e-9, abs=1e-15)
                assert row.dropped.value is None  # no row is known to be held out
        assert part.families == []
        assert not any(note.key == "not_assessed.conditional" for note in audit.document.not_assessed)

    def test_baselines_of_integrated_gradients(self, task):
        read, bound, _, audit = audited(task)
        part = audit.document.gradients.baselines
        assert (part.rows, part.background_rows) == (500, 10)
        assert all(gap.network < 1e-3 and gap.linear < 1e-3 for gap in part.gaps)
        few = bound.take(np.sort(chosen(read.numbers, 500, 0)))
        found = ti.baselines(few, few.table)
        assert [pair.network for pair in part.pairs] == [pair.spearman for pair in found.agreement]
        assert part.starts[0].unlike == ["job"]
        for row in part.columns:
            sizes = {name: found[name].size().value[bound.columns.index(row.column)].sum() for name in row.network}
            assert row.network == pytest.approx(sizes, rel=1e-9)

    def test_effect_curves(self, task):
        read, bound, linear, audit = audited(task)
        part = audit.document.effects
        assert part.rows == len(read)
        by_hand = [ti.effects(b, b.table, grid=POINTS, seed=0) for b in (bound, linear)]
        assert {curve.column for curve in part.curves} == set(bound.columns)
        for curve in part.curves:
            k = bound.outputs.index(curve.output)
            for found, model in zip(by_hand, ("network", "linear"), strict=True):
                expected = found[curve.column]
                for i, point in enumerate(curve.points):
                    assert point.is_printed == (expected.rows[i] >= 10)
                    if point.is_printed:
                        assert point.value == expected.values[i]
                        assert point.rows in (None, expected.rows[i])  # None beside a point that is hidden
                        same(getattr(point, model).effect, expected.effect, i, k)
                        same(getattr(point, model).ale, expected.ale, i, k)
                        assert getattr(point, model).ice_low == expected.ice_low[i, k]

    def test_curves_stand_in_the_order_of_their_disagreement(self, task):
        _, bound, linear, audit = audited(task)
        gaps = {}
        for column in bound.columns:
            one, two = (ti.effects(b, b.table, grid=POINTS, seed=0)[column] for b in (bound, linear))
            apart = [abs(one.effect.value[i] - two.effect.value[i]).mean() for i in range(len(one.rows))]
            gaps[column] = sum(a * n for a, n in zip(apart, one.rows, strict=True)) / sum(one.rows)
        order = list(dict.fromkeys(curve.column for curve in audit.document.effects.curves))
        assert order == sorted(gaps, key=lambda column: -gaps[column])

    def test_interactions(self, task):
        _, bound, _, audit = audited(task)
        part = audit.document.interactions
        by_hand = ti.interactions(bound, bound.table, top=5, seed=0)
        assert (part.screened, part.linear_adds) == (3, True)
        assert len(part.pairs) == 3 * len(bound.outputs)
        for row in part.pairs:
            pair, k = by_hand[row.first, row.second], bound.outputs.index(row.output)
            for name in ("variance", "share", "h2", "shapley"):
                same(getattr(row, name), getattr(pair, name), k)

    def test_a_level_of_three_rows_is_nowhere(self, task, undrawn_but_named):
        audit = audited(task)[3]
        (curve, *_) = [c for c in audit.document.effects.curves if c.column == "job"]
        hidden = [p for p in curve.points if not p.is_printed]
        assert [(p.value, p.network.effect.value, p.linear.ale.value, p.network.ice_low) for p in hidden] == [
            (None,) * 4
        ]
        assert RARE not in (audit.to_html() if task == "binary" else audit.to_markdown())
        assert RARE not in audit.to_json().decode()

    def test_the_ranking_takes_part_in_the_agreement(self, task, undrawn):
        audit = audited(task)[3]
        names = {name for row in audit.document.agreement for name in (row.first, row.second)}
        assert {"network.shapley", "linear.shapley"} <= names
        assert "network: Shapley values" in audit.to_html()


@pytest.mark.nightly
def test_an_audit_of_counts_speaks_of_rates_alone():
    text = audited("count")[3].to_markdown()
    assert "log rate" in text
    assert not any(other in text for other in ("odds ratio", "log-odds", "log loss"))


def _values(bound, at):
    assert len(bound.z) == len(
        bound.scores
    )  # known before the rows are taken, as in the audit: the same single precision
    part = bound.take(at)
    return ti.shapley_values(part, part.table, 100, seed=0)


@pytest.mark.parametrize("task", every_nth(2, ["binary", "regression"]))
def test_a_network_that_is_linear_gives_equal_columns(task):
    read = table(task)
    kind = LinearRegression() if task == "regression" else LogisticRegression()
    model = ti.wrap(make_pipeline(encoder(), kind).fit(read.inputs, read.frame[task]))
    document = ti.audit(model, read, counterpart=model, analyses=READINGS).document
    for row in document.shapley.columns:
        assert (row.network, row.network_size, row.network_tied) == (row.linear, row.linear_size, row.linear_tied)
    assert all(point.network == point.linear for curve in document.effects.curves for point in curve.points)
    assert {row.variance.value for row in document.interactions.pairs} == {0.0}
    assert {row.shapley.value for row in document.interactions.pairs} == {0.0}


def test_a_document_from_before_still_reads_and_renders(undrawn):
    audit = audited("binary")[3]
    old = json.loads(audit.to_json())
    for name in ("shapley", "effects", "interactions", "inside"):
        del old[name]
    old["not_assessed"] += [{"key": f"not_assessed.{name}", "values": {}} for name in ("shapley", "effects")]
    again = ti.Audit.from_json(json.dumps(old).encode())
    assert again.document.shapley is None
    assert "This section has no results. The section" in again.to_html()


def test_what_does_not_apply_is_said(undrawn):
    frame = rows(60)
    read = ti.read_table(
        frame.drop(columns=["b", "job"]), target="regression", drop=[t for t in TASKS if t != "regression"]
    )
    model = ti.wrap(torch.nn.Linear(1, 1), encoder="passthrough", task="regression")
    document = ti.audit(model, read, rows=8).document
    notes = [m.values for m in document.not_assessed if m.key == "not_assessed.reading"]
    assert all(isinstance(one["reason"], Message) for one in notes)
    told = {one["reading"]: str(one["reason"]) for one in notes}
    assert "could disclose information about individuals" in told["Shapley values"]
    assert "two columns" in told["interactions"]
    assert document.shapley is document.interactions is document.inside is None
    japanese = " · ".join(words(ti.Audit(document).to_html(lang="ja")))
    assert set(re.findall("(?:[A-Za-z]{2,} ){2,}[A-Za-z]{2,}", japanese)) == {"EU AI Act"}
    assert all(point.rows is None for curve in document.effects.curves for point in curve.points)
