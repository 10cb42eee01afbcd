"""What the author of a Keras model set: which layers train, and which calls stay in inference mode."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from torch import nn

from graftwork.bases.keras_guest.graph import leaf_layers
from graftwork.bases.keras_guest.names import LayerNames

__all__ = [
    "InferenceCalls",
    "KerasIntent",
    "hold",
    "hold_keras",
    "layers_by_path",
    "noting_inference_calls",
    "read_intent",
]


@dataclass
class KerasIntent:
    """What the flags in a Keras model mean, by ``id`` of layer or variable.

    Args:
        model: the model or layer itself.
        trainable: of each layer with weights of its own, whether it trains: its flag and those of all around it.
        around: names of each layer's models, outermost first, and at the end its own.
        owner: of each weight that training could move, its layer.
        roots: layers that were called with ``training=False``.
        held: these and all in them: they run in inference mode always.
        overruled: names of layers whose own flag says train, inside of a model that is frozen.
    """

    model: Any
    trainable: dict[int, bool] = field(default_factory=dict)
    around: dict[int, tuple[str, ...]] = field(default_factory=dict)
    owner: dict[int, Any] = field(default_factory=dict)
    roots: dict[int, Any] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    overruled: list[str] = field(default_factory=list)

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know."""
        if not self.overruled:
            return ()
        names, more = self.overruled[:5], len(self.overruled) > 5
        return (
            f"trainable = True on {', '.join(names)}{' …' if more else ''} has no effect inside a frozen model; "
            "name them in 'unfreeze' to train them.",
        )


def layers_by_path(network: nn.Module, intent: KerasIntent) -> dict[str, Any]:
    """Return the Keras layer behind each module of an opened model, by the module's path."""
    leaves = list(leaf_layers(intent.model))
    names = LayerNames(leaves, recount=True)
    by_name = {names[layer]: layer for layer, _ in leaves}
    paths = (path for path, _ in network.named_modules())
    return {
        p: by_name[p.rpartition(".")[2]]
        for p in paths
        if p.count(".") == 1 and p.rpartition(".")[2] in by_name
    }


def hold(module: nn.Module) -> None:
    """Keep a module in inference mode, whatever mode its surroundings are put into; its copies too."""
    kind = type(module)
    if not issubclass(kind, _Held):
        module.__class__ = type(kind.__name__, (_Held, kind), {"__module__": kind.__module__})
    module.eval()


class _Held(nn.Module):
    """In inference mode for good."""

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 whatever is asked
        return super().train(False)


def read_intent(model: Any, held: Sequence[Any] = ()) -> KerasIntent:
    """Return what the flags of a built model or layer mean; nothing is changed.

    Args:
        model: built.
        held: layers in it that were called with ``training=False``.
    """
    intent = KerasIntent(model, roots={id(layer): layer for layer in held})
    _walk(model, True, False, (str(model.name),), intent)
    return intent


def _walk(layer: Any, is_free: bool, is_held: bool, path: tuple[str, ...], intent: KerasIntent) -> None:
    key = id(layer)
    own = list(layer._trainable_variables)
    if own and layer.trainable and not is_free:
        intent.overruled.append(str(layer.name))
    is_free = is_free and bool(layer.trainable)
    intent.trainable[key] = intent.trainable.get(key, True) and is_free
    intent.around.setdefault(key, path)
    if is_held:
        intent.held.add(key)
    for variable in own:
        intent.owner[id(variable)] = layer
    attributes = {id(value): name for name, value in (*vars(layer).items(), *layer._modules.items())}
    for child in layer._flatten_layers(include_self=False, recursive=False):
        # a class calls its layers by the attributes they are kept in
        names = dict.fromkeys(n for n in (attributes.get(id(child)), str(child.name)) if n)
        _walk(child, is_free, is_held or id(child) in intent.roots, (*path, *names), intent)


@dataclass
class InferenceCalls:
    """Layers that code called with ``training=False``, and layers that it called otherwise.

    Keras's own graph does not tell the one from a layer whose default is False, and overrules both when the
    model around is called with ``training=True``.
    """

    held: dict[int, Any] = field(default_factory=dict)
    free: dict[int, Any] = field(default_factory=dict)

    def layers(self) -> tuple[Any, ...]:
        """Return the layers all of whose calls said so."""
        return tuple(layer for key, layer in self.held.items() if key not in self.free)


@contextmanager
def noting_inference_calls(keras: Any) -> Iterator[InferenceCalls]:
    """Note the calls of layers that the code in the block makes itself, not those that they make inside."""
    calls = InferenceCalls()
    original, thread, depth = keras.Layer.__call__, threading.get_ident(), 0

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal depth
        if threading.get_ident() != thread:
            return original(layer, *args, **kwargs)
        if depth == 0:
            is_held = kwargs.get("training") is False or any(a is False for a in args[1:])
            (calls.held if is_held else calls.free)[id(layer)] = layer
        depth += 1
        try:
            return original(layer, *args, **kwargs)
        finally:
            depth -= 1

    keras.Layer.__call__ = call
    try:
        yield calls
    finally:
        keras.Layer.__call__ = original


def hold_keras(layer: Any) -> None:
    """Have Keras run a layer, and all in it, in inference mode whatever the call around says."""
    kind = type(layer)
    if not issubclass(kind, _HeldCall):
        held = type(kind.__name__, (_HeldCall, kind), {"__module__": kind.__module__})
        object.__setattr__(layer, "__class__", held)


class _HeldCall:
    """Called in inference mode for good."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args[:1], **{**kwargs, "training": False})  # type: ignore[misc]
