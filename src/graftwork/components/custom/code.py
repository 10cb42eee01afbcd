"""Run the code of a Custom component and find what it left: a model, or a function."""

from __future__ import annotations

import linecache
import os
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
import torch
from torch import nn

from graftwork.bases.keras_guest.backend import import_keras
from graftwork.components.custom.keras import InferenceCalls, noting_inference_calls
from graftwork.components.custom.watch import watching
from graftwork.errors import CustomCodeError, GraftworkError, MissingExtra
from graftwork.graph.custom_code import assignment_order, look_at_code

__all__ = ["Code", "Found", "blaming", "kept_random_state", "read_code", "run_code"]

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Code:
    """The text of a node's code, and what its lines are called in a traceback."""

    node: str
    text: str
    file_name: str


@dataclass(frozen=True)
class Found:
    """What code left.

    Args:
        part: a torch module, a Keras model or layer, or a plain function.
        is_keras: the part is Keras's.
        is_model: the part is one model, not a function and not a class with calls of its own making.
        preview: the code's own preview.
        held: Keras layers that the code called with ``training=False``.
    """

    part: Any
    is_keras: bool
    is_model: bool
    preview: Callable[[Any], Any] | None
    held: tuple[Any, ...] = ()


def read_code(node: str, code: str, file: str | None, root: Path) -> Code:
    """Return the code of a node.

    Args:
        node: its id.
        code: the text, when it stands in the flow.
        file: path under ``root``, when it does not.
        root: folder of the project, or of the flow's file.

    Raises:
        CustomCodeError: no such file, or a file outside of ``root``.
    """
    if file is None:
        return Code(node, code, f"<custom node {node}>")
    path = (root / file).resolve()
    if not path.is_relative_to(root.resolve()):
        raise CustomCodeError(
            f"Node '{node}' wants the code in '{file}', which lies outside of {root}.",
            hint="Put the file into the project.",
            node=node,
        )
    try:
        return Code(node, path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise CustomCodeError(
            f"Node '{node}' wants the code in '{file}', which cannot be read from {root}.",
            hint="Put the file there, or write the code into the node.",
            node=node,
        ) from error


def run_code(code: Code, names: Mapping[str, Any], *, time_limit: float | None = None) -> Found:
    """Run code and return the model or function that it left.

    Args:
        code: what to run.
        names: what is in its scope beside ``torch``, ``nn`` and ``keras``; ``seed`` is one of them.
        time_limit: seconds that it may take; a worker's parent sees to it.

    Raises:
        CustomCodeError: it does not parse, raises, or leaves nothing that could run in a node.
        MissingExtra: it imports a library that is not installed.
    """
    look = look_at_code(code.text)
    if look.fault is not None:
        where = f" in line {look.fault.line}" if look.fault.line else ""
        raise CustomCodeError(
            f"Node '{code.node}'{where}: {look.fault.message}.",
            hint=look.fault.hint,
            node=code.node,
            line=look.fault.line,
        )
    scope = _make_scope(code, names, with_keras=look.is_keras)
    noting: AbstractContextManager[InferenceCalls | None]
    noting = noting_inference_calls(scope["keras"]) if look.is_keras else nullcontext()
    with blaming(code, {}, time_limit=time_limit), noting as calls:
        exec(compile(code.text, code.file_name, "exec", dont_inherit=True), scope)
        part = _take_part(code, look.form, scope)
    keras = sys.modules.get("keras")
    is_keras = keras is not None and isinstance(part, keras.Layer)
    preview = scope.get("preview")
    return Found(
        part=part,
        is_keras=is_keras,
        is_model=isinstance(part, nn.Module),
        preview=preview if callable(preview) else None,
        held=calls.layers() if calls is not None else (),
    )


def _make_scope(code: Code, names: Mapping[str, Any], *, with_keras: bool) -> dict[str, Any]:
    """Return the globals of the code: a module of its own, so that classes in it know where they live."""
    os.environ.setdefault("KERAS_BACKEND", "torch")  # should something that the code imports bring Keras in
    module = ModuleType(f"graftwork_custom_{code.node}")
    scope = module.__dict__
    scope.update({"torch": torch, "nn": nn, "__file__": code.file_name}, **names)
    if with_keras:
        keras = import_keras()
        keras.utils.clear_session(free_memory=False)  # layers are numbered anew, so names do not depend on
        keras.utils.set_random_seed(int(names["seed"]))  # what was built before
        scope["keras"] = keras
    sys.modules[module.__name__] = module
    lines = code.text.splitlines(keepends=True)
    linecache.cache[code.file_name] = (len(code.text), None, lines, code.file_name)
    return scope


def _take_part(code: Code, form: str, scope: dict[str, Any]) -> Any:
    settings = scope["settings"]
    if form == "component":
        part = scope["Component"](settings)
        kind = "class Component must be a torch nn.Module or a keras.Layer"
    elif form == "build":
        part = scope["build"](settings)
        kind = "build(settings) must return a torch nn.Module or a keras.Model"
    elif form == "forward":
        return scope["forward"]
    else:
        part = _model_of_script(code, scope)
        kind = (
            "a script must leave a model in the variable 'model'; other code defines build(settings), "
            "forward(…) or class Component"
        )
    if isinstance(part, nn.Module):  # Keras's layers are modules too, on its torch backend
        return part
    got = "left none" if part is None else f"got {type(part).__name__}"
    raise CustomCodeError(
        f"Node '{code.node}': {kind}; {got}.",
        hint="docs/custom.md shows each form.",
        node=code.node,
    )


def _model_of_script(code: Code, scope: dict[str, Any]) -> Any:
    """Return ``model``, else the last model or Keras tensor assigned; a tensor becomes a model from its inputs."""
    if isinstance(scope.get("model"), nn.Module):
        return scope["model"]
    keras: Any = scope.get("keras")
    own = [scope[name] for name in assignment_order(code.text) if name in scope]
    tensors = [v for v in own if keras is not None and keras.utils.is_keras_tensor(v)]
    starts = [t for t in tensors if isinstance(t._keras_history.operation, keras.layers.InputLayer)]
    ends = {id(t) for t in tensors if not any(t is s for s in starts)}
    for value in reversed(own):
        if isinstance(value, nn.Module):
            return value
        if id(value) in ends:
            inputs = scope.get("inputs", starts if len(starts) != 1 else starts[0])
            return keras.Model(inputs, value)
        if isinstance(value, dict | list | tuple) and value and scope.get("outputs") is value and ends:
            return keras.Model(scope.get("inputs", starts), value)
    return None


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Put the random states of Python, NumPy and torch back at the end."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextmanager
def blaming(code: Code, shapes: Shapes, *, time_limit: float | None = None) -> Iterator[None]:
    """Run the user's code: what it raises comes out as an error that names node, line and shapes.

    Raises:
        CustomCodeError, MissingExtra: the code raised.
    """
    try:
        with watching(code.node, time_limit, code.file_name):
            yield
    except GraftworkError:
        raise
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        raise _missing(code, error) from error
    except BaseException as error:  # SystemExit and the like end the code, not the program
        raise _translate(code, shapes, error) from error


def line_of(code: Code, trace: TracebackType | None) -> int | None:
    """Return the last line of the code that a traceback passes through."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == code.file_name:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _missing(code: Code, error: ModuleNotFoundError) -> GraftworkError:
    library = (error.name or str(error)).partition(".")[0]
    line = line_of(code, error.__traceback__)
    where = f" in line {line}" if line else ""
    return MissingExtra(
        f"Node '{code.node}'{where} imports '{library}', which is not installed.",
        hint=f"Install it with: pip install {library}",
        node=code.node,
        line=line,
    )


def _translate(code: Code, shapes: Shapes, error: BaseException) -> CustomCodeError:
    line = line_of(code, error.__traceback__)
    where = f" in line {line}" if line else ""
    said = _plain(str(error))
    came = ", ".join(f"{n} {tuple(s)}" for n, s in shapes.items())
    hint = "Correct that line." if line else "Look at how the model is put together for what comes in."
    raised = type(error).__name__
    if "URL fetch failure" in said:
        raised, said = "an error", "the pretrained weights are not on this machine and cannot be fetched"
        hint = (
            "Name a weights file in the node's setting 'weights' and write weights=weights, "
            "or weights=None for random ones."
        )
    text = said.rstrip(".") or "no message"
    return CustomCodeError(
        f"Node '{code.node}'{where} raised {raised}: {text}." + (f" It got {came}." if came else ""),
        hint=hint,
        node=code.node,
        line=line,
        shapes={n: list(s) for n, s in shapes.items()},
        raised=type(error).__name__,
    )


def _plain(text: str, limit: int = 400) -> str:
    """Return a message on one line, without the colors and the call record that Keras adds."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(r"^Exception encountered when calling .*?\n\s*", "", text)
    text = re.split(r"\n\s*Arguments received by", text)[0]
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
