"""A pytest fixture that audits a model and fails the test if the audit does not pass.

    def test_the_model_passes_its_audit(tabinterp_audit):
        tabinterp_audit(model, table)

pytest loads this module in every project in which tabinterp is installed. It must therefore not import large packages.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tabinterp as ti


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tabinterp", "audits of neural networks (tabinterp)")
    group.addoption(
        "--tabinterp-policy",
        type=Path,
        metavar="FILE",
        help="Policy (TOML file) that the audits of the fixture `tabinterp_audit` must meet. By default, no check of "
        "severity act (action required) may be raised.",
    )


@pytest.fixture
def tabinterp_audit(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a function that audits a model, or reads a saved audit, and fails the test unless the audit meets the policy.

    The function takes the arguments of `tabinterp.audit`, or the path of an `audit.json`. It returns the audit.
    """
    path = request.config.getoption("--tabinterp-policy")
    policy = {} if path is None else {"policy": ti.read_policy(path)[0]}

    def check(model: Any, *arguments: Any, **settings: Any) -> Any:
        __tracebackhide__ = True
        is_saved = isinstance(model, (str, Path)) and not arguments
        audit = ti.Audit.from_json(model) if is_saved else ti.audit(model, *arguments, **settings)
        decision = audit.check(**policy)
        if not decision.passed:
            pytest.fail(ti.format_decision(decision), pytrace=False)
        return audit

    return check
