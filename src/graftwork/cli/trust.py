"""``graftwork trust``: say whose custom code may run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson
from graftwork.cli.show import say, show_rows
from graftwork.errors import UsageError
from graftwork.project.trust import distrust, trusted_folders
from graftwork.project.trust import trust as trust_folder

__all__ = ["trust"]


def trust(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A project, or a folder with flows.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Do not trust DIR any longer.")] = False,
    show: Annotated[bool, typer.Option("--list", help="List the folders that are trusted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let custom code in the flows of DIR run; code from elsewhere is not run until you say so."""
    if (folder is None) != show or (show and remove):
        raise UsageError(
            "Either DIR or --list is wanted.", hint="Write graftwork trust DIR, or graftwork trust --list."
        )
    if folder is not None:
        path = distrust(folder) if remove else trust_folder(folder)
        if as_json:
            print_json({"folder": str(path), "trusted": not remove})
        else:
            say(f"Custom code in {path} is {'no longer ' if remove else ''}run.")
        return
    known = trusted_folders()
    if as_json:
        print_json({"folders": [{"folder": str(p), "since": since} for p, since in known.items()]})
        return
    if known:
        show_rows(["folder", "since"], [(str(p), since) for p, since in known.items()])
    else:
        say("No folder is trusted yet; projects that you make with graftwork are from then on.")
