"""Methods that train with both domains: the source's flow with the target beside it, as a run of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from graftwork.graph.flows import with_adaptation
from graftwork.project.transferring.outcome import Outcome

if TYPE_CHECKING:
    from graftwork.project.run import Run
    from graftwork.project.transferring.adapt import Pair

__all__ = ["adapt_by_training", "outcome_of_run"]


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
    return outcome_of_run(pair, run, method, began)


def outcome_of_run(pair: Pair, run: Run, method: str, began: float) -> Outcome:
    """Return what a run says of both domains, with the features that its head reads."""
    from graftwork.insight.map_features import FeatureReader, find_place

    model = pair.inside.project.load(run.id)
    seconds = time.perf_counter() - began
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
        run=run.id,
    )
