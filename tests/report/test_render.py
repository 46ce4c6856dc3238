"""The report as text: what is in it, what must never be, and that it is always the same."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from base64 import b64encode
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files

import matplotlib as mpl
import pytest

from tabinterp import messages
from tabinterp.report import sections as sections_module
from tabinterp.report.parts import findings
from tabinterp.report.render import render
from tests.report.samples import HOSTILE, SAMPLES, binary, nothing

LIMIT = 1_500_000


@cache
def page(name: str) -> str:
    return render(SAMPLES[name]())


class Reader(HTMLParser):
    """Tags, attributes, text; and for each figure, the numbers of its marks and the text of its table."""

    VOID = ("meta", "link", "img", "br", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.figures: list[dict[str, list[str]]] = []
        self.words: list[str] = []
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
        if "figure" in self.stack:
            if self.stack[-1] == "title" and "text" not in self.stack:
                self.figures[-1]["titles"].append(data)
            elif self.stack[-1] == "td":
                self.figures[-1]["cells"].append(data)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_is_well_formed_and_complete(name):
    html = page(name)
    read = Reader(html)
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


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_is_loaded_and_nothing_is_styled_in_place(name):
    html = page(name)
    read = Reader(html)
    names = {attribute for _, attributes in read.tags for attribute in attributes}
    assert "style" not in names
    assert "src" not in names
    assert not {attribute for attribute in names if attribute.startswith("on")}
    assert set(re.findall(r"https?://[^\s\"'<]+", html)) <= {"http://www.w3.org/2000/svg"}
    for content in re.findall(r"<style>(.*?)</style>|<script>(.*?)</script>", html, re.DOTALL):
        digest = b64encode(hashlib.sha256("".join(content).encode()).digest()).decode()
        assert f"sha256-{digest}" in html.replace("&#43;", "+")
    assert "default-src &#39;none&#39;" in html


@pytest.mark.parametrize("name", SAMPLES)
def test_no_number_has_more_digits_than_it_has_meaning(name):
    body = " ".join(Reader(page(name)).words)
    assert not re.findall(r"\d\.\d{8,}", body)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_number_of_a_figure_is_in_its_table(name):
    figures = Reader(page(name)).figures
    for figure in figures:
        assert figure["titles"]
        for title in figure["titles"]:
            value = title.rpartition(": ")[2]
            assert value in figure["cells"], title


def test_figures_are_there():
    counts = {name: len(Reader(page(name)).figures) for name in SAMPLES}
    assert counts == {"binary": 2, "multiclass": 7, "regression": 2, "hostile": 2, "nothing": 0, "all_none": 0}


def test_hostile_names_stay_text():
    html = page("hostile")
    read = Reader(html)
    tags = [tag for tag, _ in read.tags]
    assert tags.count("script") == 1
    assert "img" not in tags
    words = " ".join(read.words)
    for name in HOSTILE[:5]:
        assert name in words
    assert "\u202e" not in html


def test_a_column_named_like_a_token_of_the_figure_keeps_its_own_label():
    svg = re.search(r"<svg.*?</svg>", page("hostile"), re.DOTALL)[0]
    texts = [element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("@0@") == 1
    assert "<script>alert(1)</script>" in texts
    assert not [text for text in texts if re.fullmatch(r"@[1-9]\d*@|@axis@", text or "")]


def test_another_process_writes_the_same_bytes():
    program = (
        "import sys, matplotlib; matplotlib.rcParams['font.size'] = 31; matplotlib.rcParams['axes.grid'] = True\n"
        "from tests.report.samples import binary; from tabinterp.report.render import render\n"
        "sys.stdout.buffer.write(render(binary()).encode())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=120)
    assert other.stdout == page("binary").encode()


def test_rendering_leaves_matplotlib_as_it_was():
    before = dict(mpl.rcParams)
    render(binary())
    assert dict(mpl.rcParams) == before


class Recorder(dict):
    """A catalogue that remembers which sentences were asked for."""

    def __init__(self, found):
        super().__init__(found)
        self.used = set()

    def __getitem__(self, key):
        self.used.add(key)
        return super().__getitem__(key)


def test_every_sentence_of_the_report_is_used_and_no_other_is_needed(monkeypatch):
    recorder = Recorder(messages.ENGLISH)
    monkeypatch.setattr(messages, "ENGLISH", recorder)
    for make in SAMPLES.values():
        render(make())
    wanted = {key for key in recorder if key.startswith("report.")}
    assert sorted(wanted - recorder.used) == []


def test_templates_hold_no_words():
    for name in ("page.html", "blocks.html"):
        source = files("tabinterp.report").joinpath("templates", name).read_text()
        bare = re.sub(r"\{\{.*?\}\}", "", source)
        bare = re.sub(r"\{%.*?%\}|<[^>]*>", " ", bare, flags=re.DOTALL)
        bare = re.sub(r' \w+="[^"]*"', " ", bare)
        assert not re.findall(r"[A-Za-z]{2,}", bare)


def test_findings_point_only_to_sections_that_exist():
    anchors = [anchor for anchor, _ in sections_module.SECTIONS]
    assert set(findings.ANCHORS) < set(anchors)


def test_every_finding_is_listed_once():
    html = page("binary")
    section = html[html.index('<section id="findings"') : html.index('<section id="performance"')]
    for finding in binary().findings:
        assert section.count(f"</span> {finding.code} ") == 1


def test_rows_that_were_perhaps_trained_on_resolve_nothing():
    document = binary()
    unknown = document.model_copy(
        update={
            "verdict": nothing().verdict,
            "performance": document.performance.model_copy(update={"held_out": False}),
        }
    )
    html = render(unknown)
    assert "✓ worse" in page("binary")
    assert "✓" not in html


def test_an_empty_section_points_to_the_reasons():
    html = page("nothing")
    empty = messages.text("report.empty", {"section": messages.text("report.section.not-assessed")})
    assert html.count(empty) == 5


def test_a_gap_above_its_tolerance_warns():
    assert page("binary").count("the gap is above the tolerance") == 1


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
