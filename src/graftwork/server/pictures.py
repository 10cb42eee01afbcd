"""Pictures by the hash of their bytes, so that a page may keep them for good."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

__all__ = ["Pictures"]

_MOST_BYTES = 256 * 2**20


class Pictures:
    """Pictures that were drawn lately; the oldest make room.

    Args:
        most_bytes: what all of them together may take.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._held = most_bytes, 0
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def keep(self, content: bytes) -> str:
        """Keep a picture and return its name: the beginning of the SHA-256 of its bytes."""
        name = hashlib.sha256(content).hexdigest()[:32]
        with self._lock:
            if name in self._pictures:
                self._pictures.move_to_end(name)
                return name
            self._pictures[name] = content
            self._held += len(content)
            while self._held > self._most and len(self._pictures) > 1:
                _, dropped = self._pictures.popitem(last=False)
                self._held -= len(dropped)
        return name

    def get(self, name: str) -> bytes | None:
        """Return a picture; None when it had to make room."""
        with self._lock:
            if name in self._pictures:
                self._pictures.move_to_end(name)
            return self._pictures.get(name)
