"""No number in what an audit writes is a value that fewer than ten rows hold: the function that sees to it, and whole audits."""

from __future__ import annotations

import functools
import json
import re
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from typer.testing import CliRunner

import tabinterp as ti
from tabinterp.cli import app

ROWS = 360
DIGITS = 5  # of a value from which on it points to a row
FEWEST = 10
NUMBER = re.compile(r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")


# ---- tables in which every value is one row's


def people(task: str) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    salary = np.round(np.exp(rng.normal(10.6, 0.5, ROWS)), 2)
    balance = np.round(rng.normal(0, 8000, ROWS), 3)
    born = np.round(rng.uniform(7_000, 29_000, ROWS), 1) + 0.01 * np.arange(1, ROWS + 1)
    since = 1_600_000_000 + rng.choice(100_000_000, ROWS, replace=False)
    rate = np.round(rng.beta(2, 30, ROWS), 7)
    signal = np.log(salary) - 10.6 + balance / 9000 - (born - 18_000) / 15_000 + 8 * rate + 0.4 * rng.normal(size=ROWS)
    frame = pd.DataFrame(
        {
            "salary": salary,
            "balance": np.where(rng.random(ROWS) < 0.15, np.nan, balance),
            "born": np.round(born, 2),
            "since": since,
            "rate": rate,
            "account": rng.choice(np.arange(100_003, 999_983), ROWS, replace=False),
            "weight": rng.choice(np.arange(20_011, 60_013), ROWS, replace=False),
            "seen": pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.choice(90_000_000, ROWS, replace=False), unit="s"),
        }
    )
    frame["y"] = (
        np.where(signal > np.median(signal), "yes", "no") if task == "binary" else np.round(50_000 + 9000 * signal, 2)
    )
    return frame


@functools.cache
def written(task: str) -> tuple[pd.DataFrame, Path]:
    """The folder of an audit, as the commands write it, and of the bundle that was audited."""
    folder = Path(tempfile.mkdtemp())
    frame = people(task)
    frame.to_csv(folder / "people.csv", index=False)
    settings: dict[str, Any] = {
        "target": "y",
        "task": task,
        "positive": "yes" if task == "binary" else None,
        "protected": ["born"],
        "weight": "weight",
        "group": "account",
    }
    table = ti.read_table(frame, split="seen", **settings)
    trained = ti.train(table)
    ti.save_model(trained.networks[0], folder / "bundle", counterpart=trained.counterpart, table=settings)
    options = ["--data", str(folder / "people.csv"), "--out", str(folder / "out"), "--quiet"]
    ran = CliRunner().invoke(app, ["audit", str(folder / "bundle"), *options], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return frame, folder


# ---- the search


class Held:
    """The values of the columns: does a number point to one to nine rows?"""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.numbers = {
            name: np.sort(frame[name].dropna().to_numpy(dtype=np.float64))
            for name in frame
            if pd.api.types.is_numeric_dtype(frame[name])
        }
        self.dates = [date for name in frame if frame[name].dtype.kind == "M" for date in frame[name]]

    def told(self, number: float) -> list[str]:
        """The columns of which this is the value of one to nine rows, whole or rounded to five digits or more."""
        if not np.isfinite(number) or number == 0:
            return []
        sign, digits, exponent = Decimal(repr(abs(float(number)))).normalize().as_tuple()
        if len(digits) < DIGITS:
            return []
        half = 0.5 * 10.0 ** int(exponent) * (1 + 1e-9)
        found = []
        for name, values in self.numbers.items():
            for one in {number, -number} if (values < 0).any() else {abs(number)}:
                alike = np.searchsorted(values, one + half, "right") - np.searchsorted(values, one - half, "left")
                if 0 < alike < FEWEST:
                    found.append(name)
        return found


def numbers_of(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number in decoded JSON, those in its texts included."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from numbers_of(key, f"{path}.{key}")
            yield from numbers_of(one, f"{path}.{key}")
    elif isinstance(value, list):
        for i, one in enumerate(value):
            yield from numbers_of(one, f"{path}[{i}]")
    elif isinstance(value, str) and not re.fullmatch(r"(sha256:)?[0-9a-f]{16,}", value):
        yield from ((f"{path} {value[:60]!r}", one) for one in in_text(value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, float(value)


def in_text(text: str) -> Iterator[float]:
    for found in NUMBER.finditer(text):
        yield float(found.group().replace(",", "").replace("−", "-"))


def leaks(frame: pd.DataFrame, numbers: Iterator[tuple[str, float]]) -> list[tuple[str, float, list[str]]]:
    held = Held(frame)
    return [(where, number, told) for where, number in numbers if (told := held.told(number))]


if __name__ == "__main__":
    import sys
    import time

    t = time.time()
    frame, folder = written(sys.argv[1])
    print(time.time() - t, folder)
    document = json.loads((folder / "out/audit.json").read_bytes())
    seen = {}
    for where, number, told in leaks(frame, numbers_of(document)):
        key = re.sub(r"\[\d+\]", "[]", where.split(" ")[0])
        seen.setdefault(key, []).append((where[-80:], number, told))
    for key, all_ in seen.items():
        print(key, len(all_), all_[:3])
