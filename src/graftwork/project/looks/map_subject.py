"""What a map shows: a run's images and those beside it, and the networks that look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.errors import BaseNotUsable, DataError, RunError
from graftwork.project.sources import source_text

if TYPE_CHECKING:
    from graftwork.data import ImageSet
    from graftwork.documents.embedding import MapWeights
    from graftwork.insight.map_features import FeatureReader
    from graftwork.project.looks.inspection import Inspection

__all__ = ["Domain", "label_word", "open_beside", "readers_of"]


@dataclass(frozen=True)
class Domain:
    """A source of images, and its name."""

    name: str
    images: ImageSet


def open_beside(inside: Inspection, source: str | Path) -> Domain:
    """Open images that need neither labels nor splits.

    Args:
        inside: whose project keeps what is learned of the files.
        source: a folder, a table, an array file or sample:NAME.

    Raises:
        DataError: nothing there that can be read.
    """
    from graftwork.data import open_images
    from graftwork.data.opening import index_path

    text = source_text(source, inside.workspace.index)
    found = open_images(
        text, need_labels=False, only_report=True, index_path=index_path(text, inside.workspace.index)
    )
    if not found.samples:
        raise DataError(f"{text} holds no image that can be read.", hint="Name a folder of images.")
    return Domain(name_of(text), found)


def name_of(source: str) -> str:
    """Return a short name of a source."""
    return source if source.startswith("sample:") else (Path(source).name or source)


def label_word(images: ImageSet, index: int) -> str | None:
    """Return the class of an image, or its tags as ``a;b``; None without one, or of numbers and masks."""
    if images.label_kind in ("number", "mask"):
        return None
    sample = images.samples[index]
    if sample.label is None and sample.values is None:
        return None
    return ";".join(images.label_words(index)) or "no tag"


def readers_of(
    inside: Inspection, at: str, weights: Sequence[MapWeights], notes: list[str]
) -> dict[MapWeights, FeatureReader]:
    """Return what reads features with each set of weights that can be had; why another cannot is noted.

    Args:
        inside: the subject.
        at: place in the network; see ``insight.map_features.find_place``.
        weights: the wanted ones.
        notes: gets a sentence for each that is left out.

    Raises:
        RunError, BaseNotUsable: none can be had.
        UnknownName, FlowError: no such place.
    """
    found: dict[MapWeights, FeatureReader] = {}
    missing: list[RunError | BaseNotUsable] = []
    for name in weights:
        try:
            found[name] = _reader(inside, at, name)
        except (RunError, BaseNotUsable) as error:
            missing.append(error)
    if not found:
        raise missing[0]
    notes.extend(f"One set of weights is left out. {error.message}" for error in missing)
    return found


def _reader(inside: Inspection, at: str, weights: MapWeights) -> FeatureReader:
    from graftwork.insight.map_features import FeatureReader, find_place

    if weights == "trained":
        model = inside.trained
        network, transform, compute = model.network, model.transform, model.compute
    else:
        prepared = inside.prepared
        network, transform, compute = prepared.network, prepared.transform, prepared.plan.compute
    place = find_place(network, at)
    return FeatureReader(network, place, transform, compute, inside.workspace.cache)
