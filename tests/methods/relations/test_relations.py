"""Relations between data points against plain loops, and what they must not see."""

from __future__ import annotations

import math

import pytest
import torch

from graftwork.errors import ShapeError
from graftwork.methods.relations.distances import (
    rkd_angle_loss,
    rkd_distance_loss,
    rkd_loss,
    similarity_loss,
)
from graftwork.methods.relations.distillation import distillation_loss


def rows(n=5, d=3, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def huber(x):
    return 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5


def relative(batch):
    apart = [[math.dist(x, y) for y in batch] for x in batch]
    positive = [v for row in apart for v in row if v > 0]
    return [[v / (sum(positive) / len(positive)) for v in row] for row in apart]


def cosine(i, j, k):
    one, other = [[b - a for a, b in zip(i, end, strict=True)] for end in (j, k)]
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0


def test_distances_and_angles_against_loops():
    student, teacher = rows(), rows(d=4, seed=1)
    s, t = student.double().tolist(), teacher.double().tolist()
    ours, theirs = relative(s), relative(t)
    distance = sum(huber(ours[i][j] - theirs[i][j]) for i in range(5) for j in range(5)) / 25
    triples = [(i, j, k) for i in range(5) for j in range(5) for k in range(5)]
    angle = sum(huber(cosine(s[i], s[j], s[k]) - cosine(t[i], t[j], t[k])) for i, j, k in triples) / 125
    assert float(rkd_distance_loss(student, teacher)) == pytest.approx(distance, rel=1e-4)
    assert float(rkd_angle_loss(student, teacher)) == pytest.approx(angle, rel=1e-4)
    assert float(rkd_loss(student, teacher)) == pytest.approx(distance + 2 * angle, rel=1e-4)


def test_an_isometry_with_a_scale_costs_nothing():
    teacher = rows(n=6)
    turn = torch.linalg.qr(rows(n=3, seed=2)).Q
    assert float(rkd_loss(3.7 * teacher @ turn + 5.0, teacher)) == pytest.approx(0, abs=1e-6)
    assert float(rkd_loss(teacher * torch.tensor([1.0, 5.0, 1.0]), teacher)) > 1e-3


def test_repeated_images_have_a_finite_gradient():
    student = torch.zeros(4, 3, requires_grad=True)
    rkd_loss(student, rows(n=4)).backward()
    assert torch.isfinite(student.grad).all()


def test_the_teacher_gets_no_gradient():
    student, teacher = rows().requires_grad_(), rows(seed=1).requires_grad_()
    (
        rkd_loss(student, teacher) + similarity_loss(student, teacher) + distillation_loss(student, teacher)
    ).backward()
    assert teacher.grad is None
    assert student.grad is not None


def test_similarity_against_loops():
    student, teacher = rows(), rows(d=4, seed=1)

    def gram(batch):
        found = [[sum(a * b for a, b in zip(x, y, strict=True)) for y in batch] for x in batch]
        return [[v / math.hypot(*row) for v in row] for row in found]

    ours, theirs = gram(student.double().tolist()), gram(teacher.double().tolist())
    wanted = sum((ours[i][j] - theirs[i][j]) ** 2 for i in range(5) for j in range(5)) / 25
    assert float(similarity_loss(student, teacher)) == pytest.approx(wanted, rel=1e-4)


def test_distillation_against_loops():
    student, teacher = rows(d=4), rows(d=4, seed=1)
    total = 0.0
    for s, t in zip(student.double(), teacher.double(), strict=True):
        p, q = torch.softmax(t / 3, 0), torch.softmax(s / 3, 0)
        total += sum(float(a) * (math.log(a) - math.log(b)) for a, b in zip(p, q, strict=True))
    assert float(distillation_loss(student, teacher, 3.0)) == pytest.approx(9 * total / 5, rel=1e-4)
    assert float(distillation_loss(teacher, teacher)) == pytest.approx(0, abs=1e-6)


def test_the_gradient_of_distillation_keeps_its_size_at_high_temperatures():
    """At high T the gradient tends to (z_s − z_t)/k of centred logits, as Hinton's paper derives."""
    student, teacher = rows(n=1, d=4).requires_grad_(), rows(n=1, d=4, seed=1)
    distillation_loss(student, teacher, 1e3).backward()
    centred = (student - student.mean()) - (teacher - teacher.mean())
    assert torch.allclose(student.grad, centred.detach() / 4, rtol=1e-2, atol=1e-3)


def test_too_few_images_are_refused():
    with pytest.raises(ShapeError, match="3 or more"):
        rkd_angle_loss(rows(n=2), rows(n=2))
    with pytest.raises(ShapeError, match="same 2"):
        rkd_distance_loss(rows(n=4), rows(n=3))
