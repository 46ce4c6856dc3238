"""What an audit reads, in order: one literal list. To add a reading: a function of what is asked, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from tabinterp.analyses.alternatives.estimator import alternatives
from tabinterp.analyses.baselines.estimator import baselines
from tabinterp.analyses.boosted_trees.estimator import boosted
from tabinterp.analyses.calibration.estimator import calibration
from tabinterp.analyses.coefficients.estimator import of_linear, of_network
from tabinterp.analyses.conditional_importance.estimator import together
from tabinterp.analyses.constraints.estimator import constraints
from tabinterp.analyses.context import Asked
from tabinterp.analyses.data_quality.estimator import describe_data
from tabinterp.analyses.decision_curve.estimator import decisions
from tabinterp.analyses.decomposition.estimator import decompose
from tabinterp.analyses.disagreement.estimator import disagreement
from tabinterp.analyses.effects.estimator import POINTS, effects
from tabinterp.analyses.extrapolation.estimator import extrapolation
from tabinterp.analyses.gradients.estimator import METHODS as GRADIENTS
from tabinterp.analyses.gradients.estimator import gradient_importance
from tabinterp.analyses.groups.estimator import groups
from tabinterp.analyses.hidden_units.overview import inside, optima
from tabinterp.analyses.interactions.estimator import interactions
from tabinterp.analyses.interactions.screening import WIDE
from tabinterp.analyses.ladder.estimator import ladder
from tabinterp.analyses.mechanism import estimator as mechanism
from tabinterp.analyses.off_support.estimator import off_support
from tabinterp.analyses.permutation_importance.estimator import permutation_importance
from tabinterp.analyses.proxies.estimator import proxies
from tabinterp.analyses.reason_codes.estimator import reason_codes
from tabinterp.analyses.recalibration.estimator import recalibrated
from tabinterp.analyses.shapley_values.estimator import BACKGROUND, shapley_values
from tabinterp.analyses.slices.estimator import slices
from tabinterp.analyses.subgroup_gaps.estimator import weak_groups
from tabinterp.analyses.trust.estimator import trust
from tabinterp.analyses.unit_correlations.estimator import neuron_correlations
from tabinterp.document.message import why
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.linear.terms import find_terms
from tabinterp.models import Bound
from tabinterp.table import Scan, Split, Table
from tabinterp.table.suppression import SMALL

BASELINE_ROWS = 500
SHAPLEY_ROWS, SHAPLEY_CELLS, SHAPLEY_FEWEST = 500, 20_000, 30  # rows times columns; at least so many rows
EFFECT_COLUMNS, EFFECT_CURVES = 8, 24  # the most columns, and the most curves over all outputs
EFFECT_POINT = 20  # rows for each point, so that the outer points, which get half as many, may be printed
PAIRS = 5
DECLINED_ROWS = 500

AnyTable = TypeVar("AnyTable", bound=Table | Scan)


@dataclass(frozen=True)
class Reading:
    """`of`: its numbers are of how well the models do on the evaluated rows, means over these rows, or of other rows as well."""

    field: str  # of `assembly.Results`
    name: str  # for the sentence that says why it does not apply
    read: Callable[[Asked], Any]
    of: Literal["performance", "evaluated", "table"] = "evaluated"


@dataclass(frozen=True)
class Step:
    """Readings that share an entry of the progress bar; `share` of the whole time."""

    name: str
    share: float
    readings: tuple[Reading, ...]


def unseen(table: AnyTable, remembered: Split) -> AnyTable:
    """The table, whose own split must hold out no row that the model remembers to have been trained on."""
    if table.split == remembered:
        return table
    if isinstance(table, Scan):
        for batch in table.batches():
            unseen(batch, remembered)
        return table
    if table.held_out is None:
        return table
    seen = int(np.sum(table.held_out & ~remembered.held_out(table.frame, table.codes, table.schema.labels)))
    if seen:
        raise ModelError(
            f"the model remembers which rows it was not trained on, and {seen} of the {int(table.held_out.sum())} rows that "
            f"this table's split holds out are not among them; leave the split out, and the model's own is used"
        )
    return table


def one(
    field: str,
    name: str,
    share: float,
    read: Callable[[Asked], Any],
    words: str = "",
    of: Literal["performance", "evaluated", "table"] = "evaluated",
) -> Step:
    return Step(name, share, (Reading(field, words or name, read, of),))


def _seeing(bound: Bound, read: Callable[..., Any], asked: Asked, part: int) -> Any:
    """A reading of one of two models, with its half of the progress bar."""
    return read(bound, bound.table, seed=asked.seed, progress=lambda _, share: asked.within((part + share) / 2))


def _recalibration(asked: Asked) -> Any:
    return recalibrated(*asked.both(asked.evaluated), asked.found["performance"], seed=asked.seed)


def _decisions(asked: Asked) -> Any:
    return decisions(*asked.both(asked.evaluated), asked.policy, held_out=asked.held_out, seed=asked.seed)


def _boosted(asked: Asked) -> Any:
    return boosted(asked.network, asked.found["performance"].margin, seed=asked.seed)


def _calibration(asked: Asked) -> Any:
    return calibration(asked.network), calibration(asked.linear)


def _ladder(asked: Asked) -> Any:
    return ladder(asked.network, asked.network.table, seed=asked.seed, margin=asked.margin)


def _decomposition(asked: Asked) -> Any:
    return decompose(asked.network, asked.network.table, seed=asked.seed)


def _disagreement(asked: Asked) -> Any:
    return disagreement(asked.network, asked.linear, threshold=asked.threshold, seed=asked.seed)


def _slices(asked: Asked) -> Any:
    return slices(asked.network, asked.linear, asked.found["performance"].margin)


def _reasons(asked: Asked) -> Any:
    """Of two classes only; otherwise the document says so without a reason."""
    if asked.network.table.schema.task != "binary":
        return None
    network, linear = asked.both(asked.evaluated)
    few = min(asked.rows, DECLINED_ROWS)
    return reason_codes(network, linear, network.table, threshold=asked.threshold, rows=few, seed=asked.seed)


def _groups(asked: Asked) -> Any:
    """Of protected columns; where there are none the document says so without a reason."""
    if not any(c.protected for c in asked.network.table.schema.columns):
        return None
    return groups(asked.network, asked.linear, asked.network.table, **asked.grouping)


def _proxies(asked: Asked) -> Any:
    if asked.network.table.schema.task == "multiclass":
        return None
    return proxies(*asked.both(asked.few), threshold=asked.threshold, seed=asked.seed)


def _alternatives(asked: Asked) -> Any:
    """Of protected groups and two classes, on held-out rows; elsewhere the groups say why there are none."""
    if asked.found["groups"] is None or asked.network.table.schema.task != "binary" or not asked.held_out:
        return None
    known = [] if asked.found["proxies"] is None else asked.found["proxies"].proxies
    best = [column for one in known for column in one.best]
    return alternatives(asked.network, asked.linear, best, threshold=asked.threshold, seed=asked.seed)


def _weak(asked: Asked) -> Any:
    return weak_groups(asked.network, seed=asked.seed)


def _constraints(asked: Asked) -> Any:
    if not asked.constraints:
        return None
    return constraints(*asked.both(asked.evaluated), asked.constraints, seed=asked.seed)


def _coefficients(asked: Asked) -> Any:
    terms = find_terms(asked.linear)
    if not terms:
        raise NotApplicableError(why("the encoder mixes all columns, so that none has a coefficient of its own"))
    return of_linear(asked.linear, terms), of_network(asked.network, find_terms(asked.network), terms)


def _importance(asked: Asked) -> Any:
    network, linear = asked.both(asked.few)
    return _seeing(network, permutation_importance, asked, 0), _seeing(linear, permutation_importance, asked, 1)


def _gradients(asked: Asked) -> Any:
    parts, result = asked.both(asked.fewer), []
    for i, method in enumerate(GRADIENTS, 1):
        result.append(tuple(gradient_importance(part, part.table, method=method, seed=asked.seed) for part in parts))
        asked.within(i / len(GRADIENTS))
    return result


def _baselines(asked: Asked) -> Any:
    if not asked.found["gradients"]:
        return None
    parts = asked.both(asked.drawn(asked.fewer, BASELINE_ROWS))
    return tuple(baselines(part, part.table, seed=asked.seed) for part in parts)


def _shapley(asked: Asked) -> Any:
    """Of many columns on fewer rows, from a fixed number of permutations: the tolerance would take most of an audit's time."""
    columns = len(asked.network.columns)
    how: dict[str, Any] = {"seed": asked.seed, "method": "permutation" if columns > WIDE else "auto"}
    rows = asked.drawn(asked.few, int(np.clip(SHAPLEY_CELLS // columns, SHAPLEY_FEWEST, SHAPLEY_ROWS)))
    if len(rows) < SMALL:
        raise NotApplicableError(why("shapley.few", least=SMALL))
    network, linear = asked.both(rows)
    first = shapley_values(network, network.table, BACKGROUND, **how, progress=lambda _, share: asked.within(share / 2))
    return first, shapley_values(linear, linear.table, BACKGROUND, **how)


def _together(asked: Asked) -> Any:
    return together(asked.network, asked.linear, asked.few, asked.seed, progress=asked.within)


def _effects(asked: Asked) -> Any:
    """Curves of the columns that matter most to either model, all outputs of which fit on a page."""
    importance = asked.found["importance"]
    if importance is None:
        raise NotApplicableError(why("they are drawn for the columns that matter most, which were not found"))
    size = np.fmax(importance[0].importance, importance[1].importance)
    most = max(1, min(EFFECT_COLUMNS, EFFECT_CURVES // len(asked.network.outputs)))
    columns = [importance[0].players[j] for j in np.argsort(-size, kind="stable")[:most]]
    local = asked.network.is_local(asked.network.columns)  # otherwise a move encodes whole rows again
    rows = asked.few if local else asked.fewer
    grid = int(np.clip(len(rows) // EFFECT_POINT, 2, POINTS))
    result = []
    for i, part in enumerate(asked.both(rows), 1):
        result.append(effects(part, part.table, columns=columns, grid=grid, seed=asked.seed))
        asked.within(i / 2)
    return tuple(result)


def _interactions(asked: Asked) -> Any:
    part = asked.network.take(asked.few)
    return interactions(part, part.table, top=PAIRS, seed=asked.seed, progress=lambda _, share: asked.within(share))


def _neurons(asked: Asked) -> Any:
    part = asked.network.take(asked.few)
    return neuron_correlations(part, part.table, seed=asked.seed)


def _trust(asked: Asked) -> Any:
    if len(asked.evaluated) < SMALL:
        raise NotApplicableError(why("trust.few", least=SMALL))
    for other in asked.others if asked.null is None else [*asked.others, asked.null]:
        _ = other.split is None or unseen(asked.network.table, other.split)
    network, linear = asked.both(asked.evaluated)
    return (
        trust(network, network.table, others=asked.others, null=asked.null, seed=asked.seed),
        trust(linear, linear.table, seed=asked.seed),
    )


def _inside(asked: Asked) -> Any:
    return None if asked.found["neurons"] is None else inside(asked.network.take(asked.few), asked.seed)


def _optima(asked: Asked) -> Any:
    columns = len(asked.network.columns)
    if columns > WIDE:
        raise NotApplicableError(why("optima.wide", columns=columns, most=WIDE))
    return None if asked.found["inside"] is None else optima(asked.found["inside"], asked.seed)


def _regions(asked: Asked) -> Any:
    """Terms are those of the coefficients: the same references."""
    if asked.found["coefficients"] is None:
        raise NotApplicableError(why("no column is encoded on its own, so that none has coefficients in them"))
    linear, network = asked.found["coefficients"]
    return mechanism.regions(*asked.both(asked.few), network.terms, linear.terms)


def _conductance(asked: Asked) -> Any:
    return mechanism.conductances(asked.network.take(asked.few), asked.seed)


def _paths(asked: Asked) -> Any:
    terms = [] if asked.found["coefficients"] is None else asked.found["coefficients"][1].terms
    return mechanism.products(asked.network.take(asked.few), terms, asked.seed)


def _unit_groups(asked: Asked) -> Any:
    return mechanism.together(asked.network.take(asked.few), asked.seed)


def _table(asked: Asked) -> Any:
    return describe_data(asked.network.table, seed=asked.seed)


def _off_support(asked: Asked) -> Any:
    """Of rows of both parts: what the score follows is asked, and not how well it does."""
    rows = asked.drawn(np.arange(len(asked.network.table)), asked.rows)
    return off_support(asked.network.take(rows), seed=asked.seed)


def _extrapolation(asked: Asked) -> Any:
    return extrapolation(asked.network, seed=asked.seed)


STEPS: tuple[Step, ...] = (
    Step(
        "recalibration and costs",
        0.03,
        (
            Reading("recalibrated", "recalibration", _recalibration, "performance"),
            Reading("decisions", "net benefit", _decisions, "performance"),
        ),
    ),
    one("reference", "boosted trees", 0.04, _boosted, "boosted trees as a reference", "performance"),
    one("calibration", "calibration", 0.01, _calibration, of="performance"),
    one("ladder", "ladder of refits", 0.22, _ladder, of="performance"),
    one("decomposition", "decomposition of the score", 0.1, _decomposition),
    Step(
        "disagreement",
        0.03,
        (
            Reading("disagreement", "comparison of decisions", _disagreement),
            Reading("slices", "comparison of groups", _slices, "performance"),
        ),
    ),
    one("reasons", "reason codes", 0.05, _reasons),
    Step(
        "groups",
        0.03,
        (
            Reading("groups", "groups of people", _groups, "table"),
            Reading("proxies", "proxies of protected columns", _proxies),
            Reading("alternatives", "alternatives considered", _alternatives, "performance"),
            Reading("weak", "search for weak groups", _weak, "performance"),
            Reading("constraints", "declared constraints", _constraints),
        ),
    ),
    one("coefficients", "coefficients", 0.1, _coefficients),
    one("importance", "permutation importance", 0.05, _importance),
    Step(
        "gradients",
        0.09,
        (Reading("gradients", "gradients", _gradients), Reading("baselines", "baselines", _baselines)),
    ),
    one("shapley", "shapley values", 0.07, _shapley, "Shapley values"),
    one("together", "columns that move together", 0.04, _together, "conditional importance"),
    one("effects", "effect curves", 0.03, _effects),
    one("interactions", "interactions", 0.07, _interactions),
    one("neurons", "neurons", 0.03, _neurons),
    one("trust", "trust checks", 0.04, _trust),
    Step("units", 0.05, (Reading("inside", "hidden units", _inside), Reading("optima", "optima of units", _optima))),
    Step(
        "regions and paths",
        0.03,
        (
            Reading("regions", "linear regions", _regions),
            Reading("conductance", "conductance", _conductance),
            Reading("paths", "path products", _paths),
            Reading("unit_groups", "ablation of groups of units", _unit_groups),
        ),
    ),
    one("table", "rows alone", 0.04, _table, of="table"),
    Step(
        "off the data",
        0.03,
        (
            Reading("off_support", "reading of perturbed rows", _off_support, "table"),
            Reading("extrapolation", "reading beyond the range", _extrapolation),
        ),
    ),
)
