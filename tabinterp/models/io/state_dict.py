"""Reading of state dicts that were saved with torch.save. A state dict must contain only named tensors."""

from __future__ import annotations

import io
import pickle
import re
from typing import Any

import torch

from tabinterp.errors import ModelError, UnsafeFileError, first_line

from .archive import Archive
from .pickles import Opcodes, opcodes

GLOBALS = {  # all names that a dict of tensors needs
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    *(f"torch.{kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Bool")),
}
MEMBERS = re.compile(
    r"[^/]+/(data\.pkl|version|byteorder|data/\d+|\.data/serialization_id|\.format_version|\.storage_alignment)"
)
OLDEST = (2, 10)  # in earlier versions, weights_only loading has known vulnerabilities
LARGEST_PICKLE = 1 << 26
SHARED = 2  # how often a value may be used by tensors that share their storage


def pickle_of(archive: Archive) -> bytes:
    """Return the pickle that lists the tensors in the archive."""
    names = [name for name in archive.sizes if re.fullmatch(r"[^/]+/data\.pkl", name)]
    if len(names) != 1:
        raise ModelError(
            f"{archive.name!r} contains {len(names)} pickles, but a file written by torch.save contains exactly one. Save the "
            "state dict again with torch.save"
        )
    return archive.read(names[0], LARGEST_PICKLE)


def check(archive: Archive) -> Opcodes:
    """Check that the pickle names only allowed types, before torch reads the file."""
    extra = sorted(name for name in archive.sizes if not MEMBERS.fullmatch(name))
    if extra:
        raise UnsafeFileError(
            f"{archive.name!r} contains members that do not belong in a state dict: {', '.join(extra[:5])}. Save the state dict "
            "again with torch.save"
        )
    found = opcodes(pickle_of(archive))
    unknown = sorted(set(found.imports) - GLOBALS)
    if unknown:
        raise UnsafeFileError(
            f"{archive.name!r} contains more than tensors, such as a whole module or a checkpoint; loading it "
            f"would import {', '.join(unknown[:8])}. If you trust the file, load it in Python. Then save only the tensors with "
            "torch.save(module.state_dict(), 'model.pt') and describe the layers in architecture.json, or wrap the module and "
            "save it with ti.save_model"
        )
    if not found.complete:
        raise ModelError(f"{archive.name!r} is damaged, because its pickle is incomplete. Copy the file again")
    return found


def is_read() -> bool:
    """Return whether the installed version of torch can read state dicts safely."""
    return tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2]) >= OLDEST


def tensors(archive: Archive) -> dict[str, torch.Tensor]:
    """Return the tensors of a checked file, read with `weights_only=True` from a clean copy of the archive."""
    check(archive)
    if not is_read():
        raise ModelError(
            f"torch 2.10 or later is needed to read a state dict; torch {torch.__version__} is installed. Upgrade torch, or save "
            "the weights as a safetensors file"
        )
    try:
        value = torch.load(io.BytesIO(archive.rewritten()), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, AssertionError, MemoryError, OverflowError) as error:
        raise UnsafeFileError(f"torch refused to load {archive.name!r}: {first_line(error)}") from None
    except Exception as error:  # a damaged archive can make torch raise any error
        raise ModelError(f"{archive.name!r} cannot be read as a state dict: {first_line(error)}") from None
    return _flat(value, archive.name)


def _flat(value: Any, name: str) -> dict[str, torch.Tensor]:
    if not isinstance(value, dict) or not value:
        raise ModelError(
            f"{name!r} contains an object of type {type(value).__name__}; a state dict must be a dict with at least one named "
            "tensor. Save it with torch.save(module.state_dict(), 'model.pt')"
        )
    other = [str(key) for key, part in value.items() if not isinstance(key, str) or not isinstance(part, torch.Tensor)]
    if other:
        raise ModelError(
            f"{name!r} is a checkpoint, which contains more than named tensors ({', '.join(other[:5])}). Save only the state "
            "dict: torch.save(checkpoint['state_dict'], 'model.pt')"
        )
    held = {part.untyped_storage().data_ptr(): part.untyped_storage().nbytes() for part in value.values()}
    size, most = sum(part.numel() * part.element_size() for part in value.values()), SHARED * sum(held.values())
    if size > most:
        raise UnsafeFileError(
            f"{name!r} describes tensors of {size:,} bytes, but contains only {sum(held.values()):,} bytes of values, because "
            f"tensors share values. The tensors may be at most {SHARED} times as large as the values. Save a copy of each "
            "tensor, made with clone()"
        )
    return {key: part.detach().contiguous() for key, part in value.items()}
