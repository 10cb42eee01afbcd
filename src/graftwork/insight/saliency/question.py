"""What saliency explains: one number that a network says about one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from graftwork.components.objectives import Anomaly, Binary, Objective, Segmentation
from graftwork.engine.network import Network
from graftwork.errors import FlowError

__all__ = ["Question"]


@dataclass(frozen=True)
class Question:
    """Why does a network say this of an image?

    Args:
        network: in evaluation mode; frozen or not.
        objective: that reads its prediction.
        values: by wire, batch 1: the normalized image (1, c, h, w) at the image wire, and columns of a table
            where the flow reads some.
        target: class, tag or number that is asked about; of an anomaly's score always 0.
    """

    network: Network
    objective: Objective
    values: Mapping[str, Tensor]
    target: int

    @property
    def image(self) -> Tensor:
        """The image (1, c, h, w)."""
        return self.values[self.network.image_wire]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image, in pixels."""
        return int(self.image.shape[2]), int(self.image.shape[3])

    def with_images(self, images: Tensor) -> dict[str, Tensor]:
        """Return the values with other images (b, c, h, w) in the place of this one."""
        wire = self.network.image_wire
        count = len(images)
        rest = {w: v.expand(count, *v.shape[1:]) for w, v in self.values.items() if w != wire}
        return {**rest, wire: images}

    def output(self, values: Mapping[str, Tensor]) -> Tensor:
        """Return the main prediction (b, …) as the objective takes it."""
        wire = self.network.output_wire
        return self.network.run(values, [wire])[wire].float()

    def scores(self, output: Tensor) -> Tensor:
        """Return the number that is explained, one for each image, (b,).

        A class's or tag's logit; of one logit z for two classes z or -z; a number in deviations from the mean
        of the training images; of masks the class's mean logit over the pixels that it wins, or over all when
        it wins none (Vinogradova et al. 2020, "Towards interpretable semantic segmentation via
        gradient-weighted class activation mapping", arXiv:2002.11434); the score of an anomaly.

        Raises:
            FlowError: the prediction has no such class.
        """
        if isinstance(self.objective, Anomaly):
            return self.objective.predict(output).reshape(len(output))
        if isinstance(self.objective, Binary):
            z = output.reshape(len(output), -1)[:, 0]
            return z if self.target == 1 else -z
        if not 0 <= self.target < output.shape[1]:
            raise FlowError(
                f"The network says {output.shape[1]} numbers; there is none of index {self.target}.",
                hint="Ask about another class.",
            )
        if isinstance(self.objective, Segmentation):
            return self._of_pixels(output)
        return output.reshape(len(output), output.shape[1], -1)[:, self.target].mean(1)

    def _of_pixels(self, output: Tensor) -> Tensor:
        logits = output[:, self.target]
        wins = (output.detach().argmax(1) == self.target).float()
        wins = torch.where(wins.sum((1, 2), keepdim=True) > 0, wins, 1.0)
        return (logits * wins).sum((1, 2)) / wins.sum((1, 2))
