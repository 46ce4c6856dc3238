"""The commands. Each reads as what it does; everything behind them is the public Python interface."""

from __future__ import annotations

import json
import os
import platform
import sys
import tomllib
import warnings
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

import tabinterp as ti
from tabinterp.atomic_io import LARGEST_TEXT, RESUME, check_private, read_regular
from tabinterp.auditing.signals import Interrupted, interruptible, leave
from tabinterp.errors import TabinterpError, speaking_options
from tabinterp.exit_codes import ExitCode
from tabinterp.file_names import ATTESTATION, AUDIT, BUNDLE, HEADER, NULL, OTHERS, RUN
from tabinterp.messages.language import SOURCE, speaking
from tabinterp.provenance.digest_key import check_outside
from tabinterp.report.formats.weasyprint import printer
from tabinterp.secret_masking import hidden

from .console import leave_with, progress, report_error, say, use_plain_output, writing_to
from .finished_audits import Lang, Mappings, check, checks, compare, evidence, render, sign, verify
from .options import Reading, controls, costs_of, how_of, names_of, split_of

app = typer.Typer(
    name="tabinterp",
    help="What did a network learn from a table, and what does it know that a logistic regression does not?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Data = Annotated[str, typer.Option("--data", help="CSV (also .gz) or Parquet file.")]
Rows = Annotated[
    str,
    typer.Option(
        "--data",
        help="CSV (also .gz) or Parquet file. Read in batches: a file above 64 MiB (unpacked), a folder of Parquet files, "
        "a URL of either, and with --query a DuckDB file or database URL.",
    ),
]
Query = Annotated[str | None, typer.Option("--query", help="SQL: which rows of a database.")]
Key = Annotated[
    str | None,
    typer.Option("--key", help="Column of the query that differs in every row: --resume goes on after the last one."),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on where an audit of rows read in batches was stopped, with the same options."),
]
Target = Annotated[str | None, typer.Option("--target", help="Column to predict.")]
Positive = Annotated[str | None, typer.Option("--positive", help="Positive class of a binary target.")]
Adverse = Annotated[
    str | None,
    typer.Option("--adverse", help="Adverse class of a binary target: the one whose prediction hurts the person."),
]
Task = Annotated[
    str | None,
    typer.Option("--task", help="binary, multiclass, regression or count, where the inferred task is wrong."),
]
Drop = Annotated[list[str] | None, typer.Option("--drop", help="Column no model may read. Repeatable.")]
Protected = Annotated[list[str] | None, typer.Option("--protected", help="Column to watch. Repeatable.")]
Kind = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", help="COLUMN=numeric|categorical|boolean|ordinal, where the inferred kind is wrong. Repeatable."
    ),
]
Split = Annotated[
    str | None,
    typer.Option("--split", help="Column of train/test labels or dates, or the share of rows to hold out."),
]
Weight = Annotated[str | None, typer.Option("--weight", help="Column of sampling weights.")]
Group = Annotated[
    str | None,
    typer.Option("--group", help="Column that says which rows are one draw, such as the rows of a person."),
]
DropMissingTarget = Annotated[
    bool,
    typer.Option("--drop-missing-target", help="Leave out rows whose target is missing, and say how many they are."),
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace what this command wrote there before; other files are never touched."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder to write to.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of every draw.")]
DigestKey = Annotated[
    Path | None,
    typer.Option(
        "--digest-key",
        help="File of a secret key, made where there is none: the document then holds keyed digests of the columns. "
        "Not inside the output folder.",
    ),
]
Device = Annotated[str, typer.Option("--device", help="cpu or cuda: where the network computes.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the result in one line, and no progress.")]

Architecture = Annotated[Path | None, typer.Option("--architecture", help="JSON of the layers, for a file of weights.")]
Encoder = Annotated[str | None, typer.Option("--encoder", help="A .skops file for a file of weights, or passthrough.")]
UnsafePickle = Annotated[
    bool, typer.Option("--unsafe-pickle", help="Run the code inside a pickle that you trust; needs --sha256.")
]
Sha256 = Annotated[str | None, typer.Option("--sha256", help="Refuse a model file with another SHA-256.")]


NAMED_OTHERWISE = {"kind": "kinds"}  # options whose argument in Python has another name
DEMO = "default_of_credit_card_clients"


@app.command()
def train(
    data: Data,
    target: Annotated[str, typer.Option("--target", help="Column to predict.")],
    out: Out,
    task: Task = None,
    positive: Positive = None,
    adverse: Adverse = None,
    drop: Drop = None,
    protected: Protected = None,
    kind: Kind = None,
    split: Split = None,
    weight: Weight = None,
    group: Group = None,
    drop_missing_target: DropMissingTarget = False,
    seed: Seed = 0,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=1000, help="Train this many networks; the first counts.")
    ] = 1,
    null: Annotated[
        bool, typer.Option("--null", help="Train one more on shuffled labels: what an audit compares rankings with.")
    ] = False,
    overwrite: Overwrite = False,
    device: Device = "cpu",
    quiet: Quiet = False,
) -> None:
    """Train a reference network and its linear counterpart; the bundle remembers which rows were held out."""
    if out.suffix.lower() == ".zip":
        raise TabinterpError(
            f"--out of train is a folder, of which `tabinterp convert` makes one file; got {str(out)!r}"
        )
    settings = _settings(target, task, positive, adverse, drop, protected, kind, weight, group, drop_missing_target)
    _train(data, settings, split_of(split), out, seed, seeds, null, quiet, device, overwrite)
    say(str(out))


@app.command()
def audit(
    model: Annotated[Path, typer.Argument(help="A bundle (folder or zip), a .skops file, or weights.")],
    data: Rows,
    out: Out,
    target: Target = None,
    query: Query = None,
    key: Key = None,
    task: Task = None,
    positive: Positive = None,
    adverse: Adverse = None,
    drop: Drop = None,
    protected: Protected = None,
    kind: Kind = None,
    split: Split = None,
    weight: Weight = None,
    group: Group = None,
    drop_missing_target: DropMissingTarget = False,
    architecture: Architecture = None,
    encoder: Encoder = None,
    unsafe_pickle: UnsafePickle = False,
    sha256: Sha256 = None,
    analyses: Annotated[
        str | None,
        typer.Option("--analyses", help="Names of the analyses to run, comma-separated; those that they need run too."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="Analyses that run at the same time; by default one a core, at most 4."),
    ] = None,
    rows: Annotated[
        int, typer.Option("--rows", min=2, max=2**31 - 1, help="Most rows for readings of many passes.")
    ] = 20_000,
    declined: Annotated[
        str | None, typer.Option("--declined", help="Deprecated: write --adverse CLASS.", hidden=True)
    ] = None,
    card: Annotated[
        Path | None, typer.Option("--card", help="TOML of the author's text, such as intended_use and limits.")
    ] = None,
    mapping: Mappings = None,
    seed: Seed = 0,
    margin: Annotated[float | None, typer.Option("--margin", help="Difference in loss that does not matter.")] = None,
    costs: Annotated[str | None, typer.Option("--costs", help="FP:FN, costs of a false positive and negative.")] = None,
    threshold: Annotated[float | None, typer.Option("--threshold", help="Positive above this probability.")] = None,
    control: Annotated[list[str] | None, typer.Option("--control", help="COLUMN=GROUP. Repeatable.")] = None,
    constraints: Annotated[Path | None, typer.Option("--constraints", help="TOML: directions, domains.")] = None,
    engine: Annotated[
        str, typer.Option("--engine", help="local, or dask: who sums over rows that are read in batches.")
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            help="tls://HOST:PORT (or tcp://) of a Dask cluster that you trust; without one, this machine's cores.",
        ),
    ] = None,
    device: Device = "cpu",
    digest_key: DigestKey = None,
    date: Annotated[str | None, typer.Option("--date", help="Date of the audit to show, such as 2026-11-30.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also DIR/report.pdf; needs tabinterp[pdf].")] = False,
    lang: Lang = SOURCE,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Set a network beside its linear counterpart: DIR/report.html and DIR/audit.json."""
    if pdf:
        printer()  # what is missing is said before the audit, not after it
    if digest_key is not None:
        check_outside(digest_key, out)
    asked = _settings(target, task, positive, adverse, drop, protected, kind, weight, group, drop_missing_target)
    how = how_of(architecture, encoder, unsafe_pickle, sha256)
    judged: dict[str, Any] = {"margin": margin, "costs": costs_of(costs), "threshold": threshold}
    judged |= {
        "control": controls(control),
        "digest_key": digest_key,
        "analyses": names_of(analyses),
        "jobs": jobs,
        "date": date,
    }
    judged |= {"constraints": None if constraints is None else ti.read_constraints(constraints)}
    notes = {"card": card and ti.read_card(card), "mappings": [ti.read_mapping(one) for one in mapping or []]}
    run = (model, data, asked, split_of(split), out, rows, seed, quiet, how, device)
    if engine == "dask" and Path(data).is_file() and not ti.in_batches(data, query):
        raise TabinterpError(
            f"--engine dask sums over rows that are read in batches, and {data!r} is read whole: leave the engine out, or put "
            f"Parquet files into a folder and name that"
        )
    with ti.engine_of(engine, scheduler) as sums:
        say(_audit(*run, judged | {"engine": sums}, notes, pdf, lang, Reading(query, key, resume), overwrite, declined))


@app.command()
def inspect(
    model: Annotated[Path, typer.Argument(help="A model file of any format, or a bundle.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What a model file holds, what loading it would run, and whether it is safe (exit code 0; otherwise 2)."""
    found = ti.inspect_model(model)
    say(json.dumps(found.to_dict(), indent=1, ensure_ascii=True) if as_json else str(found))
    if not found.safe:
        raise typer.Exit(ExitCode.BAD_INPUT)


@app.command()
def convert(
    model: Annotated[Path, typer.Argument(help="A model file: a pickle that you trust, .skops, or weights.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the bundle, or a .zip file.")],
    architecture: Architecture = None,
    encoder: Encoder = None,
    unsafe_pickle: UnsafePickle = False,
    sha256: Sha256 = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a model file as a bundle, which runs no code when it is loaded."""
    loaded = ti.load_model(model, **how_of(architecture, encoder, unsafe_pickle, sha256))
    held = {"counterpart": ti.load_counterpart(model), "table": ti.table_settings(model)}
    if out.suffix.lower() == ".zip":
        _check_bundle(out, overwrite)
        say(str(ti.save_model(loaded, out, **held)))
        return
    with writing_to(out, BUNDLE, overwrite=overwrite):
        say(str(ti.save_model(loaded, out, **held)))


def _check_bundle(path: Path, overwrite: bool) -> None:
    """Refuse a file that is there, unless it is a bundle that is to be overwritten."""
    if not os.path.lexists(path):
        return
    if not overwrite:
        raise TabinterpError(f"the file {str(path)!r} is there: replace it with --overwrite, or name another file")
    if ti.inspect_model(path).format != "bundle":
        raise TabinterpError(f"the file {str(path)!r} is no bundle, and is not replaced: name another file")


for command in (render, checks, check, sign, verify, compare, evidence):
    app.command()(command)


@app.command()
def demo(out: Out = Path("demo"), seed: Seed = 0, quiet: Quiet = False) -> None:
    """Train and audit a network on a bundled table (credit card default in Taiwan).

    The audit goes to DIR, the model to DIR-model; those of an earlier demo are replaced, and nothing else is. The report's path
    comes last.
    """
    folder = files("tabinterp.datasets")
    entry = tomllib.loads(folder.joinpath("tables.toml").read_text(encoding="utf-8"))[DEMO]
    data = str(folder.joinpath(entry["file"]))
    settings = {name: entry[name] for name in ("target", "positive", "adverse", "drop", "protected", "kinds")}
    audited = out.absolute()
    model = audited.with_name(f"{audited.name}-model")
    of_audit, of_model = (found or None for found in (_is_audit_of_demo(audited), _is_model_of(model, settings)))
    with writing_to(out, AUDIT, overwrite=of_audit):  # before the work, not after half of it
        _train(data, settings, None, model, seed, 1, False, quiet, overwrite=of_model)
        say(_audit(model, data, {}, None, out, 20_000, seed, quiet, overwrite=of_audit))


def _is_audit_of_demo(folder: Path) -> bool:
    """Whether the audit in a folder was made by `demo`, and was not signed since."""
    command = _json(folder / RUN).get("command")
    return isinstance(command, list) and command[1:2] == ["demo"] and not os.path.lexists(folder / ATTESTATION)


def _is_model_of(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether the bundle in a folder is what `demo` trains: one network on its table, whose training can be repeated."""
    table = _json(folder / HEADER).get("table")
    read = {name: value for name, value in table.items() if value is not None} if isinstance(table, dict) else {}
    same = "target" in read and all(settings.get(name) == value for name, value in read.items())
    return same and not any(os.path.lexists(folder / part) for part in (OTHERS, NULL))


def _json(path: Path) -> dict[str, Any]:
    """The object in a file; empty where there is none."""
    try:
        found = json.loads(read_regular(path, LARGEST_TEXT))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _train(
    data: str,
    settings: dict[str, Any],
    split: str | float | None,
    out: Path,
    seed: int,
    seeds: int,
    null: bool,
    quiet: bool,
    device: str = "cpu",
    overwrite: bool | None = False,
) -> None:
    with writing_to(out, BUNDLE, overwrite=overwrite):
        table = ti.read_table(data, split=split, seed=seed, **settings)
        with progress(quiet) as bar:
            bar.say(f"Read {len(table):,} rows and {len(table.schema.inputs)} input columns of {table.name}.")
            trained = ti.train(table, seed=seed, seeds=seeds, null=null, progress=bar.step, device=device)
        first, *others = trained.networks
        beside = {"counterpart": trained.counterpart, "others": others, "null": trained.null}
        ti.save_model(first, out, table=settings, rows=trained.table, **beside)
    if not quiet:
        losses = ", ".join(f"{loss:.4f}" for loss in trained.validation_loss)
        say(f"{_rows_of(trained)}\nValidation loss {losses}.", err=True)


def _rows_of(trained: Any) -> str:
    """What became of the rows of the table."""
    table = trained.table
    left_out = table.without_target or 0
    parts = [
        f"Trained on {trained.training_rows:,} of {len(table) + left_out:,} rows",
        f"{trained.validation_rows:,} chose when to stop",
        f"{int(table.held_out.sum()):,} are held out",
        *([f"{left_out:,} without a target were left out"] if left_out else []),
    ]
    return f"{'; '.join(parts)}."


def _audit(
    path: Path,
    data: str,
    asked: dict[str, Any],
    split: str | float | None,
    out: Path,
    rows: int,
    seed: int,
    quiet: bool,
    how: dict[str, Any] | None = None,
    device: str = "cpu",
    judged: dict[str, Any] | None = None,
    notes: dict[str, Any] | None = None,
    pdf: bool = False,
    lang: str = SOURCE,
    read: Reading | None = None,
    overwrite: bool | None = False,
    declined: str | None = None,
) -> str:
    started, read = datetime.now(UTC), read or Reading()
    model, counterpart = ti.wrap(ti.load_model(path, **(how or {})), device=device), ti.load_counterpart(path)
    settings = ti.table_settings(path) | asked
    if "target" not in settings:
        raise TabinterpError("--target is needed: the model does not say which column it predicts")
    settings |= {"query": read.query, "key": read.key, "split": model.split if split is None else split, "seed": seed}
    space = writing_to(out, AUDIT, overwrite=overwrite, resume=read.resume)
    with space, _keeping(data, path, out, how or {}, read) as keep:
        with progress(quiet) as bar:
            if keep is not None:
                keep.say = bar.say
            table = ti.open_table(data, keep=keep, told=bar.rows, **settings)
            if declined is not None:
                label = dict(zip(("negative", "positive"), table.schema.labels, strict=False)).get(declined, "CLASS")
                _tell(
                    f"--declined is deprecated and will be removed in the next version: write --adverse {quote(label)}"
                )
            bar.say(f"Auditing {model.name} on {table.name}.")
            if table.without_target:
                bar.say(f"{table.without_target:,} rows without a target are left out.")
            beside = {"counterpart": counterpart}
            used = ti.arguments_used((judged or {}).get("analyses"))  # what none of them reads stays in the bundle
            beside |= {"others": ti.load_others(path)} if "others" in used else {}
            beside |= {"null": ti.load_null(path)} if "null" in used else {}
            told = {"progress": bar.step, "announce": bar.say}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of --declined, in terms of Python
                result = ti.audit(
                    model, table, **beside, seed=seed, rows=rows, declined=declined, **told, **(judged or {})
                )
        result = result.annotate(**(notes or {}))
        run = {
            "started": started.isoformat(timespec="seconds"),
            "seconds": result.run.get("seconds", {}),
            "command": [hidden(one) for one in sys.argv],
            "model": str(path),
            "data": hidden(data),
            "data_sha256": table.file_sha256,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "threads": result.run.get("threads"),
            "jobs": result.run.get("jobs"),
            "device": result.run.get("device"),
        }
        if keep is None and (out / RESUME).exists():
            _tell(f"What an audit that was stopped had kept in {str(out / RESUME)!r} is deleted.")
        report = ti.write_folder(result, out, run, pdf, lang)
    with speaking(lang):
        say(result.in_one_line() if quiet else f"{result}\n{result.findings}", err=True)
    return str(report)


def _keeping(data: str, model: Path, out: Path, how: dict[str, Any], read: Reading) -> Any:
    """Where what is finished is kept; nowhere for rows that are read whole."""
    if ti.in_batches(data, read.query):
        return ti.keeping(out, model, how, resume=read.resume, tell=_tell)
    if read.resume:
        _tell(f"{data!r} is read whole, and nothing of that is kept: begun at the first row.")
    with suppress(FileNotFoundError):
        check_private(out / RESUME)
    return nullcontext()


def _tell(text: str) -> None:
    say(text, err=True)


def _settings(
    target: str | None,
    task: str | None,
    positive: str | None,
    adverse: str | None,
    drop: list[str] | None,
    protected: list[str] | None,
    kind: list[str] | None,
    weight: str | None,
    group: str | None,
    drop_missing_target: bool,
) -> dict[str, Any]:
    """What was said about the table; what was not said is left to the bundle."""
    kinds = {}
    for one in kind or []:
        column, equals, value = one.rpartition("=")
        if not equals:
            raise TabinterpError(f"--kind is COLUMN=KIND, such as SEX=categorical; got {one!r}")
        kinds[column] = value
    said = {
        "target": target,
        "task": task,
        "positive": positive,
        "adverse": adverse,
        "drop": drop,
        "protected": protected,
        "kinds": kinds or None,
        "weight": weight,
        "group": group,
        "drop_missing_target": drop_missing_target or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _options() -> dict[str, str]:
    """Options of the command that is run, by the arguments that they stand for in Python."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    name = next((one for one in sys.argv[1:] if one in commands), None)
    options: dict[str, str] = {}
    for parameter in () if name is None else commands[name].params:
        option = max(parameter.opts, key=len)
        if option.startswith("--"):
            python = NAMED_OTHERWISE.get(parameter.name, parameter.name)
            options[python] = option
    return options


def main() -> None:
    """Run a command; its exit code is one of `ExitCode`, and no error ends in a traceback on the terminal."""
    use_plain_output()
    code: int = ExitCode.PASSED
    with interruptible() as interrupted, speaking_options(_options()):
        try:
            code = app(standalone_mode=False) or ExitCode.PASSED
        except SystemExit:  # typer's, where whoever reads its output has gone
            code = ExitCode.BAD_INPUT
        except (Exception, Interrupted) as error:
            if interrupted.is_set():
                say("interrupted", err=True)
                code = ExitCode.INTERRUPTED
            else:
                code = report_error(error)
    leave_with(code)


def run() -> None:
    """`main` as a process of its own, which does not take itself apart for seconds when it was interrupted."""
    try:
        main()
    except SystemExit as left:
        if left.code == ExitCode.INTERRUPTED:
            leave()
        raise


if __name__ == "__main__":
    run()
