"""Networks to disturb, and how they come out where nothing does."""

from __future__ import annotations

import pytest
import torch

from ..support.runs import Outcome, execute
from .cases import LAYERS, network, table


@pytest.fixture
def one_thread():
    """Sums over another number of parts are rounded differently."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return table(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def whole(tmp_path_factory, dataset) -> dict[str, Outcome]:
    """Of each network the training that nothing disturbed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {
        name: execute(network(name), tmp_path_factory.mktemp(name), dataset) for name in LAYERS
    }
    torch.set_num_threads(threads)
    return found
