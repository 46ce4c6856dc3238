"""Keep a folder for what the workers of a run share; fixtures for every test."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile

import pytest
from markupsafe import Markup, escape

from tabinterp.messages.language import spoken
from tabinterp.report.blocks import Later
from tests.report.drawing import drawn_from
from tests.shared import VARIABLE

MADE: list[str] = []  # by this process, not by one that started it


def pytest_configure(config: pytest.Config) -> None:
    if VARIABLE not in os.environ:
        MADE.append(tempfile.mkdtemp(prefix="tabinterp-tests-"))
        os.environ[VARIABLE] = MADE[0]


def pytest_collection_finish() -> None:
    """Keep what was imported out of collections: each would look through a million objects that stay for the whole run.

    Collections are rarer too: at the default of 700 new objects they take a tenth of the time of a run.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


def pytest_unconfigure(config: pytest.Config) -> None:
    for folder in MADE:
        shutil.rmtree(folder, ignore_errors=True)
        del os.environ[VARIABLE]
    MADE.clear()


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render pages without their figures, for tests that read other words of a page: drawing takes most of the time."""
    monkeypatch.setattr(Later, "__html__", lambda _: Markup(""))


DRAWN: dict[tuple[str, str], Markup] = {}


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a figure once for the same data in the same language, for tests that render the same documents again and again."""
    draw = Later.__html__

    def once(figure: Later) -> Markup:
        data = drawn_from(figure)
        if data is None:
            return draw(figure)
        if (data, spoken()) not in DRAWN:
            DRAWN[data, spoken()] = draw(figure)
        return DRAWN[data, spoken()]

    monkeypatch.setattr(Later, "__html__", once)


@pytest.fixture
def undrawn_but_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render pages with what each figure is drawn from in place of the figure, for tests that compare two pages."""
    draw = Later.__html__
    monkeypatch.setattr(Later, "__html__", lambda figure: escape(drawn_from(figure) or draw(figure)))
