"""Traces values that are not finite to the step, the weights or the data where they arise.

A step is a layer or operation of the model; its name is that of its module or of its node.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, fx, nn

from visdl.models.errors import RunError
from visdl.nodes.contract.learning import Loss
from visdl.nodes.contract.traits import Traits, traits_of

_LOWER = "Lower the learning rate, scale the inputs, or clip the gradients (clip_grad_norm)."
_SLOPE = (
    "The slope of a square root, a logarithm or a division is infinite at 0: "
    "add a small number to its input."
)
_NOTHING_COUNTS = (
    "Raise batch_size, or check the loss: its ignore_index and the weights of its classes."
)
_NAMED = 3  # at most this many candidates are named


class NotFiniteError(RunError):
    """Values are not finite.

    `place` is the name of the module or model argument where they arise; "" if not known.
    """

    code = "not_finite"

    def __init__(self, message: str, *, place: str = "", hint: str = _LOWER) -> None:
        super().__init__(message, hint=hint)
        self.place = place


class Batch(NamedTuple):
    """The data of one loss value: the model's arguments, the target, and the prediction."""

    xs: Sequence[Tensor]
    y: Tensor
    prediction: Tensor


def bad_loss(what: str, model: nn.Module, loss: Loss, batch: Batch) -> NotFiniteError:
    """Return the error for a loss that is not finite.

    `what` starts the sentence. The model must be in the mode in which the loss was computed.
    """
    for name, x in zip(_arguments(model, batch.xs), batch.xs, strict=True):
        if not is_finite(x):
            return NotFiniteError(
                f"{what}: the values of the input '{name}' are not finite.", place=name
            )
    phrase, place = _first_output(model, batch.xs)
    if not place and is_finite(batch.prediction):
        return _of_the_loss(what, loss, batch.prediction, batch.y)
    return NotFiniteError(f"{what}: {phrase}." if phrase else f"{what}.", place=place)


def bad_loss_read_late(what: str, loss: Loss, prediction: Tensor, target: Tensor) -> NotFiniteError:
    """Return the error if the weights of that batch are not known: they have changed since."""
    if is_finite(prediction):
        return _of_the_loss(what, loss, prediction, target)
    hint = f"{_LOWER} Train on the CPU to see which node it comes from."
    return NotFiniteError(f"{what}: the model's output is not finite.", hint=hint)


def _of_the_loss(what: str, loss: Loss, prediction: Tensor, target: Tensor) -> NotFiniteError:
    """Return the error for a loss that is not finite although the prediction is."""
    if not is_finite(target):
        return NotFiniteError(f"{what}: the targets are not finite.")
    if not loss.node.mass(target):
        return NotFiniteError(f"{what}: none of the batch's targets counts.", hint=_NOTHING_COUNTS)
    largest = prediction.detach().abs().max().item() if prediction.numel() else 0.0
    return NotFiniteError(
        f"{what}: it comes from the loss '{_name(loss)}', "
        f"for predictions as large as {largest:.3g}."
    )


def bad_weights(
    what: str, model: nn.Module, loss: Loss, step: int, before: tuple[Tensor, Tensor] | None
) -> RunError:
    """Return the error for weights that an optimizer step has made infinite or NaN.

    `what` starts the sentence, `step` is the number of that step, whose gradients the weights still
    have, and `before` its prediction and target.
    """
    weights = first_bad(model.named_parameters())
    if all(weight.grad is None or is_finite(weight.grad) for weight in model.parameters()):
        return NotFiniteError(
            f"{what}: the weights '{weights}' are no longer finite.", place=owner(weights)
        )
    error = bad_gradient(f"{what}: the gradient of step {step} is not finite", model, loss, before)
    return NotFiniteError(
        f"{error.message[:-1]}; so the weights are not either.", place=error.place, hint=error.hint
    )


def bad_gradient(
    what: str, model: nn.Module, loss: Loss, last: tuple[Tensor, Tensor] | None
) -> NotFiniteError:
    """Return the error for gradients that are not finite, with the steps where they became so."""
    if last is not None and not _has_finite_slope(loss, *last):
        return NotFiniteError(f"{what} from the loss '{_name(loss)}' backwards.", hint=_SLOPE)
    places = _on_the_way_back(model)
    if not places:
        return NotFiniteError(f"{what}.")
    named = " or ".join(f"'{place}'" for place in places[:_NAMED])
    return NotFiniteError(
        f"{what} from {named} backwards.", place=places[0], hint=f"{_SLOPE} Or: {_LOWER}"
    )


def first_bad(named: Iterator[tuple[str, Tensor]]) -> str:
    """Return the name of the first tensor that is not finite; "" if all are."""
    return next((name for name, value in named if not is_finite(value)), "")


def statistics(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the running statistics of a model's normalisations by name.

    Other buffers, such as masks, may be infinite.
    """
    return (
        (name, value)
        for name, value in model.named_buffers()
        if name.endswith(("running_mean", "running_var"))
    )


def watched(model: nn.Module) -> list[Tensor]:
    """Return the weights and running statistics of a model, for `all_finite`."""
    values = [*model.parameters(), *(value for _, value in statistics(model))]
    return [value.detach() for value in values if value.is_floating_point()]


def all_finite(values: Sequence[Tensor]) -> bool:
    """Return whether all values are finite.

    Usually this costs a sum of each tensor and the transfer of one number.
    """
    total = torch.stack([value.sum() for value in values]).sum().item() if values else 0.0
    return math.isfinite(total) or all(is_finite(value) for value in values)  # a sum may overflow


def is_finite(output: object) -> bool:
    """Return whether all tensors in the output of a step are finite."""
    found = output if isinstance(output, tuple | list) else (output,)
    return all(bool(value.isfinite().all()) for value in found if isinstance(value, Tensor))


def _name(loss: Loss) -> str:
    return type(loss.node).DISPLAY_NAME or type(loss.node).__name__


def _arguments(model: nn.Module, xs: Sequence[Tensor]) -> list[str]:
    if isinstance(model, fx.GraphModule):
        return [node.name for node in model.graph.nodes if node.op == "placeholder"]
    return ["input"] * len(xs)


def owner(weights: str) -> str:
    """Return the name of the module that these weights belong to."""
    return weights.rpartition(".")[0]


def _first_output(model: nn.Module, xs: Sequence[Tensor]) -> tuple[str, str]:
    """Return where values are first not finite and first NaN, as a clause, and the first step."""
    first = ""
    with torch.no_grad():
        for name, output in _outputs(model, xs):
            if is_finite(output):
                continue
            found = output if isinstance(output, tuple | list) else (output,)
            is_nan = any(bool(value.isnan().any()) for value in found if isinstance(value, Tensor))
            if not first:
                first = name
                phrase = f"the first values that are not finite come from '{name}'"
                broken = _broken_buffer(model, name)
                phrase += f", whose '{broken}' is not finite" if broken else ""
                if is_nan:
                    return phrase, first
            elif is_nan and name != first:
                return f"{phrase}, the first nan from '{name}'", first
    return (phrase, first) if first else ("", "")


def _broken_buffer(model: nn.Module, name: str) -> str:
    """Return the running statistics of a step in evaluation that are not finite; "" if none."""
    try:
        module = model.get_submodule(name)
    except AttributeError:  # a function, written into the model's code
        return ""
    return "" if module.training else first_bad(statistics(module))


def _outputs(model: nn.Module, xs: Sequence[Tensor]) -> Iterator[tuple[str, object]]:
    """Yield the output of each step of a model, with the step's name."""
    if isinstance(model, fx.GraphModule):
        run = fx.Interpreter(model)
        run.args_iter = iter(xs)
        for node in model.graph.nodes:
            run.env[node] = run.run_node(node)
            if node.op not in ("placeholder", "output"):
                yield step_name(node), run.env[node]
        return
    for name, layer in model.named_children():
        xs = [layer(*xs)]
        yield name, xs[0]


def step_name(node: fx.Node) -> str:
    """Return the name of the step that a line of a model's code belongs to."""
    return str(node.meta.get("step", node.target if node.op == "call_module" else node.name))


def _has_finite_slope(loss: Loss, prediction: Tensor, target: Tensor) -> bool:
    at = prediction.detach().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(loss(at, target), at, allow_unused=True)
    return slope is None or is_finite(slope)


def _on_the_way_back(model: nn.Module) -> list[str]:
    """Return the steps, in order, one of which has turned finite gradients into others.

    They are downstream of the last step whose weights got such gradients, up to the next step with
    weights; if there are none, it is that step itself.
    """
    bad = {
        owner(name)
        for name, p in model.named_parameters()
        if p.grad is not None and not is_finite(p.grad)
    }
    order = _order(model)
    last = max((at for at, (name, _, _) in enumerate(order) if _holds(name, bad)), default=None)
    if last is None:
        return []
    downstream = {order[last][0]}
    found: dict[str, bool] = {}  # whether the slope of all that the step does is finite
    with_weights = {owner(name) for name, _ in model.named_parameters()}
    for name, finite_slope, read in order[last + 1 :]:
        if downstream.isdisjoint(read):
            continue
        if _holds(name, with_weights):
            break
        downstream.add(name)
        found[name] = found.get(name, True) and finite_slope
    return (
        [name for name, is_finite in found.items() if not is_finite] or [*found] or [order[last][0]]
    )


def _holds(step: str, modules: set[str]) -> bool:
    return any(module == step or module.startswith(f"{step}.") for module in modules)


def _order(model: nn.Module) -> list[tuple[str, bool, list[str]]]:
    """Return name, whether the slope is finite, and sources of each step, in execution order."""
    if isinstance(model, fx.GraphModule):
        nodes = [node for node in model.graph.nodes if node.op not in ("placeholder", "output")]
        return [
            (
                step_name(node),
                node.meta.get("traits", Traits()).finite_slope,
                [step_name(read) for read in node.all_input_nodes],
            )
            for node in nodes
        ]
    layers = list(model.named_children())
    return [
        (name, traits_of(layer).finite_slope, [n for n, _ in layers[max(0, at - 1) : at]])
        for at, (name, layer) in enumerate(layers)
    ]
