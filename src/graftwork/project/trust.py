"""Which folders the user trusts: custom code in flows from elsewhere is not run."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow
from graftwork.errors import NotTrusted, StorageError, UsageError
from graftwork.graph.custom import custom_nodes

__all__ = [
    "distrust",
    "folder_of_flow",
    "is_trusted",
    "require_trust",
    "trust",
    "trust_new_project",
    "trusted_folders",
]

FILE_NAME = "trusted.json"


def trust_file() -> Path:
    """Return the file with the trusted folders of this user: in ``$GRAFTWORK_CONFIG``, or the place of settings."""
    own = os.environ.get("GRAFTWORK_CONFIG")
    if own:
        return Path(own).expanduser() / FILE_NAME
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "graftwork" / FILE_NAME


def trust(folder: str | Path) -> Path:
    """Run the custom code of flows in ``folder``, and in all below it, from now on.

    Raises:
        UsageError: no such folder.
        StorageError: the user's file cannot be written.
    """
    path = Path(folder).expanduser().resolve()
    if not path.is_dir():
        raise UsageError(
            f"There is no folder {path} to trust.", hint="Name a project, or a folder with flows."
        )
    with _changing() as entries:
        entries[str(path)] = {"since": datetime.now(UTC).isoformat(timespec="seconds"), "mark": _mark(path)}
    return path


@contextlib.contextmanager
def trust_new_project(folder: Path) -> Iterator[None]:
    """Trust a project that the block makes, if nothing was in its folder before.

    A folder that was unpacked or copied there holds flows of somebody else and is left for the user to judge.
    """
    is_new = not folder.is_dir() or not any(folder.iterdir())
    yield
    with contextlib.suppress(StorageError):  # the project is worth more; the user can say it later
        if is_new and not is_trusted(folder):
            trust(folder)


def distrust(folder: str | Path) -> Path:
    """Take trust in ``folder`` back.

    Raises:
        UsageError: it was not trusted, or only as a part of another one.
    """
    path = Path(folder).expanduser().resolve()
    with _changing() as entries:
        if str(path) not in entries:
            around = next((p for p in path.parents if str(p) in entries), None)
            raise UsageError(
                f"The folder {path} is not in the list of trusted folders.",
                hint=f"It is trusted as a part of {around}; remove that one." if around else None,
            )
        del entries[str(path)]
    return path


def trusted_folders() -> dict[Path, str]:
    """Return the trusted folders that are still there, and since when."""
    return {
        Path(name): str(entry.get("since", "")) for name, entry in _read().items() if _still_is(name, entry)
    }


def is_trusted(folder: str | Path) -> bool:
    """Whether custom code from ``folder`` is run: the user trusts it or a folder around it."""
    path = Path(folder).expanduser().resolve()
    known = trusted_folders()
    return any(place in known for place in (path, *path.parents))


def folder_of_flow(file: str | Path) -> Path:
    """Return the folder that a flow file must be trusted by: its project, or else the folder that it is in."""
    home = Path(file).expanduser().resolve().parent
    return next((p for p in (home, *home.parents) if (p / "project.yaml").is_file()), home)


def require_trust(flow: Flow, folder: str | Path) -> None:
    """Refuse to run the custom code of a flow from a folder that the user does not trust.

    Args:
        flow: what is to be run.
        folder: of the project, or of the flow's file.

    Raises:
        NotTrusted: it has custom code and the folder is not trusted.
    """
    nodes = custom_nodes(flow)
    path = Path(folder).expanduser().resolve()
    if not nodes or is_trusted(path):
        return
    names = ", ".join(f"'{n.id}'" for n in nodes)
    raise NotTrusted(
        f"The flow '{flow.name}' runs code of its own (node {names}), and {path} is not a folder that you trust.",
        hint=f"Read the code; if you trust it, run: graftwork trust {path}",
        node=nodes[0].id,
        folder=str(path),
    )


def _mark(path: Path) -> list[int]:
    """Return what tells a folder from another one that takes its place later."""
    found = path.stat()
    return [found.st_dev, found.st_ino]


def _still_is(name: str, entry: Any) -> bool:
    try:
        return bool(_mark(Path(name)) == entry["mark"])
    except (OSError, KeyError, TypeError):
        return False


def _read() -> dict[str, Any]:
    path = trust_file()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        folders = content["folders"]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"The list of trusted folders in {path} cannot be read.", hint="Delete the file, then trust anew."
        ) from error
    return folders if isinstance(folders, dict) else {}


@contextlib.contextmanager
def _changing() -> Iterator[dict[str, Any]]:
    """Give the entries to change, alone; folders that are gone are dropped."""
    path = trust_file()
    with storing("The list of trusted folders", path.parent, next_step="Name a folder in $GRAFTWORK_CONFIG."):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = {name: entry for name, entry in _read().items() if _still_is(name, entry)}
            yield entries
            write_atomically(path, json.dumps({"format": 1, "folders": entries}, indent=1) + "\n")
