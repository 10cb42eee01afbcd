"""Plain distillation: a student says what its teacher says."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["distillation_loss"]


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float = 4.0) -> Tensor:
    """Return T²·KL(teacher ‖ student) at temperature T of logits (n, k) each, a scalar; the mean over images.

    The factor T² keeps gradients of one size whatever the temperature. The teacher gets no gradient.

    Source: Hinton, Vinyals & Dean 2015, "Distilling the knowledge in a neural network", arXiv:1503.02531.
    """
    said = functional.log_softmax(student.float() / temperature, 1)
    wanted = torch.softmax(teacher.detach().float() / temperature, 1)
    return temperature**2 * functional.kl_div(said, wanted, reduction="batchmean")
