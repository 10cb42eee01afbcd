"""The head and the objective: shapes, scaling, and numbers by another route."""

from __future__ import annotations

import pytest
import torch
from beartype.roar import BeartypeException
from jaxtyping import TypeCheckError
from torch import nn

from graftwork.components.classification import ClassificationLoss, balanced_weights
from graftwork.components.head import Head, Pool, Standardize
from graftwork.errors import ShapeError


@pytest.mark.parametrize("shape", [(2, 5), (2, 7, 5), (2, 5, 3, 4)])
def test_pool_averages_over_places(shape):
    pooled = Pool()(torch.ones(shape) * torch.arange(5.0).view([5 if s == 5 else 1 for s in shape]))
    assert torch.equal(pooled, torch.arange(5.0).expand(2, 5))


def test_standardize_gives_mean_zero_deviation_one_and_spares_constants():
    features = torch.randn(50, 4) * torch.tensor([1.0, 9.0, 0.1, 0.0]) + 3
    layer = Standardize(4)
    assert torch.equal(layer(features), features)
    layer.fit(features.mean(0), features.var(0, unbiased=False))
    scaled = layer(features)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled[:, :3].std(0, unbiased=False), torch.ones(3), atol=1e-4, rtol=0)
    assert torch.isfinite(scaled).all()


def test_head_is_float32_under_autocast():
    head = Head(6, 3)
    features = torch.randn(4, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = head(features)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, head(features))


def test_head_refuses_another_width():
    with pytest.raises(ShapeError, match="wants 6 features"):
        Head(6, 3)(torch.zeros(2, 5))


def test_hidden_layers_and_dropout():
    head = Head(6, 3, hidden=(8, 4), dropout=0.5)
    assert [m.out_features for m in head.modules() if isinstance(m, nn.Linear)] == [8, 4, 3]
    head.eval()
    x = torch.randn(4, 6)
    assert torch.equal(head(x), head(x))


def test_loss_without_weights_is_cross_entropy():
    logits, labels = torch.randn(9, 4), torch.randint(0, 4, (9,))
    loss = ClassificationLoss(torch.bincount(labels, minlength=4), label_smoothing=0.1)
    torch.testing.assert_close(
        loss(logits, labels), nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    )


def test_balanced_loss_weighs_each_class_alike():
    """With equal losses per image, each class contributes the same sum."""
    labels = torch.tensor([0] * 9 + [1])
    counts = torch.bincount(labels, minlength=3)
    loss = ClassificationLoss(counts, class_weights="balanced")
    parts = [loss(torch.zeros(10, 3), labels) * 10 - loss(torch.zeros(9, 3), labels[:9]) * 9]
    torch.testing.assert_close(parts[0], loss(torch.zeros(9, 3), labels[:9]) * 9)
    assert balanced_weights(counts)[2] == 0
    mean = (balanced_weights(counts)[labels]).mean()
    torch.testing.assert_close(mean, torch.tensor(1.0))


def test_shapes_in_signatures_are_checked_while_testing():
    loss = ClassificationLoss(torch.tensor([1, 1]))
    with pytest.raises((TypeCheckError, BeartypeException)):
        loss(torch.zeros(3, 2), torch.zeros(4, dtype=torch.long))
