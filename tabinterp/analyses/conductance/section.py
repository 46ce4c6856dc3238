"""Report section on conductance: how much of the score flows through each hidden unit, and the completeness gap of each layer."""

from __future__ import annotations

from tabinterp.analyses.conductance.record import Conductance, ConductanceLayer, ConductanceRow
from tabinterp.analyses.hidden_units.record import Inside
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Fold, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, output_columns, table
from tabinterp.report.words import cut_cell, layer_name, number, outputs, score_scale, share, t, unit_name

UNITS, LEAST = 12, 4  # maximum number of units shown for all outputs together; at least `LEAST` for each output


def build(conductance: Conductance, document: Document) -> list[Block]:
    rows = t(f"report.rows_of.{document[Neurons].rows_of}", rows=conductance.rows)
    blocks: list[Block] = [
        Paragraph(t("report.mechanism.conductance.lead", rows_of=rows, scale=score_scale(document))),
        _layers(conductance),
        _units(document, conductance),
        Paragraph(t("report.mechanism.conductance.note"), "note"),
    ]
    return [Fold(t("report.mechanism.conductance.fold"), blocks)]


def _layers(conductance: Conductance) -> Table:
    columns: list[Column[ConductanceLayer]] = [
        Column(t("report.inside.layer"), lambda row: cut_cell(layer_name(row.layer))),
        Column(t("report.mechanism.conductance.gap"), lambda row: share(row.gap)),
        Column(t("report.mechanism.conductance.around"), lambda row: number(row.around)),
    ]
    caption = t("report.mechanism.conductance.layers", tolerance=share(conductance.tolerance))
    return table(caption, conductance.layers, columns, style="plain")


def _units(document: Document, conductance: Conductance) -> Table:
    inside = document.get(Inside)
    worth = {} if inside is None else {(unit.layer, unit.index): unit.ablation for unit in inside.units}
    all_outputs = outputs(conductance.rows_told)
    several, most = len(all_outputs) > 1, max(LEAST, UNITS // max(1, len(all_outputs)))
    shown = [
        row for output in all_outputs for row in [row for row in conductance.rows_told if row.output == output][:most]
    ]
    loss = t(f"report.metric.{document[Importance].loss if inside is None else inside.loss}")
    columns: list[Column[ConductanceRow]] = [
        Column(t("report.neuron"), lambda row: unit_name(row.layer, row.index)),
        *output_columns(several, lambda row: row.output),
        interval_column(t("report.mechanism.conductance.mean"), lambda row: row.mean, sign=True),
        interval_column(t("report.mechanism.conductance.size"), lambda row: row.size),
        interval_column(
            t("report.inside.loss_interval", loss=loss),
            lambda row: worth.get((row.layer, row.index), Interval()),
            sign=True,
        ),
    ]
    caption = t("report.mechanism.conductance.units", shown=most if several else len(shown), count=conductance.units)
    return table(caption, shown, columns)
