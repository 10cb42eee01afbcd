"""One execution of a flow, as a generator of events that writes the run folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graftwork.bases.digest import digest_tensors
from graftwork.data import ImageSet, Split
from graftwork.documents.events import (
    DataReady,
    Event,
    Noted,
    PlanMade,
    RunEnded,
    RunResumed,
    RunStarted,
    ScoresReady,
)
from graftwork.documents.flow import Flow
from graftwork.documents.plan import Phase, Plan, Unfreezing
from graftwork.documents.record import AnyScores, Cost, Proof, Status, TargetSummary
from graftwork.engine import folder as run_folder
from graftwork.engine.boundary import frozen_names, set_trainable
from graftwork.engine.checkpoint import Checkpoint, Spent, read_checkpoint, restore, write_checkpoint
from graftwork.engine.compute import deterministic
from graftwork.engine.evaluate import predict
from graftwork.engine.gradual import tensors_in
from graftwork.engine.map_files import write_maps
from graftwork.engine.objectives import Objectives
from graftwork.engine.optim import trainable_tensors
from graftwork.engine.phase_runner import PhaseState
from graftwork.engine.prepare import Prepared, open_data, open_terms, prepare
from graftwork.engine.proof import FrozenWitness, MovementWitness, make_proof
from graftwork.engine.settings import read_settings
from graftwork.engine.statistics import fit_standardization, reestimate_batch_norm
from graftwork.engine.stores import Stores
from graftwork.engine.train import train_phase
from graftwork.engine.workspace import Workspace
from graftwork.errors import GraftworkError, ProofFailed, RunError, RunInterrupted

__all__ = ["RunSteps", "plan_flow", "run_flow"]


_NOTHING_MOVES = "Nothing is trainable: the base's features are used as they are."


def never() -> bool:
    """The wish to stop or to pause that never comes."""
    return False


def plan_flow(flow: Flow, *, workspace: Workspace) -> Plan:
    """Return what a run of ``flow`` would do: opens data and base, measures, trains nothing.

    Raises:
        FlowError, DataError, BaseNotUsable, PlanError: what stands in the way.
    """
    settings = read_settings(flow)
    images = open_data(
        settings.images, flow.recipe.seed, workspace, need_all_classes=settings.needs_all_classes
    )
    return prepare(flow, images, workspace, compute=None).plan


def run_flow(
    flow: Flow,
    folder: Path,
    *,
    workspace: Workspace,
    stop: Callable[[], bool] = never,
    pause: Callable[[], bool] = never,
) -> Iterator[Event]:
    """Run a flow and write plan, record, checkpoints, weights and predictions into ``folder``.

    If the folder holds a checkpoint the run goes on from there and ends as if it had never been
    interrupted, bit for bit.

    Args:
        flow: what to run.
        folder: the run folder; its name is the run's id.
        workspace: what runs of the project share.
        stop: asked often; when it says yes the run ends with the best weights so far.
        pause: asked often; when it says yes the run ends where it is, with nothing scored, and can go on.

    Raises:
        GraftworkError: after a ``RunEnded`` event with status 'failed'; the record says why.
    """
    run = RunSteps(flow, folder, workspace, stop, pause)
    yield RunStarted(run=folder.name)
    try:
        yield from run.execute()
    except RunInterrupted as error:
        status = run.interruption()
        run.finish(status, error.message)
        proof = run.record.proof if status == "stopped" else None
        yield RunEnded(status=status, message=error.message, proof=proof, cost=run.record.cost)
    except Exception as error:
        message = error.message if isinstance(error, GraftworkError) else f"{type(error).__name__}: {error}"
        run.finish("failed", message)
        yield RunEnded(status="failed", message=message, proof=run.record.proof, cost=run.record.cost)
        raise


class RunSteps:
    """The steps of one run, in order."""

    def __init__(
        self,
        flow: Flow,
        folder: Path,
        workspace: Workspace,
        stop: Callable[[], bool],
        pause: Callable[[], bool],
    ) -> None:
        self.flow, self.folder, self.workspace, self.stop, self._pause = flow, folder, workspace, stop, pause
        self.is_paused = self.is_stopped = False
        self.begun: set[str] = set()  # tensors of phases that gave something
        self.recipe = flow.recipe
        self.settings = read_settings(flow)
        self.flow = self.settings.flow  # without bypassed nodes
        self.record = run_folder.open_record(folder, flow, self.settings)
        self.started = time.perf_counter()
        self.spent = Spent()
        self._stores: Stores | None = None

    def pause(self) -> bool:
        """Whether the user wants a pause; once said, it stays so."""
        self.is_paused = self.is_paused or self._pause()
        return self.is_paused

    def wants_end(self) -> bool:
        """Whether the user wants this sitting to end, in either way."""
        self.is_stopped = self.is_stopped or self.stop()
        return self.is_stopped or self.pause()

    def interruption(self) -> Literal["stopped", "paused"]:
        """Return how the user ended this sitting; stopping goes before pausing."""
        return "paused" if self.is_paused and not self.is_stopped else "stopped"

    @property
    def stores(self) -> Stores:
        assert self._stores is not None
        return self._stores

    def execute(self) -> Iterator[Event]:
        """Do everything from reading the data to writing the record."""
        checkpoint = read_checkpoint(self.folder)
        if checkpoint is not None:
            self.spent = checkpoint.spent
        yield from self._read_data(checkpoint)
        earlier = self._earlier_plan(checkpoint)
        self.prepared: Prepared = prepare(
            self.flow, self.images, self.workspace, compute=earlier.compute if earlier else None
        )
        self._check_target(checkpoint)
        self.plan, self.network = earlier or self.prepared.plan, self.prepared.network
        yield from self._announce_plan()
        with deterministic(self.plan.compute):
            self._stores = Stores(
                self.prepared, self.plan, self.workspace.cache, self.wants_end, self.workspace.scored
            )
            self.objectives = Objectives(
                self.flow,
                self.network,
                self.images,
                self.stores.data("train").labels(),
                self.recipe,
                self.plan.compute.device,
            )
            yield from self._adapt_batch_norm()
            frozen, before, moved = self._witnesses()
            yield from self.stores.fill()
            self.is_stopped = yield from self._train(checkpoint, moved)
            yield from self._conclude(frozen, before, moved)

    def _earlier_plan(self, checkpoint: Checkpoint | None) -> Plan | None:
        """Return the plan that is to be kept to, of an earlier sitting."""
        return run_folder.read_plan(self.folder) if checkpoint is not None else None

    def _read_data(self, checkpoint: Checkpoint | None) -> Iterator[Event]:
        self.images: ImageSet = open_data(
            self.settings.images,
            self.recipe.seed,
            self.workspace,
            need_all_classes=self.settings.needs_all_classes,
        )
        if checkpoint is not None and checkpoint.data.partition("+")[0] != self.images.digest():
            raise self._changed(self.images)
        self.data = run_folder.summarize(self.images)
        run_folder.write_samples(self.folder, self.images)
        yield DataReady(classes=self.images.classes, num_images=self.data.num_images, notes=self.data.notes)

    def _changed(self, images: ImageSet) -> RunError:
        return RunError(
            f"The images of {images.source} changed since run {self.folder.name} began.",
            hint="Put them back as they were, or start a new run.",
        )

    def _digest(self) -> str:
        """Return the digest of all images that the run learns from; that of the target comes after a plus."""
        target = self.prepared.target
        weights = self.prepared.weights
        return "+".join(
            [
                self.images.digest(),
                *([] if target is None else [target.digest()]),
                *([] if weights is None else [digest_tensors({"weights": weights})]),
            ]
        )

    def _check_target(self, checkpoint: Checkpoint | None) -> None:
        target, weights = self.prepared.target, self.prepared.weights
        if (
            checkpoint is not None
            and target is None
            and weights is not None
            and checkpoint.data != self._digest()
        ):
            raise RunError(
                f"The weights in {self.recipe.image_weights} changed since run {self.folder.name} began.",
                hint="Put them back as they were, or start a new run.",
            )
        if target is not None:
            self.record = self.record.edit(
                target=TargetSummary(source=target.source, digest=target.digest(), num_images=len(target))
            )
            if checkpoint is not None and checkpoint.data != self._digest():
                raise self._changed(target)

    def _announce_plan(self) -> Iterator[Event]:
        run_folder.write_document(self.folder / run_folder.PLAN, self.plan)
        main = self.network.main
        card = main.base.card if main is not None else None
        self.record = self.record.edit(
            base=self.plan.base,
            strategy=self.plan.strategy,
            cut=self.plan.cut,
            data=self.data,
            card=card,
            environment=run_folder.environment(self.plan.compute),
        )
        run_folder.write_record(self.folder, self.record)
        yield PlanMade(plan=self.plan)
        for node, custom in self.prepared.built.customs.items():
            for note in custom.notes:
                yield Noted(level="info", message=f"Node '{node}': {note}")

    def _adapt_batch_norm(self) -> Iterator[Event]:
        if all(placed.batch_norm != "adapt" for placed in self.network.bases.values()):
            return
        source = self.stores.images("train", is_augmented=False)
        count = reestimate_batch_norm(self.network, source, self.plan.compute)
        yield Noted(
            level="info",
            message=f"The statistics of {count} batch-norm layers were re-estimated on "
            f"{len(source)} training images, then held; the proof starts from there.",
        )

    def _witnesses(self) -> tuple[FrozenWitness, str, MovementWitness]:
        """Remember the pretrained state before a checkpoint or a step changes anything."""
        set_trainable(self.network, self.plan.phases[-1].cuts, self.plan.batch_norm)
        frozen = FrozenWitness(self.network, frozen_names(self.network))
        return frozen, frozen.digest(), MovementWitness(trainable_tensors(self.network))

    # -- training -----------------------------------------------------------------------------------

    def _train(self, checkpoint: Checkpoint | None, moved: MovementWitness) -> Generator[Event, None, bool]:
        """Train all phases; returns whether the user stopped."""
        first = checkpoint.phase if checkpoint else 0
        terms = open_terms(self.prepared, self.plan)  # before a checkpoint's weights come
        if checkpoint is not None:
            self._begin_again(checkpoint)
            restore(self.network, checkpoint.tensors)
            self.record = self.record.edit(best_epoch=checkpoint.state.best_epoch or None)
        for number, phase in enumerate(self.plan.phases[first:], start=first):
            set_trainable(self.network, phase.cuts, self.plan.batch_norm, with_rules=phase.name == "main")
            train = self.stores.split("train", phase)
            self.last_phase = phase
            if not phase.groups:
                yield Noted(level="info", message=_NOTHING_MOVES)
                continue
            state = PhaseState()
            if checkpoint is not None and number == first:
                state = checkpoint.state
                state.interrupted = False
                yield RunResumed(run=self.folder.name, phase=phase.name, epoch=state.epoch, step=state.step)
            elif number == 0 and self._is_standardized(phase):
                fit_standardization(self.network, train, self.plan.compute)
            yield from train_phase(
                self.network,
                phase,
                number,
                self.recipe,
                train=train,
                validation=self.stores.split("validation", phase),
                objectives=self.objectives,
                compute=self.plan.compute,
                state=state,
                start=moved.start,
                save=lambda s, n=number: self._save(n, s),  # type: ignore[misc]
                stop=self.stop,
                pause=self.pause,
                hold_waiting=self._hold_waiting,
                terms=terms if phase.terms else None,
                target=self.stores.target(phase),
            )
            if state.has_moved:
                self.begun |= tensors_in(phase, state.best_epoch or state.epoch + 1)
            if note := self._note_on_waiting(phase, state.best_epoch):
                yield Noted(level="info", message=note)
            self.record = self.record.edit(best_epoch=state.best_epoch or None)
            if state.interrupted:
                return True
            is_last = number + 1 == len(self.plan.phases)
            self._save(number + 1, PhaseState(best_epoch=state.best_epoch if is_last else 0))
        return False

    def _begin_again(self, checkpoint: Checkpoint) -> None:
        """Take up which tensors the phases before a checkpoint moved."""
        for phase in self.plan.phases[: checkpoint.phase]:
            self.begun |= tensors_in(phase, checkpoint.state.best_epoch or phase.epochs)

    def _hold_waiting(self, step: Unfreezing) -> None:
        cuts = self.plan.phases[-1].cuts
        set_trainable(self.network, cuts, self.plan.batch_norm, not_yet=step.not_yet)

    def _note_on_waiting(self, phase: Phase, best_epoch: int) -> str | None:
        """Say which stages have the weights that they began with, as the best epoch came before their turn."""
        waiting = [s for step in phase.unfreezing if step.epoch > best_epoch for s in step.stages]
        if not waiting or not best_epoch:
            return None
        return f"The best epoch, {best_epoch}, came before {', '.join(waiting)} were free: they are as they began."

    def _is_standardized(self, phase: Phase) -> bool:
        """Features are standardized when the head starts on frozen bases."""
        whole = {node: placed.base.stage_names()[-1] for node, placed in self.network.bases.items()}
        return bool(whole) and phase.cuts == whole

    def _save(self, phase: int, state: PhaseState) -> None:
        write_checkpoint(self.folder, self.network, self._digest(), phase, state, self._spent_so_far())

    def _spent_so_far(self) -> Spent:
        return Spent(
            seconds=self.spent.seconds + time.perf_counter() - self.started,
            base_images=self.spent.base_images + self._network_count("base_images"),
            partial_images=self.spent.partial_images + self._network_count("partial_images"),
            cache_hits=self.spent.cache_hits + (self._stores.hits if self._stores else 0),
        )

    def _network_count(self, name: str) -> int:
        return int(getattr(self.network, name)) if hasattr(self, "network") else 0

    # -- the end ------------------------------------------------------------------------------------

    def _conclude(self, frozen: FrozenWitness, before: str, moved: MovementWitness) -> Iterator[Event]:
        phase = getattr(self, "last_phase", self.plan.phases[-1])
        self.objectives.fit_features(self.network, self.stores.split("train", phase), self.plan.compute)
        metrics: dict[Literal["validation", "test"], AnyScores] = {}
        probabilities: dict[Split, NDArray[np.float32]] = {}
        maps: dict[Split, NDArray[Any]] = {}
        truths: dict[Split, NDArray[Any]] = {}
        odd: dict[Split, NDArray[Any]] = {}
        for split in self.workspace.scored:
            if not self.images.of_split(split):
                continue
            outputs = predict(self.network, self.stores.split(split, phase), self.plan.compute)
            said, labels = self.objectives.predict(outputs), self.stores.data(split).labels()
            if split == "validation":
                self.objectives.fit_threshold(said, labels)
            places = self.objectives.maps(outputs, said)
            probabilities[split], metrics[split] = said, self.objectives.score(said, labels, places)
            if self.objectives.kind == "anomaly":
                odd[split] = self.objectives.truth(labels)
            if places is not None:
                maps[split], truths[split] = places, labels.numpy()
            yield ScoresReady(split=split, scores=metrics[split])
        run_folder.write_predictions(self.folder, self.images, probabilities, odd)
        if note := write_maps(self.folder, self.images, maps, truths):
            yield Noted(level="info", message=note)
        run_folder.write_weights(self.folder, self.network)
        run_folder.write_objective(self.folder, self.objectives.main.state_dict())
        proof = make_proof(self.network, frozen, before, moved, begun=self._tried())
        self.record = self.record.edit(metrics=metrics, proof=proof)
        if self.is_stopped:
            raise RunInterrupted("Stopped by the user; the best weights so far are kept.")
        self._judge(proof)
        self.finish("finished", None)
        yield RunEnded(status="finished", proof=proof, cost=self.record.cost)

    def _tried(self) -> set[str] | None:
        """Return the tensors that had a reason to move; None: all that are trainable."""
        has_waited = any(phase.unfreezing for phase in self.plan.phases)
        return self.begun if self.is_stopped or has_waited else None

    def _judge(self, proof: Proof) -> None:
        if not proof.frozen_unchanged:
            raise ProofFailed(
                f"{len(proof.changed_frozen)} frozen tensors changed: {', '.join(proof.changed_frozen[:5])}.",
                hint="Do not use this model; please report this with the run folder.",
            )
        if proof.unmoved:
            raise ProofFailed(
                f"{len(proof.unmoved)} trainable tensors did not move: {', '.join(proof.unmoved[:5])}.",
                hint="No gradient reaches them, or the learning rate is too small to change them.",
            )

    def finish(self, status: Status, message: str | None) -> None:
        """Write the record as it is at the end."""
        spent = self._spent_so_far()
        cost = Cost(
            seconds=round(spent.seconds, 3),
            base_images=spent.base_images,
            partial_images=spent.partial_images,
            cache_hits=spent.cache_hits,
            cache_bytes=self._stores.bytes if self._stores else 0,
            peak_memory_bytes=run_folder.peak_memory_bytes(),
        )
        self.record = self.record.edit(status=status, message=message, cost=cost)
        run_folder.write_record(self.folder, self.record)
