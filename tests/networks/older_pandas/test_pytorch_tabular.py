"""pytorch-tabular, which needs a pandas before 3: the page's example, and other networks and targets."""

from __future__ import annotations

import pytest
from pytorch_tabular import TabularModel
from pytorch_tabular.config import DataConfig, OptimizerConfig, TrainerConfig
from pytorch_tabular.models import CategoryEmbeddingModelConfig, FTTransformerConfig, GANDALFConfig

import tabinterp as ti
from tabinterp.errors import ModelError

from ..examples import (
    ROOT,
    check_gradient,
    check_network,
    check_predictions,
    check_values,
    of_classes,
    of_numbers,
    run_example,
)

CONFIGURATIONS = {
    "embeddings": lambda task: CategoryEmbeddingModelConfig(task=task, layers="16-8"),
    "GANDALF": lambda task: GANDALFConfig(task=task, gflu_stages=2),
    "FT-Transformer": lambda task: FTTransformerConfig(task=task, num_heads=2, num_attn_blocks=1, input_embed_dim=8),
}
QUIET = {
    "max_epochs": 1,
    "accelerator": "cpu",
    "progress_bar": "none",
    "checkpoints": None,
    "load_best": False,
    "early_stopping": None,
}


@pytest.fixture
def names(monkeypatch, tmp_path):
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")  # the package writes logs into the folder that it runs in
    return run_example("pytorch-tabular", monkeypatch, tmp_path)


def trained(kind, table, **of_fit):
    frame, inputs = table.frame, table.schema.inputs
    levels = [one for one in inputs if table.inputs[one].dtype.kind not in "fi"]
    data = DataConfig(
        target=[table.schema.target],
        continuous_cols=[one for one in inputs if one not in levels],
        categorical_cols=levels,
    )
    task = "regression" if table.schema.task == "regression" else "classification"
    model = TabularModel(
        data_config=data,
        model_config=CONFIGURATIONS[kind](task),
        optimizer_config=OptimizerConfig(),
        trainer_config=TrainerConfig(**QUIET),
        verbose=False,
    )
    model.fit(train=frame, **of_fit)
    return model


def answers(model, classes):
    """The model's own probabilities, or its values where there are no classes."""

    def own(rows):
        told = model.predict(rows, progress_bar="none")
        return told.iloc[:, :classes].to_numpy() if classes else told.iloc[:, 0].to_numpy()

    return own


def test_pytorch_tabular(names):
    bound = check_network(names["model"], names["table"], answers(names["trained"], 2))
    assert all(bound.encoding.local.values())


def test_gandalf(names):
    model = trained("GANDALF", names["table"])
    check_network(ti.wrap(model), names["table"], answers(model, 2))


@pytest.mark.parametrize("kind", ["embeddings", "GANDALF"])
def test_regressions_and_several_classes(names, kind):
    table = of_numbers(names)
    model = trained(kind, table)
    assert check_values(ti.wrap(model), table, answers(model, 0)).activations()
    table = of_classes(names)
    model = trained(kind, table)
    assert check_gradient(ti.wrap(model), table, answers(model, 3)).activations()


def test_a_network_that_detaches_is_a_function(names):
    model = trained("FT-Transformer", names["table"])
    assert not check_predictions(ti.wrap(model), names["table"], answers(model, 2)).has_gradient


def test_what_is_not_taken_is_refused_in_words(names):
    with pytest.raises(ModelError, match="a TabularModel includes its preprocessing, so it needs no encoder="):
        ti.wrap(names["trained"], encoder="passthrough")
    table = of_numbers(names)
    with pytest.raises(ModelError, match=r"a TabularModel is supported only if .* its target is not transformed"):
        ti.wrap(trained("embeddings", table, target_transform=(lambda y: y / 2, lambda y: 2 * y)))
    data = DataConfig(target=["income"], continuous_cols=names["numbers"])
    parts = {"optimizer_config": OptimizerConfig(), "trainer_config": TrainerConfig(**QUIET), "verbose": False}
    model = TabularModel(data_config=data, model_config=CONFIGURATIONS["embeddings"]("classification"), **parts)
    with pytest.raises(ModelError, match=r"the TabularModel is not fitted\. Call its fit method first"):
        ti.wrap(model)
