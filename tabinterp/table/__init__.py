"""Rows in: a file or a dataframe becomes a `Table` with a `Schema`."""

from .read import read_table
from .scan import Scan, in_batches, open_table, scan_table
from .schema import Column, Schema
from .split import Split
from .table import Table

__all__ = ["Column", "Scan", "Schema", "Split", "Table", "in_batches", "open_table", "read_table", "scan_table"]
