"""What the routes work with: made once by main, found on the application's state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.requests import HTTPConnection

from visdl.api.system_monitor import SystemMonitor
from visdl.engine.predictor import Predictor
from visdl.engine.session import RunSupervisor
from visdl.engine.starters import Starters
from visdl.engine.storage import Storage
from visdl.engine.store import Store
from visdl.engine.telemetry import Telemetry
from visdl.engine.validator import Validator
from visdl.nodes.registry import NodeRegistry
from visdl.studies.service import Studies


@dataclass(frozen=True)
class Services:
    """Everything behind the API."""

    store: Store
    telemetry: Telemetry
    registry: type[NodeRegistry]
    catalogue: bytes  # the node types as JSON: they are the same until the next start
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
    token: str | None


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def socket_services(connection: HTTPConnection) -> Services:
    found: Services = connection.app.state.services
    return found


Deps = Annotated[Services, Depends(services)]
