"""A real studio in a real browser: the built pages, a server process, Debian's Chromium.

Without a browser or without Node the walks are skipped, with the reason; where ``GRAFTWORK_NEEDS_BROWSER`` is
set, as in continuous integration, that is a failure.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-for-walks-in-the-browser"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)


def lack(reason: str) -> None:
    """Skip, or fail where a browser is demanded."""
    if os.environ.get("GRAFTWORK_NEEDS_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None or importlib.util.find_spec("playwright") is None:
        lack("The walks want Chromium (apt-get install chromium) and playwright.")
    return str(found)


@pytest.fixture(scope="session")
def built_studio(chromium: str) -> Path:
    """The studio's pages, built from the present sources; ``GRAFTWORK_UI`` names some that are built."""
    if os.environ.get("GRAFTWORK_UI"):
        return Path(os.environ["GRAFTWORK_UI"])
    if shutil.which("npm") is None:
        lack("The studio's pages cannot be built: there is no npm here.")
    _hook().main()
    return ROOT / "src" / "graftwork" / "ui"


def _hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Server:
    """A studio in a process of its own, that can be killed and started again on the same port."""

    project: Path
    config: Path
    roots: tuple[Path, ...] = ()
    port: int = field(default_factory=lambda: _free_port())
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def entry(self) -> str:
        """Address that carries the token."""
        return f"{self.address}/?token={TOKEN}"

    @property
    def api(self) -> httpx.Client:
        """A client with the token."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.Client(base_url=f"{self.address}/api", headers=headers, timeout=60)

    @property
    def project_id(self) -> str:
        with self.api as api:
            return str(api.get("/app").json()["current"])

    def start(self) -> None:
        """Start the server and wait until it answers."""
        roots = [word for root in self.roots for word in ("--root", str(root))]
        command = [sys.executable, "-m", "graftwork", "studio", str(self.project), "--no-browser"]
        command += ["--port", str(self.port), "--token", TOKEN, *roots]
        environment = {
            **os.environ,
            "GRAFTWORK_CONFIG": str(self.config),
            "OMP_NUM_THREADS": "1",
            "PYTHONFAULTHANDLER": "1",  # a crash of native code leaves its place in the log
        }
        with (self.config / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.config)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with self.api as api:
                    api.get("/app").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        pytest.fail(f"The server did not answer: {(self.config / 'server.log').read_text()}")

    def kill(self) -> None:
        """End the server as a crash would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End the server as ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def server(built_studio: Path, tmp_path_factory: pytest.TempPathFactory, stripes: Path) -> Iterator[Server]:
    """A studio on a new project; images below ``stripes`` may be read."""
    folder = tmp_path_factory.mktemp("studio")
    (folder / "config").mkdir()
    found = Server(folder / "project", folder / "config", (stripes,))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """The browser, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        found.close()


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
