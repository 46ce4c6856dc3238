"""Printing of results, progress and errors, and protection of the folders to which commands write.

Commands print only with `say` or the progress bar, which remove control characters.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from tabinterp import __version__
from tabinterp.atomic_io import RESUME, output_folder, write
from tabinterp.auditing.signals import last
from tabinterp.errors import TabinterpError
from tabinterp.exit_codes import ExitCode
from tabinterp.file_names import Layout
from tabinterp.messages.names import terminal
from tabinterp.secret_masking import hidden

if TYPE_CHECKING:
    from rich.table import Table

    from tabinterp.auditing.result import Audit

MOST = 4  # maximum number of names in an error


def say(text: str, err: bool = False) -> None:
    """Print a text to standard output or, with `err`, to standard error."""
    typer.echo(terminal(text), err=err)


def tell(text: str, out: Path | None, *inputs: Path | None) -> None:
    """Print a text if `out` is None. Otherwise write it to the file `out` with `write_file`."""
    if out is None:
        say(text)
    else:
        write_file(out, f"{text}\n".encode("utf-8", "backslashreplace"), *inputs)


def write_file(out: Path, data: bytes, *inputs: Path | None) -> None:
    """Write or replace an output file, and print its path. Raise an error if it is also one of the command's `inputs`."""
    check_apart(out, *inputs)
    with _told_of(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
    write(out, data)
    say(str(out))


def check_apart(out: Path, *inputs: Path | None) -> None:
    """Raise an error if the output file is also one of the `inputs`."""
    for one in inputs:
        if one is not None and out.is_file() and one.is_file() and out.samefile(one):
            raise TabinterpError(
                f"--out {str(out)!r} is also an input file of this command and would be overwritten. Specify another "
                "output file"
            )


@contextmanager
def writing_to(path: Path, layout: Layout, *, overwrite: bool | None, resume: bool = False) -> Iterator[None]:
    """Lock an output folder for the duration of a `with` block. Raise an error if existing files would be lost.

    Parameters
    ----------
    layout : the files that will be written. If the folder contains other files, an error is raised.
    overwrite : whether to replace the output of an earlier command. If False, existing output raises an error. None has the same
        effect as False, and is for commands without the option --overwrite.
    resume : whether to continue from the saved state of an interrupted audit.
    """
    with ExitStack() as stack:
        with _told_of(path):
            stack.enter_context(output_folder(path))
            ours, others = layout.ours(path)
        if others:
            raise TabinterpError(
                f"the output folder {str(path)!r} contains {_first_names(others)}, which {'is' if len(others) == 1 else 'are'} "
                f"not part of {layout.what}. Nothing in the folder was changed. Specify a new or empty folder"
            )
        if ours and not overwrite and not (resume and RESUME in ours):
            raise TabinterpError(_occupied_message(path, ours, layout, overwrite, resume))
        yield


def _occupied_message(path: Path, ours: list[str], layout: Layout, overwrite: bool | None, resume: bool) -> str:
    action = "Name" if overwrite is None else "Use --overwrite to replace these files, or name"
    if ours == [RESUME] and overwrite is not None:
        return (
            f"the output folder {str(path)!r} contains the saved state of an interrupted audit. Continue that audit with "
            "--resume, start again with --overwrite, or name another folder"
        )
    nothing = " but no saved state to resume from" if resume else ""
    return (
        f"the output folder {str(path)!r} already contains {layout.what} ({_first_names(ours)}){nothing}. {action} another "
        "folder"
    )


def _first_names(names: list[str]) -> str:
    """Return text that lists the first few names and states how many others there are."""
    more = f" and {len(names) - MOST:,} more" if len(names) > MOST else ""
    return ", ".join(map(repr, names[:MOST])) + more


@contextmanager
def _told_of(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TabinterpError(
            f"the output folder {str(folder)!r} cannot be created or written to: {error.strerror}"
        ) from None


def show_result(result: Audit, quiet: bool) -> None:
    """Print the verdict and the findings of an audit to standard error. On a terminal they are printed as tables, and otherwise
    as plain lines.
    """
    if quiet:
        say(result.in_one_line(), err=True)
        return
    if not sys.stderr.isatty():
        say(f"{result}\n{result.findings}", err=True)
        return
    from rich.console import Console  # noqa: PLC0415  # heavy: --help must not wait for it

    console = Console(stderr=True)
    console.print(terminal(str(result)), markup=False, highlight=False)
    tables, rest = result.in_tables()
    for title, rows in tables:
        console.print(_table(title, rows))
    console.print(terminal(rest), markup=False, highlight=False)


def _table(title: str, rows: list[list[str]]) -> Table:
    """Return a table for the terminal. The first row is the header. If this row is empty, the table has no header. Text from the
    data is never treated as markup.
    """
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        title=Text(terminal(title)), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(rows[0])
    )
    for head in rows[0]:
        table.add_column(Text(terminal(head)))
    for row in rows[1:]:
        table.add_row(*(Text(terminal(cell)) for cell in row))
    return table


@dataclass(frozen=True)
class Bar:
    """The three functions of a progress bar.

    `say` prints a line. `step` shows the current step and the completed share. `rows` shows the purpose of a pass over the rows,
    the number of rows read, and the total number of rows if it is known.
    """

    say: Callable[[str], None]
    step: Callable[[str, float], None]
    rows: Callable[[str, int, int | None], None]


@contextmanager
def progress(quiet: bool) -> Iterator[Bar]:
    """Show a progress bar on standard error within the `with` block. A second bar is shown while rows are read in batches."""
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
            bars.update(task, description=terminal(name), completed=share, done=f"{100 * share:3.0f}%")

        def rows(what: str, done: int, of: int | None) -> None:
            now, what = bars.tasks[passing], terminal(what)
            if now.description != what or done < now.completed or not now.visible:  # another pass
                bars.reset(passing, total=of, completed=done, visible=True, description=what)
            bars.update(passing, total=of, completed=done)
            speed = f", {now.speed:,.0f} rows/s" if now.speed else ""
            bars.update(passing, done=f"{done:,} rows{speed}", visible=of is None or done < of)

        yield Bar(lambda text: console.print(terminal(text), markup=False, highlight=False), step, rows)


# ---- errors


NO_MEMORY = re.compile("allocate memory|out of memory", re.IGNORECASE)  # torch raises a RuntimeError with these words


def report_error(error: BaseException) -> ExitCode:
    """Print an error, and return the exit code. Secrets on the command line are masked in the message."""
    if isinstance(error, typer.Abort):  # at a prompt
        say("aborted", err=True)
        return ExitCode.INTERRUPTED
    if show := getattr(error, "show", None):  # raised by typer: an invalid option or argument
        usage = StringIO()
        show(file=usage)
        _complain(usage.getvalue().rstrip("\n"))
        return ExitCode.BAD_INPUT
    if isinstance(error, OSError) and error.strerror is not None:
        _complain(f"error: {error.strerror}" + ("" if error.filename is None else f": {str(error.filename)!r}"))
        return ExitCode.BAD_INPUT
    if isinstance(error, (TabinterpError, OSError)):
        _complain(f"error: {error}")
        return ExitCode.BAD_INPUT
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        told = f" ({error})" if str(error) else ""
        _complain(f"error: not enough memory{told}. Use fewer rows or columns, or a machine with more memory")
        return ExitCode.BAD_INPUT
    _complain(
        f"internal error: {type(error).__name__}: {error}\nThis is a bug in tabinterp {__version__} or in one of "
        f"its libraries. {_saved(error)}"
    )
    return ExitCode.INTERNAL_ERROR


def _complain(text: str) -> None:
    with suppress(OSError):  # standard error is closed
        say(hidden(text, *sys.argv[1:]), err=True)


def _saved(error: BaseException) -> str:
    """Write the traceback of an error to a file that only the user can read, and return a sentence that names the file."""
    command = " ".join(hidden(one) for one in sys.argv)
    lines = traceback.format_exception(error)
    details = f"tabinterp {__version__}, Python {sys.version}\n{command}\n\n{''.join(lines)}"
    try:
        handle, path = tempfile.mkstemp(prefix="tabinterp-error-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(terminal(hidden(details, *sys.argv[1:])))
    except OSError as failed:
        return f"The details could not be written to a temporary file: {failed.strerror}."
    return (
        f"Please report the bug and attach the file {path!r}. Read the file before you send it, because error messages "
        "can contain values from your table."
    )


def use_plain_output() -> None:
    """Set up safe output: escape characters that the terminal cannot show, and remove control characters from warnings."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # the stream was replaced by an object that is not a file
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    warnings.showwarning = lambda message, category, *_: _complain(f"{category.__name__}: {message}")


def leave_with(code: int) -> NoReturn:
    """Exit with the given code. If output could not be printed, report the error and exit with its code."""
    try:
        if sys.stdout is not None:  # None: closed by the process that started the command
            sys.stdout.flush()
    except OSError as error:
        with suppress(OSError, ValueError):
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # otherwise Python tries again at exit, and fails
        code = report_error(error)
    sys.exit(code)
