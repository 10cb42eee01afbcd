"""What a preview keeps: values in memory by use and size, outputs of bases on disk."""

from __future__ import annotations

import contextlib
import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor, nn

from graftwork.documents.card import InputPort
from graftwork.documents.files import write_atomically
from graftwork.engine.shards import evict
from graftwork.errors import StorageError

__all__ = ["Memory", "OutputFiles", "plain_copy", "size_of"]


class Memory:
    """Values by key; those that were used least recently go first once all of them pass a limit.

    Args:
        limit_bytes: what all values together may hold. The newest one stays even when it alone holds more.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._values: OrderedDict[str, tuple[Any, int]] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Any:
        """Return the value of a key, or None."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: str, value: Any, num_bytes: int) -> None:
        """Keep a value that holds ``num_bytes``."""
        self.drop(key)
        self._values[key] = (value, num_bytes)
        self.held_bytes += num_bytes
        while self.held_bytes > self.limit_bytes and len(self._values) > 1:
            self.drop(next(iter(self._values)))

    def drop(self, key: str) -> None:
        """Forget a value; nothing happens when it is not there."""
        _, num_bytes = self._values.pop(key, (None, 0))
        self.held_bytes -= num_bytes


def size_of(value: nn.Module | Mapping[str, Tensor]) -> int:
    """Return the bytes that a module's or a map's tensors hold."""
    tensors = (
        [*value.parameters(), *value.buffers()] if isinstance(value, nn.Module) else list(value.values())
    )
    return sum(t.numel() * t.element_size() for t in tensors)


class OutputFiles:
    """Outputs of nodes and input ports of bases as files, ``previews/KEY/…`` in the project's cache.

    A file that cannot be read counts as absent, one that cannot be written is done without.

    Args:
        cache: the project's cache; its limit holds for these files too. None keeps nothing.
    """

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache

    def read(self, key: str) -> dict[str, Tensor] | None:
        """Return the outputs by wire, or None."""
        if self._cache is None:
            return None
        path = self._cache / "previews" / key / "outputs.safetensors"
        try:
            found: dict[str, Tensor] = load(path.read_bytes())
            os.utime(path.parent)  # what is used stays longest
        except Exception:  # noqa: BLE001 a damaged file is computed anew, whatever is wrong with it
            return None
        return found

    def write(self, key: str, outputs: Mapping[str, Tensor]) -> None:
        """Keep the outputs of a node by wire."""
        content = {wire: t.detach().cpu().contiguous().clone() for wire, t in outputs.items()}
        self._store(key, "outputs.safetensors", save(content), size_of(content))

    def read_port(self, key: str) -> InputPort | None:
        """Return the input port of a base, or None."""
        if self._cache is None:
            return None
        try:
            content = json.loads((self._cache / "previews" / key / "port.json").read_text(encoding="utf-8"))
            return InputPort.model_validate(content)
        except (OSError, ValueError):
            return None

    def write_port(self, key: str, port: InputPort) -> None:
        """Keep the input port of a base."""
        self._store(key, "port.json", port.model_dump_json().encode(), 0)

    def _store(self, key: str, name: str, content: bytes, num_bytes: int) -> None:
        if self._cache is None:
            return
        folder = self._cache / "previews" / key
        with contextlib.suppress(StorageError, OSError):
            if num_bytes:
                evict(self._cache, [folder], num_bytes)
            write_atomically(folder / name, content)


def plain_copy(outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return outputs without what keeps larger tensors alive: views become tensors of their own."""
    return {
        wire: t.clone() if t.untyped_storage().nbytes() > 2 * t.numel() * t.element_size() else t
        for wire, t in outputs.items()
    }
