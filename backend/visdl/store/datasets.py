"""Records of imported tables. Their data is in folders."""

from __future__ import annotations

import sqlite3

from visdl.models.datasets import DatasetRecord
from visdl.models.errors import ConflictError, NotFoundError, UnreadableError
from visdl.store.database import Database
from visdl.store.unreadable import READ_ERRORS, log_once, unreadable


class DatasetTable:
    _db: Database

    def add_dataset(self, record: DatasetRecord) -> None:
        values = (record.id, record.name, record.created, record.model_dump_json())
        self._db.write(lambda db: db.execute("INSERT INTO datasets VALUES (?, ?, ?, ?)", values))

    def datasets(self) -> list[DatasetRecord]:
        """Return all tables, the newest first."""
        rows = self._db.read("SELECT * FROM datasets ORDER BY created DESC, rowid DESC")
        return [_read_or_stand_in(row) for row in rows]

    def dataset_ids(self) -> set[str]:
        return {row["id"] for row in self._db.read("SELECT id FROM datasets")}

    def dataset(self, id_or_name: str) -> DatasetRecord:
        """Return the table with this id, or the newest of this name.

        Raises NotFoundError, and UnreadableError for a damaged record.
        """
        rows = self._db.read(
            "SELECT * FROM datasets WHERE id = ? OR name = ?"
            " ORDER BY id = ? DESC, created DESC, rowid DESC LIMIT 1",
            (id_or_name,) * 3,  # numbered placeholders are an error from Python 3.14 on
        )
        if not rows:
            shown = id_or_name if len(id_or_name) <= 100 else f"{id_or_name[:100]}…"
            raise NotFoundError(
                f"There is no dataset '{shown}'.", hint="Choose another, or upload it."
            )
        return _read(rows[0])

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a record. Raises NotFoundError, and ConflictError while a run uses it."""

        def work(db: sqlite3.Connection) -> None:
            used = db.execute(
                "SELECT count(*), max(runs.name)"
                " FROM run_datasets JOIN runs ON number = run WHERE dataset = ?",
                (dataset_id,),
            ).fetchone()
            if used[0]:
                more = f" and {used[0] - 1} more" if used[0] > 1 else ""
                raise ConflictError(
                    f"The dataset is used by the run '{used[1]}'{more}.",
                    hint="Delete the runs that use it first.",
                )
            if not db.execute("DELETE FROM datasets WHERE id = ?", (dataset_id,)).rowcount:
                raise NotFoundError(f"There is no dataset '{dataset_id}'.")

        self._db.write(work)


def _read(row: sqlite3.Row) -> DatasetRecord:
    try:
        return DatasetRecord.model_validate_json(row["record"])
    except READ_ERRORS as error:
        raise unreadable("table", row["id"]) from error


def _read_or_stand_in(row: sqlite3.Row) -> DatasetRecord:
    """Return a table; one whose record cannot be read is shown without columns, to be deleted."""
    try:
        return _read(row)
    except UnreadableError as error:
        log_once(error.message)
        return DatasetRecord(
            id=row["id"],
            name=row["name"],
            rows=0,
            columns=[],
            bytes=0,
            sha256="",
            warnings=[f"{error.message} {error.hint}"],
            created=row["created"],
        )
