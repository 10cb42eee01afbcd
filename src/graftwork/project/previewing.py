"""Previews in a project: whose code may run, where it runs, and where the pictures go."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.preview import PreviewDocument
from graftwork.errors import FlowError, StorageError, did_you_mean
from graftwork.graph.custom import CustomSettings, custom_nodes
from graftwork.project.trust import require_trust
from graftwork.project.worker import run_in_worker

if TYPE_CHECKING:
    from graftwork.engine.preview.session import Preview, PreviewSession
    from graftwork.engine.workspace import Workspace

__all__ = [
    "named_flow",
    "part_up_to",
    "picture_folder",
    "placed",
    "preview_node",
    "with_pictures",
    "write_pictures",
]


def preview_node(
    flow: Flow,
    node: str,
    session: PreviewSession,
    root: Path,
    *,
    stop: Callable[[], bool] | None = None,
    **choices: Any,
) -> Preview:
    """Return the preview of a node; in a worker when it stands on custom code.

    Args:
        flow: what is edited.
        node: id of the node.
        session: keeps what an edit leaves alone.
        root: of the project, whose folder must be trusted for custom code.
        stop: true ends the preview.
        choices: as ``PreviewSession.preview`` takes them.

    Raises:
        NotTrusted: the node stands on custom code from a folder that the user does not trust.
        GraftworkError: as the session raises.
    """
    from graftwork.engine.preview.scope import wires_of

    needed = part_up_to(flow, node)
    codes = custom_nodes(needed)
    if not codes:
        return session.preview(flow, node, stop=stop, **choices)
    require_trust(needed, root)
    wires_of(needed)  # problems are told at once, without a worker
    limits = [CustomSettings.model_validate(n.settings).memory_limit for n in codes]
    found: Preview = run_in_worker(
        _preview,
        (flow, node, session.workspace, choices),
        imports=["graftwork.engine.preview.session"],
        memory_limit=float(max(limits)),
        stop=stop,
    )
    return found


def _preview(
    flow: Flow,
    node: str,
    workspace: Workspace,
    choices: dict[str, Any],
    *,
    stop: Callable[[], bool],
    **_: object,
) -> Preview:
    from graftwork.engine.preview.session import PreviewSession

    return PreviewSession(workspace).preview(flow, node, stop=stop, **choices)


def write_pictures(preview: Preview, folder: Path) -> PreviewDocument:
    """Write the pictures of a preview as PNG files and return its document with their paths.

    Raises:
        StorageError: they cannot be written.
    """
    paths: dict[str, str] = {}
    with storing("The pictures", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in preview.pictures:
            path = (folder / f"{name}.png").resolve()
            path.write_bytes(preview.png(name))
            paths[name] = str(path)
    document = with_pictures(preview.document, paths)
    write_atomically(folder / "preview.json", document.model_dump_json(indent=1))
    return document


def picture_folder(cache: Path, document: PreviewDocument) -> Path:
    """Return where the pictures of a preview go, with room made for them within the cache's limit."""
    from graftwork.engine.shards import evict

    entry = cache / "previews" / document.fingerprint
    with contextlib.suppress(OSError, StorageError):
        evict(cache, [entry])
    return entry / (document.port or "objective").replace("/", "-")


def with_pictures(document: PreviewDocument, places: dict[str, str]) -> PreviewDocument:
    """Return a preview in which each picture is named by its place: a path, or a hash."""
    return PreviewDocument.model_validate(placed(document.model_dump(mode="json"), places))


def placed(value: Any, paths: dict[str, str]) -> Any:
    """Return a document with the path of each picture in the place of its name."""
    if isinstance(value, list):
        return [placed(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key in ("picture", "sheet") and isinstance(item, str):
            found[key] = paths.get(item, item)
        elif key == "pictures" and isinstance(item, dict):
            found[key] = {name: paths.get(p, p) for name, p in item.items()}
        else:
            found[key] = placed(item, paths)
    return found


def part_up_to(flow: Flow, node: str) -> Flow:
    """Return the node and all that it stands on, as a flow.

    Raises:
        FlowError: no such node; the hint guesses.
    """
    from graftwork.engine.preview.scope import find_node, upstream

    find_node(flow, node)
    return upstream(flow, node)


def named_flow(name: str, flows: Path) -> Path:
    """Return the file of a flow: a path, or the name of one that is saved in the project.

    Raises:
        FlowError: neither.
    """
    path = Path(name).expanduser()
    saved = flows / f"{name}.yaml"
    if path.is_file():
        return path
    if path.name == name and saved.is_file():
        return saved
    known = sorted(p.stem for p in flows.glob("*.yaml"))
    raise FlowError(
        f"There is no flow file {name}, and the project has no flow of that name.",
        hint=did_you_mean(name, known) if known else "Name a .yaml file written by graftwork.",
    )
