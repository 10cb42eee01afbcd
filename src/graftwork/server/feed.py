"""One WebSocket for all that happens: events of runs, changed flows, changed runs.

Files are the truth; this looks at them often and tells what is new. A page that was away says how many
lines it has and gets the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from graftwork import __version__
from graftwork.documents.document import Document
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

Tell = Callable[[Document], Awaitable[None]]


@dataclass
class _Followed:
    """A run that a page follows."""

    project: str
    run: Run
    tail: EventTail
    after: int
    progress: RunProgress = field(default_factory=RunProgress)

    def news(self) -> Iterable[EventsMessage]:
        """Return what is new in the run's log, the lines that the page has already left out."""
        lines = self.tail.read()
        if not lines:
            return
        for _, line in lines:
            self.progress.add(line)
        fresh = [(n, line) for n, line in lines if n >= self.after]
        for start in range(0, len(fresh), _MOST_LINES):
            part = fresh[start : start + _MOST_LINES]
            yield EventsMessage(
                project=self.project,
                run=self.run.id,
                first=part[0][0],
                lines=tuple(line for _, line in part),
                progress=self.progress.document(),
            )


class _Lists:
    """What a page knows of flows and runs of one project."""

    def __init__(self, opened: OpenProject) -> None:
        self.opened = opened
        self.flows = self._flows()
        self.runs = self._runs()

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
        return {row["id"]: row["status"] for row in self.opened.project.rows()}

    def _change(self, name: str) -> FlowChange:
        with contextlib.suppress(GraftworkError):
            return FlowChange(name=name, digest=self.opened.flows.read(name).digest)
        return FlowChange(name=name, digest=None)


async def feed(socket: WebSocket, studio: Studio) -> None:
    """Serve one page until it goes."""
    await socket.accept()
    followed: dict[tuple[str, str], _Followed] = {}
    lock = asyncio.Lock()

    async def tell(message: Document) -> None:
        async with lock:
            await socket.send_text(plain_json(message.model_dump_json()))

    await tell(Hello(version=__version__))
    tasks = [
        asyncio.create_task(_tell_events(followed, tell)),
        asyncio.create_task(_tell_lists(studio, tell)),
    ]
    try:
        while True:
            _take(await socket.receive_text(), studio, followed)
    except WebSocketDisconnect:
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _take(text: str, studio: Studio, followed: dict[tuple[str, str], _Followed]) -> None:
    """Take an order of the page; one that does not read, or names no run, is passed over."""
    try:
        order = Watch.model_validate_json(text)
        key = (order.project, order.run)
        if order.kind == "unwatch":
            followed.pop(key, None)
            return
        run = studio.get(order.project).project.find(order.run)
    except (ValidationError, GraftworkError):
        return
    tail = EventTail(run.path / "events.jsonl")
    followed[key] = _Followed(order.project, run, tail, order.after)


async def _tell_events(followed: dict[tuple[str, str], _Followed], tell: Tell) -> None:
    while True:
        for entry in list(followed.values()):
            for message in await asyncio.to_thread(_listed, entry.news):
                await tell(message)
        await asyncio.sleep(EVENT_SECONDS)


async def _tell_lists(studio: Studio, tell: Tell) -> None:
    known: dict[str, _Lists] = {}
    while True:
        for opened in studio.opened():
            if opened.id not in known:
                known[opened.id] = await asyncio.to_thread(_Lists, opened)
                continue
            for message in await asyncio.to_thread(_listed, known[opened.id].news):
                await tell(message)
        await asyncio.sleep(LIST_SECONDS)


def _listed(news: Callable[[], Iterable[Document]]) -> list[Document]:
    return list(news())
