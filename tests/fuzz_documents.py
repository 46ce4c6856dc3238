"""Changed documents and policies: refused in words, never believed, never live on a page. `make fuzz` runs it for long."""

from __future__ import annotations

import argparse
import copy
import json
import random
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import tabinterp as ti
from tabinterp.checks.gate.exporters import FORMATS
from tabinterp.checks.gate.policy import LONGEST_WAIVER
from tabinterp.errors import TabinterpError
from tests.honest import honest, light
from tests.report.samples import SAMPLES

MARKUP = (
    "<x-fuzz onfuzz=1>", "\"><x-fuzz onfuzz=1>", "' onfuzz='1", "\" onfuzz=\"1", "</script><x-fuzz>", "</style><x-fuzz>",
    "--><x-fuzz>", "]]><x-fuzz>", "&lt;x-fuzz&gt;", "<a href='javascript:fuzz'>", "javascript:fuzz", "{{ 7 * 7 }}", "{% fuzz %}",
)  # fmt: skip
TEXTS = (
    *MARKUP,
    "",
    " ",
    "\x00",
    "\x1b[31m",
    "\u202eevil",
    "\ud800",
    "𝕬" * 50,
    "{x}",
    "{0.__class__}",
    "verdict.better",
    "raised",
)
NUMBERS = (
    0, -1, 1, 2**31, 2**53, 2**63, -(2**63), 10**400, 1e308, -1e308, 5e-324, 1e-9, -0.0, 0.5, True, False, None,
)  # fmt: skip
RAW = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"-1e999",
    b"1" * 5000,
    b"[" * 3000,
    b'{"a":' * 3000,
    b'"\\ud800"',
    b"\xff",
)
RICH_EVERY = 25  # one example in so many is of a document with every section, whose page takes long


# ---- documents


def mutate_documents(examples: int, seed: int) -> dict[str, int]:
    """Change a document in 1 to 3 places, so many times; return how often each answer came.

    Only errors of our own may come out. No changed document may pass `check`: as it was written, it raises a finding of severity
    "act". A page may hold no markup that a changed text brought in.
    """
    draw, counts = random.Random(seed), Counter[str]()
    poor, rich = (json.loads(one.to_json()) for one in (light(), ti.Audit(honest(SAMPLES["count"]()))))
    for example in range(examples):
        data = _changed(rich if example % RICH_EVERY == RICH_EVERY - 1 else poor, draw)
        try:
            counts[_answer(data)] += 1
        except Exception as error:
            error.add_note(f"example {example} of seed {seed}")
            raise
    return dict(counts)


def _answer(data: bytes) -> str:
    try:
        audit = ti.Audit.from_json(data)
    except TabinterpError as error:
        return "not read" if str(error) else "an error without words"
    try:
        decision = audit.check()
    except TabinterpError:
        checked = "not judged"
    else:
        assert not decision.passed, "a changed document passes"
        checked = decision.exit_code.name.lower()
        for form in FORMATS:
            assert ti.format_decision(decision, form)
    try:
        page = audit.to_html()
    except TabinterpError:
        return f"{checked}, not rendered"
    found = _Live()
    found.feed(page)
    found.close()
    assert not found.live, found.live
    return f"{checked}, rendered"


class _Live(HTMLParser):
    """What of `MARKUP` a browser would take for markup."""

    def __init__(self) -> None:
        super().__init__()
        self.live: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "onfuzz" or (value or "").strip().lower().startswith("javascript:"):
                self.live.append(f"{name}={value}")
        if tag == "x-fuzz":
            self.live.append(tag)


def _changed(whole: dict[str, Any], draw: random.Random) -> bytes:
    found = copy.deepcopy(whole)
    for _ in range(draw.randint(1, 3)):
        draw.choice((_any, _any, _any, _finding, _finding, _message))(found, draw)
    if found == whole:
        found["findings"] = found["findings"][1:]
    data = json.dumps(found, ensure_ascii=draw.random() < 0.5, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _bytes(data, draw) if draw.random() < 0.2 else data


def _places(part: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    found = []
    for key, value in items:
        found += [(part, key), *_places(value)]
    return found


def _any(found: dict[str, Any], draw: random.Random) -> None:
    """A value anywhere: another, of another type, gone, twice, or that of another place."""
    places = _places(found)
    part, key = draw.choice(places)
    value = part[key]
    how = draw.randrange(7)
    if how == 0:
        part[key] = draw.choice(TEXTS)
    elif how == 1:
        part[key] = draw.choice(NUMBERS)
    elif how == 2 and isinstance(value, (int, float)):
        part[key] = draw.choice((-value, value * 2, value / 2, value + 1, value * (1 + 1e-12), 1 - value))
    elif how == 3:
        del part[key]
    elif how == 4:
        other, place = draw.choice(places)
        part[key] = copy.deepcopy(other[place])
    elif how == 5:
        part[key] = _nested(draw.choice((2, 20, 200)), value)
    elif isinstance(part, list):
        part.insert(draw.randrange(len(part) + 1), copy.deepcopy(value))
    else:
        part[draw.choice(TEXTS)] = value


def _finding(found: dict[str, Any], draw: random.Random) -> None:
    """What somebody would do to make a document pass."""
    findings = found.get("findings")
    if not isinstance(findings, list) or not findings:
        return
    one = draw.choice(findings)
    how = draw.randrange(5)
    if how == 0:
        found["findings"] = []
    elif how == 1:
        found["findings"] = [each for each in findings if each is not one]
    elif isinstance(one, dict) and how == 2:
        one["status"] = draw.choice(("cleared", "not_applicable", "raised", "CLEARED", ""))
    elif isinstance(one, dict) and how == 3:
        one["severity"] = draw.choice(("note", "check", "act", "none"))
    else:
        for each in findings:
            if isinstance(each, dict):
                each["status"], each["severity"] = "cleared", "note"


def _message(found: dict[str, Any], draw: random.Random) -> None:
    """A sentence of another key, or with other values."""
    messages = [value for part, key in _places(found) if isinstance(value := part[key], dict) and "values" in value]
    if not messages:
        return
    one, other = draw.choice(messages), draw.choice(messages)
    if draw.random() < 0.3:
        one["key"] = other.get("key")
    elif isinstance(one["values"], dict):
        for name in one["values"]:
            one["values"][name] = draw.choice((*TEXTS, *NUMBERS, [draw.choice(TEXTS)], copy.deepcopy(other)))


def _nested(depth: int, value: Any) -> Any:
    for _ in range(depth):
        value = {"key": "verdict.scope", "values": {"base": value}}
    return value


def _bytes(data: bytes, draw: random.Random) -> bytes:
    """What no writer of JSON gives: a name twice, a number that is none, bytes at random."""
    how, at = draw.randrange(4), draw.randrange(len(data))
    if how == 0:
        return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
    if how == 1:
        return data[:at]
    if how == 2:
        start = data.index(b"{", min(at, data.rindex(b"{"))) + 1
        return data[:start] + b'"findings":[],' + data[start:]
    start = data.index(b":", min(at, data.rindex(b":"))) + 1
    return data[:start] + draw.choice(RAW) + data[start:]


# ---- policies

POLICY = """
name = "credit scoring"
[verdict]
owner = "Model risk"
allowed = ["better", "equivalent"]
[[metric]]
owner = "Model risk"
metric = "log_loss"
of = "network"
at_most = 0.75
by = "interval"
missing = "fail"
[[severity]]
severity = "act"
owner = "Model risk"
[[finding]]
finding = "near-leak"
owner = "Validation"
not_applicable = "pass"
limits = {{ auc = 0.85 }}
[[waiver]]
gate = "finding:worse-than-linear"
reason = "known"
name = "A. Reviewer"
expires = {expires}
"""
VALUES = (
    "true", "false", "nan", "inf", "-inf", "0", "-1", "1e308", "4102444800", "9999-12-31", "0001-01-01", "2027-01-01T00:00:00",
    "07:32:00", "'x'", "''", "' '", "'\u200b'", "'\u3164'", "'-'", "[]", "{}", "[[1]]", "{a = {b = 1}}", "[" * 2000, "1" * 5000,
    "'<x-fuzz onfuzz=1>'", '"\\u202e"', '"\\u001b[31m"', "'act'", "'verdict'", "['better']", "['act']", "0.9",
)  # fmt: skip


def mutate_policies(examples: int, seed: int) -> dict[str, int]:
    """Change a policy in 1 to 3 places, so many times; return how often each answer came.

    Only errors of our own may come out. A policy that is read demands something of an audit, is owned by somebody with a name,
    and waives nothing for longer than a year.
    """
    draw, counts = random.Random(seed), Counter[str]()
    today = datetime.now(UTC).date()
    text, audits = POLICY.format(expires=today + timedelta(days=30)), (light(), light(worse=False))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.toml"
        for example in range(examples):
            path.write_bytes(_changed_policy(text, draw))
            try:
                counts[_held(path, audits)] += 1
            except Exception as error:
                error.add_note(f"example {example} of seed {seed}: {path.read_text('utf-8', 'replace')}")
                raise
    return dict(counts)


def _held(path: Path, audits: tuple[ti.Audit, ...]) -> str:
    try:
        policy, _ = ti.read_policy(path)
    except TabinterpError as error:
        return "not read" if "policy.toml" in str(error) else "an error that names no file"
    today = datetime.now(UTC).date()
    assert policy.gates()
    assert all((waiver.expires - today).days <= LONGEST_WAIVER for waiver in policy.waiver)
    demands = [*policy.metric, *policy.finding, *policy.severity, *([policy.verdict] if policy.verdict else [])]
    names = [policy.name, *(one.owner for one in demands)]
    names += [text for waiver in policy.waiver for text in (waiver.name, waiver.reason)]
    assert all(any(one.isalnum() for one in name) for name in names)
    bounds = [bound for one in policy.metric for bound in (one.at_least, one.at_most)]
    assert not any(isinstance(bound, bool) for bound in bounds)
    for audit in audits:
        decision = audit.check(policy)
        assert len(decision.gates) == len(policy.gates())
        assert all(ti.format_decision(decision, form) for form in FORMATS)
    return "held"


def _changed_policy(text: str, draw: random.Random) -> bytes:
    lines = text.splitlines()
    for _ in range(draw.randint(1, 3)):
        at, how = draw.randrange(len(lines)), draw.randrange(6)
        name, equals, _value = lines[at].partition(" = ")
        if how == 0:
            lines[at] = ""
        elif how == 1:
            lines.insert(at, draw.choice(lines))
        elif how == 2:
            lines[at], other = draw.choice(lines), lines[at]
            lines.append(other)
        elif equals:
            lines[at] = f"{name} = {draw.choice(VALUES)}"
    data = "\n".join(lines).encode()
    if draw.random() < 0.1:
        at = draw.randrange(len(data))
        data = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
    return data


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print("documents", mutate_documents(asked.examples, asked.seed))
    print("policies", mutate_policies(asked.examples, asked.seed))
