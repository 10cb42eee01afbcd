"""What a component promises: its ports, its settings, and the shapes it makes; known without torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from pydantic import ValidationError

from graftwork.documents.document import Document
from graftwork.errors import UnknownName, UsageError, did_you_mean
from graftwork.graph.ports import Port, Wire

__all__ = ["Contract", "Contracts", "Group", "Ports"]

Group = Literal["data", "preprocess", "layer", "merge", "base", "custom", "objective", "adaptation"]
Ports = tuple[tuple[Port, ...], tuple[Port, ...]]
Infer = Callable[[Any, Mapping[str, Wire]], Mapping[str, Wire]]


class Contract(Document):
    """What a component promises.

    Args:
        name: as flows write it.
        title: for people.
        summary: one sentence.
        group: where a palette lists it.
        inputs, outputs: its ports, when they do not depend on the settings.
        settings: the document of its settings.
        ports_of: gives (inputs, outputs) from the settings, when they depend on them.
        infer: gives the wire at each output from settings and the wires at the connected inputs; raises
            ``Misfit``. Without it each output has the shape and kind of its port.
    """

    name: str
    title: str
    summary: str
    group: Group = "layer"
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    settings: type[Document]
    ports_of: Callable[[Any], Ports] | None = None
    infer: Infer | None = None

    def ports(self, settings: Document | None = None) -> Ports:
        """Return (inputs, outputs) under ``settings``; the defaults' when there are none."""
        if self.ports_of is None or settings is None:
            return self.inputs, self.outputs
        return self.ports_of(settings)

    def ports_as_far(self, values: Mapping[str, Any]) -> Ports:
        """Return (inputs, outputs) under ``values`` that may be wrong: wrong ones are left out."""
        kept = dict(values)
        while True:
            try:
                return self.ports(self.settings.model_validate(kept))
            except ValidationError as error:
                wrong = {str(e["loc"][0]) for e in error.errors() if e["loc"]} & kept.keys()
            if not wrong:
                return self.ports()
            kept = {name: value for name, value in kept.items() if name not in wrong}

    def wires(self, settings: Document, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
        """Return what each output gives.

        Raises:
            Misfit: the inputs or settings do not fit.
        """
        found = dict(self.infer(settings, inputs)) if self.infer is not None else {}
        for port in self.ports(settings)[1]:
            found.setdefault(port.name, Wire(kind=port.kind, shape=port.shape))
        return found


class Contracts:
    """Contracts by name; refuses duplicates and guesses what was meant.

    Args:
        contracts: those known from the start.
        plugins: group of entry points by which installed packages offer more, each a ``Contract`` or several
            of them. They are loaded once, when all names or an unknown one are asked for.
    """

    def __init__(self, contracts: Iterable[Contract] = (), *, plugins: str | None = None) -> None:
        self._by_name: dict[str, Contract] = {}
        self._plugins = plugins
        for contract in contracts:
            self.add(contract)

    def __iter__(self) -> Iterator[Contract]:
        self._load_plugins()
        return iter(tuple(self._by_name.values()))

    def add(self, contract: Contract) -> None:
        """Register a contract.

        Raises:
            UsageError: the name is taken.
        """
        if contract.name in self._by_name:
            raise UsageError(f"A component named '{contract.name}' is registered already.")
        self._by_name[contract.name] = contract

    def names(self) -> tuple[str, ...]:
        """Return all names, those of plugins last."""
        self._load_plugins()
        return tuple(self._by_name)

    def get(self, name: str) -> Contract:
        """Return the contract of that name.

        Raises:
            UnknownName: no component of that name.
        """
        if name not in self._by_name:
            self._load_plugins()
        if name not in self._by_name:
            raise UnknownName(
                f"There is no component '{name}'.", hint=did_you_mean(name, list(self._by_name))
            )
        return self._by_name[name]

    def _load_plugins(self) -> None:
        group, self._plugins = self._plugins, None
        for point in entry_points(group=group) if group else ():
            for contract in _offered(point):
                self.add(contract)


def _offered(point: EntryPoint) -> tuple[Contract, ...]:
    try:
        found = point.load()
    except Exception as error:  # whatever a foreign package raises, the message names it
        raise UsageError(
            f"The component '{point.name}' of an installed package cannot be loaded: {error}",
            hint=f"Update or remove the package that offers {point.value}.",
        ) from error
    contracts = tuple(found) if isinstance(found, (tuple, list)) else (found,)
    if not all(isinstance(contract, Contract) for contract in contracts):
        raise UsageError(
            f"The entry point '{point.name}' of {point.group} gives {type(found).__name__}; a Contract or "
            "several are wanted.",
            hint=f"Update or remove the package that offers {point.value}.",
        )
    return contracts
