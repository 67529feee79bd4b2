"""Stored graphs: numbered versions that never change, and at most one draft.

A deleted graph can be restored for `KEEP_DELETED` seconds.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Literal

from pydantic import ValidationError

from visdl.models.errors import ConflictError, NotFoundError, StaleError
from visdl.models.graph import Graph, GraphSummary, GraphVersion, StoredGraph
from visdl.models.ids import new_id
from visdl.store.database import Database

#: How long a deleted graph can be restored, in seconds.
KEEP_DELETED = 30 * 86_400.0
_NEWEST = (
    "SELECT g.*, draft IS NOT NULL AS has_draft, document FROM graphs g"
    " JOIN graph_versions v ON v.graph = g.id AND v.version = g.version"
    " WHERE id = ? AND deleted IS NULL"
)


class GraphTable:
    _db: Database

    def create_graph(self, graph: Graph) -> StoredGraph:
        graph_id, now, document = new_id(), time.time(), graph.model_dump_json()

        def work(db: sqlite3.Connection) -> StoredGraph:
            values = (graph_id, graph.name, len(graph.nodes), now, now)
            db.execute(
                "INSERT INTO graphs (id, version, name, nodes, created, updated)"
                " VALUES (?, 1, ?, ?, ?, ?)",
                values,
            )
            _add_version(
                db, graph_id, GraphVersion(version=1, name=graph.name, created=now), document
            )
            return _stored(db.execute(_NEWEST, (graph_id,)).fetchall(), graph_id)

        return self._db.write(work)

    def graphs(self, *, deleted: bool = False) -> list[GraphSummary]:
        """Return all graphs, or the deleted ones; the last changed first."""
        rows = self._db.read(
            "SELECT *, draft IS NOT NULL AS has_draft FROM graphs WHERE (deleted IS NOT NULL) = ?"
            " ORDER BY coalesce(deleted, updated) DESC, rowid DESC",
            (deleted,),
        )
        return [_summary(row) for row in rows]

    def graph(self, graph_id: str) -> StoredGraph:
        """Return the newest version, and the draft.

        Raises NotFoundError, and ConflictError for a damaged graph.
        """
        return _stored(self._db.read(_NEWEST, (graph_id,)), graph_id)

    def graph_version(self, graph_id: str, version: int) -> Graph:
        """Return a version. Raises NotFoundError, and ConflictError for a damaged one."""
        rows = self._db.read(
            "SELECT v.name, document FROM graph_versions v JOIN graphs g ON g.id = v.graph"
            " WHERE graph = ? AND v.version = ? AND deleted IS NULL",
            (graph_id, version),
        )
        if not rows:
            raise _no_version(graph_id, version)
        document = _read(rows[0]["document"])
        if document is None:
            raise _damaged(rows[0]["name"], version)
        return document

    def graph_versions(self, graph_id: str) -> list[GraphVersion]:
        """Return all versions, the newest first."""
        rows = self._db.read(
            "SELECT v.version, v.name, v.created, label"
            " FROM graph_versions v JOIN graphs g ON g.id = v.graph"
            " WHERE graph = ? AND deleted IS NULL ORDER BY v.version DESC",
            (graph_id,),
        )
        if not rows:
            raise _missing(graph_id)
        return [GraphVersion(**row) for row in rows]

    def label_version(self, graph_id: str, version: int, label: str) -> GraphVersion:
        """Name or rename a version. Raises NotFoundError."""

        def work(db: sqlite3.Connection) -> GraphVersion:
            _check_there(db, graph_id)
            values = (label, graph_id, version)
            row = db.execute(
                "UPDATE graph_versions SET label = ? WHERE graph = ? AND version = ?"
                " RETURNING version, name, created, label",
                values,
            ).fetchone()
            if row is None:
                raise _no_version(graph_id, version)
            return GraphVersion(**row)

        return self._db.write(work)

    def replace_graph(
        self, graph_id: str, graph: Graph, version: int, label: str = ""
    ) -> StoredGraph:
        """Save a version after `version`, and return it even if another follows at once.

        Raises StaleError if `version` is no longer the newest.
        """
        now, document = time.time(), graph.model_dump_json()

        def work(db: sqlite3.Connection) -> StoredGraph:
            newest = db.execute(
                "SELECT version FROM graphs WHERE id = ? AND deleted IS NULL", (graph_id,)
            ).fetchone()
            if newest is None:
                raise _missing(graph_id)
            if newest["version"] != version:
                message = (
                    f"'{graph.name}' was saved elsewhere: "
                    f"version {newest['version']} is newer than yours ({version})."
                )
                raise StaleError(message, hint="Load the newer version, or save yours as a copy.")
            values = (version + 1, graph.name, len(graph.nodes), now, graph_id)
            db.execute(
                "UPDATE graphs SET version = ?, name = ?, nodes = ?, updated = ?, draft = NULL,"
                " revision = revision + 1 WHERE id = ?",
                values,
            )
            made = GraphVersion(version=version + 1, name=graph.name, created=now, label=label)
            _add_version(db, graph_id, made, document)
            return _stored(db.execute(_NEWEST, (graph_id,)).fetchall(), graph_id)

        return self._db.write(work)

    def save_draft(self, graph_id: str, graph: Graph, base: int | None = None) -> int:
        """Save a draft without creating a version; return the graph's new revision.

        Raises StaleError if the graph has changed since the revision `base`, unless to this draft.
        """
        document = graph.model_dump_json()

        def work(db: sqlite3.Connection) -> int:
            row = db.execute(
                "SELECT revision, draft FROM graphs WHERE id = ? AND deleted IS NULL", (graph_id,)
            ).fetchone()
            if row is None:
                raise _missing(graph_id)
            if base is not None and row["revision"] != base and row["draft"] != document:
                message = f"'{graph.name}' was changed elsewhere since you opened it."
                raise StaleError(message, hint="Load the newer one, or save yours as a copy.")
            revision = int(row["revision"]) + 1
            values = (document, graph.name, len(graph.nodes), time.time(), revision, graph_id)
            db.execute(
                "UPDATE graphs SET draft = ?, name = ?, nodes = ?, updated = ?, revision = ?"
                " WHERE id = ?",
                values,
            )
            return revision

        return self._db.write(work)

    def delete_graph(self, graph_id: str) -> None:
        """Mark a graph as deleted. Raises NotFoundError."""
        now = time.time()

        def work(db: sqlite3.Connection) -> None:
            _check_there(db, graph_id)
            db.execute("UPDATE graphs SET deleted = ? WHERE id = ?", (now, graph_id))

        self._db.write(work)
        self.forget_graphs(now - KEEP_DELETED)

    def restore_graph(self, graph_id: str) -> StoredGraph:
        """Restore a deleted graph. Raises NotFoundError."""

        def work(db: sqlite3.Connection) -> StoredGraph:
            if not db.execute(
                "UPDATE graphs SET deleted = NULL WHERE id = ?", (graph_id,)
            ).rowcount:
                raise _missing(graph_id)
            return _stored(db.execute(_NEWEST, (graph_id,)).fetchall(), graph_id)

        return self._db.write(work)

    def forget_graphs(self, before: float) -> int:
        """Remove for good the graphs that were deleted by then; return how many."""
        return self._db.write(
            lambda db: db.execute("DELETE FROM graphs WHERE deleted <= ?", (before,)).rowcount
        )


def _stored(rows: Sequence[sqlite3.Row], graph_id: str) -> StoredGraph:
    if not rows:
        raise _missing(graph_id)
    row = rows[0]
    document, draft = _read(row["document"]), _read(row["draft"])
    shown = document or draft
    if shown is None:
        raise _damaged(row["name"], row["version"])
    damaged = _damage(document, draft, has_draft=row["draft"] is not None)
    return StoredGraph(**_summary(row).model_dump(), graph=shown, draft=draft, damaged=damaged)


def _read(document: str | None) -> Graph | None:
    """Return a stored document, or None if it cannot be read."""
    if document is None:
        return None
    try:
        return Graph.model_validate_json(document)
    except ValidationError:
        return None


def _damage(
    document: Graph | None, draft: Graph | None, *, has_draft: bool
) -> list[Literal["graph", "draft"]]:
    if document is None:
        return ["graph"]
    return ["draft"] if has_draft and draft is None else []


def _check_there(db: sqlite3.Connection, graph_id: str) -> None:
    if (
        db.execute("SELECT 1 FROM graphs WHERE id = ? AND deleted IS NULL", (graph_id,)).fetchone()
        is None
    ):
        raise _missing(graph_id)


def _add_version(db: sqlite3.Connection, graph_id: str, made: GraphVersion, document: str) -> None:
    values = (graph_id, made.version, made.name, made.created, document, made.label)
    db.execute("INSERT INTO graph_versions VALUES (?, ?, ?, ?, ?, ?)", values)


def _no_version(graph_id: str, version: int) -> NotFoundError:
    return NotFoundError(f"There is no version {version} of graph '{graph_id}'.")


def _damaged(name: str, version: int) -> ConflictError:
    message = f"Version {version} of '{name}' is damaged in the database and cannot be read."
    return ConflictError(message, hint="Earlier versions can still be opened.", code="damaged")


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
        deleted=row["deleted"],
    )
