"""SQLite in WAL mode: readers, and one writer thread that joins waiting writes in a transaction."""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from visdl.store.backups import Backup, BackupError, make_backup
from visdl.store.errors import DamagedError, StoreError, is_damage
from visdl.store.integrity import SUSPECT, newer_version
from visdl.store.migrations import MIGRATIONS

log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

_BATCH = 500  # most writes in one transaction
_READERS = 8  # most connections that read
_MALFORMED = "database disk image is malformed"  # SQLite's own words
_CLOSED = "The database is closed: the server is shutting down."


class _Order(NamedTuple):
    """A write that waits for the writer. One that is `alone` runs outside of any transaction."""

    work: Work
    answer: Future[Any]
    alone: bool


class Database:
    """One database file.

    `write` runs a function on the writer thread; `read` borrows a connection for one query. Threads
    own no connection: those of the server's pool come and go with each burst of requests, and
    SQLite keeps the descriptor of a connection that is closed while others are open.
    """

    def __init__(self, path: Path, *, keep_backups: int) -> None:
        """Open the file, or create it. Raises StoreError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._keep_backups = keep_backups
        self.damage: str | None = None  # what SQLite reported about a damaged page
        self._log = path.with_name(f"{path.name}-wal")
        self._readers = threading.Semaphore(_READERS)
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._queue: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._door = threading.Lock()  # nothing enters the queue after its end mark
        self._closed = False
        writer = self._open()
        self._thread = threading.Thread(
            target=self._run, args=(writer,), name="store writer", daemon=True
        )
        self._thread.start()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction; return its value after the commit, or raise its error."""
        return self._order(work, alone=False)

    def _order(self, work: Callable[[sqlite3.Connection], T], *, alone: bool) -> T:
        answer: Future[T] = Future()
        if self.damage is not None:  # what is written now would be lost with the next restore
            raise sqlite3.DatabaseError(_MALFORMED)
        with self._door:
            if self._closed:
                raise StoreError(_CLOSED)
            self._queue.put(_Order(work, answer, alone))
        return answer.result()

    def backup(self, stopping: Callable[[], bool]) -> Backup:
        """Make the daily backup, while others read and write. Raises StoreError."""
        try:
            with self._reader() as connection:
                return make_backup(
                    connection,
                    self._path.parent,
                    "daily",
                    keep=self._keep_backups,
                    stopping=stopping,
                )
        except DamagedError as error:
            self._note_damage(error)
            raise

    def compact(self) -> int:
        """Rewrite the file without its empty pages; return how many bytes that frees.

        Other writes wait until it is done, reads do not. Raises StoreError, with nothing changed,
        if it is not possible.
        """
        return self._order(self._compact, alone=True)

    def spare_bytes(self) -> int:
        """Return the least that `compact` frees: empty pages, and the log of the last writes."""
        return self._pages("freelist_count") + _size(self._log)

    def _compact(self, connection: sqlite3.Connection) -> int:
        before = _size(self._path) + _size(self._log)
        needed = 2 * (
            self._pages("page_count") - self._pages("freelist_count")
        )  # a copy, and a log of the copy
        free = shutil.disk_usage(self._path.parent).free
        if free < needed:
            raise StoreError(
                f"The database was not compacted: it needs {_mega(needed)} of free disk space "
                f"temporarily, and {_mega(free)} are free."
            )
        try:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise StoreError(f"The database was not compacted: {error}.") from error
        return max(0, before - _size(self._path) - _size(self._log))

    def _pages(self, count: str) -> int:
        """Return the size of a number of pages in bytes."""
        [[pages]], [[size]] = self.read(f"PRAGMA {count}"), self.read("PRAGMA page_size")
        return int(pages) * int(size)

    def read(self, sql: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Return the rows of a query, from a snapshot that no writer delays."""
        with self._reader() as connection:
            rows: list[sqlite3.Row] = connection.execute(sql, values).fetchall()
        return rows

    @contextlib.contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Provide a connection; wait while all are in use. Raises StoreError after the end."""
        with self._readers:
            if self._closed:
                raise StoreError(_CLOSED)
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = self._connect()
            try:
                yield connection
            except sqlite3.DatabaseError as error:
                self._note_damage(error)
                raise
            finally:
                self._idle.put(connection)

    def close(self) -> None:
        """Finish the queued writes and close every connection."""
        with self._door:
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        for _ in range(_READERS):  # what still reads ends first
            self._readers.acquire()
        while not self._idle.empty():
            self._idle.get_nowait().close()
        self._readers.release(_READERS)

    def _open(self) -> sqlite3.Connection:
        """Return the writer's connection, to a database of this version."""
        connection = None
        try:
            connection = self._connect()
            _migrate(connection, self._path, self._keep_backups)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if not isinstance(error, sqlite3.Error):
                raise
            kind = DamagedError if is_damage(error) else StoreError
            raise kind(
                f"{self._path} cannot be opened ({error}). "
                "Restore it from a copy, or set VISDL_DATA_DIR."
            ) from error
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=30, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        try:
            connection.executescript(
                # NORMAL: a commit survives a killed process; FULL would add an fsync for power cuts
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
            )
        except BaseException:
            connection.close()
            raise
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
        """Commit writes in one transaction; a write that fails undoes only itself."""
        done: list[tuple[Future[Any], Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, answer, _ in batch:
                connection.execute("SAVEPOINT one")
                try:
                    done.append((answer, work(connection)))
                except Exception as error:  # given to the caller
                    if isinstance(error, sqlite3.Error) and not connection.in_transaction:
                        raise  # SQLite has undone the whole transaction, as on a full disk
                    self._note_damage(error)
                    connection.execute("ROLLBACK TO one")
                    answer.set_exception(error)
                connection.execute("RELEASE one")
            connection.execute("COMMIT")
        except sqlite3.Error as error:  # such as a full disk: nothing of this batch is stored
            self._note_damage(error)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for _, answer, _ in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer, value in done:
            answer.set_result(value)

    def _note_damage(self, error: BaseException) -> None:
        """Remember the first damage, and have the next start check every page."""
        if self.damage is None and (isinstance(error, DamagedError) or is_damage(error)):
            self.damage = str(error)
            log.error("The database is damaged (%s). The next start offers a backup.", error)
            with contextlib.suppress(OSError):
                self._path.with_name(SUSPECT).touch()


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


def _migrate(connection: sqlite3.Connection, path: Path, keep_backups: int) -> None:
    """Migrate an older database to this version. Raises StoreError for a newer one."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise newer_version(path, version)
    if 0 < version < len(MIGRATIONS) and keep_backups:
        try:
            make_backup(connection, path.parent, "migration", keep=keep_backups)
        except BackupError as error:
            log.warning("%s The database is migrated without one.", error)
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
