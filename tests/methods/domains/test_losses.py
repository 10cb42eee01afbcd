"""Losses between domains against plain loops over their formulas, and against their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from graftwork.errors import ShapeError
from graftwork.methods.domains.adversary import (
    Discriminator,
    adversary_strength,
    conditioned,
    domain_loss,
    entropy_weights,
    reverse_gradient,
)
from graftwork.methods.domains.confusion import (
    class_confusion_loss,
    disagreement,
    diversity_loss,
    entropy_loss,
)
from graftwork.methods.domains.covariance import coral, coral_loss
from graftwork.methods.domains.discrepancy import jmmd_loss, mmd_loss


def batches(n=7, m=5, d=3, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=draw), torch.randn(m, d, generator=draw) * 2 + 1


def loop_kernel(rows, factors):
    num = len(rows)
    squares = [[sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) for y in rows] for x in rows]
    width = sum(map(sum, squares)) / (num * (num - 1))
    return [[sum(math.exp(-s / (f * width)) for f in factors) / len(factors) for s in row] for row in squares]


def loop_mmd(kernel, n):
    num = len(kernel)
    m = num - n
    near = sum(kernel[i][j] for i in range(n) for j in range(n)) / n**2
    far = sum(kernel[i][j] for i in range(n, num) for j in range(n, num)) / m**2
    cross = sum(kernel[i][j] for i in range(n) for j in range(n, num)) / (n * m)
    return near + far - 2 * cross


def test_coral_loss_is_the_paper_s():
    source, target = batches()
    covariances = [np.cov(rows.numpy(), rowvar=False) for rows in (source, target)]
    wanted = ((covariances[0] - covariances[1]) ** 2).sum() / (4 * 9)
    assert float(coral_loss(source, target)) == pytest.approx(wanted, rel=1e-5)
    assert float(coral_loss(source, source + 3)) == pytest.approx(0, abs=1e-9)  # means do not count


def test_coral_makes_covariances_and_means_equal():
    draw = np.random.default_rng(0)
    source, target = draw.normal(size=(60, 4)), draw.normal(size=(50, 4)) @ draw.normal(size=(4, 4)) + 2
    moved = coral(source, target, ridge=1e-9)
    assert np.cov(moved, rowvar=False) == pytest.approx(np.cov(target, rowvar=False), abs=1e-5)
    assert moved.mean(0) == pytest.approx(target.mean(0))


def test_coral_bears_features_without_full_rank():
    draw = np.random.default_rng(0)
    flat = np.c_[draw.normal(size=(9, 1)), np.ones((9, 2))]
    assert np.isfinite(coral(flat, flat, ridge=0.0)).all()
    assert coral(flat, flat, ridge=0.0) == pytest.approx(flat, abs=1e-6)


def test_mmd_against_loops_and_zero_for_the_same_images():
    source, target = batches()
    rows = torch.cat([source, target]).double().tolist()
    wanted = loop_mmd(loop_kernel(rows, (0.25, 0.5, 1.0, 2.0, 4.0)), len(source))
    assert float(mmd_loss(source, target)) == pytest.approx(wanted, rel=1e-4)
    assert float(mmd_loss(source, source)) == pytest.approx(0, abs=1e-6)


def test_joint_mmd_multiplies_the_kernels_of_layers():
    one, other = batches(), batches(d=2, seed=1)
    factors = (0.5, 1.0)
    kernels = [loop_kernel(torch.cat(pair).double().tolist(), factors) for pair in (one, other)]
    both = [[a * b for a, b in zip(x, y, strict=True)] for x, y in zip(*kernels, strict=True)]
    found = float(jmmd_loss([one[0], other[0]], [one[1], other[1]], factors))
    assert found == pytest.approx(loop_mmd(both, 7), rel=1e-4)
    assert float(jmmd_loss([one[0]], [one[1]], factors)) == pytest.approx(float(mmd_loss(*one, factors)))


def test_reversal_is_the_identity_forward_and_minus_lambda_backward():
    values = torch.randn(4, 3, requires_grad=True)
    out = reverse_gradient(values, 0.7)
    assert torch.equal(out, values)
    slope = torch.randn(4, 3)
    out.backward(slope)
    assert torch.equal(values.grad, -0.7 * slope)


def test_strength_of_the_adversary_rises_from_nothing_to_one():
    assert adversary_strength(0.0) == 0.0
    assert adversary_strength(0.5) == pytest.approx(math.tanh(2.5))  # 2/(1+e^-x) − 1 = tanh(x/2)
    assert adversary_strength(1.0) == pytest.approx(0.99991, abs=1e-5)


def test_domain_loss_against_logs():
    source, target = torch.tensor([0.3, -1.0]), torch.tensor([2.0])
    wanted = (np.log1p(np.exp([-0.3, 1.0])).mean() + np.log1p(np.exp(2.0))) / 2
    assert float(domain_loss(source, target)) == pytest.approx(wanted, rel=1e-6)
    even = torch.full((2,), 3.0), torch.full((1,), 5.0)
    assert float(domain_loss(source, target, even)) == pytest.approx(wanted, rel=1e-6)
    assert Discriminator(3, 4)(torch.zeros(2, 3)).shape == (2,)


def test_conditioned_features_are_outer_products():
    features, said = torch.randn(2, 3), torch.softmax(torch.randn(2, 4), 1)
    wanted = torch.stack([torch.outer(p, f).flatten() for f, p in zip(features, said, strict=True)])
    assert torch.allclose(conditioned(features, said), wanted)


def test_entropy_weights_lie_between_one_and_two():
    sure, unsure = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.5]])
    assert float(entropy_weights(sure)) == pytest.approx(2.0)
    assert float(entropy_weights(unsure)) == pytest.approx(1.0 + 0.5)  # e^−ln 2


def test_class_confusion_against_loops():
    logits = torch.tensor([[1.0, 0.2, -1.0], [0.5, 0.4, 0.3], [-2.0, 1.0, 0.0], [0.0, 0.1, 3.0]])
    said = [[math.exp(v / 2.5) for v in row] for row in logits.tolist()]
    said = [[v / sum(row) for v in row] for row in said]
    raw = [1 + math.exp(sum(p * math.log(p) for p in row)) for row in said]
    weights = [4 * w / sum(raw) for w in raw]
    matrix = [
        [sum(w * row[a] * row[b] for w, row in zip(weights, said, strict=True)) for b in range(3)]
        for a in range(3)
    ]
    wanted = sum(matrix[a][b] / sum(matrix[a]) for a in range(3) for b in range(3) if a != b) / 3
    assert float(class_confusion_loss(logits)) == pytest.approx(wanted, rel=1e-5)
    assert float(class_confusion_loss(torch.eye(3) * 200)) == pytest.approx(0, abs=1e-6)


def test_entropy_and_diversity_at_their_ends():
    even, sure = torch.zeros(6, 3), torch.eye(3).repeat(2, 1) * 100
    assert float(entropy_loss(even)) == pytest.approx(math.log(3))
    assert float(entropy_loss(sure)) == pytest.approx(0, abs=1e-6)
    assert float(diversity_loss(sure)) == pytest.approx(-math.log(3))  # sure of each, even over all
    assert float(diversity_loss(torch.eye(3)[:1] * 100)) == pytest.approx(0, abs=1e-6)  # one class for all


def test_disagreement_is_the_mean_difference_of_probabilities():
    one, other = torch.zeros(1, 2), torch.tensor([[100.0, 0.0]])
    assert float(disagreement(one, other)) == pytest.approx(0.5)
    assert float(disagreement(one, one)) == 0.0


@pytest.mark.parametrize("loss", [coral_loss, mmd_loss])
def test_widths_that_differ_are_refused(loss):
    with pytest.raises(ShapeError, match="one width"):
        loss(torch.zeros(3, 2), torch.zeros(3, 4))


def test_a_covariance_of_one_image_is_refused():
    with pytest.raises(ShapeError, match="two images"):
        coral_loss(torch.zeros(1, 2), torch.zeros(3, 2))
