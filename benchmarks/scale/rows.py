"""A Parquet file of any number of rows with Adult's 14 columns and its target, always the same for the same seed.

A row takes its categories and its target from one row of Adult. Its numbers are those of that row plus noise with a tenth of
their standard deviation, rounded and not below zero, so that nearly all rows differ.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.adult import PATH

GROUP = 100_000


def write(path: Path, rows: int, seed: int = 0) -> None:
    """`rows` rows to `path`, a row group at a time."""
    adult = pd.read_csv(PATH).drop(columns="split")
    numbers = adult.select_dtypes("number").columns
    noise = adult[numbers].std() / 10
    writer = None
    for first in range(0, rows, GROUP):
        draw = np.random.default_rng([seed, first])
        part = adult.iloc[draw.integers(0, len(adult), min(GROUP, rows - first))].reset_index(drop=True)
        moved = part[numbers] + draw.normal(size=(len(part), len(numbers))) * noise.to_numpy()
        part[numbers] = np.where(part[numbers] > 0, moved.round().clip(lower=0), 0).astype(np.int64)
        table = pa.Table.from_pandas(part, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
