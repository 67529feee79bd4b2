"""The exported program of each starter, called on raw rows, against `predict` of the run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from visdl.models.exports import ExportSignature
from visdl.models.graph import Node
from visdl.starters.gallery import starter_graph
from visdl.training.control import Command, TrainingController

from ..support.graphs import wire
from ..support.runs import execute
from .test_starters import FILES, MADE, tables  # noqa: F401  a fixture of pytest

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The tensor attributes"),  # recurrent layers, traced by torch
]


@pytest.mark.parametrize("name", MADE)
def test_the_program_of_a_starter_gives_what_predict_gives(name, tables, tmp_path):  # noqa: F811
    """Three rows of the table; the training is stopped after its first step."""
    data, graph = tables[FILES[name]["data"][0]], starter_graph(name)
    graph.nodes.append(
        Node(id="program", type="ModelExport", params={"name": "program", "format": "pt2"})
    )
    graph.edges.append(wire("train.result > program.training_result"))
    controller = TrainingController()
    outcome = execute(
        graph,
        tmp_path,
        data,
        controller=controller,
        after_step=lambda step: controller.request(Command.STOP),
    )
    extra = {"signature.json": ""}
    path = tmp_path / "artifacts" / "program.pt2"
    program = torch.export.load(path, extra_files=extra).module()
    signature = ExportSignature.model_validate_json(extra["signature.json"])
    assert signature.applied == ["inputs", "predictions", "targets"]
    rows = np.array([0, data.rows // 2, data.rows - 1])
    names = list(dict.fromkeys(column for each in signature.inputs for column in each.columns))
    raw = dict(zip(names, data.exact(names, rows), strict=True))
    arguments = [
        torch.from_numpy(np.stack([raw[column] for column in each.columns], axis=1))
        .to(torch.int64 if each.dtype == "int64" else torch.float64)
        .reshape(len(rows), *each.shape)
        for each in signature.inputs
    ]
    found = program(*arguments).detach().numpy()
    records = [{column: raw[column][at].item() for column in names} for at in range(len(rows))]
    answer = outcome.predict(records)
    if signature.output.classes:
        assert answer["classes"] == signature.output.classes
        found, expected = np.moveaxis(found, 1, -1), np.array(answer["probabilities"])
    else:
        expected = np.array(answer["predictions"])
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-7)
