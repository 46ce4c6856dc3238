"""The linear counterpart is scikit-learn's own fit on the model's encoding of the training rows."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from torch import nn

import tabinterp as ti
from tabinterp.errors import NotApplicableError
from tabinterp.linear.counterpart import NEWER, _negative_log_loss
from tabinterp.linear.penalised import FOLDS, STRENGTHS, fit_classes, parts_of
from tabinterp.models import bind, probabilities
from tests.shared import every_nth

from .cases import COLUMNS, LOCAL, frame, numeric_table, table

TASKS = ["binary", "multiclass", "regression"]


def network(given, encoder="indicators"):
    """A network of no merit: only its encoder matters here."""
    fitted = LOCAL[encoder].fit(given.inputs[COLUMNS])
    torch.manual_seed(0)
    width = fitted.transform(given.inputs[COLUMNS][:2]).shape[1]
    outputs = 3 if given.schema.task == "multiclass" else 1
    module = nn.Sequential(nn.Linear(width, 3), nn.Tanh(), nn.Linear(3, outputs))
    return ti.wrap(module, encoder=fitted, task=given.schema.task if outputs == 1 else None)


def standardised(given, training, encoder="indicators"):
    x = np.asarray(LOCAL[encoder].transform(given.inputs[COLUMNS]), dtype=float)
    scale = x[training].std(axis=0)
    return (x - x[training].mean(axis=0)) / np.where(scale > 0, scale, 1)


def chosen_logistic(x, y, training):
    """The strength with the least cross-validated log loss, found the long way."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    losses = [
        -cross_val_score(
            LogisticRegression(C=c, max_iter=1000), x[training], y[training], cv=folds, scoring="neg_log_loss"
        ).mean()
        for c in STRENGTHS
    ]
    return LogisticRegression(C=STRENGTHS[int(np.argmin(losses))], max_iter=1000, tol=1e-8).fit(
        x[training], y[training]
    )


@pytest.mark.parametrize(("task", "split"), [("binary", None), ("multiclass", 0.3)])
def test_classification_is_scikit_learn_s_fit_of_the_chosen_penalty(task, split):
    given = table(task, split=split)
    training = np.ones(300, dtype=bool) if split is None else ~given.held_out
    linear = ti.fit_counterpart(network(given), given)
    x = standardised(given, training)
    expected = chosen_logistic(x, given.codes, training).predict_proba(x)
    np.testing.assert_allclose(probabilities(bind(linear, given).scores), expected, atol=2e-3)
    assert bind(linear, given).is_linear


@pytest.mark.parametrize("weighted", [False, True])
def test_the_fit_of_several_classes_is_that_of_scikit_learn_s_cross_validation(weighted):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 5))
    codes = (x @ rng.normal(size=(5, 4)) + rng.gumbel(size=(600, 4))).argmax(axis=1)
    weights = rng.exponential(size=600) if weighted else None
    parts = parts_of(codes, None, range(4), 0)
    fitted = fit_classes(x, codes, weights, parts)
    search = LogisticRegressionCV(Cs=STRENGTHS, cv=parts, scoring=_negative_log_loss, max_iter=1000, **NEWER)
    expected = search.fit(x, codes, sample_weight=weights)
    assert np.ravel(expected.C_)[0] == fitted.C
    np.testing.assert_allclose(fitted.coef_, expected.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(fitted.intercept_, expected.intercept_, rtol=1e-6, atol=1e-9)


def leave_one_out(x, y, alpha):
    """Mean squared error of predicting each row from the others, by the normal equations of ridge with an intercept."""
    design = np.column_stack([np.ones(len(x)), x])
    penalty = np.diag([0.0, *[alpha] * x.shape[1]])
    errors = []
    for row in range(len(x)):
        others = np.arange(len(x)) != row
        beta = np.linalg.solve(design[others].T @ design[others] + penalty, design[others].T @ y[others])
        errors.append((y[row] - design[row] @ beta) ** 2)
    return np.mean(errors)


def test_regression_is_ridge_with_the_penalty_of_the_least_error():
    given = table("regression", split=0.3)
    training = ~given.held_out
    linear = ti.fit_counterpart(network(given), given)
    x, n = standardised(given, training), int(training.sum())
    alphas = n * np.logspace(-7, 1, 17)
    errors = [leave_one_out(x[training], given.y[training], alpha) for alpha in alphas]
    expected = Ridge(alphas[int(np.argmin(errors))]).fit(x[training], given.y[training]).predict(x)
    np.testing.assert_allclose(bind(linear, given).scores[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("task", every_nth(2, TASKS))
def test_the_training_rows_alone_decide(task):
    """Held-out rows under another law, with other numbers and levels, change nothing."""
    given = table(task, split=0.3)
    model = network(given)
    plain = ti.fit_counterpart(model, given)
    planted = given.frame.copy()
    out = given.held_out
    planted.loc[out, "age"] = planted.loc[out, "age"] * -50
    planted.loc[out, "city"] = "Bonn"
    turned = given.frame.loc[out, given.schema.target].sample(frac=1, random_state=0).to_numpy()
    planted.loc[out, given.schema.target] = turned
    other = ti.read_table(
        planted.assign(part=np.where(out, "test", "train")),
        target=given.schema.target,
        task=task,
        drop=[c.name for c in given.schema.columns if c.role == "dropped"],
        split="part",
    )
    again = ti.fit_counterpart(model, other)
    for a, b in zip(plain.module.parameters(), again.module.parameters(), strict=True):
        assert torch.equal(a, b)
    everything = ti.fit_counterpart(
        model,
        ti.read_table(
            planted,
            target=given.schema.target,
            task=task,
            drop=[c.name for c in given.schema.columns if c.role == "dropped"],
        ),
    )
    assert not torch.equal(everything.module[0].weight, plain.module[0].weight)


@pytest.mark.parametrize("task", every_nth(2, TASKS))
def test_without_a_split_every_row_counts(task):
    given = table(task)
    linear = ti.fit_counterpart(network(given), given)
    half = given.take(np.arange(150))
    other = ti.fit_counterpart(network(given), half)
    assert not torch.equal(linear.module[0].weight, other.module[0].weight)
    assert (linear.split, linear.task, linear.classes) == (None, task, given.schema.classes or None)


@pytest.mark.parametrize("task", every_nth(2, TASKS))
def test_weights_are_used(task):
    """Rows of weight zero could hold anything; the positive half weighed up moves the mean score."""
    draw = np.random.default_rng(0)
    source = frame().assign(w=draw.choice([0.0, 1.0, 2.0], 300))
    given = table(task, source=source, weight="w")
    model = network(given)
    linear = ti.fit_counterpart(model, given)
    plain = ti.fit_counterpart(model, table(task))
    assert (linear.module[0].weight - plain.module[0].weight).abs().max() > 1e-4
    y = given.y
    score = bind(linear, given).scores
    residual = (
        np.eye(3)[given.codes] - probabilities(score)
        if task == "multiclass"
        else y - (probabilities(score)[:, 1] if task == "binary" else score[:, 0])
    )
    weighted = np.abs(given.weights @ residual).max() / given.weights.sum()
    assert weighted < 1e-3 * max(1.0, y.std())  # the intercept is not penalised: weighted residuals sum to nothing
    assert np.abs(residual.mean(axis=0)).max() > 3 * weighted


def test_a_column_that_is_constant_in_training_gets_no_weight():
    given = numeric_table(rows=300)
    source = given.frame.assign(x3=0.1, part="train")
    source.loc[200:, ["x3", "part"]] = [5000.0, "test"]
    given = ti.read_table(source, target="y", split="part")
    model = ti.wrap(nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 1)), encoder="passthrough")
    linear = ti.fit_counterpart(model, given)
    assert linear.module[0].weight[0, 3] == 0
    assert np.abs(bind(linear, given).scores).max() < 100


def test_a_class_that_training_lacks_or_has_once_is_refused():
    given = numeric_table("multiclass")
    model = ti.wrap(nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 3)), encoder="passthrough")
    for rows in (
        given.codes == 2,
        given.codes == 0,
        (given.codes == 2) & (np.arange(300) != np.flatnonzero(given.codes == 2)[0]),
    ):
        source = given.frame.assign(part=np.where(rows, "test", "train"))
        with pytest.raises(NotApplicableError, match="two training rows of every class"):
            ti.fit_counterpart(model, ti.read_table(source, target="y", split="part"))


def test_whether_the_fit_converged_is_said(monkeypatch):
    given = table()
    assert ti.fit_counterpart(network(given), given).converged
    monkeypatch.setattr("tabinterp.linear.counterpart.ITERATIONS", 1)
    assert not ti.fit_counterpart(network(given), given).converged
    assert ti.fit_counterpart(network(given), given).penalised


def test_the_seed_decides_the_folds_and_nothing_else_is_drawn():
    given = table()
    model = network(given)
    before = np.random.get_state()[1].tobytes(), torch.get_rng_state()  # noqa: NPY002
    one, two = ti.fit_counterpart(model, given, seed=3), ti.fit_counterpart(model, given, seed=3)
    assert torch.equal(one.module[0].weight, two.module[0].weight)
    assert np.random.get_state()[1].tobytes() == before[0]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[1])


def test_a_scikit_learn_model_has_a_counterpart_too():
    given = table()
    source = frame()
    pipeline = make_pipeline(LOCAL["indicators"], LogisticRegression(max_iter=500)).fit(
        source[COLUMNS], source["binary"]
    )
    linear = ti.fit_counterpart(ti.wrap(pipeline), given)
    own, rival = bind(ti.wrap(pipeline), given), bind(linear, given)
    assert rival.encoding.blocks.keys() == own.encoding.blocks.keys()
    assert np.corrcoef(own.scores[:, 0], rival.scores[:, 0])[0, 1] > 0.97
