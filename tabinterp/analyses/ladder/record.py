"""The ladder in the document: the network's gain over simpler models, and the sources of this gain.

Two analyses estimate how much of the difference between the network and a linear model is due to curvature in single columns,
rather than to interactions of two columns. The ladder splits the reduction in held-out loss. The decomposition splits the
variance of the score. For classification, the decomposition weights rows by p(1-p), which is the second derivative of the log
loss with respect to the score. The two shares due to curvature are compared by means of the 95% interval of their difference. To
compute the interval, both shares are estimated on the same resamples of rows. The result is one of the following:

- the analyses *agree* if the 95% interval of the difference lies between -0.25 and 0.25;
- they *disagree* if the interval excludes zero and does not lie between -0.25 and 0.25;
- otherwise, the comparison is *not resolved*.

The shares are not compared if the network's gain over the linear model is not significant, or if the refits with curves and pairs
recover no significant part of the gain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from tabinterp.analyses.decomposition import ANALYSIS as DECOMPOSITION
from tabinterp.analyses.decomposition import record as decomposition_record
from tabinterp.analyses.decomposition.record import Shares
from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Message, Metric, Part, Status, status_of
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, training, used_rows
from tabinterp.errors import DocumentError

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.decomposition.estimator import Decomposition
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Ladder as LadderResult

MARGIN = 0.25
BEHIND: dict[Status, Status] = {"worse": "better", "better": "worse"}  # status of the network, given that of a refit
REACHED: dict[str, Status] = {"reached": "equivalent", "better": "better"}


class Rung(Part):
    """One model of the ladder, or the network itself, with its held-out loss.

    The loss is compared with the loss of the previous model and with the loss of the network.
    """

    rung: Literal["intercept", "linear", "curvature", "pairs", "network"]
    parameters: int
    loss: Interval
    against_below: Interval  # loss minus the loss of the previous model; empty for the first model
    against_network: Interval  # loss minus the loss of the network; negative if the refit is better
    recovered: Interval  # recovered share of the network's gain over the linear model; empty unless significant
    status: Status | None  # status of the refit compared with the network; None for the network


class Ladder(Part):
    metric: Metric
    margin: float
    gain: Status  # network compared with the linear model: better, worse, equivalent or not resolved
    rungs: list[Rung]
    shortest: Literal["intercept", "linear", "curvature", "pairs"] | None  # the simplest model as good as the network
    passed: int = 0  # number of columns without curves and pairs, because they change the score too little
    pairs: list[str]
    rows: int
    training_rows: int
    resamples: int
    seed: int

    def check_claims(self, document: Document) -> None:
        """Check that the status of each refit agrees with its interval, and is "not resolved" if there are no held-out rows."""
        for index, rung in enumerate(self.rungs):
            place = f"gain.ladder.rungs.{index}"
            if rung.status is not None and rung.status != (placed := status_of(rung.against_network, self.margin)):
                raise DocumentError(
                    f"{place}.status is {rung.status!r}, but the interval of {place}.against_network and the margin imply "
                    f"{placed!r}."
                )
            if self.gain != "better" and rung.recovered.value is not None:
                raise DocumentError(
                    f"{place}.recovered has a value, but it must be null, because the gain of the network is not significant."
                )
        linear = next((rung.status for rung in self.rungs if rung.rung == "linear"), None)
        expected = None if linear is None else BEHIND.get(linear, linear)
        if self.gain != expected:
            raise DocumentError(
                f"gain.ladder.gain is {self.gain!r}, but the status of the linear model in gain.ladder.rungs "
                f"implies {expected!r}."
            )
        if not document.performance.held_out and any(rung.status != "not_resolved" for rung in self.rungs[:-1]):
            raise DocumentError(
                "gain.ladder.rungs contains a refitted model with a status other than 'not_resolved'. Without held-out rows, "
                "the status of every refitted model must be 'not_resolved'."
            )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("ladder_fitted", "refits", self.training_rows, training(document), self.seed)
        yield used_rows("ladder", "network", self.rows, evaluated(document), self.seed, resamples=self.resamples)


class Gain(Part):
    ladder: Ladder | None
    shares: Shares | None
    recovery: Message | None  # how much of the gain the refits recover
    agreement: Message | None  # whether the ladder and the decomposition agree

    def check_claims(self, document: Document) -> None:
        """Check that the sources of the gain are stated only if the gain is significant."""
        resolved = self.ladder is not None and self.ladder.gain == "better"
        if self.recovery is not None:
            self._check_recovery(self.recovery.key, resolved)
        if self.agreement is not None and not resolved and self.agreement.key != "gain.no_gain":
            raise DocumentError(
                f"gain.agreement is {self.agreement.key!r}, but it must be 'gain.no_gain', because the gain of the network is "
                "not significant."
            )

    def _check_recovery(self, key: str, resolved: bool) -> None:
        _, name, outcome, *shared = key.split(".")
        rungs = [] if self.ladder is None else self.ladder.rungs
        status = next((rung.status for rung in rungs if rung.rung == name), None)
        if outcome in REACHED and status != REACHED[outcome]:
            raise DocumentError(
                f"gain.recovery is {key!r}, which requires the status {REACHED[outcome]!r}, but the status of the refitted "
                f"model in gain.ladder.rungs is {status!r}."
            )
        if shared and not resolved:
            raise DocumentError(
                f"gain.recovery is {key!r}, which states what share of the gain a refitted model recovers. The sentence "
                "without this share must be used, because the gain of the network is not significant."
            )


def build(r: Results) -> Gain | None:
    """Return the ladder, the decomposition of the score, and whether the two agree; None if neither analysis applies."""
    ladder, shares = r[ANALYSIS], r[DECOMPOSITION]
    if ladder is None and shares is None:
        return None
    return Gain(
        ladder=None if ladder is None else _ladder(ladder),
        shares=None if shares is None else decomposition_record.build(shares),
        recovery=None if ladder is None or r.performance.one_value else recovery(ladder),
        agreement=None if ladder is None or shares is None else agreement(shares, ladder),
    )


def _ladder(ladder: LadderResult) -> Ladder:
    last = len(ladder.rungs) - 1
    rungs = [
        fill(
            Rung,
            ladder,
            i,
            rung=name,
            parameters=ladder.parameters[i],
            status=None if i == last else ladder.status[i],
        )
        for i, name in enumerate(ladder.rungs)
    ]
    return fill(Ladder, ladder, rungs=rungs, passed=len(ladder.passed), pairs=_pairs(ladder))


def recovery(ladder: LadderResult) -> Message:
    """Return a message on the simplest model that is as good as the network, and on the share of the gain that it recovers."""
    name = ladder.shortest
    place = ladder.rungs.index(name) if name else int(np.argmin(ladder.loss.value[:-1]))
    outcome = {"equivalent": "reached", "better": "better"}.get(ladder.status[place], "short")
    key = f"ladder.{ladder.rungs[place]}.{outcome}"
    if ladder.gain != "better" or ladder.rungs[place] in ("intercept", "linear") or outcome == "better":
        return Message(key=key, values={"pairs": _pairs(ladder)})
    share, low, high = (getattr(ladder.recovered, part)[place] for part in ("value", "low", "high"))
    values = {name: round(100 * float(v)) for name, v in (("percent", share), ("low", low), ("high", high))}
    return Message(key=f"{key}.gain", values=values | {"pairs": _pairs(ladder)})


def agreement(decomposition: Decomposition, ladder: LadderResult) -> Message:
    """Return a message on whether the ladder and the decomposition agree on the sources of the gain.

    The rule is in the docstring of this module.
    """
    if ladder.gain != "better":
        return Message(key="gain.no_gain")
    last = len(ladder.rungs) - 2
    if ladder.rungs[last] == "linear" or not ladder.recovered.low[last] > 0:
        return Message(key="gain.not_recovered")
    v = len(decomposition.weightings) - 1
    paired = decomposition.seed == ladder.seed and len(decomposition.curved[v]) == len(ladder.curved)
    other = decomposition.curved[v] if paired else np.random.default_rng(0).permutation(decomposition.curved[v])
    low, high = np.quantile(ladder.curved - other, [0.025, 0.975])
    outcome = "agree" if low > -MARGIN and high < MARGIN else "disagree" if low > 0 or high < 0 else "open"
    values = {
        "ladder": round(100 * ladder.curved_share),
        "score": round(100 * float(decomposition.curved_share[v])),
        "low": round(100 * float(low)),
        "high": round(100 * float(high)),
    }
    return Message(key=f"gain.{outcome}", values=values)


def _pairs(ladder: LadderResult) -> list[str]:
    return [" × ".join(pair) for pair in ladder.pairs]
