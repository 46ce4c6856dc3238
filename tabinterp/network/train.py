"""`train`: fit a reference network and its linear counterpart to a table."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from tabinterp.arrays import FloatArray
from tabinterp.errors import argument
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models.device import CPU, device_of
from tabinterp.models.model import Model
from tabinterp.models.transformer_calls import as_array
from tabinterp.table import Table
from tabinterp.table.identifiers import identifier_of
from tabinterp.table.read import with_split
from tabinterp.table.table import check_table
from tabinterp.threads import one_thread

from .encoder import fitted_encoder
from .reference import FittedNetwork, fit_network

Progress = Callable[[str, float], None]
FRACTION = 0.25
NULL = " of shuffled labels, a null and no model"  # appended to its name


@dataclass(frozen=True, eq=False)
class Trained:
    """The result of `train`: one network for each seed, the linear counterpart, and the table with its split. The first network
    is the one to audit.

    Attributes
    ----------
    training_rows : number of rows used for fitting the first network.
    validation_rows : number of rows used for early stopping of the first network. Together with the rows used for fitting, these
        are all rows that are not held out and have a positive weight.
    null : a network trained in the same way on randomly permuted targets, which it cannot learn. It serves as a baseline for
        explanations.
    """

    networks: tuple[Model, ...]
    counterpart: Model
    table: Table
    validation_loss: tuple[float, ...]
    training_rows: int
    validation_rows: int
    null: Model | None = None


@one_thread()
def train(
    table: Table,
    *,
    seed: int = 0,
    seeds: int = 1,
    null: bool = False,
    progress: Progress | None = None,
    device: str = CPU,
) -> Trained:
    """Fit the reference network and its linear counterpart to the rows that are not held out.

    If the table has no split, a quarter of the rows is held out (for classification, a quarter of each class). If the table has a
    group column, the network's stopping epoch and the linear counterpart's penalty are chosen on rows of groups that were not
    used for fitting.

    Parameters
    ----------
    seeds : number of networks to train, one for each seed. The first network is the one to audit, even if another network
        performs better.
    null : whether to train one more network, on randomly permuted targets of the rows that are not held out (`Table.shuffled`).
    device : device on which the networks are trained, "cpu" or "cuda".
    """
    check_table(table)
    device = device_of(device)
    _warn_of_identifiers(table)
    if table.split is None:
        table = with_split(table, FRACTION, None, table.schema.goal.classes, seed)
    training = table.training_rows()
    frame = training.inputs
    kinds = {c.name: c.kind for c in table.schema.columns if c.role == "input"}
    encoder = fitted_encoder(frame, kinds)
    x = as_array(encoder.transform(frame))
    count = seeds + null

    def fit(number: int, y: FloatArray, own: int, what: str = "") -> tuple[Model, FittedNetwork]:
        fitted = fit_network(
            x,
            y,
            task=table.schema.task,
            n_classes=len(table.schema.classes) or None,
            weights=training.weights,
            groups=training.groups,
            seed=own,
            progress=_share(progress, number, count),
            device=device,
        )
        hidden = "-".join(str(m.out_features) for m in list(fitted.module)[:-1] if isinstance(m, torch.nn.Linear))
        model = Model(
            name=f"network {hidden}{what}",
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
        return model, fitted

    networks, fits = zip(*(fit(number, training.y, seed + number) for number in range(seeds)), strict=True)
    knows_nothing = fit(seeds, table.shuffled(seed).training_rows().y, seed, NULL)[0] if null else None
    counterpart = replace(fit_counterpart(networks[0], table, seed=seed), split=table.split)
    losses = tuple(one.validation_loss for one in fits)
    return Trained(
        networks, counterpart, table, losses, fits[0].training_rows, fits[0].validation_rows, null=knows_nothing
    )


def _warn_of_identifiers(table: Table) -> None:
    found = [name for name in table.schema.inputs if identifier_of(table, name)]
    if found:
        warnings.warn(
            f"these input columns look like row identifiers: {', '.join(map(repr, found))}. The network can memorise identifiers "
            f"of training rows, but they do not help to predict new rows. Leave these columns out with {argument('drop')}",
            stacklevel=4,  # the caller of `train`, beyond its decorator
        )


def _share(progress: Progress | None, number: int, seeds: int) -> Callable[[int, int, float], None] | None:
    if progress is None:
        return None
    return lambda epoch, epochs, loss: progress("training", (number + min(1.0, epoch / max(1, epochs))) / seeds)
