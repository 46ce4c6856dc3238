"""Tables as nobody would make them on purpose: every kind of column, weird names and values, degenerate targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

NAMES = [
    "a",
    "b b",
    "",
    "0",
    "1.5",
    "仕事",
    "<b>&amp;",
    "x" * 300,
    "a\nb",
    "{x}",
    "%s",
    "$\\alpha$",
    "🧪",
    "'; --",
    "__proto__",
    "self",
    "class",
    "index",
    "level_0",
    "importance",
    "column",
    "values",
    "T",
]
TEXTS = [
    "low",
    "high",
    "?",
    "",
    " ",
    "nan",
    "None",
    "1",
    "1.0",
    "true",
    "<script>",
    "🧪",
    "a" * 200,
    "{0}",
    "\x00",
    "\t",
]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 1e-300, 1e12, -1e12, 1e300, 0.1, 5e-324, 3.0, 7.0]


@dataclass(frozen=True)
class Made:
    """A frame and what `read_table` is asked to make of it."""

    frame: pd.DataFrame
    asked: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    model: str = "linear"
    encoder: str = "plain"


KINDS = {
    "number": lambda draw, n: draw.normal(size=n),
    "count": lambda draw, n: draw.integers(0, 5, n),
    "weird": lambda draw, n: draw.choice(NUMBERS, n),
    "constant": lambda draw, n: np.full(n, 3.0),
    "empty": lambda draw, n: np.full(n, np.nan),
    "text": lambda draw, n: draw.choice(np.array(TEXTS, dtype=object), n),
    "few": lambda draw, n: draw.choice(np.array(["x", "y"], dtype=object), n),
    "own": lambda draw, n: np.array([f"level {i}" for i in range(n)], dtype=object),
    "boolean": lambda draw, n: draw.random(n) < 0.5,
    "mixed": lambda draw, n: np.array(["a", 1, True, None] * n, dtype=object)[:n],
    "date": lambda draw, n: pd.date_range("2024-01-01", periods=n).to_numpy(),
    "category": lambda draw, n: pd.Categorical(draw.choice(["s", "m", "l"], n), ["s", "m", "l"], ordered=True),
}
TARGETS = {
    "binary": lambda draw, n: draw.choice(["no", "yes"], n),
    "flag": lambda draw, n: draw.random(n) < 0.3,
    "rare": lambda draw, n: np.where(np.arange(n) == 0, "rare", "often"),
    "one": lambda draw, n: np.full(n, "same"),
    "many": lambda draw, n: draw.integers(0, 4, n),
    "value": lambda draw, n: draw.normal(size=n),
    "huge": lambda draw, n: draw.normal(size=n) * 1e150,
    "nearly constant": lambda draw, n: np.where(np.arange(n) == 1, 1.0, 0.5),
    "missing": lambda draw, n: np.where(draw.random(n) < 0.2, np.nan, 1.5),
}
LIKELY = ["number", "number", "count", "text", "few", "boolean", "weird", "constant", "empty", "own", "category"]
USUAL = ["binary", "binary", "flag", "many", "value", "nearly constant"]
DTYPES = ["plain", "nullable", "arrow", "object"]


@st.composite
def made(draw: Any) -> Made:
    """One table, one model; a seed stands for the values, so that what fails is small to print."""
    rows, seed = draw(st.integers(1, 60)), draw(st.integers(0, 2**31))
    numbers = np.random.default_rng(seed)
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    kinds = [draw(st.sampled_from(LIKELY if draw(st.integers(0, 19)) else list(KINDS))) for _ in names]
    columns = {name: pd.Series(KINDS[kind](numbers, rows)) for name, kind in zip(names, kinds, strict=True)}
    for name in names:
        if draw(st.integers(0, 3)) == 0:
            columns[name] = columns[name].mask(numbers.random(rows) < 0.2)
    columns["target"] = pd.Series(
        TARGETS[draw(st.sampled_from(USUAL if draw(st.integers(0, 9)) else list(TARGETS)))](numbers, rows)
    )
    asked: dict[str, Any] = {"target": "target"}
    if columns["target"].dtype.kind in "iuf" and draw(st.integers(0, 3)) == 0:
        asked["task"] = "count"
    if draw(st.integers(0, 3)) == 0:
        columns["w"] = pd.Series(numbers.choice([0.0, 1.0, 2.5, 1e6], rows))
        asked["weight"] = "w"
    split = draw(st.sampled_from([None, 0.3, 0.5, 0.95, "label"]))
    if split == "label":
        columns["part"] = pd.Series(numbers.choice(["train", "test"], rows))
    if split is not None:
        asked["split"] = "part" if split == "label" else split
    frame = _stored(pd.DataFrame(columns), draw(st.sampled_from(DTYPES)))
    return Made(
        frame,
        asked,
        seed % 1000,
        draw(st.sampled_from(["linear", "network", "function"])),
        draw(st.sampled_from(ENCODERS)),
    )


ENCODERS = ["plain", "splines", "bins", "target", "pca"]


def _stored(frame: pd.DataFrame, how: str) -> pd.DataFrame:
    if how == "nullable":
        return frame.convert_dtypes()
    if how == "arrow":
        return frame.convert_dtypes(dtype_backend="pyarrow")
    return frame.astype(object) if how == "object" else frame
