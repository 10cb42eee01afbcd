"""How far each place of an image lies from the same place in normal images: a Gaussian per place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graftwork.components.saved_sizes import take_saved_sizes
from graftwork.errors import RunError, ShapeError

__all__ = ["PlaceSet", "as_maps", "shrinkages"]

_CHUNK = 64  # places whose covariances are worked on at once


def shrinkages(centered: Float[Tensor, "p n d"]) -> Float[Tensor, " p"]:
    """Return ``ledoit_wolf`` of each place: how far to pull its covariance, from 0 to 1.

    Source: Ledoit & Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices".
    """
    _, n, d = centered.shape
    covariance = centered.transpose(1, 2) @ centered / n
    squares = covariance.square().sum((1, 2))
    level = covariance.diagonal(dim1=1, dim2=2).mean(1)
    spread = squares - d * level.square()
    fourth = centered.square().sum(2).square().sum(1) / n
    noise = ((fourth - squares) / n).clamp_min(0.0)
    share = (noise / spread.clamp_min(1e-300)).clamp_max(1.0)
    return torch.where(spread > 0, share, torch.ones_like(share))


class PlaceSet(nn.Module):
    """Distance of each place to the normal images at that place, in their own deviations.

    √((x − µ)ᵀ Σ⁻¹ (x − µ)) with µ and Σ of the place over the normal images, in ``dimensions`` channels
    that are drawn at random; the score of an image is its largest distance.

    Σ = (1 − s)·S + s·tr(S)/d·I with s by Ledoit and Wolf, where the paper adds 0.01·I: that depends on
    the scale of the base's features.

    Source: Defard et al. 2020, "PaDiM", arXiv:2011.08785, eq. 1-2.

    Args:
        dimensions: channels that are kept; all where there are fewer.
        shrinkage: s; None estimates it for each place.
        seed: of the draw of the channels.

    Takes (b, d, h, w); gives (b, 1).
    """

    def __init__(self, *, dimensions: int = 100, shrinkage: float | None = None, seed: int = 0) -> None:
        super().__init__()
        self.dimensions, self.shrinkage, self.seed = dimensions, shrinkage, seed
        self.register_buffer("channels", torch.zeros(0, dtype=torch.int64))  # d
        self.register_buffer("means", torch.zeros(0, 0))  # p d, empty until fit
        self.register_buffer("whitening", torch.zeros(0, 0, 0))  # p d d
        self.channels: Tensor
        self.means: Tensor
        self.whitening: Tensor

    def fit(self, features: Float[Tensor, "n c h w"]) -> None:
        """Learn mean and covariance of each place.

        Raises:
            ShapeError: no maps, or fewer than two images.
        """
        values = as_maps("padim", features)
        if len(values) < 2:
            raise ShapeError(
                f"The normal set wants at least 2 images but got {len(values)}.", hint="Add normal images."
            )
        device, width = self.means.device, values.shape[1]
        draw = torch.Generator().manual_seed(self.seed)
        chosen = torch.randperm(width, generator=draw)[: min(width, self.dimensions)].sort().values
        places = values[:, chosen.to(values.device)].flatten(2).permute(2, 0, 1).cpu()  # p n d
        parts = [self._gaussians(places[i : i + _CHUNK].double()) for i in range(0, len(places), _CHUNK)]
        self.channels = chosen.to(device)
        self.means = torch.cat([mean for mean, _ in parts]).float().to(device)
        self.whitening = torch.cat([root for _, root in parts]).float().to(device)

    def _gaussians(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Return means (p, d) and L (p, d, d) with L Lᵀ = Σ⁻¹."""
        means = places.mean(1)
        centered = places - means.unsqueeze(1)
        n, d = centered.shape[1:]
        covariance = centered.transpose(1, 2) @ centered / n
        level = covariance.diagonal(dim1=1, dim2=2).mean(1).clamp_min(1e-12)
        share = shrinkages(centered) if self.shrinkage is None else torch.full_like(level, self.shrinkage)
        # A place that never varies would make distances infinite: a trace of the level is always left.
        pull = share.clamp_min(1e-6) * level
        unit = torch.eye(d, dtype=places.dtype)
        mixed = (1.0 - share)[:, None, None] * covariance + pull[:, None, None] * unit
        root = torch.linalg.cholesky(mixed)  # C with C Cᵀ = Σ
        inverse = torch.linalg.solve_triangular(root, unit.expand_as(root), upper=False)
        return means, inverse.transpose(1, 2).contiguous()

    def places(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b h w"]:
        """Return the distance of each place.

        Raises:
            RunError: the normal images are not known yet.
            ShapeError: maps of another size.
        """
        values = as_maps("padim", features)
        if not self.means.numel():
            raise RunError("The normal set is empty.", hint="Fit it on features of normal images first.")
        b, c, h, w = values.shape
        if h * w != len(self.means) or c <= int(self.channels.max()):
            raise ShapeError(
                f"The normal set knows {len(self.means)} places but got maps {tuple(values.shape)}.",
                hint="Take the features from where it was fitted.",
            )
        gaps = values[:, self.channels].flatten(2).permute(2, 0, 1) - self.means.unsqueeze(1)  # p b d
        distances = torch.cat(
            [
                (gaps[i : i + _CHUNK] @ self.whitening[i : i + _CHUNK]).square().sum(-1)
                for i in range(0, len(gaps), _CHUNK)
            ]
        )
        return distances.sqrt().T.reshape(b, h, w)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1"]:
        """Return the largest distance of each image."""
        return self.places(features).flatten(1).amax(1, keepdim=True)

    def _load_from_state_dict(self, state: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        take_saved_sizes(self, ("channels", "means", "whitening"), state, prefix)
        super()._load_from_state_dict(state, prefix, *rest)


def as_maps(method: str, features: Tensor) -> Tensor:
    """Return features as they are, float32, when they have places.

    Raises:
        ShapeError: they have none.
    """
    if features.ndim != 4:
        raise ShapeError(
            f"The method '{method}' wants maps (b, c, h, w), got {tuple(features.shape)}.",
            hint="Put 'patch_features' before the objective and set skips on the backbone.",
        )
    return features.detach().float()
