"""Patch features: maps of several stages as one vector for each place of the image."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from graftwork.components.registry import Site
from graftwork.components.shapes import builds_checked
from graftwork.graph.patches import PatchFeaturesSettings

__all__ = ["PatchFeatures"]


class PatchFeatures(nn.Module):
    """Average each place with its neighbors, bring all maps to one size, put them side by side.

    Args:
        neighborhood: places on a side that are averaged, odd; at the border fewer.
        size: places on a side of what comes out; None: those of the largest maps.

    Takes (b, c, h, w) and further maps of other sizes; gives (b, Σc, H, W).

    Source: Roth et al. 2022, "Towards total recall in industrial anomaly detection", arXiv:2106.08265, eq. 2.
    """

    def __init__(self, *, neighborhood: int = 3, size: int | None = None) -> None:
        super().__init__()
        self.neighborhood, self.size = neighborhood, size

    def forward(self, *maps: Float[Tensor, "b ..."]) -> Float[Tensor, "b d H W"]:
        largest = max(tuple(m.shape[2:]) for m in maps)
        size = largest if self.size is None else (self.size, self.size)
        return torch.cat([self._placed(m, size) for m in maps], dim=1)

    def _placed(self, maps: Tensor, size: tuple[int, ...]) -> Tensor:
        n = self.neighborhood
        near = (
            functional.avg_pool2d(maps, n, stride=1, padding=n // 2, count_include_pad=False)
            if n > 1
            else maps
        )
        if tuple(near.shape[2:]) == size:
            return near
        return functional.interpolate(near, size, mode="bilinear", align_corners=False)


@builds_checked("patch_features")
def _patch_features(settings: PatchFeaturesSettings, _: Site) -> nn.Module:
    return PatchFeatures(neighborhood=settings.neighborhood, size=settings.size)
