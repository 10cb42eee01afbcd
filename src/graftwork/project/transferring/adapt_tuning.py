"""Methods that let a finished source run go on, on the target alone; what comes out is a run of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from graftwork.documents.flow import Flow
from graftwork.documents.record import TargetSummary, TunedRun
from graftwork.errors import PlanError
from graftwork.project.choosing.averaging import begin_tuning, weights_of, write_run
from graftwork.project.run import Run
from graftwork.project.transferring.adapt_training import outcome_of_run, source_run
from graftwork.project.transferring.outcome import Outcome

if TYPE_CHECKING:
    from graftwork.engine.start_again import StartAgain
    from graftwork.engine.target_tuning import TuneMethod, TunePlace
    from graftwork.project.transferring.adapt import Pair

__all__ = ["adapt_by_tuning"]

_TENT_RATE = 1e-3


def adapt_by_tuning(pair: Pair, method: TuneMethod) -> Outcome:
    """Let a run of the source go on, on the target, and say what it became.

    Args:
        pair: both domains; where its source is no run, one is trained first.
        method: 'adabn', 'shot' or 'tent'.

    Raises:
        PlanError: the network has nothing that the method may change.
        RunError: the run has no weights, or its images changed.
        RunInterrupted: it was stopped.
    """
    inside = pair.inside
    parent = inside.run or source_run(pair, _source_flow(inside.flow, method))
    began = time.perf_counter()
    steps = begin_tuning(inside.project, parent, inside.stop)
    tuned = _tuned(pair, parent, steps, method)
    return outcome_of_run(pair, tuned, parent, method, time.perf_counter() - began, _notes(parent, method))


def _source_flow(flow: Flow, method: TuneMethod) -> Flow:
    """Return the flow of the source run: AdaBN compares with statistics of the source, so these must be in the base."""
    if method != "adabn":
        return flow
    nodes = tuple(
        n.edit(settings={"batch_norm": "adapt", **n.settings}) if n.component == "backbone" else n
        for n in flow.nodes
    )
    return flow.edit(nodes=nodes)


def _notes(parent: Run, method: TuneMethod) -> tuple[str, ...]:
    notes = []
    if method == "adabn" and parent.plan.batch_norm == "held":
        notes.append(
            "The source run held the base's own batch-norm statistics: its head knows those, not the source's. AdaBN then "
            "changes more than the domain; train the source with batch_norm: adapt."
        )
    if method == "tent":
        notes.append("TENT depends on the order of the images; another seed gives another model.")
    return tuple(notes)


def _tuned(pair: Pair, parent: Run, steps: StartAgain, method: TuneMethod) -> Run:
    from graftwork.bases.digest import digest_tensors
    from graftwork.engine.compute import deterministic
    from graftwork.engine.target_tuning import may_change

    weights = weights_of(parent)
    steps.go_on(weights, may_change(steps.network, method))
    epochs = steps.recipe.epochs if method == "shot" else None
    with deterministic(steps.plan.compute):
        _tune(pair, steps, _place(pair, steps), method, epochs or 1)
    flow = steps.flow_of_run.edit(name=f"{parent.record.name}-{method}")
    origin = TunedRun(method=method, parent=parent.id, parent_digest=digest_tensors(weights), epochs=epochs)
    images = pair.target.images
    target = TargetSummary(source=images.source, digest=images.digest(), num_images=len(pair.chosen))
    note = f"Run {parent.id}, gone on by {method} on {len(pair.chosen)} images of {images.source} without labels."
    return write_run(
        pair.inside.project,
        flow,
        lambda run: steps.write(run.path, flow, note, tuned=origin, target=target),
        pair.inside.tell,
    )


def _place(pair: Pair, steps: StartAgain) -> TunePlace:
    from graftwork.engine.sources import ImageSource
    from graftwork.engine.target_tuning import TunePlace
    from graftwork.insight.map_features import find_place

    network, compute = steps.network, steps.plan.compute
    if not network.reads_images_alone:
        raise PlanError(
            "This flow also reads columns of a table, which a target of images does not have.",
            hint="Adapt a flow that reads images alone.",
        )
    source = ImageSource(
        pair.target.images,
        pair.chosen,
        steps.prepared.transform,
        augmenter=None,
        store=None,
        compute=compute,
        wire=network.image_wire,
    )
    wire = find_place(network, "head").wire
    return TunePlace(network, source, compute, wire, steps.recipe.seed, steps.recipe.batch)


def _tune(pair: Pair, steps: StartAgain, place: TunePlace, method: TuneMethod, epochs: int) -> None:
    from graftwork.engine.optim import default_rate
    from graftwork.engine.target_tuning import adapt_statistics, tune_shot, tune_tent

    inside = pair.inside
    if method == "adabn":
        inside.tell(f"AdaBN: {adapt_statistics(place)} batch-norm layers re-estimated")
    elif method == "shot":
        rate = steps.recipe.learning_rate or default_rate(steps.recipe, "pretrained")
        tune_shot(place, epochs=epochs, rate=rate, tell=inside.tell, stop=inside.stop)
    else:
        tune_tent(place, rate=_TENT_RATE, stop=inside.stop)
