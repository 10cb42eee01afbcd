"""A finished run as a model that predicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from graftwork.bases.low_rank import merge_low_rank
from graftwork.components.objectives import Objective, Segmentation, build_objective
from graftwork.data import ImageSet, Transform
from graftwork.documents.card import BaseCard, InputPort
from graftwork.documents.flow import Flow, read_flow
from graftwork.documents.plan import ComputePlan
from graftwork.engine.build import Built, build_flow
from graftwork.engine.compute import autocast, deterministic, place
from graftwork.engine.data_wires import DataWires
from graftwork.engine.evaluate import Split, predict
from graftwork.engine.folder import OBJECTIVE, WEIGHTS, read_plan, read_record
from graftwork.engine.heat import heat_map
from graftwork.engine.network import Network
from graftwork.engine.objectives import maps_of
from graftwork.engine.sources import ImageSource
from graftwork.engine.workspace import Workspace
from graftwork.errors import RunError
from graftwork.graph.bypass import without_bypassed
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.wires import parse_settings

__all__ = ["TrainedModel", "load_run"]

_BATCH = 32


class TrainedModel:
    """The network of a run with its final weights, its transform and its classes.

    ``names`` are those of the values that it predicts: classes, tags, or numbers.
    """

    def __init__(
        self,
        built: Built,
        objective: Objective,
        classes: tuple[str, ...],
        compute: ComputePlan,
        names: tuple[str, ...] = (),
    ) -> None:
        self.built = built
        self.network: Network = built.network
        self.port: InputPort = built.port
        self.objective = objective
        self.classes = classes
        self.names = names or classes
        self.compute = compute
        self.transform = Transform.for_port(self.port)

    @property
    def card(self) -> BaseCard:
        """The card of the main base."""
        return self.network.base.card

    def logits_canvases(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return logits (n, k) of images that have the port's size already, uint8 (n, h, w, 3).

        Raises:
            RunError: the flow reads more than the image.
        """
        if not self.network.reads_images_alone:
            raise RunError(
                "This flow also reads columns of a table; an image alone is not enough.",
                hint="Evaluate it on a table with those columns.",
            )
        self.network.eval()
        found = []
        with deterministic(self.compute), torch.inference_mode(), autocast(self.compute):
            for start in range(0, len(canvases), _BATCH):
                batch = torch.from_numpy(np.ascontiguousarray(canvases[start : start + _BATCH]))
                inputs = place(self.transform.normalize(batch), self.compute)
                found.append(self.network(inputs).float().cpu())
        logits: NDArray[np.float32] = torch.cat(found or [torch.empty(0, len(self.classes))]).numpy()
        return logits

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the objective reads from logits, such as probabilities (n, k)."""
        with torch.no_grad():
            said = torch.from_numpy(logits)
            if isinstance(self.objective, Segmentation):
                found = self.objective.predict(said, self.transform.size)
            else:
                found = self.objective.predict(said)
            read: NDArray[np.float32] = found.numpy()
        return read

    def predict_pil(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return probabilities (n, k) of images of any size and mode."""
        if not images:
            return np.empty((0, len(self.classes)), dtype=np.float32)
        logits = self.logits_canvases(np.stack([self.transform.canvas(image) for image in images]))
        return self.probabilities(logits)

    def predict_images(self, images: ImageSet, indices: Sequence[int]) -> NDArray[np.float32]:
        """Return probabilities (n, k) of some images of a set; they stream, memory stays bounded."""
        return self.probabilities(self._outputs(images, indices).numpy())

    def _outputs(self, images: ImageSet, indices: Sequence[int]) -> torch.Tensor:
        """Return the main prediction for some images of a set, (n, …)."""
        source = ImageSource(
            images,
            indices,
            self.transform,
            augmenter=None,
            store=None,
            compute=self.compute,
            wire=self.network.image_wire,
        )
        data = DataWires(images, indices, self.network.data_wires, self.transform)
        with deterministic(self.compute):
            outputs = predict(self.network, Split(source, data), self.compute)
        return outputs[self.network.output_wire]

    def maps_pil(self, images: Sequence[Image.Image]) -> tuple[NDArray[np.float32], NDArray[Any] | None]:
        """Return what ``predict_pil`` gives, and what the run says of each pixel of the images' canvases.

        Of masks the class, uint8 (n, H, W); of anomalies the heat, float32 (n, H, W); None when it tells none.
        """
        if not images:
            return self.predict_pil(images), None
        logits = self.logits_canvases(np.stack([self.transform.canvas(image) for image in images]))
        predicted = self.probabilities(logits)
        found = maps_of(self.objective, torch.from_numpy(logits), predicted)
        if found is None or found.dtype == np.uint8:
            return predicted, found
        return predicted, np.stack([heat_map(places, self.transform.size) for places in found])

    def predict_places(
        self, images: ImageSet, indices: Sequence[int]
    ) -> tuple[NDArray[np.float32], NDArray[Any] | None]:
        """Return what ``predict_images`` gives, and the classes of pixels or the distances of places."""
        said = self._outputs(images, indices)
        predicted = self.probabilities(said.numpy())
        return predicted, maps_of(self.objective, said, predicted)

    def labels(self, images: ImageSet, indices: Sequence[int]) -> NDArray[Any]:
        """Return the labels of some images in the form that predictions are scored against."""
        found: NDArray[Any] = DataWires(images, indices, (), self.transform).labels().numpy()
        return found

    def scored_logits(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return logits (n, classes) of images that have the port's size; one logit z counts as (0, z)."""
        logits = self.logits_canvases(canvases)
        if self._is_single:
            z = logits.reshape(-1, 1)
            return np.concatenate([np.zeros_like(z), z], axis=1)
        return logits

    @property
    def _is_single(self) -> bool:
        return self.objective.wants == "category" and self.objective.num_outputs(len(self.classes)) == 1

    def scored_network(self) -> nn.Module:
        """Return the network as a module from normalized images to two-sided logits (b, k), for exports."""
        return _TwoSided(self.network) if self._is_single else self.network


class _TwoSided(nn.Module):
    """One logit z as the logits (0, z) of two classes: the same probabilities."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        z = self.network(images).reshape(-1, 1)
        return torch.cat([torch.zeros_like(z), z], dim=1)


def load_run(folder: Path, *, workspace: Workspace) -> TrainedModel:
    """Return the model of the run in ``folder``, with the number format it was trained with.

    Low-rank changes are merged into their weights, so that its network is the base's own architecture.

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
    flow = without_bypassed(read_flow(folder / "flow.yaml"))
    names = plan.classes or (record.data.label_names if record.data else ())
    built = build_flow(flow, len(names), workspace, weights=False)
    built.network.load(load_file(weights))
    merge_low_rank(built.network)
    built.network.to(plan.compute.device)
    objective = _objective(flow, built, load_state(folder))
    return TrainedModel(built, objective, plan.classes, plan.compute, names)


def load_state(folder: Path) -> dict[str, torch.Tensor]:
    """Return what the objective of a run learned from the data apart from the network's weights."""
    path = folder / OBJECTIVE
    return load_file(path) if path.is_file() else {}


def _objective(flow: Flow, built: Built, state: dict[str, torch.Tensor]) -> Objective:
    node = flow.node(built.network.sinks[0].node)
    settings = parse_settings(node, CONTRACTS.get(node.component))
    width = len(state["mean"]) if "mean" in state else 1
    objective = build_objective(node.component, settings, num_numbers=width)
    if state:
        objective.load_state_dict(state)
    return objective.eval()
