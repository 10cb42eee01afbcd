"""The project: a folder with flows, runs, caches and an index. Everything above works through it."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.events import Event, PlanMade
from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow, dump_flow
from graftwork.documents.plan import Plan
from graftwork.documents.record import AnyScores, RunRecord
from graftwork.errors import (
    RunError,
    RunNotFound,
    StorageError,
    UsageError,
    did_you_mean,
)
from graftwork.graph.check import checked
from graftwork.project import steering
from graftwork.project.apart import is_apart, plan_apart
from graftwork.project.choosing.face import Choosing
from graftwork.project.comparison import Comparison, compare_runs
from graftwork.project.execute import OnEvent, Stop, execute
from graftwork.project.lock import lock_run
from graftwork.project.looks.other_data import scores_on
from graftwork.project.mark import check_format, make_project, mark_of
from graftwork.project.options import flow_from_options
from graftwork.project.run import Run
from graftwork.project.sources import Source, image_by_key, source_text
from graftwork.project.transferring.face import Transferring
from graftwork.project.trust import require_trust, trust_new_project
from graftwork.project.using import Prediction, predict_images

if TYPE_CHECKING:
    from graftwork.engine.preview.session import Preview, PreviewSession
    from graftwork.engine.trained import TrainedModel
    from graftwork.engine.workspace import Workspace
    from graftwork.project.index import RunIndex
    from graftwork.project.looks.inspection import Inspection

__all__ = ["Project", "Source", "default_root"]

OnNote = Callable[[str], None]

_LOG = logging.getLogger("graftwork")


def default_root() -> Path:
    """Return ``$GRAFTWORK_PROJECT``, or ``graftwork-project`` in the working folder."""
    return Path(os.environ.get("GRAFTWORK_PROJECT") or "graftwork-project")


class Project(Choosing, Transferring):
    """A folder that holds flows, runs, caches and the index of runs.

    Args:
        root: the folder; made with what is below it where it is missing.
        create: whether a missing project is made; if not, it is an error.
        on_note: told what the user should know; goes to the log ``graftwork`` if not given.

    Raises:
        StorageError: the folder cannot be written, is a file, or is of a newer format.
    """

    def __init__(self, root: str | Path, *, create: bool = True, on_note: OnNote | None = None) -> None:
        self.root = Path(root).expanduser().resolve()
        self._note = on_note or _LOG.info
        self._previews: PreviewSession | None = None
        mark = mark_of(self.root)
        if mark.is_file():
            check_format(mark)
        elif create:
            with trust_new_project(self.root):
                make_project(self.root)
        else:
            raise StorageError(
                f"There is no project in {self.root}.",
                hint="Name its folder with --project, or make one with graftwork train.",
                path=str(self.root),
            )

    @property
    def folder_of_runs(self) -> Path:
        return self.root / "runs"

    @property
    def workspace(self) -> Workspace:
        """The folders that runs share: feature cache, other runs, data indices, and the project itself."""
        from graftwork.engine.workspace import Workspace

        return Workspace(
            cache=self.root / "cache", runs=self.folder_of_runs, index=self.root / "data", root=self.root
        )

    def make_flow(self, source: Source, *, name: str | None = None, **options: Any) -> Flow:
        """Return the transfer flow that ``options`` describe, without saving it."""
        return flow_from_options(source_text(source, self.root / "data"), name=name, **options)

    def transfer(
        self,
        source: Source,
        *,
        on_event: OnEvent | None = None,
        stop: Stop | None = None,
        name: str | None = None,
        **options: Any,
    ) -> Run:
        """Build a transfer flow, save it in ``flows/``, run it and return the run.

        Args:
            source: folder, table, array file, ``sample:NAME``, or a pair of arrays.
            on_event: called with each event.
            stop: true ends the run with the best so far.
            name: name of flow and run.
            options: ``base``, ``strategy``, ``cut``, ``batch_norm``, ``image_size``, ``validation``, ``test``,
                a table's columns, and all fields of the recipe.
        """
        flow = self.make_flow(source, name=name, **options)
        return self.run(flow, on_event=on_event, stop=stop, save=True)

    def save_flow(self, flow: Flow) -> Flow:
        """Save a flow in ``flows/``; when another one has its name, it gets a number.

        Returns:
            The flow under the name it was saved by.
        """
        path, named = self._place(flow)
        write_atomically(path, dump_flow(named))
        return named

    def _place(self, flow: Flow) -> tuple[Path, Flow]:
        """Return the file and the name under which no other flow is saved."""
        for number in range(1, 10_000):
            named = flow if number == 1 else flow.edit(name=f"{flow.name}-{number}")
            stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in named.name).strip(".") or "flow"
            path = self.root / "flows" / f"{stem}.yaml"
            if not path.exists() or path.read_text(encoding="utf-8") == dump_flow(named):
                return path, named
        raise StorageError(f"There are too many flows named '{flow.name}'.", hint="Choose another --name.")

    def plan(self, flow: Flow) -> Plan:
        """Return what running ``flow`` would do.

        Raises:
            FlowError: the flow has problems; all are listed.
        """
        from graftwork.engine.run import plan_flow

        require_trust(checked(flow), self.root)
        with storing("The plan", self.root):
            if is_apart(flow):
                return plan_apart(flow, self.workspace)
            return plan_flow(flow, workspace=self.workspace)

    def preview(
        self, flow: Flow, node: str, *, run: str | None = None, stop: Stop | None = None, **choices: Any
    ) -> Preview:
        """Return what a node gives on a few samples, computed only as far as that node.

        The project keeps what an edit leaves alone, so that the next preview of an edited flow is quick.

        Args:
            flow: may have problems that the node does not stand on.
            node: id of the node.
            run: run whose weights are shown; None: pretrained bases, new parts as they start.
            stop: true ends the preview.
            choices: ``samples``, ``number``, ``split``, ``port``, ``channel``, ``order``, as
                ``PreviewSession.preview`` takes them.

        Raises:
            UnknownName: no such node, port or sample; the hint guesses.
            FlowError: problems in what the node stands on; all are listed.
            WeightsMismatch: the run's weights do not fit a node any more.
        """
        from graftwork.engine.preview.session import PreviewSession
        from graftwork.project.previewing import preview_node

        self._previews = self._previews or PreviewSession(self.workspace)
        folder = None if run is None else self.find(run).path
        return preview_node(flow, node, self._previews, self.root, run=folder, stop=stop, **choices)

    def run(
        self, flow: Flow, *, on_event: OnEvent | None = None, stop: Stop | None = None, save: bool = False
    ) -> Run:
        """Run ``flow`` to its end and return the run.

        A run that fails before its plan was made leaves nothing behind; any other one keeps all.

        Args:
            flow: what to run.
            on_event: called with each event.
            stop: true ends the run with the best so far.
            save: whether to save the flow in ``flows/`` too, under a name of its own.

        Raises:
            FlowError: the flow has problems; all are listed.
            GraftworkError: the run failed; ``fields["run"]`` is its id.
        """
        require_trust(checked(flow), self.root)
        if save:
            _, flow = self._place(flow)
            on_event = self._saving(flow, on_event)
        run = steering.make_run(self.folder_of_runs, flow)
        try:
            self._execute(flow, run, on_event, stop)
        except BaseException:
            if not (run.path / "plan.json").exists():
                shutil.rmtree(run.path, ignore_errors=True)
                self._update_index()
            raise
        return run

    def resume(self, run_id: str, *, on_event: OnEvent | None = None, stop: Stop | None = None) -> Run:
        """Go on with a run from its last checkpoint; a finished run is left as it is.

        Raises:
            RunNotFound: no such run.
            RunError: another process writes the run.
        """
        run = self.find(run_id)
        try:
            finished = run.record.status == "finished"
        except RunError:
            finished = False
        if finished:
            self._note(f"The run {run.id} is finished; there is nothing to resume.")
            return run
        require_trust(run.flow, self.root)
        self._execute(run.flow, run, on_event, stop)
        return run

    def start(self, flow: Flow, *, name: str | None = None, at_once: bool = False) -> Run:
        """Start a run of ``flow`` in a process of its own and return at once.

        The run goes on when this process ends. One such run of a project trains at a time; the others wait
        in the order in which they were started.

        Args:
            flow: what to run.
            name: name of the run, if not that of the flow.
            at_once: whether it trains even while another one does.

        Raises:
            FlowError: the flow has problems; all are listed.
            NotTrusted: it has custom code and the project is not trusted.
        """
        return steering.start(self, flow, name=name, at_once=at_once)

    def start_again(self, run_id: str, *, at_once: bool = False) -> Run:
        """Go on with a run from its last checkpoint, in a process of its own, and return at once.

        Raises:
            RunNotFound: no such run.
            RunError: the run is finished, or a process writes it.
        """
        return steering.start_again(self, self.find(run_id), at_once=at_once)

    def stop(self, run_id: str) -> Run:
        """Ask a run to stop; its process keeps and scores the best weights so far, then ends.

        Raises:
            RunNotFound, RunError: no such run, or no process works on it.
        """
        return steering.order(self.find(run_id), "stop")

    def pause(self, run_id: str) -> Run:
        """Ask a run to pause; its process saves where it is and ends. Resuming goes on bit for bit.

        Raises:
            RunNotFound, RunError: no such run, or no process works on it.
        """
        return steering.order(self.find(run_id), "pause")

    def force_stop(self, run_id: str) -> Run:
        """Kill the process of a run at once; what was saved stays, and the run can be resumed.

        Raises:
            RunNotFound, RunError: no such run, no process works on it, or this very process does.
        """
        return steering.force_stop(self.find(run_id))

    def rename_run(self, run_id: str, name: str) -> Run:
        """Give a run another name, also while it goes on.

        Raises:
            RunNotFound, UsageError: no such run, or a name that is empty or too long.
        """
        return steering.relabel(self.find(run_id), name=name)

    def note_run(self, run_id: str, text: str) -> Run:
        """Give a run a note, also while it goes on; an empty text takes it away.

        Raises:
            RunNotFound: no such run.
        """
        return steering.relabel(self.find(run_id), note=text)

    def evaluate(self, run_id: str, source: Source | None = None, **columns: str | None) -> AnyScores:
        """Score a run on ``source``, or on its own test images if not given.

        Args:
            run_id: id, its beginning, or name.
            source: labelled images whose classes the run knows; what the run says of each is kept, so that
                it can be looked at.
            columns: ``image_column``, ``label_column``, … of a table.
        """
        run = self.find(run_id)
        return scores_on(
            run, self.load(run.id), source, columns, workspace=self.workspace, on_note=self._note
        )

    def predict(self, run_id: str, images: Iterable[Any]) -> list[Prediction]:
        """Return a prediction for each image, in order.

        Args:
            run_id: id, its beginning, or name.
            images: paths of images or folders, or PIL images.
        """
        if isinstance(images, (str, Path)):
            images = [images]
        return list(predict_images(self.load(run_id), images))

    def load(self, run_id: str) -> TrainedModel:
        """Return the trained model of a run."""
        from graftwork.engine.trained import load_run

        run = self.find(run_id)
        if not (run.path / "weights.safetensors").is_file():
            raise RunError(
                f"The run {run.id} is {run.status} and has no trained weights.",
                hint=f"Finish it with graftwork runs resume {run.id}.",
                run=run.id,
            )
        require_trust(run.flow, self.root)
        return load_run(run.path, workspace=self.workspace)

    def inspect(self, subject: str | Flow) -> Inspection:
        """Return what looks into a run, or into a flow before it is trained.

        Args:
            subject: a flow, a flow file, the name of a saved flow, or a run's id or name.

        Raises:
            RunNotFound: neither run nor flow.
            FlowError: the flow has problems; all are listed.
        """
        from graftwork.project.looks.inspection import Inspection, find_subject

        found = find_subject(self, subject) if isinstance(subject, str) else subject
        return Inspection(self, found, tell=lambda what: self._note(what) if isinstance(what, str) else None)

    def export(self, run_id: str, to: str = "onnx", destination: str | Path | None = None) -> Any:
        """Write a run's model in another format, check it against the run, and return the export's report."""
        from graftwork.project.exporting import export_run

        run = self.find(run_id)
        return export_run(run, self.load(run.id), to=to, destination=destination, workspace=self.workspace)

    def runs(self) -> list[Run]:
        """Return all runs, newest first."""
        return [Run(self.folder_of_runs / row["id"]) for row in self.rows()]

    def rows(self) -> list[dict[str, Any]]:
        """Return all runs as rows of the index, newest first."""
        with closing(self._index()) as index:
            rows = index.rows()
            self._tell(index)
        return rows

    def find(self, run_id: str) -> Run:
        """Return the run of that id, unique beginning of an id, or unique name.

        Raises:
            RunNotFound: none, or more than one.
        """
        exact = self.folder_of_runs / run_id
        if exact.name == run_id != ".." and exact.is_dir():  # never a path, so never out of the folder
            return Run(exact)
        rows = self.rows()
        found = [r["id"] for r in rows if run_id and r["id"].startswith(run_id)]
        found = found or [r["id"] for r in rows if r["name"] == run_id]
        if len(found) == 1:
            return Run(self.folder_of_runs / found[0])
        if found:
            raise RunNotFound(
                f"'{run_id}' fits {len(found)} runs.", hint=f"Name one: {', '.join(found[:8])}.", run=run_id
            )
        known = [name for r in rows for name in (r["id"], r["name"]) if name]
        hint = did_you_mean(run_id, list(dict.fromkeys(known))) if known else "The project has no runs yet."
        raise RunNotFound(f"There is no run '{run_id}' in {self.root}.", hint=hint, run=run_id)

    def delete(self, run_id: str) -> str:
        """Delete a run's folder for good and return its id.

        Raises:
            RunError: a process writes the run, or measures its learning curve, at this moment.
        """
        from graftwork.project.looks.curve_steering import refuse_while_measured

        run = self.find(run_id)
        refuse_while_measured(run)
        with lock_run(run.path), storing("The deletion", run.path):
            shutil.rmtree(run.path)
        self._update_index()
        return run.id

    def compare(self, run_ids: Sequence[str]) -> Comparison:
        """Put runs side by side: their scores, and where they differ.

        Raises:
            UsageError: fewer than two runs.
        """
        runs = [self.find(run_id) for run_id in run_ids]
        if len(runs) < 2:
            raise UsageError("Comparing wants at least two runs.", hint="Name them by id or name.")
        return compare_runs(runs)

    def reindex(self) -> int:
        """Build the index anew from the folders and return the number of runs."""
        with closing(self._index()) as index:
            return index.rebuild()

    def write_report(self, run: Run) -> Path | None:
        """Write a run's HTML report; a report that fails is told, and costs nothing else.

        It shows the looks inside that the run keeps; ``looks.reporting.full_report`` takes them first.
        """
        from graftwork.export.report import write_report

        try:
            write_report(run.path, images=image_by_key(run, self.workspace), compare=self.peers(run))
        except Exception as error:  # noqa: BLE001 the run is worth more than its report
            self._note(f"The report of run {run.id} could not be written: {error}")
        return run.report

    def peers(self, run: Run) -> list[RunRecord]:
        """Return the records of other finished runs on the very same images and splits."""
        data = run.record.data
        records = [_record_or_none(other) for other in self.runs() if other.id != run.id]
        return [r for r in records if r and data and r.data and r.data.digest == data.digest and r.metrics]

    def carry_out(self, run: Run) -> None:
        """Do what a run's folder holds, in this process; orders that were given before count."""
        require_trust(run.flow, self.root)
        self._execute(run.flow, run, None, None, keep_orders=True)

    def _execute(
        self, flow: Flow, run: Run, on_event: OnEvent | None, stop: Stop | None, *, keep_orders: bool = False
    ) -> None:
        try:
            execute(
                flow, run, workspace=self.workspace, on_event=on_event, stop=stop, keep_orders=keep_orders
            )
        finally:
            if (run.path / "plan.json").exists():
                self.write_report(run)
            self._update_index()

    def _saving(self, flow: Flow, on_event: OnEvent | None) -> OnEvent:
        """Return ``on_event`` so that it saves the flow once its plan is made, and not before."""

        def tell(event: Event) -> None:
            if isinstance(event, PlanMade):
                self.save_flow(flow)
            if on_event is not None:
                on_event(event)

        return tell

    def _index(self) -> RunIndex:
        from graftwork.project.index import RunIndex

        return RunIndex(self.root / "index.sqlite", self.folder_of_runs)

    def _update_index(self) -> None:
        with closing(self._index()) as index:
            self._tell(index)

    def _tell(self, index: RunIndex) -> None:
        for note in index.notes:
            self._note(note)


def _record_or_none(run: Run) -> RunRecord | None:
    try:
        return run.record
    except RunError:
        return None
