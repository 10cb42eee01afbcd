"""Names for the layers of a Keras model, and for the stages they make."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from torch import nn

__all__ = ["LayerNames", "name_stages", "stage_of_layer"]

BLOCKS = (
    (re.compile(r"(?:.*_)?(stage_\d+_block_\d+)(?:_|$)"), "{}"),  # ConvNeXt
    (re.compile(r"(?:.*_)?downsampling_[a-z]+_(\d+)(?:_|$)"), "downsampling_{}"),
    (re.compile(r"(?:.*_)?(stem)(?:_|$)"), "{}"),
    (re.compile(r"(conv\d+_block\d+)(?:_|$)"), "{}"),  # ResNet, DenseNet
    (re.compile(r"(?:.*_)?(block_\d+)(?:_|$)"), "{}"),  # MobileNetV2
    (re.compile(r"(?:.*_)?(block\d+(?:_\d+|[a-z])?)(?:_|$)"), "{}"),  # VGG, Xception, EfficientNet
    (re.compile(r"(expanded_conv(?:_\d+)?)(?:_|$)"), "{}"),  # MobileNetV3
    (re.compile(r"conv_(?:pad|dw|pw)_(\d+)(?:_|$)"), "conv_dw_{}"),  # MobileNet
    (re.compile(r"((?:conv|pool|layer|stage|group)\d+|post|top|head)(?:_[a-z]|$)"), "{}"),
)
TAILS = re.compile(
    r"(?:_(?:conv2d|conv|bn|batchnorm|norm|relu6?|act|activation|ac|pad|pool|dw|pw|depthwise|expand|project|add"
    r"|swish|gelu|out|dense))+$"
)
TAKEN = {"code", "graph", "training"}
HEADS = re.compile(r"^(?:bn|relu|pad)_(?=.)")


class LayerNames:
    """Gives each layer one name that torch takes.

    Keras' own name when no other layer has it, else with the names of the models around it. Names that
    Keras made up by counting ("conv2d_94") count on from model to model, so they would differ from one
    building to the next; ``recount`` counts them anew in each model.
    """

    def __init__(self, layers: Iterable[tuple[Any, tuple[str, ...]]], *, recount: bool) -> None:
        """Name ``layers``, given in order with the names of the models around each."""
        self._names: dict[int, str] = {}
        items = list(layers)
        counts = counted_names([layer for layer, _ in items]) if recount else {}
        plain = {id(layer): clean(counts.get(id(layer), layer.name)) for layer, _ in items}
        often = Counter(plain.values())
        taken: set[str] = set()
        for layer, around in items:
            name = plain[id(layer)]
            if often[name] > 1 and around:
                name = clean("_".join([*around, name]))
            base, number = name, 1
            while name in taken:
                name, number = f"{base}_{number}", number + 1
            taken.add(name)
            self._names[id(layer)] = name

    def __getitem__(self, layer: Any) -> str:
        return self._names[id(layer)]


def clean(name: str) -> str:
    """Return ``name`` as a name of a torch module and of a Python attribute."""
    name = re.sub(r"\W", "_", name)
    is_free = name and not name[0].isdigit() and name not in TAKEN and not hasattr(nn.Module, name)
    return name if is_free else f"layer_{name}"


def is_counted(layer: Any, name: str | None = None) -> bool:
    """Whether Keras made up the layer's name from its class."""
    return re.fullmatch(rf"{snake(type(layer).__name__)}(?:_\d+)?", name or layer.name) is not None


def snake(name: str) -> str:
    """Return a class name as Keras writes it in layer names: "Conv2D" is "conv2d"."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def counted_names(layers: Sequence[Any]) -> dict[int, str]:
    """Return new names for the layers whose names Keras counted, in the order of their numbers."""
    kinds: dict[str, list[tuple[int, Any]]] = {}
    for layer in layers:
        if is_counted(layer):
            number = layer.name.removeprefix(snake(type(layer).__name__)).lstrip("_")
            kinds.setdefault(snake(type(layer).__name__), []).append((int(number or 0), layer))
    return {
        id(layer): f"{kind}_{place}" if place else kind
        for kind, found in kinds.items()
        for place, (_, layer) in enumerate(sorted(found, key=lambda pair: pair[0]))
    }


def stage_of_layer(name: str) -> str:
    """Return the name of the block that a layer called ``name`` belongs to.

    >>> [stage_of_layer(n) for n in ("block1_conv2", "block_3_expand_BN", "conv2_block1_0_bn", "bn_Conv1")]
    ['block1', 'block_3', 'conv2_block1', 'Conv1']
    """
    for block, form in BLOCKS:
        if found := block.match(name):
            return clean(form.format(found[1]))
    return TAILS.sub("", HEADS.sub("", name, count=1).replace("_BN", "_bn")) or name


def name_stages(pieces: Sequence[Sequence[tuple[str, Any, bool]]]) -> list[str]:
    """Return for each piece between legal cuts the stage it belongs to; a stage's pieces are neighbors.

    Args:
        pieces: of each piece the layers in order: name, Keras layer, whether it has weights.
    """
    votes = [vote(piece) for piece in pieces]
    named: list[str] = []
    for i, piece in enumerate(pieces):
        own = votes[i]
        if own is None:
            following = next((v for v in votes[i + 1 :] if v), None)
            own = stage_of_layer(piece[0][0]) if piece else None
            if own != following or (named and own == named[-1]):
                own = named[-1] if named else following or own
        named.append(own or "stage")
    return apart(named, [piece[0][0] if piece else "stage" for piece in pieces])


def apart(named: Sequence[str], own: Sequence[str]) -> list[str]:
    """Give a name that comes back after another stage the name of its own first layer instead."""
    result: list[str] = []
    closed: set[str] = set()
    for i, name in enumerate(named):
        if i and name == named[i - 1]:
            result.append(result[-1])
            continue
        if result:
            closed.add(result[-1])
        chosen = name if name not in closed else own[i]
        while chosen in closed:
            chosen += "_again"
        result.append(chosen)
    return result


def vote(piece: Sequence[tuple[str, Any, bool]]) -> str | None:
    """Return the stage that most layers with weights of a piece name; None when it has none, or only normalizes."""
    weighted = [(name, layer) for name, layer, has_weights in piece if has_weights]
    if all("Normalization" in type(layer).__name__ for _, layer in weighted):
        return None
    spoken = [stage_of_layer(name) for name, layer in weighted if not is_counted(layer, name)]
    if not spoken:
        last_name, last, _ = piece[-1]
        return weighted[0][0] if is_counted(last, last_name) else stage_of_layer(last_name)
    return Counter(spoken).most_common(1)[0][0]
