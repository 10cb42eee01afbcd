"""Published weights: found on this machine first, else fetched, else named in the error."""

from __future__ import annotations

import os
import tempfile
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import torch
from huggingface_hub import constants, hf_hub_download, hf_hub_url, try_to_load_from_cache

from graftwork.errors import HubUnreachable

__all__ = ["fetch_from_hub", "fetch_url", "find_in_hub", "find_url", "hub_folder"]

TIMEOUT_SECONDS = 10.0
OFFLINE_BASE = "bundled:efficientnet_lite0"


def hub_folder(repository: str) -> Path:
    """Return where files of a hub repository lie on this machine."""
    return Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"


def find_in_hub(repository: str, filename: str) -> Path | None:
    """Return a file of a hub repository from this machine: put there by hand, or from the hub's cache."""
    by_hand = hub_folder(repository) / filename
    if by_hand.is_file():
        return by_hand
    if not hub_folder(repository).is_dir():
        return None
    cached = try_to_load_from_cache(repository, filename)
    return Path(cached) if isinstance(cached, str) else None


def fetch_from_hub(base_id: str, repository: str, filename: str) -> Path:
    """Download a file of a hub repository.

    Raises:
        HubUnreachable: it cannot be fetched; names the file, its place and an offline base.
    """
    try:
        knock(hf_hub_url(repository, filename))
        return Path(hf_hub_download(repository, filename, etag_timeout=TIMEOUT_SECONDS))
    except Exception as error:
        raise unreachable(
            base_id, filename, f"{repository} on the hub", hub_folder(repository), error
        ) from error


def knock(url: str) -> None:
    """Find out in one short try whether a hub answers: its own client tries for half a minute.

    Raises:
        OSError: nobody answers, or HF_HUB_OFFLINE forbids to ask.
    """
    if constants.is_offline_mode():
        raise ConnectionError("HF_HUB_OFFLINE is set")
    request = urllib.request.Request(url, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError:
        return  # somebody answered: the client knows better how to ask


def find_url(url: str) -> Path | None:
    """Return a file published at ``url`` from torch's folder of downloads, if it is there."""
    path = downloads_folder() / file_name(url)
    return path if path.is_file() else None


def fetch_url(base_id: str, url: str) -> Path:
    """Download ``url`` into torch's folder of downloads; a digest in the file name is checked.

    Raises:
        HubUnreachable: it cannot be fetched; names the file, its place and an offline base.
    """
    folder = downloads_folder()
    try:
        if constants.is_offline_mode():
            raise ConnectionError("HF_HUB_OFFLINE is set")
        folder.mkdir(parents=True, exist_ok=True)
        return download(url, folder / file_name(url))
    except (OSError, ValueError) as error:
        raise unreachable(base_id, file_name(url), urlsplit(url).netloc, folder, error) from error


def download(url: str, target: Path) -> Path:
    """Stream a file to ``target``; nothing is left there unless it is whole."""
    digest = sha256()
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
                while block := answer.read(1 << 20):
                    digest.update(block)
                    file.write(block)
            wanted = target.stem.rpartition("-")[2]
            is_digest = len(wanted) == 8 and set(wanted) <= set("0123456789abcdef")
            if is_digest and not digest.hexdigest().startswith(wanted):
                raise ValueError(f"its SHA-256 does not start with {wanted}")
            os.replace(file.name, target)
        finally:
            Path(file.name).unlink(missing_ok=True)
    return target


def downloads_folder() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def file_name(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).name


def unreachable(base_id: str, filename: str, place: str, folder: Path, error: Exception) -> HubUnreachable:
    reason = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
    return HubUnreachable(
        f"The weights of '{base_id}' are not on this machine and could not be fetched: {filename} from {place} "
        f"({reason.rstrip('.')}).",
        hint=f"Put {filename} into {folder}, or name it as 'file:PATH@{base_id}'; "
        f"'{OFFLINE_BASE}' needs no network.",
        file=filename,
        folder=str(folder),
        offline_base=OFFLINE_BASE,
    )
