"""A run in its worker process: build the model, train it, execute the nodes downstream."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from visdl import seeds
from visdl.compiler.builder import argument_names, build, seed_modules
from visdl.compiler.flatten import flatten
from visdl.compiler.memory import shortage
from visdl.compiler.model_inputs import model_inputs
from visdl.compiler.network import extract
from visdl.compiler.topology import Topology
from visdl.compiler.walk import Inputs, arguments, is_network_node, walk
from visdl.compiler.weights import built_weights
from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Argument, Encoding
from visdl.datasets.split import Loader
from visdl.models.datasets import DatasetRecord
from visdl.models.error_texts import reason_of
from visdl.models.errors import AppError, RunError, is_disk_error
from visdl.models.graph import Graph, Node
from visdl.models.parameter_rules import GroupReport
from visdl.models.provenance import DatasetHash, Provenance, Split
from visdl.models.runs import RunState
from visdl.nodes.contract.base import AssemblyNode, BaseNode, DataNode, TrainingLoopNode
from visdl.nodes.contract.metrics.names import metric_directions
from visdl.nodes.contract.parameter_groups.grouped import groups_of
from visdl.nodes.contract.parameter_groups.weights import set_weight_infos
from visdl.nodes.contract.registry import NodeRegistry, Registry
from visdl.nodes.contract.runtime_values import Metrics, TrainingResult, save_weights
from visdl.training.checkpoint import write_json
from visdl.training.control import TrainingController
from visdl.training.environment import versions
from visdl.training.plan import FitPlan
from visdl.training.preparation import prepare, useful_threads
from visdl.training.reporter import Reporter
from visdl.training.row_predictions import PredictionsFile
from visdl.training.seal import ENCODING, WEIGHTS, break_seal, seal
from visdl.training.session import TrainingSession, TrainingSuspended
from visdl.training.snapshot import machine
from visdl.worker.artifact_news import ArtifactNews
from visdl.worker.node_files import check_types
from visdl.worker.protocol import DatasetFiles, RunSpec
from visdl.worker.split_file import write_split
from visdl.worker.weights import read_weights


class GraphRun:
    """Runs one graph, as a visitor of `walk`. `on_state` is called with RUNNING and PAUSED."""

    def __init__(
        self,
        spec: RunSpec,
        controller: TrainingController,
        reporter: Reporter,
        on_state: Callable[[RunState], None],
        registry: Registry = NodeRegistry,
        train: Callable[[TrainingSession], TrainingResult] = TrainingSession.train_to_end,
    ) -> None:
        """`train` drives the training: alone, or in a seed batch."""
        self._drive = train
        self._spec = spec
        self._controller = controller
        self._reporter = reporter
        self._on_state = on_state
        self._registry = registry
        self._graph = Graph.model_validate_json(spec.graph)
        self._flat = flatten(self._graph)
        self._topology = Topology(self._flat.graph)
        self._arguments: dict[nn.Module, list[Argument]] = {}
        self._node_ids: dict[str, str] = {}  # by the names of their modules and arguments
        self._datasets = self._datasets_by_name()
        self._folder = Path(spec.folder)
        self._artifacts = self._folder / "artifacts"
        self._news = ArtifactNews(self._artifacts, reporter)
        self._result: TrainingResult | None = None
        self._test: dict[str, float] = {}
        self._splits = 0  # written so far
        self._test_rows = 0
        self._groups: list[GroupReport] = []
        self._predictions = PredictionsFile(self._artifacts, self._warn)

    def run(self) -> bool:
        """Execute the whole graph; return True when it was stopped before its end.

        Raises RunError, and TrainingSuspended when the process has to end before the run does.
        """
        check_types(self._flat.graph, self._registry)
        self._artifacts.mkdir(parents=True, exist_ok=True)
        write_json(self._artifacts / "graph.json", self._graph.model_dump(mode="json"))
        with self._predictions:
            walk(self._flat.graph, self._topology, self._registry, self)
        if self._result is None:
            raise RunError("The graph has nothing to train.", hint="Add a Training Loop.")
        self._write_report(self._result)
        self._news.report()
        return self._result.stopped

    def visit(self, node: Node, cls: type[BaseNode], inputs: Inputs) -> Mapping[str, Any] | None:
        if is_network_node(cls):
            return dict.fromkeys(cls.outputs(), node.id)
        with self._attribute_errors(node):
            args = arguments(cls, node, inputs, self._find_dataset)
            instance = cls.create(args)
            if node.disabled:
                passed = instance.on_disable(**args)
                return None if passed is None else dict(zip(cls.outputs(), passed, strict=False))
            if any(
                spec.required and name not in inputs.values for name, spec in cls.ports().items()
            ):
                return None
            return self._perform(node, cls, instance, args, inputs)

    def _perform(
        self,
        node: Node,
        cls: type[BaseNode],
        instance: BaseNode,
        args: dict[str, Any],
        inputs: Inputs,
    ) -> Mapping[str, Any]:
        started = time.monotonic()
        self._reporter.node(node.id, "started")
        try:
            values = self._values(node, instance, args, inputs)
        except Exception as error:
            if not isinstance(error, TrainingSuspended):
                self._reporter.node(node.id, "failed", time.monotonic() - started)
            raise
        if not isinstance(values, tuple) or len(values) != len(cls.outputs()):
            expected = f"a tuple with {len(cls.outputs())} value(s), one per output"
            message = f"execute() of '{node.label}' must return {expected}."
            raise RunError(message, code="bad_output")
        self._reporter.node(node.id, "ended", time.monotonic() - started)
        self._news.report()
        for value in values:
            if isinstance(value, Metrics) and value.charts is not None:
                self._report_test(value)
                self._write_predictions(args)
        return dict(zip(cls.outputs(), values, strict=True))

    def _values(
        self, node: Node, instance: BaseNode, args: dict[str, Any], inputs: Inputs
    ) -> tuple[Any, ...]:
        if isinstance(instance, TrainingLoopNode):
            self._result = self._train(node, args)
            return (self._result,)
        if isinstance(instance, AssemblyNode):
            args = {**args, "layers": self._build(node, args, inputs)}
        values = instance.execute(**args)
        is_data = isinstance(instance, DataNode) and isinstance(values, tuple)
        return self._split(node, values) if is_data else values

    def _split(self, node: Node, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Draw the rows that vary with the run's seed, and write which row is in which part."""
        seed = seeds.derive(self._spec.seed, "split", node.id)
        drawn = tuple(v.drawn_by(seed) if isinstance(v, Loader) else v for v in values)
        parts = next((v for v in drawn if isinstance(v, Loader) and v.part is not None), None)
        if parts is not None:
            self._splits += 1
            self._test_rows = parts.sizes[2]
            write_split(parts, self._artifacts, self._splits, self._reporter.log)
        return drawn

    def _train(self, node: Node, args: dict[str, Any]) -> TrainingResult:
        arguments = self._arguments.get(args["model"]) or next(iter(self._arguments.values()))
        # for random layers without a generator of their own, such as those of node files
        torch.manual_seed(seeds.derive(self._spec.seed, "layers"))
        prepared = prepare(
            args, arguments, seeds.derive(self._spec.seed, "order", node.id), self._registry
        )
        if prepared.encoding.target_scaling != "none":
            message = f"The loss gets the target scaled ({prepared.encoding.target_scaling})"
            self._reporter.log(f"{message}; every other value is in the target's own units.")
        if self._spec.auto_threads:
            torch.set_num_threads(useful_threads(prepared.plan, self._spec.threads, self._warn))
        if self._spec.weights_from:
            self._warm_start(args["model"], *self._spec.weights_from)
        self._groups = groups_of(prepared.plan.optimizer)
        for group in self._groups:
            self._reporter.log(f"{group.describe()}.")
        provenance = self._provenance(prepared.plan)
        write_json(self._artifacts / "provenance.json", provenance.model_dump(mode="json"))
        training = TrainingSession(
            prepared,
            self._controller,
            self._reporter,
            self._folder,
            self._on_state,
            provenance=provenance.model_dump_json(),
            stored=self._spec.stored,
            run_id=self._spec.run,
            speedup=self._spec.speedup,
        )
        result = self._drive(training)
        self._write_weights(result)
        self._predictions.add("val", result, args.get("val_loader"))
        return result

    def _warn(self, message: str) -> None:
        self._reporter.log(message, "warning")

    def _warm_start(self, model: nn.Module, run: str, file: str) -> None:
        """Initialise from another run's weights of the same name and shape, and log which match."""
        if not Path(file).is_file():
            raise RunError(f"The weights of run {run} no longer exist.", hint="Start without them.")
        theirs, own = read_weights(Path(file)), model.state_dict()
        matching = {
            name: value
            for name, value in theirs.items()
            if name in own and own[name].shape == value.shape
        }
        model.load_state_dict(matching, strict=False)
        self._reporter.log(f"Initialised {len(matching)} of {len(own)} tensors from run {run}.")
        other_shape = [
            f"{name} ({_sizes(theirs[name])} there, {_sizes(own[name])} here)"
            for name in own
            if name in theirs and name not in matching
        ]
        for what, names in {
            "Not initialised, because the shapes differ": other_shape,
            "Missing in that run": [name for name in own if name not in theirs],
            "Only in that run": [name for name in theirs if name not in own],
        }.items():
            if names:
                more = f" and {len(names) - 20} more" if len(names) > 20 else ""
                self._reporter.log(f"{what}: {', '.join(names[:20])}{more}.", "warning")

    def _provenance(self, plan: FitPlan) -> Provenance:
        spec, rows = self._spec, np.asarray(plan.train.indices, dtype=np.int64)
        return Provenance(
            run=spec.run,
            name=spec.name,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=spec.seed,
            graph=self._graph,
            datasets=[DatasetHash.model_validate(record) for record, _ in self._datasets.values()],
            split=Split(
                train_rows=len(rows),
                val_rows=len(plan.val[1]) if plan.val else 0,
                test_rows=self._test_rows,
                sha256=hashlib.sha256(rows.tobytes()).hexdigest(),
            ),
            versions=versions(),
            **machine(plan),
            threads=torch.get_num_threads(),
            platform=platform.platform(),
            code=self._registry.code_hashes({node.type for node in self._flat.graph.nodes}),
            predictions=plan.loss.node.prediction_formula,
            parameter_groups=groups_of(plan.optimizer),
            continues=spec.extends,
            weights_from=spec.weights_from[0] if spec.weights_from else None,
        )

    def _build(self, node: Node, args: dict[str, Any], inputs: Inputs) -> nn.Module:
        network = extract(self._flat, self._topology, self._registry, node)
        data = args["dataset"] or inputs.training_data
        dataset = data.dataset if isinstance(data, Loader) else data
        if not isinstance(dataset, Dataset):
            raise RunError(
                f"The input shape of '{node.label}' is not known.",
                hint="Connect training data to it.",
            )
        model_input = model_inputs(network, dataset, self._registry)
        for found in model_input.diagnostics:
            raise RunError(found.message, hint=found.hint, node=found.node, code=found.code)
        encoding = Encoding(
            inputs=list(dataset.inputs), arguments=model_input.arguments, targets=[], target="float"
        )
        example = encoding.encode_inputs(dataset, np.arange(min(2, dataset.rows)))
        model = build(network, [torch.from_numpy(value) for value in example], self._spec.seed)
        self._arguments[model] = model_input.arguments
        self._node_ids |= {step.name: step.node.id for step in network.steps}
        self._node_ids |= dict(
            zip(argument_names(network), (entry.id for entry in network.inputs), strict=False)
        )
        device = torch.device(self._spec.device if args["device"] == "auto" else args["device"])
        seed_modules(model, network, self._spec.seed, device)
        set_weight_infos(model, built_weights(network, model))
        return model.to(device)

    def _find_dataset(self, name: str) -> Dataset:
        record, folder = self._datasets[name]
        return Dataset(DatasetRecord.model_validate(record), Path(folder))

    def _datasets_by_name(self) -> dict[str, DatasetFiles]:
        """Return the datasets by what the graph calls them: an id or a name."""
        named: dict[str, DatasetFiles] = {}
        for (node_id, param), files in self._spec.datasets.items():
            node = self._graph.node(node_id)
            cls = self._registry.find(node.type)
            spec = cls.parameters().get(param) if cls else None
            named[str(node.params.get(param, spec.default if spec else ""))] = files
        return named

    @contextlib.contextmanager
    def _attribute_errors(self, node: Node) -> Iterator[None]:
        """Turn any error in a node into a RunError that names it."""
        try:
            yield
        except (RunError, AppError) as error:
            at = getattr(error, "node", None) or self._node_ids.get(
                getattr(error, "place", ""), node.id
            )
            raise RunError(error.message, hint=error.hint, node=at, code=error.code) from error
        except TrainingSuspended:
            raise
        except Exception as error:  # anything that a node file raises
            if is_disk_error(error, self._folder):
                raise
            if (missing := shortage(error)) is not None:
                message = f"'{node.label}' ran out of memory: there was no room{missing}."
                hint = "Lower batch_size, or make the model smaller."
                raise RunError(message, hint=hint, node=node.id, code="out_of_memory") from error
            raise RunError(
                f"'{node.label}' failed: {reason_of(error)}", node=node.id, code="node_failed"
            ) from error

    def _report_test(self, metrics: Metrics) -> None:
        assert self._result is not None  # noqa: S101  charts come from a training result
        self._test.update(metrics)
        self._reporter.values(metrics, metric_directions(metrics, self._result.metrics))
        self._reporter.flush()
        write_json(self._artifacts / "predictions.json", metrics.charts)
        self._news.report()

    def _write_predictions(self, args: Mapping[str, Any]) -> None:
        """Write the predictions of the rows that an evaluation was given on its ports."""
        result = next((arg for arg in args.values() if isinstance(arg, TrainingResult)), None)
        data = next((arg for arg in args.values() if isinstance(arg, Loader | Dataset)), None)
        if result is not None:
            self._predictions.add("test", result, data)

    def _write_weights(self, result: TrainingResult) -> None:
        break_seal(self._artifacts)
        save_weights(result, self._artifacts / WEIGHTS)
        write_json(self._artifacts / ENCODING, result.encoding.model_dump(mode="json"))
        seal(self._artifacts)

    def _write_report(self, result: TrainingResult) -> None:
        """Write what was run, with what, and the results."""
        write_json(
            self._artifacts / "report.json",
            {
                "run": self._spec.run,
                "name": self._spec.name,
                "seed": self._spec.seed,
                "epochs": result.epochs,
                "stopped": result.stopped,
                "weights": result.kept,
                "best_epoch": result.best_epoch,
                "metrics": _finite({**result.kept_values(), **self._test}),
                "parameters": sum(p.numel() for p in result.model.parameters()),
                "trainable_parameters": sum(
                    p.numel() for p in result.model.parameters() if p.requires_grad
                ),
                "parameter_groups": [group.model_dump(mode="json") for group in self._groups],
                "model": str(result.model),
                "datasets": {
                    name: record["sha256"] for name, (record, _) in self._datasets.items()
                },
                "device": str(result.device),
                "threads": torch.get_num_threads(),
                "versions": versions(),
            },
        )


def _sizes(tensor: torch.Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "a number"


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: value if np.isfinite(value) else None for key, value in values.items()}
