"""Parameters of a node taken from the signature of the torch class that it stands for."""

from __future__ import annotations

import collections.abc
import inspect
import re
import types
import typing
from collections.abc import Collection, Container, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from visdl.nodes.contract.specs import Param, ParamSpec

_NEVER = frozenset({"self", "args", "kwargs", "device", "dtype"})
_POSITIVE = {"min": 1}
_NOT_NEGATIVE = {"min": 0}
_SHARE = {"min": 0, "max": 1, "step": 0.05}
_SIZE = {"min": 1, "max": 10_000_000}

#: What a parameter of this name means in every class of torch.nn that has it, and its range.
_KNOWN: dict[str, Meaning] = {
    "affine": ("Learn a scale γ and a shift β", {}),
    "align_corners": ("Line up the corner pixels of input and output (linear modes)", {}),
    "alpha": ("Scale α", {}),
    "beta": ("Sharpness β", {}),
    "bias": ("Learn an additive bias", {}),
    "ceil_mode": ("Round output sizes up, not down", {}),
    "count_include_pad": ("Count the zeros of the padding in the mean", {}),
    "dilation": ("Spacing between the elements of the window", _POSITIVE),
    "dim": ("Axis that it works along; the batch is axis 0", {}),
    "dim_feedforward": ("Width of the hidden layer in the feed-forward part", _SIZE),
    "divisor_override": (
        "Divide by this in place of the window's size; empty: the size",
        _POSITIVE,
    ),
    "downscale_factor": ("How many times smaller each side becomes", _POSITIVE),
    "dropout": ("Probability of an element to be zeroed while training", _SHARE),
    "elementwise_affine": ("Learn a scale per element", {}),
    "embedding_dim": ("Size of each vector", _SIZE),
    "end_dim": ("Last axis to flatten", {}),
    "eps": ("Added to a denominator for numerical stability", _NOT_NEGATIVE),
    "groups": ("Groups of channels that do not see each other", _POSITIVE),
    "hidden_size": ("Features of the hidden state", _SIZE),
    "init": ("Value at the start", {}),
    "inplace": ("Overwrite the input to save memory, where nothing else reads it", {}),
    "k": ("Additive constant", {}),
    "keepdim": ("Keep the axis, with size 1", {}),
    "kernel_size": ("Size of the window: one number, or one per axis", _POSITIVE),
    "lambd": ("Values within ±λ become zero", _NOT_NEGATIVE),
    "layer_norm_eps": (
        "Added to a denominator of the norms for numerical stability",
        _NOT_NEGATIVE,
    ),
    "lower": ("Smallest slope", {}),
    "max_norm": ("Vectors longer than this are shortened to it; empty: off", _NOT_NEGATIVE),
    "max_val": ("Largest output", {}),
    "min_val": ("Smallest output", {}),
    "momentum": ("Weight of the newest batch; empty: a cumulative average", _SHARE),
    "negative_slope": ("Slope below zero", {}),
    "nhead": ("Attention heads; they divide the width", _POSITIVE),
    "norm_first": ("Normalise before attention and feed-forward, not behind them", {}),
    "norm_type": ("The p of the p-norm", {}),
    "num_embeddings": ("How many ids there are: 0 up to one less than this", _SIZE),
    "num_groups": ("Groups of channels that are normalised together", _POSITIVE),
    "num_heads": ("Attention heads; they divide the width", _POSITIVE),
    "num_layers": ("Recurrent layers, one on top of the other", {"min": 1, "max": 1000}),
    "num_parameters": ("Learned values: one, or one per channel", _SIZE),
    "out_channels": ("Channels of the output", _SIZE),
    "out_features": ("Size of each output sample", _SIZE),
    "output_padding": ("Added to one side of the output's size", _NOT_NEGATIVE),
    "output_size": ("Size of the output: one number, or one per axis", _POSITIVE),
    "p": ("Probability of an element to be zeroed", _SHARE),
    "padding": ("Added on each side", _NOT_NEGATIVE),
    "padding_idx": ("The id whose vector is never trained; empty: none", {}),
    "padding_mode": ("What the padding is filled with", {}),
    "return_indices": ("Also give the places of the maxima, for unpooling", {}),
    "scale_factor": ("How many times larger; empty: see size", {"min": 1e-6}),
    "scale_grad_by_freq": ("Divide gradients by how often an id is in the batch", {}),
    "size": ("Neighbouring channels that are summed over", _POSITIVE),
    "sparse": ("Sparse gradients, for SparseAdam or SGD", {}),
    "start_dim": ("First axis to flatten; the batch is axis 0", {}),
    "stride": ("Step of the window; empty: the window's size", _POSITIVE),
    "threshold": ("Where the function changes its form", {}),
    "track_running_stats": ("Keep running statistics for evaluation", {}),
    "upper": ("Largest slope", {}),
    "upscale_factor": ("How many times larger each side becomes", _POSITIVE),
    "value": ("What is put in", {}),
}
#: Words that torch takes, where an older version says only that it is a text.
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
    """A `Param` and its annotation for every argument of `cls`, but those in `leave_out`.

    `defaults` gives values to arguments that torch asks for, `meaning` the words for those that other families of
    classes use otherwise. Raises TypeError for one that has no value.
    """
    hints = typing.get_type_hints(cls.__init__, localns=vars(collections.abc))  # type: ignore[misc]
    match = _KIND_OF_NAME.search(cls.__name__)
    found = {}
    for name, argument in inspect.signature(cls).parameters.items():
        if name in _NEVER or name in leave_out or name.startswith("_"):
            continue
        default = defaults.get(name, argument.default)
        if default is inspect.Parameter.empty:
            raise TypeError(f"{cls.__name__} asks for {name!r}: give it a default")
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

    To be called before the class is read, in `__init_subclass__`. See `signature_params` for the others.
    """
    hints = dict(node.__annotations__)
    taken = {*leave_out, *vars(node), *node.PARAMS}
    for name, (param, hint) in signature_params(original, taken, defaults, meaning).items():
        setattr(node, name, param)
        hints[name] = hint
    node.__annotations__ = hints


def in_order(params: Mapping[str, Spec], cls: type) -> Mapping[str, Spec]:
    """The parameters in the order of the arguments of `cls`; others behind them."""
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
    """torch's annotation as one that a parameter can have; without an annotation, the type of the default.

    `axes` is how many values a list has where torch says any number, in classes such as MaxPool2d.
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
