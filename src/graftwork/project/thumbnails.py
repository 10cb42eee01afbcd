"""Small pictures of images, made once and kept in the project's cache within a limit."""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from PIL import Image

from graftwork.data.decode import to_rgb
from graftwork.data.originals import Originals
from graftwork.documents.files import write_atomically
from graftwork.engine.workspace import Workspace
from graftwork.errors import StorageError, UsageError
from graftwork.graph.contracts import ImagesSettings

__all__ = ["SIDES", "Thumbnails"]

SIDES = (64, 128, 256, 512, 1024)
"""Pixels of the longer side that a thumbnail may have."""

_LIMIT_BYTES = 512 * 2**20
_NUM_LISTINGS = 4
_NUM_DIGESTS = 200_000
_NUM_THREADS = 2
_QUALITY = 88
_LARGE_PIXELS = 24_000_000


class Thumbnails:
    """JPEGs of images that fit into a square; safe to be asked from several threads.

    Args:
        workspace: the project's folders; pictures lie in ``cache/thumbnails`` by digest and side.
        limit_bytes: what they may take there; those not looked at for longest make room.
    """

    def __init__(self, workspace: Workspace, *, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._folder = workspace.cache / "thumbnails"
        self._limit = limit_bytes
        self._used: int | None = None
        self._listings: OrderedDict[str, Originals] = OrderedDict()
        self._digests: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        self._listing_lock = threading.Lock()
        self._large = threading.Lock()
        # Threads of its own, few: each thread that ever decodes keeps memory for itself.
        self._pool = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="thumbnails")

    def jpeg(
        self,
        settings: ImagesSettings,
        key: str,
        side: int,
        *,
        require: Callable[[Path], object] | None = None,
    ) -> tuple[bytes, str]:
        """Return an image as a JPEG whose longer side has at most ``side`` pixels, and the image's digest.

        Args:
            settings: of the images node.
            key: of the image.
            side: 64, 128, 256, 512 or 1024; smaller images stay as they are.
            require: called with the image's file before it is read; raises where it may not be: a table can
                name files that lie anywhere.

        Raises:
            UsageError: another side.
            UnknownName: no image of that key.
            DataError: the image cannot be read.
        """
        if side not in SIDES:
            raise UsageError(
                f"Thumbnails have {', '.join(map(str, SIDES))} pixels, not {side}.",
                hint="Ask for one of them.",
            )
        name = _name_of(settings)
        try:
            listing = self._listing(name, settings, fresh=False)
            state = listing.state(key)
        except (UsageError, OSError):  # a file that came later
            listing = self._listing(name, settings, fresh=True)
            state = listing.state(key)
        if require is not None and (file := listing.path(key)) is not None:
            require(file)
        digest = self._digest(name, listing, key, state)
        path = self._folder / f"{digest}-{side}.jpg"
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            content = self._pool.submit(self._draw, listing, key, side).result()
            self._keep(path, content)
        return content, digest

    def _listing(self, name: str, settings: ImagesSettings, *, fresh: bool) -> Originals:
        with self._listing_lock:
            if fresh or name not in self._listings:
                self._listings[name] = Originals(settings)
                while len(self._listings) > _NUM_LISTINGS:
                    self._listings.popitem(last=False)
            self._listings.move_to_end(name)
            return self._listings[name]

    def _digest(self, name: str, listing: Originals, key: str, state: str) -> str:
        place = (name, state)
        if place not in self._digests:
            digest = listing.digest(key)
            with self._lock:
                if len(self._digests) >= _NUM_DIGESTS:
                    self._digests.clear()
                self._digests[place] = digest
        return self._digests[place]

    def _draw(self, listing: Originals, key: str, side: int) -> bytes:
        with ExitStack() as held:

            def on_header(size: tuple[int, int]) -> None:
                # Large images are decoded one at a time: several at once would fill the memory.
                if size[0] * size[1] > _LARGE_PIXELS:
                    held.enter_context(self._large)

            image = listing.open(key, short_side=side, on_header=on_header)
            if image.mode not in ("RGB", "L", "RGBA") or "transparency" in image.info:
                image = to_rgb(image)
            image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        buffer = io.BytesIO()
        to_rgb(image).save(buffer, format="JPEG", quality=_QUALITY)
        return buffer.getvalue()

    def _keep(self, path: Path, content: bytes) -> None:
        try:
            write_atomically(path, content)
        except StorageError:  # a full disk costs time, not the picture
            return
        with self._lock:
            if self._used is None:
                self._used = sum(f.stat().st_size for f in self._folder.glob("*.jpg"))
            else:
                self._used += len(content)
            if self._used > self._limit:
                self._used = self._make_room()

    def _make_room(self) -> int:
        """Remove pictures that were not looked at for longest; return what is left in bytes."""
        facts = []
        for path in self._folder.glob("*.jpg"):
            try:
                facts.append((path.stat().st_mtime_ns, path.stat().st_size, path))
            except OSError:  # another process removed it
                continue
        used = sum(size for _, size, _ in facts)
        for _, size, path in sorted(facts, key=lambda f: f[0]):
            if used <= self._limit * 3 // 4:
                break
            path.unlink(missing_ok=True)
            used -= size
        return used


def _name_of(settings: ImagesSettings) -> str:
    """Return what tells listings apart: not corrections, splits and sizes."""
    splitting = {"validation", "test", "train_share", "split_seed"}
    return settings.model_dump_json(exclude={"exclude", "relabel", "size", *splitting})
