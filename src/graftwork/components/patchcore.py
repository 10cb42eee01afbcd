"""How far each patch of an image lies from the patches of normal images: a memory of patches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graftwork.components.padim import as_maps
from graftwork.components.saved_sizes import take_saved_sizes
from graftwork.errors import RunError, ShapeError

__all__ = ["PatchBank", "greedy_coreset"]

_CANDIDATES = 20_000
_PROJECTED = 128
_NEIGHBORS = 9
_CHUNK = 4  # images whose distances are worked on at once


def greedy_coreset(points: Float[Tensor, "n d"], count: int) -> Int[Tensor, " m"]:
    """Return points that cover all of them: each next one is the farthest from those chosen.

    The largest distance of any point to its nearest chosen one is at most twice the least possible.

    Args:
        points: n >= 1.
        count: how many to choose; all where there are fewer. The first one is nearest to their mean.

    Source: Gonzalez 1985, "Clustering to minimize the maximum intercluster distance"; in this place:
    Roth et al. 2022, arXiv:2106.08265, algorithm 1.
    """
    count = min(count, len(points))
    lengths = points.square().sum(1)
    chosen = [int((points - points.mean(0)).square().sum(1).argmin())]
    nearest = torch.full_like(lengths, torch.inf)
    while len(chosen) < count:
        last = points[chosen[-1]]
        # |a − b|² without a copy of all points; rounding may leave a little below 0.
        apart = (lengths + last.square().sum() - 2.0 * (points @ last)).clamp_min(0.0)
        nearest = torch.minimum(nearest, apart)
        nearest[chosen[-1]] = -1.0
        chosen.append(int(nearest.argmax()))
    return torch.tensor(chosen)


class PatchBank(nn.Module):
    """Distance of each patch to the nearest one of a bank of normal patches.

    The score of an image is that of its farthest patch p, times 1 − e^|p − m| / Σ e^|p − mᵢ| over the nine
    patches mᵢ of the bank nearest to p's own nearest m (eq. 7): less where normal patches are rare too.

    Args:
        bank_size: patches that are kept, chosen greedily among at most 20,000 drawn at random, in a
            random projection to 128 dimensions.
        seed: of the draws.

    Takes (b, d, h, w); gives (b, 1).

    Source: Roth et al. 2022, "Towards total recall in industrial anomaly detection" (PatchCore),
    arXiv:2106.08265.
    """

    def __init__(self, *, bank_size: int = 2000, seed: int = 0) -> None:
        super().__init__()
        self.bank_size, self.seed = bank_size, seed
        self.register_buffer("bank", torch.zeros(0, 0))  # m d, empty until fit
        self.bank: Tensor

    def fit(self, features: Float[Tensor, "n d h w"]) -> None:
        """Choose the patches of the bank.

        Raises:
            ShapeError: no maps, or no image.
        """
        values = as_maps("patchcore", features).cpu()
        if not len(values):
            raise ShapeError(
                "The bank of patches wants at least 1 image but got 0.", hint="Add normal images."
            )
        draw = torch.Generator().manual_seed(self.seed)
        n, d, h, w = values.shape
        chosen = torch.randperm(n * h * w, generator=draw)[:_CANDIDATES].sort().values
        image, place = chosen // (h * w), chosen % (h * w)
        patches = values.flatten(2)[image, :, place]  # candidates d
        projected = patches
        if d > _PROJECTED:
            projected = patches @ (torch.randn(d, _PROJECTED, generator=draw) / _PROJECTED**0.5)
        self.bank = patches[greedy_coreset(projected, self.bank_size)].contiguous().to(self.bank.device)

    def places(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b h w"]:
        """Return the distance of each patch to the nearest one of the bank.

        Raises:
            RunError: the normal images are not known yet.
            ShapeError: features of another width.
        """
        return self._nearest(features)[0]

    def _nearest(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return distance and place in the bank of each patch's nearest one, both (b, h, w)."""
        values = as_maps("patchcore", features)
        if not self.bank.numel():
            raise RunError("The normal set is empty.", hint="Fit it on features of normal images first.")
        b, d, h, w = values.shape
        if d != self.bank.shape[1]:
            raise ShapeError(
                f"The bank of patches wants {self.bank.shape[1]} channels but got {tuple(values.shape)}.",
                hint="Take the features from where it was fitted.",
            )
        found = []
        for start in range(0, b, _CHUNK):
            patches = values[start : start + _CHUNK].flatten(2).transpose(1, 2)  # b p d
            near = torch.cdist(patches, self.bank, compute_mode="use_mm_for_euclid_dist").argmin(-1)
            # Products find the nearest; the distance itself would lose to their rounding.
            found.append(((patches - self.bank[near]).square().sum(-1).sqrt(), near))
        distances, indices = (torch.cat([part[i] for part in found]) for i in range(2))
        return distances.reshape(b, h, w), indices.reshape(b, h, w)

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b 1"]:
        """Return the score of each image."""
        distances, indices = self._nearest(features)
        farthest = distances.flatten(1).max(1)
        rows = torch.arange(len(features), device=features.device)
        patch = features.detach().float().flatten(2)[rows, :, farthest.indices]  # b d
        nearest = self.bank[indices.flatten(1)[rows, farthest.indices]]  # b d
        count = min(_NEIGHBORS, len(self.bank))
        near = torch.cdist(nearest, self.bank).topk(count, largest=False).indices  # b 9
        around = (patch.unsqueeze(1) - self.bank[near]).square().sum(-1).sqrt()  # b 9
        score = farthest.values
        weight = 1.0 - (score - around.logsumexp(1)).exp().clamp_max(1.0)
        return (weight * score if count > 1 else score).unsqueeze(1)

    def _load_from_state_dict(self, state: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        take_saved_sizes(self, ("bank",), state, prefix)
        super()._load_from_state_dict(state, prefix, *rest)
