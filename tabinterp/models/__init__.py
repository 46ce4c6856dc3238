"""Conversion of every supported model to an encoder and a torch module."""

from .binding import bind, joined, on_rows, portable, reading_own_inputs, without_rows
from .model import Block, BoundModel, Model
from .scores import probabilities
from .wrap import wrap

__all__ = [
    "Block",
    "BoundModel",
    "Model",
    "bind",
    "joined",
    "on_rows",
    "portable",
    "probabilities",
    "reading_own_inputs",
    "without_rows",
    "wrap",
]
