"""Check whether predicted probabilities or numbers are miscalibrated on held-out rows.

The check is raised if the recalibration slope or the calibration in the large is outside its limits, and a joint test of both is
significant. It is also raised if a smooth calibration curve differs significantly from perfect calibration.
"""

from __future__ import annotations

from tabinterp.analyses.calibration.record import Calibrated, Calibration
from tabinterp.checks.shared.document_values import performance_withheld
from tabinterp.document.document import Document, Interval

from .base import UNBOUNDED, WITHHELD, Check, Limit, Limits, Outcome, Text, not_applicable

SLOPE_LOW, SLOPE_HIGH = 0.75, 1.35  # between these, recalibration changes probabilities by a few hundredths at most
INTERCEPT = 0.35  # log-odds, for calibration in the large: changes a probability of one half by 0.09
JOINT_P = 0.01  # p-value for slope and intercept jointly, corrected for the number of classes
BEND, BEND_P = 0.1, 0.001  # distance of a smooth calibration curve, as a probability, and p-value of its test


def evaluate(document: Document, limits: Limits) -> Outcome:
    if (outcome := performance_withheld(document)) is not None:
        return outcome
    calibration = document.get(Calibration)
    if calibration is None:
        return not_applicable()
    outputs = [(row.output, row.network) for row in calibration.outputs]
    known = [(name, one) for name, one in outputs if one.slope.low is not None and one.p is not None]
    if not known:
        return not_applicable("few")
    log_scale = document.data.task != "regression"
    off = [(name, one) for name, one in known if _is_off(one, limits, len(known), log_scale)]
    bent = [(name, one) for name, one in known if _is_bent(one, limits, len(known))]
    name, one = (off or bent or [min(known, key=lambda pair: pair[1].p or 0.0)])[0]
    values: dict[str, object] = {"slope": one.slope.value, "low": one.slope.low, "high": one.slope.high, "p": one.p}
    values |= {"large": one.large.value, "large_low": one.large.low, "large_high": one.large.high}
    bend = one.bend if bent and not off else None
    if bend is not None:
        values = {"predicted": bend.predicted, "observed": bend.observed, "p": bend.p}
    several = len(known) > 1
    if several:
        count = len({name for name, _ in [*off, *bent]})
        values |= {"output": name, "count": count, "outputs": len(known)}
    if bend is not None:
        return Outcome("raised", "raised_bend_classes" if several else "raised_bend", values)
    if off or bent:
        return Outcome("raised", "raised_classes" if several else "raised", values)
    return Outcome("cleared", "cleared_classes" if several else "cleared", values)


def _is_off(one: Calibrated, limits: Limits, outputs: int, log_scale: bool) -> bool:
    """Return whether the slope or the calibration in the large is outside its limits and the joint test is significant. For
    regression, only the slope has limits.
    """
    beyond = _outside(one.slope, limits["low"], limits["high"])
    beyond |= log_scale and _outside(one.large, -limits["intercept"], limits["intercept"])
    return beyond and outputs * (1.0 if one.p is None else one.p) < limits["p"]


def _is_bent(one: Calibrated, limits: Limits, outputs: int) -> bool:
    bend = one.bend
    if bend is None:
        return False
    return abs(bend.observed - bend.predicted) >= limits["bend"] and outputs * bend.p < limits["bend_p"]


def _outside(interval: Interval, low: float, high: float) -> bool:
    return interval.low is not None and interval.high is not None and (interval.high < low or interval.low > high)


CHECK = Check(
    code="TI-P04",
    slug="miscalibrated",
    severity="check",
    section="calibration",
    evaluate=evaluate,
    limits={
        "low": Limit(SLOPE_LOW, means="calibration slope, lower limit"),
        "high": Limit(SLOPE_HIGH, 1, UNBOUNDED, means="calibration slope, upper limit"),
        "intercept": Limit(INTERCEPT, most=UNBOUNDED, means="absolute value of calibration in the large, in log-odds"),
        "p": Limit(JOINT_P, means="p-value of the joint test of slope and intercept"),
        "bend": Limit(BEND, means="difference between the smooth calibration curve and the prediction"),
        "bend_p": Limit(BEND_P, means="p-value for the deviation of the smooth calibration curve from a straight line"),
    },
    text=Text(
        title="Miscalibrated predictions",
        measures=(
            "the recalibration slope, calibration in the large (the intercept with the slope fixed at 1), a joint "
            "test of both, and a smooth calibration curve, all on held-out rows."
        ),
        limitations=(
            "Does not detect miscalibration within groups of rows. The smooth calibration curve requires at least "
            "200 events and 200 non-events."
        ),
        raised_when=(
            (
                "(a) the joint test of slope and intercept has a p-value below {p} (corrected for the number of classes), and "
                "(b) the 95% interval for the slope lies wholly outside {low} to {high}, or that for calibration in the large "
                "lies wholly outside −{intercept} to {intercept} log-odds. The check is also raised if the smooth calibration "
                "curve differs from the prediction by {bend} or more somewhere in the middle 90% of the predictions, and a test "
                "of this curve against a straight line has a p-value below {bend_p}."
            ),
            ("p, bend_p: p-values; low, high: slopes; intercept: log-odds; bend: a difference of probabilities"),
        ),
        next=(
            "Recalibrate the network on rows that were not used for training, and check whether class "
            "weights or resampling caused the miscalibration."
        ),
        claims={
            "raised": (
                (
                    "The network is miscalibrated on held-out rows (joint test: p = {p}). The "
                    "recalibration slope is {slope} (95% CI {low} to {high}; 1 is ideal, below 1 means "
                    "predictions are too extreme). Calibration in the large is {large} (95% CI "
                    "{large_low} to {large_high}; 0 is ideal, above 0 means predictions are too low)."
                ),
                (
                    "slope, low, high: the slope and the ends of its interval; large, large_low, "
                    "large_high: the same of calibration in the large"
                ),
            ),
            "raised_classes": (
                (
                    "The network is miscalibrated for {count} of the {outputs} classes on held-out rows. For class "
                    "“{output}” (joint test: p = {p}), the recalibration slope is {slope} (95% CI {low} to {high}; 1 "
                    "is ideal, below 1 means predictions are too extreme), and calibration in the large is {large} "
                    "(95% CI {large_low} to {large_high}; 0 is ideal, above 0 means predictions are too low)."
                ),
                (
                    "slope, low, high: the slope and the ends of its interval; large, large_low, "
                    "large_high: the same of calibration in the large; output: a class; count, outputs: "
                    "numbers of classes"
                ),
            ),
            "raised_bend": (
                (
                    "The network is miscalibrated in part of its range: where it predicts {predicted}, "
                    "the smooth calibration curve is at {observed} (p = {p} for curvature beyond slope "
                    "and intercept)."
                ),
                "predicted, observed: probabilities or numbers",
            ),
            "raised_bend_classes": (
                (
                    "The network is miscalibrated for {count} of the {outputs} classes. Where it predicts "
                    "{predicted} for class “{output}”, the smooth calibration curve is at {observed} (p = {p} for "
                    "curvature beyond slope and intercept)."
                ),
                "predicted, observed: probabilities; output: a class; count, outputs: numbers of classes",
            ),
            "cleared": (
                (
                    "Miscalibration on held-out rows was not shown to exceed the limits of this check: the "
                    "recalibration slope is {slope} (95% CI {low} to {high}), and calibration in the large is "
                    "{large} (95% CI {large_low} to {large_high}). The joint test of slope 1 and intercept 0 has p "
                    "= {p}."
                ),
                (
                    "slope, low, high: the slope and the ends of its interval; large, large_low, "
                    "large_high: the same of calibration in the large"
                ),
            ),
            "cleared_classes": (
                (
                    "Miscalibration on held-out rows was not shown to exceed the limits of this check for any of "
                    "the {outputs} classes. The evidence of miscalibration is strongest for class “{output}”: its "
                    "recalibration slope is {slope} (95% CI {low} to {high}), its calibration in the large is "
                    "{large} (95% CI {large_low} to {large_high}), and the joint test of slope 1 and intercept 0 "
                    "has p = {p}."
                ),
                (
                    "slope, low, high: the slope and the ends of its interval; large, large_low, "
                    "large_high: the same of calibration in the large; output: a class; outputs: the "
                    "number of classes"
                ),
            ),
            "not_applicable": "Not applicable: calibration was not measured. It requires held-out rows.",
            "few": "Not applicable: the recalibration slope cannot be estimated from the held-out rows.",
            "withheld": WITHHELD,
        },
    ),
)
