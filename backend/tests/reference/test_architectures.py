"""Published networks: the same number of parameters, and the same outputs for equal weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from visdl.models.graph import Graph
from visdl.nodes import NodeRegistry
from visdl.validation.validator import Validator

from ..support.runs import built
from ..support.strength import count
from . import graphs, plain

pytestmark = pytest.mark.integration


def images(size: int) -> Callable[[], list[Tensor]]:
    return lambda: [torch.randn(2, 3, size, size)]


@dataclass(frozen=True)
class Case:
    """An architecture, as published and small enough to be run in a moment."""

    parameters: int
    graph: Callable[..., Graph]
    plain: Callable[..., nn.Module]
    inputs: Callable[[], list[Tensor]]
    small: dict[str, Any] = field(default_factory=dict)
    rename: Callable[[str], str] = str


def transformer_name(key: str) -> str:
    """The name that a weight of nn.Transformer has in the graph."""
    key = re.sub(r"^encoder\.layers\.(\d+)\.", r"encoder.\1.layer.", key)
    key = re.sub(r"^decoder\.layers\.(\d+)\.", r"decoder\1.layer.", key)
    return re.sub(r"^(encoder|decoder)\.norm\.", r"\1_norm.", key)


def plain_transformer(
    layers: int = 6, width: int = 512, heads: int = 8, hidden: int = 2048
) -> nn.Module:
    return nn.Transformer(width, heads, layers, layers, hidden, batch_first=True)


def tokens(vocabulary: int, length: int) -> Callable[[], list[Tensor]]:
    return lambda: [torch.randint(0, vocabulary, (2, length))]


resnet18 = partial(graphs.resnet, [2, 2, 2, 2], bottleneck=False)
resnet50 = partial(graphs.resnet, [3, 4, 6, 3], bottleneck=True)
plain_resnet18 = partial(plain.resnet, [2, 2, 2, 2], bottleneck=False)
plain_resnet50 = partial(plain.resnet, [3, 4, 6, 3], bottleneck=True)

CASES = {
    "lenet5": Case(61_706, graphs.lenet5, plain.lenet5, lambda: [torch.randn(2, 1, 32, 32)]),
    "vgg16": Case(138_357_544, graphs.vgg16, plain.vgg16, images(224), {"width": 1 / 16}),
    "resnet18": Case(11_689_512, resnet18, plain_resnet18, images(224), {"width": 1 / 8}),
    "resnet50": Case(25_557_032, resnet50, plain_resnet50, images(224), {"width": 1 / 16}),
    "mobilenet_v2": Case(
        3_504_872, graphs.mobilenet_v2, plain.mobilenet_v2, images(224), {"width": 1 / 4}
    ),
    "alexnet": Case(61_100_840, graphs.alexnet, plain.alexnet, images(224), {"width": 1 / 16}),
    "gpt2": Case(
        124_439_808,
        graphs.gpt2,
        plain.GPT2,
        tokens(50, 12),
        {"layers": 3, "width": 32, "heads": 4, "vocabulary": 50, "context": 12},
    ),
    "transformer": Case(
        44_140_544,
        graphs.transformer,
        plain_transformer,
        lambda: [torch.randn(2, 7, 32), torch.randn(2, 5, 32)],
        {"layers": 2, "width": 32, "heads": 4, "hidden": 48},
        transformer_name,
    ),
    "unet": Case(31_037_698, graphs.unet, plain.UNet, images(64), {"width": 1 / 16}),
}
#: Inputs that suit the published size, where they differ.
FULL = {
    "gpt2": tokens(50_257, 64),
    "transformer": lambda: [torch.randn(2, 7, 512), torch.randn(2, 5, 512)],
}
named = pytest.mark.parametrize("name", CASES)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def assert_equal_outputs(case: Case, sizes: dict[str, Any], inputs: list[Tensor]) -> None:
    theirs = case.plain(**sizes)
    ours = built(case.graph(**sizes), inputs)
    renamed = {case.rename(key): value for key, value in theirs.state_dict().items()}
    assert ours.state_dict().keys() == renamed.keys()
    ours.load_state_dict(renamed)
    modes = (
        [False, True] if any(isinstance(m, nn.BatchNorm2d) for m in theirs.modules()) else [False]
    )
    for training in modes:
        for model in (ours, theirs):
            model.train(training)
            for module in model.modules():
                if isinstance(module, nn.Dropout):
                    module.eval()
        torch.testing.assert_close(ours(*inputs), theirs(*inputs))


@named
def test_a_graph_has_exactly_as_many_parameters_as_published(name):
    case = CASES[name]
    report = Validator(NodeRegistry, {}.__getitem__).report(case.graph())
    assert [d.message for d in report.diagnostics if d.severity == "error"] == []
    assert report.totals.parameters == case.parameters


@named
def test_for_the_same_weights_it_gives_what_plain_pytorch_gives(name):
    case = CASES[name]
    assert_equal_outputs(case, case.small, case.inputs())


@pytest.mark.slow
@named
def test_at_its_full_size_too(name):
    case = CASES[name]
    inputs = FULL.get(name, case.inputs)()
    assert sum(p.numel() for p in built(case.graph(), inputs).parameters()) == case.parameters
    assert_equal_outputs(case, {}, inputs)


@named
def test_its_file_comes_back_as_it_was_written(name):
    graph = CASES[name].graph()
    assert Graph.model_validate_json(graph.model_dump_json()) == graph


def test_weights_are_called_by_the_nodes_they_belong_to():
    keys = built(resnet18(width=1 / 8), images(64)()).state_dict().keys()
    assert {
        "conv1.weight",
        "layer1.0.conv1.weight",
        "layer1.1.bn2.running_mean",
        "layer2_first.shortcut.weight",
    } <= keys


def test_the_tied_embedding_is_one_weight():
    model = built(graphs.gpt2(**CASES["gpt2"].small), CASES["gpt2"].inputs())
    assert model.head.weight is model.wte.weight


@pytest.mark.parametrize("name", ["resnet18", "unet", "mobilenet_v2", "transformer", "gpt2"])
def test_with_any_single_node_off_it_trains_or_is_refused_with_a_sentence(name):
    case, check = CASES[name], Validator(NodeRegistry, {}.__getitem__)
    inputs = images(64)() if case.inputs()[0].dim() == 4 else case.inputs()
    whole = case.graph(**case.small)
    places = [("", node.id) for node in whole.nodes if node.type not in ("Input", "ModelAssembly")]
    places += [
        (block, node.id) for block, definition in whole.blocks.items() for node in definition.nodes
    ]
    trained = 0
    for block, node_id in places[:: count(gate=3, full=1)]:
        graph = case.graph(**case.small)
        next(
            n for n in (graph.blocks[block] if block else graph).nodes if n.id == node_id
        ).disabled = True
        report = check.report(graph)
        errors = [found for found in report.diagnostics if found.severity == "error"]
        assert all(found.node and found.message.endswith(".") for found in errors)
        if errors:
            continue
        model, trained = built(graph, inputs), trained + 1
        output = model(*inputs)
        [wire] = [edge for edge in graph.edges if edge.target_input == "layers"]
        expected = report.nodes[wire.source].outputs[wire.source_output].shape
        assert list(output.shape[1:]) == expected[1:]
        output.square().mean().backward()
        grads = [weight.grad for weight in model.parameters() if weight.grad is not None]
        assert grads
        assert all(grad.isfinite().all() for grad in grads)
    assert trained
