"""Network internals in the document: linear regions, conductance, path products and ablation of groups of hidden units.

Levels, regions and means that cover fewer than ten rows are not included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses import ANALYSES
from tabinterp.analyses.ablation import record as ablation_record
from tabinterp.analyses.ablation.record import UnitGroups
from tabinterp.analyses.conductance import record as conductance_record
from tabinterp.analyses.conductance.record import Conductance
from tabinterp.analyses.linear_regions import record as linear_regions_record
from tabinterp.analyses.linear_regions.record import Regions
from tabinterp.analyses.path_weights import record as path_weights_record
from tabinterp.analyses.path_weights.record import Paths
from tabinterp.document.base import Message, Part

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results

PARTS = [one for one in ANALYSES if one.place is not None and one.place.startswith("mechanism.")]


class Mechanism(Part):
    """Results on how the network computes its score.

    The field of an analysis that does not apply is null, and `absent` contains the reason.
    """

    seed: int
    regions: Regions | None
    conductance: Conductance | None
    paths: Paths | None
    groups: UnitGroups | None
    absent: list[Message]


def build(r: Results) -> Mechanism | None:
    """Return the results on how the network computes its score; None if they were not requested."""
    titles = {one.title for one in PARTS}
    absent = [note for note in r.notes if note.values.get("reading") in titles]
    if not absent and all(r[one] is None for one in PARTS):  # not requested
        return None
    return Mechanism(
        seed=r.seed,
        regions=linear_regions_record.build(r),
        conductance=conductance_record.build(r),
        paths=path_weights_record.build(r),
        groups=ablation_record.build(r),
        absent=absent,
    )
