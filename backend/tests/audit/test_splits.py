"""Ways to split, against the splitters of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    train_test_split,
)
from torch import nn

from visdl.datasets import partition
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.nodes import NodeRegistry
from visdl.training.preparation import prepare

from ..support.graphs import numbers, table

Rows = NDArray[np.int64]
ROWS = 90
STRATEGIES = NodeRegistry.get("DataSplitter").PARAMS["strategy"].choices
COLUMNS = {"group": "patient", "time": "day"}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Dataset:
    """Rows of 17 patients of unequal size, on days in no order, of three kinds."""
    draw = rng(4)
    patients = np.sort(draw.integers(17, size=ROWS))
    days = draw.permutation(ROWS)
    kinds = np.array(["ash", "fir", "oak"])[draw.choice(3, size=ROWS, p=[0.6, 0.3, 0.1])]
    rows = [(i, patients[i], days[i], kinds[i]) for i in range(ROWS)]
    made = table(tmp_path_factory.mktemp("trees"), "x,patient,day,kind", rows)
    return made.select("x", "kind")


def split(data: Dataset, strategy: str, **params: Any) -> list[Rows]:
    """The rows of the three parts, as the node gives them."""
    params = {"column": COLUMNS.get(strategy, ""), **params, "strategy": strategy}
    loaders = NodeRegistry.get("DataSplitter").create(params).infer(dataset=data)
    return [loader.rows for loader in loaders]


def codes_of(data: Dataset, column: str) -> Rows:
    return data.factorize(column)[0]


def counts(codes: Rows, rows: Rows) -> Rows:
    return np.bincount(codes[rows], minlength=codes.max() + 1)


def check_random(data: Dataset) -> None:
    """Each row is held out as often as any other; sizes are those of scikit-learn."""
    found = [split(data, "random", val_ratio=0.2, test_ratio=0.1, seed=s) for s in range(300)]
    theirs = train_test_split(np.arange(ROWS), test_size=18)
    assert len(found[0][1]) == len(theirs[1])
    for part, share in ((1, 0.2), (2, 0.1)):
        often = np.bincount(np.concatenate([rows[part] for rows in found]), minlength=ROWS)
        deviation = np.sqrt(300 * share * (1 - share))
        assert np.all(np.abs(often - 300 * share) < 4.5 * deviation)


def check_stratified(data: Dataset) -> None:
    """Each part has its share of every class, as scikit-learn's has."""
    codes = codes_of(data, "kind")
    for seed in range(5):
        parts = split(data, "stratified", val_ratio=0.2, test_ratio=0.1, seed=seed)
        for rows in parts[1:]:
            splitter = StratifiedShuffleSplit(1, test_size=len(rows), random_state=seed)
            _, theirs = next(splitter.split(codes, codes))
            assert np.all(np.abs(counts(codes, rows) - counts(codes, theirs)) <= 1)


def check_group(data: Dataset) -> None:
    """No patient is in two parts, as in scikit-learn; parts have about their share of rows."""
    codes = codes_of(data, "patient")
    largest = np.bincount(codes).max()
    for seed in range(5):
        parts = split(data, "group", val_ratio=0.2, test_ratio=0.1, seed=seed)
        groups = [set(codes[rows].tolist()) for rows in parts]
        splitter = GroupShuffleSplit(1, test_size=0.3, random_state=seed)
        train, held = next(splitter.split(codes, groups=codes))
        assert not set(codes[train]) & set(codes[held])
        assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
        assert abs(len(parts[1]) - 18) <= largest
        assert abs(len(parts[2]) - 9) <= largest


def check_time(data: Dataset) -> None:
    """Validation and test are the last two windows of scikit-learn's series."""
    order = np.argsort(data.values("day"))
    parts = split(data, "time", val_ratio=0.2, test_ratio=0.2)
    (past, val), (_, test) = TimeSeriesSplit(2, test_size=18).split(order)
    for ours, theirs in zip(parts, (past, val, test), strict=True):
        assert set(ours) == set(order[theirs])


def check_sequential(data: Dataset) -> None:
    rest, test = train_test_split(np.arange(ROWS), test_size=9, shuffle=False)
    train, val = train_test_split(rest, test_size=18, shuffle=False)
    parts = split(data, "sequential", val_ratio=0.2, test_ratio=0.1)
    assert [rows.tolist() for rows in parts] == [each.tolist() for each in (train, val, test)]


def check_fold(data: Dataset) -> None:
    """Each row is validated once; folds are as even as scikit-learn's, by class or by group."""
    kinds, patients = codes_of(data, "kind"), codes_of(data, "patient")
    numeric = data.select("x", "day")  # of which no classes are known
    for folds in (2, 5):
        each = [split(data, "fold", fold=k, folds=folds)[1] for k in range(1, folds + 1)]
        theirs = [rows for _, rows in StratifiedKFold(folds).split(kinds, kinds)]
        by_class = np.stack([counts(kinds, rows) for rows in each])
        assert np.all(np.ptp(by_class, axis=0) <= 1)
        assert sorted(map(len, each)) == sorted(map(len, theirs))
        plain = [split(numeric, "fold", fold=k, folds=folds)[1] for k in range(1, folds + 1)]
        assert sorted(map(len, plain)) == sorted(
            len(rows) for _, rows in KFold(folds).split(patients)
        )
        grouped = [
            split(data, "fold", fold=k, folds=folds, column="patient") for k in range(1, folds + 1)
        ]
        sizes = [len(rows) for _, rows in GroupKFold(folds).split(kinds, groups=patients)]
        assert sorted(len(val) for _, val, _ in grouped) == sorted(sizes)
        for train, val in StratifiedGroupKFold(folds).split(kinds, kinds, patients):
            assert not set(patients[train]) & set(patients[val])
        assert all(not set(patients[train]) & set(patients[val]) for train, val, _ in grouped)
        for found in (each, plain, [val for _, val, _ in grouped]):
            assert sorted(np.concatenate(found).tolist()) == list(range(ROWS))


CHECKS: dict[str, Callable[[Dataset], None]] = {
    "random": check_random,
    "stratified": check_stratified,
    "group": check_group,
    "time": check_time,
    "sequential": check_sequential,
    "fold": check_fold,
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_way_to_split_is_that_of_scikit_learn(data, strategy):
    CHECKS[strategy](data)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_row_is_in_one_part(data, strategy):
    for seed in range(3):
        parts = split(data, strategy, val_ratio=0.25, test_ratio=0.15, seed=seed)
        assert np.sort(np.concatenate(parts)).tolist() == list(range(ROWS))
        assert all(len(rows) for rows in parts)
        again = split(data, strategy, val_ratio=0.25, test_ratio=0.15, seed=seed)
        assert all(map(np.array_equal, parts, again))


def test_a_given_file_validates_with_all_of_its_rows(tmp_path):
    data = numbers(tmp_path).select("a,b", "y")
    given = numbers(tmp_path, rows=12, name="given").select("a,b", "y")
    model = nn.Linear(2, 1)
    [loss] = NodeRegistry.get("MSELoss").create({}).execute()
    args = {
        "model": model,
        "loss_fn": loss,
        "train_loader": Loader(data, scaling="standardize"),
        "val_loader": given,
        "optimizer": torch.optim.SGD(model.parameters()),
        "metrics": [],
        "epochs": 1,
        "keep": "last",
        "monitor": "val_loss",
        "patience": None,
        "clip_grad_norm": None,
    }
    plan = prepare(args, [], 0, NodeRegistry).plan
    assert plan.val is not None
    (x,), y = plan.val
    inputs = data.numbers(["a", "b"]).astype(np.float64)
    expected = (given.numbers(["a", "b"]) - inputs.mean(0)) / inputs.std(0)
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(y.numpy(), given.numbers(["y"]))
    assert len(plan.train) == 40


@pytest.mark.parametrize("seed", range(30))
def test_classes_are_divided_as_scikit_learn_divides_them(seed):
    draw = rng(seed)
    codes = draw.choice(draw.integers(2, 7), size=draw.integers(40, 300))
    codes = np.unique(np.concatenate([codes, codes[:20]]), return_inverse=True)[1]
    rows = len(codes)
    val, test = int(rows * 0.2), int(rows * 0.15)
    parts = partition.stratified_parts(codes, val, test, rng(seed))
    assert np.bincount(parts, minlength=3).tolist() == [rows - val - test, val, test]
    for part, size in ((1, val), (2, test)):
        counts = np.bincount(codes[parts == part], minlength=codes.max() + 1)
        assert np.all(np.abs(counts - np.bincount(codes) * size / rows) <= 1)
        splitter = StratifiedShuffleSplit(1, test_size=size, random_state=seed)
        _, theirs = next(splitter.split(codes, codes))
        expected = np.bincount(codes[theirs], minlength=codes.max() + 1)
        assert np.all(np.abs(counts - expected) <= 1)


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
def test_folds_have_the_properties_of_scikit_learns(folds):
    codes = np.repeat([0, 1, 2, 3], [50, 23, 11, 40])
    ours, theirs = partition.stratified_folds(codes, folds, rng()), np.empty(len(codes), dtype=int)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    for fold, (_, rows) in enumerate(splitter.split(codes, codes)):
        theirs[rows] = fold
    for found in (ours, theirs):
        table_of = np.stack(
            [np.bincount(codes[found == fold], minlength=4) for fold in range(folds)]
        )
        assert np.all(np.ptp(table_of, axis=0) <= 1)
        assert np.ptp(table_of.sum(1)) <= 1
    plain = np.bincount(partition.folds_of(101, folds, rng()))
    expected = [len(rows) for _, rows in KFold(folds).split(np.zeros(101))]
    assert plain.tolist() == expected


@pytest.mark.parametrize("folds", [2, 4, 7])
def test_grouped_folds_are_as_even_as_scikit_learns(folds):
    groups = rng(5).integers(0, 30, 400)
    groups = np.unique(groups, return_inverse=True)[1]
    found = partition.grouped_folds(groups, folds, rng())
    assert all(len(set(found[groups == group])) == 1 for group in np.unique(groups))
    theirs = [len(rows) for _, rows in GroupKFold(folds).split(groups, groups=groups)]
    assert sorted(np.bincount(found).tolist()) == sorted(theirs)
