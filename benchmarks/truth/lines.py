"""The result of a check: a line of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Z = 4.0


@dataclass(frozen=True)
class Line:
    """`error`: the standard error that the reading prints, None where it claims to be exact or claims none."""

    function: str
    subject: str
    what: str
    estimand: str
    truth: str
    measured: str
    error: str
    bar: str
    passed: bool

    def row(self) -> str:
        cells = (
            self.function,
            self.subject,
            self.what,
            self.estimand,
            self.truth,
            self.measured,
            self.error,
            self.bar,
        )
        return "| " + " | ".join((*cells, "pass" if self.passed else "**miss**")) + " |"


HEAD = "| function | subject | analysis | estimand | truth | measured | error | bar | |\n|---|---|---|---|---|---|---|---|---|"


def told(value: float) -> str:
    value = float(value) + 0.0  # no minus zero
    if value != 0 and abs(value) < 5e-5:
        return f"{value:.0e}"
    return f"{value:.3f}" if abs(value) >= 5 else f"{value:.4f}"


def near(
    function: str,
    subject: str,
    what: str,
    estimand: str,
    truth: Sequence[float],
    measured: Sequence[float],
    limit: float,
    error: Sequence[float] | None = None,
    by_error: bool = True,
) -> Line:
    """Numbers beside their truths: within `limit` of them, and (`by_error`) within four of their standard errors.

    What is claimed to be exact has no error, and one of 0 is a claim too; 1e-6 is left for rounding. One line for all
    numbers of a kind; shown is the list.
    """
    t, m = np.asarray(truth, dtype=float), np.asarray(measured, dtype=float)
    e = np.zeros_like(m) if error is None else np.asarray(error, dtype=float)
    fine = np.abs(m - t) <= limit
    bar = f"± {limit:.2g}"
    if error is not None and by_error:
        fine &= np.abs(m - t) <= Z * e + 1e-6
        bar += f" and {Z:.0f} errors"
    shown = [", ".join(map(told, part)) for part in (t, m, e)]
    return Line(
        function,
        subject,
        what,
        estimand,
        shown[0],
        shown[1],
        "" if error is None else shown[2],
        bar,
        bool(fine.all()),
    )


def at_least(
    function: str,
    subject: str,
    what: str,
    estimand: str,
    measured: float,
    bar: float,
    truth: str = "1",
    error: float | None = None,
) -> Line:
    shown = "" if error is None else told(error)
    return Line(function, subject, what, estimand, truth, told(measured), shown, f"at least {bar:g}", measured >= bar)
