"""Networks with several inputs and embeddings: their own outputs, and readings of the same network on one-hot columns."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from torch import nn
from torch.nn import functional as F

import tabinterp as ti
from tabinterp.analyses.hidden_units import audited_units
from tabinterp.analyses.trust import estimator as trust
from tabinterp.document.document import FAILED
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.models import bind
from tests.shared import every_nth

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


class OneHot(nn.Module):
    """The oracle: the same network as a plain module of one-hot columns, without an embedding."""

    def __init__(self):
        super().__init__()
        same = Plain()
        self.city, self.grade = (nn.Parameter(e.weight.detach()) for e in same.embeddings)
        self.body = same.body

    def forward(self, x):
        return self.body(torch.cat([x[:, :2], x[:, 2:6] @ self.city, x[:, 6:9] @ self.grade], dim=1))


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


@pytest.mark.parametrize("kind", every_nth(2, KINDS))
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
    assert sum(p.numel() for p in bound.model.weights.parameters()) == sum(p.numel() for p in module.parameters())
    assert all(bound.encoding.local.values())
    assert {c: len(b) for c, b in bound.encoding.blocks.items()} == {"age": 1, "income": 1} | LEVELS
    for method in ("saliency", "gradient_x_input", "integrated_gradients", "expected_gradients"):
        mine, theirs = (ti.gradient_importance(one, table, method=method) for one in (bound, expected))
        np.testing.assert_allclose(mine.values, theirs.values, atol=2e-4, err_msg=method)
    mine, theirs = (ti.permutation_importance(one, table, n_repeats=2).frame() for one in (bound, expected))
    np.testing.assert_allclose(mine.importance, theirs.importance, atol=1e-6)
    mine, theirs = (ti.coefficients(one, table).frame() for one in (bound, expected))
    pd.testing.assert_frame_equal(mine, theirs, atol=1e-4)


def test_the_inside_is_read_behind_the_lookups(source, table):
    nets = Listed(), OneHot()
    for one in nets:
        one.body[1] = nn.ReLU()
    hot = ColumnTransformer([("n", StandardScaler(), cases.NUMBERS), ("c", OneHotEncoder(), cases.LEVELS)])
    models = ti.wrap(nets[0], encoder=encoders(source)), ti.wrap(nets[1], encoder=hot.fit(source[cases.COLUMNS]))
    mine, theirs = (bind(one, table) for one in models)
    np.testing.assert_allclose(ti.conductance(mine, table).values, ti.conductance(theirs, table).values, atol=1e-3)
    one, two = (ti.linear_regions(bound, table) for bound in (mine, theirs))
    assert one.visited == two.visited > 1
    np.testing.assert_allclose(one.coefficients[one.region], two.coefficients[two.region], atol=1e-5)
    np.testing.assert_allclose(ti.probe_rows(mine, table).response, ti.probe_rows(theirs, table).response, atol=1e-5)
    one, two = (ti.path_weights(bound, table) for bound in (mine, theirs))
    np.testing.assert_allclose(one.path, two.path, atol=1e-5)
    assert one.garson.sum() == pytest.approx(1)
    with pytest.raises(NotApplicableError, match="applies tanh"):
        ti.linear_regions(ti.wrap(Listed(), encoder=encoders(source)), table)


@pytest.mark.parametrize("kind", [Listed, OneTensor])
def test_nothing_behind_the_front_but_the_network_after_its_lookups(kind, source, table):
    bound = bind(ti.wrap(kind(), encoder=behind(kind, source)), table)
    assert bound.front.weight.shape[1] == 2 + sum(LEVELS.values())
    assert bound.front.weight.shape[0] == 6
    assert len(bound.activations()["layer 1"][0]) == 6


def test_the_module_stays_as_it_was(source, table):
    module = Listed().train()
    before = {k: v.clone() for k, v in module.state_dict().items()}
    ti.gradient_importance(ti.wrap(module, encoder=encoders(source)), table)
    assert module.training
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in module.parameters())


# ---- what is no lookup, and what is refused


class Compared(Plain):
    """Compares codes: no lookup."""

    def forward(self, x_num, x_cat):
        return self.body(F.pad(torch.cat([x_num, (x_cat == 1).float()], 1), (0, 3)))


class Rounds(Plain):
    def forward(self, x):
        return x[:, :1].long().float() + x[:, 1:2]


class Multiplies(Plain):
    """Whole numbers in arithmetic that is no lookup."""

    def forward(self, x_num, x_cat):
        return self.tail(x_num, [e(x_cat[:, i] * x_cat[:, i]) for i, e in enumerate(self.embeddings)])


class Large(Plain):
    def __init__(self):
        super().__init__()
        self.embeddings[0] = nn.Embedding(5000, 2)

    forward = Listed.forward


OPAQUE = {
    Compared: "compares its inputs with constants",
    Multiplies: r"uses integer inputs for an operation that is not an embedding lookup \(mul",
    Large: "looks up more than 2,048 levels",
    Rounds: "rounds values to integers internally",
}


@pytest.mark.parametrize("kind", OPAQUE)
def test_without_a_lookup_there_is_no_gradient_and_the_answers_are_the_network_s_own(kind, source, table):
    module = kind().eval()
    encoder = encoders(source)
    if kind is Multiplies:
        module.embeddings = nn.ModuleList([nn.Embedding(10, e) for e in SIZES])
    numbers, levels = (one.transform(source[list(one.feature_names_in_)]) for one in encoder)
    inputs = [torch.as_tensor(numbers).float(), torch.as_tensor(levels)]
    if kind is Rounds:
        encoder, inputs = encoder[0], inputs[:1]
    bound = bind(ti.wrap(module, encoder=encoder), table)
    np.testing.assert_allclose(bound.scores, module(*inputs).detach().numpy(), atol=1e-6)
    with pytest.raises(NotApplicableError, match=OPAQUE[kind] + ".*, so its gradients cannot be computed"):
        ti.gradient_importance(bound, table)
    importance = ti.permutation_importance(bound, table, n_repeats=2).frame()
    assert len(importance) == len(bound.columns) == 4
    assert ti.fit_counterpart(bound, table).module[0].in_features > 4


def test_whole_numbers_may_be_numbers_too(source, table):
    """An ordinal code that is both looked up and a number of its own."""

    class Both(Plain):
        def forward(self, x_num, x_cat):
            vectors = [e(x_cat[:, i]) for i, e in enumerate(self.embeddings)]
            return self.tail(x_num + x_cat.float(), vectors)

    class Same(OneHot):
        def forward(self, x):
            codes = torch.stack([x[:, 2:6] @ torch.arange(4.0), x[:, 6:9] @ torch.arange(3.0)], 1)
            return super().forward(torch.cat([x[:, :2] + codes, x[:, 2:]], dim=1))

    mine = ti.wrap(Both(), encoder=encoders(source))
    theirs = ti.wrap(Same(), encoder=oracle(source).encoder)
    for method in ("saliency", "integrated_gradients"):
        one, other = (ti.gradient_importance(m, table, method=method).values for m in (mine, theirs))
        np.testing.assert_allclose(one, other, atol=2e-4)


class Offsets(Plain):
    """One table for all columns, each from an offset on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("offsets", torch.tensor([0, 4]))
        self.shared = nn.Embedding(7, 2)
        self.last = nn.Linear(6, 1)

    def forward(self, x_num, x_cat):
        return self.last(torch.cat([x_num, self.shared(x_cat + self.offsets).flatten(1)], dim=1))


def test_a_shared_table_is_cut_at_the_offsets(source, table):
    module = Offsets()
    bound = bind(ti.wrap(module, encoder=encoders(source)), table)
    numbers, levels = (one.transform(source[list(one.feature_names_in_)]) for one in encoders(source))
    own = module(torch.as_tensor(numbers).float(), torch.as_tensor(levels)).detach().numpy()
    np.testing.assert_allclose(bound.scores, own, atol=1e-6)
    assert {c: len(b) for c, b in bound.encoding.blocks.items()} == {"age": 1, "income": 1} | LEVELS


def test_a_column_in_two_encoders_is_one_player(source, table):
    class Two(nn.Module):
        def forward(self, first, second):
            return torch.tanh(first).sum(1, keepdim=True) + second[:, :1] * 2

    scaled = [ColumnTransformer([("n", StandardScaler(), c)]) for c in (cases.NUMBERS, ["income"])]
    both = [one.fit(source[cases.COLUMNS]) for one in scaled]
    bound = bind(ti.wrap(Two(), encoder=both), table)
    assert {c: list(b) for c, b in bound.encoding.blocks.items()} == {
        "age": [0],
        "income": [1, 2],
        "city": [],
        "grade": [],
    }
    z = both[0].transform(source[cases.COLUMNS])
    expected = np.tanh(z).sum(1) + 2 * z[:, 1]
    np.testing.assert_allclose(bound.scores[:, 0], expected, atol=1e-6)
    result = ti.gradient_importance(bound, table)
    assert result.gap < 1e-3
    assert (result.values[:, 2:] == 0).all()


def test_several_inputs_that_cannot_be_traced_keep_their_gradient(source, table):
    class Two(nn.Module):
        def forward(self, first, second):
            return first.sum(1) + torch.tanh(second[:, 0]) if len(first) > 0 else first.sum(1)

    each = [StandardScaler().fit(source[[c]]) for c in cases.NUMBERS]
    bound = bind(ti.wrap(Two(), encoder=each), table)
    z = [one.transform(source[[c]])[:, 0] for one, c in zip(each, cases.NUMBERS, strict=True)]
    np.testing.assert_allclose(bound.scores[:, 0], z[0] + np.tanh(z[1]), atol=1e-6)
    gradient = bound.gradients(bound.x)[:, :, 0]
    np.testing.assert_allclose(gradient, np.column_stack([np.ones(len(z[0])), 1 / np.cosh(z[1]) ** 2]), atol=1e-5)


def test_probabilities_of_several_classes(source):
    class Many(Listed):
        def __init__(self):
            super().__init__()
            self.body[2] = nn.Linear(6, 3)

        def forward(self, x_num, x_cat):
            return super().forward(x_num, x_cat).softmax(dim=1)

    rows = cases.frame(200).dropna().reset_index(drop=True)[[*cases.COLUMNS, "many"]]
    module = Many()
    bound = bind(ti.wrap(module, encoder=encoders(rows), outputs="probabilities"), ti.read_table(rows, target="many"))
    numbers, levels = (one.transform(rows[list(one.feature_names_in_)]) for one in encoders(rows))
    p = module(torch.as_tensor(numbers).float(), torch.as_tensor(levels)).detach().numpy()
    np.testing.assert_allclose(cases.softmax(bound.scores), p, atol=1e-6)
    assert bound.clipped == 0


def test_a_level_unseen_in_training_has_a_place_only_where_the_network_has_one(source, table):
    seen = source.loc[source.city != "Ulm", cases.LEVELS]
    unknown = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(seen)
    numbers = encoders(source)[0]
    with pytest.raises(
        ModelError, match=r"raised an error for its 2 inputs, both as floats and as whole numbers.*index out of range"
    ):
        bind(ti.wrap(Listed(), encoder=[numbers, unknown]), table)

    class Shifted(Listed):
        def forward(self, x_num, x_cat):
            return super().forward(x_num, x_cat + torch.tensor([1, 0]))

    assert bind(ti.wrap(Shifted(), encoder=[numbers, unknown]), table).has_gradient


PART = [
    "coefficients",
    "effects",
    "interactions",
    "shapley_values",
    "conditional_importance",
    "hidden_units",
    "path_weights",
]


@pytest.mark.parametrize("analyses", [PART, pytest.param(None, marks=pytest.mark.nightly)], ids=["a part", "all"])
def test_an_audit(analyses, source, monkeypatch):
    monkeypatch.setattr(audited_units, "MOST", 2)  # more units and refits do the same again
    monkeypatch.setattr(trust, "REFITS", 1)
    table = ti.read_table(source, target="binary", split=0.5, seed=0)
    audit = ti.audit(ti.wrap(Listed(), encoder=encoders(source)), table, rows=20, analyses=analyses)
    assert audit.verdict.status in {"better", "equivalent", "worse", "not_resolved"}
    assert FAILED.encode() not in audit.to_json()


def test_words_of_what_is_refused(source, table):
    first, second = encoders(source)
    with pytest.raises(ModelError, match=r"encoder=\[\] is empty"):
        ti.wrap(Listed(), encoder=[])
    with pytest.raises(ModelError, match="encoder must have a transform method, but int has none"):
        ti.wrap(Listed(), encoder=[first, 3])
    with pytest.raises(
        ModelError, match=r"Listed.forward takes 2 inputs \(x_num, x_cat\), but encoder= has 1 encoder. Pass"
    ):
        ti.wrap(Listed(), encoder=[first])
    with pytest.raises(
        ModelError, match=r"raised an error for its 2 inputs, both as floats and as whole numbers.*shapes"
    ):
        bind(ti.wrap(Listed(), encoder=[first, first]), table)
    with pytest.raises(
        ModelError, match=r"encoder [12] reads columns that are not input columns of this table: 'city'"
    ):
        bind(ti.wrap(Listed(), encoder=[first, second]), ti.read_table(source.drop(columns="city"), target="binary"))
