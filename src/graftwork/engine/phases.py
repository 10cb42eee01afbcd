"""The phases of a training before their rates are known: cuts, boundary, epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graftwork.documents.plan import INPUT_CUT, CachePlan, ParameterGroup, Phase, Unfreezing
from graftwork.documents.recipe import BatchNormMode, Recipe, Strategy
from graftwork.engine.boundary import Boundary, find_boundary, set_trainable
from graftwork.engine.network import Network

__all__ = ["PhaseFacts", "epochs_of", "phase_cuts", "phase_facts", "phase_of"]

_MIN_PROBE_EPOCHS = 20


@dataclass(frozen=True)
class PhaseFacts:
    """A phase before its rates are known: its cuts and where stored values may enter."""

    name: str
    cuts: Mapping[str, str]
    boundary: Boundary


def phase_cuts(
    network: Network, strategy: Strategy, recipe: Recipe, cuts: dict[str, str]
) -> list[tuple[str, dict[str, str]]]:
    """Return the phases by name, each with the cut of each base.

    Args:
        network: its bases.
        strategy: of the main base.
        recipe: whether a probe comes first.
        cuts: of the main phase.
    """
    whole = {node: placed.base.stage_names()[-1] for node, placed in network.bases.items()}
    if cuts == whole or strategy == "from_scratch":
        return [("main", cuts)]
    if recipe.probe_first or strategy == "probe_then_tune":
        return [("probe", whole), ("main", cuts)]
    return [("main", cuts)]


def phase_facts(network: Network, name: str, cuts: dict[str, str], batch_norm: BatchNormMode) -> PhaseFacts:
    """Freeze the network as a phase wants it, and return where stored values may enter."""
    set_trainable(network, cuts, batch_norm, with_rules=name == "main")
    return PhaseFacts(name, cuts, find_boundary(network))


def epochs_of(recipe: Recipe, name: str) -> int:
    """Return how many passes over the training images a phase makes."""
    if name == "probe":
        return recipe.probe_epochs or max(recipe.epochs, _MIN_PROBE_EPOCHS)
    return recipe.epochs


def phase_of(
    network: Network,
    recipe: Recipe,
    facts: PhaseFacts,
    cache: CachePlan,
    groups: tuple[ParameterGroup, ...] = (),
    unfreezing: tuple[Unfreezing, ...] = (),
) -> Phase:
    """Return the document of a phase."""
    main = network.main
    return Phase(
        name="probe" if facts.name == "probe" else "main",
        cut=facts.cuts[main.node] if main else INPUT_CUT,
        cuts=dict(facts.cuts),
        boundary=facts.boundary.name,
        epochs=epochs_of(recipe, facts.name),
        groups=groups,
        unfreezing=unfreezing,
        from_cache=cache.is_used and facts.boundary.name in cache.cuts,
    )
