"""Are the results of the analyses true where the truth is known? Each is tested on a formula, then on a network trained on it.

    python -m benchmarks.truth [--quick] [--out docs/truth.md]

Each line of the table is a claim with its estimand, the true value, the measured value, the error that the analysis reports, and
a bar. A formula is passed to the analysis in the same way as a network, so it tests the estimator. Its numbers must lie within
four of the reported errors. A network trained on the formula (R2 above .99 on fresh rows) tests the whole, including the
network's own misfit, so its bar is a distance. `--quick` leaves out the trained networks and draws fewer rows. The command exits
with 1 if a bar is missed. It takes about three minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from .functions import CLOSED, SYN, VARIANCE, XAI_BENCH, Function
from .lines import HEAD, Line, at_least
from .networks import BY_HAND, SMOOTH, STEPPED, trained, trained_classifier
from .readings import (
    FORMULA,
    ROWS,
    by_hand_lines,
    generator_lines,
    shapley_lines,
    syn_lines,
    variance_lines,
    xai_bench_lines,
)

FITTED = 0.99
OUT = Path(__file__).parents[2] / "docs" / "truth.md"
WORDS = """# Against known answers

`python -m benchmarks.truth` writes this page. It compares the results of analyses with answers that are known exactly. Each line
is one comparison, and the column *bar* gives the tolerance that it must meet. The network that is analysed (the column *subject*)
is one of two kinds:

- A *formula* is treated as a perfectly trained network. These lines test the estimator: the result must lie within the stated
  distance of the truth and within four of its own standard errors.
- A *network* was trained on rows that the formula generated. These lines test the whole procedure. They include the misfit of the
  network, so the tolerance is only a distance.

If a line has no standard error, the analysis claims to be exact, or the line compares a mean over many values.

"""

# what, its functions, how it is read, rows of a full and of a quick run
PARTS: tuple[tuple[dict[str, Function], Callable[..., Iterator[Line]], int, int], ...] = (
    (VARIANCE, variance_lines, ROWS, 2000),
    (CLOSED, shapley_lines, 200, 50),
    (XAI_BENCH, xai_bench_lines, 400, 100),
)


def lines(quick: bool) -> Iterator[Line]:
    for functions, read, full, few in PARTS:
        for name, function in functions.items():
            yield from read(name, function, FORMULA, function.module(), few if quick else full)
            if not quick:
                module, fit = trained(function, STEPPED if name == "piecewise" else SMOOTH)
                yield at_least(name, "network", "fit", "R2 on fresh rows", fit, FITTED)
                yield from read(name, function, "network", module, full)
    for name, syn in SYN.items():
        yield from generator_lines(name, syn, 50_000 if quick else 200_000)
        yield from syn_lines(name, syn, FORMULA, syn.module(), 100 if quick else 500)
        if not quick:
            yield from syn_lines(name, syn, "network", trained_classifier(syn), 500)
    for name in BY_HAND:
        yield from by_hand_lines(name, 100 if quick else 400)


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--out", type=Path, help=f"where the table goes (a full run: {OUT.name} in docs)")
    asked = ask.parse_args()
    print(HEAD)
    made = []
    for line in lines(asked.quick):
        print(line.row(), flush=True)
        made.append(line)
    missed = sum(not line.passed for line in made)
    print(f"{len(made)} lines, {missed} missed")
    out = asked.out or (None if asked.quick else OUT)
    if out is not None:
        table = "\n".join([HEAD, *(line.row() for line in made)])
        out.write_text(f"{WORDS}{len(made)} lines, {missed} missed.\n\n{table}\n", encoding="utf-8")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
