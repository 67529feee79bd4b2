"""Predictions of trained runs, each in a process of its own: the server runs no model."""

from __future__ import annotations

from pathlib import Path

from visdl.models.errors import ConflictError, InvalidInputError, RunError
from visdl.models.requests import PredictRequest
from visdl.runs.obstacles import explain
from visdl.runs.processes import WorkerPool, WorkerProcess
from visdl.runs.specs import SpecBuilder
from visdl.store import Store
from visdl.worker.protocol import PredictionAnswer, PredictionRequest


class Predictor:
    """Predicts with the kept weights of runs. Used from any thread."""

    def __init__(
        self, store: Store, specs: SpecBuilder, pool: WorkerPool, folder: Path, seconds: float
    ) -> None:
        """`seconds` is how long a prediction may take."""
        self._store = store
        self._specs = specs
        self._pool = pool
        self._folder = folder
        self._seconds = seconds

    def predict(self, run_id: str, request: PredictRequest) -> bytes:
        """Return the predictions of a run's kept weights: a PredictResponse as JSON.

        Raises InvalidInputError for rows that do not match, ConflictError when the run has no
        weights yet, RunError when it takes too long, and what the prediction process answers.
        """
        if (request.rows is None) == (request.dataset is None):
            raise InvalidInputError("Give either 'rows' or 'dataset'.", field="rows")
        run = self._store.run(run_id)
        if not (self._folder / run_id / "artifacts" / "weights.safetensors").is_file():
            raise ConflictError(
                f"'{run.name}' has no weights yet.", hint="Wait until it has trained, or stop it."
            )
        dataset = self._specs.find_files(request.dataset) if request.dataset is not None else None
        spec = self._specs.build_spec(run, "cpu")
        worker = self._start(PredictionRequest(spec, request.rows, dataset, self._seconds))
        try:
            answer = self._answer(worker)
        except EOFError:
            hint = "If memory ran out, predict fewer rows at once."
            message = f"The prediction failed: {worker.wait_for_exit()}."
            raise RunError(message, hint=hint) from None
        finally:
            worker.connection.close()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer(self, worker: WorkerProcess) -> PredictionAnswer:
        """Return what the process sends; kill it, and raise RunError, if that takes too long."""
        if worker.connection.poll(self._seconds):
            answer: PredictionAnswer = worker.connection.recv()
            return answer
        worker.kill("it took too long")
        worker.wait_for_exit()
        message = f"The prediction took longer than {self._seconds:g} s and was ended."
        hint = "Predict fewer rows at once, or raise VISDL_PREDICT_SECONDS."
        raise RunError(message, hint=hint, code="too_long")

    def _start(self, request: PredictionRequest) -> WorkerProcess:
        """Start the process. Raises RunError when the system does not allow it now."""
        try:
            return self._pool.start_prediction(request)
        except (OSError, EOFError) as error:
            reason, remedy = explain(error)
            message = f"The prediction could not be started: {reason}."
            raise RunError(message, hint=f"{remedy} Then predict again.".lstrip()) from None
