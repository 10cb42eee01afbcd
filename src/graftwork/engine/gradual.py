"""Gradual unfreezing: which stages are free in which epoch of a phase, from the top down to the cut."""

from __future__ import annotations

from collections.abc import Sequence

from graftwork.documents.plan import INPUT_CUT, ParameterGroup, Phase, Unfreezing
from graftwork.documents.recipe import Recipe, Strategy
from graftwork.engine.network import Network
from graftwork.errors import PlanError

__all__ = [
    "epochs_of_steps",
    "first_whole_epoch",
    "groups_in",
    "plan_unfreezing",
    "step_in",
    "tensors_in",
    "unfreezing_notes",
]

_Waves = dict[str, list[list[str]]]
"""Per base's node: the stages that are freed together, the topmost first."""


def plan_unfreezing(
    network: Network, recipe: Recipe, groups: Sequence[ParameterGroup], strategy: Strategy
) -> tuple[Unfreezing, ...]:
    """Return when which stages of a main phase become free; nothing when all are at once.

    Args:
        network: frozen as the phase ends: with all of its stages free.
        recipe: every how many epochs, and how many stages.
        groups: of the phase, from input to objective.
        strategy: of the main base.

    Raises:
        PlanError: the choice would do nothing, or the epochs do not suffice for all stages.

    Source: Howard & Ruder 2018, "Universal language model fine-tuning", arXiv:1801.06146, §3.3. Its first step, the
    last layer alone, is the probe.
    """
    if recipe.unfreeze_every is None:
        if recipe.unfreeze_stages != 1:
            raise PlanError(
                "unfreeze_stages says how many stages are freed at a time, but unfreeze_every is not set.",
                hint="Set unfreeze_every to a number of epochs.",
            )
        return ()
    waves = _waves(network, recipe.unfreeze_stages)
    _refuse(recipe, strategy, waves)
    count = max(len(own) for own in waves.values())
    steps = []
    for number in range(count):
        freed = {node: own[number] for node, own in waves.items() if number < len(own)}
        steps.append(
            Unfreezing(
                epoch=1 + number * recipe.unfreeze_every,
                stages=tuple(
                    name if len(network.bases) == 1 else f"{node}/{name}"
                    for node, names in freed.items()
                    for name in names
                ),
                not_yet={node: _waiting(network, node, own, number) for node, own in waves.items()},
                groups=_groups(network, groups, freed, is_first=number == 0),
            )
        )
    return tuple(steps)


def _waves(network: Network, size: int) -> _Waves:
    found: _Waves = {}
    for node, placed in network.bases.items():
        free = [s.name for s in placed.base.stages if any(p.requires_grad for p in s.module.parameters())]
        free.reverse()
        if free:
            found[node] = [free[i : i + size] for i in range(0, len(free), size)]
    return found


def _refuse(recipe: Recipe, strategy: Strategy, waves: _Waves) -> None:
    every, size = recipe.unfreeze_every, recipe.unfreeze_stages
    assert every is not None
    if strategy == "from_scratch":
        raise PlanError(
            "From scratch no stage holds anything worth keeping, so gradual unfreezing has no sense.",
            hint="Leave unfreeze_every out, or start from pretrained weights.",
        )
    if not waves:
        raise PlanError(
            f"unfreeze_every frees stages every {every} epochs, but strategy {strategy} frees none.",
            hint="Choose a strategy that frees stages, such as all_layers, or leave unfreeze_every out.",
        )
    count = max(len(own) for own in waves.values())
    if count == 1:
        raise PlanError(
            f"unfreeze_every would do nothing: all free stages are within the first {size}.",
            hint="Choose an earlier cut, lower unfreeze_stages, or leave unfreeze_every out.",
        )
    wanted = (count - 1) * every + 1
    if recipe.epochs < wanted:
        raise PlanError(
            f"Freeing {size} stage{'s' * (size > 1)} every {every} epochs takes {wanted} epochs until all are free, "
            f"but there are {recipe.epochs}.",
            hint=f"Set epochs to {wanted} or more, or free more stages at a time.",
        )


def _waiting(network: Network, node: str, own: list[list[str]], number: int) -> str:
    """Return the cut up to which the stages of a base wait at a step."""
    if number + 1 >= len(own):
        return INPUT_CUT
    names = network.bases[node].base.stage_names()
    lowest = names.index(own[number][-1])
    return names[lowest - 1] if lowest else INPUT_CUT


def _groups(
    network: Network, groups: Sequence[ParameterGroup], freed: dict[str, list[str]], *, is_first: bool
) -> tuple[str, ...]:
    """Return the names of the groups that become free with some stages; new parts are free from the first step."""
    owner: dict[str, tuple[str, str]] = {}
    for node, placed in network.bases.items():
        for step, stage in zip(placed.steps, placed.base.stage_names(), strict=True):
            owner[step] = owner[f"{step}/plain"] = (node, stage)
    wanted = {(node, name) for node, names in freed.items() for name in names}
    return tuple(g.name for g in groups if owner.get(g.name) in wanted or (is_first and g.name not in owner))


def step_in(phase: Phase, epoch: int) -> Unfreezing | None:
    """Return the step of gradual unfreezing that an epoch, from 1, lies in; None when all is free at once."""
    begun = [step for step in phase.unfreezing if step.epoch <= max(1, epoch)]
    return begun[-1] if begun else None


def groups_in(phase: Phase, epoch: int) -> tuple[ParameterGroup, ...]:
    """Return the parameter groups of an epoch, from 1, in the order of the phase."""
    if not phase.unfreezing:
        return phase.groups
    free = {name for step in phase.unfreezing if step.epoch <= max(1, epoch) for name in step.groups}
    return tuple(group for group in phase.groups if group.name in free)


def tensors_in(phase: Phase, epoch: int) -> set[str]:
    """Return the names of the tensors that a phase moves up to the end of an epoch, from 1."""
    return {name for group in groups_in(phase, epoch) for name in group.tensors}


def first_whole_epoch(phase: Phase) -> int:
    """Return the first epoch, from 1, in which all stages of a phase are free."""
    return phase.unfreezing[-1].epoch if phase.unfreezing else 1


def epochs_of_steps(phase: Phase) -> list[tuple[Unfreezing | None, int]]:
    """Return each step with the number of its epochs; one without a step when all is free at once."""
    if not phase.unfreezing:
        return [(None, phase.epochs)]
    ends = [step.epoch for step in phase.unfreezing[1:]] + [phase.epochs + 1]
    return [(step, end - step.epoch) for step, end in zip(phase.unfreezing, ends, strict=True)]


def unfreezing_notes(phase: Phase) -> list[str]:
    """Return what a plan says of gradual unfreezing."""
    if not phase.unfreezing:
        return []
    said = "; ".join(f"{', '.join(step.stages)} from epoch {step.epoch}" for step in phase.unfreezing)
    notes = [f"Gradual unfreezing: {said}. An early stop waits until all are free."]
    if phase.from_cache:
        notes.append(
            f"Stored features stay those at '{phase.boundary}': stages behind it are computed anew in each epoch, "
            "also while they wait."
        )
    return notes
