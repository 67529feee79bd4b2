"""Import torchmetrics without the packages that it loads for sound and for plots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lightning_utilities.core import imports
from lightning_utilities.core.imports import RequirementCache


@contextmanager
def _without_packages(*hidden: str) -> Iterator[None]:
    """Let packages of the Lightning family believe that `hidden` are not installed.

    torchmetrics imports scipy.signal and matplotlib where it finds them, which is half of the time
    in which a server starts. No metric here computes with either.
    """
    find, check = imports.package_available, RequirementCache._check_requirement

    def find_visible(name: str) -> bool:
        return name not in hidden and find(name)

    def check_visible(cache: RequirementCache) -> None:
        if cache.requirement in hidden:
            cache.available = False
            cache.message = f"{cache.requirement} is not used here"
        else:
            check(cache)

    imports.package_available = find_visible  # type: ignore[assignment]
    RequirementCache._check_requirement = check_visible  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        imports.package_available = find
        RequirementCache._check_requirement = check  # type: ignore[method-assign]


with _without_packages("matplotlib", "scipy"):
    from torchmetrics import Metric, classification, regression

__all__ = ["Metric", "classification", "regression"]
