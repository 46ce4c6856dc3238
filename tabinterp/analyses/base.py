"""What an analysis is: one question about a model, answered by one package of this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, Literal, TypeVar, cast

Result = TypeVar("Result")


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
    place : field of the document that its record is in; None: `document.analyses[name]`, a `Record` that `record.build` makes
        of the results and `section.build` shows.
    """

    name: str
    title: str
    share: float
    rows: Literal["performance", "evaluated", "table"] = "evaluated"
    needs: tuple[str, ...] = ()
    estimator: str = "estimator"
    place: str | None = None

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
