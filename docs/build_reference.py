"""Write the reference pages from the code: recipe, components, documents, events, errors, cli, python.

Run it with ``make docs``. ``build_pages`` returns the pages; a test compares them with the committed ones.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import typer
from pydantic import BaseModel

FOLDER = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by docs/build_reference.py (make docs). Change the code, not this page. -->"

_MODULES: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "reference_modules.json").read_text(encoding="utf-8")
)
PYTHON_MODULES = tuple(_MODULES["python"])
WITH_METHODS = ("Project", "Run", "TransferClassifier", "ImageSet", "Base", "Flow")
DOCUMENT_MODULES = tuple(_MODULES["documents"])


def build_pages() -> dict[str, str]:
    """Return file name → content of each reference page."""
    return {
        "recipe.md": recipe_page(),
        "components.md": components_page(),
        "documents.md": documents_page(),
        "events.md": events_page(),
        "errors.md": errors_page(),
        "cli.md": cli_page(),
        "python.md": python_page(),
        "http.md": http_page(),
    }


# -- text ------------------------------------------------------------------------------------------


def page(title: str, intro: str, parts: Iterable[str]) -> str:
    """Return a whole page."""
    return "\n\n".join([NOTICE, f"# {title}", intro, *parts]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars and line ends in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: Any) -> str:
    return f"`{text}`"


def first_line(thing: Any) -> str:
    """Return the first sentence line of a docstring, rst quotes turned into Markdown ones."""
    text = (inspect.getdoc(thing) or "").split("\n\n")[0]
    return re.sub(r"^L\d+: ", "", text).replace("\n", " ").replace("``", "`")


# -- fields of documents -----------------------------------------------------------------------------


def type_text(schema: dict[str, Any]) -> str:
    """Return what a JSON schema allows, in words."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema or "oneOf" in schema:
        parts = [type_text(s) for s in schema.get("anyOf") or schema["oneOf"]]
        return " or ".join(dict.fromkeys(parts))
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        inner = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return f"list of {type_text(inner)}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"object of {type_text(inner)}" if isinstance(inner, dict) else "object"
    return kind + _limits(schema)


def _limits(schema: dict[str, Any]) -> str:
    marks = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {_number(schema[key])}" for key, sign in marks.items() if key in schema]
    return f" {', '.join(found)}" if found else ""


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def field_rows(kind: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    """Give name, type, default and description of each field."""
    properties = kind.model_json_schema().get("properties", {})
    for name, field in kind.model_fields.items():
        default = (
            "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        )
        yield code(name), type_text(properties[name]), default, (field.description or "").strip()


def _default(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, BaseModel):
        return f"{type(value).__name__}()"
    if isinstance(value, (tuple, list)):
        return code(list(value))
    if isinstance(value, bool):
        return code(str(value).lower())
    return code(value)


def field_table(kind: type[BaseModel]) -> str:
    rows = list(field_rows(kind))
    return table(["field", "type", "default", "meaning"], rows) if rows else "No settings."


def documents_of(module: ModuleType) -> list[type[BaseModel]]:
    found = (getattr(module, name) for name in module.__all__)
    return [c for c in found if isinstance(c, type) and issubclass(c, BaseModel)]


# -- the pages ---------------------------------------------------------------------------------------


def recipe_page() -> str:
    from graftwork.documents.recipe import Recipe

    intro = (
        "All training choices of a flow. Set a field with `--set name=value`, in the `recipe` part of a flow "
        "file, or as a keyword of `graftwork.transfer`. *empty* means that the run decides as described."
    )
    return page("Recipe", intro, [field_table(Recipe)])


def components_page() -> str:
    from graftwork.graph.contract import Group
    from graftwork.graph.contracts import CONTRACTS

    parts = ["## All of them"]
    contracts = sorted(CONTRACTS, key=lambda c: get_args(Group).index(c.group))
    rows = [(c.group, f"[{code(c.name)}](#{c.name})", c.summary) for c in contracts]
    parts.append(table(["group", "component", "what it does"], rows))
    for contract in contracts:
        parts += _component(contract)
    intro = (
        "The boxes of a flow: what goes in, what comes out, what can be set. `graftwork components NAME` shows the "
        "same. In shapes, `b` is the number of images, other words stand for sizes that only the data or the base "
        "knows. Tokens are (b, n, d), maps (b, c, h, w); the *feature axis* is the last one of (b, d) and of tokens "
        "and the channel axis of maps. What does not fit is refused by `check` while the flow is drawn, and again "
        "when it is built."
    )
    return page("Components", intro, parts)


def _component(contract: Any) -> Iterator[str]:
    from graftwork.graph.describe import describe

    card = describe(contract)
    yield f"## {card.name}"
    yield f"{card.title} ({card.group}). {card.summary}"
    about = first_line(contract.settings)
    if len(about) > len(card.summary):
        yield about
    yield table(["port", "kind", "shape", "about"], _ports(card))
    if card.ports_depend_on_settings:
        yield "The ports are those of the default settings; they follow the settings."
    if card.examples:
        shown = "; ".join(f"{e.given} → {e.gives}" for e in card.examples)
        yield f"Shapes with the default settings: {shown}."
    yield field_table(contract.settings)


def _ports(card: Any) -> Iterator[tuple[str, str, str, str]]:
    from graftwork.graph.describe import kinds_of

    for side, ports in (("in", card.inputs), ("out", card.outputs)):
        for p in ports:
            about = ("Optional. " if p.is_optional else "") + p.help
            yield f"{side}: {code(p.name)}", kinds_of(p), _shape(p.shape), about.strip()


def _shape(shape: tuple[Any, ...]) -> str:
    from graftwork.graph.ports import show_shape

    return "any" if shape == ("...",) else show_shape(shape)


def documents_page() -> str:
    parts = []
    for module in map(import_module, DOCUMENT_MODULES):
        for kind in documents_of(module):
            parts += [f"## {kind.__name__}", first_line(kind), field_table(kind)]
    intro = (
        "Fields of the documents that runs write and that `--json` prints. "
        "[The run folder](../run-folder.md) and [`--json`](../json.md) say which document is found where."
    )
    return page("Documents", intro, parts)


def events_page() -> str:
    from graftwork.documents.events import Event, EventLine

    kinds = get_args(get_args(Event)[0])
    parts = ["## The line", first_line(EventLine), field_table(EventLine)]
    for kind in kinds:
        parts += [f"## {kind.model_fields['kind'].default}", f"`{kind.__name__}`. {first_line(kind)}"]
        rows = [row for row in field_rows(kind) if row[0] != "`kind`"]
        parts.append(table(["field", "type", "default", "meaning"], rows))
    intro = (
        "What happens while a run goes on. Each is a line of `events.jsonl`, in order, and reaches `on_event` in "
        "Python."
    )
    return page("Events", intro, parts)


def error_classes() -> list[type[Exception]]:
    """Return all public errors, in the order in which the code lists them."""
    from graftwork.errors import GraftworkError

    found = []
    for module in map(import_module, ("graftwork.errors", "graftwork.estimator")):
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, type) and issubclass(value, GraftworkError):
                found.append(value)
    return found


def errors_page() -> str:
    from graftwork.errors import GraftworkError

    classes: Any = error_classes()
    rows = [
        (code(c.__name__), code(c.__bases__[0].__name__), str(c.exit_code), first_line(c)) for c in classes
    ]
    codes: dict[int, list[str]] = {}
    for c in classes:
        codes.setdefault(c.exit_code, []).append(code(c.__name__))
    listed = [("0", "the verb did what was asked")]
    listed += [(str(number), ", ".join(names)) for number, names in sorted(codes.items())]
    intro = (
        "Every error that Graftwork raises on purpose is a `GraftworkError`. It says what was wrong in one "
        "sentence (`message`) and the next step (`hint`); `node` names the flow's node where there is one, and "
        "`fields` holds further facts. With `--json` the same is printed as one document."
    )
    parts = [
        table(["error", "is a", "exit code", "when"], rows),
        "## Exit codes",
        table(["code", "meaning"], listed),
        f"An error that nobody foresaw ends with code {GraftworkError.exit_code}; its traceback is written to a "
        "file that the message names. A run that was stopped with ctrl-C ends with 130 too.",
    ]
    return page("Errors", intro, parts)


def commands() -> list[tuple[str, Any]]:
    """Return ``(words, command)`` of each verb, sub-verbs included, in the order of the help."""
    from graftwork.cli import VERBS

    found = []
    for verb, (address, _) in VERBS.items():
        module, _, name = address.partition(":")
        target = getattr(import_module(module), name)
        if isinstance(target, typer.Typer):
            group: Any = typer.main.get_command(target)
            found += [(f"{verb} {sub}", command) for sub, command in group.commands.items()]
        else:
            single = typer.Typer(add_completion=False)
            single.command(verb)(target)
            found.append((verb, typer.main.get_command(single)))
    return found


def cli_page() -> str:
    parts = []
    for words, command in commands():
        params = [p for p in command.params if p.name not in ("help",)]
        arguments = [p for p in params if p.param_type_name == "argument"]
        options = [p for p in params if p.param_type_name == "option"]
        usage = " ".join(["graftwork", words, *(_usage(a) for a in arguments), "[OPTIONS]"])
        parts += [f"## graftwork {words}", f"```text\n{usage}\n```", (command.help or "").strip()]
        rows = [(code(a.metavar or a.name.upper()), a.help or "") for a in arguments]
        rows += [(_option(o), o.help or "") for o in options]
        if rows:
            parts.append(table(["argument or option", "meaning"], rows))
    intro = (
        "All verbs. `graftwork VERB --help` shows the same. `--json` prints one document "
        "([contract](../json.md)); exit codes are in [Errors](errors.md)."
    )
    return page("Command line", intro, parts)


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    kind = "" if option.is_flag else f" {option.metavar or 'VALUE'}"
    return code(", ".join(option.opts) + kind)


def python_page() -> str:
    parts: list[str] = []
    shown: set[type] = set()
    for name in PYTHON_MODULES:
        module = import_module(name)
        parts += [f"## {name}", first_line(module)]
        rows = [(code(public), _about(module, public)) for public in sorted(module.__all__)]
        parts.append(table(["name", "what it is"], rows))
        for public in sorted(module.__all__):
            value = getattr(module, public)
            if public in WITH_METHODS and value not in shown:
                shown.add(value)
                parts += [f"### {public}", table(["member", "what it is"], _members(value))]
    intro = (
        "Public names and the first line of what each says about itself; `help(name)` shows the rest. "
        "Start with [Python](../python.md)."
    )
    return page("Python names", intro, parts)


def http_page() -> str:
    """Return the page of the studio's routes, from the document that its types are made from."""
    from graftwork.server.openapi import openapi_text

    document = json.loads(openapi_text())
    by_tag: dict[str, list[tuple[str, ...]]] = {}
    for path, acts in document["paths"].items():
        for method, act in acts.items():
            answer = act["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
            wanted = (
                act.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            )
            row = (
                code(f"{method.upper()} {path}"),
                first_line_of(act["description"]),
                _named(wanted),
                _named(answer),
            )
            by_tag.setdefault(act["tags"][0], []).append(row)
    parts = [
        f"## {tag.capitalize()}\n\n{table(('route', 'what it does', 'takes', 'answers'), sorted(rows))}"
        for tag, rows in sorted(by_tag.items())
    ]
    return page(
        "HTTP",
        "What the studio asks of its server; the same as OpenAPI lies at `/api/openapi.json`. Every route wants the "
        "token, as `Authorization: Bearer TOKEN`. Errors are `ErrorBody`: `error`, `message`, `hint`, `node`, `line`. "
        "The WebSocket `/api/feed` takes `Watch` and tells `FeedMessage`.",
        parts,
    )


def first_line_of(text: str) -> str:
    """Return the first line of a text."""
    return text.strip().splitlines()[0]


def _named(schema: dict[str, Any]) -> str:
    """Return the document that a schema stands for; empty where there is none."""
    inner = schema.get("items", schema)
    name = str(inner.get("$ref", "")).rpartition("/")[2].removesuffix("-Input").removesuffix("-Output")
    return "" if not name else (f"list of {code(name)}" if "items" in schema else code(name))


def _about(module: ModuleType, name: str) -> str:
    if name == "__version__":
        return "The installed version, as text."
    value = getattr(module, name)
    if inspect.isroutine(value) or isinstance(value, type):
        return first_line(value)
    choices = [a for a in get_args(value) if isinstance(a, str)]
    if choices:
        return "One of " + ", ".join(code(c) for c in choices) + "."
    if isinstance(value, (str, tuple)):
        return f"Constant: {code(value)}."
    return f"A value of type `{type(value).__name__}`." if not get_args(value) else "A type."


def _members(kind: type) -> Iterator[tuple[str, str]]:
    found: dict[str, Any] = {}
    for each in reversed(kind.__mro__):  # a project's members are in several classes
        if each.__module__.startswith("graftwork.project"):
            found |= vars(each)
    for name, value in (found or vars(kind)).items():
        if name.startswith("_") or not (
            isinstance(value, (property, classmethod)) or inspect.isfunction(value)
        ):
            continue
        about = first_line(value)
        if about:
            yield code(name if isinstance(value, property) else f"{name}()"), about


def main() -> int:
    """Write all pages; returns how many changed."""
    FOLDER.mkdir(exist_ok=True)
    changed = 0
    for name, content in build_pages().items():
        path = FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
            changed += 1
    print(f"{changed} reference pages changed.", file=sys.stderr)
    return changed


if __name__ == "__main__":
    main()
