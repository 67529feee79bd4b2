/** Wire types as they are drawn: each data type belongs to a family with a colour and a port shape. */
import { ownValue } from "@/shared/lib/ownValue";

export type WireFamily =
  | "layer"
  | "dataset"
  | "model"
  | "optimizer"
  | "loss"
  | "result"
  | "loader"
  | "scalar";

const FAMILIES: Record<string, WireFamily> = {
  LAYER: "layer",
  TENSOR: "layer",
  DATASET: "dataset",
  LOADER: "loader",
  MODEL: "model",
  OPTIMIZER: "optimizer",
  SCHEDULER: "optimizer",
  LOSS_FN: "loss",
  TRAINING_RESULT: "result",
  METRICS: "result",
};

/** The family of a data type; one that is not known is drawn as a scalar. */
export function wireFamily(dtype: string): WireFamily {
  return ownValue(FAMILIES, dtype) ?? "scalar";
}

export function wireColor(dtype: string): string {
  return `var(--wire-${wireFamily(dtype)})`;
}

/** A data type in words: TRAINING_RESULT is "training result". */
export function typeName(dtype: string): string {
  return dtype.toLowerCase().replaceAll("_", " ");
}
