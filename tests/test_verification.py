"""One changed byte in report, document, run, model or data is found, and said where."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp import cli
from tabinterp.errors import DocumentError
from tabinterp.models.bundle import WEIGHTS
from tabinterp.verification import TOLERANCE, compare


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder that the commands wrote: data, model, audit."""
    folder = tmp_path_factory.mktemp("verify")
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"age": draw.normal(40, 10, 240).round(1), "job": draw.choice(["a", "b", "ü"], 240), "id": np.arange(240)}
    )
    frame["paid"] = np.where(frame["age"] + draw.normal(0, 5, 240) > 40, "yes", "no")
    frame.to_csv(folder / "data.csv", index=False)
    table = ti.read_table(folder / "data.csv", target="paid", positive="yes", drop=["id"], split=0.4)
    trained = ti.train(table)
    ti.save_model(trained.networks[0], folder / "model", counterpart=trained.counterpart, table={"target": "paid"})
    argv = ["audit", folder / "model", "--data", folder / "data.csv", "--out", folder / "out", "--rows", "60"]
    argv += ["--margin", "0.02", "--costs", "1:5", "--threshold", "0.3"]
    assert command(*argv, "--target", "paid", "--positive", "yes", "--drop", "id", "--quiet") == 0
    return folder


def command(*words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["tabinterp", *map(str, words)])
        try:
            cli.main()
        except SystemExit as stop:
            return stop.code
        return 0


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "copy")


def failures(folder, **given):
    found = ti.verify(folder / "out", **given).frame()
    return found[found["status"] == "failed"]


def test_nothing_changed(made):
    found = ti.verify(made / "out", model=made / "model", data=made / "data.csv")
    assert found.passed
    assert set(found.frame()["status"]) == {"ok"}
    assert set(found.frame()["what"]) == {
        "report.html", "audit.json", "run.json", "model", "linear", "data",
    }  # fmt: skip
    assert command("verify", made / "out") == 0


def test_the_digests_are_those_of_sha256sum(made):
    subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made / "out", check=True, capture_output=True
    )


@pytest.mark.parametrize("name", ["report.html", "audit.json", "run.json"])
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_changed_byte_is_found(copy, name, share):
    path = copy / "out" / name
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 1
    path.write_bytes(data)
    assert name in set(failures(copy)["what"])
    assert command("verify", copy / "out") == 1


def resum(copy, name):
    """As a forger would: the list of digests is made to fit."""
    sums = copy / "out" / "SHA256SUMS"
    lines = [line for line in sums.read_text().splitlines(keepends=True) if not line.rstrip().endswith(name)]
    sums.write_text("".join([*lines, f"{ti.file_digest(copy / 'out' / name)}  {name}\n"]))


def test_a_report_that_says_something_else_is_found_with_its_place(copy):
    path = copy / "out" / "report.html"
    page = path.read_text()
    place = page.index('<section id="method"')
    path.write_text(page[:place] + page[place:].replace("60", "61", 1))
    resum(copy, "report.html")
    (told,) = failures(copy)["told"]
    assert "in the section method" in told


def test_a_number_changed_in_the_document_no_longer_fits_the_report(copy):
    path = copy / "out" / "audit.json"
    document = json.loads(path.read_text())
    document["performance"]["metrics"][-1]["network"]["value"] += 0.25
    path.write_bytes(ti.Audit.from_json(json.dumps(document).encode()).to_json())
    resum(copy, "audit.json")
    (row,) = failures(copy).itertuples()
    assert (row.what, "in the section" in row.told) == ("report.html", True)


def test_spaces_in_the_document_are_found(copy):
    path = copy / "out" / "audit.json"
    path.write_text(json.dumps(json.loads(path.read_text()), ensure_ascii=False))
    resum(copy, "audit.json")
    (told,) = failures(copy)["told"]
    assert "differs from byte" in told


def test_a_missing_file_and_a_missing_list(copy):
    (copy / "out" / "run.json").unlink()
    assert failures(copy)["told"].tolist() == ["run.json is missing."]
    (copy / "out" / "SHA256SUMS").unlink()
    with pytest.raises(DocumentError, match="SHA256SUMS"):
        ti.verify(copy / "out")
    assert command("verify", copy / "out") == 2


@pytest.mark.parametrize("name", ["model.json", WEIGHTS, "counterpart/model.json"])
def test_a_changed_model_is_found(copy, name):
    path = copy / "model" / name
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    assert set(failures(copy, model=copy / "model")["what"]) <= {"model", "linear"}
    assert len(failures(copy, model=copy / "model"))


def test_another_trained_network_is_not_the_one(copy):
    table = ti.read_table(copy / "data.csv", target="paid", drop=["id"], split=0.4)
    trained = ti.train(table, seed=1)
    ti.save_model(trained.networks[0], copy / "other", counterpart=trained.counterpart)
    assert "model" in set(failures(copy, model=copy / "other")["what"])


def test_a_changed_value_is_found_with_its_column(copy):
    frame = pd.read_csv(copy / "data.csv")
    frame.loc[17, "job"] = "b" if frame.loc[17, "job"] == "a" else "a"
    frame.to_csv(copy / "data.csv", index=False)
    told = failures(copy, data=copy / "data.csv")["told"].tolist()
    assert any(line.endswith("audited: job.") for line in told)


def test_the_same_contents_in_another_file_are_told_apart_from_a_change(copy):
    pd.read_csv(copy / "data.csv").to_parquet(copy / "data.parquet")
    told = ti.verify(copy / "out", data=copy / "data.parquet").frame()
    assert told[told["what"] == "data"]["status"].tolist() == ["failed", "ok"]  # the file, its contents


def test_missing_rows_and_other_columns(copy):
    frame = pd.read_csv(copy / "data.csv")
    frame.iloc[:-1].to_csv(copy / "short.csv", index=False)
    frame.assign(more=1).to_csv(copy / "wide.csv", index=False)
    assert failures(copy, data=copy / "short.csv")["told"].iloc[-1] == "The table has 239 rows, and 240 were audited."
    assert "Unknown: more" in failures(copy, data=copy / "wide.csv")["told"].iloc[-1]


def test_numbers_are_found_again(made):
    found = ti.verify(made / "out", model=made / "model", data=made / "data.csv", recompute=True).frame()
    assert found.iloc[-1][["what", "status"]].tolist() == ["numbers", "ok"], found.iloc[-1]["told"]
    with pytest.raises(DocumentError, match="model= and data="):
        ti.verify(made / "out", recompute=True)


@pytest.mark.parametrize(("factor", "status"), [(1 + TOLERANCE / 2, "ok"), (1 + 2 * TOLERANCE, "failed")])
def test_a_number_is_compared_to_the_tolerance(made, factor, status):
    audit = ti.Audit.from_json(made / "out" / "audit.json")
    row = audit.document.importance.columns[0]
    changed = row.model_copy(update={"network": row.network.model_copy(update={"value": row.network.value * factor})})
    importance = audit.document.importance.model_copy(
        update={"columns": [changed, *audit.document.importance.columns[1:]]}
    )
    step = compare(audit, ti.Audit(audit.document.model_copy(update={"importance": importance})))
    assert step.status == status
    if status == "failed":
        assert step.told.values["place"] == "importance.columns.0.network.value"
