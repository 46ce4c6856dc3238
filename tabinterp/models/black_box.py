"""Models that are plain prediction functions. Each value in a row is encoded as an integer code.

The code of a value is its position among the distinct values of the column in the table, including missing values. Codes are
small whole numbers, so arithmetic with codes is exact. Every analysis that needs no gradients can therefore treat the model like
a network. A number that does not occur in the table gets the next code when it is first used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import ModelError, NotApplicableError

Function = Callable[[pd.DataFrame], Any]  # rows (n, columns) -> (n,) or (n, k)


class Questions:
    """A counter of the rows that a prediction function evaluates, with limits for the audit and for the current analysis."""

    def __init__(self) -> None:
        self.asked = 0
        self._budget = self._reserve = 0
        self._limit = math.inf

    def start(self, budget: int, reserve: int) -> None:
        """Reset the counter, and allow `budget` rows in total. The analyses must leave `reserve` of these rows unused."""
        self.asked = 0
        self._budget, self._reserve = budget, reserve

    @property
    def left(self) -> float:
        """The number of rows that the analyses may still evaluate."""
        return max(0, self._budget - self._reserve - self.asked)

    def allow(self, rows: float) -> None:
        """Limit the current analysis to `rows` rows, or to the remaining rows if fewer are left."""
        self._limit = self.asked + min(rows, self.left)

    def finish(self) -> None:
        """Remove the limit of the current analysis, so that the steps after the analyses can use the reserve (see `start`)."""
        self._limit = math.inf

    def add(self, rows: int) -> None:
        """Add a number of rows to the counter, before they are evaluated.

        Raises
        ------
        NotApplicableError
            The current analysis would exceed its limit.
        """
        if self.asked + rows > self._limit:
            raise NotApplicableError(why("budget.spent", budget=self._budget))
        self.asked += rows


class Codes:
    """A conversion between the values in a table's columns and their integer codes."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.feature_names_in_ = np.array(frame.columns, dtype=object)
        self._values = {c: frame[c].drop_duplicates().reset_index(drop=True) for c in frame.columns}

    def transform(self, rows: pd.DataFrame) -> FloatArray:
        """Return the codes (n, columns) of the values. Only numeric columns may contain values that do not occur in the table."""
        return np.column_stack([self._places(rows[c], c) for c in self._values]).astype(np.float64)

    def decode(self, codes: FloatArray) -> pd.DataFrame:
        """Convert codes to values. Return rows (n, columns) with the column types of the table."""
        places = np.rint(codes).astype(np.int64)
        return pd.DataFrame(
            {c: values.take(places[:, j]).reset_index(drop=True) for j, (c, values) in enumerate(self._values.items())}
        )

    def sizes(self) -> dict[str, int]:
        """Return the number of values that have a code, for each column."""
        return {c: len(values) for c, values in self._values.items()}

    def _places(self, values: pd.Series, column: str) -> Any:
        known = self._values[column]
        whole = (
            values.dtype.kind in "iu" and known.dtype.kind in "iu"
        )  # keep the type, because a narrower type could not represent all values
        asked = values if whole else values.astype(known.dtype)
        places = pd.Index(known).get_indexer(pd.Index(asked))
        if (places < 0).any() and known.dtype.kind in "iuf":
            self._values[column] = pd.concat([known, asked[places < 0].drop_duplicates()], ignore_index=True)
            return self._places(values, column)
        if (places < 0).any():
            row = int(np.flatnonzero(places < 0)[0])
            raise ModelError(
                f"column {column!r} contains the value {values.iloc[row]!r}, which does not occur in the table that the model "
                "was bound to. Use values that occur in that table"
            )
        return places


class FunctionModule(nn.Module):
    """A prediction function as a module that takes codes. It has no gradient and no hidden units. `of_codes` is an equivalent
    function that takes the codes directly, or None.
    """

    def __init__(
        self,
        codes: Codes,
        function: Function,
        questions: Questions,
        of_codes: Callable[[FloatArray], Any] | None = None,
    ) -> None:
        super().__init__()
        self._of_codes = of_codes
        self._codes = codes
        self._function = function
        self._questions = questions
        self.precision = nn.Parameter(torch.zeros((), dtype=torch.float64), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        self._questions.add(len(x))
        codes = x.numpy()
        answers = self._function(self._codes.decode(codes)) if self._of_codes is None else self._of_codes(codes)
        return torch.as_tensor(np.array(answers, dtype=np.float64), dtype=x.dtype)  # not read-only

    def __deepcopy__(self, memo: dict[int, Any]) -> FunctionModule:
        """Return a copy that shares the function, which is called but never changed."""
        return FunctionModule(self._codes, self._function, self._questions, self._of_codes)
