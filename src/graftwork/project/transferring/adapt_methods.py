"""Every method of adaptation: what it is called, and in which way it is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from graftwork.errors import UnknownName, did_you_mean

__all__ = ["AUTO", "METHODS", "AdaptWay", "find_way", "methods_asked"]

Way = Literal["features", "training", "tuning"]


@dataclass(frozen=True)
class AdaptWay:
    """A method.

    Args:
        name: as users write it.
        title: for people.
        way: 'features': a head on stored features, in seconds; 'training': a run in which both domains' images go
            through the network; 'tuning': a finished source run goes on, on the target alone.
        summary: one sentence.
    """

    name: str
    title: str
    way: Way
    summary: str


METHODS: tuple[AdaptWay, ...] = (
    AdaptWay("coral", "CORAL", "features", "Gives the source the target's covariance."),
    AdaptWay(
        "subspace", "Subspace alignment", "features", "Turns the source's main directions into the target's."
    ),
    AdaptWay("tca", "TCA", "features", "Keeps the directions in which the domains' means are near."),
    AdaptWay("jda", "JDA", "features", "As TCA, with the means of each class too."),
    AdaptWay(
        "transport", "Optimal transport", "features", "Moves source images to the target, class by class."
    ),
    AdaptWay(
        "self_training", "Self-training", "features", "Learns from its own sure answers, a quota per class."
    ),
    AdaptWay("adabn", "AdaBN", "tuning", "Takes the target's batch-norm statistics; weights stay."),
    AdaptWay(
        "tent", "TENT", "tuning", "Answers the target once, making its answers sure by its norm layers."
    ),
    AdaptWay("shot", "SHOT", "tuning", "Trains the base on the target alone; the head stays."),
    AdaptWay("deep_coral", "Deep CORAL", "training", "Trains until both domains' covariances agree."),
    AdaptWay("dan", "DAN", "training", "Trains until both domains' features agree in many kernels."),
    AdaptWay("jan", "JAN", "training", "As DAN, features and answers together."),
    AdaptWay("dann", "DANN", "training", "Trains against a discriminator of the domains."),
    AdaptWay("cdan", "CDAN+E", "training", "As DANN, on features and answers together, sure images first."),
    AdaptWay("mcc", "MCC", "training", "Trains until classes are not confused on the target."),
    AdaptWay("mcd", "MCD", "training", "Trains until two heads agree on the target."),
    AdaptWay("entropy", "Entropy", "training", "Trains until answers on the target are sure."),
)
"""All methods, the cheap ones first."""

AUTO = tuple(way.name for way in METHODS if way.way == "features")
"""What 'auto' tries: methods that take seconds."""


def find_way(name: str) -> AdaptWay:
    """Return a method by name.

    Raises:
        UnknownName: none is called so.
    """
    found = next((way for way in METHODS if way.name == name), None)
    if found is None:
        names = ["auto", *(way.name for way in METHODS)]
        raise UnknownName(f"No method of adaptation is called '{name}'.", hint=did_you_mean(name, names))
    return found


def methods_asked(method: str) -> tuple[AdaptWay, ...]:
    """Return the methods that a choice stands for: 'auto' for all that take seconds; or names, with commas between.

    Raises:
        UnknownName: none is called so.
    """
    names = AUTO if method == "auto" else [name.strip() for name in method.split(",") if name.strip()]
    return tuple(find_way(name) for name in dict.fromkeys(names))
