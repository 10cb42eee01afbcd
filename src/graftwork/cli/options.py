"""Options that verbs share. Those of a transfer are made from the documents that define them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from graftwork.cli.show import say
from graftwork.documents.document import Document
from graftwork.documents.flow import Flow, read_flow
from graftwork.documents.recipe import Augmentation, BatchNormMode, Moving, Recipe, Strategy
from graftwork.errors import UsageError
from graftwork.graph.contracts import BackboneSettings, ImagesSettings
from graftwork.project import Project
from graftwork.project.options import parse_settings
from graftwork.project.project import default_root
from graftwork.project.trust import folder_of_flow, require_trust

__all__ = [
    "AsJson",
    "FlowRequest",
    "Full",
    "ProjectFolder",
    "RunName",
    "corrections",
    "open_project",
    "takes_transfer_options",
]

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; progress goes to standard error.")
]
Full = Annotated[bool, typer.Option("--full", help="With --json: the base's card too, layer by layer.")]
ProjectFolder = Annotated[
    Path | None,
    typer.Option(
        "--project",
        help="Folder of the project. Default: $GRAFTWORK_PROJECT or ./graftwork-project.",
    ),
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of it, or its name.")]


def open_project(folder: Path | None, *, create: bool = False) -> Project:
    """Open the project that the user named, or the default one."""
    return Project(folder or default_root(), create=create, on_note=say)


# option → where it is defined, its type, its choices
_TRANSFER: dict[str, tuple[type[Document], type, Any]] = {
    "base": (BackboneSettings, str, None),
    "strategy": (BackboneSettings, str, Strategy),
    "cut": (BackboneSettings, str, None),
    "only_stages": (BackboneSettings, str, None),
    "moving": (BackboneSettings, str, Moving),
    "lora_rank": (BackboneSettings, int, None),
    "batch_norm": (BackboneSettings, str, BatchNormMode),
    "image_size": (BackboneSettings, int, None),
    "epochs": (Recipe, int, None),
    "batch": (Recipe, int, None),
    "unfreeze_every": (Recipe, int, None),
    "augment": (Recipe, str, Augmentation),
    "seed": (Recipe, int, None),
    "validation": (ImagesSettings, float, None),
    "test": (ImagesSettings, float, None),
    "train_share": (ImagesSettings, float, None),
    "image_column": (ImagesSettings, str, None),
    "label_column": (ImagesSettings, str, None),
    "split_column": (ImagesSettings, str, None),
    "group_column": (ImagesSettings, str, None),
}

_EXCLUDE = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude", metavar="KEY", help="Leave this image out, as the data view names it. Repeatable."
    ),
]
_RELABEL = Annotated[
    list[str] | None,
    typer.Option(
        "--relabel",
        metavar="KEY=LABEL",
        help="Give this image another label: a class, tags as a;b, numbers as 1.5;2. Repeatable.",
    ),
]
_PATH = Annotated[
    str | None,
    typer.Argument(
        metavar="PATH",
        help="Folder with a sub-folder per class, CSV or Parquet table, .npz or .npy arrays, or sample:NAME.",
    ),
]
_NAME = Annotated[str | None, typer.Option("--name", help="Name of flow and run.")]
_FLOW = Annotated[
    Path | None, typer.Option("--flow", help="A flow file to run instead of PATH and its options.")
]
_SET = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Any field of the recipe or of the flow's nodes. Repeatable."
    ),
]


def corrections(exclude: list[str] | None, relabel: list[str] | None) -> dict[str, Any]:
    """Return the settings of an images node that ``--exclude`` and ``--relabel`` mean.

    Raises:
        UsageError: a new label without an image, or two for one.
    """
    found: dict[str, str] = {}
    for text in relabel or ():
        key, equals, label = text.rpartition("=")
        if not equals or not key:
            raise UsageError(
                f"--relabel wants KEY=LABEL, got '{text}'.", hint="Write --relabel cat/7.jpg=dog."
            )
        if found.setdefault(key, label) != label:
            raise UsageError(f"--relabel gives {key} two labels.", hint="Give it one.")
    said = {"exclude": tuple(exclude or ()), "relabel": found}
    return {name: value for name, value in said.items() if value}


class FlowRequest:
    """What the user asked for with the options of a transfer.

    Args:
        source: PATH.
        flow: ``--flow``.
        name: ``--name``.
        settings: ``--set``.
        options: the other options; None where not given.
    """

    def __init__(
        self,
        source: str | None,
        flow: Path | None,
        name: str | None,
        settings: list[str] | None,
        options: dict[str, Any],
    ) -> None:
        self.source = source
        self.path = flow
        self.name = name
        given = {key: value for key, value in options.items() if value is not None}
        extra = parse_settings(settings or ())
        if twice := sorted(set(given) & set(extra)):
            raise UsageError(
                f"{', '.join(twice)} is given both as an option and by --set.", hint="Give it once."
            )
        self.options = given | extra

    @property
    def is_new(self) -> bool:
        """Whether the flow is made from options, not read from a file."""
        return self.path is None

    def flow(self, project: Project) -> Flow:
        """Return the flow that was asked for.

        Raises:
            UsageError: neither PATH nor ``--flow``, both, or options beside ``--flow``.
        """
        if (self.source is None) == (self.path is None):
            raise UsageError(
                "Either PATH or --flow is wanted" + (", not both." if self.path else ", got neither."),
                hint="Write graftwork train FOLDER, or graftwork train --flow FILE.",
            )
        if self.path is None:
            assert self.source is not None
            return project.make_flow(self.source, name=self.name, **self.options)
        if self.options:
            raise UsageError(
                f"--flow takes its choices from the file; {', '.join(sorted(self.options))} cannot be added.",
                hint="Change them in the flow file.",
            )
        flow = read_flow(self.path)
        require_trust(flow, folder_of_flow(self.path))
        return flow.edit(name=self.name) if self.name else flow


def _annotation(name: str, home: type[Document], kind: type, choices: Any) -> Any:
    field = home.model_fields[name]
    default = field.default
    return Annotated[
        kind | None,
        typer.Option(
            "--" + name.replace("_", "-"),
            help=f"{field.description}" + (f" Default: {default}." if default not in (None, ()) else ""),
            metavar="|".join(get_args(choices)) if choices else None,
        ),
    ]


def takes_transfer_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the options of a transfer; it receives them as one ``FlowRequest`` named ``request``."""
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "request"]
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    shared = {name: _annotation(name, *row) for name, row in _TRANSFER.items()}
    corrected = {"exclude": _EXCLUDE, "relabel": _RELABEL}
    extra = {"source": _PATH, **shared, **corrected, "name": _NAME, "flow": _FLOW, "settings": _SET}
    parameters = [inspect.Parameter(n, keyword, default=None, annotation=a) for n, a in extra.items()] + own

    @functools.wraps(command)
    def verb(**given: Any) -> None:
        options = {name: given.pop(name) for name in shared}
        options |= corrections(given.pop("exclude"), given.pop("relabel"))
        request = FlowRequest(
            given.pop("source"), given.pop("flow"), given.pop("name"), given.pop("settings"), options
        )
        command(request=request, **given)

    verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    verb.__annotations__ = {p.name: p.annotation for p in parameters}
    del verb.__wrapped__
    return verb
