"""What an audit was made from: code, configuration, device, and the rows of every reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785

from tabinterp.document import document as doc
from tabinterp.document.document import Message
from tabinterp.document.rows_of_analyses import ReadingRows
from tabinterp.report.words import effort_of

PACKAGE = Path(__file__).resolve().parent.parent
ELSEWHERE = {"__pycache__", "datasets"}  # compiled anew on each machine; tables, which stand beside the code
FILES = ("_file", "_file_sha256", "_file_unsafe")  # settings that tell which model it was, not what was asked


@cache
def code_digest() -> str:
    """SHA-256 (hex) of the package's own files: the digest `dirHash` of in-toto, as sha256sum gives it.

    In the package's folder, where `datasets` does not stand inside it:
    `find . -type f -not -path '*/__pycache__/*' | cut -c3- | LC_ALL=C sort | xargs sha256sum | sha256sum`
    """
    paths = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.is_file())
    names = sorted(path.as_posix() for path in paths if ELSEWHERE.isdisjoint(path.parts))
    lines = (f"{hashlib.sha256((PACKAGE / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def configuration(document: doc.Document) -> dict[str, Any]:
    """What was asked, whatever the rows and the model: settings, how the table was read, roles of the columns, split."""
    how, data = document.method, document.data
    return {
        "settings": None if document.settings is None else document.settings.model_dump(),
        "estimators": {k: v for k, v in how.settings.items() if k != "margin" and not k.endswith(FILES)},
        "classes": data.classes,
        "split": data.split.model_dump(),
        "columns": [[c.name, c.kind, c.role, c.protected] for c in data.columns],
    }


def configuration_digest(document: doc.Document) -> str:
    """SHA-256 (hex) of the configuration's canonical JSON (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(configuration(document))).hexdigest()


# ---- rows


def readings(d: doc.Document) -> list[ReadingRows]:
    """Rows of every reading that the document holds, in its order."""
    known = d.data.held_out_rows is not None
    here, trained = ("held-out", "training") if known else ("all", "all")
    own = (
        ReadingRows(
            reading=Message(key=f"report.section.{name}"),
            models="both",
            rows=record.rows,
            rows_of=here,
            seed=getattr(record, "seed", None),
        )
        for name, record in d.analyses.items()
        if hasattr(record, "rows")
    )
    rows = [*_judged(d, here, trained), *_compared(d, here, trained), *_people(d, here), *_columns(d, here, trained)]
    found = [row for row in [*rows, *_trusted(d, here), *own] if row.rows]  # of none: the reading does not apply
    return [row.model_copy(update={"weights": _weighed(d, row)}) for row in found] if d.data.weighted else found


def _weighed(d: doc.Document, row: ReadingRows) -> str:
    """Sampling weights everywhere: no error shrinks because weights are multiplied; coefficients may bring their own errors."""
    own = d.coefficients.method.key.startswith("coefficients.method.own.")
    return "own" if own and row.reading.key == "rows_of.coefficients_linear" else "sampling"


def _row(name: str, models: Any, rows: int, rows_of: Any, seed: int | None = None, **draws: Any) -> ReadingRows:
    how = next((Message(key=f"rows_of.draws.{key}", values={"count": count}) for key, count in draws.items()), None)
    told = Message(key=f"rows_of.{name}")
    return ReadingRows(reading=told, models=models, rows=rows, rows_of=rows_of, seed=seed, draws=how)


def _judged(d: doc.Document, here: str, trained: str) -> Iterator[ReadingRows]:
    one = d.performance
    yield _row("performance", "both", one.rows, here, one.seed, resamples=one.resamples)
    beside = d.judged
    if beside is None:
        return
    if (again := beside.recalibration) is not None:
        yield _row("recalibration", "both", again.rows, here, d.method.seed, folds=again.folds)
    if (worth := beside.decisions) is not None:
        yield _row("decisions", "both", worth.rows, here, d.method.seed)
    if (trees := beside.reference) is not None:
        yield _row("trees_fitted", "refits", trees.training_rows, trained, d.method.seed, rounds=trees.rounds)
        yield _row("trees", "network", trees.rows, here, d.method.seed)


def _compared(d: doc.Document, here: str, trained: str) -> Iterator[ReadingRows]:
    if d.calibration is not None:
        yield _row("calibration", "both", d.calibration.rows, here)
    ladder = None if d.gain is None else d.gain.ladder
    if ladder is not None:
        yield _row("ladder_fitted", "refits", ladder.training_rows, trained, ladder.seed)
        yield _row("ladder", "network", ladder.rows, here, ladder.seed, resamples=ladder.resamples)
    shares = None if d.gain is None else d.gain.shares
    if shares is not None:
        yield _row("shares", "network", shares.rows, shares.rows_of, shares.seed, resamples=shares.resamples)
    if d.disagreement is not None:
        yield _row("disagreement", "both", d.disagreement.rows, here, d.method.seed)
    if d.slices is not None:
        yield _row("slices", "both", d.slices.rows, here)


def _people(d: doc.Document, here: str) -> Iterator[ReadingRows]:
    if (why := d.reasons) is not None:
        yield _row("reasons", "both", why.rows, why.rows_of, why.seed, reference=why.reference_rows)
    groups = d.groups
    if groups is None:
        return
    for table in groups.tables[:1]:
        yield _row("groups", "both", table.rows, table.rows_of)
    if groups.proxies:
        yield _row("proxies", "both", max(one.rows for one in groups.proxies), here, d.method.seed)
    if groups.weak is not None:
        yield _row("weak", "both", groups.weak.rows, here, d.method.seed)
    if (held := groups.constraints) is not None:
        yield _row("constraints", "both", held.rows, here, held.seed)


def _columns(d: doc.Document, here: str, trained: str) -> Iterator[ReadingRows]:
    one, given, terms = d.importance, d.together, d.coefficients
    yield _row("importance", "both", one.rows, one.rows_of, one.seed, repeats=one.repeats)
    if given is not None:
        yield _row("together", "both", given.rows, given.rows_of, given.seed, repeats=given.repeats)
        if given.refit_rows is not None:
            yield _row("together_fitted", "refits", given.refit_rows, trained, given.seed)
    yield _row("coefficients_linear", "linear", terms.rows_inference, trained)
    yield _row("coefficients_network", "network", terms.rows_network, here)
    for each in d.gradients.methods:
        told = Message(key=f"reading.{each.method}")
        how, of, seed = effort_of(each), d.gradients.rows_of, d.method.seed
        yield ReadingRows(reading=told, models="both", rows=each.rows, rows_of=of, seed=seed, draws=how)
    if (starts := d.gradients.baselines) is not None:
        of = d.gradients.rows_of
        yield _row("baselines", "both", starts.rows, of, starts.seed, background=starts.background_rows)
    if (values := d.shapley) is not None:
        yield _row("shapley", "both", values.rows, values.rows_of, values.seed, background=values.background_rows)
    if (curves := d.effects) is not None:
        yield _row("effects", "both", curves.rows, curves.rows_of, curves.seed)
    if (pairs := d.interactions) is not None:
        yield _row("interactions", "network", pairs.rows, pairs.rows_of, pairs.seed, blocks=pairs.blocks)


def _trusted(d: doc.Document, here: str) -> Iterator[ReadingRows]:
    if (trust := d.trust) is not None:
        yield _row("trust", "both", trust.rows, trust.rows_of, trust.seed, background=trust.background_rows)
    yield _row("neurons", "network", d.neurons.rows, d.neurons.rows_of, d.neurons.seed)
    if (units := d.inside) is not None:
        yield _row("inside", "network", units.rows, units.rows_of, units.seed)
        yield _row("ablation", "network", units.ablation_rows, units.rows_of, units.seed)
    if (how := d.mechanism) is not None:
        read = {"regions": how.regions, "conductance": how.conductance, "paths": how.paths}
        for name, part in read.items():
            if part is not None:
                yield _row(name, "network", part.rows, d.neurons.rows_of, how.seed)
        if (groups := how.groups) is not None:
            of = d.neurons.rows_of
            yield _row("unit_groups", "network", groups.rows, of, how.seed, repeats=groups.repeats)
    if d.table is not None:
        yield _row("table", "none", d.table.rows, "all", d.table.seed)
    if d.off_support is not None:
        yield _row("off_support", "network", d.off_support.rows, here, d.off_support.seed)
    if d.extrapolation is not None:
        yield _row("extrapolation", "network", d.extrapolation.rows, here, d.extrapolation.seed)
