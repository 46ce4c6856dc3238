"""The results of all analyses of an audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tabinterp.analyses import ANALYSES
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.performance.estimator import Performance
from tabinterp.document.base import Message
from tabinterp.models import BoundModel, Model
from tabinterp.provenance.digest_key import DigestKey
from tabinterp.table.summary import Census

from .base import Analysis, Result
from .context import Context
from .settings import AuditSettings


@dataclass(frozen=True)
class Results:
    """The results of all analyses of an audit; `results[ANALYSIS]` returns the result of one analysis.

    Parameters
    ----------
    network : the network, bound to the rows in memory.
    linear : the linear model, bound to the same rows.
    held_out : whether it is known which rows were held out from training.
    settings : settings given by the user.
    performance : metrics of both models and the verdict.
    answers : result of each analysis that ran, by its name; None if the analysis does not apply.
    notes : messages that name what was not assessed, and why.
    others : networks that differ from the audited one only in their seed.
    null : a network trained on permuted labels.
    digest_key : key for digests of columns; if None, no digests are written.
    census : counts over all rows of a scan; None if the models are bound to all rows.
    summed : names of the sums over all rows of a scan (`Analysis.summed`).
    """

    network: BoundModel
    linear: BoundModel
    held_out: bool
    settings: AuditSettings
    performance: Performance
    answers: Mapping[str, Any]
    notes: tuple[Message, ...] = ()
    others: Sequence[Model] = ()
    null: Model | None = None
    digest_key: DigestKey | None = None
    census: Census | None = None
    summed: tuple[str, ...] = ()

    def __getitem__(self, analysis: Analysis[Result]) -> Result | None:
        """Return the result of an analysis; None if it does not apply or was not requested."""
        return cast("Result | None", self.answers.get(analysis.name))

    @property
    def seed(self) -> int:
        return self.settings.seed

    @classmethod
    def of(cls, context: Context, **rest: Any) -> Results:
        """Return the results of a finished audit from its context. `rest` contains the values of all other parameters."""
        return cls(
            network=context.network,
            linear=context.linear,
            held_out=context.held_out,
            settings=context.settings,
            performance=context.performance,
            answers=context.results,
            others=context.others,
            null=context.null,
            summed=tuple(one.summed for one in (PERFORMANCE, *ANALYSES) if one.summed and one.name in context.sums),
            **rest,
        )
