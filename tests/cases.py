"""Tables and models small enough to enumerate: a mixed table with its pipeline, and networks built by hand."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from torch import nn
from torch.nn import functional

import tabinterp as ti
from tabinterp.table.rounding import Rounding

GRADES = ["low", "mid", "high"]
INPUTS = ["age", "income", "city", "member", "grade"]
TASKS = ["binary", "multiclass", "regression", "count"]


def mixed_frame(n: int = 80, seed: int = 0, task: str = "binary") -> pd.DataFrame:
    """Numbers (one with missing values, one large), a category with a missing level, a boolean, an ordered column, weights."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.15, np.nan, rng.integers(20, 70, n)),
            "income": 30_000 + 10_000 * rng.normal(size=n),
            "city": np.where(rng.random(n) < 0.1, None, rng.choice(["bern", "oslo", "rome"], n, p=[0.5, 0.3, 0.2])),
            "member": rng.random(n) < 0.4,
            "grade": rng.choice(GRADES, n),
            "w": rng.integers(0, 4, n) + 0.5,
        }
    )
    frame["city"] = frame["city"].astype(object).where(frame["city"].notna(), np.nan)  # pandas before 3 keeps None
    signal = (
        0.06 * (frame["age"].fillna(45) - 45)
        + 0.8 * frame["age"].isna()
        + (frame["income"] - 30_000) / 10_000
        + 1.2 * (frame["city"] == "oslo")
        - 0.9 * frame["member"]
        + 0.7 * frame["grade"].map(GRADES.index)
        + rng.logistic(size=n)
    )
    if task == "regression":
        frame["y"] = signal
    elif task == "count":
        frame["y"] = rng.poisson(np.exp(0.3 * signal - 0.5))
    elif task == "binary":
        frame["y"] = np.where(signal > signal.median(), "yes", "no")
    else:
        frame["y"] = np.array(["a", "b", "c"])[np.digitize(signal, np.quantile(signal, [0.35, 0.7]))]
    return frame


def mixed_table(frame: pd.DataFrame, task: str = "binary", weighted: bool = False, **more) -> ti.Table:
    return ti.read_table(
        frame if weighted else frame.drop(columns="w"),
        target="y",
        task=task,
        levels={"grade": GRADES},
        weight="w" if weighted else None,
        **({"adverse": "no"} if task == "binary" else {}) | more,
    )


def ends(values) -> tuple[float, float]:
    """Between which values a search moves a number whose encoding is a line."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    return Rounding(known).ends(*np.quantile(known, [0.005, 0.995], method="inverted_cdf"))


def encoder(drop=None, reduce=None) -> ColumnTransformer:
    """Imputing, scaling, one-hot and ordinal codes: every column on its own."""
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["age", "income"]),
            (
                "city",
                OneHotEncoder(drop=drop, handle_unknown="ignore", sparse_output=False, min_frequency=reduce),
                ["city"],
            ),
            ("member", OneHotEncoder(drop="if_binary", sparse_output=False), ["member"]),
            ("grade", make_pipeline(OrdinalEncoder(categories=[GRADES]), StandardScaler()), ["grade"]),
        ]
    )


def linear_pipeline(frame: pd.DataFrame, task: str = "binary", after=(), **more):
    """The linear model of the task on the encoded columns; `after` are steps that mix them."""
    if task in ("regression", "count"):
        final = LinearRegression() if task == "regression" else PoissonRegressor(alpha=0.01, max_iter=1000)
    else:
        final = LogisticRegression(**{"C": 1.0, "max_iter": 2000} | more)
    return make_pipeline(encoder(), *after, final).fit(frame[INPUTS], frame["y"])


def network_pipeline(frame: pd.DataFrame, task: str = "binary", seed: int = 0, after=()):
    kind = {"regression": MLPRegressor, "count": partial(MLPRegressor, "poisson")}.get(task, MLPClassifier)
    alpha = 0.5 if task == "count" else 0.1  # the exponential of an overfitted score has tails that no draw meets
    final = kind(hidden_layer_sizes=(6, 4), solver="lbfgs", max_iter=60, alpha=alpha, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(encoder(), *after, final).fit(frame[INPUTS], frame["y"])


def scorer(pipeline, task: str = "binary"):
    """Scores in double precision, from the final estimator's weights: log-odds of "yes", centred logits, values, log rates."""
    final = pipeline[-1]

    def score(frame: pd.DataFrame) -> np.ndarray:
        h = pipeline[:-1].transform(frame)
        if hasattr(final, "coefs_"):
            for layer, (weight, bias) in enumerate(zip(final.coefs_, final.intercepts_, strict=True)):
                h = (h if layer == 0 else np.maximum(h, 0)) @ weight + bias
        else:
            h = (h @ np.atleast_2d(final.coef_).T + final.intercept_).reshape(len(h), -1)
        return h - h.mean(axis=1, keepdims=True) if task == "multiclass" else h

    return score


# ---- networks by hand


def affine(weight, bias=None) -> nn.Linear:
    weight = torch.as_tensor(np.atleast_2d(np.asarray(weight, dtype=float)))
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(torch.zeros(len(weight)) if bias is None else torch.as_tensor(np.asarray(bias, dtype=float)))
    return layer


class Square(nn.Module):
    def forward(self, x):
        return x * x


CROSSING = ([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0]], [0.0, 0.0], [1.0, -1.0])  # relu(x1 + x2) - relu(x1 - x2)
AND = ([[1.0, 1.0, 0.0]], [-1.0], [1.0])  # relu(x1 + x2 - 1)
BENT = ([[1.0, 0.5, -0.7], [-0.4, 1.0, 0.2], [0.3, -1.0, 0.9]], [0.2, -0.1, 0.4], [1.0, -2.0, 0.5])
RELUS = {"crossing": CROSSING, "and": AND, "bent": BENT}


def relu_network(spec) -> nn.Module:
    weight, bias, out = spec
    return nn.Sequential(affine(weight, bias), nn.ReLU(), affine([out]))


def product_network() -> nn.Module:
    """x1 x2 = ((x1 + x2)^2 - (x1 - x2)^2) / 4; the third column is not used."""
    return nn.Sequential(affine([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0]]), Square(), affine([[0.25, -0.25]]))


class _Styled(nn.Module):
    def __init__(self, style: str, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.second, self.last = nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 1)
        self.norm = nn.LayerNorm(8)
        self.one, self.two = nn.ReLU(), nn.ReLU()
        self.style = style

    def forward(self, x):
        style = self.style
        if style == "layer_norm":
            return self.last(functional.relu(self.norm(self.second(torch.tanh(self.first(x))))))
        if style in ("separate", "reused"):
            return self.last((self.two if style == "separate" else self.one)(self.second(self.one(self.first(x)))))
        f = {"functional": functional.relu, "gelu": functional.gelu, "silu": functional.silu}[style]
        return self.last(f(self.second(f(self.first(x)))))


class Residual(nn.Module):
    """Three columns; what leads around its two layers, and around all of them."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second, self.wide = nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(3, 1)
        self.last = nn.Linear(5, 1)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.last(torch.relu(self.second(h)) + h) + self.wide(x)


STYLES = ["separate", "reused", "functional", "gelu", "silu", "layer_norm"]


def styled(style: str) -> nn.Module:
    return _Styled(style).double().eval()


def numbers(n: int = 40, seed: int = 0, binary: bool = False, weighted: bool = False) -> ti.Table:
    """Three numeric columns and a regression target."""
    rng = np.random.default_rng(seed)
    x = (
        rng.integers(0, 2, (n, 3)).astype(float)
        if binary
        else rng.normal(size=(n, 3)) * [1.0, 2.0, 0.5] + [0.3, -0.2, 1.0]
    )
    frame = pd.DataFrame(x, columns=["x1", "x2", "x3"])
    frame["y"] = x[:, 0] * x[:, 1] + rng.normal(size=n)
    frame["w"] = rng.integers(1, 5, n).astype(float)
    frame = frame if weighted else frame.drop(columns="w")
    return ti.read_table(frame, target="y", task="regression", weight="w" if weighted else None)


def wrapped(module: nn.Module) -> ti.Model:
    return ti.wrap(module, encoder="passthrough", task="regression")


def imputer() -> SimpleImputer:
    return SimpleImputer(add_indicator=True)
