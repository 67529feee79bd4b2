"""A store of its own for each test."""

from __future__ import annotations

import pytest

from visdl.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "visdl.db")
    yield store
    store.close()
