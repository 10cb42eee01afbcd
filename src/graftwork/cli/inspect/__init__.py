"""``graftwork inspect``: looks into a run, or into a flow before it is trained."""

from __future__ import annotations

import typer

from graftwork.cli.inspect.places import places

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="See inside a run: what its base sees, what changed, why it is wrong.",
)


@app.callback()
def _group() -> None:
    """See inside a run: what its base sees, what changed, why it is wrong."""


app.command()(places)
