"""Networks with a forward of their own, saved as graphs: what comes back is the network, and a forged graph is refused."""

import json

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional as F

import tabinterp as ti
from tabinterp.errors import ModelError, TabinterpError, UnsafeFileError
from tabinterp.models import bind
from tabinterp.models.io.graph import fill
from tabinterp.models.io.operations import NAMES, OPERATIONS
from tests.shared import every_nth

from . import cases, hostile
from . import test_several as several

D = 4


class Residual(nn.Module):
    """Skip connections, normalisation, dropout, and an activation of every way of writing one."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.last = nn.Linear(D, 6), nn.Linear(6, 6), nn.Linear(6, 1)
        self.norm, self.batch = nn.LayerNorm(6), nn.BatchNorm1d(D)
        self.batch.running_mean.uniform_(-1, 1)
        self.drop = nn.Dropout(0.3)
        self.scale = nn.Parameter(torch.tensor(0.3))

    def forward(self, x):
        h = F.gelu(self.first(self.batch(x)), approximate="tanh")
        h = h + self.scale * self.drop(F.silu(self.second(self.norm(h))))
        h += torch.tanh(self.second(h))
        return self.last(F.dropout(h.relu(), 0.2, self.training))


class WideAndDeep(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.wide = nn.Linear(D, 1)
        self.deep = nn.Sequential(nn.Linear(D, 5), nn.GELU(), nn.Sequential(nn.LayerNorm(5), nn.Linear(5, 1)))

    def forward(self, x):
        return self.wide(x) + self.deep(torch.cat([x[:, 1:], x[:, :1]], dim=1))


class Tokens(nn.Module):
    """Every number a vector, attention among them, a mean over them."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.vectors, self.own = nn.Parameter(torch.randn(D, 3)), nn.Parameter(torch.randn(1, 1, 3))
        self.query, self.last = nn.Linear(3, 3, bias=False), nn.Linear(3, 1)

    def forward(self, x):
        n = x.shape[0]
        tokens = torch.cat([self.own.expand(n, -1, -1), x.unsqueeze(-1) * self.vectors], dim=1)
        mixed = torch.softmax(self.query(tokens) @ tokens.transpose(1, 2) / 3**0.5, dim=-1) @ tokens
        return self.last(mixed.mean(dim=1)).squeeze(-1)


class Crossed(nn.Module):
    """Two inputs of numbers, bilinear."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.left, self.right = nn.Linear(1, 3), nn.Linear(1, 3)

    def forward(self, a, b):
        return torch.sum(self.left(a) * self.right(b).clamp(min=-1.0), dim=1, keepdim=True)


@pytest.fixture(scope="module")
def numbers():
    return cases.numeric_table("binary")


def width(table):
    return len(table.schema.inputs)


def same(model, folder, table):
    """Saved and loaded: the same scores and the same permutation importance."""
    again = ti.load_model(ti.save_model(model, folder / "bundle"))
    one, two = bind(model, table), bind(again, table)
    np.testing.assert_array_equal(one.scores, two.scores)
    first, second = (ti.permutation_importance(m, table, n_repeats=2) for m in (one, two))
    np.testing.assert_array_equal(first.importance, second.importance)
    assert one.has_gradient == two.has_gradient
    assert one.front.weight.shape == two.front.weight.shape
    return again


@pytest.mark.parametrize("kind", [Residual, WideAndDeep, Tokens])
@pytest.mark.parametrize("dtype", [torch.float32, pytest.param(torch.float64, marks=pytest.mark.nightly)])
def test_a_forward_of_one_s_own_comes_back(kind, dtype, numbers, tmp_path):
    assert width(numbers) == D
    network = kind().to(dtype)
    again = same(ti.wrap(network, encoder="passthrough", outputs="logits"), tmp_path, numbers)
    assert again.library.startswith("torch")
    assert again.expects == (D,)
    assert not any(p.requires_grad or p.is_meta for p in again.module.parameters())
    twice = same(again, tmp_path / "twice", numbers)
    assert twice.name == again.name


@pytest.fixture(scope="module")
def source():
    return cases.frame(200).dropna().reset_index(drop=True).drop(columns=["many", "number"])


@pytest.fixture(scope="module")
def table(source):
    return ti.read_table(source, target="binary")


INPUTS = [
    several.Listed,
    several.Cast,
    several.Unbound,
    several.Flattened,
    several.Hot,
    several.OneTensor,
    several.Three,
]


@pytest.mark.parametrize("kind", every_nth(2, INPUTS))
def test_several_inputs_come_back_with_their_encoders(kind, source, table, tmp_path):
    same(ti.wrap(kind(), encoder=several.behind(kind, source)), tmp_path, table)


def test_two_inputs_of_numbers_and_a_bound_model_come_back(source, table, tmp_path):
    encoders = [StandardScaler().fit(source[[c]]) for c in cases.NUMBERS]
    model = ti.wrap(Crossed(), encoder=encoders)
    same(model, tmp_path, table)
    again = ti.load_model(ti.save_model(bind(model, table).model, tmp_path / "bound"))
    np.testing.assert_array_equal(bind(again, table).scores, bind(model, table).scores)


def test_an_answer_of_which_only_rows_are_known_comes_back(source, table, tmp_path):
    """Whole numbers used for more than a lookup: a function of rows once it is bound, a graph in the file."""

    class Counted(several.Plain):
        def forward(self, x_num, x_cat):
            return self.tail(
                x_num, [e(x_cat[:, i]) * (x_cat[:, :1] > 1).float() for i, e in enumerate(self.embeddings)]
            )

    model = ti.wrap(Counted(), encoder=several.encoders(source))
    assert not bind(model, table).has_gradient
    same(model, tmp_path, table)


def test_a_zip_and_weights_with_a_graph_are_the_same_network(numbers, tmp_path):
    model = ti.wrap(WideAndDeep(), encoder="passthrough", task="binary")
    zipped = ti.load_model(ti.save_model(model, tmp_path / "model.zip"))
    folder = ti.save_model(model, tmp_path / "bundle")
    header = json.loads((folder / "model.json").read_text())
    (tmp_path / "architecture.json").write_text(json.dumps({"graph": header["graph"], "task": "binary"}))
    weights = ti.load_model(
        folder / "model.safetensors", architecture=tmp_path / "architecture.json", encoder="passthrough"
    )
    expected = bind(model, numbers).scores
    for again in (zipped, weights):
        np.testing.assert_array_equal(bind(again, numbers).scores, expected)


def test_an_inspection_shows_the_graph(source, tmp_path):
    found = ti.inspect_model(
        ti.save_model(ti.wrap(several.Three(), encoder=several.behind(several.Three, source)), tmp_path / "bundle")
    )
    assert found.safe, found.problem
    assert {"x_num = numbers (n, 2)", "city = whole numbers (n,)"} <= set(found.layers)
    assert "embeddings_0 = Embedding(num_embeddings=4, embedding_dim=2) of city" in found.layers
    assert found.layers[-1].startswith("output = ")
    assert "sklearn.preprocessing._encoders.OrdinalEncoder" in found.types


def test_an_input_of_another_width_is_refused(source, tmp_path):
    model = ti.load_model(ti.save_model(ti.wrap(WideAndDeep(), encoder="passthrough"), tmp_path))
    with pytest.raises(
        ModelError,
        match=r"inputs with 4 encoded columns, but for this table its encoders return 2\.",
    ):
        bind(model, ti.read_table(source[[*cases.NUMBERS, "binary"]], target="binary"))


class Own(BaseEstimator, TransformerMixin):
    def fit(self, x, _y=None):
        self.n_features_in_ = x.shape[1]
        return self

    def get_feature_names_out(self, _names=None):
        return np.array([f"x{i}" for i in range(self.n_features_in_)], dtype=object)

    def transform(self, x):
        return np.asarray(x, dtype=float)


class Branch(Residual):
    def forward(self, x):
        return super().forward(x) if x.sum() > 0 else self.last(self.first(x))


class Sorted(Residual):
    def forward(self, x):
        return super().forward(torch.sort(x, dim=1).values)


class Anywide(nn.Module):
    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.slope * x.sum(dim=1, keepdim=True)


class Capped(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.last = nn.Embedding(9, 2, max_norm=1.0), nn.Linear(2, 1)

    def forward(self, x):
        return self.last(self.embedding(x[:, 0].long()))


class Hooked(Residual):
    def __init__(self):
        super().__init__()
        self.first.register_forward_hook(lambda _module, _given, value: value + 1)


UNSAVED = {
    "branch": (
        Branch,
        "torch.fx cannot trace.*In the network's forward method, use only layers and operations that can be saved, or export",
    ),
    "operation": (
        Sorted,
        r"the unsupported operation sort \(node 'sort'\); the operations that can be saved are add, sub",
    ),
    "hook": (Hooked, "the network's scores change when it is rebuilt"),
    "max_norm": (Capped, "an Embedding layer with max_norm"),
    "any width": (
        Anywide,
        "is not known until the network is bound to a table. Wrap the network with an encoder that was fitted",
    ),
}


@pytest.mark.parametrize("what", UNSAVED)
def test_what_a_file_cannot_say_is_refused_in_words(what, tmp_path):
    make, words = UNSAVED[what]
    with pytest.raises(ModelError, match=words):
        ti.save_model(ti.wrap(make(), encoder="passthrough"), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_an_encoder_of_the_user_s_own_and_a_function_are_refused_in_words(source, tmp_path):
    encoders = [several.encoders(source)[0], Own().fit(source[cases.LEVELS])]
    with pytest.raises(ModelError, match=r"encoder of .* cannot be saved.*test_graphs\.Own"):
        ti.save_model(ti.wrap(several.Listed(), encoder=encoders), tmp_path / "bundle")
    with pytest.raises(
        ModelError, match=r"is available only as a prediction function, so it cannot be saved.*Only networks"
    ):
        ti.save_model(ti.wrap(lambda rows: rows.iloc[:, 0]), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


# what is forged


@pytest.mark.parametrize("name", hostile.GRAPHS)
def test_a_forged_graph_is_refused_before_it_has_memory(name, tmp_path, monkeypatch):
    change, words = hostile.GRAPHS[name]
    path = tmp_path / "model.zip"
    path.write_bytes(hostile.with_graph(change))
    monkeypatch.setattr("tabinterp.models.io.graph._assembled", None)  # nothing is built of it
    with pytest.raises((ModelError, UnsafeFileError), match=words):
        ti.load_model(path)
    found = ti.inspect_model(path)
    assert not found.safe
    assert found.problem


def test_the_graph_that_is_forged_is_sound(numbers, tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(hostile.with_graph(hostile.nothing))
    assert ti.inspect_model(path).safe


def test_an_input_without_an_encoder_is_refused(tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(hostile.with_graph(lambda h: h["graph"]["inputs"].append({"name": "y", "width": 1})))
    with pytest.raises(
        ModelError,
        match=r"encoder\.skops must contain one encoder for each input of the network \(number of inputs: 2\)",
    ):
        ti.load_model(path)


def test_any_change_of_a_graph_is_an_answer_or_a_named_error(tmp_path):
    """Values, names and settings exchanged at random, all of it without a table."""
    draw = np.random.default_rng(0)
    junk = [
        0,
        -1,
        2**40,
        1e300,
        None,
        True,
        "x0",
        [],
        {"node": "fc"},
        {"tuple": [5] * 9},
        {"slice": [0]},
        {"dtype": "int64"},
    ]

    def changed(header):
        nodes = header["graph"]["nodes"]
        for _ in range(draw.integers(1, 4)):
            node = nodes[draw.integers(len(nodes))]
            match draw.integers(4):
                case 0:
                    node["op"] = str(draw.choice(list(OPERATIONS)))
                case 1:
                    node["values"] = [*node["values"], junk[draw.integers(len(junk))]][-draw.integers(1, 4) :]
                case 2:
                    node["settings"] = {str(draw.choice(["dim", "alpha", "dtype"])): junk[draw.integers(len(junk))]}
                case 3:
                    node["values"] = [{"node": nodes[draw.integers(len(nodes))]["name"]}]

    refused = 0
    for _ in range(150):
        path = tmp_path / "model.zip"
        path.write_bytes(hostile.with_graph(changed))
        try:
            ti.load_model(path)
        except TabinterpError as error:
            refused += bool(str(error))
    assert refused > 100


def test_every_operation_is_a_function_of_torch_and_none_reaches_out():
    """The table names no attribute, no file, no function of Python's own but arithmetic and `getitem`."""
    for name, operation in OPERATIONS.items():
        target = operation.target
        if operation.is_method:
            assert callable(getattr(torch.Tensor, target)), name
            assert not target.startswith("_"), name
        else:
            home = getattr(target, "__module__", None) or "torch"
            assert home.split(".")[0] in ("torch", "_operator"), name
        assert operation.least <= operation.most
        assert all(NAMES[alike] == name for alike in operation.alike), name


def test_a_graph_that_is_filled_by_hand_names_its_node():
    from tabinterp.models.io.graph import Graph, Input, Node  # noqa: PLC0415

    graph = Graph(
        inputs=[Input(name="x", width=2)],
        layers={},
        nodes=[Node(name="y", op="reshape", values=[{"node": "x"}, -1, 7])],
        output="y",
    )
    with pytest.raises(ModelError, match=r"the node 'y' \(reshape\) cannot be computed: .?shape '\[-1, 7\]'"):
        fill(graph, {}, "graph.json")
