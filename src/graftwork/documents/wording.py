"""Why fields of a document do not validate, in words that say what was there and what is wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from graftwork.errors import did_you_mean

__all__ = ["FieldFault", "faults_of", "place_in_words", "shown", "type_in_words"]

Path = tuple[str | int, ...]
_LONGEST = 60


@dataclass(frozen=True)
class FieldFault:
    """A field that does not validate.

    Args:
        path: where it stands; words for fields, numbers for entries of lists.
        message: what is wrong, without a full stop.
        hint: the next step, when there is one to name.
    """

    path: Path
    message: str
    hint: str | None = None

    @property
    def name(self) -> str:
        """The outermost field; nothing when the whole is at fault."""
        return str(self.path[0]) if self.path else ""

    def __str__(self) -> str:
        if self.hint is None or not self.hint.startswith("Did you mean"):
            return self.message
        return f"{self.message}; {self.hint[:1].lower()}{self.hint[1:].rstrip('?')}?"


# What pydantic calls a wrong type, and what was wanted.
_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping",
    "mapping": "a mapping",
    "model": "a mapping of fields",
    "none": "nothing",
}
_LIMITS = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
_IDENTIFIER = "^[A-Za-z_]"


def faults_of(
    error: ValidationError, kind: type[BaseModel], *, noun: str = "field"
) -> tuple[FieldFault, ...]:
    """Return what does not validate, each field once, in words.

    Args:
        error: raised while ``kind`` was validated.
        kind: the document.
        noun: what its fields are called: 'field', 'setting', 'option'.
    """
    by_path: dict[Path, list[ErrorDetails]] = {}
    for item in error.errors():
        by_path.setdefault(_path_of(item, kind), []).append(item)
    below = {path[:length] for path in by_path for length in range(len(path))}
    return tuple(
        _fault(path, items, kind, noun)
        for path, items in by_path.items()
        if path not in below or items[0]["type"] != "too_short"  # entries that fail are not counted
    )


def _fault(path: Path, items: Sequence[ErrorDetails], kind: type[BaseModel], noun: str) -> FieldFault:
    item, place = items[0], place_in_words(path)
    if item["type"] == "extra_forbidden":
        owner = _owner(path, kind)
        where = f" in {place_in_words(path[:-1])}" if len(path) > 1 else ""
        return FieldFault(
            path,
            f"there is no {noun} '{path[-1]}'{where}",
            did_you_mean(str(path[-1]), list(owner.model_fields)) if owner and owner.model_fields else None,
        )
    subject = (f"{noun} {place}" if isinstance(path[-1], str) else place) if path else "it"
    if item["type"] == "missing":
        return FieldFault(path, f"{subject} is missing")
    if len(items) > 1 or _is_in_union(item, path):
        return FieldFault(path, f"{subject} is {shown(_value_at(items))}; it wants {_type_at(path, kind)}")
    return _plain(path, subject, item)


def _plain(path: Path, subject: str, item: ErrorDetails) -> FieldFault:
    """Return the fault of a field that one error speaks of."""
    context: Mapping[str, Any] = item.get("ctx", {})
    if item["type"] == "value_error":
        return FieldFault(path, f"{subject}: {str(context.get('error', item['msg'])).rstrip('.')}")
    if item["type"] in ("too_short", "too_long"):
        limit = (
            f"at least {context['min_length']}"
            if "min_length" in context
            else f"at most {context['max_length']}"
        )
        return FieldFault(path, f"{subject} has {context['actual_length']} entries; it wants {limit}")
    message = f"{subject} is {shown(item['input'])}; it wants {_wanted(item, context)}"
    if item["type"] == "literal_error" and isinstance(item["input"], str):
        choices = re.findall(r"'([^']*)'", str(context["expected"]))
        hint = did_you_mean(item["input"], choices) if choices else ""
        return FieldFault(path, message, hint if hint.startswith("Did") else None)
    return FieldFault(path, message)


def _wanted(item: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind = item["type"]
    if kind == "literal_error":
        return str(context["expected"])
    for key, words in _LIMITS.items():
        if key in context:
            return words.format(
                f"{context[key]:g}" if isinstance(context[key], int | float) else context[key]
            )
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        if pattern.startswith(_IDENTIFIER):
            return "letters, digits, _ and -, beginning with a letter"
        return f"text of the form {pattern}"
    if kind == "int_from_float":
        return _WANTED["int"]
    return _WANTED.get(kind.partition("_")[0], item["msg"][:1].lower() + item["msg"][1:])


def shown(value: object) -> str:
    """Return a value as a sentence shows it.

    >>> shown("abc"), shown(None), shown(True)
    ("'abc'", 'empty', 'true')
    """
    if value is None:
        return "empty"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def place_in_words(path: Path) -> str:
    """Return where a field stands.

    >>> place_in_words(("nodes", 0, "id"))
    "'id' in entry 1 of 'nodes'"
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text = f"entry {part + 1} of {text}" if text else f"entry {part + 1}"
        else:
            text = f"'{part}' in {text}" if text else f"'{part}'"
    return text


# -- where an error stands --------------------------------------------------------------------------


def _path_of(item: ErrorDetails, kind: type[BaseModel]) -> Path:
    """Return the fields and entries that lead to an error, without the names of a union's members."""
    path: list[str | int] = []
    here: Any = kind
    for part in item["loc"]:
        if get_origin(_plain_type(here)) in (Union, UnionType):
            break
        here = _inside(here, part)
        path.append(part)
    return tuple(path)


def _owner(path: Path, kind: type[BaseModel]) -> type[BaseModel] | None:
    """Return the document that holds the field at the end of ``path``."""
    here: Any = kind
    for part in path[:-1]:
        here = _inside(here, part)
    return _document(_plain_type(here))


def _inside(annotation: Any, part: str | int) -> Any:
    """Return the type of a field or an entry of what ``annotation`` describes; None where that is not known."""
    here = _plain_type(annotation)
    owner, members = _document(here), get_args(here)
    if owner is not None:
        field = owner.model_fields.get(str(part))
        return None if field is None else field.annotation
    if get_origin(here) is dict:
        return members[1]
    if get_origin(here) not in (tuple, list) or not isinstance(part, int):
        return None
    if get_origin(here) is list or members[-1:] == (Ellipsis,):
        return members[0]
    return members[part] if part < len(members) else None


def _document(annotation: Any) -> type[BaseModel] | None:
    is_document = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_document else None


def _plain_type(annotation: Any) -> Any:
    """Return what is left of ``X | None`` and of ``Annotated[X, …]``."""
    if get_origin(annotation) is Annotated:
        return _plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        rest = [a for a in get_args(annotation) if a is not type(None)]
        if len(rest) == 1:
            return _plain_type(rest[0])
    return annotation


def _is_in_union(item: ErrorDetails, path: Path) -> bool:
    return len(item["loc"]) > len(path)


def _value_at(items: Sequence[ErrorDetails]) -> object:
    """Return the value of the field; of an entry in it, the entry."""
    return min(items, key=lambda item: len(item["loc"]))["input"]


def _type_at(path: Path, kind: type[BaseModel]) -> str:
    """Return in words what the field at ``path`` may be."""
    owner = _owner(path, kind)
    field = owner.model_fields.get(str(path[-1])) if owner is not None and path else None
    if owner is None or field is None:
        return "another value"
    return type_in_words(TypeAdapter(owner).json_schema()["properties"][str(path[-1])])


def type_in_words(schema: Mapping[str, Any]) -> str:
    """Return what a JSON schema allows, in words.

    >>> type_in_words({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]})
    'integer ≥ 1, or empty'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        parts = dict.fromkeys(type_in_words(s) for s in schema["anyOf"])
        return ", or ".join(parts)
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = schema.get("type", "any")
    if kind == "null":
        return "empty"
    if kind == "array":
        return _array(schema)
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"object of {type_in_words(inner)}" if isinstance(inner, dict) and inner else "object"
    return {"string": "text", "boolean": "yes or no"}.get(kind, str(kind)) + _limits(schema)


def _array(schema: Mapping[str, Any]) -> str:
    fixed = schema.get("prefixItems")
    if fixed:
        return "[" + ", ".join(map(type_in_words, fixed)) + "]"
    return f"list of {type_in_words(schema.get('items', {}))}"


def _limits(schema: Mapping[str, Any]) -> str:
    marks = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {schema[key]:g}" for key, sign in marks.items() if key in schema]
    return f" {', '.join(found)}" if found else ""
