"""Keys of metrics, and which direction of them is better."""

from __future__ import annotations

import pytest

from visdl.nodes import NodeRegistry
from visdl.nodes.contract.metrics.names import (
    is_measured_on,
    measured_keys,
    metric_direction,
    metric_key,
    metric_names,
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


def metric(name, **params):
    return NodeRegistry.get(name).create(params)


def test_one_metric_has_its_key_whatever_its_parameters():
    assert metric_names([metric("BinaryAccuracy", threshold=2.0)]) == ["accuracy"]


def test_parameters_that_differ_distinguish_metrics_of_one_type_in_any_order():
    metrics = [metric("BinaryAccuracy", **p) for p in ({"threshold": -0.25}, {}, {"threshold": 2})]
    names = ["accuracy_threshold_-0.25", "accuracy", "accuracy_threshold_2"]
    assert metric_names(metrics) == names
    assert metric_names(metrics[::-1]) == names[::-1]


def test_the_same_metric_twice_is_one():
    both = [metric("MeanSquaredError"), metric("MeanSquaredError")]
    assert metric_names(both) == ["mse", "mse"]
    assert measured_keys(("val",), both) == ["val_loss", "val_mse"]


def test_other_types_of_one_key_add_the_name_of_their_type():
    assert metric_names([metric("Accuracy"), metric("BinaryAccuracy")]) == [
        "accuracy",
        "accuracy_binaryaccuracy",
    ]


def test_each_of_several_metrics_has_its_own_direction():
    factories = [lambda: metric("BinaryAccuracy"), lambda: metric("BinaryAccuracy", threshold=1.0)]
    assert metric_direction("val_accuracy_threshold_1", factories) == "maximize"
