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
    features = torch.randn(50, 4) * torch.tensor([1.0, 3.0, 0.5, 0.0]) + 3
    layer = Standardize(4)
    assert torch.equal(layer(features), features)
    layer.fit(features.mean(0), features.var(0, unbiased=False))
    scaled = layer(features)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled[:, :3].std(0, unbiased=False), torch.ones(3), atol=1e-4, rtol=0)
    assert torch.isfinite(scaled).all()


def test_a_feature_that_hardly_varies_in_training_cannot_drown_the_others():
    """What is new in it is measured by a fifth of the mean deviation, whatever the scale."""
    for unit in (0.1, 1.0, 1e3):
        features = torch.randn(40, 9, generator=torch.Generator().manual_seed(0)) * unit
        features[:, 0] *= 1e-4
        layer = Standardize(9)
        layer.fit(features.mean(0), features.var(0, unbiased=False))
        new = features.mean(0).clone()
        new[0] += features.std(0, unbiased=False).mean()
        assert layer(new[None])[0, 0].item() == pytest.approx(5.0, rel=1e-3)


def test_numbers_from_few_images_do_not_overshoot():
    """Features that are silent on all but few images, as those after a ReLU are; R² against unseen images."""
    generator = torch.Generator().manual_seed(0)

    def draw(count):
        level = torch.rand(count, 1, generator=generator)
        share = torch.rand(1, 48, generator=torch.Generator().manual_seed(1))
        shown = level * share + 0.02 * torch.rand(count, 48, generator=generator)
        rare = torch.rand(count, 16, generator=generator)
        return torch.cat([shown, torch.where(rare > 0.98, 0.1 * rare, 1e-5 * rare)], dim=1), level

    (features, level), (new, truth) = draw(25), draw(200)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head = Head(64, 1)
    head.standardize.fit(features.mean(0), features.var(0, unbiased=False))
    optimizer = torch.optim.AdamW(head.parameters(), 3e-3)
    for _ in range(300):
        optimizer.zero_grad()
        nn.functional.mse_loss(head(features), (level - level.mean()) / level.std()).backward()
        optimizer.step()
    said = head(new).detach() * level.std() + level.mean()
    r2 = 1 - (said - truth).square().sum() / (truth - truth.mean()).square().sum()
    assert r2 > 0.5


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
