"""Power of checks that passed: the smallest effect that would have raised the check with a probability of 80%.

A check is raised if an interval lies beyond a limit, or if a count reaches a limit. For an interval, the smallest effect is the
limit plus half the width of the interval plus z.80 standard errors. For a normal 95% interval, this is `limit + (z.975 + z.80)
SE` (Cohen 1988). If the standard error depends on the effect, it is evaluated at the smallest effect. The formulas are those of
Hanley & McNeil (1982) for an AUC and of Olkin & Finn (1995) for R². For a share, the binomial distribution is used. Effects are
rounded to three digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from tabinterp.checks.base import Outcome
from tabinterp.document.document import Document, Interval, Power
from tabinterp.stats.wilson_interval import wilson

CHANCE = 0.8  # probability with which an effect is detected
Z_ENDS, Z_CHANCE = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(CHANCE)
REACH = Z_ENDS + Z_CHANCE  # standard errors between the limit and an effect
HALVINGS = 60


def with_power(outcome: Outcome, power: Power | None, most: float = math.inf) -> Outcome:
    """Add the smallest detectable effect to the outcome of a check that passed.

    If the smallest effect is `most` or more, no possible effect could have been detected. The outcome is then changed to "not
    applicable".
    """
    if outcome.status != "cleared" or power is None:
        return outcome
    if power.effect < most:
        return replace(outcome, power=power)
    values = {"of": power.of, "most": most, "rows": power.rows, "events": power.events}
    key = "any.powerless" if power.events is None else "any.powerless_events"
    return Outcome("not_applicable", key, {name: value for name, value in values.items() if value is not None})


def smallest_effect(of: str, effect: float, rows: int, events: int | None = None) -> Power | None:
    """Return the smallest detectable effect in the form used in the document. Return None if the effect is not finite,
    which means that no effect could be detected.
    """
    if not math.isfinite(effect):
        return None
    return Power.model_validate({"of": of, "effect": float(f"{effect:.3g}"), "rows": rows, "events": events})


def of_counts(document: Document, of: str, effect: float, rows: int, events: int | None = None) -> Power | None:
    """Return `effect`, a smallest detectable effect for independent rows of equal weight, in the form used in the document.
    Return None if the table has groups of rows or weights, because `effect` is then not valid.
    """
    independent = document.data.grouping is None and not document.data.weighted
    return smallest_effect(of, effect, rows, events) if independent else None


def with_power_of_intervals(
    outcome: Outcome, of: str, limit: float, tested: Sequence[Interval], rows: int, most: float = math.inf
) -> Outcome:
    """Add the smallest detectable effect to the outcome of a check that compares several intervals with a limit. The effect is
    large enough to be detected whichever interval it occurs in.
    """
    effects = [beyond(limit, interval) for interval in tested if interval.stderr is not None]
    return with_power(outcome, smallest_effect(of, max(effects), rows), most) if effects else outcome


def beyond(limit: float, interval: Interval) -> float:
    """Return the smallest true value for which a 95% interval with the width of `interval` is above `limit` with a probability of
    80%.

    >>> round(beyond(0.0, Interval(value=5.0, stderr=1.0)), 3)
    2.802
    """
    return limit + reach(interval) + Z_CHANCE * (interval.stderr or 0.0)


def reach(interval: Interval) -> float:
    """Return the larger of two half-widths: that of the interval, and that of the normal interval with the same standard error.

    An interval is narrower than the normal interval if one end was truncated at the edge of the possible range. It is wider if
    there are few groups of rows.
    """
    normal = Z_ENDS * (interval.stderr or 0.0)
    if interval.low is None or interval.high is None:
        return normal
    return max(normal, (interval.high - interval.low) / 2)


def auc_beyond(limit: float, events: int, others: int) -> float:
    """Return the smallest true AUC for which the 95% interval is above `limit` with a probability of 80%.

    >>> round(auc_beyond(0.9, 20, 180), 3), round(auc_beyond(0.9, 200, 1800), 3)
    (0.972, 0.934)
    """
    return _least(lambda auc: auc - REACH * auc_error(auc, events, others), limit)


def auc_error(auc: float, events: int, others: int) -> float:
    """Return the standard error of an AUC by the formula of Hanley & McNeil (1982)."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (events - 1) * (one - auc**2) + (others - 1) * (two - auc**2)
    return math.sqrt(max(variance, 0.0) / (events * others))


def r2_beyond(limit: float, rows: int) -> float:
    """Return the smallest true R² for which the 95% interval is above `limit` with a probability of 80%."""
    return _least(lambda r2: r2 - REACH * 2 * math.sqrt(r2 / rows) * (1 - r2), limit)


def share_of(count: int, rows: int) -> float:
    """Return the smallest true share of cases at which a sample of `rows` rows contains at least `count` cases with a probability
    of 80%. The number of cases is assumed to follow the binomial distribution.

    >>> round(share_of(10, 500), 4)
    0.0249
    """
    from scipy.special import betaincinv  # noqa: PLC0415  # heavy: the catalogue of sentences imports every check

    return float(betaincinv(count, rows - count + 1, CHANCE)) if count <= rows else 1.0


def share_beyond(limit: float, rows: int) -> float:
    """Return the smallest true share for which the 95% interval (Wilson 1927) is above `limit` with a probability of 80%."""
    counts = np.arange(math.ceil(limit * rows), rows + 1)
    reaching = counts[wilson(counts / rows, rows)[0] >= limit]
    return share_of(int(reaching[0]) if len(reaching) else rows + 1, rows)


def psi_beyond(limit: float, p: float, df: int, training: int, held_out: int) -> float:
    """Return the smallest true population stability index that would be detected with a probability of 80%. It is detected if the
    estimated index is at least `limit` and its p-value is at most `p`.

    The index of two samples of n and m rows, divided by 1/n + 1/m, approximately follows a noncentral chi-squared distribution
    (Yurdakul 2018).
    """
    from scipy.special import chdtri, chndtrinc  # noqa: PLC0415  # heavy, as above

    unit = 1 / training + 1 / held_out
    return float(chndtrinc(max(chdtri(df, p), limit / unit), df, 1 - CHANCE)) * unit


def _least(low: Callable[[float], float], limit: float) -> float:
    """Return the smallest value between the limit and 1 for which the function `low` returns at least the limit."""
    least, most = limit, 1.0
    for _ in range(HALVINGS):
        middle = (least + most) / 2
        least, most = (least, middle) if low(middle) >= limit else (middle, most)
    return most
