"""Conversion of a Matplotlib figure to compact SVG markup. The markup has unique ids and no inline styles. All text is in text
elements.

Matplotlib writes `style` attributes, which the page's Content-Security-Policy forbids. They are converted to presentation
attributes, which the page's style sheet can recolour for dark screens. Names of columns are not passed to Matplotlib. It would
treat `$` as mathematics and warn about every glyph that its font does not contain. Instead, Matplotlib draws a token, which this
module replaces with the name.
"""

from __future__ import annotations

import io
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial, wraps
from typing import Literal, ParamSpec
from xml.etree import ElementTree as ET

from markupsafe import Markup
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from tabinterp.report.blocks import Later
from tabinterp.report.ticks import replace_ticks

SVG = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"
MARKS = "marks-"  # start of the gid of a line that draws marks; the mark with index i gets the id "<gid>-<i>"
EDGE = 2.0  # distance in pixels from the edge of a clipping rectangle at which a line is not clipped
STRAIGHT, NUMBER = re.compile(r"[ML][ML\d. -]*"), re.compile(r"-?\d*\.?\d+")
KEPT = {"fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity", "stroke-opacity", "opacity"}
KEPT_FOR_TEXT = {"fill", "font-size", "font", "text-anchor"}
LONG = re.compile(r"-?\d+\.\d{2,}")
AROUND = re.compile(r"\s*([A-Za-z])\s*")  # the letter of a path's command
REFERENCE = re.compile(r"url\(#([^)]+)\)")

P = ParamSpec("P")


def later(draw: Callable[P, Markup]) -> Callable[P, Later]:
    """Decorate a drawing function: make it return a `Later` figure, which is drawn only when the page is rendered."""

    @wraps(draw)
    def asked(*args: P.args, **kwargs: P.kwargs) -> Later:
        return Later(partial(draw, *args, **kwargs))

    return asked


@dataclass(frozen=True, slots=True)
class Label:
    """A text in a figure: the text shown, and the full text if the text shown is shortened."""

    text: str
    whole: str = ""


def markup(
    figure: Figure,
    figure_id: str,
    aria: str,
    labels: Mapping[str, Label],
    titles: Mapping[str, str],
) -> Markup:
    """Return the figure as an `<svg>` element.

    `labels` maps each drawn token to the text that replaces it. `titles` maps the gid of an element, or the id of a mark, to the
    text shown when the reader hovers over it.
    """
    replace_ticks(figure)
    root = ET.fromstring(_exported(figure))
    _drop(root, "metadata", "style")
    _name(root, figure, figure_id, aria)
    for element in list(root.iter()):
        gid = element.get("id", "")
        if gid.startswith(MARKS):
            for index, one in enumerate(element.iter(f"{{{SVG}}}use")):
                one.set("id", f"{gid}-{index}")
        _restyle(element)
        _relabel(element, labels)
        if gid in titles:
            title = ET.Element(f"{{{SVG}}}title")
            title.text = titles[gid]
            element.insert(0, title)
    _unclip(root)
    _own_ids(root, figure_id)
    _inherit(root)
    _unwrap(root)
    ET.indent(root, "")
    return Markup(ET.tostring(_bare(root), encoding="unicode"))


def _bare(root: ET.Element) -> ET.Element:
    """Remove the namespace prefix from all elements, and declare the SVG namespace once, as an attribute of the root. The prefix
    registry of ElementTree is not used, because it is shared by the whole process.
    """
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
    attributes = {"xmlns": SVG, **root.attrib}
    root.attrib.clear()
    root.attrib.update(attributes)
    return root


class _Renderer(RendererSVG):
    """A renderer that caches the sizes of texts, because most labels occur in several figures."""

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: bool | Literal["TeX"]
    ) -> tuple[float, float, float]:
        return _size(s, prop, ismath)


@lru_cache(maxsize=4096)
def _size(text: str, font: FontProperties, ismath: bool | Literal["TeX"]) -> tuple[float, float, float]:
    return text_to_path.get_text_width_height_descent(text, font, ismath)


def _exported(figure: Figure) -> str:
    """Return the figure as Matplotlib writes it. `savefig` takes longer, because it supports rasterised artists."""
    out = io.StringIO()
    wide, high = 72 * figure.get_size_inches()
    renderer = _Renderer(wide, high, out, metadata={"Date": None})  # type: ignore[no-untyped-call]
    figure.draw(renderer)
    renderer.finalize()  # type: ignore[no-untyped-call]
    return out.getvalue()


def _drop(root: ET.Element, *names: str) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{SVG}}}{name}" for name in names} or (child.tag.endswith("defs") and not len(child)):
                parent.remove(child)


def _name(root: ET.Element, figure: Figure, figure_id: str, aria: str) -> None:
    """Set the id, the text description for screen readers, and the size in CSS pixels (the figure is drawn at 72 dpi)."""
    wide, high = (round(72 * inches) for inches in figure.get_size_inches())
    root.attrib.clear()
    root.attrib.update(
        {"id": figure_id, "viewBox": f"0 0 {wide} {high}", "width": f"{wide}", "height": f"{high}", "role": "img"}
    )
    root.set("aria-label", aria)


def _restyle(element: ET.Element) -> None:
    style = element.attrib.pop("style", "")
    kept = KEPT_FOR_TEXT if element.tag == f"{{{SVG}}}text" else KEPT
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            element.set("font-size", value.split("px")[0].split()[-1])
        elif name in kept:
            element.set(name, value.removesuffix("px"))
    if XLINK in element.attrib:
        element.set("href", element.attrib.pop(XLINK))
    if element.get("transform", "").startswith("rotate(-0"):
        del element.attrib["transform"]
    if element.tag == f"{{{SVG}}}use":
        for name in {"x", "y"} & element.attrib.keys():
            element.set(name, _lean(element.attrib[name], 2))
    if element.tag == f"{{{SVG}}}path" and "d" in element.attrib:
        element.set("d", AROUND.sub(r"\1", " ".join(_lean(element.attrib["d"], 1).split())))


def _unclip(root: ET.Element) -> None:
    """Remove clipping from straight lines that are inside their clipping rectangle, and remove clipping rectangles that are no
    longer used.
    """
    boxes = {}
    for clip in root.iter(f"{{{SVG}}}clipPath"):
        x, y, wide, high = (float(clip[0].get(name, "nan")) for name in ("x", "y", "width", "height"))
        boxes[f"url(#{clip.get('id')})"] = (x + EDGE, y + EDGE, x + wide - EDGE, y + high - EDGE)
    for path in root.iter(f"{{{SVG}}}path"):
        left, top, right, bottom = boxes.get(path.get("clip-path", ""), (math.nan,) * 4)
        if STRAIGHT.fullmatch(d := path.get("d", "")):
            places = [float(one) for one in NUMBER.findall(d)]
            if len(places) == 4:  # a line between two points, without a fill
                path.attrib.pop("fill", None)
            if all(left <= x <= right for x in places[::2]) and all(top <= y <= bottom for y in places[1::2]):
                del path.attrib["clip-path"]
    used = {element.get("clip-path") for element in root.iter()}
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{SVG}}}clipPath" and f"url(#{child.get('id')})" not in used:
                parent.remove(child)


def _lean(numbers: str, digits: int) -> str:
    """Round the numbers in a text to at most `digits` decimal places."""
    return LONG.sub(lambda found: f"{float(found[0]):.{digits}f}".rstrip("0").rstrip("."), numbers)


def _inherit(root: ET.Element) -> None:
    """Move attributes that most texts or lines have in common to the root element, and round the positions of texts to a tenth of
    a pixel.
    """
    texts = list(root.iter(f"{{{SVG}}}text"))
    lines = [element for element in root.iter() if element.get("stroke", "none") != "none"]
    for name, default, elements in (
        ("font-size", "", texts),
        ("fill", "", texts),
        ("text-anchor", "start", texts),
        ("stroke-width", "1", lines),
    ):
        _hoist(root, name, default, elements)
    for element in texts:
        for name in ("x", "y"):
            if name in element.attrib:
                element.set(name, f"{float(element.attrib[name]):.1f}".removesuffix(".0"))


def _hoist(root: ET.Element, name: str, default: str, elements: list[ET.Element]) -> None:
    """Set an attribute of the root to its most common value among the elements, and remove it from the elements that have this
    value. Elements without the attribute are given the default value explicitly.
    """
    values = Counter(element.get(name, default) for element in elements)
    common = max(values, key=lambda value: values[value], default="")
    if not common or common == default:
        return
    root.set(name, common)
    for element in elements:
        if element.get(name, default) == common:
            del element.attrib[name]
        elif default:
            element.set(name, element.get(name, default))


def _relabel(element: ET.Element, labels: Mapping[str, Label]) -> None:
    label = labels.get((element.text or "").strip())
    if label is None or element.tag != f"{{{SVG}}}text":
        return
    element.text = label.text
    if label.whole and label.whole != label.text:
        title = ET.SubElement(element, f"{{{SVG}}}title")
        title.text = label.whole


def _unwrap(parent: ET.Element) -> None:
    """Replace each group without attributes by its children, and remove empty groups. A group with a title is not replaced."""
    for place, child in reversed(list(enumerate(parent))):
        _unwrap(child)
        bare = child.tag in (f"{{{SVG}}}g", f"{{{SVG}}}defs") and not child.attrib
        if bare and (not len(child) or (child.tag == f"{{{SVG}}}g" and child.find(f"{{{SVG}}}title") is None)):
            parent[place : place + 1] = list(child)


def _own_ids(root: ET.Element, figure_id: str) -> None:
    """Remove all ids that are not referenced. Replace the other ids by numbers, prefixed with the short id of the figure."""
    front = figure_id.replace("figure-", "f-", 1)
    used: dict[str, str] = {}
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "href" and value.startswith("#"):
                own = used.setdefault(value[1:], f"{front}-{len(used)}")
                element.set(name, f"#{own}")
            elif found := REFERENCE.fullmatch(value):
                own = used.setdefault(found[1], f"{front}-{len(used)}")
                element.set(name, f"url(#{own})")
    for element in root.iter():
        if element is root or "id" not in element.attrib:
            continue
        if (given := element.attrib.pop("id")) in used:
            element.set("id", used[given])
