"""Data quality checks on a table, without a model (`describe_data`)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.base import Stream
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn
from tabinterp.analyses.settings import AuditSettings
from tabinterp.document.message import Message
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel
from tabinterp.table import Table
from tabinterp.table.table import check_table

from . import drift
from .bins import Cutting
from .columns import ColumnFacts, column_facts
from .drift import ColumnDrift, WholeDrift, column_drift, whole_drift
from .duplicates import Copies, copies, equal_columns
from .univariate_signal import BOOSTED, Beyond, ColumnPower, beyond_others, column_power, power_withheld

ESTIMAND = (
    "shares and counts: values for the rows of this table; power: AUC (classes) or R2 (numeric and count targets) of a single "
    "column, cross-fitted on training rows, and on held-out rows; psi: population stability index (PSI) between training and "
    "held-out rows"
)


@dataclass(frozen=True)
class DataReadings(Display):
    """The results of the data quality checks.

    `columns` describes the inputs and the target. `equal` contains groups of input columns with the same content. `power` is the
    predictive power of single columns. `drift` is the drift of single columns between training and held-out rows, measured on
    `drift_rows` rows. `power` and `drift` may be empty. Drift and predictive power on held-out rows require a split.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.power",
        {"network": ("power_held_out", "power_held_out_low", "power_held_out_high")},
        order="power_held_out",
        at=None,
        filled=("metric",),
    )

    columns: tuple[ColumnFacts, ...]
    copies: Copies
    equal: tuple[tuple[str, ...], ...]
    drift: tuple[ColumnDrift, ...]
    whole: WholeDrift | None
    power: tuple[ColumnPower, ...]
    beyond: tuple[Beyond, ...]
    metric: str  # metric of `power` and `beyond`: "auc" or "r2"
    rows: int
    seed: int
    drift_rows: int = 0
    withheld: Message | None = None  # why `power` is not given for held-out rows, if there are too few events
    estimand: str = ESTIMAND

    def _numbers(self) -> pd.DataFrame:
        """Return the part of the frame to plot, which has one row for each column with known predictive power on held-out rows.

        If the power on held-out rows is unknown for every column, the power on training rows is used instead.
        """
        frame = self.frame()
        if frame["power_held_out"].isna().all():
            frame["power_held_out"] = frame["power_training"]
        return frame[frame["power_held_out"].notna()]

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column.

        The frame contains the share of missing values, the number of distinct values, the kind of identifier, the most likely
        code for a missing value, the predictive power on training rows and on held-out rows (with an interval), the PSI, and the
        adjusted p-value of drift.
        """
        drift, power = {d.column: d for d in self.drift}, {p.column: p for p in self.power}
        rows = []
        for facts in self.columns:
            row: dict[str, object] = {
                "column": facts.column,
                "missing": facts.missing,
                "distinct": facts.distinct,
                "identifier": facts.identifier,
                "spike": None if facts.spike is None else facts.spike.value,
            }
            alone, moved = power.get(facts.column), drift.get(facts.column)
            row["power_training"] = np.nan if alone is None else alone.training[0]
            for place, part in ((0, ""), (2, "_low"), (3, "_high")):
                row[f"power_held_out{part}"] = np.nan if alone is None else alone.held_out[place]
            row["psi"] = np.nan if moved is None else moved.psi
            row["drift_q"] = np.nan if moved is None else moved.q
            rows.append(row)
        return pd.DataFrame(rows)


def describe_data(table: Table, *, seed: int = 0) -> DataReadings:
    """Check the quality of the data in a table, without a model.

    The result covers missing and distinct values, duplicates, drift, the predictive power of single columns, likely codes for
    missing values, many rows at the smallest or largest value, and rare levels.

    Parameters
    ----------
    table : the data. Drift and the predictive power on held-out rows are computed only if the table has a split.
    seed : seed for the folds, and for the choice of the rows to which trees are fitted (at most 6,000 for drift, and 4,000 for
        the gain from adding a column to all others).

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"a": rng.normal(size=400), "y": rng.choice(["no", "yes"], 400)})
    >>> frame["leak"] = frame["y"] == "yes"
    >>> found = ti.describe_data(ti.read_table(frame, target="y", split=0.5)).frame()
    >>> found.set_index("column")["power_held_out"].round(6).to_dict()["leak"]
    1.0
    """
    check_table(table)
    return _described(table, seed, column_drift(table), len(table))


def _described(
    table: Table,
    seed: int,
    columns: tuple[ColumnDrift, ...],
    drift_rows: int,
    used: Collection[str] | None = None,
) -> DataReadings:
    """Run the data quality checks on a table, given the drift of its columns, which was measured on `drift_rows` rows.

    Overall drift refers to the input columns in `used`; by default, to all input columns.
    """
    names = [*table.schema.inputs, table.schema.target]
    facts = tuple(column_facts(table, name) for name in names)
    others = [c.name for c in table.schema.columns if c.role == "dropped"]
    named = [f.column for f in facts[:-1] if f.identifier] + [c for c in others if column_facts(table, c).identifier]
    power = column_power(table, seed)
    strongest = sorted(power, key=lambda one: -np.nan_to_num(one.training[0]))[:BOOSTED]
    return DataReadings(
        columns=facts,
        copies=copies(table, named),
        equal=equal_columns(table),
        drift=columns,
        whole=whole_drift(table, seed, used),
        power=power,
        beyond=beyond_others(table, [one.column for one in strongest], seed),
        metric="auc" if table.schema.goal.classes else "r2",
        rows=len(table),
        seed=seed,
        drift_rows=drift_rows if columns else 0,
        withheld=power_withheld(table),
    )


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> tuple[Cutting, ...] | None:
    """Choose the bins for the drift of columns, or return None if there is no split or there are too few rows."""
    return drift.start(network.table)


def finish(context: Context, plan: tuple[Cutting, ...], shares: drift.Shares) -> DataReadings:
    """Compute the drift of columns from sums over all rows, and everything else from a sample of rows."""
    found, rows = drift.finish(plan, shares), int(shares.rows.sum())
    return _described(context.network.table, context.seed, found, rows, context.network.columns_used)


STREAM = Stream(start, drift.update, drift.merge, finish, of="cells")


def run(context: Context) -> DataReadings:
    """Check the quality of the data in the table of an audit."""
    table = context.network.table
    return _described(table, context.seed, column_drift(table), len(table), context.network.columns_used)
