"""How much a network out of a file may make the program allocate, worked out from shapes before any of it is taken."""

from __future__ import annotations

from tabinterp.errors import ModelError

ROWS = 4096  # that go through a network at once
WIDEST = 1 << 16  # entries a row of any value
MOST_ENTRIES = 1 << 19  # entries a row of all values together
LARGEST_FIXED = 1 << 26  # entries of a value that no row enters
MOST_CELLS = 1 << 30  # of the rows, or of the matrices, that are held at the same time


def check_value(entries: int, moves: bool, said: str) -> None:
    """Check one value of a network for `ROWS` rows; `moves` where it depends on the rows.

    Raises
    ------
    ModelError
        Where it is larger than the limit.
    """
    most, words = (
        (ROWS * WIDEST, f"{WIDEST:,} entries a row") if moves else (LARGEST_FIXED, f"{LARGEST_FIXED:,} entries")
    )
    if entries > most:
        raise ModelError(
            f"{said}: gives {entries:,} entries for {ROWS:,} rows; at most {words} can be read: use narrower layers"
        )


def check_total(entries: int, said: str) -> None:
    """Check all values of a network together, for `ROWS` rows.

    Raises
    ------
    ModelError
        Where they are more than the limit.
    """
    if entries > ROWS * MOST_ENTRIES:
        raise ModelError(
            f"{said}: its values are {entries // ROWS:,} entries a row together; at most {MOST_ENTRIES:,} can be read: use "
            f"fewer or narrower layers"
        )


def check_cells(cells: int, what: str, name: str) -> None:
    """Check rows or matrices that are held in memory at the same time.

    Raises
    ------
    ModelError
        Where they have more cells than the limit.
    """
    if cells > MOST_CELLS:
        raise ModelError(
            f"{name}: {what} take {cells:,} cells ({cells * 8 / 2**30:,.0f} GiB); at most {MOST_CELLS:,} are held for a model "
            f"that comes from a file: give fewer rows (--rows), encode fewer columns, or use narrower layers"
        )
