"""The drift of a run: each part of its network before and after training."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from graftwork.documents.drift import DriftReport, PartDrift
from graftwork.documents.record import Interval
from graftwork.project.looks.depth import find_base

if TYPE_CHECKING:
    from torch import Tensor

    from graftwork.documents.flow import Flow
    from graftwork.engine.network import Network, Step
    from graftwork.engine.stage_features import StageFeatures
    from graftwork.project.bench_state import BenchState
    from graftwork.project.looks.inspection import Inspection

__all__ = ["MAX_IMAGES", "drift_of", "drift_task"]

MAX_IMAGES = 1000
"""Images that CKA is computed on unless told otherwise."""
_RULES = 1  # another way to measure is another number: what was kept is made anew
State = Literal["frozen", "trainable", "partly", "no_parameters"]


def drift_task(state: BenchState, subject: Flow | str, node: str | None = None) -> DriftReport:
    """Return the drift of a run, for a page of the studio."""
    return drift_of(state.inspection(subject), node=node)


def drift_of(inside: Inspection, *, node: str | None = None, max_images: int = MAX_IMAGES) -> DriftReport:
    """Return how far training moved each stage of a base, and each node that the flow adds.

    Features for CKA are pooled and stored in the feature cache; stages that did not change are read from it.

    Args:
        inside: a run with weights.
        node: of the base; the main base if not given.
        max_images: at most so many validation images, spread over the classes; training images where the
            validation images are fewer than five.

    Raises:
        RunError: the run has no weights, or this is a flow that was not trained.
        FlowError: no base that opens into stages.
        UnknownName: no such base.
        DataError: images that are not there any more.
    """
    _ = inside.trained  # refuses first what was not trained
    node = find_base(inside, node)
    facts = {"node": node, "max_images": max_images, "rules": _RULES, "data": inside.data_digest}
    return inside.kept(DriftReport, "drift", facts, lambda: _made(inside, node, max_images))


def _made(inside: Inspection, node: str, max_images: int) -> DriftReport:
    from graftwork.bases.low_rank import changed_weight

    assert inside.run is not None
    before, after = inside.prepared.network, inside.trained.network
    trainable = {
        changed_weight(name)
        for phase in inside.run.plan.phases
        for group in phase.groups
        for name in group.tensors
    }
    split, indices = _images(inside, max_images)
    alike = _alignment(inside, node, indices)
    placed, ends = before.bases[node], {step.name: step for step in after.steps}
    stages = dict(zip(placed.steps, placed.base.stage_names(), strict=True))
    parts = [
        _part(before, step, after, ends[step.name], trainable, stages.get(step.name), alike)
        for step in before.steps
        if step.name in stages or (step.role == "new" and before.tensors_of(step))
    ]
    parts.sort(key=lambda part: part.role == "new")
    return DriftReport(
        run=inside.run.id,
        node=node,
        base=placed.base.card.id,
        split=split,
        num_images=len(indices),
        parts=tuple(parts),
        notes=_notes(parts, after, len(indices)),
    )


def _part(
    before: Network,
    start: Step,
    after: Network,
    end: Step,
    trainable: Collection[str],
    stage: str | None,
    alike: dict[str, Interval | None],
) -> PartDrift:
    from graftwork.insight.drift import batch_norm_shift, movement

    first, last = _parameters(before, start), _parameters(after, end)
    moved = movement(first, last)
    return PartDrift(
        name=start.name if stage is None else stage,
        node=start.node,
        role=start.role,
        state=_state(first, trainable),
        num_parameters=moved.num_values,
        num_tensors=moved.num_tensors,
        moved_tensors=moved.moved_tensors,
        movement=moved.relative,
        batch_norm=batch_norm_shift(start.module, end.module),
        cka=None if stage is None else alike.get(stage),
    )


def _parameters(network: Network, step: Step) -> dict[str, Tensor]:
    """Return the weights of a step; low-rank changes count as a part of the weight that they change."""
    from torch import nn

    from graftwork.bases.low_rank import merged_tensors

    own = {name for name, t in network.tensors_of(step).items() if isinstance(t, nn.Parameter)}
    return {name: t for name, t in merged_tensors(network.tensors_of(step)).items() if name in own}


def _state(names: Collection[str], trainable: Collection[str]) -> State:
    free = sum(name in trainable for name in names)
    if not names:
        return "no_parameters"
    if not free:
        return "frozen"
    return "trainable" if free == len(names) else "partly"


def _images(inside: Inspection, max_images: int) -> tuple[Literal["validation", "train"], list[int]]:
    from graftwork.insight.cka import MIN_IMAGES
    from graftwork.insight.folds import evenly

    images, seed = inside.images, inside.flow.recipe.seed
    split: Literal["validation", "train"] = "validation"
    indices = images.of_split(split)
    if len(indices) < MIN_IMAGES:
        split, indices = "train", images.of_split("train")
    return split, [indices[i] for i in evenly(images.labels(indices), max_images, seed=seed)]


def _alignment(inside: Inspection, node: str, indices: list[int]) -> dict[str, Interval | None]:
    from graftwork.insight.cka import MIN_IMAGES, linear_cka

    if len(indices) < MIN_IMAGES:
        return {}
    first, second = (_features(inside, n, node, indices) for n in _networks(inside))
    found: dict[str, Interval | None] = {}
    for stage in first.stages:
        inside.check_stop()
        x, y = (f.of(stage, inside.images, indices) for f in (first, second))
        found[stage] = linear_cka(x, y)
    return found


def _networks(inside: Inspection) -> tuple[Network, Network]:
    return inside.prepared.network, inside.trained.network


def _features(inside: Inspection, network: Network, node: str, indices: list[int]) -> StageFeatures:
    from graftwork.engine.stage_features import StageFeatures

    compute = inside.prepared.plan.compute
    features = StageFeatures(network, node, inside.prepared.transform, compute, inside.workspace.cache)
    features.fill(inside.images, indices, stop=inside.stop, tell=inside.tell)
    return features


def _notes(parts: list[PartDrift], after: Network, num_images: int) -> tuple[str, ...]:
    import torch

    notes = []
    broken = [k for k, t in after.tensors().items() if t.is_floating_point() and not torch.isfinite(t).all()]
    if broken:
        notes.append(f"{len(broken)} tensors hold values that are not finite, the first is {broken[0]}.")
    silent = [p.name for p in parts if p.role == "base" and p.cka is None]
    if silent and num_images >= 5:
        notes.append(
            f"No CKA for {', '.join(silent)}: the features are the same for all images, or not finite."
        )
    elif silent:
        notes.append(f"No CKA: {num_images} images are too few, five are wanted.")
    zero = [p.name for p in parts if p.num_parameters and p.movement is None and not broken]
    if zero:
        notes.append(f"No relative movement for {', '.join(zero)}: all its weights began at zero.")
    return tuple(notes)
