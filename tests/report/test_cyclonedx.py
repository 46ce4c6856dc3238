"""The bill of materials follows the published schema, says what the document says, and is the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import uuid
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

import tabinterp as ti
from tabinterp.document.evidence_rows import Card
from tabinterp.errors import DocumentError
from tabinterp.report.words import say
from tests.report.samples import SAMPLES
from tests.shared import every_nth
from tests.test_verification import command

DATA = Path(__file__).parent.parent / "data"


@cache
def validator() -> jsonschema.Draft7Validator:
    read = {
        name: json.loads((DATA / f"cyclonedx-{name}.schema.json").read_text("utf-8"))
        for name in ("bom-1.6", "spdx", "jsf-0.82")
    }
    home = read["bom-1.6"]["$id"].rpartition("/")[0]
    parts = [(f"{home}/{name}.SNAPSHOT.schema.json", Resource.from_contents(schema)) for name, schema in read.items()]
    return jsonschema.Draft7Validator(read["bom-1.6"], registry=Registry().with_resources(parts))


def models(bom: dict) -> dict[str, dict]:
    return {one["bom-ref"]: one for one in bom["components"] if one["type"] == "machine-learning-model"}


def test_the_schema_refuses_what_it_should():
    bom = json.loads(ti.Audit(SAMPLES["nothing"]()).to_cyclonedx())
    for wrong in (
        {"specVersion": 1.6},
        {"serialNumber": "1"},
        {"components": [{"type": "model", "name": "x"}]},
        {"extra": 1},
    ):
        assert not validator().is_valid(bom | wrong), wrong
    bom["components"][0]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"].append(
        {"type": "auc", "value": 0.5}
    )
    assert not validator().is_valid(bom)  # numbers are text there


@pytest.mark.parametrize("name", every_nth(2, SAMPLES))
def test_it_follows_the_published_schema(name):
    document = SAMPLES[name]()
    for card in (None, Card(intended_use="x", limits="y", population="z", reviewer="r", role="s")):
        bom = json.loads(ti.Audit(document.model_copy(update={"card": card})).to_cyclonedx())
        validator().validate(bom)
        references = [one["bom-ref"] for one in bom["components"]]
        assert len(set(references)) == len(references)


def test_numbers_are_those_of_the_document():
    document = SAMPLES["binary"]()
    found = models(json.loads(ti.Audit(document).to_cyclonedx()))
    for which, model in found.items():
        told = {
            (one["type"], one["slice"]): one for one in model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
        }
        for row in document.performance.metrics:
            one, number = told[row.metric, "held-out rows"], getattr(row, which)
            assert float(one["value"]) == number.value
            ends = one["confidenceInterval"]
            assert (float(ends["lowerBound"]), float(ends["upperBound"])) == (number.low, number.high)
        shown = [row for row in document.groups.table.columns if row.network is not None]
        assert shown
        rates = [row for row in shown if getattr(row, which).rate.value is not None]
        assert sum(kind == "selection_rate" for kind, _ in told) == len(rates) > 0


def test_groups_that_are_held_back_are_not_in_it():
    document = SAMPLES["binary"]()
    rows = document.groups.table.columns
    names = {
        row.rows is None: say(row.group[0]) for row in rows if row.group[0].key in ("group.above", "group.between")
    }
    slices = {
        one["slice"]
        for model in models(json.loads(ti.Audit(document).to_cyclonedx())).values()
        for one in model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    }
    assert names[False] in slices
    assert names[True] not in slices


def test_files_weights_data_and_document_are_named_by_their_digests():
    document = SAMPLES["binary"]()
    settings = document.method.settings | {"network_file_sha256": "1" * 64}
    document = document.model_copy(update={"method": document.method.model_copy(update={"settings": settings})})
    audit = ti.Audit(document)
    bom = json.loads(audit.to_cyclonedx())
    network, linear = models(bom)["network"], models(bom)["linear"]
    assert network["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert "hashes" not in linear  # fitted by the audit: there is no file
    digest = hashlib.sha256(audit.to_json()).hexdigest()
    assert network["externalReferences"][0]["hashes"][0]["content"] == digest
    assert bom["serialNumber"] == f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'urn:sha256:{digest}')}"
    (table,) = network["modelCard"]["modelParameters"]["datasets"]
    assert {"name": "tabinterp:contents_hmac_sha256", "value": "cd" * 32} in table["contents"]["properties"]
    libraries = {one["purl"] for one in bom["components"] if one["type"] == "library"}
    assert libraries == {"pkg:pypi/numpy@2.3.1", "pkg:pypi/torch@2.9.0"}


def test_the_authors_text_stands_where_it_was_supplied_and_nothing_in_its_place():
    document = SAMPLES["nothing"]().model_copy(update={"card": None})
    told = {"performanceTradeoffs": [say(one) for one in (document.verdict.sentence, *document.verdict.lines)]}
    assert models(json.loads(ti.Audit(document).to_cyclonedx()))["network"]["modelCard"]["considerations"] == told
    document = document.model_copy(update={"card": Card(limits="not below 18", population="applicants")})
    card = models(json.loads(ti.Audit(document).to_cyclonedx()))["network"]["modelCard"]
    assert card["considerations"] == {"technicalLimitations": ["not below 18"]} | told
    assert card["properties"] == [{"name": "tabinterp:population", "value": "applicants"}]


def test_the_command_writes_the_same_bytes_each_time(tmp_path):
    document = SAMPLES["nothing"]()
    path = tmp_path / "audit.json"
    path.write_bytes(ti.Audit(document).to_json())
    for name in ("one.json", "two.json"):
        assert command("render", path, "--out", tmp_path / name, "--format", "cyclonedx") == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert "timestamp" not in (tmp_path / "one.json").read_text("utf-8")
    assert command("render", path, "--out", tmp_path / "three", "--format", "word") == 2
    with pytest.raises(DocumentError, match="can be rendered as html, "):
        ti.Audit(document).view("word")
