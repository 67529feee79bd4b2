"""CSV files: what goes in, and what must come out."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from pyarrow import parquet

from visdl.datasets import rows as rows_module
from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.models.errors import AppError, InvalidInputError, TooLargeError, UnsupportedError


def load(folder: Path, data: bytes, max_columns: int = 100) -> Dataset:
    source = folder / "source.csv"
    source.write_bytes(data)
    record = import_csv(
        source, folder / "table", dataset_id="d", name="cells.csv", max_columns=max_columns
    )
    return Dataset(record, folder / "table")


def refused(folder: Path, data: bytes, kind: type[AppError] = InvalidInputError) -> AppError:
    with pytest.raises(kind) as caught:
        load(folder, data)
    assert not (folder / "table").exists()
    assert list(folder.iterdir()) == [folder / "source.csv"], "something half made was left"
    return caught.value


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


def as_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"a": [1]}), sink)
    return sink.getvalue().to_pybytes()


REFUSED = {
    "an empty file": (b"", "The file is empty."),
    "nothing but a byte order mark": (b"\xef\xbb\xbf", "The file is empty."),
    "nothing but blank lines": (b"\n \r\n\n", "The file is empty."),
    "a header alone": (b"a,b\n", "The file has a header but no rows."),
    "a header without a line end": (b"a,b", "The file has a header but no rows."),
    "a longer row": (b"a,b\n1,2\n3,4,5\n", "Line 3 has 3 values but the header has 2."),
    "a shorter row": (b"a,b\n1,2\n3\n", "Line 3 has 1 value but the header has 2."),
    "a longer row after a cell of two lines": (
        b'a,b\n"x\ny",2\n3,4,5\n',
        "Line 4 has 3 values but the header has 2.",
    ),
    "every row longer than the header": (
        b"a,b\n1,2,3\n4,5,6\n",
        "Line 2 has 3 values but the header has 2.",
    ),
    "two columns of one name": (b"a,b,a\n1,2,3\n", "Column name 'a' appears 2 times."),
    "names that differ by spaces": (b"a, a\n1,2\n", "Column name 'a' appears 2 times."),
    "a column without a name": (b"a,,c\n1,2,3\n", "Column 2 has no name."),
    "a first byte that is not UTF-8": (
        b"\xffa,b\n1,2\n",
        "Not UTF-8 text: byte 0xFF at offset 0. Save the file as CSV UTF-8.",
    ),
    "Latin-1 in a cell": (
        b"a,b\n1,caf\xe9\n",
        "Not UTF-8 text: byte 0xE9 at offset 9. Save the file as CSV UTF-8.",
    ),
    "a NUL byte": (b"a,b\n1,2\n3,\x00\n", "Line 3 has a NUL byte, so this is not a text file."),
    "a quote that is never closed": (
        b'a,b\n"x,2\n3,4\n',
        "Quote opened on line 2 is never closed.",
    ),
}
OTHER_KINDS = {
    "a gzip file": gzip.compress(b"a,b\n1,2\n"),
    "a zip archive": zipped("table.csv"),
    "an Excel file (xlsx)": zipped("xl/workbook.xml"),
    "a Parquet file": as_parquet(),
}


@pytest.mark.parametrize(("data", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_read_is_refused_by_line_and_leaves_nothing(tmp_path, data, sentence):
    assert refused(tmp_path, data).message == sentence


@pytest.mark.parametrize(("kind", "data"), OTHER_KINDS.items(), ids=OTHER_KINDS)
def test_a_file_of_another_kind_is_named_whatever_its_name(tmp_path, kind, data):
    assert refused(tmp_path, data, UnsupportedError).message == f"This is {kind}, not CSV text."


def test_too_many_columns_are_refused_with_both_numbers(tmp_path):
    with pytest.raises(TooLargeError, match=r"The file has 101 columns; the limit is 100\."):
        load(
            tmp_path, ",".join(f"c{i}" for i in range(101)).encode() + b"\n" + b"0," * 100 + b"0\n"
        )


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n3,4\n",
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
        b"a,b\r\n1,2\r\n3,4\r\n",
        b"a,b\r1,2\r3,4\r",
        b"a,b\n1,2\n3,4",
        b"\n\na,b\n1,2\n\n3,4\n\n",
        b'"a","b"\n"1","2"\n3,4\n',
        b"a;b\n1;2\n3;4\n",
        b"a\tb\n1\t2\n3\t4\n",
        b"a|b\n1|2\n3|4\n",
        b" a , b \n1,2\n3,4\n",
    ],
    ids=[
        "plain",
        "byte order mark",
        "CRLF",
        "CR",
        "no last end",
        "blank lines",
        "quoted",
        ";",
        "tab",
        "|",
        "spaces",
    ],
)
def test_the_same_table_comes_out_however_it_is_written(tmp_path, data):
    dataset = load(tmp_path, data)
    assert [(column.name, column.dtype) for column in dataset.record.columns] == [
        ("a", "int"),
        ("b", "int"),
    ]
    assert dataset.preview().rows == [[1, 2], [3, 4]]


def test_the_delimiter_is_kept_with_the_table(tmp_path):
    assert load(tmp_path, b"a;b\n1,5;2\n").record.delimiter == ";"


def test_one_column_is_reported(tmp_path):
    assert "There is only one column" in load(tmp_path, b"a\n1\n2\n").record.warnings[0]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["1", "2"], "int"),
        (["1", ""], "int"),
        (["1", "2.5"], "float"),
        (["1e3", "2"], "float"),
        (["true", "False"], "bool"),
        (["true", "1"], "text"),
        (["1", "x"], "text"),
        (["1,5", "2,5"], "text"),
        (["", ""], "float"),
        (["NA", "3"], "int"),
        (["2020-01-01", "2020-01-02"], "text"),
        (["007", "010"], "int"),
    ],
    ids=" ".join,
)
def test_a_column_has_one_type(tmp_path, cells, dtype):
    data = "a,b\n" + "".join(f'"{cell}",0\n' for cell in cells)
    assert load(tmp_path, data.encode()).column("a").dtype == dtype


def test_a_column_of_numbers_that_is_text_names_the_first_such_line(tmp_path):
    dataset = load(tmp_path, b'a,b\n1,2\n"1,5",3\nx,4\n')
    assert dataset.record.warnings == ["Column 'a' is text because of line 3: '1,5'."]


def test_a_late_cell_of_text_makes_the_whole_column_text(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "BLOCK", 64)
    lines = [b"%d,%d" % (i, i) for i in range(100)] + [b"late,100"]
    dataset = load(tmp_path, b"a,b\n" + b"\n".join(lines) + b"\n")
    assert (dataset.column("a").dtype, dataset.column("b").dtype) == ("text", "int")
    assert dataset.labels("a").tolist() == [*map(str, range(100)), "late"]
    assert dataset.record.warnings[0] == "Column 'a' is text because of line 102: 'late'."


@pytest.mark.parametrize("cell", ["inf", "-inf", "1e400", "1e39"])
def test_infinite_values_are_counted_and_named_by_line(tmp_path, cell):
    dataset = load(tmp_path, f"a,b\n1.5,2\n{cell},3\n".encode())
    assert dataset.record.warnings[0] == "Column 'a' has 1 infinite value (line 3)."
    assert (dataset.column("a").max, dataset.column("a").infinite) == (1.5, 1)


def test_blank_cells_are_counted(tmp_path):
    dataset = load(tmp_path, b"a,b\n,x\n2,\nnan,y\n")
    assert (dataset.column("a").missing, dataset.column("b").missing) == (2, 1)
    assert dataset.record.warnings[:2] == [
        "Column 'a' has 2 blank cells.",
        "Column 'b' has 1 blank cell.",
    ]
    assert dataset.preview().rows == [[None, "x"], [2, None], [None, "y"]]


def test_a_constant_column_is_reported_as_constant(tmp_path):
    assert load(tmp_path, b"a,b\n1,2\n1,3\n").record.warnings == [
        "Column 'a' is constant: it has one value only."
    ]


def test_whole_numbers_beyond_the_exact_are_reported_as_rounded(tmp_path):
    dataset = load(tmp_path, b"a,b\n9007199254740993,1\n2,2\n")
    assert dataset.column("a").dtype == "float"
    assert "above 2^53" in dataset.record.warnings[0]


def test_names_and_cells_are_plain_text_whatever_they_hold(tmp_path):
    names = ["=1+1", "<b>x</b>", "🎲", "\u202eabc", "__proto__", 'quote "a"']
    buffer = io.StringIO()
    csv.writer(buffer).writerows(
        [names, ["=cmd|x", "<script>", "🎲🎲", "\u202e", "constructor", "-"]]
    )
    dataset = load(tmp_path, buffer.getvalue().encode())
    assert list(dataset.columns) == names
    assert dataset.preview().rows == [["=cmd|x", "<script>", "🎲🎲", "\u202e", "constructor", "-"]]


def test_the_figures_of_a_column_are_those_of_numpy(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "BLOCK", 256)  # many blocks, whose figures are merged
    values = np.random.default_rng(0).normal(1000, 3, 500)
    dataset = load(tmp_path, b"a,b\n" + b"".join(b"%r,1\n" % float(v) for v in values))
    column = dataset.column("a")
    assert (column.min, column.max) == (values.min(), values.max())
    np.testing.assert_allclose([column.mean, column.std], [values.mean(), values.std()], rtol=1e-12)
    np.testing.assert_array_equal(dataset.values("a"), values)
    counts, edges = np.histogram(values, bins=20)
    histogram = dataset.preview().histograms["a"]
    assert histogram.counts == counts.tolist()
    np.testing.assert_allclose(histogram.edges or [], edges)


def test_classes_are_listed_in_their_order(tmp_path):
    dataset = load(tmp_path, b"a,b\n10,z\n9,a\n10,a\n")
    assert dataset.column("a").classes == ["9", "10"]
    assert dataset.column("b").classes == ["a", "z"]
    assert dataset.preview().histograms["b"].model_dump(exclude_none=True) == {
        "counts": [2, 1],
        "labels": ["a", "z"],
    }


def test_a_cell_longer_than_a_block_is_refused_with_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "BLOCK", 64)
    error = refused(tmp_path, b'a,b\n1,2\n"' + b"x" * 200 + b'",3\n', TooLargeError)
    assert error.message.startswith("The row that starts on line 3 is longer")


_cell = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6
)


@settings(max_examples=150, deadline=None)
@given(
    table=st.integers(2, 4).flatmap(
        lambda width: st.lists(st.tuples(*[_cell] * width), min_size=1, max_size=12)
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.sampled_from([256, 8 * 2**20]),
)
def test_text_comes_out_as_python_wrote_it(tmp_path_factory, table, delimiter, end, block):
    folder = tmp_path_factory.mktemp("csv")
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    # a row of words keeps every column text
    rows = [tuple("word" for _ in table[0]), *table]
    writer.writerows([[f"c{i}" for i in range(len(table[0]))], *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "BLOCK", block)
        dataset = load(folder, buffer.getvalue().encode())
    assert dataset.record.delimiter == delimiter
    assert [dataset.labels(name).tolist() for name in dataset.columns] == [
        list(c) for c in zip(*rows, strict=True)
    ]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_importer(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bytes")
    try:
        dataset = load(folder, data)
    except AppError as error:
        assert error.message.endswith(".")
    else:
        assert len(dataset.preview(limit=1000).rows) == min(dataset.rows, 1000)


@pytest.mark.slow
def test_a_large_file_is_read_in_bounded_memory(tmp_path):
    source = tmp_path / "large.csv"
    block = b"".join(b"%d,%f,name%d\n" % (i, i / 7, i % 50) for i in range(100_000))
    with source.open("wb") as file:
        file.write(b"a,b,c\n")
        for _ in range(100):
            file.write(block)
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    record = import_csv(source, tmp_path / "table", dataset_id="d", name="d", max_columns=10)
    python = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    arrow = pa.default_memory_pool().max_memory() - before
    assert record.rows == 10_000_000
    assert python + arrow < 0.6 * source.stat().st_size
