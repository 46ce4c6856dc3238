"""Decomposition of the variance of the network's score into linear terms, curvature and interactions.

The score f is projected (in L2) onto three nested spaces: linear functions of the columns, additive functions (sums of functions
of one column each), and all functions (Hoeffding 1948; Stone 1994 for correlated columns; Sobol' 1993 for the special case of
independent columns). R2_lin and R2_add are the shares of the variance of f that the linear and the additive projection explain.
The share of the linear terms is R2_lin, the share of curvature is R2_add - R2_lin, and the share of interactions is 1 - R2_add.
These shares add up to 1 even if columns are correlated.

The share of a column is the structural index Cov(f_c, f) / Var f (Li et al. 2010), where f_c is the component of the projection
that depends on the column. The share of a column may be negative. The shares of all columns add up to the R2 of the projection.
The curvature of a column is the part of its additive component that no linear function explains. The interaction of a pair of
columns is the part of the pair's product terms that no additive function explains.

Rows are evaluated in folds. The projections for a fold are fitted to the rows of the table outside the fold, so the error of the
fit neither inflates nor deflates a share (see `projection`). A share is a ratio of two means over the evaluated rows. Its
interval is Fieller's (1954). If rows come in groups, the interval is computed over groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn
from tabinterp.analyses.ladder.basis import Basis, Pair, build, check_size, read_columns
from tabinterp.analyses.ladder.interacting_pairs import looked_at, strongest_pairs
from tabinterp.analyses.ladder.projection import BLOCK, FOLDS, Contributions, Design, contributions, moments
from tabinterp.analyses.performance.estimator import FEWEST, RESAMPLES, groups, resampled
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.scores import probabilities
from tabinterp.stats.discrimination import mean, ratio
from tabinterp.stats.estimates import Estimates
from tabinterp.table import Table
from tabinterp.table.folds import folds
from tabinterp.table.hash_sampling import row_hash

PAIRS = 5
CONSTANT = 1e-12
KEPT = 2**25  # maximum number of values of a basis kept in memory (256 MB); a larger basis is recomputed in blocks


def _part(row: Mapping[str, Any]) -> str:
    """Return a label that names a component and its columns."""
    whole = text(f"report.gain.share.{row['component']}")
    return f"{whole}: {row['of']}" if row["of"] else whole


@dataclass(frozen=True, eq=False)
class Decomposition(Display):
    """Shares of the variance of the network's score on the evaluated rows.

    Parameters
    ----------
    components : pairs of a kind ("linear", "curvature" or "interactions") and a name. The name is a column, a pair of columns as
        "a × b", "other" for the interactions of all pairs that are not named, or "" for the total of the kind.
    outputs : the outputs of the network. If there are several, the first entry is "all", for all outputs together.
    weightings : "plain", and for classes also "p(1-p)", which gives less weight to rows with predicted probabilities close to
        0 or 1. For counts, the second weighting is "rate", which gives more weight to rows with large predicted rates.
    shares : (weightings, outputs, components) the shares, with standard errors over rows and 95% intervals.
    curved_share : (weightings,) share of curvature divided by the sum of the shares of curvature and of the named pairs, for
        all outputs together.
    curved : (weightings, resamples) the value of `curved_share` in every resample.
    passed : columns that have no curve and are in no pair, because they change the score too little; empty unless there are more
        than a hundred columns.
    """

    drawn: ClassVar[Drawn] = Drawn("plot.axis.shares", {"network": ("share", "ci_low", "ci_high")}, _part, other="rows")

    components: tuple[tuple[str, str], ...]
    outputs: tuple[str, ...]
    weightings: tuple[str, ...]
    shares: Estimates
    curved_share: FloatArray
    curved: FloatArray
    passed: tuple[str, ...]
    pairs: tuple[Pair, ...]
    rows: int
    fitted_rows: int
    folds: int
    resamples: int
    seed: int
    held_out: bool
    estimand: str = "contribution of each component to the variance of the network's score, as a share of this variance"

    @any_backend
    def frame(self, weighting: str = "plain") -> pd.DataFrame:
        """Return a data frame with one row for each component (and output, if there are several).

        The total shares of linear terms, curvature and interactions come first, followed by the shares of columns and pairs.
        """
        if weighting not in self.weightings:
            raise NotApplicableError(f"weighting must be one of {', '.join(self.weightings)}; got {weighting!r}")
        v, rows = self.weightings.index(weighting), []
        for o, output in enumerate(self.outputs):
            for c, (component, of) in enumerate(self.components):
                row: dict[str, object] = {"output": output} if len(self.outputs) > 1 else {}
                row |= {"component": component, "of": of, "share": self.shares.value[v, o, c]}
                row |= {"ci_low": self.shares.low[v, o, c], "ci_high": self.shares.high[v, o, c]}
                rows.append(row)
        return pd.DataFrame(rows)


def decompose(model: Model | BoundModel, table: Table, *, seed: int = 0) -> Decomposition:
    """Decompose the network's score into linear terms, curvature and interactions, in total and by column and pair.

    The score is decomposed on the held-out rows, or on all rows if the table has no split. For each of five folds, the
    projections are fitted to all rows of the table outside the fold. At most five pairs of columns are listed by name: those
    that explain the most variance beyond additive functions.

    Raises
    ------
    NotApplicableError
        If the score is constant, or if there are too few rows for the number of columns.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.random.default_rng(0).normal(size=(400, 2))
    >>> table = ti.read_table(pd.DataFrame(x, columns=["a", "b"]).assign(y=x[:, 0]), target="y")
    >>> layer = torch.nn.Linear(2, 1)
    >>> model = ti.wrap(layer, encoder="passthrough", task="regression")
    >>> decompose(model, table).frame()["share"][:3].abs().round(3).tolist()
    [1.0, 0.0, 0.0]
    """
    bound = bind(model, table)
    scored = table.evaluated
    scored = scored[np.argsort(row_hash(table.numbers[scored], seed), kind="stable")]  # same resamples as `performance`
    weights = table.row_weights
    score = bound.scores - np.average(bound.scores[scored], axis=0, weights=weights[scored])
    size = np.abs(score[scored]).max()
    if not size > CONSTANT * max(1.0, np.abs(bound.scores[scored]).max()):
        raise NotApplicableError(why("decomposition.constant", model=bound.model.name))
    weightings = _weightings(bound, weights)
    near, passed = looked_at(bound, seed)
    basis = _basis(bound, near, seed)
    parts = _contributions(bound, basis, score / size, np.stack(list(weightings.values())), scored, seed)
    components = _components(basis)
    rows = [_by_row(one, basis) for _, one in parts]
    share, drawn = _curved([one for one, _ in parts], rows, basis, table.take(scored), seed)
    return Decomposition(
        components=components,
        outputs=_outputs(bound),
        weightings=tuple(weightings),
        shares=_shares([one for one, _ in parts], rows, table.groups if table.groups is None else table.groups[scored]),
        curved_share=share,
        curved=drawn,
        passed=passed,
        pairs=basis.pairs,
        rows=len(scored),
        fitted_rows=len(table),
        folds=FOLDS,
        resamples=RESAMPLES,
        seed=seed,
        held_out=table.held_out is not None,
    )


def _weightings(bound: BoundModel, weights: FloatArray) -> dict[str, FloatArray]:
    if bound.table.schema.task == "regression":
        return {"plain": weights}
    if bound.table.schema.task == "count":
        rate = np.exp(bound.scores[:, 0] - bound.scores[:, 0].max())  # at larger rates, errors raise the deviance more
        return {"plain": weights, "rate": weights * np.maximum(rate, np.finfo(float).tiny)}
    p = probabilities(bound.scores)
    unsure = (p * (1 - p)).sum(axis=1)
    return {"plain": weights, "p(1-p)": weights * np.maximum(unsure, np.finfo(float).tiny)}


def _outputs(bound: BoundModel) -> tuple[str, ...]:
    named = tuple(str(o) for o in bound.outputs)
    return ("score",) if len(named) == 1 else ("all", *named)


def _basis(bound: BoundModel, near: tuple[str, ...], seed: int) -> Basis:
    """Return the basis for the projections. The number of pairs of columns in it is limited by the number of rows."""
    frame, kinds = bound.table.inputs, read_columns(bound)
    bearable = len(frame) * 2 // FOLDS // 2
    plain = build(frame, kinds, curves=near)
    if len(plain.tier) > bearable:
        raise NotApplicableError(
            why("decomposition.few", functions=len(plain.tier), least=FOLDS * len(plain.tier), rows=len(frame))
        )
    pairs = strongest_pairs(bound, near, PAIRS, seed)
    for count in range(len(pairs), 0, -1):
        basis = build(frame, kinds, curves=near, pairs=pairs[:count])
        if len(basis.tier) <= bearable:
            return basis
    return plain


def _contributions(
    bound: BoundModel, basis: Basis, score: FloatArray, weightings: FloatArray, scored: IntArray, seed: int
) -> list[tuple[FloatArray, Contributions]]:
    """Return, for each weighting, the weights of the evaluated rows and the contributions of these rows to the shares."""
    inputs, p, n = bound.table.inputs, len(basis.tier), len(score)
    fold = folds(bound.table, seed + 1, FOLDS)
    inside = np.zeros(n, dtype=np.int64)
    inside[scored] = 1

    def encoded(rows: IntArray) -> FloatArray:
        x = basis.design(inputs.iloc[rows])
        check_size(x, basis)
        return x

    design: Design = encoded
    if n * p <= KEPT:
        x = np.concatenate([encoded(np.arange(i, min(i + BLOCK, n))) for i in range(0, n, BLOCK)])
        design = x.__getitem__

    sums = moments(design, score, weightings, fold + FOLDS * inside, 2 * FOLDS)
    result = []
    for v, weights in enumerate(weightings):
        own = sums[v, FOLDS:].sum(axis=0)
        mean = own[0, 1:] / own[0, 0]
        both = sums[v, :FOLDS] + sums[v, FOLDS:]
        if (both[:, 0, 0] == 0).any():
            raise NotApplicableError(why("decomposition.folds", folds=FOLDS, rows=n))
        result.append(
            (weights[scored], contributions(design, score, both, basis, fold, scored, mean[: p + score.shape[1]]))
        )
    return result


# ---- shares


def _bent(basis: Basis) -> list[int]:
    """Return the positions of the columns for which the basis contains a curve (a nonlinear function)."""
    return [int(c) for c in np.unique(basis.term[basis.tier == 1])]


def _components(basis: Basis) -> tuple[tuple[str, str], ...]:
    return (
        ("linear", ""),
        ("curvature", ""),
        ("interactions", ""),
        *(("linear", c) for c in basis.columns),
        *(("curvature", basis.columns[c]) for c in _bent(basis)),
        *(("interactions", " × ".join(pair)) for pair in basis.pairs),
        ("interactions", "other"),
    )


def _by_row(parts: Contributions, basis: Basis) -> tuple[FloatArray, FloatArray]:
    """Return the contribution of each row to every component and to the variance of the score.

    The shapes are (n, outputs, components) and (n, outputs).
    """
    pieces = [parts.lines, parts.curves[..., _bent(basis)], parts.pairs]
    line, curve, pair = (one.sum(axis=-1, keepdims=True) for one in pieces)
    total = parts.total[..., None]
    interactions = total - line - curve
    found = np.concatenate([line, curve, interactions, *pieces, interactions - pair, total], axis=-1)
    if found.shape[1] > 1:
        found = np.concatenate([found.sum(axis=1, keepdims=True), found], axis=1)
    return found[..., :-1], found[..., -1]


def _shares(
    weightings: Sequence[FloatArray], rows: Sequence[tuple[FloatArray, FloatArray]], groups: IntArray | None
) -> Estimates:
    """Return the shares (weightings, outputs, components) as ratios of two means over rows, with Fieller's intervals."""
    found = [
        [
            [
                ratio(mean(part[:, o, c], weights, groups), mean(total[:, o], weights, groups))
                for c in range(part.shape[2])
            ]
            for o in range(part.shape[1])
        ]
        for weights, (part, total) in zip(weightings, rows, strict=True)
    ]
    return Estimates(*np.moveaxis(np.array(found, dtype=np.float64), -1, 0))


def _curved(
    weightings: Sequence[FloatArray],
    rows: Sequence[tuple[FloatArray, FloatArray]],
    basis: Basis,
    table: Table,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the share of curvature divided by the sum of the shares of curvature and of the named pairs, for all outputs
    together.

    The first result (weightings,) is computed on the evaluated rows, and the second (weightings, resamples) on resamples of these
    rows.
    """
    weights, group = table.row_weights, groups(table)
    ratios = [np.divide(w, weights, out=np.zeros_like(w), where=weights > 0) for w in weightings]
    pairs = slice(-1 - len(basis.pairs), -1)
    both = np.stack(
        [
            r[:, None] * np.stack([one[:, 0, 1], one[:, 0, pairs].sum(axis=1)], axis=1)
            for r, (one, _) in zip(ratios, rows, strict=True)
        ],
        axis=1,
    )
    drawn = np.stack([np.tensordot(w, both, 1) for w in [weights, *resampled(weights, group, RESAMPLES, seed)]], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = drawn[..., 0] / drawn.sum(axis=-1)
    if group.max() + 1 < FEWEST:
        share[:, 1:] = np.nan
    return share[:, 0], share[:, 1:]


def run(context: Context) -> Decomposition:
    """Decompose the score of the audited network."""
    return decompose(context.network, context.network.table, seed=context.seed)
