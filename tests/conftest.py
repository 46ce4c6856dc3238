"""Keep a folder for what the workers of a run share; fixtures for every test."""

from __future__ import annotations

import gc
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from markupsafe import Markup, escape

from tabinterp.messages.language import spoken
from tabinterp.report.blocks import Later
from tests.report.drawing import drawn_from
from tests.shared import VARIABLE

# No test has a deadline, because its duration depends on the other work of the machine.
settings.register_profile("tabinterp", deadline=None)
settings.load_profile("tabinterp")

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A server of its own on loopback, in a temporary folder, as a user that is not root."""
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    place = shutil.which("initdb") or (found and str(found[-1] / "initdb"))
    if not place:
        pytest.skip("no PostgreSQL here: install your system's package, such as apt-get install postgresql")
    root = os.geteuid() == 0
    who = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if root else {}
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True, **who).stdout.strip())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tools, data = Path(place).parent, str(folder / "data")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **who}
    subprocess.run([tools / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-N"], check=True, **quiet)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = [tools / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-o", options, "-l", str(folder / "log"), "start"], check=True, **quiet)
    yield f"postgresql+psycopg://tester:hush@127.0.0.1:{port}/postgres"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)
    shutil.rmtree(folder)
