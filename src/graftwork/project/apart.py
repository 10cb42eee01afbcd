"""Plans, runs and trials of flows with custom code: in a worker, so that the code can harm nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.events import Event
from graftwork.documents.flow import Flow, Node
from graftwork.documents.plan import Plan
from graftwork.graph.bypass import without_bypassed
from graftwork.graph.custom import CustomSettings, custom_nodes
from graftwork.graph.ports import Wire
from graftwork.graph.topology import incoming
from graftwork.graph.wires import infer_wires
from graftwork.project.control import OrderWatch
from graftwork.project.worker import run_in_worker

if TYPE_CHECKING:
    from graftwork.engine.workspace import Workspace

__all__ = ["is_apart", "plan_apart", "rehearse", "run_apart"]

Shapes = dict[str, tuple[int, ...]]
IMPORTS = ("graftwork.engine.run",)  # before memory counts
_SIZE = 224  # side of an image when nothing says another


def is_apart(flow: Flow) -> bool:
    """Whether a flow runs in a worker: it has custom code."""
    return bool(custom_nodes(flow))


def run_apart(
    flow: Flow,
    folder: Path,
    workspace: Workspace,
    *,
    on_event: Callable[[Event], None],
    stop: Callable[[], bool],
) -> None:
    """Run a flow in a worker; as the engine's ``run_flow``, with ``on_event`` called for each event.

    The worker looks for a wish to pause in the run's folder by itself.

    Raises:
        CustomCodeError: the code took too long; node and line are named.
        RunError: the code took too much memory, or crashed the worker.
        GraftworkError: as the engine raises.
    """
    _work(_run, flow, folder, workspace, on_event=on_event, stop=stop)


def _run(
    flow: Flow,
    folder: Path,
    workspace: Workspace,
    *,
    on_event: Callable[[Event], None],
    stop: Callable[[], bool],
) -> None:
    from graftwork.engine.run import run_flow

    orders = OrderWatch(folder)  # a pause is seen here itself; the wish to stop comes down the pipe
    for event in run_flow(flow, folder, workspace=workspace, stop=stop, pause=orders.wants_pause):
        on_event(event)


def plan_apart(flow: Flow, workspace: Workspace) -> Plan:
    """Plan a flow in a worker; as the engine's ``plan_flow``."""
    plan: Plan = _work(_plan, flow, workspace)
    return plan


def _plan(flow: Flow, workspace: Workspace, **_: object) -> Plan:
    from graftwork.engine.run import plan_flow

    return plan_flow(flow, workspace=workspace)


def rehearse(flow: Flow, root: Path) -> tuple[str, ...]:
    """Try the custom code of a flow on two made-up images, in a worker, before anything long begins.

    A node is tried when it is not bypassed and the sizes of what comes in are known without the data and the
    bases: images are (2, 3, 224, 224) where the node says nothing else.

    Args:
        flow: a checked flow.
        root: folder that the code's files are relative to.

    Returns:
        Ids of the nodes that were tried.

    Raises:
        GraftworkError: what the code does wrong.
    """
    flow = without_bypassed(flow)
    tried = {node.id: s for node in custom_nodes(flow) if (s := _shapes_into(flow, node)) is not None}
    if tried:
        _work(_rehearse, flow, tried, root)
    return tuple(tried)


def _rehearse(flow: Flow, tried: Mapping[str, Shapes], root: Path, **_: object) -> None:
    from graftwork.components.custom.build import build_custom
    from graftwork.components.registry import Site

    for node, shapes in tried.items():
        settings = CustomSettings.model_validate(flow.node(node).settings)
        build_custom(settings, Site(node, shapes, num_classes=2, seed=flow.recipe.seed), root=root)


def _shapes_into(flow: Flow, node: Node) -> Shapes | None:
    wires, _ = infer_wires(flow)
    settings = CustomSettings.model_validate(node.settings)
    coming = {e.target.port: wires.get(str(e.source)) for e in incoming(flow, node.id)}
    shapes: Shapes = {}
    for port in settings.inputs:
        wire = coming.get(port.name)
        shape = None if wire is None else _sizes(wire, port.shape)
        if shape is None:
            return None
        shapes[port.name] = shape
    return shapes


def _sizes(wire: Wire, wanted: tuple[Any, ...]) -> tuple[int, ...] | None:
    """Return a shape in numbers, batch 2, or None when it is not known."""
    known = wire.shape if len(wire.shape) == len(wanted) else wanted
    guesses = {1: 3, 2: _SIZE, 3: _SIZE} if wire.kind == "image" else {}
    sizes: list[int] = [2]
    for place, size in enumerate(known[1:], start=1):
        own = wanted[place] if len(wanted) == len(known) else size
        found = next((s for s in (size, own, guesses.get(place)) if isinstance(s, int)), None)
        if found is None:
            return None
        sizes.append(found)
    return tuple(sizes) if "..." not in known else None


def _work(function: Callable[..., Any], flow: Flow, *args: Any, **calls: Any) -> Any:
    """Call a function of this module in a worker, under the limits that the flow's nodes set."""
    settings = [CustomSettings.model_validate(node.settings) for node in custom_nodes(flow)]
    return run_in_worker(
        function,
        (flow, *args),
        imports=IMPORTS,
        memory_limit=float(max(s.memory_limit for s in settings)),
        **calls,
    )
