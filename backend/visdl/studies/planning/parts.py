"""What removing a part of a graph means: the edits that a variant without it consists of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from visdl.models.diagnostics import SetDisabled, SetParam
from visdl.models.errors import InvalidInputError
from visdl.models.graph import Graph, Node
from visdl.models.strategies import ColumnsPart, GroupPart, Part
from visdl.models.studies import Rewire, StudyEdit
from visdl.nodes.contract.specs import DataType
from visdl.studies.edits import label_of, require_node
from visdl.studies.planning.replacements import Replacements
from visdl.studies.planning.resolve import Baseline, PlanningContext


@dataclass(frozen=True)
class Removal:
    """A part of the graph and the edits that remove it. `how` describes them in a few words."""

    label: str
    nodes: tuple[str, ...]
    edits: tuple[StudyEdit, ...]
    how: str


class PartRemover:
    """Turn the parts of a plan into removals, as the plan's `how` states for each node."""

    def __init__(self, baseline: Baseline, context: PlanningContext) -> None:
        self._plan = baseline.plan
        self._graph: Graph = baseline.graph
        self._registry = context.registry
        self._find_dataset = context.validator.find_dataset
        self._replacements = Replacements(baseline, context.registry)

    def remove(self, part: Part) -> Removal:
        """Return the removal of a part.

        Raises InvalidInputError if the graph lacks the part or it cannot be removed this way.
        """
        if isinstance(part, ColumnsPart):
            return self._remove_columns(part)
        if isinstance(part, GroupPart):
            return self._remove_group(part)
        match self._plan.how.get(part, "disable"):
            case "plain":
                return self._replace_by_linear(part)
            case "zero":
                return self._cut_from_sums(part)
            case "disable":
                return self._disable(part)

    def _disable(self, path: str) -> Removal:
        node, label = require_node(self._graph, path), label_of(self._graph, path)
        if node.disabled:
            message = f"'{label}' is already switched off in the graph."
            hint = "Switch it on, or leave it out of the study."
            raise InvalidInputError(message, hint=hint, field="strategy")
        cls = self._registry.find(node.type)
        if cls is not None and not cls.CAN_DISABLE:
            reason = cls.DISABLE_REASON or "Nothing could replace it."
            message = f"'{label}' cannot be switched off. {reason}"
            raise InvalidInputError(message, field="strategy")
        return Removal(label, (path,), (SetDisabled(node=path, disabled=True),), "switched off")

    def _replace_by_linear(self, path: str) -> Removal:
        require_node(self._graph, path)
        label, layer = label_of(self._graph, path), self._replacements.linear_for_node(path)
        if layer is None:
            raise _no_linear_layer(label, "Switch it off instead.", "how")
        return Removal(label, (path,), (layer.edit,), f"replaced by {layer}")

    def _cut_from_sums(self, path: str) -> Removal:
        require_node(self._graph, path)
        label, edges = label_of(self._graph, path), self._replacements.sum_edges(path)
        if not edges:
            message = f"'{label}' can be replaced by zeros only if nothing but sums reads it."
            raise InvalidInputError(message, hint="Switch it off instead.", field="how")
        edits = (Rewire(remove=edges),)
        return Removal(label, (path,), edits, "zero: its branch of the sum is cut")

    def _remove_group(self, part: GroupPart) -> Removal:
        nodes = tuple(dict.fromkeys(part.nodes))
        label = part.title or " + ".join(label_of(self._graph, node) for node in nodes)
        if part.how == "each":
            removals = [self.remove(node) for node in nodes]
            edits = [edit for removal in removals for edit in removal.edits]
            return Removal(label, nodes, tuple(edits), join_unique(r.how for r in removals))
        layer = self._replacements.linear_for_group(nodes)
        if layer is None:
            raise _no_linear_layer(label, "Choose a replacement for each of its nodes.", "strategy")
        others = [node for node in nodes if node != layer.edit.node]
        disabled = [SetDisabled(node=node, disabled=True) for node in others]
        return Removal(label, nodes, (*disabled, layer.edit), f"replaced by {layer}")

    def _remove_columns(self, part: ColumnsPart) -> Removal:
        named = require_node(self._graph, part.node)
        edits = [
            SetParam(node=node.id, param=param, value=", ".join(_quoted(name) for name in rest))
            for node in self._graph.nodes
            if node.type == named.type
            for param, names in self._input_columns(node)
            if set(names).issuperset(part.columns)
            and (rest := [name for name in names if name not in part.columns])
        ]
        if not any(edit.node == part.node for edit in edits):
            listed = ", ".join(f"'{name}'" for name in part.columns[:5])
            message = f"{listed} cannot be removed from the input columns of '{named.label}'."
            hint = "Name some of its input columns, but not all."
            raise InvalidInputError(message, hint=hint, field="strategy")
        more = " …" if len(part.columns) > 3 else ""
        label = part.title or ", ".join(part.columns[:3]) + more
        return Removal(label, (part.node,), tuple(edits), "columns removed")

    def _input_columns(self, node: Node) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the parameter with the input columns of a data node, and their names."""
        cls = self._registry.find(node.type)
        specs = cls.parameters() if cls else {}
        files = [name for name, spec in specs.items() if spec.dtype is DataType.DATASET]
        columns = [name for name, spec in specs.items() if spec.widget == "columns"]
        if not files or not columns or not node.params.get(files[0]):
            return
        dataset = self._find_dataset(str(node.params[files[0]]))
        inputs, targets = (str(node.params.get(name, "")) for name in (*columns, *columns)[:2])
        yield columns[0], dataset.select(inputs, targets).inputs


def _no_linear_layer(label: str, hint: str, field: str) -> InvalidInputError:
    message = f"No single Linear or Conv layer fits in the place of '{label}'."
    return InvalidInputError(message, hint=hint, field=field)


def join_unique(texts: Iterable[str]) -> str:
    """Join the texts that are not empty, each once."""
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name else name
