"""Linear regions of a piecewise linear network: the regions that contain rows, and the coefficients in each.

The network is an affine function on the set of inputs that activate the same ReLU units (Montúfar, Pascanu, Cho & Bengio 2014). A
region is a pattern of active and inactive units that occurs in at least one row. Hanin & Rolnick (2019) count the patterns over
all possible inputs instead. Within a region, the coefficients are exact. They have the same units as in a linear model. For a
numeric column, a coefficient is the change in the score per unit. For a level, it is the difference in the score from the
reference level. If a change moves a row to another region, the coefficients of the first region no longer apply. Coefficients are
not shown for regions with fewer than 10 rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count as numbered
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from tabinterp.analyses.coefficients import ANALYSIS as COEFFICIENTS
from tabinterp.analyses.coefficients.estimator import encoded_terms
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, by_term, scaled, spreads
from tabinterp.analyses.hidden_units.row_limits import require_curvature, require_rows
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.linear.terms import AnyTerm, Basis, Contrast, Slope, find_terms
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.layers import Layer, layers_of
from tabinterp.models.piecewise_linear import RECTIFIERS, is_affine_between
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.weights import deviation
from tabinterp.table import Table
from tabinterp.table.suppression import SMALL


@dataclass(frozen=True, eq=False)
class LinearRegions(Display):
    """Linear regions of a network, largest first, and their coefficients.

    Attributes
    ----------
    coefficients : coefficients of the affine function in each region (regions, terms, outputs).
    at_mean : value of each region's affine function at the mean row (regions, outputs).
    share : share of the total weight in each region (regions,).
    rows_in : number of rows in each region (regions,).
    region : region of each row with positive weight (rows,).
    mean : mean of the coefficients over rows, with its standard error (terms, outputs).
    spread : standard deviation of the coefficients over rows (terms, outputs).
    sign_flip : share of rows in which the coefficient and its mean over rows have opposite signs (terms, outputs). Coefficients
        of 0 are not counted.
    counterpart : coefficients of the linear counterpart (terms, outputs); NaN for terms that it does not contain.
    left_out : columns that have no coefficients, because the encoder mixes them with others.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.regions",
        {"network": ("mean", "ci_low", "ci_high"), "linear": ("counterpart", None, None)},
        by_term,
        order="size",
        other="terms",
    )

    terms: tuple[AnyTerm, ...]
    outputs: tuple[str | None, ...]
    coefficients: FloatArray
    at_mean: FloatArray
    share: FloatArray
    rows_in: IntArray
    region: IntArray
    mean: Estimates
    spread: FloatArray
    sign_flip: FloatArray
    counterpart: FloatArray
    left_out: tuple[str, ...]
    estimand: str = "coefficient of the network's affine function within a region"

    @property
    def visited(self) -> int:
        """The number of regions that contain at least one row."""
        return len(self.share)

    @property
    def largest(self) -> float:
        """The weighted share of the rows in the largest region."""
        return float(self.share[0])

    def _numbers(self) -> pd.DataFrame:
        frame = self.frame().assign(sd=spreads(self.terms, len(self.outputs)))
        return scaled(frame, "mean", "ci_low", "ci_high", "counterpart")

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output and term.

        The frame contains the mean and the variation of each coefficient over the rows of the table, and the linear counterpart's
        coefficient.
        """
        parts = []
        for k, output in enumerate(self.outputs):
            own = {
                "mean": self.mean.value[:, k],
                "stderr": self.mean.stderr[:, k],
                "ci_low": self.mean.low[:, k],
                "ci_high": self.mean.high[:, k],
                "spread": self.spread[:, k],
                "sign_flip": self.sign_flip[:, k],
                "counterpart": self.counterpart[:, k],
            }
            parts.append(pd.DataFrame({**self._named(output), **own}))
        return pd.concat(parts, ignore_index=True)

    @any_backend
    def tables(self, most: int = 5) -> pd.DataFrame:
        """Return a data frame with the coefficients of the largest regions that have at least 10 rows.

        There is one row for each region, output and term.
        """
        told = [r for r in range(self.visited) if self.rows_in[r] >= SMALL][:most]
        parts = [
            pd.DataFrame(
                {
                    "region": rank,
                    "rows": self.rows_in[r],
                    "share": self.share[r],
                    **self._named(output),
                    "coefficient": self.coefficients[r, :, k],
                    "at_mean": self.at_mean[r, k],
                    "counterpart": self.counterpart[:, k],
                }
            )
            for rank, r in zip(numbered(1), told, strict=False)
            for k, output in enumerate(self.outputs)
        ]
        names = ["region", "rows", "share", *self._named(None), "coefficient", "at_mean", "counterpart"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)

    def _named(self, output: str | None) -> dict[str, pd.Series]:
        own = [one.term for one in self.terms]
        made = {"output": [output] * len(own), "column": [t.column for t in own]}
        made |= {name: [getattr(t, name) for t in own] for name in ("level", "reference", "unit")}
        return {name: pd.Series(values, dtype=object) for name, values in made.items()}


def linear_regions(
    model: Model | BoundModel, table: Table, *, counterpart: Model | BoundModel | None = None
) -> LinearRegions:
    """Find the linear regions of a piecewise linear network that contain rows of `table`.

    Raises
    ------
    NotApplicableError
        If the network is not affine within each region or cannot be traced. The message gives the reason, such as an activation
        that is not piecewise linear, a normalisation of rows, or a product.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> frame = pd.DataFrame({"a": np.repeat([-2.0, -1.0, 1.0, 2.0], 10), "y": 0.0}).assign(y=np.arange(40.0))
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))  # |a| + a / 2
    >>> _ = net[0].weight.data.copy_(torch.tensor([[1.0], [-1.0]])), net[0].bias.data.zero_()
    >>> _ = net[2].weight.data.copy_(torch.tensor([[1.5, 0.5]])), net[2].bias.data.zero_()
    >>> found = linear_regions(ti.wrap(net, encoder="passthrough", task="regression"), table)
    >>> found.visited, found.largest, found.coefficients.ravel().tolist(), found.spread.tolist()
    (2, 0.5, [-0.5, 1.5], [[1.0]])
    """
    bound = bind(model, table)
    rival = None if counterpart is None else bind(counterpart, table)
    return regions_of(bound, find_terms(bound), rival, [] if rival is None else find_terms(rival))


def regions_of(
    bound: BoundModel, terms: Sequence[AnyTerm], counterpart: BoundModel | None, rivals: Sequence[AnyTerm]
) -> LinearRegions:
    """Find the linear regions and the coefficients of the given terms in them.

    `rivals` are the terms of the linear counterpart.
    """
    _check(bound)
    weights = bound.table.weights
    if weights is not None and not (weights > 0).all():  # rows of weight 0 carry no information
        bound = bound.take(weights > 0)
    if not terms:
        raise NotApplicableError(why("regions.terms", model=bound.model.name))
    w = bound.table.row_weights
    first, region, mass = _regions(bound, w)
    gradient = bound.gradients(bound.x[first])  # the same in every row of a region
    own = of_gradients(terms, gradient)
    rows = own[region]
    mean = mean_over_rows(rows, bound.table.weights, bound.table.groups)
    flips = rows * np.sign(mean.value) < 0
    centre = np.average(bound.x, axis=0, weights=w)
    return LinearRegions(
        terms=tuple(terms),
        outputs=bound.outputs,
        coefficients=own,
        at_mean=bound.scores[first] + np.einsum("rdk,rd->rk", gradient, centre - bound.x[first]),
        share=mass / w.sum(),
        rows_in=np.bincount(region, minlength=len(first)).astype(np.int64),
        region=region,
        mean=mean,
        spread=deviation(rows, w),
        sign_flip=np.average(flips, axis=0, weights=w),
        counterpart=_counterpart(counterpart, rivals, terms, len(bound.outputs)),
        left_out=tuple(c for c in bound.columns if len(bound.encoding.blocks[c]) and not bound.encoding.local[c]),
    )


def _check(bound: BoundModel) -> None:
    name = bound.model.name
    if not bound.has_gradient:
        raise NotApplicableError(why("regions.opaque", model=name, opaque=bound.model.opaque))
    if bound.is_linear:
        return
    layers = layers_of(bound)
    if (layer := unlike(layers)) is not None:
        raise NotApplicableError(
            f"{name} has no linear regions, because {layer.name} applies {layer.kind}, which is not a piecewise "
            "linear activation such as ReLU"
        )
    if not is_affine_between(bound, len(layers)):
        raise NotApplicableError(why("regions.affine", model=name))


def unlike(layers: Sequence[Layer]) -> Layer | None:
    """Return the first layer with an activation that is not piecewise linear; None if there is none."""
    ends = (torch.full((1, layer.width), -1.0, device=layer.device) for layer in layers)
    return next(
        (
            layer
            for layer, low in zip(layers, ends, strict=True)
            if layer.kind not in RECTIFIERS or float(layer.activated(low).max()) > 0
        ),
        None,
    )


def _regions(bound: BoundModel, w: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the index of one row in each region, the region of each row (n,), and the total weight of each region.

    Regions are in decreasing order of weight. A ReLU or leaky ReLU unit is active where its output is above 0.
    """
    outputs = list(bound.activations().values())
    sides = np.concatenate([np.empty((len(bound.x), 0)), *outputs], axis=1) > 0
    packed = np.packbits(sides, axis=1) if sides.shape[1] else np.zeros((len(sides), 1), dtype=np.uint8)
    _, first, group = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    mass = np.bincount(group, w, minlength=len(first)).astype(np.float64)
    order = np.lexsort((first, -mass))
    return first[order].astype(np.int64), np.argsort(order)[group].astype(np.int64), mass[order]


def of_gradients(terms: Sequence[AnyTerm], gradient: FloatArray) -> FloatArray:
    """Convert gradients (m, d, k) with respect to the encoded columns to coefficients (m, terms, k)."""
    made = np.empty((len(gradient), len(terms), gradient.shape[2]))
    for j, term in enumerate(terms):
        made[:, j] = np.einsum("mdk,d->mk", gradient[:, _block(term)], _way(term))
    return made


def _block(term: AnyTerm) -> IntArray:
    return np.array([term.encoded]) if isinstance(term, Basis) else term.block


def _way(term: AnyTerm) -> FloatArray:
    """Return the change in the encoded columns when the term increases by one unit."""
    if isinstance(term, Slope):
        return term.per_unit
    return term.level - term.reference if isinstance(term, Contrast) else np.ones(1)


def _counterpart(
    bound: BoundModel | None, own: Sequence[AnyTerm], terms: Sequence[AnyTerm], outputs: int
) -> FloatArray:
    """Return the linear counterpart's coefficients (terms, k) for the given terms; NaN for terms that it does not contain."""
    made = np.full((len(terms), outputs), np.nan)
    if bound is None:
        return made
    if not bound.is_linear:
        raise NotApplicableError(
            f"the counterpart must be a linear model, but {bound.model.name} is not linear. Pass a linear model"
        )
    values = of_gradients(own, bound.gradients(bound.x[:1]))[0]
    place = {one.term: j for j, one in enumerate(own)}
    for i, one in enumerate(terms):
        if one.term in place:
            made[i] = values[place[one.term]]
    return made


def run(context: Context) -> LinearRegions:
    """Find the linear regions of the audited network, with the same terms and reference levels as the coefficients."""
    coefficients = context[COEFFICIENTS]
    if coefficients is None:
        raise NotApplicableError(why("no column is encoded on its own, so that none has coefficients in them"))
    network, linear = context.both(context.subsample)
    require_rows(network)
    require_curvature(network)
    if unlike(layers_of(network)) is not None:
        raise NotApplicableError(why("they are of networks of rectifiers, and this one has another activation"))
    rivals, terms = (
        encoded_terms(found, bound)
        for found, bound in zip(coefficients, (context.linear, context.network), strict=True)
    )
    return regions_of(network, terms, linear, rivals)
