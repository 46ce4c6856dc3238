"""Probe rows: the median row with one column changed at a time, and the response of every unit and output.

In image models, a filter can be applied to a flat patch and then to a contrasting patch (Erhan et al. 2009 examine first layers
in this way). For a table, the median row takes the role of the flat patch. It contains the weighted median of each numeric column
and the most frequent level of each other column. A probe row is a copy of the median row in which one column has another value.
The responses therefore show the effect of a column only for typical values of all other columns. Effect curves (`effects`)
average over rows instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.display import Display, Drawn, worded
from tabinterp.analyses.effects.grids import Grid, checked_columns, grid_of, takes, with_points
from tabinterp.analyses.gradients.reference_rows import typical_row
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.model import column_like
from tabinterp.table import Table
from tabinterp.table.rounding import Rounding

POINTS = 20


@dataclass(frozen=True, eq=False)
class ProbeRows(Display):
    """Responses of hidden units and outputs to the median row, and to copies of it with one column changed.

    Parameters
    ----------
    typical : the median row.
    column : (P,) the column that is changed at each of P points.
    value : (P,) the value to which it is set; None for missing.
    rows : (P,) number of rows of the table that are nearest to the point.
    layer : layer of each unit.
    index : index of each unit in its layer.
    outputs : names of the outputs.
    at_typical : (units + outputs,) responses to the median row.
    response : (P, units + outputs) outputs of the units after their activation function, followed by the scores.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.probes", {"network": ("change", None, None)}, worded("plot.label.at"), order="size", other="points"
    )

    typical: dict[str, Any]
    column: tuple[str, ...]
    value: tuple[Any, ...]
    rows: IntArray
    layer: tuple[str, ...]
    index: tuple[int, ...]
    outputs: tuple[str | None, ...]
    at_typical: FloatArray
    response: FloatArray

    @property
    def change(self) -> FloatArray:
        """The responses (P, units + outputs) minus the responses to the median row."""
        return np.asarray(self.response - self.at_typical)

    def _numbers(self) -> pd.DataFrame:
        """Return the numbers to plot: the rows of `frame` that describe outputs, with column values as text."""
        frame = self.frame().query("layer == 'output'")
        values = [
            text("plot.missing") if v is None else f"{v:.6g}" if isinstance(v, float) else str(v)
            for v in frame["value"]
        ]
        return frame.assign(value=values, size=frame["change"].abs())

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each point and unit (or output).

        For an output, `unit` is empty and `output` is its name.
        """
        points, units, k = len(self.column), len(self.layer), len(self.outputs)
        size = units + k
        return pd.DataFrame(
            {
                "column": np.repeat(np.array(self.column, dtype=object), size),
                "value": np.repeat(_objects(self.value), size),
                "rows": np.repeat(self.rows, size),
                "layer": pd.Series([*self.layer, *["output"] * k] * points, dtype=object),
                "unit": pd.Series([*self.index, *[None] * k] * points, dtype=object),
                "output": pd.Series([*[None] * units, *self.outputs] * points, dtype=object),
                "response": self.response.ravel(),
                "change": self.change.ravel(),
            }
        )


def probe_rows(
    model: Model | BoundModel, table: Table, *, columns: Sequence[str] | None = None, grid: int = POINTS
) -> ProbeRows:
    """Compute the responses of hidden units and outputs when one column of the median row of `table` is changed at a time.

    Each of the `columns` (default: all) is set to at most `grid` of its values. Only the responses of the outputs are returned
    for a linear model, for a prediction function, and for a network whose hidden units cannot be found.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": ["x", "x", "z"], "y": [0.0, 1.0, 2.0]})
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> model = ti.wrap(lambda rows: 3 * rows["a"].to_numpy() + (rows["b"] == "z").to_numpy(), task="regression")
    >>> probe_rows(model, table).frame()[["column", "value", "change"]].values.tolist()
    [['a', 0.0, -3.0], ['a', 1.0, 0.0], ['a', 2.0, 3.0], ['b', 'x', 0.0], ['b', 'z', 1.0]]
    """
    if grid < 2:
        raise NotApplicableError(f"grid (the number of values per column) must be at least 2; got {grid}")
    bound = bind(model, table)
    named = checked_columns(columns, bound.columns)
    typical = _rounded(bound, typical_row(table))
    grids = {name: grid_of(bound, name, grid) for name in named}
    held = with_points(bound, grids.values()).table.inputs
    rows = pd.concat([typical, *(_moved(held, typical, name, one) for name, one in grids.items())], ignore_index=True)
    x = bound.encoding.transform(rows)
    units = bound.activations(x) if bound.has_gradient else {}
    made = np.concatenate([*units.values(), bound.score(x)], axis=1)
    return ProbeRows(
        typical={str(c): typical[c].iloc[0] for c in typical.columns},
        column=tuple(name for name, one in grids.items() for _ in one.values),
        value=tuple(value for one in grids.values() for value in one.values),
        rows=np.concatenate([one.counts() for one in grids.values()]),
        layer=tuple(name for name, value in units.items() for _ in range(value.shape[1])),
        index=tuple(u for value in units.values() for u in range(value.shape[1])),
        outputs=bound.outputs,
        at_typical=made[0],
        response=made[1:],
    )


def _rounded(bound: BoundModel, typical: pd.DataFrame) -> pd.DataFrame:
    """Return the median row, with medians rounded so that they do not reveal the values of single rows.

    A median that at least ten rows share does not need to be rounded. A median is also not rounded if fewer than ten rows have a
    value in the column, or if the model does not accept the rounded value.
    """
    made = typical.copy()
    for name in bound.columns:
        if bound.table.schema[name].kind == "numeric" and typical[name].notna().all():
            rounding = Rounding(bound.table.numeric(name))
            value = np.array([rounding(float(typical[name].iloc[0]))])
            if np.isfinite(value).all() and takes(bound, name, value):
                made[name] = column_like(typical[name], value).to_numpy()
    return made


def _moved(held: pd.DataFrame, typical: pd.DataFrame, name: str, grid: Grid) -> pd.DataFrame:
    """Return copies of the median row with one column set to each point of its grid."""
    made = typical.iloc[np.zeros(len(grid), dtype=np.int64)].reset_index(drop=True)
    made[name] = held[name].take(grid.donors).reset_index(drop=True)
    return made


def _objects(values: tuple[Any, ...]) -> Any:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
