"""Parameters of a node, taken from the signature of its torch class."""

from __future__ import annotations

import collections.abc
import inspect
import re
import types
import typing
from collections.abc import Collection, Container, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from visdl.nodes.contract.specs import LEAST, MOST_DROPPED, Param, ParamSpec

_NEVER = frozenset({"self", "args", "kwargs", "device", "dtype"})
_POSITIVE = {"min": 1}
_NOT_NEGATIVE = {"min": 0}
_SHARE = {"min": 0, "max": 1, "step": 0.05}
_DROPPED = {"min": 0, "max": MOST_DROPPED, "step": 0.05}
_SIZE = {"min": 1, "max": 10_000_000}

#: What a parameter of this name means in every class of torch.nn that has it, and its range.
_KNOWN: dict[str, Meaning] = {
    "affine": ("Learn a scale γ and a shift β", {}),
    "align_corners": ("Align the corner pixels of input and output (linear modes)", {}),
    "alpha": ("Scale α", {}),
    "beta": ("Sharpness β", {}),
    "bias": ("Learn an additive bias", {}),
    "ceil_mode": ("Round output sizes up, not down", {}),
    "count_include_pad": ("Count the zeros of the padding in the mean", {}),
    "dilation": ("Spacing between the elements of the window", _POSITIVE),
    "dim": ("Axis to operate on; the batch is axis 0", {}),
    "dim_feedforward": ("Width of the hidden layer in the feed-forward part", _SIZE),
    "divisor_override": (
        "Divide by this instead of the window's size; empty: the size",
        _POSITIVE,
    ),
    "downscale_factor": ("Factor by which each side shrinks", _POSITIVE),
    "dropout": ("Probability that an element is zeroed in training", _DROPPED),
    "elementwise_affine": ("Learn a scale per element", {}),
    "embedding_dim": ("Size of each vector", _SIZE),
    "end_dim": ("Last axis to flatten", {}),
    "eps": ("Added to a denominator for numerical stability", _NOT_NEGATIVE),
    "groups": ("Groups of channels without connections between them", _POSITIVE),
    "hidden_size": ("Features of the hidden state", _SIZE),
    "init": ("Initial value", {}),
    "inplace": ("Overwrite the input to save memory, if nothing else reads it", {}),
    "k": ("Additive constant", {}),
    "keepdim": ("Keep the axis, with size 1", {}),
    "kernel_size": ("Size of the window: one number, or one per axis", _POSITIVE),
    "lambd": ("Values within ±λ become zero", _NOT_NEGATIVE),
    "layer_norm_eps": (
        "Added to a denominator of the norms for numerical stability",
        _NOT_NEGATIVE,
    ),
    "lower": ("Smallest slope", {}),
    "max_norm": ("Longest vector; longer ones are shortened; empty: off", {"min": LEAST}),
    "max_val": ("Largest output", {}),
    "min_val": ("Smallest output", {}),
    "momentum": ("Weight of the newest batch; empty: a cumulative average", _SHARE),
    "negative_slope": ("Slope below zero", {}),
    "nhead": ("Number of attention heads; must divide the width", _POSITIVE),
    "norm_first": ("Normalise before attention and feed-forward, not after them", {}),
    "norm_type": ("The p of the p-norm", {}),
    "num_embeddings": ("Number of ids: 0 up to one less than this", _SIZE),
    "num_groups": ("Groups of channels that are normalised together", _POSITIVE),
    "num_heads": ("Number of attention heads; must divide the width", _POSITIVE),
    "num_layers": ("Number of recurrent layers", {"min": 1, "max": 200}),
    "num_parameters": ("Learned values: one, or one per channel", _SIZE),
    "out_channels": ("Channels of the output", _SIZE),
    "out_features": ("Size of each output sample", _SIZE),
    "output_padding": ("Added to one side of the output's size", _NOT_NEGATIVE),
    "output_size": ("Size of the output: one number, or one per axis", _POSITIVE),
    "p": ("Probability that an element is zeroed", _DROPPED),
    "padding": ("Added on each side", _NOT_NEGATIVE),
    "padding_idx": ("The id whose vector is never trained; empty: none", {}),
    "padding_mode": ("Values of the padding", {}),
    "return_indices": ("Also return the positions of the maxima, for unpooling", {}),
    "scale_factor": ("Factor by which each side grows; empty: see size", {"min": 1e-6}),
    "scale_grad_by_freq": ("Divide gradients by the frequency of the id in the batch", {}),
    "size": ("Neighbouring channels that are summed over", _POSITIVE),
    "sparse": ("Sparse gradients, for SparseAdam or SGD", {}),
    "start_dim": ("First axis to flatten; the batch is axis 0", {}),
    "stride": ("Step of the window; empty: the window's size", _POSITIVE),
    "threshold": ("Value at which the function changes", {}),
    "track_running_stats": ("Keep running statistics for evaluation", {}),
    "upper": ("Largest slope", {}),
    "upscale_factor": ("Factor by which each side grows", _POSITIVE),
    "value": ("Inserted value", {}),
}
#: Words that torch accepts, for versions whose annotation is only `str`.
_CHOICES: dict[str, Any] = {"padding_mode": Literal["zeros", "reflect", "replicate", "circular"]}
Spec = TypeVar("Spec")


class Declares(Protocol):
    """A class with parameters, such as a node's."""

    PARAMS: ClassVar[Mapping[str, Any]]


Meaning = tuple[str, dict[str, Any]]
_KIND_OF_NAME = re.compile(r"([123])d$")


def signature_params(
    cls: type,
    leave_out: Container[str],
    defaults: Mapping[str, Any],
    meaning: Mapping[str, Meaning] = MappingProxyType({}),
) -> dict[str, tuple[ParamSpec, Any]]:
    """Return a `Param` and its annotation for every argument of `cls` not in `leave_out`.

    `defaults` has values of arguments that torch requires, `meaning` descriptions that differ from
    the usual ones. Raises TypeError for an argument without a value.
    """
    hints = typing.get_type_hints(cls.__init__, localns=vars(collections.abc))  # type: ignore[misc]
    match = _KIND_OF_NAME.search(cls.__name__)
    found = {}
    for name, argument in inspect.signature(cls).parameters.items():
        if name in _NEVER or name in leave_out or name.startswith("_"):
            continue
        default = defaults.get(name, argument.default)
        if default is inspect.Parameter.empty:
            raise TypeError(f"{cls.__name__} requires {name!r}: give it a default")
        known = hints.get(name)
        known = _CHOICES.get(name, known) if known is str else known
        hint = _simple(known, default, int(match[1]) if match else None)
        description, options = meaning.get(name) or _KNOWN.get(name, ("", {}))
        if default is None and type(None) not in typing.get_args(hint):
            hint = hint | None
        elif default is not None and type(None) not in typing.get_args(hint):
            description = description.partition("; empty:")[0]
        if hint is float:
            default = float(default)
        found[name] = (_param(default, hint, description, options), hint)
    return found


def declare(
    node: type[Declares],
    original: type,
    leave_out: Collection[str] = (),
    defaults: Mapping[str, Any] = MappingProxyType({}),
    meaning: Mapping[str, Meaning] = MappingProxyType({}),
) -> None:
    """Give a node class a `Param` for every argument of `original` that it does not declare itself.

    Call it in `__init_subclass__`, before the class is read. For the other arguments see
    `signature_params`.
    """
    hints = dict(node.__annotations__)
    taken = {*leave_out, *vars(node), *node.PARAMS}
    for name, (param, hint) in signature_params(original, taken, defaults, meaning).items():
        setattr(node, name, param)
        hints[name] = hint
    node.__annotations__ = hints


def in_order(params: Mapping[str, Spec], cls: type) -> Mapping[str, Spec]:
    """Return the parameters in the order of the arguments of `cls`, followed by others."""
    places = {name: place for place, name in enumerate(inspect.signature(cls).parameters)}
    return MappingProxyType(
        dict(sorted(params.items(), key=lambda item: places.get(item[0], len(places))))
    )


def _param(default: Any, hint: Any, description: str, options: dict[str, Any]) -> ParamSpec:
    words = [word for option in (hint, *typing.get_args(hint)) for word in _words(option)]
    only_words = typing.get_origin(hint) is Literal
    is_number = not only_words and hint is not bool and hint is not str
    param: ParamSpec = Param(
        default,
        description=description,
        choices=words if only_words else None,
        **(options if is_number else {}),
    )
    return param


def _words(option: Any) -> tuple[str, ...]:
    return typing.get_args(option) if typing.get_origin(option) is Literal else ()


def _simple(hint: Any, default: Any, axes: int | None) -> Any:
    """Return torch's annotation as one for a parameter; without one, the default's type.

    `axes` is how many values a list has if torch allows any number, in classes such as MaxPool2d.
    """
    if hint is None:
        return type(default)
    options = (
        typing.get_args(hint)
        if typing.get_origin(hint) in (types.UnionType, typing.Union)
        else (hint,)
    )
    kept: list[Any] = []
    for option in options:
        origin, args = typing.get_origin(option), typing.get_args(option)
        if option in (int, float, bool, str, type(None)) or origin is Literal:
            kept.append(option)
        elif origin is tuple:
            items = [arg for arg in args if arg is not Ellipsis]
            item = next(
                t for t in (int, float) if t in items or any(t in typing.get_args(i) for i in items)
            )
            count = axes if Ellipsis in args else len(args)
            kept.append(tuple[(item,) * count] if count else list[item])  # type: ignore[misc, valid-type]
        elif origin is list:
            kept.append(option)
    if str in kept and len(kept) > 1:  # Conv's padding: a word or a size
        kept[kept.index(str)] = Literal["valid", "same"]
    return typing.Union[tuple(kept)]  # noqa: UP007  of a list of types
