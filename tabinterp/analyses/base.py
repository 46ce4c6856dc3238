"""Definition of an analysis: the class `Analysis`, the quantities that determine its cost, and streamed analyses."""

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
    """The functions of an analysis that is computed from sums over the rows of a scan, batch by batch.

    Parameters
    ----------
    start : function that takes (network, linear, settings), with the models bound to sampled rows, and returns a plan that
        defines the sums. If it returns None, the analysis does not apply.
    update : function that takes (plan, network, linear), with the models bound to a batch of rows, and returns sums over these
        rows.
    merge : function that takes the sums over two sets of rows and returns the sums over all of these rows.
    finish : function that takes (context, plan, sums) and returns the result. This function also computes, on the sampled rows,
        everything that is not a sum over rows.
    of : the quantity that is summed.

        - "scores": the scores of both models on the evaluated rows.
        - "derivatives" or "units": derivatives, or outputs of hidden units, on the evaluated rows. `update` then returns a
          function that takes a `Block` of the batch and returns the sums over this block. Each row therefore passes through the
          network only once for all analyses of derivatives and hidden units.
        - "cells": numbers of training and held-out rows in the bins of columns. No model is used: `start` takes all sampled rows,
          and `update` takes (plan, table).
    """

    start: Callable[..., Any]
    update: Callable[..., Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any, Any, Any], Result | None]
    of: Literal["scores", "derivatives", "units", "cells"] = "scores"


@dataclass(frozen=True)
class Size:
    """The size of an audit and the speed of its network on this machine, from which the cost of an analysis is estimated.

    Parameters
    ----------
    training : number of rows to which the models were fitted.
    evaluated : number of rows on which the models are evaluated.
    drawn : number of evaluated rows that are used in analyses with many passes over the rows.
    columns : number of input columns of the network.
    encoded : number of encoded columns.
    classes : number of classes of the target; 0 if the target is a number or a count.
    outputs : number of scores of each row.
    units : number of hidden units.
    evaluation : seconds that the network takes for one encoded row.
    encoding : seconds that the encoder takes for a row in which one column is changed, averaged over the columns; 0 if changed
        rows need not be encoded again.
    beyond : seconds needed for the sums over all rows of a scan; 0 if all rows are in memory.
    changeable : number of columns that the user declared as changeable by a person.
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
        """Return the estimated number of seconds to encode and evaluate the given number of changed rows."""
        return rows * (self.evaluation + self.encoding)


@dataclass(frozen=True)
class Field:
    """A field of the document, with the package that defines and builds its record.

    Parameters
    ----------
    package : name of the package. Its `record.py` contains the class of the record, and the function `build`, which makes the
        record from the results of an audit.
    record : name of the class of the record.
    always : whether every document contains the record.
    """

    package: str
    record: str
    always: bool = False

    @property
    def kind(self) -> type[Part]:
        """The class of the record."""
        return cast("type[Part]", getattr(self._module, self.record))

    def build(self, results: Any) -> Part | None:
        """Return the record built from the `Results` of an audit; None if there is nothing to record."""
        return cast("Part | None", self._module.build(results))

    @property
    def _module(self) -> ModuleType:
        return import_module(f"{__package__}.{self.package}.record")


@dataclass(frozen=True)
class OnPage:
    """A part of a report section that an analysis provides.

    Parameters
    ----------
    chapter : anchor of the chapter.
    section : anchor of the section. Its title has the message key `report.section.SECTION`. Several analyses may share a section.
    order : number by which the parts of a chapter are sorted. A section appears at the position of its first part.
    build : "MODULE.FUNCTION" in the package. The function takes (record, document) and returns blocks of the report. The function
        is not called if there is no record.
    """

    chapter: str
    section: str
    order: int
    build: str = "section.build"


@dataclass(frozen=True)
class Analysis(Generic[Result]):
    """One question about both models, and the location of the code that answers it.

    Parameters
    ----------
    name : name of the package and of the result, also used in `ti.audit(analyses=[...])` and `--analyses`.
    title : key of the analysis's name in the vocabulary `step`. The report uses this name to state that the analysis does not
        apply.
    cost : function that takes the `Size` of an audit and estimates the seconds that the analysis takes. The announced time and
        the progress bar are based on it.
    rows : what the results refer to: "evaluated" for the evaluated rows, "table" for all rows of the table, or "performance" for
        the performance of the models on the evaluated rows.
    needs : names of other analyses whose results the analysis uses.
    uses : arguments of `ti.audit` that only this analysis uses. They are rejected if the analysis was not requested.
    estimator : module of the package that defines `run(context)`, which computes the result. It is imported only if an audit runs
        the analysis.
    summed : if the result is based on sums over all rows of a scan, the name of these sums in the document (`Drawn.summed`). None
        means that the result is based only on the sampled rows.
    stream : module of the package that defines the sums over a scan as `STREAM`.
    place : field of the document that contains the record, or "FIELD.PART" if several analyses share the field. None means
        `document.analyses[name]`.
    record : name of the class of the record in `record.py`. None means that the results are in the record of another analysis, at
        `place`.
    always : whether every document contains the record, even if the analysis was not requested or does not apply.
    page : parts of the report that the analysis provides. If it is empty, `section.build` provides a section with the name of
        the analysis, at the end of the chapter on robustness.
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
        """The class of the record of this analysis."""
        return Field(self.name, str(self.record)).kind

    @property
    def on_page(self) -> tuple[OnPage, ...]:
        """The parts of the report that this analysis provides."""
        return self.page or (OnPage("robustness", self.name, 100),)

    @property
    def streamed(self) -> Stream[Result]:
        """The functions that compute the result for a scan from sums over its rows."""
        module = import_module(f"{__package__}.{self.name}.{self.stream}")
        return cast("Stream[Result]", module.STREAM)

    def run(self, context: Any) -> Result | None:
        """Compute the result of the analysis in the `Context` of an audit.

        If the context contains sums over all rows of a scan, the result is computed from these sums. The result is None if there
        is nothing to compute and other parts of the document show the reason.

        Raises
        ------
        NotApplicableError
            If the analysis does not apply to these models or rows.
        """
        if self.name in context.sums:
            return self.streamed.finish(context, *context.sums[self.name])
        module = import_module(f"{__package__}.{self.name}.{self.estimator}")
        run = cast("Callable[[Any], Any]", module.run)
        return cast("Result | None", run(context))
