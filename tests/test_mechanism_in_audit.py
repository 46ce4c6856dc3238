"""Regions, conductance, path products and groups of units of a network built by hand, as an audit tells of them."""

from __future__ import annotations

from operator import itemgetter
from types import SimpleNamespace

import numpy as np
import pytest

import tabinterp as ti
from tabinterp import messages
from tabinterp.analyses import ABLATION, COEFFICIENTS, CONDUCTANCE, LINEAR_REGIONS, PATH_WEIGHTS
from tabinterp.analyses.context import Context
from tabinterp.analyses.settings import AuditSettings
from tabinterp.errors import NotApplicableError
from tabinterp.linear.terms import find_terms
from tabinterp.models import bind
from tabinterp.report.contents import CHAPTERS, _of_analyses
from tabinterp.table.suppression import parts_shown
from tests import cases
from tests.report.samples import regression
from tests.test_inside_in_audit import BIAS, OUT, RARE, WEIGHT, _before, _hidden, audited, frame

COLUMNS = ("a", "b", RARE, "u", "v", "w")  # of the encoded rows


def blocks(document):
    """What the section on the mechanism is made of."""
    shown = [one for chapter in CHAPTERS for one in (*chapter.shown, *_of_analyses(chapter.anchor, document))]
    builders = [build for _, anchor, build in sorted(shown, key=itemgetter(0)) if anchor == "mechanism"]
    return [block for build in builders for block in build(document)]


def encoded() -> np.ndarray:
    rows = frame()
    return np.column_stack([rows[["a", "b"]], *(rows["job"] == level for level in COLUMNS[2:])]).astype(float)


def part():
    return audited().document.mechanism


def test_regions_are_the_patterns_of_sides():
    found, on = part().regions, _before(frame()) > 0
    patterns, region, count = np.unique(on, axis=0, return_inverse=True, return_counts=True)
    told = parts_shown(count)  # without those of fewer than ten rows, and the one from which these would follow
    assert (found.rows, found.visited, found.told) == (400, len(patterns), told.sum())
    assert told.sum() >= (count >= 10).sum() - 1
    assert found.largest == pytest.approx(count.max() / 400)
    assert found.share_told == pytest.approx(count[told].sum() / 400)
    assert [one.rows for one in found.tables] == sorted(count[told], reverse=True)[:5]
    slopes = (patterns * OUT) @ np.array(WEIGHT)  # (regions, encoded)
    b = next(i for i, one in enumerate(found.terms) if one.column == "b")
    own = slopes[region.ravel(), 1]
    assert found.terms[b].mean.value == pytest.approx(own.mean(), abs=1e-6)
    assert found.terms[b].spread == pytest.approx(own.std(), abs=1e-6)
    assert found.terms[b].sign_flip == pytest.approx((own * np.sign(own.mean()) < 0).mean())
    largest = slopes[count.argmax()]
    assert found.tables[0].coefficients[b] == pytest.approx(largest[1], abs=1e-6)
    levels = [(i, one) for i, one in enumerate(found.terms) if one.column == "job"]
    assert RARE not in {one.level for _, one in levels} | {one.reference for _, one in levels}
    for i, one in levels:
        expected = largest[COLUMNS.index(one.level)] - largest[COLUMNS.index(one.reference)]
        assert found.tables[0].coefficients[i] == pytest.approx(expected, abs=1e-6)


def test_the_terms_are_those_of_the_coefficients():
    """The same references, and beside each the linear model's own."""
    known = {(one.column, one.level): one for one in audited().document.coefficients.terms}
    for one in part().regions.terms:
        beside = known[one.column, one.level]
        assert (one.reference, one.unit) == (beside.reference, beside.unit)
        assert one.linear == pytest.approx(beside.penalised)


def test_conductance_behind_one_layer_is_what_a_unit_adds_to_the_rise():
    found = part().conductance
    base = encoded().mean(axis=0) @ np.array(WEIGHT).T + BIAS
    own = (_hidden(frame()) - np.maximum(base, 0)) * OUT
    assert found.units == 5
    assert max(layer.gap for layer in found.layers) <= found.tolerance
    told = {one.index: one for one in found.rows_told}
    for u in range(5):
        assert told[u].mean.value == pytest.approx(own[:, u].mean(), abs=1e-4)
        assert told[u].size.value == pytest.approx(np.abs(own[:, u]).mean(), abs=1e-4)
    sizes = [one.size.value for one in found.rows_told]
    assert sizes == sorted(sizes, reverse=True)


def test_path_products_and_garson_by_hand():
    found, weight = part().paths, np.array(WEIGHT)
    paths = np.array(OUT) @ weight
    terms = {(one.column, one.level): one for one in found.terms}
    assert terms["b", None].path == pytest.approx(paths[1], abs=1e-6)
    assert terms["a", None].path == pytest.approx(paths[0], abs=1e-6)
    x = encoded()
    powers = np.abs(weight) * x.std(axis=0)
    shares = np.zeros(6)
    for u in range(5):
        if powers[u].sum() > 0:
            shares += powers[u] / powers[u].sum() * abs(OUT[u])
    shares /= shares.sum()
    columns = {one.column: one for one in found.columns}
    assert columns["a"].garson == pytest.approx(shares[0], abs=1e-6)
    assert columns["job"].garson == pytest.approx(shares[2:].sum(), abs=1e-6)
    assert columns["job"].size == pytest.approx((x[:, 2:] @ paths[2:]).std(), abs=1e-6)
    assert [one.key for one in found.failures] == ["paths.olden", "paths.garson", "paths.scale"]
    worth = {one.column: one.network.value for one in audited().document.importance.columns}
    order = sorted(worth, key=worth.get)
    by_size = sorted(worth, key=lambda name: columns[name].size)
    assert found.path_ranks == pytest.approx(1 - 6 * sum((order.index(c) - by_size.index(c)) ** 2 for c in worth) / 24)


def test_a_group_is_replaced_as_one():
    """Units 1 and 3 are one unit twice: without both the loss rises by more than by each."""
    rows = frame()
    y, outputs = rows["y"].to_numpy(), _hidden(rows)
    known = (y - outputs @ OUT) ** 2
    (group,) = [one for one in part().groups.groups if set(one.units) == {1, 3}]

    def rise(units, values):
        moved = outputs.copy()
        moved[:, units] = values
        return ((y - moved @ OUT) ** 2 - known).mean()

    assert group.mean.value == pytest.approx(rise([1, 3], outputs[:, [1, 3]].mean(axis=0)), rel=1e-4)
    assert group.zero.value == pytest.approx(rise([1, 3], 0), rel=1e-4)
    assert group.resample.value > group.alone > 0
    assert group.resample.low < group.resample.value < group.resample.high


def context_of(bound) -> Context:
    """The context of an audit whose counterpart is the same model, with the terms of its coefficients."""
    coefficients = SimpleNamespace(terms=find_terms(bound), left_out=())
    results = {COEFFICIENTS.name: (coefficients, coefficients)}
    return Context(bound, bound, (), None, AuditSettings(), SimpleNamespace(withheld=None), results, lambda share: None)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: cases.wrapped(cases.styled("gelu")), ("another activation", None, None, None)),
        (
            lambda: cases.wrapped(cases.affine([[1.0, -2.0, 0.5]])),
            ("only repeat its coefficients", "no hidden unit") * 2,
        ),
        (
            lambda: ti.wrap(lambda rows: rows["x1"].to_numpy(), task="regression"),
            (
                "its linear regions cannot be determined",
                "no hidden layer",
                "cannot read the weights",
                "no hidden layer",
            ),
        ),
    ],
)
def test_where_a_reading_does_not_apply_it_says_why(model, words):
    bound = bind(model(), cases.numbers(60))
    context = context_of(bound)
    for analysis, why in zip((LINEAR_REGIONS, CONDUCTANCE, PATH_WEIGHTS, ABLATION), words, strict=True):
        if why is None:
            analysis.run(context)
        else:
            with pytest.raises(NotApplicableError, match=why):
                analysis.run(context)


def test_few_rows_are_not_told():
    bound = bind(cases.wrapped(cases.styled("separate")), cases.numbers(60)).take(np.arange(9))
    with pytest.raises(NotApplicableError, match="disclose information about individuals"):
        CONDUCTANCE.run(context_of(bound))


def test_the_section_tells_why_beside_what_there_is():
    document = regression()
    text = messages.text("not_assessed.reading", document.mechanism.absent[0].values)
    assert blocks(document)[-1].text == text
    assert [block.summary for block in blocks(document)[-5:-1]] == [
        messages.text("report.mechanism.regions.fold", {"rows": 4000, "visited": 1234}),
        messages.text("report.mechanism.conductance.fold"),
        messages.text("report.mechanism.paths.fold"),
        messages.text("report.mechanism.groups.fold", {"count": 12}),
    ]
    bare = document.mechanism.model_copy(update=dict.fromkeys(("regions", "conductance", "paths", "groups")))
    without = document.neurons.model_copy(update={"units": []})
    alone = document.model_copy(update={"mechanism": bare, "neurons": without})
    assert [block.text for block in blocks(alone)] == [text]
