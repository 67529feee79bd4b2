"""The HTTP application. A lifespan puts the services on `app.state.services`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI

import visdl
from visdl.api import docs_page, errors, websocket
from visdl.api.routes import (
    blocks,
    datasets,
    graphs,
    runs,
    session,
    starters,
    storage,
    studies,
    system,
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def make_app(lifespan: Lifespan | None = None) -> FastAPI:
    """Return an application with all routes and the handlers of errors."""
    app = FastAPI(
        title="VisDL", version=visdl.__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    api = APIRouter(prefix="/api", responses=errors.RESPONSES)
    for module in (
        system,
        session,
        datasets,
        graphs,
        starters,
        blocks,
        runs,
        studies,
        storage,
    ):
        api.include_router(module.router)
    app.include_router(api)
    app.include_router(websocket.router)
    websocket.document_messages(app.webhooks)
    docs_page.install(app)
    errors.install(app)
    return app
