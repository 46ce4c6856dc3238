"""Comparison of networks that differ only in their seed: the variation of their loss and of the importance of each column.

Importance is reported as a range over equally good models (Fisher, Rudin & Dominici 2019). Networks are treated as equally good
if their loss exceeds the lowest loss by at most the tolerance. The range runs from the smallest to the largest importance over
these networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabinterp.analyses.performance.estimator import MARGIN, null_loss
from tabinterp.analyses.permutation_importance.estimator import ENOUGH, sizes
from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel
from tabinterp.models.losses import loss_for
from tabinterp.preview import PreviewedFrame
from tabinterp.table.hash_sampling import chosen

ROWS = 2_000  # rows on which importance is computed


@dataclass(frozen=True, eq=False)
class Networks(PreviewedFrame):
    """Losses and column importance of networks that differ only in their seed; the audited model is the first.

    Attributes
    ----------
    loss : loss of each network on all rows (networks,).
    within : whether the loss of each network is at most `tolerance` above the lowest loss (networks,).
    importance : importance of each column for each network, in units of the loss (networks, columns).
    rows : number of rows on which importance was computed.
    """

    metric: str
    loss: FloatArray
    tolerance: float
    importance: FloatArray
    columns: tuple[str, ...]
    loss_rows: int
    rows: int
    seed: int

    @property
    def within(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.asarray(self.loss <= self.loss.min() + self.tolerance)

    @property
    def sd(self) -> float:
        """The standard deviation of the loss over the networks."""
        return float(self.loss.std(ddof=1))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column.

        A row contains the column's importance for the audited model, the range of its importance over the networks within the
        tolerance, and the standard deviation of its importance over all networks.
        """
        kept = self.importance[self.within]
        return pd.DataFrame(
            {
                "column": list(self.columns),
                "importance": self.importance[0],
                "low": kept.min(axis=0),
                "high": kept.max(axis=0),
                "sd": self.importance.std(axis=0, ddof=1),
            }
        )


def networks(bounds: Sequence[BoundModel], seed: int) -> Networks:
    """Compute the loss and the column importance of several networks on the same table; the first is the audited model."""
    first, table = bounds[0], bounds[0].table
    for other in bounds[1:]:
        if other.columns != first.columns or other.outputs != first.outputs:
            raise ModelError(
                f"all networks must have the same input columns and the same outputs, but {other.model.name} has "
                f"different columns or outputs from {first.model.name}. Train all networks with the same columns and target"
            )
    loss = loss_for(None, table.schema.task, "log_odds")
    scores = np.stack([bound.scores for bound in bounds])
    losses = np.average(loss.each(scores, table.y, first.device), axis=1, weights=table.row_weights)
    few = chosen(table.numbers, ROWS, seed)
    parts = [bound.take(few) for bound in bounds]
    found = [sizes(part, ENOUGH, seed) for part in parts]
    return Networks(
        metric=loss.name,
        loss=losses,
        tolerance=MARGIN * null_loss(table.schema.task, table.y, table.row_weights),
        importance=np.array(found),
        columns=first.columns,
        loss_rows=len(table),
        rows=len(few),
        seed=seed,
    )
