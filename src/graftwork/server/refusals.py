"""From errors to HTTP answers: one table."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from graftwork import errors
from graftwork.errors import GraftworkError
from graftwork.server.plain_json import PlainJSON

__all__ = ["add_refusals", "body_of"]

_STATUS: tuple[tuple[type[GraftworkError], int], ...] = (
    (errors.FlowChanged, 409),
    (errors.NotTrusted, 403),
    (errors.NotOpened, 403),
    (errors.RunNotFound, 404),
    (errors.UnknownName, 404),
    (errors.StorageError, 507),
    (errors.HubUnreachable, 502),
    (errors.RunInterrupted, 499),
    (GraftworkError, 422),
)
_OF_THE_PATH = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
_LONGEST = 4_000
"""Letters of a message; code can raise errors of any length."""
_OWN = ("error", "message", "hint", "node", "line", "problems")


def body_of(error: GraftworkError) -> dict[str, object]:
    """Return an error as ``ErrorBody`` says it."""
    said = error.as_dict()
    said["message"] = _cut(str(said["message"]))
    body = {name: said[name] for name in _OWN if said.get(name) is not None}
    body["fields"] = {k: _plain(v) for k, v in said.items() if k not in _OWN}
    return body


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _plain(value: object) -> object:
    is_plain = value is None or isinstance(value, (str, int, float, bool))
    return value if is_plain else ([*map(_plain, value)] if isinstance(value, (list, tuple)) else str(value))


def add_refusals(app: FastAPI) -> None:
    """Let ``app`` answer each error with its status, and a sentence for people."""

    @app.exception_handler(GraftworkError)
    async def refuse(_request: Request, error: GraftworkError) -> PlainJSON:
        status = next(s for kind, s in _STATUS if isinstance(error, kind))
        return PlainJSON(body_of(error), status_code=status)

    @app.exception_handler(RequestValidationError)
    async def refuse_request(_request: Request, error: RequestValidationError) -> PlainJSON:
        return bad_request(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())

    @app.exception_handler(HTTPException)
    async def refuse_address(request: Request, error: HTTPException) -> PlainJSON:
        if error.status_code not in (404, 405):
            return _answer(error.status_code, "BadRequest", f"The request does not read: {error.detail}.")
        message = f"{request.method} {request.url.path} is nothing that this server does: {error.detail}."
        return _answer(error.status_code, "NoSuchRoute", message)

    @app.exception_handler(UnicodeEncodeError)
    async def refuse_text(_request: Request, _error: UnicodeEncodeError) -> PlainJSON:
        return bad_request(["a text in it is no Unicode"])

    @app.exception_handler(OSError)
    async def refuse_path(_request: Request, error: OSError) -> PlainJSON:
        if error.errno not in _OF_THE_PATH:
            raise error
        return _answer(422, "UsageError", f"The path cannot be used: {error.strerror}.")

    @app.exception_handler(Exception)
    async def confess(_request: Request, error: Exception) -> PlainJSON:
        message = f"The server met an error of its own ({type(error).__name__}); its log tells more."
        return _answer(500, "ServerError", message)


def bad_request(problems: Iterable[str]) -> PlainJSON:
    """Return the answer for a request that does not read."""
    found = list(problems)
    return _answer(422, "BadRequest", f"The request does not read: {'; '.join(found)}.", found)


def _answer(status: int, error: str, message: str, problems: Sequence[str] = ()) -> PlainJSON:
    return PlainJSON({"error": error, "message": message, "problems": list(problems)}, status_code=status)
