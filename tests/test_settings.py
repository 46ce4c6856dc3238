"""Settings of an audit: stored in the document as they were given, and read back for the audit to be made again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler
from typer.testing import CliRunner

import tabinterp as ti
from tabinterp import messages
from tabinterp.auditing.consistency import contradictions
from tabinterp.auditing.run_record import configuration_digest
from tabinterp.auditing.validate import day_of, table_settings
from tabinterp.cli.commands import app
from tabinterp.document.canonical import from_bytes, to_bytes
from tabinterp.provenance.audited_rows import Rows, read_again
from tabinterp.provenance.verify import _data, _numbers

ROWS = 400
GIVEN = {
    "seed": 5,
    "rows": 60,
    "all_rows": False,
    "budget": None,  # the model is a network
    "control": {"sex": "f"},
    "constraints": {"b": {"direction": "-", "low": -9.0}, "a": {"direction": "+"}},
    "margin": 0.02,
    "costs": (1.0, 4.0),
    "threshold": 0.3,
    "analyses": ["calibration", "groups", "constraints"],
    "date": "2026-11-30",
}


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    made = pd.DataFrame(rng.normal(size=(ROWS, 2)), columns=["a", "b"])
    made["sex"] = rng.choice(["f", "m"], ROWS)
    made["code"] = rng.integers(1, 4, ROWS)
    made["size"] = rng.choice(["small", "medium", "large"], ROWS)
    made["person"] = rng.integers(0, 90, ROWS)
    made["weight"] = rng.uniform(0.5, 2, ROWS)
    made["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, ROWS), "D")
    made["part"] = np.where(rng.random(ROWS) < 0.3, "test", "train")
    made["y"] = np.where(made.a + 0.5 * rng.normal(size=ROWS) > 0, "yes", "no")
    return made


@pytest.fixture(scope="module")
def audit() -> ti.Audit:
    rows = frame()[["a", "b", "sex", "y"]]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[["a", "b"]], rows.y)
    table = ti.read_table(rows, target="y", positive="yes", adverse="no", drop=["sex"], protected=["sex"], split=0.3)
    return ti.audit(ti.wrap(model), table, **GIVEN)


def test_the_document_holds_the_settings_and_gives_them_back(audit):
    again = from_bytes(to_bytes(audit.document))
    assert again == audit.document
    assert again.settings.arguments() == GIVEN
    assert list(again.settings.arguments()["constraints"]) == list(GIVEN["constraints"])  # in the order given
    read = again.settings.table
    assert (read.target, read.positive, read.adverse, read.drop, read.protected) == ("y", "yes", "no", ["sex"], ["sex"])
    assert (read.split, read.seed, read.remembered_split, read.rows_drawn) == (0.3, 0, False, None)


@pytest.mark.parametrize("costs", [None, (2.0, 3.0)])
@pytest.mark.parametrize("threshold", [None, 0.25])
def test_costs_and_threshold_are_given_back_as_they_were_given(audit, costs, threshold):
    rows = frame()[["a", "y"]]
    model = ti.wrap(LogisticRegression().fit(rows[["a"]], rows.y))
    table = ti.read_table(rows, target="y", positive="yes", split=0.3)
    settings = ti.audit(model, table, rows=20, analyses=[], costs=costs, threshold=threshold).document.settings
    assert (settings.arguments()["costs"], settings.arguments()["threshold"]) == (costs, threshold)


READ = {
    "share": {"split": 0.3, "seed": 4},
    "stratified": {"split": 0.3, "seed": 4, "stratify": True},
    "groups": {"split": 0.3, "seed": 2, "group": "person"},
    "column": {"split": "part"},
    "dates": {"split": "day"},
    "date": {"split": "day", "split_at": "2024-08-05"},
    "weights": {"weight": "weight"},
    "levels": {"levels": {"size": ["small", "medium", "large"]}},
    "numbers in order": {"levels": {"code": [3, 1, 2]}},
    "ordinal": {"kinds": {"code": "ordinal"}},
    "kind of a dropped column": {
        "drop": ["day", "part", "code"],
        "protected": ["code"],
        "kinds": {"code": "categorical"},
    },
}


@pytest.mark.parametrize("how", READ.values(), ids=READ)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_is_read_again_as_it_was(how, suffix, tmp_path):
    path = tmp_path / f"rows.{suffix}"
    frame().to_csv(path, index=False) if suffix == "csv" else frame().to_parquet(path)
    left = [name for name in ("day", "part") if name != how.get("split")]
    table = ti.read_table(path, target="y", positive="no", **{"drop": left, **how})
    settings = table_settings(table)
    again = read_again(type(settings).model_validate(settings.model_dump(), strict=True), Rows(path))
    assert again.schema == table.schema
    pd.testing.assert_frame_equal(again.frame, table.frame)
    for name in ("y", "weights", "held_out", "groups"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))


def test_rows_without_a_target_are_left_out_again(tmp_path):
    rows = frame().drop(columns=["day", "part"])
    rows.loc[::7, "y"] = None
    rows.to_csv(tmp_path / "rows.csv", index=False)
    table = ti.read_table(tmp_path / "rows.csv", target="y", drop_missing_target=True, split=0.3)
    again = read_again(table_settings(table), Rows(tmp_path / "rows.csv"))
    assert (len(again), again.without_target) == (len(table), table.without_target)


@pytest.mark.parametrize("split", [{"split": 0.3}, {"split": "part", "drop": ["day"]}])
def test_a_scan_draws_the_same_rows_again(split, tmp_path):
    """By its own seed, which need not be that of the audit."""
    frame().to_parquet(tmp_path / "rows.parquet")
    how = {"target": "y", "drop": ["day", "part"], **split, "seed": 9, "rows": 40}
    scan = ti.scan_table(tmp_path / "rows.parquet", **how)
    again = read_again(table_settings(scan), Rows(tmp_path / "rows.parquet"))
    assert len(again.sample) == 80
    np.testing.assert_array_equal(again.sample.numbers, scan.sample.numbers)
    np.testing.assert_array_equal(again.sample.held_out, scan.sample.held_out)
    assert again.schema == scan.schema


def test_a_split_that_a_model_remembers_is_taken_from_the_model():
    rows = frame().drop(columns=["day", "part"])
    own = ti.read_table(rows, target="y", split=0.3, seed=1)
    whole = ti.read_table(rows, target="y")
    for table in (
        whole.with_split(own.split),
        own.with_split(own.split),
        ti.read_table(rows, target="y", split=own.split),
    ):
        settings = table_settings(table)
        assert (settings.split, settings.remembered_split) == (None, True)
    assert table_settings(own).remembered_split is False
    assert table_settings(whole).remembered_split is False


def test_an_audit_of_a_bundle_with_levels_is_found_again(tmp_path):
    """The bundle says in which order the levels are; the document has to say it again."""
    rows = frame()[["a", "size", "y"]]
    levels = ["small", "medium", "large"]
    encoder = make_column_transformer((OrdinalEncoder(categories=[levels]), ["size"]), remainder="passthrough")
    model = make_pipeline(encoder, StandardScaler(), LogisticRegression()).fit(rows[["a", "size"]], rows.y)
    data, bundle, out = (str(tmp_path / name) for name in ("rows.csv", "model", "out"))
    rows.to_csv(data, index=False)
    ti.save_model(ti.wrap(model), bundle, table={"target": "y", "levels": {"size": levels}})
    argv = ["audit", bundle, "--data", data, "--out", out, "--split", "0.3", "--analyses", "effects", "--rows", "50"]
    run = CliRunner().invoke(app, argv)
    assert run.exit_code == 0, run.output
    again = CliRunner().invoke(app, ["verify", out, "--data", data, "--model", bundle, "--recompute"])
    assert again.exit_code == 0, again.output


def test_a_document_without_settings_says_so_when_it_is_to_be_computed_again(audit, tmp_path):
    bare = audit.document.model_copy(update={"settings": None})
    assert b'"settings":{"control"' not in to_bytes(bare)
    assert from_bytes(to_bytes(bare)) == bare
    assert "method" in audit.to_html()
    frame().to_csv(tmp_path / "rows.csv", index=False)
    step = _numbers(bare, tmp_path / "model", Rows(tmp_path / "rows.csv"))
    told = messages.text(step.told.key, step.told.values)
    assert step.status == "incomplete"
    assert told.startswith(
        "The numbers were not recomputed, because audit.json has no settings. It was written by tabinterp "
        f"{bare.method.version}; "
    )
    (step,) = _data(tmp_path, bare, Rows(tmp_path / "rows.csv"), None)
    assert (step.status, step.told.key) == ("incomplete", "verify.data.no_settings")


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 6}, {"margin": 0.03}, {"margin": None}, {"policy": None}, {"control": {"sex": "m"}}, {"constraints": []},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_the_numbers_were_not_made_with_are_found(audit, changed):
    """Though whoever changed them worked out the digest of the configuration again."""
    document = audit.document
    assert contradictions(document) == []
    made = document.model_copy(update={"settings": document.settings.model_copy(update=changed)})
    digest = {"configuration_digest": configuration_digest(made)}
    made = made.model_copy(update={"method": made.method.model_copy(update=digest)})
    assert [one.values["place"] for one in contradictions(made)] == ["settings"]


def test_words_of_the_user_are_stored_and_no_value_of_a_row_is(audit):
    """Of columns that are numbers nothing but what was said: 0.3, 0.02, costs, threshold, domains."""
    stored = audit.document.settings.model_dump_json()
    rows = frame()
    assert not [value for value in pd.concat([rows.a, rows.b]) if f"{value:.6g}" in stored]
    assert '"low":-9.0' in stored


def test_the_date_is_shown_where_it_was_given(audit):
    assert " Audited on 2026-11-30." in audit.to_html()
    undated = audit.document.settings.model_copy(update={"date": None})
    assert "Audited on" not in ti.Audit(audit.document.model_copy(update={"settings": undated})).to_html()


@pytest.mark.parametrize("date", ["30.11.2026", "2026-02-30", "today", 20261130])
def test_what_is_no_date_is_refused(date):
    with pytest.raises(
        ti.TabinterpError, match="the date of an audit must be an ISO date such as date='2026-11-30'; got"
    ):
        day_of(date)
