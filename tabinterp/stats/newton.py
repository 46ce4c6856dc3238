"""Newton's method with step halving. It is used for likelihoods that no library can maximise in the required form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tabinterp.arrays import FloatArray


def newton(
    start: FloatArray,
    evaluate: Callable[[FloatArray], tuple[float, FloatArray | None]],
    is_last: Callable[[FloatArray, FloatArray], bool],
    *,
    most: int = 100,
    halvings: int = 30,
    slack: float = 1e-12,
) -> tuple[FloatArray, bool]:
    """Minimise a loss by Newton's method. Return the parameters and whether the iterations converged.

    Parameters
    ----------
    start : array of any shape
        The initial parameters.
    evaluate : function
        Function that takes parameters and returns their loss and the Newton step from these parameters. The step is None if it
        cannot be computed.
    is_last : function
        Function that takes a step and the parameters after the step, and returns whether to stop.
    most : int
        Maximum number of evaluations.
    halvings : int
        Maximum number of times that a step is halved.
    slack : float
        A step is halved if it raises the loss by more than this fraction of the loss.

    Examples
    --------
    >>> newton(np.array([3.0]), lambda x: (float(x[0] ** 2), -x), lambda step, x: bool(abs(step[0]) < 1e-9))
    (array([0.]), True)
    """
    parameters, best, step, halved = start, np.inf, np.zeros_like(start), 0
    for _ in range(most):
        loss, following = evaluate(parameters)
        if not loss <= best + slack * abs(best) and halved < halvings:
            step, halved = step / 2, halved + 1
            parameters = parameters - step
            continue
        if following is None:
            break
        best, step, halved = loss, following, 0
        parameters = parameters + step
        if is_last(step, parameters):
            return parameters, True
    return parameters, False
