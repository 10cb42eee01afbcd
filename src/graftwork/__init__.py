"""Graftwork: the visual workbench for transfer learning.

The names below load what they need on first use, so that ``import graftwork`` stays light.

>>> import graftwork as gw
>>> gw.Recipe(epochs=3).epochs
3
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graftwork.bases import open_base
    from graftwork.data import open_images
    from graftwork.documents.flow import Flow
    from graftwork.documents.recipe import Recipe
    from graftwork.estimator import TransferClassifier
    from graftwork.graph.check import check
    from graftwork.project import Project
    from graftwork.project.shortcuts import plan, transfer

    __version__: str

__all__ = [
    "Flow",
    "Project",
    "Recipe",
    "TransferClassifier",
    "__version__",
    "check",
    "open_base",
    "open_images",
    "plan",
    "transfer",
]

_HOMES = {
    "Flow": "graftwork.documents.flow",
    "Project": "graftwork.project",
    "Recipe": "graftwork.documents.recipe",
    "TransferClassifier": "graftwork.estimator",
    "check": "graftwork.graph.check",
    "open_base": "graftwork.bases",
    "open_images": "graftwork.data",
    "plan": "graftwork.project.shortcuts",
    "transfer": "graftwork.project.shortcuts",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("graftwork")
    if name not in _HOMES:
        raise AttributeError(f"module 'graftwork' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
