"""The head: pooling where needed, standardization, hidden layers, one linear layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graftwork.components.registry import Site, builds
from graftwork.errors import ShapeError
from graftwork.graph.contracts import HeadSettings

__all__ = ["Head", "Pool", "Standardize"]


class Pool(nn.Module):
    """Average over places: maps (b, c, h, w) and tokens (b, n, d) become (b, features)."""

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b d"]:
        if features.ndim == 4:
            return features.mean(dim=(2, 3))
        if features.ndim == 3:
            return features.mean(dim=1)
        return features


class Standardize(nn.Module):
    """Subtract a mean and divide by a deviation that are measured once and then held.

    Until ``fit`` is called it passes features on unchanged.
    """

    least_share = 0.2
    """A deviation counts as at least this share of the mean one. A feature that is silent on all but a few of the
    training images would else lie thousands of deviations off on the first new image that shows it."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("scale", torch.ones(num_features))
        self.mean: Tensor
        self.scale: Tensor

    def fit(self, mean: Float[Tensor, " d"], variance: Float[Tensor, " d"]) -> None:
        """Hold these moments; features that never vary keep their scale of one."""
        self.mean.copy_(mean)
        deviation = variance.clamp_min(0).sqrt()
        varies = deviation > 1e-6
        if bool(varies.any()):
            least = self.least_share * deviation[varies].mean()
            self.scale.copy_(torch.where(varies, 1.0 / deviation.clamp_min(least), 1.0))

    def forward(self, features: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        return (features - self.mean) * self.scale


class Head(nn.Module):
    """Turn features into logits.

    Args:
        num_features: width of the features after pooling.
        num_classes: number of logits.
        hidden: widths of hidden layers (ReLU between).
        dropout: share of features set to zero while training.
        standardize: whether the features of the training images are to be measured and scaled.

    Takes (b, num_features), (b, tokens, num_features) or (b, num_features, h, w); gives (b, num_classes).

    Raises:
        ShapeError: features of another width.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        *,
        hidden: Sequence[int] = (),
        dropout: float = 0.0,
        standardize: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.is_standardized = standardize
        self.pool = Pool()
        self.standardize = Standardize(num_features)
        layers: list[nn.Module] = []
        width = num_features
        for size in hidden:
            layers += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(dropout)]
            width = size
        self.hidden = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, num_classes)

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b k"]:
        pooled = self.pool(features).float()
        if pooled.shape[-1] != self.num_features:
            raise ShapeError(
                f"The head wants {self.num_features} features but got {tuple(pooled.shape)}.",
                hint=f"Set the head's num_features to {pooled.shape[-1]}.",
            )
        # The head is small and its rounding would show: it always computes in float32.
        with torch.autocast(pooled.device.type, enabled=False):
            logits: Tensor = self.linear(self.hidden(self.dropout(self.standardize(pooled))))
        return logits


@builds("head")
def build_head(settings: HeadSettings, site: Site) -> Head:
    """Return a head for the features that come in."""
    shape = site.shapes["features"]
    width = shape[1] if len(shape) in (2, 4) else shape[-1]
    return Head(
        width,
        site.num_classes,
        hidden=settings.hidden,
        dropout=settings.dropout,
        standardize=settings.standardize,
    )
