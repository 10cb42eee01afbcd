"""Host "keras": the architectures of keras.applications, with published weights or untrained."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch
from huggingface_hub import constants

from graftwork.bases.hubs import download, unreachable
from graftwork.bases.keras_guest.applications import APPLICATIONS, Application, application_port
from graftwork.bases.keras_guest.backend import import_keras
from graftwork.bases.keras_guest.graph import blueprint_of_keras
from graftwork.bases.loading import digest_file
from graftwork.bases.registry import BaseSummary, Blueprint, Request
from graftwork.documents.card import Origin
from graftwork.errors import BaseNotUsable, ImageSizeError, UnknownName, WeightsMismatch, did_you_mean

__all__ = ["KerasHost", "build_application", "find_application", "open_application", "own_random_state"]


class KerasHost:
    """All architectures of Keras Applications, by their class names."""

    name = "keras"

    def open(self, name: str, request: Request) -> Blueprint:
        app = find_application(name)
        path, with_top = None, not app.is_flat or request.image_size in (None, app.size)
        if request.weights:
            path, with_top = find_file(app, with_top)
        if request.weights and path is None:
            build_application(app, request, with_top=with_top)  # what cannot be built is not fetched
            path = fetch_file(app, with_top)
        model = build_application(app, request, with_top=with_top)
        if path is not None:
            load_weights(model, path, app)
        return open_application(app, model, request, origin_of(app, path, with_top), with_top=with_top)

    def summaries(self) -> Iterable[BaseSummary]:
        for app in APPLICATIONS.values():
            offline = any((models_folder() / file).is_file() for file in app.files)
            yield BaseSummary(f"keras:{app.name}", app.name, None, offline, app.license)


def find_application(name: str) -> Application:
    """Return the architecture called ``name``.

    Raises:
        UnknownName: there is none; the hint guesses, whatever the case of the letters.
    """
    if name in APPLICATIONS:
        return APPLICATIONS[name]
    same = {known.lower(): known for known in APPLICATIONS}
    plain = name.lower().replace("-", "").replace("_", "")
    hint = f"Did you mean '{same[plain]}'?" if plain in same else did_you_mean(name, list(APPLICATIONS))
    raise UnknownName(f"Keras Applications has no architecture '{name}'.", hint=hint)


def open_application(
    app: Application, model: Any, request: Request, origin: Origin, *, with_top: bool
) -> Blueprint:
    """Return the blueprint of a built architecture."""
    size = request.image_size or app.size
    top = top_layers(model, app) if with_top else ()
    blueprint = blueprint_of_keras(
        model,
        title=f"{app.name}, {'ImageNet-1k' if request.weights else 'untrained'}",
        architecture=f"keras:{app.name}",
        port=application_port(app.pixels, size, size),
        origin=origin,
        classifier=top,
    )
    if not request.weights:
        blueprint.loaded = frozenset()
    return blueprint


def top_layers(model: Any, app: Application) -> tuple[str, ...]:
    """Return the layers that Keras leaves out with ``include_top=False``, pooling excepted."""
    names = [layer.name for layer in model.layers]
    if app.is_flat:
        return tuple(names[names.index("flatten") :])
    weighted = [layer.name for layer in model.layers if layer.weights]
    return (weighted[-1],)


def build_application(app: Application, request: Request, *, with_top: bool) -> Any:
    """Return the Keras model, untrained; its numbers depend on the seed only.

    Raises:
        ImageSizeError: the architecture cannot be built for this size.
        BaseNotUsable: this version of Keras cannot build it on torch.
    """
    keras = import_keras()
    size = request.image_size or app.size
    options: dict[str, Any] = {"include_top": with_top, "weights": None, "input_shape": (size, size, 3)}
    if with_top:
        options["classifier_activation"] = None
    elif not app.is_flat:
        options["pooling"] = "avg"
    try:
        with own_random_state(request.seed), keras.device("cpu"):
            return getattr(keras.applications, app.name)(**options)
    except (ValueError, RuntimeError, AttributeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
        if request.image_size in (None, app.size):
            raise BaseNotUsable(
                f"Keras cannot build '{app.name}' on torch ({reason}).",
                hint="Take another base, such as 'keras:EfficientNetV2B0' or 'keras:MobileNetV2'.",
            ) from error
        raise ImageSizeError(
            f"Base 'keras:{app.name}' cannot be built for images of {size}×{size} pixels ({reason}).",
            hint=f"Leave the image size out for its own {app.size}, or take a multiple of 32 from 96 on.",
            image_size=size,
        ) from error


@contextlib.contextmanager
def own_random_state(seed: int) -> Iterator[None]:
    """Let Keras draw from states of its own that begin at ``seed``; the global ones stay as they are.

    Keras' initializers take their seeds from Python's generator.
    """
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            random.seed(seed)
            np.random.seed(seed % 2**32)
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def load_weights(model: Any, path: Path, app: Application) -> None:
    """Load a weights file that Keras published or wrote, by Keras' own means.

    Raises:
        WeightsMismatch: it is damaged, or of another architecture.
    """
    try:
        model.load_weights(path)
    except Exception as error:  # h5py and Keras raise all kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300].rstrip(".")
        raise WeightsMismatch(
            f"The weights in {path} do not load into 'keras:{app.name}' ({reason}).",
            hint="Name the architecture that they were saved from; if the file is damaged, fetch it anew.",
        ) from error


def models_folder() -> Path:
    """Return where Keras keeps published weights on this machine."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"


def find_file(app: Application, with_top: bool) -> tuple[Path | None, bool]:
    """Return the weights file on this machine, if it is there, and whether it holds the classifier."""
    for top in (True, False) if with_top else (False,):
        path = models_folder() / app.files[0 if top else 1]
        if path.is_file():
            return path, top
    return None, with_top


def fetch_file(app: Application, with_top: bool) -> Path:
    """Download the weights file into Keras' own folder.

    Raises:
        HubUnreachable: it cannot be fetched; names the file, its place and an offline base.
    """
    url = app.url(with_top=with_top)
    path = models_folder() / app.files[0 if with_top else 1]
    try:
        if constants.is_offline_mode():
            raise ConnectionError("HF_HUB_OFFLINE is set")
        path.parent.mkdir(parents=True, exist_ok=True)
        return download(url, path)
    except (OSError, ValueError) as error:
        base_id = f"keras:{app.name}"
        raise unreachable(base_id, path.name, urlsplit(url).netloc, path.parent, error) from error


def origin_of(app: Application, path: Path | None, with_top: bool) -> Origin:
    if path is None:
        return Origin(source="random", license="Apache-2.0", note="Untrained weights.")
    return Origin(
        source=app.url(with_top=with_top),
        license=app.license,
        digest=digest_file(path),
        size_bytes=path.stat().st_size,
        note=None if with_top else "Published without the classifier.",
    )
