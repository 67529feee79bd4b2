"""All node types. Node files in this package are discovered; none is registered elsewhere."""

from pathlib import Path

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.base import BaseNode, DataNode, LayerNode
from visdl.nodes.contract.function_node import node
from visdl.nodes.contract.learning import (
    Loss,
    LossNode,
    MetricNode,
    Schedule,
    SchedulerNode,
)
from visdl.nodes.contract.node_files.checks import check_of_process
from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode
from visdl.nodes.contract.registry import NodeRegistry
from visdl.nodes.contract.runtime_values import Formula, Metrics, TrainingResult
from visdl.nodes.contract.specs import DataType, InputSpec, OutputSpec, Param, Shape

__all__ = [
    "BaseNode",
    "DataNode",
    "DataType",
    "Dataset",
    "Diagnostic",
    "Formula",
    "InputSpec",
    "LayerNode",
    "Loader",
    "Loss",
    "LossNode",
    "MetricNode",
    "Metrics",
    "NodeRegistry",
    "OptimizerNode",
    "OutputSpec",
    "Param",
    "Schedule",
    "SchedulerNode",
    "Shape",
    "TrainingResult",
    "node",
]

NodeRegistry.load_package(Path(__file__).parent, check_of_process())
