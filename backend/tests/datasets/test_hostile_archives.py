"""Archives under the name of a table: named, never opened, and read within bounds."""

from __future__ import annotations

import io
import stat
import struct
import tracemalloc
import zipfile

import pytest

from visdl.datasets.importer import import_csv
from visdl.datasets.sniff import check_kind
from visdl.models.errors import UnsupportedError

from ..support.strength import count


def archive(*names: str, data: bytes = b"x", link: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if link:
                info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            made.writestr(info, data)
    return buffer.getvalue()


def ending(entries=1, size=46, offset=0, comment=0) -> bytes:
    """The end of an archive's directory, with what it claims."""
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, size, offset, comment)


GOOD = archive("table.csv")
ZIP64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2**60, 2**60, 2**62, 2**62)
ARCHIVES = {
    "path up": archive("../../../etc/passwd"),
    "absolute path": archive("/etc/passwd"),
    "drive": archive("C:\\windows\\system32\\x"),
    "both slashes": archive("..\\../x"),
    "long name": archive("x" * 60_000),
    "link": archive("x", data=b"/etc/passwd", link=True),
    "bomb": archive("zeros.csv", data=bytes(10**7)),
    "nested": archive("inner.zip", data=archive("zeros", data=bytes(10**6))),
    "same name twice": GOOD[:-22] * 2 + GOOD[-22:],
    "empty": ending(0, 0),
    "part of a split one": b"PK\x07\x08" + GOOD,
    "no end": GOOD[:-22],
    "cut": GOOD[: len(GOOD) // 2],
    "size that lies": GOOD[:-22] + ending(size=2**32 - 1),
    "offset that lies": GOOD[:-22] + ending(offset=2**32 - 1),
    "count that lies": GOOD[:-22] + ending(entries=65_535),
    "comment that lies": GOOD[:-22] + ending(comment=65_535),
    "directory before the file": GOOD[:-22] + ending(size=10**6, offset=10**6),
    "64-bit sizes": GOOD[:-22] + ZIP64 + struct.pack("<4sLQL", b"PK\6\7", 0, 2**62, 1) + ending(),
    "unknown version": GOOD.replace(b"PK\1\2\x14\x03\x14\x00", b"PK\1\2\x14\x03\xff\xff"),
    "name that is not text": GOOD.replace(b"table.csv", b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff"),
    "no name": GOOD.replace(b"table.csv", bytes(9)),
    "encrypted": GOOD.replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0"),
    "header alone": b"PK\3\4",
}


@pytest.mark.parametrize("data", ARCHIVES.values(), ids=ARCHIVES)
def test_an_archive_is_named_whatever_it_claims_and_nothing_is_unpacked(tmp_path, data):
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    with pytest.raises(UnsupportedError, match=r"This is a zip archive, not CSV text\."):
        import_csv(path, tmp_path / "table", dataset_id="t", name="t", max_columns=10)
    assert list(tmp_path.iterdir()) == [path]


def test_a_huge_directory_of_an_archive_is_not_read(tmp_path):
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *[0] * 6, 0, 0, 0, 4, *[0] * 4, 0, 0) + b"name"
    entries = count(gate=100_000, full=2_000_000)
    path = tmp_path / "table.csv"
    with path.open("wb") as file:
        file.write(b"PK\3\4" + bytes(26))
        for _ in range(entries // 10_000):
            file.write(entry * 10_000)
        file.write(ending(65_535, entries * len(entry), 30))
    tracemalloc.start()
    try:
        with pytest.raises(UnsupportedError):
            check_kind(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * 2**20


def test_a_workbook_with_much_in_it_is_still_a_workbook(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(archive("[Content_Types].xml", "xl/workbook.xml", "xl/media/photo.png"))
    with pytest.raises(UnsupportedError, match="an Excel file"):
        check_kind(path)


@pytest.mark.parametrize("row", ["\ufeff", "\ufeff\ufeff", '"\ufeff"', "\ufeff1"])
@pytest.mark.parametrize("rows", [1, 3])
def test_a_byte_order_mark_inside_a_table_is_text_of_its_cell(tmp_path, row, rows):
    path = tmp_path / "table.csv"
    path.write_text("a\n" + f"{row}\n" * rows, encoding="utf-8")
    record = import_csv(path, tmp_path / "table", dataset_id="t", name="t", max_columns=10)
    assert record.rows == rows
    [column] = record.columns
    assert column.dtype == "category" or column.dtype == "text", column.dtype
