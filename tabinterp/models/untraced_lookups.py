"""Interception of embedding lookups in networks whose forward method branches. The lookups are intercepted each time the network
runs.

The network always receives the integer codes of its rows, so its scores are those of the original network. For gradients, and for
scores at points between levels, each code is tracked through indexing, reshaping, casts and added offsets. A lookup of the code
then returns the row's one-hot levels times the embedding table.

Because different rows may take different branches, every run checks for other uses of a code, and for operations that lose a part
of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tabinterp.document.message import Message, why
from tabinterp.errors import NotApplicableError

from .embeddings import Lookup, OpaqueError, Rewritten, by_input, check_levels, levels_of
from .inputs import Levels
from .scores import module_dtype

# By name, because the mode sees methods, functions and operators as different objects.
MOVES = frozenset({
    "__getitem__", "squeeze", "unsqueeze", "flatten", "unflatten", "reshape", "view", "unbind", "split", "chunk", "tensor_split",
    "select", "narrow", "contiguous", "clone", "detach", "transpose", "permute", "movedim", "expand", "repeat", "tile",
    "repeat_interleave", "flip", "roll", "index_select", "t", "T", "mT", "data",
})  # fmt: skip
JOINS = frozenset({"cat", "concat", "concatenate", "stack", "hstack", "column_stack"})
CASTS = frozenset({"long", "int", "to", "type", "type_as", "float", "double", "half", "bfloat16"})
SUMS = frozenset({"add", "sub"})
ROUNDS = frozenset({"round", "floor", "ceil", "trunc", "fix", "floor_divide", "bucketize", "searchsorted", "heaviside"})
EQUALS = frozenset({"eq", "ne"})
COMPARES = EQUALS | {"lt", "le", "gt", "ge", "isnan", "isinf", "isfinite"}
REDUCES = frozenset({"any", "all", "max", "min", "amax", "amin"})
LOGIC = frozenset(
    {"and", "or", "invert", "logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "bitwise_not"}
)
OPERATORS = SUMS | COMPARES | LOGIC
ESCAPES = frozenset({  # pass values to Python or another library
    "item", "tolist", "numpy", "__array__", "__float__", "__int__", "__index__", "__complex__", "__dlpack__", "data_ptr",
    "__repr__", "__format__",
})  # fmt: skip
ASKS = frozenset({  # do not read values
    "__hash__", "__len__", "size", "dim", "ndimension", "numel", "nelement", "stride", "element_size", "storage_offset",
    "is_floating_point", "is_complex", "is_signed", "is_contiguous", "is_inference", "get_device",
})  # fmt: skip
LIKE = frozenset({  # do not read the values of their first argument
    "new_zeros", "new_ones", "new_full", "new_empty", "zeros_like", "ones_like", "full_like", "empty_like", "rand_like",
    "randn_like",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Codes:
    """The source of each entry of a value. `position` is the index of an entry of the flattened inputs (n, columns), and `shift`
    is the offset that was added to this entry.

    The position is -1 if the source is not an input.
    """

    position: Any  # one or several tensors
    shift: Any


@dataclass(frozen=True, eq=False)
class _OneHot:
    """One-hot levels that the network has computed from codes. `value` contains them and can be differentiated with respect to
    the rows.
    """

    value: Any  # one or several tensors


@dataclass(frozen=True, eq=False)
class _Check:
    """The outcome of a condition on codes. `of_all` states whether the condition applies to the codes of all rows."""

    of_all: bool


_Followed = _Codes | _OneHot | _Check


class _Follow(TorchFunctionMode):
    """A torch function mode that tracks codes up to their lookups, and replaces the results of the lookups.

    `levels` contains the levels of each input column (None for a number), and `blocks` the encoded columns (n, size) of each
    input column. If `blocks` is empty, lookups are only recorded. `own` contains the codes (n, columns) of the rows.

    If a run has no gradient, `reason` states why. `checks` contains the outcomes of conditions on the codes of all rows.
    """

    def __init__(self, columns: int, levels: Sequence[Levels | None], blocks: Sequence[Tensor], own: Tensor) -> None:
        super().__init__()
        self.columns = columns
        self.lookups: list[Lookup] = []
        self.reason: Message | None = None
        self.checks: list[bool] = []
        self.in_call = False
        self._levels = levels
        self._blocks = blocks
        self._own = own
        self._known: dict[int, tuple[Tensor, _Followed]] = {}  # keeps the tensor, so that its id is not reused
        self._lost: dict[int, Tensor] = {}  # tensors that depend on the rows, although autograd does not know this

    def follow(self, inputs: Sequence[Tensor], whole: Sequence[bool]) -> None:
        """Start tracking the inputs of the network, each with shape (n, c) or (n,). `whole` marks the inputs that may contain
        codes.
        """
        first = 0
        for one, may in zip(inputs, whole, strict=True):
            width = one.shape[1:].numel()
            rows = torch.arange(len(one), device=one.device)[:, None] * self.columns
            position = (rows + torch.arange(first, first + width, device=one.device)).reshape(one.shape)
            if may:
                self._put(one, _Codes(position, torch.zeros_like(position)))
            first += width

    def finish(self, value: Any) -> None:
        """If the network's result has lost its gradient, record that the run has no gradient."""
        for one in _tensors(value):
            if id(one) in self._lost and not one.requires_grad:
                self.refuse(why("opaque.detached"))

    def refuse(self, reason: Message) -> None:
        """Record why the run has no gradient. Only the first reason is stored."""
        self.reason = self.reason or reason

    def refuse_unseen(self, tensors: Any) -> None:
        """Record that the run has no gradient if code that cannot be tracked uses `tensors` that are not floating-point."""
        if any(not one.is_floating_point() for one in _tensors(tensors)):
            self.refuse(why("opaque.compiled"))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = _name(func)
        self.in_call = True
        try:
            if torch._C._functorch.maybe_current_level() is not None:
                value = func(*args, **kwargs)
                self.refuse_unseen((args, kwargs, value))
                return value
            if name in ESCAPES and args and args[0].requires_grad:  # without gradients, nothing is tracked
                self.refuse(why("opaque.detached"))
                args = args[0].detach(), *args[1:]
            followed = [one for one in _read(name, args, kwargs) if id(one) in self._known]
            if followed and not self._writes_nothing(name, args):
                return self._of_followed(func, name, args, kwargs, followed)
            return self._checked(func, name, args, kwargs)
        finally:
            self.in_call = False

    # ---- calls with codes

    def _of_followed(self, func: Any, name: str, args: Any, kwargs: Any, followed: list[Tensor]) -> Any:
        """Return the result of a call that uses codes. The call may be a lookup, a step towards a lookup, a check of the
        codes of all rows, or another use of the codes.
        """
        looked_up = self._looked_up(func, name, args, kwargs, followed)
        if looked_up is not None:
            return looked_up
        known = self._known_as(args[0]) if args else None
        writes = _writes(func, kwargs)
        if name in JOINS and args and not writes:
            return self._join(func, args, kwargs)
        if isinstance(known, (_Codes, _OneHot)) and len(followed) == 1 and not writes:
            if name in MOVES:
                return self._moved(func, name, args, kwargs, known)
            if name in CASTS:
                return self._cast(args[0], known, func(*args, **kwargs))
        value = self._sum(func, name, args) if name in SUMS and len(args) == 2 and not kwargs else None
        value = self._chosen(func, args) if name == "where" and len(args) == 3 and not kwargs else value
        value = self._compared(func, name, args, kwargs, followed) if value is None else value
        if value is not None:
            return value
        value = self._checked(func, name, args, kwargs)
        results = [*_tensors(value)]
        numbers = results and all(one.is_floating_point() for one in [*followed, *results])
        if (not numbers or writes) and not (isinstance(func, _Property) and not results):
            self._misused(name, followed)
        return value

    def _misused(self, name: str, followed: list[Tensor]) -> None:
        if any(isinstance(self._known_as(one), _Check) for one in followed) or name in COMPARES | {"bool", "__bool__"}:
            self.refuse(why("opaque.compares"))
        else:
            self.refuse(why("opaque.whole", operation=name.strip("_")))

    def _known_as(self, value: Any) -> _Followed | None:
        known = self._known.get(id(value)) if isinstance(value, Tensor) else None
        return None if known is None else known[1]

    def _put(self, value: Tensor, followed: _Followed) -> None:
        self._known[id(value)] = value, followed
        self._keep(value)

    def _keep(self, value: Tensor) -> None:
        """Record a value that depends on the rows, if autograd has not recorded this dependence."""
        if value.is_floating_point() and not value.requires_grad and any(one.requires_grad for one in self._blocks):
            self._lost[id(value)] = value

    def _moved(self, func: Any, name: str, args: Any, kwargs: Any, known: _Codes | _OneHot) -> Any:
        value = func(*args, **kwargs)
        kind, fields = type(known), vars(known).values()
        if isinstance(value, Tensor) and value.dtype != args[0].dtype:  # a view of its bytes
            self._misused(name, [args[0]])
            return value
        moved = fields if name in ("detach", "data") else [func(one, *args[1:], **kwargs) for one in fields]
        if isinstance(value, Tensor):
            self._put(value, kind(*moved))
        else:
            for one, *parts in zip(value, *moved, strict=True):
                self._put(one, kind(*parts))
        return value

    def _join(self, func: Any, args: Any, kwargs: Any) -> Any:
        value = func(*args, **kwargs)
        parts = [*args[0]]
        if value.is_floating_point():  # codes joined with numbers become numbers
            for i, part in enumerate(parts):
                one = self._known_as(part)
                if isinstance(one, (_Codes, _OneHot)) and not part.is_floating_point():
                    parts[i] = self._cast(part, one, part.to(value.dtype))
            value = self._checked(func, "join", (parts, *args[1:]), kwargs)
        known = [self._known_as(one) for one in parts]
        kinds = {type(one) for one in known if one is not None}
        if kinds == {_Codes}:
            fields: list[list[Tensor]] = [
                [
                    torch.full(part.shape, nothing, device=part.device) if at is None else getattr(at, of)
                    for part, at in zip(parts, known, strict=True)
                ]
                for of, nothing in (("position", -1), ("shift", 0))
            ]
            self._put(value, _Codes(*(func(each, *args[1:], **kwargs) for each in fields)))
        elif kinds == {_OneHot}:
            values = [
                at.value if isinstance(at, _OneHot) else part.to(self._blocks[0])
                for part, at in zip(parts, known, strict=True)
            ]
            self._put(value, _OneHot(func(values, *args[1:], **kwargs)))
        elif kinds:
            self._misused(_name(func), [one for one in parts if self._known_as(one) is not None])
        return value

    def _cast(self, source: Tensor, known: _Codes | _OneHot, value: Any) -> Any:
        if not isinstance(value, Tensor):  # the name of its type
            return value
        if value.dtype == torch.bool or not self._fits(known, value.dtype):
            self._misused("bool" if value.dtype == torch.bool else "to", [source])
            return value
        if isinstance(known, _OneHot):
            if value.is_floating_point():
                value = known.value.to(value.dtype)
                self._keep(value)
                return value
        elif self._blocks and source.is_floating_point() != value.is_floating_point():
            inside, columns = known.position >= 0, torch.unique(known.position % self.columns).tolist()
            if value.is_floating_point():
                value = torch.where(inside, self._numbers()[known.position] + known.shift, value).to(value.dtype)
            else:
                if not bool(inside.all()) or any(self._levels[c] is None for c in columns):
                    self.refuse(why("opaque.rounds"))
                value = torch.where(inside, self._own.reshape(-1)[known.position] + known.shift, value).to(value.dtype)
        self._put(value, known)
        return value

    def _fits(self, known: _Codes | _OneHot, dtype: torch.dtype) -> bool:
        """Return whether the type `dtype` can represent the tracked codes exactly."""
        if isinstance(known, _OneHot) or not self._blocks:
            return True
        told = self._own.reshape(-1)[known.position] + known.shift
        has_levels = torch.tensor([one is not None for one in self._levels], device=told.device)
        codes = (known.position >= 0) & has_levels[known.position % self.columns]
        return bool((~codes | (told.to(dtype).to(told.dtype) == told)).all())

    def _numbers(self) -> Tensor:
        """Return all entries of the inputs as one flat tensor, through which gradients can flow to the encoded rows."""
        columns = [
            block[:, 0] if one is None else _as_number(block, one)
            for one, block in zip(self._levels, self._blocks, strict=True)
        ]
        return torch.stack(columns, dim=1).reshape(-1)

    def _sum(self, func: Any, name: str, args: Any) -> Tensor | None:
        """Add whole numbers to codes, or subtract them from codes. Return None for other arguments."""
        code, added = (args[1], args[0]) if self._known_as(args[0]) is None and name == "add" else args
        known = self._known_as(code)
        if not isinstance(known, _Codes) or self._known_as(added) is not None or code.is_floating_point():
            return None
        offset = torch.as_tensor(added, device=code.device)
        if offset.is_floating_point() or offset.is_complex() or offset.dtype == torch.bool:
            return None
        value: Tensor = func(*args)
        shift = known.shift + (-offset if name == "sub" else offset)
        self._put(value, _Codes(known.position.expand(shift.shape), shift))
        return value

    def _compared(self, func: Any, name: str, args: Any, kwargs: Any, followed: list[Tensor]) -> Any:
        """Run a call that is part of a condition on codes, such as a comparison, and return its result. Return None for other
        calls.
        """
        known = [self._known_as(one) for one in followed]
        if name == "__bool__":
            if not all(isinstance(one, _Check) and one.of_all for one in known) or followed[0].ndim > 0:
                return None
            outcome = func(*args)
            self.checks.append(bool(outcome))
            return outcome
        step = name in COMPARES or (name in LOGIC and all(isinstance(one, _Check) for one in known))
        whole = name in REDUCES and len(args) == 1 and not kwargs
        if any(isinstance(one, _OneHot) for one in known) or not (step or whole):
            return None
        value = func(*args, **kwargs)
        of_all = all(one.of_all if isinstance(one, _Check) else self._has_all_rows(one) for one in known)
        self._put(value, _Check(of_all))
        return value

    def _writes_nothing(self, name: str, args: Any) -> bool:
        """Return whether a call is a masked assignment that changes nothing, because its mask is false everywhere."""
        if name != "__setitem__" or not isinstance(self._known_as(args[1]), _Check) or bool(args[1].any()):
            return False
        self.checks.append(False)
        return True

    def _chosen(self, func: Any, args: Any) -> Tensor | None:
        """Return the codes that `torch.where` selects, or None. The condition must depend only on codes, and must have the
        same outcome for every entry.
        """
        if not isinstance(self._known_as(args[0]), _Check) or bool(args[0].any()) != bool(args[0].all()):
            return None
        outcome = bool(args[0].any())
        chosen = args[1] if outcome else args[2]
        known, value = self._known_as(chosen), func(*args)
        if not isinstance(known, _Codes) or (value.shape, value.dtype) != (chosen.shape, chosen.dtype):
            return None
        columns = torch.unique(known.position[known.position >= 0] % self.columns).tolist()
        if self._blocks and any(self._levels[column] is None for column in columns):
            return None  # in earlier rows the condition chose between them, so their lookups are unknown
        self.checks.append(outcome)
        self._put(value, known)
        return value  # type: ignore[no-any-return]

    def _has_all_rows(self, codes: Any) -> bool:
        rows = torch.unique(codes.position[codes.position >= 0] // self.columns)
        return len(rows) == len(self._own)

    # ---- lookups

    def _looked_up(self, func: Any, name: str, args: Any, kwargs: Any, followed: list[Tensor]) -> Tensor | None:
        """Return the result of a lookup, or None if the call is not a lookup."""
        found = _lookup(func, name, args, kwargs)
        codes = None if found is None else self._known_as(found.codes)
        if found is None or not isinstance(codes, _Codes) or found.codes.is_floating_point():
            return None
        others = any(one is not found.codes and not one.is_floating_point() for one in followed)
        if others or bool((found.codes < 0).any()):  # negative indices count from the end
            return None
        told = self._own.reshape(-1)[codes.position] + codes.shift
        if not bool(((found.codes == told) | (codes.position < 0)).all()):  # a narrow type cannot represent them
            return None
        vectors = self._vectors(codes, found) if self._blocks else None
        if vectors is not None and func is not functional.one_hot:
            if not torch.is_grad_enabled() and any(block.requires_grad for block in self._blocks):
                self.refuse(why("opaque.detached"))
            return found.reduce(vectors)
        value: Tensor = func(*args, **kwargs)
        if not self._blocks:
            self._note(codes, found.table)
        elif vectors is None:
            self.refuse(why("opaque.rounds"))
        else:
            self._put(value, _OneHot(vectors))
        return value

    def _note(self, codes: _Codes, table: Tensor) -> None:
        inside = codes.position >= 0
        column, shift = codes.position[inside] % self.columns, codes.shift[inside]
        pairs = torch.unique(torch.stack([column, shift], dim=1), dim=0).cpu()
        self.lookups.append(Lookup(tuple(pairs.shape[:1]), pairs[:, 0].numpy(), pairs[:, 1].numpy(), table))

    def _vectors(self, codes: _Codes, found: _Lookup) -> Tensor | None:
        """Return the embedding vectors of the codes, computed as one-hot levels times the embedding table.

        Return None if a column has no levels, or if some of its levels are not rows of the embedding table.
        """
        table = found.table.reshape(len(found.table), -1)
        position, shift = codes.position.reshape(-1), codes.shift.reshape(-1)
        inside = position >= 0
        column = torch.where(inside, position % self.columns, self.columns)
        keys, of_entry = torch.unique(shift * (self.columns + 1) + column, return_inverse=True)  # unique pairs are slow
        parts = []
        for added, at in (divmod(key, self.columns + 1) for key in keys.tolist()):
            if at == self.columns:
                parts.append(table.new_zeros(len(self._own), table.shape[1]))
                continue
            levels = self._levels[at]
            if levels is None or levels.low + added < 0 or levels.low + added + levels.size > len(table):
                return None
            rows = table[levels.low + added : levels.low + added + levels.size]
            parts.append(self._blocks[at].to(table.dtype) @ rows)
        vectors = torch.stack(parts)[of_entry, torch.where(inside, position // self.columns, 0)]
        if not bool(inside.all()):
            vectors = torch.where(inside[:, None], vectors, table[found.codes.reshape(-1)])
        return vectors.reshape(*codes.position.shape, *found.table.shape[1:])

    # ---- calls with numbers

    def _checked(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        """Run a call that uses no codes, and check that its result has a complete gradient."""
        value = func(*args, **kwargs)
        if not self._blocks:
            return value
        given = _read(name, args, kwargs)
        lost = [one for one in given if id(one) in self._lost and not one.requires_grad]
        if not lost and not any(one.requires_grad for one in given):
            return value
        results = [*_tensors(value), *_tensors(args[:1] if _writes(func, kwargs) else ())]
        if name in ESCAPES:  # the value was detached before
            self.refuse(why("opaque.detached"))
        own_gradient = (
            not torch.is_grad_enabled()
        )  # in the forward of a `torch.autograd.Function`, which states its gradient
        if (name in ROUNDS and not own_gradient) or (name in CASTS and any(not r.is_floating_point() for r in results)):
            self.refuse(why("opaque.rounds"))
        if name == "bool" or (name in EQUALS and not isinstance(args[-1], Tensor)):
            self.refuse(why("opaque.compares"))
        for one in results:
            if one.requires_grad and (lost or one.is_leaf):  # a leaf does not depend on the inputs
                self.refuse(why("opaque.detached"))
            self._keep(one)
        return value


class _Unseen(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A torch dispatch mode that checks operations that do not pass through Python, such as those in TorchScript."""

    def __init__(self, follow: _Follow) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._follow = follow

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self._follow.in_call:
            return func(*args, **(kwargs or {}))
        with torch._C.DisableTorchFunction():
            value = func(*args, **(kwargs or {}))
            self._follow.refuse_unseen((args, kwargs, value))
            own_gradient = (
                not torch.is_grad_enabled()
            )  # in the forward of a `torch.autograd.Function`, which states its gradient
            if str(func.overloadpacket).rpartition(".")[2] in ROUNDS and not own_gradient:
                self._follow.refuse(why("opaque.rounds"))
        return value


def _tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in arguments or results, including those in nested containers."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _tensors(one)
    elif isinstance(value, dict):
        yield from _tensors([*value.values()])
    elif isinstance(value, slice):
        yield from _tensors((value.start, value.stop, value.step))


def _read(name: str, args: Any, kwargs: Any) -> list[Tensor]:
    """Return the tensors whose values are used by a call."""
    if name in ASKS:
        return []
    if name in CASTS or name.endswith("_as"):
        return [*_tensors(args[:1])]
    return [*_tensors((args[1:] if name in LIKE else args, kwargs))]


_Property = type(Tensor.T.__get__)  # type: ignore[attr-defined]


def _name(func: Any) -> str:
    """Return the name of a function, method or property. For an operator, return the name of the equivalent function."""
    if isinstance(func, _Property):
        return str(getattr(func.__self__, "__name__", ""))
    name = getattr(func, "__name__", "")
    return name.strip("_") if name.strip("_") in OPERATORS and name.startswith("__") else name


def _writes(func: Any, kwargs: Any) -> bool:
    """Return whether a call writes to its first argument."""
    name = getattr(func, "__name__", "")
    in_place = name.endswith("_") and not name.endswith("__")
    return (
        in_place or name in ("__setitem__", "__set__") or kwargs.get("out") is not None or kwargs.get("inplace") is True
    )


def _as_number(block: Tensor, levels: Levels) -> Tensor:
    """Convert one-hot levels (n, size) to numbers (n,). The result is exact if each row has exactly one level."""
    return (block * torch.arange(levels.low, levels.low + levels.size, device=block.device).to(block.dtype)).sum(1)


@dataclass(frozen=True, eq=False)
class _Lookup:
    """A call that looks up codes in a table (V, ...). `reduce` is the reduction that the call applies to the vectors."""

    codes: Tensor
    table: Tensor
    reduce: Callable[[Tensor], Tensor] = lambda vectors: vectors


def _lookup(func: Any, name: str, args: Any, kwargs: Any) -> _Lookup | None:
    """Return the lookup in a call, or None if the call is not a lookup that can be replaced."""
    if func is functional.embedding_bag:
        return _bag(*args, **kwargs)
    if func is functional.one_hot:
        return _of_one_hot(*args, **kwargs)
    if func is functional.embedding:
        given = dict(zip(("input", "weight", "padding_idx", "max_norm"), args, strict=False)) | kwargs
        found = None if given.get("max_norm") is not None else (given["input"], given["weight"])
    elif name == "embedding" and len(args) > 1:
        found = args[1], args[0]
    elif name == "__getitem__":
        index = args[1] if isinstance(args[1], tuple) else (args[1],)
        found = (
            (index[0], args[0])
            if index and all(isinstance(one, slice) and one == slice(None) for one in index[1:])
            else None
        )
    elif name == "index_select":
        given = dict(zip(("input", "dim", "index"), args, strict=False)) | kwargs
        found = (given["index"], given["input"]) if given["dim"] == 0 else None
    elif name == "take" and len(args) == 2:
        found = args[1], args[0].reshape(-1)
    else:
        found = None
    if found is None or not isinstance(found[0], Tensor) or found[0].dtype == torch.bool:
        return None
    return _Lookup(*found) if isinstance(found[1], Tensor) and found[1].is_floating_point() else None


def _of_one_hot(input: Tensor, num_classes: int = -1) -> _Lookup | None:
    return _Lookup(input, torch.eye(num_classes, dtype=torch.float64, device=input.device)) if num_classes > 0 else None


def _bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> _Lookup | None:
    """Return the lookup in an embedding bag, if all bags have the same length and are reduced to a mean or a (weighted) sum.
    Return None for other bags.
    """
    if offsets is not None or max_norm is not None or padding_idx is not None or mode == "max" or input.ndim != 2:
        return None

    def reduce(vectors: Tensor) -> Tensor:
        if mode == "mean":
            return vectors.mean(1)
        return vectors.sum(1) if per_sample_weights is None else (vectors * per_sample_weights[:, :, None]).sum(1)

    return _Lookup(input, weight, reduce)


TRIED = 256  # rows whose gradient is computed at first
NEAR = 1e-5  # accepted deviation of a row from one-hot because of rounding


class Intercepted(nn.Module):
    """A network as a function of numbers and one-hot levels (n, d). Its lookups are intercepted only if a gradient is needed or
    if the one-hot values of a row are not all 0 or 1.

    `shapes` contains the shape of each original input for one row, and `whole` marks the integer inputs. `levels` contains the
    levels of each input column (None for a number).
    """

    _rank: Tensor
    _start: Tensor
    _last: Tensor
    _low: Tensor
    _numbers: Tensor
    _order: Tensor

    def __init__(
        self,
        module: nn.Module,
        shapes: Sequence[tuple[int, ...]],
        whole: Sequence[bool],
        levels: Sequence[Levels | None],
        name: str,
    ) -> None:
        super().__init__()
        self.module = module
        self._shapes = list(shapes)
        self._whole = list(whole)
        self._widths = [torch.Size(one).numel() for one in shapes]
        self._levels = tuple(levels)
        self._sizes = [1 if one is None else one.size for one in levels]
        self._name = name
        self._checks: list[bool] = []
        self._places(levels)

    def _places(self, levels: Sequence[Levels | None]) -> None:
        """Store the positions of the levels of all columns. They let `_real` determine all levels in a row with a single matrix
        product.
        """
        known = [(j, one) for j, one in enumerate(levels) if one is not None]
        others = [j for j, one in enumerate(levels) if one is None]
        before = torch.tensor([0, *self._sizes]).cumsum(0)
        rank = torch.zeros(len(known), int(before[-1]))
        for i, (j, one) in enumerate(known):
            rank[i, before[j] : before[j + 1]] = torch.arange(one.size)
        kept = {
            "_rank": rank,  # (columns with levels, d): the index of each one-hot column among the levels
            "_start": before[[j for j, _ in known]],
            "_last": torch.tensor([one.size - 1 for _, one in known], dtype=torch.int64),
            "_low": torch.tensor([one.low for _, one in known], dtype=torch.int64),
            "_numbers": before[others],
            "_order": torch.tensor([j for j, _ in known] + others).argsort(),
        }
        for name, values in kept.items():
            self.register_buffer(name, values, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of rows (n, d).

        Raises
        ------
        NotApplicableError
            The network uses codes for a purpose other than lookups, and a gradient is needed or a row contains a mixture of
            levels.
        """
        if isinstance(x, fx.Proxy):
            raise TypeError("a network whose embedding lookups are intercepted cannot be traced")
        blocks = torch.split(x, self._sizes, dim=1)
        real = None if torch.is_grad_enabled() and x.requires_grad else self._real(x)
        if real is not None:
            return self.module(*self._inputs(real, torch.split(real.to(x), 1, dim=1), blocks))  # type: ignore[no-any-return]
        scores, follow = self._followed(blocks, self._own(blocks))
        if follow.reason is None and follow.checks != self._checks:
            follow.refuse(why("opaque.branches"))
        if follow.reason is not None:
            raise NotApplicableError(why("gradient", model=self._name, opaque=follow.reason))
        return scores

    def inspect(self, codes: Tensor, expected: Tensor) -> None:
        """Check that a gradient is available for rows with the inputs `codes` (n, columns) and the scores `expected`. Also store
        the outcomes of the network's conditions on the codes of all rows, because later calls must have the same outcomes.

        Raises
        ------
        OpaqueError
            The network uses codes for a purpose other than lookups, or a part of the gradient is lost.
        """
        columns = [
            codes[:, j : j + 1] if one is None else functional.one_hot(codes[:, j].long() - one.low, one.size)
            for j, one in enumerate(self._levels)
        ]
        x = torch.cat(columns, dim=1).to(module_dtype(self.module)).requires_grad_()
        blocks = torch.split(x, self._sizes, dim=1)
        scores, follow = self._followed(blocks, self._own(blocks))
        if follow.reason is not None:
            raise OpaqueError(follow.reason)
        if not bool((scores - expected).abs().max() <= 1e-5 * max(1.0, float(expected.abs().max()))):
            raise OpaqueError(why("opaque.lookups"))
        if scores.requires_grad:
            torch.autograd.grad(scores.sum(), x, allow_unused=True)
        self._checks = follow.checks

    def _followed(self, blocks: Sequence[Tensor], own: Tensor) -> tuple[Tensor, _Follow]:
        numbers = [
            block if one is None else _as_number(block, one)[:, None]
            for one, block in zip(self._levels, blocks, strict=True)
        ]
        inputs = self._inputs(own, numbers, blocks)
        columns = iter(self._levels)
        levels = [[next(columns) for _ in range(width)] for width in self._widths]
        follow = _Follow(len(self._levels), self._levels, blocks, own)
        follow.follow(inputs, [whole or any(of) for whole, of in zip(self._whole, levels, strict=True)])
        with _Unseen(follow), follow:
            scores = self.module(*inputs)
        follow.finish(scores)
        return scores, follow

    def _own(self, blocks: Sequence[Tensor]) -> Tensor:
        """Return the whole numbers (n, columns) in encoded rows. In a column with levels, the whole number is the level with the
        largest one-hot value. In other columns, it is the rounded number.
        """
        columns = [
            block[:, 0].detach().round().long() if one is None else block.detach().argmax(dim=1) + one.low
            for one, block in zip(self._levels, blocks, strict=True)
        ]
        return torch.stack(columns, dim=1)

    def _real(self, x: Tensor) -> Tensor | None:
        """Decode encoded rows (n, d) to whole numbers (n, columns). Return None if a row does not have exactly one level in each
        column.
        """
        off = x.detach().index_fill(1, self._numbers, 0.0)
        at = (self._rank @ off.to(self._rank).T).T.round().long().clamp(min=0).minimum(self._last)
        if off.numel():  # deviation from one-hot, which must be zero
            off.scatter_add_(1, at + self._start, off.new_full((), -1.0).expand_as(at))
            least, most = off.aminmax()
            if not bool(torch.maximum(-least, most) <= NEAR):
                return None
        numbers = x.detach().index_select(1, self._numbers).round().long()
        return torch.cat([at + self._low, numbers], dim=1).index_select(1, self._order)

    def _inputs(self, own: Tensor, numbers: Sequence[Tensor], blocks: Sequence[Tensor]) -> list[Tensor]:
        """Return the original inputs of the network. Integer inputs are taken from `own`, and float inputs that contain levels
        are taken from `numbers` (n, 1).
        """
        floats = [
            block if one is None else numbers[j]
            for j, (one, block) in enumerate(zip(self._levels, blocks, strict=True))
        ]
        made, first = [], 0
        for shape, width, whole in zip(self._shapes, self._widths, self._whole, strict=True):
            of = slice(first, first + width)
            values = own[:, of].clone() if whole else torch.cat(floats[of], dim=1)
            made.append(values.reshape(len(own), *shape))
            first += width
        return made


class OwnInputs(nn.Module):
    """The network in an `Intercepted`, as a function of its original inputs (n, columns).

    Levels are counted from the lowest level of their column. Single precision can then represent even very large levels exactly.
    Every row must have exactly one level in each column. The network has no gradient.
    """

    _is_whole: Tensor
    _low: Tensor

    def __init__(self, intercepted: Intercepted) -> None:
        super().__init__()
        self.module = intercepted.module
        self._kinds = list(zip(intercepted._shapes, intercepted._widths, intercepted._whole, strict=True))
        of_inputs = [whole for _, width, whole in self._kinds for _ in range(width)]
        has_levels = [one is not None for one in intercepted._levels]
        is_whole = torch.tensor([a or b for a, b in zip(of_inputs, has_levels, strict=True)])
        low = torch.tensor([0 if one is None else one.low for one in intercepted._levels])
        self.register_buffer("_is_whole", is_whole, persistent=False)
        self.register_buffer("_low", low, persistent=False)

    def forward(self, own: Tensor) -> Tensor:
        """Return the scores of rows (n, columns). Rounding errors in whole numbers are corrected."""
        own = torch.where(self._is_whole, own.round(), own)
        widths = [width for _, width, _ in self._kinds]
        parts, lows = torch.split(own, widths, dim=1), torch.split(self._low, widths)
        inputs = [
            (part.double() + low).to(torch.int64 if whole else own.dtype).reshape(len(own), *shape)
            for part, low, (shape, _, whole) in zip(parts, lows, self._kinds, strict=True)
        ]
        return self.module(*inputs)  # type: ignore[no-any-return]


def own_inputs(intercepted: Intercepted) -> tuple[Tensor, OwnInputs]:
    """Return the weights (columns, d) that map numbers and one-hot levels to the inputs of `OwnInputs`, and the `OwnInputs`
    network.
    """
    columns = [torch.ones(1, 1) if one is None else torch.arange(one.size)[None] for one in intercepted._levels]
    weight: Tensor = torch.block_diag(*columns)  # type: ignore[no-untyped-call]
    return weight.double(), OwnInputs(intercepted)


def intercept(module: nn.Module, inputs: list[Tensor], name: str) -> Rewritten:
    """Return the module with its lookups intercepted. `inputs` are its inputs for some rows, each with shape (n, c) or (n,).

    Raises
    ------
    OpaqueError
        The gradient of the network is incomplete or cannot be computed, the network uses codes for a purpose other than lookups,
        or it looks up more levels than the limit on one-hot columns.
    """
    widths = [one[0].numel() for one in inputs]
    codes = torch.cat([one.reshape(len(one), -1).double() for one in inputs], dim=1)
    follow = _Follow(sum(widths), [None] * sum(widths), [], codes)
    given = [one.clone() for one in inputs]
    follow.follow(given, [True] * len(given))
    try:
        with torch.no_grad(), follow:
            scores = module(*given)
        levels = levels_of(follow.lookups, codes.numpy())
        check_levels(levels, codes.numpy())
        of_columns = [levels.get(c) for c in range(sum(widths))]
        shapes = [tuple(one.shape[1:]) for one in inputs]
        made = Intercepted(module, shapes, [not one.is_floating_point() for one in inputs], of_columns, name)
        with torch.enable_grad():
            made.inspect(codes[:TRIED], scores[:TRIED])
    except (OpaqueError, torch.OutOfMemoryError):
        raise
    except Exception:  # the user's network accepts these inputs, but may fail when they are tracked
        raise OpaqueError(why("opaque.fails")) from None
    return Rewritten(made, by_input(levels, widths))
