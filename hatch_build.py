"""Build hook: puts the built studio into the package, and builds it when its sources changed.

A wheel always carries the studio. A source distribution carries it built, so that it installs without Node.
An editable install without Node goes on without it, and the server's page then says how to build it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "STUDIO_SKIP_UI"
STAMP = ".stamp"
_LEFT_OUT = {"node_modules", "dist", ".vite", "coverage"}


class StudioBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes ``src/graftwork/ui`` from ``studio``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the studio if its sources are newer than what is there."""
        build_data.setdefault("artifacts", []).append("src/graftwork/ui/**")
        root = Path(self.root)
        studio, ui = root / "studio", root / "src" / "graftwork" / "ui"
        is_built = (ui / "index.html").is_file()
        if os.environ.get(SKIP) == "1":
            return
        if not (studio / "package.json").is_file():
            if not is_built:
                raise RuntimeError("Neither the studio's sources nor its built pages are here.")
            return
        stamp = stamp_of(studio)
        if is_built and (ui / STAMP).is_file() and (ui / STAMP).read_text() == stamp:
            return
        if shutil.which("npm") is None:
            self._without_npm(version, is_built)
            return
        build(studio, ui, stamp)

    def _without_npm(self, version: str, is_built: bool) -> None:
        if is_built:
            print("The studio is not built anew: there is no npm here.", file=sys.stderr)
        elif version == "editable":
            print("The studio is not built: there is no npm here (Node 20 or newer).", file=sys.stderr)
        else:
            raise RuntimeError("The studio cannot be built: there is no npm here. Install Node 20 or newer.")


def stamp_of(studio: Path) -> str:
    """Return a hash over names and content of the studio's sources."""
    digest = hashlib.sha256()
    for path in sorted(studio.rglob("*")):
        parts = path.relative_to(studio).parts
        if path.is_file() and not _LEFT_OUT.intersection(parts) and not path.name.startswith("."):
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def build(studio: Path, ui: Path, stamp: str) -> None:
    """Install what the lock file says, build, and put the pages in their place."""
    if not (studio / "node_modules" / ".package-lock.json").is_file() or _is_older(studio):
        _run(["npm", "ci", "--no-audit", "--no-fund"], studio)
    _run(["npm", "run", "build"], studio)
    shutil.rmtree(ui, ignore_errors=True)
    shutil.copytree(studio / "dist", ui)
    (ui / STAMP).write_text(stamp)


def _is_older(studio: Path) -> bool:
    """Whether what is installed is older than the lock file."""
    installed = studio / "node_modules" / ".package-lock.json"
    return installed.stat().st_mtime < (studio / "package-lock.json").stat().st_mtime


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr)[-4000:]
        raise RuntimeError(f"'{' '.join(command)}' failed in {folder.name}:\n{said}")


def main() -> None:
    """Build the studio in the source tree if its sources changed."""
    here = Path(__file__).parent
    studio, ui = here / "studio", here / "src" / "graftwork" / "ui"
    stamp = stamp_of(studio)
    if not (ui / STAMP).is_file() or (ui / STAMP).read_text() != stamp:
        build(studio, ui, stamp)


if __name__ == "__main__":
    main()
