"""How far features lie from those of normal images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graftwork.components.head import Pool
from graftwork.components.saved_sizes import take_saved_sizes
from graftwork.errors import RunError, ShapeError

__all__ = ["NormalSet", "ledoit_wolf"]


def ledoit_wolf(centered: Float[Tensor, "n d"]) -> float:
    """Return how far to pull a covariance towards equal deviations, from 0 to 1.

    The share that minimizes the expected squared error of the covariance, estimated from the data: near 0
    for many more images than features, near 1 for few.

    Args:
        centered: features minus their mean, float64.

    Source: Ledoit & Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices",
    lemmas 3.2 to 3.5.
    """
    n, d = centered.shape
    covariance = centered.T @ centered / n
    level = covariance.diagonal().mean()
    spread = float((covariance - level * torch.eye(d, dtype=centered.dtype)).square().sum())
    # Σ over images of |x xᵀ − S|², without a (d, d) matrix for each image.
    fourth = float(centered.square().sum(1).square().sum()) / n
    noise = (fourth - float(covariance.square().sum())) / n
    return min(max(noise, 0.0) / spread, 1.0) if spread > 0 else 1.0


class NormalSet(nn.Module):
    """Distance to the nearest mean of normal images, in the deviations that all of them share.

    With Σ = (1 − s)·S + s·tr(S)/d·I: √((x − µ)ᵀ Σ⁻¹ (x − µ)), the least over the groups' means µ; S is
    the covariance around the means. 'euclidean' is Σ = I.

    Sources: Rippel 2020, "Modeling the distribution of normal data in pre-trained deep features",
    arXiv:2005.14140; several means: Lee 2018, arXiv:1807.03888; the same at each place of a map:
    Defard 2020, "PaDiM", arXiv:2011.08785.

    Args:
        distance: 'mahalanobis' or 'euclidean'.
        shrinkage: s; None means Ledoit and Wolf's estimate.

    Takes (b, d), (b, n, d) or (b, d, h, w), averaged over places; gives (b, 1).
    """

    def __init__(
        self,
        *,
        distance: Literal["mahalanobis", "euclidean"] = "mahalanobis",
        shrinkage: float | None = None,
    ) -> None:
        super().__init__()
        self.distance, self.shrinkage = distance, shrinkage
        self.pool = Pool()
        self.register_buffer("means", torch.zeros(0, 0))  # g d, empty until fit
        self.register_buffer("whitening", torch.zeros(0, 0))  # d d, L with L Lᵀ = Σ⁻¹
        self.means: Tensor
        self.whitening: Tensor

    @property
    def is_fitted(self) -> bool:
        """Whether the normal images are known."""
        return self.means.numel() > 0

    def fit(self, features: Float[Tensor, "n ..."], groups: Int[Tensor, " n"] | None = None) -> None:
        """Learn means and covariance of normal images.

        Args:
            features: of at least two images, as ``forward`` takes them.
            groups: kind of each image, when normal images are of several kinds; None means one kind.

        Raises:
            ShapeError: fewer than two images.
        """
        values = self.pool(features.detach()).double().cpu()
        if len(values) < 2:
            raise ShapeError(
                f"The normal set wants at least 2 images but got {len(values)}.", hint="Add normal images."
            )
        index = torch.zeros(len(values), dtype=torch.long) if groups is None else groups.cpu()
        _, index = torch.unique(index, return_inverse=True)
        sums = torch.zeros(int(index.max()) + 1, values.shape[1], dtype=values.dtype)
        means = sums.index_add(0, index, values) / torch.bincount(index).unsqueeze(1)
        device = self.means.device
        self.means = means.float().to(device)
        self.whitening = self._whitening(values - means[index]).float().to(device)

    def _whitening(self, centered: Tensor) -> Tensor:
        num, width = centered.shape
        unit = torch.eye(width, dtype=centered.dtype)
        if self.distance == "euclidean":
            return unit
        share = ledoit_wolf(centered) if self.shrinkage is None else self.shrinkage
        covariance = centered.T @ centered / num
        level = covariance.diagonal().mean().clamp_min(1e-12)
        # Features that never vary would make distances infinite: a trace of the level is always left.
        mixed = (1.0 - share) * covariance + max(share, 1e-6) * level * unit
        values, vectors = torch.linalg.eigh(mixed)
        whitening: Tensor = vectors / values.clamp_min(1e-9 * level).sqrt()
        return whitening.contiguous()  # saved and loaded again, products round alike

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b 1"]:
        """Return the distance of each image.

        Raises:
            RunError: the normal images are not known yet.
            ShapeError: features of another width.
        """
        if not self.is_fitted:
            raise RunError("The normal set is empty.", hint="Fit it on features of normal images first.")
        pooled = self.pool(features).float()
        if pooled.shape[-1] != self.means.shape[1]:
            raise ShapeError(
                f"The normal set wants {self.means.shape[1]} features but got {tuple(pooled.shape)}.",
                hint="Take the features from where it was fitted.",
            )
        with torch.autocast(pooled.device.type, enabled=False):
            # Differences first: products of large features would lose small distances to rounding.
            gaps = pooled.unsqueeze(1) - self.means  # b g d
            distances: Tensor = (gaps @ self.whitening).square().sum(-1).sqrt()  # b g
            return distances.amin(1, keepdim=True)

    def _load_from_state_dict(self, state: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        take_saved_sizes(self, ("means", "whitening"), state, prefix)
        super()._load_from_state_dict(state, prefix, *rest)
