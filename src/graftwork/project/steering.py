"""The part of a project that starts runs in processes of their own, steers them, and names them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow, dump_flow
from graftwork.errors import RunError
from graftwork.graph.check import checked
from graftwork.project.control import Order, ask
from graftwork.project.labels import change_label
from graftwork.project.launch import discard, force_end, launch
from graftwork.project.lock import is_locked
from graftwork.project.run import Run, new_run_id, word_of
from graftwork.project.trust import require_trust

__all__ = ["Steering"]

_ENDINGS = {"stop": "stopped", "pause": "paused"}


class Steering(ABC):
    """What a project can do to runs while they go on."""

    root: Path

    @property
    @abstractmethod
    def folder_of_runs(self) -> Path: ...

    @abstractmethod
    def find(self, run_id: str) -> Run:
        """Return the run of that id, unique beginning of an id, or unique name."""

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
        require_trust(checked(flow), self.root)
        run = self._new_run(flow if name is None else flow.edit(name=name))
        try:
            launch(run, self.root, at_once=at_once)
        except BaseException:
            discard(run)
            raise
        return run

    def start_again(self, run_id: str, *, at_once: bool = False) -> Run:
        """Go on with a run from its last checkpoint, in a process of its own, and return at once.

        Raises:
            RunNotFound: no such run.
            RunError: the run is finished, or a process writes it.
        """
        run = self.find(run_id)
        if _status(run) == "finished":
            raise RunError(f"The run {run.id} is finished; there is nothing to resume.", run=run.id)
        require_trust(run.flow, self.root)
        launch(run, self.root, at_once=at_once)
        return run

    def stop(self, run_id: str) -> Run:
        """Ask a run to stop; its process keeps and scores the best weights so far, then ends.

        Raises:
            RunNotFound: no such run.
            RunError: no process works on the run.
        """
        return self._order(run_id, "stop")

    def pause(self, run_id: str) -> Run:
        """Ask a run to pause; its process saves where it is and ends. Resuming goes on bit for bit.

        Raises:
            RunNotFound: no such run.
            RunError: no process works on the run.
        """
        return self._order(run_id, "pause")

    def force_stop(self, run_id: str) -> Run:
        """Kill the process of a run at once; what was saved stays, and the run can be resumed.

        Raises:
            RunNotFound: no such run.
            RunError: no process works on the run, or this very process does.
        """
        run = self.find(run_id)
        force_end(run)
        return run

    def rename_run(self, run_id: str, name: str) -> Run:
        """Give a run another name, also while it goes on.

        Raises:
            RunNotFound: no such run.
            UsageError: the name is empty or too long.
        """
        run = self.find(run_id)
        change_label(run.path, name=name)
        return run

    def note_run(self, run_id: str, text: str) -> Run:
        """Give a run a note, also while it goes on; an empty text takes it away.

        Raises:
            RunNotFound: no such run.
        """
        run = self.find(run_id)
        change_label(run.path, note=text)
        return run

    def _order(self, run_id: str, order: Order) -> Run:
        run = self.find(run_id)
        if not is_locked(run.path):
            status = _status(run)
            next_step = None if status == "finished" else f"Go on with it by graftwork runs resume {run.id}."
            raise RunError(
                f"The run {run.id} cannot be {_ENDINGS[order]}: it is {status}, and no process works on it.",
                hint=next_step,
                run=run.id,
            )
        ask(run.path, order)
        return run

    def _new_run(self, flow: Flow) -> Run:
        with storing("A new run", self.folder_of_runs):
            while True:
                path = self.folder_of_runs / new_run_id(word_of(flow))
                try:
                    path.mkdir(parents=True)
                    break
                except FileExistsError:
                    continue
        write_atomically(path / "flow.yaml", dump_flow(flow))
        return Run(path)


def _status(run: Run) -> str:
    try:
        return run.status
    except RunError:
        return "unreadable"
