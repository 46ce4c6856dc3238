"""What an analysis is: one question about a model, answered by one package of this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, Literal, TypeVar, cast

Result = TypeVar("Result")


@dataclass(frozen=True)
class Stream(Generic[Result]):
    """An analysis as sums over the rows of a scan, taken batch by batch.

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
class Analysis(Generic[Result]):
    """One question about both models, and where the code that answers it is.

    Parameters
    ----------
    name : of its package; of its result, in `ti.audit(analyses=[...])` and `--analyses`.
    title : what a sentence calls it, where it does not apply; a key of the vocabulary `step`.
    share : of the time of a whole audit, for the progress bar.
    rows : whose rows its numbers are about: "performance" measures how well the models do on the evaluated rows, "evaluated"
        is about these rows, "table" about others as well.
    needs : names of the analyses whose results it reads.
    estimator : module of the package that defines `run(context)`, the function that answers the question. It is imported when
        an audit runs it, not before.
    summed : what the document calls the sums over all rows of a scan that the result comes from (`Drawn.summed`); None: the
        result comes from the drawn rows alone.
    stream : module of the package that defines these sums, `STREAM`.
    place : field of the document that its record is in; None: `document.analyses[name]`, a `Record` that `record.build` makes
        of the results and `section.build` shows.
    """

    name: str
    title: str
    share: float
    rows: Literal["performance", "evaluated", "table"] = "evaluated"
    needs: tuple[str, ...] = ()
    estimator: str = "estimator"
    summed: str | None = None
    stream: str = "estimator"
    place: str | None = None

    @property
    def streamed(self) -> Stream[Result]:
        """The sums over rows that give the result of a scan."""
        module = import_module(f"{__package__}.{self.name}.{self.stream}")
        return cast("Stream[Result]", module.STREAM)

    def run(self, context: Any) -> Result | None:
        """Return the result, given the `Context` of an audit; None where the document itself shows that there is none.

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
