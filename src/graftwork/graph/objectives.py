"""The contracts of the objectives: what a flow is trained for, known without torch.

All objectives call their inputs alike: ``logits`` (or ``features``) is what the network says, ``labels``
what the data says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.contract import Contract
from graftwork.graph.ports import Misfit, Port, Wire, show_shape
from graftwork.graph.sizes import want_rank

__all__ = [
    "OBJECTIVES",
    "AnomalySettings",
    "BinarySettings",
    "ClassificationSettings",
    "MultiLabelSettings",
    "ObjectiveSettings",
    "RegressionSettings",
    "SegmentationSettings",
]

Focus = Annotated[float, Field(ge=0.0, le=10.0)]


class ObjectiveSettings(Document):
    """What all objectives have."""

    weight: Annotated[float, Field(gt=0.0)] = Field(
        1.0, description="Factor of this loss in the sum, when a flow has several objectives."
    )


class ClassificationSettings(ObjectiveSettings):
    """One label per image; cross-entropy."""

    loss: Literal["cross_entropy", "focal"] = Field(
        "cross_entropy", description="'focal': images that are right already count less."
    )
    gamma: Focus = Field(2.0, description="Loss 'focal': how much less; 0 is cross-entropy.")


class BinarySettings(ObjectiveSettings):
    """Yes or no; one logit and binary cross-entropy."""

    loss: Literal["cross_entropy", "focal"] = Field(
        "cross_entropy", description="'focal': images that are right already count less."
    )
    gamma: Focus = Field(2.0, description="Loss 'focal': how much less; 0 is cross-entropy.")


class MultiLabelSettings(ObjectiveSettings):
    """Any number of tags per image; binary cross-entropy of each tag."""

    loss: Literal["cross_entropy", "focal", "asymmetric"] = Field(
        "cross_entropy",
        description="'focal': what is right already counts less; 'asymmetric': only for absent tags, which "
        "are the many.",
    )
    gamma: Focus = Field(2.0, description="Losses 'focal' and 'asymmetric': how much less; 0 is none.")
    margin: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.05, description="Loss 'asymmetric': absent tags below this probability count nothing."
    )


class RegressionSettings(ObjectiveSettings):
    """One or several numbers per image."""

    loss: Literal["mse", "mae", "huber"] = Field(
        "mse", description="'mse': squared error; 'mae': absolute error; 'huber': squared up to delta."
    )
    delta: Annotated[float, Field(gt=0.0)] = Field(
        1.0, description="Loss 'huber': error from which on it grows linearly, in standard deviations."
    )
    standardize: bool = Field(
        True,
        description="Scale the numbers to mean 0, deviation 1 by the training images while training; "
        "predictions are in the units of the data.",
    )


class SegmentationSettings(ObjectiveSettings):
    """One class per pixel; pixels with the mask value 255 do not count."""

    loss: Literal["cross_entropy", "dice", "focal", "sum"] = Field(
        "cross_entropy",
        description="'dice': overlap of each class; 'focal': pixels that are right already count less; "
        "'sum': cross-entropy and dice.",
    )
    gamma: Focus = Field(2.0, description="Loss 'focal': how much less; 0 is cross-entropy.")


class AnomalySettings(ObjectiveSettings):
    """Distance to the normal images; nothing is trained by gradients."""

    method: Literal["mahalanobis", "padim", "patchcore"] = Field(
        "mahalanobis",
        description="'mahalanobis': of the whole image; 'padim': of each place, to the same place in normal images; "
        "'patchcore': of each patch, to the nearest normal patch anywhere. The latter two give heat maps and "
        "want maps.",
    )
    distance: Literal["mahalanobis", "euclidean"] = Field(
        "mahalanobis",
        description="Method 'mahalanobis': in deviations of the normal images; 'euclidean': plain.",
    )
    dimensions: Annotated[int, Field(ge=1)] = Field(
        100, description="Method 'padim': channels that are kept, drawn at random."
    )
    bank_size: Annotated[int, Field(ge=1, le=20_000)] = Field(
        2000, description="Method 'patchcore': normal patches that are remembered."
    )
    quantile: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.95,
        description="Share of the normal validation images that lies below the threshold from which on an image "
        "counts as odd.",
    )
    shrinkage: Annotated[float, Field(ge=0.0, le=1.0)] | None = Field(
        None,
        description="Methods 'mahalanobis' and 'padim': pull of the covariance towards equal deviations. Empty: "
        "estimated (Ledoit-Wolf).",
    )
    normal_class: str | None = Field(
        None,
        description="Class of the normal images, or of the normal pixels of masks. Empty: the commonest one in "
        "training. Of classes all training images are learned as normal then; of masks always those that show "
        "nothing else.",
    )


def _places(settings: AnomalySettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    """Refuse features without places for methods that look at places, and labels that tell nothing normal."""
    features, labels = inputs.get("features"), inputs.get("labels")
    if settings.method != "mahalanobis" and features is not None:
        want_rank(
            features,
            (4,),
            "maps (b, c, h, w)",
            port="features",
            hint="Put 'patch_features' before it and set skips on the backbone.",
        )
    if labels is not None and (labels.kind == "labels" and (len(labels.shape) > 1 or "tags" in labels.shape)):
        raise Misfit(
            f"wants one label per image but gets labels {show_shape(labels.shape)}.",
            port="labels",
            hint="Use classes, or masks.",
        )
    return {}


def _one_label(settings: Document, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    del settings
    labels = inputs.get("labels")
    if labels is not None and (len(labels.shape) > 2 or "tags" in labels.shape):
        raise Misfit(
            f"wants one label per image but gets labels {show_shape(labels.shape)}.",
            port="labels",
            hint="Use the objective 'multi_label' for several tags per image.",
        )
    return {}


def _one_logit(settings: Document, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    _one_label(settings, inputs)
    logits = inputs.get("logits")
    if logits is None or "..." in logits.shape:
        return {}
    width = logits.shape[1] if len(logits.shape) > 1 else 1
    if len(logits.shape) > 2 or (isinstance(width, int) and width != 1):
        raise Misfit(
            f"wants one logit per image, (b, 1), but gets {show_shape(logits.shape)}.",
            port="logits",
            hint="Give the last layer one output, or use the objective 'classification'.",
        )
    return {}


def _vectors(settings: Document, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    """Refuse numbers for which the network gives another count."""
    del settings
    said, known = inputs.get("logits"), inputs.get("labels")
    if said is None or known is None or len(said.shape) != 2 or len(known.shape) != 2:
        return {}
    if isinstance(said.shape[1], int) and isinstance(known.shape[1], int) and said.shape[1] != known.shape[1]:
        raise Misfit(
            f"gets {said.shape[1]} outputs for {known.shape[1]} numbers per image.",
            port="logits",
            hint=f"Give the last layer {known.shape[1]} outputs.",
        )
    return {}


def _objective(name: str, title: str, summary: str, settings: type[Document], **rest: object) -> Contract:
    return Contract.model_validate(
        {"name": name, "title": title, "summary": summary, "settings": settings, "group": "objective", **rest}
    )


_LOGITS = Port(name="logits", kind="logits", also=("features",), shape=("b", "classes"))

OBJECTIVES: tuple[Contract, ...] = (
    _objective(
        "classification",
        "Classification",
        "Objective for one label per image: cross-entropy and its scores.",
        ClassificationSettings,
        inputs=(_LOGITS, Port(name="labels", kind="labels", help="Class (b,), or a share per class (b, k).")),
        infer=_one_label,
    ),
    _objective(
        "binary",
        "Yes or no",
        "Objective for two classes with a single logit: binary cross-entropy.",
        BinarySettings,
        inputs=(
            Port(name="logits", kind="logits", also=("features",), help="One logit per image, (b, 1)."),
            Port(name="labels", kind="labels", help="0 or 1 per image, (b,)."),
        ),
        infer=_one_logit,
    ),
    _objective(
        "multi_label",
        "Tags",
        "Objective for any number of tags per image: binary cross-entropy of each tag.",
        MultiLabelSettings,
        inputs=(_LOGITS, Port(name="labels", kind="labels", shape=("b", "tags"), help="0 or 1 per tag.")),
        infer=_vectors,
    ),
    _objective(
        "regression",
        "Numbers",
        "Objective for one or several numbers per image: squared, absolute or Huber error.",
        RegressionSettings,
        inputs=(
            Port(name="logits", kind="logits", also=("features", "number"), shape=("b", "n")),
            Port(name="labels", kind="number", shape=("b", "n")),
        ),
        infer=_vectors,
    ),
    _objective(
        "segmentation",
        "Segmentation",
        "Objective for a class per pixel: cross-entropy, Dice, focal loss, or a sum.",
        SegmentationSettings,
        inputs=(
            Port(name="logits", kind="logits", also=("features",), shape=("b", "classes", "h", "w")),
            Port(name="labels", kind="mask", shape=("b", "height", "width")),
        ),
    ),
    _objective(
        "anomaly",
        "Anomaly",
        "Objective for odd images when only normal ones are known: distance of features to the normal set.",
        AnomalySettings,
        inputs=(
            Port(name="features", kind="features", also=("logits",)),
            Port(
                name="labels",
                kind="labels",
                also=("mask",),
                is_optional=True,
                help="Tells normal from odd images, for the scores only; masks tell odd pixels too.",
            ),
        ),
        infer=_places,
    ),
)
