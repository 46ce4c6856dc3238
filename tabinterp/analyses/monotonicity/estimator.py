"""Monotonicity: prove that a score is monotone in a column over the whole domain, or refute this with two rows.

The claim applies to any two rows of the domain (`domain`) that differ in only one column. With direction "+", the row with the
higher value must not have a lower score. With direction "-", it must not have a higher score. A change in the score against the
direction is called a fall. Falls smaller than the *tolerance* are ignored. The tolerance is a thousandth of the standard
deviation of the score over the rows of the table. The claim is

- *proved* if the derivative along the column is bounded on every part of the domain (`bounds`, `branching`), and the bounds
  exclude a fall above the tolerance. The proof applies to the network in exact arithmetic, with its stored weights;
- *refuted* if two rows were found between which the score falls by more than the tolerance (`counterexamples`). These rows were
  encoded and scored by the model itself;
- *open* otherwise. The reported bound is an upper bound on the fall between any two values of the column.

Falls are in units of the score: log-odds, log rates or values of the target. For a linear model, the derivative is a coefficient,
and the answer is exact. Bounds exist for networks of affine layers and activations with known slopes (certified monotonicity:
Liu, Han, Zhang & Liu 2020). For other networks and for prediction functions, a direction can be refuted but not proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch

from tabinterp.analyses.constraints.estimator import declared
from tabinterp.analyses.context import Context
from tabinterp.analyses.effects.grids import grid_of, with_points
from tabinterp.analyses.settings import Constraint
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import Message, why
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.perturbation import RESOLUTION, crossed
from tabinterp.models.through_encoder import through
from tabinterp.preview import PreviewedFrame
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen

from .bounds import Bounds, Boxes, Chain, chain, in_double, whole
from .branching import Branching, without_missing
from .counterexamples import Pair, Search
from .domain import Domain, Number, domain_of

LEAST = 1e-3  # share of the standard deviation of the score: the tolerance, below which falls are ignored
WORK = 1e10  # multiplications for the bounds of all columns of a model, divided evenly
TOGETHER = 1e8  # multiplications for boxes that are split at once
SHARES = (1 / 64, 1 / 16, 1 / 4, 1)  # shares of this work; a search for a fall follows each of them
WORST = 64  # boxes from which a search starts
ROWS, POINTS = 500, 20  # rows and values, if only rows of the table can be scored

Answer = Literal["proved", "refuted", "open"]


@dataclass(frozen=True, eq=False)
class Verdict:
    """Answer for one column: proved, refuted or open.

    Parameters
    ----------
    fall : largest fall found, computed from the model's scores; 0 if no fall exceeds rounding errors.
    start, end : values of the column in the two rows between which the score falls most. The change from `start` to
        `end` is in the declared direction. None if no fall exceeds the tolerance.
    pair : the two rows with the values `start` and `end` (2, columns); None if `start` and `end` are None.
    bound : upper bound on any fall in the score; NaN if no bound was computed.
    parts : number of parts of the domain on which the derivative was bounded.
    reason : reason why no proof was attempted; None if a proof was attempted or was not needed.
    """

    constraint: Constraint
    answer: Answer
    fall: float
    start: Any = None
    end: Any = None
    pair: pd.DataFrame | None = None
    bound: float = np.nan
    parts: int = 0
    reason: Message | None = None


@dataclass(frozen=True, eq=False)
class Monotonicity(PreviewedFrame):
    """Results for the columns with a declared direction, in the order in which they were declared.

    Parameters
    ----------
    least : tolerance, in units of the score. Smaller falls are ignored.
    """

    columns: tuple[Verdict, ...]
    least: float
    seed: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column.

        For a refuted direction, `start` and `end` are the values of the column in the two rows that refute it.
        """
        return pd.DataFrame(
            [
                {
                    "column": one.constraint.column,
                    "direction": one.constraint.direction,
                    "answer": one.answer,
                    "fall": one.fall,
                    "start": one.start,
                    "end": one.end,
                    "bound": one.bound,
                    "reason": None if one.reason is None else str(one.reason),
                }
                for one in self.columns
            ]
        )

    @any_backend
    def pairs(self) -> pd.DataFrame:
        """Return, for each refuted direction, the two rows that refute it and the name of the column."""
        found = [one for one in self.columns if one.pair is not None]
        if not found:
            return pd.DataFrame()
        made = {one.constraint.column: one.pair for one in found}
        return pd.concat(made, names=["refuted", "row"])


@dataclass(frozen=True)
class Both:
    """The answers for the network and for its linear counterpart."""

    network: Monotonicity
    linear: Monotonicity


def monotonicity(model: Model | BoundModel, table: Table, columns: Mapping[str, Any], *, seed: int = 0) -> Monotonicity:
    """Prove or refute that the score is monotone in columns, over all combinations of values that the columns can take.

    Parameters
    ----------
    columns : direction of each column by name. "+" means that the score must not fall as the column rises, and "-" that it must
        not rise. Instead of a direction, a mapping with `direction`, `low` and `high` is accepted, as for `constraints` in
        `ti.audit`. `low` and `high` limit the domain, and can be given without a direction.

    Raises
    ------
    TabinterpError
        If a column or a direction is not valid, or if no direction is given.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LinearRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=99), "z": draw.normal(size=99)})
    >>> frame["y"] = frame["x"] - frame["z"]
    >>> model = ti.wrap(LinearRegression().fit(frame[["x", "z"]], frame["y"]))
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> monotonicity(model, table, {"x": "+", "z": "+"}).frame()["answer"].tolist()
    ['proved', 'refuted']
    """
    bound = bind(model, table)
    constraints = declared(bound.table, columns)
    if not any(one.direction for one in constraints):
        raise TabinterpError(
            f"columns must contain at least one column with a direction ('+' or '-'); got {dict(columns)!r}"
        )
    return _answers(bound, constraints, seed, ROWS)


def _answers(bound: BoundModel, constraints: Sequence[Constraint], seed: int, rows: int) -> Monotonicity:
    """Return the answers for all columns with a declared direction.

    If the model's domain cannot be built, for example because the encoder mixes columns, each answer is based only on
    changing the column in at most `rows` rows of the table.
    """
    scale = float(np.abs(bound.scores).max())
    least = max(LEAST * float(bound.scores.std()), RESOLUTION * scale)
    setting = _Setting(bound, {one.column: one for one in constraints}, least, seed, rows)
    directed = [one for one in constraints if one.direction]
    return Monotonicity(tuple(setting.answer(one, WORK / len(directed)) for one in directed), least, seed)


class _Setting:
    """A model, its domain and, if bounds can be computed, its chain of layers."""

    def __init__(self, bound: BoundModel, limits: Mapping[str, Constraint], least: float, seed: int, rows: int) -> None:
        self._bound, self._limits, self._least, self._seed, self._rows = bound, limits, least, seed, rows
        self._rounding = RESOLUTION * float(np.abs(bound.scores).max())
        self._domain: Domain | None = None
        self._network: Chain | None = None
        self._reason: Message | None = None
        if not bound.has_gradient:
            self._reason = why("monotonicity.function")
            return
        tail = bound.encoding.tail
        double = in_double(bound if tail is None or tail.weight is None else through(bound))
        try:
            domain = domain_of(double, limits)
            if not _computes(double):
                raise NotApplicableError(why("monotonicity.chain"))
            self._domain, self._rest = domain, double.rest
            self._network = chain(double, domain)
        except NotApplicableError as error:
            self._reason = error.reason

    def answer(self, one: Constraint, work: float) -> Verdict:
        """Return the answer for one column, spending at most `work` multiplications on bounds."""
        column, domain = one.column, self._domain
        if len(self._bound.encoding.blocks[column]) == 0:
            return Verdict(one, "proved", 0.0, bound=0.0)
        if domain is None:
            return self._by_rows(one)
        sign = 1.0 if one.direction == "+" else -1.0
        number = next((p for p, known in enumerate(domain.numbers) if known.column == column), None)
        level = None if number is not None else self._ordered(column)
        parts = _steps(domain, *self._ordered(column)) if number is None else [_whole(domain, number)]
        search = Search(domain, self._rest, sign, number, level)
        found = self._confirmed(one, search.best(*search.starts(self._seed), self._seed), sign)
        if found.fall > self._least:
            return replace(found, answer="refuted")
        if self._network is None:
            return replace(found, reason=self._reason)
        return self._proved(found, search, sign, parts, work)

    def _proved(self, found: Verdict, search: Search, sign: float, parts: Sequence[_Part], work: float) -> Verdict:
        """Bound the derivative and search for larger falls until the claim is proved or refuted, or the work limit is reached."""
        network = self._network
        assert network is not None
        branches = []
        for part in parts:
            bounds = Bounds(part.domain, network, sign * part.direction)
            together = int(np.clip(TOGETHER / bounds.cost, 8, 1024))
            branches.append(Branching(bounds, part.boxes, part.number, self._least / len(parts), together))
        draws = np.random.default_rng(self._seed)
        for share in SHARES:
            for branch in branches:
                if not branch.is_proved:
                    branch.cut(int(share * work / len(parts) / branch.cost))
            left = [(part, branch) for part, branch in zip(parts, branches, strict=True) if not branch.is_proved]
            if not left:
                break
            for part, branch in left:
                pair = search.best(*part.restored(*search.inside(branch.worst(WORST), draws)), self._seed)
                other = self._confirmed(found.constraint, pair, sign)
                found = other if other.fall > found.fall else found
            if found.fall > self._least:
                break
        bound = sum(branch.fall for branch in branches)
        done = sum(branch.evaluated for branch in branches)
        proved = bound <= self._least
        answer: Answer = "refuted" if found.fall > self._least else "proved" if proved else "open"
        return replace(found, answer=answer, bound=bound, parts=done)

    def _ordered(self, column: str) -> tuple[int, IntArray]:
        """Return the index of a column among the columns with levels, and the indices of its levels in ascending order."""
        assert self._domain is not None
        level = next(q for q, known in enumerate(self._domain.levels) if known.column == column)
        table, group = self._bound.table, self._domain.levels[level].group
        values, kind = table.frame[column], table.schema[column]
        known = np.unique(table.numeric(column)) if kind.kind == "numeric" else kind.levels
        rows = [np.flatnonzero((values == value).to_numpy(dtype=bool, na_value=False)) for value in known]
        codes = [int(group[one[0]]) for one in rows if len(one) and group[one[0]] >= 0]
        return level, np.array([code for k, code in enumerate(codes) if k == 0 or code != codes[k - 1]], dtype=np.int64)

    def _confirmed(self, one: Constraint, pair: Pair, sign: float) -> Verdict:
        """Convert two points to rows of original columns, score them, and return the verdict "open" and the fall in score."""
        assert self._domain is not None
        frame = self._domain.frame(pair.place, pair.at)
        scores = self._bound.score(self._bound.encoding.transform(frame))[:, 0]
        return self._verdict(one, frame, sign * float(scores[0] - scores[1]))

    def _verdict(self, one: Constraint, frame: pd.DataFrame, fall: float) -> Verdict:
        """Return the verdict "open" with the fall in the score between the two rows in `frame`.

        The rows are included if the fall exceeds the tolerance.
        """
        if not fall > self._least:
            return Verdict(one, "open", fall if fall > self._rounding else 0.0)
        start, end = frame[one.column]
        return Verdict(one, "open", fall, start, end, frame)

    def _by_rows(self, one: Constraint) -> Verdict:
        """Return the largest fall found by varying the column in rows of the table, with all other columns unchanged.

        This method is used if the domain of the model cannot be built.
        """
        bound, sign = self._bound, 1.0 if one.direction == "+" else -1.0
        rows = np.sort(chosen(bound.table.numbers, self._rows, self._seed))
        grid = grid_of(bound, one.column, POINTS)
        low, high = -np.inf if one.low is None else one.low, np.inf if one.high is None else one.high
        points = [g for g in range(grid.points) if isinstance(grid.values[g], str) or low <= grid.values[g] <= high]
        if len(points) < 2 or len(rows) == 0:
            return Verdict(one, "open", 0.0, reason=self._reason)
        with torch.inference_mode():
            asked = crossed(with_points(bound, [grid]), (one.column,), rows, grid.donors[points])
        curves = sign * asked[:, :, 0].cpu().numpy().T
        falls = np.maximum.accumulate(curves, axis=1) - curves
        row, end = np.unravel_index(int(falls.argmax()), falls.shape)
        start = int(curves[row, : end + 1].argmax())
        frame = bound.table.inputs.iloc[[rows[row]] * 2].reset_index(drop=True)
        frame[one.column] = pd.Series([grid.values[points[k]] for k in (start, int(end))])
        found = replace(self._verdict(one, frame, float(falls.max())), reason=self._reason)
        return replace(found, answer="refuted", reason=None) if found.fall > self._least else found


def _computes(bound: BoundModel) -> bool:
    """Return whether a network can be evaluated in double precision."""
    try:
        with torch.inference_mode():
            return bool(torch.isfinite(bound.rest(bound.z[:2])).all())
    except Exception:  # the user's network may not support this precision
        return False


@dataclass(frozen=True, eq=False)
class _Part:
    """Part of the domain on which one column varies. The first affine output then changes along one direction (h,).

    If the part is the step between two levels, `level` contains the index of the categorical column and the index of the level at
    which the step starts. The step is then treated as a number, which is the last item of the domain's `numbers`.
    """

    domain: Domain
    number: int
    boxes: Boxes
    level: tuple[int, int] | None = None

    @property
    def direction(self) -> FloatArray:
        return self.domain.numbers[self.number].span

    def restored(self, place: FloatArray, at: IntArray) -> tuple[FloatArray, IntArray]:
        """Convert points of this part to points of the whole domain."""
        if self.level is None:
            return place, at
        return place[:, :-1], np.insert(at, self.level[0], self.level[1], axis=1)


def _whole(domain: Domain, number: int) -> _Part:
    """Return the domain as a single part on which a numeric column varies, without missing values of this column."""
    return _Part(domain, number, without_missing(whole(domain), number))


def _steps(domain: Domain, level: int, order: IntArray) -> list[_Part]:
    """Return, for each pair of neighbouring levels, a part of the domain that also contains all points between the two."""
    made = []
    own = domain.levels[level]
    others = (*domain.levels[:level], *domain.levels[level + 1 :])
    for start, end in pairwise(order.tolist()):
        step = Number(own.column, 0.0, 1.0, False, own.parts[end] - own.parts[start], None)
        part = replace(
            domain, numbers=(*domain.numbers, step), levels=others, constant=domain.constant + own.parts[start]
        )
        made.append(_Part(part, len(domain.numbers), whole(part), (level, start)))
    return made


def run(context: Context) -> Both | None:
    """Return the answers for all columns with a declared direction, for both models of an audit; None if there are none."""
    constraints = context.settings.constraints
    directed = sum(one.direction is not None for one in constraints)
    if not directed:
        return None
    rows = int(min(ROWS, context.share / (POINTS * directed)))
    return Both(*(_answers(bound, constraints, context.seed, rows) for bound in (context.network, context.linear)))
