"""Parses blocks of rows into typed columns. A column has one type in the whole file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyarrow import csv

from visdl.datasets.rows import Block
from visdl.datasets.sniff import BOM

_PIECE = 2 * 2**20  # bytes that one thread of the parser takes
_WIDE = 1000  # columns above which a block is parsed in one piece
_NUMBERS = frozenset({pa.null(), pa.int64(), pa.float64(), pa.bool_()})
_TEXT = pa.dictionary(pa.int32(), pa.string())
#: What counts as a blank cell in a column of numbers; in a column of text only the empty cell does.
BLANKS = ("", " ", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "NULL", "null", "None")


class Parser:
    """Parses the blocks of one file. A type found in one block holds for all that follow.

    A column is text if one cell is neither a number nor a truth value, or if it contains both. If a
    column turns out to be text after the first block, parse the file again with the same parser.
    """

    def __init__(self, header: list[str]) -> None:
        self.header = header
        self._text: set[str] = set()
        self._is_bool: dict[str, bool] = {}

    def tables(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, pa.Table]]:
        """Yield each block with its rows.

        Text columns are dictionaries, others int64, float64, bool or null (all blank).
        """
        for block in blocks:
            yield block, self._table(block)

    def _table(self, block: Block) -> pa.Table:
        table = self._parse(block)
        fresh = {
            name
            for name, kind in zip(self.header, table.schema.types, strict=True)
            if self._is_new_text(name, kind)
        }
        if not fresh:
            return table
        self._text |= fresh
        return self._parse(block)

    def _is_new_text(self, name: str, kind: pa.DataType) -> bool:
        if name in self._text or kind == pa.null():
            return False
        is_bool = kind == pa.bool_()
        return kind not in _NUMBERS or self._is_bool.setdefault(name, is_bool) != is_bool

    def _parse(self, block: Block) -> pa.Table:
        whole = len(block.data) + 2
        try:
            return self._read(block, whole if len(self.header) > _WIDE else _PIECE)
        except pa.ArrowInvalid:
            block.check_widths(len(self.header))
            return self._read(block, whole)  # a row was longer than a piece

    def _read(self, block: Block, piece: int) -> pa.Table:
        data = block.data
        if data.startswith(BOM):  # Arrow would skip it, but here it belongs to a cell
            data = b"\n" + data
        return csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(column_names=self.header, block_size=piece),
            csv.ParseOptions(delimiter=block.grammar.delimiter, newlines_in_values=block.quoted),
            csv.ConvertOptions(
                check_utf8=False,  # the block has been vetted
                column_types=dict.fromkeys(self._text, _TEXT),
                null_values=BLANKS,
                true_values=["true", "True", "TRUE"],
                false_values=["false", "False", "FALSE"],
            ),
        )


def text_columns(table: pa.Table) -> list[str]:
    return [field.name for field in table.schema if field.type == _TEXT]
