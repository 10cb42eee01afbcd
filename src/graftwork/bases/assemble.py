"""Cut a loaded model into stages and write its card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, fx, nn

from graftwork.bases.base import Base, Stage
from graftwork.bases.chain import find_chain
from graftwork.bases.describe import describe_layers, describe_stage
from graftwork.bases.digest import digest_tensors
from graftwork.bases.image_size import example_images, run_whole
from graftwork.bases.pyramid import last_map
from graftwork.bases.registry import Blueprint
from graftwork.bases.stages import Group, plan_stages
from graftwork.bases.trace import Shapes, run_shapes, slice_graph, trace_chain, trace_module
from graftwork.documents.card import BaseCard, LoadReport, StageCard
from graftwork.errors import CutError, WeightsMismatch, did_you_mean

__all__ = ["assemble"]


# A part of a graph is an fx.GraphModule, whose own attributes hide children of these names.
TAKEN_NAMES = {"code", "graph"}
FUNCTION_OPS = ("call_function", "call_method")


@dataclass(frozen=True)
class Part:
    """One stage, or the old classifier: its module, the shape it gives, the modules it calls."""

    name: str
    module: nn.Module
    output_shape: tuple[int, ...]
    calls: list[str]
    functions: list[str]


@dataclass(frozen=True)
class Pieces:
    """A model taken apart."""

    stages: tuple[Part, ...]
    classifier: Part | None
    is_traced: bool
    layer_shapes: Mapping[str, tuple[int, ...]]


@torch.no_grad()
def assemble(base_id: str, blueprint: Blueprint) -> Base:
    """Return the base that ``blueprint`` describes.

    Raises:
        ImageSizeError: the model cannot take images of the port's size.
    """
    module = blueprint.module.eval()
    images = example_images(blueprint.port)
    expected = run_whole(base_id, module, images)
    pieces = take_apart(module, images, expected, blueprint.classifier_names, blueprint.graph)
    pieces = shorten(pieces, base_id, blueprint.last_stage)
    if blueprint.ends_at_maps and blueprint.last_stage is None:
        shapes = [(part.name, part.output_shape) for part in pieces.stages]
        pieces = shorten(pieces, base_id, last_map(shapes, (blueprint.port.height, blueprint.port.width)))
    card = write_card(base_id, blueprint, pieces)
    if blueprint.must_be_complete and card.load.missing:
        raise WeightsMismatch(
            f"The weights of '{base_id}' lack {len(card.load.missing)} tensors, first '{card.load.missing[0]}'.",
            hint="Take another run, or train it again.",
        )
    stages = tuple(Stage(part.name, part.module) for part in pieces.stages)
    return Base(card, module, stages, pieces.classifier.module if pieces.classifier else None)


def take_apart(
    module: nn.Module,
    images: Tensor,
    expected: Tensor,
    classifier_names: Sequence[str] | None,
    own_graph: fx.Graph | None = None,
) -> Pieces:
    """Cut by its own or the traced graph; else by what runs after what; else by its children; else not at all.

    Each is verified by value.
    """
    if any(name in TAKEN_NAMES for name, _ in module.named_children()):
        return one_stage(module, images, expected)
    for graph, is_traced in graphs_of(module, images, own_graph):
        ran = run_shapes(module, graph, images) if graph else None
        if graph is None or ran is None or not is_same(ran[0], expected):
            continue
        plan = plan_stages(module, graph, ran[1], classifier_names)
        if plan is None:
            continue
        stages, classifier = cut_up(module, graph, plan.groups, plan.classifier, ran[1], images)
        output, shapes = run_parts([*stages, *([classifier] if classifier else [])], images)
        if is_same(output, expected):
            return Pieces(tuple(stages), classifier, is_traced, shapes)
    return one_stage(module, images, expected)


def shorten(pieces: Pieces, base_id: str, last: str | None) -> Pieces:
    """Return the pieces up to stage ``last``; what follows is cut off with the old classifier.

    Raises:
        CutError: no stage of that name.
    """
    names = [part.name for part in pieces.stages]
    if last is None or last == names[-1]:
        return pieces
    if last not in names:
        raise CutError(
            f"Base '{base_id}' has no stage '{last}' to end with; it has {', '.join(names)}.",
            hint=did_you_mean(last, names),
            cut=last,
        )
    border = names.index(last) + 1
    rest = [*pieces.stages[border:], *([pieces.classifier] if pieces.classifier else [])]
    cut_off = Part(
        name="after " + last,
        module=nn.Sequential(*(part.module for part in rest)),
        output_shape=rest[-1].output_shape,
        calls=[call for part in rest for call in part.calls],
        functions=[name for part in rest for name in part.functions],
    )
    return replace(pieces, stages=pieces.stages[:border], classifier=cut_off)


def graphs_of(
    module: nn.Module, images: Tensor, own_graph: fx.Graph | None
) -> Iterator[tuple[fx.Graph | None, bool]]:
    """Yield graphs to cut by, the best first, and whether each follows the data; later ones are made if wanted."""
    yield own_graph or trace_module(module), True
    if own_graph is None:
        yield find_chain(module, images), True
    yield trace_chain(module), False


def one_stage(module: nn.Module, images: Tensor, expected: Tensor) -> Pieces:
    """Return the model as one stage."""
    names = [name for name, _ in module.named_children()]
    part = Part("whole", module, tuple(expected.shape[1:]), names, [])
    return Pieces((part,), None, False, run_parts([part], images)[1])


def is_same(a: Tensor, b: Tensor) -> bool:
    """Whether two values agree exactly; numbers that overflowed agree with each other."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=0.0, atol=0.0, equal_nan=True)


def run_parts(parts: Sequence[Part], x: Tensor) -> tuple[Tensor, dict[str, tuple[int, ...]]]:
    """Run the parts one after the other; return the last value, and the shape that each layer gave."""
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(module: nn.Module, given: object, output: object) -> None:
            del module, given
            if isinstance(output, Tensor):
                shapes[name] = tuple(output.shape[1:])

        return hook

    for part in parts:
        handles = [m.register_forward_hook(note(name)) for name, m in part.module.named_modules() if name]
        try:
            x = part.module(x)
        finally:
            for handle in handles:
                handle.remove()
    return x, shapes


def cut_up(
    module: nn.Module,
    graph: fx.Graph,
    groups: list[Group],
    classifier: str | None,
    shapes: Shapes,
    images: Tensor,
) -> tuple[list[Part], Part | None]:
    """Slice the graph; a stage that writes into its input is joined to the one before it."""
    parts: list[Part] = []
    joined: list[Group] = []
    x, position = images, 0
    start: fx.Node | None = None
    while position < len(groups):
        group = groups[position]
        part = slice_part(module, graph, group.name, start, group.end, shapes, images)
        before = x.clone()
        after = part.module(x)
        if joined and not is_same(before, x):
            groups[position - 1 : position + 1] = [Group(joined[-1].name, joined[-1].pieces + group.pieces)]
            return cut_up(module, graph, groups, classifier, shapes, images)
        x, start, position = after, group.end, position + 1
        parts.append(part)
        joined.append(group)
    if classifier is None:
        return parts, None
    return parts, slice_part(module, graph, classifier, start, None, shapes, images)


def slice_part(
    module: nn.Module,
    graph: fx.Graph,
    name: str,
    start: fx.Node | None,
    end: fx.Node | None,
    shapes: Shapes,
    images: Tensor,
) -> Part:
    last = end if end is not None else next(n for n in graph.nodes if n.op == "output").args[0]
    assert isinstance(last, fx.Node)
    shape = shapes[last]
    turned = (start is not None and is_channels_last(shapes[start], images), is_channels_last(shape, images))
    part = slice_graph(module, graph, start, end, channels_last=turned)
    if turned[1]:
        shape = (shape[0], shape[3], shape[1], shape[2])
    calls = [str(n.target) for n in part.graph.nodes if n.op == "call_module"]
    functions = [
        getattr(n.target, "__name__", str(n.target)) for n in part.graph.nodes if n.op in FUNCTION_OPS
    ]
    return Part(name, part, shape[1:], calls, functions)


def is_channels_last(shape: tuple[int, ...], images: Tensor) -> bool:
    """Whether a value of four dimensions is (b, h, w, c), judged by the shape of the images."""
    if len(shape) != 4:
        return False
    height, width = images.shape[2:]
    if height == width:
        return shape[1] == shape[2] != shape[3]
    fits = [(a < b) == (height < width) and a != b for a, b in ((shape[2], shape[3]), (shape[1], shape[2]))]
    return fits == [False, True]


def write_card(base_id: str, blueprint: Blueprint, pieces: Pieces) -> BaseCard:
    module = blueprint.module
    state = module.state_dict()
    kept = {n for part in pieces.stages for n in part.module.state_dict()} & state.keys()
    missing = tuple(n for n in state if n in kept and n not in blueprint.loaded)
    left_out = [n for n in state if n not in kept and n in blueprint.loaded]
    return BaseCard(
        id=base_id,
        title=blueprint.title,
        architecture=blueprint.architecture,
        port=blueprint.port,
        stages=tuple(stage_card(module, part, pieces.layer_shapes) for part in pieces.stages),
        old_classifier=stage_card(module, pieces.classifier, pieces.layer_shapes)
        if pieces.classifier
        else None,
        origin=blueprint.origin,
        load=LoadReport(
            loaded=len(kept & blueprint.loaded),
            missing=missing,
            unexpected=blueprint.unexpected,
            left_out=(*left_out, *blueprint.left_out),
        ),
        traced=pieces.is_traced,
        weights_digest=digest_tensors({name: state[name] for name in kept}),
    )


def stage_card(module: nn.Module, part: Part, layer_shapes: Mapping[str, tuple[int, ...]]) -> StageCard:
    known = {name for name, _ in module.named_modules()}
    parameters, buffers = list(part.module.parameters()), list(part.module.buffers())
    return StageCard(
        name=part.name,
        kind=describe_stage(module, part.calls, part.functions, part.name if part.name in known else None),
        num_parameters=sum(p.numel() for p in parameters),
        num_buffer_values=sum(b.numel() for b in buffers),
        num_bytes=sum(t.numel() * t.element_size() for t in (*parameters, *buffers)),
        output_shape=part.output_shape,
        cut_is_legal=True,
        layers=describe_layers(part.module, layer_shapes),
    )
