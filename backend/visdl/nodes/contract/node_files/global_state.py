"""State of the process that decides the results of all nodes: a node file may not change it.

It is read before and after a file is imported, in the process that tries the file.
"""

from __future__ import annotations

import _thread
import builtins
import contextlib
import inspect
import math
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

_Read = Callable[[], Any]
_OWNERS = (builtins, math, random, time, os, sys, np, np.random, torch, nn.functional, nn.init)
_CLASSES_OF = (nn, torch.optim, torch.optim.lr_scheduler, torch.utils.data)
_CLASSES = (torch.Tensor, nn.Module, nn.Parameter, torch.optim.Optimizer, Path)
_GLOBAL_HOOKS = tuple(name for name in vars(nn.modules.module) if name.startswith("_global_"))
# written by Python itself, or a mere description
_NO_FUNCTION = frozenset({"__annotations__", "__doc__", "__dict__", "__weakref__", "__module__"})
_CHECKED = (type, staticmethod, classmethod, property)


class GlobalState:
    """What must be the same after the import of a node file. It is read before a fork."""

    def __init__(self, folder: Path, node_types: Callable[[], Mapping[str, object]]) -> None:
        """`node_types` returns the entries of a registry; those of others may not change."""
        self._folder = folder
        self._node_types = node_types
        self._types = dict(node_types())
        self._modules = {
            name: module
            for name, module in sys.modules.items()
            if not name.startswith("visdl_custom_")  # of a file that is imported again
        }
        self._functions = list(_functions(self._modules))
        self._files = _listing(folder)

    def begin(self) -> None:
        """Read the rest, in the process that imports the file."""
        self._values = {label: read() for label, read in _VALUES.items()}
        self._threads = _thread._count()

    def find_changes(self) -> list[str]:
        """Return what was changed, each as the object of "changes …"."""
        # with its settings torch itself replaces some of its names
        found = list(self._changed_values()) or list(self._changed_functions())
        return [*found, *self._changed_others()]

    def find_activity(self) -> list[str]:
        """Return what still runs, each as a predicate such as "starts a thread"."""
        found = []
        if _thread._count() > self._threads:
            found.append("leaves a thread running")
        if _has_children():
            found.append("starts a process and does not wait for it")
        if any(any(signal.getitimer(timer)) for timer in _TIMERS):
            found.append("leaves a timer running")
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            found.append("uses a GPU")
        return found

    def _changed_values(self) -> Iterator[str]:
        for label, read in _VALUES.items():
            if read() != self._values[label]:
                yield label

    def _changed_functions(self) -> Iterator[str]:
        for name, owner, attribute, value in self._functions:
            if vars(owner).get(attribute) is not value:
                yield f"{name}.{attribute}"

    def _changed_others(self) -> Iterator[str]:
        for name, module in self._modules.items():
            if module is not None and sys.modules.get(name) is not module:
                yield f"the imported module {name}"
        types = self._node_types()
        for name, entry in self._types.items():
            if types.get(name) != entry:
                yield f"the node type {name!r}, which is not its own"
        files = _listing(self._folder)
        for name, stamp in self._files.items():
            if files.get(name) != stamp:
                yield f"the node file {name}"
        for name in files.keys() - self._files.keys():
            yield f"the folder of node files, by adding {name},"


_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


def _functions(
    modules: Mapping[str, ModuleType | None],
) -> Iterator[tuple[str, Any, str, object]]:
    """Yield what other code calls, of torch, NumPy, Python and VisDL: owner, name and value."""
    owners: dict[int, tuple[str, Any]] = {}

    def add(name: str, owner: Any) -> None:
        owners.setdefault(id(owner), (name, owner))

    for module in _OWNERS:
        add(module.__name__, module)
    for cls in _CLASSES:
        add(f"{cls.__module__}.{cls.__qualname__}", cls)
    for module in _CLASSES_OF:
        add(module.__name__, module)
        for name, cls in vars(module).items():
            if isinstance(cls, type):
                add(f"{module.__name__}.{name}", cls)
    for name, found in modules.items():
        if found is not None and (name == "visdl" or name.startswith("visdl.")):
            add(name, found)
            for cls in list(vars(found).values()):
                if isinstance(cls, type) and cls.__module__.startswith("visdl."):
                    add(f"{cls.__module__}.{cls.__qualname__}", cls)
    for name, owner in owners.values():
        for attribute, value in list(vars(owner).items()):
            if attribute not in _NO_FUNCTION and (
                callable(value) or isinstance(value, _CHECKED) or inspect.isroutine(value)
            ):
                yield name, owner, attribute, value


def _listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return the node files of a folder, each with what changes when it is written."""
    found = {}
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                stat = entry.stat(follow_symlinks=False)
                found[entry.name] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def _has_children() -> bool:
    """Return whether there is a child process that runs, or that nobody has waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _signal_handlers() -> list[object]:
    return [signal.getsignal(number) for number in signal.valid_signals()]


def _descriptors() -> list[tuple[int, int]]:
    """Return what standard input, output and error are."""
    found = []
    for descriptor in range(3):
        with contextlib.suppress(OSError):
            stat = os.fstat(descriptor)
            found.append((stat.st_dev, stat.st_ino))
    return found


def _limits() -> list[tuple[int, int]]:
    import resource  # noqa: PLC0415  only where processes can be forked

    numbers = {value for name, value in vars(resource).items() if name.startswith("RLIMIT_")}
    return [resource.getrlimit(number) for number in sorted(numbers)]


def _share_of_cpu() -> tuple[int, object]:
    affinity = getattr(os, "sched_getaffinity", None)
    return os.getpriority(os.PRIO_PROCESS, 0), affinity and affinity(0)


def _has_denormals() -> bool:
    smallest = sys.float_info.min
    return smallest / 2 > 0


#: What is read, by the words for it.
_VALUES: dict[str, _Read] = {
    "torch's default dtype": torch.get_default_dtype,
    "torch's default device": torch.get_default_device,
    "whether torch uses deterministic algorithms": lambda: (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    ),
    "whether torch computes gradients": lambda: (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
    ),
    "torch's detection of anomalies": torch.is_anomaly_enabled,
    "the precision of matrix products": torch.get_float32_matmul_precision,
    "torch's autocast": lambda: (
        torch.is_autocast_enabled("cpu"),
        torch.is_autocast_enabled("cuda"),
    ),
    "torch.backends": lambda: (
        torch.backends.cudnn.enabled,
        torch.backends.cudnn.benchmark,
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.allow_tf32,
        torch.backends.cuda.matmul.allow_tf32,
        torch.backends.mkldnn.enabled,
    ),
    "how torch treats numbers close to 0": _has_denormals,
    "the hooks of all modules": lambda: [
        len(value) if isinstance(value := getattr(nn.modules.module, name), dict) else value
        for name in _GLOBAL_HOOKS
    ],
    "what torch.load accepts": lambda: len(torch.serialization.get_safe_globals()),
    "torch's function modes": torch._C._len_torch_function_stack,
    "torch's threads between operations": torch.get_num_interop_threads,
    "signal handlers": _signal_handlers,
    "the limits of the process": _limits,
    "the process's share of the processor": _share_of_cpu,
    "standard input or output": _descriptors,
    "the trace function": lambda: (sys.gettrace(), sys.getprofile()),
}
