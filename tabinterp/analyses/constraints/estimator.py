"""Constraints that the user declares for columns (monotone directions and ranges of values), and how often they are violated.

Directions are checked in two ways, for the network and its linear counterpart:

- On each row: if the encoder only scales the column, the derivative of the score is used. Otherwise, the change in the score from
  the row's value to the next value of the column is used. The result is the share of rows in which the derivative or change has
  the wrong sign, with its Wilson interval (1927).
- On the effect curve (partial dependence, Friedman 2001): the result is the largest change against the declared direction between
  any two points of the curve. One half of the rows is used to choose the two points, and the other half to measure the change
  between them. The choice of the points therefore does not bias the interval of the change (Student's t, over rows). Rows are
  assigned to the halves by hash, and groups of rows are not split.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch

from tabinterp.analyses.clustered_means import share_of
from tabinterp.analyses.coefficients.marginal_effects import row_derivatives
from tabinterp.analyses.context import Context
from tabinterp.analyses.effects.grids import Grid, grid_of, with_points
from tabinterp.analyses.performance.estimator import groups
from tabinterp.analyses.settings import Constraint
from tabinterp.arrays import FloatArray
from tabinterp.atomic_io import LARGEST_TEXT, read_regular
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.frames import any_backend
from tabinterp.linear.terms import Slope, find_terms
from tabinterp.models import BoundModel
from tabinterp.models.perturbation import RESOLUTION, crossed
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.table import Table
from tabinterp.table.folds import dealt
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

ROWS = 2000
POINTS = 20

Estimate = tuple[float, float, float, float]
NONE: Estimate = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Held:
    """Violations of a declared direction by one model.

    `share` is the share of rows that violate the direction. `fall` is the largest fall in the effect curve (for direction "-",
    the largest rise), in units of the score. This change occurs between the values `start` and `end` of the column. A value that
    could not be computed is NaN.
    """

    share: Estimate
    fall: Estimate
    start: Any
    end: Any


@dataclass(frozen=True)
class Checked:
    """The constraints on one column, and how often they are violated.

    `rows` is the number of rows with a known value. `outside` is the number of these rows with a value outside the declared
    range; it is None if no range was declared. `network` and `linear` are None if no direction was declared.
    """

    constraint: Constraint
    rows: int
    outside: int | None
    network: Held | None
    linear: Held | None


@dataclass(frozen=True)
class Constraints(PreviewedFrame):
    """The results for all columns with constraints, in the order in which the constraints were given."""

    columns: tuple[Checked, ...]
    rows: int
    seed: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column and model."""
        rows = []
        for one in self.columns:
            for name in ("network", "linear"):
                held = getattr(one, name)
                row: dict[str, Any] = {
                    "column": one.constraint.column,
                    "direction": one.constraint.direction,
                    "model": name,
                }
                row |= {"outside": one.outside, "start": None if held is None else held.start}
                row["end"] = None if held is None else held.end
                for part in ("share", "fall"):
                    found = NONE if held is None else getattr(held, part)
                    row |= dict(zip((part, f"{part}_stderr", f"{part}_low", f"{part}_high"), found, strict=True))
                rows.append(row)
        return pd.DataFrame(rows)


def read_constraints(path: Path) -> dict[str, dict[str, Any]]:
    """Read constraints from a TOML file that has a table `[columns.NAME]` for each column.

    Raises
    ------
    TabinterpError
        If the file cannot be read, is not TOML, or contains anything other than `columns`.
    """
    try:
        found = tomllib.loads(read_regular(path, LARGEST_TEXT).decode("utf-8"))
    except (OSError, ValueError) as error:
        raise TabinterpError(f"the constraints file {str(path)!r} cannot be read: {error}") from error
    columns = found.get("columns")
    if set(found) != {"columns"} or not isinstance(columns, dict):
        raise TabinterpError(
            f"the constraints file {str(path)!r} must contain only TOML tables named [columns.NAME]; its "
            f"top-level keys are {sorted(found)}"
        )
    return columns


def declared(table: Table, constraints: Mapping[str, Any]) -> tuple[Constraint, ...]:
    """Return the constraints after checking them against the table.

    `constraints` maps each column to "+", "-", or a mapping with any of the keys direction, low, high and changeable.

    Raises
    ------
    TabinterpError
        If a constraint is not valid: for example, if a column is not an input, if a column with a direction is categorical, or if
        a protected column is declared changeable.
    """
    return tuple(_declared(table, name, given) for name, given in constraints.items())


def _declared(table: Table, name: str, given: Any) -> Constraint:
    if name not in table.schema.inputs:
        raise TabinterpError(
            f"unknown column {name!r} in the constraints; the input columns are {list(table.schema.inputs)}"
        )
    told = {"direction": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else None
    if not told or set(told) - {"direction", "low", "high", "changeable"}:
        raise TabinterpError(
            f"the constraint on column {name!r} must be a direction ('+' or '-') or a mapping; got {given!r}. A mapping must "
            "have one or more of the keys 'direction', 'low', 'high' and 'changeable', and no other key"
        )
    direction: Any = told.get("direction")
    ends = {end: _number(name, end, told[end]) for end in ("low", "high") if end in told}
    kind = table.schema[name].kind
    if direction not in (None, "+", "-"):
        raise TabinterpError(f"the direction of column {name!r} must be '+' or '-'; got {direction!r}")
    if direction is not None and kind == "categorical":
        raise TabinterpError(
            f"column {name!r} cannot have a direction, because it is categorical. If its values have an "
            "order, declare the column as ordinal when you load the table; otherwise, leave out the direction"
        )
    if direction is not None and table.schema.task == "multiclass":
        raise TabinterpError(
            f"the direction of column {name!r} cannot be checked, because the target has more than two classes and the network "
            "has one score for each class. Leave out the direction"
        )
    if ends and kind != "numeric":
        raise TabinterpError(
            f"only numeric columns can have the limits 'low' and 'high'; column {name!r} is {kind}. Leave out the limits"
        )
    if ends.get("low", -math.inf) > ends.get("high", math.inf):
        raise TabinterpError(
            f"the limit 'low' of column {name!r} must not exceed its limit 'high'; got low = {ends['low']:g} and high = "
            f"{ends['high']:g}"
        )
    changeable = _changes(table, name, told["changeable"]) if "changeable" in told else None
    return Constraint(
        column=name, direction=direction, low=ends.get("low"), high=ends.get("high"), changeable=changeable
    )


def _changes(table: Table, name: str, given: Any) -> Literal["+", "-", "any"]:
    """Return the directions in which a person can change the value of the column: "+" (up), "-" (down) or "any"."""
    if not (given is True or given in ("+", "-", "any")):
        raise TabinterpError(
            f"'changeable' of column {name!r} must be '+' (the value may only rise), '-' (it may only fall), or true or "
            f"'any' (it may take any other value); got {given!r}"
        )
    column = table.schema[name]
    if column.protected:
        raise TabinterpError(
            f"column {name!r} cannot be declared changeable, because it is protected, and people cannot be asked to change a "
            "protected attribute. Leave out 'changeable'"
        )
    if given in ("+", "-") and column.kind == "categorical":
        raise TabinterpError(
            f"'changeable' of column {name!r} cannot be {given!r}, because the column is categorical and its values have no "
            "order. Set 'changeable' to true, or declare the column as ordinal when loading the table"
        )
    return "any" if given is True else given


def _number(name: str, end: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TabinterpError(f"the limit {end!r} of column {name!r} must be a finite number; got {value!r}")
    return float(value)


def constraints(
    network: BoundModel, linear: BoundModel, constraints: Sequence[Constraint], *, seed: int = 0
) -> Constraints:
    """Compute how often both models violate the constraints, on the rows that the models are bound to.

    Directions are checked on at most 2,000 rows, selected by hash.
    """
    table = network.table
    few = np.sort(chosen(table.numbers, ROWS, seed))
    if len(few) < 2 * SMALL:
        raise NotApplicableError(why("constraints.few", least=SMALL, rows=len(few)))
    parts = [bound.take(few) for bound in (network, linear)]
    made = []
    for one in constraints:
        held = [None if one.direction is None else _held(part, one, seed) for part in parts]
        present, outside = _outside(table, one)
        made.append(Checked(one, present, outside, held[0], held[1]))
    return Constraints(tuple(made), len(few), seed)


def _outside(table: Table, one: Constraint) -> tuple[int, int | None]:
    values = table.frame[one.column]
    if one.low is None and one.high is None:
        return int(values.notna().sum()), None
    x = values.to_numpy(dtype=np.float64, na_value=np.nan)
    beyond = (x < (-np.inf if one.low is None else one.low)) | (x > (np.inf if one.high is None else one.high))
    return int(np.sum(~np.isnan(x))), int(beyond.sum())


# ---- directions


def _held(bound: BoundModel, one: Constraint, seed: int) -> Held:
    sign = 1.0 if one.direction == "+" else -1.0
    grid = grid_of(bound, one.column, POINTS)
    rows, points = np.arange(len(bound.table)), grid.donors[: grid.points]
    with torch.inference_mode():
        scores = crossed(with_points(bound, [grid]), (one.column,), rows, points)[:, :, 0].cpu().numpy().T
    return Held(_share(bound, one, grid, sign, scores), *_fall(bound.table, grid, sign * scores, seed))


def _share(bound: BoundModel, one: Constraint, grid: Grid, sign: float, scores: FloatArray) -> Estimate:
    """Return the share of rows in which the score changes against the declared direction."""
    move = sign * _local(bound, one.column, grid, scores)
    known = ~np.isnan(move) & (bound.table.row_weights > 0)
    if known.sum() < SMALL:
        return NONE
    return share_of(move[known] < 0, bound.table.row_weights[known], groups(bound.table)[known])


def _local(bound: BoundModel, column: str, grid: Grid, scores: FloatArray) -> FloatArray:
    """Return, for each row, the derivative (n,) of the score with respect to a column, or a change in the score.

    The change is returned if the derivative is not available. It is measured from the row's value of the column to the next
    higher value. For the highest value, it is measured from the next lower value. The result is NaN for rows in which the
    column is missing.
    """
    slope = (
        [t for t in find_terms(bound) if isinstance(t, Slope) and t.term.column == column] if bound.has_gradient else []
    )
    if slope:
        made = row_derivatives(bound, slope)[:, 0, 0]
        step = float(np.ptp(bound.table.numeric(column)[~np.isnan(made)]))
    else:
        at = np.clip(grid.nearest, 0, max(grid.points - 2, 0))
        row = np.arange(len(at))
        made = scores[row, at + 1] - scores[row, at] if grid.points > 1 else np.zeros(len(at))
        made = np.where(bound.table.frame[column].isna().to_numpy(), np.nan, made)
        step = 1.0
    rounding = RESOLUTION * float(np.abs(bound.scores).max()) / (step if step > 0 else 1.0)
    return np.where(np.abs(made) <= rounding, 0.0, made)


def _fall(table: Table, grid: Grid, scores: FloatArray, seed: int) -> tuple[Estimate, Any, Any]:
    """Return the largest fall in the effect curve between two points, and the values of the column at these points.

    `scores` (n, points) are the scores of each row at the points of the curve.
    """
    half = dealt(table, seed + 6, 2) == 0
    if grid.points < 2:
        return NONE, None, None
    curve = np.average(scores[half], axis=0, weights=table.row_weights[half] + 1e-300)
    peak = np.maximum.accumulate(curve)
    end = 1 + int(np.argmax((peak - curve)[1:]))
    start = int(np.argmax(curve[:end]))
    groups_of = None if table.groups is None else table.groups[~half]
    fall = mean_over_rows(scores[~half, start] - scores[~half, end], table.row_weights[~half], groups_of)
    told: Estimate = (float(fall.value), float(fall.stderr), float(fall.low), float(fall.high))
    return told, grid.values[start], grid.values[end]


def run(context: Context) -> Constraints | None:
    """Check the constraints for both models of an audit, or return None if none were declared."""
    given = [one for one in context.settings.constraints if one.is_checked]
    return constraints(*context.both(context.evaluated), given, seed=context.seed) if given else None
