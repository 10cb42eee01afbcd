"""Lists all problems of a flow at once; only building raises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.documents.problem import Problem
from graftwork.documents.wording import faults_of
from graftwork.errors import FlowError, UnknownName, did_you_mean
from graftwork.graph.bypass import check_bypass, without_bypassed
from graftwork.graph.contract import Contract, Contracts
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.normalization import double_normalization
from graftwork.graph.ports import Wire, accepts, bind, show_shape
from graftwork.graph.topology import incoming, sorted_nodes, without_loops
from graftwork.graph.wires import Face, infer_wires

__all__ = ["check", "checked", "wires_and_problems"]


def check(flow: Flow, contracts: Contracts = CONTRACTS) -> tuple[Problem, ...]:
    """Return all problems of what would run of ``flow``, each with its node, its port and a hint.

    No errors: it can be built. Bypassed nodes do not run, so their settings do not matter.
    """
    return wires_and_problems(flow, contracts)[1]


def wires_and_problems(
    flow: Flow, contracts: Contracts = CONTRACTS
) -> tuple[dict[str, Wire], tuple[Problem, ...]]:
    """Return what travels at each output, as ``node.port``, as far as problems let it be known, and all problems.

    Args:
        flow: any flow.
        contracts: what the components promise.
    """
    running = without_bypassed(flow, contracts)
    known: dict[str, Face] = {}
    problems = [*_check_ids(flow), *check_bypass(flow, contracts)]
    problems += _check_nodes(running, contracts, known)
    problems += _check_edges(running, known)
    problems += _check_inputs(running, known)
    problems += _check_whole(running, known)
    wires, misfits = infer_wires(_sound(running, problems), contracts)
    problems += misfits
    if not any(p.level == "error" for p in problems):
        problems += double_normalization(running, wires)
    return wires, tuple(_naming_bypass(problem, flow, running) for problem in problems)


def checked(flow: Flow, contracts: Contracts = CONTRACTS) -> Flow:
    """Return what runs of ``flow``, without bypassed nodes, if it has no errors.

    Raises:
        FlowError: with the whole list of problems.
    """
    errors = [p for p in check(flow, contracts) if p.level == "error"]
    if errors:
        raise FlowError(
            f"The flow '{flow.name}' has {len(errors)} problem{'s' * (len(errors) > 1)}: "
            + " ".join(map(str, errors)),
            problems=errors,
            node=errors[0].node,
        )
    return without_bypassed(flow, contracts)


def _sound(flow: Flow, problems: Sequence[Problem]) -> Flow:
    """Return the part of a flow that wires can be followed in: without nodes that have errors, and without loops."""
    bad = {p.node for p in problems if p.level == "error"}
    rest = flow.edit(
        nodes=tuple(n for n in flow.nodes if n.id not in bad),
        edges=tuple(e for e in flow.edges if e.target.node not in bad),
    )
    return without_loops(rest)


def _naming_bypass(problem: Problem, flow: Flow, running: Flow) -> Problem:
    """Return a problem of an input whose wire comes through bypassed nodes with these named."""
    if running is flow or problem.port is None:
        return problem
    gone = {n.id for n in flow.nodes} - {n.id for n in running.nodes}
    through = [
        e.source.node
        for e in incoming(flow, problem.node or "")
        if e.target.port == problem.port and e.source.node in gone
    ]
    if not through:
        return problem
    return problem.edit(hint=f"{problem.hint or ''} '{through[0]}' before it is bypassed.".strip())


def _check_ids(flow: Flow) -> Iterator[Problem]:
    for node_id, count in Counter(n.id for n in flow.nodes).items():
        if count > 1:
            yield Problem(message=f"{count} nodes share this id.", node=node_id, hint="Rename one.")


def _check_nodes(flow: Flow, contracts: Contracts, known: dict[str, Face]) -> Iterator[Problem]:
    for node in flow.nodes:
        try:
            contract = contracts.get(node.component)
        except UnknownName as error:
            yield Problem(message=error.message, node=node.id, hint=error.hint)
            continue
        yield from _check_settings(node, contract)
        known[node.id] = Face(contract, *contract.ports_as_far(node.settings))


def _check_settings(node: Node, contract: Contract) -> Iterator[Problem]:
    try:
        contract.settings.model_validate(node.settings)
    except ValidationError as error:
        for fault in faults_of(error, contract.settings, noun="setting"):
            yield Problem(
                message=f"{fault.message}.", node=node.id, setting=fault.name or None, hint=fault.hint
            )


def _check_edges(flow: Flow, known: dict[str, Face]) -> Iterator[Problem]:
    ids = {n.id for n in flow.nodes}
    for edge in flow.edges:
        missing = [end.node for end in (edge.source, edge.target) if end.node not in ids]
        for name in missing:
            yield Problem(
                message=f"the wire {edge.source} → {edge.target} ends at a node that is not there.",
                node=name,
                hint=did_you_mean(name, sorted(ids)),
            )
        if not missing and edge.source.node in known and edge.target.node in known:
            yield from _check_fit(edge, known)


def _check_fit(edge: Edge, known: dict[str, Face]) -> Iterator[Problem]:
    source = known[edge.source.node].output(edge.source.port)
    target = known[edge.target.node].input(edge.target.port)
    for end, port, side in ((edge.source, source, "outputs"), (edge.target, target, "inputs")):
        if port is None:
            names = [p.name for p in getattr(known[end.node], side)]
            yield Problem(
                message=f"has no {side[:-1]} '{end.port}'.",
                node=end.node,
                port=end.port,
                hint=did_you_mean(end.port, names) if names else f"It has no {side}.",
            )
    if source is None or target is None:
        return
    if not accepts(target, source.kind) or bind(source.shape, target.shape) is None:
        yield Problem(
            message=f"wants {target.kind} {show_shape(target.shape)} but '{edge.source}' gives "
            f"{source.kind} {show_shape(source.shape)}.",
            node=edge.target.node,
            port=edge.target.port,
            hint="Connect a port of the same kind and shape.",
        )


def _check_inputs(flow: Flow, known: dict[str, Face]) -> Iterator[Problem]:
    wires = Counter((e.target.node, e.target.port) for e in flow.edges)
    for node_id, face in known.items():
        for port in face.inputs:
            count = wires[(node_id, port.name)]
            if count == 0 and not port.is_optional:
                yield Problem(
                    message=f"needs {port.kind} at '{port.name}' but nothing is connected.",
                    node=node_id,
                    port=port.name,
                    hint=f"Connect an output of kind {port.kind}.",
                )
            if count > 1:
                yield Problem(message=f"{count} wires end here; one is wanted.", node=node_id, port=port.name)


def _check_whole(flow: Flow, known: dict[str, Face]) -> Iterator[Problem]:
    groups = {face.contract.group for face in known.values()}
    for group, why, wanted in (
        ("data", "no images come in", "images"),
        ("objective", "no objective is set", "classification"),
    ):
        if group not in groups:
            yield Problem(message=f"{why}.", hint=f"Add a node of component '{wanted}'.")
    sources = [node for node, face in known.items() if face.contract.group == "data"]
    for node in sources[1:]:
        yield Problem(
            message=f"is a second source of images beside '{sources[0]}'; one is wanted.",
            node=node,
            hint="Put further inputs into columns of the same table.",
        )
    yield from _check_adaptation(flow, known)
    try:
        sorted_nodes(flow)
    except FlowError as error:
        yield Problem(message=error.message, hint="Remove one of these wires.")


def _check_adaptation(flow: Flow, known: dict[str, Face]) -> Iterator[Problem]:
    """One adaptation, of a network that tells classes; and images of a target go nowhere else."""
    nodes = {name: [n.id for n in flow.of_component(name)] for name in ("adaptation", "target_images")}
    for name, ids in nodes.items():
        for node in ids[1:]:
            yield Problem(
                message=f"is a second node of component '{name}' beside '{ids[0]}'; one is wanted.",
                node=node,
                hint="Remove one.",
            )
    for edge in flow.edges:
        into = known.get(edge.target.node)
        from_target = edge.source.node in nodes["target_images"]
        if from_target and into is not None and into.contract.name != "adaptation":
            yield Problem(
                message=f"gets images of the target from '{edge.source.node}', which have no labels.",
                node=edge.target.node,
                port=edge.target.port,
                hint="Connect them to the port 'target' of an adaptation.",
            )
        if edge.target.node in nodes["adaptation"] and edge.target.port == "target" and not from_target:
            yield Problem(
                message=f"wants images of a target, but '{edge.source}' gives others.",
                node=edge.target.node,
                port="target",
                hint="Add a node of component 'target_images' and connect it.",
            )
    if nodes["adaptation"] and not flow.of_component("classification"):
        yield Problem(
            message="adapts networks that tell one class per image.",
            node=nodes["adaptation"][0],
            hint="Use the objective 'classification', or remove the adaptation.",
        )
