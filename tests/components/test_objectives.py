"""Objectives: formulas in numpy, gradients by finite differences, and the laws between them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf
from torch import Tensor, nn

from graftwork.components.anomaly import NormalSet, ledoit_wolf
from graftwork.components.classification import ClassificationLoss
from graftwork.components.losses import asymmetric, binary_losses, category_losses, dice_loss
from graftwork.components.objectives import Objective, build_objective
from graftwork.errors import RunError, ShapeError, UnknownName
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.objectives import OBJECTIVES


def made(component: str, *, settings: dict | None = None, **choices) -> Objective:
    document = CONTRACTS.get(component).settings.model_validate(settings or {})
    return build_objective(component, document, **choices)


def softmax(logits: np.ndarray) -> np.ndarray:
    high = np.exp(logits - logits.max(-1, keepdims=True))
    return high / high.sum(-1, keepdims=True)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float32)


def test_each_contract_of_an_objective_is_built():
    for contract in OBJECTIVES:
        objective = build_objective(contract.name, contract.settings())
        assert objective.weight == 1.0
        assert contract.group == "objective"
    with pytest.raises(UnknownName, match="no objective 'regresion'"):
        build_objective("regresion", OBJECTIVES[0].settings())


# --- classification --------------------------------------------------------------------------------


def test_classification_keeps_its_numbers():
    logits, labels, counts = draw(7, 3), torch.tensor([0, 1, 2, 0, 1, 2, 2]), torch.tensor([2, 2, 3])
    choices = {"class_weights": "balanced", "label_smoothing": 0.1}
    old = ClassificationLoss(counts, **choices)(logits, labels)
    assert torch.equal(made("classification", counts=counts, **choices)(logits, labels), old)


def test_one_hot_labels_give_what_classes_give():
    logits, labels = draw(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    for settings in ({}, {"loss": "focal", "gamma": 1.5}):
        loss = made(
            "classification",
            settings=settings,
            counts=torch.tensor([2, 2, 1, 1]),
            class_weights="balanced",
            label_smoothing=0.2,
        )
        torch.testing.assert_close(
            loss(logits, nn.functional.one_hot(labels, 4).float()), loss(logits, labels)
        )


def test_focal_loss_by_its_formula():
    logits, labels = draw(8, 3), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    p = softmax(logits.numpy().astype(np.float64))[np.arange(8), labels.numpy()]
    loss = made("classification", settings={"loss": "focal", "gamma": 3.0})(logits, labels)
    assert float(loss) == pytest.approx((-((1 - p) ** 3) * np.log(p)).mean(), rel=1e-5)


@pytest.mark.parametrize("component", ["classification", "binary", "multi_label", "segmentation"])
def test_focal_with_gamma_zero_is_cross_entropy(component):
    shapes = {
        "classification": (draw(5, 3), torch.tensor([0, 1, 2, 0, 1])),
        "binary": (draw(5, 1), torch.tensor([0, 1, 1, 0, 1])),
        "multi_label": (draw(5, 3), (draw(5, 3, seed=1) > 0).float()),
        "segmentation": (draw(2, 3, 4, 4), (draw(2, 4, 4, seed=1) > 0).long()),
    }
    inputs = shapes[component]
    focal = made(component, settings={"loss": "focal", "gamma": 0.0}, label_smoothing=0.1)(*inputs)
    torch.testing.assert_close(focal, made(component, label_smoothing=0.1)(*inputs))


# --- binary and tags -------------------------------------------------------------------------------


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_one_logit_is_two_classes_with_logits_zero_and_z(class_weights):
    z, labels = draw(9, 1), torch.tensor([0, 1, 0, 0, 0, 1, 0, 0, 0])
    choices = {"counts": torch.tensor([7, 2]), "class_weights": class_weights, "label_smoothing": 0.1}
    pair = torch.cat([torch.zeros(9, 1), z], 1)
    one, two = made("binary", **choices), made("classification", **choices)
    torch.testing.assert_close(one(z, labels), two(pair, labels))
    torch.testing.assert_close(one(z[:, 0], labels.float()), two(pair, labels))
    torch.testing.assert_close(one(z, nn.functional.one_hot(labels, 2).float()), two(pair, labels))
    torch.testing.assert_close(one.predict(z), two.predict(pair))
    assert (one.num_outputs(2), two.num_outputs(2)) == (1, 2)


def test_binary_cross_entropy_of_numpy():
    z, y = draw(9, 1), (draw(9, 1, seed=1) > 0).float()
    p = 1 / (1 + np.exp(-z.numpy().astype(np.float64)))
    wanted = -(y.numpy() * np.log(p) + (1 - y.numpy()) * np.log(1 - p)).mean()
    assert float(made("binary")(z, y)) == pytest.approx(wanted, rel=1e-5)


def test_binary_refuses_two_logits_and_three_classes():
    with pytest.raises(ShapeError, match=r"wants logits \(b, 1\)"):
        made("binary")(torch.zeros(4, 2), torch.zeros(4))
    with pytest.raises(ShapeError, match="two classes"):
        made("binary").num_outputs(3)


def test_each_tag_is_a_binary_objective_of_its_own():
    logits, tags = draw(12, 3), (draw(12, 3, seed=1) > 0).long()
    counts = torch.stack([(tags == 0).sum(0), tags.sum(0)], 1)
    whole = made("multi_label", counts=counts, class_weights="balanced")(logits, tags.float())
    parts = [
        made("binary", counts=counts[i], class_weights="balanced")(logits[:, i], tags[:, i]) for i in range(3)
    ]
    torch.testing.assert_close(whole, torch.stack(parts).mean())
    with pytest.raises(ShapeError, match="one shape"):
        made("multi_label")(logits, tags[:, :1].float())
    with pytest.raises(ShapeError, match=r"counts \(k, 2\)"):
        made("multi_label", counts=tags.sum(0), class_weights="balanced")


def test_asymmetric_loss_by_its_formula():
    logits, tags = draw(5, 4), (draw(5, 4, seed=1) > 0).float()
    p = 1 / (1 + np.exp(-logits.numpy().astype(np.float64)))
    q = np.maximum(p - 0.1, 0)
    wanted = np.where(tags.numpy() > 0, -np.log(p), -(q**2) * np.log(1 - q)).mean()
    settings = {"loss": "asymmetric", "gamma": 2.0, "margin": 0.1}
    assert float(made("multi_label", settings=settings)(logits, tags)) == pytest.approx(wanted, rel=1e-5)


# --- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "wanted"), [("mse", (1 + 16) / 2), ("mae", 2.5), ("huber", (0.5 + 7.5) / 2)]
)
def test_regression_by_hand(loss, wanted):
    """Errors 1 and 4; Huber with delta 2: 1²/2 and 2·(4 − 1) = 6."""
    objective = made("regression", settings={"loss": loss, "delta": 2.0})
    wanted = (0.5 + 6.0) / 2 if loss == "huber" else wanted
    assert float(objective(torch.tensor([[3.0], [0.0]]), torch.tensor([[2.0], [4.0]]))) == pytest.approx(
        wanted
    )


def test_numbers_are_scaled_while_training_and_read_in_their_units():
    numbers = torch.tensor([[1000.0, 5.0], [3000.0, 5.0], [2000.0, 5.0]])
    objective = made("regression", num_numbers=2)
    objective.fit(numbers)
    said = torch.tensor([[-math.sqrt(1.5), 0.0], [math.sqrt(1.5), 0.0], [0.0, 0.0]])
    assert float(objective(said, numbers)) == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(objective.predict(said), numbers)
    copy = made("regression", num_numbers=2)
    copy.load_state_dict(objective.state_dict())
    assert torch.equal(copy.predict(said), objective.predict(said))
    with pytest.raises(ShapeError):  # (b,) against (b, 1) would broadcast to (b, b)
        objective(torch.zeros(3), torch.zeros(3, 1))


# --- masks -----------------------------------------------------------------------------------------


def test_pixels_that_do_not_count_change_nothing():
    logits, mask = (
        draw(2, 3, 4, 5),
        torch.randint(0, 3, (2, 4, 5), generator=torch.Generator().manual_seed(0)),
    )
    mask[:, 1] = 255
    wild = logits.clone()
    wild[:, :, 1] = 99.0
    for loss in ("cross_entropy", "dice", "focal", "sum"):
        objective = made("segmentation", settings={"loss": loss})
        torch.testing.assert_close(objective(wild, mask), objective(logits, mask))
        assert torch.isfinite(objective(logits, torch.full_like(mask, 255)))
    mean = nn.functional.cross_entropy(logits, mask, ignore_index=255)
    torch.testing.assert_close(made("segmentation")(logits, mask), mean)
    total = made("segmentation", settings={"loss": "dice"})(logits, mask) + mean
    torch.testing.assert_close(made("segmentation", settings={"loss": "sum"})(logits, mask), total)


def test_dice_is_zero_when_all_is_right_and_follows_its_formula():
    mask = torch.tensor([[[0, 1], [1, 0]]])
    sure = nn.functional.one_hot(mask, 3).movedim(-1, 1) * 200.0
    assert float(dice_loss(sure, mask)) == pytest.approx(0, abs=1e-6)
    logits = draw(1, 3, 2, 2)
    p = softmax(logits.numpy().astype(np.float64).transpose(0, 2, 3, 1))
    t = np.eye(3)[mask.numpy()]
    each = [
        (2 * (p[..., c] * t[..., c]).sum() + 1) / ((p[..., c] ** 2).sum() + t[..., c].sum() + 1)
        for c in range(3)
    ]
    assert float(dice_loss(logits, mask)) == pytest.approx(1 - np.mean(each), rel=1e-5)


def test_small_logits_are_brought_to_the_masks_size():
    objective = made("segmentation")
    flat = torch.tensor([1.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 2, 2)
    loss = objective(flat, torch.zeros(1, 8, 8, dtype=torch.long))
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-2)))
    assert objective.predict(flat, (8, 8)).shape == (1, 2, 8, 8)


# --- gradients -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "settings", "shape"),
    [
        ("classification", {"loss": "focal", "gamma": 0.5}, (3, 4)),
        ("classification", {}, (3, 4)),
        ("binary", {"loss": "focal"}, (4, 1)),
        ("multi_label", {"loss": "asymmetric"}, (3, 4)),
        ("multi_label", {}, (3, 4)),
        ("regression", {"loss": "huber", "delta": 0.7}, (3, 2)),
        ("segmentation", {"loss": "sum"}, (2, 3, 2, 2)),
    ],
)
def test_gradients_agree_with_finite_differences(component, settings, shape):
    objective = made(
        component, settings=settings, **({"num_numbers": 2} if component == "regression" else {})
    )
    logits = draw(*shape)
    labels = {
        "classification": torch.tensor([0, 3, 1]),
        "binary": torch.tensor([0, 1, 1, 0]),
        "multi_label": (draw(3, 4, seed=2) > 0).float(),
        "regression": draw(3, 2, seed=2),
        "segmentation": (draw(2, 2, 2, seed=2) > 0).long(),
    }[component]
    logits.requires_grad_()
    objective(logits, labels).backward()
    for place in np.ndindex(*shape):
        step = torch.zeros(shape)
        step[place] = 1e-2
        slope = (objective(logits + step, labels) - objective(logits - step, labels)) / 2e-2
        assert float(logits.grad[place]) == pytest.approx(float(slope.detach()), abs=2e-4)


def test_extreme_logits_stay_finite():
    logits = torch.tensor([[80.0, -80.0], [-80.0, 80.0]], requires_grad=True)
    shares = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    total = (
        category_losses(logits, shares, gamma=0.5).sum()
        + binary_losses(logits, shares, gamma=0.5).sum()
        + asymmetric(logits, shares, gamma=0.5, margin=0.05).sum()
    )
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(logits.grad).all()


# --- anomaly ---------------------------------------------------------------------------------------


def test_shrinkage_is_that_of_scikit_learn():
    features = draw(30, 6).double() @ torch.randn(6, 6, generator=torch.Generator().manual_seed(3)).double()
    wanted = LedoitWolf().fit(features.numpy()).shrinkage_
    assert ledoit_wolf(features - features.mean(0)) == pytest.approx(wanted, rel=1e-6)


def test_distance_is_mahalanobis_of_numpy():
    features, new = draw(40, 4) * torch.tensor([1.0, 10.0, 0.1, 1.0]) + 7, draw(5, 4, seed=1)
    normal = NormalSet(shrinkage=0.3)
    normal.fit(features)
    covariance = np.cov(features.numpy().astype(np.float64).T, bias=True)
    mixed = 0.7 * covariance + 0.3 * np.trace(covariance) / 4 * np.eye(4)
    gap = new.numpy() - features.numpy().mean(0)
    wanted = np.sqrt(np.einsum("ij,jk,ik->i", gap, np.linalg.inv(mixed), gap))
    assert normal(new)[:, 0].numpy() == pytest.approx(wanted, rel=1e-4)


def test_distance_without_shrinkage_does_not_depend_on_units():
    features, new, units = draw(60, 3), draw(5, 3, seed=1), torch.tensor([1.0, 3.0, 0.5])
    first, second = NormalSet(shrinkage=0.0), NormalSet(shrinkage=0.0)
    first.fit(features)
    second.fit(features * units)
    torch.testing.assert_close(first(new), second(new * units), rtol=1e-3, atol=1e-3)


def test_the_nearest_of_several_kinds_counts():
    features = torch.cat([draw(20, 2), draw(20, 2, seed=1) + 50])
    normal = NormalSet(distance="euclidean")
    normal.fit(features, torch.tensor([0] * 20 + [5] * 20))
    means = torch.stack([features[:20].mean(0), features[20:].mean(0)])
    assert normal(means)[:, 0].tolist() == pytest.approx([0, 0], abs=1e-4)


def test_anomaly_objective_learns_no_slopes_and_survives_saving():
    objective = made("anomaly")
    with pytest.raises(RunError, match="empty"):
        objective.predict(torch.zeros(2, 5))
    maps = draw(12, 5, 3, 3)
    objective.fit(maps)
    scores = objective.predict(torch.cat([maps, maps[:1] + 40]))
    assert scores.shape == (13, 1)
    assert int(scores.argmax()) == 12
    assert float(objective(maps)) == 0.0
    assert objective.num_outputs(2) is None
    copy = made("anomaly")
    copy.load_state_dict(objective.state_dict())
    assert torch.equal(copy.predict(maps), objective.predict(maps))
    with pytest.raises(ShapeError, match="wants 5 features"):
        copy.predict(torch.zeros(2, 4))


def test_a_feature_that_never_varies_and_fewer_images_than_features():
    features = draw(4, 9)
    features[:, 0] = 1.0
    normal = NormalSet()
    normal.fit(features)
    assert torch.isfinite(normal(draw(3, 9, seed=2))).all()
    with pytest.raises(ShapeError, match="at least 2"):
        normal.fit(features[:1])
