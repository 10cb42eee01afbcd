"""Bases from files that Keras wrote: whole models (.keras, older .h5) and weights (.weights.h5, .h5)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]

from graftwork.bases.from_keras import (
    build_application,
    find_application,
    load_weights,
    open_application,
    own_random_state,
)
from graftwork.bases.keras_guest.applications import APPLICATIONS, Application, application_port
from graftwork.bases.keras_guest.backend import import_keras
from graftwork.bases.keras_guest.graph import blueprint_of_keras, is_channels_first, leaf_layers, opens
from graftwork.bases.loading import digest_file
from graftwork.bases.registry import Blueprint, Request
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import BaseNotUsable, UsageError, WeightsMismatch

__all__ = ["is_keras_file", "open_keras_file", "read_model"]

SUFFIXES = (".keras", ".h5", ".hdf5")
SCALING = ("Rescaling", "Normalization", "TrueDivide", "Divide", "Subtract", "Multiply", "Add", "Stack")


def is_keras_file(name: str) -> bool:
    """Whether the name of a base "file:NAME" means a file that Keras wrote."""
    return split_name(name)[0].suffix.lower() in SUFFIXES


def split_name(name: str) -> tuple[Path, str | None]:
    """Return the path, and the architecture where "PATH@host:name" or "PATH?arch=host:name" names one."""
    for mark in ("?arch=", "@"):
        path, found, architecture = name.rpartition(mark)
        if found and path and ":" in architecture:
            return Path(path).expanduser(), architecture.removeprefix("random:")
    return Path(name).expanduser(), None


def open_keras_file(name: str, request: Request) -> Blueprint:
    """Return the model in a Keras file: whole, or as the weights of an application.

    Args:
        name: "PATH" of a whole model, or "PATH@keras:Xception".

    Raises:
        BaseNotUsable: no such file, not Keras', or one that would run code when opened.
        WeightsMismatch: weights of another architecture.
        UsageError: an architecture of another host.
    """
    path, architecture = split_name(name)
    if not path.is_file():
        raise BaseNotUsable(
            f"There is no file at {path}.", hint="Give the path of a .keras file or an .h5 file."
        )
    if architecture is None:
        return open_whole(path, request)
    host, _, kind = architecture.partition(":")
    if host != "keras":
        raise UsageError(
            f"{path.name} is a Keras file, and '{architecture}' is no Keras architecture.",
            hint=f"Write for instance 'file:{path}@keras:MobileNetV2'; a whole model needs no architecture.",
        )
    return open_as_application(path, find_application(kind), request)


def open_as_application(path: Path, app: Application, request: Request) -> Blueprint:
    """Return an application with the weights of a file, which is a whole model or weights alone."""
    origin = file_origin(path, None)
    if not request.weights:
        model = build_application(app, request, with_top=not app.is_flat)
        return open_application(app, model, request, origin, with_top=not app.is_flat)
    if is_whole(path):
        model = build_application(app, request, with_top=False)
        left_out = copy_weights(read_model(path), model, path, app)
        blueprint = open_application(app, model, request, origin, with_top=False)
        blueprint.left_out = left_out
    else:
        with_top = holds_top(path)
        model = build_application(app, request, with_top=with_top)
        load_weights(model, path, app)
        blueprint = open_application(app, model, request, origin, with_top=with_top)
    blueprint.title = f"{path.name} ({app.name})"
    return blueprint


def is_whole(path: Path) -> bool:
    """Whether a file holds a model, not weights alone."""
    if path.suffix.lower() == ".keras":
        return True
    try:
        with h5py.File(path, "r") as file:
            return "model_config" in file.attrs
    except OSError as error:
        raise BaseNotUsable(
            f"{path} does not read as an HDF5 file ({str(error).splitlines()[0][:160]}).",
            hint="Give a file that Keras saved.",
        ) from error


def holds_top(path: Path) -> bool:
    """Whether a weights file holds the 1,000 ImageNet classes as well."""
    found: list[tuple[int, ...]] = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda _, item: found.append(item.shape) if isinstance(item, h5py.Dataset) else None)
    return any(shape[-1:] == (1000,) for shape in found)


def read_model(path: Path) -> Any:
    """Return the model in a file; code in it is not run.

    Raises:
        BaseNotUsable: not a model of Keras, or one that holds code or unknown classes.
    """
    keras = import_keras()
    try:
        with warnings.catch_warnings(), keras.device("cpu"), own_random_state(0):
            warnings.simplefilter("ignore")
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # zip, h5py, JSON and Keras raise all kinds
        text = str(error)
        if "safe_mode" in text or "unsafe" in text.lower() or "lambda" in text.lower():
            raise BaseNotUsable(
                f"{path} holds Python code (a Lambda layer), and opening it would run that code, so it was not opened.",
                hint="Save the model with a layer class or keras.ops instead of the Lambda, or only its weights "
                "with model.save_weights('x.weights.h5').",
            ) from error
        reason = (text.strip() or type(error).__name__).splitlines()[0][:240].rstrip(".")
        raise BaseNotUsable(
            f"{path} does not read as a Keras model ({reason}).",
            hint="Give a whole model saved by model.save('x.keras'); for weights alone name the architecture: "
            f"'file:{path}@keras:MobileNetV2'.",
        ) from error


def open_whole(path: Path, request: Request) -> Blueprint:
    """Return a whole saved model; what follows the model inside it counts as old classifier."""
    if not is_whole(path):
        raise UsageError(
            f"{path} holds weights alone and does not say which architecture they belong to.",
            hint=f"Write for instance 'file:{path}@keras:MobileNetV2'.",
        )
    model = read_model(path)
    if not request.weights:
        keras = import_keras()
        with own_random_state(request.seed), keras.device("cpu"):
            model = keras.models.clone_model(model)
    base = largest_inside(model)
    app = recognize(base or model)
    port, note = guess_port(model, app, request)
    blueprint = blueprint_of_keras(
        model,
        title=path.name,
        architecture=f"file:{path}",
        port=port,
        origin=file_origin(path, note),
        classifier=layers_after(model, base) if base is not None else None,
        recount=False,
    )
    if not request.weights:
        blueprint.loaded = frozenset()
    return blueprint


def file_origin(path: Path, note: str | None) -> Origin:
    return Origin(source=f"file:{path}", digest=digest_file(path), size_bytes=path.stat().st_size, note=note)


def models_inside(model: Any) -> Iterator[Any]:
    """Yield the models inside a model, outer ones first."""
    for layer in getattr(model, "layers", ()):
        if opens(layer):
            yield layer
            yield from models_inside(layer)


def largest_inside(model: Any) -> Any | None:
    """Return the model inside that holds most of the numbers; None when none holds half of them."""
    inside = max(models_inside(model), key=lambda m: m.count_params(), default=None)
    if inside is None or inside.count_params() * 2 < model.count_params():
        return None
    return inside


def layers_after(model: Any, base: Any) -> tuple[str, ...]:
    """Return the layers with weights that are not in ``base``: the author's own head.

    Layers before it that only scale pixels do not count.
    """
    inside = {id(layer) for layer, _ in leaf_layers(base)}
    names = [
        layer.name
        for layer in weighted_layers(model)
        if id(layer) not in inside and type(layer).__name__ not in SCALING
    ]
    return tuple(names)


def signature(model: Any) -> list[tuple[Any, ...]]:
    """Return kind and shapes of each layer with weights, in order."""
    return [
        (type(layer).__name__, *(tuple(w.shape) for w in layer.weights)) for layer in weighted_layers(model)
    ]


def recognize(model: Any) -> Application | None:
    """Return the application that a model is, judged by the name Keras gave it."""
    plain = {name.lower(): app for name, app in APPLICATIONS.items()}
    name = model.name.lower().replace("-", "").replace("_", "")
    fitting = [known for known in plain if name.startswith(known)]
    return plain[max(fitting, key=len)] if fitting else None


def guess_port(model: Any, app: Application | None, request: Request) -> tuple[InputPort, str]:
    """Return the images that a saved model wants, and what was assumed for it."""
    height, width, channels = image_shape(model)
    height = request.image_size or height or (app.size if app else 224)
    width = request.image_size or width or height
    scaling = next((kind for kind in kinds_before_weights(model) if kind in SCALING), None)
    if scaling:
        port = application_port("raw", height, width)
        note = f"Assumed: pixels from 0 to 255, because the model begins with {scaling}."
    elif app:
        port = application_port(app.pixels, height, width)
        note = f"Assumed: pixels as keras.applications prepares them for {app.name}."
    else:
        port = application_port("raw", height, width).edit(value_range=(0.0, 1.0))
        note = "Assumed: pixels from 0 to 1, because the model neither scales them nor holds a known architecture."
    if channels != 3:
        port = port.edit(channels=channels, mean=port.mean[:1] * channels, std=port.std[:1] * channels)
    return port, note


def image_shape(model: Any) -> tuple[int | None, int | None, int]:
    """Return height, width and channels that a model declares; None where it takes any."""
    inputs = getattr(model, "inputs", None)
    if not isinstance(inputs, list) or len(inputs[0].shape) != 4:
        return None, None, 3
    shape = inputs[0].shape
    if is_channels_first(model):
        return shape[2], shape[3], shape[1] or 3
    return shape[1], shape[2], shape[3] or 3


def kinds_before_weights(model: Any) -> Iterator[str]:
    """Yield the class names of the layers before the first one that holds numbers to train."""
    for layer, _ in leaf_layers(model):
        if len(getattr(layer, "weights", ())) and type(layer).__name__ != "Normalization":
            return
        yield type(layer).__name__


def copy_weights(source: Any, target: Any, path: Path, app: Application) -> tuple[str, ...]:
    """Copy the weights of a model in ``source`` into an application; return the layers left out.

    Raises:
        WeightsMismatch: no model inside has the application's layers; names the first that differs.
    """
    wanted = signature(target)
    base = next((m for m in (*models_inside(source), source) if signature(m)[: len(wanted)] == wanted), None)
    if base is None:
        raise not_inside(source, wanted, path, app)
    taken = weighted_layers(base)[: len(wanted)]
    for new, old in zip(weighted_layers(target), taken, strict=True):
        new.trainable = old.trainable
        for variable, value in zip(new.weights, old.weights, strict=True):
            variable.assign(value)
    copied = {id(layer) for layer in taken}
    rest = [layer for layer in weighted_layers(source) if id(layer) not in copied]
    return tuple(f"{layer.name}.{weight.name}" for layer in rest for weight in layer.weights)


def not_inside(source: Any, wanted: list[tuple[Any, ...]], path: Path, app: Application) -> WeightsMismatch:
    """Return the error for a model that does not contain the application."""
    found = signature(largest_inside(source) or source)
    pairs = enumerate(zip(found, wanted, strict=False))
    place = next((i for i, (a, b) in pairs if a != b), None)
    what = (
        f"{len(found)} layers with weights where {len(wanted)} are wanted"
        if place is None
        else f"as layer {place + 1} with weights {found[place]} where {wanted[place]} is wanted"
    )
    return WeightsMismatch(
        f"The model in {path} does not contain keras:{app.name}: it has {what}.",
        hint="Name the architecture that it was built from, or none: a whole model needs none.",
    )


def weighted_layers(model: Any) -> list[Any]:
    """Return the layers that hold weights, in order."""
    return [layer for layer, _ in leaf_layers(model) if len(getattr(layer, "weights", ()))]
