"""Stored graphs: numbered versions that never change, and one draft beside them."""

from __future__ import annotations

import sqlite3
import time

from visdl.engine.store.database import Database
from visdl.models.errors import NotFoundError, StaleError
from visdl.models.graph import Graph, GraphSummary, GraphVersion, StoredGraph
from visdl.models.ids import new_id


class GraphTable:
    _db: Database

    def create_graph(self, graph: Graph) -> StoredGraph:
        graph_id, now, document = new_id(), time.time(), graph.model_dump_json()

        def work(db: sqlite3.Connection) -> None:
            values = (graph_id, graph.name, len(graph.nodes), now, now)
            db.execute("INSERT INTO graphs VALUES (?, 1, ?, ?, ?, ?, NULL, 1)", values)
            _add_version(db, graph_id, 1, graph.name, now, document)

        self._db.write(work)
        return self.graph(graph_id)

    def graphs(self) -> list[GraphSummary]:
        """All graphs, the one changed last first."""
        rows = self._db.read("SELECT *, draft IS NOT NULL AS has_draft FROM graphs ORDER BY updated DESC, rowid DESC")
        return [_summary(row) for row in rows]

    def graph(self, graph_id: str) -> StoredGraph:
        """The newest version, and the draft. Raises NotFoundError."""
        rows = self._db.read(
            "SELECT g.*, draft IS NOT NULL AS has_draft, document FROM graphs g"
            " JOIN graph_versions v ON v.graph = g.id AND v.version = g.version WHERE id = ?",
            (graph_id,),
        )
        if not rows:
            raise _missing(graph_id)
        row = rows[0]
        draft = Graph.model_validate_json(row["draft"]) if row["draft"] else None
        document = Graph.model_validate_json(row["document"])
        return StoredGraph(**_summary(row).model_dump(), graph=document, draft=draft)

    def graph_version(self, graph_id: str, version: int) -> Graph:
        rows = self._db.read("SELECT document FROM graph_versions WHERE graph = ? AND version = ?", (graph_id, version))
        if not rows:
            raise NotFoundError(f"There is no version {version} of the graph '{graph_id}'.")
        return Graph.model_validate_json(rows[0]["document"])

    def graph_versions(self, graph_id: str) -> list[GraphVersion]:
        """All versions, the newest first."""
        rows = self._db.read(
            "SELECT version, name, created FROM graph_versions WHERE graph = ? ORDER BY version DESC", (graph_id,)
        )
        if not rows:
            raise _missing(graph_id)
        return [GraphVersion(version=row["version"], name=row["name"], created=row["created"]) for row in rows]

    def replace_graph(self, graph_id: str, graph: Graph, version: int) -> StoredGraph:
        """Save a new version on top of `version`; raises StaleError when that is no longer the newest."""
        now, document = time.time(), graph.model_dump_json()

        def work(db: sqlite3.Connection) -> None:
            newest = db.execute("SELECT version FROM graphs WHERE id = ?", (graph_id,)).fetchone()
            if newest is None:
                raise _missing(graph_id)
            if newest["version"] != version:
                message = (
                    f"'{graph.name}' was saved elsewhere: version {newest['version']} is newer than yours ({version})."
                )
                raise StaleError(message, hint="Load the newer version, or save yours as a copy.")
            values = (version + 1, graph.name, len(graph.nodes), now, graph_id)
            db.execute(
                "UPDATE graphs SET version = ?, name = ?, nodes = ?, updated = ?, draft = NULL, revision = revision + 1"
                " WHERE id = ?",
                values,
            )
            _add_version(db, graph_id, version + 1, graph.name, now, document)

        self._db.write(work)
        return self.graph(graph_id)

    def save_draft(self, graph_id: str, graph: Graph, base: int | None = None) -> int:
        """Keep unsaved work; makes no version. Returns the graph's new revision.

        Raises StaleError when the graph has changed since the revision `base`, unless to this very draft.
        """
        document = graph.model_dump_json()

        def work(db: sqlite3.Connection) -> int:
            row = db.execute("SELECT revision, draft FROM graphs WHERE id = ?", (graph_id,)).fetchone()
            if row is None:
                raise _missing(graph_id)
            if base is not None and row["revision"] != base and row["draft"] != document:
                message = f"'{graph.name}' was changed elsewhere since you opened it."
                raise StaleError(message, hint="Load the newer one, or save yours as a copy.")
            revision = int(row["revision"]) + 1
            values = (document, time.time(), revision, graph_id)
            db.execute("UPDATE graphs SET draft = ?, updated = ?, revision = ? WHERE id = ?", values)
            return revision

        return self._db.write(work)

    def delete_graph(self, graph_id: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            if not db.execute("DELETE FROM graphs WHERE id = ?", (graph_id,)).rowcount:
                raise _missing(graph_id)

        self._db.write(work)


def _add_version(db: sqlite3.Connection, graph_id: str, version: int, name: str, now: float, document: str) -> None:
    db.execute("INSERT INTO graph_versions VALUES (?, ?, ?, ?, ?)", (graph_id, version, name, now, document))


def _missing(graph_id: str) -> NotFoundError:
    return NotFoundError(f"There is no graph '{graph_id}'.", hint="It may have been deleted.")


def _summary(row: sqlite3.Row) -> GraphSummary:
    return GraphSummary(
        id=row["id"],
        name=row["name"],
        version=row["version"],
        nodes=row["nodes"],
        revision=row["revision"],
        has_draft=bool(row["has_draft"]),
        created=row["created"],
        updated=row["updated"],
    )
