"""Record classes for proxies: the accuracy of predictions of protected columns, and the effect of proxies on both models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tabinterp.analyses.groups.group_names import condition_message
from tabinterp.analyses.record_values import fill, interval
from tabinterp.document.base import Interval, Message, Part

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results

    from .estimator import Gap, Probe, Proxy

PLACES = ("inputs", "score")


class ProbeRow(Part):
    place: Literal["inputs", "layer", "score", "column"]
    name: str  # name of the representation or the column
    power: Interval  # cross-validated AUC or R2


class AblatedRow(Part):
    columns: list[str]
    loss: Interval  # change in loss when the columns are permuted
    gap: Interval  # change in the gap when the columns are permuted
    left: Interval  # the gap that remains when the columns are permuted


class GapPart(Part):
    most: Message
    least: Message
    gap: Interval
    ablated: list[AblatedRow]


class ProxyPart(Part):
    column: str
    metric: Literal["auc", "r2"]
    rows: int
    probes: list[ProbeRow]
    network: GapPart | None
    linear: GapPart | None


def build(r: Results) -> list[ProxyPart]:
    """Return the record of every protected column that is not an input."""
    result = r[ANALYSIS]
    return [] if result is None else [_proxy(proxy) for proxy in result.proxies]


def _proxy(proxy: Proxy) -> ProxyPart:
    probes = [_probe(p) for p in proxy.places]
    probes += [ProbeRow(place="column", name=p.place, power=interval(*p.power)) for p in proxy.columns]
    return ProxyPart(
        column=proxy.column,
        metric="auc" if proxy.metric == "auc" else "r2",
        rows=proxy.rows,
        probes=probes,
        network=_gap(proxy.network),
        linear=_gap(proxy.linear),
    )


def _probe(probe: Probe) -> ProbeRow:
    place: Any = probe.place if probe.place in PLACES else "layer"
    return ProbeRow(place=place, name=probe.place, power=interval(*probe.power))


def _gap(gap: Gap | None) -> GapPart | None:
    if gap is None:
        return None
    return fill(GapPart, gap, most=condition_message(gap.most), least=condition_message(gap.least))
