"""The versions that the numbers of a training depend on."""

from __future__ import annotations

import platform

import torch

import visdl


def versions() -> dict[str, str]:
    return {
        "visdl": visdl.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }
