"""Imports each module that builds components, so that the registry knows them all."""

from __future__ import annotations

from graftwork.components import (
    attention,
    convolution,
    custom,
    head,
    layers,
    merge,
    preprocess,
    recurrent,
    unet,
)

__all__ = ["attention", "convolution", "custom", "head", "layers", "merge", "preprocess", "recurrent", "unet"]
