"""Exceptions from a cut: single layers that are frozen or free whatever stage they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from torch import nn

from graftwork.bases import Base
from graftwork.bases.low_rank import owner_of
from graftwork.documents.plan import INPUT_CUT
from graftwork.engine.freeze import free, hold
from graftwork.errors import PlanError, did_you_mean

__all__ = ["LayerRules", "is_within", "layers_of", "matches"]


@dataclass(frozen=True)
class LayerRules:
    """Which layers are frozen or free against the rule of their stage.

    Args:
        frozen: names or patterns (``block1*``) of layers or stages that are frozen.
        free: names or patterns of layers or stages that are free; they win over ``frozen``.
        as_code: layers that the base's own code made trainable or not; None when there is no such code.
        held: layers whose code keeps them in inference mode, whether they are trained or not.
    """

    frozen: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    as_code: tuple[tuple[str, bool], ...] | None = None
    held: tuple[str, ...] = ()

    def is_free(self, stage: str, layer: str, otherwise: bool) -> bool:
        """Whether a layer is free, when its stage's rule says ``otherwise``.

        A low-rank change is free where its layer is; a stage's own name asks for the stage as a whole.
        """
        layer = owner_of(layer)
        if matches(self.free, stage, layer):
            return True
        if matches(self.frozen, stage, layer):
            return False
        if self.as_code is not None:
            flags = [flag for name, flag in self.as_code if is_within(layer, name)]
            return all(flags) if flags else otherwise
        return otherwise

    def first_free(self, base: Base, cut: str) -> str:
        """Return the last cut at or before ``cut`` up to which all parameters are frozen."""
        here = INPUT_CUT
        for stage in base.stages:
            if self.frees(stage.name, stage.module):
                return here
            here = stage.name
            if here == cut:
                break
        return here

    def frees(self, stage: str, module: nn.Module) -> bool:
        """Whether any layer with parameters is free in a stage whose rule is to be frozen."""
        return any(
            self.is_free(stage, name, otherwise=False)
            for name, layer in layers_of(module)
            if any(True for _ in layer.parameters(recurse=False))
        )

    def apply(self, stage: str, module: nn.Module, *, otherwise: bool) -> None:
        """Freeze and free the layers of one stage, whose rule is ``otherwise`` (free or not)."""
        wanted = {name: self.is_free(stage, name, otherwise) for name, _ in layers_of(module)}
        if any(is_free != otherwise for is_free in wanted.values()):
            _set_each(module, wanted, otherwise=otherwise)
        for name, layer in layers_of(module):
            if any(is_within(name, pattern) for pattern in self.held):
                hold(layer)

    def check(self, node: str, base: Base) -> None:
        """Refuse a pattern that names nothing.

        Raises:
            PlanError: it would silently do nothing.
        """
        names = [(s.name, name) for s in base.stages for name, _ in layers_of(s.module)]
        for pattern in (*self.frozen, *self.free):
            if not any(matches([pattern], stage, layer) for stage, layer in names):
                known = list(dict.fromkeys([*(s for s, _ in names), *(layer for _, layer in names)]))
                raise PlanError(
                    f"Node '{node}': '{pattern}' names no stage and no layer of '{base.card.id}'.",
                    hint=did_you_mean(pattern, known),
                    node=node,
                )


def layers_of(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the layers that own parameters or buffers, by original name."""
    for name, layer in module.named_modules():
        own = (*layer.parameters(recurse=False), *layer.buffers(recurse=False))
        if name and own:
            yield name, layer


def _set_each(module: nn.Module, wanted: Mapping[str, bool], *, otherwise: bool) -> None:
    """Free the ``wanted`` layers of a stage and freeze the others, each for itself.

    What has no tensors, such as dropout, goes with the layer around it. A container is held only when
    nothing in it is free: a held one would keep ``train()`` from its children.
    """
    free(module)
    for name, layer in module.named_modules():
        around = [key for key in wanted if is_within(name, key)]
        if wanted[max(around, key=len)] if around else otherwise:
            continue
        for parameter in layer.parameters(recurse=False):
            parameter.requires_grad_(False)
        if not any(wanted[key] for key in wanted if not name or key.startswith(f"{name}.")):
            hold(layer)


def matches(patterns: Iterable[str], stage: str, layer: str) -> bool:
    """Whether any of the patterns names a layer or its stage."""
    return any(is_within(stage, p) or is_within(layer, p) for p in patterns)


def is_within(name: str, pattern: str) -> bool:
    """Whether a name is the pattern's own, lies inside of it, or fits its signs."""
    return name == pattern or name.startswith(f"{pattern}.") or fnmatchcase(name, pattern)
