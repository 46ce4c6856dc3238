"""The audit as a document: typed, versioned, and all that findings and report ever see.

No model and no row of data is in here. Numbers are on original columns. An interval is 95% unless it says otherwise.
`None` stands for "there is no such number", and a `reason` beside it says why. What differs from run to run (time,
paths, thread counts) is not here but in `run.json`.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from tabinterp.analyses.compared_types import Calibration, Disagreement, Gain
from tabinterp.analyses.conditional_importance.types import Baselines, Together
from tabinterp.analyses.data_quality.types import Extrapolation, OffSupport, TableReadings
from tabinterp.analyses.groups.types import Groups
from tabinterp.analyses.hidden_units.types import Inside
from tabinterp.analyses.mechanism.types import Mechanism
from tabinterp.analyses.performance.types import Judged
from tabinterp.analyses.reason_codes.types import Reasons
from tabinterp.analyses.slices.types import Slices
from tabinterp.analyses.trust.types import Trust

from .base import Interval, LeftOut, Message, Metric, MetricRow, Part, Scalar, Status, Summed
from .evidence_rows import Card, EvidenceRow
from .rows_of_analyses import TOLERANCE, ReadingRows

# from here as well; all that follows besides
__all__ = ["Interval", "LeftOut", "Message", "Metric", "MetricRow", "Part", "Scalar", "Status"]

SCHEMA_VERSION: Final = "1.0"


class ColumnInfo(Part):
    name: str
    kind: Literal["numeric", "categorical", "boolean", "ordinal"]
    role: Literal["input", "target", "weight", "group", "split", "dropped"]
    protected: bool
    levels: int | None  # number of distinct values of a column that is not numeric
    missing: int | None  # rows in which it is missing; None: from 1 to 9, or all but as many
    constant: bool = False  # one value, or none at all
    read_by_network: bool
    digest: str = ""  # HMAC-SHA256 of its contents, independent of the file's format; empty without a key
    fast: bool  # moved through the first layer alone (True), or by encoding the whole row again (False)


class Drawn(Part):
    """Of rows that were read in batches, those drawn by a hash of their number."""

    rows: int
    held_out_rows: int | None
    summed: list[Summed]  # of all rows, in batches


class WithoutTarget(Part):
    """Rows that were left out because their target is missing."""

    rows: int | None  # None: from 1 to 9


class Grouping(Part):
    """Groups of rows that are one draw, such as the rows of a person: of the rows at hand, which are those drawn of a larger "
    "table."""

    column: str
    groups: int
    training: int | None  # groups with training rows; None: it is not known which rows were held out
    held_out: int | None
    shared: int | None  # groups with rows on both sides


class Data(Part):
    name: str
    rows: int
    held_out_rows: int | None  # None: it is not known which rows were held out
    training_rows: int | None
    drawn: Drawn | None = None  # None: all rows were at hand
    without_target: WithoutTarget | None = (
        None  # not among `rows`; None: the table was read so that none could be left out
    )
    target: str
    task: Literal["binary", "multiclass", "regression", "count"]
    classes: list[str]  # empty for numbers and counts; for a binary task the positive class is the last
    # share of each class (weighted when there are weights), over all rows; None: it would tell of a class of 1 to 9 rows
    rates: list[float | None]
    events: int | None = (
        None  # evaluated rows of the least frequent class; None: no classes, or it would tell of 1 to 9 rows
    )
    adverse: str | None = None  # of two classes, the one whose prediction hurts the person; None: not stated
    weighted: bool
    grouping: Grouping | None = None  # None: every row is a draw by itself
    split: Message
    columns: list[ColumnInfo]


class ModelInfo(Part):
    name: str  # "MLPClassifier 128-64"
    library: str  # "scikit-learn 1.7"
    parameters: int
    hidden: list[int]  # units of each hidden layer that was found; empty for a linear model
    converged: bool | None = None  # None: the model does not say
    linear: bool = False  # no operation that is not affine behind its encoder: a network with no hidden layer
    notes: list[Message]  # what a reader must know of how it was read


class Verdict(Part):
    status: Status
    metric: Metric
    difference: Interval  # network minus linear, of the metric; positive is worse for a loss
    margin: float | None  # differences smaller than this do not matter
    margin_given: bool = False  # by the user
    rows_needed: int | None = (
        None  # held-out rows that would resolve it, were the difference to stay; None unless it is open
    )
    sentence: Message
    lines: list[Message]


class Swapped(Part):
    """Predicted classes that match the target significantly better in another order."""

    predicted: list[str]  # only classes that change places
    happened: list[str]
    gain: Interval  # rise of the accuracy when predictions are renamed so


class Performance(Part):
    held_out: bool  # False: every row, and the network may have been trained on them
    rows: int
    resamples: int
    seed: int
    threshold: float | None = None  # of two classes, the probability above which a row is predicted to be positive
    metrics: list[MetricRow]
    skill: Interval = Interval()  # loss of always predicting the class shares, or the mean, less the network's loss
    swapped: Swapped | None = None  # None: no other order of classes is better, or the classes are not several


class ImportanceRow(Part):
    column: str
    network: Interval
    linear: Interval
    difference: Interval = Interval()  # network minus linear, paired by row
    off_support: float | None  # share of permuted rows farther from real rows than 95% of real rows are
    exact: bool  # every donor was weighed: no Monte Carlo error


class Importance(Part):
    loss: Metric
    rows: int
    repeats: int
    seed: int
    off_support_rows: int
    rows_of: Literal["held-out", "all"]
    columns: list[ImportanceRow]  # most important for the network first


class CoefficientRow(Part):
    """One term: a column per unit, or one level against the reference level."""

    output: str | None  # class label when there are several outputs
    column: str
    level: str | None
    reference: str | None
    unit: str | None  # None: per unit of the column; otherwise words for what one unit is
    sd: float | None  # standard deviation of the column, to turn "per unit" into "per standard deviation"
    linear: Interval  # unpenalised fit; no interval where it would not be valid
    z: float | None
    p: float | None
    odds_ratio: Interval = Interval()  # where the scale is log-odds
    rate_ratio: Interval = Interval()  # where the scale is log-rate
    penalised: float | None  # the same term of the penalised rival
    network: Interval  # average derivative, or average contrast to the reference level
    network_rows: int | None  # that were read for it; None where there is none
    sign_flip: float | None  # share of rows whose own derivative has the other sign than the average
    surrogate: float | None  # the same term of the linear surrogate of the network's score
    conflict: bool  # both intervals exclude zero, on different sides
    reason: Message | None  # why a number is missing


class WaldRow(Part):
    """Joint test that every coefficient of one original column is zero."""

    output: str | None
    column: str
    statistic: float | None
    df: int
    p: float | None
    vif: float | None  # generalised variance inflation factor to the power 1/df


class Surrogate(Part):
    output: str | None
    r2: float | None  # share of the variance of the network's score that a linear function of the columns explains
    low: float | None = None
    high: float | None = None
    rows_fitted: int = 0
    rows_scored: int = 0
    held_out: bool = False  # fitted on training rows, scored on held-out ones


class Coefficients(Part):
    scale: Literal["log-odds", "target", "log-rate"]
    rows_inference: int
    rows_network: int
    method: Message
    terms: list[CoefficientRow]
    tests: list[WaldRow]
    surrogates: list[Surrogate]
    notes: list[Message]


class GradientRow(Part):
    output: str | None
    column: str
    network: Interval  # mean over rows of the signed attribution
    network_size: Interval  # mean absolute attribution (biased upward by noise: no claim rests on it)
    linear: Interval
    linear_size: Interval


class GradientMethod(Part):
    method: str
    estimand: Message
    rows: int
    steps: int | None  # the most steps any row needed
    gap_network: float | None  # completeness gap; None: the method has none
    gap_linear: float | None
    tolerance: float | None
    columns: list[GradientRow]


class Gradients(Part):
    rows_of: Literal["held-out", "all"]
    saturation: float | None  # median p(1-p) of the network, in [0, 0.25]
    methods: list[GradientMethod]
    baselines: Baselines | None = None


class ShapleyRow(Part):
    output: str | None
    column: str
    network: Interval  # signed mean over rows
    network_size: Interval  # mean absolute value (biased upward by noise)
    network_tied: bool  # its rank by mean absolute value, against the next below it, is inside the noise
    linear: Interval
    linear_size: Interval
    linear_tied: bool


class ShapleyModel(Part):
    method: Literal["auto", "exact", "permutation", "closed form"]
    exact: bool  # nothing was sampled
    converged: float | None  # share of rows on which every sampling error is within the tolerance
    residual: float | None  # largest over rows: base + sum of values - score, in standard deviations of the score


class Shapley(Part):
    """What each column adds to the score of a row, against the background; both models on the same rows."""

    rows_of: Literal["held-out", "all"]
    rows: int
    background_rows: int
    tolerance: float  # of the sampling error of a value, in standard deviations of the score
    seed: int
    network: ShapleyModel
    linear: ShapleyModel
    columns: list[ShapleyRow]  # for each output, the largest for the network first


class EffectCurve(Part):
    """One model at one point: the mean score with every row at the value, less its mean over the column's distribution."""

    effect: Interval = Interval()
    ale: Interval = Interval()  # accumulated local effect; none where the column has no order
    ice_low: float | None = None  # 10% and 90% of single rows' centred curves
    ice_high: float | None = None


class EffectPoint(Part):
    """A point of fewer than ten rows has neither value nor numbers. Where such a count would follow from the others, the point
    of the fewest rows beside it has no number of rows, and all else."""

    value: str | float | None  # None: missing values, or not printed
    missing: bool
    rows: int | None  # that lie nearest to it; None: fewer than ten, or such a number would follow from it
    sparse: bool  # fewer than 30
    network: EffectCurve = EffectCurve()
    linear: EffectCurve = EffectCurve()

    @property
    def is_printed(self) -> bool:
        """Whether ten rows or more lie nearest to it."""
        return self.rows is not None or self.network.effect.value is not None


class Effect(Part):
    output: str | None
    column: str
    kind: Literal["numeric", "categorical", "boolean", "ordinal"]
    off_grid: float | None  # share of rows at levels that have no point; None: it would tell of 1 to 9 rows
    points: list[EffectPoint]


class Effects(Part):
    rows_of: Literal["held-out", "all"]
    rows: int
    ice_rows: int
    seed: int
    columns: int  # that could have been drawn; those that matter most were
    curves: list[Effect]


class InteractionRow(Part):
    output: str | None
    first: str
    second: str
    variance: Interval  # of the pair's partial dependence less those of its columns
    share: Interval  # of the variance of the score
    h2: Interval  # of the variance of the pair's partial dependence (Friedman & Popescu 2008)
    shapley: Interval  # variance over rows of the Shapley interaction index


class Interactions(Part):
    """The strongest pairs of the network."""

    rows_of: Literal["held-out", "all"]
    rows: int
    blocks: int
    background: int
    seed: int
    screened: int  # pairs
    passed: int = 0  # columns that move the score too little to be in a pair
    passed_most: float | None = None  # the largest of their total indices, as a share of the variance of the score
    linear_adds: bool  # the linear model is a sum over original columns: none of its pairs acts together
    pairs: list[InteractionRow]


class Agreement(Part):
    """How far two readings agree on the order and the sign of the columns."""

    first: str  # "network.saliency", "linear.coefficients", ...: named by the catalogue under "reading."
    second: str
    spearman: float | None
    top: int  # k of the overlap
    overlap: float | None  # share of the k most important columns that are common
    signs: float | None  # share of columns on whose direction both agree
    ordered: int | None = None  # pairs of columns whose order is significant under both; None without standard errors
    opposed: int | None = None  # of these, pairs in opposite order


class UnitColumn(Part):
    column: str
    pearson: float | None
    spearman: float | None
    distance: float | None  # distance correlation, in [0, 1]
    ratio: float | None  # correlation ratio of a categorical column, in [0, 1]
    q: float | None  # Benjamini-Hochberg adjusted p of the column's own test


class Unit(Part):
    layer: str
    index: int
    active: float  # share of rows on which the unit is above zero
    mean: float
    sd: float
    columns: list[UnitColumn]


class Neurons(Part):
    rows: int  # of means, shares, Pearson correlations and correlation ratios
    rows_ranks: int  # of Spearman's
    rows_distance: int
    seed: int
    rows_of: Literal["held-out", "all"]
    dropped_units: int  # units beyond what the document holds
    units: list[Unit]


class Power(Part):
    """The smallest effect that a check would have raised with a probability of 80%."""

    of: Literal["auc", "r2", "loss", "share", "variance", "psi", "ranges", "gap", "fall", "slope", "ratio"]
    effect: float
    rows: int  # that it rests on
    events: int | None = None  # of the less frequent class among them; None: not of classes, or a count of 1 to 9


class Finding(Part):
    code: str
    slug: str
    severity: Literal["act", "check", "note"]
    status: Literal["raised", "cleared", "not_applicable"]
    claim: Message
    evidence: str  # anchor of the section that holds the numbers
    voids: bool = False  # it is raised, and the comparison of the two models cannot be trusted
    power: Power | None = None  # of a check that passed, where an effect has a meaning


class Method(Part):
    version: str
    seed: int
    libraries: dict[str, str]
    settings: dict[str, Scalar]
    model_digest: str  # sha256 of the network's weights as read
    linear_digest: str = ""  # of the counterpart's
    null_digest: str | None = None  # of the network trained on shuffled labels, where one was given
    other_digests: list[str] = Field(default_factory=list)  # of networks of other seeds
    data_digest: str = ""  # HMAC-SHA256 of the columns' digests; empty without a key
    digest_key: str = ""  # tells keys apart, and nothing about them; empty: no column digests were written
    configuration_digest: str = ""  # sha256 of what was asked
    code_digest: str = ""  # of the package's own files
    device: str = ""
    tolerance: float = TOLERANCE  # relative, to which another machine finds the same numbers
    readings: list[ReadingRows] = Field(default_factory=list)


class Document(Part):
    schema_version: Literal["1.0"] = SCHEMA_VERSION
    data: Data
    network: ModelInfo
    linear: ModelInfo
    verdict: Verdict
    performance: Performance
    judged: Judged | None = None
    calibration: Calibration | None = None
    gain: Gain | None = None
    disagreement: Disagreement | None = None
    slices: Slices | None = None
    reasons: Reasons | None = None
    groups: Groups | None = None
    importance: Importance
    together: Together | None = None
    coefficients: Coefficients
    gradients: Gradients
    shapley: Shapley | None = None
    effects: Effects | None = None
    interactions: Interactions | None = None
    agreement: list[Agreement]
    agreement_left_out: list[LeftOut] = Field(default_factory=list)
    trust: Trust | None = None
    neurons: Neurons
    table: TableReadings | None = None
    off_support: OffSupport | None = None
    extrapolation: Extrapolation | None = None
    inside: Inside | None = None
    mechanism: Mechanism | None = None
    findings: list[Finding]
    not_assessed: list[Message]
    card: Card | None = None
    evidence: list[EvidenceRow]
    method: Method
