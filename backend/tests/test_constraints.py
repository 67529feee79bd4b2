"""`make` installs around a torch that is there: it keeps one in the range and refuses another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINS = (ROOT / "constraints.txt").read_text().split()
TESTED = next(pin for pin in PINS if pin.startswith("torch=="))


def constraints(
    tmp_path: Path, version: str = "", needs: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the script where the metadata of this torch is found first."""
    if version:
        folder = tmp_path / f"torch-{version}.dist-info"
        folder.mkdir()
        text = f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n{needs}"
        (folder / "METADATA").write_text(text)
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "constraints.py"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("version", ["2.6.0", "2.6.0+cu124", "2.13.0+cpu", "2.15.1"])
def test_a_torch_in_the_range_is_kept_by_leaving_its_line_out(tmp_path, version):
    result = constraints(tmp_path, version)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.split() == [pin for pin in PINS if pin != TESTED]


def test_a_pin_that_the_installed_torch_excludes_is_left_out(tmp_path):
    needs = "Requires-Dist: sympy (==1.13.1) ; python_version >= '3.9'\nRequires-Dist: jinja2\n"
    kept = constraints(tmp_path, "2.6.0", needs).stdout.split()
    assert {pin.partition("==")[0] for pin in set(PINS) - set(kept)} == {"torch", "sympy"}


@pytest.mark.parametrize("version", ["1.13.1", "2.5.1+cu121", "2.6.0a0+git1", "2.16.0", "3.0.0"])
def test_a_torch_outside_the_range_is_refused_in_one_sentence(tmp_path, version):
    result = constraints(tmp_path, version)
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert line.startswith(f"torch {version} is installed in {sys.prefix}, but VisDL needs torch")
    assert "2.6" in line
    assert "2.16" in line
    assert line.endswith(f"or run 'pip uninstall torch' there to get {TESTED}.")
