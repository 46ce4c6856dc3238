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
from torch.utils._pytree import tree_leaves, tree_map

NAME = "meta"
aten = torch.ops.aten
PRODUCTS = (aten.mm.default, aten.addmm.default, aten.bmm.default, aten.baddbmm.default, aten.mv.default)


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
    """Takes every operation; counts multiplications of products by where they are made, and those here by whoever asks."""

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
        tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        away = [one for one in tensors if isinstance(one, Away)]
        target = kwargs.get("device")
        there = target is not None and torch.device(target).type == NAME
        if target is not None:
            kwargs = kwargs | {"device": torch.device("cpu")}
        made = func(*tree_map(_held, args), **tree_map(_held, kwargs))
        if func is aten._to_copy.default and target is not None:
            return Away(made) if there else made
        if func is aten.copy_.default:
            return args[0]
        self._count(func, tensors, bool(away))
        index = func is aten.index.Tensor and isinstance(
            args[0], Away
        )  # the processor's may say which of a device's values
        if away and not index and any(one.ndim for one in tensors if not isinstance(one, Away)):
            raise RuntimeError(f"{func} of tensors on two devices")
        if func is aten._local_scalar_dense.default or not (away or there):
            return made
        own = {id(one.here): one for one in away}  # what is written in place is given back
        return tree_map(lambda one: _away(one, own), made)

    def _count(self, func, tensors, away):
        if func not in PRODUCTS:
            return
        left, right = tensors[-2:]
        size = left.numel() * (right.shape[-1] if right.ndim > 1 else 1)
        if away:
            self.away += size
            return
        self.here += size
        frame = sys._getframe()
        while frame and "/tabinterp/" not in frame.f_code.co_filename.replace("/tests/", ""):
            frame = frame.f_back
        if frame:
            self.asked[f"{frame.f_code.co_filename.rsplit('tabinterp/', 1)[1]}:{frame.f_code.co_name}"] += size


def _held(one):
    return one.here if isinstance(one, Away) else one


def _away(one, own):
    if id(one) in own:
        return own[id(one)]
    return Away(one) if isinstance(one, torch.Tensor) else one
