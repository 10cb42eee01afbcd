"""Run a function in a process of its own, and end that process when the user's code takes too much."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graftwork.errors import CustomCodeError, RunError, RunInterrupted
from graftwork.project.watch_record import Call
from graftwork.project.worker_memory import held_megabytes
from graftwork.project.worker_process import Child, start_child

__all__ = ["Guard", "Limits", "Outcome", "Talk", "run_in_worker"]

STOP_GRACE_SECONDS = 10.0

Stop = Callable[[], bool]
OnEvent = Callable[[Any], None]


@dataclass(frozen=True)
class Limits:
    """What a task may take.

    Args:
        seconds: of one call of a node's code, where the node has no limit of its own; None: no limit.
        megabytes: that the child may hold beyond what it held when the task began; None: no limit.
        stop_grace: seconds that a node's code may go on after the wish to stop.
    """

    seconds: float | None = None
    megabytes: float | None = None
    stop_grace: float = STOP_GRACE_SECONDS


def run_in_worker(
    function: Callable[..., Any],
    args: Sequence[Any] = (),
    *,
    imports: Sequence[str] = (),
    time_limit: float | None = None,
    memory_limit: float | None = None,
    on_event: OnEvent | None = None,
    stop: Stop | None = None,
) -> Any:
    """Call ``function(*args, on_event=…, stop=…)`` in a child process and return what it returns.

    Args:
        function: importable by name from a fresh interpreter; gets ``on_event``, which sends a value up, and
            ``stop``, which says whether the caller asked to stop.
        args: values that can be pickled.
        imports: modules that the child imports before its memory counts.
        time_limit: seconds that one call of a node's code may take, where the node has no limit of its own.
        memory_limit: MB that the child may hold beyond what it held when ``function`` was called.
        on_event: called here with each value that the child sends.
        stop: asked here, often.

    Raises:
        CustomCodeError: a call took too long; the node is named, and the line where it was.
        RunError: too much memory, or the child died.
        RunInterrupted: the caller asked to stop and the user's code did not come back.
        GraftworkError: what the function raised, as it was.
    """
    child = start_child(imports)
    try:
        limits = Limits(time_limit, memory_limit, STOP_GRACE_SECONDS)
        talk = Talk(child, 1, limits, stop=stop, on_event=on_event)
        child.do(1, function, args)
        while (outcome := talk.step()) is None:
            pass
        return outcome.result()
    finally:
        child.close()


@dataclass(frozen=True)
class Outcome:
    """How a task ended."""

    is_error: bool
    content: Any

    def result(self) -> Any:
        """Return the value, or raise the error."""
        if self.is_error:
            raise self.content
        return self.content


class Talk:
    """What is said about one task, from its start to its outcome.

    Args:
        child: that does it.
        number: of the task; words about others are not heard.
        limits: what it may take.
        stop: whether the caller wants the end; asked at each step.
        on_event: called with each value that the task sends.
    """

    def __init__(
        self,
        child: Child,
        number: int,
        limits: Limits,
        *,
        stop: Stop | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        self.child, self.number, self.on_event = child, number, on_event
        self.outcome: Outcome | None = None
        self.guard = Guard(child, number, limits, stop)

    def step(self) -> Outcome | None:
        """Wait a moment for a word of the child and see to its limits; return the outcome once it is there.

        Raises:
            CustomCodeError, RunError, RunInterrupted: the child went too far and is ended, or died.
        """
        if self.outcome is None and self.child.is_talking():
            try:
                kind, number, content = self.child.receive()
            except EOFError:
                raise self.child.death() from None
            if number == self.number:
                self._hear(kind, content)
        if self.outcome is None:
            self.guard.check()
        return self.outcome

    def _hear(self, kind: str, content: bytes) -> None:
        if kind == "ready":
            self.guard.start()
        elif kind == "event":
            if self.on_event is not None:
                self.on_event(pickle.loads(content))
        else:
            self.outcome = _read_outcome(kind, content)


def _read_outcome(kind: str, content: bytes) -> Outcome:
    try:
        return Outcome(kind == "error", pickle.loads(content))
    except Exception as error:  # noqa: BLE001 a value of a class that is known in the child alone
        return Outcome(True, RuntimeError(f"What the worker gave back does not read here: {error}"))


class Guard:
    """Sees to the limits of a child while it does a task.

    Args:
        child: whom.
        number: of the task.
        limits: what it may take.
        stop: whether the caller wants the end.
    """

    def __init__(self, child: Child, number: int, limits: Limits, stop: Stop | None) -> None:
        self.child, self.number, self.limits, self.stop = child, number, limits, stop
        self.at_start: float | None = None
        self.asked: float | None = None

    def start(self) -> None:
        """Take what the child holds now as its start."""
        self.at_start = held_megabytes(self.child.process.pid)

    def ask_to_stop(self) -> None:
        """Tell the child that its task is not wanted any more; from now on its code has little time left."""
        if self.asked is None:
            self.asked = time.monotonic()
            self.child.ask_to_stop(self.number)

    def check(self) -> None:
        """Raise, with the child ended, when it has gone too far."""
        if self.asked is None and self.stop is not None and self.stop():
            self.ask_to_stop()
        call = self.child.record.read()
        if call is not None:
            self._check_time(call)
        self._check_memory(call)

    def _check_time(self, call: Call) -> None:
        limit = call.time_limit if call.time_limit is not None else self.limits.seconds
        now = time.monotonic()
        if self.asked is not None and now - max(self.asked, call.since) > self.limits.stop_grace:
            self.child.kill()
            raise RunInterrupted(
                f"Stopped by the user; the code of node '{call.node}' did not come back and was ended.",
                node=call.node,
            )
        if limit is not None and now - call.since > limit:
            line = self.child.line()
            self.child.kill()
            where = f" It was in line {line}." if line else ""
            raise CustomCodeError(
                f"The code of node '{call.node}' took longer than {limit:g} seconds and was ended.{where}",
                hint="Look for a loop that has no end, or raise the node's time_limit.",
                node=call.node,
                line=line,
                time_limit=limit,
            )

    def _check_memory(self, call: Call | None) -> None:
        limit = self.limits.megabytes
        if limit is None or self.at_start is None:
            return
        held = held_megabytes(self.child.process.pid)
        if held is None or held - self.at_start <= limit:
            return
        line = self.child.line() if call else None
        self.child.kill()
        who = f"The code of node '{call.node}'" if call else "The worker"
        where = f" It was in line {line}." if line else ""
        raise RunError(
            f"{who} took more than {limit:g} MB of memory and was ended.{where}",
            hint="Look for a list that grows without end, take a smaller batch, or raise memory_limit.",
            node=call.node if call else None,
            line=line,
            memory_limit=limit,
        )
