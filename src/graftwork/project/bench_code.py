"""A node as code: the module that was built for it, and the Python behind that."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from graftwork.components import catalog, objectives  # noqa: F401  the catalog registers the builders
from graftwork.components.custom.code import read_code
from graftwork.components.objectives import build_objective
from graftwork.components.registry import builder_of
from graftwork.data import open_images
from graftwork.documents.flow import Flow, Node
from graftwork.documents.node_code import NodeCode
from graftwork.engine.preview.scope import find_node
from graftwork.errors import GraftworkError, NotTrusted, RunInterrupted
from graftwork.graph.custom import CustomSettings
from graftwork.graph.wires import face_of, parse_settings

if TYPE_CHECKING:
    from graftwork.engine.preview.session import PreviewSession

__all__ = ["code_of_node"]

_MAX_MODULE = 20_000
_MAX_SOURCE = 200_000


def code_of_node(session: PreviewSession, flow: Flow, node_id: str, root: Path) -> NodeCode:
    """Return a node as code; what cannot be built yet is told, and its source shown all the same.

    Args:
        session: builds the node.
        flow: it stands in.
        node_id: its id.
        root: folder of the project, which files of code are relative to.

    Raises:
        UnknownName: no such node or component.
    """
    node = find_node(flow, node_id)
    modules, problem = _built(session, flow, node)
    source, file = _written(node, modules, root)
    return NodeCode(
        node=node.id,
        component=node.component,
        module=_shortened("\n".join(map(repr, modules)), _MAX_MODULE),
        source=_shortened(source, _MAX_SOURCE),
        source_file=file,
        parameters=_count(modules),
        problem=problem,
    )


def _built(session: PreviewSession, flow: Flow, node: Node) -> tuple[list[nn.Module], str | None]:
    """Return the modules that a node became, or why there are none."""
    try:
        return _modules(session, flow, node), None
    except (NotTrusted, RunInterrupted):
        raise
    except GraftworkError as error:
        return [], str(error)


def _modules(session: PreviewSession, flow: Flow, node: Node) -> list[nn.Module]:
    face = face_of(node)
    if face.contract.group == "data":
        return []
    if face.contract.group == "objective":
        return [build_objective(node.component, parse_settings(node, face.contract))]
    if node.component == "backbone":
        return [session.base_of(flow, node).module]
    parts = session.parts_of(flow, node.id)
    if parts.placed is not None:
        return [parts.placed.base.module]
    return [step.module for step in parts.steps]


def _written(node: Node, modules: list[nn.Module], root: Path) -> tuple[str, str]:
    """Return the Python behind a node and its file."""
    if node.component == "custom":
        settings = CustomSettings.model_validate(node.settings)
        try:
            text = read_code(node.id, settings.code, settings.file, root).text
        except GraftworkError:
            text = ""
        return text, settings.file or ""
    group = face_of(node).contract.group
    if group == "data":
        return _source(open_images), _file(open_images)
    makers: list[Any] = [type(m) for m in modules if not _is_of_torch(m)][-1:]
    if group not in ("base", "objective"):
        makers.append(builder_of(node.component))
    makers = [m for m in makers if m is not None and _source(m)]
    if not makers:
        return "", ""
    file = _file(makers[-1])
    return "\n\n".join(_source(m) for m in makers if _file(m) == file), file


def _is_of_torch(module: nn.Module) -> bool:
    return type(module).__module__.partition(".")[0] == "torch"


def _source(thing: Any) -> str:
    try:
        return inspect.getsource(inspect.unwrap(thing))
    except (OSError, TypeError):
        return ""


def _file(thing: Any) -> str:
    """Return the path of a thing's file, from its package on."""
    try:
        path = Path(inspect.getfile(inspect.unwrap(thing)))
    except TypeError:
        return ""
    package = sys.modules.get(inspect.unwrap(thing).__module__.partition(".")[0])
    home = getattr(package, "__file__", None)
    if home is None or not path.is_relative_to(Path(home).parent.parent):
        return path.name
    return path.relative_to(Path(home).parent.parent).as_posix()


def _count(modules: Iterable[nn.Module]) -> int:
    return sum(p.numel() for p in {id(p): p for m in modules for p in m.parameters()}.values())


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 2].rstrip()}\n…"
