"""Write the OpenAPI document that the studio's types are made from: ``python -m graftwork.server.openapi FILE``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from graftwork.server.app import create_api
from graftwork.server.roots import Roots
from graftwork.server.state import Studio

__all__ = ["openapi_text"]


def openapi_text() -> str:
    """Return the document as text, the same for the same routes and documents."""
    app = create_api(Studio(Roots()))
    document = app.openapi()
    document["info"]["version"] = "0"  # a release changes no types
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(openapi_text(), encoding="utf-8")
