/** Short ways to write graphs: `graphOf({ fc1: "Linear", act: "ReLU" }, "fc1.output > act.x")`. */
import type { Edge, Graph, GraphNode } from "@/shared/api/types";

export function node(id: string, type: string, rest: Partial<GraphNode> = {}): GraphNode {
  return { id, type, name: "", disabled: false, version: 1, position: { x: 0, y: 0 }, params: {}, ...rest };
}

/** A wire, written "source.output > target.input". */
export function wire(text: string): Edge {
  const [source = "", source_output = "", target = "", target_input = ""] = text.split(/ > |\./);
  return { source, source_output, target, target_input };
}

/** A graph of nodes, by id: a type's name, or more of the node. */
export function graphOf(nodes: Record<string, string | Partial<GraphNode>>, ...wires: string[]): Graph {
  return {
    format: 1,
    name: "Test graph",
    nodes: Object.entries(nodes).map(([id, what]) =>
      typeof what === "string" ? node(id, what) : node(id, what.type ?? "Linear", what),
    ),
    edges: wires.map(wire),
    blocks: {},
    groups: [],
    notes: [],
  };
}

/** A small network from the table to the training, every wire in its place. */
export function sampleGraph(): Graph {
  return graphOf(
    {
      csv: "CSVLoader",
      split: "DataSplitter",
      fc1: "Linear",
      act: "ReLU",
      fc2: "Linear",
      model: "ModelAssembly",
      mse: "MSELoss",
      adam: "Adam",
      train: "TrainingLoop",
    },
    "csv.dataset > split.dataset",
    "fc1.output > act.x",
    "act.output > fc2.x",
    "fc2.output > model.layers",
    "split.train > model.data",
    "model.model > adam.model",
    "model.model > train.model",
    "split.train > train.train_loader",
    "mse.loss_fn > train.loss",
    "adam.optimizer > train.optimizer",
  );
}
