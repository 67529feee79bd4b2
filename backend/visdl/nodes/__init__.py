"""Every node type. Files of this package are found by themselves; nothing has to be registered elsewhere."""

from pathlib import Path

from visdl.nodes.contract.base import BaseNode, DataNode, LayerNode
from visdl.nodes.contract.learning import LossNode, MetricNode, OptimizerNode, SchedulerNode
from visdl.nodes.contract.registry import NodeRegistry
from visdl.nodes.contract.runtime_values import Formula
from visdl.nodes.contract.specs import DataType, InputSpec, OutputSpec, Param, Shape

__all__ = [
    "BaseNode",
    "DataNode",
    "DataType",
    "Formula",
    "InputSpec",
    "LayerNode",
    "LossNode",
    "MetricNode",
    "NodeRegistry",
    "OptimizerNode",
    "OutputSpec",
    "Param",
    "SchedulerNode",
    "Shape",
]

NodeRegistry.load_package(Path(__file__).parent)
