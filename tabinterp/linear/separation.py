"""Separation: where the maximum of a logistic likelihood is at infinity, and what can still be estimated.

Along a direction of recession no row's own class loses against another, and in some rows it wins for good (Albert and
Anderson 1984). In the limit those rows cannot have the other class: it is struck from their possible classes, a row
with one class left says nothing more, and the maximum over what remains is the limit of the estimates (Lesaffre and
Albert 1989; Geyer 2009). A coefficient has a finite limit exactly if what remains still determines it. Directions are
found in two ways: a level in which a class does not occur is one at sight, the rest by linear programming (Konis 2007).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog

from .design import Bools, Design, Floats, Ints
from .multinomial import Likelihood, Maximum

STRICT = 1e-6  # a margin, in units of the basis with coefficients of at most one, that is not rounding
CUTS = 2000  # constraints added at a time
NOTHING = 1e-10  # information per row that is rounding; on the basis a row's is about one


@dataclass(frozen=True)
class Cause:
    """Rows in which classes do not occur: those of `term`, of the reference level of `column`, or, if both are None, any."""

    rows: int
    classes: tuple[int, ...]
    term: int | None = None
    column: str | None = None


def strike_empty_levels(design: Design, y: Ints, possible: Bools) -> tuple[Bools, list[Cause]]:
    """Remove the classes that do not occur in a level, repeatedly, since this can empty further levels.

    Levels are all columns of zeros and ones, and the reference level of a column with dummies. Only rows that still
    have a choice say that a class occurs; the causes count those rows.
    """
    indicators, owners = levels(design)
    outcome = np.zeros(possible.shape)
    outcome[np.arange(len(y)), y] = 1
    possible, causes = possible.copy(), dict[int, Cause]()
    while True:
        choice = possible.sum(axis=1, keepdims=True) > 1
        occurs = indicators.T @ (outcome * choice) > 0
        empty = (indicators.T @ (possible - outcome) > 0) & ~occurs
        if not empty.any():
            return possible, list(causes.values())
        for level in np.flatnonzero(empty.any(axis=1)):
            seen = tuple(int(c) for c in np.flatnonzero(occurs[level]))
            rows = int(indicators[:, level] @ choice[:, 0])
            causes.setdefault(int(level), Cause(rows, seen, *owners[level]))
        possible &= ~(indicators @ empty > 0) | (outcome > 0)  # a row without a choice keeps its class


def levels(design: Design) -> tuple[Floats, list[tuple[int | None, str]]]:
    """Return indicators (n, m) of the levels, with the term (None for a reference level) and the column of each."""
    matrix = design.matrix
    binary = [j for j in range(matrix.shape[1]) if ((matrix[:, j] == 0) | (matrix[:, j] == 1)).all()]
    indicators = [matrix[:, j] for j in binary]
    owners: list[tuple[int | None, str]] = [(j, design.terms[j].column) for j in binary]
    for column in dict.fromkeys(design.terms[j].column for j in binary if design.terms[j].dummy):
        own = [j for j, term in enumerate(design.terms) if term.column == column]
        if set(own) <= set(binary):
            indicators.append((matrix[:, own].sum(axis=1) == 0).astype(float))
            owners.append((None, column))
    return np.column_stack(indicators) if indicators else np.zeros((len(matrix), 0)), owners


def strike_separated(likelihood: Likelihood, maximum: Maximum) -> tuple[Bools, Bools]:
    """Remove the classes that a direction of recession rules out, and return the rows (n,) in which it does.

    The direction is the one that Newton's method came upon, or else the linear programme's. Margins that it raises but
    little are left for the next one, as they may be rounding.
    """
    direction = maximum.recession
    if direction is None:
        direction = _programme(likelihood, maximum.parameters)
    margins = likelihood.margins(direction)
    won = margins > max(STRICT, 1e-3 * float(margins.max()))
    return likelihood.possible & ~won, np.asarray(won.any(axis=1))


def _programme(likelihood: Likelihood, parameters: Floats) -> Floats:
    """Return a direction of recession (size,), or one without any margin above `STRICT` if there is none.

    Linear programme of Konis (2007): among directions with coefficients in [-1, 1] that lower no margin of a row's own
    class over a possible other one, the one with the greatest sum of margins. The margins at `parameters`, where
    Newton's method gave up, say which constraints to start from; violated ones are added until there are none. The
    objective is over all rows, so that an optimum of zero at any stage proves that nothing is separated.
    """
    rivals = likelihood.possible.copy()
    rivals[np.arange(len(likelihood.y)), likelihood.y] = False
    margins, active = np.where(rivals, likelihood.margins(parameters), np.inf), np.zeros_like(rivals)
    outcome = rivals.sum(axis=1, keepdims=True) * np.eye(rivals.shape[1])[likelihood.y] - rivals
    objective = ((outcome @ likelihood.contrasts).T @ likelihood.basis).ravel() / max(int(rivals.sum()), 1)
    direction = np.zeros(likelihood.size)
    limit, added = np.inf, CUTS + 20 * likelihood.size
    while True:
        violated = np.flatnonzero(rivals & ~active & (margins < limit))
        if not len(violated):
            return direction
        active.flat[violated[np.argsort(margins.flat[violated], kind="stable")][:added]] = True
        constraints = _gradients(likelihood, *np.nonzero(active))
        solution = linprog(-objective, A_ub=-constraints, b_ub=np.zeros(len(constraints)), bounds=(-1, 1))
        direction = np.zeros(likelihood.size) if solution.x is None else np.asarray(solution.x)
        margins, limit, added = likelihood.margins(direction), -STRICT, CUTS


def _gradients(likelihood: Likelihood, rows: Ints, others: Ints) -> Floats:
    """(margins, size): derivative of each margin by the parameters."""
    contrast = likelihood.contrasts[likelihood.y[rows]] - likelihood.contrasts[others]
    products = contrast[:, :, None] * likelihood.basis[rows][:, None, :]
    return products.reshape(len(rows), likelihood.size)


def determined(likelihood: Likelihood) -> tuple[Floats | None, Floats | None]:
    """Return orthonormal directions (size, .) that the remaining rows determine, and those that they do not.

    (None, None) where every class is possible for every row and everything is determined. The second are the null
    space of the information, which depends on neither parameters nor weights: it is taken where the possible classes
    of a row are equally likely.
    """
    if likelihood.possible.all():
        return None, None
    uniform = likelihood.possible / likelihood.possible.sum(axis=1, keepdims=True)
    plain = replace(likelihood, weights=np.ones(len(likelihood.y)))
    values, vectors = np.linalg.eigh(plain.information(uniform))
    null = values <= NOTHING * len(likelihood.y)
    return np.asarray(vectors[:, ~null]), np.asarray(vectors[:, null])
