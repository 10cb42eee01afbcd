"""Which code of the user a task of the bench would run, so that trust is asked for before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from graftwork.documents.flow import Flow
from graftwork.errors import GraftworkError
from graftwork.graph.bypass import passing_through, without_bypassed
from graftwork.graph.custom import CustomSettings, custom_nodes
from graftwork.graph.topology import ancestors

__all__ = [
    "BUILDING_TASKS",
    "INSPECTIONS",
    "NODE_TASKS",
    "RUN_TASKS",
    "code_that_runs",
    "memory_limit_of",
    "with_node",
]

RUN_TASKS = frozenset({"predict", "evaluate", "export", "mix_run", "soup_run"})
"""Tasks whose first argument is the id of a run, whose flow is run."""
INSPECTIONS = "inspect_"
"""How the names of tasks begin whose first argument is a flow or the id of a run; all of it is run."""
NODE_TASKS = frozenset({"preview", "open_node", "node_code"})
"""Tasks that run a node, named after the flow, and what it stands on; others that take a flow run all of it."""
BUILDING_TASKS = frozenset({"open_node", "node_code"})
"""Tasks that build a node even where it is bypassed."""


def code_that_runs(task: str, args: tuple[Any, ...], root: Path) -> Flow | None:
    """Return the flow whose custom code a task may run, None when there is none.

    Asked in the parent before anything is sent, and in the child before anything is done.

    Args:
        task: name of the task.
        args: its arguments.
        root: folder of the project.
    """
    if args and (task in RUN_TASKS or (task.startswith(INSPECTIONS) and isinstance(args[0], str))):
        return _flow_of_run(str(args[0]), root)
    if not args or not isinstance(args[0], Flow):
        return None
    flow = args[0]
    node = args[1] if len(args) > 1 and task in NODE_TASKS else None
    if not isinstance(node, str) or all(n.id != node for n in flow.nodes):
        return without_bypassed(flow)
    flow = with_node(flow, node) if task in BUILDING_TASKS else flow
    running, end = without_bypassed(flow), passing_through(flow, node)
    last = node if end is None else end.node
    kept = ancestors(running, last) | {last}
    return running.edit(
        nodes=tuple(n for n in running.nodes if n.id in kept),
        edges=tuple(e for e in running.edges if e.target.node in kept),
    )


def with_node(flow: Flow, node_id: str) -> Flow:
    """Return a flow in which a node is not bypassed."""
    return flow.edit(
        nodes=tuple(n.edit(is_bypassed=False) if n.id == node_id and n.is_bypassed else n for n in flow.nodes)
    )


def memory_limit_of(flow: Flow | None) -> float | None:
    """Return the MB that the custom code of a flow may take, None without any."""
    if flow is None:
        return None
    limits = []
    for node in custom_nodes(flow):
        try:
            limits.append(CustomSettings.model_validate(node.settings).memory_limit)
        except ValidationError:  # the child says what is wrong with it, and runs none of it
            continue
    return float(max(limits)) if limits else None


def _flow_of_run(run_id: str, root: Path) -> Flow | None:
    """Return the flow of a run that is named by its id, the beginning of it, or its name."""
    from graftwork.project.project import Project  # which knows its bench, which asks here

    try:
        return Project(root, create=False).find(run_id).flow
    except GraftworkError:  # the task says what is wrong, and runs nothing
        return None
