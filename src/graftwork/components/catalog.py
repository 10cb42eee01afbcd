"""Imports each module that builds components, so that the registry knows them all."""

from __future__ import annotations

from graftwork.components import (
    attention,
    convolution,
    head,
    layers,
    merge,
    patches,
    preprocess,
    recurrent,
    unet,
)
from graftwork.components.custom import build as custom

__all__ = [
    "attention",
    "convolution",
    "custom",
    "head",
    "layers",
    "merge",
    "patches",
    "preprocess",
    "recurrent",
    "unet",
]
