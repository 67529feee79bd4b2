import { describe, expect, test } from "vitest";
import { type Completion, complete } from "@/features/graph/model/connections/complete";
import { emptyGraph } from "@/features/graph/model/document";
import type { Graph } from "@/shared/api/types";
import { input, nodeType, port } from "../../../../helpers/catalogue";

const LAYER = { input: port("LAYER", { required: false, also: "TENSOR" }) };
const TYPES = Object.fromEntries(
  [
    nodeType(
      "CSVLoader",
      "data",
      { file: input("DATASET", { widget: "dataset" }), target_columns: input("STRING") },
      ["dataset DATASET"],
    ),
    nodeType("DataSplitter", "data", { dataset: port("DATASET") }, [
      "train_loader LOADER",
      "val_loader LOADER",
      "test_loader LOADER",
    ]),
    nodeType("Linear", "layer", LAYER, ["output LAYER"]),
    nodeType("ReLU", "layer", LAYER, ["output LAYER"]),
    nodeType(
      "ModelAssembly",
      "model",
      { layers: port("LAYER"), dataset: port("DATASET", { required: false }) },
      ["model MODEL"],
    ),
    nodeType("MSELoss", "loss", {}, ["loss_fn LOSS_FN"]),
    nodeType("CrossEntropyLoss", "loss", {}, ["loss_fn LOSS_FN"]),
    nodeType("Adam", "optimizer", { model: port("MODEL") }, ["optimizer OPTIMIZER"]),
    nodeType(
      "TrainingLoop",
      "training",
      {
        model: port("MODEL"),
        optimizer: port("OPTIMIZER"),
        loss_fn: port("LOSS_FN"),
        train_loader: port("LOADER", { also: "DATASET" }),
        val_loader: port("LOADER", { also: "DATASET", required: false }),
      },
      ["result TRAINING_RESULT"],
    ),
  ].map((info) => [info.type, info]),
);
const TABLES = [
  {
    id: "d1",
    name: "wine.csv",
    columns: [
      { name: "a", dtype: "float" as const },
      { name: "kind", dtype: "text" as const },
    ],
  },
  { id: "d2", name: "old.csv", columns: [{ name: "y", dtype: "float" as const }] },
];

function layers(...types: string[]): Graph {
  const nodes = types.map((type, index) => ({
    id: `l${index}`,
    type,
    name: "",
    disabled: false,
    version: 1,
    position: null,
    params: {},
  }));
  const edges = nodes.slice(1).map((node, index) => ({
    source: `l${index}`,
    source_output: "output",
    target: node.id,
    target_input: "input",
  }));
  return { ...emptyGraph(), nodes, edges };
}

function completed(graph: Graph, tables = TABLES): Completion {
  const done = complete(graph, TYPES, tables);
  if (typeof done === "string") throw new Error(done);
  return done;
}

const wires = ({ graph }: Completion): string[] =>
  graph.edges
    .map((edge) => `${edge.source}.${edge.source_output} > ${edge.target}.${edge.target_input}`)
    .sort();

describe("a training around layers", () => {
  test("has all that it needs, wired", () => {
    const done = completed(layers("Linear", "ReLU", "Linear"));
    expect(wires(done)).toEqual(
      [
        "l0.output > l1.input",
        "l1.output > l2.input",
        "l2.output > modelassembly1.layers",
        "modelassembly1.model > adam1.model",
        "modelassembly1.model > trainingloop1.model",
        "adam1.optimizer > trainingloop1.optimizer",
        "crossentropyloss1.loss_fn > trainingloop1.loss_fn",
        "csvloader1.dataset > datasplitter1.dataset",
        "datasplitter1.train_loader > trainingloop1.train_loader",
        "datasplitter1.val_loader > trainingloop1.val_loader",
      ].sort(),
    );
    expect(done.graph.nodes.find(({ type }) => type === "CSVLoader")?.params).toEqual({
      file: "wine.csv",
      target_columns: "kind",
    });
  });

  test("the loss follows from what is predicted", () => {
    expect(completed(layers("Linear"), TABLES.slice(1)).added).toContain("MSELoss");
  });

  test("what is there is used, not added again", () => {
    const once = completed(layers("Linear"));
    expect(complete(once.graph, TYPES, TABLES)).toBe("Nothing is missing: the training is complete.");
    const without = {
      ...once.graph,
      edges: once.graph.edges.filter(({ target_input }) => target_input !== "optimizer"),
    };
    const again = completed(without);
    expect(again.added).toEqual([]);
    expect(wires(again)).toEqual(wires(once));
  });

  test("a table for tests is not trained on", () => {
    const tables = ["sample_test.csv", "sample_validation.csv", "sample_data.csv"].map((name, index) => ({
      id: `t${index}`,
      name,
      columns: [{ name: "y", dtype: "float" as const }],
    }));
    const loader = completed(layers("Linear"), tables).graph.nodes.find(({ type }) => type === "CSVLoader");
    expect(loader?.params.file).toBe("sample_data.csv");
  });

  test("reports what it cannot do", () => {
    expect(complete(emptyGraph(), TYPES, TABLES)).toBe("There is no layer to train. Add one first.");
    expect(complete(layers("Linear"), TYPES, [])).toBe(
      "There is no table to train on. Upload one under Datasets.",
    );
  });
});
