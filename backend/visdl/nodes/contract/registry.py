"""The registry of node types, and the node files that failed."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import logging
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from visdl.models.catalogue import NodeInfo, UnavailableNode
from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.base import BaseNode, missing_torch
from visdl.nodes.contract.node_files.checks import Check, accept_all
from visdl.nodes.contract.node_files.importing import execute_file
from visdl.nodes.contract.node_files.process_state import restored_state
from visdl.nodes.contract.node_files.reading import NodeFile, diagnose, read_files
from visdl.nodes.contract.specs import InputSpec, OutputSpec

log = logging.getLogger(__name__)
NodeClass = TypeVar("NodeClass", bound=type[BaseNode])
_MOST_DESCRIPTION = 2**20  # bytes, as the page reads it
_CONTRACT = "contract"  # the folder of `visdl.nodes` that holds no node files


@dataclass(frozen=True)
class _Entry:
    cls: type[BaseNode]
    source: str  # "built-in", or the custom file's name
    sha256: str  # of a custom file
    info: NodeInfo  # as it was when the type was registered: its code may return another later


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
        self._sources: dict[str, list[str]] = {}
        self.importing = ""  # name of the custom file that is being imported

    def copy(self) -> Registry:
        """Return a registry with the same types and no diagnostics; both change independently."""
        other = Registry()
        other._types = self._types.copy()
        other._unavailable = self._unavailable.copy()
        other._loaded = self._loaded.copy()
        other._sources = self._sources.copy()
        return other

    def register(self, type_name: str) -> Callable[[NodeClass], NodeClass]:
        """Return a class decorator that registers a node type under this name.

        Raises TypeError if the name is not a text or the class does not describe itself, and
        ValueError if the name is taken.
        """
        if not (isinstance(type_name, str) and type_name):
            raise TypeError('a node type needs a name: @NodeRegistry.register("MyNode")')

        def add_type(node_class: NodeClass) -> NodeClass:
            file = _file.get() or _Origin(self)
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
        return {name: entry.info for name, entry in sorted(self._types.items())}

    def unavailable(self) -> dict[str, UnavailableNode]:
        """Return the types that the installed version of torch lacks, by type name."""
        return dict(sorted(self._unavailable.items()))

    def diagnostics(self) -> list[Diagnostic]:
        """Return what is wrong with node files that failed, in the order of their paths."""
        return [found for _, found in sorted(self._diagnostics.items())]

    def loaded_files(self) -> dict[str, list[str]]:
        """Return the hash of each custom file that is loaded, and the files of its modules."""
        return self._sources

    def load_package(self, root: Path, check: Check = accept_all) -> None:
        """Import every node file of the package `visdl.nodes`, including any that a user added."""
        added = []
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if path.name == "__init__.py" or parts[0] == _CONTRACT or path in self._loaded:
                continue
            if len(parts) == 1:
                added.append(path)
                continue
            self._loaded.add(path)
            with self._all_or_nothing(path), _loading(_Origin(self)):
                importlib.import_module(".".join(("visdl.nodes", *parts)))
        self._load_files(added, "visdl.nodes.", check)

    def load_folder(self, folder: Path | None, check: Check = accept_all) -> None:
        """Import the custom node files of a folder. A file that fails disables only itself.

        `check` returns why files are not imported.
        """
        if folder is None or not folder.is_dir():
            return
        paths = [path.absolute() for path in sorted(folder.glob("*.py"))]
        self._load_files(
            [path for path in paths if path.name != "__init__.py"], "visdl_custom_", check
        )

    def _load_files(self, paths: Sequence[Path], prefix: str, check: Check) -> None:
        files, refused = read_files(paths, self._loaded, prefix)
        if files:
            refused.update(check(files, self._import_file, self._all_types))
        for path, found in refused.items():
            self._note(path, found)
        self._loaded.update(paths)
        for file in files:
            if file.path not in refused:
                with self._all_or_nothing(file.path):
                    before = set(sys.modules)
                    self._import_file(file)
                    self._sources[file.sha256] = _files_of(set(sys.modules) - before)

    def _all_types(self) -> dict[str, object]:
        """Return the entries by type name, here and in the registry of the process."""
        names = {**NodeRegistry._types, **self._types}
        return {name: (self._types.get(name), NodeRegistry._types.get(name)) for name in names}

    def _import_file(self, file: NodeFile) -> None:
        """Import a custom file. Raises what it raises."""
        self.importing = file.name
        with _loading(_Origin(self, file.name, file.sha256)), restored_state() as changed:
            execute_file(file)
        self.importing = ""
        if changed:
            log.warning(
                "Node file %s changed %s while it was imported; that is undone.",
                file.name,
                ", ".join(changed),
            )

    @contextlib.contextmanager
    def _all_or_nothing(self, path: Path) -> Iterator[None]:
        """Note what a file raises, and forget its types then."""
        before = {*self._types, *self._unavailable}
        try:
            yield
        except BaseException as error:  # also SystemExit: a file may raise anything
            for name in {*self._types, *self._unavailable} - before:
                self._types.pop(name, None)
                self._unavailable.pop(name, None)
            self._note(path, diagnose(path, error))
            if isinstance(error, KeyboardInterrupt) and _can_be_interrupted():
                raise

    def _note(self, path: Path, found: Diagnostic) -> None:
        self._diagnostics[path] = found
        log.warning("Node file %s, line %s: %s", found.file, found.line, found.message)

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
        info = _checked_description(type_name, node_class, source)
        self._types[type_name] = _Entry(node_class, source, sha256, info)


@dataclass(frozen=True)
class _Origin:
    """The file that is being imported, and the registry that loads it."""

    registry: Registry
    source: str = "built-in"
    sha256: str = ""


_file: ContextVar[_Origin | None] = ContextVar("node_file", default=None)

#: The registry of this process. Custom node files register with it by this name.
NodeRegistry = Registry()


@contextlib.contextmanager
def _loading(origin: _Origin) -> Iterator[None]:
    token = _file.set(origin)
    try:
        yield
    finally:
        _file.reset(token)


def _files_of(modules: Iterable[str]) -> list[str]:
    """Return the files of modules, besides those of custom node files."""
    files = {
        getattr(sys.modules.get(name), "__dict__", {}).get("__file__")
        for name in modules
        if not name.startswith("visdl_custom_")
    }
    return sorted(file for file in files if isinstance(file, str))


def _can_be_interrupted() -> bool:
    """Return whether Ctrl C raises KeyboardInterrupt here; a file may raise it, too."""
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _checked_description(type_name: str, node_class: type[BaseNode], source: str) -> NodeInfo:
    """Return the description. Raises TypeError for a class without one, at its own line."""
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
    info = node_class.describe(type_name, source)
    size = len(info.model_dump_json())
    if size > _MOST_DESCRIPTION:
        text = f"{size / 2**20:,.1f} MB; 1 MB is the most"
        raise TypeError(f"{type_name!r} describes itself in {text}")
    outputs = [output.name for output in info.outputs]
    if len(set(outputs)) != len(outputs):
        raise TypeError(f"{type_name!r} has two outputs of one name: {', '.join(outputs)}")
    for name, spec in node_class.parameters().items():
        if spec.default is None or spec.default == "":
            continue
        problem = spec.why_not(spec.default)
        if problem:
            raise TypeError(f"the default of {type_name}.{name} {problem}")
    return info


def _check_constructor(type_name: str, node_class: type[BaseNode]) -> None:
    try:
        inspect.signature(node_class).bind()
    except TypeError as error:
        raise TypeError(
            f"{type_name!r} must be made without arguments; declare parameters with Param ({error})"
        ) from error


def _is_input(item: tuple[object, object]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], InputSpec)
