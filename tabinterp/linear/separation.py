"""Separation of classes in logistic regression: detection of infinite maximum-likelihood estimates, and the limits of the
estimates.

Along a direction of recession, the logit of a row's own class never falls relative to the logit of another class. For at least
one row, it rises without bound relative to the logit of some other class (Albert and Anderson 1984). In the limit, the
probability of that other class is zero for this row, so the class is removed from the possible classes of the row. A row with
only one possible class carries no further information. The limits of the estimates maximise the likelihood of the remaining rows
(Lesaffre and Albert 1989; Geyer 2009). A coefficient has a finite limit if and only if the remaining rows determine it.

Directions of recession are found in three ways: from levels at which a class does not occur, by the iterations of Newton's
method, and by linear programming (Konis 2007).
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
    """A set of rows in which only the classes in `classes` occur. `rows` is the number of rows in the set.

    If `term` is given, the set contains the rows at the level of this term. If only `column` is given, the set contains the rows
    at the reference level of this column. If both are None, the set is not defined by a level.
    """

    rows: int
    classes: tuple[int, ...]
    term: int | None = None
    column: str | None = None


def strike_empty_levels(design: Design, y: Ints, possible: Bools) -> tuple[Bools, list[Cause]]:
    """Remove a class from the possible classes (n, k) of all rows at a level if no row at this level has the class.

    This is repeated until no more classes are removed. Every design column of zeros and ones is treated as a level, and so is the
    reference level of a column with dummies. Only rows with more than one possible class are used to decide whether a class
    occurs at a level, and only these rows are counted in the returned `Cause` of each level.
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
    """Return the indicators (n, m) of all levels and, for each level, its term (None for a reference level) and its column."""
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
    """Remove the classes that a direction of recession rules out. Return the remaining possible classes (n, k) and a mask (n,) of
    the affected rows.

    The direction is the one found by Newton's method or, if there is none, by the linear programme. A class is ruled out for a
    row if the logit of the row's own class rises relative to the logit of that class. If the rise is so small that it may be a
    rounding error, the class is not removed in this call.
    """
    direction = maximum.recession
    if direction is None:
        direction = _programme(likelihood, maximum.parameters)
    margins = likelihood.margins(direction)
    won = margins > max(STRICT, 1e-3 * float(margins.max()))
    return likelihood.possible & ~won, np.asarray(won.any(axis=1))


def _programme(likelihood: Likelihood, parameters: Floats) -> Floats:
    """Return a direction of recession (size,), found by linear programming. If no such direction exists, return a vector whose
    margins do not exceed `STRICT`.

    A margin is the logit of a row's own class minus the logit of another possible class. The linear programme (Konis 2007)
    considers directions with coefficients in [-1, 1] along which no margin falls, and finds the direction with the largest sum of
    margins. It starts with the constraints that have the smallest margins at `parameters`, where Newton's method stopped. It then
    adds violated constraints until none remain. The objective includes all rows, so an optimum of zero at any stage proves that
    no classes are separated.
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
    """Return the derivatives (margins, size) of margins with respect to the parameters. Margin i is the logit of the class that
    row `rows[i]` has, minus the logit of class `others[i]` for the same row.
    """
    contrast = likelihood.contrasts[likelihood.y[rows]] - likelihood.contrasts[others]
    products = contrast[:, :, None] * likelihood.basis[rows][:, None, :]
    return products.reshape(len(rows), likelihood.size)


def determined(likelihood: Likelihood) -> tuple[Floats | None, Floats | None]:
    """Return orthonormal bases (size, .) of two spaces of parameters: the directions that the rows with several possible
    classes determine, and the directions that they do not determine.

    Both are None if every class is possible for every row, because then all directions are determined. The second space is the
    null space of the information matrix. It does not depend on the parameters or the weights. It is therefore computed with
    weights of one and equal probabilities for the possible classes of each row.
    """
    if likelihood.possible.all():
        return None, None
    uniform = likelihood.possible / likelihood.possible.sum(axis=1, keepdims=True)
    plain = replace(likelihood, weights=np.ones(len(likelihood.y)))
    values, vectors = np.linalg.eigh(plain.information(uniform))
    null = values <= NOTHING * len(likelihood.y)
    return np.asarray(vectors[:, ~null]), np.asarray(vectors[:, null])
