"""What the gain is made of, in words: the ladder of refits, the split of the score, and whether the two agree.

Both say how much of what is not linear is curves rather than named pairs: the ladder of the fall in held-out loss, the
decomposition of the variance of the score (weighed by p(1-p) for classes, since that is how far a change of the score
changes the log loss). Rule: the difference is taken in the same resamples of the same rows; the two *agree* when its 95%
interval lies within a quarter, *disagree* when it excludes zero and reaches past a quarter, and otherwise it is *not resolved*.
Nothing is compared where the gain is not resolved, or where the refits above the linear one recover none of it.
"""

from __future__ import annotations

import numpy as np

from ..comparison.decomposition import Decomposition
from ..comparison.ladder import Ladder
from ..comparison.performance import judged
from ..report.document import Message

MARGIN = 0.25


def recovery(ladder: Ladder) -> Message:
    """How far the refits come: the shortest that is as good as the network, and its share of the gain where there is one."""
    name = ladder.shortest
    at = ladder.rungs.index(name) if name else int(np.argmin(ladder.loss.value[:-1]))
    told = {"equivalent": "reached", "better": "better"}.get(ladder.status[at], "short")
    key = f"ladder.{ladder.rungs[at]}.{told}"
    if ladder.gain != "better" or ladder.rungs[at] in ("intercept", "linear") or told == "better":
        return Message(key=key, values={"pairs": _pairs(ladder)})
    share, low, high = (getattr(ladder.recovered, part)[at] for part in ("value", "low", "high"))
    values = {name: round(100 * float(v)) for name, v in (("percent", share), ("low", low), ("high", high))}
    return Message(key=f"{key}.gain", values=values | {"pairs": _pairs(ladder)})


def agreement(decomposition: Decomposition, ladder: Ladder) -> Message:
    """Whether both answers to "what is the gain made of?" agree, by the rule above."""
    if ladder.gain != "better":
        return Message(key="gain.no_gain")
    last = len(ladder.rungs) - 2
    if ladder.rungs[last] == "linear" or not ladder.recovered.low[last] > 0:
        return Message(key="gain.not_recovered")
    v = len(decomposition.weightings) - 1
    paired = decomposition.seed == ladder.seed and len(decomposition.curved[v]) == len(ladder.curved)
    other = decomposition.curved[v] if paired else np.random.default_rng(0).permutation(decomposition.curved[v])
    low, high = np.quantile(ladder.curved - other, [0.025, 0.975])
    told = {"equivalent": "agree", "not_resolved": "open"}.get(judged(low, high, MARGIN), "disagree")
    values = {
        "ladder": round(100 * ladder.curved_share),
        "score": round(100 * float(decomposition.curved_share[v])),
        "low": round(100 * float(low)),
        "high": round(100 * float(high)),
    }
    return Message(key=f"gain.{told}", values=values)


def _pairs(ladder: Ladder) -> list[str]:
    return [" × ".join(pair) for pair in ladder.pairs]
