"""What an analysis is: one question about a model, answered by one package of this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, Literal, TypeVar, cast

Result = TypeVar("Result")


@dataclass(frozen=True)
class Size:
    """How large an audit is, and how fast its network is on this machine: what the cost of an analysis depends on.

    Parameters
    ----------
    training, evaluated : rows that the models were fitted to, and rows that they are evaluated on.
    drawn : evaluated rows for analyses that take many passes over them.
    columns : input columns that the network reads; encoded : columns that its encoder makes of them.
    classes : of the target; 0 where it is a number or a count. outputs : scores of a row.
    units : hidden units.
    evaluation : seconds that the network takes for one encoded row.
    encoding : seconds that the encoder takes for a changed row, on average over the columns; 0 where none is encoded again.
    beyond : seconds for the sums over all rows of a scan; 0 where all rows are at hand.
    """

    training: int
    evaluated: int
    drawn: int
    columns: int
    encoded: int
    classes: int
    outputs: int
    units: int
    evaluation: float
    encoding: float = 0.0
    beyond: float = 0.0

    def evaluations(self, rows: float) -> float:
        """Return the seconds that the network takes for so many changed rows."""
        return rows * (self.evaluation + self.encoding)


@dataclass(frozen=True)
class Analysis(Generic[Result]):
    """One question about both models, and where the code that answers it is.

    Parameters
    ----------
    name : of its package; of its result, in `ti.audit(analyses=[...])` and `--analyses`.
    title : what a sentence calls it, where it does not apply; a key of the vocabulary `step`.
    cost : seconds that it takes in an audit of a given size, roughly. The announced time and the progress bar come from it.
    rows : whose rows its numbers are about: "performance" measures how well the models do on the evaluated rows, "evaluated"
        is about these rows, "table" about others as well.
    needs : names of the analyses whose results it reads.
    uses : arguments of `ti.audit` that only this analysis reads. They are refused where it was not requested.
    estimator : module of the package that defines `run(context)`, the function that answers the question. It is imported when
        an audit runs it, not before.
    place : field of the document that its record is in; None: `document.analyses[name]`, a `Record` that `record.build` makes
        of the results and `section.build` shows.
    builder : package whose `record.build` makes what is in that field, where it is the field of several analyses; None: its own.
    """

    name: str
    title: str
    cost: Callable[[Size], float]
    rows: Literal["performance", "evaluated", "table"] = "evaluated"
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    estimator: str = "estimator"
    place: str | None = None
    builder: str | None = None

    def run(self, context: Any) -> Result | None:
        """Return the result, given the `Context` of an audit; None where the document itself shows that there is none.

        Raises
        ------
        NotApplicableError
            where the analysis does not apply to these models or rows.
        """
        module = import_module(f"{__package__}.{self.name}.{self.estimator}")
        run = cast("Callable[[Any], Any]", module.run)
        return cast("Result | None", run(context))
