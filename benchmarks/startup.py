"""How long ``graftwork --help`` and ``import graftwork`` take, each in a fresh process.

python -m benchmarks.startup
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.results import alternate, measure_and_tell, print_table

__all__ = ["main", "measure"]

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "import graftwork": ("-c", "import graftwork"),
    "graftwork --help": ("-m", "graftwork", "--help"),
}
HEAVY = ("torch", "numpy", "pandas", "sklearn", "PIL", "sqlalchemy")


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--repeats", type=int, default=10)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return median seconds, and which heavy libraries each command loaded."""
    return {
        "seconds": alternate(
            {name: partial(_run, command) for name, command in COMMANDS.items()}, given.repeats
        ),
        "heavy": {
            "import graftwork": _loaded("import graftwork"),
            "graftwork --help": _loaded(
                "import sys; sys.argv = ['graftwork', '--help']\n"
                "import graftwork.cli\n"
                "try: graftwork.cli.main()\n"
                "except SystemExit: pass"
            ),
        },
    }


def _run(command: Sequence[str]) -> str:
    process = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    return process.stdout


def _loaded(code: str) -> list[str]:
    """Return which of the heavy libraries a piece of code loads."""
    tell = f"\nimport sys\nprint('LOADED', *[n for n in {HEAVY!r} if n in sys.modules])"
    return _run(("-c", code + tell)).splitlines()[-1].split()[1:]


def show(found: dict[str, Any]) -> None:
    """Print the table."""
    rows = [
        (name, f"{1000 * seconds:.0f}", ", ".join(found["heavy"].get(name, [])) or "none of them")
        for name, seconds in found["seconds"].items()
    ]
    print_table(f"loads any of {', '.join(HEAVY)}?", ("startup", "median ms", "loaded"), rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("startup", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()
