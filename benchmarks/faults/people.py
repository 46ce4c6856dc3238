"""Faults in how people are treated: in their groups, in proxies for these groups, in what was declared, and in their reasons.

Each twin has the same group columns, but nothing depends on them.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .networks import Network, Shifted, Tilted, Wild
from .tables import Rows

CIRCLE = "circle"  # the protected column; no model reads it
STEP = "step"  # the column with a declared direction, which people can change
DECLARED = {STEP: {"direction": "+", "changeable": True}}
STEEP = 1.0  # sd of the score for each sd of it


def circled(rows: Rows, seed: int) -> Rows:
    """Three protected groups of no meaning, which is no input."""
    groups = np.random.default_rng(3000 + seed).choice(["east", "north", "west"], len(rows.frame), p=[0.4, 0.3, 0.3])
    return rows.with_group(CIRCLE, groups, read=False)


def proxy(rows: Rows, seed: int) -> Rows:
    """A column tells `circle` in nine rows of ten, and half of the targets follow `circle`."""
    rng, frame = np.random.default_rng(4000 + seed), rows.frame
    west = (frame[CIRCLE] == "west").to_numpy()
    noisy = np.where(rng.random(len(frame)) < 0.9, west, rng.random(len(frame)) < 0.3)
    labels = sorted(frame[rows.target].unique())
    follow = rng.random(len(frame)) < 0.5
    target = np.where(follow, np.where(west, labels[0], labels[1]), frame[rows.target])
    return rows.of(frame.assign(district=2.0 * noisy + 0.3 * rng.normal(size=len(frame)), **{rows.target: target}))


def weak_subgroup(rows: Rows, seed: int) -> Rows:
    """In `west` the outcome is another's: the other class, the next one of several, the number on the other side of the mean."""
    frame, y = rows.frame, rows.frame[rows.target]
    labels = sorted(y.unique())
    turned = (
        2 * y.mean() - y
        if rows.task == "regression"
        else y.map(dict(zip(labels, [*labels[1:], labels[0]], strict=True)))
    )
    return rows.of(frame.assign(**{rows.target: y.where(frame[CIRCLE] != "west", turned)}))


def read_group(rows: Rows, seed: int) -> Rows:
    """Two protected groups of no meaning, which the network reads."""
    groups = np.random.default_rng(3000 + seed).choice(["east", "west"], len(rows.frame), p=[0.55, 0.45])
    return rows.with_group(CIRCLE, groups, read=True)


def disparate_impact(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """The score of `west` is shifted until a quarter as many of it are selected as of `east`."""
    training = network.table.training_rows()
    west = (training.frame[CIRCLE] == "west").to_numpy()
    scores = network.scores(training.inputs)[:, 0]
    share = (scores[~west] > 0).mean() / 4
    column = next(at for at in network.block(CIRCLE) if network.encode(training.inputs)[west, at].min() > 0)
    return Shifted(network.copy(), column, -float(np.quantile(scores[west], 1 - share)))


def blind(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """The network does not read the groups."""
    return _not_reading(network, CIRCLE)


def no_recourse(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """The network does not read the only column that people can change."""
    return _not_reading(network, STEP)


def _not_reading(network: Network, column: str) -> nn.Module:
    module = network.copy()
    with torch.no_grad():
        module[0].weight[:, network.block(column)] = 0
    return module


def stepped(rows: Rows, seed: int) -> Rows:
    return rows.of(rows.frame.assign(**{STEP: np.random.default_rng(3000 + seed).normal(size=len(rows.frame))}))


def rising(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """The score is a line in the declared column, beside what the network makes of the others."""
    return _tilted(network, 1e9)


def constraint_violated(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """The same, and it turns down for the highest third of the rows."""
    return _tilted(network, float(rows.frame[STEP].quantile(0.67)))


def _tilted(network: Network, turn: float) -> nn.Module:
    inputs = network.table.inputs
    column = network.block(STEP)[0]
    encoded, values = network.encode(inputs)[:, column], inputs[STEP].to_numpy(float)
    slope, start = np.polyfit(values, encoded, 1)
    return Tilted(network.copy(), column, STEEP * float(network.scores(inputs).std()), float(start + slope * turn))


def reason_codes_unstable(rows: Rows, network: Network, rng: np.random.Generator) -> nn.Module:
    """A wave along a line through all columns, of many turns: what a column adds hangs on all the others."""
    x = network.encode(network.table.training_rows().inputs)
    line = rng.normal(size=x.shape[1]) / np.maximum(x.std(axis=0), 1e-6)
    line *= 8 / (x @ line).std()
    return Wild(network.copy(), line, 2 * float(network.scores(network.table.inputs).std()))
