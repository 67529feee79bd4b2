"""The registry of node types, and the node files that failed."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import inspect
import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from visdl.models.catalogue import NodeInfo, UnavailableNode
from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.base import BaseNode, missing_torch
from visdl.nodes.contract.specs import InputSpec, OutputSpec

log = logging.getLogger(__name__)
NodeClass = TypeVar("NodeClass", bound=type[BaseNode])
_CONTRACT = "contract"  # the folder of `visdl.nodes` that holds no node files


@dataclass(frozen=True)
class _Entry:
    cls: type[BaseNode]
    source: str  # "built-in", or the custom file's name
    sha256: str  # of a custom file


class Registry:
    """Node types by name, those that the installed torch lacks, and the files that failed.

    `NodeRegistry` is the registry of the process. Types register themselves when their file is
    imported; a file that a registry loads adds its types to that registry.
    """

    def __init__(self) -> None:
        self._types: dict[str, _Entry] = {}
        self._unavailable: dict[str, UnavailableNode] = {}
        self._diagnostics: dict[Path, Diagnostic] = {}
        self._loaded: set[Path] = set()

    def copy(self) -> Registry:
        """Return a registry with the same types and no diagnostics; both change independently."""
        other = Registry()
        other._types = self._types.copy()
        other._unavailable = self._unavailable.copy()
        other._loaded = self._loaded.copy()
        return other

    def register(self, type_name: str) -> Callable[[NodeClass], NodeClass]:
        """Return a class decorator that registers a node type under this name.

        Raises TypeError if the name is not a text or the class does not describe itself, and
        ValueError if the name is taken.
        """
        if not (isinstance(type_name, str) and type_name):
            raise TypeError('a node type needs a name: @NodeRegistry.register("MyNode")')

        def add_type(node_class: NodeClass) -> NodeClass:
            file = _file.get() or _NodeFile(self)
            file.registry._add(type_name, node_class, file.source, file.sha256)
            return node_class

        return add_type

    def find(self, type_name: str) -> type[BaseNode] | None:
        """Return the class of this type, or None."""
        entry = self._types.get(type_name)
        return entry.cls if entry else None

    def get(self, type_name: str) -> type[BaseNode]:
        """Return the class of this type. Raises KeyError if there is none."""
        return self._types[type_name].cls

    def code_hashes(self, types: Iterable[str]) -> dict[str, str]:
        """Return the SHA-256 of the file of each custom type among `types`."""
        known = {
            name: self._types[name].sha256 for name in sorted(set(types)) if name in self._types
        }
        return {name: sha256 for name, sha256 in known.items() if sha256}

    def names(self) -> list[str]:
        """Return all type names in alphabetical order."""
        return sorted(self._types)

    def describe(self) -> dict[str, NodeInfo]:
        """Return the catalogue by type name."""
        return {
            name: entry.cls.describe(name, entry.source)
            for name, entry in sorted(self._types.items())
        }

    def unavailable(self) -> dict[str, UnavailableNode]:
        """Return the types that the installed version of torch lacks, by type name."""
        return dict(sorted(self._unavailable.items()))

    def diagnostics(self) -> list[Diagnostic]:
        """Return what is wrong with node files that failed, in the order of their paths."""
        return [found for _, found in sorted(self._diagnostics.items())]

    def load_package(self, root: Path) -> None:
        """Import every node file of the package `visdl.nodes`, including any that a user added."""
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if path.name == "__init__.py" or parts[0] == _CONTRACT:
                continue
            source = "built-in" if len(parts) > 1 else path.name
            self._load(
                path, source, partial(importlib.import_module, ".".join(("visdl.nodes", *parts)))
            )

    def load_folder(self, folder: Path | None) -> None:
        """Import the custom node files of a folder. A file that fails disables only itself."""
        if folder is None or not folder.is_dir():
            return
        for path in sorted(folder.glob("*.py")):
            if path.name != "__init__.py":
                self._load(path.resolve(), path.name, partial(_import_file, path))

    def _add(self, type_name: str, node_class: type[BaseNode], source: str, sha256: str) -> None:
        taken = self._types.get(type_name)
        if taken:
            raise ValueError(
                f"the node type {type_name!r} is already defined ({taken.source}); "
                "choose another name"
            )
        if not (isinstance(node_class, type) and issubclass(node_class, BaseNode)):
            raise TypeError(f"{type_name!r} must be a class that derives from BaseNode")
        reason = missing_torch(type_name, node_class.REQUIRES_TORCH)
        if reason:
            self._unavailable[type_name] = UnavailableNode(
                type=type_name,
                display_name=node_class.DISPLAY_NAME or type_name,
                category=node_class.CATEGORY,
                reason=reason,
            )
            return
        _check_description(type_name, node_class)
        self._types[type_name] = _Entry(node_class, source, sha256)

    def _load(self, path: Path, source: str, load: Callable[[], ModuleType]) -> None:
        if path in self._loaded:
            return
        self._loaded.add(path)
        before = {*self._types, *self._unavailable}
        try:
            sha256 = "" if source == "built-in" else hashlib.sha256(path.read_bytes()).hexdigest()
            with _loading(_NodeFile(self, source, sha256)):
                load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit: a file may raise anything
            # a file is loaded completely or not at all
            for name in {*self._types, *self._unavailable} - before:
                self._types.pop(name, None)
                self._unavailable.pop(name, None)
            found = _diagnostic(path, error)
            self._diagnostics[path] = found
            log.warning("Node file %s, line %s: %s", found.file, found.line, found.message)


@dataclass(frozen=True)
class _NodeFile:
    """A file that is being imported, and the registry that loads it."""

    registry: Registry
    source: str = "built-in"
    sha256: str = ""


_file: ContextVar[_NodeFile | None] = ContextVar("node_file", default=None)

#: The registry of this process. Custom node files register with it by this name.
NodeRegistry = Registry()


@contextlib.contextmanager
def _loading(file: _NodeFile) -> Iterator[None]:
    token = _file.set(file)
    try:
        yield
    finally:
        _file.reset(token)


def _import_file(path: Path) -> ModuleType:
    name = f"visdl_custom_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _check_description(type_name: str, node_class: type[BaseNode]) -> None:
    """Raise TypeError for a class that does not describe itself, at its own line."""
    if inspect.isabstract(node_class):
        missing = sorted(getattr(node_class, "__abstractmethods__", ()))
        raise TypeError(f"{type_name!r} must define {' and '.join(missing)}")
    _check_constructor(type_name, node_class)
    inputs, returned = node_class.INPUT_TYPES(), node_class.RETURN_TYPES()
    if not (isinstance(inputs, dict) and all(map(_is_input, inputs.items()))):
        raise TypeError(f"INPUT_TYPES of {type_name!r} must return a dict of InputSpec by name")
    if not (
        isinstance(returned, list | tuple)
        and all(isinstance(spec, OutputSpec) for spec in returned)
    ):
        raise TypeError(f"RETURN_TYPES of {type_name!r} must return a list of OutputSpec")
    if node_class.ELEMENTWISE and len(returned) != 1:
        raise TypeError(f"{type_name!r} is ELEMENTWISE, so it must have exactly one output")
    info = node_class.describe(type_name)
    info.model_dump_json()
    outputs = [output.name for output in info.outputs]
    if len(set(outputs)) != len(outputs):
        raise TypeError(f"{type_name!r} has two outputs of one name: {', '.join(outputs)}")
    for name, spec in node_class.parameters().items():
        if spec.default is None or spec.default == "":
            continue
        problem = spec.why_not(spec.default)
        if problem:
            raise TypeError(f"the default of {type_name}.{name} {problem}")


def _check_constructor(type_name: str, node_class: type[BaseNode]) -> None:
    try:
        inspect.signature(node_class).bind()
    except TypeError as error:
        raise TypeError(
            f"{type_name!r} must be made without arguments; declare parameters with Param ({error})"
        ) from error


def _is_input(item: tuple[object, object]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], InputSpec)


def _diagnostic(path: Path, error: BaseException) -> Diagnostic:
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).resolve() == path:
            line = frame.lineno
    reason = (
        error.msg
        if isinstance(error, SyntaxError)
        else str(traceback.TracebackException.from_exception(error))
    )
    message = f"{type(error).__name__}: {reason}"
    return Diagnostic(code="node_file", message=message, file=path.name, line=line)
