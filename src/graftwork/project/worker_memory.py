"""How much memory another process holds."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ["held_megabytes"]


def held_megabytes(pid: int) -> float | None:
    """Return the resident memory of a process in MB, or None when it cannot be told.

    Resident, not mapped: torch maps far more than it ever touches.
    """
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, IndexError, ValueError):
        pass
    if os.path.isdir("/proc/self"):
        return None
    found = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(found.stdout) / 1024 if found.stdout.strip().isdigit() else None
