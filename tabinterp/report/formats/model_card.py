"""The document as a model card, with the sections of Mitchell et al. (2019), "Model cards for model reporting", section 4.

The card contains the text that the author supplied, and states where text is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tabinterp.analyses.groups.record import Groups
from tabinterp.analyses.groups.section import rates, several
from tabinterp.analyses.performance import section as performance
from tabinterp.document.document import Document, Finding
from tabinterp.document.evidence_rows import Card
from tabinterp.report.blocks import Block, Facts, FindingList, Heading, Paragraph, Section
from tabinterp.report.sections.findings import items, raised_of, voids
from tabinterp.report.sections.first_screen import target
from tabinterp.report.sections.method import described, not_assessed, split
from tabinterp.report.words import counted, draws, listed, number, say, t, tidy

PEOPLE = ("groups", "reasons")  # sections whose findings are about groups of people
# Front matter for a model hub. It contains only constants and nothing from the document, and each line is true of every audit
# with this task. The document does not contain a licence, the name of a data set or a metric in a form that a hub understands.
FRONT_MATTER = {
    task: f"pipeline_tag: tabular-{kind}\ntags:\n- tabular\n"
    for task, kind in (
        ("binary", "classification"),
        ("multiclass", "classification"),
        ("regression", "regression"),
        ("count", "regression"),
    )
}


def card_context(document: Document) -> tuple[str, list[str]]:
    """Return the title of the card, and sentences that state what the card is based on."""
    names = {"network": document.network.name, "linear": document.linear.name, "data": document.data.name}
    return t("card.title", **names), [t("card.lead", **names)]


def card_sections(document: Document) -> list[Section]:
    return [Section(name, t(f"card.section.{name}"), build(document)) for name, build in PARTS]


def _author(document: Document, *names: str) -> list[tuple[str, str]]:
    """Return the named fields of the author's text, with labels that mark them as written by the author."""
    card = document.card or Card()
    told = [(t("card.author", what=t(f"report.use.{name}")), getattr(card, name)) for name in names]
    return [(what, tidy(text) if text else t("report.use.none")) for what, text in told]


def _details(document: Document) -> list[Block]:
    how = document.method
    pairs = [
        (t("report.method.network"), described(document.network)),
        (t("card.counterpart"), described(document.linear)),
        (t("report.method.model_digest"), how.model_digest),
        *_author(document, "developer", "licence", "reviewer", "role"),
    ]
    return [Facts(pairs)]


def _use(document: Document) -> list[Block]:
    return [Facts(_author(document, "intended_use", "population", "out_of_scope"))]


def _factors(document: Document) -> list[Block]:
    columns, groups = document.data.columns, document.get(Groups)
    tables = [] if groups is None else groups.tables
    grouped = dict.fromkeys(
        tidy(str(part.values["column"])) for table in tables[:1] for row in table.columns for part in row.group
    )
    protected = [
        t(f"card.protected.{'read' if column.read_by_network else 'unread'}", column=tidy(column.name))
        for column in columns
        if column.protected
    ]
    pairs = [
        (t("card.inputs"), counted(sum(column.read_by_network for column in columns))),
        (t("card.protected"), listed(protected) or t("card.protected.none")),
        (t("card.groups"), listed(grouped) or t("card.groups.none")),
    ]
    return [Facts(pairs)]


def _metrics(document: Document) -> list[Block]:
    verdict, scores = document.verdict, document.performance
    unit = t(f"report.unit.{verdict.metric}")
    others = [t(f"report.metric.{row.metric}") for row in scores.metrics if row.metric != verdict.metric]
    pairs = [(t("card.primary"), t("card.primary.text", metric=t(f"report.metric.{verdict.metric}"), unit=unit))]
    if verdict.margin is not None:
        pairs.append((t("card.margin"), t("card.margin.text", margin=number(verdict.margin), unit=unit)))
    pairs += [(t("card.others"), listed(others))] if others else []
    if scores.threshold is not None:
        pairs.append((t("card.threshold"), t("card.threshold.text", threshold=number(scores.threshold))))
    if document.data.task == "binary":
        adverse = document.data.adverse
        pairs.append((t("card.adverse"), t("report.adverse.unstated") if adverse is None else tidy(adverse)))
    pairs.append(
        (
            t("card.errors"),
            t("card.errors.text", resamples=scores.resamples, seed=str(scores.seed), draws=draws(document))
            if scores.resamples
            else t("card.errors.student", draws=draws(document)),
        )
    )
    return [Facts(pairs)]


def _evaluation(document: Document) -> list[Block]:
    data = document.data
    pairs = [
        (t("card.data"), tidy(data.name)),
        (t("card.rows.evaluation"), _rows(data.held_out_rows, data.rows)),
        (t("report.method.split"), split(document)),
        (t("card.digest"), document.method.data_digest or t("report.method.no_digests")),
    ]
    return [Paragraph(target(document)), Facts(pairs)]


def _training(document: Document) -> list[Block]:
    data = document.data
    pairs = [(t("card.data"), tidy(data.name)), (t("card.rows.training"), _rows(data.training_rows, data.rows))]
    return [Facts(pairs), Paragraph(t("card.training.note"))]


def _rows(some: int | None, every: int) -> str:
    return t("card.rows.none") if some is None else t("card.rows.some", rows=some, all=every)


def _analyses(document: Document) -> list[Block]:
    verdict = document.verdict
    told = [Paragraph(one, "warning") for one in voids(document)]
    told += [Paragraph(say(message)) for message in (verdict.sentence, *verdict.lines)]
    blocks: list[Block] = [Heading(t("card.verdict")), *told, Heading(t("report.performance.brief"))]
    blocks += performance.brief(document)
    groups = document.get(Groups)
    if groups is not None and groups.tables:
        blocks += [Heading(t("report.groups.people")), Paragraph(t("card.intersections"))]
        blocks += several(groups) if groups.table is None else rates(groups.table, document)
    return blocks


def _ethics(document: Document) -> list[Block]:
    blocks: list[Block] = [Facts(_author(document, "ethics"))]
    found = [one for one in raised_of(document) if _of_people(one)]
    if not found:
        return [*blocks, Paragraph(t("card.ethics.none"))]
    return [*blocks, Heading(t("card.ethics.raised")), FindingList(items(found))]


def _caveats(document: Document) -> list[Block]:
    blocks: list[Block] = [Facts(_author(document, "limits"))]
    found: Iterable[Finding] = [one for one in raised_of(document) if not _of_people(one)]
    blocks.append(Heading(t("card.caveats.raised")))
    blocks.append(FindingList(items(list(found))) if found else Paragraph(t("report.findings.none")))
    return [*blocks, Heading(t("report.section.not-assessed")), *not_assessed(document)]


def _of_people(one: Finding) -> bool:
    return one.evidence.lstrip("#") in PEOPLE


PARTS: tuple[tuple[str, Callable[[Document], list[Block]]], ...] = (
    ("details", _details),
    ("use", _use),
    ("factors", _factors),
    ("metrics", _metrics),
    ("evaluation", _evaluation),
    ("training", _training),
    ("analyses", _analyses),
    ("ethics", _ethics),
    ("caveats", _caveats),
)
