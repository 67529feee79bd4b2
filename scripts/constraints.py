"""Print the constraints for this environment: the tested versions, around an installed torch.

A torch within the range of pyproject.toml is kept: its line is left out, and so are pins that it
excludes (torch 2.6 needs an older sympy). A torch outside the range is not replaced either: the
script fails with a sentence that names the versions and what to do.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    pins = (ROOT / "constraints.txt").read_text().split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    allowed = next(
        need for need in map(Requirement, project["dependencies"]) if need.name == "torch"
    )
    try:
        installed = version("torch")
    except PackageNotFoundError:
        print("\n".join(pins))
        return 0
    if not allowed.specifier.contains(installed, prereleases=True):
        tested = next(pin for pin in pins if pin.startswith("torch=="))
        print(
            f"torch {installed} is installed in {sys.prefix}, but VisDL needs {allowed}: install a"
            f" version in this range there, or run 'pip uninstall torch' there to get {tested}.",
            file=sys.stderr,
        )
        return 1
    needs = [Requirement(need) for need in requires("torch") or ()]
    print("\n".join(pin for pin in pins if allows(needs, pin) and not pin.startswith("torch==")))
    return 0


def allows(needs: list[Requirement], pin: str) -> bool:
    """Return whether a pinned version is one that these requirements accept."""
    name, _, pinned = pin.partition("==")
    return all(need.specifier.contains(pinned) for need in needs if same(need.name, name))


def same(name: str, other: str) -> bool:
    """Return whether two names are those of one package."""
    return re.sub(r"[-_.]+", "-", name).lower() == re.sub(r"[-_.]+", "-", other).lower()


if __name__ == "__main__":
    sys.exit(main())
