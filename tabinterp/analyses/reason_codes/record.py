"""Record classes for reason codes: the columns named for adverse decisions, and the agreement and stability of the lists.

Results are aggregates over at least ten rows. A share that represents one to nine rows is omitted or replaced by an upper limit.
A share that represents all but one to nine rows is omitted or replaced by a lower limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.proxies import ANALYSIS as PROXIES
from tabinterp.analyses.record_values import fill, interval, rows_of
from tabinterp.document.base import Interval, Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows
from tabinterp.table.suppression import SMALL, countless

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.clustered_means import Mean
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import ReasonCodes

TOP = 4  # maximum number of reasons for a row


class Alike(Part):
    """The similarity of the lists of reasons from two methods, for the same rows."""

    of: Literal[
        "linear",
        "linear_agree",
        "linear_differ",
        "reference",
        "seed",
        "scale",
        "baseline",
        "integrated_gradients",
        "linear_reference",
    ]
    rows: int | None  # None if there are fewer than ten rows, or 1 to 9 other declined rows
    jaccard: Interval
    changed: Interval  # share of rows for which the two lists name different columns
    first: Interval  # share of rows for which both lists have the same first reason


class Flip(Part):
    """Share of declined rows that become approved when the columns named as reasons, or random columns, take values of
    narrowly approved rows.
    """

    model: Literal["network", "linear"]
    rows: int | None  # number of rows that this model declines; None if below ten, or if 1 to 9 are not declined
    named: Interval
    random: Interval
    gain: Interval  # paired difference, `named` minus `random`


class ReasonRow(Part):
    """The share of declined rows for which a column is a reason, and the share for which it is the first reason."""

    column: str
    protected: bool
    proxy_of: list[str]  # protected columns that neither model uses, with this column among their best proxies
    network: Interval
    linear: Interval
    network_first: Interval
    linear_first: Interval


class Reasons(Part):
    rows_of: Literal["held-out", "all"]
    declined: str  # the adverse class; a row is declined if it is predicted to be of this class
    threshold: float  # probability above which a row is predicted positive
    declined_rows: int
    rows: int  # number of declined rows that are explained, drawn by a hash of their numbers
    reference_rows: int
    most: int  # maximum number of reasons for a row
    seed: int
    sentences: list[Message]
    alike: list[Alike]
    flips: list[Flip]
    omitted: Interval
    protected_network: Interval  # empty if no input is declared protected
    protected_linear: Interval
    columns: list[ReasonRow]  # columns that are a reason for at least ten rows, most frequent for the network first

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("reasons", "both", self.rows, self.rows_of, self.seed, reference=self.reference_rows)


def build(r: Results) -> Reasons | None:
    """Return the record of reason codes; None if the analysis does not apply."""
    result = r[ANALYSIS]
    if result is None:
        return None
    protected = (
        [Interval(), Interval()] if result.protected is None else [interval(*share) for share in result.protected]
    )
    proxies = _proxies(r)
    return fill(
        Reasons,
        result,
        rows_of=rows_of(r),
        declined=result.adverse,
        most=TOP,
        sentences=[*_sentences(result, r.linear.model.name), *_through(result, proxies, r.linear.model.name)],
        alike=[fill(Alike, one, rows=_count(one.rows, result.rows)) for one in result.likeness],
        flips=[fill(Flip, one, rows=_count(one.rows, result.rows)) for one in result.flips],
        protected_network=protected[0],
        protected_linear=protected[1],
        columns=[fill(ReasonRow, row, proxy_of=proxies.get(row.column, [])) for row in result.named],
    )


def _proxies(r: Results) -> dict[str, list[str]]:
    """Return a dict from each proxy column to the protected columns for which it is one of the best proxies.

    The protected columns are not inputs of the models.
    """
    proxies: dict[str, list[str]] = {}
    found = r[PROXIES]
    for proxy in () if found is None else found.proxies:
        for column in proxy.best:
            proxies.setdefault(column, []).append(proxy.column)
    return proxies


def _through(result: ReasonCodes, proxies: dict[str, list[str]], linear: str) -> list[Message]:
    """Return, for each protected column that has a proxy among the reasons, a sentence about its most frequent proxy.

    Only proxies that are reasons for at least ten rows under both models are considered.
    """
    sentences: dict[str, Message] = {}
    for row in result.named:  # most frequent first
        shares = {"network": row.network, "other": row.linear}
        for column in proxies.get(row.column, []):
            message = _sentence(
                "reasons.proxy", {"column": row.column, "protected": column, "linear": linear}, **shares
            )
            if message is not None:
                sentences.setdefault(column, message)
    return list(sentences.values())


def _count(part: int, rows: int) -> int | None:
    """Return the count `part` out of `rows`; None if `part` is below ten, or if `rows` minus `part` is between 1 and 9."""
    return part if part >= SMALL and not countless(part, rows) else None


def _percent(name: str, share: Mean) -> dict[str, float]:
    value, _, low, high = share
    return {name: 100 * value, f"{name}_low": 100 * low, f"{name}_high": 100 * high}


def _sentences(result: ReasonCodes, linear: str) -> list[Message]:
    """Return sentences about the agreement, stability and effect of the reasons. A sentence is omitted if a share in it has no
    interval.
    """
    alike = {likeness.of: likeness for likeness in result.likeness}
    sentences = [
        _sentence("reasons.alike", {"linear": linear}, common=alike["linear"].jaccard, first=alike["linear"].first),
        _sentence("reasons.stable", {}, seed=alike["seed"].changed, scale=alike["scale"].changed),
    ]
    if "reference" in alike:
        sentences.append(_sentence("reasons.reference", {}, changed=alike["reference"].changed))
    flips = result.flips[0]
    sentences.append(_sentence(f"reasons.flip.{_direction(flips.gain)}", {}, named=flips.named, random=flips.random))
    sentences.append(_sentence("reasons.omitted", {}, omitted=result.omitted))
    if result.protected is not None:
        network, other = result.protected
        sentences.append(_sentence("reasons.protected", {"linear": linear}, network=network, other=other))
    return [message for message in sentences if message is not None]


def _direction(gain: Mean) -> str:
    return "more" if gain[2] > 0 else "fewer" if gain[3] < 0 else "open"


def _sentence(key: str, values: dict[str, str], **shares: Mean) -> Message | None:
    if any(share[0] != share[0] or share[2] != share[2] for share in shares.values()):  # no sentence without intervals
        return None
    numbers = {end: value for name, share in shares.items() for end, value in _percent(name, share).items()}
    return Message(key=key, values={**values, **numbers})
