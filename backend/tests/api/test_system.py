"""Health, catalogue and the machine's load, by REST and by socket."""

from __future__ import annotations

import json

import pytest

import visdl
from visdl.api import system_monitor

from .helpers import error


def test_health(client):
    assert client.get("/api/health").json() == {"status": "ok", "version": visdl.__version__}


def test_the_catalogue_describes_every_node_type(client):
    catalogue = client.get("/api/nodes").json()
    assert len(catalogue) >= 19
    linear = catalogue["Linear"]
    assert linear["inputs"]["out_features"]["is_handle"] is False
    assert linear["inputs"]["input"]["is_handle"] is True
    assert [output["name"] for output in linear["outputs"]] == ["output"]
    assert all(info["type"] == name and info["display_name"] for name, info in catalogue.items())


def test_a_node_file_that_does_not_import_is_reported(serve, tmp_path):
    folder = tmp_path / "nodes"
    folder.mkdir()
    (folder / "broken.py").write_text("import visdl\nvisdl.there_is_no_such_thing\n")
    server = serve(nodes_dir=folder)
    problem = server.client.get("/api/nodes/diagnostics").json()[-1]
    assert (problem["file"].endswith("broken.py"), problem["line"]) == (True, 2)
    assert "there_is_no_such_thing" in problem["message"]


def test_node_types_that_need_a_newer_torch_are_listed_and_logged_with_the_reason(
    serve, tmp_path, caplog
):
    folder = tmp_path / "nodes"
    folder.mkdir()
    (folder / "tomorrow.py").write_text(
        "from visdl.nodes import BaseNode, NodeRegistry\n\n"
        "@NodeRegistry.register('Tomorrow')\nclass Tomorrow(BaseNode):\n"
        "    REQUIRES_TORCH = '99.0'\n"
    )
    client = serve(nodes_dir=folder).client
    assert "Tomorrow" not in client.get("/api/nodes").json()
    [found] = [
        node for node in client.get("/api/nodes/unavailable").json() if node["type"] == "Tomorrow"
    ]
    assert found["reason"].startswith("Tomorrow needs torch 99.0 or newer; this is ")
    assert found["reason"] in caplog.text


def test_the_machine_is_measured(client):
    stats = client.get("/api/system").json()
    assert 0 <= stats["cpu_percent"] <= 100
    assert 0 < stats["ram_used"] < stats["ram_total"]
    assert stats["disk_free"] > 0
    assert (stats["running"], stats["queued"]) == (0, 0)


def test_no_gpu_is_a_value_and_not_an_error(serve, monkeypatch):
    def no_driver():
        raise system_monitor.pynvml.NVMLError_LibraryNotFound

    monkeypatch.setattr(system_monitor.pynvml, "nvmlInit", no_driver)
    assert serve().client.get("/api/system").json()["gpus"] == []


def test_a_gpu_without_some_readings_reports_the_others(serve, monkeypatch):
    nvml = system_monitor.pynvml

    def not_supported(*_):
        raise nvml.NVMLError_NotSupported

    readings = ("UtilizationRates", "MemoryInfo", "Temperature", "PowerUsage")
    monkeypatch.setattr(nvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(nvml, "nvmlDeviceGetCount", lambda: 1)
    monkeypatch.setattr(nvml, "nvmlDeviceGetHandleByIndex", lambda index: index)
    monkeypatch.setattr(nvml, "nvmlDeviceGetName", lambda handle: "Small GPU")
    for name in readings:
        monkeypatch.setattr(nvml, f"nvmlDeviceGet{name}", not_supported)
    monkeypatch.setattr(nvml, "nvmlDeviceGetTemperature", lambda handle, sensor: 41)
    [gpu] = serve().client.get("/api/system").json()["gpus"]
    assert (gpu["name"], gpu["temperature"]) == ("Small GPU", 41)
    assert gpu["utilization"] is gpu["memory_used"] is gpu["power"] is None


def test_the_socket_sends_the_same_record_again_and_again(server):
    with server.connect("/ws/system") as ws:
        first, second = json.loads(ws.recv()), json.loads(ws.recv())
    assert first.keys() == server.client.get("/api/system").json().keys()
    assert second["time"] > first["time"]


@pytest.mark.parametrize("body", [{}, {"token": 5}, {"token": "x" * 1001}])
def test_a_token_that_is_none_is_refused(client, body):
    assert error(client.post("/api/session", json=body), 422)["field"] == "token"


def test_without_a_token_the_exchange_does_nothing(client):
    answer = client.post("/api/session", json={"token": "anything"})
    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers
