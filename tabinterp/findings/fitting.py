"""Is the network well made? Against its counterpart, against knowing nothing, and inside."""

from __future__ import annotations

import math
from typing import Literal

from ..report.document import Document, Interval
from .outcome import Limits, Outcome, cleared, either, not_applicable, raised
from .power import Z_CHANCE, beyond, reach, smallest_effect, with_power

SATURATED = 0.01  # median p(1-p), of at most 0.25
SLOPE = (0.75, 1.35)  # of recalibration: between these the probabilities move by a few hundredths at most
WEAK_AUC = (
    0.65  # below it an AUC must bring a lower loss too: what was learnt from shuffled labels reaches 0.6 by chance
)
WEAK_SKILL = 0.15  # the same of several classes: accuracy above the largest class, of what there is above it
WEAK_R2 = 0.02  # of numbers
INTERCEPT = 0.35  # log-odds: moves a probability of one half by 0.09


def worse_than_linear(d: Document, at: Limits) -> Outcome:
    if d.verdict.status == "not_assessed":
        return not_applicable()
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
    """On held-out rows the network is not shown to beat knowing nothing: AUC one half, R2 nought, the largest class."""
    if not d.performance.held_out:
        return not_applicable()
    if d.data.task == "count":
        return _against_mean(d)
    name, chance = {"binary": ("auc", 0.5), "regression": ("r2", 0.0)}.get(
        d.data.task, ("accuracy", max((rate for rate in d.data.rates if rate is not None), default=None))
    )
    part = next((m.network for m in d.performance.metrics if m.metric == name), Interval())
    if part.low is None or chance is None:
        return not_applicable("few")
    values = {"value": part.value, "low": part.low, "high": part.high, "chance": chance}
    weak = {"auc": at["auc"], "accuracy": chance + at["skill"] * (1 - chance)}
    nothing = (
        part.low <= chance
        or (name == "r2" and (part.value or 0.0) < at["r2"])
        or (name in weak and (part.value or 0.0) < weak[name] and not _beats_base_rate(d))
    )
    status: Literal["raised", "cleared"] = "raised" if nothing else "cleared"
    return Outcome(status, f"{status}_{name}", values)


def _beats_base_rate(d: Document) -> bool:
    """Is the whole interval of the log loss below the entropy of the classes? A random function may well have a small AUC."""
    loss = next((m.network for m in d.performance.metrics if m.metric == "log_loss"), Interval())
    if None in d.data.rates:
        return False
    entropy = -sum(rate * math.log(rate) for rate in d.data.rates if rate)
    return loss.high is not None and loss.high < entropy


def _against_mean(d: Document) -> Outcome:
    """Of counts: the loss of the mean less that of the network."""
    ladder = None if d.gain is None else d.gain.ladder
    part = (
        next((r.against_network for r in ladder.rungs if r.rung == "intercept"), Interval()) if ladder else Interval()
    )
    if part.low is None:
        return not_applicable("few")
    status: Literal["raised", "cleared"] = "raised" if part.low <= 0 else "cleared"
    return Outcome(status, f"{status}_count", {"value": part.value, "low": part.low, "high": part.high})


def miscalibrated(d: Document, at: Limits) -> Outcome:
    if d.calibration is None:
        return not_applicable()
    found = [(o.output, o.network) for o in d.calibration.outputs]
    known = [(name, one) for name, one in found if one.slope.low is not None]
    if not known:
        return not_applicable("few")
    logs = d.data.task != "regression"  # an intercept of numbers has their unit
    wrong = [
        (name, one)
        for name, one in known
        if _outside(one.slope, at["low"], at["high"])
        or (logs and _outside(one.intercept, -at["intercept"], at["intercept"]))
    ]
    name, one = (wrong or [max(known, key=lambda pair: abs((pair[1].slope.value or 0.0) - 1))])[0]
    values = {
        "slope": one.slope.value,
        "low": one.slope.low,
        "high": one.slope.high,
        "intercept": one.intercept.value,
        "intercept_low": one.intercept.low,
        "intercept_high": one.intercept.high,
    }
    status: Literal["raised", "cleared"] = "raised" if wrong else "cleared"
    if len(known) == 1:
        return Outcome(status, status, values)
    return Outcome(status, f"{status}_classes", {**values, "output": name, "count": len(wrong), "outputs": len(known)})


def _outside(part: Interval, low: float, high: float) -> bool:
    return part.low is not None and part.high is not None and (part.high < low or part.low > high)


def saturated(d: Document, at: Limits) -> Outcome:
    value = d.gradients.saturation
    return not_applicable() if value is None else either(value < at["value"], value=value)


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
