"""Sentences about less discriminatory alternatives."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.alternatives considered": "alternatives considered",
    "report.alternatives": "Less discriminatory alternatives",
    "report.alternatives.lead": (
        "The table shows both models, versions of each model without one protected column or proxy, and versions without any of "
        "these columns. All are evaluated on {rows} held-out rows. Adverse impact ratios are shown only where they can be "
        "disclosed for every version."
    ),
    "report.alternatives.caption": "Model versions: AUC, and impact ratio for each protected column",
    "report.alternatives.version": "Version",
    "report.alternatives.auc": "AUC [95% CI]",
    "report.alternatives.ratio": "Impact ratio, {column} [95% CI]",
    "report.alternatives.frontier": "On the frontier for these protected columns",
    "report.alternatives.whole": "{model}",
    "report.alternatives.held": "{model}, {columns} fixed at the mean",
    "report.alternatives.refitted": "{model}, refitted without {columns}",
    "report.alternatives.note": (
        "A version is on the frontier if no other version is at least as good in both AUC and impact ratio and strictly better "
        "in at least one of them (based on point estimates only). A network with a column fixed at its mean is not the same as a "
        "network retrained without the column, which may perform better. If a column has many groups, its impact ratio can be "
        "small by chance. The impact ratios in this table use only groups whose selection rates can be disclosed for every "
        "version, so they can differ from the impact ratios elsewhere in this report."
    ),
    # why the analysis does not apply
    "why.selection is of two classes, of protected groups, of held-out rows beside training rows": (
        "the analysis of less discriminatory alternatives needs a target with two classes, a protected column, and both "
        "training and held-out rows, but at least one of these is missing"
    ),
}
