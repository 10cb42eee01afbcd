"""The classifier that a base was trained with: what its source classes say of new images."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graftwork.bases.base import Base
from graftwork.errors import NoSourceHead

__all__ = ["SourceHead", "open_source_head", "source_probabilities"]

_PROBED_ROWS = 4
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class SourceHead:
    """The old classifier of a base, with its trained weights.

    Args:
        module: from features at the base's end to one number per source class; shared with the base.
        num_classes: source classes, k.
        gives_probabilities: whether the module ends in a softmax of its own.
    """

    module: nn.Module
    num_classes: int
    gives_probabilities: bool

    def log_probabilities(self, features: Tensor) -> Tensor:
        """Return the logarithm of each source class's probability (b, k), float32, of features at the base's end.

        Differentiable in the features and in the head's weights.
        """
        found: Tensor = self.module(features).float()
        if self.gives_probabilities:
            return found.clamp_min(torch.finfo(found.dtype).tiny).log()
        return torch.log_softmax(found, dim=1)


def open_source_head(base: Base) -> SourceHead:
    """Return the head that a base was trained with.

    Args:
        base: as it was opened; nothing in it is changed.

    Raises:
        NoSourceHead: the base has no old classifier, the classifier has no trained weights, or it does not
            give one number per class.
    """
    classifier, card = base.classifier, base.card
    if classifier is None or card.old_classifier is None:
        raise _refusal(base, "it was published without a classifier")
    names = {id(t): name for name, t in base.module.state_dict(keep_vars=True).items()}
    own = [names.get(id(t)) for t in classifier.state_dict(keep_vars=True).values()]
    if not own or not set(own) <= set(card.load.left_out):
        raise _refusal(base, "its classifier has no trained weights")
    shape = card.old_classifier.output_shape
    if len(shape) != 1 or shape[0] < 2:
        raise _refusal(base, f"what follows its last stage gives {shape} and not one number per class")
    return SourceHead(classifier, shape[0], _ends_in_softmax(base, classifier))


@torch.no_grad()
def source_probabilities(base: Base, features: Tensor) -> Tensor:
    """Return what a base's source classes say of images: rows of probabilities.

    Args:
        base: as it was opened.
        features: of the images at the end of the base's last stage, shape (n, …); the values that the feature
            cache holds when the whole base is frozen.

    Returns:
        Shape (n, k) for k source classes, float32, each row summing to 1; in evaluation mode.

    Raises:
        NoSourceHead: see ``open_source_head``.
    """
    head = open_source_head(base)
    was_training = head.module.training
    head.module.eval()
    try:
        return head.log_probabilities(features.float()).exp()
    finally:
        head.module.train(was_training)


def _refusal(base: Base, reason: str) -> NoSourceHead:
    return NoSourceHead(
        f"Base '{base.card.id}' has no source head: {reason}.",
        hint="Take a base with its trained classifier, such as 'bundled:efficientnet_lite0'.",
    )


@torch.no_grad()
def _ends_in_softmax(base: Base, classifier: nn.Module) -> bool:
    """Whether the classifier's rows are probabilities, judged on features drawn at random."""
    shape = base.card.stages[-1].output_shape
    parameter = next(classifier.parameters())
    drawn = torch.randn(_PROBED_ROWS, *shape, generator=torch.Generator().manual_seed(0))
    was_training = classifier.training
    classifier.eval()
    try:
        rows = classifier(drawn.to(parameter)).float()
    finally:
        classifier.train(was_training)
    sums_to_one = (rows.sum(1) - 1).abs().max() < _SUM_TOLERANCE
    return bool(rows.min() >= 0 and sums_to_one)
