"""Find out by running a model which of its modules follow one another, and what lies between them.

For models whose code cannot be traced. Each module that is called is noted with what it got and gave;
a module is opened when its own calls form a chain: each takes the value of the one before it, as it is or
after one of a few plain functions. Each link is checked by value, and so is the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn

__all__ = ["Chain", "find_chain"]

PLAIN = (bool, int, float, str, type(None))


@dataclass
class Call:
    """One call of a module: what it got, what it gave, the calls that it made itself.

    Versions count how often a tensor was written into: by them, what was changed on the way is found out.
    """

    path: str
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    version: int = 0
    output: Any = None
    versions: dict[int | str | None, int] = field(default_factory=dict)
    inner: list[Call] = field(default_factory=list)


@dataclass(frozen=True)
class Link:
    """A step of a chain: pick a value out of what came before, turn it, and give it to a module."""

    key: int | str | None
    turn: Callable[[Tensor], Tensor] | None
    path: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    place: int | str = 0


class Chain(nn.Module):
    """The children of a model, called one after the other as its graph says; names of tensors stay."""

    def __init__(self, model: nn.Module, graph: fx.Graph) -> None:
        super().__init__()
        for name, child in model.named_children():
            self.add_module(name, child)
        for name, parameter in model.named_parameters(recurse=False):
            self.register_parameter(name, parameter)
        for name, buffer in model.named_buffers(recurse=False):
            self.register_buffer(name, buffer, persistent=name in model.state_dict())
        self.graph = graph
        self.train(model.training)

    def forward(self, x: Tensor) -> Tensor:
        return run_graph(self, self.graph, x)


def first_token(x: Tensor) -> Tensor:
    """Return the class token of tokens (b, n, d)."""
    return x[:, 0]


def mean_of_tokens(x: Tensor) -> Tensor:
    """Return the mean over the tokens of (b, n, d)."""
    return x.mean(dim=1)


def mean_of_patches(x: Tensor) -> Tensor:
    """Return the mean over all tokens but the first of (b, n, d)."""
    return x[:, 1:].mean(dim=1)


def token_and_mean(x: Tensor) -> Tensor:
    """Return the class token beside the mean of the others, (b, 2d)."""
    return torch.cat([x[:, 0], x[:, 1:].mean(dim=1)], dim=1)


def token_and_patches(x: Tensor, skipped: int) -> Tensor:
    """Return the class token beside the mean of the patches, with ``skipped`` tokens before those, (b, 2d)."""
    return torch.cat([x[:, 0], x[:, skipped:].mean(dim=1)], dim=1)


def mean_of_places(x: Tensor) -> Tensor:
    """Return the mean over height and width of (b, c, h, w)."""
    return x.mean([-2, -1])


def flatten(x: Tensor) -> Tensor:
    """Return one row for each image."""
    return torch.flatten(x, 1)


def places_to_tokens(x: Tensor) -> Tensor:
    """Return (b, c, h, w) as tokens (b, h·w, c)."""
    return x.flatten(2).transpose(1, 2)


def swap_tokens(x: Tensor) -> Tensor:
    """Return (b, n, d) as (b, d, n), or back."""
    return x.transpose(1, 2)


def mean_of_rows(x: Tensor) -> Tensor:
    """Return the mean over height and width of (b, c, h, w), taken channels last as tokens."""
    return x.permute(0, 2, 3, 1).flatten(1, 2).mean(dim=1)


def channels_last(x: Tensor) -> Tensor:
    """Return (b, c, h, w) as (b, h, w, c)."""
    return x.permute(0, 2, 3, 1)


def channels_first(x: Tensor) -> Tensor:
    """Return (b, h, w, c) as (b, c, h, w)."""
    return x.permute(0, 3, 1, 2)


TURNS: tuple[Callable[[Tensor], Tensor], ...] = (
    flatten,
    first_token,
    mean_of_places,
    mean_of_tokens,
    mean_of_patches,
    token_and_mean,
    mean_of_rows,
    places_to_tokens,
    swap_tokens,
    channels_last,
    channels_first,
    *(partial(token_and_patches, skipped=number) for number in range(2, 10)),
)


def itself(output: Any) -> Tensor:
    """Return what a model gives, which has to be a tensor."""
    if not isinstance(output, Tensor):
        raise TypeError(f"The model gives {type(output).__name__}, not one tensor.")
    return output


@torch.no_grad()
def find_chain(
    model: nn.Module, x: Tensor, answer: Callable[[Any], Tensor] = itself, **kwargs: Any
) -> fx.Graph | None:
    """Return a graph that calls the modules of ``model`` in a chain, or None when they form none.

    It gives what the model gives, bit for bit, for the batch, for batches of other sizes and other signs.

    Args:
        model: in evaluation mode.
        x: a batch to run it on.
        answer: takes the tensor that counts out of what the model returns.
        kwargs: further arguments of the model's call.
    """
    root = record(model, x, kwargs)
    root.output = answer(root.output)
    links = open_call(root, root.output)
    graph = as_graph(links) if links is not None else open_twins(root)
    if graph is None:
        return None
    batches = (x, x[:1], torch.cat([x, x.flip(0), x]), -x, torch.zeros_like(x))
    try:
        found = [run_graph(model, graph, batch) for batch in batches]
        wanted = [answer(model(batch, **kwargs)) for batch in batches]
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError):
        return None
    return graph if all(alike(a, b) for a, b in zip(found, wanted, strict=True)) else None


def run_graph(model: nn.Module, graph: fx.Graph, x: Tensor) -> Tensor:
    result = fx.Interpreter(model, graph=graph).run(x)
    assert isinstance(result, Tensor)
    return result


def open_twins(root: Call) -> fx.Graph | None:
    """Return the graph of a chain that ends in two classifiers whose mean counts, or None."""
    *body, first, second = root.inner if len(root.inner) > 2 else [root, root, root]
    place = main_input(root)
    if place is None or first is second or not is_mean(root.output, first.output, second.output):
        return None
    spine = Call(root.path, root.module, root.args, root.kwargs, root.version, inner=body)
    twins = [join(body[-1].output, body[-1].versions, call) for call in (first, second)]
    end = twins[0]
    if end is None or twins[1] is None or end.key != twins[1].key:
        return None
    spine.output = dict(tensors_in(body[-1].output))[end.key]
    links = open_call(spine, spine.output, besides=(first.path, second.path))
    if links is None:
        return None
    graph = as_graph(links)
    output = next(node for node in graph.nodes if node.op == "output")
    value = output.args[0]
    graph.erase_node(output)
    assert isinstance(value, fx.Node)
    given = [append(graph, value, replace(twin, key=None)) for twin in twins if twin is not None]
    graph.output(graph.call_function(mean_of_two, tuple(given)))
    return graph


def is_mean(output: Any, first: Any, second: Any) -> bool:
    both = isinstance(first, Tensor) and isinstance(second, Tensor) and first.shape == second.shape
    return both and isinstance(output, Tensor) and same(mean_of_two(first, second), output)


def mean_of_two(a: Tensor, b: Tensor) -> Tensor:
    """Return the mean of two classifiers' logits."""
    return (a + b) / 2


def record(model: nn.Module, x: Tensor, kwargs: dict[str, Any]) -> Call:
    """Run ``model`` and return its call with all calls inside."""
    stack: list[Call] = []
    top: list[Call] = []

    def enter(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            call = Call(path, module, args, kwargs)
            place = main_input(call)
            call.version = 0 if place is None else input_of(call, place)._version
            (stack[-1].inner if stack else top).append(call)
            stack.append(call)

        return hook

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        del module, args
        call = stack.pop()
        call.output = output
        call.versions = {key: tensor._version for key, tensor in tensors_in(output)}

    handles = []
    for path, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(enter(path), with_kwargs=True))
        handles.append(module.register_forward_hook(leave))
    try:
        model(x, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
    return top[0]


def open_call(call: Call, target: Tensor, *, besides: tuple[str, ...] = ()) -> list[Link] | None:
    """Return the links inside a call that lead to ``target``, or None when they form no chain.

    What is a chain in itself is opened as well.

    Args:
        besides: modules that the caller takes care of.
    """
    place = main_input(call)
    if place is None or not call.inner or any(True for _ in call.module.parameters(recurse=False)):
        return None
    value: Any = input_of(call, place)
    versions: dict[int | str | None, int] = {None: call.version}
    steps: list[tuple[Link, Call]] = []
    for inner in call.inner:
        step = join(value, versions, inner)
        if step is not None:
            steps.append((step, inner))
            value, versions = inner.output, inner.versions
    end = reach(value, versions, target, target._version)
    if end is None or set(call.module.state_dict()) - used_names(
        call, [*(step.path for step, _ in steps), *besides]
    ):
        return None
    return deepen([*steps, (Link(*end), None)])


def deepen(steps: Sequence[tuple[Link, Call | None]]) -> list[Link]:
    """Return the links of some steps, those calls opened that are chains in themselves."""
    links: list[Link] = []
    is_picked = False
    for i, (step, call) in enumerate(steps):
        link = replace(step, key=None) if is_picked else step
        is_picked = False
        deeper = None
        if call is not None and is_worth_opening(call):
            picked = dict(tensors_in(call.output)).get(steps[i + 1][0].key)
            deeper = None if picked is None else open_call(call, picked)
        if deeper is None:
            links.append(link)
        else:
            links += [Link(link.key, link.turn), *deeper]
            is_picked = True
    return links


def used_names(call: Call, called: Sequence[str | None]) -> set[str]:
    """Return the names of saved tensors under ``call`` that the called modules hold."""
    prefix = f"{call.path}." if call.path else ""
    paths = tuple(f"{path}." for path in called if path is not None)
    return {name for name in call.module.state_dict() if f"{prefix}{name}".startswith(paths)}


def is_worth_opening(call: Call) -> bool:
    """Whether a call is of a model's own code; layers of torch stay whole, but containers do not."""
    kind = type(call.module)
    return not kind.__module__.startswith("torch.nn.") or isinstance(call.module, nn.Sequential)


def main_input(call: Call) -> int | str | None:
    """Return the place of the one tensor that a call takes; None when there are several, or odd values."""
    places = [i for i, value in enumerate(call.args) if isinstance(value, Tensor)]
    names = [key for key, value in call.kwargs.items() if isinstance(value, Tensor)]
    if len(places) + len(names) != 1 or (places and places != [0]):
        return None
    others = [*call.args[1 if places else 0 :], *(v for k, v in call.kwargs.items() if k not in names)]
    if not all(is_plain(value) for value in others):
        return None
    return 0 if places else names[0]


def is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(is_plain(item) for item in value)
    return isinstance(value, PLAIN)


def plain(value: Any) -> Any:
    """Return sizes and the like as plain tuples."""
    return tuple(plain(item) for item in value) if isinstance(value, tuple | list) else value


def tensors_in(output: Any) -> Iterator[tuple[int | str | None, Tensor]]:
    """Yield the tensors of what a module gave, with the key that picks each out."""
    if isinstance(output, Tensor):
        yield None, output
    elif isinstance(output, Mapping):
        yield from ((key, value) for key, value in output.items() if isinstance(value, Tensor))
    elif isinstance(output, tuple | list):
        yield from ((i, value) for i, value in enumerate(output) if isinstance(value, Tensor))


def reach(
    value: Any, versions: Mapping[int | str | None, int], target: Tensor, version: int
) -> tuple[int | str | None, Callable[[Tensor], Tensor] | None] | None:
    """Return how to come from what a module gave to the tensor ``target``, or None."""
    found = dict(tensors_in(value))
    for key, tensor in found.items():
        if tensor is target and versions.get(key) != version:
            return None  # somebody wrote into it on the way: a residual sum, for instance
        if same(tensor, target):
            return key, None
    for key, tensor in found.items():
        for turn in TURNS:
            if gives(turn, tensor, target):
                return key, turn
    return None


def gives(turn: Callable[[Tensor], Tensor], tensor: Tensor, target: Tensor) -> bool:
    try:
        return same(turn(tensor), target)
    except (RuntimeError, IndexError):
        return False


def same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.equal(a, b)


def input_of(call: Call, place: int | str) -> Tensor:
    """Return the tensor that a call takes."""
    found = call.kwargs[place] if isinstance(place, str) else call.args[place]
    assert isinstance(found, Tensor)
    return found


def alike(a: Tensor, b: Tensor) -> bool:
    """Whether two values agree exactly; numbers that overflowed agree with each other."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=0.0, atol=0.0, equal_nan=True)


def join(value: Any, versions: Mapping[int | str | None, int], call: Call) -> Link | None:
    """Return the link from what came before to a call, or None when the call takes something else."""
    place = main_input(call)
    if place is None:
        return None
    found = reach(value, versions, input_of(call, place), call.version)
    if found is None:
        return None
    args = tuple(plain(a) for a in (call.args if isinstance(place, str) else call.args[1:]))
    kwargs = {k: plain(v) for k, v in call.kwargs.items() if k != place}
    return Link(*found, call.path, args, kwargs, place)


def as_graph(links: list[Link]) -> fx.Graph:
    """Return the graph that does what the links say."""
    graph = fx.Graph()
    value = graph.placeholder("x")
    for link in links:
        value = append(graph, value, link)
    graph.output(value)
    return graph


def append(graph: fx.Graph, value: fx.Node, link: Link) -> fx.Node:
    """Add a link to a graph; return the node of its value."""
    if link.key is not None:
        value = graph.call_function(pick, (value, link.key))
    if link.turn is not None:
        turn = link.turn
        function, options = (turn.func, turn.keywords) if isinstance(turn, partial) else (turn, {})
        value = graph.call_function(function, (value,), dict(options))
    if link.path is None:
        return value
    if isinstance(link.place, int):
        return graph.call_module(link.path, (value, *link.args), dict(link.kwargs))
    return graph.call_module(link.path, link.args, {**link.kwargs, link.place: value})


def pick(output: Any, key: int | str) -> Tensor:
    """Return one of the tensors that a module gave."""
    return output[key]  # type: ignore[no-any-return]
