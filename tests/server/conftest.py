"""A studio on a new project, and a page's way to talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from graftwork.server.app import create_app
from graftwork.server.roots import Roots
from graftwork.server.security import Access
from graftwork.server.state import OpenProject, Studio

TOKEN = "a-token-that-only-tests-know"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio with one new project open."""
    found = Studio(Roots(), tmp_path / "project")
    yield found
    found.close()


@pytest.fixture
def opened(studio: Studio) -> OpenProject:
    """The open project."""
    assert studio.current is not None
    return studio.get(studio.current)


@pytest.fixture
def stranger(studio: Studio) -> TestClient:
    """A page without the token."""
    return TestClient(create_app(studio, Access(TOKEN, 80)), base_url="http://127.0.0.1")


@pytest.fixture
def page(studio: Studio) -> TestClient:
    """A page with the token."""
    app = create_app(studio, Access(TOKEN, 80))
    return TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def home(opened: OpenProject) -> str:
    """Address of the open project."""
    return f"/api/projects/{opened.id}"
