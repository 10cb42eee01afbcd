"""What the columns of a table hold and what each is good for, told from names and cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graftwork.data.cells import is_missing, is_switch, number_or_none, tags_of
from graftwork.data.folder import is_image_name, split_of_name
from graftwork.data.table import usual_names
from graftwork.documents.source_card import ColumnCard, ColumnRole, ColumnType

__all__ = ["Found", "describe_columns"]

_NUM_EXAMPLES = 5
_LONGEST_EXAMPLE = 60
_MOST_CLASSES = 20
_IMAGE_SHARE = 0.9
_GROUP_NAMES = frozenset(
    {
        "group",
        "patient",
        "patient_id",
        "subject",
        "subject_id",
        "person",
        "scene",
        "session",
        "series",
        "video",
    }
)


@dataclass(frozen=True)
class Found:
    """Columns with their roles, and the kind of the labels."""

    columns: tuple[ColumnCard, ...]
    label_kind: str | None

    def of_role(self, role: ColumnRole) -> list[str]:
        """Return the names of the columns of a role, in order."""
        return [c.name for c in self.columns if c.role == role]


def describe_columns(cells: Mapping[str, Sequence[str | None]]) -> Found:
    """Return what each column holds and what it is proposed to be used for.

    The image column is the one of a usual name, else the first that names image files. Labels are the column of a
    usual name; else masks; else several columns of 0 and 1, as tags; else the first column of categories; else the
    last one of numbers. Other columns are left alone.

    Args:
        cells: texts by column, None where a cell is empty.
    """
    kinds = {name: _type_of(name, column) for name, column in cells.items()}
    roles = _roles(cells, kinds)
    cards = tuple(_card(name, column, kinds[name], roles[name]) for name, column in cells.items())
    return Found(cards, _label_kind([c for c in cards if c.role in ("label", "mask")]))


def _card(name: str, column: Sequence[str | None], kind: ColumnType, role: ColumnRole) -> ColumnCard:
    counted = Counter(x for x in column if x is not None)
    return ColumnCard(
        name=name,
        type="mask" if role == "mask" else kind,
        role=role,
        num_missing=sum(x is None for x in column),
        num_distinct=len(counted),
        examples=tuple(x[:_LONGEST_EXAMPLE] for x, _ in counted.most_common(_NUM_EXAMPLES)),
    )


def _type_of(name: str, column: Sequence[str | None]) -> ColumnType:
    values = [x for x in column if not is_missing(x) and x is not None]
    if not values:
        return "empty"
    counted = Counter(values)
    if sum(n for x, n in counted.items() if is_image_name(x)) >= _IMAGE_SHARE * len(values):
        return "image"
    if all(is_switch(x) for x in counted):
        return "binary"
    numbers = [number_or_none(x) for x in counted]
    if all(x is not None for x in numbers):
        return "category" if _are_codes(name, counted, numbers) else "number"
    if _are_tags(counted):
        return "tags"
    is_short = max(map(len, counted)) <= _LONGEST_EXAMPLE
    return "category" if is_short and 2 * len(counted) <= len(values) + _MOST_CLASSES else "text"


def _are_codes(name: str, counted: Counter[str], numbers: Sequence[float | None]) -> bool:
    """Return whether whole numbers are names of classes: a few, or counted through from 0 or 1."""
    values = [x for x in numbers if x is not None]
    if name.casefold() not in usual_names("label") or any(x != int(x) or x < 0 for x in values):
        return False
    is_counted = min(values) in (0, 1) and max(values) - min(values) == len(set(values)) - 1
    return (len(counted) <= _MOST_CLASSES or is_counted) and sum(counted.values()) >= 2 * len(counted)


def _are_tags(counted: Counter[str]) -> bool:
    """Return whether cells list several of a few names."""
    if not any(re.search(r"[;|]", x) for x in counted):
        return False
    tags = Counter(t for x, n in counted.items() for t in tags_of(x) * n)
    return len(tags) < sum(tags.values()) and max(map(len, tags), default=0) <= _LONGEST_EXAMPLE


def _roles(
    cells: Mapping[str, Sequence[str | None]], kinds: Mapping[str, ColumnType]
) -> dict[str, ColumnRole]:
    roles: dict[str, ColumnRole] = dict.fromkeys(cells, "ignore")
    files = [n for n, k in kinds.items() if k == "image"]
    mask = _by_usual_name(files, "mask")
    images = [n for n in files if n != mask]
    if image := _by_usual_name(images, "image") or next(iter(images), None):
        roles[image] = "image"
    split = _by_usual_name(list(cells), "split")
    if split and all(is_missing(x) or split_of_name(x or "") for x in cells[split]):
        roles[split] = "split"
    open_names = [n for n, role in roles.items() if role == "ignore" and kinds[n] not in ("image", "empty")]
    group = next((n for n in open_names if n.casefold() in _GROUP_NAMES), None)
    if group:
        roles[group] = "group"
        open_names.remove(group)
    for name in _labels(open_names, kinds, mask):
        roles[name] = "mask" if name == mask else "label"
    return roles


def _labels(names: Sequence[str], kinds: Mapping[str, ColumnType], mask: str | None) -> list[str]:
    if usual := _by_usual_name(names, "label"):
        return [usual]
    if mask:
        return [mask]
    switches = [n for n in names if kinds[n] == "binary"]
    if len(switches) > 1:
        return switches
    categories = [n for n in names if kinds[n] in ("category", "tags")]
    if categories:
        return categories[:1]
    return [n for n in names if kinds[n] in ("binary", "number")][-1:]


def _by_usual_name(names: Sequence[str], role: str) -> str | None:
    by_name = {name.casefold(): name for name in reversed(names)}
    return next((by_name[u] for u in usual_names(role) if u in by_name), None)


def _label_kind(labels: Sequence[ColumnCard]) -> str | None:
    if not labels:
        return None
    if len(labels) > 1:
        return "tags"
    kind = labels[0].type
    return kind if kind in ("number", "tags", "mask") else "category"
