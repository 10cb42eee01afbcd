"""The settings that come with an advice, each with its reason, and the flow with them written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graftwork.documents.advice import AdviceChange
from graftwork.documents.flow import Flow
from graftwork.documents.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graftwork.insight.advice import Decision
    from graftwork.project.choosing.advise_readings import Measured
    from graftwork.project.looks.inspection import Inspection

__all__ = ["changes_of", "with_changes"]

_HEAD_UPDATES, _TUNE_UPDATES = 600, 300
"""Updates in which a head on stored features, and unfrozen stages, come to rest on small data."""
_WHOLE_RATE = 5e-4
_FEWEST_EPOCHS, _MOST_EPOCHS = 5, 60
_FEW_PER_CLASS = 100
_NEAR_START = 0.1
"""Strength of L2-SP, as in its paper."""


def changes_of(
    inside: Inspection, node: str, decision: Decision, measured: Measured, cut: str
) -> tuple[AdviceChange, ...]:
    """Return the settings of the advice that differ from what the flow says."""
    wanted = [*_of_node(node, decision, measured, cut), *_of_recipe(inside, decision, measured)]
    found = []
    for home, field, value, reason in wanted:
        before = _present(inside.flow, home, field)
        if before != value:
            found.append(AdviceChange(node=home, field=field, value=value, before=before, reason=reason))
    return tuple(found)


def with_changes(flow: Flow, changes: tuple[AdviceChange, ...]) -> Flow:
    """Return the flow with the changes made."""
    recipe = flow.recipe.model_dump()
    for change in changes:
        if change.node is None:
            recipe[change.field] = change.value
        else:
            flow = flow.with_settings(change.node, **{change.field: change.value})
    return flow.edit(recipe=Recipe.model_validate(recipe))


def _present(flow: Flow, node: str | None, field: str) -> Any:
    from graftwork.graph.contracts import BackboneSettings

    if node is None:
        return getattr(flow.recipe, field)
    return getattr(BackboneSettings.model_validate(flow.node(node).settings), field)


_Wanted = tuple[str | None, str, Any, str]


def _of_node(node: str, decision: Decision, measured: Measured, cut: str) -> Iterator[_Wanted]:
    yield node, "strategy", decision.strategy, "As the map of size and similarity says."
    if decision.strategy == "some_layers" and cut == measured.depth.cut:
        yield node, "cut", cut, "The probe by depth finds no more for these classes in later stages."
    else:
        yield node, "cut", None, "The strategy decides."


def _of_recipe(inside: Inspection, decision: Decision, measured: Measured) -> Iterator[_Wanted]:
    recipe = inside.flow.recipe
    is_head = decision.strategy == "head_only"
    steps = max(1, -(-measured.size.num_images // recipe.batch))
    updates = _HEAD_UPDATES if is_head else _TUNE_UPDATES
    epochs = min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, round(updates / steps)))
    yield None, "epochs", epochs, f"About {updates} updates of {recipe.batch} images."
    is_small = measured.readings.images_per_class_median < _FEW_PER_CLASS
    if is_small and not is_head:
        yield None, "augment", "light", "With few images per class, unfrozen stages learn them by heart."
    if decision.strategy == "all_layers":
        yield (
            None,
            "probe_first",
            False,
            "On the whole base a probe first cost half a point in the proof of the advice.",
        )
        yield None, "learning_rate", _WHOLE_RATE, "The rate of the whole base in that proof."
    elif not is_head:
        yield None, "probe_first", True, "A head that fits first spares the base's features (Kumar 2022)."
    holds = decision.strategy == "most_layers"
    reason = "The base fits the data: it is held near its start (L2-SP)." if holds else "Nothing to hold."
    yield None, "l2_sp", _NEAR_START if holds else None, reason
