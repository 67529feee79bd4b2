"""The gallery of starters: graph files that come with VisDL, and the data that they train on."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from visdl.datasets.importer import import_csv
from visdl.datasets.samples import SAMPLES
from visdl.models.catalogue import Starter
from visdl.models.errors import NotFoundError
from visdl.models.graph import Graph, StoredGraph
from visdl.models.ids import new_id
from visdl.store import Store
from visdl.store.data_dir import STAGE

FOLDER = Path(__file__).parent


class Starters:
    """The starters of the gallery.

    Each file holds `order`, `description`, `task`, `parameters`, `data` (the tables to generate)
    and `graph`.
    """

    def __init__(self, store: Store, data_dir: Path, max_columns: int) -> None:
        self._store = store
        self._data_dir = data_dir
        self._max_columns = max_columns

    def list_starters(self) -> list[Starter]:
        """Return the starters in the order of the gallery."""
        return [
            self._describe(name) for name in sorted(_names(), key=lambda name: _read(name)["order"])
        ]

    def open_starter(self, name: str) -> StoredGraph:
        """Store a starter as a new graph, and its data unless a dataset has that name.

        Raises NotFoundError.
        """
        if name not in _names():
            hint = f"The starters: {', '.join(_names())}."
            raise NotFoundError(f"There is no starter '{name[:100]}'.", hint=hint)
        for table in _read(name)["data"]:
            self._add_dataset(table)
        return self._store.create_graph(starter_graph(name))

    def _add_dataset(self, table: str) -> None:
        if any(record.name == table for record in self._store.datasets()) or table not in SAMPLES:
            return
        dataset_id = new_id()
        with tempfile.TemporaryDirectory(prefix=STAGE, dir=self._data_dir) as folder:
            path = Path(folder) / table
            SAMPLES[table](path)
            target = self._data_dir / "datasets" / dataset_id
            record = import_csv(
                path, target, dataset_id=dataset_id, name=table, max_columns=self._max_columns
            )
        self._store.add_dataset(record)

    def _describe(self, name: str) -> Starter:
        file, graph = _read(name), starter_graph(name)
        return Starter(
            id=name,
            name=graph.name,
            description=file["description"],
            task=file["task"],
            nodes=len(graph.nodes) + sum(len(block.nodes) for block in graph.blocks.values()),
            parameters=file["parameters"],
        )


def starter_graph(name: str) -> Graph:
    """Return the graph of a starter."""
    return Graph.model_validate(_read(name)["graph"])


def _names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def _read(name: str) -> dict[str, Any]:
    file: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_bytes())
    return file
