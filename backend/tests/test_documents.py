"""ARCHITECTURE.md: the walks through the code lead to files and functions that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "backend" / "visdl"


def test_the_walks_lead_to_files_and_functions_that_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    walks = text.split("## Four walks")[1].split("\n## ")[0]
    steps = re.findall(r"`([\w/]+\.py)`(?: → `(\w+)`)?", walks)
    assert len(steps) >= 15
    for path, name in steps:
        code = (PACKAGE / path).read_text(encoding="utf-8")
        assert re.search(rf"(def|class) {name}\b" if name else "", code), f"{path} has no {name}"


def test_the_map_names_packages_that_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .*$", text.split("### Backend")[1].split("###")[0], re.M)
    assert set(rows) == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
