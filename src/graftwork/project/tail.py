"""The end of a growing event log, read as it is written."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from graftwork.documents.events import EventLine, parse_event

__all__ = ["EventTail", "read_from"]


class EventTail:
    """Reads what is new in an event log; asking when nothing is costs one look at the file's size.

    A line that is not yet written to its end waits; one that does not read is passed over, but has a number.

    Args:
        path: ``events.jsonl``, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._number = 0

    def read(self, most_bytes: int | None = None) -> list[tuple[int, EventLine]]:
        """Return the new lines with their numbers, from 0.

        Args:
            most_bytes: about how much to read at once; what is left comes with the next call.
        """
        try:
            size = self._path.stat().st_size
            if size == self._offset:
                return []
            if size < self._offset:  # another log took its place
                self._offset = self._number = 0
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read(most_bytes)
                if most_bytes is not None and b"\n" not in content:
                    content += file.read()
        except OSError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        found = []
        for line in whole.split(b"\n")[:-1]:
            if (event := _parse(line)) is not None:
                found.append((self._number, event))
            self._number += 1
        return found


def read_from(path: Path, after: int) -> tuple[list[EventLine], int]:
    """Return the events from line ``after`` on, and the number of the line to ask for next."""
    found: list[EventLine] = []
    number = 0
    try:
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                number += 1
                if number > after and (event := _parse(line)) is not None:
                    found.append(event)
    except OSError:
        pass
    return found, max(number, after)


def _parse(line: bytes) -> EventLine | None:
    try:
        return parse_event(line.decode("utf-8", errors="replace"))
    except ValidationError:  # of a newer version, or cut short when a process was killed
        return None
