"""Training warns of columns that identify rows, which a network can only memorise."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti


def table(**columns) -> ti.Table:
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    return ti.read_table(pd.DataFrame({"x": x, **columns, "y": (x > 0).astype(int)}), target="y", positive=1)


def test_training_warns_of_every_column_that_identifies_rows():
    rng = np.random.default_rng(1)
    given = {"customer": rng.permutation(9_000)[:120], "e-mail": [f"{i}@example.org" for i in range(120)]}
    with pytest.warns(UserWarning, match=r"'customer', 'e-mail'\. .* Leave these columns out with drop=") as caught:
        ti.train(table(**given))
    assert caught[0].filename == __file__


def test_training_says_nothing_of_measurements_and_levels():
    rng = np.random.default_rng(1)
    given = {"income": rng.integers(0, 50, 120), "city": rng.choice(["a", "b"], 120), "rate": rng.normal(size=120)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ti.train(table(**given))
