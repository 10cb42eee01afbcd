"""The application: routes, refusals, the feed, the built studio, and the guard before all of them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp

from graftwork import __version__
from graftwork.server.documents import ErrorBody, FeedMessage, Watch
from graftwork.server.feed import feed
from graftwork.server.plain_json import PlainJSON
from graftwork.server.refusals import add_refusals
from graftwork.server.routes import ROUTERS
from graftwork.server.security import Access, Guard
from graftwork.server.state import Studio

__all__ = ["create_api", "create_app", "ui_folder"]

_FEED: TypeAdapter[Any] = TypeAdapter(FeedMessage)
_HOW_TO_BUILD = """<!doctype html><meta charset=utf-8><title>Graftwork</title>
<body style="font:16px/1.5 system-ui;max-width:40em;margin:4em auto;padding:0 1em"><h1>Graftwork</h1>
<p>The server runs, but the studio's pages are not built in this installation. With Node 20 or newer, run
<code>pip install -e .</code> in the source folder, or <code>npm ci && npm run build</code> in <code>studio</code>.</p>"""


def ui_folder() -> Path | None:
    """Return the folder of the built studio, None where it was not built.

    ``$GRAFTWORK_UI`` names another one, for work on the pages.
    """
    named = os.environ.get("GRAFTWORK_UI")
    folder = Path(named) if named else Path(str(files("graftwork"))) / "ui"
    return folder if (folder / "index.html").is_file() else None


def create_api(studio: Studio) -> FastAPI:
    """Return the application without its guard: routes, feed and pages.

    Args:
        studio: open projects and folders.
    """

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        studio.close()

    app = FastAPI(
        title="Graftwork",
        version=__version__,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        default_response_class=PlainJSON,
    )
    app.state.studio = studio
    add_refusals(app)
    refusals: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorBody}}
    api = APIRouter(prefix="/api", responses=refusals)
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api)

    @app.websocket("/api/feed")
    async def follow(socket: WebSocket) -> None:
        await feed(socket, studio)

    @app.get("/api/{_path:path}", include_in_schema=False)
    def lead_nowhere(_path: str) -> None:
        raise HTTPException(404)

    _add_feed_schema(app)
    _add_pages(app)
    return app


def create_app(studio: Studio, access: Access) -> ASGIApp:
    """Return the guarded application.

    Args:
        studio: open projects and folders.
        access: who may speak to it.
    """
    return Guard(create_api(studio), access)


def _add_feed_schema(app: FastAPI) -> None:
    """Put the feed's messages into the OpenAPI document, which knows no WebSockets."""
    plain = app.openapi

    def with_feed() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            known = schema["components"]["schemas"]
            adapters = {"FeedMessage": _FEED, "Watch": TypeAdapter(Watch)}
            for name, adapter in adapters.items():
                found = adapter.json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
                for part, content in found.pop("$defs", {}).items():
                    known.setdefault(part, content)
                known[name] = found
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = with_feed  # type: ignore[method-assign]


def _add_pages(app: FastAPI) -> None:
    folder = ui_folder()
    if folder is None:

        @app.get("/{path:path}", include_in_schema=False)
        def explain(path: str) -> HTMLResponse:
            return HTMLResponse(_HOW_TO_BUILD, status_code=200 if path in ("", "/") else 404)

        return
    app.mount("/assets", _Assets(directory=folder / "assets"), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        file = (folder / path).resolve()
        is_file = path and file.is_file() and folder.resolve() in file.parents
        answer = FileResponse(file if is_file else folder / "index.html")
        answer.headers["cache-control"] = "no-cache"
        return answer


class _Assets(StaticFiles):
    """Files whose names carry a hash of their content: a browser may keep them for good."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer
