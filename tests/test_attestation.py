"""An audit's folder, signed: the Statement by its published form, the envelope by its specification, and what breaks it."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import tabinterp as ti
from tabinterp.auditing.run_record import PACKAGE
from tabinterp.document.document import Document, Finding, Message
from tabinterp.errors import DocumentError, SignatureError
from tabinterp.provenance import envelope
from tabinterp.provenance.attestation import statement
from tabinterp.provenance.envelope import BrokenSealError, unseal
from tests.honest import light
from tests.test_verification import command

DATA = Path(__file__).parent / "data"
TYPE = "application/vnd.in-toto+json"
POLICY = """
[[finding]]
finding = "unsafe-model-file"
owner = "risk"
[[finding]]
finding = "worse-than-linear"
owner = "risk"
"""
WAIVER = f"""
[[waiver]]
gate = "finding:worse-than-linear"
name = "R. Owner"
reason = "known"
expires = {datetime.now(UTC).date() + timedelta(days=90)}
"""
SETTINGS = {
    "network_file": "skops", "network_file_sha256": "1" * 64, "linear_file": "skops", "linear_file_sha256": "2" * 64,
}  # fmt: skip


def finding(slug: str, severity: str, status: str) -> Finding:
    claim = Message(key="sample.sentence", values={"name": slug})
    return Finding(code="X", slug=slug, severity=severity, status=status, claim=claim, evidence="findings")


FINDINGS = [
    finding("no-signal", "act", "raised"),
    finding("proxy", "check", "raised"),
    finding("rare-level", "note", "raised"),
    finding("worse-than-linear", "act", "cleared"),
    finding("target-capped", "check", "not_applicable"),
]


def sample(kinds: tuple[str, ...] = ("act", "check", "note")) -> Document:
    """A document with made-up findings, which raises those of these severities."""
    findings = [one for one in FINDINGS if one.status != "raised" or one.severity in kinds]
    return audit().document.model_copy(update={"findings": findings})


@cache
def audit(worse: bool = True) -> ti.Audit:
    """An audit whose models came from files."""
    return light(worse, settings=SETTINGS)


def pem(key, passphrase: bytes | None = None) -> bytes:
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def public_pem(key) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


@pytest.fixture
def folder(tmp_path):
    """An audit's folder, and a pair of keys beside it."""
    made = tmp_path / "out"
    made.mkdir()
    ti.write_folder(audit(), made, {"seconds": {}})
    key = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(pem(key))
    (tmp_path / "key.pub.pem").write_bytes(public_pem(key))
    return tmp_path


def read(path: Path) -> tuple[dict, dict]:
    """Envelope and Statement, with nothing but the standard library."""
    sealed = json.loads(path.read_text())
    return sealed, json.loads(base64.b64decode(sealed["payload"], validate=True))


def pae(kind: str, body: bytes) -> bytes:
    """DSSE 1.0: what a signature is over."""
    return b" ".join([b"DSSEv1", str(len(kind.encode())).encode(), kind.encode(), str(len(body)).encode(), body])


def failures(folder: Path, **given) -> list[str]:
    found = ti.verify(folder / "out", **given).frame()
    return found[found["status"] == "failed"]["told"].tolist()


# ---- what is written


def test_the_pre_authentication_encoding_is_that_of_the_specifications_example():
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_the_signature_holds_by_the_specification_alone(folder):
    path = ti.sign(folder / "out", folder / "key.pem", signer="A. Validator")
    sealed, said = read(path)
    key = serialization.load_pem_public_key((folder / "key.pub.pem").read_bytes())
    body = base64.b64decode(sealed["payload"])
    (signature,) = sealed["signatures"]
    assert sealed["payloadType"] == TYPE
    key.verify(base64.b64decode(signature["sig"]), pae(TYPE, body))  # raises where it does not hold
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signature["sig"]), pae("text/plain", body))
    assert said["predicate"]["tabinterpSigner"] == "A. Validator"


def test_the_statement_follows_the_published_form(folder):
    schema = json.loads((DATA / "in-toto-test-result-0.1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    (folder / "policy.toml").write_text(POLICY + WAIVER)
    for given in ({}, {"policy": folder / "policy.toml", "url": "https://example.com/run/1", "signer": "A"}):
        _, said = read(ti.sign(folder / "out", folder / "key.pem", **given))
        jsonschema.validate(said, schema)
        for place, wrong in (("_type", "x"), ("subject", []), ("predicateType", "x")):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(said | {place: wrong}, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(said | {"predicate": said["predicate"] | {"result": "GOOD"}}, schema)


def test_subjects_are_the_files_and_the_models(folder):
    _, said = read(ti.sign(folder / "out", folder / "key.pem"))
    found = {one["name"]: one["digest"]["sha256"] for one in said["subject"]}
    files = {
        name: hashlib.sha256((folder / "out" / name).read_bytes()).hexdigest()
        for name in ("report.html", "audit.json", "run.json")
    }
    assert found == files | {"model": "1" * 64, "counterpart": "2" * 64}


def test_time_and_signer_are_in_the_attestation_alone(folder):
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    _, said = read(ti.sign(folder / "out", folder / "key.pem", signer="Somebody Unusual"))
    time = datetime.strptime(said["predicate"]["tabinterpTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=5)
    after = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    assert after.pop("attestation.dsse.json") and after == before  # noqa: PT018
    document = audit().document
    given = {"signer": None, "now": datetime(2026, 1, 2, 5, 4, 5, tzinfo=UTC)}
    assert statement(document, {}, **given).predicate.time == "2026-01-02T05:04:05Z"


@pytest.mark.parametrize(
    ("kinds", "result", "warned", "failed"),
    [
        (("act", "check", "note"), "FAILED", ["proxy", "rare-level"], ["no-signal"]),
        (("check", "note"), "WARNED", ["proxy", "rare-level"], []),
        (("note",), "WARNED", ["rare-level"], []),
        ((), "PASSED", [], []),
    ],
)
def test_the_result_is_that_of_the_checks(kinds, result, warned, failed):
    found = statement(sample(kinds), {}).predicate
    assert (found.result, found.warned, found.failed) == (result, warned, failed)
    assert found.passed == ["worse-than-linear"]  # what does not apply was not run


def test_under_a_policy_the_result_is_that_of_its_gates(folder):
    (folder / "policy.toml").write_text(POLICY + WAIVER)
    arguments = ("sign", folder / "out", "--key", folder / "key.pem", "--policy", folder / "policy.toml")
    assert command(*arguments) == 0
    _, said = read(folder / "out" / "attestation.dsse.json")
    told = said["predicate"]
    assert (told["result"], told["warnedTests"], told["failedTests"]) == ("WARNED", ["finding:worse-than-linear"], [])
    assert told["passedTests"] == ["finding:unsafe-model-file"]
    assert told["configuration"][-1] == {
        "name": "policy.toml",
        "digest": {"sha256": hashlib.sha256((POLICY + WAIVER).encode()).hexdigest()},
    }
    (folder / "policy.toml").write_text(POLICY)
    assert command(*arguments) == 0
    _, said = read(folder / "out" / "attestation.dsse.json")
    assert (said["predicate"]["result"], said["predicate"]["failedTests"]) == ("FAILED", ["finding:worse-than-linear"])


def test_the_code_has_the_digest_that_sha256sum_gives(folder):
    said = statement(audit().document, {})
    (code, _) = said.predicate.configuration
    script = (
        "find . -type f -not -path '*/__pycache__/*' -not -path './datasets/*' | cut -c3- | LC_ALL=C sort"
        " | xargs sha256sum | sha256sum | cut -f1 -d' '"
    )
    shell = subprocess.run(["sh", "-c", script], cwd=PACKAGE, capture_output=True, text=True, check=True)
    assert code.digest == {"dirHash": shell.stdout.strip()}
    assert code.uri == f"pkg:pypi/tabinterp@{audit().document.method.version}"


# ---- what verify says


def test_a_signed_folder_is_found_to_be_so(folder, capsys):
    assert command("sign", folder / "out", "--key", folder / "key.pem", "--signer", "A. Validator") == 0
    assert command("verify", folder / "out", "--key", folder / "key.pub.pem") == 0
    told = capsys.readouterr().out
    assert "Signed by A. Validator at 2" in told
    assert "Attested result: FAILED." in told
    assert told.count("is unchanged since it was signed") == 3
    assert command("verify", folder / "out") == 0
    assert "not checked" in capsys.readouterr().out


def test_an_attestation_elsewhere(folder):
    out = folder / "kept" / "sealed.json"
    assert command("sign", folder / "out", "--key", folder / "key.pem", "--out", out) == 0
    assert not (folder / "out" / "attestation.dsse.json").exists()
    assert failures(folder, key=folder / "key.pub.pem", attestation=out) == []
    (told,) = failures(folder, key=folder / "key.pub.pem")
    assert told.startswith("The attestation ")
    assert told.endswith(" is missing.")
    assert command("verify", folder / "out", "--key", folder / "key.pub.pem") == 1


@pytest.mark.parametrize("name", ["report.html", "audit.json", "run.json"])
def test_a_file_whose_digests_were_made_to_fit_is_run_check_the_signature(folder, name):
    sealed = ti.sign(folder / "out", folder / "key.pem")
    signature = sealed.read_bytes()
    other = audit(worse=False)  # a consistent folder that says less
    ti.write_folder(other, folder / "out", {"seconds": {"encode": 1}})
    assert not sealed.exists()  # it was of the audit that was replaced
    sealed.write_bytes(signature)
    assert failures(folder) == []
    told = failures(folder, key=folder / "key.pub.pem")
    assert [line for line in told if line.startswith(f"{name} differs from the signed file")]


def test_another_key_does_not_open_it(folder):
    ti.sign(folder / "out", folder / "key.pem")
    other = ed25519.Ed25519PrivateKey.generate()
    (folder / "other.pem").write_bytes(public_pem(other))
    (told,) = failures(folder, key=folder / "other.pem")
    assert "was not signed with the private key that matches" in told
    assert command("verify", folder / "out", "--key", folder / "other.pem") == 1


def changed(folder: Path, change) -> list[str]:
    path = ti.sign(folder / "out", folder / "key.pem")
    sealed, said = read(path)
    change(sealed, said)
    path.write_text(json.dumps(sealed))
    assert command("verify", folder / "out", "--key", folder / "key.pub.pem") == 1
    return failures(folder, key=folder / "key.pub.pem")


def put(sealed: dict, said: dict) -> None:
    sealed["payload"] = base64.b64encode(json.dumps(said).encode()).decode()


def test_another_result_in_the_payload_is_found(folder):
    def better(sealed, said):
        assert said["predicate"]["result"] == "FAILED"
        said["predicate"]["result"] = "PASSED"
        put(sealed, said)

    (told,) = changed(folder, better)
    assert "was changed after signing" in told


def test_another_payload_type_is_found(folder):
    def typed(sealed, _):
        sealed["payloadType"] = "text/plain"

    (told,) = changed(folder, typed)
    assert "was changed after signing" in told


def test_without_a_signature_it_is_not_signed(folder):
    def bare(sealed, _):
        sealed["signatures"] = []

    assert changed(folder, bare) == ["The attestation has no signature."]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b'{"payload": "?", "payloadType": 1, "signatures": 3}']
)
def test_what_is_no_envelope_is_told(folder, content):
    (folder / "out" / "attestation.dsse.json").write_bytes(content)
    (told,) = failures(folder, key=folder / "key.pub.pem")
    assert told.startswith("The attestation is not a DSSE envelope") or "no signature" in told


TWICE = {
    "the payload, first": lambda text: '{"payload": "e30=",' + text[1:],
    "the payload, last": lambda text: text.rstrip()[:-1] + ', "payload": "e30="}',
    "the payload, spelt otherwise": lambda text: '{"p\\u0061yload": "e30=",' + text[1:],
    "the type": lambda text: '{"payloadType": "text/plain",' + text[1:],
    "the signatures": lambda text: '{"signatures": [],' + text[1:],
    "a signature": lambda text: text.replace('"sig":', '"sig": "AAAA", "sig":'),
}


@pytest.mark.parametrize("what", TWICE)
def test_a_field_that_is_named_twice_is_refused(folder, what):
    """One reader takes the first of the two, another the last: only one of them was signed."""
    path = ti.sign(folder / "out", folder / "key.pem")
    text = path.read_text()
    assert failures(folder, key=folder / "key.pub.pem") == []
    changed = TWICE[what](text)
    path.write_text(changed)
    (told,) = failures(folder, key=folder / "key.pub.pem")
    assert "The attestation is not a DSSE envelope" in told
    assert "the same field occurs twice" in told


def test_an_envelope_is_text_in_utf_8(folder):
    """RFC 8259; a reader that takes the bytes for another encoding reads something else."""
    path = ti.sign(folder / "out", folder / "key.pem")
    path.write_bytes(path.read_text().encode("utf-16"))
    (told,) = failures(folder, key=folder / "key.pub.pem")
    assert "The attestation is not a DSSE envelope" in told


def signed_as(folder: Path, kind: str, body: bytes) -> None:
    """Something else, signed with the right key."""
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    ti.sign(folder / "out", folder / "key.pem")
    path = folder / "out" / "attestation.dsse.json"
    sealed, _ = read(path)
    sealed |= {"payload": base64.b64encode(body).decode(), "payloadType": kind}
    sealed["signatures"][0]["sig"] = base64.b64encode(key.sign(pae(kind, body))).decode()
    path.write_text(json.dumps(sealed))


def test_a_right_signature_of_something_else_is_told(folder):
    signed_as(folder, "text/plain", b"hello")
    assert failures(folder, key=folder / "key.pub.pem") == [
        f"The attestation is signed, but the type of its contents is text/plain instead of {TYPE}."
    ]
    signed_as(
        folder, TYPE, b'{"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1"}'
    )
    (told,) = failures(folder, key=folder / "key.pub.pem")
    assert "is not an in-toto Statement v1 with the predicate test-result" in told


def test_a_statement_that_leaves_a_file_out_or_names_another_model_is_found(folder):
    _, said = read(ti.sign(folder / "out", folder / "key.pem"))
    said["subject"] = [one | {"digest": {"sha256": "3" * 64}} for one in said["subject"] if one["name"] == "model"]
    signed_as(folder, TYPE, json.dumps(said).encode())
    told = failures(folder, key=folder / "key.pub.pem")
    names = ("report.html", "audit.json", "run.json")
    assert told[:3] == [f"{name} is not among the signed files." for name in names]
    assert told[3].startswith("The signed model has the SHA-256 333")


# ---- keys


def test_a_folder_that_is_not_as_it_was_written_is_not_signed(folder):
    with (folder / "out" / "run.json").open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(
        DocumentError,
        match=r"was not signed, because it failed verification: run\.json was changed after it was written",
    ):
        ti.sign(folder / "out", folder / "key.pem")
    assert command("sign", folder / "out", "--key", folder / "key.pem") == 2
    assert not (folder / "out" / "attestation.dsse.json").exists()


def test_an_encrypted_key_asks_for_its_passphrase(folder, monkeypatch, capsys):
    key = ed25519.Ed25519PrivateKey.generate()
    (folder / "locked.pem").write_bytes(pem(key, b"open \xc3\xa9"))
    (folder / "key.pub.pem").write_bytes(public_pem(key))
    arguments = ("sign", folder / "out", "--key", folder / "locked.pem")
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115
    assert command(*arguments) == 2
    assert "Set the environment variable TABINTERP_PASSPHRASE" in capsys.readouterr().err
    for wrong in ("shut", ""):
        monkeypatch.setenv("TABINTERP_PASSPHRASE", wrong)
        assert command(*arguments) == 2
        assert "is wrong" in capsys.readouterr().err
    with pytest.raises(SignatureError, match="is encrypted"):
        ti.sign(folder / "out", folder / "locked.pem")
    monkeypatch.setenv("TABINTERP_PASSPHRASE", "open é")
    assert command(*arguments) == 0
    assert failures(folder, key=folder / "key.pub.pem") == []


def test_keys_that_cannot_be_used_are_told(folder, capsys):
    curve = ec.generate_private_key(ec.SECP256R1())
    (folder / "curve.pem").write_bytes(pem(curve))
    (folder / "curve.pub.pem").write_bytes(public_pem(curve))
    (folder / "noise.pem").write_bytes(b"noise")
    signing = {
        "nowhere.pem": "cannot be read: No such file",
        "key.pub.pem": "is a public key",
        "curve.pem": "only Ed25519 keys are supported",
        "noise.pem": "openssl genpkey -algorithm ed25519",
    }
    checking = {
        "nowhere.pem": "cannot be read: No such file",
        "key.pem": "is a private key",
        "curve.pub.pem": "only Ed25519 keys are supported",
        "noise.pem": "openssl pkey -in key.pem -pubout",
    }
    ti.sign(folder / "out", folder / "key.pem")
    for what, cases in (("sign", signing), ("verify", checking)):
        for name, words in cases.items():
            assert command(what, folder / "out", "--key", folder / name) == 2
            assert words in capsys.readouterr().err


def test_without_the_library_it_is_said_how_to_get_it(folder, monkeypatch):
    for name, missing in (("securesystemslib", "securesystemslib"), ("cryptography.hazmat.primitives", "cryptography")):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            with pytest.raises(
                SignatureError,
                match=rf"{missing}, which is not installed. Install it with: pip install 'tabinterp\[sign\]'",
            ):
                ti.sign(folder / "out", folder / "key.pem")


def test_an_envelope_of_two_signers_opens_with_either(folder):
    """DSSE allows several signatures; the key in hand must be of one of them."""
    path = ti.sign(folder / "out", folder / "key.pem")
    first, _ = read(path)
    other = ed25519.Ed25519PrivateKey.generate()
    (folder / "other.pem").write_bytes(pem(other))
    (folder / "other.pub.pem").write_bytes(public_pem(other))
    body = base64.b64decode(first["payload"])
    second = json.loads(envelope.seal(body, folder / "other.pem"))
    first["signatures"] += second["signatures"]
    path.write_text(json.dumps(first))
    for name in ("key.pub.pem", "other.pub.pem"):
        assert unseal(path.read_bytes(), folder / name) == body
    first["signatures"][1]["sig"] = first["signatures"][0]["sig"]
    path.write_text(json.dumps(first))
    with pytest.raises(BrokenSealError, match="wrong"):
        unseal(path.read_bytes(), folder / "other.pub.pem")
