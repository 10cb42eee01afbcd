"""Where the main phase of a run began, made again, with all that is needed to score other weights there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.documents.averaged import AveragedRun
from graftwork.documents.events import Event, Noted, RunStarted
from graftwork.documents.flow import Flow
from graftwork.documents.plan import Phase, Plan
from graftwork.documents.record import AnyScores, TargetSummary, TunedRun
from graftwork.engine import folder as run_folder
from graftwork.engine.boundary import set_trainable
from graftwork.engine.checkpoint import Checkpoint
from graftwork.engine.compute import deterministic
from graftwork.engine.data_wires import DataWires
from graftwork.engine.evaluate import Split, predict
from graftwork.engine.phase_runner import PhaseState, epoch_batches
from graftwork.engine.proof import FrozenWitness, MovementWitness
from graftwork.engine.run import RunSteps
from graftwork.engine.statistics import fit_standardization, reestimate_layers
from graftwork.engine.stores import HELD_OUT
from graftwork.engine.workspace import Workspace
from graftwork.errors import RunInterrupted

__all__ = ["Measured", "StartAgain"]

_BATCH = 32


@dataclass(frozen=True)
class Measured:
    """What some weights are worth.

    Args:
        watched: validation numbers that epochs are judged by; empty without validation images.
        scores: of each split that was asked for.
    """

    watched: Mapping[str, float]
    scores: Mapping[str, AnyScores]


class StartAgain(RunSteps):
    """A run up to the first step of its main phase: the same data, the same probe, the same bits.

    What the run computed and stored is found, not computed again; nothing is written into its folder.

    Args:
        flow: of the run.
        plan: of the run; kept to.
        workspace: what runs of the project share.
        stop: asked often; true ends the work.
        tell: called with each event on the way.
        phase: that is to begin; the main one if not given.

    Attributes:
        seeded: all tensors as they were built: pretrained bases, new parts as seeded.
        start: all tensors as the phase began.
        has_probe: whether a head was trained before.
    """

    def __init__(
        self,
        flow: Flow,
        plan: Plan,
        workspace: Workspace,
        *,
        stop: Callable[[], bool] = lambda: False,
        tell: Callable[[Event], None] = lambda _: None,
        phase: str = "main",
    ) -> None:
        self._kept_plan, self.flow_of_run, self._upto = plan, flow, phase
        self._from_images = False
        with TemporaryDirectory(prefix="start-") as place:
            folder = Path(place) / "run"
            folder.mkdir()
            super().__init__(flow, folder, workspace, stop, lambda: False)
            for event in self.execute():
                tell(event)
                if self.wants_end():
                    raise RunInterrupted("Stopped.", hint="Ask for it again when it is wanted.")
        self.start = self.copied()

    # -- from the data to the start of the main phase ------------------------------------------------

    def _earlier_plan(self, checkpoint: Checkpoint | None) -> Plan:  # noqa: ARG002
        return self._kept_plan

    def _save(self, phase: int, state: PhaseState) -> None:
        """Keep no checkpoint: what is made again can be made again."""

    @property
    def _num_before(self) -> int:
        return next(i for i, phase in enumerate(self._kept_plan.phases) if phase.name == self._upto)

    @property
    def has_probe(self) -> bool:
        return self._num_before > 0

    def _train(
        self,
        checkpoint: Checkpoint | None,  # noqa: ARG002
        moved: MovementWitness,
    ) -> Generator[Event, None, bool]:
        whole, number = self.plan, self._num_before
        self.plan = whole.edit(phases=whole.phases[:number])
        is_stopped = yield from super()._train(None, moved)
        self.plan, main = whole, whole.phases[number]
        if is_stopped:
            raise RunInterrupted("Stopped.", hint="Ask for it again when it is wanted.")
        set_trainable(self.network, main.cuts, whole.batch_norm, with_rules=main.name == "main")
        if number == 0 and self._is_standardized(main):
            fit_standardization(self.network, self.stores.split("train", main), whole.compute)
        return False

    def _adapt_batch_norm(self) -> Iterator[Event]:
        self.seeded = self.copied()
        return super()._adapt_batch_norm()

    def _witnesses(self) -> tuple[FrozenWitness, str, MovementWitness]:
        self._begun_with = self.copied()  # after batch-norm was adapted, before the first step
        return super()._witnesses()

    def _conclude(self, frozen: FrozenWitness, before: str, moved: MovementWitness) -> Iterator[Event]:
        self._seen = frozen, before, moved
        yield from ()

    # -- other weights in the same place -------------------------------------------------------------

    def copied(self) -> dict[str, Tensor]:
        """Return a copy of all tensors as they are now."""
        return {name: t.detach().cpu().clone() for name, t in self.network.tensors().items()}

    def read_images(self) -> None:
        """Score from the images on, as weights come that do not share what the run holds frozen."""
        self._from_images = True

    @property
    def _phase(self) -> Phase:
        last = self.plan.phases[-1]
        return last.edit(from_cache=False) if self._from_images else last

    def put(self, weights: Mapping[str, Tensor], reestimated: Sequence[_BatchNorm] = ()) -> None:
        """Put weights into the network and re-estimate the statistics of some layers on the training images.

        Raises:
            WeightsMismatch: the weights are of another network.
        """
        self.network.load(weights)
        if not reestimated:
            return
        source, data = self.stores.images("train", is_augmented=False), self._plain_data()
        batches = epoch_batches(len(source), _BATCH, self.recipe.seed, 0, 0)
        with deterministic(self.plan.compute), torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.recipe.seed)
            reestimate_layers(self.network, reestimated, Split(source, data), batches, self.plan.compute)

    def _plain_data(self) -> DataWires:
        indices, wires = self.images.of_split("train"), self.network.data_wires
        return DataWires(self.images, indices, wires, self.prepared.transform)

    def measure(self, splits: Sequence[str] = HELD_OUT) -> Measured:
        """Return what the weights in the network are worth on these splits."""
        phase, compute = self._phase, self.plan.compute
        watched: dict[str, float] = {}
        scores: dict[str, AnyScores] = {}
        with deterministic(compute):
            self.objectives.fit_features(self.network, self.stores.split("train", phase), compute)
            for split in HELD_OUT:
                if split not in splits or not self.images.of_split(split):
                    continue
                outputs = predict(
                    self.network, self.stores.split(split, phase), compute, self.network.needed_wires
                )
                said, labels = self.objectives.predict(outputs), self.stores.data(split).labels()
                if split == "validation":
                    self.objectives.fit_threshold(said, labels)
                    watched = self.objectives.watched(outputs, labels)
                scores[split] = self.objectives.score(said, labels, self.objectives.maps(outputs, said))
                if self.wants_end():
                    raise RunInterrupted("Stopped.", hint="Ask for it again when it is wanted.")
        return Measured(watched, scores)

    # -- a run of its own ----------------------------------------------------------------------------

    def write(
        self,
        folder: Path,
        flow: Flow,
        note: str,
        *,
        averaged: AveragedRun | None = None,
        tuned: TunedRun | None = None,
        target: TargetSummary | None = None,
    ) -> Iterator[Event]:
        """Write the network as it is now into ``folder`` as a run, scored and proven; yields events.

        Args:
            folder: of the new run, with its flow in it.
            flow: that the record takes the name from.
            note: one sentence on where the weights come from.
            averaged: of weights that are an average.
            tuned: of weights that went on, on a target.
            target: that they were adapted to.

        Raises:
            ProofFailed: a tensor that was frozen in all parents is not that of the base.
        """
        frozen, before, moved = self._seen
        self.folder = folder
        self.record = run_folder.open_record(folder, flow, self.settings).edit(
            averaged=averaged, tuned=tuned, target=target
        )
        yield RunStarted(run=folder.name)
        yield from self._read_data(None)
        yield from self._announce_plan()
        yield Noted(level="info", message=note)
        self.last_phase = self._phase
        with deterministic(self.plan.compute):
            yield from super()._conclude(frozen, before, moved)

    def go_on(self, weights: Mapping[str, Tensor], may_change: Collection[str]) -> None:
        """Put weights into the network, and let the proof begin there: all but some names must stay as they are.

        Args:
            weights: that are gone on from.
            may_change: names of tensors that may.
        """
        self.put(weights)
        self.read_images()
        tensors = self.network.tensors()
        witness = FrozenWitness(self.network, sorted(tensors.keys() - set(may_change)))
        moving = {name: tensors[name] for name in sorted(may_change)}
        self._seen = witness, witness.digest(), MovementWitness(moving)

    @property
    def frozen(self) -> set[str]:
        """The names that the proof watches."""
        return set(self._seen[0].before)

    def free_in_others(self, names: Collection[str]) -> None:
        """Let tensors that this run held, and another parent trained, count as trained in the proof."""
        frozen, _, moved = self._seen
        free = frozen.before.keys() & set(names)
        if not free:
            return
        now = self.copied()
        self.put(self._begun_with)
        witness = FrozenWitness(self.network, sorted(frozen.before.keys() - free))
        start = MovementWitness({**moved.start, **{name: self._begun_with[name] for name in sorted(free)}})
        self._seen = witness, witness.digest(), start
        self.put(now)

    def _tried(self) -> set[str]:
        """Return the tensors that the average takes away from where they started."""
        _, _, moved = self._seen
        return set(moved.start) - set(moved.unmoved(self.network.tensors()))
