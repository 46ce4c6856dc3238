"""Where two models differ: counts by loops over rows, leaves by their own rules, a planted difference and none."""

from __future__ import annotations

import functools
import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint
from torch import nn

import tabinterp as ti
from tabinterp.analyses.disagreement import estimator
from tabinterp.analyses.disagreement.estimator import Condition, Disagreement, Leaf, Tree, disagreement
from tabinterp.analyses.disagreement.record import build as told
from tabinterp.analyses.disagreement.record import disagreement_sentences
from tabinterp.analyses.performance.discordance import Discordance
from tabinterp.analyses.performance.estimator import DifferentClasses
from tabinterp.analyses.performance.record import _different_classes
from tabinterp.errors import NotApplicableError
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import bind
from tabinterp.table.hash_sampling import row_hash
from tests import cases
from tests.shared import every_nth


@functools.cache
def both(task: str, weighted: bool = False):
    frame = cases.mixed_frame(2000, task=task)
    table = cases.mixed_table(frame, task, weighted, split=0.5)
    network = bind(ti.wrap(cases.network_pipeline(frame, task)), table)
    return network, bind(fit_counterpart(network, table), table)


def by_hand(network, linear):
    """Row by row: do the models differ, is the network right, is the linear model."""
    table, found = network.table, []
    for i in np.flatnonzero(table.held_out):
        one, other, y = network.scores[i], linear.scores[i], table.y[i]
        if table.schema.task == "binary":
            a, b = one[0] > 0, other[0] > 0
            found.append((i, a != b, bool(a) == bool(y), bool(b) == bool(y), a > b))
        elif table.schema.task == "multiclass":
            a, b = int(np.argmax(one)), int(np.argmax(other))
            found.append((i, a != b, a == y, b == y, False))
        else:
            a, b = (np.exp(s[0]) if table.schema.task == "count" else s[0] for s in (one, other))
            found.append((i, abs(a - b), abs(a - y) < abs(b - y), abs(b - y) < abs(a - y), a > b))
    frame = pd.DataFrame(found, columns=["row", "differ", "network", "linear", "higher"])
    if not table.schema.goal.classes:
        frame["differ"] = frame["differ"] >= np.quantile(frame["differ"], 0.9)
    return frame.set_index("row").astype(bool)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_counts_are_those_of_a_loop_over_rows(task):
    network, linear = both(task)
    found, rows = disagreement(network, linear), by_hand(network, linear)
    differ = rows[rows["differ"]]
    assert (found.rows, found.count) == (len(rows), len(differ))
    neither = ~(differ["network"] | differ["linear"])
    for part, hits, of in (
        (found.share, len(differ), len(rows)),
        (found.network_right, differ["network"].sum(), len(differ)),
        (found.linear_right, differ["linear"].sum(), len(differ)),
        (found.neither, neither.sum(), len(differ)),
    ):
        assert part == pytest.approx((hits / of, *proportion_confint(hits, of, method="wilson")), abs=1e-12)
    if task == "multiclass":  # two of several classes are in no order
        assert (found.higher, found.higher_count) == (None, None)
        return
    hits = differ["higher"].sum()
    assert 0 < hits < len(differ)
    assert found.higher_count == hits
    ends = proportion_confint(hits, len(differ), method="wilson")
    assert found.higher == pytest.approx((hits / len(differ), *ends), abs=1e-12)


def test_weights_weigh_shares():
    network, linear = both("binary", weighted=True)
    found, rows = disagreement(network, linear), by_hand(network, linear)
    w = pd.Series(network.table.weights, np.arange(len(network.table)))[rows.index]
    assert found.share[0] == pytest.approx(w[rows["differ"]].sum() / w.sum())
    size = w.sum() ** 2 / (w**2).sum()
    ends = proportion_confint(found.share[0] * size, size, method="wilson")
    assert found.share[1:] == pytest.approx(ends, abs=1e-12)
    inside = rows["differ"]
    assert found.network_right[0] == pytest.approx(w[inside & rows["network"]].sum() / w[inside].sum())


def meets(condition, frame) -> np.ndarray:
    values = frame[condition.column]
    if condition.threshold is not None:
        numbers = values.to_numpy(dtype=float)
        # a missing number counts as the median of the fitted half, which is far from every threshold that is found here
        numbers = np.where(np.isnan(numbers), MEDIAN.get(condition.column, np.nan), numbers)
        below = numbers.astype(np.float32) <= condition.threshold
        return below if condition.kind == "at_most" else ~below
    if condition.kind in ("missing", "present"):
        return (values.isna() if condition.kind == "missing" else values.notna()).to_numpy()
    same = (values.astype(str) == condition.level).to_numpy()
    return same if condition.kind == "is" else ~same


MEDIAN: dict[str, float] = {}


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_leaves_hold_the_rows_that_their_rules_say(task):
    network, linear = both(task)
    tree = disagreement(network, linear).tree
    rows, inputs = by_hand(network, linear), network.table.inputs
    halves = {}
    assert tree.hidden < 10  # one leaf at most is not shown: what meets no rule
    for leaf in tree.leaves:
        assert leaf.rows >= 10
        assert 1 <= len(leaf.conditions) <= 3
        named = [c.column for c in leaf.conditions]
        assert named == sorted(named, key=named.index)  # what is said of one column stands together
    scored = row_hash(network.table.numbers[rows.index], 2) % np.uint64(2) == 1
    assert (scored.sum(), (~scored).sum()) == (tree.rows, tree.fitted_rows)
    MEDIAN.clear()
    MEDIAN.update(inputs.iloc[rows.index[~scored]][["age", "income"]].median().to_dict())
    for name, half in (("scored", scored), ("fitted", ~scored)):
        part = inputs.iloc[rows.index[half]]
        inside = [np.logical_and.reduce([meets(c, part) for c in leaf.conditions]) for leaf in tree.leaves]
        met = np.sum(inside, axis=0)
        assert set(met) <= {0, 1}
        assert name == "fitted" or (met == 0).sum() == tree.hidden
        halves[name] = (
            np.where(met == 1, np.argmax(inside, axis=0), len(tree.leaves)),
            rows["differ"].to_numpy()[half],
        )
    at, differ = halves["scored"]
    for i, leaf in enumerate(tree.leaves):
        hits, of = differ[at == i].sum(), (at == i).sum()
        assert leaf.rows == of
        assert (leaf.share, leaf.low, leaf.high) == pytest.approx(
            (hits / of, *proportion_confint(hits, of, method="wilson"))
        )
    assert tree.differ == differ.sum()
    few = [0 < leaf.differ < 10 or 0 < leaf.rows - leaf.differ < 10 for leaf in tree.leaves]
    assert few == sorted(few)  # leaves without a share come last, in an order that does not tell of it
    assert [leaf.rows for leaf, hidden in zip(tree.leaves, few, strict=True) if hidden] == sorted(
        (leaf.rows for leaf, hidden in zip(tree.leaves, few, strict=True) if hidden), reverse=True
    )
    fitted_at, fitted_differ = halves["fitted"]
    risk = np.array([fitted_differ[fitted_at == i].mean() for i in range(fitted_at.max() + 1)])
    assumed = five_of_the_few(at, differ)
    assert tree.auc[0] == pytest.approx(metrics.roc_auc_score(assumed, risk[at]))
    guess = risk[at] > fitted_differ.mean()  # balanced classes: above the base rate
    assert tree.balanced_accuracy[0] == pytest.approx(metrics.balanced_accuracy_score(assumed, guess))
    for found, true in (
        (tree.auc, metrics.roc_auc_score(differ, risk[at])),
        (tree.balanced_accuracy, metrics.balanced_accuracy_score(differ, guess)),
    ):
        assert found[2] <= min(found[0], true) <= max(found[0], true) <= found[3]


def five_of_the_few(at: np.ndarray, differ: np.ndarray) -> np.ndarray:
    """Rows that differ, if five did of each leaf in which one to nine do, and all but five where one to nine do not."""
    made = []
    for leaf in np.unique(at):
        rows, hits = (at == leaf).sum(), differ[at == leaf].sum()
        if 0 < hits < 10 or 0 < rows - hits < 10:
            hits = min(5, rows - 1) if hits < 10 else rows - 5
        made.append(pd.Series(np.arange(rows) < hits, index=np.flatnonzero(at == leaf)))
    return pd.concat(made).sort_index().to_numpy()


class Formula(nn.Module):
    def __init__(self, formula) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, x):
        return self.formula(x)[:, None]


def made(formula, n: int = 3000):
    draw = np.random.default_rng(5)
    x = draw.normal(size=(n, 4))
    y = (x[:, 0] + draw.logistic(size=n) > 0).astype(int)
    frame = pd.DataFrame(x, columns=["a", "b", "c", "d"]).assign(y=y)
    table = ti.read_table(frame, target="y", split=0.5, task="binary")
    network = ti.wrap(Formula(formula), encoder="passthrough", classes=[0, 1])
    layer = nn.Linear(4, 1, bias=False)
    _ = layer.weight.data.copy_(torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
    return bind(network, table), bind(ti.wrap(layer, encoder="passthrough", classes=[0, 1]), table)


def test_a_planted_difference_is_found_by_its_column():
    found = disagreement(*made(lambda x: torch.where(x[:, 1] > 1.0, -x[:, 0], x[:, 0])))
    first, *_, last = found.tree.leaves
    assert {c.column for leaf in found.tree.leaves for c in leaf.conditions} == {"b"}
    assert last.conditions[-1].kind == "at_most"
    assert last.conditions[-1].threshold == pytest.approx(1.0, abs=0.01)
    assert (first.share, last.share) == (1.0, 0.0)
    assert found.tree.auc[2] > 0.97
    assert found.network_right[2] < 0.5 < found.linear_right[1]


@pytest.mark.nightly
def test_a_difference_that_no_column_explains_is_not_explained():
    """The network flips by a digit deep inside a column."""
    found = disagreement(*made(lambda x: torch.where((x[:, 3] * 1e4).floor() % 5 == 0, -x[:, 0], x[:, 0])))
    assert found.share[0] == pytest.approx(0.2, abs=0.03)
    assert found.tree.auc[2] < 0.5 + 0.03
    assert found.tree.auc[0] == pytest.approx(0.5, abs=0.06)


def test_too_few_rows_that_differ_have_no_tree_and_nobody_right():
    found = disagreement(*made(lambda x: torch.where(x[:, 1] > 2.9, -x[:, 0], x[:, 0])))
    assert 0 < found.count < 10
    assert found.tree is None
    assert np.isnan([*found.network_right, *found.linear_right, *found.neither]).all()


def test_models_that_never_differ_have_no_tree():
    found = disagreement(*made(lambda x: 2 * x[:, 0]))
    assert (found.count, found.share[0], found.tree) == (0, 0.0, None)


def test_what_cannot_be_compared_is_refused():
    network, _ = both("regression")
    with pytest.raises(NotApplicableError, match="the same prediction for at least 90% of the rows"):
        disagreement(network, network)
    frame = cases.mixed_frame(100)
    model = bind(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame))
    with pytest.raises(NotApplicableError, match="the table has no split"):
        disagreement(model, model)


class Found(SimpleNamespace):
    """Results that hold one analysis."""

    def __getitem__(self, _):
        return self.disagreement


def written(
    count: int,
    right: tuple[int, int, int],
    leaves: list[tuple[int, int]],
    hidden: int = 0,
    higher: int | None = None,
    possible: tuple[int, int] | None = None,
):
    """The document's part: of leaves (rows, those that differ)."""
    some = (0.5, 0.4, 0.6)
    made = tuple(Leaf((Condition("a", "above", threshold=i),), *leaf, *some) for i, leaf in enumerate(leaves))
    rows, differ = (sum(leaf[i] for leaf in leaves) for i in (0, 1))
    tree = Tree(made, hidden, 100, hidden + rows, *[(0.8, 0.02, 0.7, 0.9)] * 2, differ)
    found = Disagreement(
        400, count, some, some, some, some, right, None, tree, 0,
        positive="yes", higher=None if higher is None else some, higher_count=higher, possible=possible,
    )  # fmt: skip
    return told(Found(disagreement=found, linear=SimpleNamespace(model=SimpleNamespace(name="a line"))))


@pytest.mark.parametrize(
    ("count", "is_told"), [(0, True), (1, False), (9, False), (10, True), (390, True), (391, False)]
)
def test_few_rows_that_differ_or_do_not_are_not_counted(count, is_told):
    part = written(count, (count, 0, 0), [(100, 50)])
    assert (part.count == count, part.share.value == 0.5) == (is_told, is_told)
    assert (part.sentences[0].key == "disagreement.few") is not is_told
    assert is_told or str(count) not in map(str, part.sentences[0].values.values())


@pytest.mark.parametrize(
    ("right", "is_told"),
    [((60, 40, 0), True), ((91, 9, 0), False), ((50, 41, 9), False), ((100, 0, 0), True), ((80, 10, 10), True)],
)
def test_who_is_right_is_not_told_where_fewer_than_ten_rows_stand_on_one_side(right, is_told):
    part = written(100, right, [(100, 50)])
    assert all((one.value == 0.5) is is_told for one in (part.network_right, part.linear_right, part.neither))
    assert ("disagreement.right.few" in [one.key for one in part.sentences]) is not is_told


@pytest.mark.parametrize(
    ("higher", "share", "key"),
    [
        (60, 0.5, "disagreement.positive"),
        (10, 0.5, "disagreement.positive"),
        (0, 0.5, "disagreement.positive"),
        (9, None, "disagreement.positive.linear"),
        (91, None, "disagreement.positive.network"),
        (None, None, None),
    ],
)
def test_which_way_is_told_without_a_count_below_ten(higher, share, key):
    part = written(100, (60, 40, 0), [(100, 50)], higher=higher)
    assert part.network_higher.value == share
    found = [one for one in part.sentences if one.key.startswith("disagreement.positive")]
    assert [one.key for one in found] == ([] if key is None else [key])
    assert all(one.values["label"] == "yes" for one in found)
    assert not {9, 91} & {value for one in found for value in one.values.values()}
    assert part.model_copy(update={"sentences": disagreement_sentences(part, "a line", "yes")}) == part


def test_few_rows_that_differ_do_not_say_which_way():
    part = written(15, (15, 0, 0), [(100, 50)], higher=7, possible=(1, 19))
    assert (part.network_higher.value, part.nearly_always_higher, part.count) == (None, None, None)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize(("rows", "surplus", "right"), [(7500, 363, 21), (300, 41, 1), (20_000, 30, 10)])
def test_the_few_rows_on_one_side_do_not_follow_from_what_is_said_of_disagreement(rows, surplus, right, plain):
    """The confusion matrices give by how many rows more the network predicts the positive class (`surplus`), and by how many
    more of these it is right (`right`). Of the 1 to 9 rows on which only the linear model predicts it, what is told fits many.
    """
    told_of, labels = set(), set()
    for few in range(1, 10):
        alone = np.array([(surplus - right) // 2, (surplus + right) // 2])  # predicted by the network, of either class
        cells = np.zeros((2, 5), dtype=int)
        cells[0, :2], cells[1, :2] = (0, alone[0]), (alone[1] + few, few)
        cells[:, [2, 4]] = (rows - cells.sum()) // 4
        cells[0, 2] += rows - cells.sum()
        differ = Discordance(cells)
        count, better = differ.count, int(cells[:, 0].sum())
        assert count == surplus + 2 * few
        assert differ.possible == (surplus + 2, surplus + 18)
        shares = [
            (share, *proportion_confint(share * of, of, method="wilson"))
            for share, of in ((count / rows, rows), (better / count, count), (1 - better / count, count), (0.0, count))
        ]
        found = Disagreement(
            rows, count, *shares, (better, count - better, 0), None, None, 0, positive="yes",
            higher=(1 - few / count, 0.9, 1.0), higher_count=count - few, plain=plain, possible=differ.possible,
        )  # fmt: skip
        part = told(Found(disagreement=found, linear=SimpleNamespace(model=SimpleNamespace(name="a line"))))
        assert part.count is None
        keys = {one.key for one in part.sentences}
        about = {"disagreement.classes.about", "disagreement.positive.network"} if plain else {"verdict.labels.about"}
        assert keys >= about
        assert part.share.value == float(f"{(surplus + 10) / rows:.2g}")
        if plain:  # the interval holds that of the true number
            low, high = proportion_confint(count, rows, method="wilson")
            assert part.share.low <= 1.05 * low
            assert part.share.high >= 0.95 * high
        told_of.add(part.model_dump_json())
        labels.add(_different_classes(DifferentClasses.of(differ, count / rows), rows).model_dump_json())
    assert len(told_of) == len(labels) == 1
    assert "verdict.labels.about" in labels.pop()


@pytest.mark.parametrize(("differ", "fitted", "is_told"), [(180, 2000, True), (360, 2000, False), (180, 190, False)])
def test_a_tree_that_tells_how_many_rows_differ_at_least_is_withheld(differ, fitted, is_told):
    """Of the half that a tree was not fitted on, its AUC tells how many rows differ; of the other half at least ten do."""
    some = (0.5, 0.4, 0.6)
    tree = Tree((), 0, fitted, 2000, *[(0.8, 0.02, 0.7, 0.9)] * 2, differ)
    found = Disagreement(
        4000, 371, some, some, some, some, (200, 171, 0), None, tree, 0, positive="yes", higher=some, higher_count=367,
        possible=(365, 381),
    )  # fmt: skip
    part = told(Found(disagreement=found, linear=SimpleNamespace(model=SimpleNamespace(name="a line"))))
    assert (part.auc.value is not None) == (part.scored_rows is not None) == is_told
    assert ("disagreement.tree.none" in [one.key for one in part.sentences]) is not is_told


def test_leaves_tell_no_count_below_ten():
    part = written(100, (60, 40, 0), [(100, 50), (40, 31), (40, 30), (70, 1), (70, 0), (12, 12)], hidden=0)
    assert [(leaf.rows, leaf.share.value) for leaf in part.leaves] == [
        (100, 0.5), (40, None), (40, 0.5), (70, None), (70, 0.5), (12, 0.5)
    ]  # fmt: skip
    assert part.hidden_rows == 0
    part = written(100, (60, 40, 0), [(100, 50), (30, 15), (20, 10)], hidden=4)
    assert [leaf.rows for leaf in part.leaves] == [100, 30]  # four rows are what twenty would leave
    assert part.hidden_rows == 24


def test_intervals_of_a_tree_with_withheld_leaves_reach_over_all_counts_that_are_possible():
    """Of three leaves one to nine rows differ. The interval holds the AUC of every possible tree."""
    sizes, hits = np.array([60, 50, 40, 30]), np.array([3, 7, 4, 20])
    risk = np.array([0.6, 0.2, 0.4, 0.8])
    at = np.repeat(np.arange(4), sizes)
    differ = np.concatenate([np.arange(size) < hit for size, hit in zip(sizes, hits, strict=True)])
    table = ti.read_table(pd.DataFrame({"x": at.astype(float), "y": np.where(differ, "b", "a")}), target="y")
    weights = np.ones(len(at))
    found = estimator._scored_told(at, risk, differ, table, weights, 0)
    every = [np.array([*few, 5]) for few in itertools.product(range(1, 10), repeat=3)]
    trees = [estimator._as_if(differ, at, few) for few in every]
    possible = np.array([estimator._powers(at, risk, tree, weights) for tree in trees])
    middle = estimator._powers(at, risk, estimator._as_if(differ, at, np.full(4, 5)), weights)
    for i, (value, _, low, high) in enumerate(found):
        assert value == middle[i]
        worst, best = (
            estimator._scored(at, risk, trees[place(possible[:, i])], table, weights, 0)[i]
            for place in (np.argmin, np.argmax)
        )
        assert low <= worst[2] < worst[0] < best[0] < best[3] <= high
