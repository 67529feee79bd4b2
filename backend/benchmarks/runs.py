"""How fast the list of runs is with 100, 1,000 and 10,000 runs in the store.

A real server on a folder that holds these runs, with curves, events, tags, graphs and files. Each
request over HTTP is timed in several interleaved rounds. At the end all runs are deleted while
another client writes.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
from common import interleaved, report
from serving import Served, server

import visdl
from visdl.models.datasets import DatasetRecord
from visdl.models.events import MetricsEvent, ProgressEvent, RunEvent
from visdl.models.graph import Graph, Node
from visdl.models.ids import new_id
from visdl.models.runs import DatasetUse, MetricSummary, Progress, Run, RunState
from visdl.store import Store

SIZES = (100, 1_000, 10_000)
ROUNDS = 15
EVENTS = 20  # of each run, half of them with points
AT_ONCE = 200  # ids in one request, as the page sends them
TAGS = ["baseline", "paper", "sweep", "wide", "deep", "no dropout", "again", "best"]
METRICS = [
    "train_loss",
    "val_loss",
    "val_r2",
    "val_mse",
    "test_loss",
    "test_r2",
    "test_mse",
    "test_mae",
]
STATES = [RunState.COMPLETED] * 7 + [RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED]


def fill(size: int, folder: Path) -> None:
    """Add `size` ended runs to a new store, with their folders."""
    store = Store(folder / "visdl.db")
    datasets = [
        DatasetRecord(
            id=new_id(), name=f"t{i}.csv", rows=9, columns=[], bytes=99, sha256="0", created=i
        )
        for i in range(5)
    ]
    for dataset in datasets:
        store.add_dataset(dataset)
    graphs = [
        Graph(
            name=f"Network {i}",
            nodes=[Node(id=f"fc{n}", type="Linear", params={"out_features": n}) for n in range(30)],
        )
        for i in range(20)
    ]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(partial(add_run, store, folder, graphs, datasets), range(size)))
    store.close()


def add_run(
    store: Store, folder: Path, graphs: list[Graph], datasets: list[DatasetRecord], number: int
) -> None:
    rng = random.Random(number)
    graph, dataset = rng.choice(graphs), rng.choice(datasets)
    summary = {
        key: MetricSummary(last=rng.random(), best=rng.random(), best_epoch=3) for key in METRICS
    }
    run = Run(
        id=new_id(),
        name=f"{graph.name} · without fc{number % 30} · seed {number}",
        seed=number,
        tags=rng.sample(TAGS, rng.randint(0, 3)),
        graph_name=graph.name,
        starred=number % 50 == 0,
        datasets=[DatasetUse(node="csv", id=dataset.id, name=dataset.name, sha256="0" * 64)],
        parameters=rng.randint(100, 10**7),
        device="cpu",
        versions={"visdl": visdl.__version__, "python": "3.11", "torch": "2.13.0"},
        created=1_700_000_000 + 60 * number,
    )
    store.add_run(run, graph)
    store.append(run.id, list(events(summary)))
    store.move_run(run.id, RunState.STARTING)
    state = STATES[number % len(STATES)]
    path = (
        [RunState.RUNNING, RunState.STOPPING] if state is RunState.STOPPED else [RunState.RUNNING]
    )
    for step in path:
        store.move_run(run.id, step)
    store.move_run(run.id, state, duration=rng.uniform(1, 1000))
    if run.starred:
        store.patch_run(run.id, starred=True)
    files = folder / "runs" / run.id / "checkpoints"
    files.mkdir(parents=True)
    for name in ("checkpoint-000000100.pt", "checkpoint-000000100.json"):
        (files / name).write_bytes(b"0" * 1000)


def events(summary: dict[str, MetricSummary]) -> Iterator[RunEvent]:
    for step in range(0, 10 * EVENTS, 20):
        series = {key: [(at, 0, 1.0) for at in range(step, step + 20)] for key in METRICS[:4]}
        yield MetricsEvent(series=series, summary=summary)
        yield ProgressEvent(
            progress=Progress(epoch=step // 20, epochs=EVENTS, step=step, steps=10 * EVENTS)
        )


def requests(size: int, dataset: str) -> dict[str, dict[str, object]]:
    """Return queries of the list by what they measure."""
    return {
        "first page": {},
        "deep page": {"offset": size - 100},
        "search": {"search": f"seed {size - 1}"},
        "search, nothing found": {"search": "nowhere"},
        "state": {"state": "failed"},
        "tag": {"tag": "paper"},
        "graph": {"graph": "Network 7"},
        "dataset": {"dataset": dataset},
        "starred": {"starred": True},
        "tag, state and search": {"tag": "paper", "state": "completed", "search": "network 1"},
        "sort by name": {"sort": "name", "order": "asc"},
        "sort by duration": {"sort": "duration"},
        "sort by a metric": {"sort": "metrics.val_r2"},
        "sort by a metric, deep": {"sort": "metrics.val_r2", "offset": size - 100},
    }


def get(client: httpx.Client, path: str, query: dict[str, object]) -> None:
    client.get(path, params=query).raise_for_status()


@contextmanager
def writing(client: httpx.Client, run: str) -> Iterator[list[float]]:
    """Let another client write meanwhile; yield the seconds that each write took."""
    seconds: list[float] = []
    ended = threading.Event()

    def write() -> None:
        with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as other:
            while not ended.wait(0.005):
                begin = time.perf_counter()
                other.patch(f"/runs/{run}", json={"note": "x"}).raise_for_status()
                seconds.append(time.perf_counter() - begin)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield seconds
    finally:
        ended.set()
        thread.join()


def delete_all(client: httpx.Client) -> dict[str, float]:
    """Delete all runs but the newest in slices, as the page does; return the milliseconds."""
    newest, *ids = client.get("/runs/ids").raise_for_status().json()
    slices = []
    with writing(client, newest) as waits:
        for start in range(0, len(ids), AT_ONCE):
            begin = time.perf_counter()
            client.post(
                "/runs/delete", json={"ids": ids[start : start + AT_ONCE]}
            ).raise_for_status()
            slices.append(time.perf_counter() - begin)
    assert client.get("/runs/ids").json() == [newest]
    return {
        "delete all": 1000 * sum(slices),
        f"delete {AT_ONCE}, longest": 1000 * max(slices),
        "another write meanwhile, median": 1000 * statistics.median(waits),
        "another write meanwhile, longest": 1000 * max(waits),
    }


def measure(size: int, served: Served) -> dict[str, float]:
    """Return the milliseconds of each request."""
    client = served.client
    dataset = client.get("/runs", params={"limit": 1}).json()[0]["datasets"][0]["id"]
    contenders: dict[str, Callable[[], object]] = {
        name: partial(get, client, "/runs", query)
        for name, query in requests(size, dataset).items()
    }
    contenders["facets"] = partial(get, client, "/runs/facets", {})
    contenders["all ids"] = partial(get, client, "/runs/ids", {})
    found = {name: 1000 * timing.median for name, timing in interleaved(contenders, ROUNDS).items()}
    return found | delete_all(client)


def main() -> None:
    measured: dict[int, dict[str, float]] = {}
    for size in SIZES:
        with server(partial(fill, size)) as served:
            measured[size] = measure(size, served)
    rows = [
        [what, *(f"{measured[size][what]:.1f}" for size in SIZES)] for what in measured[SIZES[0]]
    ]
    figures = {
        f"{what.replace(',', '').replace(' ', '_')}_{size}_ms": value
        for size, found in measured.items()
        for what, value in found.items()
    }
    report(["ms", *(f"{size:,} runs" for size in SIZES)], rows, figures)


if __name__ == "__main__":
    main()
