"""Predictions with a run's kept weights and its own encodings, in a process of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from visdl.compiler.builder import build
from visdl.compiler.flatten import flatten
from visdl.compiler.memory import shortage
from visdl.compiler.network import extract
from visdl.compiler.topology import Topology
from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Encoding
from visdl.models.datasets import DatasetRecord
from visdl.models.error_texts import reason_of
from visdl.models.errors import AppError, RunError, TooLargeError
from visdl.models.graph import Graph
from visdl.models.requests import PredictResponse
from visdl.nodes.contract.base import AssemblyNode, TrainingLoopNode
from visdl.nodes.contract.evaluation import predict
from visdl.nodes.contract.learning import LossNode
from visdl.nodes.contract.registry import NodeRegistry
from visdl.nodes.contract.target_scaling import TargetScaling
from visdl.training.seal import ENCODING, WEIGHTS, check_seal, damaged
from visdl.worker.node_files import check_types, import_limit, load_node_files
from visdl.worker.priority import lower_priority
from visdl.worker.protocol import PredictionAnswer, PredictionRequest, RunSpec
from visdl.worker.weights import load_weights

_FEWER = "Predict fewer rows at once."
_NO_CLASS = -1
_GRACE = 5.0  # seconds in which the server itself ends a prediction that takes too long
_MOST_VALUES = 1_000_000  # of a response: the server holds it in memory


def main(connections: Sequence[Connection], request: PredictionRequest) -> None:
    """Entry point of the process: send the predictions, or the exception to raise instead."""
    spec = request.spec
    [connection] = connections
    lower_priority()
    if request.seconds is not None and hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, request.seconds + _GRACE)  # ends it without a server
    torch.set_num_threads(spec.threads)

    def give_up(error: RunError) -> None:
        connection.send(error)
        os._exit(0)

    try:
        with import_limit(spec.node_folder, spec.graph, give_up):
            load_node_files(spec.node_folder)
        response = PredictResponse.model_validate(predict_rows(request))
        answer: PredictionAnswer = response.model_dump_json().encode()
    except AppError as error:
        answer = error
    except Exception as error:  # anything that a node file raises
        answer = RunError(f"The prediction failed: {reason_of(error)}")
        if (missing := shortage(error)) is not None:
            message = f"The prediction ran out of memory: there was no room{missing}."
            answer = RunError(message, hint=_FEWER, code="out_of_memory")
    connection.send(answer)
    connection.close()
    os._exit(0)


def predict_rows(request: PredictionRequest) -> dict[str, Any]:
    """Return the predictions of a run's kept weights, in the fields of a PredictResponse.

    Raises InvalidInputError for rows that do not match, and TooLargeError for too many values.
    """
    spec = request.spec
    folder = Path(spec.folder) / "artifacts"
    encoding = _read_encoding(folder / ENCODING)
    if request.dataset is None:
        x = encoding.encode_rows(request.rows or [])
    else:
        record, table = request.dataset
        x = encoding.encode_inputs(Dataset(DatasetRecord.model_validate(record), Path(table)))
    model, loss = trained_model(spec, encoding)
    arguments = [torch.from_numpy(value) for value in x]
    output = predict(model, arguments) if len(arguments[0]) else torch.empty(0, 1)
    if output.numel() > _MOST_VALUES:
        most = f"a response holds at most {_MOST_VALUES:,}"
        message = f"The prediction has {output.numel():,} values; {most}."
        raise TooLargeError(message, hint=_FEWER)
    prediction = _decoded(output, loss, encoding)
    if encoding.classes is None:
        # a model may give a number per row without an axis for it
        values = (prediction.unsqueeze(1) if prediction.dim() == 1 else prediction).tolist()
        return {
            "columns": encoding.targets,
            "predictions": [v[0] if len(v) == 1 else v for v in values],
        }
    probabilities = prediction.movedim(1, -1)
    indices = probabilities.argmax(-1).masked_fill(~probabilities.isfinite().all(-1), _NO_CLASS)
    labels = _labels(indices.tolist(), encoding.classes)
    return {
        "columns": encoding.targets,
        "predictions": labels,
        "probabilities": probabilities.tolist(),
        "classes": encoding.classes,
    }


def _read_encoding(path: Path) -> Encoding:
    """Return the encodings of a run. Raises RunError if they are missing or damaged."""
    check_seal(path)
    try:
        return Encoding.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise damaged(path) from error


def _decoded(output: Tensor, loss: LossNode | None, encoding: Encoding) -> Tensor:
    """Return outputs (rows, …) as predictions in the units of the table."""
    scaling = None if encoding.target_scaling == "none" else TargetScaling(encoding)
    if loss is None:
        return output if scaling is None else scaling.undo(output)
    loss.scaling = scaling
    return loss.decode(output)


def _labels(indices: Any, classes: list[str]) -> Any:
    """Replace indices by class labels, in lists of any depth; None where there is no class."""
    if isinstance(indices, list):
        return [_labels(item, classes) for item in indices]
    if indices == _NO_CLASS:
        return None
    return classes[indices] if indices < len(classes) else str(indices)


def trained_model(spec: RunSpec, encoding: Encoding) -> tuple[nn.Module, LossNode | None]:
    """Return the run's model with its kept weights, in evaluation mode on the CPU, and its loss."""
    flat = flatten(Graph.model_validate_json(spec.graph))
    graph, topology = flat.graph, Topology(flat.graph)
    check_types(graph, NodeRegistry)
    types = {node.id: NodeRegistry.get(node.type) for node in graph.nodes}
    loop = next(i for i, cls in types.items() if issubclass(cls, TrainingLoopNode))
    before = topology.ancestors([loop])
    assembly = next(i for i, cls in types.items() if i in before and issubclass(cls, AssemblyNode))
    network = extract(flat, topology, NodeRegistry, graph.node(assembly))
    model = build(network, [torch.from_numpy(value) for value in encoding.examples(2)], spec.seed)
    load_weights(model, Path(spec.folder) / "artifacts" / WEIGHTS)
    return model.eval(), _loss_node(graph, topology, loop)


def _loss_node(graph: Graph, topology: Topology, loop: str) -> LossNode | None:
    """Return the loss of a training loop; None if a custom node makes it of something else."""
    wired = [edge.source for edge in topology.incoming[loop] if edge.target_input == "loss_fn"]
    for node in (graph.node(i) for i in (*wired, *topology.ancestors(wired))):
        cls = NodeRegistry.get(node.type)
        if issubclass(cls, LossNode):
            return cls.create(node.params)
    return None
