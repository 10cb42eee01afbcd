"""Where a run may keep what it shares with other runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Workspace"]


@dataclass(frozen=True)
class Workspace:
    """Folders that runs of one project share.

    Args:
        cache: folder of stored features and decoded images.
        runs: folder that holds the run folders; ``run:ID`` bases are looked up here.
        index: folder of remembered file facts (digests, sizes, hashes).
        root: folder that files named in a flow are relative to; None: the working folder.
        scored: held-out splits that runs score; of others nothing is computed.
    """

    cache: Path
    runs: Path
    index: Path
    root: Path | None = None
    scored: tuple[Literal["validation", "test"], ...] = ("validation", "test")
