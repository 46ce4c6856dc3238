"""Report section on the ladder: the simplest model that predicts as well as the network."""

from __future__ import annotations

from tabinterp.analyses.ladder.record import Ladder, Rung
from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Heading, Key, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import NONE, counted, interval, listed, number, say, t, tidy

from .record import Gain


def build(ladder: Ladder, document: Document) -> list[Block]:
    """Return the sentences about the network's gain over the linear model, and the table of models."""
    gain = document[Gain]
    sentences = [sentence for sentence in (gain.recovery, gain.agreement) if sentence is not None]
    return [
        *(Paragraph(say(sentence)) for sentence in sentences),
        *_ladder(ladder, document.performance.resamples > 0),
    ]


def _ladder(ladder: Ladder, resampled: bool) -> list[Block]:
    """Return the table of models.

    Parameters
    ----------
    resampled : whether intervals come from resampling rows, as in documents of earlier versions.
    """
    unit = {"metric": t(f"report.metric.{ladder.metric}"), "unit": t(f"report.unit.{ladder.metric}")}
    lead = t(
        "report.gain.lead" if resampled else "report.gain.lead.student",
        metric=unit["metric"],
        rows=ladder.rows,
        training=ladder.training_rows,
        resamples=ladder.resamples,
        seed=str(ladder.seed),
        margin=number(ladder.margin),
    )
    blocks: list[Block] = [Heading(t("report.gain.ladder")), Paragraph(lead, "note"), _rungs(ladder, unit)]
    if ladder.pairs:
        blocks.append(Paragraph(t("report.gain.pairs", pairs=listed(map(tidy, ladder.pairs))), "note"))
    if ladder.passed:
        blocks.append(Paragraph(t("report.gain.passed", count=ladder.passed), "note"))
    return blocks


def _rungs(ladder: Ladder, unit: dict[str, str]) -> Block:
    marks = [_mark(row) for row in ladder.rungs]
    numbers = _table(ladder, unit)
    if not figures.drawable(marks):
        return numbers
    rungs = [t("report.gain.aria.rung", rung=_name(row), value=interval(row.loss)) for row in ladder.rungs]
    aria = t("report.gain.aria", rungs=listed(rungs))
    svg = figures.pairs(marks, t("report.gain.axis", **unit), aria, "figure-ladder", "model", dodge=False, zero=False)
    legend = [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.gain.legend.refit")),
    ]
    return Figure(svg, aria, legend, t("report.gain.caption"), numbers)


def _name(row: Rung) -> str:
    return t(f"report.gain.rung.{row.rung}")


def _mark(row: Rung) -> figures.Pair:
    title = t("report.mark", name=_name(row), model=t("report.strip.model"), value=interval(row.loss))
    both = (row.loss, Interval()) if row.rung == "network" else (Interval(), row.loss)
    return figures.Pair(_name(row), "", *both, title, title)


def _table(ladder: Ladder, unit: dict[str, str]) -> Table:
    columns: list[Column[Rung]] = [
        Column(t("report.gain.rung"), _name),
        interval_column(t("report.gain.loss"), lambda row: row.loss),
        interval_column(t("report.gain.network"), lambda row: row.against_network, sign=True),
        Column(
            t("report.gain.status"),
            lambda row: NONE if row.status is None else t(f"report.gain.status.{row.status}"),
            "t",
        ),
        interval_column(t("report.gain.below"), lambda row: row.against_below, sign=True),
        interval_column(t("report.gain.recovered"), lambda row: row.recovered),
        Column(t("report.gain.parameters"), lambda row: counted(row.parameters)),
    ]
    return table(t("report.gain.table", **unit), ladder.rungs, columns)
