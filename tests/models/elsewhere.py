"""A device that is not there: tensors that say they lie on it, are told from the processor's, and do not meet them.

What a tensor is asked there is worked out here, so that a whole audit can be held to the processor's numbers, and a tensor that
was left behind is an error, as on a GPU. It is called meta since that is the one device without memory of its own that torch
has everywhere.
"""

from __future__ import annotations

import sys
from collections import Counter

import torch
from torch.utils._python_dispatch import TorchDispatchMode

NAME = "meta"
aten = torch.ops.aten
PRODUCTS = (aten.mm.default, aten.addmm.default, aten.bmm.default, aten.baddbmm.default, aten.mv.default)
CARRIED = (  # moves values or makes room, and works nothing out
    aten._to_copy.default, aten.copy_.default, aten.clone.default, aten.lift_fresh.default, aten.empty.memory_format,
    aten.empty_strided.default, aten.new_empty.default, aten.zeros.default, aten.ones.default, aten.full.default,
    aten.ones_like.default, aten.eye.default, aten.cat.default, aten.set_.source_Storage,
    aten.set_.source_Storage_storage_offset,
)  # fmt: skip
BY_PLACE = (aten.index.Tensor, aten.index_put_.default)  # the processor's may say which of a device's values


class Away(torch.Tensor):
    """A tensor on the device; `here` is what it holds."""

    @staticmethod
    def __new__(cls, here):
        return torch.Tensor._make_wrapper_subclass(
            cls, here.shape, strides=here.stride(), storage_offset=here.storage_offset(), dtype=here.dtype, device=NAME
        )

    def __init__(self, here):
        self.here = here

    def __tensor_flatten__(self):
        return ["here"], None

    @staticmethod
    def __tensor_unflatten__(inner, _meta, _size, _stride):
        return Away(inner["here"])

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise AssertionError(f"{func} outside of the mode")


class Elsewhere(TorchDispatchMode):
    """Takes every operation; counts numbers that are worked out by where, a product's as its multiplications, and those here by
    whoever asks."""

    def __init__(self):
        super().__init__()
        self.away, self.here, self.asked = 0, 0, Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func._can_decompose():  # in inference mode what is made of other operations comes whole
            with self:
                made = func.decompose(*args, **kwargs)
            if made is not NotImplemented:
                return made
        tensors = [*_tensors((args, [*kwargs.values()]))]
        away = [one for one in tensors if isinstance(one, Away)]
        target = kwargs.get("device")
        there = target is not None and torch.device(target).type == NAME
        if target is not None:
            kwargs = kwargs | {"device": torch.device("cpu")}
        made = func(*_mapped(_held, args), **{name: _mapped(_held, one) for name, one in kwargs.items()})
        if func is aten._to_copy.default and target is not None:
            return Away(made) if there else made
        if func is aten.copy_.default:
            return args[0]
        self._count(func, tensors, made, there or bool(away))
        by_place = func in BY_PLACE and all(isinstance(one, Away) or not one.ndim for one in _tensors(args[::2]))
        if away and not by_place and any(one.ndim for one in tensors if not isinstance(one, Away)):
            raise RuntimeError(f"{func} of tensors on two devices")
        if func is aten._local_scalar_dense.default or not (away or there):
            return made
        own = {id(one.here): one for one in away}  # what is written in place is given back
        return _mapped(lambda one: _away(one, own), made)

    def _count(self, func, tensors, made, away):
        if func in CARRIED or func.is_view:
            return
        if func in PRODUCTS:
            left, right = tensors[-2:]
            size = left.numel() * (right.shape[-1] if right.ndim > 1 else 1)
        else:
            size = sum(one.numel() for one in _tensors(made))
        if away:
            self.away += size
            return
        self.here += size
        frame = sys._getframe()
        while frame and "/tabinterp/" not in frame.f_code.co_filename.replace("/tests/", ""):
            frame = frame.f_back
        if frame:
            self.asked[f"{frame.f_code.co_filename.rsplit('tabinterp/', 1)[1]}:{frame.f_code.co_name}"] += size


def _tensors(tree):
    if isinstance(tree, torch.Tensor):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for one in tree:
            yield from _tensors(one)


def _mapped(change, tree):
    if isinstance(tree, torch.Tensor):
        return change(tree)
    return type(tree)(_mapped(change, one) for one in tree) if isinstance(tree, (list, tuple)) else tree


def _held(one):
    return one.here if isinstance(one, Away) else one


def _away(one, own):
    if id(one) in own:
        return own[id(one)]
    if one.is_inference() == torch.is_inference_mode_enabled():
        return Away(one)
    with torch.inference_mode(one.is_inference()):  # a view of what is none is none
        return Away(one)
