"""Results that take seconds to compute and that many tests read: computed once per run and shared between workers."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import inspect
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import jsonschema
import pytest
from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper

VARIABLE = "TABINTERP_TESTS_SHARED"  # the folder of this run; `conftest.py` makes it, and workers inherit it

P = ParamSpec("P")
T = TypeVar("T")


# Whether boosted trees cut columns into bins by weight, as tabinterp does (scikit-learn 1.9 and later).
BINS_USE_WEIGHTS = "sample_weight" in inspect.signature(_BinMapper.fit).parameters


def every_nth(n: int, cases: Iterable[Any]) -> list[Any]:
    """Return the cases of a test that go through the same code: every n-th for all runs, the others for the nightly run alone.

    A case that is a tuple holds the values of several arguments.
    """
    return [
        pytest.param(*(case if type(case) is tuple else (case,)), marks=[pytest.mark.nightly] * (at % n > 0))
        for at, case in enumerate(cases)
    ]


def once_per_run(function: Callable[P, T]) -> Callable[P, T]:
    """Compute a result once, whichever worker asks first, and keep it for the run.

    Parameters
    ----------
    function : its result can be pickled, and nobody changes it. Its arguments are hashable, and their `repr` says what they are;
        functions among them are known by their names.
    """

    @functools.cache
    @functools.wraps(function)
    def read(*args: P.args, **named: P.kwargs) -> T:
        def write(path: Path) -> None:
            path.write_bytes(pickle.dumps(function(*args, **named)))

        return pickle.loads(_made(_key(function, args, named), write).read_bytes())

    return read


@functools.cache
def published_schema() -> jsonschema.Draft202012Validator:
    """What a document is held to: the published file, which `tests/report/test_canonical.py` holds to the types."""
    return jsonschema.Draft202012Validator(
        json.loads(files("tabinterp.document").joinpath("audit-1.schema.json").read_bytes())
    )


def folder_once_per_run(fill: Callable[..., object], *args: Any) -> Path:
    """Return a folder that `fill(folder, *args)` fills once per run. Tests read it; one that changes files changes a copy."""
    return _made(_key(fill, args, {}), lambda path: (path.mkdir(), fill(path, *args)))


def _made(key: str, write: Callable[[Path], object]) -> Path:
    """The file or folder of this key; the first worker writes it while the others wait."""
    root = _root()
    path = root / key
    with (root / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / f"{key}.done").exists():
            if path.is_dir():  # of a worker that was stopped
                shutil.rmtree(path)
            write(path)
            (root / f"{key}.done").touch()
    return path


@functools.cache
def _root() -> Path:
    """The folder of this run; outside pytest, one of this process."""
    return Path(os.environ.get(VARIABLE) or tempfile.mkdtemp())


def _key(function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> str:
    parts = [_name(one) for one in (function, *args)] + [f"{name}={_name(one)}" for name, one in sorted(named.items())]
    return f"{function.__name__}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}" if callable(value) else repr(value)
