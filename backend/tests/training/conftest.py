"""Trainings of the tests in this folder are small: one thread each, as the product chooses."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    pass
