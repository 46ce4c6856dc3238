"""What may be believed: attacks on a folder and on a document that somebody made to look better, each found."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

import pytest

import tabinterp as ti
from tabinterp.auditing.consistency import contradictions
from tabinterp.auditing.result import VIEWS
from tabinterp.checks import CHECKS
from tabinterp.document.document import Document
from tabinterp.errors import DocumentError, PolicyError
from tabinterp.exit_codes import ExitCode
from tests.honest import honest, light
from tests.report.samples import SAMPLES
from tests.shared import every_nth
from tests.test_attestation import failures, folder, read  # noqa: F401  # a fixture among them
from tests.test_verification import command

ALL = "\n".join(f'[[severity]]\nseverity = "{one}"\nowner = "Model risk"' for one in ("act", "check", "note"))


def list_digest(out, name):
    """As a forger would: a line in SHA256SUMS that fits the file."""
    sums = out / "SHA256SUMS"
    lines = [line for line in sums.read_text().splitlines(keepends=True) if not line.rstrip().endswith(f" {name}")]
    sums.write_text("".join(sorted([*lines, f"{ti.file_digest(out / name)}  {name}\n"])))


def forge(out, change) -> None:
    """A changed document with a page and digests that fit it: what digests alone cannot tell from the real one."""
    run = json.loads((out / "run.json").read_text())
    found = ti.Audit.from_json(out / "audit.json").document
    ti.write_folder(ti.Audit(change(found)), out, run)


# ---- the folder


@pytest.fixture
def quickly_printed(monkeypatch):
    """A PDF that nobody laid out, in place of the one that this machine would print."""
    monkeypatch.setitem(VIEWS, "pdf", lambda document: b"%PDF-1.7 " + document.data.name.encode())


def test_a_pdf_slipped_into_a_signed_folder_is_found(folder, quickly_printed):  # noqa: F811
    ti.sign(folder / "out", folder / "key.pem")
    (folder / "out" / "report.pdf").write_bytes(b"%PDF-1.7 all is well")
    list_digest(folder / "out", "report.pdf")
    assert "report.pdf is not among the signed files." in failures(folder, key=folder / "key.pub.pem")
    assert command("verify", folder / "out", "--key", folder / "key.pub.pem") == 1


def test_a_pdf_slipped_into_an_unsigned_folder_is_not_believed_and_not_signed(folder, capsys, quickly_printed):  # noqa: F811
    (folder / "out" / "report.pdf").write_bytes(b"%PDF-1.7 all is well")
    list_digest(folder / "out", "report.pdf")
    assert command("verify", folder / "out") == ExitCode.INCOMPLETE
    assert "report.pdf does not match the PDF that this machine generates from audit.json" in capsys.readouterr().out
    with pytest.raises(DocumentError, match=r"was not signed, because it cannot be verified completely: report\.pdf"):
        ti.sign(folder / "out", folder / "key.pem")


def put_file(out):
    (out / "notes.txt").write_text("approved")


def put_folder(out):
    (out / "more").mkdir()


def put_resume(out):
    (out / ".tabinterp-resume").mkdir()
    (out / ".tabinterp-resume" / "drawn.npz").write_bytes(b"rows of people")


def put_link(out):
    (out / "report.pdf").symlink_to("/etc/hostname")


def put_pipe(out):
    os.mkfifo(out / "attestation.dsse.json")


@pytest.mark.parametrize("put", [put_file, put_folder, put_resume, put_link, put_pipe])
def test_what_does_not_belong_in_the_folder_is_found_and_not_signed(folder, put):  # noqa: F811
    put(folder / "out")
    assert command("verify", folder / "out") == ExitCode.FAILED
    with pytest.raises(DocumentError, match="was not signed"):
        ti.sign(folder / "out", folder / "key.pem")


@pytest.mark.parametrize("put", [put_file, put_folder, put_resume, put_link])
def test_what_is_put_into_a_signed_folder_is_found(folder, put):  # noqa: F811
    ti.sign(folder / "out", folder / "key.pem")
    put(folder / "out")
    assert command("verify", folder / "out", "--key", folder / "key.pub.pem") == ExitCode.FAILED


@pytest.mark.parametrize("name", ["report.html", "audit.json", "run.json"])
def test_a_file_that_is_a_link_is_not_read(folder, name):  # noqa: F811
    path = folder / "out" / name
    shutil.move(path, folder / name)
    path.symlink_to(folder / name)
    assert any(f"{name} is a link" in told for told in failures(folder))


def test_a_signed_file_that_is_missing_is_found_though_no_list_names_it(folder):  # noqa: F811
    ti.sign(folder / "out", folder / "key.pem")
    (folder / "out" / "run.json").unlink()
    sums = folder / "out" / "SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(keepends=True) if "run.json" not in line))
    assert any("run.json differs from the signed file" in told for told in failures(folder, key=folder / "key.pub.pem"))


def test_the_list_of_digests_names_what_was_signed_and_nothing_else(folder):  # noqa: F811
    ti.sign(folder / "out", folder / "key.pem")
    sums = folder / "out" / "SHA256SUMS"
    sums.write_text(sums.read_text() + "0" * 64 + "  report.pdf\n")
    assert "report.pdf is not among the signed files." in failures(folder, key=folder / "key.pub.pem")
    sums.write_text("".join(f"{'0' * 64}  {line.split()[1]}\n" for line in sums.read_text().splitlines()[:3]))
    told = failures(folder, key=folder / "key.pub.pem")
    assert "SHA256SUMS does not list run.json with the signed digest." in told


def test_an_attestation_in_the_folder_has_one_name(folder):  # noqa: F811
    with pytest.raises(DocumentError, match=r"must be named attestation\.dsse\.json"):
        ti.sign(folder / "out", folder / "key.pem", out=folder / "out" / "sealed.json")
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "SHA256SUMS", "audit.json", "report.html", "run.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "place",
    ["out/more/sealed.json", "out/more/attestation.dsse.json", "kept/../out/more/a.json", "link/more/a.json", "link/a.json"],
)  # fmt: skip
def test_an_attestation_below_the_folder_is_refused_and_leaves_no_folder(folder, place):  # noqa: F811
    (folder / "kept").mkdir()
    (folder / "link").symlink_to("out")
    assert command("sign", folder / "out", "--key", folder / "key.pem", "--out", folder / place) == ExitCode.BAD_INPUT
    assert not (folder / "out" / "more").exists()
    assert command("verify", folder / "out") == ExitCode.PASSED


def test_no_folder_is_made_for_what_is_not_signed(folder):  # noqa: F811
    put_file(folder / "out")
    asked = ("sign", folder / "out", "--key", folder / "key.pem", "--out", folder / "kept" / "sealed.json")
    assert command(*asked) == ExitCode.BAD_INPUT
    assert not (folder / "kept").exists()


LINE_ENDS = {
    "CRLF": "\r\n", "CR": "\r", "VT": "\v", "FF": "\f", "FS": "\x1c", "NEL": "\x85", "LS": "\u2028", "PS": "\u2029",
    "two": "\n\n",
}  # fmt: skip


@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_line_of_the_digests_ends_as_sha256sum_reads_it(folder, end):  # noqa: F811
    """What `sha256sum --check` takes for another name, or for one line, is no list: both must read the same."""
    sums = folder / "out" / "SHA256SUMS"
    whole = sums.read_bytes().decode()
    for changed in (whole.replace("\n", LINE_ENDS[end]), whole.replace("\n", LINE_ENDS[end], 1)):
        sums.write_bytes(changed.encode())
        assert command("verify", folder / "out") == ExitCode.BAD_INPUT
        with pytest.raises(DocumentError, match=r"line \d of '.*SHA256SUMS' is invalid: "):
            ti.sign(folder / "out", folder / "key.pem")


# ---- the document, judged again


def emptied(document: Document) -> Document:
    return document.model_copy(update={"findings": []})


def softened(document: Document) -> Document:
    findings = [one.model_copy(update={"severity": "note"}) for one in document.findings]
    return document.model_copy(update={"findings": findings})


def flipped(document: Document) -> Document:
    findings = [
        one.model_copy(update={"status": "cleared"}) if one.status == "raised" else one for one in document.findings
    ]
    return document.model_copy(update={"findings": findings})


def dropped(document: Document) -> Document:
    return document.model_copy(update={"findings": [one for one in document.findings if one.status != "raised"]})


def reworded(document: Document) -> Document:
    first, *rest = document.findings
    claim = first.claim.model_copy(update={"values": {**first.claim.values, "low": 1e-9}})
    return document.model_copy(update={"findings": [first.model_copy(update={"claim": claim}), *rest]})


def twice(document: Document) -> Document:
    return document.model_copy(update={"findings": [*document.findings, document.findings[-1]]})


def unresolved(document: Document) -> Document:
    """The verdict and all that follows from it, softened together."""
    sentence = document.verdict.sentence.model_copy(update={"key": "verdict.not_resolved"})
    verdict = document.verdict.model_copy(update={"status": "not_resolved", "sentence": sentence})
    return honest(document.model_copy(update={"verdict": verdict}))


def unassessed(document: Document) -> Document:
    """No held-out rows any more, so that nothing is assessed; the number of held-out rows stays."""
    performance = document.performance.model_copy(update={"held_out": False})
    sentence = document.verdict.sentence.model_copy(update={"key": "verdict.not_assessed"})
    verdict = document.verdict.model_copy(update={"status": "not_assessed", "sentence": sentence})
    return honest(document.model_copy(update={"verdict": verdict, "performance": performance}))


def another_way_up(document: Document) -> Document:
    """A loss of which more is better."""
    row = document.performance.metrics[0].model_copy(update={"higher_is_better": True, "resolved": "better"})
    performance = document.performance.model_copy(update={"metrics": [row]})
    return honest(document.model_copy(update={"performance": performance}))


def silent(document: Document) -> Document:
    return document.model_copy(update={"not_assessed": document.not_assessed[1:]})


def supplied(document: Document) -> Document:
    rows = [one.model_copy(update={"status": "supplied", "missing": []}) for one in document.evidence]
    return document.model_copy(update={"evidence": rows})


def other_data(document: Document) -> Document:
    return document.model_copy(update={"method": document.method.model_copy(update={"data_digest": "9" * 64})})


def another_number(document: Document) -> Document:
    """One number of one model, edited by hand, as for a gate on it."""
    first, *rest = document.performance.metrics
    part = first.network.model_copy(update={"value": first.network.value / 2})
    metrics = [first.model_copy(update={"network": part}), *rest]
    return document.model_copy(update={"performance": document.performance.model_copy(update={"metrics": metrics})})


def with_metrics(document: Document, rows: list[Any]) -> Document:
    return document.model_copy(update={"performance": document.performance.model_copy(update={"metrics": rows})})


def another_interval(document: Document) -> Document:
    """The interval of one model lies where a gate wants it, and its value does not."""
    first, *rest = document.performance.metrics
    part = first.network.model_copy(update={"low": first.network.value / 3, "high": first.network.value / 2})
    return with_metrics(document, [first.model_copy(update={"network": part}), *rest])


def metric_twice(document: Document) -> Document:
    """A second row of a metric, which a gate would not read if it came later; all sentences follow from the rows."""
    rows = document.performance.metrics
    return honest(with_metrics(document, [*rows, rows[-1]]))


def in_other_words(document: Document) -> Document:
    sentence = document.verdict.sentence.model_copy(update={"values": {"linear": "logistic regression, and approved"}})
    return document.model_copy(update={"verdict": document.verdict.model_copy(update={"sentence": sentence})})


def of_more_rows(document: Document) -> Document:
    return document.model_copy(update={"data": document.data.model_copy(update={"rows": document.data.rows + 10**6})})


def of_no_rows(document: Document) -> Document:
    return document.model_copy(update={"data": document.data.model_copy(update={"rows": -1})})


def wordless(document: Document) -> Document:
    return document.model_copy(update={"verdict": document.verdict.model_copy(update={"lines": []})})


def another_gap(document: Document) -> Document:
    """The verdict says a smaller difference than its interval."""
    first, *rest = document.verdict.lines
    lines = [first.model_copy(update={"values": {**first.values, "value": first.values["value"] / 9}}), *rest]
    return document.model_copy(update={"verdict": document.verdict.model_copy(update={"lines": lines})})


FORGERIES = [
    another_number, another_interval, metric_twice, in_other_words,
    of_more_rows, of_no_rows, wordless, another_gap,
    emptied, softened, flipped, dropped, reworded, twice, unresolved, unassessed, another_way_up, silent, supplied, other_data,
]  # fmt: skip


@pytest.mark.parametrize("change", every_nth(2, FORGERIES))
def test_a_document_that_contradicts_itself_passes_nowhere(folder, change, tmp_path):  # noqa: F811
    forged = change(light().document)
    (tmp_path / "audit.json").write_bytes(ti.Audit(forged).to_json())
    decision = ti.Audit.from_json(tmp_path / "audit.json").check()
    assert decision.exit_code is ExitCode.FAILED
    assert decision.gates[0].name == "document"
    assert command("check", tmp_path / "audit.json") == 1
    if change is another_way_up:  # of this no page is made at all
        return
    forge(folder / "out", change)
    found = ti.verify(folder / "out")
    assert {step.what for step in found.steps if step.status == "failed"} == {"audit.json"}
    assert command("verify", folder / "out") == 1
    words = r"was not signed, because it failed verification: audit\.json was changed after it was written"
    with pytest.raises(DocumentError, match=words):
        ti.sign(folder / "out", folder / "key.pem")


def test_a_metric_of_another_task_is_found():
    document = honest(SAMPLES["binary"]())
    rows = [
        row.model_copy(update={"metric": "poisson_deviance"}) if row.metric == "brier" else row
        for row in document.performance.metrics
    ]
    forged = honest(with_metrics(document, rows))
    assert [one.values.get("place") for one in contradictions(forged)] == ["performance.metrics"]


def test_a_calibration_that_lies_outside_of_its_interval_is_found():
    document = honest(SAMPLES["binary"]())
    output = document.calibration.outputs[0]
    slope = output.network.slope.model_copy(update={"low": 5.0, "high": 6.0})
    output = output.model_copy(update={"network": output.network.model_copy(update={"slope": slope})})
    forged = document.model_copy(update={"calibration": document.calibration.model_copy(update={"outputs": [output]})})
    assert not contradictions(document)
    assert [one.values["place"] for one in contradictions(honest(forged))] == ["calibration"]


def test_no_line_below_the_verdict_can_be_left_out_or_changed():
    document = honest(SAMPLES["binary"]())
    lines = document.verdict.lines
    assert {line.key.split(".")[1] for line in lines} >= {"gap", "others", "recalibrated", "cost", "reference", "scope"}
    for at, line in enumerate(lines):
        name, value = next((name, value) for name, value in line.values.items() if not isinstance(value, list))
        other = line.model_copy(
            update={"values": {**line.values, name: value * 2 if isinstance(value, float) else "x"}}
        )
        for changed in ([*lines[:at], *lines[at + 1 :]], [*lines[:at], other, *lines[at + 1 :]], [*lines, line]):
            verdict = document.verdict.model_copy(update={"lines": changed})
            found = contradictions(document.model_copy(update={"verdict": verdict}))
            assert "verdict.lines" in [one.values.get("place") for one in found], (line.key, changed)


@pytest.mark.parametrize("which", ["network", "linear"])
def test_a_model_file_whose_code_was_run_cannot_be_left_unsaid(which):
    """The check for it reads a note; where the note is gone, the setting that says the same is still there."""
    document = light(settings={f"{which}_file_unsafe": True}).document
    assert next(one.status for one in document.findings if one.slug == "unsafe-model-file") == "cleared"
    assert "method.settings.unsafe" in [one.values.get("place") for one in contradictions(document)]


def test_every_single_finding_counts():
    """Each check that is dropped, cleared or made a note is missed, whatever it had found."""
    document = light().document
    assert contradictions(document) == []
    for at, one in enumerate(document.findings):
        for changed in ([], [one.model_copy(update={"status": "cleared" if one.status != "cleared" else "raised"})]):
            findings = [*document.findings[:at], *changed, *document.findings[at + 1 :]]
            told = contradictions(document.model_copy(update={"findings": findings}))
            assert told[0].values["slug"] == one.slug


def test_a_policy_is_held_to_what_the_numbers_give(tmp_path):
    """A demand for a check that the document does not hold fails, and so does each severity."""
    path = tmp_path / "policy.toml"
    path.write_text(ALL)
    policy = ti.read_policy(path)[0]
    decision = ti.Audit(emptied(light().document)).check(policy)
    assert {gate.name for gate in decision.gates} == {"document", *(f"finding:{check.slug}" for check in CHECKS)}
    failed = {gate.name for gate in decision.gates if gate.status == "failed"}
    assert failed == {"document", "finding:worse-than-linear"}


@pytest.mark.parametrize("change", [emptied, dropped, softened])
def test_what_another_version_signed_must_hold_every_check(change):
    """No check is no passed check, and the severity is the check's own."""
    decision = ti.Audit(change(by_another(light().document, "version"))).check(attested=True)
    assert {gate.name for gate in decision.gates} == {f"finding:{c.slug}" for c in CHECKS if c.severity == "act"}
    assert "finding:worse-than-linear" in {gate.name for gate in decision.gates if gate.status == "failed"}
    assert decision.exit_code is ExitCode.FAILED


def test_a_waiver_does_not_reach_the_document(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(ALL + '\n[[waiver]]\ngate = "document"\nname = "A"\nreason = "b"\nexpires = 2026-12-31\n')
    with pytest.raises(PolicyError, match="does not contain: document"):
        ti.read_policy(path)


@pytest.mark.parametrize("name", every_nth(2, [name for name in SAMPLES if name not in ("nothing", "regression")]))
def test_what_is_as_it_was_written_contradicts_nothing(name):
    """Also after it was read again: JSON does not tell 2.0 from 2."""
    document = ti.Audit.from_json(ti.Audit(honest(SAMPLES[name]())).to_json()).document
    assert contradictions(document) == []


# ---- another version


def by_another(document: Document, field: str) -> Document:
    value = {"version": "0.0.9", "code_digest": "7" * 64}[field]
    return document.model_copy(update={"method": document.method.model_copy(update={field: value})})


@pytest.mark.parametrize("field", ["version", "code_digest"])
@pytest.mark.parametrize("clean", [True, False])
def test_what_another_version_wrote_is_not_judged_and_not_signed(folder, field, clean, capsys):  # noqa: F811
    """Nobody can say whether this document was changed: no exit code 0."""
    forge(folder / "out", lambda found: by_another(found if not clean else emptied(found), field))
    page = (folder / "out" / "report.html").read_text()
    (folder / "out" / "report.html").write_text(page.replace("<main", "<p>All is well.</p><main", 1))
    list_digest(folder / "out", "report.html")
    assert command("verify", folder / "out") == ExitCode.INCOMPLETE
    assert "Incomplete" in capsys.readouterr().out
    assert not ti.verify(folder / "out").passed
    assert command("check", folder / "out" / "audit.json") == ExitCode.FAILED  # raised, or absent
    with pytest.raises(DocumentError, match="was not signed, because it cannot be verified completely"):
        ti.sign(folder / "out", folder / "key.pem")
    assert command("sign", folder / "out", "--key", folder / "key.pem") == 2


def sign_as_another(folder, field, monkeypatch):  # noqa: F811
    """The folder of another version, signed by that version."""
    with monkeypatch.context() as patch:
        if field == "version":
            patch.setattr("tabinterp.auditing.consistency.__version__", "0.0.9")
        else:
            patch.setattr("tabinterp.auditing.consistency.code_digest", lambda: "7" * 64)
        forge(folder / "out", lambda _: by_another(light(worse=False).document, field))
        ti.sign(folder / "out", folder / "key.pem")


@pytest.mark.parametrize("field", ["version", "code_digest"])
def test_a_signature_over_every_file_stands_in_for_judging_again(folder, field, monkeypatch, capsys):  # noqa: F811
    sign_as_another(folder, field, monkeypatch)
    out, key = folder / "out", folder / "key.pub.pem"
    assert command("verify", out) == ExitCode.INCOMPLETE
    assert command("check", out / "audit.json") == ExitCode.INCOMPLETE
    assert command("verify", out, "--key", key) == 0
    assert command("check", out / "audit.json", "--key", key) == 0
    capsys.readouterr()
    (out / "run.json").write_text("{}")
    list_digest(out, "run.json")
    assert command("verify", out, "--key", key) == 1
    assert command("check", out / "audit.json", "--key", key) == 1


def test_a_signature_does_not_cover_a_contradiction(folder, monkeypatch):  # noqa: F811
    """Signed by a program that checks nothing: the version that wrote it still judges it again."""
    forge(folder / "out", emptied)
    monkeypatch.setattr("tabinterp.provenance.verify.contradictions", lambda _: [])
    ti.sign(folder / "out", folder / "key.pem")
    monkeypatch.undo()
    assert command("verify", folder / "out", "--key", folder / "key.pub.pem") == 1
    assert command("check", folder / "out" / "audit.json", "--key", folder / "key.pub.pem") == 1


def test_a_key_needs_the_whole_folder(folder, tmp_path, capsys):  # noqa: F811
    shutil.copy(folder / "out" / "audit.json", tmp_path / "other.json")
    assert command("check", tmp_path / "other.json", "--key", folder / "key.pub.pem") == 2
    assert "must be the file audit.json" in capsys.readouterr().err
    assert command("check", folder / "out" / "audit.json", "--attestation", folder / "x") == 2
    assert "Supply --key as well" in capsys.readouterr().err


def test_an_older_document_still_renders(tmp_path):
    old = ti.Audit(by_another(light().document, "version"))
    old.to_json(tmp_path / "audit.json")
    assert "0.0.9" in ti.Audit.from_json(tmp_path / "audit.json").to_html()
    assert command("render", tmp_path / "audit.json", "--out", tmp_path / "page.html") == 0


@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit", "sarif"])
def test_each_form_says_that_it_is_incomplete(form):
    decision = ti.Audit(by_another(light(worse=False).document, "version")).check()
    told = ti.format_decision(decision, form)
    assert "0.0.9" in told
    if form == "json":
        assert (json.loads(told)["passed"], json.loads(told)["complete"]) == (False, False)
    if form == "junit":
        assert 'errors="1"' in told


# ---- one place for exit codes


def test_exit_codes():
    codes = {"PASSED": 0, "FAILED": 1, "BAD_INPUT": 2, "INCOMPLETE": 3, "INTERNAL_ERROR": 70, "INTERRUPTED": 130}
    assert {one.name: int(one) for one in ExitCode} == codes


# ---- sentences that follow from numbers


def differing(document: Document, at: int, **values: object) -> Document:
    """A sentence on where the models differ, said otherwise."""
    part = document.disagreement
    told = [*part.sentences]
    told[at] = told[at].model_copy(update={"values": told[at].values | values})
    return document.model_copy(update={"disagreement": part.model_copy(update={"sentences": told})})


def unlike(document: Document, **values: object) -> Document:
    """The number of groups in which one model is better, said otherwise."""
    part = document.slices
    first = part.sentences[0].model_copy(update={"values": part.sentences[0].values | values})
    return document.model_copy(update={"slices": part.model_copy(update={"sentences": [first, *part.sentences[1:]]})})


def cut(document: Document, name: str, first: int, last: int) -> Document:
    """Some sentences are gone."""
    part = getattr(document, name)
    return document.model_copy(update={name: part.model_copy(update={"sentences": part.sentences[first:last]})})


REWORDED = {
    "no word of where the models differ": lambda one: cut(one, "disagreement", 0, 0),
    "not who is right": lambda one: cut(one, "disagreement", 0, 1),
    "fewer rows differ": lambda one: differing(one, 0, count=1),
    "the network is right": lambda one: differing(one, 1, network=99.0),
    "the tree tells them apart": lambda one: differing(one, 2, value=0.99),
    "no word of groups": lambda one: cut(one, "slices", 0, 0),
    "the worst group is not named": lambda one: cut(one, "slices", 0, 1),
    "no group is worse": lambda one: unlike(one, worse=0),
    "all groups are better": lambda one: unlike(one, better=10**6),
    "a wider margin": lambda one: unlike(one, margin=10.0),
}


@pytest.mark.parametrize("change", REWORDED)
def test_a_sentence_that_the_numbers_do_not_give_is_found(change):
    document = honest(SAMPLES["binary"]())
    assert contradictions(document) == []
    assert contradictions(REWORDED[change](document)) != []
