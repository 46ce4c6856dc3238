"""Sentences about regional effects."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.regional effects": "regional effects",
    "rows_of.regional_effects": "Regional effects",
    "why.regional_effects.one": "regional effects are sought between two columns or more, and the model has one",
    "why.regional_effects.few": (
        "regional effects need at least {rows} rows with positive weight, and {groups} groups where rows come in groups"
    ),
}
