"""One problem of a flow or of data: where it is, what is wrong, what to do."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document

__all__ = ["Problem"]


class Problem(Document):
    """Something that keeps a flow from running (error) or that its author should know (warning)."""

    level: Literal["error", "warning"] = "error"
    message: str
    node: str | None = None
    port: str | None = None
    setting: str | None = None
    hint: str | None = None
    line: int | None = Field(None, description="Line of the node's code, where it is at fault.")

    def __str__(self) -> str:
        place = f"Node '{self.node}'" if self.node else "Flow"
        if self.port:
            place += f", port '{self.port}'"
        return f"{place}: {self.message}" + (f" {self.hint}" if self.hint else "")
