"""Names that steer a terminal, reorder text, or are markup: looked for in the bytes of all that the commands print and write."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import unicodedata
import warnings
from pathlib import Path
from xml.etree import ElementTree

import markdown_it
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.auditing.result import judged
from tabinterp.cli import console
from tabinterp.cli.console import progress
from tabinterp.document.canonical import from_bytes
from tabinterp.document.document import ColumnLabels, LevelLabel
from tabinterp.messages.names import plain, terminal
from tests.shared import every_nth

from .models import hostile
from .report.samples import SAMPLES
from .report.samples import document as sample
from .test_architecture import tree
from .test_cli_files import command  # noqa: F401  # a fixture

PACKAGE = Path(__file__).resolve().parent.parent / "tabinterp"
CONTROLS = "\x1b]0;owned\x07\x1b[2J\x9b1m\r\x08\u202e\u2066\u200b\u200e\u061c\ufeff\u00ad\u2028\U000e0041"
MARKUP = (
    "@everyone http://evil.example www.evil.example mailto:a@evil.example #1 [x](javascript:alert) ![i](http://evil.example/i)"
    " <!-- <script>alert(1)</script> <img src=x> `code` | pipe **bold** &lt; \\ $x$ :tada: ~~s~~"
)
NAME = f"=cmd|'/c calc'!A0{CONTROLS}{MARKUP}"
LINES = f"a\n===\n# head\n- item\n> quote\n    code\n```\n1. one\n{NAME}"
ALLOWED = {"\u2068", "\u2069", "\u200d", "\t"}  # around a name that runs from right to left, and closed; between emoji
STEERS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def steering(text: str) -> set[str]:
    """Every control and format character; a line's end is one that is meant."""
    return {char for char in text if char != "\n" and unicodedata.category(char) in STEERS}


OLD = {"\u202eright to left": NAME, "<script>alert(1)</script>": LINES, '"><img src=x onerror=alert(1)>': f"{NAME}2"}


def renamed(part, names):
    if isinstance(part, dict):
        return {name: renamed(one, names) for name, one in part.items()}
    if isinstance(part, list):
        return [renamed(one, names) for one in part]
    return names.get(part, part) if isinstance(part, str) else part


FORMS = ["html", "markdown", "card", "summary", "cyclonedx"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two documents whose names of columns, levels, classes, table and models are hostile; a policy and a mapping that are."""
    place = tmp_path_factory.mktemp("place")
    data = renamed(json.loads(SAMPLES["hostile"]().model_dump_json()), OLD)
    assert json.dumps(data).count(json.dumps(NAME)[1:-1]) > 50
    for name in ("one", "two"):
        ti.Audit(judged(from_bytes(json.dumps(data).encode()))).to_json(place / f"{name}.json")
        data["network"]["name"] = f"{NAME}3"
    return place


def printed(run, *arguments: object) -> str:
    code, out, err = run(*arguments)
    assert code in (0, 1, 2), err
    assert "internal error" not in err
    assert steering(out + err) <= ALLOWED - {"\t"}, arguments
    return out + err


def test_the_documents_are_hostile(place):
    """What data are is kept as it is in the document, which is for programs."""
    found = json.loads((place / "one.json").read_bytes())
    assert steering(found["network"]["name"]) == steering(CONTROLS)


def test_the_record_of_the_run_steers_no_terminal(place, tmp_path, undrawn):
    """Its command, paths and names are those that were given, and are read again as such."""
    run = {"command": [NAME, CONTROLS, "\x9b31m", "日本語", "\udcff"], "data": f"{NAME}.csv"}
    ti.write_folder(ti.Audit.from_json(place / "one.json"), tmp_path / "out", run)
    made = (tmp_path / "out" / "run.json").read_bytes().decode()
    assert steering(made) == set()
    assert "日本語" in made
    assert json.loads(made) == run


@pytest.mark.parametrize(
    ("form", "lang"), [*((form, "en") for form in FORMS), *every_nth(len(FORMS), ((form, "ja") for form in FORMS))]
)
def test_no_view_of_a_document_holds_a_control_character(form, lang, place, tmp_path, command, request):  # noqa: F811
    if lang != "en":
        request.getfixturevalue("undrawn")  # names stand in a figure as they stand in it in English
    no_control_character(form, lang, place, tmp_path, command)


@pytest.mark.nightly
def test_no_figure_in_another_language_holds_a_control_character(place, tmp_path, command):  # noqa: F811
    no_control_character("html", "ja", place, tmp_path, command)


def no_control_character(form, lang, place, tmp_path, command):  # noqa: F811
    printed(command, "render", place / "one.json", "--out", tmp_path / "view", "--format", form, "--lang", lang)
    made = (tmp_path / "view").read_bytes().decode()
    assert steering(made) <= ALLOWED
    assert made.count("\u2068") == made.count("\u2069")
    if form == "cyclonedx":
        assert steering("".join(strings(json.loads(made)))) <= ALLOWED
    if form in ("markdown", "card"):
        nothing_is_live(made)


def strings(part):
    if isinstance(part, dict):
        for name, one in part.items():
            yield name
            yield from strings(one)
    elif isinstance(part, list):
        for one in part:
            yield from strings(one)
    elif isinstance(part, str):
        yield part


def nothing_is_live(text: str, headings: int | None = None) -> None:
    """No link, picture, HTML; and outside of code nothing that GitHub makes a link or a mention of."""
    text = re.sub(r"^---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)  # the front matter of a card
    tokens = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in (*tokens, *inline)}
    assert kinds.isdisjoint(
        {"link_open", "image", "html_inline", "html_block", "fence", "code_block", "blockquote_open"}
    )
    words = "".join(token.content for token in inline if token.type == "text")
    assert not re.search(r"@\w|://|www\.|mailto:|#\d|:tada:|\$x\$", words)
    if headings is not None:
        assert sum(token.type == "heading_open" for token in tokens) == headings


@pytest.mark.parametrize("to_file", [False, True])
@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit", "sarif"])
def test_no_form_of_a_decision_holds_a_control_character(form, to_file, place, tmp_path, command):  # noqa: F811
    out = ("--out", tmp_path / "made") if to_file else ()
    made = printed(command, "check", place / "one.json", "--format", form, *out)
    if to_file:
        made = (tmp_path / "made").read_bytes().decode()
    assert steering(made) <= ALLOWED
    assert "owned" in made or form == "junit"
    if form == "markdown":
        nothing_is_live(made, headings=1)
    if form in ("json", "sarif"):
        found = json.loads(made)
        assert steering("".join(strings(found))) <= ALLOWED
        assert form == "json" or "](" not in "".join(strings(found["runs"][0]["results"]))
    if form == "junit":
        ElementTree.fromstring(made)
    if form == "text":
        lines = made.splitlines()
        assert not [line for line in lines if line.startswith(("===", "# head", "- item", "```"))]


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_no_comparison_holds_a_control_character(form, place, tmp_path, command):  # noqa: F811
    asked = ("compare", place / "one.json", place / "two.json", "--format", form)
    assert "owned" in printed(command, *asked)
    printed(command, *asked, "--out", tmp_path / "made")
    made = (tmp_path / "made").read_bytes().decode()
    assert steering(made) <= ALLOWED
    if form == "json":
        assert steering("".join(strings(json.loads(made)))) <= ALLOWED


def test_no_cell_of_the_evidence_is_a_formula(place, command, tmp_path):  # noqa: F811
    from tabinterp.checks.evidence.clauses import COLUMNS, as_csv  # noqa: PLC0415
    from tabinterp.document.evidence_rows import EvidenceRow  # noqa: PLC0415

    printed(command, "evidence", place / "one.json")
    bad = [NAME, "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\u200b=1", "＝1", "\x00=1"]
    for cell in bad:
        row = dict.fromkeys(EvidenceRow.model_fields, cell)
        made = as_csv([EvidenceRow.model_construct(**row | {"missing": [cell]})])
        assert steering(made) == set()
        rows = [*csv.reader(io.StringIO(made))]
        assert len(rows) == 2
        assert len(rows[1]) == len(COLUMNS)
        assert not [one for one in rows[1] if one.lstrip()[:1] in tuple("=+-@＝")], made


# ---- labels


@pytest.fixture(scope="module")
def with_hostile_labels():
    """A document whose names and codes are harmless, and whose labels are not."""
    document = sample(names=["age", "income", "job", "member"], units=3, levels=3)
    names = [*(column.name for column in document.data.columns), document.data.target]
    levels = [f"level {i}" for i in range(14)] + ["a", "b", "male", "female", *document.data.classes]
    labels = [
        ColumnLabels(
            column=name,
            label=f"{LINES} {i}",
            levels=[LevelLabel(level=level, label=f"{NAME} {j}") for j, level in enumerate(levels)],
        )
        for i, name in enumerate(names)
    ]
    return ti.Audit(judged(document.model_copy(update={"data": document.data.model_copy(update={"labels": labels})})))


@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_label_is_text_in_every_view(form, with_hostile_labels, undrawn_but_named):
    made = with_hostile_labels.view(form).decode()
    assert "owned" in made
    assert steering(made) <= ALLOWED
    if form in ("html", "summary"):
        assert not re.search(r"<script>alert|<img src|<!-- |javascript:alert\)\"|href=\"http://evil", made)
    if form == "cyclonedx":
        assert steering("".join(strings(json.loads(made)))) <= ALLOWED
    if form in ("markdown", "card"):
        nothing_is_live(made)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit", "sarif"])
def test_a_hostile_label_is_text_in_every_form_of_a_decision(form, with_hostile_labels):
    made = ti.format_decision(with_hostile_labels.check(), form)
    assert steering(made) <= ALLOWED
    if form == "markdown":
        nothing_is_live(made, headings=1)
    if form == "junit":
        ElementTree.fromstring(made)
    if form in ("json", "sarif"):
        assert steering("".join(strings(json.loads(made)))) <= ALLOWED


def test_a_hostile_label_is_text_on_the_terminal_and_in_a_notebook(with_hostile_labels, capfd):
    audit = with_hostile_labels
    console.say(f"{audit}\n{audit.findings}")
    assert "owned" in str(audit.findings)
    printed_text = capfd.readouterr()
    assert steering(printed_text.out + printed_text.err) <= ALLOWED
    cell = audit._repr_html_()
    assert steering(cell) <= ALLOWED
    assert not re.search(r"<script>alert|<img src|<!-- ", cell)


# ---- the terminal


def test_errors_and_usage_print_no_control_character(tmp_path, command, monkeypatch):  # noqa: F811
    """Paths, options, columns, levels, and what typer and libraries repeat of them."""
    monkeypatch.chdir(tmp_path)
    bad = CONTROLS.replace("/", "")
    table = pd.DataFrame({f"a{bad}": range(40), f"b{bad}": [f"x{bad}", f"y{bad}"] * 20, "y": [0, 1] * 20})
    path = tmp_path / f"t{bad}.csv"
    table.to_csv(path, index=False)
    model = tmp_path / f"m{bad}.zip"
    ti.save_model(ti.wrap(hostile.estimator()), model)
    for arguments in (
        ("audit", model, "--data", path, "--target", bad, "--out", f"o{bad}"),
        ("audit", model, "--data", path, "--target", f"b{bad}", "--out", f"o{bad}"),
        ("audit", model, "--data", path, "--target", "y", "--out", f"o{bad}", "--seed", bad),
        ("audit", model, "--data", path, "--target", "y", "--out", f"o{bad}", "--kind", bad),
        ("audit", model, "--data", path, "--target", "y", "--out", f"o{bad}", "--drop", bad),
        ("audit", bad, "--data", path, "--target", "y", "--out", f"o{bad}"),
        ("audit", model, "--data", f"x://{bad}", "--target", "y", "--out", f"o{bad}"),
        ("audit", model, "--data", f"sqlite:///{bad}", "--query", bad, "--target", "y", "--out", f"o{bad}"),
        (bad,),
        ("audit", bad, bad),
        (f"--{bad}",),
        ("check", model, f"--{bad}"),
        ("render", bad, "--out", bad),
        ("inspect", model),
        ("inspect", bad),
        ("convert", model, "--out", tmp_path / f"c{bad}"),
        ("train", "--data", path, "--target", f"b{bad}", "--out", tmp_path / f"z{bad}", "--kind", f"y={bad}"),
        ("verify", bad),
        ("sign", bad, "--key", bad),
    ):
        assert len(printed(command, *arguments)) > 10


def test_the_bar_and_warnings_print_no_control_character(monkeypatch, capfd):
    stream = io.StringIO()
    from rich.console import Console  # noqa: PLC0415

    monkeypatch.setattr(
        "rich.console.Console", lambda stderr: Console(file=stream, force_terminal=True, width=200, color_system=None)
    )
    with progress(False) as bar:
        bar.step("counterpart", 0.1)
        bar.say("a line")
        plain_bar = steering(stream.getvalue())
        bar.say(NAME)
        bar.step(NAME, 0.5)
        bar.rows(NAME, 5, 10)
    assert steering(stream.getvalue()) - plain_bar == set()
    assert "\x1b]0" not in stream.getvalue()
    assert "\x1b[2J\x9b" not in stream.getvalue()
    assert "\\x1b]0;owned" in stream.getvalue()
    with warnings.catch_warnings():
        console.use_plain_output()
        warnings.warn(NAME, stacklevel=1)
        warnings.showwarning = warnings._showwarning_orig
    assert steering(capfd.readouterr().err) == set()


def test_everything_is_printed_by_the_console():
    """No module prints by itself, so that nothing passes the filter by."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(tree(path)):
            called = isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute))
            name = ast.unparse(node.func) if called else ""
            if name in ("print", "typer.echo", "typer.secho", "click.echo", "sys.stdout.write", "sys.stderr.write"):
                found.append((path.relative_to(PACKAGE).as_posix(), ast.unparse(node)))
    tools = (
        "messages/catalogue.py",
        "document/canonical.py",
        "checks/manual.py",
    )  # development tools that print the package's own text
    assert sorted(one for one in found if one[0] not in tools) == [
        ("auditing/signals.py", "sys.stderr.write('interrupted\\n')"),
        ("cli/console.py", "typer.echo(terminal(text), err=err)"),
    ]


@pytest.mark.parametrize("function", [plain, terminal])
def test_every_control_character_is_shown(function):
    every = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in STEERS]
    assert len(every) > 2000
    spaces = "\t\n" if function is plain else "\n"
    for char in every:
        if char not in spaces:
            assert steering(function(f"a{char}b")) == set(), hex(ord(char))
    whole = "日本語\u3000é\xa0👨\u200d👩 ن\u200cم \u2068שם\u2069"
    assert function(whole) == whole
