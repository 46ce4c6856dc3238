"""Limits on the memory and computation that networks loaded from files need. Both are estimated from shapes, and checked before
the network runs.
"""

from __future__ import annotations

from tabinterp.errors import ModelError

ROWS = 4096  # rows in one pass of a network
WIDEST = 1 << 16  # entries per row of any value
MOST_ENTRIES = 1 << 19  # entries per row of all values together
LARGEST_FIXED = 1 << 26  # entries of a value that does not depend on rows
MOST_CELLS = 1 << 30  # cells of rows or matrices in memory at the same time
MOST_PRODUCTS = 1 << 28  # multiplications (or comparisons for a maximum) per row, in all operations together
MOST_FIXED_PRODUCTS = 1 << 32  # multiplications in operations that do not depend on rows
HUGE = 10**18  # the largest count that a message states exactly


def count_text(count: int) -> str:
    """Return a count as text. For a very large count, the text is "more than" and a limit, because Python refuses to print very
    large integers.
    """
    return f"{count:,}" if count < HUGE else f"more than {HUGE:,}"


def check_value(entries: int, moves: bool, this_value: str) -> None:
    """Check the number of entries in one intermediate value of a network, for `ROWS` rows. `moves` states whether the value
    depends on the network's input rows. If not, it is a constant.

    Raises
    ------
    ModelError
        The value would have more entries than the limit.
    """
    most, limit = (
        (ROWS * WIDEST, f"{WIDEST:,} entries per row") if moves else (LARGEST_FIXED, f"{LARGEST_FIXED:,} entries")
    )
    if entries > most:
        raise ModelError(
            f"{this_value} would have {count_text(entries)} entries for {ROWS:,} rows; the limit is {limit}. Use narrower layers"
        )


def check_total(entries: int, file: str) -> None:
    """Check the total number of entries in all intermediate values of a network, for `ROWS` rows.

    Raises
    ------
    ModelError
        The total exceeds the limit.
    """
    if entries > ROWS * MOST_ENTRIES:
        raise ModelError(
            f"{file}: the outputs of all layers have {count_text(entries // ROWS)} entries per row in total; the limit is "
            f"{MOST_ENTRIES:,}. Use fewer or narrower layers"
        )


def check_products(products: int, moves: bool, file: str) -> None:
    """Check the number of multiplications in a network for `ROWS` rows. `moves` states whether the counted operations depend on
    the network's input rows. If not, they compute constants.

    Raises
    ------
    ModelError
        The number exceeds the limit. Without the limit, a small file could keep the processor busy for hours.
    """
    if moves and products > ROWS * MOST_PRODUCTS:
        raise ModelError(
            f"{file}: the network needs {count_text(products // ROWS)} multiplications per row; the limit is {MOST_PRODUCTS:,}. "
            "Use fewer or narrower layers, or smaller pooling windows"
        )
    if not moves and products > MOST_FIXED_PRODUCTS:
        raise ModelError(
            f"{file}: the network needs {count_text(products)} multiplications to compute its constants; the limit is "
            f"{MOST_FIXED_PRODUCTS:,}. Export the network with constant folding"
        )


def check_cells(cells: int, arrays: str, name: str) -> None:
    """Check the total size of rows or matrices that are in memory at the same time.

    Raises
    ------
    ModelError
        The rows or matrices have more cells than the limit.
    """
    if cells > MOST_CELLS:
        raise ModelError(
            f"{name}: {arrays} have {count_text(cells)} entries in total and need {count_text(cells * 8 >> 30)} GiB of memory; "
            f"the limit for a model from a file is {MOST_CELLS:,} entries. Use fewer rows (--rows), encode fewer columns, or use "
            "narrower layers"
        )
