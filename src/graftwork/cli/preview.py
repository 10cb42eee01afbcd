"""``graftwork preview``: what a node of a flow gives on a few samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, open_project
from graftwork.cli.show import console, show_rows
from graftwork.documents.flow import read_flow
from graftwork.documents.preview import (
    ImageView,
    LabelsView,
    MapsView,
    MaskView,
    ObjectiveView,
    PreviewDocument,
    ScoresView,
    ValuesView,
    VectorView,
    View,
)
from graftwork.project.previewing import named_flow, part_up_to, picture_folder, write_pictures
from graftwork.project.trust import folder_of_flow, require_trust

__all__ = ["preview"]

_MANY = 8


_Flow = Annotated[
    str, typer.Argument(metavar="FLOW", help="A flow file, or the name of a flow saved in the project.")
]
_Node = Annotated[str, typer.Option("--node", metavar="NODE", help="The node whose output is shown.")]
_Port = Annotated[
    str | None,
    typer.Option("--port", help="The output, or a stage of the base in the node. Default: the first output."),
]
_Samples = Annotated[
    list[str] | None,
    typer.Option(
        "--samples", metavar="KEY", help="Key of a sample. Repeatable. Default: some of each class."
    ),
]
_Number = Annotated[int, typer.Option("--number", help="How many samples, when none is named.")]
_Split = Annotated[
    Literal["train", "validation", "test"] | None,
    typer.Option("--split", help="Where they are taken from. Default: validation."),
]
_Run = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="Show it with the weights of this run.")
]
_Channel = Annotated[int | None, typer.Option("--channel", help="The only channel of a map to show.")]
_Order = Annotated[
    Literal["index", "activity"],
    typer.Option("--order", help="Of many channels: the first 16, or the 16 that vary most."),
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder for the pictures. Default: in the cache."),
]


def preview(
    flow: _Flow,
    node: _Node,
    port: _Port = None,
    samples: _Samples = None,
    number: _Number = 4,
    split: _Split = None,
    run: _Run = None,
    channel: _Channel = None,
    order: _Order = "activity",
    out: _Out = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what a node of a flow gives on a few samples.

    Only what the node stands on is computed. Pictures are written as PNG files.
    """
    home = open_project(project, create=True)
    path = named_flow(flow, home.root / "flows")
    read = read_flow(path)
    require_trust(part_up_to(read, node), folder_of_flow(path))
    made = home.preview(
        read,
        node,
        samples=samples or None,
        number=number,
        split=split,
        run=run,
        port=port,
        channel=channel,
        order=order,
    )
    folder = out or picture_folder(home.workspace.cache, made.document)
    document = write_pictures(made, folder)
    if as_json:
        print_json(document)
    else:
        _show(document, folder)


def _show(document: PreviewDocument, folder: Path) -> None:
    target = console()
    end = f".{document.port}" if document.port else ""
    shape = " × ".join(map(str, document.shape))
    source = "from what was kept" if document.from_cache else f"computed: {', '.join(document.computed)}"
    target.print(
        f"{document.node}{end}: {document.kind}, {shape} {document.dtype}, {document.weights} weights"
    )
    target.print(f"{document.seconds:.2f} s, {source}")
    stats = document.stats
    target.print(
        f"min {_short(stats.min)}, max {_short(stats.max)}, mean {_short(stats.mean)}, std {_short(stats.std)}, "
        f"{100 * stats.zero_share:.0f} % zeros" + (f", {stats.num_nan} not a number" if stats.num_nan else "")
    )
    show_rows(
        ["sample", "label", "split", "shows"],
        [(s.key, ", ".join(s.label), s.split, _words(s.view)) for s in document.samples],
    )
    if document.custom is not None and document.custom.error is not None:
        target.print(f"preview of the code: {document.custom.error}", markup=False, soft_wrap=True)
    for note in document.notes:
        target.print(f"note: {note}", markup=False, soft_wrap=True)
    target.print(f"pictures: {folder}", markup=False, soft_wrap=True)


def _words(view: View) -> str:
    """Return a view in one line."""
    match view:
        case ScoresView() | ObjectiveView():
            return _scores_in_words(view)
        case MapsView():
            shown = ", ".join(str(c.index) for c in view.channels[:_MANY])
            return f"{view.num_channels} maps {view.height} × {view.width}; channels {shown}, …"
        case VectorView():
            values = f": {_numbers(view.values)}" if view.values else ""
            return f"{view.size} values, mean {_short(view.stats.mean)}, std {_short(view.stats.std)}{values}"
        case MaskView():
            return ", ".join(f"{name} {100 * share:.0f} %" for name, share in view.shares.items())
        case LabelsView():
            return ", ".join(view.names) or "–"
        case ValuesView():
            return _numbers(view.values)
        case ImageView():
            return f"{view.width} × {view.height} px, tensor {_short(view.stats.min)} to {_short(view.stats.max)}"


def _scores_in_words(view: ScoresView | ObjectiveView) -> str:
    parts = [", ".join(f"{c.name} {_short(c.probability)}" for c in view.top)]
    if isinstance(view, ObjectiveView):
        parts.insert(0, f"loss {_short(view.loss)}")
        parts.append(_numbers(view.values))
    if view.is_right is not None:
        parts.append("right" if view.is_right else "wrong")
    return "; ".join(part for part in parts if part)


def _numbers(values: tuple[Any, ...]) -> str:
    shown = [v if isinstance(v, str) else _short(v) for v in values[:_MANY]]
    return ", ".join(shown) + (", …" if len(values) > _MANY else "")


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
