"""What a figure is drawn from, as text: the same text is the same figure, which need not be drawn again."""

from __future__ import annotations

import re
import sys

import numpy as np

from tabinterp.report.blocks import Later


def drawn_from(figure: Later) -> str | None:
    """The function that draws it and its arguments, every number to its last digit; None where one of them is a function."""
    draw = figure.draw
    with np.printoptions(precision=17, threshold=sys.maxsize):
        arguments = repr((draw.args, draw.keywords))
    return (
        None
        if re.search(r"<\S.* at 0x\w+>", arguments)
        else f"{draw.func.__module__}.{draw.func.__qualname__}{arguments}"
    )
