"""Where a run's images come from: what the user named, arrays that are kept, images by their key."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow
from graftwork.errors import DataError, UsageError
from graftwork.graph.contracts import ImagesSettings
from graftwork.project.moved import moved_settings
from graftwork.project.run import Run

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from graftwork.data import ImageSet
    from graftwork.engine.workspace import Workspace

__all__ = [
    "Source",
    "found_settings",
    "image_by_key",
    "images_of_flow",
    "images_of_run",
    "images_settings_of",
    "open_source",
    "source_text",
    "sources_of",
]

Source = str | Path | tuple[Any, Any]


def source_text(source: Source, folder: Path) -> str:
    """Return how a flow names ``source``: files by their full path, so that a run can be resumed anywhere.

    Arrays are stored once as a file in ``folder``, named by their content.

    Raises:
        UsageError: neither text nor path nor a pair of arrays.
        StorageError: the arrays cannot be stored.
    """
    if isinstance(source, tuple):
        return _keep_arrays(source, folder)
    if not isinstance(source, (str, Path)):
        raise UsageError(
            f"Images come from a path, sample:NAME or a pair (images, labels), got {type(source).__name__}."
        )
    path = Path(source).expanduser()
    return str(path.resolve()) if path.exists() else str(source)


def _keep_arrays(pair: tuple[Any, ...], folder: Path) -> str:
    import numpy as np

    if len(pair) != 2:
        raise UsageError(f"Arrays come as a pair (images, labels), got {len(pair)} things.")
    images, labels = (np.asarray(part) for part in pair)
    if images.ndim not in (3, 4) or labels.shape != images.shape[:1]:
        raise UsageError(
            f"Images of shape (n, h, w, 3) and labels of shape (n,) are wanted, got {images.shape} "
            f"and {labels.shape}.",
        )
    path = folder / f"arrays-{_digest(images, labels)}.npz"
    if not path.exists():
        buffer = io.BytesIO()
        np.savez(buffer, images=images, labels=labels)
        write_atomically(path, buffer.getvalue())
    return str(path.resolve())


def _digest(*arrays: np.ndarray[Any, Any]) -> str:
    import numpy as np

    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def open_source(
    settings: ImagesSettings, index: Path | None, *, classes: Sequence[str] | None = None
) -> ImageSet:
    """Open the images that the settings of an images node name, unsplit.

    Args:
        settings: source and columns.
        index: folder of what is remembered of files; None remembers nothing.
        classes: classes in order, of a run that is used on these images.
    """
    from graftwork.engine.prepare import list_images

    return list_images(settings, index, classes=classes)


def images_of_run(run: Run, workspace: Workspace) -> ImageSet:
    """Open the images that a run was made from, split as they were.

    Raises:
        DataError: they are not there any more.
    """
    return images_of_flow(run.flow, workspace)


def images_of_flow(flow: Flow, workspace: Workspace) -> ImageSet:
    """Open the images that a flow reads, split as its runs split them.

    Raises:
        DataError: they are not there.
    """
    from graftwork.engine.prepare import open_data
    from graftwork.engine.settings import read_settings

    settings = read_settings(flow)
    images = settings.images if workspace.root is None else found_settings(settings.images, workspace.root)
    return open_data(images, flow.recipe.seed, workspace, need_all_classes=settings.needs_all_classes)


def found_settings(settings: ImagesSettings, root: Path) -> ImagesSettings:
    """Return the settings of an images node with the place where its images lie now.

    Args:
        settings: of the node.
        root: of the project.

    Raises:
        DataError: they are not there any more, and nobody said where they went.
    """
    found = moved_settings(settings, root)
    if not found.source.startswith("sample:") and not Path(found.source).expanduser().exists():
        raise DataError(
            f"The images are not in {found.source} any more.",
            hint="If they were moved, name the new place: graftwork inspect evaluation RUN --images-at PATH.",
            path=found.source,
        )
    return found


def image_by_key(run: Run, workspace: Workspace) -> Callable[[str], Image]:
    """Return a function that opens a run's image by its key; the images are found at its first call."""
    found: dict[str, Any] = {}

    def open_image(key: str) -> Image:
        if not found:
            from graftwork.engine.settings import read_settings

            # Unsplit: looking for copies again would take longer than all the rest of a small report.
            settings = read_settings(run.flow).images
            settings = settings if workspace.root is None else moved_settings(settings, workspace.root)
            images = open_source(settings, workspace.index)
            found["reader"] = images.reader
            found["samples"] = {sample.key: sample for sample in images.samples}
        picture: Image = found["reader"].open(found["samples"][key])
        return picture

    return open_image


def images_settings_of(flow: Flow) -> ImagesSettings:
    """Return the settings of a flow's images node.

    Raises:
        UsageError: the flow reads no images.
    """
    for node in flow.of_component("images"):
        return ImagesSettings.model_validate(node.settings)
    raise UsageError(f"The flow '{flow.name}' reads no images.", hint="Add an images node.")


def sources_of(flow: Flow, root: Path) -> tuple[Path, ...]:
    """Return the files and folders on this machine that a flow reads: images, weights, tables of them, its own runs apart.

    Args:
        flow: any flow.
        root: of the project, which relative paths start from.
    """
    found: list[Path] = []
    for node in flow.nodes:
        base = str(node.settings.get("base") or "").removeprefix("random:")
        if base.startswith("file:"):
            found.append(root / Path(base.removeprefix("file:").partition("@")[0]).expanduser())
        if isinstance(weights := node.settings.get("weights"), str):
            found.append(root / Path(weights).expanduser())
        source = node.settings.get("source")
        if isinstance(source, str) and source and not source.startswith("sample:"):
            found.append(Path(source).expanduser().absolute())
    if flow.recipe.image_weights:
        found.append(Path(flow.recipe.image_weights).expanduser().absolute())
    return tuple(found)
