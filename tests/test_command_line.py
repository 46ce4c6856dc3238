"""Help pages, completion and the configuration file of the commands. What the commands do is in `test_cli.py`."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import tabinterp as ti
from tabinterp.cli import commands as cli
from tabinterp.cli import console, help_pages
from tabinterp.cli.config_file import _toml
from tabinterp.exit_codes import ExitCode
from tests.shared import every_nth

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = cli._command().commands


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process: exit code, standard output, standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tabinterp", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return call


def test_the_module_says_its_version():
    said = subprocess.run(
        [sys.executable, "-m", "tabinterp", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert said.stdout == f"tabinterp {ti.__version__}\n"


def test_the_help_page_names_every_exit_code(run):
    code, out, _ = run("--help")
    assert code == 0
    said = re.search(r"Exit codes.*", out, re.DOTALL).group()
    assert {int(number) for number in re.findall(r"\b\d+\b", said)} == {int(one) for one in ExitCode}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_on_a_help_page_can_be_typed(name, run):
    code, out, _ = run(name, "--help")
    shown = [line.strip() for line in out.partition("Examples:\n")[2].splitlines()]
    assert code == 0
    assert shown == COMMANDS[name].epilog.splitlines() != []
    for line in shown:
        program, command, *arguments = shlex.split(line.partition(" > ")[0])
        assert (program, command) == ("tabinterp", name)
        if "--config" not in arguments:  # whose file there is not
            COMMANDS[name].make_context(name, arguments)


@pytest.mark.parametrize("name", ["train", "audit"])
def test_options_stand_in_groups(name, run):
    out = run(name, "--help")[1]
    heads = re.findall(r"^(\S.*):$", out, re.MULTILINE)
    assert heads[-2:] == ["Options", "Examples"]
    assert {help_pages.DATA, help_pages.OUTPUT, help_pages.COMPUTATION} < set(heads)
    first, last = (re.split(r"(?m)^\S.*:$", out)[at] for at in (heads.index(help_pages.DATA) + 1, len(heads) - 1))
    assert re.findall(r"(?m)^  (--\S+)", first)[:2] == ["--data", "--target"]
    assert "--target" not in last
    shown = re.findall(r"^  (--[\w-]+)", out, re.MULTILINE)
    wanted = [
        max(one.opts, key=len) for one in COMMANDS[name].params if one.opts[0].startswith("--") and not one.hidden
    ]
    assert sorted(shown) == sorted([*wanted, "--help"])


@pytest.mark.parametrize(
    ("typed", "at", "offered"),
    every_nth(
        2,
        [
            ("tabinterp ren", 1, "render"),
            ("tabinterp checks label", 2, "label-leak"),
            ("tabinterp audit m --analyses effects,regio", 4, "effects,regional_effects"),
        ],
    ),
)
def test_a_shell_completes(typed, at, offered):
    told = {"_TABINTERP_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(at)}
    program = "import sys; sys.argv[0] = 'tabinterp'; from tabinterp.cli.commands import run; run()"
    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT), **told},
    )
    assert said.stdout.split() == [offered]


# ---- the configuration file

ALL = {
    "model": "m",
    "data": "loans.csv",
    "out": "a folder",
    "drop": ["ID", 'with "quotes"'],
    "kind": ["SEX=categorical"],
    "pdf": True,
    "rows": 500,
    "margin": 0.25,
    "split": "day",
    "split-at": "2024-01-01",
    "costs": "1:5",
    "lang": "ja",
}


def written(path, **values):
    path.write_text("".join(f"{name} = {_toml(value)}\n" for name, value in values.items()), "utf-8")
    return path


def test_options_of_a_file_are_printed_back_and_read_again(run, tmp_path):
    code, out, err = run("audit", "--config", written(tmp_path / "a.toml", **ALL), "--print-config")
    assert (code, err) == (0, "")
    first = tomllib.loads(out)
    assert first.items() >= ALL.items()
    (tmp_path / "b.toml").write_text(out, "utf-8")
    assert run("audit", "--config", tmp_path / "b.toml", "--print-config")[1] == out
    shown = {one.lstrip("-") for one in re.findall(r"--[a-z0-9-]+", run("audit", "--help")[1])}
    assert set(first) - {"model"} <= shown


def test_the_command_line_takes_precedence(run, tmp_path):
    config = written(tmp_path / "a.toml", **ALL)
    out = run("audit", "other", "--config", config, "--rows", 9, "--drop", "X", "--print-config")[1]
    told = tomllib.loads(out)
    assert (told["model"], told["rows"], told["drop"], told["data"]) == ("other", 9, ["X"], "loans.csv")


def test_numbers_and_dates_need_no_quotes(run, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(
        'model = "m"\ndata = "d"\nout = "o"\nsplit = 0.3\nsplit-at = 2024-01-01\ndate = 2026-11-30\ndrop = "ID"\n',
        "utf-8",
    )
    told = tomllib.loads(run("audit", "--config", path, "--print-config")[1])
    assert (told["split"], told["split-at"], told["date"], told["drop"]) == ("0.3", "2024-01-01", "2026-11-30", ["ID"])


def test_an_audit_reads_its_options_from_a_file(run, tmp_path):
    """The model that the file names is what is not found."""
    code, _, err = run("audit", "--config", written(tmp_path / "a.toml", **ALL | {"pdf": False}))
    assert code == ExitCode.BAD_INPUT
    assert "'m'" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dta = 'x'", "unknown option 'dta' in the configuration file .* Did you mean 'data'"),
        ("config = 'x'", "unknown option 'config'"),
        ("help = true", "unknown option 'help'"),
        ("pdf = 'yes'", "'pdf' in the configuration file must be true or false; got 'yes'"),
        ("drop = [1]", r"'drop' in the configuration file must be a list of strings; got \[1\]"),
        ("target = true", "'target' in the configuration file must be a string or a number; got True"),
        ("rows = 'many'", "'--rows'"),
        ("rows = 1", "rows"),
        ("= 1", "cannot be read"),
    ],
)
def test_a_mistake_in_a_file_is_named(text, said, run, tmp_path):
    (tmp_path / "a.toml").write_text(text, "utf-8")
    code, out, err = run("audit", "m", "--data", "d", "--out", "o", "--config", tmp_path / "a.toml", "--print-config")
    assert (code, out) == (ExitCode.BAD_INPUT, "")
    assert re.search(said, err)


def test_a_missing_file_is_named(run, tmp_path):
    code, _, err = run("audit", "--config", tmp_path / "none.toml")
    assert code == ExitCode.BAD_INPUT
    assert "none.toml" in err


def test_passwords_are_not_printed_back(run):
    url = "postgresql://ann:s3cret@host/db"
    out = run("audit", "m", "--data", url, "--query", "select 1", "--out", "o", "--print-config")[1]
    assert "s3cret" not in out
    assert "host/db" in out


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_written_as_toml(text):
    told = tomllib.loads(f"a = {_toml([text])}")["a"]
    assert told == [text] or "***" in told[0]


# ---- the result on a terminal


def test_a_terminal_shows_tables(monkeypatch):
    saved = sorted((ROOT / "reports").glob("*/audit.json"))[0]
    audit, shown = ti.Audit.from_json(saved), StringIO()
    monkeypatch.setattr(console.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("rich.console.Console", lambda stderr: Console(file=shown, width=160))
    console.show_result(audit, quiet=False)
    text = shown.getvalue()
    assert str(audit)[:40] in text
    for row in audit.document.performance.metrics:
        assert f"{row.network.value:.3g}" in text
    raised = audit.findings.frame().query("status == 'raised'")
    assert len(raised) > 0
    assert all(f"({slug})" in text for slug in raised["slug"])
    assert text.count("review") + text.count("note") + text.count("action") >= len(raised)


def test_names_of_a_table_are_no_markup(monkeypatch):
    shown = StringIO()
    Console(file=shown, width=80).print(console._table("[red]t[/red]", [["a", "b"], ["[bold]x[/bold]", "\x1b[31m"]]))
    assert "[bold]x[/bold]" in shown.getvalue()
    assert "[red]t[/red]" in shown.getvalue()
    assert "\x1b[31m" not in shown.getvalue()


def test_without_a_terminal_lines_are_printed(capsys):
    audit = ti.Audit.from_json(sorted((ROOT / "reports").glob("*/audit.json"))[0])
    console.show_result(audit, quiet=False)
    assert capsys.readouterr().err == f"{audit}\n{audit.findings}\n"
    console.show_result(audit, quiet=True)
    assert capsys.readouterr().err == f"{audit.in_one_line()}\n"
