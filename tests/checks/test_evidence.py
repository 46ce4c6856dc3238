"""Evidence for clauses: by what the document holds, and never more."""

from __future__ import annotations

import csv
import io
import types
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

import tabinterp as ti
from tabinterp import messages
from tabinterp.analyses import ANALYSES
from tabinterp.auditing.result import judged
from tabinterp.checks.evidence.clauses import Mapping, built_in, evidence
from tabinterp.document.document import Document
from tabinterp.document.evidence_rows import Card
from tabinterp.errors import PolicyError
from tests.report import samples
from tests.report.anchors import sections

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def document():
    return samples.binary()


def mapping(fields: list[str], mark: str = "S") -> Mapping:
    cited = [{"instrument": "own", "clause": "1", "mark": mark}]
    return Mapping.model_validate(
        {
            "instruments": {"own": {"name": "Our rules", "version": "1"}},
            "clause": [{"section": "method", "fields": fields, "cited": cited}],
        }
    )


def own(document, fields, **given):
    return next(row for row in evidence(document, [mapping(fields)], **given) if row.instrument == "Our rules")


def members(kind):
    """The models behind an annotation."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [found for part in typing.get_args(kind) for found in members(part)]


def exists(kinds, path):
    if not path:
        return True
    if path[0] == "analyses":  # a record for each analysis
        return exists([next(one.kind for one in ANALYSES if one.name == path[1])], path[2:])
    found = [kind.model_fields[path[0]] for kind in kinds if path[0] in kind.model_fields]
    return bool(found) and (len(path) == 1 or exists([m for f in found for m in members(f.annotation)], path[1:]))


@pytest.mark.parametrize("clause", built_in().clause, ids=lambda clause: clause.section)
def test_every_field_that_a_clause_needs_is_one_of_the_document(clause):
    for field in clause.fields:
        assert exists([Document], [part.partition("=")[0] for part in field.split(".")]), field
    assert clause.section in sections()
    assert {cited.instrument for cited in clause.cited} <= set(built_in().instruments)


def test_supplied_partial_and_not_supplied(document):
    name = document.performance.metrics[0].metric
    for fields, status, missing in (
        (["method.seed", "performance.metrics"], "supplied", []),
        ([f"performance.metrics.metric={name}", "method.seed"], "supplied", []),
        ([f"performance.metrics.metric={name}.network.value"], "supplied", []),
        (["performance.metrics.metric=gini", "method.seed"], "partial", ["performance.metrics.metric=gini"]),
        (["card.population"], "not_supplied", ["card.population"]),
    ):
        row = own(document, fields)
        assert (row.status, row.missing) == (status, missing)


def test_a_document_without_a_reading_supplies_nothing_of_it(document):
    bare = document.model_copy(update={"calibration": None})
    before, after = ({(r.instrument, r.clause): r.status for r in evidence(d)} for d in (document, bare))
    assert {before[key] for key in before if before[key] != after[key]} == {"supplied"}
    assert {after[key] for key in before if before[key] != after[key]} == {"partial"}


def test_clauses_from_memory_are_left_out_unless_asked_for(document):
    assert all(row.mark != "M" for row in evidence(document))
    assert any(row.mark == "M" for row in evidence(document, unverified=True))


def test_no_sentence_says_that_a_model_complies(document, undrawn):
    """The words of figures are among all sentences."""
    page = ti.Audit(judged(document)).to_html().lower()
    assert "evidence that is relevant to clauses" in page
    assert "compliant" not in page
    for text in messages.english().values():
        assert "compliant" not in text.lower()
    for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        assert "compliant" not in path.read_text("utf-8").lower()


def test_the_authors_text_is_shown_as_it_is_and_its_absence_is_told(document, undrawn):
    card = Card(intended_use="<b>Rank</b> applications")
    page = ti.Audit(document).annotate(card).to_html()
    assert "&lt;b&gt;Rank&lt;/b&gt; applications" in page
    assert page.count("not supplied") >= 4


def test_csv_has_a_line_for_each_clause_and_no_formula(document):
    found = mapping(["method.seed"])
    found = found.model_copy(
        update={"instruments": {"own": found.instruments["own"].model_copy(update={"name": "=1+1"})}}
    )
    rows = list(csv.DictReader(io.StringIO(ti.Audit(document).evidence([found]))))
    assert len(rows) == len(evidence(document, [found]))
    assert rows[-1]["instrument"] == "'=1+1"
    assert types.SimpleNamespace(**rows[-1]).status == "supplied"


def test_files_are_read_or_refused_in_words(tmp_path, document):
    path = tmp_path / "card.toml"
    path.write_text('intended_use = "x"\nreviewer = "A"')
    assert ti.read_card(path) == Card(intended_use="x", reviewer="A")
    path.write_text('purpose = "x"')
    allowed = "intended_use, out_of_scope, population, limits, ethics, developer, licence, reviewer, role"
    with pytest.raises(PolicyError, match=rf"purpose: this field is unknown; correct its name .*{allowed}"):
        ti.read_card(path)
    path.write_text(
        "[instruments]\n[[clause]]\nsection='x'\nfields=['verdict']\ncited=[{instrument='a', clause='1', mark='S'}]"
    )
    with pytest.raises(PolicyError, match="cites the unknown instrument 'a'; the mapping defines none"):
        ti.read_mapping(path)
    path.write_text("a = [")
    with pytest.raises(PolicyError, match="not valid TOML"):
        ti.read_mapping(path)
    with pytest.raises(PolicyError, match="cannot be read"):
        ti.read_card(tmp_path / "none.toml")
