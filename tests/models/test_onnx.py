"""ONNX networks: onnxruntime's own answers, analyses of the same network in torch, and what is refused."""

import io
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler
from torch import nn
from torch.nn import functional

import tabinterp as ti
from tabinterp.errors import ModelError, NotApplicableError, UnsafeFileError
from tabinterp.models import bind, probabilities
from tabinterp.models.adapters import onnx_graph

from .cases import numeric_table

D = 4
OPSET = [helper.make_opsetid("", 20)]


def weights(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def model(nodes, constants, k=1, kind=TensorProto.FLOAT, rows="n", inputs=None, **more):
    inputs = inputs or [helper.make_tensor_value_info("x", kind, [rows, D])]
    outputs = [helper.make_tensor_value_info("y", kind, [rows, k] if k else [rows])]
    held = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "net", inputs, outputs, held)
    return helper.make_model(graph, opset_imports=OPSET, ir_version=9, **more)


def node(kind, *names, **settings):
    return helper.make_node(kind, list(names[:-1]), [names[-1]], **settings)


W1, B1, W2, B2 = weights(D, 5), weights(5, seed=1), weights(5, 1, seed=2), weights(1, seed=3)
MLP = {"w1": W1, "b1": B1, "w2": W2, "b2": B2}
NORM = {name: np.abs(weights(D, seed=i)) + 0.5 for i, name in enumerate(["s", "t", "m", "v"])}


def mlp(activation="Relu", **settings):
    return [
        node("MatMul", "x", "w1", "a"),
        node("Add", "b1", "a", "b"),
        node(activation, "b", "c", **settings),
        node("Gemm", "c", "w2", "b2", "y"),
    ]


def torch_mlp(act=None):
    first, last = nn.Linear(D, 5), nn.Linear(5, 1)
    for layer, weight, bias in ((first, W1, B1), (last, W2, B2)):
        layer.weight.data, layer.bias.data = torch.as_tensor(weight.T.copy()), torch.as_tensor(bias)
    return nn.Sequential(first, act or nn.ReLU(), last)


def scores(proto, x):
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["y"], {"x": x.astype(np.float32)})[0]


CHAINS = {
    "relu": model(mlp(), MLP),
    "tanh": model(mlp("Tanh"), MLP),
    "leaky": model(mlp("LeakyRelu", alpha=0.2), MLP),
    "elu": model(mlp("Elu"), MLP),
    "gelu": model(mlp("Gelu"), MLP),
    "exported for one row": model(mlp(), MLP, rows=1),
    "norm first": model(
        [node("BatchNormalization", "x", "s", "t", "m", "v", "x1"), node("MatMul", "x1", "w1", "a"), *mlp()[1:]],
        MLP | NORM,
    ),
    "scaler first": model(
        [node("Sub", "x", "m", "x0"), node("Div", "x0", "v", "x1"), node("MatMul", "x1", "w1", "a"), *mlp()[1:]],
        MLP | NORM,
    ),
    "dropout, flatten, flat": model(
        [
            node("Flatten", "x", "x0"),
            node("Identity", "x0", "x1"),
            node("Gemm", "x1", "w1", "b1", "b", alpha=0.5),
            node("Dropout", "b", "b0"),
            node("Sigmoid", "b0", "c"),
            node("Gemm", "c", "w2t", "b2", "d", transB=1),
            node("Squeeze", "d", "last", "y"),
        ],
        MLP | {"w2t": W2.T.copy(), "last": np.array([1])},
        k=0,
    ),
}


@pytest.fixture(scope="module")
def table():
    return numeric_table("regression", 120)


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_has_onnxruntime_s_answers_and_every_reading(name, table):
    proto = CHAINS[name]
    bound = bind(ti.wrap(proto, encoder="passthrough", task="regression"), table)
    x = table.inputs.to_numpy()
    own = np.stack([scores(proto, row[None]).reshape(-1) for row in x]) if "one" in name else scores(proto, x)
    np.testing.assert_allclose(bound.scores, own.reshape(-1, 1), atol=1e-5)
    assert bound.has_gradient
    assert bound.front.weight.shape == (5, D)


def test_readings_are_those_of_the_same_network_in_torch(table):
    mine = ti.wrap(CHAINS["relu"], encoder="passthrough", task="regression")
    theirs = ti.wrap(torch_mlp(), encoder="passthrough", task="regression")
    for method in ("saliency", "integrated_gradients"):
        one, other = (ti.gradient_importance(m, table, method=method).values for m in (mine, theirs))
        np.testing.assert_allclose(one, other, atol=1e-6)
    pd.testing.assert_frame_equal(
        ti.permutation_importance(mine, table).frame(), ti.permutation_importance(theirs, table).frame(), atol=1e-6
    )
    assert mine.name == "net 5"


def test_probabilities_are_read_off_the_last_operator():
    table = numeric_table("binary", 120)
    proto = model([*mlp()[:3], node("Gemm", "c", "w2", "b2", "d"), node("Sigmoid", "d", "y")], MLP)
    wrapped = ti.wrap(proto, encoder="passthrough")
    assert wrapped.outputs == "probabilities"
    plain = ti.wrap(torch_mlp(), encoder="passthrough")
    np.testing.assert_allclose(bind(wrapped, table).scores, bind(plain, table).scores, atol=1e-5)


def test_an_exported_module_is_read_again(table, tmp_path):
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is deprecated
        torch.onnx.export(torch_mlp(nn.Tanh()).eval(), (torch.zeros(1, D),), path, dynamo=False)
    bound = bind(ti.load_model(path, task="regression"), table)
    assert bound.has_gradient


# ---- other graphs

SKIP = model(
    [*mlp()[:3], node("Concat", "c", "x", "d", axis=1), node("MatMul", "d", "w3", "y")], MLP | {"w3": weights(9, 1)}
)
OPAQUE = model(
    [*mlp()[:3], node("CumSum", "c", "one", "d"), node("MatMul", "d", "w2", "y")], MLP | {"one": np.array(1)}
)


class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = torch_mlp()[0], torch.as_tensor(weights(9, 1))

    def forward(self, x):
        return torch.cat([torch.relu(self.first(x)), x], 1) @ self.last


def test_a_graph_that_branches_has_every_reading(table):
    bound = bind(ti.wrap(SKIP, encoder="passthrough", task="regression"), table)
    np.testing.assert_allclose(bound.scores, scores(SKIP, table.inputs.to_numpy()), atol=1e-6)
    theirs = bind(ti.wrap(Skip(), encoder="passthrough", task="regression"), table)
    np.testing.assert_allclose(bound.gradients(bound.x), theirs.gradients(theirs.x), atol=1e-6)
    assert bound.activations()


def test_an_operator_without_a_counterpart_leaves_onnxruntime_s_answers(table):
    bound = bind(ti.wrap(OPAQUE, encoder="passthrough", task="regression"), table)
    np.testing.assert_allclose(bound.scores, scores(OPAQUE, table.inputs.to_numpy()), atol=1e-6)
    assert sum(p.numel() for p in bound.model.weights.parameters()) == sum(v.size for v in [*MLP.values()])
    with pytest.raises(
        NotApplicableError,
        match=r"contains the operator CumSum, which cannot be converted to a torch layer .*, so its gradients cannot be",
    ):
        ti.gradient_importance(bound, table)

    class Summed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, _, self.last = torch_mlp()

        def forward(self, x):
            return torch.relu(self.first(x)).cumsum(1) @ self.last.weight.T

    theirs = ti.wrap(Summed(), encoder="passthrough", task="regression")
    mine = ti.permutation_importance(bound, table).frame()
    pd.testing.assert_frame_equal(mine, ti.permutation_importance(theirs, table).frame(), atol=1e-5)


def exported(network, *inputs, opset=20):
    file = io.BytesIO()
    names = [f"input{i}" for i in range(len(inputs))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is deprecated
        torch.onnx.export(
            network.eval(),
            inputs,
            file,
            dynamo=False,
            opset_version=opset,  # before 20, GELU is a chain of operations
            input_names=names,
            dynamic_axes={one: {0: "n"} for one in names},
        )
    return onnx.load_from_string(file.getvalue())


class Embedded(nn.Module):
    """Numbers and levels, as most people write it."""

    def __init__(self, outputs=1):
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(size, 3) for size in (4, 5)])
        self.norm = nn.BatchNorm1d(2)
        self.layers = nn.Sequential(nn.Linear(8, 6), nn.GELU(), nn.Dropout(0.1), nn.Linear(6, outputs))

    def forward(self, x_num, x_cat):
        vectors = [one(x_cat[:, i]) for i, one in enumerate(self.embeddings)]
        return self.layers(torch.cat([self.norm(x_num), *vectors], dim=1))


class Shared(nn.Module):
    """One table for all levels, and a normalised residual block."""

    def __init__(self, outputs=1):
        super().__init__()
        self.embedding = nn.Embedding(9, 3)
        self.register_buffer("starts", torch.tensor([0, 4]))
        self.norm, self.middle, self.last = nn.LayerNorm(8), nn.Linear(8, 8), nn.Linear(8, outputs)

    def forward(self, x_num, x_cat):
        vectors = self.embedding(x_cat + self.starts)
        x = torch.cat([x_num, vectors.view(vectors.shape[0], -1)], dim=1)
        return self.last(x + torch.relu(self.middle(self.norm(x))))


class Crossed(nn.Module):
    """A factorisation machine: levels one by one, and the products of their vectors."""

    def __init__(self, outputs=1):
        super().__init__()
        self.first, self.second, self.numbers = nn.Embedding(4, 3), nn.Embedding(5, 3), nn.Linear(2, outputs)

    def forward(self, x_num, x_cat):
        one, other = torch.split(x_cat, 1, dim=1)
        vectors = torch.stack([self.first(one.squeeze(1)), self.second(other.squeeze(1))], dim=1)
        crossed = 0.5 * (vectors.sum(1) ** 2 - (vectors**2).sum(1)).sum(1, keepdim=True)
        return self.numbers(torch.tanh(x_num)) + crossed


def mixed_table(task):
    draw = np.random.default_rng(0)
    source = pd.DataFrame(draw.normal(size=(150, 2)), columns=["a", "b"]).assign(
        c=draw.choice(list("pqrs"), 150), d=draw.choice(list("vwxyz"), 150)
    )
    target = {
        "regression": draw.normal(size=150),
        "binary": source["a"] > 0,
        "multiclass": np.digitize(source["a"], [-0.5, 0.5]),
    }
    source["y"] = target[task]
    encoders = [StandardScaler().fit(source[["a", "b"]]), OrdinalEncoder().fit(source[["c", "d"]])]
    return ti.read_table(source, target="y", task=task), encoders


@pytest.mark.parametrize(
    ("kind", "task"),
    [
        pytest.param(
            kind, task, marks=() if at == place else pytest.mark.nightly
        )  # every kind and every task in every run
        for at, kind in enumerate([Embedded, Shared, Crossed])
        for place, task in enumerate(["regression", "binary", "multiclass"])
    ],
)
def test_numbers_and_levels_have_the_readings_of_the_torch_network(kind, task):
    torch.manual_seed(0)
    network = kind(3 if task == "multiclass" else 1)
    table, encoders = mixed_table(task)
    proto = exported(network, torch.zeros(3, 2), torch.zeros(3, 2, dtype=torch.int64))
    stated = {"task": task} if task == "regression" else {}
    bound = bind(ti.wrap(proto, encoder=encoders, **stated), table)
    named = bind(ti.wrap(proto, encoder={"input1": encoders[1], "input0": encoders[0]}, **stated), table)
    theirs = bind(ti.wrap(network, encoder=encoders, **stated), table)
    for mine in (bound, named):
        assert mine.encoding.width == 2 + 4 + 5
        np.testing.assert_allclose(mine.scores, theirs.scores, atol=1e-6)
        np.testing.assert_allclose(mine.gradients(mine.x), theirs.gradients(theirs.x), atol=1e-5)
        assert mine.front.weight.shape == theirs.front.weight.shape
    assert {k: v.shape for k, v in bound.activations().items()} == {k: v.shape for k, v in theirs.activations().items()}


def test_several_inputs_are_given_in_their_own_types():
    source = pd.DataFrame({"a": np.linspace(-1, 1, 60), "b": np.arange(60) % 3, "y": np.arange(60) * 0.1})
    table = ti.read_table(source, target="y", task="regression", kinds={"b": "categorical"})
    inputs = [
        helper.make_tensor_value_info("num", TensorProto.FLOAT, ["n", 1]),
        helper.make_tensor_value_info("cat", TensorProto.INT64, ["n"]),
    ]
    encoders = [FunctionTransformer().fit(source[[c]]) for c in ("a", "b")]
    for more, has_gradient in (([], True), ([node("CumSum", "e", "one", "e1")], False)):
        nodes = [node("Gather", "table", "cat", "e"), *more, node("Add", "num", "e1" if more else "e", "y")]
        proto = model(nodes, {"table": weights(3, 1), "one": np.array(1)}, inputs=inputs)
        bound = bind(ti.wrap(proto, encoder=encoders, task="regression"), table)
        expected = source["a"].to_numpy() + weights(3, 1)[source["b"], 0]
        np.testing.assert_allclose(bound.scores[:, 0], expected, atol=1e-6)
        assert bound.has_gradient == has_gradient
        with pytest.raises(
            ModelError,
            match=r"encoder= must contain one encoder for each input of the ONNX model \(.*\); got 1\.",
        ):
            ti.wrap(proto, encoder=encoders[:1], task="regression")
        with pytest.raises(
            ModelError, match=r"the inputs of the ONNX model are num, cat, but the keys of encoder= are num\."
        ):
            ti.wrap(proto, encoder={"num": encoders[0]}, task="regression")


def test_a_conversion_that_differs_is_not_used(monkeypatch):
    table, encoders = mixed_table("regression")
    proto = exported(Embedded(), torch.zeros(3, 2), torch.zeros(3, 2, dtype=torch.int64))
    monkeypatch.setitem(onnx_graph.ACTIVATIONS, "Gelu", lambda settings: nn.Tanh())
    bound = bind(ti.wrap(proto, encoder=encoders, task="regression"), table)
    assert not bound.has_gradient
    with pytest.raises(NotApplicableError, match="gives different predictions when its layers are rebuilt in torch"):
        ti.gradient_importance(bound, table)


def test_a_conversion_that_differs_on_the_table_is_not_used(monkeypatch):
    """For levels beyond those on which it was compared before."""

    def capped(made, node, settings):
        cut = made.call(torch.clamp, made.value(node.input[1]), 0, 1)
        return made.call(functional.embedding, cut, made.value(node.input[0]))

    table, encoders = mixed_table("regression")
    network = Embedded()
    proto = exported(network, torch.zeros(3, 2), torch.zeros(3, 2, dtype=torch.int64))
    own = onnx_graph.OPERATIONS["Gather"]
    monkeypatch.setitem(
        onnx_graph.OPERATIONS,
        "Gather",
        lambda made, node, settings: (capped if node.input[0] in made.values else own)(made, node, settings),
    )
    bound = bind(ti.wrap(proto, encoder=encoders, task="regression"), table)
    assert not bound.has_gradient
    theirs = bind(ti.wrap(network, encoder=encoders, task="regression"), table)
    np.testing.assert_allclose(bound.scores, theirs.scores, atol=1e-6)


# ---- files


def test_a_file_is_known_by_what_it_holds(table, tmp_path):
    path = tmp_path / "net.bin"
    path.write_bytes(CHAINS["relu"].SerializeToString())
    assert bind(ti.load_model(path, task="regression"), table).has_gradient


def external():
    proto = onnx.ModelProto()
    proto.CopyFrom(CHAINS["relu"])
    held = proto.graph.initializer[0]
    held.ClearField("raw_data")
    held.data_location = TensorProto.EXTERNAL
    held.external_data.add(key="location", value="../secret.bin")
    return proto


def einsum():
    """Between the operands onnxruntime makes all of their products at once."""
    proto = model([helper.make_node("Einsum", ["x", "c", "c"], ["y"], equation="ab,cd,cd->ab")], {}, k=D)
    proto.graph.initializer.append(numpy_helper.from_array(np.ones((8, 8), dtype=np.float32), "c"))
    return proto


def custom():
    proto = model([helper.make_node("Evil", ["x"], ["y"], domain="com.evil")], {}, k=D)
    proto.opset_import.append(helper.make_opsetid("com.evil", 1))
    return proto


def loop():
    branch = helper.make_graph(
        [node("Identity", "x", "z")], "b", [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    )
    return model([node("If", "c", "y", then_branch=branch, else_branch=branch)], {"c": np.array(True)}, k=D)


def broken(value):
    return model(mlp(), MLP | {"w1": np.full_like(W1, value)})


REFUSED = {
    "external data": (external(), UnsafeFileError, "stores weights in other files, which tabinterp never opens"),
    "einsum of three": (einsum(), UnsafeFileError, "an Einsum operator with more than two operands"),
    "custom operator": (custom(), UnsafeFileError, "operators of the domain 'com.evil'.*only standard ONNX operators"),
    "subgraph": (loop(), UnsafeFileError, "the operator If, subgraphs"),
    "random": (model([node("RandomNormalLike", "x", "y")], {}, k=D), UnsafeFileError, "the operator RandomNormalLike"),
    "not a number": (broken(np.nan), ModelError, "the weights 'w1' contain infinite or NaN values"),
    "wrong names": (model([node("Relu", "nowhere", "y")], {}, k=D), ModelError, "is not a valid ONNX model"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_words(name, tmp_path):
    proto, error, words = REFUSED[name]
    path = tmp_path / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    for attempt in (lambda: ti.load_model(path), lambda: ti.wrap(proto, encoder="passthrough")):
        with pytest.raises(error, match=words):
            attempt()


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(CHAINS["relu"].SerializeToString()[:-40])
    with pytest.raises(ModelError, match="cannot be read as an ONNX model"):
        ti.load_model(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    path.write_bytes(CHAINS["relu"].SerializeToString())
    monkeypatch.setattr("tabinterp.models.adapters.onnx.LARGEST", 10)
    with pytest.raises(ModelError, match="the limit for ONNX models is 10"):
        ti.load_model(path)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match=r"need the package onnx. Install it: pip install 'tabinterp\[onnx\]'"):
        ti.wrap(CHAINS["relu"], encoder="passthrough")


def test_strings_and_several_scores_are_refused_in_words(table):
    text = [helper.make_tensor_value_info("x", TensorProto.STRING, ["n", 1])]
    proto = model([node("Equal", "x", "x", "e"), node("Cast", "e", "y", to=1)], {}, inputs=text)
    with pytest.raises(ModelError, match="contains the operator Equal, which cannot be converted"):
        ti.wrap(proto, encoder="passthrough")
    proto = model(mlp(), MLP)
    proto.graph.output.add().CopyFrom(helper.make_tensor_value_info("b", TensorProto.FLOAT, ["n", 5]))
    with pytest.raises(ModelError, match=r"exactly one floating-point output.*has the outputs y, b"):
        ti.wrap(proto, encoder="passthrough")


def test_a_graph_for_other_rows_is_refused_in_words():
    other = numeric_table("regression", 60, columns=3)
    for proto in (OPAQUE, SKIP, CHAINS["relu"]):
        with pytest.raises(
            ModelError,
            match=r"net( 5)? expects inputs with 4 encoded columns, but for this table (the|its) encoders return 3\.",
        ):
            bind(ti.wrap(proto, encoder="passthrough", task="regression"), other)


def test_what_is_a_torch_network_is_saved_without_onnx(table, tmp_path):
    ti.save_model(ti.wrap(SKIP, encoder="passthrough", task="regression"), tmp_path / "skip")
    bound = bind(ti.load_model(tmp_path / "skip"), table)
    np.testing.assert_allclose(bound.scores, scores(SKIP, table.inputs.to_numpy()), atol=1e-6)
    with pytest.raises(ModelError, match="cannot be saved without its code"):
        ti.save_model(ti.wrap(OPAQUE, encoder="passthrough"), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_network_with_several_inputs_is_saved(tmp_path):
    table, encoders = mixed_table("regression")
    proto = exported(Embedded(), torch.zeros(3, 2), torch.zeros(3, 2, dtype=torch.int64))
    model = ti.wrap(proto, encoder=encoders, task="regression")
    ti.save_model(model, tmp_path / "bundle")
    loaded = bind(ti.load_model(tmp_path / "bundle"), table)
    np.testing.assert_allclose(loaded.scores, bind(model, table).scores, atol=1e-6)
    assert loaded.has_gradient


def test_an_encoder_is_asked_for():
    with pytest.raises(
        ModelError, match=r"a network needs an encoder that converts .* inputs. Pass a fitted transformer as encoder="
    ):
        ti.wrap(CHAINS["relu"])


# ---- compared with onnxruntime row by row, on the table's rows


def bound_to(proto, rows, target=None, **wrapped):
    target = rows[:, 0] if target is None else target
    task = "binary" if target.dtype.kind == "U" else "regression"
    frame = pd.DataFrame(rows, columns=[*"abcd"]).assign(t=target)
    return bind(ti.wrap(proto, **{"encoder": "passthrough"} | wrapped), ti.read_table(frame, target="t", task=task))


HEAD = {"w": weights(D, 1)}
THROUGH_INTEGERS = {
    "divided": [
        node("Cast", "x", "c", to=7),
        node("Div", "c", "k", "d"),
        node("Cast", "d", "f", to=1),
        node("MatMul", "f", "w", "y"),
    ],
    "of 32 bits": [node("Cast", "x", "c", to=6), node("Cast", "c", "f", to=1), node("MatMul", "f", "w", "y")],
}


@pytest.mark.parametrize("name", THROUGH_INTEGERS)
def test_integers_inside_are_answered_by_onnxruntime(name):
    rows = np.round(np.random.default_rng(0).uniform(1e9, 9e9, (200, D)))
    proto = model(THROUGH_INTEGERS[name], HEAD | {"k": np.array([1_000_000])})
    bound = bound_to(proto, rows, np.arange(200.0))
    assert not bound.has_gradient
    np.testing.assert_array_equal(bound.scores, scores(proto, rows))


def test_a_difference_in_rows_of_small_outputs_is_seen():
    """Beside the largest output of all rows, those of most rows are next to nothing."""
    nodes = [*mlp("Selu", alpha=4.0)[:3], node("Gemm", "c", "w2", "b2", "d"), node("Exp", "d", "y")]
    proto = model(nodes, MLP)
    rows = np.random.default_rng(0).normal(size=(200, D))
    bound = bound_to(proto, rows)
    assert not bound.has_gradient
    np.testing.assert_allclose(bound.scores, scores(proto, rows), rtol=1e-6)


def test_what_differs_in_a_single_row_of_the_table_is_answered_by_onnxruntime():
    """Whole numbers beyond 32 bits, in the last of 2,000 rows."""
    codes = np.r_[np.zeros(1999), 5e9].astype(np.int64)
    inputs = [helper.make_tensor_value_info("x", TensorProto.INT64, ["n", 1])]
    nodes = [node("Cast", "x", "c", to=6), node("Cast", "c", "f", to=1), node("MatMul", "f", "w", "y")]
    proto = model(nodes, {"w": np.array([[1e-9]], dtype=np.float32)}, inputs=inputs)
    frame = pd.DataFrame({"a": codes, "t": np.arange(2000.0)})
    encoder = FunctionTransformer(feature_names_out="one-to-one").fit(frame[["a"]])
    table = ti.read_table(frame, target="t", task="regression", kinds={"a": "numeric"})
    bound = bind(ti.wrap(proto, encoder=encoder), table)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(bound.scores, session.run(["y"], {"x": codes[:, None]})[0], rtol=1e-6)


def test_one_minus_p_beside_p_must_be_stated():
    nodes = [
        node("MatMul", "x", "w", "l"),
        node("Sigmoid", "l", "p"),
        node("Sub", "one", "p", "q"),
        node("Concat", "q", "p", "y", axis=1),
    ]
    proto = model(nodes, HEAD | {"one": np.ones(1, dtype=np.float32)}, k=2)
    rows = np.random.default_rng(0).normal(size=(200, D))
    target = np.where(rows[:, 0] > 0, "q", "p")
    with pytest.raises(ModelError, match=r"outputs are all between 0 and 1 .* pass outputs='probabilities'"):
        bound_to(proto, rows, target)
    found = bound_to(proto, rows, target, outputs="probabilities")
    np.testing.assert_allclose(probabilities(found.scores), scores(proto, rows), atol=1e-6)
