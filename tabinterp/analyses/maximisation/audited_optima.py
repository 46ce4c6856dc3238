"""Optima of the outputs of a network, and of the hidden units that an audit shows in detail."""

from __future__ import annotations

from tabinterp.analyses.context import Context
from tabinterp.analyses.hidden_units import ANALYSIS as HIDDEN_UNITS
from tabinterp.analyses.hidden_units.audited_units import Optima, optima
from tabinterp.analyses.interactions.screening import WIDE
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError


def run(context: Context) -> Optima | None:
    """Find the optima of the audited network's outputs and of the hidden units shown in detail."""
    columns = len(context.network.columns)
    if columns > WIDE:
        raise NotApplicableError(why("optima.wide", columns=columns, most=WIDE))
    units = context[HIDDEN_UNITS]
    return None if units is None else optima(context.network.take(context.subsample), units, context.seed)
