"""What a figure is drawn from, as text: the same text is the same figure, which need not be drawn again."""

from __future__ import annotations

import re
import sys
from types import FunctionType
from typing import Any

import numpy as np

from tabinterp.report.blocks import Later


def drawn_from(figure: Later) -> str | None:
    """The function that draws it and its arguments, every number to its last digit; None where one has no such text."""
    draw = figure.draw
    with np.printoptions(precision=17, threshold=sys.maxsize):
        found = repr([_told(one) for one in (draw.func, *draw.args, *draw.keywords.items())])
    return None if re.search(r"<\S.* at 0x\w+>", found) else found


def _told(value: Any) -> Any:
    """A function by where it stands in the code and by the values that it keeps of what is around it."""
    if not isinstance(value, FunctionType):
        return value
    kept = [_told(cell.cell_contents) for cell in value.__closure__ or ()]
    return value.__module__, value.__qualname__, value.__code__.co_firstlineno, kept
