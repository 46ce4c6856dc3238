"""Networks as people write them: forwards that branch, inputs and outputs with names, ensembles, a final sigmoid."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import IntegratedGradients
from rtdl_revisiting_models import FTTransformer
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from skorch import NeuralNetBinaryClassifier
from tabm import TabM
from torch import nn
from torch.nn import functional as F

import tabinterp as ti
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.models import bind
from tests.shared import every_nth

from . import cases
from .test_several import LEVELS, Listed, Offsets, Plain, encoders

CARDINALITIES = list(LEVELS.values())
CLASSES = ["no", "yes"]


@pytest.fixture(scope="module")
def source():
    return cases.frame(150).dropna().reset_index(drop=True)[[*cases.COLUMNS, "binary", "many", "number"]]


@pytest.fixture(scope="module")
def table(source):
    return ti.read_table(source.drop(columns=["many", "number"]), target="binary", positive="yes")


@pytest.fixture(scope="module")
def regression(source):
    return ti.read_table(source.drop(columns=["many", "binary"]), target="number")


@pytest.fixture(scope="module")
def given(source):
    """What a network with two inputs is given for the rows of the table."""
    numbers, levels = (one.transform(source[list(one.feature_names_in_)]) for one in encoders(source))
    return torch.as_tensor(numbers).float(), torch.as_tensor(levels)


@pytest.fixture(scope="module")
def hot(source):
    """An encoder into numbers and one-hot columns, in the order in which lookups become columns."""
    parts = [("n", StandardScaler(), cases.NUMBERS), ("c", OneHotEncoder(), cases.LEVELS)]
    return ColumnTransformer(parts).fit(source[cases.COLUMNS])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# ---- published networks


class HotFTTransformer(nn.Module):
    """The oracle: FTTransformer with its embeddings written as products with one-hot columns."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        net = self.net
        vectors = [
            h @ e.weight for h, e in zip(x[:, 2:].split(CARDINALITIES, 1), net.cat_embeddings.embeddings, strict=True)
        ]
        tokens = [
            net.cls_embedding(x.shape[:1]),
            net.cont_embeddings(x[:, :2]),
            torch.stack(vectors, 1) + net.cat_embeddings.bias,
        ]
        return net.backbone(torch.cat(tokens, dim=1))


class HotTabM(nn.Module):
    """The oracle: TabM on one-hot columns, with the mean probability of its members, which its authors use."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        members = self.net.output(self.net.backbone(self.net.ensemble_view(x)))
        return torch.sigmoid(members).mean(1)


def ft_transformer():
    torch.manual_seed(0)
    settings = {**FTTransformer.get_default_kwargs(n_blocks=1), "d_block": 16}
    return FTTransformer(n_cont_features=2, cat_cardinalities=CARDINALITIES, d_out=1, **settings).eval()


def tabm(d_out=1):
    torch.manual_seed(0)
    return TabM.make(
        n_num_features=2,
        cat_cardinalities=CARDINALITIES,
        d_out=d_out,
        n_blocks=2,
        d_block=8,
        k=4,
        start_scaling_init="normal",
    ).eval()


def published(kind, source):
    """A network, its wrapped model, and the oracle wrapped behind one-hot columns."""
    if kind == "FTTransformer":
        net = ft_transformer()
        return ti.wrap(net, encoder=encoders(source), classes=CLASSES), HotFTTransformer(net), "logits"
    net = tabm()
    by_name = dict(zip(["x_num", "x_cat"], encoders(source), strict=True))
    return ti.wrap(net, encoder=by_name, output="mean", classes=CLASSES), HotTabM(net), "probabilities"


@pytest.mark.parametrize("kind", ["FTTransformer", "TabM"])
def test_published_networks_have_the_answers_and_gradients_of_the_same_network_on_one_hot_columns(
    kind, source, table, hot
):
    model, oracle, outputs = published(kind, source)
    bound = bind(model, table)
    theirs = bind(ti.wrap(oracle, encoder=hot, outputs=outputs, classes=CLASSES), table)
    np.testing.assert_allclose(bound.scores, theirs.scores, atol=1e-5)
    assert bound.has_gradient
    assert {c: len(b) for c, b in bound.encoding.blocks.items()} == {"age": 1, "income": 1} | LEVELS
    x = torch.as_tensor(bound.x).float().requires_grad_()
    np.testing.assert_allclose(bound.x, theirs.x)
    score = oracle(x)
    score = torch.logit(score) if outputs == "probabilities" else score
    (gradient,) = torch.autograd.grad(score.sum(), x)
    assert (np.abs(gradient.numpy()).max(axis=0) > 1e-4).all()
    np.testing.assert_allclose(bound.gradients(bound.x)[:, :, 0], gradient, atol=1e-5)
    one, two = (ti.permutation_importance(m, table, n_repeats=2).frame() for m in (bound, theirs))
    pd.testing.assert_frame_equal(one, two, atol=1e-5)


def test_integrated_gradients_of_a_transformer_are_captum_s(source, table, hot):
    model, oracle, _ = published("FTTransformer", source)
    found = ti.gradient_importance(model, table, method="integrated_gradients")
    x = torch.as_tensor(hot.transform(source[cases.COLUMNS])).float()
    base = x.mean(dim=0, keepdim=True)
    values = IntegratedGradients(oracle).attribute(x, base, n_steps=200).detach().numpy()
    blocks = np.split(values, np.cumsum([1, 1, *CARDINALITIES])[:-1], axis=1)
    expected = np.column_stack([block.sum(axis=1) for block in blocks])
    np.testing.assert_allclose(found.values.reshape(expected.shape), expected, atol=3e-3 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["FTTransformer", pytest.param("TabM", marks=pytest.mark.nightly)])
def test_an_audit_of_a_published_network(kind, source):
    rows = ti.read_table(source.drop(columns=["many", "number"]), target="binary", positive="yes", split=0.5, seed=0)
    model = published(kind, source)[0]
    audit = ti.audit(model, rows, rows=60, analyses=["gradients", "hidden_units", "permutation_importance"])
    document = audit.document
    assert document.gradients.methods
    assert {row.column for row in document[Importance].columns} == set(cases.COLUMNS)
    if kind == "FTTransformer":  # its head applies a ReLU to one vector a row
        assert document.network.hidden == [16]


@pytest.mark.parametrize("outputs", ["binary", "many", "number"])
def test_the_mean_of_members_is_that_of_their_predictions(outputs, source, given):
    net = tabm(3 if outputs == "many" else 1)
    told = {"task": "regression"} if outputs == "number" else {}
    own = net(*given).detach()
    frame = source[[*cases.COLUMNS, outputs]]
    bound = bind(ti.wrap(net, encoder=encoders(source), output="mean", **told), ti.read_table(frame, target=outputs))
    if outputs == "number":
        np.testing.assert_allclose(bound.scores, own.mean(1), atol=1e-5)
    elif outputs == "binary":
        np.testing.assert_allclose(sigmoid(bound.scores), own.sigmoid().mean(1), atol=1e-6)
    else:
        np.testing.assert_allclose(cases.softmax(bound.scores), own.softmax(2).mean(1), atol=1e-6)
    unknown = bind(ti.wrap(net, encoder=encoders(source), output="mean"), ti.read_table(frame, target=outputs))
    np.testing.assert_allclose(unknown.scores, bound.scores, atol=1e-6)


# ---- forwards that branch


class Checked(Plain):
    """Checks its inputs, as published networks do."""

    def forward(self, x_num, x_cat):
        if x_num.shape[0] != x_cat.shape[0] or (x_cat < 0).any() or x_cat[:, 0].max() >= 4:
            raise ValueError("inputs that do not fit")
        return self.tail(x_num, [e(x_cat[:, i]) for i, e in enumerate(self.embeddings)])


class Doubles(Plain):
    """An `if` on the values of each row."""

    def forward(self, x_num, x_cat):
        rows = []
        for numbers, codes in zip(x_num, x_cat, strict=True):
            doubled = numbers * 2 if numbers[0] > 0.1 else numbers
            rows.append(torch.cat([doubled, *[e(codes[i]) for i, e in enumerate(self.embeddings)]]))
        return self.body(torch.stack(rows))


class Float(Plain):
    """One float tensor whose last columns are cast."""

    def forward(self, x):
        if x.ndim != 2:
            raise ValueError("two dimensions are needed")
        codes = x[..., 2:].long()
        return self.tail(x[:, :2], [F.embedding(codes[..., i], e.weight) for i, e in enumerate(self.embeddings)])


class Indexed(Plain):
    """Tables that are indexed, and codes that travel as floats beside the numbers."""

    def forward(self, x_num, x_cat):
        x = torch.cat([x_num, x_cat.float()], dim=1)
        if len(x) == 0:
            raise ValueError("rows are needed")
        codes = x[:, 2:].to(torch.int64).T.contiguous().permute(1, 0)
        return self.tail(x[:, :2], [e.weight[codes[:, i]] for i, e in enumerate(self.embeddings)])


class CheckedOffsets(Offsets):
    def forward(self, x_num, x_cat):
        assert x_cat.max() < 4
        x_cat = x_cat + self.offsets
        return self.last(torch.cat([x_num, self.shared(x_cat).flatten(1)], dim=1))


class Alike(nn.Module):
    """The oracle of the networks above on one-hot columns, without a branch; `gain` multiplies the numbers."""

    def __init__(self, doubles=False):
        super().__init__()
        same = Plain()
        self.tables = [e.weight.detach() for e in same.embeddings]
        self.body = same.body
        self.doubles = doubles

    def forward(self, x):
        numbers = torch.where(x[:, :1] > 0.1, x[:, :2] * 2, x[:, :2]) if self.doubles else x[:, :2]
        vectors = [h @ t for h, t in zip(x[:, 2:].split(CARDINALITIES, 1), self.tables, strict=True)]
        return self.body(torch.cat([numbers, *vectors], dim=1))


def one_tensor(source):
    parts = [("n", StandardScaler(), cases.NUMBERS), ("c", OrdinalEncoder(), cases.LEVELS)]
    return ColumnTransformer(parts).fit(source[cases.COLUMNS])


@pytest.mark.parametrize("kind", [Checked, Doubles, Float, Indexed])
def test_a_forward_that_branches_keeps_gradients_and_columns(kind, source, table, hot):
    encoder = one_tensor(source) if kind is Float else encoders(source)
    bound = bind(ti.wrap(kind(), encoder=encoder, classes=CLASSES), table)
    theirs = bind(ti.wrap(Alike(doubles=kind is Doubles), encoder=hot, classes=CLASSES), table)
    assert bound.has_gradient
    np.testing.assert_allclose(bound.x, theirs.x)
    np.testing.assert_allclose(bound.scores, theirs.scores, atol=1e-6)
    np.testing.assert_allclose(bound.gradients(bound.x), theirs.gradients(theirs.x), atol=1e-6)
    (mine,), (other,) = bound.activations().values(), theirs.activations().values()
    np.testing.assert_allclose(mine, other, atol=1e-6)
    half = 0.5 * (bound.x + bound.x[::-1])  # between two rows, as on a path
    np.testing.assert_allclose(bound.score(half), theirs.score(half), atol=1e-6)


def test_a_shared_table_with_offsets_is_cut_where_the_forward_branches_too(source, table, given):
    module = CheckedOffsets()
    bound = bind(ti.wrap(module, encoder=encoders(source), classes=CLASSES), table)
    assert bound.has_gradient
    np.testing.assert_allclose(bound.scores, module(*given).detach(), atol=1e-6)
    assert {c: len(b) for c, b in bound.encoding.blocks.items()} == {"age": 1, "income": 1} | LEVELS
    np.testing.assert_allclose(
        bound.gradients(bound.x)[0, 2:6, 0], (module.shared.weight[:4] @ module.last.weight[0, 2:4]).detach(), atol=1e-6
    )


def test_codes_that_are_numbers_too_where_the_forward_branches(source, table):
    class Both(Plain):
        def forward(self, x_num, x_cat):
            assert len(x_num) == len(x_cat)
            return self.tail(x_num + x_cat.float(), [e(x_cat[:, i]) for i, e in enumerate(self.embeddings)])

    class Traced(Plain):
        def forward(self, x_num, x_cat):
            return self.tail(x_num + x_cat.float(), [e(x_cat[:, i]) for i, e in enumerate(self.embeddings)])

    mine, theirs = (bind(ti.wrap(kind(), encoder=encoders(source), classes=CLASSES), table) for kind in (Both, Traced))
    np.testing.assert_allclose(mine.scores, theirs.scores, atol=1e-6)
    np.testing.assert_allclose(mine.gradients(mine.x), theirs.gradients(theirs.x), atol=1e-6)


def test_functions_that_activate_are_hidden_layers_where_the_forward_branches(table):
    class Wide(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(1)
            self.first, self.second, self.last = nn.Linear(2, 5), nn.Linear(5, 3), nn.Linear(3, 1)

        def layers(self, x):
            first = F.relu(self.first(x))
            return first, self.second(first).tanh()

    class Branching(Wide):
        def forward(self, x):
            if x.ndim == 1:
                x = x.unsqueeze(0)
            if bool((x > 1e6).any()):
                raise ValueError("too large")
            return self.last(self.layers(x)[1])

    numbers = table.frame[[*cases.NUMBERS, "binary"]]
    scale = StandardScaler().fit(numbers[cases.NUMBERS])
    module = Branching()
    bound = bind(ti.wrap(module, encoder=scale, classes=CLASSES), ti.read_table(numbers, target="binary"))
    expected = module.layers(torch.as_tensor(bound.x).float())
    for mine, theirs in zip(bound.activations().values(), expected, strict=True):
        np.testing.assert_allclose(mine, theirs.detach(), atol=1e-6)


class Double(Float):
    def __init__(self):
        super().__init__()
        self.double()


def test_a_skorch_net_whose_forward_branches_behind_its_pipeline_s_encoder(source, table):
    net = NeuralNetBinaryClassifier(Double, criterion=nn.BCEWithLogitsLoss, max_epochs=1, train_split=None, verbose=0)
    pipeline = make_pipeline(one_tensor(source), net)
    pipeline.fit(source[cases.COLUMNS], (source.binary == "yes").astype(float))
    bound = bind(ti.wrap(pipeline, classes=CLASSES), table)
    assert bound.has_gradient
    assert {c: len(b) for c, b in bound.encoding.blocks.items()} == {"age": 1, "income": 1} | LEVELS
    np.testing.assert_allclose(
        sigmoid(bound.scores[:, 0]), pipeline.predict_proba(source[cases.COLUMNS])[:, 1], atol=1e-6
    )


class OnCodes(Plain):
    """Branches on a code of each row: its effect has no gradient."""

    def forward(self, x_num, x_cat):
        vectors = [e(x_cat[:, i]) for i, e in enumerate(self.embeddings)]
        gain = torch.tensor([2.0 if code == 1 else 1.0 for code in x_cat[:, 0]])
        return self.tail(x_num * gain[:, None], vectors)


class Rounded(Plain):
    def forward(self, x_num, x_cat):
        assert len(x_num) == len(x_cat)
        return self.tail(x_num.round(), [e(x_cat[:, i]) for i, e in enumerate(self.embeddings)])


class Compared(Plain):
    def forward(self, x_num, x_cat):
        assert len(x_num) == len(x_cat)
        hot = [F.one_hot(x_cat[:, i], n) for i, n in enumerate(LEVELS.values())]
        return self.tail(x_num, [(h == 1).float() @ e.weight for h, e in zip(hot, self.embeddings, strict=True)])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (OnCodes, "compares its inputs with constants"),
        (Rounded, "rounds values to integers internally"),
        (Compared, "compares its inputs with constants"),
    ],
)
def test_what_has_no_gradient_where_the_forward_branches_is_refused(kind, reason, source, table, given):
    module = kind()
    bound = bind(ti.wrap(module, encoder=encoders(source), classes=CLASSES), table)
    np.testing.assert_allclose(bound.scores, module(*given).detach(), atol=1e-6)
    with pytest.raises(NotApplicableError, match=reason):
        ti.gradient_importance(bound, table)


# ---- inputs by name


class OfDict(Plain):
    def forward(self, batch):
        return self.tail(batch["continuous"], [e(batch["categorical"][:, i]) for i, e in enumerate(self.embeddings)])


class OfKeywords(Plain):
    def forward(self, *, categorical, continuous, scale=1.0):
        return self.tail(continuous, [e(categorical[:, i]) for i, e in enumerate(self.embeddings)])


class OfAnyKeywords(Plain):
    def forward(self, **columns):
        return self.tail(
            columns["continuous"], [e(columns["categorical"][:, i]) for i, e in enumerate(self.embeddings)]
        )


class WithNothing(Plain):
    def forward(self, continuous, categorical, weights):
        assert weights is None
        return Listed.forward(self, continuous, categorical)


def named(source):
    return dict(zip(["continuous", "categorical"], encoders(source), strict=True))


@pytest.mark.parametrize("kind", every_nth(2, [OfDict, OfKeywords, OfAnyKeywords, WithNothing]))
def test_inputs_by_name(kind, source, table, tmp_path):
    by_name = named(source) | ({"weights": None} if kind is WithNothing else {})
    bound = bind(ti.wrap(kind(), encoder=by_name, classes=CLASSES), table)
    theirs = bind(ti.wrap(Listed(), encoder=encoders(source), classes=CLASSES), table)
    np.testing.assert_allclose(bound.scores, theirs.scores, atol=1e-6)
    np.testing.assert_allclose(bound.gradients(bound.x), theirs.gradients(theirs.x), atol=1e-6)
    if kind is not WithNothing:  # which branches
        assert len(bound.front.weight) == 6, "the front ends behind the first layer, as without names"
        ti.save_model(bound.model, tmp_path / "model")
        loaded = bind(ti.load_model(tmp_path / "model"), table)
        np.testing.assert_allclose(loaded.scores, theirs.scores, atol=1e-6)


def test_names_that_are_not_those_of_the_forward(source, table):
    first, second = encoders(source)
    with pytest.raises(
        ModelError, match=r"names the input 'continous'.*continuous, categorical, weights.*mean 'continuous'"
    ):
        ti.wrap(WithNothing(), encoder={"continous": first, "categorical": second})
    with pytest.raises(
        ModelError, match=r"WithNothing.forward needs the input 'weights', which is missing from encoder="
    ):
        ti.wrap(WithNothing(), encoder={"continuous": first, "categorical": second})
    with pytest.raises(ModelError, match=r"the keys in encoder= must be the names .* strings; got 0"):
        ti.wrap(OfDict(), encoder={0: first})


# ---- outputs by name


class Returns(Plain):
    def __init__(self, give):
        super().__init__()
        self.give = give

    def forward(self, x_num, x_cat):
        return self.give(Listed.forward(self, x_num, x_cat))


Pair = namedtuple("Pair", ["hidden", "scores"])
CHOSEN = {
    "dict": (lambda y: {"features": y.expand(-1, 7), "logits": y}, "logits"),
    "tuple": (lambda y: (y, y.expand(-1, 7)), 0),
    "from the end": (lambda y: [y.expand(-1, 7), y], -1),
    "named tuple": (lambda y: Pair(y.expand(-1, 7), y), "scores"),
    "a key called mean": (lambda y: {"mean": y, "variance": y * 2}, "mean"),
    "list of members": (lambda y: [y, y, y], "mean"),
    "members without outputs": (lambda y: y.expand(-1, 5), "mean"),
}


@pytest.mark.parametrize("kind", every_nth(2, CHOSEN))
def test_one_of_several_outputs(kind, source, table, tmp_path):
    give, output = CHOSEN[kind]
    bound = bind(ti.wrap(Returns(give), encoder=encoders(source), output=output, classes=CLASSES), table)
    theirs = bind(ti.wrap(Listed(), encoder=encoders(source), classes=CLASSES), table)
    np.testing.assert_allclose(bound.scores, theirs.scores, atol=1e-5)
    np.testing.assert_allclose(bound.gradients(bound.x), theirs.gradients(theirs.x), atol=1e-5)


def test_a_chosen_output_is_saved(source, table, tmp_path):
    for give, output in (CHOSEN["dict"], CHOSEN["tuple"]):
        model = ti.wrap(Returns(give), encoder=encoders(source), output=output, classes=CLASSES)
        ti.save_model(model, tmp_path / str(output))
        np.testing.assert_allclose(
            bind(ti.load_model(tmp_path / str(output)), table).scores, bind(model, table).scores, atol=1e-6
        )
    unknown = ti.wrap(Returns(CHOSEN["list of members"][0]), encoder=encoders(source), output="mean")
    with pytest.raises(
        ModelError,
        match=r"cannot be saved without its code, because torch.fx cannot trace the network's forward method",
    ):
        ti.save_model(unknown, tmp_path / "mean")


@pytest.mark.parametrize(
    ("give", "output", "message"),
    [
        (
            CHOSEN["dict"][0],
            None,
            r"returned a dict \('features': \(\d+, 7\), 'logits': \(\d+, 1\)\). If output 'logits' contains the scores, "
            r"pass output='logits'.*To state .* pass outputs=",
        ),
        (CHOSEN["tuple"][0], None, r"returned a tuple \(0: \(\d+, 1\), 1: \(\d+, 7\)\).*pass output=0"),
        (
            lambda y: y[:, None].expand(-1, 5, 1),
            None,
            r"\(\d+, 5, 1\). If these are the .* members, pass output='mean'",
        ),
        (
            CHOSEN["dict"][0],
            "logit",
            r"output='logit' is not an output.*one of 'features', 'logits'. Did you mean 'logits'",
        ),
        (CHOSEN["tuple"][0], 2, r"output=2 is not an output of Returns.*choose one of 0, 1"),
        (
            lambda y: y,
            "logits",
            r"a single output. Leave out output=, or pass outputs='logits' if its values are logits",
        ),
    ],
)
def test_words_where_an_output_is_missing(give, output, message, source, table):
    with pytest.raises(ModelError, match=message):
        bind(ti.wrap(Returns(give), encoder=encoders(source), output=output, classes=CLASSES), table)


@dataclass
class Record:
    hidden: torch.Tensor
    scores: torch.Tensor


def test_an_output_of_a_dataclass(source, table):
    module = Returns(lambda y: Record(y.expand(-1, 7), y))
    bound = bind(ti.wrap(module, encoder=encoders(source), output="scores", classes=CLASSES), table)
    theirs = bind(ti.wrap(Listed(), encoder=encoders(source), classes=CLASSES), table)
    np.testing.assert_allclose(bound.scores, theirs.scores, atol=1e-6)
    np.testing.assert_allclose(bound.gradients(bound.x), theirs.gradients(theirs.x), atol=1e-6)


@pytest.mark.parametrize(
    ("give", "output", "message"),
    [
        (
            lambda y: Record(y.expand(-1, 7), y),
            None,
            r"an object of type Record \('hidden': .*'scores': .*pass output='scores'",
        ),
        (lambda y: Pair(y.expand(-1, 7), y), None, r"an object of type Pair.*pass output='scores'"),
        (lambda y: Pair(y.expand(-1, 7), y), "score", r"choose one of 'hidden', 'scores'. Did you mean 'scores'"),
        (lambda y: None, None, r"it returned None"),
        (lambda y: None, "logits", r"The network returned None, which has no outputs to choose from"),
        (lambda y: y[:, 0].tolist(), None, r"it returned a list \(0: float, .*7: float, \.\.\.\)"),
        (lambda y: y > 0, None, r"it returned a tensor of shape \(\d+, 1\) and type torch.bool"),
        (
            lambda y: [],
            "mean",
            r"output='mean' averages ensemble members\. .* must have the same shape.*returned a list",
        ),
        (
            lambda y: [y, y.expand(-1, 2)],
            "mean",
            r"must have the same shape.*0: \(\d+, 1\), 1: \(\d+, 2\).*such as output=0",
        ),
        (
            lambda y: y[:, 0],
            "mean",
            r"needs a tensor of shape \(n, members\) or \(n, members, outputs\).*leave out output=",
        ),
    ],
)
def test_words_of_what_a_forward_returned(give, output, message, source, table):
    with pytest.raises(ModelError, match=message):
        bind(ti.wrap(Returns(give), encoder=encoders(source), output=output, classes=CLASSES), table)


class ByName(Plain):
    def forward(self, *, x_num, x_cat):
        return Listed.forward(self, x_num, x_cat)


class ByPosition(Plain):
    def forward(self, x_num, x_cat, /):
        return Listed.forward(self, x_num, x_cat)


def test_words_of_inputs_that_do_not_fit_the_forward(source, table):
    first, second = encoders(source)
    with pytest.raises(
        ModelError, match=r"ByName.forward takes its inputs by name \(x_num, x_cat\). Pass encoder= as a dict"
    ):
        ti.wrap(ByName(), encoder=[first, second])
    with pytest.raises(
        ModelError, match=r"ByPosition.forward takes its inputs by position. Pass the encoders as a list"
    ):
        ti.wrap(ByPosition(), encoder={"x_num": first, "x_cat": second})
    assert bind(ti.wrap(ByPosition(), encoder=[first, second]), table).has_gradient
    with pytest.raises(
        ModelError, match=r"Listed.forward takes 2 inputs \(x_num, x_cat\), but encoder= has 3 encoders"
    ):
        ti.wrap(Listed(), encoder=[first, second, second])
    with pytest.raises(
        ModelError, match=r"encoder=\{\} contains no encoder. Pass a dict that maps the name of each input"
    ):
        ti.wrap(OfDict(), encoder={})
    with pytest.raises(ModelError, match=r"KeyError: 'categorical'"):
        bind(ti.wrap(OfDict(), encoder={"continuous": first, "categories": second}), table)


@pytest.mark.parametrize("unused", ["numbers", "codes", "both"])
def test_an_input_that_the_network_does_not_use_has_a_gradient_of_zero(unused, source, table):
    class Part(Plain):
        def forward(self, x_num, x_cat):
            if len(x_num) == 0:
                raise ValueError("rows are needed")
            numbers = torch.zeros_like(x_num) if unused in ("numbers", "both") else x_num
            codes = torch.zeros_like(x_cat) if unused in ("codes", "both") else x_cat
            return Listed.forward(self, numbers, codes)

    bound = bind(ti.wrap(Part(), encoder=encoders(source), outputs="logits", classes=CLASSES), table)
    slopes = np.abs(bound.gradients(bound.x)[:, :, 0]).max(axis=0)
    assert bool((slopes[:2] > 0).all()) is (unused == "codes")
    assert bool((slopes[2:] > 0).all()) is (unused == "numbers")


def test_one_row_and_no_row(source, table):
    bound = bind(ti.wrap(Checked(), encoder=encoders(source), classes=CLASSES), table)
    for rows in (slice(0, 1), slice(0, 0)):
        np.testing.assert_allclose(bound.score(bound.x[rows]), bound.scores[rows], atol=1e-6)
    np.testing.assert_allclose(bound.gradients(bound.x[:1]), bound.gradients(bound.x)[:1], atol=1e-6)
    (units,) = bound.activations(bound.x[:1]).values()
    np.testing.assert_allclose(units, next(iter(bound.activations().values()))[:1], atol=1e-6)
    single = bind(ti.wrap(Checked(), encoder=encoders(source), classes=CLASSES), table.take(np.arange(1)))
    np.testing.assert_allclose(single.scores, bound.scores[:1], atol=1e-6)


def test_words_of_which_output_and_what_outputs_are(source):
    with pytest.raises(
        ModelError, match=r"outputs must be one of logits, .*got 'mean'. To choose one of several.*output='mean'"
    ):
        ti.wrap(Listed(), encoder=encoders(source), outputs="mean")
    with pytest.raises(ModelError, match=r"output= must be the name \(a string\) or the position.*got 1.5"):
        ti.wrap(Listed(), encoder=encoders(source), output=1.5)
    with pytest.raises(ModelError, match=r"output='logits' can be used only with a torch module.*outputs="):
        ti.wrap(lambda rows: rows["age"], output="logits")


# ---- a final sigmoid or softmax that nobody stated


def ending(*last):
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), *last)


class Branching(nn.Module):
    def __init__(self, last):
        super().__init__()
        self.body, self.last = ending(), last

    def forward(self, x):
        if x.ndim != 2:
            raise ValueError("two dimensions are needed")
        return self.last(self.body(x)).squeeze(1)


def numbers_only(source):
    frame = source[[*cases.NUMBERS, "binary"]]
    return ti.read_table(frame, target="binary", split=0.5, seed=0), StandardScaler().fit(frame[cases.NUMBERS])


@pytest.fixture(scope="module")
def linear(source):
    """The counterpart of the networks of numbers: the encoder decides it, so that it is fitted once."""
    rows, scale = numbers_only(source)
    return ti.fit_counterpart(ti.wrap(ending(), encoder=scale, classes=CLASSES, outputs="logits"), rows)


@pytest.mark.parametrize(
    "module", [ending(nn.Sigmoid()), ending(nn.Sigmoid(), nn.Flatten(0)), Branching(torch.sigmoid)]
)
def test_a_final_sigmoid_is_taken_as_probabilities_and_said(module, source, linear, tmp_path):
    rows, scale = numbers_only(source)
    model = ti.wrap(module, encoder=scale, classes=CLASSES)
    bound = bind(model, rows)
    own = module.eval()(torch.as_tensor(bound.x).float()).detach().numpy().reshape(-1)
    np.testing.assert_allclose(sigmoid(bound.scores[:, 0]), own, atol=1e-6)
    for outputs, said in ((None, True), ("probabilities", False)):
        stated = ti.wrap(module, encoder=scale, classes=CLASSES, outputs=outputs)
        audit = ti.audit(stated, rows, counterpart=linear, analyses=[])
        assert ("ends in a sigmoid or softmax" in audit.to_markdown()) is said
    if type(module[-1] if isinstance(module, nn.Sequential) else module) is nn.Sigmoid:
        ti.save_model(model, tmp_path / "model")
        np.testing.assert_allclose(bind(ti.load_model(tmp_path / "model"), rows).scores, bound.scores, atol=1e-6)


def test_a_final_softmax_is_taken_as_probabilities(source):
    frame = source[[*cases.NUMBERS, "many"]]
    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=1))
    bound = bind(
        ti.wrap(module, encoder=StandardScaler().fit(frame[cases.NUMBERS])), ti.read_table(frame, target="many")
    )
    np.testing.assert_allclose(
        cases.softmax(bound.scores), module(torch.as_tensor(bound.x).float()).detach(), atol=1e-6
    )


def test_small_logits_stay_logits(source):
    """Between 0 and 1 they all are, but a linear layer gives them."""
    rows, scale = numbers_only(source)
    module = ending()
    with torch.no_grad():
        module[-1].weight.mul_(1e-3)
        module[-1].bias.fill_(0.5)
    bound = bind(ti.wrap(module, encoder=scale, classes=CLASSES), rows)
    np.testing.assert_allclose(bound.scores, module(torch.as_tensor(bound.x).float()).detach(), atol=1e-6)


class Ends(nn.Module):
    """A network whose forward ends in a function of its hidden layer."""

    def __init__(self, end, outputs=1):
        super().__init__()
        torch.manual_seed(1)
        self.first, self.last, self.other = nn.Linear(2, 4), nn.Linear(4, outputs), nn.Linear(4, outputs)
        self.inside = nn.Sequential(nn.Linear(4, outputs), nn.Sequential(nn.Sigmoid()))
        self.end = end

    def forward(self, x):
        return self.end(self, torch.tanh(self.first(x)))


TAKEN = {  # (network, are its outputs probabilities?)
    "nested": (nn.Sequential(ending(), nn.Sequential(nn.Sequential(nn.Sigmoid()))), True),
    "of a module inside": (Ends(lambda net, h: net.inside(h)), True),
    "torch.sigmoid": (Ends(lambda net, h: torch.sigmoid(net.last(h))), True),
    "F.sigmoid": (Ends(lambda net, h: F.sigmoid(net.last(h))), True),
    "a method": (Ends(lambda net, h: net.last(h).sigmoid().squeeze(-1)), True),
    "one column": (Ends(lambda net, h: torch.sigmoid(net.last(h))[:, 0]), True),
    "softmax": (Ends(lambda net, h: F.softmax(net.last(h), 1), 2), True),
    "the second class": (Ends(lambda net, h: net.last(h).softmax(1)[:, 1], 2), True),
    "log_softmax": (Ends(lambda net, h: net.last(h).log_softmax(1), 2), False),
    "logits": (Ends(lambda net, h: net.last(h)), False),
}
REFUSED = {
    "a sum": Ends(lambda net, h: torch.sigmoid(net.last(h)) * 0.5 + torch.sigmoid(net.other(h)) * 0.5),
    "a product": Ends(lambda net, h: torch.cat([torch.sigmoid(net.last(h))] * 2, 1) @ torch.tensor([[0.5], [0.5]])),
    "the other class": Ends(lambda net, h: 1 - torch.sigmoid(net.last(h))),
    "both classes": Ends(lambda net, h: torch.cat([1 - net.last(h).sigmoid(), net.last(h).sigmoid()], 1)),
    "limits": Ends(lambda net, h: torch.sigmoid(net.last(h)).clamp(0.01, 0.99)),
    "the log of a sigmoid": Ends(lambda net, h: F.logsigmoid(net.last(h))),
    "the log of one class": Ends(lambda net, h: net.last(h).log_softmax(1)[:, 1], 2),
}


@pytest.mark.parametrize("kind", every_nth(4, TAKEN))
def test_the_end_of_a_network_is_read_the_same_after_it_was_saved(kind, source, linear, tmp_path):
    rows, scale = numbers_only(source)
    module, are_probabilities = TAKEN[kind]
    model = ti.wrap(module, encoder=scale, classes=CLASSES)
    ti.save_model(model, tmp_path / "model")
    x = torch.as_tensor(scale.transform(source[cases.NUMBERS])).float()
    raw = module(x).detach().double().numpy().reshape(len(x), -1)
    own = np.log(raw) - np.log1p(-raw) if are_probabilities else raw
    expected = own[:, -1] if are_probabilities or own.shape[1] == 1 else own[:, 1] - own[:, 0]
    for one in (model, ti.load_model(tmp_path / "model")):
        np.testing.assert_allclose(bind(one, rows).scores[:, 0], expected, atol=1e-5)
        told = ti.audit(one, rows, counterpart=linear, analyses=[]).to_markdown()
        assert ("ends in a sigmoid or softmax" in told) is are_probabilities


@pytest.mark.parametrize("kind", REFUSED)
def test_an_end_that_is_not_clear_is_asked_for_before_and_after_it_was_saved(kind, source, tmp_path):
    rows, scale = numbers_only(source)
    model = ti.wrap(REFUSED[kind], encoder=scale, classes=CLASSES)
    ti.save_model(model, tmp_path / "model")
    for one in (model, ti.load_model(tmp_path / "model")):
        with pytest.raises(ModelError, match=r"pass outputs='probabilities' or outputs='logits'"):
            bind(one, rows)


def test_an_output_by_name_is_read_the_same_after_it_was_saved(source, tmp_path):
    rows, scale = numbers_only(source)
    module = Ends(lambda net, h: {"logits": net.last(h), "p": net.last(h).sigmoid()})
    expected = module(torch.as_tensor(scale.transform(source[cases.NUMBERS])).float())["logits"].detach()
    for output in ("logits", "p"):
        model = ti.wrap(module, encoder=scale, output=output, classes=CLASSES)
        ti.save_model(model, tmp_path / output)
        for one in (model, ti.load_model(tmp_path / output)):
            np.testing.assert_allclose(bind(one, rows).scores, expected, atol=1e-5)


class Own(nn.Module):
    def forward(self, x):
        return 1 / (1 + torch.exp(-x))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            ending(Own()),
            r"does not end in a sigmoid.*all between 0 and 1. .* pass outputs='probabilities' or outputs='logits'",
        ),
        (ending(nn.Sigmoid(), Own()), "does not end in a sigmoid"),
        (
            nn.Sequential(nn.Linear(2, 2), nn.Sigmoid()),
            r"ends in sigmoid, but its outputs are not all between 0 and 1 with a sum of 1 in each row. .* pass outputs='prob",
        ),
    ],
)
def test_where_the_last_layer_and_the_values_disagree_outputs_are_asked_for(module, message, source):
    rows, scale = numbers_only(source)
    with pytest.raises(ModelError, match=message):
        bind(ti.wrap(module, encoder=scale, classes=CLASSES), rows)
    assert bind(ti.wrap(module, encoder=scale, classes=CLASSES, outputs="logits"), rows).has_gradient


def test_members_that_end_in_a_sigmoid(source, given, table):
    module = Returns(lambda y: torch.sigmoid(y)[:, None].expand(-1, 3, 1))
    with pytest.raises(ModelError, match=r"averages members that end in sigmoid.*pass outputs='probabilities'"):
        bind(ti.wrap(module, encoder=encoders(source), output="mean", classes=CLASSES), table)
    bound = bind(
        ti.wrap(module, encoder=encoders(source), output="mean", outputs="probabilities", classes=CLASSES), table
    )
    np.testing.assert_allclose(sigmoid(bound.scores), module(*given)[:, 0].detach(), atol=1e-6)
