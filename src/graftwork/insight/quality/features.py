"""Pooled features of all images from the main base as it was pretrained, computed once and stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graftwork.data import ImageSet
from graftwork.engine.network import Network
from graftwork.engine.prepare import Prepared
from graftwork.insight.map_features import FeatureReader, find_place
from graftwork.insight.stages import require_placed

__all__ = ["FeatureTable"]


@dataclass(frozen=True)
class FeatureTable:
    """The features of a flow's images at the end of its main base, averaged over places.

    Stored in the feature cache under the images' digests: a second look passes no image through the base,
    and what a training stored at the end of the base is taken from there.

    Args:
        prepared: the flow, its network with pretrained weights.
        cache: folder that runs share.
        stop: asked between batches.
        tell: told of progress.

    Raises:
        FlowError: the flow has no base that opens into stages.
    """

    prepared: Prepared
    cache: Path
    stop: Callable[[], bool] = lambda: False
    tell: Callable[[Any], object] = lambda _: None

    def __post_init__(self) -> None:
        require_placed(self.network)

    @property
    def network(self) -> Network:
        """The network that gives the features."""
        return self.prepared.network

    @property
    def stage(self) -> str:
        """The last stage of the main base."""
        return require_placed(self.network).base.stage_names()[-1]

    @property
    def base_id(self) -> str:
        """The main base."""
        return self.network.base.card.id

    @property
    def is_untrained(self) -> bool:
        """Whether the flow starts the base from random values."""
        node = self.prepared.flow.node(require_placed(self.network).node)
        return self.base_id.startswith("random:") or node.settings.get("strategy") == "from_scratch"

    @property
    def key(self) -> str:
        """A name for all that the features depend on, apart from the images: base, weights, transform."""
        return self._reader.key

    @cached_property
    def _reader(self) -> FeatureReader:
        prepared = self.prepared
        place = find_place(self.network)
        return FeatureReader(self.network, place, prepared.transform, prepared.plan.compute, self.cache)

    def of(self, images: ImageSet) -> NDArray[np.float32]:
        """Return the features of all images, float32 (n, d), in the order of ``images.samples``.

        Raises:
            RunInterrupted: ``stop`` said so; what was computed is kept.
            DataError: an image cannot be read any more.
        """
        return self._reader.of_images(images, range(len(images)), tell=self.tell, stop=self.stop)
