"""Comparison of two audits: numbers that changed by more than sampling error can explain, and other changes.

The standard error of the difference between two numbers is computed as for independent samples: sqrt(se1² + se2²). If both audits
used the same rows, their numbers are positively correlated, and the true standard error is smaller than the computed one. The
test is then conservative and misses some changes. Among hundreds of numbers, some differ by chance, so the p-values are adjusted
(Benjamini & Hochberg 1995).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import pandas as pd

from tabinterp.analyses.calibration.record import Calibration
from tabinterp.analyses.coefficients.record import Coefficients
from tabinterp.analyses.decomposition.record import Shares
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.errors import DocumentError
from tabinterp.frames import any_backend
from tabinterp.messages.names import plain_values
from tabinterp.preview import PreviewedFrame

from .canonical import to_bytes
from .document import Document, Interval
from .labels import labelled_alike

Key = tuple[str, str, tuple[str, ...]]

LEVEL = 0.05  # adjusted p-value below which a difference counts as a change


@dataclass(frozen=True)
class Change:
    """The values of one number in two audits.

    `q` is the adjusted p-value of the hypothesis of no difference. It is None if one of the two numbers has no standard error.
    """

    theme: str  # "performance", "calibration", "importance", "coefficients", "gain"
    of: str  # "network", "linear", "difference"
    parts: tuple[str, ...]  # metric; column, loss; column, level, unit, output; component, output; "" if there is none
    first: float
    second: float
    stderr: float | None
    q: float | None

    @property
    def name(self) -> str:
        return _joined(self.parts)

    @property
    def difference(self) -> float:
        return self.second - self.first

    @property
    def changed(self) -> bool:
        return self.q is not None and self.q <= LEVEL


@dataclass(frozen=True)
class Fact:
    """A property without a standard error, such as a name or a status, with its text in the first and in the second audit."""

    name: str
    first: str
    second: str

    @property
    def changed(self) -> bool:
        return self.first != self.second


@dataclass(frozen=True)
class Changes(PreviewedFrame):
    """The differences between two audits.

    Attributes
    ----------
    facts : properties of the data, the models and the verdict in both audits.
    findings : the status of each check in both audits.
    numbers : the numbers that both audits contain, with the most significant change first.
    """

    names: tuple[str, str]
    digests: tuple[str, str]  # SHA-256 of the two documents
    same_rows: bool | None  # whether both audits used the same table; None: unknown without digests with the same key
    facts: tuple[Fact, ...]
    findings: tuple[Fact, ...]
    numbers: tuple[Change, ...]
    alone: tuple[Key, ...]  # numbers that only one audit has: theme, of, parts of the name

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a DataFrame with one row per number and the columns theme, of, name, first, second, difference, stderr, q and
        changed.
        """
        rows = [
            (c.theme, c.of, c.name, c.first, c.second, c.difference, c.stderr, c.q, c.changed) for c in self.numbers
        ]
        names = ["theme", "of", "name", "first", "second", "difference", "stderr", "q", "changed"]
        return pd.DataFrame(rows, columns=names)

    def to_json(self) -> str:
        numbers = [
            {"theme": c.theme, "of": c.of, "name": c.name, "first": c.first, "second": c.second, "stderr": c.stderr}
            | {"q": c.q, "difference": c.difference, "changed": c.changed}
            for c in self.numbers
        ]
        alone = [(theme, of, _joined(parts)) for theme, of, parts in self.alone]
        told = asdict(self) | {"numbers": numbers, "alone": alone, "level": LEVEL}
        return json.dumps(plain_values(told), indent=1, ensure_ascii=False)


def compare_documents(first: Document, second: Document) -> Changes:
    """Compare two audits with the same target, and return the changes from the first to the second.

    Raises
    ------
    DocumentError
        If the audits have different targets, tasks or classes.
    """
    for name in ("target", "task", "classes"):
        one, two = getattr(first.data, name), getattr(second.data, name)
        if one != two:
            raise DocumentError(
                f"the audits cannot be compared, because they differ in {name}: {one!r} and {two!r}. Compare two "
                "audits with the same target, task and classes"
            )
    shown, shown_second = labelled_alike(first, second)
    before, after = dict(_numbers(shown)), dict(_numbers(shown_second))
    same = first.performance.threshold == second.performance.threshold  # otherwise accuracies are not comparable
    both = [key for key in before if key in after and (same or key[2] != ("accuracy",))]
    return Changes(
        names=(_name(first), _name(second)),
        digests=(_digest(first), _digest(second)),
        same_rows=_same_rows(first, second),
        facts=tuple(_facts(shown, shown_second)),
        findings=tuple(_findings(first, second)),
        numbers=tuple(_tested([(key, before[key], after[key]) for key in both])),
        alone=tuple(sorted(before.keys() ^ after.keys())),
    )


def _same_rows(first: Document, second: Document) -> bool | None:
    """Return whether both audits used the same rows, or None if this is not known because the audits have no digests with the
    same key.
    """
    one, two = first.method, second.method
    if first.data.rows != second.data.rows:
        return False
    return one.data_digest == two.data_digest if one.digest_key and one.digest_key == two.digest_key else None


def _joined(parts: tuple[str, ...]) -> str:
    return ", ".join(part for part in parts if part)


def _name(document: Document) -> str:
    return f"{document.network.name} · {document.data.name}"


def _digest(document: Document) -> str:
    return hashlib.sha256(to_bytes(document)).hexdigest()


# ---- compared numbers and facts


def _numbers(d: Document) -> Iterator[tuple[Key, Interval]]:
    """Yield the numbers of an audit that have the same meaning in all audits with this target. Missing numbers are left out."""
    found: list[tuple[Key, Interval]] = []
    for row in d.performance.metrics:
        found += [(("performance", of, (row.metric,)), getattr(row, of)) for of in ("network", "linear", "difference")]
    found += _calibration(d.get(Calibration))
    for column in d[Importance].columns:
        of_loss = (column.column, d[Importance].loss)
        found += [(("importance", of, of_loss), getattr(column, of)) for of in ("network", "linear", "difference")]
    for term in d[Coefficients].terms:
        level = f"{term.level} − {term.reference}" if term.level and term.reference else term.level
        told = (term.column, level or "", term.unit or "", term.output or "")
        found += [(("coefficients", of, told), getattr(term, of)) for of in ("network", "linear")]
    shares = d.get(Shares)
    for share in [] if shares is None else shares.whole:
        found.append((("gain", "network", (share.component, share.output or "")), share.share))
    return ((key, part) for key, part in found if part.value is not None)


def _calibration(part: Calibration | None) -> Iterator[tuple[Key, Interval]]:
    for row in [] if part is None else part.outputs:
        for of in ("network", "linear"):
            for name in ("slope", "intercept"):
                told = (name, row.output or "")
                yield ("calibration", of, told), getattr(getattr(row, of), name)


def _facts(one: Document, two: Document) -> Iterator[Fact]:
    facts: tuple[tuple[str, Callable[[Document], str]], ...] = (
        ("verdict", lambda d: d.verdict.status),
        ("rows", lambda d: f"{d.data.rows:,}"),
        ("held-out rows", lambda d: "–" if d.data.held_out_rows is None else f"{d.data.held_out_rows:,}"),
        ("columns", lambda d: ", ".join(c.name for c in d.data.columns if c.role == "input")),
        ("network", lambda d: d.network.name),
        ("parameters of the network", lambda d: f"{d.network.parameters:,}"),
        ("linear model", lambda d: d.linear.name),
        ("adverse class", lambda d: d.data.adverse or "–"),
        ("threshold", lambda d: "–" if d.performance.threshold is None else f"{d.performance.threshold:g}"),
        ("weights of the network", lambda d: d.method.model_digest),
        ("weights of the linear model", lambda d: d.method.linear_digest),
        ("version of tabinterp", lambda d: d.method.version),
    )
    for name, tell in facts:
        yield Fact(name, tell(one), tell(two))
    if one.method.digest_key and one.method.digest_key == two.method.digest_key:
        yield Fact("contents of the table", one.method.data_digest, two.method.data_digest)


def _findings(one: Document, two: Document) -> Iterator[Fact]:
    before, after = ({f.slug: f.status for f in d.findings} for d in (one, two))
    for slug in before | after:
        yield Fact(slug, before.get(slug, "–"), after.get(slug, "–"))


# ---- tests


def _tested(pairs: list[tuple[Key, Interval, Interval]]) -> list[Change]:
    """Return the pairs of numbers with their adjusted p-values, with the most significant change first."""
    errors = [_stderr(one, two) for _, one, two in pairs]
    p = [_p(one, two, error) for (_, one, two), error in zip(pairs, errors, strict=True)]
    q = _adjusted(p)
    changes = [
        Change(*key, _value(one), _value(two), error, adjusted)
        for (key, one, two), error, adjusted in zip(pairs, errors, q, strict=True)
    ]
    return sorted(changes, key=lambda change: math.inf if change.q is None else change.q)


def _value(part: Interval) -> float:
    return float("nan") if part.value is None else part.value


def _stderr(one: Interval, two: Interval) -> float | None:
    return None if one.stderr is None or two.stderr is None else math.hypot(one.stderr, two.stderr)


def _p(one: Interval, two: Interval, stderr: float | None) -> float | None:
    if stderr is None:
        return None
    gap = abs(_value(two) - _value(one))
    if stderr == 0:
        return 1.0 if gap == 0 else 0.0
    return math.erfc(gap / stderr / math.sqrt(2))


def _adjusted(p: list[float | None]) -> list[float | None]:
    """Return p-values adjusted by the method of Benjamini & Hochberg (1995). Missing p-values are ignored."""
    order = sorted((value, at) for at, value in enumerate(p) if value is not None)
    result: list[float | None] = [None] * len(p)
    least = 1.0
    for rank in range(len(order), 0, -1):
        value, at = order[rank - 1]
        least = min(least, value * len(order) / rank)
        result[at] = least
    return result
