"""What verbs about two domains share: options, and how their work is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from graftwork.cli.progress import ProgressView
from graftwork.cli.show import say
from graftwork.errors import UsageError

__all__ = ["ClassNames", "SourceRun", "class_names", "telling"]

SourceRun = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="A finished run on the source, instead of PATH.")
]
ClassNames = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="TARGET=SOURCE",
        help="Class of the target and what the source calls it. Repeatable; wanted where no name is the same.",
    ),
]


def class_names(given: list[str] | None) -> dict[str, str]:
    """Return the source's classes by the target's.

    Raises:
        UsageError: not TARGET=SOURCE.
    """
    found: dict[str, str] = {}
    for text in given or ():
        theirs, equals, ours = text.partition("=")
        if not equals or not theirs or not ours:
            raise UsageError(f"--map wants TARGET=SOURCE, got '{text}'.", hint="Write --map Katze=cat.")
        found[theirs] = ours
    return found


@contextmanager
def telling() -> Iterator[Callable[[Any], None]]:
    """Give what tells sentences and progress on standard error."""
    with ProgressView() as view:

        def tell(what: Any) -> None:
            say(what) if isinstance(what, str) else view(what)

        yield tell
