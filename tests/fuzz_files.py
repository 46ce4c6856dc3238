"""Model files changed at random: a clear error or a model, and no other file, process or large piece of memory touched.

`mutate_model_files` changes sound files in structure (nodes of JSON, fields of protobuf, members of archives, numbers of
headers) and in bytes. Each is inspected, loaded and asked for scores on a small table, under an audit hook.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import hashlib
import json
import os
import random
import resource
import struct
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skl2onnx
import skops.io
from onnx import ModelProto, TensorProto, helper, numpy_helper
from skl2onnx.common import data_types
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

import tabinterp as ti
from tabinterp.errors import TabinterpError
from tabinterp.models import bind
from tabinterp.models.io import skops_archive
from tabinterp.models.io import state_dict as state
from tabinterp.models.io.reading import read

from .models import hostile

REFITTED = 0.2  # of the files: a counterpart takes longest
LARGEST_GROWTH = 1 << 20  # KiB that the process may grow by
ROOTS = tuple(os.path.realpath(root) for root in {sys.prefix, sys.base_prefix, *sys.path, *ti.__path__} if root)
PROCESSES = (
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.spawn",
    "socket.",
    "pickle.find_class",
)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.truncate",
    "shutil.",
)
WORDS = (
    "do not match the architecture",
    "but its layer needs",
)  # of weights that are sound, beside layers that they are not for


# ---- who watches


class _Watch:
    """What the process does beside reading the given folder and importing libraries, while `folder` is set."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.seen: list[str] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.folder is None:
            return
        if event == "open":
            path, mode, flags = args
            if isinstance(path, int):
                return
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) or (
                isinstance(mode, str) and set(mode) & set("wax+")
            )
            real = os.path.realpath(os.fsdecode(path))
            known = real.startswith(self.folder) or (
                not writes and real.startswith((*ROOTS, "/proc/", "/sys/", "/dev/null"))
            )
            if not known or (writes and not real.endswith(".pyc") and "__pycache__" not in real):
                self.seen.append(f"{event} {real} {mode}")
        elif event.startswith((*PROCESSES, *CHANGES)) and "__pycache__" not in str(args):
            self.seen.append(f"{event} {str(args)[:120]}")


@cache
def _watch() -> _Watch:
    """The hook, put in once: Python has no way to take one out."""
    watch = _Watch()
    sys.addaudithook(watch)
    return watch


# ---- sound files


@cache
def _frame() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(60, hostile.COLUMNS))
    named = pd.DataFrame(x, columns=[f"x{i}" for i in range(hostile.COLUMNS)])
    return named.assign(level=draw.choice(["a", "b", "c"], 60), y=(x[:, 0] > 0).astype(int))


@cache
def _tables() -> tuple[Any, Any]:
    """The numbers alone, and with a column of levels."""
    numbers = ti.read_table(_frame().drop(columns="level"), target="y")
    return numbers, ti.read_table(_frame(), target="y")


@cache
def _skops() -> bytes:
    numbers = make_pipeline(StandardScaler(), PolynomialFeatures(2), SplineTransformer(n_knots=3))
    encoder = ColumnTransformer(
        [
            ("n", numbers, ["x0"]),
            ("l", OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=25), ["level"]),
            ("t", TargetEncoder(random_state=0), ["level"]),
        ],
        remainder="passthrough",
    )
    frame = _frame()
    data: bytes = skops.io.dumps(make_pipeline(encoder, LogisticRegression()).fit(frame.drop(columns="y"), frame["y"]))
    return data


@cache
def _onnx() -> bytes:
    draw = np.random.default_rng(0)
    held = {"w1": draw.normal(size=(hostile.COLUMNS, 4)), "b1": draw.normal(size=4), "w2": draw.normal(size=(7, 1))}
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", k]) for name, k in (("x", 3), ("y", 1))]
    nodes = [
        helper.make_node("Constant", [], ["two"], value_float=2.0),
        helper.make_node("Gemm", ["x", "w1", "b1"], ["a"], alpha=0.5),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Concat", ["b", "x"], ["c"], axis=1),
        helper.make_node("Mul", ["c", "two"], ["d"]),
        helper.make_node("MatMul", ["d", "w2"], ["y"]),
    ]
    tensors = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in held.items()]
    graph = helper.make_graph(nodes, "net", shapes[:1], shapes[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


@cache
def _pipeline() -> bytes:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    levels = OneHotEncoder(handle_unknown="ignore")
    encoder = ColumnTransformer(
        [("n", numbers, ["x0", "x1"]), ("l", levels, ["level"]), ("o", OrdinalEncoder(), ["level"])]
    )
    frame = _frame()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few iterations
        fitted = make_pipeline(encoder, MLPClassifier((4,), max_iter=3)).fit(frame.drop(columns="y"), frame["y"])
    types = [(name, data_types.FloatTensorType([None, 1])) for name in ("x0", "x1")]
    data: bytes = skl2onnx.to_onnx(
        fitted, initial_types=[*types, ("level", data_types.StringTensorType([None, 1]))]
    ).SerializeToString()
    return data


# ---- changes


VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**53, 10**30, 0.5, float(2**40), "", "null", "x", "../../etc/passwd", [], {}, [0], "[1]",
)  # fmt: skip
NAMES = (
    "__loader__",
    "__class__",
    "__module__",
    "__id__",
    "memory",
    "content",
    "file",
    "kind",
    "op",
    "settings",
    "n_jobs",
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a value of JSON."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _json(value: Any, draw: random.Random) -> Any:
    """A value of JSON with one to three changes."""
    value = copy.deepcopy(value)
    for _ in range(draw.randint(1, 3)):
        places = list(_places(value))
        if not places:
            return value
        holder, key = draw.choice(places)
        other, its = draw.choice(places)
        alike = [place for place in places if place[1] == key and place[0] is not holder]
        match draw.randrange(7):
            case 0:
                holder[key] = draw.choice(VALUES)
            case 1:
                holder[key] = copy.deepcopy(other[its])
            case 2 if alike:  # such as the id, the loader or the class of another node
                other, its = draw.choice(alike)
                holder[key], other[its] = other[its], holder[key]
            case 3 if isinstance(holder, dict):
                del holder[key]
            case 4 if isinstance(holder, dict):
                holder[draw.choice(NAMES)] = copy.deepcopy(draw.choice((holder[key], draw.choice(VALUES))))
            case 5 if isinstance(holder[key], list):
                holder[key] = holder[key] * draw.choice((0, 2, 50))
            case _ if isinstance(holder[key], (int, float)):
                holder[key] = holder[key] * draw.choice((-1, 2, 1000, 2**30)) + draw.choice((-1, 0, 1))
    return value


def _bytes(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    match draw.randrange(4):
        case 0:
            return data[: draw.randrange(len(data))]
        case 1:
            place = draw.randrange(len(data))
            return data[:place] + draw.randbytes(draw.randint(1, 8)) + data[place:]
        case _:
            for _ in range(draw.randint(1, 4)):
                changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _header(data: bytes, draw: random.Random) -> bytes:
    """safetensors under another header."""
    (length,) = struct.unpack("<Q", data[:8])
    text = json.dumps(_json(json.loads(data[8 : 8 + length]), draw)).encode()
    return struct.pack("<Q", draw.choice((len(text), len(text), len(text), length, 2**40))) + text + data[8 + length :]


def _archive(data: bytes, draw: random.Random, changes: dict[str, Callable[[bytes, random.Random], bytes]]) -> bytes:
    """A zip archive with a member changed, left out, doubled or renamed; digests of a bundle are made to fit again."""
    parts = hostile.members(data)
    name = draw.choice(sorted(parts))
    match draw.randrange(8):
        case 0:
            del parts[name]
        case 1:
            parts[draw.choice(("../x", "a/b.npy", "model.json", "x" * 300))] = parts.pop(name)
        case 2:
            parts[name] = parts[draw.choice(sorted(parts))]
        case _:
            name = draw.choice([one for one in parts if one in changes] or [name])
            parts[name] = changes.get(name, _bytes)(parts[name], draw)
    if "model.json" in parts and draw.random() < 0.9:
        parts["model.json"] = _signed(parts)
    return hostile.zipped(parts, draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def _signed(parts: dict[str, bytes]) -> bytes:
    try:
        header = json.loads(parts["model.json"])
        header["sha256"] = {name: hashlib.sha256(parts[name]).hexdigest() for name in header["sha256"]}
    except (ValueError, KeyError, TypeError):
        return parts["model.json"]
    return json.dumps(header).encode()


def _schema(data: bytes, draw: random.Random) -> bytes:
    return json.dumps(_json(json.loads(data), draw)).encode()


def _messages(message: Any) -> Iterator[Any]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                yield from _messages(part)


def _proto(data: bytes, draw: random.Random) -> bytes:
    """An ONNX model with fields set, cleared, or copied between messages of one kind."""
    model = ModelProto.FromString(data)
    for _ in range(draw.randint(1, 3)):
        every = list(_messages(model))
        message = draw.choice(every)
        alike = [one for one in every if type(one) is type(message) and one is not message]
        field = draw.choice(message.DESCRIPTOR.fields)
        kind = field.message_type
        inside = [one for one in every if kind is not None and one.DESCRIPTOR.name == kind.name and one is not model]
        value = getattr(message, field.name)
        repeated = hasattr(value, "extend")
        match draw.randrange(4):
            case 0 if alike:
                message.CopyFrom(copy.deepcopy(draw.choice(alike)))  # one may be part of the other
            case 1:
                message.ClearField(field.name)
            case 2 if inside:
                (value.add() if repeated else value).CopyFrom(copy.deepcopy(draw.choice(inside)))
            case _ if kind is None:
                _set(message, field.name, repeated, draw)
    result: bytes = model.SerializeToString()
    return result


def _set(message: Any, name: str, repeated: bool, draw: random.Random) -> None:
    for value in draw.sample(
        (0, 1, -1, 7, 8, 9999, 2**31, 2**40, 0.5, "Expand", "Tile", "x", "w1", b"\0", "com.evil", "/etc/passwd"), 16
    ):
        try:
            if repeated:
                getattr(message, name).append(value)
            else:
                setattr(message, name, value)
        except (TypeError, ValueError):
            continue
        return


def _skops_of(data: bytes, draw: random.Random) -> bytes:
    return _archive(data, draw, MEMBERS)


MEMBERS = {"schema.json": _schema, "model.json": _schema, "model.safetensors": _header, "encoder.skops": _skops_of}


Change = Callable[[bytes, random.Random], bytes]
STATES = ("torch",) if state.is_read() else ()
KINDS: dict[str, tuple[Callable[[], bytes], Change]] = {
    "skops": (_skops, _skops_of),
    "onnx": (_onnx, _proto),
    "pipeline in onnx": (_pipeline, _proto),
    "safetensors": (hostile.safetensors_bytes, _header),
    **dict.fromkeys(STATES, (hostile.state_bytes, _skops_of)),
    "bundle": (hostile.bundle_bytes, _skops_of),
    "graph": (hostile.graph_bytes, _skops_of),
    "architecture": (lambda: json.dumps({"layers": hostile.LAYERS, "task": "binary"}).encode(), _schema),
}


# ---- what must hold


def mutate_model_files(examples: int, seed: int) -> dict[str, int]:
    """Change sound model files at random, and return how many were loaded and how many were refused.

    Raises
    ------
    AssertionError
        With the kind, the seed and the number of the file: where another error than one of ours came out, another file was
        opened, a process started or a pickle read, inspection called a file safe that was then refused, or the process grew by
        more than the limit.
    """
    tally = {"loaded": 0, "refused": 0}
    watch = _watch()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(os.path.realpath(name))
        _warm(folder)
        for number in range(examples):
            draw = random.Random(f"{seed} {number}")
            kind = list(KINDS)[number % len(KINDS)]
            make, change = KINDS[kind]
            path = folder / f"{number}.model"
            path.write_bytes((_bytes if draw.random() < 0.15 else change)(make(), draw))
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            said = f"{kind}, seed {seed}, number {number}"
            watch.folder, watch.seen = str(folder), []
            try:
                loaded = _asked(path, kind, said, refit=kind == "skops" and draw.random() < REFITTED)
            except TabinterpError as error:
                raise AssertionError(f"{said}: {error}") from error
            except Exception as error:
                error.add_note(said)
                raise
            finally:
                watch.folder = None
            assert not watch.seen, f"{said}: {watch.seen[:5]}"
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert grown <= LARGEST_GROWTH, f"{said}: the process grew by {grown // 1024} MiB"
            tally["loaded" if loaded else "refused"] += 1
            path.unlink()
    return tally


def _warm(folder: Path) -> None:
    """Write the sound files beside which others are loaded, and import what loading imports, before anything is watched."""
    (folder / "sound.safetensors").write_bytes(hostile.safetensors_bytes())
    (folder / "sound.json").write_bytes(KINDS["architecture"][0]())
    for kind, (make, _) in KINDS.items():
        path = folder / kind
        path.write_bytes(make())
        assert _asked(path, kind, kind, refit=kind == "skops"), kind


def _asked(path: Path, kind: str, said: str, refit: bool) -> bool:
    """Inspect, load and score a file, and fit a counterpart behind its encoder; whether it was loaded."""
    weights = kind in ("safetensors", "torch", "architecture")
    if kind == "architecture":
        architecture, file = path, path.with_name("sound.safetensors")
    else:
        architecture, file = path.with_name("sound.json"), path
    found = ti.inspect_model(file)
    model, problem = _loaded(file, found, architecture if weights and found.format != "onnx" else None)
    if problem is not None:
        fits = kind == "architecture" or (weights and any(words in problem for words in WORDS))
        assert fits or not found.safe, f"{said}: inspection calls it safe, and loading says: {problem}"
        return False
    assert found.safe, f"{said}: it was loaded, and inspection says: {found.problem}"
    for table in _tables() if model is not None else ():
        with contextlib.suppress(TabinterpError):
            bound = bind(model, table)
            if refit:
                ti.fit_counterpart(bound, table)
    return True


def _loaded(file: Path, found: Any, architecture: Path | None) -> tuple[Any, str | None]:
    """The model (None of an encoder alone), or why there is none."""
    try:
        if found.safe and found.needs is not None and found.format == "skops":
            return skops_archive.load(read(file)) and None, None
        model = ti.load_model(file, architecture=architecture, encoder=None if architecture is None else "passthrough")
        ti.load_counterpart(file)
    except TabinterpError as error:
        return None, str(error) or "an error without words"
    return model, None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(mutate_model_files(given.examples, given.seed))
