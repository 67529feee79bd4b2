import http, { type OutgoingHttpHeaders } from "node:http";
import { expect, test } from "../support/page";

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
}

/** Sends a request with any Host and Origin, which neither a page nor fetch may set. */
function ask(url: string, method: string, path: string, headers: OutgoingHttpHeaders): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(path, url), { method, headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    request.on("error", reject);
    request.end();
  });
}

const FOREIGN: Record<string, OutgoingHttpHeaders> = {
  origin: { origin: "https://evil.example" },
  "no origin": { origin: "null" },
  site: { "sec-fetch-site": "cross-site" },
  host: { host: "rebound.example" },
};

test("the server of the page lets no other page through to the API", async ({ place }) => {
  for (const [name, headers] of Object.entries(FOREIGN)) {
    for (const path of ["/api/runs", "/api/health", "/openapi.json", "/ws/training"]) {
      for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
        const answer = await ask(place.url, method, path, headers);
        expect(answer.status, `${method} ${path}, foreign ${name}`).toBe(403);
      }
    }
  }
  expect((await ask(place.url, "GET", "/api/health", {})).status).toBe(200);
});

test("the page itself answers no other origin, and has one address", async ({ place }) => {
  for (const path of ["/", "/redoc", "/graphs/1"]) {
    const answer = await ask(place.url, "OPTIONS", path, { origin: "https://evil.example" });
    expect(answer.status, `OPTIONS ${path}`).toBe(404);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
  expect((await ask(place.url, "GET", "/redoc", { accept: "text/html" })).status).toBe(404);
});

test("every answer of the page's server has the headers that protect it", async ({ place }) => {
  const html = await (await fetch(place.url)).text();
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? "";
  const answers = [
    [200, "/", {}],
    [200, script, {}],
    [200, "/api/health", {}],
    [404, "/assets/none.js", {}],
    [404, "/none", { accept: "text/html" }],
    [403, "/", { host: "rebound.example" }],
  ] as const;
  for (const [status, path, headers] of answers) {
    const answer = await ask(place.url, "GET", path, headers);
    expect(answer.status, path).toBe(status);
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy, path).toContain("default-src 'self'");
    expect(policy, path).toContain("frame-ancestors 'none'");
    expect(policy, path).not.toMatch(/script-src|unsafe-eval/);
    expect(answer.headers["x-content-type-options"], path).toBe("nosniff");
    expect(answer.headers["cross-origin-resource-policy"], path).toBe("same-origin");
  }
});
