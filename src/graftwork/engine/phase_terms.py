"""The loss terms of a phase at work: their values, what they train beside the network, their state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from graftwork.documents.plan import ParameterGroup, Phase
from graftwork.documents.recipe import Recipe
from graftwork.engine.network import Network
from graftwork.engine.optim import default_rate
from graftwork.engine.terms import LossTerm, TermView

__all__ = ["PhaseTerms"]


class PhaseTerms:
    """The terms that act in a phase; none in most.

    Args:
        terms: by name, on the device of the network.
    """

    def __init__(self, terms: Mapping[str, LossTerm] | None = None) -> None:
        self._terms = dict(terms or {})
        self._set = nn.ModuleDict(self._terms)
        self.names = tuple(self._terms)

    @property
    def wires(self) -> tuple[str, ...]:
        """Values that the terms read."""
        return tuple(dict.fromkeys(w for term in self._terms.values() for w in term.wires))

    @property
    def target_wires(self) -> tuple[str, ...]:
        """Values of a target batch that the terms read."""
        return tuple(dict.fromkeys(w for term in self._terms.values() for w in term.target_wires))

    def at(self, progress: float) -> None:
        """Tell the terms which share of their phase is over."""
        for term in self._terms.values():
            term.progress = progress

    def parameters(self) -> dict[str, nn.Parameter]:
        """Return what the terms train of their own, by name."""
        return dict(self._set.named_parameters())

    def groups(self, network: Network, phase: Phase, recipe: Recipe) -> tuple[ParameterGroup, ...]:
        """Return the groups of the terms' own parameters: at the highest rate of what moves of the bases, or at that
        of new parts where a term starts anew."""
        own = self.parameters()
        if not own:
            return ()
        base = network.base_tensors()
        rates = [g.learning_rate for g in phase.groups if any(name in base for name in g.tensors)]
        highest = max(rates or [g.learning_rate for g in phase.groups])
        anew = {
            f"{name}.{key}"
            for name, t in self._terms.items()
            if t.starts_anew
            for key, _ in t.named_parameters()
        }
        decay = 0.0 if recipe.l2_sp is not None else recipe.weight_decay
        made = []
        for group, rate, members in (
            ("terms", highest, [name for name in own if name not in anew]),
            ("terms/new", max(highest, default_rate(recipe, "new")), [name for name in own if name in anew]),
        ):
            decayed = tuple(name for name in members if own[name].ndim > 1)
            plain = tuple(name for name in members if own[name].ndim <= 1)
            made += [
                ParameterGroup(name=group, learning_rate=rate, weight_decay=decay, tensors=decayed),
                ParameterGroup(name=f"{group}/plain", learning_rate=rate, weight_decay=0.0, tensors=plain),
            ]
        return tuple(g for g in made if g.tensors)

    def fit(self, view: TermView) -> Iterator[str]:
        """Let each term learn what it needs before the first step; yields what they tell."""
        for term in self._terms.values():
            if told := term.fit(view):
                yield told

    def values(self, values: Mapping[str, Tensor]) -> list[Tensor]:
        """Return what each term adds to the loss of a batch, in the order of ``names``."""
        return [term(values) for term in self._terms.values()]

    def state(self) -> dict[str, Tensor]:
        """Return a copy of what a resumed phase must know of the terms."""
        return {name: t.detach().clone() for name, t in self._set.state_dict().items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Put a state back."""
        with torch.no_grad():
            for name, tensor in self._set.state_dict(keep_vars=True).items():
                tensor.copy_(state[name])
