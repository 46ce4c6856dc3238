"""The typed and versioned document of an audit. It is the only input of the checks and of the report.

The document contains neither a model nor a row of data. Numbers refer to the columns of the user's table. Intervals are 95%
intervals unless stated otherwise. `None` means that a number is not available; a field `reason` next to it says why. Facts that
differ between runs of the same audit (time, paths, thread counts) are in `run.json` instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast

from pydantic import (
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    create_model,
    field_validator,
    model_serializer,
)  # fmt: skip

from tabinterp.analyses import ANALYSES, fields, own_records
from tabinterp.analyses.agreement.record import Agreement
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.performance.record import Performance, Verdict
from tabinterp.analyses.settings import AuditSettings

from .base import Interval, LeftOut, Message, Metric, MetricRow, Part, Scalar, Status
from .evidence_rows import Card, EvidenceRow
from .rows_of_analyses import TOLERANCE, ReadingRows

# also re-exported here
__all__ = ["Interval", "LeftOut", "Message", "Metric", "MetricRow", "Part", "Scalar", "Status"]

SCHEMA_VERSION: Final = "1.0"
AS_WRITTEN = "Use the file as tabinterp wrote it."  # advice if a document is refused

if TYPE_CHECKING:
    Summed = str
else:  # the fit of the counterpart, and the analyses that are sums over rows
    Summed = Literal[("counterpart", *(one.summed for one in (PERFORMANCE, *ANALYSES) if one.summed is not None))]


class ColumnInfo(Part):
    name: str
    kind: Literal["numeric", "categorical", "boolean", "ordinal"]
    role: Literal["input", "target", "weight", "group", "split", "dropped"]
    protected: bool
    levels: int | None  # number of distinct values of a column that is not numeric
    missing: int | None  # number of rows in which it is missing; None: from 1 to 9, or all except 1 to 9
    constant: bool = False  # one value, or none
    read_by_network: bool
    digest: str = ""  # HMAC-SHA256 of its contents, independent of the file's format; empty without a key
    fast: bool  # changing it only updates the first layer (True), or requires encoding the row again (False)


class Drawn(Part):
    """The sample of a table that was read in batches. Rows are selected by a hash of the row number."""

    rows: int
    held_out_rows: int | None
    summed: list[Summed]  # computed on all rows, in batches


class WithoutTarget(Part):
    """The number of rows that were left out because their target is missing."""

    rows: int | None  # None: from 1 to 9


class Grouping(Part):
    """Groups of dependent rows, such as all rows of a person.

    Only groups with rows in memory are counted. The rows in memory may be a sample of a larger table.
    """

    column: str
    groups: int
    training: int | None  # groups with training rows; None: it is not known which rows were held out
    held_out: int | None
    shared: int | None  # groups with rows on both sides


class LevelLabel(Part):
    level: str
    label: str


class ColumnLabels(Part):
    """The labels of a column and of its levels, from a codebook."""

    column: str
    label: str | None  # None: only its levels are labelled
    levels: list[LevelLabel]  # including levels that do not occur in the table


class Data(Part):
    name: str
    rows: int
    held_out_rows: int | None  # None: it is not known which rows were held out
    training_rows: int | None
    drawn: Drawn | None = None  # None: all rows were in memory
    without_target: WithoutTarget | None = None  # not included in `rows`; None: the table was read without this option
    target: str
    task: Literal["binary", "multiclass", "regression", "count"]
    classes: list[str]  # empty for numbers and counts; for a binary task the positive class is the last
    # share of each class (weighted if there are weights) over all rows; None: it would reveal a class with 1 to 9 rows
    rates: list[float | None]
    events: int | None = (
        None  # evaluated rows of the least frequent class; None: no classes, or it would reveal a count of 1 to 9
    )
    adverse: str | None = None  # the adverse class of a binary target; None: not stated
    weighted: bool
    grouping: Grouping | None = None  # None: every row is independent
    split: Message
    columns: list[ColumnInfo]
    labels: list[ColumnLabels] = Field(
        default_factory=list
    )  # only of columns with labels; all other fields contain names and codes

    @model_serializer(mode="wrap")
    def _without_nothing(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit the field `labels` if it is empty. As a result, documents that were written before the field existed do not change
        when they are saved again.
        """
        fields = serialize(self)
        if not self.labels:
            fields.pop("labels", None)
        return cast("dict[str, Any]", fields)


class ModelInfo(Part):
    name: str  # "MLPClassifier 128-64"
    library: str  # "scikit-learn 1.7"
    parameters: int
    hidden: list[int]  # units of each hidden layer that was found; empty for a linear model
    converged: bool | None = None  # None: the model does not state it
    linear: bool = False  # all operations after its encoder are affine: a network without hidden layers
    notes: list[Message]  # what a reader must know about how the model was interpreted


class Power(Part):
    """The smallest effect for which a check would have been raised with a probability of 80%."""

    of: Literal["auc", "r2", "loss", "share", "variance", "psi", "ranges", "gap", "fall", "slope", "ratio"]
    effect: float
    rows: int  # rows from which it was computed
    events: int | None = None  # rows of the less frequent class among them; None: no classes, or a count of 1 to 9


class Finding(Part):
    code: str
    slug: str
    severity: Literal["act", "check", "note"]
    status: Literal["raised", "cleared", "not_applicable"]
    claim: Message
    evidence: str  # anchor of the section with the numbers
    voids: bool = False  # it is raised, and it invalidates the comparison of the two models
    power: Power | None = None  # for a check that passed, if an effect can be stated


class Method(Part):
    version: str
    seed: int
    libraries: dict[str, str]
    settings: dict[str, Scalar]
    model_digest: str  # sha256 of the network's weights as loaded
    linear_digest: str = ""  # of the counterpart's weights
    null_digest: str | None = None  # of the network trained on permuted labels, if one was given
    other_digests: list[str] = Field(default_factory=list)  # of networks trained with other seeds
    data_digest: str = ""  # HMAC-SHA256 of the columns' digests; empty without a key
    digest_key: str = ""  # identifies the key without revealing it; empty: no column digests were written
    configuration_digest: str = ""  # sha256 of the configuration
    code_digest: str = ""  # of the package's own files
    device: str = ""
    tolerance: float = TOLERANCE  # relative tolerance within which another machine computes the same numbers
    readings: list[ReadingRows] = Field(default_factory=list)


DRAWN_SPLIT: Final = "not_assessed.drawn_split"  # the key of the note on held-out rows that may be training rows
FAILED: Final = "not_assessed.failed"  # the key of the note on an analysis that ended with an internal error


R = TypeVar("R", bound=Part)
RECORDS: Final = fields()  # field -> its record
OWN: Final = own_records()  # name of an analysis without a field -> its record in `analyses`
PLACES: Final = {  # class of a record -> names of the fields that lead to it from the document
    **{analysis.kind: tuple(analysis.place.split(".")) for analysis in ANALYSES if analysis.place and analysis.record},
    **{field.kind: (place,) for place, field in RECORDS.items()},
    **{field.kind: ("analyses", name) for name, field in OWN.items()},
}


class Opening(Part):
    """The first fields of every document."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    data: Data
    network: ModelInfo
    linear: ModelInfo
    verdict: Verdict
    performance: Performance


if TYPE_CHECKING:

    class Recorded(Opening):
        """The fields of `Opening` and the records of analyses. Type checkers learn the types of these records only from
        `Document.get`.
        """

else:
    Recorded = create_model(
        "Recorded",
        __base__=Opening,
        **{place: (field.kind, ...) if field.always else (field.kind | None, None) for place, field in RECORDS.items()},
    )


class Document(Recorded):
    agreement: list[Agreement]
    agreement_left_out: list[LeftOut] = Field(default_factory=list)
    analyses: dict[str, SerializeAsAny[Part]] = Field(default_factory=dict)  # of analyses without their own field
    findings: list[Finding]
    not_assessed: list[Message]
    card: Card | None = None
    evidence: list[EvidenceRow]
    method: Method
    settings: AuditSettings | None = None  # the user's settings; None in documents written before settings were stored

    def get(self, kind: type[R]) -> R | None:
        """Return the record of class `kind`, or None if the analysis that produces it does not apply or was not requested."""
        found: Any = self
        for name in PLACES[kind]:
            found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
        return cast("R | None", found)

    def __getitem__(self, kind: type[R]) -> R:
        """Return the record of class `kind`. Use this for records that every document contains (`Analysis.always`).

        Raises
        ------
        KeyError : the document contains no record of this class.
        """
        found = self.get(kind)
        if found is None:
            raise KeyError(kind.__name__)
        return found

    @property
    def failed(self) -> list[Message]:
        """Notes on analyses that ended with an internal error."""
        return [note for note in self.not_assessed if note.key == FAILED]

    @field_validator("analyses", mode="before")
    @classmethod
    def _typed(cls, analyses: dict[str, Any]) -> dict[str, Part]:
        """Convert every record in `analyses` to the type that its analysis declares."""
        return {
            name: value if isinstance(value, Part) else _own(name).model_validate(value, strict=True)
            for name, value in analyses.items()
        }

    @model_serializer(mode="wrap")
    def _without_nothing(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit the fields `analyses` and `settings` if they are empty. As a result, documents that were written before these
        fields existed do not change when they are saved again.
        """
        fields = serialize(self)
        if not self.analyses:
            fields.pop("analyses", None)
        if self.settings is None:
            fields.pop("settings", None)
        return cast("dict[str, Any]", fields)


def _own(name: str) -> type[Part]:
    if name not in OWN:
        raise ValueError(f"unknown analysis {name!r}")
    return OWN[name].kind
