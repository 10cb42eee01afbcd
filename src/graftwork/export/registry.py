"""Which exports there are. Built-in ones are loaded when they are asked for; plugins add their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from graftwork.errors import ExportError, UnknownName, UsageError, did_you_mean

__all__ = ["ENTRY_POINT_GROUP", "Exporter", "find_export", "list_exports", "register_export"]

ENTRY_POINT_GROUP = "graftwork.exports"

Exporter = Callable[..., Any]
"""Called as ``export_onnx`` is: ``(network, *, port, classes, destination, samples, reference, run)``."""

_BUILT_IN = {"onnx": "graftwork.export.onnx:export_onnx"}
_loaders: dict[str, Callable[[], Exporter]] = {}


def register_export(name: str, load: Callable[[], Exporter]) -> None:
    """Add an export under ``name``; ``load`` is called when it is first wanted.

    Raises:
        UsageError: the name is taken.
    """
    if name in _loaders:
        raise UsageError(f"An export '{name}' is registered already.", hint="Choose another name.")
    _loaders[name] = load


def list_exports() -> tuple[str, ...]:
    """Return the names of all exports, plugins included, sorted."""
    _find_plugins()
    return tuple(sorted(_loaders))


def find_export(name: str) -> Exporter:
    """Return the export called ``name``.

    Raises:
        UnknownName: there is none; the hint guesses what was meant.
        ExportError: its library cannot be imported.
    """
    known = list_exports()
    if name not in known:
        raise UnknownName(f"There is no export '{name}'.", hint=did_you_mean(name, known))
    try:
        return _loaders[name]()
    except ImportError as error:
        raise ExportError(
            f"The export '{name}' cannot be loaded: {error}.", hint="Install the library that it names."
        ) from error


@cache
def _find_plugins() -> None:
    for point in entry_points(group=ENTRY_POINT_GROUP):
        register_export(point.name, point.load)


def _from_module(address: str) -> Callable[[], Exporter]:
    def load() -> Exporter:
        module, _, attribute = address.partition(":")
        exporter: Exporter = getattr(import_module(module), attribute)
        return exporter

    return load


for _name, _address in _BUILT_IN.items():
    register_export(_name, _from_module(_address))
