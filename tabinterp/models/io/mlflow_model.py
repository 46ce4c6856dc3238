"""MLflow models: the file in a model's folder that `load_model` reads, and the folder to which a URI refers.

MLflow itself loads most models by unpickling them. Here, the file `MLmodel` in a folder is only used to find the name of the
model file. The model file is read like any other file, so it is not loaded if loading it would run code.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tabinterp.errors import MissingError, ModelError, UnsafeFileError, argument

from .reading import LARGEST_JSON, read_member

HEADER = "MLmodel"
URI = re.compile(r"(?:models|runs|mlflow-artifacts):/")


def is_uri(path: str | Path) -> bool:
    """Return whether a path is the URI of a model stored by MLflow, such as `models:/churn/3`."""
    return URI.match(Path(path).as_posix()) is not None


def downloaded(uri: str) -> Path:
    """Download the files of a model with MLflow, and return the path of their folder. No code in these files is run."""
    try:
        import mlflow  # noqa: PLC0415  # an optional library
    except ImportError:
        raise MissingError(
            f"the model {uri!r} is stored by MLflow, which is not installed. Install it with pip install 'tabinterp[mlflow]'"
        ) from None
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
    except mlflow.exceptions.MlflowException as error:
        raise ModelError(
            f"the model {uri!r} cannot be downloaded from MLflow. Check the URI and the tracking server. The error was: {error}"
        ) from error


def model_file(folder: Path, unsafe_pickle: bool = False) -> Path:
    """Return the path of the model file in a folder with a file `MLmodel`.

    Raises
    ------
    UnsafeFileError
        The model is pickled and `unsafe_pickle` is false, or it is of a kind that cannot be read without running code.
    ModelError
        The file `MLmodel` cannot be read, or does not name a file in the folder.
    """
    flavors = _flavors(folder)
    if "onnx" in flavors:
        return _inside(folder, flavors["onnx"].get("data", "model.onnx"))
    if "sklearn" in flavors:
        own = flavors["sklearn"]
        if own.get("serialization_format") == "skops":
            return _inside(folder, own.get("pickled_model", "model.skops"))
        if unsafe_pickle:
            return _inside(folder, own.get("pickled_model", "model.pkl"))
        raise UnsafeFileError(
            f"the MLflow model {str(folder)!r} is stored as a pickle, which can run code when it is loaded. Log it with "
            'mlflow.sklearn.log_model(..., serialization_format="skops"). To load it anyway, give '
            f"{argument('unsafe_pickle', True)} and the {argument('sha256')} of the pickle"
        )
    known = ", ".join(sorted(flavors)) or "none"
    raise UnsafeFileError(
        f"the MLflow model {str(folder)!r} has no flavour that can be read without running code (flavours: {known}). Log the "
        "model as onnx, or as sklearn with the serialization format skops. Or save it with tabinterp.save_model, and log the "
        "saved file as an artifact"
    )


def _flavors(folder: Path) -> dict[str, Any]:
    try:
        import yaml  # noqa: PLC0415  # comes with MLflow
    except ImportError:
        raise MissingError(
            f"{str(folder)!r} is an MLflow model. Install the packages needed to read it with pip install 'tabinterp[mlflow]'"
        ) from None
    content = read_member(folder / HEADER, LARGEST_JSON)
    try:
        found = yaml.safe_load(content.data.decode("utf-8"))
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ModelError(f"{str(folder / HEADER)!r} is not valid YAML ({error}). Log the model again") from None
    flavors = found.get("flavors") if isinstance(found, dict) else None
    if not isinstance(flavors, dict) or not all(isinstance(one, dict) for one in flavors.values()):
        raise ModelError(
            f"{str(folder / HEADER)!r} does not describe an MLflow model, because it lists no flavours. Log the model again"
        )
    return flavors


def _inside(folder: Path, name: Any) -> Path:
    """Return the path of a file in the folder, after checking that the name is valid and the file is not a link."""
    if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
        raise ModelError(
            f"{str(folder / HEADER)!r} names {name!r}, which is not a file in that folder. Log the model again"
        )
    path = folder / name
    if path.is_symlink():
        raise ModelError(f"{str(path)!r} is a symbolic link. Replace the link with a copy of the file")
    return path
