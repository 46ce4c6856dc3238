"""Drop-and-refit against fits by scikit-learn on the columns that are left, and what a copy of a column does to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import log_loss, mean_poisson_deviance, mean_squared_error

import tabinterp as ti
from tabinterp.analyses.drop_column import estimator as dropped
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases
from tests.shared import every_nth

BLOCKS = {"age": [0, 2], "income": [1], "city": [3, 4, 5, 6], "member": [7], "grade": [8]}


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_each_refit_is_one_of_scikit_learn_without_the_block(task, monkeypatch):
    """The penalty is set here, so that both sides have the same; its choice is the counterpart's, tested there."""
    frame = cases.mixed_frame(240, 3, task)
    table, pipeline = cases.mixed_table(frame, task, split=0.4), cases.linear_pipeline(frame, task)
    linear = ti.fit_counterpart(ti.wrap(pipeline), table)
    held, x = table.held_out, pipeline[0].transform(frame[cases.INPUTS])
    x = (x - x[~held].mean(axis=0)) / np.where(np.ptp(x[~held], axis=0) > 0, x[~held].std(axis=0), np.inf)

    def estimator():
        if task == "regression":
            return Ridge(alpha=3.0)
        return PoissonRegressor(alpha=0.1, max_iter=2000, tol=1e-9) if task == "count" else LogisticRegression(
            C=0.1, max_iter=5000, tol=1e-9
        )  # fmt: skip

    def start(x, y, rows, seed):
        return estimator().set_params(**({} if task == "regression" else {"warm_start": True})).fit(x, y)

    monkeypatch.setattr(dropped, "fit_penalised", start)
    result = ti.drop_and_refit(linear, table, together={"two": ["age", "grade"]})
    y = table.codes if table.codes is not None else table.y

    def loss(columns):
        fitted = estimator().fit(x[~held][:, columns], y[~held])
        if task == "regression":
            return mean_squared_error(y[held], fitted.predict(x[held][:, columns]))
        if task == "count":
            return mean_poisson_deviance(y[held], fitted.predict(x[held][:, columns]))
        return log_loss(y[held], fitted.predict_proba(x[held][:, columns]), labels=fitted.classes_)

    everything = loss(list(range(9)))
    assert result.baseline == pytest.approx(everything, rel=1e-4)
    for i, (name, gone) in enumerate({**BLOCKS, "two": [0, 2, 8]}.items()):
        assert result.players[i] == name
        rise = loss([j for j in range(9) if j not in gone]) - everything
        assert result.importance.value[i] == pytest.approx(rise, abs=2e-4 * everything)


def test_what_others_can_replace_has_none_and_the_interval_covers_it():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3_000, 3))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "copy": x[:, 0], "z": x[:, 2]})
    table = ti.read_table(
        frame.assign(y=2 * x[:, 0] + x[:, 1] + rng.normal(size=3_000)), target="y", task="regression", split=0.5
    )
    model = ti.wrap(lambda rows: rows["a"].to_numpy(), task="regression")
    linear = ti.fit_counterpart(model, table)
    result = ti.drop_and_refit(linear, table, together={"a + copy": ["a", "copy"]}).frame().set_index("column")
    assert abs(result.loc["a", "importance"]) < 1e-3
    assert result.loc["z", "ci_low"] < 0.005
    # without it the other keeps the noise and adds the column's own share of the target
    for name, truth in (("b", 1.0), ("a + copy", 4.0)):
        row = result.loc[name]
        assert row["ci_low"] < truth < row["ci_high"]
        assert row["stderr"] < 0.1 * truth + 0.05


@pytest.mark.parametrize("task", ["binary", "regression", "count"])
@pytest.mark.parametrize("ask", ["drop_and_refit", "ladder"])
def test_refits_do_not_depend_on_the_unit_of_the_weights(task, ask):
    frame = cases.mixed_frame(300, 5, task).assign(w=np.random.default_rng(2).uniform(0.2, 3, 300))
    model = ti.wrap(cases.linear_pipeline(frame, task))

    def refitted(unit):
        table = cases.mixed_table(frame.assign(w=unit * frame["w"]), task, split=0.4, weighted=True)
        if ask == "ladder":
            return ti.ladder(model, table).frame()[["loss", "against_network"]]
        return ti.drop_and_refit(ti.fit_counterpart(model, table), table).frame()[["importance", "stderr"]]

    for unit in (1e-3, 1e3):
        pd.testing.assert_frame_equal(refitted(unit), refitted(1.0), rtol=1e-6, atol=1e-9)


def test_with_no_column_left_it_is_the_mean():
    table = cases.numbers(200)
    table = ti.read_table(table.frame[["x1", "y"]], target="y", task="regression", split=0.5)
    linear = ti.fit_counterpart(ti.wrap(lambda r: r["x1"].to_numpy(), task="regression"), table)
    result = ti.drop_and_refit(linear, table)
    held, y = table.held_out, table.y
    expected = np.mean((y[held] - y[~held].mean()) ** 2) - result.baseline
    assert result.importance.value[0] == pytest.approx(expected, rel=1e-6)


def test_what_has_no_meaning_is_refused():
    frame = cases.mixed_frame(80)
    table, held = cases.mixed_table(frame), cases.mixed_table(frame, split=0.4)
    with pytest.raises(NotApplicableError, match="held-out rows"):
        ti.drop_and_refit(ti.wrap(cases.linear_pipeline(frame)), table)
    with pytest.raises(NotApplicableError, match="is not linear"):
        ti.drop_and_refit(ti.wrap(cases.network_pipeline(frame)), held)
    with pytest.raises(NotApplicableError, match="unknown column in groups"):
        ti.drop_and_refit(ti.wrap(cases.linear_pipeline(frame)), held, together={"x": ["nope"]})
    mixed = ti.wrap(cases.linear_pipeline(frame, after=[PCA(4)]))
    assert bind(mixed, held).is_linear
    assert np.isnan(ti.drop_and_refit(mixed, held).importance.value).all()
