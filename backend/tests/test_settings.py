"""Settings: from the environment, checked at the start, all of them in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from visdl.config import Settings

ROOT = Path(__file__).resolve().parents[2]


def load(monkeypatch, **values):
    for name, value in values.items():
        monkeypatch.setenv(f"VISDL_{name}", value)
    return Settings(_env_file=None)


def test_the_defaults_listen_on_this_machine_alone(monkeypatch):
    settings = load(monkeypatch)
    assert (settings.host, settings.port, settings.token, settings.allowed_hosts) == (
        "127.0.0.1",
        8000,
        None,
        [],
    )
    assert settings.data_dir == ROOT / "data"
    assert (settings.max_upload_mb, settings.max_body_mb) == (500, 5)


def test_values_come_from_the_environment(monkeypatch, tmp_path):
    settings = load(
        monkeypatch,
        DATA_DIR=str(tmp_path / "x" / ".." / "d"),
        ALLOWED_HOSTS="a.example, b.example,",
        THREADS="3",
    )
    assert settings.data_dir == tmp_path / "d"
    assert settings.allowed_hosts == ["a.example", "b.example"]
    assert settings.threads == 3


@pytest.mark.parametrize(
    "values",
    [
        {"HOST": "0.0.0.0"},
        {"HOST": "0.0.0.0", "TOKEN": "long enough"},
        {"HOST": "0.0.0.0", "TOKEN": "long-enough"},
        {"HOST": "0.0.0.0", "ALLOWED_HOSTS": "gpu.example"},
        {"TOKEN": "short"},
        {"TOKEN": "with a space"},
        {"PORT": "0"},
        {"PORT": "http"},
        {"DEVICE": "tpu"},
        {"CONCURRENT_RUNS": "0"},
        {"LOG_LEVEL": "loud"},
    ],
)
def test_what_is_unsafe_or_wrong_does_not_start(monkeypatch, values):
    with pytest.raises(ValidationError):
        load(monkeypatch, **values)


def test_a_wide_address_starts_with_a_token_and_names(monkeypatch):
    settings = load(monkeypatch, HOST="0.0.0.0", TOKEN="long-enough", ALLOWED_HOSTS="gpu.example")
    assert settings.host == "0.0.0.0"


def test_the_docs_list_every_setting_with_its_default():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `VISDL_(\w+)` \| (.*?) \|", text, re.M))
    shown = {name.upper() for name in Settings.model_fields}
    assert shown <= rows.keys()
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if default is not None and default != [] and name != "data_dir":
            assert (
                rows[name.upper()]
                == f"`{str(default).lower() if isinstance(default, bool) else default}`"
            ), name
