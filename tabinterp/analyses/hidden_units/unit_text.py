"""What a hidden unit says of itself."""

from __future__ import annotations

UNITS: dict[str, str] = {
    "units.unit": "{layer}, unit {unit}:",
    "units.health.dead": "puts out 0 on every one of the {rows} rows.",
    "units.health.constant": "puts out {mean} on every one of the {rows} rows.",
    "units.health.saturated": "sits at an end of its range in {share} of the rows.",
    "units.health.duplicate": "is unit {other} of its layer up to scale and shift.",
    "units.health.redundant": "is a linear function of the other units of its layer on these rows.",
    "units.active": "above zero in {share} of the rows.",
    "units.excited": "The {excited} rows that excite it most differ from all rows most in {columns}.",
    "units.excited.none": "The {excited} rows that excite it most differ from all rows in no column by more than chance would.",
    "units.column.higher": "{column} ({value} SD higher)",
    "units.column.lower": "{column} ({value} SD lower)",
    "units.level": "{column} = {level} ({value} times as frequent)",
    "units.level.most": "{column} = {level} (nearly all of them)",
    "units.ablation": "With its mean in its place the loss changes by {value} (standard error {stderr}).",
    "units.ablation.none": "What it is worth alone is not known: the network cannot be cut at its layer.",
}
