"""The images that a base was trained on, and how far some data lies from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graftwork.engine.stage_features import StageFeatures
from graftwork.errors import DataError, RunNotFound, UsageError
from graftwork.insight.folds import evenly
from graftwork.insight.similarity.class_means import class_means, class_similarity
from graftwork.insight.similarity.domain_gap import proxy_a_distance
from graftwork.project.looks.inspection import Inspection
from graftwork.project.sources import images_of_run, open_source, source_text

if TYPE_CHECKING:
    from graftwork.data import ImageSet

__all__ = ["Domain", "against_source", "last_features", "source_of"]

_SOURCE_IMAGES = 800


def last_features(inside: Inspection, node: str) -> StageFeatures:
    """Return the features of the stages of a base, the last of which are those that a head gets."""
    prepared = inside.prepared
    return StageFeatures(
        prepared.network, node, prepared.transform, prepared.plan.compute, inside.workspace.cache
    )


@dataclass(frozen=True)
class Domain:
    """What a base was trained on, as far as it is at hand; ``why_not`` says why it is not."""

    images: ImageSet | None
    name: str
    why_not: str = ""

    @property
    def digest(self) -> str | None:
        """SHA-256 of its images as they lie there now."""
        return None if self.images is None else self.images.digest()


def source_of(inside: Inspection, node: str, source: str | None) -> Domain:
    """Return the images that the user names, or those of the run that the base is.

    Raises:
        UsageError: what the user names is neither a run nor images.
    """
    base = str(inside.flow.node(node).settings.get("base") or "")
    if source is None and not base.startswith("run:"):
        return Domain(
            None,
            "",
            "The images that the base was trained on are not here; name them, or a run that saw them.",
        )
    name = base.removeprefix("run:") if source is None else source
    try:
        run = inside.project.find(name)
    except RunNotFound:
        if source is None:
            return Domain(None, "", f"The run '{name}' is not here any more, so its images are not known.")
        return Domain(_opened(inside, name), name)
    try:
        return Domain(images_of_run(run, inside.workspace), run.id)
    except DataError as error:
        return Domain(None, "", f"The images of run {run.id} are not there any more: {error.message}")


def _opened(inside: Inspection, name: str) -> ImageSet:
    from graftwork.graph.contracts import ImagesSettings

    try:
        settings = ImagesSettings(source=source_text(name, inside.project.root / "data"))
        return open_source(settings, inside.workspace.index)
    except DataError as error:
        raise UsageError(
            f"'{name}' is neither a run of this project nor images: {error.message}",
            hint="Name a folder, a table, sample:NAME, or a run of this project.",
        ) from error


_Reading = tuple[float | None, str]


def against_source(
    inside: Inspection, node: str, domain: Domain, own: NDArray[np.float32], chosen: Sequence[int]
) -> tuple[_Reading, _Reading]:
    """Return the similarity of class means and the proxy A-distance, each with its words."""
    if domain.images is None:
        return (None, domain.why_not), (None, domain.why_not)
    images, seed = domain.images, inside.flow.recipe.seed
    known = [
        i for i in range(len(images.samples)) if images.label_kind != "category" or images.labels([i])[0] >= 0
    ]
    order = (
        evenly(images.labels(known), _SOURCE_IMAGES, seed=seed) if images.label_kind == "category" else None
    )
    picked = known[:_SOURCE_IMAGES] if order is None else [known[k] for k in order]
    features = last_features(inside, node)
    features.fill(images, picked, stop=inside.stop, tell=inside.tell)
    theirs = features.of(features.stages[-1], images, picked)
    groups = [f"source:{images.samples[i].digest}" for i in picked]
    groups += [f"target:{inside.images.samples[i].digest}" for i in chosen]
    domains: _Reading
    try:
        distance = proxy_a_distance(theirs, own, groups=groups, seed=seed)
        domains = (
            distance,
            f"A classifier tells the images from those of {domain.name} with a proxy A-distance of {distance:.2f}.",
        )
    except DataError as error:
        domains = None, error.message
    if images.label_kind != "category":
        return (None, f"The labels of {domain.name} are not classes."), domains
    similarity = class_similarity(
        class_means(theirs, images.labels(picked)), class_means(own, inside.images.labels(chosen))
    )
    words = f"Moving the class means of {domain.name} onto these takes little or much: exp(−0.01·distance) is {similarity:.3f}."
    return (similarity, words), domains
