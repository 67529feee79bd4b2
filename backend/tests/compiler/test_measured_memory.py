"""The estimate of a training's memory, against the peak of fresh processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..support.graphs import validator
from ..support.peak import training

pytestmark = [pytest.mark.integration, pytest.mark.slow]
BACKEND = Path(__file__).parents[2]


def peak(kind: str, folder: Path) -> float:
    """The most memory of a fresh process that trains a model, in MiB."""
    command = [sys.executable, "-m", "tests.support.peak", kind, str(folder)]
    done = subprocess.run(command, cwd=BACKEND, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("peak")


@pytest.fixture(scope="module")
def minimal(folder):
    """What any training needs: above all the libraries."""
    training("minimal", folder)
    return peak("minimal", folder)


@pytest.mark.parametrize(
    ("kind", "lowest"),
    [
        ("mlp", 0.9),
        ("transformer", 0.4),  # without the work space inside its layers
        ("tokens", 0.9),
        ("cnn", 0.4),
    ],
)
def test_the_estimate_is_near_what_a_process_needs(folder, minimal, kind, lowest):
    graph, data = training(kind, folder)
    memory = validator(data).report(graph).totals.memory
    assert memory is not None
    measured = peak(kind, folder) - minimal
    assert lowest < memory / 2**20 / measured < 1.1
    assert kind != "tokens" or measured < 400
