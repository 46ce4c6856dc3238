"""Is the network well made? Against its counterpart, against knowing nothing, and inside."""

from __future__ import annotations

from typing import Literal

from tabinterp.analyses.compared_types import Calibrated
from tabinterp.document.document import Document, Interval

from .outcome import Limits, Outcome, above, cleared, either, not_applicable, raised, withheld
from .power import Z_CHANCE, beyond, reach, smallest_effect, with_power

SATURATED = 0.01  # median p(1-p), over that of the base rate
SLOPE = (0.75, 1.35)  # of recalibration: between these the probabilities move by a few hundredths at most
INTERCEPT = 0.35  # log-odds, of calibration in the large: moves a probability of one half by 0.09
JOINT = 0.01  # p of slope and intercept together, corrected for the number of classes
BEND, BEND_P = 0.1, 0.001  # distance of a smooth calibration curve, as a probability, and p of its test
WEAK_AUC = (
    0.65  # below it an AUC must bring a lower loss too: what was learnt from shuffled labels reaches 0.6 by chance
)
WEAK_R2 = 0.02  # of numbers
USEFUL_AUC, USEFUL_SHARE = 0.7, 0.1  # AUC; R2 or share of the null loss: what too few rows cannot rule out
SWAPPED_Z = 2.576  # standard errors below one half: 99% confidence


def worse_than_linear(d: Document, at: Limits) -> Outcome:
    if d.verdict.status == "not_assessed":
        return withheld(d) or not_applicable()
    gap, margin = d.verdict.difference, d.verdict.margin or 0.0
    if gap.low is None or gap.high is None:
        return not_applicable("few")
    if d.verdict.status == "worse":
        values = {"linear": d.linear.name, "value": gap.value, "low": gap.low, "high": gap.high, "margin": margin}
        if gap.low >= margin:
            return raised(**values)
        return Outcome("raised", "raised_unclear", values, lesser=True)
    passed = cleared(linear=d.linear.name)
    if gap.high > 0:
        passed = Outcome("cleared", "cleared_open", {"linear": d.linear.name, "high": gap.high})
    if gap.stderr is None:
        return passed
    # above zero, and reaching past the margin
    effect = max(beyond(0.0, gap), margin - reach(gap) + Z_CHANCE * gap.stderr)
    return with_power(passed, smallest_effect("loss", effect, d.performance.rows, _events(d)), *_null(d))


def _events(d: Document) -> int | None:
    """Events among the rows of the performance: not known where more rows were summed than drawn."""
    return d.data.events if d.data.drawn is None else None


def _null(d: Document) -> list[float]:
    """What knowing nothing costs, of which the margin is a hundredth unless it was given: no loss that matters is larger."""
    return [] if d.verdict.margin_given or not d.verdict.margin else [100 * d.verdict.margin]


def trees_win(d: Document, at: Limits) -> Outcome:
    """Boosted trees on the same training rows are better by more than the verdict's margin, with the whole interval."""
    part = None if d.judged is None else d.judged.reference
    gap, margin = Interval() if part is None else part.difference, d.verdict.margin or 0.0
    if part is None or gap.low is None or gap.high is None:
        return not_applicable()
    values = {"value": gap.value, "low": gap.low, "high": gap.high, "margin": margin}
    if not (part.status == "worse" and gap.low >= margin):
        passed = cleared(**values)
        if gap.stderr is None:
            return passed
        return with_power(passed, smallest_effect("loss", beyond(margin, gap), part.rows, _events(d)), *_null(d))
    return raised(percent=100 * (gap.value or 0.0) / (part.network.value or 1.0), **values)


def secretly_linear(d: Document, at: Limits) -> Outcome:
    if d.network.linear:
        return Outcome("raised", "raised_exact", {"linear": d.linear.name})
    shares = [s.r2 for s in d.coefficients.surrogates if s.r2 is not None]
    if not shares:
        return not_applicable()
    status: Literal["raised", "cleared"] = "raised" if min(shares) >= at["r2"] else "cleared"
    values: dict[str, object] = {"percent": 100 * min(shares), "threshold": 100 * at["r2"]}
    if len(shares) == 1:
        return Outcome(status, status, values)
    return Outcome(status, f"{status}_classes", {**values, "most": 100 * max(shares)})


def no_signal(d: Document, at: Limits) -> Outcome:
    """On held-out rows the network is not shown to beat knowing nothing, and they suffice to rule out a useful network.

    Two classes: AUC one half. Numbers: R2 zero. Several classes: the entropy of their shares. Counts: the loss of the mean.
    """
    if not d.performance.held_out:
        return not_applicable()
    if (outcome := withheld(d)) is not None:
        return outcome
    if _reversed(d):
        return not_applicable("swapped")
    skill = d.performance.skill
    name = {"binary": "auc", "regression": "r2", "multiclass": "loss", "count": "count"}[d.data.task]
    part, chance = (skill, 0.0) if name in ("loss", "count") else (_metric(d, name), 0.5 if name == "auc" else 0.0)
    if part.low is None or part.value is None:
        return not_applicable("few")
    # a random function may well have a small AUC
    weak = (name == "auc" and part.value < at["auc"] and not above(skill, 0.0)) or (
        name == "r2" and part.value < at["r2"]
    )
    values = {"value": part.value, "low": part.low, "high": part.high, "chance": chance}
    if part.low > chance and not weak:
        return Outcome("cleared", f"cleared_{name}", values)
    null = (d.performance.metrics[0].network.value or 0.0) + part.value  # where `part` is a difference in loss
    useful = {"auc": USEFUL_AUC, "r2": USEFUL_SHARE}.get(name, USEFUL_SHARE * null)
    unclear = part.high is not None and part.high >= useful
    return Outcome("not_applicable" if unclear else "raised", f"{'unclear' if unclear else 'raised'}_{name}", values)


def classes_swapped(d: Document, at: Limits) -> Outcome:
    """The network ranks, or names, the classes the wrong way round."""
    if d.data.task not in ("binary", "multiclass") or not d.performance.held_out:
        return not_applicable("task" if d.performance.held_out else "not_applicable")
    if (outcome := withheld(d)) is not None:
        return outcome
    if d.data.task == "multiclass":
        moved = d.performance.swapped
        if moved is None:
            return Outcome("cleared", "cleared_order")
        pairs = [f"{one} → {other}" for one, other in zip(moved.predicted, moved.happened, strict=True)]
        values = {"classes": pairs, "value": moved.gain.value, "low": moved.gain.low, "high": moved.gain.high}
        return Outcome("raised", "raised_order", values)
    part = _metric(d, "auc")
    if part.stderr is None:
        return not_applicable("few")
    return either(_reversed(d), value=part.value, low=part.low, high=part.high)


def _metric(d: Document, name: str) -> Interval:
    return next((m.network for m in d.performance.metrics if m.metric == name), Interval())


def _reversed(d: Document) -> bool:
    """Is the AUC of two classes significantly below one half, or do several match better in another order?"""
    part = _metric(d, "auc")
    below = part.value is not None and part.stderr is not None and part.value + SWAPPED_Z * part.stderr < 0.5
    return d.performance.swapped is not None or below


def miscalibrated(d: Document, at: Limits) -> Outcome:
    """Slope or calibration in the large beyond the limits, and not both as they should be by the joint test; or a bend."""
    if (outcome := withheld(d)) is not None:
        return outcome
    if d.calibration is None:
        return not_applicable()
    found = [(o.output, o.network) for o in d.calibration.outputs]
    known = [(name, one) for name, one in found if one.slope.low is not None and one.p is not None]
    if not known:
        return not_applicable("few")
    wrong = [(name, one) for name, one in known if _off(one, at, len(known), d.data.task != "regression")]
    bent = [(name, one) for name, one in known if _bends(one, at, len(known))]
    name, one = (wrong or bent or [min(known, key=lambda pair: pair[1].p or 0.0)])[0]
    status: Literal["raised", "cleared"] = "raised" if wrong or bent else "cleared"
    key: str = status
    values = {"slope": one.slope.value, "low": one.slope.low, "high": one.slope.high, "p": one.p}
    values |= {"large": one.large.value, "large_low": one.large.low, "large_high": one.large.high}
    if bent and not wrong and one.bend is not None:
        key = "raised_bend"
        values = {"predicted": one.bend.predicted, "observed": one.bend.observed, "p": one.bend.p}
    if len(known) == 1:
        return Outcome(status, key, values)
    off = {name for name, _ in [*wrong, *bent]}
    return Outcome(status, f"{key}_classes", {**values, "output": name, "count": len(off), "outputs": len(known)})


def _off(one: Calibrated, at: Limits, outputs: int, logs: bool) -> bool:
    """An intercept of numbers has their unit, and no limit."""
    apart = _outside(one.slope, at["low"], at["high"])
    apart |= logs and _outside(one.large, -at["intercept"], at["intercept"])
    return apart and outputs * (1.0 if one.p is None else one.p) < at["p"]


def _bends(one: Calibrated, at: Limits, outputs: int) -> bool:
    bend = one.bend
    return bend is not None and abs(bend.observed - bend.predicted) >= at["bend"] and outputs * bend.p < at["bend_p"]


def _outside(part: Interval, low: float, high: float) -> bool:
    return part.low is not None and part.high is not None and (part.high < low or part.low > high)


def saturated(d: Document, at: Limits) -> Outcome:
    """Median p(1-p), over what it is for the base rate: predictions of a rare event are small where nothing is saturated."""
    value = d.gradients.saturation
    if value is None or d.data.task != "binary":
        return not_applicable()
    rate = d.data.rates[-1] if d.data.rates else None
    if not rate or rate >= 1:
        return not_applicable("rate")
    usual = rate * (1 - rate)
    return either(value < at["share"] * usual, value=value, usual=usual, percent=100 * value / usual)


def dead_units(d: Document, at: Limits) -> Outcome:
    units = d.neurons.units
    if not units:
        return not_applicable()
    dead = [u for u in units if u.sd == 0]
    return raised(count=len(dead), units=len(units)) if dead else cleared(units=len(units), rows=d.neurons.rows)


def redundant_units(d: Document, at: Limits) -> Outcome:
    """Units that say nothing of their own; dead and constant ones are another finding's."""
    if d.inside is None:
        return not_applicable()
    layers = d.inside.layers
    twins, sums = (sum(getattr(layer, kind) for layer in layers) for kind in ("duplicate", "redundant"))
    units = sum(layer.units for layer in layers)
    if twins + sums == 0:
        return cleared(units=units, rows=d.inside.rows)
    return raised(count=twins + sums, units=units, duplicate=twins, redundant=sums, rows=d.inside.rows)


def not_converged(d: Document, at: Limits) -> Outcome:
    if d.network.converged is None:
        return not_applicable()
    return cleared() if d.network.converged else raised(network=d.network.name)


def penalised_inference(d: Document, at: Limits) -> Outcome:
    penalised = any(note.key.startswith("coefficients.note.penalised") for note in d.coefficients.notes)
    given = d.method.settings.get("counterpart") == "given"
    return raised(linear=d.linear.name) if penalised and given else cleared()


def unsafe_model_file(d: Document, at: Limits) -> Outcome:
    ran = [m.name for m in (d.network, d.linear) if any(note.key == "model.unsafe" for note in m.notes)]
    return raised(models=ran) if ran else cleared()
