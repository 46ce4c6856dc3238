"""Writes docs/scale.md from what the benchmarks of this folder kept.

python -m benchmarks.scale.page
"""

from __future__ import annotations

from pathlib import Path

from .kept import read, table

OUT = Path(__file__).parents[2] / "docs" / "scale.md"
WORDS = """# Scale

Written by `python -m benchmarks.scale.page` from what the benchmarks in `benchmarks/scale/` measured last, on a virtual
machine of two cores and 23 GB. *Load* is the number of processes that wanted those two cores while a line was measured: above
2, seconds of the clock are those of a share of a core, and the seconds of all threads (processor time) say more.

## What is summed over all rows, and what is of drawn rows

| of all rows of a table that is read in batches | passes |
|---|---|
| kinds, levels, missing cells, shares of the classes, digests, the split | 2 |
| fit of the counterpart (its penalty is chosen on drawn rows) | one for each Newton step |
| means of losses with the verdict, reliability curves, saliency, gradient × input, of both models | 1, together |
| average derivatives of the network by numbers that the encoder scales | the same |
| mean, standard deviation, active share of hidden units, Pearson correlations, correlation ratios | the same |
| protected groups: counts, rates, TPR, FPR, means and spreads of scores, ECE | the same one |
| drift of single columns, of training against held-out rows | 1 |

Everything else is of at most 50,000 held-out and 50,000 training rows (`rows=` of `scan_table`), drawn by a hash of the row's
number and the seed: what ranks rows (AUC, average precision), quantiles, permutation importance, Shapley values, effect
curves, interactions, the ladder of refits, contrasts of levels (a forward pass for each), rank and distance correlations of
units, their profiles and optima, reason codes, slope and intercept of protected groups, the search for weak ones. It costs the
same for a billion rows as for a hundred thousand. The report says which is which, and every part says its number of rows.
Where rows come in groups (`group=`), losses, curves and protected groups are of drawn rows too.

## Larger than memory

`python -m benchmarks.scale --rows 2000000 20000000 --what forward sweep scan audit`: Adult's 14 columns (108 encoded), a
network 128-64. *forward* is the pipeline's own `predict_proba` over the file, in batches; *sweep* everything that is summed
in one pass, of both models, no row held out; *scan* the two passes that settle the table; *audit* all of it, a quarter of the
rows held out. Bars: the sweep reaches half of forward's rows a second; an audit takes at most 2 GB, and at 20 million rows at
most 150 MB more than at 2.

{memory}

In memory are one batch that is read, one that is encoded and one that is summed (at most 65,536 rows and 4 million cells
each, of a Parquet file also what Arrow decodes of a row group), the rows drawn, and a bit a row that says on which side of
the split it is. A Parquet file of one large row group of many columns is decoded in larger pieces: write row groups of about
100,000 rows. A split by a column of dates keeps every distinct date with its count.

## Wide

`python -m benchmarks.scale.wide`: numbers, a network 512-64-1.

{wide}

{wide_words}

## More than one machine

`flock LOCK python -m benchmarks.scale.cluster`: the sums over all rows, by one single-threaded Dask worker process and by
two. Bar: 1.6 times the rows a second.

{cluster}

{cluster_words}

`--engine dask --scheduler tcp://HOST:8786` has the sums over all rows taken by a cluster that is there; Dask's own deployers
start one. Workers need the same versions of Python, tabinterp and its dependencies (an image, an environment on a shared
disk), and must reach the files under the same path or URL.

```python
# Kubernetes (pip install dask-kubernetes; the Dask operator runs in the cluster)
from dask_kubernetes.operator import KubeCluster

cluster = KubeCluster(name="audit", image="registry.example/tabinterp:1", n_workers=8)

# YARN (pip install dask-yarn; the environment packed by conda-pack or venv-pack)
from dask_yarn import YarnCluster

cluster = YarnCluster(environment="tabinterp.tar.gz", worker_vcores=1, worker_memory="4GiB", n_workers=8)

# SLURM (pip install dask-jobqueue; PBS, LSF, SGE and others alike)
from dask_jobqueue import SLURMCluster

cluster = SLURMCluster(queue="normal", cores=1, memory="4GB", walltime="02:00:00")
cluster.scale(8)

print(cluster.scheduler_address)  # for tabinterp audit … --engine dask --scheduler
```

In Python the cluster's client is the engine: `ti.audit(model, scan, engine=ti.dask_engine(cluster.get_client()))`. These
deployers are Dask's; what was run here are local worker processes. What is drawn, and the two passes that settle the table,
stay in the process that was started: give it as much memory as an audit on one machine.

## Cost model

`python -m benchmarks.scale.cost`: core seconds and peak memory of small tables of numbers, fitted to the terms of the
arithmetic by least squares of relative errors. *left*: the root mean square of what the fit leaves, as a share of what was
measured. *columns* are encoded columns, *outputs* 1 for two classes, else the number of classes; *newton* is one pass of the
counterpart's fit.

{cost}

As an estimate, from these factors and five Newton passes, which are assumed. The drawn rows, which cost the same for any number
of rows, come on top; core hours divide by the cores of a cluster, save for the scan's:

{stated}

That is an extrapolation by up to four powers of ten. What was run is in the first table.
"""


def main() -> None:
    known = read()
    names = ("memory", "wide", "cluster", "cost", "stated")
    tables = {name: table(name) if name in known else "(not measured yet)" for name in names}
    OUT.write_text(WORDS.format(**tables, wide_words=WIDE, cluster_words=CLUSTER), encoding="utf-8")


WIDE = """Permutation importance moves each of the columns ten times for each row; bar: 2,000 columns within 300 seconds on two
cores. Each core has a column of its own, and a first layer's ReLU is applied where the moved rows lie. Memory there grows with
rows × columns: the table, its encoding, and two doubles for each row as receiver and as donor. A table of 2,000 columns that is
read in batches is read about 2,000 rows at a time.

Run once by hand, outside the benchmark: an audit of 300 such columns and 4,000 rows (`rows=500`) took 192 seconds of
processor time and 1.1 GB, its page is 1.1 MB and its document 14 MB. Of more than a hundred columns, curves are of, and
pairs are looked for among, the hundred that move the score most; optima of units and a linear refit without each column are
left out, and the report says so. An audit of 2,000 columns and as many rows (`rows=300`) took 694 seconds of processor time
and 2.1 GB; its page is 3.0 MB, its document 90 MB."""

CLUSTER = """A million rows; the client and the scheduler ran on the same two cores."""


if __name__ == "__main__":
    main()
