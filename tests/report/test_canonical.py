"""The document as bytes: canonical, read strictly, refused in words."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from tabinterp.document.canonical import from_bytes, schema_bytes, to_bytes
from tabinterp.errors import DocumentError
from tabinterp.report.html import render
from tests.report.samples import SAMPLES, regression
from tests.shared import every_nth, published_schema


@pytest.mark.parametrize("name", every_nth(4, SAMPLES))
def test_round_trip_keeps_bytes_and_report(name, undrawn_but_named):
    document = SAMPLES[name]()
    data = to_bytes(document)
    again = from_bytes(data)
    assert to_bytes(again) == data
    assert render(again) == render(document)


@pytest.mark.parametrize("name", every_nth(2, SAMPLES))
def test_samples_follow_the_published_schema(name):
    published_schema().validate(json.loads(to_bytes(SAMPLES[name]())))


def test_the_published_schema_is_the_model_s():
    published = files("tabinterp.document").joinpath("audit-1.schema.json").read_bytes()
    assert published == schema_bytes()
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


def changed(place, value):
    found = json.loads(to_bytes(regression()))
    part = found
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    return json.dumps(found).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["not JSON"]),
        (b"\xff", ["not JSON"]),
        (b"[1]", ["object", "list"]),
        (b'{"schema_version": "1.0", "schema_version": "1.0"}', ["schema_version", "twice"]),
        (b'{"schema_version": NaN}', ["NaN"]),
        (b"{}", ["schema_version", "none", "1.0"]),
        (changed(["schema_version"], "2.0"), ["'2.0'", "'1.0'"]),
        (changed(["data", "rows"], "many"), ["data.rows", "'many'", "whole number"]),
        (changed(["data", "rows"], "20000"), ["data.rows"]),
        (changed(["data", "extra"], 1), ["data.extra"]),
        (changed(["verdict", "status"], "great"), ["verdict.status", "'great'", "'better'"]),
        (changed(["verdict", "sentence", "key"], "no.such"), ["verdict.sentence", "no.such"]),
        (changed(["verdict", "sentence", "values"], {}), ["verdict.sentence", "linear"]),
        (changed(["data", "split", "key"], ["a"]), ["data.split.key"]),
    ],
)
def test_refusals_say_what_was_found_and_what_is_allowed(data, words):
    with pytest.raises(DocumentError) as caught:
        from_bytes(data)
    for word in words:
        assert word in str(caught.value)


def test_an_integer_that_json_cannot_hold_is_refused():
    document = regression()
    method = document.method.model_copy(update={"seed": 2**60})
    with pytest.raises(DocumentError, match="canonical"):
        to_bytes(document.model_copy(update={"method": method}))
