"""Images that come as the body of a request."""

from __future__ import annotations

from fastapi import Request

from graftwork.errors import UsageError

__all__ = ["image_in"]

_MOST_BYTES = 200 * 2**20


async def image_in(request: Request, name: str = "image", *, most: int = _MOST_BYTES) -> bytes:
    """Return the bytes of the image in a request's body.

    Args:
        request: its body is read.
        name: of the image, for messages.
        most: how many bytes are taken.

    Raises:
        UsageError: more bytes, or none.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise UsageError(f"'{name}' has more than {most:,} bytes.", hint="Send a smaller image.")
        parts.append(part)
    if not size:
        raise UsageError(f"'{name}' is empty.", hint="Send the bytes of an image file.")
    return b"".join(parts)
