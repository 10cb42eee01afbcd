"""Adaptation as a term of the loss: what makes a source and a target batch alike while the network is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from graftwork.engine.network import Crossing, Network
from graftwork.engine.terms import LossTerm, TermFacts, of_target
from graftwork.errors import PlanError
from graftwork.methods.domains.adversary import (
    Discriminator,
    adversary_strength,
    conditioned,
    domain_loss,
    entropy_weights,
    reverse_gradient,
)
from graftwork.methods.domains.confusion import class_confusion_loss, disagreement, entropy_loss
from graftwork.methods.domains.covariance import coral_loss
from graftwork.methods.domains.discrepancy import jmmd_loss, mmd_loss
from graftwork.methods.features import pool_places

__all__ = ["USUAL_WEIGHTS", "adaptation_method"]

USUAL_WEIGHTS: Mapping[str, float] = {
    "deep_coral": 1.0,
    "dan": 1.0,
    "jan": 1.0,
    "dann": 1.0,
    "cdan": 1.0,
    "mcc": 1.0,
    "mcd": 1.0,
    "entropy": 0.1,
}
"""Factor of each method's loss, where the flow does not say another."""

_WORDS = {
    "deep_coral": "Deep CORAL: the covariances of both domains' features are drawn together",
    "dan": "DAN: the multi-kernel mean discrepancy of both domains' features is made small",
    "jan": "JAN: the joint mean discrepancy of features and answers is made small",
    "dann": "DANN: a discriminator learns to tell the domains apart, the features learn to prevent it",
    "cdan": "CDAN+E: a discriminator sees features and answers together, sure images count more",
    "mcc": "MCC: confusion between classes on the target is made small",
    "mcd": "MCD, in one step with reversed gradients: a second head and the first learn to disagree on the target, the "
    "features to make them agree",
    "entropy": "Entropy: answers on the target are made sure",
}

_MOST_CONDITIONED = 4096
"""Above so many products of features and answers, random projections take their place, as in the CDAN paper."""


@dataclass(frozen=True)
class _Both:
    """A batch of each domain: pooled features (b, d) and logits (b, k) in float32, and all values that were given."""

    source: Tensor
    source_logits: Tensor
    target: Tensor
    target_logits: Tensor
    values: Mapping[str, Tensor]


class _Adaptation(LossTerm):
    """What all adaptations share: they read features and logits of both domains."""

    starts_anew = True

    def __init__(self, crossing: Crossing) -> None:
        super().__init__()
        self.crossing = crossing
        self.weight = USUAL_WEIGHTS[crossing.method] if crossing.weight is None else crossing.weight
        self.wires = self.target_wires = crossing.wires

    def forward(self, values: Mapping[str, Tensor]) -> Tensor:
        features, logits = self.crossing.wires
        both = _Both(
            source=pool_places(values[features]),
            source_logits=values[logits].float(),
            target=pool_places(values[of_target(features)]),
            target_logits=values[of_target(logits)].float(),
            values=values,
        )
        with torch.autocast(both.source.device.type, enabled=False):
            return self.weight * self.loss(both)

    def loss(self, both: _Both) -> Tensor:
        """Return the loss of a batch of each domain, a scalar."""
        raise NotImplementedError


class _Plain(_Adaptation):
    """A loss without parameters of its own."""

    def __init__(self, crossing: Crossing, formula: Callable[[_Both], Tensor]) -> None:
        super().__init__(crossing)
        self.formula = formula

    def loss(self, both: _Both) -> Tensor:
        return self.formula(both)


def _joint(both: _Both) -> Tensor:
    source, target = both.source_logits.softmax(1), both.target_logits.softmax(1)
    return jmmd_loss((both.source, source), (both.target, target))


_PLAIN: Mapping[str, Callable[[_Both], Tensor]] = {
    "deep_coral": lambda both: coral_loss(both.source, both.target),
    "dan": lambda both: mmd_loss(both.source, both.target),
    "jan": _joint,
    "mcc": lambda both: class_confusion_loss(both.target_logits),
    "entropy": lambda both: entropy_loss(both.target_logits),
}


class _Adversary(_Adaptation):
    """DANN: the discriminator learns at full strength, the gradient that reaches the features is reversed by λ."""

    def __init__(self, crossing: Crossing) -> None:
        super().__init__(crossing)
        self.discriminator = Discriminator(crossing.width)

    def loss(self, both: _Both) -> Tensor:
        strength = adversary_strength(self.progress)
        told = [self.discriminator(reverse_gradient(f, strength)) for f in (both.source, both.target)]
        return domain_loss(told[0], told[1])


class _Conditional(_Adaptation):
    """CDAN+E: as DANN, on the products of features and answers; no gradient flows through the answers."""

    of_features: Tensor
    of_answers: Tensor

    def __init__(self, crossing: Crossing) -> None:
        super().__init__(crossing)
        width, num_classes = crossing.width, crossing.num_classes
        self.is_random = width * num_classes > _MOST_CONDITIONED
        if self.is_random:
            self.register_buffer("of_features", torch.randn(width, _MOST_CONDITIONED))
            self.register_buffer("of_answers", torch.randn(num_classes, _MOST_CONDITIONED))
        self.discriminator = Discriminator(_MOST_CONDITIONED if self.is_random else width * num_classes)

    def loss(self, both: _Both) -> Tensor:
        strength = adversary_strength(self.progress)
        said = [logits.softmax(1).detach() for logits in (both.source_logits, both.target_logits)]
        joint = (self._join(both.source, said[0]), self._join(both.target, said[1]))
        told = [self.discriminator(reverse_gradient(rows, strength)) for rows in joint]
        return domain_loss(told[0], told[1], (entropy_weights(said[0]), entropy_weights(said[1])))

    def _join(self, features: Tensor, probabilities: Tensor) -> Tensor:
        if not self.is_random:
            return conditioned(features, probabilities)
        projected: Tensor = (features @ self.of_features) * (probabilities @ self.of_answers)
        scaled: Tensor = projected / _MOST_CONDITIONED**0.5
        return scaled


class _Discrepancy(_Adaptation):
    """MCD in one step: a second, linear head learns the source's labels; on the target the two heads learn to differ,
    and through a reversed gradient the features learn that they do not."""

    def __init__(self, crossing: Crossing, network: Network) -> None:
        super().__init__(crossing)
        self._network = (network,)  # in a tuple: its parameters are not this term's
        self.labels = network.sinks[0].wires[1]
        self.wires = (*crossing.wires, self.labels)
        self.second = nn.Linear(crossing.width, crossing.num_classes)

    def loss(self, both: _Both) -> Tensor:
        features, logits = self.crossing.wires
        learned = functional.cross_entropy(self.second(both.source), both.values[self.labels])
        strength = adversary_strength(self.progress)
        reversed_ = reverse_gradient(both.values[of_target(features)].float(), strength)
        one = self._network[0].run({features: reversed_}, [logits])[logits].float()
        # both heads go up the discrepancy, and the reversed gradient brings the features down
        return learned - disagreement(one, self.second(pool_places(reversed_)))


@dataclass(frozen=True)
class _Method:
    name: str

    def refuse(self, facts: TermFacts) -> None:
        crossing = facts.network.crossing
        if facts.label_kind != "category" or crossing is None:
            raise PlanError("Adaptation is for classes: one label per image.", hint="Remove the adaptation.")
        if facts.recipe.batch < 4:
            raise PlanError(
                f"Batches of {facts.recipe.batch} images say nothing of how alike two domains are.",
                hint="Set batch to 16 at least; 32 or 64 are usual.",
            )

    def note(self, facts: TermFacts) -> str:
        crossing = _crossing(facts)
        weight = USUAL_WEIGHTS[self.name] if crossing.weight is None else crossing.weight
        held = (
            " The best epoch is chosen on the source's validation images: of the target no labels are known."
        )
        return f"{_WORDS[self.name]} (weight {weight:g}), on as many target images as source images a step.{held}"

    def make(self, facts: TermFacts) -> LossTerm:
        crossing = _crossing(facts)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(facts.recipe.seed)
            if self.name == "dann":
                return _Adversary(crossing)
            if self.name == "cdan":
                return _Conditional(crossing)
            if self.name == "mcd":
                return _Discrepancy(crossing, facts.network)
            return _Plain(crossing, _PLAIN[self.name])


def _crossing(facts: TermFacts) -> Crossing:
    assert facts.network.crossing is not None
    return facts.network.crossing


def adaptation_method(name: str) -> _Method:
    """Return how an adaptation of that name is planned and made."""
    return _Method(name)
