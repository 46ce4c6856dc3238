"""The terminal: text that steers nothing, a bar on standard error, folders that exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from .errors import TabinterpError
from .files import write


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


@contextmanager
def progress(quiet: bool) -> Iterator[tuple[Callable[[str], None], Callable[[str, float], None]]]:
    """Functions that say a line and that move the bar, on standard error."""
    if quiet:
        yield (lambda _text: None), (lambda _step, _share: None)
        return
    from rich.console import Console  # noqa: PLC0415  # heavy: --help must not wait for it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=1.0)
        yield (
            lambda text: console.print(text, markup=False, highlight=False),
            lambda step, share: bars.update(task, description=step, completed=share),
        )


def shown(text: str) -> str:
    """Text that may hold names out of a file, without what could steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
