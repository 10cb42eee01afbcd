"""Which parameters of free stages move: all, those of norms, biases, or low-rank changes of weights."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from torch import nn

from graftwork.bases import Base
from graftwork.bases.low_rank import (
    LowRank,
    add_low_rank,
    bears_rank,
    drop_low_rank,
    low_rank_of,
    why_no_low_rank,
)
from graftwork.documents.recipe import Moving, Recipe
from graftwork.engine.freeze import freeze, hold, is_batch_norm, without_hold
from graftwork.engine.layer_rules import LayerRules, matches
from graftwork.engine.network import Network, PlacedBase
from graftwork.errors import PlanError
from graftwork.graph.contracts import BackboneSettings

__all__ = [
    "adapt_layers",
    "added_parameters",
    "changed_layers",
    "frozen_parameters",
    "is_norm",
    "limit_to",
    "moving_notes",
    "refuse_idle_moving",
    "refuse_single_update",
    "release_layers",
]

_BIASES = ("bias", "beta")
_WORDS: dict[Moving, str] = {"norm": "normalization layers", "bias": "biases", "lora": "LoRA"}
_SHOWN = 3


def is_norm(layer: nn.Module) -> bool:
    """Whether a layer normalizes and scales what passes: batch, layer, group or instance norm and their kin."""
    own = list(layer.parameters(recurse=False))
    is_named = "norm" in type(layer).__name__.lower() and all(p.ndim <= 1 for p in own)
    return bool(own) and (is_batch_norm(layer) or is_named)


def limit_to(module: nn.Module, moving: Moving) -> None:
    """Freeze all but what ``moving`` names among the free parameters of a stage.

    Layers in which nothing is left to move are held, their batch-norm statistics too.
    """
    if moving == "all":
        return
    for layer in module.modules():
        for name, parameter in layer.named_parameters(recurse=False):
            if parameter.requires_grad and not _moves(layer, name, moving):
                parameter.requires_grad_(False)
    if not any(p.requires_grad for p in module.parameters()):
        freeze(module)
        return
    for layer in module.modules():
        has_own = any(True for _ in layer.parameters(recurse=False))
        if has_own and not any(p.requires_grad for p in layer.parameters()):
            hold(layer)


def _moves(layer: nn.Module, name: str, moving: Moving) -> bool:
    if moving == "norm":
        return is_norm(layer)
    if moving == "bias":
        return name in _BIASES or name.endswith("_bias")
    return isinstance(layer, LowRank) and name in ("a", "b")


def adapt_layers(
    node: str,
    base: Base,
    settings: BackboneSettings,
    *,
    border: int,
    rules: LayerRules,
    seed: int,
) -> None:
    """Give low-rank changes to the layers of a base's free stages.

    Args:
        node: the backbone's id, for messages and first values.
        base: changed in place; layers that have a change keep it.
        settings: of the backbone: rank, alpha, and which layers.
        border: how many stages come before the cut.
        rules: exceptions from the cut.
        seed: of the flow.

    Raises:
        PlanError: a pattern names nothing that can carry a change, or the rank is larger than a layer that it
            names bears.
    """
    if settings.strategy == "from_scratch":
        return  # refused by the plan, in words that hold for all ways of moving
    found = list(_free_layers(base, rules, border))
    _refuse_patterns(node, base, settings, found)
    for stage, name, layer in found:
        if low_rank_of(layer) is None and _takes(base, settings, stage, name, layer):
            key = zlib.crc32(f"{node}/{name}".encode())
            own = int(np.random.SeedSequence([seed, key]).generate_state(1)[0])
            add_low_rank(layer, LowRank(_shape(layer), settings.rank, settings.alpha, own))


def changed_layers(base: Base) -> set[str]:
    """Return the names of the layers of a base that have a low-rank change."""
    return {
        name
        for stage in base.stages
        for name, layer in stage.module.named_modules()
        if low_rank_of(layer) is not None
    }


def release_layers(base: Base, kept: set[str]) -> None:
    """Take the changes from all layers of a base but those ``kept``, by name."""
    for stage in base.stages:
        for name, layer in list(stage.module.named_modules()):
            if low_rank_of(layer) is not None and name not in kept:
                with without_hold(layer):
                    drop_low_rank(layer)


def added_parameters(module: nn.Module) -> int:
    """Return how many parameters low-rank changes add to a module."""
    return sum(p.numel() for change in _changes(module) for p in change.parameters())


def frozen_parameters(placed: PlacedBase) -> int:
    """Return how many of a base's own parameters do not move, as it is frozen now."""
    changes = {id(p) for s in placed.base.stages for c in _changes(s.module) for p in c.parameters()}
    own = [p for s in placed.base.stages for p in s.module.parameters() if id(p) not in changes]
    return sum(p.numel() for p in own if not p.requires_grad)


def _changes(module: nn.Module) -> list[LowRank]:
    return [m for m in module.modules() if isinstance(m, LowRank)]


def _free_layers(base: Base, rules: LayerRules, border: int) -> Iterator[tuple[str, str, nn.Module]]:
    """Yield stage, name and module of each layer with parameters that the cut and its exceptions leave free."""
    for index, stage in enumerate(base.stages):
        for name, layer in stage.module.named_modules():
            own = any(True for _ in layer.parameters(recurse=False)) and not isinstance(layer, LowRank)
            if own and rules.is_free(stage.name, name, index >= border):
                yield stage.name, name, layer


def _shape(layer: nn.Module) -> tuple[int, ...]:
    weight = layer._parameters["weight"]
    assert weight is not None
    return tuple(weight.shape)


def _takes(base: Base, settings: BackboneSettings, stage: str, name: str, layer: nn.Module) -> bool:
    is_wanted = not settings.lora_layers or matches(settings.lora_layers, stage, name)
    return is_wanted and _why_not(base, layer, settings.rank) is None


def _why_not(base: Base, layer: nn.Module, rank: int) -> str | None:
    """Return why a layer gets no change of a rank, in words for a message."""
    why = why_no_low_rank(layer)
    if why is not None:
        return why
    shape = _shape(layer)
    if not bears_rank(shape, rank):
        rows, columns = shape[0], int(np.prod(shape[1:]))
        return f"its weight of {rows} × {columns} holds no more numbers than A and B of rank {rank}"
    weight = layer._parameters["weight"]
    others = (m for m in base.module.modules() if m is not layer)
    if any(p is weight for m in others for p in m.parameters(recurse=False)):
        return "its weight is shared with another layer"
    return None


def _refuse_patterns(
    node: str, base: Base, settings: BackboneSettings, found: list[tuple[str, str, nn.Module]]
) -> None:
    for pattern in settings.lora_layers:
        named = [(name, layer) for stage, name, layer in found if matches([pattern], stage, name)]
        reasons = {name: _why_not(base, layer, settings.rank) for name, layer in named}
        if any(why is None for why in reasons.values()):
            continue
        if not named:
            raise PlanError(
                f"Node '{node}': lora_layers: '{pattern}' names no free layer of '{base.card.id}'.",
                hint="Name layers after the cut, or choose an earlier cut.",
                node=node,
            )
        name, why = next(iter(reasons.items()))
        raise PlanError(
            f"Node '{node}': lora_layers: no layer of '{pattern}' can carry LoRA: '{name}': {why}.",
            hint="Name linear layers or convolutions, or lower lora_rank.",
            node=node,
        )


def refuse_idle_moving(placed: PlacedBase, settings: BackboneSettings) -> None:
    """Refuse a choice of what moves that moves nothing, or something else than is meant.

    Args:
        placed: the base, as its main phase is frozen.
        settings: of its backbone.

    Raises:
        PlanError: names the choice.
    """
    moving, node = placed.moving, placed.node
    if moving == "all":
        return
    if settings.strategy == "from_scratch":
        raise PlanError(
            f"Node '{node}': from scratch all weights are random, but moving '{moving}' would leave most as they are.",
            hint="Use moving 'all', or a strategy that starts from pretrained weights.",
            node=node,
        )
    if not any(p.requires_grad for stage in placed.base.stages for p in stage.module.parameters()):
        raise _moves_nothing(placed, settings)
    if settings.batch_norm == "follow" and moving == "lora":
        raise PlanError(
            f"Node '{node}': with LoRA no batch-norm layer is trained, so no statistics would follow.",
            hint="Set batch_norm to 'held' or 'adapt'.",
            node=node,
        )


def refuse_single_update(network: Network, recipe: Recipe, num_train: int) -> None:
    """Refuse LoRA where an epoch is one update without weight decay: A has no slope as long as B is zero.

    Raises:
        PlanError: A would end where it began.
    """
    steps = -(-num_train // recipe.batch)
    moves_twice = -(-steps // recipe.accumulate) > 1 or recipe.weight_decay > 0
    if not moves_twice and any(placed.moving == "lora" for placed in network.bases.values()):
        raise PlanError(
            "With one update in an epoch LoRA's B moves and its A does not: A has no slope as long as B is zero.",
            hint="Lower batch or accumulate, so that an epoch has two updates.",
        )


def _moves_nothing(placed: PlacedBase, settings: BackboneSettings) -> PlanError:
    node, what = placed.node, _WORDS[placed.moving]
    if settings.strategy == "head_only" and not settings.unfreeze:
        return PlanError(
            f"Node '{node}': head_only freezes the whole base, so moving '{placed.moving}' would do nothing.",
            hint="Choose a strategy that frees stages, such as all_layers.",
            node=node,
        )
    free = [layer for _, _, layer in _all_layers(placed.base)]
    if placed.moving == "lora" and any(why_no_low_rank(layer) is None for layer in free):
        return PlanError(
            f"Node '{node}': no layer of the free stages bears LoRA of rank {settings.rank}.",
            hint="Lower lora_rank, or choose an earlier cut.",
            node=node,
        )
    lacks = "linear layers or convolutions of torch" if placed.moving == "lora" else what
    return PlanError(
        f"Node '{node}': the free stages of '{placed.base.card.id}' have no {lacks}, so nothing of it would move.",
        hint="Use moving 'all', or choose an earlier cut.",
        node=node,
    )


def _all_layers(base: Base) -> Iterator[tuple[str, str, nn.Module]]:
    return _free_layers(base, LayerRules(), border=0)


def moving_notes(placed: PlacedBase, border: int) -> Iterator[str]:
    """Give what a plan says of what moves in a base that is frozen as in its main phase."""
    if placed.moving == "all":
        return
    free = [s for s in placed.base.stages[border:] if any(True for _ in s.module.parameters())]
    idle = [s.name for s in free if not any(p.requires_grad for p in s.module.parameters())]
    if placed.moving == "lora":
        changed = [m for s in placed.base.stages for m in s.module.modules() if low_rank_of(m) is not None]
        yield (
            f"LoRA changes {len(changed)} layers of '{placed.node}'; the base's own weights stay, and each step "
            "still computes the slopes of these layers: it saves memory of the optimizer and of files, not much time."
        )
        left = [
            name
            for _, name, layer in _free_layers(placed.base, placed.rules, border)
            if low_rank_of(layer) is None and why_no_low_rank(layer) is None
        ]
        if left:
            yield f"Without LoRA, and frozen: {_listed(left)}."
    else:
        yield f"Of '{placed.node}' only {_WORDS[placed.moving]} move."
    if idle:
        yield f"No {_WORDS[placed.moving]} in {_listed(idle)}: these stages stay as they are."


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
