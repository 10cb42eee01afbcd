"""``python -m graftwork`` is the same as ``graftwork``."""

from __future__ import annotations

import sys

from graftwork.cli import main

if __name__ == "__main__":
    sys.exit(main())
