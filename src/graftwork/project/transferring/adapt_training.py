"""Methods that train with both domains: the source's flow with the target beside it, as a run of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from graftwork.documents.flow import Flow
from graftwork.graph.flows import with_adaptation
from graftwork.project.transferring.outcome import Outcome

if TYPE_CHECKING:
    from graftwork.project.run import Run
    from graftwork.project.transferring.adapt import Pair

__all__ = ["adapt_by_training", "outcome_of_run", "source_run"]


def adapt_by_training(pair: Pair, method: str) -> Outcome:
    """Train the source's flow with the target beside it, and say what the run says of the target.

    Args:
        pair: both domains.
        method: of the adaptation.

    Raises:
        PlanError, FlowError: as a run would.
        RunInterrupted: it was stopped.
    """
    inside, choices = pair.inside, pair.choices
    began = time.perf_counter()
    flow = with_adaptation(inside.flow, pair.name, method, weight=choices.weight)
    run = inside.project.run(flow.edit(name=f"{flow.name}-{method}"), on_event=inside.tell, stop=inside.stop)
    seconds = time.perf_counter() - began
    parent = inside.run or source_run(pair, inside.flow)
    return outcome_of_run(pair, run, parent, method, seconds)


def source_run(pair: Pair, flow: Flow) -> Run:
    """Return a finished run of the project of just that flow on just these images; where there is none, train it.

    Args:
        pair: both domains.
        flow: on the source alone; its name does not matter.
    """
    inside = pair.inside
    digest = inside.images.digest()
    for run in inside.project.runs():
        if run.status != "finished":
            continue
        data, same = run.record.data, _same(run.flow, flow)
        plain = run.record.averaged is None and run.record.tuned is None
        if same and plain and data is not None and data.digest == digest:
            return run
    named = flow.edit(name=f"{flow.name}-source")
    return inside.project.run(named, on_event=inside.tell, stop=inside.stop)


def _same(one: Flow, other: Flow) -> bool:
    return (one.nodes, one.edges, one.recipe) == (other.nodes, other.edges, other.recipe)


def outcome_of_run(
    pair: Pair, run: Run, parent: Run, method: str, seconds: float, notes: tuple[str, ...] = ()
) -> Outcome:
    """Return what a run says of both domains, with the features that its head reads.

    Args:
        pair: both domains.
        run: the adapted one.
        parent: its twin that learned from the source alone.
        method: its name.
        seconds: that adapting took.
        notes: sentences.
    """
    from graftwork.insight.map_features import FeatureReader, find_place

    model = pair.inside.project.load(run.id)
    target, held_out = (
        model.predict_images(images, indices)
        for images, indices in ((pair.target.images, pair.chosen), (pair.images, pair.held_out))
    )
    place = find_place(model.network, "head")
    reader = FeatureReader(model.network, place, model.transform, model.compute, pair.inside.workspace.cache)
    return Outcome(
        method,
        target,
        held_out,
        reader.of_images(pair.images, pair.train, stop=pair.inside.stop),
        reader.of_images(pair.target.images, pair.chosen, stop=pair.inside.stop),
        seconds,
        before=pair.inside.project.load(parent.id).predict_images(pair.target.images, pair.chosen),
        run=run.id,
        notes=notes,
    )
