"""SQLite in WAL mode: one writer thread that batches waiting writes, and concurrent readers."""

from __future__ import annotations

import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

_BATCH = 500  # most writes in one transaction
MIGRATIONS = [
    """
    CREATE TABLE flags (key TEXT PRIMARY KEY) WITHOUT ROWID;

    CREATE TABLE datasets (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL,
        record TEXT NOT NULL);
    CREATE INDEX datasets_by_name ON datasets (name, created);

    CREATE TABLE graphs (
        id TEXT PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL, nodes INTEGER NOT NULL,
        created REAL NOT NULL, updated REAL NOT NULL, draft TEXT,
        revision INTEGER NOT NULL DEFAULT 1
    );
    CREATE TABLE graph_versions (
        graph TEXT NOT NULL REFERENCES graphs ON DELETE CASCADE, version INTEGER NOT NULL,
        name TEXT NOT NULL,
        created REAL NOT NULL, document TEXT NOT NULL, PRIMARY KEY (graph, version)
    );

    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
        created REAL NOT NULL, seq INTEGER NOT NULL DEFAULT 0, search TEXT NOT NULL,
        record TEXT NOT NULL,
        graph TEXT NOT NULL
    );
    CREATE INDEX runs_by_state ON runs (state, created);
    CREATE INDEX runs_by_time ON runs (created);
    CREATE TABLE run_datasets (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, dataset TEXT NOT NULL,
        PRIMARY KEY (run, dataset)
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_dataset ON run_datasets (dataset);

    CREATE TABLE events (
        cursor INTEGER PRIMARY KEY AUTOINCREMENT,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        seq INTEGER NOT NULL, time REAL NOT NULL, body TEXT NOT NULL, UNIQUE (run, seq)
    );
    CREATE TABLE points (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, key TEXT NOT NULL,
        seq INTEGER NOT NULL,
        body BLOB NOT NULL, UNIQUE (run, key, seq)
    );
    CREATE INDEX points_by_seq ON points (run, seq);
    """,
    """
    CREATE TABLE blocks (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, block TEXT NOT NULL,
        blocks TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE runs ADD COLUMN rank REAL NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN graph_id TEXT;
    UPDATE runs SET graph_id = json_extract(record, '$.graph_id');
    CREATE INDEX runs_by_graph ON runs (graph_id, created);
    CREATE TABLE run_tags (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, tag TEXT NOT NULL,
        PRIMARY KEY (run, tag)
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_tag ON run_tags (tag);
    INSERT OR IGNORE INTO run_tags
        SELECT runs.number, tags.value FROM runs, json_each(runs.record, '$.tags') AS tags;
    """,
    """
    CREATE INDEX events_told ON events (run, seq) -- words: ok
        WHERE json_extract(body, '$.type') NOT IN ('progress', 'metrics');
    """,
    # what lists are filtered and sorted by, in one index: rows are long, for they hold the graph
    """
    ALTER TABLE runs ADD COLUMN name TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN graph_name TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN seed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN parameters INTEGER;
    ALTER TABLE runs ADD COLUMN duration REAL;
    ALTER TABLE runs ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
    UPDATE runs SET
        name = json_extract(record, '$.name'), graph_name = json_extract(record, '$.graph_name'),
        seed = json_extract(record, '$.seed'), parameters = json_extract(record, '$.parameters'),
        duration = json_extract(record, '$.duration'),
        epoch = json_extract(record, '$.progress.epoch');
    CREATE INDEX runs_listed ON runs (
        number, id, state, starred, graph_id, graph_name, name, seed, parameters, duration,
        epoch, search
    );
    CREATE TABLE run_metrics (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, key TEXT NOT NULL, last REAL,
        PRIMARY KEY (run, key)
    ) WITHOUT ROWID;
    INSERT INTO run_metrics SELECT runs.number, metric.key, json_extract(metric.value, '$.last')
        FROM runs, json_each(runs.record, '$.metrics') AS metric;
    """,
    """
    ALTER TABLE graph_versions ADD COLUMN label TEXT NOT NULL DEFAULT '';
    ALTER TABLE graphs ADD COLUMN deleted REAL;
    """,
    """
    CREATE TABLE studies (
        id TEXT PRIMARY KEY, state TEXT NOT NULL, created REAL NOT NULL, record TEXT NOT NULL,
        graph TEXT NOT NULL
    );
    CREATE INDEX studies_by_state ON studies (state, created);
    CREATE TABLE study_runs (
        study TEXT NOT NULL REFERENCES studies ON DELETE CASCADE, variant TEXT NOT NULL,
        seed INTEGER NOT NULL,
        run TEXT NOT NULL, fingerprint TEXT NOT NULL, reused INTEGER NOT NULL,
        PRIMARY KEY (study, variant, seed)
    ) WITHOUT ROWID;
    CREATE INDEX study_runs_by_run ON study_runs (run);
    CREATE INDEX study_runs_by_fingerprint ON study_runs (fingerprint);
    """,
    # diagnostics of variants were called problems; batch and recovery of runs were not nested
    """
    UPDATE studies SET record = json_set(record, '$.variants', (
        SELECT json_group_array(json_remove(json_set(
            variant.value, '$.diagnostics',
            json(coalesce(json_extract(variant.value, '$.problems'), '[]'))
        ), '$.problems'))
        FROM json_each(studies.record, '$.variants') AS variant
    ));
    UPDATE runs SET record = json_remove(json_set(record,
        '$.batch', json(CASE
            WHEN json_extract(record, '$.stack') IS NULL
                AND json_extract(record, '$.speedup') IS NULL THEN 'null'
            ELSE json_object('id', json_extract(record, '$.stack'),
                'size', coalesce(json_extract(record, '$.stack_size'), 1),
                'speedup', json_extract(record, '$.speedup')) END),
        '$.recovery', json_object(
            'released', json(iif(json_extract(record, '$.released'), 'true', 'false')),
            'resuming', json(iif(json_extract(record, '$.resuming'), 'true', 'false')),
            'requeued_at', json_extract(record, '$.revived_at'),
            'requeues', coalesce(json_extract(record, '$.revivals'), 0)),
        '$.downsampled',
            json(iif(json_extract(record, '$.thinned'), 'true', 'false')) -- words: ok
    ), '$.stack', '$.stack_size', '$.speedup', '$.released', '$.resuming', '$.revived_at',
        '$.revivals', '$.thinned'); -- words: ok
    """,
]


class StoreError(Exception):
    """The database cannot be used: a newer VisDL wrote it, it is damaged, or it is closed."""


class _Order(NamedTuple):
    """A write that waits for the writer. One that is `alone` runs outside of any transaction."""

    work: Work
    answer: Future[Any]
    alone: bool


class Database:
    """One database file. `write` runs a closure on the writer thread, `read` on the caller's."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises StoreError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._queue: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._door = threading.Lock()  # nothing enters the queue after the mark that ends it
        self._closed = False
        writer = self._open()
        self._thread = threading.Thread(
            target=self._run, args=(writer,), name="store writer", daemon=True
        )
        self._thread.start()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction; returns its value once committed, raises what it raises."""
        return self._order(work, alone=False)

    def _order(self, work: Callable[[sqlite3.Connection], T], *, alone: bool) -> T:
        answer: Future[T] = Future()
        with self._door:
            if self._closed:
                raise StoreError("The database is closed: the server is shutting down.")
            self._queue.put(_Order(work, answer, alone))
        return answer.result()

    def compact(self) -> int:
        """Rewrite the file without its empty pages; returns how many bytes that freed.

        Other writes wait until it is done, reads do not. Raises StoreError, with nothing changed.
        """
        return self._order(self._compact, alone=True)

    def spare_bytes(self) -> int:
        """What `compact` gives back at least: empty pages, and the log of the last writes."""
        return self._pages("freelist_count") + _size(self._log)

    def _compact(self, connection: sqlite3.Connection) -> int:
        before = _size(self._path) + _size(self._log)
        needed = 2 * (
            self._pages("page_count") - self._pages("freelist_count")
        )  # a copy, and a log of the copy
        free = shutil.disk_usage(self._path.parent).free
        if free < needed:
            raise StoreError(
                f"The database was not compacted: that needs {_mega(needed)} "
                "of free disk space for a while, "
                f"and {_mega(free)} are free."
            )
        try:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise StoreError(f"The database was not compacted: {error}.") from error
        return max(0, before - _size(self._path) - _size(self._log))

    def _pages(self, count: str) -> int:
        """So many pages, in bytes."""
        [[pages]], [[size]] = self.read(f"PRAGMA {count}"), self.read("PRAGMA page_size")
        return int(pages) * int(size)

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
                f"{self._path} cannot be opened ({error}). "
                "Restore it from a copy, or set VISDL_DATA_DIR."
            ) from error
        try:
            _migrate(connection, self._path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=30, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.executescript(
            # NORMAL: a commit survives the death of the process; FULL adds an fsync for power cuts
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
            orders = [order for order in batch if order is not None]
            self._commit(connection, [order for order in orders if not order.alone])
            for order in orders:
                if order.alone:
                    _do_alone(connection, order)
        connection.close()

    def _commit(self, connection: sqlite3.Connection, batch: list[_Order]) -> None:
        """One transaction for all, with a savepoint each: a failure undoes only its own write."""
        done: list[tuple[Future[Any], Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, answer, _ in batch:
                connection.execute("SAVEPOINT one")
                try:
                    done.append((answer, work(connection)))
                except Exception as error:  # given to the caller
                    connection.execute("ROLLBACK TO one")
                    answer.set_exception(error)
                connection.execute("RELEASE one")
            connection.execute("COMMIT")
        except sqlite3.Error as error:  # such as a full disk: nothing of this batch is stored
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for _, answer, _ in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer, value in done:
            answer.set_result(value)


def _do_alone(connection: sqlite3.Connection, order: _Order) -> None:
    try:
        value = order.work(connection)
    except Exception as error:  # given to the caller
        order.answer.set_exception(error)
    else:
        order.answer.set_result(value)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _mega(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate an older database step by step. Raises StoreError for a newer one."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"A newer VisDL wrote {path} (schema {version}; this one knows {len(MIGRATIONS)}). "
            "Install the newer one, or set VISDL_DATA_DIR to another folder."
        )
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
