"""The custom node files in a worker process: those that the server has loaded, and no others."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from visdl.models.errors import RunError
from visdl.models.graph import Graph
from visdl.nodes.contract.node_files.checks import AcceptOnly
from visdl.nodes.contract.registry import NodeRegistry, Registry
from visdl.worker.protocol import NodeFolder

_HINT = "Repair the file, then restart VisDL."


def load_node_files(folder: NodeFolder | None) -> None:
    """Import the files of the folder that this process does not have yet."""
    if folder is not None:
        path = None if folder.path is None else Path(folder.path)
        NodeRegistry.load_folder(path, AcceptOnly(folder.hashes))


@contextlib.contextmanager
def import_limit(
    folder: NodeFolder | None, graph: str, report: Callable[[RunError], None]
) -> Iterator[None]:
    """Call `report`, in another thread, if the imports inside take longer than a file may.

    The error is at the first node of a graph (JSON) of which the type is not loaded yet.
    """
    if folder is None:
        yield
        return

    def give_up() -> None:
        file = NodeRegistry.importing or "a node file"
        message = f"The import of {file} did not end within {folder.seconds:g} seconds."
        nodes = Graph.model_validate_json(graph).nodes
        missing = (node.id for node in nodes if NodeRegistry.find(node.type) is None)
        report(RunError(message, hint=_HINT, node=next(missing, None), code="node_file"))

    timer = threading.Timer(folder.seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def check_types(graph: Graph, registry: Registry) -> None:
    """Raise RunError for a node of a type that this process does not have."""
    for node in graph.nodes:
        if registry.find(node.type) is None:
            reasons = [f"{found.file}: {found.message}" for found in registry.diagnostics()[:3]]
            message = f"The worker process has no node type {node.type!r}. {' '.join(reasons)}"
            raise RunError(message.strip(), hint=_HINT, node=node.id, code="node_file")
