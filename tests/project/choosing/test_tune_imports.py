"""What a search needs is loaded when it is made and not before."""

from __future__ import annotations

import subprocess
import sys


def test_optuna_is_loaded_by_a_search_alone() -> None:
    code = "import sys, graftwork.project.choosing.tune, graftwork.cli.choose.tune; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
