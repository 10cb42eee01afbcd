"""Decide whether a file of torch.export may be opened: nothing in it may run code of its own.

``torch.export.load`` itself unpickles whatever does not read as tensors, loads compiled libraries, hands
expressions to a parser that evaluates Python, and lets a graph call any function of torch. A file is
therefore looked through first, as plain JSON, and refused unless all it can do is arithmetic on tensors.
"""

from __future__ import annotations

import io
import json
import pickle
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from graftwork.errors import BaseNotUsable

__all__ = ["check_program"]

FOLDERS = ("data/weights/", "data/constants/", "data/sample_inputs/", "models/", "extra/", ".data/")
FILES = ("archive_format", "archive_version", "byteorder", "version")
OPERATION = re.compile(
    r"torch\.ops\.aten\.\w+\.\w+|_operator\.(getitem|add|sub|mul|floordiv|mod|neg|pow|truediv)"
)
FORBIDDEN = ("torch.ops.aten.from_file",)
# A size left open, as torch writes it: Symbol('s77', positive=True, integer=True).
SYMBOL = re.compile(r"Symbol\('[su]\d+'(, (positive|nonnegative|integer|real|finite)=True)*\)")
WORDS = re.compile(
    r"[su]\d+|\d+|Add|Mul|Pow|Integer|Rational|Max|Min|Mod|PythonMod|FloorDiv|CleanDiv|CeilDiv|PowByNatural|"
    r"IntTrueDiv|Eq|Ne|Equality|Unequality|StrictLessThan|LessThan|StrictGreaterThan|GreaterThan"
)
TREES = ("builtins.tuple", "builtins.list", "builtins.dict", None)
HINT = (
    "Export it anew from the plain model with torch.export.export and torch.export.save, or save the weights "
    "alone and name the architecture: file:weights.safetensors@timm:resnet18."
)


def check_program(path: Path) -> None:
    """Raise unless the file holds a graph of tensor arithmetic and tensors, and nothing else.

    Raises:
        BaseNotUsable: it is no such file, is of an older form, or could run code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = contents(path, archive)
            for name, full in names.items():
                check_member(path, name, archive.read(full))
    except (zipfile.BadZipFile, json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise BaseNotUsable(
            f"{path} does not read as a program of torch.export ({error}).",
            hint="Write it with torch.export.save(program, 'model.pt2').",
        ) from error


def contents(path: Path, archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the files of the archive by their names without its top folder."""
    names = archive.namelist()
    if len(names) != len(set(names)):
        raise refused(path, "it holds two files of one name")
    if any(name.endswith("serialized_exported_program.json") for name in names):
        raise refused(path, "it was written by an older version of torch, whose form may hold pickles")
    inner = {name.partition("/")[2]: name for name in names}
    if not any(name.startswith("models/") for name in inner):
        raise refused(path, "it holds no exported program")
    for name in inner:
        if name.startswith("data/aotinductor/"):
            raise refused(path, "it holds compiled code")
        if name and not (name.startswith(FOLDERS) or name in FILES):
            raise refused(path, f"it holds '{name}', which is no part of a plain program")
    return inner


def check_member(path: Path, name: str, content: bytes) -> None:
    if name.startswith("models/"):
        check_graph(path, json.loads(content))
    elif name.startswith("data/") and name.endswith("config.json"):
        entries = json.loads(content).get("config", {})
        pickled = [n for n, entry in entries.items() if entry.get("use_pickle")]
        if pickled:
            raise refused(path, f"'{pickled[0]}' in it is pickled")
    elif name.startswith("data/sample_inputs/"):
        try:
            torch.load(io.BytesIO(content), weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
            raise refused(path, "its sample inputs hold more than tensors") from error


def check_graph(path: Path, content: Any) -> None:
    """Look through the JSON of a graph: operations, expressions, containers, objects."""
    for entry in walk(content):
        target = entry.get("target")
        if isinstance(target, str) and "inputs" in entry:
            operation = OPERATION.fullmatch(target)
            if operation is None or target.startswith(FORBIDDEN):
                raise refused(path, f"its graph calls '{target[:80]}', which is more than tensor arithmetic")
        expression = entry.get("expr_str")
        if expression is not None and not is_arithmetic(str(expression)):
            raise refused(path, "a size in it is written as code")
        for key in ("in_spec", "out_spec"):
            if isinstance(entry.get(key), str) and not is_plain_tree(entry[key]):
                raise refused(path, "its arguments are objects, not tensors")
        if entry.get("custom_obj_values") or entry.get("as_custom_obj"):
            raise refused(path, "it holds objects beside tensors")


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all dictionaries in a JSON value."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def is_arithmetic(expression: str) -> bool:
    """Whether an expression for a size is numbers and symbols under known operations."""
    plain = SYMBOL.sub("s0", expression)
    rest = re.sub(r"\w+", "", plain)
    return set(rest) <= set(" +-*/(),<>=") and all(WORDS.fullmatch(w) for w in re.findall(r"\w+", plain))


def is_plain_tree(text: str) -> bool:
    return all(entry.get("type") in TREES for entry in walk(json.loads(text)) if "children_spec" in entry)


def refused(path: Path, reason: str) -> BaseNotUsable:
    return BaseNotUsable(f"{path} was not opened: {reason}, and opening it could run code.", hint=HINT)
