"""Models saved by torch.export ("file:model.pt2"): opened by their graph, without the code they came from."""

from __future__ import annotations

import logging
import math
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn

from graftwork.bases.chain import Chain
from graftwork.bases.loading import digest_file
from graftwork.bases.program_check import check_program
from graftwork.bases.registry import Blueprint, Request
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import BaseNotUsable, ImageSizeError

__all__ = ["open_program"]

USUAL_SIZE = 224
CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
HOW_TO_EXPORT = (
    "Export it with a batch size left open: torch.export.export(model.eval(), (torch.rand(2, 3, 224, 224),), "
    "dynamic_shapes=({0: torch.export.Dim.AUTO},))."
)


def open_program(path: Path, request: Request) -> Blueprint:
    """Return the model in a file of torch.export.

    The file is looked through before it is opened; see ``check_program``. Its layers do as they did
    when it was exported: batch-norm and dropout of a model in inference mode stay in that mode.

    Raises:
        BaseNotUsable: no such file, not to be opened safely, or not a model of one batch of images.
        ImageSizeError: it was exported for another image size.
    """
    if not path.is_file():
        raise BaseNotUsable(f"There is no file {path}.", hint="Give the path of a .pt2 file.")
    check_program(path)
    program = load_program(path)
    name, shape = image_input(path, program)
    port = program_port(path, shape, request.image_size)
    module, graph = rebuild(path, program, name)
    if not request.weights:
        draw_weights(module, request.seed)
    return Blueprint(
        module=module,
        title=f"{path.name} (exported program)",
        architecture=f"file:{path.resolve()}",
        port=port,
        origin=program_origin(path, request),
        loaded=frozenset(module.state_dict()) if request.weights else frozenset(),
        classifier_names=classifier_of(graph),
        graph=graph,
    )


def load_program(path: Path) -> Any:
    """Return the exported program; its own guards are left out, as they are code."""
    log = logging.getLogger("torch.export")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.load(str(path))
    except Exception as error:  # a damaged archive raises all kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise BaseNotUsable(
            f"{path} does not load as an exported program ({reason}).",
            hint="It may be of another version of torch: export it anew.",
        ) from error
    finally:
        log.setLevel(level)


def image_input(path: Path, program: Any) -> tuple[str, tuple[int | None, ...]]:
    """Return name and shape of the program's input; sizes left open are None.

    Raises:
        BaseNotUsable: it takes more than one tensor, or a fixed number of images.
    """
    names = program.graph_signature.user_inputs
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    values = [nodes[n].meta.get("val") for n in names if isinstance(n, str)]
    if len(names) != 1 or len(values) != 1 or not isinstance(values[0], Tensor) or values[0].dim() != 4:
        shapes = [tuple(v.shape) if isinstance(v, Tensor) else type(v).__name__ for v in values]
        raise BaseNotUsable(
            f"{path} takes {shapes or 'no tensor'}, not one batch of images (b, c, h, w).",
            hint="Export a model that takes one batch of images.",
        )
    changes = program.graph_signature.buffers_to_mutate or program.graph_signature.user_inputs_to_mutate
    if changes or any(in_training(node) for node in program.graph.nodes):
        raise BaseNotUsable(
            f"{path} was exported in training mode: running it changes its own statistics.",
            hint=HOW_TO_EXPORT,
        )
    shape = tuple(size if type(size) is int else None for size in values[0].shape)
    if shape[0] is not None:
        raise BaseNotUsable(
            f"{path} was exported for batches of exactly {shape[0]}, so it cannot be trained on.",
            hint=HOW_TO_EXPORT,
        )
    return names[0], shape


def in_training(node: fx.Node) -> bool:
    """Whether an operation was exported as it works while training."""
    name = getattr(node.target, "__name__", "").partition(".")[0]
    flag = {"batch_norm": 5, "native_batch_norm": 5, "dropout": 2, "dropout_": 2}.get(name)
    return flag is not None and len(node.args) > flag and node.args[flag] is True


def program_port(path: Path, shape: tuple[int | None, ...], image_size: int | None) -> InputPort:
    _, channels, height, width = shape
    fixed = (height, width)
    if image_size is not None and any(size not in (None, image_size) for size in fixed):
        raise ImageSizeError(
            f"{path} was exported for images of {height}×{width} pixels, not {image_size}.",
            hint="Leave the image size out, or export it with height and width left open.",
            image_size=image_size,
        )
    count = channels or 3
    return InputPort(
        height=height or image_size or USUAL_SIZE,
        width=width or image_size or USUAL_SIZE,
        channels=count,
        mean=(0.0,) * count,
        std=(1.0,) * count,
        interpolation="bilinear",
    )


def rebuild(path: Path, program: Any, name: str) -> tuple[nn.Module, fx.Graph]:
    """Return a module with the program's tensors by name, and its graph from the images to one tensor."""
    held = program.module(check_guards=False)
    graph: fx.Graph = held.graph
    kinds = kinds_of(graph)
    for node in list(graph.nodes):
        if node.op == "call_module":
            raise BaseNotUsable(f"{path} calls parts that are no tensor arithmetic.", hint=HOW_TO_EXPORT)
        if node.op != "output" and node.target != name and not node.users and not writes(node):
            graph.erase_node(node)
    output = next(node for node in graph.nodes if node.op == "output")
    values = output.args[0]
    values = tuple(values) if isinstance(values, tuple | list) else (values,)
    if len(values) != 1:
        raise BaseNotUsable(
            f"{path} gives {len(values)} values, not one tensor.",
            hint="Export a model that gives one tensor.",
        )
    output.args = (values[0],)
    graph.set_codegen(fx.graph.CodeGen())
    used = {str(node.target) for node in graph.nodes if node.op == "get_attr"}
    return Chain(shell_of(held, "", kinds, used), graph), graph


def writes(node: fx.Node) -> bool:
    """Whether an operation writes into its input, as those whose name ends in an underscore do."""
    name = getattr(node.target, "__name__", "").partition(".")[0]
    return node.op == "call_function" and name.endswith("_")


def kinds_of(graph: fx.Graph) -> dict[str, str]:
    """Return the class name of each module that the program was made from, by qualified name."""
    kinds = {}
    for node in graph.nodes:
        for entry in (node.meta.get("nn_module_stack") or {}).values():
            kind = entry[1] if isinstance(entry[1], str) else entry[1].__name__
            kinds[str(entry[0])] = kind.rpartition(".")[2]
    return kinds


def shell_of(module: nn.Module, path: str, kinds: dict[str, str], used: set[str]) -> nn.Module:
    """Return a module with the used tensors of ``module`` that only carries its original class's name."""
    kind = kinds.get(path, "Module")
    is_plain = kind == "Module" or not kind.isidentifier()
    if kind in CONTAINERS or (is_plain and any(name.isdigit() for name, _ in module.named_children())):
        shell: nn.Module = nn.ModuleList()
    else:
        shell = nn.Module() if is_plain else type(kind, (nn.Module,), {})()
    for name, child in module.named_children():
        shell.add_module(name, shell_of(child, f"{path}.{name}" if path else name, kinds, used))
    own = f"{path}." if path else ""
    for name, parameter in module.named_parameters(recurse=False):
        if own + name in used:
            shell.register_parameter(name, parameter)
    for name, buffer in module.named_buffers(recurse=False):
        if own + name in used:
            shell.register_buffer(name, buffer, persistent=name not in module._non_persistent_buffers_set)
    return shell


def classifier_of(graph: fx.Graph) -> tuple[str, ...]:
    """Return the module of the last linear layer when the program gives (b, classes); else none."""
    output = next(node for node in graph.nodes if node.op == "output")
    node = output.args[0]
    value = node.meta.get("val") if isinstance(node, fx.Node) else None
    if not isinstance(node, fx.Node) or not isinstance(value, Tensor) or value.dim() != 2:
        return ()
    sources = [s for s in node.all_input_nodes if s.op == "get_attr"]
    name = str(sources[0].target).rpartition(".")[0] if sources else ""
    return (name,) if name else ()


@torch.no_grad()
def draw_weights(module: nn.Module, seed: int) -> None:
    """Draw new weights: by the number of inputs for matrices and kernels, ones and zeros for vectors."""
    source = torch.Generator().manual_seed(seed % 2**63)
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            bound = math.sqrt(3.0 / max(1, parameter[0].numel()))
            parameter.uniform_(-bound, bound, generator=source)
        else:
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)


def program_origin(path: Path, request: Request) -> Origin:
    note = (
        "Its graph was exported: batch-norm and dropout stay as they were then. It does not say how images are "
        "prepared, so values of 0 to 1 without mean and std are assumed."
    )
    if not request.weights:
        return Origin(source="random", note=f"Untrained weights. {note}")
    return Origin(source=f"file:{path}", digest=digest_file(path), size_bytes=path.stat().st_size, note=note)
