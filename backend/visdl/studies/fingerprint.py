"""What makes two trainings the same: network, data, seed, code and versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from visdl.models.runs import DatasetUse
from visdl.training.environment import versions


class Fingerprints:
    """Of the trainings of one network; the same text for the same bits, as far as a machine can promise that."""

    def __init__(
        self, network: str, datasets: Sequence[DatasetUse], code: Mapping[str, str], device: str
    ) -> None:
        data = sorted((use.node, use.param, use.sha256) for use in datasets)
        self._base = json.dumps([network, data, dict(code), device, versions()], sort_keys=True)

    def of(self, seed: int) -> str:
        return hashlib.sha256(
            f"{self._base}\x00{seed}".encode("utf-8", "surrogatepass")
        ).hexdigest()
