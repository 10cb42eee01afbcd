"""Options of the short commands, checked against the documents that define them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from graftwork.documents.document import Document
from graftwork.documents.flow import Flow
from graftwork.documents.recipe import Recipe
from graftwork.documents.wording import faults_of
from graftwork.errors import UnknownName, UsageError, did_you_mean
from graftwork.graph.contracts import BackboneSettings, HeadSettings, ImagesSettings
from graftwork.graph.flows import transfer_flow

__all__ = ["OPTIONS", "flow_from_options", "parse_settings", "read_as"]

D = TypeVar("D", bound=Document)

_SETTINGS: tuple[type[Document], ...] = (ImagesSettings, BackboneSettings, HeadSettings)
_ALL: tuple[type[Document], ...] = (*_SETTINGS, Recipe)
OPTIONS: tuple[str, ...] = tuple(
    dict.fromkeys(
        name for kind in _ALL for name in kind.model_fields if name not in ("source", "standardize")
    )
)


def read_as(kind: type[D], values: Mapping[str, Any]) -> D:
    """Validate ``values`` as the fields of a document.

    Raises:
        UsageError: some value is not allowed; all of them are named with what is wanted.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        faults = faults_of(error, kind, noun="option")
        fields = [fault.name for fault in faults if fault.path]
        text = "; ".join(map(str, faults))
        raise UsageError(
            f"{text[:1].upper()}{text[1:].rstrip('?')}.", hint=_descriptions(kind, fields), options=fields
        ) from error


def _descriptions(kind: type[Document], names: Iterable[str]) -> str | None:
    texts = [kind.model_fields[n].description for n in names if n in kind.model_fields]
    return " ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=False) if text) or None


def parse_settings(assignments: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` texts, as ``--set`` takes them, into options.

    Values are YAML, except that words which YAML would turn into truth values stay words where the
    option is no truth value (``feature_cache=off``).

    Raises:
        UsageError: no ``=``, or a key given twice.
        UnknownName: no such option.
    """
    found: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        key = key.strip().replace("-", "_")
        if not equals or not key:
            raise UsageError(f"--set wants key=value, got '{assignment}'.", hint="Write --set epochs=5.")
        refuse_unknown([key])
        if key in found:
            raise UsageError(f"--set names {key} twice.", hint="Give it once.")
        found[key] = _value(key, text)
    return found


def _value(key: str, text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"The value of --set {key}={text} is not readable as YAML.") from error
    field = Recipe.model_fields.get(key)
    wants_truth = field is not None and field.annotation is bool
    return text.strip() if isinstance(value, bool) and not wants_truth else value


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise ``UnknownName`` for the first name that is no option of a transfer."""
    for name in names:
        if name not in OPTIONS:
            raise UnknownName(f"There is no option '{name}'.", hint=did_you_mean(name, OPTIONS), option=name)


def flow_from_options(source: str, *, name: str | None = None, **options: Any) -> Flow:
    """Return the transfer flow that the options describe; options that are None take their default.

    Args:
        source: folder, table, array file, or ``sample:NAME``.
        name: name of the flow; made from source and strategy if not given.
        options: any field of the images, backbone and head settings and of the recipe.

    Raises:
        UnknownName: an option that does not exist; the hint guesses.
        UsageError: a value that is not allowed.
    """
    refuse_unknown(options)
    explicit_none = {"clip_norm"}  # here None is a choice of its own, not "the default"
    given = {k: v for k, v in options.items() if v is not None or k in explicit_none}
    recipe = read_as(Recipe, {k: v for k, v in given.items() if k in Recipe.model_fields})
    parts = [
        read_as(kind, {**extra, **{k: v for k, v in given.items() if k in kind.model_fields}})
        for kind, extra in zip(_SETTINGS, ({"source": source}, {}, {}), strict=True)
    ]
    settings = {k: v for part in parts for k, v in part.model_dump(mode="json", exclude_unset=True).items()}
    del settings["source"]
    strategy = settings.get("strategy", BackboneSettings().strategy)
    return transfer_flow(source, name=name or _default_name(source, strategy), recipe=recipe, **settings)


def _default_name(source: str, strategy: str) -> str:
    stem = source.rstrip("/").rsplit("/", 1)[-1].removeprefix("sample:").rsplit(".", 1)[0]
    return f"{stem or 'images'}-{strategy}"
