"""A network that is a linear model is named as one, and its coefficients on the original columns are the linear model's own."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn
from torch.nn import functional

import tabinterp as ti
from tests import cases

COLUMNS = ["size", "income", "city"]


def frame_of(task: str, n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n) * 2 + 5,
            "income": 30_000 + 9_000 * rng.normal(size=n),
            "city": rng.choice(["bern", "oslo", "rome"], n),
        }
    )
    signal = 0.4 * (frame["size"] - 5) - (frame["income"] - 30_000) / 12_000 + 0.8 * (frame["city"] == "oslo")
    signal = signal + rng.logistic(size=n)
    return frame.assign(y=signal if task == "regression" else np.where(signal > 0, "yes", "no"))


def design(frame: pd.DataFrame) -> pd.DataFrame:
    """The original columns, in their own units, with bern as the reference."""
    levels = {level: (frame["city"] == level).astype(float) for level in ("oslo", "rome")}
    return sm.add_constant(frame[["size", "income"]].assign(**levels))


def at_the_optimum(frame: pd.DataFrame, task: str):
    """One layer behind scaled and one-hot columns, trained without a penalty until the gradient is nothing."""
    encoder = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["size", "income"]),
            ("city", OneHotEncoder(drop="first", sparse_output=False), ["city"]),
        ]
    ).fit(frame[COLUMNS])
    x = torch.as_tensor(encoder.transform(frame[COLUMNS]))
    y = torch.tensor(frame["y"].to_numpy() if task == "regression" else (frame["y"] == "yes").to_numpy(float))
    layer = nn.Linear(x.shape[1], 1, dtype=torch.float64)
    steps = torch.optim.LBFGS(
        layer.parameters(), max_iter=500, tolerance_grad=1e-13, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        steps.zero_grad()
        scores = layer(x)[:, 0]
        lost = (
            functional.mse_loss(scores, y)
            if task == "regression"
            else functional.binary_cross_entropy_with_logits(scores, y)
        )
        lost.backward()
        return lost

    steps.step(loss)
    classes = {} if task == "regression" else {"classes": ["no", "yes"]}
    return ti.wrap(layer, encoder=encoder, **({"task": task} if task == "regression" else classes))


@functools.cache
def case(task: str):
    frame = frame_of(task)
    positive = {} if task == "regression" else {"positive": "yes"}
    return frame, at_the_optimum(frame, task), ti.read_table(frame, target="y", task=task, **positive)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_coefficients_are_those_of_statsmodels_and_scikit_learn(task):
    frame, model, table = case(task)
    family = sm.families.Binomial() if task == "binary" else sm.families.Gaussian()
    target = (frame["y"] == "yes").astype(float) if task == "binary" else frame["y"]
    theirs = sm.GLM(target, design(frame), family).fit(tol=1e-14, maxiter=200).params[1:].to_numpy()
    found = ti.coefficients(model, table).frame()
    assert found["level"].fillna(found["column"]).tolist() == ["size", "income", "oslo", "rome"]
    np.testing.assert_allclose(found["model"].astype(float), theirs, rtol=1e-6)
    final = (
        LinearRegression()
        if task == "regression"
        else LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    )
    scaled = design(frame).iloc[:, 1:]
    sd = scaled.std()
    ours = final.fit(scaled / sd, frame["y"]).coef_.ravel() / sd.to_numpy()
    np.testing.assert_allclose(found["model"].astype(float), ours, rtol=1e-6)


def test_the_report_names_it_and_prints_these_coefficients(undrawn):
    frame, model, _ = case("binary")
    table = ti.read_table(frame, target="y", positive="yes", split=0.5)
    audit = ti.audit(model, table, rows=60, analyses=["coefficients", "decomposition", "ladder"])
    document = audit.document
    assert document.network.linear
    assert document.verdict.lines[0].key == "verdict.linear.exact"
    assert "The network can express nothing that logistic regression cannot" in audit.to_html()
    (finding,) = [f for f in document.findings if f.slug == "secretly-linear"]
    assert (finding.status, finding.claim.key) == ("raised", "finding.secretly-linear.raised_exact")
    expected = ti.coefficients(model, table).frame()["model"].astype(float)
    np.testing.assert_allclose([t.network.value for t in document.coefficients.terms], expected, rtol=1e-6)
    np.testing.assert_allclose([t.surrogate for t in document.coefficients.terms], expected, rtol=1e-6)


class Doubled(nn.Module):
    """Linear over rows whose numbers are all positive, though it has a hidden layer: relu of what is never negative."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = cases.affine(np.eye(3)), cases.affine([[1.0, -2.0, 0.5]])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.relu(self.first(x) + 100.0))


def test_a_hidden_layer_that_bends_nowhere_is_named_too():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
    frame["y"] = frame["a"] + rng.normal(size=400)
    table = ti.read_table(frame, target="y", task="regression", split=0.5)
    analyses = ["coefficients", "decomposition", "ladder"]
    document = ti.audit(cases.wrapped(Doubled()), table, rows=60, analyses=analyses).document
    assert not document.network.linear
    assert document.verdict.lines[0].key == "verdict.linear.score"
    slopes = [t.surrogate for t in document.coefficients.terms]
    np.testing.assert_allclose(slopes, [1.0, -2.0, 0.5], rtol=1e-6)
