"""The contracts of adaptation to another domain, known without torch.

A target enters by a node of its own, which has no labels; an adaptation reads its images, and the wires whose
values are to be alike in both domains.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.contract import Contract
from graftwork.graph.ports import Port

__all__ = ["ADAPTATION", "AdaptationMethod", "AdaptationSettings", "TargetSettings"]

AdaptationMethod = Literal["deep_coral", "dan", "jan", "dann", "cdan", "mcc", "mcd", "entropy"]


class TargetSettings(Document):
    """Where images of the target come from. Labels that lie there are not read."""

    source: str = Field(
        description="Folder, table, array file, or sample:NAME. Labels that lie there are not read."
    )


class AdaptationSettings(Document):
    """How source and target are made alike while the network is trained."""

    method: AdaptationMethod = Field(
        "dann",
        description="'deep_coral': covariances; 'dan', 'jan': mean discrepancy of features, or of features and "
        "answers together; 'dann', 'cdan': a discriminator that must not tell the domains apart; 'mcc': sure "
        "classes on the target; 'mcd': two heads that must agree there; 'entropy': sure answers there.",
    )
    weight: Annotated[float, Field(gt=0.0)] | None = Field(
        None, description="Factor of this loss beside that of the labels. Empty: the method's usual one."
    )


ADAPTATION: tuple[Contract, ...] = (
    Contract(
        name="target_images",
        group="adaptation",
        title="Target images",
        summary="Images of another domain, without labels: what a model is adapted to.",
        outputs=(Port(name="image", kind="image", shape=("b", 3, "h", "w")),),
        settings=TargetSettings,
    ),
    Contract(
        name="adaptation",
        group="adaptation",
        title="Adaptation",
        summary="Makes source and target alike while training: by covariance, discrepancy, an adversary or sure answers.",
        inputs=(
            Port(name="features", kind="features", help="What is made alike: mostly what the head reads."),
            Port(name="logits", kind="logits", shape=("b", "classes"), help="The network's answers."),
            Port(name="target", kind="image", shape=("b", 3, "h", "w"), help="Images of the target domain."),
        ),
        settings=AdaptationSettings,
    ),
)
