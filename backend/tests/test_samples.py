"""The sample tables and the sample network that every first start shows."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def script():
    spec = importlib.util.spec_from_file_location(
        "make_samples", ROOT / "scripts" / "make_samples.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "rows"), [("sample_data", 1000), ("sample_validation", 200), ("sample_test", 200)]
)
def test_the_sample_files_are_what_the_script_makes(name, rows):
    text = (ROOT / f"{name}.csv").read_text(encoding="utf-8")
    assert text == script().samples()[f"{name}.csv"]
    header, *lines = csv.reader(text.splitlines())
    assert header == ["x1", "x2", "target"]
    assert len(lines) == rows
    x1, x2, target = np.array(lines, dtype=float).T
    noise = target - (x1**2 + 2 * x2)
    assert abs(noise.mean()) < 0.06
    assert 0.2 < noise.std() < 0.3
