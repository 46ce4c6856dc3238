"""Forecast of the duration of an audit on this machine. It is computed from the costs of the analyses and the speed of the
network.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tabinterp.analyses.base import Analysis, Size
from tabinterp.analyses.effects.estimator import AUDITED_COLUMNS, POINTS
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.permutation_importance.estimator import REPEATS
from tabinterp.models import BoundModel

from .budget import level, needed

TIMED_ROWS, TIMED_FEW = 4_096, 128  # rows for timing a network, and a prediction function
ENCODED_ROWS = 512


def measured(network: BoundModel, most: int, rows: int, all_rows: bool = False) -> Size:
    """Measure the size of an audit, including the time that the network needs to score a row.

    Parameters
    ----------
    network : the network, bound to the rows in memory.
    most : maximum number of rows for analyses that make many passes over them.
    rows : number of rows in the whole table. For a scan, only some of them are in memory.
    all_rows : whether permutation importance and effect curves use all rows of a scan.
    """
    table = network.table
    evaluated = len(table) if table.held_out is None else int(table.held_out.sum())
    timed = TIMED_ROWS if network.model.function is None else TIMED_FEW
    sample = network.take(np.resize(np.arange(len(table)), timed))
    _ = sample.rest(sample.z).cpu()
    start = time.perf_counter()
    _ = sample.rest(sample.z).cpu()  # .cpu() waits until the device has finished
    evaluation = (time.perf_counter() - start) / len(sample.table)
    beyond = rows - len(table)
    mixed = sum(not network.is_local((column,)) for column in network.columns)
    encoding = _encoding_seconds(sample) if mixed or beyond else 0.0
    return Size(
        training=len(table) - evaluated or len(table),
        evaluated=evaluated,
        drawn=min(evaluated, most),
        columns=len(network.columns),
        encoded=network.x.shape[1],
        classes=len(table.schema.classes),
        outputs=len(network.outputs),
        units=sum(value.shape[1] for value in network.take(np.arange(1)).activations().values()),
        evaluation=evaluation,
        encoding=encoding * mixed / max(1, len(network.columns)),
        beyond=beyond * (4 * encoding + (10 + all_rows * _passes(len(network.columns))) * evaluation),
    )


def _passes(columns: int) -> int:
    """Return how often each row is evaluated for the permutation importance and the effect curves of both models."""
    return 2 * (REPEATS * columns + POINTS * min(columns, AUDITED_COLUMNS))


def expected_seconds(
    size: Size, analyses: Sequence[Analysis[Any]], budget: int | None = None, *, fits: bool
) -> dict[str, float]:
    """Return the expected duration, in seconds, of each part of an audit: fitting the linear counterpart, and each analysis.

    Parameters
    ----------
    size : size of the audit and speed of the network.
    analyses : the analyses to run.
    budget : number of rows that the analyses may evaluate in total; None means no limit.
    fits : whether a linear counterpart will be fitted.
    """
    fit = 0.1 + 3e-7 * size.training * size.encoded * size.outputs if fits else 0.0
    seconds = {one.name: one.cost(size) for one in (PERFORMANCE, *analyses)}
    if budget is not None:
        share = level([needed(one, size) for one in analyses], budget)
        spared = {one.name: max(0.0, needed(one, size) - share) for one in analyses}
        seconds |= {name: seconds[name] - size.evaluations(rows) for name, rows in spared.items()}
    return {"counterpart": fit} | seconds


def in_words(seconds: float) -> str:
    """Return a rounded duration as text, in seconds if it is below 90 seconds and otherwise in minutes.

    >>> in_words(42.3), in_words(150)
    ('42 seconds', '2 minutes')
    """
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _encoding_seconds(sample: BoundModel) -> float:
    """Measure the time needed to encode a row, in seconds, by encoding several hundred rows at once."""
    few = sample.table.inputs.iloc[:ENCODED_ROWS]
    start = time.perf_counter()
    sample.encoding.transform(few)
    return (time.perf_counter() - start) / len(few)
