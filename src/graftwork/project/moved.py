"""Images that were moved: where the project looks for them now."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from graftwork.documents.document import Document
from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow, Node
from graftwork.graph.contracts import ImagesSettings

__all__ = ["MovedImages", "keep_moved", "moved_flow", "moved_settings", "read_moved"]

FILE = "moved.json"


class MovedImages(Document):
    """Where images of a project lie now, by where flows say that they are."""

    places: dict[str, str] = Field(default_factory=dict, description="Old source or folder → new one.")


def read_moved(root: Path) -> MovedImages:
    """Return what was moved in the project at ``root``; nothing where no file is, or none that reads."""
    try:
        return MovedImages.model_validate_json((root / FILE).read_bytes())
    except (OSError, ValidationError):
        return MovedImages()


def keep_moved(root: Path, old: str, new: str) -> None:
    """Note that what flows call ``old`` lies at ``new`` now.

    Raises:
        StorageError: the project's folder cannot be written.
    """
    places = read_moved(root).places | {old: new}
    write_atomically(root / FILE, MovedImages(places=places).model_dump_json(indent=1))


def moved_settings(settings: ImagesSettings, root: Path) -> ImagesSettings:
    """Return the settings of an images node with the place where its images lie now.

    What is still at its old place is read there. The longest old place that fits counts.

    Args:
        settings: of the node.
        root: of the project.
    """
    source = settings.source
    if source.startswith("sample:") or Path(source).expanduser().exists():
        return settings
    places = read_moved(root).places
    for old in sorted(places, key=len, reverse=True):
        if source == old or source.startswith(old.rstrip("/") + "/"):
            return settings.edit(source=places[old] + source[len(old.rstrip("/")) :])
    return settings


def moved_flow(flow: Flow, root: Path) -> Flow:
    """Return a flow whose images nodes read from where the images lie now."""
    return flow.edit(nodes=tuple(_moved_node(node, root) for node in flow.nodes))


def _moved_node(node: Node, root: Path) -> Node:
    source = node.settings.get("source")
    if node.component != "images" or not isinstance(source, str):
        return node
    found = moved_settings(ImagesSettings(source=source), root).source
    return node if found == source else node.edit(settings={**node.settings, "source": found})
