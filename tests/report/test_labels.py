"""Labels stand in place of names of columns and codes of levels wherever a document is shown, and nowhere in the document."""

from __future__ import annotations

import json
import re

import pytest

import tabinterp as ti
from tabinterp.auditing.result import VIEWS, judged
from tabinterp.document.canonical import from_bytes
from tabinterp.document.document import ColumnLabels, Document, LevelLabel
from tabinterp.document.labels import distinct, labelled
from tests.shared import every_nth

from .samples import SAMPLES, binary

KEPT = ("method", "settings", "card", "evidence", "schema_version")  # parts of a document that hold no name to be shown
LEVELS = ("level", "levels", "reference", "at", "start", "end", "classes")
TOKEN = re.compile(r"q(?:col|lev)\d+q")
TASKS = ["binary", "multiclass", "regression", "count"]


def strings(part, key=""):
    """(name of the field, text) of every text in a part."""
    if isinstance(part, dict):
        for name, one in part.items():
            yield from strings(one, name)
    elif isinstance(part, list):
        for one in part:
            yield from strings(one, key)
    elif isinstance(part, str):
        yield key, part


def rewritten(part, names, pattern, key=""):
    """The same part with other names; of keys, only those of the dictionary of control groups are names."""
    if isinstance(part, dict):
        return {
            names.get(name, name) if key == "control" else name: one
            if name in (*KEPT, "key")
            else rewritten(one, names, pattern, name)
            for name, one in part.items()
        }
    if isinstance(part, list):
        return [rewritten(one, names, pattern, key) for one in part]
    return pattern.sub(lambda found: names[found[0]], part) if isinstance(part, str) else part


def coded(sample: Document) -> Document:
    """The document with a code that occurs nowhere else for every column and level, and a label for each of them."""
    data = json.loads(sample.model_dump_json())
    texts = list(strings({k: v for k, v in data.items() if k not in KEPT}))
    columns = [column["name"] for column in data["data"]["columns"]]
    columns += dict.fromkeys(text for key, text in texts if key in ("column", "target") and text not in columns)
    found = [text for key, text in texts if key in LEVELS]
    found += [point["value"] for one in (data["effects"] or {"curves": []})["curves"] for point in one["points"]]
    levels = dict.fromkeys(text for text in found if isinstance(text, str) and not re.search(r"[(…,]", text))
    levels = {level: None for level in levels if level not in columns}
    names = {name: f"qcol{i}q" for i, name in enumerate(columns)} | {name: f"qlev{i}q" for i, name in enumerate(levels)}
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    split = data["data"]["split"]  # a sentence of the sample's own, whose value is no name
    data = rewritten(data, names, re.compile(rf"(?<![\w-])(?:{words})(?![\w-])"))
    data["data"]["split"] = split
    data["data"]["labels"] = [
        {
            "column": names[column],
            "label": f"Column {i}",
            "levels": [{"level": names[level], "label": f"level {j} of {i}"} for j, level in enumerate(levels)],
        }
        for i, column in enumerate(columns)
    ]
    return from_bytes(json.dumps(data).encode())


@pytest.mark.parametrize("task", every_nth(4, TASKS))
def test_no_name_and_no_code_is_left_in_what_readers_see(task, undrawn):
    document = judged(coded(SAMPLES[task]()))
    shown = labelled(document)
    assert sum(bool(TOKEN.search(text)) for _, text in strings(document.model_dump())) > 100
    left = shown.model_dump(exclude={"data": {"labels"}, **dict.fromkeys(KEPT, True)})
    assert [pair for pair in strings(left) if TOKEN.search(pair[1])] == []
    assert not any(TOKEN.search(key) for key in re.findall(r'"([^"]*)": ', json.dumps(left)))
    audit = ti.Audit(document)
    assert "Column 0" in audit.to_html()
    for text in (
        str(audit),
        str(audit.findings),
        *audit.findings.frame()["claim"],
        audit.to_cyclonedx(),
        audit.to_summary(),
    ):
        assert TOKEN.findall(text) == []
    page, codebook = audit.to_markdown().split("Codebook (")
    assert TOKEN.findall(page) == []
    assert len(set(TOKEN.findall(codebook))) == len(set(TOKEN.findall(document.data.model_dump_json())))


def test_the_document_keeps_codes_and_reads_back_with_its_labels():
    document = coded(binary())
    again = ti.Audit.from_json(ti.Audit(document).to_json())
    assert again.document == document
    assert {row.column for row in again.document.importance.columns} <= {one.name for one in document.data.columns}
    assert b'"labels":' not in ti.Audit(binary()).to_json()


@pytest.mark.parametrize("form", sorted(VIEWS.keys() - {"pdf"}))
def test_a_document_without_labels_is_shown_as_it_is(form, undrawn):
    document = binary()
    assert labelled(document) is document
    assert "Codebook" not in ti.Audit(document).view(form).decode()


def with_labels(document: Document, **labels: str) -> Document:
    """The document with labels of columns."""
    given = [ColumnLabels(column=name, label=label, levels=[]) for name, label in labels.items()]
    return document.model_copy(update={"data": document.data.model_copy(update={"labels": given})})


def test_a_label_that_is_not_unique_is_followed_by_its_code():
    assert distinct({"a": "x", "b": "x", "c": "y"}, []) == {"a": "x (a)", "b": "x (b)", "c": "y"}
    assert distinct({"1": "2", "2": "1"}, []) == {"1": "2 (1)", "2": "1 (2)"}
    assert distinct({"a": "z"}, ["z"]) == {"a": "z (a)"}
    assert distinct({"a": "a"}, []) == {"a": "a"}
    assert distinct({"a": "x", "b": "x", "c": "x (a)"}, []) == {"a": "a", "b": "b", "c": "c"}  # nothing else is sure
    first, second, *_ = (column.name for column in binary().data.columns)
    shown = labelled(with_labels(binary(), **{first: "same", second: "same"}))
    assert [column.name for column in shown.data.columns[:2]] == [f"same ({first})", f"same ({second})"]


def test_levels_that_are_encoded_alike_are_labelled_one_by_one():
    document = coded(binary())
    term = next(row for row in document.coefficients.terms if row.level and TOKEN.search(row.level))
    several = term.model_copy(update={"level": f"{term.level}, (3 more), (missing)"})
    part = document.coefficients.model_copy(update={"terms": [several]})
    found = labelled(document.model_copy(update={"coefficients": part})).coefficients.terms[0].level
    assert re.fullmatch(r"level \d+ of \d+, \(3 more\), \(missing\)", found)


def test_two_audits_are_compared_by_codes_and_shown_with_labels(tmp_path):
    """One of the two may have no labels: their numbers are of the same columns."""
    plain = binary()
    names = [column.name for column in plain.data.columns]
    audit, other = ti.Audit(plain), ti.Audit(with_labels(plain, **{name: f"Label {i}" for i, name in enumerate(names)}))
    bare, changes = audit.compare(audit), audit.compare(other)
    assert len(changes.numbers) == len(bare.numbers) > 0
    assert changes.alone == ()
    shown = {change.parts[0] for change in changes.numbers if change.theme == "importance"}
    assert shown == {f"Label {names.index(row.column)}" for row in plain.importance.columns}
    assert changes.digests == (bare.digests[0], ti.Audit(other.document).compare(other).digests[0])


def test_the_gate_decides_by_numbers_and_tells_with_labels():
    document = judged(coded(binary()))
    bare = document.model_copy(update={"data": document.data.model_copy(update={"labels": []})})
    decided, before = ti.Audit(document).check(), ti.Audit(bare).check()
    assert [gate.status for gate in decided.gates] == [gate.status for gate in before.gates]
    assert TOKEN.search(ti.format_decision(before, "text"))
    assert not TOKEN.search(ti.format_decision(decided, "text"))


def test_a_label_of_a_level_alone_needs_no_label_of_the_column():
    document = coded(binary())
    one = document.data.labels[0].model_copy(update={"label": None})
    data = document.data.model_copy(update={"labels": [one]})
    shown = labelled(document.model_copy(update={"data": data}))
    assert shown.data.columns[0].name == document.data.columns[0].name
    assert isinstance(one.levels[0], LevelLabel)
