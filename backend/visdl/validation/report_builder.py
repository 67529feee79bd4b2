"""The report that a static pass builds: diagnostics, and what is known of every port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import torch

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import (
    Diagnostic,
    Fix,
    NodeReport,
    PortValue,
    SetDisabled,
    SetParam,
    Severity,
    Totals,
)
from visdl.models.graph import Node
from visdl.nodes.contract.base import BaseNode
from visdl.nodes.contract.specs import Shape


@dataclass
class ReportBuilder:
    """Collect diagnostics, node reports and totals in the order of one walk.

    `device` is the one that the graph asks for, `checkpoint` the size of one in bytes, `lasting`
    the bytes of weights, gradients and optimizer state with the node that holds most of them.
    """

    diagnostics: list[Diagnostic] = field(default_factory=list)
    nodes: dict[str, NodeReport] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    device: str | None = None
    checkpoint: int | None = None
    lasting: tuple[int, Node] | None = None

    def add(
        self,
        node: Node,
        message: str,
        *,
        code: str,
        port: str | None = None,
        hint: str = "",
        severity: Severity = "error",
        fix: Fix | None = None,
    ) -> None:
        """Add a diagnostic of a node."""
        diagnostic = Diagnostic(
            code=code,
            severity=severity,
            node=node.id,
            port=port,
            message=message,
            hint=hint,
            fix=fix,
        )
        self.diagnostics.append(diagnostic)

    def add_switched_off(self, node: Node, port: str, source: Node) -> None:
        """Add the diagnostic of a required port whose source is switched off."""
        self.add(
            node,
            f"'{source.label}' is switched off, but '{node.label}' needs it.",
            code="switched_off",
            port=port,
            hint=f"Switch '{source.label}' on.",
            fix=Fix(
                label=f"Switch '{source.label}' on",
                edits=[SetDisabled(node=source.id, disabled=False)],
            ),
        )

    def add_all(self, node: Node, diagnostics: Iterable[Diagnostic]) -> bool:
        """Add the diagnostics of a node; return whether there are any.

        An edit of a fix without a node is one of this node.
        """
        before = len(self.diagnostics)
        for found in diagnostics:
            fix = found.fix and _fix_at(found.fix, node)
            self.diagnostics.append(found.model_copy(update={"node": node.id, "fix": fix}))
        return len(self.diagnostics) > before

    def describe_inputs(self, node: Node, cls: type[BaseNode], values: dict[str, object]) -> None:
        ports = cls.ports()
        for name, value in values.items():
            self.nodes[node.id].inputs[name] = _port_value(ports[name].dtype, value)

    def describe_outputs(self, node: Node, cls: type[BaseNode], values: dict[str, object]) -> None:
        ports = cls.outputs()
        for name, value in values.items():
            self.nodes[node.id].outputs[name] = _port_value(ports[name].dtype, value)


def _fix_at(fix: Fix, node: Node) -> Fix:
    edits = [
        edit.model_copy(update={"node": node.id})
        if isinstance(edit, SetParam) and not edit.node
        else edit
        for edit in fix.edits
    ]
    return fix.model_copy(update={"edits": edits})


def _port_value(dtype: str, value: object) -> PortValue:
    if isinstance(value, Shape):
        return _shape_value(dtype, tuple(value), value.dtype)
    if isinstance(value, Dataset | Loader | Described):
        return PortValue(dtype=dtype, text=value.describe())
    if isinstance(value, list):
        return PortValue(
            dtype=dtype, text=" · ".join(str(item) for item in value if isinstance(item, Shape))
        )
    return PortValue(dtype=dtype)


@lru_cache(maxsize=10_000)
def _shape_value(dtype: str, sizes: tuple[int, ...], element: torch.dtype) -> PortValue:
    shape = Shape(sizes, element)
    return PortValue(
        dtype=dtype, shape=shape.axes, element=str(element).removeprefix("torch."), text=str(shape)
    )


class Described:
    """A static value that a wire shows as text."""

    def describe(self) -> str:
        raise NotImplementedError
