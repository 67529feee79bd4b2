import { expect, test } from "vitest";
import { FRAME_PAD, frameOf, frameRect } from "@/features/graph/model/layout/frames";
import { nodeType, port, TYPES } from "../../../../helpers/catalogue";

test.each([
  ["CSVLoader", "data"],
  ["DataSplitter", "data"],
  ["Linear", "model"],
  ["Add", "model"],
  ["ModelAssembly", "model"],
  ["MSELoss", "training"],
  ["Adam", "training"],
  ["Accuracy", "training"],
  ["TrainingLoop", "training"],
] as const)("%s stands in the frame “%s”", (type, frame) => {
  expect(frameOf(TYPES[type])).toBe(frame);
});

test("an unknown kind is placed by its ports", () => {
  expect(frameOf(TYPES.Scale)).toBe("model");
  expect(frameOf(nodeType("Source", "other", {}, ["rows DATASET"]))).toBe("data");
  expect(frameOf(nodeType("Report", "other", { result: port("TRAINING_RESULT") }, []))).toBe("training");
  expect(frameOf(undefined)).toBe("training");
});

test("a frame has room around its nodes, and is not there without any", () => {
  const { side, top, bottom } = FRAME_PAD;
  const nodes = [
    { x: 0, y: 0, width: 100, height: 40 },
    { x: 200, y: 100, width: 100, height: 60 },
  ];
  expect(frameRect(nodes)).toEqual({ x: -side, y: -top, width: 300 + 2 * side, height: 160 + top + bottom });
  expect(frameRect([])).toBeNull();
});
