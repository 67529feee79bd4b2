"""Imports a node file from the content that was read and checked."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from types import CodeType

from visdl.nodes.contract.node_files.reading import NodeFile


class _Loader(SourceFileLoader):
    """Loads a module from the content of a file that was read before."""

    def __init__(self, file: NodeFile) -> None:
        super().__init__(file.module, str(file.path))
        self._data = file.data

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._data, self.path)


def execute_file(file: NodeFile) -> None:
    """Import a node file. Raises what it raises, and leaves no module then."""
    spec = importlib.util.spec_from_file_location(file.module, file.path, loader=_Loader(file))
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.module] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(file.module, None)
        raise
