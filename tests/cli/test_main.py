"""The door: help, exit codes, errors as sentences and as JSON."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from graftwork import cli, errors

Graftwork = Callable[..., Any]


def test_help_names_all_verbs_and_exit_codes(graftwork: Graftwork) -> None:
    ended = graftwork("--help")
    assert ended.code == 0
    for verb in cli.VERBS:
        assert verb in ended.out
    for code in (2, 3, 4, 5, 6, 7, 8, 130):
        assert f"{code} " in ended.out


def _subclasses(kind: type[errors.GraftworkError]) -> Iterator[type[errors.GraftworkError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _subclasses(below)


ALL_ERRORS = sorted(set(_subclasses(errors.GraftworkError)), key=lambda kind: kind.__name__)


def test_the_help_explains_each_exit_code_that_an_error_has() -> None:
    explained = {int(part.split()[0]) for part in cli.EXIT_CODES.partition(":")[2].split("·")}
    assert {kind.exit_code for kind in ALL_ERRORS} <= explained


@pytest.mark.parametrize("verb", list(cli.VERBS))
def test_the_line_in_the_help_is_the_verbs_own_first_line(verb: str) -> None:
    address, line = cli.VERBS[verb]
    module, _, name = address.partition(":")
    found = getattr(import_module(module), name)
    text = found.info.help if isinstance(found, typer.Typer) else found.__doc__
    first = text.splitlines()[0]
    assert first == line or first.startswith(line.removesuffix(", and check it."))


@pytest.mark.parametrize("verb", list(cli.VERBS))
def test_every_verb_has_help(graftwork: Graftwork, verb: str) -> None:
    ended = graftwork(verb, "--help")
    assert ended.code == 0
    assert f"graftwork {verb}" in ended.out


def test_version(graftwork: Graftwork) -> None:
    assert graftwork("--version").out.startswith("graftwork 0.")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from graftwork.cli import main\n"
        "main(['--help'])\n"
        "heavy = {'torch', 'timm', 'pandas', 'numpy', 'pydantic', 'sklearn', 'PIL', 'sqlalchemy', 'optuna'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Return a function that makes ``report`` raise an error."""

    def make(error: BaseException) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("graftwork.cli.use.open_project", fail)

    return make


@pytest.mark.parametrize("kind", ALL_ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_ends_with_its_code_as_a_sentence_and_as_json(
    graftwork: Graftwork, failing: Any, kind: type[errors.GraftworkError]
) -> None:
    failing(kind("Something [odd] is wrong.", hint="Do this."))
    plain = graftwork("report", "r1")
    assert (plain.code, plain.out) == (kind.exit_code, "")
    assert plain.err == "Error: Something [odd] is wrong.\nDo this.\n"
    machine = graftwork("report", "r1", "--json")
    assert machine.code == kind.exit_code
    document = machine.json
    assert document["error"] == kind.__name__
    assert (document["message"], document["hint"]) == ("Something [odd] is wrong.", "Do this.")


def test_an_unexpected_error_is_one_sentence_and_a_traceback_in_a_file(
    graftwork: Graftwork, failing: Any
) -> None:
    failing(ZeroDivisionError("oh"))
    ended = graftwork("report", "r1", "--json")
    assert ended.code == 1
    place = Path(ended.json["traceback"])
    assert "ZeroDivisionError: oh" in place.read_text()
    assert "Traceback" not in ended.err
    place.unlink()


def test_an_aborted_command_ends_with_130(graftwork: Graftwork, failing: Any) -> None:
    failing(KeyboardInterrupt())
    assert graftwork("report", "r1").code == 130
    assert graftwork("report", "r1", "--json").code == 130


@pytest.mark.parametrize(
    "args", [["train", "x", "--epocs", "1"], ["trian"], ["train", "x", "--epochs", "many"]]
)
def test_wrong_usage_ends_with_2(graftwork: Graftwork, args: list[str]) -> None:
    plain = graftwork(*args)
    assert (plain.code, plain.out) == (2, "")
    machine = graftwork(*args, "--json")
    assert machine.code == 2
    assert machine.json["error"] == "UsageError"
