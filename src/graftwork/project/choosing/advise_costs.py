"""What each strategy would take on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from graftwork.documents.advice import StrategyCost
from graftwork.documents.card import BaseCard
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import Strategy
from graftwork.engine.prepare import prepare
from graftwork.engine.step_memory import step_memory
from graftwork.engine.strategy import resolve_cut, why_not_cut
from graftwork.errors import PlanError
from graftwork.project.controls import control_flow

if TYPE_CHECKING:
    from graftwork.project.looks.inspection import Inspection

__all__ = ["resolved_cut", "strategy_costs"]


def resolved_cut(card: BaseCard, strategy: Strategy, by_depth: str | None) -> str:
    """Return where the base is cut: of ``some_layers`` where the probe by depth says, else as the strategy does.

    Args:
        card: of the base.
        strategy: advised.
        by_depth: the probe's cut; kept where it leaves something to train and freezes something.
    """
    ends = (INPUT_CUT, card.stages[-1].name)
    if (
        strategy == "some_layers"
        and by_depth not in (None, *ends)
        and why_not_cut(card, str(by_depth)) is None
    ):
        return str(by_depth)
    return resolve_cut(card, strategy, None)


def strategy_costs(inside: Inspection, node: str) -> tuple[StrategyCost, ...]:
    """Return the costs of all strategies on the flow's data, with the flow's recipe.

    Seconds are the plan's; memory is what a step keeps, watched on a small one.
    """
    rows = []
    for strategy in get_args(Strategy):
        inside.check_stop()
        flow = control_flow(inside.flow, strategy)
        try:
            prepared = prepare(flow, inside.images, inside.workspace, compute=inside.prepared.plan.compute)
        except PlanError as error:
            inside.tell(f"{strategy}: {error.message}")
            continue
        plan, port = prepared.plan, prepared.built.port
        recipe = flow.recipe
        rows.append(
            StrategyCost(
                strategy=strategy,
                cut=plan.phases[-1].cuts.get(node, plan.cut),
                trainable_parameters=plan.num_trainable,
                seconds=plan.estimated_seconds,
                memory_bytes=step_memory(
                    prepared.network,
                    (port.channels, *prepared.transform.size),
                    recipe.batch,
                    recipe.optimizer,
                    plan.compute,
                ),
            )
        )
    return tuple(rows)
