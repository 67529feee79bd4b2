/** The server's graphs, kept in memory: versions, drafts, and the refusal of a stale version. */
import { HttpResponse, http } from "msw";
import type { Graph, StoredGraph } from "@/api/types";

const refused = (status: number, code: string, message: string) =>
  HttpResponse.json({ error: { code, message, hint: "" } }, { status });

export class GraphServer {
  readonly stored = new Map<string, StoredGraph>();
  /** What came in, in order, such as "draft g1". */
  readonly writes: string[] = [];
  /** Writes are answered once this has come true. */
  ready: Promise<void> = Promise.resolve();

  put(id: string, graph: Graph, rest: Partial<StoredGraph> = {}): StoredGraph {
    const version = (this.stored.get(id)?.version ?? 0) + 1;
    const common = { id, name: graph.name, nodes: graph.nodes.length, created: 0, updated: version };
    const entry = { ...common, version, has_draft: false, graph, draft: null, ...rest };
    this.stored.set(id, entry);
    return entry;
  }

  readonly handlers = [
    http.get("/api/graphs", () => HttpResponse.json([...this.stored.values()].reverse())),
    http.get("/api/graphs/:id", ({ params }) => this.answer(String(params.id))),
    http.post("/api/graphs", async ({ request }) => {
      this.writes.push("create");
      await this.ready;
      const graph = (await request.json()) as Graph;
      return HttpResponse.json(this.put(`new${this.stored.size}`, graph), { status: 201 });
    }),
    http.put("/api/graphs/:id", async ({ params, request }) => {
      const id = String(params.id);
      const ifMatch = request.headers.get("If-Match");
      this.writes.push(`save ${id} over ${ifMatch}`);
      await this.ready;
      const known = this.stored.get(id);
      if (known && ifMatch !== `"${known.version}"`)
        return refused(412, "stale", "There is a newer version.");
      return known ? HttpResponse.json(this.put(id, (await request.json()) as Graph)) : this.answer(id);
    }),
    http.put("/api/graphs/:id/draft", async ({ params, request }) => {
      const id = String(params.id);
      this.writes.push(`draft ${id}`);
      await this.ready;
      const known = this.stored.get(id);
      if (!known) return this.answer(id);
      this.stored.set(id, { ...known, draft: (await request.json()) as Graph, has_draft: true });
      return new HttpResponse(null, { status: 204 });
    }),
    http.delete("/api/graphs/:id", ({ params }) => {
      this.stored.delete(String(params.id));
      return new HttpResponse(null, { status: 204 });
    }),
  ];

  private answer(id: string) {
    const known = this.stored.get(id);
    return known ? HttpResponse.json(known) : refused(404, "not_found", `There is no graph ${id}.`);
  }
}

/** No server at all, behind every address. */
export const noServer = http.all("*", () => HttpResponse.error());
