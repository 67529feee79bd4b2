"""How fast the server responds while it trains, and how fast a run starts and stops.

A real server on a free port with an empty data folder. Latencies of GETs are measured in turn:
idle, then with one, two and four runs training, in several rounds.
"""

from __future__ import annotations

import statistics
import time

import httpx
from common import report
from serving import has_stepped, sample_graph, server, start_run, stop_run, wait_for

RUNS = (1, 2, 4)
ROUNDS = 5
REQUESTS = 200  # of each kind in a round
STARTS = 5


def latencies(client: httpx.Client, finished: str) -> list[float]:
    paths = [
        "/runs",
        f"/runs/{finished}",
        f"/runs/{finished}/metrics?max_points=500",
        "/nodes",
        "/datasets",
        "/system",
    ]
    seconds = []
    for _ in range(REQUESTS):
        for path in paths:
            begin = time.perf_counter()
            client.get(path).raise_for_status()
            seconds.append(time.perf_counter() - begin)
    return seconds


def percentile(seconds: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=1000)[int(share * 1000) - 1]


def main() -> None:
    measured: dict[int, list[float]] = {count: [] for count in (0, *RUNS)}
    with server(concurrent_runs=max(RUNS)) as served:
        client = served.client
        endless = sample_graph(client, 1_000_000)
        finished = start_run(client, sample_graph(client, 50))
        client.get(f"/runs/{finished}", params={"wait": 60})
        for _ in range(ROUNDS):
            for count in measured:
                runs = [start_run(client, endless) for _ in range(count)]
                for run in runs:
                    wait_for(lambda run=run: has_stepped(client, run))
                measured[count] += latencies(client, finished)
                for run in runs:
                    stop_run(client, run)
        starts, stops = [], []
        for _ in range(STARTS):
            begin = time.perf_counter()
            run = start_run(client, endless)
            wait_for(lambda run=run: has_stepped(client, run))
            starts.append(1000 * (time.perf_counter() - begin))
            time.sleep(0.3)
            stops.append(stop_run(client, run))
    idle = percentile(measured[0], 0.99)
    rows = [
        [
            f"{count} runs",
            f"{percentile(s, 0.5):.1f}",
            f"{percentile(s, 0.99):.1f}",
            f"{percentile(s, 0.99) / idle:.2f}x",
        ]
        for count, s in measured.items()
    ]
    figures = {
        f"p99_ratio_{count}_runs": percentile(measured[count], 0.99) / idle for count in RUNS
    }
    figures |= {
        "p99_idle_ms": idle,
        "start_ms": statistics.median(starts),
        "stop_ms": statistics.median(end for _, end in stops),
        "stop_answer_ms": statistics.median(answer for answer, _ in stops),
    }
    report(["training", "p50 ms", "p99 ms", "p99 over idle"], rows, figures)


if __name__ == "__main__":
    main()
