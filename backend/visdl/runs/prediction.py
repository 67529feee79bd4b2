"""Predictions of trained runs, each made in a process of its own: the server runs no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from visdl.models.errors import ConflictError, InvalidInputError, RunError
from visdl.models.schemas import PredictRequest, PredictResponse
from visdl.runs.processes import TrainerPool
from visdl.runs.specs import RunSpecs
from visdl.store import Store
from visdl.validation.validator import Validator
from visdl.worker import predict


class Predictor:
    def __init__(
        self, store: Store, validator: Validator, specs: RunSpecs, pool: TrainerPool, folder: Path
    ) -> None:
        self._store = store
        self._validator = validator
        self._specs = specs
        self._pool = pool
        self._folder = folder

    def predict(self, run_id: str, request: PredictRequest) -> PredictResponse:
        """Predictions of a run's kept weights, made in a process of its own.

        Raises InvalidInputError for bad rows, ConflictError when the run has no weights yet.
        """
        if (request.rows is None) == (request.dataset is None):
            raise InvalidInputError("Give either 'rows' or 'dataset'.", field="rows")
        run = self._store.run(run_id)
        folder = self._folder / run_id / "artifacts"
        if not (folder / "weights.safetensors").is_file():
            raise ConflictError(
                f"'{run.name}' has no weights yet.", hint="Wait until it has trained, or stop it."
            )
        data: Any = request.rows
        if request.dataset is not None:
            dataset = self._validator.find_dataset(request.dataset)
            data = (dataset.record.model_dump(mode="json"), str(dataset.folder))
        spec = self._specs.make(run, "cpu")
        [trainer] = self._pool.start([run_id], "cpu", predict.main, spec, data)
        try:
            answer = trainer.connection.recv()
        except EOFError:
            hint = "If memory ran out, predict fewer rows at once."
            raise RunError(f"The prediction failed: {trainer.end()}.", hint=hint) from None
        finally:
            trainer.connection.close()
        if isinstance(answer, Exception):
            raise answer
        return PredictResponse.model_validate(answer)
