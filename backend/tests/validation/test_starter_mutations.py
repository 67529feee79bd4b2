"""Graphs with several inputs, branches and blocks, with random mistakes: each gets a sentence.

An error inside the validator is never a diagnostic.
"""

from __future__ import annotations

import itertools
import random
from functools import cache
from pathlib import Path

import pytest

from visdl.compiler.block_nesting import block_name
from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.datasets.samples import SAMPLES
from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import NotFoundError
from visdl.models.graph import BLOCK, Block, Edge, Graph, Node
from visdl.nodes import DataType, NodeRegistry
from visdl.starters.gallery import starter_graph
from visdl.validation.validator import Validator

from ..support.graphs import validator
from ..support.strength import count
from .test_mutations import ODD

STARTERS = ["two_tower", "autoencoder", "unet", "resnet18", "small_gpt", "lstm_classifier"]
ROWS = 60
Scope = Graph | Block


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Validator:
    """A validator with the first rows of every table that VisDL can make."""
    folder = tmp_path_factory.mktemp("tables")
    tables = {name: _table(name, folder) for name in SAMPLES}

    def find(name: str) -> Dataset:
        if name not in tables:
            raise NotFoundError("There is no such dataset.")
        return tables[name]

    made = validator()
    made.find_dataset = find
    return made


def _table(name: str, folder: Path) -> Dataset:
    SAMPLES[name](folder / name)
    with (folder / name).open("rb") as file:
        head = b"".join(itertools.islice(file, ROWS + 1))
    (folder / name).write_bytes(head)
    record = import_csv(
        folder / name, folder / f"{name}.d", dataset_id=name, name=name, max_columns=10_000
    )
    return Dataset(record, folder / f"{name}.d")


def _ports(scope: Scope, graph: Graph, node: Node) -> tuple[list[str], list[str]]:
    """The inputs and outputs of a node."""
    if node.type == BLOCK:
        block = graph.blocks.get(block_name(node), Block())
        return list(block.inputs), list(block.outputs)
    cls = NodeRegistry.find(node.type)
    return (list(cls.ports()), list(cls.outputs())) if cls else ([], [])


def mutate(graph: Graph, rng: random.Random) -> None:
    """Make one mistake, in the graph or in one of its blocks."""
    scope: Scope = rng.choice([graph, graph, *graph.blocks.values()])
    if not scope.nodes:
        return
    node = rng.choice(scope.nodes)
    cls = NodeRegistry.find(node.type)
    match rng.randrange(9):
        case 0:
            node.disabled = not node.disabled
        case 1:
            _rewire(scope, graph, rng)
        case 2:
            _bypass(scope, node)
        case 3 if cls and cls.parameters():
            node.params[rng.choice(list(cls.parameters()))] = rng.choice(ODD)
        case 4:
            scope.nodes.remove(node)
        case 5 if cls:
            node.type = rng.choice(_alike(node.type) if rng.random() < 0.8 else _alike(""))
        case 6:
            copy = node.model_copy(update={"id": f"{node.id}_2"})
            scope.nodes.append(copy)
            wires = [e for e in scope.edges if e.target == node.id]
            scope.edges += [e.model_copy(update={"target": copy.id}) for e in wires]
        case 7 if scope.edges:
            scope.edges.remove(rng.choice(scope.edges))
        case _:
            _wire(scope, graph, rng)


@cache
def _alike(kind: str) -> list[str]:
    """The node types with ports like those of one; all types for an empty name."""
    return [name for name in NodeRegistry.names() if not kind or _kinds(name) == _kinds(kind)]


@cache
def _kinds(name: str) -> tuple[frozenset[DataType], ...]:
    cls = NodeRegistry.get(name)
    sides = (cls.ports().values(), cls.outputs().values())
    return tuple(frozenset(spec.dtype for spec in side) for side in sides)


def _rewire(scope: Scope, graph: Graph, rng: random.Random) -> None:
    """Let a wire leave another output, mostly one of the same type of node."""
    if not scope.edges:
        return
    edge = rng.choice(scope.edges)
    before = next((node for node in scope.nodes if node.id == edge.source), None)
    kind = before.type if before and rng.random() < 0.8 and before.type != BLOCK else ""
    fits = [n for n in scope.nodes if n.type != BLOCK and n.type in _alike(kind)]
    source = rng.choice(fits or scope.nodes)
    outputs = _ports(scope, graph, source)[1]
    if outputs:
        edge.source, edge.source_output = source.id, rng.choice(outputs)


def _wire(scope: Scope, graph: Graph, rng: random.Random) -> None:
    """Add a wire between any two ports."""
    source, target = rng.choice(scope.nodes), rng.choice(scope.nodes)
    outputs, inputs = _ports(scope, graph, source)[1], _ports(scope, graph, target)[0]
    if outputs and inputs:
        scope.edges.append(
            Edge(
                source=source.id,
                source_output=rng.choice(outputs),
                target=target.id,
                target_input=rng.choice(inputs),
            )
        )


def _bypass(scope: Scope, node: Node) -> None:
    """Remove a node and connect its readers to what it reads first."""
    first = next((edge for edge in scope.edges if edge.target == node.id), None)
    scope.nodes.remove(node)
    scope.edges[:] = [edge for edge in scope.edges if edge.target != node.id]
    for edge in scope.edges:
        if edge.source == node.id and first is not None:
            edge.source, edge.source_output = first.source, first.source_output


def mistaken(seed: int) -> Graph:
    rng = random.Random(seed)
    graph = starter_graph(rng.choice(STARTERS)).model_copy(deep=True)
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 9])):
        mutate(graph, rng)
    return graph


def test_no_error_of_the_validator_is_a_diagnostic(judge):
    for seed in range(count(gate=150, full=3000)):
        report = judge.report(mistaken(seed), to_run=True)
        assert not [d for d in report.diagnostics if is_internal(d)], seed
        assert report.valid == (not [d for d in report.diagnostics if d.severity == "error"])
        assert all(d.message.endswith((".", "?")) and d.count > 0 for d in report.diagnostics), seed
        assert "NaN" not in report.model_dump_json()


def is_internal(found: Diagnostic) -> bool:
    return found.code == "node_failed" or "cannot be checked" in found.message


def test_an_input_that_is_the_whole_model_is_reported_at_the_model(judge):
    graph = starter_graph("two_tower").model_copy(deep=True)
    [model] = [node for node in graph.nodes if node.type == "ModelAssembly"]
    entry = next(node for node in graph.nodes if node.type == "Input")
    for edge in graph.edges:
        if edge.target == model.id and edge.target_input == "layers":
            edge.source, edge.source_output = entry.id, "output"
    report = judge.report(graph, to_run=True)
    assert not any(is_internal(found) for found in report.diagnostics)
    assert not report.valid
