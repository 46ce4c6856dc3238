"""Comparison of Shapley values from another package with those of tabinterp, on the same rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.display import Display, Drawn
from tabinterp.arrays import FloatArray
from tabinterp.errors import TabinterpError, argument
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.weights import deviation
from tabinterp.table import Table

from .estimator import BACKGROUND, TOLERANCE, ShapleyValues, shapley_values


@dataclass(frozen=True, eq=False)
class ExplanationComparison(Display):
    """Shapley values from another package, and those of tabinterp for the same rows.

    Attributes
    ----------
    supplied : Shapley values from the other package, for the columns of the table (rows, columns, outputs).
    base : base values of the other package (rows, outputs).
    computed : Shapley values from tabinterp.
    residual : abs(base + sum of supplied values - score) for each row (rows,), in standard deviations of the score; with several
        outputs, the largest over the outputs. The residual is 0, whatever background the other package used, if the supplied
        values explain this network on the assumed scale (log-odds or probability).
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.supplied", {"network": ("difference", "ci_low", "ci_high")}, order="computed_mean_abs"
    )

    supplied: FloatArray
    base: FloatArray
    computed: ShapleyValues
    residual: FloatArray

    @property
    def outputs(self) -> tuple[str | None, ...]:
        return self.computed.outputs

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output and column.

        `difference` is the supplied value minus tabinterp's value, averaged over rows, with a 95% interval that treats the
        background as fixed. `correlation` is the correlation over rows between supplied and computed values; it is missing if all
        supplied or all computed values are equal. `largest_difference` is the largest absolute difference in any row. Values are
        in units of the score. Ranks are by mean absolute value, and the largest value has rank 1.
        """
        ours = self.computed
        gap = mean_over_rows(self.supplied - ours.values, ours.weights, ours.groups)
        sizes = [mean_over_rows(np.abs(each), ours.weights, ours.groups).value for each in (self.supplied, ours.values)]
        largest = np.abs(self.supplied - ours.values).max(axis=0)
        ranks = [pd.DataFrame(-size).rank(method="min").to_numpy().astype(int) for size in sizes]
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "output": output,
                        "column": list(ours.columns),
                        "supplied_mean_abs": sizes[0][:, k],
                        "computed_mean_abs": sizes[1][:, k],
                        "difference": gap.value[:, k],
                        "ci_low": gap.low[:, k],
                        "ci_high": gap.high[:, k],
                        "correlation": [
                            _correlation(self.supplied[:, j, k], ours.values[:, j, k]) for j in range(len(ours.columns))
                        ],
                        "largest_difference": largest[:, k],
                        "supplied_rank": ranks[0][:, k],
                        "computed_rank": ranks[1][:, k],
                    }
                )
                for k, output in enumerate(ours.outputs)
            ],
            ignore_index=True,
        )


def compare_explanation(
    explanation: Any,
    model: Model | BoundModel,
    table: Table,
    background: int | Table = BACKGROUND,
    *,
    scale: str = "log_odds",
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> ExplanationComparison:
    """Compare Shapley values from another package with those of tabinterp, column by column.

    Parameters
    ----------
    explanation : a `shap.Explanation` (or an object with its attributes `values`, `base_values` and `feature_names`), or a local
        explanation of InterpretML. Its rows are those of `table`, in the same order. Its features are either the table's input
        columns, matched by name, or the encoded columns in the encoder's order. Values of encoded columns are summed for each
        column of the table. With two classes, values for both classes are accepted, in the order of `predict_proba`.
    background : the rows with which the other package compared each row. The values depend on these rows.
    scale : the scale of the supplied values: "log_odds" (for regression, the unit of the target) or "probability".
    tolerance, seed : as in `shapley_values`.

    Raises
    ------
    TabinterpError
        If the rows, features or outputs of the explanation do not match those of the table and the model.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.linspace(-1, 1, 200)
    >>> table = ti.read_table(pd.DataFrame({"a": x, "b": x[::-1] ** 2, "y": 3 * x}), target="y")
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 0.0]]))
    >>> model = ti.wrap(layer, encoder="passthrough", task="regression")
    >>> explanation = ti.shapley_values(model, table, background=table).to_shap()
    >>> found = ti.compare_explanation(explanation, model, table, background=table)
    >>> found.frame()["largest_difference"].round(6).tolist(), found.residual.max().round(6).item()
    ([0.0, 0.0], 0.0)
    """
    bound = bind(model, table)
    values, base, names = (
        _interpret(explanation) if callable(getattr(explanation, "data", None)) else _shap(explanation)
    )
    if len(values) != len(table):
        raise TabinterpError(
            f"the explanation has {len(values):,} rows, but the table has {len(table):,}. Pass a table that contains exactly "
            "the explained rows, such as table.take(positions)"
        )
    values, base = _outputs(values, base, bound)
    supplied = _on_columns(values, names, bound)
    computed = shapley_values(model, table, background, seed=seed, scale=scale, tolerance=tolerance)
    sd = deviation(computed.scores, table.row_weights)
    gap = np.abs(base + supplied.sum(axis=1) - computed.scores) / np.where(sd > 0, sd, 1.0)
    return ExplanationComparison(supplied, base, computed, gap.max(axis=1))


def _shap(explanation: Any) -> tuple[FloatArray, FloatArray, list[str] | None]:
    """Return values (rows, features, outputs), base values (rows, outputs) and feature names of a `shap.Explanation`."""
    try:
        values = np.asarray(explanation.values, dtype=np.float64)
        base = np.asarray(explanation.base_values, dtype=np.float64)
    except (AttributeError, TypeError, ValueError):
        raise TabinterpError(
            f"the explanation must be a shap.Explanation or a local explanation of InterpretML; got {type(explanation).__name__}"
        ) from None
    if values.ndim not in (2, 3):
        raise TabinterpError(
            "the values of the explanation must have the shape (rows, features) or (rows, features, outputs); got "
            f"{values.shape}"
        )
    values = values.reshape(*values.shape[:2], -1)
    rows, _, outputs = values.shape
    if base.shape == (rows,) and outputs == 1:
        base = base[:, None]
    try:
        base = np.broadcast_to(base, (rows, outputs))
    except ValueError:
        raise TabinterpError(
            f"the base values of the explanation must have the shape {(rows, outputs)} or ({outputs},); got {base.shape}"
        ) from None
    names = getattr(explanation, "feature_names", None)
    return values, base, None if names is None else [str(name) for name in names]


def _interpret(explanation: Any) -> tuple[FloatArray, FloatArray, list[str] | None]:
    """Return values (rows, features, 1), base values (rows, 1) and feature names of a local explanation of InterpretML."""
    kind = getattr(explanation, "explanation_type", None)
    if kind != "local":
        raise TabinterpError(
            f"the explanation must be local, such as the result of explain_local(rows); got {argument('explanation_type', kind)}"
        )
    rows = explanation.data(-1)["specific"]
    values = np.array([row["scores"] for row in rows], dtype=np.float64)
    base = np.array([row["extra"]["scores"] for row in rows], dtype=np.float64)
    if values.ndim != 2 or base.shape != (len(rows), 1):
        raise TabinterpError(
            "each row of the explanation must have one score for each feature and one intercept; got scores of shape "
            f"{values.shape} and intercepts of shape {base.shape}. For more than two classes, pass a shap.Explanation"
        )
    return values[:, :, None], base, [str(name) for name in rows[0]["names"]] if rows else None


def _outputs(values: FloatArray, base: FloatArray, bound: BoundModel) -> tuple[FloatArray, FloatArray]:
    """Return the values and base values that belong to the model's outputs.

    If both classes of a binary model are given, only the values of the positive class are returned.
    """
    given, outputs = values.shape[2], len(bound.outputs)
    if given == 2 and outputs == 1 and bound.table.schema.task == "binary":
        return values[:, :, 1:], base[:, 1:]
    if given != outputs:
        raise TabinterpError(
            f"the explanation has {given} outputs, but the model has {outputs}. Pass an explanation of all outputs of this model"
        )
    return values, base


def _on_columns(values: FloatArray, names: list[str] | None, bound: BoundModel) -> FloatArray:
    """Return the values for the model's input columns. Values for encoded columns are summed for each input column."""
    columns, encoding = bound.columns, bound.encoding
    if names is not None and set(columns) <= set(names) <= set(bound.table.schema.inputs):
        return values[:, [names.index(column) for column in columns]]
    if values.shape[1] != encoding.width:
        raise TabinterpError(
            f"the explanation has {values.shape[1]} features. The features must be the {len(columns)} input columns of the "
            f"table, with the same names, or the {encoding.width} encoded columns, in the encoder's order"
        )
    if not all(encoding.local.values()):
        raise TabinterpError(
            "the encoder mixes columns, so the contributions of encoded columns cannot be assigned to individual columns. "
            "Compute the explanation for a function of the table's columns instead"
        )
    return np.stack([values[:, encoding.blocks[column]].sum(axis=1) for column in columns], axis=1)


def _correlation(a: FloatArray, b: FloatArray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) > 0 and np.ptp(b) > 0 else float("nan")
