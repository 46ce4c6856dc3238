"""Whole scikit-learn pipelines as skl2onnx writes them: scikit-learn's own predictions, gradients and hidden units."""

import warnings

import numpy as np
import pandas as pd
import pytest
import skl2onnx
from onnx import TensorProto, helper
from skl2onnx.common import data_types
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
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


@pytest.mark.parametrize("name", CASES)
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
    "options", [{}, {"zipmap": False}, {"zipmap": False, "raw_scores": True}, {"zipmap": "columns"}]
)
@pytest.mark.parametrize("target", ["texts", "three integers"])
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


@pytest.mark.parametrize("name", OTHERS)
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
        ModelError, match=r"does not know the level 'pilot' \(row 3\); it was trained on 'clerk', 'cook'"
    ):
        bind(ti.wrap(written(pipeline)), table_of("texts", other))


# ---- one matrix

MATRICES = {
    "single precision": (data_types.FloatTensorType, mlp()),
    "double precision": (data_types.DoubleTensorType, LogisticRegression()),
    "components": (data_types.FloatTensorType, make_pipeline(PCA(2), Normalizer(), mlp())),
    "one against the rest": (data_types.FloatTensorType, OneVsRestClassifier(LogisticRegression())),
}


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("target", ["texts", "three integers"])
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
    with pytest.raises(ModelError, match="reads column 'age' as numbers, but it holds the value 'old'"):
        bind(
            ti.wrap(proto), ti.read_table(ROWS.assign(age=np.where(ROWS["age"] > 40, "old", "young"), y=y), target="y")
        )
    with pytest.raises(ModelError, match=r"reads column 'grade' as whole numbers, but row 2 holds the value"):
        bind(ti.wrap(proto), ti.read_table(ROWS.assign(grade=ROWS["grade"].where(ROWS.index != 2), y=y), target="y"))
    with pytest.raises(ModelError, match=r"reads the original columns itself .*Leave out encoder="):
        ti.wrap(proto, encoder=encoder().fit(ROWS))
    matrix = skl2onnx.to_onnx(Ridge().fit(np.eye(2), [0, 1]), np.zeros((1, 2), dtype=np.float32))
    with pytest.raises(
        ModelError, match="the input 'X' of the ONNX pipeline has 2 columns, but the number of input columns"
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
    with pytest.raises(UnsafeFileError, match="keeps weights in other files"):
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
    import onnxruntime  # noqa: PLC0415

    pipeline = fitted(GradientBoostingClassifier(n_estimators=2), "texts")
    session = onnxruntime.InferenceSession(written(pipeline, zipmap=False).SerializeToString())

    def answers(rows):
        kinds = {"age": np.float32, "capital-gain": np.float32, "job": str, "grade": np.int64}
        feed = {name.replace("-", "_"): rows[[name]].to_numpy().astype(kind) for name, kind in kinds.items()}
        return session.run(["probabilities"], feed)[0]

    bound = bind(ti.wrap(answers, classes=[*pipeline.classes_]), table_of("texts"))
    check_predictions(bound, pipeline, ROWS)
