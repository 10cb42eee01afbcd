"""The training images that a run sees most like another one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.embedding import MapWeights, Neighbor, NeighborList
from graftwork.errors import DataError, UnknownName, UsageError, did_you_mean
from graftwork.project.looks.map_subject import label_word, readers_of
from graftwork.project.using import unreadable_in_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from graftwork.insight.map_features import FeatureReader
    from graftwork.project.looks.inspection import Inspection

__all__ = ["Bank", "bank_of", "find_neighbors", "neighbors_of_key", "neighbors_of_picture"]

_MOST = 200


@dataclass(frozen=True)
class Bank:
    """The features (n, d) of all training images at one place, and what else a search needs."""

    weights: MapWeights
    reader: FeatureReader
    indices: tuple[int, ...]
    features: NDArray[np.float32]


def bank_of(inside: Inspection, *, weights: MapWeights | None = None, at: str = "base") -> Bank:
    """Return the features of the training images, from the feature cache or one pass that is stored there.

    Args:
        inside: the subject.
        weights: if not given the trained ones, or the pretrained ones of a flow.
        at: where features are taken; see ``embedding_map``.

    Raises:
        RunError, BaseNotUsable: there are no such weights.
        DataError: images that are not there any more.
    """
    import numpy as np

    chosen: MapWeights = weights or ("pretrained" if inside.run is None else "trained")
    reader = readers_of(inside, at, (chosen,), [])[chosen]
    indices = inside.images.of_split("train")
    features = reader.of_images(inside.images, indices, tell=inside.tell, stop=inside.stop)
    finite = np.isfinite(features).all(1)
    kept = tuple(indices[i] for i in np.flatnonzero(finite).tolist())
    return Bank(chosen, reader, kept, features[finite])


def find_neighbors(
    inside: Inspection,
    image: str | Path,
    *,
    number: int = 8,
    weights: MapWeights | None = None,
    at: str = "base",
) -> NeighborList:
    """Return the training images nearest to one image.

    Args:
        inside: the subject.
        image: key of one of its images, or the path of a file.
        number: how many, 1 to 200.
        weights, at: as ``bank_of`` takes them.

    Raises:
        UnknownName: neither a key nor a file.
        DataError: the file cannot be read as an image.
    """
    from PIL import Image, ImageOps

    bank = bank_of(inside, weights=weights, at=at)
    if str(image) in {sample.key for sample in inside.images.samples}:
        return neighbors_of_key(inside, bank, str(image), number=number)
    path = Path(image).expanduser()
    if not path.is_file():
        known = [sample.key for sample in inside.images.samples]
        raise UnknownName(
            f"'{image}' is neither an image of {inside.images.source} nor a file.",
            hint=did_you_mean(str(image), known),
        )
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            return neighbors_of_picture(inside, bank, picture, name=str(image), number=number)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{image} {unreadable_in_words(error)}.", hint="Name an image file.") from error


def neighbors_of_key(inside: Inspection, bank: Bank, key: str, *, number: int = 8) -> NeighborList:
    """Return the training images nearest to an image of the subject.

    Raises:
        UnknownName: no image of that key.
    """
    images = inside.images
    index = next((i for i, sample in enumerate(images.samples) if sample.key == key), None)
    if index is None:
        raise UnknownName(
            f"There is no image '{key}' in {images.source}.",
            hint=did_you_mean(key, [s.key for s in images.samples]),
        )
    features = bank.reader.of_images(images, [index], tell=inside.tell, stop=inside.stop)
    own = bank.indices.index(index) if index in bank.indices else -1
    return _listed(inside, bank, features, own, name=key, label=label_word(images, index), number=number)


def neighbors_of_picture(
    inside: Inspection, bank: Bank, picture: Image, *, name: str, number: int = 8
) -> NeighborList:
    """Return the training images nearest to a picture that need not be one of them.

    A file that is one of the training images, byte by byte or not, finds itself first.
    """
    canvas = bank.reader.transform.canvas(picture)[None]
    features = bank.reader.of_canvases(canvas)
    return _listed(inside, bank, features, -1, name=name, label=None, number=number)


def _listed(
    inside: Inspection,
    bank: Bank,
    features: NDArray[np.float32],
    own: int,
    *,
    name: str,
    label: str | None,
    number: int,
) -> NeighborList:
    import numpy as np

    from graftwork.engine.metrics.classes import wilson
    from graftwork.insight.neighbors import nearest

    if not 1 <= number <= _MOST:
        raise UsageError(f"1 to {_MOST} neighbors can be asked for, got {number}.")
    if not np.isfinite(features).all():
        raise DataError(f"The features of {name} are not numbers.", hint="Look at the base's preview.")
    near = nearest(features, bank.features, number, own=np.array([own]))
    found = []
    for place, distance in zip(near.positions[0].tolist(), near.distances[0].tolist(), strict=True):
        index = bank.indices[place]
        sample = inside.images.samples[index]
        found.append(
            Neighbor(
                key=sample.key,
                digest=sample.digest,
                label=label_word(inside.images, index),
                distance=distance,
            )
        )
    hits = sum(one.label == label for one in found)
    return NeighborList(
        image=name,
        label=label,
        weights=bank.weights,
        place=bank.reader.place.name,
        num_searched=len(bank.indices),
        neighbors=tuple(found),
        same_class=None if label is None or not found else wilson(hits, len(found)),
    )
