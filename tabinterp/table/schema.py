"""The schema of a table: names, kinds, roles and levels of its columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tabinterp import messages
from tabinterp.messages import text
from tabinterp.messages.names import cut
from tabinterp.preview import Preview

Kind = Literal["numeric", "categorical", "boolean", "ordinal"]
Role = Literal["input", "target", "weight", "group", "split", "dropped"]
Task = Literal["binary", "multiclass", "regression", "count"]
Loss = Literal["log_loss", "auc", "brier", "accuracy", "squared_error", "absolute_error", "poisson_deviance"]
KINDS: tuple[str, ...] = get_args(Kind)
TASKS: tuple[str, ...] = get_args(Task)


@dataclass(frozen=True)
class Goal:
    """Names, units, losses and other properties that depend on the task.

    `classes` is true if the target's values are classes. `scale` is the unit of a score. `losses` are the losses that an analysis
    can use. The first is the primary loss, on which the verdict is based. `metrics` are the metrics in the performance table.
    `outputs` are the possible outputs of a network; the first is the default. `counterpart` is the name of the linear model, and
    `fitted` is the key of the message that describes its fit. `ratio` is the name of exp(coefficient): odds ratio or rate ratio.
    `base` is the name of the constant prediction.
    """

    classes: bool
    scale: Literal["log-odds", "target", "log-rate"]
    losses: tuple[Loss, ...]
    metrics: tuple[Loss | Literal["r2", "average_precision", "macro_auc", "balanced_accuracy"], ...]
    outputs: tuple[str, ...]
    counterpart: str
    fitted: Literal["classes", "number", "count"]
    ratio: Literal["odds_ratio", "rate_ratio"] | None
    base: str


LOGITS = ("logits", "probabilities")
RATES = ("log_rate", "rate")
COUNTED: tuple[Loss, ...] = ("poisson_deviance", "squared_error", "absolute_error")
GOALS: dict[str, Goal] = {
    "binary": Goal(
        True, "log-odds", ("log_loss", "brier", "auc", "accuracy"),
        ("log_loss", "auc", "average_precision", "brier", "accuracy"), LOGITS,
        "logistic regression", "classes", "odds_ratio", "base rate",
    ),
    "multiclass": Goal(
        True, "log-odds", ("log_loss", "brier", "accuracy"),
        ("log_loss", "macro_auc", "brier", "accuracy", "balanced_accuracy"), LOGITS,
        "multinomial logistic regression", "classes", "odds_ratio", "base rate",
    ),
    "regression": Goal(
        False, "target", ("squared_error",), ("squared_error", "r2"), LOGITS,
        "linear regression", "number", None, "mean",
    ),
    "count": Goal(False, "log-rate", COUNTED, COUNTED, RATES, "Poisson regression", "count", "rate_ratio", "mean"),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of the user's table.

    `levels` are the distinct values that are not missing, in order. Numeric columns have no levels. `protected` is independent of
    the role: a column can be both an input and protected. `label` and `level_labels` are the labels of the column and of its
    levels in a codebook. Each item of `level_labels` is a pair (level as text, label). Levels that do not occur in the table are
    included.
    """

    name: str
    kind: Kind
    levels: tuple[Any, ...] = ()
    role: Role = "input"
    protected: bool = False
    label: str | None = None
    level_labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in the order of the table, and the task.

    `classes` contains the target's classes as they occur in the table. It is empty for numeric and count targets. For a binary
    task, the last class is the positive class. `adverse` is the adverse class of a binary target: the outcome that harms the
    person. It is None if no adverse class was stated.
    """

    columns: tuple[Column, ...]
    target: str
    task: Task
    classes: tuple[Any, ...] = ()
    adverse: Any = None

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def goal(self) -> Goal:
        """The properties of the task, such as its losses and the unit of its scores."""
        return GOALS[self.task]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the columns that a model may use, in the order of the table."""
        return tuple(column.name for column in self.columns if column.role == "input")

    @property
    def group(self) -> str | None:
        """The column that identifies groups of dependent rows, or None."""
        return next((column.name for column in self.columns if column.role == "group"), None)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes as text."""
        return tuple(map(str, self.classes))

    @property
    def adverse_label(self) -> str | None:
        """The adverse class as text, or None if no adverse class was stated."""
        return None if self.adverse is None else str(self.adverse)

    @property
    def compared(self) -> int:
        """The position, in `classes`, of the class whose predicted share is compared between groups of people. The position is
        used only for binary targets.

        The compared class is the one that is not adverse, or the positive class if no adverse class was stated.
        """
        return 0 if self.adverse is not None and self.adverse == self.classes[-1] else 1


def preview_of(name: str, schema: Schema, rows: int, held_out: int | None, missing: Mapping[str, int]) -> Preview:
    """Return a preview of a table for a terminal or a notebook.

    Parameters
    ----------
    held_out : number of held-out rows; None if the table has no split.
    missing : column -> number of rows in which the value is missing.
    """
    columns = schema.columns
    values = {"name": cut(name, 48), "rows": rows, "columns": len(columns), "held_out": held_out}
    classes = messages.joined(schema.labels) or text(f"cyclonedx.task.{schema.task}")
    gaps = {column: count for column, count in missing.items() if count}
    listed = messages.joined(f"{column} {messages.count(count)}" for column, count in gaps.items())
    facts = {
        "target": text("preview.target.classes", {"target": schema.target, "classes": classes}),
        "kinds": _counted("report.kind", [column.kind for column in columns]),
        "roles": _counted("report.role", [column.role for column in columns]),
        "protected": messages.joined(column.name for column in columns if column.protected) or text("preview.none"),
        "missing": text("preview.missing.columns", {"count": sum(gaps.values()), "columns": len(gaps), "names": listed})
        if gaps
        else text("preview.none"),
    }
    title = text("preview.table" if held_out is None else "preview.held_out", values)
    return Preview(title, [(text(f"preview.{fact}"), told) for fact, told in facts.items()])


def _counted(vocabulary: str, names: list[Any]) -> str:
    """Return text that states how often each name occurs. Names in the vocabulary are translated."""
    return messages.joined(
        f"{messages.count(n)} {messages.word(vocabulary, name)}" for name, n in Counter(names).items()
    )
