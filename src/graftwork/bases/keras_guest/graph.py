"""A Keras model as a graph of torch modules, which is cut into stages as any other model is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn

from graftwork.bases.keras_guest.backend import import_keras, is_functional
from graftwork.bases.keras_guest.layers import KerasLayer, wrap_layer
from graftwork.bases.keras_guest.names import LayerNames, name_stages
from graftwork.bases.registry import Blueprint
from graftwork.bases.trace import drop_assertions, legal_cuts
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import BaseNotUsable

__all__ = ["blueprint_of_keras", "leaf_layers", "network_of_keras", "trainable_flags"]


def blueprint_of_keras(
    model: Any,
    *,
    title: str,
    architecture: str,
    port: InputPort,
    origin: Origin,
    classifier: tuple[str, ...] | None = None,
    recount: bool = True,
) -> Blueprint:
    """Return a built Keras model as a model that can be cut into stages.

    Args:
        model: functional, sequential or subclassed, built, with one image input and one output. It is
            not changed; the module shares its weights.
        classifier: Keras names of the layers that give the classes; None: the last one with weights;
            empty: none.
        recount: whether names that Keras counted ("conv2d_94") are counted anew; see LayerNames.

    Raises:
        BaseNotUsable: not built, more than one input or output, or no images as input.
    """
    module, paths = network_of_keras(model, recount=recount)
    names = None if classifier is None else tuple(p for n in classifier for p in paths.get(n, ()))
    return Blueprint(
        module=module,
        title=title,
        architecture=architecture,
        port=port,
        origin=origin,
        loaded=frozenset(module.state_dict()),
        classifier_names=names,
    )


def network_of_keras(model: Any, *, recount: bool = True) -> tuple[nn.Module, dict[str, list[str]]]:
    """Return the module (b, c, h, w) → output, and where the layers are, by their Keras names.

    A map of features comes out as (b, c, h, w) too.

    Layers lie in their stage: "block1.block1_conv1". Models inside are opened.

    Raises:
        BaseNotUsable: as for ``blueprint_of_keras``.
    """
    check_model(model)
    writer = Writer(model, recount=recount)
    value = writer.graph.placeholder("x")
    turned = not is_channels_first(model)
    if turned:
        value = writer.graph.call_method("permute", (value, 0, 2, 3, 1))
    value = writer.write(model, [value])
    if turned and gives_map(model):
        value = writer.graph.call_method("permute", (value, 0, 3, 1, 2))
    writer.graph.output(value)
    drop_assertions(writer.graph)
    flat = fx.GraphModule(writer.root, writer.graph, class_name="KerasNetwork")
    stages = assign_stages(flat, writer)
    return move_into_stages(flat, stages), paths_by_name(writer, stages)


def check_model(model: Any) -> None:
    """Raise unless ``model`` is a built Keras model from one batch of images to one tensor."""
    keras = import_keras()
    if not isinstance(model, keras.layers.Layer):
        raise BaseNotUsable(
            f"A Keras model is wanted, got a {type(model).__name__}.",
            hint="Return the model that Keras built.",
        )
    if not model.built:
        raise BaseNotUsable(
            f"The Keras model '{model.name}' is not built: it does not know its input yet.",
            hint="Call model.build((None, height, width, 3)), or begin it with keras.Input.",
        )
    for side in ("inputs", "outputs"):
        tensors = getattr(model, side, None)
        if isinstance(tensors, list) and len(tensors) != 1:
            raise BaseNotUsable(
                f"The Keras model '{model.name}' has {len(tensors)} {side}; one is wanted.",
                hint="Make a model of one image input and one output with keras.Model(inputs, outputs).",
            )
    inputs = getattr(model, "inputs", None)
    if isinstance(inputs, list) and len(inputs[0].shape) != 4:
        raise BaseNotUsable(
            f"The Keras model '{model.name}' takes {tuple(inputs[0].shape)}; images (n, h, w, c) are wanted."
        )


def is_channels_first(model: Any) -> bool:
    """Whether the model's layers want (b, c, h, w)."""
    formats = {getattr(layer, "data_format", None) for layer, _ in leaf_layers(model)}
    return "channels_first" in formats and "channels_last" not in formats


def gives_map(model: Any) -> bool:
    """Whether the model's output is a map of features, (b, h, w, c)."""
    outputs = getattr(model, "outputs", None)
    return isinstance(outputs, list) and len(outputs[0].shape) == 4


def leaf_layers(model: Any, around: tuple[str, ...] = ()) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yield the layers and operations that are not opened, once each, with the models around them."""
    seen: set[int] = set()
    for part in parts_of(model):
        pairs = leaf_layers(part, (*around, part.name)) if opens(part) else iter([(part, around)])
        for leaf, path in pairs:
            if id(leaf) not in seen:
                seen.add(id(leaf))
                yield leaf, path


def parts_of(model: Any) -> list[Any]:
    keras = import_keras()
    if not opens(model):
        return [model]
    parts = model.layers if isinstance(model, keras.Sequential) else model.operations
    return [p for p in parts if not isinstance(p, keras.layers.InputLayer)]


def opens(part: Any) -> bool:
    """Whether a model is written layer by layer; a subclassed one runs code of its own and stays whole."""
    keras = import_keras()
    return type(part) is keras.Sequential or is_functional(part)


def trainable_flags(model: Any) -> dict[int, bool]:
    """Return for each layer, by ``id``, whether Keras would train it, the flags of all models around counted.

    Keras trains what ``model.trainable_variables`` lists; a layer without weights says what its flag says.
    """
    trained = {id(v) for v in model.trainable_variables}
    return {
        id(layer): bool(
            getattr(layer, "trainable", True)
            and (not getattr(layer, "weights", ()) or any(id(v) in trained for v in layer.weights))
        )
        for layer, _ in leaf_layers(model)
    }


class Writer:
    """Writes a Keras model into a torch graph."""

    def __init__(self, model: Any, *, recount: bool) -> None:
        self.graph = fx.Graph()
        self.root = nn.Module()
        self.layers: dict[str, Any] = {}
        self._names = LayerNames(leaf_layers(model), recount=recount)
        self._flags = trainable_flags(model)
        self._num_constants = 0

    def write(self, model: Any, inputs: list[Any]) -> Any:
        """Write a model, opened as far as it can be, and return its output's node."""
        keras = import_keras()
        if not opens(model):
            return self.call(model, tuple(inputs), {})
        if isinstance(model, keras.Sequential):
            value = inputs[0]
            for part in parts_of(model):
                value = self.write(part, [value])
            return value
        # Keras walks its own graph; what it would call is written instead.
        outputs = model._run_through_graph(inputs, lambda operation: Recorder(self, operation))
        flat = keras.tree.flatten(outputs)
        return flat[0] if len(flat) == 1 else outputs

    def call(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Write one call of a layer; of several outputs return all."""
        name = self._names[layer]
        if name not in self.layers:
            self.layers[name] = layer
            self.root.add_module(name, wrap_layer(layer, was_trainable=self._flags[id(layer)]))
        kept = {k: v for k, v in kwargs.items() if k not in ("training", "mask")}
        node = self.graph.call_module(name, self.plain(args), self.plain(kept))
        num_outputs = len(layer._inbound_nodes[0].outputs) if getattr(layer, "_inbound_nodes", None) else 1
        if num_outputs == 1:
            return node
        return [self.graph.call_method("__getitem__", (node, i)) for i in range(num_outputs)]

    def plain(self, value: Any) -> Any:
        """Return arguments as a graph can hold them: arrays become constants of the module."""
        if isinstance(value, list | tuple):
            return type(value)(self.plain(v) for v in value)
        if isinstance(value, dict):
            return {k: self.plain(v) for k, v in value.items()}
        if not isinstance(value, Tensor) and hasattr(value, "__array__") and not isinstance(value, fx.Node):
            value = torch.as_tensor(value.__array__())
        if isinstance(value, Tensor):
            name, self._num_constants = f"constant_{self._num_constants}", self._num_constants + 1
            self.root.register_buffer(name, value.detach(), persistent=False)
            return self.graph.get_attr(name)
        return value


class Recorder:
    """Stands for an operation while Keras walks through a graph."""

    def __init__(self, writer: Writer, operation: Any) -> None:
        self._writer = writer
        self._operation = operation

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if opens(self._operation):
            return self._writer.write(self._operation, import_keras().tree.flatten(args[0]))
        return self._writer.call(self._operation, args, kwargs)


def assign_stages(flat: fx.GraphModule, writer: Writer) -> dict[str, str]:
    """Return the stage of each layer, by name; what lies between two legal cuts is in one stage."""
    cuts = set(legal_cuts(flat, flat.graph))
    pieces: list[list[tuple[str, Any, bool]]] = [[]]
    for node in flat.graph.nodes:
        if node.op == "call_module":
            layer = writer.layers[str(node.target)]
            pieces[-1].append((str(node.target), layer, bool(getattr(layer, "weights", ()))))
        if node in cuts and pieces[-1]:
            pieces.append([])
    pieces = [piece for piece in pieces if piece]
    result: dict[str, str] = {}
    for stage, piece in zip(name_stages(pieces), pieces, strict=True):
        for name, _, _ in piece:
            result.setdefault(name, stage)
    return result


def move_into_stages(flat: fx.GraphModule, stages: dict[str, str]) -> nn.Module:
    """Return the same graph over modules "STAGE.LAYER"."""
    root = nn.Module()
    for name, module in flat.named_children():
        stage = stages[name]
        if not hasattr(root, stage):
            root.add_module(stage, nn.Module())
        root.get_submodule(stage).add_module(name, module)
    for name, constant in flat.named_buffers(recurse=False):
        root.register_buffer(name, constant, persistent=False)
    for node in flat.graph.nodes:
        if node.op == "call_module":
            node.target = f"{stages[str(node.target)]}.{node.target}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the graph is checked against a module not yet filled
        return fx.GraphModule(root, flat.graph, class_name="KerasNetwork")


def paths_by_name(writer: Writer, stages: dict[str, str]) -> dict[str, list[str]]:
    """Return the paths of the modules by Keras' name, and by the one given here."""
    paths: dict[str, list[str]] = {}
    for name, layer in writer.layers.items():
        path = f"{stages[name]}.{name}"
        for known in {name, str(layer.name)}:
            paths.setdefault(known, []).append(path)
    return paths


def keras_layers(module: nn.Module) -> Iterator[tuple[str, KerasLayer]]:
    """Yield the wrapped layers of a module with their paths."""
    for name, inner in module.named_modules():
        if isinstance(inner, KerasLayer):
            yield name, inner
