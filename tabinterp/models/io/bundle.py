"""Bundles: models saved in a folder or in one zip archive, as files that contain no code.

A bundle contains these files:

- `model.json`: a description of the model, its split, and digests of the other files;
- `model.safetensors`: the weights;
- `encoder.skops`: the encoder, unless the model uses numeric columns unchanged. For a network with several inputs or with
  embeddings, this file contains a list of encoders, one for each input.

The linear counterpart is saved in the same way in `counterpart/`, as a network without hidden layers.

If the bundle is a folder, it may also contain separate bundles of other networks. Networks that differ from the model only by
their seed are saved in `seeds/`. A network trained on permuted labels is saved in `null-of-shuffled-labels/`. It serves as a
baseline for explanations, not for predictions.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor, nn

from tabinterp.atomic_io import write, write_all
from tabinterp.errors import ModelError, UnsafeFileError, argument
from tabinterp.field_errors import problem
from tabinterp.file_names import BUNDLE, COUNTERPART, ENCODER, HEADER, MEMBERS, NULL, OTHERS, WEIGHTS
from tabinterp.models.adapters.torch import encoders_of
from tabinterp.models.column_lineage import structure
from tabinterp.models.inputs import SideBySide
from tabinterp.models.model import File, Model
from tabinterp.models.multi_input import Finish
from tabinterp.models.outputs import averaging
from tabinterp.models.scores import module_dtype
from tabinterp.table import Split, Table
from tabinterp.table.schema import GOALS, LOGITS, TASKS
from tabinterp.table.suppression import SMALL

from . import network_description as network
from . import safetensors_file as weights
from . import skops_archive
from .architecture import Layer, checked, describe
from .archive import Archive, pack
from .capture import capture
from .graph import Graph
from .reading import LARGEST_FILE, LARGEST_JSON, Content, json_object, read_member

FORMAT = 1


class Labels(BaseModel):
    """Labels of columns and of their levels. Levels are given as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    columns: dict[str, str] = {}
    levels: dict[str, dict[str, str]] = {}


class Settings(BaseModel):
    """The arguments of `read_table` that a bundle stores: all except the rows and the split."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    target: str | None = None
    task: str | None = None
    positive: str | int | float | bool | None = None
    adverse: str | int | float | bool | None = None
    drop: list[str] | None = None
    protected: list[str] | None = None
    kinds: dict[str, str] | None = None
    levels: dict[str, list[str | int | float | bool]] | None = None
    labels: Labels | None = None
    weight: str | None = None
    group: str | None = None
    drop_missing_target: bool | None = None


class MadeFrom(BaseModel):
    """The earlier file, such as a pickle, from which the model in a bundle was loaded. Code in the earlier file was run when the
    model was loaded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: str
    sha256: str


class Header(BaseModel):
    """The contents of `model.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: int
    name: str
    library: str
    task: str | None
    classes: list[str | int | float | bool] | None
    outputs: str
    outputs_stated: bool = True  # False: inferred when the network is bound to a table
    reads: list[str] | None
    dtype: str
    layers: list[Layer] | None = None
    graph: Graph | None = None  # instead of layers
    penalised: bool | None
    converged: bool | None
    split: dict[str, Any] | None
    table: Settings | None  # how its training table was read
    made_from: MadeFrom | None = None
    sha256: dict[str, str]


# ---- writing


def save_model(
    model: Model,
    path: str | Path,
    *,
    counterpart: Model | None = None,
    table: dict[str, Any] | None = None,
    rows: Table | None = None,
    others: Sequence[Model] = (),
    null: Model | None = None,
) -> Path:
    """Write a bundle to a folder, or to one file if the path ends in `.zip`.

    An existing bundle is replaced completely, after the new one has been written to disk. Other files in the folder are not
    changed.

    A bundle contains the fitted encoder, including all levels that the encoder stores. The encoder of a network from `train`
    stores no level with fewer than ten training rows, except `True` and `False`.

    Parameters
    ----------
    counterpart : the linear counterpart, saved with the model.
    table : arguments for `read_table` to read the table again, such as the target and the adverse class. None: the arguments that
        were used to read `rows`, except the split.
    rows : the table. If it is given, a warning names the columns for which the bundle stores levels with fewer than ten rows in
        this table.
    others : networks that differ from the model only in their seed. They can only be saved if the bundle is a folder.
    null : a network trained on permuted labels. It can only be saved if the bundle is a folder.

    Raises
    ------
    ModelError
        The network contains an operation that is not listed in `operations.py`, or the encoder contains a type that could not be
        loaded again. The error is also raised if `others` or `null` is given and the path ends in `.zip`. In all these cases,
        nothing is written.
    """
    target = Path(path)
    if table is None and rows is not None and rows.asked is not None:
        table = rows.asked.declared()
    members = _members(model, table)
    if rows is not None and (named := rare_levels(model, rows)):
        columns = ", ".join(f"{column} ({count})" for column, count in named.items())
        warnings.warn(
            f"the bundle of {model.name} contains levels that occur in fewer than {SMALL} rows (number of such levels by column: "
            f"{columns}). Protect the bundle as you protect the data, or replace rare levels with one common value before you "
            "fit the encoder",
            stacklevel=2,
        )
    if counterpart is not None:
        members |= {COUNTERPART + name: data for name, data in _members(counterpart, None).items()}
    if target.suffix.lower() == ".zip":
        if others or null is not None:
            raise ModelError(
                f"{argument('others')} and {argument('null')} can only be saved in a folder, but {str(path)!r} is "
                "a single file. To save to a folder, omit the extension .zip"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, pack(members))
        return target
    beside = {f"{OTHERS}{number}/": one for number, one in enumerate(others, 1)} | (
        {} if null is None else {NULL: null}
    )
    for part, one in beside.items():
        members |= {part + name: data for name, data in _members(one, None).items()}
    _replace(target, members)
    return target


def _replace(folder: Path, members: Mapping[str, bytes]) -> None:
    """Replace an existing bundle with these files. Either all files are replaced, or none.

    A folder is a bundle only while it contains a header, which is therefore deleted first and written last.
    """
    contents: dict[Path, bytes | None] = {folder / HEADER: members[HEADER]}
    contents |= {folder / name: data for name, data in members.items()}
    if folder.is_dir():
        contents |= {folder / name: None for name in BUNDLE.ours(folder)[0] if name not in members}
    parents = {parent for path in contents for parent in path.parents if parent.is_relative_to(folder)}
    inside, given = sorted(parents, reverse=True), folder.exists()  # deepest first
    for parent in inside:
        parent.mkdir(parents=True, exist_ok=True)
    try:
        write_all(contents)
    finally:
        for parent in inside[:-1] if given else inside:
            with suppress(OSError):  # it contains files
                parent.rmdir()


def save_others(models: Sequence[Model], path: str | Path) -> None:
    """Save other networks, which differ from the model only in their seed, in the bundle's folder. Networks saved by earlier
    calls are replaced.
    """
    folder = Path(path) / OTHERS
    for stale in folder.glob(f"*/{HEADER}"):
        stale.unlink()
    for number, model in enumerate(models, 1):
        save_model(model, folder / str(number))


def save_null(model: Model | None, path: str | Path) -> None:
    """Write a network trained on permuted labels into the bundle's folder. If `model` is None, only delete the header of
    the network that an earlier call wrote. A folder without a header is not loaded.
    """
    folder = Path(path) / NULL
    (folder / HEADER).unlink(missing_ok=True)
    if model is not None:
        save_model(model, folder)


def rare_levels(model: Model, rows: Table) -> dict[str, int]:
    """Return, for each column, the number of levels in the model's encoder that occur in fewer than ten of these rows.

    Columns without such levels, numeric columns and Boolean columns are left out.
    """
    listed, named = {*_listed_levels(_network(model).encoder)}, dict[str, int]()
    texts = {level for column, level in listed if column is None}
    for column in rows.schema.columns:
        if column.role == "input" and column.kind not in ("numeric", "boolean"):
            held = rows.frame[column.name].value_counts()
            rare = {*map(_level, held.index[held < SMALL])}
            count = sum(level in texts or (column.name, level) in listed for level in rare)
            named |= {column.name: count} if count else {}
    return named


def _listed_levels(encoder: Any) -> Iterator[tuple[str | None, str]]:
    """Yield (column, level) for every category of a column that an encoder stores. Any other stored string could also be a level,
    so (None, string) is yielded for it.
    """
    waiting: list[tuple[str, Any]] = [("", encoder)]
    seen: dict[int, Any] = {}  # keeps the objects, so that their addresses are not reused
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            yield None, value
        elif isinstance(value, (int, float, np.number)):
            continue  # only the categories of an encoder show the column of a level
        elif id(value) not in seen:
            seen[id(value)] = value
            if isinstance(value, Mapping):
                waiting += [(name, part) for pair in value.items() for part in pair]
            elif isinstance(value, (list, tuple, set, frozenset)):
                waiting += [(name, part) for part in value]
            elif isinstance(value, (np.ndarray, pd.Series, pd.Index, pd.DataFrame)):
                index = () if isinstance(value, (np.ndarray, pd.Index)) else (value.index.tolist(),)
                waiting += [(name, part) for part in (np.asarray(value).ravel().tolist(), *index)]
            else:
                held = getattr(value, "__dict__", {})
                waiting += [*held.items()]
                for column, levels in zip(held.get("feature_names_in_", ()), held.get("categories_", ()), strict=False):
                    yield from ((str(column), _level(level)) for level in levels)


def _level(value: Any) -> str:
    """Return a level as text, with the same text for 7 and 7.0."""
    return f"{float(value):g}" if isinstance(value, (int, float, np.number)) else str(value)


def _members(model: Model, table: dict[str, Any] | None) -> dict[str, bytes]:
    if model.task is not None:
        model = averaging(model, GOALS[model.task])
    net = _network(model)
    dtype = str(module_dtype(model.weights)).removeprefix("torch.")
    if dtype not in weights.DTYPES:
        raise ModelError(
            f"{model.name} cannot be saved, because its weights have the type {dtype}; allowed types are "
            f"{', '.join(weights.DTYPES)}. Convert the network first, for example with .float()"
        )
    described = net.described(model.name)
    files = {WEIGHTS: weights.dump(described.tensors)}
    if net.encoder is not None:
        files[ENCODER] = skops_archive.dump(net.encoder, model.name)
    header = Header(
        format=FORMAT,
        name=model.name,
        library=model.library,
        task=model.task,
        classes=None if model.classes is None else [_plain(c) for c in model.classes],
        outputs=model.outputs,
        outputs_stated=model.outputs_stated,
        reads=None if net.reads is None else list(net.reads),
        dtype=dtype,
        layers=described.layers,
        graph=described.graph,
        penalised=model.penalised,
        converged=model.converged,
        split=None if model.split is None else model.split.to_dict(),
        table=None if table is None else _settings(table),
        made_from=_made_from(model.file),
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    )
    unused = {"graph"} if header.graph is None else {"layers"}
    unused |= {"outputs_stated"} if model.outputs_stated else set()
    written = json.dumps(header.model_dump(exclude=unused), indent=1, ensure_ascii=False, allow_nan=False)
    return {**files, HEADER: f"{written}\n".encode()}  # last: a folder without a header is not a bundle


@dataclass(frozen=True)
class _Described:
    layers: list[Layer] | None
    graph: Graph | None
    tensors: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class _Network:
    """The parts of a model that are saved: the network, and its encoder or a list of encoders, one for each input."""

    module: nn.Module
    encoder: Any
    reads: tuple[str, ...] | None

    def described(self, name: str) -> _Described:
        layers = describe(self.module)
        if layers is not None:
            return _Described(layers, None, self.module.state_dict())
        encoders = self.encoder if isinstance(self.encoder, list) else [self.encoder]
        graph, tensors = capture(self.module, name, [_width(one, self.reads) for one in encoders])
        return _Described(None, graph, tensors)


def _network(model: Model) -> _Network:
    """Return the network and its encoders as the user gave them, before the network was converted to one with a single input."""
    if isinstance(model.finish, Finish):
        return _Network(model.module, list(model.finish.encoders), None)
    if model.original is not None and isinstance(model.encoder, SideBySide):
        return _Network(model.original, [part.encoder for part in model.encoder.parts], None)
    if model.function is not None or model.finish is not None:
        raise ModelError(
            f"{model.name} {model.opaque}, so it cannot be saved without its code. Only networks, and estimators that tabinterp "
            "reads as networks, can be saved. An ONNX model can be kept in its own file, which ti.load_model reads; a function "
            "must stay in your Python code"
        )
    return _Network(model.module, model.encoder, model.reads)


def _width(encoder: Any, reads: tuple[str, ...] | None) -> int | None:
    """Return the number of columns that an encoder returns; None if the encoder does not state it."""
    names = getattr(encoder, "feature_names_in_", reads)
    count = getattr(encoder, "n_features_in_", None)
    if names is None and isinstance(count, int):
        names = [str(i) for i in range(count)]
    found = None if names is None else structure(encoder, tuple(map(str, names)))
    return None if found is None else len(found)


def _made_from(file: File | None) -> MadeFrom | None:
    if file is None:
        return None
    made_from = (file.format, file.sha256) if file.unsafe else file.made_from
    return None if made_from is None else MadeFrom(format=made_from[0], sha256=made_from[1])


def _settings(table: dict[str, Any]) -> Settings:
    plain = {name: _listed(value) for name, value in table.items()}
    try:
        return Settings.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(
            f"{argument('table')} must contain only valid arguments of read_table ({', '.join(Settings.model_fields)}); the "
            f"argument {'.'.join(map(str, first['loc']))!r} is invalid: {problem(first)}"
        ) from None


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple, set, frozenset)) else _plain(value)


def _plain(value: Any) -> str | int | float | bool:
    return value.item() if hasattr(value, "item") else value  # type: ignore[no-any-return]


# ---- reading


@dataclass(frozen=True)
class Bundle:
    """The files of a bundle, with verified digests. The network and its encoder have not been built yet."""

    name: str
    header: Header
    sha256: str  # of model.json, which contains the digests of the other files
    files: dict[str, Content]

    def network(self) -> nn.Module:
        """Build the network from its layers or its graph, and load its weights."""
        return network.fill(
            self.header.layers, self.header.graph, weights.tensors(self.files[WEIGHTS]), f"{self.name}/{HEADER}"
        )

    def split(self) -> Split | None:
        return None if self.header.split is None else Split.from_dict(self.header.split)

    def model(self) -> Model:
        header, module, encoder = self.header, self.network(), self.encoder()
        if header.dtype not in weights.DTYPES or f"torch.{header.dtype}" != str(module_dtype(module)):
            raise ModelError(
                f"{self.name!r}: model.json states that the weights have the type {header.dtype}, but their type is "
                f"{module_dtype(module)}. Save the model again"
            )
        made_from = header.made_from
        several = isinstance(encoder, list)
        model = Model(
            name=header.name,
            library=header.library,
            module=module,
            task=header.task,
            classes=None if header.classes is None else tuple(header.classes),
            outputs=header.outputs,
            outputs_stated=header.outputs_stated,
            encoder=None if several else encoder,
            reads=None if header.reads is None else tuple(header.reads),
            penalised=header.penalised,
            converged=header.converged,
            split=self.split(),
            file=File(
                "bundle", self.sha256, made_from=None if made_from is None else (made_from.format, made_from.sha256)
            ),
        )
        if several:
            model = replace(model, finish=Finish(tuple(encoders_of(encoder))))
        widths = None if header.graph is None else tuple(one.width for one in header.graph.inputs)
        return replace(model, expects=widths)

    def encoder(self) -> Any:
        """Return the encoder, or None if there is none. For several inputs, return a list, with "passthrough" for an input
        without an encoder.
        """
        content = self.files.get(ENCODER)
        found = None if content is None else skops_archive.load(content)
        inputs = 1 if self.header.graph is None else len(self.header.graph.inputs)
        if (len(found) if isinstance(found, list) else 1) != inputs:
            raise ModelError(
                f"{self.name!r}: {ENCODER} must contain one encoder for each input of the network (number of inputs: {inputs}). "
                "Save the model again"
            )
        return ["passthrough" if one is None else one for one in found] if isinstance(found, list) else found


def from_folder(folder: Path) -> Bundle:
    """Read a bundle from a folder. Only files with the names in `MEMBERS` are opened, and links are never followed."""
    present = {name for name in MEMBERS if (folder / name).is_symlink() or (folder / name).exists()}
    return _bundle(str(folder), present, lambda name, limit: read_member(folder / name, limit).data)


def from_archive(archive: Archive, part: str = "") -> Bundle:
    """Read a bundle from a zip archive. The archive must not contain any files that are not part of a bundle. `part` is the
    folder in the archive to read (empty: the top level).
    """
    extra = sorted(set(archive.sizes) - {prefix + name for prefix in ("", COUNTERPART) for name in MEMBERS})
    if extra:
        raise UnsafeFileError(
            f"{archive.name!r} contains members that do not belong in a bundle: {', '.join(extra[:5])}. Save the model again"
        )
    present = {name for name in MEMBERS if part + name in archive.sizes}
    return _bundle(archive.name, present, lambda name, limit: archive.read(part + name, limit))


def _bundle(where: str, present: set[str], read: Callable[[str, int], bytes]) -> Bundle:
    if HEADER not in present:
        raise ModelError(f"{where!r} is not a bundle, because it has no {HEADER}. Save the model with ti.save_model")
    data = read(HEADER, LARGEST_JSON)
    header = _header(data, where)
    if set(header.sha256) | {HEADER} != present or WEIGHTS not in present:
        names = sorted(set(header.sha256) ^ (present - {HEADER})) or [WEIGHTS]
        raise ModelError(
            f"the files in {where!r} do not match the list in its {HEADER} (missing or not listed: {', '.join(names[:5])}). "
            "Restore the files, or save the model again"
        )
    files = {name: Content(f"{where}/{name}", read(name, LARGEST_FILE)) for name in header.sha256}
    for name, content in files.items():
        if content.sha256 != header.sha256[name]:
            raise ModelError(
                f"{content.name!r} was changed after it was saved: its SHA-256 does not match the SHA-256 in {HEADER}. "
                "Restore the original file, or save the model again"
            )
    return Bundle(where, header, hashlib.sha256(data).hexdigest(), files)


def _header(data: bytes, where: str) -> Header:
    name = f"{where}/{HEADER}"
    value = json_object(data, repr(name))
    if value.get("format") != FORMAT or isinstance(value["format"], bool):
        raise ModelError(
            f"{name!r} has the bundle format {value.get('format')!r}, but this version of tabinterp reads format {FORMAT}. Save "
            "the model again with this version"
        )
    header = checked(Header, value, name)
    if header.task is not None and header.task not in TASKS:
        raise ModelError(f"{name!r}: the field task must be one of {', '.join(TASKS)}; got {header.task!r}")
    allowed = LOGITS if header.task is None else GOALS[header.task].outputs
    if header.outputs not in allowed:
        raise ModelError(f"{name!r}: the field 'outputs' must be {' or '.join(allowed)}; got {header.outputs!r}")
    return header
