"""What a process of other settings makes of the same inputs: another seed of hashes, time zone, locale, number of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from tests.shared import once_per_run

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
import hashlib, json, sys, warnings
import matplotlib
warnings.simplefilter("ignore")
matplotlib.rcParams["font.size"] = 31
matplotlib.rcParams["axes.grid"] = True
from tests.report.samples import SAMPLES
from tests.test_audit import plain, ti
from tabinterp.report.html import render

def digest(data):
    return hashlib.sha256(data).hexdigest()

page = digest(render(SAMPLES[sys.argv[1]]()).encode())
read, model, settings = plain(sys.argv[1])
print(json.dumps({"page": page, "audit": digest(ti.audit(ti.wrap(model), read, **settings).to_json())}))
"""


@once_per_run
def digests(task: str) -> dict[str, str]:
    """SHA-256 of the `page` of a sample, and of the document of an `audit`: one process makes both, as starting it takes long."""
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    environment["OMP_NUM_THREADS"] = str(1 + torch.get_num_threads())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, task], capture_output=True, text=True, env=environment, cwd=ROOT, check=True
    )
    return json.loads(done.stdout)
