"""Write docs/scale.md from the kept results of the benchmarks in this folder.

python -m benchmarks.scale.page
"""

from __future__ import annotations

from pathlib import Path

from .kept import read, table

OUT = Path(__file__).parents[2] / "docs" / "scale.md"
WORDS = """# Scale

`python -m benchmarks.scale.page` writes this page from the latest results of the benchmarks in `benchmarks/scale/`. These results
were measured on a virtual machine with two cores and 23 GB of memory. *Load* is the number of processes that competed for the two
cores during a measurement. A load above 2 means that the processes had to share the cores. The CPU time of all threads (*CPU
seconds*) is then more informative than the elapsed time (*seconds*). A *bar* is the target that a measurement must meet.

## Rows used by each result

| computed on all rows of a table that is read in batches | passes over the rows |
|---|---|
| kinds, levels, missing cells, shares of the classes, digests, the split | 2 |
| fit of the counterpart (its penalty is chosen on a sample of rows) | one for each Newton step |
| mean losses of both models with the verdict, reliability curves, saliency, gradient × input | 1, shared with the next 3 lines |
| average derivatives of the network with respect to numeric columns that the encoder scales | the same pass |
| hidden units: mean, standard deviation, active share, Pearson correlations, correlation ratios | the same pass |
| protected groups: counts, rates, TPR, FPR, means and spreads of scores, ECE | the same pass |
| drift of single columns between training and held-out rows | 1 |
| with `--all-rows`: permutation importance, partial dependence, ALE | the same pass as the mean losses |

All other results use a sample of at most 50,000 held-out and 50,000 training rows (`rows=` of `scan_table`). The rows are
selected by a hash of the row's number and the seed. The following results use the sample:

- metrics that rank rows (AUC, average precision), and quantiles;
- Shapley values and interactions and, without `--all-rows`, permutation importance and effect curves;
- the ladder of refits, and contrasts of levels (one forward pass each);
- rank and distance correlations of hidden units, their profiles and optima;
- reason codes, the calibration slope and intercept of protected groups, and the search for weak groups.

The cost of the results that use the sample is the same for a table of a billion rows as for one of a hundred thousand. The report
says which analyses use all rows, and every section gives the number of rows used. If rows belong to groups (`group=`), the mean
losses, the reliability curves and the statistics of protected groups use the sample too.

## Larger than memory

`python -m benchmarks.scale --rows 2000000 20000000 --what forward sweep scan audit` uses the 14 columns of Adult (108 encoded
columns) and a network with hidden layers of 128 and 64 units. The benchmark measures:

- *forward*: the pipeline's own `predict_proba` on the file, in batches;
- *sweep*: all sums that are computed in one pass, for both models, with no row held out;
- *scan*: the two passes that determine the schema and the sample of the table;
- *audit*: a complete audit with a quarter of the rows held out.

There are targets for speed and for memory. *sweep* must process at least half as many rows per second as *forward*. An audit may
use at most 2 GB of memory. An audit of 20 million rows may use at most 150 MB more than an audit of 2 million rows.

{memory}

Three batches are in memory at the same time: one that is being read, one that is being encoded, and one that is being summed.
Each batch has at most 65,536 rows and 4 million cells. The sample and, for each row, one bit that says whether the row is held
out are also kept in memory. A Parquet file needs additional memory for the part of a row group that Arrow decodes. If a file has
many columns, decoding large row groups takes a lot of memory, so write row groups of about 100,000 rows. If the split uses a
column of dates, every distinct date and its count are also kept in memory.

## Wide tables

`python -m benchmarks.scale.wide` uses numeric columns and a network with hidden layers of 512 and 64 units.

{wide}

{wide_words}

## Growth with rows, columns, hidden units and classes

`python -m benchmarks.growth --page` audits synthetic tables on one core. A third of the columns have five levels. The starting
point is a table of 12,000 rows, 12 columns and 2 classes, and a network with hidden layers of 64 and 32 units. Then one quantity
(rows, columns, hidden units or classes) is doubled several times, while the other three stay the same. The benchmark assumes that
the duration grows as a power of this quantity. It estimates the exponent (*power*) by linear regression of the log duration on
the log quantity, using all sizes. A fixed cost lowers the estimate, so the table also gives the power over the last doubling. A
network for two classes has one output, and a network for more classes has one output for each class. The power for classes
therefore overstates the growth. The table lists the analyses that take at least half a second at the largest size. Memory is the
peak proportional set size (PSS) of the process.

{growth}

![Seconds of an audit and of its longest analyses against rows, columns, hidden units and classes](images/growth.png)

## More than one machine

`flock LOCK python -m benchmarks.scale.cluster` computes the sums over all rows with one and with two single-threaded Dask worker
processes. The target is that two workers process at least 1.8 times as many rows per second as one. With `--all-rows`, the
benchmark also computes permutation importance and effect curves on all rows, and the target is that two workers process at least
1.4 times as many rows per second as one (a speed-up of 0.7 per worker).

{cluster}

{cluster_all_rows}

{cluster_words}

With `--engine dask --scheduler tls://HOST:8786`, an existing cluster computes the sums over all rows. Dask's own deployment tools
can start a cluster. All workers must have the same versions of Python, tabinterp and its dependencies. For example, use a
container image, or an environment on a shared disk. Each worker must be able to read the data files at the path or URL that you
give to the audit.

```python
# Kubernetes (pip install dask-kubernetes; the Dask operator runs in the cluster)
from dask_kubernetes.operator import KubeCluster

cluster = KubeCluster(name="audit", image="registry.example/tabinterp:1", n_workers=8)

# YARN (pip install dask-yarn; the environment packed by conda-pack or venv-pack)
from dask_yarn import YarnCluster

cluster = YarnCluster(environment="tabinterp.tar.gz", worker_vcores=1, worker_memory="4GiB", n_workers=8)

# SLURM (pip install dask-jobqueue; similar for PBS, LSF, SGE and others)
from dask_jobqueue import SLURMCluster

cluster = SLURMCluster(queue="normal", cores=1, memory="4GB", walltime="02:00:00")
cluster.scale(8)

print(cluster.scheduler_address)  # for tabinterp audit … --engine dask --scheduler
```

In Python, create the engine from the cluster's client: `ti.audit(model, scan, engine=ti.dask_engine(cluster.get_client()))`.
These deployment tools are part of Dask. The measurements above used local worker processes. Analyses that use the sample, and the
two passes that determine the schema and the sample, run in the process that you started. This process needs as much memory as an
audit on one machine.

## Cost model

`python -m benchmarks.scale.cost` measures core seconds and peak memory on small numeric tables. It fits the coefficients of the
cost formulas by least squares on the relative errors. The column *residual* gives the root mean square of the relative errors of
the fitted formula. In the formulas, *columns* is the number of encoded columns, and *units* is the number of hidden units.
*outputs* is 1 for two classes, and otherwise the number of classes. *scan* and *sweep* are explained under "Larger than memory".
*newton* is one Newton step of the counterpart's fit, which is one pass over the rows.

{cost}

The next table gives the estimated cost of an audit with five Newton steps, computed with these formulas. The estimates do not
include the analyses that use the sample, because their cost does not depend on the number of rows. To estimate the duration on a
cluster, divide the core hours by the number of cores. Do not divide the core hours of the scan, because the scan runs in one
process:

{stated}

The numbers of rows in this table are up to four orders of magnitude larger than those of the measured tables. The table under
"Larger than memory" shows the sizes that were actually run.
"""


def main() -> None:
    known = read()
    names = ("memory", "wide", "growth", "cluster", "cluster_all_rows", "cost", "stated")
    tables = {name: table(name) if name in known else "(not measured yet)" for name in names}
    OUT.write_text(WORDS.format(**tables, wide_words=WIDE, cluster_words=CLUSTER), encoding="utf-8")


WIDE = """\
For permutation importance, the value of each column is replaced ten times in every row. The target is 2,000 columns within 300
seconds on two cores. Each core processes one column at a time, and the ReLU of the first layer is applied in place. The memory
that is needed is proportional to rows × columns. The table, its encoded columns, and two double-precision sums for each row and
column are kept in memory. One sum is the total rise in the loss of this row when it receives the values of other rows. The other
sum is the total rise in the loss of other rows when they receive the value of this row. If a table of 2,000 columns is read in
batches, each batch has about 2,000 rows.

The audits use the default settings, and half of the rows are held out. The targets are 180 seconds for 300 columns and 480
seconds for 2,000 columns. An audit of 2,000 columns meets its targets for time and memory with 2,000 rows, but misses both with
20,000 rows (the machine also did other work during the audit with 20,000 rows). Permutation importance, perturbation and spline
fits take the most time, and permutation importance alone evaluates the network on 200 million rows. With more than a hundred
columns, effect curves, single-column perturbations and the search for pairs are limited to the hundred columns that change the
score most. The search for optimal inputs of hidden units is skipped. With thousands of columns, the linear refits that leave out
one column at a time are skipped too. The report lists these restrictions."""

CLUSTER = """\
The first table was measured without `--all-rows`, and the second with it. The benchmark used a million rows of data. The client
and the scheduler ran on the same two cores as the workers."""


if __name__ == "__main__":
    main()
