"""How a race is cut short: rungs at which the worse half of the lanes ends. Arithmetic alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graftwork.documents.race import Rung

__all__ = ["RATIO", "Work", "at_most", "choose_rungs", "fit_budget", "straight"]

RATIO = 1.5
"""What a halved race may cost, over its dearest lane alone."""
_SHARPEST = 8


@dataclass(frozen=True)
class Work:
    """What a race costs, in one unit: seconds, or passes of images through the base.

    Args:
        fixed: of what is done whatever is cut: the shared pass, heads, scoring.
        per_epoch: of an epoch of each lane that has epochs to be cut, over all its seeds.
    """

    fixed: float
    per_epoch: tuple[float, ...]


def straight(epochs: int) -> tuple[Rung, ...]:
    """Return the rungs of a race in which nobody is cut off."""
    return (Rung(epochs=epochs, keep=0),)


def at_most(work: Work, rungs: Sequence[Rung], *, done: int = 0) -> float:
    """Return what the rungs cost if each time the dearest lanes are the ones that go on.

    Args:
        work: of the lanes that are left.
        rungs: still to come; the last one is the end.
        done: epochs that all lanes have behind them.

    >>> at_most(Work(1.0, (2.0, 4.0)), (Rung(epochs=2, keep=1), Rung(epochs=10, keep=0)))
    45.0
    """
    left = sorted(work.per_epoch, reverse=True)
    total, behind = work.fixed, done
    for rung in rungs:
        total += sum(left) * (rung.epochs - behind)
        left, behind = left[: rung.keep], rung.epochs
    return total


def choose_rungs(work: Work, epochs: int, *, limit: float) -> tuple[Rung, ...] | None:
    """Return the gentlest rungs that cost no more than a limit, whoever goes on; None if there are none.

    Halving goes before keeping a third or less; then a late first rung goes before an early one, as early scores
    say little of late ones.

    Args:
        work: of the race.
        epochs: of each lane to its end.
        limit: in the work's unit.

    Source: the rungs of successive halving, Jamieson & Talwalkar 2016, arXiv:1502.07943, with the first one placed
    by what may be spent.
    """
    return next((r for r in _schemes(len(work.per_epoch), epochs) if at_most(work, r) <= limit), None)


def _schemes(lanes: int, epochs: int) -> Iterator[tuple[Rung, ...]]:
    """Give all schemes, the gentlest first."""
    if lanes < 2:
        yield straight(epochs)
        return
    for share in range(2, max(2, min(_SHARPEST, lanes)) + 1):
        for first in range(epochs - 1, 0, -1):
            yield _rungs(lanes, epochs, share, first)


def _rungs(lanes: int, epochs: int, share: int, first: int) -> tuple[Rung, ...]:
    """Return rungs after which one lane in ``share`` goes on, each as many times as far as the one before."""
    rungs: list[Rung] = []
    left, at = lanes, first
    while left > 1 and at < epochs:
        left = max(1, left // share)
        rungs.append(Rung(epochs=at, keep=left))
        at *= share
    if left > 1:  # the end came before one was left: the last rung takes all that are too many
        rungs[-1] = rungs[-1].edit(keep=1)
    return (*rungs, Rung(epochs=epochs, keep=0))


def fit_budget(work: Work, epochs: int, budget: float) -> tuple[int, tuple[Rung, ...]] | None:
    """Return the epochs and rungs that a budget allows: all of it uncut if it can be, else rungs, else fewer epochs.

    Args:
        work: of the race.
        epochs: of each lane to its end, as the recipe says.
        budget: in the work's unit.

    Returns:
        None where not even one epoch of each lane fits.
    """
    for number in range(epochs, 0, -1):
        if at_most(work, straight(number)) <= budget:
            return number, straight(number)
        if len(work.per_epoch) > 1 and (rungs := choose_rungs(work, number, limit=budget)) is not None:
            return number, rungs
    return None
