"""`read_table`: read a file or a dataframe as a `Table`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.errors import TableError
from tabinterp.secret_masking import source_name

from .coerce import as_frame, plain, read_file, with_target
from .column_sketch import witness
from .labels import LabelsGiven, codebook
from .schema_inference import Asked, coded, weighed
from .split import Split, by_column, by_fraction, check_first_date
from .table import Table


def read_table(
    source: Any,
    *,
    target: str,
    task: str | None = None,
    positive: Any = None,
    adverse: Any = None,
    drop: Collection[str] = (),
    protected: Collection[str] = (),
    kinds: Mapping[str, str] | None = None,
    levels: Mapping[str, Sequence[Any]] | None = None,
    labels: LabelsGiven | None = None,
    weight: str | None = None,
    group: str | None = None,
    split: str | float | Split | None = None,
    split_at: str | None = None,
    drop_missing_target: bool = False,
    stratify: bool = False,
    seed: int = 0,
    name: str | None = None,
) -> Table:
    """Read a table, and infer or set the kind and role of each column.

    Parameters
    ----------
    source : path of a CSV (or .csv.gz) or Parquet file, or any dataframe that narwhals supports (pandas, polars, pyarrow).
    target : column to predict.
    task : "binary", "multiclass", "regression" or "count". "count" is for whole numbers from 0; the log of the expected count is
        modelled. The task "count" is never inferred. None: text, booleans, and whole numbers with at most ten distinct values are
        classes; all other numbers are a regression target.
    positive : the positive class of a binary target; None: the last in sorted order.
    adverse : the adverse class of a binary target: the outcome that harms the person, such as a predicted default. None: not
        stated. Without an adverse class, reason codes and adverse-impact checks do not apply, and groups are compared by
        predicted classes.
    drop : columns that models must not use. They remain in the table. A protected column can be dropped.
    protected : columns that define the groups of people to compare, whether or not they are inputs.
    kinds : column -> "numeric", "categorical", "boolean" or "ordinal". Needed if the inferred kind is wrong, for example for
        categories coded as whole numbers.
    levels : ordinal column -> levels of the column in order.
    labels : labels that reports show instead of names and codes. Give the path of a TOML or CSV codebook, or a mapping with the
        keys "columns" (column -> label) and "levels" (column -> level -> label). The values in the table do not change.
    weight : column of sampling weights.
    group : column that identifies groups of dependent rows, such as the rows of one person.
    split : name of a column of train/test labels, booleans or dates, or the share of rows to hold out, between 0 and 1.
    split_at : first date to hold out, if `split` is a date column. None: about the latest quarter of the rows is held out, from
        the start of a calendar period that contains at least ten rows.
    drop_missing_target : whether to leave out rows without a target. If false, such rows raise an error. If true, the split and
        the row numbers are the same as if these rows had never existed. `Table.without_target` is the number of rows left out.
    stratify : whether to hold out the same share of each class.
    seed : random seed for drawing the held-out rows.
    name : name of the table in reports; None: the name of the file.

    Raises
    ------
    TableError
        The table or an argument is invalid. The message names the column and often the row, and states what was found and what is
        allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [23, 45, 31, 62], "job": ["a", "b", None, "a"], "paid": ["no", "yes", "no", "yes"]})
    >>> table = read_table(frame, target="paid", positive="yes")
    >>> table.schema.task, table.schema.classes, table.schema["job"].levels
    ('binary', ('no', 'yes'), ('a', 'b'))
    """
    asked = Asked(
        target,
        task,
        positive,
        adverse,
        drop,
        protected,
        kinds or {},
        levels or {},
        weight,
        group,
        split,
        drop_missing_target,
        codebook(labels),
    )
    check_first_date(split, split_at)
    raw, digest = read_file(Path(source)) if isinstance(source, (str, Path)) else (as_frame(source), None)
    asked.check([*raw.columns])
    rows = len(raw)
    if drop_missing_target:
        raw = with_target(raw, target)
        if not len(raw):
            raise TableError(
                f"target {target!r} is missing in all {rows:,} rows, so there is nothing to predict. Choose another target "
                "column, or fill in the target"
            )
    frame = pd.DataFrame({column: plain(raw[column]) for column in raw.columns})
    marks = asked.marks(raw)
    schema = asked.schema({name: witness(frame[name], asked.whole(name, marks)) for name in frame.columns}, marks)
    weights = None if weight is None else weighed(frame[weight])
    label = name or (source_name(Path(source).as_posix()) if isinstance(source, (str, Path)) else "table")
    table = Table(
        name=label,
        frame=frame.reset_index(drop=True),
        schema=schema,
        y=coded(frame[target], schema),
        numbers=np.arange(len(frame)),
        weights=weights,
        file_sha256=digest,
        without_target=rows - len(frame) if drop_missing_target else None,
    )
    found = table if split is None else with_split(table, split, split_at, stratify, seed)
    return replace(found, asked=asked)


def with_split(table: Table, split: str | float | Split, at: str | None, stratify: bool, seed: int) -> Table:
    if isinstance(split, Split):
        rule = split
    elif isinstance(split, str):
        rule = by_column(table.frame[split], None, at)
    else:
        rule = by_fraction(table.frame, table.schema, table.codes, split, seed, stratify)
    return table.with_split(rule)
