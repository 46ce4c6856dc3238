"""The attestation of an audit: an in-toto Statement (predicate test-result) about the files in the audit's folder and the models.

Source: https://github.com/in-toto/attestation, spec/v1 and spec/predicates/test-result.md. The tests in the statement are the
checks of the audit, or the gates of a policy. The time of signing and the signer are recorded only in the attestation, so signing
does not change the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, get_args

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tabinterp.checks.gate.gate import Decision, Outcome
from tabinterp.document.document import Document, Finding

STATEMENT: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
TEST_RESULT: Literal["https://in-toto.io/attestation/test-result/v0.1"] = (
    "https://in-toto.io/attestation/test-result/v0.1"
)
MODELS = {"network": "model", "linear": "counterpart"}  # a model in the document's settings -> its name as a subject
COMPARED = "comparedWithFile"  # an annotation of a model: whether the signer compared its digest with its file


class _Part(BaseModel):
    """Base class of the parts of a statement. Unknown fields are ignored, as the specification requires."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Resource(_Part):
    name: str
    uri: str | None = None
    digest: dict[str, str]
    annotations: dict[str, str] | None = None


class Predicate(_Part):
    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: list[Resource]
    url: str | None = None
    passed: list[str] = Field(alias="passedTests")
    warned: list[str] = Field(alias="warnedTests")
    failed: list[str] = Field(alias="failedTests")
    time: str = Field(alias="tabinterpTime")  # UTC, RFC 3339
    signer: str | None = Field(None, alias="tabinterpSigner")


class Statement(_Part):
    type: Literal["https://in-toto.io/Statement/v1"] = Field(STATEMENT, alias="_type")
    subject: list[Resource]
    predicate_type: Literal["https://in-toto.io/attestation/test-result/v0.1"] = Field(
        TEST_RESULT, alias="predicateType"
    )
    predicate: Predicate

    def to_bytes(self) -> bytes:
        """Return the statement as canonical JSON (RFC 8785)."""
        return rfc8785.dumps(self.model_dump(by_alias=True, exclude_none=True))

    def digest_of(self, name: str) -> str | None:
        """Return the SHA-256 digest (hex) of the subject with this name, or None if there is no such subject."""
        found = self._subject(name)
        return None if found is None else found.digest.get("sha256")

    def was_compared(self, name: str) -> bool:
        """Return whether the signer checked the digest of a model against the model's file. `name` is the name of the model."""
        found = self._subject(name)
        return found is not None and (found.annotations or {}).get(COMPARED) == "true"

    def _subject(self, name: str) -> Resource | None:
        return next((one for one in self.subject if one.name == name), None)


def statement(
    document: Document,
    files: Mapping[str, str],
    *,
    decision: Decision | None = None,
    policy: tuple[str, str] | None = None,
    signer: str | None = None,
    url: str | None = None,
    compared: bool = False,
    now: datetime | None = None,
) -> Statement:
    """Create the statement about an audit.

    Parameters
    ----------
    files : name of a file -> SHA-256 digest (hex).
    decision : gate decision. If given, its gates are the tests in the statement. None: the checks of the audit are the tests.
    policy : file name and SHA-256 digest of the policy on which the decision is based.
    url : URL of a page with information about the run.
    compared : whether the digests of the models were compared with their files.
    now : time of signing; None: the current time.
    """
    passed, warned, failed = _checks(document.findings) if decision is None else _gates(decision)
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return Statement(
        subject=[Resource(name=name, digest={"sha256": digest}) for name, digest in files.items()]
        + _models(document, compared),
        predicate=Predicate(
            result="FAILED" if failed else "WARNED" if warned else "PASSED",
            configuration=_configuration(document, policy),
            url=url,
            passed=passed,
            warned=warned,
            failed=failed,
            time=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            signer=signer,
        ),
    )


def parse(payload: bytes) -> Statement | None:
    """Parse the statement in a payload. Return None if the payload is not a statement of this type."""
    try:
        return Statement.model_validate_json(payload)
    except ValidationError:
        return None


def _models(document: Document, compared: bool) -> list[Resource]:
    """Return an entry for each model file, with its digest. Models that were created in Python have no file."""
    settings = document.method.settings
    return [
        Resource(
            name=name,
            digest={"sha256": str(settings[f"{model}_file_sha256"])},
            annotations={"format": str(settings[f"{model}_file"]), COMPARED: str(compared).lower()},
        )
        for model, name in MODELS.items()
        if f"{model}_file_sha256" in settings
    ]


def _configuration(document: Document, policy: tuple[str, str] | None) -> list[Resource]:
    how = document.method
    code = Resource(name="tabinterp", uri=f"pkg:pypi/tabinterp@{how.version}", digest={"dirHash": how.code_digest})
    asked = Resource(name="configuration", digest={"sha256": how.configuration_digest})
    held_to = [] if policy is None else [Resource(name=policy[0], digest={"sha256": policy[1]})]
    return [code, asked, *held_to]


def _checks(findings: list[Finding]) -> tuple[list[str], list[str], list[str]]:
    """Return three lists with the names of checks: those that passed, those that count as warnings, and those that failed. Checks
    that do not apply are in none of the lists.
    """
    raised = [one for one in findings if one.status == "raised"]
    return (
        [one.slug for one in findings if one.status == "cleared"],
        [one.slug for one in raised if one.severity != "act"],
        [one.slug for one in raised if one.severity == "act"],
    )


def _gates(decision: Decision) -> tuple[list[str], list[str], list[str]]:
    """Return the names of the passed, the waived and the failed gates, as three lists. Incomplete gates count as failed."""
    names = {status: [gate.name for gate in decision.gates if gate.status == status] for status in get_args(Outcome)}
    return names["passed"], names["waived"], names["failed"] + names["incomplete"]
