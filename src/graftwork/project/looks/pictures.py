"""Pictures of looks inside, written as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.feature_maps import MapsDocument
from graftwork.documents.files import storing
from graftwork.project.previewing import placed

if TYPE_CHECKING:
    from graftwork.project.looks.feature_maps import Maps
    from graftwork.project.looks.saliency import Saliency

__all__ = ["maps_with_pictures", "write_maps", "write_saliency"]


def maps_with_pictures(document: MapsDocument, places: dict[str, str]) -> MapsDocument:
    """Return a document in which each picture is named by its place: a path, or a hash."""
    content = placed(document.model_dump(mode="json"), places)
    content["input"] = places.get(document.input, document.input)
    for one in content["attention"]:
        one["sides"] = {side: places.get(name, name) for side, name in one["sides"].items()}
    return MapsDocument.model_validate(content)


def write_maps(made: Maps, folder: Path) -> MapsDocument:
    """Write the pictures as PNG files and return the document with their paths.

    Raises:
        StorageError: they cannot be written.
    """
    from graftwork.engine.preview.pictures import png

    paths: dict[str, str] = {}
    with storing("The pictures", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in made.pictures.items():
            path = (folder / f"{name}.png").resolve()
            path.write_bytes(png(picture))
            paths[name] = str(path)
    return maps_with_pictures(made.document, paths)


def write_saliency(found: Saliency, folder: Path) -> None:
    """Write ``image.png``, ``saliency.png`` (the image under its map) and ``heat.png`` (the map, transparent).

    Raises:
        StorageError: they cannot be written.
    """
    from graftwork.engine.preview.pictures import png

    pictures = {"image": found.canvas, "saliency": found.blended(), "heat": found.overlay()}
    with storing("The pictures", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            (folder / f"{name}.png").write_bytes(png(picture))
