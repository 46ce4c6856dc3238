"""skorch nets: what the criterion says the network gives, checked against the net's own answers."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.errors import ModelError
from tabinterp.models import bind, probabilities
from tests.shared import every_nth

from .cases import COLUMNS, ENCODERS, frame, numeric_table, table
from .test_composed import check_same_readings

skorch = pytest.importorskip("skorch")
COMMON = {"max_epochs": 2, "train_split": None, "verbose": 0, "lr": 0.05, "batch_size": 100}


class Net(nn.Module):
    """Encoded rows to `width` answers; `last` after them, `flat` without the second dimension."""

    def __init__(self, width=1, last=None, flat=False, inputs=10):
        super().__init__()
        self.hidden = nn.Linear(inputs, 5)
        self.out = nn.Linear(5, width)
        self.last = last
        self.flat = flat

    def forward(self, X):
        z = self.out(torch.tanh(self.hidden(X)))
        z = z.squeeze(-1) if self.flat else z
        return z if self.last is None else self.last(z)


def single(X):
    return np.asarray(X, dtype=np.float32)


class Focal(nn.Module):
    def forward(self, z, y):
        return nn.functional.cross_entropy(z, y)


def classifier(width, criterion, last=None, **settings):
    return skorch.NeuralNetClassifier(
        Net, module__width=width, module__last=last, criterion=criterion, **(COMMON | settings)
    )


def binary(criterion, last=None, flat=True):
    return skorch.NeuralNetBinaryClassifier(Net, module__flat=flat, module__last=last, criterion=criterion, **COMMON)


CLASSIFIERS = {  # name -> (net, number of classes)
    "cross-entropy": (classifier(2, nn.CrossEntropyLoss), 2),
    "cross-entropy, many": (classifier(3, nn.CrossEntropyLoss), 3),
    "likelihood": (classifier(2, nn.NLLLoss, nn.Softmax(dim=-1)), 2),
    "likelihood, many": (classifier(3, nn.NLLLoss, nn.Softmax(dim=-1)), 3),
    "logit": (binary(nn.BCEWithLogitsLoss), 2),
    "logit, two dimensions": (binary(nn.BCEWithLogitsLoss, flat=False), 2),
    "probability": (binary(nn.BCELoss, nn.Sigmoid()), 2),
}


def codes(k):
    source = frame()
    return (
        (source["binary"] == "yes").to_numpy(int)
        if k == 2
        else source["many"].map({"low": 0, "middle": 1, "top": 2}).to_numpy()
    )


NAMES = {2: ["no", "yes"], 3: ["low", "middle", "top"]}
TASK = {2: "binary", 3: "multiclass"}


def target(net, k):
    return codes(k).astype(np.float32 if isinstance(net, skorch.NeuralNetBinaryClassifier) else np.int64)


def pipeline(net, k):
    torch.manual_seed(0)
    made = make_pipeline(clone(ENCODERS["standard"]), FunctionTransformer(single, feature_names_out="one-to-one"), net)
    return made.fit(frame()[COLUMNS], target(net, k))


@pytest.mark.parametrize("name", every_nth(2, CLASSIFIERS))
def test_classifiers_at_the_end_of_a_pipeline(name):
    net, k = CLASSIFIERS[name]
    fitted = pipeline(clone(net), k)
    model = ti.wrap(fitted, classes=NAMES[k])
    assert model.library.startswith("skorch ")
    bound = bind(model, table(TASK[k]))
    np.testing.assert_allclose(probabilities(bound.scores), fitted.predict_proba(frame()[COLUMNS]), atol=1e-6)
    assert bound.clipped == 0
    assert bound.front.weight.shape == (5, 10)
    assert [value.shape for value in bound.activations().values()] == [(300, 5)]


@pytest.mark.parametrize("name", every_nth(2, CLASSIFIERS))
def test_a_net_behind_an_encoder_reads_like_the_same_network_in_torch(name):
    net, k = CLASSIFIERS[name]
    torch.manual_seed(0)
    encoder = clone(ENCODERS["standard"]).fit(frame()[COLUMNS])
    fitted = clone(net).fit(single(encoder.transform(frame()[COLUMNS])), target(net, k))
    given = table(TASK[k])
    outputs = "probabilities" if "probability" in name or "likelihood" in name else "logits"
    ours = bind(ti.wrap(fitted, encoder=encoder, classes=NAMES[k]), given)
    theirs = bind(ti.wrap(fitted.module_, encoder=encoder, classes=NAMES[k], outputs=outputs), given)
    check_same_readings(ours, theirs)


@pytest.mark.parametrize("criterion", [nn.MSELoss, nn.L1Loss, nn.HuberLoss])
@pytest.mark.parametrize("kind", ["NeuralNetRegressor", "NeuralNet"])
def test_regressors(kind, criterion):
    net = getattr(skorch, kind)(Net, criterion=criterion, **COMMON)
    made = make_pipeline(clone(ENCODERS["standard"]), FunctionTransformer(single), net)
    made.fit(frame()[COLUMNS], frame()[["number"]].to_numpy(np.float32))
    bound = bind(ti.wrap(made), table("regression"))
    np.testing.assert_allclose(bound.scores, made.predict(frame()[COLUMNS]), rtol=1e-5)


def test_a_net_alone_on_numbers():
    given = numeric_table()
    net = classifier(2, nn.CrossEntropyLoss, module__inputs=4)
    net.fit(single(given.inputs), given.codes)
    bound = bind(ti.wrap(net), given)
    np.testing.assert_allclose(probabilities(bound.scores), net.predict_proba(single(given.inputs)), atol=1e-6)


def test_a_net_of_a_scaled_target():
    net = skorch.NeuralNetRegressor(Net, **COMMON)
    column = FunctionTransformer(np.float32, check_inverse=False)
    scaled = TransformedTargetRegressor(net, transformer=make_pipeline(StandardScaler(), column), check_inverse=False)
    made = make_pipeline(clone(ENCODERS["standard"]), FunctionTransformer(single), scaled)
    with pytest.warns(UserWarning, match="target size"):  # skorch is given a flat target
        made.fit(frame()[COLUMNS], frame()["number"])
    bound = bind(ti.wrap(made), table("regression"))
    assert bound.has_gradient
    np.testing.assert_allclose(bound.scores[:, 0], made.predict(frame()[COLUMNS]).ravel(), rtol=1e-5)


@pytest.mark.parametrize("name", every_nth(3, CLASSIFIERS))
def test_a_calibrated_net(name):
    net, k = CLASSIFIERS[name]
    inner = pipeline(clone(net), k)
    outer = CalibratedClassifierCV(FrozenEstimator(inner)).fit(frame()[COLUMNS], codes(k))
    bound = bind(ti.wrap(outer, classes=NAMES[k]), table(TASK[k]))
    assert bound.has_gradient
    np.testing.assert_allclose(probabilities(bound.scores), outer.predict_proba(frame()[COLUMNS]), atol=1e-6)


def test_an_unknown_criterion_is_asked_for():
    net = classifier(2, Focal).fit(single(np.eye(10)), np.arange(10) % 2)
    with pytest.raises(
        ModelError,
        match=r"cannot infer from the loss Focal whether.*only from the losses CrossEntropyLoss.*Pass outputs='logits'",
    ):
        ti.wrap(net)
    assert ti.wrap(net, outputs="logits").outputs == "logits"


def test_likelihood_outside_a_classifier_is_asked_for():
    net = skorch.NeuralNet(Net, module__width=2, criterion=nn.NLLLoss, **COMMON).initialize()
    with pytest.raises(ModelError, match="cannot infer from the loss NLLLoss whether this NeuralNet returns logits"):
        ti.wrap(net)


def test_answers_that_are_not_the_network_s_are_refused():
    net, k = CLASSIFIERS["cross-entropy"]
    fitted = pipeline(clone(net).set_params(predict_nonlinearity=lambda z: torch.softmax(3 * z, dim=-1)), k)
    with pytest.raises(ModelError, match="differ by up to"):
        bind(ti.wrap(fitted, classes=NAMES[2]), table())


def test_a_net_that_is_not_fitted_is_refused():
    with pytest.raises(ModelError, match=r"NeuralNetClassifier is not fitted. Call its fit method first"):
        ti.wrap(classifier(2, nn.CrossEntropyLoss))


def test_the_net_is_not_changed():
    fitted = pipeline(clone(CLASSIFIERS["logit"][0]), 2)
    module = fitted[-1].module_.train()
    bind(ti.wrap(fitted, classes=NAMES[2]), table()).gradients(np.zeros((2, 10)))
    assert module.training
    assert all(p.requires_grad for p in module.parameters())
