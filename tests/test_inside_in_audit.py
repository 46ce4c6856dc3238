"""Inside a network built by hand, as an audit tells of it: worth, profiles, optima, health, and no single people."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

import tabinterp as ti
from tabinterp import messages
from tabinterp.analyses.hidden_units.audited_units import inside, optima
from tabinterp.analyses.hidden_units.first_layer_section import bars
from tabinterp.analyses.maximisation.panels import stamp
from tabinterp.document.claims import check
from tabinterp.errors import DocumentError
from tabinterp.models import bind
from tabinterp.report.html import render
from tabinterp.report.words import share, signed
from tests import cases
from tests.shared import every_nth, once_per_run

RARE = "one-of-three-people"
# columns: a, b, then job = RARE, u, v, w
WEIGHT = [
    [1.0, 0.0, 5.0, 0.0, 1.0, 0.0],  # at its most where a is, for the rare level
    [0.0, -1.0, 0.0, 2.0, 0.0, 0.0],  # low b, job u
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],  # never
    [0.0, -2.0, 0.0, 4.0, 0.0, 0.0],  # the second again
    [1.0, 1.0, 0.0, 0.0, 0.0, 0.0],  # nobody listens
]
BIAS = [0.0, 0.0, -9.0, 0.0, 0.0]
OUT = [1.0, 1.0, 5.0, 0.1, 0.0]


def frame() -> pd.DataFrame:
    draw = np.random.default_rng(5)
    made = pd.DataFrame(
        {"a": draw.normal(size=400), "b": draw.normal(size=400), "job": draw.choice(["u", "v", "w"], 400)}
    )
    made.loc[:2, "job"] = RARE
    made["y"] = _hidden(made) @ OUT + draw.normal(size=400) / 10
    return made


def _before(rows: pd.DataFrame) -> np.ndarray:
    """Units ahead of their activation, by hand."""
    levels = np.column_stack([rows["job"] == level for level in (RARE, "u", "v", "w")]).astype(float)
    return np.column_stack([rows[["a", "b"]].to_numpy(), levels]) @ np.array(WEIGHT).T + BIAS


def _hidden(rows: pd.DataFrame) -> np.ndarray:
    return np.maximum(_before(rows), 0)


@functools.cache
def read():
    rows = frame()
    table = ti.read_table(rows, target="y", task="regression", name="people")
    encoder = make_column_transformer(("passthrough", ["a", "b"]), (OneHotEncoder(sparse_output=False), ["job"]))
    model = ti.wrap(cases.relu_network((WEIGHT, BIAS, OUT)), encoder=encoder.fit(table.inputs), task="regression")
    return rows, table, model


@once_per_run
def audited() -> ti.Audit:
    """Also read by the tests of regions, conductance, paths and groups of units."""
    _, table, model = read()
    of_units = ["hidden_units", "maximisation", "linear_regions", "conductance", "path_weights", "ablation"]
    return ti.audit(model, table, analyses=[*of_units, "effects", "coefficients", "slices"])


def test_the_units_that_the_loss_misses_stand_first():
    rows, part = read()[0], audited().document.inside
    y, outputs = rows["y"].to_numpy(), _hidden(rows)
    known = (y - outputs @ OUT) ** 2
    rises = []
    for u in range(5):
        moved = outputs.copy()
        moved[:, u] = outputs[:, u].mean()
        rises.append(((y - moved @ OUT) ** 2 - known).mean())
    np.testing.assert_allclose([unit.ablation.value for unit in part.units], rises, rtol=1e-4, atol=1e-6)
    assert [card.index for card in part.cards] == [int(u) for u in np.argsort(rises)[::-1] if rises[u] > 1e-9]
    assert 2 not in [card.index for card in part.cards]
    assert 4 not in [card.index for card in part.cards]


def test_health_goes_by_layer_and_raises_its_finding():
    document = audited().document
    (layer,) = document.inside.layers
    assert (layer.units, layer.dead, layer.duplicate, layer.redundant) == (5, 1, 1, 0)
    assert [unit.same_as for unit in document.inside.units] == [None, None, None, 1, None]
    (found,) = [f for f in document.findings if f.slug == "redundant-units"]
    assert (found.status, found.severity, found.claim.values["duplicate"]) == ("raised", "note", 1)


def test_quantiles_are_ahead_of_the_activation():
    rows, part = read()[0], audited().document.inside
    before = _before(rows)
    for card in part.cards:
        own = np.sort(before[:, card.index])
        expected = [(own[int(400 * q) - 1] + own[int(400 * q)]) / 2 for q in part.shares]  # 400 q is whole
        np.testing.assert_allclose(card.quantiles, expected, atol=1e-5)
        assert card.optimum.tenth == pytest.approx(own[-10], abs=1e-5)


def test_profiles_are_of_the_rows_that_excite_and_that_inhibit():
    rows, part = read()[0], audited().document.inside
    card = next(card for card in part.cards if card.index == 1)
    own = _before(rows)[:, 1]
    top, bottom = np.argsort(-own)[:40], np.argsort(own)[:40]
    lines = {(line.column, line.level): line for line in card.profile}
    b, z = lines["b", None], rows["b"] - rows["b"].mean()
    assert b.excite.value == pytest.approx(z[top].mean() / rows["b"].std(ddof=0), rel=1e-6)
    assert b.inhibit.value == pytest.approx(z[bottom].mean() / rows["b"].std(ddof=0), rel=1e-6)
    assert b.excites
    jobs = {level: int((rows["job"][top] == level).sum()) for level in rows["job"].unique()}
    shown = {level for (column, level), line in lines.items() if column == "job" and line.excite.value is not None}
    assert not any(0 < jobs[level] < 10 or 30 < jobs[level] < 40 for level in shown)  # of 40 rows
    for level in shown:
        share = (rows["job"][top] == level).mean() / (rows["job"] == level).mean()
        assert lines["job", level].excite.value == pytest.approx(share)
    assert card.excited == card.inhibited == 40


def test_an_optimum_is_the_greatest_of_the_domain_and_tells_of_no_single_people(undrawn_but_named):
    rows, part = read()[0], audited().document.inside
    card = next(card for card in part.cards if card.index == 0)
    ends = cases.ends(rows["a"])
    assert card.optimum.value == pytest.approx(ends[1] + 5, abs=1e-5)  # of the rare level, which is not named
    assert card.optimum.proof == "closed form"
    assert card.optimum.reached == pytest.approx(1)
    places = {place.column: place for place in card.optimum.places}
    assert (places["job"].at, places["job"].how) == (None, "rare")
    assert (places["a"].at, places["a"].how) == (ends[1], "at")
    assert RARE not in [line.level for line in card.weights]
    assert {(line.column, line.level) for line in card.weights} >= {("a", None), ("job", "v")}
    assert RARE not in audited().to_html()
    assert RARE not in audited().to_json().decode()


def test_outputs_are_sought_at_both_ends():
    rows, table, model = read()
    bound = bind(model, table)
    made = optima(bound, inside(bound))
    assert made.outputs == ((None, 1), (None, -1))
    scores = _hidden(rows) @ OUT
    np.testing.assert_allclose(made.tenth[-2:], [np.sort(scores)[-10], np.sort(-scores)[-10]], atol=1e-5)
    np.testing.assert_allclose(made.maxima.real[-2:], [scores.max(), (-scores).max()], atol=1e-5)
    assert [card.lowest for card in audited().document.inside.outputs] == [False, True]


def test_small_tables_tell_no_quantile_of_few_rows():
    _, table, model = read()
    found = inside(bind(model, table).take(np.arange(60)))
    assert np.isnan(found.quantiles[:, [0, 4]]).all()  # six rows on the far side
    assert np.isfinite(found.quantiles[:, 1:4]).all()


def test_what_was_not_sought_is_said():
    notes = {note.key: note.values for note in audited().document.not_assessed}
    assert notes["not_assessed.optima"] == {"left": 2, "count": 5, "shown": 3}


def test_the_page_orders_the_atlas_and_claims_no_rise_that_is_open(undrawn):
    document = audited().document
    html = render(document)
    section = html[html.index('<section id="neurons"') : html.index('<section id="method"')]
    assert section.count(messages.text("report.inside.caveat").split(".")[1].strip()) == 1
    atlas = section[section.index(messages.text("report.inside.atlas")) :]
    names = [f"layer 1, unit {u}</th>" for u in (card.index for card in document.inside.cards)]
    assert [atlas.index(name) for name in names] == sorted(atlas.index(name) for name in names)
    first = document.inside.units[document.inside.cards[0].index]
    rise = "Replacing the unit&#39;s output by its mean raises the mean squared error by"
    assert section.count(rise) == sum(unit.ablation.low > 0 for unit in document.inside.units)
    open_ended = first.ablation.model_copy(update={"low": -1.0})
    units = [u.model_copy(update={"ablation": open_ended}) if u is first else u for u in document.inside.units]
    changed = document.model_copy(update={"inside": document.inside.model_copy(update={"units": units})})
    assert render(changed).count(rise) == section.count(rise) - 1


def test_templates_are_shares_of_what_comes_in():
    rows, part = read()[0], audited().document.inside
    costs = {unit.index: unit.ablation.value for unit in part.units}
    assert [one.index for one in part.templates] == sorted(costs, key=lambda u: -costs[u])
    one = next(one for one in part.templates if one.index == 1)  # -b, and 2 for job u
    variance = {"a": 0.0, "b": rows["b"].var(ddof=0), "job": 4 * (rows["job"] == "u").var(ddof=0)}
    expected = [variance[c] / sum(variance.values()) for c in part.template_columns]
    np.testing.assert_allclose(one.shares, expected, rtol=1e-5)
    told = dict(zip(part.template_columns, zip(one.signs, one.levels, strict=True), strict=True))
    assert told["b"] == (-1, None)
    assert told["job"] == (1, "u")
    rare = next(one for one in part.templates if one.index == 0)  # its greatest weight is of three people
    assert rare.levels[part.template_columns.index("job")] == "v"


def test_levels_stand_as_bars_of_what_they_add():
    rows, part = read()[0], audited().document.inside
    card = next(card for card in part.cards if card.index == 1)  # 2 for job u
    (bar,) = card.bars
    mean = 2 * (rows["job"] == "u").mean()
    assert (bar.column, set(bar.levels)) == ("job", {"u", "v", "w"})  # not the rare one
    told = dict(zip(bar.levels, bar.weights, strict=True))
    assert told == pytest.approx({"u": 2 - mean, "v": -mean, "w": -mean}, abs=1e-6)
    (fold,) = bars(card)
    rows_of = {row[0].text: [cell.text for cell in row[1:]] for row in fold.blocks[0].groups[0][0].rows}
    assert rows_of["u"] == ["", signed(2 - mean), "█" * 8]
    assert rows_of["v"] == ["█" * round(8 * mean / (2 - mean)), signed(-mean), ""]


def test_six_panels_are_tenths_of_the_rows():
    rows, part = read()[0], audited().document.inside
    card = next(card for card in part.cards if card.index == 1)
    own = _before(rows)[:, 1]
    below, above = np.flatnonzero(own < 0), np.flatnonzero(own > 0)
    sets = [
        np.argsort(own)[:40],
        below[np.argsort(-own[below])][:40],
        above[np.argsort(own[above])][:40],
        np.argsort(-own)[:40],
    ]
    assert (card.panels.about, card.panels.rows) == (0, [40] * 4)
    np.testing.assert_allclose(card.panels.values, [own[one].mean() for one in sets], atol=1e-5)
    columns = {one.column: one for one in card.panels.columns}
    means = [rows["b"][one].mean() for one in sets]
    np.testing.assert_allclose(columns["b"].values, means, atol=rows["b"].std(ddof=0) / 40)
    assert columns["b"].values != means
    jobs = [rows["job"].iloc[one].value_counts() for one in sets]
    most = [(counts.index[0], counts.iloc[0] / 40) if 10 <= counts.iloc[0] <= 30 else (None, None) for counts in jobs]
    assert list(zip(columns["job"].levels, columns["job"].values, strict=True)) == most
    ends = cases.ends(rows["b"])
    assert -card.lowest.value == pytest.approx(-ends[1], abs=1e-5)  # no job u, b at its most
    assert -card.lowest.value <= card.panels.values[0] < card.panels.values[3] <= card.optimum.value


def test_the_path_leads_from_plausible_rows_to_the_optimum():
    part = audited().document.inside
    for card in part.cards:
        values = [point.value for point in card.path] + [card.optimum.value]
        assert values == sorted(values)
        assert all(point.tenth is None or point.tenth <= point.value + 1e-6 for point in card.path)
        best = max((p.value for p in card.path if not p.unreadable), default=None)
        if card.optimum.unreadable and best is not None:
            assert card.plausible.value == best
            assert card.plausible.oddness < part.far
        else:
            assert card.plausible is None
    assert any(card.plausible is not None for card in part.cards)


def test_an_optimum_that_breaks_a_relation_alone_says_which():
    """b is a, but for a tenth: twelve numbers, each in the middle of its range, and one pair set apart."""
    draw = np.random.default_rng(4)
    rows = pd.DataFrame(draw.normal(size=(1500, 12)), columns=list("abcdefghijkl"))
    rows["b"] = rows["a"] + 0.1 * rows["b"]
    table = ti.read_table(rows.assign(y=0.0 + np.arange(1500)), target="y", task="regression")
    model = cases.wrapped(cases.relu_network(([[-10.0, 10.0] + [0.0] * 10], [0.0], [1.0])))
    odd = ti.maximise(model, table, objective=ti.unit(1, 0), budget=0.9).typicality
    assert (odd.unreadable[0], odd.residual[0]) == (True, 1)
    assert [name for name in odd.beyond[0] if not name.endswith("_near")] == ["residual"]
    assert (odd.out[0], odd.column[0] in ("a", "b")) == (0, True)
    part = audited().document.inside
    measures = {name: float(getattr(odd, name)[0]) for name in ("mahalanobis", "neighbours", "forest", "residual")}
    measures |= {"residual_of": odd.column[0], "out": 0, "oddness": float(odd.oddness[0]), "beyond": ["residual"]}
    told = part.cards[0].optimum.model_copy(update=measures | {"unreadable": True})
    assert next(block.text for block in stamp(part, told)) == (
        f"✗ This optimum is implausible as a real row: it is more atypical than {share(odd.oddness[0])} of real rows "
        f"because of its large residual for {odd.column[0]} given the other columns."
    )
    document = audited().document
    for silent in ({"unreadable": False}, {"beyond": []}):
        card = part.cards[0].model_copy(update={"optimum": told.model_copy(update=silent)})
        changed = document.model_copy(update={"inside": part.model_copy(update={"cards": [card]})})
        with pytest.raises(DocumentError, match=r"cards.0.optimum.unreadable is"):
            check(changed)


@pytest.mark.parametrize("still", every_nth(2, [0.1, np.nan]))
def test_a_column_that_never_moves_is_of_no_distance(still):
    """Percentiles are those without it."""
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"a": draw.normal(size=60), "b": draw.normal(size=60), "y": draw.normal(size=60)})
    found = []
    for name, rows in (("without", table), ("with", table.assign(c=still))):
        weight = [[1.0, -1.0] + [0.0] * (name == "with")]
        module = cases.relu_network((weight, [0.0], [1.0]))
        columns = [c for c in rows if c != "y"]
        encoder = make_column_transformer((SimpleImputer(keep_empty_features=True), columns)).fit(rows[columns])
        read = ti.read_table(rows, target="y", task="regression")
        model = ti.wrap(module, encoder=encoder, task="regression")
        found.append(ti.maximise(model, read, objective=ti.unit(layer=1, index=0)).typicality.mahalanobis)
    np.testing.assert_allclose(found[1], found[0], atol=1e-9)
