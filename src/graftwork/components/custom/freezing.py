"""Which layers of custom code train: as the code set it, then as the node's patterns say."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from torch import nn

from graftwork.components.custom.call import CustomNode, KerasPart
from graftwork.components.custom.keras import KerasIntent, hold, hold_keras, layers_by_path
from graftwork.errors import PlanError, did_you_mean
from graftwork.graph.custom import CustomSettings

__all__ = ["flags_of_keras", "flags_of_torch"]

Names = dict[str, tuple[str, ...]]
"""Layer or parameter → all names that a pattern may mean it by."""


def flags_of_torch(model: nn.Module, settings: CustomSettings, node: str) -> dict[str, bool]:
    """Return for each layer with parameters whether it trains, and set ``requires_grad`` to that."""
    flags: dict[str, bool] = {}
    names: Names = {}
    own: dict[str, list[nn.Parameter]] = {}
    for name, layer in model.named_modules():
        parameters = list(layer.parameters(recurse=False))
        if parameters:
            flags[name] = any(p.requires_grad for p in parameters)
            names[name] = _short_names(name)
            own[name] = parameters
    before = dict(flags)
    _apply(flags, names, settings, node)
    for name, flag in flags.items():
        if flag != before[name]:  # a layer of which the code froze a part stays as it is
            for parameter in own[name]:
                parameter.requires_grad_(flag)
    return flags


def flags_of_keras(
    model: nn.Module, intent: KerasIntent, settings: CustomSettings, node: str
) -> tuple[dict[str, bool], tuple[str, ...]]:
    """Return for each layer, or parameter of a model left whole, whether it trains; and what is held."""
    if isinstance(model, CustomNode) and isinstance(model.part, KerasPart):
        return _flags_of_part(model.part, intent, settings, node)
    flags: dict[str, bool] = {}
    names: Names = {}
    held = []
    for name, keras_layer in layers_by_path(model, intent).items():
        layer = model.get_submodule(name)
        known = _inside(keras_layer, intent)
        if id(keras_layer) in intent.held:
            held.append(name)
            hold(layer)
        if any(True for _ in layer.parameters(recurse=False)):
            flags[name] = all(intent.trainable[k] for k in known)
            names[name] = (*_short_names(name), *intent.around.get(id(keras_layer), ()))
    _apply(flags, names, settings, node)
    return flags, tuple(held)


def _inside(layer: object, intent: KerasIntent) -> list[int]:
    """Return the ids of a Keras layer and of all in it that have weights, as far as they are known."""
    flatten = getattr(layer, "_flatten_layers", None)
    parts = flatten() if flatten is not None else []
    return [id(p) for p in parts if id(p) in intent.trainable and (p is layer or p._trainable_variables)]


def _flags_of_part(
    part: KerasPart, intent: KerasIntent, settings: CustomSettings, node: str
) -> tuple[dict[str, bool], tuple[str, ...]]:
    parameters = dict(part.named_parameters(recurse=False))
    flags: dict[str, bool] = {}
    names: Names = {}
    owners = {}
    for name, variable in part.variables.value:
        owner = intent.owner.get(id(variable))
        if name not in parameters or owner is None:
            continue
        key = f"part.{name}"
        owners[key] = owner
        flags[key] = intent.trainable[id(owner)]
        names[key] = (name, str(variable.path), *intent.around[id(owner)])
    _apply(flags, names, settings, node)
    for key, owner in owners.items():
        owner.trainable = flags[key]  # batch normalization looks at it
        parameters[key.removeprefix("part.")].requires_grad_(flags[key])
    for root in intent.roots.values():
        if id(root) in intent.held:
            hold_keras(root)
    held = {intent.around[k][-1] for k in intent.held}
    return flags, tuple(sorted(held))


def _apply(flags: dict[str, bool], names: Names, settings: CustomSettings, node: str) -> None:
    for patterns, value in ((settings.freeze, False), (settings.unfreeze, True)):
        for pattern in patterns:
            hits = [key for key in flags if _fits(pattern, names[key])]
            if not hits:
                known = list(dict.fromkeys(n for all_names in names.values() for n in all_names))
                raise PlanError(
                    f"Node '{node}': '{pattern}' names no layer with weights of its code.",
                    hint=did_you_mean(pattern, known),
                    node=node,
                )
            flags.update(dict.fromkeys(hits, value))


def _fits(pattern: str, names: Iterable[str]) -> bool:
    return any(n == pattern or n.startswith(f"{pattern}.") or fnmatchcase(n, pattern) for n in names)


def _short_names(name: str) -> tuple[str, ...]:
    short = name.removeprefix("part.")
    return tuple(dict.fromkeys((name, short, short.rpartition(".")[2])))
