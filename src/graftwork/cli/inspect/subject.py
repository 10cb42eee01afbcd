"""The run or flow that a look is asked for, and how its work is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.cli.options import open_project
from graftwork.cli.progress import ProgressView
from graftwork.cli.show import say

if TYPE_CHECKING:
    from graftwork.project.looks.inspection import Inspection

__all__ = ["inside_of", "told"]


@contextmanager
def inside_of(name: str, project: Path | None, *, only_runs: bool = False) -> Iterator[Inspection]:
    """Give the look into a run or flow; notes and progress go to standard error.

    Args:
        name: of the run or flow.
        project: folder of the project; the default one if not given. It is made where the name is a flow's
            file, which needs none; runs and saved flows lie in one.
        only_runs: whether a flow is not wanted.
    """
    home = open_project(project, create=not only_runs and Path(name).expanduser().is_file())
    with told(home.inspect(home.find(name).id if only_runs else name)) as inside:
        yield inside


@contextmanager
def told(inside: Inspection) -> Iterator[Inspection]:
    """Tell the notes and the progress of a look on standard error while it works."""
    with ProgressView() as view:

        def tell(what: Any) -> None:
            if isinstance(what, str):
                say(what)
            else:
                view(what)

        inside.tell = tell
        yield inside
