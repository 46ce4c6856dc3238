"""Reading and writing of safetensors files. The header is checked before the safetensors library reads the file."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import safetensors.torch
import torch

from tabinterp.errors import ModelError

from .reading import LARGEST_JSON, Content, json_object

SIZES = {  # bytes per value
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4,
    "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip
NAMES = {"F32": "float32", "F64": "float64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "I32": "int32"}
MOST_TENSORS = 20_000
DTYPES = ("float32", "float64")  # allowed types of the weights of a network


@dataclass(frozen=True)
class Shape:
    """The name, shape and type of one tensor in a file, before it is read."""

    name: str
    shape: tuple[int, ...]
    dtype: str


def looks_like(start: bytes) -> bool:
    """Return whether a file starts like a safetensors file: with eight bytes that are a plausible length of the header, and the
    opening brace of the header.
    """
    return len(start) >= 9 and start[8:9] == b"{" and start[5:8] == b"\0\0\0"


def shapes(content: Content) -> list[Shape]:
    """Return the `Shape` of each tensor that a safetensors header lists, after checking every number in the header.

    Raises
    ------
    ModelError
        The header is longer than the file, the tensors overlap or do not fill the rest of the file, or the shape of a tensor does
        not match its number of bytes.
    """
    if len(content.data) < 8:
        raise ModelError(
            f"{content.name!r} is truncated: it is shorter than the eight bytes that every safetensors file starts with. Copy "
            "the file again, or save the weights again"
        )
    (length,) = struct.unpack("<Q", content.data[:8])
    if length > LARGEST_JSON or length > len(content.data) - 8:
        raise ModelError(
            f"{content.name!r} is truncated or has a wrong header. The header states its own length as {length:,} bytes, but the "
            f"file has {len(content.data):,} bytes. Copy the file again, or save the weights again"
        )
    header = json_object(content.data[8 : 8 + length], f"the safetensors header of {content.name!r}")
    entries = [(name, entry) for name, entry in header.items() if name != "__metadata__"]
    if len(entries) > MOST_TENSORS:
        raise ModelError(
            f"{content.name!r} contains {len(entries):,} tensors; the limit is {MOST_TENSORS:,}. Use a network with fewer layers"
        )
    found = [_entry(name, entry, content.name) for name, entry in entries]
    _tiled([span for _, span in found], len(content.data) - 8 - length, content.name)
    return [shape for shape, _ in found]


def _entry(name: str, entry: Any, file: str) -> tuple[Shape, tuple[int, int]]:
    this_tensor = f"{file!r}: the tensor {name!r}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ModelError(
            f"{this_tensor} must be described by exactly the fields dtype, shape and data_offsets. Save the weights again"
        )
    dtype, shape, span = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in SIZES:
        raise ModelError(
            f"{this_tensor} has the unknown dtype {str(dtype)[:40]!r}; the allowed dtypes are {', '.join(SIZES)}. Convert "
            "the tensor, and save the weights again"
        )
    if not _counts(shape) or not _counts(span) or len(span) != 2:
        raise ModelError(
            f"{this_tensor} has a shape or offsets that are not valid lists of whole numbers. Save the weights again"
        )
    if span[1] - span[0] != math.prod(shape) * SIZES[dtype]:
        raise ModelError(
            f"{this_tensor} has {span[1] - span[0]:,} bytes, which do not match its shape {shape} and type {dtype}. Save the "
            "weights again"
        )
    return Shape(name, tuple(shape), NAMES.get(dtype, dtype.lower())), (span[0], span[1])


def _counts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 8 and all(type(v) is int and 0 <= v < 1 << 48 for v in value)


def _tiled(spans: list[tuple[int, int]], size: int, file: str) -> None:
    """Check that the tensors follow one another, without overlaps or gaps, up to the end of the file."""
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise ModelError(
                f"{file!r} is damaged, because its tensors {'overlap' if start < end else 'leave a gap'} at byte "
                f"{min(start, end):,}. Save the weights again"
            )
        end = stop
    if end != size:
        raise ModelError(
            f"{file!r} is truncated or has a wrong header. The header states that the tensors have {end:,} bytes in total, but "
            f"the file has {size:,} bytes after the header. Copy the file again, or save the weights again"
        )


def tensors(content: Content) -> dict[str, torch.Tensor]:
    """Check the header of a file, and return its tensors."""
    shapes(content)
    try:
        return safetensors.torch.load(content.data)
    except Exception as error:  # types that torch does not support, or any error from a damaged file
        raise ModelError(
            f"{content.name!r} cannot be read as a safetensors file ({error}). Save the weights again"
        ) from None


def check_numbers(tensors: Mapping[str, torch.Tensor], file: str) -> None:
    """Check that all tensors are finite, and that all floating-point tensors have the same supported type.

    Raises
    ------
    ModelError
        A tensor is not finite (the message names the first such tensor), or floating-point tensors have an unsupported type or
        different types.
    """
    kinds = {str(value.dtype).removeprefix("torch.") for value in tensors.values() if value.is_floating_point()}
    if len(kinds) > 1 or not kinds <= set(DTYPES):
        raise ModelError(
            f"{file!r} contains weights of type {', '.join(sorted(kinds))}; all weights must have the same type, one of "
            f"{', '.join(DTYPES)}. Convert the network with .float(), and save the weights again"
        )
    for name, value in tensors.items():
        if not bool(torch.isfinite(value).all()):
            raise ModelError(
                f"{file!r}: the tensor {name!r} contains infinite or NaN values. Train the network again, or save an earlier "
                "checkpoint"
            )


def described(tensors: dict[str, torch.Tensor]) -> list[Shape]:
    return [Shape(n, tuple(t.shape), str(t.dtype).removeprefix("torch.")) for n, t in tensors.items()]


def dump(tensors: dict[str, torch.Tensor]) -> bytes:
    """Return tensors as the bytes of a safetensors file."""
    return safetensors.torch.save({n: v.detach().cpu().clone().contiguous() for n, v in tensors.items()})
