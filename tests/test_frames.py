"""Frames of results in other libraries: the same cells, no index lost, and errors that say what to do."""

from __future__ import annotations

import ast
import inspect
import sys

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.errors import MissingError, TabinterpError
from tabinterp.frames import any_backend

from .report.samples import SAMPLES
from .test_architecture import NAMES, tree


class Result:
    def __init__(self, frame):
        self.made = frame

    @any_backend
    def frame(self, most: int = 99) -> pd.DataFrame:
        """Return the first rows."""
        return self.made.head(most)


CELLS = pd.DataFrame(
    {
        "column": ["age", None, "日本"],
        "estimate": [1.5, np.nan, -2.0],
        "rows": [1, 2, 3],
        "exact": [True, False, True],
        "value": [np.nan, "low", 2.5],  # of several columns of a table, which have different types
        "level": pd.Categorical(["a", "b", None], ["b", "a"]),
        "output": pd.Series([None, None, None], dtype=object),
    }
)


@pytest.mark.parametrize("backend", ["polars", "pyarrow"])
def test_cells_are_kept_and_mixed_ones_become_text(backend):
    made = Result(CELLS).frame(backend=backend)
    assert type(made).__module__.startswith(backend)
    assert nw.from_native(made, eager_only=True).to_dict(as_series=False) == {
        "column": ["age", None, "日本"],
        "estimate": [1.5, None, -2.0],
        "rows": [1, 2, 3],
        "exact": [True, False, True],
        "value": [None, "low", "2.5"],
        "level": ["a", "b", None],
        "output": [None, None, None],
    }


def test_pandas_is_the_default_and_other_arguments_pass():
    result = Result(CELLS)
    pd.testing.assert_frame_equal(result.frame(), CELLS)
    pd.testing.assert_frame_equal(result.frame(backend="pandas"), CELLS)
    assert len(result.frame(2, backend="polars")) == len(result.frame(most=2, backend="pyarrow")) == 2
    assert result.frame.__doc__ == "Return the first rows."
    assert str(inspect.signature(result.frame)) == "(most: 'int' = 99, *, backend='pandas')"


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (pd.Index(["a", "b", "c"]), ["index", "x"]),
        (pd.Index([7, 8, 9], name="row"), ["row", "x"]),
        (pd.MultiIndex.from_tuples([("a", 0), ("a", 1), ("b", 0)], names=["refuted", "row"]), ["refuted", "row", "x"]),
        (pd.Index([4, 2, 0]), ["x"]),  # what is left where rows were chosen or sorted
        (pd.RangeIndex(3), ["x"]),
    ],
)
def test_an_index_that_says_something_becomes_columns(index, names):
    made = Result(pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=index)).frame(backend="polars")
    assert made.columns == names
    kept = [tuple(key) for key in index.to_frame().to_numpy().tolist()] if len(names) > 1 else [()] * 3
    assert made.rows() == [(*key, x) for key, x in zip(kept, [1.0, 2.0, 3.0], strict=True)]


def test_an_unknown_backend_is_refused_with_those_that_there_are():
    with pytest.raises(TabinterpError, match=r"unknown backend 'pollars'; .* pandas, polars, pyarrow\. .* 'polars'\?"):
        Result(CELLS).frame(backend="pollars")


def test_a_missing_library_is_named_with_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingError, match="pip install polars"):
        Result(CELLS).frame(backend="polars")
    assert Result(CELLS).frame(backend="pyarrow").num_rows == 3


def test_every_frame_of_a_result_is_made_for_any_backend():
    """Methods of public classes that return a DataFrame and need no argument; `table` is the numbers below a picture."""
    without = [
        f"{module}: {owner.name}.{method.name}"
        for module, path in NAMES.items()
        if "-> pd.DataFrame" in path.read_text(encoding="utf-8")
        for owner in ast.walk(tree(path))
        if isinstance(owner, ast.ClassDef)
        for method in owner.body
        if isinstance(method, ast.FunctionDef)
        and method.returns is not None
        and ast.unparse(method.returns) == "pd.DataFrame"
        and len(method.args.args) - 1 == len(method.args.defaults)
        and not method.name.startswith("_")
        and method.name != "table"
        and not any(ast.unparse(one) in ("any_backend", "property") for one in method.decorator_list)
    ]
    assert without == []


def test_findings_have_frames_for_any_backend():
    findings = ti.Audit(SAMPLES["binary"]()).findings
    made = findings.frame(backend="polars")
    assert made.columns == ["slug", "severity", "status", "claim"]
    assert made["slug"].to_list() == findings.frame()["slug"].tolist()
