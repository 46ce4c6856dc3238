"""Executors that compute sums over the rows of a scan, either batch by batch in this process or in pieces on a Dask cluster.

An engine is a function that computes sums over the training or evaluation rows of a scan. For each batch, it calls `encode`,
which yields the encoded rows in one or more parts. It then calls `update` to compute the sums of each part, and combines these
sums with `merge`. `given` contains the arguments that `encode` and `update` take before the rows. Encoding is a separate step
because the next rows are read and encoded while the current rows are summed. The order in which sums are merged affects only
rounding. Each engine uses a fixed order, so its results are reproducible.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial, reduce
from importlib import import_module
from itertools import islice
from typing import Any, Protocol

import numpy as np

from tabinterp.errors import MissingError, TabinterpError, TableError
from tabinterp.secret_masking import hidden
from tabinterp.threads import one_thread

from . import Scan, Table
from .checkpoints import State, at_most, filled, fingerprint, leaves
from .partitions import Form, Piece
from .prefetch import ahead

LOOPBACK = "127.0.0.1"
CELLS = 2**22  # cells of encoded rows that are computed at a time
GROUP = 4  # pieces whose sums are merged on the workers; pending groups: one more than the cluster has threads

Progress = Callable[[float], None]  # the share of the rows that is finished
Encode = Callable[
    ..., Iterable[Any]
]  # (*given, table of at least one row) -> its rows in parts, as arguments for `update`
Update = Callable[..., Any]  # (*given, part) -> sums
Merge = Callable[[Any, Any], Any]


class Engine(Protocol):
    """A function that computes sums over the "training" or "evaluation" rows of a scan."""

    def __call__(
        self,
        scan: Scan,
        part: str,
        encode: Encode,
        update: Update,
        given: tuple[Any, ...],
        merge: Merge,
        progress: Progress | None = None,
    ) -> Any: ...


def in_turn(
    scan: Scan,
    part: str,
    encode: Encode,
    update: Update,
    given: tuple[Any, ...],
    merge: Merge,
    progress: Progress | None = None,
) -> Any:
    """Compute sums over the rows of a scan in this process, one batch after another."""
    found, done, keep = _kept(scan, part, (encode, update), given)

    def encoded() -> Iterator[tuple[int | None, Any]]:
        """Yield the encoded rows of each batch, and after each batch the number of the row that follows it."""
        for end, table in scan.ends(part, done) if done < len(scan) else ():
            if len(table):
                yield from ((None, rows) for rows in encode(*given, table))
            yield end, None

    with one_thread():  # the next rows are encoded on another core
        for end, rows in ahead(encoded(), 2):  # two items: an end of a batch, and the rows after it
            if end is None:
                batch = update(*given, rows)
                found = batch if found is None else merge(found, batch)
                continue
            keep(found, end)
            scan.tell(end)
            if progress is not None:
                progress(end / len(scan))
    return found


def in_parts(table: Table, width: int = 1) -> Iterator[Table]:
    """Yield the rows of a table in parts. Each part is small enough for its `width` encoded columns to fit in memory."""
    few = max(1, CELLS // max(1, width))
    if len(table) <= few:
        yield table
        return
    for rows in np.split(np.arange(len(table)), range(few, len(table), few)):
        yield table.take(rows)


def _kept(
    scan: Scan, part: str, steps: tuple[Encode, Update], given: tuple[Any, ...]
) -> tuple[Any, int, Callable[[Any, int], None]]:
    """Return the saved sums of this pass, the number of rows they cover, and a function that saves the sums during the pass.

    Only the numbers in the sums are saved. To restore them, the sums over one sampled row are computed, and the numbers in these
    sums are replaced by the saved numbers.
    """
    if scan.keep is None:
        return None, 0, lambda found, done: None
    keep, name, key = scan.keep, scan.keep.numbered(), fingerprint(part, given)

    def note(found: Any, done: int) -> None:
        keep.write(name, partial(_state, found, done), key)

    state = keep.read(name, key)
    if state is None:
        return None, 0, note
    numbers, told = state
    with keep.restoring(name):
        done = at_most(told["rows"], len(scan), "the number of summed rows")
        if at_most(told["sums"], len(numbers), "the number of sums") == 0:  # no rows of this part yet
            return None, done, note
        row = scan.form.of(part, scan.sample, scan.sample.held_out).take(np.arange(1))
        kept = iter([numbers[str(i)] for i in range(told["sums"])])
        encode, update = steps
        like = update(*given, next(iter(encode(*given, row))))
        return filled(like, kept), done, note


def _state(found: Any, done: int) -> State:
    numbers = [np.asarray(one) for one in leaves(found)]
    return {str(i): one for i, one in enumerate(numbers)}, {"rows": done, "sums": len(numbers)}


@contextmanager
def engine_of(name: str, scheduler: str | None = None) -> Iterator[Engine]:
    """Return a context manager that provides the engine with this name. The Dask engine uses the cluster at the address
    `scheduler`. Without an address, it starts one process per core of this machine.
    """
    if name not in ("local", "dask"):
        raise TabinterpError(f"the engine must be local or dask; got {name!r}")
    if name == "local":
        if scheduler is not None:
            raise TabinterpError(
                f"the scheduler {hidden(scheduler)!r} can only be used with the Dask engine. Give --engine dask as well, or "
                "leave out --scheduler"
            )
        yield in_turn
        return
    distributed = _distributed()
    if scheduler is None:
        with _private_cluster(distributed) as cluster, distributed.Client(cluster) as client:
            yield dask_engine(client)
        return
    _check_address(distributed, scheduler)
    try:
        client = distributed.Client(address=scheduler)
    except (OSError, ValueError) as error:
        raise TabinterpError(
            f"no Dask scheduler can be reached at {hidden(scheduler)!r} ({hidden(str(error), scheduler)}). Check that the "
            "address is correct and that the scheduler is running"
        ) from None
    with client:
        yield dask_engine(client)


def _check_address(distributed: Any, scheduler: str) -> None:
    """Raise `TabinterpError` unless the address starts with tcp:// or tls:// and has a port. A tls:// address also requires that
    certificates are configured.
    """
    scheme, _, place = scheduler.rpartition("://")
    host, _, port = place.rpartition(":")
    known_port = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 2**16
    if scheme not in ("", "tcp", "tls") or not host or not known_port:
        raise TabinterpError(
            f"the Dask scheduler address {hidden(scheduler)!r} is invalid. Give an address of the form tls://HOST:PORT or "
            "tcp://HOST:PORT, such as tls://10.0.0.5:8786"
        )
    if scheme == "tls" and distributed.Security().get_connection_args("client")["ssl_context"] is None:
        raise TabinterpError(
            f"the Dask scheduler {hidden(scheduler)!r} needs TLS certificates, but none are configured. Set ca-file, "
            "client.cert and client.key under distributed.comm.tls in Dask's configuration "
            "(https://distributed.dask.org/en/stable/tls.html)"
        )


@contextmanager
def _private_cluster(distributed: Any) -> Iterator[Any]:
    """Start a Dask cluster that only this process can reach, with one worker per core of this machine.

    Anyone who can connect to a Dask scheduler or worker can run code there. The scheduler and workers of this cluster therefore
    listen only on the loopback address. They accept only connections with a key and a certificate. Both are created for this
    cluster and never leave the memory of its processes. Workers may move data from memory to disk. They use a folder that only
    the current user can read. Dask's default folder is not used, because another user may have created it.
    """
    try:
        security = distributed.Security.temporary()
    except ImportError:
        raise MissingError(
            "the Dask engine needs the package cryptography to start a cluster on this machine. Run `pip install cryptography`, "
            "or give the address of an existing cluster with --scheduler"
        ) from None
    config = import_module("dask").config
    pages: dict[str, Any] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}
    with (
        tempfile.TemporaryDirectory(
            prefix="tabinterp-dask-", dir=config.get("temporary-directory", None), ignore_cleanup_errors=True
        ) as scratch,
        config.set({**pages, "temporary-directory": scratch}),
        distributed.LocalCluster(
            protocol="tls",
            security=security,
            host=LOOPBACK,
            threads_per_worker=1,
            dashboard_address=None,
            worker_dashboard_address=None,
        ) as cluster,
    ):
        yield cluster


def dask_engine(client: Any) -> Engine:
    """Return an engine that computes sums on a Dask cluster.

    Each worker reads the rows that it sums. A task is a row group of a Parquet file. The file must have the same path on every
    machine. For other sources, the rows are sent to the workers. Models, encoders and other objects needed for a sum are pickled
    and sent to each worker once. If Dask's memory manager deletes a worker's copy of an object, the worker fetches it again from
    another worker. If a worker is lost, other workers repeat its tasks.

    Parameters
    ----------
    client : a `distributed.Client`. The workers need the same versions of tabinterp and its dependencies as this process.
    """
    distributed, sent = _distributed(), _Sent(client)

    def engine(
        scan: Scan,
        part: str,
        encode: Encode,
        update: Update,
        given: tuple[Any, ...],
        merge: Merge,
        progress: Progress | None = None,
    ) -> Any:
        under_way = deque[tuple[Any, int]]()
        found, done, keep = _kept(scan, part, (encode, update), given)
        # Not a tuple: older releases of Dask treat a tuple that starts with a function as a task, and call the function.
        steps = {"encode": encode, "update": update, "merge": merge}
        try:
            kept = [sent(one) for one in (scan.coded, *given)]
            pieces = scan.pieces(done) if done < len(scan) else iter(())
            while (group := [*islice(pieces, GROUP)]) or under_way:
                if group:
                    tasks = [client.submit(_on_piece, steps, part, one, *kept, pure=False) for one in group]
                    merged = client.submit(_merged, merge, *tasks, pure=False)
                    under_way.append((merged, sum(one.rows for one in group)))
                    del tasks, merged  # so that the cluster can release results that are merged
                if not group or len(under_way) > sum(client.nthreads().values()):
                    oldest, rows = under_way.popleft()
                    found, done = _merged(merge, found, oldest.result()), done + rows
                    keep(found, done)
                    scan.tell(done)
                    if progress is not None:
                        progress(done / len(scan))
            return found
        except (distributed.KilledWorker, distributed.CancelledError, TimeoutError) as error:
            raise TabinterpError(
                f"the Dask cluster failed ({str(error).strip()}). Check that the workers are running and that each has enough "
                "memory for one row group of a Parquet file. Then run the audit again"
            ) from error

    return engine


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise MissingError(
            "the Dask engine needs the packages dask and distributed. Install them with: pip install 'tabinterp[dask]'"
        ) from None


class _Packed:
    """Objects to send to workers. They are pickled together, only once, so parts that two models share remain shared."""

    def __init__(self, value: Any) -> None:
        cloudpickle = import_module("cloudpickle")
        try:
            self.content = cloudpickle.dumps(value)
        except Exception as error:  # the user's model or encoder can raise any error, whose message is passed on
            raise TabinterpError(
                "the Dask engine must pickle the model to send it to the workers, but this model cannot be pickled "
                f"({error}). Convert the model to a bundle (tabinterp convert) and audit the bundle, or use the local engine"
            ) from error

    def __reduce__(self) -> tuple[Any, ...]:
        return import_module("pickle").loads, (self.content,)


class _Sent:
    """A callable that sends an object to every worker, and sends each object only once."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._known: dict[int, tuple[Any, Any]] = {}

    def __call__(self, value: Any) -> Any:
        if id(value) not in self._known:
            future = self._client.scatter(_Packed(value), broadcast=True, hash=False)
            self._known[id(value)] = value, future
        return self._known[id(value)][1]


def _on_piece(steps: dict[str, Any], part: str, piece: Piece, form: Form, *given: Any) -> Any:
    """Compute, in a worker, the sums over the training or evaluation rows (`part`) of a piece. Return None if there are no such
    rows.
    """
    encode, update, merge = steps["encode"], steps["update"], steps["merge"]
    try:
        sums = [update(*given, rows) for table in form.batches(part, piece) for rows in encode(*given, table)]
    except TableError as error:
        raise TableError(
            f"{error}. With the Dask engine, each worker reads the data itself, so the path must be valid on every worker"
        ) from None
    return _merged(merge, *sums)


def _merged(merge: Merge, *sums: Any) -> Any:
    found = [one for one in sums if one is not None]
    return reduce(merge, found) if found else None
