"""The JSON that a browser reads: it knows no NaN and no infinity, so those are null."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import JSONResponse

__all__ = ["PlainJSON", "plain_json"]

_SPECIAL = ("NaN", "Infinity")


def plain_json(text: str) -> str:
    """Return JSON as every reader takes it: what is no finite number is null.

    Args:
        text: JSON in which NaN, Infinity and -Infinity may stand for numbers, as Python writes it.
    """
    if not any(word in text for word in _SPECIAL):
        return text
    return json.dumps(json.loads(text, parse_constant=_null), separators=(",", ":"))


def _null(_word: str) -> None:
    return None


class PlainJSON(JSONResponse):
    """An answer in plain JSON; also names of files that are no Unicode come through, escaped."""

    def render(self, content: Any) -> bytes:
        """Return ``content`` as bytes."""
        return plain_json(json.dumps(content, separators=(",", ":"))).encode("ascii")
