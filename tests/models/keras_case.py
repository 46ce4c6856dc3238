"""Run by test_keras in a process of its own, where the backend is chosen by the environment."""

import keras
import numpy as np
import pandas as pd
import pytest
import torch
from keras import layers
from sklearn.preprocessing import FunctionTransformer

import tabinterp as ti
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.models import bind

keras.utils.set_random_seed(0)
draw = np.random.default_rng(0)
source = pd.DataFrame(draw.normal(size=(60, 4)), columns=list("abcd")).assign(code=np.arange(60) % 3)
table = ti.read_table(source[list("abcd")].assign(y=source.a > source.b), target="y")
x = table.inputs.to_numpy().astype("float32")


def logit(p):
    return np.log(p) - np.log1p(-p)


def stack_is_a_torch_sequential():
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Normalization(mean=[0.0, 1, 2, 3], variance=[1.0, 2, 3, 4]),
            layers.Dense(5, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(3, activation="gelu", use_bias=False),
            layers.LeakyReLU(negative_slope=0.1),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    bound = bind(ti.wrap(model, encoder="passthrough"), table)
    np.testing.assert_allclose(bound.scores, logit(model.predict_on_batch(x)), atol=1e-4)
    assert bound.front.weight.shape == (5, 4)
    inputs = torch.tensor(x, requires_grad=True)
    p = model(inputs, training=False)
    (gradient,) = torch.autograd.grad((torch.log(p) - torch.log1p(-p)).sum(), inputs)
    np.testing.assert_allclose(bound.gradients(bound.x)[:, :, 0], gradient.numpy(), atol=1e-4)


def wide_and_deep():
    inputs = layers.Input((4,))
    hidden = layers.Dense(3, activation="tanh")(inputs)
    return keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([hidden, inputs])))


def another_graph_is_a_torch_module():
    model = wide_and_deep()
    mine = ti.wrap(model, encoder="passthrough")
    np.testing.assert_allclose(bind(mine, table).scores, model.predict_on_batch(x), atol=1e-5)
    first, last = ([torch.tensor(np.array(w)) for w in model.layers[i].get_weights()] for i in (1, 3))

    class Same(torch.nn.Module):
        def forward(self, x):
            return torch.cat([torch.tanh(x @ first[0] + first[1]), x], 1) @ last[0] + last[1]

    theirs = ti.wrap(Same(), encoder="passthrough")
    for method in ("saliency", "integrated_gradients"):
        one, other = (ti.gradient_importance(m, table, method=method).values for m in (mine, theirs))
        np.testing.assert_allclose(one, other, atol=1e-4)
    one, other = (ti.permutation_importance(m, table).frame() for m in (mine, theirs))
    pd.testing.assert_frame_equal(one, other, atol=1e-5)


def embeddings_keep_their_gradient():
    numbers, code = layers.Input((4,)), layers.Input((1,), dtype="int64")
    vectors = layers.Flatten()(layers.Embedding(3, 2)(code))
    model = keras.Model(
        [numbers, code], layers.Dense(1, activation="sigmoid")(layers.Concatenate()([numbers, vectors]))
    )
    rows = ti.read_table(source.assign(y=source.a > source.b), target="y", kinds={"code": "categorical"})
    encoders = [FunctionTransformer().fit(source[c]) for c in (list("abcd"), ["code"])]
    bound = bind(ti.wrap(model, encoder=encoders), rows)
    own = model.predict_on_batch([x, source[["code"]].to_numpy()])
    np.testing.assert_allclose(bound.scores, logit(own.astype(float)), atol=1e-4)
    assert len(ti.permutation_importance(bound, rows).frame()) == 5
    step, given = 1e-2, source[["code"]].to_numpy()
    apart = [
        logit(model.predict_on_batch([x + sign * step * np.eye(4)[0].astype("float32"), given]).astype(float))
        for sign in (1, -1)
    ]
    gradient = bound.gradients(bound.x)[:, :1, 0]
    np.testing.assert_allclose(gradient, (apart[0] - apart[1]) / (2 * step), rtol=1e-3, atol=1e-4)


def rounded_inputs_have_no_gradient():
    numbers = layers.Input((4,))
    model = keras.Model(
        numbers, layers.Dense(1, activation="sigmoid")(layers.Discretization(bin_boundaries=[0.0])(numbers))
    )
    bound = bind(ti.wrap(model, encoder="passthrough"), table)
    np.testing.assert_allclose(bound.scores, logit(model.predict_on_batch(x).astype(float)), atol=1e-4)
    refused(NotApplicableError, "Discretization", lambda: ti.gradient_importance(bound, table))


def what_is_not_built_is_refused():
    refused(ModelError, "is not built", lambda: ti.wrap(keras.Sequential([layers.Dense(1)]), encoder="passthrough"))


def refused(error, words, attempt):
    with pytest.raises(error, match=words):
        attempt()


CASES = [
    stack_is_a_torch_sequential,
    another_graph_is_a_torch_module,
    embeddings_keep_their_gradient,
    rounded_inputs_have_no_gradient,
    what_is_not_built_is_refused,
]

if __name__ == "__main__":
    for case in CASES:
        case()
    print("all", len(CASES))
