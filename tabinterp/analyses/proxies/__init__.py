"""Can a protected column be predicted from the columns that the models read?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Proxies

ANALYSIS: Analysis[Proxies] = Analysis(
    "proxies", "proxies of protected columns", lambda size: 0.1, place="groups", builder="groups"
)
