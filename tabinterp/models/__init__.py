"""Conversion of every supported model to an encoder and a torch module."""

from .binding import bind, on_rows, reading_own_inputs, without_rows
from .model import Block, BoundModel, Model
from .scores import probabilities
from .wrap import wrap

__all__ = [
    "Block",
    "BoundModel",
    "Model",
    "bind",
    "on_rows",
    "probabilities",
    "reading_own_inputs",
    "without_rows",
    "wrap",
]
