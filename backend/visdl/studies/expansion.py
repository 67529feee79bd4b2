"""What a strategy means for a graph: its variants, each with the edits that make it and the one it is compared with."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import JsonValue

from visdl.datasets.dataset import Dataset
from visdl.models.diagnostics import ReplaceNode, SetDisabled, SetParam
from visdl.models.errors import InvalidInputError
from visdl.models.graph import Graph, Node
from visdl.models.strategies import (
    MOST_VARIANTS,
    AddOne,
    ColumnsPart,
    Configurations,
    Cumulative,
    Grid,
    GroupPart,
    How,
    LeaveGroupOut,
    LeaveNOut,
    LeaveOneOut,
    OptunaSweep,
    Part,
    RandomSweep,
    RangeFactor,
    Replace,
)
from visdl.models.studies import Offer, Rewire, StudyEdit, StudyPlan, Variant
from visdl.nodes.contract.base import BaseNode, TrainerNode
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import DataType
from visdl.studies.edits import applied, find_node, label_of, missing_node
from visdl.studies.plain import Plain, PlainLayer

BASELINE = "baseline"
FLOOR = "floor"
_SUM = "Add"  # the operation that a zero leaves as it is
FindDataset = Callable[[str], Dataset]


@dataclass(frozen=True)
class Candidate:
    """A variant, and its graph."""

    variant: Variant
    graph: Graph


@dataclass(frozen=True)
class Factor:
    """A part of the network that can be taken out."""

    label: str
    nodes: tuple[str, ...]
    edits: tuple[StudyEdit, ...]
    how: str = ""


@dataclass
class Expander:
    """Makes the variants of a plan. `plain` knows what one layer could stand in a node's place."""

    graph: Graph
    plan: StudyPlan
    registry: Registry
    find_dataset: FindDataset
    plain: Plain
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def expand(self) -> list[Candidate]:
        """The baseline first. Raises InvalidInputError for what the graph does not have, or too many variants."""
        baseline = Candidate(Variant(key=BASELINE, label="Baseline", role="baseline"), self.graph)
        variants = [baseline, *itertools.islice(self._variants(), MOST_VARIANTS)]
        if len(variants) > MOST_VARIANTS:
            message = f"The study has more than {MOST_VARIANTS - 1:,} variants."
            raise InvalidInputError(message, hint="Take fewer parts or values.", field="strategy")
        return _without_twins(variants)

    def _variants(self) -> Iterator[Candidate]:
        match self.plan.strategy:
            case LeaveOneOut(nodes=parts):
                yield from self._leave_out(parts, 1)
            case LeaveNOut(nodes=parts, n=n):
                yield from self._leave_out(parts, n)
            case LeaveGroupOut(groups=groups):
                yield from self._leave_out(groups, 1)
            case AddOne() as strategy:
                yield from self._add_one(strategy)
            case Cumulative(order=parts):
                yield from self._cumulative(parts)
            case Replace() as strategy:
                yield from self._replace(strategy)
            case Grid(factors=factors):
                for values in itertools.product(*(factor.values for factor in factors)):
                    yield self.setting(
                        [(f.node, f.param, v) for f, v in zip(factors, values, strict=True)]
                    )
            case RandomSweep() as strategy:
                rng = np.random.default_rng(strategy.seed)
                for _ in range(strategy.trials):
                    yield self.setting(
                        [(f.node, f.param, _drawn(f, rng)) for f in strategy.factors]
                    )
            case Configurations(graphs=graphs):
                for number, one in enumerate(graphs, 1):
                    label = one.label or one.graph.name or f"Configuration {number}"
                    yield self._candidate(label, [], graph=one.graph, how="another graph")

    def factor(self, part: Part) -> Factor:
        """What taking out a part means. Raises InvalidInputError for one that cannot be."""
        if isinstance(part, ColumnsPart):
            return self._columns(part)
        if isinstance(part, GroupPart):
            return self._group(part)
        node = self._node(part)
        label, how = label_of(self.graph, part), self.plan.how.get(part, "disable")
        if how == "plain":
            layer = self.plain.layer(part)
            if layer is None:
                message = f"No single Linear or Conv layer fits in the place of '{label}'."
                raise InvalidInputError(message, hint="Switch it off instead.", field="how")
            return Factor(label, (part,), (layer.edit,), f"replaced by {layer}")
        if how == "zero":
            return Factor(
                label, (part,), (self._zero(part, label),), "zero: its branch of the sum is cut"
            )
        if node.disabled:
            message = f"'{label}' is switched off in the graph already."
            raise InvalidInputError(
                message, hint="Switch it on, or leave it out of the study.", field="strategy"
            )
        cls = self.registry.find(node.type)
        if cls is not None and not cls.CAN_DISABLE:
            reason = cls.DISABLE_REASON or "Nothing could stand in its place."
            raise InvalidInputError(f"'{label}' cannot be switched off. {reason}", field="strategy")
        return Factor(label, (part,), (SetDisabled(node=part, disabled=True),), "switched off")

    def _group(self, part: GroupPart) -> Factor:
        nodes = tuple(dict.fromkeys(part.nodes))
        label = part.title or " + ".join(label_of(self.graph, node) for node in nodes)
        if part.how == "each":
            factors = [self.factor(node) for node in nodes]
            edits = [edit for factor in factors for edit in factor.edits]
            return Factor(label, nodes, tuple(edits), _joined(factor.how for factor in factors))
        layer = self._plain_for(nodes)
        if layer is None:
            message = f"No single Linear or Conv layer fits in the place of '{label}'."
            raise InvalidInputError(
                message, hint="Say for each of its nodes what takes its place.", field="strategy"
            )
        others = [node for node in nodes if node != layer.edit.node]
        off = [SetDisabled(node=node, disabled=True) for node in others]
        return Factor(label, nodes, (*off, layer.edit), f"replaced by {layer}")

    def _plain_for(self, nodes: Sequence[str]) -> PlainLayer | None:
        """The layer in the place of several nodes: of the last, while the others hand on what the first reads.

        None where they are entered or left at several places, or a node cannot be switched off.
        """
        inside, edges = set(nodes), self.graph.edges
        found = [find_node(self.graph, node) for node in nodes]
        classes = [self.registry.find(node.type) for node in found if node is not None]
        within = {edge.target for edge in edges if edge.source in inside and edge.target in inside}
        first = [node for node in nodes if node not in within]
        last = {
            edge.source for edge in edges if edge.source in inside and edge.target not in inside
        }
        if (
            len(first) != 1
            or len(last) != 1
            or not all(cls is None or cls.CAN_DISABLE for cls in classes)
        ):
            return None
        [end] = last
        entered = {
            edge.target for edge in edges if edge.source not in inside and edge.target in inside
        }
        if entered - set(first) or sum(edge.target == end for edge in edges) > 1:
            return None
        return self.plain.layer(end, first[0])

    def offer(self, part: str | GroupPart) -> Offer:
        """What could take the place of a part instead: a plain layer, where it is none itself, and zero."""
        if isinstance(part, GroupPart):
            whole = self._plain_for(tuple(dict.fromkeys(part.nodes)))
            return Offer(how=["plain"] if whole else [], plain=whole.parameters if whole else None)
        layer = self.plain.layer(part)
        plain = layer if layer is not None and layer.edit.type != self._node(part).type else None
        how: list[How] = ["plain"] if plain else []
        if self._summed(part):
            how.append("zero")
        return Offer(how=how, plain=plain.parameters if plain else None)

    def _zero(self, part: str, label: str) -> Rewire:
        wires = self._summed(part)
        if not wires:
            message = f"Zeros fit in the place of '{label}' only where sums alone read it."
            raise InvalidInputError(message, hint="Switch it off instead.", field="how")
        return Rewire(remove=wires)

    def _summed(self, part: str) -> list:  # type: ignore[type-arg]
        """The wires of a node into sums, where nothing else reads it and each sum has other terms."""
        out = [edge for edge in self.graph.edges if edge.source == part]
        types = {node.id: node.type for node in self.graph.nodes}
        terms = [
            [e for e in self.graph.edges if e.target == wire.target and e.source != part]
            for wire in out
        ]
        return out if out and all(types.get(e.target) == _SUM for e in out) and all(terms) else []

    def _columns(self, part: ColumnsPart) -> Factor:
        chosen = self._node(part.node)
        edits = [
            SetParam(node=node.id, param=param, value=", ".join(_quoted(name) for name in rest))
            for node in self.graph.nodes
            if node.type == chosen.type
            for param, names in self._selected(node)
            if names.issuperset(part.columns)
            and (rest := [name for name in names if name not in part.columns])
        ]
        if not any(edit.node == part.node for edit in edits):
            listed = ", ".join(f"'{name}'" for name in part.columns[:5])
            message = f"'{chosen.label}' would have no input columns left without {listed}, or has them not."
            raise InvalidInputError(
                message, hint="Name some of its input columns.", field="strategy"
            )
        label = part.title or ", ".join(part.columns[:3]) + (" …" if len(part.columns) > 3 else "")
        return Factor(label, (part.node,), tuple(edits), "columns left out")

    def _selected(self, node: Node) -> Iterator[tuple[str, Columns]]:
        """The parameter with the input columns of a data node, and what it means."""
        cls = self.registry.find(node.type)
        specs = cls.parameters() if cls else {}
        files = [name for name, spec in specs.items() if spec.dtype is DataType.DATASET]
        columns = [name for name, spec in specs.items() if spec.widget == "columns"]
        if not files or not columns or not node.params.get(files[0]):
            return
        dataset = self.find_dataset(str(node.params[files[0]]))
        inputs, targets = (str(node.params.get(name, "")) for name in (*columns, *columns)[:2])
        yield columns[0], Columns(dataset.select(inputs, targets).inputs)

    def _node(self, path: str) -> Node:
        node = find_node(self.graph, path)
        if node is None:
            raise missing_node(path)
        return node

    def _candidate(
        self,
        label: str,
        edits: Sequence[StudyEdit],
        *,
        graph: Graph | None = None,
        reference: str = BASELINE,
        **fields: object,
    ) -> Candidate:
        fields = {
            "key": f"v{next(self._numbers)}",
            "label": label[:200],
            "reference": reference,
            **fields,
        }
        variant = Variant.model_validate({**fields, "edits": list(edits)})
        return Candidate(variant, graph or applied(self.graph, edits, self.registry))

    def _without(self, label: str, factors: Sequence[Factor], **fields: object) -> Candidate:
        edits = [edit for factor in factors for edit in factor.edits]
        nodes = [node for factor in factors for node in factor.nodes]
        how = _joined(f.how for f in factors)
        return self._candidate(label, edits, parts=nodes, how=how, **fields)  # type: ignore[arg-type]

    def _leave_out(self, parts: Sequence[Part], count: int) -> Iterator[Candidate]:
        factors = [self.factor(part) for part in parts]
        if count > len(factors):
            message = (
                f"There are {len(factors)} parts; {count} of them cannot be taken out at once."
            )
            raise InvalidInputError(message, hint="Lower n, or name more parts.", field="strategy")
        for chosen in itertools.combinations(factors, count):
            yield self._without(f"w/o {' + '.join(factor.label for factor in chosen)}", chosen)

    def _add_one(self, strategy: AddOne) -> Iterator[Candidate]:
        factors = [self.factor(part) for part in strategy.nodes]
        yield self._without(
            "Floor: without all of them", factors, key=FLOOR, role="floor", reference=None
        )
        for factor in factors:
            others = [other for other in factors if other is not factor]
            added = self._without(f"floor + {factor.label}", others, reference=FLOOR)
            yield Candidate(
                added.variant.model_copy(update={"parts": list(factor.nodes)}), added.graph
            )
        if strategy.leave_one_out:
            yield from self._leave_out(strategy.nodes, 1)

    def _cumulative(self, parts: Sequence[Part]) -> Iterator[Candidate]:
        factors = [self.factor(part) for part in parts]
        before = BASELINE
        for count in range(1, len(factors) + 1):
            gone = factors[:count]
            label = "w/o " + " + ".join(factor.label for factor in gone)
            step = self._without(label, gone, reference=before)
            yield Candidate(
                step.variant.model_copy(update={"parts": list(gone[-1].nodes)}), step.graph
            )
            before = step.variant.key

    def _replace(self, strategy: Replace) -> Iterator[Candidate]:
        old = self._node(strategy.node)
        for new in strategy.alternatives:
            edit = ReplaceNode(node=strategy.node, type=new.type, params=new.params)
            said = ", ".join(f"{name} {_said(value)}" for name, value in new.params.items())
            label = new.label or f"{old.label} → {new.type}{f' ({said})' if said else ''}"
            yield self._candidate(
                label, [edit], parts=[strategy.node], how=f"replaced by {new.type}"
            )

    def check_search(self, search: OptunaSweep) -> None:
        """Raises InvalidInputError for a range that is none, or a parameter that is not there."""
        self.setting(
            [(f.node, f.param, f.values[0] if f.values else bounds(f)[0]) for f in search.factors]
        )

    def setting(self, values: Sequence[tuple[str, str, JsonValue]], **fields: object) -> Candidate:
        """The variant with these values of parameters. Raises InvalidInputError for a parameter that is not there."""
        edits, params, labels = [], {}, []
        for path, param, value in values:
            node = self._node(path)
            cls = self.registry.find(node.type)
            if cls is not None and param not in cls.parameters():
                message = f"{node.type} has no parameter '{param}'."
                hint = f"Its parameters: {', '.join(cls.parameters()) or 'none'}."
                raise InvalidInputError(message, hint=hint, field="strategy")
            edits.append(SetParam(node=path, param=param, value=value))
            params[f"{path}.{param}"] = value
            labels.append(f"{label_of(self.graph, path)} {param} = {_said(value)}")
        nodes = list(dict.fromkeys(edit.node for edit in edits))
        label = ", ".join(labels)
        return self._candidate(label, edits, params=params, parts=nodes, how="set", **fields)  # type: ignore[arg-type]


class Columns(tuple[str, ...]):
    """Names of columns, in their order."""

    def issuperset(self, names: Iterable[str]) -> bool:
        return set(self).issuperset(names)


def with_best_weights(graph: Graph, registry: Registry) -> Graph:
    """The graph whose training loop keeps the weights with the best validation."""
    loops = [
        node
        for node in graph.nodes
        if issubclass(registry.find(node.type) or BaseNode, TrainerNode)
    ]
    return applied(
        graph, [SetParam(node=node.id, param="keep", value="best") for node in loops], registry
    )


def _drawn(factor: RangeFactor, rng: np.random.Generator) -> JsonValue:
    if factor.values is not None:
        return factor.values[int(rng.integers(len(factor.values)))]
    low, high = bounds(factor)
    value = (
        math.exp(rng.uniform(math.log(low), math.log(high)))
        if factor.log
        else float(rng.uniform(low, high))
    )
    return min(round(value), math.floor(high)) if factor.integer else float(f"{value:.6g}")


def bounds(factor: RangeFactor) -> tuple[float, float]:
    """Raises InvalidInputError for a range that is none."""
    low, high = factor.low, factor.high
    if low is None or high is None or not low < high or (factor.log and low <= 0):
        what = f"'{factor.param}' of '{factor.node}'"
        hint = "Give values, or low and high with low < high; on a logarithmic scale both above 0."
        raise InvalidInputError(f"The range of {what} is none.", hint=hint, field="strategy")
    return low, high


def _without_twins(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of variants with the same network the first is trained; the others say which that is."""
    first: dict[str, str] = {}
    found = []
    for variant, graph in ((one.variant, one.graph) for one in candidates):
        twin = first.setdefault(network_key(graph), variant.key)
        same = twin if twin != variant.key else None
        found.append(Candidate(variant.model_copy(update={"same_as": same}), graph))
    return found


def network_key(graph: Graph) -> str:
    """The same for graphs that train the same way: names, places, groups and notes mean nothing to a training."""
    blocks = {
        key: {
            **block.model_dump(exclude={"name", "groups", "notes", "nodes"}),
            "nodes": _bare(block.nodes),
        }
        for key, block in graph.blocks.items()
    }
    edges = [(e.source, e.source_output, e.target, e.target_input) for e in graph.edges]
    return json.dumps([_bare(graph.nodes), edges, blocks], sort_keys=True, default=str)


def _bare(nodes: Iterable[Node]) -> list[tuple[object, ...]]:
    return [(node.id, node.type, node.disabled, node.version, dict(node.params)) for node in nodes]


def _said(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.6g}" if isinstance(value, float) else "none" if value is None else str(value)


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(part for part in parts if part))


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name else name
