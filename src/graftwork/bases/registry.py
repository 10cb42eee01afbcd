"""Which hosts there are, and what a host has to give."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from torch import Tensor, fx, nn

from graftwork.documents.card import InputPort, Origin
from graftwork.errors import UnknownName, UsageError, did_you_mean

__all__ = ["BaseSummary", "Blueprint", "Host", "Request", "get_host", "list_hosts", "register_host"]

ENTRY_POINTS = "graftwork.bases"


@dataclass(frozen=True)
class BaseSummary:
    """A base in a list; cheap to make, nothing is loaded for it."""

    id: str
    title: str
    num_parameters: int | None = None
    available_offline: bool = False
    license: str = "unknown"


@dataclass(frozen=True)
class Request:
    """What is asked of a host."""

    image_size: int | None = None
    runs: Path | None = None
    weights: bool = True
    seed: int = 0


@dataclass
class Blueprint:
    """A model as its host gives it, before it is cut into stages.

    Args:
        module: the model with its weights loaded.
        title: for people.
        architecture: base id that rebuilds the architecture, such as "timm:resnet18".
        port: the images it wants.
        origin: where its weights come from.
        last_stage: stage with which the base ends; what follows is cut off. None: the last one.
        ends_at_maps: without ``last_stage``, whether the base ends with the last stage that gives maps.
        classifier_names: modules that give the classes; None: the last one with parameters; empty: none.
        graph: the module's graph where the host knows it; None has it traced.
        loaded: names of the module's tensors that were taken from the weights.
        unexpected: tensors of the weights that found no place.
        left_out: tensors of the weights that belong to a classifier and have no place in the module.
        must_be_complete: whether a tensor without weights is an error.
        adapt: brings tensors of another image size or an older layout into the module's form.
    """

    module: nn.Module
    title: str
    architecture: str
    port: InputPort
    origin: Origin
    loaded: frozenset[str] = frozenset()
    unexpected: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    must_be_complete: bool = False
    adapt: Callable[[dict[str, Tensor]], dict[str, Tensor]] = dict
    classifier_names: tuple[str, ...] | None = None
    last_stage: str | None = None
    ends_at_maps: bool = False
    graph: fx.Graph | None = None


class Host(Protocol):
    """A source of bases. A plugin offers one through the entry-point group "graftwork.bases"."""

    name: str

    def open(self, name: str, request: Request) -> Blueprint:
        """Return the model called ``name``; without weights when ``request.weights`` is false."""
        ...

    def summaries(self) -> Iterable[BaseSummary]:
        """Return what the host knows of, quickly and without a network."""
        ...


_hosts: dict[str, Host] = {}


def register_host(host: Host) -> None:
    """Add a host.

    Raises:
        UsageError: its name is taken or cannot stand before a colon.
    """
    if not host.name or ":" in host.name or host.name == "random":
        raise UsageError(
            f"Host name '{host.name}' cannot be used.", hint="Take a short word without a colon."
        )
    if host.name in _hosts:
        raise UsageError(
            f"A host named '{host.name}' is there already.", hint="Give the new one another name."
        )
    _hosts[host.name] = host


@cache
def load_plugins() -> None:
    """Register the hosts that installed packages offer, once."""
    for point in entry_points(group=ENTRY_POINTS):
        make: Callable[[], Host] = point.load()
        register_host(make())


def list_hosts() -> tuple[str, ...]:
    """Return the names of all hosts."""
    load_plugins()
    return tuple(sorted(_hosts))


def get_host(name: str) -> Host:
    """Return the host ``name``.

    Raises:
        UnknownName: no such host; the hint guesses.
    """
    load_plugins()
    if name not in _hosts:
        raise UnknownName(
            f"No host of bases is called '{name}'; there are {', '.join([*sorted(_hosts), 'random'])}.",
            hint=did_you_mean(name, [*_hosts, "random"]),
        )
    return _hosts[name]
