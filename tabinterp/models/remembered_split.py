"""A check that no held-out row of a table is a training row of the model, according to the split stored with the model."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from tabinterp.errors import ModelError
from tabinterp.table import Scan, Split, Table

AnyTable = TypeVar("AnyTable", bound=Table | Scan)


def check_unseen(table: AnyTable, remembered: Split) -> AnyTable:
    """Check that no held-out row of the table is a training row in `remembered`, the split that is stored with the model. Return
    the table unchanged.
    """
    if table.split == remembered:
        return table
    if isinstance(table, Scan):
        for batch in table.batches():
            check_unseen(batch, remembered)
        return table
    if table.held_out is None:
        return table
    seen = int(np.sum(table.held_out & ~remembered.held_out(table.frame, table.codes, table.schema.labels)))
    if seen:
        raise ModelError(
            f"{seen} of the {int(table.held_out.sum())} held-out rows of this table were used to train the model. Do "
            "not give a split; the split that is stored with the model is then used"
        )
    return table
