"""Audits that earlier versions wrote still load: what is in them, what is said of them, and what is refused."""

from __future__ import annotations

import hashlib
import json
import lzma
from functools import cache
from pathlib import Path

import pytest
import rfc8785

import tabinterp as ti
from tabinterp import messages
from tabinterp.cli import commands as cli
from tabinterp.document.canonical import from_bytes, to_bytes
from tabinterp.document.upgrade.steps import STEPS, migration_notes
from tabinterp.errors import DocumentError
from tabinterp.messages import english
from tests.shared import published_schema

DATA = Path(__file__).resolve().parent.parent / "data" / "audits"
PRESENT = DATA.parent.parent.parent / "reports" / "german_credit" / "audit.json"
OLDER = {  # document -> the steps that it needs
    "california_housing-2026-11-24": [
        "line_on_other_metrics", "evidence", "rows_of_derivatives", "rows_of_ranks", "sentences",
    ],
    "german_credit-2026-11-25": [
        "proxies_of_reasons", "unit_cards", "rows_of_derivatives", "rows_of_ranks", "sentences",
    ],
    "german_credit-2026-12-01": ["sentences"],
}  # fmt: skip


@cache
def original(name):
    return lzma.decompress((DATA / f"{name}.json.xz").read_bytes())


def numbers(part, place=()):
    if isinstance(part, dict):
        for name, value in part.items():
            yield from numbers(value, (*place, name))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from numbers(value, (*place, index))
    elif isinstance(part, (int, float)):
        yield place, part


@pytest.mark.parametrize("name", OLDER)
def test_an_older_audit_loads_and_says_what_was_changed(name):
    data = original(name)
    document = from_bytes(data)
    source, *changes = migration_notes(document.not_assessed)
    assert source.values["digest"] == hashlib.sha256(data).hexdigest()
    assert [note.key for note in changes] == [f"migration.{step}" for step in OLDER[name]]
    assert ti.Audit.from_json(data).migration == [str(note) for note in (source, *changes)]
    migrated = to_bytes(document)
    published_schema().validate(json.loads(migrated))
    assert to_bytes(from_bytes(migrated)) == migrated


def test_every_step_is_needed_by_one_of_them():
    assert {step for steps in OLDER.values() for step in steps} == {name for name, _ in STEPS}


@pytest.mark.parametrize("name", OLDER)
def test_no_number_changes(name):
    kept = dict(numbers(json.loads(to_bytes(from_bytes(original(name))))))
    left_out = [("inside", "cards"), ("inside", "outputs")] if "unit_cards" in OLDER[name] else []
    if "line_on_other_metrics" in OLDER[name]:
        left_out.append(("verdict", "lines"))
    before = {place: value for place, value in numbers(json.loads(original(name))) if place[:2] not in left_out}
    assert len(before) > 500
    assert {place: kept.get(place) for place in before} == before


def test_what_the_steps_fill_in_follows_from_the_original():
    before = json.loads(original("german_credit-2026-11-25"))
    before["coefficients"]["terms"][3]["network"] = dict.fromkeys(("value", "stderr", "low", "high"))
    after = from_bytes(json.dumps(before).encode())
    assert after.neurons.rows_ranks == before["neurons"]["rows"]
    rows = [term.network_rows for term in after.coefficients.terms]
    assert rows[3] is None
    assert {*rows[:3], *rows[4:]} == {before["coefficients"]["rows_network"]}
    assert {row.column: row.proxy_of for row in after.reasons.columns} == {
        row["column"]: [] for row in before["reasons"]["columns"]
    }
    assert (after.inside.cards, after.inside.outputs) == ([], [])
    assert [unit.index for unit in after.inside.units] == [unit["index"] for unit in before["inside"]["units"]]
    assert [line.key for line in from_bytes(original("california_housing-2026-11-24")).verdict.lines] == [
        "verdict.gap.squared_error.lower",
        "former.verdict.only_network",
    ]


def test_findings_keep_status_and_the_values_of_their_sentences():
    data = original("german_credit-2026-12-01")
    before, after = json.loads(data)["findings"], from_bytes(data).findings
    assert [(f.slug, f.status, f.severity, f.claim.model_dump()["values"]) for f in after] == [
        (f["slug"], f["status"], f["severity"], f["claim"]["values"]) for f in before
    ]
    (changed,) = [f for f in after if f.claim.key.startswith("former.")]
    assert str(changed.claim).startswith(
        f"A different random seed changes the list of reason codes for {changed.claim.values['changed']}% of declined rows."
    )
    assert f"is {messages.number(changed.claim.values['alike'])} (n = " in str(changed.claim)


@pytest.mark.parametrize("name", OLDER)
def test_an_older_audit_can_be_rendered_checked_and_compared(name, undrawn):
    audit = ti.Audit.from_json(original(name))
    digest = hashlib.sha256(original(name)).hexdigest()
    for form in ("html", "markdown"):
        assert digest in audit.view(form).decode()
    assert not audit.check().passed  # only the version that wrote an audit can judge it again
    assert [gate.status for gate in audit.check(attested=True).gates if gate.name == "document"] != ["failed"]
    changes = ti.Audit.from_json(PRESENT).compare(audit) if name.startswith("german") else audit.compare(audit)
    assert len(changes.numbers) > 20


def test_sentences_that_older_audits_may_hold_can_be_read():
    """Keys and values of every sentence, but those of the page, in twelve versions of the first week."""
    lines = lzma.decompress((DATA / "sentences.tsv.xz").read_bytes()).decode().splitlines()
    assert len(lines) > 600
    sentences, unreadable = [], []
    for line in lines:
        key, _, names = line.partition("\t")
        sentences.append({"key": key, "values": dict.fromkeys(names.split(), "x")})
    data = json.loads(PRESENT.read_bytes())
    data["not_assessed"] += sentences
    notes = from_bytes(json.dumps(data).encode()).not_assessed
    for note in notes:
        text = messages.text(note.key, note.values)
        unreadable += [note.key] if "{" in text else []
    assert unreadable == []
    former = {note.key for note in notes if note.key.startswith("former.")}
    assert former == {key for key in english() if key.startswith("former.")}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["verdict"]["sentence"].update(key="verdict.superb"), "verdict.superb"),
        (lambda d: d["findings"][0]["claim"].update(values={}), r"findings\.0\.claim"),
        (lambda d: d.update(coefficients=7), "coefficients"),
        (lambda d: d.update(extra=1), "extra"),
        (lambda d: d.pop("not_assessed"), "not_assessed"),
    ],
)
def test_what_no_version_wrote_is_refused(change, words):
    found = json.loads(original("german_credit-2026-11-25"))
    change(found)
    with pytest.raises(DocumentError, match=words):
        from_bytes(json.dumps(found).encode())


def test_a_field_that_a_present_audit_lacks_is_not_filled_in():
    found = json.loads(PRESENT.read_bytes())
    del found["neurons"]["rows_ranks"]
    with pytest.raises(DocumentError, match=r"neurons\.rows_ranks: this field is required, but missing"):
        from_bytes(json.dumps(found).encode())


# ---- the command


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr("sys.argv", ["tabinterp", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.run()
        return ended.value.code, *capsys.readouterr()

    return call


def test_migrate_lists_the_changes_and_writes_a_new_file(run, tmp_path):
    older, out = tmp_path / "audit.json", tmp_path / "migrated.json"
    older.write_bytes(original("german_credit-2026-11-25"))
    code, told, _ = run("migrate", older)
    assert code == 0
    assert hashlib.sha256(older.read_bytes()).hexdigest() in told
    assert len(told.splitlines()) == 1 + len(OLDER["german_credit-2026-11-25"])
    assert list(tmp_path.iterdir()) == [older]
    assert run("migrate", older, "--out", out)[0] == 0
    assert out.read_bytes() == to_bytes(from_bytes(older.read_bytes()))
    code, _, err = run("migrate", older, "--out", older)
    assert code == 2
    assert "would be overwritten" in err
    assert run("migrate", out)[1] == told  # the converted document records its conversion


def test_migrate_says_that_there_is_nothing_to_do(run, tmp_path):
    code, told, _ = run("migrate", PRESENT, "--out", tmp_path / "same.json")
    assert code == 0
    assert told.startswith("The audit already conforms to the current schema (1.0).")
    assert (tmp_path / "same.json").read_bytes() == PRESENT.read_bytes()


# ---- folders


def test_an_unchanged_folder_of_an_older_version_is_not_called_changed(tmp_path):
    files = {"audit.json": original("german_credit-2026-12-01"), "report.html": b"<p>\n", "run.json": b"{}\n"}
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    for name, data in {**files, "SHA256SUMS": sums.encode()}.items():
        (tmp_path / name).write_bytes(data)
    assert "audit.json" not in {step.what for step in ti.verify(tmp_path).steps if step.status == "failed"}
    spaced = json.dumps(json.loads(files["audit.json"])).encode()
    assert rfc8785.dumps(json.loads(spaced)) + b"\n" == files["audit.json"]
    (tmp_path / "audit.json").write_bytes(spaced)
    assert "verify.document.changed" in {step.told.key for step in ti.verify(tmp_path).steps}
