"""Tell whoever listens which node runs the user's code at this moment, and since when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["OnCall", "listen_to_calls", "watching"]

OnCall = Callable[[str | None, float | None, str], None]
"""Called with the node whose code begins to run, the seconds it may take, and what tracebacks call its code;
with None, None and nothing when it is back."""

_listener: OnCall | None = None
_is_running = False


def listen_to_calls(listener: OnCall | None) -> None:
    """Set the one listener of this process; None takes it away."""
    global _listener
    _listener = listener


@contextmanager
def watching(node: str, time_limit: float | None = None, file: str = "") -> Iterator[None]:
    """Mark the time in which the code of ``node`` runs. A worker's parent ends a call that takes too long.

    Of calls inside each other the outermost counts.

    Args:
        node: id of the node.
        time_limit: seconds that the call may take; None leaves it to the listener.
        file: what tracebacks call the code, to find the line where it hangs.
    """
    global _is_running
    listener = _listener
    if listener is None or _is_running:
        yield
        return
    _is_running = True
    try:
        listener(node, time_limit, file)
        yield
    finally:
        _is_running = False
        listener(None, None, "")
