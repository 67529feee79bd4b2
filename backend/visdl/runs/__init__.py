"""The server's side of runs: queue, worker processes, states and telemetry."""
