"""Embedding lookups of networks that cannot be traced: they are intercepted each time the network runs.

The network is given the same valid codes for every row. Where a code came from is followed through indexing, reshaping, casts and
added offsets; a lookup of it returns the row's one-hot levels times the embedding's table. So the scores depend on one-hot
columns alone, whatever branches the forward method takes, and have a gradient with respect to them. A network that uses its codes
for anything else gives other scores than its own, which shows when the two are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from tabinterp.document.message import why

from .embeddings import Lookup, OpaqueError, Rewritten, by_input, check_levels, levels_of
from .inputs import Levels

# By name, since the mode sees methods, functions and operators as different objects.
MOVES = frozenset({
    "__getitem__", "squeeze", "unsqueeze", "flatten", "unflatten", "reshape", "view", "unbind", "split", "chunk", "tensor_split",
    "select", "narrow", "contiguous", "clone", "detach", "transpose", "permute", "movedim", "expand", "repeat", "tile",
    "repeat_interleave", "flip", "roll", "index_select",
})  # fmt: skip
JOINS = frozenset({"cat", "concat", "concatenate", "stack", "hstack", "column_stack"})
CASTS = frozenset({"long", "int", "to", "type", "type_as", "float", "double", "half", "bfloat16", "bool"})
SUMS = frozenset({"add", "__add__", "__radd__", "add_", "__iadd__", "sub", "__sub__", "sub_", "__isub__"})
ROUNDS = frozenset({"round", "floor", "ceil", "trunc"})
EQUALS = frozenset({"eq", "ne", "__eq__", "__ne__"})


@dataclass(frozen=True, eq=False)
class _Places:
    """For each entry of a value: the input entry that it came from (row times columns, plus column), and what was added to it.

    An entry that came from none is at -1.
    """

    position: Tensor
    shift: Tensor


class _Follow(TorchFunctionMode):
    """Follows entries of the inputs to the lookups, and replaces what these return."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns
        self._known: dict[int, tuple[Tensor, _Places]] = {}  # the tensor is held, so that no other gets its id

    def follow(self, inputs: Sequence[Tensor]) -> None:
        """Follow the entries of these inputs of the network, (n, c) or (n,) each."""
        first = 0
        for one in inputs:
            width = one[0].numel()
            rows = torch.arange(len(one), device=one.device)[:, None] * self.columns
            position = (rows + torch.arange(first, first + width, device=one.device)).reshape(one.shape)
            self._known[id(one)] = one, _Places(position, torch.zeros_like(position))
            first += width

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        looked_up = self._looked_up(func, name, args, kwargs)
        if looked_up is not None:
            return looked_up
        value = func(*args, **kwargs)
        if name in JOINS and args:
            self._join(func, args, kwargs, value)
            return value
        source = args[0] if args and isinstance(args[0], Tensor) else None
        if source is None:
            return value
        places = self._places(source)
        if places is None:
            self.untracked(name, source, args, value)
        elif name in MOVES or (name == "__get__" and isinstance(value, Tensor)):  # a property such as `T`
            moved = [func(one, *args[1:], **kwargs) for one in (places.position, places.shift)]
            self._move(value, *moved)
        elif name in CASTS or name in ROUNDS:
            return self._cast(source, places, value, rounds=name in ROUNDS)
        elif name in SUMS and len(args) == 2 and not kwargs:
            self._add(places, value, args[1], -1 if "sub" in name else 1)
        else:
            self.untracked(name, source, args, value)
        return value

    # ---- what the two passes do differently

    def vectors(self, places: _Places, table: Tensor) -> Tensor | None:
        """Return what a lookup gives; None for what the network's own function gives."""
        raise NotImplementedError

    def numbers(self, places: _Places) -> Tensor | None:
        """Return codes as numbers; None for the codes themselves."""
        raise NotImplementedError

    def untracked(self, name: str, source: Tensor, args: Any, value: Any) -> None:
        """Look at a call that is neither a lookup nor on the way to one."""

    # ----

    def _places(self, value: Any) -> _Places | None:
        known = self._known.get(id(value)) if isinstance(value, Tensor) else None
        return None if known is None else known[1]

    def _put(self, value: Tensor, places: _Places) -> None:
        self._known[id(value)] = value, places

    def _move(self, value: Any, position: Any, shift: Any) -> None:
        if isinstance(value, Tensor):
            self._put(value, _Places(position, shift))
            return
        for one, at, added in zip(value, position, shift, strict=True):
            self._put(one, _Places(at, added))

    def _join(self, func: Any, args: Any, kwargs: Any, value: Tensor) -> None:
        parts = [one for one in args[0] if isinstance(one, Tensor)]
        known = [self._places(one) for one in parts]
        if all(one is None for one in known):
            return
        position, shift = (
            [
                torch.full(part.shape, nothing, device=part.device) if at is None else getattr(at, of)
                for part, at in zip(parts, known, strict=True)
            ]
            for of, nothing in (("position", -1), ("shift", 0))
        )
        self._put(value, _Places(*(func(each, *args[1:], **kwargs) for each in (position, shift))))

    def _cast(self, source: Tensor, places: _Places, value: Tensor, rounds: bool) -> Tensor:
        if not source.is_floating_point() and value.is_floating_point():
            numbers = self.numbers(places)
            value = value if numbers is None else numbers.to(value.dtype)
        elif source.is_floating_point() and (rounds or not value.is_floating_point()):
            self.rounded(places)
        if value.shape == source.shape:
            self._put(value, places)
        return value

    def rounded(self, places: _Places) -> None:
        """Look at entries of the inputs that are made whole numbers."""

    def _add(self, places: _Places, value: Tensor, added: Any, sign: int) -> None:
        added = torch.as_tensor(added, device=value.device)
        if self._places(added) is None and not added.is_floating_point() and not value.is_floating_point():
            shift = places.shift + sign * added
            self._put(value, _Places(places.position.expand(shift.shape), shift))

    def _looked_up(self, func: Any, name: str, args: Any, kwargs: Any) -> Tensor | None:
        found = _table(func, name, args, kwargs)
        places = None if found is None else self._places(found[0])
        if found is None or places is None or bool((places.position < 0).any()):
            return None
        return self.vectors(places, found[1])


def _table(func: Any, name: str, args: Any, kwargs: Any) -> tuple[Tensor, Tensor] | None:
    """Return the codes that a call looks up, and the table (V, ...) it looks them up in; None if it is no lookup."""
    given = dict(zip(("input", "weight"), args, strict=False)) | kwargs
    if func is functional.embedding and given.get("max_norm") is None:
        return given["input"], given["weight"].detach()
    if func is functional.one_hot:
        size = args[1] if len(args) > 1 else kwargs.get("num_classes", -1)
        codes = args[0] if args else kwargs["input"]
        return (codes, torch.eye(size, device=codes.device)) if isinstance(size, int) and size > 0 else None
    if name == "__getitem__" and isinstance(args[1], Tensor) and not args[1].is_floating_point():
        table = args[0]
        constant = isinstance(table, Tensor) and not table.requires_grad and table.is_floating_point()
        return (args[1], table.detach()) if constant and args[1].dtype != torch.bool else None
    return None


class _Record(_Follow):
    """Notes the lookups of a network that runs on its own codes."""

    def __init__(self, columns: int) -> None:
        super().__init__(columns)
        self.lookups: list[Lookup] = []

    def vectors(self, places: _Places, table: Tensor) -> Tensor | None:
        column, shift = places.position.reshape(-1) % self.columns, places.shift.reshape(-1)
        pairs = torch.unique(torch.stack([column, shift], dim=1), dim=0)
        self.lookups.append(Lookup(tuple(pairs.shape[:1]), pairs[:, 0].numpy(), pairs[:, 1].numpy(), table))
        return None

    def numbers(self, places: _Places) -> Tensor | None:
        return None


class _Replace(_Follow):
    """Returns, for each lookup, the one-hot levels of the rows times the table.

    `levels` holds for each input column which whole numbers it has (None: no levels), `blocks` its encoded columns (n, size).
    With `strict`, what has no gradient although it depends on the rows is refused.
    """

    def __init__(self, levels: Sequence[Levels | None], blocks: Sequence[Tensor], strict: bool) -> None:
        super().__init__(len(levels))
        self._levels = levels
        self._blocks = blocks
        self._strict = strict

    def vectors(self, places: _Places, table: Tensor) -> Tensor | None:
        position, shift = places.position.reshape(-1), places.shift.reshape(-1)
        keys, of_entry = torch.unique(torch.stack([position % self.columns, shift], dim=1), dim=0, return_inverse=True)
        flat = table.reshape(len(table), -1)
        parts = []
        for column, added in keys.tolist():
            levels = self._levels[column]
            if levels is None:
                return None
            block = self._blocks[column]
            parts.append(block @ flat[levels.low + added : levels.low + added + levels.size].to(block.dtype))
        rows = torch.stack(parts)[of_entry, position // self.columns]
        return rows.reshape(*places.position.shape, *table.shape[1:])

    def numbers(self, places: _Places) -> Tensor | None:
        if bool((places.position < 0).any()):
            return None
        columns = [
            block[:, 0] if one is None else block @ torch.arange(one.low, one.low + one.size).to(block)
            for one, block in zip(self._levels, self._blocks, strict=True)
        ]
        return torch.stack(columns, dim=1).reshape(-1)[places.position] + places.shift

    def rounded(self, places: _Places) -> None:
        if self._strict and any(self._levels[c] is None for c in torch.unique(places.position % self.columns).tolist()):
            raise OpaqueError(why("opaque.rounds"))

    def untracked(self, name: str, source: Tensor, args: Any, value: Any) -> None:
        if not self._strict or not source.requires_grad:
            return
        if name in ROUNDS or (name in CASTS and not value.is_floating_point()):
            raise OpaqueError(why("opaque.rounds"))
        if name in EQUALS and not isinstance(args[-1], Tensor):
            raise OpaqueError(why("opaque.compares"))


class Intercepted(nn.Module):
    """A network as a function of numbers and one-hot levels, (n, d), whose lookups are intercepted while it runs.

    `samples` are its own inputs for one row; `levels` says for each of their columns which whole numbers it holds (None: it is a
    number of its own).
    """

    def __init__(self, module: nn.Module, samples: Sequence[Tensor], levels: Sequence[Levels | None]) -> None:
        super().__init__()
        self.module = module
        self._levels = tuple(levels)
        self._sizes = [1 if one is None else one.size for one in levels]
        self._samples = len(samples)
        for i, one in enumerate(samples):
            self.register_buffer(f"sample{i}", one.clone(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self._run(x, strict=False)

    def inspect(self, x: Tensor) -> Tensor:
        """Return the scores of rows that ask for a gradient; refuse a network that rounds or compares what depends on them.

        Raises
        ------
        OpaqueError
            when a part of the gradient is lost on the way.
        """
        return self._run(x, strict=True)

    def _run(self, x: Tensor, strict: bool) -> Tensor:
        if isinstance(x, fx.Proxy):
            raise TypeError("a network whose lookups are intercepted cannot be traced")
        blocks = torch.split(x, self._sizes, dim=1)
        inputs: list[Tensor] = []
        first = 0
        for i in range(self._samples):
            sample: Tensor = getattr(self, f"sample{i}")
            width = sample.numel()
            inputs.append(self._given(sample, slice(first, first + width), blocks))
            first += width
        mode = _Replace(self._levels, blocks, strict)
        mode.follow(inputs)
        with mode:
            return self.module(*inputs)  # type: ignore[no-any-return]

    def _given(self, sample: Tensor, columns: slice, blocks: Sequence[Tensor]) -> Tensor:
        """Return an input of the network: its numbers from the rows, and the sample's codes for every row."""
        rows = len(blocks[0])
        constant = sample.reshape(1, -1).expand(rows, -1)
        if not sample.is_floating_point():
            return constant.reshape(rows, *sample.shape[1:]).contiguous().clone()
        parts = [
            block if one is None else constant[:, j : j + 1].to(block)
            for j, (one, block) in enumerate(zip(self._levels[columns], blocks[columns], strict=True))
        ]
        return torch.cat(parts, dim=1).reshape(rows, *sample.shape[1:])


def intercept(module: nn.Module, inputs: list[Tensor]) -> Rewritten:
    """Return the module with its lookups intercepted; `inputs` are its inputs for some rows, (n, c) or (n,) each.

    Raises
    ------
    OpaqueError
        when it looks up more levels than can be one-hot columns.
    """
    widths = [one[0].numel() for one in inputs]
    mode = _Record(sum(widths))
    given = [one.clone() for one in inputs]
    mode.follow(given)
    with torch.no_grad(), mode:
        module(*given)
    codes = torch.cat([one.reshape(len(one), -1).double() for one in inputs], dim=1).numpy()
    levels = levels_of(mode.lookups, codes)
    check_levels(levels)
    of_columns = [levels.get(c) for c in range(sum(widths))]
    return Rewritten(Intercepted(module, [one[:1] for one in inputs], of_columns), by_input(levels, widths))
