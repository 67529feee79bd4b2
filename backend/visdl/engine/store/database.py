"""SQLite in WAL mode: one writer thread that joins waiting writes into one transaction, readers beside it."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

_BATCH = 500  # most writes in one transaction
MIGRATIONS = [
    """
    CREATE TABLE flags (key TEXT PRIMARY KEY) WITHOUT ROWID;

    CREATE TABLE datasets (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, record TEXT NOT NULL);
    CREATE INDEX datasets_by_name ON datasets (name, created);

    CREATE TABLE graphs (
        id TEXT PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL, nodes INTEGER NOT NULL,
        created REAL NOT NULL, updated REAL NOT NULL, draft TEXT, revision INTEGER NOT NULL DEFAULT 1
    );
    CREATE TABLE graph_versions (
        graph TEXT NOT NULL REFERENCES graphs ON DELETE CASCADE, version INTEGER NOT NULL, name TEXT NOT NULL,
        created REAL NOT NULL, document TEXT NOT NULL, PRIMARY KEY (graph, version)
    );

    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
        created REAL NOT NULL, seq INTEGER NOT NULL DEFAULT 0, search TEXT NOT NULL, record TEXT NOT NULL,
        graph TEXT NOT NULL
    );
    CREATE INDEX runs_by_state ON runs (state, created);
    CREATE INDEX runs_by_time ON runs (created);
    CREATE TABLE run_datasets (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, dataset TEXT NOT NULL, PRIMARY KEY (run, dataset)
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_dataset ON run_datasets (dataset);

    CREATE TABLE events (
        cursor INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        seq INTEGER NOT NULL, time REAL NOT NULL, body TEXT NOT NULL, UNIQUE (run, seq)
    );
    CREATE TABLE points (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, key TEXT NOT NULL, seq INTEGER NOT NULL,
        body BLOB NOT NULL, UNIQUE (run, key, seq)
    );
    CREATE INDEX points_by_seq ON points (run, seq);
    """,
    """
    CREATE TABLE blocks (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, block TEXT NOT NULL, blocks TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE runs ADD COLUMN rank REAL NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN graph_id TEXT;
    UPDATE runs SET graph_id = json_extract(record, '$.graph_id');
    CREATE INDEX runs_by_graph ON runs (graph_id, created);
    CREATE TABLE run_tags (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, tag TEXT NOT NULL, PRIMARY KEY (run, tag)
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_tag ON run_tags (tag);
    INSERT OR IGNORE INTO run_tags SELECT runs.number, tags.value FROM runs, json_each(runs.record, '$.tags') AS tags;
    """,
]


class StoreError(Exception):
    """The database cannot be used: a newer VisDL wrote it, it is damaged, or it is closed."""


class Database:
    """One database file. `write` runs a closure on the writer thread, `read` on the caller's own connection."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises StoreError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._queue: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._door = threading.Lock()  # nothing enters the queue behind the mark that ends it
        self._closed = False
        writer = self._open()
        self._thread = threading.Thread(target=self._run, args=(writer,), name="store writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction; returns its value when it is committed, raises what it raises."""
        answer: Future[T] = Future()
        with self._door:
            if self._closed:
                raise StoreError("The database is closed: the server is shutting down.")
            self._queue.put((work, answer))
        return answer.result()

    def read(self, sql: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Rows of a query, from a snapshot that no writer delays."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            self._readers.append(connection)
        rows: list[sqlite3.Row] = connection.execute(sql, values).fetchall()
        return rows

    def close(self) -> None:
        """Finish what is queued and close every connection."""
        with self._door:
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        for connection in self._readers:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        """The writer's connection, to a database of this version."""
        try:
            connection = self._connect()
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self._path} cannot be opened ({error}). Restore it from a copy, or set VISDL_DATA_DIR."
            ) from error
        try:
            _migrate(connection, self._path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.executescript(
            # NORMAL: a commit survives the death of the process; FULL would add an fsync for a power cut
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        )
        return connection

    def _run(self, connection: sqlite3.Connection) -> None:
        closing = False
        while not closing:
            batch = [self._queue.get()]
            while not self._queue.empty() and len(batch) < _BATCH:
                batch.append(self._queue.get())
            closing = None in batch
            self._commit(connection, [item for item in batch if item is not None])
        connection.close()

    def _commit(self, connection: sqlite3.Connection, batch: list[tuple[Work, Future[Any]]]) -> None:
        """One transaction for all; a savepoint each, so that one that fails undoes nothing of the others."""
        done: list[tuple[Future[Any], Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, answer in batch:
                connection.execute("SAVEPOINT one")
                try:
                    done.append((answer, work(connection)))
                except Exception as error:  # given to the caller
                    connection.execute("ROLLBACK TO one")
                    answer.set_exception(error)
                connection.execute("RELEASE one")
            connection.execute("COMMIT")
        except sqlite3.Error as error:  # a full disk, say: nothing of this batch is stored
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer, value in done:
            answer.set_result(value)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring an older database to this version, one step at a time. Raises StoreError for a newer one."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"A newer VisDL wrote {path} (schema {version}; this one knows {len(MIGRATIONS)}). "
            "Install the newer one, or set VISDL_DATA_DIR to another folder."
        )
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
