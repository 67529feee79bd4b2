"""Ids that the server makes: short, random, safe in a path and a URL."""

import re
import secrets
import string

_ALPHABET = string.ascii_lowercase + string.digits
_PATTERN = re.compile(r"[a-z0-9]{12}")


def new_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


def is_id(text: str) -> bool:
    return _PATTERN.fullmatch(text) is not None
