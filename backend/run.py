"""Start the server: python backend/run.py.

The top level stays empty, because each worker process imports it.
"""


def main() -> int:
    import contextlib
    import gc
    import logging
    import os
    import sys

    # Threads that wait for each other sleep after a moment, where libgomp would let them spin: a
    # training with as many threads as cores, beside one busy program, took 4 s instead of 60 s, and
    # alone no longer than before. Read when torch is loaded; the worker processes inherit it.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

    os.umask(0o077)  # what is stored is private; the worker processes inherit it

    from pydantic import ValidationError

    from visdl.api.listener import allow_descriptors, open_listener
    from visdl.config import Settings
    from visdl.restore import open_data_dir
    from visdl.store import StoreError
    from visdl.store.data_dir import DataDirInUseError

    try:
        settings = Settings()
    except ValidationError as error:
        for found in error.errors():
            name = "".join(f"VISDL_{part}".upper() + ": " for part in found["loc"])
            print(f"{name}{found['msg'].removeprefix('Value error, ')}", file=sys.stderr)
        return 1
    try:
        listener = open_listener(settings.host, settings.port)
    except OSError as error:
        message = f"Port {settings.port} on {settings.host} cannot be used ({error.strerror})."
        print(f"{message} Stop the other program, or set VISDL_PORT.", file=sys.stderr)
        return 1
    try:
        open_data_dir(settings)
    except (DataDirInUseError, StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return 1

    import uvicorn

    from visdl.main import create_app, server_config  # loads torch, after all checks

    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if settings.log_level != "debug":
        # A line for each socket that opens or closes would only clutter the terminal.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    print(
        f"VisDL's API listens on http://{settings.host}:{settings.port} "
        f"(data in {settings.data_dir})",
        flush=True,
    )
    if os.environ.get("SSH_CONNECTION"):
        print(
            f"From your own machine: ssh -L {settings.port}:localhost:{settings.port} <this host>",
            flush=True,
        )
    allow_descriptors(settings.max_connections + 1000)
    app = create_app(settings)
    gc.collect()
    gc.freeze()  # permanent objects are not collected again, which slowed checks of large graphs
    server = uvicorn.Server(server_config(app, settings))
    with listener, contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it after the shutdown
        server.run(sockets=[listener])
    return 0 if server.started else 3


if __name__ == "__main__":
    raise SystemExit(main())
