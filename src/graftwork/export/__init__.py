"""L7: what leaves the house. A report to read and models that run elsewhere; loads no torch by itself."""

from __future__ import annotations

from graftwork.export.registry import (
    ENTRY_POINT_GROUP,
    Exporter,
    find_export,
    list_exports,
    register_export,
)
from graftwork.export.report import write_report

__all__ = [
    "ENTRY_POINT_GROUP",
    "Exporter",
    "find_export",
    "list_exports",
    "register_export",
    "write_report",
]
