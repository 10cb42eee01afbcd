from __future__ import annotations

import subprocess
import sys

import pytest

import graftwork


@pytest.mark.parametrize("name", graftwork.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(graftwork, name) is not None
    assert name in dir(graftwork)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = graftwork.no_such_name


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, graftwork\n"
        "heavy = {'torch', 'timm', 'pandas', 'numpy', 'pydantic', 'sklearn', 'PIL', 'sqlalchemy', 'optuna', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
