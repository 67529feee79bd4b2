/** The server's graphs, kept in memory: versions, drafts, and the rejection of a stale version. */
import { HttpResponse, http } from "msw";
import type { Graph, StoredGraph } from "@/shared/api/types";

const refused = (status: number, code: string, message: string) =>
  HttpResponse.json({ error: { code, message, hint: "" } }, { status });

export class GraphServer {
  readonly stored = new Map<string, StoredGraph>();
  readonly deleted = new Map<string, StoredGraph>();
  /** What came in, in order, such as "draft g1". */
  readonly writes: string[] = [];
  /** Writes are answered once this has come true. */
  ready: Promise<void> = Promise.resolve();

  put(id: string, graph: Graph, rest: Partial<StoredGraph> = {}): StoredGraph {
    const version = (this.stored.get(id)?.version ?? 0) + 1;
    const revision = (this.stored.get(id)?.revision ?? 0) + 1;
    const common = { id, name: graph.name, nodes: graph.nodes.length, created: 0, updated: version };
    const none = { has_draft: false, draft: null, deleted: null, damaged: [] };
    const entry: StoredGraph = { ...common, ...none, version, revision, graph, ...rest };
    this.stored.set(id, entry);
    return entry;
  }

  /** A draft that comes from elsewhere. */
  draft(id: string, graph: Graph): number {
    const known = this.stored.get(id);
    if (!known) throw new Error(`no graph ${id}`);
    const revision = known.revision + 1;
    this.stored.set(id, { ...known, revision, draft: graph, has_draft: true });
    return revision;
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
      const label = new URL(request.url).searchParams.get("label");
      this.writes.push(`save ${id} over ${ifMatch}${label ? ` as ${label}` : ""}`);
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
      const base = new URL(request.url).searchParams.get("base");
      if (base !== null && Number(base) !== known.revision)
        return refused(412, "stale", "It was changed elsewhere.");
      return HttpResponse.json({ revision: this.draft(id, (await request.json()) as Graph) });
    }),
    http.delete("/api/graphs/:id", ({ params }) => {
      const id = String(params.id);
      const known = this.stored.get(id);
      if (!known) return this.answer(id);
      this.stored.delete(id);
      this.deleted.set(id, known);
      return new HttpResponse(null, { status: 204 });
    }),
    http.post("/api/graphs/:id/restore", ({ params }) => {
      const id = String(params.id);
      const known = this.deleted.get(id);
      if (known) this.stored.set(id, known);
      return this.answer(id);
    }),
    http.patch("/api/graphs/:id/versions/:version", async ({ params, request }) => {
      const { label } = (await request.json()) as { label: string };
      this.writes.push(`name ${params.id} ${params.version} ${label}`);
      return HttpResponse.json({ version: Number(params.version), name: "", created: 0, label });
    }),
  ];

  private answer(id: string) {
    const known = this.stored.get(id);
    return known ? HttpResponse.json(known) : refused(404, "not_found", `There is no graph ${id}.`);
  }
}

/** No server at all, at any address. */
export const noServer = http.all("*", () => HttpResponse.error());
