"""A finished run as a model that predicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file

from graftwork.data import ImageSet, Transform
from graftwork.documents.card import BaseCard, InputPort
from graftwork.documents.flow import read_flow
from graftwork.documents.plan import ComputePlan
from graftwork.engine.compute import autocast, deterministic, place
from graftwork.engine.folder import WEIGHTS, read_plan, read_record
from graftwork.engine.network import Network
from graftwork.engine.prepare import input_port, open_network, read_settings
from graftwork.engine.sources import ImageSource
from graftwork.engine.train import predict
from graftwork.engine.workspace import Workspace
from graftwork.errors import RunError

__all__ = ["TrainedModel", "load_run"]

_BATCH = 32


class TrainedModel:
    """The network of a run with its final weights, its transform and its classes."""

    def __init__(
        self, network: Network, port: InputPort, classes: tuple[str, ...], compute: ComputePlan
    ) -> None:
        self.network = network
        self.port = port
        self.classes = classes
        self.compute = compute
        self.transform = Transform.for_port(port)

    @property
    def card(self) -> BaseCard:
        """The card of the base under the head."""
        return self.network.base.card

    def logits_canvases(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return logits (n, k) of images that have the port's size already, uint8 (n, h, w, 3)."""
        self.network.eval()
        found = [torch.empty(0, len(self.classes))]
        with deterministic(self.compute), torch.inference_mode(), autocast(self.compute):
            for start in range(0, len(canvases), _BATCH):
                batch = torch.from_numpy(np.ascontiguousarray(canvases[start : start + _BATCH]))
                inputs = place(self.transform.normalize(batch), self.compute)
                found.append(self.network(inputs).float().cpu())
        logits: NDArray[np.float32] = torch.cat(found).numpy()
        return logits

    def predict_pil(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return probabilities (n, k) of images of any size and mode."""
        if not images:
            return np.empty((0, len(self.classes)), dtype=np.float32)
        logits = self.logits_canvases(np.stack([self.transform.canvas(image) for image in images]))
        return torch.from_numpy(logits).softmax(1).numpy()

    def predict_images(self, images: ImageSet, indices: Sequence[int]) -> NDArray[np.float32]:
        """Return probabilities (n, k) of some images of a set; they stream, memory stays bounded."""
        source = ImageSource(
            images, indices, self.transform, augmenter=None, store=None, compute=self.compute
        )
        with deterministic(self.compute):
            return predict(self.network, source, self.compute).softmax(1).numpy()


def load_run(folder: Path, *, workspace: Workspace) -> TrainedModel:
    """Return the model of the run in ``folder``, with the number format it was trained with.

    Raises:
        RunError: the run has no weights yet.
        WeightsMismatch: its weights and its flow do not fit.
    """
    record, plan = read_record(folder), read_plan(folder)
    weights = folder / WEIGHTS
    if record is None or plan is None or not weights.is_file():
        status = record.status if record else "not a run"
        raise RunError(
            f"Run {folder.name} has no trained weights (status: {status}).",
            hint=f"Finish it with: graftwork runs resume {folder.name}",
        )
    flow = read_flow(folder / "flow.yaml")
    settings = read_settings(flow)
    network = open_network(settings, len(plan.classes), flow.recipe.seed, workspace, weights=False)
    network.load(load_file(weights))
    network.to(plan.compute.device)
    return TrainedModel(network, input_port(network, settings.backbone), plan.classes, plan.compute)
