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
from typing import TYPE_CHECKING

import httpx

from benchmarks.results import ROOT, BenchmarkFailed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

__all__ = ["FLAGS", "TOKEN", "StudioServer", "built_pages", "open_browser"]

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
TOKEN = "a-token-for-walks-in-the-browser"
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
    """A studio on one project, with a configuration of its own; it can be killed and started again on its port.

    Args:
        folder: gets ``project`` and ``config``.
        threads: processors that its torch may use.
        roots: folders below which images may be read.
    """

    def __init__(self, folder: Path, threads: int = 1, roots: tuple[Path, ...] = ()) -> None:
        self.project, self.config, self.roots = folder / "project", folder / "config", roots
        self.config.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None

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
        """Id under which the server shows the project."""
        with self.api as api:
            return str(api.get("/app").json()["current"])

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            BenchmarkFailed: it does not; says what it wrote.
        """
        roots = [word for root in self.roots for word in ("--root", str(root))]
        command = [sys.executable, "-m", "graftwork", "studio", str(self.project), "--no-browser"]
        command += ["--port", str(self.port), "--token", TOKEN, *roots]
        environment = {
            **os.environ,
            "GRAFTWORK_CONFIG": str(self.config),
            "OMP_NUM_THREADS": str(self._threads),
            "PYTHONFAULTHANDLER": "1",  # a crash of native code leaves its place in the log
        }
        log = self.config / "server.log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                command, env=environment, stdout=file, stderr=file, cwd=self.config
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with self.api as api:
                    api.get("/app").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        self.stop()
        raise BenchmarkFailed(f"The studio did not answer:\n{log.read_text()[-2000:]}")

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End the server as ctrl-C does."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> StudioServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextmanager
    def visit(self, browser: Browser) -> Iterator[BrowserContext]:
        """Give a browser context that has nothing in its cache and may talk to the server."""
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce"
        )
        cookie = {"name": f"graftwork-{self.port}", "value": TOKEN, "url": self.address}
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
