"""Events of each class: how many there are, and that nothing is said of a class that has too few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.analyses.boosted_trees.estimator import boosted
from tabinterp.analyses.calibration.estimator import calibration, recalibrations
from tabinterp.analyses.calibration.text import TEXT as CALIBRATION
from tabinterp.analyses.data_quality.estimator import describe_data
from tabinterp.analyses.decision_curve.estimator import decisions
from tabinterp.analyses.disagreement.estimator import disagreement
from tabinterp.analyses.ladder.estimator import ladder
from tabinterp.analyses.performance.estimator import compare
from tabinterp.analyses.performance.text import TEXT as PERFORMANCE
from tabinterp.analyses.recalibration.estimator import recalibrated
from tabinterp.analyses.slices.estimator import slices
from tabinterp.errors import NotApplicableError
from tabinterp.messages.language import speaking
from tabinterp.models import bind
from tabinterp.table.class_counts import EVENTS, enough, events, too_few_events

N = 400


def frame(counts: dict[str, int], held: dict[str, int] | None = None, seed: int = 0) -> pd.DataFrame:
    """Rows of each class in training, and held out; one column that tells a little."""
    draw, parts = np.random.default_rng(seed), []
    for side, size in (("train", counts), ("test", counts if held is None else held)):
        y = np.repeat(list(size), list(size.values()))
        parts.append(pd.DataFrame({"y": y, "part": side}))
    made = pd.concat(parts, ignore_index=True)
    n = len(made)
    made["x"] = draw.normal(size=n) + (made["y"] == made["y"].iloc[-1])
    made["z"], made["job"] = draw.normal(size=n), draw.choice(["u", "v"], n)
    return made.sample(frac=1, random_state=seed, ignore_index=True)


def read(made: pd.DataFrame, **more) -> ti.Table:
    classes = made["y"].nunique()
    settings = {"positive": "yes"} if classes == 2 else {}
    return ti.read_table(made, target="y", split="part", **settings, **more)


def network_of(table: ti.Table):
    """A network whose scores rise with x."""
    slopes = np.arange(len(table.schema.classes)) if len(table.schema.classes) > 2 else np.ones(1)

    def score(rows):
        return rows["x"].to_numpy()[:, None] * slopes

    return bind(ti.wrap(score, classes=list(table.schema.classes), outputs="logits"), table)


def test_events_are_rows_with_weight_of_each_class():
    made = frame({"no": 80, "yes": 25}, {"no": 40, "yes": 12}).assign(w=1.0)
    made.loc[made.index[(made["y"] == "yes") & (made["part"] == "test")][:2], "w"] = 0.0
    table = read(made, weight="w")
    expected = [int(((made["y"] == k) & (made["w"] > 0)).sum()) for k in table.schema.labels]
    assert events(table).tolist() == expected == [120, 35]
    assert events(table, table.held_out).tolist() == [40, 10]
    assert enough(table).tolist() == [True, True]
    assert enough(table, table.held_out).tolist() == [False, False]


def test_rows_of_one_group_are_one_event():
    made = frame({"no": 80, "yes": 40})
    made["person"] = np.where(made["y"] == "yes", made.groupby("y").cumcount() % 15, 100 + made.index)
    made["person"] = made["person"].astype(float)
    made.loc[made.index[made["y"] == "yes"][:3], "person"] = np.nan  # each stands alone
    table = read(made, group="person")
    yes = made.loc[made["y"] == "yes", "person"]
    assert events(table).tolist()[1] == yes.nunique() + 3 == 18
    reason = too_few_events(table, "all")
    assert reason is not None
    assert "too few groups that contain a row of class 'yes' among the rows (18; " in str(reason)


def test_numbers_have_no_events_and_counts_those_above_zero():
    draw = np.random.default_rng(0)
    number = pd.DataFrame({"x": draw.normal(size=60), "y": draw.normal(size=60)})
    assert too_few_events(ti.read_table(number, target="y"), "all") is None
    count = number.assign(y=np.where(np.arange(60) < 19, 2, 0))
    table = ti.read_table(count, target="y", task="count")
    assert events(table).tolist() == [41, 19]
    assert str(too_few_events(table, "all")).startswith(
        "there are too few rows with a count above 0 among the rows (19; "
    )
    assert (
        too_few_events(
            ti.read_table(count.assign(y=count["y"].mask(count.index == 30, 1)), target="y", task="count"), "all"
        )
        is None
    )


@pytest.mark.parametrize(
    ("yes", "said"),
    [
        (
            19,
            "there are too few rows of class 'yes' among the held-out rows (19; at least 20 are needed); about 450 rows",
        ),
        (9, "there are too few rows of class 'yes' among the held-out rows (fewer than 10; at least 20 are needed)"),
        (0, "there are too few rows of class 'yes' among the held-out rows (0; "),
        (20, None),
    ],
)
def test_too_few_events_are_said_with_their_number_and_what_it_takes(yes, said):
    table = read(frame({"no": N, "yes": 40}, {"no": N, "yes": yes}))
    reason = too_few_events(table.take(table.held_out), "held_out")
    assert (reason is None) if said is None else str(reason).startswith(said)
    if said is not None:
        with speaking("ja"):
            assert ti.messages.text(reason.key, reason.values)


def test_of_several_classes_the_largest_stands_against_all_others():
    table = read(frame({"a": 200, "b": 12, "c": 7}))
    reason = too_few_events(table.take(table.held_out), "held_out")
    assert str(reason).startswith("there are too few rows of any class except 'a' among the held-out rows (19; ")
    table = read(frame({"a": 200, "b": 22, "c": 7}))
    assert too_few_events(table.take(table.held_out), "held_out") is None
    assert enough(table.take(table.held_out)).tolist() == [True, True, False]


def refused(read_it) -> str:
    with pytest.raises(NotApplicableError) as caught:
        read_it()
    return str(caught.value)


@pytest.mark.parametrize("few", ["held_out", "training"])
def test_below_twenty_events_no_comparison_has_a_verdict(few):
    counts = ({"no": 200, "yes": 40}, {"no": 200, "yes": 19})
    table = read(frame(*(counts if few == "held_out" else counts[::-1])))
    network = network_of(table)
    rows = network.take(table.held_out)
    linear = bind(ti.fit_counterpart(network, table), table)
    found = compare(rows, linear.take(table.held_out), held_out=True)
    side = "held-out" if few == "held_out" else "training"
    sentence = f"too few rows of class 'yes' among the {side} rows (19; "
    assert sentence in refused(lambda: ladder(network, table))
    assert sentence in refused(lambda: boosted(network, 0.01))
    if few == "training":
        assert found.status != "not_assessed"
        return
    assert found.status == "not_assessed"
    assert sentence in str(found.withheld)
    assert np.isnan(found.metrics[0].difference).all()
    assert sentence in refused(lambda: decisions(rows, linear.take(table.held_out), None, held_out=True))
    assert sentence in refused(lambda: disagreement(network, linear))
    assert sentence in refused(
        lambda: recalibrated(rows, linear.take(table.held_out), replace(found, withheld=None, null=1.0))
    )
    assert np.isnan(calibration(network).outputs[0].slope).all()
    assert all(np.isnan(part).all() for pair in recalibrations(rows) for part in pair)
    assert slices(network, linear, 0.01).slices == ()


def test_single_classes_below_twenty_events_have_no_numbers():
    table = read(frame({"a": 100, "b": 60, "c": 19}))
    rows = network_of(table).take(table.held_out)
    found = compare(rows, rows, held_out=True)
    assert {label for label, _ in found.classes} == {"a", "b"}
    assert "balanced_accuracy" not in {one.name for one in found.metrics}
    slopes = calibration(network_of(table)).frame().set_index("output")["slope"]
    assert np.isfinite(slopes[["a", "b"]]).all()
    assert np.isnan(slopes["c"])


@pytest.mark.parametrize(("training", "held", "told"), [(40, 20, "both"), (40, 19, "training"), (19, 40, "none")])
def test_the_power_of_a_column_takes_twenty_events_on_both_sides(training, held, told):
    table = read(frame({"no": 200, "yes": training}, {"no": 200, "yes": held}))
    found = describe_data(table)
    assert (found.withheld is None) == (told == "both")
    power = {one.column: one for one in found.power}
    assert bool(power) == (told != "none")
    if power:
        assert np.isfinite(power["x"].training[0])
        assert np.isfinite(power["x"].held_out[0]) == np.isfinite(power["x"].fall_q) == (told == "both")
    else:
        assert "too few rows of class 'yes' among the training rows (19; " in str(found.withheld)


def test_the_limit_stands_in_one_place():
    assert EVENTS == 20
    for sentence in (PERFORMANCE["report.judged.classes.note"], CALIBRATION["report.calibration.none"]):
        assert f"fewer than {EVENTS} " in sentence
