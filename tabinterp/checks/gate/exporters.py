"""Export of a gate decision as text, JSON, Markdown, JUnit XML or SARIF.

Names from a table, a policy or a file are untrusted. For each format, one function cleans them: `tidy` for a line of text,
`plain_values` for JSON, `escaped` for Markdown, `_xml` for XML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

from tabinterp import __version__, messages
from tabinterp.document.document import Message
from tabinterp.errors import PolicyError
from tabinterp.messages.language import SOURCE, speaking
from tabinterp.messages.names import plain, plain_values, tidy
from tabinterp.report.formats.markdown import escaped, line
from tabinterp.report.sections.findings import detectable

from .gate import Decision, Gate

SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"act": "error", "check": "warning", "note": "note"}
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML 1.0 does not allow

Identity = Mapping[str, str]  # path and SHA-256 of the audit and of the policy


def as_text(decision: Decision, identity: Identity) -> str:
    """Return a decision as text for a terminal, with failures first."""
    lines = [_head(decision), ""]
    names = {id(gate): tidy(gate.name) for gate in decision.gates}
    width = max(map(len, names.values()))
    room = max(len(gate.status) for gate in decision.gates) + 1
    for gate in _worst_first(decision):
        lines.append(f"{gate.status:<{room}} {names[id(gate)]:<{width}}  {_statement(gate)}  [{tidy(gate.owner)}]")
        lines += [f"{'':<{room}} {'':<{width}}  {note}" for note in _notes(gate)]
    return "\n".join([*lines, "", *_summary(decision)])


def as_json(decision: Decision, identity: Identity) -> str:
    """Return a decision as JSON for programs."""
    return _json(
        {
            "tabinterp": __version__,
            "policy": decision.policy,
            "subject": decision.subject,
            "date": decision.on.isoformat(),
            "passed": decision.passed,
            "complete": decision.count("incomplete") == 0,
            **identity,
            "gates": [_plain(gate) for gate in decision.gates],
            "idle_waivers": [waiver.gate for waiver in decision.idle],
            "raised_without_gate": [*decision.without_gate],
        }
    )


def _plain(gate: Gate) -> dict[str, Any]:
    return {
        "gate": gate.name,
        "status": gate.status,
        "level": gate.level,
        "demand": _text(gate.demand),
        "found": _text(gate.found),
        "owner": gate.owner,
        "evidence": gate.evidence,
        "power": None if gate.power is None else gate.power.model_dump(mode="json"),
        "waiver": None if gate.waiver is None else gate.waiver.model_dump(mode="json"),
    }


def as_markdown(decision: Decision, identity: Identity) -> str:
    """Return a decision as Markdown, for a pull request or a wiki."""
    lines = [f"# {escaped(_head(decision))}", "", "| | gate | demand | found | owner |", "|---|---|---|---|---|"]
    for gate in _worst_first(decision):
        found = " ".join([_text(gate.found), *_notes(gate)])
        cells = (gate.status, gate.name, _text(gate.demand), found, gate.owner)
        lines.append(f"| {' | '.join(map(escaped, cells))} |")
    lines += ["", *map(line, _summary(decision)), ""]
    return "\n".join(lines + [f"{name}: `{value}`" for name, value in identity.items() if name.endswith("sha256")])


def as_junit(decision: Decision, identity: Identity) -> str:
    """Return a decision as JUnit XML. Each gate is exported as a test case, a waived gate as a skipped test, and an incomplete
    gate as an error.
    """
    counts = {
        "tests": len(decision.gates),
        "failures": decision.count("failed"),
        "errors": decision.count("incomplete"),
    }
    numbers = {name: str(count) for name, count in counts.items()}
    about = {"name": _xml(f"tabinterp: {decision.policy}"), "timestamp": f"{decision.on.isoformat()}T00:00:00"}
    suite = ElementTree.Element("testsuite", about | numbers | {"skipped": str(decision.count("waived"))})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in identity.items():
        ElementTree.SubElement(properties, "property", name=name, value=_xml(value))
    for gate in decision.gates:
        case = ElementTree.SubElement(suite, "testcase", classname="tabinterp", name=_xml(gate.name))
        statement = _xml(" ".join([_text(gate.demand), _text(gate.found), *_notes(gate)]))
        if gate.status in ("failed", "incomplete"):
            kind = "failure" if gate.status == "failed" else "error"
            ElementTree.SubElement(case, kind, type=gate.level, message=statement)
        elif gate.status == "waived":
            ElementTree.SubElement(case, "skipped", message=statement)
    top = ElementTree.Element("testsuites", numbers)
    top.append(suite)
    ElementTree.indent(top)
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=False)


def as_sarif(decision: Decision, identity: Identity) -> str:
    """Return a decision as SARIF 2.1.0 (OASIS 2020). Each failed or incomplete gate is exported as a result, and a waived gate as
    a suppressed result.
    """
    return _json(
        {
            "$schema": SARIF,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {"driver": {"name": "tabinterp", "version": __version__, "rules": _rules(decision)}},
                    "results": [_result(gate, identity) for gate in decision.gates if gate.status != "passed"],
                    "properties": {"policy": decision.policy, "subject": decision.subject, **identity},
                }
            ],
        }
    )


def _rules(decision: Decision) -> list[dict[str, Any]]:
    return [
        {
            "id": gate.name,
            "shortDescription": {"text": _unlinked(_text(gate.demand))},
            "defaultConfiguration": {"level": LEVELS[gate.level]},
            "properties": {"owner": gate.owner},
        }
        for gate in decision.gates
    ]


def _result(gate: Gate, identity: Identity) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": identity["audit"].replace("\\", "/")}}
    result: dict[str, Any] = {
        "ruleId": gate.name,
        "level": LEVELS[gate.level],
        "message": {"text": _unlinked(" ".join([_text(gate.found), *_notes(gate)]))},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"name": gate.evidence}]}],
        "partialFingerprints": {"gate": gate.name},
    }
    if gate.status == "waived":
        result["suppressions"] = [{"kind": "external", "justification": _unlinked(" ".join(_notes(gate)))}]
    return result


FORMATS: dict[str, Callable[[Decision, Identity], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "junit": as_junit,
    "sarif": as_sarif,
}


def format_decision(
    decision: Decision, form: str = "text", *, audit: str = "audit.json", lang: str = SOURCE, **identity: str
) -> str:
    """Return a decision as text, or in a format for other programs.

    Parameters
    ----------
    form : "text", "json", "markdown", "junit" (XML) or "sarif" (2.1.0).
    lang : language of the sentences. Names, statuses and keys are the same in all languages.
    audit : URI of the audit's document, which is included in SARIF.

    Raises
    ------
    PolicyError : if `form` is none of these formats.
    """
    if form not in FORMATS:
        raise PolicyError(f"unknown format {form!r}; choose one of {', '.join(FORMATS)}")
    with speaking(lang):
        return FORMATS[form](decision, {"audit": audit, **identity})


# ---- sentences


def _worst_first(decision: Decision) -> list[Gate]:
    rank = {"failed": 0, "incomplete": 1, "waived": 2, "passed": 3}
    return sorted(decision.gates, key=lambda gate: rank[gate.status])


def _text(message: Message) -> str:
    return tidy(messages.text(message.key, message.values))


def _statement(gate: Gate) -> str:
    """Return the demand of a gate and the result of the audit as text. For a check with default limits, return the sentence of
    the finding, which states both the demand and the result.
    """
    return _text(gate.found) if gate.demand.key == "gate.finding" else f"{_text(gate.demand)} {_text(gate.found)}"


def _notes(gate: Gate) -> list[str]:
    notes = [detectable(gate.power)] if gate.power is not None else []
    if gate.waiver is None:
        return notes
    key = "gate.waived" if gate.status == "waived" else "gate.expired"
    values = {"name": gate.waiver.name, "expires": gate.waiver.expires.isoformat(), "reason": gate.waiver.reason}
    return [*notes, tidy(messages.text(key, values))]


def _head(decision: Decision) -> str:
    values = {
        "network": decision.network,
        "table": decision.table,
        "policy": decision.policy,
        "on": decision.on.isoformat(),
    }
    return tidy(messages.text("gate.head", values))


def _summary(decision: Decision) -> list[str]:
    """Return the sentences about the whole decision, which are shown below the gates."""
    idle = [tidy(messages.text("gate.idle", {"gate": w.gate, "name": w.name})) for w in decision.idle]
    slugs = [*decision.without_gate]
    ungated = [tidy(messages.text("gate.ungated", {"count": len(slugs), "slugs": slugs}))] if slugs else []
    return [*idle, _count(decision), *ungated, messages.text("gate.files")]


def _count(decision: Decision) -> str:
    counts = {
        "passed": decision.count("passed"),
        "failed": decision.count("failed"),
        "waived": decision.count("waived"),
        "incomplete": decision.count("incomplete"),
    }
    key = "gate.count.incomplete" if counts["incomplete"] else "gate.count"
    return messages.text(key, {"gates": len(decision.gates), **counts})


def _xml(text: str) -> str:
    return NO_XML.sub("\ufffd", plain(text))


def _unlinked(text: str) -> str:
    """Return the text with links disabled. A SARIF viewer would treat `[words](address)` as a link even in plain text."""
    return text.replace("](", "] (")


def _json(value: Any) -> str:
    return json.dumps(plain_values(value), indent=1, ensure_ascii=False)
