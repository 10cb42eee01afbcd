"""L10: the command line. Thin verbs; each loads what it needs only when it is called."""

from __future__ import annotations

import sys
import tempfile
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from graftwork.errors import GraftworkError

__all__ = ["VERBS", "main"]

VERBS: dict[str, tuple[str, str]] = {
    "studio": (
        "graftwork.cli.studio:studio",
        "Open the studio in the browser: see, edit, train and compare with the mouse.",
    ),
    "demo": ("graftwork.cli.demo:demo", "Run a small transfer from start to end and show what it gave."),
    "new": (
        "graftwork.cli.new:new",
        "Write a flow file to start from. Nothing is trained; the next command is printed.",
    ),
    "train": ("graftwork.cli.train:train", "Graft a new head onto a base and train it on your images."),
    "tune": (
        "graftwork.cli.choose.tune:tune",
        "Search the settings with the highest validation score, and say which to take.",
    ),
    "prior": (
        "graftwork.cli.transfer.prior:app",
        "See, export and join what past searches say of good settings.",
    ),
    "find-rate": (
        "graftwork.cli.choose.find_rate:find_rate",
        "Find a learning rate by a short training whose rate rises; nothing of it stays.",
    ),
    "plan": ("graftwork.cli.train:plan", "Show what train would do, without doing it."),
    "advise": (
        "graftwork.cli.choose.advise:advise",
        "Say how much of the base to retrain for your images, why, and what each strategy would cost.",
    ),
    "rank": (
        "graftwork.cli.choose.rank:rank",
        "Rank bases for your images before any training: LogME, k-NN, linear probe and more, with cost and size.",
    ),
    "race": (
        "graftwork.cli.choose.race:race",
        "Train all strategies side by side on the same images, and say which one to take.",
    ),
    "gap": (
        "graftwork.cli.transfer.gap:gap",
        "Say how far apart two sets of images are, which kind of shift that is, and which methods suit.",
    ),
    "propagate": (
        "graftwork.cli.transfer.propagate:propagate",
        "Pass labels on to images that have none, by their nearness, and say what each confidence is worth.",
    ),
    "weigh": (
        "graftwork.cli.transfer.weigh:weigh",
        "Say how much each training image of a source counts for a target, and write it for training.",
    ),
    "adapt": (
        "graftwork.cli.transfer.adapt:adapt",
        "Adapt to a target without labels, and say what it gave beside the source-only line and the oracle line.",
    ),
    "check": (
        "graftwork.cli.check:check",
        "List all problems of a flow, shapes, and settings that fit better.",
    ),
    "preview": ("graftwork.cli.preview:preview", "Show what a node of a flow gives on a few samples."),
    "evaluate": ("graftwork.cli.use:evaluate", "Score a run on its test images or on other images."),
    "predict": ("graftwork.cli.use:predict", "Predict labels of images with a run."),
    "export": ("graftwork.cli.use:export", "Write a run's model for use elsewhere, and check it."),
    "mix": (
        "graftwork.cli.choose.averaging:mix",
        "Score the weights between where a run's training began and where it ended; make the best a new run.",
    ),
    "soup": (
        "graftwork.cli.choose.averaging:soup",
        "Average the weights of runs that began in the same place, and make the mean a new run.",
    ),
    "report": ("graftwork.cli.use:report", "Write a run's HTML report anew and say where it lies."),
    "inspect": (
        "graftwork.cli.inspect:app",
        "See inside a run: what its base sees, what changed, why it is wrong.",
    ),
    "runs": ("graftwork.cli.runs:app", "List, show, compare, delete, resume, stop and pause runs."),
    "bases": ("graftwork.cli.bases:app", "List pretrained models and show what is inside them."),
    "trust": (
        "graftwork.cli.trust:trust",
        "Let custom code in the flows of DIR run; code from elsewhere is not run until you say so.",
    ),
    "components": ("graftwork.cli.components:components", "List what flows are made of, or show one."),
    "data": ("graftwork.cli.data:app", "Look at your images before you train."),
}
"""Verb → where its function or group is, and its line in the help."""

EXIT_CODES = (
    "Exit codes: 0 done · 1 unexpected error · 2 usage · 3 data · 4 base · 5 flow or plan · "
    "6 run failed or proof failed · 7 storage · 8 export · 130 interrupted"
)

# typer may carry its own copy of click; the class is reached through a name that typer promises
_ClickError: Any = typer.BadParameter.__mro__[2]


class _Verbs(TyperGroup):
    """Shows all verbs in its help without loading any; loads the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in VERBS:
            self.commands[args[0]] = _load(args[0])
        return super().resolve_command(ctx, args)


def _load(verb: str) -> Any:
    module, _, name = VERBS[verb][0].partition(":")
    found = getattr(import_module(module), name)
    if isinstance(found, typer.Typer):
        group = typer.main.get_command(found)
        group.name = verb
        return group
    single = typer.Typer(add_completion=False)
    single.command(verb)(found)
    return typer.main.get_command(single)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from graftwork import __version__

        print(f"graftwork {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Transfer learning that shows what it did: choose a base, choose how much of it to retrain,
    train, and see the proof of what stayed frozen."""


def _build() -> typer.Typer:
    app = typer.Typer(
        cls=_Verbs, name="graftwork", no_args_is_help=True, pretty_exceptions_enable=False, epilog=EXIT_CODES
    )
    app.callback()(_root)
    for verb, (_, line) in VERBS.items():
        app.command(verb, help=line)(_stub)
    return app


def _stub() -> None:
    """Stand for a verb until it is called."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: arguments without the program's name; those of the process if not given.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    wants_json = "--json" in args
    with warnings.catch_warnings():
        if argv is None and not sys.warnoptions:  # what libraries tell programmers is no news to users
            warnings.simplefilter("ignore")
        return _run(args, wants_json)


def _run(args: list[str], wants_json: bool) -> int:
    command = typer.main.get_command(_build())
    try:
        code = command.main(args=args, prog_name="graftwork", standalone_mode=not wants_json)
    except SystemExit as ended:
        code = ended.code
    except GraftworkError as error:
        code = _tell(error, wants_json)
    except _ClickError as error:
        code = _tell_usage(error)
    except KeyboardInterrupt:
        code = 130
    except Exception as error:  # noqa: BLE001 the last place that can turn it into one sentence
        code = _tell_unexpected(error, wants_json)
    return code if isinstance(code, int) else 0


def _tell(error: GraftworkError, wants_json: bool) -> int:
    from graftwork.cli.json_out import print_json
    from graftwork.cli.show import print_error

    if wants_json:
        print_json(error.as_dict())
    else:
        print_error(error)
    return error.exit_code


def _tell_usage(error: Any) -> int:
    from graftwork.cli.json_out import print_json

    print_json({"error": "UsageError", "message": error.format_message(), "hint": None, "node": None})
    return 2


def _tell_unexpected(error: Exception, wants_json: bool) -> int:
    with tempfile.NamedTemporaryFile(
        "w", prefix="graftwork-error-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return _tell(
        GraftworkError(
            f"Unexpected {type(error).__name__}: {error}",
            hint=f"The traceback was written to {file.name}; please report it with what you called.",
            traceback=file.name,
        ),
        wants_json,
    )
