"""Keys of metrics, and which direction of them is better."""

from __future__ import annotations

import pytest

from visdl.nodes import NodeRegistry
from visdl.nodes.contract.metric_names import (
    is_measured_on,
    measured_keys,
    metric_direction,
    metric_key,
    split_key,
    usual_metrics,
    with_part,
)

MSE = usual_metrics(NodeRegistry.get("MSELoss").create({}), NodeRegistry)
CLASSES = usual_metrics(NodeRegistry.get("CrossEntropyLoss").create({}), NodeRegistry)


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("val_loss", ("val", "loss")),
        ("train_within_tolerance", ("train", "within_tolerance")),
        ("test_r2", ("test", "r2")),
        ("lr", (None, "lr")),
        ("batch_loss", (None, "batch_loss")),
        ("value_loss", (None, "value_loss")),
    ],
)
def test_a_key_is_a_part_of_the_data_and_a_name(key, parts):
    assert split_key(key) == parts
    part, name = parts
    if part:
        assert metric_key(part, name) == key
        assert with_part(part, {name: 1}) == {key: 1}
    assert [one for one in ("train", "val", "test") if is_measured_on(one, key)] == (
        [part] if part else []
    )


@pytest.mark.parametrize(
    ("key", "direction"),
    [
        ("val_loss", "minimize"),
        ("train_mse", "minimize"),
        ("test_r2", "maximize"),
        ("val_unknown", None),
        ("lr", None),
        ("batch_loss", None),
    ],
)
def test_the_direction_is_that_of_the_loss_or_of_the_metric_node(key, direction):
    assert metric_direction(key, MSE) == direction


def test_a_training_measures_the_loss_and_the_metrics_on_each_part():
    keys = measured_keys(("val", "train"), [make() for make in CLASSES])
    assert keys == ["val_loss", "val_accuracy", "train_loss", "train_accuracy"]
