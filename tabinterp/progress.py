"""How far an audit is, and how long each step took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, float], None]  # what is being done, and the share of the whole that is finished
SHARES = {  # of the whole time, for the progress bar
    "encode": 0.05,
    "counterpart": 0.1,
    "performance": 0.08,
    "boosted trees": 0.04,
    "calibration": 0.01,
    "ladder of refits": 0.2,
    "decomposition of the score": 0.1,
    "disagreement": 0.02,
    "coefficients": 0.1,
    "permutation importance": 0.05,
    "gradients": 0.08,
    "shapley values": 0.07,
    "effect curves": 0.03,
    "interactions": 0.07,
    "neurons": 0.05,
}


class Clock:
    """Seconds of each step, and progress."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._done = 0.0
        self._step = ""

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        self._step = step
        self.within(0.0)
        start = time.perf_counter()
        yield
        self.seconds[step] = round(time.perf_counter() - start, 3)
        self.within(1.0)
        self._done += SHARES[step]

    def within(self, share: float) -> None:
        if self._progress is not None:
            self._progress(self._step, min(1.0, self._done + share * SHARES[self._step]))
