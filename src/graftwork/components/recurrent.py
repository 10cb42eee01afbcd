"""Embedding of categories, and recurrent layers over tokens."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graftwork.components.registry import Site
from graftwork.components.shapes import builds_checked, only_shape
from graftwork.errors import DataError
from graftwork.graph.sequences import EmbeddingSettings, RecurrentSettings

__all__ = ["Embedding", "Recurrent"]


class Embedding(nn.Module):
    """A learned row of ``width`` features for each of ``num_categories``.

    Takes (b,) or (b, n); gives (b, width) or (b, n, width).

    Raises:
        DataError: a number that is no category.
    """

    def __init__(self, num_categories: int, width: int) -> None:
        super().__init__()
        self.rows = nn.Embedding(num_categories, width)

    def forward(self, category: Int[Tensor, "b ..."]) -> Float[Tensor, "b ... d"]:
        try:
            found: Tensor = self.rows(category)
        except IndexError as error:
            raise DataError(
                f"The embedding has {self.rows.num_embeddings} categories, but numbers from "
                f"{int(category.min())} to {int(category.max())} came in.",
                hint=f"Set num_categories to {int(category.max()) + 1} or more.",
            ) from error
        return found


class Recurrent(nn.Module):
    """Read tokens (b, n, d) one after the other.

    Args:
        num_features: width of a token.
        units: width of the memory.
        cell: 'lstm' or 'gru'.
        bidirectional: read backward too; both answers stand side by side.
        return_sequence: give (b, n, units) instead of the last answer (b, units). The last answer of the
            backward reading is the one at the first token.
    """

    def __init__(
        self,
        num_features: int,
        units: int,
        *,
        cell: Literal["lstm", "gru"] = "lstm",
        bidirectional: bool = False,
        return_sequence: bool = False,
    ) -> None:
        super().__init__()
        kind = nn.LSTM if cell == "lstm" else nn.GRU
        self.cells = kind(num_features, units, batch_first=True, bidirectional=bidirectional)
        self.return_sequence = return_sequence

    def forward(self, features: Float[Tensor, "b n d"]) -> Float[Tensor, "b ... u"]:
        answers: Tensor = self.cells(features)[0]
        if self.return_sequence:
            return answers
        if not self.cells.bidirectional:
            return answers[:, -1]
        units = self.cells.hidden_size
        return torch.cat([answers[:, -1, :units], answers[:, 0, units:]], dim=-1)


@builds_checked("embedding")
def _embedding(settings: EmbeddingSettings, _: Site) -> nn.Module:
    return Embedding(settings.num_categories, settings.width)


@builds_checked("recurrent")
def _recurrent(settings: RecurrentSettings, site: Site) -> nn.Module:
    return Recurrent(
        only_shape(site)[-1],
        settings.units,
        cell=settings.type,
        bidirectional=settings.bidirectional,
        return_sequence=settings.return_sequence,
    )
