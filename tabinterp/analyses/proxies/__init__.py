"""Can a protected column be predicted from the columns that the models use?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Proxies

ANALYSIS: Analysis[Proxies] = Analysis(
    "proxies",
    "proxies of protected columns",
    lambda size: 0.1,
    place="groups.proxies",
    record=None,
    page=(OnPage("people", "groups", 11),),
)
