"""Keras as a guest: imported late, on its torch backend, or refused with the way to mend it."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from graftwork.errors import BaseNotUsable, MissingExtra

__all__ = ["import_keras", "is_functional"]

VARIABLE = "KERAS_BACKEND"
WANTED = "torch"


def import_keras() -> Any:
    """Return the module ``keras``, running on torch.

    The first import decides the backend for the whole process, so it is chosen here before it.

    Raises:
        MissingExtra: Keras is not installed.
        BaseNotUsable: Keras runs on another backend already, or the user chose another.
    """
    loaded = sys.modules.get("keras")
    if loaded is None:
        check_choice()
        if find_spec("keras") is None:
            raise MissingExtra(
                "Keras is not installed.", hint="Install it with: pip install 'keras>=3.8,<4' h5py"
            )
        os.environ[VARIABLE] = WANTED
        loaded = importlib.import_module("keras")
    check_backend(loaded)
    return loaded


def check_choice() -> None:
    """Raise when the user's environment chooses another backend."""
    chosen = os.environ.get(VARIABLE, WANTED)
    if chosen != WANTED:
        raise BaseNotUsable(
            f"The environment variable {VARIABLE} says '{chosen}'; Keras models take part here on '{WANTED}' only.",
            hint=f"Set {VARIABLE}={WANTED}, or unset it, and start again.",
            backend=chosen,
        )


def check_backend(keras: ModuleType | Any) -> None:
    """Raise when the Keras that was imported cannot be used."""
    config: Any = getattr(keras, "config", None)
    if config is None:
        raise BaseNotUsable(
            f"Keras {getattr(keras, '__version__', '')} is older than version 3.",
            hint="Install a newer one with: pip install 'keras>=3.8,<4'",
        )
    if config.backend() != WANTED:
        raise BaseNotUsable(
            f"Keras was imported before with the backend '{config.backend()}'; '{WANTED}' is wanted.",
            hint=f"Set {VARIABLE}={WANTED} before the first import of keras, then start again.",
            backend=config.backend(),
        )
    if config.image_data_format() != "channels_last":
        raise BaseNotUsable(
            "Keras is set to image data format 'channels_first'; 'channels_last' is wanted.",
            hint="Call keras.config.set_image_data_format('channels_last').",
        )


def is_functional(model: Any) -> bool:
    """Whether ``model`` is a graph of layers that its class runs as it stands."""
    functional = importlib.import_module("keras.src.models.functional").Functional
    return isinstance(model, functional) and type(model).call is functional.call
