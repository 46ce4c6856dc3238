"""Reason codes: the columns that contribute most to an adverse decision, under the network and under the linear model.

The Official Interpretations of Regulation B (12 CFR 1002, Supplement I, 9(b)(2)-5) describe two methods. Both name the factors on
which the applicant is furthest below an average. In one method, this is the average of applicants at or just above the cut-off;
in the other, it is the average of all applicants. For a logistic regression, the contribution of a column is beta (x - average).
For a network, there are several ways to compute contributions.

- The main method is interventional Shapley values relative to the narrowly approved rows. It compares each declined row with real
  rows, and treats all encoded columns of a column together.
- Two alternatives are Shapley values relative to the mean of the narrowly approved rows, and Shapley values relative to the mean
  of all rows. If some columns are categorical, the mean is not a possible row.
- Another alternative is integrated gradients with the mean of the narrowly approved rows as the baseline.

A *reason* is a column that contributes to the adverse decision. The list of reasons of a row contains the columns with the
largest contributions, at most four of them (9(b)(2)-1). It is shorter if fewer than four columns contribute to the adverse
decision.

The analysis measures, row by row, how well the lists of two methods agree. It compares only the columns in the lists, because two
methods can agree on the sizes of most contributions and still lead to different lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.clustered_means import Mean
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, named
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError, argument
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.table import Table

from .adverse_decisions import (
    EVALUATIONS,
    REFERENCE,
    case_of,
    interventional,
    linear_values,
    readings,
    without_declined,
)
from .reason_lists import Against, Flips, Likeness, Named, against, alike, flips, named_columns, omitted, protected
from .record import TOP

AUDITED_ROWS = 500  # rows with an adverse decision that an audit explains


@dataclass(frozen=True, eq=False)
class ReasonCodes(Display):
    """Reason codes for declined rows, with measures of their reliability.

    Attributes
    ----------
    rows : number of declined rows that are explained.
    declined_rows : number of declined rows.
    reference_rows : number of narrowly approved rows for comparison with the declined rows. Both models use the same rows.
    network : contribution of each column to the network's adverse decision, in log-odds (rows, columns).
    linear : contribution of each column to the adverse decision under the linear model, in log-odds (rows, columns).
    numbers : row numbers of the explained rows.
    omitted : share of rows in which a column that is not a reason matters more than a reason. How much a column matters is
        measured by how far the network's score moves towards approval when only this column takes the values of the narrowly
        approved rows.
    protected : share of rows for which a protected column is among the reasons, under the network and under the linear
        model; None if no column is protected.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.reasons",
        dict.fromkeys(("network", "linear"), ("value", "ci_low", "ci_high")),
        named("of"),
        order="value",
        by="model",
    )

    columns: tuple[str, ...]
    network: FloatArray
    linear: FloatArray
    numbers: IntArray
    adverse: str
    threshold: float
    rows: int
    declined_rows: int
    reference_rows: int
    likeness: tuple[Likeness, ...]
    flips: tuple[Flips, ...]
    omitted: Mean
    named: tuple[Named, ...]
    protected: tuple[Mean, Mean] | None
    against: tuple[Against, ...]
    seed: int
    estimand: str = (
        "interventional Shapley value of the log-odds, relative to the narrowly approved rows; positive values make the adverse "
        "decision more likely"
    )

    def _numbers(self) -> pd.DataFrame:
        """Return, for each column and model, the share of rows for which the column is a reason."""
        frame = self.frame()
        frame = frame[frame["measure"].isin(["reason_network", "reason_linear"])]
        return frame.assign(model=frame["measure"].str.removeprefix("reason_"))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each measure.

        The column `of` contains the comparison, model or column to which the measure refers. The other columns are the number of
        declined rows on which the measure is based, and the value with its standard error and 95% interval. All measures are
        aggregates over declined rows.
        """
        rows = [
            (measure, one.of, one.rows, getattr(one, measure))
            for one in self.likeness
            for measure in ("jaccard", "changed", "first")
        ]
        rows += [(f"flip_{m}", f.model, f.rows, getattr(f, m)) for f in self.flips for m in ("named", "random", "gain")]
        rows += [("omitted", "network", self.rows, self.omitted)]
        for one in self.named:
            rows += [(f"reason_{m}", one.column, self.rows, getattr(one, m)) for m in ("network", "linear")]
        for model, found in zip(("network", "linear"), self.protected or (), strict=False):
            rows.append(("protected", model, self.rows, found))
        rows += [("against_sign", one.column, one.rows, one.share) for one in self.against]
        names = ("value", "stderr", "ci_low", "ci_high")
        return pd.DataFrame(
            [{"measure": m, "of": of, "rows": n} | dict(zip(names, v, strict=True)) for m, of, n, v in rows]
        )

    @any_backend
    def codes(self) -> pd.DataFrame:
        """Return a data frame with the row number of each explained row and its reasons under each model, strongest first."""
        made: dict[str, Any] = {"row": self.numbers}
        names = np.array([*self.columns, None], dtype=object)
        for model in ("network", "linear"):
            values = getattr(self, model)
            order = np.argsort(-values, axis=1, kind="stable")[:, :TOP]
            order = np.where(np.take_along_axis(values, order, axis=1) > 0, order, -1)
            made |= {f"{model}_{i + 1}": names[order[:, i]] for i in range(order.shape[1])}
        return pd.DataFrame(made)


def reason_codes(
    model: Model | BoundModel,
    linear: Model | BoundModel,
    table: Table,
    *,
    declined: str | None = None,
    threshold: float = 0.5,
    signs: Mapping[str, int] | None = None,
    rows: int | None = None,
    reference: int = REFERENCE,
    evaluations: float = EVALUATIONS,
    seed: int = 0,
) -> ReasonCodes:
    """Return reason codes under the network and under the linear model, for the rows of `table` that the network declines.

    Parameters
    ----------
    table : the rows. The adverse class must be declared when the table is read (`read_table(..., adverse=)`). A row is declined
        if the network predicts this class.
    declined : deprecated. The adverse class, "positive" or "negative", if it was not declared when the table was read.
    threshold : probability above which a row is predicted positive.
    signs : for numeric columns, the intended direction (+1 or -1) of their effect on the score of the positive class.
    rows : maximum number of declined rows to explain, sampled by a hash of their row numbers; None explains all declined rows.
    reference : maximum number of narrowly approved rows for comparison with the declined rows.
    evaluations : maximum number of rows that the network scores to compute one set of Shapley values. It determines the number of
        permutations, from one to sixteen, for each pair of a declined and a narrowly approved row.

    Raises
    ------
    NotApplicableError
        If the task is not binary, if the adverse class was not declared, or if fewer than ten rows are declined or fewer than ten
        are approved.
    TabinterpError
        If an argument has an invalid value.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.random.default_rng(0).normal(size=(400, 2))
    >>> frame = pd.DataFrame(x, columns=["a", "b"]).assign(y=np.where(x[:, 0] > 0, "yes", "no"))
    >>> table = ti.read_table(frame, target="y", positive="yes", adverse="no")
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 0.0]]))
    >>> network = ti.wrap(layer, encoder="passthrough", classes=["no", "yes"])
    >>> found = reason_codes(network, ti.fit_counterpart(network, table), table)
    >>> found.codes()["network_1"].unique().tolist(), found.likeness[0].first[0]
    (['a'], 1.0)
    """
    table = without_declined(table, declined)
    _check(threshold, table, signs)
    network, other = bind(model, table), bind(linear, table)
    case = case_of(network, other, threshold, rows, seed, reference, evaluations)
    main, on_probability = interventional(case.network, case, seed)
    lists = readings(case, main, on_probability)
    lists["linear"] = own = linear_values(case, case.near_mean)
    return ReasonCodes(
        columns=network.columns,
        network=main,
        linear=own,
        numbers=case.table.numbers,
        adverse=str(table.schema.adverse),
        threshold=threshold,
        rows=case.size,
        declined_rows=case.found,
        reference_rows=len(case.near),
        likeness=tuple(alike(case, main, lists)),
        flips=tuple(flips(case, main, own)),
        omitted=omitted(case, main),
        named=tuple(named_columns(case, main, own)),
        protected=protected(case, main, own),
        against=tuple(against(case, main, signs or {})),
        seed=seed,
    )


def _check(threshold: float, table: Table, signs: Mapping[str, int] | None) -> None:
    if table.schema.task != "binary":
        raise NotApplicableError(why("reasons are of a decision between two classes"))
    if table.schema.adverse is None:
        raise NotApplicableError(why("adverse.unstated"))
    if not 0 < threshold < 1:
        raise TabinterpError(
            f"the threshold must be a probability between 0 and 1; got {argument('threshold', threshold)}"
        )
    for column, sign in (signs or {}).items():
        if column not in table.schema.inputs or table.schema[column].kind != "numeric" or sign not in (1, -1):
            raise TabinterpError(
                f"signs must map numeric input columns to +1 or -1; got {sign!r} for column {column!r}"
            )


def run(context: Context) -> ReasonCodes | None:
    """Compute reason codes for both models of an audit; None if the target does not have two classes."""
    if context.network.table.schema.task != "binary":
        return None
    network, linear = context.both(context.evaluated)
    columns = len(network.columns)
    # Each pair of rows needs evaluations for at least two lists of reasons, each from a permutation and its reverse. Further
    # evaluations change single columns or the columns of a list.
    rows, reference = context.rows_and_background(6 * columns, min(context.settings.rows, AUDITED_ROWS), REFERENCE)
    return reason_codes(
        network,
        linear,
        network.table,
        threshold=context.threshold,
        rows=rows,
        reference=reference,
        evaluations=min(EVALUATIONS, context.share / 3),
        seed=context.seed,
    )
