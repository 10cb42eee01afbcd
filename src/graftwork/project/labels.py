"""Name and note that the user gives a run afterwards.

They lie in ``label.json`` beside the record, not in it: the process that writes the record never touches
them, so they can be changed while a run goes on. Whoever reads a run sees them in the record's place.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from graftwork.documents.document import Document
from graftwork.documents.files import write_atomically
from graftwork.documents.record import RunRecord
from graftwork.errors import UsageError

__all__ = ["RunLabel", "change_label", "read_label", "with_label"]

FILE = "label.json"
_LONGEST_NAME = 200


class RunLabel(Document):
    """What the user calls a run and says of it; None: as the record has it."""

    name: str | None = None
    note: str | None = None


def read_label(folder: Path) -> RunLabel:
    """Return the label of the run in ``folder``; an empty one where there is none, or none that reads."""
    try:
        return RunLabel.model_validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return RunLabel()


def change_label(folder: Path, *, name: str | None = None, note: str | None = None) -> RunLabel:
    """Give a run another name or note; what is None stays.

    Raises:
        UsageError: the name is empty or too long.
        StorageError: the folder cannot be written.
    """
    if name is not None:
        name = " ".join(name.split())
        if not 0 < len(name) <= _LONGEST_NAME:
            raise UsageError(
                f"A run's name has 1 to {_LONGEST_NAME} characters, got {len(name)}.", hint="Type a name."
            )
    changes = {key: value for key, value in (("name", name), ("note", note)) if value is not None}
    label = read_label(folder).edit(**changes)
    write_atomically(folder / FILE, label.model_dump_json(indent=1))
    return label


def with_label(record: RunRecord, folder: Path) -> RunRecord:
    """Return the record with the name and note that the user gave."""
    label = read_label(folder)
    given = {key: value for key, value in label.model_dump().items() if value is not None}
    return record.model_copy(update=given) if given else record
