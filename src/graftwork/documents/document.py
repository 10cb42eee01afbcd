"""What all saved things share: frozen, strict, versioned."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from graftwork.documents.wording import faults_of
from graftwork.errors import FlowError

__all__ = ["Document", "VersionedDocument"]


class Document(BaseModel):
    """A value that can be saved: equality and hashing come free, an edit gives a new one."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        ser_json_inf_nan="constants",
        json_schema_serialization_defaults_required=True,  # what is written has every field
    )

    def edit(self, **changes: Any) -> Self:
        """Return a copy with ``changes``, validated as if it were new."""
        return type(self).model_validate({**dict(self), **changes})


class VersionedDocument(Document):
    """A document that is a file of its own and says which format it is written in.

    A reader that meets a newer ``format`` than it knows refuses with one sentence; an older one is
    brought up to date by ``upgrade`` before validation.
    """

    newest_format: ClassVar[int] = 1
    format: int = 1

    @classmethod
    def upgrade(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Return ``content`` of an older format as the newest one. Nothing to do so far."""
        return content

    @classmethod
    def parse(cls, content: dict[str, Any], *, name: str) -> Self:
        """Validate ``content``, read from ``name``.

        Raises:
            FlowError: unknown format, or fields that do not validate (all are listed).
        """
        found = content.get("format", 1)
        if not isinstance(found, int) or found > cls.newest_format:
            raise FlowError(
                f"{name} is written in format {found}, this version reads up to {cls.newest_format}.",
                hint="Update graftwork, or save the file with the older version.",
            )
        try:
            return cls.model_validate(cls.upgrade(content))
        except ValidationError as error:
            problems = [str(fault) for fault in faults_of(error, cls)]
            raise FlowError(
                f"{name} does not read as {cls.__name__}: {'; '.join(p.rstrip('?') for p in problems)}.",
                problems=problems,
                hint="Correct the fields named.",
            ) from error
