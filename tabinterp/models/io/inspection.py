"""Inspection of model files: what a file contains, which code would run if it were loaded, and whether loading is safe. No code
in the file is run.

A file is reported as safe only if the functions that `load_model` uses can load it. For a skops archive, all types must also be
on the list of safe types. If `load_model` needs further arguments for a file, `needs` names these arguments, and the file is
inspected without them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tabinterp import file_names as layout
from tabinterp.errors import ModelError, TabinterpError
from tabinterp.models.adapters import onnx as from_onnx
from tabinterp.models.adapters.onnx_check import is_pipeline

from . import bundle as bundles
from . import network_description as network
from . import pickles as pickled
from . import safetensors_file as weights
from . import skops_archive
from . import state_dict as state
from .archive import Archive, open_archive
from .formats import KINDS, kind_of
from .load import LOADERS, Given, is_encoder, of_object
from .reading import Content, read
from .safetensors_file import Shape

MOST_SHOWN = 40
BESIDE = tuple(name.rstrip("/") for name in (layout.OTHERS, layout.NULL))  # separate bundles
NOTHING = "nothing"


@dataclass
class Inspection:
    """The result of an inspection. `safe` is true if `load_model` can read the file without running code in it. Otherwise,
    `problem` states the reason. `str()` returns a readable text.
    """

    path: str
    format: str = "unknown"
    description: str = ""
    sha256: str = ""
    size: int = 0
    safe: bool = False
    problem: str | None = None
    runs: str = NOTHING  # code that runs if the file is loaded as usual for its format
    needs: str | None = None  # other arguments that load_model needs
    members: dict[str, int] = field(default_factory=dict)  # name -> size in bytes
    tensors: list[Shape] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)  # types named in a skops archive
    refused: list[str] = field(default_factory=list)  # those that are not on the list
    imports: list[str] = field(default_factory=list)  # imports named in a pickle
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        head = [
            f"{self.path}: {self.description}, {self.size:,} bytes",
            f"SHA-256: {self.sha256}",
            f"Safe to load: {'yes' if self.safe else 'no'}",
        ]
        head += [f"Reason: {self.problem}"] if self.problem else []
        head += [f"Loading would run: {self.runs}"] + ([f"How to load: {self.needs}"] if self.needs else [])
        members = [f"{name} ({size:,} bytes)" for name, size in self.members.items()]
        tensors = [f"{t.name} {list(t.shape)} {t.dtype}" for t in self.tensors]
        lists = [
            ("Members", members),
            ("Layers", self.layers),
            ("Tensors", tensors),
            ("Types", self.types),
            ("Types not on the list of safe types", self.refused),
            ("Imports of its pickle", self.imports),
            ("Notes", self.notes),
        ]
        return "\n".join([*head, *(line for title, lines in lists for line in _listed(title, lines))])


def _listed(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  and {len(lines) - MOST_SHOWN:,} more"] if len(lines) > MOST_SHOWN else []
    return [f"{title}:", *(f"  {line}" for line in lines[:MOST_SHOWN]), *more]


def inspect_model(path: str | Path) -> Inspection:
    """Inspect a file or folder of any format. Malicious and damaged files are described as far as they can be read.

    Raises
    ------
    ModelError
        There is no such file.
    """
    source = Path(path)
    found = Inspection(str(source))
    if source.is_dir():
        _guarded(found, lambda: _folder(source, found))
        return found
    if not source.exists():
        raise ModelError(f"there is no file or folder {str(source)!r}. Check the path")
    _guarded(found, lambda: _file(source, found))
    return found


def _guarded(found: Inspection, look: Callable[[], None]) -> None:
    try:
        look()
        found.safe = found.problem is None and not found.refused
    except (TabinterpError, OSError) as error:
        found.safe, found.problem = False, str(error)


def _file(source: Path, found: Inspection) -> None:
    content = read(source)
    found.sha256, found.size = content.sha256, len(content.data)
    found.description = "an archive that was refused" if content.data[:2] == b"PK" else KINDS["unknown"].words
    kind = kind_of(content)
    found.format, found.description, found.runs = kind, KINDS[kind].words, KINDS[kind].runs or NOTHING
    if KINDS[kind].refused:
        found.problem = f"tabinterp does not load {KINDS[kind].words}. Instead, {KINDS[kind].way}"
    LOOKS[kind](content, found)


def _folder(source: Path, found: Inspection) -> None:
    found.format, found.description = "bundle", f"{KINDS['bundle'].words} in a folder"
    bundle = bundles.from_folder(source)
    found.sha256 = bundle.sha256
    found.size = sum(len(content.data) for content in bundle.files.values())
    found.members = {name: len(content.data) for name, content in bundle.files.items()}
    others = sorted(p.name for p in source.iterdir() if p.name not in layout.MEMBERS)
    found.notes += [
        f"not part of the bundle, and never read: {name}" for name in others if name not in ("counterpart", *BESIDE)
    ]
    found.notes += [f"read by an audit; inspect it separately: {name}" for name in others if name in BESIDE]
    _bundle(bundle, found)
    counterpart = source / layout.COUNTERPART.rstrip("/")
    if counterpart.is_symlink() or counterpart.exists():
        if counterpart.is_symlink():
            raise ModelError(
                f"{str(counterpart)!r} is a symbolic link, which a bundle must not contain. Replace the link with a "
                "copy of the folder"
            )
        _counterpart(bundles.from_folder(counterpart), found)


def _zipped_bundle(content: Content, found: Inspection) -> None:
    archive = _members(content, found)
    _bundle(bundles.from_archive(archive), found)
    if any(name.startswith(layout.COUNTERPART) for name in archive.sizes):
        _counterpart(bundles.from_archive(archive, layout.COUNTERPART), found)


def _bundle(bundle: bundles.Bundle, found: Inspection) -> None:
    header = bundle.header
    found.layers = network.lines(header.layers, header.graph)
    found.tensors = weights.shapes(bundle.files[layout.WEIGHTS])
    if header.made_from is not None:
        found.notes.append(
            f"made from a {header.made_from.format} file, whose code was run (SHA-256 {header.made_from.sha256})"
        )
    if layout.ENCODER in bundle.files:
        _held(bundle.files[layout.ENCODER], found)
    if not found.refused:
        bundle.model()


def _counterpart(bundle: bundles.Bundle, found: Inspection) -> None:
    found.notes.append(f"contains a linear counterpart: {bundle.header.name}")
    if layout.ENCODER in bundle.files:
        _held(bundle.files[layout.ENCODER], found)
    if not found.refused:
        bundle.model()


def _skops(content: Content, found: Inspection) -> None:
    _members(content, found)
    _held(content, found)
    if found.refused:
        return
    value = skops_archive.load(content)
    if is_encoder(value):
        found.needs = (
            "this file contains an encoder, not a model. Pass the file as --encoder, together with a weights file and a "
            "description of the layers (--architecture)"
        )
    else:
        of_object(value, content)


def _held(content: Content, found: Inspection) -> None:
    held = skops_archive.examine(content)
    found.types = sorted({*found.types, *held.types})
    found.refused = sorted({*found.refused, *held.refused})
    if held.refused:
        found.problem = "the file contains types that are not on the list of safe types"
        found.runs = "the code that builds these types"


def _safetensors(content: Content, found: Inspection) -> None:
    found.tensors = weights.shapes(content)
    weights.check_numbers(weights.tensors(content), content.name)
    found.needs = "pass a description of the layers (--architecture) and the encoder (--encoder)"


def _torch(content: Content, found: Inspection) -> None:
    archive = _members(content, found)
    found.imports = list(pickled.opcodes(state.pickle_of(archive)).imports)
    try:
        state.check(archive)
    except TabinterpError:
        found.runs = "any code that its imports and calls specify, when it is loaded with weights_only=False"
        raise
    tensors = state.tensors(archive)
    found.tensors, found.description = weights.described(tensors), "a torch state dict"
    weights.check_numbers(tensors, content.name)
    found.needs = "pass a description of the layers (--architecture) and the encoder (--encoder)"


def _members(content: Content, found: Inspection) -> Archive:
    archive = open_archive(content)
    found.members = dict(archive.sizes)
    return archive


def _pickle(content: Content, found: Inspection) -> None:
    _opcodes(content.data, found)


def _compressed(content: Content, found: Inspection) -> None:
    data = pickled.unpacked(content.data)
    if data is None:
        found.notes.append("the file cannot be unpacked, so its imports are not known")
        return
    found.notes.append(f"unpacks to {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")
    _opcodes(data, found)


def _old_torch(content: Content, found: Inspection) -> None:
    """Inspect the consecutive pickles in a file written by an old version of torch. They contain a magic number, a version,
    information about the system, the object and the storages.
    """
    read = [pickled.opcodes(part) for part in pickled.chained(content.data)]
    found.imports = list(dict.fromkeys(name for one in read for name in one.imports))
    found.notes.append(f"{sum(one.count for one in read):,} opcodes in {len(read)} pickles")


def _opcodes(data: bytes, found: Inspection) -> None:
    read = pickled.opcodes(data)
    found.imports = list(read.imports)
    found.notes.append(f"{read.count:,} opcodes; {read.calls:,} of these opcodes call a function or set a state")
    if not read.complete:
        found.notes.append(
            "some opcodes could not be read (there may be arrays between them), so the list of imports is incomplete"
        )


def _pickles_inside(content: Content, found: Inspection) -> None:
    archive = _members(content, found)
    for name in [member for member in archive.sizes if member.endswith(".pkl")][:20]:
        found.imports += [f"{name}: {one}" for one in pickled.opcodes(archive.read(name, state.LARGEST_PICKLE)).imports]


def _onnx(content: Content, found: Inspection) -> None:
    """Inspect a graph: check it, list its operators, and compare its outputs on random rows with those of the converted network,
    as `load_model` does.
    """
    proto = from_onnx.read(content.data, content.name)
    found.layers = [node.op_type for node in proto.graph.node]
    LOADERS["onnx"](content, Given(None, None))
    if not is_pipeline(proto):
        found.needs = "pass an encoder (--encoder), unless the network reads the numeric columns unchanged"


def _nothing(_content: Content, _found: Inspection) -> None:
    """Do nothing, for formats without details to inspect."""


LOOKS: dict[str, Callable[[Content, Inspection], Any]] = {
    "bundle": _zipped_bundle,
    "skops": _skops,
    "safetensors": _safetensors,
    "torch": _torch,
    "pickle": _pickle,
    "compressed": _compressed,
    "torch-old": _old_torch,
    "torchscript": _pickles_inside,
    "pt2": _pickles_inside,
    "keras": _members,
    "zip": _members,
    "onnx": _onnx,
    "hdf5": _nothing,
    "unknown": _nothing,
}
