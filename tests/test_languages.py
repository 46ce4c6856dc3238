"""Another language: whole, the same numbers, no English left over, and no effect on anyone who asked for none."""

from __future__ import annotations

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter

import polib
import pytest

from tabinterp import messages
from tabinterp.errors import LanguageError
from tabinterp.messages import ENGLISH, catalogue
from tabinterp.messages.language import languages, speaking, spoken
from tabinterp.report.canonical import to_bytes
from tabinterp.report.document import Interval
from tabinterp.report.render import render
from tabinterp.report.words import counted, date, interval, number, share
from tabinterp.steps import STEPS
from tests.report.samples import SAMPLES, binary
from tests.report.test_render import Reader

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
    own = {key: english for key, english in ENGLISH.items() if not key.startswith("sample.")}
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
    for key, english, own in (("a", "One.", "Eins."), ("b", "Two.", "Zwei."), ("gone", "Three.", "Drei.")):
        old.append(polib.POEntry(msgctxt=key, msgid=english, msgstr=own))
    new = catalogue.updated(old, {"b": "Two!", "a": "One.", "c": "Four."})
    assert [(e.msgctxt, e.msgid, e.msgstr, e.fuzzy) for e in new] == [
        ("b", "Two!", "Zwei.", True),
        ("a", "One.", "Eins.", False),
        ("c", "Four.", "", False),
    ]
    assert catalogue.missing(new) == {"b": "Two!", "c": "Four."}
    read = GNUTranslations(BytesIO(new.to_binary()))
    assert [read.pgettext(e.msgctxt, e.msgid) for e in new] == ["Two!", "Eins.", "Four."]
    again = catalogue.updated(new, {"b": "Two!"})
    assert catalogue.missing(again) == {"b": "Two!"}  # a second run does not take a doubt away
    assert catalogue.missing(catalogue.updated(new, {"b": "Two!"}, {"b": "Zwei!"})) == {}


def test_what_a_reading_is_called_has_a_translation():
    assert [one.name for step in STEPS for one in step.readings if f"step.{one.name}" not in ENGLISH] == []


# ---- a choice of the render


def words(html):
    """Text, spoken text and titles of a page, in order."""
    read = Reader(re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL))
    shown = ("aria-label", "title", "data-copy", "data-copied", "data-sort", "data-filter", "data-every")
    return [*read.words, *(value for _, found in read.tags for name, value in found.items() if name in shown and value)]


def short():
    """A document with few figures."""
    parts = ("effects", "together", "shapley", "gain", "trust", "calibration", "judged", "interactions", "inside")
    return binary().model_copy(update=dict.fromkeys(parts))


def test_the_language_is_that_of_the_render_alone():
    document = short()
    english = render(document)
    before = to_bytes(document)
    with speaking("ja"):
        assert render(document) == english  # who names no language gets English, wherever the call stands
        assert spoken() == "ja"
    assert spoken() == "en"
    japanese = render(document, "ja")
    assert '<html lang="en">' in english
    assert '<html lang="ja">' in japanese
    assert to_bytes(document) == before
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda lang: render(document, lang), ["ja", "en", "ja", "en"]))
    assert found == [japanese, english, japanese, english]


def test_both_languages_tell_the_same_numbers():
    """Every cell of every table, but those that hold words."""
    pages = [Reader(render(binary(), lang)) for lang in ("en", "ja")]
    number_of = re.compile(r"^[<+−]?[\d.,]+(e[+−]?\d+)?%?( \[[^\]]*\])?$")
    cells = [[w for w in page.words if number_of.match(w)] for page in pages]
    assert len(cells[0]) > 3000
    assert Counter(cells[0]) == Counter(cells[1])
    tags = [[tag for tag, _ in page.tags] for page in pages]
    assert tags[0] == tags[1]


def test_an_unknown_language_is_refused_with_those_there_are():
    with pytest.raises(LanguageError, match=r"'xx'.*en, ja"):
        render(binary(), "xx")
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
    assert messages.text("coefficients.note.mixed", {"columns": ["a", "b"]}).endswith(": a; b.")
    assert messages.text("not_assessed.units", {"count": 12345.0}).startswith("12.345 ")


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
    "classes", "clause", "column", "columns", "conditioned", "data_digest", "first", "given", "group", "high", "instrument",
    "intended_use", "largest", "layer", "least", "level", "level_name", "library", "limits", "linear_digest", "low", "members",
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


@pytest.mark.parametrize("name", ["binary", "count"])
def test_nothing_is_said_outside_of_the_catalogue(monkeypatch, name):
    document = SAMPLES[name]()
    monkeypatch.setattr(messages, "translated", pseudo)
    allowed = names_in(json.loads(to_bytes(document))) | {"TI", "positive", "negative"}
    found = left_over(render(document), allowed)
    assert {word for word in found if len(word) > 2} == set()
