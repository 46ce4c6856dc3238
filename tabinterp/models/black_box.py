"""Models that are plain functions of rows: a row is encoded by the positions of its values, as nothing is known of their
inside.

Each column becomes one encoded column: the place of its value among the distinct values of the table, missing being one of
them. Codes are small whole numbers, so moving a column by arithmetic on codes is exact, and every analysis that needs no
gradient runs through the same code as for a network. A number that the table does not hold gets the next code when it is first
asked for.
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
    """How many rows a function was asked about, and how many it may be asked about in all and by the present analysis."""

    def __init__(self) -> None:
        self.asked = 0
        self._budget = self._reserve = 0
        self._limit = math.inf

    def start(self, budget: int, reserve: int) -> None:
        """Allow this many rows from here on; analyses leave some in reserve."""
        self.asked = 0
        self._budget, self._reserve = budget, reserve

    @property
    def left(self) -> float:
        """The rows that the analyses may still ask about."""
        return max(0, self._budget - self._reserve - self.asked)

    def allow(self, rows: float) -> None:
        """Let the present analysis ask about this many rows, or what is left."""
        self._limit = self.asked + min(rows, self.left)

    def finish(self) -> None:
        """Let what follows the analyses ask: it needs no more than the reserve."""
        self._limit = math.inf

    def add(self, rows: int) -> None:
        """Count rows; refuse those beyond the limit.

        Raises
        ------
        NotApplicableError
            where there would be more than the present analysis may ask about.
        """
        if self.asked + rows > self._limit:
            raise NotApplicableError(why("budget.spent", budget=self._budget))
        self.asked += rows


class Codes:
    """Codes of the values in a table's columns, and the inverse."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.feature_names_in_ = np.array(frame.columns, dtype=object)
        self._values = {c: frame[c].drop_duplicates().reset_index(drop=True) for c in frame.columns}

    def transform(self, rows: pd.DataFrame) -> FloatArray:
        """Return the positions (n, columns) of the values; only numbers may be values that the table does not have."""
        return np.column_stack([self._places(rows[c], c) for c in self._values]).astype(np.float64)

    def decode(self, codes: FloatArray) -> pd.DataFrame:
        """Return rows (n, columns) with the values, in the table's types."""
        places = np.rint(codes).astype(np.int64)
        return pd.DataFrame(
            {c: values.take(places[:, j]).reset_index(drop=True) for j, (c, values) in enumerate(self._values.items())}
        )

    def sizes(self) -> dict[str, int]:
        """Return how many values of each column have a code."""
        return {c: len(values) for c, values in self._values.items()}

    def _places(self, values: pd.Series, column: str) -> Any:
        known = self._values[column]
        whole = (
            values.dtype.kind in "iu" and known.dtype.kind in "iu"
        )  # where the wider type holds what the narrower cannot
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
    """A function of rows as a module of codes, without gradient and hidden units. `of_codes` is the same function of codes, where
    that is known.
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
        return torch.as_tensor(np.array(answers, dtype=np.float64), dtype=x.dtype)  # torch warns of what is read-only

    def __deepcopy__(self, memo: dict[int, Any]) -> FunctionModule:
        """Return a copy that shares the function, which is called but never changed."""
        return FunctionModule(self._codes, self._function, self._questions, self._of_codes)
