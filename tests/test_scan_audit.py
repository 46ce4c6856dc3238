"""An audit of a table that is read in batches: what it says of all rows, what of those drawn, and that it says which."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp.errors import ModelError, TableError
from tabinterp.table.checkpoints import Keeping
from tabinterp.table.digest import column_digests
from tests.shared import folder_once_per_run, once_per_run

N = 1200


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    made = pd.DataFrame({"a": rng.normal(size=N), "b": rng.choice(["u", "v"], N), "c": rng.normal(size=N)})
    drive = made["a"] + made["c"] ** 2 - (made["b"] == "u") + rng.logistic(size=N)
    return made.assign(y=np.where(drive > 0.5, "yes", "no"))


def network() -> ti.Model:
    encoder = make_column_transformer((StandardScaler(), ["a", "c"]), (OneHotEncoder(sparse_output=False), ["b"]))
    encoder.fit(frame()[["a", "b", "c"]])
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).eval()
    return ti.wrap(module, encoder=encoder, classes=["no", "yes"])


SCANNED = {"target": "y", "split": 0.5, "seed": 1, "rows": 120, "batch": 256, "protected": ["b"]}
SUMMED = {
    "rows": 60,
    "seed": 1,
    "all_rows": True,
    "analyses": [
        "calibration",
        "gradients",
        "coefficients",
        "unit_correlations",
        "groups",
        "data_quality",
        "permutation_importance",
        "effects",
    ],
}


def people(folder: Path) -> None:
    for i in range(3):
        frame().iloc[i * 400 : (i + 1) * 400].to_parquet(folder / f"{i}.parquet")


@pytest.fixture(scope="module")
def parts():
    """A folder of Parquet files."""
    return folder_once_per_run(people)


@once_per_run
def audited(folder: Path) -> ti.Audit:
    return ti.audit(network(), ti.scan_table(folder, **SCANNED), **SUMMED)


@pytest.fixture(scope="module")
def made(parts):
    """The audit, and the scan that it is of."""
    return audited(parts), ti.scan_table(parts, **SCANNED)


LAST = "sums-006.npz"  # after those that fit the counterpart, and the one over the rows that are evaluated: drift


def killed(parts: Path, kept: Path) -> None:
    """An audit that ends its process in the middle of its last pass."""

    def told(what: str, rows: int, of: int) -> None:
        if rows > 600 and (kept / LAST).exists():
            os.kill(os.getpid(), signal.SIGKILL)

    keep = Keeping(kept, {}, every=0)
    ti.audit(network(), ti.scan_table(parts, **SCANNED, keep=keep, told=told), **SUMMED)


def test_an_audit_that_was_killed_goes_on_and_says_the_same(parts, tmp_path):
    """Passes that were finished are not taken again, nor the batches of the last one that were."""
    kept = tmp_path / "kept"
    process = multiprocessing.get_context("fork").Process(target=killed, args=(parts, kept))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert max(path.name for path in kept.glob("sums-*")) == LAST
    told: list[tuple[str, int, int]] = []
    keep = Keeping(kept, {}, resume=True)
    scan = ti.scan_table(parts, **SCANNED, keep=keep, told=lambda *how: told.append(how))
    found = ti.audit(network(), scan, **SUMMED)
    assert told == [("", 800, N), ("", 1056, N), ("", N, N)]
    assert found.to_json() == ti.audit(network(), ti.scan_table(parts, **SCANNED), **SUMMED).to_json()


def test_the_document_says_what_is_of_all_rows(made):
    audit, scan = made
    document, table = audit.document, ti.read_table(frame(), target="y", split=0.5, seed=1, protected=["b"])
    held_out = int(table.held_out.sum())
    assert (document.data.rows, document.data.held_out_rows) == (N, held_out)
    assert (document.data.drawn.rows, document.data.drawn.held_out_rows) == (240, 120)
    readings = ["performance", "calibration", "groups", "coefficients", "gradients", "neurons", "drift"]
    readings += ["permutation_importance", "effects"]
    assert set(document.data.drawn.summed) == {"counterpart", *readings}
    assert scan.census.digests == column_digests(table.frame)
    assert {c.digest for c in document.data.columns} == {document.method.data_digest} == {""}  # no key was given
    assert document.performance.rows == held_out
    assert {m.metric: m.rows for m in document.performance.metrics} == {
        "log_loss": None, "auc": 120, "average_precision": 120, "brier": None, "accuracy": None,
    }  # fmt: skip
    assert sum(one.rows for one in document.calibration.outputs[0].network.bins) == held_out
    rows = {one.method: one.rows for one in document.gradients.methods}
    assert (rows["saliency"], rows["gradient_x_input"], rows["integrated_gradients"]) == (held_out, held_out, 60)
    assert {(t.level is None, t.network_rows) for t in document.coefficients.terms} == {(True, held_out), (False, 120)}
    assert document.coefficients.rows_network == 120
    units = document.neurons
    assert (units.rows, units.rows_ranks, units.rows_distance) == (held_out, 60, 60)
    of_all = ti.neuron_correlations(network(), table.take(table.held_out))
    np.testing.assert_allclose([unit.mean for unit in units.units], of_all.mean, rtol=1e-5)
    np.testing.assert_allclose([unit.columns[1].ratio for unit in units.units], of_all.ratio[:, 1], rtol=1e-5)
    assert (document.groups.table.rows, document.table.drift_rows, document.table.rows) == (held_out, N, 240)
    whole, drawn = (ti.groups(network(), network(), one) for one in (table, scan.sample))
    for row, known, few in zip(document.groups.table.columns, whole.groups, drawn.groups, strict=True):
        assert (row.rows, row.fit_rows) == (known.rows, few.rows)
        assert row.network.rate.value == pytest.approx(known.network.rate[0])
        assert row.network.smd.value is None or row.network.smd.value == pytest.approx(known.network.smd[0])
        slope = few.network.slope[0]  # none below twenty events among the drawn rows of a group
        assert row.network.slope.value == (None if np.isnan(slope) else pytest.approx(slope))
    assert document.linear.library.startswith("tabinterp ")
    assert len(scan.sample) == 240


def test_the_page_says_it_and_the_document_comes_back(made):
    audit, _ = made
    page = audit.to_html()
    assert "means over all" in page
    assert "were computed on all rows, in batches: the fit of the linear counterpart" in page
    assert "derivatives for numeric columns with a nonlinear encoding, use the 120 sampled rows" in page
    assert "Pearson correlations and correlation ratios use all" in page
    assert "slopes and intercepts are computed on a sample of each group" in page
    assert f"Drift is computed on all {N:,} rows, which were read in batches" in page
    assert ti.Audit.from_json(audit.to_json()).to_json() == audit.to_json()
    assert json.loads(audit.to_json())["data"]["drawn"]["rows"] == 240


def test_a_split_that_holds_out_rows_the_model_has_seen_is_refused():
    table = ti.read_table(frame(), target="y", split=0.5, seed=1)
    other = ti.scan_table(frame(), target="y", split=0.5, seed=2, rows=50, batch=100)
    trained = ti.fit_counterpart(network(), table)
    with pytest.raises(ModelError, match="held-out rows of this table were used to train the model"):
        ti.audit(trained, other)


def test_what_is_read_in_batches(tmp_path):
    frame().to_parquet(tmp_path / "t.parquet")
    (tmp_path / "parts").mkdir()
    frame().to_parquet(tmp_path / "parts" / "0.parquet")
    asked = {"target": "y", "split": 0.5}
    for source in (tmp_path / "t.parquet", frame()):
        assert isinstance(ti.open_table(source, **asked), ti.Table)
    for source in (tmp_path / "parts", str(tmp_path / "parts"), (tmp_path / "t.parquet").as_uri()):
        scan = ti.open_table(source, **asked)
        assert isinstance(scan, ti.Scan)
        assert scan.is_whole
    with pytest.raises(TableError, match="stratified split cannot be drawn"):
        ti.open_table(tmp_path / "parts", **asked, stratify=True)


def test_a_file_counts_as_what_it_is_in_memory(tmp_path, monkeypatch):
    """A Parquet file of few distinct values is a hundred times as small as its table."""
    given = pd.DataFrame({"x": np.zeros(50_000), "y": ["no", "yes"] * 25_000})
    given.to_parquet(tmp_path / "t.parquet")
    given.to_csv(tmp_path / "t.csv", index=False)
    given.to_csv(tmp_path / "t.csv.gz", index=False)
    size = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    asked = {name: [] for name in size}
    for least in (8 * given.size, size["t.csv"], 8 * size["t.csv.gz"]):
        for limit in (least - 1, least):
            monkeypatch.setattr("tabinterp.table.scan.LARGE", limit)
            for name, told in asked.items():
                told.append((least, limit < least, ti.in_batches(tmp_path / name)))
    assert size["t.parquet"] * 20 < 8 * given.size
    for name, counts in (("t.parquet", 8 * given.size), ("t.csv", size["t.csv"]), ("t.csv.gz", 8 * size["t.csv.gz"])):
        assert {(below, batches) for least, below, batches in asked[name] if least == counts} == {
            (True, True),
            (False, False),
        }
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    assert not ti.in_batches(tmp_path / "broken.parquet")
    with pytest.raises(TableError, match=r"broken\.parquet"):
        ti.open_table(tmp_path / "broken.parquet", target="y")
