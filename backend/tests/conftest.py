"""A real server for tests: the complete application over TCP, with its own port and data folder.

`server` is shared by the tests of one file, and `serve(**settings)` starts another one for a test.
Both return a `Server`: an HTTP client, sockets, and the services of the API.
"""

from __future__ import annotations

import os

# Threads of torch that wait for each other sleep instead of spinning, as in a server
# (backend/run.py): spinning would take the cores from other tests. Read when torch is loaded; the
# processes of tests inherit it.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
import uvicorn
from starlette.types import ASGIApp
from websockets.sync.client import ClientConnection, connect

from visdl.api.app import make_app
from visdl.api.deps import Services
from visdl.api.listener import open_listener
from visdl.config import Settings
from visdl.main import open_services, protect, server_config
from visdl.nodes import NodeRegistry
from visdl.nodes.contract.registry import Registry

from .support.fault_report import (  # noqa: F401  hooks and a fixture of pytest
    fault_report,
    pytest_configure,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

Serve = Callable[..., "Server"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts a server as `integration`, by the fixture that starts it."""
    for item in items:
        if {"server", "serve"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.integration)


@dataclass(frozen=True)
class Server:
    """A running server and its services."""

    address: tuple[str, int]
    services: Services
    client: httpx.Client
    app: ASGIApp

    @property
    def host(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    def connect(self, path: str, **options: Any) -> ClientConnection:
        """A WebSocket, as `with server.connect("/ws/system") as ws`."""
        return connect(f"ws://{self.host}{path}", proxy=None, **options)


@contextlib.contextmanager
def own_registry() -> Iterator[Registry]:
    """Return a registry of the built-in types; remove the modules that it loads at the end."""
    modules = set(sys.modules)
    yield NodeRegistry.copy()
    for name in set(sys.modules) - modules:
        if name.startswith(("visdl_custom_", "visdl.nodes.")):
            del sys.modules[name]


@contextlib.contextmanager
def run_server(data_dir: Path, **settings: Any) -> Iterator[Server]:
    """Run the application as `main` composes it, on a free port, with its own node types."""
    # the collection of a test process's garbage can take seconds, which would count as a check's
    settings.setdefault("check_seconds", 60)
    server_settings = Settings(data_dir=data_dir, _env_file=None, **settings)
    with (
        own_registry() as registry,
        open_services(server_settings, registry) as services,
        open_listener("127.0.0.1", 0) as listener,
    ):
        listener.listen()  # connections wait until the server runs
        app = make_app()
        app.state.services = services
        guarded = protect(app, server_settings)
        config = server_config(guarded, server_settings, lifespan="off")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        address = listener.getsockname()
        try:
            with httpx.Client(
                base_url=f"http://{address[0]}:{address[1]}", timeout=60, trust_env=False
            ) as client:
                yield Server(address, services, client, guarded)
        finally:
            running.should_exit = True
            thread.join()


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("VISDL_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with default settings, shared by one file's tests."""
    with run_server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> httpx.Client:
    return server.client


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server for this test: `serve(token="12345678")`."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(run_server(tmp_path / "data", **settings))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Train on one thread, as the product does with small networks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
