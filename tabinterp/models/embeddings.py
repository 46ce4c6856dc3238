"""Conversion of embedding lookups to affine maps. Looking up a row of an embedding table is equivalent to multiplying a one-hot
row by the table.

The network runs once on real rows. Each entry of an intermediate value is tracked from its encoded column through indexing,
reshaping, casts and added offsets, up to the lookup. The converted network satisfies `module(inputs) == rest(x @ weight.T)`.
Here, `x` contains the levels as one-hot columns. `z = x @ weight.T` contains the embedding vectors, and the inputs that are used
as numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn
from torch.nn import functional

from tabinterp.document.message import why

from .affine_front import NO_GRADIENT, linear, trace
from .inputs import Levels

MOVES: tuple[Any, ...] = (
    operator.getitem, torch.squeeze, torch.unsqueeze, torch.flatten, torch.reshape, torch.unbind, torch.split, torch.chunk,
    torch.select, torch.narrow, "squeeze", "unsqueeze", "flatten", "reshape", "view", "unbind", "split", "chunk", "select",
    "narrow", "contiguous", "clone", "detach",
)  # fmt: skip
CASTS: tuple[Any, ...] = ("long", "int", "to", "type", "float", "double")
SUMS: tuple[Any, ...] = (operator.add, torch.add, operator.sub, torch.sub, "add", "sub")
ASKS: tuple[Any, ...] = ("size", "dim", getattr, len)
MOST_LEVELS = 2048  # maximum number of one-hot columns of all inputs together


ROUNDS: tuple[Any, ...] = (torch.round, torch.floor, torch.ceil, torch.trunc, "round", "floor", "ceil", "trunc")
EQUALS: tuple[Any, ...] = (operator.eq, operator.ne, torch.eq, torch.ne, "eq", "ne")


class OpaqueError(Exception):
    """An error that states why integer inputs of a network cannot be treated as embedding lookups."""


@dataclass(frozen=True, eq=False)
class Rewritten:
    """A network whose lookups were replaced. `module` takes all inputs as one tensor. For each input, `levels` contains the
    one-hot levels of each column (None if the column is a number).
    """

    module: nn.Module
    levels: list[tuple[Levels | None, ...]]

    @property
    def has_levels(self) -> bool:
        """True if the network looks up any levels."""
        return any(one is not None for of_input in self.levels for one in of_input)


@dataclass(frozen=True, eq=False)
class _Places:
    """The source of each entry of a value: the encoded column from which the entry came, and the offset that was added to the
    value of this column.
    """

    column: Any  # one or several tensors
    shift: Any


@dataclass(frozen=True, eq=False)
class Lookup:
    """An embedding lookup in `table` (V, e). For each of the flattened indices to look up, `column` contains the encoded column
    from which the index comes, and `shift` the offset that was added to it.
    """

    shape: tuple[int, ...]
    column: NDArray[np.int64]
    shift: NDArray[np.int64]
    table: Tensor


def rewrite(module: nn.Module, inputs: list[Tensor]) -> Rewritten | None:
    """Return the module with the lookups in its graph replaced by affine maps. `inputs` contains the module's inputs for some
    rows, each with the shape (n, c) or (n,).

    Return None if the module cannot be traced, or if its graph uses whole numbers in a way that is not supported.
    """
    graph = trace(module)
    starts = [] if graph is None else [node for node in graph.graph.nodes if node.op == "placeholder"]
    if graph is None or len(starts) != len(inputs):
        return None
    follow = _Follow(graph, inputs)
    with torch.no_grad():
        follow.run(*inputs)
    codes = torch.cat([one.reshape(len(one), -1).double() for one in inputs], dim=1).numpy()
    whole = np.concatenate([np.full(one[0].numel(), not one.is_floating_point()) for one in inputs])
    if not _only_looks_up(follow, whole):
        return None
    levels = levels_of(list(follow.lookups.values()), codes)
    check_levels(levels, codes)
    widths = [one[0].numel() for one in inputs]
    table = _Weights(widths, levels)
    rest = _rest(follow, starts, inputs, table)
    dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
    return Rewritten(nn.Sequential(linear(table.matrix().to(dtype), None), rest), by_input(levels, widths))


class _Follow(fx.Interpreter):
    """An interpreter that runs a graph on real rows. For each entry of each value, it records the encoded column from which the
    entry comes.
    """

    def __init__(self, graph: fx.GraphModule, inputs: list[Tensor]) -> None:
        super().__init__(graph, garbage_collect_values=False)
        self.source = graph
        self.places: dict[fx.Node, _Places] = {}
        self.lookups: dict[fx.Node, Lookup] = {}
        self._starts: list[_Places] = []
        first = 0
        for one in inputs:
            size = one[0].numel()
            column = torch.arange(first, first + size).expand(len(one), size).reshape(one.shape)
            self._starts.append(_Places(column, torch.zeros_like(column)))
            first += size

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.op == "placeholder":
            self.places[n] = self._starts[len(self.places)]
            return value
        source = next((a for a in n.args if isinstance(a, fx.Node) and a in self.places), None)
        if source is None:
            return value
        lookup = self._lookup(n, source)
        if lookup is not None:
            self.lookups[n] = lookup
            return value
        places = self._step(n, source, value)
        if places is not None:
            self.places[n] = places
        return value

    def _step(self, node: fx.Node, source: fx.Node, value: Any) -> _Places | None:
        if node.args[0] is not source:
            return None
        was = self.places[source]
        if _is(node, MOVES):
            return _Places(self._again(node, was.column), self._again(node, was.shift))
        if _is(node, CASTS):
            return was if value.shape == was.column.shape else None
        other = node.args[1] if len(node.args) == 2 and not node.kwargs else None
        if _is(node, SUMS) and other not in self.places:
            added = self.env[other] if isinstance(other, fx.Node) else other
            if torch.as_tensor(added).dtype == torch.int64:
                sign = -1 if "sub" in str(node.target) else 1
                shift = was.shift + sign * torch.as_tensor(added)
                return _Places(was.column.expand(shift.shape), shift)
        return None

    def _again(self, node: fx.Node, first: Any) -> Any:
        """Apply the operation of a node again, with `first` in place of its first argument."""
        rest = fx.node.map_arg(node.args[1:], lambda a: self.env[a])
        named = fx.node.map_arg(node.kwargs, lambda a: self.env[a])
        if node.op == "call_method":
            return getattr(first, str(node.target))(*rest, **named)
        return node.target(first, *rest, **named)  # type: ignore[operator]

    def _lookup(self, node: fx.Node, source: fx.Node) -> Lookup | None:
        table = self._table(node)
        places = self.places[source]
        if table is None or node.args[0] is not source or not isinstance(places.column, Tensor):
            return None
        column, shift = places.column, places.shift
        if not bool((column == column[:1]).all() and (shift == shift[:1]).all()):
            return None  # rows were mixed
        return Lookup(tuple(column.shape[1:]), column[0].reshape(-1).numpy(), shift[0].reshape(-1).numpy(), table)

    def _table(self, node: fx.Node) -> Tensor | None:
        if node.op == "call_module":
            module = self.source.get_submodule(str(node.target))
            return module.weight.detach() if type(module) is nn.Embedding and module.max_norm is None else None
        if node.target is functional.embedding and len(node.args) > 1 and isinstance(node.args[1], fx.Node):
            table = self.env[node.args[1]]
            return table.detach() if isinstance(table, Tensor) and node.kwargs.get("max_norm") is None else None
        if node.target is functional.one_hot:
            size = node.kwargs.get("num_classes", node.args[1] if len(node.args) > 1 else -1)
            return torch.eye(size) if isinstance(size, int) and size > 0 else None
        return None


def _is(node: fx.Node, targets: tuple[Any, ...]) -> bool:
    return node.op in ("call_method", "call_function") and node.target in targets


def is_rounding(node: fx.Node) -> bool:
    """Return whether a node rounds, casts to integers, looks up levels, compares with a constant, or stops the gradient of a
    value.
    """
    to_whole = {torch.int64, torch.int32, torch.long, torch.LongTensor, "torch.LongTensor"}
    cast = _is(node, ("to", "type")) and any(a in to_whole for a in [*node.args, *node.kwargs.values()] if a.__hash__)
    equal = _is(node, EQUALS) and not isinstance(node.args[-1], fx.Node)
    detached = (
        _is(node, (torch.detach, "detach"))
        or (_is(node, (getattr,)) and node.args[1] == "data")
        or NO_GRADIENT in node.meta
    )
    return (
        cast
        or equal
        or detached
        or _is(node, ROUNDS)
        or _is(node, ("long", "int", functional.embedding, functional.one_hot))
    )


def _is_number(follow: _Follow, node: fx.Node) -> bool:
    """Return whether a value is used for anything other than lookups."""
    return any(
        user not in follow.lookups and (user not in follow.places or _is_number(follow, user)) for user in node.users
    )


def _only_looks_up(follow: _Follow, whole: NDArray[np.bool_]) -> bool:
    """Return whether the network uses whole numbers only in supported ways: to look up embeddings, or as ordinary numbers."""
    looked_up = {int(c) for lookup in follow.lookups.values() for c in lookup.column}
    for node, value in follow.env.items():
        if node not in follow.places or not isinstance(value, Tensor) or value.is_floating_point():
            continue
        if any(not whole[c] and c not in looked_up for c in {int(c) for c in follow.places[node].column.reshape(-1)}):
            return False
        if not all(user in follow.places or user in follow.lookups or _is(user, ASKS + CASTS) for user in node.users):
            return False
    return True


def levels_of(lookups: list[Lookup], codes: NDArray[np.float64]) -> dict[int, Levels]:
    """Return, for each column, the levels that are valid in all of its lookups. If columns share an embedding table through
    offsets, the levels of each column end at the next offset.
    """
    ranges: dict[int, tuple[int, int]] = {}
    for lookup in lookups:
        starts = np.unique(lookup.shift)
        for column, shift in zip(lookup.column.tolist(), lookup.shift.tolist(), strict=True):
            later = starts[starts > shift]
            end = int(later[0]) if len(later) and codes[:, column].max() + shift < later[0] else len(lookup.table)
            start = shift if len(starts) > 1 and codes[:, column].min() >= 0 else 0
            low, high = ranges.get(column, (start - shift, end - shift))
            ranges[column] = max(low, start - shift), min(high, end - shift)
    return {column: Levels(low, high - low) for column, (low, high) in ranges.items()}


def check_levels(levels: dict[int, Levels], codes: NDArray[np.float64]) -> None:
    """Raise an error if a code is not a level, or if all columns together have more than `MOST_LEVELS` levels."""
    for column, one in levels.items():
        of = codes[:, column]
        if (of != np.floor(of)).any():
            raise OpaqueError(why("opaque.rounds"))
        if of.min() < one.low or of.max() >= one.low + one.size:
            raise OpaqueError(why("opaque.lookups"))
    if sum(one.size for one in levels.values()) > MOST_LEVELS:
        raise OpaqueError(why("opaque.levels", most=MOST_LEVELS))


def by_input(levels: dict[int, Levels], widths: list[int]) -> list[tuple[Levels | None, ...]]:
    """Return, for each input of the network, the levels of its columns (None for a column without levels)."""
    ends = np.cumsum(widths)
    return [tuple(levels.get(c) for c in range(end - width, end)) for end, width in zip(ends, widths, strict=True)]


class _Weights:
    """The weights of the affine map from `x` to `z`. They are collected row by row, in the order in which the rest of the network
    uses `z`.
    """

    def __init__(self, widths: list[int], levels: dict[int, Levels]) -> None:
        sizes = [levels[c].size if c in levels else 1 for c in range(sum(widths))]
        self._ends = np.cumsum(sizes).tolist()
        self._sizes = sizes
        self._levels = levels
        self._rows: list[Tensor] = []
        self.height = 0

    def numbers(self, columns: range) -> slice:
        """Add weights that copy these columns unchanged into `z`, and return their slice of `z`."""
        return self._append(
            [
                (
                    c,
                    torch.arange(self._levels[c].size)[:, None] + self._levels[c].low
                    if c in self._levels
                    else torch.ones(1, 1),
                )
                for c in columns
            ]
        )

    def vectors(self, lookup: Lookup) -> slice:
        """Add weights that compute the flattened result of a lookup, and return the slice of `z` that contains this result."""
        picked = []
        for column, shift in zip(lookup.column.tolist(), lookup.shift.tolist(), strict=True):
            first = self._levels[column].low + shift
            picked.append((column, lookup.table[first : first + self._levels[column].size]))
        return self._append(picked)

    def matrix(self) -> Tensor:
        return torch.cat(self._rows)

    def _append(self, blocks: list[tuple[int, Tensor]]) -> slice:
        start = self.height
        for column, block in blocks:
            rows = torch.zeros(block.shape[1], self._ends[-1], dtype=torch.float64)
            rows[:, self._ends[column] - self._sizes[column] : self._ends[column]] = block.T.double()
            self._rows.append(rows)
            self.height += len(rows)
        return slice(start, self.height)


def _rest(follow: _Follow, starts: list[fx.Node], inputs: list[Tensor], table: _Weights) -> nn.Module:
    """Return the graph as a function of `z`, the output of the affine map. Its inputs and the results of its lookups are replaced
    by slices of `z`.
    """
    new = fx.Graph()
    z = new.placeholder("z")
    values: dict[fx.Node, fx.Node] = {}
    first = 0
    for node in follow.source.graph.nodes:
        if node in starts:
            value = inputs[starts.index(node)]
            columns = range(first, first + value[0].numel())
            first = columns.stop
            if not _is_number(follow, node):
                continue
            at: Any = table.numbers(columns)
            values[node] = _cut(new, z, at if value.ndim > 1 else at.start)
        elif node in follow.lookups:
            lookup = follow.lookups[node]
            vectors = _cut(new, z, table.vectors(lookup))
            shape = (-1, *lookup.shape, lookup.table.shape[1])
            values[node] = new.call_method("reshape", (vectors, shape)) if lookup.shape else vectors
        elif node in follow.places and not _is_number(follow, node):
            continue
        elif node in follow.places and _is(node, CASTS):
            values[node] = values[node.all_input_nodes[0]]
        else:
            values[node] = new.node_copy(node, lambda old: values[old])
    made = fx.GraphModule(follow.source, new)
    made.graph.eliminate_dead_code()
    made.recompile()
    return made


def _cut(graph: fx.Graph, z: fx.Node, at: Any) -> fx.Node:
    getitem: Callable[..., Any] = operator.getitem
    return graph.call_function(getitem, (z, (slice(None), at)))
