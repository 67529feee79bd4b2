"""Damage that SQLite meets while the server runs: a reason and a remedy, and a start that helps."""

from __future__ import annotations

import pytest

from visdl.store import DamagedError, Store
from visdl.store.data_dir import check_data_dir, restore_data_dir

from ..api.helpers import error, upload
from ..conftest import run_server

pytestmark = pytest.mark.integration


def test_damage_met_by_a_request_is_answered_and_shown_and_the_next_start_restores(tmp_path):
    with run_server(tmp_path) as server:
        made = upload(server.client).json()["id"]
        server.services.store.backup()
        server.services.store.compact()  # so that no connection has pages in memory
        with (tmp_path / "visdl.db").open("r+b") as file:
            size = file.seek(0, 2)
            file.seek(4096)
            file.write(bytes(size - 4096))
        for _ in range(2):
            for path in ("/api/datasets", "/api/runs", f"/api/datasets/{made}"):
                refused = error(server.client.get(path), 503)
                assert refused["message"] == "This is not possible now: the database is damaged."
                assert "the start offers the newest backup" in refused["hint"]
        error(upload(server.client, name="another"), 503)
        assert server.client.get("/api/health").status_code == 200
        assert "The database is damaged (" in server.client.get("/api/system").json()["obstacle"]
    with pytest.raises(DamagedError, match="To restore the backup of"):
        check_data_dir(tmp_path)
    restore_data_dir(tmp_path)
    store = Store(tmp_path / "visdl.db")
    assert made in store.dataset_ids()
    store.close()
