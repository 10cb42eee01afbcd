"""Host "file": one's own weights in a file, for an architecture that another host knows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from graftwork.bases.from_program import open_program
from graftwork.bases.keras_guest.files import is_keras_file, open_keras_file
from graftwork.bases.loading import digest_file, load_into, read_weights, unwrap
from graftwork.bases.opening import draw_blueprint
from graftwork.bases.registry import BaseSummary, Blueprint, Request
from graftwork.documents.card import Origin
from graftwork.errors import UsageError, WeightsMismatch

__all__ = ["FileHost", "split_file_id"]


class FileHost:
    """Bases such as "file:weights.safetensors@timm:resnet18", or files that Keras wrote: "file:model.keras"."""

    name = "file"

    def open(self, name: str, request: Request) -> Blueprint:
        refuse_run(name)
        if is_keras_file(name):
            return open_keras_file(name, request)
        if name.endswith(".pt2"):
            return open_program(Path(name).expanduser(), request)
        path, architecture = split_file_id(name)
        blueprint = draw_blueprint(
            architecture, Request(request.image_size, request.runs, False, request.seed)
        )
        if not request.weights:
            return blueprint
        tensors, notes = unwrap(read_weights(path))
        if not tensors:
            raise WeightsMismatch(
                f"{path} holds no tensors by name.",
                hint="Save model.state_dict() from the model it came from.",
            )
        fill_from(blueprint, tensors, path)
        blueprint.title = f"{path.name} ({blueprint.architecture})"
        blueprint.origin = Origin(
            source=f"file:{path}",
            digest=digest_file(path),
            size_bytes=path.stat().st_size,
            note="; ".join(notes) or None,
        )
        return blueprint

    def summaries(self) -> Iterable[BaseSummary]:
        return ()


def refuse_run(name: str) -> None:
    """Refuse the weights of a run: they hold its head too, and the run knows its architecture.

    Raises:
        UsageError: the file lies in a run's folder.
    """
    path = Path(re.split(r"@|\?arch=", name)[0]).expanduser()
    folder = path.absolute().parent
    if path.name == "weights.safetensors" and (folder / "record.json").is_file():
        raise UsageError(
            f"{path} holds the weights of the run '{folder.name}', with its head.",
            hint=f"Open the run itself: 'run:{folder.name}', in the same project.",
        )


def split_file_id(name: str) -> tuple[Path, str]:
    """Return path and architecture of "PATH@host:name" or "PATH?arch=host:name".

    Raises:
        UsageError: no architecture is named, or it is another file.
    """
    for mark in ("?arch=", "@"):
        path, found, architecture = name.rpartition(mark)
        if found and path and ":" in architecture:
            break
    else:
        raise UsageError(
            f"Base 'file:{name}' does not say which architecture the weights belong to.",
            hint=f"Write for instance 'file:{name}@timm:resnet18'.",
        )
    if architecture.startswith("file:"):
        raise UsageError(
            f"'{architecture}' names a file, not an architecture.", hint="Name one such as 'timm:resnet18'."
        )
    return Path(path).expanduser(), architecture.removeprefix("random:")


def fill_from(blueprint: Blueprint, tensors: dict[str, Tensor], path: Path) -> None:
    """Put the file's tensors into the blueprint's module, brought into its form if they do not fit."""
    state = blueprint.module.state_dict()
    if any(n not in tensors or tensors[n].shape != t.shape for n, t in state.items()):
        tensors = blueprint.adapt(tensors)
    loaded = load_into(
        blueprint.module,
        tensors,
        source=str(path),
        architecture=blueprint.architecture,
        classifier=blueprint.classifier_names or (),
    )
    blueprint.loaded, blueprint.unexpected, blueprint.left_out = (
        loaded.names,
        loaded.unexpected,
        loaded.left_out,
    )
