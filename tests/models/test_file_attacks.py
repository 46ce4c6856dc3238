"""Model files built to read other files, run code, write outside an array or take all memory, each as an attacker would."""

import contextlib
import hashlib
import io
import json
import re
import resource
import warnings
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import safetensors.torch
import skops.io
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, DictionaryLearning, KernelPCA, LatentDirichletAllocation, MiniBatchNMF
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_selection import SelectFromModel
from sklearn.impute import IterativeImputer
from sklearn.linear_model import BayesianRidge, LarsCV, LogisticRegression, LogisticRegressionCV, RANSACRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MultiLabelBinarizer,
    OneHotEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

import tabinterp as ti
from tabinterp.errors import ModelError, UnsafeFileError
from tabinterp.models import bind
from tabinterp.models.adapters import onnx_check
from tabinterp.models.io import allocation_limits as limits
from tabinterp.models.io import loaded_objects, skops_archive, state_dict
from tabinterp.models.io.load import of_object
from tabinterp.models.io.reading import Content

from ..fuzz_files import mutate_model_files
from . import hostile

ROWS = 120


def frame():
    draw = np.random.default_rng(0)
    level = draw.choice(["a", "b", "c"], ROWS)
    number = draw.normal(size=ROWS)
    return pd.DataFrame({"level": level, "number": number, "y": (number + (level == "a") > 0).astype(int)})


def pipeline():
    """A logistic regression behind a target encoder, which the linear counterpart fits again."""
    source = frame()
    encoder = ColumnTransformer([("t", TargetEncoder(cv=3), ["level"]), ("n", StandardScaler(), ["number"])])
    return make_pipeline(encoder, StandardScaler(), LogisticRegression()).fit(source[["level", "number"]], source["y"])


def fit_with(folder):
    """Fit the encoder as the counterpart does, with a cache folder."""
    bound = bind(ti.wrap(pipeline()), ti.read_table(frame(), target="y"))
    encoder = clone(bound.model.encoder).set_params(memory=str(folder), columntransformer__t__random_state=0)
    return encoder.fit_transform(bound.table.inputs[list(bound.model.reads)], bound.table.y.astype(int))


def schema_of(data):
    return json.loads(hostile.members(data)["schema.json"])


def with_schema(data, schema):
    return hostile.zipped(hostile.members(data) | {"schema.json": json.dumps(schema)})


def json_node(text, identity):
    return {
        "__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": text, "__id__": identity,
    }  # fmt: skip


def nodes(value):
    if isinstance(value, dict):
        if "__loader__" in value:
            yield value
        for part in value.values():
            yield from nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from nodes(part)


def tree(folder):
    return {str(path): path.stat().st_mtime_ns for path in Path(folder).rglob("*")}


def grown(call):
    """How many MiB the process's largest size grew by, and the error of ours that the call ended in."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ti.TabinterpError) as error:
        call()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, error.value


# ---- skops: what is built is not what the text says


@pytest.fixture
def cache(tmp_path):
    """A cache folder of joblib in which every result is a pickle that writes the marker."""
    folder, marker = tmp_path / "cache", tmp_path / "marker"
    fit_with(folder)
    results = list(folder.rglob("output.pkl"))
    assert results
    for result in results:
        result.write_bytes(hostile.payload(marker))
    return folder, marker


MEMORIES = {  # what stands at `memory`, after a node of the id 77 that holds the folder
    "null under the id of the folder": json_node("null", 77),
    "an id alone": {"__id__": 77},
    "a cached node": {"__class__": None, "__module__": None, "__loader__": "CachedNode", "__id__": 77},
    "null under the same id as a number": json_node("null", 77.0),
    "true for an id": json_node("null", True),
}


@pytest.mark.parametrize("what", MEMORIES)
def test_a_cache_folder_behind_a_shared_id_is_refused(what, cache, tmp_path):
    folder, marker = cache
    data = skops.io.dumps(pipeline())
    schema = schema_of(data)
    attributes = schema["content"]["content"]
    identity = True if "true" in what else 77
    attributes["memory"] = MEMORIES[what]
    changed = {"note": json_node(json.dumps(str(folder)), int(identity)), **attributes}
    schema["content"]["content"] = changed
    schema["content"]["key_types"]["content"].insert(0, schema["content"]["key_types"]["content"][0])
    path = tmp_path / "model.skops"
    path.write_bytes(with_schema(data, schema))
    before = tree(folder)
    assert not ti.inspect_model(path).safe
    with pytest.raises(ti.TabinterpError):
        ti.fit_counterpart(ti.load_model(path), ti.read_table(frame(), target="y"))
    assert not marker.exists()
    assert tree(folder) == before


def test_the_cache_would_have_been_read(cache):
    """The test above would notice: with the folder set, scikit-learn itself unpickles what lies there."""
    folder, marker = cache
    with contextlib.suppress(Exception):
        fit_with(folder)
    assert marker.exists()


def test_the_counterpart_is_fitted_without_a_cache(tmp_path):
    fitted = pipeline().set_params(memory=str(tmp_path / "cache"))
    ti.fit_counterpart(ti.wrap(fitted), ti.read_table(frame(), target="y"))
    assert not (tmp_path / "cache").exists()


def test_nodes_that_stand_for_the_same_object_are_read():
    data = hostile.skops_bytes()
    schema = schema_of(data)
    seen = set()
    for node in nodes(schema):
        if node["__id__"] in seen and node["__loader__"] == "JsonNode":
            node.clear()
            node.update({"__class__": None, "__module__": None, "__loader__": "CachedNode", "__id__": next(iter(seen))})
            break
        if node["__loader__"] == "JsonNode":
            seen = {node["__id__"]}
    again = skops_archive.load(Content("model.skops", with_schema(data, schema)))
    x = np.random.default_rng(0).normal(size=(9, hostile.COLUMNS))
    np.testing.assert_array_equal(again.predict_proba(x), hostile.estimator().predict_proba(x))


def test_arrays_under_one_id_are_compared_by_their_bytes():
    data = hostile.skops_bytes()
    schema = schema_of(data)
    one, other = [node for node in nodes(schema) if node["__loader__"] == "NdArrayNode"][:2]
    other["__id__"] = one["__id__"]
    with pytest.raises(UnsafeFileError, match="different nodes with the same id"):
        skops_archive.load(Content("model.skops", with_schema(data, schema)))


def test_an_earlier_protocol_is_refused():
    data = hostile.skops_bytes()
    for protocol in (0, 1, 99, "2", True, None):
        schema = schema_of(data) | {"protocol": protocol}
        with pytest.raises(ModelError, match="has the skops protocol"):
            skops_archive.load(Content("model.skops", with_schema(data, schema)))


CLASSES = {  # a class that is on the list, named by a node that would call it
    "a dict": ("DictNode", "sklearn.model_selection._split", "KFold"),
    "a list": ("ListNode", "sklearn.impute._iterative", "IterativeImputer"),
    "an array": ("NdArrayNode", "numpy", "void"),
    "an object": ("ObjectNode", "builtins", "dict"),
}


@pytest.mark.parametrize("what", CLASSES)
def test_a_node_names_classes_of_its_own_kind_alone(what):
    loader, module, name = CLASSES[what]
    data = hostile.skops_bytes()
    schema = schema_of(data)
    node = next(node for node in nodes(schema["content"]) if node["__loader__"] == loader)
    node.update(__module__=module, __class__=name)
    refused_types = skops_archive.examine(Content("m", with_schema(data, schema))).refused
    assert any(one.startswith(f"{module}.{name}") for one in refused_types)


# ---- skops: attributes that no constructor has checked


def fitted(transformer, **attributes):
    """A transformer fitted on numbers, and then changed."""
    transformer.fit(np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2)
    return vars_set(transformer, **attributes)


def vars_set(transformer, **attributes):
    vars(transformer).update(attributes)
    return transformer


def one_hot(values=("a", "b", "c"), settings=None, **attributes):
    encoder = OneHotEncoder(**(settings or {})).fit(pd.DataFrame({"c": [*values] * 3}))
    vars(encoder).update(attributes)
    return encoder


def spline(change):
    """A spline, changed where its numbers are: since SciPy 1.18 in an object of its own, which the first argument holds."""
    encoder = fitted(SplineTransformer(n_knots=4))
    whole = encoder.bsplines_[0]
    change(whole, vars(whole).get("_delegate_to") or whole)
    return encoder


def without_coefficients(_whole, inner):
    inner.c = inner.c[:2].copy()


def handing_on(_whole, inner):
    inner._delegate_to = fitted(StandardScaler())


def of_another_type(whole, _inner):
    vars(whole)["_delegate_to"] = fitted(StandardScaler(), t=np.zeros(3))


def union():
    part = fitted(PolynomialFeatures(2), n_output_features_=60_000, _n_out_full=60_000)
    return FeatureUnion([(str(i), part) for i in range(3)])


def random_at(place):
    """An encoder that draws, from a random state whose place in the archive is changed afterwards."""
    data = skops.io.dumps(TargetEncoder(random_state=np.random.RandomState(0)))
    schema = schema_of(data)
    state = schema["content"]["content"]["random_state"]["content"]["content"]["state"]["content"]
    state["pos"]["content"] = str(place)
    return with_schema(data, schema)


FREQUENT = {"min_frequency": 4, "handle_unknown": "infrequent_if_exist"}
UNSAFE = {
    "a cache folder": lambda: make_pipeline(StandardScaler(), memory="/tmp/cache"),
    "a cache folder deep inside": lambda: FeatureUnion([("a", make_pipeline(StandardScaler(), memory="/tmp/cache"))]),
    "a cache folder in a grid": lambda: GridSearchCV(make_pipeline(StandardScaler()), {"memory": ["/tmp/cache"]}),
    "a cache folder in a grid, by its step": lambda: GridSearchCV(
        make_pipeline(StandardScaler()), {"a__memory": ["/tmp"]}
    ),
    "a path": lambda: fitted(StandardScaler(), data_file="/etc/passwd"),
    "a function in the place of a method": lambda: fitted(StandardScaler(), transform=np.log),
    "a type in the place of a method": lambda: fitted(StandardScaler(), transform=list),
    "a function as a kernel": lambda: fitted(KernelPCA(2), kernel=np.add),
    "a function as a name": lambda: one_hot(feature_name_combiner=np.add),
    "a function that is an object": lambda: fitted(FunctionTransformer(), func=StandardScaler()),
    "codes beyond the columns": lambda: one_hot(_n_features_outs=[1]),
    "numbers in no order": lambda: one_hot((1.0, 2.0, 3.0), categories_=[np.array([3.0, 1.0, 2.0])]),
    "a level to drop that is none": lambda: one_hot(
        settings={"drop": "first"}, _drop_idx_after_grouping=np.array([7], object)
    ),
    "rare levels beyond the columns": lambda: one_hot(
        "aaaabbbbcd", FREQUENT, _default_to_infrequent_mappings=[np.array([0, 1, 9, 9])]
    ),
    "a spline of too few coefficients": lambda: spline(without_coefficients),
    "a spline that hands its work on": lambda: spline(handing_on),
    "a spline that computes with something else": lambda: spline(of_another_type),
    "a random state that is read beyond its end": lambda: random_at(10**8),
    "a random state that is read before its beginning": lambda: random_at(-1),
    "labels whose codes are stored": lambda: MultiLabelBinarizer().fit([["a"], ["b"]]),
}


@pytest.mark.parametrize("what", UNSAFE)
def test_an_object_that_would_act_is_refused(what):
    made = UNSAFE[what]()
    # A changed archive may be refused by numpy before it is checked here; newer releases check the place of a random state.
    data, refused = (made, ModelError) if isinstance(made, bytes) else (skops.io.dumps(made), UnsafeFileError)
    with pytest.raises(refused) as error:
        skops_archive.load(Content("model.skops", data))
    assert "model.skops" in str(error.value)


def test_a_random_state_within_its_end_is_read():
    """The archive whose place is changed is a sound one but for the place."""
    assert skops_archive.load(Content("model.skops", random_at(3))) is not None


LARGE = {
    "columns that are claimed": lambda: fitted(PolynomialFeatures(2), _n_out_full=10**9),
    "products without end": lambda: fitted(PolynomialFeatures(2), _max_degree=60_000),
    "levels that are claimed": lambda: fitted(PCA(2), n_components_=10**12),
    "many parts together": union,
    "bins of a fit": lambda: KBinsDiscretizer(300_000_000, strategy="uniform"),
    "penalties of a fit": lambda: SelectFromModel(LogisticRegressionCV(Cs=2 * 10**8)),
    "steps of a fit": lambda: IterativeImputer(max_iter=10**9, tol=0.0),
    "steps of each transformation, of topics": lambda: LatentDirichletAllocation(max_doc_update_iter=10**9),
    "steps of each transformation, of factors": lambda: vars_set(MiniBatchNMF(), _transform_max_iter=10**9),
    "steps of each transformation, of a dictionary": lambda: DictionaryLearning(transform_max_iter=10**9),
    "trials of a fit": lambda: SelectFromModel(RANSACRegressor(max_trials=10**9)),
    "penalties of a path": lambda: SelectFromModel(LarsCV(max_n_alphas=10**9)),
    "a long array": lambda: fitted(StandardScaler(), mean_=np.zeros(1 << 17)),
}


@pytest.mark.parametrize("what", LARGE)
def test_an_encoder_that_would_fill_memory_is_refused_before_it_does(what):
    data = skops.io.dumps(LARGE[what]())
    more, error = grown(lambda: skops_archive.load(Content("model.skops", data)))
    assert isinstance(error, ModelError)
    assert "the limit " in str(error)
    assert more < 200


def test_rows_of_a_function_are_counted_with_all_its_columns():
    """Its parts are run on whole rows by scikit-learn, whatever they make on the way."""
    x = np.random.default_rng(0).normal(size=(60, 2))
    fitted_ = make_pipeline(PolynomialFeatures(2), BayesianRidge()).fit(x, x[:, 0])
    vars(fitted_[0]).update(_n_out_full=100_000)
    path = Content("model.skops", skops.io.dumps(fitted_))
    function = of_object(skops_archive.load(path), path).function
    more, error = grown(lambda: function(pd.DataFrame(np.zeros((50_000, 2)))))
    assert "50,000 rows of 100," in str(error)
    assert more < 200


def test_sound_one_hot_encoders_are_read():
    rows = pd.DataFrame({"c": [*"aaaabbbbcd"], "n": [1.0, 2.0, np.nan, 1.0, 2.0, 3.0, 1.0, 1.0, 2.0, 3.0]})
    for settings in (
        {},
        {"drop": "first"},
        {"drop": "if_binary"},
        FREQUENT,
        FREQUENT | {"drop": "first"},
        {"max_categories": 2},
    ):
        encoder = OneHotEncoder(**settings).fit(rows)
        again = skops_archive.load(Content("model.skops", skops.io.dumps(encoder)))
        np.testing.assert_array_equal(again.transform(rows).toarray(), encoder.transform(rows).toarray())


def test_what_is_loaded_starts_no_processes():
    encoder = ColumnTransformer([("n", StandardScaler(), [0])]).fit(np.zeros((9, 2))).set_params(n_jobs=64)
    assert skops_archive.load(Content("model.skops", skops.io.dumps(encoder))).n_jobs is None


def test_what_is_loaded_prints_nothing(capfd):
    """The counterpart fits encoders again, and scikit-learn would print the names of their steps as they are."""
    encoder = ColumnTransformer([("\x1b[2Jc", StandardScaler(), [0])], verbose=True)
    whole = Pipeline([("\x1b[2Jp", encoder), ("n", StandardScaler())], verbose=True)
    data = skops.io.dumps(whole.fit(np.zeros((9, 1))))
    assert "\x1b" in capfd.readouterr().out  # what is to be prevented
    skops_archive.load(Content("model.skops", data)).fit(np.zeros((9, 1)))
    assert capfd.readouterr().out == ""


# ---- ONNX: data in other files, anywhere


def tensor(name, **changed):
    made = numpy_helper.from_array(np.arange(4, dtype=np.float32), name)
    for field, value in changed.items():
        setattr(made, field, value)
    return made


def external(name="t"):
    made = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    made.external_data.add(key="location", value="secret.bin")
    return made


def sparse(values, indices=None):
    made = onnx.SparseTensorProto(dims=[4])
    made.values.CopyFrom(values)
    made.indices.CopyFrom(indices or numpy_helper.from_array(np.arange(4, dtype=np.int64), "i"))
    return made


def network(*nodes_, inputs=None, opset=20, width=4):
    """y = x times the constant c, which the nodes make."""
    graph = helper.make_graph(
        [*nodes_, helper.make_node("Mul", ["x", "c"], ["y"])],
        "net",
        [inputs or helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", width])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def constant(**attributes):
    return helper.make_node("Constant", [], ["c"], **attributes)


def sound():
    return network(constant(value=tensor("t")))


def graph_with(held):
    return helper.make_graph([helper.make_node("Constant", [], ["z"], value=held)], "inner", [], [])


def in_initializer(model):
    model.graph.initializer.append(external("more"))


def in_sparse_initializer(model):
    model.graph.sparse_initializer.append(sparse(external("more")))


def in_attribute(**fields):
    def change(model):
        attribute = model.graph.node[0].attribute.add(name="more")
        for name, value in fields.items():
            held = getattr(attribute, name)
            held.append(value()) if hasattr(held, "append") else held.CopyFrom(value())

    return change


def in_function(model):
    function = model.functions.add(name="f", domain="own")
    function.node.append(helper.make_node("Constant", [], ["z"], value=external()))


def in_training(model):
    model.training_info.add().initialization.CopyFrom(graph_with(external()))


def without_a_place(model):
    model.graph.initializer.append(TensorProto(name="more", data_type=1, dims=[4], data_location=TensorProto.EXTERNAL))


def a_place_alone(model):
    held = tensor("more")
    held.external_data.add(key="location", value="secret.bin")
    model.graph.initializer.append(held)


EXTERNAL = {
    "an initializer": in_initializer,
    "the values of a sparse initializer": in_sparse_initializer,
    "an attribute": in_attribute(t=external),
    "a list in an attribute": in_attribute(tensors=external),
    "a sparse attribute": in_attribute(sparse_tensor=lambda: sparse(external())),
    "the indices of a sparse attribute": in_attribute(sparse_tensor=lambda: sparse(tensor("v"), external())),
    "a list of sparse tensors": in_attribute(sparse_tensors=lambda: sparse(external())),
    "a subgraph": in_attribute(g=lambda: graph_with(external())),
    "a list of subgraphs": in_attribute(graphs=lambda: graph_with(external())),
    "a function": in_function,
    "a training step": in_training,
    "no place at all": without_a_place,
    "a place that is not used": a_place_alone,
}


@pytest.fixture
def secret(tmp_path, monkeypatch):
    """A file of four floats in the working folder, which must not be read."""
    np.full(4, 1234.5, dtype=np.float32).tofile(tmp_path / "secret.bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "secret.bin"


def refused(model, tmp_path):
    """The error of loading a file and of wrapping a model; inspection must not call it safe."""
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    found = ti.inspect_model(path)
    assert not found.safe
    errors = []
    for attempt in (lambda: ti.load_model(path), lambda: ti.wrap(model, encoder="passthrough")):
        with pytest.raises(ti.TabinterpError) as error:
            attempt()
        errors.append(error.value)
    assert found.problem == str(errors[0])
    return errors[0]


def test_a_sparse_constant_in_another_file_is_not_read(secret, tmp_path):
    """The file's numbers would have been the scores of the audit."""
    model = network(constant(sparse_value=sparse(external("v"))))
    assert isinstance(refused(model, tmp_path), UnsafeFileError)


@pytest.mark.parametrize("where", EXTERNAL)
def test_data_in_other_files_is_refused_wherever_it_is_named(where, secret, tmp_path):
    model = sound()
    EXTERNAL[where](model)
    assert isinstance(refused(model, tmp_path), UnsafeFileError)
    with pytest.raises(UnsafeFileError, match="in other files, which tabinterp never opens"):
        onnx_check._check_tensors(model, "net.onnx")


def test_onnxruntime_is_given_what_was_checked_alone(secret, monkeypatch):
    """Bytes in memory, without the fields that this version of onnx does not know."""
    given = []
    runtime = onnx_check.library("onnxruntime")
    session = runtime.InferenceSession
    monkeypatch.setattr(
        runtime, "InferenceSession", lambda data, *rest, **more: given.append(data) or session(data, *rest, **more)
    )
    data = sound().SerializeToString()
    unknown = b"\xfa\xff\x0f" + bytes([len(b"hidden")]) + b"hidden"  # field 32767
    model = onnx.ModelProto.FromString(data + unknown)
    assert b"hidden" in model.SerializeToString()
    ti.wrap(model, encoder="passthrough", task="regression")
    assert given
    for one in given:
        assert isinstance(one, bytes)
        assert b"hidden" not in one
        onnx_check._check_tensors(onnx.ModelProto.FromString(one), "net.onnx")


def given(kind, shape):
    return helper.make_tensor_value_info("x", kind, shape)


def changed(node, **fields):
    """A node whose first attribute is changed so; with `ref_attr_name`, it has the value of a function's parameter."""
    for name, value in fields.items():
        setattr(node.attribute[0], name, value)
    return node


BIG = np.array([1, 1 << 34], dtype=np.int64)
MALFORMED = {  # what -> (model, words)
    "a newer opset": (lambda: network(constant(value=tensor("t")), opset=9999), "uses ONNX opset 9999; opsets 7 to"),
    "an opset of before": (lambda: network(constant(value=tensor("t")), opset=1), "uses ONNX opset 1; opsets 7 to"),
    "a constant of nothing": (lambda: network(constant()), "'c' must have exactly one attribute"),
    "a constant of two things": (
        lambda: network(constant(value_float=1.0, value_floats=[1.0])), "'c' must have exactly one attribute",
    ),
    "a constant of text": (lambda: network(constant(value_string="a")), "'c' must have exactly one attribute"),
    "a constant of a parameter": (
        lambda: network(changed(constant(value_float=1.0), ref_attr_name="p")),
        "the attribute 'value_float' of the operator Constant",
    ),
    "an attribute that is no text": (
        lambda: network(constant(value=tensor("t")), changed(helper.make_node("Gelu", ["x"], ["g"], approximate="t"), s=b"\xff")),
        "the attribute 'approximate' of the operator Gelu",
    ),
    "a tensor of text": (
        lambda: network(constant(value=helper.make_tensor("t", TensorProto.STRING, [1], [b"a"]))), "unsupported ONNX data type 8",
    ),
    "inputs of text": (
        lambda: network(constant(value=tensor("t")), inputs=given(TensorProto.STRING, ["n", 4])),
        "contains the operator Mul, which cannot be converted",
    ),
    "an input without columns": (
        lambda: network(constant(value=tensor("t")), inputs=given(TensorProto.FLOAT, ["n", "d"])),
        "with a fixed number of columns",
    ),
    "a tensor larger than its bytes": (
        lambda: network(constant(value=tensor("t", raw_data=b"1234"))), "is not a valid ONNX model|the tensor 't' cannot be read",
    ),
    "a sparse tensor": (lambda: network(constant(sparse_value=sparse(tensor("v")))), "contains sparse tensors"),
}  # fmt: skip


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_onnx_model_is_an_error_in_words(what, tmp_path):
    make, words = MALFORMED[what]
    error = refused(make(), tmp_path)
    with pytest.raises(type(error), match=words):
        raise error


def divided(*nodes_, by, kind=TensorProto.INT64):
    """The constant c is the least whole number divided by another, which the nodes make."""
    least = numpy_helper.from_array(np.array([np.iinfo(helper.tensor_dtype_to_np_dtype(kind)).min]), "least")
    return network(
        helper.make_node("Constant", [], ["least"], value=least),
        *nodes_,
        helper.make_node("Div", ["least", by], ["quotient"]),
        helper.make_node("Cast", ["quotient"], ["c"], to=TensorProto.FLOAT),
    )


def whole(name, *values):
    return helper.make_node("Constant", [], [name], value_ints=values)


DIVISIONS = {
    "by minus one": lambda: divided(whole("b", -1), by="b"),
    "by minus one, of 32 bits": lambda: divided(
        whole("w", -1), helper.make_node("Cast", ["w"], ["b"], to=TensorProto.INT32), by="b", kind=TensorProto.INT32
    ),
    "by zero": lambda: divided(whole("b", 3, 0), by="b"),
    "by what is computed": lambda: divided(
        whole("one", 1), whole("two", 2), helper.make_node("Sub", ["one", "two"], ["b"]), by="b"
    ),
    "by what the rows hold": lambda: divided(
        helper.make_node("Cast", ["x"], ["w"], to=TensorProto.INT64),
        helper.make_node("ReduceMin", ["w"], ["b"], keepdims=0),
        by="b",
    ),
}


@pytest.mark.parametrize("what", DIVISIONS)
def test_a_division_that_would_end_the_process_is_refused(what, tmp_path):
    """onnxruntime divides integers as the processor does, which stops a program that divides the least of them by -1."""
    error = refused(DIVISIONS[what](), tmp_path)
    assert isinstance(error, UnsafeFileError)
    assert "dividing integers" in str(error)


def test_sizes_may_be_divided_by_a_constant(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(divided(whole("b", 2), by="b").SerializeToString())
    assert ti.inspect_model(path).safe


def shaped(kind, shape, **more):
    """A constant that an operator makes of a shape."""
    return [
        helper.make_node("Constant", [], ["s"], value=numpy_helper.from_array(np.asarray(shape, dtype=np.int64), "s")),
        helper.make_node("Constant", [], ["one"], value_floats=[1.0]),
        helper.make_node(kind, ["s"] if kind == "ConstantOfShape" else ["one", "s"], ["c"], **more),
    ]


def as_floats(name):
    return [
        helper.make_node("Cast", [name], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["f"], ["c"], keepdims=0),
    ]


def scalar(name, value):
    return helper.make_node("Constant", [], [name], value_int=value)


GROWING = {
    "a range": lambda: network(
        scalar("a", 0),
        scalar("b", 1 << 23),
        scalar("d", 1),
        helper.make_node("Range", ["a", "b", "d"], ["r"]),
        *as_floats("r"),
    ),
    "a range that is computed": lambda: network(
        scalar("a", 0),
        scalar("b", 3000),
        scalar("d", 1),
        helper.make_node("Mul", ["b", "b"], ["e"]),
        helper.make_node("Range", ["a", "e", "d"], ["r"]),
        *as_floats("r"),
    ),
    "a list that doubles": lambda: network(
        helper.make_node("Shape", ["x"], ["s0"]),
        *[helper.make_node("Concat", [f"s{i}"] * 2, [f"s{i + 1}"], axis=0) for i in range(23)],
        *as_floats("s23"),
    ),
    "a constant of a shape": lambda: network(*shaped("ConstantOfShape", BIG)),
    "a constant of very many dimensions": lambda: network(*shaped("ConstantOfShape", [1 << 62] * 400)),
    "an expanded constant": lambda: network(*shaped("Expand", BIG)),
    "tiles": lambda: network(*shaped("Tile", [1 << 34])),
    "a wide product": lambda: network(*shaped("Expand", [1 << 17])),
    "rows times rows": lambda: network(
        helper.make_node("Transpose", ["x"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["p"]),
        helper.make_node("Unsqueeze", ["p", "last"], ["q"]),
        helper.make_node("Mul", ["q", "wide"], ["r"]),
        helper.make_node("ReduceMax", ["r"], ["c"], keepdims=0),
    ),
    "many constants": lambda: network(
        helper.make_node("Constant", [], ["s"], value_ints=[1 << 25]),
        *[helper.make_node("ConstantOfShape", ["s"], [f"c{i}"]) for i in range(3)],
        helper.make_node("Sum", ["c0", "c1", "c2"], ["d"]),
        helper.make_node("ReduceMax", ["d"], ["c"], keepdims=0),
    ),
    "a size of the data": lambda: network(
        helper.make_node("Cast", ["x"], ["w"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["w"], ["m"], keepdims=0),
        helper.make_node("Reshape", ["m", "last"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["z"]),
        helper.make_node("ReduceMax", ["z"], ["c"], keepdims=0),
    ),
}


@pytest.mark.parametrize("what", GROWING)
def test_a_graph_that_would_fill_memory_is_refused_before_it_does(what, tmp_path):
    model = GROWING[what]()
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1], dtype=np.int64), "last"))
    model.graph.initializer.append(numpy_helper.from_array(np.ones((1, 1, 1000), dtype=np.float32), "wide"))
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    more, error = grown(lambda: ti.load_model(path))
    assert "the limit is" in str(error) or "is known only when the model runs" in str(error)
    assert more < 200
    assert ti.inspect_model(path).problem == str(error)


# ---- networks that are small as files and take hours


def ones(name, *shape):
    """A constant of ones, which takes a few bytes in the file."""
    return [
        helper.make_node("Constant", [], [f"shape of {name}"], value_ints=shape),
        helper.make_node(
            "ConstantOfShape", [f"shape of {name}"], [name], value=numpy_helper.from_array(np.ones(1, np.float32))
        ),
    ]


def product(kind, **settings):
    """x times a constant of 4,096 columns, and 64 times by a constant of 4,096 x 4,096: 2^30 multiplications a row."""
    nodes = [*ones("wide", 4, 4096), *ones("square", 4096, 4096), helper.make_node("MatMul", ["x", "wide"], ["h0"])]
    nodes += [helper.make_node(kind, [f"h{i}", "square"], [f"h{i + 1}"], **settings) for i in range(64)]
    return network(*nodes, helper.make_node("ReduceMax", ["h64", "last"], ["c"]))


def pooled(kind, start, times=1, **settings):
    """The largest of what a window gives that is moved over many values; the file holds none of these."""
    return network(
        *ones("many", 1, 1, 1 << 15),
        *start,
        helper.make_node(kind, ["values"] * times, ["pooled"], **settings),
        helper.make_node("ReduceMax", ["pooled", "last"], ["each"], keepdims=0),
        helper.make_node("ReduceMax", ["each", "last"], ["c"], keepdims=1),
    )


OF_ROWS = [
    helper.make_node("ReduceMax", ["x", "last"], ["largest"]),
    helper.make_node("Unsqueeze", ["largest", "last"], ["column"]),
    helper.make_node("Mul", ["column", "many"], ["values"]),
]
OF_CONSTANTS = [helper.make_node("Identity", ["many"], ["values"])]
LONG = {
    "products of matrices": lambda: product("MatMul"),
    "products with a bias": lambda: product("Gemm"),
    "products of matrices on their side": lambda: product("Gemm", transB=1),
    "sums of products": lambda: product("Einsum", equation="ij,...jk->...ik"),
    "a window as wide as the row": lambda: pooled("MaxPool", OF_ROWS, auto_pad="SAME_UPPER", kernel_shape=[1 << 15]),
    "a window without end": lambda: pooled("MaxPool", OF_ROWS, auto_pad="SAME_UPPER", kernel_shape=[1 << 31]),
    "a mean of a wide window": lambda: pooled("AveragePool", OF_ROWS, auto_pad="SAME_UPPER", kernel_shape=[1 << 15]),
    "the same value very often": lambda: pooled("Max", OF_ROWS, times=9000),
    "a window over constants": lambda: pooled("MaxPool", OF_CONSTANTS, auto_pad="SAME_UPPER", kernel_shape=[1 << 31]),
    "windows in very many dimensions": lambda: network(
        *ones("values", *[1] * 400),
        helper.make_node("MaxPool", ["values"], ["p"], auto_pad="SAME_UPPER", kernel_shape=[1 << 62] * 398),
        helper.make_node("ReduceMax", ["p"], ["c"], keepdims=0),
    ),
    "products of constants": lambda: network(
        *ones("c0", 2048, 2048),
        *[helper.make_node("MatMul", ["c0", f"c{i}"], [f"c{i + 1}"]) for i in range(8)],
        helper.make_node("ReduceMax", ["c8"], ["c"], keepdims=0),
    ),
}


@pytest.mark.parametrize("what", LONG)
def test_a_small_graph_that_would_compute_for_hours_is_refused_before_it_runs(what, tmp_path):
    model = LONG[what]()
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1], dtype=np.int64), "last"))
    assert len(model.SerializeToString()) < 100_000
    error = refused(model, tmp_path)
    assert re.search(
        r"needs? (more than )?[\d,]+ multiplications( per row| to compute its constants)?; the limit is", str(error)
    )


@pytest.mark.parametrize("empty", [True, False])
def test_a_graph_of_very_many_operators_is_refused(empty, tmp_path):
    """onnxruntime reads 100,000 in minutes, also where their values have no entries."""
    start = [*ones("h0", 0 if empty else 1)]
    nodes = [helper.make_node("Relu", [f"h{i}"], [f"h{i + 1}"]) for i in range(onnx_check.MOST_NODES)]
    error = refused(network(*start, *nodes, constant(value=tensor("t"))), tmp_path)
    assert "has 10,004 operators; the limit is 10,000" in str(error)


def test_the_most_multiplications_that_are_computed():
    """Exactly the limit is read, and one window or one product more is not."""
    limits.check_products(limits.ROWS * limits.MOST_PRODUCTS, True, "net")
    limits.check_products(limits.MOST_FIXED_PRODUCTS, False, "net")
    for count, moves in ((limits.ROWS * (limits.MOST_PRODUCTS + 1), True), (limits.MOST_FIXED_PRODUCTS + 1, False)):
        with pytest.raises(ModelError, match="multiplications"):
            limits.check_products(count, moves, "net")


SHAPES = [  # operator and settings, shapes of its inputs, multiplications
    ("MatMul", {}, [(7, 5), (5, 3)], 7 * 5 * 3),
    ("MatMul", {}, [(2, 7, 5), (5, 3)], 2 * 7 * 5 * 3),
    ("MatMul", {}, [(5,), (5, 3)], 5 * 3),
    ("Gemm", {}, [(7, 5), (5, 3)], 7 * 5 * 3),
    ("Gemm", {"transA": 1}, [(5, 7), (5, 3)], 7 * 5 * 3),
    ("Einsum", {"equation": "bij,bjk->bik"}, [(2, 7, 5), (2, 5, 3)], 2 * 7 * 5 * 3),
    ("Einsum", {"equation": "...ij, ...jk -> ...ik"}, [(2, 4, 7, 5), (5, 3)], 2 * 4 * 7 * 5 * 3),
    ("MaxPool", {"kernel_shape": [3]}, [(2, 1, 9)], 2 * 7 * 3),
    ("AveragePool", {"kernel_shape": [3, 2]}, [(2, 1, 9, 9)], 2 * 7 * 8 * 6),
    ("Sum", {}, [(7, 5), (7, 5), (7, 5)], 7 * 5 * 3),
    ("Relu", {}, [(7, 5)], 0),
]


@pytest.mark.parametrize(("kind", "settings", "shapes", "count"), SHAPES)
def test_multiplications_are_counted_from_shapes(kind, settings, shapes, count):
    names = [f"in{i}" for i in range(len(shapes))]
    node = helper.make_node(kind, names, ["out"], **settings)
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip(names, shapes, strict=True)]
    graph = helper.make_graph([node], "net", inputs, [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    run = ReferenceEvaluator(model)
    (made,) = run.run(None, {n: np.ones(s, np.float32) for n, s in zip(names, shapes, strict=True)})
    assert onnx_check._products(node, [list(one) for one in shapes], made.size, onnx) == count


def test_a_layer_that_many_nodes_use_is_counted_as_often(tmp_path):
    """4 MB in the file, and 2^29 multiplications a row."""
    held = safetensors.torch.load(hostile.members(hostile.graph_bytes())["model.safetensors"])
    made = torch.nn.Linear(1024, 1024).requires_grad_(False)
    weights = safetensors.torch.save(held | {f"square.{name}": value for name, value in made.named_parameters()})
    wide = {"op": "repeat", "values": [{"node": "x"}, 1, 512]}
    cut = {"op": "narrow", "values": [{"node": "new0"}, 1, 0, 1024]}
    used = [{"op": "layer", "of": "square", "values": [{"node": f"new{i + 1}"}]} for i in range(500)]

    def change(header):
        hostile.new(wide, cut, *used)(header)
        header["graph"]["layers"]["square"] = linear(1024, 1024)
        header["sha256"]["model.safetensors"] = hashlib.sha256(weights).hexdigest()

    path = tmp_path / "model.zip"
    parts = hostile.members(hostile.with_graph(change)) | {"model.safetensors": weights}
    path.write_bytes(hostile.zipped(parts))
    with pytest.raises(ModelError, match=r"needs 524,2[\d,]+ multiplications per row; the limit is 268,435,456"):
        ti.load_model(path)


def test_an_encoder_that_uses_itself_again_and_again_is_refused():
    """A pipeline of a pipeline twice, and so on: 2^30 steps on each row, of objects that an archive can share by their ids."""
    encoder = FunctionTransformer(np.exp)
    for _ in range(30):
        encoder = make_pipeline(encoder, encoder)
    with pytest.raises(ModelError, match=f"the limit is {loaded_objects.MOST_COLUMNS:,}"):
        loaded_objects.check(encoder, "model.skops")


def searched(**changed):
    """A search over settings of a transformer, fitted with one candidate and changed afterwards."""
    estimator = make_pipeline(SelectFromModel(LogisticRegression()), PCA(1))
    return GridSearchCV(estimator, {"pca__whiten": [False]}, cv=2), changed


FITS = {  # what takes long when it is fitted again behind a target encoder: a transformer, and what is changed after its fit
    "a search of a large grid": lambda: searched(
        param_grid={f"pca__{name}": [0.1] * 1000 for name in ("tol", "whiten", "svd_solver")}
    ),
    "a search of a long fit": lambda: searched(
        cv=1000, estimator__selectfrommodel__estimator__max_iter=100_000, estimator__selectfrommodel__estimator__tol=0.0
    ),
    "steps of steps": lambda: (
        IterativeImputer(BayesianRidge(), max_iter=1),
        {"max_iter": 100_000, "tol": 0.0, "estimator__max_iter": 100_000, "estimator__tol": 0.0},
    ),
}


@pytest.mark.parametrize("what", FITS)
def test_an_encoder_that_would_be_fitted_for_hours_is_not_fitted_again(what, tmp_path):
    """The file holds the parameters alone, and the model predicts at once."""
    slow, changed_after = FITS[what]()
    source = frame()
    encoder = ColumnTransformer([("t", TargetEncoder(cv=3), ["level"]), ("n", StandardScaler(), ["number"])])
    model = make_pipeline(encoder, slow, StandardScaler(), LogisticRegression())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one step does not converge
        model.fit(source[["level", "number"]], source["y"])
    slow.set_params(**changed_after)
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps(model))
    loaded, table = ti.load_model(path), ti.read_table(frame(), target="y")
    with pytest.raises(ModelError, match=r"take [\d,]+ steps; the limit for a model from a file is 10,000,000"):
        ti.fit_counterpart(loaded, table)


# ---- networks that are small as files and large in memory


def linear(wide, out):
    return {"kind": "Linear", "settings": {"in_features": wide, "out_features": out}}


def weights_of(*layers, dtype=torch.float32):
    made = torch.nn.Sequential(*[torch.nn.Linear(**one["settings"]) for one in layers])
    return safetensors.torch.save(
        {name: torch.zeros_like(value, dtype=dtype) for name, value in made.state_dict().items()}
    )


def test_a_bundle_of_two_wide_layers_is_refused_before_it_takes_memory(tmp_path):
    """67 MB as a file, 8 GB as the hidden layer of three hundred rows."""
    with torch.device("meta"):
        wide = (linear(hostile.COLUMNS, 3_300_000), linear(3_300_000, 1))
        shapes = {
            f"{i}.{n}": tuple(v.shape)
            for i, one in enumerate(wide)
            for n, v in torch.nn.Linear(**one["settings"]).named_parameters()
        }
    data = safetensors.torch.save({name: torch.zeros(shape) for name, shape in shapes.items()})

    def change(header):
        header.update(layers=[one | {"bias": True} for one in wide], dtype="float32")

    path = tmp_path / "model.zip"
    path.write_bytes(hostile.with_json(change, {"model.safetensors": data}))
    assert path.stat().st_size > 60_000_000

    def use():
        bind(
            ti.load_model(path),
            ti.read_table(pd.DataFrame(np.eye(3), columns=["a", "b", "c"]).assign(y=[0, 1, 0]), target="y"),
        )

    more, error = grown(use)
    assert "out_features of Linear must be a whole number from 1 to 65,536; got 3300000" in str(error)
    assert more < 400
    found = ti.inspect_model(path)
    assert not found.safe
    assert found.problem == str(error)


def test_many_layers_that_are_wide_together_are_refused(tmp_path):
    layers = [linear(hostile.COLUMNS, 60_000), *[{"kind": "ReLU", "settings": {}}] * 12, linear(60_000, 1)]
    path = tmp_path / "model.zip"
    data = weights_of(linear(hostile.COLUMNS, 1), linear(1, 1))
    path.write_bytes(hostile.with_json(lambda header: header.update(layers=layers), {"model.safetensors": data}))
    with pytest.raises(ModelError, match=rf"780,001 entries per row in total; the limit is {limits.MOST_ENTRIES:,}"):
        ti.load_model(path)


def test_what_a_network_makes_of_the_table_is_checked_before_it_is_made(tmp_path):
    """No layer is too wide, and each of the columns goes through all of them."""
    module = torch.nn.Sequential(
        torch.nn.Embedding(4, 8),
        torch.nn.Linear(8, 40_000),
        torch.nn.Linear(40_000, 1),
        torch.nn.Flatten(),
        torch.nn.Linear(3, 1),
    )
    layers = [
        {"kind": "Embedding", "settings": {"num_embeddings": 4, "embedding_dim": 8}},
        linear(8, 40_000), linear(40_000, 1),
        {"kind": "Flatten", "settings": {"start_dim": 1, "end_dim": -1}},
        linear(3, 1),
    ]  # fmt: skip
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors.torch.save(module.state_dict()))
    architecture = hostile.architecture(tmp_path, layers=layers)
    codes = pd.DataFrame(np.random.default_rng(0).integers(0, 4, (60, 3)), columns=["a", "b", "c"]).assign(
        y=[0, 1] * 30
    )
    table = ti.read_table(codes, target="y", kinds=dict.fromkeys("abc", "numeric"))
    model = ti.load_model(path, architecture=architecture, encoder="passthrough")
    more, error = grown(lambda: bind(model, table))
    assert "would have 491,520,000 entries for 4,096 rows; the limit is 65,536 entries per row" in str(error)
    assert more < 200


def test_rows_and_products_that_do_not_fit_are_refused():
    with pytest.raises(
        ModelError,
        match=r"net: 90,000,000 rows of 100 columns have 9,000,000,000 entries in total and need 67 GiB of memory; the limit",
    ):
        limits.check_cells(90_000_000 * 100, "90,000,000 rows of 100 columns", "net")


def test_tensors_that_share_a_storage_do_not_become_many(tmp_path):
    value = torch.zeros(1000)
    buffer = io.BytesIO()
    torch.save({f"{i}.weight": value for i in range(50)}, buffer)
    path = tmp_path / "model.pt"
    path.write_bytes(buffer.getvalue())
    words = "at most 2 times as large as the values" if state_dict.is_read() else "torch 2.10 or later is needed"
    assert words in ti.inspect_model(path).problem


# ---- inspection says what loading does


SPOILT = [what for what in hostile.SPOILT if what != "an encoder alone"]


@pytest.mark.parametrize("what", SPOILT)
def test_inspection_calls_nothing_safe_that_is_then_refused(what, tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(hostile.SPOILT[what]())
    found = ti.inspect_model(path)
    with contextlib.ExitStack() as stack:
        error = None if found.safe else stack.enter_context(pytest.raises(ti.TabinterpError))
        ti.load_model(path)
    assert found.problem == (None if error is None else str(error.value))


def test_an_encoder_alone_is_said_to_be_one(tmp_path):
    path = tmp_path / "encoder.skops"
    path.write_bytes(hostile.SPOILT["an encoder alone"]())
    assert "--encoder" in ti.inspect_model(path).needs


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_weights_that_no_network_takes_are_not_called_safe(dtype, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors.torch.save({"0.weight": torch.zeros(2, 2).to(dtype)}))
    found = ti.inspect_model(path)
    assert not found.safe
    assert ".float()" in found.problem


def test_files_changed_at_random_are_refused_in_words_or_read():
    tally = mutate_model_files(63, seed=0)
    assert sum(tally.values()) == 63
    assert min(tally.values()) > 0
