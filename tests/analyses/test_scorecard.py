"""The scorecard beside statsmodels' logistic regression, all divisions into bins, DuckDB, SQLite and its own Python text."""

from __future__ import annotations

import csv
import itertools
import json
import math
import pickle
import re
import sqlite3
import tomllib
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from scipy import stats
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.analyses.ladder.penalised_fits import rows_to_fit
from tabinterp.analyses.scorecard import binning, section
from tabinterp.analyses.scorecard.binning import Bin, Cut, Piece, _residual, choose, cut_terms, joined, pieces, terms_of
from tabinterp.analyses.scorecard.estimator import Scaling
from tabinterp.analyses.scorecard.record import Record
from tabinterp.errors import DocumentError, NotApplicableError, TabinterpError
from tabinterp.models import bind
from tabinterp.table.hash_sampling import row_hash
from tests import cases
from tests.report.samples import binary
from tests.shared import every_nth

DATA = Path(__file__).parents[2] / "datasets"
TABLES = tomllib.loads((DATA / "tables.toml").read_text(encoding="utf-8"))
FACTOR = 20 / math.log(2)
OFFSET = 600 - FACTOR * math.log(50)


class Formula(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)[:, None]


def pipeline_for(table):
    """A logistic regression for any table, in the place of the network."""
    kinds = {name: table.schema[name].kind for name in table.schema.inputs}
    numbers = [name for name, kind in kinds.items() if kind == "numeric"]
    levels = [name for name, kind in kinds.items() if kind != "numeric"]
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder = make_column_transformer((make_pipeline(SimpleImputer(), StandardScaler()), numbers), (one_hot, levels))
    rows = table.training_rows()
    return ti.wrap(make_pipeline(encoder, LogisticRegression(C=0.1)).fit(rows.inputs, rows.frame[table.schema.target]))


@cache
def mixed(adverse="no", weighted=False, grouped=False):
    """Ladder, table and scorecard of a table with missing values, levels, a boolean and an ordered column."""
    frame = cases.mixed_frame(1200, 3)
    more = {"group": "g"} if grouped else {}
    if grouped:
        frame["g"] = np.arange(1200) // 4
    table = cases.mixed_table(frame, weighted=weighted, adverse=adverse, split=0.4, **more)
    model = ti.wrap(cases.network_pipeline(frame))
    ladder = ti.ladder(model, table)
    linear = bind(ti.wrap(cases.linear_pipeline(frame)), ladder.network.table)
    return ladder, table, ladder.scorecard(counterpart=linear), linear


@cache
def crossed():
    """A network that is a product of two columns: its refit has pairs."""
    draw = np.random.default_rng(0)
    x = draw.uniform(-1.7, 1.7, (4000, 2))
    f = lambda x: 2 * x[:, 0] * x[:, 1]  # noqa: E731
    y = (draw.random(4000) < 1 / (1 + np.exp(-f(x)))).astype(int)
    frame = pd.DataFrame(x, columns=["x1", "x2"]).assign(y=y)
    table = ti.read_table(frame, target="y", split=0.5, adverse=0)
    model = ti.wrap(Formula(lambda x: 2 * x[:, 0] * x[:, 1]), encoder="passthrough", classes=[0, 1])
    ladder = ti.ladder(model, table)
    return ladder, table, ladder.scorecard()


# ---- bins


@pytest.mark.parametrize("seed", range(4))
def test_bins_are_the_best_of_all_divisions(seed):
    draw = np.random.default_rng(seed)
    place = draw.integers(0, 8, 400)
    f, w = draw.normal(size=(8, 400)).cumsum(axis=0)[place, np.arange(400)], draw.uniform(0.1, 2, 400)
    cut = Cut("x", True, tuple(Bin(i - 1.0 if i else None, float(i) if i < 7 else None) for i in range(8)))
    moments = [np.bincount(place, part * w, 8)[:, None] for part in (np.ones(400), f, f**2)]
    found = list(joined(Piece(cut, place), moments, 60))
    rows, at_most = np.bincount(place, minlength=8), 0
    for k in range(1, 9):
        losses = {}
        for inner in itertools.combinations(range(1, 8), k - 1):
            group = np.searchsorted(inner, np.arange(8), "right")
            if np.bincount(group, rows).min() >= 60:
                losses[inner] = _weighted_residual(f, w, group[place])
        if losses:
            at_most = k
            best = found[k - 1]
            assert np.bincount(best, rows).min() >= 60
            assert best.max() + 1 == k
            assert _weighted_residual(f, w, best[place]) == pytest.approx(min(losses.values()), abs=1e-9)
    assert len(found) == at_most


def _weighted_residual(f, w, at):
    return sum(((w * (f - np.average(f[at == k], weights=w[at == k])) ** 2)[at == k]).sum() for k in np.unique(at))


def test_the_loss_of_steps_is_to_second_order_that_of_the_log_loss():
    draw = np.random.default_rng(1)
    x, at = draw.uniform(-1, 1, 20_000), None
    p = 1 / (1 + np.exp(-x))
    at = np.digitize(x, np.linspace(-1, 1, 6)[1:-1])
    steps = np.array([x[at == k].mean() for k in range(5)])[at]
    entropy = lambda z: float(np.mean(np.logaddexp(0, z) - p * z))  # noqa: E731  # expected log loss of log-odds z
    told = _residual(x, p * (1 - p) / 2 / len(x), at)
    assert told == pytest.approx(entropy(steps) - entropy(x), rel=0.02)


def test_bins_are_added_where_they_save_most_until_they_cost_a_tenth_of_the_margin():
    def term(*losses):
        return [binning.Candidate(np.zeros(0), (), (), i, loss) for i, loss in enumerate(losses)]

    chosen = lambda margin: [one.bins for one in choose([term(5, 1, 0.9), term(3, 2, 0)], margin)]  # noqa: E731
    assert chosen(91) == []
    assert chosen(50) == [1]
    assert chosen(29) == [1, 2]
    assert chosen(9) == [2, 2]  # 0.9 is left, which is a tenth
    assert chosen(8) == [2, 2]
    assert [one.bins for one in choose([term(5, 4.9)], 21)] == []  # saves less than half a hundredth of 21
    assert [one.bins for one in choose([term(5, 4.9)], 19)] == [1]


def test_bins_of_a_column():
    ladder, table, card, _ = mixed()
    training = rows_to_fit(table, ladder.seed)
    for term in card.terms:
        (cut,) = term.cuts
        values = training.frame[cut.column]
        rows = np.bincount(cut.place(values), minlength=len(cut.bins))
        assert rows.tolist() == term.rows.tolist()
        assert rows.argmax() == term.reference
        assert all(n >= (30 if one.known else 10) for n, one in zip(rows, cut.bins, strict=True))
        assert sum(one.missing for one in cut.bins) == 1
        assert sum(one.other for one in cut.bins) == (not cut.numeric)
        own = [one for one in cut.bins if not one.known]
        assert bool(own) == (values.isna().sum() >= 10) == (cut.column in ("age", "city"))
        if cut.numeric:
            assert [one.low for one in cut.bins if one.known] == [None, *cut.edges]
            assert cut.edges == sorted(set(cut.edges))
            assert len(cut.edges) < 12
    assert {cut.column for term in card.terms for cut in term.cuts} == set(cases.INPUTS)


def test_edges_and_levels_belong_to_ten_rows_or_more():
    """Amounts to the cent; levels of 3, 9 and 10 rows; 9 rows without a value."""
    draw = np.random.default_rng(5)
    n = 3000
    frame = pd.DataFrame(
        {"amount": draw.normal(30_000, 9000, n).round(2), "job": "clerk", "gap": draw.normal(size=n).round(1)}
    )
    frame["split"] = np.where(np.arange(n) < 2000, "train", "test")
    for level, rows in {
        "king": range(3),
        "queen": range(3, 12),
        "earl": range(12, 22),
        "cook": range(400, 1000),
    }.items():
        frame.loc[list(rows), "job"] = level
    frame.loc[50:58, "gap"] = np.nan
    drive = (frame["amount"] - 30_000) / 5000 + 3 * (frame["job"] != "clerk") + frame["gap"].fillna(3)
    frame["y"] = np.where(drive + draw.logistic(size=n) > 0, "good", "bad")
    table = ti.read_table(frame, target="y", adverse="bad", split="split")
    card = ti.ladder(pipeline_for(table), table).scorecard()
    rows = table.training_rows().frame
    cuts = {cut.column: cut for term in card.terms for cut in term.cuts}
    assert len(cuts["amount"].edges) > 2
    for edge in cuts["amount"].edges:
        held = int((rows["amount"] == edge).sum())
        assert held == 0 or held >= 10
        assert len(f"{edge:.15g}".replace(".", "").strip("-0")) < 5
    named = {level for one in cuts["job"].bins for level in one.levels}
    assert named == {"clerk", "cook", "earl"}
    assert all(one.known for one in cuts["gap"].bins)
    document = str(ti.audit(pipeline_for(table), table, analyses=["scorecard"]).document.analyses)
    assert "earl" in document
    assert "king" not in document
    assert "queen" not in document


def test_levels_of_few_rows_share_a_bin_and_so_do_unseen_ones():
    values = pd.Series(["a"] * 60 + ["b"] * 50 + ["c"] * 9 + ["d"] * 9 + [None] * 12, name="job")
    function = np.repeat([0.0, 2.0, 5.0, 5.0, 1.0], [60, 50, 9, 9, 12])
    piece = pieces(values, "categorical", function, 50)
    assert [one.levels for one in piece.cut.bins] == [("a",), ("b",), (), ()]
    assert [one.other for one in piece.cut.bins] == [False, False, True, False]
    assert piece.cut.bins[-1].missing
    assert piece.free == 3
    assert piece.cut.place(pd.Series(["c", "z", "b", np.nan], dtype=object)).tolist() == [2, 2, 1, 3]


def test_missing_and_unseen_values_without_a_bin_get_the_points_of_the_reference_bin():
    _, table, card, _ = mixed()
    terms = {term.cuts[0].column: term for term in card.terms}
    assert terms["income"].reference > 0
    assert terms["grade"].cuts[0].bins[terms["grade"].reference].levels == ("mid",)
    assert terms["grade"].reference > 0
    row = table.frame[cases.INPUTS].head(1)
    low, high = (getattr(terms["income"].cuts[0].bins[terms["income"].reference], end) for end in ("low", "high"))
    for column, value, same in (
        ("income", np.nan, (low + high) / 2),
        ("grade", "highest", "mid"),
        ("grade", None, "mid"),
    ):
        assert card.points(row.assign(**{column: value})) == card.points(row.assign(**{column: same}))


def test_a_bin_of_missing_values_is_called_so_though_other_levels_are_in_it():
    """Most values of a column are missing, so that their bin is the reference bin, which takes unnamed levels."""
    draw = np.random.default_rng(0)
    city = draw.choice(["a", "b", None], 900, p=[0.2, 0.2, 0.6])
    drive = 2.0 * (city == "a") - 2.0 * (city == "b")
    frame = pd.DataFrame({"city": city, "y": np.where(drive + draw.logistic(size=900) > 0, "yes", "no")})
    table = ti.read_table(frame, target="y", adverse="no", split=0.3)
    card = ti.ladder(pipeline_for(table), table).scorecard()
    reference = card.frame().query("reference == True").iloc[0]
    assert (reference["bin"], reference["missing"], reference["other"]) == ("missing, other levels", True, True)


def test_what_bins_are_weighed_by():
    """Half of p (1 - p), by the shares of the weights."""
    frame = pd.DataFrame({"x": np.linspace(-2, 2, 400)})
    weights = np.tile([1.0, 3.0], 200)
    chosen, curvature = cut_terms(
        frame, {"x": "numeric"}, {(): np.ones(400), ("x",): frame["x"].to_numpy()}, weights, 0.01
    )
    p = 1 / (1 + np.exp(-1 - frame["x"].to_numpy()))
    assert curvature == pytest.approx(weights / weights.sum() * p * (1 - p) / 2)
    assert chosen[0].loss == pytest.approx(
        _weighted_residual(frame["x"], curvature, chosen[0].cuts[0].place(frame["x"]))
    )
    assert chosen[0].loss < 0.001


def test_a_pair_hands_over_what_single_columns_explain():
    draw = np.random.default_rng(8)
    frame = pd.DataFrame({"a": draw.choice(list("pqr"), 2000), "b": draw.choice(list("uvw"), 2000)})
    u, v = frame["a"].map({"p": -1.0, "q": 0.0, "r": 2.0}), frame["b"].map({"u": 0.0, "v": 1.0, "w": -2.0})
    zero = np.zeros(2000)
    terms = {(): zero, ("a",): zero, ("b",): zero, ("a", "b"): (u + v).to_numpy()}
    chosen, _ = cut_terms(frame, dict.fromkeys("ab", "categorical"), terms, np.ones(2000), 0.01)
    assert [len(one.cuts) for one in chosen] == [1, 1]
    for one, f in zip(chosen, (u, v), strict=True):
        assert np.ptp(one.function - f.to_numpy()) == pytest.approx(0, abs=1e-9)
    both = {**terms, ("a", "b"): (u + v + 3.0 * ((frame["a"] == "p") == (frame["b"] == "u"))).to_numpy()}
    chosen, _ = cut_terms(frame, dict.fromkeys("ab", "categorical"), both, np.ones(2000), 0.01)
    assert len(chosen[-1].cuts) == 2


# ---- the refit on bins, and what a score means


@pytest.mark.parametrize("case", every_nth(2, ["plain", "grouped", "weighted", "first", "pairs"]))
def test_an_unrounded_scorecard_is_the_score_of_the_refit_on_bins(case):
    """Its log-odds are those of a logistic regression by statsmodels with the steps as an offset."""
    if case == "pairs":
        ladder, table, card = crossed()
        assert any(len(term.cuts) == 2 for term in card.terms)
    else:
        arguments = {"weighted": {"weighted": True}, "grouped": {"grouped": True}, "first": {"adverse": "yes"}}
        ladder, table, card, _ = mixed(**arguments.get(case, {}))
    training, rows = rows_to_fit(table, ladder.seed), table.evaluation_rows()
    outcome = (training.frame[table.schema.target].astype(str) == card.favourable).to_numpy().astype(float)
    first, second = (
        sum(term.unrounded[term.cell(part.frame)] for term in card.terms) / FACTOR for part in (training, rows)
    )
    family = sm.families.Binomial()
    fitted = sm.GLM(outcome, np.ones(len(outcome)), family, offset=first, var_weights=training.row_weights).fit()
    odds = np.exp(fitted.params[0] + second)
    assert card.unrounded(rows) == pytest.approx(600 + 20 * np.log2(odds / 50), abs=1e-6)
    assert np.abs(card.points(rows) - card.unrounded(rows)).max() <= 0.5 * (len(card.terms) + 1)
    assert {card.adverse, card.favourable} == set(table.schema.labels)
    refit = ladder.best().predict_proba(rows.inputs)
    at = {str(label): refit[:, i] for i, label in enumerate(ladder.best().classes_)}
    own = np.log(at[card.favourable] / at[card.adverse])
    assert np.corrcoef(own, np.log(odds))[0, 1] > (0.9 if case == "pairs" else 0.99)  # a product in 4 by 4 cells


@pytest.mark.parametrize("weighted", every_nth(2, [False, True]))
def test_steps_are_the_means_of_the_functions_of_the_refit(weighted):
    ladder, table, card, _ = mixed(weighted=weighted)
    training = rows_to_fit(table, ladder.seed)
    parts = terms_of(ladder.best(), training.inputs)
    log_odds = ladder.best().decision_function(training.inputs)
    assert sum(parts.values()) == pytest.approx(log_odds, abs=1e-9)
    assert card.rung == "linear"  # without pairs, which would hand over some of their own functions
    p = 1 / (1 + np.exp(-log_odds))
    for term in card.terms:
        at, f = term.cell(training.frame), parts[term.cuts[0].column,]
        means = np.array(
            [
                np.average(f[at == k], weights=(training.row_weights * p * (1 - p))[at == k])
                for k in range(len(term.rows))
            ]
        )
        assert ladder.best().classes_[1] == card.favourable
        assert term.unrounded == pytest.approx(FACTOR * (means - means[term.reference]), abs=1e-6)


def test_what_points_odds_and_pdo_mean():
    scaling = Scaling(600.0, 50.0, 20.0)
    assert np.exp(scaling.log_odds(np.array([600.0, 620.0, 580.0]))) == pytest.approx([50, 100, 25])
    assert scaling.score(math.log(200)) == pytest.approx(640)
    ladder, table, card, linear = mixed()
    other = ladder.scorecard(points=300, odds=2, pdo=50, counterpart=linear)
    odds = 50 * 2 ** ((card.unrounded(table) - 600) / 20)
    assert other.unrounded(table) == pytest.approx(300 + 50 * np.log2(odds / 2))


def test_points_rise_as_the_adverse_class_gets_less_likely():
    bad, good = (mixed(adverse=adverse)[2] for adverse in ("no", "yes"))
    table = mixed()[1]
    assert bad.unrounded(table) + good.unrounded(table) == pytest.approx(np.full(len(table), 2 * OFFSET))
    for card in (bad, good):
        points, adverse = card.points(table), table.frame["y"] == card.adverse
        assert points[~adverse].mean() > points[adverse].mean() + 20
        assert card.metrics[1].card[0] > 0.75


def test_a_column_of_two_levels_in_closed_form():
    """Points differ by the log of the odds ratio."""
    counts = {("a", 0): 3000, ("a", 1): 1000, ("b", 0): 1000, ("b", 1): 2000}
    frame = pd.DataFrame([key for key, n in counts.items() for _ in range(2 * n)], columns=["x", "y"])
    frame["split"] = np.tile(["train", "test"], len(frame) // 2)
    table = ti.read_table(frame, target="y", adverse=1, split="split", kinds={"x": "categorical"})
    card = ti.ladder(pipeline_for(table), table).scorecard(points=500, odds=1, pdo=100)
    (term,) = card.terms
    assert card.points(pd.DataFrame({"x": ["a", "b"]})).tolist() == [
        round(500 + 100 * math.log2(3)),
        round(500 + 100 * math.log2(0.5)),
    ]
    assert card.base == 658
    assert sorted(term.points.tolist()) == [-258, 0]
    assert card.frame()["points"].tolist()[0] == 658


def test_pairs_become_two_way_tables():
    _, _, card = crossed()
    term = next(term for term in card.terms if len(term.cuts) == 2)
    assert all(len(cut.bins) <= 5 for cut in term.cuts)
    grid = term.points.reshape(len(term.cuts[0].bins), -1)
    assert grid[0, 0] > grid[0, -1] + 10
    assert grid[-1, -1] > grid[-1, 0] + 10
    assert card.metrics[1].card[0] > 0.7
    frame = card.frame()
    cells = frame[frame["second"].notna()]
    assert len(cells) == sum(len(term.points) for term in card.terms if len(term.cuts) == 2)
    assert cells.loc[cells["reference"].astype(bool), "points"].eq(0).all()


def test_a_cell_of_a_few_rows_has_no_points():
    """Two columns of three levels that interact, with 6 training rows in one cell."""
    draw = np.random.default_rng(2)
    n = 6000
    frame = pd.DataFrame({"a": draw.choice(list("pqr"), n), "b": draw.choice(list("uvw"), n)})
    frame["split"] = np.where(np.arange(n) < n // 2, "train", "test")
    rare = frame.index[(frame["a"] == "p") & (frame["b"] == "u")]
    frame.loc[rare[6:], "b"] = "v"
    score = np.where((frame["a"] == "q") == (frame["b"] == "v"), 2.0, -2.0)
    frame["y"] = (draw.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    table = ti.read_table(frame, target="y", adverse=0, split="split")
    one_hot = OneHotEncoder(sparse_output=False).fit(table.inputs)
    network = Formula(lambda x: torch.where((x[:, 1] > 0) == (x[:, 4] > 0), 2.0, -2.0) * torch.ones(len(x)))
    card = ti.ladder(ti.wrap(network, encoder=one_hot, classes=[0, 1]), table).scorecard()
    term = next(term for term in card.terms if len(term.cuts) == 2)
    small = (term.rows > 0) & (term.rows < 10)
    assert small.any()
    assert (term.points[small] == 0).all()
    told = card.frame().query("second.notna()")["rows"].to_numpy()
    assert np.isnan(told[small]).all()


# ---- metrics


@pytest.mark.parametrize("case", every_nth(2, ["weighted", "plain", "grouped"]))
def test_metrics_on_the_held_out_rows(case):
    ladder, table, card, linear = mixed(weighted=case == "weighted", grouped=case == "grouped")
    held = np.flatnonzero(table.held_out)
    rows = table.take(held)
    log_odds = {
        "card": np.log(50) + (card.points(rows) - 600) / FACTOR,
        "network": ladder.network.scores[held, 0],
        "linear": linear.scores[held, 0],
    }
    assert table.schema.classes[-1] == "yes"  # the favourable class, whose log-odds rise with the points
    unrounded = np.log(50) + (card.unrounded(rows) - 600) / FACTOR
    w, y = rows.row_weights, rows.y
    loss, area, ks = card.metrics
    for name, score in log_odds.items():
        assert getattr(loss, name)[0] == pytest.approx(log_loss(y, 1 / (1 + np.exp(-score)), sample_weight=w))
        assert getattr(area, name)[0] == pytest.approx(roc_auc_score(y, score, sample_weight=w))
        if case != "weighted":
            assert getattr(ks, name)[0] == pytest.approx(stats.ks_2samp(score[y == 1], score[y == 0]).statistic)
    for metric in card.metrics:
        value, _, low, high = metric.card
        assert 0 <= low <= value <= high
        assert metric.against_network[0] == pytest.approx(metric.card[0] - metric.network[0])
        assert metric.against_linear[0] == pytest.approx(metric.card[0] - metric.linear[0])
    each = lambda score: np.logaddexp(0, -score * (2 * y - 1))  # noqa: E731
    others = (log_odds["network"], log_odds["linear"], unrounded)
    for other, told in zip(others, (loss.against_network, loss.against_linear, loss.rounding), strict=True):
        moved = w * (each(log_odds["card"]) - each(other) - told[0]) / w.sum()
        if case == "grouped":
            moved = np.bincount(rows.groups, moved)
            moved *= math.sqrt(len(moved) / (len(moved) - 1))
        assert told[1] == pytest.approx(math.sqrt((moved**2).sum()), rel=0.01)
        assert told[2] < told[0] < told[3]
    assert card.status == {True: "worse"}.get(loss.against_network[2] > 0, card.status)
    assert card.margin == ladder.margin


def test_the_error_of_the_ks_statistic_is_over_groups():
    """Groups are drawn, 1,000 times, in the order of the hashes of the rows."""
    ladder, table, card, _ = mixed(grouped=True)
    held = table.evaluated
    rows = table.take(held[np.argsort(row_hash(table.numbers[held], ladder.seed), kind="stable")])
    draw, count = np.random.default_rng(ladder.seed), rows.group_count
    levels, at = np.unique(card.points(rows), return_inverse=True)
    found = []
    for _ in range(1000):
        w = np.bincount(draw.integers(0, count, count), minlength=count)[rows.groups]
        low, high = (np.bincount(at, w * (rows.y == one), len(levels)).cumsum() for one in (0, 1))
        found.append(np.max(low / low[-1] - high / high[-1]))
    stderr = np.std(found, ddof=1) * math.sqrt(count / (count - 1))
    value, told, low, high = card.metrics[2].card
    assert told == pytest.approx(stderr)
    assert (low, high) == pytest.approx(value + stats.t.ppf([0.025, 0.975], count - 1) * stderr)


def test_the_status_follows_the_rule_of_the_verdict():
    ladder, _, card, linear = mixed()
    _, _, low, high = card.metrics[0].against_network
    assert card.status == "worse"
    assert low > 0
    wide = ti.ladder(ladder.network, ladder.network.table, margin=1.5 * high).scorecard(counterpart=linear)
    assert wide.status == "equivalent"


@pytest.mark.nightly
def test_a_scorecard_of_a_logistic_world_predicts_as_well_as_the_network():
    draw = np.random.default_rng(3)
    x = draw.normal(size=(6000, 2))
    frame = pd.DataFrame(x, columns=["a", "b"])
    frame["y"] = (draw.random(6000) < 1 / (1 + np.exp(-1.5 * x[:, 0] + x[:, 1]))).astype(int)
    table = ti.read_table(frame, target="y", adverse=1, split=0.5)
    card = ti.ladder(pipeline_for(table), table).scorecard()
    assert card.status == "equivalent"
    assert abs(card.metrics[0].rounding[0]) < card.margin / 10


def test_the_same_call_gives_the_same_scorecard():
    ladder, table, card, linear = mixed()
    again = ladder.scorecard(counterpart=linear)
    pd.testing.assert_frame_equal(again.frame(), card.frame())
    assert again.metrics == card.metrics
    assert ladder.scorecard().frame().equals(card.frame())  # the logistic regression that is fitted changes no points
    assert (card.points(table.frame) == card.points(table)).all()


# ---- other forms


def in_duckdb(card, frame, name="applicants", source=None):
    with duckdb.connect() as base:
        base.register("given", frame.assign(row_number=np.arange(len(frame))))
        base.execute(f"CREATE TABLE {source or name} AS SELECT * FROM given")
        found = base.sql(card.to_sql(name)).df().sort_values("row_number")
    return found["scorecard_points"].to_numpy()


def in_sqlite(card, frame):
    with sqlite3.connect(":memory:") as base:
        frame.assign(row_number=np.arange(len(frame))).to_sql("applicants", base, index=False)
        found = pd.read_sql(card.to_sql(), base).sort_values("row_number")
    return found["scorecard_points"].to_numpy()


def in_postgresql(card, frame, url):
    """The rows are loaded by pandas; the statement is sent as it stands, without SQLAlchemy, which would read its signs."""
    psycopg, engine = pytest.importorskip("psycopg"), pytest.importorskip("sqlalchemy").create_engine(url)
    frame.assign(row_number=np.arange(len(frame))).to_sql("applicants", engine, index=False, if_exists="replace")
    engine.dispose()
    with psycopg.connect(url.replace("+psycopg", "")) as base:
        asked = base.execute(card.to_sql())
        place = [column.name for column in asked.description].index("row_number")
        rows = sorted(asked.fetchall(), key=lambda row: row[place])
    return np.array([row[-1] for row in rows])


def in_python(card, frame):
    names = {}
    exec(card.to_python(), names)  # the text is the product
    return np.array([names["points"](row) for row in frame.to_dict("records")])


def with_edges(card, frame):
    """The rows, and rows at and next to every edge, infinite, missing and unseen."""
    added = []
    for cut in {cut.column: cut for term in card.terms for cut in term.cuts}.values():
        values = [np.nan, "(unseen)"] if not cut.numeric else [np.nan, np.inf, -np.inf, 0.0, -0.0]
        if not cut.numeric and not isinstance(next(level for one in cut.bins for level in one.levels), str):
            values = [np.nan]
        for edge in cut.edges:
            values += [edge, np.nextafter(edge, np.inf), np.nextafter(edge, -np.inf)]
        added += [{**frame.iloc[i % len(frame)].to_dict(), cut.column: value} for i, value in enumerate(values)]
    both = pd.concat([frame, pd.DataFrame(added)], ignore_index=True)
    numbers = [cut.column for term in card.terms for cut in term.cuts if cut.numeric]
    return both.astype(dict.fromkeys(numbers, float))


@pytest.mark.parametrize("name", every_nth(2, [name for name, entry in TABLES.items() if entry["task"] == "binary"]))
def test_sql_and_python_give_the_same_points_on_every_row_of_a_bundled_table(name):
    """The scorecard is made from 1,500 rows, so that others hold levels that it does not know."""
    entry = TABLES[name]
    given = {part: entry[part] for part in ("target", "positive", "adverse", "drop", "kinds")}
    frame = pd.read_csv(DATA / entry["file"])
    small = frame.sample(min(1500, len(frame)), random_state=1).drop(
        columns=[entry["split"]] if "split" in entry else []
    )
    table = ti.read_table(small, split=0.3, **given)
    card = ti.ladder(pipeline_for(table), table).scorecard()
    rows = with_edges(card, frame[[*dict.fromkeys(cut.column for term in card.terms for cut in term.cuts)]])
    points = card.points(rows)
    assert len(np.unique(points)) > 50
    assert np.array_equal(in_duckdb(card, rows), points)
    assert np.array_equal(in_sqlite(card, rows), points)
    assert np.array_equal(in_python(card, rows), points)


def test_two_way_tables_in_sql_and_python():
    _, table, card = crossed()
    rows = with_edges(card, table.frame[["x1", "x2"]])
    assert np.array_equal(in_duckdb(card, rows), card.points(rows))
    assert np.array_equal(in_sqlite(card, rows), card.points(rows))
    assert np.array_equal(in_python(card, rows), card.points(rows))


def test_booleans_missing_values_and_nan_in_sql_and_python():
    _, table, card, _ = mixed()
    rows = with_edges(card, table.frame[cases.INPUTS]).astype({"member": "boolean"}).astype({"member": object})
    rows["member"] = rows["member"].where(rows["member"].notna(), None)
    points = card.points(rows)
    assert np.array_equal(in_duckdb(card, rows), points)
    assert np.array_equal(in_sqlite(card, rows), points)
    assert np.array_equal(in_python(card, rows), points)
    with duckdb.connect() as base:  # NaN is no NULL there
        base.execute("CREATE TABLE a (age DOUBLE, income DOUBLE, city VARCHAR, member BOOLEAN, grade VARCHAR)")
        base.execute("INSERT INTO a VALUES ('NaN', 30000, 'oslo', true, 'low')")
        base.execute("INSERT INTO a SELECT NULL, 'NaN'::DOUBLE, city, member, grade FROM a")
        found = [row[-1] for row in base.sql(card.to_sql("a")).fetchall()]
    gap = {"age": [np.nan, np.nan], "income": [30_000, np.nan], "city": "oslo", "member": True, "grade": "low"}
    assert found == card.points(pd.DataFrame(gap)).tolist()


HOSTILE = ['se"lect', "from'; DROP TABLE applicants; --", "年齢\n{x}", "=cmd|' /C calc'!A0", "\\n%s", "order"]


def hostile():
    draw = np.random.default_rng(4)
    n = 1500
    frame = pd.DataFrame({name: draw.normal(size=n).round(2) for name in HOSTILE[:3]})
    for name in HOSTILE[3:]:
        frame[name] = draw.choice(["it's", 'say "no"', "back\\slash", "=1+1", "line\nbreak", "'; --", "ü"], n)
    drive = 1.5 * frame[HOSTILE[:3]].sum(axis=1) + 2 * frame[HOSTILE[3:]].isin(["it's", "=1+1", "'; --"]).sum(axis=1)
    frame["y"] = np.where(drive + draw.logistic(size=n) > drive.median(), "yes", "no")
    return frame, ti.read_table(frame, target="y", adverse="no", split=0.3)


def test_postgresql_gives_the_same_points(postgres):
    _, table, card = crossed()
    rows = with_edges(card, table.frame[["x1", "x2"]])
    assert np.array_equal(in_postgresql(card, rows, postgres), card.points(rows))
    _, table, card, _ = mixed()
    rows = with_edges(card, table.frame[cases.INPUTS]).astype({"member": "boolean"})
    assert np.array_equal(in_postgresql(card, rows, postgres), card.points(rows))
    frame, table = hostile()
    card = ti.ladder(pipeline_for(table), table).scorecard()
    assert np.array_equal(in_postgresql(card, frame[HOSTILE], postgres), card.points(frame[HOSTILE]))


def test_names_and_levels_run_nothing(tmp_path):
    frame, table = hostile()
    card = ti.ladder(pipeline_for(table), table).scorecard()
    assert {cut.column for term in card.terms for cut in term.cuts} == set(HOSTILE)
    rows = frame[HOSTILE]
    points = card.points(rows)
    source = '"lo""ans"."app\'s"'
    assert np.array_equal(in_sqlite(card, rows), points)
    assert np.array_equal(in_python(card, rows), points)
    with duckdb.connect() as base:
        base.execute('CREATE SCHEMA "lo""ans"')
        base.register("given", rows.assign(row_number=np.arange(len(rows))))
        base.execute(f"CREATE TABLE {source} AS SELECT * FROM given")
        found = base.sql(card.to_sql("lo\"ans.app's")).df().sort_values("row_number")
    assert np.array_equal(found["scorecard_points"], points)
    path = card.to_csv(tmp_path / "card.csv")
    cells = [cell for row in csv.reader(path.open(encoding="utf-8", newline="")) for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not any(cell.startswith(("=", "@", "+")) for cell in cells)
    assert all(cell.lstrip("-").replace(".", "").isdigit() for cell in cells if cell.startswith("-"))


def test_a_csv_file_holds_every_bin(tmp_path):
    _, table, card, _ = mixed()
    path = card.to_csv(str(tmp_path / "card.csv"))
    read = pd.read_csv(path, keep_default_na=False)
    frame = card.frame()
    assert "rows" not in read
    assert read["points"].tolist() == frame["points"].tolist()
    total = np.full(len(table), int(read["points"][0]))
    for column, bins in read[1:].groupby("column"):
        values = table.frame[column]
        for one in bins.to_dict("records"):
            if one["levels"]:
                here = values.astype(str).isin([str(level) for level in json.loads(one["levels"])])
            else:
                low, high = (
                    float(one[end]) if one[end] != "" else limit for end, limit in (("low", -np.inf), ("high", np.inf))
                )
                here = (values > low) & (values <= high) if one["bin"] != "missing" else values.isna()
            if one["missing"] == "True" or one["missing"] is True:
                here = here | values.isna()
            total[here.to_numpy()] += int(one["points"])
    assert np.array_equal(total, card.points(table))
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(OSError, match="does not replace links"):
        card.to_csv(tmp_path / "link")


def test_a_character_that_sql_cannot_hold_is_refused():
    draw = np.random.default_rng(6)
    frame = pd.DataFrame({"x": draw.choice(["a\0b", "c"], 800)})
    frame["y"] = (draw.random(800) < np.where(frame["x"] == "c", 0.8, 0.2)).astype(int)
    table = ti.read_table(frame, target="y", adverse=0, split=0.5)
    card = ti.ladder(pipeline_for(table), table).scorecard()
    with pytest.raises(TabinterpError, match=r"level 'a\\x00b' cannot be written in SQL"):
        card.to_sql()
    assert np.array_equal(in_python(card, frame[["x"]]), card.points(frame))
    for name in ("", "schema.", "a..b"):
        with pytest.raises(TabinterpError, match="part of the name of the database table is empty"):
            mixed()[2].to_sql(name)


# ---- what is refused


def test_a_scorecard_needs_two_classes_and_the_adverse_one():
    for task, says in (("regression", "two classes"), ("multiclass", "two classes")):
        table = cases.mixed_table(cases.mixed_frame(300, 1, task), task, split=0.4, stratify=False)
        ladder = ti.ladder(ti.wrap(cases.network_pipeline(table.training_rows().frame, task)), table)
        with pytest.raises(NotApplicableError, match=says):
            ladder.scorecard()
    table = cases.mixed_table(cases.mixed_frame(300, 1), split=0.4, adverse=None)
    ladder = ti.ladder(ti.wrap(cases.network_pipeline(table.training_rows().frame)), table)
    with pytest.raises(NotApplicableError, match=r"adverse class was not stated.*adverse in Python"):
        ladder.scorecard()
    audit = ti.audit(ladder.network.model, table, analyses=["scorecard"])
    assert "scorecard" not in audit.document.analyses
    assert "adverse class was not stated" in audit.to_markdown()


def test_a_refit_without_columns_is_no_scorecard():
    draw = np.random.default_rng(7)
    frame = pd.DataFrame(
        {"x": draw.normal(size=600), "y": np.tile([0, 1], 300), "split": np.repeat(["train", "test"], 300)}
    )
    table = ti.read_table(frame, target="y", adverse=0, split="split")
    network = Formula(lambda x: 0.0 * x[:, 0])
    ladder = ti.ladder(ti.wrap(network, encoder="passthrough", classes=[0, 1], outputs="logits"), table)
    assert ladder.shortest == "intercept"
    with pytest.raises(NotApplicableError, match="uses no column"):
        ladder.scorecard()


@pytest.mark.parametrize(
    "wrong",
    [
        {"pdo": 0},
        {"pdo": -20},
        {"odds": 0},
        {"odds": math.inf},
        {"points": math.nan},
        {"points": "600"},
        {"odds": True},
        {"pdo": 2e6},
    ],
)
def test_wrong_numbers_are_refused(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(TabinterpError, match=f"scorecard's {name} must be a .*number.*got"):
        mixed()[0].scorecard(**wrong)
    assert mixed()[0].scorecard(points=-5, counterpart=mixed()[3]).scaling.points == -5
    assert value is not None


def test_rows_of_other_columns_or_types_are_refused():
    _, table, card, _ = mixed()
    rows = table.frame[cases.INPUTS]
    with pytest.raises(TabinterpError, match=r"lack 2 of the scorecard's columns \('age', 'city'\).*all 5 columns"):
        card.points(rows.drop(columns=["age", "city"]))
    with pytest.raises(TabinterpError, match="'income' of the scorecard is numeric"):
        card.points(rows.assign(income="high"))
    with pytest.raises(
        TabinterpError,
        match=r"column 'city' has the value 3, but the levels of this column in the scorecard are text, such as '",
    ):
        card.points(rows.assign(city=3))
    with pytest.raises(TabinterpError, match=r"'member' has the value 'yes', but .* true or false"):
        card.points(rows.assign(member="yes"))
    assert card.points(rows.assign(more=1)[::-1]).tolist() == card.points(rows).tolist()[::-1]


def test_a_ladder_that_was_pickled_has_no_rows():
    ladder = mixed()[0]
    copy = pickle.loads(pickle.dumps(ladder))
    assert copy.network is None
    assert copy.frame().equals(ladder.frame())
    with pytest.raises(TabinterpError, match=r"Call ti.ladder\(model, table\) again"):
        copy.scorecard()


# ---- document and page


@cache
def audited():
    frame = cases.mixed_frame(1200, 3).rename(columns={"city": "TOWN"})
    labels = {"columns": {"TOWN": "Place of residence"}, "levels": {"TOWN": {"oslo": "Oslo (capital)"}}}
    table = ti.read_table(
        frame.drop(columns="w"), target="y", adverse="no", split=0.4, labels=labels, levels={"grade": cases.GRADES}
    )
    return ti.audit(pipeline_for(table), table, analyses=["scorecard"])


def test_an_audit_holds_and_shows_the_scorecard():
    audit = audited()
    audit.check()
    record = audit.document.analyses["scorecard"]
    assert (record.points, record.odds, record.pdo) == (600, 50, 20)
    assert [one.column for one in record.columns] == ["age", "income", "TOWN", "member", "grade"]
    assert not record.pairs
    text = audit.to_markdown()
    assert "Scorecard (5 columns)" in text
    assert "at 600 points the predicted odds of “yes” against “no” are 50.0 to 1" in text
    assert "Place of residence" in text
    assert "Oslo (capital)" in text
    assert "scorecard" in ti.Audit.from_json(audit.to_json()).document.analyses
    assert len(audit.to_markdown(lang="ja")) > 1000


def test_the_document_holds_no_number_of_rows_in_a_bin():
    record = audited().document.analyses["scorecard"].model_dump()
    assert set(record["columns"][0]) == {"column", "bins", "points", "reference_bin"}
    assert set(record["columns"][0]["bins"][0]) == {"low", "high", "levels", "missing", "other"}


def test_claims_that_do_not_follow_are_refused():
    document = audited().document
    record = document.analyses["scorecard"]
    wrong = "better" if record.status != "better" else "worse"
    with pytest.raises(DocumentError, match=f"status is '{wrong}'"):
        record.model_copy(update={"status": wrong}).check_claims(document)
    first = record.columns[0]
    shifted = [first.model_copy(update={"points": [one + 1 for one in first.points]}), *record.columns[1:]]
    with pytest.raises(DocumentError, match="the entry of the reference bin must be 0"):
        record.model_copy(update={"columns": shifted}).check_claims(document)


def test_a_picture_of_the_points():
    card = mixed()[2]
    picture = card.picture(None)
    assert "age: ≤ 22" in picture.table().iloc[:, 0].tolist()
    assert "<img" in card.to_html()


def test_the_page_names_the_protected_columns_that_have_points():
    document = binary()
    record = document.get(Record)
    for name in ({one.column for one in record.columns}, set()):
        columns = [one.model_copy(update={"protected": one.name in name}) for one in document.data.columns]
        data = document.data.model_copy(update={"columns": columns})
        (fold,) = section.build(record, document.model_copy(update={"data": data}))
        said = re.findall(r"Protected columns with points: (.*?)\.", str(fold.blocks[0].text))
        assert said == ([", ".join(one.column for one in record.columns)] if name else [])
