"""`ti.audit` on the tables and models users have: a valid document and a page, whatever does not apply said in words."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import pickle
import re
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import log_softmax
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp import messages
from tabinterp.analyses import ANALYSES
from tabinterp.analyses.coefficients.record import Surrogate
from tabinterp.analyses.interactions import screening
from tabinterp.analyses.maximisation import audited_optima
from tabinterp.analyses.path_weights import estimator as paths
from tabinterp.analyses.shapley_values import estimator as shapley
from tabinterp.analyses.trust import estimator as trust
from tabinterp.checks import CHECKS
from tabinterp.checks.judge import judge
from tabinterp.document.document import Document, Interval, Message
from tabinterp.errors import DocumentError, ModelError, NotApplicableError, TabinterpError, TableError
from tabinterp.models import bind
from tabinterp.network import reference
from tabinterp.provenance.digest_key import read_digest_key
from tabinterp.report.blocks import Facts
from tabinterp.report.formats.markdown import render_card
from tabinterp.report.sections.method import method
from tabinterp.table.summary import census
from tabinterp.table.suppression import SMALL
from tests.another_process import digests
from tests.checks.test_checks import OUTCOMES as ROWS_AND_BEYOND
from tests.checks.test_people import OUTCOMES as PEOPLE
from tests.resamples import few_resamples
from tests.shared import once_per_run, published_schema

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # few iterations are enough here

TARGETS = {"binary": "paid", "multiclass": "grade", "regression": "sum"}
SECRET = "SECRET-4711"
PLANTED = 135792.468


def rows(n: int = 240) -> pd.DataFrame:
    """Two numbers, a category and a person's remark; targets of every task; PLANTED and SECRET stand in single cells."""
    draw = np.random.default_rng(7)
    frame = pd.DataFrame(
        {"a": draw.normal(size=n), "b": draw.normal(size=n), "job": draw.choice(["u", "v", "日本"], n)}
    )
    score = frame["a"] + frame["a"] * frame["b"] + (frame["job"] == "u")
    frame["paid"] = np.where(score + draw.logistic(size=n) > 0, "yes", "no")
    frame["grade"] = np.select([score > 1, score < -1], ["high", "low"], "middle")
    frame["sum"] = score + draw.normal(size=n)
    frame["remark"] = [f"remark {i}" for i in range(n)]
    frame.loc[3, "remark"] = SECRET
    frame.loc[4, "b"] = PLANTED
    return frame


def encoder(numbers=("a", "b"), texts=("job",)):
    steps = [(make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()), list(numbers))]
    if texts:
        steps.append((OneHotEncoder(handle_unknown="ignore"), list(texts)))
    return make_column_transformer(*steps)


def network(task: str, **settings: Any):
    kind = MLPRegressor if task == "regression" else MLPClassifier
    return kind(**{"hidden_layer_sizes": (6,), "max_iter": 40, "random_state": 0, **settings})


def linear(task: str):
    return Ridge() if task == "regression" else LogisticRegression()


def table(task: str, frame: pd.DataFrame | None = None, *, split: Any = 0.3, drop=(), **asked: Any) -> ti.Table:
    frame = rows() if frame is None else frame
    target = TARGETS[task]
    kept = {target, *(value for value in (split, *asked.values()) if isinstance(value, str))}
    others = [c for c in (*TARGETS.values(), "remark") if c in frame and c not in kept]
    return ti.read_table(frame, target=target, drop=[*others, *drop], split=split, name="people", **asked)


def fitted(model: Any, read: ti.Table, make_encoder: Callable[[], Any] = encoder):
    training = read.training_rows()
    pipeline = make_pipeline(make_encoder(), model)
    return pipeline.fit(training.inputs, training.frame[read.schema.target])


def part(n: int, held_out: Any) -> np.ndarray:
    return np.where(np.isin(np.arange(n), held_out), "test", "train")


Case = tuple[ti.Table, Any, dict[str, Any]]


def plain(task: str) -> Case:
    read = table(task)
    return read, fitted(network(task), read), {}


def no_split(task: str) -> Case:
    read = table(task, split=None)
    return read, fitted(network(task), read), {}


def weighted(task: str) -> Case:
    read = table(task, rows().assign(w=np.linspace(0.5, 2, 240)), weight="w")
    return read, fitted(network(task), read), {}


def grouped(task: str) -> Case:
    read = table(task, rows().assign(house=np.arange(240) // 2), group="house")
    return read, fitted(network(task), read), {}


def own_counterpart(task: str) -> Case:
    read = table(task)
    others = [ti.wrap(fitted(network(task, random_state=seed), read)) for seed in (1, 2)]
    return (
        read,
        fitted(network(task), read),
        {"counterpart": ti.wrap(fitted(linear(task), read), name="ours"), "others": others},
    )


def mixing_encoder(task: str) -> Case:
    read = table(task)
    return read, fitted(network(task), read, lambda: make_pipeline(encoder(), PCA(3))), {}


def no_hidden_layer(task: str) -> Case:
    read = table(task)
    return read, fitted(linear(task), read), {}


def thirty_rows(task: str) -> Case:
    read = table(task, rows(30))
    return read, fitted(network(task), read), {}


def one_column(task: str) -> Case:
    read = table(task, drop=["b", "job"])
    return read, fitted(network(task), read, lambda: encoder(["a"], [])), {}


def constant_column(task: str) -> Case:
    read = table(task, rows().assign(same="x", three=3, gone=None))
    return read, fitted(network(task), read, lambda: encoder(["a", "b", "three", "gone"], ["job", "same"])), {}


def one_class_held_out(task: str) -> Case:
    frame = rows()
    same = (
        np.flatnonzero(frame["paid"] == "yes")[:20]
        if task == "binary"
        else np.flatnonzero(frame["grade"] == "low")[:12]
    )
    if task == "regression":
        frame.loc[same, "sum"] = 1.0
    read = table(task, frame.assign(part=part(240, same)), split="part")
    return read, fitted(network(task), read), {}


def one_row_held_out(task: str) -> Case:
    read = table(task, rows().assign(part=part(240, [8])), split="part")
    return read, fitted(network(task), read), {}


def few_rows(task: str) -> Case:
    read = table(task)
    return read, fitted(network(task), read), {"rows": 10}


# An audit takes seconds: the first for every task, of the others those tasks for which something else is told.
CASES = {
    plain: tuple(TARGETS),
    no_split: ("regression",),
    weighted: ("multiclass",),
    grouped: ("binary",),
    own_counterpart: ("binary", "regression"),
    mixing_encoder: ("binary",),
    no_hidden_layer: ("binary",),
    thirty_rows: ("multiclass",),
    one_column: ("regression",),
    constant_column: ("regression",),
    one_class_held_out: ("binary", "regression"),
    one_row_held_out: ("multiclass",),
    few_rows: ("regression",),
}
# Of these, every run leaves out the analyses that search, refit and resample, and resamples less often; the nightly run makes
# all of them.
BRIEF = (no_split, weighted, grouped, mixing_encoder, one_column, constant_column, one_class_held_out, few_rows)
BRIEF_TOO = {plain: "multiclass", own_counterpart: "regression"}
SEARCHES = {
    "baselines",
    "boosted_trees",
    "decomposition",
    "disagreement",
    "discrimination",
    "ladder",
    "maximisation",
    "off_support",
    "path_weights",
    "perturbation",
    "recalibration",
    "subgroup_gaps",
    "trust",
}
TRIED = [(case, task) for case, tasks in CASES.items() for task in tasks]


def is_brief(make: Callable[[str], Case], task: str) -> bool:
    return make in BRIEF or BRIEF_TOO.get(make) == task


def is_nightly(make: Callable[[str], Case], task: str) -> bool:
    return is_brief(make, task) or (make, task) == (own_counterpart, "binary")


WHOLE = [
    pytest.param(make, task, is_brief(make, task), marks=pytest.mark.nightly if is_nightly(make, task) else ())
    for make, task in TRIED
]
IN_PART = [
    pytest.param(make, task, False, marks=[pytest.mark.nightly] * (make is few_rows))  # thirty rows are few, too
    for make, task in TRIED
    if is_brief(make, task)
]


def for_tasks_of(make: Callable[[str], Case]) -> Any:
    of_own = [pytest.param("binary", marks=pytest.mark.nightly), "regression"]  # which is brief in every run
    return pytest.mark.parametrize("task", of_own if make is own_counterpart else CASES[make])


@once_per_run
def audited_and_changed(make: Callable[[str], Case], task: str, whole: bool) -> tuple[ti.Audit, list[str]]:
    """An audit, and which of the objects that it was given it changed."""
    read, model, settings = make(task)
    before = (read.frame.copy(deep=True), pickle.dumps(model), copy.deepcopy(read.y), read.schema)
    if is_brief(make, task) and not whole:
        left_out = SEARCHES - ({"trust"} if make in (own_counterpart, mixing_encoder) else set())  # tests read it
        settings["analyses"] = [one.name for one in ANALYSES if one.name not in left_out]
    with few_resamples() if "analyses" in settings else nullcontext():
        audit = ti.audit(ti.wrap(model), read, **settings)
    changed = {
        "rows": not read.frame.equals(before[0]),
        "model": pickle.dumps(model) != before[1],
        "target": (read.y != before[2]).any(),
        "schema": read.schema != before[3],
    }
    return audit, [name for name, is_other in changed.items() if is_other]


def audited(make: Callable[[str], Case], task: str, whole: bool = False) -> ti.Audit:
    return audited_and_changed(make, task, whole)[0]


def keys(found: list[Message]) -> list[str]:
    return [message.key for message in found]


@pytest.mark.parametrize(
    ("make", "task", "whole"), [*WHOLE, *IN_PART], ids=lambda one: getattr(one, "__name__", str(one))
)
class TestEveryCase:
    def test_the_document_is_valid_and_comes_back(self, make, task, whole):
        audit = audited(make, task, whole)
        data = audit.to_json()
        published_schema().validate(json.loads(data))
        again = ti.Audit.from_json(data)
        assert again == audit  # documents: what is rendered of equal ones is equal, as tests/report holds
        assert again.to_json() == data
        assert str(again) == str(audit)

    def test_the_table_and_the_model_are_not_changed(self, make, task, whole):
        assert audited_and_changed(make, task, whole)[1] == []

    def test_it_is_assessed_where_rows_are_held_out_and_only_there(self, make, task, whole):
        document = audited(make, task, whole).document
        split = make is not no_split
        few = split and document.data.held_out_rows < SMALL  # performance on fewer could disclose individual outcomes
        few = few or (make is one_class_held_out and task == "binary")  # and of one class there is none
        assert (document.verdict.status != "not_assessed") == (split and not few)
        assert ("not_assessed.split" in keys(document.not_assessed)) == (not split)
        assert (document.data.held_out_rows is not None) == split
        assert document.performance.rows == (document.data.held_out_rows or document.data.rows)
        assert document.importance.rows_of == ("held-out" if split else "all")

    def test_each_check_is_made_once(self, make, task, whole):
        findings = audited(make, task, whole).findings.frame()
        assert sorted(findings["slug"]) == sorted(check.slug for check in CHECKS)
        assert set(findings["status"]) <= {"raised", "cleared", "not_applicable"}
        assert findings["claim"].str.len().gt(10).all()

    def test_no_cell_is_in_the_report_or_the_document(self, make, task, whole, undrawn_but_named):
        audit = audited(make, task, whole)
        page = audit.to_html() if make is plain else audit.to_markdown()  # figures are drawn from what is in both
        for text in (audit.to_json().decode(), page):
            assert SECRET not in text
            assert "remark 5" not in text
            assert not re.search(r"(?<![\d.])135,?792", text)  # within a longer number it is chance


def test_more_columns_than_searches_take(monkeypatch):
    """As if two columns were many: what is then of few of them, or left out, says so."""
    for room in (screening, shapley, audited_optima, trust, paths):
        monkeypatch.setattr(room, "WIDE", 2)
    read, model, settings = plain("regression")
    asked = ["ladder", "decomposition", "interactions", "shapley_values", "maximisation", "trust", "path_weights"]
    found = ti.audit(ti.wrap(model), read, rows=60, analyses=asked, **settings).document
    passed = len(read.schema.inputs) - 2
    assert (found.gain.ladder.passed, found.gain.shares.passed, found.interactions.passed) == (passed, passed, passed)
    assert found.interactions.screened == 1
    assert found.shapley.network.method == "permutation"
    assert "optima.wide" in [
        m.values["reason"].key.removeprefix("why.") for m in found.not_assessed if "reason" in m.values
    ]
    assert "paths.optimum.wide" in keys(found.mechanism.paths.failures)


class TestEveryTask:
    @for_tasks_of(mixing_encoder)
    def test_what_does_not_apply_is_said(self, task):
        mixed = audited(mixing_encoder, task).document
        few = ["conformal prediction", "regional effects", "resilience on hard and outer rows", "reason codes"]
        few += ["conditional importance"]  # all of too few rows
        few += ["scorecard"] * (task == "binary")  # no adverse class was stated
        readings = [m.values["reading"] for m in mixed.not_assessed if m.key == "not_assessed.reading"]
        assert sorted(readings) == sorted([*few, "linear regions"])
        assert "not_assessed.mixed" not in keys(mixed.not_assessed)  # gradients pass through the principal components
        assert {term.column for term in mixed.coefficients.terms} == {"a", "b", "job"}
        assert all(row.network.value is not None for row in mixed.importance.columns)
        alone = audited(no_hidden_layer, task).document
        readings = [m.values["reading"] for m in alone.not_assessed if m.key == "not_assessed.reading"]
        within = {"linear regions", "conductance", "path products", "ablation of groups of units"}
        assert {*readings, "reason codes"} == {*few, "reason codes", "correlations of hidden units"} | within
        plainly = audited(plain, task).document
        assert {row.method for row in plainly.trust.nulls} == {row.method for row in plainly.trust.curves}
        assert len(plainly.trust.nulls) == 5
        gradients = {"saliency", "integrated_gradients"}  # through the principal components
        assert {row.method for row in mixed.trust.nulls} == {"permutation_importance", "shapley"} | gradients
        usual_notes = plainly.not_assessed
        usual = keys(usual_notes)
        assert {"not_assessed.seeds", "not_assessed.groups", "not_assessed.data", "not_assessed.use"} <= set(usual)
        readings = [m.values["reading"] for m in usual_notes if m.key == "not_assessed.reading"]
        assert sorted({*readings} - {"ablation of groups of units"}) == sorted(few)
        assert not {"not_assessed.mixed", "not_assessed.split"} & set(usual)

    @for_tasks_of(own_counterpart)
    def test_networks_of_other_seeds_have_a_range(self, task, undrawn):
        document, held_out = audited(own_counterpart, task).document, table(task).evaluation_rows()
        told, losses = document.trust.networks, []
        for seed in range(3):
            scores = bind(ti.wrap(fitted(network(task, random_state=seed), table(task))), held_out).scores
            if task == "regression":
                losses.append(np.mean((scores[:, 0] - held_out.y) ** 2))
            else:
                logits = scores if task == "multiclass" else np.column_stack([np.zeros(len(scores)), scores])
                losses.append(-np.mean(log_softmax(logits, axis=1)[np.arange(len(logits)), held_out.codes]))
        found = (told.loss, told.least, told.largest, told.sd)
        assert found == pytest.approx((losses[0], min(losses), max(losses), np.std(losses, ddof=1)), rel=1e-4)
        assert told.count == 3
        assert "not_assessed.seeds" not in keys(document.not_assessed)
        assert "Networks with other seeds" in audited(own_counterpart, task).to_html()

    @for_tasks_of(no_hidden_layer)
    def test_a_network_without_hidden_layer_is_linear(self, task):
        document = audited(no_hidden_layer, task).document
        assert document.network.hidden == []
        assert [f.status for f in document.findings if f.slug == "secretly-linear"] == ["raised"]
        assert all(s.r2 == pytest.approx(1, abs=1e-6) for s in document.coefficients.surrogates)

    @for_tasks_of(own_counterpart)
    def test_the_counterpart_is_ours_or_the_users(self, task):
        assert audited(own_counterpart, task).document.linear.name == "ours"

    @for_tasks_of(own_counterpart)
    def test_the_weights_of_every_network_that_was_read_are_in_the_document(self, task, undrawn):
        how = audited(own_counterpart, task).document.method
        digests = [how.model_digest, how.linear_digest, *how.other_digests]
        assert len(set(digests)) == 4
        other = own_counterpart(task)[2]["others"][0]
        alone = ti.audit(other, table(task), rows=20, seed=0, analyses=["calibration"]).document.method
        assert alone.model_digest == how.other_digests[0]
        page = audited(own_counterpart, task).to_html()
        assert all(digest in page for digest in digests)
        assert audited(plain, task).document.linear.name.endswith("regression")

    @for_tasks_of(constant_column)
    def test_a_column_without_information_is_named(self, task):
        document = audited(constant_column, task).document
        (found,) = [f for f in document.findings if f.slug == "constant-column"]
        assert (found.status, sorted(found.claim.values["columns"])) == ("raised", ["gone", "same", "three"])
        gone = next(c for c in document.data.columns if c.name == "gone")
        assert (gone.missing, gone.constant, gone.kind) == (240, True, "numeric")

    @for_tasks_of(one_row_held_out)
    def test_a_handful_of_rows_resolves_nothing(self, task):
        document = audited(one_row_held_out, task).document
        assert document.verdict.status == "not_assessed"
        assert document.verdict.difference.low is None
        assert {m.resolved for m in document.performance.metrics} == {"no"}
        assert "could disclose individual outcomes" in str(audited(one_row_held_out, task))
        houses = rows().assign(house=np.arange(240) % 9)
        read = table(task, houses, group="house")
        few_groups = ti.audit(ti.wrap(fitted(network(task), read)), read, rows=20, analyses=["calibration"])
        assert few_groups.verdict.difference.low is None

    @for_tasks_of(one_class_held_out)
    def test_a_metric_that_needs_two_values_is_left_out_where_there_is_one(self, task):
        names = [m.metric for m in audited(one_class_held_out, task).document.performance.metrics]
        verdict = audited(one_class_held_out, task).verdict
        if task == "binary":
            assert (verdict.status, verdict.lines) == ("not_assessed", [])
            assert "at least 20 are needed" in str(audited(one_class_held_out, task))
            return
        assert (verdict.status, verdict.rows_needed) == ("not_resolved", None)  # whatever the losses are
        told = keys(verdict.lines)
        assert "verdict.one_value" in told
        assert not [key for key in told if key.startswith(("verdict.gap", "verdict.others", "verdict.re", "ladder."))]
        left_out = {"binary": "auc", "regression": "r2"}[task]
        assert left_out not in names
        assert left_out in [m.metric for m in audited(plain, task).document.performance.metrics]

    @for_tasks_of(weighted)
    def test_the_data_are_described(self, task):
        data = audited(weighted, task).document.data
        assert (data.rows, data.name, data.task, data.weighted) == (240, "people", task, True)
        roles = {c.name: c.role for c in data.columns}
        assert roles["w"] == "weight"
        assert roles[TARGETS[task]] == "target"
        assert roles["remark"] == "dropped"
        assert sum(data.rates) == pytest.approx(0 if task == "regression" else 1)

    @for_tasks_of(grouped)
    def test_groups_and_weights_change_the_intervals(self, task):
        usual, by_group = (audited(make, task).document.verdict.difference for make in (plain, grouped))
        assert usual.value != by_group.value or usual.stderr != by_group.stderr


@pytest.mark.nightly
def test_a_torch_module_is_not_changed():
    module = torch.nn.Sequential(
        torch.nn.Linear(2, 5), torch.nn.Dropout(), torch.nn.ReLU(), torch.nn.Linear(5, 1)
    ).train()
    before = copy.deepcopy(module.state_dict())
    read = table("regression", drop=["job"])
    ti.audit(ti.wrap(module, encoder="passthrough", task="regression"), read, rows=60)
    assert module.training
    assert all((before[name] == value).all() for name, value in module.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in module.parameters())
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in module.modules())


# ---- the same inputs, the same bytes


@pytest.mark.parametrize(
    "task", [task if task == "regression" else pytest.param(task, marks=pytest.mark.nightly) for task in TARGETS]
)
def test_another_process_gives_the_same_bytes(task):
    """With another number of threads, too; `tests/report/test_render.py` says the same of the page."""
    digest = hashlib.sha256(audited(plain, task, is_brief(plain, task)).to_json()).hexdigest()
    assert digests(task)["audit"] == digest


def test_what_differs_from_run_to_run_stays_beside_the_document():
    audit = audited(plain, "binary")
    assert set(audit.run) == {"seconds", "threads", "jobs", "device"}
    text = audit.to_json().decode()
    assert '"seconds"' not in text
    assert '"threads"' not in text


def test_seeds_change_draws_and_nothing_else():
    read, model, _ = plain("binary")
    other = ti.audit(ti.wrap(model), read, seed=1, analyses=["calibration"]).document
    first = audited(plain, "binary").document
    assert other.verdict.difference.value == pytest.approx(first.verdict.difference.value, abs=0.02)
    assert other.verdict.difference.low != first.verdict.difference.low
    assert other.method.model_digest == first.method.model_digest


def test_the_digest_is_of_contents_not_of_the_file(tmp_path):
    rows().to_csv(tmp_path / "people.csv", index=False)
    rows().to_parquet(tmp_path / "people.parquet")
    digests, key = set(), read_digest_key(tmp_path / "key", create=True)
    for name in ("people.csv", "people.parquet"):
        read = ti.read_table(tmp_path / name, target="paid", drop=["grade", "sum", "remark"], split=0.3)
        found = census(read).digests
        digests.add(key.table(key.column(found[one.name]) for one in read.schema.columns))
    assert len(digests) == 1


# ---- progress, and what is refused


def test_progress_rises_to_one_and_an_estimate_comes_first():
    read, model, _ = plain("binary")
    said: list[Any] = []
    ti.audit(
        ti.wrap(model),
        read,
        rows=20,
        progress=lambda step, share: said.append((step, share)),
        announce=said.append,
        analyses=["permutation_importance", "shapley_values", "effects"],
    )
    shares = [one[1] for one in said if isinstance(one, tuple)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    (estimate,) = [one for one in said if isinstance(one, str)]
    assert estimate.startswith("About ")
    steps = list(dict.fromkeys(one[0] for one in said if isinstance(one, tuple)))
    assert steps[:2] == ["encode", "counterpart"]
    assert [isinstance(one, str) for one in said].index(True) < [one[0] for one in said].index("counterpart")


def test_a_counterpart_must_be_linear_and_of_the_same_task():
    read, model, _ = plain("binary")
    with pytest.raises(NotApplicableError, match="counterpart MLPClassifier 6 is not linear"):
        ti.audit(ti.wrap(model), read, counterpart=ti.wrap(model))
    other = table("regression")
    with pytest.raises(
        ModelError, match="Ridge is a regression model, but the table's target 'paid' needs a binary model"
    ):
        ti.audit(ti.wrap(model), read, counterpart=ti.wrap(fitted(linear("regression"), other)))


@pytest.mark.parametrize("settings", [{"seed": -1}, {"seed": 2**32}, {"rows": 1}, {"rows": 0}])
def test_settings_out_of_range_are_refused(settings):
    read, model, _ = plain("binary")
    with pytest.raises(TabinterpError, match=str(*settings.values())):
        ti.audit(ti.wrap(model), read, **settings)


def test_a_class_of_one_row_is_too_few_to_fit_a_counterpart():
    frame = rows(60)
    frame["grade"] = np.where(np.arange(60) == 5, "rare", frame["paid"])
    read = table("multiclass", frame, split=None)
    with pytest.raises(NotApplicableError, match="two training rows of every class"):
        ti.audit(ti.wrap(fitted(network("multiclass"), read)), read)


@pytest.fixture(scope="module")
def trained():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "EPOCHS", 2)
        return ti.train(table("binary", split=None))


class TestRememberedSplit:
    def test_it_is_used_where_the_table_has_none(self, trained):
        how = {"counterpart": trained.counterpart, "rows": 20, "analyses": ["calibration"]}
        audit = ti.audit(trained.networks[0], table("binary", split=None), **how)
        assert audit.verdict.status != "not_assessed"
        assert audit.document.data.held_out_rows == trained.table.held_out.sum()
        assert audit.document.data.split.key == "split.stratified"

    def test_another_split_that_holds_out_training_rows_is_refused(self, trained):
        with pytest.raises(ModelError, match=r"held-out rows of this table were used to train the model"):
            ti.audit(trained.networks[0], table("binary", split=0.5, seed=9), rows=20)

    def test_rows_drawn_at_the_audit_may_be_training_rows_unless_the_model_records_these(self, trained):
        for share, known in ((0.25, False), (0.25, True), ("part", False)):
            read = table("binary", rows().assign(part=part(240, range(60))), split=share)
            split = read.split if known else None
            model = replace(trained.networks[0], split=split)
            document = ti.audit(model, read, rows=20, analyses=["calibration"]).document
            drawn = share == 0.25 and not known
            assert ("not_assessed.drawn_split" in {note.key for note in document.not_assessed}) == drawn
            said = "It is unknown whether the network was trained on some of the held-out rows."
            shown = dict(pair for block in method(document) if isinstance(block, Facts) for pair in block.pairs)
            assert (said in shown["Split"]) == drawn
            assert (said in render_card(document)) == drawn

    def test_a_part_of_its_own_held_out_rows_is_taken(self, trained):
        fewer = np.flatnonzero(trained.table.held_out)[:20]
        read = table("binary", rows().assign(part=part(240, fewer)), split="part")
        audit = ti.audit(trained.networks[0], read, rows=20, analyses=["calibration"])
        assert audit.document.performance.rows == 20

    def test_a_table_without_training_rows_is_refused(self, trained):
        with pytest.raises(TableError, match="both held-out and training rows"):
            ti.audit(trained.networks[0], table("binary", rows()[trained.table.held_out], split=None), rows=20)


# ---- files


def test_from_json_reads_a_path_or_a_text_and_says_what_is_wrong(tmp_path):
    audit = audited(plain, "binary")
    audit.to_json(tmp_path / "audit.json")
    assert ti.Audit.from_json(tmp_path / "audit.json") == audit
    assert ti.Audit.from_json(str(tmp_path / "audit.json")) == audit
    assert ti.Audit.from_json((tmp_path / "audit.json").read_text("utf-8")) == audit
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        ti.Audit.from_json(tmp_path / "missing.json")
    with pytest.raises(DocumentError, match="cannot be read: Is a directory"):
        ti.Audit.from_json(tmp_path)
    with pytest.raises(DocumentError, match="not JSON"):
        ti.Audit.from_json(audit.to_json()[:-100])


@pytest.mark.parametrize("old", [None, b"old"])
def test_a_write_that_is_cut_short_leaves_what_was_there(tmp_path, monkeypatch, old, undrawn):
    path = tmp_path / "report.html"
    if old is not None:
        path.write_bytes(old)

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(KeyboardInterrupt):
        audited(plain, "binary").to_html(path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == ({} if old is None else {"report.html": old})


def test_a_report_does_not_replace_a_folder(tmp_path, undrawn):
    with pytest.raises(OSError, match="is a folder"):
        audited(plain, "binary").to_html(tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---- findings: each check can be raised, cleared, and where it can, not apply


def base() -> Document:
    return audited(plain, "binary").document


def status(slug: str, document: Document) -> str:
    (found,) = [f for f in judge(document) if f.slug == slug]
    assert messages.text(found.claim.key, found.claim.values)
    return found.status


def with_verdict(name: str) -> Document:
    low = Interval(value=0.1, stderr=0.01, low=0.08, high=0.12)
    return base().model_copy(update={"verdict": base().verdict.model_copy(update={"status": name, "difference": low})})


def with_part(name: str, **update: Any) -> Document:
    return base().model_copy(update={name: getattr(base(), name).model_copy(update=update)})


def with_layer(**counts) -> Document:
    """One layer of sound units but for those that are counted."""
    inside = base().inside
    assert inside is not None
    none = dict.fromkeys(("dead", "constant", "saturated", "duplicate", "redundant"), 0)
    return with_part("inside", layers=[inside.layers[0].model_copy(update=none | counts)])


def usual() -> float:
    """Median p(1-p) of a model that always predicts the base rate."""
    rate = base().data.rates[-1]
    return rate * (1 - rate)


def with_r2(value: float | None) -> Document:
    return with_part("coefficients", surrogates=[Surrogate(output=None, r2=value)])


def with_conflict(yes: bool) -> Document:
    terms = [t.model_copy(update={"conflict": yes}) for t in base().coefficients.terms]
    return with_part("coefficients", terms=terms)


def with_agreement(value: float | None, overlap: float = 0.4, columns: int = 11, **more: object) -> Document:
    apart = 0 if value is None or value >= 0.2 else 15
    update = {"spearman": value, "overlap": overlap, "top": 5, "ordered": 20, "opposed": apart} | more
    pairs = [a.model_copy(update=update) for a in base().agreement]
    row = base().importance.columns[0]
    return with_part("importance", columns=[row] * columns).model_copy(update={"agreement": pairs})


def with_importance(value: float) -> Document:
    columns = [r.model_copy(update={"network": Interval(value=value)}) for r in base().importance.columns]
    return with_part("importance", columns=columns)


def with_units(sd: float) -> Document:
    return with_part("neurons", units=[u.model_copy(update={"sd": sd}) for u in base().neurons.units])


def with_constant(yes: bool) -> Document:
    columns = [c.model_copy(update={"constant": yes or c.role != "input"}) for c in base().data.columns]
    return with_part("data", columns=columns)


def with_notes(*names: str) -> Document:
    return with_part("coefficients", notes=[Message(key=name) for name in names])


OUTCOMES: dict[str, dict[str, Callable[[], Document]]] = {
    "worse-than-linear": {
        "raised": lambda: with_verdict("worse"),
        "cleared": lambda: with_verdict("better"),
        "not_applicable": lambda: with_verdict("not_assessed"),
    },
    "secretly-linear": {
        "raised": lambda: with_r2(0.9995),
        "cleared": lambda: with_r2(0.9),
        "not_applicable": lambda: with_r2(None),
    },
    "sign-conflict": {
        "raised": lambda: with_conflict(True),
        "cleared": lambda: with_conflict(False),
        "not_applicable": lambda: with_part("coefficients", terms=[]),
    },
    "methods-disagree": {
        "raised": lambda: with_agreement(0.19),
        "cleared": lambda: with_agreement(0.2),
        "not_applicable": lambda: with_agreement(None),
    },
    "unused-column": {
        "raised": lambda: with_importance(0.0),
        "cleared": lambda: with_importance(-0.1),
        "not_applicable": lambda: with_part("importance", columns=[]),
    },
    "not-converged": {
        "raised": lambda: with_part("network", converged=False),
        "cleared": lambda: with_part("network", converged=True),
        "not_applicable": lambda: with_part("network", converged=None),
    },
    "saturated": {
        "raised": lambda: with_part("gradients", saturation=0.0099 * usual()),
        "cleared": lambda: with_part("gradients", saturation=0.01001 * usual()),
        "not_applicable": lambda: with_part("gradients", saturation=None),
    },
    "dead-units": {
        "raised": lambda: with_units(0.0),
        "cleared": lambda: with_units(0.1),
        "not_applicable": lambda: with_part("neurons", units=[]),
    },
    "redundant-units": {
        "raised": lambda: with_layer(duplicate=1),
        "cleared": with_layer,
        "not_applicable": lambda: base().model_copy(update={"inside": None}),
    },
    "penalised-inference": {
        "raised": lambda: with_settings(with_notes("coefficients.note.penalised"), counterpart="given"),
        "cleared": lambda: with_settings(with_notes("coefficients.note.penalised"), counterpart="fitted"),
    },
    "unsafe-model-file": {
        "raised": lambda: with_model_note("model.unsafe"),
        "cleared": lambda: with_model_note("model.checked"),
    },
    "constant-column": {"raised": lambda: with_constant(True), "cleared": lambda: with_constant(False)},
}


def with_model_note(name: str) -> Document:
    document = with_notes("coefficients.note.separated")
    network = document.network.model_copy(update={"notes": [Message(key=name)]})
    return document.model_copy(update={"network": network})


def with_settings(document, **settings):
    method = document.method.model_copy(update={"settings": document.method.settings | settings})
    return document.model_copy(update={"method": method})


def test_every_check_has_its_outcomes_here():
    assert set(OUTCOMES) | set(ROWS_AND_BEYOND) | set(PEOPLE) == {check.slug for check in CHECKS}
    assert len({check.code for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize(("slug", "outcome"), [(slug, outcome) for slug in OUTCOMES for outcome in OUTCOMES[slug]])
def test_a_check_is_raised_cleared_or_does_not_apply(slug, outcome):
    assert status(slug, OUTCOMES[slug][outcome]()) == outcome


def test_readings_of_many_columns_that_share_their_first_ones_do_not_disagree():
    assert status("methods-disagree", with_agreement(0.19, overlap=0.6)) == "cleared"
    assert status("methods-disagree", with_agreement(0.19, overlap=0.6, columns=10)) == "raised"
    assert status("methods-disagree", with_agreement(0.19, overlap=0.4)) == "raised"


def test_sampling_error_is_no_disagreement():
    """Half of the columns weigh nothing and are ranked by noise: the rank correlation is low, and few orders are significant."""
    assert status("methods-disagree", with_agreement(-0.5, ordered=20, opposed=8)) == "cleared"  # Kendall's 0.2
    assert status("methods-disagree", with_agreement(-0.5, ordered=20, opposed=9)) == "raised"
    assert status("methods-disagree", with_agreement(-0.5, ordered=4, opposed=4)) == "not_applicable"
    assert status("methods-disagree", with_agreement(-0.5, ordered=None, opposed=None)) == "not_applicable"


def test_readings_of_other_quantities_are_not_held_against_each_other():
    """Permutation importance is of the loss, saliency is a slope."""
    document = with_agreement(-0.9)
    kept = [
        a for a in document.agreement if {a.first, a.second} & {"network.permutation_importance", "network.saliency"}
    ]
    assert kept
    assert status("methods-disagree", document.model_copy(update={"agreement": kept})) == "not_applicable"


def test_what_is_raised_comes_first_the_gravest_at_the_top():
    found = judge(with_verdict("worse"))
    raised = [f.status == "raised" for f in found]
    assert raised == sorted(raised, reverse=True)
    assert found[0].slug == "worse-than-linear"


BY_LEVEL = ["coefficients", "linear_regions", "path_weights", "unit_correlations"]  # terms, which the encoder makes


@pytest.mark.parametrize(
    ("encoder", "analyses"), [({"max_categories": 5}, None), ({}, BY_LEVEL), ({"drop": "first"}, BY_LEVEL)], ids=str
)
def test_no_level_that_few_rows_have_is_named(encoder, analyses, undrawn_but_named):
    """Neither as a term nor as the level terms are set against, alone or among others that are encoded alike."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=120), "id": [f"person-{i // 3}" for i in range(120)]})
    frame["y"] = np.where(frame["a"] + rng.normal(size=120) > 0, "yes", "no")
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, **encoder)
    columns = make_column_transformer((StandardScaler(), ["a"]), (one_hot, ["id"]))
    network = MLPClassifier((3,), max_iter=30, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = make_pipeline(columns, network).fit(frame[["a", "id"]], frame["y"])
    made = ti.audit(ti.wrap(pipeline), ti.read_table(frame, target="y", positive="yes"), analyses=analyses)
    page = made.to_html()
    assert "id" in page
    assert "person-" not in page
    assert b"person-" not in made.to_json()
