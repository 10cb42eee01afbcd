"""Read the code of a Custom component without running it: does it parse, is it Keras, is it TensorFlow?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["CodeFault", "CodeLook", "Form", "assignment_order", "imported_modules", "look_at_code"]

Form = Literal["component", "build", "forward", "script"]

_TENSORFLOW = {"tensorflow", "tf_keras"}
_FORMS: tuple[tuple[str, type[ast.stmt], Form], ...] = (
    ("Component", ast.ClassDef, "component"),
    ("build", ast.FunctionDef, "build"),
    ("forward", ast.FunctionDef, "forward"),
)


@dataclass(frozen=True)
class CodeFault:
    """Why code cannot run, known before it does: one sentence, the line, the next step."""

    message: str
    line: int | None
    hint: str


@dataclass(frozen=True)
class CodeLook:
    """What reading the code tells.

    Args:
        form: what the code offers: a class ``Component``, a function ``build`` or ``forward``, or a script that
            leaves a model.
        is_keras: the code names Keras.
        has_preview: the code defines ``preview``.
        fault: why it cannot run, when it cannot.
    """

    form: Form = "script"
    is_keras: bool = False
    has_preview: bool = False
    fault: CodeFault | None = None


def look_at_code(code: str) -> CodeLook:
    """Return what the text of the code tells; nothing is run.

    >>> look_at_code("def build(settings): return keras.Sequential()")
    CodeLook(form='build', is_keras=True, has_preview=False, fault=None)
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        said = getattr(error, "msg", str(error))
        return CodeLook(
            is_keras="keras" in code,
            fault=CodeFault(f"the code is no Python: {said}", line, "Correct that line."),
        )
    form: Form = "script"
    for name, kind, found in _FORMS:
        if any(isinstance(s, kind) and s.name == name for s in tree.body):  # type: ignore[attr-defined]
            form = found
            break
    return CodeLook(
        form=form,
        is_keras=any(_names_keras(node) for node in ast.walk(tree)),
        has_preview=any(isinstance(s, ast.FunctionDef) and s.name == "preview" for s in tree.body),
        fault=_tensorflow_fault(tree),
    )


def assignment_order(code: str) -> tuple[str, ...]:
    """Return the names that a script assigns, in the order in which each was assigned last.

    >>> assignment_order("x = 1; y = 2; x = y")
    ('y', 'x')
    """
    order: dict[str, None] = {}
    for statement in ast.parse(code).body:
        for node in _outside_functions(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                order.pop(node.id, None)
                order[node.id] = None
    return tuple(order)


def imported_modules(code: str) -> tuple[str, ...]:
    """Return the modules that code imports, sorted; none of code that does not parse.

    >>> imported_modules("import a.b, c; from d import e; from . import f")
    ('a.b', 'c', 'd')
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return ()
    return tuple(sorted({name for node in ast.walk(tree) for name in _imports(node)}))


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _outside_functions(child)


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def _names_keras(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "keras"
    return any(name.partition(".")[0] == "keras" for name in _imports(node))


def _tensorflow_fault(tree: ast.AST) -> CodeFault | None:
    for node in ast.walk(tree):
        found = next((n for n in _imports(node) if n.partition(".")[0] in _TENSORFLOW), None)
        if found is not None:
            return CodeFault(
                f"the code imports '{found}', but Keras runs here without TensorFlow",
                getattr(node, "lineno", None),
                "Write 'import keras' and 'from keras import layers' in the place of tensorflow's imports, "
                "and 'keras.' where it says 'tf.keras.'.",
            )
    return None
