"""Advice on how much of a base to retrain for some data: measured, decided, costed, written into the flow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from graftwork.documents.advice import Advice, Signal
from graftwork.errors import FlowError
from graftwork.project.choosing.advise_recipe import changes_of, with_changes

if TYPE_CHECKING:
    from graftwork.documents.flow import Flow
    from graftwork.insight.advice import Decision, Thresholds
    from graftwork.project.bench_state import BenchState
    from graftwork.project.choosing.advise_readings import Measured
    from graftwork.project.choosing.advise_source import Domain
    from graftwork.project.looks.inspection import Inspection

__all__ = ["advise_on", "advise_task"]

_RULES = 2  # another rule is another advice: what was kept is made anew
_KINDS = {"number": "numbers", "tags": "tags", "mask": "masks"}
_TITLES = {
    "probe": "Probe against a random twin",
    "depth": "Depth that serves best",
    "classes": "Similarity of class means",
    "domains": "Proxy A-distance",
    "statistics": "Batch-norm statistics",
}


def advise_task(state: BenchState, subject: Flow | str, source: str | None = None) -> Advice:
    """Return the advice on a flow or run, for a page of the studio."""
    return advise_on(state.inspection(subject), source=source)


def advise_on(
    inside: Inspection, *, source: str | None = None, thresholds: Thresholds | None = None
) -> Advice:
    """Return how much of a flow's base to retrain for its data.

    Training and validation images alone are looked at. Features lie in the feature cache, where the probe by depth
    and a training find them again.

    Args:
        inside: a flow or a run.
        source: data the base was trained on, or a run that was: a path, ``sample:NAME`` or a run's id. Of a base
            that is a run of this project it is known.
        thresholds: of the rule; the fitted ones if not given.

    Raises:
        FlowError: no base that opens into stages, labels that are not classes, an untrained base.
        DataError: fewer than two classes, or images that are not there.
        UsageError: a source that is none.
    """
    _refuse_labels(inside)
    node = inside.require_base()
    _refuse(inside, node)
    from graftwork.insight.advice import Thresholds
    from graftwork.project.choosing.advise_source import source_of

    domain = source_of(inside, node, source)
    facts = {
        "rules": _RULES,
        "flow": inside.flow.edit(name="", layout={}).model_dump(mode="json"),
        "data": inside.data_digest,
        "source": source,
        "source_data": domain.digest,
        "thresholds": repr(thresholds or Thresholds()),
    }
    return inside.kept(Advice, "advice", facts, lambda: _made(inside, node, domain, thresholds))


def _refuse_labels(inside: Inspection) -> None:
    """Refuse labels that are no classes, before a base is opened for them."""
    kind = inside.images.label_kind
    if kind != "category":
        raise FlowError(
            f"The labels of the flow '{inside.flow.name}' are {_KINDS[kind]}; the advisor counts images "
            "per class and wants one class for each image.",
            hint="graftwork race runs all strategies and compares them, whatever the labels are.",
        )


def _refuse(inside: Inspection, node: str) -> None:
    base = str(inside.flow.node(node).settings.get("base") or "")
    if base.startswith("random:"):
        raise FlowError(
            f"'{base}' is untrained: there is nothing to keep of it, so all of it has to be trained.",
            hint="Choose a pretrained base; graftwork bases list shows them.",
            node=node,
        )
    if node not in {n.id for n in inside.flow.of_component("backbone")}:
        raise FlowError(
            f"The base of the flow '{inside.flow.name}' comes from code of its own, which says itself what is "
            "trained.",
            hint="Use a backbone node for advice.",
            node=node,
        )


def _made(inside: Inspection, node: str, domain: Domain, thresholds: Thresholds | None) -> Advice:
    from graftwork.insight.advice import Thresholds, decide
    from graftwork.project.choosing.advise_costs import resolved_cut, strategy_costs
    from graftwork.project.choosing.advise_readings import measure

    start = time.perf_counter()
    rule = Thresholds() if thresholds is None else thresholds
    measured = measure(inside, node, domain)
    decision = decide(measured.readings, rule)
    card = inside.prepared.network.bases[node].base.card
    cut = resolved_cut(card, decision.strategy, measured.depth.cut)
    costs = strategy_costs(inside, node)
    changes = changes_of(inside, node, decision, measured, cut)
    size = measured.size
    return Advice(
        base=card.id,
        node=node,
        source=inside.images.source,
        size=size,
        probe=measured.probe,
        nearest_mean=measured.nearest_mean,
        random_probe=measured.random_probe,
        random_nearest_mean=measured.random_nearest_mean,
        chance=measured.readings.chance,
        signals=_signals(decision, measured, rule),
        place=(round(decision.size, 4), round(_place(decision.similarity, rule.similar), 4)),
        similar_from=rule.similar,
        large_from=rule.large,
        quadrant=decision.quadrant,
        table=dict(rule.table),
        strategy=decision.strategy,
        cut=cut,
        reason=decision.reason,
        confidence=decision.confidence,
        doubts=decision.doubts,
        strategies=costs,
        changes=changes,
        flow=with_changes(inside.flow, changes),
        num_looked_at=measured.num_looked_at,
        seconds=round(time.perf_counter() - start, 2),
        notes=(*_notes(inside, node), *measured.notes),
    )


def _notes(inside: Inspection, node: str) -> list[str]:
    others = [name for name in inside.prepared.network.bases if name != node]
    return (
        [f"The advice is on the base of '{node}'; {', '.join(others)} stays as the flow says."]
        if others
        else []
    )


def _place(similarity: float, border: float) -> float:
    """Return the place on an axis on which the border lies in the middle."""
    if similarity < border:
        return 0.5 * similarity / border if border else 0.5
    return 0.5 + 0.5 * (similarity - border) / max(1.0 - border, 1e-9)


def _signals(decision: Decision, measured: Measured, rule: Thresholds) -> tuple[Signal, ...]:
    votes = {vote.signal: vote for vote in decision.votes}
    rows: list[Signal] = []
    for name in ("probe", "depth", "classes", "domains", "statistics"):
        reading, unit, words = measured.said(name)
        vote = votes.get(name)
        says = "unavailable" if reading is None else "ignored" if vote is None else vote.says
        if says == "ignored":
            words += f" From {rule.saturated:g} on it says no more than that, so it does not count."
        rows.append(
            Signal(
                name=name,
                title=_TITLES[name],
                reading=None if reading is None else round(reading, 4),
                unit=unit,
                similarity=None if vote is None else round(vote.similarity, 4),
                says=says,
                words=words,
            )
        )
    return tuple(rows)
