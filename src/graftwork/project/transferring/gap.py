"""From two domains to a report of the gap between them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from graftwork.documents.gap import ExampleImage, Gap, LabelGap, LayerGap, StageGap
from graftwork.project.looks.inspection import Inspection
from graftwork.project.sources import Source, source_text
from graftwork.project.transferring.adapt import AdaptChoices, Pair, digest_of_truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.data import Sample

__all__ = ["MAX_IMAGES", "gap"]

MAX_IMAGES = 500
_RULES = 1
_SHOWN = 12
_SATURATED = 1.95


def gap(inside: Inspection, target: Source, choices: AdaptChoices) -> Gap:
    """Return how far apart two domains are as a base sees them; kept by content.

    Args:
        inside: a flow, or a run, on the source.
        target: images of the target; labels are not needed.
        choices: ``names`` and ``max_images``; the rest does not matter.

    Raises:
        FlowError: labels that are no classes, or no base that opens.
        DataError: a target of too few images, or of classes that the source does not have.
        RunInterrupted: it was stopped.
    """
    node = inside.require_base()
    pair = Pair(inside, source_text(target, inside.project.root / "data"), choices, needs_shared=False)
    facts = {
        "flow": inside.flow.model_dump(mode="json", exclude={"layout", "name", "recipe"}),
        "seed": inside.flow.recipe.seed,
        "data": inside.data_digest,
        "target": pair.target.images.digest(),
        "truth": digest_of_truth(pair.target),
        "names": dict(choices.names or {}),
        "max_images": choices.max_images,
        "rules": _RULES,
    }
    return inside.kept(Gap, "gap", facts, lambda: _Measured(pair, node).report())


class _Measured:
    """Two domains while they are measured."""

    def __init__(self, pair: Pair, node: str) -> None:
        from graftwork.engine.stage_features import StageFeatures

        self.pair, self.node, self.inside = pair, node, pair.inside
        self.began = time.perf_counter()
        inside = pair.inside
        self.network = inside.trained.network if inside.run is not None else inside.prepared.network
        self.compute = inside.prepared.plan.compute
        self.transform = inside.prepared.transform
        self.seed = inside.flow.recipe.seed
        self.features = StageFeatures(
            self.network, node, self.transform, self.compute, inside.workspace.cache
        )
        for images, indices in ((pair.images, pair.train), (pair.target.images, pair.chosen)):
            self.features.fill(images, indices, stop=inside.stop, tell=inside.tell)

    def _raw(self, stage: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        pair = self.pair
        return (
            self.features.of(stage, pair.images, pair.train),
            self.features.of(stage, pair.target.images, pair.chosen),
        )

    def _of(self, stage: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from graftwork.insight.gap.distances import main_directions

        return main_directions(*self._raw(stage))

    def report(self) -> Gap:
        """Return the report."""
        from graftwork.insight.gap.kinds import judge

        pair = self.pair
        stages = tuple(self._stage(stage) for stage in self.features.stages)
        layers, labels = self._layers(), self._labels()
        judged = judge(stages, layers, labels)
        alike, unlike = self._examples()
        copies = {pair.images.samples[i].digest for i in pair.train}
        num_copies = sum(pair.target.images.samples[i].digest in copies for i in pair.chosen)
        return Gap(
            source=pair.images.source,
            target=pair.name,
            base=self.inside.prepared.plan.base,
            num_source=len(pair.train),
            num_target=len(pair.chosen),
            num_copies=num_copies,
            stages=stages,
            layers=layers,
            labels=labels,
            alike=alike,
            unlike=unlike,
            kinds=judged.kinds,
            confidence=judged.confidence,
            reasons=judged.reasons,
            suits=judged.suits,
            words=f"Kind of shift: {', '.join(judged.kinds)} ({judged.confidence} confidence). {judged.suits[0]}",
            notes=_notes(num_copies, labels),
            seconds=round(time.perf_counter() - self.began, 2),
        )

    def _stage(self, stage: str) -> StageGap:
        import numpy as np

        from graftwork.insight.gap.distances import coral_distance, discrepancy
        from graftwork.insight.similarity.domain_gap import proxy_a_distance

        self.inside.check_stop()
        source, target = self._of(stage)
        order = np.random.default_rng(self.seed).permutation(len(source))
        halves = source[order[: len(order) // 2]], source[order[len(order) // 2 :]]
        apart = discrepancy(source, target, seed=self.seed)
        distance = proxy_a_distance(*self._raw(stage), seed=self.seed)  # it finds directions of its own
        return StageGap(
            stage=stage,
            a_distance=round(distance, 4),
            is_saturated=distance >= _SATURATED,
            mmd=apart.value,
            mmd_halves=apart.halves,
            mmd_p=apart.p_value,
            coral=coral_distance(source, target),
            coral_halves=coral_distance(*halves),
        )

    def _layers(self) -> tuple[LayerGap, ...]:
        from graftwork.engine.layer_statistics import batch_norm_statistics
        from graftwork.engine.sources import ImageSource
        from graftwork.insight.similarity.statistics_shift import layer_shift

        pair = self.pair
        seen = [
            batch_norm_statistics(
                self.network,
                self.node,
                ImageSource(
                    images,
                    indices,
                    self.transform,
                    augmenter=None,
                    store=None,
                    compute=self.compute,
                    wire=self.network.image_wire,
                ),
                self.compute,
            )
            for images, indices in ((pair.images, pair.train), (pair.target.images, pair.chosen))
        ]
        return tuple(
            LayerGap(
                layer=one.layer,
                shift=layer_shift(other.mean, other.variance, one.mean, one.variance),
                source_kept=layer_shift(one.mean, one.variance, one.kept_mean, one.kept_variance),
                target_kept=layer_shift(other.mean, other.variance, one.kept_mean, one.kept_variance),
            )
            for one, other in zip(*seen, strict=True)
        )

    def _labels(self) -> LabelGap | None:
        from graftwork.insight.gap.labels import label_gap

        pair = self.pair
        truth = pair.target.truth
        if truth is None:
            return None
        source, target = self._of(self.features.stages[-1])
        return label_gap(
            source,
            pair.labels,
            target,
            truth.labels[pair.chosen],
            pair.classes,
            only_target=tuple(truth.unseen),
        )

    def _examples(self) -> tuple[tuple[ExampleImage, ...], tuple[ExampleImage, ...]]:
        import numpy as np

        from graftwork.insight.gap.distances import domain_probabilities

        pair = self.pair
        source, target = self._of(self.features.stages[-1])
        found = domain_probabilities(source, target, seed=self.seed)
        sides: tuple[tuple[Literal["source", "target"], NDArray[np.float64], list[Sample]], ...] = (
            ("source", found[: len(source)], [pair.images.samples[i] for i in pair.train]),
            ("target", found[len(source) :], [pair.target.images.samples[i] for i in pair.chosen]),
        )
        alike: list[ExampleImage] = []
        unlike: list[ExampleImage] = []
        for domain, sure, samples in sides:
            order = np.argsort(sure, kind="stable")
            rising = (
                order if domain == "target" else order[::-1]
            )  # first those that look like the other domain
            for shown, at in ((alike, rising[:_SHOWN]), (unlike, rising[::-1][:_SHOWN])):
                shown += [
                    ExampleImage(
                        domain=domain,
                        key=samples[i].key,
                        digest=samples[i].digest,
                        target_probability=round(float(sure[i]), 4),
                    )
                    for i in at
                ]
        return tuple(alike), tuple(unlike)


def _notes(num_copies: int, labels: LabelGap | None) -> tuple[str, ...]:
    notes = []
    if num_copies:
        notes.append(
            f"{num_copies} images of the target are in the source too, byte for byte; they draw the domains together."
        )
    if labels is None:
        notes.append(
            "The target has no labels: of its classes, their shares and their meaning nothing is known."
        )
    elif not labels.classes:
        notes.append(
            "The domains share no class by name. If they mean the same, say which is which with --map."
        )
    return tuple(notes)
