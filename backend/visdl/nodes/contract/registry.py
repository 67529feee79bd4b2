"""The node types there are, and the node files that could not be used."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import logging
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import ClassVar, TypeVar

from visdl.models.schemas import NodeFileProblem, NodeInfo
from visdl.nodes.contract.base import BaseNode
from visdl.nodes.contract.specs import InputSpec, OutputSpec

log = logging.getLogger(__name__)
NodeClass = TypeVar("NodeClass", bound=type[BaseNode])
_CONTRACT = "contract"  # the folder of `visdl.nodes` that holds no node files


@dataclass(frozen=True)
class _Entry:
    cls: type[BaseNode]
    source: str  # "built-in", or the custom file's name
    sha256: str  # of a custom file


class NodeRegistry:
    """One registry per process: node files register themselves when they are imported."""

    _types: ClassVar[dict[str, _Entry]] = {}
    _problems: ClassVar[dict[Path, NodeFileProblem]] = {}
    _loaded: ClassVar[set[Path]] = set()
    _loading: ClassVar[str] = "built-in"
    _sha256: ClassVar[str] = ""

    @classmethod
    def register(cls, type_name: str) -> Callable[[NodeClass], NodeClass]:
        """Class decorator: make a node type known by this name.

        Raises ValueError when the name is taken, and TypeError when the class does not describe itself.
        """
        if not (isinstance(type_name, str) and type_name):
            raise TypeError('a node type needs a name: @NodeRegistry.register("MyNode")')

        def add(node_class: NodeClass) -> NodeClass:
            taken = cls._types.get(type_name)
            if taken:
                raise ValueError(
                    f"the node type {type_name!r} is already defined ({taken.source}); choose another name"
                )
            if not (isinstance(node_class, type) and issubclass(node_class, BaseNode)):
                raise TypeError(f"{type_name!r} must be a class that derives from BaseNode")
            _check_description(type_name, node_class)
            cls._types[type_name] = _Entry(node_class, cls._loading, cls._sha256)
            return node_class

        return add

    @classmethod
    def find(cls, type_name: str) -> type[BaseNode] | None:
        entry = cls._types.get(type_name)
        return entry.cls if entry else None

    @classmethod
    def get(cls, type_name: str) -> type[BaseNode]:
        """The class of this type; KeyError when there is none."""
        return cls._types[type_name].cls

    @classmethod
    def code_hashes(cls, types: Iterable[str]) -> dict[str, str]:
        """By type, the SHA-256 of the file that defines it, for those of these types that are custom."""
        found = {name: cls._types[name].sha256 for name in sorted(set(types)) if name in cls._types}
        return {name: sha256 for name, sha256 in found.items() if sha256}

    @classmethod
    def names(cls) -> list[str]:
        return sorted(cls._types)

    @classmethod
    def describe(cls) -> dict[str, NodeInfo]:
        """The catalogue, by type name."""
        return {
            name: entry.cls.describe(name, entry.source)
            for name, entry in sorted(cls._types.items())
        }

    @classmethod
    def problems(cls) -> list[NodeFileProblem]:
        return [problem for _, problem in sorted(cls._problems.items())]

    @classmethod
    def load_package(cls, root: Path) -> None:
        """Import every node file of the package `visdl.nodes`, also one that a user dropped into it."""
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if path.name == "__init__.py" or parts[0] == _CONTRACT:
                continue
            source = "built-in" if len(parts) > 1 else path.name
            cls._load(
                path, source, partial(importlib.import_module, ".".join(("visdl.nodes", *parts)))
            )

    @classmethod
    def load_folder(cls, folder: Path | None) -> None:
        """Import the custom node files of a folder; one that fails disables only itself."""
        if folder is None or not folder.is_dir():
            return
        for path in sorted(folder.glob("*.py")):
            if path.name != "__init__.py":
                cls._load(path.resolve(), path.name, partial(_import_file, path))

    @classmethod
    def _load(cls, path: Path, source: str, load: Callable[[], ModuleType]) -> None:
        if path in cls._loaded:
            return
        before = set(cls._types)
        cls._loading = source
        try:
            cls._sha256 = (
                "" if source == "built-in" else hashlib.sha256(path.read_bytes()).hexdigest()
            )
            load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit: whatever a file may raise
            for name in set(cls._types) - before:  # a file counts as a whole
                del cls._types[name]
            problem = _problem(path, error)
            cls._problems[path] = problem
            log.warning("Node file %s, line %s: %s", problem.file, problem.line, problem.message)
        finally:
            cls._loading, cls._sha256 = "built-in", ""
            cls._loaded.add(path)


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
    """A class that cannot describe itself must fail at its own line, not when the palette is asked for."""
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
    info = node_class.describe(type_name)
    info.model_dump_json()
    outputs = [output.name for output in info.outputs]
    if len(set(outputs)) != len(outputs):
        raise TypeError(f"{type_name!r} has two outputs of one name: {', '.join(outputs)}")
    for name, spec in node_class.parameters().items():
        if spec.default is None or spec.default == "":
            continue
        problem = spec.problem(spec.default)
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


def _problem(path: Path, error: BaseException) -> NodeFileProblem:
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).resolve() == path:
            line = frame.lineno
    reason = (
        error.msg
        if isinstance(error, SyntaxError)
        else str(traceback.TracebackException.from_exception(error))
    )
    return NodeFileProblem(file=path.name, line=line, message=f"{type(error).__name__}: {reason}")
