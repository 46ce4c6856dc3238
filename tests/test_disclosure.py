"""No number that leaves an analysis is a value that fewer than ten rows hold: the rounding, what uses it, and whole audits.

The tables hold a value of five or more significant digits in every row of every column, and everything that an audit writes is
searched for these.
"""

from __future__ import annotations

import functools
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from decimal import Context, Decimal
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pypdf import PdfReader
from safetensors.numpy import load_file
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder
from typer.testing import CliRunner

import tabinterp as ti
from tabinterp.analyses import ANALYSES
from tabinterp.analyses.disagreement.estimator import _tree
from tabinterp.analyses.effects.grids import grid_of
from tabinterp.analyses.groups.partition import cut
from tabinterp.analyses.maximisation.search_space import domain_of
from tabinterp.analyses.slices.estimator import groups_of
from tabinterp.cli.commands import app
from tabinterp.errors import TableError
from tabinterp.models import bind
from tabinterp.network import reference
from tabinterp.network.encoder import fitted_encoder
from tabinterp.network.reference import fit_network
from tabinterp.report.formats.weasyprint import printer
from tabinterp.report.html import render
from tabinterp.table.rounding import Rounding, shown_date
from tests import cases
from tests.shared import folder_once_per_run

ROWS = 360
FEWEST = 10
DIGITS = 5  # of a value, from which on it points to a row
ARITHMETIC = Context(prec=10)  # digits that the error of a computation leaves
NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+−]?\d+)?(?![\w])")
SHOWN = re.compile(r'\b(?:aria-label|title|alt|content|data-[\w-]+)="([^"]*)"')
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?")


# ---- tables in which every value is one row's


def people(task: str = "binary", rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    salary = np.round(np.exp(rng.normal(10.6, 0.5, rows)), 2)
    balance = np.round(rng.normal(0, 8000, rows), 3)
    born = np.round(rng.uniform(7_000, 29_000, rows), 1) + 0.01 * (1 + np.arange(rows) % 9)
    rate = np.round(rng.beta(2, 30, rows), 7)
    signal = np.log(salary) - 10.6 + balance / 9000 - np.sin(born / 4000) + 8 * rate + 0.4 * rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "salary": salary,
            "balance": np.where(rng.random(rows) < 0.15, np.nan, balance),
            "born": np.round(born, 2),
            "since": 1_600_000_000 + rng.choice(100_000_000, rows, replace=False),  # a moment as a number
            "rate": rate,
            "grade": rng.integers(1, 4, rows),  # few values, which many rows hold
            "account": rng.choice(np.arange(100_003, 999_983), rows, replace=False),
            "weight": rng.choice(np.arange(20_011, 60_013), rows, replace=False),
            "seen": pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.choice(90_000_000, rows, replace=False), unit="s"),
        }
    )
    if task == "binary":
        return frame.assign(y=np.where(signal > np.median(signal), "yes", "no"))
    return frame.assign(y=np.round(50_000 + 9000 * signal, 2))


def settings_of(task: str) -> dict[str, Any]:
    more = {"positive": "yes"} if task == "binary" else {}
    return {"target": "y", "task": task, "protected": ["born"], "weight": "weight", "group": "account", **more}


# Every run has all analyses of two classes; the nightly run, of numbers, those that compute something else of them, and all.
ALIKE = {"decomposition", "discrimination", "ladder", "off_support", "path_weights", "recalibration", "trust"}
AT_NIGHT = ("regression", "binary, all analyses", "regression, all analyses")
of_each_task = pytest.mark.parametrize(
    "of", ["binary", *(pytest.param(of, marks=pytest.mark.nightly) for of in AT_NIGHT)]
)


def written(of: str) -> tuple[pd.DataFrame, Path]:
    return people(of.partition(",")[0]), folder_once_per_run(audit_by_the_command, of)


def audit_by_the_command(folder: Path, of: str) -> None:
    """A folder with an audit, as the command writes it, and with the bundle that was audited."""
    task = of.partition(",")[0]
    frame = people(task)
    frame.to_csv(folder / "people.csv", index=False)
    table = ti.read_table(frame, split="seen", **settings_of(task))
    if task == "binary":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reference, "EPOCHS", 20)
            if of == task:  # the nightly run has the network that `ti.train` makes
                patch.setitem(fit_network.__kwdefaults__, "hidden", (12, 6))
            trained = ti.train(table)
        network, counterpart = trained.networks[0], trained.counterpart
    else:
        network, counterpart = small(table), None
    ti.save_model(network, folder / "bundle", counterpart=counterpart, table=settings_of(task))
    options = ["--data", str(folder / "people.csv"), "--out", str(folder / "out"), "--quiet"]
    if of == "regression":
        options += ["--analyses", ",".join(one.name for one in ANALYSES if one.name not in ALIKE)]
    ran = CliRunner().invoke(app, ["audit", str(folder / "bundle"), *options], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output


def small(table: ti.Table) -> ti.Model:
    """As `ti.train` makes it, of eight hidden units."""
    rows = table.training_rows()
    encoder = fitted_encoder(rows.inputs, dict.fromkeys(table.schema.inputs, "numeric"))
    fitted = fit_network(encoder.transform(rows.inputs), rows.y, task="regression", weights=rows.weights, hidden=(8,))
    return replace(ti.wrap(fitted.module, encoder=encoder, task="regression"), split=table.split)


# ---- the search


class Held:
    """The values of the columns: is a number that of one to nine rows?"""

    def __init__(self, frame: pd.DataFrame) -> None:
        numbers = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
        self.values = {name: np.sort(frame[name].dropna().to_numpy(dtype=np.float64)) for name in numbers}
        self.told = functools.cache(self._told)  # the same numbers stand in the document and in all that is made of it

    def _told(self, number: str) -> list[str]:
        """Columns of which the number, to its digits, of which there are five or more, is the value of one to nine rows."""
        value, one = Decimal(number), float(number)
        if not value.is_finite():
            return []
        _, digits, exponent = value.normalize(ARITHMETIC).as_tuple()
        if len(digits) < DIGITS:
            return []
        half, found = 0.5 * 10.0 ** int(exponent) * (1 + 1e-9), []
        for name, values in self.values.items():
            few = [np.diff(np.searchsorted(values, [one - r, np.nextafter(one + r, np.inf)]))[0] for r in (half, 0)]
            found += [name] * any(0 < rows < FEWEST for rows in few)
        return found

    def leaks(self, numbers: Iterator[tuple[str, str]], known: Known | None = None) -> list[tuple[str, str, list[str]]]:
        """Where which number is that of a row; but not where it is `known` to be another number, printed with fewer digits."""
        found = ((where, number, self.told(number)) for where, number in numbers)
        return [one for one in found if one[2] and not (known is not None and known.prints_as(one[1]))]


class Known:
    """The numbers of a document that was searched: what is made of it prints these, rounded."""

    def __init__(self, document: bytes) -> None:
        numbers = (float(number) for _, number in in_json(json.loads(document)))
        self.values = np.sort([*numbers])

    def prints_as(self, number: str) -> bool:
        half = 0.5 * 10.0 ** int(Decimal(number).as_tuple().exponent) * (1 + 1e-9)
        return any(
            np.diff(
                np.searchsorted(
                    self.values, [(sign * float(number) - half) / part, (sign * float(number) + half) / part]
                )
            )[0]
            for sign in (1, -1)
            for part in (1, 100)  # as it is, or in percent
        )


def in_text(text: str, where: str = "") -> Iterator[tuple[str, str]]:
    """Numbers as they are printed: with thousands separators, with a typographic minus, in scientific form."""
    for found in NUMBER.finditer(text):
        around = text[max(0, found.start() - 40) : found.end() + 20]
        yield f"{where} {around!r}", found.group().replace(",", "").replace("−", "-")


def in_json(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every number of a decoded document, those in its keys and texts included."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from in_text(key, where)
            yield from in_json(one, f"{where}.{key}")
    elif isinstance(value, list):
        for i, one in enumerate(value):
            yield from in_json(one, f"{where}[{i}]")
    elif isinstance(value, str):
        yield from in_text(value, where)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield where, repr(value)


def in_array(array: np.ndarray, where: str) -> Iterator[tuple[str, str]]:
    """Every number of an array, in the digits of its own precision."""
    if array.dtype.kind in "iuf":
        yield from ((where, str(one)) for one in array.ravel())
    elif array.dtype.kind in "UO":
        for one in array.ravel():
            yield from in_json(one.item() if hasattr(one, "item") else one, where)


def in_bundle(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            yield from in_json(json.loads(path.read_bytes()), path.name)
        elif path.suffix == ".safetensors":
            for name, array in load_file(path).items():
                yield from in_array(array, f"{path.name}:{name}")
        elif path.suffix == ".skops":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    data = archive.read(name)
                    if name.endswith(".npy"):
                        yield from in_array(np.load(io.BytesIO(data), allow_pickle=False), f"{path.name}:{name}")
                    else:
                        yield from in_json(json.loads(data), f"{path.name}:{name}")
        else:
            assert path.is_dir(), f"{path}: say how it is searched"


def words(page: str) -> str:
    """What a reader, or a reader of the screen, meets on a page: no drawing instructions."""
    body = re.sub(r"<style.*?</style>", " ", page, flags=re.DOTALL)
    return unescape(" | ".join([*SHOWN.findall(body), re.sub(r"<[^>]+>", " ", body)]))


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("48123.57", True), ("48124", True), ("4.8124e4", True), ("48123.6", True), ("-48123.57", False),
        ("48123.570000001", True), ("48123.5701", False), ("48100", False), ("48120", False), ("48123.58", False),
        ("12.5", False), ("20000.25", False),
    ],
)  # fmt: skip
def test_the_search_finds_what_points_to_a_row(number, found):
    frame = pd.DataFrame({"x": [48123.57, *np.linspace(1, 9, 20), *[20000.25] * 10]})
    assert bool(Held(frame).told(number)) == found
    text = f"the salary {float(number):,} of"
    assert [one for _, one in in_text(text)] == [str(float(number))]


# ---- whole audits


@of_each_task
def test_no_value_of_a_row_is_in_the_document_or_what_is_made_of_it(of, undrawn):
    """Figures are searched in `report.html`, with their numbers; no other page has others."""
    frame, folder = written(of)
    held, audit = Held(frame), ti.Audit.from_json(folder / "out" / "audit.json")
    assert not held.leaks(in_json(json.loads((folder / "out" / "audit.json").read_bytes())))
    assert not held.leaks(in_json(json.loads((folder / "out" / "run.json").read_bytes())))
    known = Known((folder / "out" / "audit.json").read_bytes())
    assert not held.leaks(in_text(words((folder / "out" / "report.html").read_text(encoding="utf-8"))), known)
    for page in (
        audit.to_html(lang="ja"),
        render(audit.document, paper=True),
    ):  # the other is what a PDF is laid out from
        assert not held.leaks(in_text(words(page)), known)
    for made in (
        audit.to_markdown(),
        audit.to_model_card(),
        audit.to_summary(),
        audit.evidence(unverified=True),
        str(audit),
    ):
        assert len(made) > 200
        assert not held.leaks(in_text(made), known)
    assert not held.leaks(in_json(json.loads(audit.to_cyclonedx())), known)


@pytest.mark.nightly
def test_no_value_of_a_row_is_in_the_printed_report():
    frame, folder = written("binary")
    printer()
    pages = PdfReader(io.BytesIO(ti.Audit.from_json(folder / "out" / "audit.json").to_pdf())).pages
    text = "\n".join(page.extract_text() for page in pages)
    assert len(text) > 10_000
    assert not Held(frame).leaks(in_text(text), Known((folder / "out" / "audit.json").read_bytes()))


@of_each_task
def test_no_value_of_a_row_is_in_the_bundle(of):
    frame, folder = written(of)
    numbers = list(in_bundle(folder / "bundle"))
    assert len(numbers) > 100
    assert not Held(frame).leaks(iter(numbers))


@of_each_task
def test_dates_are_those_of_ten_rows_or_more(of):
    frame, folder = written(of)
    texts = [path.read_text(encoding="utf-8") for path in (folder / "out").glob("*.json")]
    texts += [
        (folder / "bundle" / "model.json").read_text(encoding="utf-8"),
        (folder / "out" / "report.html").read_text(),
    ]
    started = json.loads((folder / "out" / "run.json").read_bytes())["started"]
    found = {one for text in texts for one in DATE.findall(text.replace(started, ""))}
    found = {one for one in found if "2018" < one < "2022"}  # as in the table
    days = {one[:10] for one in found}
    split = json.loads((folder / "bundle" / "model.json").read_bytes())["split"]["at"]
    assert days == {split[:10]}
    assert {one[10:] for one in found} <= {"", "T00:00:00"}
    week = frame["seen"].dt.to_period("W").dt.start_time
    month = frame["seen"].dt.to_period("M").dt.start_time
    assert max((week == split).sum(), (month == split).sum()) >= FEWEST
    assert 0.15 < (frame["seen"] >= split).mean() < 0.35


@of_each_task
def test_results_still_say_something(of):
    document = ti.Audit.from_json(written(of)[1] / "out" / "audit.json").document
    points = {curve.column: [p.value for p in curve.points if p.value is not None] for curve in document.effects.curves}
    assert points["grade"] == [1, 2, 3]
    for column in ("salary", "balance", "born", "since", "rate"):
        assert len(points[column]) >= 4, column
        curve = next(one for one in document.effects.curves if one.column == column)
        assert all(p.rows >= FEWEST and p.network.effect.value is not None for p in curve.points)
    assert len({m.group[0].values.get("high_end") for m in document.groups.table.columns}) == 4
    places = [place for card in document.inside.cards for place in card.optimum.places]
    assert all((place.at is None) == (place.how == "missing") for place in places)


# ---- what uses the rounding


@functools.cache
def bound_people():
    """A network that reads the numbers as they are, on 1,200 people."""
    frame = people(rows=1200).drop(columns="seen")
    table = ti.read_table(frame, target="y", positive="yes", weight="weight", group="account", protected=["born"])
    kinds = dict.fromkeys(table.schema.inputs, "numeric")
    rng = np.random.default_rng(0)
    module = cases.affine(rng.normal(size=(1, 7)), [0.0])
    return frame, bind(ti.wrap(module, encoder=fitted_encoder(table.inputs, kinds)), table)


def clean(frame: pd.DataFrame, column: str, values: Any) -> bool:
    held = Held(frame[[column]])
    return len(values) > 0 and not any(held.told(repr(float(value))) for value in values)


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("column", ["salary", "balance", "born", "since", "rate"])
def test_points_of_a_grid_are_rounded_and_are_what_the_model_is_asked_at(column, ends):
    frame, bound = bound_people()
    grid = grid_of(bound, column, 20, ends)
    values = np.array(grid.values[: grid.points])
    assert len(values) >= 15
    assert clean(frame, column, values)
    assert (grid.counts() >= FEWEST).all()
    known = np.sort(frame[column].dropna())
    if ends:  # nearly all of the range, and hardly more
        assert np.mean((known >= values[0]) & (known <= values[-1])) > 0.96
        assert min(values[0] - known[0], known[-1] - values[-1]) > -0.01 * np.ptp(known)
    asked = bound.beside({column: tuple(values)})
    np.testing.assert_array_equal(asked.table.frame[column].to_numpy()[grid.donors[: grid.points]], values)
    one = bound.encoding.transform(bound.table.inputs.iloc[:1].assign(**{column: values[3]}))
    np.testing.assert_allclose(asked.x[grid.donors[3]], one[0])


def test_values_that_ten_rows_hold_stay_as_they_are():
    x = np.repeat(np.arange(18.0, 70.0), 12) + 0.123456
    table = ti.read_table(pd.DataFrame({"x": x, "y": x}), target="y", task="regression")
    grid = grid_of(bind(cases.wrapped(cases.affine([[1.0]])), table), "x", 20)
    assert len(grid) == 20
    assert set(grid.values) <= set(x)


@pytest.mark.parametrize("kind", ["int8", "Int16", "float32", "Float64"])
@pytest.mark.parametrize("function", [False, True])
def test_points_fit_into_columns_of_any_type(kind, function):
    x = np.random.default_rng(0).integers(0, 128, 150)
    table = ti.read_table(pd.DataFrame({"x": pd.Series(x).astype(kind), "y": x}), target="y", task="regression")
    net = ti.wrap(cases.affine([[1.0]]), encoder="passthrough", task="regression")
    model = ti.wrap(lambda rows: rows["x"].to_numpy(dtype=float), task="regression") if function else net
    curve = ti.effects(model, table)["x"]
    assert len(curve.values) > 5
    np.testing.assert_allclose(curve.pdp.value[:, 0], curve.values, rtol=1e-6)


def test_a_number_whose_encoder_knows_values_only_is_asked_at_these():
    codes = np.r_[np.repeat([10, 20, 30], 40), np.arange(1000, 1060)]
    frame = pd.DataFrame({"code": codes, "y": np.arange(180.0)})
    encoder = ColumnTransformer([("code", OneHotEncoder(sparse_output=False), ["code"])]).fit(frame[["code"]])
    module = cases.affine(np.arange(63.0)[None])
    table = ti.read_table(frame, target="y", task="regression", kinds={"code": "numeric"})
    curve = ti.effects(ti.wrap(module, encoder=encoder, task="regression"), table, grid=5)["code"]
    assert [value for value, few in zip(curve.values, curve.small, strict=True) if not few] == [10, 20, 30]
    assert curve.off_grid == pytest.approx(58 / 180)


def test_a_function_is_asked_at_rounded_values_unless_it_refuses_them():
    x = np.round(np.random.default_rng(0).uniform(1000, 2000, 300), 3)
    table = ti.read_table(pd.DataFrame({"x": x, "y": x}), target="y", task="regression")
    curve = ti.effects(ti.wrap(lambda rows: rows["x"].to_numpy() ** 2, task="regression"), table)["x"]
    assert clean(table.frame, "x", curve.values)
    np.testing.assert_allclose(curve.pdp.value[:, 0], np.square(curve.values))
    known = dict(zip(x, x, strict=True))
    strict = ti.wrap(lambda rows: np.array([known[value] for value in rows["x"]]), task="regression")
    assert ti.effects(strict, table)["x"].small.all()


def test_edges_of_groups_and_slices_are_rounded():
    frame, bound = bound_people()
    parts = cut(bound.table, "born")
    assert clean(frame, "born", [one.high for one in parts.conditions if one.high is not None])
    assert len(parts.conditions) == 4
    np.testing.assert_array_equal(parts.codes == 0, frame["born"] <= parts.conditions[0].high)
    groups = [one for one in groups_of(bound.table) if one.high is not None and one.kind != "level"]
    for name in ("salary", "balance", "born", "since", "rate"):
        assert clean(frame, name, [one.high for one in groups if one.column == name])
    for one in groups:
        inside = (frame[one.column] <= one.high) & (frame[one.column] > (-np.inf if one.low is None else one.low))
        np.testing.assert_array_equal(one.rows, inside)


def test_rules_of_where_models_differ_cut_at_rounded_values():
    frame, bound = bound_people()
    differ = (frame["salary"] > frame["salary"].quantile(0.7)).to_numpy() & (frame["rate"] < 0.08).to_numpy()
    tree = _tree(differ, np.ones(len(frame)), bound, bound, 0)
    cuts = {(c.column, c.threshold) for leaf in tree.leaves for c in leaf.conditions if c.threshold is not None}
    assert len(cuts) >= 2
    assert all(clean(frame, column, [threshold]) for column, threshold in cuts)
    assert tree.auc[0] > 0.9
    scored = sum(leaf.rows for leaf in tree.leaves) + tree.hidden
    counted = sum(_meets(frame, leaf.conditions) for leaf in tree.leaves)
    assert scored < counted <= len(frame)  # the leaves are those rows of either half


def _meets(frame: pd.DataFrame, conditions: Any) -> int:
    inside = np.ones(len(frame), dtype=bool)
    for c in conditions:
        x = frame[c.column].fillna(frame[c.column].median())
        gone = frame[c.column].isna()
        inside &= {
            "above": x > (c.threshold or 0), "at_most": x <= (c.threshold or 0), "missing": gone, "present": ~gone,
        }[c.kind]  # fmt: skip
    return int(inside.sum())


def test_a_search_goes_between_rounded_ends_and_starts_from_a_rounded_median():
    frame, bound = bound_people()
    for player in domain_of(bound, 0).players:
        (column,) = player.columns
        if column != "grade":
            assert clean(frame, column, player.values[~np.isnan(player.values)])
            held = bound.encoding.transform(bound.table.inputs.iloc[:1].assign(**{column: player.ends[1]}))
            change = bound.front_of(held) - bound.z[:1]
            own = player.parts[int(np.nanargmax(player.values))] - bound.part((column,), np.array([0]))[0]
            assert float((change - own).abs().max()) < 1e-4
    row = ti.probe_rows(bound, bound.table, grid=2).typical
    assert all(clean(frame, column, [row[column]]) for column in ("salary", "balance", "born", "since", "rate"))


def test_the_reference_encoder_holds_no_value_of_a_row():
    frame = people().drop(columns=["seen", "weight", "account"])
    frame["few"] = np.where(np.arange(ROWS) < 9, frame["salary"], np.nan)
    frame["none"] = np.nan
    kinds = {name: "numeric" for name in frame if name != "y"}
    encoder = fitted_encoder(frame, kinds)
    imputer, scaler = (step for _, step in encoder.named_transformers_["numeric"].steps)
    for name, median in zip(kinds, imputer.statistics_, strict=True):
        if name in ("few", "none"):
            assert median == 0
        else:
            assert not Held(frame[[name]]).told(repr(float(median)))
            assert abs(frame[name].rank(pct=True)[(frame[name] - median).abs().idxmin()] - 0.5) < 0.05
    x = encoder.transform(frame)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(scaler.mean_[1], frame["balance"].fillna(imputer.statistics_[1]).mean())


# ---- the rounding itself


NUMBERS = st.lists(
    st.one_of(
        st.floats(-1e6, 1e6, allow_nan=False),
        st.integers(-1000, 1000).map(float),
        st.floats(1.6e9, 1.7e9).map(round).map(float),
        st.just(float("nan")),
    ),
    max_size=60,
)


@given(NUMBERS, st.floats(-1e7, 1e7), st.integers(0, 59))
@example([1.5] * 10 + [2.5] * 9, 2.5, 0)
@example([5e-324] * 9 + [1.0] * 3, 5e-324, 0)
@example([1e300, -1e300] * 6, 1e300, 0)
def test_ten_rows_share_whatever_is_shown(values, number, at):
    number = values[at] if at < len(values) and np.isfinite(values[at]) else number
    known = np.array([v for v in values if np.isfinite(v)])
    rounding = Rounding(np.array(values, dtype=np.float64))
    shown = rounding(number)
    if len(known) < FEWEST:
        assert np.isnan(shown)
        return
    assert np.isfinite(shown)
    assert rounding(shown) == shown
    exactly = np.sum(known == shown)
    if exactly < FEWEST:
        _, digits, exponent = Decimal(repr(shown)).normalize().as_tuple()
        near = np.abs(known - shown)
        steps = [f * 10.0 ** (int(exponent) + e) for e in range(330) for f in (1, 2, 5) if int(exponent) + e < 309]
        multiples = [s for s in steps if abs(shown / s - round(shown / s)) < 1e-9]
        widest = max(multiples) if shown else np.inf
        assert np.sum(near <= widest / 2 * (1 + 1e-9)) >= FEWEST
        few = [np.sum(near <= half) for half in (0.5 * 10.0 ** int(exponent), 0)]
        assert len(digits) < DIGITS or not any(0 < rows < FEWEST for rows in few)
    if all(float(v).is_integer() for v in [*known, number]):
        assert shown.is_integer()


@pytest.mark.parametrize(
    ("values", "mean", "shown"),
    [
        (np.repeat([-2.0, 0.0, 2.0], [20, 30, 10]), 1.0731, 1.07),  # nearer to 2 than to 0, and shown as neither
        (np.linspace(30_000.17, 31_000.29, 101), 30_411.37, 30_410.0),
        (np.arange(10_000.0, 10_101.0), 10_051.2, 10_050.0),  # 10,051 is the value of one row
        (np.full(12, 3.25), 3.25, 3.25),
        (np.arange(9.0), 4.0, np.nan),
    ],
)
def test_a_mean_is_rounded_by_the_spread_of_the_column(values, mean, shown):
    np.testing.assert_equal(Rounding(values).mean(mean), shown)


@given(NUMBERS)
def test_ends_and_edges_lie_among_the_values(values):
    known = np.sort([v for v in values if np.isfinite(v)])
    rounding = Rounding(np.array(values, dtype=np.float64))
    low, high = rounding.ends(-np.inf, np.inf)
    assert np.isnan(low) == np.isnan(high) == (len(known) < FEWEST)
    assert not low > high
    for edge in rounding.edges(values):
        assert (known <= edge).any()
        assert (known > edge).any()


def test_steps_are_the_finest_of_one_two_and_five():
    tens = np.arange(100_001.3, 100_401.3)  # ten rows within ten
    rounding = Rounding(tens)
    assert [rounding(v) for v in (100_117.3, 100_123.3, 100_200.3)] == [100_120.0, 100_120.0, 100_200.0]
    assert Rounding(np.linspace(0.0123456, 0.0234567, 50))(0.0171717) == 0.015
    years = np.repeat(np.arange(1950.0, 2020.0), 15)
    assert [Rounding(years)(v) for v in (1950.0, 1987.0, 2019.0)] == [1950.0, 1987.0, 2019.0]
    day = 1_700_000_000 + np.sort(np.random.default_rng(0).choice(86_400, 2000, replace=False)).astype(float)
    shown = Rounding(day).points(day[::100])
    assert len(shown) >= 18  # a large offset costs no resolution


# ---- dates


def dates(*parts: tuple[str, int, str]) -> pd.Series:
    """Runs of dates: from, how many, how far apart."""
    return pd.Series(
        np.concatenate([pd.date_range(start, periods=n, freq=step).to_numpy() for start, n, step in parts])
    )


@pytest.mark.parametrize(
    ("run", "at", "expected"),
    [
        (("2024-01-01 07:13:59", 400, "37min"), "2024-01-06 11:11:11", "2024-01-06"),  # 39 a day
        (("2024-01-01 07:13:59", 400, "7h"), "2024-03-07 11:11:11", "2024-03-04"),  # 3 a day, 24 a week
        (("2024-01-01 07:13:59", 400, "37h"), "2024-08-09 11:11:11", "2024-08-01"),  # 4 a week, 19 a month
        (("2021-01-01 07:13:59", 40, "7D"), "2021-08-09 11:11:11", "2021-07-01"),  # 4 a month, 13 a quarter
        (("2001-01-01 07:13:59", 200, "20D"), "2009-08-09 11:11:11", "2009-01-01"),  # 18 a year
        (("2024-01-05 07:13:59", 40, "20min"), "2024-01-05 11:11:11", None),  # all on one day
        (("2024-01-05 07:13:59", 9, "1D"), "2024-01-06", None),
    ],
)
def test_a_date_is_shown_as_the_start_of_what_ten_rows_share(run, at, expected):
    days = dates(run)
    shown = shown_date(pd.Timestamp(at), days)
    assert shown == (None if expected is None else pd.Timestamp(expected))
    zoned = shown_date(pd.Timestamp(at, tz="Asia/Tokyo"), days.dt.tz_localize("Asia/Tokyo"))
    assert zoned == (None if expected is None else pd.Timestamp(expected, tz="Asia/Tokyo"))
    once, rows = np.unique(days, return_counts=True)
    assert shown_date(pd.Timestamp(at), pd.Series(once), rows) == shown


def test_a_split_by_date_begins_at_midnight_and_says_what_to_do_where_it_cannot():
    frame = pd.DataFrame({"x": range(400), "seen": dates(("2024-01-01 07:13:59", 400, "7h")), "y": [0, 1] * 200})
    table = ti.read_table(frame, target="y", split="seen")
    assert table.split.at == "2024-03-25T00:00:00"
    assert 0.2 < table.held_out.mean() < 0.3
    with pytest.raises(TableError, match=r"'seen'.*at least 10 rows.*split_at="):
        ti.read_table(frame.iloc[:8], target="y", split="seen")
    assert ti.read_table(frame.iloc[:8], target="y", split="seen", split_at="2024-01-02").held_out.sum() == 5
