"""Integrated gradients: what each pixel adds to a score, for any network."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from graftwork.insight.saliency.question import Question

__all__ = ["Integrated", "blank", "integrated_gradients"]

_BATCH = 8
_LEAST_DIFFERENCE = 1e-6


@dataclass(frozen=True)
class Integrated:
    """What each pixel adds to a score.

    Args:
        attributions: (h, w), summed over the channels; negative where a pixel speaks against the class.
        total: their sum.
        difference: score of the image minus that of the blank image; ``total`` should equal it.
        num_steps: points on the way between the two that were looked at.
    """

    attributions: Tensor
    total: float
    difference: float
    num_steps: int

    @property
    def gap(self) -> float:
        """How far the sum misses the difference, as a share of the difference's size; 0 is complete."""
        return abs(self.total - self.difference) / max(abs(self.difference), _LEAST_DIFFERENCE)


def blank(images: Tensor) -> Tensor:
    """Return images (b, c, h, w) without content: one gray everywhere, as bright as the image on average.

    Black would make black pixels invisible to the method. The mean color would not do either: a colored spot
    tints it, and a network that looks for that color finds it in the blank image.
    """
    return images.mean((1, 2, 3), keepdim=True).expand_as(images).contiguous()


def integrated_gradients(
    question: Question,
    *,
    num_steps: int = 32,
    most_steps: int = 256,
    tolerance: float = 0.05,
    between: Callable[[], None] = lambda: None,
) -> Integrated:
    """Return what each pixel adds to the score of an image over that of a blank one.

    Gradients are integrated along the straight way from ``blank``, by Gauss-Legendre quadrature. When the sum of
    attributions misses the difference of the scores by more than ``tolerance``, the number of steps is doubled.

    Args:
        question: which score of which image.
        num_steps: points on the way at first.
        most_steps: more are not taken, whatever the gap.
        tolerance: gap that is good enough, a share.
        between: called before each pass; it may raise to end the work.

    Source: Sundararajan, Taly & Yan 2017, "Axiomatic attribution for deep networks", arXiv:1703.01365, eq. 1;
    the library captum computes it.
    """
    from captum.attr import IntegratedGradients

    def score(images: Tensor) -> Tensor:
        between()
        return question.scores(question.output(question.with_images(images)))

    image = question.image.detach().float().clone()
    baseline = blank(image)
    with torch.no_grad():
        difference = float(score(image).double() - score(baseline).double())
    method = IntegratedGradients(score)
    while True:
        with torch.enable_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found: Tensor = method.attribute(
                image.requires_grad_(),
                baselines=baseline,
                n_steps=num_steps,
                internal_batch_size=_BATCH,
                method="gausslegendre",
            )
        pixels = found.detach().sum(1)[0]
        made = Integrated(pixels, float(pixels.double().sum()), difference, num_steps)
        if made.gap <= tolerance or num_steps * 2 > most_steps:
            return made
        num_steps *= 2
