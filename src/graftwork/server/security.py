"""Who may speak to the server: pages that hold its token, from its own origin, under its own name."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from graftwork.documents.files import write_atomically
from graftwork.errors import StorageError
from graftwork.project.trust import trust_file

__all__ = ["LOOPBACK", "Access", "Guard", "is_loopback", "kept_token"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OPEN_PATHS = ("/assets/", "/favicon")
_SAFE_METHODS = ("GET", "HEAD")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that is bound to ``host``."""
    return host in LOOPBACK or host.startswith("127.")


def kept_token() -> str:
    """Return this user's token: random, kept in the user's settings so that a page outlives a restart.

    Where it cannot be kept it is drawn anew.
    """
    path = trust_file().with_name("studio-token")
    try:
        found = path.read_text(encoding="ascii").strip()
        is_private = path.stat().st_mode & 0o077 == 0
    except (OSError, UnicodeDecodeError):
        found, is_private = "", False
    if len(found) >= 32 and is_private:
        return found
    token = secrets.token_urlsafe(32)
    with contextlib.suppress(StorageError, OSError):
        write_atomically(path, token)
        os.chmod(path, 0o600)
    return token


@dataclass(frozen=True)
class Access:
    """What a request must show.

    Args:
        token: the secret.
        port: that the server listens on; part of the cookie's name, since cookies know no ports.
        hosts: names that the server may be called by.
    """

    token: str
    port: int
    hosts: tuple[str, ...] = LOOPBACK

    @property
    def cookie(self) -> str:
        """Name of the cookie that carries the token."""
        return f"graftwork-{self.port}"

    def knows_host(self, headers: Mapping[str, str]) -> bool:
        """Whether the request calls the server by one of its names: another one is a trick of a foreign site."""
        try:
            name = urlsplit(f"//{headers.get('host', '')}").hostname
        except ValueError:  # brackets that hold no address
            return False
        return name is not None and (name in self.hosts or "*" in self.hosts)

    def is_same_origin(self, headers: Mapping[str, str]) -> bool:
        """Whether the request comes from the server's own page, or from no page at all."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        try:
            return urlsplit(origin).netloc == headers.get("host", "")
        except ValueError:
            return False

    def has_token(self, headers: Mapping[str, str]) -> bool:
        """Whether the request carries the token: in the cookie, or as a bearer."""
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        # Not SimpleCookie: it gives up at a cookie of another program on this machine that it cannot read.
        cookies = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        return self.is_token(bearer) or any(n == self.cookie and self.is_token(v) for n, _, v in cookies)

    def is_token(self, text: str) -> bool:
        """Whether ``text`` is the token; takes as long for a near miss as for any other one."""
        return hmac.compare_digest(text.encode(), self.token.encode())


class Guard:
    """Lets through only what ``Access`` allows; hands the cookie to whoever brings the token in the address.

    Args:
        app: what is guarded.
        access: the rules.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        refused = self._refusal(scope, headers)
        if refused is None:
            await self.app(scope, receive, _with_safe_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
        else:
            await refused(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        """Return the answer for a request that is not let through."""
        access, path = self.access, scope["path"]
        if not access.knows_host(headers):
            return _refuse(421, "ForeignHost", f"This server is not called '{headers.get('host', '')}'.")
        is_unsafe = scope["type"] == "websocket" or scope.get("method") not in _SAFE_METHODS
        if is_unsafe and not access.is_same_origin(headers):
            return _refuse(403, "ForeignOrigin", "A page of another origin may not do this.")
        if path.startswith(_OPEN_PATHS):
            return None
        if scope["type"] == "http" and scope["method"] == "GET" and not path.startswith("/api/"):
            return self._welcome(scope, headers)
        if access.has_token(headers):
            return None
        hint = "Open the address that graftwork studio printed; it carries the token."
        return _refuse(401, "NoToken", "The request carries no valid token.", hint)

    def _welcome(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        """Give the cookie to who brings the token in the address; a page without it gets a sentence."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        brought = [value for name, value in query if name == "token"]
        if not brought:
            return None if self.access.has_token(headers) else _page_without_token()
        if not self.access.is_token(brought[0]):
            return _page_without_token()
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        path = "/" + quote(scope["path"].lstrip("/"))  # never to another host: //there
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, status_code=303)
        answer.set_cookie(
            self.access.cookie,
            self.access.token,
            httponly=True,
            samesite="strict",
            max_age=365 * 86_400,
        )
        return answer


def _refuse(status: int, error: str, message: str, hint: str | None = None) -> Response:
    return JSONResponse({"error": error, "message": message, "hint": hint}, status_code=status)


def _page_without_token() -> Response:
    text = (
        "<!doctype html><meta charset=utf-8><title>Graftwork</title>"
        "<body style='font:16px/1.5 system-ui;max-width:36em;margin:4em auto;padding:0 1em'>"
        "<h1>Graftwork</h1><p>This page wants the token of its server. Open the address that "
        "<code>graftwork studio</code> printed when it started; it ends with <code>?token=…</code>.</p>"
    )
    return Response(text, status_code=401, media_type="text/html")


def _with_safe_headers(send: Send) -> Send:
    """Add headers that keep foreign pages from framing or guessing at what is served."""
    extra = [
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            present = {k.lower() for k, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(h for h in extra if h[0] not in present)]
        await send(message)

    return sending
