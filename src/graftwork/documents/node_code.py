"""What a node is in code: its torch module, and the Python that made it."""

from __future__ import annotations

from pydantic import Field

from graftwork.documents.document import Document

__all__ = ["NodeCode"]


class NodeCode(Document):
    """A node as code, to be read."""

    node: str
    component: str
    module: str = Field(
        description="The built torch module, as it shows itself, shortened where it is very long; empty for data "
        "and where it cannot be built."
    )
    source: str = Field(description="Python of the component; the user's own code of a custom node.")
    source_file: str = Field(
        description="File of that Python: path inside the installed package, or inside the project; empty for code "
        "that stands in the flow."
    )
    parameters: int = Field(0, description="Numbers in the module that training could move.")
    problem: str | None = Field(None, description="Why the module could not be built.")
