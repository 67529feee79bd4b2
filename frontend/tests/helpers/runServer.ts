/**
 * The server's runs, kept in memory: events are recorded first, then sent to all listeners,
 * and a client that reconnects with a cursor receives what it missed.
 */
import { HttpResponse, http, ws } from "msw";
import type { Point, Run, RunEvent } from "@/shared/api/types";
import { type Fact, runOf } from "./runs";

const feed = ws.link(`${location.origin.replace("http", "ws")}/ws/training`);

export class RunServer {
  readonly runs = new Map<string, Run>();
  /** Paths that were asked for, such as "GET /api/runs/r1". */
  readonly requests: string[] = [];
  /** Addresses at which the page has connected. */
  readonly connections: string[] = [];
  /** Records of runs are answered once this has come true. */
  ready: Promise<void> = Promise.resolve();
  /** What was missed is sent once this resolves. */
  recalled: Promise<void> = Promise.resolve();

  private readonly events: RunEvent[] = [];

  add(id: string, rest: Partial<Run> = {}): Run {
    const run = runOf(id, rest);
    this.runs.set(id, run);
    return run;
  }

  /** Records events of a run, and sends them. */
  happen(id: string, ...facts: Fact[]): void {
    for (const event of this.record(id, ...facts)) this.send(event);
  }

  /** Records events without sending: the message is still on its way, or lost. */
  record(id: string, ...facts: Fact[]): RunEvent[] {
    return facts.map((fact) => {
      const run = this.runs.get(id) ?? this.add(id);
      const cursor = this.events.length + 1;
      const event = { run: id, seq: run.seq + 1, time: cursor, cursor, ...fact } as RunEvent;
      this.events.push(event);
      this.runs.set(id, fold(run, event));
      return event;
    });
  }

  send(event: RunEvent): void {
    feed.broadcast(JSON.stringify(event));
  }

  /** Announces dropped messages; clients continue from what is sent next. */
  resync(): void {
    feed.broadcast(JSON.stringify({ type: "resync", run: null, after: 0 }));
  }

  hangUp(): void {
    for (const client of feed.clients) client.close();
  }

  eventsOf(id: string): RunEvent[] {
    return this.events.filter((event) => event.run === id);
  }

  readonly handlers = [
    feed.addEventListener("connection", async ({ client }) => {
      this.connections.push(client.url.pathname + client.url.search);
      await this.recalled;
      const cursor = client.url.searchParams.get("cursor");
      const missed =
        cursor === null ? [] : this.events.filter((event) => (event.cursor ?? 0) > Number(cursor));
      for (const event of missed) client.send(JSON.stringify(event));
    }),
    http.all("/api/runs*", ({ request }) => {
      this.requests.push(`${request.method} ${new URL(request.url).pathname}`);
    }),
    http.get("/api/runs", ({ request }) => {
      const runs = this.list(request);
      return HttpResponse.json(page(runs, request), { headers: { "X-Total-Count": String(runs.length) } });
    }),
    http.get("/api/runs/ids", ({ request }) =>
      HttpResponse.json(page(this.list(request), request).map(({ id }) => id)),
    ),
    http.get("/api/runs/facets", () => {
      const tags = [...new Set([...this.runs.values()].flatMap((run) => run.tags))];
      return HttpResponse.json({
        tags: tags.map((name) => ({ value: name, name, runs: 1 })),
        graphs: [],
        datasets: [],
        studies: [],
      });
    }),
    http.patch("/api/runs", async ({ request }) => {
      const body = (await request.json()) as { ids: string[]; starred?: boolean; add_tags: string[] };
      const patched = body.ids.filter((id) => this.runs.has(id));
      for (const id of patched) {
        const run = this.runs.get(id) ?? runOf(id);
        const starred = body.starred ?? run.starred;
        this.runs.set(id, { ...run, starred, tags: [...run.tags, ...body.add_tags] });
      }
      const gone = body.ids.filter((id) => !this.runs.has(id));
      const kept = Object.fromEntries(gone.map((id) => [id, `There is no run '${id}'.`]));
      return HttpResponse.json({ patched, kept });
    }),
    http.post("/api/runs", async ({ request }) => {
      const { seed } = (await request.json()) as { seed: number };
      return HttpResponse.json(this.add(`run${this.runs.size}`, { state: "queued", seed }), { status: 201 });
    }),
    http.get("/api/runs/:id", async ({ params }) => {
      await this.ready;
      return this.answer(String(params.id));
    }),
    http.patch("/api/runs/:id", async ({ params, request }) => {
      const run = this.runs.get(String(params.id)) ?? runOf("gone");
      this.runs.set(run.id, { ...run, ...((await request.json()) as Partial<Run>) });
      return this.answer(run.id);
    }),
    http.post("/api/runs/delete", async ({ request }) => {
      const { ids, dry_run } = (await request.json()) as { ids: string[]; dry_run: boolean };
      const trains = (id: string): boolean => this.runs.get(id)?.state === "running";
      const kept = Object.fromEntries(ids.filter(trains).map((id) => [id, `'${id}' is running.`]));
      const deleted = ids.filter((id) => !trains(id));
      if (!dry_run) for (const id of deleted) this.runs.delete(id);
      return HttpResponse.json({ deleted, kept });
    }),
    http.post("/api/runs/:id/rerun", ({ params }) => this.successor(String(params.id), "rerun")),
    http.post("/api/runs/:id/extend", async ({ params, request }) => {
      const { epochs } = (await request.json()) as { epochs: number };
      return this.successor(String(params.id), "extended", { name: `${epochs} more` });
    }),
    http.get("/api/runs/:id/events", ({ params, request }) => {
      const query = new URL(request.url).searchParams;
      const types = query.getAll("type");
      const matches = (event: RunEvent): boolean =>
        event.seq > Number(query.get("after")) && (types.length === 0 || types.includes(event.type));
      return HttpResponse.json(this.eventsOf(String(params.id)).filter(matches));
    }),
    http.get("/api/runs/:id/metrics", ({ params }) => {
      const series: Record<string, Point[]> = {};
      for (const event of this.eventsOf(String(params.id))) {
        if (event.type !== "metrics") continue;
        for (const [key, points] of Object.entries(event.series))
          series[key] = [...(series[key] ?? []), ...points];
      }
      return HttpResponse.json({ series });
    }),
    http.post("/api/runs/:id/:command", ({ params }) => {
      const [event] = this.record(String(params.id), {
        type: "state",
        state:
          ({ pause: "paused", resume: "running", stop: "stopping" } as const)[String(params.command)] ??
          "failed",
        error: null,
        device: null,
        threads: null,
      });
      return this.answer(event?.run ?? "");
    }),
  ];

  /** The newest first; of a tag or with a star where that is asked for. */
  private list(request: Request): Run[] {
    const query = new URL(request.url).searchParams;
    const [tag, starred] = [query.get("tag"), query.get("starred")];
    return [...this.runs.values()]
      .reverse()
      .filter((run) => (tag === null || run.tags.includes(tag)) && (starred === null || run.starred));
  }

  private successor(id: string, relation: "rerun" | "extended", rest: Partial<Run> = {}) {
    const { seed } = this.runs.get(id) ?? runOf(id);
    const run = this.add(`run${this.runs.size}`, { state: "queued", seed, parent: id, relation, ...rest });
    return HttpResponse.json(run, { status: 201 });
  }

  private answer(id: string) {
    const run = this.runs.get(id);
    if (run) return HttpResponse.json(run);
    return HttpResponse.json(
      { error: { code: "not_found", message: "No such run.", hint: "" } },
      { status: 404 },
    );
  }
}

function page(runs: Run[], request: Request): Run[] {
  const query = new URL(request.url).searchParams;
  const offset = Number(query.get("offset") ?? 0);
  return runs.slice(offset, offset + Number(query.get("limit") ?? runs.length));
}

function fold(run: Run, event: RunEvent): Run {
  const next = { ...run, seq: event.seq };
  if (event.type === "state") return { ...next, state: event.state, error: event.error };
  if (event.type === "progress") return { ...next, progress: event.progress };
  if (event.type === "metrics") return { ...next, metrics: { ...run.metrics, ...event.summary } };
  return next;
}
