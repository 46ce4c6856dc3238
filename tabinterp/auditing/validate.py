"""Validation of the arguments of an audit, and their conversion to settings, before anything is computed."""

from __future__ import annotations

import datetime as dt
import numbers
from collections.abc import Collection, Mapping
from typing import Any

from tabinterp.analyses import ANALYSES
from tabinterp.analyses.base import Analysis
from tabinterp.analyses.constraints.estimator import declared
from tabinterp.analyses.groups.partition import partition
from tabinterp.analyses.performance.estimator import margin_of
from tabinterp.analyses.settings import AuditSettings, TableSettings, decision_policy
from tabinterp.errors import NotApplicableError, TabinterpError, argument
from tabinterp.models import BoundModel, Model
from tabinterp.table import Scan, Table
from tabinterp.table.executors import Engine, in_turn

MOST_ROWS = 2**31 - 1
MOST_SEED = 2**32 - 1


def check_requested(requested: Collection[Analysis[Any]], given: Mapping[str, Any]) -> None:
    """Raise an error if an argument was given that none of the requested analyses uses.

    Parameters
    ----------
    requested : the analyses to run.
    given : value of each argument of `ti.audit`, by name; None if the argument was not given.

    Raises
    ------
    TabinterpError
        An argument was given, but none of the analyses that use it was requested.
    """
    for name in (name for name, value in given.items() if value is not None):
        users = [analysis.name for analysis in ANALYSES if name in analysis.uses]
        if not any(analysis.name in users for analysis in requested):
            quoted = " or ".join(map(repr, users))
            raise TabinterpError(
                f"{argument(name)} is used only by the analysis {quoted}, which is not among the requested analyses "
                f"({', '.join(analysis.name for analysis in requested) or 'none'}). Add {quoted} to {argument('analyses')}, or "
                f"leave out {argument(name)}"
            )


def check_engine(engine: Engine, table: Table | Scan) -> None:
    """Raise an error if `engine` is a cluster but the table is in memory."""
    if engine is not in_turn and not isinstance(table, Scan):
        raise NotApplicableError(
            f"the table {table.name} is in memory, so only the local engine can be used. Leave out "
            f"{argument('engine')}, or read the rows in batches with scan_table"
        )


def check_all_rows(all_rows: bool, model: Model | BoundModel, table: Table | Scan) -> None:
    """Raise an error if all rows of a scan are requested, but the table or the model does not allow this."""
    if not all_rows:
        return
    option = argument("all_rows")
    if not isinstance(table, Scan):
        raise TabinterpError(
            f"{option} can be used only with rows that are read in batches, but the table {table.name} is in memory. "
            f"Leave out {option} and set {argument('rows', len(table))}, or read the rows with scan_table"
        )
    if table.schema.group is not None:
        raise TabinterpError(
            f"{option} cannot be used with the group column {table.schema.group!r}, because a standard error needs all rows of a "
            f"group at once, but a batch may contain only some of them. Leave out {option}"
        )
    if (model.model if isinstance(model, BoundModel) else model).function is not None:
        raise TabinterpError(
            f"{option} cannot be used with a prediction function, because permuting every column of every row would need too "
            f"many predictions. Leave out {option}"
        )


def check_numbers(seed: int, rows: int, margin: float | None, budget: int | None) -> None:
    """Raise an error if the seed, the number of rows, the margin or the budget is out of range."""
    if not isinstance(seed, numbers.Integral) or not 0 <= seed <= MOST_SEED:
        raise TabinterpError(f"the seed must be a whole number from 0 to {MOST_SEED}; got {argument('seed', seed)}")
    if not isinstance(rows, numbers.Integral) or not 2 <= rows <= MOST_ROWS:
        raise TabinterpError(
            f"the maximum number of rows for an analysis must be between 2 and {MOST_ROWS:,}; got "
            f"{argument('rows', rows)}"
        )
    if budget is not None and (not isinstance(budget, numbers.Integral) or not 1 <= budget <= MOST_ROWS):
        raise TabinterpError(
            f"the budget must be a number of predictions between 1 and {MOST_ROWS:,}; got {argument('budget', budget)}"
        )
    margin_of(margin, 1.0)


def settings_of(
    rows: Table | Scan,
    *,
    analyses: Collection[Analysis[Any]] | None,
    seed: int,
    most: int,
    all_rows: bool,
    control: Mapping[str, Any] | None,
    constraints: Mapping[str, Any] | None,
    margin: float | None,
    costs: tuple[float, float] | None,
    threshold: float | None,
    date: str | dt.date | None,
) -> AuditSettings:
    """Validate arguments of an audit, and return them as settings.

    Parameters
    ----------
    rows : the rows to audit, with the split to use.
    analyses : the analyses to run; None means all analyses.
    most : maximum number of rows for analyses that make many passes over the rows.
    seed, all_rows, control, constraints, margin, costs, threshold, date : as in `ti.audit`.

    Raises
    ------
    TabinterpError
        A constraint, a reference group, the costs or the threshold does not fit the table.
    """
    table = rows.sample if isinstance(rows, Scan) else rows
    declarations = declared(table, constraints or {})
    if control:
        partition(table, control)
    return AuditSettings(
        seed=int(seed),
        rows=int(most),
        all_rows=bool(all_rows),
        control={name: str(group) for name, group in (control or {}).items()},
        constraints=list(declarations),
        margin=None if margin is None else float(margin),
        policy=decision_policy(costs, threshold, table.schema.task),
        analyses=None if analyses is None else [analysis.name for analysis in analyses],
        table=table_settings(rows),
        date=None if date is None else day_of(date),
    )


def day_of(date: str | dt.date) -> str:
    """Return a date in ISO 8601 format, without a time.

    >>> day_of("2026-11-30")
    '2026-11-30'
    """
    try:
        found = date if isinstance(date, dt.date) else dt.date.fromisoformat(date)
    except (ValueError, TypeError):
        raise TabinterpError(
            f"the date of an audit must be an ISO date such as {argument('date', '2026-11-30')}; got {date!r}"
        ) from None
    return found.isoformat()[:10]


def table_settings(rows: Table | Scan) -> TableSettings:
    """Return the settings that were used to read the table, and that are needed to read it again."""
    schema, split, said = rows.schema, rows.split, rows.asked
    levels = {} if said is None else {name: list(map(_plain, order)) for name, order in said.levels.items()}
    kinds = {} if said is None else dict(said.kinds)
    inferred = {c.name: c.kind for c in schema.columns if c.role == "input" and c.kind != "ordinal"}
    roles = {role: [c.name for c in schema.columns if c.role == role] for role in ("dropped", "weight")}
    drawn_here = said is not None and isinstance(said.split, numbers.Real)
    seed = rows.seed if isinstance(rows, Scan) else 0
    rule: dict[str, Any] = {}
    if split is not None and split.kind != "fraction":
        rule = {"split": split.column, "split_at": split.at}
    elif split is not None and drawn_here:
        seed, rule = split.seed, {"split": split.fraction, "stratify": split.stratify}
    return TableSettings(
        target=schema.target,
        task=schema.task,
        positive=schema.labels[-1] if schema.task == "binary" else None,
        adverse=schema.adverse_label,
        drop=roles["dropped"],
        protected=[c.name for c in schema.columns if c.protected],
        kinds={**inferred, **kinds},
        levels=levels,
        weight=next(iter(roles["weight"]), None),
        group=schema.group,
        seed=seed,
        drop_missing_target=rows.without_target is not None,
        remembered_split=split is not None and not rule,
        rows_drawn=rows.most if isinstance(rows, Scan) else None,
        **rule,
    )


def _plain(level: Any) -> str | int | float | bool:
    """Return a level of a column as a JSON value."""
    value = level.item() if hasattr(level, "item") else level
    return value if isinstance(value, (str, int, float, bool)) else str(value)
