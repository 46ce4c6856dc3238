"""Keras models: their own answers and gradients; in a process of its own, because Keras chooses its backend when imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_keras_models_on_the_torch_backend():
    run = subprocess.run(
        [sys.executable, Path(__file__).with_name("keras_case.py")],
        env=os.environ | {"KERAS_BACKEND": "torch", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.strip().endswith("all 5")
