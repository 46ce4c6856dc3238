"""Start-up time: `import tabinterp` below 0.3 s and `tabinterp --help` below 0.5 s, each the best of seven new processes.

python -m benchmarks.startup
"""

from __future__ import annotations

import subprocess
import sys
import time

BARS = {
    "import tabinterp": ([sys.executable, "-c", "import tabinterp"], 0.3),
    "tabinterp --help": ([sys.executable, "-m", "tabinterp.cli.commands", "--help"], 0.5),
}


def seconds(command: list[str]) -> float:
    """Best of seven runs; a bare interpreter's start is part of it."""
    best = float("inf")
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    return best


def main() -> int:
    missed = 0
    print("| start | seconds | bar |\n|---|---|---|")
    for name, (command, bar) in BARS.items():
        took = seconds(command)
        missed += took > bar
        print(f"| {name} | {took:.3f} | {bar} |")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
