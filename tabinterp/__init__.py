"""Audit neural networks trained on tables, and compare them with logistic, linear or Poisson regression.

Each public name is imported when it is first used, so `import tabinterp` does not import PyTorch or Matplotlib.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import Any as _Any

__version__ = "0.1.0"

_PUBLIC = {  # name -> module that defines it
    "read_table": "table",
    "scan_table": "table",
    "open_table": "table",
    "dask_engine": "table.executors",
    "Scan": "table",
    "Table": "table",
    "Schema": "table",
    "Column": "table",
    "Split": "table",
    "wrap": "models",
    "Model": "models",
    "fit_counterpart": "linear.counterpart",
    "save_model": "models.io.bundle",
    "load_model": "models.io.load",
    "load_counterpart": "models.io.load",
    "inspect_model": "models.io.inspection",
    "train": "network.train",
    "coefficients": "analyses.coefficients.estimator",
    "gradient_importance": "analyses.gradients.estimator",
    "baselines": "analyses.baselines.estimator",
    "permutation_importance": "analyses.permutation_importance.estimator",
    "families": "analyses.permutation_importance.column_clusters",
    "effects": "analyses.effects.estimator",
    "interactions": "analyses.interactions.estimator",
    "regional_effects": "analyses.regional_effects.estimator",
    "describe_data": "analyses.data_quality.estimator",
    "shapley_values": "analyses.shapley_values.estimator",
    "explain_row": "analyses.shapley_values.explain_row",
    "compare_explanation": "analyses.shapley_values.supplied",
    "neuron_correlations": "analyses.unit_correlations.estimator",
    "neurons": "analyses.hidden_units.estimator",
    "conductance": "analyses.conductance.estimator",
    "ablate": "analyses.ablation.estimator",
    "linear_regions": "analyses.linear_regions.estimator",
    "probe_rows": "analyses.hidden_units.probe_rows",
    "path_weights": "analyses.path_weights.estimator",
    "maximise": "analyses.maximisation.estimator",
    "facets": "analyses.maximisation.diverse_optima",
    "card": "analyses.hidden_units.unit_panels",
    "pareto": "analyses.maximisation.pareto",
    "unit": "analyses.maximisation.objectives",
    "direction": "analyses.maximisation.objectives",
    "layer": "analyses.maximisation.objectives",
    "output": "analyses.maximisation.objectives",
    "interpolation": "analyses.maximisation.objectives",
    "drop_and_refit": "analyses.drop_column.estimator",
    "decompose": "analyses.decomposition.estimator",
    "groups": "analyses.groups.estimator",
    "read_constraints": "analyses.constraints.estimator",
    "monotonicity": "analyses.monotonicity.estimator",
    "ladder": "analyses.ladder.estimator",
    "performance": "analyses.performance.estimator",
    "discrimination": "analyses.discrimination.estimator",
    "residuals": "analyses.residuals.estimator",
    "overfitting": "analyses.overfitting.estimator",
    "robustness": "analyses.perturbation.estimator",
    "conformal": "analyses.conformal.estimator",
    "resilience": "analyses.resilience.estimator",
    "trust": "analyses.trust.estimator",
    "reason_codes": "analyses.reason_codes.estimator",
    "recourse": "analyses.recourse.estimator",
    "crossvalidate": "analyses.cross_validation.estimator",
    "CalibrationDisplay": "analyses.estimator_displays",
    "CoefficientsDisplay": "analyses.estimator_displays",
    "EffectsDisplay": "analyses.estimator_displays",
    "GradientImportanceDisplay": "analyses.estimator_displays",
    "PermutationImportanceDisplay": "analyses.estimator_displays",
    "ShapleyValuesDisplay": "analyses.estimator_displays",
    "audit": "auditing.run",
    "explain_checks": "checks.judge",
    "list_checks": "checks.judge",
    "Audit": "auditing.result",
    "compare_audits": "auditing.result",
    "write_folder": "provenance.folder",
    "verify": "provenance.verify",
    "sign": "provenance.sign",
    "read_policy": "checks.gate.policy",
    "read_card": "checks.evidence.clauses",
    "read_mapping": "checks.evidence.clauses",
    "format_decision": "checks.gate.exporters",
    "TabinterpError": "errors",
}
_UNLISTED = {  # not part of the public interface: used by the commands, and kept for programs written for earlier versions
    "arguments_used": "analyses",
    "in_batches": "table",
    "codebook": "table.labels",
    "engine_of": "table.executors",
    "keeping": "auditing.checkpoints",
    "save_others": "models.io.bundle",
    "save_null": "models.io.bundle",
    "load_others": "models.io.load",
    "load_null": "models.io.load",
    "table_settings": "models.io.load",
    "file_digest": "provenance.folder",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> _Any:
    module = _PUBLIC.get(name) or _UNLISTED.get(name)
    if module is None:
        raise AttributeError(f"module 'tabinterp' has no attribute {name!r}")
    value = getattr(_import_module(f"tabinterp.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*sorted(_PUBLIC), "__version__"]
