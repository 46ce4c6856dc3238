"""A reference network and its linear counterpart, for whoever has only a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from ..table import Table
from ..table.read import with_split
from .counterpart import fit_counterpart
from .encoding import as_array
from .model import Model
from .reference import build_encoder, fit_network

Progress = Callable[[str, float], None]
FRACTION = 0.25


@dataclass(frozen=True, eq=False)
class Trained:
    """Networks by seed, the first of which is the one to audit; the counterpart; and the table with its split."""

    networks: tuple[Model, ...]
    counterpart: Model
    table: Table
    validation_loss: tuple[float, ...]


def train(table: Table, *, seed: int = 0, seeds: int = 1, progress: Progress | None = None) -> Trained:
    """Fit the reference network on the rows that are not held out.

    A table without a split gets one: a quarter of the rows, of each class where there are classes. With several `seeds`
    the network is trained as often; the first is the one that counts, whichever turns out best.
    """
    if table.split is None:
        table = with_split(table, FRACTION, None, table.schema.goal.classes, seed)
    training = table.training_rows()
    frame = training.inputs
    kinds = {c.name: c.kind for c in table.schema.columns if c.role == "input"}
    encoder = build_encoder(frame, kinds).fit(frame)
    x = as_array(encoder.transform(frame))
    networks, losses = [], []
    for number in range(seeds):
        fitted = fit_network(
            x,
            training.y,
            task=table.schema.task,
            n_classes=len(table.schema.classes) or None,
            weights=training.weights,
            seed=seed + number,
            progress=_share(progress, number, seeds),
        )
        hidden = "-".join(str(m.out_features) for m in list(fitted.module)[:-1] if isinstance(m, torch.nn.Linear))
        networks.append(
            Model(
                name=f"network {hidden}",
                library=f"torch {torch.__version__.split('+')[0]}",
                module=fitted.module,
                task=table.schema.task,
                classes=table.schema.classes or None,
                outputs=table.schema.goal.outputs[0],
                encoder=encoder,
                reads=tuple(frame.columns),
                converged=fitted.converged,
                split=table.split,
            )
        )
        losses.append(fitted.validation_loss)
    counterpart = replace(fit_counterpart(networks[0], table, seed=seed), split=table.split)
    return Trained(tuple(networks), counterpart, table, tuple(losses))


def _share(progress: Progress | None, number: int, seeds: int) -> Callable[[int, int, float], None] | None:
    if progress is None:
        return None
    return lambda epoch, epochs, loss: progress("training", (number + min(1.0, epoch / max(1, epochs))) / seeds)
