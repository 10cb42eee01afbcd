"""From a strategy to a cut: how much of the base is retrained."""

from __future__ import annotations

from collections.abc import Sequence

from graftwork.bases import check_cut
from graftwork.documents.card import BaseCard
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import Strategy
from graftwork.errors import PlanError

__all__ = ["resolve_cut", "strategy_at", "why_not_cut"]

# Share of the stages that hold parameters which stays frozen, counted from the input. The popular table
# says "some" and "most" without a number; thirds split the depth evenly.
FROZEN_SHARE: dict[Strategy, float] = {"some_layers": 2 / 3, "most_layers": 1 / 3}


def resolve_cut(card: BaseCard, strategy: Strategy, cut: str | None) -> str:
    """Return the cut of a strategy: stages up to it are frozen; ``input`` means that none is.

    Args:
        card: the base's card.
        strategy: how much of the base is retrained.
        cut: the user's own choice, which goes first.

    Raises:
        CutError: ``cut`` does not exist or is not legal.
        PlanError: ``cut`` contradicts the strategy.
    """
    last = card.stages[-1].name
    if cut is not None:
        check_cut(card, cut)
        _refuse_contradiction(card, strategy, cut, last)
        return cut
    if strategy == "head_only":
        return last
    if strategy in FROZEN_SHARE:
        return _cut_by_depth(card, FROZEN_SHARE[strategy])
    return INPUT_CUT


def strategy_at(card: BaseCard, cut: str, present: Strategy) -> Strategy:
    """Return the strategy that a cut is: set both, and ``resolve_cut`` agrees.

    Args:
        card: the base's card.
        cut: a legal cut.
        present: strategy of the node now; it stays where it can hold this cut.
    """
    if cut == card.stages[-1].name:
        return "head_only"
    if present == "probe_then_tune" or (present == "from_scratch" and cut == INPUT_CUT):
        return present
    if cut == INPUT_CUT:
        return "all_layers"
    if present in FROZEN_SHARE and resolve_cut(card, present, None) == cut:
        return present
    total = sum(1 for stage in card.stages if stage.num_parameters)
    is_less = 2 * len(_trainable_after(card, cut)) <= total
    return "some_layers" if is_less else "most_layers"


def why_not_cut(card: BaseCard, cut: str) -> str | None:
    """Return why no strategy can freeze the stages up to ``cut`` and train the rest; None when one can.

    Args:
        card: the base's card.
        cut: 'input', or the name of a stage.
    """
    last = card.stages[-1].name
    if cut in (INPUT_CUT, last):
        return None
    stage = next(s for s in card.stages if s.name == cut)
    if not stage.cut_is_legal:
        return f"After '{cut}' data passes through more than one tensor, so the base cannot be cut there."
    if not _trainable_after(card, cut):
        return f"No stage after '{cut}' has parameters: cut after '{last}', which freezes the whole base."
    return None


def _refuse_contradiction(card: BaseCard, strategy: Strategy, cut: str, last: str) -> None:
    if strategy == "head_only" and cut != last:
        raise PlanError(
            f"Strategy head_only freezes the whole base, but the cut '{cut}' would free what comes after it.",
            hint="Use --strategy some_layers with this cut, or leave the cut out.",
        )
    if strategy in ("from_scratch", "all_layers") and cut != INPUT_CUT:
        raise PlanError(
            f"Strategy {strategy} trains the whole base, but the cut '{cut}' would freeze a part of it.",
            hint="Use --strategy most_layers with this cut, or leave the cut out.",
        )
    if strategy != "head_only" and not _trainable_after(card, cut):
        raise PlanError(
            f"Strategy {strategy} retrains a part of the base, but no stage after '{cut}' has parameters.",
            hint="Use --strategy head_only, or an earlier cut.",
        )


def _trainable_after(card: BaseCard, cut: str) -> Sequence[str]:
    names = [s.name for s in card.stages]
    start = 0 if cut == INPUT_CUT else names.index(cut) + 1
    return [s.name for s in card.stages[start:] if s.num_parameters]


def _cut_by_depth(card: BaseCard, frozen_share: float) -> str:
    """Return the legal cut nearest to the wanted depth that leaves something to train."""
    with_parameters = [s.name for s in card.stages if s.num_parameters]
    wanted = max(1, min(len(with_parameters) - 1, round(frozen_share * len(with_parameters))))
    depth = {name: i + 1 for i, name in enumerate(with_parameters)}
    legal = [s.name for s in card.stages if s.cut_is_legal and _trainable_after(card, s.name)]
    depths = {name: _depth_of(card, name, depth) for name in legal}
    if not depths:
        return INPUT_CUT
    return min(depths, key=lambda name: abs(depths[name] - wanted))


def _depth_of(card: BaseCard, cut: str, depth: dict[str, int]) -> int:
    here = 0
    for stage in card.stages:
        here = depth.get(stage.name, here)
        if stage.name == cut:
            break
    return here
