"""The nineteen node types of the contract: ports, parameters, torch's names and defaults."""

from __future__ import annotations

import inspect

import pytest
from torch import nn, optim

from visdl.nodes import NodeRegistry

#: Inputs, outputs and parameters of each type. `?` marks an optional port, `|` a second type.
NINETEEN: dict[str, tuple[str, str, dict[str, object]]] = {
    "CSVLoader": ("", "dataset: DATASET", {"file": "", "input_columns": "", "target_columns": ""}),
    "DataSplitter": (
        "dataset: DATASET",
        "train_loader: LOADER, val_loader: LOADER, test_loader: LOADER",
        {"val_ratio": 0.2, "batch_size": 32, "shuffle": True, "seed": 0},
    ),
    "Linear": ("input: LAYER?", "output: LAYER", {"out_features": 64, "bias": True}),
    "ReLU": ("input: LAYER?", "output: LAYER", {"inplace": False}),
    "Sigmoid": ("input: LAYER?", "output: LAYER", {}),
    "Tanh": ("input: LAYER?", "output: LAYER", {}),
    "Dropout": ("input: LAYER?", "output: LAYER", {"p": 0.5}),
    "BatchNorm1d": ("input: LAYER?", "output: LAYER", {"eps": 1e-5, "momentum": 0.1}),
    "ModelAssembly": (
        "layers: LAYER, dataset: DATASET | LOADER?",
        "model: MODEL",
        {"device": "auto"},
    ),
    "MSELoss": ("", "loss_fn: LOSS_FN", {}),
    "CrossEntropyLoss": ("", "loss_fn: LOSS_FN", {}),
    "L1Loss": ("", "loss_fn: LOSS_FN", {}),
    "SGD": (
        "model: MODEL",
        "optimizer: OPTIMIZER",
        {"lr": 1e-3, "momentum": 0.0, "weight_decay": 0.0},
    ),
    "Adam": ("model: MODEL", "optimizer: OPTIMIZER", {"lr": 1e-3, "weight_decay": 0.0}),
    "AdamW": ("model: MODEL", "optimizer: OPTIMIZER", {"lr": 1e-3, "weight_decay": 0.01}),
    "TrainingLoop": (
        "model: MODEL, optimizer: OPTIMIZER | SCHEDULER, loss_fn: LOSS_FN, "
        "train_loader: LOADER | DATASET, "
        "val_loader: LOADER | DATASET?",
        "result: TRAINING_RESULT",
        {"epochs": 10, "keep": "last", "monitor": "val_loss", "patience": None},
    ),
    "MetricsCollector": ("training_result: TRAINING_RESULT", "metrics: METRICS", {}),
    "Evaluator": (
        "training_result: TRAINING_RESULT, test_dataset: DATASET | LOADER",
        "test_metrics: METRICS",
        {},
    ),
    "ModelExport": (
        "training_result: TRAINING_RESULT, test_metrics: METRICS?",
        "file_path: STRING",
        {"name": "model", "format": "safetensors"},
    ),
}
#: Ports beyond those of the contract.
MORE = {"TrainingLoop": ", metrics: METRICS?"}
#: The class of torch for a type of this name.
TORCH = {
    name: found
    for name in NINETEEN
    if (found := getattr(nn, name, None) or getattr(optim, name, None))
}
#: Parameters of torch that are left out: inferred, deprecated, or about how a result is computed.
NOT_OFFERED = {
    *("in_features", "num_features", "params", "device", "dtype", "size_average", "reduce"),
    *("foreach", "maximize", "capturable", "differentiable", "fused"),
}
#: Parameters that the oldest torch in the supported range does not have.
NEW = {"BatchNorm1d": {"bias"}}
#: What VisDL adds to every layer with weights: how they start, and whose they are.
OWN = {"weight_init", "init_std", "bias_init", "weights_of", "groups"}


def text(name, spec):
    kind = f"{spec.dtype} | {spec.also}" if spec.also else f"{spec.dtype}"
    return f"{name}: {kind}" + ("" if spec.required else "?")


def test_the_nineteen_are_built_in_types():
    catalogue = NodeRegistry.describe()
    assert len(NINETEEN) == 19
    assert {name for name in NINETEEN if catalogue[name].source == "built-in"} == NINETEEN.keys()


@pytest.mark.parametrize("name", NINETEEN)
def test_ports_are_those_of_the_contract(name):
    cls, (inputs, outputs, _) = NodeRegistry.get(name), NINETEEN[name]
    assert ", ".join(text(port, spec) for port, spec in cls.ports().items()) == inputs + MORE.get(
        name, ""
    )
    assert ", ".join(f"{spec.name}: {spec.dtype}" for spec in cls.RETURN_TYPES()) == outputs


@pytest.mark.parametrize("name", NINETEEN)
def test_parameters_have_the_names_and_defaults_of_the_contract(name):
    defaults = {param: spec.default for param, spec in NodeRegistry.get(name).parameters().items()}
    assert NINETEEN[name][2].items() <= defaults.items()


def test_torch_has_a_class_for_every_layer_loss_and_optimizer_of_them():
    kinds = {"layer", "loss", "optimizer"}
    assert TORCH.keys() == {name for name in NINETEEN if NodeRegistry.get(name).KIND in kinds}


@pytest.mark.parametrize(("name", "original"), TORCH.items(), ids=TORCH)
def test_parameters_carry_torchs_own_names_and_defaults(name, original):
    own = NodeRegistry.get(name).parameters()
    theirs = {
        param.name: param.default
        for param in inspect.signature(original).parameters.values()
        if param.name not in NOT_OFFERED | NEW.get(name, set())
        and param.kind not in (param.VAR_POSITIONAL, param.VAR_KEYWORD)
    }
    assert own.keys() - OWN - NEW.get(name, set()) == theirs.keys()
    for param, default in theirs.items():
        if default is not inspect.Parameter.empty:
            assert own[param].default == default, param


def test_choices_are_those_of_the_contract():
    choices = {
        (name, param): list(spec.choices)
        for name in NINETEEN
        for param, spec in NodeRegistry.get(name).parameters().items()
        if spec.choices is not None
    }
    assert choices[("TrainingLoop", "keep")] == ["last", "best"]
    assert choices[("ModelAssembly", "device")] == ["auto", "cpu", "cuda"]
    assert choices[("ModelExport", "format")] == ["safetensors", "pt", "pt2"]
