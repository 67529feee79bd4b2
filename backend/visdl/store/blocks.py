"""The library of blocks."""

from __future__ import annotations

import sqlite3
import time

from pydantic import TypeAdapter

from visdl.models.catalogue import BlockRecord, NewBlock
from visdl.models.errors import NotFoundError
from visdl.models.graph import Block
from visdl.models.ids import new_id
from visdl.store.database import Database
from visdl.store.unreadable import readable

_BLOCKS = TypeAdapter(dict[str, Block])


class BlockTable:
    _db: Database

    def add_block(self, new: NewBlock) -> BlockRecord:
        record = BlockRecord(id=new_id(), created=time.time(), **new.model_dump())
        values = (
            record.id,
            record.name,
            record.created,
            record.block,
            _BLOCKS.dump_json(record.blocks).decode(),
        )
        self._db.write(lambda db: db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?)", values))
        return record

    def blocks(self) -> list[BlockRecord]:
        """Return all blocks of the library, by name."""
        rows = self._db.read("SELECT * FROM blocks ORDER BY name COLLATE NOCASE, created")
        return list(readable("block", rows, _read))

    def delete_block(self, block_id: str) -> None:
        """Delete a block. Raises NotFoundError."""
        gone = self._db.write(
            lambda db: db.execute("DELETE FROM blocks WHERE id = ?", (block_id,)).rowcount
        )
        if not gone:
            raise NotFoundError(f"There is no block '{block_id[:100]}' in the library.")


def _read(row: sqlite3.Row) -> BlockRecord:
    return BlockRecord(**{**row, "blocks": _BLOCKS.validate_json(row["blocks"])})
