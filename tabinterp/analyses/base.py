"""The definition of an analysis: `Analysis`, its cost, and its form as sums over rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

if TYPE_CHECKING:
    from tabinterp.document.base import Part

Result = TypeVar("Result")


@dataclass(frozen=True)
class Stream(Generic[Result]):
    """An analysis that is a sum over the rows of a scan, computed batch by batch.

    Parameters
    ----------
    start : (network, linear, settings) on drawn rows -> plan, which says what is summed; None where it does not apply.
    update : (plan, network, linear) on a batch of rows -> sums over these rows.
    merge : (sums, sums) -> sums over the rows of both.
    finish : (context, plan, sums) -> the result. What is not a sum over rows is computed here, on the drawn rows.
    of : what the sums are of. "scores": of both models on the evaluated rows. "derivatives" and "units" (outputs of hidden
        units): of the same rows, and `update` returns a function from a `Block` of the batch to its sums, so that each row goes
        through the network once for all analyses. "cells": of training and held-out rows without a model; `start` is given all
        drawn rows, and `update` is given (plan, table).
    """

    start: Callable[..., Any]
    update: Callable[..., Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any, Any, Any], Result | None]
    of: Literal["scores", "derivatives", "units", "cells"] = "scores"


@dataclass(frozen=True)
class Size:
    """The size of an audit and the speed of its network on this machine, from which the cost of an analysis is computed.

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
    changeable : columns that a person may change, as declared.
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
    changeable: int = 0

    def evaluations(self, rows: float) -> float:
        """Return the seconds that the network needs for this many changed rows."""
        return rows * (self.evaluation + self.encoding)


@dataclass(frozen=True)
class Field:
    """A field of the document that holds a record, and the code that defines and builds it.

    Parameters
    ----------
    package : whose `record.py` defines the class of the record, and `build`, which makes it of the results of an audit.
    record : name of the class.
    always : every document holds the record.
    """

    package: str
    record: str
    always: bool = False

    @property
    def kind(self) -> type[Part]:
        """The class of the record."""
        return cast("type[Part]", getattr(self._module, self.record))

    def build(self, results: Any) -> Part | None:
        """Return the record of these `Results`; None where there is none."""
        return cast("Part | None", self._module.build(results))

    @property
    def _module(self) -> ModuleType:
        return import_module(f"{__package__}.{self.package}.record")


@dataclass(frozen=True)
class OnPage:
    """A place on the page for something that an analysis shows.

    Parameters
    ----------
    chapter : anchor of the chapter.
    section : anchor of the section; `report.section.SECTION` is its title. Analyses may share one.
    order : position within the chapter, the smallest first. A section stands where the first thing in it stands.
    build : module of the package and function in it: (record, document) -> blocks. It is not called where there is no record.
    """

    chapter: str
    section: str
    order: int
    build: str = "section.build"


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
    summed : what the document calls the sums over all rows of a scan that the result comes from (`Drawn.summed`); None: the
        result comes from the drawn rows alone.
    stream : module of the package that defines these sums, `STREAM`.
    place : field of the document that its record is in, or "FIELD.PART" where several analyses share a field; None:
        `document.analyses[name]`.
    record : class of its record in `record.py`; None: its numbers are in the record of another analysis, at `place`.
    always : every document holds the record, even where the analysis was not requested or does not apply.
    page : what the page shows of it, and where; nothing: `section.build` shows it, in a section with the
        analysis's name, at the end of the chapter on robustness.
    """

    name: str
    title: str
    cost: Callable[[Size], float]
    rows: Literal["performance", "evaluated", "table"] = "evaluated"
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    estimator: str = "estimator"
    summed: str | None = None
    stream: str = "estimator"
    place: str | None = None
    record: str | None = "Record"
    always: bool = False
    page: tuple[OnPage, ...] = ()

    @property
    def kind(self) -> type[Part]:
        """The class of its record."""
        return Field(self.name, str(self.record)).kind

    @property
    def on_page(self) -> tuple[OnPage, ...]:
        """The places on the page where it shows something."""
        return self.page or (OnPage("robustness", self.name, 100),)

    @property
    def streamed(self) -> Stream[Result]:
        """The sums over rows from which the result for a scan is computed."""
        module = import_module(f"{__package__}.{self.name}.{self.stream}")
        return cast("Stream[Result]", module.STREAM)

    def run(self, context: Any) -> Result | None:
        """Return the result, given the `Context` of an audit; None if the document already shows that there is none.

        Where the context holds sums over all rows of a scan, the result comes from these.

        Raises
        ------
        NotApplicableError
            where the analysis does not apply to these models or rows.
        """
        if self.name in context.sums:
            return self.streamed.finish(context, *context.sums[self.name])
        module = import_module(f"{__package__}.{self.name}.{self.estimator}")
        run = cast("Callable[[Any], Any]", module.run)
        return cast("Result | None", run(context))
