"""One changed byte in report, document, run, model or data is found, and said where."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import re
import shutil
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import tabinterp as ti
from tabinterp import messages
from tabinterp.auditing.consistency import contradictions
from tabinterp.auditing.result import VIEWS
from tabinterp.auditing.run_record import configuration_digest, readings
from tabinterp.cli import commands as cli
from tabinterp.document.evidence_rows import Card
from tabinterp.errors import DocumentError, PolicyError, TableError
from tabinterp.models.io.bundle import WEIGHTS
from tabinterp.network import reference
from tabinterp.provenance.audited_rows import Rows
from tabinterp.provenance.digest_key import read_digest_key
from tabinterp.provenance.verify import TOLERANCE, _data, _numbers, compare, with_author
from tabinterp.report.html import render
from tabinterp.table.digest import column_digests
from tests.shared import every_nth, folder_once_per_run

pytestmark = pytest.mark.usefixtures("drawn_once")  # folders are verified, and so rendered, in most tests

# What few rows hold, in every column: nothing of it may be written anywhere. Row -> value.
PLANTED = {
    "age": {3: 117.73625},
    "job": {5: "Zunftmeister", 8: "Zunftmeister", 110: "Zunftmeister", 200: "Zunftmeister"},
    "sex": {6: "Quetzal", 101: "Quetzal", 203: "Quetzal"},
    "income": {9: 91827364.519},
    "id": {11: 778899123},
    "note": {13: "Rumpelstilzchen"},
    "born": {15: "1899-12-29"},
}


MAPPING = """
[instruments.own]
name = "House rules"
version = "2026"
[[clause]]
section = "performance"
fields = ["performance.metrics", "card.ethics"]
cited = [{ instrument = "own", clause = "4.2", mark = "P" }]
"""


# Those that an option is for, those whose rows are drawn, and those that tests read. The nightly run has all of them.
SOME = [
    "calibration", "coefficients", "constraints", "data_quality", "decision_curve", "effects", "groups", "permutation_importance",
    "reason_codes", "shapley_values", "trust",
]  # fmt: skip


@pytest.fixture(scope="module", params=[SOME, pytest.param([], marks=pytest.mark.nightly)], ids=["some", "all"])
def made(request):
    return folder_once_per_run(written, *request.param)


def trained(folder):
    """A table, and the bundle of a model that was trained on it."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"age": draw.normal(40, 10, 240).round(1), "job": draw.choice(["a", "b", "ü"], 240), "id": np.arange(240)}
    )
    frame["paid"] = np.where(frame["age"] + draw.normal(0, 5, 240) > 40, "yes", "no")
    frame["sex"] = draw.choice(["f", "m"], 240)
    frame["income"] = draw.lognormal(8, 0.4, 240).round(2)
    frame["note"] = [f"note {row}" for row in range(240)]
    frame["born"] = pd.date_range("1950-01-01", periods=240, freq="31D").strftime("%Y-%m-%d")
    for column, values in PLANTED.items():
        for row, value in values.items():
            frame.loc[row, column] = value
    frame.to_csv(folder / "data.csv", index=False)
    table = ti.read_table(folder / "data.csv", target="paid", positive="yes", drop=["id", "note", "born"], split=0.4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "EPOCHS", 5)
        made = ti.train(table, null=True)
    ti.save_model(made.networks[0], folder / "model", counterpart=made.counterpart, table={"target": "paid"})
    ti.save_null(made.null, folder / "model")


def written(folder, *analyses):
    """What the commands write: data, model, audit; with every option, of all analyses where none is named."""
    shutil.copytree(folder_once_per_run(trained), folder, dirs_exist_ok=True)
    argv = ["audit", folder / "model", "--data", folder / "data.csv", "--out", folder / "out", "--rows", "60"]
    (folder / "card.toml").write_text('intended_use = "scoring"\nlimits = "few rows"\n')
    (folder / "mapping.toml").write_text(MAPPING)
    (folder / "constraints.toml").write_text('[columns.age]\ndirection = "+"\nlow = 10\nhigh = 90\n')
    argv += ["--margin", "0.02", "--costs", "1:5", "--threshold", "0.3", "--adverse", "yes"]
    argv += ["--card", folder / "card.toml", "--mapping", folder / "mapping.toml"]
    argv += ["--digest-key", folder / "digests.key"]
    argv += ["--protected", "sex", "--target", "paid", "--positive", "yes"]
    argv += [word for name in ("id", "note", "born") for word in ("--drop", name)]
    if analyses:
        argv += ["--analyses", ",".join(analyses)]
    if not analyses or "constraints" in analyses:
        argv += ["--control", "sex=m", "--constraints", folder / "constraints.toml"]
    told, aside = io.StringIO(), io.StringIO()
    with redirect_stdout(told), redirect_stderr(aside):
        assert command(*argv) == 0
    (folder / "console.txt").write_text(told.getvalue() + aside.getvalue(), "utf-8")


def command(*words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["tabinterp", *map(str, words)])
        try:
            cli.main()
        except SystemExit as stop:
            return stop.code
        return 0


@pytest.fixture(scope="module")
def computed(made):
    """Its document without what an author added."""
    return ti.Audit.from_json(made / "out" / "audit.json").annotate().document


@pytest.fixture
def copy(tmp_path):
    """To be changed: with an audit of few analyses, whose page is made again quickly."""
    return shutil.copytree(folder_once_per_run(written, "calibration", "groups"), tmp_path / "copy")


def failures(folder, **given):
    key = {"digest_key": folder / "digests.key"} if "data" in given else {}
    found = ti.verify(folder / "out", **given, **key).frame()
    return found[found["status"] == "failed"]


def test_nothing_changed(made):
    found = ti.verify(made / "out", model=made / "model", data=made / "data.csv", digest_key=made / "digests.key")
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


def flipped(data: bytes, draw: random.Random) -> bytes:
    """The same bytes but for one bit."""
    at = draw.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


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
    assert "section method" in told


def test_a_number_changed_in_the_document_no_longer_fits_the_report(copy):
    path = copy / "out" / "audit.json"
    document = json.loads(path.read_text())
    document["performance"]["metrics"][-1]["network"]["value"] += 0.25
    path.write_bytes(ti.Audit.from_json(json.dumps(document).encode()).to_json())
    resum(copy, "audit.json")
    document_row, row = failures(copy).itertuples()
    assert document_row.what == "audit.json"  # the difference of the metric is no longer theirs
    assert (row.what, ", section " in row.told) == ("report.html", True)


def test_spaces_in_the_document_are_found(copy):
    path = copy / "out" / "audit.json"
    path.write_text(json.dumps(json.loads(path.read_text()), ensure_ascii=False))
    resum(copy, "audit.json")
    (told,) = failures(copy)["told"]
    assert "the first difference is at byte" in told


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


def test_another_trained_network_is_not_the_one(copy, monkeypatch):
    table = ti.read_table(copy / "data.csv", target="paid", drop=["id", "note", "born"], split=0.4)
    monkeypatch.setattr(reference, "EPOCHS", 5)
    trained = ti.train(table, seed=1)
    ti.save_model(trained.networks[0], copy / "other", counterpart=trained.counterpart)
    assert "model" in set(failures(copy, model=copy / "other")["what"])


FORGED = "0" * 64


def forge_model_digest(copy):
    """As somebody does who exchanges the model after the audit: another digest in the document, and every file made to fit."""
    document = json.loads((copy / "out" / "audit.json").read_bytes())
    document["method"]["settings"]["network_file_sha256"] = FORGED
    run = json.loads((copy / "out" / "run.json").read_bytes())
    ti.write_folder(ti.Audit.from_json(json.dumps(document).encode()), copy / "out", run)


def row_of_model(folder, **given):
    """What verification says of the model: status and sentence."""
    (row,) = [row for row in ti.verify(folder / "out", **given).frame().itertuples() if row.what == "model"]
    return row.status, row.told


def test_verification_without_the_model_says_that_its_digest_was_not_compared(copy):
    forge_model_digest(copy)
    assert ti.verify(copy / "out").passed
    status, told = row_of_model(copy)
    assert (status, FORGED in told, "--model" in told) == ("not_checked", True, True)
    assert failures(copy, model=copy / "model")["what"].tolist() == ["model"]


def test_a_signature_says_whether_the_signer_compared_the_model(copy, capsys):
    key = ed25519.Ed25519PrivateKey.generate()
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (copy / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (copy / "key.pub.pem").write_bytes(public)
    sign = ("sign", copy / "out", "--key", copy / "key.pem")
    assert command(*sign) == 0
    assert "they were not compared with the files" in capsys.readouterr().err
    assert row_of_model(copy, key=copy / "key.pub.pem")[0] == "not_checked"
    assert command(*sign, "--model", copy / "model") == 0
    assert "compared" not in capsys.readouterr().err
    assert row_of_model(copy, key=copy / "key.pub.pem")[0] == "ok"
    forge_model_digest(copy)
    with pytest.raises(
        DocumentError, match="was not signed, because it failed verification: The model file is not the audited one"
    ):
        ti.sign(copy / "out", copy / "key.pem", model=copy / "model")
    assert command(*sign, "--model", copy / "model") == 2
    assert not (copy / "out" / "attestation.dsse.json").exists()


def test_a_changed_value_is_found_with_its_column(copy):
    frame = pd.read_csv(copy / "data.csv")
    frame.loc[17, "job"] = "b" if frame.loc[17, "job"] == "a" else "a"
    frame.to_csv(copy / "data.csv", index=False)
    told = failures(copy, data=copy / "data.csv")["told"].tolist()
    assert any(line.endswith("audited data: job.") for line in told)


def test_the_same_contents_in_another_file_are_told_apart_from_a_change(copy):
    pd.read_csv(copy / "data.csv").to_parquet(copy / "data.parquet")
    told = ti.verify(copy / "out", data=copy / "data.parquet", digest_key=copy / "digests.key").frame()
    assert told[told["what"] == "data"]["status"].tolist() == ["failed", "ok"]  # the file, its contents


def test_rows_of_a_database_are_held_to_the_audit(copy):
    """The contents are the file's; then one value is changed in the base."""
    duckdb = pytest.importorskip("duckdb")
    base, query = copy / "bank.duckdb", "SELECT * EXCLUDE n FROM loans ORDER BY n"
    with duckdb.connect(base) as opened:
        opened.register("given", pd.read_csv(copy / "data.csv").assign(n=range(240)))
        opened.execute("CREATE TABLE loans AS SELECT * FROM given ORDER BY n")
    assert ti.verify(copy / "out", data=str(base), query=query, digest_key=copy / "digests.key").passed
    with duckdb.connect(base) as opened:
        opened.execute("UPDATE loans SET age = age + 0.1 WHERE n = 77")
    told = failures(copy, data=str(base), query=query)["told"].tolist()
    assert len(told) == 1
    assert told[0].endswith("audited data: age.")


def test_whoever_knows_all_rows_but_one_cannot_find_that_one_from_a_digest(made):
    """The attack: try every candidate for the one unknown cell until a written digest fits."""
    written = "".join(path.read_text("utf-8") for path in (made / "out").iterdir())
    frame = pd.read_csv(made / "data.csv")
    for column, row in (("job", 5), ("income", 9), ("sex", 6)):
        frame.loc[row, column] = PLANTED[column][row]  # a candidate, and the right one
        assert column_digests(frame)[column] not in written
        assert column_digests(ti.read_table(frame, target="paid").frame)[column] not in written
    digests = column_digests(frame)
    assert hashlib.sha256("\n".join(digests.values()).encode()).hexdigest() not in written


def test_the_key_of_the_digests_is_nowhere_in_the_folder(made):
    secret = (made / "digests.key").read_text("ascii").split()[-1]
    assert re.fullmatch("[0-9a-f]{64}", secret)
    assert (made / "digests.key").stat().st_mode & 0o777 == 0o600
    document = ti.Audit.from_json(made / "out" / "audit.json").document
    assert re.fullmatch("[0-9a-f]{16}", document.method.digest_key)
    for path in (made / "out").iterdir():
        assert secret not in path.read_text("utf-8")
        assert bytes.fromhex(secret) not in path.read_bytes()


def test_digests_are_only_checked_with_the_key_and_a_changed_cell_is_found_without_it(copy):
    """By the file's own digest, always; by columns, with the key that the audit took."""
    read_digest_key(copy / "other.key", create=True)
    for key, words in ((None, "--digest-key"), (copy / "other.key", "is not the key used for the audit")):
        found = ti.verify(copy / "out", data=copy / "data.csv", digest_key=key).frame()
        assert found[found["what"] == "data"]["status"].tolist() == ["ok", "not_checked"]
        assert words in found["told"].iloc[-1]
    frame = pd.read_csv(copy / "data.csv")
    frame.loc[17, "age"] += 0.1
    frame.to_csv(copy / "data.csv", index=False)
    found = ti.verify(copy / "out", data=copy / "data.csv")
    assert not found.passed
    assert found.frame()["status"].tolist()[-2:] == ["failed", "not_checked"]


def test_a_document_without_digests_is_held_to_the_file_alone(copy):
    document = ti.Audit.from_json(copy / "out" / "audit.json").document
    columns = [column.model_copy(update={"digest": ""}) for column in document.data.columns]
    plain = document.model_copy(
        update={
            "data": document.data.model_copy(update={"columns": columns}),
            "method": document.method.model_copy(update={"data_digest": "", "digest_key": ""}),
        }
    )
    rows = Rows(copy / "data.csv")
    assert [step.status for step in _data(copy / "out", plain, rows, None)] == ["ok", "ok"]
    with (copy / "data.csv").open("ab") as stream:
        stream.write(b"\n")
    steps = [*_data(copy / "out", plain, rows, None)]
    assert [step.status for step in steps] == ["failed", "not_checked"]
    assert "--digest-key" in messages.text(steps[-1].told.key, steps[-1].told.values)


def test_a_key_inside_the_output_folder_is_refused_before_any_work(made, tmp_path):
    argv = ["audit", made / "model", "--data", made / "data.csv", "--out", tmp_path / "out", "--digest-key"]
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for key in (tmp_path / "out" / "key", tmp_path / "out" / "deep" / "key", tmp_path / "link" / "key"):
        assert command(*argv, key) == 2
    assert [*(tmp_path / "out").iterdir()] == []
    audit = ti.Audit.from_json(made / "out" / "audit.json")
    with pytest.raises(TableError, match="inside the audit's folder"):
        ti.write_folder(replace(audit, run={"digest_key": str(tmp_path / "out" / "key")}), tmp_path / "out", {})
    assert [*(tmp_path / "out").iterdir()] == []


def test_missing_rows_and_other_columns(copy):
    frame = pd.read_csv(copy / "data.csv")
    frame.iloc[:-1].to_csv(copy / "short.csv", index=False)
    frame.assign(more=1).to_csv(copy / "wide.csv", index=False)
    assert failures(copy, data=copy / "short.csv")["told"].iloc[-1] == "The table has 239 rows, but 240 were audited."
    assert "Unknown: more" in failures(copy, data=copy / "wide.csv")["told"].iloc[-1]


def test_numbers_are_found_again(made):
    """Of an audit with every option; a card and a mapping are their author's, and not computed."""
    document = ti.Audit.from_json(made / "out" / "audit.json").document
    assert document.card.intended_use == "scoring"
    assert document.evidence[-1].instrument == "House rules"
    found = ti.verify(made / "out", model=made / "model", data=made / "data.csv", recompute=True).frame()
    assert found.iloc[-1][["what", "status"]].tolist() == ["numbers", "ok"], found.iloc[-1]["told"]
    with pytest.raises(DocumentError, match="model= and data="):
        ti.verify(made / "out", recompute=True)


def test_what_its_author_wrote_is_taken_over_and_what_was_computed_is_not(made):
    """A number that was changed is found beside a card; so is evidence that the document does not hold."""
    written = ti.Audit.from_json(made / "out" / "audit.json").document
    computed = ti.Audit(written).annotate().document  # as a second audit gives it: no card, no mapping of the author's
    assert compare(ti.Audit(written), ti.Audit(computed)).status == "failed"
    assert compare(ti.Audit(written), ti.Audit(with_author(computed, written))).status == "ok"
    row = written.performance.metrics[0]
    metrics = [row.model_copy(update={"rows": 7}), *written.performance.metrics[1:]]
    changed = written.model_copy(update={"performance": written.performance.model_copy(update={"metrics": metrics})})
    assert compare(ti.Audit(changed), ti.Audit(with_author(computed, changed))).status == "failed"
    first, *rest = written.evidence
    changed = written.model_copy(update={"evidence": [first.model_copy(update={"status": "partial"}), *rest]})
    assert compare(ti.Audit(changed), ti.Audit(with_author(computed, changed))).status == "failed"
    last = written.evidence[-1].model_copy(update={"status": "supplied", "missing": ["performance.metrics"]})
    assert contradictions(written.model_copy(update={"evidence": [*written.evidence[:-1], last]}))


CITED = 'cited = [{{instrument = "own", clause = "1", mark = "{mark}"}}]\n'
CLAUSE = f'[[clause]]\nsection = "performance"\nfields = {{fields}}\n{CITED}'
OWN = '[instruments.own]\nname = "{name}"\nversion = "1"\n'
CARDS = {
    "nothing": "",
    "every field": "".join(f'{name} = "text of {name}"\n' for name in Card.model_fields),
    "blank": 'ethics = ""\nlimits = " "\n',
    "a number as text": 'limits = "0.75"\nlicence = "1e999"\n',
    "markup and controls": 'ethics = "<script>alert(1)</script> \\u001b[2J \\u202e | @everyone"\n',
    "many lines": 'ethics = """\n# a\n- b\n\n\n  c"""\n',
    "long": f'ethics = "{"x" * 100_000}"\n',
    "composed and decomposed letters": 'developer = "J\u00fcrgen Ju\u0308rgen 日本 👨\u200d👩"\n',
}
MAPPINGS = {
    "none at all": (),
    "without a clause": ("clause = []\n" + OWN.format(name="House"),),
    "of what there is": (OWN.format(name="House") + CLAUSE.format(fields='["performance.metrics"]', mark="P"),),
    "of what there is not": (OWN.format(name="House") + CLAUSE.format(fields='["nothing", "a.b"]', mark="S"),),
    "of a part": (OWN.format(name="House") + CLAUSE.format(fields='["performance", "nothing"]', mark="P"),),
    "from memory": (OWN.format(name="House") + CLAUSE.format(fields='["performance"]', mark="M"),),
    "of the card": (OWN.format(name="House") + CLAUSE.format(fields='["card.ethics"]', mark="P"),),
    "named as a built-in one": (OWN.format(name="EU AI Act") + CLAUSE.format(fields='["performance"]', mark="P"),),
    "one of many": (OWN.format(name="H") + CLAUSE.format(fields='["performance.metrics.metric=auc"]', mark="P"),),
    "no list of parts": (OWN.format(name="H") + CLAUSE.format(fields='["verdict.lines.key=x", "data.x=y"]', mark="P"),),
    "a list of words": (OWN.format(name="H") + CLAUSE.format(fields='["data.classes.a=b"]', mark="P"),),
    "two, and one of them twice": (MAPPING, OWN.format(name="H") + CLAUSE.format(fields='["data"]', mark="S"), MAPPING),
}


def annotated(computed, tmp_path, card, mappings):
    (tmp_path / "card.toml").write_text(card, "utf-8")
    for at, text in enumerate(mappings):
        (tmp_path / f"{at}.toml").write_text(text, "utf-8")
    read = [ti.read_mapping(tmp_path / f"{at}.toml") for at in range(len(mappings))]
    made = ti.Audit(computed).annotate(ti.read_card(tmp_path / "card.toml"), read)
    made.to_json(tmp_path / "audit.json")
    return ti.Audit.from_json(tmp_path / "audit.json").document


@pytest.mark.parametrize(
    ("card", "mappings"),
    [
        pytest.param(card, mappings, id=name, marks=() if at % 3 == 0 else pytest.mark.nightly)
        for at, (name, card, mappings) in enumerate(
            [
                *((name, card, (MAPPING,)) for name, card in CARDS.items()),
                *((name, CARDS["every field"], mappings) for name, mappings in MAPPINGS.items()),
            ]
        )
    ],
)
def test_an_honest_audit_with_a_card_and_mappings_is_found_again(computed, tmp_path, card, mappings):
    document = annotated(computed, tmp_path, card, mappings)
    assert contradictions(document) == []
    step = compare(ti.Audit(document), ti.Audit(with_author(computed, document)))
    assert step.status == "ok", step


def rows_of(change):
    def forged(document):
        return document.model_copy(update={"evidence": change(list(document.evidence))})

    return forged


FORGERIES = {
    "a clause is supplied that is not": rows_of(
        lambda rows: [one.model_copy(update={"status": "supplied", "missing": []}) for one in rows[:-1]] + rows[-1:]
    ),
    "a clause of the author's says supplied and lacks something": rows_of(
        lambda rows: [*rows[:-1], rows[-1].model_copy(update={"status": "supplied", "missing": ["nothing"]})]
    ),
    "a clause of the author's lacks what there is": rows_of(
        lambda rows: [*rows[:-1], rows[-1].model_copy(update={"status": "partial", "missing": ["performance.metrics"]})]
    ),
    "a clause of the author's is not supplied and lacks nothing": rows_of(
        lambda rows: [*rows[:-1], rows[-1].model_copy(update={"status": "not_supplied", "missing": []})]
    ),
    "a clause is left out": rows_of(lambda rows: rows[1:]),
    "all built-in clauses are left out": rows_of(lambda rows: rows[-1:]),
    "every clause is left out": rows_of(lambda rows: []),
    "the author's come first": rows_of(lambda rows: [rows[-1], *rows[:-1]]),
    "two clauses change places": rows_of(lambda rows: [rows[1], rows[0], *rows[2:]]),
    "a clause counts as read in the text": rows_of(
        lambda rows: [one.model_copy(update={"mark": "P" if one.mark == "S" else "S"}) for one in rows[:-1]] + rows[-1:]
    ),
    "a clause is of another version": rows_of(lambda rows: [rows[0].model_copy(update={"version": "9"}), *rows[1:]]),
    "the card is taken away, its clauses are not": lambda document: document.model_copy(update={"card": None}),
    "a card of blanks": lambda document: document.model_copy(
        update={"card": Card.model_validate(dict.fromkeys(Card.model_fields, ""))}
    ),
}


@pytest.mark.parametrize("forged", every_nth(2, FORGERIES.values()), ids=FORGERIES)
def test_evidence_that_was_changed_beside_a_card_is_found(computed, tmp_path, forged):
    document = annotated(computed, tmp_path, CARDS["every field"], (MAPPING,))
    changed = forged(document)
    assert changed != document
    assert contradictions(changed)
    again = compare(ti.Audit(changed), ti.Audit(with_author(computed, changed)))
    assert again.status == "failed" or forged in [FORGERIES[name] for name in FORGERIES if "author's" in name], again


def test_a_clause_that_needs_nothing_is_refused(tmp_path):
    """It would be supplied by every audit."""
    (tmp_path / "own.toml").write_text(OWN.format(name="House") + CLAUSE.format(fields="[]", mark="P"))
    with pytest.raises(
        PolicyError, match=r"fields in \[\[clause\]\] number 1: the list is too short; the smallest allowed length is 1"
    ):
        ti.read_mapping(tmp_path / "own.toml")


def test_run_json_has_the_digest_of_the_bytes_that_were_read(copy, monkeypatch):
    """The table is replaced while the audit runs."""
    digest, saved = ti.file_digest(copy / "data.csv"), ti.Audit.from_json(copy / "out" / "audit.json")

    def replaced(*_, **__):
        (copy / "data.csv").write_text("another table")
        return saved

    monkeypatch.setattr(ti, "audit", replaced)
    argv = ["--target", "paid", "--positive", "yes", "--drop", "id", "--drop", "note", "--drop", "born", "--quiet"]
    assert command("audit", copy / "model", "--data", copy / "data.csv", "--out", copy / "again", *argv) == 0
    assert json.loads((copy / "again" / "run.json").read_text("utf-8"))["data_sha256"] == digest


@pytest.mark.parametrize("device", ["cuda:1 (NVIDIA H100 80GB HBM3)", "cuda (Tesla T4)", "abacus"])
def test_numbers_that_cannot_be_taken_again_do_not_pass(made, monkeypatch, device):
    """On the processor they are others in the sixth digit; and whoever changes numbers could write any device beside them."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    document = ti.Audit.from_json(made / "out" / "audit.json").document
    document = document.model_copy(update={"method": document.method.model_copy(update={"device": device})})
    step = _numbers(document, made / "model", Rows(made / "data.csv"))
    assert step.status == "failed"
    told = messages.text(step.told.key, step.told.values)
    assert told.startswith(
        f"The numbers were computed on {device.partition(' ')[0].partition(':')[0]} and were not recomputed: "
    )


def test_a_null_of_shuffled_labels_is_told(made):
    """What the audit says of it are the correlations that trust gives."""
    document = ti.Audit.from_json(made / "out" / "audit.json").document
    table = ti.read_table(
        made / "data.csv", target="paid", positive="yes", drop=["id", "note", "born"], protected=["sex"]
    )
    held_out = table.with_split(ti.load_model(made / "model").split).evaluation_rows()
    found = ti.trust(ti.load_model(made / "model"), held_out, null=ti.load_null(made / "model"))
    expected = {one.method: one.values[0] for one in found.nulls if one.null == "shuffled labels"}
    rows = [row for row in document.trust.nulls if row.null == "shuffled labels"]
    assert {row.method: row.network.mean.value for row in rows} == pytest.approx(expected, rel=1e-6)
    assert {(row.network.count, row.network.mean.low, row.linear.count) for row in rows} == {(1, None, 0)}
    assert "not_assessed.shuffled" not in {note.key for note in document.not_assessed}
    assert "a network trained on permuted labels (one permutation)" in (made / "out" / "report.html").read_text("utf-8")


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


def test_a_changed_byte_of_model_and_table_is_found(copy):
    """Both at once: one reading of the folder is enough."""
    draw = random.Random(3)
    for name in ("encoder.skops", "counterpart/model.safetensors"):
        paths = (copy / "model" / name, copy / "data.csv")
        whole = [path.read_bytes() for path in paths]
        for path, data in zip(paths, whole, strict=True):
            path.write_bytes(flipped(data, draw))
        found = ti.verify(copy / "out", model=paths[0].parents[name.count("/")], data=paths[1]).frame()
        failed = found[found["status"] == "failed"]
        assert set(failed["what"]) - {"linear"} == ({"model", "data"} if "counterpart" not in name else {"data"})
        assert ("linear" in set(failed["what"])) == (name.startswith("counterpart")), name
        for path, data in zip(paths, whole, strict=True):
            path.write_bytes(data)


def test_a_byte_that_changes_no_content_is_told_apart(copy):
    with (copy / "data.csv").open("ab") as stream:
        stream.write(b"\n")
    told = ti.verify(copy / "out", data=copy / "data.csv", digest_key=copy / "digests.key").frame()
    assert told[told["what"] == "data"]["status"].tolist() == ["failed", "ok"]  # the file's bytes, its contents


# ---- what the document says of where it comes from


def test_digests_of_model_data_configuration_and_code_are_in_the_document(made):
    how = ti.Audit.from_json(made / "out" / "audit.json").document.method
    assert (
        how.settings["network_file_sha256"] == hashlib.sha256((made / "model" / "model.json").read_bytes()).hexdigest()
    )
    for digest in (how.model_digest, how.linear_digest, how.data_digest, how.configuration_digest, how.code_digest):
        assert re.fullmatch("[0-9a-f]{64}", digest)
    assert len({how.model_digest, how.linear_digest, how.data_digest, how.configuration_digest, how.code_digest}) == 5
    assert (how.device, how.tolerance, how.seed) == ("cpu", TOLERANCE, 0)
    assert {"python", "numpy", "torch", "scikit-learn", "pyarrow"} <= set(how.libraries)
    run = json.loads((made / "out" / "run.json").read_text("utf-8"))
    assert {"started", "seconds", "threads"} <= set(run)


def test_another_configuration_has_another_digest_and_other_rows_the_same(made):
    document = ti.Audit.from_json(made / "out" / "audit.json").document
    digest = document.method.configuration_digest
    assert digest == configuration_digest(document)

    def other(field, **values):
        return document.model_copy(update={field: getattr(document, field).model_copy(update=values)})

    settings = document.method.settings
    read = document.settings.table
    asked = [other("settings", **one) for one in ({"seed": 1}, {"rows": 61}, {"margin": 0.03})]
    asked += [other("settings", table=read.model_copy(update=one)) for one in ({"adverse": "no"}, {"seed": 7})]
    changed = [column.model_copy(update={"protected": True}) for column in document.data.columns]
    asked += [other("data", columns=changed), other("data", split=ti.Audit(document).verdict.sentence)]
    found = [configuration_digest(one) for one in asked]
    assert len({digest, *found}) == 1 + len(asked)
    same = [other("data", rows=241), other("method", settings=settings | {"network_file_sha256": "0" * 64})]
    assert {configuration_digest(one) for one in same} == {digest}


def test_rows_of_each_reading_are_in_the_document(made):
    document = ti.Audit.from_json(made / "out" / "audit.json").document
    rows = document.method.readings
    assert rows == readings(document)
    held, training = document.data.held_out_rows, document.data.training_rows
    most = {"held-out": held, "training": training, "all": 240}
    assert all(0 < one.rows <= most[one.rows_of] for one in rows)
    found = {one.reading.key: one for one in rows}
    assert (found["rows_of.performance"].rows, found["rows_of.performance"].models) == (held, "both")
    assert (found["rows_of.coefficients_linear"].rows, found["rows_of.coefficients_linear"].models) == (
        training,
        "linear",
    )
    assert found["rows_of.importance"].rows == 60  # as asked
    assert found["rows_of.table"].rows == 240
    assert all(one.seed in (0, None) for one in rows)
    page = (made / "out" / "report.html").read_text("utf-8")
    assert document.method.configuration_digest in page
    assert document.method.code_digest in page
    # every part of the document that counts its rows is listed; an analysis that was not run has none
    counted = {
        name for name, part in document if getattr(part, "rows", 0) and name not in ("data", "method", "settings")
    }
    told = {"calibration", "performance", "disagreement", "slices", "reasons", "importance", "together", "shapley"}
    told |= {"effects", "interactions", "trust", "neurons", "table", "off_support", "extrapolation", "inside"}
    assert counted <= told
    assert {f"rows_of.{name}" for name in counted} <= set(found)


# ---- nothing that fewer than ten rows hold


def spelt(value):
    """A value as any output might write it."""
    if isinstance(value, str):
        return [value]
    return [str(value), f"{value:,}", f"{value:,.2f}", f"{value:,.1f}", f"{value:.0f}", f"{value:,.0f}", f"{value:g}"]


def numbers(text):
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text)]


GEOMETRY = re.compile(r' (?:d|x|y|points|transform|viewBox|width|height)="[^"]*"')  # of pictures, in pixels


def test_what_few_rows_hold_is_in_no_output(made, tmp_path):
    audit = ti.Audit.from_json(made / "out" / "audit.json")
    out = shutil.copytree(made / "out", tmp_path / "out")
    key = ed25519.Ed25519PrivateKey.generate()
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*how))
    sealed = json.loads(ti.sign(out, tmp_path / "key.pem").read_text())
    written = {path.name: path.read_text("utf-8", "replace") for path in out.iterdir()}
    assert len(written) == 5
    written |= {
        form: ti.format_decision(audit.check(), form) for form in ("text", "json", "markdown", "junit", "sarif")
    }
    written |= {f"view {form}": audit.view(form).decode("utf-8") for form in VIEWS if form != "pdf"}
    written["paper"] = render(audit.document, paper=True)  # what a PDF is laid out from
    written |= {
        "payload": base64.b64decode(sealed["payload"]).decode("utf-8"),
        "evidence": audit.evidence(unverified=True),
        "console": (made / "console.txt").read_text("utf-8"),
        "words": f"{audit} {audit.findings.frame().to_string()}",
        "changes": audit.compare(audit).to_json(),
        "verified": str(ti.verify(out, model=made / "model", data=made / "data.csv")),
    }
    assert "a network" in written["words"] or "The network" in written["words"]
    assert any("ü" in text for text in written.values())  # a level that many rows hold is told
    found = []
    for name, whole in written.items():
        text = GEOMETRY.sub("", whole)
        known = np.unique(numbers(text))
        for column, values in PLANTED.items():
            for value in set(values.values()):
                near = not isinstance(value, str) and bool((np.abs(known - value) <= 1e-9 * value).any())
                if near or any(word in text for word in spelt(value) if len(word) > 4):
                    found.append((name, column, value))
    assert found == []


def test_the_search_would_find_what_was_planted(made):
    """The same search, of the table itself."""
    text = (made / "data.csv").read_text("utf-8")
    for values in PLANTED.values():
        value = next(iter(values.values()))
        assert any(word in text for word in spelt(value) if len(word) > 4)


def test_a_group_of_few_people_has_no_name(made):
    table = ti.Audit.from_json(made / "out" / "audit.json").document.groups.table
    keys = [row.group[0].key for row in table.columns]
    assert keys.count("group.few") == 1
    (few,) = [row for row in table.columns if row.group[0].key == "group.few"]
    assert (few.rows, few.network, few.linear) == (None, None, None)
