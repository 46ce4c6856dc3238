"""The terminal: text that steers nothing, a bar on standard error, folders that exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from .errors import TabinterpError
from .files import write
from .interrupt import last


def tell(text: str, out: Path | None) -> None:
    """To the terminal, or to a file whose path is then printed."""
    if out is None:
        typer.echo(shown(text))
        return
    make_folder(out.parent)
    write(out, f"{text}\n".encode("utf-8", "backslashreplace"))
    typer.echo(str(out))


def make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TabinterpError(f"the folder {str(path)!r} cannot be made: {error.strerror}") from None


@dataclass(frozen=True)
class Bar:
    """`say` a line; `step`: what is done, and the share of the whole that is finished; `rows` of a pass over them: what it is
    for (nothing: the step), how many are read, of how many if that is known.
    """

    say: Callable[[str], None]
    step: Callable[[str, float], None]
    rows: Callable[[str, int, int | None], None]


@contextmanager
def progress(quiet: bool) -> Iterator[Bar]:
    """A bar on standard error; below it, while rows are read in batches, one of them."""
    if quiet:
        yield Bar(lambda _text: None, lambda _step, _share: None, lambda _what, _rows, _all: None)
        return
    from rich.console import Console  # noqa: PLC0415  # heavy: --help must not wait for it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with (
        Progress(*columns, console=console, transient=True) as bars,
        last(bars.stop),
    ):
        task = bars.add_task("", total=1.0, done="  0%")
        passing = bars.add_task("", total=None, visible=False, done="")

        def step(name: str, share: float) -> None:
            bars.update(task, description=name, completed=share, done=f"{100 * share:3.0f}%")

        def rows(what: str, done: int, of: int | None) -> None:
            now = bars.tasks[passing]
            if now.description != what or done < now.completed or not now.visible:  # another pass
                bars.reset(passing, total=of, completed=done, visible=True, description=what)
            bars.update(passing, total=of, completed=done)
            speed = f", {now.speed:,.0f} rows/s" if now.speed else ""
            bars.update(passing, done=f"{done:,} rows{speed}", visible=of is None or done < of)

        yield Bar(lambda text: console.print(text, markup=False, highlight=False), step, rows)


def shown(text: str) -> str:
    """Text that may hold names out of a file, without what could steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
