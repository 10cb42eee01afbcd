"""Peer: Keras 3 on torch, ``fit`` with ``base.trainable = False``, on the same weights.

Wants ``KERAS_BACKEND=torch`` in its environment.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import timm
import torch
from torch.utils.data import DataLoader

from benchmarks.peers.common import (
    SIDE,
    WEIGHT_DECAY,
    Answer,
    Stopwatch,
    Task,
    lite0_tensors,
    serve,
)
from benchmarks.peers.keras_lite0 import build_lite0
from benchmarks.peers.loop_parts import image_transform, make_loader


class ChannelsLast:
    """The ordinary transform, then (h, w, c) as Keras takes it."""

    def __init__(self) -> None:
        self.transform = image_transform()

    def __call__(self, image: Any) -> torch.Tensor:
        pixels: torch.Tensor = self.transform(image)
        return pixels.permute(1, 2, 0).contiguous()


def largest_difference(base: keras.Model) -> float:
    """Return how far the converted base's features lie from timm's on noise, as a share of the largest."""
    reference = timm.create_model("tf_efficientnet_lite0")
    reference.load_state_dict(lite0_tensors())
    reference.reset_classifier(0)
    noise = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        wanted = reference.eval()(noise).numpy()
        found = base(noise.permute(0, 2, 3, 1), training=False).detach().cpu().numpy()
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def work(task: Task) -> Answer:
    """Compile and fit a dense layer on the frozen base."""
    if keras.backend.backend() != "torch":
        raise SystemExit(f"Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=torch.")
    keras.utils.set_random_seed(task.seed)
    difference = largest_difference(build_lite0())
    if difference > 1e-3:
        raise SystemExit(f"The converted base computes something else: features differ by {difference:.2g}.")
    clock = Stopwatch()
    train, validation, test = (
        make_loader(task, split, transform=ChannelsLast()) for split in ("train", "validation", "test")
    )
    model = make_model(task, train)
    setup = clock.lap()
    model.fit(train, validation_data=validation, epochs=task.epochs_measured, verbose=0)
    seconds = clock.lap()
    accuracy = model.evaluate(test, verbose=0, return_dict=True)["accuracy"]
    seen = task.epochs_measured * (task.count("train") + task.count("validation"))
    details = {"largest_feature_difference": difference}
    return Answer(setup, seconds, clock.lap(), float(accuracy), seen / seconds, details=details)


def make_model(task: Task, train: DataLoader[Any]) -> keras.Model:
    """Return the compiled model."""
    base = build_lite0()
    base.trainable = False
    images = keras.Input((SIDE, SIDE, 3))
    logits = keras.layers.Dense(len(train.dataset.classes))(base(images, training=False))  # type: ignore[attr-defined]
    model = keras.Model(images, logits)
    model.compile(
        optimizer=keras.optimizers.AdamW(task.learning_rate, weight_decay=WEIGHT_DECAY),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


if __name__ == "__main__":
    serve(work)
