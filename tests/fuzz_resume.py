"""Mutated resume files: an audit that goes on from them ends as if nothing had been changed, or in an error in words."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import tabinterp as ti
from tabinterp.atomic_io import RESUME
from tabinterp.errors import TabinterpError
from tabinterp.stats import accumulators as sums
from tabinterp.table.checkpoints import fingerprint
from tabinterp.table.executors import in_turn

ROWS = 120
LEAVES = [
    -5,
    -1,
    0,
    1,
    10**9,
    2**31,
    2**63,
    10**30,
    1e308,
    float("nan"),
    float("inf"),
    None,
    True,
    "",
    "x",
    "int64",
    [],
    {},
    [[]],
]
WHOLE = "as if nothing had been changed"
REFUSED = "refused in words"
OTHER = "other numbers, by somebody who took the digest anew"


def mutate_resume_files(examples: int, seed: int = 0) -> dict[str, int]:
    """Mutate so many resume files, each of an audit that was stopped, go on from them, and count the outcomes.

    Any exception other than the package's own errors, and any wrong result of a file whose digest was not taken anew, is
    raised as an AssertionError that names the example.
    """
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as place:
        cases = [_Case(Path(place), kind) for kind in ("parts", "table.csv", "query")]
        for number in range(examples):
            draw = random.Random(f"{seed} {number}")
            case = draw.choice(cases)
            case.restore()
            path = draw.choice(sorted(one for one in case.kept.rglob("*") if one.is_file()))
            names = list(SEALED if path.suffix == ".npz" and draw.random() < 0.6 else RAW)
            name = draw.choice(names)
            told = f"example {number} of seed {seed}: {case.kind}, {path.name}, {name}"
            {**SEALED, **RAW}[name](path, draw)
            may_differ = name in SEALED or path.parent.name == "rows"
            try:
                found = case.run()
            except (TabinterpError, OSError) as error:
                outcome = REFUSED if str(error) else f"no words: {told}"
            except Exception as error:
                raise AssertionError(f"{told}: {type(error).__name__}: {error}") from error
            else:
                same = found == case.whole
                assert same or may_differ, f"{told}: other numbers"
                outcome = WHOLE if same else OTHER
            counts[outcome] = counts.get(outcome, 0) + 1
    return counts


class _Case:
    """A source, what is kept of an audit of it that was stopped, and what an audit says that was not."""

    def __init__(self, place: Path, kind: str) -> None:
        self.kind, self._out = kind, place / f"out of {kind}"
        draw = np.random.default_rng(1)
        rows = pd.DataFrame({"id": range(ROWS), "a": draw.normal(size=ROWS), "b": draw.choice(["u", "v", None], ROWS)})
        rows["paid"] = np.where(rows["a"] > 0, "yes", "no")
        self._asked: dict[str, Any] = {"target": "paid", "split": 0.4, "rows": 30, "batch": 50}
        self._source = place / kind
        if kind == "parts":
            self._source.mkdir()
            rows.to_parquet(self._source / "0.parquet")
        elif kind == "query":
            self._source = place / "loans.duckdb"
            import duckdb  # noqa: PLC0415

            with duckdb.connect(str(self._source)) as base:
                base.execute("CREATE TABLE loans AS SELECT * FROM rows")
            self._asked |= {"query": "SELECT * FROM loans", "key": "id"}
        else:
            rows.to_csv(self._source, index=False)
        self._model = place / "model"
        self._model.write_bytes(b"a model")
        self.whole = self._work(None)
        try:
            with ti.keeping(self._out, self._model, {}, tell=lambda _text: None) as keep:
                keep._every = keep._next = 0
                self._work(keep)
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
        self.kept, self._copy = self._out / RESUME, place / f"copy of {kind}"
        shutil.copytree(self.kept, self._copy)

    def restore(self) -> None:
        """Put the resume folder back as it was left."""
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self._copy, self.kept)

    def run(self) -> str:
        with ti.keeping(self._out, self._model, {}, resume=True, tell=lambda _text: None) as keep:
            return self._work(keep)

    def _work(self, keep: Any) -> str:
        """What an audit does with rows: a scan, and passes that take sums; a digest of all that it finds."""
        scan = ti.scan_table(self._source, **self._asked, keep=keep)
        found = [
            in_turn(scan, part, _encode, _update, (float(i),), sums.merge) for i, part in enumerate(("training", "all"))
        ]
        sample = scan.sample
        said = [
            repr(scan.census),
            repr(scan.schema),
            repr(scan.split),
            sample.frame.to_json(),
            sample.numbers,
            sample.y,
        ]
        return fingerprint(said, found, scan.sides)


def _encode(_offset: float, table: ti.Table) -> list[ti.Table]:
    return [table]


def _update(offset: float, table: ti.Table) -> sums.Means:
    return sums.update(sums.start((1,)), table.frame["a"].to_numpy(np.float64)[:, None] + offset, None)


# ---- mutations of bytes: the digest is not taken anew


def _bytes(change: Callable[[bytearray, random.Random], Any]) -> Callable[[Path, random.Random], None]:
    def mutate(path: Path, draw: random.Random) -> None:
        data = bytearray(path.read_bytes())
        found = change(data, draw)
        path.write_bytes(data if found is None else found)

    return mutate


def _flip(data: bytearray, draw: random.Random) -> None:
    for _ in range(draw.choice([1, 1, 1, 4, 40]) if data else 0):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _numbers(data: bytearray, draw: random.Random) -> bytes:
    """A number in a text is another."""
    old, new = draw.choice([b"1", b"0", b"120", b"5"]), draw.choice([b"-5", b"1000000000", b"9" * 400, b"null"])
    return bytes(data).replace(old, new, 1)


def _instead(make: Callable[[Path], Any]) -> Callable[[Path, random.Random], None]:
    def mutate(path: Path, _draw: random.Random) -> None:
        path.unlink()
        make(path)

    return mutate


def _other(path: Path, draw: random.Random) -> None:
    """Another state, in the place of this one."""
    shutil.copyfile(draw.choice(sorted(one for one in path.parent.iterdir() if one.is_file())), path.with_name("other"))
    os.replace(path.with_name("other"), path)


RAW: dict[str, Callable[[Path, random.Random], None]] = {
    "bits are flipped": _bytes(_flip),
    "it ends early": _bytes(lambda data, draw: data[: draw.randrange(len(data) + 1)]),
    "it goes on": _bytes(lambda data, draw: data + draw.randbytes(draw.randrange(1, 200))),
    "a part is nought": _bytes(lambda data, draw: data[: len(data) // 3] + bytes(40) + data[len(data) // 3 + 40 :]),
    "a part is missing": _bytes(
        lambda data, draw: data[: len(data) // 2] + data[len(data) // 2 + draw.randrange(1, 90) :]
    ),
    "a number is another": _bytes(_numbers),
    "it is another state": _other,
    "it is gone": _instead(lambda path: None),
    "it is a folder": _instead(lambda path: path.mkdir()),
    "it is a pipe": _instead(os.mkfifo),
    "it is a link": _instead(lambda path: path.symlink_to("/dev/zero")),
    "it is JSON": _bytes(lambda data, draw: json.dumps(draw.choice(LEAVES)).encode()),
    "it is deep": _bytes(lambda data, draw: b"[" * 100_000),
}


# ---- mutations of what a state says, by somebody who takes its digest anew


def _sealed(change: Callable[[dict[str, Any], Any, random.Random], Any]) -> Callable[[Path, random.Random], None]:
    def mutate(path: Path, draw: random.Random) -> None:
        with np.load(path) as stored:
            arrays = dict(stored)
        arrays.pop("sha256")
        told = json.loads(arrays.pop("json").tobytes())
        told = change(arrays, told, draw) or told
        arrays = {"json": np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays}
        stream = BytesIO()
        np.savez(stream, sha256=np.array(fingerprint(arrays)), **arrays)
        path.write_bytes(stream.getvalue())

    return mutate


def _leaf(_arrays: dict[str, Any], told: Any, draw: random.Random) -> None:
    """A value somewhere inside is another, is gone, or is there twice."""
    part = told
    while True:
        keys = [*part] if isinstance(part, dict) else [*range(len(part))]
        key = draw.choice(keys)
        inner = part[key]
        if not isinstance(inner, (dict, list)) or not inner or draw.random() < 0.1:
            break
        part = inner
    how = draw.random()
    if how < 0.8:
        part[key] = draw.choice(LEAVES)
    elif how < 0.9:
        del part[key]
    elif isinstance(part, list):
        part.append(inner)


def _array(arrays: dict[str, Any], _told: Any, draw: random.Random) -> None:
    if not arrays:
        return
    name = draw.choice(sorted(arrays))
    one = np.atleast_1d(arrays[name])
    arrays[name] = draw.choice(
        [
            lambda: one[:0],
            lambda: one[:-1],
            lambda: np.append(one, one),
            lambda: one.astype(np.float32),
            lambda: one.astype(str),
            lambda: one[None],
            lambda: np.zeros_like(one),
            lambda: one.astype(np.float64) * np.nan,
            lambda: np.full_like(one, draw.choice([-1, 1, 255])) if one.dtype.kind in "if" else one,
            lambda: np.array(10**9),
        ]
    )()


SEALED: dict[str, Callable[[Path, random.Random], None]] = {
    "a value is another": _sealed(_leaf),
    "an array is another": _sealed(_array),
    "an array is gone": _sealed(lambda arrays, told, draw: _without_one(arrays, draw)),
    "two arrays are exchanged": _sealed(
        lambda arrays, told, draw: arrays.update(
            dict(zip(draw.sample(sorted(arrays), len(arrays)), arrays.values(), strict=True))
        )
    ),
    "rows are -5": _sealed(lambda arrays, told, draw: {"key": told["key"], "state": _with_rows(told["state"], -5)}),
    "rows are 10^9": _sealed(
        lambda arrays, told, draw: {"key": told["key"], "state": _with_rows(told["state"], 10**9)}
    ),
    "it is of another pass": _sealed(lambda arrays, told, draw: told | {"key": "another"}),
}


def _without_one(arrays: dict[str, Any], draw: random.Random) -> None:
    if arrays:
        del arrays[draw.choice(sorted(arrays))]


def _with_rows(state: Any, rows: int) -> Any:
    return state | {"rows": rows} if isinstance(state, dict) and "rows" in state else state


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(mutate_resume_files(given.examples, given.seed))
