"""A few bytes that parent and worker share: which node's code runs, since when, for how long at most."""

from __future__ import annotations

import mmap
import os
import struct
import time
from dataclasses import dataclass

__all__ = ["Call", "WatchRecord"]

_HEAD = struct.Struct("=ddH")  # start (0: nothing runs), limit (0: none of its own), bytes of the name
_SIZE = 1024


@dataclass(frozen=True)
class Call:
    """A call of a node's code that has not come back yet.

    Args:
        node: id of the node.
        since: when it began, by ``time.monotonic``, which all processes of a machine share.
        time_limit: seconds that it may take; None where the node sets no limit.
        file: what tracebacks call the code.
    """

    node: str
    since: float
    time_limit: float | None
    file: str


class WatchRecord:
    """The shared bytes; the worker writes, the parent reads.

    Args:
        file: descriptor of an open file that both processes have.
    """

    def __init__(self, file: int) -> None:
        if os.fstat(file).st_size < _SIZE:
            os.ftruncate(file, _SIZE)
        self._bytes = mmap.mmap(file, _SIZE)

    def write(self, node: str | None, time_limit: float | None, file: str = "") -> None:
        """Say that the code of ``node`` begins to run; None: that it is back."""
        _HEAD.pack_into(self._bytes, 0, 0.0, 0.0, 0)  # whoever reads meanwhile sees nothing running
        if node is None:
            return
        text = f"{node}\n{file}".encode()[: _SIZE - _HEAD.size]
        self._bytes[_HEAD.size : _HEAD.size + len(text)] = text
        _HEAD.pack_into(self._bytes, 0, time.monotonic(), time_limit or 0.0, len(text))

    def read(self) -> Call | None:
        """Return the call that runs, or None."""
        since, limit, length = _HEAD.unpack_from(self._bytes, 0)
        if since == 0.0 or not length:
            return None
        text = self._bytes[_HEAD.size : _HEAD.size + length].decode(errors="replace")
        if _HEAD.unpack_from(self._bytes, 0)[0] != since:
            return None  # it changed while we read; the next look tells
        node, _, file = text.partition("\n")
        return Call(node, since, limit or None, file)

    def close(self) -> None:
        """Let go of the bytes."""
        self._bytes.close()
