"""A bundle does not name the levels of single people, and its network predicts as if it did."""

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.models import bind
from tabinterp.network import reference
from tabinterp.network.encoder import build_encoder, level_encoder

RARE = "Zzyzx-Quartermaine"


def rows(n: int = 240) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "town": draw.choice(["Bern", "Genf", "Chur"], n),
            "code": draw.integers(1, 5, n),
            "age": draw.normal(40, 10, n).round(),
        }
    )
    frame.loc[[5, 77, 130], "town"] = RARE
    frame.loc[[9, 99], "code"] = 76543
    frame["bad"] = np.where(draw.random(n) < 0.3 + 0.3 * (frame["town"] == "Chur"), "yes", "no")
    return frame


def contents(path: Path) -> dict[str, bytes]:
    """Every file of a folder, and every member of the archives in it."""
    found = {}
    for file in (one for one in path.rglob("*") if one.is_file()):
        found[file.name] = data = file.read_bytes()
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                found |= {f"{file.name}/{name}": archive.read(name) for name in archive.namelist()}
    return found


def holds(data: bytes, value: str) -> bool:
    return any(value.encode(coding) in data for coding in ("utf-8", "utf-16-le", "utf-32-le"))


def test_no_file_of_a_bundle_names_a_rare_level_and_its_network_predicts_as_before(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "EPOCHS", 2)
    table = ti.read_table(rows(), target="bad", positive="yes", kinds={"code": "categorical"}, split=0.25)
    trained = ti.train(table, seeds=2, null=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is left to warn of
        ti.save_model(trained.networks[0], tmp_path, counterpart=trained.counterpart, rows=trained.table)
    ti.save_others(trained.networks[1:], tmp_path)
    ti.save_null(trained.null, tmp_path)
    files = contents(tmp_path)
    assert any(holds(data, "Genf") for data in files.values())  # a level of many rows is there
    for name, data in files.items():
        assert not holds(data, RARE), name
        assert not holds(data, "76543"), name
        assert np.int64(76543).tobytes() not in data, name

    asked = pd.concat(
        [rows(), rows().assign(town="Basel"), rows().assign(code=888)], ignore_index=True
    )  # and unseen ones
    again = ti.read_table(asked, target="bad", positive="yes", kinds={"code": "categorical"})
    for memory, file in (
        (trained.networks[0], ti.load_model(tmp_path)),
        (trained.counterpart, ti.load_counterpart(tmp_path)),
    ):
        np.testing.assert_array_equal(bind(memory, again).scores, bind(file, again).scores)


@pytest.mark.parametrize("kind", ["text", "text with gaps", "whole numbers", "numbers with gaps", "true and false"])
def test_pooling_changes_no_encoded_value(kind):
    levels = {
        "text": ["a"] * 40 + ["b"] * 30 + ["rare"] * 3,
        "text with gaps": ["a"] * 40 + [None] * 30 + ["rare"] * 3,
        "whole numbers": [3] * 40 + [0] * 30 + [76543] * 3,
        "numbers with gaps": [3.0] * 40 + [float("nan")] * 30 + [76543.0] * 3,
        "true and false": [True] * 70 + [False] * 3,
    }[kind]
    frame = pd.DataFrame({"c": levels, "one each": [f"level {i}" for i in range(73)]})
    kinds = {"c": "categorical", "one each": "categorical"}
    other = frame.assign(**{"one each": "new"})
    before, after = level_encoder().fit(frame), build_encoder(frame, kinds).fit(frame)
    for asked in (frame, other):
        np.testing.assert_array_equal(before.transform(asked), after.transform(asked))
    named = [str(level) for part in after.named_transformers_["levels"].categories_ for level in part]
    assert not {"rare", "76543", "76543.0", "level 7"} & {*named}


def test_a_warning_names_the_columns_of_rare_levels_that_a_users_encoder_lists(tmp_path):
    frame = rows()
    table = ti.read_table(frame, target="bad", positive="yes", kinds={"code": "categorical"})
    encoder = ColumnTransformer(
        [("levels", OneHotEncoder(handle_unknown="ignore"), ["town", "code"]), ("numbers", StandardScaler(), ["age"])]
    ).fit(table.inputs)
    torch.manual_seed(0)
    model = ti.wrap(nn.Linear(10, 1), encoder=encoder, classes=table.schema.classes)
    with pytest.warns(UserWarning, match=r"fewer than 10 rows.*town \(1\), code \(1\)"):
        ti.save_model(model, tmp_path / "bundle", rows=table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ti.save_model(model, tmp_path / "bundle")  # without rows nothing is known
