"""Counts, from the table to the report, beside statsmodels, scikit-learn and closed forms."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.inspection import permutation_importance as of_sklearn
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.metrics import mean_poisson_deviance
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPRegressor
from torch import nn
from typer.testing import CliRunner

import tabinterp as ti
from tabinterp.cli import commands as cli
from tabinterp.errors import ModelError, NotApplicableError, TableError
from tabinterp.linear.design import Design, Term
from tabinterp.linear.inference import infer
from tabinterp.linear.penalised import FOLDS, STRENGTHS
from tabinterp.models import bind
from tabinterp.models.scores import CLIP
from tabinterp.network.reference import fit_network
from tests.shared import every_nth

READ = ["a", "b"]


def rows(n=400, seed=0):
    """Counts whose log rate is 0.3 + 0.5 a - 0.3 b, with a level in which nothing is ever counted."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": draw.normal(size=n), "b": draw.exponential(size=n), "c": draw.choice(list("uvw"), n)})
    rate = np.exp(0.3 + 0.5 * frame["a"] - 0.3 * frame["b"] + 0.4 * (frame["c"] == "v"))
    frame["y"] = draw.poisson(np.where(frame["c"] == "w", 0, rate))
    frame["weight"] = draw.integers(1, 4, n).astype(float)
    return frame


FRAME = rows()
LIVELY = FRAME[FRAME["c"] != "w"].reset_index(drop=True)


def table(frame=LIVELY, columns=READ, **settings):
    keep = [*columns, "y", *([settings["weight"]] if "weight" in settings else [])]
    return ti.read_table(frame[keep], target="y", task="count", **settings)


def glm(frame=LIVELY, right="a + b", **settings):
    fit = settings.pop("fit", {"cov_type": "HC0"})
    return smf.glm(f"y ~ {right}", frame, family=sm.families.Poisson(), **settings).fit(**fit)


# ---- the table


def test_a_count_is_never_inferred():
    assert ti.read_table(LIVELY[[*READ, "y"]].assign(y=LIVELY["y"] * 7), target="y").schema.task != "count"
    made = table()
    assert (made.schema.task, made.schema.classes, made.codes) == ("count", (), None)
    np.testing.assert_array_equal(made.y, LIVELY["y"])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 0, -2, -3], r"target 'y' must contain counts .* but row 2 contains -2 \(number of invalid rows: 2\)"),
        (
            [1, 0, 2, 2.5],
            r"target 'y' must contain counts .* but row 3 contains 2.5 \(number of invalid rows: 1\).*task='regression'",
        ),
        (list("abca"), "'y' must contain numbers if the task is count; row 0 contains 'a'"),
    ],
)
def test_what_is_no_count_is_refused(values, words):
    with pytest.raises(TableError, match=words):
        ti.read_table(pd.DataFrame({"a": range(4), "y": values}), target="y", task="count")


def test_a_count_has_no_positive_class():
    with pytest.raises(TableError, match="a count target has no positive class"):
        table(positive=1)


# ---- models: every way to a log rate


class Rates(nn.Module):
    """A network of counts that returns rates by `last`."""

    def __init__(self, last):
        super().__init__()
        torch.manual_seed(0)
        self.inner, self.last = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)), last

    def forward(self, x):
        return self.last(self.inner(x))


@pytest.mark.parametrize(
    ("outputs", "last"), [("log_rate", nn.Identity()), ("rate", torch.exp), ("rate", torch.nn.Softplus())]
)
def test_networks_of_logs_and_of_rates_give_logs(outputs, last):
    network, given = Rates(last), table()
    bound = bind(ti.wrap(network, encoder="passthrough", task="count", outputs=outputs), given)
    with torch.no_grad():
        said = network(torch.as_tensor(given.inputs.to_numpy()).float()).double().numpy()
    np.testing.assert_allclose(bound.scores, said if outputs == "log_rate" else np.log(said), atol=1e-5)
    stripped = not any(node.target is torch.exp for node in bound.front.rest.graph.nodes)
    assert stripped
    assert bound.clipped == 0


def test_rates_say_that_it_is_a_count_and_logits_are_refused():
    assert ti.wrap(Rates(torch.exp), encoder="passthrough", outputs="rate").task == "count"
    with pytest.raises(ModelError, match="outputs must be one of log_rate, rate; got 'logits'"):
        ti.wrap(Rates(torch.exp), encoder="passthrough", task="count", outputs="logits")


def test_expected_counts_of_nothing_are_clipped_and_counted():
    layer = nn.Linear(2, 1, bias=False)
    layer.weight.data = torch.tensor([[1.0, 0.0]])
    given = table()
    bound = bind(ti.wrap(layer, encoder="passthrough", task="count", outputs="rate"), given)
    assert bound.clipped == (LIVELY["a"] < CLIP).sum() > 0
    np.testing.assert_allclose(bound.scores[:, 0], np.log(np.maximum(LIVELY["a"], CLIP)), rtol=1e-5)
    notes = ti.audit(bound, given, rows=50, analyses=["calibration"]).document.network.notes
    assert [n.values for n in notes if n.key == "model.clipped_rates"] == [{"rows": bound.clipped}]


FITTED = {
    "regression": PoissonRegressor(alpha=0.01),
    "perceptron": MLPRegressor("poisson", hidden_layer_sizes=(3,), max_iter=5, random_state=0),
    "boosting": HistGradientBoostingRegressor(loss="poisson", max_iter=5),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", FITTED)
def test_estimators_of_counts(name):
    fitted = FITTED[name].fit(LIVELY[READ], LIVELY["y"])
    bound = bind(ti.wrap(fitted), table())
    np.testing.assert_allclose(np.exp(bound.scores[:, 0]), fitted.predict(LIVELY[READ]), rtol=1e-5)
    assert bound.is_linear == (name == "regression")


@pytest.mark.parametrize("log_input", [True, False])
def test_skorch_reads_log_input_off_the_criterion(log_input):
    skorch = pytest.importorskip("skorch")
    net = skorch.NeuralNet(
        Rates(nn.Identity() if log_input else nn.Softplus()),
        criterion=nn.PoissonNLLLoss(log_input=log_input), max_epochs=2, train_split=None, verbose=0,
    )  # fmt: skip
    x, y = (LIVELY[c].to_numpy(dtype=np.float32) for c in (READ, ["y"]))
    net.fit(x, y)
    model = ti.wrap(net)
    assert (model.task, model.outputs) == ("count", "log_rate" if log_input else "rate")
    said = net.predict(x)
    bound = bind(model, table())
    np.testing.assert_allclose(bound.scores, said if log_input else np.log(said), atol=1e-5)
    if log_input:
        with pytest.raises(
            ModelError, match=r"is a count model.*needs a regression model. Load the table with task='count'"
        ):
            bind(model, ti.read_table(LIVELY[[*READ, "y"]], target="y", task="regression"))


def test_a_function_gives_expected_counts_and_a_classifier_is_refused():
    bound = bind(ti.wrap(lambda frame: np.exp(frame["a"].to_numpy()), task="count"), table())
    np.testing.assert_allclose(bound.scores[:, 0], LIVELY["a"], atol=1e-12)
    with pytest.raises(ModelError, match="is a binary model, but the table's target 'y' needs a count model"):
        bind(ti.wrap(LogisticRegression().fit(LIVELY[READ], LIVELY["y"] > 1)), table())


def test_exposure_of_a_glm_is_refused_in_words():
    x = sm.add_constant(LIVELY[READ])
    result = sm.GLM(LIVELY["y"], x, family=sm.families.Poisson(), exposure=LIVELY["b"] + 1).fit()
    with pytest.raises(ModelError, match="offset or exposure"):
        ti.wrap(result)


@cache
def trained(columns=tuple(READ)):
    return ti.train(table(columns=columns))


def test_a_bundle_remembers_that_it_is_a_count(tmp_path):
    made = trained()
    ti.save_model(
        made.networks[0], tmp_path / "model", counterpart=made.counterpart, table={"target": "y", "task": "count"}
    )
    loaded = ti.load_model(tmp_path / "model")
    assert (loaded.task, loaded.outputs) == ("count", "log_rate")
    assert ti.table_settings(tmp_path / "model")["task"] == "count"
    np.testing.assert_array_equal(bind(loaded, table()).scores, bind(made.networks[0], table()).scores)


# ---- the linear side


@pytest.mark.parametrize("weight", every_nth(2, [None, "weight"]))
def test_coefficients_errors_and_rate_ratios_are_statsmodels(weight):
    columns = ["a", "b", "c"]
    network = bind(trained(tuple(columns)).networks[0], table(columns=columns))
    weighted = table(columns=columns, **({} if weight is None else {"weight": weight}))
    frame = ti.coefficients(ti.fit_counterpart(network, table(columns=columns)), weighted).frame()
    reference = frame["reference"].iloc[2]
    var = {} if weight is None else {"var_weights": LIVELY[weight]}
    theirs = glm(right=f"a + b + C(c, Treatment('{reference}'))", **var)
    order = [1 + theirs.params.index[1:].get_loc(n) for n in ("a", "b")] + [1]
    for ours, want in (("estimate", theirs.params), ("stderr", theirs.bse), ("p", theirs.pvalues)):
        np.testing.assert_allclose(frame[ours].astype(float), want.iloc[order], rtol=1e-5)
    np.testing.assert_allclose(frame["rate_ratio"].astype(float), np.exp(theirs.params.iloc[order]), rtol=1e-5)
    np.testing.assert_allclose(
        frame["rate_ratio_low"].astype(float), np.exp(theirs.conf_int()[0].iloc[order]), rtol=1e-4
    )
    assert "odds_ratio" not in frame


def test_model_based_errors_on_request():
    design = Design(LIVELY[READ].to_numpy(), (Term("a"), Term("b")))
    made = infer(design, LIVELY["y"].to_numpy(), task="count", n_classes=0, covariance="model")
    np.testing.assert_allclose([e.stderr for e in made.estimates], glm(fit={}).bse.iloc[1:], rtol=1e-6)


def dummies(frame, reference):
    levels = [level for level in "uvw" if level != reference]
    matrix = np.column_stack([frame["a"], *[(frame["c"] == level).astype(float) for level in levels]])
    return Design(matrix, (Term("a"), *(Term("c", level, reference, dummy=True) for level in levels)))


def test_a_level_without_any_count_has_a_reason_and_the_others_their_limit():
    made = infer(dummies(FRAME, "u"), FRAME["y"].to_numpy(), task="count", n_classes=0)
    slope, v, w = made.estimates
    lost = int((FRAME["c"] == "w").sum())
    assert (w.estimate, w.reason.code, w.reason.by, w.reason.rows) == (None, "never_counted", "level", lost)
    assert made.rows_separated == lost
    theirs = glm(right="a + C(c)")  # without those rows
    np.testing.assert_allclose([slope.estimate, v.estimate], theirs.params.iloc[[2, 1]], rtol=1e-6)
    np.testing.assert_allclose([slope.stderr, v.stderr], theirs.bse.iloc[[2, 1]], rtol=1e-6)


def test_a_reference_level_without_any_count():
    made = infer(dummies(FRAME, "w"), FRAME["y"].to_numpy(), task="count", n_classes=0)
    assert [(e.estimate is None, e.reason and e.reason.by) for e in made.estimates] == [
        (False, None), (True, "reference"), (True, "reference"),
    ]  # fmt: skip
    assert made.estimates[0].estimate == pytest.approx(glm(right="a + C(c)").params["a"], rel=1e-6)


def test_a_combination_that_is_never_counted_and_one_that_bends_back():
    """Beyond a threshold nothing is counted: a slope runs away. With one count there it stays."""
    x = np.concatenate([np.zeros(20), np.arange(1.0, 21)])
    y = np.concatenate([np.tile([1.0, 2.0], 10), np.zeros(20)])
    design = Design(x[:, None], (Term("x"),))
    assert infer(design, y, task="count", n_classes=0).estimates[0].reason.by == "combination"
    y[25] = 1
    made = infer(design, y, task="count", n_classes=0).estimates[0]
    theirs = sm.GLM(y, sm.add_constant(x), family=sm.families.Poisson()).fit(cov_type="HC0")
    assert made.estimate == pytest.approx(theirs.params[1], rel=1e-6)


def test_a_single_row_has_no_error():
    frame = pd.concat([LIVELY, LIVELY.iloc[[0]].assign(c="w", y=3)], ignore_index=True)
    made = infer(dummies(frame, "u"), frame["y"].to_numpy(), task="count", n_classes=0)
    assert (made.estimates[2].stderr, made.estimates[2].reason.code) == (None, "single_row")
    assert made.estimates[1].stderr == pytest.approx(glm(frame, "a + C(c)").bse.iloc[1], rel=1e-5)


def test_nothing_counted_at_all():
    with pytest.raises(NotApplicableError, match="all 9 counts are 0"):
        infer(Design(np.arange(9.0)[:, None], (Term("x"),)), np.zeros(9), task="count", n_classes=0)


def test_a_fit_that_leaves_the_range_of_numbers_is_said_so():
    """Weights that differ a millionfold: statsmodels' steps diverge, and it raises."""
    draw = np.random.default_rng(97)
    rows = int(draw.integers(6, 14))
    x = np.column_stack([draw.normal(size=rows), draw.random(rows) < 0.2]).astype(float)
    y, weights = draw.integers(0, 4, rows).astype(float), draw.choice([1.0, 2.5, 1e6], rows)
    with pytest.raises(NotApplicableError, match="the unpenalised fit to the counts did not converge"):
        infer(Design(x, (Term("a"), Term("b"))), y, weights=weights, task="count", n_classes=0)


@pytest.mark.parametrize("weight", every_nth(2, [None, "weight"]))
def test_the_rival_is_scikit_learns_of_the_least_cross_validated_deviance(weight):
    given = table(**({} if weight is None else {"weight": weight}))
    linear = ti.fit_counterpart(ti.wrap(Rates(nn.Identity()), encoder="passthrough", task="count"), given)
    w = np.ones(len(LIVELY)) if weight is None else LIVELY[weight].to_numpy()
    x, y = LIVELY[READ].to_numpy(), LIVELY["y"].to_numpy()
    mean = np.average(x, axis=0, weights=w)
    x = (x - mean) / np.sqrt(np.average((x - mean) ** 2, axis=0, weights=w))

    def fit(strength, at):
        return PoissonRegressor(alpha=1 / (strength * len(x)), max_iter=1000, tol=1e-9).fit(x[at], y[at], w[at])

    losses = []
    for strength in STRENGTHS:
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(x, y > 0)
        losses.append(
            sum(
                w[b].sum() * mean_poisson_deviance(y[b], fit(strength, a).predict(x[b]), sample_weight=w[b])
                for a, b in folds
            )
        )
    expected = fit(STRENGTHS[int(np.argmin(losses))], slice(None)).predict(x)
    bound = bind(linear, given)
    np.testing.assert_allclose(np.exp(bound.scores[:, 0]), expected, rtol=1e-4)
    assert bound.is_linear
    assert (linear.name, linear.penalised, linear.converged) == ("Poisson regression", True, True)


def test_a_statsmodels_result_brings_its_own_covariance():
    result = glm(fit={"cov_type": "HC3"})
    frame = ti.coefficients(ti.wrap(result), table()).frame()
    np.testing.assert_allclose(frame["estimate"].astype(float), result.params.iloc[1:], rtol=1e-9)
    np.testing.assert_allclose(frame["stderr"].astype(float), result.bse.iloc[1:], rtol=1e-9)
    np.testing.assert_allclose(frame["rate_ratio"].astype(float), np.exp(result.params.iloc[1:]), rtol=1e-9)


# ---- readings


def test_gradients_and_derivatives_of_the_linear_model_are_its_coefficients():
    fitted = PoissonRegressor(alpha=0).fit(LIVELY[READ], LIVELY["y"])
    model, given = ti.wrap(fitted), table()
    sizes = ti.gradient_importance(model, given, method="saliency").values[:, :, 0]
    np.testing.assert_allclose(
        sizes, np.tile(np.abs(fitted.coef_) * LIVELY[READ].std(ddof=0), (len(LIVELY), 1)), rtol=1e-6
    )
    paths = ti.gradient_importance(model, given).values[:, :, 0]
    np.testing.assert_allclose(paths, fitted.coef_ * (LIVELY[READ] - LIVELY[READ].mean()), atol=1e-5)
    np.testing.assert_allclose(ti.coefficients(model, given).frame()["model"], fitted.coef_, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "scoring"),
    [
        (None, "neg_mean_poisson_deviance"),
        pytest.param("squared_error", "neg_mean_squared_error", marks=pytest.mark.nightly),
        pytest.param("absolute_error", "neg_mean_absolute_error", marks=pytest.mark.nightly),
    ],
)
def test_permutation_importance_is_scikit_learns(loss, scoring):
    fitted = PoissonRegressor(alpha=0.01).fit(LIVELY[READ], LIVELY["y"])
    ours = ti.permutation_importance(ti.wrap(fitted), table(), loss=loss, n_repeats=50)
    theirs = of_sklearn(fitted, LIVELY[READ], LIVELY["y"], scoring=scoring, n_repeats=200, random_state=0)
    spread = np.hypot(theirs.importances_std / np.sqrt(200), theirs.importances_std / np.sqrt(50))
    assert (np.abs(ours.importance - theirs.importances_mean) < 4 * spread).all()
    assert (ours.importance > 0).all()


# ---- the reference network, and the whole


@pytest.mark.nightly
def test_the_reference_network_finds_the_rates_wherever_they_lie():
    draw = np.random.default_rng(1)
    x = draw.normal(size=(2000, 2))
    rate = np.exp(4 + 0.5 * np.sin(2 * x[:, 0]))
    fitted = fit_network(x, draw.poisson(rate), task="count")
    with torch.no_grad():
        found = np.exp(fitted.module(torch.as_tensor(x).float())[:, 0].double().numpy())
    assert np.corrcoef(found, rate)[0, 1] > 0.97
    assert (
        fitted.validation_loss < 1.5
    )  # of rates that are right it is about 1; of the mean alone it is many times that


def test_the_reference_network_refuses_what_is_no_count():
    with pytest.raises(ModelError, match="only whole numbers, 0 or greater"):
        fit_network(np.ones((9, 1)), np.arange(9) - 1.0, task="count")
    with pytest.raises(ModelError, match="all counts in the training rows are 0"):
        fit_network(np.ones((9, 1)), np.zeros(9), task="count")


def test_train_and_audit_from_the_command_line_to_the_report(tmp_path, monkeypatch):
    draw = np.random.default_rng(3)
    frame = FRAME.assign(extra=draw.normal(size=len(FRAME)))[["a", "b", "c", "extra", "y"]]
    frame.to_csv(tmp_path / "visits.csv", index=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        done = CliRunner().invoke(cli.app, [*arguments, "--quiet"])
        assert done.exit_code == 0, done.output

    run("train", "--data", "visits.csv", "--target", "y", "--task", "count", "--out", "model")
    analyses = "coefficients,permutation_importance,calibration"
    run("audit", "model", "--data", "visits.csv", "--out", "out", "--analyses", analyses)
    document = ti.Audit.from_json(tmp_path / "out" / "audit.json").document
    assert (document.data.task, document.linear.name) == ("count", "Poisson regression")
    assert document.verdict.metric == document.importance.loss == "poisson_deviance"
    assert [m.metric for m in document.performance.metrics] == ["poisson_deviance", "squared_error", "absolute_error"]
    assert document.coefficients.scale == "log-rate"
    assert document.coefficients.method.key == "coefficients.method.robust.count"
    slope = next(t for t in document.coefficients.terms if t.column == "a")
    assert slope.rate_ratio.value == pytest.approx(np.exp(slope.linear.value))
    assert slope.odds_ratio.value is None
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (tmp_path / "out" / "report.html").read_text("utf-8")))
    for words in ("rate ratio", "Poisson deviance", "log rate (log expected count)", "Target: y (a count"):
        assert words in page
    for words in ("odds ratio", "log-odds", "log loss"):
        assert words not in page
    assert "the target is 0" in page  # the level in which nothing is counted
