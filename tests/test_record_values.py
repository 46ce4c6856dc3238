"""Parts of the document are filled from results of the same names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from pydantic import ValidationError

from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Part
from tabinterp.stats.estimates import Estimates


class Inner(Part):
    name: str
    share: Interval


class Outer(Part):
    rows: int
    gap: float | None
    left: list[str]
    inner: Inner | None = None
    all: list[Inner]
    effect: Interval
    spread: float
    title: str


@dataclass(frozen=True)
class InnerResult:
    name: str
    share: tuple[float, float, float, float]


@dataclass(frozen=True)
class OuterResult:
    rows: object
    gap: float
    left: tuple[str, ...]
    inner: InnerResult | None
    all: tuple[InnerResult, ...]
    effect: object
    spread: object
    not_of_the_document: str = "x"


def result(**changed) -> OuterResult:
    inner = InnerResult("a", (0.5, 0.1, 0.3, np.nan))
    given = {
        "rows": np.int64(7), "gap": np.nan, "left": ("x", "y"), "inner": inner, "all": (inner,),
        "effect": Estimates.of([1.0, 3.0, 4.0], [0.1, 0.2, np.nan]), "spread": np.array([0.25, 0.5, 0.75]),
    }  # fmt: skip
    return OuterResult(**given | changed)


def test_a_part_is_filled_from_a_result_at_a_place():
    given = result()
    made = fill(Outer, given, 1, title="given")
    assert (made.rows, made.gap, made.left, made.spread, made.title) == (7, None, ["x", "y"], 0.5, "given")
    assert type(made.rows) is int
    assert made.inner == Inner(name="a", share=Interval(value=0.5, stderr=0.1, low=0.3, high=None))
    assert made.all == [made.inner]
    wanted = {"value": 3.0, "stderr": 0.2, "low": 3.0 - 1.959964 * 0.2, "high": 3.0 + 1.959964 * 0.2}
    assert made.effect.model_dump() == pytest.approx(wanted)
    assert fill(Outer, given, 2, title="given").effect == Interval(value=4.0)


def test_what_is_given_stands_before_the_result_and_what_is_missing_is_an_error():
    assert fill(Outer, result(inner=None), 0, title="t", rows=3).rows == 3
    assert fill(Outer, result(inner=None), 0, title="t").inner is None
    with pytest.raises(ValidationError, match="title"):
        fill(Outer, result(), 0)
    with pytest.raises(ValidationError, match="spread"):
        fill(Outer, result(spread=np.array([np.nan])), 0, title="t")
