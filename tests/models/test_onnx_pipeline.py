"""Whole scikit-learn pipelines as skl2onnx writes them: scikit-learn's own predictions, gradients and hidden units."""

import sys
import warnings
from itertools import product

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import skl2onnx
from onnx import TensorProto, helper, numpy_helper
from skl2onnx.common import data_types
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

import tabinterp as ti
from tabinterp.errors import ModelError, UnsafeFileError
from tabinterp.models import bind, probabilities
from tests.shared import every_nth

N = 240
TYPES = {
    "age": data_types.FloatTensorType,
    "capital-gain": data_types.FloatTensorType,
    "job": data_types.StringTensorType,
    "grade": data_types.Int64TensorType,
}
COLUMNS = [*TYPES]


def rows_of(seed=0):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": draw.integers(20, 70, N).astype(np.float32).astype(float),
            "capital-gain": draw.normal(size=N).astype(np.float32).astype(float),
            "job": draw.choice(["clerk", "cook", "smith"], N),
            "grade": draw.choice([1, 5, 9], N),
        }
    )
    frame.loc[::7, "capital-gain"] = np.nan
    return frame


ROWS = rows_of()
VALUE = 0.03 * ROWS["age"] + ROWS["capital-gain"].fillna(0) + (ROWS["job"] == "cook") + 0.1 * ROWS["grade"]
TARGETS = {
    "texts": np.where(VALUE.median() < VALUE, "yes", "no"),
    "integers": (VALUE.median() < VALUE).astype(int).to_numpy(),
    "three integers": np.digitize(VALUE, VALUE.quantile([0.3, 0.6])),
    "three texts": np.array(["low", "mid", "top"])[np.digitize(VALUE, VALUE.quantile([0.3, 0.6]))],
    "numbers": VALUE.to_numpy(),
}


def encoder(**of_levels):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    levels = OneHotEncoder(**{"handle_unknown": "ignore", **of_levels})
    return ColumnTransformer(
        [("n", numbers, COLUMNS[:2]), ("c", levels, ["job"]), ("g", OneHotEncoder(handle_unknown="ignore"), ["grade"])]
    )


def mlp():
    return MLPClassifier((6,), max_iter=60, random_state=0)


def regressor():
    return MLPRegressor(hidden_layer_sizes=(6,), max_iter=60, random_state=0)


def written(pipeline, columns=COLUMNS, **options):
    types = [(name, TYPES[name]([None, 1])) for name in columns]
    return skl2onnx.to_onnx(pipeline, initial_types=types, options={id(pipeline): options} if options else None)


def fitted(model, target, transformer=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few iterations
        return make_pipeline(transformer or encoder(), model).fit(ROWS, TARGETS[target])


def table_of(target, rows=ROWS):
    task = "regression" if target == "numbers" else "multiclass" if "three" in target else "binary"
    return ti.read_table(rows.assign(y=TARGETS[target]), target="y", task=task)


def own(pipeline, table, rows):
    """The pipeline's own score: a value, a log-odds, or centred logits in the table's order of classes."""
    if not hasattr(pipeline, "predict_proba"):
        return pipeline.predict(rows)[:, None]
    order = [[str(one) for one in pipeline.classes_].index(str(one)) for one in table.schema.classes]
    logs = np.log(pipeline.predict_proba(rows)[:, order])
    return np.diff(logs, axis=1) if len(order) == 2 else logs - logs.mean(axis=1, keepdims=True)


def check_predictions(bound, pipeline, rows):
    table = bound.table
    expected = own(pipeline, table, rows)
    if table.schema.goal.classes:
        order = [[str(one) for one in pipeline.classes_].index(str(one)) for one in table.schema.classes]
        gap = np.abs(probabilities(bound.scores) - pipeline.predict_proba(rows)[:, order])
    else:
        gap = np.abs(bound.scores - expected)
    assert gap.max() <= 1e-6


def check_gradient(bound, pipeline, rows, column="capital-gain"):
    """Compare the slope along a column with central differences of the pipeline's own scores."""
    step = 1e-3
    up, down = (rows.assign(**{column: rows[column] + sign * step}) for sign in (1, -1))
    way = (bound.encoding.transform(up) - bound.encoding.transform(down)) / (2 * step)
    said = np.einsum("ndk,nd->nk", bound.gradients(bound.x), way)
    found = (own(pipeline, bound.table, up) - own(pipeline, bound.table, down)) / (2 * step)
    assert np.abs(found).max() > 0
    near = np.abs(said - found) <= 1e-3 * np.abs(found).max()
    assert near.mean() >= 0.98  # in a few rows a ReLU bends between both points


CASES = {
    "two texts": (mlp, "texts", {}),
    "two integers": (mlp, "integers", {}),
    "three texts": (mlp, "three texts", {}),
    "three integers": (mlp, "three integers", {}),
    "two texts, no ZipMap": (mlp, "texts", {"zipmap": False}),
    "three integers, no ZipMap": (mlp, "three integers", {"zipmap": False}),
    "three texts in columns": (mlp, "three texts", {"zipmap": "columns"}),
    "numbers": (regressor, "numbers", {}),
}


@pytest.mark.parametrize("name", every_nth(2, CASES))
def test_a_perceptron_is_read_exactly(name):
    make, target, options = CASES[name]
    pipeline = fitted(make(), target)
    bound = bind(ti.wrap(written(pipeline, **options)), table_of(target))
    assert all(bound.encoding.local.values())
    assert bound.front.weight.shape == (6, 8)
    check_predictions(bound, pipeline, ROWS)
    check_gradient(bound, pipeline, ROWS)
    hidden = np.maximum(0, pipeline[:-1].transform(ROWS) @ pipeline[-1].coefs_[0] + pipeline[-1].intercepts_[0])
    (found,) = bound.activations().values()
    np.testing.assert_allclose(np.maximum(0, found), hidden, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "target"),
    every_nth(
        3,
        product(
            [{}, {"zipmap": False}, {"zipmap": False, "raw_scores": True}, {"zipmap": "columns"}],
            ["texts", "three integers"],
        ),
    ),
)
def test_a_logistic_regression_is_linear(target, options):
    pipeline = fitted(LogisticRegression(), target)
    bound = bind(ti.wrap(written(pipeline, **options)), table_of(target))
    assert bound.is_linear
    check_predictions(bound, pipeline, ROWS)
    check_gradient(bound, pipeline, ROWS)


def test_a_linear_regression():
    pipeline = fitted(LinearRegression(), "numbers")
    bound = bind(ti.wrap(written(pipeline)), table_of("numbers"))
    assert bound.is_linear
    check_predictions(bound, pipeline, ROWS)


def test_analyses_are_those_of_the_pipeline_itself():
    pipeline = fitted(mlp(), "texts")
    table = table_of("texts")
    mine, theirs = ti.wrap(written(pipeline)), ti.wrap(pipeline)
    for analysis in (ti.permutation_importance, ti.gradient_importance):
        pd.testing.assert_frame_equal(analysis(mine, table).frame(), analysis(theirs, table).frame(), atol=1e-5)


def test_a_file_needs_no_encoder(tmp_path):
    pipeline = fitted(mlp(), "texts")
    path = tmp_path / "pipeline.onnx"
    path.write_bytes(written(pipeline).SerializeToString())
    found = ti.inspect_model(path)
    assert found.safe
    assert not found.needs
    bound = bind(ti.load_model(path), table_of("texts"))
    check_predictions(bound, pipeline, ROWS)


OTHERS = {
    "ordinal codes": ("o", OrdinalEncoder(), ["job"]),
    "ordinal codes of integers": ("o", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["grade"]),
    "bins": ("b", KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"), ["age"]),
    "another scale": ("m", MinMaxScaler(), ["age"]),
    "quartiles": ("r", RobustScaler(), ["age"]),
    "a dropped level": ("d", OneHotEncoder(drop="first"), ["job"]),
    "numbers as they are": ("p", "passthrough", ["age", "grade"]),
}


@pytest.mark.parametrize("name", every_nth(2, OTHERS))
def test_other_encodings(name):
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    pipeline = fitted(regressor(), "numbers", ColumnTransformer([("n", numbers, ["capital-gain"]), OTHERS[name]]))
    read = ["capital-gain", *OTHERS[name][2]]
    table = ti.read_table(ROWS[read].assign(y=VALUE), target="y", task="regression")
    bound = bind(ti.wrap(written(pipeline)), table)
    assert all(bound.encoding.local.values())
    check_predictions(bound, pipeline, ROWS)
    check_gradient(bound, pipeline, ROWS)


def test_empty_texts_are_imputed():
    levels = make_pipeline(
        SimpleImputer(missing_values="", strategy="most_frequent"), OneHotEncoder(sparse_output=False)
    )
    rows = ROWS["job"].where(ROWS.index % 5 > 0, "").to_frame()
    pipeline = make_pipeline(ColumnTransformer([("c", levels, ["job"])]), LogisticRegression()).fit(
        rows, TARGETS["texts"]
    )
    proto = written(pipeline, ["job"])
    encoding = bind(ti.wrap(proto), ti.read_table(ROWS[["job"]].assign(y=TARGETS["texts"]), target="y")).encoding
    np.testing.assert_array_equal(encoding.transform(rows), pipeline[:-1].transform(rows))


def test_missing_texts_are_a_level_if_they_were_one():
    rows = ROWS["job"].where(ROWS.index % 5 > 0, np.nan).to_frame()
    levels = ColumnTransformer([("c", OneHotEncoder(handle_unknown="ignore"), ["job"])])
    pipeline = make_pipeline(levels, LogisticRegression()).fit(rows, TARGETS["texts"])
    assert len(pipeline[0].get_feature_names_out()) == 4
    bound = bind(ti.wrap(written(pipeline, ["job"])), ti.read_table(rows.assign(y=TARGETS["texts"]), target="y"))
    check_predictions(bound, pipeline, rows)


def test_levels_that_were_not_seen_are_counted():
    pipeline = fitted(mlp(), "texts")
    other = ROWS.assign(job=np.where(ROWS.index < 3, "pilot", ROWS["job"]))
    bound = bind(ti.wrap(written(pipeline)), table_of("texts", other))
    assert bound.encoding.unseen == {"job": 3}
    check_predictions(bound, pipeline, other)


def test_a_level_that_the_encoder_refuses_is_named():
    pipeline = fitted(mlp(), "texts", encoder(handle_unknown="error"))
    other = ROWS.assign(job=np.where(ROWS.index == 3, "pilot", ROWS["job"]))
    with pytest.raises(
        ModelError, match=r"not trained on the level 'pilot' \(row 3\), only on levels such as 'clerk', 'cook'"
    ):
        bind(ti.wrap(written(pipeline)), table_of("texts", other))


# ---- one matrix

MATRICES = {
    "single precision": (data_types.FloatTensorType, mlp()),
    "double precision": (data_types.DoubleTensorType, LogisticRegression()),
    "components": (data_types.FloatTensorType, make_pipeline(PCA(2), Normalizer(), mlp())),
    "one against the rest": (data_types.FloatTensorType, OneVsRestClassifier(LogisticRegression())),
}


@pytest.mark.parametrize(("name", "target"), every_nth(3, product(MATRICES, ["texts", "three integers"])))
def test_one_matrix_of_numbers(name, target):
    kind, model = MATRICES[name]
    rows = ROWS[["capital-gain", "grade"]].fillna({"capital-gain": ROWS["age"] / 30 - 1}).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few iterations
        pipeline = make_pipeline(StandardScaler(), model).fit(rows.to_numpy(), TARGETS[target])
    proto = skl2onnx.to_onnx(pipeline, initial_types=[("X", kind([None, 2]))])
    task = "multiclass" if "three" in target else "binary"
    table = ti.read_table(rows.assign(y=TARGETS[target]), target="y", task=task, kinds={"grade": "numeric"})
    for given in (None, "passthrough"):
        bound = bind(ti.wrap(proto, encoder=given), table)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names of columns
            check_predictions(bound, pipeline, rows)
            check_gradient(bound, pipeline, rows.astype(float))


def test_one_matrix_behind_an_encoder():
    inside = make_pipeline(StandardScaler(), Ridge())
    outside = ColumnTransformer([("n", SimpleImputer(), COLUMNS[:2]), ("c", OneHotEncoder(), ["job"])]).fit(ROWS)
    encoded = outside.transform(ROWS).astype(np.float32)
    inside.fit(encoded, VALUE)
    proto = skl2onnx.to_onnx(inside, encoded[:1])
    table = ti.read_table(ROWS[COLUMNS[:3]].assign(y=VALUE), target="y", task="regression")
    bound = bind(ti.wrap(proto, encoder=outside), table)
    assert all(bound.encoding.local.values())
    assert np.abs(bound.scores[:, 0] - inside.predict(encoded)).max() <= 1e-6


def test_one_matrix_of_texts():
    rows = ROWS[["job"]].assign(grade=ROWS["grade"].astype(str))
    pipeline = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows.to_numpy(), TARGETS["texts"])
    proto = skl2onnx.to_onnx(pipeline, initial_types=[("X", data_types.StringTensorType([None, 2]))])
    table = ti.read_table(rows.assign(y=TARGETS["texts"]), target="y", kinds={"grade": "categorical"})
    check_predictions(bind(ti.wrap(proto), table), pipeline, rows.to_numpy())


# ---- what is refused, in words


def test_other_models_are_refused_in_words():
    pipeline = fitted(GradientBoostingClassifier(n_estimators=2), "texts")
    with pytest.raises(ModelError, match="contains the operator TreeEnsembleClassifier, which cannot be converted"):
        ti.wrap(written(pipeline))
    alone = skl2onnx.to_onnx(StandardScaler().fit(ROWS[["age"]].to_numpy()), np.zeros((1, 1), dtype=np.float32))
    with pytest.raises(ModelError, match="contains no linear model and no network"):
        ti.wrap(alone)


def test_columns_that_do_not_fit_are_refused_in_words():
    proto = written(fitted(mlp(), "texts"))
    y = TARGETS["texts"]
    with pytest.raises(ModelError, match="reads inputs that are not input columns of this table: 'capital_gain'"):
        bind(ti.wrap(proto), ti.read_table(ROWS.drop(columns="capital-gain").assign(y=y), target="y"))
    with pytest.raises(ModelError, match="reads column 'age' as numbers, but it contains the value 'old'"):
        bind(
            ti.wrap(proto), ti.read_table(ROWS.assign(age=np.where(ROWS["age"] > 40, "old", "young"), y=y), target="y")
        )
    with pytest.raises(ModelError, match=r"reads column 'grade' as whole numbers, but row 2 contains the value"):
        bind(ti.wrap(proto), ti.read_table(ROWS.assign(grade=ROWS["grade"].where(ROWS.index != 2), y=y), target="y"))
    with pytest.raises(ModelError, match=r"reads the original columns itself .*Leave out encoder="):
        ti.wrap(proto, encoder=encoder().fit(ROWS))
    matrix = skl2onnx.to_onnx(Ridge().fit(np.eye(2), [0, 1]), np.zeros((1, 2), dtype=np.float32))
    with pytest.raises(
        ModelError, match="the input 'X' of the ONNX pipeline needs 2 columns, but the table has 3 input columns"
    ):
        bind(ti.wrap(matrix), ti.read_table(ROWS[["age", "grade", "capital-gain"]].assign(y=VALUE), target="y"))


def test_a_pipeline_is_checked_like_a_network():
    custom = written(fitted(mlp(), "texts"))
    custom.graph.node.append(helper.make_node("Evil", ["age"], ["z"], domain="com.evil"))
    custom.opset_import.append(helper.make_opsetid("com.evil", 1))
    with pytest.raises(UnsafeFileError, match=r"operators of the domain 'com\.evil'"):
        ti.wrap(custom)
    elsewhere = written(fitted(mlp(), "texts"))
    held = elsewhere.graph.initializer.add(name="more", data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    held.external_data.add(key="location", value="secret.bin")
    with pytest.raises(UnsafeFileError, match="stores weights in other files"):
        ti.wrap(elsewhere)


def regression(nodes, last, width=1):
    """A pipeline that ends in a linear regression of the value `last`."""
    end = helper.make_node("LinearRegressor", [last], ["y"], domain="ai.onnx.ml", coefficients=[1.0], intercepts=[0.0])
    graph = helper.make_graph(
        [*nodes, end],
        "net",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


@pytest.mark.parametrize("first", ["Identity", "Relu"])
def test_columns_that_multiply_are_refused(first):
    """A few bytes for each doubling of the columns, in the encoder or in the network."""
    start = helper.make_node(first, ["x0"], ["x1"])
    doublings = [helper.make_node("Concat", [f"x{i}", f"x{i}"], [f"x{i + 1}"], axis=1) for i in range(1, 41)]
    with pytest.raises(ModelError, match="the limit is 65,536 entries per row"):
        ti.wrap(regression([start, *doublings], "x41"))
    with pytest.raises(ModelError, match=r"all inputs together would have .* the limit is 65,536 entries per row"):
        ti.wrap(regression([], "x0", 1 << 40))


def test_a_pipeline_is_kept_in_its_file(tmp_path):
    with pytest.raises(ModelError, match=r"is a pipeline from an ONNX file, so it cannot be saved .* in its own file"):
        ti.save_model(ti.wrap(written(fitted(mlp(), "texts"))), tmp_path / "bundle")


def test_a_function_around_the_session_remains_possible():
    """What the error for other models proposes."""
    pipeline = fitted(GradientBoostingClassifier(n_estimators=2), "texts")
    session = onnxruntime.InferenceSession(written(pipeline, zipmap=False).SerializeToString())

    def answers(rows):
        kinds = {"age": np.float32, "capital-gain": np.float32, "job": str, "grade": np.int64}
        feed = {name.replace("-", "_"): rows[[name]].to_numpy().astype(kind) for name, kind in kinds.items()}
        return session.run(["probabilities"], feed)[0]

    bound = bind(ti.wrap(answers, classes=[*pipeline.classes_]), table_of("texts"))
    check_predictions(bound, pipeline, ROWS)


# ---- compared with onnxruntime on the table's rows

MADE = np.random.default_rng(0)
X = MADE.normal(size=(N, 2)).astype(np.float32)
TWO = pd.DataFrame(X.astype(float), columns=["a", "b"])
PAIR = [("X", TensorProto.FLOAT, ["n", 2])]
LINEAR = {"coefficients": [1.0, 0.5, -0.7, 1.0], "intercepts": [0.1, 0.2], "targets": 2}


def step(kind, given, made, **settings):
    given, made = ([one] if isinstance(one, str) else one for one in (given, made))
    of_learning = kind in ("LinearClassifier", "LinearRegressor", "Normalizer", "OneHotEncoder", "Scaler", "ZipMap")
    return helper.make_node(kind, given, made, domain="ai.onnx.ml" if of_learning else "", **settings)


def end(value, *coefficients):
    return step("LinearRegressor", value, "y", coefficients=list(coefficients), intercepts=[0.0])


def graph_of(nodes, inputs=PAIR, constants=None, opset=17, outputs=()):
    held = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    made = [*outputs, helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "k"])]
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info(*one) for one in inputs], made, held)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def answers(proto, **feed):
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], feed)[0])


def texts_of(frame):
    return frame.to_numpy(dtype=object)


PLACES = np.array([-1, 8])
SOME_TEXTS = pd.DataFrame({"g": MADE.choice(["x", "y"], N), "h": MADE.choice(["x", "y"], N)})
WHOLE = MADE.integers(-7, 8, (N, 1))
DECIMALS = MADE.choice([1.0, 1.7, 2.2], (N, 1)).astype(np.float32)
LARGE = np.where(X[:, :1] > 0, 2**53 + 1, 2**53)
ONE_OF_INTEGERS = [("i", TensorProto.INT64, ["n", 1])]
AGREE = {  # a graph, a table and what onnxruntime is given; whether the network is read, or onnxruntime answers
    "levels of two columns side by side": (
        graph_of(
            [
                step("OneHotEncoder", "S", "o", cats_strings=["x", "y"]),
                step("Concat", ["o", "o"], "p", axis=-1),
                step("Reshape", ["p", "s"], "q"),
                end("q", *[2.0**i for i in range(8)]),
            ],
            [("S", TensorProto.STRING, ["n", 2])],
            {"s": PLACES},
        ),
        SOME_TEXTS,
        {"S": texts_of(SOME_TEXTS)},
        False,
    ),
    "levels of decimals": (
        graph_of(
            [
                step("OneHotEncoder", "i", "o", cats_int64s=[0, 1, 2]),
                step("Reshape", ["o", "s"], "q"),
                end("q", 1.0, -2.0, 3.0),
            ],
            [("i", TensorProto.FLOAT, ["n", 1])],
            {"s": np.array([-1, 3])},
        ),
        pd.DataFrame({"i": DECIMALS[:, 0].astype(float)}),
        {"i": DECIMALS},
        False,
    ),
    "levels of large integers": (
        graph_of(
            [
                step("OneHotEncoder", "i", "o", cats_int64s=[2**53 + 1, 2**53]),
                step("Reshape", ["o", "s"], "q"),
                end("q", 1.0, -2.0),
            ],
            ONE_OF_INTEGERS,
            {"s": np.array([-1, 2])},
        ),
        pd.DataFrame({"i": LARGE[:, 0]}),
        {"i": LARGE},
        True,
    ),
    "integers divided": (
        graph_of(
            [step("Div", ["i", "k"], "o"), step("Cast", "o", "f", to=1), end("f", 1.0)],
            ONE_OF_INTEGERS,
            {"k": np.array([3])},
        ),
        pd.DataFrame({"i": WHOLE[:, 0]}),
        {"i": WHOLE},
        True,
    ),
    "a constant column": (
        graph_of(
            [
                step("LinearRegressor", "X", "s", **LINEAR),
                step("Cast", "C", "c", to=1),
                step("Unsqueeze", ["s", "u"], "z"),
                step("Add", ["z", "c"], "w"),
                step("Sigmoid", "w", "q"),
                step("ReduceSum", ["q", "u"], "p", keepdims=0),
                end("p", 1.0, -2.0),
            ],
            constants={"u": np.array([2]), "C": np.array([[1.0], [5.0]])},
        ),
        TWO,
        {"X": X},
        True,
    ),
    "shares of one number": (
        graph_of(
            [
                step("LinearRegressor", "X", "s", coefficients=[1.0, 0.5], intercepts=[0.1]),
                step("Normalizer", "s", "y", norm="L1"),
            ]
        ),
        TWO,
        {"X": X},
        True,
    ),
}


@pytest.mark.parametrize("what", AGREE)
def test_answers_are_those_of_onnxruntime(what):
    proto, frame, feed, is_read = AGREE[what]
    table = ti.read_table(
        frame.assign(t=X[:, 0]), target="t", task="regression", kinds={"i": "numeric"} if "i" in frame else None
    )
    bound = bind(ti.wrap(proto), table)
    assert (bound.model.function is None) == is_read
    np.testing.assert_allclose(bound.scores, answers(proto, **feed).reshape(-1, 1), rtol=1e-5, atol=1e-6)


def linear_and(*nodes, last, width=2, opset=17, **constants):
    start = step("LinearRegressor", "X", "s", **LINEAR)
    held = {name: np.array(value) for name, value in constants.items()}
    return graph_of([start, *nodes, end(last, *[float(i + 1) for i in range(width)])], constants=held, opset=opset)


REFUSED = {
    "Selu": linear_and(step("Selu", "s", "z", alpha=3.0, gamma=2.0), last="z"),
    "Normalizer": linear_and(step("Normalizer", "s", "z", norm="MAX"), last="z"),
    "Flatten": linear_and(step("Flatten", "s", "z", axis=2), step("Reshape", ["z", "k"], "w"), last="w", k=[-1, 2]),
    "Softmax": linear_and(
        step("Unsqueeze", "s", "z", axes=[1]),
        step("Concat", ["z", "z"], "zz", axis=1),
        step("Softmax", "zz", "p"),
        step("Reshape", ["p", "k"], "q"),
        last="q",
        width=4,
        opset=11,
        k=[-1, 4],
    ),
    "Unsqueeze": linear_and(
        step("Unsqueeze", ["s", "k"], "z"),
        step("ReduceSum", ["z", "r"], "q", keepdims=0),
        last="q",
        k=[-1, -2],
        r=[1, 3],
    ),
    "LinearRegressor": graph_of(
        [step("LinearRegressor", "X", "y", coefficients=[1.0, 1.0], intercepts=[0.0], post_transform="LOGISTIC")]
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_forms_that_torch_does_not_have_are_refused_by_name(kind):
    with pytest.raises(ModelError, match=f"contains the operator {kind} in a form that cannot be converted"):
        ti.wrap(REFUSED[kind])


def test_without_labels_probabilities_are_no_logits():
    weights = np.array([[3.0, 1.0], [1.0, 2.0]], dtype=np.float32)
    nodes = [step("Scaler", "X", "s", offset=[0.0, 0.0], scale=[1.0, 1.0]), step("MatMul", ["s", "W"], "l")]
    table = ti.read_table(TWO.assign(t=TARGETS["texts"]), target="t")
    proto = graph_of([*nodes, step("Softmax", "l", "y")], constants={"W": weights})
    np.testing.assert_allclose(probabilities(bind(ti.wrap(proto), table).scores), answers(proto, X=X), atol=1e-6)
    one = np.ones(1, dtype=np.float32)
    apart = [step("Sigmoid", "r", "p"), step("Sub", ["one", "p"], "q"), step("Concat", ["q", "p"], "y", axis=1)]
    proto = graph_of([nodes[0], step("MatMul", ["s", "W"], "r"), *apart], constants={"W": weights[:, :1], "one": one})
    with pytest.raises(
        ModelError, match=r"outputs are all between 0 and 1 .* pass outputs='probabilities' or outputs='logits'"
    ):
        bind(ti.wrap(proto), table)
    found = bind(ti.wrap(proto, outputs="probabilities"), table)
    np.testing.assert_allclose(probabilities(found.scores), answers(proto, X=X), atol=1e-6)


def test_the_complement_of_what_is_no_logit():
    labels = step(
        "LinearClassifier",
        "X",
        ["label", "u"],
        coefficients=[1.0] * 4,
        intercepts=[0.0] * 2,
        classlabels_strings=["no", "yes"],
    )
    p = step("LinearRegressor", "X", "p", coefficients=[0.05, 0.05], intercepts=[0.5])
    apart = [step("Sub", ["one", "p"], "q"), step("Concat", ["q", "p"], "y", axis=1)]
    label = helper.make_tensor_value_info("label", TensorProto.STRING, ["n"])
    proto = graph_of([labels, p, *apart], constants={"one": np.ones((1, 1), dtype=np.float32)}, outputs=[label])
    bound = bind(ti.wrap(proto), ti.read_table(TWO.assign(t=TARGETS["texts"]), target="t"))
    np.testing.assert_allclose(probabilities(bound.scores), answers(proto, X=X), atol=1e-6)


def test_classes_in_two_orders_are_refused():
    pipeline = fitted(LogisticRegression(), "three texts")
    proto = written(pipeline)
    (last,) = [node for node in proto.graph.node if node.op_type == "ZipMap"]
    last.attribute[0].strings[:] = [*reversed(last.attribute[0].strings)]
    with pytest.raises(ModelError, match="lists the classes in more than one order"):
        ti.wrap(proto)


def test_a_regression_of_counts_predicts_counts():
    counts = np.round(np.exp(X[:, 0])).astype(int)
    pipeline = make_pipeline(StandardScaler(), PoissonRegressor()).fit(X, counts)
    table = ti.read_table(TWO.assign(t=counts), target="t", task="count")
    bound = bind(ti.wrap(skl2onnx.to_onnx(pipeline, X[:1])), table)
    np.testing.assert_allclose(np.exp(bound.scores[:, 0]), pipeline.predict(X), rtol=1e-4)


# ---- names and levels that could mean two things


def test_an_input_that_could_be_two_columns_is_refused():
    frame = pd.DataFrame({"income ($)": X[:, 0], "income (%)": X[:, 1], "t": X[:, 0]})
    proto = graph_of([end("income____", 1.0)], [("income____", TensorProto.FLOAT, ["n", 1])])
    with pytest.raises(ModelError, match=r"matches several columns: 'income \(\$\)', 'income \(%\)'"):
        bind(ti.wrap(proto), ti.read_table(frame, target="t", task="regression"))
    literal = frame.rename(columns={"income (%)": "income____"})
    with pytest.raises(ModelError, match=r"matches several columns: 'income \(\$\)', 'income____'"):
        bind(ti.wrap(proto), ti.read_table(literal, target="t", task="regression"))
    numbered = graph_of([end("income____1", 1.0)], [("income____1", TensorProto.FLOAT, ["n", 1])])
    alone = ti.read_table(frame.drop(columns="income (%)").assign(b=X[:, 1]), target="t", task="regression")
    assert bind(ti.wrap(numbered), alone).model.reads == ("income ($)",)


def levels_of(*levels):
    nodes = [step("OneHotEncoder", "B", "o", cats_strings=list(levels)), step("Reshape", ["o", "s"], "q")]
    weights = [float(i + 1) for i in range(len(levels))]
    return graph_of(
        [*nodes, end("q", *weights)], [("B", TensorProto.STRING, ["n", 1])], {"s": np.array([-1, len(levels)])}
    )


def test_whole_numbers_beside_missing_values_as_text():
    numbers = pd.Series(np.where(MADE.random(N) > 0.8, np.nan, MADE.integers(1, 3, N)))
    table = ti.read_table(pd.DataFrame({"B": numbers, "t": X[:, 0]}), target="t", task="regression")
    for levels in (("1", "2", "nan"), ("1.0", "2.0", "nan")):
        bound = bind(ti.wrap(levels_of(*levels)), table)
        expected = numbers.map({1: 1.0, 2: 2.0}).fillna(3.0)
        np.testing.assert_allclose(bound.scores[:, 0], expected)
    with pytest.raises(ModelError, match="reads column 'B' as text, but the table contains numbers"):
        bind(ti.wrap(levels_of("5", "6")), table)


def test_none_is_a_level():
    texts = pd.Series(np.where(X[:, 0] > 0.5, None, SOME_TEXTS["g"]), dtype=object)
    table = ti.read_table(pd.DataFrame({"B": texts, "t": X[:, 0]}), target="t", task="regression")
    bound = bind(ti.wrap(levels_of("x", "y", "None")), table)
    np.testing.assert_allclose(bound.scores[:, 0], texts.map({"x": 1.0, "y": 2.0}).fillna(3.0))
    assert not bound.encoding.unseen
    with pytest.raises(ModelError, match="has two levels, 'nan' and 'None', for missing values"):
        bind(ti.wrap(levels_of("x", "y", "None", "nan")), table)


def test_levels_in_single_precision_are_seen():
    decimals = MADE.choice([1.5, 2.7], (N, 1))
    pipeline = make_pipeline(OrdinalEncoder(), Ridge()).fit(decimals, X[:, 0])
    proto = skl2onnx.to_onnx(pipeline, initial_types=[("c", data_types.FloatTensorType([None, 1]))])
    table = ti.read_table(pd.DataFrame({"c": decimals[:, 0], "t": X[:, 0]}), target="t", task="regression")
    assert not bind(ti.wrap(proto), table).encoding.unseen


# ---- limits


def test_constants_that_multiply_are_refused():
    """A few bytes for each doubling."""
    doublings = [step("Concat", [f"c{i}", f"c{i}"], f"c{i + 1}", axis=1) for i in range(40)]
    with pytest.raises(ModelError, match=r"the constant 'c\d+' would have .* the limit is 65,536 entries per row"):
        ti.wrap(graph_of([*doublings, end("X", 1.0, 1.0)], constants={"c0": np.zeros((1, 16), dtype=np.float32)}))


def test_constants_as_layers_take_no_more_memory_than_a_few_of_them():
    """A row of constants as a layer of its own takes the square of it."""
    width, deep = 4096, 12
    nodes = [step("MatMul", ["X", "W"], "x0")]
    for i in range(0, 2 * deep, 2):
        nodes += [step("Relu", f"x{i}", f"x{i + 1}"), step("Mul", [f"x{i + 1}", "c"], f"x{i + 2}")]
    ones = np.ones(width, dtype=np.float32)
    proto = graph_of(
        [*nodes, end(f"x{2 * deep}", *ones.tolist())],
        constants={"W": np.zeros((2, width), dtype=np.float32), "c": ones},
    )
    entries = sum(one.numel() for one in ti.wrap(proto).module.state_dict().values())
    assert entries < 2 * width * width


def test_attributes_that_are_damaged_are_told_in_words():
    labels = step(
        "LinearClassifier",
        "X",
        ["label", "y"],
        coefficients=[1.0] * 4,
        intercepts=[0.3, 0.1],
        classlabels_strings=["no", "yes"],
    )
    next(one for one in labels.attribute if one.name == "classlabels_strings").strings[0] = b"\xff\xfe"
    with pytest.raises(
        ModelError, match="the attribute 'classlabels_strings' of the operator LinearClassifier cannot be read"
    ):
        ti.wrap(graph_of([labels], outputs=[helper.make_tensor_value_info("label", TensorProto.STRING, ["n"])]))
    empty = step("LinearRegressor", "X", "y", coefficients=[1.0], targets=0)
    empty.attribute.add(name="intercepts", type=6)
    with pytest.raises(ModelError, match="contains the operator LinearRegressor in a form"):
        ti.wrap(graph_of([empty]))
    nothing = [step("Gather", ["X", "i"], "e", axis=1), step("Scaler", "e", "g", scale=[1.0], offset=[0.0])]
    with pytest.raises(ModelError, match="shapes are inconsistent"):
        ti.wrap(
            graph_of(
                [*nothing, step("Concat", ["X", "g"], "h", axis=1), end("h", 1.0, 1.0)],
                constants={"i": np.array([], dtype=np.int64)},
            )
        )


def test_onnxruntime_is_given_only_what_was_converted(monkeypatch):
    proto = written(fitted(mlp(), "texts"))
    proto.graph.node.append(helper.make_node("RandomNormal", [], ["noise"], shape=[4]))
    given = []
    make = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime, "InferenceSession", lambda data, *more, **named: given.append(data) or make(data, *more, **named)
    )
    ti.wrap(proto)
    kinds = {node.op_type for data in given for node in onnx.ModelProto.FromString(data).graph.node}
    assert kinds
    assert not kinds & {"RandomNormal", "ZipMap"}


def test_without_onnxruntime_a_pipeline_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"need the package onnxruntime. Install it: pip install 'tabinterp\[onnx\]'"):
        ti.wrap(written(fitted(mlp(), "texts")))
