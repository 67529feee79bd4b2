"""The catalogue compared with PyTorch's list of modules, on the inputs of PyTorch's tests."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing._internal.common_modules import module_db

from visdl.nodes import LayerNode, NodeRegistry, Shape
from visdl.nodes.contract.learning import LossNode
from visdl.nodes.contract.specs import BATCH

#: Modules of torch that are not nodes, and why.
NO_NODE = {
    "AdaptiveLogSoftmaxWithLoss": "a layer and its loss in one",
    "CTCLoss": "takes lengths",
    "CosineEmbeddingLoss": "takes two predictions",
    "CrossMapLRN2d": "the former form of LocalResponseNorm",
    "GRUCell": "one step of a GRU",
    "GaussianNLLLoss": "takes a variance",
    "LSTMCell": "one step of an LSTM",
    "LinearCrossEntropyLoss": "a layer and its loss in one",
    "MarginRankingLoss": "takes two predictions",
    "RNNCell": "one step of an RNN",
    "Softmax2dLegacy": "none",
    "Transformer": "drawn of its layers",
    "TransformerDecoder": "drawn of its layers",
    "TransformerEncoder": "drawn of its layers",
    "TripletMarginLoss": "takes three predictions",
    "TripletMarginWithDistanceLoss": "takes three predictions",
}
#: Nodes whose module is called otherwise than torch's own; they have tests of their own.
OTHER_CALL = {"EmbeddingBag", "GRU", "LSTM", "MultiheadAttention", "RNN", "TransformerDecoderLayer"}
INFOS = {
    info.module_cls.__name__: info
    for info in module_db
    if info.module_cls.__module__.startswith("torch.nn.modules")
    and not info.module_cls.__name__.startswith("Lazy")
}


def test_every_module_of_torch_is_a_node_or_there_is_a_reason():
    missing = {name for name in INFOS if NodeRegistry.find(name) is None}
    assert missing == NO_NODE.keys() & INFOS.keys()


def samples(name: str) -> list[Any]:
    info = INFOS[name]
    torch.manual_seed(0)
    return list(
        info.module_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=False, training=False
        )
    )


def stated(cls: type, call: Any) -> dict[str, Any]:
    """The arguments that a sample makes its module with, by name."""
    bound = inspect.signature(cls).bind(*call.args, **call.kwargs)
    return {
        name: value for name, value in bound.arguments.items() if name not in ("device", "dtype")
    }


def as_param(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | torch.Size) else value


def built(node_cls: type[LayerNode], params: dict[str, Any], inputs: list[Tensor]) -> nn.Module:
    shapes = [Shape((BATCH, *x.shape[1:]), x.dtype) for x in inputs]
    return node_cls.create(params).build(*shapes)


LAYERS = [
    n
    for n in INFOS
    if (cls := NodeRegistry.find(n)) and issubclass(cls, LayerNode) and n not in OTHER_CALL
]
LOSSES = [n for n in INFOS if (cls := NodeRegistry.find(n)) and issubclass(cls, LossNode)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_does_what_torchs_own_does_with_pytorchs_own_inputs(name):
    node_cls, torch_cls = NodeRegistry.get(name), INFOS[name].module_cls
    compared = 0
    for sample in samples(name):
        call, stated_params = sample.forward_input, stated(torch_cls, sample.constructor_input)
        inputs = list(call.args)
        if call.kwargs or not all(isinstance(x, Tensor) and x.dim() > 1 for x in inputs):
            continue
        params = {
            key: as_param(value) for key, value in stated_params.items() if key in node_cls.PARAMS
        }
        if any(spec.why_not(params[key]) for key, spec in node_cls.PARAMS.items() if key in params):
            continue
        if "batch_first" in node_cls.PARAMS:  # here the batch comes first unless stated otherwise
            sample.constructor_input.kwargs.setdefault("batch_first", True)
        theirs = torch_cls(*sample.constructor_input.args, **sample.constructor_input.kwargs).eval()
        if hasattr(theirs, "_random_samples"):
            theirs._random_samples = None  # both draw their own
        try:
            ours = built(node_cls, params, inputs)
        except ValueError:
            continue  # an input without a batch
        own = {key: tuple(value.shape) for key, value in ours.state_dict().items()}
        if own != {key: tuple(value.shape) for key, value in theirs.state_dict().items()}:
            continue  # the first axis is not a batch, or a size is stated that is inferred here
        ours.load_state_dict(theirs.state_dict())
        torch.manual_seed(1)
        expected = theirs(*inputs)
        torch.manual_seed(1)
        found = ours.eval()(*inputs)
        torch.testing.assert_close(found, expected, equal_nan=True)
        compared += 1
    assert compared


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_does_what_torchs_own_does_with_pytorchs_own_inputs(name):
    node_cls, torch_cls = NodeRegistry.get(name), INFOS[name].module_cls
    compared = 0
    for sample in samples(name):
        stated_params = {
            key: as_param(value.tolist() if isinstance(value, Tensor) else value)
            for key, value in stated(torch_cls, sample.constructor_input).items()
        }
        params = {key: value for key, value in stated_params.items() if key in node_cls.PARAMS}
        refused = any(node_cls.PARAMS[key].why_not(value) for key, value in params.items())
        if refused or stated_params.keys() - params.keys() or sample.forward_input.kwargs:
            continue
        [loss] = node_cls.create(params).execute()
        theirs = torch_cls(*sample.constructor_input.args, **sample.constructor_input.kwargs)
        if "reduction" not in stated_params and name == "KLDivLoss":
            continue  # its default here is the mean over the batch
        found, expected = loss(*sample.forward_input.args), theirs(*sample.forward_input.args)
        torch.testing.assert_close(found, expected, equal_nan=True)
        compared += 1
    assert compared
