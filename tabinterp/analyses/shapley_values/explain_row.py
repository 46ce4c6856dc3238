"""Explanation of one row: the Shapley values of its columns under the network and under the linear counterpart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.display import Display, Drawn, worded
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.messages import text
from tabinterp.models.model import BoundModel, Model
from tabinterp.stats.estimates import Estimates
from tabinterp.table import Table

from .estimator import BACKGROUND, TOLERANCE, ShapleyValues, background_rows, shapley_values


@dataclass(frozen=True, eq=False)
class RowExplanation(Display):
    """Shapley values of one row under a network and a linear model, computed with the same background rows."""

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.row",
        {"network": ("network", "ci_low", "ci_high"), "linear": ("linear", "linear_low", "linear_high")},
        worded("plot.label.at"),
        order="size",
    )

    row: int
    number: int
    network: ShapleyValues
    linear: ShapleyValues
    linear_name: str

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output and column.

        Each row contains the value of the column in the explained row, its Shapley values under both models, and the difference
        between them (network minus linear model).
        """
        frames = []
        cells = self.network.data.iloc[0].to_list()
        for k, output in enumerate(self.network.outputs):
            both, linear = self.network.interval(), self.linear.interval()
            gap = self._difference()
            frames.append(
                pd.DataFrame(
                    {
                        "output": output,
                        "column": list(self.network.columns),
                        "value": pd.Series(cells, dtype=object),
                        "network": both.value[0, :, k],
                        "stderr": both.stderr[0, :, k],
                        "ci_low": both.low[0, :, k],
                        "ci_high": both.high[0, :, k],
                        "linear": linear.value[0, :, k],
                        "linear_stderr": linear.stderr[0, :, k],
                        "difference": gap.value[0, :, k],
                        "difference_stderr": gap.stderr[0, :, k],
                        "tied_with_next": self.network.tied()[:, k],
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)

    def _difference(self) -> Estimates:
        error = np.hypot(self.network.stderr, self.linear.stderr)
        return Estimates.of(self.network.values - self.linear.values, error, self.network.df)

    @property
    def outputs(self) -> tuple[str | None, ...]:
        return self.network.outputs

    def _numbers(self) -> pd.DataFrame:
        """Return the Shapley values under both models, with intervals for the sampling error."""
        frame, linear = self.frame(), self.linear.interval()
        ends = {f"linear_{end}": getattr(linear, end)[0].T.ravel() for end in ("low", "high")}
        return frame.assign(value=[_cell(v) for v in frame["value"]], size=frame["network"].abs(), **ends)

    def __str__(self) -> str:
        """Return sentences that name the columns with the largest contributions to the score of the row."""
        return "\n".join(line for k in range(len(self.network.outputs)) for line in self._told(k))

    def _told(self, k: int) -> list[str]:
        network, output = self.network, self.network.outputs[k]
        values, error = network.values[0, :, k], network.stderr[0, :, k]
        cells, order = network.data.iloc[0], np.argsort(-np.abs(network.values[0, :, k]), kind="stable")
        told = [
            text(
                "shapley.row" if output is None else "shapley.row.output",
                {
                    "row": self.number,
                    "output": output,
                    "score": float(network.scores[0, k]),
                    "base": float(network.base[k]),
                    "background": network.background_rows,
                    "linear": self.linear_name,
                    "linear_score": float(self.linear.scores[0, k]),
                },
            )
        ]
        for j in order[:3]:
            told.append(
                text(
                    "shapley.row.column",
                    {
                        "column": network.columns[j],
                        "cell": _cell(cells.iloc[j]),
                        "value": float(values[j]),
                        "stderr": float(error[j]),
                        "linear": self.linear_name,
                        "linear_value": float(self.linear.values[0, j, k]),
                    },
                )
            )
        tied = network.tied()[:, k]
        pairs = [f"{network.columns[a]} / {network.columns[b]}" for a, b in pairwise(order[:4]) if tied[a]]
        return [*told, text("shapley.row.tied", {"pairs": pairs})] if pairs else told


def explain_row(
    model: Model | BoundModel,
    table: Table,
    row: int,
    *,
    counterpart: Model | BoundModel | None = None,
    background: int | Table = BACKGROUND,
    method: str = "auto",
    seed: int = 0,
    scale: str = "log_odds",
    tolerance: float = TOLERANCE,
) -> RowExplanation:
    """Compute the Shapley values of one row under a network and under a linear model, with the same background rows.

    Parameters
    ----------
    row : position of the row in the table, counted from 0.
    counterpart : the linear model; None means `fit_counterpart(model, table)`.
    background, method, seed, scale, tolerance : as in `shapley_values`.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.linspace(-1, 1, 200)
    >>> table = ti.read_table(pd.DataFrame({"a": x, "b": x[::-1] ** 2, "y": 3 * x}), target="y")
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 0.0]]))
    >>> network = ti.wrap(layer, encoder="passthrough", task="regression")
    >>> found = explain_row(network, table, 199, background=table).frame().set_index("column")[["network", "linear"]]
    >>> (found.round(2) + 0.0).T.to_dict("list")
    {'a': [3.0, 3.0], 'b': [0.0, 0.0]}
    """
    if not 0 <= row < len(table):
        raise NotApplicableError(f"row must be a position in the table, from 0 to {len(table) - 1}; got {row}")
    linear = fit_counterpart(model, table) if counterpart is None else counterpart
    backs = background if isinstance(background, Table) else table.take(background_rows(table, background, seed))
    one = table.take(np.array([row]))
    read = [shapley_values(each, one, backs, method, seed, scale, tolerance=tolerance) for each in (model, linear)]
    name = linear.model.name if isinstance(linear, BoundModel) else linear.name
    return RowExplanation(row, int(table.numbers[row]), read[0], read[1], name)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "missing"
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)
