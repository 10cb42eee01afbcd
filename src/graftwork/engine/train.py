"""One phase of training, as a generator of events. It never learns who listens.

Every random draw is a function of (seed, phase, epoch, step), so a phase that is resumed in the middle
of an epoch draws what it would have drawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from torch import Tensor

from graftwork.documents.events import (
    CheckpointSaved,
    Event,
    Noted,
    PhaseEnded,
    PhaseStarted,
)
from graftwork.documents.plan import ComputePlan, Phase, Unfreezing
from graftwork.documents.recipe import Recipe
from graftwork.engine.evaluate import Split
from graftwork.engine.gradual import first_whole_epoch
from graftwork.engine.network import Network
from graftwork.engine.objectives import Objectives
from graftwork.engine.phase_runner import PhaseRunner, PhaseState, epoch_batches
from graftwork.engine.phase_terms import PhaseTerms
from graftwork.engine.sources import Source, prefetched
from graftwork.errors import RunInterrupted

__all__ = ["train_phase"]

_REPORT_SECONDS = 0.25
_EPOCH_CHECKPOINT_SECONDS = 1.0
"""An epoch's end is saved only this long after the last checkpoint: on stored features an epoch takes about as long
as writing one does. A killed process loses that much at most."""


def train_phase(
    network: Network,
    phase: Phase,
    number: int,
    recipe: Recipe,
    *,
    train: Split,
    validation: Split,
    objectives: Objectives,
    compute: ComputePlan,
    state: PhaseState,
    start: Mapping[str, Tensor],
    save: Callable[[PhaseState], None],
    stop: Callable[[], bool],
    pause: Callable[[], bool],
    hold_waiting: Callable[[Unfreezing], None],
    terms: PhaseTerms | None = None,
    target: Source | None = None,
) -> Iterator[Event]:
    """Train the free part of a network for the epochs of a phase, then put the best weights back.

    Args:
        network: with what is frozen and free set for the phase.
        phase: its cut, epochs and parameter groups.
        number: of the phase in the plan, from 0; part of the seeds.
        recipe: all training choices.
        train: training inputs and labels.
        validation: validation inputs and labels; may be empty, then the last epoch counts as best.
        objectives: losses and the scores that are watched.
        compute: number format.
        state: fresh, or from a checkpoint.
        start: where each tensor was when the run began, to measure movement from.
        save: called with the state whenever it may be written.
        stop: asked after each step; the state is saved at the next update, and the best so far is kept.
        pause: asked after each step; the state is saved at the next update or the epoch's end.
        hold_waiting: freezes the network as a step of gradual unfreezing wants it.
        terms: what is added to the loss.
        target: inputs of another domain that the terms read.

    Raises:
        RunInterrupted: paused; what was saved last is all that the phase needs.
    """
    runner = PhaseRunner(
        network,
        phase,
        number,
        recipe,
        train,
        validation,
        objectives,
        compute,
        state,
        start,
        hold_waiting,
        terms,
        target,
    )
    yield PhaseStarted(phase=phase.name, epochs=phase.epochs, steps_per_epoch=runner.steps)
    if state.epoch == 0 and state.step == 0:
        yield from runner.fit_terms()
        yield runner.end_epoch(0, 0.0)
        if number > 0:  # who stops before an epoch has ended keeps what the phase before gave
            state.best = runner.copy_movable()
    while not state.interrupted and not _is_over(runner):
        yield from _begin_epoch(runner)
        yield from _train_epoch(runner, save, stop, pause)
    state.stopped_early = state.epoch < phase.epochs and _waited_enough(runner)
    if state.best:
        runner.restore_best()
    yield PhaseEnded(phase=phase.name, best_epoch=state.best_epoch, stopped_early=state.stopped_early)


def _begin_epoch(runner: PhaseRunner) -> Iterator[Event]:
    """Free what an epoch frees and measure its rates; an epoch that is gone on with has done so."""
    state, epoch = runner.state, runner.state.epoch + 1
    if state.step:
        return
    if freed := runner.free_next():
        yield Noted(level="info", message=f"Epoch {epoch}: {', '.join(freed)} free from here on.")
    if runner.recipe.stage_rates == "auto_rgn" and runner.phase.name == "main":
        runner.measure_rates()
        shares = ", ".join(f"{name} {share:.2g}" for name, share in state.stage_shares.items())
        if epoch == 1 or freed:
            yield Noted(level="info", message=f"Auto-RGN, epoch {epoch}: shares of the rate: {shares}.")


def _is_over(runner: PhaseRunner) -> bool:
    """Whether the phase has had all its epochs, or stops early."""
    return runner.state.epoch >= runner.phase.epochs or _waited_enough(runner)


def _waited_enough(runner: PhaseRunner) -> bool:
    """Whether nothing got better for too long, counted from when all stages were free."""
    patience, state = runner.recipe.early_stop, runner.state
    began = first_whole_epoch(runner.phase) - 1
    return patience is not None and state.epoch - max(state.best_epoch, began) >= patience


def _train_epoch(
    runner: PhaseRunner,
    save: Callable[[PhaseState], None],
    stop: Callable[[], bool],
    pause: Callable[[], bool],
) -> Iterator[Event]:
    state, recipe = runner.state, runner.recipe
    batches = epoch_batches(len(runner.train), recipe.batch, recipe.seed, runner.number, state.epoch + 1)
    first = state.step
    start = time.perf_counter()
    seen = 0
    runner.network.train()
    is_paused = False
    targets = runner.target_batches(batches, first)
    for offset, (positions, inputs) in enumerate(
        prefetched(runner.train.source, batches[first:], state.epoch)
    ):
        step = first + offset
        is_due = time.perf_counter() - runner.reported >= _REPORT_SECONDS
        runner.wants_norms = runner.wants_norms or is_due
        loss = runner.step(positions, inputs, step, next(targets, None))
        runner.count(loss, len(positions))
        seen += len(positions)
        now = time.perf_counter()
        if is_due:
            runner.reported = now
            yield runner.report(step, loss, seen / (now - start))
        is_last = step + 1 == len(batches)
        at_update = (step + 1) % recipe.accumulate == 0 or is_last
        is_paused = is_paused or pause()
        state.interrupted = state.interrupted or stop()
        if not at_update:  # half a gradient cannot be saved: who wants the end waits for the update
            continue
        if state.interrupted:
            yield _save(runner, save, step + 1)
            return
        if not is_last and (is_paused or now - runner.saved >= recipe.checkpoint_seconds):
            yield _save(runner, save, step + 1)
            if is_paused:
                raise _paused()
    state.epoch, state.step = state.epoch + 1, 0
    yield runner.end_epoch(state.epoch, time.perf_counter() - start)
    is_paused = is_paused or pause()
    if is_paused or _is_over(runner) or _is_due(runner):
        yield _save(runner, save, 0)
    if is_paused:
        raise _paused()


def _is_due(runner: PhaseRunner) -> bool:
    """Whether an epoch's end is to be saved."""
    wanted = min(_EPOCH_CHECKPOINT_SECONDS, runner.recipe.checkpoint_seconds)
    return time.perf_counter() - runner.saved >= wanted


def _save(runner: PhaseRunner, save: Callable[[PhaseState], None], step: int) -> CheckpointSaved:
    runner.remember(step)
    save(runner.state)
    runner.saved = time.perf_counter()
    return CheckpointSaved(phase=runner.phase.name, epoch=runner.state.epoch, step=step)


def _paused() -> RunInterrupted:
    return RunInterrupted("Paused by the user; resuming goes on bit for bit.")
