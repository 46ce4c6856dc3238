"""The terminal commands train, audit, inspect, convert and demo."""

from __future__ import annotations

import json
import os
import platform
import sys
import tomllib
import warnings
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from shlex import join, quote
from typing import Annotated, Any

import typer

import tabinterp as ti
from tabinterp.atomic_io import LARGEST_TEXT, RESUME, check_private, read_regular
from tabinterp.auditing.signals import Interrupted, interruptible, leave
from tabinterp.errors import TabinterpError, argument, speaking_options
from tabinterp.exit_codes import ExitCode
from tabinterp.file_names import ATTESTATION, AUDIT, BUNDLE, HEADER, NULL, OTHERS, RUN
from tabinterp.messages.language import SOURCE, speaking
from tabinterp.provenance.digest_key import check_outside
from tabinterp.report.formats.weasyprint import printer
from tabinterp.secret_masking import hidden

from . import help_pages
from .config_file import config_text, read_config
from .console import leave_with, progress, report_error, say, show_result, use_plain_output, writing_to
from .finished_audits import EXAMPLES, Lang, Mappings, check, checks, compare, evidence, migrate, render, sign, verify
from .help_pages import examples
from .option_values import Reading, complete_analyses, controls, costs_of, how_of, names_of, split_of

app = typer.Typer(
    name="tabinterp",
    help="Audit neural networks trained on tables, and compare them with linear models.",
    epilog=help_pages.EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Data = Annotated[str, typer.Option("--data", help="CSV (or .csv.gz) or Parquet file.", rich_help_panel=help_pages.DATA)]
Rows = Annotated[
    str,
    typer.Option(
        "--data",
        help="CSV (or .csv.gz) or Parquet file, folder of Parquet files, or URL. With --query: a DuckDB file or a "
        "database URL. A single file of up to 64 MiB (uncompressed) is read into memory at once; all other data are "
        "read in batches.",
        rich_help_panel=help_pages.DATA,
    ),
]
Query = Annotated[
    str | None,
    typer.Option(
        "--query",
        help="SQL query that selects the rows. With --query, --data must be a DuckDB file or a database URL.",
        rich_help_panel=help_pages.DATA,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Column with a unique value in every row of the query result. With this column, --resume can continue the "
        "query after the last saved row.",
        rich_help_panel=help_pages.DATA,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue an interrupted audit whose data are read in batches. Give all other options as in the "
        "interrupted audit.",
        rich_help_panel=help_pages.COMPUTATION,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="Column to predict; by default, the target column stored with the model.",
        rich_help_panel=help_pages.DATA,
    ),
]
Positive = Annotated[
    str | None,
    typer.Option(
        "--positive",
        help="Positive class of a binary target; by default, the last class in sorted order.",
        rich_help_panel=help_pages.DATA,
    ),
]
Adverse = Annotated[
    str | None,
    typer.Option(
        "--adverse",
        help="Adverse class of a binary target: the outcome that harms the person, such as a loan default.",
        rich_help_panel=help_pages.DATA,
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        help=(
            "Type of target: binary, multiclass, regression or count. By default, the type is inferred from the values; count is "
            "never inferred and must be stated."
        ),
        rich_help_panel=help_pages.DATA,
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        "--drop",
        help="Column that the models must not use. Repeatable: --drop A --drop B.",
        rich_help_panel=help_pages.DATA,
    ),
]
Protected = Annotated[
    list[str] | None,
    typer.Option(
        "--protected",
        help="Protected column, such as sex or age. The audit compares the groups of people defined by this column. Repeatable.",
        rich_help_panel=help_pages.DATA,
    ),
]
Kind = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        help="Kind of a column, in the form COLUMN=KIND, instead of the inferred kind. KIND is numeric, categorical, "
        "boolean or ordinal. Repeatable.",
        rich_help_panel=help_pages.DATA,
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="TOML or CSV codebook with labels for columns and levels. The report shows the labels instead of names and "
        "codes.",
        rich_help_panel=help_pages.DATA,
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        help="Column with train/test labels or with dates, or the share of rows to hold out (between 0 and 1). With dates, "
        "approximately the latest 25% of the rows are held out, unless --split-at is given.",
        rich_help_panel=help_pages.DATA,
    ),
]
SplitAt = Annotated[
    str | None,
    typer.Option(
        "--split-at",
        help="First date to hold out, such as 2024-01-01. Rows with this date or a later date are held out. Requires --split "
        "with a column of dates. By default, approximately the latest 25% of the rows are held out, and the first held-out date "
        "is the start of a day, week, month, quarter or year.",
        rich_help_panel=help_pages.DATA,
    ),
]
Weight = Annotated[
    str | None, typer.Option("--weight", help="Column of sampling weights.", rich_help_panel=help_pages.DATA)
]
Group = Annotated[
    str | None,
    typer.Option(
        "--group",
        help="Column that identifies dependent rows, such as a person's ID. Rows with the same value stay together when "
        "rows are divided at random.",
        rich_help_panel=help_pages.DATA,
    ),
]
DropMissingTarget = Annotated[
    bool,
    typer.Option(
        "--drop-missing-target",
        help="Leave out rows in which the target is missing, and report their number.",
        rich_help_panel=help_pages.DATA,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace the output of an earlier run of this command. No other files are changed.",
        rich_help_panel=help_pages.OUTPUT,
    ),
]
Out = Annotated[Path, typer.Option("--out", help="Output folder.", rich_help_panel=help_pages.OUTPUT)]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed.", rich_help_panel=help_pages.COMPUTATION)
]
DigestKey = Annotated[
    Path | None,
    typer.Option(
        "--digest-key",
        help="File with a secret key. The audit uses the key to compute a digest of each column, and stores the digests. With "
        "the key, `tabinterp verify` can then find the columns in which the data were changed. The file is created if it does "
        "not exist, and must be outside the output folder.",
        rich_help_panel=help_pages.OUTPUT,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device", help="Device on which the network runs: cpu or cuda.", rich_help_panel=help_pages.COMPUTATION
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", help="Show no progress, and print the result on one line.", rich_help_panel=help_pages.OUTPUT
    ),
]

Architecture = Annotated[
    Path | None,
    typer.Option(
        "--architecture",
        help="JSON file that describes the layers of the network; needed if the model is a weights file.",
        rich_help_panel=help_pages.MODEL,
    ),
]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="Encoder that converts table rows to the inputs of the network, for an ONNX file or a weights file: a .skops file, "
        "or passthrough if the network reads the numeric columns unchanged.",
        rich_help_panel=help_pages.MODEL,
    ),
]
UnsafePickle = Annotated[
    bool,
    typer.Option(
        "--unsafe-pickle",
        help="Load a pickle file, which runs the code that the file contains. Use this option only for files that you trust. It "
        "requires --sha256.",
        rich_help_panel=help_pages.MODEL,
    ),
]
Sha256 = Annotated[
    str | None,
    typer.Option(
        "--sha256",
        help="Expected SHA-256 of the model file. A file with a different digest is not loaded.",
        rich_help_panel=help_pages.MODEL,
    ),
]


def _version(given: bool) -> None:
    if given:
        say(f"tabinterp {ti.__version__}")
        raise typer.Exit()


Version = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        is_eager=True,
        callback=read_config,
        help='TOML file with options, such as target = "default", drop = ["ID"] or pdf = true. Options on the command '
        "line take precedence.",
    ),
]
PrintConfig = Annotated[
    bool,
    typer.Option("--print-config", help="Print all options as a TOML file for --config, without running the command."),
]


NAMED_OTHERWISE = {"kind": "kinds"}  # options whose argument in Python has another name
DEMO = "default_of_credit_card_clients"


@app.callback()
def _of_all_commands(version: Version = False) -> None:
    """Audit neural networks trained on tables, and compare them with linear models."""


@app.command(
    **examples(
        "tabinterp train --data loans.csv --target default --positive 1 --adverse 1 --drop ID --protected SEX --out model",
        "tabinterp train --data visits.parquet --target cost --group patient --split year --out model --seeds 5",
    )
)
def train(
    data: Data,
    target: Annotated[str, typer.Option("--target", help="Column to predict.", rich_help_panel=help_pages.DATA)],
    out: Out,
    task: Task = None,
    positive: Positive = None,
    adverse: Adverse = None,
    drop: Drop = None,
    protected: Protected = None,
    kind: Kind = None,
    labels: Labels = None,
    split: Split = None,
    split_at: SplitAt = None,
    weight: Weight = None,
    group: Group = None,
    drop_missing_target: DropMissingTarget = False,
    seed: Seed = 0,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds",
            min=1,
            max=1000,
            help="Number of networks to train, each with its own seed. `tabinterp audit` audits the first network, and compares "
            "the other networks with it.",
            rich_help_panel=help_pages.COMPUTATION,
        ),
    ] = 1,
    null: Annotated[
        bool,
        typer.Option(
            "--null",
            help="Also train a network on permuted labels. The audit compares the column rankings of this network with those of "
            "the audited model.",
            rich_help_panel=help_pages.COMPUTATION,
        ),
    ] = False,
    overwrite: Overwrite = False,
    device: Device = "cpu",
    quiet: Quiet = False,
) -> None:
    """Train a reference network and its linear counterpart.

    Writes both models to a bundle, which is a folder that can be loaded without running code. The bundle also records which rows
    are held out.
    """
    if out.suffix.lower() == ".zip":
        raise TabinterpError(
            f"{argument('out')} must be a folder for `tabinterp train`; got {str(out)!r}. To get a single .zip "
            "file, run `tabinterp convert` on the folder afterwards"
        )
    settings = _settings(
        target, task, positive, adverse, drop, protected, kind, labels, weight, group, drop_missing_target
    )
    _train(data, settings, split_of(split), out, seed, seeds, null, quiet, device, overwrite, split_at)
    if not quiet:
        _tell(f"To audit the network: {join(('tabinterp', 'audit', str(out), '--data', data, '--out', 'audit'))}")
    say(str(out))


@app.command(
    **examples(
        "tabinterp audit model --data loans.csv --out audit",
        "tabinterp audit model.skops --data loans.csv --target default --adverse 1 --split split --out audit --pdf",
        "tabinterp audit model --data loans.csv --out audit --analyses permutation_importance,effects",
        "tabinterp audit model --data loans.csv --out audit --print-config > audit.toml",
        "tabinterp audit --config audit.toml --seed 1 --out audit-1",
    )
)
def audit(
    ctx: typer.Context,
    model: Annotated[
        Path,
        typer.Argument(
            help="Model to audit: a bundle (folder or .zip file), a .skops file, an ONNX file, or a weights file (safetensors or "
            "torch state dict)."
        ),
    ],
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
    labels: Labels = None,
    split: Split = None,
    split_at: SplitAt = None,
    weight: Weight = None,
    group: Group = None,
    drop_missing_target: DropMissingTarget = False,
    architecture: Architecture = None,
    encoder: Encoder = None,
    unsafe_pickle: UnsafePickle = False,
    sha256: Sha256 = None,
    analyses: Annotated[
        str | None,
        typer.Option(
            "--analyses",
            autocompletion=complete_analyses,
            help="Comma-separated names of the analyses to run; by default, all. Other analyses that these depend on are "
            "run as well.",
            rich_help_panel=help_pages.ANALYSES,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            min=1,
            help="Number of analyses to run in parallel; by default, one per core and at most 4.",
            rich_help_panel=help_pages.COMPUTATION,
        ),
    ] = None,
    rows: Annotated[
        int,
        typer.Option(
            "--rows",
            min=2,
            max=2**31 - 1,
            help="Maximum number of rows used by analyses that evaluate the network many times.",
            rich_help_panel=help_pages.ANALYSES,
        ),
    ] = 20_000,
    all_rows: Annotated[
        bool,
        typer.Option(
            "--all-rows",
            help="If the data are read in batches, compute permutation importance and effect curves on all rows instead of a "
            "sample of the rows.",
            rich_help_panel=help_pages.ANALYSES,
        ),
    ] = False,
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget",
            min=1,
            max=2**31 - 1,
            help="Maximum number of predictions that the whole audit may request from a model whose layers tabinterp cannot "
            "read. The default is 400,000 or 32 times the number of rows, whichever is larger. With a smaller number, the audit "
            "is faster and its intervals are wider.",
            rich_help_panel=help_pages.ANALYSES,
        ),
    ] = None,
    declined: Annotated[
        str | None, typer.Option("--declined", help="Deprecated; use --adverse CLASS.", hidden=True)
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            help="TOML file with text for the model card, under keys such as intended_use and limits.",
            rich_help_panel=help_pages.OUTPUT,
        ),
    ] = None,
    mapping: Mappings = None,
    seed: Seed = 0,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            help="Differences in loss below this margin are treated as negligible. By default, 1% of the loss of a constant "
            "prediction (the base rate or mean).",
            rich_help_panel=help_pages.ANALYSES,
        ),
    ] = None,
    costs: Annotated[
        str | None,
        typer.Option(
            "--costs",
            help="Costs of a false positive and of a false negative, in the form FP:FN, such as 1:5.",
            rich_help_panel=help_pages.DECISIONS,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            help=(
                "Probability above which a row is predicted positive. By default, the value implied by --costs, or 0.5 without "
                "costs."
            ),
            rich_help_panel=help_pages.DECISIONS,
        ),
    ] = None,
    control: Annotated[
        list[str] | None,
        typer.Option(
            "--control",
            help="Reference group of a protected column, in the form COLUMN=GROUP; by default, the largest group. Repeatable.",
            rich_help_panel=help_pages.DECISIONS,
        ),
    ] = None,
    constraints: Annotated[
        Path | None,
        typer.Option(
            "--constraints",
            help="TOML file with the expected directions and valid ranges of columns, and the columns that people can change.",
            rich_help_panel=help_pages.DECISIONS,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            help="Engine that computes sums over rows read in batches: local (this process) or dask (a Dask cluster).",
            rich_help_panel=help_pages.COMPUTATION,
        ),
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            help="Address of the scheduler of a Dask cluster that you trust: tls://HOST:PORT or tcp://HOST:PORT. By "
            "default, the Dask engine starts a cluster on this machine.",
            rich_help_panel=help_pages.COMPUTATION,
        ),
    ] = None,
    device: Device = "cpu",
    digest_key: DigestKey = None,
    date: Annotated[
        str | None,
        typer.Option(
            "--date",
            help="Date of the audit to show in the report, such as 2026-11-30.",
            rich_help_panel=help_pages.OUTPUT,
        ),
    ] = None,
    pdf: Annotated[
        bool,
        typer.Option(
            "--pdf",
            help="Also write report.pdf. Requires the packages installed by: pip install 'tabinterp[pdf]'.",
            rich_help_panel=help_pages.OUTPUT,
        ),
    ] = False,
    lang: Lang = SOURCE,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    config: Config = None,
    print_config: PrintConfig = False,
) -> None:
    """Audit a network and compare it with its linear counterpart.

    Writes report.html, audit.json, run.json and SHA256SUMS to the output folder.
    """
    if print_config:
        say(config_text(ctx))
        return
    if pdf:
        printer()  # report a missing library before the audit, not after it
    if digest_key is not None:
        check_outside(digest_key, out)
    asked = _settings(
        target, task, positive, adverse, drop, protected, kind, labels, weight, group, drop_missing_target
    )
    asked["split_at"] = split_at
    how = how_of(architecture, encoder, unsafe_pickle, sha256)
    judged: dict[str, Any] = {"budget": budget, "margin": margin, "costs": costs_of(costs), "threshold": threshold}
    judged |= {
        "all_rows": all_rows,
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
            f"--engine dask is only for data that are read in batches, but the file {data!r} is small enough to be read "
            "at once. Leave out --engine dask, or store the data as a folder of Parquet files and give that folder as "
            "--data"
        )
    with ti.engine_of(engine, scheduler) as sums:
        say(_audit(*run, judged | {"engine": sums}, notes, pdf, lang, Reading(query, key, resume), overwrite, declined))


@app.command(**examples("tabinterp inspect model.skops", "tabinterp inspect model.onnx --json"))
def inspect(
    model: Annotated[Path, typer.Argument(help="Bundle or model file to inspect.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show what a model file contains, and whether it is safe to load.

    The output lists the code that loading the file would run.

    The exit code is 0 if the file is safe, and 2 otherwise.
    """
    found = ti.inspect_model(model)
    say(json.dumps(found.to_dict(), indent=1, ensure_ascii=True) if as_json else str(found))
    if not found.safe:
        raise typer.Exit(ExitCode.BAD_INPUT)


@app.command(
    **examples(
        "tabinterp convert model.skops --out model.zip",
        "tabinterp convert weights.safetensors --architecture layers.json --encoder encoder.skops --out model",
    )
)
def convert(
    model: Annotated[
        Path,
        typer.Argument(
            help="Model file: a .skops file, a weights file (safetensors or torch state dict), or a pickle that you trust."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder or .zip file to write the bundle to.")],
    architecture: Architecture = None,
    encoder: Encoder = None,
    unsafe_pickle: UnsafePickle = False,
    sha256: Sha256 = None,
    overwrite: Overwrite = False,
) -> None:
    """Convert a model file to a bundle. Loading a bundle runs no code."""
    loaded = ti.load_model(model, **how_of(architecture, encoder, unsafe_pickle, sha256))
    held = {"counterpart": ti.load_counterpart(model), "table": ti.table_settings(model)}
    if out.suffix.lower() == ".zip":
        _check_bundle(out, overwrite)
        say(str(ti.save_model(loaded, out, **held)))
        return
    with writing_to(out, BUNDLE, overwrite=overwrite):
        say(str(ti.save_model(loaded, out, **held)))


def _check_bundle(path: Path, overwrite: bool) -> None:
    """Raise an error if the output file exists, unless it is a bundle and `overwrite` is true."""
    if not os.path.lexists(path):
        return
    if not overwrite:
        raise TabinterpError(
            f"the output file {str(path)!r} already exists. Use --overwrite to replace the file, or name another file"
        )
    if ti.inspect_model(path).format != "bundle":
        raise TabinterpError(
            f"the existing file {str(path)!r} is not a bundle, so it will not be replaced. Specify another output file"
        )


for command in (render, checks, check, sign, verify, compare, evidence, migrate):
    app.command(**examples(*EXAMPLES[command.__name__]))(command)


@app.command(**examples("tabinterp demo", "tabinterp demo --out first-audit"))
def demo(out: Out = Path("demo"), seed: Seed = 0, quiet: Quiet = False) -> None:
    """Train and audit a network on a bundled table of credit card defaults.

    Writes the audit to the output folder, and the model to a second folder with the same name and the suffix -model. Prints the
    path of the report. Existing files are replaced only if an earlier demo wrote them.
    """
    folder = files("tabinterp.datasets")
    entry = tomllib.loads(folder.joinpath("tables.toml").read_text(encoding="utf-8"))[DEMO]
    data = str(folder.joinpath(entry["file"]))
    settings = {name: entry[name] for name in ("target", "positive", "adverse", "drop", "protected", "kinds")}
    settings["labels"] = ti.codebook(str(folder.joinpath(entry["labels"]))).plain()
    audited = out.absolute()
    model = audited.with_name(f"{audited.name}-model")
    of_audit, of_model = (found or None for found in (_is_audit_of_demo(audited), _is_model_of(model, settings)))
    with writing_to(out, AUDIT, overwrite=of_audit):  # check the folder before any work
        _train(data, settings, None, model, seed, 1, False, quiet, overwrite=of_model)
        say(_audit(model, data, {}, None, out, 20_000, seed, quiet, overwrite=of_audit))


def _is_audit_of_demo(folder: Path) -> bool:
    """Return whether a folder contains an audit that was written by `demo` and is not signed."""
    command = _json(folder / RUN).get("command")
    return isinstance(command, list) and command[1:2] == ["demo"] and not os.path.lexists(folder / ATTESTATION)


def _is_model_of(folder: Path, settings: dict[str, Any]) -> bool:
    """Return whether a folder contains a bundle as written by `demo`: a single network, trained on the table of the demo."""
    table = _json(folder / HEADER).get("table")
    read = {name: value for name, value in table.items() if value is not None} if isinstance(table, dict) else {}
    same = "target" in read and all(settings.get(name) == value for name, value in read.items())
    return same and not any(os.path.lexists(folder / part) for part in (OTHERS, NULL))


def _json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, or an empty dictionary if the file does not contain a JSON object."""
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
    split_at: str | None = None,
) -> None:
    with writing_to(out, BUNDLE, overwrite=overwrite):
        table = ti.read_table(data, split=split, split_at=split_at, seed=seed, **settings)
        with progress(quiet) as bar:
            bar.say(f"Read {len(table):,} rows and {len(table.schema.inputs)} input columns of {table.name}.")
            trained = ti.train(table, seed=seed, seeds=seeds, null=null, progress=bar.step, device=device)
        first, *others = trained.networks
        beside = {"counterpart": trained.counterpart, "others": others, "null": trained.null}
        ti.save_model(first, out, table=settings, rows=trained.table, **beside)
    if not quiet:
        losses = ", ".join(f"{loss:.4f}" for loss in trained.validation_loss)
        say(f"{_rows_of(trained)}\nValidation loss: {losses}.", err=True)


def _rows_of(trained: Any) -> str:
    """Return a sentence that states how many rows were used for training and early stopping, and how many are held out."""
    table = trained.table
    left_out = table.without_target or 0
    parts = [
        f"Trained on {trained.training_rows:,} of {len(table) + left_out:,} rows",
        f"{trained.validation_rows:,} used for early stopping",
        f"{int(table.held_out.sum()):,} held out",
        *([f"{left_out:,} left out (missing target)"] if left_out else []),
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
        raise TabinterpError(
            "the target column is unknown, because the model does not record which column it predicts. Specify the target "
            f"column with {argument('target')}"
        )
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
                    "--declined is deprecated and will be removed in the next version. Use --adverse "
                    f"{quote(label)} instead"
                )
            bar.say(f"Auditing {model.name} on {table.name}.")
            if isinstance(split, float) and model.split is None:
                bar.say(
                    "The held-out rows were drawn for this audit, and the model does not record its training rows. If the "
                    "network was trained on some of the held-out rows, its performance is overstated. If a column states which "
                    f"rows were held out from training, name it with {argument('split')}."
                )
            if table.without_target:
                bar.say(f"Leaving out {table.without_target:,} rows in which the target is missing.")
            beside = {"counterpart": counterpart}
            used = ti.arguments_used((judged or {}).get("analyses"))  # models that no analysis uses are not loaded
            beside |= {"others": ti.load_others(path)} if "others" in used else {}
            beside |= {"null": ti.load_null(path)} if "null" in used else {}
            told = {"progress": bar.step, "announce": bar.say}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # about declined=, for users of Python
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
            _tell(f"The saved state of an interrupted audit in {str(out / RESUME)!r} was deleted.")
        report = ti.write_folder(result, out, run, pdf, lang)
    with speaking(lang):
        show_result(result, quiet)
    return str(report)


def _keeping(data: str, model: Path, out: Path, how: dict[str, Any], read: Reading) -> Any:
    """Return a context manager within which the audit saves checkpoints. If the table is not read in batches, no checkpoints are
    saved.
    """
    if ti.in_batches(data, read.query):
        return ti.keeping(out, model, how, resume=read.resume, tell=_tell)
    if read.resume:
        _tell(
            f"--resume has no effect, because {data!r} is not read in batches and no state is saved for it. The audit "
            "starts from the beginning."
        )
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
    labels: Path | None,
    weight: str | None,
    group: str | None,
    drop_missing_target: bool,
) -> dict[str, Any]:
    """Return the given options for reading the table. The bundle supplies all other options."""
    kinds = {}
    for one in kind or []:
        column, equals, value = one.rpartition("=")
        if not equals:
            raise TabinterpError(f"--kind must have the form COLUMN=KIND, such as SEX=categorical; got {one!r}")
        kinds[column] = value
    said = {
        "target": target,
        "task": task,
        "positive": positive,
        "adverse": adverse,
        "drop": drop,
        "protected": protected,
        "kinds": kinds or None,
        "labels": None if labels is None else ti.codebook(labels).plain(),
        "weight": weight,
        "group": group,
        "drop_missing_target": drop_missing_target or None,
    }
    return {name: value for name, value in said.items() if value is not None}


@cache
def _command() -> Any:
    """Return the command of `app`. It is cached, because building it takes longer than many commands take to run."""
    return typer.main.get_command(app)


def _options() -> dict[str, str]:
    """Return a mapping from Python arguments to the options of the running command."""
    commands = getattr(_command(), "commands", {})
    name = next((one for one in sys.argv[1:] if one in commands), None)
    options: dict[str, str] = {}
    for parameter in () if name is None else commands[name].params:
        option = max(parameter.opts, key=len)
        if option.startswith("--"):
            python = NAMED_OTHERWISE.get(parameter.name, parameter.name)
            options[python] = option
    return options


def main() -> None:
    """Run the command in `sys.argv`, and exit with a code from `ExitCode`. Errors are shown without a traceback."""
    use_plain_output()
    code: int = ExitCode.PASSED
    with interruptible() as interrupted, speaking_options(_options()):
        try:
            code = _command()(standalone_mode=False) or ExitCode.PASSED
        except SystemExit:  # raised by typer when the reader of its output has closed the pipe
            code = ExitCode.BAD_INPUT
        except (Exception, Interrupted) as error:
            if interrupted.is_set():
                say("interrupted", err=True)
                code = ExitCode.INTERRUPTED
            else:
                code = report_error(error)
    leave_with(code)


def run() -> None:
    """Run `main` as the entry point of a process. After an interrupt, end the process immediately."""
    try:
        main()
    except SystemExit as left:
        if left.code == ExitCode.INTERRUPTED:
            leave()
        raise


if __name__ == "__main__":
    run()
