"""Which files may be read: those below folders that the user opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock

from graftwork.errors import NotOpened, UsageError

__all__ = ["Roots", "place"]


def place(path: str | Path) -> Path:
    """Return where a path leads, links resolved.

    Raises:
        UsageError: no system has such a path.
    """
    try:
        found = Path(path).expanduser().resolve()
        found.exists()
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"{str(path)[:_SHOWN]!r} is no path: {(why or 'it leads nowhere').rstrip('.').lower()}.",
            hint="Choose a folder from the list, or write its path out in full.",
        ) from error
    return found


_SHOWN = 100


class Roots:
    """The folders that the user opened, and nothing else.

    Args:
        folders: opened from the start.
    """

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._lock = Lock()
        self._folders: list[Path] = []
        for folder in folders:
            self.open(folder)

    def __iter__(self) -> Iterator[Path]:
        return iter(tuple(self._folders))

    def open(self, folder: str | Path) -> Path:
        """Open a folder, with all below it, and return it.

        Raises:
            UsageError: no such folder.
        """
        path = place(folder)
        if not path.is_dir():
            what = "is a file" if path.is_file() else "is not there"
            raise UsageError(f"{path} cannot be opened: it {what}.", hint="Name a folder.")
        with self._lock:
            if path not in self._folders:
                self._folders.append(path)
        return path

    def top_of(self, path: Path) -> Path | None:
        """Return the opened folder that ``path`` lies in; None outside all of them."""
        found = place(path)
        around = [f for f in self._folders if found == f or f in found.parents]
        return min(around, key=lambda f: len(f.parts), default=None)

    def require(self, path: str | Path) -> Path:
        """Return ``path``, links resolved, if it lies below an opened folder.

        Raises:
            NotOpened: it does not.
        """
        found = place(path)
        if self.top_of(found) is None:
            raise NotOpened(
                f"{found} lies outside the folders that are open.",
                hint="Open its folder first; then its files can be read.",
                path=str(found),
            )
        return found
