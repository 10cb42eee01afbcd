"""The whole error tree.

Every error that Graftwork raises on purpose says who, what it got, what it wants and the next step,
and carries those as fields, so that a command line can print them and a screen can point at the node.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

__all__ = [
    "BaseNotUsable",
    "CustomCodeError",
    "CutError",
    "DataError",
    "ExportError",
    "FlowChanged",
    "FlowError",
    "GraftworkError",
    "HubUnreachable",
    "ImageSizeError",
    "MissingExtra",
    "NoSourceHead",
    "NotOpened",
    "NotTrusted",
    "PlanError",
    "PortMismatch",
    "ProofFailed",
    "RunError",
    "RunInterrupted",
    "RunNotFound",
    "ShapeError",
    "StorageError",
    "UnknownName",
    "UsageError",
    "WeightsMismatch",
    "did_you_mean",
]


class GraftworkError(Exception):
    """Root of all errors that a user can act on.

    Args:
        message: one sentence: who, what it got, what it wants.
        hint: the next step, one sentence.
        node: id of the flow's node that the error belongs to, when there is one.
        fields: further facts, shown by ``--json``.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, hint: str | None = None, node: str | None = None, **fields: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.node = node
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def as_dict(self) -> dict[str, Any]:
        """Return the error as plain data for ``--json`` and the server."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "node": self.node,
            **self.fields,
        }


class UsageError(GraftworkError):
    """An option or argument that cannot be meant."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that no registry holds; the hint guesses what was meant."""


class MissingExtra(GraftworkError):
    """An optional library is not installed; the hint names the extra."""

    exit_code = 2


class DataError(GraftworkError):
    """Images or labels that cannot be used as they are."""

    exit_code = 3


class BaseNotUsable(GraftworkError):
    """A base that cannot be opened."""

    exit_code = 4


class HubUnreachable(BaseNotUsable):
    """Published weights that are not on this machine and cannot be fetched."""


class WeightsMismatch(BaseNotUsable):
    """Weights that belong to another architecture."""


class CutError(BaseNotUsable):
    """A cut that does not exist or is not legal; the nearest legal ones are named."""


class NoSourceHead(BaseNotUsable):
    """A base is asked for what its source classes say, but has no trained classifier."""


class ImageSizeError(BaseNotUsable):
    """An image size that the base cannot take."""


class FlowError(GraftworkError):
    """A flow with problems; ``problems`` holds all of them."""

    exit_code = 5

    def __init__(self, message: str, *, problems: Sequence[Any] = (), **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.problems = tuple(problems)

    def as_dict(self) -> dict[str, Any]:
        problems = [p.model_dump() if hasattr(p, "model_dump") else str(p) for p in self.problems]
        return {**super().as_dict(), "problems": problems}


class FlowChanged(FlowError):
    """A flow file that another writer changed first; nothing was overwritten."""


class PortMismatch(FlowError):
    """Two ports that do not fit; both sides are named."""


class ShapeError(FlowError):
    """An array of a shape that the function does not take."""


class CustomCodeError(FlowError):
    """The code of a Custom component raised, or gave something else than its outputs promise.

    ``fields["line"]`` is the line in the user's code, ``fields["shapes"]`` what came in.
    """


class NotTrusted(GraftworkError):
    """A flow with custom code from a folder that the user has not said to trust."""

    exit_code = 5


class NotOpened(GraftworkError):
    """A file outside the folders that the user opened in the studio."""


class PlanError(FlowError):
    """A plan that would silently do nothing, or something else than asked."""


class RunError(GraftworkError):
    """A run that did not end well."""

    exit_code = 6


class ProofFailed(RunError):
    """A frozen tensor changed, or a trainable one did not move."""


class RunNotFound(RunError):
    """No run of that id in the project."""

    exit_code = 2


class RunInterrupted(RunError):
    """The user stopped the run; what it had is kept."""

    exit_code = 130


class StorageError(GraftworkError):
    """No space, a read-only project, a folder that is not a project."""

    exit_code = 7


class ExportError(GraftworkError):
    """An export that failed or gave other predictions than the run."""

    exit_code = 8


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return a hint that guesses which of ``known`` was meant by ``name``.

    >>> did_you_mean("hed_only", ["head_only", "all_layers"])
    "Did you mean 'head_only'?"
    """
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return "Did you mean " + " or ".join(f"'{c}'" for c in close) + "?"
    return "Known: " + ", ".join(sorted(known)[:12]) + ("…" if len(known) > 12 else "") + "."
