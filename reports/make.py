"""Audit every bundled table as a user would, by the two commands, into `reports/TABLE/`.

    python reports/make.py [TABLE ...]

Trains the reference network on each table's training rows and audits it on the held-out ones: the table's own split where
it has one, a quarter of the rows (of each class) where it has none.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT / "datasets"
DATE = "2026-12-01"  # of these audits; the same table and date give the same bytes


def options(entry: dict[str, Any]) -> list[str]:
    """Command-line options that read the table as its entry in `tables.toml` says."""
    given = ["--data", str((DATA / entry["file"]).relative_to(ROOT)), "--target", entry["target"]]
    for name in ("positive", "adverse"):
        given += [f"--{name}", str(entry[name])] if name in entry else []
    given += ["--split", entry["split"]] if "split" in entry else []
    for name in entry["drop"]:
        given += ["--drop", name]
    for name in entry["protected"]:
        given += ["--protected", name]
    for name, kind in entry["kinds"].items():
        given += ["--kind", f"{name}={kind}"]
    given += ["--labels", str((DATA / entry["labels"]).relative_to(ROOT))] if "labels" in entry else []
    return given


def decided(entry: dict[str, Any]) -> list[str]:
    """What errors cost, where the table's card says so."""
    return ["--costs", entry["costs"]] if "costs" in entry else []


def make(entry: dict[str, Any], out: Path) -> None:
    """Train, audit, and leave in `out` what is the same from run to run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tabinterp.cli.commands"]
        subprocess.run([*command, "train", *options(entry), "--out", folder], check=True, cwd=ROOT)
        data = str((DATA / entry["file"]).relative_to(ROOT))
        audit = [
            *command,
            "audit",
            folder,
            "--data",
            data,
            "--out",
            str(out),
            "--overwrite",
            "--date",
            DATE,
            *decided(entry),
        ]
        subprocess.run(audit, check=True, cwd=ROOT)
        for differs in ("run.json", "SHA256SUMS"):  # from run to run
            (out / differs).unlink()


def main() -> None:
    tables = tomllib.loads((DATA / "tables.toml").read_text(encoding="utf-8"))
    for name in sys.argv[1:] or tables:
        print(name, flush=True)
        make(tables[name], ROOT / "reports" / name)


if __name__ == "__main__":
    main()
