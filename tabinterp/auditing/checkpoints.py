"""Checkpoints of a running audit, from which an interrupted audit is resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tabinterp.atomic_io import RESUME
from tabinterp.errors import TabinterpError
from tabinterp.provenance.folder import file_digest
from tabinterp.table.checkpoints import Keeping

from .run_record import code_digest
from .signals import last

LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "torch")  # other versions may round differently


@contextmanager
def keeping(
    out: Path,
    model: Path,
    how: Mapping[str, Any],
    *,
    resume: bool = False,
    tell: Callable[[str], None],
) -> Iterator[Keeping]:
    """Provide checkpoints in the folder `out` for `scan_table` and for the sums of an audit. The checkpoints are deleted when the
    `with` block ends normally.

    If the block is interrupted, the progress so far is saved, and `tell` is called with a sentence that names the folder.

    Parameters
    ----------
    model : file or folder of the model. Resuming raises an error if the model, the rows, the settings, or the versions of
        tabinterp or its libraries have changed since the checkpoints were saved.
    how : options for loading the model.
    resume : True to continue from existing checkpoints; False to delete them.
    """
    files = {name: None if value is None else _content(Path(value)) for name, value in how.items() if _is_file(value)}
    keep = Keeping(
        out / RESUME,
        {
            "the model": f"{_content(model)} {files or ''}",
            "the code of tabinterp": code_digest(),
            "the versions of libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        },
        resume=resume,
    )

    def left() -> None:
        with suppress(OSError):  # such as a full disk, on which earlier checkpoints still exist
            keep.flush()
        if keep.is_there:
            tell(
                f"Saving progress in {str(keep.folder)!r}. To continue after an interruption, run the same command "
                "with --resume."
            )
        else:
            with suppress(OSError):
                keep.clear_empty()

    with last(left):
        try:
            yield keep
        except BaseException as error:
            left()
            if (
                keep.resume
                and isinstance(error, Exception)
                and not isinstance(error, (TabinterpError, OSError, MemoryError))
            ):
                raise TabinterpError(
                    f"the audit cannot be resumed from {str(keep.folder)!r}, because the saved state may have been "
                    f"changed ({type(error).__name__}: {error}). Start again with "
                    "--overwrite instead of --resume"
                ) from error
            raise
    keep.clear()


def _is_file(value: Any) -> bool:
    return isinstance(value, (str, Path)) and Path(value).is_file()


def _content(path: Path) -> str:
    """Return the SHA-256 (hex) of a file. For a folder, it is computed from the names and digests of its files."""
    if not path.is_dir():
        return str(file_digest(path))
    inside = sorted(one for one in path.rglob("*") if one.is_file())
    lines = "".join(f"{file_digest(one)}  {one.relative_to(path).as_posix()}\n" for one in inside)
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
