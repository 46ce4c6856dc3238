"""How the two models treat groups of people: the columns declared protected, and two of them at once.

Selected are the rows on the favourable side of a decision between two classes. In each group: the share that is selected; its
ratio to that of a control group, and to that of the most selected group; the difference from the control group with p and 95%
interval; the standardised mean difference of the scores; shares selected among those whose outcome was favourable (TPR) and among
the others (FPR); intercept and slope of recalibration, and the expected calibration error over ten bins. Of a number or a count
the mean prediction stands for the share, and there is no ratio, TPR or FPR.

Differences of shares have Newcombe's interval (1998) and the pooled z-test, ratios the log interval adjusted at zero (Walter
1975), all by statsmodels. The share of a group of which fewer than ten rows are selected, or are not, is not told, nor what it
could be reckoned from (`partition`); of its ratio there is then one end, were they nine. Scores are compared by Hedges' g
(1981): the difference of means over the standard deviation pooled over the two groups, corrected for small numbers. Weighted
rows count as as many as say as much (Kish 1965), and rows that belong together as many as have the standard error of their
share; two groups that share such rows are taken as independent, which makes intervals too wide where these rows are alike.

Of several classes each is the selected one in turn: selected are the rows of which it is the predicted class, the score is its
own, and its outcome stands against all others. Which of a group's shares may be told is decided over all classes at once, because
they add up to one. Beside them stand the accuracy and the log loss of every group of one column (`fits`).

None of this is a legal test. Four fifths, for the first ratio, is a rule of thumb of United States employment guidelines (29 CFR
1607.4 D); no law names a limit for a standardised difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ..errors import NotApplicableError
from ..messages import text
from ..models import Bound, Model, bind
from ..readouts.display import Display, Drawn
from ..readouts.grids import SMALL
from ..readouts.weights import effective
from ..sentence import why
from ..table import Table
from ..table.draws import FloatArray, IntArray
from .calibration import Calibrated, calibration
from .classes import Fitting, fitting, predicted, told_classes
from .declined import Declined
from .means import influences, spread
from .partition import BoolArray, Cell, Family, families, shares_told
from .performance import groups as together
from .rates import NONE, Estimate, Share, of_mean, of_means, of_share, of_shares, ratio_of, standardised

THRESHOLD = 0.5
ESTIMATES = (
    "rate", "ratio", "ratio_most", "difference", "smd", "tpr_difference", "fpr_difference", "intercept", "slope",
)  # fmt: skip


@dataclass(frozen=True)
class Treated:
    """One group under one model. `rate` is the share selected, or the mean prediction; differences are group less control.

    Estimates are (value, standard error, low, high), NaN where there is none: of the control group itself, where fewer than ten
    rows tell a number, and of a ratio to nothing. Where fewer than ten rows are selected, `ratio` has its upper end alone, were
    they nine; where fewer than ten are not, its lower end.
    """

    rate: Estimate
    difference: Estimate
    p: float  # that there is none
    smd: Estimate
    intercept: Estimate
    slope: Estimate
    ece: float
    ratio: Estimate = NONE  # to the control group
    ratio_most: Estimate = NONE  # to the most selected group
    tpr: float = np.nan
    tpr_difference: Estimate = NONE
    fpr: float = np.nan
    fpr_difference: Estimate = NONE


@dataclass(frozen=True, eq=False)
class Group:
    """A group, the number of its rows and both models; nothing but its name where it is held back (`told` is False).

    `output`: of several classes, the one that is selected here.
    """

    cell: Cell
    rows: int | None
    control: bool
    network: Treated | None
    linear: Treated | None
    output: str | None = None

    @property
    def told(self) -> bool:
        return self.network is not None

    @property
    def name(self) -> str:
        return self.cell.name


@dataclass(frozen=True, eq=False)
class Fitted:
    """How well both models fit a group of one column; None where it is held back."""

    cell: Cell
    rows: int | None
    control: bool
    network: Fitting | None
    linear: Fitting | None


@dataclass(frozen=True, eq=False)
class Groups(Display):
    """All groups, column by column, then pair by pair; of several classes, class by class."""

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
    favourable: str | None  # the class that is selected; None: mean predictions
    named: dict[str, str]  # control groups as the user gave them
    fits: tuple[Fitted, ...] = ()  # of several classes
    label: str = "jurisdiction-dependent"

    def _axis(self) -> str:
        return text(self.drawn.axis if self.favourable is not None or self.fits else "plot.axis.groups.mean")

    def frame(self) -> pd.DataFrame:
        """One row for each group and model; what is held back is NaN."""
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
    model: Model | Bound,
    linear: Model | Bound,
    table: Table,
    *,
    control: Mapping[str, Any] | None = None,
    threshold: float = THRESHOLD,
    declined: Declined = "negative",
) -> Groups:
    """Compare the groups of `table`'s protected columns under both models, on its held-out rows (all rows without a split).

    Parameters
    ----------
    control : column -> the group that the others are set against, as text; where a column is not named, its largest group.
    threshold : on the probability of the positive class, of a decision between two classes.
    declined : which side is the adverse one; "negative": rows predicted positive are selected.

    Raises
    ------
    NotApplicableError
        when no column is protected, and for a control group that there is not.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> sex = np.repeat(["f", "m"], [50, 150])
    >>> x = np.where(np.arange(200) % 5 < np.where(sex == "f", 1, 2), 1.0, -1.0)
    >>> frame = pd.DataFrame({"x": x, "sex": sex, "y": x > 0})
    >>> table = ti.read_table(frame, target="y", positive=True, protected=["sex"], drop=["sex"])
    >>> layer = torch.nn.Linear(1, 1, bias=False)
    >>> _ = layer.weight.data.fill_(1.0)
    >>> model = ti.wrap(layer, encoder="passthrough")
    >>> ti.groups(model, model, table).frame()[["group", "rate", "ratio"]].iloc[::2].round(2).values.tolist()
    [['sex: f', 0.2, 0.5], ['sex: m', 0.4, nan]]
    """
    if not any(c.protected for c in table.schema.columns):
        raise NotApplicableError(why("no column was declared protected"))
    if not 0 < threshold < 1:
        raise NotApplicableError(f"threshold is a probability between 0 and 1; got {threshold}")
    both = [bind(one, table) for one in (model, linear)]
    if table.held_out is not None:
        both = [one.take(table.held_out) for one in both]
    rows = both[0].table
    cut = families(rows, control or {})
    labels, several = rows.schema.labels, table.schema.task == "multiclass"
    side = None if several or not labels else labels[1] if declined == "negative" else labels[0]
    named = {column: str(group) for column, group in (control or {}).items()}
    found: list[Group] = []
    if several:
        classes = [_by_class(one, cut) for one in both]
        for k, label in enumerate(labels):
            found += _groups(cut, classes[0][k], classes[1][k], label)
    else:
        judged = [_judged(one, cut, threshold, declined) for one in both]
        found += _groups(cut, judged[0], judged[1])
    fits = tuple(_fits(both, cut)) if several else ()
    return Groups(tuple(found), len(rows), table.held_out is not None, threshold, side, named, fits)


Judged = list[list[Treated | None]]  # of each cell of each family


def _groups(cut: tuple[Family, ...], network: Judged, linear: Judged, output: str | None = None) -> list[Group]:
    return [
        Group(cell, _size(cell), j == family.control, network[i][j], linear[i][j], output)
        for i, family in enumerate(cut)
        for j, cell in enumerate(family.cells)
    ]


def _size(cell: Cell) -> int | None:
    return int(cell.rows.sum()) if cell.told else None


def _fits(both: list[Bound], cut: tuple[Family, ...]) -> Iterator[Fitted]:
    """Accuracy and log loss, of groups of one column."""
    rows = [_plain(one, np.zeros(len(one.table)), one.scores[:, 0], None) for one in both]
    single = [family for family in cut if len(family.columns) == 1]
    made = [fitting(one, single, share.share) for one, share in zip(both, rows, strict=True)]
    for i, family in enumerate(single):
        for j, cell in enumerate(family.cells):
            yield Fitted(cell, _size(cell), j == family.control, made[0][i][j], made[1][i][j])


# ---- one model


@dataclass(frozen=True, eq=False)
class Decided:
    """What groups are judged by: (n,) selected or not (of numbers: predictions), scores, whether the outcome was favourable
    (None of numbers), weights, and which rows belong together."""

    selected: FloatArray
    score: FloatArray
    outcome: BoolArray | None
    weights: FloatArray
    clusters: IntArray
    clustered: bool

    def share(self, values: FloatArray, mask: BoolArray) -> Share:
        """Mean of `values` over a group."""
        inside, found = self.weights[mask], values[mask]
        if len(found) < SMALL or not inside.any():
            return Share()
        mean = float(np.average(found, weights=inside))
        variance, size = float(np.average((found - mean) ** 2, weights=inside)), effective(inside)
        apart = len(np.unique(self.clusters[mask])) if self.clustered else len(found)
        if apart < len(found):
            error, _ = spread(influences(values, self.weights, mask)[1], self.clusters, mask)
            size = min(size, variance / error**2) if error > 0 else size * apart / len(found)
        mean = float(np.clip(mean, found.min(), found.max()))  # rounding may leave a share above 1
        return Share(mean, size, float(np.sqrt(variance)))


def decided(bound: Bound, threshold: float, declined: Declined, scores: FloatArray | None = None) -> Decided:
    """Of a model's rows: selected or not, for two classes; otherwise what it predicts. `scores` (n, k): not its own."""
    table, score = bound.table, (bound.scores if scores is None else scores)[:, 0]
    if table.schema.task != "binary":
        return _plain(bound, np.exp(score) if table.schema.task == "count" else score, score, None)
    positive, outcome = score > np.log(threshold / (1 - threshold)), table.y > 0
    if declined == "positive":
        positive, outcome = ~positive, ~outcome
    return _plain(bound, positive.astype(np.float64), score, outcome)


def _plain(bound: Bound, selected: FloatArray, score: FloatArray, outcome: BoolArray | None) -> Decided:
    clusters = together(bound.table)
    apart = len(np.unique(clusters)) == len(clusters)
    return Decided(selected, score, outcome, bound.table.row_weights, clusters, not apart)


@dataclass(frozen=True, eq=False)
class Told:
    """Rows (n,) of a group, whether the share selected, and the shares of both outcomes, may be told, and its calibration."""

    rows: BoolArray
    rate: bool
    errors: bool
    calibrated: Calibrated | None


def _judged(bound: Bound, cut: tuple[Family, ...], threshold: float, declined: Declined) -> Judged:
    rows = decided(bound, threshold, declined)
    rates = [[cell.told for cell in family.cells] for family in cut]
    if rows.outcome is not None:
        rates = shares_told(cut, rows.selected.astype(np.int64))
    return _told(rows, cut, rates, [[calibrated[0] for calibrated in one] for one in _calibrated(bound, cut)])


def _by_class(bound: Bound, cut: tuple[Family, ...]) -> list[Judged]:
    """Each class as the selected one."""
    chosen, calibrated = predicted(bound), _calibrated(bound, cut)
    made = []
    for k, rates in enumerate(told_classes(cut, chosen, len(bound.outputs))):
        rows = _plain(bound, (chosen == k).astype(np.float64), bound.scores[:, k], bound.table.y == k)
        made.append(_told(rows, cut, rates, [[one[k] for one in family] for family in calibrated]))
    return made


def _calibrated(bound: Bound, cut: tuple[Family, ...]) -> list[list[tuple[Calibrated | None, ...]]]:
    """Of each cell of each family, its outputs; None of what is held back, or where no rows are known to be held out."""
    nothing = (None,) * len(bound.outputs)
    known = bound.table.held_out is not None
    return [
        [calibration(bound.take(c.rows)).outputs if known and c.told else nothing for c in family.cells]
        for family in cut
    ]


def _told(
    rows: Decided, cut: tuple[Family, ...], rates: list[list[bool]], calibrated: list[list[Calibrated | None]]
) -> Judged:
    errors = rates
    if rows.outcome is not None:
        errors = shares_told(cut, 2 * rows.selected.astype(np.int64) + rows.outcome)
    return [
        _family(
            rows,
            family,
            [
                Told(c.rows, rate, rate and both, here) if c.told else None
                for c, rate, both, here in zip(family.cells, some, more, fitted, strict=True)
            ],
        )
        for family, some, more, fitted in zip(cut, rates, errors, calibrated, strict=True)
    ]


def _family(rows: Decided, family: Family, told: list[Told | None]) -> list[Treated | None]:
    rates = [-np.inf if one is None else np.nan_to_num(rows.share(rows.selected, one.rows).value) for one in told]
    most = told[int(np.argmax(rates))]
    control = None if family.control is None else told[family.control]
    return [
        None if one is None else _treated(rows, one, None if one is control else control, None if one is most else most)
        for one in told
    ]


def _treated(rows: Decided, group: Told, control: Told | None, most: Told | None) -> Treated:
    mask, here = group.rows, group.calibrated
    rate, against = _rate(rows, group), _rate(rows, control)
    kept: dict[str, Any] = {}
    if rows.outcome is None:
        kept["difference"], kept["p"] = of_means(rate, against)
    else:
        kept["difference"], kept["p"] = of_shares(rate, against)
        kept["ratio"] = ratio_of(rate, against) if group.rate else _one_end(rows, mask, against)
        kept["ratio_most"] = ratio_of(rate, _rate(rows, most))
        for name, side in (("tpr", rows.outcome), ("fpr", ~rows.outcome)):
            found, other = (
                rows.share(rows.selected, one.rows & side) if one is not None and one.errors else Share()
                for one in (group, control)
            )
            kept |= {name: found.value, f"{name}_difference": of_shares(found, other)[0]}
    return Treated(
        rate=of_mean(rate) if rows.outcome is None else of_share(rate),
        smd=standardised(
            rows.share(rows.score, mask), Share() if control is None else rows.share(rows.score, control.rows)
        ),
        intercept=NONE if here is None else here.intercept,
        slope=NONE if here is None else here.slope,
        ece=np.nan if here is None else _ece(here),
        **kept,
    )


def _rate(rows: Decided, group: Told | None) -> Share:
    return rows.share(rows.selected, group.rows) if group is not None and group.rate else Share()


def _one_end(rows: Decided, mask: BoolArray, against: Share) -> Estimate:
    """Of a ratio that is not told: the end that holds were nine rows selected, or not selected, where fewer than ten are."""
    weights = rows.weights[mask]
    share = float(np.sort(weights)[:-SMALL:-1].sum() / weights.sum()) if weights.any() else np.nan
    for side, end in ((rows.selected[mask], 3), (1 - rows.selected[mask], 2)):
        if 0 < side.sum() < SMALL:
            value = share if end == 3 else 1 - share
            bound = ratio_of(Share(value, effective(weights), float(np.sqrt(share * (1 - share)))), against)
            return (np.nan, np.nan, np.nan, bound[3]) if end == 3 else (np.nan, np.nan, bound[2], np.nan)
    return NONE


def _ece(calibrated: Calibrated) -> float:
    """Mean distance of prediction and outcome over the bins, by their rows; noise alone makes it positive."""
    rows = sum(b.rows for b in calibrated.bins)
    return float(sum(b.rows * abs(b.predicted - b.observed) for b in calibrated.bins) / rows) if rows else np.nan
