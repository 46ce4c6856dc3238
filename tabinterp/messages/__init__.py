"""Every sentence a reader sees, in one place, so that it can be checked and translated.

A sentence is a key and values (`tabinterp.report.document.Message`); the text is only made when it is shown. Values
are plain text here: escaping is the business of whoever puts the text on a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .atlas import ATLAS
from .audit import AUDIT
from .changes import CHANGES
from .checks import CHECKS
from .data import DATA
from .evidence import EVIDENCE
from .findings import FINDINGS
from .gain import GAIN
from .gate import GATE
from .groups import GROUPS
from .inside import INSIDE
from .readings import READINGS
from .reasons import REASONS
from .report import REPORT
from .scale import SCALE
from .shapley import SHAPLEY
from .together import TOGETHER
from .trust import TRUST
from .units import UNITS
from .verdict import VERDICT
from .verify import VERIFY

ENGLISH: dict[str, str] = {
    **ATLAS,
    **AUDIT,
    **CHANGES,
    **CHECKS,
    **DATA,
    **EVIDENCE,
    **FINDINGS,
    **GAIN,
    **GATE,
    **GROUPS,
    **INSIDE,
    **READINGS,
    **REASONS,
    **REPORT,
    **SCALE,
    **SHAPLEY,
    **TOGETHER,
    **TRUST,
    **UNITS,
    **VERDICT,
    **VERIFY,
}


def text(key: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence behind a key, its numbers formatted.

    >>> text("verdict.worse", {"linear": "logistic regression"})
    'The network is worse than logistic regression on held-out rows.'
    """
    return ENGLISH[key].format(**{name: _shown(value) for name, value in (values or {}).items()})


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        # JSON does not tell 2.0 from 2: a saved audit must read as the one in memory
        return f"{int(value):,}" if value.is_integer() and abs(value) < 2**53 else number(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def number(value: float | None, digits: int = 3) -> str:
    """A number to three significant digits or to the unit, without exponents in the everyday range.

    >>> number(0.0123456), number(1234.5), number(-0.0), number(None), number(2.5e-7)
    ('0.0123', '1,234', '0', '–', '2.5e-07')
    """
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return f"{value:.{digits}g}"
    magnitude = int(f"{value:.{digits - 1}e}".rpartition("e")[2])
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"
