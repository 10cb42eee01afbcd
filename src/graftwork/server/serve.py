"""Start the server on a port, and say where it is."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from graftwork.errors import UsageError
from graftwork.server.app import create_app
from graftwork.server.roots import Roots
from graftwork.server.security import LOOPBACK, Access, is_loopback, kept_token
from graftwork.server.state import Studio

__all__ = ["DEFAULT_PORT", "free_port", "serve"]

DEFAULT_PORT = 8765
_TRIES = 50
_MIN_TOKEN = 16
_MOST_SAID = 2**16
"""Bytes of one message of a page on the feed."""
_TAKEN = (errno.EADDRINUSE, errno.EACCES)


def free_port(host: str, wanted: int | None) -> socket.socket:
    """Return a socket bound to the wanted port; without a wish to the first free one from 8765 on.

    Raises:
        UsageError: the wanted port is taken, or the host is none of this machine.
    """
    first = DEFAULT_PORT if wanted is None else wanted
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, first + (_TRIES if wanted is None else 1)):
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError as error:
            bound.close()
            if error.errno not in _TAKEN:
                raise UsageError(
                    f"The server cannot listen on {host}:{port}: {error.strerror}.",
                    hint="Name an address of this machine with --host, or leave it out.",
                ) from error
            continue
        return bound
    where = f"Port {first} is" if wanted is not None else f"The ports {first} to {first + _TRIES - 1} are"
    raise UsageError(f"{where} taken on {host}.", hint="Name another one with --port, or 0 for any free one.")


def serve(
    project: Path,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    token: str | None = None,
    roots: Sequence[Path] = (),
    on_start: Callable[[str], None],
) -> None:
    """Serve the studio until ctrl-C.

    Args:
        project: folder of the project that the page shows first; made where it is missing.
        host: address to listen on; beyond the loopback address a token of one's own is wanted.
        port: to listen on; None: the first free one from 8765 on.
        token: secret that pages must show; None: this user's kept one, on the loopback address alone.
        roots: further folders below which files may be read.
        on_start: called with the address of the page, token included, once it can be opened.

    Raises:
        UsageError: a taken port, or a host beyond this machine without a token.
    """
    is_local = is_loopback(host)
    if not is_local and (token is None or len(token) < _MIN_TOKEN):
        raise UsageError(
            f"With --host {host} other machines reach this server: whoever has its token can read the opened "
            "folders, train, and run the code of trusted projects, and the connection is not encrypted.",
            hint=f"Name a secret of at least {_MIN_TOKEN} characters with --token, or leave --host out.",
        )
    secret = token or kept_token()
    with free_port(host, port) as bound:
        number = int(bound.getsockname()[1])
        names = LOOPBACK if is_local else ("*",)
        studio = Studio(Roots([Path.cwd(), *roots]), project, is_local=is_local, is_warm=True)
        app = create_app(studio, Access(secret, number, names))
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{number}/?token={secret}"
        config = uvicorn.Config(
            app, log_level="warning", ws="auto", ws_max_size=_MOST_SAID, timeout_graceful_shutdown=2
        )
        server = _Server(config, lambda: on_start(address))
        server.run(sockets=[bound])


class _Server(uvicorn.Server):
    """Says when it can be reached."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()
