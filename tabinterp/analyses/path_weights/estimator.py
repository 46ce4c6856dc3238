"""Importance computed only from the network's weights: signed path products (Olden & Jackson 2002) and Garson's shares (1991).

The path product of an encoded column is a sum over all paths from the column to the score. Each term is the product of the
weights along one path. Activations are ignored, so the path product equals the gradient of the same network without activations.
Residual branches are included. Garson's method divides the absolute outgoing weight of each hidden unit among the unit's inputs,
in proportion to the absolute weights of these inputs. The weights of an encoded column are first multiplied by the column's
standard deviation. Both methods are old and have known failures, which `caveats` lists. They are included for comparison, not as
a recommendation.

Three directions in the space of the encoded columns are compared: the path product, the mean gradient, and the direction from the
mean row to the row that maximises the score. Encoded columns are in units of standard deviations. For a linear model, the path
product equals the mean gradient, and the cosine between the mean gradient and the direction to the maximum (`gradient_optimum`)
equals `straight`, the cosine for a linear function with the same mean gradient. Deviations from these relations show
nonlinearity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from tabinterp.analyses.coefficients import ANALYSIS as COEFFICIENTS
from tabinterp.analyses.coefficients.estimator import encoded_terms
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, by_term, scaled, spreads
from tabinterp.analyses.hidden_units.row_limits import drawn, require_curvature, require_rows
from tabinterp.analyses.interactions.screening import WIDE
from tabinterp.analyses.linear_regions.estimator import of_gradients
from tabinterp.analyses.maximisation.estimator import maximise
from tabinterp.analyses.maximisation.objectives import output
from tabinterp.analyses.maximisation.search_space import domain_of
from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.linear.terms import AnyTerm, Slope, find_terms
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.layer_chain import chain_of
from tabinterp.models.layers import layers_of
from tabinterp.models.piecewise_linear import held
from tabinterp.stats.weights import deviation, unit
from tabinterp.table import Table

AUDITED_ROWS = 2_000


@dataclass(frozen=True, eq=False)
class PathWeights(Display):
    """Path products, mean gradients and Garson's shares.

    Attributes
    ----------
    path : path products in units of the score (terms, outputs). For a numeric column, they are per unit of the column before
        encoding. For a level, they are relative to the reference level.
    gradient : mean gradients, in the same units as `path` (terms, outputs).
    size : overall size of a column's path products (columns, outputs). It is sqrt(p' S p), where p contains the path products of
        the column's encoded columns, and S is the covariance matrix of these encoded columns over rows. For a numeric column,
        this is abs(path) times the standard deviation. For a categorical column, it is the standard deviation over rows of the
        path product of the row's level.
    garson : Garson's shares, summed over the encoded columns of each column (columns, outputs); NaN if they cannot be computed.
    path_gradient : cosine between the path product and the mean gradient (outputs,).
    path_optimum : cosine between the path product and the direction to the row that maximises the score (outputs,).
    gradient_optimum : cosine between the mean gradient and the direction to the row that maximises the score (outputs,).
    straight : value of `gradient_optimum` for a linear function with the same mean gradient (outputs,).
    failures : message keys of the known failures; `caveats` returns the sentences.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.paths",
        {"path": ("path", None, None), "gradient": ("gradient", None, None)},
        by_term,
        order="size",
        other="terms",
    )

    terms: tuple[AnyTerm, ...]
    columns: tuple[str, ...]
    outputs: tuple[str | None, ...]
    path: FloatArray
    gradient: FloatArray
    size: FloatArray
    garson: FloatArray
    path_gradient: FloatArray
    path_optimum: FloatArray
    gradient_optimum: FloatArray
    straight: FloatArray
    failures: tuple[str, ...]
    rows: int
    seed: int

    @property
    def caveats(self) -> tuple[str, ...]:
        """Sentences that describe the known failures of the two methods."""
        return tuple(text(one) for one in self.failures)

    def _numbers(self) -> pd.DataFrame:
        return scaled(self.frame().assign(sd=spreads(self.terms, len(self.outputs))), "path", "gradient")

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output and term.

        `size` and `garson` refer to the whole column to which the term belongs.
        """
        at = [self.columns.index(one.term.column) for one in self.terms]
        sd = np.array([one.sd if isinstance(one, Slope) else np.nan for one in self.terms])
        parts = [
            pd.DataFrame(
                {
                    "output": pd.Series([output] * len(self.terms), dtype=object),
                    "column": [one.term.column for one in self.terms],
                    **{
                        name: pd.Series([getattr(one.term, name) for one in self.terms], dtype=object)
                        for name in ("level", "reference", "unit")
                    },
                    "path": self.path[:, k],
                    "path_per_sd": self.path[:, k] * sd,
                    "gradient": self.gradient[:, k],
                    "size": self.size[at, k],
                    "garson": self.garson[at, k],
                }
            )
            for k, output in enumerate(self.outputs)
        ]
        return pd.concat(parts, ignore_index=True)

    @any_backend
    def cosines(self) -> pd.DataFrame:
        """Return a data frame with the cosines between the path product, mean gradient and optimum of each output."""
        names = ("path_gradient", "path_optimum", "gradient_optimum", "straight")
        made = {"output": pd.Series(self.outputs, dtype=object)}
        return pd.DataFrame(made | {name: getattr(self, name) for name in names})


def path_weights(model: Model | BoundModel, table: Table, *, seed: int = 0) -> PathWeights:
    """Compute the path products and Garson's share of every column. Gradients are averaged over all rows of `table`.

    Raises
    ------
    NotApplicableError
        If the model has no weights because it is a prediction function, or if a step between two activations is not affine.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> frame = pd.DataFrame({"a": np.tile([-1.0, 1.0], 10), "b": np.repeat([-1.0, 1.0], 10), "y": np.arange(20.0)})
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))  # |a|
    >>> _ = net[0].weight.data.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])), net[0].bias.data.zero_()
    >>> _ = net[2].weight.data.copy_(torch.tensor([[1.0, 1.0]])), net[2].bias.data.zero_()
    >>> found = path_weights(ti.wrap(net, encoder="passthrough", task="regression"), table)  # the paths cancel
    >>> found.path[:, 0].tolist(), found.garson[:, 0].tolist()
    ([0.0, 0.0], [1.0, 0.0])
    """
    bound = bind(model, table)
    return paths_of(bound, find_terms(bound), seed)


def paths_of(bound: BoundModel, terms: Sequence[AnyTerm], seed: int = 0) -> PathWeights:
    """Compute path products for the given terms, and Garson's shares of all columns."""
    if bound.table.weights is not None and not (bound.table.weights > 0).all():  # rows of weight 0 carry no information
        bound = bound.take(bound.table.weights > 0)
    w = unit(bound.table.weights, len(bound.table))
    product = _product(bound)
    gradient = np.average(bound.gradients(bound.x), axis=0, weights=w)
    sd = deviation(bound.x, w)
    shares = _garson(bound, sd)
    failures = ["paths.olden", "paths.garson", "paths.scale"]
    failures += ["paths.garson.none"] if shares is None else []
    failures += ["paths.garson.deep"] if shares is not None and len(layers_of(bound)) > 1 else []
    failures += [] if all(bound.encoding.local.values()) else ["paths.garson.mixed"]
    if len(bound.columns) > WIDE:
        failures.append("paths.optimum.wide")
        optimum, straight = np.full((2, product.shape[1], bound.x.shape[1]), np.nan)
    else:
        optimum, straight = _optima(bound, gradient, seed)
    mean = np.average(bound.x, axis=0, weights=w)
    with np.errstate(invalid="ignore", divide="ignore"):
        ways = [np.where(sd > 0, (one - mean) / sd, 0.0).T for one in (optimum, straight)]
    slopes = [one * sd[:, None] for one in (product, gradient)]
    return PathWeights(
        terms=tuple(terms),
        columns=bound.columns,
        outputs=bound.outputs,
        path=of_gradients(terms, product[None])[0],
        gradient=of_gradients(terms, gradient[None])[0],
        size=_size(bound, product, w),
        garson=_by_column(bound, shares, product.shape[1]),
        path_gradient=_cosine(slopes[0], slopes[1]),
        path_optimum=_cosine(slopes[0], ways[0]),
        gradient_optimum=_cosine(slopes[1], ways[0]),
        straight=_cosine(slopes[1], ways[1]),
        failures=tuple(failures),
        rows=len(bound.table),
        seed=seed,
    )


def _product(bound: BoundModel) -> FloatArray:
    """Return the path products of the encoded columns (d, k)."""
    line = held(bound, lambda _: torch.ones(1, dtype=torch.float64))
    if line is None:
        raise NotApplicableError(why("paths.affine" if bound.has_gradient else "paths.weights", model=bound.model.name))
    size = bound.z.shape[1]
    with torch.inference_mode():
        made = line(bound.at_home(torch.cat([torch.eye(size), torch.zeros(1, size)])).double())
    return np.asarray((bound.first.weight.T @ (made[:-1] - made[-1])).cpu().numpy())


def _garson(bound: BoundModel, sd: FloatArray) -> FloatArray | None:
    """Return Garson's shares of the encoded columns (d, k); None if the network is not a plain chain of layers."""
    layers = layers_of(bound)
    steps = chain_of(bound, layers)
    if len(steps) < len(layers) + 1:
        return None
    weights = [np.abs(steps[0][0] @ bound.front.weight.cpu().numpy()) * sd, *(np.abs(one) for one, _ in steps[1:])]
    made = weights[-1].T  # (last units or columns, k)
    for one in reversed(weights[:-1]):
        total = one.sum(axis=1, keepdims=True)
        made = (one / np.where(total > 0, total, 1.0)).T @ made
    return np.asarray(made / np.maximum(made.sum(axis=0), 1e-300))


def _by_column(bound: BoundModel, shares: FloatArray | None, outputs: int) -> FloatArray:
    made = np.full((len(bound.columns), outputs), np.nan)
    for j, column in enumerate(bound.columns):
        if shares is not None and bound.encoding.local[column]:
            made[j] = shares[bound.encoding.blocks[column]].sum(axis=0)
    return made


def _size(bound: BoundModel, product: FloatArray, w: FloatArray) -> FloatArray:
    made = np.full((len(bound.columns), product.shape[1]), np.nan)
    for j, column in enumerate(bound.columns):
        if bound.encoding.local[column]:
            block = bound.encoding.blocks[column]
            made[j] = deviation(bound.x[:, block] @ product[block], w)
    return made


def _optima(bound: BoundModel, gradient: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return the encoded rows that maximise each score (k, d), and those that maximise its linear approximation (k, d).

    The gradient of the linear approximation is the mean gradient of the score.
    """
    wanted = [output()] if len(bound.outputs) == 1 else [output(one) for one in bound.table.schema.classes]
    rows = maximise(bound, bound.table, objective=wanted, seed=seed).rows
    domain = domain_of(bound, seed)
    at = np.zeros((len(wanted), len(domain.players)), dtype=np.int64)
    value = np.full(at.shape, np.nan)
    for p, player in enumerate(domain.players):
        block = np.unique(np.concatenate([bound.encoding.blocks[c] for c in player.columns]))
        at[:, p] = (bound.x[player.donors][:, block] @ gradient[block]).argmax(axis=0)
        if player.slope is not None and player.values is not None:
            value[:, p] = player.values[at[:, p]]
    return bound.encoding.transform(rows), bound.encoding.transform(domain.frame(at, value))


def _cosine(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the cosine (k,) between corresponding columns of `a` and `b` (d, k); NaN if either vector has length zero."""
    size = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(size > 0, (a * b).sum(axis=0) / size, np.nan))


def run(context: Context) -> PathWeights:
    """Compute the path products of the audited network for the same terms as in the analysis of coefficients."""
    coefficients = context[COEFFICIENTS]
    network = context.network.take(context.subsample)
    require_rows(network)
    require_curvature(network)
    terms = () if coefficients is None else encoded_terms(coefficients[1], context.network)
    return paths_of(network.take(drawn(network, AUDITED_ROWS, context.seed)), terms, context.seed)
