"""What did a neural network learn from a table, and what does it know that a logistic regression does not?

Names load on first use: `import tabinterp` brings in neither torch nor plotting.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "read_table": "table",
    "Table": "table",
    "Schema": "table",
    "Column": "table",
    "Split": "table",
    "wrap": "models",
    "Model": "models",
    "fit_counterpart": "models.counterpart",
    "save_model": "models.bundle",
    "load_model": "models.load",
    "load_counterpart": "models.load",
    "table_settings": "models.load",
    "inspect_model": "models.inspection",
    "train": "models.train",
    "coefficients": "readouts.coefficients",
    "gradient_importance": "readouts.gradients",
    "permutation_importance": "readouts.permutation",
    "effects": "readouts.effects",
    "interactions": "readouts.interactions",
    "shapley_values": "readouts.shapley",
    "explain_row": "readouts.explain",
    "neuron_correlations": "readouts.neurons",
    "neurons": "readouts.units",
    "maximise": "readouts.maximisation",
    "unit": "readouts.objectives",
    "direction": "readouts.objectives",
    "output": "readouts.objectives",
    "decompose": "comparison.decomposition",
    "ladder": "comparison.ladder",
    "audit": "auditing",
    "Audit": "audited",
    "compare_audits": "audited",
    "write_folder": "folder",
    "file_digest": "folder",
    "verify": "verification",
    "read_policy": "findings.policy",
    "read_card": "findings.evidence",
    "read_mapping": "findings.evidence",
    "format_decision": "findings.formats",
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
