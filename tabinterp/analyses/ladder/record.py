"""What the gain is made of, in words: the ladder of refits, the split of the score, and whether the two agree.

Both say how much of what is not linear is curves rather than named pairs: the ladder of the fall in held-out loss, the
decomposition of the variance of the score (weighed by p(1-p) for classes, since that is how far a change of the score
changes the log loss). Rule: the difference is taken in the same resamples of the same rows; the two *agree* when its 95%
interval lies within a quarter, *disagree* when it excludes zero and reaches past a quarter, and otherwise it is *not resolved*.
Nothing is compared where the gain is not resolved, or where the refits above the linear one recover none of it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from tabinterp.analyses import compared_types as parts
from tabinterp.analyses.decomposition.estimator import Decomposition
from tabinterp.analyses.performance.estimator import judged
from tabinterp.analyses.results import Results, at, number
from tabinterp.document.document import Interval, Message

from .estimator import Ladder

MARGIN = 0.25
LARGEST = 10  # parts of the score that stand by themselves; the others are summed


def gain(r: Results) -> parts.Gain | None:
    """Ladder, shares, and what both say; None where neither applies."""
    if r.ladder is None and r.decomposition is None:
        return None
    both = r.ladder is not None and r.decomposition is not None
    return parts.Gain(
        ladder=None if r.ladder is None else _ladder(r.ladder),
        shares=None if r.decomposition is None else _shares(r.decomposition),
        recovery=None if r.ladder is None or r.performance.one_value else recovery(r.ladder),
        agreement=agreement(r.decomposition, r.ladder) if both else None,  # type: ignore[arg-type]
    )


def _ladder(ladder: Ladder) -> parts.Ladder:
    last = len(ladder.rungs) - 1
    rungs = [
        parts.Rung(
            rung=name,
            parameters=ladder.parameters[i],
            loss=at(ladder.loss, i),
            against_below=at(ladder.against_below, i),
            against_network=at(ladder.against_network, i),
            recovered=at(ladder.recovered, i),
            status=None if i == last else ladder.status[i],
        )
        for i, name in enumerate(ladder.rungs)
    ]
    return parts.Ladder(
        metric=ladder.metric,
        margin=ladder.margin,
        gain=ladder.gain,
        rungs=rungs,
        shortest=ladder.shortest,
        passed=len(ladder.passed),
        pairs=_pairs(ladder),
        rows=ladder.rows,
        training_rows=ladder.training_rows,
        resamples=ladder.resamples,
        seed=ladder.seed,
    )


def _shares(found: Decomposition) -> parts.Shares:
    """The whole of every output; of all together the largest parts by themselves, the others summed."""
    v, whole = len(found.weightings) - 1, range(3)
    alone = sorted(range(3, len(found.components)), key=lambda c: -abs(float(found.shares.value[0, 0, c])))

    def row(o: int, c: int) -> parts.ShareRow:
        component, of = found.components[c]
        return parts.ShareRow(
            output=found.outputs[o] if o else None,
            component=component,
            of=of,
            share=at(found.shares, 0, o, c),
            weighted=at(found.shares, v, o, c) if v else Interval(),
        )

    left = alone[LARGEST:]
    counts = Counter(found.components[c][0] for c in left)

    def rest(component: str, weighting: int) -> float | None:
        return number(sum(found.shares.value[weighting, 0, c] for c in left if found.components[c][0] == component))

    return parts.Shares(
        passed=len(found.passed),
        weighting=found.weightings[v] if v else None,
        whole=[row(o, c) for o in range(len(found.outputs)) for c in whole],
        parts=[row(0, c) for c in alone[:LARGEST]],
        rest=[
            parts.RestRow(component=name, count=count, share=rest(name, 0), weighted=rest(name, v) if v else None)
            for name, count in counts.items()
        ],
        rows=found.rows,
        fitted_rows=found.fitted_rows,
        folds=found.folds,
        resamples=found.resamples,
        seed=found.seed,
        rows_of="held-out" if found.held_out else "all",
    )


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
