/** A small catalogue of node types, one of each kind, as the server would describe them. */

import type { Catalogue } from "@/features/graph/model/catalogue";
import type { InputInfo, NodeInfo } from "@/shared/api/types";

export function input(dtype: string, rest: Partial<InputInfo> = {}): InputInfo {
  return {
    dtype,
    is_handle: false,
    required: true,
    multiple: false,
    default: null,
    nullable: false,
    min: null,
    max: null,
    step: null,
    choices: null,
    widget: null,
    label: "",
    unit: "",
    length: null,
    many: false,
    single: false,
    words: [],
    also: null,
    description: "",
    empty: "",
    ...rest,
  };
}

export function port(dtype: string, rest: Partial<InputInfo> = {}): InputInfo {
  return input(dtype, { is_handle: true, ...rest });
}

/** A node type; `outputs` as "name TYPE". */
export function nodeType(
  type: string,
  kind: string,
  inputs: NodeInfo["inputs"],
  outputs: string[],
  rest: Partial<NodeInfo> = {},
): NodeInfo {
  return {
    type,
    display_name: type,
    category: kind,
    description: "",
    kind,
    version: 1,
    inputs,
    outputs: outputs.map((output) => {
      const [name = "", dtype = ""] = output.split(" ");
      return { name, dtype, description: "" };
    }),
    can_disable: true,
    disable_reason: "",
    output_count: null,
    primary: [],
    in_rules: false,
    formula: "",
    shape_rule: "",
    url: "",
    source: "built-in",
    ...rest,
  };
}

const csv = nodeType(
  "CSVLoader",
  "data",
  {
    file: input("DATASET", { default: "", widget: "dataset" }),
    target_columns: input("STRING", { default: "", widget: "columns" }),
  },
  ["dataset DATASET"],
  { display_name: "CSV Loader", category: "Data", primary: ["file"] },
);
const splitter = nodeType(
  "DataSplitter",
  "data",
  {
    dataset: port("DATASET"),
    val_ratio: input("FLOAT", { default: 0.2, min: 0, max: 0.9 }),
    batch_size: input("INT", { default: 32, min: 1 }),
    shuffle: input("BOOL", { default: true }),
  },
  ["train LOADER", "val LOADER"],
  { display_name: "Data Splitter", category: "Data", primary: ["batch_size"] },
);
const linear = nodeType(
  "Linear",
  "layer",
  {
    x: port("LAYER", { required: false }),
    out_features: input("INT", { default: 64, min: 1 }),
    bias: input("BOOL", { default: true }),
  },
  ["output LAYER"],
  { category: "Layers", description: "Affine map of the features.", primary: ["out_features"] },
);
const relu = nodeType("ReLU", "layer", { x: port("LAYER", { required: false }) }, ["output LAYER"], {
  category: "Layers",
  description: "Sets what is negative to zero.",
});
const add = nodeType("Add", "operation", { a: port("LAYER"), b: port("LAYER") }, ["output LAYER"], {
  category: "Operations",
});
const scale = nodeType("Scale", "other", { x: port("TENSOR") }, ["output TENSOR"], { category: "Custom" });
const assembly = nodeType(
  "ModelAssembly",
  "model",
  { layers: port("LAYER"), data: port("DATASET", { also: "LOADER" }) },
  ["model MODEL"],
  {
    display_name: "Model Assembly",
    category: "Model",
    can_disable: false,
    disable_reason: "Without the model there is nothing to train.",
  },
);
const mse = nodeType("MSELoss", "loss", {}, ["loss_fn LOSS_FN"], {
  display_name: "MSE Loss",
  category: "Loss",
  can_disable: false,
  disable_reason: "Training needs a loss.",
});
const l1 = nodeType("L1Loss", "loss", {}, ["loss_fn LOSS_FN"], { display_name: "L1 Loss", category: "Loss" });
const adam = nodeType(
  "Adam",
  "optimizer",
  {
    model: port("MODEL"),
    lr: input("FLOAT", { default: 0.001, min: 0 }),
    betas: input("FLOAT", { default: [0.9, 0.999], min: 0, max: 0.99999999, length: 2 }),
  },
  ["optimizer OPTIMIZER"],
  { category: "Optimizer", primary: ["lr"] },
);
const accuracy = nodeType("Accuracy", "metric", {}, ["metric METRICS"], { category: "Metrics" });
const training = nodeType(
  "TrainingLoop",
  "training",
  {
    model: port("MODEL"),
    train_loader: port("LOADER", { also: "DATASET" }),
    loss: port("LOSS_FN"),
    optimizer: port("OPTIMIZER"),
    metrics: port("METRICS", { required: false, multiple: true }),
    epochs: input("INT", { default: 10, min: 1 }),
  },
  ["result TRAINING_RESULT"],
  { display_name: "Training Loop", category: "Training", primary: ["epochs"] },
);

const concat = nodeType(
  "Concat",
  "operation",
  { inputs: port("LAYER", { multiple: true }), dim: input("INT", { default: 1 }) },
  ["output LAYER"],
  { category: "Operations" },
);
const chunk = nodeType(
  "Chunk",
  "operation",
  { input: port("LAYER"), chunks: input("INT", { default: 2, min: 1 }) },
  ["out0 LAYER", "out1 LAYER", "out2 LAYER", "out3 LAYER"],
  { category: "Operations", output_count: "chunks" },
);
const twin = nodeType(
  "Twin",
  "layer",
  {
    x: port("LAYER", { required: false }),
    width: input("INT", { default: 8 }),
    weights_of: input("STRING", { default: "", widget: "layer" }),
  },
  ["output LAYER"],
  { category: "Layers", primary: ["width"] },
);
const block = nodeType(
  "Block",
  "block",
  {
    block: input("STRING", { default: "", widget: "block" }),
    repeat: input("INT", { required: false, nullable: true, min: 1, max: 1000 }),
    shared: input("BOOL", { default: false }),
    weights_of: input("STRING", { default: "", widget: "layer" }),
  },
  [],
  { category: "Blocks", description: "A block of this graph." },
);

/** Types that graphs with blocks need besides. */
export const BLOCK_TYPES = {
  Concat: concat,
  Chunk: chunk,
  Twin: twin,
  Block: block,
} as const satisfies Catalogue;

export const TYPES = {
  CSVLoader: csv,
  DataSplitter: splitter,
  Linear: linear,
  ReLU: relu,
  Add: add,
  Scale: scale,
  ModelAssembly: assembly,
  MSELoss: mse,
  L1Loss: l1,
  Adam: adam,
  Accuracy: accuracy,
  TrainingLoop: training,
} as const satisfies Catalogue;
