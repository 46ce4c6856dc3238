"""Another language: whole, the same numbers, no English left over, and no effect on anyone who asked for none."""

from __future__ import annotations

import ast
import json
import pickle
import re
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter

import matplotlib as mpl
import polib
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

import tabinterp as ti
from tabinterp import __version__, checks, messages
from tabinterp.analyses import ANALYSES, plots
from tabinterp.auditing.result import judged
from tabinterp.auditing.run_record import code_digest
from tabinterp.cli import commands as cli
from tabinterp.document.canonical import from_bytes, to_bytes
from tabinterp.document.difference import compare_documents
from tabinterp.document.document import Interval, Message
from tabinterp.document.message import why
from tabinterp.errors import LanguageError, NotApplicableError
from tabinterp.messages import catalogue, english
from tabinterp.messages.language import languages, speaking, spoken
from tabinterp.report import contents
from tabinterp.report.html import render, render_changes
from tabinterp.report.sections.difference import as_text
from tabinterp.report.words import counted, date, interval, number, say, share
from tests.honest import light
from tests.report.samples import SAMPLES, binary, nothing
from tests.report.test_render import Reader
from tests.test_architecture import tree

FOLDERS = sorted(Path(messages.__file__).with_name("locale").iterdir())
OTHERS = [folder.name for folder in FOLDERS]


def po(name):
    return polib.pofile(str(Path(messages.__file__).with_name("locale") / name / "LC_MESSAGES" / "tabinterp.po"))


def fields(template):
    """The values a template shows, and from which vocabulary."""
    return {(name, vocabulary) for _, name, vocabulary, _ in Formatter().parse(template) if name is not None}


# ---- catalogues


@pytest.mark.parametrize("name", OTHERS)
def test_every_sentence_is_translated_and_no_other(name):
    own = {key: english for key, english in english().items() if not key.startswith("sample.")}
    found = {entry.msgctxt: entry.msgid for entry in po(name)}
    assert {key: own.get(key) for key in found.keys() ^ own.keys()} == {}, "run `make messages`"
    assert [key for key in own if found[key] != own[key]] == [], "run `make messages`"
    assert catalogue.missing(po(name)) == {}


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_shows_the_same_values(name):
    assert [entry.msgctxt for entry in po(name) if fields(entry.msgstr) != fields(entry.msgid)] == []


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_read_is_what_was_compiled_from_the_translations(name):
    compiled = (Path(messages.__file__).with_name("locale") / name / "LC_MESSAGES" / "tabinterp.mo").read_bytes()
    assert compiled == po(name).to_binary()
    read = GNUTranslations(BytesIO(compiled))
    assert all(read.pgettext(entry.msgctxt, entry.msgid) == entry.msgstr for entry in po(name))


def test_a_changed_sentence_is_english_until_someone_has_looked_at_it():
    old = polib.POFile()
    for key, source, own in (("a", "One.", "Eins."), ("b", "Two.", "Zwei."), ("gone", "Three.", "Drei.")):
        old.append(polib.POEntry(msgctxt=key, msgid=source, msgstr=own))
    new = catalogue.updated(old, {"b": ("Two!", "a number"), "a": ("One.", ""), "c": ("Four.", "")})
    assert [(e.msgctxt, e.msgid, e.msgstr, e.fuzzy) for e in new] == [
        ("b", "Two!", "Zwei.", True),
        ("a", "One.", "Eins.", False),
        ("c", "Four.", "", False),
    ]
    assert [entry.comment for entry in new] == ["a number", "", ""]
    assert catalogue.missing(new) == {"b": "Two!", "c": "Four."}
    read = GNUTranslations(BytesIO(new.to_binary()))
    assert [read.pgettext(e.msgctxt, e.msgid) for e in new] == ["Two!", "Eins.", "Four."]
    again = catalogue.updated(new, {"b": ("Two!", "")})
    assert catalogue.missing(again) == {"b": "Two!"}  # a second run does not take a doubt away
    assert catalogue.missing(catalogue.updated(new, {"b": ("Two!", "")}, {"b": "Zwei!"})) == {}


def test_what_a_reading_is_called_has_a_translation():
    assert [analysis.title for analysis in ANALYSES if f"step.{analysis.title}" not in english()] == []


# What only a caller can meet, who asked for something that there is not: file of the package -> how such texts begin.
ASKED = {
    "auditing/run": ("the counterpart ",),
    "auditing/validate": ("the table ",),
    "analyses/cross_validation/estimator": ("every fold needs",),
    "analyses/decomposition/estimator": ("weighting must be one of",),
    "analyses/drop_column/estimator": ("columns can be dropped only",),  # the one reading that asks goes on without
    "analyses/groups/estimator": ("the threshold must be",),
    "analyses/groups/partition": (" must name protected columns", "unknown reference group "),
    "analyses/trust/estimator": ("the arguments ", " must be at least "),
    "linear/counterpart": (
        "the linear counterpart cannot be fitted",
        "a linear counterpart with a target encoder", "the penalty of the linear counterpart",
    ),
    "analyses/ablation/estimator": ("methods must be", "the hidden units of group", "unknown hidden unit"),
    "analyses/gradients/reference_rows": ("baseline must be",),
    "analyses/maximisation/mahalanobis_ball": ("every budget must be",),
    "analyses/coefficients/estimator": ("Wald tests are", " has no coefficients"),
    "analyses/conductance/estimator": ("baseline must be", "tolerance must be above 0, and"),
    "analyses/display": ("output must be one of",),
    "analyses/effects/estimator": (
        "column ", "output must be one of", "the two curves of", "all rows of a table", " must be at least 2 (the number",
        "scale must be one of",
    ),
    "analyses/shapley_values/explain_row": ("row must be",),
    "analyses/maximisation/diverse_optima": ("number must be",),
    "analyses/permutation_importance/column_clusters": ("threshold must be",),
    "analyses/gradients/estimator": (
        "method must be", "for the method ", "tolerance must be", "background must be", "the background table",
    ),
    "analyses/effects/grids": ("columns must be",),
    "stats/equal_rows": ("unknown column in groups", "each column can be in", "every group must contain"),
    "analyses/interactions/estimator": ("top must be",),
    "models/losses": ("a custom loss", "scale must be one of", "the loss for a "),
    "analyses/maximisation/estimator": ("starts must be", "no hidden units were found"),
    "analyses/maximisation/objectives": ("an objective can only", "a direction must", "share must be"),
    "analyses/maximisation/pareto": ("budgets must be in",),
    "analyses/permutation_importance/estimator": (" must be at least 1; got ", "the AUC cannot be", "all rows must be given"),
    "analyses/plot_specs": ("the two results cannot", "two heat maps", "the plot already shows the linear model"),
    "analyses/hidden_units/probe_rows": ("grid (the number of values per column) must be",),
    "analyses/maximisation/objective_values": (
        "no hidden layers were found", "unknown layer ", "a direction in ", "unknown hidden unit ", "an output can be",
        "unknown output ",
    ),
    "analyses/linear_regions/estimator": (" has no linear regions, ", "the counterpart must be"),  # an audit looks before it asks
    "analyses/shapley_values/estimator": (
        "method must be", "scale must be", "background must be", "tolerance must be", " must be between 1 and ",
        "the background table ", "all rows of the background",
        "exact Shapley values of",
    ),
    "analyses/hidden_units/estimator": ("this result has no first-layer weights",),
}  # fmt: skip


MADE_ELSEWHERE = "table/class_counts"  # raises the message that `too_few_events` made


@cache
def package():
    root = Path(ti.__file__).parent
    return [(path.relative_to(root).with_suffix("").as_posix(), tree(path)) for path in sorted(root.rglob("*.py"))]


def called(node, name):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def opening(text):
    """The first fixed words of a text."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return next((part.value for part in parts if isinstance(part, ast.Constant)), "")


def test_a_reading_that_does_not_apply_says_so_in_words_of_the_catalogue():
    plain, asked = [], {(name, begin) for name, begins in ASKED.items() for begin in begins}
    for name, source in package():
        for node in ast.walk(source):
            if called(node, "NotApplicableError") and not called(node.args[0], "why") and name != MADE_ELSEWHERE:
                begins = [begin for begin in ASKED.get(name, ()) if opening(node.args[0]).startswith(begin)]
                plain += [] if begins else [f"{name}: {ast.unparse(node)}"]
                asked -= {(name, begin) for begin in begins}
    assert plain == [], "give the reason a key why.* in its text.py, or a place in ASKED if no audit can meet it"
    assert asked == set()


def test_a_reason_that_has_a_translation_is_one_that_is_given_with_its_values():
    given = {}
    for _, source in package():
        for node in ast.walk(source):
            if called(node, "why"):
                first = node.args[0]
                for key in [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]:
                    given.setdefault(f"why.{key.value}", set()).add(frozenset(word.arg for word in node.keywords))
    wanted = {key: {frozenset(n for n, _ in fields(text))} for key, text in english().items() if key.startswith("why.")}
    assert given == wanted


def test_a_reason_reads_the_same_as_an_error_in_a_document_and_from_one_saved_before():
    reason = why("gradient", model="logistic regression", opaque=why("opaque.chain.holds", kind="Gelu"))
    error = NotApplicableError(reason)
    english = (
        "logistic regression contains the operator Gelu, which cannot be converted to a torch layer, so its gradients cannot be "
        "computed"
    )
    assert str(error) == english
    assert pickle.loads(pickle.dumps(error)).reason == reason
    fixed = why("some class has no training row")
    notes = [
        Message(key="not_assessed.reading", values={"reading": "gradients", "reason": one})
        for one in (reason, fixed, "some class has no training row")
    ]
    document = nothing().model_copy(update={"not_assessed": notes})
    read = ti.Audit(from_bytes(to_bytes(document)))
    assert read.document == document
    assert english in read.to_html()
    with speaking("ja"):
        assert str(error) == english  # an error is in English wherever it is met
        told = [say(note) for note in read.document.not_assessed]
    assert told[1] == told[2]  # the words that older documents hold are the key of what they are now
    assert not re.search("[a-z]{3,} [a-z]{3,}", " ".join(told[1:]))
    assert "cannot be computed" not in told[0]


# ---- a choice of the render


def words(html):
    """Text, spoken text and titles of a page, in order."""
    read = Reader(re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL))
    shown = ("aria-label", "title", "data-copy", "data-copied", "data-sort", "data-filter", "data-every")
    return [*read.words, *(value for _, found in read.tags for name, value in found.items() if name in shown and value)]


def page(document, lang):
    return ti.Audit(document).to_html(lang=lang)


def short():
    """A document with few figures."""
    parts = ("effects", "together", "shapley", "gain", "trust", "calibration", "judged", "interactions", "inside")
    return binary().model_copy(update=dict.fromkeys(parts))


def test_the_language_is_that_of_the_render_alone(monkeypatch):
    monkeypatch.setattr(contents, "CHAPTERS", contents.CHAPTERS[1:2])  # of eight pages, a chapter with its figures
    document = short()
    english = page(document, "en")
    before = to_bytes(document)
    with speaking("ja"):
        assert ti.Audit(document).to_html() == english  # who names no language gets English, wherever the call stands
        assert spoken() == "ja"
    assert spoken() == "en"
    japanese = page(document, "ja")
    assert '<html lang="en">' in english
    assert '<html lang="ja">' in japanese
    assert to_bytes(document) == before
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda lang: page(document, lang), ["ja", "en"]))
    assert found == [japanese, english]


def test_both_languages_tell_the_same_numbers(undrawn):
    """Every cell of every table, but those that hold words; figures are drawn from these."""
    pages = [Reader(page(short(), lang)) for lang in ("en", "ja")]
    number_of = re.compile(r"^[<+−]?[\d.,]+(e[+−]?\d+)?%?( \[[^\]]*\])?$")
    cells = [[w for w in page.words if number_of.match(w)] for page in pages]
    assert len(cells[0]) > 1000
    assert Counter(cells[0]) == Counter(cells[1])
    tags = [[tag for tag, _ in page.tags] for page in pages]
    assert tags[0] == tags[1]


def test_an_unknown_language_is_refused_with_those_there_are():
    with pytest.raises(LanguageError, match=r"'xx'.*en, ja"):
        page(binary(), "xx")
    assert spoken() == "en"
    assert languages() == ("en", *OTHERS)


def test_a_language_that_writes_numbers_otherwise(monkeypatch):
    german = {
        "language.decimal": ",",
        "language.group": ".",
        "language.percent": "{number} %",
        "language.interval": "{value} [{low}; {high}]",
        "language.date": "{day}.{month}.{year}",
        "language.list": "{before}; {next}",
    }
    monkeypatch.setattr(messages, "translated", german.get)
    assert counted(48842) == "48.842"
    assert (number(1234.5), number(-0.01234), number(2.5e-7)) == ("1.234", "−0,0123", "2,5e−07")
    assert interval(Interval(value=0.5, low=0.25, high=1500.0)) == "0,500 [0,250; 1.500]"
    assert (share(0.1234), date("2026-08-02")) == ("12,3 %", "02.08.2026")
    assert ": a; b." in messages.text("coefficients.note.mixed", {"columns": ["a", "b"]})
    assert messages.text("not_assessed.units", {"count": 12345.0}).endswith(": 12.345.")


def test_days_and_what_is_ours_in_a_label_are_written_as_the_language_does():
    at = {"column": "day", "at": "2020-03-01T00:00:00"}
    assert messages.text("split.date", at) == "By date: rows with “day” on or after 2020-03-01 are held out."
    with speaking("ja"):
        assert "2020年03月01日以降" in messages.text("split.date", at)
        assert messages.level("oslo, (3 more), (missing)") == "oslo, （ほか3水準）, （欠損）"
        assert messages.level("(missing) − (present)") == "（欠損） − （値あり）"
        for name in ("missing", "present", "3 more", "2 levels", "rent (missing)", "(other)"):  # levels of a table
            assert messages.level(name) == name


def test_what_is_translated_of_the_shipped_mapping_stands_in_it():
    source = tomllib.loads(Path(checks.__file__).with_name("evidence").joinpath("evidence.toml").read_text("utf-8"))
    told = {f"instrument.{one['name']}" for one in source["instruments"].values()}
    told |= {f"instrument.version.{one['version']}" for one in source["instruments"].values()}
    told |= {f"instrument.clause.{one['clause']}" for part in source["clause"] for one in part["cited"]}
    assert {key for key in english() if key.startswith("instrument.")} - told == set()


def test_names_of_a_table_are_never_translated():
    values = {"columns": ["mean", "logistic regression", "numeric"]}
    for lang in languages():
        with speaking(lang):
            assert all(name in messages.text("coefficients.note.mixed", values) for name in values["columns"])
            assert messages.word("name", "my own model {x}") == "my own model {x}"


# ---- nothing is left in English


def pseudo(key, english):
    """A language in which every word of the catalogue stands in brackets, and what is put into sentences does not."""
    if key == "language.code":
        return english
    made = ""
    for fixed, name, vocabulary, _ in Formatter().parse(english):
        kept = fixed.replace("{", "{{").replace("}", "}}")
        made += f"⟦{kept}⟧" if re.search("[A-Za-z]", fixed) else kept
        made += "" if name is None else f"{{{name}:{vocabulary}}}" if vocabulary else f"{{{name}}}"
    return made


DATA = {
    "classes", "clause", "column", "columns", "conditioned", "data_digest", "digest_key", "first", "given",
    "group", "high", "instrument",
    "intended_use", "largest", "layer", "least", "level", "levels", "level_name", "library", "limits", "linear_digest", "low",
    "members",
    "model_digest", "name", "of", "output", "pairs", "population", "proxy_of", "reference", "reviewer", "role", "same_as",
    "second", "skipped", "slug", "target", "unit", "unlike", "value", "version", "what", "missing", "method", "equal", "at",
    "code", "favourable", "positive", "protected", "strongest", "row", "cell", "start", "end",
}  # fmt: skip


def names_in(part, own=False):
    """Words that are not ours: names of columns, levels, models, libraries, settings and clauses, digests, what authors wrote."""
    if isinstance(part, str):
        return set(re.findall(r"[A-Za-z]{2,}", part)) if own else set()
    if isinstance(part, dict):
        parts = [
            names_in(value, own or key in DATA or key in ("libraries", "settings", "values"))
            for key, value in part.items()
        ]
        return set().union(*parts, *([names_in(list(part), True)] if own else []))
    return set().union(*(names_in(one, own) for one in part)) if isinstance(part, list) else set()


def left_over(html, allowed):
    found = Counter()
    for told in words(html):
        bare = re.sub(r"⟦[^⟦⟧]*⟧|\w*…\w*", " ", told)  # of a name that was cut, the rest is no word
        found.update(word for word in re.findall(r"[A-Za-z]{2,}", bare) if word not in allowed)
    return found


@pytest.mark.parametrize("name", ["count", pytest.param("binary", marks=pytest.mark.nightly)])
def test_nothing_is_said_outside_of_the_catalogue(monkeypatch, name):
    document = SAMPLES[name]()
    monkeypatch.setattr(messages, "translated", pseudo)
    allowed = names_in(json.loads(to_bytes(document))) | {"TI", "positive", "negative"}
    found = left_over(render(document), allowed)
    assert {word for word in found if len(word) > 2} == set()


def test_two_audits_side_by_side_say_nothing_else(monkeypatch):
    one = short()
    columns = one.importance.columns[1:]
    metrics = [
        row.model_copy(update={"network": Interval(value=9.0, stderr=0.1, low=8.8, high=9.2)})
        for row in one.performance.metrics
    ]
    two = one.model_copy(
        update={
            "importance": one.importance.model_copy(update={"columns": columns}),
            "performance": one.performance.model_copy(update={"metrics": metrics}),
            "verdict": one.verdict.model_copy(update={"status": "not_resolved"}),
            "findings": [f.model_copy(update={"status": "cleared"}) for f in one.findings],
        }
    )
    monkeypatch.setattr(messages, "translated", pseudo)
    allowed = names_in(json.loads(to_bytes(one))) | {"TI"}
    assert left_over(render_changes(one, two), allowed) == Counter()
    terminal = as_text(compare_documents(one, two))
    assert left_over(f"<p>{terminal.replace('<', '&lt;')}</p>", allowed) == Counter()


# ---- commands


@pytest.fixture
def saved(tmp_path):
    document = nothing()
    written = document.method.model_copy(update={"version": __version__, "code_digest": code_digest()})
    document = judged(document.model_copy(update={"method": written}))
    path = tmp_path / "audit.json"
    path.write_bytes(to_bytes(document))
    return path


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["tabinterp", *map(str, arguments)])
    code = 0
    try:
        cli.main()
    except SystemExit as left:
        code = left.code or 0
    return code, *capsys.readouterr()


def test_commands_speak_the_language_that_is_asked_for(saved, monkeypatch, capsys):
    path = saved.with_name("report.html")
    assert run(monkeypatch, capsys, "render", saved, "--out", path, "--lang", "ja")[0] == 0
    assert path.read_text(encoding="utf-8") == ti.Audit.from_json(saved).to_html(lang="ja")
    for command in (["check", saved], ["compare", saved, saved], ["checks"]):
        _, english, _ = run(monkeypatch, capsys, *command)
        _, japanese, _ = run(monkeypatch, capsys, *command, "--lang", "ja")
        assert not re.search("[ぁ-ん]", english)
        assert re.search("[ぁ-ん]", japanese)
    code, _, told = run(monkeypatch, capsys, "render", saved, "--out", path, "--lang", "tlh")
    assert (code, "'tlh'" in told, "en, ja" in told) == (2, True, True)


def test_a_report_in_another_language_is_verified_in_that_language(saved):
    ti.write_folder(light(), saved.parent, {}, lang="ja")
    steps = {step.told.key: step.status for step in ti.verify(saved.parent).steps}
    assert steps["verify.report.ok"] == "ok"
    path = saved.with_name("report.html")
    path.write_text(path.read_text(encoding="utf-8").replace("</main>", "魔法</main>"), encoding="utf-8")
    steps = {step.told.key: step.status for step in ti.verify(saved.parent).steps}
    assert steps["verify.report.changed"] == "failed"


# ---- pictures


def test_names_in_other_scripts_have_a_font(monkeypatch):
    there = font_manager.fontManager.ttflist
    fake = font_manager.FontEntry(fname="none.ttc", name=plots.WIDE[0])
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [*(f for f in there if f.name not in plots.WIDE), fake])
    ax = Figure().add_subplot()
    ax.set_yticks([0, 1], ["年収 (円)", "age"])
    ax.set_xlabel("plain")
    plots.legible(ax)
    wide, plain = ax.get_yticklabels()
    assert wide.get_fontfamily() == [*mpl.rcParams["font.family"], plots.WIDE[0]]
    assert plain.get_fontfamily() == mpl.rcParams["font.family"] == ax.xaxis.label.get_fontfamily()


@pytest.mark.browser  # where there is a browser to look with, there is a font to look at
def test_a_picture_lacks_no_glyph_of_a_japanese_name(recwarn):
    ax = Figure().add_subplot()
    ax.set_yticks([0], ["年収 (円)"])
    plots.legible(ax)
    ax.figure.canvas.draw()
    assert [str(one.message) for one in recwarn if "Glyph" in str(one.message)] == []
