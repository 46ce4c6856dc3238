"""Audits with fewer resamples, which take a quarter of the time of a small audit and are one like the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tabinterp.analyses.decision_curve import estimator as decision_curve
from tabinterp.analyses.decomposition import estimator as decomposition
from tabinterp.analyses.disagreement import estimator as disagreement
from tabinterp.analyses.discrimination.estimator import discriminate
from tabinterp.analyses.ladder import estimator as ladder
from tabinterp.analyses.residuals.estimator import of_rows
from tabinterp.analyses.scorecard import estimator as scorecard

RESAMPLES = 100


@contextmanager
def few_resamples() -> Iterator[None]:
    """Take bootstrap intervals of 100 resamples in place of 1,000, for tests that read other numbers of an audit."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (decision_curve, decomposition, disagreement, ladder, scorecard):
            patch.setattr(module, "RESAMPLES", RESAMPLES)
        for function in (discriminate, of_rows):
            patch.setitem(function.__kwdefaults__, "resamples", RESAMPLES)
        yield
