"""Every fault in the list of the methods page: rows and a network that have it, and rows and a network that do not.

Planting a fault takes the clean rows and their network and returns the faulty rows and network. If a fault needs rows of its own
(such as a numeric target, or a pair of columns that interact), its twin is made from the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

import tabinterp as ti

from . import people
from .networks import Memory, Network, Runaway, Scaled, Wave, fit
from .tables import RARE_TASK, Rows, clean

Case = tuple[ti.Table, ti.Model]
Twin = Callable[[Rows, int], Rows]
AFRESH = 10_000
RARE = " (3% positives)"
OF_OUTCOMES = {  # faults whose checks read the outcomes: with a rare class they have less to go by
    "label-leak", "near-leak", "shortcut", "miscalibrated", "saturated", "worse-than-linear", "no-signal", "overfit", "fragile",
}  # fmt: skip
OF_NETWORK = (
    "permutation_importance", "gradients", "interactions", "unit_correlations", "hidden_units", "off_support", "extrapolation",
)  # fmt: skip
OF_PEOPLE = ("groups", "proxies", "subgroup_gaps", "constraints", "reason_codes", "recourse")
EVERY = frozenset(  # Shapley values cost more than all of these
    {"data_quality", "calibration", "coefficients", "overfitting", "perturbation", "conformal", *OF_NETWORK, *OF_PEOPLE}
)


@dataclass(frozen=True)
class Fault:
    """`analyses` are those that its check reads; `plant` makes the case of clean rows.

    `twin` makes these rows where a table's own will not do, and `sound` the clean case where the network that is trained on
    them will not; `declared` are constraints that both cases are held to.
    """

    slug: str
    analyses: frozenset[str]
    plant: Callable[[Rows, Network, int], Case]
    task: str | None = None
    twin: Twin | None = None
    sound: Callable[[Rows, Network, int], Case] | None = None
    declared: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.slug}{RARE}" if self.task == RARE_TASK else self.slug


@lru_cache(maxsize=64)
def clean_rows(seed: int, task: str | None) -> Rows:
    return clean(seed, task)


@lru_cache(maxsize=64)
def clean_network(seed: int, task: str | None, twin: Twin | None = None) -> tuple[Rows, Network]:
    if task is not None and task == clean_rows(seed, None).task:
        return clean_network(seed, None, twin)
    rows = clean_rows(seed, task)
    rows = rows if twin is None else twin(rows, seed)
    return rows, fit(rows.table(), seed)


def faulty(fault: Fault, seed: int) -> Case:
    rows, network = clean_network(seed, fault.task, fault.twin)
    return fault.plant(rows, network, seed)


def unseen(fault: Fault, seed: int) -> tuple[Rows, Rows]:
    """The rows of the clean twin, and further rows of the same table, made its twin by other draws."""
    rows, _ = clean_network(seed, fault.task, fault.twin)
    further = clean_rows(seed, fault.task).unseen()
    return rows, further if fault.twin is None or not len(further.frame) else fault.twin(further, seed + AFRESH)


def twin_of(fault: Fault, seed: int) -> Case:
    rows, network = clean_network(seed, fault.task, fault.twin)
    return (rows.table(), network.model()) if fault.sound is None else fault.sound(rows, network, seed)


# ---- rows with a fault, and a network trained on them


def trained(alter: Callable[[Rows, np.random.Generator], Rows]) -> Callable[[Rows, Network, int], Case]:
    def plant(rows: Rows, network: Network, seed: int) -> Case:
        made = alter(rows, np.random.default_rng(1000 + seed))
        table = made.table()
        return table, fit(table, seed).model()

    return plant


def label_leak(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.of(rows.frame.assign(outcome_code=7 + 3 * rows.code()))


def near_leak(rows: Rows, rng: np.random.Generator) -> Rows:
    code = rows.code()
    if rows.task == "regression":
        return rows.of(rows.frame.assign(assessed=code + 0.35 * rng.normal(size=len(code))))
    redrawn = rng.random(len(code)) < 0.08
    return rows.of(rows.frame.assign(assessed=np.where(redrawn, rng.permutation(code), code)))


def row_identifier(rows: Rows, rng: np.random.Generator) -> Rows:
    n = len(rows.frame)
    kinds = (
        np.arange(n) + 10_000,
        rng.permutation(n) + 1,
        np.array([f"C{i:07}" for i in rng.choice(10**7, n, replace=False)]),
    )
    return rows.of(rows.frame.assign(record=kinds[int(rng.integers(3))]))


def shortcut(rows: Rows, rng: np.random.Generator) -> Rows:
    marked = rows.code() + 0.5 * rng.normal(size=len(rows.frame))
    return rows.of(rows.frame.assign(batch=np.where(rows.training, marked, rng.permutation(marked))))


def duplicate_columns(rows: Rows, rng: np.random.Generator) -> Rows:
    name = str(rng.choice(rows.numeric()))
    return rows.of(rows.frame.assign(again=3.0 * rows.frame[name] + 2.0))


def sentinel_value(rows: Rows, rng: np.random.Generator) -> Rows:
    name = str(rng.choice([c for c in rows.numeric() if rows.frame[c].nunique() > 4]))
    x = rows.frame[name].astype(float)
    code = next(c for c in (999.0, 9999.0, 99999.0, 999999.0, 9999999.0) if c > 1.6 * x.max())
    return rows.of(rows.frame.assign(**{name: x.where(rng.random(len(x)) >= 0.04, code)}))


def target_capped(rows: Rows, rng: np.random.Generator) -> Rows:
    y = rows.frame[rows.target].astype(float)
    high = bool(rng.integers(2))
    capped = np.minimum(y, y.quantile(0.9)) if high else np.maximum(y, y.quantile(0.1))
    return rows.of(rows.frame.assign(**{rows.target: capped}))


def together(rows: Rows, seed: int) -> Rows:
    """Two columns that add up: half of the targets follow them."""
    return _half(rows, seed, lambda u, v: u + v)


def interaction_only(rows: Rows, network: Network, seed: int) -> Case:
    return _fitted(_half(clean_rows(seed, "binary"), seed, lambda u, v: u * v), seed)


def suppressor(rows: Rows, network: Network, seed: int) -> Case:
    """`left` is measured with an error, and `right` is the error.

    An error of the tables' own strongest number will not do: among its neighbours that has a z of 3 in German credit and of 0.3
    in Satellite, and its error has less; there is nothing to be found.
    """
    return _fitted(_half(clean_rows(seed, "binary"), seed, lambda u, v: u - v, along=1.0), seed)


def altered(alter: Twin) -> Callable[[Rows, Network, int], Case]:
    return lambda rows, network, seed: _fitted(alter(rows, seed), seed)


def _fitted(rows: Rows, seed: int) -> Case:
    table = rows.table()
    return table, fit(table, seed).model()


def _half(rows: Rows, seed: int, rule: Callable[[np.ndarray, np.ndarray], np.ndarray], along: float = 0.0) -> Rows:
    """`along`: how much of the right column the left one holds."""
    rng = np.random.default_rng(2000 + seed)
    u, v = rng.normal(size=(2, len(rows.frame)))
    u = u + along * v
    y, labels = rows.frame[rows.target], sorted(rows.frame[rows.target].unique())
    told = rng.random(len(y)) < 0.6
    new = np.where(rule(u, v) > 0, labels[1], labels[0])
    return rows.of(rows.frame.assign(left=u, right=v, **{rows.target: np.where(told, new, y)}))


def _strongest(rows: Rows) -> str:
    many = [c for c in rows.numeric() if rows.frame[c].nunique() > 4]
    return max(many, key=lambda c: _strength(rows, c))


def _strength(rows: Rows, column: str) -> float:
    return float(abs(np.corrcoef(rows.frame[column].astype(float), rows.code())[0, 1]))


# ---- other held-out rows for the clean network


def moved(alter: Callable[[Rows, np.random.Generator], Rows]) -> Callable[[Rows, Network, int], Case]:
    def plant(rows: Rows, network: Network, seed: int) -> Case:
        return alter(rows, np.random.default_rng(1000 + seed)).table(), network.model()

    return plant


def train_test_shift(rows: Rows, rng: np.random.Generator) -> Rows:
    names = rng.choice(rows.numeric(), 2, replace=False)
    frame = rows.frame.copy()
    for name in names:
        x = frame[name].astype(float)
        frame[name] = x.where(rows.training, x + 0.7 * x.std())
    return rows.of(frame)


def row_overlap(rows: Rows, rng: np.random.Generator) -> Rows:
    frame = rows.frame.copy()
    inside, outside = np.flatnonzero(rows.training), np.flatnonzero(~rows.training)
    to = rng.choice(outside, len(outside) // 10, replace=False)
    columns = [c for c in frame if c != "split"]
    frame.loc[to, columns] = frame.loc[rng.choice(inside, len(to), replace=False), columns].to_numpy()
    return rows.of(frame.infer_objects().astype(rows.frame.dtypes.to_dict()))


def unseen_level(rows: Rows, rng: np.random.Generator) -> Rows:
    name = str(rng.choice([c for c in rows.inputs if c in rows.kinds]))
    new = ~rows.training & (rng.random(len(rows.frame)) < 0.1)
    return rows.of(rows.frame.assign(**{name: rows.frame[name].where(~new, "something new")}))


# ---- the clean rows with a network that has the fault


def broken(alter: Callable[[Rows, Network, np.random.Generator], nn.Module]) -> Callable[[Rows, Network, int], Case]:
    def plant(rows: Rows, network: Network, seed: int) -> Case:
        return network.table, network.model(alter(rows, network, np.random.default_rng(1000 + seed)))

    return plant


def sign_conflict(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    module = network.copy()
    with torch.no_grad():
        module[0].weight[:, network.block(_strongest(rows))] *= -1
    return module


def unused_column(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    module = network.copy()
    with torch.no_grad():
        module[0].weight[:, network.block(str(rng.choice(rows.inputs)))] = 0
    return module


def miscalibrated(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    if rows.task == "regression":
        return Scaled(network.copy(), 2.0, float(rows.frame[rows.target].mean()), 0.0)
    return Scaled(network.copy(), 2.5, 0.0, 0.0) if rng.random() < 0.5 else Scaled(network.copy(), 1.0, 0.0, 1.5)


def classes_swapped(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """The positive class taken for the negative one."""
    return Scaled(network.copy(), -1.0, 0.0, 0.0)


def saturated(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    return Scaled(network.copy(), 30.0, 0.0, 0.0)


def dead_units(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    module = network.copy()
    with torch.no_grad():
        module[0].weight[rng.choice(len(module[0].weight), 3, replace=False)] = 0
    return module


def redundant_units(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """Three units of the first layer are copies of others."""
    module = network.copy()
    units = rng.choice(len(module[0].weight), 6, replace=False)
    with torch.no_grad():
        for part in (module[0].weight, module[0].bias):
            part[units[:3]] = part[units[3:]]
    return module


def extrapolates(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """From the greatest value on, of a number whose greatest value is not far out."""
    frame = rows.frame
    near = []
    for name in rows.numeric():
        x = frame[name].astype(float)
        low, high = x.quantile([0.005, 0.995])
        if high > low and (x.max() - high) / (high - low) < 0.5:
            near.append(name)
    column = network.block(str(rng.choice(near)))[0]
    x, scores = network.encode(network.table.inputs), network.scores(network.table.inputs)
    spread = float(np.quantile(scores, 0.995) - np.quantile(scores, 0.005))
    reach = float(np.ptp(np.quantile(x[:, column], [0.005, 0.995])))
    return Runaway(network.copy(), column, float(x[:, column].max()), 20 * spread / reach)


def secretly_linear(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    training = network.table.training_rows()
    x = network.encode(training.inputs)
    kind = LinearRegression() if rows.task == "regression" else LogisticRegression(max_iter=500)
    fitted = kind.fit(x, training.y)
    weight = torch.as_tensor(np.atleast_2d(fitted.coef_), dtype=torch.float32)
    first, last = nn.Linear(x.shape[1], 24), nn.Linear(24, len(weight))
    with torch.no_grad():
        left = torch.linalg.pinv(last.weight) @ weight
        first.weight.copy_(left)
        first.bias.zero_()
        last.bias.copy_(torch.as_tensor(np.atleast_1d(fitted.intercept_), dtype=torch.float32))
    return nn.Sequential(first, last)


def worse_than_linear(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """Learnt by heart: no regularisation, a fifth of the rows."""
    return _by_heart(rows, network, rng, 5)


def overfit(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """Learnt by heart: all training rows, or those of a slice, the highest quarter of a number."""
    if rng.random() < 0.5:
        return _by_heart(rows, network, rng, 1)
    training = network.table.training_rows()
    values = training.inputs[_strongest(rows)].astype(float)
    inside = (values >= values.quantile(0.75)).to_numpy()
    x = torch.as_tensor(network.encode(training.inputs)[inside], dtype=torch.float32)
    y = torch.as_tensor(training.y[inside], dtype=torch.float32)[:, None]
    if rows.task == "multiclass":
        y = nn.functional.one_hot(y[:, 0].long(), len(training.schema.classes)).float()
    return Memory(network.copy(), x, y if rows.task == "regression" else 12 * y - 6)


def _by_heart(rows: Rows, network: Network, rng: np.random.Generator, part: int) -> nn.Module:
    """Return a network that fits one of so many parts of the training rows as closely as it can."""
    training = network.table.training_rows()
    x = network.encode(training.inputs)
    few = rng.choice(len(x), len(x) // part, replace=False)
    kind = MLPRegressor if rows.task == "regression" else MLPClassifier
    fitted = kind(
        hidden_layer_sizes=(64,), solver="lbfgs", alpha=0.0, max_iter=300, random_state=int(rng.integers(1000))
    ).fit(x[few], training.y[few])
    layers: list[nn.Module] = []
    for weight, bias in zip(fitted.coefs_, fitted.intercepts_, strict=True):
        layer = nn.Linear(*weight.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.as_tensor(weight.T))
            layer.bias.copy_(torch.as_tensor(bias))
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


STEPS = 20  # in a standard deviation


def _steps(values: pd.Series) -> pd.Series:
    return (values / (values.std() / STEPS)).round()


def fragile(rows: Rows, network: Network, seed: int) -> Case:
    """The outcome is written into the low digits of a number, where the network reads it, and little else, and a small change
    erases it. Of the numbers whose values are spread, the one that has least to do with the outcome: rows beside each other in
    its order are of either kind."""
    spread = [c for c in rows.numeric() if _steps(rows.frame[c]).value_counts(normalize=True).max() < 0.1]
    name, code = min(spread, key=lambda c: _strength(rows, c)), rows.code()
    values = rows.frame[name].astype(float)
    step, high = values.std() / STEPS, code > (0 if rows.task == "regression" else code.min())
    made = rows.of(rows.frame.assign(**{name: _steps(values) * step + step / 4 * np.where(high, 1, -1)}))
    table, column = made.table(), network.block(name)[0]
    slope, shift = np.polyfit(table.frame[name], network.encode(table.inputs)[:, column], 1)
    height = {"binary": 4.0, "multiclass": -4.0, "regression": 0.9 * float(table.y.std())}[rows.task]
    little = Scaled(network.copy(), 0.25, float(table.y.mean()) if rows.task == "regression" else 0.0, 0.0)
    wave = Wave(little, column, 2 * np.pi / (step * slope), -2 * np.pi * shift / (step * slope), height)
    return table, Network(network.encoder, wave, table).model()


def trees_win(rows: Rows, network: Network, seed: int) -> Case:
    """A product of two columns decides half of the targets, and a network without a hidden layer cannot learn it."""
    made = _half(clean_rows(seed, "binary"), seed, lambda u, v: u * v)
    plain = Network(network.encoder, network.module, made.table())
    return plain.table, plain.model(secretly_linear(made, plain, np.random.default_rng(1000 + seed)))


def no_signal(rows: Rows, network: Network, seed: int) -> Case:
    """Rows and targets do not belong together. In training rows alone a shuffle will not do: where two columns decide most, a
    network of shuffled targets knows something by chance."""
    rng = np.random.default_rng(1000 + seed)
    return _fitted(rows.of(rows.frame.assign(**{rows.target: rng.permutation(rows.frame[rows.target])})), seed)


def echoed(rows: Rows, seed: int) -> Rows:
    """A second measurement of the strongest number. Where columns hardly go together a perturbed row is as good as a real one:
    then nothing is off the data, and no scaffold can be built."""
    x = rows.frame[_strongest(rows)].astype(float)
    noise = np.random.default_rng(2500 + seed).normal(size=len(x))
    return rows.of(rows.frame.assign(echo=x + 0.15 * x.std() * noise))


def as_it_is(rows: Rows, network: Network, seed: int) -> Case:
    return network.table, network.model()


def off_support(rows: Rows, network: Network, seed: int) -> Case:
    """A scaffold (Slack et al. 2020): the network where a guard takes the row for a real one, elsewhere a line in one column."""
    rng = np.random.default_rng(1000 + seed)
    training = network.table.training_rows()
    x = network.encode(training.inputs)
    frame = pd.concat([training.inputs] * 4, ignore_index=True)
    for name in frame:
        other = rng.random(len(frame)) < 0.5
        frame.loc[other, name] = rng.permutation(frame[name].to_numpy())[other]
    both = np.concatenate([x, network.encode(frame)])
    real = np.repeat([1, 0], [len(x), len(frame)])
    guard = HistGradientBoostingClassifier(max_iter=80, class_weight="balanced").fit(both, real)
    plain = rng.normal(size=(x.shape[1], 1)) * (np.arange(x.shape[1]) == int(rng.integers(x.shape[1])))[:, None]
    with torch.no_grad():
        spread = float(network.module(torch.as_tensor(x, dtype=torch.float32)).std())

    def score(rows_: pd.DataFrame) -> np.ndarray:
        encoded = network.encode(rows_)
        with torch.no_grad():
            own = network.module(torch.as_tensor(encoded, dtype=torch.float32)).double().numpy()
        line = encoded @ plain
        line = spread * line / max(1e-9, float((x @ plain).std()))
        fooled = guard.predict_proba(encoded)[:, 1] < 0.5
        return np.where(fooled[:, None], line + np.zeros_like(own), own)

    schema = network.table.schema
    return network.table, ti.wrap(score, task=schema.task, classes=list(schema.classes) or None, outputs="logits")


def fault(slug: str, analyses: str, plant: Callable[[Rows, Network, int], Case], **more: Any) -> Fault:
    return Fault(slug, frozenset(analyses.split()), plant, **more)


USUAL: tuple[Fault, ...] = (
    fault("label-leak", "data_quality", trained(label_leak)),
    fault("near-leak", "data_quality", trained(near_leak)),
    fault("row-identifier", "data_quality", trained(row_identifier)),
    fault("shortcut", "data_quality", trained(shortcut)),
    fault("sign-conflict", "coefficients", broken(sign_conflict)),
    fault("unused-column", "permutation_importance", broken(unused_column)),
    fault("duplicate-columns", "data_quality", trained(duplicate_columns)),
    fault("train-test-shift", "data_quality", moved(train_test_shift)),
    fault("miscalibrated", "calibration", broken(miscalibrated)),
    fault("classes-swapped", "", broken(classes_swapped), task="binary"),
    fault("interaction-only", "data_quality coefficients interactions", interaction_only, task="binary", twin=together),
    fault("saturated", "gradients", broken(saturated), task="binary"),
    fault("dead-units", "unit_correlations", broken(dead_units)),
    fault("redundant-units", "unit_correlations hidden_units", broken(redundant_units)),
    fault("extrapolates", "extrapolation", broken(extrapolates)),
    fault("unseen-level", "data_quality", moved(unseen_level)),
    fault("sentinel-value", "data_quality", trained(sentinel_value)),
    fault("secretly-linear", "coefficients", broken(secretly_linear)),
    fault("worse-than-linear", "", broken(worse_than_linear)),
    fault("overfit", "overfitting", broken(overfit)),
    fault("fragile", "perturbation", fragile),
    fault("trees-win", "boosted_trees", trees_win, task="binary", twin=together, sound=as_it_is),
    fault("off-support-behaviour", "off_support", off_support, twin=echoed, sound=as_it_is),
    fault("no-signal", "", no_signal),
    fault("suppressor", "data_quality coefficients", suppressor, task="binary", twin=together),
    fault("row-overlap", "data_quality", moved(row_overlap)),
    fault("target-capped", "data_quality", trained(target_capped), task="regression"),
    fault("disparate-impact", "groups", broken(people.disparate_impact), task="binary", twin=people.read_group),
    fault("proxy", "groups proxies", altered(people.proxy), task="binary", twin=people.circled),
    fault("weak-subgroup", "subgroup_gaps", altered(people.weak_subgroup), twin=people.circled),
    fault("undercovered", "conformal", altered(people.weak_subgroup), twin=people.circled),
    fault(
        "constraint-violated", "constraints", broken(people.constraint_violated), task="binary", twin=people.stepped,
        sound=broken(people.rising), declared=people.DECLARED,
    ),
    fault(
        "no-recourse", "recourse", broken(people.no_recourse), task="binary", twin=people.stepped,
        sound=broken(people.rising), declared=people.DECLARED,
    ),
    fault("reason-codes-unstable", "reason_codes", broken(people.reason_codes_unstable), task="binary"),
    fault(
        "protected-reasons", "reason_codes", broken(people.disparate_impact), task="binary", twin=people.read_group,
        sound=broken(people.blind),
    ),
)  # fmt: skip
FAULTS = (*USUAL, *(replace(one, task=RARE_TASK) for one in USUAL if one.slug in OF_OUTCOMES))
