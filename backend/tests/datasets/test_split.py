"""Splits into training, validation and test: recorded rows, properties and reasons why not.

`audit/test_splits.py` compares them with the splitters of scikit-learn.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visdl.datasets import partition
from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.datasets.split import PARTS, Loader
from visdl.models.errors import InvalidInputError

from ..support.graphs import table

CASES = Path(__file__).parents[1] / "cases"
#: Validation rows by (rows, ratio, seed), as the two-part splits before drew them.
RECORDED = {
    (10, 0.3, 4): [0, 1, 7],
    (60, 0.2, 0): [2, 4, 8, 10, 16, 20, 27, 34, 42, 51, 52, 57],
    (25, 0.15, 7): [3, 4, 17, 19],
    (7, 0.01, 2**40): [0],
}


def parts_of(loader: Loader) -> dict[str, list[int]]:
    """The rows of each part."""
    return {part: replace(loader, part=part).rows.tolist() for part in PARTS}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def m06(tmp_path_factory) -> Dataset:
    """Five rows of each of twelve patients, one per day."""
    folder = tmp_path_factory.mktemp("m06") / "m06"
    record = import_csv(
        CASES / "M06" / "m06.csv", folder, dataset_id="m06", name="m06.csv", max_columns=10
    )
    return Dataset(record, folder).select("x", "y")


@pytest.mark.parametrize(("rows", "ratio", "seed"), RECORDED)
def test_a_random_split_in_two_gives_the_rows_it_always_gave(tmp_path, rows, ratio, seed):
    data = table(tmp_path, "a,y", [(i, i) for i in range(rows)])
    found = parts_of(Loader(data, part="train", val_ratio=ratio, seed=seed))
    expected = RECORDED[rows, ratio, seed]
    assert found["val"] == expected
    assert found["train"] == [row for row in range(rows) if row not in expected]
    assert found["test"] == []


@pytest.mark.parametrize("strategy", ["random", "stratified", "group", "time", "sequential"])
@pytest.mark.parametrize("ratios", [(0.2, 0.0), (0.2, 0.2), (0.0, 0.3), (0.5, 0.25)])
def test_every_row_is_in_one_part_and_the_sizes_are_known(m06, strategy, ratios):
    val, test = ratios
    column = {"group": "patient", "time": "day", "stratified": "patient"}.get(strategy, "")
    loader = Loader(
        m06, part="train", val_ratio=val, test_ratio=test, strategy=strategy, column=column
    )
    found = parts_of(loader)
    assert sorted(row for rows in found.values() for row in rows) == list(range(60))
    assert loader.sizes == tuple(len(found[part]) for part in PARTS)
    assert [len(replace(loader, part=part)) for part in PARTS] == list(loader.sizes)
    tolerance = 2 if strategy == "group" else 0  # half a patient
    assert abs(len(found["val"]) - 60 * val) <= tolerance
    assert abs(len(found["test"]) - 60 * test) <= 2 * tolerance


def test_the_test_rows_do_not_change_with_the_validation_rows(m06):
    def held(val: float, test: float) -> dict[str, list[int]]:
        return parts_of(Loader(m06, part="train", val_ratio=val, test_ratio=test, seed=3))

    assert held(0.1, 0.2)["test"] == held(0.5, 0.2)["test"]
    assert held(0.2, 0.0)["val"] == held(0.2, 0.3)["val"]


def test_no_patient_is_in_two_parts(m06):
    patients = m06.values("patient").astype(int)
    for seed in range(20):
        loader = Loader(
            m06, part="train", val_ratio=0.2, test_ratio=0.2, strategy="group",
            column="patient", seed=seed,
        )  # fmt: skip
        sets = [set(patients[rows]) for rows in parts_of(loader).values()]
        assert all(sets)
        assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])


def test_the_past_trains_and_the_latest_rows_validate(m06):
    loader = Loader(m06, part="train", val_ratio=0.2, strategy="time", column="day")
    assert [row + 1 for row in parts_of(loader)["val"]] == list(range(49, 61))
    three = parts_of(replace(loader, test_ratio=0.1))
    assert [row + 1 for row in three["test"]] == list(range(55, 61))
    assert [row + 1 for row in three["val"]] == list(range(43, 55))


def test_rows_of_one_time_stay_together():
    times = np.array([5, 1, 1, 2, 2, 2, 2, 9, 9, 9], dtype=float)
    parts = partition.ordered_parts(times, 3, 2)
    by_time = {time: set(parts[times == time].tolist()) for time in times}
    assert by_time == {1: {0}, 2: {0}, 5: {1}, 9: {2}}


def test_dates_are_read_as_times(tmp_path):
    days = ["2026-03-01", "2025-12-31", "2026-01-15T08:00", "2026-01-15"]
    data = table(tmp_path, "day,a,y", [(day, i, i) for i, day in enumerate(days)])
    loader = Loader(data, part="train", val_ratio=0.25, test_ratio=0.25, strategy="time",
                    column="day")  # fmt: skip
    assert parts_of(loader) == {"train": [1, 3], "val": [2], "test": [0]}


def test_the_order_of_the_file_is_kept(m06):
    loader = Loader(m06, part="train", val_ratio=0.2, test_ratio=0.1, strategy="sequential")
    assert parts_of(loader) == {
        "train": list(range(42)),
        "val": list(range(42, 54)),
        "test": list(range(54, 60)),
    }


@pytest.mark.parametrize("column", ["", "patient"])
@pytest.mark.parametrize("test_ratio", [0.0, 0.2])
def test_each_row_is_validated_in_one_fold_and_the_test_stays_apart(m06, column, test_ratio):
    loaders = [
        Loader(
            m06, part="train", test_ratio=test_ratio, strategy="fold", column=column, fold=fold,
            folds=4, val_ratio=0.9,
        )
        for fold in range(1, 5)
    ]  # fmt: skip
    found = [parts_of(loader) for loader in loaders]
    assert len({tuple(parts["test"]) for parts in found}) == 1
    validated = sorted(row for parts in found for row in parts["val"])
    assert validated == sorted(set(range(60)) - set(found[0]["test"]))
    patients = m06.values("patient")
    for parts in found if column else ():
        sets = [set(patients[rows]) for rows in parts.values()]
        assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])


def test_folds_are_stratified_where_the_target_is_a_class(tmp_path):
    data = table(tmp_path, "a,y", [(i, "no" if i % 5 else "yes") for i in range(50)])
    loader = Loader(data.select("a", "y"), part="val", strategy="fold", folds=5)
    for fold in range(1, 6):
        rows = replace(loader, fold=fold).rows
        assert sum(row % 5 == 0 for row in rows.tolist()) == 2


def test_the_seed_draws_the_split_and_every_strategy_that_draws_uses_it(m06):
    for strategy, column in (("random", ""), ("stratified", "patient"), ("group", "patient"),
                             ("fold", "")):  # fmt: skip
        base = Loader(m06, part="val", val_ratio=0.2, strategy=strategy, column=column)
        assert base.rows.tolist() == replace(base).rows.tolist()
        drawn = {tuple(replace(base, seed=seed).rows.tolist()) for seed in range(5)}
        assert len(drawn) > 1, strategy


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        ({"val_ratio": 0.6, "test_ratio": 0.4}, "test_ratio", "leave no rows to train on"),
        ({"strategy": "group"}, "column", "none is named"),
        ({"strategy": "group", "column": "patiend"}, "column", "There is no column 'patiend'"),
        ({"strategy": "time", "column": "word"}, "column", "'a', which is not a number or a date"),
        ({"strategy": "time", "column": "same"}, "column", "fewer points in time"),
        ({"strategy": "group", "column": "same"}, "column", "has 1 group, fewer than the parts"),
        ({"strategy": "stratified", "column": "x"}, "column", "does not contain classes"),
        ({"strategy": "group", "column": "gap"}, "column", "has 1 blank cell"),
        ({"strategy": "fold", "fold": 6}, "fold", "There is no fold 6 of 5"),
        ({"strategy": "fold", "folds": 13}, "folds", "need at least 13 rows, but there are 12"),
        ({"strategy": "fold", "folds": 3, "column": "two"}, "folds", "has 2 groups in all"),
    ],
)
def test_a_split_that_is_not_possible_is_refused_with_a_remedy(tmp_path, options, field, message):
    rows = [(i % 4, i + 0.5, "ba"[i % 2], 7, "" if i == 3 else 1, i % 2) for i in range(12)]
    data = table(tmp_path, "patient,x,word,same,gap,two", rows).select("x", "patient")
    with pytest.raises(InvalidInputError, match=message) as caught:
        Loader(data, part="train", **{"val_ratio": 0.2, **options}).check()
    assert caught.value.field == field
    assert caught.value.hint.endswith((".", "?"))


def test_two_rows_cannot_be_split_in_three(tmp_path):
    data = table(tmp_path, "a,y", [(1, 2), (3, 4)])
    with pytest.raises(InvalidInputError, match="leave none to train on"):
        Loader(data, part="train", val_ratio=0.3, test_ratio=0.3).check()


def test_the_parts_of_a_split_are_computed_once(tmp_path):
    data = table(tmp_path, "g,y", [(i % 10, i % 7) for i in range(300)]).select("g", "y")
    loader = Loader(data, part="train", val_ratio=0.2, strategy="group", column="g")
    assert loader.parts is replace(loader, part="val").parts
