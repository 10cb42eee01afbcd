"""How many labels transfer saves, in words."""

from __future__ import annotations

from collections.abc import Sequence

from graftwork.documents.learning_curve import CurvePoint, LabelsNeeded

__all__ = ["answer_of"]


def answer_of(
    transfer: Sequence[CurvePoint],
    scratch: Sequence[CurvePoint],
    needed: Sequence[LabelsNeeded],
    enough: LabelsNeeded | None,
    *,
    score_name: str,
) -> str:
    """Return the answer in one or two sentences.

    Args:
        transfer, scratch: the measured points, few labels first.
        needed: what scratch needs for each point of transfer.
        enough: what transfer needs for what scratch reaches with all its labels.
        score_name: as the record has it.
    """
    if not transfer:
        return "Nothing is measured yet."
    name = score_name.replace("_", " ")
    if not scratch or enough is None:
        last = transfer[-1]
        what = "is not measured with all labels yet" if scratch else "was not measured"
        return (
            f"With {_labels(last.num_labels)} transfer reaches {_score(last.score.value)} in {name}; training "
            f"from scratch {what}, so it is not known how many labels transfer saves."
        )
    whole = scratch[-1]
    goal = f"What training from scratch reaches with {_labels(whole.num_labels)} ({_score(whole.score.value)} in {name})"
    if enough.needed is None:
        return f"{goal} transfer does not reach with as many: it saves no labels here."
    fewest = transfer[0].num_labels
    if enough.needed > whole.num_labels - 1:
        return f"{goal}, transfer needs as many for: it saves no labels here."
    if enough.needed <= fewest:
        answer = (
            f"{goal}, transfer reaches with {fewest:,} or fewer{_range(enough, whole)}: it saves at least "
            f"{_labels(whole.num_labels - fewest)}."
        )
    else:
        answer = (
            f"{goal}, transfer reaches with about {round(enough.needed):,}{_range(enough, whole)}: it saves about "
            f"{_labels(whole.num_labels - round(enough.needed))}."
        )
    return " ".join([answer, _other_way(needed, whole)]).strip()


def _other_way(needed: Sequence[LabelsNeeded], whole: CurvePoint) -> str:
    """Say what scratch would need for the best that transfer reaches with more labels than the first."""
    last = needed[-1] if needed else None
    if last is None or last.needed is not None:
        return ""
    first = next(n for n in needed if n.needed is None)
    return (
        f"What transfer reaches with {_labels(first.num_labels)} ({_score(first.score)}), training from scratch "
        f"does not reach with {'all ' if whole.share == 1 else ''}{whole.num_labels:,}: it would take more labels "
        f"than {'there are' if whole.share == 1 else 'were measured'}."
    )


def _range(found: LabelsNeeded, whole: CurvePoint) -> str:
    if found.low is None:
        return ""
    low = round(found.low)
    if found.high is None:
        return f" (95 % interval: from {low:,} to more than {'there are' if whole.share == 1 else 'were measured'})"
    high = round(found.high)
    return "" if low == high else f" (95 % interval: {low:,} to {high:,})"


def _labels(number: int) -> str:
    return f"{number:,} label{'' if number == 1 else 's'}"


def _score(value: float) -> str:
    return f"{value:.3f}"
