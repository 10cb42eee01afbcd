"""The bench: one child process of a project that is kept, and does what the studio asks one after another."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from graftwork.errors import RunError, RunInterrupted
from graftwork.project.bench_state import perform
from graftwork.project.bench_trust import code_that_runs, memory_limit_of
from graftwork.project.trust import require_trust
from graftwork.project.worker import Limits, OnEvent, Outcome, Stop, Talk
from graftwork.project.worker_memory import held_megabytes
from graftwork.project.worker_process import Child, start_child

__all__ = ["Bench"]

IMPORTS = ("graftwork.engine.preview.session", "graftwork.engine.run", "graftwork.engine.trained")
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 0.5
"""How long a call that is to stop waits for the child to say so."""
STOP_GRACE_SECONDS = 2.0
PATIENCE_UNSEEN_SECONDS = 30.0
"""How long a task that nobody waits for any more may go on; then the child is ended, since others wait."""
KEPT_MEGABYTES = 2048.0
"""What the child may keep between calls beyond the limit of one call; more, and the next call gets a new child."""


class Bench:
    """One child process that keeps what an edit leaves alone; calls from several threads wait in line.

    The process starts at the first call, or at ``start``, and is replaced when it died or had to be ended.

    Args:
        root: folder of the project.
        memory_limit_mb: MB that one call may take where no custom code says otherwise; None: no limit.
    """

    def __init__(self, root: Path, *, memory_limit_mb: float | None = None) -> None:
        self.root, self.memory_limit_mb = root, memory_limit_mb
        self._turns = threading.Condition()
        self._waiting: deque[object] = deque()
        self._is_taken = False
        self._is_closed = False
        self._busy_with: str | None = None
        self._child: Child | None = None
        self._at_first: float | None = None
        self._number = 0
        self._end: Callable[[], object] = _nothing

    @property
    def is_running(self) -> bool:
        """Whether there is a living child."""
        child = self._child
        return child is not None and child.is_alive

    @property
    def pid(self) -> int | None:
        """Process id of the living child."""
        child = self._child
        return child.process.pid if child is not None and child.is_alive else None

    @property
    def busy_with(self) -> str | None:
        """The task that the child does at this moment."""
        return self._busy_with

    def call(
        self,
        task: str,
        *args: Any,
        stop: Stop | None = None,
        time_limit: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Any:
        """Do a task of ``bench_tasks.TASKS`` in the child and return what it returns.

        Args:
            task: its name.
            args: values that can be pickled.
            stop: asked often, while the call waits for its turn and while the child works; true ends the call.
            time_limit: seconds that one call of a node's code may take, where the node has no limit of its own.
            on_event: called here with what the task tells on its way.

        Raises:
            NotTrusted: the task would run code from a folder that the user does not trust.
            RunInterrupted: ``stop`` said so.
            CustomCodeError: a node's code took too long; node and line are named.
            RunError: too much memory, the child died, or the bench is closed.
            GraftworkError: what the task raised, as it was.
        """
        code = code_that_runs(task, args, self.root)
        if code is not None:
            require_trust(code, self.root)
        memory = memory_limit_of(code)
        limits = Limits(
            time_limit, self.memory_limit_mb if memory is None else memory, stop_grace=STOP_GRACE_SECONDS
        )
        self._take_turn(stop)
        talk = None
        try:
            self._busy_with = task
            talk = self._begin(task, args, limits, stop, on_event)
            outcome = self._listen(talk)
        except BaseException:
            self._leave(talk)
            raise
        self._end_turn()
        if talk.guard.asked is not None:
            raise _stopped(task)
        return outcome.result()

    def start(self) -> None:
        """Start the child if there is none, and return at once: it gets ready by itself.

        Raises:
            RunError: the bench is closed.
        """
        with self._turns:
            self._check_open()
            if not self._is_taken:
                self._living_child()

    def close(self) -> None:
        """End the child; a call that runs or waits, and each later one, says that the bench is closed."""
        with self._turns:
            self._is_closed = True
            child = self._child
            if child is not None:
                child.kill()
            if not self._is_taken:
                self._drop()
            self._turns.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- turns ----------------------------------------------------------------------------------------------

    def _take_turn(self, stop: Stop | None) -> None:
        """Wait until all calls that came earlier are done."""
        mine = object()
        with self._turns:
            self._waiting.append(mine)
            try:
                while self._is_taken or self._waiting[0] is not mine:
                    self._check_open()
                    if stop is not None and stop():
                        raise RunInterrupted("The call was stopped before its turn came.")
                    self._turns.wait(POLL_SECONDS)
                self._check_open()
                self._is_taken = True
            finally:
                self._waiting.remove(mine)
                self._turns.notify_all()

    def _end_turn(self) -> None:
        with self._turns:
            self._busy_with = None
            self._is_taken = False
            if self._is_closed or not self.is_running or self._holds_too_much():
                self._drop()
            self._turns.notify_all()

    def _check_open(self) -> None:
        if self._is_closed:
            raise RunError("The bench of this project is closed.", hint="Open the project again.")

    # -- the child ------------------------------------------------------------------------------------------

    def _living_child(self) -> Child:
        if self._child is None or not self._child.is_alive:
            self._drop()
            self._child = start_child(IMPORTS)
            self._end = weakref.finalize(self, self._child.close)
        return self._child

    def _drop(self) -> None:
        """End the child, if there is one, and forget it."""
        self._end()
        self._end, self._child, self._at_first = _nothing, None, None

    def _holds_too_much(self) -> bool:
        """Whether what the child keeps has grown out of bounds, as with code that hoards; tells only after a call."""
        held = held_megabytes(self._child.process.pid) if self._child else None
        if held is None:
            return False
        if self._at_first is None:
            self._at_first = held
        return held - self._at_first > KEPT_MEGABYTES + (self.memory_limit_mb or 4096)

    def _begin(
        self, task: str, args: tuple[Any, ...], limits: Limits, stop: Stop | None, on_event: OnEvent | None
    ) -> Talk:
        with self._turns:
            self._check_open()
            child = self._living_child()
            self._number += 1
        talk = Talk(child, self._number, limits, stop=stop, on_event=on_event)
        child.do(self._number, perform, (self.root, task, args))
        return talk

    def _listen(self, talk: Talk) -> Outcome:
        """Return the outcome, or raise when it is not waited for any longer."""
        while True:
            try:
                outcome = talk.step()
            except RunError:
                self._check_open()  # a child that was ended by closing did not die of itself
                raise
            if outcome is not None:
                return outcome
            asked = talk.guard.asked
            if asked is not None and time.monotonic() - asked > PATIENCE_SECONDS:
                raise _stopped(self._busy_with or "call")

    def _leave(self, talk: Talk | None) -> None:
        """End a turn whose call is over while the child may still work: a thread sees that out, then the next comes."""
        if talk is None or not talk.child.is_alive:
            self._end_turn()
            return
        talk.guard.stop, talk.on_event = None, None
        talk.guard.ask_to_stop()
        threading.Thread(target=self._see_out, args=(talk,), daemon=True, name="bench").start()

    def _see_out(self, talk: Talk) -> None:
        deadline = time.monotonic() + PATIENCE_UNSEEN_SECONDS
        try:
            while talk.step() is None:
                if time.monotonic() > deadline:
                    talk.child.kill()
                    return
        except Exception:  # noqa: BLE001 nobody waits for it
            pass
        finally:
            self._end_turn()


def _stopped(task: str) -> RunInterrupted:
    return RunInterrupted(
        f"The {task.replace('_', ' ')} was stopped.", hint="Ask for it again when it is wanted."
    )


def _nothing() -> None:
    """What ends no child."""
