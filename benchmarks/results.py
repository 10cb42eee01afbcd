"""What all measurements share: clean child processes, peak memory, tables, result files."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

__all__ = [
    "BenchmarkFailed",
    "alternate",
    "measure_and_tell",
    "num_cores",
    "peak_memory_bytes",
    "print_table",
    "read_answer",
    "run_module",
    "save",
    "say",
]

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
_LIBRARIES = ("graftwork", "torch", "timm", "fastai", "keras", "numpy", "Pillow")
_console = Console(width=None if sys.stdout.isatty() else 150)


class BenchmarkFailed(RuntimeError):
    """A measured process ended with an error; the message holds the end of what it said."""


def say(text: str) -> None:
    """Print a line."""
    _console.print(text, highlight=False, soft_wrap=True)


def num_cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory_bytes() -> int:
    """Return the most memory that this process has held.

    Linux: ``VmHWM``, because ``ru_maxrss`` also knows the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def run_module(
    module: str, options: Mapping[str, Any], *, threads: int, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run ``python -m module`` alone in a fresh process and return what it wrote.

    Args:
        module: takes ``--answer FILE`` and writes a JSON object there.
        options: further options, ``{"epochs": 10}`` for ``--epochs 10``; a list gives the option several times.
        threads: processors that torch and its libraries may use.
        environment: further variables.

    Returns:
        The answer, with ``process_seconds``: the wall time of the whole process, imports included.

    Raises:
        BenchmarkFailed: the process ended with an error.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        answer = Path(folder) / "answer.json"
        given = [
            text
            for key, value in options.items()
            for one in (value if isinstance(value, list) else [value])
            for text in (f"--{key.replace('_', '-')}", str(one))
        ]
        counts = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        start = time.perf_counter()
        process = subprocess.run(
            [sys.executable, "-m", module, *given, "--threads", str(threads), "--answer", str(answer)],
            cwd=ROOT,
            env={**os.environ, **counts, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if process.returncode or not answer.is_file():
            raise BenchmarkFailed(f"{module} ended with {process.returncode}:\n{process.stderr[-2000:]}")
        found: dict[str, Any] = read_answer(answer)
    return {**found, "process_seconds": seconds}


def read_answer(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file."""
    content = json.loads(path.read_text())
    if not isinstance(content, dict):
        raise BenchmarkFailed(f"{path} holds no JSON object.")
    return content


def alternate(actions: Mapping[str, Any], repeats: int) -> dict[str, float]:
    """Return the median seconds of each action, called A B A B … after one call that does not count."""
    for action in actions.values():
        action()
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; all columns but the first are set to the right."""
    say(title)
    table = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    _console.print(table)


def save(name: str, content: Mapping[str, Any], *, threads: int) -> Path:
    """Write a measurement with its machine and versions to ``benchmarks/results/`` and return the file."""
    now = datetime.now(UTC)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}-{now:%Y%m%d-%H%M%S}.json"
    facts = {"name": name, "time": now.isoformat(timespec="seconds"), "machine": _machine(threads)}
    path.write_text(json.dumps({**facts, **content}, indent=1, default=str))
    say(f"written: benchmarks/results/{path.name}")
    return path


def _machine(threads: int) -> dict[str, Any]:
    versions = {}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": num_cores(),
        "threads": threads,
        "python": platform.python_version(),
        "system": platform.system(),
        "libraries": versions,
    }


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def measure_and_tell(
    name: str,
    title: str | None,
    options: Callable[[argparse.ArgumentParser], None],
    measure: Callable[[argparse.Namespace], dict[str, Any]],
    show: Callable[[dict[str, Any]], None],
    arguments: list[str] | None,
    run_once: Callable[[argparse.Namespace], None] | None = None,
) -> None:
    """Read the options of a measurement, measure, print, save.

    A measurement that starts itself in a process of its own gives ``run_once``: what that process does.
    """
    parser = argparse.ArgumentParser(description=title, formatter_class=argparse.RawTextHelpFormatter)
    options(parser)
    parser.add_argument("--threads", type=int, default=num_cores())
    parser.add_argument("--run", type=Path, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.run is not None and run_once is not None:
        run_once(given)
        return
    found = measure(given)
    show(found)
    save(name, found, threads=given.threads)
