"""Every sentence a reader sees, in one place, so that it can be checked and translated.

A sentence is a key and values (`tabinterp.document.document.Message`); the text is only made when it is shown, in the
language spoken there (`language.speaking`). Values are plain text here: escaping is the business of whoever puts the text
on a page. `{name}` shows a value as it is; `{name:vocabulary}` shows the message `vocabulary.VALUE` where there is one, so
that a word of ours is translated and a name out of a table is not; `{name:date}` shows a day as the language writes it, and
`{name:level}` what stands in brackets in a label of levels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from typing import Any

from tabinterp.analyses.ablation.text import TEXT as ABLATION
from tabinterp.analyses.agreement.text import TEXT as AGREEMENT
from tabinterp.analyses.alternatives.text import TEXT as ALTERNATIVES
from tabinterp.analyses.baselines.text import TEXT as BASELINES
from tabinterp.analyses.boosted_trees.text import TEXT as BOOSTED_TREES
from tabinterp.analyses.calibration.text import TEXT as CALIBRATION
from tabinterp.analyses.coefficients.text import TEXT as COEFFICIENTS
from tabinterp.analyses.conditional_importance.text import TEXT as CONDITIONAL_IMPORTANCE
from tabinterp.analyses.conductance.text import TEXT as CONDUCTANCE
from tabinterp.analyses.constraints.text import TEXT as CONSTRAINTS
from tabinterp.analyses.cross_validation.text import TEXT as CROSS_VALIDATION
from tabinterp.analyses.data_quality.text import TEXT as DATA_QUALITY
from tabinterp.analyses.decision_curve.text import TEXT as DECISION_CURVE
from tabinterp.analyses.decomposition.text import TEXT as DECOMPOSITION
from tabinterp.analyses.disagreement.text import TEXT as DISAGREEMENT
from tabinterp.analyses.drop_column.text import TEXT as DROP_COLUMN
from tabinterp.analyses.effects.text import TEXT as EFFECTS
from tabinterp.analyses.extrapolation.text import TEXT as EXTRAPOLATION
from tabinterp.analyses.gradients.text import TEXT as GRADIENTS
from tabinterp.analyses.groups.text import TEXT as GROUPS
from tabinterp.analyses.hidden_units.text import TEXT as HIDDEN_UNITS
from tabinterp.analyses.interactions.text import TEXT as INTERACTIONS
from tabinterp.analyses.ladder.text import TEXT as LADDER
from tabinterp.analyses.linear_regions.text import TEXT as LINEAR_REGIONS
from tabinterp.analyses.maximisation.text import TEXT as MAXIMISATION
from tabinterp.analyses.mechanism.text import TEXT as MECHANISM
from tabinterp.analyses.off_support.text import TEXT as OFF_SUPPORT
from tabinterp.analyses.path_weights.text import TEXT as PATH_WEIGHTS
from tabinterp.analyses.performance.text import TEXT as PERFORMANCE
from tabinterp.analyses.permutation_importance.text import TEXT as PERMUTATION_IMPORTANCE
from tabinterp.analyses.proxies.text import TEXT as PROXIES
from tabinterp.analyses.reason_codes.text import TEXT as REASON_CODES
from tabinterp.analyses.recalibration.text import TEXT as RECALIBRATION
from tabinterp.analyses.shapley_values.text import TEXT as SHAPLEY_VALUES
from tabinterp.analyses.slices.text import TEXT as SLICES
from tabinterp.analyses.subgroup_gaps.text import TEXT as SUBGROUP_GAPS
from tabinterp.analyses.text import TEXT as ANALYSES
from tabinterp.analyses.trust.text import TEXT as TRUST
from tabinterp.analyses.unit_correlations.text import TEXT as UNIT_CORRELATIONS
from tabinterp.auditing.text import TEXT as AUDITING
from tabinterp.checks.evidence_text import EVIDENCE
from tabinterp.checks.gate_text import GATE
from tabinterp.document.text import TEXT as DOCUMENT
from tabinterp.linear.text import TEXT as LINEAR
from tabinterp.provenance.text import TEXT as PROVENANCE
from tabinterp.report.formats.text import TEXT as FORMATS
from tabinterp.report.text import TEXT as REPORT

from .checks import CHECKS
from .findings import FINDINGS
from .language import translated
from .text import TEXT as LANGUAGE

ENGLISH: dict[str, str] = {
    **ABLATION,
    **AGREEMENT,
    **ALTERNATIVES,
    **ANALYSES,
    **AUDITING,
    **BASELINES,
    **BOOSTED_TREES,
    **CALIBRATION,
    **CHECKS,
    **COEFFICIENTS,
    **CONDITIONAL_IMPORTANCE,
    **CONDUCTANCE,
    **CONSTRAINTS,
    **CROSS_VALIDATION,
    **DATA_QUALITY,
    **DECISION_CURVE,
    **DECOMPOSITION,
    **DISAGREEMENT,
    **DOCUMENT,
    **DROP_COLUMN,
    **EFFECTS,
    **EVIDENCE,
    **EXTRAPOLATION,
    **FINDINGS,
    **FORMATS,
    **GATE,
    **GRADIENTS,
    **GROUPS,
    **HIDDEN_UNITS,
    **INTERACTIONS,
    **LADDER,
    **LANGUAGE,
    **LINEAR,
    **LINEAR_REGIONS,
    **MAXIMISATION,
    **MECHANISM,
    **OFF_SUPPORT,
    **PATH_WEIGHTS,
    **PERFORMANCE,
    **PERMUTATION_IMPORTANCE,
    **PROVENANCE,
    **PROXIES,
    **REASON_CODES,
    **RECALIBRATION,
    **REPORT,
    **SHAPLEY_VALUES,
    **SLICES,
    **SUBGROUP_GAPS,
    **TRUST,
    **UNIT_CORRELATIONS,
}

OURS = re.compile(r"(?:^|(?<=[,:−] ))\((?:(missing|present)|(\d+) (more|levels))\)(?=$|,| \(| −)")


def text(key: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence behind a key, its numbers formatted.

    >>> text("verdict.worse", {"linear": "logistic regression"})
    'The network is worse than logistic regression on held-out rows.'
    """
    template = translated(key, ENGLISH[key])
    return template.format(**{name: _Value(value) for name, value in (values or {}).items()})


def word(vocabulary: str, name: str) -> str:
    """A name of ours in the language spoken; one that the vocabulary does not know is data, and stays as it is.

    >>> word("report.kind", "numeric"), word("report.kind", "Mrs.")
    ('numeric', 'Mrs.')
    """
    key = f"{vocabulary}.{name}"
    return text(key) if key in ENGLISH else name


def joined(parts: Iterable[str], joint: str = "list") -> str:
    """Parts as one text: a "list", a "series" of longer ones, "both", or "sentences".

    >>> joined(["a", "b", "c"]), joined(["a", "b"], "both"), joined([])
    ('a, b, c', 'a and b', '')
    """
    found = list(parts)
    template = translated(f"language.{joint}", ENGLISH[f"language.{joint}"])
    return reduce(lambda before, one: template.format(before=before, next=one), found) if found else ""


class _Value:
    """A value in a template, which says how it is shown."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, vocabulary: str) -> str:
        value = self.value
        if hasattr(value, "key"):  # a message in a message
            return text(value.key, value.values)
        own = MADE.get(vocabulary, partial(word, vocabulary))
        if isinstance(value, (list, tuple)):
            return joined(own(str(one)) if vocabulary else str(one) for one in value)
        return own(value) if vocabulary and isinstance(value, str) else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return number(None)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    # JSON does not tell 2.0 from 2: a saved audit must read as the one in memory
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)
    return count(int(value)) if whole else number(value)


def count(value: int) -> str:
    """A whole number, its digits grouped.

    >>> count(1234567)
    '1,234,567'
    """
    return signs(f"{value:,}")


def number(value: float | None, digits: int = 3) -> str:
    """A number to three significant digits or to the unit, without exponents in the everyday range.

    >>> number(0.0123456), number(1234.5), number(-0.0), number(None), number(2.5e-7)
    ('0.0123', '1,234', '0', '–', '2.5e-07')
    """
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return signs(f"{value:.{digits}g}")
    magnitude = int(f"{value:.{digits - 1}e}".rpartition("e")[2])
    return signs(f"{value:,.{max(0, digits - 1 - magnitude)}f}")


def date(iso: str) -> str:
    """A day, or a moment, written as 2026-08-02 or 2026-08-02T00:00:00 in the document; anything else as it stands.

    >>> date("2026-08-02"), date("2026-08-02T00:00:00"), date("2026-08-02T09:30:00"), date("soon")
    ('2026-08-02', '2026-08-02', '2026-08-02 09:30:00', 'soon')
    """
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:T(.+))?", iso)
    if found is None:
        return iso
    year, month, day, time = found.groups()
    shown = text("language.date", {"year": year, "month": month, "day": day})
    return shown if time in (None, "00:00:00") else f"{shown} {time}"


def level(label: str) -> str:
    """A label of levels: what stands in brackets is ours (`readouts.terms`), all else is the table's.

    >>> level("oslo, rome, (3 more), (missing)"), level("missing")
    ('oslo, rome, (3 more), (missing)', 'missing')
    """
    return OURS.sub(lambda found: text(f"level.{found[1] or found[3]}", {"count": int(found[2] or 0)}), label)


def signs(digits: str) -> str:
    """A number as Python writes it, with the language's own decimal sign and grouping."""
    decimal, group = translated("language.decimal", "."), translated("language.group", ",")
    return digits if (decimal, group) == (".", ",") else digits.translate({ord("."): decimal, ord(","): group})


MADE: dict[str, Callable[[str], str]] = {"date": date, "level": level}  # vocabularies that are no list of words
