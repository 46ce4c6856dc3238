"""Reason codes in words: agreement of the two models, stability, what follows from the named columns, protected ones."""

from __future__ import annotations

from tabinterp.analyses.clustered_means import NONE, Mean
from tabinterp.analyses.performance.estimator import FEWEST
from tabinterp.analyses.results import Results, interval, rows_of
from tabinterp.document.document import Message
from tabinterp.table.suppression import countless

from . import types as parts
from .estimator import ReasonCodes
from .reason_lists import TOP, Flips, Likeness


def reasons(r: Results) -> parts.Reasons | None:
    if r.reasons is None:
        return None
    found = r.reasons
    protected, proxies = found.protected or (NONE, NONE), _proxies(r)
    return parts.Reasons(
        rows_of=rows_of(r),
        declined=found.adverse,
        threshold=found.threshold,
        declined_rows=found.declined_rows,
        rows=found.rows,
        reference_rows=found.reference_rows,
        most=TOP,
        seed=found.seed,
        sentences=[*_sentences(found, r.linear.model.name), *_through(found, proxies, r.linear.model.name)],
        alike=[_alike(one, found.rows) for one in found.likeness],
        flips=[_flip(one, found.rows) for one in found.flips],
        omitted=interval(*found.omitted),
        protected_network=interval(*protected[0]),
        protected_linear=interval(*protected[1]),
        columns=[
            parts.ReasonRow(
                column=one.column,
                protected=one.protected,
                proxy_of=proxies.get(one.column, []),
                network=interval(*one.network),
                linear=interval(*one.linear),
                network_first=interval(*one.network_first),
                linear_first=interval(*one.linear_first),
            )
            for one in found.named
        ],
    )


def _proxies(r: Results) -> dict[str, list[str]]:
    """Column -> the protected columns, read by no model, that it tells best."""
    told: dict[str, list[str]] = {}
    for proxy in () if r.proxies is None else r.proxies.proxies:
        for column in proxy.best:
            told.setdefault(column, []).append(proxy.column)
    return told


def _through(found: ReasonCodes, proxies: dict[str, list[str]], linear: str) -> list[Message]:
    """The proxy of each protected column that the network names most; said where ten rows name it under both models."""
    told: dict[str, Message] = {}
    for one in found.named:  # the most frequent first
        shares = {"network": one.network, "other": one.linear}
        for column in proxies.get(one.column, []):
            message = _told("reasons.proxy", {"column": one.column, "protected": column, "linear": linear}, **shares)
            if message is not None:
                told.setdefault(column, message)
    return list(told.values())


def _alike(one: Likeness, rows: int) -> parts.Alike:
    return parts.Alike(
        of=one.of,
        rows=_count(one.rows, rows),
        jaccard=interval(*one.jaccard),
        changed=interval(*one.changed),
        first=interval(*one.first),
    )


def _flip(one: Flips, rows: int) -> parts.Flip:
    return parts.Flip(
        model=one.model,
        rows=_count(one.rows, rows),
        named=interval(*one.named),
        random=interval(*one.random),
        gain=interval(*one.gain),
    )


def _count(part: int, rows: int) -> int | None:
    """Of all rows; nothing where they, or the others, are fewer than ten."""
    return part if part >= FEWEST and not countless(part, rows) else None


def _percent(name: str, found: Mean) -> dict[str, float]:
    value, _, low, high = found
    return {name: 100 * value, f"{name}_low": 100 * low, f"{name}_high": 100 * high}


def _sentences(found: ReasonCodes, linear: str) -> list[Message]:
    """Every number over ten rows at least, which the reading sees to; with fewer groups of rows there is none to tell."""
    alike = {one.of: one for one in found.likeness}
    told = [
        _told("reasons.alike", {"linear": linear}, common=alike["linear"].jaccard, first=alike["linear"].first),
        _told("reasons.stable", {}, seed=alike["seed"].changed, scale=alike["scale"].changed),
    ]
    if "reference" in alike:
        told.append(_told("reasons.reference", {}, changed=alike["reference"].changed))
    flips = found.flips[0]
    told.append(_told(f"reasons.flip.{_way(flips.gain)}", {}, named=flips.named, random=flips.random))
    told.append(_told("reasons.omitted", {}, omitted=found.omitted))
    if found.protected is not None:
        network, other = found.protected
        told.append(_told("reasons.protected", {"linear": linear}, network=network, other=other))
    return [message for message in told if message is not None]


def _way(gain: Mean) -> str:
    return "more" if gain[2] > 0 else "fewer" if gain[3] < 0 else "open"


def _told(key: str, values: dict[str, str], **shares: Mean) -> Message | None:
    if any(share[0] != share[0] or share[2] != share[2] for share in shares.values()):  # no interval: nothing is said
        return None
    numbers = {name: value for share, found in shares.items() for name, value in _percent(share, found).items()}
    return Message(key=key, values={**values, **numbers})
