"""Imports a CSV file as a stored table: read once in blocks, checked, typed by the whole file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from visdl.datasets.notices import notices
from visdl.datasets.parsing import Parser, text_columns
from visdl.datasets.rows import Block, Grammar, Header, read_blocks, read_header
from visdl.datasets.sniff import check_kind, start_and_delimiter
from visdl.datasets.table_builder import Table, TableBuilder
from visdl.models.datasets import DatasetRecord
from visdl.models.errors import InvalidInputError, TooLargeError

T = TypeVar("T")


def import_csv(
    source: Path, folder: Path, *, dataset_id: str, name: str, max_columns: int
) -> DatasetRecord:
    """Store the table in `folder` and return its record.

    The folder is created only when the table is complete. Raises InvalidInputError,
    UnsupportedError or TooLargeError with a sentence that names the line and the remedy.
    """
    check_kind(source)
    start, delimiter = start_and_delimiter(source)
    header = read_header(source, Grammar(delimiter), start)
    _check_header(header.names, max_columns)
    with _staging(folder) as stage, ThreadPoolExecutor(1) as pool:
        digest = pool.submit(_sha256, source)
        table = _store(source, header, stage)
        record = DatasetRecord(
            id=dataset_id,
            name=name,
            rows=table.rows,
            columns=table.columns,
            bytes=source.stat().st_size,
            sha256=digest.result(),
            delimiter=delimiter,
            warnings=notices(table.columns, table.rows, table.rounded),
            created=time.time(),
        )
        (stage / "record.json").write_text(record.model_dump_json(), encoding="utf-8")
    return record


def _check_header(names: list[str], max_columns: int) -> None:
    if len(names) > max_columns:
        raise TooLargeError(
            f"The file has {len(names):,} columns; the limit is {max_columns:,}.",
            hint="Remove columns that are not needed.",
        )
    if "" in names:
        raise InvalidInputError(
            f"Column {names.index('') + 1} has no name.",
            hint="Name every column in the first line; from pandas, save with index=False.",
        )
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise InvalidInputError(
            f"Column name '{name}' appears {count} times.",
            hint="Give every column a unique name.",
        )


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield stage
        stage.replace(folder)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store(source: Path, header: Header, stage: Path) -> Table:
    """Write the table; again with known types if a column of numbers turned out to be text."""
    parser = Parser(header.names)
    while True:
        table = _write(parser.tables(read_blocks(source, header)), header.names, stage)
        if table is not None:
            return table
        shutil.rmtree(stage)
        stage.mkdir()


def _write(tables: Iterable[tuple[Block, pa.Table]], names: list[str], stage: Path) -> Table | None:
    """Return the written table, or None if the types changed while reading."""
    builder: TableBuilder | None = None
    changed = False
    for block, table in _ahead(tables):
        text = text_columns(table)
        builder = builder or TableBuilder(stage, names, text)
        changed = changed or text != builder.text
        if not changed:
            builder.add(block, table)
    if builder is None:
        raise InvalidInputError(
            "The file has a header but no rows.", hint="Add at least one row of values."
        )
    return None if changed else builder.finish()


def _ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the same items; the next one is computed in a thread meanwhile."""
    iterator = iter(items)
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, iterator, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, iterator, None)
            yield item
