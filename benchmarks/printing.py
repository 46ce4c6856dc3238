"""PDFs of the bundled audits: processor seconds (at most 15) and pages (at most 60, of which 20 before the appendix).

python -m benchmarks.printing [--appendix none|folded|full] [--runs 2]

Each PDF is made in a new process with one thread. The seconds include loading WeasyPrint and Matplotlib, but not
`import tabinterp`.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REPORTS = Path(__file__).parents[1] / "reports"
AUDITS = ("default_of_credit_card_clients", "german_credit")
BARS = {"seconds": 15.0, "pages": 60, "before": 20}


def measure(name: str, appendix: str) -> dict[str, float]:
    """Make one PDF in this process."""
    from pypdf import PdfReader  # noqa: PLC0415

    import tabinterp as ti  # noqa: PLC0415

    audit = ti.Audit.from_json(REPORTS / name / "audit.json")
    start = time.process_time()
    made = audit.to_pdf(appendix=appendix)
    seconds = time.process_time() - start
    reader = PdfReader(io.BytesIO(made))
    (before,) = (
        reader.get_destination_page_number(place)
        for place in _flat(reader.outline)
        if place.title.startswith("Appendix")
    )
    return {"seconds": seconds, "pages": len(reader.pages), "before": 1 + (before or 0), "bytes": len(made)}


def _flat(outline: list[Any]) -> list[Any]:
    return [one for part in outline for one in (_flat(part) if isinstance(part, list) else [part])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--appendix", default="folded")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.appendix)))
        return 0
    missed = False
    print("| audit | CPU seconds | pages | up to the appendix | kB |\n|---|---|---|---|---|")
    for name in AUDITS:
        for _ in range(given.runs):
            command = [sys.executable, "-m", "benchmarks.printing", "--one", name, "--appendix", given.appendix]
            found = json.loads(
                subprocess.run(
                    command, check=True, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
                ).stdout
            )
            missed |= given.appendix == "folded" and any(found[what] > bar for what, bar in BARS.items())
            shown = (f"{found['seconds']:.1f}", found["pages"], found["before"], found["bytes"] // 1000)
            print(f"| {name} | {' | '.join(map(str, shown))} |", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
