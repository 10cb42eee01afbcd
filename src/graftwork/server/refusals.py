"""From errors to HTTP answers: one table."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from graftwork import errors
from graftwork.errors import GraftworkError

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
_OWN = ("error", "message", "hint", "node", "line", "problems")


def body_of(error: GraftworkError) -> dict[str, object]:
    """Return an error as ``ErrorBody`` says it."""
    said = error.as_dict()
    body = {name: said[name] for name in _OWN if said.get(name) is not None}
    body["fields"] = {k: _plain(v) for k, v in said.items() if k not in _OWN}
    return body


def _plain(value: object) -> object:
    is_plain = value is None or isinstance(value, (str, int, float, bool))
    return value if is_plain else ([*map(_plain, value)] if isinstance(value, (list, tuple)) else str(value))


def add_refusals(app: FastAPI) -> None:
    """Let ``app`` answer each error with its status, and a sentence for people."""

    @app.exception_handler(GraftworkError)
    async def refuse(_request: Request, error: GraftworkError) -> JSONResponse:
        status = next(s for kind, s in _STATUS if isinstance(error, kind))
        return JSONResponse(body_of(error), status_code=status)

    @app.exception_handler(RequestValidationError)
    async def refuse_request(_request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors()]
        body = {"error": "BadRequest", "message": f"The request does not read: {'; '.join(problems)}."}
        return JSONResponse({**body, "problems": problems}, status_code=422)
