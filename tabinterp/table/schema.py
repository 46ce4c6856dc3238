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
    """What differs between tasks apart from formulas: names, units, losses.

    `classes`: are the target's values classes? `scale` is the unit of a score. `losses` can be permuted against, the first
    is the task's own, on which the verdict rests; `metrics` stand in the table of performance. `outputs` is what a network
    may return, the first unless it is said. `ratio` names exp of a coefficient, and `fitted` in the catalogue the fit of the
    linear model. `base` is what knowing nothing predicts.
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

    `levels` are the distinct values that are not missing, in order, for every kind but numeric. `protected` is a flag
    beside the role: a column can be an input and protected. `label` and `level_labels` are what a codebook says that the name
    and the levels mean: (level as text, label), also of levels that the table does not hold.
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
    """All columns in the table's order, and the task.

    `classes` holds the target's values as they stand in the table (empty for numbers and counts); for a binary
    task the positive class is the last. `adverse` is the one of two classes whose prediction hurts the person; None where
    nobody stated it.
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
        """The task's definition of target, scores and loss."""
        return GOALS[self.task]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the columns that a model may read, in the table's order."""
        return tuple(column.name for column in self.columns if column.role == "input")

    @property
    def group(self) -> str | None:
        """The column that identifies dependent rows."""
        return next((column.name for column in self.columns if column.role == "group"), None)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes as text."""
        return tuple(map(str, self.classes))

    @property
    def adverse_label(self) -> str | None:
        """The adverse class as text; None if it was not stated."""
        return None if self.adverse is None else str(self.adverse)

    @property
    def compared(self) -> int:
        """For two classes, the position of the class whose predicted share is compared between groups of people: the class
        that is not adverse, or the positive class if the adverse class was not stated.
        """
        return 0 if self.adverse is not None and self.adverse == self.classes[-1] else 1


def preview_of(name: str, schema: Schema, rows: int, held_out: int | None, missing: Mapping[str, int]) -> Preview:
    """Return what a table shows of itself.

    Parameters
    ----------
    held_out : rows; None where it is not known which rows a model was not trained on.
    missing : column -> rows in which it is missing.
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
    """How often each name occurs, as a list of the names in words."""
    return messages.joined(
        f"{messages.count(n)} {messages.word(vocabulary, name)}" for name, n in Counter(names).items()
    )
