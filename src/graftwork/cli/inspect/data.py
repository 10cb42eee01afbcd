"""``graftwork inspect data``: doubtful labels, look-alikes and outliers, as the pretrained base sees them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graftwork.cli.inspect.options import Out, RunOrFlow
from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import plain, print_json
from graftwork.cli.options import AsJson, ProjectFolder
from graftwork.cli.show import console, interval, say, show_rows
from graftwork.documents.data_quality import DataQuality, FixEffect
from graftwork.documents.data_view import DataFix
from graftwork.documents.flow import Flow, write_flow
from graftwork.errors import UsageError
from graftwork.project.previewing import named_flow

if TYPE_CHECKING:
    from graftwork.project.looks.inspection import Inspection

__all__ = ["data"]

_FOUND = "corrections"

_Number = Annotated[
    int, typer.Option("--suspects", min=1, max=500, help="How many findings of a kind are shown.")
]
_Apply = Annotated[
    list[str] | None,
    typer.Option(
        "--apply",
        metavar="FIX",
        help="Write this fix into the flow's file: one of those listed, relabel:KEY to the suggestion, or "
        "exclude:KEY. Repeatable.",
    ),
]
_Effect = Annotated[
    str | None,
    typer.Option(
        "--effect",
        metavar="FIX",
        help="Fit a probe on stored features with and without this fix and score both; 'corrections': with "
        "and without those that the flow has.",
    ),
]
_Into = Annotated[
    Path | None,
    typer.Option("--into", metavar="FILE", help="Where --apply writes the flow. Default: its own file."),
]


def data(
    subject: RunOrFlow,
    suspects: _Number = 20,
    effect: _Effect = None,
    apply: _Apply = None,
    into: _Into = None,
    out: Out = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Find doubtful labels, look-alikes and outliers by the pretrained base, and say what can be done.

    Labels are judged by probes that did not see them. Changes nothing, unless --apply says so; then a flow's
    file alone. Features are stored: a second look passes no image through the base.
    """
    from graftwork.project.looks.data_quality import QualityLook, look_at_data

    pictures: list[Path] = []
    with inside_of(subject, project) as inspection:
        target = _target(inspection, subject, into) if apply else None
        for name in apply or ():
            inspection = _applied(inspection, name)
        if target is not None:
            write_flow(inspection.flow, target)
            say(f"Written into {target}: {', '.join(apply or ())}.")
        found = look_at_data(inspection)
        measured = _measured(inspection, effect) if effect is not None else None
        if out is not None:
            from graftwork.project.looks.quality_pictures import write_sheets

            pictures = write_sheets(found, QualityLook(inspection).images, out, number=suspects)
    if as_json:
        print_json({**plain(found), "effect": plain(measured), "pictures": plain(pictures)})
    else:
        _show(found, suspects)
        _show_effect(measured)
        for path in pictures:
            console().print(f"picture: {path}", markup=False, soft_wrap=True)


def _target(inspection: Inspection, subject: str, into: Path | None) -> Path:
    """Return the file that a corrected flow is written to."""
    if into is not None:
        return into
    if inspection.run is not None:
        raise UsageError(
            f"'{subject}' is a run, whose flow stays as it was.",
            hint="Name the flow instead, or give --into FILE for the corrected flow.",
        )
    return named_flow(subject, inspection.project.root / "flows")


def _applied(inspection: Inspection, name: str) -> Inspection:
    """Return a look into the flow with one more fix."""
    fix, node = _fix(inspection, name), _images_node(inspection.flow)
    changed = inspection.project.inspect(inspection.flow.with_settings(node, **fix.changes))
    changed.tell = inspection.tell
    return changed


def _images_node(flow: Flow) -> str:
    from graftwork.engine.build import data_node

    return data_node(flow).id


def _fix(inspection: Inspection, name: str) -> DataFix:
    from graftwork.insight.quality.fixes import find_fix
    from graftwork.project.looks.data_quality import QualityLook, look_at_data

    look = QualityLook(inspection)
    return find_fix(name, look_at_data(inspection, opened=look.opened), look.images, look.settings)


def _measured(inspection: Inspection, name: str) -> FixEffect:
    from graftwork.project.looks.fix_effect import measure_effect

    if name == _FOUND:
        return measure_effect(inspection)
    fix = _fix(inspection, name)
    return measure_effect(inspection, fix.changes, what=fix.title)


def _show(found: DataQuality, number: int) -> None:
    target = console()
    target.print(
        f"{found.num_images} images of {found.source}, by {found.base} up to {found.stage}", markup=False
    )
    if found.accuracy is not None:
        target.print(
            f"share of labels that probes fitted without them agree with: {interval(found.accuracy)} (95 %)"
        )
    target.print(
        f"{_plural(found.num_suspects, 'doubtful label')} ({found.num_confident} of them confident), "
        f"{_plural(found.num_look_alikes, 'group')} of look-alikes, {_plural(found.num_outliers, 'outlier')}"
    )
    _show_findings(found, number)
    for note in found.notes:
        target.print(f"note: {note}", markup=False, soft_wrap=True)
    if found.fixes:
        target.print()
        show_rows(["fix", "what it does"], [(fix.id, fix.title) for fix in found.fixes])
        target.print(
            "--effect FIX measures what one gives, --apply FIX writes it into the flow. Fixes of doubtful labels touch training images alone.",
            markup=False,
            soft_wrap=True,
        )


def _show_findings(found: DataQuality, number: int) -> None:
    if found.suspects:
        show_rows(
            ["image", "split", "label", ">probe", "suggested", ">probe"],
            [
                (
                    s.key,
                    s.split,
                    s.label,
                    f"{s.label_probability:.0%}",
                    s.suggested,
                    f"{s.suggested_probability:.0%}",
                )
                for s in found.suspects[:number]
            ],
            title=_heading("Doubtful labels", number, found.num_suspects),
        )
    if found.look_alikes:
        show_rows(
            ["images", "how", "splits", "labels"],
            [
                (
                    " = ".join(g.keys[:3]),
                    g.how,
                    ", ".join(s or "–" for s in dict.fromkeys(g.splits)),
                    " / ".join(dict.fromkeys(", ".join(w) for w in g.labels)),
                )
                for g in found.look_alikes[:number]
            ],
            title=_heading("Look-alikes", number, found.num_look_alikes),
        )
    if found.outliers:
        rows = [(o.key, o.split, ", ".join(o.label), o.reason) for o in found.outliers[:number]]
        show_rows(
            ["image", "split", "label", "why"], rows, title=_heading("Outliers", number, found.num_outliers)
        )


def _plural(number: int, words: str) -> str:
    return f"{number} {words}" if number == 1 else f"{number} {words}s"


def _heading(words: str, shown: int, total: int) -> str:
    """Return a table's title, which says when it does not list all."""
    return f"\n{words}" if total <= shown else f"\n{words}, the first {shown} of {total}"


def _show_effect(measured: FixEffect | None) -> None:
    if measured is None:
        return
    console().print(
        f"\n{measured.what.rstrip('.')}: {_plural(measured.num_changed, 'training image')} changed. "
        "Probes on the stored features, with 95 % intervals:",
        markup=False,
        soft_wrap=True,
    )
    show_rows(
        ["split", ">images", "accuracy before", "after", "difference"],
        [
            (c.split, c.num_images, interval(c.before), interval(c.after), interval(c.difference))
            for c in measured.changes
        ],
    )
    for note in measured.notes:
        console().print(f"note: {note}", markup=False, soft_wrap=True)
