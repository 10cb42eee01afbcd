"""The probe by depth of a run or a flow: its base's stages on its own images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.depth import DepthReport, StageDepth
from graftwork.errors import DataError, FlowError, UnknownName, did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graftwork.data import ImageSet
    from graftwork.documents.flow import Flow
    from graftwork.engine.network import Network
    from graftwork.insight.depth import StageProbes
    from graftwork.insight.folds import Folds
    from graftwork.project.bench_state import BenchState
    from graftwork.project.looks.inspection import Inspection

__all__ = ["MAX_IMAGES", "ProbedImages", "choose_images", "depth_task", "find_base", "probe_by_depth"]

MAX_IMAGES = 2000
"""Images that a probe looks at unless told otherwise: more change the curve little and cost their time."""
_RULES = 1  # another way to fit or to score is another number: what was kept is made anew


def depth_task(
    state: BenchState, subject: Flow | str, node: str | None = None, is_trained: bool = False
) -> DepthReport:
    """Return the probe by depth, for a page of the studio."""
    return probe_by_depth(state.inspection(subject), node=node, is_trained=is_trained)


def probe_by_depth(
    inside: Inspection, *, node: str | None = None, is_trained: bool = False, max_images: int = MAX_IMAGES
) -> DepthReport:
    """Return how well each stage of a base separates the labels of the training and validation images.

    Test images are never looked at. Features come from one pass of the base over the images, are stored in the
    feature cache and found again there.

    Args:
        inside: the run or flow.
        node: of the base; the main base if not given.
        is_trained: look at the base as the run left it, not as training starts.
        max_images: at most so many images of both splits, each class, split and tag by its share.

    Raises:
        FlowError: no base that opens into stages, or labels that are masks.
        UnknownName: no such base.
        DataError: fewer than two classes, or images that are not there.
        RunError: ``is_trained``, and no weights.
    """
    node = find_base(inside, node)
    facts = {
        "node": node,
        "is_trained": is_trained,
        "max_images": max_images,
        "rules": _RULES,
        "data": inside.data_digest,
    }
    if inside.run is None:
        facts |= _facts_of_flow(inside, node)
    return inside.kept(DepthReport, "depth", facts, lambda: _made(inside, node, is_trained, max_images))


def find_base(inside: Inspection, node: str | None) -> str:
    """Return the node of a base: the one named, else the main one.

    Raises:
        FlowError: the flow has no base that opens into stages.
        UnknownName: no such base.
    """
    main = inside.require_base()
    bases = list(inside.prepared.network.bases)
    if node is not None and node not in bases:
        raise UnknownName(
            f"Node '{node}' of the flow '{inside.flow.name}' holds no base that opens into stages.",
            hint=did_you_mean(node, bases) or f"Name one of: {', '.join(bases)}.",
        )
    return main if node is None else node


def _facts_of_flow(inside: Inspection, node: str) -> dict[str, Any]:
    """Return what the result depends on: the way from an image to the last stage, and the labels."""
    from graftwork.engine.extract import feature_key
    from graftwork.engine.sources import Augmenter
    from graftwork.engine.stage_features import stage_wires

    prepared = inside.prepared
    last = list(stage_wires(prepared.network, node).values())[-1]
    plain = Augmenter("none", 0, prepared.transform.size)
    features = feature_key(prepared.network, last, prepared.transform, plain, prepared.plan.compute)
    return {
        "features": features,
        "kind": inside.images.label_kind,
        "seed": inside.flow.recipe.seed,
    }


def _made(inside: Inspection, node: str, is_trained: bool, max_images: int) -> DepthReport:
    import numpy as np

    from graftwork.engine.stage_features import StageFeatures
    from graftwork.insight.depth import probe_features

    network = inside.trained.network if is_trained else inside.prepared.network
    probed = choose_images(inside, max_images)
    compute = inside.prepared.plan.compute
    features = StageFeatures(network, node, inside.prepared.transform, compute, inside.workspace.cache)
    features.fill(inside.images, probed.indices, stop=inside.stop, tell=inside.tell)
    rows: list[tuple[str, int, StageProbes]] = []
    before: NDArray[Any] | None = None
    for stage in features.stages:
        inside.check_stop()
        values = features.of(stage, inside.images, probed.indices)
        if before is not None and np.array_equal(values, before):  # a pooling stage after a mean over places
            found = rows[-1][2]
        else:
            seed = inside.flow.recipe.seed
            found = probe_features(values, probed.labels, probed.folds, probed.kind, seed=seed)
        rows.append((stage, values.shape[1], found))
        before = values
    return _report(network, node, "trained" if is_trained else "start", probed, rows)


@dataclass(frozen=True)
class ProbedImages:
    """The images that are looked at: their positions and labels, and which of them score a probe."""

    kind: Literal["category", "number", "tags"]
    indices: list[int]
    labels: NDArray[Any]
    folds: Folds
    num_classes: int
    num_available: int
    notes: tuple[str, ...]


def choose_images(inside: Inspection, max_images: int) -> ProbedImages:
    """Return the labelled training and validation images that a probe looks at, each class by its share.

    Raises:
        FlowError: the labels are masks.
        DataError: fewer than two classes, or labels that are all the same.
    """
    import numpy as np

    from graftwork.insight.folds import choose_folds

    images, seed = inside.images, inside.flow.recipe.seed
    if images.label_kind == "mask":
        raise FlowError(
            f"The labels of the flow '{inside.flow.name}' are masks; a probe by depth wants one label, tags "
            "or numbers for each image.",
            hint="Look at the feature maps of each stage instead: graftwork preview.",
        )
    parts = [_labelled(images, images.of_split(split)) for split in ("train", "validation")]
    total = sum(map(len, parts))
    chosen = [_spread(images, part, total, max_images, seed) for part in parts]
    indices = chosen[0] + chosen[1]
    labels = images.labels(indices)
    notes = _refuse_or_note(images, labels, total, len(indices))
    is_training = np.arange(len(indices)) < len(chosen[0])
    groups = [images.samples[i].group or images.samples[i].digest for i in indices]
    folds = choose_folds(labels, is_training, groups, seed=seed)
    num_classes = len(np.unique(labels)) if images.label_kind == "category" else 2
    return ProbedImages(images.label_kind, indices, labels, folds, num_classes, total, notes)


def _labelled(images: ImageSet, indices: Sequence[int]) -> list[int]:
    import numpy as np

    labels = images.labels(indices)
    has = labels >= 0 if images.label_kind == "category" else np.isfinite(labels).all(axis=1)
    return [i for i, there in zip(indices, has, strict=True) if there]


def _spread(images: ImageSet, part: list[int], total: int, max_images: int, seed: int) -> list[int]:
    from graftwork.insight.folds import evenly

    num = len(part) if total <= max_images else max(1, round(max_images * len(part) / total))
    return [part[i] for i in evenly(images.labels(part), num, seed=seed)]


def _refuse_or_note(images: ImageSet, labels: NDArray[Any], total: int, looked_at: int) -> tuple[str, ...]:
    import numpy as np

    notes = []
    if images.label_kind == "category" and len(np.unique(labels)) < 2:
        raise DataError(
            f"The labelled training and validation images of {images.source} are of {len(np.unique(labels))} "
            "classes; a probe tells at least two apart.",
            hint="Add images of another class.",
        )
    if images.label_kind != "category" and (not len(labels) or not np.ptp(labels, axis=0).any()):
        raise DataError(
            f"All labelled training and validation images of {images.source} have the same labels: there is "
            "nothing to predict.",
            hint="Add images with other labels.",
        )
    if looked_at < total:
        notes.append(f"Of {total:,} labelled images {looked_at:,} were looked at, each class by its share.")
    if images.label_kind == "number" and not np.ptp(labels, axis=0).all():
        notes.append("Columns whose numbers never vary are left out.")
    return tuple(notes)


def _report(
    network: Network,
    node: str,
    weights: Literal["start", "trained"],
    probed: ProbedImages,
    rows: Sequence[tuple[str, int, StageProbes]],
) -> DepthReport:
    from graftwork.engine.strategy import why_not_cut
    from graftwork.insight.depth import earliest_within

    card = network.bases[node].base.card
    stages = tuple(
        StageDepth(
            stage=name,
            num_features=width,
            is_legal=(why_not := why_not_cut(card, name)) is None,
            why_not=why_not,
            linear=found.linear,
            nearest_mean=found.nearest_mean,
        )
        for name, width, found in rows
    )
    best = earliest_within([None if s.linear is None else s.linear.score for s in stages])
    is_folded = probed.folds.protocol == "cross_validation"
    return DepthReport(
        node=node,
        base=card.id,
        weights=weights,
        label_kind=probed.kind,
        measure="r2" if probed.kind == "number" else "balanced_accuracy",
        protocol=probed.folds.protocol,
        num_folds=len(probed.folds.pairs) if is_folded else 1,
        num_fitted=probed.folds.num_fitted,
        num_scored=len(probed.folds.scored),
        num_available=probed.num_available,
        chance=0.0 if probed.kind == "number" else 1 / probed.num_classes,
        stages=stages,
        best=None if best is None else stages[best].stage,
        cut=None if best is None else _cut(stages, best),
        notes=(*probed.notes, *_notes_of(stages)),
    )


def _cut(stages: Sequence[StageDepth], best: int) -> str | None:
    """Return the best stage, or the next one after which the base can be cut."""
    return next((s.stage for s in stages[best:] if s.is_legal), None)


def _notes_of(stages: Sequence[StageDepth]) -> list[str]:
    notes = []
    broken = [s.stage for s in stages if s.linear is None]
    if broken:
        notes.append(f"No scores for {', '.join(broken)}: features that are not finite, or nothing to score.")
    slow = [s.stage for s in stages if s.linear is not None and not s.linear.is_converged]
    if slow:
        notes.append(f"The linear probe of {', '.join(slow)} was ended before it settled: it may be better.")
    return notes
