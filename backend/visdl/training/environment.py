"""The versions that the results of a training depend on."""

from __future__ import annotations

import platform

import torch

import visdl


def versions() -> dict[str, str]:
    """Return the versions of VisDL, Python and torch."""
    return {
        "visdl": visdl.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }
