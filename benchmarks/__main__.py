"""All measurements, one after another.

    python -m benchmarks                       # everything, about twenty minutes on two cores
    python -m benchmarks startup decode        # some of them
    python -m benchmarks hosts --out FILE      # every host's models: what opens, cuts, freezes, exports
    python -m benchmarks --data FOLDER         # frozen_base on your images

Each one also runs alone and takes more options: python -m benchmarks.frozen_base --help
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib import import_module

from benchmarks.results import BenchmarkFailed, num_cores, say

NAMES = (
    "startup",
    "decode",
    "cached_head",
    "second_run",
    "memory",
    "frozen_base",
    "preview",
    "depth",
    "report",
    "studio",
)
ON_REQUEST = (
    "hosts",
    "rank",
    "advise",
    "race",
    "rates",
    "tune",
    "adapt",
    "prior",
)  # take long, or want data and weights, so only when named


def main() -> int:
    """Run the measurements that were asked for; return how many failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of: {', '.join([*NAMES, *ON_REQUEST])} (default: all but {', '.join(ON_REQUEST)})",
    )
    parser.add_argument("--data", help="frozen_base: folder with a sub-folder per class")
    parser.add_argument("--images", help="frozen_base: size of the sample; 0 takes all")
    parser.add_argument(
        "--epochs-measured",
        nargs="+",
        metavar="[PEER=]N",
        help="frozen_base: epochs that the slow peers really run, keras=2 for Keras alone",
    )
    parser.add_argument("--out", help="hosts: JSON file for a row of each model")
    parser.add_argument("--only", action="append", help="hosts: host, or part of a base id with its colon")
    parser.add_argument("--threads", default=str(num_cores()))
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in (*NAMES, *ON_REQUEST)]
    if unknown:
        parser.error(
            f"no measurement is called {', '.join(unknown)}; there are {', '.join([*NAMES, *ON_REQUEST])}"
        )
    told = {"--data": given.data, "--images": given.images}
    frozen = [text for key, value in told.items() if value is not None for text in (key, value)]
    if given.epochs_measured:
        frozen += ["--epochs-measured", *given.epochs_measured]
    hosts = [text for part in given.only or () for text in ("--only", part)]
    hosts += ["--out", given.out] if given.out else []
    more = {"frozen_base": frozen, "hosts": hosts}
    failed = 0
    for name in given.names or NAMES:
        start = time.perf_counter()
        say(f"\n== {name} ==")
        measurement: Callable[[list[str]], None] = import_module(f"benchmarks.{name}").main
        try:
            measurement(["--threads", given.threads, *more.get(name, [])])
        except BenchmarkFailed as error:
            failed += 1
            say(f"{name} failed: {error}")
        say(f"{name} took {time.perf_counter() - start:.0f} s")
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
