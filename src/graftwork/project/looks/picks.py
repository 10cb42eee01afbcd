"""Which images a part of an evaluation or of a comparison stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graftwork.errors import RunError, UnknownName, did_you_mean
from graftwork.project.looks.traits import IMAGE_TRAITS, named_traits, read_traits, traits_path
from graftwork.project.run import Run
from graftwork.project.stored import folder_of, open_predictions

if TYPE_CHECKING:
    from graftwork.project.looks.evaluating import SplitName

__all__ = ["keys_of_slice"]


def keys_of_slice(run: Run, trait: str, part: str, *, split: SplitName, on: str | None = None) -> set[str]:
    """Return the keys of the images in one slice of an evaluation that was made.

    Raises:
        RunError: the images were not looked at yet.
        UnknownName: no such trait or part.
    """
    table = open_predictions(run, on)
    rows = table.rows_of(split)
    keys, digests = [table.keys[i] for i in rows], [table.digests[i] for i in rows]
    traits = read_traits(traits_path(folder_of(run, on), keys, digests))
    if traits is None:
        traits = named_traits(keys, [table.groups[i] for i in rows])
    if trait not in traits.values and trait in IMAGE_TRAITS:
        raise RunError(
            f"The images of run {run.id} were not looked at yet.",
            hint=f"Ask for graftwork inspect evaluation {run.id} first.",
            run=run.id,
        )
    found = traits.part(trait)
    if part not in found.names:
        raise UnknownName(f"'{trait}' has no part '{part}'.", hint=did_you_mean(part, found.names))
    return {key for key, one in zip(keys, found.parts, strict=True) if one == part}
