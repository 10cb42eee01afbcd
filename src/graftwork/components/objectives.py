"""What a flow is trained for: each objective is a loss, and a reading of the network's last numbers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal, cast, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from graftwork.components.anomaly import NormalSet
from graftwork.components.classification import ClassificationLoss, balanced_weights
from graftwork.components.losses import asymmetric, binary_losses, category_losses, dice_loss, smooth_shares
from graftwork.components.padim import PlaceSet
from graftwork.components.patchcore import PatchBank
from graftwork.documents.document import Document
from graftwork.errors import ShapeError, UnknownName, did_you_mean
from graftwork.graph.objectives import (
    AnomalySettings,
    BinarySettings,
    ClassificationSettings,
    MultiLabelSettings,
    ObjectiveSettings,
    RegressionSettings,
    SegmentationSettings,
)

__all__ = [
    "IGNORED",
    "Anomaly",
    "Binary",
    "Classification",
    "MultiLabel",
    "Objective",
    "Regression",
    "Segmentation",
    "Wants",
    "build_objective",
]

Wants = Literal["category", "number", "tags", "mask", "none"]
ClassWeights = Literal["none", "balanced"]
IGNORED = 255
"""Value of mask pixels that do not count."""


class Objective(nn.Module):
    """A loss over the inputs of the objective's contract, and the reading of what the network says.

    ``wants``: the kind of labels. ``fits``: what ``fit`` has to see before training, if anything.
    ``weight``: factor of this loss in the sum of several; ``forward`` gives the loss without it.
    """

    wants: ClassVar[Wants]
    fits: ClassVar[Literal["labels", "features", "none"]] = "none"

    def __init__(self, settings: ObjectiveSettings) -> None:
        super().__init__()
        self.weight = settings.weight

    @abstractmethod
    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the loss, a scalar: mean over the batch. Inputs in the order of the contract."""

    @abstractmethod
    def predict(self, logits: Tensor) -> Tensor:
        """Return what people read: probabilities (b, k) or (b, k, h, w), numbers (b, n), scores (b, 1)."""

    def num_outputs(self, num_classes: int) -> int | None:
        """Return how many numbers the network's last layer must give; None when any count will do.

        Args:
            num_classes: classes, tags, or numbers per image of the data.
        """
        return num_classes

    def fit(self, values: Tensor) -> None:
        """Learn what is held fixed while training from all training ``labels`` or ``features``."""
        del values


@final
class Classification(Objective):
    """One of k classes: cross-entropy or focal loss of logits (b, k) against (b,) or shares (b, k)."""

    wants = "category"

    def __init__(
        self,
        settings: ClassificationSettings,
        *,
        counts: Tensor | None,
        class_weights: ClassWeights = "none",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(settings)
        gamma = settings.gamma if settings.loss == "focal" else 0.0
        self.loss = ClassificationLoss(
            _counts(counts, class_weights, 1),
            class_weights=class_weights,
            label_smoothing=label_smoothing,
            gamma=gamma,
        )

    def forward(self, *inputs: Tensor) -> Tensor:
        logits, labels = inputs
        return cast(Tensor, self.loss(logits, labels))

    def predict(self, logits: Tensor) -> Tensor:
        return logits.float().softmax(1)


@final
class Binary(Objective):
    """Yes or no: binary cross-entropy or focal loss of one logit, (b, 1) or (b,).

    Labels: 0 or 1, (b,) or (b, 1); or shares (b, 2) of no and yes. The numbers are those of
    ``Classification`` for the logits (0, z).
    """

    wants = "category"

    def __init__(
        self,
        settings: BinarySettings,
        *,
        counts: Tensor | None,
        class_weights: ClassWeights = "none",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(settings)
        self.gamma = settings.gamma if settings.loss == "focal" else 0.0
        self.label_smoothing = label_smoothing
        weights = balanced_weights(_counts(counts, class_weights, 1)) if class_weights == "balanced" else None
        self.register_buffer("weights", weights, persistent=False)
        self.weights: Tensor | None

    def forward(self, *inputs: Tensor) -> Tensor:
        logits, labels = _single(inputs[0]), inputs[1]
        labels = labels[:, 1] if labels.ndim == 2 and labels.shape[1] == 2 else labels.reshape(len(logits))
        shares = labels.float() * (1.0 - self.label_smoothing) + self.label_smoothing / 2
        return binary_losses(logits, shares, weights=self.weights, gamma=self.gamma).mean()

    def predict(self, logits: Tensor) -> Tensor:
        z = _single(logits).float()
        return torch.stack([(-z).sigmoid(), z.sigmoid()], dim=1)

    def num_outputs(self, num_classes: int) -> int | None:
        """Return 1.

        Raises:
            ShapeError: the data has another number of classes than two.
        """
        if num_classes != 2:
            raise ShapeError(
                f"The objective 'binary' wants two classes but the data has {num_classes}.",
                hint="Use the objective 'classification'.",
            )
        return 1


@final
class MultiLabel(Objective):
    """Any number of k tags: binary cross-entropy, focal or asymmetric loss, mean over images and tags.

    Logits and labels (b, k). ``counts`` for balanced weights: (k, 2), images without and with each tag.
    """

    wants = "tags"

    def __init__(
        self,
        settings: MultiLabelSettings,
        *,
        counts: Tensor | None,
        class_weights: ClassWeights = "none",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(settings)
        self.loss, self.gamma, self.margin = settings.loss, settings.gamma, settings.margin
        self.label_smoothing = label_smoothing
        weights = None
        if class_weights == "balanced":
            weights = torch.stack([balanced_weights(c) for c in _counts(counts, class_weights, 2)])
        self.register_buffer("weights", weights, persistent=False)
        self.weights: Tensor | None

    def forward(self, *inputs: Tensor) -> Tensor:
        logits, labels = inputs
        _check_alike("multi_label", logits, labels)
        shares = labels.float() * (1.0 - self.label_smoothing) + self.label_smoothing / 2
        if self.loss == "asymmetric":
            losses = asymmetric(logits, shares, weights=self.weights, gamma=self.gamma, margin=self.margin)
        else:
            gamma = self.gamma if self.loss == "focal" else 0.0
            losses = binary_losses(logits, shares, weights=self.weights, gamma=gamma)
        return losses.mean()

    def predict(self, logits: Tensor) -> Tensor:
        return logits.float().sigmoid()


@final
class Regression(Objective):
    """Numbers (b, n): mean of (y − t)², |y − t|, or Huber's loss.

    Huber: e²/2 up to |e| = delta, then delta·(|e| − delta/2). Source: Huber 1964, "Robust estimation of a
    location parameter". With ``standardize``, the network says how many deviations a number lies above
    the mean of the training images, and ``predict`` turns that into the data's units.
    """

    wants = "number"
    fits = "labels"

    def __init__(self, settings: RegressionSettings, num_numbers: int = 1) -> None:
        super().__init__(settings)
        self.loss, self.delta, self.standardize = settings.loss, settings.delta, settings.standardize
        self.register_buffer("mean", torch.zeros(num_numbers))
        self.register_buffer("scale", torch.ones(num_numbers))
        self.mean: Tensor
        self.scale: Tensor

    def fit(self, values: Tensor) -> None:
        """Hold mean and deviation of the training images' numbers (n, m); a constant keeps the scale 1."""
        if not self.standardize:
            return
        numbers = values.double()
        deviation = numbers.std(0, unbiased=False)
        self.mean = numbers.mean(0).float().to(self.mean.device)
        self.scale = torch.where(deviation > 0, deviation, 1.0).float().to(self.scale.device)

    def forward(self, *inputs: Tensor) -> Tensor:
        said, numbers = inputs[0].float(), inputs[1].float()
        _check_alike("regression", said, numbers)
        wanted = (numbers - self.mean) / self.scale
        if self.loss == "mse":
            return functional.mse_loss(said, wanted)
        if self.loss == "mae":
            return functional.l1_loss(said, wanted)
        return functional.huber_loss(said, wanted, delta=self.delta)

    def predict(self, logits: Tensor) -> Tensor:
        return logits.float() * self.scale + self.mean


@final
class Segmentation(Objective):
    """A class per pixel: logits (b, k, h, w) against masks (b, H, W), mean over the pixels that count.

    Logits of another size are brought to the mask's, bilinearly. 'sum' is cross-entropy + Dice, as in
    Isensee 2021, "nnU-Net". ``counts``: pixels per class.
    """

    wants = "mask"

    def __init__(
        self,
        settings: SegmentationSettings,
        *,
        counts: Tensor | None,
        class_weights: ClassWeights = "none",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(settings)
        self.loss, self.label_smoothing = settings.loss, label_smoothing
        self.gamma = settings.gamma if settings.loss == "focal" else 0.0
        weights = balanced_weights(_counts(counts, class_weights, 1)) if class_weights == "balanced" else None
        self.register_buffer("weights", weights, persistent=False)
        self.weights: Tensor | None

    def forward(self, *inputs: Tensor) -> Tensor:
        logits, mask = inputs
        logits = _resized(logits.float(), (mask.shape[1], mask.shape[2]))
        if self.loss == "dice":
            return dice_loss(logits, mask, ignored=IGNORED)
        loss = self._pixels(logits, mask)
        return loss + dice_loss(logits, mask, ignored=IGNORED) if self.loss == "sum" else loss

    def _pixels(self, logits: Tensor, mask: Tensor) -> Tensor:
        counts = mask != IGNORED
        said = logits.movedim(1, -1)[counts]  # pixels k
        shares = smooth_shares(mask[counts], logits.shape[1], self.label_smoothing)
        losses = category_losses(said, shares, weights=self.weights, gamma=self.gamma)
        return losses.sum() / counts.sum().clamp_min(1)  # no pixel counts: 0, not 0 / 0

    def predict(self, logits: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """Return probabilities (b, k, h, w), brought to the (height, width) ``size`` when one is given."""
        return _resized(logits.float(), size).softmax(1)


@final
class Anomaly(Objective):
    """Distance of features to those of normal images; the loss is 0, since nothing is learned by slopes.

    ``fit`` takes the features of normal training images, which are those of ``normal_class`` when it is
    named; ``predict`` takes features and gives (b, 1). From ``threshold`` on an image counts as odd; it is
    not a number until ``fit_threshold``.
    """

    wants = "none"
    fits = "features"

    def __init__(self, settings: AnomalySettings) -> None:
        super().__init__(settings)
        self.normal_class, self.quantile = settings.normal_class, settings.quantile
        self.normal = _normal_set(settings)
        self.register_buffer("threshold", torch.full((), torch.nan))
        self.threshold: Tensor

    @property
    def has_places(self) -> bool:
        """Whether the method tells odd places, not only odd images."""
        return not isinstance(self.normal, NormalSet)

    def fit(self, values: Tensor) -> None:
        """Learn the normal set from features (n, d), (n, t, d) or (n, d, h, w)."""
        self.normal.fit(values)

    def fit_threshold(self, scores: Tensor) -> None:
        """Set the threshold so that the ``quantile`` share of these normal images' scores lies below it."""
        if scores.numel():
            self.threshold.copy_(scores.float().flatten().quantile(self.quantile))

    def places(self, features: Tensor) -> Tensor:
        """Return the distance of each place, (b, h, w) for features (b, d, h, w).

        Raises:
            ShapeError: the method looks at whole images.
        """
        if isinstance(self.normal, NormalSet):
            raise ShapeError(
                "The method 'mahalanobis' looks at the whole image and tells no places.",
                hint="Set the method of the objective to 'padim' or 'patchcore'.",
            )
        return self.normal.places(features)

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        state.setdefault(f"{prefix}threshold", torch.full((), torch.nan))  # runs before there was one
        super()._load_from_state_dict(state, prefix, *rest)

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0].new_zeros(())

    def predict(self, logits: Tensor) -> Tensor:
        return cast(Tensor, self.normal(logits))

    def num_outputs(self, num_classes: int) -> int | None:
        del num_classes
        return None


def _normal_set(settings: AnomalySettings) -> NormalSet | PlaceSet | PatchBank:
    if settings.method == "padim":
        return PlaceSet(dimensions=settings.dimensions, shrinkage=settings.shrinkage)
    if settings.method == "patchcore":
        return PatchBank(bank_size=settings.bank_size)
    return NormalSet(distance=settings.distance, shrinkage=settings.shrinkage)


def build_objective(
    component: str,
    settings: Document,
    *,
    counts: Tensor | None = None,
    class_weights: ClassWeights = "none",
    label_smoothing: float = 0.0,
    num_numbers: int = 1,
) -> Objective:
    """Return the objective of that name.

    Args:
        component: as flows write it.
        settings: the document of its settings.
        counts: of the training images, for balanced weights: images per class (k,); of tags (k, 2),
            images without and with each; of masks (k,), pixels per class.
        class_weights: 'balanced': rare classes weigh more.
        label_smoothing: share of the label that is spread over all classes.
        num_numbers: for regression, numbers per image.

    Raises:
        UnknownName: no objective of that name.
        ShapeError: balanced weights without counts, or with counts of another shape.
    """
    if component not in _OBJECTIVES:
        raise UnknownName(
            f"There is no objective '{component}'.", hint=did_you_mean(component, list(_OBJECTIVES))
        )
    if isinstance(settings, AnomalySettings):
        return Anomaly(settings)
    if isinstance(settings, RegressionSettings):
        return Regression(settings, num_numbers)
    return _OBJECTIVES[component](
        settings, counts=counts, class_weights=class_weights, label_smoothing=label_smoothing
    )


_OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "classification": Classification,
    "binary": Binary,
    "multi_label": MultiLabel,
    "regression": Regression,
    "segmentation": Segmentation,
    "anomaly": Anomaly,
}


def _counts(counts: Tensor | None, class_weights: ClassWeights, ndim: int) -> Tensor:
    """Return the counts as they are wanted; without balanced weights nobody looks at them."""
    if class_weights == "none":
        return torch.zeros(1)
    if counts is None or counts.ndim != ndim:
        got = "none" if counts is None else f"{tuple(counts.shape)}"
        wanted = "(k,)" if ndim == 1 else "(k, 2), images without and with each tag"
        raise ShapeError(f"Balanced class weights want counts {wanted}, got {got}.")
    return counts.float()


def _single(logits: Tensor) -> Tensor:
    """Return one logit per image, (b,)."""
    if logits.ndim == 1:
        return logits
    if logits.ndim != 2 or logits.shape[1] != 1:
        raise ShapeError(
            f"The objective 'binary' wants logits (b, 1) or (b,), got {tuple(logits.shape)}.",
            hint="Give the last layer one output.",
        )
    return logits[:, 0]


def _check_alike(name: str, logits: Tensor, labels: Tensor) -> None:
    if logits.shape != labels.shape:  # broadcasting would give a number, and a wrong one
        raise ShapeError(
            f"The objective '{name}' gets logits {tuple(logits.shape)} and labels {tuple(labels.shape)}; "
            "both must be of one shape.",
            hint="Give the last layer as many outputs as there are labels.",
        )


def _resized(logits: Tensor, size: tuple[int, int] | None) -> Tensor:
    if size is None or tuple(logits.shape[-2:]) == size:
        return logits
    return functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)
