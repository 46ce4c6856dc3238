"""Display classes in scikit-learn's convention: `XDisplay.from_estimator(estimator, table)` computes and draws a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.wrap import wrap
from tabinterp.table import Table

from .calibration.estimator import Calibration, calibration
from .coefficients.estimator import coefficients
from .effects.estimator import effects
from .gradients.estimator import gradient_importance
from .permutation_importance.estimator import permutation_importance
from .shapley_values.estimator import shapley_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class EstimatorDisplay:
    """The result of an analysis, with the axes on which it is drawn.

    Parameters
    ----------
    result : result of the analysis; `result.frame()` returns its numbers.

    Attributes
    ----------
    ax_ : axes of the last plot.
    figure_ : figure of the last plot.
    """

    analysis: ClassVar[Callable[..., Any]]

    def __init__(self, result: Any) -> None:
        self.result = result

    @classmethod
    def from_estimator(
        cls, estimator: Any, table: Table, *, ax: Axes | None = None, output: str | None = None, **options: Any
    ) -> Self:
        """Run the analysis on a model and draw its result.

        Parameters
        ----------
        estimator : a fitted scikit-learn estimator or pipeline, a wrapped model, or any other object that `ti.wrap` accepts
            without further arguments.
        ax : axes to draw on; by default, those of a new figure.
        output : the output to draw if the model has several; by default, the first.
        options : further arguments of the analysis, passed on by name.

        Raises
        ------
        ModelError
            If the estimator is not fitted, or cannot be wrapped without further arguments.
        """
        model = estimator if isinstance(estimator, BoundModel) else wrap(estimator)
        return cls(cls.analysis(model, table, **options)).plot(ax, output=output)

    def plot(self, ax: Axes | None = None, **options: Any) -> Self:
        """Draw the result on `ax`, or on the axes of a new figure.

        `options` are passed to the method `plot` of the result.
        """
        self.ax_ = self.result.plot(ax=ax, **options)
        self.figure_ = self.ax_.figure
        return self


class CalibrationDisplay(EstimatorDisplay):
    """Calibration of a model on the held-out rows of a table."""

    @staticmethod
    def analysis(model: Model | BoundModel, table: Table) -> Calibration:
        return calibration(bind(model, table))


class CoefficientsDisplay(EstimatorDisplay):
    """Coefficients of a linear model, or average derivatives of a network (`ti.coefficients`)."""

    analysis = staticmethod(coefficients)


class EffectsDisplay(EstimatorDisplay):
    """Effect curve of a column (`ti.effects`). For example, `plot(column="age")` draws the curve of the column "age"."""

    analysis = staticmethod(effects)


class GradientImportanceDisplay(EstimatorDisplay):
    """Gradient attributions (`ti.gradient_importance`)."""

    analysis = staticmethod(gradient_importance)


class PermutationImportanceDisplay(EstimatorDisplay):
    """Rise in loss when a column is permuted (`ti.permutation_importance`)."""

    analysis = staticmethod(permutation_importance)


class ShapleyValuesDisplay(EstimatorDisplay):
    """Mean Shapley values of the columns (`ti.shapley_values`)."""

    analysis = staticmethod(shapley_values)
