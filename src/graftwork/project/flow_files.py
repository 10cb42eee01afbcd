"""The flows of a project as files: read, written without overwriting another's work, renamed, deleted."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow, dump_flow, load_flow
from graftwork.errors import FlowChanged, FlowError, UsageError, did_you_mean

__all__ = ["FlowFile", "FlowFiles"]


_MOST_BYTES = 200
"""Of a name; what is written beside the file needs some room too, and file systems end at 255."""
_SHORTENED = 150
_NUM_KEPT = 1_000
Parsed = tuple[Flow | None, tuple[str, ...]]


class FlowFile(Document):
    """A flow file as it lies on the disk: also one that does not read as a flow."""

    name: str = Field(description="File name without its ending.")
    digest: str = Field(description="SHA-256 of the text.")
    modified: float = Field(description="Seconds since 1970, UTC.")
    flow: Flow | None = Field(description="None when the text does not read as a flow.")
    text: str
    problems: tuple[str, ...] = Field((), description="Why the text does not read as a flow.")


class FlowFiles:
    """The flow files of one folder.

    Args:
        folder: the project's ``flows`` folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parsed: dict[tuple[str, str], Parsed] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of all flow files, the last changed first."""
        found = []
        for path in self.folder.glob("*.yaml"):
            with contextlib.suppress(OSError):  # deleted since
                if _fault_of(path.stem) is None and path.is_file():
                    found.append((path.stat().st_mtime, path.stem))
        return tuple(name for _, name in sorted(found, key=lambda x: (-x[0], x[1])))

    def read(self, name: str) -> FlowFile:
        """Return a flow file, whatever it holds.

        Raises:
            FlowError: no such file; the hint guesses.
        """
        path = self._path(name)
        try:
            content, modified = path.read_bytes(), path.stat().st_mtime
        except (FileNotFoundError, IsADirectoryError) as error:
            known = self.names()
            raise FlowError(
                f"The project has no flow '{name}'.",
                hint=did_you_mean(name, known) if known else "Make one from a template or from images.",
            ) from error
        digest, text = _digest(content), content.decode("utf-8", errors="replace")
        flow, problems = self._parse(name, digest, text)
        return FlowFile(name=name, digest=digest, modified=modified, flow=flow, text=text, problems=problems)

    def _parse(self, name: str, digest: str, text: str) -> Parsed:
        """Return a text as a flow; what was read before is kept, since lists ask for all flows again and again."""
        key = (name, digest)
        found = self._parsed.get(key)
        if found is None:
            found = _parsed(name, text)
            if len(self._parsed) >= _NUM_KEPT:
                self._parsed.clear()
            self._parsed[key] = found
        return found

    def all(self) -> tuple[FlowFile, ...]:
        """Return all flow files, the last changed first; one that is deleted meanwhile is left out."""
        found = []
        for name in self.names():
            with contextlib.suppress(FlowError, OSError):
                found.append(self.read(name))
        return tuple(found)

    def write(self, name: str, content: Flow | str, *, if_digest: str | None) -> FlowFile:
        """Write a flow file and return it as it is now.

        Args:
            name: of the file.
            content: the flow, or text that may not read as one.
            if_digest: of the text that the writer started from; None for a new file.

        Raises:
            FlowChanged: the file is another one by now; nothing is written.
            StorageError: no space or no permission; the old file is as it was.
        """
        text = dump_flow(content) if isinstance(content, Flow) else content
        path = self._path(name)
        with self._alone():
            self._refuse_changed(name, path, if_digest)
            write_atomically(path, text)
        return self.read(name)

    def rename(self, name: str, new: str) -> FlowFile:
        """Give a flow file, and the flow in it, another name.

        Raises:
            FlowError: no such file.
            UsageError: the new name is taken, or no name.
        """
        path = self._path(new)
        with self._alone():
            file = self.read(name)
            if path.exists():
                raise UsageError(f"The project has a flow '{new}' already.", hint="Choose another name.")
            text = file.text if file.flow is None else dump_flow(file.flow.edit(name=new))
            write_atomically(path, text)
            self._path(name).unlink(missing_ok=True)
        return self.read(new)

    def delete(self, name: str) -> None:
        """Delete a flow file; its runs stay.

        Raises:
            FlowError: no such file.
        """
        self.read(name)
        with storing("The deletion", self.folder):
            self._path(name).unlink(missing_ok=True)

    def free_name(self, name: str) -> str:
        """Return ``name`` as a file name that no flow has, with a number where it is taken."""
        stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.") or "flow"
        stem = stem.encode()[:_SHORTENED].decode(errors="ignore")
        number, free = 1, stem
        while (self.folder / f"{free}.yaml").exists():
            number += 1
            free = f"{stem}-{number}"
        return free

    def _path(self, name: str) -> Path:
        if (hint := _fault_of(name)) is not None:
            shown = name if len(name) <= _SHORTENED else f"{name[:_SHORTENED]}…"
            raise UsageError(f"{shown!r} cannot name a flow.", hint=hint)
        return self.folder / f"{name}.yaml"

    def _refuse_changed(self, name: str, path: Path, if_digest: str | None) -> None:
        now = _digest(path.read_bytes()) if path.is_file() else None
        if now == if_digest:
            return
        what = "was deleted" if now is None else ("exists already" if if_digest is None else "was changed")
        raise FlowChanged(
            f"The flow '{name}' {what} in the meantime; nothing was overwritten.",
            hint="Look at what is saved now, or save yours under another name.",
            flow=name,
            digest=now,
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder as its only writer, across processes."""
        with storing("The flow", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("a")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _fault_of(name: str) -> str | None:
    """Return what a name would have to be like to be a flow's; None when it can be one."""
    is_plain = name == Path(name).name and name.isprintable() and bool(name.strip())
    if not is_plain or name.startswith(".") or "\\" in name:
        return "Use letters, digits, points, - and _; no folders."
    if len(name.encode()) > _MOST_BYTES:
        return f"Use at most {_MOST_BYTES} letters; letters beyond English ones count more than once."
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _parsed(name: str, text: str) -> Parsed:
    try:
        return load_flow(text, name=f"The flow '{name}'"), ()
    except FlowError as error:
        return None, tuple(map(str, error.problems)) or (error.message,)
