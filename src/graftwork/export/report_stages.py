"""The base opened: its stages from input to head, what each holds and whether it was frozen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graftwork.documents.card import StageCard
from graftwork.documents.plan import Plan, StagePlan
from graftwork.export.folder import RunFolder

__all__ = ["StageRow", "list_stages", "node_states"]


@dataclass(frozen=True)
class StageRow:
    """One line of the opened base."""

    name: str
    kind: str
    shape: str
    num_parameters: int
    state: str
    """``frozen``, ``trainable``, ``no parameters``, ``left out`` or ``unknown``."""
    learning_rate: float | None
    share: float
    """Parameters over those of the largest stage."""
    card: StageCard | None
    is_boundary: bool = False
    """Whether this is the first trainable row after the frozen ones."""


def list_stages(run: RunFolder) -> tuple[StageRow, ...]:
    """Return the base's stages, the new head, and the old classifier that was cut off."""
    card, plan = run.record.card, run.plan
    cards = {s.name: s for s in card.stages} if card else {}
    planned = {s.name: s for s in plan.stages} if plan else {}
    rows = [_stage_row(name, cards.get(name), planned.get(name)) for name in cards or planned]
    if plan:
        rows.append(_head_row(plan))
    first = next((i for i, r in enumerate(rows) if r.state == "trainable"), 0)
    has_frozen = any(r.state == "frozen" for r in rows[:first])
    if card and card.old_classifier:
        rows.append(
            replace(_stage_row(card.old_classifier.name, card.old_classifier, None), state="left out")
        )
    largest = max((r.num_parameters for r in rows), default=0) or 1
    return tuple(
        replace(r, share=r.num_parameters / largest, is_boundary=has_frozen and i == first)
        for i, r in enumerate(rows)
    )


def _stage_row(name: str, card: StageCard | None, step: StagePlan | None) -> StageRow:
    count = card.num_parameters if card else step.num_parameters if step else 0
    if not count and not (card and card.num_buffer_values):
        state = "no parameters"
    else:
        state = "unknown" if step is None else "frozen" if step.is_frozen else "trainable"
    shape = "(" + ", ".join(map(str, card.output_shape)) + ")" if card else ""
    rate = step.learning_rate if step and count else None
    return StageRow(name, card.kind if card else "", shape, count, state, rate, 0.0, card)


def _head_row(plan: Plan) -> StageRow:
    groups = plan.phases[-1].groups if plan.phases else ()
    rate = next((g.learning_rate for g in groups if "head" in g.name), None)
    shape = f"({len(plan.classes)})"
    return StageRow("head", "new head", shape, plan.head_parameters, "trainable", rate, 0.0, None)


def node_states(run: RunFolder) -> dict[str, str]:
    """Return the CSS class of the flow's nodes that hold parameters and run."""
    if run.flow is None or run.plan is None:
        return {}
    frozen = [s.is_frozen for s in run.plan.stages]
    backbone = "frozen" if frozen and all(frozen) else "partly" if any(frozen) else "trainable"
    states = {"backbone": backbone, "head": "trainable"}
    return {n.id: states[n.component] for n in run.flow.nodes if n.component in states and not n.is_bypassed}
