"""The example of the README runs as it stands, and so do its analyses."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

import tabinterp as ti

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.parametrize(
    "analyses", [["calibration", "effects"], pytest.param(None, marks=pytest.mark.nightly)], ids=["some", "all"]
)
def test_the_examples_run(analyses, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    first, second = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    if analyses is not None:
        read = ti.read_table
        monkeypatch.setattr(ti, "read_table", lambda path, **how: read(pd.read_csv(path, nrows=300), **how))
        monkeypatch.setattr(ti, "audit", partial(ti.audit, analyses=analyses))
    exec(first, names)
    assert capsys.readouterr().out.strip() == str(names["audit"])
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert len(names["table"].y) == (1000 if analyses is None else 300)
    assert isinstance(names["audit"], ti.Audit)
    exec(second, names)
