"""A 12-megapixel JPEG: decoding at a fraction of its size against decoding all of it.

python -m benchmarks.decode
"""

from __future__ import annotations

import argparse
from io import BytesIO
from typing import Any

from PIL import Image

from benchmarks.images import draw_photo
from benchmarks.results import alternate, measure_and_tell, print_table
from graftwork.data import Transform
from graftwork.data.decode import decode_image
from graftwork.documents.card import InputPort

__all__ = ["main", "measure"]

WIDTH, HEIGHT = 4000, 3000
PORT = InputPort(height=224, width=224, mean=(0.5,) * 3, std=(0.5,) * 3, crop_share=1.0)


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--repeats", type=int, default=7)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the median seconds of both ways, decoding alone and up to the canvas of 224 pixels."""
    buffer = BytesIO()
    Image.fromarray(draw_photo(WIDTH, HEIGHT, seed=0)).save(buffer, "JPEG", quality=90)
    data = buffer.getvalue()
    transform = Transform.for_port(PORT)
    side = transform.short_side
    seconds = alternate(
        {
            "decode in full": lambda: decode_image(data),
            "decode scaled": lambda: decode_image(data, short_side=side),
            "canvas in full": lambda: transform.canvas(decode_image(data)),
            "canvas scaled": lambda: transform.canvas(decode_image(data, short_side=side)),
        },
        given.repeats,
    )
    return {"jpeg_bytes": len(data), "size": [WIDTH, HEIGHT], "seconds": seconds}


def show(found: dict[str, Any]) -> None:
    """Print the table."""
    seconds = found["seconds"]
    rows = []
    for title, kind in (("decoding alone", "decode"), ("decoding and resizing to 224", "canvas")):
        full, scaled = seconds[f"{kind} in full"], seconds[f"{kind} scaled"]
        rows.append((title, f"{1000 * full:.1f}", f"{1000 * scaled:.1f}", f"{full / scaled:.1f}"))
    title = f"one JPEG of 12 megapixels, {found['jpeg_bytes'] / 1e6:.1f} MB"
    print_table(title, ("decode", "full ms", "scaled ms", "ratio"), rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("decode", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()
