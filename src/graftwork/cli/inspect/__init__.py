"""``graftwork inspect``: looks into a run, or into a flow before it is trained."""

from __future__ import annotations

import typer

from graftwork.cli.inspect.compare import compare
from graftwork.cli.inspect.controls import controls
from graftwork.cli.inspect.curve import curve
from graftwork.cli.inspect.data import data
from graftwork.cli.inspect.depth import depth
from graftwork.cli.inspect.drift import drift
from graftwork.cli.inspect.evaluation import evaluation
from graftwork.cli.inspect.map import map_images, neighbors
from graftwork.cli.inspect.maps import maps
from graftwork.cli.inspect.places import places
from graftwork.cli.inspect.saliency import saliency

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="See inside a run: what its base sees, what changed, why it is wrong.",
)


@app.callback()
def _group() -> None:
    """See inside a run: what its base sees, what changed, why it is wrong."""


app.command("depth")(depth)
app.command("drift")(drift)
app.command("controls")(controls)
app.command("curve")(curve)
app.command("evaluation")(evaluation)
app.command("compare")(compare)
app.command("data")(data)
app.command("map")(map_images)
app.command("neighbors")(neighbors)
app.command("places")(places)
app.command("maps")(maps)
app.command("saliency")(saliency)
