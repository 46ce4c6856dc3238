"""Report section on optima of outputs: the rows at which each output of the network is largest or smallest."""

from __future__ import annotations

from tabinterp.analyses.hidden_units.record import Inside
from tabinterp.analyses.maximisation.record import OutputCard
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Panels
from tabinterp.report.words import by_importance, number, score_scale, t, tidy

from .panels import peak, places, proved, stamp, values_at


def build(inside: Inside, document: Document) -> list[Block]:
    if not document[Neurons].units or not inside.outputs:
        return []
    rank, scale = by_importance(document), score_scale(document)
    panels = Panels([_output(inside, card, rank, scale) for card in inside.outputs])
    return [Heading(t("report.inside.outputs")), panels]


def _output(inside: Inside, card: OutputCard, rank: dict[str, int], scale: str) -> list[Block]:
    optimum, sign = card.optimum, -1 if card.lowest else 1
    name = t("report.inside.score_low" if card.lowest else "report.inside.score", scale=scale)
    if card.output is not None:
        name = t("report.inside.output", output=tidy(card.output), scale=scale)
    tenth = None if optimum.tenth is None else sign * optimum.tenth
    key = "report.inside.tenth_low" if card.lowest else "report.inside.tenth"
    return [
        values_at(name, [(t(key), number(tenth)), *peak(optimum, sign)]),
        *stamp(inside, optimum),
        places(t("report.inside.optimum"), optimum.places, rank),
        *proved(optimum),
    ]
