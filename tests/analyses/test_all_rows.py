"""Permutation importance and effect curves on all rows of a scan, compared with a derivation that uses every pair of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp.errors import TabinterpError
from tests.shared import once_per_run

N, DRAWN = 1500, 200
ASKED = {"target": "y", "positive": "yes", "weight": "w"}
ANALYSES = ["permutation_importance", "effects"]


def frame() -> pd.DataFrame:
    """Rows sorted by `a`, so that the rows of a batch are unlike those of another."""
    rng = np.random.default_rng(5)
    made = pd.DataFrame({"a": np.sort(rng.normal(size=N)), "b": rng.normal(size=N), "n": rng.integers(0, 4, N)})
    made["city"] = rng.choice(
        ["oslo", "rome", "lima", "nuuk"], N, p=[0.4, 0.3, 0.285, 0.015]
    )  # nuuk: rare in the sample
    drive = made["a"] + np.sin(2 * made["b"]) + made["n"] * (made["city"] == "oslo")
    made["y"] = np.where(drive + rng.logistic(size=N) > 0.5, "yes", "no")
    return made.assign(w=rng.uniform(0.5, 1.5, N))


def pipeline():
    rows = frame()
    encoder = make_column_transformer((OneHotEncoder(), ["city"]), (StandardScaler(), ["a", "b", "n"]))
    return make_pipeline(encoder, MLPClassifier((8,), max_iter=60, random_state=0)).fit(
        rows[["a", "b", "n", "city"]], rows["y"]
    )


def scanned(folder, batch: int = 400, **more) -> ti.Scan:
    frame().to_parquet(folder / "rows.parquet")
    return ti.scan_table(folder / "rows.parquet", **{**ASKED, "rows": DRAWN, "batch": batch, **more})


@once_per_run
def audited(folder, batch: int) -> ti.Audit:
    return ti.audit(ti.wrap(pipeline()), scanned(folder, batch), analyses=ANALYSES, all_rows=True, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rows")


def losses(model, rows: pd.DataFrame) -> np.ndarray:
    p = model.predict_proba(rows[["a", "b", "n", "city"]])[:, 1]
    return -np.log(np.where(rows["y"] == "yes", p, 1 - p))


def by_every_pair(model, rows: pd.DataFrame, donors: np.ndarray, column: str) -> tuple[float, float, float]:
    """The importance, its standard error by the Hájek projection, and the error of ten draws for each row."""
    own, w, v = losses(model, rows), rows["w"].to_numpy(), rows["w"].to_numpy()[donors]
    rise = np.column_stack([losses(model, rows.assign(**{column: rows[column].iloc[j]})) - own for j in donors])
    received, given = np.average(rise, axis=1, weights=v), np.average(rise, axis=0, weights=w)
    value = np.average(received, weights=w)
    influence = w * (received - value) / w.sum()
    influence[donors] += v * (given - value) / v.sum()
    draws = np.sqrt(((w / w.sum()) ** 2 * np.average((rise - received[:, None]) ** 2, axis=1, weights=v)).sum() / 10)
    return value, float(np.sqrt((influence**2).sum())), float(draws)


def test_importance_is_that_of_every_pair_of_a_row_and_a_sampled_row(folder):
    model, rows = pipeline(), frame()
    donors = scanned(folder).sample.numbers
    found = {row.column: row for row in audited(folder, 400).document.importance.columns}
    assert audited(folder, 400).document.importance.rows == N
    assert {c for c, row in found.items() if row.exact} == {"n", "city"}
    for column, row in found.items():
        value, error, draws = by_every_pair(model, rows, donors, column)
        if row.exact:
            assert row.network.value == pytest.approx(value, abs=1e-6)
            assert row.network.stderr == pytest.approx(error, rel=0.1)
        else:
            assert abs(row.network.value - value) < 4 * draws
            assert error * 0.9 < row.network.stderr < 1.1 * np.hypot(error, 2 * draws)


def test_a_curve_is_the_mean_score_of_all_rows_at_each_point(folder):
    model, rows = pipeline(), frame()
    document = audited(folder, 400).document
    assert document.effects.rows == N
    for curve in document.effects.curves:
        scores = []
        for point in curve.points:
            p = model.predict_proba(rows[["a", "b", "n", "city"]].assign(**{curve.column: point.value}))[:, 1]
            scores.append(np.average(np.log(p / (1 - p)), weights=rows["w"]))
        found = np.array([point.network.effect.value for point in curve.points])
        assert np.diff(found) == pytest.approx(np.diff(scores), abs=2e-5)
        assert sum(point.rows for point in curve.points) == N


def test_curves_have_the_values_and_errors_of_a_table_in_memory(folder):
    """The points are those of the sample, so a table that consists of them and of all rows has the same curve."""
    whole = ti.read_table(frame(), **ASKED)
    scan = scanned(folder, rows=N)
    assert scan.is_whole
    found = ti.audit(ti.wrap(pipeline()), scan, analyses=ANALYSES, all_rows=True).document.effects
    kept = ti.effects(ti.wrap(pipeline()), whole)
    for curve in found.curves:
        expected = kept[curve.column]
        for name in ("effect", "ale"):
            at = [getattr(point.network, name) for point in curve.points]
            if at[0].value is None:
                continue
            assert [one.value for one in at] == pytest.approx(getattr(expected, name).value[:, 0], abs=1e-6)
            assert [one.stderr for one in at] == pytest.approx(getattr(expected, name).stderr[:, 0], rel=1e-5)


def test_a_level_that_is_rare_in_the_sample_only_is_centred_as_in_memory(folder):
    model, whole = ti.wrap(pipeline()), ti.read_table(frame(), **ASKED)
    assert (frame().city == "nuuk").sum() >= 10 > (scanned(folder).sample.frame.city == "nuuk").sum()
    found = next(one for one in audited(folder, 400).document.effects.curves if one.column == "city")
    expected = ti.effects(model, whole, columns=["city"])["city"]
    assert [point.rows for point in found.points] == expected.rows.tolist()
    assert [point.network.effect.value for point in found.points] == pytest.approx(
        expected.effect.value[:, 0], abs=1e-6
    )
    assert [point.network.effect.stderr for point in found.points] == pytest.approx(
        expected.effect.stderr[:, 0], rel=1e-5
    )


def test_the_size_of_the_batches_does_not_matter(folder):
    first, second = (audited(folder, batch).document for batch in (400, N))
    for one, other in zip(first.effects.curves, second.effects.curves, strict=True):
        values = [[point.network.effect.value for point in curve.points] for curve in (one, other)]
        assert values[0] == pytest.approx(values[1], abs=1e-6)
    for one, other in zip(first.importance.columns, second.importance.columns, strict=True):
        assert one.column == other.column
        if one.exact:
            assert one.network.value == pytest.approx(other.network.value, abs=1e-7)
            assert one.network.stderr == pytest.approx(other.network.stderr, rel=1e-5)


def test_what_cannot_use_all_rows_says_what_to_do(folder):
    model = ti.wrap(pipeline())
    with pytest.raises(TabinterpError, match=r"the table .* is in memory.*rows=1500"):
        ti.audit(model, ti.read_table(frame(), **ASKED), all_rows=True)
    with pytest.raises(TabinterpError, match="group column 'city'"):
        ti.audit(model, scanned(folder, group="city"), all_rows=True)
    function = ti.wrap(lambda rows: pipeline().predict_proba(rows), classes=["no", "yes"])
    with pytest.raises(TabinterpError, match="prediction function"):
        ti.audit(function, scanned(folder), all_rows=True)
