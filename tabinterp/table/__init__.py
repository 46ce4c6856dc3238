"""Tables: read a file or a dataframe as a `Table` with a `Schema`. Each public name is imported when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .read import read_table
    from .scan import Scan, in_batches, open_table, scan_table
    from .schema import Column, Schema
    from .split import Split
    from .table import Table

__all__ = ["Column", "Scan", "Schema", "Split", "Table", "in_batches", "open_table", "read_table", "scan_table"]

_HOMES = {"Column": "schema", "Schema": "schema", "Split": "split", "Table": "table", "read_table": "read"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'tabinterp.table' has no attribute {name!r}")
    value = getattr(import_module(f"tabinterp.table.{_HOMES.get(name, 'scan')}"), name)
    globals()[name] = value
    return value
