"""Networks with several inputs and embeddings: their own outputs, and readings of the same network on one-hot columns."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from torch import nn
from torch.nn import functional as F

import tabinterp as ti
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.models import bind

from . import cases

LEVELS = {"city": 4, "grade": 3}
SIZES = [2, 3]


@pytest.fixture(scope="module")
def source():
    rows = cases.frame(200).dropna().reset_index(drop=True)
    return rows.drop(columns=["many", "number"])


@pytest.fixture(scope="module")
def table(source):
    return ti.read_table(source, target="binary")


def encoders(source, dtype=np.int64):
    numbers = ColumnTransformer([("n", StandardScaler(), cases.NUMBERS)]).fit(source[cases.COLUMNS])
    return [numbers, OrdinalEncoder(dtype=dtype).fit(source[cases.LEVELS])]


class Plain(nn.Module):
    """What every network below computes: numbers and embeddings side by side, then a perceptron."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embeddings = nn.ModuleList([nn.Embedding(n, e) for n, e in zip(LEVELS.values(), SIZES, strict=True)])
        self.body = nn.Sequential(nn.Linear(2 + sum(SIZES), 6), nn.Tanh(), nn.Linear(6, 1))

    def tail(self, x_num, vectors):
        return self.body(torch.cat([x_num, *vectors], dim=1))


class Listed(Plain):
    def forward(self, x_num, x_cat):
        return self.tail(x_num, [e(x_cat[:, i]) for i, e in enumerate(self.embeddings)])


class Cast(Plain):
    def forward(self, x_num, x_cat):
        x_cat = x_cat.long()
        return self.tail(x_num, [self.embeddings[0](x_cat[:, 0]), self.embeddings[1](x_cat[:, 1])]).squeeze(1)


class Unbound(Plain):
    def forward(self, x_num, x_cat):
        first, second = x_cat.unbind(1)
        return self.tail(x_num, [F.embedding(first, self.embeddings[0].weight), self.embeddings[1](second)])


class Flattened(Plain):
    def forward(self, x_num, x_cat):
        vectors = [e(x_cat[:, i : i + 1]).view(x_cat.size(0), -1) for i, e in enumerate(self.embeddings)]
        return self.tail(x_num, vectors)


class Hot(Plain):
    def forward(self, x_num, x_cat):
        hot = [F.one_hot(x_cat[:, i], n).float() for i, n in enumerate(LEVELS.values())]
        return self.tail(x_num, [h @ e.weight for h, e in zip(hot, self.embeddings, strict=True)])


class OneTensor(Plain):
    """A single float tensor, of which the network casts a part."""

    def forward(self, x):
        return self.tail(x[:, :2], [e(x[:, 2 + i].long()) for i, e in enumerate(self.embeddings)])


class Three(Plain):
    """Each category an input of its own, (n,)."""

    def forward(self, x_num, city, grade):
        return self.tail(x_num, [self.embeddings[0](city), self.embeddings[1](grade)])


class OneHot(Plain):
    """The oracle: the same network as a plain module of one-hot columns."""

    def forward(self, x):
        city, grade = x[:, 2:6] @ self.embeddings[0].weight, x[:, 6:9] @ self.embeddings[1].weight
        return self.tail(x[:, :2], [city, grade])


def behind(kind, source):
    numbers, levels = encoders(source)
    if kind is OneTensor:
        parts = [("n", StandardScaler(), cases.NUMBERS), ("c", OrdinalEncoder(), cases.LEVELS)]
        return ColumnTransformer(parts).fit(source[cases.COLUMNS])
    if kind is Three:
        return [numbers, *[OrdinalEncoder().fit(source[[c]]) for c in cases.LEVELS]]
    return [numbers, levels]


def oracle(source):
    hot = ColumnTransformer([("n", StandardScaler(), cases.NUMBERS), ("c", OneHotEncoder(), cases.LEVELS)])
    return ti.wrap(OneHot(), encoder=hot.fit(source[cases.COLUMNS]))


KINDS = [Listed, Cast, Unbound, Flattened, Hot, OneTensor, Three]


@pytest.mark.parametrize("kind", KINDS)
def test_readings_are_those_of_the_same_network_on_one_hot_columns(kind, source, table):
    module = kind()
    model = ti.wrap(module, encoder=behind(kind, source))
    bound, expected = bind(model, table), bind(oracle(source), table)
    numbers, levels = (one.transform(source[list(one.feature_names_in_)]) for one in encoders(source))
    x_num, x_cat = torch.as_tensor(numbers).float(), torch.as_tensor(levels)
    given = {OneTensor: [torch.cat([x_num, x_cat.float()], 1)], Three: [x_num, x_cat[:, 0], x_cat[:, 1]]}
    own = module(*given.get(kind, [x_num, x_cat])).detach().numpy().reshape(-1, 1)
    np.testing.assert_allclose(bound.scores, own, atol=1e-6)
    assert bound.has_gradient
    assert all(bound.encoding.local.values())
    assert {c: len(b) for c, b in bound.encoding.blocks.items()} == {"age": 1, "income": 1} | LEVELS
    for method in ("saliency", "gradient_x_input", "integrated_gradients", "expected_gradients"):
        mine, theirs = (ti.gradient_importance(one, table, method=method) for one in (bound, expected))
        np.testing.assert_allclose(mine.values, theirs.values, atol=2e-4, err_msg=method)
    mine, theirs = (ti.permutation_importance(one, table, n_repeats=2).frame() for one in (bound, expected))
    np.testing.assert_allclose(mine.importance, theirs.importance, atol=1e-6)
    mine, theirs = (ti.coefficients(one, table).frame() for one in (bound, expected))
    pd.testing.assert_frame_equal(mine, theirs, atol=1e-4)


@pytest.mark.parametrize("kind", [Listed, OneTensor])
def test_nothing_behind_the_front_but_the_network_after_its_lookups(kind, source, table):
    bound = bind(ti.wrap(kind(), encoder=behind(kind, source)), table)
    assert bound.front.weight.shape[1] == 2 + sum(LEVELS.values())
    assert bound.front.weight.shape[0] < 20


def test_the_module_stays_as_it_was(source, table):
    module = Listed().train()
    before = {k: v.clone() for k, v in module.state_dict().items()}
    ti.gradient_importance(ti.wrap(module, encoder=encoders(source)), table)
    assert module.training
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in module.parameters())
