"""The files of a model of transformers: in a folder, or of a hub repository."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import errors

from graftwork.bases.hubs import fetch_from_hub, find_in_hub, hub_folder
from graftwork.errors import BaseNotUsable, HubUnreachable, UnknownName

__all__ = ["HubFiles", "find_folder"]

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "pytorch_model.pt")


@dataclass(frozen=True)
class HubFiles:
    """Where the files of a model lie."""

    folder: Path
    config: Path
    preprocessor: Path | None
    weights: tuple[Path, ...]
    is_from_hub: bool
    license: str = "unknown"


def find_folder(name: str, *, weights: bool) -> HubFiles:
    """Return the files of the folder or the hub repository ``name``.

    Args:
        name: a path, or "owner/model".
        weights: whether the weights are wanted.

    Raises:
        BaseNotUsable: the folder lacks a file, or holds weights only as a pickle.
        HubUnreachable: a file is not on this machine and cannot be fetched.
        UnknownName: the hub has no such model.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return files_in(path, weights=weights)
    if name.startswith(("/", ".", "~")) or name.count("/") != 1:
        raise BaseNotUsable(
            f"There is no folder {path}.",
            hint="Name a folder written by model.save_pretrained, or a model of the hub as owner/name.",
        )
    return files_of_hub(name, weights=weights)


def files_in(folder: Path, *, weights: bool) -> HubFiles:
    """Return the files of a model in a folder."""
    config = folder / CONFIG
    if not config.is_file():
        raise BaseNotUsable(
            f"The folder {folder} holds no {CONFIG}.", hint="Name a folder written by model.save_pretrained."
        )
    preprocessor = folder / PREPROCESSOR
    found = weights_in(folder) if weights else ()
    own = preprocessor if preprocessor.is_file() else None
    return HubFiles(folder, config, own, found, is_from_hub=False)


def weights_in(folder: Path) -> tuple[Path, ...]:
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    if (folder / INDEX).is_file():
        return tuple(folder / part for part in parts_of(folder / INDEX))
    pickle = next((n for n in PICKLES if (folder / n).is_file()), None)
    if pickle:
        raise BaseNotUsable(
            f"The folder {folder} holds its weights only as {pickle}, a pickle; opening it could run code, so it "
            "was not opened.",
            hint="Save them where the model was made: model.save_pretrained(folder, safe_serialization=True).",
        )
    raise BaseNotUsable(
        f"The folder {folder} holds no {WEIGHTS}.", hint=f"Open it untrained with 'random:hf:{folder}'."
    )


def parts_of(index: Path) -> list[str]:
    """Return the names of the files that an index spreads the weights over."""
    return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))


def files_of_hub(name: str, *, weights: bool) -> HubFiles:
    """Return the files of a hub repository, fetched as far as they are not on this machine."""
    config = obtain(name, CONFIG)
    preprocessor = obtain_optional(name, PREPROCESSOR)
    found: tuple[Path, ...] = ()
    if weights:
        found = weights_of_hub(name)
        if any(path.parent != config.parent for path in found):
            raise BaseNotUsable(
                f"The files of 'hf:{name}' on this machine are of two versions.",
                hint=f"Put all of them into one folder and open it as 'hf:FOLDER', or empty {hub_folder(name)}.",
            )
    return HubFiles(config.parent, config, preprocessor, found, is_from_hub=True, license=license_of(name))


def weights_of_hub(name: str) -> tuple[Path, ...]:
    for file in (WEIGHTS, INDEX):
        if path := find_in_hub(name, file):
            return (path,) if file == WEIGHTS else tuple(obtain(name, part) for part in parts_of(path))
    try:
        return (obtain(name, WEIGHTS),)
    except BaseNotUsable as error:
        if isinstance(error, HubUnreachable):
            raise
        index = obtain_optional(name, INDEX)
        if index is None:
            raise BaseNotUsable(
                f"'hf:{name}' has no {WEIGHTS}; pickled weights are not opened, as that could run code.",
                hint="Take a model with safetensors, or convert it: load it yourself and call save_pretrained.",
            ) from error
    return tuple(obtain(name, part) for part in parts_of(index))


def obtain(name: str, file: str) -> Path:
    """Return a file of a hub repository.

    Raises:
        UnknownName: there is no such repository.
        BaseNotUsable: the repository has no such file, or wants a login.
        HubUnreachable: the hub does not answer.
    """
    found = find_in_hub(name, file)
    if found is not None:
        return found
    try:
        return fetch_from_hub(f"hf:{name}", name, file)
    except HubUnreachable as error:
        raise told_apart(name, file, error) from error.__cause__


def told_apart(name: str, file: str, error: HubUnreachable) -> BaseNotUsable | UnknownName:
    """Return what really is the matter when a file of the hub could not be fetched."""
    cause = error.__cause__
    if isinstance(cause, errors.GatedRepoError):
        return BaseNotUsable(
            f"The model '{name}' is given out only to people who accepted its terms.",
            hint="Accept them on its page, log in with `hf auth login`, and try again.",
        )
    if isinstance(cause, errors.RepositoryNotFoundError):
        return UnknownName(
            f"The hub has no model '{name}', or it is private.",
            hint="Check owner and name; for a folder on this machine write 'hf:./FOLDER'.",
        )
    if isinstance(cause, errors.EntryNotFoundError) and not isinstance(cause, errors.LocalEntryNotFoundError):
        return BaseNotUsable(
            f"The model '{name}' has no file {file}.", hint="Take a vision model of transformers."
        )
    folder = error.fields["folder"]
    return HubUnreachable(
        error.message.replace("The weights of", "Files of"),
        hint=f"Put {CONFIG}, {PREPROCESSOR} and {WEIGHTS} of the model into {folder}, or into any folder and "
        f"open that as 'hf:FOLDER'; '{error.fields['offline_base']}' needs no network.",
        **error.fields,
    )


def obtain_optional(name: str, file: str) -> Path | None:
    try:
        return obtain(name, file)
    except (BaseNotUsable, UnknownName):
        return None


def license_of(name: str) -> str:
    """Return the license that the model's page states, where that page is on this machine."""
    page = find_in_hub(name, "README.md")
    if page is None:
        return "unknown"
    lines = page.read_text(encoding="utf-8", errors="replace").splitlines()[:60]
    found = next((line.partition(":")[2].strip() for line in lines if line.startswith("license:")), "")
    return found or "unknown"
