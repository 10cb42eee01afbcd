"""The objectives of a flow at work: their loss in training, what is watched, and the final scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.components.objectives import IGNORED, Anomaly, Objective, Segmentation, build_objective
from graftwork.data import ImageSet
from graftwork.documents.flow import Flow
from graftwork.documents.plan import ComputePlan
from graftwork.documents.recipe import Recipe
from graftwork.documents.record import AnyScores, ScoreKind
from graftwork.engine.evaluate import Split, predict
from graftwork.engine.heat import heat_map
from graftwork.engine.metrics.classes import score
from graftwork.engine.metrics.masks import mask_counts, score_masks
from graftwork.engine.metrics.numbers import score_numbers
from graftwork.engine.metrics.ranking import pixel_auroc, score_anomalies
from graftwork.engine.metrics.tags import score_tags
from graftwork.engine.metrics.watched import LOW_IS_GOOD, main_metric, watched
from graftwork.engine.network import Network
from graftwork.errors import FlowError, did_you_mean
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.wires import parse_settings

__all__ = ["Objectives", "is_odd", "maps_of", "normal_class", "score_odd", "score_split"]


class Objectives:
    """All objectives of a flow; the first one is the main one, whose predictions are scored.

    Args:
        flow: a checked flow.
        network: its network.
        images: its split images.
        labels: of the training images.
        recipe: class weights and label smoothing.
        device: where the losses are computed.
    """

    def __init__(
        self, flow: Flow, network: Network, images: ImageSet, labels: Tensor, recipe: Recipe, device: str
    ) -> None:
        self.sinks = network.sinks
        self.classes = images.classes
        self.names = images.label_names if images.label_kind == "number" else images.classes
        self.seed = recipe.seed
        self.train_labels = labels
        self.device = device
        counts = _counts(images, labels)
        self.modules: list[Objective] = []
        for sink in network.sinks:
            node = flow.node(sink.node)
            settings = parse_settings(node, CONTRACTS.get(node.component))
            objective = build_objective(
                node.component,
                settings,
                counts=counts,
                class_weights=recipe.class_weights,
                label_smoothing=recipe.label_smoothing,
                num_numbers=labels.shape[1] if labels.ndim == 2 else 1,
            )
            _check_kind(objective, images, sink.node)
            if objective.fits == "labels":
                objective.fit(labels)
            self.modules.append(objective.to(device))

    @property
    def main(self) -> Objective:
        """The first objective."""
        return self.modules[0]

    def loss(self, network: Network, values: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted sum of all losses over a batch."""
        return self.total(network.run(values, network.needed_wires))

    def total(self, found: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """Return the weighted sum of all losses, from the values at the wires that the objectives read.

        Args:
            found: by wire.
            weights: of each image (b,); the loss is then Σ w·l / b, whatever the weights sum to in this batch.
        """
        if weights is not None:
            return self._weighted(found, weights)
        total = torch.zeros((), device=next(iter(found.values())).device)
        for sink, objective in zip(self.sinks, self.modules, strict=True):
            total = total + objective.weight * objective(*(found[w] for w in sink.wires))
        return total

    def _weighted(self, found: Mapping[str, Tensor], weights: Tensor) -> Tensor:
        total = torch.zeros((), device=weights.device)
        for sink, objective in zip(self.sinks, self.modules, strict=True):
            losses = torch.func.vmap(partial(_of_one, objective))(*(found[w] for w in sink.wires))
            total = total + objective.weight * (weights * losses).mean()
        return total

    def predict(self, outputs: Mapping[str, Tensor]) -> NDArray[np.float32]:
        """Return what the main objective reads from the outputs of the network (n, …)."""
        with torch.no_grad():
            said = outputs[self.sinks[0].wires[0]].to(self.device)
            if isinstance(self.main, Segmentation):  # logits of another size are read at the masks'
                height, width = self.train_labels.shape[1:]
                read = self.main.predict(said, (height, width))
            else:
                read = self.main.predict(said)
            predicted: NDArray[np.float32] = read.cpu().numpy()
        return predicted

    def fit_features(self, network: Network, train: Split, compute: ComputePlan) -> None:
        """Show the training images' features to the objectives that learn from them without slopes."""
        for sink, objective in zip(self.sinks, self.modules, strict=True):
            if objective.fits == "features":
                wire = sink.wires[0]
                found = predict(network, train, compute, [wire])[wire]
                if isinstance(objective, Anomaly):
                    found = found[self._is_learned(objective)]
                objective.fit(found.to(self.device))

    def _is_learned(self, objective: Anomaly) -> NDArray[np.bool_]:
        """Return which training images are learned as normal, (n,).

        Raises:
            FlowError: none of the masks shows normal pixels alone.
        """
        labels = self.train_labels.numpy()
        if labels.ndim == 1 and objective.normal_class is None:
            return np.ones(len(labels), dtype=bool)
        normal = ~is_odd(labels, normal_class(objective, labels, self.classes))
        if not normal.any():
            raise FlowError(
                "No training image is normal: each one has a label of another class.",
                hint="Add images without defects, or name their class in 'normal_class'.",
                node=self.sinks[self.modules.index(objective)].node,
            )
        return normal

    def fit_threshold(self, predicted: NDArray[np.float32], labels: Tensor) -> None:
        """Set from which score on an image is odd, by the normal validation images.

        Args:
            predicted: scores of the validation images.
            labels: theirs.
        """
        if isinstance(self.main, Anomaly):
            normal = ~is_odd(labels.numpy(), self.normal_class)
            self.main.fit_threshold(torch.from_numpy(predicted[normal]).to(self.device))

    def maps(self, outputs: Mapping[str, Tensor], predicted: NDArray[np.float32]) -> NDArray[Any] | None:
        """Return what the main objective says of each place, None when it tells none.

        Args:
            outputs: of the network.
            predicted: what ``predict`` read from them.

        Returns:
            Of masks the class of each pixel, uint8 (n, H, W); of anomalies the distance of each place,
            float32 (n, h, w).
        """
        return maps_of(self.main, outputs[self.sinks[0].wires[0]].to(self.device), predicted)

    @property
    def kind(self) -> ScoreKind:
        """The kind of scores that the main objective is judged by."""
        return "anomaly" if self.main.wants == "none" else self.main.wants

    def watched(self, outputs: Mapping[str, Tensor], labels: Tensor) -> dict[str, float]:
        """Return the validation scores that an epoch is judged by."""
        return watched(self.kind, self.predict(outputs), self.truth(labels))

    def rank(self, scores: Mapping[str, float], monitor: str) -> tuple[float, float]:
        """Return what orders epochs: the watched score, larger is better; then minus the loss."""
        name = self.chosen_by(monitor)
        name = name if name in scores else main_metric(self.kind)
        sign = -1.0 if name in LOW_IS_GOOD else 1.0
        return sign * scores[name], -scores.get("loss", 0.0)

    def chosen_by(self, monitor: str) -> str:
        """Return the name of the watched score that orders epochs and weights, for a recipe's ``monitor``."""
        is_free = self.kind == "category" or (monitor == "loss" and self.kind != "anomaly")
        return monitor if is_free else main_metric(self.kind)

    def score(
        self, predicted: NDArray[np.float32], labels: Tensor, maps: NDArray[Any] | None = None
    ) -> AnyScores:
        """Return the scores of predictions on a split; ``maps`` as ``maps`` gives them."""
        if isinstance(self.main, Anomaly):
            return score_odd(
                self.main, predicted, labels.numpy(), maps, normal=self.normal_class, seed=self.seed
            )
        return score_split(
            self.kind,
            predicted,
            labels.numpy(),
            train_labels=self.train_labels.numpy(),
            classes=self.names,
            seed=self.seed,
        )

    def truth(self, labels: Tensor) -> NDArray[Any]:
        """Return what predictions are compared with; for anomalies, whether an image is odd."""
        values: NDArray[Any] = labels.numpy()
        return is_odd(values, self.normal_class) if self.kind == "anomaly" else values

    @property
    def normal_class(self) -> int:
        """The class that anomalies differ from: the objective's own, else the commonest in training."""
        return normal_class(self.main, self.train_labels.numpy(), self.classes)


def normal_class(objective: Objective, train_labels: NDArray[Any], classes: Sequence[str]) -> int:
    """Return the class that anomalies differ from: the objective's own, else the commonest in training."""
    named = objective.normal_class if isinstance(objective, Anomaly) else None
    if named is not None and named in classes:
        return list(classes).index(named)
    counted = train_labels[(train_labels >= 0) & (train_labels < len(classes))]
    return int(np.bincount(counted.ravel(), minlength=len(classes)).argmax())


def is_odd(labels: NDArray[Any], normal: int) -> NDArray[np.bool_]:
    """Return which images are of another class, or have a pixel of one, (n,); ``labels`` (n,) or (n, h, w)."""
    odd = (labels != normal) & ((labels != IGNORED) | (labels.ndim == 1))
    found: NDArray[np.bool_] = odd.reshape(len(labels), -1).any(1)
    return found


def maps_of(objective: Objective, said: Tensor, predicted: NDArray[np.float32]) -> NDArray[Any] | None:
    """Return what an objective says of each place; see ``Objectives.maps``."""
    if isinstance(objective, Segmentation):
        classes: NDArray[np.uint8] = predicted.argmax(1).astype(np.uint8)
        return classes
    if isinstance(objective, Anomaly) and objective.has_places:
        with torch.no_grad():
            found: NDArray[np.float32] = objective.places(said).cpu().numpy()
        return found
    return None


def score_odd(
    objective: Anomaly,
    predicted: NDArray[np.float32],
    labels: NDArray[Any],
    maps: NDArray[Any] | None,
    *,
    normal: int,
    seed: int,
) -> AnyScores:
    """Return the scores of anomalies on a split.

    Args:
        objective: with its threshold.
        predicted: score of each image, (n, 1).
        labels: class of each image, (n,), or masks (n, h, w).
        maps: distance of each place, or None.
        normal: the class that is not odd.
        seed: of the bootstrap.
    """
    threshold = float(objective.threshold)
    scores = score_anomalies(
        predicted.astype(np.float64),
        is_odd(labels, normal),
        threshold=None if np.isnan(threshold) else threshold,
        quantile=objective.quantile,
        seed=seed,
    )
    if maps is None or labels.ndim != 3:
        return scores
    heat = np.stack([heat_map(m, (labels.shape[1], labels.shape[2])) for m in maps])
    counts = labels != IGNORED
    return scores.edit(pixel_auroc=pixel_auroc(heat, labels != normal, counts, seed=seed))


def score_split(
    kind: ScoreKind,
    predicted: NDArray[np.float32],
    labels: NDArray[Any],
    *,
    train_labels: NDArray[Any],
    classes: Sequence[str],
    seed: int,
) -> AnyScores:
    """Return the scores of a split for any kind of task, controls by the training labels."""
    if kind == "number":
        names = classes or [str(i) for i in range(labels.shape[1])]
        mean = train_labels.astype(np.float64).mean(0)
        return score_numbers(
            predicted.astype(np.float64), labels.astype(np.float64), names, train_mean=mean, seed=seed
        )
    if kind == "tags":
        return score_tags(predicted.astype(np.float64), labels.astype(np.float64), classes, seed=seed)
    majority = int(
        np.bincount(train_labels[train_labels < len(classes)].ravel(), minlength=len(classes)).argmax()
    )
    if kind == "mask":
        counts = np.stack(
            [mask_counts(p, m, len(classes)) for p, m in zip(predicted.argmax(1), labels, strict=True)]
        )
        return score_masks(counts, classes, majority_class=majority, seed=seed)
    return score(predicted, labels, classes, majority_class=majority, seed=seed)


def _of_one(objective: Objective, *values: Tensor) -> Tensor:
    """Return the loss of a single image, whose values come without the batch."""
    loss: Tensor = objective(*(value.unsqueeze(0) for value in values))
    return loss


def _counts(images: ImageSet, labels: Tensor) -> Tensor:
    if images.label_kind == "tags":
        with_tag = labels.sum(0)
        return torch.stack([len(labels) - with_tag, with_tag], dim=1)
    if images.label_kind == "number":
        return torch.ones(1)
    return torch.bincount(labels[labels < len(images.classes)].flatten(), minlength=len(images.classes))


def _check_kind(objective: Objective, images: ImageSet, node: str) -> None:
    wanted = "category" if objective.wants == "none" else objective.wants
    tells_odd = objective.wants == "none" and images.label_kind == "mask"
    if wanted != images.label_kind and not tells_odd:
        raise FlowError(
            f"Node '{node}' wants labels of kind '{wanted}' but the data has '{images.label_kind}'.",
            hint=f"Set label_kind: {wanted} on the images node, or choose another objective.",
            node=node,
        )
    normal = objective.normal_class if isinstance(objective, Anomaly) else None
    if normal is not None and normal not in images.classes:
        raise FlowError(
            f"Node '{node}' takes '{normal}' for normal, but the data has no such class.",
            hint=did_you_mean(normal, images.classes),
            node=node,
        )
