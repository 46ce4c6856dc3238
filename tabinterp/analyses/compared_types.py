"""Parts of the document that say what the network gains, where it differs from the linear model, and how both are calibrated."""

from __future__ import annotations

from typing import Literal

from tabinterp.document.base import Interval, Message, Metric, Part, Status


class Rung(Part):
    """A refit to the target, or the network: its loss on held-out rows beside that of the rung below and of the network."""

    rung: Literal["intercept", "linear", "curvature", "pairs", "network"]
    parameters: int
    loss: Interval
    against_below: Interval  # its loss minus that of the rung below; empty where there is none
    against_network: Interval  # its loss minus the network's; below zero the refit is the better one
    recovered: Interval  # share of the network's gain over the linear rung; empty unless the gain is resolved
    status: Status | None  # the refit against the network; None for the network


class Ladder(Part):
    metric: Metric
    margin: float
    gain: Status  # the network against the linear rung
    rungs: list[Rung]
    shortest: Literal["intercept", "linear", "curvature", "pairs"] | None  # the first as good as the network
    passed: int = 0  # columns that move the score too little to get a curve or to be in a pair
    pairs: list[str]
    rows: int
    training_rows: int
    resamples: int
    seed: int


class ShareRow(Part):
    output: str | None  # None: of all of them
    component: Literal["linear", "curvature", "interactions"]
    of: str  # "" the whole, a column, "a × b", "other" pairs than those named
    share: Interval  # of the variance of the network's score
    weighted: Interval  # the same, rows weighed by `Shares.weighting`


class RestRow(Part):
    """What the parts that are not listed add up to; sums have no interval."""

    component: Literal["linear", "curvature", "interactions"]
    count: int
    share: float | None
    weighted: float | None


class Shares(Part):
    passed: int = 0  # as in the ladder
    weighting: Literal["p(1-p)", "rate"] | None
    whole: list[ShareRow]
    parts: list[ShareRow]  # columns and pairs of all outputs together, the largest first
    rest: list[RestRow]
    rows: int
    fitted_rows: int
    folds: int
    resamples: int
    seed: int
    rows_of: Literal["held-out", "all"]


class Gain(Part):
    ladder: Ladder | None
    shares: Shares | None
    recovery: Message | None  # how far the refits come
    agreement: Message | None  # whether ladder and shares agree


class Leaf(Part):
    conditions: list[Message]
    rows: int  # ten at least
    share: Interval  # of these rows, those in which the models differ; empty where one to nine do, or do not


class Disagreement(Part):
    rows: int
    count: int | None  # rows in which the models differ; None, and no share, where one to nine do, or do not
    share: Interval
    network_right: Interval  # of the rows that differ; empty where fewer than ten of them are on one side
    linear_right: Interval
    neither: Interval
    threshold: float | None  # of numbers and counts: the distance of predictions from which rows differ
    # of two classes: the probability above which a row is predicted to be positive
    decision_threshold: float | None = None
    sentences: list[Message]
    auc: Interval  # of a tree that tells these rows apart, on rows it was not fitted on; chance is 0.5
    balanced_accuracy: Interval
    fitted_rows: int | None  # None: too few rows for a tree
    scored_rows: int | None
    hidden_rows: int  # in leaves of fewer than ten rows, and those from which these could be reckoned
    leaves: list[Leaf]  # empty unless the AUC is above chance


class CalibrationBin(Part):
    rows: int  # ten at least
    predicted: float
    observed: Interval


class CalibrationBend(Part):
    predicted: float  # where a smooth curve is farthest from the predictions, among their middle 90%
    observed: float  # the curve there
    p: float  # of the test that the curve is no better than slope and intercept alone


class Calibrated(Part):
    slope: Interval
    intercept: Interval  # at score 0
    large: Interval = Interval()  # calibration in the large: the intercept with the slope fixed at 1
    p: float | None = None  # of the joint test that slope and intercept are 1 and 0
    bend: CalibrationBend | None = None  # None: too few events, or rows that do not count once and by themselves
    bins: list[CalibrationBin]


class CalibrationRow(Part):
    output: str | None
    network: Calibrated
    linear: Calibrated


class Calibration(Part):
    rows: int
    outputs: list[CalibrationRow]
