"""On how many rows each reading was taken, and what was drawn for it."""

from __future__ import annotations

from collections.abc import Iterator

from tabinterp.report.blocks import Cell, Table
from tabinterp.report.document import Document
from tabinterp.report.grouped import Groups
from tabinterp.report.judged import Judged
from tabinterp.report.trusted import Trust
from tabinterp.report.words import NONE, effort, reading, t, tidy

Used = tuple[str, int, str]  # name, rows, draws


def rows_table(document: Document) -> Table:
    head = [
        Cell(t("report.method.reading")),
        Cell(t("report.method.rows_used")),
        Cell(t("report.method.draws"), style="w"),
    ]
    found = [*_models(document), *_importance(document), *_readings(document), *_rows(document), *_inside(document)]
    rows = [[Cell(name), Cell(f"{count:,}"), Cell(draws or NONE, style="w")] for name, count, draws in found]
    return Table(t("report.method.readings"), head, rows, style="")


def _draws(key: str, **values: int | str) -> str:
    return t(f"report.method.draws.{key}", **values)


def _seed(value: int) -> str:
    return _draws("seed", seed=str(value))


def _models(document: Document) -> Iterator[Used]:
    """The two models beside each other, and beside others."""
    scores, gain, differ = document.performance, document.gain, document.disagreement
    resamples = _draws("resamples", count=scores.resamples, seed=str(scores.seed))
    yield t("report.section.performance"), scores.rows, resamples
    if document.judged is not None:
        yield from _judged(document.judged)
    if document.calibration is not None:
        yield t("report.calibration"), document.calibration.rows, ""
    if gain is not None and (rungs := gain.ladder) is not None:
        yield t("report.gain.ladder"), rungs.rows, _draws("resamples", count=rungs.resamples, seed=str(rungs.seed))
    if gain is not None and (parts := gain.shares) is not None:
        yield t("report.gain.shares"), parts.rows, _draws("resamples", count=parts.resamples, seed=str(parts.seed))
    if differ is not None:
        yield t("report.disagreement"), differ.rows, ""
    if document.slices is not None:
        yield t("report.slices"), document.slices.rows, ""


def _judged(part: Judged) -> Iterator[Used]:
    for key, found in (
        ("recalibration", part.recalibration),
        ("reference", part.reference),
        ("decisions", part.decisions),
    ):
        if found is not None:
            yield t(f"report.judged.{key}"), found.rows, ""


def _importance(document: Document) -> Iterator[Used]:
    part = document.importance
    repeats = _draws("repeats", count=part.repeats, seed=str(part.seed))
    yield t("report.section.importance"), part.rows, repeats
    if (given := document.together) is not None:
        yield t("report.section.together"), given.rows, _draws("strata", count=given.repeats, seed=str(given.seed))


def _readings(document: Document) -> Iterator[Used]:
    """What is said of single columns and pairs."""
    values, curves, pairs = document.shapley, document.effects, document.interactions
    if values is not None:
        how = _draws("background", count=values.background_rows, seed=str(values.seed))
        yield t("report.section.shapley"), values.rows, how
    if curves is not None:
        yield t("report.section.effects"), curves.rows, _seed(curves.seed)
    if pairs is not None:
        yield t("report.section.interactions"), pairs.rows, _draws("blocks", count=pairs.blocks, seed=str(pairs.seed))
    own = document.coefficients
    yield f"{t('report.section.coefficients')}, {t('report.unpenalised')}", own.rows_inference, ""
    yield f"{t('report.section.coefficients')}, {t('report.network')}", own.rows_network, ""
    for each in document.gradients.methods:
        yield f"{t('report.section.gradients')}, {reading(each.method)}", each.rows, effort(each)
    if (starts := document.gradients.baselines) is not None:
        how = _draws("background", count=starts.background_rows, seed=str(starts.seed))
        yield t("report.baselines"), starts.rows, how
    if document.trust is not None:
        yield from _trust(document.trust)


def _trust(part: Trust) -> Iterator[Used]:
    how = _draws("background", count=part.background_rows, seed=str(part.seed))
    yield t("report.section.trust"), part.rows, how
    if part.networks is not None:
        yield t("report.trust.networks"), part.networks.rows, ""


def _rows(document: Document) -> Iterator[Used]:
    """What is said of groups of rows, of declined rows, and of the table itself."""
    reasons, table, odd, beyond = document.reasons, document.table, document.off_support, document.extrapolation
    if document.groups is not None:
        yield from _groups(document.groups)
    if reasons is not None:
        yield t("report.section.reasons"), reasons.rows, _seed(reasons.seed)
    if table is not None:
        yield t("report.section.data"), table.rows, _seed(table.seed)
    if odd is not None:
        yield t("report.off.support"), odd.rows, _seed(odd.seed)
    if beyond is not None:
        yield t("report.off.range"), beyond.rows, _seed(beyond.seed)


def _groups(part: Groups) -> Iterator[Used]:
    if part.table is not None:
        yield t("report.groups.people"), part.table.rows, ""
    for each in part.proxies:
        yield t("report.proxies", column=tidy(each.column)), each.rows, ""
    if part.weak is not None:
        yield t("report.weak"), part.weak.rows, ""
    if (held := part.constraints) is not None:
        yield t("report.constraints"), held.rows, _seed(held.seed)


def _inside(document: Document) -> Iterator[Used]:
    units, part = document.neurons, document.inside
    yield t("report.section.neurons"), units.rows, _seed(units.seed)
    yield f"{t('report.section.neurons')}, {t('report.distance')}", units.rows_distance, _seed(units.seed)
    if part is not None:
        yield t("report.inside.health"), part.rows, ""
        yield t("report.inside.close"), part.ablation_rows, _seed(part.seed)
