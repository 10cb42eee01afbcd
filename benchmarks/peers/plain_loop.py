"""Peer: the ordinary PyTorch loop. Frozen base in inference mode, float32, a linear head, AdamW."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.peers.common import WEIGHT_DECAY, Answer, Stopwatch, Task, lite0_tensors, serve
from benchmarks.peers.loop_parts import make_loader


class Classifier(nn.Module):
    """A frozen base and a linear head."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.base = timm.create_model("tf_efficientnet_lite0")
        self.base.load_state_dict(lite0_tensors())
        self.base.reset_classifier(0)
        self.base.requires_grad_(False)
        self.head = nn.Linear(self.base.num_features, num_classes)

    def train(self, mode: bool = True) -> Classifier:
        """Set the head's mode; the base stays in inference mode."""
        super().train(mode)
        self.base.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (b, k)."""
        with torch.no_grad():
            features = self.base(images)
        logits: Tensor = self.head(features)
        return logits


@torch.no_grad()
def measure_accuracy(model: nn.Module, loader: DataLoader[Any]) -> float:
    """Return the share of images that are classified as labelled."""
    model.eval()
    right = total = 0
    for images, labels in loader:
        right += int((model(images).argmax(1) == labels).sum())
        total += len(labels)
    return right / total


def train_epoch(model: nn.Module, loader: DataLoader[Any], optimizer: torch.optim.Optimizer) -> None:
    """Go once over the training images."""
    model.train()
    for images, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()


def work(task: Task) -> Answer:
    """Train for the epochs, with validation after each."""
    clock = Stopwatch()
    train, validation, test = (make_loader(task, split) for split in ("train", "validation", "test"))
    model = Classifier(len(train.dataset.classes))  # type: ignore[attr-defined]
    optimizer = torch.optim.AdamW(model.head.parameters(), lr=task.learning_rate, weight_decay=WEIGHT_DECAY)
    setup = clock.lap()
    for _ in range(task.epochs_measured):
        train_epoch(model, train, optimizer)
        measure_accuracy(model, validation)
    seconds = clock.lap()
    accuracy = measure_accuracy(model, test)
    seen = task.epochs_measured * (task.count("train") + task.count("validation"))
    return Answer(setup, seconds, clock.lap(), accuracy, seen / seconds)


if __name__ == "__main__":
    serve(work)
