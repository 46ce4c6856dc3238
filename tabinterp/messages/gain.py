"""What the gain of a network is made of: the ladder of refits, and whether the split of the score agrees."""

from __future__ import annotations

CURVES = "A linear model with a curve for each number"
PAIRED = "A linear model with a curve for each number and the pairs {pairs}"
REACHED = "predicts as well as the network on held-out rows"
BETTER = "predicts better than the network on held-out rows"
SHORT = "is the refit of lowest held-out loss, and is not shown to be as good as the network"
SHARE = "it recovers {percent}% of the network's gain over the linear model (95% interval {low} to {high})"

GAIN: dict[str, str] = {
    "ladder.intercept.reached": "Knowing nothing but the target's distribution predicts as well as the network.",
    "ladder.intercept.better": "Knowing nothing but the target's distribution predicts better than the network on held-out rows.",
    "ladder.intercept.short": (
        "No refit has a lower held-out loss than knowing nothing but the target's distribution, and it is not shown to be as "
        "good as the network."
    ),
    "ladder.linear.reached": f"A linear model {REACHED}.",
    "ladder.linear.better": f"A linear model {BETTER}.",
    "ladder.linear.short": f"A linear model {SHORT}.",
    "ladder.curvature.reached": f"{CURVES} {REACHED}.",
    "ladder.curvature.better": f"{CURVES} {BETTER}.",
    "ladder.curvature.short": f"{CURVES} {SHORT}.",
    "ladder.curvature.reached.gain": f"{CURVES} {REACHED}: {SHARE}.",
    "ladder.curvature.short.gain": f"{CURVES} {SHORT}: {SHARE}.",
    "ladder.pairs.reached": f"{PAIRED} {REACHED}.",
    "ladder.pairs.better": f"{PAIRED} {BETTER}.",
    "ladder.pairs.short": f"{PAIRED} {SHORT}.",
    "ladder.pairs.reached.gain": f"{PAIRED} {REACHED}: {SHARE}.",
    "ladder.pairs.short.gain": f"{PAIRED} {SHORT}: {SHARE}.",
    "gain.no_gain": "The held-out rows resolve no gain of the network over the linear refit, so there is none to take apart.",
    "gain.not_recovered": "Curves and named pairs are not shown to recover any of the gain, so there is nothing to compare.",
    "gain.agree": (
        "Refits and the network's own score agree on what the gain is made of: of what curves and named pairs add, curves are "
        "{ladder}% of the gain that refits recover and {score}% of the score (difference {low} to {high} points)."
    ),
    "gain.disagree": (
        "Refits and the network's own score disagree on what the gain is made of: of what curves and named pairs add, curves "
        "are {ladder}% of the gain that refits recover and {score}% of the score (difference {low} to {high} points). Parts "
        "of the network's shape are not what predicts."
    ),
    "gain.open": (
        "It is not resolved whether refits and the network's own score agree on what the gain is made of: of what curves and "
        "named pairs add, curves are {ladder}% of the gain that refits recover and {score}% of the score (difference {low} to "
        "{high} points)."
    ),
}
