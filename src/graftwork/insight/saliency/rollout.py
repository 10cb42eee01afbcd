"""Attention weighted by gradients, followed through all layers of a transformer."""

from __future__ import annotations

import torch
from torch import Tensor

from graftwork.engine.network import call_step
from graftwork.engine.preview.tokens import TokenGrid, token_grid
from graftwork.errors import FlowError
from graftwork.insight.attention import AttentionReader, global_attention
from graftwork.insight.saliency.question import Question
from graftwork.insight.stages import require_placed

__all__ = ["attention_rollout", "can_roll_out"]


def can_roll_out(question: Question) -> bool:
    """Whether the main base attends from all tokens to all tokens, on a grid, so that it can be followed."""
    with torch.inference_mode():
        _, tokens, found = _walk(question, question.image)
    return _followed(question, tokens, found) is not None


def attention_rollout(question: Question) -> Tensor:
    """Return where the evidence for a class lies, (h, w) on the grid of tokens, >= 0.

    Each layer's attention, weighted by the gradient of the score and without what speaks against it, is
    followed back to the first tokens: R ← R + mean over heads of (∇A ⊙ A)⁺ · R, from R = 1. The last tokens
    count by the size of the score's gradient: the class token alone, or all of them where they are averaged.

    Raises:
        FlowError: the base does not attend from all tokens to all tokens, or the score does not depend on it.

    Source: Chefer et al. 2021, "Generic attention-model explainability for interpreting bi-modal and
    encoder-decoder transformers", arXiv:2103.15679, eq. 5-6; rollout after Abnar & Zuidema 2020,
    arXiv:2005.00928.
    """
    image = question.image.detach().clone().requires_grad_()
    with torch.enable_grad():
        wire, tokens, found = _walk(question, image)
        layers_and_grid = None if tokens is None else _followed(question, tokens, found)
        if tokens is None or layers_and_grid is None:
            raise _not_followed(question)
        layers, grid = layers_and_grid
        output = question.output({**question.values, wire: tokens.clone()})
        score = question.scores(output).sum()
        slopes = (
            torch.autograd.grad(score, [tokens, *layers], allow_unused=True) if score.requires_grad else ()
        )
    if not slopes or slopes[0] is None:
        raise FlowError(
            "What the network says does not depend on the tokens of its base.",
            hint="Code that stops gradients cannot be explained like this; use integrated_gradients.",
        )
    relevance = _roll(layers, slopes[1:], int(tokens.shape[1]))
    reads = slopes[0][0].norm(dim=1)
    rows = reads / reads.sum().clamp_min(1e-30)
    told: Tensor = (rows @ relevance)[grid.extra :].reshape(grid.height, grid.width)
    return told


def _walk(question: Question, image: Tensor) -> tuple[str, Tensor | None, list[Tensor]]:
    """Run the stages of the base; return the last output that is made of tokens, its wire, and the attention."""
    network = question.network
    placed = require_placed(network)
    steps = {step.name: step for step in network.steps}
    chain = [steps[name] for name in placed.steps]
    first = chain[0].inputs[0]
    value = network.run({**question.values, network.image_wire: image}, [first])[first]
    wire, tokens, found = "", None, []
    with AttentionReader() as reader:
        for step in chain:
            (value, *_) = call_step(step, [value.clone()])
            if value.ndim == 3:
                wire, tokens, found = step.outputs[0], value, list(reader.found)
    return wire, tokens, found


def _followed(
    question: Question, tokens: Tensor | None, found: list[Tensor]
) -> tuple[list[Tensor], TokenGrid] | None:
    """Return the layers' attention and the grid, None where the way cannot be followed."""
    if tokens is None:
        return None
    layers = global_attention(found, int(tokens.shape[1]), 1)
    grid = token_grid(int(tokens.shape[1]), question.size)
    return None if layers is None or grid is None else (layers, grid)


def _roll(layers: list[Tensor], slopes: tuple[Tensor | None, ...], num_tokens: int) -> Tensor:
    """Return how much each token of the last layer took from each of the first, (n, n), itself apart."""
    own = torch.eye(num_tokens, device=layers[0].device)
    relevance = own
    for attention, slope in zip(layers, slopes, strict=True):
        if slope is None:
            continue
        heads = (slope.float() * attention.detach().float()).reshape(-1, num_tokens, num_tokens)
        relevance = relevance + heads.clamp_min(0).mean(0) @ relevance
    return relevance - own


def _not_followed(question: Question) -> FlowError:
    card = require_placed(question.network).base.card
    return FlowError(
        f"The attention of base '{card.id}' cannot be followed: it does not attend from all tokens to all tokens, "
        "or hides how it does.",
        hint="Use the method grad_cam or integrated_gradients.",
    )
