"""Ensembles, any classifier, nets with several inputs, and architectures for tables, against their own predictions and the
central differences of these.
"""

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from torch import nn
from torch.nn import functional

import tabinterp as ti
from tabinterp.errors import ModelError
from tabinterp.models import bind, probabilities
from tests.networks.examples import (
    check_gradient,
    check_network,
    check_predictions,
    floats,
    of_logits,
    run_example,
    whole,
)
from tests.shared import every_nth

from .cases import COLUMNS, ENCODERS, TASKS, frame, table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MLP = MLPClassifier((4,), max_iter=5, random_state=0)
OTHER = MLPClassifier((3,), max_iter=5, random_state=1, activation="tanh")
NUMBER = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0)
PARTS = [("a", MLP), ("b", OTHER), ("c", LogisticRegression())]
CLASSIFIERS = {
    "soft voting": VotingClassifier(PARTS, voting="soft"),
    "weighted voting": VotingClassifier(PARTS, voting="soft", weights=[1, 3, 0.5]),
    "bagging": BaggingClassifier(MLP, 3, random_state=0),
    "bagging of columns": BaggingClassifier(MLP, 3, max_features=0.6, random_state=0),
    "one-vs-rest": OneVsRestClassifier(MLP),
    "fixed threshold": FixedThresholdClassifier(MLP, threshold=0.2),
    "nested": VotingClassifier([("a", BaggingClassifier(MLP, 2, random_state=0)), ("b", OTHER)], voting="soft"),
}


def fitted(estimator, task):
    return make_pipeline(clone(ENCODERS["standard"]), clone(estimator)).fit(frame()[COLUMNS], frame()[TASKS[task]])


EACH = [(name, task) for name in CLASSIFIERS for task in ("binary", "multiclass")]


@pytest.mark.parametrize(
    ("name", "task"), every_nth(2, [one for one in EACH if one != ("fixed threshold", "multiclass")])
)
def test_ensembles_of_networks_are_networks(name, task):
    estimator, given = fitted(CLASSIFIERS[name], task), table(task)
    bound = bind(ti.wrap(estimator), given)
    order = [list(estimator.classes_).index(one) for one in given.schema.classes]
    np.testing.assert_allclose(
        probabilities(bound.scores), estimator.predict_proba(frame()[COLUMNS])[:, order], atol=1e-9
    )
    assert bound.has_gradient
    assert bound.activations()
    if task == "binary":
        check_gradient(ti.wrap(estimator), given, estimator.predict_proba, "income")


def test_a_tuned_threshold_leaves_the_probabilities():
    estimator = TunedThresholdClassifierCV(make_pipeline(clone(ENCODERS["standard"]), MLP), cv=2)
    estimator.fit(frame()[COLUMNS], frame()["binary"])
    check_network(ti.wrap(estimator), table(), estimator.predict_proba, "income")


def test_voters_with_encoders_of_their_own():
    parts = [(name, make_pipeline(clone(ENCODERS[name]), MLP)) for name in ("standard", "ordinal") if name in ENCODERS]
    estimator = VotingClassifier(parts, voting="soft").fit(frame()[COLUMNS], frame()["binary"])
    bound = check_network(ti.wrap(estimator), table(), estimator.predict_proba, "income")
    assert set(bound.columns) == set(COLUMNS)


@pytest.mark.parametrize(
    "regressor",
    [
        VotingRegressor([("a", NUMBER), ("b", Ridge())], weights=[2, 1]),
        BaggingRegressor(NUMBER, 3, max_features=0.7, random_state=0),
    ],
    ids=["voting", "bagging"],
)
def test_ensembles_of_numbers(regressor):
    estimator = fitted(regressor, "regression")
    bound = bind(ti.wrap(estimator), table("regression"))
    np.testing.assert_allclose(bound.scores[:, 0], estimator.predict(frame()[COLUMNS]), rtol=1e-9)
    assert bound.has_gradient


@pytest.mark.parametrize(
    "estimator",
    [
        VotingClassifier([("a", MLP), ("b", DecisionTreeClassifier(max_depth=2))], voting="soft"),
        VotingClassifier([("a", MLP), ("b", OTHER)], voting="soft", weights=[1, 0]),
        BaggingClassifier(DecisionTreeClassifier(max_depth=2), 2, random_state=0),
        OneVsRestClassifier(DecisionTreeClassifier(max_depth=2)),
        StackingClassifier([("a", MLP)], cv=2),
    ],
    ids=["a tree that votes", "a weight of nothing", "trees", "trees, one-vs-rest", "stacking"],
)
def test_other_ensembles_are_functions_of_rows(estimator):
    estimator = fitted(estimator, "multiclass")
    bound = bind(ti.wrap(estimator), table("multiclass"))
    assert not bound.has_gradient
    order = [list(estimator.classes_).index(one) for one in table("multiclass").schema.classes]
    np.testing.assert_allclose(
        probabilities(bound.scores), estimator.predict_proba(frame()[COLUMNS])[:, order], atol=1e-6
    )


def test_one_of_several_targets():
    targets = frame()[["binary", "many"]].to_numpy()
    estimator = fitted_to(MultiOutputClassifier(MLP), targets)
    for place, task in enumerate(["binary", "multiclass"]):
        bound = bind(ti.wrap(estimator, output=place), table(task))
        own = estimator.predict_proba(frame()[COLUMNS])[place]
        order = [list(estimator.classes_[place]).index(one) for one in table(task).schema.classes]
        np.testing.assert_allclose(probabilities(bound.scores), own[:, order], atol=1e-9)
        assert bound.has_gradient


def test_one_of_several_numbers():
    estimator = fitted_to(MultiOutputRegressor(NUMBER), frame()[["age", "number"]].fillna(0).to_numpy())
    bound = bind(ti.wrap(estimator, output=1), table("regression"))
    np.testing.assert_allclose(bound.scores[:, 0], estimator.predict(frame()[COLUMNS])[:, 1], rtol=1e-9)


def fitted_to(estimator, targets):
    return make_pipeline(clone(ENCODERS["standard"]), estimator).fit(frame()[COLUMNS], targets)


def test_a_target_must_be_chosen_and_exist():
    estimator = fitted_to(MultiOutputClassifier(MLP), frame()[["binary", "many"]].to_numpy())
    with pytest.raises(ModelError, match=r"MultiOutputClassifier predicts 2 targets. Pass output=0"):
        ti.wrap(estimator)
    for wrong in (2, -1, "many"):
        with pytest.raises(ModelError, match=r"predicts 2 targets. Pass a whole number from 0 to 1"):
            ti.wrap(estimator, output=wrong)
    with pytest.raises(ModelError, match="output=0 can be used only with a torch module, or with MultiOutput"):
        ti.wrap(fitted(MLP, "binary"), output=0)


class Sampler:
    """Stands for a step of imbalanced-learn: it draws rows in fit and is passed over afterwards."""

    def fit_resample(self, X, y):
        return X, y


def test_samplers_do_nothing_to_new_rows():
    encoder = clone(ENCODERS["standard"]).fit(frame()[COLUMNS])
    inner = clone(MLP).fit(encoder.transform(frame()[COLUMNS]), frame()["binary"])
    pipeline = Resampled([("encoder", encoder), ("sampler", Sampler()), ("model", inner)])
    check_network(ti.wrap(pipeline), table(), pipeline.predict_proba, "income")


class Resampled(Pipeline):
    """Predicts as imbalanced-learn's pipeline does."""

    def predict_proba(self, X):
        return self.steps[-1][1].predict_proba(self.steps[0][1].transform(X))


Resampled.__name__ = "Pipeline"  # as theirs is called


class Rule:
    """A classifier of no library."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, rows):
        yes = 1 / (1 + np.exp(-(rows["age"].fillna(50).to_numpy(dtype=float) - 50) / 20))
        return np.column_stack([1 - yes, yes])


class RuleWithFit(Rule):
    def fit(self, X, y):
        return self

    def get_params(self, deep=True):
        return {}


@pytest.mark.parametrize("rule", [Rule(), RuleWithFit()], ids=["alone", "with fit"])
def test_any_object_with_probabilities_and_classes(rule):
    bound = check_predictions(ti.wrap(rule), table(), rule.predict_proba)
    assert not bound.has_gradient
    assert bound.model.name.startswith("Rule")


def test_an_object_that_is_not_a_classifier_is_told_what_to_pass():
    class Trainer:
        def predict_proba(self, rows):
            return rows

    with pytest.raises(ModelError, match=r"not a supported model.*such as model.predict_proba with classes="):
        ti.wrap(Trainer())


def test_a_classifier_that_is_not_fitted_is_refused():
    with pytest.raises(ModelError, match=r"DummyClassifier is not fitted"):
        ti.wrap(DummyClassifier())


# ---- the page's examples that need no other package than these tests have


@pytest.fixture
def example(monkeypatch):
    return lambda title: run_example(title, monkeypatch)


def test_the_page_s_voting(example):
    names = example("scikit-learn")
    check_network(names["model"], names["table"], names["voting"].predict_proba)


def test_the_page_s_rule(example):
    names = example("Any object with `predict_proba` and `classes_`")
    check_predictions(names["model"], names["table"], names["Rule"]().predict_proba)


def test_the_page_s_skorch_net(example):
    names = example("skorch")
    net = names["net"]

    def own(rows):
        return net.predict_proba({"x_num": floats(names["scale"])(rows), "x_cat": whole(names["codes"])(rows)})

    check_network(names["model"], names["table"], own)
    listed = ti.wrap(net, encoder=[names["scale"], names["codes"]], classes=names["labels"])
    check_network(listed, names["table"], own)


def test_a_skorch_net_whose_pipeline_makes_the_dict(example):
    names = example("skorch")
    scale, codes = names["scale"], names["codes"]

    def inputs(rows):
        return {"x_num": floats(scale)(rows), "x_cat": whole(codes)(rows)}

    settings = {"criterion": nn.CrossEntropyLoss, "max_epochs": 1, "verbose": 0, "train_split": None}
    net = skorch.NeuralNetClassifier(names["Network"], **settings)
    pipeline = make_pipeline(FunctionTransformer(inputs), net).fit(names["rows"], names["target"])
    model = ti.wrap(pipeline, classes=names["labels"])
    assert not check_predictions(model, names["table"], pipeline.predict_proba).has_gradient


def test_a_skorch_net_that_answers_otherwise_is_refused(example):
    names = example("skorch")
    net = names["net"].set_params(predict_nonlinearity=lambda z: torch.softmax(3 * z, dim=-1))
    model = ti.wrap(net, encoder={"x_num": names["scale"], "x_cat": names["codes"]}, classes=names["labels"])
    with pytest.raises(ModelError, match="differ by up to"):
        bind(model, names["table"])


def test_the_page_s_pipeline_in_onnx(example):
    names = example("ONNX")
    bound = check_network(names["model"], names["table"], names["pipeline"].predict_proba)
    assert bound.activations()


def test_the_page_s_task(example):
    names = example("Lightning")
    check_network(names["model"], names["table"], of_logits(names["task"], dense(names["encoder"])))


def dense(encoder):
    return lambda rows: torch.as_tensor(encoder.transform(rows)).float()


# ---- architectures for tables


class Fields(nn.Module):
    """Numbers (n, 3) and codes (n, 3) as vectors (n, 6, 4)."""

    def __init__(self, sizes):
        super().__init__()
        self.register_buffer("offsets", torch.tensor(np.cumsum([0, *sizes[:-1]])))
        self.levels = nn.Embedding(sum(sizes), 4)
        self.numbers = nn.Parameter(torch.randn(3, 4))

    def forward(self, x_num, x_cat):
        return torch.cat([x_num.unsqueeze(2) * self.numbers, self.levels(x_cat + self.offsets)], dim=1)


class DeepFM(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.fields = Fields(sizes)
        self.first = nn.Linear(3, 1)
        self.deep = nn.Sequential(nn.Linear(24, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))

    def forward(self, x_num, x_cat):
        vectors = self.fields(x_num, x_cat)
        pairs = 0.5 * (vectors.sum(1) ** 2 - (vectors**2).sum(1)).sum(1, keepdim=True)
        return self.first(x_num) + pairs + self.deep(vectors.flatten(1))


class DCNv2(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.fields = Fields(sizes)
        self.cross = nn.ModuleList([nn.Linear(24, 24) for _ in range(2)])
        self.deep = nn.Sequential(nn.Linear(24, 8), nn.ReLU())
        self.last = nn.Linear(32, 1)

    def forward(self, x_num, x_cat):
        first = crossed = self.fields(x_num, x_cat).flatten(1)
        for layer in self.cross:
            crossed = first * layer(crossed) + crossed
        return self.last(torch.cat([crossed, self.deep(first)], dim=1))


class Additive(nn.Module):
    """A neural additive model: a network for each input."""

    def __init__(self, width):
        super().__init__()
        self.parts = nn.ModuleList([nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 1)) for _ in range(width)])

    def forward(self, x):
        return torch.cat([part(x[:, i : i + 1]) for i, part in enumerate(self.parts)], dim=1).sum(1)


class Experts(nn.Module):
    """A mixture of experts, of which the `best` of each row count."""

    def __init__(self, width, best=3):
        super().__init__()
        self.gate = nn.Linear(width, 3)
        self.experts = nn.ModuleList([nn.Sequential(nn.Linear(width, 4), nn.Tanh(), nn.Linear(4, 1)) for _ in range(3)])
        self.best = best

    def forward(self, x):
        gate = self.gate(x)
        top = gate.topk(self.best, dim=1)
        gate = torch.full_like(gate, -torch.inf).scatter(1, top.indices, top.values)
        return (torch.softmax(gate, 1) * torch.cat([one(x) for one in self.experts], 1)).sum(1)


class Monotone(nn.Module):
    """Weights without a sign: the score rises with each input."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Parameter(torch.randn(6, width))
        self.last = nn.Linear(6, 1)

    def forward(self, x):
        return functional.linear(
            torch.tanh(x @ functional.softplus(self.first).T), self.last.weight.abs(), self.last.bias
        )


OF_VECTORS = {"DeepFM": DeepFM, "DCNv2": DCNv2}
OF_ENCODED = {
    "additive": Additive,
    "experts": Experts,
    "best experts": lambda width: Experts(width, 2),
    "monotone": Monotone,
}


@pytest.mark.parametrize("name", OF_VECTORS)
def test_networks_of_embeddings(example, name):
    names = example("scikit-learn")
    network = OF_VECTORS[name](names["sizes"])
    model = ti.wrap(network, encoder=[names["scale"], names["codes"]], classes=names["labels"])
    check_network(model, names["table"], of_logits(network, floats(names["scale"]), whole(names["codes"])))


@pytest.mark.parametrize("name", OF_ENCODED)
def test_networks_of_encoded_rows(example, name):
    names = example("scikit-learn")
    encoder = names["voting"][0]
    network = OF_ENCODED[name](encoder.transform(names["rows"]).shape[1])
    model = ti.wrap(network, encoder=encoder, classes=names["labels"])
    check_network(model, names["table"], of_logits(network, dense(encoder)))


class Clamped(nn.Module):
    """Looks up codes as Keras and pytorch-frame do: unknown ones are replaced before, if there are any."""

    def __init__(self, sizes, sets):
        super().__init__()
        self.sets = sets
        self.levels = nn.Embedding(sizes[0] + 1, 3)
        self.last = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))

    def forward(self, x_num, x_cat):
        codes = x_cat[:, 0]
        unknown = codes < 0
        codes = codes + 1
        if self.sets:
            codes[unknown] = 0
        else:
            codes = torch.where(unknown, codes + len(self.levels.weight), codes)
        return self.last(torch.cat([x_num, self.levels(codes)], dim=1))


@pytest.mark.parametrize("sets", [True, False], ids=["set", "where"])
def test_codes_that_would_be_replaced_if_they_were_unknown(example, sets):
    names = example("scikit-learn")
    network = Clamped(names["sizes"], sets)
    model = ti.wrap(network, encoder=[names["scale"], names["codes"]], classes=names["labels"])
    own = of_logits(network, floats(names["scale"]), whole(names["codes"]))
    check_network(model, names["table"], own)


class Hidden(nn.Module):
    """Probabilities of a network whose codes are used as numbers, so that only its answers are known."""

    def forward(self, x_num, x_cat):
        return torch.sigmoid(x_num.sum(1) * (x_cat[:, 0] ^ 1))


def test_probabilities_of_a_network_without_gradient_are_read_as_such(example):
    names = example("scikit-learn")
    encoder = [names["scale"], names["codes"]]
    bound = bind(ti.wrap(Hidden(), encoder=encoder, classes=names["labels"]), names["table"])
    assert not bound.has_gradient
    own = Hidden()(floats(names["scale"])(names["frame"]), whole(names["codes"])(names["frame"]))
    np.testing.assert_allclose(probabilities(bound.scores)[:, 1], own, atol=1e-6)
