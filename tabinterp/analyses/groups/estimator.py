"""Group fairness metrics of both models, for the groups of each protected column and of each pair of protected columns.

With two classes, a row is selected if it is not predicted to be in the adverse class. The results for each group are:

- the selection rate, and its difference from the rate of the reference group, with p-value and 95% interval;
- the ratios of the selection rate to the rate of the reference group and to the highest rate of any group;
- the standardised mean difference of the scores;
- the selection rate among rows with a favourable outcome (TPR) and among all other rows (FPR);
- the intercept and slope of recalibration, and the expected calibration error over ten bins.

If the adverse class was not stated, the selection rate is the share of rows predicted positive, and there are no ratios. For
regression and counts, the mean prediction replaces the selection rate, and there is no ratio, TPR or FPR. Adverse impact is
assessed in `adverse_impact`.

Intervals are Wilson's (1927) for shares and Newcombe's (1998) for differences. The interval of a ratio is computed by MOVER from
two Wilson intervals (Donner & Zou 2012). The p-value of a difference comes from the pooled z-test. The share of a group is
withheld if fewer than ten of its rows are selected, or if fewer than ten are not selected. Any other number from which this share
could be calculated is also withheld (see `partition`). For the ratio of such a group, only one end of the interval is shown. This
end is computed as if the small count were nine.

Scores are compared by Hedges' g (1981): the difference of means divided by the standard deviation pooled over the two groups,
with a small-sample correction. If rows are weighted or clustered, intervals use the effective sample size, which is the number of
independent rows that would give the same standard error (Korn & Graubard 1998). For clustered rows, critical values are those of
Student's t for the number of sampling units (clusters). If two groups share sampling units, the interval of their ratio accounts
for the correlation between the sampling errors of the two rates. The interval of their difference does not account for this
correlation and is therefore too wide if rows of the same unit are similar.

With several classes, each class in turn is the selected class. Rows predicted to be in this class are selected, the score is the
score of the class, and the outcome is this class against all others. The shares of all classes add up to one, so the shares that
may be shown are chosen for all classes together. The accuracy and log loss in each group that is defined by a single column are
also reported (`fits`).

None of these metrics is a legal test. Four fifths is a rule of thumb in United States employment guidelines (29 CFR 1607.4 D). No
law sets a limit for a standardised difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.base import Stream
from tabinterp.analyses.calibration.estimator import recalibrations
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn
from tabinterp.analyses.reason_codes.adverse_decisions import without_declined
from tabinterp.analyses.settings import THRESHOLD, AuditSettings
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model, bind
from tabinterp.stats.group_contrasts import NONE, Estimate
from tabinterp.table import Table

from . import group_sums
from .adverse_impact import AdverseImpact, adverse_impact
from .group_metrics import ESTIMATES, Judged, Treated, group_shares, treated
from .group_sums import Plan, Sums
from .partition import Cell, Condition, Family
from .several_classes import Fitting, fitting


@dataclass(frozen=True, eq=False)
class Group:
    """One group with its number of rows and the results of both models.

    If the group is withheld (`told` is False), only its name is set. With several classes, rows predicted to be in
    the class `output` count as selected. `fit_rows` is the number of rows on which the intercept and slope are fitted.
    """

    cell: Cell
    rows: int | None
    control: bool
    network: Treated | None
    linear: Treated | None
    output: str | None = None
    fit_rows: int | None = None

    @property
    def told(self) -> bool:
        return self.network is not None

    @property
    def name(self) -> str:
        return self.cell.name


@dataclass(frozen=True, eq=False)
class Fitted:
    """Accuracy and log loss of both models in a group that is defined by a single column. Results are None if the group is
    withheld.
    """

    cell: Cell
    rows: int | None
    control: bool
    network: Fitting | None
    linear: Fitting | None


@dataclass(frozen=True, eq=False)
class Groups(Display):
    """Results for all groups: first the groups defined by a single column, then those defined by a pair of columns.

    With more than two classes, this order is repeated for each class.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.groups",
        dict.fromkeys(("network", "linear"), ("rate", "rate_low", "rate_high")),
        lambda row: str(row["group"]) if pd.isna(row["output"]) else f"{row['group']}: {row['output']}",
        by="model",
        other="groups",
        at=None,
    )

    groups: tuple[Group, ...]
    rows: int
    held_out: bool
    threshold: float
    compared: str | None  # with two classes, the class whose predicted share is compared; None for other targets
    adverse: str | None  # the adverse class, if it was stated; `compared` is then the other class
    named: dict[str, str]  # reference groups as given by the user
    fits: tuple[Fitted, ...] = ()  # only for several classes
    impact: tuple[AdverseImpact, AdverseImpact] | None = None  # of both models; None if no adverse class was stated
    label: str = "jurisdiction-dependent"

    @property
    def favourable(self) -> str | None:
        """The class that is not adverse; None if the adverse class was not stated or no such class exists."""
        return None if self.adverse is None else self.compared

    def _axis(self) -> str:
        return text(self.drawn.axis if self.compared is not None or self.fits else "plot.axis.groups.mean")

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each group and model; withheld values are NaN."""
        return pd.DataFrame([_row(g, name) for g in self.groups for name in ("network", "linear")])


def _row(group: Group, name: str) -> dict[str, Any]:
    row: dict[str, Any] = {"columns": group.cell.columns, "group": group.name, "model": name, "rows": group.rows}
    row |= {"output": group.output, "control": group.control, "told": group.told}
    one = getattr(group, name)
    for part in ESTIMATES:
        found = NONE if one is None else getattr(one, part)
        row |= dict(zip((part, f"{part}_stderr", f"{part}_low", f"{part}_high"), found, strict=True))
    return row | {part: np.nan if one is None else getattr(one, part) for part in ("p", "tpr", "fpr", "ece")}


def groups(
    model: Model | BoundModel,
    linear: Model | BoundModel,
    table: Table,
    *,
    control: Mapping[str, Any] | None = None,
    threshold: float = THRESHOLD,
    declined: str | None = None,
) -> Groups:
    """Compare how both models treat the groups of the protected columns.

    The held-out rows of `table` are used, or all rows if there is no split.

    Parameters
    ----------
    control : mapping from the names of columns to their reference groups, as text. By default, the reference is the largest group
        of a column.
    threshold : for two classes, the probability above which a row is predicted positive.
    declined : deprecated. The adverse class ("positive" or "negative"), if the table does not state it.

    Raises
    ------
    NotApplicableError
        If no column is protected, or a reference group does not exist.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> sex = np.repeat(["f", "m"], [50, 150])
    >>> x = np.where(np.arange(200) % 5 < np.where(sex == "f", 1, 2), 1.0, -1.0)
    >>> frame = pd.DataFrame({"x": x, "sex": sex, "y": x > 0})
    >>> table = ti.read_table(frame, target="y", positive=True, adverse=False, protected=["sex"], drop=["sex"])
    >>> layer = torch.nn.Linear(1, 1, bias=False)
    >>> _ = layer.weight.data.fill_(1.0)
    >>> model = ti.wrap(layer, encoder="passthrough")
    >>> ti.groups(model, model, table).frame()[["group", "rate", "ratio"]].iloc[::2].round(2).values.tolist()
    [['sex: f', 0.2, 0.5], ['sex: m', 0.4, nan]]
    """
    if not 0 < threshold < 1:
        raise NotApplicableError(
            f"the threshold must be a probability between 0 and 1; got {argument('threshold', threshold)}"
        )
    table = without_declined(table, declined)
    both = [bind(one, table) for one in (model, linear)]
    if table.held_out is not None:
        both = [one.take(table.held_out) for one in both]
    plan = group_sums.start(both[0], both[1], control=control, threshold=threshold)
    if plan is None:
        raise NotApplicableError(why("no column was declared protected"))
    return _groups(plan, group_sums.update(plan, *both), both)


# intercept and slope of one model; for a group and a class, those of both models and the number of rows in the fit
Slope = tuple[Estimate, Estimate]
Slopes = dict[tuple[tuple[Condition, ...], str | None], tuple[int | None, Slope, Slope]]
NO_SLOPE: Slope = (NONE, NONE)


def _slopes(plan: Plan, both: Sequence[BoundModel]) -> Slopes:
    """Return the calibration intercept and slope of every group that is shown, if the rows are known to be held out."""
    found: Slopes = {}
    if not plan.held_out:
        return found
    cells = plan.cut.codes(both[0].table)
    counts = [np.bincount(codes, minlength=size) for codes, size in zip(cells, plan.cut.sizes, strict=True)]
    for codes, family in zip(cells, plan.cut.families(counts), strict=True):
        for cell, place in zip(family.cells, family.places, strict=True):
            if cell.told:
                made = [recalibrations(one.take(codes == place)) for one in both]
                for output, (network, linear) in zip(_outputs(plan), zip(*made, strict=True), strict=True):
                    found[cell.conditions, output] = cell.rows, network, linear
    return found


def _outputs(plan: Plan) -> list[str | None]:
    return [*plan.labels] if plan.task == "multiclass" else [None]


def _groups(plan: Plan, sums: Sums, both: Sequence[BoundModel]) -> Groups:
    """Compute the results for all groups from `sums`.

    Intercepts and slopes are fitted on the rows to which the models in `both` are bound.
    """
    cut, slopes = plan.cut.families(sums.counts), _slopes(plan, both)
    shares = [group_shares(plan, sums, cut, i) for i in range(2)]
    judged = [treated(plan, one, cut) for one in shares]
    found: list[Group] = []
    for k, output in enumerate(_outputs(plan)):
        found += _of_output(cut, judged[0][k], judged[1][k], slopes, output)
    several = plan.task == "multiclass"
    side = None if several or not plan.labels else plan.labels[plan.compared]
    fits = tuple(_fits(sums, cut)) if several else ()
    impact = None if side is None or plan.adverse is None else [adverse_impact(cut, one[0]) for one in shares]
    return Groups(
        groups=tuple(found),
        rows=sums.rows,
        held_out=plan.held_out,
        threshold=plan.threshold,
        compared=side,
        adverse=plan.adverse,
        named=dict(plan.cut.control),
        fits=fits,
        impact=None if impact is None else (impact[0], impact[1]),
    )


def _of_output(
    cut: Sequence[Family], network: Judged, linear: Judged, slopes: Slopes, output: str | None
) -> Iterator[Group]:
    for family, *judged in zip(cut, network, linear, strict=True):
        for j, (cell, *both) in enumerate(zip(family.cells, *judged, strict=True)):
            rows, *fits = slopes.get((cell.conditions, output), (None, NO_SLOPE, NO_SLOPE))
            told = [
                None if one is None else replace(one, intercept=fit[0], slope=fit[1])
                for one, fit in zip(both, fits, strict=True)
            ]
            size, control = (cell.rows, rows) if cell.told else (None, None), j == family.control
            yield Group(cell, size[0], control, told[0], told[1], output, size[1])


def _fits(sums: Sums, cut: Sequence[Family]) -> Iterator[Fitted]:
    """Yield the accuracy and log loss in each group that is defined by a single column."""
    single = [family for family in cut if len(family.columns) == 1]
    made = [fitting(single, found) for found in sums.fits]
    for family, *judged in zip(single, *made, strict=True):
        for j, (cell, network, linear) in enumerate(zip(family.cells, *judged, strict=True)):
            yield Fitted(cell, cell.rows if cell.told else None, j == family.control, network, linear)


# ---- over all rows of a scan


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> Plan | None:
    """Return the settings for computing sums over rows; None if no column is protected."""
    return group_sums.start(network, linear, control=settings.control, threshold=settings.threshold)


def finish(context: Context, plan: Plan, sums: Sums) -> Groups:
    """Return the results for all groups. The sums are over all rows; intercepts and slopes are fitted on the sampled rows."""
    return _groups(plan, sums, context.both(context.evaluated))


STREAM = Stream(start, group_sums.update, group_sums.merge, finish)


def run(context: Context) -> Groups | None:
    """Compare groups under both models of an audit; None if no column is protected."""
    if not any(column.protected for column in context.network.table.schema.columns):
        return None
    return groups(context.network, context.linear, context.network.table, **context.grouping)
