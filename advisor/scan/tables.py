"""The tables as lookups: what a dotted name, a method, an import or a package stands for.

Knows the shape of `advisor.knowledge.counterparts`. It must not know any syntax.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from advisor.knowledge.code_signals import Signal
from advisor.knowledge.counterparts import CounterpartTables, Framework, Library
from advisor.knowledge.vocabulary import package_name

FRAMEWORK_MODULES: Mapping[str, str] = {
    "torch": "pytorch",
    "functorch": "pytorch",
    "torchvision": "pytorch",
    "jax": "jax",
    "jaxlib": "jax",
    "flax": "jax",
    "optax": "jax",
    "equinox": "jax",
    "haiku": "jax",
    "orbax": "jax",
    "chex": "jax",
    "distrax": "jax",
    "grain": "jax",
    "tensorflow": "tensorflow",
}
"""The modules whose names are counted, and the framework of each."""

CODE_BASE_MODULES: Mapping[str, str] = {
    "torch": "pytorch",
    "jax": "jax",
    "tensorflow": "tensorflow",
    "keras": "tensorflow",
    "numpy": "numpy",
    "scipy": "numpy",
}
"""The modules whose import says what code is built on."""

FRAMEWORK_PACKAGES = ("torch", "jax", "jaxlib", "tensorflow", "flax", "torchvision", "keras")
"""The packages whose versions are told."""

_TENSOR = "torch.Tensor."
_METHOD_OWNERS = (_TENSOR, "torch.nn.Module.", "torch.optim.Optimizer.")
_EVERYTHING = ".*"
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one dotted reference means: the name to count it under, and what it speaks for."""

    name: str | None
    framework: str | None
    signals: tuple[Signal, ...]


@dataclass
class Tables:
    """Lookups over the tables; meanings of names are remembered."""

    knowledge: CounterpartTables
    libraries: Mapping[str, Library] = field(init=False)
    methods: Mapping[str, str] = field(init=False)
    method_signals: Mapping[str, tuple[Signal, ...]] = field(init=False)
    modules: frozenset[str] = field(init=False)
    _exact: dict[str, list[Signal]] = field(init=False, default_factory=dict)
    _below: dict[str, list[Signal]] = field(init=False, default_factory=dict)
    _imports: dict[str, list[Signal]] = field(init=False, default_factory=dict)
    _packages: dict[str, list[Signal]] = field(init=False, default_factory=dict)
    _library_imports: dict[str, Library] = field(init=False, default_factory=dict)
    _meanings: dict[str, Meaning] = field(init=False, default_factory=dict)
    _containers: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.libraries = _packages_of(self.knowledge.libraries)
        for library in self.knowledge.libraries:
            self._library_imports.update(dict.fromkeys(library.imports, library))
        methods: dict[str, list[Signal]] = {}
        for signal in self.knowledge.signals:
            for name in signal.names:
                table = self._below if name.endswith(_EVERYTHING) else self._exact
                table.setdefault(name.removesuffix(_EVERYTHING), []).append(signal)
            _index(self._imports, signal.imports, signal)
            _index(self._packages, map(package_name, signal.packages), signal)
            _index(methods, signal.methods, signal)
        self.method_signals = {name: tuple(signals) for name, signals in methods.items()}
        self.methods = _methods(self.knowledge.names["pytorch"])
        self.modules = frozenset(_top(name) for name in self._roots())
        everything = [name for names in self.knowledge.names.values() for name in names]
        self._containers = frozenset(p for name in everything for p in prefixes(_parent(name)))

    def meaning(self, name: str) -> Meaning:
        """What the dotted *name*, with its aliases resolved, means."""
        meaning = self._meanings.get(name)
        if meaning is None:
            meaning = self._meanings[name] = self._look_up(name)
        return meaning

    def framework_names(self, framework: Framework) -> Mapping[str, object]:
        """The names of *framework* that have an entry."""
        return self.knowledge.names[framework]

    def library_of_import(self, module: str) -> Library | None:
        """The library that *module* belongs to."""
        return next(
            (self._library_imports[p] for p in prefixes(module) if p in self._library_imports), None
        )

    def signals_of_import(self, module: str) -> Iterator[Signal]:
        """What importing *module* speaks for."""
        for prefix in prefixes(module):
            yield from self._imports.get(prefix, ())

    def signals_of_package(self, package: str) -> Sequence[Signal]:
        """What declaring *package* (in its one spelling) speaks for."""
        return self._packages.get(package, ())

    def signals_of_image(self, image: str) -> Iterator[Signal]:
        """What the container image *image* speaks for."""
        for signal in self.knowledge.signals:
            if any(part in image for part in signal.images):
                yield signal

    def signals_of_command(self, line: str) -> Iterator[Signal]:
        """What the shell line *line* speaks for."""
        padded = f" {line} "
        for signal in self.knowledge.signals:
            if any(f" {word} " in padded for word in signal.commands):
                yield signal

    def _roots(self) -> Iterator[str]:
        yield from FRAMEWORK_MODULES
        yield from CODE_BASE_MODULES
        yield from self._exact
        yield from self._below
        yield from self._imports
        yield from self._library_imports

    def _look_up(self, name: str) -> Meaning:
        framework = FRAMEWORK_MODULES.get(_top(name))
        counted = self._counted(name, framework)
        signals: list[Signal] = []
        for candidate in dict.fromkeys((name, counted or name)):
            signals += self._exact.get(candidate, [])
            for prefix in prefixes(candidate):
                signals += self._below.get(prefix, [])
        unique = {id(signal): signal for signal in signals}
        return Meaning(counted, framework, tuple(unique.values()))

    def _counted(self, name: str, framework: str | None) -> str | None:
        """The name of the table that stands for *name*, or *name* itself; none for a module."""
        if framework not in ("pytorch", "jax"):
            return None
        table = self.knowledge.names["pytorch" if framework == "pytorch" else "jax"]
        if name in table:
            return name
        if name in self._containers:
            return None
        public = _without_private_module(name)
        if public in table:
            return public
        nearest = next((p for p in prefixes(name) if p in table and "." in p), None)
        return nearest or name


def prefixes(name: str) -> Iterator[str]:
    """*name* and all that it lies below, the longest first."""
    parts = name.split(".")
    for end in range(min(len(parts), _DEEPEST), 0, -1):
        yield ".".join(parts[:end])


def _top(name: str) -> str:
    return name.split(".", 1)[0]


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _without_private_module(name: str) -> str:
    """``torch.nn.modules.conv.Conv2d`` and ``torch.optim.adam.Adam`` as they are documented."""
    parts = name.split(".")
    if len(parts) < 4:
        return name
    kept = [part for part in parts[:-1] if part != "modules"]
    if kept[-1].islower() and len(kept) > 2 and parts[-1][:1].isupper():
        kept.pop()
    return ".".join([*kept, parts[-1]])


def _index(table: dict[str, list[Signal]], keys: Iterable[str], signal: Signal) -> None:
    for key in keys:
        table.setdefault(key, []).append(signal)


def _packages_of(libraries: Iterable[Library]) -> dict[str, Library]:
    named: dict[str, Library] = {}
    for library in libraries:
        named.update(dict.fromkeys((library.package, *map(package_name, library.aliases)), library))
    return named


def _methods(names: Mapping[str, object]) -> dict[str, str]:
    """Methods of tensors, modules and optimizers by their bare names; tensors come first."""
    methods: dict[str, str] = {}
    for owner in reversed(_METHOD_OWNERS):
        owned = [name for name in names if name.startswith(owner)]
        methods.update({name.removeprefix(owner): name for name in owned})
    return methods
