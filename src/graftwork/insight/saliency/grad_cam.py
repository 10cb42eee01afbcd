"""Grad-CAM: the channels of a stage, weighted by what they mean for a class."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from graftwork.engine.preview.tokens import on_grid
from graftwork.engine.stage_features import stage_wires
from graftwork.errors import FlowError, UsageError, did_you_mean
from graftwork.insight.saliency.question import Question
from graftwork.insight.stages import require_placed

__all__ = ["GradCam", "enlarged", "grad_cam", "stages_with_places"]

_LEAST_PLACES = 4
"""Rows and columns that a stage should have to be chosen unasked: fewer say hardly where."""


@dataclass(frozen=True)
class GradCam:
    """A map of evidence.

    Args:
        stage: whose channels were weighted.
        map: (h, w) of that stage, >= 0.
        extra: tokens of that stage without a place, such as the class token, which the map leaves out.
    """

    stage: str
    map: Tensor
    extra: int = 0


def grad_cam(question: Question, stage: str | None = None) -> GradCam:
    """Return where the evidence for a class lies, at the resolution of a stage.

    The map is relu(Σ αₖ·Aₖ), αₖ the mean over places of the score's gradient by channel k. Tokens count as
    places of their grid; those without a place, such as the class token, are left out. Gradients are taken by
    the stage's output, so that it does not matter whether the base is frozen.

    Args:
        question: which score of which image.
        stage: with places and a legal cut; None takes the last one with at least 4 × 4 places where the score
            depends on them, else the last that has places at all.

    Raises:
        UsageError: no such stage, or it has no places.
        FlowError: the flow has no base, or the score depends on no stage with places.

    Source: Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based
    localization", arXiv:1610.02391, eq. 1-2.
    """
    wires = stages_with_places(question)
    names = [_checked(stage, wires, question)] if stage is not None else _in_order(wires)
    for name in names:
        found = _at(question, wires[name][0])
        if found is not None:
            return GradCam(name, *found)
    raise FlowError(
        f"What the network says does not depend on the places of {_listed(names)}.",
        hint="Code that stops gradients, or only uses a class token there, cannot be explained at that stage; "
        "name an earlier one, or use integrated_gradients.",
    )


def stages_with_places(question: Question) -> dict[str, tuple[str, tuple[int, int]]]:
    """Return the stages that Grad-CAM can be taken at: wire, and rows and columns of places, in order."""
    network = question.network
    main = require_placed(network)
    legal = main.base.card.legal_cuts
    wires = {name: wire for name, wire in stage_wires(network, main.node).items() if name in legal}
    with torch.no_grad():
        found = {}
        value = dict(question.values)
        for name, wire in wires.items():
            output = network.run(value, [wire])[wire]
            placed = on_grid(output, question.size)
            if placed is not None and placed[1].height * placed[1].width > 1:
                found[name] = (wire, (placed[1].height, placed[1].width))
            value = {**question.values, wire: output.clone()}
    return found


def enlarged(small: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a map (h, w) at another size, bilinearly."""
    if tuple(small.shape) == size:
        return small
    return functional.interpolate(small[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]


def _at(question: Question, wire: str) -> tuple[Tensor, int] | None:
    """Return the map at a wire, and its tokens without a place; None when the score does not depend on its places."""
    network = question.network
    with torch.no_grad():
        features = network.run(question.values, [wire])[wire]
    features = features.detach().float().clone().requires_grad_()
    with torch.enable_grad():
        # A copy goes on: layers that write into their input must not change what the gradient is taken by.
        output = question.output({**question.values, wire: features.clone()})
        score = question.scores(output).sum()
        if not score.requires_grad:
            return None
        (slopes,) = torch.autograd.grad(score, features, allow_unused=True)
    placed = None if slopes is None else on_grid(slopes, question.size)
    if placed is None or not bool(placed[0].abs().amax() > 0):
        return None
    values = on_grid(features.detach(), question.size)
    assert values is not None
    weights = placed[0].mean((2, 3), keepdim=True)
    return (weights * values[0]).sum(1)[0].clamp_min(0), values[1].extra


def _checked(stage: str, wires: dict[str, tuple[str, tuple[int, int]]], question: Question) -> str:
    if stage in wires:
        return stage
    known = require_placed(question.network).base.stage_names()
    why = "has no places in the image, or no legal cut" if stage in known else "is no stage of the base"
    hint = f"Stages with places: {_listed(list(wires)) or 'none'}."
    guess = None if stage in known else did_you_mean(stage, known)
    raise UsageError(f"'{stage}' {why}.", hint=f"{guess} {hint}" if guess else hint)


def _in_order(wires: dict[str, tuple[str, tuple[int, int]]]) -> list[str]:
    """Return the stages in the order in which they are tried."""
    fine = [name for name, (_, (h, w)) in wires.items() if min(h, w) >= _LEAST_PLACES]
    rest = [name for name in wires if name not in fine]
    return [*reversed(fine), *reversed(rest)]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
