"""What did a neural network learn from a table, and what does it know that a logistic regression does not?

Names load on first use: `import tabinterp` brings in neither torch nor plotting.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "read_table": "table",
    "scan_table": "table",
    "in_batches": "table",
    "open_table": "table",
    "dask_engine": "engine",
    "engine_of": "engine",
    "keeping": "resuming",
    "Scan": "table",
    "Table": "table",
    "Schema": "table",
    "Column": "table",
    "Split": "table",
    "wrap": "models",
    "Model": "models",
    "fit_counterpart": "models.counterpart",
    "save_model": "models.bundle",
    "save_others": "models.bundle",
    "save_null": "models.bundle",
    "load_model": "models.load",
    "load_counterpart": "models.load",
    "load_others": "models.load",
    "load_null": "models.load",
    "table_settings": "models.load",
    "inspect_model": "models.inspection",
    "train": "models.train",
    "coefficients": "readouts.coefficients",
    "gradient_importance": "readouts.gradients",
    "baselines": "comparison.baselines",
    "permutation_importance": "readouts.permutation",
    "families": "readouts.families",
    "effects": "readouts.effects",
    "interactions": "readouts.interactions",
    "describe_data": "readouts.data",
    "shapley_values": "readouts.shapley",
    "explain_row": "readouts.explain",
    "neuron_correlations": "readouts.neurons",
    "neurons": "readouts.units",
    "conductance": "readouts.conductance",
    "ablate": "readouts.ablation",
    "linear_regions": "readouts.regions",
    "probe_rows": "readouts.probes",
    "path_weights": "readouts.paths",
    "maximise": "readouts.maximisation",
    "facets": "readouts.facets",
    "card": "readouts.cards",
    "pareto": "readouts.pareto",
    "unit": "readouts.objectives",
    "direction": "readouts.objectives",
    "layer": "readouts.objectives",
    "output": "readouts.objectives",
    "interpolation": "readouts.objectives",
    "drop_and_refit": "comparison.dropped",
    "decompose": "comparison.decomposition",
    "groups": "comparison.groups",
    "read_constraints": "comparison.constraints",
    "ladder": "comparison.ladder",
    "trust": "comparison.trust",
    "reason_codes": "comparison.reasons",
    "crossvalidate": "comparison.crossvalidation",
    "audit": "auditing",
    "explain_checks": "checks.judge",
    "list_checks": "checks.judge",
    "Audit": "audited",
    "compare_audits": "audited",
    "write_folder": "folder",
    "file_digest": "folder",
    "verify": "verification",
    "sign": "signing",
    "read_policy": "checks.gate.policy",
    "read_card": "checks.evidence",
    "read_mapping": "checks.evidence",
    "format_decision": "checks.gate.exporters",
    "TabinterpError": "errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tabinterp' has no attribute {name!r}")
    value = getattr(import_module(f"tabinterp.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
