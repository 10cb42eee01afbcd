"""A real studio in a real browser: the built pages, a server process, Debian's Chromium.

Without a browser or without Node the walks are skipped, with the reason; where ``GRAFTWORK_NEEDS_BROWSER`` is
set, as in continuous integration, that is a failure.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.browser import StudioServer, built_pages, open_browser
from benchmarks.results import BenchmarkFailed

ROOT = Path(__file__).parents[2]
Server = StudioServer


def lack(reason: str) -> None:
    """Skip, or fail where a browser is demanded."""
    if os.environ.get("GRAFTWORK_NEEDS_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def built_studio(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studio's pages, built from the present sources; ``GRAFTWORK_UI`` names some that are built.

    Of several workers one builds, and the others wait for it.
    """
    with (tmp_path_factory.getbasetemp().parent / "studio.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return built_pages()
        except BenchmarkFailed as error:
            lack(str(error))
            raise


@pytest.fixture(scope="module")
def server(built_studio: Path, tmp_path_factory: pytest.TempPathFactory, stripes: Path) -> Iterator[Server]:
    """A studio on a new project; images below ``stripes`` may be read."""
    with Server(tmp_path_factory.mktemp("studio"), roots=(stripes,)) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The browser, without a window."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(open_browser())
        except BenchmarkFailed as error:
            lack(str(error))
        yield found


@contextlib.contextmanager
def fresh_page(browser: Any, server: Server, color_scheme: str = "dark") -> Iterator[Any]:
    """Give a page of its own context with the token; what its console calls an error fails the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=color_scheme, reduced_motion="reduce"
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    errors: list[str] = []
    context.on("weberror", lambda found: errors.append(str(found.error)))
    context.set_default_timeout(20_000)
    found = context.new_page()
    found.goto(server.entry)
    yield found
    context.close()
    assert not errors, errors


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    """A page with the token; what its console calls an error fails the test."""
    with fresh_page(browser, server) as found:
        yield found
