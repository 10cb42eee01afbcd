"""A studio in a process of its own, and Debian's Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.results import ROOT, BenchmarkFailed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

__all__ = ["FLAGS", "StudioServer", "built_pages", "open_browser"]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",  # the software compositor: ten times as fast here as software OpenGL
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)
_TOKEN = "a-token-for-measurements-in-the-browser"
_START_SECONDS = 60.0


def built_pages() -> Path:
    """Return the folder of the studio's pages, built from the present sources; ``GRAFTWORK_UI`` names built ones.

    Raises:
        BenchmarkFailed: there is no npm, or the build fails.
    """
    if os.environ.get("GRAFTWORK_UI"):
        return Path(os.environ["GRAFTWORK_UI"])
    if shutil.which("npm") is None:
        raise BenchmarkFailed("The studio's pages cannot be built: there is no npm here (Node 20 or newer).")
    if find_spec("hatchling") is None:
        raise BenchmarkFailed("The studio's pages are built by hatchling: pip install hatchling.")
    try:
        import_module("hatch_build").main()
    except RuntimeError as error:
        raise BenchmarkFailed(str(error)) from error
    return ROOT / "src" / "graftwork" / "ui"


class StudioServer:
    """A studio on one project, on a free port, with a configuration of its own.

    Args:
        folder: gets ``project``, ``config`` and ``server.log``.
        threads: processors that its torch may use.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self.project, self._config = folder / "project", folder / "config"
        self._log = folder / "server.log"
        self._config.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self._environment = {
            **os.environ,
            "GRAFTWORK_CONFIG": str(self._config),
            "OMP_NUM_THREADS": str(threads),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def project_id(self) -> str:
        """Id under which the server shows the project."""
        return str(self._ask("/api/app")["current"])

    def __enter__(self) -> StudioServer:
        command = [sys.executable, "-m", "graftwork", "studio", str(self.project), "--no-browser"]
        command += ["--port", str(self.port), "--token", _TOKEN]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self._ask("/api/app")
                return self
            except httpx.HTTPError:
                time.sleep(0.1)
        self.__exit__()
        raise BenchmarkFailed(f"The studio did not answer:\n{self._log.read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, path: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {_TOKEN}"}
        answer = httpx.get(f"{self.address}{path}", headers=headers, timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    @contextmanager
    def visit(self, browser: Browser) -> Iterator[BrowserContext]:
        """Give a browser context that has nothing in its cache and may talk to the server."""
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce"
        )
        cookie = {"name": f"graftwork-{self.port}", "value": _TOKEN, "url": self.address}
        context.add_cookies([cookie])  # type: ignore[list-item]
        try:
            yield context
        finally:
            context.close()


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Give the browser, without a window.

    Raises:
        BenchmarkFailed: there is no browser, or no playwright.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None or find_spec("playwright") is None:
        raise BenchmarkFailed("The studio is measured in Chromium (apt-get install chromium) by playwright.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
