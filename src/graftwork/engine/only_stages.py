"""Surgical choice of stages, said as what there is already: a cut, and stages after it that stay frozen."""

from __future__ import annotations

from graftwork.documents.card import BaseCard
from graftwork.documents.plan import INPUT_CUT
from graftwork.engine.layer_rules import is_within
from graftwork.engine.strategy import resolve_cut
from graftwork.errors import PlanError, did_you_mean
from graftwork.graph.contracts import BackboneSettings

__all__ = ["cut_of", "frozen_after_cut"]


def cut_of(card: BaseCard, settings: BackboneSettings) -> str:
    """Return the cut of a backbone: the last legal one before its only stages, or what its strategy says.

    Raises:
        CutError, PlanError: as ``resolve_cut`` says, or the stages contradict cut or strategy.
    """
    if not settings.only_stages:
        return resolve_cut(card, settings.strategy, settings.cut)
    first = min(_chosen(card, settings))
    legal = [s.name for s in card.stages[:first] if s.cut_is_legal]
    return legal[-1] if legal else INPUT_CUT


def frozen_after_cut(card: BaseCard, settings: BackboneSettings) -> tuple[str, ...]:
    """Return the stages after ``cut_of`` that stay frozen, because the only stages do not name them.

    Raises:
        PlanError: the stages contradict cut or strategy.
    """
    if not settings.only_stages:
        return ()
    chosen = _chosen(card, settings)
    names = [s.name for s in card.stages]
    cut = cut_of(card, settings)
    border = 0 if cut == INPUT_CUT else names.index(cut) + 1
    return tuple(name for i, name in enumerate(names) if i >= border and i not in chosen)


def _chosen(card: BaseCard, settings: BackboneSettings) -> set[int]:
    """Return the places of the stages that are named."""
    _refuse_contradiction(settings)
    found: set[int] = set()
    for pattern in settings.only_stages:
        places = {i for i, s in enumerate(card.stages) if is_within(s.name, pattern)}
        if not places:
            raise PlanError(
                f"only_stages: '{pattern}' names no stage of '{card.id}'.",
                hint=did_you_mean(pattern, [s.name for s in card.stages]),
            )
        if not any(card.stages[i].num_parameters for i in places):
            raise PlanError(
                f"only_stages: '{pattern}' has no parameters, so nothing in it can be retrained.",
                hint="Name a stage that has some: graftwork bases show lists them.",
            )
        found |= places
    return found


def _refuse_contradiction(settings: BackboneSettings) -> None:
    names = ", ".join(settings.only_stages)
    if settings.cut is not None:
        raise PlanError(
            f"only_stages ({names}) and the cut '{settings.cut}' both say what is frozen.",
            hint="Leave one of them out.",
        )
    if settings.strategy in ("head_only", "all_layers", "from_scratch"):
        says = "freezes the whole base" if settings.strategy == "head_only" else "trains the whole base"
        raise PlanError(
            f"Strategy {settings.strategy} {says}, but only_stages ({names}) retrains a part of it.",
            hint="Use --strategy some_layers with only_stages.",
        )
