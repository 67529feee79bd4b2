"""How the server listens: what it keeps for a client, in bytes and seconds, has bounds.

`connections` bounds their number, and how long one may be silent.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

_UNREAD_SECONDS = 60  # for which a client may read nothing of what is sent to it
_UNSENT_BYTES = 2**17  # that the kernel keeps for it; the server keeps as many
_MESSAGE_BYTES = 2**14  # of a client of a socket: what it sends is ignored

#: Options of `uvicorn.Config`, for the program and for tests.
OPTIONS: dict[str, Any] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,  # anybody on this machine could name another address as their own
    "timeout_graceful_shutdown": 2,
    "ws_max_size": _MESSAGE_BYTES,
    "ws_per_message_deflate": False,  # took 17 % of a core for 50 pages; use `ssh -C` instead
}


def allow_descriptors(count: int) -> None:
    """Raise this process's limit of open files to `count`, or as far as the system allows it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  not on Windows

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = count if hard == resource.RLIM_INFINITY else min(count, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def open_listener(host: str, port: int) -> socket.socket:
    """Return a bound socket, whose connections inherit its options. Raises OSError.

    The kernel ends a connection whose client does not read: what waits for it is given back. On
    systems without these options such a connection lasts until the client closes it.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for name, value in (
            ("TCP_USER_TIMEOUT", 1000 * _UNREAD_SECONDS),
            ("TCP_NOTSENT_LOWAT", _UNSENT_BYTES),
        ):
            with contextlib.suppress(AttributeError, OSError):
                listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener
