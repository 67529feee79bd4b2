"""State of the process that a node file may touch at import and that is then restored.

What decides the results of other nodes is not restored but refused, see `global_state`.
"""

from __future__ import annotations

import contextlib
import gc
import locale
import logging
import multiprocessing
import operator
import os
import random
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import torch


class _Setting(NamedTuple):
    label: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    same: Callable[[Any, Any], bool] = operator.eq


class _NoInput:
    """Stands for standard input: nobody is there to answer a file that is imported."""

    def __getattr__(self, name: str) -> NoReturn:
        raise OSError("a node file cannot read standard input while it is imported")


@contextlib.contextmanager
def restored_state() -> Iterator[list[str]]:
    """Restore the state of the process at the end; the list then names what had been changed.

    Meanwhile torch uses one thread, so that a process that imports a file can still be forked.
    """
    changed: list[str] = []
    threads = torch.get_num_threads()
    before = [(setting, setting.read()) for setting in _SETTINGS]
    generators = random.getstate(), np.random.get_state(), torch.get_rng_state()
    stdin, path = sys.stdin, list(sys.path)
    torch.set_num_threads(1)
    sys.stdin = _NoInput()
    try:
        with warnings.catch_warnings():
            yield changed
    finally:
        sys.stdin = stdin
        random.setstate(generators[0])
        np.random.set_state(generators[1])
        torch.set_rng_state(generators[2])
        if torch.get_num_threads() != 1:
            changed.append("torch's number of threads")
        torch.set_num_threads(threads)
        sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]
        for setting, value in before:
            if not setting.same(value, setting.read()):
                changed.append(setting.label)
                setting.write(value)


def _working_folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it was deleted
        return None


def _change_folder(folder: Path | None) -> None:
    if folder is not None:
        with contextlib.suppress(OSError):
            os.chdir(folder)


def _restore_environment(values: dict[str, str]) -> None:
    for name in {*os.environ} - {*values}:
        del os.environ[name]
    os.environ.update(values)


def _loggers() -> dict[str | None, Any]:
    """Return the settings of all loggers by name; None is for `logging.disable`."""
    named = logging.root.manager.loggerDict
    loggers = {name: log for name, log in named.items() if isinstance(log, logging.Logger)}
    return {
        None: logging.root.manager.disable,
        **{
            name: (log.level, log.disabled, log.propagate, tuple(log.handlers))
            for name, log in {**loggers, "": logging.root}.items()
        },
    }


def _restore_loggers(values: dict[str | None, Any]) -> None:
    for name, value in values.items():
        if name is None:
            logging.disable(value)
        else:
            log = logging.getLogger(name) if name else logging.root
            level, log.disabled, log.propagate, handlers = value
            log.setLevel(level)
            log.handlers[:] = handlers


def _same_loggers(before: dict[str | None, Any], after: dict[str | None, Any]) -> bool:
    """Return whether nothing changed but that there are more loggers."""
    return all(after.get(name) == value for name, value in before.items())


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _restore_streams(values: tuple[Any, ...]) -> None:
    sys.stdout, sys.stderr, sys.excepthook, sys.displayhook, threading.excepthook = values


def _set_collector(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()


_SETTINGS = (
    _Setting("the working folder", _working_folder, _change_folder),
    _Setting("environment variables", lambda: dict(os.environ), _restore_environment),
    _Setting("the logging", _loggers, _restore_loggers, _same_loggers),
    _Setting(
        "the locale",
        lambda: locale.setlocale(locale.LC_ALL),
        lambda value: locale.setlocale(locale.LC_ALL, value),
    ),
    _Setting("the permissions of new files", _umask, os.umask),
    _Setting(
        "standard output or the handling of exceptions",
        lambda: (
            sys.stdout,
            sys.stderr,
            sys.excepthook,
            sys.displayhook,
            threading.excepthook,
        ),
        _restore_streams,
    ),
    _Setting("the limit of recursion", sys.getrecursionlimit, sys.setrecursionlimit),
    _Setting("how threads switch", sys.getswitchinterval, sys.setswitchinterval),
    _Setting("the garbage collection", gc.isenabled, _set_collector),
    _Setting("the time limit of sockets", socket.getdefaulttimeout, socket.setdefaulttimeout),
    _Setting(
        "how processes are started",
        lambda: multiprocessing.get_start_method(allow_none=True),
        lambda value: multiprocessing.set_start_method(value, force=True),
    ),
    _Setting("NumPy's handling of errors", np.geterr, lambda value: np.seterr(**value)),
)
