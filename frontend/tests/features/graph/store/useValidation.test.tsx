import { renderHook } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { moveNodes, renameNode } from "@/features/graph/model/document";
import { edit, useGraph } from "@/features/graph/store/graph";
import { useValidation } from "@/features/graph/store/useValidation";
import type { Graph, Report } from "@/shared/api/types";
import { useServer } from "@/shared/store/server";
import { diagnostic } from "../../../helpers/diagnostics";
import { sampleGraph } from "../../../helpers/graphs";
import { gate, server, startServerDouble } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

/** The names of the first node in the graphs that were checked. */
let checked: string[] = [];
const report = (name: string): Report => ({
  valid: false,
  diagnostics: [diagnostic({ message: `About ${name}.` })],
  nodes: {},
  totals: { parameters: 0, flops: 0, frozen: 0, memory: null, memory_free: null },
});
const reported = (): string | undefined => useGraph.getState().report?.diagnostics[0]?.message;
const rename = (name: string): void => edit((graph) => renameNode(graph, "csv", name));

beforeEach(() => {
  checked = [];
  freshPage(sampleGraph());
  rename("one");
  server.use(
    http.post("/api/graphs/validate", async ({ request }) => {
      const name = ((await request.json()) as Graph).nodes[0]?.name ?? "";
      checked.push(name);
      return HttpResponse.json(report(name));
    }),
  );
});

test("the document is checked as it opens and after each edit", async () => {
  renderHook(useValidation);
  expect(useGraph.getState().validating).toBe(true);
  await expect.poll(reported).toBe("About one.");
  rename("two");
  await expect.poll(reported).toBe("About two.");
  expect(useGraph.getState().validating).toBe(false);
});

test("edits that come close together are checked once", async () => {
  renderHook(useValidation);
  for (const name of ["two", "three", "four"]) rename(name);
  await expect.poll(reported).toBe("About four.");
  expect(checked.at(-1)).toBe("four");
  expect(checked).not.toContain("two");
  expect(checked).not.toContain("three");
});

test("places need no check", async () => {
  renderHook(useValidation);
  await expect.poll(reported).toBe("About one.");
  edit((graph) => moveNodes(graph, new Map([["fc1", { x: 90, y: 0 }]])));
  expect(useGraph.getState().validating).toBe(false);
});

test("an answer about an older document is not shown", async () => {
  const { opened, open } = gate();
  let asked = false;
  const late = async () => {
    asked = true;
    await opened;
    return HttpResponse.json(report("an older one"));
  };
  server.use(http.post("/api/graphs/validate", late, { once: true }));
  renderHook(useValidation);
  await expect.poll(() => asked).toBe(true);
  rename("two");
  await expect.poll(reported).toBe("About two.");
  const shown: unknown[] = [];
  const stop = useGraph.subscribe(() => shown.push(reported()));
  open();
  rename("three");
  await expect.poll(reported).toBe("About three.");
  stop();
  expect(shown).not.toContain("About an older one.");
});

test("a server that was away checks again when it is back", async () => {
  let asked = false;
  const away = () => {
    asked = true;
    return HttpResponse.error();
  };
  server.use(http.post("/api/graphs/validate", away, { once: true }));
  useServer.setState({ reachable: false });
  renderHook(useValidation);
  await expect.poll(() => asked).toBe(true);
  useServer.setState({ reachable: true });
  await expect.poll(reported).toBe("About one.");
});
