"""The composition root: settings in, application out."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.types import ASGIApp

from visdl.api.answer_limit import AnswerLimit
from visdl.api.app import make_app
from visdl.api.body_limit import BodyLimit
from visdl.api.connections import ConnectionLimits, RefuseExcess, bounded_connection
from visdl.api.deps import Services
from visdl.api.listener import OPTIONS
from visdl.api.memory import MemoryKeeper
from visdl.api.routes.datasets import UPLOAD_PATH
from visdl.api.security.access import Access
from visdl.api.security.guard import Guard
from visdl.api.security.sessions import Sessions
from visdl.api.system_monitor import SystemMonitor
from visdl.compiler.expansion import GraphLimits
from visdl.compiler.shapes import warm_up
from visdl.config import ROOT, Settings
from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.housekeeping import DailyBackup, Retention, Storage
from visdl.models.catalogue import NodeInfo
from visdl.models.ids import new_id
from visdl.nodes import NodeRegistry
from visdl.nodes.contract.node_files.checks import TryFirst
from visdl.nodes.contract.node_files.limits import Limits
from visdl.nodes.contract.registry import Registry
from visdl.runs.dataset_uses import DatasetUses
from visdl.runs.factory import RunFactory
from visdl.runs.policy import RunPolicy
from visdl.runs.prediction import Predictor
from visdl.runs.processes import WorkerPool
from visdl.runs.specs import SpecBuilder
from visdl.runs.supervisor import RunSupervisor
from visdl.runs.telemetry import Telemetry
from visdl.starters.gallery import Starters
from visdl.store import Store
from visdl.store.data_dir import DATABASE, NODE_FILES, hold
from visdl.store.graphs import KEEP_DELETED
from visdl.studies.service import Studies
from visdl.validation.validator import Validator
from visdl.worker.protocol import NodeFolder

SAMPLES = ("sample_data.csv", "sample_validation.csv", "sample_test.csv")
_CATALOGUE = TypeAdapter(dict[str, NodeInfo])
FIRST_GRAPH = "sample_regression"
log = logging.getLogger(__name__)


def create_app(settings: Settings) -> ASGIApp:
    """Return the server: guard, limits, API. Services are open from startup to shutdown."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_services(settings) as services:
            app.state.services = services
            yield

    return protect(make_app(lifespan), settings)


def protect(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return the application with the guard and the limits of requests around it."""
    limited = BodyLimit(
        AnswerLimit(app),
        max_bytes=settings.max_body_mb * 2**20,
        max_objects=settings.max_body_objects,
        stall_seconds=settings.stall_seconds,
        upload_path=UPLOAD_PATH,
    )
    guard = Guard(limited, _access(settings), allowed_hosts=settings.allowed_hosts)
    return RefuseExcess(guard)


def _access(settings: Settings) -> Access:
    """Return who has access: everybody, or who knows the token."""
    if settings.token is None:
        return Access(None)
    sessions = Sessions(
        settings.data_dir, token=settings.token, port=settings.port, days=settings.session_days
    )
    return Access(settings.token, sessions)


def server_config(app: ASGIApp, settings: Settings, **options: Any) -> uvicorn.Config:
    """Return how uvicorn serves the application, with further options of uvicorn."""
    limits = ConnectionLimits(settings.max_connections, settings.stall_seconds)
    return uvicorn.Config(app, http=bounded_connection(limits), **{**OPTIONS, **options})


@contextlib.contextmanager
def open_services(settings: Settings, registry: Registry = NodeRegistry) -> Iterator[Services]:
    """Open everything that the API uses, and close it at the end. Raises as `check_data_dir`."""
    with contextlib.ExitStack() as opened:
        opened.enter_context(hold(settings.data_dir))
        shutil.rmtree(settings.data_dir / "uploads", ignore_errors=True)  # of a server that died
        store = Store(settings.data_dir / DATABASE, keep_backups=settings.backups)
        opened.callback(store.close)
        store.forget_graphs(time.time() - KEEP_DELETED)
        _load_node_files(registry, settings)
        for node in registry.unavailable().values():
            log.warning("%s", node.reason)
        backup = DailyBackup(store, settings.data_dir, settings.backups)
        services = _compose(settings, registry, store, backup)
        retention = Retention(services.storage, settings.keep_checkpoint_days)
        _first_start(store, services.starters, settings)
        services.runs.start()
        opened.callback(services.runs.close)
        warm_up(registry)
        services.studies.start()
        opened.callback(services.studies.close)
        retention.start()
        opened.callback(retention.close)
        memory = MemoryKeeper()
        memory.start()
        opened.callback(memory.close)
        backup.start()
        opened.callback(backup.close)
        yield services


def _graph_limits(settings: Settings) -> GraphLimits:
    return GraphLimits(
        nodes=settings.max_nodes,
        edges=settings.max_edges,
        expanded_nodes=settings.max_expanded_nodes,
        expanded_edges=settings.max_expanded_edges,
        text=settings.max_report_mb * 2**20,
        heavy=settings.max_heavy_nodes,
        study_nodes=settings.max_study_nodes,
        diagnostics=settings.max_diagnostics,
        seconds=settings.check_seconds,
    )


def _compose(settings: Settings, registry: Registry, store: Store, backup: DailyBackup) -> Services:
    """Return the services of a data folder; none of them is started."""
    validator = Validator(
        registry,
        partial(_find_dataset, store, settings.data_dir / "datasets"),
        limits=_graph_limits(settings),
        free_memory=lambda device: monitor.free(device),  # noqa: PLW0108  made below
        total_memory=lambda device: monitor.total(device),  # noqa: PLW0108  made below
        free_disk=lambda: monitor.sample().disk_free,
    )
    telemetry, pool = Telemetry(), WorkerPool(_node_folder(settings, registry))
    folder, policy = settings.data_dir / "runs", _policy(settings, registry)
    uses = DatasetUses(registry, validator)
    specs = SpecBuilder(store, validator, folder, policy)
    factory = RunFactory(store, registry, validator, uses, folder, policy)
    runs = RunSupervisor(store, telemetry, factory, specs, pool, folder=folder, policy=policy)
    monitor = SystemMonitor(
        settings.data_dir,
        lambda: runs.device,
        runs.counts,
        lambda: store.explain_damage() or runs.find_obstacle(),
    )
    return Services(
        store=store,
        telemetry=telemetry,
        registry=registry,
        catalogue=_CATALOGUE.dump_json(registry.describe()),
        validator=validator,
        runs=runs,
        studies=Studies(store, runs, validator, registry),
        predictor=Predictor(store, specs, pool, folder, settings.predict_seconds),
        starters=Starters(store, settings.data_dir, settings.max_columns),
        monitor=monitor,
        storage=_storage(settings, store, backup),
        data_dir=settings.data_dir,
        max_upload=settings.max_upload_mb * 2**20,
        max_columns=settings.max_columns,
    )


def _find_dataset(store: Store, folder: Path, name: str) -> Dataset:
    record = store.dataset(name)
    return Dataset(record, folder / record.id)


def _storage(settings: Settings, store: Store, backup: DailyBackup) -> Storage:
    return Storage(
        store,
        settings.data_dir,
        settings.keep_checkpoint_days,
        keep_backups=settings.backups,
        backup_problem=lambda: backup.problem,
    )


def _load_node_files(registry: Registry, settings: Settings) -> None:
    """Import the custom node files, those that are new after a trial in other processes."""
    limits = Limits(settings.node_file_seconds, settings.node_file_mb * 2**20)
    check = TryFirst(limits, settings.data_dir / NODE_FILES)
    registry.load_folder(settings.nodes_dir, check)
    check.keep(registry.loaded_files())


def _node_folder(settings: Settings, registry: Registry) -> NodeFolder:
    """Return the node files for worker processes."""
    path = None if settings.nodes_dir is None else str(settings.nodes_dir)
    return NodeFolder(path, tuple(registry.loaded_files()), settings.node_file_seconds)


def _policy(settings: Settings, registry: Registry) -> RunPolicy:
    """Return the settings for runs."""
    return RunPolicy(
        device=settings.device,
        threads=settings.threads,
        concurrent=settings.concurrent_runs,
        node_folder=_node_folder(settings, registry),
        auto_resume=settings.auto_resume,
        pause_minutes=settings.pause_minutes,
        hang_seconds=settings.hang_seconds,
        curve_points=settings.curve_points,
    )


def _first_start(store: Store, starters: Starters, settings: Settings) -> None:
    """Add the sample tables and the sample network, once: deleted ones stay deleted."""
    for name in SAMPLES:
        if (ROOT / name).is_file() and store.flag(f"sample {name}"):
            dataset_id = new_id()
            folder = settings.data_dir / "datasets" / dataset_id
            record = import_csv(
                ROOT / name,
                folder,
                dataset_id=dataset_id,
                name=name,
                max_columns=settings.max_columns,
            )
            store.add_dataset(record)
    if store.flag("sample graph"):
        starters.open_starter(FIRST_GRAPH)
