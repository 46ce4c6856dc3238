"""The page's example of each package, against the package's own predictions and their central differences."""

from __future__ import annotations

import lightning
import numpy as np
import pandas as pd
import pytabkit
import pytest
import rtdl_num_embeddings
import rtdl_revisiting_models
import torch
import torch_frame
from deepctr_torch.inputs import DenseFeat, SparseFeat
from deepctr_torch.models import DCN
from fastai.tabular.all import (
    Categorify,
    CategoryBlock,
    FillMissing,
    Normalize,
    RegressionBlock,
    TabularDataLoaders,
    tabular_learner,
)
from pytorch_tabnet import sparsemax
from pytorch_tabnet.tab_model import TabNetClassifier, TabNetRegressor
from pytorch_widedeep import Trainer
from pytorch_widedeep.models import TabMlp, WideDeep
from pytorch_widedeep.preprocessing import TabPreprocessor
from sklearn.compose import ColumnTransformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from tabm import TabM
from torch_frame.data import Dataset
from torch_frame.data.stats import StatType
from torch_frame.nn import ResNet

import tabinterp as ti
from tabinterp.models import bind
from tabinterp.models.adapters import tabnet as tabnet_adapter

from .examples import (
    check_gradient,
    check_network,
    check_predictions,
    check_values,
    floats,
    of_classes,
    of_logits,
    of_numbers,
    of_table,
    run_example,
    whole,
)


@pytest.fixture
def example(monkeypatch):
    return lambda title: run_example(title, monkeypatch)


def test_imbalanced_learn(example):
    names = example("imbalanced-learn")
    check_network(names["model"], names["table"], names["pipeline"].predict_proba)


def test_an_imbalanced_ensemble_in_a_pipeline(example):
    from imblearn.ensemble import BalancedBaggingClassifier  # noqa: PLC0415

    names = example("imbalanced-learn")
    bagged = BalancedBaggingClassifier(MLPClassifier((4,), max_iter=3), 2, random_state=0)
    fitted = make_pipeline(names["one_hot"], bagged).fit(names["rows"], names["y"])
    check_network(ti.wrap(fitted), names["table"], fitted.predict_proba)


def probabilities_of(learner):
    def own(rows):
        with learner.no_bar(), learner.no_logging():
            return learner.get_preds(dl=learner.dls.test_dl(rows.copy()))[0].numpy()

    return own


def test_fastai(example):
    names = example("fastai")
    bound = check_network(names["model"], names["table"], probabilities_of(names["learner"]))
    assert all(bound.encoding.local.values())


def test_a_fastai_learner_fills_missing_numbers(example):
    names = example("fastai")
    frame = names["frame"].copy()
    frame.loc[::7, "hours-per-week"] = np.nan
    procs = [Categorify, FillMissing, Normalize]
    loaders = TabularDataLoaders.from_df(
        frame,
        procs=procs,
        cat_names=[*names["levels"]],
        cont_names=[*names["numbers"]],
        y_names="income",
        valid_idx=range(200),
    )
    learner = tabular_learner(loaders, layers=[8])
    with learner.no_bar(), learner.no_logging():
        learner.fit(1)
    table = ti.read_table(frame, target="income", positive=">50K")
    check_network(ti.wrap(learner), table, probabilities_of(learner))


@pytest.mark.parametrize("kind", ["regression", "several classes"])
def test_other_targets_of_fastai(example, kind):
    names = example("fastai")
    table = of_numbers(names) if kind == "regression" else of_classes(names)
    numbers = [one for one in names["numbers"] if one in table.inputs]
    loaders = TabularDataLoaders.from_df(
        table.frame,
        procs=[Categorify, FillMissing, Normalize],
        cat_names=[one for one in names["levels"] if one in table.inputs],
        cont_names=numbers,
        y_names=table.schema.target,
        y_block=RegressionBlock() if kind == "regression" else CategoryBlock(),
        valid_idx=range(200),
    )
    learner = tabular_learner(loaders, layers=[8])
    with learner.no_bar(), learner.no_logging():
        learner.fit(1)
    check = check_values if kind == "regression" else check_gradient
    assert check(ti.wrap(learner), table, probabilities_of(learner)).activations()


def test_a_fastai_learner_of_numbers(example):
    names = example("fastai")
    frame, numbers = names["frame"], ["education-num", "hours-per-week"]
    loaders = TabularDataLoaders.from_df(
        frame, procs=[Normalize], cat_names=[], cont_names=numbers, y_names="age", valid_idx=range(200)
    )
    learner = tabular_learner(loaders, layers=[8])
    with learner.no_bar(), learner.no_logging():
        learner.fit(1)
    table = ti.read_table(frame[[*numbers, "age"]], target="age", task="regression")
    bound = bind(ti.wrap(learner), table)
    assert bound.has_gradient
    np.testing.assert_allclose(bound.scores, probabilities_of(learner)(table.inputs), rtol=1e-4)


def test_tabnet(example):
    names = example("pytorch-tabnet")
    tabnet, encoder = names["tabnet"], names["encoder"]
    check_network(
        names["model"], names["table"], lambda rows: tabnet.predict_proba(encoder.transform(rows).astype("float32"))
    )


@pytest.mark.parametrize("mask", ["sparsemax", "entmax"])
def test_tabnet_of_several_classes(example, mask):
    names = example("pytorch-tabnet")
    table = of_classes(names)
    encoder = ColumnTransformer(
        [("n", StandardScaler(), names["numbers"]), ("c", OneHotEncoder(sparse_output=False), ["workclass", "sex"])]
    ).fit(table.inputs)
    encoded = encoder.transform(table.inputs).astype("float32")
    tabnet = TabNetClassifier(n_d=4, n_a=4, n_steps=2, mask_type=mask, seed=0, verbose=0)
    tabnet.fit(encoded, table.frame[table.schema.target].to_numpy(), max_epochs=2, batch_size=128)

    def own(rows):
        return tabnet.predict_proba(encoder.transform(rows).astype("float32"))

    assert check_gradient(ti.wrap(tabnet, encoder=encoder), table, own).activations()


def test_tabnet_s_entmax_is_that_of_its_package():
    x = torch.randn(500, 9) * torch.logspace(-2, 2, 500)[:, None]
    x[:50, 3:] = x[:50, :1]  # ties
    x.requires_grad_(True)
    ours = tabnet_adapter.Entmax15()(x)
    torch.testing.assert_close(ours, sparsemax.entmax15(x, -1), atol=1e-5, rtol=1e-4)
    weights = torch.linspace(-1, 1, 9)
    (mine,) = torch.autograd.grad((ours @ weights).sum(), x)
    (theirs,) = torch.autograd.grad((sparsemax.entmax15(x, -1) @ weights).sum(), x)
    assert torch.isfinite(mine).all()
    torch.testing.assert_close(mine[50:], theirs[50:], atol=1e-3, rtol=1e-3)


def test_tabnet_of_numbers_in_a_pipeline(example):
    names = example("pytorch-tabnet")
    frame, numbers = names["frame"], ["education-num", "hours-per-week"]
    regressor = TabNetRegressor(n_d=4, n_a=4, n_steps=2, verbose=0)
    single = FunctionTransformer(lambda x: x.astype("float32"))
    fitted = make_pipeline(StandardScaler(), single, regressor)
    fitted.fit(frame[numbers], frame[["age"]].to_numpy(), tabnetregressor__max_epochs=1)
    bound = bind(ti.wrap(fitted), ti.read_table(frame[[*numbers, "age"]], target="age", task="regression"))
    assert bound.has_gradient
    np.testing.assert_allclose(bound.scores, fitted.predict(frame[numbers]), rtol=1e-4, atol=1e-5)


def test_pytorch_frame(example):
    names = example("pytorch-frame")
    names["network"].eval()
    classes = list(names["model"].classes)
    order = [classes.index(one) for one in names["labels"]]

    def own(rows):
        with torch.no_grad():
            scores = names["network"](names["data"].convert_to_tensor_frame(rows))
        return torch.softmax(scores.double(), dim=1).numpy()[:, order]

    check_network(names["model"], names["table"], own)


@pytest.mark.parametrize("kind", ["regression", "several classes"])
def test_other_targets_of_pytorch_frame(example, kind):
    names = example("pytorch-frame")
    table = of_numbers(names) if kind == "regression" else of_classes(names)
    target = table.schema.target
    kinds = {one: torch_frame.numerical if one in names["numbers"] else torch_frame.categorical for one in table.inputs}
    of_target = {target: torch_frame.numerical if kind == "regression" else torch_frame.categorical}
    data = Dataset(table.frame, kinds | of_target, target_col=target).materialize()
    columns = data.tensor_frame.col_names_dict
    network = ResNet(8, 1 if kind == "regression" else 3, 1, data.col_stats, columns).eval()
    number, level = columns[torch_frame.numerical], columns[torch_frame.categorical]
    known = [pd.Series(data.col_stats[one][StatType.COUNT][0], dtype=object).to_numpy() for one in level]
    encoder = {
        "num": FunctionTransformer().fit(table.frame[number]),
        "cat": OrdinalEncoder(categories=known).fit(table.frame[level]),
    }

    def raw(rows):
        with torch.no_grad():
            return network(data.convert_to_tensor_frame(rows)).double()

    wrapped = names["OfColumns"](network, columns)
    if kind == "regression":
        model = ti.wrap(wrapped, encoder=encoder, task="regression")
        assert check_values(model, table, lambda rows: raw(rows).numpy()).activations()
        return
    classes = data.col_stats[target][StatType.COUNT][0]
    order = [[str(one) for one in classes].index(str(one)) for one in table.schema.classes]
    model = ti.wrap(wrapped, encoder=encoder, classes=classes)
    assert check_gradient(model, table, lambda rows: torch.softmax(raw(rows), dim=1).numpy()[:, order]).activations()


@pytest.mark.parametrize("kind", ["regression", "multiclass"])
def test_other_targets_of_pytorch_widedeep(example, kind):
    names = example("pytorch-widedeep")
    table = of_numbers(names) if kind == "regression" else of_classes(names)
    numbers = [one for one in names["numbers"] if one in table.inputs]
    levels = [one for one in names["levels"] if one in table.inputs]
    prepare = TabPreprocessor(cat_embed_cols=levels, continuous_cols=numbers, cols_to_scale=numbers)
    prepared = prepare.fit_transform(table.inputs)
    part = TabMlp(
        prepare.column_idx, cat_embed_input=prepare.cat_embed_input, continuous_cols=numbers, mlp_hidden_dims=[16, 8]
    )
    several = kind == "multiclass"
    network = WideDeep(deeptabular=part, pred_dim=3) if several else WideDeep(deeptabular=part)
    trainer = Trainer(network, objective=kind, verbose=0)
    target = table.frame[table.schema.target]
    codes = target.map({label: i for i, label in enumerate(table.schema.classes)}) if several else target
    trainer.fit(X_tab=prepared, target=codes.to_numpy(), n_epochs=1, batch_size=64)
    encoder = {"deeptabular": FunctionTransformer(prepare.transform).fit(table.inputs)}
    if several:
        model = ti.wrap(trainer.model, encoder=encoder, classes=[*table.schema.classes])
        own = trainer.predict_proba
    else:
        model = ti.wrap(trainer.model, encoder=encoder, task="regression")
        own = trainer.predict
    check = check_gradient if several else check_values
    assert check(model, table, lambda rows: own(X_tab=prepare.transform(rows))).activations()


def test_pytorch_widedeep(example):
    names = example("pytorch-widedeep")
    trainer, prepare = names["trainer"], names["prepare"]
    check_network(names["model"], names["table"], lambda rows: trainer.predict_proba(X_tab=prepare.transform(rows)))


def test_deepctr(example):
    names = example("deepctr-torch")
    encoder, network = names["encoder"], names["network"]

    def own(rows):
        x = encoder.transform(rows)
        given = {one: x[:, place] for place, one in enumerate(network.feature_index)}
        yes = network.predict(given, 256).reshape(-1, 1)
        return np.concatenate([1 - yes, yes], axis=1)

    check_network(names["model"], names["table"], own)


def test_a_regression_of_deepctr(example):
    names = example("deepctr-torch")
    table = of_numbers(names)
    numbers = [one for one in names["numbers"] if one in table.inputs]
    sizes = dict(zip(names["levels"], names["sizes"], strict=True))
    features = [SparseFeat(one, size, 4) for one, size in sizes.items()] + [DenseFeat(one, 1) for one in numbers]
    network = DCN(features, features, dnn_hidden_units=(16,), task="regression", device="cpu")
    parts = [(one, StandardScaler() if one in numbers else OrdinalEncoder(), [one]) for one in network.feature_index]
    encoder = ColumnTransformer(parts).fit(table.inputs)

    def own(rows):
        x = encoder.transform(rows)
        return network.predict({one: x[:, place] for place, one in enumerate(network.feature_index)}, 256)

    assert check_values(ti.wrap(network, encoder=encoder, task="regression"), table, own).activations()


def test_pytabkit(example):
    names = example("pytabkit")
    bound = check_gradient(names["model"], names["table"], names["classifier"].predict_proba)
    assert all(bound.encoding.local.values())


KIT = {"n_cv": 1, "n_refit": 0, "n_epochs": 2, "device": "cpu", "random_state": 0, "verbosity": 0}
OF_TABM = {"tabm_k": 4, "d_block": 16}
KITS = {
    "RealMLP": lambda: pytabkit.RealMLP_TD_Classifier(**KIT, hidden_sizes=[16]),
    "RealMLP on two folds": lambda: pytabkit.RealMLP_TD_Classifier(**KIT | {"n_cv": 2}, hidden_sizes=[16]),
    "simple RealMLP": lambda: pytabkit.RealMLP_TD_S_Classifier(**KIT, hidden_sizes=[16]),
    "TabM of embedded numbers": lambda: pytabkit.TabM_D_Classifier(
        **KIT, **OF_TABM, num_emb_type="pwl", num_emb_n_bins=4, arch_type="tabm-mini"
    ),
}


def as_categories(names, rows):
    return rows.astype(dict.fromkeys([one for one in names["levels"] if one in rows], "category"))


@pytest.mark.parametrize("kind", KITS)
def test_other_networks_of_pytabkit(example, kind):
    names = example("pytabkit")
    fitted = KITS[kind]().fit(as_categories(names, names["rows"]), names["y"])
    check_gradient(ti.wrap(fitted), names["table"], fitted.predict_proba)


@pytest.mark.parametrize("kind", ["RealMLP", "TabM"])
def test_regressions_and_several_classes_of_pytabkit(example, kind):
    names = example("pytabkit")
    regressor, classifier = {
        "RealMLP": (pytabkit.RealMLP_TD_Regressor, pytabkit.RealMLP_TD_Classifier),
        "TabM": (pytabkit.TabM_D_Regressor, pytabkit.TabM_D_Classifier),
    }[kind]
    settings = KIT | ({"hidden_sizes": [16]} if kind == "RealMLP" else OF_TABM)
    table = of_numbers(names)
    fitted = regressor(**settings).fit(as_categories(names, table.inputs), table.frame["hours-per-week"])
    check_values(ti.wrap(fitted), table, fitted.predict)
    table = of_classes(names)
    fitted = classifier(**settings).fit(as_categories(names, table.inputs), table.frame["relationship"])
    check_gradient(ti.wrap(fitted), table, of_table(fitted, table))


def test_a_network_of_pytabkit_that_is_read_wrongly_is_a_function(example, monkeypatch):
    names = example("pytabkit")
    monkeypatch.setattr("tabinterp.models.adapters.pytabkit._mean", lambda members, of_probabilities: members[:, 0])
    bound = check_predictions(ti.wrap(names["classifier"]), names["table"], names["classifier"].predict_proba)
    assert not bound.has_gradient


def test_several_tabm_on_folds_are_a_function(example):
    names = example("pytabkit")
    fitted = pytabkit.TabM_D_Classifier(**KIT | {"n_cv": 2}, **OF_TABM)
    fitted.fit(as_categories(names, names["rows"]), names["y"])
    assert not check_predictions(ti.wrap(fitted), names["table"], fitted.predict_proba).has_gradient


def test_ft_transformer(example):
    names = example("rtdl_revisiting_models")
    own = of_logits(names["network"], floats(names["scale"]), whole(names["codes"]))
    check_network(names["model"], names["table"], own)


DENSE = {
    "mlp": lambda width: rtdl_revisiting_models.MLP(d_in=width, d_out=1, n_blocks=2, d_block=8, dropout=0.1),
    "resnet": lambda width: rtdl_revisiting_models.ResNet(
        d_in=width, d_out=1, n_blocks=1, d_block=8, d_hidden=None, d_hidden_multiplier=2.0, dropout1=0.1, dropout2=0.0
    ),
}


@pytest.mark.parametrize("kind", DENSE)
def test_dense_networks_of_rtdl(example, kind):
    names = example("rtdl_revisiting_models")
    encoder = dense(names)
    network = DENSE[kind](len(encoder.get_feature_names_out()))
    model = ti.wrap(network, encoder=encoder, classes=names["labels"])
    check_network(model, names["table"], of_logits(network, floats(encoder)))


def dense(names):
    levels = OneHotEncoder(sparse_output=False)
    parts = [("n", StandardScaler(), names["numbers"]), ("c", levels, names["levels"])]
    return ColumnTransformer(parts).fit(names["rows"])


def embedded(kind, x):
    """An embedding of numbers (n, 3) -> (n, 3, 4)."""
    if kind == "periodic":
        return rtdl_num_embeddings.PeriodicEmbeddings(3, 4, lite=False)
    bins = rtdl_num_embeddings.compute_bins(x, n_bins=4)
    return rtdl_num_embeddings.PiecewiseLinearEmbeddings(bins, 4, activation=False, version="B")


@pytest.mark.parametrize("kind", ["periodic", "piecewise linear"])
def test_embeddings_of_numbers(example, kind):
    names = example("rtdl_revisiting_models")
    given = floats(names["scale"])
    first = embedded(kind, given(names["frame"]))
    head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    network = torch.nn.Sequential(first, *head)
    table = ti.read_table(names["frame"], target="income", positive=">50K", drop=names["levels"])
    check_network(ti.wrap(network, encoder=names["scale"], classes=names["labels"]), table, of_logits(network, given))


def mean_of_members(network, *encode):
    def own(rows):
        with torch.no_grad():
            yes = torch.sigmoid(network.eval()(*[one(rows) for one in encode]).double()).mean(1)
        return torch.cat([1 - yes, yes], dim=1).numpy()

    return own


def test_tabm(example):
    names = example("tabm")
    own = mean_of_members(names["network"], floats(names["scale"]), whole(names["codes"]))
    check_gradient(names["model"], names["table"], own)


def test_tabm_with_embeddings_of_numbers(example):
    names = example("tabm")
    numbers = embedded("piecewise linear", floats(names["scale"])(names["frame"]))
    network = TabM.make(
        n_num_features=3, cat_cardinalities=names["sizes"], d_out=1, n_blocks=1, d_block=8, k=3, num_embeddings=numbers
    )
    model = ti.wrap(network, encoder=[names["scale"], names["codes"]], output="mean", classes=names["labels"])
    own = mean_of_members(network, floats(names["scale"]), whole(names["codes"]))
    check_gradient(model, names["table"], own)


class Task(lightning.LightningModule):
    def __init__(self, width):
        super().__init__()
        self.save_hyperparameters()
        self.network = torch.nn.Sequential(torch.nn.Linear(width, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))

    def forward(self, x):
        return self.network(x)

    def training_step(self, batch, _):
        x, y = batch
        return torch.nn.functional.binary_cross_entropy_with_logits(self(x)[:, 0], y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 0.01)


def test_lightning(example):
    names = example("Lightning")
    encoder = dense(names)
    task = Task(len(encoder.get_feature_names_out()))
    data = torch.utils.data.TensorDataset(floats(encoder)(names["rows"]), torch.as_tensor(names["target"]).float())
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    lightning.Trainer(max_epochs=1, accelerator="cpu", **quiet).fit(task, torch.utils.data.DataLoader(data, 64))
    model = ti.wrap(task, encoder=encoder, classes=names["labels"])
    check_network(model, names["table"], of_logits(task, floats(encoder)))
