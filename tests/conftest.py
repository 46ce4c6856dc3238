"""Keep a folder for what the workers of a run share."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

from tests.shared import VARIABLE

MADE: list[str] = []  # by this process, not by one that started it


def pytest_configure(config: pytest.Config) -> None:
    if VARIABLE not in os.environ:
        MADE.append(tempfile.mkdtemp(prefix="tabinterp-tests-"))
        os.environ[VARIABLE] = MADE[0]


def pytest_unconfigure(config: pytest.Config) -> None:
    for folder in MADE:
        shutil.rmtree(folder, ignore_errors=True)
        del os.environ[VARIABLE]
    MADE.clear()
