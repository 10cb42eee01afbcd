"""A base: a pretrained model as a chain of stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from torch import Tensor, nn

from graftwork.bases.low_rank import is_low_rank_name
from graftwork.documents.card import BaseCard
from graftwork.errors import CutError, did_you_mean

__all__ = ["INPUT", "Base", "Stage", "check_cut"]

INPUT = "input"


@dataclass(frozen=True)
class Stage:
    """A named block between two cut points; it shares its parameters with the base's module."""

    name: str
    module: nn.Module


@final
class Base:
    """A pretrained model that can be cut between its stages.

    Args:
        card: what the base says about itself.
        module: the whole original model, in evaluation mode.
        stages: the model without its old classifier, in order.
        classifier: what follows the last stage; None when the model has no classifier.
    """

    def __init__(
        self, card: BaseCard, module: nn.Module, stages: tuple[Stage, ...], classifier: nn.Module | None
    ) -> None:
        self.card = card
        self.module = module
        self.stages = stages
        self.classifier = classifier
        self._names = set(module.state_dict())

    def __repr__(self) -> str:
        return f"Base({self.card.id!r}, {len(self.stages)} stages, {self.card.num_parameters:,} parameters)"

    def stage_names(self) -> tuple[str, ...]:
        """Return the names of the stages in order."""
        return tuple(stage.name for stage in self.stages)

    def features(self, x: Tensor, cut: str) -> Tensor:
        """Return the output of the stage ``cut``.

        Args:
            x: normalized images, shape (b, c, h, w), as the card's port says.
            cut: name of a stage, or "input" for ``x`` itself.

        Raises:
            CutError: no stage of that name, or no legal cut after it.
        """
        for stage in self.stages[: self._num_before(cut)]:
            x = stage.module(x)
        return x

    def rest(self, h: Tensor, cut: str) -> Tensor:
        """Return the old prediction from the features ``h`` at ``cut``.

        Law: ``rest(features(x, cut), cut) == module(x)``, bit for bit in evaluation mode.

        Raises:
            CutError: no stage of that name, or no legal cut after it.
        """
        for stage in self.stages[self._num_before(cut) :]:
            h = stage.module(h)
        return h if self.classifier is None else self.classifier(h)

    def tensors_of(self, stage_name: str) -> dict[str, Tensor]:
        """Return the saved parameters and buffers of a stage by their original names.

        Buffers that the model computes anew when it is built are left out, as they are from its state. Low-rank
        changes of its layers are with them.

        Raises:
            CutError: no stage of that name.
        """
        for stage in self.stages:
            if stage.name == stage_name:
                state = stage.module.state_dict(keep_vars=True)
                return {n: t for n, t in state.items() if n in self._names or is_low_rank_name(n)}
        raise unknown_cut(self.card, stage_name)

    @property
    def num_features(self) -> int:
        """Channels of the last stage's output: d of (d,) and (tokens, d), c of (c, h, w)."""
        shape = self.card.stages[-1].output_shape
        return shape[0] if len(shape) == 3 else shape[-1]

    def _num_before(self, cut: str) -> int:
        check_cut(self.card, cut)
        return 0 if cut == INPUT else self.stage_names().index(cut) + 1


def check_cut(card: BaseCard, cut: str) -> None:
    """Raise unless ``cut`` names a legal cut of the base; "input" always is one.

    Raises:
        CutError: no stage of that name, or no legal cut after it; names the nearest legal ones.
    """
    if cut == INPUT or cut in card.legal_cuts:
        return
    names = [stage.name for stage in card.stages]
    if cut in names:
        at, reason = names.index(cut), "data also flows around it"
        raise no_cut(card, cut, reason, names[:at], names[at:])
    inside = [name for name in names if name.startswith(f"{cut}.")]
    stage = card.stage_of(cut)
    if inside:
        first, last = names.index(inside[0]), names.index(inside[-1])
        raise no_cut(card, cut, f"it is made of the stages {', '.join(inside)}", names[:first], names[last:])
    if stage is None:
        raise unknown_cut(card, cut)
    at = names.index(stage.name)
    blocks = "" if stage.name == cut else f" ({stage.kind})"
    raise no_cut(card, cut, f"it lies inside '{stage.name}'{blocks}", names[:at], names[at:])


def no_cut(card: BaseCard, cut: str, reason: str, before: list[str], after: list[str]) -> CutError:
    """Return the error for a place between stages, or inside one, with the legal cuts on both sides."""
    legal = card.legal_cuts
    earlier = next((name for name in reversed(before) if name in legal), INPUT)
    later = next((name for name in after if name in legal), None)
    nearest = [earlier, *([later] if later else [])]
    sides = [f"'{earlier}' before it", *([f"'{later}' after it"] if later else [])]
    return CutError(
        f"Base '{card.id}' cannot be cut after '{cut}': {reason}.",
        hint=f"Nearest legal cuts: {' and '.join(sides)}.",
        cut=cut,
        legal=list(legal),
        nearest=nearest,
    )


def unknown_cut(card: BaseCard, cut: str) -> CutError:
    """Return the error for a stage that the base does not have."""
    old = card.old_classifier
    what = (
        "its old classifier, which is cut off"
        if old and (cut + ".").startswith(old.name + ".")
        else "no stage of the base"
    )
    names = [INPUT, *card.legal_cuts]
    return CutError(
        f"Cut '{cut}' is {what}: '{card.id}' has the stages {', '.join(names[1:])}.",
        hint=did_you_mean(cut, names),
        cut=cut,
        legal=list(card.legal_cuts),
    )
