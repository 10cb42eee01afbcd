"""Images in which the place of the evidence is known: a patch decides the class, all else is noise."""

from __future__ import annotations

import numpy as np
import timm
import torch
from torch import Tensor, nn

from graftwork.bases import open_module
from graftwork.components.head import Head
from graftwork.components.objectives import build_objective
from graftwork.documents.card import InputPort
from graftwork.engine.layer_rules import LayerRules
from graftwork.engine.network import Network, PlacedBase, Sink, Step
from graftwork.graph.objectives import MultiLabelSettings
from graftwork.insight.saliency.question import Question

SIZE, PATCH = 64, 20
IMAGE, RED, BLUE = "images.image", 0, 1


def planted(seed: int, label: int) -> tuple[Tensor, tuple[int, int]]:
    """Return a normalized image (3, 64, 64), and row and column of its patch of 20 x 20: reddish (1), bluish (2), or none (0).

    All else is gray noise, in which there is nothing to be told. A network that had to choose between red and blue
    could call an image blue because nothing in it is red, and be right; then the evidence would lie nowhere. So
    'red' and 'blue' are tags, each told by a logit of its own, and some images have neither.
    """
    draw = np.random.default_rng([seed, label])
    image = draw.normal(0, 0.5, (1, SIZE, SIZE)).repeat(3, 0) + draw.normal(0, 0.05, (3, SIZE, SIZE))
    row, column = (int(v) for v in draw.integers(0, SIZE - PATCH, 2))
    sign = (0.0, 1.0, -1.0)[label]
    image[0, row : row + PATCH, column : column + PATCH] += sign
    image[2, row : row + PATCH, column : column + PATCH] -= sign
    return torch.from_numpy(image).float(), (row, column)


def is_hit(peak: tuple[int, int], patch: tuple[int, int]) -> bool:
    """Whether a place lies in the patch."""
    return all(start <= at < start + PATCH for at, start in zip(peak, patch, strict=True))


def convnet() -> nn.Module:
    """Return a small convolutional network for 64 x 64 pixels; its last stage has 8 x 8 places."""

    def block(before: int, after: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        )

    return nn.Sequential(block(3, 16), block(16, 24), block(24, 32))


def transformer() -> nn.Module:
    """Return a small ViT for 64 x 64 pixels in patches of 8 x 8, with a class token."""
    return timm.create_model(
        "vit_tiny_patch16_224", img_size=SIZE, patch_size=8, embed_dim=48, depth=2, num_heads=3, num_classes=0
    )


def network_on(module: nn.Module, num_outputs: int = 2) -> Network:
    """Return a module with a new head as a network."""
    base = open_module(
        module, name="custom:planted", port=InputPort(height=SIZE, width=SIZE), classifier_names=()
    )
    wires = [IMAGE, *(f"base.{name}" for name in base.stage_names())]
    steps = [
        Step(stage.name, "base", stage.module, (before,), (after,), "base", stage.name)
        for stage, before, after in zip(base.stages, wires, wires[1:], strict=False)
    ]
    head = Head(base.num_features, num_outputs, standardize=False)
    steps.append(Step("head", "head", head, (wires[-1],), ("head.logits",), "new", "head"))
    placed = PlacedBase("base", base, tuple(s.name for s in steps[:-1]), "base", LayerRules())
    return Network(steps, {"base": placed}, [Sink("objective", ("head.logits",))], image_wire=IMAGE)


def train(network: Network, steps: int, *, learning_rate: float = 2e-3) -> Network:
    """Train a network to say what the patch is; return it frozen, in evaluation mode."""
    network.train()
    parameters = [p.requires_grad_() for p in network.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.01)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    for step in range(steps):
        labels = [i % 3 for i in range(15)]
        images = torch.stack([planted(step * 15 + i, label)[0] for i, label in enumerate(labels)])
        tags = torch.tensor([[label == 1, label == 2] for label in labels]).float()
        loss = nn.functional.binary_cross_entropy_with_logits(network(images), tags)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        plan.step()
    for parameter in parameters:
        parameter.requires_grad_(False)
    return network.eval()


def accuracy(network: Network, count: int = 60, start: int = 10**6) -> float:
    """Return the share of tags of new images that a network gets right."""
    labels = [i % 3 for i in range(count)]
    images = torch.stack([planted(start + i, label)[0] for i, label in enumerate(labels)])
    tags = torch.tensor([[label == 1, label == 2] for label in labels])
    with torch.no_grad():
        said = network(images) > 0
    return float((said == tags).float().mean())


def question(network: Network, image: Tensor, target: int) -> Question:
    """Return why a network says what it says of an image (3, h, w)."""
    return Question(
        network, build_objective("multi_label", MultiLabelSettings()), {IMAGE: image[None]}, target
    )
