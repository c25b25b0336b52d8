"""Our packages under private names, for a project that has an `events` or an `app` of its own.

Python knows one module by a name, and in such a project `events` is theirs. Ours is then executed as
`_regime_synapse.events`, from the same files and the same bytecode. Inside it a plain `from events.log import EventLog`
must find ours all the same, so its modules run with an `__import__` of their own, which takes our top-level names for the
private ones: Python looks for it in the `__builtins__` of the module that imports, at whatever time a function of it
does. Theirs is never touched. A package whose name is free keeps it, as long as it imports none that has lost its own:
whoever has an `app` only, still writes `from events.testing import assert_log`.
"""

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

OURS: Final = {
    "events": ("events",),
    "migrations": ("migrations", "events"),
    "app": ("app", "migrations", "events"),
}
"""The top-level packages that are ours, and that any project may have too; of each, what it imports of them."""

PRIVATE: Final = "_regime_synapse"
"""The package that they are in where one of their names is taken."""

ROOT: Final = Path(__file__).resolve().parent
"""Where our packages are: beside this file, installed as well as in a checkout."""


def load(name: str) -> ModuleType:
    """One of our modules, by the name that it has in our own code, such as `events.log`."""
    return importlib.import_module(_private(name))


def is_ours(package: str) -> bool:
    """Whether Python would find our package under this name, or has it already."""
    try:
        spec = find_spec(package)
    except ValueError:  # somebody put a module there without saying where it is from
        return False
    place = None if spec is None else spec.origin
    return place is not None and Path(place).resolve() == ROOT / package / "__init__.py"


@cache
def _is_private(package: str) -> bool:
    """Whether a package of ours has to go by its private name; decided when it is first asked for."""
    if all(is_ours(name) for name in OURS[package]):
        return False
    if PRIVATE not in sys.modules:
        private = ModuleType(PRIVATE, __doc__)
        private.__path__ = [str(ROOT)]
        sys.modules[PRIVATE] = private
        sys.meta_path.insert(0, _Finder())
    return True


def _private(name: str) -> str:
    """The name under which a module of ours is known here; of any other, its own."""
    package = name.partition(".")[0]
    return f"{PRIVATE}.{name}" if package in OURS and _is_private(package) else name


class _Finder(MetaPathFinder):
    """Finds what is in the private package, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{PRIVATE}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Executes a module with our `__import__`; all else is as usual."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = _BUILTINS
        super().exec_module(module)


class _Importlib(ModuleType):
    """`importlib`, for a module of ours that imports another one by its name as text."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib, name)

    @staticmethod
    def import_module(name: str, package: str | None = None) -> ModuleType:
        return importlib.import_module(_private(name), package)


_IMPORTLIB: Final = _Importlib("importlib")


def _import(
    name: str,
    scope: Mapping[str, object] | None = None,
    local: Mapping[str, object] | None = None,
    wanted: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """What an import statement of ours calls in place of `builtins.__import__`."""
    private = name if level else _private(name)
    found = builtins.__import__(private, scope, local, wanted or (), level)
    if private != name and not wanted:
        # `import events.log` binds the first of the names: ours, not the package that hides it.
        return sys.modules[_private(name.partition(".")[0])]
    return _IMPORTLIB if found is importlib else found


_BUILTINS: Final = {**vars(builtins), "__import__": _import}
