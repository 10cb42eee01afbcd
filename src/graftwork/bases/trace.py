"""Follow the data through a module: its graph, and the points where all data is one tensor."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, fx, nn

__all__ = ["Shapes", "legal_cuts", "run_shapes", "slice_graph", "trace_chain", "trace_module", "used_tensors"]

Shapes = Mapping[fx.Node, tuple[int, ...]]

OPEN = (nn.Module, nn.Sequential, nn.ModuleList, nn.ModuleDict)
UNTRACEABLE = (
    TypeError,
    ValueError,
    AttributeError,
    RuntimeError,
    AssertionError,
    LookupError,
    OverflowError,
)


@cache
def depends_on_mode(kind: type, method: str = "forward", seen: frozenset[str] = frozenset()) -> bool:
    """Whether ``method`` reads the training mode, itself or through other methods of the class.

    A traced copy would have the mode baked in: dropout that never drops, for instance.
    """
    function = getattr(kind, method)
    if getattr(function, "__module__", "").startswith("torch.nn."):
        return False
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        return True
    if re.search(r"\.training\b", source):
        return True
    seen |= {method}
    called = set(re.findall(r"self\.(\w+)\(", source)) - seen
    return any(depends_on_mode(kind, n, seen) for n in called if inspect.isfunction(getattr(kind, n, None)))


def is_builtin(kind: type) -> bool:
    """Whether a module is a layer of torch, or a library's own version of one."""
    return any(owner.__module__.startswith("torch.nn.") and owner not in OPEN for owner in kind.__mro__)


class HealingTracer(fx.Tracer):
    """A tracer that keeps whole what it cannot look into.

    Layers of torch stay whole, and so do modules that behave differently in training. When
    looking into a module fails, what was noted of it is erased and the module stays whole.
    """

    def __init__(self) -> None:
        super().__init__(param_shapes_constant=True)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        del module_qualified_name
        kind: type = type(m)
        return is_builtin(kind) or depends_on_mode(kind)

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        num_before, stack = len(self.graph.nodes), self.module_stack.copy()
        try:
            return super().call_module(m, forward, args, kwargs)
        except UNTRACEABLE:
            for node in reversed(list(self.graph.nodes)[num_before:]):
                self.graph.erase_node(node)
            self.module_stack = stack
            return self.create_proxy("call_module", self.path_of_module(m), args, kwargs)


def trace_module(module: nn.Module) -> fx.Graph | None:
    """Return the graph of ``module`` in its present mode, or None when it cannot be traced."""
    parameters = list(inspect.signature(module.forward).parameters.values())
    optional = {
        p.name: p.default
        for p in parameters[1:]
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.default is not p.empty
    }
    try:
        graph = HealingTracer().trace(module, concrete_args=optional or None)
    except UNTRACEABLE:
        return None
    drop_assertions(graph)
    inputs = [n for n in graph.nodes if n.op == "placeholder"]
    for extra in inputs[1:]:
        if extra.users:
            return None
        graph.erase_node(extra)
    return graph


def drop_assertions(graph: fx.Graph) -> None:
    """Take assertions on shapes out of the graph, and all that nobody reads."""
    for node in reversed(list(graph.nodes)):
        in_place = node.op == "call_method" and str(node.target).endswith("_")
        if node.op not in ("placeholder", "output") and not node.users and not in_place:
            graph.erase_node(node)


def trace_chain(module: nn.Module) -> fx.Graph:
    """Return a graph that calls the children of ``module`` one after the other, Sequentials opened."""
    graph = fx.Graph()
    value = graph.placeholder("x")
    for name, child in module.named_children():
        parts = child.named_children() if isinstance(child, nn.Sequential) else iter([("", child)])
        for part, inner in parts:
            if isinstance(inner, nn.Linear):
                value = graph.call_function(torch.flatten, (value, 1))
            value = graph.call_module(f"{name}.{part}" if part else name, (value,))
    graph.output(value)
    return graph


def carries_data(graph: fx.Graph) -> set[fx.Node]:
    """Return the nodes whose value depends on the input."""
    data: set[fx.Node] = set()
    for node in graph.nodes:
        if node.op == "placeholder" or any(n in data for n in node.all_input_nodes):
            data.add(node)
    return data


def used_tensors(module: nn.Module, node: fx.Node, data: set[fx.Node] | None = None) -> Iterator[Tensor]:
    """Yield the parameters and buffers that ``node`` reads, also through nodes that carry no data."""
    if node.op == "call_module":
        inner = module.get_submodule(str(node.target))
        yield from inner.parameters()
        yield from inner.buffers()
    elif node.op == "get_attr":
        value: Any = module
        for part in str(node.target).split("."):
            value = getattr(value, part)
        if isinstance(value, Tensor):
            yield value
    for source in node.all_input_nodes:
        if data is not None and source not in data:
            yield from used_tensors(module, source, data)


def legal_cuts(module: nn.Module, graph: fx.Graph) -> list[fx.Node]:
    """Return the nodes, in order, after which all data is in that node's value.

    A node qualifies when nothing computed before it is read after it, and when no saved tensor is used
    on both sides. Parameters read directly do not count as data, nor do tables that the model computes.
    """
    data = carries_data(graph)
    order = [n for n in graph.nodes if n in data]
    position = {node: i for i, node in enumerate(order)}
    first_use: dict[int, int] = {}
    saved = {id(tensor) for tensor in module.state_dict(keep_vars=True).values()}
    last_needed = [max((position[u] for u in n.users if u in position), default=0) for n in order]
    for node in order:
        for tensor in used_tensors(module, node, data):
            if id(tensor) not in saved:
                continue
            start = first_use.setdefault(id(tensor), position[node])
            if start < position[node]:
                last_needed[start - 1] = max(last_needed[start - 1], position[node])
    cuts, reach = [], 0
    for i, node in enumerate(order):
        if node.op not in ("placeholder", "output") and reach <= i:
            cuts.append(node)
        reach = max(reach, last_needed[i])
    return cuts


class ShapeRecorder(fx.Interpreter):
    """Runs a graph and notes the shape of each floating tensor."""

    def __init__(self, module: nn.Module, graph: fx.Graph) -> None:
        super().__init__(module, graph=graph)
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor) and value.is_floating_point():
            self.shapes[n] = tuple(value.shape)
        return value


def run_shapes(module: nn.Module, graph: fx.Graph, x: Tensor) -> tuple[Tensor, Shapes] | None:
    """Run ``graph`` on ``x``; return the output and each node's shape, or None when it fails."""
    recorder = ShapeRecorder(module, graph)
    try:
        output = recorder.run(x)
    except UNTRACEABLE:
        return None
    return (output, recorder.shapes) if isinstance(output, Tensor) else None


def slice_graph(
    module: nn.Module,
    graph: fx.Graph,
    start: fx.Node | None,
    end: fx.Node | None,
    *,
    channels_last: tuple[bool, bool] = (False, False),
) -> fx.GraphModule:
    """Return the part of ``graph`` after ``start`` up to and with ``end`` as a module of its own.

    Submodules and parameters are those of ``module``, under their original names.

    Args:
        start: None begins at the input.
        end: None goes on to the output.
        channels_last: whether the values at start and end are (b, h, w, c); the part takes and
            gives (b, c, h, w) all the same.
    """
    data = carries_data(graph)
    part = fx.Graph()
    value = part.placeholder("x")
    if channels_last[0]:
        value = part.call_method("permute", (value, 0, 2, 3, 1))
        value = part.call_method("contiguous", (value,))
    nodes = list(graph.nodes)
    source = start if start is not None else next(n for n in nodes if n.op == "placeholder")
    copied = {source: value}

    def copy(node: fx.Node) -> fx.Node:
        if node not in copied:
            copied[node] = part.node_copy(node, copy)
        return copied[node]

    output = next(n for n in nodes if n.op == "output")
    last = end if end is not None else output.args[0]
    assert isinstance(last, fx.Node)
    for node in nodes[nodes.index(source) + 1 : nodes.index(last) + 1]:
        if node in data:
            copy(node)
    value = copied[last]
    if channels_last[1]:
        value = part.call_method("permute", (value, 0, 3, 1, 2))
    part.output(value)
    result = fx.GraphModule(module, part, class_name="Stage")
    result.train(module.training)
    return result
