import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { chooseGraphFile, exportGraph, openFiles } from "@/features/files/store/files";
import { renameGraph } from "@/features/graph/model/document";
import { edit, useGraph } from "@/features/graph/store/graph";
import type { DatasetRecord } from "@/shared/api/types";
import { GraphServer } from "../../../helpers/graphServer";
import { sampleGraph } from "../../../helpers/graphs";
import { server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

const file = (text: string): File => new File([text], "net.json");

beforeEach(() => {
  server.use(...new GraphServer().handlers);
  freshPage(sampleGraph());
});

describe("import", () => {
  test("a graph file opens as a new graph", async () => {
    await openFiles([file(JSON.stringify(renameGraph(sampleGraph(), "From a file")))]);
    expect(useGraph.getState()).toMatchObject({ graphId: "new0", graph: { name: "From a file" } });
    expect(toasts()).toEqual(["Opened net.json as a new graph."]);
  });

  test("another file is refused in a sentence, and the open document stays", async () => {
    await openFiles([file("x1,x2")]);
    expect(useGraph.getState().graphId).toBe("g1");
    expect(toasts()).toEqual(["net.json is not a graph file: it is not valid JSON."]);
  });

  test("a graph that the server rejects is not reported as open", async () => {
    const error = { code: "invalid", message: "Two nodes have the id fc1.", hint: "" };
    server.use(http.post("/api/graphs", () => HttpResponse.json({ error }, { status: 422 })));
    await openFiles([file(JSON.stringify(sampleGraph()))]);
    expect(toasts()).toEqual(["Two nodes have the id fc1."]);
  });

  test("several open one after another; the last one is shown", async () => {
    const named = (name: string): File => file(JSON.stringify(renameGraph(sampleGraph(), name)));
    await openFiles([named("One"), file("{"), named("Two")]);
    expect(useGraph.getState().graph.name).toBe("Two");
    expect(toasts()).toContain("Opened 2 graphs; this is net.json.");
    expect(toasts()).toContain("net.json is not a graph file: it is not valid JSON.");
  });

  test("a table is uploaded, and its loader is offered", async () => {
    const dataset = { name: "iris.csv", rows: 150, columns: [{}, {}] } as DatasetRecord;
    await openFiles([new File(["a,b"], "iris.csv")], async () => dataset);
    expect(toasts()).toEqual(["Uploaded iris.csv: 150 rows, 2 columns."]);
  });

  test("a file of another kind, one that is far too large and a picture without a graph are named", async () => {
    const large = new File([], "huge.json");
    Object.defineProperty(large, "size", { value: 50 * 2 ** 20 });
    await openFiles([new File([], "cat.jpg"), large, new File(["<svg/>"], "cat.svg")]);
    expect(toasts().sort()).toEqual([
      "cat.jpg is neither a graph (.json, or a .png or .svg that VisDL made) nor a table (.csv, .tsv, .txt).",
      "cat.svg: there is no graph in it. Images that VisDL exports have one.",
      "huge.json has 50 MiB; a graph file has at most 20 MiB.",
    ]);
    expect(useGraph.getState().graphId).toBe("g1");
  });

  test("a file is chosen in the browser's dialog", async () => {
    vi.spyOn(HTMLInputElement.prototype, "click").mockImplementation(function (this: HTMLInputElement) {
      Object.defineProperty(this, "files", { value: [file(JSON.stringify(sampleGraph()))] });
      this.dispatchEvent(new Event("change"));
    });
    chooseGraphFile();
    await expect.poll(toasts).toEqual(["Opened net.json as a new graph."]);
  });
});

describe("export", () => {
  /** What the browser would save: name and text. */
  async function saved(): Promise<[name: string, text: string]> {
    const blobs: Blob[] = [];
    const names: string[] = [];
    vi.stubGlobal(
      "URL",
      Object.assign(URL, {
        createObjectURL: (blob: Blob) => blobs.push(blob) && "blob:1",
        revokeObjectURL: () => undefined,
      }),
    );
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      names.push(this.download);
    });
    exportGraph();
    return [names[0] ?? "", (await blobs[0]?.text()) ?? ""];
  }

  test("saves the open document, which can be read again", async () => {
    const [name, text] = await saved();
    expect(name).toBe("Test graph.json");
    expect(JSON.parse(text)).toEqual(sampleGraph());
  });

  test("under a name that any system takes", async () => {
    edit((graph) => renameGraph(graph, "a/b: größer?"));
    expect((await saved())[0]).toBe("a_b_ größer_.json");
  });
});
