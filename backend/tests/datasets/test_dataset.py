"""Choosing columns, splitting rows, and turning both into tensors."""

from __future__ import annotations

import numpy as np
import pytest

from visdl.datasets import dataset
from visdl.datasets.assignment import held_out
from visdl.datasets.checks import check_data
from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Encoding
from visdl.datasets.importer import import_csv
from visdl.datasets.split import Loader
from visdl.models.errors import InvalidInputError

from ..support.graphs import table


@pytest.fixture
def wide(tmp_path):
    header = "s_1,s_2,other,name,y"
    return table(tmp_path, header, [(i, i * 10, i * 100, "ab"[i % 2], i % 3) for i in range(10)])


@pytest.mark.parametrize(("cells", "size", "rows"), [(500, 2**20, 10), (17, 2**20, 3), (500, 1, 1)])
def test_a_preview_of_a_wide_table_or_of_long_cells_has_fewer_rows(
    wide, monkeypatch, cells, size, rows
):
    monkeypatch.setattr(dataset, "_PREVIEW_CELLS", cells)
    monkeypatch.setattr(dataset, "_PREVIEW_BYTES", size)
    assert len(wide.preview(0, 1000).rows) == rows


@pytest.mark.parametrize(
    ("inputs", "targets", "chosen"),
    [
        ("s_1,other", "y", (("s_1", "other"), ("y",))),
        (" s_1 , other ,", "y", (("s_1", "other"), ("y",))),
        ("s_*", "y", (("s_1", "s_2"), ("y",))),
        ("other,s_*,s_1", "y", (("other", "s_1", "s_2"), ("y",))),
        ("", "y", (("s_1", "s_2", "other"), ("y",))),
        ("*", "y,name", (("s_1", "s_2", "other"), ("y", "name"))),
        ("s_[12]", "", (("s_1", "s_2"), ())),
    ],
)
def test_columns_are_chosen_by_name_and_by_glob(wide, inputs, targets, chosen):
    selected = wide.select(inputs, targets)
    assert (selected.inputs, selected.targets) == chosen


def test_a_name_with_a_comma_stands_in_quotes(tmp_path):
    source = tmp_path / "source.csv"
    source.write_text('"a, b",y\n1,2\n')
    data = Dataset(
        import_csv(source, tmp_path / "d", dataset_id="d", name="d", max_columns=9), tmp_path / "d"
    )
    assert data.select('"a, b"', "y").inputs == ("a, b",)


@pytest.mark.parametrize(
    ("inputs", "targets", "field", "message", "hint"),
    [
        ("s_3", "y", "input_columns", "There is no column 's_3' in table.", "Did you mean 's_2'?"),
        (
            "s_1",
            "z*",
            "target_columns",
            "There is no column 'z*' in table.",
            "The columns are: s_1",
        ),
    ],
)
def test_a_column_that_is_not_there_is_named_with_a_near_one(
    wide, inputs, targets, field, message, hint
):
    with pytest.raises(InvalidInputError) as caught:
        wide.select(inputs, targets)
    assert (caught.value.field, caught.value.message) == (field, message)
    assert caught.value.hint.startswith(hint)


def test_the_two_parts_share_no_row_and_the_seed_fixes_them(wide):
    train, val = (Loader(wide, part=part, val_ratio=0.3, seed=4) for part in ("train", "val"))
    assert (len(train), len(val)) == (7, 3)
    assert sorted([*train.rows, *val.rows]) == list(range(10))
    assert Loader(wide, part="val", val_ratio=0.3, seed=4).rows.tolist() == val.rows.tolist()
    assert any(
        Loader(wide, part="val", val_ratio=0.3, seed=seed).rows.tolist() != val.rows.tolist()
        for seed in range(5)
    )


@pytest.mark.parametrize(
    ("rows", "ratio", "expected"),
    [(10, 0, 0), (10, 0.2, 2), (10, 0.01, 1), (2, 0.9, 1), (5, 0.5, 3)],
)
def test_each_part_of_a_split_has_a_row(rows, ratio, expected):
    assert held_out(rows, ratio) == expected


def test_one_row_cannot_be_split():
    with pytest.raises(InvalidInputError, match="A split needs at least 2 rows, but there is 1"):
        held_out(1, 0.2)


@pytest.mark.parametrize("scaling", ["standardize", "minmax"])
def test_scaling_is_fitted_on_the_training_rows_alone(wide, scaling):
    loader = Loader(wide.select("s_1,other", "y"), part="train", val_ratio=0.3, scaling=scaling)
    encoding = Encoding.fit(loader, "float")
    (x,) = encoding.encode_inputs(wide, loader.rows)
    low, high = (x.mean(0), x.std(0)) if scaling == "standardize" else (x.min(0), x.max(0))
    np.testing.assert_allclose(low, 0, atol=1e-6)
    np.testing.assert_allclose(high, 1, atol=1e-6)
    (row,), (rows,) = encoding.encode_rows([{"s_1": 3, "other": 300}]), encoding.encode_inputs(wide)
    np.testing.assert_allclose(row, rows[3:4])


def test_a_constant_column_becomes_zero(tmp_path):
    data = table(tmp_path, "a,y", [(5, 1), (5, 2), (5, 3)]).select("a", "y")
    assert Encoding.fit(Loader(data, scaling="standardize"), "float").encode_inputs(data)[
        0
    ].tolist() == [[0], [0], [0]]


def test_labels_become_indices_in_their_order_and_unknown_ones_are_named(tmp_path):
    data = table(tmp_path, "a,y", [(1, "cat"), (2, "ape"), (3, "cat")]).select("a", "y")
    encoding = Encoding.fit(Loader(data), "index")
    assert encoding.classes == ["ape", "cat"]
    assert encoding.encode_targets(data).tolist() == [1, 0, 1]
    other = table(tmp_path, "a,y", [(1, "dog"), (2, "ape")], "other")
    with pytest.raises(
        InvalidInputError, match="Label 'dog' in column 'y' does not occur in the training data"
    ):
        encoding.encode_targets(other)


def test_whole_numbers_sort_by_value_and_keep_their_index_elsewhere(tmp_path):
    data = table(tmp_path, "a,y", [(0, 10), (0, 9), (0, 100)]).select("a", "y")
    encoding = Encoding.fit(Loader(data), "index")
    assert encoding.classes == ["9", "10", "100"]
    part = table(tmp_path, "a,y", [(0, 100), (0, 10)], "part")
    assert encoding.encode_targets(part).tolist() == [2, 1]


def test_an_encoding_survives_json(wide):
    encoding = Encoding.fit(Loader(wide.select("s_*", "name"), scaling="standardize"), "index")
    assert Encoding.model_validate_json(encoding.model_dump_json()) == encoding


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"s_1": 1}, "Row 1 has no value for 's_2'."),
        ({"s_1": 1, "s_2": "x"}, "Row 1: 'x' in column 's_2' is not a number that can be used."),
        (
            {"s_1": 1, "s_2": 1e300},
            "Row 1: 1e+300 in column 's_2' is not a number that can be used.",
        ),
    ],
)
def test_a_row_to_predict_needs_a_number_for_every_input(wide, row, message):
    encoding = Encoding.fit(Loader(wide.select("s_*", "y")), "float")
    with pytest.raises(InvalidInputError) as caught:
        encoding.encode_rows([row])
    assert caught.value.message == message


UNUSABLE = {
    "no inputs": ("name,y", [("a", 1), ("b", 2)], "", "y", "float", "no_inputs"),
    "no target": ("a,y", [(1, 1), (2, 2)], "a", "", "float", "no_target"),
    "an input of text": ("a,y", [("u", 1), ("v", 2)], "a", "y", "float", "text_input"),
    "blank cells": ("a,y", [("", 1), (2, 2)], "a", "y", "float", "missing_values"),
    "infinite values": ("a,y", [("inf", 1), (2, 2)], "a", "y", "float", "infinite_values"),
    "a target of text for a loss of numbers": (
        "a,y",
        [(1, "u"), (2, "v")],
        "a",
        "y",
        "float",
        "text_target",
    ),
    "decimals as classes": ("a,y", [(1, 0.5), (2, 1.5)], "a", "y", "index", "not_classes"),
    "one class": ("a,y", [(1, 1), (2, 1)], "a", "y", "index", "one_class"),
}


@pytest.mark.parametrize(
    ("header", "rows", "inputs", "targets", "kind", "code"), UNUSABLE.values(), ids=UNUSABLE
)
def test_a_table_that_cannot_be_trained_on_is_refused(
    tmp_path, header, rows, inputs, targets, kind, code
):
    loader = Loader(table(tmp_path, header, rows).select(inputs, targets))
    found = check_data(loader, kind)
    assert [problem.code for problem in found] == [code]
    with pytest.raises(InvalidInputError) as caught:
        Encoding.fit(loader, kind)
    assert caught.value.message == found[0].message


def test_more_classes_than_rows_to_train_on_are_refused(tmp_path):
    data = table(tmp_path, "a,y", [(i, i) for i in range(5)]).select("a", "y")
    [problem] = check_data(Loader(data, part="train", val_ratio=0.4), "index")
    assert problem.message == "Column 'y' has 5 classes, but there are only 3 rows to train on."


def test_rows_are_read_in_the_order_asked_for(wide):
    rows = np.array([7, 0, 7, 3])
    assert wide.numbers(["other", "s_1"], rows).tolist() == [[700, 7], [0, 0], [700, 7], [300, 3]]
    assert wide.labels("name", rows).tolist() == ["b", "a", "b", "b"]
