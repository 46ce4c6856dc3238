"""The adverse class, from the table to the report: stated, kept, said; and what does not apply where nobody stated it."""

from __future__ import annotations

import functools
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.cli import commands as cli
from tabinterp.errors import TabinterpError, TableError
from tabinterp.provenance.audited_rows import Rows, read_again
from tabinterp.report.html import render
from tests import cases
from tests.shared import once_per_run

DATASETS = Path(__file__).parents[1] / "datasets"


@functools.cache
def rows(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    near, sex = rng.normal(size=n), rng.choice(["f", "m"], n)
    outcome = np.where(near + rng.logistic(size=n) > 0, "repaid", "default")
    return pd.DataFrame({"near": near, "sex": sex, "outcome": outcome})


def read(adverse=None, **more) -> ti.Table:
    how = {"target": "outcome", "positive": "repaid", "protected": ["sex"], "drop": ["sex"], "split": 0.5}
    return ti.read_table(rows(), adverse=adverse, **how | more)


def network(positive: str = "repaid") -> ti.Model:
    classes = ["default", "repaid"] if positive == "repaid" else ["repaid", "default"]
    return ti.wrap(cases.affine([[1.0 if positive == "repaid" else -1.0]]), encoder="passthrough", classes=classes)


def audit(table: ti.Table, **more) -> ti.Audit:
    how = {"analyses": ["groups", "reason_codes", "alternatives", "disagreement"]} | more
    return ti.audit(network(), table, counterpart=network(), rows=60, **how)


def finding(audit: ti.Audit, slug: str):
    return next(f for f in audit.document.findings if f.slug == slug)


# ---- on the table


def test_the_class_is_kept_as_it_stands_in_the_table():
    assert read("default").schema.adverse == "default"
    assert read().schema.adverse is None
    coded = rows().assign(outcome=(rows()["outcome"] == "repaid").astype(int))
    assert ti.read_table(coded, target="outcome", adverse="0").schema.adverse == 0
    scan = ti.scan_table(rows(), target="outcome", adverse="default")
    assert (scan.schema.adverse, scan.sample.schema.adverse) == ("default", "default")


@pytest.mark.parametrize(
    ("adverse", "more", "words"),
    [
        (
            "defautl",
            {},
            "must be 'default' or 'repaid'.*got adverse='defautl'.*Did you mean 'default'",
        ),
        (
            "default",
            {"task": "multiclass", "positive": None},
            "an adverse class can only be given for a target with two classes",
        ),
    ],
)
def test_a_class_that_there_is_not_is_refused(adverse, more, words):
    with pytest.raises(TableError, match=words):
        read(adverse, **more)


def test_a_bundle_remembers_it(tmp_path):
    settings = {"target": "outcome", "positive": "repaid", "adverse": "default"}
    ti.save_model(network(), tmp_path / "model", table=settings)
    assert ti.table_settings(tmp_path / "model")["adverse"] == "default"


@pytest.mark.parametrize("name", ["adult", "default_of_credit_card_clients", "german_credit"])
def test_the_bundled_tables_state_theirs(name):
    entry = tomllib.loads((DATASETS / "tables.toml").read_text("utf-8"))[name]
    how = {key: entry[key] for key in ("target", "positive", "adverse", "drop", "protected", "kinds")}
    adverse = ti.read_table(DATASETS / entry["file"], **how).schema.adverse
    assert f"- **Adverse class**: {adverse}." in (DATASETS / entry["card"]).read_text("utf-8").replace("`", "")
    hurts = {"adult": "<=50K", "default_of_credit_card_clients": 1, "german_credit": "bad"}
    assert adverse == hurts[name]


# ---- in an audit


@once_per_run
def stated() -> ti.Audit:
    return audit(read("default"))


@once_per_run
def unstated() -> ti.Audit:
    return audit(read())


def test_declined_are_those_who_are_predicted_the_adverse_class():
    """Of either class, whichever is the positive one."""
    low = int((rows()["near"][read().held_out] <= 0).sum())
    part = stated().document.reasons
    assert (part.declined, part.declined_rows) == ("default", low)
    turned = read("default", positive="default", split=read().split)
    how = {"counterpart": network("default"), "rows": 60, "analyses": ["reason_codes", "groups"]}
    other = ti.audit(network("default"), turned, **how).document
    assert (other.reasons.declined, other.reasons.declined_rows) == ("default", low)
    assert other.groups.table.favourable == stated().document.groups.table.favourable == "repaid"
    for one, two in zip(other.groups.table.columns, stated().document.groups.table.columns, strict=True):
        assert one.network.rate.value == pytest.approx(two.network.rate.value)


def test_it_is_in_the_document_on_the_page_and_read_back(tmp_path, undrawn):
    document = stated().document
    assert document.data.adverse == "default"
    assert "predicts it to be “default”, the adverse class" in render(document)
    path = tmp_path / "rows.csv"
    rows().to_csv(path, index=False)
    assert read_again(document.settings.table, Rows(path)).schema.adverse == "default"
    assert "Adverse class" in stated().to_model_card()
    assert "ratio_to_most_selected_group" in stated().to_cyclonedx()
    assert "predicted_share" in unstated().to_cyclonedx()
    changed = stated().compare(unstated()).to_json()
    assert '"name": "adverse class",\n   "first": "default",\n   "second": "–"' in changed


def test_without_it_groups_speak_of_predicted_classes_and_the_rest_does_not_apply(undrawn):
    document = unstated().document
    table = document.groups.table
    assert (table.favourable, table.compared, table.impact) == (None, "repaid", None)
    assert all(row.network.ratio.value is None for row in table.columns)
    assert document.reasons is None
    assert document.groups.alternatives is None
    for slug in ("disparate-impact", "reason-codes-unstable"):
        assert finding(unstated(), slug).status == "not_applicable"
        assert finding(unstated(), slug).claim.key.endswith("not_applicable_adverse")
    page = render(document)
    assert "share of rows predicted to be in each class" in page
    assert "--adverse CLASS" in page
    assert "declined" not in page.lower().replace("reasons for declined rows", "")
    reasons = [note.values["reading"] for note in document.not_assessed if note.key == "not_assessed.reading"]
    assert {"reason codes", "alternatives considered"} <= {*reasons}


# ---- the old name


def test_the_old_argument_warns_and_does_what_the_new_one_does():
    with pytest.warns(DeprecationWarning, match="load the table with adverse='default'") as told:
        old = audit(read(), declined="negative")
    assert told[0].filename == __file__
    assert old.document.model_copy(update={"method": None}) == stated().document.model_copy(update={"method": None})
    with pytest.warns(DeprecationWarning, match="adverse='repaid'"):
        found = ti.reason_codes(network(), network(), read(), declined="positive", rows=20)
    assert found.adverse == "repaid"
    with pytest.warns(DeprecationWarning, match="adverse='repaid'"):
        assert ti.groups(network(), network(), read(), declined="positive").adverse == "repaid"
    with pytest.raises(TabinterpError, match="the table was read with the adverse class 'default'"):
        ti.groups(network(), network(), read("default"), declined="positive")
    with pytest.raises(TabinterpError, match="must be 'negative' or 'positive'; got declined='no'"):
        ti.groups(network(), network(), read(), declined="no")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ti.groups(network(), network(), read("default"))


def test_the_commands_take_the_class_and_say_what_to_write_for_the_old_option(tmp_path, monkeypatch, capsys):
    path = tmp_path / "rows.csv"
    rows().to_csv(path, index=False)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["tabinterp", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, capsys.readouterr().err

    asked = ["--data", path, "--target", "outcome", "--positive", "repaid", "--protected", "sex", "--quiet"]
    code, told = run("train", *asked, "--split", "0.4", "--out", tmp_path / "x", "--adverse", "defautl")
    assert (code, "Did you mean 'default'" in told) == (2, True)
    assert run("train", *asked, "--split", "0.4", "--out", tmp_path / "model", "--adverse", "default")[0] == 0
    assert ti.table_settings(tmp_path / "model")["adverse"] == "default"
    ti.save_model(network(), tmp_path / "other", table={"target": "outcome", "positive": "repaid", "drop": ["sex"]})
    old = ["--declined", "negative", "--split", "0.4", "--out", tmp_path / "b", "--rows", "60", "--quiet"]
    old += ["--analyses", "reason_codes"]
    code, told = run("audit", tmp_path / "other", "--data", path, *old)
    assert (code, "Use --adverse default" in told) == (0, True)
    assert ti.Audit.from_json(tmp_path / "b" / "audit.json").document.data.adverse == "default"
