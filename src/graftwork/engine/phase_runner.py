"""What a phase of training works with: its state, its optimizer, one step, the end of an epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graftwork.components.head import Head
from graftwork.documents.events import (
    EpochEnded,
    Event,
    Noted,
    StepEnded,
)
from graftwork.documents.plan import ComputePlan, Phase, Unfreezing
from graftwork.documents.recipe import Recipe
from graftwork.engine.boundary import loose_statistics
from graftwork.engine.compute import autocast
from graftwork.engine.evaluate import Split, predict
from graftwork.engine.gradual import groups_in, step_in
from graftwork.engine.network import Network, Step
from graftwork.engine.objectives import Objectives
from graftwork.engine.optim import make_optimizer, rate_factor, trainable_tensors
from graftwork.engine.phase_terms import PhaseTerms
from graftwork.engine.sources import Source, prefetched
from graftwork.engine.stage_rates import RGN_BATCHES, relative_gradient_norms, stage_of_group
from graftwork.engine.telemetry import MovingParts, recall_per_class, resident_bytes
from graftwork.engine.terms import TermView, of_target

__all__ = ["PhaseRunner", "PhaseState", "epoch_batches", "target_batches"]

_SHOWN_APART = ("loss", "accuracy", "balanced_accuracy")


@dataclass
class PhaseState:
    """All that a phase needs to go on: saved in checkpoints, plain values and tensors only."""

    epoch: int = 0  # epochs that ended
    step: int = 0  # steps done in the epoch that runs
    loss_sum: float = 0.0
    loss_count: int = 0
    best_epoch: int = 0
    best_score: tuple[float, float] | None = None  # the watched score, then minus the loss
    best: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] | None = None
    stopped_early: bool = False
    interrupted: bool = False
    updates: int = 0  # of the optimizer, so far
    stage_shares: dict[str, float] = field(default_factory=dict)  # of the rate, in the epoch that runs
    terms: dict[str, Tensor] = field(default_factory=dict)  # what loss terms learned and train
    term_sums: dict[str, float] = field(default_factory=dict)  # as loss_sum, for each loss term

    @property
    def has_moved(self) -> bool:
        """Whether the weights at hand carry something of this phase."""
        return self.best_epoch > 0 if self.best else self.updates > 0


def epoch_batches(count: int, batch: int, seed: int, phase: int, epoch: int) -> list[NDArray[np.int64]]:
    """Return the shuffled positions of each step of an epoch.

    A last batch of a single image joins the one before: batch-norm cannot estimate a variance from it.
    """
    order = np.random.default_rng([seed, phase, epoch]).permutation(count).astype(np.int64)
    batches = [order[start : start + batch] for start in range(0, count, batch)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return batches


def target_batches(
    count: int, batches: Sequence[NDArray[np.int64]], key: Sequence[int]
) -> list[NDArray[np.int64]]:
    """Return positions in a target for each batch of an epoch: as many, in an order of their own.

    All target images come before one comes again.

    Args:
        count: images of the target.
        batches: of the source.
        key: of the random order.
    """
    generator = np.random.default_rng([*key, 1])
    wanted = sum(len(b) for b in batches)
    rounds = [generator.permutation(count) for _ in range(-(-wanted // count))]
    order = np.concatenate(rounds).astype(np.int64)[:wanted] if rounds else np.empty(0, dtype=np.int64)
    return np.split(order, np.cumsum([len(b) for b in batches])[:-1]) if batches else []


def _may_draw(step: Step) -> bool:
    """Whether a step may draw random numbers while training; a head without dropout does not.

    Stages of a base and code of one's own may drop values in ways that cannot be seen from outside.
    """
    moves = any(p.requires_grad for p in step.module.parameters())
    return step.is_random or (moves and not isinstance(step.module, Head))


class PhaseRunner:
    """The parts of one phase, wired together."""

    def __init__(
        self,
        network: Network,
        phase: Phase,
        number: int,
        recipe: Recipe,
        train: Split,
        validation: Split,
        objectives: Objectives,
        compute: ComputePlan,
        state: PhaseState,
        start: Mapping[str, Tensor],
        hold_waiting: Callable[[Unfreezing], None],
        terms: PhaseTerms | None = None,
        target: Source | None = None,
    ) -> None:
        self.network, self.phase, self.number, self.recipe = network, phase, number, recipe
        self.train, self.validation, self.objectives, self.compute = train, validation, objectives, compute
        self.state, self.start, self.hold_waiting = state, start, hold_waiting
        self.terms = terms or PhaseTerms()
        self.target = target
        if state.terms:
            self.terms.load(state.terms)
        # While all is free: what waits at the best epoch must be put back too.
        self.movable_names = frozenset({*trainable_tensors(network), *loose_statistics(network)})
        self.is_random = any(_may_draw(step) for step in network.steps)
        begun = state.epoch + 1 if state.step else state.epoch  # what comes next is freed when it begins
        self.step_of_unfreezing = step_in(phase, begun)
        self._free_groups(begun)
        if state.optimizer is not None:
            self.optimizer.load_state_dict(state.optimizer)
        self.wants_norms = False
        self.norms: dict[str, float] = {}
        self.reported = -math.inf
        self.saved = time.perf_counter()  # what was saved last, this phase starts from
        self.rates_at = self._scheduled  # of each group at an update
        self.added: list[float] = []  # by each term to the loss of the last step
        self.sizes = [len(b) for b in epoch_batches(len(train), recipe.batch, recipe.seed, number, 0)]
        self.steps = len(self.sizes)
        self.updates_per_epoch = -(-self.steps // recipe.accumulate)

    def _free_groups(self, epoch: int) -> None:
        """Free what an epoch trains, and build its optimizer: new groups begin with a clean state."""
        if self.step_of_unfreezing is not None:
            self.hold_waiting(self.step_of_unfreezing)
        self.groups = groups_in(self.phase, epoch)
        self.tensors = trainable_tensors(self.network)
        self.own_groups = self.terms.groups(self.network, self.phase, self.recipe)
        self.moving = {**self.terms.parameters(), **self.tensors}
        self.optimizer = make_optimizer(self.moving, (*self.own_groups, *self.groups), self.recipe)
        self.parts = MovingParts(self.network, self.tensors, self.start)

    def free_next(self) -> tuple[str, ...]:
        """Free the stages whose turn is at the epoch that begins, and return their names.

        The state that the optimizer keeps for other tensors stays.
        """
        step = step_in(self.phase, self.state.epoch + 1)
        if step is self.step_of_unfreezing or step is None:
            return ()
        self.step_of_unfreezing, kept = step, self.optimizer.state
        self._free_groups(self.state.epoch + 1)
        self.optimizer.state.update(kept)
        return step.stages

    def measure_rates(self) -> None:
        """Measure each stage's share of the rate for the epoch that begins."""
        stages = stage_of_group(self.network, self.groups)
        members: dict[str, list[nn.Parameter]] = {}
        for group in self.groups:
            if group.name in stages:
                members.setdefault(stages[group.name], []).extend(self.tensors[n] for n in group.tensors)
        if members:
            self.network.eval()
            self.state.stage_shares = relative_gradient_norms(members, self._losses(RGN_BATCHES))

    def _losses(self, count: int) -> Iterator[Tensor]:
        """Yield the loss of the first batches of the epoch that begins; nothing is drawn or updated."""
        epoch = self.state.epoch
        batches = epoch_batches(len(self.train), self.recipe.batch, self.recipe.seed, self.number, epoch + 1)[
            :count
        ]
        for positions, inputs in prefetched(self.train.source, batches, epoch):
            views = self.train.source.views(positions, epoch)
            data = self.train.data.batch(positions, self.compute.device, views)
            with autocast(self.compute):
                found = self.network.run({**inputs, **data}, self.network.needed_wires)
                loss = self.objectives.total(found, self._weights(positions))
            yield loss

    def peaks(self) -> list[float]:
        """Return the peak rate of each group in the epoch that runs."""
        stages, shares = stage_of_group(self.network, self.groups), self.state.stage_shares
        own = [g.learning_rate for g in self.own_groups]
        return [*own, *(g.learning_rate * shares.get(stages.get(g.name, ""), 1.0) for g in self.groups)]

    def movable(self) -> dict[str, Tensor]:
        """Return trainable tensors and free statistics: all that the phase may change, at once or later."""
        return {name: t for name, t in self.network.tensors().items() if name in self.movable_names}

    def copy_movable(self) -> dict[str, Tensor]:
        """Return a copy of all that the phase may change, as it is now."""
        return {name: t.detach().clone() for name, t in self.movable().items()}

    def target_batches(self, batches: Sequence[NDArray[np.int64]], first: int) -> Iterator[dict[str, Tensor]]:
        """Yield a target batch for each batch of an epoch from step ``first`` on, of its size; none without a target."""
        if self.target is None:
            return
        epoch = self.state.epoch
        drawn = target_batches(len(self.target), batches, [self.recipe.seed, self.number, epoch + 1])
        for _, inputs in prefetched(self.target, drawn[first:], epoch):
            yield inputs

    def step(
        self,
        positions: NDArray[np.int64],
        inputs: dict[str, Tensor],
        step: int,
        target: dict[str, Tensor] | None = None,
    ) -> float:
        """Do one step; update at the end of each accumulation."""
        self.terms.at((self.state.epoch * self.steps + step) / (self.phase.epochs * self.steps))
        recipe, state = self.recipe, self.state
        views = self.train.source.views(positions, state.epoch)
        data = self.train.data.batch(positions, self.compute.device, views)
        with self._draws(step), autocast(self.compute):
            loss, added = self._parts_of_loss({**inputs, **data}, target, self._weights(positions))
        (sum(added, loss) / self._parts_of_update(step, len(positions))).backward()  # type: ignore[no-untyped-call]
        told = torch.stack([loss, *added]).detach()
        if (step + 1) % recipe.accumulate == 0 or step + 1 == self.steps:
            if self.wants_norms:  # they travel with the loss, so that a device is waited for once
                told = torch.cat([told, self.parts.gradient_norms()])
            self._update(state.epoch * self.updates_per_epoch + step // recipe.accumulate)
        value, *rest = told.tolist()
        self.added, norms = rest[: len(added)], rest[len(added) :]
        if norms:
            self.norms, self.wants_norms = dict(zip(self.parts.names, norms, strict=True)), False
        return float(value)

    def _parts_of_update(self, step: int, images: int) -> float:
        """Return by what the loss of a step is divided: a mean over all images of an update, however they are batched."""
        first = step // self.recipe.accumulate * self.recipe.accumulate
        return sum(self.sizes[first : first + self.recipe.accumulate]) / images

    def _weights(self, positions: NDArray[np.int64]) -> Tensor | None:
        """Return how much each image of a batch counts; None where all count alike."""
        weights = self.train.weights
        return None if weights is None else weights[torch.from_numpy(positions)].to(self.compute.device)

    def _parts_of_loss(
        self, values: dict[str, Tensor], target: dict[str, Tensor] | None, weights: Tensor | None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the loss of the objectives, and what each term adds to it."""
        wanted = dict.fromkeys((*self.network.needed_wires, *self.terms.wires))
        found = self.network.run(values, tuple(wanted))
        seen = {} if target is None else self.network.run(target, self.terms.target_wires)
        of_both = {**values, **found, **{of_target(wire): value for wire, value in seen.items()}}
        return self.objectives.total(found, weights), self.terms.values(of_both)

    @contextmanager
    def _draws(self, step: int) -> Iterator[None]:
        """Draw as a function of seed, phase, epoch and step; leave the caller's generator as it was."""
        if not self.is_random:
            yield
            return
        key = [self.recipe.seed, self.number, self.state.epoch, step]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))
            yield

    def _update(self, update: int) -> None:
        for group, rate in zip(self.optimizer.param_groups, self.rates_at(update), strict=True):
            group["lr"] = rate
        if self.recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(list(self.moving.values()), self.recipe.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.state.updates += 1

    def _scheduled(self, update: int) -> list[float]:
        """Return the rate of each group at an update: its peak, and the schedule's share of that."""
        total = self.updates_per_epoch * self.phase.epochs
        factor = rate_factor(self.recipe, update, total, self.updates_per_epoch)
        return [peak * factor for peak in self.peaks()]

    def fit_terms(self) -> Iterator[Event]:
        """Let the terms look at the training images; yields what they tell."""
        for told in self.terms.fit(TermView(self.network, self.train, self.objectives, self.compute)):
            yield Noted(level="info", message=told)

    def count(self, loss: float, images: int) -> None:
        """Add a step to the sums of its epoch."""
        state = self.state
        state.loss_sum += loss * images
        state.loss_count += images
        for name, value in zip(self.terms.names, self.added, strict=True):
            state.term_sums[name] = state.term_sums.get(name, 0.0) + value * images

    @property
    def rate(self) -> float:
        """The head's present learning rate."""
        return float(self.optimizer.param_groups[-1]["lr"])

    def end_epoch(self, epoch: int, seconds: float) -> EpochEnded:
        """Score the validation images and remember the best weights."""
        state = self.state
        scores, recalls = self._validate()
        # Without validation images the last epoch is the best.
        value = self.objectives.rank(scores, self.recipe.monitor) if scores else (float(epoch), 0.0)
        is_best = epoch > 0 and (state.best_score is None or value > state.best_score)
        if is_best:
            state.best_score, state.best_epoch = value, epoch
            state.best = self.copy_movable()
        train_loss = state.loss_sum / state.loss_count if state.loss_count else None
        terms = {name: value / state.loss_count for name, value in state.term_sums.items()}
        state.loss_sum, state.loss_count, state.term_sums = 0.0, 0, {}
        scores = scores or {}
        return EpochEnded(
            phase=self.phase.name,
            epoch=epoch,
            train_loss=train_loss,
            validation_loss=scores.get("loss"),
            validation_accuracy=scores.get("accuracy"),
            validation_balanced_accuracy=scores.get("balanced_accuracy"),
            validation_scores={k: v for k, v in scores.items() if k not in _SHOWN_APART},
            validation_per_class=recalls,
            movement=self.parts.movement(),
            terms=terms,
            learning_rate=self.rate,
            seconds=seconds,
            is_best=is_best,
        )

    def _validate(self) -> tuple[dict[str, float] | None, dict[str, float]]:
        """Return the scores on the validation images, and the recall of each class."""
        if len(self.validation) == 0:
            return None, {}
        if self.objectives.main.fits == "features":
            self.objectives.fit_features(self.network, self.train, self.compute)
        predictions = predict(self.network, self.validation, self.compute, self.network.needed_wires)
        labels = self.validation.data.labels()
        recalls = {}
        if self.objectives.kind == "category":
            said = self.objectives.predict(predictions)
            recalls = recall_per_class(said, labels.numpy(), self.objectives.classes)
        return self.objectives.watched(predictions, labels), recalls

    def report(self, step: int, loss: float, rate: float) -> StepEnded:
        """Tell of a step that ended; norms are those of the last update that was measured."""
        norms, self.norms = self.norms, {}
        rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        return StepEnded(
            phase=self.phase.name,
            epoch=self.state.epoch + 1,
            step=step + 1,
            loss=loss,
            learning_rate=self.rate,
            images_per_second=rate,
            memory_bytes=resident_bytes(),
            gradient_norms=norms,
            learning_rates=self.parts.learning_rates(self.groups, rates[-len(self.groups) :]),
            terms=dict(zip(self.terms.names, self.added, strict=True)),
        )

    def remember(self, step: int) -> None:
        """Put the present place and the optimizer's state into the phase's state."""
        self.state.step = step
        self.state.optimizer = self.optimizer.state_dict()
        self.state.terms = self.terms.state()

    def restore_best(self) -> None:
        """Put the best epoch's weights back."""
        with torch.no_grad():
            for name, tensor in self.movable().items():
                if name in self.state.best:
                    tensor.copy_(self.state.best[name])
