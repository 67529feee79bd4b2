import { expect, test } from "vitest";
import { lineText, logLines } from "@/features/runs/model/logs";
import type { RunEvent } from "@/shared/api/types";
import { diagnostic } from "../../../helpers/diagnostics";
import { type Fact, log, nodeEvent, points, state } from "../../../helpers/runs";

const event = (fact: Fact): RunEvent => ({ run: "r", seq: 7, time: 0, cursor: null, ...fact }) as RunEvent;
const lineOf = (fact: Fact) => logLines([event(fact)], (id) => `node ${id}`)[0];

const error = diagnostic({ message: "The loss is not finite.", hint: "Lower the rate.", node: "train" });

test.each<[string, Fact, object]>([
  ["a message", log("Hello"), { level: "info", text: "Hello", node: null }],
  ["a state", state("running"), { level: "info", text: "Running" }],
  [
    "a failure",
    state("failed", error),
    { level: "error", text: "Failed: The loss is not finite. Lower the rate.", node: "train" },
  ],
  [
    "a node that is done",
    { ...nodeEvent("fc1", "ended"), seconds: 2 } as Fact,
    { text: "node fc1 done in 2 s", node: "fc1" },
  ],
  [
    "a node that failed",
    { ...nodeEvent("fc1", "failed"), message: "Too wide." } as Fact,
    { level: "error", text: "node fc1 failed. Too wide." },
  ],
  [
    "a checkpoint",
    { type: "checkpoint", name: "c.pt", epoch: 2, step: 50, reason: "pause" },
    { text: "Checkpoint c.pt (pause, epoch 2, step 50)" },
  ],
  [
    "an artifact",
    { type: "artifact", name: "w.safetensors", bytes: 2048, media_type: "" },
    { text: "Wrote w.safetensors, 2 KiB" },
  ],
])("%s is a line", (_what, fact, line) => {
  expect(lineOf(fact)).toMatchObject({ seq: 7, ...line });
});

test.each([
  ["points", points(1)],
  ["the start of a node", nodeEvent("fc1", "started")],
])("%s: no line", (_what, fact) => {
  expect(lineOf(fact)).toBeUndefined();
});

test("a line as it is copied has time and level", () => {
  expect(lineText({ seq: 1, time: 0, level: "warning", text: "Slow.", node: null })).toBe(
    "1970-01-01T00:00:00.000Z WARNING Slow.",
  );
});
