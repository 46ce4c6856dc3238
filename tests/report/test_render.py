"""The report as text: what is in it, what must never be, and that it is always the same."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from functools import cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files

import matplotlib as mpl
import pytest
from markupsafe import Markup

from tabinterp import messages
from tabinterp.analyses.coefficients import section as coefficients
from tabinterp.analyses.disagreement.record import disagreement_sentences
from tabinterp.analyses.gradients import section as gradients
from tabinterp.analyses.performance import section as performance
from tabinterp.analyses.settings import AuditSettings
from tabinterp.analyses.unit_correlations import section as unit_correlations
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.analyses.unit_correlations.section import MOST, UNFOLDED
from tabinterp.document.base import LeftOut
from tabinterp.document.claims import check
from tabinterp.document.document import ColumnLabels, Drawn, Grouping, Interval, WithoutTarget
from tabinterp.document.labels import labelled
from tabinterp.document.message import why
from tabinterp.messages.names import LEFTWARD
from tabinterp.report import contents, svg
from tabinterp.report.blocks import Figure, Fold, Later, Paragraph, Table
from tabinterp.report.contents import chapters
from tabinterp.report.formats.summary import in_one_line, on_a_terminal, verdict_and_counts
from tabinterp.report.html import render, render_summary
from tabinterp.report.sections import method
from tabinterp.report.sections.first_screen import first_screen
from tabinterp.report.words import t
from tests.another_process import digests
from tests.report.anchors import sections
from tests.report.drawing import drawn_from
from tests.report.samples import (
    HOSTILE,
    SAMPLES,
    SCALE,
    Maker,
    binary,
    document,
    nothing,
    scorecard,
    selection_rates,
    widest,
)
from tests.shared import every_nth, once_per_run

LIMIT = 1_500_000
# A page of counts has the figures of one of numbers.
of_each_page = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.nightly] * (name == "count")) for name in SAMPLES]
)


@once_per_run
def page(name: str) -> str:
    return render({**SAMPLES, "widest": widest}[name]())


class Reader(HTMLParser):
    """Tags, attributes, text; and for each figure, the numbers of its marks and the text of its table."""

    VOID = ("meta", "link", "img", "br", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.figures: list[dict[str, list[str]]] = []
        self.words: list[str] = []
        self.cells: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)
        if tag == "figure":
            self.figures.append({"titles": [], "cells": []})

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, f"{tag} closes another element"

    def handle_data(self, data):
        self.words.append(data)
        if self.stack and self.stack[-1] == "td":
            self.cells.append(data)
        if "figure" in self.stack:
            if self.stack[-1] == "title" and "text" not in self.stack:
                self.figures[-1]["titles"].append(data)
            elif self.stack[-1] == "td":
                self.figures[-1]["cells"].append(data)


@cache
def read_page(name: str) -> Reader:
    return Reader(page(name))


@of_each_page
def test_the_page_is_well_formed_and_complete(name):
    html = page(name)
    read = read_page(name)
    assert read.stack == []
    tags = [tag for tag, _ in read.tags]
    assert html.startswith("<!DOCTYPE html>")
    for once in ("h1", "main", "header", "nav", "footer", "style", "script"):
        assert tags.count(once) == 1
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"] for tag, attributes in read.tags if tag in {"a", "use"}}
    assert targets <= {f"#{each}" for each in ids}
    assert all("scope" in attributes for tag, attributes in read.tags if tag == "th")
    assert len(html.encode()) < LIMIT


@of_each_page
def test_nothing_is_loaded_and_nothing_is_styled_in_place(name):
    html = page(name)
    read = read_page(name)
    names = {attribute for _, attributes in read.tags for attribute in attributes}
    assert "style" not in names
    assert "src" not in names
    assert not {attribute for attribute in names if attribute.startswith("on")}
    assert set(re.findall(r"https?://[^\s\"'<]+", html)) <= {"http://www.w3.org/2000/svg"}
    for content in re.findall(r"<style>(.*?)</style>|<script>(.*?)</script>", html, re.DOTALL):
        digest = b64encode(hashlib.sha256("".join(content).encode()).digest()).decode()
        assert f"sha256-{digest}" in html.replace("&#43;", "+")
    assert "default-src &#39;none&#39;" in html


@of_each_page
def test_no_number_has_more_digits_than_it_has_meaning(name):
    body = " ".join(read_page(name).words)
    assert not re.findall(r"\d\.\d{8,}", body)


@of_each_page
def test_every_number_of_a_figure_is_in_its_table(name):
    """A figure of page one has its numbers in a table of a section."""
    read = read_page(name)
    for figure in read.figures:
        assert figure["titles"]
        for title in figure["titles"]:
            value = title.rpartition(": ")[2]
            assert value in (figure["cells"] or read.cells), title


FIGURES = {"binary": 43, "multiclass": 60, "regression": 38, "count": 34, "hostile": 39, "nothing": 0, "all_none": 2}


@of_each_page
def test_figures_are_there(name):
    assert len(read_page(name).figures) == FIGURES[name]


def test_hostile_names_stay_text():
    html = page("hostile")
    read = read_page("hostile")
    tags = [tag for tag, _ in read.tags]
    assert tags.count("script") == 1
    assert "img" not in tags
    words = " ".join(read.words)
    for name in HOSTILE[:5]:
        assert name in words
    assert "\u202e" not in html


def test_names_that_run_leftward_move_nothing_around_them():
    """In a cell a name is alone; in a sentence it stands between marks that set it apart."""
    cell = r"<t[hd][^>]*>(?:<span>)?[^<]*(?:</span>)?</t[hd]>"
    alone = rf"<svg.*?</svg>|<style>.*?</style>|<script>.*?</script>|{cell}|<h[1-4][^>]*>[^<]*</h[1-4]>"
    texts = re.findall(r">([^<]+)<", re.sub(alone, "", page("widest"), flags=re.DOTALL))
    told = [text for text in texts if LEFTWARD.search(text)]
    assert told
    for text in told:
        assert not LEFTWARD.search(re.sub("\u2068[^\u2069]*\u2069", "", text)), text


def test_a_column_named_like_a_token_of_the_figure_keeps_its_own_label():
    svg = re.search(r'<svg[^>]*"figure-importance".*?</svg>', page("hostile"), re.DOTALL)[0]
    texts = [element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("@0@") == 1
    assert "<script>alert(1)</script>" in texts
    assert not [text for text in texts if re.fullmatch(r"@[1-9]\d*@|@axis@", text or "")]


@pytest.mark.parametrize("task", ["regression", pytest.param("binary", marks=pytest.mark.nightly)])
def test_another_process_writes_the_same_bytes(task):
    assert digests(task)["page"] == hashlib.sha256(page(task).encode()).hexdigest()


def test_rendering_leaves_matplotlib_as_it_was(monkeypatch):
    monkeypatch.setattr(contents, "CHAPTERS", contents.CHAPTERS[1:2])
    before = dict(mpl.rcParams)
    assert render(binary()).count("<svg") > 2
    assert dict(mpl.rcParams) == before


class Recorder(dict):
    """A catalogue that remembers which sentences were asked for."""

    def __init__(self, found):
        super().__init__(found)
        self.used = set()

    def __getitem__(self, key):
        self.used.add(key)
        return super().__getitem__(key)


def in_batches(held_out, summed):
    """A document of rows that were read in batches, `summed` of all of them."""
    document = binary()
    metrics = document.performance.metrics
    if "performance" in summed:
        metrics = [metrics[0].model_copy(update={"method": "student"}), *metrics[1:]]
    drawn = Drawn(rows=900, held_out_rows=300 if held_out else None, summed=summed)
    scores = document.performance.model_copy(update={"metrics": metrics, "held_out": held_out})
    unknown = (
        {} if held_out else {"verdict": nothing().verdict, "gain": None, "slices": None, "judged": None, "analyses": {}}
    )
    data = document.data.model_copy(update={"drawn": drawn})
    terms, units = document.coefficients, document.neurons
    if "coefficients" in summed:
        rows = [row if row.level else row.model_copy(update={"network_rows": 10**6}) for row in terms.terms]
        terms = terms.model_copy(update={"terms": rows})
    if "neurons" in summed:
        units = units.model_copy(update={"rows": 10**6})
    own = {"data": data, "performance": scores, "coefficients": terms, "neurons": units}
    return document.model_copy(update=own | unknown)


def many_columns():
    """More than the maps of units show."""
    made = document("regression", names=[f"x{i}" for i in range(MOST + 4)], units=13, levels=2)
    return made.model_copy(update=dict.fromkeys(("together", "trust", "groups", "gain", "table"), None))


def test_maps_of_units_show_the_columns_that_matter_most(undrawn):
    made = many_columns()
    html = render(made)
    section = html[html.index('<section id="neurons"') :]
    maps = "".join(re.findall(r'<table class="heat tall".*?</table>', section, re.DOTALL))
    first, left = (
        [row.column for row in part] for part in (made.importance.columns[:MOST], made.importance.columns[MOST:])
    )
    assert all(f">{name}<" in maps for name in first)
    assert not any(f">{name}<" in maps for name in left)
    assert escape(t("report.neurons.columns", count=MOST, every=MOST + 4), quote=False) in html.replace("&#39;", "'")


def test_maps_of_units_say_which_ranks_they_show_and_by_what():
    made = document("regression", units=UNFOLDED + 3, names=["a", "b", "c", "d"])

    def told(one):
        blocks = unit_correlations.build(one.get(Neurons), one)
        return [b.caption if isinstance(b, Table) else b.summary for b in blocks if isinstance(b, (Table, Fold))]

    assert told(made) == [
        f"Units and columns: units ranked 1 to {UNFOLDED} of 35 by the rise in loss when their output is replaced",
        f"Units ranked {UNFOLDED + 1} to 35 of 35 by the rise in loss when their output is replaced",
    ]
    unknown = [unit.model_copy(update={"ablation": Interval()}) for unit in made.inside.units]
    made = made.model_copy(update={"inside": made.inside.model_copy(update={"units": unknown})})
    assert told(made)[1] == f"Units {UNFOLDED + 1} to 35 of 35 in the order of the layers"


LONG = ("intercept", "linear", "curvature", "pairs")  # refits that a sentence names


def other_verdicts():
    """Documents whose page one says something else: each verdict, each simplest model, and trees without an interval."""
    made = binary()
    reference = made.judged.reference.model_copy(update={"difference": Interval(value=0.1)})
    made = made.model_copy(update={"judged": made.judged.model_copy(update={"reference": reference})})
    for status in ("better", "equivalent", "not_resolved", "not_assessed"):
        yield made.model_copy(update={"verdict": made.verdict.model_copy(update={"status": status})})
    simplest = [(row.rung, 2) for row in made.gain.ladder.rungs]
    for shortest, pairs in (*simplest, ("pairs", 1), (None, 2)):
        found = {"shortest": shortest, "pairs": [f"a × b{i}" for i in range(pairs)]}
        ladder = made.gain.ladder.model_copy(update=found)
        gain = made.gain.model_copy(update={"ladder": ladder})
        for status in ("better", "equivalent"):
            verdict = made.verdict.model_copy(update={"status": status})
            yield made.model_copy(update={"gain": gain, "verdict": verdict, "findings": []})


def test_a_ladder_that_contradicts_the_verdict_is_not_in_the_headline():
    for one in other_verdicts():
        shortest = one.gain.ladder.shortest
        pairs = len(one.gain.ladder.pairs)
        key = f"{shortest}.long.one" if shortest == "pairs" and pairs == 1 else f"{shortest}.long"
        said = t(f"report.strip.rung.{key}", count=pairs) if shortest in LONG else ""
        headline = first_screen(one).verdict
        matched = one.verdict.status == "better" and shortest in ("curvature", "pairs")
        assert ("matches the network" in headline) == matched
        assert not matched or said in headline


def unlike_the_samples():
    """Documents without an adverse class, weighted, of many columns; something left out, withheld, voiding the comparison."""
    made = binary()

    def other(name, **update):
        return made.model_copy(update={name: getattr(made, name).model_copy(update=update)})

    table = made.groups.table
    yield other("data", adverse=None).model_copy(
        update={
            "groups": made.groups.model_copy(
                update={"table": table.model_copy(update={"impact": None, "favourable": None})}
            )
        }
    )
    rows = [row.model_copy(update={"withheld": "raised"}) for row in table.impact.network]
    impact = table.impact.model_copy(update={"network": rows})
    yield other("groups", table=table.model_copy(update={"impact": impact}))
    for way in ("sampling", "frequency", "own", None):
        readings = [one.model_copy(update={"weights": way}) for one in made.method.readings]
        yield other("data", weighted=True).model_copy(
            update={"method": made.method.model_copy(update={"readings": readings})}
        )
    yield other("table", withheld=why("offsupport.few", least=20))
    missed = LeftOut(model="network", method="gradient_x_input", gap=0.2, tolerance=0.01)
    yield made.model_copy(update={"agreement_left_out": [missed]})
    first = made.findings[0].model_copy(update={"status": "raised", "voids": True})
    yield made.model_copy(update={"findings": [first, *made.findings[1:]]})
    card = made.inside.cards[0]
    lines = [line.model_copy(update={"excite": Interval(), "excites": True}) for line in card.profile]
    cards = [card.model_copy(update={"profile": lines}), *made.inside.cards[1:]]
    yield other("inside", cards=cards)
    yield other("reasons", rows_of="all")
    share = Interval(value=0.2, low=0.1, high=0.3)
    for update in (
        {"network_higher": Interval(), "nearly_always_higher": "network"},
        {"network_higher": Interval(), "nearly_always_higher": "linear"},
        {"neither": share},
        {"count": None},
    ):
        part = made.disagreement.model_copy(update=update)
        sentences = disagreement_sentences(part, made.linear.name, made.data.classes[-1])
        yield made.model_copy(update={"disagreement": part.model_copy(update={"sentences": sentences})})
    methods = [one.model_copy(update={"differences": ["age"]}) for one in made.gradients.methods]
    yield other("gradients", methods=methods, disagreement=0.5)
    *others, last = made.performance.metrics
    value = last.difference.value
    for way, difference in (
        ("widened", last.difference),
        ("rule_of_three", last.difference),
        ("withheld", Interval(value=value)),
        ("withheld", Interval()),
    ):
        resolved = last.resolved if difference is last.difference else "no"
        row = last.model_copy(update={"method": way, "difference": difference, "resolved": resolved})
        yield other("performance", metrics=[*others, row])
    yield other("shapley", network=made.shapley.network.model_copy(update={"converged": 1.0}))
    yield other("method", settings={**made.method.settings, "counterpart": "given"})
    yield other("neurons", dropped_units=64)
    yield other("interactions", passed=12, passed_most=0.003)
    yield other("gain", ladder=made.gain.ladder.model_copy(update={"passed": 12}))
    yield other("coefficients", tests=[row.model_copy(update={"vif": 12.0}) for row in made.coefficients.tests])
    card = made.analyses["scorecard"]
    for seed in (1, 2):
        other_card = scorecard(Maker(seed), ["age", "sex", "job"], made.data.classes, seed)
        yield made.model_copy(update={"analyses": {**made.analyses, "scorecard": other_card}})
    names = [f"column {at}" for at in range(60)]
    wide = card.model_copy(update={"columns": [card.columns[0].model_copy(update={"column": name}) for name in names]})
    yield made.model_copy(update={"analyses": {**made.analyses, "scorecard": wide}})
    partly = selection_rates("cleared", "cleared_partly")
    values = {**partly.claim.values, "untold": 3}
    partly = partly.model_copy(update={"claim": partly.claim.model_copy(update={"values": values})})
    yield made.model_copy(update={"findings": [one for one in made.findings if one.slug != partly.slug] + [partly]})


@pytest.mark.nightly
def test_every_sentence_of_the_report_is_used_and_no_other_is_needed(monkeypatch):
    recorder = Recorder(messages.english())
    monkeypatch.setattr(messages, "english", lambda: recorder)
    monkeypatch.setattr(svg, "_exported", lambda _: b'<svg xmlns="http://www.w3.org/2000/svg"/>')  # words, not lines
    drawn = set()  # a figure that is drawn from the same data says the same

    def once(figure):
        data = drawn_from(figure)
        if data is not None and data in drawn:
            return Markup("")
        drawn.add(data)
        return figure.draw()

    monkeypatch.setattr(Later, "__html__", once)

    def build(made):
        """What a page is filled with; the templates say the same of every document."""
        check(made)
        shown = labelled(made)
        return first_screen(shown), chapters(shown)

    tasks = [document(task, names=["a", "b", "c", "d"], units=3, levels=2) for task in ("binary", "multiclass", *SCALE)]
    for made in (*tasks, SAMPLES["nothing"](), SAMPLES["all_none"]()):
        render(made)  # with the words of figures, which are those of larger documents
    for make in SAMPLES.values():
        made = make()
        build(made)
        render_summary(made)
        in_one_line(made)
    every = ["counterpart", "performance", "calibration", "gradients", "coefficients", "neurons", "groups", "drift"]
    for held_out, summed in ((True, every), (False, ["performance"]), (True, [])):
        build(in_batches(held_out, summed))
    build(many_columns())
    selection = selection_rates("cleared", "cleared")
    render(binary().model_copy(update={"findings": [selection, *binary().findings]}), paper=True)
    render(binary(), appendix="none")
    build(binary().model_copy(update={"settings": AuditSettings(date="2026-11-30")}))
    labels = ColumnLabels(column="income", label="Income", levels=[])
    build(binary().model_copy(update={"data": binary().data.model_copy(update={"labels": [labels]})}))
    gappy = binary()
    build(gappy.model_copy(update={"data": gappy.data.model_copy(update={"without_target": WithoutTarget(rows=60)})}))
    for sides in ((60, 40), (20, 20), (None, None)):
        build(in_groups(*sides))
    for one in unlike_the_samples():
        build(one)
    for one in other_verdicts():
        first_screen(one)
    summed = [in_batches(held_out, ["performance"]) for held_out in (True, False)]
    for one in (binary(), SAMPLES["all_none"](), *summed):
        first, *others = one.performance.metrics
        rows = [first.model_copy(update={"rows": 2000 if one in summed else None}), *others]
        for resamples in (0, 1000):  # in documents of this version, and of earlier ones
            told = one.performance.model_copy(update={"resamples": resamples, "metrics": rows})
            performance.build(one.model_copy(update={"performance": told}))
    wanted = {key for key in recorder if key.startswith("report.")}
    assert sorted(wanted - recorder.used) == []


def in_groups(training: int | None, held_out: int | None):
    """Persons, so many of whom have training rows and held-out rows; eight where it is not known who was held out."""
    made, shared = binary(), None if held_out is None else 0
    count = 8 if training is None or held_out is None else training + held_out
    part = Grouping(column="person", groups=count, training=training, held_out=held_out, shared=shared)
    return made.model_copy(update={"data": made.data.model_copy(update={"grouping": part})})


@pytest.mark.parametrize(
    ("sides", "told"),
    every_nth(
        2,
        [
            ((60, 40), ""),
            ((60, 20), "approximate"),
            ((60, 9), "No interval is given"),
            ((None, None), "No interval is given"),
        ],
    ),
)
def test_the_page_says_in_how_many_groups_the_rows_come(sides, told, undrawn):
    page = render(in_groups(*sides))
    assert "clustered by group" in page
    assert told in page
    assert ("fewer than 30 groups" in page.lower()) == (told == "approximate")
    assert ("fewer than 10 groups" in page.lower()) == ("No interval" in told)


def test_the_terminal_shows_raised_findings_and_counts_the_others():
    """The sample raises six, of which the catalogue knows the first; two others passed, and one does not apply."""
    made = binary()
    *lines, others = on_a_terminal(made).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "action required", "action required", "review", "review", "note", "note",
    ]  # fmt: skip
    assert lines[4].startswith(f"note: {messages.english()['check.label-leak.title']} (label-leak). ")
    assert lines[0].startswith("action required: finding-1 (finding-1). ")
    assert others == "Other checks: 2 passed, 1 not applicable."
    line = verdict_and_counts(made)
    assert line == (
        "Verdict: network worse. Findings: 2 action required; 2 review; 2 note. Other checks: 2 passed, 1 not applicable."
    )
    quiet = [one.model_copy(update={"status": "cleared"}) for one in made.findings]
    made = made.model_copy(update={"findings": quiet})
    assert on_a_terminal(made) == f"No findings were raised.\nOther checks: {len(quiet)} passed, 0 not applicable."


def test_templates_hold_no_words():
    for name in ("page.html", "blocks.html", "first_screen.html"):
        source = files("tabinterp.report").joinpath("templates", name).read_text()
        bare = re.sub(r"\{\{.*?\}\}", "", source)
        bare = re.sub(r"\{%.*?%\}|<[^>]*>", " ", bare, flags=re.DOTALL)
        bare = re.sub(r' \w+=("[^"]*")?', " ", bare)
        assert not re.findall(r"[A-Za-z]{2,}", bare)


def test_findings_point_only_to_sections_that_exist():
    """Every section of the page has a title, and nothing else has one."""
    keys = [key.removeprefix("report.section.") for key in messages.english() if key.startswith("report.section.")]
    assert {key for key in keys if not key.endswith(".summary")} == sections()


def test_every_finding_is_listed_once():
    html = page("binary")
    section = html[html.index('<section id="findings"') : html.index('<section id="use"')]
    for finding in binary().findings:
        assert len(re.findall(rf'class="badge">(<span aria-hidden="true">.</span> )?{finding.code} ', section)) == 1


@pytest.mark.parametrize("status", ["raised", "cleared", "not_applicable"])
def test_a_check_that_passed_is_listed_without_the_title_that_names_its_fault(status, undrawn):
    html = render(binary().model_copy(update={"findings": [selection_rates(status, status)]}))
    (item,) = re.findall(r'<li [^>]*id="TI-G01">.*?</li>', html, re.DOTALL)
    assert ("<b>Unequal selection rates.</b>" in item) == (status != "cleared")
    assert ("No group&#39;s selection rate is significantly below" in item) == (status == "cleared")


def test_rows_that_were_perhaps_trained_on_resolve_nothing(undrawn):
    document = binary()
    unknown = document.model_copy(
        update={
            "verdict": nothing().verdict,
            "performance": document.performance.model_copy(update={"held_out": False}),
            "gain": None,
            "slices": None,
            "judged": None,
            "analyses": {},
        }
    )
    html = render(unknown)
    assert "✓ worse" in page("binary")
    assert "✓" not in html


def test_an_empty_section_points_to_the_reasons():
    html = page("nothing")
    empty = messages.text("report.empty", {"section": messages.text("report.section.not-assessed")})
    assert html.count(empty) == 16


def test_a_gap_above_its_tolerance_warns():
    assert page("binary").count("the completeness gap exceeds the tolerance") == 1


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_cells_of_heat_maps_can_be_read():
    css = files("tabinterp.report").joinpath("static/report.css").read_text()
    rules = re.findall(r"\.h(\d+)\{background:(#\w{6});color:(#\w{6})\}", css)
    assert [int(level) for level, _, _ in rules] == [*range(21), *range(21)]
    for _, back, ink in rules:
        low, high = sorted((luminance(back), luminance(ink)))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_the_script_stays_small():
    assert len(files("tabinterp.report").joinpath("static/report.js").read_bytes()) < 10_000


def flat(blocks):
    """Every block, however deep."""
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from flat(block.blocks)
        elif isinstance(block, Figure):
            yield block.table


def tables(blocks, words):
    found = [block for block in flat(blocks) if isinstance(block, Table) and words in block.caption]
    assert found
    return found


def paragraphs(blocks):
    return " ".join(block.text for block in flat(blocks) if isinstance(block, Paragraph))


def column(table, words):
    index = next(i for i, cell in enumerate(table.head) if words in cell.text)
    return [row[index].text for row in table.rows]


def coefficients_of(document):
    return coefficients.build(document.coefficients, document)


def gradients_of(document):
    return gradients.build(document.gradients, document)


def changed(document, part, **updates):
    return document.model_copy(update={part: getattr(document, part).model_copy(update=updates)})


def terms(**updates):
    """A binary document whose first term, a number, is changed."""
    document = binary()
    first, *others = document.coefficients.terms
    return changed(document, "coefficients", terms=[first.model_copy(update=updates), *others])


def test_odds_ratios_of_numbers_are_per_standard_deviation():
    document = terms(sd=2.0, odds_ratio=Interval(value=1.5, low=1.2, high=2.0))
    table = tables(coefficients_of(document), "Terms: estimates")[0]
    assert column(table, "Odds ratio")[0] == "2.25 [1.44, 4.00]"
    assert column(table, "SD (all rows)")[0] == "2.00"
    for row, shown, sd in zip(
        document.coefficients.terms, column(table, "Odds ratio"), column(table, "SD (all"), strict=True
    ):
        if row.level is not None and row.odds_ratio.value is not None:
            assert shown.startswith(messages.number(row.odds_ratio.value))
            assert sd == "–"


def test_a_slope_is_scaled_and_never_called_the_effect_of_a_step():
    blocks = coefficients_of(terms(sd=2.0, network=Interval(value=-0.3, low=-0.4, high=-0.2)))
    figure = next(block for block in flat(blocks) if isinstance(block, Figure))
    assert "not the effect of a change of one SD" in figure.caption
    assert column(figure.table, "Unit of change")[0] == "per SD"
    assert column(figure.table, "Network")[0] == "−0.600 [−0.800, −0.400]"
    assert "+1 SD" not in page("binary")
    assert "Slope × SD, or contrast with the reference level (log-odds)" in figure.svg.__html__()


def test_the_section_names_the_unpenalised_fit():
    blocks = coefficients_of(binary())
    for table in tables(blocks, "Terms: estimates") + tables(blocks, "Terms: slope × SD"):
        assert "Linear, unpenalised [95% CI]" in [cell.text for cell in table.head]
    assert "not comparable with that of the linear fit" in paragraphs(blocks)


def test_a_column_without_a_joint_test_is_said_to_be_not_estimable():
    table = tables(coefficients_of(SAMPLES["all_none"]()), "Joint Wald tests")[0]
    assert set(column(table, "Wald")) == {"– (not estimable)"}
    assert set(column(table, "VIF")) == {"–"}


def test_sizes_have_no_sign_and_no_interval():
    blocks = gradients_of(binary())
    sizes = tables(blocks, "by column: mean absolute value")
    assert len(sizes) == 2
    for table in sizes:
        assert [cell.text for cell in table.head] == [
            "Column",
            "Network mean absolute value",
            "Linear mean absolute value",
        ]
        assert not [cell for row in table.rows for cell in row[1:] if re.search(r"[+−\[]", cell.text)]
    for table in tables(blocks, "signed mean"):
        assert all("[" in cell for cell in column(table, "Network [95%"))


def test_the_same_mean_on_every_row_stands_alone():
    document = binary()
    parts = {row.method: row for row in document.gradients.methods}
    same = Interval(value=0.35145531866475344, low=0.3514553186647531, high=0.3514553186647539)
    rows = [row.model_copy(update={"linear": same}) for row in parts["gradient_x_input"].columns]
    one = parts["gradient_x_input"].model_copy(update={"columns": rows})
    table = tables(gradients_of(changed(document, "gradients", methods=[one])), "signed mean")[0]
    assert set(column(table, "Linear [95%")) == {"+0.351"}


def test_effort_is_told_in_the_words_of_each_method():
    words = paragraphs(gradients_of(binary()))
    for effort in (
        "1 gradient per row.",
        "32 noisy copies of each row.",
        "100 background rows.",
        "at most 2,048 gradients",
    ):
        assert f"4,000 rows, with {effort}" in words
    assert "tolerance –" not in words
    assert "attributions should equal the change in score from the baseline to the row" in words


@of_each_page
def test_numbers_have_one_minus_sign(name):
    html = re.sub(r"<(style|script)>.*?</\1>", "", page(name), flags=re.DOTALL)
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    assert not [cell for cell in cells if re.match(r"[<]?-\d", cell) or re.search(r"\d e?-\d|\[-", cell)]
    assert not re.findall(r"<title>[^<]*: [^<]*-\d[^<]*</title>", html)


def test_settings_are_rounded_and_explained():
    words = dict(method.method(binary())[1].pairs)
    assert words["Setting: margin"] == "0.00512 (smaller differences in the primary metric are treated as negligible)"
    assert words["Setting: rows"].startswith("4000 (maximum number of rows for ")
    assert words["Setting: huge"] == "1e+17"


def test_long_names_are_whole_in_tables():
    table = tables(coefficients_of(SAMPLES["hostile"]()), "Terms: estimates")[0]
    long = next(row[0] for row in table.rows if row[0].text.startswith("x" * 120))
    assert (long.title, long.style) == ("", "n")
