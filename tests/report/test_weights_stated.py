"""Each analysis says how row weights enter it, in the document and on the page."""

from __future__ import annotations

from tabinterp.auditing.run_record import readings
from tabinterp.document.message import Message
from tabinterp.messages import text
from tabinterp.report.sections.method import _facts, _readings
from tests.report.samples import binary


def weighted(weighted=True, own=False):
    """A document whose table has weights, and whose linear model brings its own errors or does not."""
    document = binary()
    data = document.data.model_copy(update={"weighted": weighted})
    key = "coefficients.method.own.classes" if own else "coefficients.method.robust.classes"
    terms = document.coefficients.model_copy(update={"method": Message(key=key)})
    document = document.model_copy(update={"data": data, "coefficients": terms})
    method = document.method.model_copy(update={"readings": readings(document)})
    return document.model_copy(update={"method": method})


def cells(document):
    table = _readings(document)
    assert {len(row) for row in table.rows} == {len(table.head)}
    return {str(row[0].text): str(row[-1].text) for row in table.rows}


def test_every_analysis_takes_sampling_weights():
    document = weighted()
    assert {row.weights for row in document.method.readings} == {"sampling"}
    assert set(cells(document).values()) == {"sampling"}
    assert "sampling weights" in dict(_facts(document))[text("report.method.weighted")]


def test_a_linear_models_own_errors_are_those_of_its_fit():
    document = weighted(own=True)
    found = {row.reading.key: row.weights for row in document.method.readings}
    assert found.pop("rows_of.coefficients_linear") == "own"
    assert set(found.values()) == {"sampling"}
    assert "as used to fit the model" in cells(document).values()


def test_without_weights_nothing_is_said_of_them():
    document = weighted(False)
    assert {row.weights for row in document.method.readings} == {None}
    assert "sampling" not in cells(document).values()
    assert dict(_facts(document))[text("report.method.weighted")] == text("report.no")
