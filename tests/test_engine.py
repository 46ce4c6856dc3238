"""The sums of a scan by the workers of a real Dask cluster: the numbers of the local engine, whoever is lost on the way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import urllib.request
from functools import partial
from pathlib import Path

import dask
import distributed
import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from distributed import Client, LocalCluster
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

import tabinterp as ti
from tabinterp.auditing.streaming import sweep
from tabinterp.errors import NotApplicableError, TabinterpError, TableError
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import bind
from tabinterp.table.checkpoints import Keeping
from tabinterp.table.coerce import as_objects
from tabinterp.table.executors import engine_of, in_parts, in_turn
from tabinterp.table.readers import _read
from tests.shared import every_nth

from .test_sums import numbers_in, rows

N, GROUP = 4000, 250
ASKED = {"target": "y", "protected": ["b"], "weight": "w", "split": 0.4}


class Noted(BaseEstimator):
    """An encoder that notes in a file each process that it arrives in, and takes its time."""

    def __init__(self, inner, path, pause=0.0):
        self.inner, self.path, self.pause = inner, path, pause

    def transform(self, frame):
        time.sleep(self.pause)
        return self.inner.transform(frame)

    def __setstate__(self, state):
        self.__dict__.update(state)
        with Path(self.path).open("a") as file:
            file.write(f"{os.getpid()}\n")


@pytest.fixture(scope="module", autouse=True)
def workers():
    """Processes of workers are copies of one that has imported everything already."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["distributed", __name__])
    distributed.utils._forkserver_preload_set = True  # or Dask sets a list of its own
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        yield


@pytest.fixture(scope="module")
def cluster(workers):
    """Its memory manager, which drops copies that no task waits for, is off: what the engine itself sends is counted."""
    with (
        dask.config.set({"distributed.scheduler.active-memory-manager.start": False}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as made,
        Client(made) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Parquet files in row groups that end in the middle of a byte of held-out bits."""
    made = tmp_path_factory.mktemp("engine") / "loans"
    made.mkdir()
    for i, part in enumerate((slice(0, 2300), slice(2300, N))):
        table = pa.Table.from_pandas(rows("binary", N, seed=4).iloc[part], preserve_index=False)
        pq.write_table(table, made / f"{i}.parquet", row_group_size=GROUP)
    return made


def pair(scan, path, pause=0.0):
    """A network and a linear model behind one encoder."""
    inner = make_column_transformer((StandardScaler(), ["a", "c"]), (OneHotEncoder(sparse_output=False), ["b"]))
    inner.fit(scan.sample.inputs)
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1)).eval()
    network = bind(ti.wrap(module, encoder=Noted(inner, str(path), pause), classes=["no", "yes"]), scan.sample)
    return network, bind(fit_counterpart(network, scan.sample), scan.sample)


def sums_of(found):
    return {name: sums for name, (_, sums) in found.items()}


def close(found, expected):
    one, other = numbers_in(sums_of(found)), numbers_in(sums_of(expected))
    assert len(other) > 50
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_pieces_are_the_batches_in_other_cuts(folder):
    """Read apart, each row comes once, under its number and on its side."""
    scan = ti.scan_table(folder, **ASKED, rows=100, batch=170)
    pieces = [*scan.pieces()]
    assert [one.rows for one in pieces[:10]] == [GROUP] * 9 + [50]
    for part in ("all", "training", "evaluation"):
        apart = [table for piece in pieces for table in scan.form.batches(part, piece)]
        coded = [table for piece in pieces for table in scan.coded.batches(part, piece)]
        batches = [*scan.batches(part)]
        for name in ("numbers", "y", "weights", "held_out"):
            whole, other = (np.concatenate([getattr(t, name) for t in ts]) for ts in (apart, batches))
            np.testing.assert_array_equal(whole, other)
        frames = [pd.concat([t.frame for t in ts], ignore_index=True) for ts in (apart, batches)]
        frames.append(pd.concat([as_objects(t.frame) for t in coded], ignore_index=True))
        for other in frames[1:]:
            pd.testing.assert_frame_equal(frames[0], other)
        assert any(dtype == "category" for dtype in coded[0].frame.dtypes)  # texts are read as codes


@pytest.mark.parametrize("sent", every_nth(2, [False, True]), ids=["read at the workers", "sent to them"])
def test_the_numbers_are_those_of_the_local_engine_and_the_model_travels_once(cluster, folder, tmp_path, sent):
    source = pd.read_parquet(folder) if sent else folder
    scan = ti.scan_table(source, **ASKED, rows=100, batch=700)
    both, shares = pair(scan, tmp_path / "seen"), []
    found = sweep(*both, scan, shares.append, ti.dask_engine(cluster))
    close(found, sweep(*both, scan))
    assert sorted(shares) == shares
    assert shares[-1] == 1
    arrived = [int(one) for one in (tmp_path / "seen").read_text().split() if int(one) != os.getpid()]
    assert sorted(arrived) == sorted(cluster.run(os.getpid).values())


def test_a_pass_keeps_to_one_thread_beside_the_one_that_reads(folder):
    """Threads of small products wait for each other: a pass took twice as long with two."""

    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    seen, scan = [], ti.scan_table(folder, **ASKED)
    with threadpool_limits(2):
        before = threads()
        rows_seen = in_turn(scan, "all", in_parts, lambda rows: seen.append(threads()) or len(rows), (), int.__add__)
        assert threads() == before
    assert rows_seen == N
    assert {count for counts in seen for count in counts} == {1}
    assert max(before) == 2


@pytest.mark.nightly
def test_the_counterpart_is_that_of_the_local_engine(cluster, folder, tmp_path):
    scan = ti.scan_table(folder, **ASKED, rows=100)
    network, _ = pair(scan, tmp_path / "seen")
    fits = [fit_counterpart(network, scan, engine=one) for one in (in_turn, ti.dask_engine(cluster))]
    assert [one.fitted_in_batches for one in fits] == [True, True]
    local, remote = (torch.cat([p.ravel() for p in one.module.parameters()]).numpy() for one in fits)
    np.testing.assert_allclose(remote, local, rtol=1e-9, atol=1e-9)


@pytest.mark.nightly
def test_a_function_of_rows_is_sent_too(cluster, folder):
    scan = ti.scan_table(folder, **ASKED, rows=100)
    network = bind(ti.wrap(lambda frame: 1 / (1 + np.exp(-frame["c"])), classes=["no", "yes"]), scan.sample)
    both = network, bind(fit_counterpart(network, scan.sample), scan.sample)
    found, expected = (sweep(*both, scan, engine=one) for one in (ti.dask_engine(cluster), in_turn))
    assert "gradients" not in found
    close(found, expected)


@pytest.mark.nightly
def test_a_pass_that_was_stopped_goes_on_at_its_next_group(cluster, folder, tmp_path):
    """Bit by bit the sums of a pass that was not stopped; pieces that were finished are not sent again."""
    engine, shares = ti.dask_engine(cluster), []

    def scanned(**how):
        return ti.scan_table(folder, **ASKED, rows=100, keep=Keeping(tmp_path / "kept", {}, every=0, **how))

    def stop(share):  # the first of two passes ends at one half
        if share > 0.2:
            raise KeyboardInterrupt

    both = pair(scanned(), tmp_path / "seen")
    with pytest.raises(KeyboardInterrupt):
        sweep(*both, scanned(), stop, engine)
    found = sweep(*both, scanned(resume=True), shares.append, engine)
    assert 0.2 < shares[0] - 2 * GROUP / N < 0.3
    expected = sweep(*both, ti.scan_table(folder, **ASKED, rows=100), engine=engine)
    np.testing.assert_array_equal(numbers_in(sums_of(found)), numbers_in(sums_of(expected)))


class Gone:
    """A part of a file that is there for whoever asks, and not for a worker."""

    def to_batches(self, **how):
        raise FileNotFoundError("Failed to open local file '0.parquet'")


def test_rows_that_a_worker_cannot_read_are_told(cluster, folder, tmp_path):
    scan = ti.scan_table(folder, **ASKED, rows=100)
    both = pair(scan, tmp_path / "seen")
    unread = partial(_read, str(folder), Gone(), None, 100)
    object.__setattr__(scan.source, "apart", lambda: iter([(len(scan), unread)]))
    with pytest.raises(TableError, match="the path must be valid on every worker"):
        sweep(*both, scan, engine=ti.dask_engine(cluster))


def test_what_cannot_be_sent_is_told(cluster, folder):
    scan = ti.scan_table(folder, **ASKED, rows=100)
    with pytest.raises(TabinterpError, match="this model cannot be pickled"):
        ti.dask_engine(cluster)(scan, "all", in_parts, len, ((one for one in ()),), max)


def test_an_engine_is_for_rows_in_batches(cluster, folder, tmp_path):
    frame = pd.read_parquet(folder)
    network, _ = pair(ti.scan_table(folder, **ASKED, rows=100), tmp_path / "seen")
    with pytest.raises(NotApplicableError, match="only the local engine can be used"):
        ti.audit(network.model, ti.read_table(frame, **ASKED), engine=ti.dask_engine(cluster))


@pytest.mark.parametrize(
    ("name", "scheduler", "told"),
    [
        ("spark", None, "the engine must be local or dask; got 'spark'"),
        ("local", "tcp://127.0.0.1:1", "Give --engine dask as well"),
        ("dask", "tcp://127.0.0.1:1", "no Dask scheduler can be reached at 'tcp://127.0.0.1:1'"),
        *[
            ("dask", address, "of the form tls://HOST:PORT or tcp://HOST:PORT")
            for address in (
                "nonsense://127.0.0.1",
                "inproc://127.0.0.1/1/1",
                "ucx://127.0.0.1:1",
                "ws://127.0.0.1:1",
                "unix:///run/x",
                "tcp://",
                "",
                " ",
                "tcp://127.0.0.1",
                "tcp://127.0.0.1:0",
                "127.0.0.1:99999",
                "tcp://127.0.0.1:-1",
                "tcp://127.0.0.1:abc",
                "tcp://127.0.0.1:²",
                "tcp://127.0.0.1:1/?a=b",
                "loans.csv",
            )
        ],
        ("dask", "tls://127.0.0.1:1", "needs TLS certificates, but none are configured"),
    ],
)
def test_engines_that_there_are_not(name, scheduler, told):
    quick = dask.config.set({"distributed.comm.timeouts.connect": "1s"})
    with quick, pytest.raises(TabinterpError, match=told), ti.engine_of(name, scheduler):
        pass


def test_an_existing_cluster_is_run_check_its_address(cluster, folder):
    scan = ti.scan_table(folder, **ASKED, rows=100)
    with ti.engine_of("dask", cluster.scheduler.address) as engine:
        assert engine(scan, "evaluation", in_parts, len, (), int.__add__) == scan.census.held_out
    assert cluster.nthreads()  # it is left as it was


def test_a_cluster_of_this_machine_is_started_and_ended(folder, tmp_path, monkeypatch):
    """What its workers move to disk, by pickle, lies where nobody else can write, whoever made Dask's own folder first."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    planted = tmp_path / "dask-scratch-space"
    planted.mkdir()
    planted.chmod(0o777)
    scan = ti.scan_table(folder, **ASKED, rows=100)
    with ti.engine_of("dask") as engine:
        assert engine(scan, "evaluation", in_parts, len, (), int.__add__) == scan.census.held_out
        used = distributed.default_client().run(lambda dask_worker: dask_worker.local_directory)
        above = {tmp_path / Path(one).relative_to(tmp_path).parts[0] for one in used.values()}
        assert {one.stat().st_mode & 0o777 for one in above} == {0o700}
    assert [*tmp_path.iterdir()] == [planted]
    assert [*planted.iterdir()] == []


def test_a_worker_killed_in_the_middle_loses_nothing(cluster, folder, tmp_path):
    scan = ti.scan_table(folder, **ASKED, rows=100)
    both, killed = pair(scan, tmp_path / "seen", pause=0.02), []

    def kill(share):
        if share > 0.2 and not killed:
            killed.append(next(iter(cluster.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    found = sweep(*both, scan, kill, ti.dask_engine(cluster))
    assert killed
    assert killed[0] not in cluster.run(os.getpid).values()
    close(found, sweep(*both, scan))


# ---- the cluster of this machine


def addresses():
    """Where this process and its children listen."""
    return {
        one.laddr
        for process in (psutil.Process(), *psutil.Process().children(recursive=True))
        for one in process.net_connections()
        if one.status == "LISTEN"
    }


def test_nobody_else_can_use_the_cluster_of_this_machine(workers):
    """Whoever reaches a scheduler runs code there: without its keys a client is refused, over TLS and without."""
    others = addresses()
    with engine_of("dask"):
        client = distributed.default_client()
        assert client.submit(os.getpid).result() != os.getpid()
        address = client.cluster.scheduler_address
        every = [address, *client.scheduler_info(n_workers=-1)["workers"]]
        every += [worker["nanny"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]
        assert len(every) >= 3
        for reached in every:
            assert reached.startswith("tls://127.0.0.1:")
        for security in (distributed.Security(), distributed.Security.temporary()):
            scheme = "tls" if security.tls_ca_file else "tcp"
            with (
                dask.config.set({"distributed.comm.require-encryption": False}),
                pytest.raises((OSError, TimeoutError)),
                Client(address.replace("tls", scheme), security=security, timeout=5, set_as_default=False) as other,
            ):
                other.submit(os.getpid).result()
        listening = addresses() - others  # of other tests' clusters
        assert {one.ip for one in listening} == {"127.0.0.1"}
        for port in {one.port for one in listening} - {int(one.rsplit(":")[-1]) for one in every}:
            for page in (
                "status",
                "json/counts.json",
                "info/main/workers.html",
                "metrics",
                "api/v1/get_workers",
                "health",
            ):
                with pytest.raises(OSError, match=r"404|reset|refused|closed|remote end"):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5)
