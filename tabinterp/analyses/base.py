"""The definition of an analysis: the class `Analysis`, its cost, and analyses that are sums over rows."""

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
    start : (network, linear, settings) on drawn rows -> a plan that defines the sums; None if the analysis does not apply.
    update : (plan, network, linear) on a batch of rows -> sums over these rows.
    merge : (sums, sums) -> sums over the rows of both.
    finish : (context, plan, sums) -> the result. Anything that is not a sum over rows is computed here, on the drawn rows.
    of : what is summed.

        - "scores": the scores of both models on the evaluated rows.
        - "derivatives" or "units": derivatives, or outputs of hidden units, on the evaluated rows. `update` returns a function
          from a `Block` of the batch to its sums, so that each row passes through the network only once for all analyses.
        - "cells": training and held-out rows, without a model. `start` takes all drawn rows, and `update` takes (plan, table).
    """

    start: Callable[..., Any]
    update: Callable[..., Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any, Any, Any], Result | None]
    of: Literal["scores", "derivatives", "units", "cells"] = "scores"


@dataclass(frozen=True)
class Size:
    """The size of an audit and the speed of its network on this machine, which determine the cost of an analysis.

    Parameters
    ----------
    training : number of rows that the models were fitted to.
    evaluated : number of rows that they are evaluated on.
    drawn : number of evaluated rows used in analyses that need many passes over them.
    columns : number of input columns of the network.
    encoded : number of encoded columns.
    classes : number of classes of the target; 0 for a number or a count.
    outputs : number of scores of a row.
    units : number of hidden units.
    evaluation : seconds that the network takes for one encoded row.
    encoding : seconds that the encoder takes for a changed row, averaged over the columns; 0 if rows are not encoded again.
    beyond : seconds for the sums over all rows of a scan; 0 if all rows are in memory.
    changeable : number of columns declared as changeable by a person.
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
        """Return the seconds that it takes to encode and evaluate this many changed rows."""
        return rows * (self.evaluation + self.encoding)


@dataclass(frozen=True)
class Field:
    """A field of the document that holds a record, and the package that defines and builds the record.

    Parameters
    ----------
    package : package whose `record.py` defines the class of the record, and the function `build` that makes the record from the
        results of an audit.
    record : name of the class.
    always : whether every document has the record.
    """

    package: str
    record: str
    always: bool = False

    @property
    def kind(self) -> type[Part]:
        """The class of the record."""
        return cast("type[Part]", getattr(self._module, self.record))

    def build(self, results: Any) -> Part | None:
        """Return the record built from these `Results`; None if there is none."""
        return cast("Part | None", self._module.build(results))

    @property
    def _module(self) -> ModuleType:
        return import_module(f"{__package__}.{self.package}.record")


@dataclass(frozen=True)
class OnPage:
    """A place on the page where an analysis shows something.

    Parameters
    ----------
    chapter : anchor of the chapter.
    section : anchor of the section, whose title is `report.section.SECTION`. Several analyses may share a section.
    order : position within the chapter, in ascending order. A section has the position of its first item.
    build : module of the package, and name of a function in it that takes (record, document) and returns blocks. The function is
        not called if there is no record.
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
    title : name of the analysis in the sentence that says that it does not apply; a key of the vocabulary `step`.
    cost : function that estimates how many seconds the analysis takes in an audit of a given size. The announced time and the
        progress bar use it.
    rows : rows that its numbers describe. "performance": how well the models do on the evaluated rows. "evaluated": the evaluated
        rows. "table": other rows as well.
    needs : names of the analyses whose results it uses.
    uses : arguments of `ti.audit` that only this analysis uses. They are refused if the analysis was not requested.
    estimator : module of the package that defines `run(context)`, the function that answers the question. It is imported only if
        an audit runs the analysis.
    summed : name in the document of the sums over all rows of a scan on which the result is based (`Drawn.summed`). None: the
        result is based on the drawn rows alone.
    stream : module of the package that defines these sums as `STREAM`.
    place : field of the document that its record is in, or "FIELD.PART" if several analyses share a
        field. None: `document.analyses[name]`.
    record : class of its record in `record.py`. None: its numbers are in the record of another analysis, at `place`.
    always : whether every document has the record, even if the analysis was not requested or does not apply.
    page : what the page shows, and where. If it is empty, `section.build` shows the record in a section with the name of the
        analysis, at the end of the chapter on robustness.
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
        """The places on the page where this analysis shows something."""
        return self.page or (OnPage("robustness", self.name, 100),)

    @property
    def streamed(self) -> Stream[Result]:
        """The sums over rows from which the result for a scan is computed."""
        module = import_module(f"{__package__}.{self.name}.{self.stream}")
        return cast("Stream[Result]", module.STREAM)

    def run(self, context: Any) -> Result | None:
        """Return the result, given the `Context` of an audit; None if the document already shows that there is none.

        If the context has sums over all rows of a scan, the result is computed from them.

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
