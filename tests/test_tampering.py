"""One changed byte, anywhere: found, and said in which file."""

from __future__ import annotations

import random

import pytest

import tabinterp as ti
from tabinterp.errors import DocumentError
from tests.test_attestation import folder  # noqa: F401  # a fixture
from tests.test_verification import flipped

TIMES = 12


@pytest.mark.parametrize("name", ["report.html", "audit.json", "run.json"])
def test_a_changed_byte_of_the_folder_is_found_in_its_file(folder, name):  # noqa: F811
    ti.sign(folder / "out", folder / "key.pem")
    path, draw = folder / "out" / name, random.Random(name)
    whole = path.read_bytes()
    for _ in range(TIMES):
        path.write_bytes(flipped(whole, draw))
        found = ti.verify(folder / "out", key=folder / "key.pub.pem").frame()
        failed = found[found["status"] == "failed"]
        told = [
            line
            for line in failed["told"]
            if line.startswith(f"{name} was changed after it was written: its SHA-256 is ")
        ]
        signed = [line for line in failed["told"] if line.startswith(f"{name} differs from the signed file")]
        assert (len(told), len(signed)) == (1, 1)
        others = {"report.html", "audit.json", "run.json"} - {name, *(["report.html"] if name == "audit.json" else [])}
        assert not others & set(failed["what"])  # a changed document no longer gives the report


def test_a_changed_byte_of_the_list_of_digests_is_found(folder):  # noqa: F811
    path, draw = folder / "out" / "SHA256SUMS", random.Random(1)
    whole = path.read_bytes()
    for _ in range(TIMES):
        path.write_bytes(flipped(whole, draw))
        try:
            found = ti.verify(folder / "out")
        except DocumentError as error:
            assert "SHA256SUMS" in str(error)  # noqa: PT017
        else:
            assert not found.passed
            assert "SHA256SUMS has no digest for" in str(found) or "its SHA-256 is" in str(found)


def test_a_changed_byte_of_the_payload_is_found(folder):  # noqa: F811
    path = ti.sign(folder / "out", folder / "key.pem")
    whole, draw = path.read_bytes(), random.Random(2)
    start = whole.index(b'"payload": "') + len(b'"payload": "')
    end = whole.index(b'"', start)
    for _ in range(TIMES):
        payload = flipped(whole[start : end - 4], draw)  # the last four may hold bits that are not read
        path.write_bytes(whole[:start] + payload + whole[end - 4 :])
        found = ti.verify(folder / "out", key=folder / "key.pub.pem").frame()
        assert set(found[found["status"] == "failed"]["what"]) == {"attestation"}
