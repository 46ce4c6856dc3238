"""Safe reading and writing of skops archives.

Before skops builds any object, `examine` checks the nodes and arrays of an archive against a list of safe types. Afterwards,
`load` also checks the objects that were built (`loaded_objects.py`). The first check is not enough, because the text of an
archive does not show exactly what is built. For example, if several nodes have the same `__id__`, skops uses the first of them
for all. The attributes of an object can also have values that its class would never set.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import skops.io
from skops.io._protocol import PROTOCOL

from tabinterp.errors import ModelError, TabinterpError, UnsafeFileError

from . import loaded_objects
from .archive import Archive, open_archive
from .loaded_objects import LOSSES, PACKAGES, TRUSTED, is_value_type
from .reading import Content, json_object

OLDEST_PROTOCOL = 2  # skops reads nodes of earlier protocols by other code


def _one_of(*names: str) -> Callable[[str], bool]:
    return lambda name: name in names


# Kinds of nodes that build data, and the classes that each may name (skops must also know the class). Left out are nodes that
# bind methods, create partials or call functions named in the file.
NODES: dict[str, Callable[[str], bool]] = {
    "CachedNode": lambda name: True,  # it names no class
    "DTypeNode": _one_of("numpy.dtype"),
    "DictNode": _one_of("builtins.dict", "collections.OrderedDict"),
    "FunctionNode": loaded_objects.is_function,
    "JsonNode": lambda name: True,  # its class is not used
    "ListNode": _one_of("builtins.list"),
    "LossNode": _one_of(*LOSSES),
    "MaskedArrayNode": _one_of("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"),
    "NdArrayNode": lambda name: name == "numpy.ndarray" or is_value_type(name),
    "ObjectNode": lambda name: name.startswith(PACKAGES) or name in TRUSTED,
    "RandomStateNode": _one_of("numpy.random.mtrand.RandomState"),
    "SetNode": _one_of("builtins.set"),
    "SliceNode": _one_of("builtins.slice"),
    "TupleNode": _one_of("builtins.tuple", "sklearn.impute._iterative._ImputerTriplet"),
    "TypeNode": is_value_type,
}
NAMED = ("ObjectNode", "FunctionNode", "TypeNode")  # their type is the one that they name
DEEPEST = 200
LARGEST_ARRAY = 1 << 30
KEYS = ("__loader__", "__class__", "__module__", "__id__")  # skops may treat a dict with one of these keys as a node


@dataclass(frozen=True)
class Held:
    """The types that an archive names. `refused` contains the types that are not allowed. If there are any, the archive is not
    loaded.
    """

    types: tuple[str, ...]
    refused: tuple[str, ...]


def examine(content: Content) -> Held:
    """List the types in an archive, and check its nodes and arrays, without building any object."""
    archive = open_archive(content)
    schema = json_object(archive.read("schema.json"), f"schema.json of {content.name!r}")
    _check_protocol(schema, content.name)
    types, refused = set(), set()
    for node in _nodes(schema, content.name):
        name, loader = _type(node, content.name), node["__loader__"]
        if loader != "CachedNode":
            types.add(name)
        if loader not in NODES or not NODES[loader](name):
            refused.add(name if loader in NAMED else f"{name} ({loader})")
        if loader == "NdArrayNode" and node.get("type") == "numpy":
            _array(archive, node.get("file"))
    _check_identities(schema, archive)
    return Held(tuple(sorted(types)), tuple(sorted(refused | _unknown_to_skops(content))))


def load(content: Content) -> Any:
    """Return the object stored in an archive.

    Raises
    ------
    UnsafeFileError
        The type of a node or a loaded object is not on the list of safe types, or an attribute would read or write files, run
        code, or read outside an array.
    ModelError
        The archive is damaged, or its objects would create more columns than the limit.
    """
    held = examine(content)
    if held.refused:
        raise UnsafeFileError(
            f"{content.name!r} contains types that are not on the list of safe types: {', '.join(held.refused)}. "
            "If you trust the file, load it in Python with skops.io.load, and pass the model to ti.wrap"
        )
    try:
        value = skops.io.loads(content.data, trusted=sorted(TRUSTED))
    except Exception as error:  # damaged, or written by a library version that skops cannot read
        raise ModelError(
            f"the skops archive {content.name!r} cannot be loaded ({_error_text(error)}). Save the model again with the "
            "installed versions of skops and scikit-learn"
        ) from None
    try:
        loaded_objects.check(value, content.name)
    except TabinterpError:
        raise
    except Exception as error:  # objects with inconsistent attributes can raise any error
        raise ModelError(
            f"{content.name!r} contains objects that cannot be checked ({_error_text(error)}). Save the model again"
        ) from None
    return value


def _check_protocol(schema: dict[str, Any], file: str) -> None:
    protocol = schema.get("protocol")
    if type(protocol) is not int or not OLDEST_PROTOCOL <= protocol <= PROTOCOL:
        raise ModelError(
            f"schema.json of {file!r} has the skops protocol {str(protocol)[:20]!r}; protocols {OLDEST_PROTOCOL} to {PROTOCOL} "
            "are supported. Save the model again with skops 0.13 or later"
        )


def _check_identities(schema: dict[str, Any], archive: Archive) -> None:
    """Raise an error if different nodes have the same id, because skops would use the first node for all of them.

    If an object occurs several times, skops either writes it again with the same id, or writes a cached node that refers to the
    first occurrence.
    """
    known: dict[int, str] = {}

    def digest(value: Any) -> str:
        """Return a digest of a value's content. It does not depend on the ids of nodes or the names of files."""
        if isinstance(value, list):
            return _sha256("[", *map(digest, value))
        if not isinstance(value, dict):
            return _sha256(json.dumps(value))
        said = {name: digest(part) for name, part in value.items() if name not in ("__id__", "file")}
        if isinstance(value.get("file"), str):
            said["file"] = hashlib.sha256(archive.read(value["file"], LARGEST_ARRAY)).hexdigest()
        found = _sha256("{", *(part for name in sorted(said) for part in (name, said[name])))
        identity = value.get("__id__")
        if identity is None or value["__loader__"] == "CachedNode":
            return found
        if type(identity) is not int:
            raise ModelError(
                f"schema.json of {archive.name!r} has a node with the id {str(identity)[:40]!r}; an id must be a whole number. "
                "Save the model again"
            )
        if known.setdefault(identity, found) != found:
            raise UnsafeFileError(
                f"schema.json of {archive.name!r} has different nodes with the same id ({identity}), and skops would use the "
                "first node for all of them. Save the model again"
            )
        return found

    digest(schema)


def _sha256(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _unknown_to_skops(content: Content) -> set[str]:
    try:
        return set(skops.io.get_untrusted_types(data=content.data)) - TRUSTED
    except Exception as error:  # a damaged archive can raise any error
        raise ModelError(
            f"the skops archive {content.name!r} cannot be read ({_error_text(error)}). Save the model again"
        ) from None


def _error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _nodes(schema: dict[str, Any], file: str) -> Iterator[dict[str, Any]]:
    """Yield every object of the schema that skops could use as a node."""
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise ModelError(
                f"schema.json of {file!r} contains objects nested too deeply; at most {DEEPEST} levels are allowed. Save a "
                "simpler model"
            )
        if isinstance(value, dict):
            if any(name in value for name in KEYS):
                yield value
            waiting += [(part, depth + 1) for part in value.values()]
        elif isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]


def _type(node: dict[str, Any], file: str) -> str:
    names = [node.get(part) for part in ("__loader__", "__module__", "__class__")]
    if names[0] != "CachedNode" and not all(isinstance(name, str) for name in names):
        raise ModelError(f"schema.json of {file!r} has a node without a type. Save the model again")
    return f"{names[1]}.{names[2]}"


def _array(archive: Archive, member: Any) -> None:
    """Check that the size in the header of a .npy file is correct, before NumPy allocates memory for it."""
    if not isinstance(member, str):
        raise ModelError(
            f"{archive.name!r} refers to an array whose file is missing from the archive. Save the model again"
        )
    data = io.BytesIO(archive.read(member, LARGEST_ARRAY))
    try:
        version = np.lib.format.read_magic(data)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = reader(data)
    except Exception as error:  # NumPy uses Python's own parser for a header, which can raise any error
        raise ModelError(
            f"{archive.name!r}: the member {member!r} is not an array in the .npy format ({_error_text(error)}). Save the model "
            "again"
        ) from None
    if dtype.hasobject:
        raise UnsafeFileError(
            f"{archive.name!r}: the member {member!r} is an array of pickled objects, which could run code when they are loaded. "
            "Save the model again with skops.io.dump"
        )
    if len(data.getbuffer()) - data.tell() != math.prod(shape) * dtype.itemsize:
        raise ModelError(
            f"{archive.name!r}: the size of the member {member!r} does not match its header. Save the model again"
        )


def dump(encoder: Any, name: str) -> bytes:
    """Return an encoder as the bytes of a skops archive, after checking that the archive can be loaded again."""
    try:
        data: bytes = skops.io.dumps(encoder)
    except Exception as error:  # skops raises many kinds of errors for objects that it cannot write
        raise ModelError(
            f"the encoder of {name} cannot be saved as a skops archive. Use an encoder that consists of scikit-learn "
            f"transformers. The error was: {_error_text(error)}"
        ) from None
    try:
        load(Content("encoder.skops", data))
    except TabinterpError as error:
        raise ModelError(
            f"the encoder of {name} cannot be saved, because the saved encoder could not be loaded again. Use an encoder "
            f"that consists of scikit-learn transformers. The error was: {error}"
        ) from None
    return data
