"""`load_model`: load a model file. The format determines how the file is read. If reading fails, no other format is tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError, TabinterpError, UnsafeFileError, argument
from tabinterp.file_names import COUNTERPART, HEADER, NULL, OTHERS
from tabinterp.models.adapters import onnx as from_onnx
from tabinterp.models.black_box import Function
from tabinterp.models.model import File, Model
from tabinterp.models.wrap import wrap

from . import mlflow_model, skops_archive
from . import network_description as network
from . import pickles as pickled
from . import safetensors_file as weights
from . import state_dict as state
from .allocation_limits import check_cells
from .archive import open_archive
from .bundle import Bundle, Header, from_archive, from_folder
from .formats import KINDS, kind_of, refusal
from .loaded_objects import columns
from .reading import LARGEST_JSON, Content, read

SHARED = (
    "task",
    "classes",
    "outputs",
    "reads",
    "layers",
    "split",
)  # settings that must agree between networks that differ by their seed or by permuted labels


@dataclass(frozen=True)
class Given:
    """The arguments of `load_model` other than the path."""

    architecture: str | Path | None
    encoder: Any
    classes: Sequence[Any] | None = None
    task: str | None = None


def load_model(
    path: str | Path,
    *,
    architecture: str | Path | None = None,
    encoder: Any = None,
    classes: Sequence[Any] | None = None,
    task: str | None = None,
    unsafe_pickle: bool = False,
    sha256: str | None = None,
) -> Model:
    """Load a model file. Its format is recognised from its contents. No code in the file is run, except with `unsafe_pickle`.

    Parameters
    ----------
    path : path of a bundle (folder or zip), a skops archive of a fitted pipeline, a weights file (safetensors or torch state
        dict), an ONNX file, or an MLflow model that is stored as skops or ONNX. For an MLflow model, pass its folder or its URI,
        such as "models:/churn/3".
    architecture : for weights: a JSON file that describes the layers.
    encoder : for weights and ONNX: a fitted transformer, the path of a skops archive that contains one, or "passthrough".
    classes, task : for ONNX: the same as in `wrap`.
    unsafe_pickle : whether to load a pickle, a joblib file or a whole module saved by torch, which runs the code in the file.
        `sha256` is then required. The report states that code was run, and contains a finding about it.
    sha256 : expected SHA-256 digest of the file (for a folder: of its model.json). An error is raised for any other digest.

    Raises
    ------
    UnsafeFileError
        Loading the file would run code, as with a pickle, or the file contains a type that is not on the list of safe types.
    ModelError
        The file is damaged, truncated or of an unknown kind.
    """
    if mlflow_model.is_uri(path):
        path = mlflow_model.downloaded(Path(path).as_posix())
    if (Path(path) / mlflow_model.HEADER).is_file():
        path = mlflow_model.model_file(Path(path), unsafe_pickle)
    source = Path(path)
    if unsafe_pickle and sha256 is None:
        raise UnsafeFileError(
            f"{argument('unsafe_pickle', True)} needs {argument('sha256')}, the SHA-256 of the file that you trust"
        )
    given = Given(architecture, encoder, classes, task)
    if source.is_dir():
        return _from_folder(source, given, unsafe_pickle, sha256)
    content = read(_existing(source))
    _pinned(content.name, content.sha256, sha256)
    kind = kind_of(content)
    if unsafe_pickle:
        return _unsafe(content, kind, given)
    if kind not in LOADERS:
        raise UnsafeFileError(refusal(content, kind))
    return LOADERS[kind](content, given)


def load_counterpart(path: str | Path) -> Model | None:
    """Return the linear counterpart that was saved with a bundle; None if there is none."""
    source = Path(path)
    if source.is_dir():
        folder = source / COUNTERPART.rstrip("/")
        _no_link(folder)
        return replace(from_folder(folder).model(), is_rival=True) if (folder / HEADER).exists() else None
    content = read(_existing(source))
    if kind_of(content) != "bundle":
        return None
    archive = open_archive(content)
    held = COUNTERPART + HEADER in archive.sizes
    return replace(from_archive(archive, COUNTERPART).model(), is_rival=True) if held else None


def load_others(path: str | Path) -> tuple[Model, ...]:
    """Return the networks that `train --seeds` saved in the folder of a bundle. They differ from the bundle's network only in
    their seed.

    Raises
    ------
    ModelError
        One of the networks differs from the bundle's network, for example in its columns, layers, classes or split.
    """
    source = Path(path)
    folder = source / OTHERS.rstrip("/")
    if not source.is_dir() or not folder.exists():
        return ()
    _no_link(folder)
    numbered = sorted((one for one in folder.iterdir() if one.name.isdecimal()), key=lambda one: int(one.name))
    for one in numbered:
        _no_link(one)
    first = from_folder(source).header
    return tuple(_beside(first, one, "other seed") for one in numbered if (one / HEADER).exists())


def load_null(path: str | Path) -> Model | None:
    """Return the network that `train --null` trained on permuted labels and saved in the folder of a bundle; None if there is
    none.

    `trust(null=)` and `audit(null=)` use it as a baseline for rankings. It must not be used for predictions.

    Raises
    ------
    ModelError
        The network differs from the bundle's network, for example in its columns, layers, classes or split.
    """
    source = Path(path)
    folder = source / NULL.rstrip("/")
    _no_link(folder)
    held = source.is_dir() and (folder / HEADER).exists()
    return _beside(from_folder(source).header, folder, "null") if held else None


def _beside(first: Header, folder: Path, role: str) -> Model:
    """Return the model in a subfolder of a bundle, after checking that it has the same settings as the bundle's own model."""
    other = from_folder(folder)
    if any(getattr(other.header, name) != getattr(first, name) for name in SHARED):
        raise ModelError(
            f"{str(folder)!r} cannot be used as the {role!r} network of this bundle, because it differs from the audited "
            f"network in at least one of these settings: {', '.join(SHARED)}. Train both networks with the same settings"
        )
    return other.model()


def _no_link(folder: Path) -> None:
    if folder.is_symlink():
        raise ModelError(
            f"{str(folder)!r} is a symbolic link, which a bundle must not contain. Replace the link with a copy of the folder"
        )


def table_settings(path: str | Path) -> dict[str, Any]:
    """Return the settings that were used to read the bundle's training table; empty if they are unknown."""
    bundle = open_bundle(Path(path))
    settings = None if bundle is None else bundle.header.table
    return {} if settings is None else settings.model_dump(exclude_none=True)


def open_bundle(source: Path) -> Bundle | None:
    """Return the bundle at a path, with its digests checked; None if the file at the path is not a bundle."""
    if source.is_dir():
        return from_folder(source)
    content = read(_existing(source))
    return from_archive(open_archive(content)) if kind_of(content) == "bundle" else None


def _existing(source: Path) -> Path:
    if not source.exists():
        raise ModelError(f"there is no file or folder {str(source)!r}. Check the path")
    return source


def _pinned(name: str, found: str, expected: str | None) -> None:
    if expected is not None and found != expected.strip().lower():
        raise UnsafeFileError(
            f"{name!r} was not loaded, because its SHA-256 is {found}, not the value given as {argument('sha256')}. Check "
            "that this is the file that you trust"
        )


def _from_folder(source: Path, given: Given, unsafe_pickle: bool, sha256: str | None) -> Model:
    if unsafe_pickle:
        raise ModelError(
            f"{str(source)!r} is a folder, but {argument('unsafe_pickle', True)} is only for a single file. To load a bundle "
            f"from a folder, leave out {argument('unsafe_pickle', True)}"
        )
    _brings_its_own(given, "a bundle")
    bundle = from_folder(source)
    _pinned(str(source / HEADER), bundle.sha256, sha256)
    return bundle.model()


def _brings_its_own(given: Given, what: str) -> None:
    if given.architecture is not None or given.encoder is not None:
        raise ModelError(
            f"{what} contains its own architecture and encoder. Leave out {argument('architecture')} and "
            f"{argument('encoder')}"
        )


# ---- one loader per format


def _zipped_bundle(content: Content, given: Given) -> Model:
    _brings_its_own(given, "a bundle")
    model = from_archive(open_archive(content)).model()
    return replace(model, file=replace(_file(model), sha256=content.sha256))


def _file(model: Model) -> File:
    if model.file is None:
        raise ModelError(f"{model.name} was not loaded from a file")
    return model.file


def _skops(content: Content, given: Given) -> Model:
    _brings_its_own(given, "a skops archive")
    return of_object(skops_archive.load(content), content)


def of_object(value: Any, content: Content) -> Model:
    """Wrap the object that was loaded from a skops archive as a model."""
    model = replace(_wrapped(value, None, content), file=File("skops", content.sha256))
    if model.function is None:
        return model
    return replace(model, function=_bounded(model.function, columns(value), content.name))


def _bounded(function: Function, width: int, name: str) -> Function:
    """Return the function with a limit on memory: an error is raised if the number of rows times `width` is too large. `width` is
    the number of columns that the parts of the model create.
    """

    def bounded(rows: pd.DataFrame) -> Any:
        check_cells(len(rows) * width, f"{len(rows):,} rows of {width:,} columns", name)
        return function(rows)

    return bounded


def is_encoder(value: Any) -> bool:
    """Return whether the object that was loaded from a skops archive is an encoder (or a list of encoders) instead of a model."""
    parts = value if isinstance(value, list) else [value]
    try:
        return len(parts) > 0 and all(hasattr(one, "transform") and not hasattr(one, "predict") for one in parts)
    except Exception:  # an object with inconsistent attributes can raise any error, and is not an encoder
        return False


def _wrapped(value: Any, encoder: Any, content: Content) -> Model:
    """Wrap an object from a file as a model. Attributes of the object may be missing or of any type."""
    try:
        model = wrap(value, encoder=encoder)
        finite = all(bool(torch.isfinite(part).all()) for part in model.module.state_dict().values())
    except TabinterpError:
        raise
    except Exception as error:  # an estimator with inconsistent attributes can raise any error
        raise ModelError(
            f"{content.name!r} contains an object of type {type(value).__name__} that is not supported "
            f"({type(error).__name__}: {error}). Load the object in Python, and pass a prediction function to ti.wrap"
        ) from None
    if not finite:
        raise ModelError(
            f"{content.name!r} contains infinite or NaN weights. Train the model again, or save an earlier checkpoint"
        )
    return model if model.predict is None else replace(model, predict=_told(model.predict, content.name))


def _told(predict: Callable[[pd.DataFrame], FloatArray], name: str) -> Callable[[pd.DataFrame], FloatArray]:
    """Return a function that calls the model's own prediction function, and converts any error to a `ModelError` that names the
    file.
    """

    def told(rows: pd.DataFrame) -> FloatArray:
        try:
            return predict(rows)
        except Exception as error:  # an estimator with inconsistent attributes can raise any error
            raise ModelError(
                f"the model in {name!r} raised an error for rows of this table. Check that the table has the columns, types and "
                f"levels that the model was trained on. The error was: {type(error).__name__}: {error}"
            ) from None

    return told


def _safetensors(content: Content, given: Given) -> Model:
    return _filled(content, weights.tensors(content), given, "safetensors")


def _torch(content: Content, given: Given) -> Model:
    return _filled(content, state.tensors(open_archive(content)), given, "torch")


def _filled(content: Content, tensors: dict[str, torch.Tensor], given: Given, kind: str) -> Model:
    """Build the described network, load its weights, and wrap it with the given encoder."""
    if given.architecture is None:
        raise ModelError(
            f"{content.name!r} contains only weights. Pass {argument('architecture')} with a JSON file that "
            f'describes the layers, such as {{"layers": [{{"kind": "Linear", "settings": {{"in_features": 8, "out_features": '
            f'1}}}}], "task": "binary"}}'
        )
    described = network.parse(read(_existing(Path(given.architecture)), LARGEST_JSON))
    module = network.fill(described.layers, described.graph, tensors, content.name)
    model = wrap(
        module,
        encoder=_encoder(given.encoder),
        classes=described.classes,
        task=described.task,
        outputs=described.outputs,
        name=described.name,
    )
    widths = None if described.graph is None else tuple(one.width for one in described.graph.inputs)
    return replace(model, file=File(kind, content.sha256), expects=widths)


def _encoder(encoder: Any) -> Any:
    if isinstance(encoder, (list, tuple)):
        return [_encoder(one) for one in encoder]
    if not isinstance(encoder, (str, Path)) or encoder == "passthrough":
        return encoder
    content = read(_existing(Path(encoder)))
    kind = kind_of(content)
    if kind != "skops":
        raise UnsafeFileError(
            refusal(content, kind)
            if KINDS[kind].refused
            else f"the encoder {content.name!r} is not a skops archive. Save the encoder with skops.io.dump"
        )
    return skops_archive.load(content)


def _onnx(content: Content, given: Given) -> Model:
    """Check an ONNX graph, and wrap it with the given encoder. Without an encoder, it uses the numeric columns unchanged."""
    if given.architecture is not None:
        raise ModelError(f"an ONNX file contains its own architecture. Leave out {argument('architecture')}")
    encoder = "passthrough" if given.encoder is None else _encoder(given.encoder)
    proto = from_onnx.read(content.data, content.name)
    model = from_onnx.wrap(proto, encoder, given.classes, given.task, None, source=content.name)
    return replace(model, file=File("onnx", content.sha256))


LOADERS: dict[str, Callable[[Content, Given], Model]] = {
    "bundle": _zipped_bundle,
    "skops": _skops,
    "safetensors": _safetensors,
    "torch": _torch,
    "onnx": _onnx,
}


# ---- the only place where code in a file may run


def _unsafe(content: Content, kind: str, given: Given) -> Model:
    """Load a pickle, after checking that its SHA-256 equals the one that the user gave."""
    if not KINDS[kind].pickle:
        what_to_do = (
            refusal(content, kind)
            if KINDS[kind].refused
            else f"{content.name!r} is {KINDS[kind].words}, so leave out {argument('unsafe_pickle')}"
        )
        raise ModelError(f"{argument('unsafe_pickle', True)} is only for pickles. {what_to_do}")
    if given.architecture is not None:
        raise ModelError(f"a pickled model contains its own layers. Leave out {argument('architecture')}")
    value = pickled.run(content, is_torch=kind.startswith("torch"))
    if isinstance(value, dict):
        raise ModelError(
            f"{content.name!r} contains a dict, not a model. If the dict is a state dict, load the file with "
            f"{argument('architecture')} and without {argument('unsafe_pickle', True)}"
        )
    model = _wrapped(value, _encoder(given.encoder), content)
    return replace(model, file=File(kind, content.sha256, unsafe=True))
