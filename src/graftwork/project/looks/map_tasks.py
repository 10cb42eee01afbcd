"""Maps and neighbors as tasks of a bench; the features of the training images stay in its memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from graftwork.documents.embedding import EmbeddingMap, MapMethod, MapWeights, NeighborList
from graftwork.documents.flow import Flow
from graftwork.errors import DataError
from graftwork.project.looks.embedding import embedding_map
from graftwork.project.looks.neighbors import Bank, bank_of, neighbors_of_key, neighbors_of_picture

if TYPE_CHECKING:
    from graftwork.project.bench_state import BenchState
    from graftwork.project.looks.inspection import Inspection

__all__ = ["inspect_map", "inspect_neighbors", "inspect_neighbors_of_picture"]

_KEPT = "neighbor_bank"


def inspect_map(
    state: BenchState,
    subject: Flow | str,
    method: MapMethod = "pca",
    at: str = "base",
    beside: str | None = None,
) -> EmbeddingMap:
    """Return the map of a run or flow, both sides; see ``embedding_map``."""
    return embedding_map(state.inspection(subject), method=method, at=at, beside=beside)


def inspect_neighbors(
    state: BenchState,
    subject: Flow | str,
    key: str,
    number: int = 8,
    weights: MapWeights | None = None,
    at: str = "base",
) -> NeighborList:
    """Return the training images nearest to one of the subject's images.

    Raises:
        UnknownName: no image of that key.
    """
    inside = state.inspection(subject)
    return neighbors_of_key(inside, _bank(state, inside, weights, at), key, number=number)


def inspect_neighbors_of_picture(
    state: BenchState,
    subject: Flow | str,
    content: bytes,
    name: str = "image",
    number: int = 8,
    weights: MapWeights | None = None,
    at: str = "base",
) -> NeighborList:
    """Return the training images nearest to an image file's content.

    Raises:
        DataError: it cannot be read as an image.
    """
    from PIL import Image, ImageOps

    from graftwork.project.using import unreadable_in_words

    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = ImageOps.exif_transpose(opened)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{name} {unreadable_in_words(error)}.", hint="Give an image file.") from error
    inside = state.inspection(subject)
    return neighbors_of_picture(inside, _bank(state, inside, weights, at), picture, name=name, number=number)


def _bank(state: BenchState, inside: Inspection, weights: MapWeights | None, at: str) -> Bank:
    """Return the bank that is kept, or read it: one at a time stays in memory."""
    held: Any = state.kept.get(_KEPT)
    if held is None or held[0] is not inside or held[1:3] != (weights, at):
        held = (inside, weights, at, bank_of(inside, weights=weights, at=at))
        state.kept[_KEPT] = held
    found: Bank = held[3]
    return found
