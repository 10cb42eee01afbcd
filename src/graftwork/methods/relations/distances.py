"""Relational knowledge distillation: distances and angles between images, as a teacher has them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from graftwork.errors import ShapeError

__all__ = ["rkd_angle_loss", "rkd_distance_loss", "rkd_loss", "similarity_loss"]

_EPSILON = 1e-12


def rkd_loss(student: Tensor, teacher: Tensor, distance: float = 1.0, angle: float = 2.0) -> Tensor:
    """Return ``distance``·distance loss + ``angle``·angle loss of two batches of embeddings (n, d) and (n, e).

    Zero where the student's embedding is the teacher's up to an isometry and a scale.

    Raises:
        ShapeError: not as many rows, or fewer than three: an angle needs them.

    Source: Park et al. 2019, "Relational knowledge distillation", arXiv:1904.05068; weights 1:2 as in its
    metric learning experiments.
    """
    return distance * rkd_distance_loss(student, teacher) + angle * rkd_angle_loss(student, teacher)


def rkd_distance_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the smooth-L1 (Huber, δ = 1) mean over all pairs of distances, each divided by its batch's mean one.

    The mean runs over the positive distances, as in the authors' program; the teacher gets no gradient.

    Raises:
        ShapeError: not as many rows, or fewer than two.
    """
    _check(student, teacher, 2)
    return functional.smooth_l1_loss(_relative_distances(student), _relative_distances(teacher.detach()))


def rkd_angle_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the smooth-L1 mean over all triplets (i, j, k) of the cosine of the angle at i.

    All n³ ordered triplets count, as in the authors' program: those with a repeated image differ by nothing.

    Raises:
        ShapeError: not as many rows, or fewer than three.
    """
    _check(student, teacher, 3)
    return functional.smooth_l1_loss(_angles(student), _angles(teacher.detach()))


def similarity_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Return ‖G_s − G_t‖²_F / n² of the row-normalized Gram matrices of two batches (n, …), a scalar.

    Raises:
        ShapeError: not as many rows.

    Source: Tung & Mori 2019, "Similarity-preserving knowledge distillation", arXiv:1907.09682.
    """
    _check(student.flatten(1), teacher.flatten(1), 1)
    one, other = (
        functional.normalize(v.flatten(1).float() @ v.flatten(1).float().T)
        for v in (student, teacher.detach())
    )
    return (one - other).square().sum() / len(student) ** 2


def _check(student: Tensor, teacher: Tensor, least: int) -> None:
    if student.ndim != 2 or teacher.ndim != 2 or len(student) != len(teacher) or len(student) < least:
        raise ShapeError(
            f"Two batches of the same {least} or more images are wanted, got {tuple(student.shape)} and "
            f"{tuple(teacher.shape)}."
        )


def _relative_distances(rows: Tensor) -> Tensor:
    squares = (rows.float()[:, None] - rows.float()[None]).square().sum(-1)
    apart = squares > _EPSILON
    distances = torch.where(apart, squares.clamp_min(_EPSILON).sqrt(), torch.zeros_like(squares))
    mean = distances.sum() / apart.sum().clamp_min(1)
    return distances / mean.clamp_min(_EPSILON)


def _angles(rows: Tensor) -> Tensor:
    """Return the cosines (n, n, n): at the first index, between the directions to the second and third."""
    directions = functional.normalize(rows.float()[None] - rows.float()[:, None], dim=-1)
    return directions @ directions.transpose(1, 2)
