"""Separation: when the maximum of a logistic likelihood is at infinity, and what can still be estimated then.

Along a direction of recession, the logit of each row's own class never falls relative to another class, and in some rows it rises
without bound (Albert and Anderson 1984). In the limit, those rows cannot have the other class, so it is removed from their
possible classes. A row with only one possible class carries no further information. The maximum over the remaining rows is the
limit of the estimates (Lesaffre and Albert 1989; Geyer 2009). A coefficient has a finite limit if and only if the remaining rows
determine it.

Directions are found in two ways: from levels in which a class does not occur, and by linear programming (Konis 2007).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog

from .design import Bools, Design, Floats, Ints
from .multinomial import Likelihood, Maximum

STRICT = 1e-6  # a smaller margin may be rounding error; in units of the basis, with coefficients of at most one
CUTS = 2000  # constraints added at a time
NOTHING = 1e-10  # a smaller information per row may be rounding error; on the basis, it is usually about one


@dataclass(frozen=True)
class Cause:
    """Rows in which some classes do not occur.

    These are the rows of `term`, or those at the reference level of `column`. If both are None, they may be any rows.
    """

    rows: int
    classes: tuple[int, ...]
    term: int | None = None
    column: str | None = None


def strike_empty_levels(design: Design, y: Ints, possible: Bools) -> tuple[Bools, list[Cause]]:
    """Remove the classes that do not occur in a level, and repeat until no level lacks a class that is still possible.

    Levels are all columns of zeros and ones, and the reference levels of columns with dummies. A class counts as
    occurring in a level only if a row at that level has it and has more than one possible class. The causes count only
    such rows.
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
        possible &= ~(indicators @ empty > 0) | (outcome > 0)  # rows with only one possible class keep it


def levels(design: Design) -> tuple[Floats, list[tuple[int | None, str]]]:
    """Return indicators (n, m) of the levels, and the term (None for a reference level) and column of each level."""
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
    """Remove the classes that a direction of recession rules out. Return the possible classes and the affected rows (n,).

    The direction comes from Newton's method or, if it found none, from the linear programme. Margins that the direction raises
    only slightly may be rounding error, so they are left for the next direction.
    """
    direction = maximum.recession
    if direction is None:
        direction = _programme(likelihood, maximum.parameters)
    margins = likelihood.margins(direction)
    won = margins > max(STRICT, 1e-3 * float(margins.max()))
    return likelihood.possible & ~won, np.asarray(won.any(axis=1))


def _programme(likelihood: Likelihood, parameters: Floats) -> Floats:
    """Return a direction of recession (size,); if there is none, no margin of the result exceeds `STRICT`.

    The linear programme (Konis 2007) considers directions with coefficients in [-1, 1] along which the margin of a row's own
    class over another possible class never falls. It finds the direction with the largest sum of margins. The first constraints
    are chosen by the margins at `parameters`, where Newton's method stopped. Violated constraints are then added until there are
    none. The objective includes all rows, so an optimum of zero at any stage proves that nothing is separated.
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
    """Return the derivatives (margins, size) of the margins with respect to the parameters."""
    contrast = likelihood.contrasts[likelihood.y[rows]] - likelihood.contrasts[others]
    products = contrast[:, :, None] * likelihood.basis[rows][:, None, :]
    return products.reshape(len(rows), likelihood.size)


def determined(likelihood: Likelihood) -> tuple[Floats | None, Floats | None]:
    """Return orthonormal bases (size, .) of the directions that the remaining rows do and do not determine.

    Both are None if every class is possible for every row, because the rows then determine everything. The undetermined
    directions are the null space of the information. It depends on neither parameters nor weights, so it is computed with equal
    probabilities for the possible classes of each row.
    """
    if likelihood.possible.all():
        return None, None
    uniform = likelihood.possible / likelihood.possible.sum(axis=1, keepdims=True)
    plain = replace(likelihood, weights=np.ones(len(likelihood.y)))
    values, vectors = np.linalg.eigh(plain.information(uniform))
    null = values <= NOTHING * len(likelihood.y)
    return np.asarray(vectors[:, ~null]), np.asarray(vectors[:, null])
