"""One vector for each image at a wire of a network: read from the feature cache, or computed once and kept there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graftwork.data import ImageSet, Transform
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.plan import ComputePlan
from graftwork.engine.network import Network
from graftwork.engine.stage_features import WireFeatures
from graftwork.errors import FlowError, UnknownName, did_you_mean

__all__ = ["FeatureReader", "Place", "find_place"]


@dataclass(frozen=True)
class Place:
    """Where in a network features are taken: the wire, and its place in words ('base', 'head', or a stage)."""

    wire: str
    name: str


def find_place(network: Network, at: str = "base") -> Place:
    """Return the wire that a place means.

    Args:
        network: of a flow.
        at: 'base', the end of the main base; a stage of it; or 'head', what enters the last part with
            parameters before the prediction. 'base' means 'head' where a flow has no base that opens.

    Raises:
        UnknownName: no such stage.
        FlowError: nothing with parameters lies before the prediction.
    """
    main = network.main
    if main is not None:
        stages = dict(zip(main.base.stage_names(), main.steps, strict=True))
        wires = {step.name: step.outputs[0] for step in network.steps}
        if at == "base":
            return Place(wires[main.steps[-1]], "base")
        if at in stages:
            return Place(wires[stages[at]], at)
    names = ["base", "head", *(main.base.stage_names() if main is not None else ())]
    if at not in names:
        raise UnknownName(f"There is no place '{at}' to take features from.", hint=did_you_mean(at, names))
    return Place(_before_head(network), "head")


def _before_head(network: Network) -> str:
    """Return the wire into the last step with parameters that the main prediction needs."""
    needed = {network.output_wire}
    for step in reversed(network.steps):
        if needed.intersection(step.outputs):
            if step.role == "new" and any(True for _ in step.module.parameters()):
                return step.inputs[0]
            needed.update(step.inputs)
    raise FlowError(
        "Nothing that the flow adds has parameters, so there is no head to look before.",
        hint="Take the features at 'base' or at a stage.",
    )


class FeatureReader:
    """Features of images at one place of a network.

    Args:
        network: in the state that is looked at; put into inference mode.
        place: where.
        transform: from images to what the network takes.
        compute: number format and device, part of a cache entry's name.
        cache: folder of the project's cache.

    Raises:
        FlowError: the place cannot be reached from the image alone.
    """

    def __init__(
        self, network: Network, place: Place, transform: Transform, compute: ComputePlan, cache: Path
    ) -> None:
        self.place = place
        self.transform = transform
        self._features = WireFeatures(network, [place.wire], transform, compute, cache)
        try:
            self.key = self._features.key(place.wire)
        except FlowError as error:
            raise FlowError(
                "Features there need more than the image: the flow also reads columns of a table.",
                hint="Take the features at 'base' or at a stage.",
            ) from error

    def of_canvases(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the features (n, d) of images that have the network's size, uint8 (n, h, w, 3); not stored."""
        return self._features.of_canvases(self.place.wire, canvases)

    def of_images(
        self,
        images: ImageSet,
        indices: Sequence[int],
        *,
        tell: Callable[[ExtractionProgress], object] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.float32]:
        """Return the features (n, d) of images of a set; what is not stored yet is computed and stored.

        Args:
            images: the set.
            indices: positions in it.
            tell: told of the progress.
            stop: asked between batches; what is computed by then is kept.

        Raises:
            RunInterrupted: ``stop`` said so.
            DataError: an image cannot be read any more.
        """
        self._features.fill(images, indices, stop=stop, tell=tell)
        return self._features.of(self.place.wire, images, indices)
