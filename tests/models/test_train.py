"""A network and its counterpart from a table alone, end to end on a part of every table in `datasets/`."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import tabinterp as ti
from tabinterp.models import bind
from tabinterp.network import reference
from tabinterp.network import train as module
from tabinterp.network.train import train
from tests.shared import every_nth

from .cases import frame, table

FOLDER = Path(__file__).parents[2] / "datasets"
TABLES = tomllib.loads((FOLDER / "tables.toml").read_text(encoding="utf-8"))
ROWS, WIDTH = 800, 5  # of a whole audit, which grows with both


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    monkeypatch.setattr(reference, "EPOCHS", 4)


def part(name):
    """Rows evenly through the file, so that both sides of its split and all classes are among them; its first columns."""
    entry = TABLES[name]
    source = pd.read_csv(FOLDER / entry["file"])
    source = source.iloc[np.unique(np.linspace(0, len(source) - 1, ROWS).astype(int))].reset_index(drop=True)
    settings = {key: entry[key] for key in ("target", "task", "drop", "protected", "kinds")}
    optional = {key: entry[key] for key in ("positive", "split") if key in entry}
    inputs = [c for c in source.columns if c not in (entry["target"], *entry["drop"], entry.get("split"))]
    settings["drop"] = [*entry["drop"], *(c for c in inputs[WIDTH:] if c not in entry["protected"])]
    return ti.read_table(source, name=name, **settings, **optional)


PART = ["calibration", "groups", "effects"]
SOON = {"adult"}  # with a split of its own


@pytest.mark.parametrize(
    ("name", "analyses"),
    [
        *(
            pytest.param(name, PART, marks=[] if name in SOON else pytest.mark.nightly, id=f"{name}-a part")
            for name in TABLES
        ),
        *(pytest.param(name, None, marks=pytest.mark.nightly, id=f"{name}-all") for name in TABLES),
    ],
)
def test_every_table_from_training_to_report(name, analyses, tmp_path, undrawn):
    given = part(name)
    trained = ti.train(given)
    network, held_out = trained.networks[0], trained.table.held_out
    path = ti.save_model(network, tmp_path, counterpart=trained.counterpart)
    again, linear = ti.load_model(path), ti.load_counterpart(path)
    np.testing.assert_array_equal(bind(again, given).scores, bind(network, given).scores)
    np.testing.assert_array_equal(bind(linear, given).scores, bind(trained.counterpart, given).scores)
    assert bind(linear, given).is_linear
    np.testing.assert_array_equal(given.with_split(again.split).held_out, held_out)
    audit = ti.audit(again, given, counterpart=linear, rows=150, analyses=analyses)
    assert audit.document.model_dump()["verdict"]["status"] != "not_assessed"
    assert f"{int(held_out.sum()):,}" in audit.to_html()
    encoding = bind(network, given).encoding
    assert all(encoding.local.values())
    assert all(len(block) for block in encoding.blocks.values())


@pytest.mark.parametrize("task", every_nth(2, ["binary", "multiclass", "regression"]))
def test_held_out_rows_are_not_trained_on(task):
    """With other inputs and targets in the held-out rows, network and counterpart are the same to the last bit."""
    given = table(task, split=0.3)
    out = given.held_out
    changed = given.frame.copy()
    changed.loc[out, "income"] = 1e7
    changed.loc[out, given.schema.target] = (
        changed.loc[out, given.schema.target].sample(frac=1, random_state=0).to_numpy()
    )
    dropped = [c.name for c in given.schema.columns if c.role == "dropped"]
    labels = np.where(out, "test", "train")
    plain, other = (
        ti.read_table(rows.assign(part=labels), target=given.schema.target, task=task, drop=dropped, split="part")
        for rows in (given.frame, changed)
    )
    one, two = train(plain), train(other)
    for a, b in ((one.networks[0], two.networks[0]), (one.counterpart, two.counterpart)):
        for x, y in zip(a.module.parameters(), b.module.parameters(), strict=True):
            assert torch.equal(x, y)
    assert one.validation_loss == two.validation_loss


def test_a_table_without_a_split_gets_one_of_each_class():
    trained = train(table("multiclass"))
    out, codes = trained.table.held_out, trained.table.codes
    for code in range(3):
        assert abs(out[codes == code].mean() - 0.25) < 0.02
    assert trained.networks[0].split == trained.counterpart.split == trained.table.split


def test_several_seeds_are_several_networks_on_the_same_rows():
    seen = []
    trained = train(table(), seed=5, seeds=2, progress=lambda what, share: seen.append((what, share)))
    one, two = trained.networks
    assert not torch.equal(one.module[0].weight, two.module[0].weight)
    assert len(trained.validation_loss) == 2
    assert one.split == two.split
    alone = train(table(), seed=5)
    assert torch.equal(alone.networks[0].module[0].weight, one.module[0].weight)
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {what for what, _ in seen} == {"training"}


@pytest.mark.parametrize("task", every_nth(2, ["binary", "regression"]))
def test_a_null_is_trained_on_the_same_rows_with_their_labels_in_another_order(task, monkeypatch):
    asked, seen = [], []
    original = module.fit_network
    monkeypatch.setattr(
        module, "fit_network", lambda x, y, **kw: asked.append((x, y, kw["seed"])) or original(x, y, **kw)
    )
    given = table(task, split=0.3)
    trained = train(given, seed=5, seeds=2, null=True, progress=lambda _, share: seen.append(share))
    (x, y, seed), _, (again, mixed, own) = asked
    np.testing.assert_array_equal(again, x)
    assert own == seed == 5
    assert (mixed != y).any()
    assert sorted(mixed) == sorted(y)  # no held-out label comes in
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert "null" in trained.null.name
    assert len(trained.networks) == len(trained.validation_loss) == 2
    plain = train(given, seed=5, seeds=2)
    assert plain.null is None
    for one, two in zip(trained.networks, plain.networks, strict=True):
        assert torch.equal(one.module[0].weight, two.module[0].weight)


def test_weights_reach_network_and_counterpart():
    draw = np.random.default_rng(0)
    weighed = table(source=frame().assign(w=draw.choice([0.2, 5.0], 300)), weight="w", split=0.3)
    plain = table(source=frame().assign(w=1.0), weight="w", split=0.3)
    one, two = train(weighed), train(plain)
    assert one.table.schema.inputs == two.table.schema.inputs
    np.testing.assert_array_equal(one.table.held_out, two.table.held_out)
    for a, b in ((one.networks[0], two.networks[0]), (one.counterpart, two.counterpart)):
        assert not torch.equal(a.module[0].weight, b.module[0].weight)


def test_the_network_gives_the_scores_of_its_module():
    trained = train(table())
    model = trained.networks[0]
    x = torch.tensor(np.asarray(model.encoder.transform(frame()[list(model.reads)]))).float()
    with torch.no_grad():
        np.testing.assert_allclose(bind(model, table()).scores, model.module(x), atol=1e-5)
    hidden = [value.shape[1] for value in bind(model, table()).activations().values()]
    assert model.name == "network " + "-".join(map(str, hidden))
