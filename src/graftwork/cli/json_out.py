"""What ``--json`` prints: one document on standard output."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from graftwork.project import Run

__all__ = ["plain", "print_json", "run_as_dict"]


def plain(value: Any) -> Any:
    """Return ``value`` as what JSON knows; numbers that JSON cannot write (nan, infinity) become null."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return str(value) if not isinstance(value, Path) else value.as_posix()


def print_json(value: Any) -> None:
    """Write ``value`` as one JSON document and a line end."""
    json.dump(plain(value), sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def run_as_dict(run: Run, *, full: bool = False) -> dict[str, Any]:
    """Return a run as the contract of ``train --json`` says it: its record, its status, its report.

    Args:
        run: the run.
        full: whether the base's card is in it, layer by layer.
    """
    record = run.record.model_dump(mode="json", exclude=None if full else {"card"})
    found: dict[str, Any] = plain(record)
    return found | {"path": str(run.path), "status": run.status, "report": _text(run.report)}


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
