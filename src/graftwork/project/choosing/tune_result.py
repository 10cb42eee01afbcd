"""What the rounds of a search say together: the front, the one to take, and which dimensions mattered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graftwork.documents.record import Interval
from graftwork.documents.tuning import Importance, Round, Search, SearchSetup
from graftwork.project.choosing.tune_store import SCORE_NAME, importance_of, rounds_of

if TYPE_CHECKING:
    from optuna.study import Study

    from graftwork.project.choosing.tune_space import Space

__all__ = ["best_of", "front_of", "search_of", "standard_error"]

_FEW = 12
"""Finished rounds below which importance is not told: a forest on fewer explains its own noise."""
_WIDTH = 2 * 1.959964


def search_of(setup: SearchSetup, study: Study, space: Space, num_images: int) -> Search:
    """Return a search as far as its rounds are done.

    Args:
        setup: what it stands on.
        study: that keeps its rounds.
        space: what is searched.
        num_images: validation images.
    """
    rounds = rounds_of(study)
    done = [r for r in rounds if r.status == "finished" and r.score is not None]
    best = best_of(done)
    highest = max(done, key=lambda r: (_value(r), -r.number)) if done else None
    chosen = next((r for r in done if r.number == best), None)
    flow = None
    if chosen is not None:
        flow = space.flow if chosen.origin == "default" else space.flow_at(chosen.params)
    return Search(
        id=setup.id,
        created=setup.created,
        name=setup.flow.name,
        base=setup.base,
        choices=setup.choices,
        dimensions=setup.dimensions,
        score_name=study.user_attrs.get(SCORE_NAME),
        num_images=num_images,
        rounds=rounds,
        front=front_of(done),
        highest=highest.number if highest else None,
        best=best,
        best_flow=flow,
        why=_why(chosen, highest, done),
        importance=tuple(_importance(study, space, done)),
        num_pruned=sum(r.status == "pruned" for r in rounds),
        num_infeasible=sum(r.status == "infeasible" for r in rounds),
        num_failed=sum(r.status == "failed" for r in rounds),
        seconds=sum(r.seconds for r in rounds),
        base_images=sum(r.base_images for r in rounds),
        cache_hits=sum(r.cache_hits for r in rounds),
        notes=tuple(_notes(done, num_images)),
    )


def front_of(rounds: Sequence[Round]) -> tuple[int, ...]:
    """Return the rounds that no other one beats, cheapest first.

    A round is beaten by one that is nowhere worse and somewhere better in score, trainable parameters and seconds.

    Args:
        rounds: finished ones.
    """
    costs = {r.number: (-_value(r), r.trainable_parameters or 0, r.seconds) for r in rounds}

    def is_beaten(number: int) -> bool:
        own = costs[number]
        return any(
            other != own and all(a <= b for a, b in zip(other, own, strict=True)) for other in costs.values()
        )

    kept = [n for n in costs if not is_beaten(n)]
    return tuple(sorted(kept, key=lambda n: (costs[n][1:], n)))


def best_of(rounds: Sequence[Round]) -> int | None:
    """Return the number of the round to take, by the one-standard-error rule.

    Of the rounds whose score lies within one standard error of the highest one's, and not below that of the flow as it
    stood, the one that trains fewest parameters; of equals the higher score, then the earlier one.

    Args:
        rounds: finished ones.

    Source: Breiman, Friedman, Olshen & Stone 1984, "Classification and Regression Trees", sec. 3.4.3.
    """
    if not rounds:
        return None
    top = max(rounds, key=lambda r: (_value(r), -r.number))
    default = next((_value(r) for r in rounds if r.origin == "default"), float("-inf"))
    enough = max(_value(top) - standard_error(top.score), default)
    good = [r for r in rounds if _value(r) >= enough]
    return min(good, key=lambda r: (r.trainable_parameters or 0, -_value(r), r.number)).number


def standard_error(score: Interval | None) -> float:
    """Return the standard error that a 95 % interval stands for: its width over 2 · 1.96."""
    return 0.0 if score is None else (score.high - score.low) / _WIDTH


def _value(done: Round) -> float:
    return done.score.value if done.score is not None else float("-inf")


def _why(chosen: Round | None, highest: Round | None, done: Sequence[Round]) -> str:
    if chosen is None or highest is None:
        return ""
    default = next((r for r in done if r.origin == "default"), None)
    over = ""
    if default is not None:
        gain = 100 * (_value(chosen) - _value(default))
        over = (
            " It is the flow as it stands."
            if chosen is default
            else f" The flow as it stands has {_value(default):.3f}: {gain:+.1f} points."
        )
    if chosen is highest:
        return f"Round {chosen.number + 1} has the highest score, {_value(chosen):.3f}, and nothing cheaper comes within one standard error.{over}"
    return (
        f"Round {chosen.number + 1} scores {_value(chosen):.3f}, within one standard error "
        f"({standard_error(highest.score):.3f}) of the highest, {_value(highest):.3f} of round {highest.number + 1}, and trains "
        f"{chosen.trainable_parameters or 0:,} parameters instead of {highest.trainable_parameters or 0:,}.{over}"
    )


def _importance(study: Study, space: Space, done: Sequence[Round]) -> Iterator[Importance]:
    """Give the importance of each dimension; those that not all rounds have, among the rounds that do."""
    always = [d.name for d in space.dimensions if not d.only_unfrozen]
    unfrozen = [d.name for d in space.dimensions if d.only_unfrozen]
    moving = [r for r in done if all(name in r.params for name in unfrozen)]
    for names, wanted, rounds in (
        (always, always, done),
        ([*always, *unfrozen], unfrozen, moving),
    ):
        if not wanted:
            continue
        scores = {_value(r) for r in rounds}
        reason = ""
        if len(rounds) < _FEW:
            reason = f"Too few to say: {len(rounds)} finished rounds have it, {_FEW} are wanted."
        elif len(scores) == 1:
            reason = "All rounds score the same."
        found = {} if reason else importance_of(study, names, wanted)
        for name in wanted:
            share = found.get(name)
            why = reason or ("" if share is not None else "It did not vary.")
            yield Importance(name=name, share=share, num_rounds=len(rounds), reason=why)


def _notes(done: Sequence[Round], num_images: int) -> Iterator[str]:
    if len(done) >= 2:
        yield (
            f"The score of the one to take is the best of {len(done)} on the same {num_images} validation images, so it "
            "flatters; the test images, which no round has seen, tell how much."
        )
    if done:
        widest = max(standard_error(r.score) for r in done)
        scores = [_value(r) for r in done]
        if len(done) >= 2 and max(scores) - min(scores) < widest:
            yield "All rounds lie within one standard error: with so few validation images nothing tells them apart."
