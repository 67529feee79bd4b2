"""The services that routes use: created by main, stored on the application's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.requests import HTTPConnection

from visdl.api.capacity import Capacity
from visdl.api.system_monitor import SystemMonitor
from visdl.housekeeping import Storage
from visdl.nodes.contract.registry import Registry
from visdl.runs.prediction import Predictor
from visdl.runs.supervisor import RunSupervisor
from visdl.runs.telemetry import Telemetry
from visdl.starters.gallery import Starters
from visdl.store import Store
from visdl.studies.service import Studies
from visdl.validation.validator import Validator


@dataclass(frozen=True)
class Services:
    """Everything that the API uses."""

    store: Store
    telemetry: Telemetry
    registry: Registry
    catalogue: bytes  # the node types as JSON: constant until the next start
    validator: Validator
    runs: RunSupervisor
    studies: Studies
    predictor: Predictor
    starters: Starters
    monitor: SystemMonitor
    storage: Storage
    data_dir: Path
    max_upload: int  # bytes
    max_columns: int
    capacity: Capacity = field(default_factory=Capacity)


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def socket_services(connection: HTTPConnection) -> Services:
    found: Services = connection.app.state.services
    return found


Deps = Annotated[Services, Depends(services)]
