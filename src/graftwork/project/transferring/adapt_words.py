"""What a report of adaptation says in words."""

from __future__ import annotations

from collections.abc import Iterator

from graftwork.documents.adaptation import AdaptationReport, AdaptedMethod
from graftwork.documents.record import Interval

__all__ = ["NO_GAP", "notes_on", "words_of"]

NO_GAP = 0.4
"""Below this proxy A-distance two domains can hardly be told apart, and there is nothing to adapt to."""

_NO_LABELS = "The target has no labels, so nothing here says whether adapting helped: validators are guesses."


def words_of(report: AdaptationReport) -> str:
    """Return the one or two sentences that matter."""
    line = report.source_only.target_accuracy
    if line is None:
        chosen = _titled(report, report.chosen)
        choice = f" By {report.chosen_by} validation '{chosen}' would be taken." if chosen else ""
        return _NO_LABELS + choice
    told = [m for m in report.methods if m.gain is not None]
    helped = [m for m in told if m.verdict == "helps"]
    harmed = [m for m in told if m.verdict == "harmful"]
    parts = [
        f"From the source alone a head tells {_points(line.value)} % of the target right (mean over classes)"
    ]
    if report.oracle is not None:
        parts[0] += f", with its labels it would be {_points(report.oracle.value)} %"
    parts[0] += "."
    if helped:
        best = max(helped, key=lambda m: m.gain.value if m.gain else 0.0)
        parts.append(f"{best.title} gives {_points(_value(best))} %, {_gained(best)}.")
    elif told:
        parts.append("No method helps beyond its interval.")
    if harmed:
        parts.append(f"Harmful: {', '.join(f'{m.title} ({_gained(m)})' for m in harmed)}.")
    if report.chosen is not None:
        parts.append(_on_choice(report))
    return " ".join(parts)


def _on_choice(report: AdaptationReport) -> str:
    check = next((c for c in report.checks if c.validator == report.chosen_by), None)
    if report.a_distance < NO_GAP:
        return "Source only is taken: there is no gap to speak of."
    told = f"Without labels, {report.chosen_by} validation takes {_titled(report, report.chosen)}"
    return f"{told}." if check is None else f"{told}: {_points(check.regret)} points below the best."


def notes_on(report: AdaptationReport) -> tuple[str, ...]:
    """Return what a reader has to know to trust the report as far as it goes, and no further."""
    return tuple(_notes(report))


def _notes(report: AdaptationReport) -> Iterator[str]:
    truth = report.truth
    if report.num_copies:
        yield (
            f"{report.num_copies} target images are training images of the source, byte for byte: what is told of them was "
            "learned by heart, and the lines look better than they are."
        )
    if report.a_distance < NO_GAP:
        yield (
            f"A classifier can hardly tell the domains apart (A-distance {report.a_distance:.2f}): there is nothing to adapt "
            "to, and moving images that are in place can only cost."
        )
    if truth is not None and truth.unseen:
        counts = ", ".join(f"{name} ({count})" for name, count in truth.unseen.items())
        yield (
            f"Target images of classes that the source does not know: {counts}. No method can tell them right; they are "
            "adapted to all the same, and left out of the scores."
        )
    if truth is not None and truth.absent:
        yield (
            f"Classes that the target does not have: {', '.join(truth.absent)}. Methods that align whole domains pull "
            "other images towards them; a method that weighs classes, or adapting without them, may do better."
        )
    for method in report.methods:
        if method.is_collapsed:
            never = f" It never says {', '.join(method.never_said)}." if method.never_said else ""
            yield f"{method.title} collapsed: nearly all target images get one class, or half of the classes none.{never}"
    weak = [c for c in report.checks if c.rank_correlation is not None and c.rank_correlation < 0.5]
    for check in weak:
        yield (
            f"The validator '{check.validator}' does not order these methods as their scores do (rank correlation "
            f"{check.rank_correlation:.2f}): do not choose by it here."
        )
    if truth is None:
        yield "To know, label a few dozen target images and run this again: labels are used to score alone."


def _titled(report: AdaptationReport, name: str | None) -> str | None:
    lines = (report.source_only, *report.methods)
    return next((m.title for m in lines if m.method == name), None)


def _points(value: float) -> str:
    return f"{100 * value:.1f}"


def _value(method: AdaptedMethod) -> float:
    return method.target_accuracy.value if method.target_accuracy is not None else float("nan")


def _gained(method: AdaptedMethod) -> str:
    gain: Interval | None = method.gain
    if gain is None:
        return ""
    return f"{100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
