"""``graftwork studio``."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.show import console
from graftwork.project.project import default_root

__all__ = ["studio"]

_Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[DIR]", help="Project to show first; made where it is missing."),
]
_Host = Annotated[
    str, typer.Option("--host", help="Address to listen on. Beyond 127.0.0.1 --token is wanted.")
]
_Port = Annotated[
    int | None,
    typer.Option("--port", help="Port to listen on; 0: any free one. Default: 8765, or the next free one."),
]
_Token = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="GRAFTWORK_TOKEN", help="Secret that pages must show. Default: your kept one."
    ),
]
_Roots = Annotated[
    list[Path] | None,
    typer.Option("--root", help="Further folder below which images may be read. Repeatable."),
]
_Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Whether to open the browser.")]


def studio(
    folder: _Folder = None,
    host: _Host = "127.0.0.1",
    port: _Port = None,
    token: _Token = None,
    root: _Roots = None,
    browser: _Browser = True,
) -> None:
    """Open the studio in the browser: see, edit, train and compare with the mouse.

    It serves this machine alone, below the folders that you open. Ctrl-C ends it; runs go on.
    """
    from graftwork.server.serve import serve

    target = console()

    def tell(address: str) -> None:
        target.print(f"Studio: {address}", markup=False, soft_wrap=True, highlight=False)
        target.print("Ctrl-C ends the studio; runs go on in processes of their own.")
        if browser:
            webbrowser.open(address)

    serve(folder or default_root(), host=host, port=port, token=token, roots=root or (), on_start=tell)
