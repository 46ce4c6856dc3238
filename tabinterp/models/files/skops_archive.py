"""skops archives against a list of our own: every node, type and array is checked before skops builds anything."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ModelError, UnsafeFileError
from .archive import Archive, open_archive
from .reading import Content, json_object

# Kinds of node that build data. Left out: those that bind methods, make partials or call what the file names.
NODES = {
    "CachedNode", "DTypeNode", "DictNode", "FunctionNode", "JsonNode", "ListNode", "LossNode", "MaskedArrayNode",
    "NdArrayNode", "ObjectNode", "RandomGeneratorNode", "RandomStateNode", "SetNode", "SliceNode", "TupleNode", "TypeNode",
}  # fmt: skip
# Where types may come from. skops must know them too: it lists scikit-learn's public estimators one by one.
PACKAGES = (
    "sklearn.calibration.", "sklearn.compose.", "sklearn.decomposition.", "sklearn.feature_selection.", "sklearn.impute.",
    "sklearn.isotonic.", "sklearn.kernel_approximation.", "sklearn.linear_model.", "sklearn.model_selection.",
    "sklearn.neural_network.", "sklearn.pipeline.", "sklearn.preprocessing.", "sklearn.random_projection.", "sklearn._loss.",
)  # fmt: skip
PLAIN = ("builtins.", "numpy.", "scipy.special.", "collections.")  # data and ufuncs; which of them, skops lists
# Types that skops does not trust by itself and that we have read: they hold data and run nothing when they are built.
TRUSTED = {
    "builtins.object",
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.impute._iterative.IterativeImputer",
    "sklearn.impute._iterative._ImputerTriplet",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
}
DEEPEST = 200
LARGEST_ARRAY = 1 << 30


@dataclass(frozen=True)
class Held:
    """A checked archive: the types it names, and those that keep it from being loaded."""

    types: tuple[str, ...]
    refused: tuple[str, ...]


def examine(content: Content) -> Held:
    """The types in an archive, without building one of them."""
    archive = open_archive(content)
    schema = json_object(archive.read("schema.json"), f"schema.json of {content.name!r}")
    types, refused = set(), set()
    for node in _nodes(schema, content.name):
        name = _type(node, content.name)
        if node["__loader__"] != "CachedNode":
            types.add(name)
        if not _allowed(node, name):
            refused.add(name if node["__loader__"] in NODES else f"{name} ({node['__loader__']})")
        if node["__loader__"] == "NdArrayNode" and node.get("type") == "numpy":
            _array(archive, node.get("file"))
        if _has_memory(node):
            refused.add(f"{name} with a cache folder (memory=)")
    return Held(tuple(sorted(types)), tuple(sorted(refused | _unknown_to_skops(content))))


def load(content: Content) -> Any:
    """The object of an archive that holds nothing but types on our list."""
    held = examine(content)
    if held.refused:
        raise UnsafeFileError(
            f"{content.name!r} holds types that are not on the list of safe ones: {', '.join(held.refused)}. Where you "
            f"trust it, load it in Python with skops.io.load and call ti.wrap"
        )
    import skops.io  # noqa: PLC0415  # while it is imported it asks every module for names of ufuncs, `tabinterp.sign` too

    try:
        return skops.io.loads(content.data, trusted=sorted(TRUSTED))
    except Exception as error:  # damaged, or written by a library version that skops cannot read
        raise ModelError(f"{content.name!r}: the skops archive cannot be loaded: {_words(error)}") from None


def _unknown_to_skops(content: Content) -> set[str]:
    import skops.io  # noqa: PLC0415

    try:
        return set(skops.io.get_untrusted_types(data=content.data)) - TRUSTED
    except Exception as error:  # a damaged archive raises whatever it hits first
        raise ModelError(f"{content.name!r}: the skops archive cannot be read: {_words(error)}") from None


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _nodes(schema: dict[str, Any], file: str) -> Iterator[dict[str, Any]]:
    """Every object of the schema that skops could take for a node."""
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise ModelError(f"schema.json of {file!r} nests its objects too deeply")
        if isinstance(value, dict):
            if any(name in value for name in ("__loader__", "__class__", "__module__")):
                yield value
            waiting += [(part, depth + 1) for part in value.values()]
        elif isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]


def _type(node: dict[str, Any], file: str) -> str:
    names = [node.get(part) for part in ("__loader__", "__module__", "__class__")]
    if names[0] != "CachedNode" and not all(isinstance(name, str) for name in names):
        raise ModelError(f"schema.json of {file!r} has a node whose type is not named")
    return f"{names[1]}.{names[2]}"


def _allowed(node: dict[str, Any], name: str) -> bool:
    loader = node["__loader__"]
    if loader not in NODES:
        return False
    if loader in ("CachedNode", "JsonNode") or name in TRUSTED:
        return True
    return name.startswith(PACKAGES) or name.startswith(PLAIN)


def _has_memory(node: dict[str, Any]) -> bool:
    """A pipeline that is told to cache reads pickles from a folder when it is fitted again."""
    attributes = node.get("content")
    held = attributes.get("content") if isinstance(attributes, dict) else None
    memory = held.get("memory") if node["__loader__"] == "ObjectNode" and isinstance(held, dict) else None
    return memory is not None and not (isinstance(memory, dict) and memory.get("content") == "null")


def _array(archive: Archive, member: Any) -> None:
    """The header of a .npy file says how many bytes follow; what it says must be so before numpy makes room for them."""
    if not isinstance(member, str):
        raise ModelError(f"{archive.name!r} has an array without a file")
    data = io.BytesIO(archive.read(member, LARGEST_ARRAY))
    try:
        version = np.lib.format.read_magic(data)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = reader(data)
    except Exception as error:  # numpy parses a header with Python's own parser: whatever that raises
        raise ModelError(f"{archive.name!r}: {member} is no array: {_words(error)}") from None
    if dtype.hasobject:
        raise UnsafeFileError(f"{archive.name!r}: {member} is an array of pickled objects")
    if len(data.getbuffer()) - data.tell() != math.prod(shape) * dtype.itemsize:
        raise ModelError(f"{archive.name!r}: {member} does not hold as many bytes as its header claims")


def dump(encoder: Any, name: str) -> bytes:
    """An encoder as an archive that can be read back."""
    import skops.io  # noqa: PLC0415

    try:
        data: bytes = skops.io.dumps(encoder)
    except Exception as error:  # skops says what it cannot write in many ways
        raise ModelError(f"the encoder of {name} cannot be saved without code: {_words(error)}") from None
    held = examine(Content("encoder.skops", data))
    if held.refused:
        raise ModelError(
            f"the encoder of {name} cannot be saved, because it could not be loaded again: it holds types that are not on "
            f"the list of safe ones: {', '.join(held.refused)}"
        )
    return data


def is_skops(members: list[str]) -> bool:
    return "schema.json" in members
