"""No number of 1 to 9 rows on one side of a disagreement between the models follows from a document.

The attack: rows are paired in another way. Where two rows of one class are right under both models, and wrong under both, the
linear model's scores of the two are exchanged. Each model by itself is then the same to the last digit, and one row more is on
either side. Whoever has a document can tell the true number from another one only if the documents differ.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.analyses.decision_curve.estimator import _of_right
from tabinterp.analyses.discrimination.record import Rates
from tabinterp.analyses.discrimination.record import Record as Ranking
from tabinterp.analyses.performance.discordance import Discordance
from tabinterp.analyses.settings import decision_policy
from tabinterp.document.document import Document
from tests import cases
from tests.resamples import few_resamples
from tests.shared import every_nth, once_per_run

pytestmark = pytest.mark.usefixtures("drawn_once")  # pages of documents that are meant to be the same

TRAINING, POSITIVE, NEGATIVE = 100, 120, 180
PARTS = ["disagreement", "decision_curve", "discrimination", "reason_codes"]
PAIRS = ((1, 0), (5, 0), (9, 0), (0, 4), (4, 5))
ENDS = ((1, 0), (4, 5))  # the fewest rows and the most


def people(right: dict[str, tuple[int, int]], pairs: tuple[int, int], **columns: str) -> pd.DataFrame:
    """Rows of two classes; of each the models are `right` on so many, and each alone on `pairs` more than need be.

    Probabilities are about 0.2 and 0.8: between these thresholds the decisions are the same.
    """
    draw = np.random.default_rng(7)
    made = []
    for k, (n, more) in enumerate(zip((NEGATIVE, POSITIVE), pairs, strict=True)):
        sign = 1 if k else -1
        scores = {
            model: sign * np.where(np.arange(n) < right[model][k], 1, -1) * draw.uniform(1.2, 1.6, n)
            for model in ("network", "linear")
        }
        first, last = np.arange(more), n - 1 - np.arange(more)
        scores["linear"][np.r_[first, last]] = scores["linear"][np.r_[last, first]]
        made.append(pd.DataFrame({**scores, "y": "yes" if k else "no"}))
    train = pd.DataFrame({"network": draw.normal(size=TRAINING), "linear": draw.normal(size=TRAINING)})
    train["y"] = np.where(train["network"] + draw.logistic(size=TRAINING) > 0, "yes", "no")
    held = pd.concat(made).iloc[draw.permutation(POSITIVE + NEGATIVE)]
    frame = pd.concat([train.assign(part="train"), held.assign(part="test")], ignore_index=True)
    if "weight" in columns:
        frame[columns["weight"]] = draw.uniform(0.5, 2.0, len(frame))
    if "group" in columns:
        frame[columns["group"]] = np.arange(len(frame)) // 2
    return frame


def audited(frame: pd.DataFrame, costs: tuple[int, int] = (2, 3), **columns: str) -> Document:
    table = ti.read_table(frame, target="y", positive="yes", adverse="no", split="part", **columns)
    models = [
        ti.wrap(cases.affine(weights, [0.0]), encoder="passthrough", classes=["no", "yes"])
        for weights in ([1.0, 0.0], [0.0, 1.0])
    ]
    with few_resamples():
        made = ti.audit(models[0], table, counterpart=models[1], costs=costs, analyses=PARTS, rows=400)
    made.check()
    assert len(made.to_html()) > 10_000
    assert len(made.to_markdown(lang="ja")) > 10_000
    return ti.Audit.from_json(made.to_json()).document


@once_per_run
def documents(name: str, pairs: tuple[tuple[int, int], ...], **columns: str) -> list[Document]:
    return [audited(people(RIGHT[name], some, **columns), **columns) for some in pairs]


# How often each model is right: of the negative class, of the positive one.
RIGHT = {
    "both ways": {"network": (150, 80), "linear": (120, 100)},  # as in a report of German credit
    "one way": {"network": (130, 100), "linear": (120, 60)},
    "nine": {"network": (150, 80), "linear": (118, 89)},
    "hardly": {"network": (140, 90), "linear": (138, 91)},
    "accurate": {"network": (160, 100), "linear": (140, 112)},
}


OF_THE_TREE = ("auc", "balanced_accuracy", "leaves", "fitted_rows", "scored_rows", "hidden_rows")


def of_decisions(document: Document) -> dict[str, Any]:
    """All that a document says about which rows the models decide differently, or about the rows that both decline."""
    (accuracy,) = [row for row in document.performance.metrics if row.metric == "accuracy"]
    assert document.reasons is not None
    found = {
        "accuracy": accuracy.model_dump(),
        "policy": document.judged.decisions.policy.model_dump(),
        "curve": [
            point.difference.model_dump() for point in document.judged.decisions.curve if 0.22 < point.threshold < 0.78
        ],
        "confusion": [
            one.model_dump(exclude={*Rates.model_fields})  # rates have intervals of resampled rows
            for one in (document[Ranking].network_confusion, document[Ranking].linear_confusion)
        ],
        "disagreement": document.disagreement.model_dump(exclude={*OF_THE_TREE, "sentences"}),
        "sentences": [line.model_dump() for line in document.disagreement.sentences if ".tree" not in line.key],
        "labels": [line.model_dump() for line in document.verdict.lines if line.key.startswith("verdict.labels")],
        "costs": [line.model_dump() for line in document.verdict.lines if line.key.startswith("verdict.cost")],
        "alike": [one.model_dump() for one in document.reasons.alike if one.of in ("linear_agree", "linear_differ")],
        "flips": [one.model_dump() for one in document.reasons.flips if one.model == "linear"],
    }
    return rounded(found)


def rounded(part: Any) -> Any:
    """To ten digits: sums of the same numbers in another order differ in the last ones."""
    if isinstance(part, dict):
        return {name: rounded(one) for name, one in part.items()}
    if isinstance(part, list):
        return [rounded(one) for one in part]
    return float(f"{part:.10g}") if isinstance(part, float) else part


def discordant(document: Document) -> float:
    """The number of rows on which one model alone is right, from the error of the difference in accuracy."""
    (accuracy,) = [row for row in document.performance.metrics if row.metric == "accuracy"]
    rows, difference = document.performance.rows, accuracy.difference
    return rows * ((rows - 1) * difference.stderr**2 + difference.value**2)


def same(found: list[Document], but: tuple[str, ...] = ()) -> None:
    first, *others = map(of_decisions, found)
    for other in others:
        for part, held in first.items():
            assert part in but or json.dumps(other[part]) == json.dumps(held), part


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("both ways", ENDS),
        *[pytest.param(name, ENDS, marks=pytest.mark.nightly) for name in ("one way", "hardly", "accurate")],
        *[
            pytest.param(name, PAIRS, marks=pytest.mark.nightly)
            for name in ("both ways", "one way", "hardly", "accurate")
        ],
    ],
)
def test_a_document_is_the_same_for_every_number_of_rows_on_the_smaller_side(name, pairs):
    found = documents(name, pairs)
    same(found)
    assert {one.disagreement.count for one in found} == {None}
    network, linear = (np.array(RIGHT[name][model]) for model in ("network", "linear"))
    most = int(np.abs(network - linear).sum()) + 18  # nine rows on the smaller side
    assert {round(discordant(one), 6) for one in found} == {most}
    (method,) = {row.method for one in found for row in one.performance.metrics if row.metric == "accuracy"}
    assert method == "widened"


def test_the_attack_finds_a_number_that_may_be_told():
    (found,) = documents("both ways", ((11, 10),))
    assert found.disagreement.count == 50 + 2 * 21
    assert discordant(found) == pytest.approx(found.disagreement.count)
    assert {row.method for row in found.judged.decisions.policy.metrics} == {"student"}


@pytest.mark.nightly
@pytest.mark.parametrize(
    "pairs", [((0, 0), (4, 5)), pytest.param(((0, 0), (1, 0), (0, 9), (4, 5)), marks=pytest.mark.nightly)]
)
def test_nine_rows_on_which_one_model_is_right_do_not_follow_where_none_predict_the_other_class_alone(pairs):
    """Of 41 rows the linear model alone predicts the positive class on all, and is right on nine. It may be on up to eighteen."""
    found = documents("nine", pairs)
    same(found)
    assert {round(discordant(one), 6) for one in found} == {41 + 18}
    assert {one.disagreement.nearly_always_higher for one in found} == {"linear"}
    assert {one.disagreement.network_right.value for one in found} == {None}


@pytest.mark.parametrize(
    "pairs", [((25, 3), (19, 9)), pytest.param(((25, 3), (23, 5), (19, 9)), marks=pytest.mark.nightly)]
)
def test_nine_rows_of_one_class_do_not_follow_from_what_is_told_of_each_class(pairs):
    """The number of rows that differ is told, but not how many of the positive class do."""
    found = documents("both ways", pairs)
    same(found, but=("alike", "flips"))  # what both decline is told, of both classes together
    assert {one.disagreement.count for one in found} == {50 + 2 * 28}
    assert {round(discordant(one), 6) for one in found} == {50 + 2 * 28}
    methods = {row.metric: row.method for row in found[0].judged.decisions.policy.metrics}
    assert methods == dict.fromkeys(("expected_cost", "sensitivity", "specificity"), "widened") | {
        "accuracy": "student"
    }


@pytest.mark.parametrize("columns", [{"weight": "w"}, {"group": "household"}])
def test_with_weights_or_groups_no_error_tells_of_few_rows(columns):
    hidden, told = documents("both ways", ((3, 2), (11, 10)), **columns)
    for document, there in ((hidden, False), (told, True)):
        metrics = [row for row in document.performance.metrics if row.metric == "accuracy"]
        for row in [*metrics, *document.judged.decisions.policy.metrics]:
            assert (row.difference.stderr is not None, row.method == "withheld") == (there, not there)
            assert row.difference.value == pytest.approx(row.network.value - row.linear.value)
        for point in document.judged.decisions.curve:
            if 0.22 < point.threshold < 0.78:
                assert point.difference.value == pytest.approx(point.network.value - point.linear.value)
                assert (point.difference.low is not None) == there
        part = document.disagreement
        assert (part.share.low is not None, part.count is not None) == (there, there)
        assert part.share.value is not None
    assert hidden.disagreement.network_right.value is None
    assert "verdict.cost.withheld" in {line.key for line in hidden.verdict.lines}
    assert {line.key for line in hidden.disagreement.sentences} >= {"verdict.labels.about", "disagreement.right.few"}
    assert not hidden.performance.metrics[-1].difference.low


# ---- confusion matrices that are withheld


@once_per_run
def of_matrix(network: tuple[int, int], linear: tuple[int, int], costs: tuple[int, int] = (2, 3)) -> Document:
    return audited(people({"network": network, "linear": linear}, (0, 0)), costs=costs)


def policy_rows(document: Document) -> dict[str, Any]:
    return {row.metric: row for row in document.judged.decisions.policy.metrics}


WRONG = {
    "both": (174, 114),
    "negative": (174, 80),
    "positive": (150, 114),
    "neither": (150, 80),
}  # on six rows of a class


APART = [("both", "neither"), ("negative", "both")]
OTHERS = [(one, other) for one in WRONG for other in ("both", "positive", "neither") if (one, other) not in APART]


@pytest.mark.parametrize(
    ("network", "linear"), [*APART, *[pytest.param(*both, marks=pytest.mark.nightly) for both in OTHERS]]
)
def test_no_table_tells_what_another_withholds(network, linear):
    document = of_matrix(WRONG[network], WRONG[linear])
    rows, ranking, costs = policy_rows(document), document[Ranking], {"both"}
    for model, name in (("network", network), ("linear", linear)):
        confusion = getattr(ranking, f"{model}_confusion")
        for rate in ("sensitivity", "specificity"):
            assert getattr(rows[rate], model).value == getattr(confusion, rate).value
            assert getattr(rows[rate], model).low is None or getattr(confusion, rate).low is not None
        assert (getattr(rows["expected_cost"], model).value is None) == (name in costs)
        for point in document.judged.decisions.curve:
            if 0.22 < point.threshold < 0.78:
                assert (getattr(point, model).value is None) == (name in costs)
        assert getattr(rows["accuracy"], model).value is not None
    for row in rows.values():
        missing = row.network.value is None or row.linear.value is None
        assert (row.difference.value is None) == missing
        assert not missing or row.difference == row.difference.__class__()
    (accuracy,) = [row for row in document.performance.metrics if row.metric == "accuracy"]
    assert rows["accuracy"].difference == accuracy.difference
    assert rows["accuracy"].method == accuracy.method


@pytest.mark.parametrize("others", [(-2, 3), pytest.param((-2, 0, 3), marks=pytest.mark.nightly)])
def test_documents_are_the_same_for_every_withheld_matrix_of_the_same_accuracy(others):
    """The network is wrong on ten rows; on how many of each class may not follow."""
    found = [of_matrix((175 + k, 115 - k), (150, 80)) for k in others]
    for name in ("expected_cost", "sensitivity", "specificity"):
        assert {policy_rows(one)[name].network.value for one in found} == {None}
        assert {policy_rows(one)[name].difference.value for one in found} == {None}
        assert len({policy_rows(one)[name].linear.model_dump_json() for one in found}) == 1
    assert len({policy_rows(one)["accuracy"].network.model_dump_json() for one in found}) == 1
    assert not [line for one in found for line in one.verdict.lines if line.key.startswith("verdict.cost")]


def test_a_cost_that_is_the_same_for_both_errors_says_no_more_than_accuracy():
    rows = policy_rows(of_matrix(WRONG["both"], WRONG["neither"], (1, 1)))
    assert rows["expected_cost"].network.value == pytest.approx(1 - rows["accuracy"].network.value)
    assert rows["sensitivity"].network.value is None


# ---- what may be told, of cells drawn at random


def counts(cells: np.ndarray) -> list[int]:
    """Rows on each side of two models' decisions: (negative, positive) by (network right, linear right, both, neither)."""
    (fp_linear, fp_network, true, false), (tp_network, tp_linear, hits, misses) = cells.tolist()
    return [
        cells[:, :2].sum(), cells[:, 2:].sum(),
        fp_linear + tp_network, fp_network + tp_linear,  # one alone is right
        fp_network + tp_network, fp_linear + tp_linear,  # one alone predicts the positive class
        true + hits, false + misses, hits + false, true + misses,
    ]  # fmt: skip


@pytest.mark.parametrize("draws", [60, pytest.param(2000, marks=pytest.mark.nightly)])
def test_what_is_told_leaves_ten_numbers_or_all_that_the_confusion_matrices_allow(draws):
    draw, kept = np.random.default_rng(3), 0
    for _ in range(draws):
        cells = draw.integers(0, [[30, 30, 60, 60]] * 2)
        cells = np.where(draw.random((2, 4)) < 0.3, draw.integers(0, 12, (2, 4)), cells)
        room = cells[:, :2].min(axis=1) + cells[:, 2:].min(axis=1)
        y = np.repeat([0.0, 1.0], cells.sum(axis=1))
        of = {}
        for pairs in range(int(room.sum()) + 1):
            first = min(pairs, int(room[0]))
            here = cells + (np.array([first, pairs - first]) - cells[:, :2].min(axis=1))[:, None] * [1, 1, -1, -1]
            found = Discordance(np.insert(here, 3, 0, axis=1))
            few = any(0 < count < 10 for count in counts(here))
            assert not few or found.possible is not None
            if found.possible is None:
                kept += 1
                continue
            assert found.possible[0] <= found.count <= found.possible[1]
            right = found.assumed_in_total(y)
            assert right.sum(axis=1).tolist() == [here[:, [0, 2]].sum(), here[:, [1, 2]].sum()]
            assert (right[0] != right[1]).sum() == found.possible[1]
            of.setdefault((found.possible, right.tobytes()), []).append(pairs)
        assert all(len(some) >= min(9, int(room.sum()) + 1) for some in of.values())
    assert kept > 5 * draws


def test_the_error_of_assumed_decisions_is_no_smaller_than_the_true_one():
    draw = np.random.default_rng(4)
    for _ in range(500):
        cells = draw.integers(0, [[14, 14, 60, 60]] * 2)
        found, y = Discordance(np.insert(cells, 3, 0, axis=1)), np.repeat([0.0, 1.0], cells.sum(axis=1))
        for assumed in (found.assumed_by_class(y), found.assumed_in_total(y)):
            if assumed is None:
                continue
            assert (assumed[0] != assumed[1]).sum() >= cells[:, :2].sum()
        by_class = found.assumed_by_class(y)
        if by_class is not None:
            apart = by_class[0] - by_class[1]
            for k in (0, 1):
                assert apart[y == k].sum() == cells[k, 0] - cells[k, 1]
                assert np.abs(apart[y == k]).sum() >= cells[k, :2].sum()


def test_standard_errors_of_assumed_decisions_are_no_smaller_than_the_exact_ones():
    draw, asked = np.random.default_rng(5), decision_policy((2, 3), 0.5, "binary")
    compared = 0
    for _ in range(300):
        cells = draw.integers([[0, 0, 12, 12]] * 2, [[8, 8, 72, 72]] * 2)
        y = np.repeat([0.0, 1.0], cells.sum(axis=1))
        table = SimpleNamespace(row_weights=np.ones(len(y)), groups=None, y=y)
        column = np.concatenate([np.repeat(np.arange(4), counts) for counts in cells])
        exact = _of_right(asked, np.array([[1.0, 0, 1, 0], [0.0, 1, 1, 0]])[:, column], table)
        found = Discordance(np.insert(cells, 3, 0, axis=1))
        for names, assumed in (
            (("accuracy",), found.assumed_in_total(y)),
            (("expected_cost", "sensitivity", "specificity"), found.assumed_by_class(y)),
        ):
            for own, wide in zip(exact, [] if assumed is None else _of_right(asked, assumed, table), strict=False):
                if own.name in names:
                    compared += 1
                    assert wide.difference[0] == pytest.approx(own.difference[0], abs=1e-12)
                    assert wide.difference[1] >= own.difference[1] * (1 - 1e-12)
    assert compared > 500


# ---- no row shows a difference

SAME = {"network": (150, 80), "linear": (150, 80)}


def test_where_no_row_shows_a_difference_the_interval_follows_the_rule_of_three():
    """If a share u of all rows showed one, none of n would with probability (1 - u)^n."""
    document = audited(people(SAME, (0, 0)))
    (accuracy,) = [row for row in document.performance.metrics if row.metric == "accuracy"]
    rows = policy_rows(document)
    assert rows["accuracy"].difference == accuracy.difference
    for name, n, most in (
        ("accuracy", 300, 1),
        ("specificity", 180, 1),
        ("sensitivity", 120, 1),
        ("expected_cost", 300, 3),
    ):
        found = rows[name].difference
        assert (rows[name].method, found.value, found.stderr) == ("rule_of_three", 0.0, None)
        assert found.low == -found.high
        assert 0.048 < (1 - found.high / most) ** n <= 0.05
    points = [point for point in document.judged.decisions.curve if 0.22 < point.threshold < 0.78]
    for point in points:
        worth = point.threshold / (1 - point.threshold)
        assert 0.048 < (1 - point.difference.high / max(1, worth)) ** 300 <= 0.05
        assert (point.difference.low, point.difference.stderr) == (-point.difference.high, None)
    assert len(points) >= 10
    assert "verdict.cost.no" in {line.key for line in document.verdict.lines}


@pytest.mark.parametrize("columns", every_nth(2, [{"weight": "w"}, {"group": "household"}]))
def test_with_weights_or_groups_no_interval_is_zero_wide(columns):
    document = audited(people(SAME, (0, 0), **columns), **columns)
    (accuracy,) = [row for row in document.performance.metrics if row.metric == "accuracy"]
    for row in [accuracy, *policy_rows(document).values()]:
        found = row.difference
        assert (row.method, found.value, found.stderr, found.low) == ("rule_of_three", 0.0, None, None)
    for point in document.judged.decisions.curve:
        assert point.difference.low is None or point.difference.low < point.difference.high
    assert not [line for line in document.verdict.lines if line.key.startswith("verdict.cost")]
