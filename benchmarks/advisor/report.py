"""The scores as tables: on the screen, as JSON, and on the page of the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.advisor.grid import STRATEGIES
from benchmarks.advisor.score import Line, Scores
from benchmarks.results import ROOT, BenchmarkFailed, print_table, say

__all__ = ["PAGE", "show", "write_json", "write_page"]

PAGE = ROOT / "docs" / "advisor-proof.md"
_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"
_COLUMNS = ("rule", "mean regret (95 %)", "worst", "within 1 point", "seed by seed", "cost")


def show(scores: Scores) -> None:
    """Print the tables."""
    print_table(_title(scores), _COLUMNS, [_row(line) for line in scores.lines])
    if scores.later:
        print_table("All seeds but the first", _COLUMNS, [_row(line) for line in scores.later])
    print_table("Test accuracy, mean over seeds", ("cell", *STRATEGIES), _accuracy_rows(scores))
    for line in scores.lines:
        for words, count in list(line.chosen.items())[:3]:
            say(f"{line.title}: {words} ({count} halves)")


def write_json(scores: Scores, path: Path) -> None:
    """Write all but single regrets to a file."""
    content = {
        "num_cells": scores.num_cells,
        "num_questions": scores.num_questions,
        "floor_points": scores.floor,
        "winners": scores.winners,
        "later": [line.document() for line in scores.later],
        "lines": [line.document() for line in scores.lines],
        "accuracies": scores.accuracies,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_page(scores: Scores, page: Path = PAGE) -> None:
    """Put the tables between the marks of a page; what stands around them stays.

    Raises:
        BenchmarkFailed: the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    if _BEGIN not in text or _END not in text:
        raise BenchmarkFailed(f"{page} has no place for the tables: {_BEGIN} and {_END}.")
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    page.write_text(f"{before}{_BEGIN}\n\n{_figures(scores)}\n{_END}{after}", encoding="utf-8")


def _figures(scores: Scores) -> str:
    winners = ", ".join(f"{s} {n}" for s, n in scores.winners.items())
    parts = [
        _title(scores),
        _markdown(_COLUMNS, (_row(line) for line in scores.lines)),
        f"Best on the mean over seeds, of {scores.num_questions} questions: {winners}.",
        "Test accuracy in %, mean over seeds, the best in bold:",
        _markdown(("data set, base, images a class", *STRATEGIES), _accuracy_rows(scores, mark="**")),
    ]
    if scores.later:
        parts[2:2] = [
            "All seeds but the first, for rules that nothing is fitted of:",
            _markdown(_COLUMNS, (_row(line) for line in scores.later)),
        ]
    fitted = [f"- {line.title}: {_chosen(line)}" for line in scores.lines if line.chosen]
    if fitted:
        parts[2:2] = ["What was fitted, and in how many halves:", "\n".join(fitted)]
    return "\n\n".join(parts) + "\n"


def _title(scores: Scores) -> str:
    return (
        f"Regret in points of test accuracy, {scores.num_questions} questions ({scores.num_cells} cells). Noise floor, "
        f"seed by seed: {scores.floor:.2f}. Cost: CPU seconds over those of all strategies."
    )


def _row(line: Line) -> tuple[str, ...]:
    means = line.means
    return (
        line.title,
        f"{means.mean:.2f} ({means.low:.2f}–{means.high:.2f})",
        f"{means.worst:.1f}",
        f"{means.within_one:.0%}",
        f"{line.seeds:.2f}",
        f"{line.cost:.0%}",
    )


def _chosen(line: Line) -> str:
    found = list(line.chosen.items())
    words = "; ".join(f"{what} ({count})" for what, count in found[:4])
    return words + (f"; and {len(found) - 4} others" if len(found) > 4 else "")


def _accuracy_rows(scores: Scores, mark: str = "") -> list[tuple[str, ...]]:
    return [
        (
            name,
            *(
                f"{mark * (v == max(row.values()))}{v:.1f}{mark * (v == max(row.values()))}"
                for v in row.values()
            ),
        )
        for name, row in scores.accuracies.items()
    ]


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
