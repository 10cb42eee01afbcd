"""What is said of a source while it is opened: nothing there, broken images, exact copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from graftwork.data.files import Entry, Listing
from graftwork.data.sample import LabelKind, Sample
from graftwork.documents.problem import Problem
from graftwork.errors import DataError

__all__ = ["check_broken", "exact_duplicates", "nothing_found"]


def nothing_found(path: Path, listing: Listing, kind: LabelKind) -> DataError:
    """Return the error of a source without images, which says what is there instead."""
    if kind == "mask":
        return DataError(
            f"{path} holds no image with a mask.",
            hint="Put images into a folder 'images', and masks of the same names into 'masks' beside it.",
        )
    if listing.problems:
        return DataError(
            f"{path} holds no image in a class folder. {listing.problems[0].message}",
            hint="Make one folder per class, such as photos/cat and photos/dog.",
        )
    others = listing.num_other + listing.num_hidden
    return DataError(
        f"{path} holds no image" + (f" among its {others} files." if others else "; it is empty."),
        hint="Make one folder per class with images in it, such as photos/cat and photos/dog.",
    )


def check_broken(
    path: Path, broken: Sequence[tuple[Entry, str]], total: int, max_share: float
) -> DataError | None:
    """Return the error that too many images cannot be read, if so."""
    if len(broken) <= max_share * total and len(broken) < max(1, total):
        return None
    some = "; ".join(f"{e.key}: {why}" for e, why in broken[:5])
    more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
    return DataError(
        f"{len(broken)} of {total} images in {path} cannot be read, more than {max_share:.0%}: {some}{more}.",
        hint="Repair, remove or exclude them, or allow more with max_broken_share.",
        broken=[e.key for e, _ in broken],
    )


def exact_duplicates(samples: Sequence[Sample], names: Sequence[str]) -> tuple[list[Problem], int]:
    """Report identical images, and above all those that lie in two classes."""
    by_digest: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_digest[sample.digest].append(sample)
    copies = [same for same in by_digest.values() if len(same) > 1]
    num_duplicates = sum(len(same) - 1 for same in copies)
    if not copies:
        return [], 0
    some = "; ".join(" = ".join(s.key for s in same[:3]) for same in copies[:3])
    problems = [
        Problem(
            level="warning",
            message=f"{num_duplicates} images are exact copies of others: {some}"
            + ("; …" if len(copies) > 3 else "")
            + ".",
            hint="Copies stay in the same split.",
        )
    ]
    torn = [same for same in copies if len({s.truth for s in same}) > 1]
    for same in torn[:20]:
        places = ", ".join(
            s.key if s.values is not None else f"{s.key} ({names[s.label] if s.label is not None else '?'})"
            for s in same
        )
        problems.append(Problem(level="warning", message=f"The same image has different labels: {places}."))
    return problems, num_duplicates
