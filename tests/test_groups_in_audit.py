"""Groups, proxies and constraints in an audit: as the functions find them, told in the report, and asked for again by verify."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import tabinterp as ti
from tabinterp.cli.commands import app
from tabinterp.document.canonical import from_bytes, to_bytes
from tabinterp.document.claims import check
from tabinterp.errors import DocumentError, NotApplicableError, TabinterpError
from tabinterp.report.html import render
from tests import cases
from tests.report.samples import binary
from tests.shared import once_per_run

CONTROL = {"sex": "w"}
CONSTRAINTS = {"near": {"direction": "-", "low": -3.0}, "other": {"direction": "+"}}


@once_per_run
def audited() -> ti.Audit:
    """The network selects by `near`, which tells the sex that it does not read."""
    rng = np.random.default_rng(0)
    n = 1200
    sex = rng.random(n) < 0.5
    near, other = 2.5 * sex + rng.normal(size=n), rng.normal(size=n)
    named = {"sex": np.where(sex, "m", "w"), "city": rng.choice(["bern", "oslo"], n)}
    frame = pd.DataFrame({"near": near, "other": other, **named, "y": near + other + rng.logistic(size=n) > 2})
    table = ti.read_table(
        frame, target="y", positive=True, adverse=False, protected=["sex", "city"], drop=["sex", "city"], split=0.5
    )
    model = ti.wrap(cases.affine([[1.0, 1.0]], [-2.0]), encoder="passthrough")
    analyses = ["groups", "proxies", "alternatives", "subgroup_gaps", "constraints", "reason_codes"]
    how = {"control": CONTROL, "constraints": CONSTRAINTS, "threshold": 0.6}
    return ti.audit(model, table, counterpart=model, rows=400, analyses=analyses, **how)


def finding(slug: str):
    return next(f for f in audited().document.findings if f.slug == slug)


def test_what_was_planted_is_raised():
    assert finding("disparate-impact").status == "raised"
    assert finding("proxy").status == "raised"
    assert finding("proxy").claim.values["column"] == "near"
    assert finding("constraint-violated").status == "raised"
    assert finding("constraint-violated").claim.values["columns"] == ["near"]
    assert finding("weak-subgroup").status == "cleared"


def test_the_document_holds_what_the_functions_find():
    part = audited().document.groups
    keys = [row.group[0].values["level"] for row in part.table.columns]
    assert keys == ["m", "w", "bern", "oslo"]
    assert [row.control for row in part.table.columns][:2] == [False, True]
    assert part.table.columns[0].network.ratio.value > 1.25
    assert (part.table.threshold, part.table.favourable, part.table.compared) == (0.6, "True", "True")
    assert [p.column for p in part.proxies] == ["sex", "city"]
    versions = {(v.model, v.how, *v.without): v for v in part.alternatives.versions}
    assert part.alternatives.columns == ["sex", "city"]
    whole, without = versions["network", "whole"], versions["network", "held", "near"]
    assert without.ratios[0].value > whole.ratios[0].value  # `near` tells sex
    assert part.constraints.columns[1].network.share.value == 0
    told = {m.key for m in audited().document.not_assessed}
    assert not told & {"not_assessed.groups", "not_assessed.constraints"}


def test_a_reason_that_tells_a_protected_column_is_said_to(undrawn):
    part = audited().document.reasons
    near = next(row for row in part.columns if row.column == "near")
    assert near.proxy_of == ["sex"]
    assert [row.proxy_of for row in part.columns if row.column == "other"] in ([[]], [])
    told = [m.values for m in part.sentences if m.key == "reasons.proxy"]
    assert [(v["column"], v["protected"]) for v in told] == [("near", "sex")]
    assert told[0]["network"] == pytest.approx(100 * near.network.value)
    assert "proxy for sex" in render(audited().document)


def test_it_is_read_back_shown_and_asked_for_again(undrawn):
    document = audited().document
    assert from_bytes(to_bytes(document)) == document
    page = render(document)
    for words in (
        "Selection rates and impact ratios",
        "sex: w (reference)",
        "Can inputs predict sex?",
        "Declared constraints",
    ):
        assert words in page
    asked = from_bytes(to_bytes(document)).settings.arguments()
    given = {name: {"direction": one} if isinstance(one, str) else one for name, one in CONSTRAINTS.items()}
    assert (asked["control"], asked["constraints"]) == (CONTROL, given)


def test_what_was_asked_wrongly_is_told_before_anything_is_computed():
    table = ti.read_table(pd.DataFrame({"x": [0.0, 1.0] * 20, "y": range(40)}), target="y", protected=["x"])
    model = ti.wrap(cases.affine([[1.0]]), encoder="passthrough", task="regression")
    with pytest.raises(TabinterpError, match="unknown column 'z' in the constraints"):
        ti.audit(model, table, counterpart=model, constraints={"z": "+"})
    with pytest.raises(NotApplicableError, match="unknown reference group '7' of column 'x'"):
        ti.audit(model, table, counterpart=model, control={"x": "7"})
    wrong = CliRunner().invoke(app, ["audit", "m", "--data", "d", "--out", "o", "--control", "sex"])
    assert "COLUMN=GROUP" in wrong.output + str(wrong.exception)


def test_a_document_may_not_tell_of_few_rows():
    document = binary()
    part = document.groups
    few = [row.model_copy(update={"rows": 9}) for row in part.table.columns[:1]]
    with pytest.raises(DocumentError, match="number of rows of group 0 is 9, but its results are given"):
        check(changed(document, table=part.table.model_copy(update={"columns": few})))
    blank = [row.model_copy(update={"rows": None}) for row in part.table.columns[:1]]
    with pytest.raises(DocumentError, match="number of rows of group 0 is null, but its results are given"):
        check(changed(document, table=part.table.model_copy(update={"columns": blank})))
    weak = [row.model_copy(update={"rows": 9}) for row in part.weak.found]
    with pytest.raises(DocumentError, match=r"groups\.weak"):
        check(changed(document, weak=part.weak.model_copy(update={"found": weak})))
    held = [row.model_copy(update={"outside": 3}) for row in part.constraints.columns]
    with pytest.raises(DocumentError, match=r"groups\.constraints"):
        check(changed(document, constraints=part.constraints.model_copy(update={"columns": held})))


def changed(document, **update):
    return document.model_copy(update={"groups": document.groups.model_copy(update=update)})
