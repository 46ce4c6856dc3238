"""Can people reverse an adverse decision, and how much must they change?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage, Size

if TYPE_CHECKING:
    from .estimator import Recourse


ASKED = 2_000  # approximate number of changed rows that the network scores, per declined row and changeable column
ROWS = 500  # maximum number of rows with an adverse decision


def _cost(size: Size) -> float:
    if size.classes != 2 or size.changeable == 0:
        return 0.1
    return 3 + size.evaluations(ASKED * size.changeable * min(ROWS, size.evaluated))


ANALYSIS: Analysis[Recourse] = Analysis(
    "recourse",
    "recourse",
    _cost,
    uses=("constraints",),
    page=(OnPage("people", "recourse", 21),),
)
