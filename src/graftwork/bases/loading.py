"""Read weights from files without running code from them, and put them into a module."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from graftwork.errors import BaseNotUsable, WeightsMismatch

__all__ = ["Loaded", "digest_file", "load_into", "read_weights", "unwrap"]

TOLERATED_SHARE = 0.05
NESTS = ("state_dict", "model_state_dict", "model_state", "model", "state_dict_ema", "model_ema")


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_weights(path: Path) -> dict[str, Any]:
    """Return what a weights file holds: safetensors, or a state dict as torch saves it.

    Raises:
        BaseNotUsable: no such file, not a weights file, or one that would run code when opened.
    """
    if not path.is_file():
        raise BaseNotUsable(
            f"There is no weights file at {path}.", hint="Give the path of a .safetensors or .pth file."
        )
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BaseNotUsable(
            f"{path} holds more than tensors (a whole pickled model, or no model at all), and opening it "
            "could run code, so it was not opened.",
            hint="Save only the weights where the model was made: "
            "safetensors.torch.save_file(model.state_dict(), 'weights.safetensors').",
        ) from error
    except RuntimeError as error:
        if "TorchScript" not in str(error):
            raise unreadable(path, error) from error
        raise BaseNotUsable(
            f"{path} is a TorchScript program, whose code would run with the model, so it was not opened.",
            hint="Save its weights where it was made: safetensors.torch.save_file(model.state_dict(), "
            "'weights.safetensors'), or export the model with torch.export.save(program, 'model.pt2').",
        ) from error
    except Exception as error:  # damaged files raise all kinds: KeyError, EOFError, SafetensorError …
        raise unreadable(path, error) from error
    if not isinstance(content, dict):
        raise BaseNotUsable(
            f"{path} holds a {type(content).__name__}, not tensors by name.",
            hint="Save model.state_dict() instead.",
        )
    return content


def unreadable(path: Path, error: Exception) -> BaseNotUsable:
    """Return the error for a file that is no weights at all, or damaged."""
    return BaseNotUsable(
        f"{path} does not read as weights ({str(error).splitlines()[0][:200] if str(error) else 'empty'}).",
        hint="Give a .safetensors file or a state dict saved by torch.",
    )


def unwrap(content: Mapping[str, Any]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Return the tensors of a state dict without wrapping, and what was unwrapped.

    Nesting under names such as "state_dict", and prefixes of parallel training or compilation, go.
    """
    notes = []
    while nest := next((n for n in NESTS if isinstance(content.get(n), Mapping)), None):
        content = content[nest]
        notes.append(f"taken from '{nest}'")
    tensors = {str(k): v for k, v in content.items() if isinstance(v, Tensor)}
    for prefix in ("module.", "_orig_mod.", "model."):
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): t for name, t in tensors.items()}
            notes.append(f"prefix '{prefix}' taken off")
    return tensors, tuple(notes)


@dataclass(frozen=True)
class Loaded:
    """Names of what went in, what found no place, and classifier tensors of another shape."""

    names: frozenset[str]
    unexpected: tuple[str, ...]
    left_out: tuple[str, ...]


def load_into(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    architecture: str,
    classifier: tuple[str, ...],
) -> Loaded:
    """Copy ``tensors`` into ``module`` by name.

    Tensors of the classifier may be missing or of another shape; they are left out then.

    Args:
        source, architecture: named in the error.
        classifier: names of the modules that give the classes.

    Raises:
        WeightsMismatch: a shape differs outside the classifier, or more than a few tensors are missing
            or belong to a relative of another depth.
    """
    state = module.state_dict()
    fitting = {n: t for n, t in tensors.items() if n in state and state[n].shape == t.shape}
    other_shape = [n for n in tensors if n in state and n not in fitting]
    spare = tuple(n for n in other_shape if in_modules(n, classifier))
    wrong = [n for n in other_shape if n not in spare]
    wanted = [n for n in state if not in_modules(n, classifier)]
    missing = [n for n in wanted if n not in tensors and not n.endswith("num_batches_tracked")]
    unexpected = tuple(n for n in tensors if n not in state)
    foreign = foreign_names(module, unexpected, classifier)
    if wrong or max(len(missing), len(foreign)) > TOLERATED_SHARE * len(wanted):
        raise mismatch(state, tensors, wrong, missing, source, architecture)
    module.load_state_dict({**state, **fitting}, strict=True)
    return Loaded(frozenset(fitting), unexpected, spare)


def foreign_names(module: nn.Module, unexpected: tuple[str, ...], classifier: tuple[str, ...]) -> list[str]:
    """Return unexpected tensors of parts that the module does have: a deeper relative's, for instance.

    Tensors under other names are none of these: a decoder beside the base, for instance. Nor are
    buffers that the module computes itself.
    """
    children = {name for name, _ in module.named_children()}
    computed = {name for name, _ in module.named_buffers()}
    return [
        n
        for n in unexpected
        if n.partition(".")[0] in children and n not in computed and not in_modules(n, classifier)
    ]


def in_modules(name: str, modules: tuple[str, ...]) -> bool:
    """Whether a tensor's name lies in one of the modules."""
    return any(name.startswith(module + ".") for module in modules)


def mismatch(
    state: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
    wrong: list[str],
    missing: list[str],
    source: str,
    architecture: str,
) -> WeightsMismatch:
    shapes = [f"'{n}' is {tuple(tensors[n].shape)}, wanted {tuple(state[n].shape)}" for n in wrong[:3]]
    lacks = [f"'{n}' is not there" for n in missing[: 3 - len(shapes)]]
    extra = [n for n in tensors if n not in state and not n.endswith("num_batches_tracked")]
    has = f" It has {len(extra)} others, such as '{extra[0]}'." if extra else ""
    return WeightsMismatch(
        f"The weights of {source} are not those of {architecture}: of {len(state)} tensors {len(missing)} are "
        f"missing and {len(wrong)} have another shape{'; ' if shapes or lacks else ''}"
        f"{'; '.join([*shapes, *lacks])}.{has}",
        hint="Name the architecture that the weights were trained with.",
        missing=missing[:20],
        wrong_shape=wrong[:20],
    )
