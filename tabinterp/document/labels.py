"""Replacement of column names and level codes in a document by the labels that readers see.

A document contains names and codes of columns and levels in many fields, and all labels in a single field. Code that renders a
document first calls `labelled`. Sections, figures, findings and sentences then show labels without further code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from .document import Document
from .message import Message

P = TypeVar("P", bound=BaseModel)

# What the text in a field refers to, by the name of the field or of a message's value. If the name of a field has another meaning
# in other parts of the document, it is listed with the name of its part.
COLUMN = {
    "column", "columns", "conditioned", "equal", "left_out", "pairs", "protected", "proxy_of", "residual_of", "skipped", "target",
    "template_columns", "unlike", "without",
    "ColumnInfo.name", "InteractionRow.first", "InteractionRow.second", "ProbeRow.name", "ShareRow.of",
    "Message.families", "Message.names",
}  # fmt: skip
LEVEL = {
    "at",
    "end",
    "level",
    "levels",
    "reference",
    "start",
    "EffectPoint.value",
    "RegionalPoint.value",
}  # levels of the column named in or above the part
CLASS = {
    "adverse", "classes", "compared", "declined", "favourable", "happened", "output", "predicted",
    "Message.label",
}  # fmt: skip
DATA = {"card", "evidence", "labels", "method", "settings"}  # fields that are shown unchanged
JOINTS = (" × ", " = ")  # between columns in one text
ARROW = " → "  # between classes in one text


def labelled(document: Document) -> Document:
    """Return the document with labels instead of names and codes. A document without labels is returned unchanged.

    If a label is the same as the label or name of another column, or of another level of the same column, the code follows the
    label in parentheses. Labels are therefore never ambiguous.
    """
    return _Names([document]).part(document) if document.data.labels else document


def labelled_alike(first: Document, second: Document) -> tuple[Document, Document]:
    """Return both documents with names and codes replaced by the labels in either document. If the documents contain different
    labels for a name, the label in the second document is used.
    """
    if not first.data.labels and not second.data.labels:
        return first, second
    names = _Names([first, second])
    return names.part(first), names.part(second)


class _Names:
    """The labels to show for the names and codes in one or two documents."""

    def __init__(self, documents: Sequence[Document]) -> None:
        labels = {one.column: one for document in documents for one in document.data.labels}
        names = dict.fromkeys(column.name for document in documents for column in document.data.columns)
        self.target = documents[0].data.target
        self.columns = {name: name for name in names} | distinct(
            {name: one.label for name, one in labels.items() if one.label is not None}, names
        )
        self.levels = {
            name: distinct(
                {level.level: level.label for level in one.levels},
                documents[0].data.classes if name == self.target else (),
            )
            for name, one in labels.items()
        }

    def part(self, part: P, column: str | None = None, template: tuple[str, ...] = ()) -> P:
        """Return a part of the document in which names and codes are replaced by labels.

        Parameters
        ----------
        column : column to which the part belongs.
        template : the columns to which the levels in a `Template` belong, in the order of its list `levels`.
        """
        values = {name: getattr(part, name) for name in type(part).model_fields}
        kind = type(part).__name__
        if isinstance(part, Message):
            return part.model_copy(update={"values": self.values(part.values, column)})
        own = values.get("column")
        column = own if isinstance(own, str) else column
        template = tuple(values.get("template_columns", template))
        changed: dict[str, Any] = {}
        for name, value in values.items():
            if name in DATA:
                continue
            if kind == "Template" and name == "levels":
                of = dict(enumerate(template))
                changed[name] = [self.level(of.get(place, ""), level) for place, level in enumerate(value)]
            elif kind == "GroupTable" and name == "control":  # protected column -> its reference group
                changed[name] = {self.column(one): self.level(one, level) for one, level in value.items()}
            else:
                changed[name] = self.value(kind, name, value, column, template)
        return part.model_copy(update={name: value for name, value in changed.items() if value is not values[name]})

    def values(self, values: Mapping[str, Any], column: str | None) -> dict[str, Any]:
        """Return the values of a message, with names and codes replaced by labels."""
        own = values.get("column")
        column = own if isinstance(own, str) else column
        return {name: self.value("Message", name, value, column, ()) for name, value in values.items()}

    def value(self, kind: str, name: str, value: Any, column: str | None, template: tuple[str, ...]) -> Any:
        if isinstance(value, BaseModel):
            return self.part(value, column, template)
        if isinstance(value, list):
            return [self.value(kind, name, one, column, template) for one in value]
        if isinstance(value, dict):
            return {key: self.value(kind, name, one, column, template) for key, one in value.items()}
        return self.text({name, f"{kind}.{name}"}, value, column) if isinstance(value, str) else value

    def text(self, field: set[str], text: str, column: str | None) -> str:
        """Return the text of a field, with names and codes replaced by labels.

        `field` contains the name of the field in two forms: FIELD and PART.FIELD.
        """
        if field & COLUMN:
            return self.column(text)
        if field & LEVEL:
            return text if column is None else self.level(column, text)
        return self.output(text) if field & CLASS else text

    def column(self, text: str) -> str:
        """Return text with column names replaced by labels.

        The text can be a column name, several joined names, or a name followed by a level, a class or other text.
        """
        if text in self.columns:
            return self.columns[text]
        for joint in JOINTS:
            parts = text.split(joint)
            if len(parts) > 1 and set(parts) <= self.columns.keys():
                return joint.join(self.columns[part] for part in parts)
        for code, label in self.levels.get(self.target, {}).items():
            if text.endswith(f" ({code})"):
                return f"{self.column(text.removesuffix(f' ({code})'))} ({label})"
        found = max((name for name in self.columns if text.startswith(f"{name}: ")), key=len, default=None)
        return text if found is None else f"{self.columns[found]}: {self.level(found, text[len(found) + 2 :])}"

    def level(self, column: str, text: str | None) -> Any:
        """Return the label of a level, or the labels of several levels with the same encoding. Text in parentheses (see
        `linear.terms`) is unchanged.
        """
        known = self.levels.get(column, {})
        if text is None or text in known:
            return text if text is None else known[text]
        return ", ".join(known.get(part, part) for part in text.split(", ")) if known else text

    def output(self, text: str) -> str:
        """Return the label of a class of the target, or the labels of two classes that are joined by an arrow."""
        known = self.levels.get(self.target, {})
        return known[text] if text in known else ARROW.join(known.get(part, part) for part in text.split(ARROW))


def distinct(labels: Mapping[str, str], codes: Iterable[str]) -> dict[str, str]:
    """Return the text to show for each code. Different codes have different texts.

    Parameters
    ----------
    labels : mapping from codes to labels.
    codes : all names and codes that are shown together with these labels.

    Examples
    --------
    >>> distinct({"a": "x", "b": "y", "c": "y", "d": "a"}, ["e"])
    {'a': 'x', 'b': 'y (b)', 'c': 'y (c)', 'd': 'a (d)'}
    """
    codes = {*labels, *codes}
    times = Counter(labels.values())
    shown = {
        code: label if times[label] == 1 and (label == code or label not in codes) else f"{label} ({code})"
        for code, label in labels.items()
    }
    ambiguous = len({shown.get(code, code) for code in codes}) < len(codes)
    return {code: code for code in labels} if ambiguous else shown
