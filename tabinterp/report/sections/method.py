"""Sections on the method (versions, digests, seeds, settings and rows) and on what was not assessed."""

from __future__ import annotations

from collections.abc import Iterator

from tabinterp.document.document import DRAWN_SPLIT, ColumnInfo, Document, Grouping, ModelInfo, Scalar
from tabinterp.document.rows_of_analyses import ReadingRows
from tabinterp.messages import english
from tabinterp.report.blocks import Block, Facts, Fold, Paragraph, Points, Table
from tabinterp.report.tables import Column, name_column, table
from tabinterp.report.words import NONE, counted, listed, number, say, share, t, tidy, yes
from tabinterp.stats.estimates import FEWEST_GROUPS

FEW_GROUPS = 30  # with fewer, an interval over groups depends on Student's distribution


def method(document: Document) -> list[Block]:
    blocks: list[Block] = [Paragraph(t("report.method.lead")), Facts(list(_facts(document)))]
    notes = [say(note) for model in (document.network, document.linear) for note in model.notes]
    if notes:
        blocks.append(Points(notes))
    if document.method.readings:
        blocks.append(_readings(document))
    if document.data.classes:
        blocks.append(_classes(document))
    count = len(document.data.columns)
    blocks.append(Fold(t("report.method.columns_fold", count=count), [_columns(document)]))
    return [*blocks, *_codebook(document)]


def not_assessed(document: Document) -> list[Block]:
    if not document.not_assessed:
        return [Paragraph(t("report.not_assessed.none"))]
    return [Paragraph(t("report.not_assessed.lead")), Points([say(message) for message in document.not_assessed])]


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    how, data = document.method, document.data
    unknown = t("report.method.unknown")
    yield t("report.method.version"), how.version
    yield t("report.method.seed"), str(how.seed)
    yield t("report.method.network"), described(document.network)
    yield t("report.method.linear"), described(document.linear)
    yield t("report.method.split"), split(document)
    yield (
        t("report.method.rows"),
        t(
            "report.method.rows_text",
            rows=data.rows,
            training=unknown if data.training_rows is None else data.training_rows,
            held_out=unknown if data.held_out_rows is None else data.held_out_rows,
        ),
    )
    if data.without_target is not None:
        left_out = data.without_target.rows
        yield t("report.method.without_target"), t("report.data.few") if left_out is None else counted(left_out)
    if (drawn := data.drawn) is not None:
        held_out = unknown if drawn.held_out_rows is None else drawn.held_out_rows
        summed = ", ".join(t(f"report.method.summed.{name}") for name in drawn.summed)
        key = "report.method.drawn_text" if drawn.summed else "report.method.drawn_only"
        yield t("report.method.drawn"), t(key, rows=drawn.rows, held_out=held_out, summed=summed)
    yield t("report.method.weighted"), t("report.method.weights_text") if data.weighted else yes(False)
    if data.task == "binary":
        yield t("report.method.adverse"), t("report.adverse.unstated") if data.adverse is None else tidy(data.adverse)
    if (grouping := data.grouping) is not None:
        yield t("report.method.groups"), grouped(grouping)
    yield t("report.method.model_digest"), how.model_digest
    if how.linear_digest:
        yield t("report.method.linear_digest"), how.linear_digest
    if how.null_digest is not None:
        yield t("report.method.null_digest"), how.null_digest
    for place, digest in enumerate(how.other_digests, 1):
        yield t("report.method.other_digest", place=place), digest
    if how.digest_key:
        yield t("report.method.data_digest"), t("report.method.keyed", digest=how.data_digest, id=how.digest_key)
    else:
        yield t("report.method.data_digest"), t("report.method.no_digests")
    for name in ("configuration_digest", "code_digest", "device"):
        if value := getattr(how, name):
            yield t(f"report.method.{name}"), value
    yield t("report.method.tolerance"), number(how.tolerance)
    yield (
        t("report.method.libraries"),
        listed(f"{name} {version}" for name, version in sorted(how.libraries.items())),
    )
    for name, value in sorted(_settings(document).items()):  # in the order of canonical JSON
        yield t("report.method.setting", name=name), _explained(name, _setting(value))


def _settings(document: Document) -> dict[str, Scalar]:
    """Return the settings of the estimators and the settings that the user chose."""
    asked = document.settings
    if asked is None:
        return document.method.settings  # the document was written before settings were stored
    names = {} if asked.analyses is None else {"analyses": " ".join(asked.analyses)}
    return document.method.settings | {"rows": asked.rows} | names


def _explained(name: str, value: str) -> str:
    """Return the value of a setting, in words if the message catalogue describes the setting or its value."""
    keys = (f"report.method.setting.{name}.{value}", f"report.method.setting.{name}")
    return next((t(key, value=value) for key in keys if key in english()), value)


def _setting(value: str | int | float | bool | None) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return yes(value)
    if isinstance(value, float):
        return f"{int(value)}" if value.is_integer() and abs(value) < 2**53 else number(value)
    return f"{value}"


def split(document: Document) -> str:
    """Return text that says how the held-out rows were selected. If the network may have been trained on some of these rows, the
    text says so.
    """
    notes = [note for note in document.not_assessed if note.key == DRAWN_SPLIT]
    return " ".join(map(say, [document.data.split, *notes]))


def described(model: ModelInfo) -> str:
    """Return one line about a model: its name, library, number of parameters and hidden units."""
    hidden = listed(map(str, model.hidden)) or t("report.method.no_hidden")
    values = {"name": model.name, "library": model.library, "parameters": model.parameters, "hidden": hidden}
    return t("report.method.model", **values)


def grouped(part: Grouping) -> str:
    """Return sentences on the number of groups of rows and on the intervals that account for them."""
    values = {"column": part.column, "groups": part.groups}
    if part.held_out is None:
        sentence, fewest = t("report.method.groups.all", **values), part.groups
    else:
        sentence = t("report.method.groups.split", **values, training=part.training, held_out=part.held_out)
        fewest = min(part.training or 0, part.held_out)
    if fewest < FEWEST_GROUPS:
        return f"{sentence} {t('report.method.groups.none')}"
    return f"{sentence} {t('report.method.groups.few')}" if fewest < FEW_GROUPS else sentence


def _readings(document: Document) -> Table:
    columns: list[Column[ReadingRows]] = [
        Column(t("report.method.reading"), lambda row: say(row.reading)),
        Column(t("report.method.models"), lambda row: t(f"report.method.models.{row.models}"), "t"),
        Column(t("report.method.rows_used"), lambda row: counted(row.rows)),
        Column(t("report.method.rows_of"), lambda row: t(f"report.method.rows_of.{row.rows_of}"), "t"),
        Column(t("report.method.seed"), lambda row: NONE if row.seed is None else str(row.seed)),
        Column(t("report.method.draws"), lambda row: NONE if row.draws is None else say(row.draws), "w"),
    ]
    if document.data.weighted:
        columns.append(Column(t("report.method.weights"), _weights, "t"))
    return table(t("report.method.readings"), document.method.readings, columns)


def _weights(row: ReadingRows) -> str:
    return t(f"report.method.weights.{row.weights or 'unknown'}")


def _classes(document: Document) -> Table:
    data = document.data
    rates = [*data.rates, *[None] * len(data.classes)]
    columns: list[Column[tuple[str, float | None]]] = [
        name_column(t("report.method.class"), lambda row: row[0]),
        Column(t("report.method.share"), lambda row: share(row[1])),
    ]
    return table(t("report.method.classes"), zip(data.classes, rates, strict=False), columns, style="")


def _codebook(document: Document) -> list[Block]:
    """Return a list with a folded table of the labels of columns and levels, or an empty list if there are no labels."""
    rows = [
        (one.column, level, label)
        for one in document.data.labels
        for level, label in [("", one.label), *((level.level, level.label) for level in one.levels)]
        if label is not None
    ]
    if not rows:
        return []
    columns: list[Column[tuple[str, str, str]]] = [
        name_column(t("report.column"), lambda row: row[0]),
        name_column(t("report.method.codebook.level"), lambda row: row[1] or NONE, "t"),
        name_column(t("report.method.codebook.label"), lambda row: row[2], "t"),
    ]
    return [
        Fold(t("report.method.codebook_fold", count=len(rows)), [table(t("report.method.codebook"), rows, columns)])
    ]


def _columns(document: Document) -> Table:
    columns: list[Column[ColumnInfo]] = [
        name_column(t("report.column"), lambda row: row.name),
        Column(t("report.kind"), lambda row: t(f"report.kind.{row.kind}"), "t"),
        Column(t("report.role"), lambda row: t(f"report.role.{row.role}"), "t"),
        Column(t("report.protected"), lambda row: yes(row.protected), "t"),
        Column(t("report.levels"), lambda row: NONE if row.levels is None else counted(row.levels)),
        Column(
            t("report.missing"), lambda row: t("report.missing.few") if row.missing is None else counted(row.missing)
        ),
        Column(t("report.read"), lambda row: yes(row.read_by_network), "t"),
    ]
    return table(t("report.method.columns"), document.data.columns, columns)
