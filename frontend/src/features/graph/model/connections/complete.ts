/** Add to layers what they need for training: data, a split, the assembly, a loss, an optimizer, the loop. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { connectWire } from "@/features/graph/model/blocks/blockPorts";
import { type Catalogue, shapeOf } from "@/features/graph/model/catalogue";
import { addNode } from "@/features/graph/model/document";
import type { Column, Edge, Graph, GraphNode } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { accepts } from "./connection";

/** A table that a loader may be created for. */
interface Table {
  id: string;
  name: string;
  columns: readonly Pick<Column, "name" | "dtype">[];
}

export interface Completion {
  graph: Graph;
  /** The names of the added nodes. */
  added: string[];
}

/** The node type that provides a missing input, by the type of the port. */
const GIVERS: Readonly<Record<string, string>> = {
  MODEL: "ModelAssembly",
  OPTIMIZER: "Adam",
  LOADER: "DataSplitter",
  DATASET: "CSVLoader",
};
const LOOP = "TrainingLoop";
const LOSS = { number: "MSELoss", word: "CrossEntropyLoss" } as const;
/** Names of tables that are held out from training. */
const FOR_TESTS = /(^|[^a-z])(test|val|valid|validation)([^a-z]|$)/i;
/** Optional ports that a first training also needs. */
const ALSO_CONNECTED: ReadonlySet<string> = new Set(["val_loader"]);

/** Return the graph with a complete training around its layers, or a sentence that states what is missing. */
export function complete(graph: Graph, types: Catalogue, tables: readonly Table[]): Completion | string {
  if (!lastLayer(graph, types)) return "There is no layer to train. Add one first.";
  const work = new Work(graph, types, tables);
  const problem = work.run();
  if (problem) return problem;
  return work.graph === graph ? "Nothing is missing: the training is complete." : work;
}

class Work implements Completion {
  graph: Graph;
  readonly added: string[] = [];
  private readonly types: Catalogue;
  private readonly tables: readonly Table[];

  constructor(graph: Graph, types: Catalogue, tables: readonly Table[]) {
    this.graph = graph;
    this.types = types;
    this.tables = tables;
  }

  /** Connect the loop and, recursively, everything that feeds it; returns what prevents it. */
  run(): string | undefined {
    const loop = this.graph.nodes.find((node) => node.type === LOOP)?.id ?? this.add(LOOP);
    return loop === undefined ? `This server has no node type ${LOOP}.` : this.feed(loop);
  }

  /** Connect every required port of a node, and of the nodes that feed it. */
  private feed(id: string): string | undefined {
    const node = this.node(id);
    for (const port of node ? shapeOf(ownValue(this.types, node.type) ?? noInfo).ports : []) {
      const wire = this.graph.edges.find((edge) => edge.target === id && edge.target_input === port.name);
      if (!wire && !port.required && !ALSO_CONNECTED.has(port.name)) continue;
      const source = wire?.source ?? this.source(id, port.name, port.dtype);
      if (source === undefined) return this.missing(port.dtype);
      const problem = port.dtype === "LAYER" ? undefined : this.feed(source);
      if (problem) return problem;
    }
    return undefined;
  }

  /** Connect a node that provides what a port takes: an existing one, or a new one. */
  private source(target: string, port: string, dtype: string): string | undefined {
    const layer = dtype === "LAYER" && lastLayer(this.graph, this.types);
    const id = layer ? layer.id : (this.giver(dtype, target) ?? this.add(this.typeFor(dtype)));
    const info = id === undefined ? undefined : this.infoOf(id);
    const takes = ownValue(this.infoOf(target)?.inputs, port);
    const fits = info?.outputs.filter((output) => takes && accepts(takes, output.dtype)) ?? [];
    // Of several loaders, the one of the port's name.
    const output = fits.find((one) => one.name === port) ?? fits[0];
    if (id === undefined || !output) return undefined;
    this.wire({ source: id, source_output: output.name, target, target_input: port });
    return id;
  }

  private giver(dtype: string, except: string): string | undefined {
    const gives = (node: GraphNode): boolean =>
      node.id !== except && !!this.infoOf(node.id)?.outputs.some((output) => output.dtype === dtype);
    return this.graph.nodes.find(gives)?.id;
  }

  private typeFor(dtype: string): string | undefined {
    return dtype === "LOSS_FN" ? LOSS[this.targetsWords() ? "word" : "number"] : ownValue(GIVERS, dtype);
  }

  /** Whether the target column holds text, which makes it a classification. */
  private targetsWords(): boolean {
    const loader = this.graph.nodes.find((node) => ownValue(this.types, node.type)?.inputs.target_columns);
    const table = loader
      ? this.tables.find(({ id, name }) => [id, name].includes(String(loader.params.file)))
      : this.table();
    const target = String(loader?.params.target_columns || table?.columns.at(-1)?.name);
    return table?.columns.find(({ name }) => name === target)?.dtype === "text";
  }

  private add(type: string | undefined): string | undefined {
    const info = type === undefined ? undefined : ownValue(this.types, type);
    if (!info) return undefined;
    const params = info.inputs.file?.widget === "dataset" ? this.data() : this.splitting(info);
    if (!params) return undefined;
    const { graph, id } = addNode(this.graph, info, { x: 0, y: 0 }, params);
    this.graph = graph;
    this.added.push(info.display_name);
    return id;
  }

  /** Return the parameters for the newest training table; its last column is the target, as in most tables. */
  private data(): GraphNode["params"] | undefined {
    const table = this.table();
    const target = table?.columns.at(-1);
    return table && target && { file: table.name, target_columns: target.name };
  }

  /** Return the way to split rows: by class where the target is words. */
  private splitting(info: Catalogue[string]): GraphNode["params"] {
    return info.inputs.strategy?.choices?.includes("stratified") && this.targetsWords()
      ? { strategy: "stratified" }
      : {};
  }

  private table(): Table | undefined {
    return this.tables.find(({ name }) => !FOR_TESTS.test(name)) ?? this.tables[0];
  }

  private missing(dtype: string): string {
    return dtype === "DATASET"
      ? "There is no table to train on. Upload one under Datasets."
      : `No node type provides what a port of type ${dtype.toLowerCase()} needs.`;
  }

  private wire(edge: Edge): void {
    this.graph = connectWire(this.graph, this.types, edge);
  }

  private node(id: string): GraphNode | undefined {
    return this.graph.nodes.find((node) => node.id === id);
  }

  private infoOf(id: string) {
    const node = this.node(id);
    return node && infoOf(this.graph, this.types, node);
  }
}

const noInfo = { inputs: {}, outputs: [] } as unknown as Catalogue[string];

/** Return the layer whose output is unused, or else feeds the assembly; of several, the one that was added last. */
function lastLayer(graph: Graph, types: Catalogue): GraphNode | undefined {
  const isLayer = (node: GraphNode): boolean =>
    ["LAYER", "TENSOR"].includes(infoOf(graph, types, node)?.outputs[0]?.dtype ?? "");
  const inner = new Set(
    graph.edges.flatMap(({ source, target }) => {
      const node = graph.nodes.find(({ id }) => id === target);
      return node && isLayer(node) ? [source] : [];
    }),
  );
  return graph.nodes.filter((node) => isLayer(node) && !inner.has(node.id)).at(-1);
}
