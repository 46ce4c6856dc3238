"""The document as a CycloneDX 1.6 bill of materials: both models with their model cards, the table, and the libraries.

Source: https://cyclonedx.org/docs/1.6/json/ (ECMA-424). The bill of materials contains no timestamp, and its serial number is
derived from the document's digest. The same audit therefore always produces the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from typing import Any, Literal

from tabinterp.analyses.groups.record import Groups
from tabinterp.analyses.performance.record import Judged
from tabinterp.document.canonical import to_bytes
from tabinterp.document.document import Document, Interval, ModelInfo
from tabinterp.document.labels import labelled
from tabinterp.messages.names import plain_values
from tabinterp.report.sections.findings import voids
from tabinterp.report.words import plain, say, t

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
# measures of a group of people with intervals, and their names here; the mean prediction if nothing is selected
MEASURED = {
    "rate": "selection_rate",
    "ratio": "ratio_to_control_group",
    "ratio_most": "ratio_to_most_selected_group",
    "difference": "difference_to_control_group",
    "smd": "standardised_mean_difference",
}
MEAN = {"rate": "mean_prediction"}
UNSTATED = {"rate": "predicted_share"}  # if the adverse class was not stated, nobody is selected
# a field of the author's text -> its list in the model card
CONSIDERATIONS = {"intended_use": "useCases", "limits": "technicalLimitations"}
OWN = ("population", "reviewer", "role")  # fields of the author's text for which CycloneDX has no place

Which = Literal["network", "linear"]


def render_cyclonedx(document: Document) -> str:
    """Return the document as a CycloneDX 1.6 bill of materials in JSON."""
    digest = hashlib.sha256(to_bytes(document)).hexdigest()
    document = labelled(document)
    bom = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sha256:{digest}").urn,
        "version": 1,
        "metadata": {"tools": {"components": [_library("tabinterp", document.method.version, "application")]}},
        "components": [
            _model(document, "network", digest),
            _model(document, "linear", digest),
            *(_library(name, version) for name, version in sorted(document.method.libraries.items())),
        ],
    }
    return json.dumps(plain_values(bom), indent=1, ensure_ascii=False) + "\n"


def _library(name: str, version: str, kind: str = "library") -> dict[str, Any]:
    purl = f"pkg:{'generic' if name == 'python' else 'pypi'}/{name}@{version}"
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _model(document: Document, which: Which, digest: str) -> dict[str, Any]:
    model: ModelInfo = getattr(document, which)
    how = document.method
    file = how.settings.get(f"{which}_file_sha256")
    weights = how.model_digest if which == "network" else how.linear_digest
    return {
        "type": "machine-learning-model",
        "bom-ref": which,
        "name": plain(model.name),
        "description": t(f"cyclonedx.{which}"),
        **({} if file is None else {"hashes": [_hash(str(file))]}),
        "externalReferences": [{"type": "evidence", "url": "audit.json", "hashes": [_hash(digest)]}],
        "modelCard": {
            "modelParameters": _parameters(document, model),
            "quantitativeAnalysis": {"performanceMetrics": list(_metrics(document, which))},
            **(_considerations(document) if which == "network" else {}),
        },
        "properties": _properties(
            {
                "library": model.library,
                "parameters": model.parameters,
                "hidden_units": " ".join(map(str, model.hidden)),
                "weights_sha256": weights,
            }
        ),
    }


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _properties(values: dict[str, Any]) -> list[dict[str, str]]:
    """Return CycloneDX properties for values that have no field in CycloneDX. The names of the properties start with
    "tabinterp:". Missing values are left out.
    """
    told = {name: plain(str(value)) for name, value in values.items() if value not in (None, "")}
    return [{"name": f"tabinterp:{name}", "value": value} for name, value in told.items()]


def _parameters(document: Document, model: ModelInfo) -> dict[str, Any]:
    data = document.data
    family = "linear" if model.linear else "network" if model.hidden else "function"
    inputs = [column for column in data.columns if column.role == "input"]
    results = [t("cyclonedx.output.class", label=plain(label)) for label in data.classes]
    return {
        "approach": {"type": "supervised"},
        "task": t(f"cyclonedx.task.{data.task}"),
        "architectureFamily": t(f"cyclonedx.family.{family}"),
        "modelArchitecture": plain(model.name),
        "datasets": [_dataset(document)],
        "inputs": [
            {"format": t("cyclonedx.input", name=plain(column.name), kind=t(f"report.kind.{column.kind}"))}
            for column in inputs
        ],
        "outputs": [
            {"format": words} for words in results or [t(f"cyclonedx.output.{data.task}", name=plain(data.target))]
        ],
    }


def _dataset(document: Document) -> dict[str, Any]:
    data = document.data
    told = {
        "rows": data.rows,
        "training_rows": data.training_rows,
        "held_out_rows": data.held_out_rows,
        "target": data.target,
        "contents_hmac_sha256": document.method.data_digest or None,
    }
    return {"type": "dataset", "name": plain(data.name), "contents": {"properties": _properties(told)}}


# ---- numbers


def _metrics(document: Document, which: Which) -> Iterator[dict[str, Any]]:
    """Yield the metrics of a model with their 95% intervals: for all evaluated rows, for each class, and for each group of
    people.
    """
    whole = t(f"cyclonedx.slice.{'held_out' if document.performance.held_out else 'all'}")
    for row in document.performance.metrics:
        yield from _metric(row.metric, getattr(row, which), whole)
    judged, people = document.get(Judged), document.get(Groups)
    for one in () if judged is None else judged.classes:
        label = t("cyclonedx.slice.class", label=plain(one.output), rows=whole)
        yield from _metric(one.row.metric, getattr(one.row, which), label)
    groups = None if people is None else people.table
    measured = MEASURED | (MEAN if groups is not None and groups.of is None else {})
    if groups is not None and groups.of is not None and groups.favourable is None:
        measured = MEASURED | UNSTATED
    for group in () if groups is None else groups.columns:
        treated = getattr(group, which)
        if treated is not None:
            name = plain(", ".join(say(part) for part in group.group))
            for measure, kind in measured.items():
                yield from _metric(kind, getattr(treated, measure), name)


def _metric(kind: str, found: Interval, where: str) -> Iterator[dict[str, Any]]:
    if found.value is None:
        return
    told: dict[str, Any] = {"type": kind, "value": repr(found.value), "slice": where}
    if found.low is not None and found.high is not None:
        told["confidenceInterval"] = {"lowerBound": repr(found.low), "upperBound": repr(found.high)}
    yield told


# ---- the verdict, and the author's text


def _considerations(document: Document) -> dict[str, Any]:
    """Return the verdict and the author's text for the model card. Fields that the author left empty are omitted."""
    card, verdict = document.card, document.verdict
    told = {} if card is None else {name: plain(text) for name, text in card.model_dump().items() if text}
    placed = {place: [told[name]] for name, place in CONSIDERATIONS.items() if name in told}
    placed["performanceTradeoffs"] = [
        *map(plain, voids(document)),
        *(plain(say(one)) for one in (verdict.sentence, *verdict.lines)),
    ]
    own = _properties({name: told.get(name) for name in OWN})
    return {"considerations": placed} | ({"properties": own} if own else {})
