"""An analysis that ends with an error: the audit goes on, says so on page one, and does not meet a policy."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tabinterp as ti
from tabinterp.analyses import ANALYSES
from tabinterp.analyses.base import Analysis
from tabinterp.document.canonical import from_bytes, to_bytes
from tabinterp.document.document import FAILED
from tabinterp.errors import ModelError
from tabinterp.exit_codes import ExitCode

SECRET = "Ms Miller earns 4711"  # what libraries put into their errors
OPTIONAL = [one.name for one in ANALYSES if one.name != "performance"]


@pytest.fixture(scope="module")
def rows() -> tuple[ti.Model, ti.Table]:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(160, 2)), columns=["a", "b"]).assign(sex=rng.choice(["f", "m"], 160))
    frame["y"] = np.where(frame.a + rng.normal(size=160) > 0, "yes", "no")
    network = make_pipeline(StandardScaler(), MLPClassifier((3,), max_iter=60, random_state=0))
    with np.errstate(all="ignore"):
        network.fit(frame[["a", "b"]], frame.y)
    table = ti.read_table(frame, target="y", positive="yes", adverse="no", drop=["sex"], protected=["sex"], split=0.5)
    return ti.wrap(network), table


def breaking(monkeypatch, names, error):
    """Let these analyses raise."""
    run = Analysis.run

    def broken(self, context):
        if self.name in names:
            raise error
        return run(self, context)

    monkeypatch.setattr(Analysis, "run", broken)


@pytest.mark.parametrize(
    "names",
    [*(OPTIONAL[at::5] for at in range(5)), *(pytest.param([name], marks=pytest.mark.nightly) for name in OPTIONAL)],
    ids=" ".join,
)
def test_an_audit_goes_on_without_the_analyses_that_failed(names, rows, monkeypatch, caplog, undrawn):
    """Each alone, in the nightly run."""
    breaking(monkeypatch, set(names), ValueError(SECRET))
    audit = ti.audit(*rows, rows=40, analyses=names, jobs=1)
    notes = audit.document.failed
    assert [note.values["analysis"] for note in notes] == names
    assert {(note.key, note.values["error"]) for note in notes} == {(FAILED, "ValueError")}
    assert SECRET not in to_bytes(audit.document).decode()
    records = [(one.levelno, one.exc_info[1].args) for one in caplog.records]
    assert records == [(logging.WARNING, (SECRET,))] * len(names)
    page = audit.to_html()
    assert "failed with an internal error (ValueError in test_failed_analyses.py:" in page.split("<h1>")[0]
    decision = audit.check()
    assert decision.exit_code is ExitCode.FAILED
    assert [gate.status for gate in decision.gates if gate.name == "analyses"] == ["failed"]


@pytest.mark.nightly
def test_all_of_them_may_fail_in_workers_too(rows, monkeypatch, undrawn):
    breaking(monkeypatch, set(OPTIONAL), ZeroDivisionError())
    audits = [ti.audit(*rows, rows=40, jobs=jobs) for jobs in (1, 2)]
    assert to_bytes(audits[0].document) == to_bytes(audits[1].document)
    document = from_bytes(to_bytes(audits[0].document))
    assert {note.values["analysis"] for note in document.failed} == set(OPTIONAL)
    for form in ("html", "markdown", "card", "summary"):
        assert "internal error" in audits[0].view(form).decode()


def test_a_known_limit_is_said_as_such_and_fails_no_policy(rows, monkeypatch, undrawn):
    breaking(monkeypatch, {"effects"}, ModelError("this network has no derivative"))
    audit = ti.audit(*rows, rows=40, analyses=["effects"], jobs=1)
    assert not audit.document.failed
    assert "this network has no derivative" in audit.to_html()
    assert "analyses" not in {gate.name for gate in audit.check().gates}


def test_a_run_without_errors_has_no_such_gate():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(80, 1)), columns=["a"]).assign(y=rng.choice(["yes", "no"], 80))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[["a"]], frame.y)
    audit = ti.audit(ti.wrap(model), ti.read_table(frame, target="y", positive="yes"), analyses=["effects"], jobs=1)
    assert "analyses" not in {gate.name for gate in audit.check().gates}
