"""Results as lines of JSON: appended at once, so that what is done is never done again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import RESULTS

__all__ = ["FOLDER", "READINGS", "SOURCES", "TRAININGS", "Rows"]

FOLDER = RESULTS / "advisor"
TRAININGS = FOLDER / "trainings.jsonl"
READINGS = FOLDER / "readings.jsonl"
SOURCES = FOLDER / "sources.jsonl"


class Rows:
    """The lines of one file, by ``name``; a later line of a name goes before an earlier one.

    A last line that a killed process left unfinished counts as absent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, dict[str, Any]]:
        """Return all rows by name."""
        if not self.path.is_file():
            return {}
        rows = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            rows[str(row["name"])] = row
        return rows

    def has(self, name: str, options: Mapping[str, Any]) -> bool:
        """Whether a row of that name was made with these very options."""
        found = self.read().get(name)
        return found is not None and found["options"] == json.loads(json.dumps(options))

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            file.seek(0, 2)
            if file.tell():
                file.seek(-1, 2)
                unfinished = file.read(1) != b"\n"
            else:
                unfinished = False
            file.write(b"\n" * unfinished + json.dumps(row).encode() + b"\n")
