"""Group the pieces between legal cuts into stages with the names a reader of the model would use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import fx, nn

from graftwork.bases.trace import Shapes, carries_data, legal_cuts, used_tensors

__all__ = ["Group", "Plan", "plan_stages"]

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
ONE_STAGE = {"stem", "conv1", "conv_stem", "patch_embed"}
POOLING = (
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "adaptiveavgpool",
    "adaptivemaxpool",
    "globalpool",
    "selectadaptive",
)


@dataclass
class Piece:
    """What lies between two neighboring legal cuts."""

    nodes: list[fx.Node]
    path: str = ""
    is_bare: bool = True
    starts_pool: bool = False
    is_idle: bool = False
    key: str | None = None


@dataclass
class Group:
    """Pieces that make one stage; ``end`` is the node whose value the stage gives."""

    name: str
    pieces: list[Piece] = field(default_factory=list)

    @property
    def end(self) -> fx.Node:
        return self.pieces[-1].nodes[-1]


@dataclass(frozen=True)
class Plan:
    """The stages, and the name of the old classifier when there is one."""

    groups: list[Group]
    classifier: str | None


def plan_stages(
    module: nn.Module, graph: fx.Graph, shapes: Shapes, classifier_names: Sequence[str] | None
) -> Plan | None:
    """Return the stages of a traced module, or None when it cannot be cut at all.

    Args:
        shapes: shape of each node's value, from one run.
        classifier_names: modules that give the classes; None takes the last module with parameters;
            empty when there is no classifier.
    """
    pieces = split_pieces(module, graph, shapes)
    names = last_module(module, graph) if classifier_names is None else tuple(classifier_names)
    num_kept = first_classifier_piece(pieces, names) if names else len(pieces)
    kept = pieces[:num_kept]
    if not kept:
        return None
    assign_keys(module, kept)
    groups = merge(kept)
    name_stem(groups)
    if num_kept == len(pieces):
        return Plan(groups, None)
    child = names[0].partition(".")[0]
    return Plan(groups, names[0] if child in {group.name for group in groups} else child)


def split_pieces(module: nn.Module, graph: fx.Graph, shapes: Shapes) -> list[Piece]:
    """Return the pieces between legal cuts that hold one floating tensor, in order."""
    cuts = {n for n in legal_cuts(module, graph) if len(shapes.get(n, ())) >= 2}
    data = carries_data(graph)
    pieces, nodes = [], []
    source = next(n for n in graph.nodes if n.op == "placeholder")
    order = [n for n in graph.nodes if n in data and n.op not in ("placeholder", "output")]
    for node in order:
        nodes.append(node)
        if node in cuts or node is order[-1]:
            pieces.append(describe_piece(module, nodes, data, shapes.get(source, ()), shapes))
            source, nodes = node, []
    return pieces


def describe_piece(
    module: nn.Module, nodes: list[fx.Node], data: set[fx.Node], before: tuple[int, ...], shapes: Shapes
) -> Piece:
    with_parameters = [
        n for n in nodes if any(isinstance(t, nn.Parameter) for t in used_tensors(module, n, data))
    ]
    paths = [path for n in (with_parameters or nodes) if (path := owner_path(n, data))]
    piece = Piece(nodes, path=paths[0] if paths else "")
    piece.is_bare = all(is_bare(module, n, data) for n in with_parameters)
    if not with_parameters:
        after = shapes.get(nodes[-1], ())
        loses_rank = len(after) == 2 < len(before)
        becomes_one = len(after) == 4 and after[2:] == (1, 1) and before[2:] != (1, 1)
        piece.starts_pool = loses_rank or becomes_one or any(is_pooling(module, n) for n in nodes)
    piece.is_idle = all(
        n.op == "call_module" and isinstance(module.get_submodule(str(n.target)), nn.Dropout | nn.Identity)
        for n in nodes
    )
    return piece


def owner_path(node: fx.Node, data: set[fx.Node]) -> str:
    """Return the qualified name of the module that ``node`` belongs to; empty for the model itself."""
    if node.op == "call_module":
        return str(node.target)
    for source in node.all_input_nodes:
        if source not in data and source.op == "get_attr":
            return str(source.target).rpartition(".")[0]
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return str(stack[-1][0]) if stack else ""


def is_bare(module: nn.Module, node: fx.Node, data: set[fx.Node]) -> bool:
    """Whether a node with parameters only normalizes or activates."""
    if node.op != "call_module":
        names = [owner_path(node, data).rpartition(".")[2], getattr(node.target, "__name__", "")]
        return any("norm" in name for name in names)
    kinds = {type(m).__name__.lower() for m in module.get_submodule(str(node.target)).modules()}
    works = any(word in kind for kind in kinds for word in ("conv", "linear", "attention"))
    return kinds == {"prelu"} or (not works and any("norm" in kind for kind in kinds))


def is_pooling(module: nn.Module, node: fx.Node) -> bool:
    if node.op == "call_module":
        name = type(module.get_submodule(str(node.target))).__name__
    else:
        name = getattr(node.target, "__name__", str(node.target))
    return name.lower().startswith(POOLING)


def last_module(module: nn.Module, graph: fx.Graph) -> tuple[str, ...]:
    """Return the name of the last module with parameters, the one that gives the classes."""
    for node in reversed(list(graph.nodes)):
        if node.op == "call_module" and any(True for _ in used_tensors(module, node)):
            return (str(node.target),)
    return ()


def first_classifier_piece(pieces: Sequence[Piece], names: Sequence[str]) -> int:
    """Return the index of the piece with which the old classifier begins, idle ones before it included."""

    def holds(piece: Piece) -> bool:
        targets = [str(n.target) for n in piece.nodes if n.op == "call_module"]
        read = [s for n in piece.nodes for s in n.all_input_nodes if s.op == "get_attr"]
        targets += [str(s.target).rpartition(".")[0] for s in read]
        return any(t == n or t.startswith(n + ".") or n.startswith(t + ".") for t in targets for n in names)

    start = next((i for i, piece in enumerate(pieces) if holds(piece)), len(pieces))
    while 0 < start < len(pieces) and pieces[start - 1].is_idle:
        start -= 1
    return start


def assign_keys(module: nn.Module, pieces: Sequence[Piece]) -> None:
    """Give each piece the name of its child of the model, or of the container in it that is split."""
    members: dict[str, set[str]] = {}
    for piece in pieces:
        parts = piece.path.split(".")
        for depth in range(1, len(parts)):
            container = ".".join(parts[:depth])
            splits = len(parts) > depth and not piece.is_bare and parts[0] not in ONE_STAGE
            if splits and isinstance(module.get_submodule(container), CONTAINERS):
                members.setdefault(container, set()).add(parts[depth])
    split = {container for container, names in members.items() if len(names) > 1}
    for piece in pieces:
        piece.key = key_of(piece.path, split) or None


def key_of(path: str, split: set[str]) -> str:
    """Return the part of a piece's path that names its stage: a member of a split container, or a neighbor of one."""
    parts = path.split(".")
    depth = 1
    for container in split:
        common = 0
        for own, other in zip(parts, container.split("."), strict=False):
            if own != other:
                break
            common += 1
        depth = max(depth, common + 1)
    inside = [d + 1 for d in range(1, len(parts)) if ".".join(parts[:d]) in split]
    return ".".join(parts[: min(inside, default=depth)])


def merge(pieces: Sequence[Piece]) -> list[Group]:
    """Join pieces of one key; what has no parameters or only normalizes joins the stage before it."""
    groups: list[Group] = []
    waiting: list[Piece] = []
    for i, piece in enumerate(pieces):
        taken = {group.name for group in groups}
        if piece.starts_pool and groups and "pool" not in taken:
            groups.append(Group("pool", [piece]))
        elif groups and (
            piece.key in (None, groups[-1].name) or (piece.is_bare and not opens_next(pieces, i))
        ):
            groups[-1].pieces.append(piece)
        elif piece.is_bare and not groups:
            waiting.append(piece)
        else:
            name = piece.key or "stem"
            while name in taken:
                name += "+"
            groups.append(Group(name, [*waiting, piece]))
            waiting = []
    return groups or [Group("stem", waiting)]


def opens_next(pieces: Sequence[Piece], i: int) -> bool:
    """Whether a piece without layers of its own begins the next stage rather than ends the last."""
    following = next((p for p in pieces[i:] if not p.is_bare), None)
    return following is not None and following.key == pieces[i].key


def name_stem(groups: list[Group]) -> None:
    """Join all that comes before the first container into one stage, "stem"."""
    first = next((i for i, g in enumerate(groups) if "." in g.name), None)
    before = groups[: first or 0]
    if before and all(g.name != "pool" for g in before):
        groups[: len(before)] = [Group("stem", [p for g in before for p in g.pieces])]
