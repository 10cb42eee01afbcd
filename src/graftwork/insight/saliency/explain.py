"""One door to all methods: a map of evidence the size of the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from graftwork.errors import UsageError
from graftwork.insight.saliency.grad_cam import enlarged, grad_cam, stages_with_places
from graftwork.insight.saliency.integrated import Integrated, integrated_gradients
from graftwork.insight.saliency.question import Question
from graftwork.insight.saliency.rollout import attention_rollout, can_roll_out

__all__ = ["METHODS", "Explanation", "Method", "choose_method", "explain"]

Method = Literal["grad_cam", "attention", "integrated_gradients"]
METHODS: tuple[Method, ...] = ("grad_cam", "attention", "integrated_gradients")
_BLUR_SHARE = 0.03
"""Width of the blur over what single pixels add, as a share of the image's shorter side: evidence is no single pixel."""


@dataclass(frozen=True)
class Explanation:
    """Where the evidence for a class lies.

    Args:
        method: that found it.
        stage: of Grad-CAM.
        raw: (h, w) at the method's own resolution; of integrated gradients with negative evidence too.
        heat: (H, W), the size of the image, >= 0: what speaks for the class. Pixels of integrated gradients
            are blurred a little, since evidence is never a single pixel.
        integrated: of integrated gradients, with how complete they are.
    """

    method: Method
    stage: str | None
    raw: NDArray[np.float32]
    heat: NDArray[np.float32]
    integrated: Integrated | None = None

    @property
    def peak(self) -> tuple[int, int]:
        """Row and column of the strongest evidence."""
        row, column = np.unravel_index(int(self.heat.argmax()), self.heat.shape)
        return int(row), int(column)

    @property
    def is_empty(self) -> bool:
        """Whether nothing speaks for the class, or nothing finite came out."""
        return not bool(np.isfinite(self.heat).all()) or float(self.heat.max()) <= 0.0


def choose_method(question: Question) -> Method:
    """Return what fits the network: attention where it can be followed, Grad-CAM where there are places."""
    if question.network.main is None:
        return "integrated_gradients"
    if can_roll_out(question):
        return "attention"
    return "grad_cam" if stages_with_places(question) else "integrated_gradients"


def explain(
    question: Question,
    method: Method | None = None,
    *,
    stage: str | None = None,
    num_steps: int = 32,
    most_steps: int = 256,
    between: Callable[[], None] = lambda: None,
) -> Explanation:
    """Return where in the image the evidence for a class lies.

    Computed in float32, also where the run used fewer digits. Weights need not be trainable.

    Args:
        question: which score of which image.
        method: None chooses by ``choose_method``.
        stage: of Grad-CAM only; None takes the last that says where.
        num_steps, most_steps: of integrated gradients only.
        between: called before each pass of integrated gradients; it may raise to end the work.

    Raises:
        UsageError: no such method; a stage for another method than Grad-CAM.
        FlowError: the method does not fit the network.
    """
    method = choose_method(question) if method is None else method
    if method not in METHODS:
        raise UsageError(f"There is no method '{method}'.", hint=f"Known: {', '.join(METHODS)}.")
    if stage is not None and method != "grad_cam":
        raise UsageError(
            f"A stage is for the method grad_cam, not for {method}.", hint="Leave the stage out."
        )
    if method == "grad_cam":
        cam = grad_cam(question, stage)
        return _placed(method, cam.stage, cam.map, enlarged(cam.map, question.size))
    if method == "attention":
        rolled = attention_rollout(question)
        return _placed(method, None, rolled, enlarged(rolled, question.size))
    found = integrated_gradients(question, num_steps=num_steps, most_steps=most_steps, between=between)
    return _placed(method, None, found.attributions, _blurred(found.attributions).clamp_min(0), found)


def _placed(
    method: Method, stage: str | None, raw: Tensor, heat: Tensor, integrated: Integrated | None = None
) -> Explanation:
    return Explanation(
        method, stage, raw.float().cpu().numpy(), heat.float().cpu().numpy(), integrated=integrated
    )


def _blurred(pixels: Tensor) -> Tensor:
    """Return a map blurred by a Gaussian that keeps its sum up to the edges."""
    width = _BLUR_SHARE * min(pixels.shape)
    reach = max(1, round(3 * width))
    offsets = torch.arange(-reach, reach + 1, device=pixels.device, dtype=pixels.dtype)
    kernel = torch.exp(-offsets.square() / (2 * width**2))
    kernel = kernel / kernel.sum()
    rows = functional.conv2d(pixels[None, None], kernel.view(1, 1, -1, 1), padding=(reach, 0))
    return functional.conv2d(rows, kernel.view(1, 1, 1, -1), padding=(0, reach))[0, 0]
