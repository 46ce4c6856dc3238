"""A row of weight 3 is three rows, and equal weights are no weights: every reading honours the table's weights."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler
from statsmodels.stats.weightstats import DescrStatsW

import tabinterp as ti
from tabinterp.analyses.agreement.record import build as agreement
from tabinterp.analyses.gradients.estimator import METHODS
from tabinterp.analyses.performance.estimator import compare
from tabinterp.analyses.permutation_importance.off_support_share import Support
from tabinterp.analyses.settings import AuditSettings
from tabinterp.auditing.assemble import Results
from tabinterp.models import bind
from tabinterp.stats import association
from tabinterp.stats.weights import deviation, effective, quantile

TASKS = ["binary", "multiclass", "regression", "count"]
READ = ["a", "b", "k", "c"]


def rows(n=60):
    draw = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "a": draw.normal(size=n),
            "b": draw.exponential(size=n),
            "k": draw.integers(0, 3, n).astype(float),
            "c": draw.choice(["u", "v", "w"], n),
            "w": draw.integers(0, 4, n),
        }
    )
    law = frame["a"] * frame["b"] + (frame["c"] == "u") + draw.logistic(size=n)
    frame["binary"] = (law > 0.3).astype(int)
    frame["multiclass"] = np.digitize(law, [-0.5, 1])
    frame["regression"] = law
    frame["count"] = draw.poisson(np.exp(0.3 * law))
    return frame


FRAME = rows()
MORE = {"performance": rows(200)}  # which needs twenty rows of each class


def read(frame, task, weight=None):
    others = [t for t in TASKS if t != task] + ([] if weight else ["w"])
    return ti.read_table(frame.drop(columns=[c for c in others if c in frame]), target=task, task=task, weight=weight)


def tables(task, frame=FRAME):
    """Weighted rows, and the same rows repeated."""
    return read(frame, task, "w"), read(frame.loc[frame.index.repeat(frame["w"])], task)


def encoder(bent=False):
    b = SplineTransformer(n_knots=3) if bent else StandardScaler()
    return make_column_transformer((StandardScaler(), ["a", "k"]), (b, ["b"]), (OneHotEncoder(), ["c"]))


def models(task, bent=False):
    """A network and a linear model, fitted without weights: it is the readings that are looked at."""
    layers = {"max_iter": 40, "random_state": 0, "solver": "lbfgs", "alpha": 0.5}
    network, linear = {
        "regression": (MLPRegressor(hidden_layer_sizes=(4,), **layers), LinearRegression()),
        "count": (MLPRegressor("poisson", hidden_layer_sizes=(4,), **layers), PoissonRegressor()),
    }.get(task, (MLPClassifier((4,), activation="tanh", **layers), LogisticRegression()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [ti.wrap(make_pipeline(encoder(bent), m).fit(FRAME[READ], FRAME[task])) for m in (network, linear)]


MODELS = {task: models(task) for task in TASKS}


def points(frame, *names):
    return frame[[c for c in names if c in frame]].to_numpy(dtype=float)


def linear_coefficients(task, table):
    result = ti.coefficients(MODELS[task][1], table)
    return np.vstack(
        [points(result.frame(), "sd", "estimate", "per_sd", "model"), points(result.tests(), "vif", "vif", "vif", "df")]
    )


def network_coefficients(task, table):
    result = ti.coefficients(MODELS[task][0], table)
    return np.append(points(result.frame(), "sd", "estimate", "surrogate", "sign_flip"), result.surrogate.r2.value)


def curves(task, table):
    return points(ti.coefficients(models(task, bent=True)[0], table).frame(), "sd", "estimate", "sign_flip")


def gradients(method):
    def reading(task, table):
        result = ti.gradient_importance(MODELS[task][0], table, method=method)
        gap = [] if result.gap is None or method == "expected_gradients" else [result.gap]
        return np.append(points(result.frame(), "mean", "mean_abs"), gap)

    return reading


def shapley(task, table):
    """Every row against every row, by both models: the linear one has a closed form."""
    found = [ti.shapley_values(model, table, table, "exact") for model in MODELS[task]]
    return np.hstack([*(points(one.frame(), "mean", "mean_abs").ravel() for one in found), found[0].base])


def exact_permutation(task, table):
    """Of columns whose every value is weighed, under each loss of the task."""
    result = []
    for loss in table.schema.goal.losses:
        made = ti.permutation_importance(MODELS[task][0], table, loss=loss, groups={"few": ["k", "c"]}, n_repeats=30)
        assert all(made.exact[1:]) or made.exact[-1]
        result += [*made.importance[np.array(made.exact)], made.baseline]
    return np.array(result)


def neurons(task, table):
    made = ti.neuron_correlations(MODELS[task][0], table)
    return np.hstack([made.pearson, made.spearman, made.ratio, made.distance, np.c_[made.active, made.mean, made.sd]])


def performance(task, table):
    made = compare(*(bind(m, table) for m in MODELS[task]), held_out=True)
    share = [] if made.disagreement is None else [made.disagreement.share]
    return np.append(points(made.frame(), "network", "linear", "difference"), [made.margin, *share])


def agreements(task, table):
    """Of coefficients and derivatives, whose sizes are deviations over rows."""
    network, linear = (bind(m, table) for m in MODELS[task])
    both = ti.coefficients(linear, table), ti.coefficients(network, table)
    saliency = [tuple(ti.gradient_importance(m, table, method="saliency") for m in (network, linear))]
    compared = compare(network, linear, held_out=True)
    answers = {"coefficients": both, "gradients": saliency}
    results = Results(network, linear, True, AuditSettings(), compared, answers)
    return np.array([[a.spearman, a.overlap, np.nan if a.signs is None else a.signs] for a in agreement(results)])


READINGS = {
    "coefficients of a linear model": linear_coefficients,
    "average derivatives": network_coefficients,
    "mean derivatives through the encoder": curves,
    **{method: gradients(method) for method in METHODS},
    "permutation, exact": exact_permutation,
    "Shapley values": shapley,
    "neurons": neurons,
    "performance": performance,
    "agreement": agreements,
}
ORDINAL = {"agreement"}  # of ranks and shares, which need not change with weights
OF_THE_TASK = {"coefficients of a linear model", "permutation, exact", "performance"}  # by its likelihood or its losses
LOSSES = {*OF_THE_TASK, "permutation, drawn"}
CASES = [  # other readings are of scores: one for each row, or one for each class
    (name, task) for name in READINGS for task in (TASKS if name in OF_THE_TASK else ["multiclass", "count"])
]

SOON = {"coefficients of a linear model": "count", "permutation, exact": "regression", "performance": "binary"}


@pytest.mark.parametrize(
    ("name", "task"),
    [
        pytest.param(name, task, marks=() if task == SOON.get(name, "multiclass") else pytest.mark.nightly)
        for name, task in CASES
    ],
)
def test_weights_are_repetitions(name, task):
    frame = MORE.get(name, FRAME)
    weighted, repeated = (READINGS[name](task, table) for table in tables(task, frame))
    plain = READINGS[name](task, read(frame, task))
    # where a path starts inside a segment is drawn for each background row, so that copies of a row differ a little
    near = {"rtol": 0.05, "atol": 0.02} if name == "expected_gradients" else {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(weighted, repeated, **near)
    if name not in ORDINAL:
        assert not np.allclose(weighted, plain, rtol=1e-3, atol=1e-5, equal_nan=True)


def drawn_permutation(task, table):
    made = ti.permutation_importance(MODELS[task][0], table, n_repeats=3)
    return made.frame()[["importance", "stderr", "off_support"]].to_numpy(dtype=float)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        pytest.param(name, task, marks=() if task == "count" and name in LOSSES else pytest.mark.nightly)
        for name, task in [*CASES, *(("permutation, drawn", task) for task in TASKS)]
        if name in LOSSES or task == "count"
    ],
)
def test_equal_weights_are_no_weights(name, task):
    reading = (READINGS | {"permutation, drawn": drawn_permutation})[name]
    equal = reading(task, read(FRAME.assign(w=2.5), task, "w"))
    np.testing.assert_allclose(equal, reading(task, read(FRAME, task)), rtol=1e-6, atol=1e-9)


# ---- oracles for arrays


def sample(n=70, seed=0):
    draw = np.random.default_rng(seed)
    x = np.column_stack([draw.normal(size=n), draw.integers(0, 5, n), draw.normal(size=n)]).astype(float)
    x[draw.random(n) < 0.2, 2] = np.nan
    units = np.column_stack([draw.normal(size=n) + 0.5 * x[:, 0], np.maximum(draw.normal(size=n), 0)])
    return units, x, draw.integers(-1, 3, (n, 1)), draw.integers(1, 5, n).astype(float)


def moments(units, x, codes, w=None):
    return association.finish(association.update(association.start(np.zeros(2), np.zeros(3), [3]), units, x, codes, w))


def test_weighted_correlations_are_statsmodels():
    units, x, codes, w = sample()
    got = moments(units, x, codes, w)
    for j in range(3):
        known = ~np.isnan(x[:, j])
        for k in range(2):
            both = DescrStatsW(np.column_stack([units[known, k], x[known, j]]), weights=w[known])
            assert got.pearson[k, j] == pytest.approx(both.corrcoef[0, 1], abs=1e-12)
    np.testing.assert_allclose(got.mean, DescrStatsW(units, weights=w).mean, rtol=1e-12)
    np.testing.assert_allclose(got.sd, DescrStatsW(units, weights=w).std, rtol=1e-12)
    np.testing.assert_allclose(deviation(units, w), got.sd, rtol=1e-12)


def test_p_values_take_the_effective_sample_size():
    units, x, codes, w = sample()
    got, ranks = moments(units, x, codes, w), association.spearman(units, x, w)
    for j in range(3):
        n = effective(w[~np.isnan(x[:, j])])
        for found, p in ((got.pearson, got.pearson_p), (ranks.spearman, ranks.p)):
            t = found[:, j] * np.sqrt((n - 2) / (1 - found[:, j] ** 2))
            np.testing.assert_allclose(p[:, j], 2 * stats.t.sf(np.abs(t), n - 2), rtol=1e-9)


def slow_distance(u, x, p, discrete):
    """Weighted distance correlation by double centring with probabilities p."""
    a, b = np.abs(u[:, None] - u), np.abs(x[:, None] - x)
    b = (b > 0).astype(float) if discrete else b
    a, b = (d - (d @ p)[:, None] - p @ d + p @ d @ p for d in (a, b))
    both = [p @ (m * n) @ p for m, n in ((a, b), (a, a), (b, b))]
    return np.sqrt(both[0] / np.sqrt(both[1] * both[2]))


def test_weighted_distance_correlation_is_double_centring():
    units, x, codes, w = sample()
    got = association.distance_correlation(units, [*x.T, codes[:, 0]], w)
    for j, column in enumerate([*x.T, codes[:, 0].astype(float)]):
        known = ~np.isnan(column)
        for k in range(2):
            want = slow_distance(units[known, k], column[known], w[known] / w[known].sum(), j == 3)
            assert got.distance[k, j] == pytest.approx(want, abs=1e-10)


def test_p_values_of_weighted_distances_hold_their_level():
    """Independent columns and uneven weights: no more than five in a hundred below .05, as for equal ones."""
    draw = np.random.default_rng(0)
    units = draw.normal(size=(150, 400))
    w = draw.exponential(size=150) + 0.05
    p = association.distance_correlation(units, [draw.normal(size=150)], w).p_chi_square
    assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert (p <= 0.05).mean() > 0.005


@pytest.mark.parametrize("q", [0.005, 0.25, 0.5, 0.95])
def test_quantiles_are_numpys_of_repeated_rows(q):
    draw = np.random.default_rng(1)
    values, w = draw.normal(size=40), draw.integers(0, 4, 40)
    want = np.quantile(np.repeat(values, w), q, method="averaged_inverted_cdf")
    assert quantile(values, q, w.astype(float)) == pytest.approx(want)


def test_off_support_weighs_probes_and_donors():
    """The rate by hand: the probes beyond the limit, each counted with the product of both rows' weights."""
    table = read(FRAME.assign(w=FRAME["w"] + 1), "binary", "w")
    support = Support(table, 0)
    w, part, total = support._weights, support._squared("a"), support._total
    rates = []
    for shift in range(1, 5):
        beyond = ((total - part) + np.roll(part, shift, axis=0)).min(axis=1) > support._limit * (1 + 1e-5)
        pair = [w[i] * w[i - shift] for i in range(len(w))]
        rates.append(sum(p for p, far in zip(pair, beyond, strict=True) if far) / sum(pair))
    assert support.off(["a"]) == pytest.approx(np.mean(rates))
    assert support.off(["a"]) != Support(read(FRAME, "binary"), 0).off(["a"])
