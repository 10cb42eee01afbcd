"""``graftwork check``: what is wrong with a flow, what travels on its wires, what it should say instead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson
from graftwork.cli.show import console, say, show_rows
from graftwork.documents.flow import Flow, read_flow, write_flow
from graftwork.errors import FlowError
from graftwork.graph.check import check as check_flow
from graftwork.graph.ports import show_shape
from graftwork.graph.propose import Proposal, apply, propose
from graftwork.graph.wires import infer_wires
from graftwork.project.facts import data_facts

__all__ = ["check"]


def check(
    flow: Annotated[Path, typer.Argument(metavar="FLOW", help="A flow file.")],
    apply_all: Annotated[
        bool, typer.Option("--apply", help="Write the proposed settings into the file.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List all problems of a flow, shapes, and settings that fit better.

    Runs nothing: no code, no base. The data is looked at where it is there.
    """
    read = read_flow(flow)
    problems = check_flow(read)
    errors = [p for p in problems if p.level == "error"]
    wires = {} if errors else infer_wires(read)[0]
    proposals = propose(read, data_facts(read))
    if apply_all and proposals:
        write_flow(apply(read, proposals), flow)
    if as_json:
        print_json({"flow": read.name, "problems": problems, "wires": wires, "proposals": proposals})
    else:
        _show(read, problems, wires, proposals, is_applied=apply_all)
    if errors and not (apply_all and proposals):
        raise typer.Exit(FlowError.exit_code)


def _show(
    flow: Flow, problems: Any, wires: Any, proposals: tuple[Proposal, ...], *, is_applied: bool
) -> None:
    if wires:
        show_rows(
            ["wire", "kind", "shape", "values"],
            [(name, w.kind, show_shape(w.shape), _range(w)) for name, w in wires.items()],
        )
    for problem in problems:
        console().print(f"{problem.level}: {problem}", markup=False, soft_wrap=True)
    for proposal in proposals:
        word = "set" if is_applied else "proposed"
        console().print(f"{word}: {proposal}", markup=False, soft_wrap=True)
    if not problems:
        say(f"The flow '{flow.name}' has no problems.")
    if proposals and not is_applied:
        say("Take the proposals over with --apply.")


def _range(wire: Any) -> str:
    if wire.is_normalized:
        return "normalized"
    return "" if wire.value_range is None else f"{wire.value_range[0]:g} to {wire.value_range[1]:g}"
