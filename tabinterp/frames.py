"""Conversion of results to pandas dataframes, polars dataframes or pyarrow tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from .errors import MissingError, TabinterpError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BACKENDS = ("pandas", "polars", "pyarrow")

P = ParamSpec("P")
Result = TypeVar("Result")


class Frame(Protocol[P]):
    """A method that returns a pandas DataFrame or, if `backend` is given, a dataframe of another library."""

    @overload
    def __call__(self, *args: P.args, **more: P.kwargs) -> pd.DataFrame: ...
    @overload
    def __call__(self, *args: Any, backend: str, **more: Any) -> Any: ...


class FrameMethod(Protocol[P]):
    def __get__(self, instance: Any, owner: Any = None) -> Frame[P]: ...


def any_backend(method: Callable[Concatenate[Result, P], pd.DataFrame]) -> FrameMethod[P]:
    """Decorate a method that returns a DataFrame: add the argument `backend`, which is "pandas" (the default), "polars" or
    "pyarrow".
    """

    @wraps(method)
    def framed(self: Result, *args: Any, backend: str = "pandas", **more: Any) -> Any:
        if backend not in BACKENDS:
            raise TabinterpError(
                f"unknown backend {backend!r}; choose one of {', '.join(BACKENDS)}."
                + did_you_mean(str(backend), BACKENDS)
            )
        return _converted(method(self, *args, **more), backend)

    shown = [*signature(method).parameters.values(), Parameter("backend", Parameter.KEYWORD_ONLY, default="pandas")]
    framed.__signature__ = Signature(shown)  # type: ignore[attr-defined]  # what `help` shows
    return cast("FrameMethod[P]", framed)


def _converted(frame: pd.DataFrame, backend: str) -> Any:
    """Convert a DataFrame to another library. Missing values are converted to null. An index that has a name or does not
    consist of integers is converted to columns.
    """
    if backend == "pandas":
        return frame
    import narwhals as nw  # noqa: PLC0415  # heavy, as is pyarrow

    if frame.index.names != [None] or frame.index.dtype.kind not in "iu":
        frame = frame.reset_index()
    table = _in_arrow(frame)
    if backend == "pyarrow":
        return table
    try:
        return nw.from_native(table, eager_only=True).to_polars()
    except ModuleNotFoundError:
        raise MissingError(
            "the backend 'polars' needs the package polars, which is not installed. Install it with: pip install polars"
        ) from None


def _in_arrow(frame: pd.DataFrame) -> pa.Table:
    """Convert a DataFrame to a pyarrow table. Columns with values of several types are converted to text, because a pyarrow
    column has a single type.
    """
    import pyarrow as pa  # noqa: PLC0415

    columns = []
    for _, values in frame.items():
        try:
            columns.append(pa.array(values, from_pandas=True))
        except pa.ArrowException:
            columns.append(pa.array(values.map(str, na_action="ignore"), from_pandas=True))
    return pa.table(columns, names=[str(name) for name in frame.columns])
