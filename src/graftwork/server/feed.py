"""One WebSocket for all that happens: events of runs, changed flows, changed runs.

Files are the truth; this looks at them often and tells what is new. A page that was away says how many
lines it has and gets the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from starlette.websockets import WebSocket

from graftwork import __version__
from graftwork.documents.document import Document
from graftwork.documents.events import EventLine
from graftwork.errors import GraftworkError
from graftwork.project.progress import RunProgress
from graftwork.project.run import Run
from graftwork.project.tail import EventTail
from graftwork.server.documents import (
    EventsMessage,
    FlowChange,
    FlowsChanged,
    Hello,
    RunsChanged,
    Watch,
)
from graftwork.server.plain_json import plain_json
from graftwork.server.state import OpenProject, Studio

__all__ = ["feed"]

EVENT_SECONDS = 0.025
LIST_SECONDS = 0.4
_MOST_LINES = 2_000
_MOST_BYTES = 2**18
"""Of a log that are read at once: a page that reads slowly holds no more than that here."""

Tell = Callable[[Document], Awaitable[None]]
Followed = dict[tuple[str, str], "_Followed"]


@dataclass
class _Followed:
    """A run that a page follows."""

    project: str
    run: Run
    tail: EventTail
    after: int
    progress: RunProgress = field(default_factory=RunProgress)

    def news(self) -> Sequence[EventsMessage] | None:
        """Return what is new in a stretch of the run's log, without lines that the page has; None: nothing is new."""
        lines = self.tail.read(_MOST_BYTES)
        if not lines:
            return None
        for _, line in lines:
            self.progress.add(line)
        fresh = [(n, line) for n, line in lines if n >= self.after]
        return [self._message(fresh[i : i + _MOST_LINES]) for i in range(0, len(fresh), _MOST_LINES)]

    def _message(self, part: Sequence[tuple[int, EventLine]]) -> EventsMessage:
        return EventsMessage(
            project=self.project,
            run=self.run.id,
            first=part[0][0],
            lines=tuple(line for _, line in part),
            progress=self.progress.document(),
        )


class _Lists:
    """What a page was told of flows and runs of one project: at first nothing.

    So the first look tells all of them, and nothing is missed that changed after the page had read a flow and
    before it was looked at here.
    """

    def __init__(self, opened: OpenProject) -> None:
        self.opened = opened
        self.flows: dict[str, tuple[int, int]] = {}
        self.runs: dict[str, str] = {}

    def news(self) -> Iterable[Document]:
        """Return what changed since the last time."""
        flows, runs = self._flows(), self._runs()
        changed = [n for n in {*flows, *self.flows} if flows.get(n) != self.flows.get(n)]
        if changed:
            yield FlowsChanged(project=self.opened.id, flows=tuple(map(self._change, sorted(changed))))
        if runs != self.runs:
            yield RunsChanged(project=self.opened.id, statuses=runs)
        self.flows, self.runs = flows, runs

    def _flows(self) -> dict[str, tuple[int, int]]:
        found = {}
        for path in self.opened.flows.folder.glob("*.yaml"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                found[path.stem] = (stat.st_mtime_ns, stat.st_ino)
        return found

    def _runs(self) -> dict[str, str]:
        return self.opened.statuses.now()

    def _change(self, name: str) -> FlowChange:
        with contextlib.suppress(GraftworkError):
            return FlowChange(name=name, digest=self.opened.flows.read(name).digest)
        return FlowChange(name=name, digest=None)


async def feed(socket: WebSocket, studio: Studio) -> None:
    """Serve one page until it goes."""
    await socket.accept()
    followed: Followed = {}
    lock = asyncio.Lock()

    async def tell(message: Document) -> None:
        async with lock:
            await socket.send_text(plain_json(message.model_dump_json()))

    tasks = [
        asyncio.create_task(_tell_events(followed, tell)),
        asyncio.create_task(_tell_lists(studio, tell)),
    ]
    try:
        await tell(Hello(version=__version__))
        while (message := await socket.receive())["type"] == "websocket.receive":
            await _take(message.get("text") or "", studio, followed)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _take(text: str, studio: Studio, followed: Followed) -> None:
    """Take an order of the page; one that does not read, or names no run, is passed over."""
    with contextlib.suppress(ValueError, OSError, GraftworkError):
        order = Watch.model_validate_json(text)
        key = (order.project, order.run)
        if order.kind == "unwatch":
            followed.pop(key, None)
        else:
            followed[key] = await asyncio.to_thread(_follow, order, studio)


def _follow(order: Watch, studio: Studio) -> _Followed:
    run = studio.get(order.project).project.find(order.run)
    return _Followed(order.project, run, EventTail(run.path / "events.jsonl"), order.after)


async def _tell_events(followed: Followed, tell: Tell) -> None:
    while True:
        is_more = False
        for key, entry in list(followed.items()):
            messages = await asyncio.to_thread(entry.news)
            is_more = is_more or messages is not None
            for message in messages or ():
                if followed.get(key) is entry:
                    await tell(message)
        await asyncio.sleep(0 if is_more else EVENT_SECONDS)


async def _tell_lists(studio: Studio, tell: Tell) -> None:
    known: dict[str, _Lists] = {}
    while True:
        for opened in studio.opened():
            for message in await asyncio.to_thread(_changes, known, opened):
                await tell(message)
        await asyncio.sleep(LIST_SECONDS)


def _changes(known: dict[str, _Lists], opened: OpenProject) -> list[Document]:
    """Return what changed in a project; one whose folder cannot be read just now tells nothing."""
    with contextlib.suppress(OSError, GraftworkError):
        return list(known.setdefault(opened.id, _Lists(opened)).news())
    return []
