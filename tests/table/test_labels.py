"""Codebooks: labels of columns and levels, from TOML, CSV and mappings, and what is wrong with them."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.document.canonical import from_bytes
from tabinterp.errors import TableError
from tabinterp.provenance.audited_rows import Rows, read_again
from tabinterp.table.labels import LONGEST, codebook

from ..report.samples import binary
from ..test_cli_files import command  # noqa: F401  # a fixture

FRAME = pd.DataFrame(
    {
        "job": ["A1", "A2", "A3", "A1"] * 10,
        "SEX": [1, 2, 2, 1] * 10,
        "member": [True, False] * 20,
        "age": range(40),
        "paid": ["no", "yes"] * 20,
    }
)
LABELS = {
    "columns": {"job": "Occupation", "paid": "Loan repaid"},
    "levels": {
        "job": {"A1": "unskilled", "A3": "skilled", "A2": "skilled"},
        "SEX": {1: "male", 2: "female"},
        "paid": {"yes": "in full"},
    },
}
TOML = """
[columns]
job = "Occupation"
paid = "Loan repaid"
[levels.job]
A1 = "unskilled"
A3 = "skilled"
A2 = "skilled"
[levels.SEX]
1 = "male"
2 = "female"
[levels.paid]
yes = "in full"
"""
CSV = """column,level,label
job,,Occupation
paid,,Loan repaid
job,A1,unskilled
job,A3,skilled
job,A2,skilled
SEX,1,male
SEX,2,female
paid,yes,in full
"""


def read(labels, frame=FRAME, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ti.read_table(frame, target="paid", kinds={"SEX": "categorical"}, labels=labels, **more)


def written(tmp_path, text, suffix):
    path = tmp_path / f"codebook{suffix}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def given(schema):
    return {column.name: (column.label, dict(column.level_labels)) for column in schema.columns}


@pytest.mark.parametrize("form", ["mapping", ".toml", ".csv"])
def test_every_form_of_a_codebook_gives_the_same_labels(form, tmp_path):
    source = LABELS if form == "mapping" else written(tmp_path, TOML if form == ".toml" else CSV, form)
    table = read(source)
    assert given(table.schema) == {
        "job": ("Occupation", {"A1": "unskilled", "A2": "skilled", "A3": "skilled"}),
        "SEX": (None, {"1": "male", "2": "female"}),
        "member": (None, {}),
        "age": (None, {}),
        "paid": ("Loan repaid", {"yes": "in full"}),
    }
    assert [level for level, _ in table.schema["job"].level_labels] == ["A1", "A2", "A3"]
    assert list(table.frame["job"].unique()) == ["A1", "A2", "A3"]
    assert table.schema.classes == ("no", "yes")


def test_rows_read_in_batches_have_the_same_labels(tmp_path):
    path = written(tmp_path, CSV, ".csv")
    scan = ti.scan_table(FRAME, target="paid", kinds={"SEX": "categorical"}, labels=path, batch=7, rows=20)
    assert given(scan.schema) == given(scan.sample.schema) == given(read(path).schema)


def test_levels_that_are_numbers_or_booleans_are_found_by_their_text():
    frame = FRAME.assign(SEX=FRAME["SEX"].where(FRAME.index > 1))  # read as 1.0 and 2.0
    labels = {"levels": {"SEX": {"1": "male", "2": "female"}, "member": {"True": "is one", "False": "is none"}}}
    table = read(labels, frame)
    assert dict(table.schema["SEX"].level_labels) == {"1.0": "male", "2.0": "female"}
    assert dict(table.schema["member"].level_labels) == {"True": "is one", "False": "is none"}


def test_a_codebook_may_describe_more_levels_than_occur():
    table = read({"levels": {"job": {"A9": "retired", "A1": "unskilled", "A2": "skilled", "A3": "manager"}}})
    assert [level for level, _ in table.schema["job"].level_labels] == ["A1", "A2", "A3", "A9"]


def test_a_level_that_does_not_occur_beside_one_without_a_label_is_told():
    labels = {"levels": {"job": {"Al": "unskilled", "A2": "skilled", "A3": "manager"}}}
    with pytest.warns(
        UserWarning,
        match="labels= has labels for levels that column 'job' does not contain \\('Al'\\), and no labels .*\\('A1'\\)",
    ):
        ti.read_table(FRAME, target="paid", labels=labels)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"columns": {"jobb": "x"}}, r"unknown column in labels=: 'jobb'.*Did you mean 'job'\?"),
        ({"levels": {"nothing": {"a": "x"}}}, "unknown column in labels=: 'nothing'"),
        ({"columns": {"job": ""}}, "the label of column 'job' is empty"),
        ({"levels": {"job": {"A1": " \t"}}}, "the label of level 'A1' of column 'job' is empty"),
        ({"columns": {"job": "x" * 10_000}}, r"has 10,000 characters \('xxx.*Shorten the label to at most 200"),
        ({"columns": {"job": 3}}, "must be text; got 3"),
        ({"columns": {"job": "\ud800"}}, "must be text"),
        (
            {"level": {"job": {"A1": "x"}}},
            r"has the unknown key 'level'. Allowed keys are 'columns'.*Did you mean 'levels'\?",
        ),
        ({"columns": "job"}, "'columns' must map columns to labels.* got the types str and dict"),
        (
            {"levels": {"job": "unskilled"}},
            "the entry for the levels of column 'job' must map each level to its label; got 'unskilled'",
        ),
        ({"levels": {"age": {"1": "x"}}}, "'age', but this column is numeric and has no levels.*kinds="),
        ({"levels": {"SEX": {1: "male", "1": "man"}}}, r"two labels for level '1' of column 'SEX': 'male' and 'man'"),
        (
            {"levels": {"job": {"A1": "A2"}}},
            "level 'A1' of column 'job' has the label 'A2', but 'A2' is also the name of another level",
        ),
    ],
)
def test_what_is_wrong_with_labels_is_said(labels, words):
    with pytest.raises(TableError, match=words):
        read(labels)


@pytest.mark.parametrize(
    ("text", "suffix", "words"),
    [
        ("job = 'x'", ".toml", "has the unknown key 'job'"),
        ("[columns", ".toml", "is not valid TOML"),
        ("[columns]\njob = 'a'\njob = 'b'\n", ".toml", "is not valid TOML"),
        ("a,b\n", ".csv", r"the first line of .* must be 'column,level,label'; got 'a,b'"),
        ("", ".csv", "the first line of .* must be"),
        (
            "column,level,label\njob,A1\n",
            ".csv",
            "line 2: a line must have three cells \\(column, level and label\\); got 2",
        ),
        (
            "column,level,label\njob,A1,skilled, high\n",
            ".csv",
            "got 4. Put a label that contains a comma in quotation",
        ),
        (
            "column,level,label\njob,A1,a\njob,A1,b\n",
            ".csv",
            "line 3: level 'A1' of column 'job' has two labels, 'a' and 'b'",
        ),
        ("column,level,label\njob,,a\njob,,b\n", ".csv", "line 3: column 'job' has two labels, 'a' and 'b'"),
        ("column,level,label\njob,A1,\n", ".csv", "line 2: the label of level 'A1' of column 'job' is empty"),
        ('column,level,label\njob,A1,"x\n', ".csv", "not valid CSV"),
        (b"column,level,label\njob,A1,\xff\n", ".csv", "is not UTF-8 text"),
        ("x", ".xlsx", "has an unknown format. Give a .toml or .csv file with labels="),
    ],
)
def test_what_is_wrong_with_a_codebook_is_said(text, suffix, words, tmp_path):
    with pytest.raises(TableError, match=words):
        read(written(tmp_path, text, suffix))


def test_a_codebook_that_is_not_there_is_said(tmp_path):
    with pytest.raises(TableError, match="cannot be read: No such file"):
        read(tmp_path / "none.csv")


def test_the_longest_label_and_a_byte_order_mark_are_fine(tmp_path):
    path = written(tmp_path, f"\ufeffcolumn,level,label\njob,,{'x' * LONGEST}\n\n", ".csv")
    assert codebook(path).columns == {"job": "x" * LONGEST}


def test_labels_of_a_document_are_read_again_with_its_rows(tmp_path):
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    network = ti.wrap(_fitted())
    table = read(LABELS, split=0.5)
    document = ti.audit(network, table, rows=20, analyses=["groups"]).document
    assert {one.column: one.label for one in document.data.labels} == {
        "job": "Occupation",
        "SEX": None,
        "paid": "Loan repaid",
    }
    again = read_again(document.settings.table, Rows(tmp_path / "rows.csv"), document.data.labels)
    assert given(again.schema) == given(table.schema)
    assert from_bytes(ti.Audit(document).to_json()) == document
    assert binary().data.labels == []


def test_a_bundle_remembers_labels_and_an_option_replaces_them(tmp_path, command, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("rows.csv", index=False)
    written(tmp_path, CSV, ".csv")
    settings = {"target": "paid", "kinds": {"SEX": "categorical"}, "labels": codebook(LABELS).plain()}
    ti.save_model(ti.wrap(_fitted()), "model", table=settings)
    assert given(ti.read_table(FRAME, **ti.table_settings("model")).schema) == given(read(LABELS).schema)
    asked = (
        "audit",
        "model",
        "--data",
        "rows.csv",
        "--split",
        "0.5",
        "--rows",
        "20",
        "--analyses",
        "groups",
        "--quiet",
    )
    other = written(tmp_path, "[columns]\njob = 'Trade'\n", ".toml")
    for out, more, label in (("one", (), "Occupation"), ("two", ("--labels", other), "Trade")):
        code, _, err = command(*asked, "--out", out, *more)
        assert code == 0, err
        document = ti.Audit.from_json(tmp_path / out / "audit.json").document
        assert document.data.labels[0].label == label
        assert label in (tmp_path / out / "report.html").read_text("utf-8")
    code, _, err = command(
        *asked, "--out", "three", "--labels", written(tmp_path, "column,level,label\njobb,,x\n", ".csv")
    )
    assert code == 2
    assert "unknown column in --labels: 'jobb'. Did you mean 'job'?" in err


def _fitted():
    from sklearn.compose import make_column_transformer  # noqa: PLC0415
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder  # noqa: PLC0415

    encoder = make_column_transformer((OneHotEncoder(), ["job", "SEX", "member"]), remainder="passthrough")
    return make_pipeline(encoder, MLPClassifier((3,), max_iter=5, random_state=0)).fit(
        FRAME.drop(columns="paid"), FRAME["paid"]
    )
