"""Models as files that run no code: weights as safetensors, architecture as JSON, encoder as skops against our own list.

A bundle is a folder: `model.json` (what it is, which rows were held out, digests of the other files),
`model.safetensors`, and `encoder.skops` unless the model reads numbers as they are. The linear counterpart is a network
with no hidden layer, so it is saved the same way, in the folder `counterpart`.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
import skops.io
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from ..errors import ModelError, UnsafeFileError
from ..files import write
from ..table import Split
from .adapters import onnx as from_onnx
from .front import is_sequence
from .model import Model
from .wrap import wrap

FORMAT = 1
LARGEST_JSON = 1 << 24

# Types an encoder or a model may hold, besides those skops trusts by itself. Everything here is scikit-learn's own.
TRUSTED = {
    "numpy.dtype",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
}

LAYERS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {  # name in the file -> module, its settings
    "Linear": (nn.Linear, ("in_features", "out_features")),
    "ReLU": (nn.ReLU, ()),
    "Tanh": (nn.Tanh, ()),
    "Sigmoid": (nn.Sigmoid, ()),
    "GELU": (nn.GELU, ("approximate",)),
    "SiLU": (nn.SiLU, ()),
    "ELU": (nn.ELU, ("alpha",)),
    "LeakyReLU": (nn.LeakyReLU, ("negative_slope",)),
    "Identity": (nn.Identity, ()),
    "Dropout": (nn.Dropout, ("p",)),
    "BatchNorm1d": (nn.BatchNorm1d, ("num_features", "eps")),
    "Softmax": (nn.Softmax, ("dim",)),
}


class Layer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    settings: dict[str, int | float | str | None] = {}
    bias: bool = True


class Settings(BaseModel):
    """What `read_table` is told, beside the rows and the split."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    target: str | None = None
    task: str | None = None
    positive: str | int | float | bool | None = None
    drop: list[str] | None = None
    protected: list[str] | None = None
    kinds: dict[str, str] | None = None
    levels: dict[str, list[str | int | float | bool]] | None = None
    weight: str | None = None
    group: str | None = None


class Header(BaseModel):
    """`model.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: int
    name: str
    library: str
    task: str | None
    classes: list[str | int | float | bool] | None
    outputs: str
    reads: list[str] | None
    dtype: str
    layers: list[Layer]
    penalised: bool | None
    converged: bool | None
    split: dict[str, Any] | None
    table: Settings | None  # how its training table was read
    sha256: dict[str, str]


def save_model(
    model: Model, path: str | Path, *, counterpart: Model | None = None, table: dict[str, Any] | None = None
) -> Path:
    """Write a bundle; `table` says how `read_table` is to read the table again.

    Raises
    ------
    ModelError
        when the network is not a plain sequence of layers, which is all that a file without code can describe.
    """
    if model.function is not None or model.finish is not None:
        raise ModelError(
            f"{model.name} cannot be saved without code: it has several inputs, looks up levels, or is a function of rows"
        )
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"model.safetensors": safetensors.torch.save(_tensors(model.module))}
    if model.encoder is not None:
        files["encoder.skops"] = skops.io.dumps(model.encoder)
    header = Header(
        format=FORMAT,
        name=model.name,
        library=model.library,
        task=model.task,
        classes=None if model.classes is None else [_plain(c) for c in model.classes],
        outputs=model.outputs,
        reads=None if model.reads is None else list(model.reads),
        dtype=str(next(model.module.parameters()).dtype).removeprefix("torch."),
        layers=_describe(model),
        penalised=model.penalised,
        converged=model.converged,
        split=None if model.split is None else model.split.to_dict(),
        table=None if table is None else _settings(table),
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    )
    for name, data in files.items():
        write(folder / name, data)
    write(folder / "model.json", (json.dumps(header.model_dump(), indent=1, ensure_ascii=False) + "\n").encode())
    if counterpart is not None:
        save_model(counterpart, folder / "counterpart")
    return folder


def load_model(path: str | Path, **given: Any) -> Model:
    """Read a bundle, a `.skops` or an `.onnx` file; `given` is what `wrap` is told of a network alone (`encoder`, `classes`).

    What a file is, is decided by its first bytes; nothing in it is ever run.

    Raises
    ------
    UnsafeFileError
        for a file whose loading would run code, such as a pickle, or that holds a type not on our list.
    ModelError
        for a file that is damaged, truncated or of an unknown kind.
    """
    source = Path(path)
    if source.is_dir():
        return _bundle(source)
    if not source.is_file():
        raise ModelError(f"no file or folder {str(source)!r}")
    with source.open("rb") as stream:
        start = stream.read(4)
    if start[:1] == b"\x08":
        return from_onnx.wrap_file(source, **given)
    if start[:2] == b"PK" and _is_skops(source):
        return wrap(_skops(source.read_bytes(), source))
    raise UnsafeFileError(
        f"{str(source)!r} is {_kind(start)}, which tabinterp does not load; save the fitted pipeline with "
        f"skops.io.dump(pipeline, 'model.skops'), or wrap the model in Python and use save_model"
    )


def load_counterpart(path: str | Path) -> Model | None:
    """The linear counterpart that was saved with a bundle, if there is one."""
    folder = Path(path) / "counterpart"
    return replace(_bundle(folder), is_rival=True) if folder.is_dir() else None


def table_settings(path: str | Path) -> dict[str, Any]:
    """How the bundle's training table was read; empty where that is not known."""
    settings = _header(Path(path)).table if Path(path).is_dir() else None
    return {} if settings is None else settings.model_dump(exclude_none=True)


def _settings(table: dict[str, Any]) -> Settings:
    plain = {name: _listed(value) for name, value in table.items()}
    try:
        return Settings.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(
            f"table= holds what read_table takes again ({', '.join(Settings.model_fields)}); "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple, set, frozenset)) else _plain(value)


# ---- describing a network


def _describe(model: Model) -> list[Layer]:
    if not is_sequence(model.module):
        raise ModelError(
            f"{model.name} is a {type(model.module).__name__}; only a torch Sequential can be saved without code"
        )
    return [_layer(module, model.name) for module in model.module]


def _layer(module: nn.Module, name: str) -> Layer:
    kind = type(module).__name__
    if kind not in LAYERS or type(module) is not LAYERS[kind][0]:
        raise ModelError(f"{name} holds a {kind}; layers that can be saved are {', '.join(LAYERS)}")
    settings = {setting: getattr(module, setting) for setting in LAYERS[kind][1]}
    return Layer(kind=kind, settings=settings, bias=getattr(module, "bias", None) is not None)


def _build(header: Header) -> nn.Sequential:
    modules: list[nn.Module] = []
    for layer in header.layers:
        if layer.kind not in LAYERS:
            raise ModelError(f"model.json names a layer {layer.kind!r}; known are {', '.join(LAYERS)}")
        make, settings = LAYERS[layer.kind]
        if set(layer.settings) != set(settings):
            raise ModelError(f"model.json: {layer.kind} has the settings {list(settings)}; got {list(layer.settings)}")
        extra: dict[str, Any] = {"bias": layer.bias} if layer.kind == "Linear" else {}
        try:
            modules.append(make(**layer.settings, **extra))
        except (TypeError, ValueError, RuntimeError) as error:
            raise ModelError(f"model.json: no {layer.kind} can be made of {layer.settings}: {error}") from None
    return nn.Sequential(*modules)


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}


def _plain(value: Any) -> str | int | float | bool:
    return value.item() if hasattr(value, "item") else value  # type: ignore[no-any-return]


# ---- reading


def _header(folder: Path) -> Header:
    path = folder / "model.json"
    if not path.is_file():
        raise ModelError(f"{str(folder)!r} is not a bundle: it has no model.json")
    if path.stat().st_size > LARGEST_JSON:
        raise ModelError(f"{str(path)!r} is larger than {LARGEST_JSON:,} bytes")
    try:
        header = Header.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(f"{str(path)!r}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if header.format != FORMAT:
        raise ModelError(f"{str(path)!r} has format {header.format}; this version reads {FORMAT}")
    return header


def _bundle(folder: Path) -> Model:
    header = _header(folder)
    data = {name: _checked(folder / name, digest) for name, digest in header.sha256.items()}
    if "model.safetensors" not in data:
        raise ModelError(f"{str(folder)!r}: model.json names no model.safetensors")
    module = _build(header).to(_dtype(header.dtype))
    try:
        module.load_state_dict(safetensors.torch.load(data["model.safetensors"]), strict=True)
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise ModelError(f"{str(folder)!r}: the weights do not fit the architecture: {error}") from None
    for name, value in module.state_dict().items():
        if not bool(torch.isfinite(value).all()):
            raise ModelError(f"{str(folder)!r}: {name} holds values that are not finite")
    encoder = _skops(data["encoder.skops"], folder) if "encoder.skops" in data else None
    model = Model(
        name=header.name,
        library=header.library,
        module=module.eval().requires_grad_(False),
        task=header.task,
        classes=None if header.classes is None else tuple(header.classes),
        outputs=header.outputs,
        encoder=encoder,
        reads=None if header.reads is None else tuple(header.reads),
        penalised=header.penalised,
        converged=header.converged,
    )
    return model if header.split is None else replace(model, split=Split.from_dict(header.split))


def _dtype(name: str) -> torch.dtype:
    known = {"float32": torch.float32, "float64": torch.float64}
    if name not in known:
        raise ModelError(f"model.json: dtype is one of {', '.join(known)}; got {name!r}")
    return known[name]


def _checked(path: Path, digest: str) -> bytes:
    if os.sep in path.name or path.is_symlink() or not path.is_file():
        raise ModelError(f"{str(path)!r} is not a plain file of the bundle")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise ModelError(f"{str(path)!r} was changed after it was saved: its SHA-256 is not the one in model.json")
    return data


def _skops(data: bytes, source: Path) -> Any:
    try:
        unknown = set(skops.io.get_untrusted_types(data=data)) - TRUSTED
    except Exception as error:  # a damaged archive raises whatever it hits first
        raise ModelError(f"{str(source)!r}: the skops archive cannot be read: {error}") from None
    if unknown:
        raise UnsafeFileError(
            f"{str(source)!r} holds types that are not on the list of safe ones: {', '.join(sorted(unknown))}"
        )
    try:
        return skops.io.loads(data, trusted=sorted(TRUSTED))
    except Exception as error:  # damaged, or written by a library version that skops cannot read
        raise ModelError(f"{str(source)!r}: the skops archive cannot be loaded: {error}") from None


def _is_skops(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "schema.json" in archive.namelist()
    except zipfile.BadZipFile:
        return False


KINDS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda start: start[:1] == b"\x80", "a pickle (joblib files are pickles too), which runs code when it is loaded"),
    (
        lambda start: start[:2] == b"PK",
        "a zip archive that is no skops file, perhaps of torch.save, which may hold a pickle",
    ),
    (lambda start: start[:4] == b"\x89HDF", "an HDF5 file"),
)


def _kind(start: bytes) -> str:
    return next((name for test, name in KINDS if test(start)), "of a kind that is not known")
