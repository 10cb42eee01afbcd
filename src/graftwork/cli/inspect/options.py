"""Options that the looks share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Out", "RunOrFlow"]

RunOrFlow = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's id, the beginning of it, or its name; or a flow file or saved flow, before training.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder for the pictures. Default: none are written."),
]
