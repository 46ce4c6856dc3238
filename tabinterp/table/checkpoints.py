"""Checkpoints from which an interrupted audit is resumed. Loading a checkpoint runs no code from its files.

A checkpoint contains the state of one pass over the rows of a table, as arrays and JSON. The folder with the checkpoints also
contains a record of the settings, the data, the model and the versions. An audit can be resumed only if it matches this record.
States are written atomically. They are written only at intervals, because saving takes time.
"""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.atomic_io import PRIVATE, check_private, make_private, read_regular, remove_private, write
from tabinterp.errors import TabinterpError

EVERY = 5.0  # minimum number of seconds between two writes
SHARE = 0.01  # maximum share of the time spent on writing
PATIENCE = 0.1  # seconds that a thread waits for another thread to write
ABOUT = "about.json"
NUMERIC = "biuf"  # kinds of NumPy types
LARGEST, LARGEST_ABOUT = 1 << 40, 1 << 24  # maximum bytes of a state, and of the file on what determines the states

Arrays = dict[str, np.ndarray[Any, Any]]
Told = Callable[[str, int, int | None], None]  # purpose of the pass (empty: sums), rows done, total if known
State = tuple[Arrays, Any]  # arrays by name, and a JSON value


class Keeping:
    """The folder in which the checkpoints of an audit are saved.

    Parameters
    ----------
    folder : folder for the checkpoint files. It is created when the first state is written, and `clear` deletes it.
    about : values that determine the states, such as settings and the identity of the data. Messages refer to each value by its
        key.
    resume : True to continue from the saved states; False to delete them.
    say : function that is called with messages for the user.
    every : minimum number of seconds between two writes. With 0, every state is written immediately.
    """

    def __init__(
        self,
        folder: Path,
        about: Mapping[str, str],
        *,
        resume: bool = False,
        say: Callable[[str], None] | None = None,
        every: float = EVERY,
    ) -> None:
        self.folder, self.resume = folder, resume
        self.say: Callable[[str], None] = say or (lambda _text: None)
        self._about, self._every = dict(about), every
        self._waiting: dict[str, tuple[str, Callable[[], State]]] = {}
        self._next, self._passes, self._begun = time.monotonic() + every, 0, False
        self._writing = Lock()

    def begin(self, about: Mapping[str, str]) -> None:
        """Add `about` to the record of what this audit uses, and check that this record matches the record of the saved states.

        Raises
        ------
        TabinterpError
            The saved states belong to a different audit.
        """
        self._about |= about
        self._begun = True
        with suppress(FileNotFoundError):
            check_private(self.folder)
        known = self._kept() if self.resume and self._holds() else None
        if known is None:
            if self.resume:
                self.say(f"There is no saved state in {str(self.folder)!r}. The audit starts from the beginning.")
                self.resume = False
            elif self._holds():
                self.say(
                    f"The saved state of an interrupted audit in {str(self.folder)!r} was deleted. To continue "
                    "an interrupted audit, use --resume."
                )
            self.clear()
            return
        differ = [name for name in {**known, **self._about} if known.get(name) != self._about.get(name)]
        if differ:
            raise TabinterpError(
                f"the saved state in {str(self.folder)!r} is from a different audit and cannot be resumed. The "
                f"two audits differ in: {', '.join(differ)}. Start again with --overwrite instead of --resume"
            )

    def read(self, name: str, key: str = "") -> State | None:
        """Return the saved state with this name and key, or None if there is none."""
        path = self.folder / f"{name}.npz"
        if not self.resume or not path.is_file():
            return None
        with self.restoring(name):
            arrays = _from_bytes(read_regular(path, LARGEST))
            found = json.loads(arrays.pop("json").tobytes())
            return (arrays, found["state"]) if found["key"] == key else None

    @contextmanager
    def restoring(self, name: str) -> Iterator[None]:
        """Replace any error within the `with` block by a `TabinterpError` that names the file of this state."""
        try:
            yield
        except TabinterpError:
            raise
        except Exception as error:
            raise TabinterpError(
                f"the saved state {str(self.folder / f'{name}.npz')!r} cannot be read ({type(error).__name__}: {error}). "
                "Start the audit again with --overwrite instead of --resume"
            ) from None

    def write(self, name: str, make: Callable[[], State], key: str = "") -> None:
        """Save the state that `make` returns, and replace any earlier state with this name. The state may be written after this
        method has returned. `make` is called just before the state is written.
        """
        self._waiting[name] = key, make
        if self.is_due:
            self.flush()

    @property
    def is_due(self) -> bool:
        """Whether enough time has passed since the last write for the next state to be written immediately."""
        return time.monotonic() >= self._next

    def flush(self) -> None:
        """Write the pending states, unless another thread is doing so."""
        if self._writing.acquire(timeout=PATIENCE):
            try:
                self._write_out()
            finally:
                self._writing.release()

    def _write_out(self) -> None:
        start = time.monotonic()
        contents: dict[Path, bytes] = {}
        for name, (key, make) in [*self._waiting.items()]:
            try:
                contents[self.folder / f"{name}.npz"] = _as_bytes(key, *make())
            except _NotKeptError:  # this pass starts again after an interruption
                continue
        if contents:
            self.make()
            for path, content in contents.items():
                write(path, content, PRIVATE)
        self._waiting.clear()
        end = time.monotonic()
        self._next = end + (max(self._every, (end - start) / SHARE) if self._every else 0)

    def make(self) -> None:
        """Create the folder. Only its owner can read it, because saved states contain rows."""
        make_private(self.folder)
        if not (self.folder / ABOUT).is_file():
            write(self.folder / ABOUT, json.dumps(self._about, indent=1).encode("ascii"), PRIVATE)

    def clear(self) -> None:
        """Delete all saved states."""
        self._waiting.clear()
        remove_private(self.folder)

    def clear_empty(self) -> None:
        """Delete the folder if this run created it but saved nothing. This happens, for example, if a query fails before its
        first row.
        """
        if self._begun and not self._holds():
            self.clear()

    def numbered(self) -> str:
        """Return the name under which the state of the next summing pass is saved. The name contains the number of the pass. This
        number identifies the pass, because passes always run in the same order.
        """
        self._passes += 1
        return f"sums-{self._passes:03d}"

    @property
    def is_there(self) -> bool:
        """Whether the folder contains a saved state from which an audit can be resumed."""
        return (self._begun or self.resume) and self._holds()

    def _holds(self) -> bool:
        return self.folder.is_dir() and any(path.is_file() and path.name != ABOUT for path in self.folder.rglob("*"))

    def _kept(self) -> dict[str, str] | None:
        try:
            found = json.loads(read_regular(self.folder / ABOUT, LARGEST_ABOUT))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            found = None
        return found if isinstance(found, dict) else {}


def at_most(value: Any, most: float, what: str) -> int:
    """Return a number from a saved state, after checking that it is a whole number from 0 to `most`.

    Raises
    ------
    ValueError
        The value is not a whole number in this range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{what} must be a whole number from 0 to {most}; got {value!r}")
    return value


def _as_bytes(key: str, arrays: Arrays, state: Any) -> bytes:
    told = json.dumps({"key": key, "state": state}).encode("ascii")
    arrays = {"json": np.frombuffer(told, dtype=np.uint8), **arrays}
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, sha256=np.array(fingerprint(arrays)), **arrays)
    return stream.getvalue()


def _from_bytes(data: bytes) -> Arrays:
    """Return the arrays in the output of `_as_bytes`.

    Raises
    ------
    ValueError
        The data do not match their digest, so they were changed. A change is not detected if the digest was updated too.
    """
    with zipfile.ZipFile(BytesIO(data)) as archive:
        members = archive.infolist()
    if any(one.compress_type != zipfile.ZIP_STORED for one in members) or sum(one.file_size for one in members) > len(
        data
    ):
        raise ValueError("the file is compressed")  # it could expand to any size
    with np.load(BytesIO(data), allow_pickle=False) as stored:
        arrays = dict(stored)
    if str(arrays.pop("sha256", None)) != fingerprint(arrays):
        raise ValueError("the file was changed after it was written")
    return arrays


class _NotKeptError(Exception):
    """Error raised for values that cannot be saved in a checkpoint."""


# ---- columns


def pack_column(values: pd.Series, name: str, arrays: Arrays) -> Any:
    """Convert a column to arrays and a JSON value. The arrays are added to `arrays` under names that start with `name`. The
    column must have a type that `plain` returns. The index of the column is not saved.
    """
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        arrays[name] = values.to_numpy()
        return None
    if pd.api.types.is_datetime64_any_dtype(dtype):
        if pd.api.types.pandas_dtype(str(dtype)) != dtype:
            raise _NotKeptError(f"unsupported dates of type {dtype}")
        arrays[name] = values.astype(np.int64).to_numpy()
        return str(dtype)
    none = values.isna()
    if pd.api.types.infer_dtype(values[~none]) == "string" and all(type(one) is float for one in values[none]):
        codes, texts = pd.factorize(
            values
        )  # faster than the general case below, with the same result; the last level represents missing values
        arrays[name] = np.where(codes < 0, len(texts), codes)
        return [*(["str", str(text)] for text in texts), ["float", None]]
    places: dict[Any, int] = {}
    try:
        keys = [(type(value), None if gone else value) for value, gone in zip(values, none, strict=True)]
        arrays[name] = np.array([places.setdefault(key, len(places)) for key in keys], dtype=np.int64)
    except (TypeError, ValueError):
        raise _NotKeptError("values that cannot be used as dictionary keys") from None
    return [_pack_value(kind, value) for kind, value in places]


def unpack_column(packed: Any, name: str, arrays: Arrays) -> pd.Series:
    """Return the column from the output of `pack_column`."""
    values = arrays[name]
    if packed is None:
        return pd.Series(values)
    if isinstance(packed, str):
        dtype = pd.api.types.pandas_dtype(packed)
        if isinstance(dtype, pd.DatetimeTZDtype):
            return pd.Series(values.view(f"M8[{dtype.unit}]")).dt.tz_localize("UTC").dt.tz_convert(dtype.tz)
        return pd.Series(values.view(packed.replace("datetime64", "M8")))
    levels = np.empty(len(packed), dtype=object)
    levels[:] = [_unpack_value(*one) for one in packed]
    return pd.Series(levels[values], dtype=object)


_KINDS: dict[str, type] = {"str": str, "bool": bool, "int": int, "float": float, "NoneType": type(None)}


def _pack_value(kind: type, value: Any) -> list[Any]:
    if kind.__name__ in _KINDS and _KINDS[kind.__name__] is kind:
        return [kind.__name__, value]
    if kind is Decimal:
        return ["Decimal", None if value is None else str(value)]
    if issubclass(kind, np.generic) and np.dtype(kind).kind in "biuf":
        return [np.dtype(kind).str, None if value is None else value.item()]
    raise _NotKeptError(f"unsupported values of type {kind.__name__}")


def _unpack_value(kind: str, value: Any) -> Any:
    if value is None:  # a missing value of this type
        return {"NoneType": None, "float": np.nan, "Decimal": Decimal("NaN")}.get(kind, np.nan)
    if kind in _KINDS:
        return value
    return Decimal(value) if kind == "Decimal" else np.dtype(kind).type(value)


# ---- sums


def leaves(value: Any) -> list[Any]:
    """Return all numbers and arrays in nested dataclasses, mappings and sequences, in a fixed order."""
    if is_dataclass(value) and not isinstance(value, type):
        return [leaf for field in fields(value) for leaf in leaves(getattr(value, field.name))]
    if isinstance(value, Mapping):
        return [leaf for name in sorted(value) for leaf in leaves(value[name])]
    if isinstance(value, (list, tuple)):
        return [leaf for one in value for leaf in leaves(one)]
    return [] if value is None else [value]


def filled(like: Any, found: Iterator[np.ndarray[Any, Any]]) -> Any:
    """Return a copy of `like` in which the numbers and arrays are replaced by those in `found`, in order."""
    if is_dataclass(like) and not isinstance(like, type):
        return replace(like, **{field.name: filled(getattr(like, field.name), found) for field in fields(like)})
    if isinstance(like, Mapping):
        return {name: filled(like[name], found) for name in sorted(like)}
    if isinstance(like, (list, tuple)):
        return type(like)(filled(one, found) for one in like)
    if like is None:
        return None
    leaf, wanted = next(found), np.asarray(like)
    if leaf.shape != wanted.shape or (leaf.dtype.kind in NUMERIC) != (wanted.dtype.kind in NUMERIC):
        raise ValueError(
            f"expected sums of type {wanted.dtype} and shape {wanted.shape}; found type {leaf.dtype} and shape {leaf.shape}"
        )
    return leaf if isinstance(like, np.ndarray) else leaf[()] if isinstance(like, np.generic) else leaf.item()


def fingerprint(*values: Any) -> str:
    """Return the SHA-256 (hex) of all numbers, arrays, tensors and strings in these values. For any other object, only the name
    of the type is hashed.
    """
    digest = hashlib.sha256()
    for one in _traces(values):
        digest.update(len(one).to_bytes(8, "little"))
        digest.update(one)
    return digest.hexdigest()


def _traces(value: Any) -> Iterator[bytes]:
    yield type(value).__qualname__.encode()
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _traces(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name in sorted(value, key=str):
            yield str(name).encode()
            yield from _traces(value[name])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _traces(one)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif hasattr(value, "state_dict"):
        yield from _traces(dict(value.state_dict()))
    elif hasattr(value, "detach"):
        yield from _traces(value.detach().cpu().double().numpy())
    elif isinstance(value, (str, bytes, int, float, np.generic)) or value is None:
        yield repr(value).encode("utf-8", "backslashreplace")
