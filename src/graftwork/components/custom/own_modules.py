"""Modules of the user's own that custom code imports: found without running it, and forgotten when edited."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import final

from graftwork.graph.custom_code import imported_modules

__all__ = ["OwnModules", "files_imported_by"]

_PACKAGES = frozenset({"site-packages", "dist-packages"})


def files_imported_by(text: str, root: Path) -> tuple[Path, ...]:
    """Return the files below ``root`` that code imports, and those that they import, sorted.

    Seen are modules and packages that lie in ``root`` itself; of a package all files count.

    Args:
        text: the code.
        root: folder of the project.
    """
    found: set[Path] = set()
    waiting = [text]
    while waiting:
        for name in imported_modules(waiting.pop()):
            for path in _files_of(name.partition(".")[0], root):
                if path not in found:
                    found.add(path)
                    with contextlib.suppress(OSError, UnicodeDecodeError):
                        waiting.append(path.read_text(encoding="utf-8"))
    return tuple(sorted(found))


def _files_of(name: str, root: Path) -> list[Path]:
    file, folder = root / f"{name}.py", root / name
    return [file] if file.is_file() else sorted(folder.rglob("*.py")) if folder.is_dir() else []


@final
class OwnModules:
    """Modules below a folder that were imported in this process while this was told so.

    Args:
        root: the folder; what is installed in it is not the user's own.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._times: dict[str, dict[Path, int | None]] = {}

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Note what the block imports."""
        before, begun = set(sys.modules), time.time_ns()
        try:
            yield
        finally:
            for name in set(sys.modules) - before:
                places = [] if (module := sys.modules.get(name)) is None else self._places_of(module)
                if places:  # written since the block began: it may have been read before that or after
                    self._times[name] = {p: t if (t := _time_of(p)) and t < begun else None for p in places}

    def forget_edited(self) -> bool:
        """Forget all of them when one has changed, so that the next import reads them anew; returns whether it did.

        All, since one may hold what it took from another.
        """
        if all(_time_of(p) == t for times in self._times.values() for p, t in times.items()):
            return False
        for name, times in self._times.items():
            module = sys.modules.pop(name, None)
            cached = getattr(getattr(module, "__spec__", None), "cached", None)
            if cached and any(p.suffix == ".py" for p in times):  # it knows edited files by the second alone
                with contextlib.suppress(OSError):
                    Path(cached).unlink()
        self._times.clear()
        importlib.invalidate_caches()
        return True

    def _places_of(self, module: ModuleType) -> list[Path]:
        """Return the file of a module, of a package without one its folders, where they are the user's own."""
        file = getattr(module, "__file__", None)
        named = [file] if isinstance(file, str) else list(getattr(module, "__path__", ()))
        if module.__name__.partition(".")[0] == "graftwork":
            return []
        places = [Path(name).resolve() for name in named]
        return [p for p in places if p.is_relative_to(self._root) and _PACKAGES.isdisjoint(p.parts)]


def _time_of(path: Path) -> int | None:
    """Return when a file was written, in nanoseconds; of a folder, and of what is gone, 0."""
    try:
        return path.stat().st_mtime_ns if path.is_file() else 0
    except OSError:
        return 0
