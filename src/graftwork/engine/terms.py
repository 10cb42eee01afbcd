"""Loss terms: what the main phase adds to the loss of the objectives.

The methods that bring them lie above this layer. They are found by name when a recipe asks for them; a package
offers further ones through the entry-point group "graftwork.methods", each a ``Method`` under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol, get_args

from torch import Tensor, nn

from graftwork.documents.plan import ComputePlan, Phase
from graftwork.documents.recipe import Recipe, Strategy
from graftwork.engine.evaluate import Split
from graftwork.engine.network import Crossing, Network, PlacedBase, Step
from graftwork.engine.objectives import Objectives
from graftwork.errors import PlanError, UnknownName, UsageError, did_you_mean
from graftwork.graph.adaptation import AdaptationMethod

__all__ = [
    "LossTerm",
    "Method",
    "TermFacts",
    "TermView",
    "asked_terms",
    "base_end",
    "find_method",
    "list_methods",
    "make_terms",
    "mark_terms",
    "moving_stages",
    "of_target",
    "plan_terms",
    "trains_base",
]

ENTRY_POINTS = "graftwork.methods"
_BUILT_IN = {
    "l2_sp": "graftwork.methods.near_start.l2_sp:L2_SP",
    "bss": "graftwork.methods.near_start.bss:BSS",
    "delta": "graftwork.methods.near_start.delta:DELTA",
    "co_tuning": "graftwork.methods.source_classes.co_tuning:CO_TUNING",
}
_ACT_ON_HEADS = ("mcc", "entropy")  # on what is said of the target, wherever that can move
_ADAPTATION = "graftwork.methods.domains.term:adaptation_method"


@dataclass(frozen=True)
class TermFacts:
    """What a term is planned and made from.

    Args:
        network: with the pretrained weights, frozen as the main phase wants it.
        recipe: its weight, among all training choices.
        strategy: of the main base.
        is_probed: whether a probe phase trains the head first.
        label_kind: of the data.
        num_classes: of the data; 0 where labels are no classes.
    """

    network: Network
    recipe: Recipe
    strategy: Strategy
    is_probed: bool
    label_kind: str
    num_classes: int


@dataclass(frozen=True)
class TermView:
    """What a term may look at once, before the first step of the main phase."""

    network: Network
    train: Split
    objectives: Objectives
    compute: ComputePlan


class LossTerm(nn.Module):
    """A part of the loss. Its parameters are trained beside the network; its state is in the checkpoints.

    ``wires``: values that ``forward`` reads, of the network or of the data. ``target_wires``: those that it reads of
    a target batch too; ``of_target`` names them. ``starts_anew``: its own parameters learn at the rate of new parts.
    ``progress``: share of the phase that is over, set before each step.
    """

    wires: tuple[str, ...] = ()
    target_wires: tuple[str, ...] = ()
    starts_anew = False
    progress = 0.0

    def fit(self, view: TermView) -> str | None:
        """Learn from the training images with the pretrained weights; returns a sentence to tell, or None."""
        del view
        return None

    def forward(self, values: Mapping[str, Tensor]) -> Tensor:
        """Return what is added to the loss of a batch, weight included: a scalar, in float32.

        Args:
            values: at ``wires`` at least. Called under the number format of the run.
        """
        raise NotImplementedError


class Method(Protocol):
    """How a term is planned and made."""

    name: str

    def refuse(self, facts: TermFacts) -> None:
        """Raise ``PlanError`` where the term would do nothing, or contradicts another choice."""
        ...

    def note(self, facts: TermFacts) -> str:
        """Return one sentence for the plan: what is done, on how much, how strongly."""
        ...

    def make(self, facts: TermFacts) -> LossTerm:
        """Return the term; the network has its pretrained weights at this moment."""
        ...


@cache
def _plugins() -> dict[str, Method]:
    found: dict[str, Method] = {}
    for point in entry_points(group=ENTRY_POINTS):
        if point.name in _BUILT_IN or point.name in found:
            raise UsageError(
                f"A method named '{point.name}' is there already.", hint="Give the new one another name."
            )
        found[point.name] = point.load()
    return found


def list_methods() -> tuple[str, ...]:
    """Return the names of all loss terms."""
    return (*_BUILT_IN, *sorted(_plugins()))


def of_target(wire: str) -> str:
    """Return under which name a term finds the target's value of a wire."""
    return f"target:{wire}"


def find_method(name: str) -> Method:
    """Return a method by name.

    Raises:
        UnknownName: none is called so; the hint guesses.
    """
    if name in get_args(AdaptationMethod):
        module, _, attribute = _ADAPTATION.partition(":")
        made: Callable[[str], Method] = getattr(import_module(module), attribute)
        return made(name)
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        method: Method = getattr(import_module(module), attribute)
        return method
    if name not in _plugins():
        raise UnknownName(f"No loss term is called '{name}'.", hint=did_you_mean(name, list_methods()))
    return _plugins()[name]


def asked_terms(recipe: Recipe, crossing: Crossing | None = None) -> tuple[str, ...]:
    """Return the names of the terms that a recipe and an adaptation ask for, in a fixed order."""
    asked = {
        "l2_sp": recipe.l2_sp is not None or recipe.l2_sp_head is not None,
        "bss": recipe.bss > 0,
        "delta": recipe.delta > 0,
        "co_tuning": recipe.co_tuning > 0,
    }
    adapting = () if crossing is None else (crossing.method,)
    return (*(name for name, is_asked in asked.items() if is_asked), *sorted(recipe.further_terms), *adapting)


def plan_terms(facts: TermFacts) -> tuple[str, ...]:
    """Return what a plan says of the terms that its recipe asks for.

    Raises:
        PlanError, NoSourceHead: a term would do nothing, or contradicts another choice.
    """
    notes = []
    for name in asked_terms(facts.recipe, facts.network.crossing):
        method = find_method(name)
        if name not in _ACT_ON_HEADS:
            _refuse_without_base(facts, name)
        method.refuse(facts)
        notes.append(method.note(facts))
    return tuple(notes)


def _refuse_without_base(facts: TermFacts, name: str) -> None:
    if not trains_base(facts.network):
        raise PlanError(
            f"'{name}' acts on what is trained of a base, and nothing of a base is trained.",
            hint=f"Choose a strategy that unfreezes layers, or leave {name} out.",
        )


def make_terms(facts: TermFacts) -> dict[str, LossTerm]:
    """Return the terms that a recipe asks for, by name. The network has its pretrained weights at this moment."""
    return {name: find_method(name).make(facts) for name in asked_terms(facts.recipe, facts.network.crossing)}


def mark_terms(
    phases: tuple[Phase, ...], recipe: Recipe, crossing: Crossing | None = None
) -> tuple[Phase, ...]:
    """Return the phases with the names of the terms that act in them: in the main phase alone."""
    asked = asked_terms(recipe, crossing)
    return tuple(p.edit(terms=asked) if p.name == "main" and asked else p for p in phases)


# -- what terms ask of a network ------------------------------------------------------------------------


def trains_base(network: Network) -> bool:
    """Whether anything of a base moves, as it is frozen now."""
    return any(p.requires_grad for s in network.steps if s.role == "base" for p in s.module.parameters())


def stages_of(network: Network, placed: PlacedBase) -> Iterator[Step]:
    """Yield the steps of a base in order."""
    by_name = {step.name: step for step in network.steps}
    return (by_name[name] for name in placed.steps)


def moving_stages(network: Network, placed: PlacedBase) -> list[Step]:
    """Return the steps of a base from the first to the last in which something moves."""
    steps = list(stages_of(network, placed))
    moves = [i for i, s in enumerate(steps) if any(p.requires_grad for p in s.module.parameters())]
    return steps[moves[0] : moves[-1] + 1] if moves else []


def base_end(network: Network, placed: PlacedBase) -> str:
    """Return the wire at the end of a base."""
    return list(stages_of(network, placed))[-1].outputs[0]
