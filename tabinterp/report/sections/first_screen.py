"""Page one of the report: the compared models, the verdict, the gain in performance, three figures, the most severe findings, and
the next steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tabinterp.analyses.boosted_trees.record import Reference
from tabinterp.analyses.calibration.record import Calibration
from tabinterp.analyses.disagreement.record import Disagreement, Leaf
from tabinterp.analyses.discrimination.record import Record as Discrimination
from tabinterp.analyses.ladder.record import Gain, Ladder, Rung
from tabinterp.analyses.performance import section as performance
from tabinterp.analyses.permutation_importance.record import Importance, ImportanceRow
from tabinterp.document.document import Document, Interval, MetricRow
from tabinterp.messages import english
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, FindingItem, FindingList, Paragraph, Table
from tabinterp.report.comparison import largest, legend, pair
from tabinterp.report.words import (
    between,
    conditions,
    counted,
    cut,
    interval,
    listed,
    number,
    say,
    scaled,
    share,
    signed,
    t,
    tidy,
)

from . import findings

MOST = 5  # maximum number of findings on the sheet
COLUMNS = 5  # number of columns in the figure on importance
SMALL = 330  # width of a figure on page one, in CSS pixels
ACTIONS = 3
SELECTION = "disparate-impact"  # the check of selection rates
ELSEWHERE = (
    "verdict.gap.",
    "verdict.labels",
    "verdict.only_network",
    "verdict.reference.",
    "verdict.scope",
)  # shown in the strip, the figures or chapter 1


@dataclass(frozen=True, slots=True)
class Number:
    """One number, with its label, in the row of numbers below the verdict (the strip)."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    blocks: list[Block]


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """Page one of the report.

    Parameters
    ----------
    title : title of the page.
    context : one line with the data, both models, the number of rows, the adverse class and the threshold.
    target : a sentence on the target and its base rate.
    verdict : the verdict in one sentence.
    lines : all sentences on the verdict.
    aside : the sentences in `lines` that are shown on page one; None: all.
    rates : a sentence on the sensitivity and specificity of both models at the threshold; empty if they are unknown.
    findings : the raised findings that the one-sheet summary shows.
    performance : the table of metrics that the one-sheet summary shows.
    voids : sentences shown above the verdict: reasons why the verdict is invalid, and analyses that failed.
    strip : numbers on the gain in performance, shown below the verdict.
    panels : figures, shown side by side.
    groups : the result of the check of selection rates; empty if no column is protected, or if one of the `raised` findings
        states it.
    raised : the most severe raised findings.
    counts : a sentence that states how many checks were raised, how many passed, and how many do not apply.
    meanings : sentences that explain the severities of the `raised` findings.
    actions : the next steps.
    """

    title: str
    context: str
    target: str
    verdict: str
    lines: list[str]
    findings: list[FindingList | Paragraph]
    performance: list[Table | Paragraph]
    aside: list[str] | None = None
    rates: str = ""
    voids: list[str] = field(default_factory=list)
    strip: list[Number] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)
    groups: str = ""
    raised: list[FindingItem] = field(default_factory=list)
    counts: str = ""
    meanings: str = ""
    rest: str = ""
    actions: list[str] = field(default_factory=list)


def first_screen(document: Document) -> FirstScreen:
    names = {"data": document.data.name, "network": document.network.name, "linear": document.linear.name}
    raised = findings.raised_of(document)
    shown = raised[: findings.ON_PAGE_ONE]
    strip = list(_strip(document))
    panels = [panel for panel in (_ladder(document), _importance(document), _disagreement(document)) if panel]
    hidden = (*(ELSEWHERE if strip else ()), *(("ladder.",) if panels and document.get(Gain) is not None else ()))
    return FirstScreen(
        title=t("report.title", **names),
        context=_context(document, names),
        target=target(document),
        verdict=_headline(document),
        lines=[say(line) for line in document.verdict.lines],
        aside=[say(line) for line in document.verdict.lines if not line.key.startswith(hidden)],
        rates=_rates(document),
        findings=findings.top(document, MOST),
        performance=performance.brief(document),
        voids=findings.voids(document),
        strip=strip,
        panels=panels,
        groups="" if any(one.slug == SELECTION for one in shown) else _groups(document),
        raised=findings.excerpts(shown),
        counts=findings.counts(document),
        meanings=findings.meanings(shown),
        rest=t("report.findings.rest", count=len(raised) - len(shown)) if len(raised) > len(shown) else "",
        actions=_actions(document),
    )


def _headline(document: Document) -> str:
    """Return the verdict as a sentence. If the network is better but a simpler model matches it, the sentence says so."""
    row = _simpler(document)
    if document.verdict.status != "better" or row is None:
        return say(document.verdict.sentence)
    return t("report.headline.better.but", linear=document.linear.name, rung=_long_name(row, document))


def _long_name(row: Rung, document: Document) -> str:
    """Return the name of a refit, one of the simpler models in `Ladder`, in a form that fits in a sentence."""
    ladder = document.get(Ladder)
    pairs = [] if ladder is None else ladder.pairs
    one = row.rung == "pairs" and len(pairs) == 1
    return t(f"report.strip.rung.{row.rung}.long{'.one' if one else ''}", count=len(pairs))


def _simpler(document: Document) -> Rung | None:
    """Return the simplest of the refits in `Ladder` that predict as well as the network, or None if no refit does.

    Also return None if the refit is linear or constant but the verdict says that the network predicts better than its linear
    counterpart. In that case, the two results contradict each other, so page one does not state that the refit matches the
    network.
    """
    ladder = document.get(Ladder)
    if ladder is None or ladder.shortest in (None, "network"):
        return None
    if document.verdict.status == "better" and ladder.shortest in ("intercept", "linear"):
        return None
    return next(row for row in ladder.rungs if row.rung == ladder.shortest)


def _context(document: Document, names: dict[str, str]) -> str:
    rows = document.data.held_out_rows
    parts = [t("report.context.unknown", **names) if rows is None else t("report.context", **names, rows=rows)]
    if document.data.task == "binary" and document.data.adverse is not None:
        parts.append(t("report.context.adverse", adverse=cut(document.data.adverse)))
    if document.performance.threshold is not None:
        parts.append(t("report.context.threshold", threshold=number(document.performance.threshold)))
    return " · ".join(parts)


def target(document: Document) -> str:
    """Return a sentence on the target, with the date of the audit if it was stated."""
    told, settings = _predicted(document), document.settings
    if settings is None or settings.date is None:
        return told
    return t("report.target.dated", target=told, date=settings.date)


def _predicted(document: Document) -> str:
    data = document.data
    if data.task == "binary":
        rate = share(data.rates[-1] if data.rates else None)
        positive = cut(data.classes[-1]) if data.classes else t("report.method.unknown")
        return t("report.target.binary", target=data.target, positive=positive, rate=rate, rows=data.rows)
    if data.task == "multiclass":
        return t("report.target.multiclass", target=data.target, classes=len(data.classes), rows=data.rows)
    return t(f"report.target.{data.task}", target=data.target, rows=data.rows)


def _strip(document: Document) -> Iterator[Number]:
    """Yield the numbers in the row below the verdict: differences between the models (in the verdict's metric, AUC, R² and Gini
    points), the difference between the network and boosted trees, and the calibration slope.
    """
    metrics = {row.metric: row for row in document.performance.metrics}
    if not document.performance.held_out:
        return
    for name in (document.verdict.metric, "auc", "r2"):
        if (row := metrics.get(name)) is not None and row.difference.value is not None:
            yield _difference(row)
    if (auc := metrics.get("auc")) is not None and auc.difference.value is not None:
        gini = scaled(auc.difference, 200)
        yield Number(signed(gini.value), t("report.strip.gini", ci=between(gini, sign=True)))
    reference = document.get(Reference)
    if reference is not None and reference.difference.value is not None:
        yield Number(
            t(f"report.strip.trees.{reference.status}"),
            t(
                "report.strip.trees",
                metric=t(f"report.metric.{reference.metric}"),
                difference=signed(reference.difference.value),
                ci=between(reference.difference, sign=True),
            ),
        )
    calibration = document.get(Calibration)
    outputs = [] if calibration is None else calibration.outputs
    if len(outputs) == 1 and outputs[0].network.slope.value is not None:
        slope = outputs[0].network.slope
        yield Number(number(slope.value), t("report.strip.slope", ci=between(slope)))


def _rates(document: Document) -> str:
    """Return a sentence on the sensitivity and specificity of both models at the threshold, or an empty string if one of them is
    unknown.
    """
    found = document.get(Discrimination)
    if found is None or not document.performance.held_out:
        return ""
    values: dict[str, str] = {}
    for prefix, one in (("", found.network_confusion), ("linear_", found.linear_confusion)):
        if one is None or one.sensitivity.value is None or one.specificity.value is None:
            return ""
        values |= {
            f"{prefix}sensitivity": number(one.sensitivity.value),
            f"{prefix}specificity": number(one.specificity.value),
        }
    return t("report.strip.rates", **values)


def _difference(row: MetricRow) -> Number:
    name = f"report.strip.metric.{row.metric}"
    values = {
        "metric": t(name if name in english() else f"report.metric.{row.metric}"),
        "linear": number(row.linear.value),
        "network": number(row.network.value),
        "ci": between(row.difference, sign=True),
    }
    return Number(signed(row.difference.value), t("report.strip.difference", **values))


def _ladder(document: Document) -> Panel | None:
    """Return the panel on simpler models. It shows the held-out losses of the refits, the network and boosted trees."""
    ladder = document.get(Ladder)
    if ladder is None:
        return None
    marks = [_rung(row) for row in ladder.rungs]
    reference = document.get(Reference)
    if reference is not None and reference.metric == ladder.metric:
        name = t("report.strip.rung.trees")
        marks.append(figures.Pair(name, "", Interval(), Interval(), other=reference.trees))
    if not figures.drawable(marks):
        return None
    unit = {"metric": t(f"report.metric.{ladder.metric}"), "unit": t(f"report.unit.{ladder.metric}")}
    rungs = [t("report.gain.aria.rung", rung=mark.label, value=interval(mark.part)) for mark in marks]
    aria = t("report.gain.aria", rungs=listed(rungs))
    axis = t("report.strip.axis.loss", metric=unit["metric"])
    svg = figures.pairs(marks, axis, aria, "figure-first-ladder", "model", dodge=False, zero=False, width=SMALL)
    return Panel(t("report.strip.ladder"), [Figure(svg, aria, [], "", None), Paragraph(_simplest(document, ladder))])


def _rung(row: Rung) -> figures.Pair:
    name = t(f"report.strip.rung.{row.rung}")
    title = t("report.mark", name=name, model=t("report.strip.model"), value=interval(row.loss))
    if row.rung == "network":
        return figures.Pair(name, "", row.loss, Interval(), title)
    if row.rung == "intercept":
        return figures.Pair(name, "", Interval(), Interval(), other=row.loss)
    return figures.Pair(name, "", Interval(), row.loss, linear_title=title)


def _simplest(document: Document, ladder: Ladder) -> str:
    """Return a sentence about the simplest model that predicts as well as the network. If the network was not shown to predict
    better than the refitted linear model, there is no gain that a simpler model could match, and the sentence says so.
    """
    row = _simpler(document)
    if row is None:
        return t("report.strip.simplest.none" if ladder.gain == "better" else "report.strip.simplest.no_gain")
    simplest = {"rung": _long_name(row, document), "parameters": row.parameters}
    if row.recovered.value is None or row.rung == "linear":
        return t("report.strip.simplest", **simplest)
    ends = {"low": share(row.recovered.low), "high": share(row.recovered.high)}
    return t("report.strip.recovered", **simplest, share=share(row.recovered.value), **ends)


def _importance(document: Document) -> Panel | None:
    """Return the panel on the most important columns: those whose permutation raises the loss of either model most."""
    importance = document[Importance]
    order = sorted(importance.columns, key=lambda row: -_either(row))[:COLUMNS]
    marks = [pair(row.column, row.network, row.linear, cut(row.column, 20)) for row in order]
    if not figures.drawable(marks):
        return None
    aria = t(
        "report.importance.aria",
        count=len(order),
        network=largest([(row.column, row.network) for row in order]),
        linear=largest([(row.column, row.linear) for row in order]),
    )
    axis = t("report.strip.axis.importance", metric=t(f"report.metric.{importance.loss}"))
    if figures.text_width(axis) > SMALL:
        axis = t("report.strip.axis.importance.short")
    svg = figures.pairs(marks, axis, aria, "figure-first-importance", "model", width=SMALL)
    blocks: list[Block] = [Figure(svg, aria, legend(), "", None)]
    only = [line for line in document.verdict.lines if line.key == "verdict.only_network"]
    return Panel(t("report.strip.importance"), [*blocks, *(Paragraph(say(line)) for line in only)])


def _either(row: ImportanceRow) -> float:
    return max(figures.finite(row.network.value), figures.finite(row.linear.value))


def _disagreement(document: Document) -> Panel | None:
    """Return the panel on disagreement between the models. It shows the share of rows on which they disagree, which model is
    right on these rows, and the rule that covers the largest number of these rows.
    """
    disagreement = document.get(Disagreement)
    if disagreement is None:
        return None
    blocks: list[Block] = [
        Paragraph(say(line)) for line in disagreement.sentences if not line.key.startswith("disagreement.tree")
    ]
    leaf = max(disagreement.leaves, key=_rows_that_differ, default=None)
    if leaf is not None and leaf.conditions and leaf.share.value is not None:
        rule = tidy(conditions(map(say, leaf.conditions)))
        blocks.append(
            Paragraph(
                t(
                    "report.strip.rule",
                    rule=rule,
                    share=_percent(leaf.share),
                    rows=counted(leaf.rows),
                    scored=disagreement.scored_rows,
                )
            )
        )
    return Panel(t("report.strip.disagreement"), blocks)


def _groups(document: Document) -> str:
    """Return a sentence on the lowest ratio of selection rates, or a sentence that states that no ratio is significantly low.
    Return an empty string if no column is protected or the groups were not compared.
    """
    if not any(column.protected for column in document.data.columns):
        return ""
    found = next((one for one in document.findings if one.slug == SELECTION), None)
    if found is None or found.claim.key == f"finding.{SELECTION}.not_applicable":  # the groups were not compared
        return ""
    for key in ("cleared", "cleared_partly"):
        if found.claim.key == f"finding.{SELECTION}.{key}":
            return t(f"report.strip.groups.{key}", **found.claim.values)
    return say(found.claim, brief=True)


def _percent(part: Interval) -> str:
    """Return a share and its interval as percentages."""
    if part.low is None or part.high is None:
        return share(part.value)
    return t("report.strip.percent", share=share(part.value), low=share(part.low), high=share(part.high))


def _rows_that_differ(leaf: Leaf) -> float:
    return -1.0 if leaf.share.value is None else leaf.rows * leaf.share.value


def _actions(document: Document) -> list[str]:
    """Return at most three actions that follow from the findings and the verdict, the most urgent first."""
    raised = findings.raised_of(document)
    known = [one for one in raised if f"check.{one.slug}.next" in english()]
    urgent = [t(f"check.{one.slug}.next") for one in known if one.severity == "act"]
    later = [t(f"check.{one.slug}.next") for one in known if one.severity != "act"]
    return list(dict.fromkeys([*urgent, *_from_verdict(document), *later]))[:ACTIONS]


def _from_verdict(document: Document) -> Iterator[str]:
    status, row = document.verdict.status, _simpler(document)
    if status == "better" and row is not None:
        yield t("report.action.simpler", rung=_long_name(row, document), parameters=row.parameters)
    elif status in ("worse", "equivalent"):
        yield t(f"report.action.{status}", linear=document.linear.name)
    elif status in ("not_resolved", "not_assessed"):
        yield t(f"report.action.{status}")
    elif status == "better":
        yield t("report.action.keep")
